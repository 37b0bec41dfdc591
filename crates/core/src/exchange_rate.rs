//! Exchange rates, and which SBS close a rate is.
//!
//! The law (Reglamento de la Ley del IGV, art. 5 num. 17) converts at the SBS weighted average
//! *selling* rate **published** on the date the tax obligation arises. SUNAT publishes one for every
//! calendar day: the SBS close of the last business day before it. Saturday, Sunday and Monday have
//! Friday's; a holiday and the day after it that of its eve. Taking the close of the day itself is the
//! classic off-by-one, so the two dates have two names here. Where the publisher that is asked has
//! nothing under a date, the *same close* is taken from wherever it was published, and no other.

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use rust_decimal::Decimal;

use crate::dates::{is_business_day, lima_date, next_business_day, previous_business_day};
use crate::{Lang, fold};

/// Currency that is priced in soles.
///
/// ```
/// use chaski_core::Currency;
/// assert_eq!(Currency::parse("usd"), Some(Currency::Usd));
/// assert_eq!(Currency::Eur.as_str(), "EUR");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Currency {
    /// US dollar.
    Usd,
    /// Euro; published by SBS only.
    Eur,
}

/// Who publishes a rate.
///
/// ```
/// use chaski_core::RateSource;
/// assert_eq!(RateSource::parse("SUNAT"), Some(RateSource::Sunat));
/// assert_eq!(RateSource::Sbs.as_str(), "sbs");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RateSource {
    /// SUNAT: every calendar day, the SBS close of the last business day before.
    Sunat,
    /// *Superintendencia de Banca y Seguros*: each business day, its own close.
    Sbs,
}

/// One published rate: soles per unit of the currency, at least three decimals.
///
/// ```
/// use chaski_core::{Currency, ExchangeRate, RateSource};
/// use jiff::civil::date;
/// let monday = date(2026, 7, 27);
/// let buy = ExchangeRate::parse_price("3,75")?;
/// let sell = ExchangeRate::parse_price("3.760")?;
/// let rate = ExchangeRate::new(Currency::Usd, RateSource::Sunat, monday, buy, sell)?;
/// assert_eq!(rate.compra.to_string(), "3.750");
/// assert_eq!(rate.fecha_cierre_sbs(), date(2026, 7, 24)); // the Friday before
/// # Ok::<(), chaski_core::RateError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExchangeRate {
    /// What is priced.
    pub moneda: Currency,
    /// Who published it.
    pub fuente: RateSource,
    /// The Lima date under which the source publishes the rate. This is the date that tax law
    /// asks for.
    pub fecha_publicacion: Date,
    /// Price at which the market buys the currency, in soles.
    pub compra: Decimal,
    /// Price at which the market sells the currency, in soles: the one for IGV and invoices.
    pub venta: Decimal,
}

/// A rate as the answer to "which rate applies on this date?".
///
/// ```
/// use chaski_core::{Currency, ExchangeRate, RateFor, RateSource};
/// use jiff::civil::date;
/// let price = ExchangeRate::parse_price("3.760")?;
/// let on = |day| ExchangeRate::new(Currency::Usd, RateSource::Sunat, day, price, price);
/// let (sunday, monday) = (date(2026, 7, 26), date(2026, 7, 27));
/// let found = RateFor::of(sunday, RateSource::Sunat, on(monday)?).expect("Friday's close as well");
/// assert!(found.arrastrado);
/// assert_eq!(found.rate.fecha_cierre_sbs(), date(2026, 7, 24));
/// // What is published for Friday itself is an earlier close.
/// assert_eq!(RateFor::of(sunday, RateSource::Sunat, on(date(2026, 7, 24))?), None);
/// # Ok::<(), chaski_core::RateError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateFor {
    /// The date that was asked for.
    pub requested: Date,
    /// The rate that applies, with the date under which it was really published.
    pub rate: ExchangeRate,
    /// Nothing was published for the requested date by whom was asked: the same close applies, as it was
    /// published under another date or by the other source.
    pub arrastrado: bool,
}

/// Why a rate cannot be used.
///
/// ```
/// use chaski_core::{ExchangeRate, Lang, RateError};
/// let error = ExchangeRate::parse_price("3.7.5").unwrap_err();
/// assert_eq!(error, RateError::NotAPrice);
/// assert_eq!(error.code(), "tipo_cambio_precio");
/// assert_eq!(error.message(Lang::En), "not a price: digits with at most one point or comma");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.message(Lang::Es))]
pub enum RateError {
    /// Not digits with at most one decimal point or comma.
    NotAPrice,
    /// A price that is not above zero or has over five digits before the point.
    OutOfRange,
    /// The buying price is above the selling price.
    BuyAboveSell,
}

