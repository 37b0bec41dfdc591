//! Documents put to a server: the same story, told the same, with the same exit codes; and what goes wrong on
//! the way.

use std::net::TcpListener;

use crate::cli_kit::{Place, Ran, without_times};
use crate::cli_serve::Server;
use crate::factura_story::with_examples;

/// The same commands twice: put to a server, and done on this machine, where a server issues too, so that
/// both wait for whoever issues.
pub(crate) struct Sides {
    pub(crate) server: Server,
    pub(crate) home: Place,
    _beside: Server,
    pub(crate) local: Place,
    pub(crate) client: Place,
}

impl Sides {
    pub(crate) fn new() -> Sides {
        let (home, local, client) = (Place::new(), with_examples(), with_examples());
        Sides {
            server: Server::start(&home),
            home,
            _beside: Server::start(&local),
            local,
            client,
        }
    }

    pub(crate) fn ask(&self, words: &[&str]) -> (Ran, Ran) {
        let there = [words, &["--server", &self.server.url]].concat();
        let run = |place: &Place, words: &[&str]| place.ran(place.command(words).output().unwrap());
        (run(&self.client, &there), run(&self.local, words))
    }

    /// Both say the same on the output, and end the same.
    #[track_caller]
    pub(crate) fn check(&self, line: &str, code: i32) -> (Ran, Ran) {
        let words: Vec<&str> = line.split_whitespace().collect();
        self.check_words(&words, code)
    }

    #[track_caller]
    fn check_words(&self, words: &[&str], code: i32) -> (Ran, Ran) {
        let (remote, local) = self.ask(words);
        let line = words.join(" ");
        assert_eq!(local.code, code, "here: {line}\n{}", local.shown());
        assert_eq!(remote.code, code, "there: {line}\n{}", remote.shown());
        assert_eq!(plain(&remote.out), plain(&local.out), "{line}");
        assert_eq!(said(&remote), said(&local), "{line}");
        (remote, local)
    }
}

/// A text without instants and without what the sandbox invents anew each time: links and hashes.
pub(crate) fn plain(text: &str) -> String {
    let text = without_times(text);
    let mut plain = String::with_capacity(text.len());
    for word in text.split_inclusive(|c: char| "\" ,│┆\n".contains(c)) {
        let body = word.trim_end_matches(|c: char| "\" ,│┆\n".contains(c));
        let is_hash = body.len() == 44 && body.ends_with('=');
        let link = body
            .split_once("/cpe/")
            .or_else(|| body.split_once("/anulacion/"));
        let is_ticket = body.len() == 13 && body.bytes().all(|b| b.is_ascii_digit());
        match link {
            Some((start, rest)) => {
                plain.push_str(&[start, rest.get(36..).unwrap_or_default()].concat());
            }
            None if is_hash || is_ticket => {}
            None => plain.push_str(body),
        }
        plain.push_str(&word[body.len()..]);
    }
    plain
}

/// What was said besides, but for who answers and for how far a list was before its end.
fn said(ran: &Ran) -> Vec<String> {
    let lines = ran
        .err
        .lines()
        .filter(|it| !it.contains("MODO DE PRUEBA") && !it.contains("TRIAL MODE"));
    let mut lines: Vec<String> = lines.map(without_times).collect();
    let of_progress = |line: &String| line.starts_with("Con resultado:");
    lines.dedup_by(|next, line| {
        let is_progress = of_progress(next) && of_progress(line);
        if is_progress {
            std::mem::swap(next, line);
        }
        is_progress
    });
    lines
}

