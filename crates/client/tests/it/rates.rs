//! Which exchange rate applies on a calendar day, with providers that have SUNAT's table in their own ways.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use chaski_client::{
    Ask, Clock, Error, Migo, RatesQuery, Settings, Source, Transport, TransportError,
};
use chaski_core::{Currency, RateFor, RateSource, is_business_day, lima_date, next_business_day};
use futures_util::future::BoxFuture;
use http::{Request, Response};
use jiff::civil::{Date, date};
use jiff::{Timestamp, ToSpan};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::kit::{TOKEN, paused, response, word};

/// How a provider has the days on which banks do not work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Under their own dates.
    Every,
    /// Under the first date that has their close.
    FirstDate,
    /// Under the last date that has their close, the business day.
    LastDate,
    /// Not at all.
    Business,
    /// It answers with the rate of the last business day before them, which is another close.
    DayBefore,
    /// Nothing of SUNAT, on no day.
    OnlySbs,
}

const WAYS: [Way; 6] = [
    Way::Every,
    Way::FirstDate,
    Way::LastDate,
    Way::Business,
    Way::DayBefore,
    Way::OnlySbs,
];

/// A provider, and the time at which it is asked.
struct Provider {
    way: Way,
    now: Timestamp,
    /// The last date of which it has something, SUNAT's and SBS's.
    loaded: [Date; 2],
    /// The plan has no SBS.
    without_sbs: bool,
    asked: Mutex<Vec<String>>,
}

/// The close of a business day: another one every day, of either currency.
fn close(day: Date, moneda: &str) -> (Decimal, Decimal) {
    let days = day.since(date(2010, 1, 1)).map(|it| it.get_days()).unwrap();
    let base = if moneda == "EUR" { 4_000 } else { 3_000 };
    let price = |offset: i32| Decimal::new(i64::from(base + days % 900 + offset), 3);
    (price(0), price(7))
}

impl Provider {
    /// One that has everything up to the day on which it is asked, at noon.
    fn new(way: Way, today: Date) -> Provider {
        let noon = format!("{today}T17:00:00Z").parse().unwrap();
        Provider {
            way,
            now: noon,
            loaded: [today, today.yesterday().unwrap()],
            without_sbs: false,
            asked: Mutex::default(),
        }
    }

    /// The date under which SUNAT's rate of a date is answered, and the close that it really is.
    fn sunat(&self, fecha: Date) -> Option<(Date, Date)> {
        let of = RateSource::Sunat.close_of(fecha);
        let under = match self.way {
            Way::OnlySbs => return None,
            _ if is_business_day(fecha) => fecha,
            Way::Every => fecha,
            Way::FirstDate => of.tomorrow().unwrap(),
            Way::LastDate => next_business_day(of),
            Way::Business => return None,
            Way::DayBefore => of,
        };
        let is_there = fecha.max(under) <= self.loaded[0] || self.way == Way::LastDate;
        is_there.then(|| (under, RateSource::Sunat.close_of(under)))
    }

    fn answer(&self, path: &str, asked: &Value) -> (u16, Value) {
        let none = (
            404,
            json!({"success": false, "message": "No hay tipo de cambio"}),
        );
        let day = |name: &str| asked[name].as_str()?.parse::<Date>().ok();
        let told = |(under, of): (Date, Date), moneda: &str| {
            let (compra, venta) = close(of, moneda);
            json!({
                "success": true,
                "fecha": under.to_string(),
                "moneda": moneda,
                "precio_compra": compra.to_string(),
                "precio_venta": venta.to_string(),
            })
        };
        if let (Some(first), Some(last)) = (day("fecha_inicio"), day("fecha_fin")) {
            let days = first.series(1.day()).take_while(|day| *day <= last);
            let mut found: Vec<_> = days.filter_map(|day| self.sunat(day)).collect();
            found.retain(|(under, _)| (first..=last).contains(under));
            found.dedup();
            let data: Vec<_> = found.into_iter().map(|it| told(it, "USD")).collect();
            return (200, json!({"success": true, "data": data}));
        }
        let fecha = day("fecha").unwrap();
        let found = match asked["moneda"].as_str() {
            Some(_) if self.without_sbs => {
                return (403, json!({"success": false, "message": "No autorizado"}));
            }
            Some(moneda) => (is_business_day(fecha) && fecha <= self.loaded[1])
                .then(|| told((fecha, fecha), moneda)),
            None => self.sunat(fecha).map(|it| told(it, "USD")),
        };
        self.asked.lock().unwrap().push(format!("{path} {fecha}"));
        found.map_or(none, |found| (200, found))
    }

