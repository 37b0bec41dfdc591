//! Exchange rates, and which published day a rate belongs to.
//!
//! The law (Reglamento de la Ley del IGV, art. 5 num. 17) converts at the SBS weighted average
//! *selling* rate **published** on the date the tax obligation arises. SUNAT's rate of day D is the
//! SBS close of the last business day before D: taking the close of D itself is the classic
//! off-by-one, so the two dates have two names here.

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::dates::{lima_date, next_business_day, previous_business_day};
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
/// let friday = ExchangeRate::new(
///     Currency::Usd, RateSource::Sbs, date(2026, 7, 24), price, price)?;
/// let sunday = RateFor::new(date(2026, 7, 26), friday)?;
/// assert!(sunday.arrastrado);
/// assert_eq!(sunday.rate.fecha_publicacion, date(2026, 7, 24));
/// # Ok::<(), chaski_core::RateError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateFor {
    /// The date that was asked for.
    pub requested: Date,
    /// The rate that applies, with the date it was really published.
    pub rate: ExchangeRate,
    /// Carried over: nothing was published on the requested date, an earlier rate applies.
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
    /// Published after the date it should apply to.
    PublishedLater,
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

    /// Whether what this source has (or has not) for a date can no longer change at `now`.
    ///
    /// SUNAT's rate of a date is loaded by providers during that date; SBS's is the close of the
    /// date, loaded during the next business day. Only when that day is over in Lima may the
    /// absence of a rate, or one carried over, be remembered for ever; before, for minutes.
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

    /// The business day whose SBS close this rate is: for SUNAT the last one before publication,
    /// for SBS the day of publication itself.
    ///
    /// Derived from the calendar of [`is_business_day`](crate::is_business_day), no source says
    /// it; a day on which banks did not work by decree is not known here.
    pub fn fecha_cierre_sbs(&self) -> Date {
        match self.fuente {
            RateSource::Sunat => previous_business_day(self.fecha_publicacion),
            RateSource::Sbs => self.fecha_publicacion,
        }
    }
}

impl RateFor {
    /// Applies a published rate to a date. It is carried over when it was published before that
    /// date, and an error when it was published after it.
    pub fn new(requested: Date, rate: ExchangeRate) -> Result<RateFor, RateError> {
        if rate.fecha_publicacion > requested {
            return Err(RateError::PublishedLater);
        }
        let arrastrado = rate.fecha_publicacion < requested;
        Ok(RateFor {
            requested,
            rate,
            arrastrado,
        })
    }

    /// The rate that applies to a date among published ones of one currency and source: the last
    /// published on or before it. `None` when all are later: a rate is never invented.
    ///
    /// ```
    /// use chaski_core::RateFor;
    /// assert_eq!(RateFor::choose(jiff::civil::date(2026, 7, 26), []), None);
    /// ```
    pub fn choose(
        requested: Date,
        published: impl IntoIterator<Item = ExchangeRate>,
    ) -> Option<RateFor> {
        published
            .into_iter()
            .filter(|rate| rate.fecha_publicacion <= requested)
            .max_by_key(|rate| rate.fecha_publicacion)
            .and_then(|rate| RateFor::new(requested, rate).ok())
    }

    /// Whether this answer can no longer change at `now`: it was published on the very date, or
    /// nothing more can be published for it. Settled answers may be kept for ever, others for
    /// minutes.
    ///
    /// ```
    /// # use chaski_core::{Currency, ExchangeRate, RateError, RateFor, RateSource};
    /// # use jiff::civil::date;
    /// # let price = ExchangeRate::parse_price("3.760")?;
    /// # let (monday, tuesday) = (date(2026, 7, 20), date(2026, 7, 21));
    /// # let mondays = ExchangeRate::new(Currency::Usd, RateSource::Sunat, monday, price, price)?;
    /// let three_in_the_morning = "2026-07-21T08:00:00Z".parse().expect("an instant");
    /// let carried = RateFor::new(tuesday, mondays)?;
    /// assert!(!carried.settled(three_in_the_morning)); // Tuesday's rate is still to come
    /// # Ok::<(), RateError>(())
    /// ```
    pub fn settled(&self, now: Timestamp) -> bool {
        !self.arrastrado || self.rate.fuente.settled(self.requested, now)
    }
}

impl RateError {
    /// Stable code, never translated.
    pub fn code(&self) -> &'static str {
        match self {
            RateError::NotAPrice => "tipo_cambio_precio",
            RateError::OutOfRange => "tipo_cambio_rango",
            RateError::BuyAboveSell => "tipo_cambio_invertido",
            RateError::PublishedLater => "tipo_cambio_posterior",
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
            RateError::PublishedLater => lang.pick(
                "el tipo de cambio se publicó después de la fecha pedida",
                "the exchange rate was published after the requested date",
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
