//! A `chaski serve` somewhere else, asked over its API: the same deeds as the rooms, with the same
//! values as answers.
//!
//! In reading order: [`Server`] (one request, one whole answer), `lookups` and `records` (one
//! function per deed), `batches` (a list handed over), `documents`, `lists` (many of them) and `series` (what is
//! issued), `error` (what can go wrong on the way, and what its codes mean here). What a server writes is read by the shapes of `api/`.

mod batches;
mod documents;
mod error;
mod lists;
mod lookups;
mod records;
mod series;

pub use batches::NewList;
pub(crate) use batches::{BatchWatch, failure_of};
pub(crate) use documents::HandOver;
pub use error::ServerError;
pub(crate) use lists::NewDocuments;

use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use chaski_client::{Exit, Http, Transport};
use chaski_core::{Lang, text};
use form_urlencoded::Serializer;
use http::header::{ACCEPT, ACCEPT_LANGUAGE, AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::api::health::VersionData;
use crate::config::{ConfigError, ServerAddress};
use crate::mode::Mode;
use crate::mode::mode_of_key;

/// Time for one answer when the person sets none: the server's own deadline fits in it.
const PATIENCE: Duration = Duration::from_mins(1);
/// The same for what takes a server long: many numbers, a file, a result.
const PATIENCE_OF_MANY: Duration = Duration::from_mins(10);

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Largest answer that is read: a page of rows, or a thousand taxpayers.
const MOST_BYTES: usize = 16 * 1024 * 1024;

/// A server and how it is asked.
pub struct Server {
    http: Http,
    address: ServerAddress,
    authorization: Option<HeaderValue>,
    lang: Lang,
    /// Time for one answer, where the person set one.
    patience: Option<Duration>,
    /// Who answers behind it: the key says so, or else the first answer does.
    mode: OnceLock<Mode>,
    /// Whether anything was asked of it.
    asked: AtomicBool,
}

/// One request.
struct Question {
    method: Method,
    /// Path, with its query if it has one.
    target: String,
    /// Kind of the body.
    kind: Option<String>,
    /// Under which what it creates is created once.
    once: Option<String>,
    /// One more header.
    header: Option<(HeaderName, &'static str)>,
    body: Bytes,
    most_bytes: usize,
    patience: Duration,
}

impl Question {
    fn get(target: String) -> Question {
        Question::of(Method::GET, target)
    }

    fn of(method: Method, target: String) -> Question {
        Question {
            method,
            target,
            kind: None,
            once: None,
            header: None,
            body: Bytes::new(),
            most_bytes: MOST_BYTES,
            patience: PATIENCE,
        }
    }

    fn with_body(self, kind: impl Into<String>, body: impl Into<Bytes>) -> Question {
        Question {
            kind: Some(kind.into()),
            body: body.into(),
            ..self
        }
    }

    fn with_json(self, wanted: &impl Serialize) -> Question {
        let body = serde_json::to_vec(wanted).expect("texts and numbers are always JSON");
        self.with_body("application/json", body)
    }

    fn slow(self) -> Question {
        Question {
            patience: PATIENCE_OF_MANY,
            ..self
        }
    }
}

impl Server {
    /// A server; nothing is sent yet. What cannot be a key is told here, and not repeated.
    pub fn new(
        address: ServerAddress,
        key: Option<&SecretString>,
        lang: Lang,
        patience: Option<Duration>,
        exit: &Exit,
    ) -> Result<Server, ConfigError> {
        let mode = OnceLock::new();
        let mut authorization = None;
        if let Some(key) = key {
            let key = key.expose_secret();
            let known = mode_of_key(key).ok_or_else(no_key)?;
            // Nobody has set it before.
            let _ = mode.set(known);
            let text = format!("Bearer {key}");
            let mut value = HeaderValue::try_from(text).map_err(|_| no_key())?;
            value.set_sensitive(true);
            authorization = Some(value);
        }
        Ok(Server {
            http: Http::leaving(exit),
            address,
            authorization,
            lang,
            patience,
            asked: AtomicBool::new(false),
            mode,
        })
    }

    /// Who answers behind it, as far as that is known.
    pub fn mode(&self) -> Option<Mode> {
        self.mode.get().copied()
    }

    /// Who answers behind it, asked if need be.
    pub async fn who_answers(&self) -> Result<Mode, ServerError> {
        if let Some(mode) = self.mode() {
            return Ok(mode);
        }
        let told: VersionData = self.ask(Question::get("/version".to_owned())).await?;
        let mode = Mode::from_name(&told.mode).filter(|_| told.nombre == "chaski");
        let mode = mode.ok_or_else(|| self.not_chaski(None))?;
        self.answered_by(mode);
        Ok(mode)
    }

    /// Whether anything was asked of it; what is typed wrong is not sent.
    pub fn was_asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }

    /// Where it is.
    pub fn address(&self) -> &ServerAddress {
        &self.address
    }

    /// Whether a key goes there that others on the way could read.
    pub fn shows_its_key(&self) -> bool {
        self.authorization.is_some() && !self.address.is_encrypted() && !self.address.is_here()
    }

    /// Asks, and reads the answer as what it should be.
    async fn ask<T: DeserializeOwned>(&self, question: Question) -> Result<T, ServerError> {
        let body = self.send(question).await?;
        serde_json::from_slice(&body).map_err(|_| self.not_chaski(None))
    }

    /// Asks, and returns the whole body of a good answer.
    async fn send(&self, question: Question) -> Result<Bytes, ServerError> {
        let (_, body) = self.send_whole(question).await?;
        Ok(body)
    }

    /// The same with what stands before it.
    async fn send_whole(&self, question: Question) -> Result<(HeaderMap, Bytes), ServerError> {
        self.asked.store(true, Ordering::Relaxed);
        let patience = self.patience.unwrap_or(question.patience);
        let most_bytes = question.most_bytes;
        let request = self.request(question)?;
        let answered = tokio::time::timeout(patience, self.http.send(request, most_bytes)).await;
        let answer = match answered {
            Err(_) => return Err(ServerError::TimedOut),
            Ok(Err(error)) => return Err(ServerError::of_transport(error, &self.address)),
            Ok(Ok(answer)) => answer,
        };
        let (head, body) = answer.into_parts();
        if head.status.is_success() {
            return Ok((head.headers, body));
        }
        Err(self.refused(head.status, &head.headers, &body))
    }

    fn request(&self, question: Question) -> Result<Request<Bytes>, ServerError> {
        let mut request = Request::builder()
            .method(question.method)
            .uri(format!("{}{}", self.address, question.target))
            .header(ACCEPT, "application/json")
            .header(ACCEPT_LANGUAGE, self.lang.pick("es", "en"))
            .header(USER_AGENT, concat!("chaski/", env!("CARGO_PKG_VERSION")));
        if let Some(value) = &self.authorization {
            request = request.header(AUTHORIZATION, value);
        }
        if let Some(kind) = question.kind {
            request = request.header(CONTENT_TYPE, kind);
        }
        if let Some(once) = question.once {
            request = request.header(IDEMPOTENCY_KEY, once);
        }
        if let Some((name, value)) = question.header {
            request = request.header(name, value);
        }
        let request = request.body(question.body);
        request.map_err(|_| self.not_chaski(None))
    }

    fn refused(&self, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> ServerError {
        let kind = headers.get(CONTENT_TYPE).and_then(|it| it.to_str().ok());
        let problem = kind
            .filter(|kind| kind.starts_with("application/problem+json"))
            .and_then(|_| serde_json::from_slice(body).ok());
        let wait = headers
            .get(RETRY_AFTER)
            .and_then(|it| it.to_str().ok()?.parse().ok())
            .map(Duration::from_secs);
        match problem {
            Some(problem) => ServerError::said(problem, wait, self.lang),
            None => self.not_chaski(Some(status)),
        }
    }

    /// What answers is no server of this version.
    pub(crate) fn other_version(&self) -> ServerError {
        self.not_chaski(None)
    }

    fn not_chaski(&self, status: Option<StatusCode>) -> ServerError {
        ServerError::NotChaski {
            address: self.address.to_string(),
            status: status.map(|status| status.as_u16()),
        }
    }

    /// Learns from an answer who is behind the server.
    fn answered_by(&self, mode: Mode) {
        // The first answer is as good as any.
        let _ = self.mode.set(mode);
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Server({})", self.address)
    }
}

/// A path with a query of those pairs that have a value.
fn with_query<'a>(
    path: &str,
    pairs: impl IntoIterator<Item = (&'a str, Option<String>)>,
) -> String {
    let mut query = Serializer::new(String::new());
    for (name, value) in pairs {
        if let Some(value) = value {
            query.append_pair(name, &value);
        }
    }
    match query.finish() {
        query if query.is_empty() => path.to_owned(),
        query => format!("{path}?{query}"),
    }
}

fn no_key() -> ConfigError {
    let text = text!(
        "server_key no es una llave de Chaski: empiezan con chk_live_ o chk_test_ y las da «chaski llaves crear»; guárdela con: chaski config set server_key",
        "server_key is no key of Chaski: they begin with chk_live_ or chk_test_ and come from \"chaski llaves crear\"; save it with: chaski config set server_key"
    );
    text.into()
}
