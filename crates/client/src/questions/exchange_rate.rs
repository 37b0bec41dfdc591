//! Which exchange rate was published: the latest, of a date, over a range.

use std::time::Duration;

use bytes::Bytes;
use chaski_core::{
    Currency, ExchangeRate, Lang, RateSource, day_in_words, lima_date, next_business_day, text,
};
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::{Clock, Error, Key, Lookup, TimesToLive};

/// The latest rate of SUNAT, US dollars.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LatestRateQuery;

/// The rate published for one date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RateQuery {
    /// The date, Lima.
    pub fecha: Date,
    /// Who published it.
    pub fuente: RateSource,
    /// US dollars, or euros at SBS.
    pub moneda: Currency,
}

/// The rates of SUNAT published between two dates, both included; days may be missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RatesQuery {
    /// First date, Lima.
    pub desde: Date,
    /// Last date, Lima.
    pub hasta: Date,
}

impl RatesQuery {
    /// A range with all the days up to `today` that have the same SBS closes as its first and last one.
    pub(crate) fn of_whole_closes(desde: Date, hasta: Date, today: Date) -> RatesQuery {
        let close = |date| RateSource::Sunat.close_of(date);
        let first = close(desde).saturating_add(1.day());
        RatesQuery {
            desde: first.max(ExchangeRate::FIRST_DAY),
            hasta: next_business_day(close(hasta)).min(today).max(hasta),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Record {
    moneda: String,
    fuente: String,
    fecha: Date,
    compra: Decimal,
    venta: Decimal,
}

impl Record {
    fn of(rate: &ExchangeRate) -> Record {
        Record {
            moneda: rate.moneda.as_str().to_owned(),
            fuente: rate.fuente.as_str().to_owned(),
            fecha: rate.fecha_publicacion,
            compra: rate.compra,
            venta: rate.venta,
        }
    }

    fn rate(self) -> Option<ExchangeRate> {
        let (moneda, fuente) = (
            Currency::parse(&self.moneda)?,
            RateSource::parse(&self.fuente)?,
        );
        ExchangeRate::new(moneda, fuente, self.fecha, self.compra, self.venta).ok()
    }
}

fn check_date(fecha: Date, today: Date) -> Result<(), Error> {
    if fecha > today {
        let [dia, hoy] = [fecha, today].map(|day| day_in_words(day, Lang::Es));
        return Err(Error::invalid(text!(
            "la fecha {dia} es futura: hoy es {hoy} en Lima",
            "{fecha} is in the future: today is {today} in Lima"
        )));
    }
    if fecha < ExchangeRate::FIRST_DAY {
        return Err(Error::invalid(text!(
            "hay tipos de cambio desde el 01/01/2010",
            "there are exchange rates from 2010-01-01 on"
        )));
    }
    Ok(())
}

impl Lookup for LatestRateQuery {
    type Answer = ExchangeRate;

    fn key(&self) -> Key {
        super::key("tipo_cambio_ultimo", "", false)
    }

    fn time_to_live(&self, _: &ExchangeRate, _: Timestamp, times: &TimesToLive) -> Duration {
        times.unsettled_rate
    }

    fn refusal_time_to_live(&self, _: Timestamp, times: &TimesToLive) -> Duration {
        times.unsettled_rate
    }

    fn pack(answer: &ExchangeRate) -> Bytes {
        super::to_json(&Record::of(answer))
    }

    fn unpack(&self, body: &[u8]) -> Option<ExchangeRate> {
        super::from_json::<Record>(body)?.rate()
    }
}

/// Past rates do not change, and a day that had none will not get one.
fn lasts(fuente: RateSource, fecha: Date, now: Timestamp, times: &TimesToLive) -> Duration {
    if fuente.settled(fecha, now) {
        super::FOR_EVER
    } else {
        times.unsettled_rate
    }
}

impl Lookup for RateQuery {
    type Answer = ExchangeRate;

    fn key(&self) -> Key {
        let subject = format!(
            "{}-{}-{}",
            self.fuente.as_str(),
            self.moneda.as_str(),
            self.fecha
        );
        super::key("tipo_cambio_fecha", &subject, false)
    }

    fn check(&self, clock: Clock) -> Result<(), Error> {
        check_date(self.fecha, lima_date(clock.now()))?;
        if self.fuente == RateSource::Sunat && self.moneda != Currency::Usd {
            return Err(Error::invalid(text!(
                "SUNAT publica solo dólares (USD); para euros use la fuente sbs",
                "SUNAT publishes US dollars only; for euros use the source sbs"
            )));
        }
        Ok(())
    }

    fn time_to_live(&self, answer: &ExchangeRate, now: Timestamp, times: &TimesToLive) -> Duration {
        if answer.fecha_publicacion == self.fecha {
            super::FOR_EVER
        } else {
            lasts(self.fuente, self.fecha, now, times)
        }
    }

    fn refusal_time_to_live(&self, now: Timestamp, times: &TimesToLive) -> Duration {
        lasts(self.fuente, self.fecha, now, times)
    }

    fn pack(answer: &ExchangeRate) -> Bytes {
        super::to_json(&Record::of(answer))
    }

    fn unpack(&self, body: &[u8]) -> Option<ExchangeRate> {
        super::from_json::<Record>(body)?.rate()
    }
}

impl Lookup for RatesQuery {
    type Answer = Vec<ExchangeRate>;

    fn key(&self) -> Key {
        let subject = format!("{}..{}", self.desde, self.hasta);
        super::key("tipo_cambio_rango", &subject, false)
    }

    fn check(&self, clock: Clock) -> Result<(), Error> {
        let (desde, hasta, today) = (self.desde, self.hasta, lima_date(clock.now()));
        check_date(desde, today)?;
        check_date(hasta, today)?;
        if desde > hasta {
            let [del, al] = [desde, hasta].map(|day| day_in_words(day, Lang::Es));
            return Err(Error::invalid(text!(
                "el rango está al revés: {del} es posterior a {al}",
                "the range is reversed: {desde} is later than {hasta}"
            )));
        }
        Ok(())
    }

    fn time_to_live(&self, _: &Self::Answer, now: Timestamp, times: &TimesToLive) -> Duration {
        self.refusal_time_to_live(now, times)
    }

    fn refusal_time_to_live(&self, now: Timestamp, times: &TimesToLive) -> Duration {
        lasts(RateSource::Sunat, self.hasta, now, times)
    }

    fn pack(answer: &Vec<ExchangeRate>) -> Bytes {
        super::to_json(&answer.iter().map(Record::of).collect::<Vec<_>>())
    }

    fn unpack(&self, body: &[u8]) -> Option<Vec<ExchangeRate>> {
        super::from_json::<Vec<Record>>(body)?
            .into_iter()
            .map(Record::rate)
            .collect()
    }
}
