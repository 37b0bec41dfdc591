//! The router: the same answers, and the doors to ledger and faults.

use axum::body::{Body, to_bytes};
use bytes::Bytes;
use http::{Method, Request};
use serde_json::{Value, json as value};
use tower::ServiceExt;

use chaski_sandbox::{Cut, Sandbox};

use crate::kit::{sandbox, v1, v2};

async fn through(sandbox: &Sandbox, request: Request<Bytes>) -> (u16, Bytes) {
    let response = sandbox
        .router()
        .oneshot(request.map(Body::from))
        .await
        .unwrap();
    let status = response.status().as_u16();
    (
        status,
        to_bytes(response.into_body(), usize::MAX).await.unwrap(),
    )
}

async fn door(sandbox: &Sandbox, method: Method, path: &str, body: &str) -> (u16, Value) {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .body(body.to_owned().into())
        .unwrap();
    let (status, body) = through(sandbox, request).await;
    (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
}

#[tokio::test]
async fn the_router_answers_what_a_call_answers() {
    for request in [
        v1("ruc", "ruc=20100070970"),
        v2("ruc/20000633527"),
        v1("ruc/collection", "ruc[]=20100070970"),
        v2("nada"),
    ] {
        let direct = sandbox().call(request.clone()).await.unwrap();
        let routed = through(&sandbox(), request).await;
        assert_eq!(routed, (direct.status().as_u16(), direct.into_body()));
    }
}

#[tokio::test]
async fn faults_are_commanded_listed_and_ended_over_http() {
    let sandbox = sandbox();
    let path = "/_sandbox/faults";
    let (status, body) = door(
        &sandbox,
        Method::POST,
        path,
        "429:retry=2@ruc x3\n\n  500:html@dni\n",
    )
    .await;
    assert_eq!(
        (status, body),
        (
            200,
            value!({"faults": ["429:retry=2@ruc x3", "500:html@dni"]})
        )
    );
    assert_eq!(through(&sandbox, v2("ruc/20100070970")).await.0, 429);
    let (_, body) = door(&sandbox, Method::GET, path, "").await;
    assert_eq!(body["faults"][0], "429:retry=2@ruc x2");
    assert_eq!(door(&sandbox, Method::DELETE, path, "").await.0, 204);
    assert_eq!(through(&sandbox, v2("ruc/20100070970")).await.0, 200);
}

#[tokio::test]
async fn one_wrong_line_commands_nothing_and_is_explained() {
    let sandbox = sandbox();
    let (status, body) = door(&sandbox, Method::POST, "/_sandbox/faults", "500\nlento").await;
    assert_eq!((status, &body["success"]), (400, &value!(false)));
    assert!(
        body["error"]
            .as_str()
            .unwrap()
            .starts_with("fallo no reconocido: «lento»")
    );
    assert_eq!(sandbox.faults(), []);
    let english = Request::post("/_sandbox/faults")
        .header("accept-language", "en-GB,en")
        .body(Bytes::from("lento"))
        .unwrap();
    let (_, body) = through(&sandbox, english).await;
    assert!(String::from_utf8_lossy(&body).contains("unknown fault"));
}

#[tokio::test]
async fn ledger_and_state_are_readable_over_http() {
    let sandbox = sandbox();
    for ruc in ["20100070970", "20131312955"] {
        through(&sandbox, v2(&format!("ruc/{ruc}"))).await;
    }
    let (_, ledger) = door(&sandbox, Method::GET, "/_sandbox/ledger", "").await;
    assert_eq!(
        (ledger.as_array().unwrap().len(), &ledger[0]["subjects"]),
        (2, &value!(["20100070970"]))
    );
    let (_, ledger) = door(&sandbox, Method::GET, "/_sandbox/ledger?desde=1", "").await;
    assert_eq!(ledger[0]["subjects"][0], "20131312955");
    let (_, state) = door(&sandbox, Method::GET, "/_sandbox/estado", "").await;
    assert_eq!(
        (
            &state["requests"],
            &state["charged"],
            &state["operations"]["ruc"]
        ),
        (&value!(2), &value!(2), &value!(2))
    );
    assert_eq!(
        (&state["quota"], &state["latency"]),
        (&Value::Null, &value!("0"))
    );
    assert_eq!(
        door(&sandbox, Method::DELETE, "/_sandbox/ledger", "")
            .await
            .0,
        204
    );
    assert_eq!(sandbox.ledger().len(), 0);
}

#[tokio::test]
async fn under_a_foreign_server_a_cut_is_a_503_that_carries_it() {
    let sandbox = sandbox();
    sandbox.fail("cerrar".parse().unwrap());
    let request = v2("ruc/20100070970").map(Body::from);
    let response = sandbox.router().oneshot(request).await.unwrap();
    assert_eq!(response.status(), 503);
    assert_eq!(
        response.extensions().get::<Cut>(),
        Some(&Cut::ClosedBeforeAnswer)
    );
}

#[tokio::test]
async fn a_body_far_beyond_any_request_is_refused() {
    let request = v1("ruc", &"a".repeat(2 * 1024 * 1024));
    assert_eq!(through(&sandbox(), request).await.0, 413);
}
