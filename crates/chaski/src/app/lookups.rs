//! One look-up at a time: RUC, DNI, exchange rate, account.

use std::time::Duration;

use chaski_client::{
    Account, Ask, Error, Found, Ledger, Lookup, Migo, Person, RateQuery, Remembered,
};
use chaski_core::{
    CheckDigit, Currency, Dni, ExchangeRate, Fitness, RateFor, RateSource, Role, Ruc, RucRules,
    Taxpayer, fitness, lima_date,
};
use jiff::ToSpan;
use jiff::civil::Date;

use super::cost::within_cost;
use super::{App, AppError, Mode, purpose};

/// A list waits for the account so long before it begins.
const TIME_FOR_THE_ACCOUNT: Duration = Duration::from_secs(5);

/// A number as the record of calls knows it, if it is a RUC or DNI. Numbers with a wrong check digit
/// may have been asked for too.
pub fn subject_of(text: &str) -> Option<String> {
    let form = RucRules {
        check_digit: CheckDigit::FormatOnly,
        ..RucRules::default()
    };
    match Ruc::parse_with(text, &form) {
        Ok(ruc) => Some(ruc.as_str().to_owned()),
        Err(_) => Some(text.parse::<Dni>().ok()?.as_str().to_owned()),
    }
}

impl App {
    /// What the registry knows of several RUCs, each once, in the order given: one native batch
    /// call where that is cheaper than single ones.
    pub async fn lookup_rucs(
        &self,
        rucs: &[Ruc],
        ask: &Ask,
    ) -> Vec<Result<Found<Taxpayer>, Error>> {
        match rucs {
            [one] => vec![self.migo.ruc(one, ask).await],
            many => {
                let ask = within_cost(ask, many.len());
                self.migo.rucs(many, &ask).all().await
            }
        }
    }

    /// Whether a RUC is fit to be invoiced, or to invoice. Only the upstream's explicit "no such
    /// number" is judged; a failure stays a failure.
    pub fn judge(
        &self,
        ruc: &Ruc,
        outcome: &Result<Found<Taxpayer>, Error>,
        role: Role,
    ) -> Result<Fitness, Error> {
        let today = lima_date(self.clock.now());
        match outcome {
            Ok(found) => Ok(fitness(ruc, Some(&found.value), role, today)),
            Err(error) if error.is_not_found() => Ok(fitness(ruc, None, role, today)),
            Err(error) => Err(error.clone()),
        }
    }

    /// The owners of several DNIs, in the order given; none is asked for without a purpose where
    /// the owner demands one.
    pub async fn lookup_dnis(
        &self,
        dnis: &[Dni],
        ask: &Ask,
    ) -> Result<Vec<Result<Found<Person>, Error>>, AppError> {
        purpose::check(&self.config, ask)?;
        Ok(self.migo.dnis(dnis, ask).await)
    }

    /// The owner of a DNI.
    pub async fn lookup_dni(&self, dni: &Dni, ask: &Ask) -> Result<Found<Person>, AppError> {
        purpose::check(&self.config, ask)?;
        Ok(self.migo.dni(dni, ask).await?)
    }

    /// The latest rate.
    pub async fn latest_rate(&self, ask: &Ask) -> Result<Found<ExchangeRate>, Error> {
        self.migo.latest_rate(ask).await
    }

    /// The rate that applies on a date.
    pub async fn rate_for(
        &self,
        fecha: Date,
        fuente: RateSource,
        moneda: Currency,
        ask: &Ask,
    ) -> Result<Found<RateFor>, Error> {
        self.migo.rate_for(fecha, fuente, moneda, ask).await
    }

    /// The rate published under a date; no earlier one stands in for it.
    pub async fn rate_on(
        &self,
        fecha: Date,
        fuente: RateSource,
        moneda: Currency,
        ask: &Ask,
    ) -> Result<Found<ExchangeRate>, Error> {
        self.migo.rate_on(fecha, fuente, moneda, ask).await
    }

    /// Calls that [`App::rate_for`] may need: one for each day that memory knows nothing of, back
    /// to one whose rate it knows.
    pub async fn rate_calls(
        &self,
        fecha: Date,
        fuente: RateSource,
        moneda: Currency,
    ) -> Result<u64, AppError> {
        let key = |back: u32| {
            let fecha = fecha.saturating_sub(i64::from(back).days());
            let question = RateQuery {
                fecha,
                fuente,
                moneda,
            };
            question.key()
        };
        let keys: Vec<_> = (0..Migo::MOST_DAYS_BACK).map(key).collect();
        let now = self.clock.now();
        let mut calls = 0;
        for memory in self.store.recall(&keys).await? {
            match memory.filter(|memory| memory.expires_at > now) {
                None => calls += 1,
                Some(memory) if matches!(memory.what, Remembered::Answer(_)) => break,
                Some(_) => {}
            }
        }
        Ok(calls)
    }

    /// The rates published over a range.
    pub async fn rates(
        &self,
        desde: Date,
        hasta: Date,
        ask: &Ask,
    ) -> Result<Found<Vec<ExchangeRate>>, Error> {
        self.migo.rates(desde, hasta, ask).await
    }

    /// Calls that the plan has left; none where that cannot be found out soon, or nothing is paid.
    pub async fn calls_left(&self, who: &str) -> Option<u64> {
        if self.mode == Mode::Sandbox {
            return None;
        }
        let ask = Ask::by(who).deadline(TIME_FOR_THE_ACCOUNT);
        let left = self.migo.account(&ask).await.ok()?.value.consultas?;
        Some(u64::try_from(left).unwrap_or(0))
    }

    /// Calls that the plan has left, where they are fewer than some work needs.
    pub async fn too_few_calls_left(&self, wanted: u64, who: &str) -> Option<u64> {
        // A single call finds it out by itself.
        if wanted < 2 {
            return None;
        }
        self.calls_left(who).await.filter(|left| *left < wanted)
    }

    /// The account behind the token.
    pub async fn account(&self, ask: &Ask) -> Result<Found<Account>, Error> {
        self.migo.account(ask).await
    }
}
