//! A second upstream: asked when the first one fails, with one memory and one record.

use std::sync::Arc;

use bytes::Bytes;
use chaski_client::dialects::migo::MigoDialect;
use chaski_client::{
    Ask, BreakerState, Clock, Decoded, Engine, Failure, Line, MemoryLedger, Only, RawAnswer,
    Reason, RucQuery, Settings, Source, Upstream, Version, taxpayer_from_fields,
};
use chaski_core::Taxpayer;
use http::{Request, Response};

use crate::kit::{KNOWN, Scripted, UNKNOWN, companies, dialect, response, ruc, start, word};

/// Speaks plain text: the name, or `none`.
struct Toy;

impl Upstream<RucQuery> for Toy {
    fn encode(&self, question: &RucQuery) -> Request<Bytes> {
        let mut request = Request::new(Bytes::new());
        let address = format!("https://toy.example/{}", question.0.as_str());
        *request.uri_mut() = address.parse().expect("digits make an address");
        request
    }

    fn decode(
        &self,
        question: &RucQuery,
        answer: &RawAnswer,
    ) -> Result<Decoded<Taxpayer>, Failure> {
        let text = std::str::from_utf8(&answer.body).map_err(|_| Failure::Garbled)?;
        match answer.status {
            200 if text == "none" => Ok(Decoded::Refused {
                reason: Reason::NotFound,
                message: text.into(),
            }),
            200 => Ok(Decoded::Answer(taxpayer_from_fields(question.0, |name| {
                (name == "nombre_o_razon_social").then(|| text.into())
            }))),
            status => Err(Failure::of_status(status, answer.retry_after())),
        }
    }
}

type Both = Arc<(Only<MigoDialect>, Only<Toy>)>;

struct World {
    engine: Engine,
    routes: Both,
    lines: [Line; 2],
    ledger: Arc<MemoryLedger>,
}

/// The first upstream answers so, and the second one so.
fn world(first: Vec<Response<Bytes>>, second: Vec<Response<Bytes>>) -> World {
    let (settings, clock) = (Settings::default(), Clock::starting_at(start()));
    let ledger = Arc::new(MemoryLedger::new());
    let line = |name, script| {
        let transport = Scripted::new(script);
        Line::new(name, &settings, clock, transport, ledger.clone())
    };
    let lines = [line("migo", first), line("toy", second)];
    let migo = Only::new(lines[0].clone(), Arc::new(dialect(Version::V1)));
    let toy = Only::new(lines[1].clone(), Arc::new(Toy));
    let routes = Arc::new((migo, toy));
    let engine = Engine::new(settings, clock, ledger.clone());
    World {
        engine,
        routes,
        lines,
        ledger,
    }
}

#[tokio::test(start_paused = true)]
async fn the_second_answers_when_the_first_is_down() {
    let world = world(
        vec![response(503, &[], "")],
        vec![response(200, &[], "TOY SAC")],
    );
    let (question, ask) = (RucQuery(ruc(KNOWN)), Ask::default());
    let found = world
        .engine
        .lookup(&world.routes, &question, &ask)
        .await
        .unwrap();
    assert_eq!(found.value.nombre_o_razon_social, "TOY SAC");
    assert_eq!((found.source, found.provider), (Source::Upstream, "toy"));
    // One memory, which says who gave it; each attempt on record under its own upstream.
    let again = world
        .engine
        .lookup(&world.routes, &question, &ask)
        .await
        .unwrap();
    assert_eq!((again.source, again.provider), (Source::Memory, "toy"));
    let calls = world.ledger.calls();
    let calls: Vec<_> = calls.iter().map(|it| (it.provider, it.outcome)).collect();
    let down = ("migo", "proveedor_no_disponible");
    assert_eq!(calls, [down, down, down, ("toy", "SUCCESS")]);
    assert_eq!(world.ledger.spent("migo", "2026-01"), 3);
    assert_eq!(world.ledger.spent("toy", "2026-01"), 1);
    // Known to be down, the first one is not even asked.
    for number in companies(40) {
        let found = world
            .engine
            .lookup(&world.routes, &RucQuery(number), &ask)
            .await;
        assert_eq!(found.unwrap().provider, "toy");
    }
    assert_eq!(world.lines[0].breaker(), BreakerState::Open);
    assert!(world.lines[0].stats().calls < 30);
    assert_eq!(world.lines[1].breaker(), BreakerState::Closed);
}

/// Whatever the first one fails by, the table says whether the second is asked; a "no" of the first
/// is an answer, and ends it.
#[tokio::test(start_paused = true)]
async fn the_table_says_whether_the_second_is_asked() {
    let gone = r#"{"success":false,"message":"El RUC no existe"}"#;
    for (status, body, next) in [
        (401, "", true),
        (402, "", true),
        (404, "", true),
        (422, "", true),
        (429, "", true),
        (500, "", true),
        (302, "", true),
        (418, "", true),
        (200, "<html>", true),
        (404, gone, false),
    ] {
        let world = world(
            vec![response(status, &[], body)],
            vec![response(200, &[], "TOY")],
        );
        let question = RucQuery(ruc(UNKNOWN));
        let found = world
            .engine
            .lookup(&world.routes, &question, &Ask::default())
            .await;
        if next {
            assert_eq!(found.unwrap().provider, "toy", "{status}");
        } else {
            let error = found.unwrap_err();
            assert_eq!(
                (error.code(), error.provider()),
                ("no_encontrado", Some("migo"))
            );
            assert_eq!(world.lines[1].stats().calls, 0);
        }
    }
}

/// When none answers, the failure is the first one's.
#[tokio::test(start_paused = true)]
async fn the_failure_of_the_first_is_told() {
    let world = world(vec![response(401, &[], "")], vec![response(503, &[], "")]);
    let question = RucQuery(ruc(KNOWN));
    let found = world
        .engine
        .lookup(&world.routes, &question, &Ask::default())
        .await;
    assert_eq!(word(&found), "proveedor_no_autorizado");
    assert_eq!(found.unwrap_err().attempts(), 4);
    let ask = Ask::default().budget(chaski_client::Budget::of(1));
    let question = RucQuery(companies(1)[0]);
    let found = world.engine.lookup(&world.routes, &question, &ask).await;
    assert_eq!(word(&found), "proveedor_no_autorizado");
    assert_eq!(
        ask.budget.unwrap().left(),
        0,
        "nothing is sent that was not set aside"
    );
}

/// The native batch call of the first one is down: each number is asked of the second.
#[tokio::test(start_paused = true)]
async fn a_list_is_answered_by_the_second() {
    let world = world(
        vec![response(503, &[], "")],
        vec![response(200, &[], "TOY SAC")],
    );
    let questions: Vec<_> = companies(250).into_iter().map(RucQuery).collect();
    let list = world
        .engine
        .lookup_many(&world.routes, questions, &Ask::default());
    let outcomes = list.all().await;
    assert_eq!(outcomes.len(), 250);
    for outcome in outcomes {
        assert_eq!(outcome.unwrap().provider, "toy");
    }
}
