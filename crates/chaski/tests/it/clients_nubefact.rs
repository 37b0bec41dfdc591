//! Programs in other languages, written for Nubefact, against the sandbox: every form of the header, numbers
//! as numbers and as texts, and what each is told.

use std::process::Command;

use crate::cli_kit::Service;
use crate::clients::{folder, python_library, runs};

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

#[track_caller]
fn check(command: Option<Command>) {
    let Some(mut command) = command else {
        // Where nothing may be skipped, such as in `.ci/run`.
        assert!(
            option_env!("CHASKI_TEST_NO_SKIPS").is_none(),
            "node, or python3 with requests, is missing"
        );
        eprintln!("\n*** SKIPPED: no node, or no python3 with requests ***\n");
        return;
    };
    let service = Service::new();
    let ran = command
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("PYTHONIOENCODING", "utf-8")
        .env("NO_PROXY", "127.0.0.1")
        .env("NUBEFACT_RUTA", format!("{}/v1/{RUTA}", service.url()))
        .env("NUBEFACT_TOKEN", "prueba")
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&ran.stderr);
    assert_eq!(String::from_utf8_lossy(&ran.stdout), TOLD, "{errors}");
}

#[test]
fn a_python_program_issues() {
    check(python_library().map(|library| {
        let mut command = Command::new("python3");
        command
            .arg(folder().join("nubefact.py"))
            .env("PYTHONPATH", library);
        command
    }));
}

#[test]
fn a_node_program_issues() {
    check(runs(Command::new("node").arg("--version")).then(|| {
        let mut command = Command::new("node");
        command.arg(folder().join("nubefact.mjs"));
        command
    }));
}
