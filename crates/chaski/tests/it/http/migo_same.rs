//! Whatever the sandbox answers for APIMIGO, the pass-through answers: the same request is sent to both,
//! in every way that a program may write it, and status and body are compared. What differs on purpose
//! is in `docs/en/gateway.md`, "What is not the same".

use axum::body::Body;
use bytes::Bytes;
use chaski_sandbox::Sandbox;
use http::{Method, Request, StatusCode};
use serde_json::{Map, Value};

use super::Door;

/// How the fields of a question are written.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Written {
    Json,
    /// Numbers as numbers, as spreadsheets and some languages send them.
    JsonNumbers,
    Form,
    /// A list as `x[]=`, `x[0]=` or `x=` more than once.
    Brackets,
    Indexed,
    Parts,
    Query,
}

use Written::{Brackets, Form, Indexed, Json, JsonNumbers, Parts, Query};

const EVERY_WAY: [Written; 7] = [Json, JsonNumbers, Form, Brackets, Indexed, Parts, Query];

/// Where the token is.
#[derive(Debug, Clone, Copy)]
enum Token {
    Field,
    Bearer,
    LowerBearer,
}

const EVERY_TOKEN: [Token; 3] = [Token::Field, Token::Bearer, Token::LowerBearer];

/// A question of version 1: its address, and its fields; several values are a list.
type Asked = (
    &'static str,
    &'static [(&'static str, &'static [&'static str])],
);

/// Known, unknown, not in a list, not yet, not of the form, or not there.
const QUESTIONS: [Asked; 64] = [
    ("ruc", &[("ruc", &["20100070970"])]),
    ("ruc", &[("ruc", &["20131312955"])]),
    ("ruc", &[("ruc", &["20000237575"])]),
    ("ruc", &[("ruc", &["20000158381"])]),
    ("ruc", &[("ruc", &["20000554333"])]),
    ("ruc", &[("ruc", &["10000000011"])]),
    ("ruc", &[("ruc", &["20000633527"])]),
    ("ruc", &[("ruc", &["20100070971"])]),
    ("ruc", &[("ruc", &["99999999999"])]),
    ("ruc", &[("ruc", &["2010007097"])]),
    ("ruc", &[("ruc", &["2010007097x"])]),
    ("ruc", &[("ruc", &[""])]),
    ("ruc", &[]),
    ("dni", &[("dni", &["00000001"])]),
    ("dni", &[("dni", &["12345678"])]),
    ("dni", &[("dni", &["99999999"])]),
    ("dni", &[("dni", &["1234567"])]),
    ("dni", &[]),
    ("exchange/latest", &[]),
    ("exchange/date", &[("fecha", &["2026-01-28"])]),
    ("exchange/date", &[("fecha", &["2026-01-25"])]),
    ("exchange/date", &[("fecha", &["2099-01-05"])]),
    ("exchange/date", &[("fecha", &["2009-01-05"])]),
    ("exchange/date", &[("fecha", &["28/01/2026"])]),
    ("exchange/date", &[("fecha", &["2026-02-30"])]),
    ("exchange/date", &[]),
    (
        "exchange",
        &[
            ("fecha_inicio", &["2026-01-20"]),
            ("fecha_fin", &["2026-01-28"]),
        ],
    ),
    (
        "exchange",
        &[
            ("fecha_inicio", &["2026-01-24"]),
            ("fecha_fin", &["2026-01-25"]),
        ],
    ),
    (
        "exchange",
        &[
            ("fecha_inicio", &["2099-01-01"]),
            ("fecha_fin", &["2099-01-09"]),
        ],
    ),
    (
        "exchange",
        &[
            ("fecha_inicio", &["2009-01-01"]),
            ("fecha_fin", &["2010-01-08"]),
        ],
    ),
    (
        "exchange",
        &[
            ("fecha_inicio", &["2026-01-28"]),
            ("fecha_fin", &["2026-01-20"]),
        ],
    ),
    ("exchange", &[("fecha_inicio", &["2026-01-28"])]),
    ("ruc/representantes-legales", &[("ruc", &["20100070970"])]),
    ("ruc/representantes-legales", &[("ruc", &["10000000011"])]),
    ("ruc/representantes-legales", &[("ruc", &["20000633527"])]),
    ("ruc/representantes-legales", &[("ruc", &["1"])]),
    ("ruc/agentes-retencion", &[("ruc", &["20100070970"])]),
    ("ruc/agentes-retencion", &[("ruc", &["20512333797"])]),
    ("ruc/agentes-retencion", &[("ruc", &["20000633527"])]),
    ("ruc/agentes-retencion", &[("ruc", &["99999999999"])]),
    ("ruc/agentes-retencion", &[]),
    ("ruc/buenos-contribuyentes", &[("ruc", &["20100070970"])]),
    ("ruc/buenos-contribuyentes", &[("ruc", &["20512333797"])]),
    ("ruc/buenos-contribuyentes", &[("ruc", &["x"])]),
    ("ruc/collection", &[("ruc", &["20100070970"])]),
    (
        "ruc/collection",
        &[("ruc", &["20100070970", "20131312955", "20000633527"])],
    ),
    (
        "ruc/collection",
        &[("ruc", &["20100070970", "20100070970"])],
    ),
    (
        "ruc/collection",
        &[("ruc", &["20100070970", "99999999999"])],
    ),
    ("ruc/collection", &[("ruc", &["20100070970", "1"])]),
    ("ruc/collection", &[]),
    ("cpe", &CPE),
    ("cpe", &with("numero", &["98"])),
    ("cpe", &with("numero", &["95"])),
    ("cpe", &with("numero", &["99"])),
    ("cpe", &with("fecha_emision", &["28/01/2099"])),
    ("cpe", &with("fecha_emision", &["2026-01-28"])),
    ("cpe", &with("fecha_emision", &["30/02/2026"])),
    ("cpe", &with("monto", &["ciento"])),
    ("cpe", &with("tipo_comprobante", &["1"])),
    ("cpe", &with("ruc_emisor", &["1"])),
    ("cpe", &with("serie", &[])),
    ("cpe", &with("numero", &["abc"])),
    ("account", &[]),
    ("no-hay", &[("ruc", &["20100070970"])]),
];