impl Currency {
    /// ISO 4217 code: `USD`, `EUR`.
    pub fn as_str(self) -> &'static str {
        match self {
            Currency::Usd => "USD",
            Currency::Eur => "EUR",
        }
    }

    /// Reads an ISO 4217 code in any case. `None` for any other text.
    pub fn parse(text: &str) -> Option<Currency> {
        [Currency::Usd, Currency::Eur]
            .into_iter()
            .find(|currency| fold(text) == currency.as_str())
    }
}

impl RateSource {
    /// `sunat` or `sbs`.
    pub fn as_str(self) -> &'static str {
        match self {
            RateSource::Sunat => "sunat",
            RateSource::Sbs => "sbs",
        }
    }

    /// Reads `sunat` or `sbs` in any case. `None` for any other text.
    pub fn parse(text: &str) -> Option<RateSource> {
        let folded = fold(text).to_lowercase();
        [RateSource::Sunat, RateSource::Sbs]
            .into_iter()
            .find(|source| folded == source.as_str())
    }

    /// The business day whose SBS close is this source's rate of a date: for SUNAT the last one before
    /// it, for SBS the day itself, or the last one where it is none.
    ///
    /// From the calendar of [`is_business_day`], no source says it; a day on which banks did not work by
    /// decree is not known here.
    ///
    /// ```
    /// use chaski_core::RateSource;
    /// use jiff::civil::date;
    /// let (friday, sunday) = (date(2026, 7, 24), date(2026, 7, 26));
    /// assert_eq!(RateSource::Sunat.close_of(sunday), friday);
    /// assert_eq!(RateSource::Sbs.close_of(sunday), friday);
    /// assert_eq!(RateSource::Sbs.close_of(friday), friday);
    /// assert_eq!(RateSource::Sunat.close_of(friday), date(2026, 7, 22)); // the 23rd is a holiday
    /// ```
    pub fn close_of(self, date: Date) -> Date {
        match self {
            RateSource::Sbs if is_business_day(date) => date,
            RateSource::Sunat | RateSource::Sbs => previous_business_day(date),
        }
    }

    /// Whether what this source has (or has not) for a date can no longer change at `now`.
    ///
    /// SUNAT's rate of a date is loaded by providers during that date; SBS's is the close of the
    /// date, loaded during the next business day. Only when that day is over in Lima may the
    /// absence of a rate, or one filed under another date, be remembered for ever; before, for minutes.
    ///
    /// ```
    /// use chaski_core::RateSource;
    /// use jiff::civil::date;
    /// let friday = date(2026, 7, 24);
    /// let saturday_noon = "2026-07-25T17:00:00Z".parse()?;
    /// assert!(RateSource::Sunat.settled(friday, saturday_noon));
    /// assert!(!RateSource::Sbs.settled(friday, saturday_noon)); // loaded on Monday
    /// # Ok::<(), jiff::Error>(())
    /// ```
    pub fn settled(self, date: Date, now: Timestamp) -> bool {
        let loaded_on = match self {
            RateSource::Sunat => date,
            RateSource::Sbs => next_business_day(date),
        };
        loaded_on < lima_date(now)
    }
}

/// Decimals that are always kept, the most that an electronic invoice carries.
const DECIMALS: u32 = 3;

impl ExchangeRate {
    /// The first day that providers have rates for.
    pub const FIRST_DAY: Date = Date::constant(2010, 1, 1);

    /// A rate whose prices make sense: both above zero and below 100 000, compra not above venta.
    ///
    /// Prices get three decimals if they have fewer. More are kept: rounding would invent a rate.
    pub fn new(
        moneda: Currency,
        fuente: RateSource,
        fecha_publicacion: Date,
        compra: Decimal,
        venta: Decimal,
    ) -> Result<ExchangeRate, RateError> {
        let (compra, venta) = (with_decimals(compra), with_decimals(venta));
        let in_range = |price: Decimal| price > Decimal::ZERO && price < Decimal::from(100_000);
        if !in_range(compra) || !in_range(venta) {
            return Err(RateError::OutOfRange);
        }
        if compra > venta {
            return Err(RateError::BuyAboveSell);
        }
        Ok(ExchangeRate {
            moneda,
            fuente,
            fecha_publicacion,
            compra,
            venta,
        })
    }

