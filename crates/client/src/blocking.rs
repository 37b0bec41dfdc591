//! The same client for programs without an asynchronous runtime. Its other methods are in the one list
//! of questions in `migo.rs`.

use std::future::Future;

use chaski_core::{Currency, Dni, RateFor, RateSource, Ruc, Taxpayer};
use jiff::civil::Date;
use tokio::runtime::{Builder, Runtime};

use crate::{
    Account, Ask, Error, Failure, FetchedFile, FileKind, Found, Intent, IssueSettled, JournalEntry,
    JsonSent, NubefactDocument, NubefactError, NubefactId, NubefactKind, NubefactReply, Person,
    SeriesCount, VoidSettled, VoidWish,
};

/// A client of APIMIGO whose methods wait for the answer. It owns a small runtime; do not use it
/// from asynchronous code, where [`crate::Migo`] belongs.
///
/// ```no_run
/// use chaski_client::{Ask, Migo, blocking};
/// let migo = blocking::Migo::new(Migo::builder("SU_TOKEN").build()?)?;
/// let found = migo.ruc(&"20131312955".parse().unwrap(), &Ask::default())?;
/// println!("{}", found.value.nombre_o_razon_social);
/// # Ok::<(), chaski_client::Error>(())
/// ```
pub struct Migo {
    runtime: Runtime,
    pub(crate) inner: crate::Migo,
}

fn small_runtime() -> Result<Runtime, Error> {
    Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(|_| Error::failed(Failure::Internal))
}

impl Migo {
    /// Wraps an asynchronous client. Fails only where the system gives no threads.
    pub fn new(inner: crate::Migo) -> Result<Migo, Error> {
        let runtime = small_runtime()?;
        Ok(Migo { runtime, inner })
    }

    pub(crate) fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    /// All outcomes of [`crate::Migo::rucs`], in the order of the numbers.
    pub fn rucs(&self, rucs: &[Ruc], ask: &Ask) -> Vec<Result<Found<Taxpayer>, Error>> {
        self.wait(async { self.inner.rucs(rucs, ask).all().await })
    }

    /// See [`crate::Migo::dnis`].
    pub fn dnis(&self, dnis: &[Dni], ask: &Ask) -> Vec<Result<Found<Person>, Error>> {
        self.wait(self.inner.dnis(dnis, ask))
    }

    /// See [`crate::Migo::rate_for`].
    pub fn rate_for(
        &self,
        fecha: Date,
        fuente: RateSource,
        moneda: Currency,
        ask: &Ask,
    ) -> Result<Found<RateFor>, Error> {
        self.wait(self.inner.rate_for(fecha, fuente, moneda, ask))
    }

    /// See [`crate::Migo::rates_between`].
    pub fn rates_between(
        &self,
        desde: Date,
        hasta: Date,
        ask: &Ask,
    ) -> Result<Found<Vec<RateFor>>, Error> {
        self.wait(self.inner.rates_between(desde, hasta, ask))
    }

    /// See [`crate::Migo::account`].
    pub fn account(&self, ask: &Ask) -> Result<Found<Account>, Error> {
        self.wait(self.inner.account(ask))
    }
}

/// A client of Nubefact whose methods wait for the answer. It owns a small runtime, and may be used from
/// as many threads as there are documents; do not use it from asynchronous code, where
/// [`crate::Nubefact`] belongs.
///
/// ```no_run
/// use chaski_client::{FileJournal, Nubefact, NubefactDocument, NubefactKind, blocking};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let journal = FileJournal::open("emision.diario", Default::default())?;
/// let inner = Nubefact::builder("SU_RUTA", "SU_TOKEN").journal(journal).build()?;
/// let nubefact = blocking::Nubefact::new(inner)?;
/// nubefact.open_series(NubefactKind::Boleta, "BBB1", 0)?;
/// let document = NubefactDocument::from_json(&std::fs::read("boleta.json")?)?;
/// println!("{}", nubefact.issue(&document, "pedido-1234")?.estado());
/// # Ok(())
/// # }
/// ```
pub struct Nubefact {
    runtime: Runtime,
    inner: crate::Nubefact,
}

impl Nubefact {
    /// Wraps an asynchronous client. Fails only where the system gives no threads.
    pub fn new(inner: crate::Nubefact) -> Result<Nubefact, Error> {
        let runtime = small_runtime()?;
        Ok(Nubefact { runtime, inner })
    }

    /// See [`crate::Nubefact::issue`].
    pub fn issue(
        &self,
        document: &NubefactDocument,
        key: &str,
    ) -> Result<IssueSettled, NubefactError> {
        self.runtime.block_on(self.inner.issue(document, key))
    }

    /// See [`crate::Nubefact::settle`].
    pub fn settle(&self, intent: Intent) -> Result<IssueSettled, NubefactError> {
        self.runtime.block_on(self.inner.settle(intent))
    }

    /// See [`crate::Nubefact::resolve`].
    pub fn resolve(&self, entry: &JournalEntry) -> Result<IssueSettled, NubefactError> {
        self.runtime.block_on(self.inner.resolve(entry))
    }

    /// See [`crate::Nubefact::resolve_open`].
    pub fn resolve_open(&self) -> Result<Vec<IssueSettled>, NubefactError> {
        self.runtime.block_on(self.inner.resolve_open())
    }

    /// See [`crate::Nubefact::consult`].
    pub fn consult(&self, id: &NubefactId) -> Result<Option<NubefactReply>, NubefactError> {
        self.runtime.block_on(self.inner.consult(id))
    }

    /// See [`crate::Nubefact::consult_void`].
    pub fn consult_void(&self, id: &NubefactId) -> Result<Option<NubefactReply>, NubefactError> {
        self.runtime.block_on(self.inner.consult_void(id))
    }

    /// See [`crate::Nubefact::void`].
    pub fn void(&self, wish: &VoidWish) -> Result<VoidSettled, NubefactError> {
        self.runtime.block_on(self.inner.void(wish))
    }

    /// See [`crate::Nubefact::send_json`].
    pub fn send_json(&self, json: &[u8], key: Option<&str>) -> Result<JsonSent, NubefactError> {
        self.runtime.block_on(self.inner.send_json(json, key))
    }

    /// See [`crate::Nubefact::file`].
    pub fn file(
        &self,
        reply: &NubefactReply,
        kind: FileKind,
    ) -> Result<Option<FetchedFile>, NubefactError> {
        self.runtime.block_on(self.inner.file(reply, kind))
    }

    /// See [`crate::Nubefact::open_series`].
    pub fn open_series(
        &self,
        kind: NubefactKind,
        serie: &str,
        last: u32,
    ) -> Result<u32, NubefactError> {
        self.runtime
            .block_on(self.inner.open_series(kind, serie, last))
    }

    /// See [`crate::Nubefact::series`].
    pub fn series(&self) -> Result<Vec<SeriesCount>, NubefactError> {
        self.runtime.block_on(self.inner.series())
    }

    /// See [`crate::Nubefact::walk_series`].
    pub fn walk_series(&self, kind: NubefactKind, serie: &str) -> Result<u32, NubefactError> {
        self.runtime.block_on(self.inner.walk_series(kind, serie))
    }

    /// The asynchronous client.
    pub fn inner(&self) -> &crate::Nubefact {
        &self.inner
    }
}
