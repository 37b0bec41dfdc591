//! Workbooks of documents put to a server: checked and issued the same as on this machine, each document once,
//! whatever is cut off in between.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::Ordering;

use calamine::{Data, Reader, open_workbook_auto};
use serde_json::{Value, json};

use crate::cli_kit::{Place, companies, finished, wait_until};
use crate::cli_serve::Server;
use crate::cli_server::losing_an_answer;
use crate::cli_server_documents::{SALES, Sides, plain};
use crate::cli_server_errors::Other;

/// The workbook of the documentation: sixty documents, of which twelve are wrong.
fn ventas() -> Vec<u8> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../ejemplos/facturas/ventas.xlsx"
    );
    std::fs::read(path).unwrap()
}

/// Customers of whom the second and the fourth cannot be invoiced; the last one is not known.
const CUSTOMERS: &str = "documento,tipo,cliente_numero,descripcion,cantidad,Precio con IGV\n\
    A,factura,20100070970,SERVICIO,1,118.00\n\
    B,factura,20000316769,SERVICIO,1,118.00\n\
    C,factura,20131312955,SERVICIO,1,118.00\n\
    D,factura,20000079198,SERVICIO,1,118.00\n\
    E,boleta,-,SERVICIO,1,118.00\n";

/// A row that is of no document.
const LOOSE: &str = "documento,tipo,cliente_numero,descripcion,cantidad,Precio con IGV\n\
    ,,,SERVICIO,1,118.00\n";

impl Sides {
    fn with_books() -> Sides {
        let sides = Sides::new();
        for place in [&sides.client, &sides.local] {
            place.write("ventas.xlsx", ventas());
            place.write("ventas.csv", SALES);
            place.write("mes.csv", CUSTOMERS);
            place.write("nada.csv", "a;b\n1;2\n");
            place.write("vacia.csv", "");
            place.write("libro.xlsx", "no es un libro");
            place.write("suelta.csv", LOOSE);
        }
        sides
    }

    /// Both leave the same file.
    #[track_caller]
    fn check_file(&self, name: &str) {
        let is_book = Path::new(name).extension().is_some_and(|it| it == "xlsx");
        let read = |place: &Place| -> Vec<String> {
            if is_book {
                cells(&place.path(name))
            } else {
                place.read(name).lines().map(plain).collect()
            }
        };
        let (there, here) = (read(&self.client), read(&self.local));
        assert!(there.len() > 1, "{name}: {there:?}");
        assert_eq!(there, here, "{name}");
    }

    /// How many documents there are on either side.
    fn issued(&self) -> (usize, usize) {
        (issued(&self.home), issued(&self.local))
    }
}

/// The rows of all sheets, but for the one that says when it was.
fn cells(path: &Path) -> Vec<String> {
    let mut book = open_workbook_auto(path).unwrap();
    let mut all = Vec::new();
    for name in book.sheet_names() {
        let range = book.worksheet_range(&name).unwrap();
        for row in range.rows() {
            let row: Vec<String> = row.iter().map(Data::to_string).collect();
            let row = row.join("\u{1f}");
            if !row.starts_with("Fecha y hora") {
                all.push(format!("{name}: {}", plain(&row)));
            }
        }
    }
    all
}

/// How many documents there are, whatever named them.
fn issued(place: &Place) -> usize {
    let ran = place.run("factura listar --limite 2000 --format ndjson");
    ran.expect(0).out.lines().count()
}

/// What became of each document of a result: its name, its state, its number.
fn results(place: &Place, name: &str) -> Vec<[String; 3]> {
    let text = place.read(name);
    let rows = text
        .lines()
        .map(|it| serde_json::from_str::<Value>(it).unwrap());
    let field = |row: &Value, name: &str| row[name].as_str().unwrap_or("-").to_owned();
    rows.map(|row| ["documento", "estado", "comprobante"].map(|name| field(&row, name)))
        .collect()
}

#[test]
fn a_workbook_is_checked_the_same() {
    let sides = Sides::with_books();
    for format in ["ndjson", "json", "csv", "table"] {
        sides.check(&format!("factura validar ventas.xlsx --format {format}"), 3);
    }
    sides.check("factura validar ventas.xlsx --lang en", 3);
    sides.check("factura validar ventas.csv", 0);
    sides.check("factura validar mes.csv --clientes", 0);
    sides.check("factura validar suelta.csv", 3);
    for name in ["r.xlsx", "r.csv", "r.json", "r.ndjson"] {
        sides.check(&format!("factura validar ventas.xlsx -o {name}"), 3);
        sides.check_file(name);
    }
    sides.check("factura validar ventas.csv --empresa 20603274742", 0);
    // What is wrong is told alike, and what cannot be read is not sent.
    for (line, code) in [
        ("factura validar ventas.csv --empresa 20100070970", 3),
        ("factura validar ventas.csv --empresa 20100070971", 2),
        ("factura validar nada.csv", 2),
        ("factura validar vacia.csv", 2),
        ("factura validar libro.xlsx", 2),
        ("factura validar falta.xlsx", 2),
        ("factura validar . ventas.csv", 2),
        ("factura validar ventas.csv -o ventas.csv", 2),
        ("factura validar ventas.csv -o falta/r.csv", 2),
        ("factura emitir ventas.csv --otra", 2),
        ("factura emitir nada.csv", 2),
        ("factura emitir suelta.csv", 3),
    ] {
        sides.check(line, code);
    }
    assert_eq!(sides.issued(), (0, 0));
    assert!(!sides.client.data().exists(), "no folder was opened");
}

