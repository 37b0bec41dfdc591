//! The table of treatments, as one picture.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::time::Duration;

use chaski_client::Failure;
use chaski_core::Lang;

fn row(name: &str, failure: &Failure) -> String {
    let it = failure.treatment();
    let word = |set, word| if set { word } else { "-" };
    format!(
        "{name:<22} {:<10} {:<8} {:<6} {:<4} {} {} {}",
        word(it.transient, "transient"),
        word(it.trips_breaker, "breaker"),
        word(it.stale_may_serve, "stale"),
        word(it.concerns_all, "all"),
        it.http_status,
        it.exit_code,
        it.code
    )
}

#[test]
fn every_status_has_one_treatment() {
    let mut table = String::new();
    let mut begun: Option<(u16, u16, String)> = None;
    let mut flush = |begun: &mut Option<(u16, u16, String)>| {
        if let Some((from, to, row)) = begun.take() {
            writeln!(table, "{from}-{to} {row}").unwrap();
        }
    };
    for status in 100..=599 {
        let failure = Failure::of_status(status, Some(Duration::from_secs(7)));
        let name = format!("{failure:?}").replace(&status.to_string(), "_");
        let row = row(&name, &failure);
        match &mut begun {
            Some((_, to, same)) if *same == row => *to = status,
            _ => {
                flush(&mut begun);
                begun = Some((status, status, row));
            }
        }
    }
    flush(&mut begun);
    insta::assert_snapshot!(table);
}

fn every_failure() -> Vec<Failure> {
    vec![
        Failure::Unauthorized,
        Failure::RateLimited { retry_after: None },
        Failure::QuotaSpent,
        Failure::OwnQuotaSpent,
        Failure::DaySpent {
            retry_after: Duration::from_hours(5),
        },
        Failure::BudgetSpent,
        Failure::Rejected,
        Failure::WrongPath,
        Failure::Unavailable { status: 500 },
        Failure::Unavailable { status: 501 },
        Failure::Unavailable { status: 503 },
        Failure::Unavailable { status: 505 },
        Failure::Unreachable,
        Failure::Broken,
        Failure::TimedOut,
        Failure::Garbled,
        Failure::Doubtful,
        Failure::TooLarge,
        Failure::Redirected,
        Failure::Unexpected { status: 418 },
        Failure::Unexpected { status: 404 },
        Failure::BreakerOpen {
            retry_in: Duration::from_secs(5),
        },
        Failure::DeadlineExceeded { retry_after: None },
        Failure::DeadlineExceeded {
            retry_after: Some(Duration::from_secs(5)),
        },
        Failure::LedgerDown,
        Failure::Internal,
    ]
}

fn name(failure: &Failure) -> String {
    let text = format!("{failure:?}");
    text.split(' ').next().unwrap().to_owned()
}

#[test]
fn every_failure_has_one_treatment() {
    let mut table = String::new();
    for failure in every_failure() {
        writeln!(table, "{}", row(&name(&failure), &failure)).unwrap();
    }
    insta::assert_snapshot!(table);

    // The list above is whole: it names each variant of the source.
    let source = include_str!("../../src/failure.rs");
    let body = source.split("pub enum Failure {").nth(1).unwrap();
    let variants: BTreeSet<String> = body
        .split("\n}")
        .next()
        .unwrap()
        .lines()
        .filter_map(|line| line.strip_prefix("    "))
        .filter(|line| line.starts_with(char::is_uppercase))
        .map(|line| line.trim_end_matches([',', ' ', '{']).to_owned())
        .collect();
    let listed: BTreeSet<String> = every_failure().iter().map(name).collect();
    assert_eq!(variants, listed);
}

#[test]
fn no_failure_says_that_a_taxpayer_does_not_exist() {
    for failure in every_failure() {
        for lang in [Lang::Es, Lang::En] {
            let message = failure.message(lang);
            assert!(!message.is_empty(), "{failure:?}");
            let says_so = [
                "no existe en",
                "no encontrado",
                "not found",
                "does not exist in",
            ]
            .iter()
            .any(|words| message.contains(words));
            assert!(!says_so, "{failure:?}: {message}");
        }
        assert_ne!(failure.message(Lang::Es), failure.message(Lang::En));
    }
}
