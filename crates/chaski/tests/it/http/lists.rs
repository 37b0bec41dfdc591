//! Several numbers in one request, in its body: look-ups, forgetting, the record of calls.

use chaski::app::keys::Scope;
use http::Method;
use serde_json::{Value, json};

use super::{Answered, Door};

async fn post(door: &Door, path: &str, body: Value) -> Answered {
    door.ask(Method::POST, path, None, &body.to_string()).await
}

#[tokio::test]
async fn several_rucs() {
    let door = Door::open().await;
    let path = "/api/v1/ruc/consultas";
    let wanted =
        json!({"rucs": ["20100070970", "nada", "20000633527", "20131312955", "20100070970"]});
    let answer = post(&door, path, wanted.clone()).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let body = answer.json();
    let rows = body["data"].as_array().unwrap();
    let codes: Vec<_> = rows.iter().map(|row| row["code"].as_str()).collect();
    let (bad, unknown) = (Some("ruc_longitud"), Some("no_encontrado"));
    assert_eq!(codes[0], None);
    assert!(codes[1] == bad || codes[1] == Some("ruc_formato"), "{body}");
    assert_eq!(codes[2..], [unknown, None, None]);
    assert_eq!(rows[3]["data"]["ruc"], "20131312955");
    assert_eq!(rows[3]["meta"]["source"], "upstream");
    assert_eq!(rows[3]["meta"]["mode"], "sandbox");
    assert!(rows[2]["data"].is_null() && rows[2]["error"].is_string());
    let calls = door.app.migo().line().stats().calls;
    let again = post(&door, path, wanted.clone()).await.json();
    assert_eq!(again["data"][0]["meta"]["source"], "memory");
    assert_eq!(
        door.app.migo().line().stats().calls,
        calls,
        "nothing is paid twice"
    );
    for (wanted, code) in [
        (json!({"rucs": []}), "campo_requerido"),
        (
            json!({"rucs": vec!["20100070970"; 1_001]}),
            "lista_demasiado_larga",
        ),
        (
            json!({"rucs": ["20100070970"], "otro": 1}),
            "campo_invalido",
        ),
    ] {
        let refused = post(&door, path, wanted).await;
        assert_eq!(
            (refused.status.as_u16(), &refused.json()["code"]),
            (422, &json!(code))
        );
    }
}

#[tokio::test]
async fn several_dnis() {
    let door = Door::open().await;
    let path = "/api/v1/dni/consultas";
    let wanted = json!({"dnis": ["00000001", "123"], "motivo": "alta"});
    let body = post(&door, path, wanted).await.json();
    assert_eq!(body["data"][0]["data"]["dni"], "00000001");
    assert!(body["data"][0]["data"]["nombre"].is_string(), "{body}");
    assert_eq!(body["data"][1]["code"], "dni_longitud");
    assert!(!body["data"][1].to_string().contains("123"), "{body}");
    let fresh = json!({"dnis": ["00000001"], "max_age": 3600});
    let fresh = post(&door, path, fresh).await.json();
    assert_eq!(fresh["data"][0]["meta"]["source"], "memory");
    let forced = json!({"dnis": ["00000001"], "force_refresh": true});
    let forced = post(&door, path, forced).await.json();
    assert_eq!(forced["data"][0]["meta"]["source"], "upstream");
    let one = door.get("/api/v1/dni/00000001?max_age=3600").await.json();
    assert_eq!(one["meta"]["source"], "memory");
    for (wanted, code) in [
        (json!({"dnis": []}), "campo_requerido"),
        (
            json!({"dnis": vec!["00000001"; 101]}),
            "lista_demasiado_larga",
        ),
        (json!({"dnis": ["00000001"], "motivo": "12345678"}), "uso"),
    ] {
        let refused = post(&door, path, wanted).await;
        assert_eq!(
            (refused.status.as_u16(), &refused.json()["code"]),
            (422, &json!(code))
        );
    }
    let calls = post(
        &door,
        "/api/v1/llamadas/buscar",
        json!({"numero": "00000001"}),
    )
    .await;
    let rows = calls.json()["data"].as_array().unwrap().clone();
    assert!(rows.len() > 2, "{}", calls.text);
    assert!(rows.iter().any(|row| row["motivo"] == "alta"));
    assert!(!calls.text.contains("00000001"), "{}", calls.text);
    let sent = json!({"numero": "00000001", "enviadas": true, "limit": 1});
    let sent = post(&door, "/api/v1/llamadas/buscar", sent).await.json();
    assert!(sent["next_cursor"].is_string(), "{sent}");
    // Numbers with a wrong check digit may have been asked for too.
    let odd = json!({"numero": "20100070971"});
    let odd = post(&door, "/api/v1/llamadas/buscar", odd).await;
    assert_eq!(odd.status, 200, "{}", odd.text);
    let bad = post(&door, "/api/v1/llamadas/buscar", json!({"numero": "123"})).await;
    assert_eq!(
        (bad.status.as_u16(), &bad.json()["code"]),
        (422, &json!("campo_invalido"))
    );
}

#[tokio::test]
async fn forgetting_some_and_all() {
    let door = Door::open().await;
    let path = "/api/v1/ruc/invalidos/olvidar";
    let unknown = "/api/v1/ruc/20000633527";
    for wanted in [
        json!({"rucs": ["20000633527", "20100070970"]}),
        json!({"todos": true}),
    ] {
        assert_eq!(door.get(unknown).await.status, 404);
        let calls = door.app.migo().line().stats().calls;
        let gone = post(&door, path, wanted.clone()).await.json();
        assert_eq!(gone["olvidados"], 1, "{wanted}");
        let gone = post(&door, path, wanted).await.json();
        assert_eq!(gone["olvidados"], 0);
        assert_eq!(door.get(unknown).await.status, 404);
        assert_eq!(
            door.app.migo().line().stats().calls,
            calls + 1,
            "it was asked again"
        );
    }
    for wanted in [json!({}), json!({"rucs": ["20100070970"], "todos": true})] {
        assert_eq!(post(&door, path, wanted).await.status, 422);
    }
    let bad = post(&door, path, json!({"rucs": ["20100070971"]})).await;
    assert_eq!(bad.json()["code"], "ruc_digito");
    // All of them are everybody's.
    let some = door.key(&[Scope::Consultas], 0, 0).await;
    let every = door
        .key(&[Scope::Consultas, Scope::Administracion], 0, 0)
        .await;
    for (key, wanted, status) in [
        (&some, r#"{"todos":true}"#, 403),
        (&some, r#"{"rucs":["20100070970"]}"#, 200),
        (&every, r#"{"todos":true}"#, 200),
    ] {
        let answer = door.ask(Method::POST, path, Some(key), wanted).await;
        assert_eq!(answer.status, status, "{wanted}: {}", answer.text);
    }
}

#[tokio::test]
async fn what_the_account_spent() {
    let door = Door::open().await;
    let account = door.get("/api/v1/proveedores/migo/cuenta").await.json();
    assert!(account["data"]["llamadas_del_mes"].is_u64(), "{account}");
    assert!(account["data"]["cuota"].is_null(), "{account}");
}
