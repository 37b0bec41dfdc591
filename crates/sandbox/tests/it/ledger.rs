//! The ledger: complete, in order, without tokens, on disk before the answer, bounded in memory.

use chaski_sandbox::{Operation, Sandbox, SandboxConfig};
use http::Method;
use serde_json::Value;

use crate::kit::{ask, bare, config, json, sandbox, status, v1, v2};

const TOKEN: &str = "no-debe-guardarse";

fn play(sandbox: &Sandbox) {
    let requests = [
        json(
            "ruc/collection",
            &format!(r#"{{"token":"{TOKEN}","ruc":["20100070970","20131312955"]}}"#),
        ),
        bare(Method::GET, "/api/v2/dni/00000001", Some(TOKEN)),
        bare(
            Method::POST,
            &format!("/api/v1/exchange/date?token={TOKEN}&fecha=2026-01-28"),
            None,
        ),
        bare(Method::GET, "/nada", Some(TOKEN)),
        v1("exchange", "fecha_inicio=2026-01-26&fecha_fin=2026-01-28"),
        v1(
            "cpe",
            "ruc_emisor=20100070970&tipo_comprobante=01&serie=F001&numero=1&fecha_emision=01/01/2026&monto=1.00",
        ),
    ];
    for request in requests {
        ask(sandbox, request).unwrap();
    }
}

#[test]
fn every_request_is_written_down_with_what_it_asked() {
    let sandbox = sandbox();
    play(&sandbox);
    let ledger = sandbox.ledger();
    let rows: Vec<Value> = ledger
        .iter()
        .map(|entry| serde_json::to_value(entry).unwrap())
        .collect();
    let expected: Vec<Value> = include_str!("../golden/ledger.ndjson")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(rows, expected);
    assert_eq!(
        (
            sandbox.count(Operation::Collection),
            sandbox.charged(),
            sandbox.last_sequence()
        ),
        (1, 5, 6)
    );
    assert_eq!(sandbox.ledger_since(4).len(), 2);
}

#[test]
fn neither_tokens_nor_personal_numbers_can_be_printed() {
    let sandbox = sandbox();
    play(&sandbox);
    ask(&sandbox, v2("ruc/10123456781")).unwrap();
    let debug = format!("{:?} {sandbox:?} {:?}", sandbox.ledger(), config());
    let json = serde_json::to_string(&sandbox.ledger()).unwrap();
    assert!(!debug.contains(TOKEN) && !json.contains(TOKEN));
    assert!(
        !debug.contains("00000001") && !debug.contains("10123456781"),
        "{debug}"
    );
    assert!(debug.contains("00****01") && debug.contains("20100070970"));
    assert!(
        json.contains("00000001"),
        "the ledger itself holds what was asked"
    );
}

#[test]
fn clearing_forgets_but_never_reuses_a_sequence() {
    let sandbox = sandbox();
    play(&sandbox);
    sandbox.clear();
    assert_eq!(
        (
            sandbox.ledger().len(),
            sandbox.charged(),
            sandbox.count(Operation::Dni)
        ),
        (0, 0, 0)
    );
    status(&sandbox, v2("ruc/20100070970"));
    assert_eq!(sandbox.ledger()[0].sequence, 7);
    assert_eq!(sandbox.ledger_since(6).len(), 1);
}

#[test]
fn the_file_has_each_line_before_the_answer_and_is_appended_to() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.ndjson");
    let open = || {
        Sandbox::new(SandboxConfig {
            ledger_file: Some(path.clone()),
            ..config()
        })
        .unwrap()
    };
    let sandbox = open();
    for expected in 1..=3 {
        status(&sandbox, v2("ruc/20100070970"));
        // Read while the sandbox is alive: what a killed process would have left.
        assert_eq!(
            std::fs::read_to_string(&path).unwrap().lines().count(),
            expected
        );
    }
    play(&open());
    let text = std::fs::read_to_string(&path).unwrap();
    let sequences: Vec<u64> = text
        .lines()
        .map(|line| {
            serde_json::from_str::<Value>(line).unwrap()["sequence"]
                .as_u64()
                .unwrap()
        })
        .collect();
    assert_eq!(sequences, [1, 2, 3, 1, 2, 3, 4, 5, 6]);
    assert!(!text.contains(TOKEN));
}

#[test]
fn a_file_that_cannot_be_opened_is_said_at_the_start() {
    let config = SandboxConfig {
        ledger_file: Some("/nonexistent/folder/ledger.ndjson".into()),
        ..config()
    };
    assert_eq!(
        Sandbox::new(config).unwrap_err().kind(),
        std::io::ErrorKind::NotFound
    );
}

#[test]
fn memory_is_bounded_and_counters_stay_exact() {
    let sandbox = Sandbox::new(SandboxConfig {
        ledger_capacity: 10,
        ..config()
    })
    .unwrap();
    for _ in 0..20 {
        status(&sandbox, v2("ruc/20100070970"));
    }
    let kept: Vec<u64> = sandbox
        .ledger()
        .iter()
        .map(|entry| entry.sequence)
        .collect();
    assert_eq!(kept, [16, 17, 18, 19, 20]);
    assert_eq!((sandbox.count(Operation::Ruc), sandbox.charged()), (20, 20));
}

#[test]
fn hostile_subjects_are_cut_short() {
    let sandbox = sandbox();
    status(&sandbox, v1("ruc", &format!("ruc={}", "ñ".repeat(500))));
    assert_eq!(sandbox.ledger()[0].subjects[0].len(), 64);
}