    /// Reads a price from text: digits with at most one decimal point or comma, nothing else. It
    /// gets three decimals if it has fewer.
    ///
    /// ```
    /// use chaski_core::ExchangeRate;
    /// assert_eq!(ExchangeRate::parse_price(" 3,7 ")?.to_string(), "3.700");
    /// assert!(ExchangeRate::parse_price("1,234.5").is_err());
    /// # Ok::<(), chaski_core::RateError>(())
    /// ```
    pub fn parse_price(text: &str) -> Result<Decimal, RateError> {
        let text = text.trim();
        let is_separator = |b: &u8| matches!(b, b'.' | b',');
        let plain = text.bytes().all(|b| b.is_ascii_digit() || is_separator(&b))
            && text.bytes().filter(is_separator).count() <= 1
            && text.starts_with(|c: char| c.is_ascii_digit())
            && text.ends_with(|c: char| c.is_ascii_digit());
        if !plain {
            return Err(RateError::NotAPrice);
        }
        let price = Decimal::from_str_exact(&text.replace(',', "."));
        price.map(with_decimals).map_err(|_| RateError::NotAPrice)
    }

    /// The business day whose SBS close this rate is: see [`RateSource::close_of`].
    pub fn fecha_cierre_sbs(&self) -> Date {
        self.fuente.close_of(self.fecha_publicacion)
    }
}

impl RateFor {
    /// A published rate as that of a date by one source; none where it is another day's close.
    pub fn of(requested: Date, fuente: RateSource, rate: ExchangeRate) -> Option<RateFor> {
        let arrastrado = rate.fuente != fuente || rate.fecha_publicacion != requested;
        (rate.fecha_cierre_sbs() == fuente.close_of(requested)).then_some(RateFor {
            requested,
            rate,
            arrastrado,
        })
    }

    /// Where the close that applies to a date is published until `today`, in the order in which to look:
    /// by the source that is asked, under that date first; then by the other one. Euros are SBS's alone.
    ///
    /// ```
    /// use chaski_core::{Currency, RateFor, RateSource::{Sbs, Sunat}};
    /// use jiff::civil::date;
    /// let [friday, saturday, sunday, monday] = [24, 25, 26, 27].map(|day| date(2026, 7, day));
    /// let places = |today| RateFor::places(sunday, Sunat, Currency::Usd, today);
    /// assert_eq!(places(sunday), [(Sunat, sunday), (Sunat, saturday), (Sbs, friday)]);
    /// assert_eq!(places(monday)[..2], [(Sunat, sunday), (Sunat, monday)]);
    /// ```
    pub fn places(
        date: Date,
        fuente: RateSource,
        moneda: Currency,
        today: Date,
    ) -> Vec<(RateSource, Date)> {
        let close = fuente.close_of(date);
        let of_sbs = (RateSource::Sbs, close);
        if moneda != Currency::Usd {
            return vec![of_sbs];
        }
        // The business day first: who has not all calendar days has that one.
        let mut days: Vec<Date> = dates_with_close(close)
            .filter(|day| *day <= today)
            .collect();
        days.sort_by_key(|day| (*day != date, !is_business_day(*day), *day));
        let mut places: Vec<_> = days
            .into_iter()
            .map(|day| (RateSource::Sunat, day))
            .collect();
        match fuente {
            RateSource::Sunat => places.push(of_sbs),
            RateSource::Sbs => places.insert(0, of_sbs),
        }
        places
    }
}

/// The calendar days for which SUNAT publishes a close: those after it, up to the next business day.
fn dates_with_close(close: Date) -> impl Iterator<Item = Date> {
    let last = next_business_day(close);
    close
        .series(1.day())
        .skip(1)
        .take_while(move |day| *day <= last)
}

impl RateError {
    /// Stable code, never translated.
    pub fn code(&self) -> &'static str {
        match self {
            RateError::NotAPrice => "tipo_cambio_precio",
            RateError::OutOfRange => "tipo_cambio_rango",
            RateError::BuyAboveSell => "tipo_cambio_invertido",
        }
    }

    /// What is wrong, for people.
    pub fn message(&self, lang: Lang) -> &'static str {
        match self {
            RateError::NotAPrice => lang.pick(
                "precio no reconocido: solo dígitos con un punto o una coma decimal",
                "not a price: digits with at most one point or comma",
            ),
            RateError::OutOfRange => lang.pick(
                "tipo de cambio fuera de rango: debe ser mayor que 0 y menor que 100 000",
                "exchange rate out of range: it must be above 0 and below 100 000",
            ),
            RateError::BuyAboveSell => lang.pick(
                "tipo de cambio incoherente: la compra supera a la venta",
                "inconsistent exchange rate: the buying price is above the selling price",
            ),
        }
    }
}

fn with_decimals(mut price: Decimal) -> Decimal {
    if price.scale() < DECIMALS {
        price.rescale(DECIMALS);
    }
    price
}
