//! Exchange rates: on which days, from which hour, with which texts.

use chaski_sandbox::{Sandbox, SandboxConfig};
use rust_decimal::Decimal;
use serde_json::{Value, json as value};

use crate::kit::{answer, sandbox, v1, v2};

fn at(instant: &'static str) -> Sandbox {
    Sandbox::new(SandboxConfig::new(move || instant.parse().unwrap())).unwrap()
}

/// Whether SUNAT has a rate of a date, and the SBS.
#[track_caller]
fn check_date(date: &str, of_sunat: bool, of_sbs: bool) {
    let sandbox = sandbox();
    for (request, published) in [
        (v1("exchange/date", &format!("fecha={date}")), of_sunat),
        (v2(&format!("tipo-cambio/sunat?fecha={date}")), of_sunat),
        (
            v2(&format!("tipo-cambio/sbs?fecha={date}&moneda=USD")),
            of_sbs,
        ),
        (
            v2(&format!("tipo-cambio/sbs?fecha={date}&moneda=EUR")),
            of_sbs,
        ),
    ] {
        let (status, body) = answer(&sandbox, request);
        assert_eq!(status, if published { 200 } else { 404 }, "{date}: {body}");
        assert!(!published || body["fecha"] == date);
    }
}

#[test]
fn sunat_has_every_calendar_day_and_sbs_the_business_days_of_peru() {
    for date in [
        "2010-01-04",
        "2019-04-17",
        "2019-04-22",
        "2025-07-25",
        "2025-07-30",
        "2023-06-07",
        "2021-08-06",
        "2021-12-09",
        "2022-07-22",
        "2026-01-28",
        "2025-06-24",
    ] {
        check_date(date, true, true);
    }
    for date in [
        "2010-01-01",
        "2010-01-03",
        "2019-04-18",
        "2019-04-19",
        "2025-04-17",
        "2025-04-18",
        "2025-05-01",
        "2024-06-07",
        "2018-06-29",
        "2024-07-23",
        "2025-07-28",
        "2025-07-29",
        "2024-08-06",
        "2024-08-30",
        "2025-10-08",
        "2024-11-01",
        "2025-12-08",
        "2022-12-09",
        "2025-12-25",
        "2026-01-24",
        "2026-01-25",
    ] {
        check_date(date, true, false);
    }
    for date in ["2009-12-31", "2026-01-29", "2030-03-04"] {
        check_date(date, false, false);
    }
}

#[test]
fn todays_rate_comes_at_six_in_lima() {
    let check = |now, latest: &str, today: u16| {
        let sandbox = at(now);
        let (_, body) = answer(&sandbox, v1("exchange/latest", ""));
        assert_eq!(body["fecha"], latest);
        assert_eq!(answer(&sandbox, v2("tipo-cambio/sunat/ultimo")).1, body);
        assert_eq!(
            answer(&sandbox, v2("tipo-cambio/sunat?fecha=2025-07-30")).0,
            today
        );
    };
    // The holidays of 28 and 29 July 2025 follow a week-end.
    check("2025-07-25T10:59:59Z", "2025-07-24", 404);
    check("2025-07-25T11:00:00Z", "2025-07-25", 404);
    check("2025-07-27T11:00:00Z", "2025-07-27", 404);
    check("2025-07-29T23:00:00Z", "2025-07-29", 404);
    check("2025-07-30T10:59:59Z", "2025-07-29", 404);
    check("2025-07-30T11:00:00Z", "2025-07-30", 200);
    // In UTC it is already the 31st; in Lima it is not.
    check("2025-07-31T04:30:00Z", "2025-07-30", 200);
    check("2025-07-31T10:59:00Z", "2025-07-30", 200);
}

#[test]
fn sunat_shows_the_sbs_rate_of_the_last_business_day_before() {
    let check = |shown: &str, closed: &str| {
        let sandbox = sandbox();
        let (_, sunat) = answer(&sandbox, v2(&format!("tipo-cambio/sunat?fecha={shown}")));
        let (_, sbs) = answer(
            &sandbox,
            v2(&format!("tipo-cambio/sbs?fecha={closed}&moneda=USD")),
        );
        assert_eq!(sunat["precio_compra"], sbs["precio_compra"]);
        assert_eq!(sunat["precio_venta"], sbs["precio_venta"]);
    };
    for holiday_or_after in ["26", "27", "28", "29", "30"] {
        check(&format!("2025-07-{holiday_or_after}"), "2025-07-25");
    }
    check("2026-01-24", "2026-01-23");
    check("2026-01-26", "2026-01-23");
    check("2026-01-28", "2026-01-27");
}

#[test]
fn a_range_holds_every_day_that_is_published() {
    let check = |from: &str, to: &str, expected: &[&str]| {
        let body = format!("fecha_inicio={from}&fecha_fin={to}");
        let (status, body) = answer(&sandbox(), v1("exchange", &body));
        assert_eq!((status, &body["success"]), (200, &value!(true)));
        let days: Vec<&Value> = body["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|day| &day["fecha"])
            .collect();
        assert_eq!(days, expected);
    };
    check(
        "2025-07-25",
        "2025-07-30",
        &[
            "2025-07-25",
            "2025-07-26",
            "2025-07-27",
            "2025-07-28",
            "2025-07-29",
            "2025-07-30",
        ],
    );
    check("2026-01-24", "2026-01-25", &["2026-01-24", "2026-01-25"]);
    check("2026-01-27", "2026-02-10", &["2026-01-27", "2026-01-28"]);
    check("2009-12-30", "2010-01-01", &["2010-01-01"]);
    check("2026-01-29", "2026-02-10", &[]);
}

#[test]
fn all_rates_are_plausible_and_have_three_decimals() {
    let (_, body) = answer(
        &sandbox(),
        v1("exchange", "fecha_inicio=2010-01-01&fecha_fin=2026-01-28"),
    );
    let days = body["data"].as_array().unwrap();
    assert!((5_800..5_900).contains(&days.len()), "{} days", days.len());
    for day in days {
        let (buying, selling) = (
            day["precio_compra"].as_str().unwrap(),
            day["precio_venta"].as_str().unwrap(),
        );
        assert_eq!(
            (buying.len(), selling.len(), &day["moneda"]),
            (5, 5, &value!("USD"))
        );
        let (buying, selling): (Decimal, Decimal) =
            (buying.parse().unwrap(), selling.parse().unwrap());
        assert!(Decimal::new(25, 1) <= buying && buying < selling && selling < Decimal::new(43, 1));
    }
}

#[test]
fn v1_prices_can_be_numbers_and_v2_prices_never_are() {
    let mut config = crate::kit::config();
    config.v1_prices_as_numbers = true;
    let sandbox = Sandbox::new(config).unwrap();
    let (_, first) = answer(&sandbox, v1("exchange/latest", ""));
    let (_, second) = answer(&sandbox, v2("tipo-cambio/sunat/ultimo"));
    assert!(first["precio_venta"].is_number() && second["precio_venta"].is_string());
    let keys: Vec<&String> = first.as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        [
            "success",
            "fecha",
            "moneda",
            "precio_compra",
            "precio_venta"
        ]
    );
}
