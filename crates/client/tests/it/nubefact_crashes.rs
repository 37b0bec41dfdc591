//! Crashes at every point between intent, send and outcome, alone and in pairs: whatever was done by then,
//! the same wish ends with one document, the same bytes, no hole.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use chaski_client::dialects::nubefact::NubefactDialect;
use chaski_client::issue::settle;
use chaski_client::journal::conformance::JournalPlace;
use chaski_client::{
    Ask, AttemptOutcome, AuthForm, Clock, Intended, Intent, IssueSettled, IssueTurn, IssuingWay,
    Journal, JournalEntry, JournalError, Line, MemoryLedger, NUBEFACT_HOST, Noted, NubefactKind,
    NubefactToken, Ruta, SeriesCount, SeriesName, Settings, Transport, TransportError,
};
use chaski_sandbox::{Decided, Sandbox, SandboxConfig};
use futures_util::future::BoxFuture;
use http::{Request, Response};
use jiff::Timestamp;
use tokio::sync::Notify;
use uuid::Uuid;

use crate::kit::{TOKEN, start};
use crate::nubefact_kit::{InFile, InMemory, RUTA, factura, in_process};

const ISSUER: &str = "20600695771";

/// Burns down by one at each point; at zero the process is gone.
struct Fuse {
    left: AtomicUsize,
    burnt: Notify,
}

impl Fuse {
    fn of(points: usize) -> Arc<Fuse> {
        Arc::new(Fuse {
            left: AtomicUsize::new(points),
            burnt: Notify::new(),
        })
    }

    /// Never returns once the fuse has burnt down.
    async fn point(&self) {
        let one_less = |left: usize| left.checked_sub(1);
        let left = self
            .left
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less);
        if left.is_err() {
            self.burnt.notify_one();
            std::future::pending::<()>().await;
        }
    }
}

/// A point before and one after each write of the journal.
struct Fragile {
    inner: Arc<dyn Journal>,
    fuse: Arc<Fuse>,
}

impl Journal for Fragile {
    fn open_series<'a>(
        &'a self,
        series: &'a SeriesName,
        last: u32,
    ) -> BoxFuture<'a, Result<u32, JournalError>> {
        self.inner.open_series(series, last)
    }

    fn series(&self) -> BoxFuture<'_, Result<Vec<SeriesCount>, JournalError>> {
        self.inner.series()
    }

    fn intend<'a>(&'a self, intent: &'a Intent) -> BoxFuture<'a, Result<Intended, JournalError>> {
        Box::pin(async move {
            self.fuse.point().await;
            let intended = self.inner.intend(intent).await;
            self.fuse.point().await;
            intended
        })
    }

    fn conclude<'a>(
        &'a self,
        attempt: Uuid,
        outcome: &'a AttemptOutcome,
        at: Timestamp,
    ) -> BoxFuture<'a, Result<JournalEntry, JournalError>> {
        Box::pin(async move {
            self.fuse.point().await;
            let concluded = self.inner.conclude(attempt, outcome, at).await;
            self.fuse.point().await;
            concluded
        })
    }

    fn note<'a>(
        &'a self,
        entry: Uuid,
        noted: &'a Noted,
        at: Timestamp,
    ) -> BoxFuture<'a, Result<JournalEntry, JournalError>> {
        Box::pin(async move {
            self.fuse.point().await;
            let entry = self.inner.note(entry, noted, at).await;
            self.fuse.point().await;
            entry
        })
    }

    fn abandon(&self, entry: Uuid) -> BoxFuture<'_, Result<JournalEntry, JournalError>> {
        self.inner.abandon(entry)
    }

    fn by_key<'a>(
        &'a self,
        issuer: &'a str,
        key: &'a str,
    ) -> BoxFuture<'a, Result<Option<JournalEntry>, JournalError>> {
        self.inner.by_key(issuer, key)
    }

    fn by_numero<'a>(
        &'a self,
        series: &'a SeriesName,
        numero: u32,
    ) -> BoxFuture<'a, Result<Option<JournalEntry>, JournalError>> {
        self.inner.by_numero(series, numero)
    }

    fn tried<'a>(
        &'a self,
        series: &'a SeriesName,
        numero: u32,
    ) -> BoxFuture<'a, Result<Vec<JournalEntry>, JournalError>> {
        self.inner.tried(series, numero)
    }

    fn open(&self) -> BoxFuture<'_, Result<Vec<JournalEntry>, JournalError>> {
        self.inner.open()
    }

    fn entries<'a>(
        &'a self,
        issuer: &'a str,
    ) -> BoxFuture<'a, Result<Vec<JournalEntry>, JournalError>> {
        self.inner.entries(issuer)
    }

    fn body(&self, attempt: Uuid) -> BoxFuture<'_, Result<Option<Bytes>, JournalError>> {
        self.inner.body(attempt)
    }
}

/// A point before the request arrives and one before the answer does.
struct Wire {
    inner: Arc<dyn Transport>,
    fuse: Arc<Fuse>,
}

impl Transport for Wire {
    fn send(
        &self,
        request: Request<Bytes>,
        most_bytes: usize,
    ) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>> {
        Box::pin(async move {
            self.fuse.point().await;
            let answer = self.inner.send(request, most_bytes).await;
            self.fuse.point().await;
            answer
        })
    }
}

