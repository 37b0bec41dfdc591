//! The same client for programs without an asynchronous runtime.

use std::future::Future;

use chaski_core::{Currency, Dni, ExchangeRate, RateFor, RateSource, Ruc, Taxpayer};
use jiff::civil::Date;
use tokio::runtime::{Builder, Runtime};

use crate::{
    Account, Activity, Ask, CpeQuery, CpeState, Error, Failure, Found, List, Membership, Person,
    Representative,
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
    inner: crate::Migo,
}

impl Migo {
    /// Wraps an asynchronous client. Fails only where the system gives no threads.
    pub fn new(inner: crate::Migo) -> Result<Migo, Error> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .map_err(|_| Error::failed(Failure::Internal))?;
        Ok(Migo { runtime, inner })
    }

    fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    /// See [`crate::Migo::ruc`].
    pub fn ruc(&self, ruc: &Ruc, ask: &Ask) -> Result<Found<Taxpayer>, Error> {
        self.wait(self.inner.ruc(ruc, ask))
    }

    /// All outcomes of [`crate::Migo::rucs`], in the order of the numbers.
    pub fn rucs(&self, rucs: &[Ruc], ask: &Ask) -> Vec<Result<Found<Taxpayer>, Error>> {
        self.wait(async { self.inner.rucs(rucs, ask).all().await })
    }

    /// See [`crate::Migo::dni`].
    pub fn dni(&self, dni: &Dni, ask: &Ask) -> Result<Found<Person>, Error> {
        self.wait(self.inner.dni(dni, ask))
    }

    /// See [`crate::Migo::dnis`].
    pub fn dnis(&self, dnis: &[Dni], ask: &Ask) -> Vec<Result<Found<Person>, Error>> {
        self.wait(self.inner.dnis(dnis, ask))
    }

    /// See [`crate::Migo::latest_rate`].
    pub fn latest_rate(&self, ask: &Ask) -> Result<Found<ExchangeRate>, Error> {
        self.wait(self.inner.latest_rate(ask))
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

    /// See [`crate::Migo::rates`].
    pub fn rates(
        &self,
        desde: Date,
        hasta: Date,
        ask: &Ask,
    ) -> Result<Found<Vec<ExchangeRate>>, Error> {
        self.wait(self.inner.rates(desde, hasta, ask))
    }

    /// See [`crate::Migo::representatives`].
    pub fn representatives(
        &self,
        ruc: &Ruc,
        ask: &Ask,
    ) -> Result<Found<Vec<Representative>>, Error> {
        self.wait(self.inner.representatives(ruc, ask))
    }

    /// See [`crate::Migo::activity`].
    pub fn activity(&self, ruc: &Ruc, ask: &Ask) -> Result<Found<Activity>, Error> {
        self.wait(self.inner.activity(ruc, ask))
    }

    /// See [`crate::Migo::membership`].
    pub fn membership(&self, list: List, ruc: &Ruc, ask: &Ask) -> Result<Found<Membership>, Error> {
        self.wait(self.inner.membership(list, ruc, ask))
    }

    /// See [`crate::Migo::cpe`].
    pub fn cpe(&self, query: &CpeQuery, ask: &Ask) -> Result<Found<CpeState>, Error> {
        self.wait(self.inner.cpe(query, ask))
    }

    /// See [`crate::Migo::account`].
    pub fn account(&self, ask: &Ask) -> Result<Found<Account>, Error> {
        self.wait(self.inner.account(ask))
    }
}
