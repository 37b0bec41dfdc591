//! Pace, quota, and the upstream's own word about both.

use std::time::Duration;

use chaski_client::{Ask, Failure, Migo, Settings};
use chaski_sandbox::Latency;
use futures_util::future::join_all;
use jiff::Timestamp;
use tokio::time::{Instant, sleep};

use crate::kit::{KNOWN, UNKNOWN, World, companies, ruc, start, word};

fn paced(calls_per_minute: u32) -> Settings {
    Settings {
        calls_per_minute,
        concurrency: 1_000,
        deadline: Duration::from_hours(2),
        ..Settings::default()
    }
}

/// Most calls that began within any span of that length.
fn most_within(calls: &[Timestamp], span: Duration) -> usize {
    let mut most = 0;
    for (first, from) in calls.iter().enumerate() {
        let inside = calls[first..].iter().take_while(|at| **at < *from + span);
        most = most.max(inside.count());
    }
    most
}

async fn quota(migo: &Migo) -> (u64, Option<u64>) {
    migo.line().quota().await.unwrap()
}

fn times(world: &World) -> Vec<Timestamp> {
    world.ledger.calls().iter().map(|call| call.at).collect()
}

#[tokio::test(start_paused = true)]
async fn a_parallel_burst_cannot_pass_the_limit() {
    // limit, burst: a sixth of the limit, one at least, ten at most
    for (limit, burst) in [(60, 10), (600, 10), (30, 5), (6, 1), (3, 1), (1, 1)] {
        let world = World::new(paced(limit), |_| {});
        let count = limit as usize + burst + 20;
        let numbers = companies(count);
        let ask = Ask::default();
        let began = Instant::now();
        let outcomes = join_all(numbers.iter().map(|it| world.migo.ruc(it, &ask))).await;
        assert!(
            outcomes
                .iter()
                .all(|it| !matches!(word(it), "limite_de_velocidad"))
        );
        let calls = times(&world);
        assert_eq!(calls.len() - world.checks(), count);
        let at_once = most_within(&calls, Duration::from_millis(1));
        assert_eq!(at_once, burst, "limit {limit}");
        let minute = most_within(&calls, Duration::from_mins(1));
        assert!(minute <= limit as usize + burst, "limit {limit}: {minute}");
        // And it is not slower than it must be.
        let ideal = Duration::from_mins(1) / limit * u32::try_from(count - burst).unwrap();
        let wall = began.elapsed();
        assert!(
            wall >= ideal && wall <= ideal.mul_f64(1.02),
            "{wall:?} {ideal:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_deadline_shorter_than_the_wait_is_said_at_once_and_costs_nothing() {
    let settings = Settings {
        deadline: Duration::from_secs(10),
        ..paced(3)
    };
    let world = World::new(settings, |_| {});
    world.ask(KNOWN).await.unwrap();
    let began = Instant::now();
    let error = world.ask(UNKNOWN).await.unwrap_err();
    assert_eq!(began.elapsed(), Duration::ZERO);
    assert!(error.is_limited() && error.is_retryable() && error.attempts() == 0);
    let wait = error.retry_after().unwrap();
    assert_eq!(wait, Duration::from_secs(20));
    assert_eq!(world.asked(), 1);
    // As long as it said, and it goes.
    sleep(wait).await;
    assert!(world.ask(UNKNOWN).await.unwrap_err().is_not_found());
}

#[tokio::test(start_paused = true)]
async fn the_quota_holds_and_begins_anew_with_the_month_of_lima() {
    // Ten to midnight in Lima; by UTC it is February already.
    let late: Timestamp = "2026-02-01T04:50:00Z".parse().unwrap();
    let settings = Settings {
        quota: Some(3),
        ..Settings::default()
    };
    let world = World::at(late, settings.clone(), |_| {});
    let numbers = companies(10);
    let ask = Ask::default();
    let outcomes = join_all(numbers.iter().map(|it| world.migo.ruc(it, &ask))).await;
    let spent = outcomes.iter().filter(|it| word(it) == "cuota_agotada");
    assert_eq!((spent.count(), world.asked()), (7, 3));
    assert_eq!(quota(&world.migo).await, (3, Some(3)));
    assert_eq!(world.ledger.spent("migo", "2026-01"), 3);
    // Known ones are answered all the same.
    assert!(
        world
            .migo
            .ruc(&numbers[0], &ask)
            .await
            .is_ok_and(|it| it.source.as_str() == "memoria")
    );

    // Another process learns of it from the ledger.
    let other = world.restarted(settings);
    assert_eq!(quota(&other).await, (3, Some(3)));
    let error = other.ruc(&numbers[9], &ask).await.unwrap_err();
    assert!(error.is_limited() && !error.is_retryable() && error.exit_code() == 6);
    assert_eq!(error.failure(), Some(&Failure::OwnQuotaSpent));

    sleep(Duration::from_mins(9)).await;
    assert_eq!(
        word(&world.migo.ruc(&numbers[9], &ask).await),
        "cuota_agotada"
    );
    sleep(Duration::from_mins(1)).await;
    assert_ne!(
        word(&world.migo.ruc(&numbers[9], &ask).await),
        "cuota_agotada"
    );
    assert_eq!(world.ledger.spent("migo", "2026-02"), 1);
    assert_eq!(quota(&world.migo).await, (1, Some(3)));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_could_not_be_made_is_not_counted() {
    let settings = Settings {
        quota: Some(1),
        ..Settings::default()
    };
    let world = World::new(settings, |_| {});
    world.fail("caida x3");
    assert_eq!(word(&world.ask(KNOWN).await), "proveedor_inalcanzable");
    assert_eq!(quota(&world.migo).await, (0, Some(1)));
    assert_eq!(word(&world.ask(KNOWN).await), "ok");
}

#[tokio::test(start_paused = true)]
async fn retry_after_is_waited_for_in_both_forms() {
    for (fault, wait) in [
        ("429 x1", 1),
        ("429:retry=7 x1", 7),
        ("429:fecha=7 x1", 7),
        ("429:retry=0 x1", 0),
    ] {
        let world = World::new(Settings::default(), |_| {});
        world.fail(fault);
        let began = Instant::now();
        world.ask(KNOWN).await.unwrap();
        let waited = began.elapsed();
        let most = Duration::from_secs(wait) + Duration::from_millis(50);
        assert!(
            waited >= Duration::from_secs(wait) && waited <= most,
            "{fault}: {waited:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn after_a_429_those_who_wait_leave_one_by_one() {
    let world = World::new(paced(0), |config| {
        config.latency = Latency::Fixed(Duration::from_millis(10));
    });
    world.fail("429:retry=5 x1");
    let numbers = companies(40);
    let ask = Ask::default();
    let first = world.migo.ruc(&numbers[0], &ask);
    let others = async {
        // While the gate is closed.
        sleep(Duration::from_secs(1)).await;
        join_all(numbers[1..].iter().map(|it| world.migo.ruc(it, &ask))).await
    };
    let (first, others) = tokio::join!(first, others);
    assert!(word(&first) != "limite_de_velocidad");
    assert!(others.iter().all(|it| word(it) != "limite_de_velocidad"));
    let calls = times(&world);
    assert_eq!(calls.len(), 41);
    let reopened = start() + Duration::from_secs(5);
    assert!(calls[1..].iter().all(|at| *at >= reopened), "{calls:?}");
    assert_eq!(most_within(&calls, Duration::from_millis(20)), 1);
    // The pace comes back: much later a burst leaves at once.
    for number in companies(200) {
        let _ = world.migo.ruc(&number, &ask).await;
    }
    sleep(Duration::from_mins(5)).await;
    let more = companies(260);
    let before = world.ledger.calls().len();
    join_all(more[200..].iter().map(|it| world.migo.ruc(it, &ask))).await;
    assert!(most_within(&times(&world)[before..], Duration::from_millis(20)) > 50);
}

#[tokio::test(start_paused = true)]
async fn a_quarter_of_an_hour_is_the_longest_that_is_believed() {
    let world = World::new(paced(0), |_| {});
    world.fail("429:retry=4000000 x1");
    let began = Instant::now();
    world.ask(KNOWN).await.unwrap();
    assert!(began.elapsed() <= Duration::from_secs(901));
}

#[tokio::test(start_paused = true)]
async fn forcing_does_not_pass_the_gate() {
    let world = World::new(paced(60), |_| {});
    let forced = Ask::default().force_refresh();
    for _ in 0..30 {
        world.migo.ruc(&ruc(KNOWN), &forced).await.unwrap();
    }
    let minute = most_within(&times(&world), Duration::from_secs(10));
    assert!(minute <= 20, "{minute}");
}

/// Fifty calls in flight together hear of one limit: it must not slow the pace fifty times.
#[tokio::test(start_paused = true)]
async fn one_limit_heard_by_many_slows_the_pace_once() {
    let world = World::new(paced(0), |config| {
        config.latency = Latency::Fixed(Duration::from_millis(50));
    });
    world.fail("429 x50");
    let numbers = companies(50);
    let ask = Ask::default();
    let began = Instant::now();
    let outcomes = join_all(numbers.iter().map(|it| world.migo.ruc(it, &ask))).await;
    assert!(
        outcomes
            .iter()
            .all(|it| it.is_ok() || word(it) != "cuota_agotada")
    );
    // A second closed, then twenty a second or faster; the retry budget has ten.
    assert!(
        began.elapsed() <= Duration::from_secs(4),
        "{:?}",
        began.elapsed()
    );
    let before = world.ledger.calls().len();
    let more = companies(250);
    let began = Instant::now();
    join_all(more[50..].iter().map(|it| world.migo.ruc(it, &ask))).await;
    assert_eq!(world.ledger.calls().len() - before - world.checks(), 200);
    assert!(
        began.elapsed() <= Duration::from_secs(12),
        "{:?}",
        began.elapsed()
    );
}
