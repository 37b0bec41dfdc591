//! Nubefact: one address for each issuer, one POST for everything, and the body's `operacion` says what
//! is wanted.
//!
//! A document goes out as `document.rs` has it, byte by byte. `read.rs` takes answers in any form they have
//! been seen in, `state.rs` says how a document stands with SUNAT, `words.rs` what a "no" means, and
//! `likeness.rs` whether the document that Nubefact has is the one that was sent.

mod address;
mod auth;
mod document;
pub(crate) mod likeness;
mod operation;
pub(crate) mod read;
mod state;
pub(crate) mod words;

pub use address::{NUBEFACT_HOST, Ruta};
pub use auth::{AuthForm, NubefactToken};
pub use document::NubefactDocument;
pub use likeness::Likeness;
pub use operation::{NubefactId, NubefactKind, NubefactOperation};
pub use read::{NubefactRefusal, NubefactReply};
pub use state::NubefactState;

pub(crate) use operation::MOST_NUMERO;

use std::sync::{PoisonError, RwLock};

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method, Request};

/// Writes requests to one ruta. `Debug` shows neither the token nor the ruta.
#[derive(Debug)]
pub struct NubefactDialect {
    ruta: Ruta,
    auth: AuthForm,
    token: RwLock<NubefactToken>,
}

impl NubefactDialect {
    /// A dialect for one issuer.
    ///
    /// ```
    /// use chaski_client::dialects::nubefact::NubefactDialect;
    /// use chaski_client::{AuthForm, NUBEFACT_HOST, NubefactToken, Ruta};
    /// let (token, _) = NubefactToken::parse("SU_TOKEN")?;
    /// let ruta = Ruta::parse("su-ruta", NUBEFACT_HOST, &token)?;
    /// let dialect = NubefactDialect::new(ruta, AuthForm::default(), token);
    /// let request = dialect.encode(r#"{"operacion":"consultar_guia"}"#.into());
    /// assert_eq!(request.uri().path(), "/api/v1/su-ruta");
    /// assert_eq!(request.headers()["authorization"], r#"Token token="SU_TOKEN""#);
    /// # Ok::<(), chaski_client::Error>(())
    /// ```
    pub fn new(ruta: Ruta, auth: AuthForm, token: NubefactToken) -> NubefactDialect {
        NubefactDialect {
            ruta,
            auth,
            token: RwLock::new(token),
        }
    }

    /// A request with that body, token included.
    pub fn encode(&self, body: Bytes) -> Request<Bytes> {
        let mut request = Request::new(body);
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.ruta.uri().clone();
        let token = self.token.read().unwrap_or_else(PoisonError::into_inner);
        let json = || HeaderValue::from_static("application/json");
        let headers = request.headers_mut();
        headers.insert(ACCEPT, json());
        headers.insert(CONTENT_TYPE, json());
        headers.insert(AUTHORIZATION, self.auth.header(&token));
        request
    }

    /// Takes another token from the next request on.
    pub fn set_token(&self, token: NubefactToken) {
        *self.token.write().unwrap_or_else(PoisonError::into_inner) = token;
    }

    /// Where requests go.
    pub fn ruta(&self) -> &Ruta {
        &self.ruta
    }
}
