//! A request to Nubefact as it arrives: who sends it, in which form, and what it says.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::HeaderMap;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST};
use http::request::Parts;
use rust_decimal::Decimal;

use super::facts::Identity;
use super::form::Form;
use super::kind::IssuedKind;
use crate::operation::Operation;
use crate::request::Auth;

/// What links begin with where nothing else is known.
const REAL_HOST: &str = "https://www.nubefact.com";

/// How the body says that it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Written {
    Json,
    /// `text/plain`: the vendor's other format, which the sandbox does not read.
    Txt,
    Other,
}

pub(crate) struct Arrival {
    pub(crate) ruta: String,
    pub(super) token: Option<String>,
    pub(crate) auth: Auth,
    pub(super) written: Written,
    pub(super) body: Bytes,
    pub(super) form: Option<Form>,
    pub(crate) operation: Operation,
    /// Whether it says what it accepts.
    pub(crate) accept: bool,
    /// What links begin with.
    pub(super) links: String,
}

impl Arrival {
    pub(crate) fn read(ruta: &str, parts: &Parts, body: Bytes) -> Arrival {
        let (auth, token) = read_token(&parts.headers);
        let form = Form::read(&body);
        let named = form.as_ref().and_then(|form| form.text("operacion"));
        let operation = named
            .and_then(Operation::named)
            .filter(|operation| operation.is_nubefact());
        let host = parts.headers.get(HOST).and_then(|host| host.to_str().ok());
        Arrival {
            ruta: ruta.to_owned(),
            token,
            auth,
            written: read_content_type(&parts.headers),
            body,
            form,
            accept: parts.headers.contains_key(ACCEPT),
            operation: operation.unwrap_or(Operation::Unknown),
            links: host.map_or_else(|| REAL_HOST.to_owned(), |host| format!("http://{host}")),
        }
    }

    /// The document that it is about, as far as it says so.
    pub(crate) fn identity(&self) -> Option<Identity> {
        let form = self.form.as_ref()?;
        let kind = match IssuedKind::of_operation(self.operation) {
            Some(kind) => kind,
            None => IssuedKind::numbered(form.whole("tipo_de_comprobante").ok()??)?,
        };
        Some(Identity {
            kind,
            serie: form.plain("serie").ok()??.to_owned(),
            numero: form.whole("numero").ok()??,
        })
    }

    /// What it says that it is worth.
    pub(super) fn total(&self) -> Option<Decimal> {
        self.form.as_ref()?.decimal("total").ok()?
    }

    /// Whether its body can be read.
    pub(crate) fn is_json(&self) -> bool {
        self.written == Written::Json && self.form.is_some()
    }

    pub(super) fn bytes_hash(&self) -> String {
        blake3::hash(&self.body).to_hex().to_string()
    }

    pub(super) fn bytes(&self) -> usize {
        self.body.len()
    }

    /// As [`Arrival::identity`], short enough for a ledger.
    pub(crate) fn name(&self) -> Option<String> {
        let identity = self.identity()?;
        (identity.serie.chars().count() <= 8).then(|| identity.name())
    }
}

/// Whether a body that came to a path which is nobody's speaks Nubefact's language.
pub(crate) fn names_an_operation(body: &[u8]) -> bool {
    Form::read(body).is_some_and(|form| form.has("operacion"))
}

/// The four forms that were seen to work: the token alone, as the manual says; `Token token="…"`, as
/// in the vendor's PHP sample; the same without quotes; and `Bearer`.
fn read_token(headers: &HeaderMap) -> (Auth, Option<String>) {
    let value = headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let value = value.unwrap_or_default().trim();
    let (auth, token) = if let Some(rest) = after_word(value, "token") {
        let rest = rest.trim_start();
        match rest.strip_prefix("token=") {
            Some(quoted) => (Auth::Token, quoted.trim().trim_matches('"')),
            None => (Auth::Bare, value),
        }
    } else if let Some(token) = after_word(value, "bearer") {
        (Auth::Bearer, token.trim())
    } else {
        (Auth::Bare, value)
    };
    if token.is_empty() {
        return (Auth::None, None);
    }
    (auth, Some(token.to_owned()))
}

/// What follows the first word, if it is that one.
fn after_word<'a>(value: &'a str, word: &str) -> Option<&'a str> {
    let (first, rest) = value.split_once(' ')?;
    first.eq_ignore_ascii_case(word).then_some(rest)
}

fn read_content_type(headers: &HeaderMap) -> Written {
    let value = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let essence = value.unwrap_or_default().split(';').next();
    match essence
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase()
        .as_str()
    {
        "application/json" => Written::Json,
        "text/plain" => Written::Txt,
        _ => Written::Other,
    }
}

/// 44 characters of base64, as of a SHA-256.
pub(super) fn digest(parts: &[&[u8]]) -> String {
    STANDARD.encode(hash(parts).as_bytes())
}

/// What looks like a random UUID and depends on nothing else.
pub(super) fn link_key(parts: &[&[u8]]) -> String {
    let mut digits = hash(parts).to_hex().to_string();
    digits.truncate(32);
    digits.replace_range(12..13, "4");
    digits.replace_range(16..17, "8");
    for place in [8, 13, 18, 23] {
        digits.insert(place, '-');
    }
    digits
}

/// Thirteen digits, as a ticket of SUNAT has.
pub(super) fn ticket(parts: &[&[u8]]) -> String {
    let hash = hash(parts);
    let digits = hash.as_bytes().iter().take(12);
    let digits: String = digits.map(|byte| char::from(b'0' + byte % 10)).collect();
    format!("1{digits}")
}

/// Each part with its length, so that no two lists of parts are the same.
fn hash(parts: &[&[u8]]) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    hasher.finalize()
}
