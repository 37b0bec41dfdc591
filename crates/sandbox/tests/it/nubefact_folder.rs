//! What is remembered in a folder: by the next process, by several at once, and by the one after a
//! process that was killed at any byte of what it wrote.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use chaski_sandbox::{Decided, NubefactConfig, StateSeal};
use serde_json::{Value, json};

use crate::nubefact_kit::{Nube, RUTA, TOKEN, about, boleta, credit_note, factura, with};

const BOOK: &str = "nubefact.ndjson";

fn open(folder: &Path) -> Nube {
    Nube::with(NubefactConfig::in_folder(folder))
}

#[test]
fn the_next_process_knows_what_the_last_one_did() {
    let folder = tempfile::tempdir().unwrap();
    let first = open(folder.path());
    let issued = first.done(&factura(1));
    first.done(&boleta(1));
    first.done(&about("generar_anulacion", &factura(1)));
    first
        .sandbox
        .move_clock(|now| now.checked_add(jiff::SignedDuration::from_hours(24)).ok())
        .unwrap();
    drop(first);

    let next = open(folder.path());
    assert_eq!(next.sandbox.now().to_string(), "2026-11-28T17:00:00Z");
    let asked = next.done(&about("consultar_comprobante", &factura(1)));
    assert_eq!(asked["anulado"], true);
    for key in ["codigo_hash", "key", "cadena_para_codigo_qr"] {
        assert_eq!(asked[key], issued[key]);
    }
    assert_eq!(
        next.done(&about("consultar_comprobante", &boleta(1)))["aceptada_por_sunat"],
        true
    );
    assert_eq!(next.refused(&factura(1)), (400, 23));
    let sequences: Vec<u64> = next
        .sandbox
        .nubefact_ledger(0)
        .unwrap()
        .iter()
        .map(|entry| entry.sequence)
        .collect();
    assert_eq!(sequences, [1, 2, 3, 4, 5, 6]);
    assert_eq!(next.sandbox.nubefact_ledger(4).unwrap().len(), 2);
}

#[test]
fn two_that_are_open_at_once_know_of_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (open(folder.path()), open(folder.path()));
    one.done(&factura(1));
    assert_eq!(other.refused(&factura(1)), (400, 23));
    other.done(&credit_note(1, 1));
    // What the other credited counts here too.
    assert_eq!(one.refused(&credit_note(2, 1)), (400, 21));
    other
        .sandbox
        .move_clock(|now| now.checked_add(jiff::SignedDuration::from_hours(96)).ok())
        .unwrap();
    assert_eq!(one.refused(&factura(2)), (400, 22));
    assert_eq!(one.sandbox.now(), other.sandbox.now());
}

#[test]
fn many_at_once_give_each_number_to_one() {
    const HANDLES: u32 = 6;
    const NUMBERS: u32 = 15;
    let folder = tempfile::tempdir().unwrap();
    let decided: Vec<(u16, u32)> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..HANDLES)
            .map(|_| {
                let path = folder.path();
                scope.spawn(move || {
                    let nube = open(path);
                    let answers = (1..=NUMBERS).map(|numero| {
                        let (status, answer) = nube.post(&factura(numero));
                        assert!(status == 200 || answer["codigo"] == 23, "{answer}");
                        (status, numero)
                    });
                    answers.collect::<Vec<_>>()
                })
            })
            .collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect()
    });
    let accepted: Vec<u32> = decided
        .iter()
        .filter(|(status, _)| *status == 200)
        .map(|(_, numero)| *numero)
        .collect();
    let distinct: BTreeSet<u32> = accepted.iter().copied().collect();
    assert_eq!((accepted.len(), distinct.len()), (15, 15));

    let entries = open(folder.path()).sandbox.nubefact_ledger(0).unwrap();
    let sequences: Vec<u64> = entries.iter().map(|entry| entry.sequence).collect();
    let expected: Vec<u64> = (1..=u64::from(HANDLES * NUMBERS)).collect();
    assert_eq!(sequences, expected, "without hole and without repetition");
    let taken = entries
        .iter()
        .filter(|entry| entry.decision == Decided::Aceptado);
    assert_eq!(taken.count(), 15);
}

