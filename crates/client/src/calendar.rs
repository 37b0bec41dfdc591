//! Which exchange rate applies on a calendar day, found where its SBS close was published.

use std::collections::HashMap;

use chaski_core::{Currency, ExchangeRate, RateFor, RateSource, lima_date};
use jiff::ToSpan;
use jiff::civil::Date;

use crate::migo::PROVIDER;
use crate::{Ask, Error, Found, Lookup, Migo, RateQuery, RatesQuery, Reason};

/// Closes of SBS that are asked for singly to complete a range: a few gaps, not years without rates.
const MOST_CLOSES: usize = 10;

impl Migo {
    /// The rate that applies on a date: the SBS close that its source publishes for that calendar day.
    /// Where nothing is found under the date itself, the same close as it was published under another
    /// date or by the other source, marked as carried over. Never another close, nor an invented one.
    ///
    /// One call where the provider has the date; [`RateFor::places`] says what is asked else.
    pub async fn rate_for(
        &self,
        fecha: Date,
        fuente: RateSource,
        moneda: Currency,
        ask: &Ask,
    ) -> Result<Found<RateFor>, Error> {
        let clock = self.engine().clock();
        let question = RateQuery {
            fecha,
            fuente,
            moneda,
        };
        question.check(clock)?;
        for (publisher, day) in RateFor::places(fecha, fuente, moneda, lima_date(clock.now())) {
            let found = match self.rate_on(day, publisher, moneda, ask).await {
                Ok(found) => found,
                Err(error) if error.is_not_found() => continue,
                // A plan may lack the other source: that is no reason to doubt the token.
                Err(error) if publisher != fuente && error.is_unauthorized() => continue,
                Err(error) => return Err(error),
            };
            // Some providers answer a day off with the rate of the day before, which is another close.
            if let Some(rate) = RateFor::of(fecha, fuente, found.value.as_ref().clone()) {
                return Ok(found.with(rate));
            }
        }
        Err(no_rate())
    }

    /// The rates of SUNAT that apply on each calendar day from one date to another, both included, as
    /// [`Migo::rate_for`] gives them. One call for the range, and one of SBS for each close that is not
    /// in it, up to ten. Days of which no rate is found are missing.
    pub async fn rates_between(
        &self,
        desde: Date,
        hasta: Date,
        ask: &Ask,
    ) -> Result<Found<Vec<RateFor>>, Error> {
        let clock = self.engine().clock();
        RatesQuery { desde, hasta }.check(clock)?;
        // 1. What is published under any date that has a close of the range.
        let question = RatesQuery::of_whole_closes(desde, hasta, lima_date(clock.now()));
        let (published, mut origin) = match self.ask(&question, ask).await {
            Ok(found) => (found.value.to_vec(), Some(found.with(()))),
            Err(error) if error.is_not_found() => (Vec::new(), None),
            Err(error) => return Err(error),
        };
        let mut closes: HashMap<Date, Vec<ExchangeRate>> = HashMap::new();
        for rate in published {
            let close = rate.fecha_cierre_sbs();
            closes.entry(close).or_default().push(rate);
        }
        // 2. Each day's, preferably as it was published under that day; a close that is absent, of SBS.
        let (mut rates, mut asked_of_sbs) = (Vec::new(), 0);
        for fecha in desde.series(1.day()).take_while(|day| *day <= hasta) {
            let close = RateSource::Sunat.close_of(fecha);
            if !closes.contains_key(&close) && asked_of_sbs < MOST_CLOSES {
                asked_of_sbs += 1;
                let (sbs, usd) = (RateSource::Sbs, Currency::Usd);
                // What is known of the range stands, whatever becomes of a single day.
                let found = self.rate_on(close, sbs, usd, ask).await.ok();
                let rate = found.as_ref().map(|found| found.value.as_ref().clone());
                closes.insert(close, rate.into_iter().collect());
                origin = origin.or_else(|| Some(found?.with(())));
            }
            let of_close = closes.get(&close).into_iter().flatten();
            let nearest = of_close.min_by_key(|rate| rate.fecha_publicacion != fecha);
            let rate = nearest.and_then(|it| RateFor::of(fecha, RateSource::Sunat, it.clone()));
            rates.extend(rate);
        }
        match origin {
            Some(origin) if !rates.is_empty() => Ok(origin.with(rates)),
            _ => Err(no_rate()),
        }
    }

    /// What is published under a date, in one question, as the provider says it: it may answer with
    /// another date than the one asked for.
    pub async fn rate_on(
        &self,
        fecha: Date,
        fuente: RateSource,
        moneda: Currency,
        ask: &Ask,
    ) -> Result<Found<ExchangeRate>, Error> {
        let question = RateQuery {
            fecha,
            fuente,
            moneda,
        };
        self.ask(&question, ask).await
    }
}

fn no_rate() -> Error {
    Error::refused(Reason::NoRate, "".into(), PROVIDER, false)
}
