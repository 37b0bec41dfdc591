//! Look-ups put to a server say what the same look-ups say without one, byte for byte, and cost
//! the same.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::thread;

use calamine::{Data, Reader, open_workbook_auto};
use rust_xlsxwriter::Workbook;
use serde_json::Value;

use chaski_sandbox::Operation;

use crate::cli_kit::{Place, Ran, Service, companies, finished, wait_until, without_times};
use crate::cli_serve::Server;

/// The same upstream twice: asked by a server, and asked from a folder of this machine.
struct Twins {
    there: Service,
    here: Service,
    server: Server,
    /// Where the server has its data.
    _home: Place,
    local: Place,
    client: Place,
}

impl Twins {
    fn new() -> Twins {
        Twins::with(&[])
    }

    /// With these variables on both sides.
    fn with(variables: &[(&str, &str)]) -> Twins {
        let (there, here) = (Service::new(), Service::new());
        let (mut home, mut local) = (Place::asking(&there), Place::asking(&here));
        for (name, value) in variables {
            home.set(name, value);
            local.set(name, value);
        }
        let server = Server::start(&home);
        let client = Place::new();
        Twins {
            there,
            here,
            server,
            _home: home,
            local,
            client,
        }
    }

    fn ask(&self, line: &str) -> (Ran, Ran) {
        let remote = format!("{line} --server {}", self.server.url);
        (self.client.run(&remote), self.local.run(line))
    }

    /// Both say the same, and end the same.
    #[track_caller]
    fn check(&self, line: &str, code: i32) {
        let (remote, local) = self.ask(line);
        assert_eq!(local.code, code, "{line}\n{}", local.shown());
        assert_eq!(remote.code, code, "{line}\n{}", remote.shown());
        assert_eq!(told(&remote), told(&local), "{line}");
    }

    #[track_caller]
    fn check_cost(&self) {
        let asked = |service: &Service| {
            // Calls of a list that are under way together come in any order.
            let mut numbers = service.asked_since(0);
            numbers.sort();
            // Before a list the account is asked, at no cost, where the list is asked for.
            let accounts = service.sandbox.count(Operation::Account);
            let calls = service.sandbox.ledger_since(0).len() as u64 - accounts;
            (calls, numbers)
        };
        assert_eq!(asked(&self.there), asked(&self.here));
    }
}

/// The output without what necessarily differs: instants, and in the record of calls who asked,
/// how long it took, and identifiers.
fn told(ran: &Ran) -> String {
    let mut text = without_times(&ran.out);
    for field in ["quien", "ms", "duration_ms", "id", "lote"] {
        text = blanked(&text, &format!("\"{field}\":\""));
    }
    text
}

fn blanked(text: &str, start: &str) -> String {
    let mut parts = text.split(start);
    let mut clean = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (_, rest) = part.split_once('"').unwrap();
        clean.push_str(start);
        clean.push('"');
        clean.push_str(rest);
    }
    clean
}

const UNKNOWN: &str = "20000633527";