    fn client(self: &Arc<Self>) -> Migo {
        let clock = Clock::starting_at(self.now);
        let settings = Settings {
            calls_per_minute: 0,
            ..Settings::default()
        };
        let transport: Arc<dyn Transport> = Arc::new(Wire(Arc::clone(self)));
        let migo = Migo::builder(TOKEN)
            .settings(settings)
            .clock(clock)
            .transport(transport);
        migo.build().unwrap()
    }

    /// What was asked for so far, forgotten with it.
    fn asked(&self) -> usize {
        std::mem::take(&mut *self.asked.lock().unwrap()).len()
    }
}

struct Wire(Arc<Provider>);

impl Transport for Wire {
    fn send(
        &self,
        request: Request<Bytes>,
        _: usize,
    ) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>> {
        let query = request.uri().query().unwrap_or_default();
        let asked = if request.body().is_empty() {
            form_urlencoded::parse(query.as_bytes())
                .map(|(name, value)| (name.into_owned(), Value::from(value.into_owned())))
                .collect()
        } else {
            serde_json::from_slice(request.body()).unwrap()
        };
        let (status, body) = self.0.answer(request.uri().path(), &asked);
        let answer = response(
            status,
            &[("content-type", "application/json")],
            &body.to_string(),
        );
        Box::pin(std::future::ready(Ok(answer)))
    }
}

async fn sunat(migo: &Migo, day: Date) -> Result<(RateFor, Source), Error> {
    let (sunat, usd) = (RateSource::Sunat, Currency::Usd);
    let found = migo.rate_for(day, sunat, usd, &Ask::default()).await?;
    Ok((found.value.as_ref().clone(), found.source))
}

/// Compra and venta are those of the close that SUNAT publishes for the day.
#[track_caller]
fn assert_right(day: Date, found: &RateFor, what: &str) {
    let of = RateSource::Sunat.close_of(day);
    assert_eq!(found.requested, day, "{what}");
    assert_eq!(found.rate.fecha_cierre_sbs(), of, "{what} {day}");
    let prices = (found.rate.compra, found.rate.venta);
    assert_eq!(prices, close(of, "USD"), "{what} {day}");
}

/// Months with a holy week, with holidays on Friday, on Monday and in the middle, over a year's end.
const MONTHS: [(Date, Date); 5] = [
    (date(2023, 6, 28), date(2023, 8, 2)),
    (date(2024, 3, 25), date(2024, 4, 5)),
    (date(2025, 12, 5), date(2026, 1, 8)),
    (date(2026, 4, 27), date(2026, 5, 6)),
    (date(2026, 7, 20), date(2026, 8, 3)),
];

#[test]
fn every_calendar_day_has_its_close_whatever_the_provider_has() {
    for (first, last) in MONTHS {
        for way in WAYS {
            paused(async {
                let provider = Arc::new(Provider::new(way, last));
                let migo = provider.client();
                for day in first.series(1.day()).take_while(|day| *day <= last) {
                    let (found, _) = sunat(&migo, day).await.unwrap();
                    assert_right(day, &found, &format!("{way:?}"));
                    let own = found.rate.fuente == RateSource::Sunat
                        && found.rate.fecha_publicacion == day;
                    assert_eq!(found.arrastrado, !own, "{way:?} {day}");
                    let most = if way == Way::OnlySbs { 6 } else { 2 };
                    assert!(provider.asked() <= most, "{way:?} {day}");
                    // What is known is not asked for again.
                    let (again, source) = sunat(&migo, day).await.unwrap();
                    assert_eq!((again, source), (found, Source::Memory));
                    assert_eq!(provider.asked(), 0, "{way:?} {day}");
                }
            });
        }
    }
}

