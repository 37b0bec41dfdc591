//! What a request says, whichever of the body encodings and ways to authenticate it uses.

use std::fmt;

use axum::body::Body;
use axum::extract::{FromRequest, Multipart, Request};
use bytes::Bytes;
use http::HeaderMap;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::request::Parts;
use serde::Serialize;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

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

/// A JSON value as the framework of the upstream reads it: numbers count as digits.
enum Field {
    Text(String),
    Many(Vec<Field>),
    Nothing,
}

impl Field {
    /// What is not a text becomes an empty one, which no rule accepts.
    fn into_text(self) -> String {
        match self {
            Field::Text(text) => text,
            Field::Many(_) | Field::Nothing => String::new(),
        }
    }
}

impl<'de> Deserialize<'de> for JsonParameters {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<JsonParameters, D::Error> {
        deserializer.deserialize_map(ObjectVisitor)
    }
}

impl<'de> Deserialize<'de> for Field {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Field, D::Error> {
        deserializer.deserialize_any(FieldVisitor)
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
        while let Some((key, field)) = map.next_entry::<String, Field>()? {
            match field {
                Field::Text(text) => pairs.push((key, text)),
                Field::Nothing => {}
                Field::Many(fields) => {
                    let key = format!("{key}[]");
                    let texts = fields.into_iter().map(Field::into_text);
                    pairs.extend(texts.map(|text| (key.clone(), text)));
                }
            }
        }
        Ok(JsonParameters(pairs))
    }
}

struct FieldVisitor;

impl<'de> Visitor<'de> for FieldVisitor {
    type Value = Field;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_str<E>(self, text: &str) -> Result<Field, E> {
        Ok(Field::Text(text.to_owned()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Field, E> {
        Ok(Field::Text(number.to_string()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Field, E> {
        Ok(Field::Text(number.to_string()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Field, E> {
        Ok(Field::Text(number.to_string()))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Field, E> {
        Ok(Field::Nothing)
    }

    fn visit_unit<E>(self) -> Result<Field, E> {
        Ok(Field::Nothing)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Field, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = sequence.next_element()? {
            fields.push(field);
        }
        Ok(Field::Many(fields))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Field, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Field::Nothing)
    }
}
