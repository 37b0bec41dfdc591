//! Requests of clients that others wrote, on the gateway and on the sandbox, and requests about
//! vouchers.

use chaski_client::Clock;
use chaski_core::lima_date;
use jiff::ToSpan;
use reqwest::{Client, Method};
use serde_json::{Map, Value};
use tokio::runtime::Runtime;

use crate::place::{FieldPlace, Serving};
use crate::words::holds;
use crate::{Played, kind_of};

const BOUNDARY: &str = "----Parte";

/// Requests to APIMIGO, each on `chaski sandbox` and through the gateway.
pub(crate) fn play_compat(cases: &Value) -> Vec<Played> {
    let runtime = Runtime::new().unwrap();
    let mut played = Vec::new();
    for case in cases["casos"].as_array().unwrap() {
        let with_key = case["llaves"] == true;
        let place = FieldPlace::new();
        let mut token = "cualquiera".to_owned();
        if with_key {
            let made = place.run(&["llaves", "crear", "prueba", "--prueba", "-q"]);
            made.out.trim().clone_into(&mut token);
        }
        let gateway = place.serve(&["serve"]);
        let mut wrong = runtime.block_on(tried(&gateway, "/compat/migo/api", case, &token));
        if wrong.is_none() && !with_key {
            let sandbox = FieldPlace::new().serve(&["sandbox"]);
            wrong = runtime.block_on(tried(&sandbox, "/api", case, &token));
            wrong = wrong.map(|wrong| format!("on the sandbox, {wrong}"));
        }
        played.push(Played {
            name: case["id"].as_str().unwrap().to_owned(),
            kind: kind_of(case, "clase"),
            wrong,
        });
    }
    played
}

/// Requests about vouchers, to a gateway without keys.
pub(crate) fn play_cpe(cases: &Value) -> Vec<Played> {
    let place = FieldPlace::new();
    let gateway = place.serve(&["serve"]);
    let runtime = Runtime::new().unwrap();
    let mut data = Map::new();
    let mut played = Vec::new();
    for case in cases["casos"].as_array().unwrap() {
        let id = case["id"].as_str().unwrap();
        let (status, text) = runtime.block_on(async {
            let request = Client::new().post(format!("{}/api/v1/cpe/validar", gateway.url));
            let answer = request.json(&case["cuerpo"]).send().await.unwrap();
            (answer.status().as_u16(), answer.text().await.unwrap())
        });
        let body: Value = serde_json::from_str(&text).unwrap_or_default();
        let accepted = |entry: &Value| {
            let same = entry["igual_a"].as_str();
            let says = crate::words::texts(&entry["dice"]);
            miss(entry, status, &body).is_none()
                && (says.is_empty() || says.iter().any(|it| holds(&text, it)))
                && same.is_none_or(|other| data.get(other) == Some(&without_times(&body["data"])))
        };
        let mut entries = case["acepta"].as_array().unwrap().iter();
        let wrong = (!entries.any(accepted)).then(|| format!("{status} {text}"));
        data.insert(id.to_owned(), without_times(&body["data"]));
        played.push(Played {
            name: id.to_owned(),
            kind: kind_of(case, "clase"),
            wrong,
        });
    }
    played
}

/// What a voucher is, without when and where it was looked up.
fn without_times(data: &Value) -> Value {
    let mut data = data.clone();
    if let Some(fields) = data.as_object_mut() {
        for name in ["consultado_en", "fuente", "cache_hit", "stale"] {
            fields.remove(name);
        }
    }
    data
}

async fn tried(serving: &Serving, below: &str, case: &Value, token: &str) -> Option<String> {
    for (index, step) in case["pasos"].as_array().unwrap().iter().enumerate() {
        let (status, text) = answered(serving, below, step, token).await;
        let body: Value = serde_json::from_str(&text).unwrap_or_default();
        if let Some(missed) = miss(&step["espera"], status, &body) {
            return Some(format!("step {}: {missed}: {status} {text}", index + 1));
        }
    }
    None
}

/// Sends a step as it says, and gives status and body of the answer.
async fn answered(serving: &Serving, below: &str, step: &Value, token: &str) -> (u16, String) {
    let tomorrow = lima_date(Clock::system().now()).saturating_add(1.day());
    let filled = |text: &str| {
        text.replace("TOKEN", token)
            .replace("MAÑANA", &tomorrow.to_string())
    };
    let data: Vec<(String, String)> = step["datos"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|pair| {
            let value = match &pair[1] {
                Value::String(text) => filled(text),
                other => other.to_string(),
            };
            (pair[0].as_str().unwrap().to_owned(), value)
        })
        .collect();
    let method: Method = step["metodo"].as_str().unwrap().parse().unwrap();
    let path = filled(step["ruta"].as_str().unwrap());
    let mut url = format!("{}{below}{path}", serving.url);
    let encoded = || {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(&data).finish()
    };
    if step["tipo"] == "direccion" {
        url = format!("{url}?{}", encoded());
    }
    let mut request = Client::new().request(method, url);
    for (name, value) in step["cabeceras"].as_object().into_iter().flatten() {
        request = request.header(name, filled(value.as_str().unwrap()));
    }
    request = match step["tipo"].as_str().unwrap() {
        "form" => request
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body(encoded()),
        "json" => request.json(&object(&data)),
        "multipart" => request
            .header(
                "Content-Type",
                format!("multipart/form-data; boundary={BOUNDARY}"),
            )
            .body(multipart(&data)),
        _ => request,
    };
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

/// A name that comes again is a list.
fn object(data: &[(String, String)]) -> Map<String, Value> {
    let mut object = Map::new();
    for (name, value) in data {
        let (name, value) = (name.trim_end_matches("[]"), Value::from(value.as_str()));
        let list = name.len() < data.len()
            && data
                .iter()
                .filter(|(it, _)| it.trim_end_matches("[]") == name)
                .count()
                > 1;
        match object.get_mut(name) {
            Some(Value::Array(values)) => values.push(value),
            _ if list => drop(object.insert(name.to_owned(), Value::Array(vec![value]))),
            _ => drop(object.insert(name.to_owned(), value)),
        }
    }
    object
}

fn multipart(data: &[(String, String)]) -> String {
    let part = |(name, value): &(String, String)| {
        format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
        )
    };
    let parts: String = data.iter().map(part).collect();
    format!("{parts}--{BOUNDARY}--\r\n")
}

/// Why an answer is not what was expected.
fn miss(expected: &Value, status: u16, body: &Value) -> Option<String> {
    if expected["estado"] != status {
        return Some(format!("status {status}"));
    }
    for (name, value) in expected["valores"].as_object().into_iter().flatten() {
        if body[name] != *value {
            return Some(format!("{name} is {}", body[name]));
        }
    }
    for name in crate::words::texts(&expected["campos"]) {
        if body.get(name).is_none() {
            return Some(format!("{name} is not there"));
        }
    }
    let elements = expected["elementos"].as_u64()?;
    let found = body.as_array().map_or(0, Vec::len) as u64;
    (found != elements).then(|| format!("{found} elements"))
}
