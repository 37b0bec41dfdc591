//! What can go wrong with a server: each one message and the exit code of its kind, and neither
//! the key nor a person's number in it.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use chaski::codes;
use chaski_client::Failure;

use crate::cli_kit::{Place, Ran, Service, files_of};
use crate::cli_serve::Server;

const DNI: &str = "87654321";
/// Has the form of a key and is none.
const WRONG: &str = "chk_test_00000000000000000000000000000000000000000000";

/// Something that is not Chaski, and how often it was connected to.
pub(crate) struct Other {
    pub(crate) url: String,
    pub(crate) asked: Arc<AtomicUsize>,
}

impl Other {
    /// Answers everything with the same bytes; with none, it keeps the caller waiting.
    fn answering(answer: impl Into<Vec<u8>>) -> Other {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(AtomicUsize::new(0));
        let (count, answer) = (Arc::clone(&asked), answer.into());
        thread::spawn(move || {
            let mut waiting = Vec::new();
            for socket in listener.incoming() {
                let mut socket = socket.unwrap();
                count.fetch_add(1, Ordering::SeqCst);
                if answer.is_empty() {
                    waiting.push(socket);
                    continue;
                }
                let mut head = [0; 4096];
                // Whoever goes away while it is answered is no concern of this test.
                drop(socket.read(&mut head));
                drop(socket.write_all(&answer));
            }
        });
        Other { url, asked }
    }

    pub(crate) fn saying(status: &str, kind: &str, body: &str) -> Other {
        let length = body.len();
        Other::answering(format!(
            "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\r\n{body}"
        ))
    }
}

#[track_caller]
fn check(url: &str, line: &str, code: i32, said: &str) -> Ran {
    let place = Place::new();
    let ran = place.run(&format!("{line} --server {url}"));
    assert_eq!(ran.code, code, "{line} --server {url}\n{}", ran.shown());
    assert!(ran.err.contains(said), "{said} in {}", ran.err);
    assert_eq!(ran.err.lines().count(), 1, "{}", ran.err);
    assert_eq!(ran.out, "");
    ran
}

const LOOK_UPS: [&str; 11] = [
    "ruc 20100070970",
    "ruc facturacion 20100070970 20131312955",
    "ruc invalidos",
    "dni 00000001",
    "tipo-cambio",
    "ruc representantes 20100070970",
    "ruc actividad 20100070970",
    "ruc condiciones 20100070970",
    "cpe validar 20100070970-01-F001-1 --fecha 2026-01-28 --monto 118",
    "cuenta",
    "llamadas",
];

#[test]
fn nobody_answers() {
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    for line in LOOK_UPS {
        check(&format!("http://{free}"), line, 5, "chaski serve");
    }
    check(&format!("https://{free}"), "cuenta", 5, "certificado");
    let place = Place::new();
    place.write("lista.csv", "RUC\n20100070970\n");
    let line = format!("ruc lote lista.csv -o r.csv --server http://{free} --lang en");
    let ran = place.run(&line).expect(5);
    assert!(ran.err.contains("Could not connect"), "{}", ran.err);
    assert!(!place.path("r.csv").exists());
    let silent = Other::answering("");
    for line in LOOK_UPS {
        check(
            &silent.url,
            &format!("{line} --timeout 50ms"),
            5,
            "--timeout",
        );
    }
    let broken = Other::answering("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{");
    check(&broken.url, "cuenta", 5, "se cortó");
    let large = " ".repeat(17 * 1024 * 1024);
    let large = Other::saying("200 OK", "application/json", &large);
    check(&large.url, "cuenta", 5, "demasiado grande");
}

