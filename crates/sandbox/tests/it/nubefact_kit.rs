//! What tests of Nubefact's side need: a sandbox whose clock stands still until it is moved,
//! requests in every form, and documents that are right.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use bytes::Bytes;
use chaski_sandbox::{NubefactConfig, Sandbox, SandboxConfig};
use http::Request;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::kit::ask;

pub(crate) const RUTA: &str = "0f8fad5b-d9cb-469f-a165-70867728950e";
pub(crate) const TOKEN: &str = "no-debe-guardarse";
/// Friday, noon in Lima.
pub(crate) const NOON: &str = "2026-11-27T12:00:00-05:00";

/// A sandbox and its clock.
pub(crate) struct Nube {
    pub(crate) sandbox: Sandbox,
    seconds: Arc<AtomicI64>,
}

pub(crate) fn nube() -> Nube {
    Nube::with(NubefactConfig::default())
}

impl Nube {
    pub(crate) fn with(config: NubefactConfig) -> Nube {
        Nube::configured(config, |_| {})
    }

    pub(crate) fn configured(
        config: NubefactConfig,
        change: impl FnOnce(&mut SandboxConfig),
    ) -> Nube {
        let noon: Timestamp = NOON.parse().unwrap();
        let seconds = Arc::new(AtomicI64::new(noon.as_second()));
        let clock = Arc::clone(&seconds);
        let mut config = SandboxConfig {
            nubefact: config,
            ..SandboxConfig::new(move || {
                Timestamp::from_second(clock.load(Ordering::SeqCst)).unwrap()
            })
        };
        change(&mut config);
        Nube {
            sandbox: Sandbox::new(config).unwrap(),
            seconds,
        }
    }

    pub(crate) fn failing(fault: &str) -> Nube {
        let nube = nube();
        nube.sandbox.fail(fault.parse().unwrap());
        nube
    }

    /// The machine's own clock, not the sandbox's.
    pub(crate) fn set(&self, instant: &str) {
        let instant: Timestamp = instant.parse().unwrap();
        self.seconds.store(instant.as_second(), Ordering::SeqCst);
    }

    pub(crate) fn wait(&self, seconds: i64) {
        self.seconds.fetch_add(seconds, Ordering::SeqCst);
    }

    /// Status and body of a request of the first account.
    #[track_caller]
    pub(crate) fn post(&self, body: &Value) -> (u16, Value) {
        self.send(request(body))
    }

    #[track_caller]
    pub(crate) fn send(&self, request: Request<Bytes>) -> (u16, Value) {
        let response = ask(&self.sandbox, request).unwrap();
        let body = serde_json::from_slice(response.body()).unwrap_or(Value::Null);
        (response.status().as_u16(), body)
    }

    /// The answer to a request that must be a 200.
    #[track_caller]
    pub(crate) fn done(&self, body: &Value) -> Value {
        let (status, answer) = self.post(body);
        assert_eq!(status, 200, "{answer}");
        answer
    }

    /// Status and `codigo` of a refusal.
    #[track_caller]
    pub(crate) fn refused(&self, body: &Value) -> (u16, u64) {
        let (status, answer) = self.post(body);
        (status, answer["codigo"].as_u64().unwrap_or_default())
    }
}

pub(crate) fn request(body: &Value) -> Request<Bytes> {
    raw(RUTA, body.to_string())
}

pub(crate) fn raw(ruta: &str, body: impl Into<Bytes>) -> Request<Bytes> {
    Request::post(format!("https://api.nubefact.com/api/v1/{ruta}"))
        .header("content-type", "application/json")
        .header("authorization", format!("Token token=\"{TOKEN}\""))
        .body(body.into())
        .unwrap()
}

