//! The case files: each sample is taken or refused as the manifests say, with the code that they say.

use chaski_sandbox::{NubefactAccount, NubefactConfig};
use serde_json::{Value, json};

use crate::nubefact_kit::{NOON, Nube, about, factura, moved_to, sample, with};

/// The first difference between what a case expects and what comes, if there is one.
fn fault_of(case: &Value, folder: &str) -> Option<String> {
    let id = case["id"].as_str().unwrap();
    let file = case["file"].as_str().map(str::to_owned);
    let body = sample(&format!("{folder}{}", file.unwrap_or(format!("{id}.json"))));
    let expect = &case["expect"];
    let status = expect["http"].as_u64().unwrap();

    // Each case has a ruta of its own with the demo series open, and where it is accepted its own.
    let series = Some(body["serie"].as_str().unwrap().to_owned()).filter(|_| status == 200);
    let nube = Nube::with(NubefactConfig {
        others: Some(NubefactAccount {
            series: series.into_iter().collect(),
            ..NubefactAccount::default()
        }),
        ..NubefactConfig::default()
    });
    let dated = |body: &Value| match case["hoy"].as_str() {
        Some(_) => body.clone(),
        None => moved_to(body, "27-11-2026"),
    };
    for before in case["antes"].as_array().into_iter().flatten() {
        nube.set(
            before["hoy"]
                .as_str()
                .or(case["hoy"].as_str())
                .unwrap_or(NOON),
        );
        let file = before["file"].as_str().unwrap();
        nube.done(&dated(&sample(&format!("{folder}{file}"))));
    }
    nube.set(case["hoy"].as_str().unwrap_or(NOON));
    // A question that is answered needs what it asks for.
    if body["operacion"] == "consultar_anulacion" && status == 200 {
        let document = with(factura(1), json!({ "numero": body["numero"] }));
        nube.done(&document);
        nube.done(&about("generar_anulacion", &document));
    }

    let (got, answer) = nube.post(&dated(&body));
    if u64::from(got) != status {
        return Some(format!("{id}: {got} {answer}"));
    }
    let codigo = &expect["codigo"];
    if !codigo.is_null() && answer["codigo"] != *codigo {
        return Some(format!("{id}: {answer}"));
    }
    if !expect["errors"].is_null() && answer["errors"] != expect["errors"] {
        return Some(format!("{id}: {answer}"));
    }
    // SUNAT's own codes are named by the prevalidation.
    let errors = answer["errors"].as_str().unwrap_or_default();
    let findings = expect["hallazgos"].as_array().into_iter().flatten();
    for finding in findings.filter(|finding| finding["severidad"] == "error") {
        let code = finding["codigo"].as_str().unwrap();
        let is_sunat = code.bytes().all(|b| b.is_ascii_digit());
        // What is outside Nubefact's own period has a code of its own.
        if is_sunat && !errors.contains(code) && !errors.contains("PreValidar codigo Tributo") {
            return Some(format!("{id}: no {code} in {errors}"));
        }
    }
    let shape = expect["response"].as_str()?;
    let shape = sample(shape);
    let lost = shape
        .as_object()
        .unwrap()
        .iter()
        .find(|(key, value)| !same_kind(value, &answer[key.as_str()]));
    lost.map(|(key, _)| format!("{id}: {key} in {answer}"))
}

fn same_kind(expected: &Value, came: &Value) -> bool {
    match expected {
        Value::Bool(_) => expected == came,
        Value::Null => came.is_null() || came.is_string(),
        Value::Number(_) => came.is_number(),
        _ => came.is_string(),
    }
}

#[track_caller]
fn check(manifest: &str, folder: &str, least: usize) {
    let cases = sample(manifest);
    let cases = cases.as_array().unwrap();
    let for_us = cases.iter().filter(|case| {
        case["operacion"] != "simple" && case["por"] != "emisor" && case["expect"]["http"].is_u64()
    });
    let faults: Vec<String> = for_us
        .clone()
        .filter_map(|case| fault_of(case, folder))
        .collect();
    assert!(faults.is_empty(), "{faults:#?}");
    assert!(for_us.count() >= least);
}

#[test]
fn the_vendors_examples_are_taken_and_refused_as_they_were() {
    check("manifest-dev.json", "", 36);
}

#[test]
fn the_cases_from_the_field_are_taken_and_refused_as_they_say() {
    check("field-dev/manifest.json", "field-dev/", 47);
}

#[test]
fn numbers_as_texts_and_as_numbers_are_the_same() {
    let mut pairs = 0;
    let manifest = sample("field-dev/manifest.json");
    let cases = manifest.as_array().unwrap().iter();
    for case in cases.filter(|case| case["operacion"] != "simple" && case["antes"].is_null()) {
        let file = case["file"].as_str().unwrap();
        let body = sample(&format!("field-dev/{file}"));
        let answers = [body.clone(), as_texts(&body)].map(|body| {
            let nube = crate::nubefact_kit::nube();
            nube.set(case["hoy"].as_str().unwrap_or(NOON));
            let (status, answer) = nube.post(&body);
            (status, answer["codigo"].clone(), answer["errors"].clone())
        });
        assert_eq!(answers[0], answers[1], "{file}");
        pairs += 1;
    }
    assert!(pairs > 40);
}

/// As the vendor's examples are: everything is a text, what is absent is `""`.
fn as_texts(value: &Value) -> Value {
    match value {
        Value::Null => "".into(),
        Value::Number(number) => number.to_string().into(),
        Value::Bool(flag) => flag.to_string().into(),
        Value::String(_) => value.clone(),
        Value::Array(items) => items.iter().map(as_texts).collect(),
        Value::Object(fields) => fields
            .iter()
            .map(|(key, value)| (key.clone(), as_texts(value)))
            .collect(),
    }
}
