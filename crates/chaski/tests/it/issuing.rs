//! The issuer as it runs in the gateway, over the sandbox: documents handed over are issued once and in
//! order, followed until SUNAT has spoken, and kept with their files.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chaski::app::invoices::{InvoicePlan, IssueWish};
use chaski::app::issuing::AcceptOptions;
use chaski::app::{App, WantedMode};
use chaski::config::{Layers, Surroundings};
use chaski::jobs::issuing;
use chaski::store::{DocumentRow, StoreJournal};
use chaski_client::{Ask, Clock, DocumentState, FileKind, NubefactId, NubefactKind};
use chaski_core::invoicing::JsonValue;
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use uuid::Uuid;

/// An application over a folder, with a clock that can be set.
struct Desk {
    app: Arc<App>,
    folder: TempDir,
    set_by: &'static AtomicI64,
}

/// The loop, until it is stopped.
struct Working {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Working {
    async fn stop(self) {
        let _ = self.stop.send(());
        self.task.await.unwrap();
    }
}

impl Desk {
    async fn new() -> Desk {
        Desk::with(&[]).await
    }

    /// One with variables of the configuration.
    async fn with(more: &[(&str, &str)]) -> Desk {
        let folder = tempfile::tempdir().unwrap();
        let set_by: &'static AtomicI64 = Box::leak(Box::new(AtomicI64::new(0)));
        let app = open(&folder, set_by, more).await;
        Desk {
            app,
            folder,
            set_by,
        }
    }

    /// Hours pass.
    fn later(&self, hours: i64) {
        self.set_by.fetch_add(hours * 3_600, Ordering::Relaxed);
        self.app.clock.now();
    }

    fn work(&self) -> Working {
        let (stop, stopped) = oneshot::channel();
        let app = Arc::clone(&self.app);
        let task = tokio::spawn(async move {
            let shutdown = async {
                let _ = stopped.await;
            };
            issuing::run(app, shutdown).await.unwrap();
        });
        Working { stop, task }
    }

