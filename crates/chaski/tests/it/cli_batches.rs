//! Lists with the real binary: the main job, thousands of rows, crashes and interruptions.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use calamine::{Data, Reader, Xlsx, open_workbook};
use chaski::store::{MasterKey, Store};
use chaski_client::{Ledger, Lookup, RucQuery};
use chaski_sandbox::Operation;

use crate::cli_kit::{Numbers, Place, Service, companies, finished, wait_until};

fn example(place: &Place, name: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ejemplos");
    std::fs::copy(folder.join(name), place.path(name)).unwrap();
}

type Sheet = Vec<Vec<Data>>;

fn sheet(book: &mut Xlsx<std::io::BufReader<std::fs::File>>, name: &str) -> Sheet {
    let range = book.worksheet_range(name).unwrap();
    range.rows().map(<[Data]>::to_vec).collect()
}

fn texts(row: &[Data]) -> Vec<String> {
    row.iter().map(ToString::to_string).collect()
}

#[test]
fn the_main_job() {
    let place = Place::new();
    example(&place, "clientes.xlsx");
    let ran = place
        .run("ruc lote clientes.xlsx -o resultado.xlsx")
        .expect(0);
    assert_eq!(ran.out, "");
    insta::assert_snapshot!("main_job", ran.shown());
    let mut book: Xlsx<_> = open_workbook(place.path("resultado.xlsx")).unwrap();
    let names = book.sheet_names();
    assert_eq!(names.len(), 2, "{names:?}");
    assert_eq!(names[1], "Resumen");
    let rows = sheet(&mut book, &names[0]);
    // What stands above the list is above the result as well.
    let above = rows
        .iter()
        .position(|row| texts(row).contains(&"Motivo".to_owned()));
    let rows = &rows[above.unwrap()..];
    assert!(above > Some(0));
    let titles = texts(&rows[0]);
    let at = |title: &str| titles.iter().position(|it| it == title).unwrap();
    let added = [
        "¿Se le puede facturar?",
        "Motivo",
        "RUC consultado",
        "Razón social en SUNAT",
        "Estado en SUNAT",
        "Condición en SUNAT",
        "Ubigeo",
        "Departamento",
        "Provincia",
        "Distrito",
        "Dirección",
        "Fuente",
        "Consultado el",
    ];
    assert_eq!(titles[titles.len() - added.len()..], added);
    assert_eq!(rows.len(), 201, "the title and every row of the list");
    let mut words: BTreeMap<String, usize> = BTreeMap::new();
    for row in &rows[1..] {
        let ruc = &row[at("RUC consultado")];
        assert!(
            matches!(ruc, Data::String(_) | Data::Empty),
            "{ruc:?} is no text"
        );
        let word = row[at("¿Se le puede facturar?")].to_string();
        let is_answer = ["SÍ", "NO", "SÍ, CON OBSERVACIONES"].contains(&word.as_str());
        assert_eq!(
            is_answer,
            !row[at("Razón social en SUNAT")].to_string().is_empty(),
            "{row:?}"
        );
        assert_eq!(
            word != "SÍ",
            word != "SÍ" && !row[at("Motivo")].to_string().is_empty()
        );
        *words.entry(word).or_default() += 1;
    }
    // The summary on the screen, the sheet and the rows say the same.
    let summary = sheet(&mut book, "Resumen");
    for (word, count) in &words {
        let line = format!("  {word:<24}{count:>7}");
        assert!(ran.err.contains(&line), "{line} in {}", ran.err);
        let told = summary.iter().any(|row| {
            let cells = texts(row);
            cells.contains(word) && cells.contains(&count.to_string())
        });
        assert!(told, "{word} {count} in {summary:?}");
    }
    assert_eq!(words.values().sum::<usize>(), 200);
    // The same again costs nothing and gives the same verdicts.
    let again = place.run("ruc lote clientes.xlsx -o otra.xlsx").expect(0);
    assert!(
        again.err.contains("no se usará ninguna consulta"),
        "{}",
        again.err
    );
    for list in ["clientes.csv", "clientes.ods"] {
        example(&place, list);
        place
            .run(&format!(
                "ruc lote {list} -o resultado.csv --titulos tecnicos"
            ))
            .expect(0);
    }
}