/// Every length that the file can have when the process dies while it writes: up to the last whole
/// line everything is there, after it nothing is, and the next one goes on.
#[test]
fn a_process_killed_at_any_byte_leaves_what_was_answered() {
    let folder = tempfile::tempdir().unwrap();
    let nube = open(folder.path());
    let mut whole = vec![0];
    for numero in 1..=3 {
        nube.done(&factura(numero));
        whole.push(fs::read(folder.path().join(BOOK)).unwrap().len());
    }
    drop(nube);
    let full = fs::read(folder.path().join(BOOK)).unwrap();
    let key = fs::read(folder.path().join("nubefact.key")).unwrap();
    let torn = tempfile::tempdir().unwrap();
    fs::write(torn.path().join("nubefact.key"), &key).unwrap();
    for length in 0..=full.len() {
        // A new file each time: to truncate and write again is flushed to the disk by some systems.
        let _ = fs::remove_file(torn.path().join(BOOK));
        fs::write(torn.path().join(BOOK), &full[..length]).unwrap();
        let there = whole.iter().filter(|end| **end <= length).count() - 1;
        let nube = open(torn.path());
        assert_eq!(
            nube.sandbox.nubefact_ledger(0).unwrap().len(),
            there,
            "{length}"
        );
        // Beside the ends of lines, and here and there, it is also written on.
        let beside = whole.iter().any(|end| end.abs_diff(length) <= 2);
        if !beside && length % 499 != 0 {
            continue;
        }
        for numero in 1..=3 {
            let expected = if numero <= there { 400 } else { 200 };
            let numero = u32::try_from(numero).unwrap();
            assert_eq!(nube.post(&factura(numero)).0, expected, "{length} {numero}");
        }
        drop(nube);
        let entries = open(torn.path()).sandbox.nubefact_ledger(0).unwrap();
        let sequences: Vec<u64> = entries.iter().map(|entry| entry.sequence).collect();
        let expected: Vec<u64> = (1..=there as u64 + 3).collect();
        assert_eq!(sequences, expected, "{length}");
    }
}

/// A block of the last line that never reached the disk, though the length of the file did.
#[test]
fn a_last_line_of_zeros_is_no_line() {
    let folder = tempfile::tempdir().unwrap();
    open(folder.path()).done(&factura(1));
    let path = folder.path().join(BOOK);
    let first = fs::read(&path).unwrap();
    open(folder.path()).done(&factura(2));
    let mut full = fs::read(&path).unwrap();
    let last = full.len() - 1;
    full[first.len() + 40..last].fill(0);
    fs::write(&path, &full).unwrap();
    let nube = open(folder.path());
    assert_eq!(nube.sandbox.nubefact_ledger(0).unwrap().len(), 1);
    nube.done(&factura(2));
    // In the middle it is no crash: it is said, and nothing is cut off.
    let mut full = fs::read(&path).unwrap();
    full[60] ^= 1;
    fs::write(&path, &full).unwrap();
    let error = chaski_sandbox::Sandbox::new(chaski_sandbox::SandboxConfig {
        nubefact: NubefactConfig::in_folder(folder.path()),
        ..crate::kit::config()
    });
    let error = error.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidData);
    assert!(
        error.to_string().contains("the line at byte 0 is damaged"),
        "{error}"
    );
    assert_eq!(fs::read(&path).unwrap(), full);
}

#[test]
fn a_folder_that_is_emptied_is_an_empty_one() {
    let folder = tempfile::tempdir().unwrap();
    let nube = open(folder.path());
    nube.done(&factura(1));
    nube.done(&factura(2));
    fs::write(folder.path().join(BOOK), b"").unwrap();
    assert_eq!(
        nube.refused(&about("consultar_comprobante", &factura(1))),
        (400, 24)
    );
    nube.done(&factura(1));
    assert_eq!(nube.sandbox.nubefact_ledger(0).unwrap().len(), 2);
}

