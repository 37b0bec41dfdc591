//! APIMIGO, versions 1 and 2.
//!
//! Version 1 is POST with the token in a JSON body, version 2 GET with a bearer token. Version 1
//! serves everything but the rates of SBS, and keeps the number asked for out of the URL; version
//! 2 is used where only it exists or where the configuration prefers it, and never for a number
//! that identifies a person.

mod calls;
mod read;
mod words;

pub use calls::MOST_RUCS;

use chaski_core::text;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Uri};
use secrecy::{ExposeSecret, SecretString};
use serde::Serializer;
use serde_json::Value;

use crate::Error;

/// Where APIMIGO lives.
pub const BASE_URL: &str = "https://api.migo.pe/api";

/// Which version of APIMIGO to prefer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Version {
    /// Version 1, and 2 for what only 2 has.
    #[default]
    Auto,
    /// Version 1 wherever it exists.
    V1,
    /// Version 2 wherever it exists and the number is not a person's.
    V2,
}

/// Writes questions for APIMIGO and reads its answers. `Debug` does not show the token.
#[derive(Debug)]
pub struct MigoDialect {
    base: String,
    token: RwLock<SecretString>,
    version: Version,
}

impl MigoDialect {
    /// A dialect for the API under `base_url` (with or without `/v1` or `/v2` at its end).
    ///
    /// The token would travel in clear over plain HTTP: that is accepted for loopback only.
    pub fn new(
        base_url: &str,
        token: &SecretString,
        version: Version,
    ) -> Result<MigoDialect, Error> {
        let base = base_url.trim().trim_end_matches('/');
        let base = base
            .strip_suffix("/v1")
            .or_else(|| base.strip_suffix("/v2"))
            .unwrap_or(base);
        let uri: Uri = base.parse().map_err(|_| {
            Error::invalid(text!(
                "migo.base_url no es una dirección válida; use https://api.migo.pe/api",
                "migo.base_url is not a valid address; use https://api.migo.pe/api"
            ))
        })?;
        match (uri.scheme_str(), uri.host()) {
            (Some("https"), Some(_)) => {}
            (Some("http"), Some(host)) if is_loopback(host) => {}
            _ => {
                return Err(Error::invalid(text!(
                    "migo.base_url debe empezar con https:// (http:// solo se acepta hacia esta misma máquina)",
                    "migo.base_url must begin with https:// (http:// is accepted for this machine only)"
                )));
            }
        }
        Ok(MigoDialect {
            base: base.to_owned(),
            token: RwLock::new(usable(token)?),
            version,
        })
    }

    /// Takes another token from the next question on.
    pub fn set_token(&self, token: &SecretString) -> Result<(), Error> {
        let token = usable(token)?;
        *self.token.write().unwrap_or_else(PoisonError::into_inner) = token;
        Ok(())
    }

    fn token(&self) -> RwLockReadGuard<'_, SecretString> {
        self.token.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// POST of version 1: the token goes into the body beside the fields.
    fn v1(&self, path: &str, fields: &[(&str, Value)]) -> Request<Bytes> {
        let token = Value::from(self.token().expose_secret());
        let members = fields.iter().map(|(name, value)| (*name, value));
        let mut body = Vec::with_capacity(128);
        serde_json::Serializer::new(&mut body)
            .collect_map(std::iter::once(("token", &token)).chain(members))
            .expect("maps of plain values always serialize");
        let mut request = Request::new(Bytes::from(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.uri(&format!("/v1{path}"));
        let headers = request.headers_mut();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        request
    }

    /// GET of version 2.
    fn v2(&self, path_and_query: &str) -> Request<Bytes> {
        let mut request = Request::new(Bytes::new());
        *request.uri_mut() = self.uri(&format!("/v2{path_and_query}"));
        let mut bearer = HeaderValue::from_str(&format!("Bearer {}", self.token().expose_secret()))
            .expect("checked when the dialect was made");
        bearer.set_sensitive(true);
        let headers = request.headers_mut();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(AUTHORIZATION, bearer);
        request
    }

    /// The one GET of version 1, which takes its token in the query; no other form of it is known.
    fn v1_get_with_token(&self, path: &str) -> Request<Bytes> {
        let query: String = form_urlencoded::Serializer::new(String::new())
            .append_pair("token", self.token().expose_secret())
            .finish();
        let mut request = Request::new(Bytes::new());
        *request.uri_mut() = self.uri(&format!("/v1{path}?{query}"));
        request
            .headers_mut()
            .insert(ACCEPT, HeaderValue::from_static("application/json"));
        request
    }

    fn uri(&self, path_and_query: &str) -> Uri {
        format!("{}{path_and_query}", self.base)
            .parse()
            .expect("the base was checked and the rest is made of digits, dates and escaped text")
    }
}

/// A token as it is sent.
fn usable(token: &SecretString) -> Result<SecretString, Error> {
    let token = token.expose_secret().trim().trim_start_matches("Bearer ");
    if HeaderValue::from_str(token).is_err() {
        return Err(Error::invalid(text!(
            "el token de APIMIGO tiene caracteres que no son de un token; cópielo de nuevo",
            "the APIMIGO token has characters no token has; copy it again"
        )));
    }
    Ok(SecretString::from(token.to_owned()))
}

fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|it| it.is_loopback())
}
