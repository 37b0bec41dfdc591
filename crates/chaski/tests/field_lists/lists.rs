//! Lists: what came of each row, or the words of the refusal.

use std::path::Path;

use serde_json::Value;

use crate::place::{FieldPlace, FieldRun};
use crate::words::{holds, says_not, texts};
use crate::{Played, kind_of};

/// Where the result goes. In JSON each row has its number and the stable code of its verdict.
const RESULT: &str = "resultado.json";

/// How our columns are called in it.
const VERDICT: &str = "apto_para_facturar";
const OURS: [&str; 3] = [VERDICT, "ruc_normalizado", "consultado_en"];

/// Plays all of them.
pub(crate) fn play(folder: &Path, cases: &Value) -> Vec<Played> {
    let cases = cases["cases"].as_array().unwrap();
    let played = |case: &Value| {
        let file = case["file"].as_str().unwrap();
        Played {
            name: file.to_owned(),
            kind: kind_of(case, "class"),
            wrong: found_instead(folder, file, case),
        }
    };
    cases.iter().map(played).collect()
}

fn found_instead(folder: &Path, file: &str, case: &Value) -> Option<String> {
    let place = FieldPlace::new();
    std::fs::copy(folder.join(file), place.path(file)).unwrap();
    let words = ["ruc", "lote", file, "-o", RESULT, "--no-input"];
    let ran = place.run(&[&words[..], &texts(&case["args"])].concat());
    let result = std::fs::read_to_string(place.path(RESULT)).ok();
    let alternatives = case["alternatives"].as_array().into_iter().flatten();
    let outcomes = std::iter::once(&case["expect"]).chain(alternatives);
    let mut misses = Vec::new();
    for outcome in outcomes {
        let found = miss(outcome, &ran, result.as_deref(), case);
        misses.push(found?);
    }
    Some(format!("{} | {}", misses.join(" | "), ran.err.trim()))
}

/// Why an outcome is not what came.
fn miss(outcome: &Value, ran: &FieldRun, result: Option<&str>, case: &Value) -> Option<String> {
    if let Some(error) = outcome.get("error") {
        return match result {
            Some(_) => Some("a result was written".to_owned()),
            None => exit(&error["exit"], ran.code)
                .or_else(|| says_not(&error["all"], &error["says"], &ran.err)),
        };
    }
    let Some(result) = result else {
        return Some(format!("no result, exit {}", ran.code));
    };
    let nothing = Value::Null;
    exit(&outcome["exit"], ran.code)
        .or_else(|| says_not(&nothing, &outcome["says"], &ran.err))
        .or_else(|| place_named(case, &ran.err))
        .or_else(|| not_kept(&outcome["keeps"], result))
        .or_else(|| {
            let found: Vec<Value> = serde_json::from_str(result).unwrap();
            rows(outcome, &found)
        })
}

fn exit(wanted: &Value, code: i32) -> Option<String> {
    let codes = wanted.as_array().into_iter().flatten();
    let codes: Vec<i64> = codes.filter_map(Value::as_i64).collect();
    let right = match codes.as_slice() {
        [] => code == 0,
        codes => codes.contains(&i64::from(code)),
    };
    (!right).then(|| format!("exit {code}"))
}

/// A message that names column or sheet names those of the case.
fn place_named(case: &Value, said: &str) -> Option<String> {
    let line = said.lines().find(|line| line.contains("en la columna"))?;
    let letter = case["column"][0].as_str()?;
    if !holds(line, letter) {
        return Some(format!("{line}: not column {letter}"));
    }
    let sheet = case["sheet"].as_str()?;
    (!said.contains(sheet)).then(|| format!("the sheet {sheet} is not named"))
}

fn not_kept(kept: &Value, result: &str) -> Option<String> {
    let written = |text: &&str| result.contains(&serde_json::to_string(text).unwrap());
    let missing = texts(kept).into_iter().find(|text| !written(text))?;
    Some(format!("«{missing}» was not kept"))
}

fn rows(outcome: &Value, found: &[Value]) -> Option<String> {
    let expected = outcome["rows"].as_array().unwrap();
    if found.len() != expected.len() {
        return Some(format!("{} rows", found.len()));
    }
    if outcome["single"] == true {
        let theirs = found[0]["original"].as_object().unwrap();
        if let Some(ours) = OURS.iter().find(|ours| theirs.contains_key(**ours)) {
            return Some(format!("{ours} is among their columns"));
        }
    }
    let pairs = expected.iter().zip(found).enumerate();
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
        "DNI" => verdict == "ES DNI",
        "OTRO_DOCUMENTO" => verdict == "OTRO DOCUMENTO",
        "SIN_NUMERO" => verdict == "SIN NÚMERO",
        "TOTAL" => verdict == "FILA DE TOTAL",
        "TOLD" => {
            let said = format!("{verdict} {reason}");
            !matches!(verdict, "SÍ" | "NO" | "NO EXISTE")
                && !reason.is_empty()
                && says_not(&Value::Null, &wanted["says"], &said).is_none()
        }
        other => panic!("{other} is no word of a row"),
    };
    let word = wanted["word"].as_str().or(wanted.as_str()).unwrap();
    if !is(word) {
        return texts(&wanted["or"]).into_iter().any(is);
    }
    let number = wanted["ruc"].as_str();
    number.is_none_or(|ruc| text("ruc_normalizado") == ruc)
        && (wanted["told"] != true || !reason.is_empty())
}
