//! The same question asked by many at once is one call, whatever becomes of the askers.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use chaski_client::{
    Ask, CacheDecision, Decoded, Failure, Key, Lookup, RawAnswer, Settings, Source, TimesToLive,
    Upstream,
};
use chaski_sandbox::{Latency, Operation};
use futures_util::future::join_all;
use http::Request;
use jiff::Timestamp;
use tokio::time::{Instant, sleep, timeout};

use crate::kit::{KNOWN, Scripted, UNKNOWN, World, engine, response, ruc, word};

fn slow(millis: u64) -> World {
    World::new(Settings::default(), |config| {
        config.latency = Latency::Fixed(Duration::from_millis(millis));
    })
}

#[tokio::test(start_paused = true)]
async fn a_thousand_equal_questions_cost_one_call() {
    for number in [KNOWN, UNKNOWN] {
        let world = slow(100);
        let outcomes = join_all((0..1_000).map(|_| world.ask(number))).await;
        assert_eq!(world.asked(), 1);
        assert_eq!(world.ledger.calls().len(), 1);
        assert_eq!(world.ledger.spent("migo", "2026-01"), 1);
        let first = word(&outcomes[0]);
        assert!(outcomes.iter().all(|outcome| word(outcome) == first));
        assert_eq!(world.migo.engine().stats().shared, 999);
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_is_shared_and_not_asked_again_by_each() {
    let world = slow(100);
    world.fail("403");
    let outcomes = join_all((0..1_000).map(|_| world.ask(KNOWN))).await;
    assert_eq!(world.asked(), 1);
    assert!(
        outcomes
            .iter()
            .all(|it| word(it) == "proveedor_no_autorizado")
    );
}

#[tokio::test(start_paused = true)]
async fn the_first_asker_may_leave() {
    let world = slow(100);
    // Dropped half way.
    let first = timeout(Duration::from_millis(50), world.ask(KNOWN));
    let (first, others) = tokio::join!(first, async {
        sleep(Duration::from_millis(20)).await;
        join_all((0..10).map(|_| world.ask(KNOWN))).await
    });
    assert!(first.is_err());
    assert!(others.iter().all(Result::is_ok));
    assert_eq!(world.asked(), 1);

    // Alone, and aborted: the answer was paid for and is in memory.
    let other = "20100070970";
    let migo = world.migo.clone();
    let task = tokio::spawn(async move { migo.ruc(&ruc(other), &Ask::default()).await });
    sleep(Duration::from_millis(10)).await;
    task.abort();
    world.migo.engine().idle().await;
    assert_eq!(world.ask(other).await.unwrap().source, Source::Memory);
    assert_eq!(world.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_forced_question_does_not_join_one_that_is_not() {
    let world = slow(100);
    let forced = Ask::default().force_refresh();
    let number = ruc(KNOWN);
    let (a, b, c, d) = tokio::join!(
        world.ask(KNOWN),
        world.migo.ruc(&number, &forced),
        world.ask(KNOWN),
        world.migo.ruc(&number, &forced),
    );
    assert!([a, b, c, d].iter().all(Result::is_ok));
    assert_eq!(world.asked(), 2);
    let caches: Vec<_> = world.ledger.calls().iter().map(|call| call.cache).collect();
    assert!(caches.contains(&CacheDecision::Miss) && caches.contains(&CacheDecision::Bypass));
}

#[tokio::test(start_paused = true)]
async fn a_follower_does_not_inherit_the_hurry_of_the_first() {
    let world = slow(100);
    let hurried = Ask::default().deadline(Duration::from_millis(50));
    let number = ruc(KNOWN);
    let (first, second) = tokio::join!(world.migo.ruc(&number, &hurried), world.ask(KNOWN));
    assert_eq!(word(&first), "plazo_agotado");
    assert_eq!(word(&second), "ok");
    assert_eq!(
        world.asked(),
        1,
        "the first one's call goes on for the second"
    );
}

#[tokio::test(start_paused = true)]
async fn a_follower_in_a_hurry_leaves_at_its_own_deadline() {
    let world = slow(1_000);
    let hurried = Ask::default().deadline(Duration::from_millis(300));
    let number = ruc(KNOWN);
    let began = Instant::now();
    let (first, second) = tokio::join!(world.ask(KNOWN), async {
        let outcome = world.migo.ruc(&number, &hurried).await;
        (outcome, began.elapsed())
    });
    assert_eq!(word(&first), "ok");
    assert_eq!(word(&second.0), "plazo_agotado");
    assert!(second.1 <= Duration::from_millis(350), "{:?}", second.1);
}

#[tokio::test(start_paused = true)]
async fn who_takes_no_stale_answer_gets_none_from_another() {
    let world = slow(100);
    world.ask(KNOWN).await.unwrap();
    sleep(Duration::from_hours(25)).await;
    world.fail("403");
    let fresh_only = Ask {
        stale_allowed: false,
        ..Ask::default()
    };
    let number = ruc(KNOWN);
    let (stale, none) = tokio::join!(world.ask(KNOWN), world.migo.ruc(&number, &fresh_only));
    assert_eq!(stale.unwrap().source, Source::Stale);
    assert_eq!(word(&none), "proveedor_no_autorizado");
}

#[tokio::test(start_paused = true)]
async fn a_follower_that_wants_it_newer_asks_once_more() {
    let world = slow(100);
    world.ask(KNOWN).await.unwrap();
    sleep(Duration::from_mins(10)).await;
    // Another process: the leader finds it in the ledger, ten minutes old.
    let migo = world.restarted(Settings::default());
    let newer = Ask::default().max_age(Duration::from_mins(1));
    let number = ruc(KNOWN);
    let (old, new) = (Ask::default(), &newer);
    let outcomes = tokio::join!(
        migo.ruc(&number, &old),
        join_all((0..5).map(|_| migo.ruc(&number, new)))
    );
    assert_eq!(outcomes.0.unwrap().source, Source::Memory);
    for outcome in outcomes.1 {
        assert_eq!(outcome.unwrap().source, Source::Upstream);
    }
    assert_eq!(world.sandbox.count(Operation::Ruc), 2);
}

/// A question of this test alone.
#[derive(Clone)]
struct Letter(char);

impl Lookup for Letter {
    type Answer = String;

    fn key(&self) -> Key {
        Key {
            operation: "letra",
            subject: self.0.to_string().into(),
            personal: false,
        }
    }

    fn time_to_live(&self, _: &String, _: Timestamp, times: &TimesToLive) -> Duration {
        times.ruc
    }

    fn pack(answer: &String) -> Bytes {
        answer.clone().into()
    }

    fn unpack(&self, body: &[u8]) -> Option<String> {
        String::from_utf8(body.to_vec()).ok()
    }
}

/// Panics where it is told to.
struct Panics {
    encoding: bool,
}

impl Upstream<Letter> for Panics {
    fn encode(&self, _: &Letter) -> Request<Bytes> {
        assert!(!self.encoding, "a defect while writing");
        Request::new(Bytes::new())
    }

    fn decode(&self, _: &Letter, _: &RawAnswer) -> Result<Decoded<String>, Failure> {
        panic!("a defect while reading")
    }
}

#[tokio::test(start_paused = true)]
async fn a_defect_of_a_dialect_leaves_nobody_waiting() {
    for encoding in [true, false] {
        let transport = Scripted::new(vec![response(200, &[], "a")]);
        let (engine, line, ledger) = engine(Settings::default(), transport.clone());
        let routes = Arc::new(chaski_client::Only::new(
            line,
            Arc::new(Panics { encoding }),
        ));
        let ask = Ask::default();
        let all = join_all((0..1_000).map(|_| engine.lookup(&routes, &Letter('a'), &ask)));
        let outcomes = timeout(Duration::from_mins(1), all).await.unwrap();
        assert!(outcomes.iter().all(|it| word(it) == "error_interno"));
        // What was sent is on record all the same.
        let sent = transport.sent.lock().unwrap().len();
        assert_eq!(sent, usize::from(!encoding));
        assert_eq!(ledger.calls().len(), sent);
        assert_eq!(ledger.spent("prueba", "2026-01"), sent as u64);
        // And the next question is asked as if nothing had happened.
        timeout(Duration::from_mins(1), engine.idle())
            .await
            .unwrap();
        let next = engine.lookup(&routes, &Letter('b'), &ask).await;
        assert_eq!(word(&next), "error_interno");
    }
}
