//! Nothing is sent that was not set aside: the month's quota, the day of whoever asks, the cost of
//! a list. A test bears the number of the failure that it keeps from coming back.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use chaski_client::{
    Ask, Budget, Counter, Ledger, MemoryLedger, Migo, Settings, Transport, TransportError,
};
use chaski_sandbox::{Latency, Operation};
use futures_util::future::{BoxFuture, join_all};
use http::{Request, Response};
use jiff::Timestamp;
use tokio::time::timeout;

use crate::kit::{
    InProcess, KNOWN, TOKEN, UNKNOWN, World, companies, paused, ruc, start, truth, word,
};

fn limited(who: &str, per_day: u64) -> Ask {
    Ask {
        per_day: Some(per_day),
        ..Ask::by(who)
    }
}

/// Requests that arrived, whatever for.
fn sent(world: &World) -> u64 {
    world.asked() + world.sandbox.count(Operation::Collection)
}

async fn spent_on(ledger: &MemoryLedger, who: &str, day: &str) -> u64 {
    let counter = Counter::Day {
        who: who.into(),
        day: day.into(),
    };
    Ledger::spent(ledger, &counter).await.unwrap()
}

/// Whoever leaves does not give back what the call that goes on without them costs.
#[test]
fn h02_leaving_does_not_pass_the_day() {
    let faults = [None, Some("503 x40"), Some("truncado x7"), Some("500 %30")];
    for (n, fault) in faults.into_iter().enumerate() {
        for (cap, latency, leave) in [(10, 800, 4), (1, 50, 1), (37, 3_000, 9), (0, 800, 4)] {
            paused(async move {
                let world = World::new(Settings::default(), |config| {
                    config.latency = Latency::Fixed(Duration::from_millis(latency));
                });
                if let Some(fault) = fault {
                    world.fail(fault);
                }
                let ask = limited("llave:a", cap);
                let numbers = companies(300);
                for (at, number) in numbers.iter().enumerate() {
                    let patience = Duration::from_millis(leave + (at as u64 + n as u64) % 3);
                    drop(timeout(patience, world.migo.ruc(number, &ask)).await);
                }
                world.migo.engine().idle().await;
                let said = format!("{fault:?}, {cap}");
                assert!(sent(&world) <= cap, "{said}: {}", sent(&world));
                if fault.is_none() {
                    assert_eq!(sent(&world), cap, "{said}: what may be spent can be");
                }
                let counted = spent_on(&world.ledger, "llave:a", "2026-01-28").await;
                assert_eq!(counted, sent(&world), "{said}");
                // Somebody else is not held up by it.
                if fault.is_none() {
                    let other = limited("llave:b", 1);
                    assert_eq!(word(&world.migo.ruc(&ruc(KNOWN), &other).await), "ok");
                }
            });
        }
    }
}

/// Two who ask the same share a call, but not a limit.
#[tokio::test(start_paused = true)]
async fn h02_one_askers_limit_is_not_anothers() {
    let settings = Settings {
        calls_per_minute: 6,
        ..Settings::default()
    };
    let world = World::new(settings, |_| {});
    world.ask(UNKNOWN).await.unwrap_err();
    // The first waits for its turn and then has nothing to spend.
    let (poor, rich) = (limited("llave:a", 0), limited("llave:b", 1));
    let free = Ask::default();
    let number = ruc(KNOWN);
    let (first, second, third) = tokio::join!(
        world.migo.ruc(&number, &poor),
        world.migo.ruc(&number, &rich),
        world.migo.ruc(&number, &free),
    );
    assert_eq!(word(&first), "tope_diario");
    let error = first.unwrap_err();
    assert!(error.is_limited() && !error.is_retryable() && error.attempts() == 0);
    // Fourteen hours to midnight in Lima, when the clock stood at ten.
    assert!(error.retry_after().unwrap() > Duration::from_hours(13));
    assert_eq!((word(&second), word(&third)), ("ok", "ok"));
    assert_eq!(spent_on(&world.ledger, "llave:a", "2026-01-28").await, 0);
    assert!(spent_on(&world.ledger, "llave:b", "2026-01-28").await <= 1);
}

/// Refuses collections with a status, and hands on the rest.
struct Refusing(InProcess, u16);

