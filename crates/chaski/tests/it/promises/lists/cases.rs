//! Lists as other people have them: `lists/cases.json` says what must come of each.

use std::path::Path;

use serde_json::Value;

use crate::cli_kit::{Place, Ran};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/lists");

/// How our column is called.
const VERDICT: &str = "apto_para_facturar";

#[test]
fn lists_of_other_people() {
    let cases = std::fs::read_to_string(Path::new(FOLDER).join("cases.json")).unwrap();
    let cases: Value = serde_json::from_str(&cases).unwrap();
    let mut failures = Vec::new();
    for case in cases["cases"].as_array().unwrap() {
        let file = case["file"].as_str().unwrap();
        let place = Place::new();
        std::fs::copy(Path::new(FOLDER).join(file), place.path(file)).unwrap();
        let ran = place.run(&format!("ruc lote {file} -o resultado.json --no-input"));
        let result = std::fs::read_to_string(place.path("resultado.json")).ok();
        let first = std::iter::once(&case["expect"]);
        let more = case["alternatives"].as_array().into_iter().flatten();
        let misses: Vec<String> = first
            .chain(more)
            .filter_map(|outcome| miss(outcome, &ran, result.as_deref()))
            .collect();
        let outcomes = 1 + case["alternatives"].as_array().map_or(0, Vec::len);
        if misses.len() == outcomes {
            failures.push(format!("{file}: {misses:?}\n{}", ran.shown()));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Why an outcome is not what came.
fn miss(outcome: &Value, ran: &Ran, result: Option<&str>) -> Option<String> {
    let codes = |value: &Value| -> Vec<i64> {
        let codes = value.as_array().into_iter().flatten();
        codes.filter_map(Value::as_i64).collect()
    };
    if let Some(error) = outcome.get("error") {
        return match result {
            Some(_) => Some("a result was written".to_owned()),
            None if !codes(&error["exit"]).contains(&i64::from(ran.code)) => {
                Some(format!("exit {}", ran.code))
            }
            None => says_not(&error["all"], &error["says"], &ran.err),
        };
    }
    let exits = outcome.get("exit").map_or(vec![0], codes);
    if !exits.contains(&i64::from(ran.code)) {
        return Some(format!("exit {}", ran.code));
    }
    let Some(result) = result else {
        return Some("no result".to_owned());
    };
    if let Some(missing) = says_not(&Value::Null, &outcome["says"], &ran.err) {
        return Some(missing);
    }
    for kept in outcome["keeps"].as_array().into_iter().flatten() {
        let kept = serde_json::to_string(kept).unwrap();
        if !result.contains(&kept) {
            return Some(format!("{kept} was not kept"));
        }
    }
    let found: Vec<Value> = serde_json::from_str(result).unwrap();
    let expected = outcome["rows"].as_array().unwrap();
    if found.len() != expected.len() {
        return Some(format!("{} rows", found.len()));
    }
    let pairs = expected.iter().zip(&found).enumerate();
    let missed = |(index, (wanted, found)): (usize, (&Value, &Value))| {
        (!is_as_wanted(wanted, found)).then(|| format!("row {}: {found}", index + 1))
    };
    pairs.into_iter().find_map(missed)
}

fn is_as_wanted(wanted: &Value, found: &Value) -> bool {
    let text = |name: &str| found[name].as_str().unwrap_or_default();
    let (verdict, reason) = (text(VERDICT), text("motivo"));
    let is = |word: &str| match word {
        "SI" => verdict == "SÍ",
        "NO" => verdict == "NO",
        "NO_EXISTE" => verdict == "NO EXISTE",
        "INVALIDO" => verdict == "RUC INVÁLIDO",
        "TOLD" => {
            !matches!(verdict, "SÍ" | "NO" | "NO EXISTE")
                && says_not(
                    &Value::Null,
                    &wanted["says"],
                    &format!("{verdict} {reason}"),
                )
                .is_none()
        }
        other => panic!("{other} is not for these lists"),
    };
    let word = wanted["word"].as_str().or(wanted.as_str()).unwrap();
    let other = wanted["or"].as_array().into_iter().flatten();
    if !is(word) {
        return other.filter_map(Value::as_str).any(is);
    }
    let number = wanted["ruc"].as_str();
    number.is_none_or(|ruc| text("ruc_normalizado") == ruc)
        && (wanted["told"] != true || !reason.is_empty())
}

/// Which fragment is missing: all of the first, one of the second.
fn says_not(all: &Value, one: &Value, message: &str) -> Option<String> {
    let fragments = |value: &Value| -> Vec<String> {
        let texts = value.as_array().into_iter().flatten();
        texts
            .filter_map(|text| text.as_str().map(str::to_owned))
            .collect()
    };
    let folded = chaski_core::fold(message);
    let has = |fragment: &String| {
        let letter = fragment.len() <= 2 && fragment.chars().all(char::is_uppercase);
        if letter {
            return message
                .split(|c: char| !c.is_alphanumeric())
                .any(|word| word == fragment);
        }
        folded.contains(&chaski_core::fold(fragment))
    };
    if let Some(missing) = fragments(all).into_iter().find(|fragment| !has(fragment)) {
        return Some(format!("«{missing}» is not said"));
    }
    let one = fragments(one);
    (!one.is_empty() && !one.iter().any(has)).then(|| format!("none of {one:?} is said"))
}