#[test]
fn nothing_personal_rests_in_clear() {
    let canaries = [
        "CANARIO DE PRUEBA",
        "00000002",
        "CALLE DEL CANARIO",
        "canario@example.com",
    ];
    let document = with(
        boleta(1),
        json!({
            "cliente_denominacion": canaries[0],
            "cliente_numero_de_documento": canaries[1],
            "cliente_direccion": canaries[2],
            "cliente_email": canaries[3],
        }),
    );
    let folder = tempfile::tempdir().unwrap();
    let nube = open(folder.path());
    let issued = nube.done(&document);
    assert!(
        issued["cadena_para_codigo_qr"]
            .as_str()
            .unwrap()
            .contains(canaries[1])
    );
    nube.done(&about("generar_anulacion", &document));
    nube.refused(&document);
    for file in fs::read_dir(folder.path()).unwrap() {
        let path = file.unwrap().path();
        let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
        for secret in canaries.iter().chain(&[TOKEN, RUTA]) {
            assert!(!text.contains(secret), "{secret} in {}", path.display());
        }
    }
    let line = fs::read_to_string(folder.path().join(BOOK)).unwrap();
    let first: Value = serde_json::from_str(line.lines().next().unwrap()).unwrap();
    assert_eq!(first["comprobante"], "BBB1-1");
    assert_eq!(first["decision"], "aceptado");
    assert_eq!(first["bytes_hash"].as_str().unwrap().len(), 64);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        for name in [BOOK, "nubefact.key", "nubefact.lock"] {
            let mode = fs::metadata(folder.path().join(name))
                .unwrap()
                .permissions()
                .mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
    }
}

/// The simplest seal there is; what matters is that it is the one that is used.
fn flipping(by: u8) -> StateSeal {
    let flip = move |bytes: &[u8]| bytes.iter().map(|b| b ^ by).collect::<Vec<u8>>();
    StateSeal {
        seal: Arc::new(move |plain| flip(&[b"chk".as_slice(), plain].concat())),
        open: Arc::new(move |sealed| {
            let plain = flip(sealed);
            plain.strip_prefix(b"chk").map(<[u8]>::to_vec)
        }),
    }
}

#[test]
fn the_programs_own_key_is_used_and_another_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let sealed_by = |by: u8| NubefactConfig {
        seal: Some(flipping(by)),
        ..NubefactConfig::in_folder(folder.path())
    };
    Nube::with(sealed_by(7)).done(&factura(1));
    assert!(!folder.path().join("nubefact.key").exists());
    assert_eq!(Nube::with(sealed_by(7)).refused(&factura(1)), (400, 23));
    let before = fs::read(folder.path().join(BOOK)).unwrap();
    let error = chaski_sandbox::Sandbox::new(chaski_sandbox::SandboxConfig {
        nubefact: sealed_by(8),
        ..crate::kit::config()
    });
    let error = error.unwrap_err().to_string();
    assert!(error.contains("sealed with another key"), "{error}");
    assert_eq!(fs::read(folder.path().join(BOOK)).unwrap(), before);
}

#[test]
fn a_folder_that_is_not_there_is_said_at_the_start() {
    let config = chaski_sandbox::SandboxConfig {
        nubefact: NubefactConfig::in_folder("/nonexistent/folder"),
        ..crate::kit::config()
    };
    let error = chaski_sandbox::Sandbox::new(config).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
}

#[test]
fn a_folder_that_cannot_be_read_any_more_answers_40_and_issues_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let nube = open(folder.path());
    nube.done(&factura(1));
    let path = folder.path().join(BOOK);
    let sane = fs::read(&path).unwrap();
    let damaged = [sane.as_slice(), b"{\"nada\":1,\"sum\":\"0\"}\n", b"{}\n"].concat();
    fs::write(&path, &damaged).unwrap();
    assert_eq!(nube.refused(&factura(2)), (500, 40));
    fs::write(&path, &sane).unwrap();
    nube.done(&factura(2));
}
