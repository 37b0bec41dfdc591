//! Each fault in process: what comes, what it costs, how often and when.

use std::time::Duration;

use chaski_core::Lang;
use chaski_sandbox::{
    Cut, Fault, FaultError, FaultKind, Frequency, Operation, RetryAfter, Sandbox,
};
use serde_json::Value;

use crate::kit::{answer, ask, sandbox, status, v1, v2};

fn failing(fault: &str) -> Sandbox {
    let sandbox = sandbox();
    sandbox.fail(fault.parse().unwrap());
    sandbox
}

#[track_caller]
fn check(fault: &str, expected_status: u16, body_contains: &str, charged: u64) {
    let sandbox = failing(fault);
    let response = ask(&sandbox, v2("ruc/20100070970")).unwrap();
    assert_eq!(response.status().as_u16(), expected_status);
    let body = String::from_utf8_lossy(response.body());
    assert!(
        body.contains(body_contains),
        "{fault}: {}",
        &body[..body.len().min(300)]
    );
    assert_eq!(sandbox.charged(), charged, "{fault}");
    let entry = &sandbox.ledger()[0];
    assert_eq!(
        (entry.status, entry.charged),
        (Some(expected_status), charged == 1)
    );
    let kind = fault.split(['@', ' ']).next().unwrap();
    assert_eq!(entry.fault.unwrap().to_string(), kind);
}

