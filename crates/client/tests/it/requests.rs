//! Every question as it leaves: method, address, headers, body, and where the token is.

use std::fmt::Write;

use bytes::Bytes;
use chaski_client::{
    AccountQuery, ActivityQuery, CpeQuery, DniQuery, LatestRateQuery, List, ListQuery, Migo,
    RateQuery, RatesQuery, RepresentativesQuery, RucQuery, Upstream, UpstreamMany, Version,
};
use chaski_core::{Currency, RateSource};
use http::Request;
use jiff::civil::date;

use crate::kit::{TOKEN, dialect, ruc};

const PERSON: &str = "10123456781";
const DNI: &str = "12345678";

/// Every question of the dialect, by name.
fn every_request(version: Version) -> Vec<(&'static str, Request<Bytes>)> {
    let it = dialect(version);
    let rate = |fuente, moneda| RateQuery {
        fecha: date(2026, 1, 28),
        fuente,
        moneda,
    };
    let list = |list| ListQuery {
        list,
        ruc: ruc("20100070970"),
    };
    let cpe = CpeQuery {
        ruc_emisor: ruc("20100070970"),
        tipo_comprobante: "01".into(),
        serie: "F001".into(),
        numero: 123,
        fecha_emision: date(2026, 1, 29),
        monto: "118".parse().unwrap(),
    };
    let person = RucQuery(ruc(PERSON));
    let company = RucQuery(ruc("20100070970"));
    let range = RatesQuery {
        desde: date(2025, 2, 21),
        hasta: date(2025, 2, 22),
    };
    vec![
        ("ruc", it.encode(&company)),
        ("ruc of a person", it.encode(&person)),
        ("collection", it.encode_many(&[company, person])),
        ("dni", it.encode(&DniQuery(DNI.parse().unwrap()))),
        ("latest rate", it.encode(&LatestRateQuery)),
        (
            "rate of sunat",
            it.encode(&rate(RateSource::Sunat, Currency::Usd)),
        ),
        (
            "rate of sbs, dollars",
            it.encode(&rate(RateSource::Sbs, Currency::Usd)),
        ),
        (
            "rate of sbs, euros",
            it.encode(&rate(RateSource::Sbs, Currency::Eur)),
        ),
        ("rates", it.encode(&range)),
        (
            "representatives",
            it.encode(&RepresentativesQuery(ruc("20100070970"))),
        ),
        ("activity", it.encode(&ActivityQuery(ruc("20100070970")))),
        (
            "withholding agent",
            it.encode(&list(List::WithholdingAgents)),
        ),
        ("good taxpayer", it.encode(&list(List::GoodTaxpayers))),
        ("cpe", it.encode(&cpe)),
        ("account", it.encode(&AccountQuery)),
    ]
}

#[test]
fn requests_are_written_as_the_service_documents_them() {
    for (version, file) in [
        (Version::Auto, "auto"),
        (Version::V1, "v1"),
        (Version::V2, "v2"),
    ] {
        let mut picture = String::new();
        for (name, request) in every_request(version) {
            writeln!(picture, "# {name}\n{} {}", request.method(), request.uri()).unwrap();
            for (header, value) in request.headers() {
                writeln!(picture, "{header}: {}", value.to_str().unwrap()).unwrap();
            }
            writeln!(picture, "{}\n", String::from_utf8_lossy(request.body())).unwrap();
        }
        insta::assert_snapshot!(file, picture.replace(TOKEN, "<TOKEN>"));
    }
}

#[test]
fn neither_token_nor_person_is_in_an_address() {
    for version in [Version::Auto, Version::V1, Version::V2] {
        for (name, request) in every_request(version) {
            let address = request.uri().to_string();
            assert!(!address.contains(DNI), "{name}: {address}");
            // No other form of this call is known.
            let allowed = name == "activity";
            assert_eq!(address.contains(TOKEN), allowed, "{name}: {address}");
            assert_eq!(request.headers()["accept"], "application/json", "{name}");
            for (header, value) in request.headers() {
                let secret = value.to_str().unwrap().contains(TOKEN);
                assert_eq!(value.is_sensitive(), secret, "{name}: {header}");
            }
        }
    }
}

#[track_caller]
fn check_base(base_url: &str, expected: Option<&str>) {
    let token = TOKEN.to_owned().into();
    let dialect =
        chaski_client::dialects::migo::MigoDialect::new(base_url, &token, Version::Auto).ok();
    let address = dialect.map(|it| it.encode(&AccountQuery).uri().to_string());
    assert_eq!(address.as_deref(), expected);
}

#[test]
fn the_base_address_is_checked_at_the_start() {
    let real = Some("https://api.migo.pe/api/v1/account");
    check_base("https://api.migo.pe/api", real);
    check_base(" https://api.migo.pe/api/ ", real);
    check_base("https://api.migo.pe/api/v1", real);
    check_base("https://api.migo.pe/api/v2/", real);
    let local = Some("http://127.0.0.1:8420/api/v1/account");
    check_base("http://127.0.0.1:8420/api", local);
    check_base("http://[::1]/api", Some("http://[::1]/api/v1/account"));
    check_base(
        "http://localhost/api",
        Some("http://localhost/api/v1/account"),
    );
    check_base("http://api.migo.pe/api", None);
    check_base("http://127.0.0.1.example.com/api", None);
    check_base("ftp://api.migo.pe/api", None);
    check_base("api.migo.pe/api", None);
    check_base("", None);
}

#[test]
fn a_token_that_cannot_be_sent_is_refused_and_a_prefix_is_understood() {
    for bad in ["con\nsalto", "\u{7f}"] {
        let error = Migo::builder(bad).build().err().unwrap();
        assert!(error.is_invalid() && !error.to_string().contains(bad));
    }
    let token = "Bearer abc \n".to_owned().into();
    let dialect = chaski_client::dialects::migo::MigoDialect::new(
        "https://api.migo.pe/api",
        &token,
        Version::V2,
    )
    .unwrap();
    let request = dialect.encode(&LatestRateQuery);
    assert_eq!(request.headers()["authorization"], "Bearer abc");
}