/// A list as people keep them, and what must come of it.
struct List {
    text: String,
    distinct: BTreeSet<String>,
    rows: usize,
    repeated: usize,
    invalid: usize,
    repaired: usize,
}

/// 40 % repeated, 5 % damaged: half of that can be repaired, half has a wrong digit.
fn list(rows: usize) -> List {
    let mut numbers = Numbers(41);
    let known = companies(41, rows);
    let mut list = List {
        text: "CLIENTE;RUC\n".to_owned(),
        distinct: BTreeSet::new(),
        rows,
        repeated: 0,
        invalid: 0,
        repaired: 0,
    };
    let mut next = 0;
    for row in 0..rows {
        let repeat = next > 0 && numbers.below(100) < 40;
        let ruc = if repeat {
            &known[usize::try_from(numbers.below(next as u64)).unwrap()]
        } else {
            next += 1;
            &known[next - 1]
        };
        let cell = match numbers.below(40) {
            0 => {
                list.repaired += 1;
                format!("RUC: {}-{}", &ruc[..2], &ruc[2..])
            }
            1 => {
                list.invalid += 1;
                let wrong = (ruc.as_bytes()[10] - b'0' + 1) % 10;
                format!("{}{wrong}", &ruc[..10])
            }
            _ => ruc.clone(),
        };
        let is_wrong = cell.parse::<chaski_core::Ruc>().is_err() && !cell.starts_with("RUC");
        if !is_wrong && !list.distinct.insert(ruc.clone()) {
            list.repeated += 1;
        }
        writeln!(list.text, "Cliente {row};{cell}").unwrap();
    }
    list
}

#[test]
fn five_thousand_rows() {
    let service = Service::new();
    let place = Place::asking(&service);
    let list = list(5_000);
    place.write("lista.csv", &list.text);
    let ran = place
        .run("ruc lote lista.csv -o r.csv --titulos tecnicos")
        .expect(0);
    let distinct = list.distinct.len();
    let calls = distinct.div_ceil(100);
    let totals = format!(
        "Repetidos: {} · corregidos: {} · consultas usadas: {calls} · respuestas ya guardadas: 0",
        list.repeated, list.repaired
    );
    assert!(ran.err.contains(&totals), "{totals} in {}", ran.err);
    let verdicts = verdicts(&place, "r.csv");
    assert_eq!(verdicts.len(), list.rows);
    let count = |word: &str| verdicts.iter().filter(|row| row[4] == word).count();
    assert_eq!(count("RUC INVÁLIDO"), list.invalid);
    let share = count("NO EXISTE") * 100 / list.rows;
    assert!((1..=6).contains(&share), "{share} % unknown");
    assert_eq!(count("SIN RESPUESTA") + count("NO CONSULTADO"), 0);
    // The upstream was asked for each number once, a hundred at a time.
    let asked = service.asked_since(0);
    assert_eq!(asked.len(), distinct);
    assert_eq!(asked.into_iter().collect::<BTreeSet<_>>(), list.distinct);
    assert_eq!(service.sandbox.count(Operation::Collection), calls as u64);
    // And not again.
    let before = service.sandbox.last_sequence();
    let again = place
        .run("ruc lote lista.csv -o r2.csv --titulos tecnicos")
        .expect(0);
    assert!(again.err.contains("consultas usadas: 0"), "{}", again.err);
    assert_eq!(service.sandbox.last_sequence(), before);
    assert_eq!(self::verdicts(&place, "r2.csv"), verdicts);
}

