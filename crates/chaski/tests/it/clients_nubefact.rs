//! Programs in other languages, written for Nubefact, against the sandbox and through the gateway: every form
//! of the header, numbers as numbers and as texts, and what each is told. Nothing else than their ruta and
//! token changes.

use std::process::Command;

use chaski_sandbox::Decided;

use crate::cli_kit::{Place, Service};
use crate::cli_serve::Server;
use crate::clients::{folder, python_library, runs};

/// Who issues there.
const ISSUER: &str = "20603274742";
const RUTA: &str = "11111111-2222-3333-4444-555555555555";
/// What each program writes.
const TOLD: &str = "\
factura 1: HTTP 200, aceptada, número 1
factura 2: HTTP 200, aceptada, número 2
factura 3: HTTP 200, aceptada, número 3
factura 4: HTTP 200, aceptada, número 4
en texto: HTTP 200, aceptada, número 5
la misma: HTTP 400, código 23: Este documento ya existe en NubeFacT
mal sumada: HTTP 400, código 21: Error al PreValidar INFO : 3280 (nodo: total / valor: 75.010)
consulta: HTTP 200, aceptada, número 1
no existe: HTTP 400, código 24: El documento indicado no existe o no fue enviado a NubeFacT
anulación: HTTP 200, pendiente, número 1
su estado: HTTP 200, pendiente, número 1
pdf: HTTP 200, con contenido
xml: HTTP 200, con contenido
cdr: HTTP 200, con contenido
";

/// What is lost on the way to Nubefact while they work through the gateway, one request each.
const LOST: [&str; 4] = ["tras:500", "reset", "tras:502:html", "doble"];

#[track_caller]
fn check(command: impl Fn() -> Option<Command>) {
    let Some(mut direct) = command() else {
        // Where nothing may be skipped, such as in `.ci/run`.
        assert!(
            option_env!("CHASKI_TEST_NO_SKIPS").is_none(),
            "node, or python3 with requests, is missing"
        );
        eprintln!("\n*** SKIPPED: no node, or no python3 with requests ***\n");
        return;
    };
    // 1. Nubefact itself, as far as they know.
    let service = Service::new();
    let ruta = format!("{}/v1/{RUTA}", service.url());
    assert_eq!(said(&mut direct, &ruta, "prueba"), TOLD);
    // 2. The gateway, with answers of Nubefact's lost behind it.
    let service = Service::new();
    let ruta = format!("{}/v1/{RUTA}", service.url());
    let place = Place::asking(&service);
    let added = format!("empresas agregar {ISSUER} --ruta {ruta}");
    place.run_with_input(&added, b"token-de-prueba").expect(0);
    let made = place.run("llaves crear caja").expect(0).out;
    let key = made
        .split_whitespace()
        .find(|it| it.starts_with("chk_live_"));
    let key = key.unwrap_or_else(|| panic!("{made}"));
    let server = Server::start(&place);
    for fault in LOST {
        let fault = format!("{fault}@generar_comprobante x1");
        service.sandbox.fail(fault.parse().unwrap());
    }
    let mut through = command().expect("it ran a moment ago");
    let ruta = format!("{}/compat/nubefact/api/v1/{RUTA}", server.url);
    // Who has the number is said besides.
    let told = TOLD.replace(
        "existe en NubeFacT\nmal",
        "existe en NubeFacT: factura:FFF1-5 se recibió aquí antes, con otro contenido\nmal",
    );
    assert_eq!(said(&mut through, &ruta, key), told);
    // 3. One document each, by Nubefact's ledger.
    let entries = service.sandbox.nubefact_ledger(0).unwrap();
    let taken = entries.iter().filter(|it| it.decision == Decided::Aceptado);
    let mut taken: Vec<&str> = taken.filter_map(|it| it.comprobante.as_deref()).collect();
    taken.sort_unstable();
    assert_eq!(taken, ["FFF1-1", "FFF1-2", "FFF1-3", "FFF1-4", "FFF1-5"]);
    let left = service.sandbox.faults();
    assert!(left.is_empty(), "these struck nobody: {left:?}");
}

/// What a program writes that speaks with that ruta.
fn said(command: &mut Command, ruta: &str, token: &str) -> String {
    let ran = command
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("PYTHONIOENCODING", "utf-8")
        .env("NO_PROXY", "127.0.0.1")
        .env("NUBEFACT_RUTA", ruta)
        .env("NUBEFACT_TOKEN", token)
        .output()
        .unwrap();
    let out = String::from_utf8_lossy(&ran.stdout).into_owned();
    out + &String::from_utf8_lossy(&ran.stderr)
}

#[test]
fn a_python_program_issues() {
    check(|| {
        python_library().map(|library| {
            let mut command = Command::new("python3");
            command
                .arg(folder().join("nubefact.py"))
                .env("PYTHONPATH", library);
            command
        })
    });
}

#[test]
fn a_node_program_issues() {
    check(|| {
        runs(Command::new("node").arg("--version")).then(|| {
            let mut command = Command::new("node");
            command.arg(folder().join("nubefact.mjs"));
            command
        })
    });
}
