//! Invented exchange rates: a random walk between plausible bounds, one step per business day.

use std::sync::OnceLock;

use chaski_core::{is_business_day, lima_datetime};
use jiff::civil::{Date, date};
use jiff::{Timestamp, ToSpan};
use rust_decimal::Decimal;

use crate::draw::{Draw, Topic};

/// Who publishes the rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// What SUNAT shows on a date, any calendar day: the SBS's rate of the last business day before it.
    Sunat,
    /// The SBS's own, in dollars.
    SbsUsd,
    /// The SBS's own, in euros.
    SbsEur,
}

/// Both prices of a date, with three decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Quote {
    pub(crate) date: Date,
    pub(crate) buying: Decimal,
    pub(crate) selling: Decimal,
}

/// The first date with a rate.
const FIRST: Date = date(2010, 1, 1);
/// The business day before it, whose SBS rate SUNAT shows on it.
const ORIGIN: Date = date(2009, 12, 31);
/// No rates after it, whatever the clock says.
const LAST: Date = date(2060, 12, 31);
/// Rates are loaded between 00:00 and 06:00 of Lima.
const LOADED_AT_HOUR: i8 = 6;

/// The whole table, worked out at the first question.
pub(crate) struct Rates {
    seed: u64,
    days: OnceLock<Vec<Day>>,
}

#[derive(Clone, Copy)]
struct Day {
    date: Date,
    usd: Spread,
    eur: Spread,
}

/// Thousandths of a sol.
#[derive(Clone, Copy)]
struct Spread {
    buying: i64,
    selling: i64,
}

impl Rates {
    pub(crate) fn new(seed: u64) -> Rates {
        Rates {
            seed,
            days: OnceLock::new(),
        }
    }

    /// The rate of exactly that date, if there is one and it is already published.
    pub(crate) fn on(&self, source: Source, wanted: Date, now: Timestamp) -> Option<Quote> {
        if !(FIRST..=published_until(now)).contains(&wanted) {
            return None;
        }
        let days = self.days();
        let after = days.partition_point(|day| match source {
            Source::Sunat => day.date < wanted,
            Source::SbsUsd | Source::SbsEur => day.date <= wanted,
        });
        let day = days.get(after.checked_sub(1)?)?;
        let spread = match source {
            Source::SbsUsd | Source::SbsEur if day.date != wanted => return None,
            Source::Sunat | Source::SbsUsd => day.usd,
            Source::SbsEur => day.eur,
        };
        Some(Quote {
            date: wanted,
            buying: Decimal::new(spread.buying, 3),
            selling: Decimal::new(spread.selling, 3),
        })
    }

    /// SUNAT's last one published.
    pub(crate) fn latest(&self, now: Timestamp) -> Option<Quote> {
        self.on(Source::Sunat, published_until(now), now)
    }

    /// All that SUNAT published from one date to another, both included.
    pub(crate) fn range(&self, from: Date, to: Date, now: Timestamp) -> Vec<Quote> {
        let (from, to) = (from.max(FIRST), to.min(published_until(now)));
        let dates = from.series(1.day()).take_while(|date| *date <= to);
        dates
            .filter_map(|date| self.on(Source::Sunat, date, now))
            .collect()
    }

    fn days(&self) -> &[Day] {
        self.days.get_or_init(|| walk(self.seed))
    }
}

fn published_until(now: Timestamp) -> Date {
    let lima = lima_datetime(now);
    if lima.hour() >= LOADED_AT_HOUR {
        lima.date()
    } else {
        lima.date().yesterday().unwrap_or(Date::MIN)
    }
}

fn walk(seed: u64) -> Vec<Day> {
    let mut draw = Draw::new(seed, Topic::Rates, 0);
    let (mut usd, mut eur) = (2_890, 4_150);
    let dates = ORIGIN.series(1.day()).take_while(|day| *day <= LAST);
    let mut days = Vec::with_capacity(13_000);
    for date in dates.filter(|day| is_business_day(*day)) {
        usd = (usd + draw.between(-12, 12)).clamp(2_500, 4_200);
        eur = (eur + draw.between(-18, 18)).clamp(3_300, 4_900);
        days.push(Day {
            date,
            usd: spread(usd, draw.between(2, 9)),
            eur: spread(eur, draw.between(15, 60)),
        });
    }
    days
}

fn spread(buying: i64, width: i64) -> Spread {
    Spread {
        buying,
        selling: buying + width,
    }
}