/// The verdict columns of a result, without where the answer came from and when.
fn verdicts(place: &Place, name: &str) -> Vec<Vec<String>> {
    let bytes = std::fs::read(place.path(name)).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let text = text.trim_start_matches('\u{feff}');
    let delimiter = if text.lines().next().unwrap().contains(';') {
        b';'
    } else {
        b','
    };
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .from_reader(text.as_bytes());
    let first = reader
        .headers()
        .unwrap()
        .iter()
        .position(|it| it == "ruc_normalizado")
        .unwrap();
    let row = |row: csv::StringRecord| row.iter().skip(first).take(11).map(str::to_owned).collect();
    reader
        .records()
        .map(|record| row(record.unwrap()))
        .collect()
}

/// Of these numbers, those whose answer is in the data folder. No process has it open.
pub(crate) fn stored(place: &Place, numbers: &[String]) -> BTreeSet<String> {
    stored_in(place, None, numbers)
}

/// The same of a place whose data may be on a server.
pub(crate) fn stored_in(
    place: &Place,
    database: Option<&str>,
    numbers: &[String],
) -> BTreeSet<String> {
    let begun = database.map_or("chaski.db", |_| "postgresql");
    if !place.data().join(begun).exists() {
        return BTreeSet::new();
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let key = MasterKey::load_or_create(&place.data()).unwrap();
        let store = match database {
            Some(url) => Store::open_remote(url, "chaski", &place.data(), key).await,
            None => Store::open(&place.data(), key).await,
        };
        let store = store.unwrap();
        let keys: Vec<_> = numbers
            .iter()
            .map(|number| RucQuery(number.parse().unwrap()).key())
            .collect();
        let known = store.recall(&keys).await.unwrap();
        store.close().await.unwrap();
        let pairs = numbers.iter().zip(known);
        pairs
            .filter_map(|(number, known)| known.map(|_| number.clone()))
            .collect()
    })
}

/// A service that takes its time, so that there is a middle to be killed in.
fn slow(latency: &'static str) -> Service {
    Service::with(move |config| config.latency = latency.parse().unwrap())
}

#[test]
fn killed_ten_times() {
    const RUNS: usize = 10;
    // Sixty calls, two a second: no run comes to its end before it is killed, however busy the
    // machine is with other things, and ten runs cannot settle them all.
    let numbers = companies(7, 6_000);
    let list = format!("RUC\n{}\n", numbers.join("\n"));
    let service = slow("1s");
    let mut place = Place::asking(&service);
    place.set("CHASKI_MIGO_BATCH_WINDOW", "2");
    place.write("lista.csv", &list);
    let mut random = Numbers(2_026);
    let mut killed = 0;
    for run in 0..RUNS {
        let known = stored(&place, &numbers);
        let before = service.sandbox.last_sequence();
        let mut child = place.start("ruc lote lista.csv -o r.csv --titulos tecnicos -q --reanudar");
        // Some die while they wait for the first answer, some after a few. Every third lives until
        // its ninth call: only two windows of answers may wait to be put away, so that however
        // slow the disk is, something is stored by then.
        let more = match run % 3 {
            2 => 8,
            _ => random.below(5),
        };
        wait_until("the moment of the kill", || {
            service.sandbox.last_sequence() > before + more || child.try_wait().unwrap().is_some()
        });
        for _ in 0..random.below(2_000) {
            std::thread::yield_now();
        }
        child.kill().unwrap();
        killed += usize::from(child.wait().unwrap().code().is_none());
        assert!(
            !place.path("r.csv").exists(),
            "run {run} left a half-written result"
        );
        let asked = service.asked_since(before);
        let twice = asked
            .iter()
            .filter(|number| known.contains(*number))
            .count();
        assert_eq!(
            twice, 0,
            "run {run} asked again for what was stored before it"
        );
    }
    assert_eq!(killed, RUNS, "every run was killed before its end");
    let known = stored(&place, &numbers);
    assert!(
        !known.is_empty() && known.len() < numbers.len(),
        "{} stored",
        known.len()
    );
    let before = service.sandbox.last_sequence();
    place.set("CHASKI_MIGO_BATCH_WINDOW", "50");
    place
        .run("ruc lote lista.csv -o r.csv --titulos tecnicos --reanudar")
        .expect(0);
    let asked: BTreeSet<_> = service.asked_since(before).into_iter().collect();
    let missing: BTreeSet<_> = numbers
        .iter()
        .filter(|it| !known.contains(*it))
        .cloned()
        .collect();
    assert_eq!(
        asked, missing,
        "the last run asks for exactly what is missing"
    );
    // What an uninterrupted run says.
    let quiet = Service::new();
    let other = Place::asking(&quiet);
    other.write("lista.csv", &list);
    other
        .run("ruc lote lista.csv -o r.csv --titulos tecnicos -q")
        .expect(0);
    assert_eq!(verdicts(&place, "r.csv"), verdicts(&other, "r.csv"));
    place.run("doctor").expect(0);
}

