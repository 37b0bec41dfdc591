//! Programs in other languages, written for APIMIGO, that ask Chaski instead: the same output, and
//! nothing else than their address and token changes.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tokio::runtime::Runtime;

use crate::cli_kit::{Place, Service};
use crate::cli_serve::Server;

/// The library that the Python program needs, and what that one needs.
const REQUESTS: [&str; 5] = [
    "requests==2.32.5",
    "urllib3==2.5.0",
    "idna==3.10",
    "certifi==2025.8.3",
    "charset-normalizer==3.4.3",
];

/// A program as its author runs it.
struct Client {
    program: &'static str,
    script: &'static str,
    library: Option<PathBuf>,
}

impl Client {
    /// Output and exit code against an address, with a token.
    #[track_caller]
    fn run(&self, url: &str, token: &str) -> (String, Option<i32>) {
        let mut command = Command::new(self.program);
        if let Some(library) = &self.library {
            command.env("PYTHONPATH", library);
        }
        let ran = command
            .arg(folder().join(self.script))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("NO_PROXY", "127.0.0.1")
            .env("MIGO_URL", url)
            .env("MIGO_TOKEN", token)
            .output()
            .unwrap();
        let mut text = String::from_utf8(ran.stdout).unwrap();
        text.push_str(&String::from_utf8(ran.stderr).unwrap());
        (text, ran.status.code())
    }
}

#[test]
fn a_python_client_notices_no_difference() {
    let library = python_library();
    check(library.map(|library| Client {
        program: "python3",
        script: "migo.py",
        library: Some(library),
    }));
}

#[test]
fn a_node_client_notices_no_difference() {
    let there = runs(Command::new("node").arg("--version"));
    check(there.then_some(Client {
        program: "node",
        script: "migo.mjs",
        library: None,
    }));
}

#[track_caller]
fn check(client: Option<Client>) {
    let Some(client) = client else {
        // Where nothing may be skipped, such as in `.ci/run`.
        assert!(
            option_env!("CHASKI_TEST_NO_SKIPS").is_none(),
            "node, or python3 with requests, is missing"
        );
        eprintln!("\n*** SKIPPED: no node, or no python3 with {REQUESTS:?} ***\n");
        return;
    };
    let service = Service::with(|config| config.rejected_tokens = vec!["malo".to_owned()]);
    let mut place = Place::asking(&service);
    // The sandbox behind a test key answers as the one that stands for the upstream.
    place.set("CHASKI_SANDBOX_SEED", "7");
    let direct = client.run(&service.url(), "prueba");
    assert_eq!(direct.1, Some(0), "{}", direct.0);
    assert_eq!(direct.0.lines().count(), 22, "{}", direct.0);
    for way in ["--prueba", "--permisos consultas,dni"] {
        let key = place
            .run(&format!("llaves crear caja {way} -q"))
            .expect(0)
            .out;
        let key = key.trim();
        let server = Server::start(&place);
        let url = format!("{}/compat/migo/api", server.url);
        assert_eq!(client.run(&url, key), direct, "first run, {way}");
        let first = sent(&server.url);
        assert!(first > 0, "the first run asks, {way}");
        assert_eq!(client.run(&url, key), direct, "second run, {way}");
        assert_eq!(sent(&server.url), first, "the second asks nothing, {way}");
        // A token that is none is told as the upstream tells it.
        let wrong = client.run(&url, "malo");
        assert_eq!(wrong, client.run(&service.url(), "malo"), "{way}");
        assert_eq!(wrong, ("token rechazado (HTTP 401)\n".to_owned(), Some(1)));
        assert_eq!(server.terminate(), Some(0));
        check_record(&place, key, first);
    }
}

/// Calls sent to an upstream so far, as the metrics tell.
fn sent(url: &str) -> u64 {
    let text = Runtime::new().unwrap().block_on(async {
        let answer = reqwest::get(format!("{url}/metrics")).await.unwrap();
        answer.text().await.unwrap()
    });
    let counters = text
        .lines()
        .filter(|line| line.starts_with("chaski_upstream_requests_total{"));
    counters
        .map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap())
        .sum()
}

/// What was sent is on record under the key, and what memory answered too.
#[track_caller]
fn check_record(place: &Place, key: &str, first: u64) {
    let prefix = key.split('_').nth(2).unwrap();
    let side = if key.starts_with("chk_test_") {
        "--sandbox"
    } else {
        "--real"
    };
    let line = format!("llamadas {side} --quien llave:{prefix} --limite 1000 --format ndjson");
    let calls = place.run(&line).expect(0).objects();
    let of = |cache: &str| calls.iter().filter(|it| it["cache"] == cache).count() as u64;
    assert_eq!(of("MISS"), first, "{calls:?}");
    assert!(of("HIT") + of("REFUSED") > 2 * first, "{calls:?}");
}

pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ejemplos/clientes")
}

/// A folder to put on Python's path: one that already works, or one that pip fills now.
pub(crate) fn python_library() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("python-requests-2.32.5");
    let works = || {
        runs(
            Command::new("python3")
                .args([
                    "-c",
                    "import requests; assert requests.__version__ == '2.32.5'",
                ])
                .env("PYTHONPATH", &folder),
        )
    };
    if works() {
        return Some(folder);
    }
    let mut install = Command::new("python3");
    install
        .args(["-m", "pip", "install", "--quiet", "--no-deps"])
        .args(["--disable-pip-version-check", "--root-user-action=ignore"])
        .args([
            "--only-binary",
            ":all:",
            "--retries",
            "0",
            "--timeout",
            "10",
        ])
        .arg("--target")
        .arg(&folder)
        .args(REQUESTS);
    (runs(&mut install) && works()).then_some(folder)
}

pub(crate) fn runs(command: &mut Command) -> bool {
    let ran = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    ran.is_ok_and(|status| status.success())
}
