//! Pages of long lists.

use serde::Deserialize;
use utoipa::IntoParams;

use super::{Caller, Problem};
use crate::store::{Cursor, Listed, Page};

/// Rows of a page when nothing is said, and at most.
pub(crate) const USUAL_LIMIT: u32 = 50;

pub(crate) const MOST_LIMIT: u32 = 250;

/// Which page.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageWanted {
    /// Rows, 1 to 250.
    #[param(minimum = 1, maximum = 250)]
    pub(crate) limit: Option<u32>,
    /// `next_cursor` of the page before.
    pub(crate) cursor: Option<String>,
}

pub(crate) fn limit(wanted: Option<u32>) -> Result<u32, Problem> {
    match wanted.unwrap_or(USUAL_LIMIT) {
        limit @ 1..=MOST_LIMIT => Ok(limit),
        _ => Err(Problem::wrong_parameter(
            "limit",
            "debe ser de 1 a 250",
            "must be 1 to 250",
        )),
    }
}

/// A `next_cursor` of a list that comes back. It is sealed: places are counted through everybody's
/// rows, and how many others have is their business.
pub(crate) fn cursor(
    caller: &Caller,
    list: Listed,
    text: Option<&str>,
) -> Result<Option<Cursor>, Problem> {
    let opened = text.map(|text| caller.app.open_cursor(list, text));
    opened.transpose().map_err(|_| {
        Problem::wrong_parameter(
            "cursor",
            "no es un next_cursor de una página anterior de esta lista",
            "is not a next_cursor of an earlier page of this list",
        )
    })
}

/// The rows of a page as `shape` writes them, and the `next_cursor` that goes out.
pub(crate) fn shaped<R, T>(
    caller: &Caller,
    list: Listed,
    page: &Page<R>,
    shape: impl Fn(&R) -> T,
) -> Result<(Vec<T>, Option<String>), Problem> {
    let sealed = page.next.map(|cursor| caller.app.seal_cursor(list, cursor));
    Ok((page.rows.iter().map(shape).collect(), sealed.transpose()?))
}
