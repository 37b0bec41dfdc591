//! Overload, and failures that concern every number.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use chaski::store::Store;
use chaski_client::dialects::migo::{BASE_URL, MigoDialect};
use chaski_client::{
    Ask, Clock, Engine, Error, Found, Ledger, Line, Lookup, Only, RucQuery, Settings, Transport,
    TransportError, Version,
};
use chaski_core::{Ruc, Taxpayer};
use chaski_sandbox::Operation;
use futures_util::future::{BoxFuture, join_all};
use http::{Request, Response};
use tokio::sync::Semaphore;

use crate::cli_kit::{Place, Service, companies};

fn list_of(place: &Place, count: usize) {
    let numbers = companies(11, count);
    place.write("lista.csv", format!("RUC\n{}\n", numbers.join("\n")));
}

fn with_quota(left: u64) -> Service {
    Service::with(|config| config.quota = Some(left))
}

#[test]
fn a04_a_list_that_the_plan_cannot_pay_for_is_not_begun() {
    for (left, says) in [
        (0, "Se acabaron las consultas de su plan"),
        (2, "--gastar-hasta 2"),
    ] {
        let service = with_quota(left);
        let place = Place::asking(&service);
        list_of(&place, 450);
        let ran = place.run("ruc lote lista.csv -o r.csv").expect(6);
        assert!(ran.err.contains(says), "{}", ran.shown());
        assert!(!ran.err.contains("--reanudar"), "{}", ran.shown());
        assert_eq!(service.sandbox.count(Operation::Account), 1);
        assert_eq!(service.sandbox.count(Operation::Collection), 0);
        assert!(!place.path("r.csv").exists());
    }
}

#[test]
fn a04_a_plan_used_up_is_called_that_and_costs_no_more_calls() {
    let service = with_quota(1);
    let place = Place::asking(&service);
    let numbers = companies(12, 3);
    place.run(&format!("ruc {}", numbers[0]));
    let ran = place.run(&format!("ruc {}", numbers[1])).expect(6);
    assert!(
        ran.err.contains("Se acabaron las consultas de su plan"),
        "{}",
        ran.shown()
    );
    assert!(!ran.err.contains("despacio"), "{}", ran.shown());
    // Another process knows. It makes sure once, because a plan may be enlarged.
    let before = service.sandbox.ledger().len();
    let ran = place.run(&format!("ruc {}", numbers[2])).expect(6);
    assert!(
        ran.err.contains("Se acabaron las consultas de su plan"),
        "{}",
        ran.shown()
    );
    assert_eq!(service.sandbox.ledger().len(), before + 1);
    let ran = place.run("cuenta").expect(6);
    assert!(
        ran.err.contains("Se acabaron las consultas de su plan"),
        "{}",
        ran.shown()
    );
}

#[test]
fn a04_what_fails_for_every_number_ends_a_list_with_the_cause_first() {
    for (fault, cause) in [
        ("404", "revise migo.base_url"),
        ("401", "no acepta su token"),
        ("403", "no acepta su token"),
        ("redireccion", "redirige"),
    ] {
        let service = Service::new();
        service.sandbox.fail(fault.parse().unwrap());
        let place = Place::asking(&service);
        list_of(&place, 2_000);
        let ran = place.run("ruc lote lista.csv -o r.csv").expect(7);
        let (cause, resume) = (ran.err.find(cause), ran.err.find("--reanudar"));
        assert!(cause.is_some() && cause < resume, "{}", ran.shown());
        let calls = service.sandbox.ledger().len();
        // One of them asked the account, and was free.
        assert!(calls <= 6, "{fault}: {calls}");
        assert_eq!(place.read("r.csv").matches("SIN RESPUESTA").count(), 2_000);

        let before = service.sandbox.ledger().len();
        place.run("partners importar lista.csv");
        let ran = place.run("partners actualizar --todos").expect(7);
        let calls = service.sandbox.ledger().len() - before;
        assert!(calls <= 6, "{fault}: {calls}");
        assert!(ran.err.contains("Error"), "{}", ran.shown());
    }
}

/// Answers when it is told to.
struct Held {
    sent: AtomicUsize,
    go: Semaphore,
}

impl Transport for Held {
    fn send(
        &self,
        request: Request<Bytes>,
        _: usize,
    ) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>> {
        self.sent.fetch_add(1, Ordering::SeqCst);
        Box::pin(async move {
            let _go = self
                .go
                .acquire()
                .await
                .map_err(|_| TransportError::Broken)?;
            let asked: serde_json::Value = serde_json::from_slice(request.body()).unwrap();
            let ruc = asked["ruc"].as_str().unwrap();
            let body = format!(
                r#"{{"success":true,"ruc":"{ruc}","nombre_o_razon_social":"EMPRESA","estado_del_contribuyente":"ACTIVO","condicion_de_domicilio":"HABIDO"}}"#
            );
            Ok(Response::new(body.into()))
        })
    }
}

