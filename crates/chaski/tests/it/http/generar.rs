//! The original's view that issues an invoice, which was wired to no path there.

use std::sync::Arc;

use chaski::app::keys::Scope;
use http::Method;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::issued::{ISSUER, Issuing, OTHER, ask, example, sale};
use super::{Answered, Door};

const PATH: &str = "/api/comprobantes/generar/";

/// Its addresses, with the scope that opens them and a body that can be read.
pub(super) fn routes() -> Vec<(&'static str, String, Scope, &'static str)> {
    let paths = [PATH, "/api/comprobantes/generar"];
    let row = |path: &str| {
        (
            "POST",
            path.to_owned(),
            Scope::Emitir,
            r#"{"tipo":"boleta"}"#,
        )
    };
    paths.map(row).to_vec()
}

/// The message of an error in the original's shape.
#[track_caller]
fn error_of(answer: &Answered, status: u16) -> String {
    assert_eq!(answer.status, status, "{}", answer.text);
    let body = answer.json();
    assert_eq!(body["status"], "error", "{body}");
    assert!(body.get("success").is_none(), "{body}");
    let message = body["message"].as_str().unwrap_or_else(|| panic!("{body}"));
    assert!(!message.is_empty(), "{body}");
    message.to_owned()
}

#[track_caller]
fn success_of(answer: &Answered) -> Value {
    assert_eq!(answer.status, 200, "{}", answer.text);
    let body = answer.json();
    assert_eq!(body["status"], "success", "{body}");
    assert!(body["invoice_id"].is_string(), "{body}");
    body
}

/// In Nubefact's JSON, as the original's callers write it.
fn in_nubefacts_json(codigo: &str) -> String {
    let today = chaski_core::lima_date(chaski_client::Clock::system().now());
    json!({
        "operacion": "generar_comprobante", "tipo_de_comprobante": 2, "serie": "BBB1", "numero": 1,
        "sunat_transaction": 1, "cliente_tipo_de_documento": "1",
        "cliente_numero_de_documento": "00000001", "cliente_denominacion": "CLIENTE DE PRUEBA",
        "cliente_direccion": "", "fecha_de_emision": today.strftime("%d-%m-%Y").to_string(),
        "moneda": 1, "porcentaje_de_igv": "18.00", "total_gravada": "100.00", "total_igv": "18.00",
        "total": "118.00", "codigo_unico": codigo,
        "items": [{
            "unidad_de_medida": "NIU", "codigo": "001", "descripcion": "POLO", "cantidad": "1",
            "valor_unitario": "100", "precio_unitario": "118", "subtotal": "100", "tipo_de_igv": "1",
            "igv": "18", "total": "118", "anticipo_regularizacion": "false",
        }],
    })
    .to_string()
}

