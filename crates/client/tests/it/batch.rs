//! Many questions through the native batch call: few calls, and every question one outcome.

use std::collections::HashSet;
use std::time::Duration;

use chaski_client::{Ask, BreakerState, Error, Found, Reason, Settings, Source};
use chaski_core::{Ruc, Taxpayer};
use chaski_sandbox::{Latency, Operation, SandboxConfig};
use proptest::prelude::*;
use tokio::time::{Instant, sleep};

use crate::kit::{KNOWN, UNKNOWN, World, companies, paused, ruc, truth, word};

/// How the sandbox is set up.
type Change = fn(&mut SandboxConfig);

type Outcome = Result<Found<Taxpayer>, Error>;

fn window(calls: usize) -> Settings {
    Settings {
        batch_window: calls,
        ..Settings::default()
    }
}

/// Each outcome is about the number in its place, and true if it says anything.
#[track_caller]
fn check_outcomes(asked: &[Ruc], outcomes: &[Outcome], names: &[Option<String>]) {
    assert_eq!(asked.len(), outcomes.len());
    for ((number, outcome), name) in asked.iter().zip(outcomes).zip(names) {
        match outcome {
            Ok(found) => {
                assert_eq!(found.value.ruc, *number);
                assert_eq!(Some(&found.value.nombre_o_razon_social), name.as_ref());
            }
            Err(error) if error.is_not_found() => assert_eq!(name, &None, "a wrong no"),
            Err(error) => assert!(error.failure().is_some()),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn five_thousand_numbers_cost_a_call_for_each_hundred_different_ones() {
    let different = companies(4_350);
    let names = truth(&different).await;
    // With repetitions, and some far apart.
    let places: Vec<usize> = (0..5_000).map(|place| (place * 7) % 4_350).collect();
    let asked: Vec<Ruc> = places.iter().map(|place| different[*place]).collect();
    let expected: Vec<_> = places.iter().map(|place| names[*place].clone()).collect();
    let unique = asked.iter().collect::<HashSet<_>>().len();

    let each = Duration::from_millis(100);
    let world = World::new(window(10), |config| config.latency = Latency::Fixed(each));
    let began = Instant::now();
    let outcomes = world.migo.rucs(&asked, &Ask::default()).all().await;
    let wall = began.elapsed();
    check_outcomes(&asked, &outcomes, &expected);
    assert!(
        outcomes
            .iter()
            .all(|it| it.is_ok() || word(it) == "no_encontrado")
    );

    let calls = unique.div_ceil(100);
    assert_eq!(world.sandbox.count(Operation::Collection), calls as u64);
    assert_eq!(world.asked(), 0);
    assert_eq!(world.ledger.calls().len(), calls);
    let items: u32 = world.ledger.calls().iter().map(|call| call.items).sum();
    assert_eq!(items as usize, unique);
    let ideal = each * u32::try_from(calls.div_ceil(10)).unwrap();
    assert!(wall <= ideal.mul_f64(1.1), "{wall:?}, ideal {ideal:?}");
    let stats = world.migo.engine().stats();
    let sent = world.migo.line().stats().calls;
    assert_eq!((stats.misses, sent), (unique as u64, calls as u64));

    // Again: from memory, all of them, at no time and no cost.
    let again = world.migo.rucs(&asked, &Ask::default()).all().await;
    check_outcomes(&asked, &again, &expected);
    let remembered = |it: &Outcome| match it {
        Ok(found) => found.source == Source::Memory,
        Err(error) => error.is_remembered(),
    };
    assert!(again.iter().all(remembered));
    assert_eq!(world.ledger.calls().len(), calls);
}

#[tokio::test(start_paused = true)]
async fn nothing_asked_is_nothing_sent() {
    let world = World::new(window(10), |_| {});
    assert!(world.migo.rucs(&[], &Ask::default()).all().await.is_empty());
    assert!(world.sandbox.ledger().is_empty());
}

#[test]
fn what_the_answer_leaves_out_is_asked_singly() {
    let cases: [(&str, Change); 4] = [
        ("omits unknown", |config| {
            config.collection_omits_unknown = true;
        }),
        ("drops known", |config| config.collection_drops = 7),
        ("reverses", |config| config.collection_reverses = true),
        ("omits and drops", |config| {
            config.collection_omits_unknown = true;
            config.collection_drops = 20;
        }),
    ];
    for (name, change) in cases {
        paused(async {
            let asked = companies(250);
            let names = truth(&asked).await;
            let world = World::new(window(10), change);
            let outcomes = world.migo.rucs(&asked, &Ask::default()).all().await;
            check_outcomes(&asked, &outcomes, &names);
            assert!(
                outcomes
                    .iter()
                    .all(|it| it.is_ok() || word(it) == "no_encontrado")
            );
            let unknown = names.iter().filter(|name| name.is_none()).count();
            assert!(unknown > 0);
            let singly = match name {
                "omits unknown" => unknown,
                "drops known" => 3 * 7,
                "omits and drops" => unknown + 3 * 20,
                _ => 0,
            };
            // Refusals in a row are checked with a number that exists, once.
            let checks = world.checks();
            assert!(checks <= 1, "{name}");
            assert_eq!(world.asked(), (singly + checks) as u64, "{name}");
            assert_eq!(world.sandbox.count(Operation::Collection), 3);
            // A "no" of a single question has that reason.
            if name == "omits unknown" {
                let reasons: HashSet<_> = outcomes
                    .iter()
                    .filter_map(|it| it.as_ref().err()?.reason())
                    .collect();
                assert_eq!(reasons, HashSet::from([Reason::NotFound]));
            }
            let stats = world.migo.engine().stats();
            assert_eq!(stats.misses, 250, "{name}");
        });
    }
}

/// The list as such refused, or without such an address, or unreadable twice: one by one.
#[test]
fn a_refused_list_is_asked_one_by_one() {
    for (fault, collections) in [("404", 2), ("html", 4), ("truncado", 4), ("anidado", 4)] {
        paused(async {
            let asked = companies(150);
            let names = truth(&asked).await;
            let world = World::new(window(10), |_| {});
            world.fail(&format!("{fault}@coleccion"));
            let outcomes = world.migo.rucs(&asked, &Ask::default()).all().await;
            check_outcomes(&asked, &outcomes, &names);
            assert!(
                outcomes
                    .iter()
                    .all(|it| it.is_ok() || word(it) == "no_encontrado")
            );
            assert_eq!(world.asked(), 150, "{fault}");
            let lists = world.sandbox.count(Operation::Collection);
            assert_eq!(lists, collections, "{fault}");
            assert_eq!(world.migo.line().breaker(), BreakerState::Closed);
        });
    }
}

/// A plan without the batch call: one single question finds out that the token is good.
#[test]
fn a_plan_without_the_batch_call_is_asked_one_by_one() {
    paused(async {
        let asked = companies(150);
        let names = truth(&asked).await;
        let world = World::new(window(10), |_| {});
        world.fail("403@coleccion");
        let outcomes = world.migo.rucs(&asked, &Ask::default()).all().await;
        check_outcomes(&asked, &outcomes, &names);
        assert!(
            outcomes
                .iter()
                .all(|it| it.is_ok() || word(it) == "no_encontrado")
        );
        assert_eq!(world.sandbox.count(Operation::Ruc), 150);
    });
}

/// A token that is good for nothing costs one question more for each list, not one for each.
#[test]
fn a_bad_token_is_not_tried_on_every_number() {
    paused(async {
        let asked = companies(150);
        let world = World::new(window(10), |_| {});
        world.fail("401");
        let outcomes = world.migo.rucs(&asked, &Ask::default()).all().await;
        assert!(
            outcomes
                .iter()
                .all(|it| word(it) == "proveedor_no_autorizado")
        );
        assert_eq!(world.sandbox.count(Operation::Collection), 1);
        assert_eq!(world.sandbox.count(Operation::Ruc), 1);
    });
}

#[test]
fn one_bad_number_does_not_spoil_its_list() {
    paused(async {
        // Well formed for a lenient caller; the service finds nobody under a wrong digit.
        let asked = [ruc(KNOWN), crate::kit::any_ruc("20131312950"), ruc(UNKNOWN)];
        let world = World::new(window(10), |_| {});
        let outcomes = world.migo.rucs(&asked, &Ask::default()).all().await;
        let words: Vec<_> = outcomes.iter().map(word).collect();
        assert_eq!(words, ["ok", "no_encontrado", "no_encontrado"]);
    });
}

#[test]
fn an_outage_is_the_outcome_of_each_and_never_a_no() {
    for (fault, code) in [
        ("caida", "proveedor_inalcanzable"),
        ("500", "proveedor_no_disponible"),
        ("401", "proveedor_no_autorizado"),
        ("429:retry=600", "limite_de_velocidad"),
    ] {
        paused(async {
            let asked = companies(120);
            let world = World::new(window(1), |_| {});
            // Some are known from before, and past their time.
            let ask = Ask::default();
            let before = world.migo.rucs(&asked[..50], &ask).all().await;
            sleep(Duration::from_hours(25)).await;
            world.fail(fault);
            let outcomes = world.migo.rucs(&asked, &ask).all().await;
            assert_eq!(outcomes.len(), 120);
            for (place, outcome) in outcomes.iter().enumerate() {
                let known = place < 50 && before[place].is_ok();
                match outcome {
                    Ok(found) => assert!(known && found.source == Source::Stale, "{fault}"),
                    Err(error) => assert!(!known && error.code() == code, "{fault}: {error:?}"),
                }
            }
            // A refused token is tried once singly: it may be the plan.
            let singly = u64::from(fault == "401");
            assert_eq!(
                world.asked(),
                singly,
                "{fault}: no single calls into an outage"
            );
        });
    }
}

const FAULTS: [&str; 16] = [
    "500",
    "503:html",
    "429",
    "429:retry=2",
    "reset",
    "caida",
    "cerrar",
    "truncado",
    "json-malo",
    "html",
    "otro-ruc",
    "success-false",
    "anidado",
    "404",
    "403",
    "goteo:300ms",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever fails, and how often: every question has one outcome, in its place, and no
    /// outcome says a falsehood.
    #[test]
    fn every_question_ends_in_exactly_one_true_outcome(
        seed in 0..1_000u64,
        faults in prop::collection::vec((0..FAULTS.len(), 1..60u32), 0..4),
        places in prop::collection::vec(0..300usize, 1..320),
        (omits, reverses, drops) in (any::<bool>(), any::<bool>(), 0..30usize),
    ) {
        paused(async {
            let all = companies(300);
            let asked: Vec<Ruc> = places.iter().map(|place| all[*place]).collect();
            let world = World::new(Settings { attempt_timeout: Duration::from_secs(2), ..window(3) }, |config| {
                config.seed = seed;
                config.latency = Latency::Fixed(Duration::from_millis(30));
                config.collection_omits_unknown = omits;
                config.collection_reverses = reverses;
                config.collection_drops = drops;
            });
            let quiet = World::new(Settings::default(), |config| config.seed = seed);
            let names: Vec<_> = quiet
                .migo
                .rucs(&asked, &Ask::default())
                .all()
                .await
                .into_iter()
                .map(|it| it.ok().map(|found| found.value.nombre_o_razon_social.clone()))
                .collect();
            for (kind, share) in faults {
                world.fail(&format!("{} %{share}", FAULTS[kind]));
            }
            let mut outcomes = world.migo.rucs(&asked, &Ask::default());
            let mut got: Vec<Option<Outcome>> = vec![None; asked.len()];
            while let Some(group) = outcomes.next().await {
                for (position, outcome) in group {
                    let twice = got[position].replace(outcome);
                    assert!(twice.is_none(), "{position} has two outcomes");
                }
            }
            let got: Vec<Outcome> = got.into_iter().map(|it| it.expect("an outcome")).collect();
            check_outcomes(&asked, &got, &names);
            // Equal questions have equal outcomes.
            for (place, outcome) in places.iter().zip(&got) {
                let first = places.iter().position(|it| it == place).unwrap();
                assert_eq!(word(outcome), word(&got[first]));
            }
            // Beside every send a row.
            world.migo.engine().idle().await;
            assert_eq!(world.ledger.calls().len(), world.sandbox.ledger().len());
            // And memory holds no falsehood either.
            world.sandbox.heal();
            // After a 429 the pace comes back slowly, and a refusal is checked within the usual time only.
            tokio::time::sleep(Duration::from_hours(1)).await;
            // The breaker wants one good answer first, and not one from memory; a batch does not wait for it.
            let fresh = Ask::default().force_refresh();
            world.migo.ruc(&ruc(KNOWN), &fresh).await.unwrap();
            // With time enough: after a 429 the pace comes back slowly.
            let patient = Ask::default().deadline(Duration::from_hours(1));
            let again = world.migo.rucs(&asked, &patient).all().await;
            check_outcomes(&asked, &again, &names);
            let failed: Vec<_> = again.iter().filter_map(|it| it.as_ref().err()).filter(|it| !it.is_not_found()).collect();
            assert!(failed.is_empty(), "{:?} {failed:?}", world.migo.engine().stats());
        });
    }
}
