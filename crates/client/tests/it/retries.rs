//! Time-outs, the retry budget and the breaker: an outage costs little and ends soon.

use std::time::Duration;

use chaski_client::{Ask, BreakerState, Settings, Source};
use chaski_sandbox::{Latency, Operation};
use futures_util::future::join_all;
use tokio::time::{Instant, sleep};

use crate::kit::{KNOWN, World, companies, ruc, word};

#[tokio::test(start_paused = true)]
async fn an_attempt_has_its_time_and_the_whole_a_deadline() {
    // latency, time of one attempt, deadline: outcome, attempts, wall
    for (latency, attempt, deadline, outcome, attempts, wall) in [
        (900, 1_000, 30_000, "ok", 1, 900),
        (5_000, 1_000, 30_000, "tiempo_agotado", 3, 3_000),
        (5_000, 10_000, 3_000, "plazo_agotado", 1, 3_000),
        (5_000, 2_000, 3_000, "tiempo_agotado", 1, 2_000),
    ] {
        let settings = Settings {
            attempt_timeout: Duration::from_millis(attempt),
            deadline: Duration::from_millis(deadline),
            ..Settings::default()
        };
        let world = World::new(settings, |config| {
            config.latency = Latency::Fixed(Duration::from_millis(latency));
        });
        let began = Instant::now();
        assert_eq!(word(&world.ask(KNOWN).await), outcome);
        let took = began.elapsed();
        // What was sent is listened to after the deadline too.
        world.migo.engine().idle().await;
        assert_eq!(world.ledger.calls().len(), attempts);
        let backing_off = Duration::from_millis(if attempts == 3 { 600 } else { 0 });
        let wall = Duration::from_millis(wall);
        assert!(took >= wall, "{took:?}");
        assert!(
            took <= wall + backing_off + Duration::from_millis(50),
            "{took:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn no_look_up_passes_its_deadline() {
    let settings = Settings {
        attempt_timeout: Duration::from_secs(1),
        concurrency: 5,
        ..Settings::default()
    };
    let world = World::new(settings, |config| {
        config.latency = Latency::LogNormal {
            median: Duration::from_millis(300),
            p99: Duration::from_secs(4),
            cap: Duration::from_secs(20),
        };
    });
    for fault in ["429:retry=1 %10", "500 %10", "reset %5", "goteo:400ms %10"] {
        world.fail(fault);
    }
    let numbers = companies(150);
    let lookups = numbers.iter().enumerate().map(|(place, number)| {
        let total = Duration::from_millis(50 + 40 * place as u64);
        let ask = Ask::default().deadline(total);
        let migo = world.migo.clone();
        async move {
            let began = Instant::now();
            let outcome = migo.ruc(number, &ask).await;
            let over = began.elapsed().saturating_sub(total);
            assert!(over <= Duration::from_millis(50), "{over:?}");
            outcome.is_ok()
        }
    });
    let answered = join_all(lookups).await.iter().filter(|it| **it).count();
    assert!(answered > 0, "the case must not be hopeless");
}

/// Ten look-ups a second for ten minutes against an upstream that is down.
#[tokio::test(start_paused = true)]
async fn an_outage_is_no_storm_and_warm_keys_keep_answering() {
    for fault in ["reset", "500", "caida", "html"] {
        let world = World::new(Settings::default(), |_| {});
        let warm = companies(40);
        let ask = Ask::default();
        let mut known = Vec::new();
        for number in warm {
            if world.migo.ruc(&number, &ask).await.is_ok() {
                known.push(number);
            }
        }
        sleep(Duration::from_hours(25)).await;
        world.fail(fault);
        let before = world.sandbox.ledger().len();
        let cold = companies(6_040);
        for second in 0..600usize {
            for each in 0..10usize {
                let place = second * 10 + each;
                if each % 2 == 0 {
                    let number = &known[place % known.len()];
                    let found = world.migo.ruc(number, &ask).await.unwrap();
                    assert_eq!(found.source, Source::Stale);
                } else {
                    let outcome = world.migo.ruc(&cold[40 + place], &ask).await;
                    assert!(outcome.unwrap_err().is_unavailable());
                }
            }
            sleep(Duration::from_secs(1)).await;
        }
        let calls = world.sandbox.ledger().len() - before;
        // The breaker judges the last 20 calls: after 20 good ones it takes 10 bad ones to open.
        // Then one probe after 5, 10, 20, 40 and each 60 seconds; retries find it open.
        let (mut probes, mut at, mut open) = (0, 0, 5);
        loop {
            at += open;
            if at > 600 {
                break;
            }
            probes += 1;
            open = (open * 2).min(60);
        }
        let bound = 10 + probes;
        assert!(
            calls * 10 <= bound * 11,
            "{fault}: {calls} calls, bound {bound}"
        );
        // It notices the end of the outage within a minute.
        world.sandbox.heal();
        sleep(Duration::from_mins(1)).await;
        let found = world.migo.ruc(&known[0], &ask).await.unwrap();
        assert_eq!(found.source, Source::Upstream);
        assert_eq!(world.migo.line().breaker(), BreakerState::Closed);
    }
}

/// The budget alone: failures that do not open the breaker.
#[tokio::test(start_paused = true)]
async fn retries_are_at_most_a_tenth_of_the_calls_beside_the_reserve() {
    let settings = Settings {
        // So that 429 does not slow the test itself down.
        deadline: Duration::from_hours(10),
        max_attempts: 10,
        ..Settings::default()
    };
    let world = World::new(settings, |_| {});
    world.fail("429:retry=0");
    for number in companies(500) {
        let _ = world.migo.ruc(&number, &Ask::default()).await;
    }
    let stats = world.migo.line().stats();
    // And the account was asked whether it is the plan.
    let accounts = world.sandbox.count(Operation::Account);
    assert_eq!(stats.calls, 500 + stats.retries + accounts);
    assert!(accounts > 0 && accounts < 100, "{accounts}");
    // Ten in reserve, and a tenth of 500 paid in.
    assert!((55..=60).contains(&stats.retries), "{stats:?}");
}

#[tokio::test(start_paused = true)]
async fn the_breaker_opens_probes_once_and_closes() {
    let world = World::new(Settings::default(), |config| {
        config.latency = Latency::Fixed(Duration::from_millis(100));
    });
    let line = world.migo.line();
    let numbers = companies(400);
    let ask = Ask::default();
    world.fail("503");
    for number in &numbers[..10] {
        let _ = world.migo.ruc(number, &ask).await;
    }
    assert_eq!(line.breaker(), BreakerState::Open);

    // Open: nobody is sent, everybody hears for how long.
    let sent = world.asked();
    let error = world.migo.ruc(&numbers[10], &ask).await.unwrap_err();
    assert_eq!((error.code(), error.attempts()), ("proveedor_caido", 0));
    assert!(error.retry_after().unwrap() <= Duration::from_secs(5));
    assert!(error.is_retryable() && error.is_unavailable());
    assert_eq!(world.asked(), sent);

    // Half open: a hundred ask, one is sent, and it fails: twice as long.
    sleep(Duration::from_secs(5)).await;
    let outcomes = join_all(numbers[100..200].iter().map(|it| world.migo.ruc(it, &ask)));
    let outcomes = outcomes.await;
    assert!(outcomes.iter().all(Result::is_err));
    assert_eq!(world.asked(), sent + 1);
    assert_eq!(line.breaker(), BreakerState::Open);
    sleep(Duration::from_secs(9)).await;
    assert_eq!(
        word(&world.migo.ruc(&numbers[11], &ask).await),
        "proveedor_caido"
    );
    assert_eq!(world.asked(), sent + 1);

    // Half open again, and it answers: closed for all.
    world.sandbox.heal();
    sleep(Duration::from_secs(1)).await;
    let known = ruc(KNOWN);
    let probe = world.migo.ruc(&known, &ask);
    let (probe, state, other) = tokio::join!(
        probe,
        async {
            sleep(Duration::from_millis(50)).await;
            line.breaker()
        },
        async {
            sleep(Duration::from_millis(50)).await;
            world.migo.ruc(&numbers[12], &ask).await
        }
    );
    assert_eq!((word(&probe), state), ("ok", BreakerState::HalfOpen));
    assert_eq!(word(&other), "proveedor_caido");
    assert_eq!(line.breaker(), BreakerState::Closed);
    assert_eq!(world.asked(), sent + 2);
}

/// Answers of calls that left before the breaker opened decide nothing while it is probed.
#[tokio::test(start_paused = true)]
async fn late_failures_do_not_spoil_the_probe() {
    let world = World::new(Settings::default(), |config| {
        config.latency = Latency::Fixed(Duration::from_secs(3));
    });
    let numbers = companies(60);
    let ask = Ask::default();
    // Slow ones first: they time out at 10 s. Then ten that fail at once open the breaker at 3 s.
    world.fail("goteo:2s x20");
    let slow = join_all(numbers[..20].iter().map(|it| world.migo.ruc(it, &ask)));
    let rest = async {
        sleep(Duration::from_millis(1)).await;
        world.fail("reset x12");
        join_all(numbers[20..32].iter().map(|it| world.migo.ruc(it, &ask))).await;
        assert_eq!(world.migo.line().breaker(), BreakerState::Open);
        // 3 s + 5 s: the probe leaves at about 8 s and answers at 11 s; the slow ones fail at 10 s.
        sleep(Duration::from_secs(5)).await;
        world.ask(KNOWN).await
    };
    let (_, probe) = tokio::join!(slow, rest);
    assert_eq!(word(&probe), "ok");
    assert_eq!(world.migo.line().breaker(), BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_another_try_does_not_keep_others_from_sending() {
    let settings = Settings {
        concurrency: 1,
        ..Settings::default()
    };
    // Several times: the wait is random, and now and then short.
    for _ in 0..5 {
        let world = World::new(settings.clone(), |config| {
            config.latency = Latency::Fixed(Duration::from_millis(1));
        });
        world.fail("500 x1");
        let (number, ask) = (ruc(KNOWN), Ask::default());
        let numbers = companies(20);
        let began = Instant::now();
        let (first, others) = tokio::join!(world.migo.ruc(&number, &ask), async {
            join_all(numbers.iter().map(|it| world.migo.ruc(it, &ask))).await;
            began.elapsed()
        });
        assert_eq!(word(&first), "ok");
        assert!(others <= Duration::from_millis(25), "{others:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_good_answer_never_opens_the_breaker() {
    let world = World::new(Settings::default(), |_| {});
    // Six failures; the tenth call is judged with six of ten failed, but it is a good one.
    world.fail("500 x6");
    let numbers = companies(20);
    for (place, number) in numbers.iter().enumerate() {
        let outcome = world.migo.ruc(number, &Ask::default()).await;
        let failed = outcome.as_ref().is_err_and(|error| !error.is_not_found());
        assert_eq!(failed, place < 2, "{place}: {outcome:?}");
        assert_eq!(world.migo.line().breaker(), BreakerState::Closed);
    }
}
