//! Bodies seen in public documentation and code, decoded: the referee between client and sandbox.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use chaski_client::{
    AccountQuery, ActivityQuery, CpeQuery, Decoded, Failure, LatestRateQuery, List, ListQuery,
    Lookup, RateQuery, RatesQuery, RawAnswer, RepresentativesQuery, RucQuery, Upstream,
    UpstreamMany, Version, taxpayer_fields,
};
use chaski_core::{Currency, RateSource};
use jiff::civil::date;

use crate::kit::{answer, any_ruc, dialect, ruc};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples")
}

fn sample(status: u16, file: &str) -> RawAnswer {
    answer(status, &std::fs::read(folder().join(file)).unwrap())
}

/// What the dialect makes of it, in a line. The packed form is what memory keeps: it is read
/// back here too.
fn read<L: Lookup>(question: &L, raw: &RawAnswer) -> String
where
    chaski_client::dialects::migo::MigoDialect: Upstream<L>,
{
    match dialect(Version::Auto).decode(question, raw) {
        Ok(Decoded::Answer(answer)) => {
            let packed = L::pack(&answer);
            let again = question.unpack(&packed).expect("what was packed");
            assert_eq!(packed, L::pack(&again));
            String::from_utf8(packed.to_vec()).unwrap()
        }
        Ok(Decoded::Refused { reason, message }) => format!("{} {message}", reason.as_str()),
        Err(failure) => failure.code().to_owned(),
    }
}

fn rate() -> RateQuery {
    RateQuery {
        fecha: date(2026, 1, 28),
        fuente: RateSource::Sunat,
        moneda: Currency::Usd,
    }
}

fn cpe() -> CpeQuery {
    CpeQuery {
        ruc_emisor: ruc("20100070970"),
        tipo_comprobante: "01".into(),
        serie: "F001".into(),
        numero: 123,
        fecha_emision: date(2026, 1, 29),
        monto: "118.00".parse().unwrap(),
    }
}

#[test]
fn every_sample_of_migo_is_understood() {
    let company = any_ruc("20100000001");
    let list = ListQuery {
        list: List::WithholdingAgents,
        ruc: company,
    };
    let range = RatesQuery {
        desde: date(2025, 2, 21),
        hasta: date(2025, 2, 22),
    };
    let real = RucQuery(ruc("20512963545"));
    let other = RucQuery(ruc("20100070970"));
    let at = sample;
    let mut seen = BTreeSet::new();
    let mut table = String::new();
    let mut line = |file: &str, status: u16, read: &dyn Fn(&RawAnswer) -> String| {
        seen.insert(file.to_owned());
        writeln!(table, "{file} {status}\n  {}", read(&at(status, file))).unwrap();
    };

    line("migo-v1-ruc-200.shape22.json", 200, &|it| read(&real, it));
    line("migo-v1-account-200.shape.json", 200, &|it| {
        read(&AccountQuery, it)
    });
    line("migo-v1-actividad-200.shape.json", 200, &|it| {
        read(&ActivityQuery(company), it)
    });
    line("migo-v1-agentes-retencion-200.shape.json", 200, &|it| {
        read(&list, it)
    });
    line("migo-v1-cpe-200.shape.json", 200, &|it| read(&cpe(), it));
    line("migo-v1-exchange-200.shape.json", 200, &|it| {
        read(&rate(), it)
    });
    line("migo-v1-exchange-200.shape.json", 200, &|it| {
        read(&LatestRateQuery, it)
    });
    line("migo-v1-exchange-range-200.shape.json", 200, &|it| {
        read(&range, it)
    });
    line("migo-v1-representantes-200.shape.json", 200, &|it| {
        read(&RepresentativesQuery(company), it)
    });
    line("migo-v2-ruc-404.json", 404, &|it| read(&real, it));
    for status in [200, 401, 403] {
        line("migo-unauthenticated.json", status, &|it| read(&real, it));
        line("migo-unauthenticated.json", status, &|it| read(&list, it));
    }
    // Not answers at all: never taken for one.
    for file in [
        "migo-v1-collection-request.json",
        "migo-v1-cpe-request.json",
        "migo-v2-openapi-facts.json",
    ] {
        line(file, 200, &|it| read(&other, it));
        line(file, 200, &|it| read(&list, it));
    }
    line("migo-v1-collection-200.shape.json", 200, &|it| {
        let asked = [other, RucQuery(any_ruc("20000000001")), real];
        let decoded = dialect(Version::Auto).decode_many(&asked, it).unwrap();
        let words = decoded.into_iter().map(|one| match one {
            Some(Decoded::Answer(it)) => format!("{:?}", it.estado.unwrap().as_str()),
            Some(Decoded::Refused { reason, .. }) => reason.as_str().to_owned(),
            None => "not mentioned".to_owned(),
        });
        words.collect::<Vec<_>>().join(", ")
    });
    insta::assert_snapshot!(table);

    let files: BTreeSet<String> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains('.'))
        .collect();
    assert_eq!(seen, files);
}

#[test]
fn the_22_fields_come_back_as_they_were() {
    let raw = sample(200, "migo-v1-ruc-200.shape22.json");
    let question = RucQuery(ruc("20512963545"));
    let Ok(Decoded::Answer(taxpayer)) = dialect(Version::V2).decode(&question, &raw) else {
        panic!("it is an answer");
    };
    let body: serde_json::Value = serde_json::from_slice(&raw.body).unwrap();
    for (name, value) in taxpayer_fields(&taxpayer) {
        let original = body[name].as_str().unwrap();
        assert_eq!(value.as_deref().unwrap_or("-"), original, "{name}");
    }
    assert_eq!(body.as_object().unwrap().len(), 22);
}

/// Bodies of other services: read, or refused as unreadable, never a "no such number" and never
/// a panic.
#[test]
fn samples_of_other_providers_do_no_harm() {
    let mut table = Vec::new();
    for entry in std::fs::read_dir(folder().join("otros")).unwrap() {
        let path = entry.unwrap().path();
        let body = std::fs::read(&path).unwrap();
        let text: serde_json::Value = serde_json::from_slice(&body).unwrap();
        let digits = text["ruc"]
            .as_str()
            .map_or_else(|| text["ruc"].to_string(), str::to_owned);
        let asked = if digits.len() == 11 {
            any_ruc(&digits)
        } else {
            any_ruc("20100000001")
        };
        let raw = answer(200, &body);
        let name = path.file_stem().unwrap().to_str().unwrap();
        let read = match dialect(Version::Auto).decode(&RucQuery(asked), &raw) {
            Ok(Decoded::Answer(it)) => format!("{:?}", it.nombre_o_razon_social),
            Ok(Decoded::Refused { reason, .. }) => reason.as_str().to_owned(),
            Err(failure) => failure.code().to_owned(),
        };
        table.push(format!("{name}: {read}"));
        let rate = dialect(Version::Auto).decode(&LatestRateQuery, &raw);
        assert!(
            matches!(
                rate,
                Err(Failure::Garbled | Failure::Unauthorized) | Ok(Decoded::Refused { .. })
            ),
            "{name}"
        );
    }
    table.sort();
    insta::assert_snapshot!(table.join("\n"));
}