#[test]
fn a_range_has_every_calendar_day_as_it_is_told_singly() {
    for (first, last) in MONTHS {
        for way in WAYS {
            paused(async {
                let provider = Arc::new(Provider::new(way, last));
                let migo = provider.client();
                // A whole month, a week-end, and one day off of it.
                let sunday = (0..7).map(|ahead| first.saturating_add(ahead.days()));
                let sunday = sunday.max_by_key(|day| day.weekday().to_monday_one_offset());
                let sunday = sunday.unwrap();
                let to = match way {
                    // One close after the other is asked of SBS, not a month of them.
                    Way::OnlySbs => first.saturating_add(7.days()),
                    _ => last,
                };
                let ranges = [
                    (first, to),
                    (sunday.yesterday().unwrap(), sunday),
                    (sunday, sunday),
                ];
                for (from, to) in ranges {
                    let found = migo.rates_between(from, to, &Ask::default()).await.unwrap();
                    let days: Vec<Date> = found.value.iter().map(|it| it.requested).collect();
                    let all = from.series(1.day()).take_while(|day| *day <= to);
                    assert_eq!(days, all.collect::<Vec<_>>(), "{way:?}");
                    for rate in found.value.iter() {
                        assert_right(rate.requested, rate, &format!("{way:?} {from} {to}"));
                    }
                }
                if way != Way::OnlySbs {
                    assert_eq!(provider.asked(), 0, "{way:?}: the range is enough");
                }
            });
        }
    }
}

#[test]
fn before_todays_is_published_no_other_close_stands_in_for_it() {
    /// The rate of `day`, asked for on that day at three in the morning.
    #[track_caller]
    fn check(day: Date, sbs_until: Date, expected: Option<(RateSource, Date)>) {
        paused(async {
            let night = format!("{day}T08:00:00Z").parse().unwrap();
            let provider = Arc::new(Provider {
                now: night,
                loaded: [day.yesterday().unwrap(), sbs_until],
                ..Provider::new(Way::Every, day)
            });
            let migo = provider.client();
            let found = sunat(&migo, day).await;
            let told = found
                .as_ref()
                .ok()
                .map(|(rate, _)| (rate.rate.fuente, rate.rate.fecha_publicacion));
            assert_eq!(told, expected, "{day}");
            match found {
                Ok((rate, _)) => assert_right(day, &rate, "at night"),
                Err(error) => assert_eq!(error.code(), "sin_tipo_de_cambio"),
            }
            // Of a range that ends today the other days are told.
            let from = day.saturating_sub(4.days());
            let range = migo
                .rates_between(from, day, &Ask::default())
                .await
                .unwrap();
            assert_eq!(range.value.len(), if expected.is_some() { 5 } else { 4 });
            range
                .value
                .iter()
                .for_each(|it| assert_right(it.requested, it, "range"));
        });
    }
    let (friday, sunday, monday, tuesday) = (
        date(2026, 9, 4),
        date(2026, 9, 6),
        date(2026, 9, 7),
        date(2026, 9, 8),
    );
    let (of_sunat, of_sbs) = (RateSource::Sunat, RateSource::Sbs);
    check(tuesday, monday, Some((of_sbs, monday)));
    check(tuesday, friday, None);
    // Saturday's and Sunday's publications are the close of Monday's as well.
    check(
        monday,
        friday,
        Some((of_sunat, sunday.yesterday().unwrap())),
    );
    check(
        sunday,
        date(2026, 9, 3),
        Some((of_sunat, sunday.yesterday().unwrap())),
    );
    check(date(2026, 9, 5), friday, Some((of_sbs, friday)));
    check(date(2026, 9, 5), date(2026, 9, 3), None);
}

#[test]
fn closes_of_sbs_by_name() {
    paused(async {
        let today = date(2026, 8, 3);
        let provider = Arc::new(Provider::new(Way::Every, today));
        let migo = provider.client();
        let ask = Ask::default();
        let of_sbs = async |day, moneda| {
            let found = migo.rate_for(day, RateSource::Sbs, moneda, &ask).await?;
            let (rate, carried) = (found.value.rate.clone(), found.value.arrastrado);
            Ok::<_, Error>((rate.fuente, rate.fecha_publicacion, rate.compra, carried))
        };
        let monday = date(2026, 7, 27);
        for (moneda, name) in [(Currency::Usd, "USD"), (Currency::Eur, "EUR")] {
            let price = close(monday, name).0;
            // A plain day, and Fiestas Patrias.
            for (day, carried) in [(27, false), (28, true), (29, true)] {
                let found = of_sbs(date(2026, 7, day), moneda).await.unwrap();
                assert_eq!(
                    found,
                    (RateSource::Sbs, monday, price, carried),
                    "{name} {day}"
                );
            }
        }
        // Today's close is still to come.
        assert_eq!(
            of_sbs(today, Currency::Eur).await.unwrap_err().code(),
            "sin_tipo_de_cambio"
        );
        assert_eq!(
            of_sbs(today, Currency::Usd).await.unwrap_err().code(),
            "sin_tipo_de_cambio"
        );
        // One that SBS's is missing of is what SUNAT published afterwards.
        let gap = Arc::new(Provider {
            loaded: [today, date(2026, 7, 29)],
            ..Provider::new(Way::Every, today)
        });
        let friday = date(2026, 7, 31);
        let found = gap
            .client()
            .rate_for(friday, RateSource::Sbs, Currency::Usd, &ask)
            .await;
        let found = found.unwrap().value.rate.clone();
        assert_eq!(
            (found.fuente, found.fecha_publicacion),
            (RateSource::Sunat, today)
        );
        assert_eq!(found.compra, close(friday, "USD").0);
        let of_euros = gap
            .client()
            .rate_for(friday, RateSource::Sbs, Currency::Eur, &ask)
            .await;
        assert_eq!(word(&of_euros), "sin_tipo_de_cambio");
    });
}

