//! Losses are enumerated, not sampled: every way in which one look-up can go.

use std::time::Duration;

use chaski_client::Settings;

use crate::kit::{KNOWN, World, paused, word};

/// What the upstream does to one attempt, and what the audit calls it.
const KINDS: [(&str, &str); 7] = [
    ("ok", "SUCCESS"),
    ("reset", "conexion_interrumpida"),
    ("cerrar", "conexion_interrumpida"),
    ("500", "proveedor_no_disponible"),
    ("429", "limite_de_velocidad"),
    ("html", "respuesta_ilegible"),
    ("goteo:1s", "tiempo_agotado"),
];
const ATTEMPTS: usize = 4;

/// All sequences of up to four kinds.
fn sequences() -> Vec<Vec<usize>> {
    let mut all = vec![vec![]];
    let mut last = vec![vec![]];
    for _ in 0..ATTEMPTS {
        last = last
            .iter()
            .flat_map(|sequence: &Vec<usize>| {
                (0..KINDS.len()).map(|kind| [sequence.as_slice(), &[kind]].concat())
            })
            .collect();
        all.extend(last.clone());
    }
    all
}

/// What must be on record: each kind up to the first success, which comes of itself when the
/// sequence ends before the attempts do.
fn expected(sequence: &[usize]) -> Vec<&'static str> {
    let faults = sequence.iter().take_while(|kind| **kind != 0);
    let mut rows: Vec<_> = faults.map(|kind| KINDS[*kind].1).collect();
    if rows.len() < ATTEMPTS {
        rows.push("SUCCESS");
    }
    rows
}

#[test]
fn every_sequence_of_losses_ends_in_one_answer_or_one_typed_error() {
    let all = sequences();
    assert_eq!(all.len(), 1 + 7 + 49 + 343 + 2_401);
    paused(async {
        for sequence in all {
            let settings = Settings {
                max_attempts: 4,
                attempt_timeout: Duration::from_secs(2),
                ..Settings::default()
            };
            let world = World::new(settings, |_| {});
            for kind in sequence.iter().take_while(|kind| **kind != 0) {
                world.fail(&format!("{}@ruc x1", KINDS[*kind].0));
            }
            let outcome = world.ask(KNOWN).await;
            world.migo.engine().idle().await;

            let rows = expected(&sequence);
            // Limits in a row make the account be asked, which is free.
            let calls = world.ledger.calls().into_iter();
            let calls: Vec<_> = calls.filter(|it| it.key.operation == "ruc").collect();
            let found: Vec<_> = calls.iter().map(|call| call.outcome).collect();
            assert_eq!(found, rows, "{sequence:?}");
            // Beside every send a row, and no row without a send.
            assert_eq!(world.asked(), rows.len() as u64, "{sequence:?}");
            assert_eq!(world.ledger.spent("migo", "2026-01"), rows.len() as u64);
            assert!(calls.iter().all(|call| call.lookup == calls[0].lookup));
            match outcome {
                Ok(found) => {
                    assert_eq!(rows.last(), Some(&"SUCCESS"), "{sequence:?}");
                    assert_eq!(found.value.ruc.as_str(), KNOWN);
                }
                Err(error) => {
                    assert_eq!(rows.last(), Some(&error.code()), "{sequence:?}");
                    assert!(error.is_retryable() && !error.is_not_found());
                    assert_eq!(error.attempts(), 4);
                }
            }
            // A second question costs nothing after an answer, and one call after an error.
            world.sandbox.heal();
            let before = world.asked();
            tokio::time::sleep(Duration::from_secs(20)).await;
            let again = world.ask(KNOWN).await;
            assert_eq!(word(&again), "ok");
            let more = u64::from(rows.last() != Some(&"SUCCESS"));
            assert_eq!(world.asked() - before, more);
        }
    });
}