#[test]
fn look_ups_say_the_same() {
    let twins = Twins::new();
    let lines = [
        ("ruc 20100070970", 0),
        ("ruc 20100070970 --max-age 1h", 0),
        // A person's number, which is shown masked, goes there whole.
        ("ruc 10000000006", 3),
        ("ruc 20100070970 --force-refresh", 0),
        ("ruc 20100070970 20131312955 20000633527 20100070971", 8),
        ("ruc 20000633527", 3),
        ("ruc 20100070971", 3),
        ("ruc facturacion 20100070970", 0),
        ("ruc facturacion 20131312955 --emisor", 0),
        ("ruc facturacion 20131312955 20000633527 123", 8),
        ("ruc validar 20100070970 20100070971", 8),
        ("dni 00000001", 0),
        ("dni 00000001 --max-age 1h --motivo alta", 0),
        ("dni 00000001 00000002 123 --mostrar", 8),
        ("tipo-cambio", 0),
        ("tipo-cambio --fecha 2026-01-28", 0),
        (
            "tipo-cambio --fecha 2026-01-25 --fuente sbs --moneda EUR",
            0,
        ),
        ("tipo-cambio --desde 05/01/2026 --hasta 2026-01-16", 0),
        ("tipo-cambio --fecha 2099-01-01", 3),
        ("tipo-cambio --fecha 31/02/2026", 2),
        ("tipo-cambio --desde 2026-02-01 --hasta 2026-01-01", 3),
        ("cuenta", 0),
        ("ruc representantes 20100070970 --max-age 1h", 0),
        ("ruc representantes 20100070970 --mostrar", 0),
        ("ruc representantes 20000633527", 3),
        ("ruc actividad 20100070970", 0),
        ("ruc actividad 20000633527 --force-refresh", 3),
        ("ruc condiciones 20131312955", 0),
        ("ruc condiciones 20100070971", 3),
        (
            "cpe validar 20100070970-01-F001-00000123 --fecha 28/01/2026 --monto 1,180.00",
            0,
        ),
        (
            "cpe validar 20100070970-07-FC01-98 --fecha 2026-01-28 --monto -118 --force-refresh",
            3,
        ),
        (
            "cpe validar 20100070970-01-F001-99 --fecha 2026-01-28 --monto 118",
            5,
        ),
        (
            "cpe validar 20100070970-02-E001-1 --fecha 2026-01-28 --monto 118",
            2,
        ),
        ("ruc invalidos listar", 0),
    ];
    for (line, code) in lines {
        for format in ["ndjson", "json", "csv", "table"] {
            twins.check(&format!("{line} --format {format}"), code);
        }
        twins.check(&format!("{line} --lang en"), code);
    }
    twins.check_cost();
    twins.check(&format!("ruc invalidos borrar {UNKNOWN} 20100070971"), 3);
    twins.check(&format!("ruc {UNKNOWN}"), 3);
    twins.check("ruc invalidos borrar --todos", 2);
    twins.check("ruc invalidos borrar --todos --yes", 0);
    twins.check("ruc invalidos listar --format json", 0);
    twins.check(&format!("ruc {UNKNOWN}"), 3);
    twins.check_cost();
    let (remote, local) = twins.ask("ruc 20100070970 20131312955 -o r.xlsx");
    assert_eq!((remote.code, local.code), (0, 0));
    let (remote, local) = (twins.client.path("r.xlsx"), twins.local.path("r.xlsx"));
    assert_eq!(cells(&remote), cells(&local));
    assert!(!twins.client.data().exists(), "no folder was opened");
}

#[test]
fn failures_of_the_upstream_look_the_same() {
    let once = ("CHASKI_MIGO_MAX_ATTEMPTS", "1");
    for fault in [
        "401",
        "404",
        "429:retry=2",
        "503",
        "cerrar",
        "success-false",
    ] {
        for line in [
            "ruc 20100070970",
            "ruc facturacion 20100070970 20131312955 --lang en",
            "dni 00000001",
            "tipo-cambio",
        ] {
            let twins = Twins::with(&[once]);
            for service in [&twins.there, &twins.here] {
                service.sandbox.fail(fault.parse().unwrap());
            }
            let (remote, local) = twins.ask(line);
            assert_eq!(
                remote.code,
                local.code,
                "{fault} {line}: {}",
                remote.shown()
            );
            assert_eq!(told(&remote), told(&local), "{fault} {line}");
            let said = |ran: &Ran| ran.err.clone();
            assert_eq!(said(&remote), said(&local), "{fault} {line}");
        }
    }
}

/// Where a purpose is demanded, it is the server that demands it.
#[test]
fn a_purpose_is_demanded_there() {
    let twins = Twins::with(&[("CHASKI_AUDIT_REQUIRE_PURPOSE", "true")]);
    twins.check("dni 00000001", 2);
    twins.check("dni 00000001 --motivo alta", 0);
}