type Fields = [(&'static str, &'static [&'static str]); 6];

const CPE: Fields = [
    ("ruc_emisor", &["20100070970"]),
    ("tipo_comprobante", &["01"]),
    ("serie", &["F001"]),
    ("numero", &["1"]),
    ("fecha_emision", &["28/01/2026"]),
    ("monto", &["118.00"]),
];

/// A received document with one field changed.
const fn with(field: &'static str, values: &'static [&'static str]) -> Fields {
    let mut fields = CPE;
    let mut place = 0;
    while place < fields.len() {
        if same(fields[place].0, field) {
            fields[place].1 = values;
        }
        place += 1;
    }
    fields
}

const fn same(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    if one.len() != other.len() {
        return false;
    }
    let mut place = 0;
    while place < one.len() {
        if one[place] != other[place] {
            return false;
        }
        place += 1;
    }
    true
}

/// A question as it goes out: address without the base, kind of body and body, header of the token.
struct Sent {
    method: Method,
    path: String,
    kind: Option<&'static str>,
    body: Vec<u8>,
    token: Option<&'static str>,
}

impl Sent {
    fn of((path, fields): Asked, written: Written, token: Token, slash: &str) -> Sent {
        let mut fields: Vec<(&str, &[&str])> = fields.to_vec();
        fields.retain(|(_, values)| !values.is_empty());
        if matches!(token, Token::Field) {
            fields.insert(0, ("token", &["cualquiera"]));
        }
        let is_list = path.ends_with("collection");
        let (kind, body) = match written {
            Json | JsonNumbers => {
                let mut object = Map::new();
                for (name, values) in &fields {
                    let listed = is_list && *name == "ruc";
                    let value = |text: &&str| match text.parse::<u64>() {
                        Ok(number) if written == JsonNumbers && !text.starts_with('0') => {
                            number.into()
                        }
                        _ => Value::from(*text),
                    };
                    let value = if listed {
                        values.iter().map(value).collect()
                    } else {
                        value(&values[0])
                    };
                    object.insert((*name).to_owned(), value);
                }
                (
                    Some("application/json"),
                    Value::from(object).to_string().into_bytes(),
                )
            }
            Parts => (
                Some("multipart/form-data; boundary=xxx"),
                parts(&pairs(&fields, is_list, Brackets)),
            ),
            Query => (None, Vec::new()),
            _ => {
                let text = encoded(&pairs(&fields, is_list, written));
                (
                    Some("application/x-www-form-urlencoded; charset=utf-8"),
                    text.into_bytes(),
                )
            }
        };
        let query = match written {
            Query => format!("?{}", encoded(&pairs(&fields, is_list, Brackets))),
            _ => String::new(),
        };
        Sent {
            method: Method::POST,
            path: format!("/v1/{path}{slash}{query}"),
            kind,
            body,
            token: match token {
                Token::Field => None,
                Token::Bearer => Some("Bearer cualquiera"),
                Token::LowerBearer => Some("bearer cualquiera"),
            },
        }
    }

    fn get(path: &str) -> Sent {
        Sent {
            method: Method::GET,
            path: path.to_owned(),
            kind: None,
            body: Vec::new(),
            token: Some("Bearer cualquiera"),
        }
    }

    fn request<B>(&self, base: &str, body: B) -> Request<B> {
        let address = format!("{base}{}", self.path);
        let mut request = Request::builder().method(self.method.clone()).uri(address);
        request = request.header("Accept", "application/json");
        request = request.header("Content-Length", self.body.len());
        if let Some(kind) = self.kind {
            request = request.header("Content-Type", kind);
        }
        if let Some(token) = self.token {
            request = request.header("Authorization", token);
        }
        request.body(body).unwrap()
    }
}

/// What a form sends for the fields.
fn pairs(fields: &[(&str, &[&str])], is_list: bool, written: Written) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    for (name, values) in fields {
        for (place, value) in values.iter().enumerate() {
            let name = match written {
                Brackets if is_list && *name == "ruc" => format!("{name}[]"),
                Indexed if is_list && *name == "ruc" => format!("{name}[{place}]"),
                _ => (*name).to_owned(),
            };
            pairs.push((name, (*value).to_owned()));
        }
    }
    pairs
}

fn encoded(pairs: &[(String, String)]) -> String {
    let mut text = form_urlencoded::Serializer::new(String::new());
    text.extend_pairs(pairs).finish()
}

fn parts(pairs: &[(String, String)]) -> Vec<u8> {
    let part = |(name, value): &(String, String)| {
        format!("--xxx\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let parts: String = pairs.iter().map(part).collect();
    format!("{parts}--xxx--\r\n").into_bytes()
}

/// What the pass-through may say besides, of an error.
const MORE: [&str; 2] = ["code", "request_id"];

/// What differs of two answers; none if nothing does.
fn difference(theirs: (StatusCode, Value), ours: (StatusCode, Value)) -> Option<String> {
    let ((their_status, theirs), (our_status, mut ours)) = (theirs, ours);
    if our_status.is_client_error()
        && let Value::Object(fields) = &mut ours
    {
        fields.retain(|name, _| !MORE.contains(&name.as_str()));
    }
    // How many calls are left is another account's.
    let of_account = |body: &mut Value| {
        if let Some(left) = body.get_mut("consultas") {
            *left = left.is_i64().into();
        }
    };
    let mut theirs = clean(theirs);
    of_account(&mut theirs);
    of_account(&mut ours);
    let same = their_status == our_status && theirs == ours;
    (!same).then(|| format!("{their_status} {theirs}\n    against {our_status} {ours}"))
}

/// Texts as Chaski keeps them: no padding, and what says nothing is `-`.
fn clean(value: Value) -> Value {
    match value {
        Value::String(text) => {
            let words: Vec<_> = text.split_whitespace().collect();
            let says_something = text.chars().any(char::is_alphanumeric);
            match words.join(" ") {
                text if says_something || text.is_empty() => text.into(),
                _ => "-".into(),
            }
        }
        Value::Array(items) => items.into_iter().map(clean).collect(),
        Value::Object(fields) => {
            let address = |name: &str| name.starts_with("direccion");
            let fields = fields.into_iter().map(|(name, value)| match clean(value) {
                Value::String(text) if text.is_empty() && address(&name) => (name, "-".into()),
                value => (name, value),
            });
            Value::Object(fields.collect())
        }
        value => value,
    }
}

async fn compared(door: &Door, sandbox: &Sandbox, sent: &Sent) -> Option<String> {
    let request = sent.request("/api", Bytes::from(sent.body.clone()));
    let theirs = sandbox.call(request).await.unwrap();
    let body = serde_json::from_slice(theirs.body()).unwrap();
    let request = sent.request("/compat/migo/api", Body::from(sent.body.clone()));
    let ours = door.send(request).await;
    difference((theirs.status(), body), (ours.status, ours.json()))
}

async fn both() -> (Door, Sandbox) {
    let door = Door::open().await;
    let sandbox = chaski::app::embedded_sandbox(&door.app.config, door.app.clock).unwrap();
    (door, sandbox)
}

#[tokio::test]
async fn version_1_is_answered_as_the_sandbox_answers_it() {
    let (door, sandbox) = both().await;
    let (mut asked, mut differences) = (0, Vec::new());
    for question in QUESTIONS {
        for written in EVERY_WAY {
            for token in EVERY_TOKEN {
                for slash in ["", "/"] {
                    let sent = Sent::of(question, written, token, slash);
                    asked += 1;
                    if let Some(difference) = compared(&door, &sandbox, &sent).await {
                        let (path, fields) = question;
                        differences.push(format!(
                            "{path}{slash} {fields:?} {written:?} {token:?}: {difference}"
                        ));
                    }
                }
            }
        }
    }
    assert!(asked > 2_000, "{asked}");
    let shown: Vec<_> = differences.iter().take(40).collect();
    assert!(
        differences.is_empty(),
        "{} of {asked} differ: {shown:#?}",
        differences.len()
    );
}

#[tokio::test]
async fn what_is_asked_in_the_address_is_answered_as_the_sandbox_answers_it() {
    let (door, sandbox) = both().await;
    let mut differences = Vec::new();
    for path in [
        "/v1/ruc/20100070970",
        "/v1/ruc/20000633527",
        "/v1/ruc/1",
        "/v1/ruc?ruc=20100070970",
        "/v1/ruc?ruc=20000633527",
        "/v1/ruc?ruc=1",
        "/v1/ruc?otro=1",
        "/v1/ruc/actividad/20100070970",
        "/v1/ruc/actividad/20000237575",
        "/v1/ruc/actividad/10000000011",
        "/v1/ruc/actividad/20000633527",
        "/v1/ruc/actividad/99999999999",
        "/v1/ruc/actividad/x",
        "/v2/ruc/20100070970",
        "/v2/ruc/20000237575",
        "/v2/ruc/20000633527",
        "/v2/ruc/99999999999",
        "/v2/ruc/2010007097",
        "/v2/dni/00000001",
        "/v2/dni/99999999",
        "/v2/dni/1",
        "/v2/tipo-cambio/sunat?fecha=2026-01-28",
        "/v2/tipo-cambio/sunat?fecha=2026-01-25",
        "/v2/tipo-cambio/sunat?fecha=2099-01-05",
        "/v2/tipo-cambio/sunat?fecha=28/01/2026",
        "/v2/tipo-cambio/sunat",
        "/v2/tipo-cambio/sunat/ultimo",
        "/v2/tipo-cambio/sbs?fecha=2026-01-28&moneda=EUR",
        "/v2/tipo-cambio/sbs?fecha=2026-01-28&moneda=USD",
        "/v2/tipo-cambio/sbs?fecha=2099-01-05&moneda=USD",
        "/v2/tipo-cambio/sbs?fecha=2026-01-28&moneda=PEN",
        "/v2/tipo-cambio/sbs?fecha=2026-01-28",
        "/v2/tipo-cambio/sbs?moneda=EUR",
        "/v2/no-hay",
    ] {
        let (before, query) = path.split_once('?').unwrap_or((path, ""));
        let slashed = format!("{before}/?{query}");
        for path in [path, slashed.as_str()] {
            if let Some(difference) = compared(&door, &sandbox, &Sent::get(path)).await {
                differences.push(format!("{path}: {difference}"));
            }
        }
    }
    assert!(differences.is_empty(), "{differences:#?}");
}

/// Every estado and condición, and every kind of address, that the sandbox invents.
#[tokio::test]
async fn taxpayers_of_every_kind_are_the_same() {
    let (door, sandbox) = both().await;
    let mut differences = Vec::new();
    let weights = [5, 4, 3, 2, 7, 6, 5, 4, 3, 2];
    for number in 0..400_u32 {
        let prefix = if number % 3 == 0 { 10 } else { 20 };
        let digits = format!("{prefix}{:08}", number * 7_919);
        let sum: u32 = digits
            .bytes()
            .zip(weights)
            .map(|(it, by)| u32::from(it - b'0') * by)
            .sum();
        let ruc = format!("{digits}{}", (11 - sum % 11) % 10);
        if let Some(difference) =
            compared(&door, &sandbox, &Sent::get(&format!("/v2/ruc/{ruc}"))).await
        {
            differences.push(difference);
        }
    }
    let shown: Vec<_> = differences.iter().take(12).collect();
    assert!(
        differences.is_empty(),
        "{} differ: {shown:#?}",
        differences.len()
    );
}