/// A right factura of 118.00 under that number.
pub(crate) fn factura(numero: u32) -> Value {
    json!({
        "operacion": "generar_comprobante",
        "tipo_de_comprobante": 1,
        "serie": "FFF1",
        "numero": numero,
        "sunat_transaction": 1,
        "cliente_tipo_de_documento": "6",
        "cliente_numero_de_documento": "20512333797",
        "cliente_denominacion": "CLIENTE SINTETICO SAC",
        "cliente_direccion": "AV. SINTETICA 123 - LIMA",
        "fecha_de_emision": "27-11-2026",
        "moneda": 1,
        "porcentaje_de_igv": 18.0,
        "total_gravada": 100.0,
        "total_igv": 18.0,
        "total": 118.0,
        "enviar_automaticamente_a_la_sunat": true,
        "items": [item(100.0, 18.0, 118.0)],
    })
}

pub(crate) fn item(value: f64, igv: f64, total: f64) -> Value {
    json!({
        "unidad_de_medida": "NIU",
        "codigo": "P001",
        "descripcion": "PRODUCTO",
        "cantidad": 1,
        "valor_unitario": value,
        "precio_unitario": total,
        "descuento": "",
        "subtotal": value,
        "tipo_de_igv": 1,
        "igv": igv,
        "total": total,
        "anticipo_regularizacion": false,
    })
}

pub(crate) fn boleta(numero: u32) -> Value {
    with(
        factura(numero),
        json!({
            "tipo_de_comprobante": 2,
            "serie": "BBB1",
            "cliente_tipo_de_documento": "1",
            "cliente_numero_de_documento": "00000001",
        }),
    )
}

/// A whole credit note on a factura of [`factura`].
pub(crate) fn credit_note(numero: u32, of: u32) -> Value {
    with(
        factura(numero),
        json!({
            "tipo_de_comprobante": 3,
            "documento_que_se_modifica_tipo": 1,
            "documento_que_se_modifica_serie": "FFF1",
            "documento_que_se_modifica_numero": of,
            "tipo_de_nota_de_credito": 1,
        }),
    )
}

/// The document with other fields; `null` takes one away.
pub(crate) fn with(mut document: Value, fields: Value) -> Value {
    let (Some(into), Value::Object(fields)) = (document.as_object_mut(), fields) else {
        panic!("two objects");
    };
    for (key, value) in fields {
        if value.is_null() {
            into.remove(&key);
        } else {
            into.insert(key, value);
        }
    }
    document
}

/// A request about the document that another request issues.
pub(crate) fn about(operacion: &str, document: &Value) -> Value {
    let mut asked = json!({ "operacion": operacion });
    for key in ["tipo_de_comprobante", "serie", "numero"] {
        if !document[key].is_null() {
            asked[key] = document[key].clone();
        }
    }
    if operacion.starts_with("generar_") {
        asked["motivo"] = "ERROR EN EL PEDIDO".into();
    }
    asked
}

/// A body of the vendor's or of the field's samples.
pub(crate) fn sample(path: &str) -> Value {
    let folder = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../core/tests/samples/nubefact/"
    );
    let text = std::fs::read_to_string(format!("{folder}{path}")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// Moves all dates so that the day of issue is that one.
pub(crate) fn moved_to(document: &Value, day: &str) -> Value {
    let read = |text: &str| jiff::civil::Date::strptime("%d-%m-%Y", text).ok();
    let Some(issued) = document["fecha_de_emision"].as_str().and_then(read) else {
        return document.clone();
    };
    let by = read(day).unwrap().since(issued).unwrap();
    moved_by(document, by)
}

fn moved_by(value: &Value, by: jiff::Span) -> Value {
    match value {
        Value::String(text) => match jiff::civil::Date::strptime("%d-%m-%Y", text) {
            Ok(date) => (date + by).strftime("%d-%m-%Y").to_string().into(),
            Err(_) => value.clone(),
        },
        Value::Array(items) => items.iter().map(|item| moved_by(item, by)).collect(),
        Value::Object(fields) => fields
            .iter()
            .map(|(key, value)| (key.clone(), moved_by(value, by)))
            .collect(),
        _ => value.clone(),
    }
}