#[test]
fn many_numbers_are_asked_for_together() {
    let twins = Twins::new();
    let numbers = companies(11, 130);
    let input = numbers.join("\n");
    let line = "ruc - --format ndjson";
    let local = twins.local.run_with_input(line, input.as_bytes());
    let remote = format!("{line} --server {}", twins.server.url);
    let remote = twins.client.run_with_input(&remote, input.as_bytes());
    assert_eq!(told(&remote), told(&local));
    assert_eq!(remote.code, local.code);
    assert_eq!(remote.out.lines().count(), 130);
    let calls = |service: &Service| service.sandbox.ledger_since(0).len();
    assert_eq!(calls(&twins.there), calls(&twins.here));
}

#[test]
fn calls_on_record_look_the_same() {
    let twins = Twins::new();
    for line in [
        "ruc 20100070970",
        "ruc 20000633527",
        "dni 87654321 --motivo alta",
    ] {
        twins.ask(line);
    }
    for line in [
        "llamadas",
        "llamadas --operacion ruc --limite 1",
        "llamadas --operacion dni --enviadas",
        "llamadas --numero 87654321",
        "llamadas --numero 20100070970 --resultado SUCCESS",
        "llamadas --proveedor migo --desde 2020-01-01 --hasta 2099-01-01",
        "llamadas --hasta 2020-01-01",
        "llamadas --lote 00000000-0000-7000-8000-000000000000",
    ] {
        twins.check(&format!("{line} --format ndjson"), 0);
    }
    let (remote, _) = twins.ask("llamadas --limite 1 --format ndjson");
    let cursor = remote
        .err
        .split("--cursor ")
        .nth(1)
        .unwrap()
        .trim()
        .to_owned();
    let (second, _) = twins.ask(&format!(
        "llamadas --limite 1 --format ndjson --cursor {cursor}"
    ));
    assert_eq!(second.expect(0).objects()[0]["operacion"], "ruc");
    twins.check("llamadas --desde 2026-02-01 --hasta 2026-01-01", 2);
    twins.check("llamadas --operacion rcu", 2);
    twins.check("llamadas --cursor nada", 2);
    let pruning = twins.ask("llamadas --limpiar --yes").0.expect(2);
    assert!(pruning.err.contains("sin --server"), "{}", pruning.err);
}

/// A list with every kind of damage.
fn damaged() -> String {
    let mut text = "CLIENTE;RUC;NOTA\n".to_owned();
    for (name, ruc) in [
        ("uno", "20100070970"),
        ("dos", "20131312955"),
        ("otra vez", "20100070970"),
        ("con guiones", "20-10007097-0"),
        ("digito", "20100070971"),
        ("vacio", ""),
        ("dni", "00000001"),
        ("corto", "2010007"),
        ("letras", "no tiene"),
        ("no existe", UNKNOWN),
    ] {
        writeln!(text, "{name};{ruc};\"con ; dentro\"").unwrap();
    }
    for (place, ruc) in companies(3, 120).iter().enumerate() {
        writeln!(text, "empresa {place};{ruc};").unwrap();
    }
    text
}

fn cells(path: &Path) -> Vec<Vec<String>> {
    let mut book = open_workbook_auto(path).unwrap();
    let first = book.sheet_names()[0].clone();
    let range = book.worksheet_range(&first).unwrap();
    let text = |cell: &Data| match cell {
        Data::DateTime(it) => format!("{:.0}", it.as_f64().floor()),
        cell => without_times(&cell.to_string()),
    };
    range
        .rows()
        .map(|row| row.iter().map(text).collect())
        .collect()
}

