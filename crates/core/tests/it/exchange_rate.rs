//! Exchange rates: prices, the close behind a publication, what applies on a date, what is settled.

use chaski_core::{Currency, ExchangeRate, Lang, RateError, RateFor, RateSource, lima_timestamp};
use jiff::civil::{Date, date};
use proptest::prelude::*;
use rust_decimal::Decimal;

fn price(text: &str) -> Decimal {
    ExchangeRate::parse_price(text).expect(text)
}

fn published(source: RateSource, day: Date) -> ExchangeRate {
    let (buy, sell) = (price("3.750"), price("3.760"));
    ExchangeRate::new(Currency::Usd, source, day, buy, sell).expect("sound prices")
}

#[test]
fn prices() {
    #[track_caller]
    fn check(text: &str, expected: Result<&str, RateError>) {
        let found = ExchangeRate::parse_price(text).map(|price| price.to_string());
        assert_eq!(
            found.as_deref().map_err(|error| *error),
            expected,
            "{text:?}"
        );
    }
    let bad = Err(RateError::NotAPrice);
    check("3.750", Ok("3.750"));
    check("3,750", Ok("3.750"));
    check(" 3.75 ", Ok("3.750"));
    check("3", Ok("3.000"));
    check("0.001", Ok("0.001"));
    check("3.7512", Ok("3.7512"));
    check("", bad);
    check("-", bad);
    check("n.d.", bad);
    check("-3.750", bad);
    check("+3.750", bad);
    check(".750", bad);
    check("3.", bad);
    check("3.7.5", bad);
    check("1,234.5", bad);
    check("3 750", bad);
    check("3.75e0", bad);
    check("S/ 3.75", bad);
    check("NaN", bad);
    check("３.75", bad);
    check("99999999999999999999999999999999", bad);
}

#[test]
fn sanity() {
    #[track_caller]
    fn check(buy: &str, sell: &str, expected: Option<RateError>) {
        let (buy, sell) = (buy.parse().expect(buy), sell.parse().expect(sell));
        let rate = ExchangeRate::new(
            Currency::Usd,
            RateSource::Sunat,
            date(2026, 1, 28),
            buy,
            sell,
        );
        assert_eq!(rate.err(), expected, "{buy} {sell}");
    }
    check("3.750", "3.760", None);
    check("3.750", "3.750", None);
    check("3.761", "3.760", Some(RateError::BuyAboveSell));
    check("0", "3.760", Some(RateError::OutOfRange));
    check("0.000", "0.000", Some(RateError::OutOfRange));
    check("-3.750", "3.760", Some(RateError::OutOfRange));
    check("3.750", "100000", Some(RateError::OutOfRange));
    check("3.750", "99999.999", None);
}

#[test]
fn three_decimals_are_kept() {
    let rate = |buy: &str, sell: &str| {
        let (buy, sell) = (buy.parse().expect(buy), sell.parse().expect(sell));
        ExchangeRate::new(Currency::Usd, RateSource::Sbs, date(2026, 1, 28), buy, sell)
            .map(|rate| (rate.compra.to_string(), rate.venta.to_string()))
    };
    assert_eq!(rate("3.7", "4"), Ok(("3.700".into(), "4.000".into())));
    assert_eq!(
        rate("3.7512", "3.760"),
        Ok(("3.7512".into(), "3.760".into()))
    );
}

#[test]
fn the_close_behind_a_publication() {
    #[track_caller]
    fn check(day: Date, close: Date) {
        assert_eq!(
            published(RateSource::Sunat, day).fecha_cierre_sbs(),
            close,
            "{day}"
        );
        assert_eq!(
            published(RateSource::Sbs, day).fecha_cierre_sbs(),
            day,
            "SBS {day}"
        );
    }
    check(date(2026, 9, 2), date(2026, 9, 1));
    check(date(2026, 9, 7), date(2026, 9, 4)); // Monday: Friday's close
    check(date(2026, 9, 5), date(2026, 9, 4)); // Saturday and Sunday as well
    check(date(2026, 9, 6), date(2026, 9, 4));
    check(date(2026, 7, 28), date(2026, 7, 27)); // Fiestas Patrias
    check(date(2026, 7, 29), date(2026, 7, 27));
    check(date(2026, 7, 30), date(2026, 7, 27));
    check(date(2026, 7, 31), date(2026, 7, 30));
    check(date(2026, 1, 1), date(2025, 12, 31));
    check(date(2026, 1, 2), date(2025, 12, 31));
    check(date(2026, 3, 1), date(2026, 2, 27)); // a Sunday on a month's first day
}

#[test]
fn which_rate_applies() {
    #[track_caller]
    fn check(requested: Date, expected: Option<(Date, bool)>) {
        let days = [date(2026, 7, 30), date(2026, 7, 24), date(2026, 7, 27)];
        let rates = days.map(|day| published(RateSource::Sbs, day));
        let found = RateFor::choose(requested, rates);
        assert!(
            found
                .as_ref()
                .is_none_or(|found| found.requested == requested)
        );
        let shown = found.map(|found| (found.rate.fecha_publicacion, found.arrastrado));
        assert_eq!(shown, expected, "{requested}");
    }
    let (friday, monday, thursday) = (date(2026, 7, 24), date(2026, 7, 27), date(2026, 7, 30));
    check(date(2026, 7, 23), None);
    check(friday, Some((friday, false)));
    check(date(2026, 7, 25), Some((friday, true)));
    check(date(2026, 7, 26), Some((friday, true)));
    check(monday, Some((monday, false)));
    check(date(2026, 7, 28), Some((monday, true)));
    check(date(2026, 7, 29), Some((monday, true)));
    check(thursday, Some((thursday, false)));
    check(date(2026, 8, 3), Some((thursday, true)));
}