/// One life of a process: issues a document, or dies at a point.
async fn life(
    place: &dyn JournalPlace,
    sandbox: &Sandbox,
    clock: Clock,
    key: &str,
    points: usize,
) -> Option<IssueSettled> {
    let fuse = Fuse::of(points);
    let journal = Fragile {
        inner: place.open().await,
        fuse: Arc::clone(&fuse),
    };
    let series = SeriesName::new(ISSUER, NubefactKind::Factura, "FFF1");
    journal.open_series(&series, 0).await.unwrap();
    let wire: Arc<dyn Transport> = Arc::new(Wire {
        inner: in_process(sandbox),
        fuse: Arc::clone(&fuse),
    });
    let ledger = Arc::new(MemoryLedger::new());
    let settings = Settings::default();
    let line = || Line::new("nubefact", &settings, clock, wire.clone(), ledger.clone());
    let (issuing, asking) = (line(), line());
    let (token, _) = NubefactToken::parse(TOKEN).unwrap();
    let ruta = Ruta::parse(RUTA, NUBEFACT_HOST, &token).unwrap();
    let dialect = NubefactDialect::new(ruta, AuthForm::default(), token);
    let way = IssuingWay {
        issuing: &issuing,
        asking: &asking,
        dialect: &dialect,
        ruc: None,
        ask: &Ask::default(),
    };
    let intent = Intent::to_issue(ISSUER, key, &factura(key), clock.now());
    tokio::select! {
        biased;
        settled = settle(&way, &journal, &intent, IssueTurn::default()) => Some(settled.unwrap()),
        () = fuse.burnt.notified() => None,
    }
}

/// A story of lives, each dying at its point; then one that may live, then the next document.
async fn story(place: &dyn JournalPlace, deaths: &[usize], faults: &[&str]) -> usize {
    let clock = Clock::starting_at(start());
    let sandbox = Sandbox::new(SandboxConfig::new(move || clock.now())).unwrap();
    for fault in faults {
        sandbox.fail(fault.parse().unwrap());
    }
    let mut died = 0;
    for points in deaths {
        died += usize::from(life(place, &sandbox, clock, "a", *points).await.is_none());
    }
    // Whoever is told "not known" wishes again.
    let mut settled = None;
    for _ in 0..4 {
        settled = life(place, &sandbox, clock, "a", usize::MAX).await;
        if settled.as_ref().is_some_and(|it| it.issued().is_some()) {
            break;
        }
    }
    let named = format!("deaths at {deaths:?}, {faults:?}");
    let settled = settled.unwrap();
    let issued = settled.issued();
    assert_eq!(
        issued.map(|it| it.entry.numero),
        Some(1),
        "{named}: {settled:?}"
    );
    let next = life(place, &sandbox, clock, "b", usize::MAX).await.unwrap();
    assert_eq!(next.issued().map(|it| it.entry.numero), Some(2), "{named}");
    check_ledger(&sandbox, &named);
    died
}

/// One document for each wish, one content for each number, asked before sent again.
fn check_ledger(sandbox: &Sandbox, named: &str) {
    let entries = sandbox.nubefact_ledger(0).unwrap();
    let issuing = entries
        .iter()
        .filter(|it| it.operation == "generar_comprobante");
    let mut bytes: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for entry in issuing {
        let name = entry.comprobante.clone().unwrap();
        bytes
            .entry(name)
            .or_default()
            .push(entry.bytes_hash.clone());
    }
    for (name, hashes) in &bytes {
        assert!(
            hashes.iter().all(|it| it == &hashes[0]),
            "{named}: {name} has other bytes"
        );
    }
    let accepted: Vec<_> = entries
        .iter()
        .filter(|it| it.decision == Decided::Aceptado)
        .filter_map(|it| it.comprobante.clone())
        .collect();
    assert_eq!(accepted, ["FFF1-1", "FFF1-2"], "{named}");
    // Nothing goes again before it was asked about; what the network doubled was sent once.
    let mut sent = false;
    for entry in entries
        .iter()
        .filter(|it| it.comprobante.as_deref() == Some("FFF1-1"))
    {
        match entry.operation.as_str() {
            "generar_comprobante" => {
                let doubled = entry.fault.as_deref() == Some("doble");
                assert!(!sent || doubled, "{named}: sent again unasked");
                sent = true;
            }
            _ => sent = false,
        }
    }
}

/// What may go wrong besides, at most once.
const FAULTS: [&[&str]; 8] = [
    &[],
    &["cerrar@generar_comprobante x1"],
    &["reset@generar_comprobante x1"],
    &["tras:502:html@generar_comprobante x1"],
    &["tras:40@generar_comprobante x1"],
    &["truncado@generar_comprobante x1"],
    &["otro-numero@generar_comprobante x1"],
    &["doble@generar_comprobante x1"],
];

#[tokio::test(start_paused = true)]
async fn a_crash_at_any_point_ends_with_one_document() {
    for faults in FAULTS {
        for points in 0.. {
            let died = story(&InMemory::default(), &[points], faults).await;
            if died == 0 {
                assert!(points >= 6, "{points} points: too few");
                break;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_crash_after_a_crash_ends_with_one_document() {
    for first in 0..6 {
        for second in 0..12 {
            for faults in &FAULTS[..4] {
                story(&InMemory::default(), &[first, second], faults).await;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_crash_with_the_journal_in_a_file() {
    for first in 0..7 {
        for faults in &FAULTS[..3] {
            story(&InFile::new(true), &[first], faults).await;
        }
        for second in [1, 3, 5, 7, 9] {
            story(&InFile::new(false), &[first, second], &[]).await;
        }
    }
}