impl Transport for Refusing {
    fn send(
        &self,
        request: Request<Bytes>,
        most: usize,
    ) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>> {
        if !request.uri().path().ends_with("/collection") {
            return self.0.send(request, most);
        }
        // The sandbox counts it all the same.
        Box::pin(async move {
            let mut answer = self.0.send(request, most).await?;
            *answer.status_mut() = self.1.try_into().unwrap();
            *answer.body_mut() = Bytes::from_static(br#"{"message":"no"}"#);
            Ok(answer)
        })
    }
}

/// A list whose collections are of no use costs what was allowed, and what was not asked for is
/// said to be that: never a "no".
#[test]
fn h03_a_list_costs_what_was_allowed() {
    let shapes: [(&str, u16); 12] = [
        ("", 0),
        ("404@coleccion", 0),
        ("html@coleccion", 0),
        ("truncado@coleccion", 0),
        ("json-malo@coleccion", 0),
        ("403@coleccion", 0),
        ("503@coleccion", 0),
        ("reset@coleccion", 0),
        ("503 %40", 0),
        ("", 400),
        ("", 422),
        ("", 500),
    ];
    for (fault, status) in shapes {
        for (numbers, day, budget) in [
            (100, Some(1), None),
            (1_000, Some(10), None),
            (300, None, Some(33)),
            (250, Some(40), Some(7)),
            (250, Some(7), Some(40)),
            (1, Some(1), Some(1)),
        ] {
            paused(async move {
                let world = World::new(Settings::default(), |config| {
                    config.collection_omits_unknown = true;
                    config.collection_drops = 5;
                });
                if !fault.is_empty() {
                    world.fail(fault);
                }
                let ledger = Arc::new(MemoryLedger::new());
                let inner = InProcess(world.sandbox.clone());
                let transport: Arc<dyn Transport> = match status {
                    0 => Arc::new(inner),
                    status => Arc::new(Refusing(inner, status)),
                };
                let migo = Migo::builder(TOKEN)
                    .clock(world.clock)
                    .transport(transport)
                    .ledger(ledger.clone())
                    .build()
                    .unwrap();
                let budget: Option<Budget> = budget.map(Budget::of);
                let most = day
                    .into_iter()
                    .chain(budget.as_ref().map(Budget::left))
                    .min();
                let most = most.unwrap();
                let ask = Ask {
                    per_day: day,
                    budget: budget.clone(),
                    ..Ask::by("llave:a")
                };
                let asked = companies(numbers);
                let outcomes = migo.rucs(&asked, &ask).all().await;
                let said = format!("{fault}{status}: {numbers} {day:?} {most}");
                assert!(sent(&world) <= most, "{said}: {}", sent(&world));
                assert_eq!(outcomes.len(), numbers);
                let down = fault.contains("503") || fault.contains("reset") || status == 500;
                if numbers > 100 && !down {
                    let over = |it: &&str| ["tope_diario", "tope_de_gasto"].contains(it);
                    let words: Vec<_> = outcomes.iter().map(word).collect();
                    assert!(words.iter().any(over), "{said}");
                }
                // What is remembered of one that failed is nothing.
                let known = migo.rucs(&asked, &Ask::default()).all().await;
                for (before, after) in outcomes.iter().zip(&known) {
                    let is_no = word(before) == "no_encontrado";
                    assert!(!is_no || word(after) == "no_encontrado", "{said}");
                }
            });
        }
    }
}

/// A collection that cannot be read is tried once more before its numbers are asked one by one.
#[tokio::test(start_paused = true)]
async fn h03_a_garbled_collection_is_tried_once_more() {
    let world = World::new(Settings::default(), |_| {});
    world.fail("truncado@coleccion x1");
    let outcomes = world
        .migo
        .rucs(&companies(100), &Ask::default())
        .all()
        .await;
    let good = |it: &&str| ["ok", "no_encontrado"].contains(it);
    assert!(outcomes.iter().map(word).all(|it| good(&it)));
    assert_eq!(
        (world.sandbox.count(Operation::Collection), world.asked()),
        (2, 0)
    );
}

/// The counter in the ledger is the truth for all who share it.
#[test]
fn h07_a_quota_over_two_engines() {
    for quota in [1, 20, 55] {
        paused(async move {
            let settings = Settings {
                quota: Some(quota),
                ..Settings::default()
            };
            let world = World::new(settings.clone(), |_| {});
            let other = world.restarted(settings.clone());
            let numbers = companies(120);
            let (half, rest) = numbers.split_at(60);
            let ask = Ask::default();
            let asked = half.iter().zip(rest).map(|(one, two)| {
                let (here, there) = (world.migo.ruc(one, &ask), other.ruc(two, &ask));
                async move { tokio::join!(here, there) }
            });
            join_all(asked).await;
            assert_eq!(world.asked(), quota);
            assert_eq!(world.ledger.spent("migo", "2026-01"), quota);
            for migo in [&world.migo, &other, &world.restarted(settings)] {
                let said = migo.line().quota().await.unwrap();
                assert_eq!(said, (quota, Some(quota)));
                let outcome = migo.ruc(&ruc(UNKNOWN), &ask).await;
                assert_eq!(word(&outcome), "cuota_agotada");
            }
            assert_eq!(world.asked(), quota);
        });
    }
}

/// A clock that goes back over the month's end, or over midnight, and forth again, finds what was
/// spent there.
#[test]
fn h13_a_clock_set_back_pays_nothing_twice() {
    let moments = [
        // moment, how many of a quota of 10 a month and of 4 a day can still be spent then
        ("2026-12-01T05:10:00Z", 4),
        ("2026-12-01T04:50:00Z", 4),
        ("2026-12-01T05:10:00Z", 0),
        ("2026-12-02T05:10:00Z", 4),
        ("2026-12-01T04:50:00Z", 0),
        ("2026-12-03T15:00:00Z", 2),
        ("2026-12-04T15:00:00Z", 0),
        ("2026-11-29T15:00:00Z", 4),
        ("2026-11-28T15:00:00Z", 2),
        ("2026-11-27T15:00:00Z", 0),
        ("2027-01-01T04:59:00Z", 0),
        ("2027-01-01T05:00:00Z", 4),
    ];
    paused(async move {
        let quota = Settings {
            quota: Some(10),
            ..Settings::default()
        };
        let world = World::new(quota.clone(), |_| {});
        let numbers = companies(20 * moments.len());
        let ask = limited("llave:a", 4);
        for ((at, expected), numbers) in moments.into_iter().zip(numbers.chunks(20)) {
            let now: Timestamp = at.parse().unwrap();
            let migo = Migo::builder(TOKEN)
                .settings(quota.clone())
                .clock(chaski_client::Clock::starting_at(now))
                .transport(Arc::new(InProcess(world.sandbox.clone())))
                .ledger(world.ledger.clone())
                .build()
                .unwrap();
            let before = world.asked();
            join_all(numbers.iter().map(|number| migo.ruc(number, &ask))).await;
            assert_eq!(world.asked() - before, expected, "{at}");
        }
        assert!(start() < "2026-11-27T15:00:00Z".parse().unwrap());
    });
}

/// What could not be sent is not spent.
#[tokio::test(start_paused = true)]
async fn h02_a_call_that_never_went_out_is_given_back() {
    let settings = Settings {
        quota: Some(5),
        max_attempts: 2,
        ..Settings::default()
    };
    let world = World::new(settings, |_| {});
    world.fail("caida x2");
    let budget = Budget::of(3);
    let ask = limited("llave:a", 4).budget(budget.clone());
    let outcome = world.migo.ruc(&ruc(KNOWN), &ask).await;
    assert_eq!(word(&outcome), "proveedor_inalcanzable");
    assert_eq!(budget.left(), 3);
    assert_eq!(spent_on(&world.ledger, "llave:a", "2026-01-28").await, 0);
    assert_eq!(world.ledger.spent("migo", "2026-01"), 0);
    assert_eq!(word(&world.migo.ruc(&ruc(KNOWN), &ask).await), "ok");
    assert_eq!(budget.left(), 2);
    assert_eq!(spent_on(&world.ledger, "llave:a", "2026-01-28").await, 1);
    assert_eq!(world.ledger.spent("migo", "2026-01"), 1);
}

/// A healthy upstream that leaves unknown numbers out of its collections, with more of them than the
/// list may ask for: each refusal that was paid for is a verdict, for the call that checks it is set
/// aside before them.
#[test]
fn h03_no_refusal_is_paid_for_that_cannot_be_checked() {
    let all = companies(6_000);
    let names = paused(truth(&all));
    let of = |is_known: bool| {
        let wanted = all.iter().zip(&names);
        let wanted = wanted.filter(move |(_, name)| name.is_some() == is_known);
        wanted.map(|(ruc, _)| *ruc)
    };
    for unknown in [1, 2, 3, 4, 12, 13, 15, 16, 40, 60, 70, 100, 150] {
        let numbers: Vec<_> = of(true).take(150).chain(of(false).take(unknown)).collect();
        for budget in [1, 2, 3, 4, 5, 9, 17, 30, 62, 64, 200] {
            paused(async {
                let world = World::new(Settings::default(), |config| {
                    config.collection_omits_unknown = true;
                });
                let purse = Budget::of(budget);
                let ask = Ask::by("lista").budget(purse.clone());
                let outcomes = world.migo.rucs(&numbers, &ask).all().await;
                let said = format!("{unknown} unknown, {budget} calls");
                assert!(sent(&world) <= budget, "{said}: {} sent", sent(&world));
                assert_eq!(sent(&world) + purse.left(), budget, "{said}");
                let mut words: Vec<_> = outcomes.iter().map(word).collect();
                words.sort_unstable();
                words.dedup();
                let expected = ["no_encontrado", "ok", "tope_de_gasto"];
                assert!(
                    words.iter().all(|it| expected.contains(it)),
                    "{said}: {words:?}"
                );
                // Whatever was asked singly has its verdict.
                let told = outcomes.iter().filter(|it| word(it) == "no_encontrado");
                let checks = world.checks() as u64;
                assert_eq!(told.count() as u64 + checks, world.asked(), "{said}");
            });
        }
    }
}