#[test]
fn the_story_of_a_document_is_told_the_same() {
    let sides = Sides::new();
    sides.check("factura validar factura.json boleta.json", 0);
    sides.check("factura validar mal.json", 3);
    sides.check("factura validar mal.json --lang en --format csv", 3);
    sides.check("factura emitir factura.json --dry-run", 0);
    sides.check("factura emitir mal.json", 3);
    sides.check("factura listar", 0);
    // 1. Issued, once.
    sides.check("factura emitir factura.json", 0);
    let (again, _) = sides.check("factura emitir factura.json", 0);
    assert!(
        again.err.contains("Ya estaba emitido: es FFF1-1"),
        "{}",
        again.err
    );
    sides.check("factura emitir factura.json --otra", 0);
    sides.check(
        "factura emitir factura-credito.json --idempotency-key k-1",
        0,
    );
    sides.check(
        "factura emitir factura-credito.json --idempotency-key k-1 --lang en",
        0,
    );
    sides.check("factura emitir factura.json --idempotency-key k-1", 2);
    let blank = [
        "factura",
        "emitir",
        "factura.json",
        "--idempotency-key",
        "k 1",
    ];
    sides.check_words(&blank, 2);
    sides.check("factura emitir boleta.json", 0);
    for name in ["guia-remitente", "retencion", "percepcion"] {
        sides.check(&format!("factura emitir {name}.json"), 0);
    }
    // 2. Asked about.
    for format in ["ndjson", "json", "csv", "table"] {
        sides.check(
            &format!("factura consultar FFF1-1 BBB1-1 --format {format}"),
            0,
        );
    }
    sides.check("factura consultar FFF1-77", 3);
    sides.check("factura consultar FFF1-1 FFF1-77", 8);
    sides.check("factura consultar nada", 2);
    sides.check("factura listar --serie FFF1 --format json", 0);
    sides.check("factura listar --estado aceptado --limite 1", 0);
    sides.check("factura listar --estado nada", 2);
    sides.check(
        "factura listar --tipo boleta --desde 2020-01-01 --hasta 2099-01-01",
        0,
    );
    // 3. Corrected and repeated.
    sides.check(
        "factura corregir FFF1-1 --motivo 07 --linea 1=2 --dry-run",
        0,
    );
    sides.check("factura corregir FFF1-1 --motivo 07 --linea 1=2", 0);
    let (again, _) = sides.check("factura corregir FFF1-1 --motivo 07 --linea 1=2", 0);
    assert!(again.err.contains("es nc:FFF1-1"), "{}", again.err);
    sides.check("factura corregir FFF1-77 --motivo 01", 3);
    sides.check("factura corregir FFF1-1 --motivo 99", 3);
    sides.check("factura corregir FFF1-1 --motivo 07 --linea 9=2", 3);
    sides.check("factura duplicar FFF1-2", 0);
    sides.check("factura duplicar FFF1-2 --otra", 0);
    sides.check("factura consultar nc:FFF1-1", 0);
    // 4. Voided.
    let void = ["factura", "anular", "FFF1-3", "--motivo", "pedido repetido"];
    sides.check_words(&void, 0);
    sides.check_words(&void, 0);
    sides.check_words(
        &["factura", "anular", "BBB1-1", "--motivo", "pedido repetido"],
        3,
    );
    sides.check_words(&["factura", "anular", "guia:TTT1-1", "--motivo", "x"], 3);
    sides.check_words(&["factura", "anular", "FFF1-77", "--motivo", "x"], 3);
    sides.check_words(&["factura", "anular", "FFF1-1", "--motivo", " "], 3);
    // A server follows the void by itself, and may know its end sooner.
    sides.check("factura listar --estado aceptado --format csv", 0);
}

#[test]
fn files_of_a_document_are_the_same() {
    let sides = Sides::new();
    sides.check("factura emitir factura.json", 0);
    sides.check("factura emitir boleta.json", 0);
    let words = ["factura", "descargar", "FFF1-1", "-d", "."];
    let (there, here) = sides.ask(&words);
    assert_eq!((there.code, here.code), (0, 0), "{}", there.shown());
    assert_eq!(names(&there), names(&here));
    assert_eq!(names(&there).len(), 3);
    for name in [
        "20603274742-01-FFF1-1.pdf",
        "20603274742-01-FFF1-1.xml",
        "R-20603274742-01-FFF1-1.xml",
    ] {
        let read = |place: &Place| std::fs::read(place.path(name)).unwrap();
        let (there, here) = (read(&sides.client), read(&sides.local));
        assert!(there.len() > 500 && here.len() > 500, "{name}");
        assert_eq!(there[..4], here[..4], "{name}");
    }
    // The receipt of a boleta is there the next day.
    let (missing, _) = sides.check("factura descargar BBB1-1 --cdr -d .", 3);
    assert!(missing.err.contains("al día siguiente"), "{}", missing.err);
    sides.check("factura descargar FFF1-77 -d .", 3);
}

