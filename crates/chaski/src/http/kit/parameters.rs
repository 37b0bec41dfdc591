//! What stands in addresses and bodies of several nouns, read.

use axum::extract::Query;
use axum::extract::rejection::QueryRejection;
use chaski_client::Ask;
use chaski_core::{Dni, DniError, Ruc, RucRules, parse_date};
use jiff::civil::Date;
use uuid::Uuid;

use super::{Problem, body};
use crate::app::purpose;

/// Parameters of an address, as they were read before it was known what their caller may do.
pub(crate) type Given<T> = Result<Query<T>, QueryRejection>;

/// RUCs of one request; a list that is longer is a batch.
pub(crate) const MOST_RUCS: usize = 1_000;

/// Which parameter of the address is wrong, and why.
#[expect(clippy::needless_pass_by_value, reason = "as `map_err` hands it over")]
pub(crate) fn bad_query(rejection: QueryRejection) -> Problem {
    let text = rejection.body_text();
    let said = text.split_once(": ").map_or("", |(_, said)| said);
    let (place, why) = said.split_once(": ").unwrap_or(("", said));
    body::parameter(place, why)
}

pub(crate) fn id_of(text: &str) -> Result<Uuid, Problem> {
    text.parse().map_err(|_| nobody())
}

/// Nothing has that identifier.
pub(crate) fn nobody() -> Problem {
    Problem::new(
        "no_hay",
        "no hay nada con ese identificador",
        "there is nothing of that identifier",
    )
}

pub(crate) fn date(field: &str, text: &str) -> Result<Date, Problem> {
    parse_date(text)
        .map_err(|error| Problem::of_value(field, error.code(), |lang| error.message(lang)))
}

pub(crate) fn read_ruc(field: &str, text: &str, rules: &RucRules) -> Result<Ruc, Problem> {
    Ruc::parse_with(text, rules)
        .map_err(|error| Problem::of_value(field, error.code(), |lang| error.message(lang)))
}

pub(crate) fn read_dni(text: &str) -> Result<Dni, Problem> {
    text.parse().map_err(|error: DniError| {
        Problem::of_value("dni", error.code(), |lang| error.message(lang))
    })
}

/// A list is not too long; `or` is what serves for a longer one.
pub(crate) fn check_fits(field: &str, count: usize, most: usize, or: &str) -> Result<(), Problem> {
    if count <= most {
        return Ok(());
    }
    Err(Problem::of_field(
        field,
        "lista_demasiado_larga",
        format!("hay {count} números y caben {most}{or}"),
        format!("there are {count} numbers and {most} fit{or}"),
    ))
}

/// Puts the caller's reason on record.
pub(crate) fn put_purpose(ask: &mut Ask, text: Option<&str>) -> Result<(), Problem> {
    let text = text.filter(|text| !text.trim().is_empty());
    ask.purpose = text.map(purpose).transpose()?;
    Ok(())
}