#[test]
fn a_list_comes_back_the_same() {
    let twins = Twins::new();
    for place in [&twins.client, &twins.local] {
        place.write("clientes ñ.csv", damaged());
        place.write("lista.csv", damaged());
    }
    for format in ["ndjson", "json", "csv"] {
        twins.check(&format!("ruc lote lista.csv --format {format}"), 0);
        twins.check(
            &format!("ruc lote lista.csv --format {format} --solo-errores"),
            0,
        );
        twins.check(
            &format!("ruc lote lista.csv --columna ruc --format {format} --lang en"),
            0,
        );
    }
    twins.check_cost();
    let (remote, local) = twins.ask("ruc lote lista.csv -o salida.xlsx");
    remote.expect(0);
    local.expect(0);
    let (remote, local) = (
        twins.client.path("salida.xlsx"),
        twins.local.path("salida.xlsx"),
    );
    assert_eq!(cells(&remote), cells(&local));
    // Names as people write them, and lists from a pipe.
    let words = [
        "ruc",
        "lote",
        "clientes ñ.csv",
        "--server",
        &twins.server.url,
    ];
    let output = twins.client.command(&words).output().unwrap();
    let remote = twins.client.ran(output).expect(0);
    let output = twins.local.command(&words[..3]).output().unwrap();
    assert_eq!(told(&remote), told(&twins.local.ran(output).expect(0)));
    let line = format!("ruc lote - --server {}", twins.server.url);
    let remote = twins.client.run_with_input(&line, damaged().as_bytes());
    let local = twins
        .local
        .run_with_input("ruc lote -", damaged().as_bytes());
    assert_eq!(told(&remote.expect(0)), told(&local.expect(0)));
    // What is wrong with a list is told alike, before anything is sent.
    for place in [&twins.client, &twins.local] {
        place.write("mala.csv", "a;b\n1;2\n");
    }
    for (line, code) in [
        ("ruc lote no-hay.csv -o r.csv", 2),
        ("ruc lote mala.csv -o r.csv", 2),
        ("ruc lote lista.csv --columna nada -o r.csv", 2),
        ("ruc lote lista.csv -o no-hay/r.csv", 2),
        ("ruc lote lista.csv -o lista.csv", 2),
    ] {
        let (remote, local) = twins.ask(line);
        assert_eq!((remote.code, &remote.err), (code, &local.err), "{line}");
    }
    let aged = twins.ask("ruc lote lista.csv --max-age 1h").0.expect(2);
    assert!(aged.err.contains("--force-refresh"), "{}", aged.err);
    assert!(!twins.client.data().exists(), "no folder was opened");
}

/// Two sheets of lists behind a cover: in one of them a person without its zero and one with a RUC 10.
fn two_sheets(path: &Path) {
    let mut book = Workbook::new();
    for (name, rows) in [
        ("Carátula", &[["Estudio", "noviembre"]][..]),
        (
            "Ventas",
            &[
                ["RUC", "Cliente"],
                ["20100070970", "uno"],
                ["20131312955", "dos"],
            ],
        ),
        (
            "Compras Nov",
            &[
                ["Documento", "Proveedor"],
                ["20000316769", "tres"],
                ["12345678", "persona"],
                ["00000001", "otra"],
                ["20000633527", "no existe"],
            ],
        ),
    ] {
        let sheet = book.add_worksheet().set_name(name).unwrap();
        for (row, cells) in (0..).zip(rows) {
            for (column, cell) in (0..).zip(cells) {
                sheet.write_string(row, column, *cell).unwrap();
            }
        }
    }
    book.save(path).unwrap();
}

/// Which sheet is read, and what is done about persons, is the same there as here, and costs the same.
#[test]
fn sheets_and_persons_of_a_list_are_the_same() {
    let twins = Twins::new();
    for place in [&twins.client, &twins.local] {
        two_sheets(&place.path("libro.xlsx"));
    }
    let sheet = ["--hoja", "Compras Nov"];
    for (wanted, words) in [
        ("", &["20100070970", "20131312955"][..]),
        ("no", &["ES DNI", "10123456781", "NO EXISTE"]),
        ("ruc10", &["10123456781", "se consultó su RUC 10"]),
        (
            "consultar",
            &["EJEMPLO FICTICIO ANA LUCIA", "vale una boleta"],
        ),
    ] {
        for format in ["json", "csv"] {
            let mut line = vec!["ruc", "lote", "libro.xlsx", "--format", format];
            if !wanted.is_empty() {
                line.extend(sheet);
                line.extend(["--dni", wanted, "--motivo", "alta"]);
            }
            let run = |place: &Place, more: &[&str]| {
                let line = [&line[..], more].concat();
                place.ran(place.command(&line).output().unwrap())
            };
            let there = ["--server", &twins.server.url];
            let (remote, local) = (run(&twins.client, &there), run(&twins.local, &[]));
            assert_eq!(remote.code, local.code, "{line:?}\n{}", remote.shown());
            assert_eq!(told(&remote), told(&local), "{line:?}");
            for word in words {
                assert!(local.out.contains(word), "{line:?}: {word}\n{}", local.out);
            }
            // What was not read is named, and what persons would cost; which of them a server knows already
            // is not known before it is asked.
            let notices = |ran: &Ran| -> Vec<String> {
                let lines = ran.err.lines().filter(|line| {
                    line.contains("No se leyó")
                        || line.contains("DNI") && !line.starts_with("Además")
                        || line.starts_with("Lista:")
                });
                lines.map(str::to_owned).collect()
            };
            assert_eq!(notices(&remote), notices(&local), "{line:?}");
        }
    }
    twins.check_cost();
    let wrong = ["ruc", "lote", "libro.xlsx", "--hoja", "Otra", "-o", "r.csv"];
    let there = [&wrong[..], &["--server", &twins.server.url]].concat();
    let remote = twins
        .client
        .ran(twins.client.command(&there).output().unwrap());
    let local = twins
        .local
        .ran(twins.local.command(&wrong).output().unwrap());
    assert_eq!((remote.code, &remote.err), (2, &local.err));
    assert!(local.err.contains("Compras Nov"), "{}", local.err);
}

