//! The rates of many dates, with as few calls as they take.

use std::collections::BTreeMap;
use std::sync::Arc;

use chaski_core::{Currency, ExchangeRate, RateFor, RateSource, lima_date};
use jiff::civil::Date;

use crate::handful::Handful;
use crate::many::Group;
use crate::{Ask, Error, Failure, Found, Migo, Outcomes, RateQuery, RatesQuery};

/// Dates of one month with their places, which are asked for together.
type Month = Vec<(usize, Date)>;

impl Migo {
    /// The rates that apply on many dates, none of them to come; outcomes come as they are there. Of
    /// SUNAT's dollar a month is one call where it has two dates or more, and what the month does not say
    /// is asked for as [`Migo::rate_for`] does; any other rate is asked for date by date.
    pub fn rates_for(
        &self,
        dates: &[Date],
        fuente: RateSource,
        moneda: Currency,
        ask: &Ask,
    ) -> Outcomes<RateFor> {
        let months = Arc::new(by_month(dates, fuente, moneda));
        let ask = Arc::new(ask.one_of_many(self.engine().deadline()));
        let handful = Handful::new::<RateQuery>(
            &**self.routes(),
            "tipo_cambio_fecha",
            self.engine().settings(),
        );
        let (migo, handful) = (self.clone(), Arc::new(handful));
        self.engine()
            .in_window(dates.len(), months.len(), move |step| {
                let (migo, ask) = (migo.clone(), Arc::clone(&ask));
                let (handful, months) = (Arc::clone(&handful), Arc::clone(&months));
                async move {
                    let month = &months[step];
                    let published = migo.published(month, &handful, &ask).await;
                    let mut group = Group::with_capacity(month.len());
                    for (place, date) in month {
                        let outcome = match &published {
                            Err(error) => Err(error.clone()),
                            Ok(published) => match of_day(published.as_ref(), *date) {
                                Some(found) => Ok(found),
                                None => match handful.turn().await {
                                    Ok(_turn) => migo.rate_for(*date, fuente, moneda, &ask).await,
                                    Err(failure) => Err(Error::failed(failure)),
                                },
                            },
                        };
                        group.push((*place, outcome));
                    }
                    group
                }
            })
    }

    /// Calls that the rates of many dates usually take.
    pub fn calls_for_rates(dates: &[Date], fuente: RateSource, moneda: Currency) -> usize {
        by_month(dates, fuente, moneda).len()
    }

    /// The question for a whole month, which is the same whatever dates of it are wanted: what is known of
    /// a month that is over is known for ever.
    pub fn month_of_rates(date: Date, today: Date) -> RatesQuery {
        RatesQuery {
            desde: date.first_of_month().max(ExchangeRate::FIRST_DAY),
            hasta: date.last_of_month().min(today),
        }
    }

    /// What was published in the month of several dates; nothing of a single one, nor where the upstream
    /// has no months. An error is one that its dates would fail by as well.
    async fn published(
        &self,
        month: &Month,
        handful: &Handful,
        ask: &Ask,
    ) -> Result<Option<Found<Vec<ExchangeRate>>>, Error> {
        let [(_, date), _, ..] = month[..] else {
            return Ok(None);
        };
        let question = Migo::month_of_rates(date, lima_date(self.engine().clock().now()));
        let found = match handful.turn().await {
            Ok(_turn) => self.ask(&question, ask).await,
            Err(failure) => Err(Error::failed(failure)),
        };
        match found {
            Ok(found) => Ok(Some(found)),
            // Another path, or one that the plan leaves out: the dates themselves may be answered.
            Err(error) => match error.failure() {
                None
                | Some(
                    Failure::Unauthorized
                    | Failure::WrongPath
                    | Failure::Redirected
                    | Failure::Rejected
                    | Failure::TooLarge,
                ) => Ok(None),
                Some(_) => Err(error),
            },
        }
    }
}

/// The dates by what they are asked for with.
fn by_month(dates: &[Date], fuente: RateSource, moneda: Currency) -> Vec<Month> {
    let has_months = fuente == RateSource::Sunat && moneda == Currency::Usd;
    let mut months: BTreeMap<Date, Month> = BTreeMap::new();
    for (place, date) in dates.iter().enumerate() {
        let step = if has_months {
            date.first_of_month()
        } else {
            *date
        };
        months.entry(step).or_default().push((place, *date));
    }
    months.into_values().collect()
}

/// The rate of a day among those of its month: the one of that very day, or the same close under another.
fn of_day(published: Option<&Found<Vec<ExchangeRate>>>, date: Date) -> Option<Found<RateFor>> {
    let found = published?;
    let applies = |rate: &ExchangeRate| RateFor::of(date, RateSource::Sunat, rate.clone());
    let of_close = found.value.iter().filter_map(applies);
    Some(Found {
        value: Arc::new(of_close.min_by_key(|it| it.arrastrado)?),
        source: found.source,
        provider: found.provider,
        stored_at: found.stored_at,
    })
}
