//! What goes on record when memory answers, and how refusals are called there.

use chaski_client::{Ask, Settings};
use uuid::Uuid;

use crate::kit::{KNOWN, UNKNOWN, World, ruc, world};

fn recording() -> World {
    let settings = Settings {
        record_hits: true,
        ..Settings::default()
    };
    World::new(settings, |_| {})
}

#[tokio::test(start_paused = true)]
async fn an_explicit_refusal_is_not_a_success() {
    let world = recording();
    for number in [UNKNOWN, KNOWN] {
        for _ in 0..2 {
            let _ = world.ask(number).await;
        }
        // Out of the ledger, as after a restart.
        let migo = world.restarted(world.migo.engine().settings().clone());
        let _ = migo.ruc(&ruc(number), &Ask::default()).await;
    }
    assert_eq!(
        world.rows(),
        [
            "NOT_FOUND MISS 1",
            "NOT_FOUND REFUSED 0",
            "NOT_FOUND REFUSED 0",
            "SUCCESS MISS 1",
            "SUCCESS HIT 0",
            "SUCCESS HIT 0",
        ]
    );
    assert_eq!(world.ledger.calls()[0].http_status, Some(404));
}

#[tokio::test(start_paused = true)]
async fn a_batch_call_is_a_success_and_its_hits_are_on_record() {
    let world = recording();
    let numbers = [ruc(KNOWN), ruc(UNKNOWN), ruc(KNOWN)];
    for _ in 0..2 {
        world.migo.rucs(&numbers, &Ask::default()).all().await;
    }
    let migo = world.restarted(world.migo.engine().settings().clone());
    migo.rucs(&numbers, &Ask::default()).all().await;
    assert_eq!(
        world.rows(),
        [
            "SUCCESS MISS 1",
            "SUCCESS HIT 0",
            "NOT_FOUND REFUSED 0",
            "SUCCESS HIT 0",
            "NOT_FOUND REFUSED 0",
        ]
    );
    let calls = world.ledger.calls();
    assert_eq!((calls[0].items, calls[0].key.subject.as_str()), (2, ""));
    assert_eq!((calls[1].items, calls[1].key.subject.as_str()), (1, KNOWN));
}

/// Whoever waits for another's call is on record too: with personal data, each who saw it counts.
#[tokio::test(start_paused = true)]
async fn whoever_shares_a_call_is_on_record() {
    let world = recording();
    let asks = ["caja", "ventas", "web"].map(Ask::by);
    for number in [KNOWN, UNKNOWN] {
        let number = ruc(number);
        let together = asks.iter().map(|ask| world.migo.ruc(&number, ask));
        futures_util::future::join_all(together).await;
    }
    assert_eq!(
        world.rows(),
        [
            "SUCCESS MISS 1",
            "SUCCESS SHARED 0",
            "SUCCESS SHARED 0",
            "NOT_FOUND MISS 1",
            "NOT_FOUND SHARED 0",
            "NOT_FOUND SHARED 0",
        ]
    );
    let who: Vec<_> = world
        .ledger
        .calls()
        .into_iter()
        .map(|it| it.asked_by)
        .collect();
    assert_eq!(who, ["caja", "ventas", "web", "caja", "ventas", "web"]);
}

#[tokio::test(start_paused = true)]
async fn a_batch_with_a_name_keeps_its_own_results() {
    let world = recording();
    let ask = Ask {
        batch: Some(Uuid::from_u128(7)),
        ..Ask::by("cli")
    };
    for _ in 0..2 {
        world.migo.rucs(&[ruc(KNOWN)], &ask).all().await;
    }
    assert_eq!(world.rows(), ["SUCCESS MISS 1"]);
    let call = &world.ledger.calls()[0];
    assert_eq!((call.batch, call.asked_by.as_str()), (ask.batch, "cli"));
}

#[tokio::test(start_paused = true)]
async fn hits_are_not_on_record_unless_asked_for() {
    let world = world();
    for number in [KNOWN, UNKNOWN, KNOWN, UNKNOWN] {
        let _ = world.ask(number).await;
    }
    world.migo.rucs(&[ruc(KNOWN)], &Ask::default()).all().await;
    assert_eq!(world.rows(), ["SUCCESS MISS 1", "NOT_FOUND MISS 1"]);
    let stats = world.migo.engine().stats();
    let sent = world.migo.line().stats().calls;
    assert_eq!((stats.hits, stats.misses, sent), (3, 2, 2));
}
