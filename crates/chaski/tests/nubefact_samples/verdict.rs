//! What a case says must come, against what came.

use std::path::Path;

use chaski_core::Lang;
use chaski_core::invoicing::{CheckedDocument, InvoiceFinding, Known, check};
use rust_decimal::Decimal;
use serde_json::Value;

use crate::case::SampleCase;
use crate::desk::DeskAnswer;
use crate::issuer::SampleSettled;
use crate::samples;

/// Findings, amounts, and that a second check changes nothing.
pub(crate) fn of_check(sample: &SampleCase, checked: &CheckedDocument, wrong: &mut Vec<String>) {
    let expect = &sample.expect;
    // Questions are no documents, and are not checked.
    if sample.operation.starts_with("consultar_") {
        return;
    }
    if expect["http"] == 200 {
        let errors = checked.hallazgos.iter();
        let errors = errors.filter(|it| it.severidad.as_str() == "error");
        wrong.extend(errors.map(|it| format!("unexpected {}", shown(it))));
    }
    for wanted in expect["hallazgos"].as_array().into_iter().flatten() {
        let begins = wanted["campo"].as_str().unwrap_or_default();
        let found = checked.hallazgos.iter().any(|it| {
            wanted["codigo"] == it.codigo
                && wanted["severidad"] == it.severidad.as_str()
                && it.campo.starts_with(begins)
        });
        if !found {
            let list: Vec<String> = checked.hallazgos.iter().map(shown).collect();
            wrong.push(format!("{wanted} is not among {list:?}"));
        }
    }
    let Some(document) = &checked.document else {
        if !expect["documento"].is_null() {
            wrong.push("the check makes no document of it".to_owned());
        }
        return;
    };
    let own = serde_json::from_slice(&document.to_bytes()).unwrap_or_default();
    if !expect["documento"].is_null() {
        compare("documento", &expect["documento"], &own, wrong);
    }
    let again = check(&document.to_bytes(), sample.now, &Known::default());
    if again.document.as_ref() != Some(document) {
        wrong.push("a second check changes it".to_owned());
    }
}

/// The sandbox's answer.
pub(crate) fn of_answer(sample: &SampleCase, answer: &DeskAnswer, wrong: &mut Vec<String>) {
    let expect = &sample.expect;
    let came = || {
        let status = answer
            .status
            .map_or("a cut connection".to_owned(), |it| format!("http {it}"));
        format!("the sandbox answers {status} {}", answer.body)
    };
    let status = expect["http"].as_u64();
    if status.is_some() && status != answer.status.map(u64::from) {
        wrong.push(came());
        return;
    }
    let codigo = &expect["codigo"];
    if !codigo.is_null() && *codigo != answer.body["codigo"] {
        wrong.push(format!("codigo {codigo} was expected; {}", came()));
    }
    // The text may be one of several complaints.
    let errors = answer.body["errors"].as_str().unwrap_or_default();
    if let Some(text) = expect["errors"].as_str()
        && !errors.contains(text)
    {
        wrong.push(format!("«{text}» was expected; {}", came()));
    }
    if let Some(name) = expect["response"].as_str() {
        match shape(&sample.folder, name) {
            Some(shape) => alike("", &shape, &answer.body, wrong),
            None => wrong.push(format!("no shape {name}")),
        }
    }
}

/// The document's state, and how many of it there are.
pub(crate) fn of_issuer(expect: &Value, settled: &SampleSettled, wrong: &mut Vec<String>) {
    let (estado, issued, message) = (&settled.estado, settled.issued, &settled.message);
    if let Some(wanted) = expect["estado"].as_str()
        && wanted != estado
    {
        wrong.push(format!("{estado} instead of {wanted} ({message})"));
    }
    if let Some(wanted) = expect["emitidos"].as_u64()
        && wanted != issued as u64
    {
        wrong.push(format!("issued {issued} instead of {wanted} ({message})"));
    }
}

/// A shape beside the manifest, or one of the repository's.
fn shape(folder: &Path, name: &str) -> Option<Value> {
    let own = samples();
    let places = [folder, folder.parent().unwrap_or(folder), own.as_path()];
    let found = places
        .iter()
        .find_map(|it| std::fs::read(it.join(name)).ok());
    serde_json::from_slice(&found?).ok()
}

/// The same keys, and values of the same kinds; how it stands with SUNAT is part of the shape.
fn alike(place: &str, shape: &Value, came: &Value, wrong: &mut Vec<String>) {
    let is_alike = match shape {
        Value::Object(fields) => {
            for (key, value) in fields {
                let place = format!("{place}{key}");
                match came.get(key) {
                    Some(came) => alike(&format!("{place}."), value, came, wrong),
                    None => wrong.push(format!("{place} is missing in the answer")),
                }
            }
            came.is_object()
        }
        Value::Bool(_) if place.contains("aceptada") || place.contains("anulad") => shape == came,
        Value::Bool(_) => came.is_boolean(),
        Value::Number(_) => came.is_number(),
        Value::Array(_) => came.is_array(),
        // What is absent is null in one example and empty in the next.
        Value::Null => came.is_null() || came.is_string(),
        Value::String(text) if text.is_empty() => came.is_null() || came.is_string(),
        Value::String(_) => came.is_string(),
    };
    if !is_alike {
        wrong.push(format!("{place} is {came}, and {shape} in the shape"));
    }
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
