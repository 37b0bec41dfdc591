//! The client without a runtime, and the predicates of its error.

use std::sync::Arc;
use std::time::Duration;

use chaski_client::{Ask, Clock, CpeQuery, Error, List, Migo, Reason, Settings, blocking};
use chaski_core::{Currency, Lang, RateSource};
use chaski_sandbox::{Sandbox, SandboxConfig};
use jiff::civil::date;

use crate::kit::{InProcess, KNOWN, TOKEN, UNKNOWN, World, paused, ruc, start};

#[test]
fn every_method_works_from_a_plain_thread() {
    let sandbox = Sandbox::new(SandboxConfig::new(start)).unwrap();
    let inner = Migo::builder(TOKEN)
        .clock(Clock::starting_at(start()))
        .transport(Arc::new(InProcess(sandbox.clone())))
        .build()
        .unwrap();
    let it = blocking::Migo::new(inner).unwrap();
    let (ask, company, day) = (Ask::default(), ruc("20100070970"), date(2026, 1, 28));
    let dnis = ["12345678", "00000000"].map(|dni| dni.parse().unwrap());
    let (sunat, usd) = (RateSource::Sunat, Currency::Usd);
    let cpe = CpeQuery {
        ruc_emisor: company,
        tipo_comprobante: "01".into(),
        serie: "F001".into(),
        numero: 1,
        fecha_emision: day,
        monto: 118.into(),
    };
    it.ruc(&company, &ask).unwrap();
    let many = it.rucs(&[ruc(KNOWN), ruc(UNKNOWN), company], &ask);
    assert_eq!(
        many.iter().map(Result::is_ok).collect::<Vec<_>>(),
        [true, false, true]
    );
    it.dni(&dnis[0], &ask).unwrap();
    let persons = it.dnis(&dnis, &ask);
    assert_eq!(
        persons.iter().map(Result::is_ok).collect::<Vec<_>>(),
        [true, false]
    );
    it.latest_rate(&ask).unwrap();
    it.rate_for(day, sunat, usd, &ask).unwrap();
    it.rates(day, day, &ask).unwrap();
    it.representatives(&company, &ask).unwrap();
    it.activity(&company, &ask).unwrap();
    it.membership(List::GoodTaxpayers, &company, &ask).unwrap();
    it.cpe(&cpe, &ask).unwrap();
    it.account(&ask).unwrap();

    // From several threads at once, through one client.
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                it.ruc(&ruc(KNOWN), &Ask::default().force_refresh())
                    .unwrap()
            });
        }
    });
}

/// What one fault makes of the predicates: not found, limited, unauthorized, unavailable,
/// retryable, exit code.
#[track_caller]
fn check(fault: &str, expected: [bool; 5], exit_code: u8) {
    paused(async {
        let world = World::new(Settings::default(), |_| {});
        world.fail(fault);
        let error = world.ask(KNOWN).await.unwrap_err();
        assert_eq!(predicates(&error), expected, "{fault}");
        assert_eq!(error.exit_code(), exit_code, "{fault}");
        assert_eq!(error.to_string(), error.message(Lang::Es));
        assert!(error.reason().is_none() && error.upstream_message().is_none());
        assert!(!error.is_invalid() && !error.is_remembered());
    });
}

fn predicates(error: &Error) -> [bool; 5] {
    [
        error.is_not_found(),
        error.is_limited(),
        error.is_unauthorized(),
        error.is_unavailable(),
        error.is_retryable(),
    ]
}

#[test]
fn each_failure_answers_the_predicates() {
    check("401", [false, false, true, false, false], 7);
    check("403", [false, false, true, false, false], 7);
    check("429:retry=60", [false, true, false, false, true], 6);
    check("404", [false, false, false, false, false], 7);
    check("redireccion", [false, false, false, false, false], 7);
    check("500", [false, false, false, true, true], 5);
    check("501", [false, false, false, true, false], 5);
    check("reset", [false, false, false, true, true], 5);
    check("caida", [false, false, false, true, true], 5);
    check("html", [false, false, false, true, true], 5);
    check("enorme", [false, false, false, true, false], 5);
    check("goteo:2s", [false, false, false, true, true], 5);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_a_result_of_its_own() {
    let world = World::new(Settings::default(), |_| {});
    let error = world.ask(UNKNOWN).await.unwrap_err();
    assert_eq!(predicates(&error), [true, false, false, false, false]);
    assert_eq!((error.code(), error.exit_code()), ("no_encontrado", 3));
    assert_eq!(error.reason(), Some(Reason::NotFound));
    assert!(error.failure().is_none() && error.retry_after().is_none());
    assert_eq!(Reason::parse(Reason::NotFound.as_str()), error.reason());
    assert_eq!(error.elapsed(), Duration::ZERO);
    let invalid = Migo::builder(TOKEN).base_url("x").build().err().unwrap();
    assert!(invalid.is_invalid() && invalid.exit_code() == 3 && invalid.failure().is_none());
}