#[test]
fn a_workbook_is_issued_the_same() {
    let sides = Sides::with_books();
    // 1. All or nothing, and only looked at.
    for name in ["nada.ndjson", "ninguno.csv", "nada.xlsx"] {
        sides.check(&format!("factura emitir ventas.xlsx -o {name}"), 3);
        sides.check_file(name);
    }
    sides.check("factura emitir ventas.xlsx --todos --format table", 3);
    let (remote, _) = sides.check("factura emitir ventas.xlsx --solo-buenos --dry-run", 0);
    for said in [
        "por emitir: 48",
        "total S/ 17341.66",
        "boleta BBB1: 11, del 1 al 11",
        "no se envió nada",
    ] {
        assert!(remote.err.contains(said), "{said}: {}", remote.err);
    }
    assert_eq!(sides.issued(), (0, 0));
    // 2. What is right, once; and the same again in every form.
    let emitir = "factura emitir ventas.xlsx --solo-buenos";
    for name in ["r.ndjson", "r.json", "r.csv", "r.xlsx"] {
        let (remote, _) = sides.check(&format!("{emitir} -o {name}"), 8);
        assert!(
            remote.err.contains("Emitidos, 48; apartados, 12"),
            "{}",
            remote.err
        );
        sides.check_file(name);
        assert_eq!(sides.issued(), (48, 48));
    }
    sides.check(&format!("{emitir} --format table --lang en"), 8);
    // 3. In another period they are other sales.
    sides.check(&format!("{emitir} --periodo 2026-12 -o mes.ndjson"), 8);
    sides.check_file("mes.ndjson");
    let (there, here) = sides.issued();
    assert_eq!(there, here);
    assert!(there > 48, "{there}");
    // 4. One without errors, of a company that was named.
    sides.check("factura emitir ventas.csv --empresa 20603274742", 0);
    sides.check("factura emitir ventas.csv --empresa 20603274742", 0);
}

#[test]
fn customers_who_cannot_be_invoiced_are_set_aside_there() {
    let sides = Sides::with_books();
    let (remote, _) = sides.check("factura emitir mes.csv --clientes --dry-run", 0);
    for said in ["Consultas de clientes:", "a su cliente: 2", "por emitir: 3"] {
        assert!(remote.err.contains(said), "{said}: {}", remote.err);
    }
    sides.check("factura emitir mes.csv --clientes -o r.ndjson", 8);
    sides.check_file("r.ndjson");
    assert!(sides.client.read("r.ndjson").contains("cliente_no_apto"));
    assert_eq!(sides.issued(), (3, 3));
}

#[test]
fn a_workbook_is_left_to_a_server() {
    let sides = Sides::with_books();
    let line = format!(
        "factura emitir ventas.xlsx --solo-buenos --server {}",
        sides.server.url
    );
    let ran = sides.client.run(&format!("{line} --en-segundo-plano"));
    let ran = ran.expect(0);
    assert!(ran.err.contains("la emite el servidor"), "{}", ran.err);
    // The same command without it fetches the result.
    let ran = sides.client.run(&format!("{line} -o r.ndjson")).expect(8);
    assert!(ran.err.contains("Emitidos, 48"), "{}", ran.err);
    assert_eq!(results(&sides.client, "r.ndjson").len(), 60);
    assert_eq!(issued(&sides.home), 48);
}

#[test]
fn a_workbook_whose_answer_is_lost_is_handed_over_once() {
    let home = Place::new();
    let server = Server::start(&home);
    let (url, lost) = losing_an_answer(&server.url);
    let client = Place::new();
    client.write("ventas.csv", SALES);
    let line = format!("factura emitir ventas.csv -o r.ndjson --server {url}");
    let ran = client.run(&line);
    assert_eq!(ran.code, 0, "{}", ran.shown());
    assert_eq!(lost.load(Ordering::SeqCst), 2, "no answer was lost");
    let batches = home.run("lotes listar --format ndjson").expect(0);
    assert_eq!(batches.objects().len(), 1, "{}", batches.out);
    assert_eq!(issued(&home), 2);
}

