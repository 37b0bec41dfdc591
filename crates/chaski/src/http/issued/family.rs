//! Which kinds of documents an address is about. The families share their life, and so their code.

use axum::extract::FromRequestParts;
use chaski_client::NubefactKind;
use http::request::Parts;
use std::convert::Infallible;

use crate::api::issued::family_of;

/// Families besides that of all documents.
pub(super) const OTHERS: [&str; 3] = ["guias", "retenciones", "percepciones"];

/// The family that a request's address is of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Family(&'static str);

impl<S: Sync> FromRequestParts<S> for Family {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Family, Infallible> {
        let mut words = parts.uri.path().split('/').skip(3);
        let word = words.next().unwrap_or_default();
        let found = OTHERS.into_iter().find(|it| *it == word);
        Ok(Family(found.unwrap_or("comprobantes")))
    }
}

impl Family {
    /// Whether it has documents of a kind; the first family has all.
    pub(crate) fn has(self, kind: NubefactKind) -> bool {
        self.0 == "comprobantes" || family_of(kind) == self.0
    }

    /// Its kinds; none where it has all.
    pub(crate) fn kinds(self) -> Vec<NubefactKind> {
        let all = NubefactKind::ALL.into_iter();
        match self.0 {
            "comprobantes" => Vec::new(),
            _ => all.filter(|it| self.has(*it)).collect(),
        }
    }
}
