//! Lists in pages, newest first. A cursor names the last row seen, so rows that are added
//! meanwhile neither repeat nor hide others.

use std::fmt;
use std::str::FromStr;

use crate::store::error::StoreError;
use crate::store::sql::Builder;

/// One page of a list.
#[derive(Debug, Clone)]
pub struct Page<T> {
    /// The rows, newest first.
    pub rows: Vec<T>,
    /// Where the next page begins; none on the last one.
    pub next: Option<Cursor>,
}

/// A place in a list. Its text is for the owner of the folder; others get it sealed, because rows
/// are counted through all companies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    pub(super) at: i64,
    pub(super) seq: i64,
}

/// The lists that come in pages. A place in one is none in another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listed {
    /// The record of calls.
    Calls,
    /// Batches.
    Batches,
    /// Jobs.
    Jobs,
    /// Partners.
    Partners,
    /// What changed about partners.
    PartnerChanges,
    /// Numbers that do not exist.
    Refusals,
}

impl Listed {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Listed::Calls => "calls",
            Listed::Batches => "batches",
            Listed::Jobs => "jobs",
            Listed::Partners => "partners",
            Listed::PartnerChanges => "partner changes",
            Listed::Refusals => "refusals",
        }
    }
}

/// Most rows of a page.
const MOST_ROWS: u32 = 1_000;

/// Ends the query of a page: its rows, newest first by the time in that column, after the place that the
/// page before ended at.
pub(super) fn newest_first(query: &mut Builder, column: &str, limit: usize, after: Option<Cursor>) {
    if let Some(after) = after {
        query.push(format!(" AND {column} <= ")).push_bind(after.at);
        query.push(format!(" AND ({column} < ")).push_bind(after.at);
        query.push(" OR seq < ").push_bind(after.seq).push(")");
    }
    query.push(format!(" ORDER BY {column} DESC, seq DESC LIMIT "));
    query.push_bind(i64::try_from(limit + 1).unwrap_or(i64::MAX));
}

pub(super) fn rows_of_page(limit: u32) -> usize {
    limit.clamp(1, MOST_ROWS) as usize
}

impl<T> Page<T> {
    /// A page of rows of which one more than `limit` was asked for, to know whether there are
    /// more.
    pub(super) fn cut(mut rows: Vec<(Cursor, T)>, limit: usize) -> Page<T> {
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().map(|(place, _)| *place).filter(|_| more);
        let rows = rows.into_iter().map(|(_, row)| row).collect();
        Page { rows, next }
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.at, self.seq)
    }
}

impl FromStr for Cursor {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Cursor, StoreError> {
        let number = |part: &str| part.parse().map_err(|_| StoreError::BadCursor);
        let (at, seq) = text.split_once('.').ok_or(StoreError::BadCursor)?;
        Ok(Cursor {
            at: number(at)?,
            seq: number(seq)?,
        })
    }
}