#[test]
fn a_rate_does_not_apply_before_its_publication() {
    let rate = published(RateSource::Sunat, date(2026, 7, 28));
    assert_eq!(
        RateFor::new(date(2026, 7, 27), rate),
        Err(RateError::PublishedLater)
    );
}

#[test]
fn settled_when_nothing_more_can_come() {
    /// `now` is a Lima time.
    #[track_caller]
    fn check(source: RateSource, requested: Date, carried_from: Date, now: &str, expected: bool) {
        let now = lima_timestamp(now.parse().expect(now));
        let rate = RateFor::new(requested, published(source, carried_from)).expect("not later");
        assert_eq!(
            rate.settled(now),
            expected,
            "{source:?} {requested} at {now}"
        );
        if rate.arrastrado {
            assert_eq!(source.settled(requested, now), expected);
        }
    }
    let (friday, monday, tuesday) = (date(2026, 9, 4), date(2026, 9, 7), date(2026, 9, 8));
    let (sunat, sbs) = (RateSource::Sunat, RateSource::Sbs);
    // SUNAT publishes every day: Monday's own rate may come until Monday is over.
    check(sunat, monday, friday, "2026-09-07T00:30:00", false);
    check(sunat, monday, friday, "2026-09-07T18:59:00", false);
    check(sunat, monday, friday, "2026-09-07T19:01:00", false); // Tuesday in UTC, not in Lima
    check(sunat, monday, friday, "2026-09-07T23:59:59", false);
    check(sunat, monday, friday, "2026-09-08T00:00:00", true);
    check(sunat, monday, monday, "2026-09-07T00:30:00", true); // published: final at once
    check(sunat, tuesday, friday, "2026-09-07T12:00:00", false); // tomorrow
    // SBS's Friday is loaded on Monday; so is whatever Saturday turns out to have.
    check(sbs, friday, date(2026, 9, 3), "2026-09-06T12:00:00", false);
    check(sbs, friday, date(2026, 9, 3), "2026-09-07T23:59:59", false);
    check(sbs, friday, date(2026, 9, 3), "2026-09-08T00:00:00", true);
    check(sbs, date(2026, 9, 6), friday, "2026-09-08T00:00:00", true);
    check(
        sbs,
        date(2026, 7, 28),
        date(2026, 7, 27),
        "2026-07-30T12:00:00",
        false,
    );
    check(
        sbs,
        date(2026, 7, 28),
        date(2026, 7, 27),
        "2026-07-31T00:00:00",
        true,
    );
    check(sbs, friday, friday, "2026-09-04T18:00:00", true);
    // The past is settled for ever.
    check(
        sunat,
        date(2010, 1, 2),
        date(2010, 1, 1),
        "2026-09-07T00:00:00",
        true,
    );
}

#[test]
fn names() {
    for currency in [Currency::Usd, Currency::Eur] {
        assert_eq!(
            Currency::parse(&currency.as_str().to_lowercase()),
            Some(currency)
        );
    }
    for source in [RateSource::Sunat, RateSource::Sbs] {
        assert_eq!(
            RateSource::parse(&format!(" {} ", source.as_str().to_uppercase())),
            Some(source)
        );
    }
    assert_eq!(
        (
            Currency::parse("PEN"),
            Currency::parse(""),
            RateSource::parse("bcrp")
        ),
        (None, None, None)
    );
    assert_eq!(ExchangeRate::FIRST_DAY, date(2010, 1, 1));
}

#[test]
fn messages_in_both_languages() {
    let codes = [
        (RateError::NotAPrice, "tipo_cambio_precio"),
        (RateError::OutOfRange, "tipo_cambio_rango"),
        (RateError::BuyAboveSell, "tipo_cambio_invertido"),
        (RateError::PublishedLater, "tipo_cambio_posterior"),
    ];
    for (error, code) in codes {
        assert_eq!(error.code(), code);
        assert_eq!(error.to_string(), error.message(Lang::Es));
        assert_ne!(error.message(Lang::Es), error.message(Lang::En));
    }
}

proptest! {
    #[test]
    fn a_price_is_read_as_written(whole in 0..100_000_u32, thousandths in 0..1000_u32) {
        let point = format!("{whole}.{thousandths:03}");
        prop_assert_eq!(price(&point).to_string(), point.clone());
        prop_assert_eq!(price(&point.replace('.', ",")), price(&point));
    }

    #[test]
    fn any_text_never_panics(text in "\\PC*|[0-9.,]{0,40}") {
        let _ = ExchangeRate::parse_price(&text);
        let _ = (Currency::parse(&text), RateSource::parse(&text));
    }
}
