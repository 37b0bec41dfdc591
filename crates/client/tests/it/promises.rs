//! What was once broken in the engine. A test bears the number of its failure.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use chaski_client::{
    Ask, BreakerState, Call, Error, Ledger, Settings, Source, Transport, TransportError,
};
use chaski_core::Ruc;
use chaski_sandbox::{Latency, Operation};
use futures_util::future::{BoxFuture, join_all};
use http::{Request, Response};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, sleep_until};

use crate::kit::{KNOWN, World, companies, engine, response, ruc, word};

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// A load, and what it meets.
#[derive(Debug, Clone, Copy)]
struct Load {
    latency: Duration,
    /// Whether half of the answers take half of it, and half of them one and a half.
    uneven: bool,
    concurrency: usize,
    deadline: Duration,
    count: usize,
    /// Between one arrival and the next; zero for all at once.
    apart: Duration,
}

/// What became of one look-up: when it ended, how.
struct Ended {
    at: Duration,
    word: &'static str,
    retry_after: Option<Duration>,
}

impl Load {
    fn world(&self) -> World {
        let settings = Settings {
            concurrency: self.concurrency,
            deadline: self.deadline,
            ..Settings::default()
        };
        World::new(settings, |config| {
            config.latency = if self.uneven {
                Latency::LogNormal {
                    median: self.latency.mul_f64(0.8),
                    p99: self.latency * 3,
                    cap: Duration::from_secs(9),
                }
            } else {
                Latency::Fixed(self.latency)
            };
        })
    }

    /// Answers that the window can bring in time.
    fn possible(&self) -> usize {
        let while_they_come = self.apart * u32::try_from(self.count).unwrap();
        let lasts = if self.apart.is_zero() {
            // Whole rounds; the last one may end with the deadline.
            self.deadline.saturating_sub(ms(5))
        } else {
            while_they_come
        };
        let rounds = lasts.as_millis() / self.latency.as_millis();
        self.count
            .min(usize::try_from(rounds).unwrap() * self.concurrency)
    }

    async fn run(&self, world: &World) -> Vec<Ended> {
        let numbers = companies(self.count);
        let began = Instant::now();
        let lookups = numbers
            .iter()
            .enumerate()
            .map(|(place, number)| async move {
                sleep(self.apart * u32::try_from(place).unwrap()).await;
                let came = Instant::now();
                let outcome = world.migo.ruc(number, &Ask::default()).await;
                assert!(came.elapsed() <= self.deadline + ms(5), "{self:?}");
                Ended {
                    at: began.elapsed(),
                    retry_after: outcome.as_ref().err().and_then(Error::retry_after),
                    word: match outcome {
                        Err(error) if !error.is_not_found() => error.code(),
                        _ => "ok",
                    },
                }
            });
        join_all(lookups).await
    }
}