#[test]
fn refusals_on_command_cost_nothing() {
    check("401", 401, r#"{"message":"Unauthenticated."}"#, 0);
    check("403", 403, r#""success":false"#, 0);
    check("404", 404, "Recurso no encontrado", 0);
    check("429", 429, r#"{"message":"Too Many Attempts."}"#, 0);
    check("500", 500, r#"{"message":"Server Error"}"#, 0);
    check("503:html", 503, "<!DOCTYPE html>", 0);
    check("redireccion", 302, "", 0);
}

#[test]
fn spoilt_answers_cost_a_call() {
    check(
        "json-malo",
        200,
        r#"[{"success":true,"ruc":"20100070970""#,
        1,
    );
    check("html", 200, "<!DOCTYPE html>", 1);
    check("otro-ruc", 200, r#""ruc":"20131312955""#, 1);
    check("success-false", 200, r#"{"success":false,"message":"#, 1);
    check("formula", 200, r#""nombre_o_razon_social":"=HYPERLINK("#, 1);
    check("formula", 200, r"\u0000\u001b[31m\r\n", 1);
    check("goteo:200ms", 200, r#""success":true"#, 1);
}

#[test]
fn a_truncated_body_is_no_json_and_an_array_becomes_an_object() {
    let response = ask(&failing("truncado"), v2("ruc/20100070970")).unwrap();
    assert!(response.body().starts_with(b"{\"success\":true"));
    assert!(serde_json::from_slice::<Value>(response.body()).is_err());
    let (_, body) = answer(
        &failing("json-malo"),
        v1("ruc/collection", "ruc[]=20100070970"),
    );
    assert_eq!(body["data"][0]["ruc"], "20100070970");
}

#[test]
fn huge_and_nested_bodies_are_as_large_as_promised() {
    let response = ask(&failing("enorme"), v2("ruc/20100070970")).unwrap();
    assert_eq!(response.body().len(), 10 * 1024 * 1024);
    assert!(serde_json::from_slice::<Value>(response.body()).is_ok());
    let response = ask(&failing("anidado"), v2("ruc/20100070970")).unwrap();
    let text = std::str::from_utf8(response.body()).unwrap();
    assert_eq!(text.matches('{').count(), 10_000);
    assert_eq!(text.matches('}').count(), 10_000);
}

#[test]
fn another_number_also_comes_for_the_other_questions() {
    let check = |request, pointer: &str, expected: &str| {
        let (_, body) = answer(&failing("otro-ruc"), request);
        assert_eq!(body.pointer(pointer).unwrap(), expected);
    };
    check(v2("ruc/20131312955"), "/ruc", "20100070970");
    check(v2("dni/12345678"), "/dni", "87654321");
    check(v2("dni/87654321"), "/dni", "12345678");
    check(
        v1("ruc/collection", "ruc[]=20100070970&ruc[]=20100038146"),
        "/0/ruc",
        "20131312955",
    );
    check(
        v1("ruc/collection", "ruc[]=20100070970&ruc[]=20100038146"),
        "/1/ruc",
        "20100038146",
    );
    check(
        v1("ruc/agentes-retencion", "ruc=20100070970"),
        "/ruc",
        "20131312955",
    );
}

#[test]
fn retry_after_comes_in_seconds_as_a_date_or_not_at_all() {
    let check = |fault: &str, expected: Option<&str>| {
        let response = ask(&failing(fault), v2("ruc/20100070970")).unwrap();
        let header = response.headers().get("retry-after");
        assert_eq!(header.map(|value| value.to_str().unwrap()), expected);
    };
    check("429", None);
    check("429:retry=2", Some("2"));
    check("429:fecha", Some("Wed, 28 Jan 2026 15:00:02 GMT"));
    check("429:fecha=60", Some("Wed, 28 Jan 2026 15:01:00 GMT"));
    let response = ask(&failing("redireccion"), v2("ruc/20100070970")).unwrap();
    assert_eq!(response.headers()["location"], "/iniciar-sesion");
}

#[test]
fn cut_connections_are_told_apart_and_only_a_lost_answer_costs() {
    let check = |fault: &str, expected: Cut, charged: u64| {
        let sandbox = failing(fault);
        assert_eq!(ask(&sandbox, v2("ruc/20100070970")).unwrap_err(), expected);
        assert_eq!(
            (sandbox.charged(), sandbox.ledger()[0].status),
            (charged, None)
        );
    };
    check("caida", Cut::Refused, 0);
    check("reset", Cut::Reset, 0);
    check("cerrar", Cut::ClosedBeforeAnswer, 1);
}

/// The statuses of so many requests for one RUC.
fn statuses(sandbox: &Sandbox, times: usize) -> Vec<u16> {
    (0..times)
        .map(|_| status(sandbox, v2("ruc/20100070970")))
        .collect()
}

#[test]
fn faults_come_as_often_as_commanded() {
    let check = |fault: &str, expected: &[u16]| {
        assert_eq!(
            statuses(&failing(fault), expected.len()),
            expected,
            "{fault}"
        );
    };
    check("500", &[500, 500, 500]);
    check("500 x2", &[500, 500, 200, 200]);
    check("500 /3", &[200, 200, 500, 200, 200, 500]);
    check("500@dni", &[200, 200]);
    check("500@ruc x1", &[500, 200]);
    let sandbox = failing("500 %20");
    let struck = statuses(&sandbox, 500)
        .iter()
        .filter(|status| **status == 500)
        .count();
    assert!((70..130).contains(&struck), "{struck} of 500");
    assert_eq!(
        statuses(&failing("500 %20"), 50),
        statuses(&failing("500 %20"), 50)
    );
}

#[test]
fn the_first_fault_that_fires_wins_and_healing_ends_all() {
    let sandbox = failing("500 x1");
    sandbox.fail(Fault::new(FaultKind::Forbidden).on(Operation::Ruc).next(2));
    assert_eq!(statuses(&sandbox, 4), [500, 403, 403, 200]);
    assert_eq!(sandbox.faults(), []);
    sandbox.fail(Fault::new(FaultKind::Unauthorized));
    assert_eq!(statuses(&sandbox, 1), [401]);
    sandbox.heal();
    assert_eq!(statuses(&sandbox, 1), [200]);
}

#[tokio::test(start_paused = true)]
async fn windows_open_and_close_on_the_paused_clock() {
    let sandbox = sandbox();
    sandbox.fail("caida:10s..20s".parse().unwrap());
    let mut seen = Vec::new();
    for _ in 0..5 {
        seen.push(sandbox.call(v2("ruc/20100070970")).await.is_ok());
        tokio::time::advance(Duration::from_secs(5)).await;
    }
    assert_eq!(seen, [true, true, false, false, true]);
    sandbox.fail("500 [3s]".parse().unwrap());
    let status = |sandbox: &Sandbox| {
        let sandbox = sandbox.clone();
        async move {
            sandbox
                .call(v2("ruc/20100070970"))
                .await
                .unwrap()
                .status()
                .as_u16()
        }
    };
    assert_eq!(status(&sandbox).await, 500);
    tokio::time::advance(Duration::from_secs(3)).await;
    assert_eq!(status(&sandbox).await, 200);
}

#[tokio::test(start_paused = true)]
async fn a_dripping_answer_takes_ten_intervals() {
    let sandbox = failing("goteo:200ms");
    let start = tokio::time::Instant::now();
    sandbox.call(v2("ruc/20100070970")).await.unwrap();
    assert_eq!(start.elapsed(), Duration::from_secs(2));
}

#[test]
fn text_becomes_a_fault_and_back() {
    let check = |text: &str, canonical: &str| {
        let fault: Fault = text.parse().unwrap();
        assert_eq!(fault.to_string(), canonical);
        assert_eq!(canonical.parse::<Fault>().unwrap(), fault);
    };
    for word in [
        "401",
        "403",
        "404",
        "429",
        "429:retry=2",
        "500",
        "502:html",
        "redireccion",
        "reset",
        "caida",
        "cerrar",
        "goteo:200ms",
        "truncado",
        "json-malo",
        "html",
        "otro-ruc",
        "success-false",
        "enorme",
        "anidado",
        "formula",
    ] {
        check(word, word);
        check(
            &format!("{word}x3@coleccion"),
            &format!("{word}@coleccion x3"),
        );
    }
    check("429:fecha", "429:fecha=2");
    check("goteo", "goteo:200ms");
    check("caida:10s..610s", "caida [10s..610s]");
    check("caida:30s", "caida [30s]");
    check(
        " 500:html @ruc %12.5 [1m..90s] ",
        "500:html@ruc %12.5 [1m..90s]",
    );
    check("500@tipo-cambio-ultimo/7", "500@tipo-cambio-ultimo /7");
    assert_eq!(
        "429:retry=2@ruc x3".parse::<Fault>().unwrap(),
        Fault {
            scope: Some(Operation::Ruc),
            frequency: Frequency::Next(3),
            ..Fault::new(FaultKind::TooMany(RetryAfter::Seconds(2)))
        }
    );
}

#[test]
fn what_is_no_fault_is_refused_with_what_would_be_one() {
    let check = |text: &str, es: &str, en: &str| {
        let error: FaultError = text.parse::<Fault>().unwrap_err();
        assert!(error.message(Lang::Es).contains(es), "{text}: {error}");
        assert!(error.message(Lang::En).contains(en), "{text}: {error}");
    };
    for kind in [
        "",
        "lento",
        "499",
        "600",
        "200",
        "429:retry",
        "429:retry=x",
        "500:json",
        "reset:html",
        "goteo:x",
        "ñ",
    ] {
        check(kind, "se acepta 429", "accepted: 429");
    }
    for operation in ["500@", "500@rucs", "500@ruc@dni"] {
        check(operation, "después de @", "after @");
    }
    for frequency in [
        "500 x0",
        "500 %0",
        "500 %101",
        "500 /0",
        "500 x3 x4",
        "500x1.5",
    ] {
        check(frequency, "la frecuencia", "the frequency");
    }
    for window in [
        "caida:20s..10s",
        "caida:x",
        "500 []",
        "500 [1..2]",
        "caida:10s [10s]",
    ] {
        check(window, "la ventana", "the window");
    }
}