/// A way to a server on which the first answer to a list that is handed over is lost.
pub(crate) fn losing_an_answer(url: &str) -> (String, Arc<AtomicU8>) {
    const TO_LOSE: u8 = 1;
    const LOST: u8 = 2;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let here = format!("http://{}", listener.local_addr().unwrap());
    let (there, lost) = (url.replace("http://", ""), Arc::new(AtomicU8::new(0)));
    let seen = Arc::clone(&lost);
    let change = |lost: &AtomicU8, from, to| {
        let changed = lost.compare_exchange(from, to, Ordering::SeqCst, Ordering::SeqCst);
        changed.is_ok()
    };
    thread::spawn(move || {
        for caller in listener.incoming() {
            let mut caller = caller.unwrap();
            let mut server = TcpStream::connect(&there).unwrap();
            let mut back = (server.try_clone().unwrap(), caller.try_clone().unwrap());
            let (asked, answered) = (Arc::clone(&seen), Arc::clone(&seen));
            // Either side may go away at any time.
            thread::spawn(move || {
                let mut bytes = [0; 8_192];
                while let Ok(count @ 1..) = caller.read(&mut bytes) {
                    if bytes.starts_with(b"POST /api/v1/lotes ") {
                        change(&asked, 0, TO_LOSE);
                    }
                    drop(server.write_all(&bytes[..count]));
                }
                drop(server.shutdown(Shutdown::Both));
            });
            thread::spawn(move || {
                let mut bytes = [0; 8_192];
                while let Ok(count @ 1..) = back.0.read(&mut bytes) {
                    if change(&answered, TO_LOSE, LOST) {
                        break;
                    }
                    drop(back.1.write_all(&bytes[..count]));
                }
                drop(back.1.shutdown(Shutdown::Both));
            });
        }
    });
    (here, lost)
}

#[test]
fn a_list_whose_answer_is_lost_is_handed_over_once() {
    let there = Service::new();
    let home = Place::asking(&there);
    let server = Server::start(&home);
    let (url, lost) = losing_an_answer(&server.url);
    let client = Place::new();
    client.write("lista.csv", "RUC\n20100070970\n20131312955\n");
    let line = format!("ruc lote lista.csv -o r.ndjson --server {url}");
    let ran = client.run(&line);
    assert_eq!(ran.code, 0, "{}", ran.shown());
    assert_eq!(lost.load(Ordering::SeqCst), 2, "no answer was lost");
    assert_eq!(client.read("r.ndjson").lines().count(), 2);
    let batches = home.run("lotes listar --format ndjson").expect(0);
    assert_eq!(batches.objects().len(), 1, "{}", batches.out);
    // A list that is handed over again on purpose is another batch.
    client.run(&line).expect(0);
    let batches = home.run("lotes listar --format ndjson").expect(0);
    assert_eq!(batches.objects().len(), 2, "{}", batches.out);
}