#[test]
fn interrupted_with_the_keyboard() {
    let numbers = companies(8, 2_000);
    let service = slow("40ms");
    let mut place = Place::asking(&service);
    place.set("CHASKI_MIGO_BATCH_WINDOW", "2");
    place.write("lista.csv", format!("RUC\n{}\n", numbers.join("\n")));
    let child = place.start("ruc lote lista.csv -o r.csv --titulos tecnicos");
    wait_until("some calls", || service.sandbox.last_sequence() >= 4);
    let pid = child.id().to_string();
    let sent = std::process::Command::new("sh")
        .args(["-c", "kill -INT \"$0\"", &pid])
        .status();
    assert!(sent.unwrap().success());
    let ran = finished(&place, child).expect(130);
    assert!(
        ran.err
            .contains("Interrumpido: se guardan las respuestas en camino"),
        "{}",
        ran.err
    );
    assert!(
        ran.err
            .contains("Continúe con el mismo comando y --reanudar"),
        "{}",
        ran.err
    );
    assert!(!place.path("r.csv").exists());
    // What was on its way is not lost: all that was asked is stored.
    let asked: BTreeSet<_> = service.asked_since(0).into_iter().collect();
    assert_eq!(stored(&place, &numbers), asked);
    let before = service.sandbox.last_sequence();
    place
        .run("ruc lote lista.csv -o r.csv --titulos tecnicos -q --reanudar")
        .expect(0);
    assert_eq!(
        service.asked_since(before).len(),
        numbers.len() - asked.len()
    );
    assert_eq!(verdicts(&place, "r.csv").len(), numbers.len());
}

#[test]
fn only_what_needs_correcting() {
    let place = Place::new();
    place.write(
        "lista.csv",
        "RUC\n20100070970\n20000316769\n2010007097\n20000633527\n20000079198\n",
    );
    place
        .run("ruc lote lista.csv -o r.csv --titulos tecnicos --solo-errores -q")
        .expect(0);
    let words: Vec<String> = verdicts(&place, "r.csv")
        .into_iter()
        .map(|row| row[4].clone())
        .collect();
    assert_eq!(words, ["NO", "RUC INVÁLIDO", "NO EXISTE", "NO"]);
}

/// What a cell that is no RUC says, in a list of RUCs.
#[test]
fn reasons_of_bad_cells() {
    let place = Place::new();
    let cells = [
        "1234567",
        "12345678",
        "123456789",
        "2010007097",
        "20100070971",
        "20123456789",
        "hola",
        "2.01E+10",
        "20100070970.5",
        "",
        "99512333792",
    ];
    place.write(
        "lista.csv",
        format!("N;RUC\n{}\n", cells.map(|it| format!("1;{it}")).join("\n")),
    );
    place
        .run("ruc lote lista.csv -o r.csv --titulos tecnicos -q --columna RUC")
        .expect(3);
    let rows = verdicts(&place, "r.csv");
    let lines: Vec<String> = cells
        .iter()
        .zip(&rows)
        .map(|(cell, row)| format!("{cell}: {} · {}", row[4], row[10]))
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
}
