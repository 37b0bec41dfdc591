//! The case files of Nubefact: requests, and what must become of each, through the check, through the
//! sandbox, and where a case says so through the issuer, whose journal is a file.
//!
//! With `CHASKI_NUBEFACT_SAMPLES=DIR` the manifest of that folder is read at run time, and each of its
//! cases is printed as passed, or as failed with what was found instead.

mod case;
mod desk;
mod issuer;
mod verdict;

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use chaski_client::Clock;
use chaski_core::invoicing::check;
use serde_json::Value;

use case::SampleCase;
use desk::SampleDesk;

#[test]
fn the_vendors_examples() {
    check_manifest(&samples().join("manifest-dev.json"), 36);
}

#[test]
fn cases_of_public_reports() {
    check_manifest(&samples().join("field-dev/manifest.json"), 53);
}

#[test]
fn cases_from_elsewhere() {
    let Some(folder) = std::env::var_os("CHASKI_NUBEFACT_SAMPLES") else {
        return;
    };
    let names = ["manifest.json", "manifest-dev.json"];
    let manifests = names.map(|name| PathBuf::from(&folder).join(name));
    let there: Vec<&PathBuf> = manifests.iter().filter(|it| it.is_file()).collect();
    assert!(!there.is_empty(), "no {names:?} in {}", folder.display());
    for manifest in there {
        check_manifest(manifest, 1);
    }
}

/// The repository's one copy of the samples.
fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/tests/samples/nubefact")
}

#[track_caller]
fn check_manifest(manifest: &Path, least: usize) {
    let text = std::fs::read(manifest).expect("the manifest");
    let cases: Value = serde_json::from_slice(&text).expect("a manifest is JSON");
    let cases = cases.as_array().expect("a manifest is a list of cases");
    let folder = manifest.parent().expect("a folder");
    let (mut report, mut failed) = (String::new(), 0);
    for case in cases {
        let id = case["id"].as_str().unwrap_or("?");
        let wrong = found_instead(folder, case).unwrap_or_else(|why| vec![why]);
        if wrong.is_empty() {
            writeln!(report, "passed {id}").expect("a String");
        } else {
            failed += 1;
            writeln!(report, "FAILED {id}: {}", wrong.join("; ")).expect("a String");
        }
    }
    let passed = cases.len() - failed;
    let name = manifest.display();
    writeln!(report, "{passed} of {} cases passed of {name}", cases.len()).expect("a String");
    if failed > 0 || std::env::var_os("CHASKI_NUBEFACT_SAMPLES").is_some() {
        // Not through `print!`, which a test that passes does not show.
        let _ = std::io::stderr().write_all(report.as_bytes());
    }
    assert_eq!(failed, 0, "cases failed");
    assert!(cases.len() >= least);
}

/// What a case came to that is not what it says; an error is a case that cannot be tried.
fn found_instead(folder: &Path, case: &Value) -> Result<Vec<String>, String> {
    let sample = SampleCase::read(folder, case)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build();
    runtime.expect("a runtime").block_on(tried(&sample))
}

async fn tried(sample: &SampleCase) -> Result<Vec<String>, String> {
    let expect = &sample.expect;
    let mut wrong = Vec::new();
    // 1. The check, with what is known of what was issued before.
    let checked = check(&sample.body, sample.now, &sample.known());
    verdict::of_check(sample, &checked, &mut wrong);
    // 2. What is sent: a simple form's document, and everything else as it stands.
    let body = match (sample.operation.as_str(), checked.sendable()) {
        ("simple", Some(document)) => {
            let numero = document.numero().unwrap_or(1);
            document.numbered(numero).to_bytes()
        }
        ("simple", None) => {
            if expect["http"] == 200 {
                wrong.push("the check refuses it, so nothing is sent".to_owned());
            }
            return Ok(wrong);
        }
        _ => sample.body.clone(),
    };
    // 3. The sandbox alone, or the issuer in front of it.
    let clock = Clock::starting_at(sample.now);
    let desk = SampleDesk::open(sample, &body, clock);
    if sample.by_issuer {
        let settled = issuer::issued(sample, &desk, checked.sendable()).await?;
        verdict::of_issuer(expect, &settled, &mut wrong);
        return Ok(wrong);
    }
    for before in &sample.before {
        desk.issue_before(before).await?;
    }
    if expect["http"] == 200 && sample.before.is_empty() {
        desk.issue_what_is_presupposed(sample, &body).await?;
    }
    desk.arm(&sample.faults)?;
    let answer = desk.post(&body).await;
    verdict::of_answer(sample, &answer, &mut wrong);
    Ok(wrong)
}