#[test]
fn partners_learn_from_a_list() {
    let home = Place::new();
    home.write("partners.csv", "num_document,name\n20100070970,Uno\n");
    home.run("partners importar partners.csv -q").expect(0);
    let server = Server::start(&home);
    let client = Place::new();
    client.write("lista.csv", "RUC\n20100070970\n");
    let line = format!(
        "ruc lote lista.csv -o r.csv --actualizar-partners --server {}",
        server.url
    );
    let ran = client.run(&line).expect(0);
    assert_eq!(ran.err.matches("MODO DE PRUEBA").count(), 1, "{}", ran.err);
    let looked_up = client.run(&format!("ruc 20131312955 --server {}", server.url));
    assert_eq!(looked_up.expect(0).err.matches("MODO DE PRUEBA").count(), 1);
    let seen = home.run("partners ver 20100070970 --format json").expect(0);
    assert!(seen.out.contains("ACTIVO"), "{}", seen.out);
}

/// Nothing at all is answered: the exit code of the cause. Some are not: 8.
#[test]
fn a_list_that_fails_ends_alike() {
    for (fault, code) in [("401", 7), ("redireccion", 7)] {
        let twins = Twins::new();
        for service in [&twins.there, &twins.here] {
            service.sandbox.fail(fault.parse().unwrap());
        }
        for place in [&twins.client, &twins.local] {
            place.write("lista.csv", "RUC\n20100070970\n20131312955\n");
        }
        let (remote, local) = twins.ask("ruc lote lista.csv -o r.ndjson");
        assert_eq!(
            (remote.code, local.code),
            (code, code),
            "{}",
            remote.shown()
        );
        let aptitudes = |place: &Place| {
            let rows = place.read("r.ndjson");
            let aptitud = |line: &str| {
                let row: Value = serde_json::from_str(line).unwrap();
                row["aptitud"].clone()
            };
            rows.lines().map(aptitud).collect::<Vec<_>>()
        };
        assert_eq!(aptitudes(&twins.client), aptitudes(&twins.local));
    }
}

#[test]
fn an_interrupted_list_is_fetched_later() {
    let there = Service::with(|config| config.latency = "150ms".parse().unwrap());
    let mut home = Place::asking(&there);
    home.set("CHASKI_MIGO_BATCH_WINDOW", "1");
    let server = Server::start(&home);
    let client = Place::new();
    let numbers = companies(21, 1_500);
    client.write("lista.csv", format!("RUC\n{}\n", numbers.join("\n")));
    let line = format!("ruc lote lista.csv -o r.ndjson --server {}", server.url);
    let words: Vec<&str> = line.split_whitespace().collect();
    let said = client.path("dicho");
    let child = client
        .command(&words)
        .stdout(Stdio::null())
        .stderr(File::create(&said).unwrap())
        .spawn()
        .unwrap();
    let text = || std::fs::read_to_string(&said).unwrap();
    wait_until("the batch", || text().contains("en el servidor:"));
    let pid = child.id().to_string();
    let sent = Command::new("kill").args(["-INT", &pid]).status().unwrap();
    assert!(sent.success());
    finished(&client, child).expect(130);
    assert!(
        text().contains("queda en el servidor") && text().contains("--reanudar"),
        "{}",
        text()
    );
    assert!(!client.path("r.ndjson").exists());
    let again = client.run(&format!("{line} --reanudar"));
    assert_eq!(again.code, 0, "{}", again.shown());
    let first = text();
    let id = first
        .split("Lote ")
        .nth(1)
        .unwrap()
        .split(' ')
        .next()
        .unwrap();
    assert!(again.err.contains(id), "{id} in {}", again.err);
    assert_eq!(client.read("r.ndjson").lines().count(), 1_500);
    let mut asked = there.asked_since(0);
    let all = asked.len();
    asked.sort();
    asked.dedup();
    assert_eq!(asked.len(), all, "nothing was paid twice");
    // Another column is another list.
    client.write("lista.csv", "RUC\n20100070970\n");
    let other = client.run(&format!("{line} --reanudar")).expect(0);
    assert!(other.err.contains("se entrega de nuevo"), "{}", other.err);
}