#[test]
fn what_cannot_have_a_rate_is_not_asked_for() {
    paused(async {
        let today = date(2026, 7, 26);
        let provider = Arc::new(Provider::new(Way::Business, today));
        let migo = provider.client();
        let ask = Ask::default();
        for day in [date(2026, 7, 27), date(2027, 1, 1), date(2009, 12, 31)] {
            assert!(sunat(&migo, day).await.unwrap_err().is_invalid(), "{day}");
        }
        for (from, to) in [
            (date(2026, 7, 20), date(2026, 7, 27)),
            (date(2026, 7, 20), date(2026, 7, 19)),
            (date(2009, 12, 31), today),
        ] {
            let range = migo.rates_between(from, to, &ask).await;
            assert!(range.unwrap_err().is_invalid(), "{from} {to}");
        }
        let euros = migo
            .rate_for(today, RateSource::Sunat, Currency::Eur, &ask)
            .await;
        assert!(euros.unwrap_err().is_invalid());
        assert_eq!(provider.asked(), 0);
        assert_eq!(lima_date(provider.now), today);
    });
}

/// A plan without SBS is told as no rate where SUNAT was asked, and as what it is where SBS was.
#[test]
fn a_plan_without_sbs_is_no_wrong_token() {
    paused(async {
        let saturday = date(2026, 9, 5);
        let provider = Arc::new(Provider {
            without_sbs: true,
            ..Provider::new(Way::Business, saturday)
        });
        let migo = provider.client();
        let error = sunat(&migo, saturday).await.unwrap_err();
        assert_eq!(error.code(), "sin_tipo_de_cambio");
        let ask = Ask::default();
        let of_sbs = migo
            .rate_for(saturday, RateSource::Sbs, Currency::Usd, &ask)
            .await;
        assert!(of_sbs.unwrap_err().is_unauthorized());
        let range = migo
            .rates_between(date(2026, 9, 1), saturday, &ask)
            .await
            .unwrap();
        assert_eq!(range.value.len(), 4);
    });
}

/// Years of which nothing is known cost a few calls, and what is known is told.
#[test]
fn a_stretch_without_rates_is_not_asked_for_day_by_day() {
    paused(async {
        let provider = Arc::new(Provider {
            loaded: [date(2026, 1, 9), date(2025, 1, 1)],
            ..Provider::new(Way::Every, date(2026, 9, 1))
        });
        let migo = provider.client();
        let (from, to) = (date(2026, 1, 5), date(2026, 8, 31));
        let found = migo.rates_between(from, to, &Ask::default()).await.unwrap();
        assert_eq!(found.value.len(), 5);
        assert_eq!(provider.asked(), 10);
        let nothing = migo
            .rates_between(date(2026, 3, 1), to, &Ask::default())
            .await;
        assert_eq!(word(&nothing), "sin_tipo_de_cambio");
    });
}

/// As the provider says it, for programs written for APIMIGO.
#[test]
fn what_is_published_is_left_as_it_is() {
    paused(async {
        let provider = Arc::new(Provider::new(Way::DayBefore, date(2026, 7, 27)));
        let migo = provider.client();
        let (sunday, friday, usd) = (date(2026, 7, 26), date(2026, 7, 24), Currency::Usd);
        let ask = Ask::default();
        let found = migo
            .rate_on(sunday, RateSource::Sunat, usd, &ask)
            .await
            .unwrap();
        assert_eq!(found.value.fecha_publicacion, friday);
        let question = RatesQuery {
            desde: friday,
            hasta: sunday,
        };
        assert_eq!(migo.ask(&question, &ask).await.unwrap().value.len(), 1);
    });
}
