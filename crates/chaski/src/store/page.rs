//! Lists in pages, newest first. A cursor names the last row seen, so rows that are added
//! meanwhile neither repeat nor hide others.

use std::fmt;
use std::str::FromStr;

use crate::named::named;
use crate::store::error::StoreError;
use crate::store::sql::{Conn, Query, Row};

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

named! {
    /// The lists that come in pages. A place in one is none in another.
    pub enum Listed {
        /// The record of calls.
        Calls = "calls",
        /// Batches.
        Batches = "batches",
        /// Jobs.
        Jobs = "jobs",
        /// Partners.
        Partners = "partners",
        /// What changed about partners.
        PartnerChanges = "partner changes",
        /// Numbers that do not exist.
        Refusals = "refusals",
        /// Documents that are issued.
        Documents = "documents",
    }
}

/// Most rows of a page.
const MOST_ROWS: u32 = 1_000;

/// Ends the query of a page: its rows, newest first by the time in that column and by their place, or by
/// their place alone, after the place that the page before ended at.
pub(super) fn newest_first(
    query: &mut Query<'_>,
    column: Option<&str>,
    limit: u32,
    after: Option<Cursor>,
) {
    match (column, after) {
        (Some(column), Some(after)) => {
            query.push(format!(" AND {column} <= ")).push_bind(after.at);
            query.push(format!(" AND ({column} < ")).push_bind(after.at);
            query.push(" OR seq < ").push_bind(after.seq).push(")");
        }
        (None, Some(after)) => drop(query.push(" AND seq < ").push_bind(after.seq)),
        (_, None) => {}
    }
    let order = column.map_or_else(String::new, |column| format!("{column} DESC, "));
    query.push(format!(" ORDER BY {order}seq DESC LIMIT "));
    query.push_bind(rows_of_page(limit) as u64 + 1);
}

fn rows_of_page(limit: u32) -> usize {
    limit.clamp(1, MOST_ROWS) as usize
}

impl<T> Page<T> {
    /// The page of a query that ends with [`newest_first`].
    pub(super) async fn of(
        query: Query<'_>,
        limit: u32,
        connection: &mut Conn,
        read: impl Fn(Row) -> Result<(Cursor, T), StoreError>,
    ) -> Result<Page<T>, StoreError> {
        let limit = rows_of_page(limit);
        let rows: Vec<Row> = query.fetch_all(connection).await?;
        let more = rows.len() > limit;
        let rows = rows.into_iter().take(limit).map(read);
        let rows: Vec<_> = rows.collect::<Result<_, StoreError>>()?;
        let next = rows.last().map(|(place, _)| *place).filter(|_| more);
        let rows = rows.into_iter().map(|(_, row)| row).collect();
        Ok(Page { rows, next })
    }

    /// The same of a list that is ordered by the time in that column.
    pub(super) async fn newest(
        mut query: Query<'_>,
        column: &'static str,
        (limit, after): (u32, Option<Cursor>),
        connection: &mut Conn,
        read: impl Fn(Row) -> Result<T, StoreError>,
    ) -> Result<Page<T>, StoreError> {
        newest_first(&mut query, Some(column), limit, after);
        let placed = |row: Row| {
            let (at, seq) = (row.try_get(column)?, row.try_get("seq")?);
            Ok((Cursor { at, seq }, read(row)?))
        };
        Page::of(query, limit, connection, placed).await
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
