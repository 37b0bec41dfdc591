//! What answers have in common: where they came from and how old they are.

use std::borrow::Cow;
use std::sync::Arc;

use chaski_client::{Found, Source};
use chaski_core::lima_datetime;
use compact_str::CompactString;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::mode::Mode;

/// An answer and where it came from.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct Reply<T> {
    /// Always true: what goes wrong is a problem.
    pub(crate) success: bool,
    /// The answer.
    pub(crate) data: T,
    /// Whether memory answered.
    pub(crate) cache_hit: bool,
    /// Whether it is past its time, because the upstream is down.
    pub(crate) stale: bool,
    /// Who said so, for people.
    pub(crate) fuente: Cow<'static, str>,
    /// When the upstream said so, Lima time.
    pub(crate) consultado_en: String,
    /// Where it came from, for programs.
    pub(crate) meta: Meta,
    /// Identifier of the request.
    #[schema(value_type = String)]
    pub(crate) request_id: CompactString,
}

/// Where an answer came from.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct Meta {
    /// `upstream`, `memory` or `stale`.
    pub(crate) source: Cow<'static, str>,
    /// Seconds since the upstream said so.
    pub(crate) age: u64,
    /// `real` or `sandbox` (invented data).
    pub(crate) mode: Cow<'static, str>,
}

impl Meta {
    pub(crate) fn of(app: &App, source: Source, age: u64) -> Meta {
        Meta {
            source: source_name(source).into(),
            age,
            mode: app.mode.as_str().into(),
        }
    }
}

/// A value as a server told it, and who answers there; none where that cannot be read.
pub(crate) fn found_by<A>(value: A, meta: &Meta, consultado_en: &str) -> Option<(Found<A>, Mode)> {
    let mut sources = [Source::Upstream, Source::Memory, Source::Stale].into_iter();
    let found = Found {
        value: Arc::new(value),
        source: sources.find(|source| source_name(*source) == meta.source)?,
        // The wire does not say.
        provider: "migo",
        stored_at: consultado_en.parse().ok()?,
    };
    Some((found, Mode::from_name(&meta.mode)?))
}

/// A time as our callers read it.
pub(crate) fn lima(at: Timestamp) -> String {
    // A whole second prints as ISO 8601 without a pattern, which is much faster.
    let second = Timestamp::from_second(at.as_second()).unwrap_or(at);
    format!("{}-05:00", lima_datetime(second))
}

/// The name of a source in answers.
fn source_name(source: Source) -> &'static str {
    match source {
        Source::Upstream => "upstream",
        Source::Memory => "memory",
        Source::Stale => "stale",
    }
}