/// With real tokens it is meant only if somebody says so, before it is handed over.
#[test]
fn what_is_issued_for_real_there_is_confirmed_here() {
    let looked = json!({
        "nombre": "ventas.csv", "documentos": 2, "filas": 2, "emitibles": 2, "observados": 0,
        "con_errores": 0, "tiene_errores": false, "totales": [], "clientes_consultados": 0,
        "hojas_no_leidas": [], "comprobantes": [], "hallazgos_en_total": 0, "hallazgos": [],
        "ensayo": {
            "consultas": { "llamadas": 0, "a_lo_mas": 0 },
            "plan": {
                "emisor": "20603274742", "apartados_por_cliente": null, "por_emitir": 2,
                "importes": [{ "moneda": "PEN", "total": "236.00" }], "series": [],
            },
            "lote_en_curso": null,
        },
        "mode": "real",
    });
    let real = Other::saying("200 OK", "application/json", &looked.to_string());
    let client = Place::new();
    client.write("ventas.csv", SALES);
    let line = format!(
        "factura emitir ventas.csv -o r.ndjson --server {}",
        real.url
    );
    let ran = client.run(&line).expect(2);
    assert!(ran.err.contains("total S/ 236.00"), "{}", ran.err);
    assert!(ran.err.contains("agregue --yes"), "{}", ran.err);
    assert_eq!(
        real.asked.load(Ordering::SeqCst),
        1,
        "it was only looked at"
    );
    // What does not say what handing it over would come to is no server of this version.
    let mut other = looked;
    other["ensayo"] = Value::Null;
    let other = Other::saying("200 OK", "application/json", &other.to_string());
    let line = format!("factura emitir ventas.csv --yes --server {}", other.url);
    let ran = client.run(&line).expect(7);
    assert!(ran.err.contains("otra versión"), "{}", ran.err);
}

/// So many sales, each with a name.
fn many(count: usize) -> String {
    let mut book = "documento,tipo,cliente_numero,cliente_nombre,cliente_direccion,descripcion,cantidad,Precio con IGV\n".to_owned();
    for (place, ruc) in companies(41, count).into_iter().enumerate() {
        writeln!(
            book,
            "V-{place},factura,{ruc},EMPRESA,AV. UNO 1,SERVICIO,1,118.00"
        )
        .unwrap();
    }
    book
}

/// Sales that take a server some seconds.
const MANY: usize = 150;

/// A client that issues many sales at a server; what it says goes to a file.
fn issuing(client: &Place, url: &str) -> Child {
    client.write("muchas.csv", many(MANY));
    let line = format!("factura emitir muchas.csv -o r.ndjson --server {url}");
    let words: Vec<&str> = line.split_whitespace().collect();
    client
        .command(&words)
        .stdout(Stdio::null())
        .stderr(File::create(client.path("dicho")).unwrap())
        .spawn()
        .unwrap()
}

/// Each document has a number of its own, and there is no other.
#[track_caller]
fn check_each_once(client: &Place, home: &Place) {
    let results = results(client, "r.ndjson");
    assert_eq!(results.len(), MANY);
    let numbers: BTreeSet<&str> = results.iter().map(|it| it[2].as_str()).collect();
    assert_eq!(numbers.len(), MANY, "{numbers:?}");
    assert!(results.iter().all(|it| it[1] == "ACEPTADO"));
    assert_eq!(issued(home), MANY);
}

#[test]
fn a_server_that_is_killed_in_the_middle_is_waited_for() {
    let home = Place::new();
    let mut server = Server::start(&home);
    let (url, client) = (server.url.clone(), Place::new());
    let child = issuing(&client, &url);
    wait_until("some documents", || issued(&home) > 0);
    server.child.kill().unwrap();
    server.child.wait().unwrap();
    let before = issued(&home);
    assert!(before < MANY, "it was over already");
    let address = url.trim_start_matches("http://");
    let words = ["serve", "--listen", address];
    let again = home.command(&words).stderr(Stdio::null()).spawn();
    server.child = again.unwrap();
    let ran = finished(&client, child);
    let said = client.read("dicho");
    assert_eq!(ran.code, 0, "{said}");
    assert!(said.contains(&format!("Emitidos, {MANY}")), "{said}");
    check_each_once(&client, &home);
    let batches = home.run("lotes listar --format ndjson").expect(0);
    assert_eq!(batches.objects().len(), 1, "{}", batches.out);
}

#[test]
fn a_workbook_that_is_interrupted_is_taken_up_again() {
    let home = Place::new();
    let (server, client) = (Server::start(&home), Place::new());
    let child = issuing(&client, &server.url);
    wait_until("some documents", || issued(&home) > 0);
    let pid = child.id().to_string();
    let sent = Command::new("kill").args(["-INT", &pid]).status().unwrap();
    assert!(sent.success());
    finished(&client, child).expect(130);
    let said = client.read("dicho");
    assert!(said.contains("sigue en el servidor"), "{said}");
    assert!(!client.path("r.ndjson").exists());
    let child = issuing(&client, &server.url);
    let ran = finished(&client, child);
    let said = client.read("dicho");
    assert_eq!(ran.code, 0, "{said}");
    assert!(said.contains("Se retoma la emisión"), "{said}");
    check_each_once(&client, &home);
    let batches = home.run("lotes listar --format ndjson").expect(0);
    assert_eq!(batches.objects().len(), 1, "{}", batches.out);
}
