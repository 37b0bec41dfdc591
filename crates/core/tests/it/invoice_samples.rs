//! The cases of the manifests, as far as the check alone can tell: expected findings are found,
//! nothing is an error where NubeFact answers 200, simple forms get the amounts that are expected.
//!
//! With `CHASKI_NUBEFACT_SAMPLES=DIR` the cases of that folder's `manifest.json` are tried too, and
//! each is printed as passed or failed.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use chaski_core::invoicing::{
    DocumentKind, InvoiceFinding, Known, ModifiedDocument, TaxDocument, check,
};
use chaski_core::{Lang, lima_date, parse_date};
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use rust_decimal::Decimal;
use serde_json::Value;

#[test]
fn cases_of_the_manual() {
    check_manifest(&samples().join("manifest-dev.json"));
}

#[test]
fn cases_of_public_reports() {
    check_manifest(&samples().join("field-dev/manifest.json"));
}

#[test]
fn cases_from_elsewhere() {
    if let Some(folder) = std::env::var_os("CHASKI_NUBEFACT_SAMPLES") {
        check_manifest(&PathBuf::from(folder).join("manifest.json"));
    }
}

fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples/nubefact")
}

fn check_manifest(manifest: &Path) {
    let cases = std::fs::read(manifest).expect("the manifest");
    let cases: Value = serde_json::from_slice(&cases).expect("JSON");
    let folder = manifest.parent().expect("a folder");
    let (mut report, mut failed, mut tried) = (String::new(), 0, 0);
    for case in cases.as_array().expect("a list of cases") {
        let operation = case["operacion"].as_str().unwrap_or_default();
        // Queries are no documents.
        if operation.starts_with("consultar_") {
            continue;
        }
        tried += 1;
        let wrong = check_case(folder, case);
        let id = case["id"].as_str().unwrap_or("?");
        if wrong.is_empty() {
            writeln!(report, "passed {id}").expect("a String");
        } else {
            failed += 1;
            writeln!(report, "FAILED {id}: {}", wrong.join("; ")).expect("a String");
        }
    }
    assert!(tried > 0);
    if failed > 0 || std::env::var_os("CHASKI_NUBEFACT_SAMPLES").is_some() {
        let _ = std::io::stderr().write_all(report.as_bytes());
    }
    assert_eq!(failed, 0, "cases failed");
}

/// The clock of a case that has none.
const NOON: &str = "2026-11-27T12:00:00-05:00";

fn check_case(folder: &Path, case: &Value) -> Vec<String> {
    let now = case["hoy"].as_str().unwrap_or(NOON);
    let now: Timestamp = now.parse().expect("an instant");
    let id = case["id"].as_str().expect("a name");
    let file = case["file"]
        .as_str()
        .map_or(format!("{id}.json"), str::to_owned);
    let moved = case["hoy"].is_null().then(|| lima_date(now));
    let document = read(&folder.join(file), moved);
    let known = known_before(folder, case, now);
    let checked = check(&document, now, &known);
    let mut wrong = Vec::new();
    let expected = &case["expect"];
    if expected["http"] == 200 {
        for error in checked
            .hallazgos
            .iter()
            .filter(|it| it.severidad.as_str() == "error")
        {
            wrong.push(format!("unexpected {}", shown(error)));
        }
    }
    for wanted in expected["hallazgos"].as_array().into_iter().flatten() {
        let found = checked.hallazgos.iter().any(|it| {
            wanted["codigo"] == it.codigo
                && wanted["severidad"] == it.severidad.as_str()
                && it
                    .campo
                    .starts_with(wanted["campo"].as_str().unwrap_or_default())
        });
        if !found {
            wrong.push(format!(
                "{wanted} is not among {:?}",
                list(&checked.hallazgos)
            ));
        }
    }
    // Which series an account has, and what its demo holds, only NubeFact knows.
    let elsewhere = ["neg-serie-no-habilitada", "neg-consulta-inexistente"].contains(&id);
    if expected["http"] == 400 && checked.sendable().is_some() && !elsewhere {
        wrong.push("nothing was found".to_owned());
    }
    if let (Value::Object(fields), Some(document)) = (&expected["documento"], &checked.document) {
        let own = serde_json::from_slice(&document.to_bytes()).expect("JSON");
        compare("", &Value::Object(fields.clone()), &own, &mut wrong);
    }
    if let Some(document) = &checked.document {
        let again = check(&document.to_bytes(), now, &known);
        if again.document.as_ref() != Some(document) {
            wrong.push("a second check changes it".to_owned());
        }
        let news: Vec<String> = again
            .hallazgos
            .iter()
            .filter(|it| !checked.hallazgos.iter().any(|old| old.codigo == it.codigo))
            .map(shown)
            .collect();
        if !news.is_empty() {
            wrong.push(format!("a second check finds {news:?}"));
        }
    }
    wrong
}