/// The files that a run says it left; what a PDF weighs depends on its link.
fn names(ran: &Ran) -> Vec<String> {
    let rows = ran.objects().into_iter();
    rows.map(|it| it["archivo"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn series_and_companies_are_the_same() {
    let sides = Sides::new();
    sides.check("series", 0);
    sides.check("factura emitir factura.json", 0);
    sides.check("series abrir F009 --ultimo 0", 0);
    sides.check("series abrir F010 --ultimo 5", 3);
    sides.check("series abrir X001 --ultimo 0", 2);
    sides.check("series abrir N001 --ultimo 0 --tipo nc --lang en", 0);
    sides.check("series listar --format csv", 0);
    sides.check("series sincronizar FFF1", 0);
    sides.check("series sincronizar FFF1 --tipo nada", 2);
    sides.check("empresas", 0);
    sides.check("empresas probar", 0);
    sides.check("empresas probar 20100070970", 3);
    sides.check("factura listar --empresa 20100070970", 3);
}

#[test]
fn what_is_not_done_there_is_said() {
    let sides = Sides::new();
    // Nubefact's token goes nowhere in clear.
    let place = Place::new();
    let line = "empresas agregar 20100070970 --ruta https://api.nubefact.com/api/v1/x --server http://192.0.2.1:8420";
    let ran = place.run_with_input(line, b"t").expect(2);
    assert!(ran.err.contains("https://"), "{}", ran.err);
    assert!(!sides.client.data().exists(), "no folder was opened");
}

/// A workbook of two sales.
pub(crate) const SALES: &str = "documento,tipo,cliente_numero,descripcion,cantidad,Precio con IGV\n\
    A,factura,20100070970,SERVICIO,1,118.00\n\
    B,factura,20131312955,SERVICIO,2,59.00\n";

/// Every command, each with a name that means something.
const LINES: [&str; 11] = [
    "factura emitir factura.json",
    "factura emitir ventas.csv",
    "factura validar factura.json",
    "factura validar ventas.csv",
    "factura consultar FFF1-1",
    "factura listar",
    "factura anular FFF1-1 --motivo x",
    "factura corregir FFF1-1 --motivo 01",
    "factura duplicar FFF1-1",
    "factura descargar FFF1-1",
    "series",
];

#[test]
fn nobody_answers_or_the_key_is_wrong() {
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let mut place = with_examples();
    place.write("ventas.csv", SALES);
    for line in LINES {
        let ran = place
            .run(&format!("{line} --server http://{free}"))
            .expect(5);
        assert!(ran.err.contains("chaski serve"), "{line}: {}", ran.err);
        assert_eq!(ran.out, "", "{line}");
    }
    let home = Place::new();
    let made = home.run("llaves crear una --prueba --permisos consultas");
    let key = made.expect(0).out.trim().to_owned();
    let server = Server::start(&home);
    let check = |place: &Place, said: &str| {
        for line in LINES {
            let ran = place.run(&format!("{line} --server {}", server.url));
            assert_eq!(ran.code, 7, "{line}\n{}", ran.shown());
            assert!(ran.err.contains(said), "{line}: {}", ran.err);
        }
    };
    check(&place, "server_key");
    place.set(
        "CHASKI_SERVER_KEY",
        "chk_test_00000000000000000000000000000000000000000000",
    );
    check(&place, "server_key");
    // A key that may look up, and no more.
    place.set("CHASKI_SERVER_KEY", &key);
    check(&place, "permiso");
    let listed = home.run("factura listar").expect(0);
    assert_eq!(listed.out, "", "nothing was issued");
}
