//! Several numbers in one request.

use std::borrow::Cow;

use chaski_client::Found;
use compact_str::CompactString;
use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use super::reply::{Meta, found_by};
use crate::mode::Mode;

/// RUCs to look up now.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RucsWanted {
    /// 11 digits each.
    #[schema(min_items = 1, max_items = 1_000, example = json!(["20100070970", "20131312955"]))]
    pub(crate) rucs: Vec<String>,
    /// Ask the upstream whatever memory knows.
    #[serde(default)]
    pub(crate) force_refresh: bool,
    /// Oldest answer that will do, seconds.
    #[serde(default)]
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 3_155_760_000_u64)]
    pub(crate) max_age: Option<u32>,
}

/// DNIs to look up now.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DnisWanted {
    /// 8 digits each.
    #[schema(min_items = 1, max_items = 100, example = json!(["00000001"]))]
    pub(crate) dnis: Vec<String>,
    /// Why it is asked: it goes on record.
    pub(crate) motivo: Option<String>,
    /// Ask the upstream whatever memory knows.
    #[serde(default)]
    pub(crate) force_refresh: bool,
    /// Oldest answer that will do, seconds.
    #[serde(default)]
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 3_155_760_000_u64)]
    pub(crate) max_age: Option<u32>,
}

/// An outcome for each number, in the order of the request.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = Outcomes)]
pub(crate) struct OutcomesData<'a, T> {
    /// What was found, in that order.
    pub(crate) data: Vec<Outcome<'a, T>>,
    /// Identifier of the request.
    #[schema(value_type = String)]
    pub(crate) request_id: CompactString,
}

/// What came of one number: its data, or why there are none.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct Outcome<'a, T> {
    /// Whether there is an answer.
    pub(crate) success: bool,
    /// As it was sent; not of a person's number.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false)]
    pub(crate) ruc: Option<Cow<'a, str>>,
    /// The answer.
    #[schema(schema_with = or_null::<T>)]
    pub(crate) data: Option<T>,
    /// Who said so, for people.
    pub(crate) fuente: Option<Cow<'a, str>>,
    /// When the upstream said so, Lima time.
    pub(crate) consultado_en: Option<String>,
    /// Where it came from, for programs.
    pub(crate) meta: Option<Meta>,
    /// Stable, never translated.
    pub(crate) code: Option<Cow<'static, str>>,
    /// What is wrong with it.
    pub(crate) error: Option<String>,
}

impl<T> Outcome<'_, T> {
    /// The answer, and who gave it; none where it cannot be read.
    pub(crate) fn found<A>(&self, read: impl FnOnce(&T) -> Option<A>) -> Option<(Found<A>, Mode)> {
        let (meta, at) = (self.meta.as_ref()?, self.consultado_en.as_deref()?);
        found_by(read(self.data.as_ref()?)?, meta, at)
    }
}

/// A type argument's schema does not say by itself that it may be null.
fn or_null<T: PartialSchema>() -> Schema {
    let one_of = OneOfBuilder::new()
        .item(T::schema())
        .item(ObjectBuilder::new().schema_type(Type::Null))
        .build();
    Schema::OneOf(one_of)
}