fn list(findings: &[InvoiceFinding]) -> Vec<String> {
    findings.iter().map(shown).collect()
}

fn shown(finding: &InvoiceFinding) -> String {
    format!(
        "{} {} {} ({}; expected {:?})",
        finding.codigo,
        finding.severidad.as_str(),
        finding.campo,
        finding.message(Lang::En),
        finding.esperado
    )
}

/// What is expected is a part of what there is; numbers are compared as decimals.
fn compare(place: &str, expected: &Value, found: &Value, wrong: &mut Vec<String>) {
    match expected {
        Value::Object(fields) => {
            for (name, expected) in fields {
                compare(&format!("{place}.{name}"), expected, &found[name], wrong);
            }
        }
        Value::Array(list) => {
            for (index, expected) in list.iter().enumerate() {
                compare(&format!("{place}[{index}]"), expected, &found[index], wrong);
            }
        }
        _ => {
            let same = match (decimal(expected), decimal(found)) {
                (Some(one), Some(other)) => one == other,
                _ => expected == found,
            };
            if !same {
                wrong.push(format!("{place} is {found}, expected {expected}"));
            }
        }
    }
}

fn decimal(value: &Value) -> Option<Decimal> {
    match value {
        Value::String(text) => text.parse().ok(),
        Value::Number(number) => number.to_string().parse().ok(),
        _ => None,
    }
}

/// What was issued before, as the store would know it.
fn known_before(folder: &Path, case: &Value, now: Timestamp) -> Known {
    let mut known = Known::default();
    for before in case["antes"].as_array().into_iter().flatten() {
        let file = before["file"].as_str().expect("a file");
        let then = before["hoy"]
            .as_str()
            .map_or(now, |it| it.parse().expect("an instant"));
        let moved = case["hoy"].is_null().then(|| lima_date(then));
        let checked = check(&read(&folder.join(file), moved), then, &Known::default());
        let document = checked.document.expect("a document");
        known.voided_issued_on = document.fecha();
        if document.kind() == DocumentKind::NotaCredito {
            let modified = known.modified.get_or_insert_default();
            modified.credited_before += document.total().unwrap_or_default();
        } else {
            known.modified = Some(modified(&document));
        }
    }
    known
}

fn modified(document: &TaxDocument) -> ModifiedDocument {
    ModifiedDocument {
        total: document.total(),
        moneda: document.moneda(),
        tipo_de_cambio: document.amount("tipo_de_cambio"),
        porcentaje_de_igv: document.amount("porcentaje_de_igv"),
        fecha: document.fecha(),
        al_credito: Some(document.fields().present("venta_al_credito").is_some()),
        credited_before: Decimal::ZERO,
    }
}

/// The file; with a day, all dates of it are moved so that it is issued on that day.
fn read(file: &Path, moved: Option<Date>) -> Vec<u8> {
    let bytes = std::fs::read(file).unwrap_or_else(|_| panic!("{}", file.display()));
    let Some(today) = moved else {
        return bytes;
    };
    let mut value: Value = serde_json::from_slice(&bytes).expect("JSON");
    let issued = value["fecha_de_emision"]
        .as_str()
        .and_then(|it| parse_date(it).ok());
    if let Some(issued) = issued {
        let days = (today - issued).get_days();
        move_dates(&mut value, days);
    }
    value.to_string().into_bytes()
}

fn move_dates(value: &mut Value, days: i32) {
    match value {
        Value::Object(fields) => fields.values_mut().for_each(|it| move_dates(it, days)),
        Value::Array(list) => list.iter_mut().for_each(|it| move_dates(it, days)),
        Value::String(text) if text.len() == 10 => {
            if let Ok(day) = parse_date(text) {
                let day = day.checked_add(days.days()).expect("a date");
                *text = day.strftime("%d-%m-%Y").to_string();
            }
        }
        _ => {}
    }
}
