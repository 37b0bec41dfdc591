//! What a request says, whichever of the body encodings and ways to authenticate it uses.

use std::fmt;

use axum::body::Body;
use axum::extract::{FromRequest, Multipart, Request};
use bytes::Bytes;
use http::HeaderMap;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::request::Parts;
use serde::Serialize;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;

use crate::operation::Version;

/// Where the parameters came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// No parameters besides those in the path.
    None,
    /// The query string.
    Query,
    /// `application/x-www-form-urlencoded`.
    Form,
    /// `multipart/form-data`.
    Multipart,
    /// `application/json`.
    Json,
    /// A body that cannot be read as what it says it is.
    Unreadable,
}

/// How the token was given. The token itself is never kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Auth {
    /// No token.
    None,
    /// The field `token` of the body.
    Body,
    /// `token` in the query string.
    Query,
    /// `Authorization: Bearer`.
    Bearer,
    /// `Authorization: Token token=…`, as Nubefact's clients send it.
    Token,
    /// `Authorization` with the token alone, as Nubefact's manual says.
    Bare,
}

/// A request after reading.
pub(crate) struct Asked {
    /// Query and body together; an array is several pairs named `key[]`.
    parameters: Vec<(String, String)>,
    token: Option<String>,
    pub(crate) encoding: Encoding,
    pub(crate) auth: Auth,
    pub(crate) accept: bool,
}

impl Asked {
    pub(crate) async fn read(version: Option<Version>, parts: &Parts, body: Bytes) -> Asked {
        let (encoding, mut parameters) = read_body(&parts.headers, body).await;
        let body_parameters = parameters.len();
        let query = parts.uri.query().unwrap_or_default();
        parameters.extend(form_urlencoded::parse(query.as_bytes()).into_owned());
        let only_query = encoding == Encoding::None && !parameters.is_empty();

        let (mut token, mut auth) = match bearer(&parts.headers) {
            Some(token) => (Some(token), Auth::Bearer),
            None => (None, Auth::None),
        };
        // Only v1 reads a token outside the header.
        if token.is_none() && version == Some(Version::V1) {
            let place = parameters
                .iter()
                .position(|(key, value)| key == "token" && !value.is_empty());
            if let Some(place) = place {
                auth = if place < body_parameters {
                    Auth::Body
                } else {
                    Auth::Query
                };
                token = Some(std::mem::take(&mut parameters[place].1));
            }
        }
        parameters.retain(|(key, _)| key != "token");
        Asked {
            parameters,
            token,
            encoding: if only_query {
                Encoding::Query
            } else {
                encoding
            },
            auth,
            accept: parts.headers.contains_key(ACCEPT),
        }
    }

    pub(crate) fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// A single value; a body's before a query's.
    pub(crate) fn one(&self, key: &str) -> Option<&str> {
        let pair = self.parameters.iter().find(|(name, _)| name == key)?;
        Some(pair.1.as_str())
    }

    /// All values of an array: `key[]`, `key[0]`, or `key` repeated in a form.
    pub(crate) fn many(&self, key: &str) -> impl Iterator<Item = &str> {
        self.parameters
            .iter()
            .filter(move |(name, _)| {
                let index = name.strip_prefix(key).unwrap_or("?");
                let in_brackets = index.starts_with('[') && index.ends_with(']');
                in_brackets || (index.is_empty() && self.encoding != Encoding::Json)
            })
            .map(|(_, value)| value.as_str())
    }
}

impl fmt::Debug for Asked {
    /// Says nothing of the token nor of the numbers.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Asked({:?}, {:?})", self.encoding, self.auth)
    }
}

fn bearer(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then(|| token.to_owned())
}

async fn read_body(headers: &HeaderMap, body: Bytes) -> (Encoding, Vec<(String, String)>) {
    if body.is_empty() {
        return (Encoding::None, Vec::new());
    }
    let kind = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let kind = kind.unwrap_or_default().to_ascii_lowercase();
    let read = if kind.starts_with("application/x-www-form-urlencoded") {
        let pairs = form_urlencoded::parse(&body).into_owned().collect();
        Some((Encoding::Form, pairs))
    } else if kind.starts_with("application/json") {
        serde_json::from_slice::<JsonParameters>(&body)
            .ok()
            .map(|parameters| (Encoding::Json, parameters.0))
    } else if kind.starts_with("multipart/form-data") {
        read_multipart(headers, body)
            .await
            .map(|pairs| (Encoding::Multipart, pairs))
    } else {
        None
    };
    read.unwrap_or((Encoding::Unreadable, Vec::new()))
}

async fn read_multipart(headers: &HeaderMap, body: Bytes) -> Option<Vec<(String, String)>> {
    let mut request = Request::new(Body::from(body));
    let kind = headers.get(CONTENT_TYPE)?.clone();
    request.headers_mut().insert(CONTENT_TYPE, kind);
    let mut multipart = Multipart::from_request(request, &()).await.ok()?;
    let mut pairs = Vec::new();
    while let Some(field) = multipart.next_field().await.ok()? {
        let name = field.name()?.to_owned();
        pairs.push((name, field.text().await.ok()?));
    }
    Some(pairs)
}

/// A JSON object flattened to the pairs that a form would have sent.
struct JsonParameters(Vec<(String, String)>);

/// A JSON value as the framework of the upstream reads it: numbers count as digits. None where it is
/// neither a text nor a number.
fn text_of(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Number(number) if number.is_f64() => number.as_f64().map(|it| it.to_string()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

impl<'de> Deserialize<'de> for JsonParameters {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<JsonParameters, D::Error> {
        deserializer.deserialize_map(ObjectVisitor)
    }
}

struct ObjectVisitor;

impl<'de> Visitor<'de> for ObjectVisitor {
    type Value = JsonParameters;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<JsonParameters, A::Error> {
        let mut pairs = Vec::with_capacity(4);
        while let Some((key, value)) = map.next_entry::<String, Value>()? {
            if let Value::Array(items) = value {
                let key = format!("{key}[]");
                // What is not a text becomes an empty one, which no rule accepts.
                let texts = items.into_iter().map(|it| text_of(it).unwrap_or_default());
                pairs.extend(texts.map(|text| (key.clone(), text)));
            } else {
                pairs.extend(text_of(value).map(|text| (key, text)));
            }
        }
        Ok(JsonParameters(pairs))
    }
}
