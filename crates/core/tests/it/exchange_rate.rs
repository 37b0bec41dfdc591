//! Exchange rates: prices, the close behind a publication, what applies on a date, what is settled.

use chaski_core::{
    Currency, ExchangeRate, Lang, RateError, RateFor, RateSource, is_business_day, lima_timestamp,
};
use jiff::ToSpan;
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
fn the_close_of_sbs_under_a_day_off_is_that_of_the_last_business_day() {
    let sbs = |day| published(RateSource::Sbs, day).fecha_cierre_sbs();
    assert_eq!(sbs(date(2026, 9, 4)), date(2026, 9, 4));
    assert_eq!(sbs(date(2026, 9, 5)), date(2026, 9, 4));
    assert_eq!(sbs(date(2026, 9, 6)), date(2026, 9, 4));
    assert_eq!(sbs(date(2026, 7, 29)), date(2026, 7, 27));
}

#[test]
fn a_rate_is_that_of_every_day_with_the_same_close_and_of_no_other() {
    #[track_caller]
    fn check(asked: (RateSource, Date), found: (RateSource, Date), expected: Option<bool>) {
        let rate = published(found.0, found.1);
        let applies = RateFor::of(asked.1, asked.0, rate).map(|it| it.arrastrado);
        assert_eq!(applies, expected, "{asked:?} {found:?}");
    }
    let (sunat, sbs) = (RateSource::Sunat, RateSource::Sbs);
    let july = |day| date(2026, 7, day);
    let (friday, saturday, sunday, monday) = (july(24), july(25), july(26), july(27));
    check((sunat, saturday), (sunat, saturday), Some(false));
    check((sunat, saturday), (sunat, monday), Some(true));
    check((sunat, monday), (sunat, saturday), Some(true));
    check((sunat, sunday), (sbs, friday), Some(true));
    check((sbs, friday), (sunat, monday), Some(true));
    check((sbs, sunday), (sbs, friday), Some(true));
    // The day before has an earlier close, Tuesday a later one.
    check((sunat, saturday), (sunat, friday), None);
    check((sunat, friday), (sunat, saturday), None);
    check((sunat, monday), (sunat, july(28)), None);
    check((sunat, saturday), (sbs, saturday), Some(true));
    check((sunat, saturday), (sbs, monday), None);
    // Fiestas Patrias: Monday's close until Thursday.
    check((sunat, july(28)), (sunat, july(30)), Some(true));
    check((sunat, july(28)), (sbs, monday), Some(true));
    check((sunat, july(28)), (sunat, monday), None);
}

/// The places of a date, as `source/day`.
#[track_caller]
fn check_places(source: RateSource, day: Date, today: Date, expected: &str) {
    let places = RateFor::places(day, source, Currency::Usd, today);
    let shown: Vec<String> = places
        .iter()
        .map(|(source, day)| format!("{}/{}", source.as_str(), day.day()))
        .collect();
    assert_eq!(shown.join(" "), expected, "{source:?} {day} on {today}");
}

#[test]
fn where_a_close_is_looked_for() {
    let (sunat, sbs, later) = (RateSource::Sunat, RateSource::Sbs, date(2027, 1, 1));
    let july = |day| date(2026, 7, day);
    // A plain Wednesday; a Saturday, on the day itself and later; a Monday.
    check_places(sunat, july(22), later, "sunat/22 sbs/21");
    check_places(sunat, july(25), july(25), "sunat/25 sbs/24");
    check_places(sunat, july(25), later, "sunat/25 sunat/27 sunat/26 sbs/24");
    check_places(
        sunat,
        july(27),
        july(27),
        "sunat/27 sunat/25 sunat/26 sbs/24",
    );
    // Fiestas Patrias, and the longest chain: from Maundy Thursday to Monday.
    check_places(sunat, july(29), later, "sunat/29 sunat/30 sunat/28 sbs/27");
    check_places(
        sunat,
        date(2026, 4, 4),
        later,
        "sunat/4 sunat/6 sunat/2 sunat/3 sunat/5 sbs/1",
    );
    // What SBS closed on is what SUNAT publishes afterwards.
    check_places(sbs, july(22), later, "sbs/22 sunat/24 sunat/23");
    check_places(sbs, july(26), july(26), "sbs/24 sunat/26 sunat/25");
    check_places(sbs, july(24), july(24), "sbs/24");
    let euros = RateFor::places(july(26), sbs, Currency::Eur, later);
    assert_eq!(euros, [(sbs, july(24))]);
}

#[test]
fn settled_when_nothing_more_can_come() {
    /// `now` is a Lima time.
    #[track_caller]
    fn check(source: RateSource, requested: Date, now: &str, expected: bool) {
        let at = lima_timestamp(now.parse().expect(now));
        assert_eq!(
            source.settled(requested, at),
            expected,
            "{source:?} {requested} at {now}"
        );
    }
    let (friday, monday, tuesday) = (date(2026, 9, 4), date(2026, 9, 7), date(2026, 9, 8));
    let (sunat, sbs) = (RateSource::Sunat, RateSource::Sbs);
    // SUNAT publishes every day: Monday's own rate may come until Monday is over.
    check(sunat, monday, "2026-09-07T00:30:00", false);
    check(sunat, monday, "2026-09-07T18:59:00", false);
    check(sunat, monday, "2026-09-07T19:01:00", false); // Tuesday in UTC, not in Lima
    check(sunat, monday, "2026-09-07T23:59:59", false);
    check(sunat, monday, "2026-09-08T00:00:00", true);
    check(sunat, tuesday, "2026-09-07T12:00:00", false); // tomorrow
    // SBS's Friday is loaded on Monday; so is whatever Saturday turns out to have.
    check(sbs, friday, "2026-09-06T12:00:00", false);
    check(sbs, friday, "2026-09-07T23:59:59", false);
    check(sbs, friday, "2026-09-08T00:00:00", true);
    check(sbs, date(2026, 9, 6), "2026-09-08T00:00:00", true);
    check(sbs, date(2026, 7, 28), "2026-07-30T12:00:00", false);
    check(sbs, date(2026, 7, 28), "2026-07-31T00:00:00", true);
    // The past is settled for ever.
    check(sunat, date(2010, 1, 2), "2026-09-07T00:00:00", true);
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
    ];
    for (error, code) in codes {
        assert_eq!(error.code(), code);
        assert_eq!(error.to_string(), error.message(Lang::Es));
        assert_ne!(error.message(Lang::Es), error.message(Lang::En));
    }
}

proptest! {
    /// Every place has the close that was asked for, the date itself is among the first, and none is to
    /// come.
    #[test]
    fn every_place_has_the_close(days in 0..16_000_i64, later in 0..9_i64, of_sbs: bool) {
        let day = date(2010, 1, 1).saturating_add(days.days());
        let today = day.saturating_add(later.days());
        let source = if of_sbs { RateSource::Sbs } else { RateSource::Sunat };
        let places = RateFor::places(day, source, Currency::Usd, today);
        prop_assert!(places.len() <= 8, "{places:?}");
        for (publisher, place) in &places {
            prop_assert!(*place <= today);
            prop_assert!(RateFor::of(day, source, published(*publisher, *place)).is_some());
        }
        let own = (source, if of_sbs { source.close_of(day) } else { day });
        prop_assert_eq!(places[0], own);
        prop_assert!(is_business_day(source.close_of(day)));
    }

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
