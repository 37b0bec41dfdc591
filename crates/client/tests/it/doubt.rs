//! Refusals in a row: believed when a number that exists is known, taken back when it is not.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use chaski_client::{
    Ask, Clock, DniQuery, Ledger, Lookup, MemoryLedger, Migo, RucQuery, Settings, Transport,
    TransportError,
};
use chaski_core::Ruc;
use futures_util::future::{BoxFuture, join_all};
use http::{Request, Response};
use tokio::time::sleep;

use crate::kit::{KNOWN, companies, paused, response, ruc, start, truth, word, world};

/// Says "no" to everything until it is mended; then to some numbers only.
struct Denier {
    mended: Mutex<Option<HashSet<String>>>,
    collection: &'static str,
    checks: AtomicUsize,
    sent: AtomicUsize,
}

const NO: &str = r#"{"success":false,"message":"RUC no encontrado"}"#;

impl Denier {
    fn new(collection: &'static str) -> Arc<Denier> {
        Arc::new(Denier {
            mended: Mutex::default(),
            collection,
            checks: AtomicUsize::new(0),
            sent: AtomicUsize::new(0),
        })
    }

    fn mend(&self, unknown: &[Ruc]) {
        let unknown = unknown.iter().map(|it| it.as_str().to_owned());
        *self.mended.lock().unwrap() = Some(unknown.collect());
    }

