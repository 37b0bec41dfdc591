//! The same client for programs without an asynchronous runtime. Its other methods are in the one list
//! of questions in `migo.rs`.

use std::future::Future;

use chaski_core::{Currency, Dni, RateFor, RateSource, Ruc, Taxpayer};
use jiff::civil::Date;
use tokio::runtime::{Builder, Runtime};

use crate::{Account, Ask, Error, Failure, Found, Person};

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

    /// See [`crate::Migo::account`].
    pub fn account(&self, ask: &Ask) -> Result<Found<Account>, Error> {
        self.wait(self.inner.account(ask))
    }
}