#[tokio::test]
async fn an_invoice_in_the_shape_of_the_original() {
    let it = Issuing::open(None).await;
    let post = async |path: &str, body: &str| it.ask(Method::POST, path, &[], body).await;
    // 1. As JSON, with and without a slash; the same again is the same one.
    let first = success_of(&post(PATH, &sale("118.00")).await);
    assert_eq!(first["pdf_generated"], true, "{first}");
    assert_eq!(first["codigo_unico"], Value::Null);
    let told = &first["nubefact_response"];
    assert_eq!(
        (&told["serie"], &told["numero"], &told["aceptada_por_sunat"]),
        (&json!("FFF1"), &json!(1), &json!(true)),
        "{first}"
    );
    let again = success_of(&post("/api/comprobantes/generar", &sale("118.00")).await);
    assert_eq!(again["invoice_id"], first["invoice_id"]);
    // 2. As the PDF.
    for wanted in ["true", "1", "True"] {
        let path = format!("{PATH}?include_pdf={wanted}");
        let pdf = post(&path, &sale("118.00")).await;
        assert_eq!(
            (pdf.status.as_u16(), pdf.header("content-type")),
            (200, "application/pdf")
        );
        assert!(pdf.text.starts_with("%PDF"));
        assert!(
            pdf.header("content-disposition")
                .contains("20603274742-01-FFF1-1.pdf")
        );
    }
    let path = format!("{PATH}?include_pdf=false");
    success_of(&post(&path, &sale("118.00")).await);
    // 3. In Nubefact's JSON.
    let boleta = success_of(&post(PATH, &in_nubefacts_json("pedido-7")).await);
    assert_eq!(boleta["codigo_unico"], "pedido-7", "{boleta}");
    assert_eq!(boleta["nubefact_response"]["aceptada_por_sunat"], false);
    // 4. It is one of ours like any other.
    let id = first["invoice_id"].as_str().unwrap();
    let path = format!("/api/v1/comprobantes/{id}");
    let known = it.ask(Method::GET, &path, &[], "").await;
    assert_eq!(known.json()["estado"], "ACEPTADO", "{}", known.text);
    let all = it.ask(Method::GET, "/api/v1/comprobantes", &[], "").await;
    assert_eq!(all.json()["data"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn what_is_wrong_in_the_shape_of_the_original() {
    let it = Issuing::open(None).await;
    let post = async |body: &str| it.ask(Method::POST, PATH, &[], body).await;
    let wrong = post(&example("mal")).await;
    error_of(&wrong, 400);
    let errors = wrong.json()["errors"].clone();
    assert!(errors[0]["detail"].is_string(), "{errors}");
    for body in ["{", "[]", "null", r#"{"tipo":"boleta"}"#, "{}"] {
        error_of(&post(body).await, 400);
    }
    error_of(&post("").await, 415);
    let unread = ask(&it.door, &it.key, Method::GET, PATH, &[], "").await;
    error_of(&unread, 405);
    // A double click.
    success_of(&post(&sale("50.00")).await);
    let headers = [("Idempotency-Key", "otra")];
    let twin = it.ask(Method::POST, PATH, &headers, &sale("50.00")).await;
    error_of(&twin, 400);
    assert_eq!(twin.json()["code"], "duplicado_probable");
    // Whose it is.
    let body = sale("60.00");
    let ask_as = async |key: &str| ask(&it.door, key, Method::POST, PATH, &[], &body).await;
    error_of(&ask_as("chk_test_000000000000_00").await, 401);
    let reader = it.door.key(&[Scope::Comprobantes], 0, 0).await;
    error_of(&ask_as(&reader).await, 403);
    let stranger = it.door.key_of(&it.door.app, Some(OTHER)).await;
    error_of(&ask_as(&stranger).await, 404);
    let of_series = it.door.key_of_series(Some(ISSUER), "BBB1").await;
    error_of(&ask_as(&of_series).await, 404);
    let all = it.ask(Method::GET, "/api/v1/comprobantes", &[], "").await;
    assert_eq!(all.json()["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_is_not_known_in_time_is_an_error_and_the_same_again_tells() {
    // Nobody issues here yet.
    let settings = vec![("CHASKI_NUBEFACT_PATIENCE", "300ms".to_owned())];
    let door = Door::open_with(None, false, settings).await;
    let key = door.key_of(&door.app, Some(ISSUER)).await;
    let post = async || ask(&door, &key, Method::POST, PATH, &[], &sale("70.00")).await;
    let unknown = post().await;
    let message = error_of(&unknown, 500);
    assert!(message.contains("todavía no se sabe"), "{message}");
    let id = unknown.json()["invoice_id"].clone();
    assert_eq!(post().await.json()["invoice_id"], id);
    let (_stop, stopped) = oneshot::channel::<()>();
    let shutdown = async move { drop(stopped.await) };
    tokio::spawn(chaski::jobs::issuing::run(Arc::clone(&door.app), shutdown));
    for _ in 0..60 {
        let answer = post().await;
        if answer.status == 200 {
            assert_eq!(success_of(&answer)["invoice_id"], id);
            return;
        }
        error_of(&answer, 500);
    }
    panic!("it is never known");
}
