//! Which request it is, and in which language it is answered.

use axum::extract::FromRequestParts;
use chaski_core::Lang;
use compact_str::{CompactString, format_compact};
use http::header::ACCEPT_LANGUAGE;
use http::request::Parts;
use http::{HeaderMap, HeaderName};

use super::limits::Learned;

/// Identifier of a request, taken from the caller where it is a plain one.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What the door knows of a request.
#[derive(Clone, Default)]
pub(crate) struct RequestInfo {
    pub(crate) id: CompactString,
    pub(crate) lang: Lang,
    /// Where what the door has to say is left.
    pub(crate) learned: Learned,
}

impl<S: Sync> FromRequestParts<S> for RequestInfo {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<RequestInfo, Self::Rejection> {
        let info = parts.extensions.get::<RequestInfo>().cloned();
        Ok(info.unwrap_or_default())
    }
}

/// The caller's own identifier if it is one, else a new one.
pub(crate) fn request_id(headers: &HeaderMap) -> CompactString {
    let given = headers.get(REQUEST_ID).and_then(|it| it.to_str().ok());
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    match given {
        Some(id) if (1..=64).contains(&id.len()) && id.chars().all(plain) => id.into(),
        // 96 bits in 24 digits, which the text holds without an allocation.
        _ => format_compact!("{:016x}{:08x}", fastrand::u64(..), fastrand::u32(..)),
    }
}

/// The first of our languages that the caller prefers.
pub(crate) fn language(headers: &HeaderMap, usual: Lang) -> Lang {
    let Some(wanted) = headers.get(ACCEPT_LANGUAGE).and_then(|it| it.to_str().ok()) else {
        return usual;
    };
    let weighted = wanted.split(',').filter_map(|part| {
        let mut pieces = part.split(';');
        let tag = pieces.next()?.trim();
        let weight = pieces
            .find_map(|piece| piece.trim().strip_prefix("q="))
            .and_then(|weight| weight.parse::<f32>().ok())
            .unwrap_or(1.0);
        let lang = match tag.get(..2)?.to_ascii_lowercase().as_str() {
            "es" => Lang::Es,
            "en" => Lang::En,
            _ => return None,
        };
        (weight > 0.0).then_some((weight, lang))
    });
    // Of two that are wanted as much, the first.
    let best = weighted.reduce(|best, next| if next.0 > best.0 { next } else { best });
    best.map_or(usual, |(_, lang)| lang)
}