/// Nothing paid is lost: what any call brought is in memory, and no call failed.
async fn assert_nothing_lost(world: &World, context: &dyn std::fmt::Debug) {
    world.migo.engine().idle().await;
    let calls: Vec<Call> = world.ledger.calls();
    assert_eq!(calls.len(), world.sandbox.ledger().len(), "{context:?}");
    for call in calls {
        let answered = ["SUCCESS", "NOT_FOUND"].contains(&call.outcome);
        assert!(answered, "{context:?}: {}", call.outcome);
        assert!(world.remembered(call.key).await.is_some(), "{context:?}");
    }
    assert_eq!(
        world.migo.line().breaker(),
        BreakerState::Closed,
        "{context:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn h04_two_thousand_at_once_are_no_verdict_on_the_upstream() {
    for (count, deadline) in [(2_000, 30), (1_700, 30), (200, 3)] {
        let load = Load {
            latency: ms(1_000),
            uneven: false,
            concurrency: Settings::default().concurrency,
            deadline: Duration::from_secs(deadline),
            count,
            apart: Duration::ZERO,
        };
        let world = load.world();
        let ended = load.run(&world).await;
        assert_nothing_lost(&world, &load).await;
        let good = ended.iter().filter(|it| it.word == "ok").count();
        assert!(good * 100 >= load.possible() * 95, "{load:?}: {good}");
        let refused: Vec<&Ended> = ended.iter().filter(|it| it.word != "ok").collect();
        assert!(refused.iter().all(|it| it.word == "plazo_agotado"));
        // Whoever cannot get a turn hears so long before the deadline, and when to come again.
        let early = |it: &&&Ended| it.at <= load.deadline / 5 && it.retry_after.is_some();
        let told_early = refused.iter().filter(early).count();
        assert!(
            count < 1_000 || told_early * 2 >= refused.len(),
            "{told_early}"
        );
        // Nobody else pays for the crowd.
        assert_eq!(word(&world.ask(KNOWN).await), "ok");
    }
}

#[tokio::test(start_paused = true)]
async fn h04_more_than_the_capacity_leaves_the_goodput_flat() {
    // 30 a second for two minutes against 20 a second, with and without jitter.
    for (concurrency, latency, uneven) in
        [(50, 2_500, false), (20, 1_000, false), (20, 1_000, true)]
    {
        let load = Load {
            latency: ms(latency),
            uneven,
            concurrency,
            deadline: Duration::from_secs(30),
            count: 3_600,
            apart: ms(33),
        };
        let world = load.world();
        let ended = load.run(&world).await;
        assert_nothing_lost(&world, &load).await;
        let mut by_ten_seconds = vec![0; 12];
        for it in ended.iter().filter(|it| it.word == "ok") {
            if let Some(count) =
                by_ten_seconds.get_mut(usize::try_from(it.at.as_secs()).unwrap() / 10)
            {
                *count += 1;
            }
        }
        // Two hundred in ten seconds; an uneven upstream is a little faster or slower.
        let least = if uneven { 170 } else { 190 };
        let flat = by_ten_seconds[1..11].iter().all(|count| *count >= least);
        assert!(flat, "{load:?}: {by_ten_seconds:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn h04_no_load_opens_the_breaker_or_loses_an_answer() {
    fastrand::seed(4);
    for round in 0..60 {
        let pick = |from: &[u64]| from[fastrand::usize(..from.len())];
        let latency = pick(&[40, 300, 1_000, 2_400]);
        let load = Load {
            latency: ms(latency),
            uneven: round % 3 == 2,
            concurrency: usize::try_from(pick(&[1, 4, 20, 50])).unwrap(),
            deadline: ms(pick(&[1_000, 3_000, 10_000, 30_000])),
            count: usize::try_from(pick(&[30, 200, 900])).unwrap(),
            apart: ms(pick(&[0, 0, 5, 40])),
        };
        let world = load.world();
        let ended = load.run(&world).await;
        assert_nothing_lost(&world, &load).await;
        let good = ended.iter().filter(|it| it.word == "ok").count();
        if !load.uneven && load.latency * 2 <= load.deadline {
            assert!(
                good * 100 >= load.possible() * 95,
                "{load:?}: {good} of {}, {} calls",
                load.possible(),
                world.ledger.calls().len()
            );
        }
        let words: Vec<_> = ended.iter().map(|it| it.word).collect();
        assert!(
            words.iter().all(|it| ["ok", "plazo_agotado"].contains(it)),
            "{load:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn h04_what_was_sent_is_listened_to_and_joined() {
    let world = World::new(Settings::default(), |config| {
        config.latency = Latency::Fixed(ms(5_000));
    });
    let number = ruc(KNOWN);
    let hurried = Ask::default().deadline(ms(2_000));
    let began = Instant::now();
    assert_eq!(
        word(&world.migo.ruc(&number, &hurried).await),
        "plazo_agotado"
    );
    assert_eq!(began.elapsed(), ms(2_000));
    sleep(ms(1_000)).await;
    // Somebody else joins what is on its way, and it is paid for once.
    let found = world.ask(KNOWN).await.unwrap();
    assert_eq!(
        (began.elapsed(), found.source),
        (ms(5_000), Source::Upstream)
    );
    assert_eq!(world.asked(), 1);
    assert_eq!(world.ask(KNOWN).await.unwrap().source, Source::Memory);
    // Known to take five seconds: what has two is not sent.
    let other = companies(1)[0];
    assert_eq!(
        word(&world.migo.ruc(&other, &hurried).await),
        "plazo_agotado"
    );
    assert_eq!((began.elapsed(), world.asked()), (ms(5_000), 1));
    // But not for ever.
    sleep(Duration::from_mins(1)).await;
    assert_eq!(
        word(&world.migo.ruc(&other, &hurried).await),
        "plazo_agotado"
    );
    assert_eq!(world.asked(), 2);
    assert_nothing_lost(&world, &()).await;
}

#[tokio::test(start_paused = true)]
async fn h04_a_list_in_a_hurry_loses_nothing_either() {
    for (latency, deadline) in [(5_000, 2_000), (1_000, 900), (3_000, 3_500)] {
        let world = World::new(Settings::default(), |config| {
            config.latency = Latency::Fixed(ms(latency));
        });
        let numbers = companies(250);
        let ask = Ask::default().deadline(ms(deadline));
        let began = Instant::now();
        let outcomes = world.migo.rucs(&numbers, &ask).all().await;
        assert!(
            began.elapsed() <= ms(deadline.max(latency)),
            "{:?}",
            began.elapsed()
        );
        assert_eq!(outcomes.len(), numbers.len());
        let late = outcomes
            .iter()
            .filter(|it| word(it) == "plazo_agotado")
            .count();
        assert_eq!(late, if latency > deadline { 250 } else { 0 });
        world.migo.engine().idle().await;
        assert_eq!(world.migo.line().breaker(), BreakerState::Closed);
        let again = world.migo.rucs(&numbers, &ask).all().await;
        let known = |it: &Result<chaski_client::Found<_>, chaski_client::Error>| match it {
            Ok(found) => found.source == Source::Memory,
            Err(error) => error.is_remembered(),
        };
        assert!(again.iter().all(known), "{latency} {deadline}");
        assert_eq!(world.sandbox.ledger().len(), 3);
    }
}

/// Answers come by a task of their own, as those of a connection do.
struct ByAnotherTask {
    after: Duration,
    sent: AtomicUsize,
    body: Mutex<String>,
}

impl Transport for ByAnotherTask {
    fn send(
        &self,
        _: Request<Bytes>,
        _: usize,
    ) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>> {
        self.sent.fetch_add(1, Ordering::SeqCst);
        let due = Instant::now() + self.after;
        let answer = response(200, &[], &self.body.lock().unwrap());
        let (arrived, arrival) = oneshot::channel();
        tokio::spawn(async move {
            sleep_until(due).await;
            drop(arrived.send(answer));
        });
        Box::pin(async move { arrival.await.map_err(|_| TransportError::Broken) })
    }
}

fn one_answer(ruc: &Ruc) -> String {
    format!(
        r#"{{"success":true,"ruc":"{ruc}","nombre_o_razon_social":"EMPRESA","estado_del_contribuyente":"ACTIVO","condicion_de_domicilio":"HABIDO"}}"#
    )
}

#[tokio::test(start_paused = true)]
async fn h14_what_arrived_while_the_process_was_stopped_is_read_first() {
    // The answer comes after, the process is stopped for.
    for (after, stopped) in [(9, 11), (12, 15), (3, 25), (19, 20), (12, 40), (39, 40)] {
        let number = ruc(KNOWN);
        let transport = Arc::new(ByAnotherTask {
            after: Duration::from_secs(after),
            sent: AtomicUsize::new(0),
            body: Mutex::new(one_answer(&number)),
        });
        let (engine, line, ledger) = engine(Settings::default(), transport.clone());
        let dialect = Arc::new(crate::kit::dialect(chaski_client::Version::V1));
        let routes = Arc::new(chaski_client::Only::new(line, dialect));
        let question = chaski_client::RucQuery(number);
        let asking = {
            let (engine, routes, question) = (engine.clone(), routes.clone(), question);
            tokio::spawn(async move { engine.lookup(&routes, &question, &Ask::default()).await })
        };
        sleep(ms(100)).await;
        // All timers are due when the process goes on, the time-outs longest of all.
        tokio::time::advance(Duration::from_secs(stopped)).await;
        let outcome = asking.await.unwrap();
        assert_eq!(word(&outcome), "ok", "{after} {stopped}");
        engine.idle().await;
        assert_eq!(
            transport.sent.load(Ordering::SeqCst),
            1,
            "{after} {stopped}"
        );
        let outcomes: Vec<_> = ledger.calls().iter().map(|call| call.outcome).collect();
        assert_eq!(outcomes, ["SUCCESS"], "{after} {stopped}");
        let again = engine.lookup(&routes, &question, &Ask::default()).await;
        assert_eq!(again.unwrap().source, Source::Memory);
    }
}

/// However long it was stopped, the next question goes out: the pause is no time that answers take.
#[tokio::test(start_paused = true)]
async fn h14_whoever_asks_after_the_process_was_stopped_is_served() {
    for (calls, stopped) in [(1, 40), (50, 40), (50, 8 * 3_600), (40, 600)] {
        let world = World::new(Settings::default(), |config| {
            config.latency = Latency::Fixed(ms(2_000));
        });
        let numbers = companies(calls + 120);
        let ask = async |number| word(&world.migo.ruc(number, &Ask::default()).await);
        let stop = async {
            sleep(ms(100)).await;
            tokio::time::advance(Duration::from_secs(stopped)).await;
        };
        tokio::join!(join_all(numbers[..calls].iter().map(ask)), stop);
        // Alone, and more at once than there are places.
        assert_eq!(word(&world.ask(KNOWN).await), "ok", "{calls} {stopped}");
        let words = join_all(numbers[calls..].iter().map(ask)).await;
        assert!(!words.contains(&"plazo_agotado"), "{calls} {stopped}");
    }
}

#[tokio::test(start_paused = true)]
async fn h14_silence_is_still_a_time_out() {
    let world = World::new(Settings::default(), |config| {
        config.latency = Latency::Fixed(Duration::from_mins(1));
    });
    let began = Instant::now();
    let outcome = world.ask(KNOWN).await;
    assert!(["tiempo_agotado", "plazo_agotado"].contains(&word(&outcome)));
    assert!(began.elapsed() <= Duration::from_secs(30) + ms(5));
}

fn with_quota(left: u64, concurrency: usize) -> World {
    let settings = Settings {
        concurrency,
        ..Settings::default()
    };
    World::new(settings, |config| {
        config.quota = Some(left);
        config.latency = Latency::Fixed(ms(100));
    })
}

fn codes<A>(outcomes: &[Result<chaski_client::Found<A>, Error>], code: &str) -> usize {
    outcomes.iter().filter(|it| word(it) == code).count()
}

#[tokio::test(start_paused = true)]
async fn a04_a_plan_that_is_used_up_ends_a_list_at_once() {
    for left in [0, 1, 5, 12, 30] {
        let world = with_quota(left, 50);
        let numbers = companies(3_000);
        let began = Instant::now();
        let outcomes = world.migo.rucs(&numbers, &Ask::default()).all().await;
        let answered = 100 * usize::try_from(left).unwrap();
        assert_eq!(
            codes(&outcomes, "cuota_agotada"),
            3_000 - answered,
            "{left}"
        );
        assert!(
            began.elapsed() < Duration::from_secs(3),
            "{:?}",
            began.elapsed()
        );
        // Those that were on their way together heard of it together; the account was asked once.
        let accounts = world.sandbox.count(Operation::Account);
        assert_eq!(accounts, u64::from(left < 30), "{left}");
        let collections = world.sandbox.count(Operation::Collection);
        assert!(collections <= left + 12, "{left}: {collections}");
        assert_eq!(world.asked(), 0);

        // It is known to every question, and to other processes, at no call.
        let sent = world.sandbox.ledger().len();
        let other = world.restarted(Settings::default());
        other.line().load_plan().await.unwrap();
        if left < 30 {
            assert_eq!(
                word(&world.migo.latest_rate(&Ask::default()).await),
                "cuota_agotada"
            );
            let error = other
                .ruc(&numbers[2_999], &Ask::default())
                .await
                .unwrap_err();
            assert!(error.code() == "cuota_agotada" && error.exit_code() == 6);
            // The other process made sure once.
            assert_eq!(world.sandbox.ledger().len(), sent + 1);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a04_a_limit_of_pace_is_no_plan_used_up() {
    for (fault, asked) in [("429", 1), ("429:retry=2", 1), ("429:retry=1200", 0)] {
        let world = with_quota(40, 50);
        world.fail(&format!("{fault}@ruc x3"));
        let error = world.ask(KNOWN).await.unwrap_err();
        assert_eq!(error.code(), "limite_de_velocidad", "{fault}");
        assert_eq!(world.sandbox.count(Operation::Account), asked, "{fault}");
        world.sandbox.heal();
        sleep(Duration::from_mins(20)).await;
        assert_eq!(word(&world.ask(KNOWN).await), "ok", "{fault}");
    }
}

#[tokio::test(start_paused = true)]
async fn a04_it_is_forgotten_when_the_month_turns_or_the_account_says_so() {
    // Ten to midnight in Lima on the last day of January.
    let late = "2026-02-01T04:50:00Z".parse().unwrap();
    let world = World::at(late, Settings::default(), |_| {});
    let numbers = companies(10);
    let ask = Ask::default();
    let spent = || {
        let body = r#"{"success":true,"nombre":"X","consultas":0}"#;
        response(200, &[], body)
    };
    let left = response(200, &[], r#"{"success":true,"nombre":"X","consultas":70}"#);
    let limit = response(
        429,
        &[],
        r#"{"success":false,"message":"Too Many Attempts."}"#,
    );
    let known = response(200, &[], &one_answer(&numbers[3]));
    // It ends; three minutes later nobody asks; then the account is looked at by a person.
    let transport =
        crate::kit::Scripted::new(vec![limit.clone(), limit.clone(), spent(), left, known]);
    let (migo, _) = crate::kit::scripted(Settings::default(), transport.clone());
    assert_eq!(word(&migo.ruc(&numbers[0], &ask).await), "cuota_agotada");
    sleep(Duration::from_mins(3)).await;
    assert_eq!(word(&migo.ruc(&numbers[1], &ask).await), "cuota_agotada");
    assert_eq!(transport.sent.lock().unwrap().len(), 3);
    assert_eq!(migo.account(&ask).await.unwrap().value.consultas, Some(70));
    assert_eq!(word(&migo.ruc(&numbers[3], &ask).await), "ok");

    // Asked again by itself after ten minutes at most.
    let transport = crate::kit::Scripted::new(vec![limit.clone(), limit, spent()]);
    let (migo, _) = crate::kit::scripted(Settings::default(), transport.clone());
    assert_eq!(word(&migo.ruc(&numbers[0], &ask).await), "cuota_agotada");
    for _ in 0..30 {
        sleep(Duration::from_mins(1)).await;
        assert_eq!(word(&migo.ruc(&numbers[1], &ask).await), "cuota_agotada");
    }
    assert_eq!(transport.sent.lock().unwrap().len(), 3 + 3);

    // The month turns.
    world.ledger.note_plan("migo", Some(late)).await.unwrap();
    world.migo.line().load_plan().await.unwrap();
    let free = world.sandbox.count(Operation::Account);
    assert_eq!(free, 0);
    sleep(Duration::from_mins(11)).await;
    assert_eq!(word(&world.ask(KNOWN).await), "ok");
    assert_eq!(world.sandbox.count(Operation::Account), 0);
}

type Answer = dyn Fn(&Request<Bytes>) -> Response<Bytes> + Send + Sync;

/// Answers the same to every request, at once or later, and counts them.
struct Always {
    answer: Box<Answer>,
    sent: AtomicUsize,
}

impl Always {
    fn new(
        answer: impl Fn(&Request<Bytes>) -> Response<Bytes> + Send + Sync + 'static,
    ) -> Arc<Always> {
        Arc::new(Always {
            answer: Box::new(answer),
            sent: AtomicUsize::new(0),
        })
    }

    fn sent(&self) -> usize {
        self.sent.load(Ordering::SeqCst)
    }
}

impl Transport for Always {
    fn send(
        &self,
        request: Request<Bytes>,
        _: usize,
    ) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>> {
        self.sent.fetch_add(1, Ordering::SeqCst);
        let answer = (self.answer)(&request);
        Box::pin(async move {
            sleep(ms(50)).await;
            Ok(answer)
        })
    }
}

fn migo(transport: Arc<dyn Transport>, settings: Settings) -> chaski_client::Migo {
    chaski_client::Migo::builder(crate::kit::TOKEN)
        .settings(settings)
        .transport(transport)
        .clock(chaski_client::Clock::starting_at(crate::kit::start()))
        .build()
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn a04_what_fails_for_every_number_ends_a_list_after_a_handful_of_calls() {
    let html = "<html><body><h1>404 Not Found</h1></body></html>";
    for (status, body, code) in [
        (404, html, "proveedor_ruta_incorrecta"),
        (405, "", "proveedor_ruta_incorrecta"),
        (
            401,
            r#"{"message":"Unauthenticated."}"#,
            "proveedor_no_autorizado",
        ),
        (
            403,
            r#"{"success":false,"message":"Forbidden"}"#,
            "proveedor_no_autorizado",
        ),
        (302, "", "proveedor_redirige"),
    ] {
        for (count, first_wave, most) in [(10_000, 4, 5), (10_000, 0, 11), (300, 4, 4), (2, 4, 2)] {
            let transport = Always::new(move |_| response(status, &[], body));
            let settings = Settings {
                first_wave,
                ..Settings::default()
            };
            let migo = migo(transport.clone(), settings);
            let outcomes = migo.rucs(&companies(count), &Ask::default()).all().await;
            assert_eq!(codes(&outcomes, code), count, "{status} {count}");
            assert!(
                transport.sent() <= most,
                "{status} {count}: {}",
                transport.sent()
            );
            // The next list needs no more to find out than this one.
            let before = transport.sent();
            let outcomes = migo.rucs(&companies(count), &Ask::default()).all().await;
            assert_eq!(codes(&outcomes, code), count);
            assert!(transport.sent() - before <= most);

            let dnis: Vec<chaski_core::Dni> = (1..=count.min(500))
                .map(|number| format!("{number:08}").parse().unwrap())
                .collect();
            let before = transport.sent();
            let outcomes = migo.dnis(&dnis, &Ask::default()).await;
            assert_eq!(codes(&outcomes, code), dnis.len());
            let most = if first_wave == 0 { 50 } else { 4 };
            assert!(
                transport.sent() - before <= most,
                "{status}: {}",
                transport.sent() - before
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a04_a_plan_that_lacks_the_batch_call_alone_is_asked_singly() {
    for (status, first_wave) in [(403, 4), (404, 4), (403, 0), (302, 4)] {
        let world = world_without_collections(status);
        let settings = Settings {
            first_wave,
            ..Settings::default()
        };
        let migo = migo(world.clone(), settings);
        let numbers = companies(450);
        let outcomes = migo.rucs(&numbers, &Ask::default()).all().await;
        let good = outcomes.iter().filter(|it| it.is_ok()).count();
        assert_eq!(good, 450, "{status}");
        assert_eq!(world.sent(), 450 + 5, "{status}");
    }
}

/// Good singly; native batch calls get that status.
fn world_without_collections(status: u16) -> Arc<Always> {
    world_with_collections(status, "")
}

fn world_with_collections(status: u16, body: &'static str) -> Arc<Always> {
    Always::new(move |request| {
        if request.uri().path().ends_with("collection") {
            return response(status, &[], body);
        }
        let asked: serde_json::Value = serde_json::from_slice(request.body()).unwrap();
        response(200, &[], &one_answer(&ruc(asked["ruc"].as_str().unwrap())))
    })
}

/// Paid answers do not wait for a place of the window to be put away: the process may be killed.
#[tokio::test(start_paused = true)]
async fn h07_what_an_incomplete_collection_answers_is_put_away_at_once() {
    let numbers = companies(300);
    let told = numbers.clone();
    let transport = Arc::new(FirstIncomplete {
        answer: numbers[..99]
            .iter()
            .map(one_answer)
            .collect::<Vec<_>>()
            .join(","),
        rest: told[100..]
            .iter()
            .map(one_answer)
            .collect::<Vec<_>>()
            .join(","),
        sent: AtomicUsize::new(0),
    });
    let settings = Settings {
        batch_window: 1,
        ..Settings::default()
    };
    let (engine, line, ledger) = engine(settings, transport);
    let dialect = Arc::new(crate::kit::dialect(chaski_client::Version::V1));
    let routes = Arc::new(chaski_client::Only::new(line, dialect));
    let questions = numbers
        .iter()
        .copied()
        .map(chaski_client::RucQuery)
        .collect();
    let list = engine.lookup_many(&routes, questions, &Ask::default());
    let asking = tokio::spawn(list.all());
    sleep(ms(1_000)).await;
    let keys: Vec<_> = numbers
        .iter()
        .map(|it| chaski_client::Lookup::key(&chaski_client::RucQuery(*it)))
        .collect();
    let known = ledger.recall(&keys).await.unwrap();
    assert_eq!(known.iter().filter(|it| it.is_some()).count(), 99);
    let outcomes = asking.await.unwrap();
    assert_eq!(outcomes.iter().filter(|it| it.is_ok()).count(), 300);
}

/// Answers the first collection at once but for its last number, and what follows after 8 s.
struct FirstIncomplete {
    answer: String,
    rest: String,
    sent: AtomicUsize,
}

impl Transport for FirstIncomplete {
    fn send(
        &self,
        request: Request<Bytes>,
        _: usize,
    ) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>> {
        let first = self.sent.fetch_add(1, Ordering::SeqCst) == 0;
        Box::pin(async move {
            let asked: serde_json::Value = serde_json::from_slice(request.body()).unwrap();
            if let Some(number) = asked["ruc"].as_str() {
                return Ok(response(200, &[], &one_answer(&ruc(number))));
            }
            if !first {
                sleep(Duration::from_secs(8)).await;
            }
            let all = if first { &self.answer } else { &self.rest };
            Ok(response(200, &[], &format!("[{all}]")))
        })
    }
}

/// Lists much longer than the window: chunks that fall back on single look-ups, and chunks that wait
/// for leave to send, must never wait for each other.
#[tokio::test(start_paused = true)]
async fn a04_a_list_ends_however_its_collections_fail() {
    let refused = r#"{"success":false,"message":"Unauthorized"}"#;
    for (status, body, good) in [
        (200, "<html>", true),
        (200, "[]", true),
        (200, "", true),
        (200, r#"{"success":false,"message":"no soportado"}"#, false),
        (200, refused, true),
        (400, "", true),
        (422, r#"{"message":"too long"}"#, true),
        (403, "", true),
        (404, "<html>", true),
        (302, "", true),
        (500, "", false),
    ] {
        for (first_wave, batch_window) in [(4, 10), (1, 10), (0, 10), (4, 2), (1, 1)] {
            let world = world_with_collections(status, body);
            let settings = Settings {
                first_wave,
                batch_window,
                ..Settings::default()
            };
            let migo = migo(world.clone(), settings);
            let list = migo.rucs(&companies(4_000), &Ask::default()).all();
            let case = format!("{status} {body} {first_wave} {batch_window}");
            let day = std::time::Duration::from_hours(24);
            let outcomes = tokio::time::timeout(day, list).await.expect(&case);
            assert_eq!(outcomes.len(), 4_000, "{case}");
            assert_eq!(outcomes.iter().all(Result::is_ok), good, "{case}");
        }
    }
}

/// The breaker opens while a list fails, and is not why it failed.
#[tokio::test(start_paused = true)]
async fn a04_the_cause_is_not_hidden_behind_the_breaker() {
    let foreign = one_answer(&ruc("20100070970"));
    for (status, body, code) in [
        (200, &*foreign, "respuesta_ilegible"),
        (200, "<html>", "respuesta_ilegible"),
        (500, "", "proveedor_no_disponible"),
        (503, "<html>", "proveedor_no_disponible"),
    ] {
        let (one, all) = (body.to_owned(), format!("[{body}]"));
        let transport = Always::new(move |request| {
            let many = request.uri().path().ends_with("collection");
            response(status, &[], if many { &all } else { &one })
        });
        let settings = Settings {
            first_wave: 4,
            ..Settings::default()
        };
        let migo = migo(transport, settings);
        let outcomes = migo.rucs(&companies(300), &Ask::default()).all().await;
        assert!(codes(&outcomes, code) > 0, "{status} {body}");
        let mut told: Vec<_> = outcomes.iter().map(word).collect();
        told.retain(|it| ![code, "proveedor_caido"].contains(it));
        assert_eq!(told, [""; 0], "{status} {body}");
    }
}

#[tokio::test(start_paused = true)]
async fn a04_a_token_revoked_in_the_middle_ends_the_list_too() {
    let sent = Arc::new(AtomicUsize::new(0));
    let count = sent.clone();
    let transport = Always::new(move |request| {
        if count.fetch_add(1, Ordering::SeqCst) >= 40 {
            return response(401, &[], r#"{"message":"Unauthenticated."}"#);
        }
        let asked: serde_json::Value = serde_json::from_slice(request.body()).unwrap();
        let numbers = asked["ruc"].as_array().unwrap().iter();
        let all: Vec<_> = numbers
            .map(|it| one_answer(&ruc(it.as_str().unwrap())))
            .collect();
        response(200, &[], &format!("[{}]", all.join(",")))
    });
    let migo = migo(transport.clone(), Settings::default());
    let outcomes = migo.rucs(&companies(10_000), &Ask::default()).all().await;
    assert_eq!(outcomes.iter().filter(|it| it.is_ok()).count(), 4_000);
    assert_eq!(codes(&outcomes, "proveedor_no_autorizado"), 6_000);
    assert!(transport.sent() <= 40 + 30, "{}", transport.sent());
}
