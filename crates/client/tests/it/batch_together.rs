//! Batches among others: two at once, one that nobody hears to the end, one with a defect.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use chaski_client::{
    Ask, Decoded, Failure, Key, Lookup, RawAnswer, Settings, Source, TimesToLive, Upstream,
    UpstreamMany,
};
use chaski_sandbox::{Latency, Operation};
use futures_util::future::join_all;
use http::Request;
use jiff::Timestamp;
use tokio::time::{sleep, timeout};

use crate::kit::{Scripted, World, companies, engine, response, word};

fn slow() -> World {
    let settings = Settings {
        batch_window: 2,
        ..Settings::default()
    };
    World::new(settings, |config| {
        config.latency = Latency::Fixed(Duration::from_millis(100));
    })
}

/// How often each number arrived, singly or in a list.
fn times_asked(world: &World) -> HashMap<String, usize> {
    let mut times = HashMap::new();
    for entry in world.sandbox.ledger() {
        for subject in entry.subjects {
            *times.entry(subject.to_string()).or_default() += 1;
        }
    }
    times
}

#[tokio::test(start_paused = true)]
async fn overlapping_batches_never_ask_for_a_number_twice() {
    let world = slow();
    let all = companies(900);
    let ask = Ask::default();
    let (migo, numbers) = (&world.migo, &all);
    let run = |from: usize, to: usize, after: u64| {
        let ask = &ask;
        async move {
            sleep(Duration::from_millis(after)).await;
            migo.rucs(&numbers[from..to], ask).all().await
        }
    };
    let single = async {
        sleep(Duration::from_millis(20)).await;
        join_all(numbers[..300].iter().map(|number| migo.ruc(number, &ask))).await
    };
    let (a, b, c, singles) =
        tokio::join!(run(0, 600, 0), run(300, 900, 30), run(0, 900, 130), single);
    assert_eq!(
        (a.len(), b.len(), c.len(), singles.len()),
        (600, 600, 900, 300)
    );
    for outcome in a.iter().chain(&b).chain(&c).chain(&singles) {
        assert!(outcome.is_ok() || word(outcome) == "no_encontrado");
    }
    let times = times_asked(&world);
    assert_eq!(times.len(), 900);
    assert!(times.values().all(|times| *times == 1), "asked twice");
}

#[tokio::test(start_paused = true)]
async fn who_stops_listening_stops_new_calls_and_keeps_what_was_paid() {
    for repeated in [false, true] {
        let world = slow();
        let mut asked = companies(2_000);
        if repeated {
            // One of each of the two chunks that may come first.
            asked.extend([asked[0], asked[100]]);
        }
        let mut outcomes = world.migo.rucs(&asked, &Ask::default());
        let first = outcomes.next().await.unwrap();
        assert_eq!(first.len(), if repeated { 101 } else { 100 });
        drop(outcomes);
        world.migo.engine().idle().await;
        sleep(Duration::from_mins(1)).await;
        let calls = world.sandbox.count(Operation::Collection);
        // Two in the window, and at most one that was let in as the first landed.
        assert!(calls <= 4, "{calls} calls, repeated {repeated}");
        // What came is in memory, whoever asks.
        let again = world.migo.rucs(&asked[..200], &Ask::default()).all().await;
        let remembered = again.iter().all(|outcome| match outcome {
            Ok(found) => found.source == Source::Memory,
            Err(error) => error.is_remembered(),
        });
        assert!(remembered);
        assert_eq!(world.sandbox.count(Operation::Collection), calls);
    }
}

/// Nothing is paid for that nobody takes: 64 groups wait in the channel, and twice the window.
#[tokio::test(start_paused = true)]
async fn nobody_listens_and_calls_stop() {
    let world = slow();
    let asked = companies(15_000);
    let outcomes = world.migo.rucs(&asked, &Ask::default());
    sleep(Duration::from_mins(10)).await;
    let calls = world.sandbox.count(Operation::Collection);
    assert!((64..=68).contains(&calls), "{calls} calls");
    assert_eq!(outcomes.all().await.len(), asked.len());
    assert_eq!(world.sandbox.count(Operation::Collection), 150);
}