    fn of(&self, ruc: &str) -> String {
        match &*self.mended.lock().unwrap() {
            Some(unknown) if !unknown.contains(ruc) => {
                format!(r#"{{"success":true,"ruc":"{ruc}","nombre_o_razon_social":"N {ruc}"}}"#)
            }
            _ => format!(r#"{{"success":false,"ruc":"{ruc}","message":"RUC no encontrado"}}"#),
        }
    }

    fn answer(&self, request: &Request<Bytes>) -> Response<Bytes> {
        self.sent.fetch_add(1, Ordering::Relaxed);
        let body: serde_json::Value = serde_json::from_slice(request.body()).unwrap();
        match &body["ruc"] {
            serde_json::Value::Array(_) if self.collection == "refuses" => response(404, &[], NO),
            serde_json::Value::Array(_) if self.collection == "omits" => response(200, &[], "[]"),
            serde_json::Value::Array(many) => {
                let items: Vec<_> = many
                    .iter()
                    .map(|it| self.of(it.as_str().unwrap()))
                    .collect();
                response(200, &[], &format!("[{}]", items.join(",")))
            }
            serde_json::Value::String(one) => {
                if one == KNOWN {
                    self.checks.fetch_add(1, Ordering::Relaxed);
                }
                let body = self.of(one);
                let status = if body.contains("no encontrado") {
                    404
                } else {
                    200
                };
                response(status, &[], &body)
            }
            _ => response(
                404,
                &[],
                r#"{"success":false,"message":"DNI no encontrado"}"#,
            ),
        }
    }
}

impl Transport for Denier {
    fn send(
        &self,
        request: Request<Bytes>,
        _: usize,
    ) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>> {
        Box::pin(async move {
            sleep(Duration::from_millis(20)).await;
            Ok(self.answer(&request))
        })
    }
}

fn before(denier: &Arc<Denier>) -> (Migo, Arc<MemoryLedger>) {
    within(denier, Settings::default())
}

fn within(denier: &Arc<Denier>, settings: Settings) -> (Migo, Arc<MemoryLedger>) {
    let ledger = Arc::new(MemoryLedger::new());
    let migo = Migo::builder("token")
        .settings(settings)
        .clock(Clock::starting_at(start()))
        .transport(denier.clone())
        .ledger(ledger.clone())
        .build()
        .unwrap();
    (migo, ledger)
}

async fn remembered(ledger: &MemoryLedger, rucs: &[Ruc]) -> usize {
    let keys: Vec<_> = rucs.iter().map(|ruc| RucQuery(*ruc).key()).collect();
    ledger
        .recall(&keys)
        .await
        .unwrap()
        .into_iter()
        .flatten()
        .count()
}

fn count<A>(
    outcomes: &[Result<chaski_client::Found<A>, chaski_client::Error>],
    code: &str,
) -> usize {
    outcomes.iter().filter(|it| word(it) == code).count()
}

/// Lists of all lengths, whatever the collection does: nobody is said not to exist, nothing is
/// remembered; mended, the same list is right.
#[test]
fn h01_a_list_that_is_denied_as_a_whole_is_not_believed() {
    for collection in ["items", "refuses", "omits"] {
        for length in [3, 7, 100, 101, 102, 201, 300] {
            paused(async {
                let denier = Denier::new(collection);
                let (migo, ledger) = before(&denier);
                let rucs = companies(length);
                let outcomes = migo.rucs(&rucs, &Ask::default()).all().await;
                let doubtful = count(&outcomes, "respuesta_dudosa");
                assert_eq!(doubtful, length, "{collection} {length}");
                assert_eq!(remembered(&ledger, &rucs).await, 0);
                let checks = denier.checks.load(Ordering::Relaxed);
                assert!((1..=3).contains(&checks), "{collection} {length}: {checks}");
                // Mended, but for two that really do not exist.
                denier.mend(&rucs[1..3]);
                let outcomes = migo.rucs(&rucs, &Ask::default()).all().await;
                assert_eq!(count(&outcomes, "ok"), length - 2, "{collection} {length}");
                assert_eq!(count(&outcomes, "no_encontrado"), 2);
                assert_eq!(remembered(&ledger, &rucs).await, length);
            });
        }
    }
}

/// Single look-ups one after the other: the first two are believed, and taken back with the third.
#[tokio::test(start_paused = true)]
async fn h01_the_third_refusal_in_a_row_is_doubted_and_the_first_two_are_taken_back() {
    let denier = Denier::new("items");
    let (migo, ledger) = before(&denier);
    let rucs = companies(8);
    let ask = Ask::default();
    for (at, number) in rucs.iter().enumerate() {
        let code = word(&migo.ruc(number, &ask).await);
        let expected = if at < 2 {
            "no_encontrado"
        } else {
            "respuesta_dudosa"
        };
        assert_eq!(code, expected, "{at}");
        let kept = remembered(&ledger, &rucs).await;
        assert_eq!(kept, if at < 2 { at + 1 } else { 0 });
    }
    // For a moment nothing more was asked about it.
    assert_eq!(denier.checks.load(Ordering::Relaxed), 1);
    // Neither the ledger nor the process remembers the first one.
    denier.mend(&[]);
    assert_eq!(word(&migo.ruc(&rucs[0], &ask).await), "ok");
    // The record says what was said.
    let said: Vec<_> = ledger.calls().iter().map(|call| call.outcome).collect();
    assert_eq!(said.iter().filter(|it| **it == "NOT_FOUND").count(), 9);
    assert_eq!(ledger.spent("migo", "2026-01"), 10);
}

/// Fifty at once: one check, and nobody beyond the first two hears that he does not exist.
#[tokio::test(start_paused = true)]
async fn h01_many_at_once_share_one_check() {
    let denier = Denier::new("items");
    let (migo, ledger) = before(&denier);
    let rucs = companies(50);
    let ask = Ask::default();
    let outcomes = join_all(rucs.iter().map(|it| migo.ruc(it, &ask))).await;
    assert!(count(&outcomes, "no_encontrado") <= 2);
    assert_eq!(
        count(&outcomes, "no_encontrado") + count(&outcomes, "respuesta_dudosa"),
        50
    );
    assert_eq!(denier.checks.load(Ordering::Relaxed), 1);
    assert_eq!(remembered(&ledger, &rucs).await, 0);
}

/// The check decides about what is paid for already, so it does not queue behind what is not.
#[tokio::test(start_paused = true)]
async fn h04_a_check_goes_past_those_that_wait_for_a_place() {
    for concurrency in [1, 2, 5] {
        let denier = Denier::new("items");
        let rucs = companies(200);
        denier.mend(&rucs);
        let crowded = Settings {
            concurrency,
            deadline: Duration::from_millis(300),
            ..Settings::default()
        };
        let (migo, ledger) = within(&denier, crowded);
        let ask = Ask::default();
        let outcomes = join_all(rucs.iter().map(|it| migo.ruc(it, &ask))).await;
        migo.engine().idle().await;
        assert_eq!(count(&outcomes, "respuesta_dudosa"), 0, "{concurrency}");
        assert!(count(&outcomes, "no_encontrado") >= 10 * concurrency);
        let checks = denier.checks.load(Ordering::Relaxed);
        let paid = denier.sent.load(Ordering::Relaxed) - checks;
        assert_eq!(remembered(&ledger, &rucs).await, paid, "{concurrency}");
    }
}

/// DNIs have no number that all know: the RUC says whether the upstream is in its senses.
#[tokio::test(start_paused = true)]
async fn h01_persons_too() {
    let denier = Denier::new("items");
    let (migo, ledger) = before(&denier);
    let dnis: Vec<_> = (1..=20)
        .map(|n| format!("{n:08}").parse().unwrap())
        .collect();
    let outcomes = migo.dnis(&dnis, &Ask::default()).await;
    assert_eq!(count(&outcomes, "respuesta_dudosa"), 20);
    let keys: Vec<_> = dnis.iter().map(|it| DniQuery(*it).key()).collect();
    assert!(
        ledger
            .recall(&keys)
            .await
            .unwrap()
            .iter()
            .all(Option::is_none)
    );
}

/// Numbers that really do not exist are believed after one call more; good answers need none.
#[test]
fn a_list_of_unknown_numbers_costs_one_call_more() {
    for length in [1, 2, 3, 50, 100] {
        paused(async {
            let denier = Denier::new("items");
            let rucs = companies(length);
            denier.mend(&rucs);
            let (migo, ledger) = before(&denier);
            let outcomes = migo.rucs(&rucs, &Ask::default()).all().await;
            assert_eq!(count(&outcomes, "no_encontrado"), length);
            let sent = if length < 3 { 1 } else { 2 };
            assert_eq!(denier.sent.load(Ordering::Relaxed), sent, "{length}");
            assert_eq!(ledger.calls().len(), sent);
            assert_eq!(remembered(&ledger, &rucs).await, length);
        });
    }
    // Many times as many: a check covers as many again.
    paused(async {
        let denier = Denier::new("items");
        let rucs = companies(2_000);
        denier.mend(&rucs);
        let (migo, _) = before(&denier);
        let outcomes = migo.rucs(&rucs, &Ask::default()).all().await;
        assert_eq!(count(&outcomes, "no_encontrado"), 2_000);
        let checks = denier.checks.load(Ordering::Relaxed);
        assert!(checks <= 6, "{checks}");
    });
}

/// What a good check covers ends: an upstream that falls ill later is found out.
#[tokio::test(start_paused = true)]
async fn a_check_covers_as_many_again_and_ends() {
    let denier = Denier::new("items");
    let all = companies(320);
    let (unknown, healthy) = all.split_at(20);
    denier.mend(unknown);
    let (migo, ledger) = before(&denier);
    let ask = Ask::default();
    for number in unknown {
        assert_eq!(word(&migo.ruc(number, &ask).await), "no_encontrado");
    }
    // At 3, 7 and 15.
    assert_eq!(denier.checks.load(Ordering::Relaxed), 3);
    *denier.mended.lock().unwrap() = None;
    let outcomes = migo.rucs(healthy, &ask).all().await;
    assert_eq!(count(&outcomes, "respuesta_dudosa"), 300);
    assert_eq!(remembered(&ledger, healthy).await, 0);
    // Those that were checked stay.
    assert!(remembered(&ledger, unknown).await >= 14);
}

/// A good answer in between ends a row, and usual lists are not checked at all.
#[tokio::test(start_paused = true)]
async fn a_good_answer_ends_a_row() {
    let world = world();
    let ask = Ask::default();
    let all = companies(300);
    let names = truth(&all).await;
    let with = |exists: bool| {
        let wanted = all.iter().zip(&names);
        wanted
            .filter(move |(_, name)| name.is_some() == exists)
            .map(|(ruc, _)| ruc)
    };
    for (nobody, known) in with(false).zip(with(true)).take(3) {
        assert_eq!(word(&world.migo.ruc(nobody, &ask).await), "no_encontrado");
        world.migo.ruc(known, &ask).await.unwrap();
    }
    assert_eq!(world.checks(), 0);
    let list = world.migo.rucs(&all, &ask).all().await;
    assert!(count(&list, "no_encontrado") > 0);
    assert_eq!(world.checks(), 0);
    assert!(ruc(KNOWN).as_str() == Migo::KNOWN_RUC);
}