struct Full {
    folder: tempfile::TempDir,
    store: Arc<Store>,
    transport: Arc<Held>,
    engine: Engine,
    routes: Arc<Only<MigoDialect>>,
    numbers: Vec<Ruc>,
}

impl Full {
    async fn new() -> Full {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(crate::store::open(folder.path()).await.unwrap());
        let transport = Arc::new(Held {
            sent: AtomicUsize::new(0),
            go: Semaphore::new(0),
        });
        let settings = Settings::default();
        let clock = Clock::system();
        let line = Line::new("migo", &settings, clock, transport.clone(), store.clone());
        let engine = Engine::new(settings, clock, store.clone());
        let token = "prueba".to_owned().into();
        let dialect = MigoDialect::new(BASE_URL, &token, Version::V1).unwrap();
        let numbers = companies(13, 42);
        Full {
            folder,
            store,
            transport,
            engine,
            routes: Arc::new(Only::new(line, Arc::new(dialect))),
            numbers: numbers.iter().map(|it| it.parse().unwrap()).collect(),
        }
    }

    /// Asks for all; the disk is full before the first answer comes, and `then` comes after it.
    async fn ask_and_fill(
        &self,
        ask: &Ask,
        then: impl Future<Output = ()>,
    ) -> Vec<Result<Found<Taxpayer>, Error>> {
        let questions: Vec<_> = self.numbers.iter().copied().map(RucQuery).collect();
        let asking = join_all(
            questions
                .iter()
                .map(|question| self.engine.lookup(&self.routes, question, ask)),
        );
        let filling = async {
            while self.transport.sent.load(Ordering::SeqCst) < self.numbers.len() {
                tokio::task::yield_now().await;
            }
            self.store.limit_size(Some(1)).await.unwrap();
            let body = "x".repeat(200_000);
            let key = RucQuery("20131312955".parse().unwrap()).key();
            let memory = chaski_client::Memory {
                provider: "migo",
                what: chaski_client::Remembered::Answer(body.into()),
                stored_at: Clock::system().now(),
                expires_at: Clock::system().now(),
            };
            let _ = self.store.remember(vec![(key, memory)]).await;
            self.store.flush().await.unwrap_err();
            self.transport.go.add_permits(self.numbers.len());
            then.await;
        };
        tokio::join!(asking, filling).0
    }

    fn told(outcomes: &[Result<Found<Taxpayer>, Error>]) -> usize {
        outcomes.iter().filter(|it| it.is_ok()).count()
    }
}

#[tokio::test]
async fn l10_while_the_disk_is_full_nothing_is_told_that_a_kill_would_lose() {
    let full = Full::new().await;
    let ask = Ask::default().deadline(Duration::from_millis(800));
    let outcomes = full.ask_and_fill(&ask, async {}).await;
    assert_eq!(Full::told(&outcomes), 0);
    // Nor to those who ask again, and nothing more is bought.
    for ruc in &full.numbers {
        let again = full
            .engine
            .lookup(&full.routes, &RucQuery(*ruc), &ask)
            .await;
        assert!(again.is_err(), "{ruc}");
    }
    assert_eq!(
        full.transport.sent.load(Ordering::SeqCst),
        full.numbers.len()
    );
    // With room again it was paid for once, and is on the disk.
    full.store.limit_size(None).await.unwrap();
    full.store.flush().await.unwrap();
    for ruc in &full.numbers {
        let found = full
            .engine
            .lookup(&full.routes, &RucQuery(*ruc), &ask)
            .await;
        assert_eq!(found.unwrap().source.as_str(), "memoria");
    }
    assert_eq!(
        full.transport.sent.load(Ordering::SeqCst),
        full.numbers.len()
    );
    full.store.close().await.unwrap();
    let reopened = crate::store::open(full.folder.path()).await.unwrap();
    let keys: Vec<_> = full.numbers.iter().map(|it| RucQuery(*it).key()).collect();
    let known = reopened.recall(&keys).await.unwrap();
    assert!(known.iter().all(Option::is_some));
}

#[tokio::test]
async fn l10_with_room_again_in_time_everybody_is_told() {
    let full = Full::new().await;
    let ask = Ask::default();
    let room = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        full.store.limit_size(None).await.unwrap();
    };
    let outcomes = full.ask_and_fill(&ask, room).await;
    assert_eq!(Full::told(&outcomes), full.numbers.len());
}