#[test]
fn something_else_answers() {
    let others = [
        Other::saying("200 OK", "text/html", "<!doctype html><p>hola"),
        Other::saying("200 OK", "application/json", r#"{"hola": 1}"#),
        Other::saying("200 OK", "application/json", r#"{"data": []}"#),
        Other::saying("404 Not Found", "text/html", "<h1>404"),
        Other::saying("401 Unauthorized", "application/json", r#"{"error": "no"}"#),
        Other::saying("301 Moved Permanently", "text/html", ""),
        Other::answering("no es HTTP\r\n\r\n"),
    ];
    for line in [
        "ruc 20100070970",
        "cuenta",
        "tipo-cambio --fecha 2026-01-28",
        "dni 00000001",
    ] {
        for other in &others[..6] {
            check(&other.url, line, 7, "no es un servidor de Chaski");
        }
        check(&others[6].url, line, 5, "se cortó");
    }
    let proxy = Other::saying("502 Bad Gateway", "text/html", "<h1>502");
    check(&proxy.url, "ruc 20100070970", 5, "HTTP 502");
    // An answer about another number is none.
    let mut body = r#"{"data":[{"data":{"ruc":"20131312955"},"#.to_owned();
    body.push_str(r#""consultado_en":"2026-01-28T10:00:00-05:00","#);
    body.push_str(r#""meta":{"source":"memory","age":0,"mode":"real"}}]}"#);
    let liar = Other::saying("200 OK", "application/json", &body);
    check(
        &liar.url,
        "ruc 20100070970",
        7,
        "no es un servidor de Chaski",
    );
    check(&liar.url, "ruc lote lista.csv -o r.csv", 2, "lista.csv");
    // A code that only newer servers know.
    let newer = Other::saying(
        "418 I'm a teapot",
        "application/problem+json",
        r#"{"code": "tetera", "title": "es una tetera", "detail": "no hace café"}"#,
    );
    check(&newer.url, "ruc 20100070970", 1, "No hace café (tetera)");
}

#[test]
fn addresses_that_are_none() {
    for url in [
        "127.0.0.1:8420",
        "ftp://127.0.0.1",
        "http://127.0.0.1:8420/api/v1",
        "http://127.0.0.1:8420?llave=1",
        "http://chk_test_secreto@127.0.0.1:8420",
    ] {
        let ran = check(url, "ruc 20100070970", 2, "--server debe ser");
        assert!(!ran.err.contains("secreto"), "{}", ran.err);
    }
    let mut place = Place::new();
    place.set("CHASKI_SERVER", "http://chk_test_secreto@127.0.0.1:8420");
    let ran = place.run("ruc 20100070970").expect(7);
    assert!(ran.err.contains("Variable CHASKI_SERVER") && !ran.err.contains("secreto"));
}

#[test]
fn a_wrong_number_is_not_sent() {
    let other = Other::saying("200 OK", "text/html", "");
    let place = Place::new();
    for line in [
        "ruc 20100070971",
        "ruc facturacion 20100070971",
        "dni 123",
        "ruc validar 20100070971",
        "ruc representantes 20100070971",
        "ruc actividad 123",
        "ruc condiciones 20100070971",
        "cpe validar 20100070971-01-F001-1 --fecha 2026-01-28 --monto 118",
    ] {
        place
            .run(&format!("{line} --server {}", other.url))
            .expect(3);
    }
    // Nor is the RUC of a person, which would stand in an address.
    for line in [
        "ruc representantes 10000000006",
        "ruc actividad 10000000006",
        "ruc condiciones 10000000006",
    ] {
        let ran = place
            .run(&format!("{line} --server {}", other.url))
            .expect(2);
        assert!(ran.err.contains("sin --server"), "{}", ran.shown());
    }
    assert_eq!(other.asked.load(Ordering::SeqCst), 0);
}

#[test]
fn only_look_ups_ask_a_server() {
    let mut place = Place::new();
    for line in [
        "serve",
        "sandbox",
        "config show",
        "config set lang es",
        "config init",
        "backup copia.zip",
        "restaurar copia.zip",
        "llaves",
        "openapi",
        "lotes",
        "trabajos",
        "partners listar",
        "datos-personales exportar --dni 00000001",
        "salud",
        "doctor",
        "completions bash",
        "man",
        "version",
    ] {
        let ran = place
            .run(&format!("{line} --server http://127.0.0.1:1"))
            .expect(2);
        assert!(
            ran.err.contains("--server vale para ruc"),
            "{line}: {}",
            ran.err
        );
    }
    for other in ["--sandbox", "--real", "--dir otra"] {
        let ran = place
            .run(&format!("cuenta --server http://127.0.0.1:1 {other}"))
            .expect(2);
        assert!(ran.err.contains("no van juntas"), "{}", ran.err);
    }
    // From the environment it is for those that can.
    place.set("CHASKI_SERVER", "http://127.0.0.1:1");
    for line in [
        "version",
        "config show",
        "lotes",
        "llaves",
        "ruc validar 20100070970",
    ] {
        place.run(line).expect(0);
    }
    place.run("cuenta").expect(5);
    // Whatever says that this machine answers wins over the environment.
    for line in ["cuenta --sandbox", "cuenta --dir otra", "cuenta --server="] {
        place.run(line).expect(0);
    }
}

/// A server that asks for keys, one key of it, and somebody with neither folder nor token.
struct Keyed {
    home: Place,
    server: Server,
    key: String,
    client: Place,
}

impl Keyed {
    fn new(service: &Service, words: &str) -> Keyed {
        let home = Place::asking(service);
        let made = home.run(&format!("llaves crear ventas {words}")).expect(0);
        let key = made.out.trim().to_owned();
        assert!(key.starts_with("chk_"), "{key}");
        let server = Server::saying(&home, &["-vv"]);
        let mut client = Place::new();
        client.set("CHASKI_SERVER", &server.url);
        Keyed {
            home,
            server,
            key,
            client,
        }
    }
}

#[test]
fn keys() {
    let service = Service::new();
    let mut it = Keyed::new(&service, "--permisos consultas --por-minuto 6");
    let none = it.client.run("ruc 20100070970").expect(7);
    assert!(
        none.err.contains("chaski config set server_key"),
        "{}",
        none.err
    );
    it.client.set("CHASKI_SERVER_KEY", WRONG);
    let wrong = it.client.run("ruc 20100070970").expect(7);
    assert!(
        wrong.err.contains("no existe o fue revocada"),
        "{}",
        wrong.err
    );
    assert!(!wrong.err.contains(WRONG));
    // A token of somebody else does not leave.
    it.client
        .set("CHASKI_SERVER_KEY", "aB3dE5fG7hI9jK1lM3nO5pQ7rS9tU1vW");
    let other = it.client.run("ruc 20100070970").expect(7);
    assert!(
        other.err.contains("no es una llave de Chaski"),
        "{}",
        other.err
    );
    it.client.forget("CHASKI_SERVER_KEY");
    it.client.write("llave.txt", format!("{}\n", it.key));
    let path = it.client.path("llave.txt").display().to_string();
    it.client.set("CHASKI_SERVER_KEY_FILE", &path);
    it.client.run("ruc 20100070970").expect(0);
    let scope = it.client.run("dni 00000001").expect(7);
    assert!(
        scope.err.contains("no tiene el permiso «dni»"),
        "{}",
        scope.err
    );
    let mut last = it.client.run("ruc 20100070970");
    while last.code == 0 {
        last = it.client.run("ruc 20100070970");
    }
    assert_eq!(last.code, 6, "{}", last.shown());
    assert!(last.err.contains("peticiones por minuto"), "{}", last.err);
    it.client.set("CHASKI_SERVER_KEY_FILE", "no-hay");
    let missing = it.client.run("ruc 20100070970").expect(7);
    assert!(
        missing.err.contains("CHASKI_SERVER_KEY_FILE"),
        "{}",
        missing.err
    );
}

#[test]
fn a_key_is_kept_sealed() {
    let service = Service::new();
    let it = Keyed::new(&service, "");
    let typed = it
        .client
        .run(&format!("config set server_key {}", it.key))
        .expect(2);
    assert!(typed.err.contains("config set server_key") && !typed.err.contains(&it.key));
    let elsewhere = it.client.run(&format!("ruc {}", it.key)).expect(2);
    assert!(elsewhere.err.contains("config set server_key") && !elsewhere.err.contains(&it.key));
    let other = it
        .client
        .run_with_input("config set server_key", b"nope")
        .expect(2);
    assert!(other.err.contains("chk_live_"), "{}", other.err);
    it.client
        .run_with_input("config set server_key", it.key.as_bytes())
        .expect(0);
    let file = it.client.read(".config/chaski/chaski.toml");
    assert!(
        file.contains("sellado:") && !file.contains(&it.key),
        "{file}"
    );
    it.client.run("ruc 20100070970").expect(0);
    it.client.run("config check").expect(0);
    let shown = it.client.run("config show --origin").expect(0);
    assert!(shown.out.contains("server_key") && !shown.out.contains(&it.key));
}

#[test]
fn nothing_of_a_person_or_a_key_comes_back() {
    let service = Service::new();
    let mut it = Keyed::new(&service, "");
    it.client.set("CHASKI_SERVER_KEY", &it.key.clone());
    it.client.set("CHASKI_LOG", "trace");
    it.client
        .write("lista.csv", format!("RUC\n{DNI}\n20100070970\n"));
    for line in [
        "ruc 87654321 -vv",
        "ruc 20100070970 -vv",
        "dni 87654321 -vv",
        "dni 87654321 00000001 --motivo alta --format table -vv",
        "llamadas --numero 87654321 -vv",
        "ruc lote lista.csv -o r.csv -vv",
        "cuenta -vv",
        "config show -vv",
        "ruc 20100070970 --server http://127.0.0.1:1 -vv",
    ] {
        let ran = it.client.run(line);
        for text in [&ran.out, &ran.err] {
            assert!(!text.contains(&it.key), "{line}: the key in\n{text}");
            assert!(!text.contains(DNI), "{line}: the number in\n{text}");
        }
    }
    assert!(service.asked_since(0).iter().any(|number| number == DNI));
    let logs = it.home.read("banner");
    assert!(logs.contains("request_id"), "{logs}");
    let clean = |text: &[u8]| {
        let holds = |canary: &str| text.windows(canary.len()).any(|it| it == canary.as_bytes());
        !holds(&it.key) && !holds(DNI)
    };
    assert!(clean(logs.as_bytes()), "{logs}");
    for (path, bytes) in files_of(&it.home.data()) {
        assert!(clean(&bytes), "{}", path.display());
    }
    assert!(it.server.url.starts_with("http://127.0.0.1:"));
    assert!(!it.client.data().exists());
}

/// A failure ends alike with and without a server, and no code of the gateway is unknown here.
#[test]
fn every_code_has_its_exit_code() {
    use Failure as F;
    for failure in [
        F::Unauthorized,
        F::RateLimited { retry_after: None },
        F::QuotaSpent,
        F::OwnQuotaSpent,
        F::DaySpent {
            retry_after: std::time::Duration::from_hours(1),
        },
        F::BudgetSpent,
        F::Rejected,
        F::WrongPath,
        F::Unavailable { status: 503 },
        F::Unreachable,
        F::Broken,
        F::TimedOut,
        F::Garbled,
        F::Doubtful,
        F::TooLarge,
        F::Redirected,
        F::Unexpected { status: 299 },
        F::DeadlineExceeded { retry_after: None },
        F::LedgerDown,
        F::Internal,
    ] {
        let treatment = failure.treatment();
        let code = codes::find(treatment.code).expect(treatment.code);
        assert_eq!(code.exit_code, treatment.exit_code, "{}", code.name);
        assert_eq!(code.http_status, treatment.http_status, "{}", code.name);
    }
    let page = include_str!("../../../../docs/es/errores.md");
    let mut told = 0;
    for line in page.lines() {
        if let Some(code) = line.strip_prefix("| `") {
            let code = code.split('`').next().unwrap();
            told += 1;
            assert!(codes::find(code).is_some(), "{code} is not in the table");
        }
    }
    assert!(told > 100, "{told} codes found: too few");
}
