//! Cases as they were met in the field: lists, requests, vouchers and rates, in the format of
//! `samples/CASES.md`, each played by the program as it is, on the sandbox and without a terminal.
//!
//! With `CHASKI_FIELD_CASES=DIR` the cases of that folder are played instead of the copied ones, and each is
//! printed as passed, or as failed with what was found.
#![expect(
    clippy::unwrap_used,
    reason = "a case that cannot be played should stop the test"
)]

mod lists;
mod place;
mod rates;
mod requests;
mod words;

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// What became of a case: its name, its kind, and what was found instead of what it says.
struct Played {
    name: String,
    kind: u64,
    wrong: Option<String>,
}

#[test]
fn cases_of_the_field() {
    let named = std::env::var_os("CHASKI_FIELD_CASES");
    let copied = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/field_lists/samples");
    let folder = named.as_ref().map_or(copied, PathBuf::from);
    let mut played = Vec::new();
    for (file, cases) in cases_of(&folder) {
        played.extend(match file.as_str() {
            "cases.json" => lists::play(&folder, &cases),
            "compat-casos.json" => requests::play_compat(&cases),
            "cpe-casos.json" => requests::play_cpe(&cases),
            _ => rates::play(&file, &cases),
        });
    }
    let (mut report, mut failed, mut passed) = (String::new(), 0, 0);
    for Played { name, kind, wrong } in &played {
        let line = match wrong {
            None => {
                passed += 1;
                format!("passed {name}")
            }
            Some(wrong) => {
                failed += 1;
                format!("FAILED {name} (kind {kind}): {wrong}")
            }
        };
        writeln!(report, "{line}").unwrap();
    }
    let all = played.len();
    writeln!(
        report,
        "{passed} of {all} cases passed of {}",
        folder.display()
    )
    .unwrap();
    if failed > 0 || named.is_some() {
        // Not through `print!`, which a test that passes does not show.
        let _ = std::io::stderr().write_all(report.as_bytes());
    }
    assert_eq!(failed, 0, "cases failed");
    assert!(
        named.is_some() || all >= 40,
        "{all} cases of those that were copied"
    );
}

/// The files of cases of a folder, by their name.
fn cases_of(folder: &Path) -> Vec<(String, Value)> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let known = ["cases.json", "compat-casos.json", "cpe-casos.json"];
    let is_rates = |name: &str| {
        name.starts_with("tipo-cambio-")
            && Path::new(name).extension().is_some_and(|it| it == "json")
    };
    names.retain(|name| known.contains(&name.as_str()) || is_rates(name));
    assert!(!names.is_empty(), "no cases in {}", folder.display());
    let read = |name: String| {
        let text = std::fs::read_to_string(folder.join(&name)).unwrap();
        let cases = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        (name, cases)
    };
    names.into_iter().map(read).collect()
}

/// The number of a case's kind.
fn kind_of(case: &Value, field: &str) -> u64 {
    case[field]["kind"].as_u64().unwrap_or_default()
}