    /// Hands a sale over under a key; the document.
    async fn hand_over(&self, serie: &str, key: &str) -> Uuid {
        let room = self.app.invoice_room(None, &Ask::default()).await.unwrap();
        let sale = format!(
            r#"{{"tipo":"boleta","serie":"{serie}","precios_con_igv":true,"cliente":{{"tipo":"1","numero":"00000001","nombre":"CLIENTE DE PRUEBA"}},
            "items":[{{"descripcion":"{key}","cantidad":1,"unidad":"NIU","precio":"118.00"}}]}}"#
        );
        let sale = if serie.starts_with('F') {
            sale.replace("boleta", "factura").replace(
                r#""tipo":"1","numero":"00000001","nombre":"CLIENTE DE PRUEBA""#,
                r#""tipo":"6","numero":"20100070970","nombre":"EMPRESA DE PRUEBA UNO S.A.C.","direccion":"AV. UNO 1 LIMA""#,
            )
        } else {
            sale
        };
        let wish = IssueWish {
            value: JsonValue::parse(sale.as_bytes()).unwrap(),
            key: Some(key.to_owned()),
            another: false,
        };
        let plan = room.plan_invoice(wish).await.unwrap();
        let ready = match plan {
            InvoicePlan::Ready(ready) => ready,
            InvoicePlan::Wrong(checked) => panic!("{:?}", checked.hallazgos),
            InvoicePlan::Before(entry) => return entry.id,
        };
        let options = AcceptOptions::default();
        let handed = room.accept_invoice(&ready, &options);
        handed.await.unwrap().document.id
    }

    async fn document(&self, id: Uuid) -> DocumentRow {
        self.app.store().document(id).await.unwrap().unwrap()
    }

    /// Waits until a document is in a state.
    async fn reaches(&self, id: Uuid, state: DocumentState) -> DocumentRow {
        for _ in 0..600 {
            let document = self.document(id).await;
            if document.state == state {
                return document;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        let document = self.document(id).await;
        panic!(
            "{state:?} was not reached: {:?} {:?}",
            document.state, document.code
        );
    }
}

async fn open(folder: &TempDir, set_by: &'static AtomicI64, more: &[(&str, &str)]) -> Arc<App> {
    let dir = folder.path().display().to_string();
    let variables = more.iter().copied().chain([("CHASKI_DIR", dir.as_str())]);
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let around = Surroundings {
        variables: variables.collect(),
        here: folder.path().to_owned(),
    };
    let config = Layers::read(&around, None, &[]).unwrap().config().unwrap();
    let base = "2026-11-28T10:00:00-05:00".parse().unwrap();
    let clock = Clock::starting_at_and_set_by(base, set_by);
    Arc::new(App::open(config, WantedMode::Sandbox, clock).await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_handed_over_is_issued_once_and_in_order() {
    let desk = Desk::new().await;
    let mut ids = Vec::new();
    for number in 1..=20 {
        ids.push(desk.hand_over("FFF1", &format!("pedido-{number}")).await);
    }
    // Again, before anything was sent: the same documents.
    assert_eq!(desk.hand_over("FFF1", "pedido-7").await, ids[6]);
    let working = desk.work();
    for (place, id) in ids.iter().enumerate() {
        let document = desk.reaches(*id, DocumentState::Accepted).await;
        assert_eq!(
            document.numero,
            Some(u32::try_from(place + 1).unwrap()),
            "in order"
        );
    }
    assert_eq!(desk.hand_over("FFF1", "pedido-7").await, ids[6]);
    // Its files are fetched by themselves.
    for _ in 0..400 {
        if desk
            .app
            .store()
            .document_files(ids[19])
            .await
            .unwrap()
            .len()
            == 3
        {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    let files = desk.app.store().document_files(ids[19]).await.unwrap();
    let kinds: Vec<&str> = files.iter().map(|it| it.kind.as_str()).collect();
    assert_eq!(kinds, ["cdr", "pdf", "xml"]);
    working.stop().await;
    let room = desk.app.invoice_room(None, &Ask::default()).await.unwrap();
    let kept = desk.document(ids[19]).await;
    let pdf = room
        .document_file(&kept, FileKind::Pdf)
        .await
        .unwrap()
        .unwrap();
    assert!(pdf.content.starts_with(b"%PDF"));
    assert_eq!(pdf.name, "20603274742-01-FFF1-20.pdf");
    let events = desk.app.store().document_events(ids[0]).await.unwrap();
    let told: Vec<&str> = events.iter().map(|it| it.event.as_str()).collect();
    assert_eq!(told, ["accepted_here", "sending", "accepted"]);
    desk.app.store().check_events().await.unwrap().unwrap();
    drop(desk.folder);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_void_waits_until_its_boleta_is_accepted() {
    let desk = Desk::new().await;
    let working = desk.work();
    let id = desk.hand_over("BBB1", "pedido-1").await;
    let pending = desk.reaches(id, DocumentState::Pending).await;
    let (_, due) = pending.next.unwrap();
    assert_eq!(
        due.to_string(),
        "2026-11-29T12:00:00Z",
        "seven o'clock in Lima"
    );
    // A void of it waits until SUNAT has accepted it.
    let room = desk.app.invoice_room(None, &Ask::default()).await.unwrap();
    let name = NubefactId::new(NubefactKind::Boleta, "BBB1", 1).unwrap();
    let void = room
        .accept_void(&name, "pedido repetido", None)
        .await
        .unwrap();
    let again = room.accept_void(&name, "otra vez", None).await.unwrap();
    assert_eq!(
        (void.document.id, again.before),
        (again.document.id, true),
        "one void"
    );
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(desk.document(id).await.state, DocumentState::Pending);
    desk.later(24);
    desk.reaches(id, DocumentState::VoidPending).await;
    // Its document is marked before it is sent; the clock goes on once both wait.
    desk.reaches(void.document.id, DocumentState::VoidPending)
        .await;
    desk.later(24);
    desk.reaches(id, DocumentState::Voided).await;
    working.stop().await;
    desk.app.store().check_events().await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn one_process_issues_and_the_next_goes_on() {
    let desk = Desk::new().await;
    let other = open(&desk.folder, desk.set_by, &[]).await;
    assert!(desk.app.take_issuer_seat().await.unwrap().is_some());
    assert!(
        other.take_issuer_seat().await.unwrap().is_none(),
        "it is taken"
    );
    desk.app.leave_issuer_seat().await;
    let id = desk.hand_over("FFF1", "pedido-1").await;
    let (stop, stopped) = oneshot::channel::<()>();
    let task = tokio::spawn({
        let other = Arc::clone(&other);
        async move {
            let shutdown = async {
                let _ = stopped.await;
            };
            issuing::run(other, shutdown).await.unwrap();
        }
    });
    desk.reaches(id, DocumentState::Accepted).await;
    let _ = stop.send(());
    task.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_succeeded_stands_down_and_issues_again_when_it_is_its_turn() {
    let desk = Desk::new().await;
    let working = desk.work();
    let first = desk.hand_over("FFF1", "pedido-1").await;
    desk.reaches(first, DocumentState::Accepted).await;
    // As where the connection to a database server was cut: its lock is gone, and another process took over.
    let other = StoreJournal::new(desk.app.store());
    other.take_over().await.unwrap();
    assert!(desk.app.was_succeeded().await.unwrap());
    let second = desk.hand_over("FFF1", "pedido-2").await;
    let accepted = desk.reaches(second, DocumentState::Accepted).await;
    assert_eq!(accepted.numero, Some(2));
    assert!(
        !desk.app.was_succeeded().await.unwrap(),
        "a turn of its own"
    );
    working.stop().await;
}

/// Handed over on one day and worked on weeks later: Nubefact refuses it for its date.
async fn late(desk: &Desk) -> Uuid {
    let id = desk.hand_over("FFF1", "pedido-1").await;
    desk.later(24 * 20);
    id
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_for_its_date_it_is_given_back_or_takes_the_day_of_today() {
    // 1. As it is configured from the start: its owner decides, and corrects it under the same number.
    let desk = Desk::new().await;
    let id = late(&desk).await;
    let working = desk.work();
    let returned = desk.reaches(id, DocumentState::Returned).await;
    assert_eq!(returned.code.as_deref(), Some("22"));
    assert_eq!(returned.issued_on.unwrap().to_string(), "2026-11-28");
    let room = desk.app.invoice_room(None, &Ask::default()).await.unwrap();
    let version = |serie: &str| {
        let sale = format!(
            r#"{{"tipo":"factura","serie":"{serie}","precios_con_igv":true,"cliente":{{"tipo":"6","numero":"20100070970","nombre":"EMPRESA DE PRUEBA UNO S.A.C.","direccion":"AV. UNO 1 LIMA"}},
            "items":[{{"descripcion":"corregido","cantidad":1,"unidad":"NIU","precio":"236.00"}}]}}"#
        );
        JsonValue::parse(sale.as_bytes()).unwrap()
    };
    let other = room.plan_edit(&returned, version("FFF2")).await;
    assert!(
        !matches!(other, Ok(InvoicePlan::Ready(_))),
        "another series"
    );
    let InvoicePlan::Ready(ready) = room.plan_edit(&returned, version("FFF1")).await.unwrap()
    else {
        panic!("it can be issued");
    };
    room.edit_document(&returned, &ready).await.unwrap();
    let accepted = desk.reaches(id, DocumentState::Accepted).await;
    assert_eq!(
        (accepted.numero, accepted.sheet.total.as_deref()),
        (Some(1), Some("236.00"))
    );
    assert_eq!(accepted.sheet.clave, "pedido-1");
    let again = room.edit_document(&accepted, &ready).await;
    assert_eq!(again.unwrap_err().code(), "estado_no_permite");
    working.stop().await;
    desk.app.store().check_events().await.unwrap().unwrap();

    // 2. Or it goes out by itself.
    let desk = Desk::with(&[("CHASKI_NUBEFACT_LATE_DATE", "hoy")]).await;
    let id = late(&desk).await;
    let working = desk.work();
    let told = desk
        .app
        .wait_for_outcome(id, Duration::from_secs(15))
        .await
        .unwrap();
    assert_eq!(told.state, DocumentState::Accepted, "{:?}", told.code);
    assert_eq!(told.issued_on.unwrap().to_string(), "2026-12-18");
    assert_eq!(
        (told.numero, told.sheet.clave.as_str()),
        (Some(1), "pedido-1")
    );
    working.stop().await;
    let events = desk.app.store().document_events(id).await.unwrap();
    assert!(events.iter().any(|it| it.event == "edited"), "{events:?}");
}

/// A clock that was wrong and is put right must not keep documents waiting for as long as it was wrong.
#[tokio::test(flavor = "multi_thread")]
async fn what_waits_does_not_wait_longer_when_the_clock_is_set_back() {
    // While nobody works,
    let desk = Desk::new().await;
    let early = desk.hand_over("FFF1", "pedido-1").await;
    desk.later(-2);
    let working = desk.work();
    desk.reaches(early, DocumentState::Accepted).await;
    // and while somebody does: what was due in seven hours still is.
    let boleta = desk.hand_over("BBB1", "pedido-2").await;
    let pending = desk.reaches(boleta, DocumentState::Pending).await;
    desk.later(-2);
    let later = desk.hand_over("FFF1", "pedido-3").await;
    desk.reaches(later, DocumentState::Accepted).await;
    let due = |it: &DocumentRow| it.next.unwrap().1;
    let moved = due(&pending).duration_since(due(&desk.document(boleta).await));
    // By as much as it was seen to be, a moment later.
    assert_eq!((moved.as_secs() + 60) / 3_600, 2);
    working.stop().await;
}