/// A listener that does not listen holds up its own batch and nobody else.
#[tokio::test(start_paused = true)]
async fn a_slow_listener_does_not_hold_up_others() {
    let settings = Settings {
        batch_window: 200,
        ..Settings::default()
    };
    let world = World::new(settings, |config| {
        config.latency = Latency::Fixed(Duration::from_millis(10));
        config.collection_omits_unknown = true;
        config.collection_drops = 5;
    });
    let asked = companies(15_000);
    let outcomes = world.migo.rucs(&asked, &Ask::default());
    sleep(Duration::from_millis(15)).await;
    let last = &asked[14_900..];
    let ask = Ask::default().deadline(Duration::from_secs(5));
    let others = join_all(last.iter().map(|number| world.migo.ruc(number, &ask))).await;
    assert!(
        others
            .iter()
            .all(|it| it.is_ok() || word(it) == "no_encontrado")
    );
    assert_eq!(outcomes.all().await.len(), asked.len());
}

/// A question of this test alone.
#[derive(Clone)]
struct Number(u32);

impl Lookup for Number {
    type Answer = u32;

    fn key(&self) -> Key {
        Key {
            operation: "numero",
            subject: self.0.to_string().into(),
            personal: false,
        }
    }

    fn time_to_live(&self, _: &u32, _: Timestamp, times: &TimesToLive) -> Duration {
        times.ruc
    }

    fn pack(answer: &u32) -> Bytes {
        answer.to_string().into()
    }

    fn unpack(&self, body: &[u8]) -> Option<u32> {
        std::str::from_utf8(body).ok()?.parse().ok()
    }
}

/// What is wrong with the dialect.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Defect {
    Encode,
    Decode,
    TooFew,
}

struct Defective(Defect);

impl Upstream<Number> for Defective {
    fn encode(&self, _: &Number) -> Request<Bytes> {
        Request::new(Bytes::new())
    }

    fn decode(&self, question: &Number, _: &RawAnswer) -> Result<Decoded<u32>, Failure> {
        Ok(Decoded::Answer(question.0))
    }

    fn many(&self) -> Option<&dyn UpstreamMany<Number>> {
        Some(self)
    }
}

impl UpstreamMany<Number> for Defective {
    fn most(&self) -> usize {
        10
    }

    fn encode_many(&self, _: &[Number]) -> Request<Bytes> {
        assert!(self.0 != Defect::Encode, "a defect while writing");
        Request::new(Bytes::new())
    }

    fn decode_many(
        &self,
        questions: &[Number],
        _: &RawAnswer,
    ) -> Result<Vec<Option<Decoded<u32>>>, Failure> {
        assert!(self.0 != Defect::Decode, "a defect while reading");
        let some = questions.iter().take(3);
        Ok(some.map(|it| Some(Decoded::Answer(it.0))).collect())
    }
}

#[tokio::test(start_paused = true)]
async fn a_defect_of_a_dialect_loses_no_question() {
    for defect in [Defect::Encode, Defect::Decode, Defect::TooFew] {
        let transport = Scripted::new(vec![response(200, &[], "")]);
        let (engine, line, _) = engine(Settings::default(), transport);
        let routes = Arc::new(chaski_client::Only::new(line, Arc::new(Defective(defect))));
        let asked: Vec<_> = (0..35).map(|n| Number(n % 30)).collect();
        let run = engine
            .lookup_many(&routes, asked.clone(), &Ask::default())
            .all();
        let outcomes = timeout(Duration::from_mins(5), run).await.unwrap();
        assert_eq!(outcomes.len(), 35, "{defect:?}");
        for (question, outcome) in asked.iter().zip(&outcomes) {
            match outcome {
                Ok(found) => assert_eq!(*found.value, question.0),
                Err(error) => {
                    assert_ne!(defect, Defect::TooFew);
                    assert_eq!(error.code(), "error_interno", "{defect:?}");
                }
            }
        }
        // Nobody who comes later waits for a flight that no longer flies.
        let ask = Ask::default();
        let later = engine.lookup(&routes, &Number(1), &ask);
        assert!(
            timeout(Duration::from_mins(1), later)
                .await
                .unwrap()
                .is_ok()
        );
    }
}
