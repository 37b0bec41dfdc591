//! All rows of one database taken to an empty one: from `SQLite` to `PostgreSQL` or back, in one
//! transaction at either end, a page at a time. A run that is cut short leaves nothing, so that it is
//! begun anew. What arrived is read again and compared by count and hash before it counts.
//!
//! Tables, columns and keys are read from the end that is `SQLite`, so that none can be forgotten.

use crate::store::error::StoreError;
use crate::store::fault::PostgresFault;
use crate::store::sql::{Conn, StoredRow, Value, query};

/// Most rows of a page.
const MOST_ROWS: usize = 256;

/// About so many bytes are a page: one list may be as large as ten thousand calls.
const PAGE_BYTES: usize = 4 * 1024 * 1024;

/// A table as it is at both ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// Its name.
    pub table: String,
    /// Its rows.
    pub rows: u64,
    /// BLAKE3 of all of them in the order of their keys, as hexadecimal digits.
    pub hash: String,
}

struct Table {
    name: String,
    columns: Vec<(String, Kind)>,
    /// Places of the columns of its primary key.
    key: Vec<usize>,
}

#[derive(Clone, Copy)]
enum Kind {
    Int,
    Text,
    Bytes,
}

/// Takes everything from one end to the other. A target that holds the same already is left alone:
/// the run before was cut short after its end; one that holds anything else is refused.
pub(in crate::store) async fn transfer(
    from: &mut Conn,
    to: &mut Conn,
) -> Result<Vec<Moved>, StoreError> {
    let tables = tables(if from.is_remote() {
        &mut *to
    } else {
        &mut *from
    })
    .await?;
    // What others write at the source meanwhile is not seen.
    from.run(if from.is_remote() {
        "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
    } else {
        "BEGIN"
    })
    .await?;
    to.run("BEGIN").await?;
    let moved = all(from, to, &tables).await;
    let moved = to.end(moved).await;
    from.end(moved).await
}

async fn all(from: &mut Conn, to: &mut Conn, tables: &[Table]) -> Result<Vec<Moved>, StoreError> {
    let mut is_empty = true;
    for table in tables {
        is_empty &= table.page(to, None, 1).await?.is_empty();
    }
    let mut moved = Vec::with_capacity(tables.len());
    for table in tables {
        if is_empty {
            table.copy(from, to).await?;
        }
        let here = table.digest(from).await?;
        if table.digest(to).await? != here {
            return Err(StoreError::Postgres(if is_empty {
                PostgresFault::Unequal(here.table)
            } else {
                PostgresFault::NotEmpty
            }));
        }
        moved.push(here);
    }
    Ok(moved)
}

/// Those that others refer to come first.
async fn tables(sqlite: &mut Conn) -> Result<Vec<Table>, StoreError> {
    let names: Vec<String> = query(
        "SELECT t.name FROM sqlite_schema t WHERE t.type = 'table' \
         AND t.name NOT LIKE 'sqlite%' AND t.name <> '_sqlx_migrations' \
         ORDER BY EXISTS (SELECT 1 FROM pragma_foreign_key_list(t.name)), t.name",
    )
    .fetch_all(&mut *sqlite)
    .await?;
    let mut tables = Vec::with_capacity(names.len());
    for name in names {
        let columns: Vec<(String, String, i64)> =
            query("SELECT name, type, pk FROM pragma_table_info($1) ORDER BY cid")
                .bind(name.as_str())
                .fetch_all(&mut *sqlite)
                .await?;
        let mut key: Vec<_> = (0..columns.len())
            .filter(|place| columns[*place].2 > 0)
            .collect();
        key.sort_by_key(|place| columns[*place].2);
        let columns = columns.into_iter().map(|(name, kind, _)| {
            let kind = match kind.as_str() {
                "INTEGER" => Kind::Int,
                "TEXT" => Kind::Text,
                "BLOB" => Kind::Bytes,
                _ => return Err(StoreError::Corrupt),
            };
            Ok((name, kind))
        });
        tables.push(Table {
            columns: columns.collect::<Result<_, StoreError>>()?,
            name,
            key,
        });
    }
    Ok(tables)
}

impl Table {
    async fn copy(&self, from: &mut Conn, to: &mut Conn) -> Result<(), StoreError> {
        let mut seen = (None, 16);
        while let Some(page) = self.next_page(from, &mut seen).await? {
            self.insert(to, page).await?;
        }
        if to.is_remote() && self.columns.iter().any(|(name, _)| name == "seq") {
            let mut next = query("SELECT setval(pg_get_serial_sequence(");
            next.push_bind(self.name.clone());
            next.push(format_args!(
                ", 'seq'), coalesce(max(seq), 0) + 1, false) FROM {}",
                self.name
            ));
            next.execute(to).await?;
        }
        Ok(())
    }

    /// The next of its pages, after the key in `seen` and as long as `seen` says; none at the end.
    async fn next_page(
        &self,
        connection: &mut Conn,
        seen: &mut (Option<Vec<Value<'static>>>, usize),
    ) -> Result<Option<Vec<Vec<Value<'static>>>>, StoreError> {
        let page = self.page(connection, seen.0.as_ref(), seen.1).await?;
        let Some(last) = page.last() else {
            return Ok(None);
        };
        let key = self.key.iter().map(|place| last[*place].copied());
        let bytes: usize = page.iter().flatten().map(Value::weight).sum();
        // As many as there may be, if they are like these.
        let most = (PAGE_BYTES * page.len() / bytes.max(1)).clamp(1, MOST_ROWS);
        *seen = (Some(key.collect()), most);
        Ok(Some(page))
    }

    /// Its rows after some key, in the order of their keys, which is the same at both ends.
    async fn page(
        &self,
        connection: &mut Conn,
        after: Option<&Vec<Value<'static>>>,
        most: usize,
    ) -> Result<Vec<Vec<Value<'static>>>, StoreError> {
        let key = self.names(self.key.iter().copied());
        let all = self.names(0..self.columns.len());
        let mut query = query("SELECT ");
        query.push(all).push(" FROM ").push(&self.name);
        // What processes noted of their own commits means nothing at the other end.
        let which = if self.name == "meta" {
            " WHERE name NOT LIKE 'group:%'"
        } else {
            " WHERE 1 = 1"
        };
        query.push(which);
        if let Some(after) = after {
            query.push(format_args!(" AND ({key}) > ("));
            query.push_values(after.iter().map(Value::copied));
            query.push(")");
        }
        query.push(format_args!(" ORDER BY {key} LIMIT {most}"));
        let rows = query.fetch_all(connection).await?;
        rows.iter().map(|row| self.cells(row)).collect()
    }

    fn cells(&self, row: &StoredRow) -> Result<Vec<Value<'static>>, StoreError> {
        let cell = |(place, (_, kind)): (usize, &(String, Kind))| {
            Ok(match kind {
                Kind::Int => Value::Int(row.try_get(place)?),
                Kind::Text => Value::Text(row.try_get::<Option<String>>(place)?.map(Into::into)),
                Kind::Bytes => Value::Bytes(row.try_get::<Option<Vec<u8>>>(place)?.map(Into::into)),
            })
        };
        self.columns.iter().enumerate().map(cell).collect()
    }

    async fn insert(
        &self,
        to: &mut Conn,
        rows: Vec<Vec<Value<'static>>>,
    ) -> Result<(), StoreError> {
        let mut query = query("INSERT INTO ");
        query.push(format_args!(
            "{} ({}) VALUES ",
            self.name,
            self.names(0..self.columns.len())
        ));
        for (number, row) in rows.into_iter().enumerate() {
            query.push(if number == 0 { "(" } else { ", (" });
            query.push_values(row.into_iter());
            query.push(")");
        }
        query.execute(to).await?;
        Ok(())
    }

    async fn digest(&self, connection: &mut Conn) -> Result<Moved, StoreError> {
        let mut hash = blake3::Hasher::new();
        let (mut seen, mut rows) = ((None, 16), 0);
        while let Some(page) = self.next_page(connection, &mut seen).await? {
            rows += page.len() as u64;
            for cell in page.iter().flatten() {
                let (kind, bytes): (&[u8], &[u8]) = match cell {
                    Value::Int(Some(number)) => (b"i", &number.to_le_bytes()),
                    Value::Text(Some(text)) => (b"t", text.as_bytes()),
                    Value::Bytes(Some(bytes)) => (b"b", bytes),
                    Value::Int(None) | Value::Text(None) | Value::Bytes(None) => (b"n", &[]),
                };
                hash.update(kind);
                hash.update(&(bytes.len() as u64).to_le_bytes());
                hash.update(bytes);
            }
        }
        Ok(Moved {
            table: self.name.clone(),
            rows,
            hash: hash.finalize().to_hex().to_string(),
        })
    }

    fn names(&self, places: impl Iterator<Item = usize>) -> String {
        let names = places.map(|place| self.columns[place].0.as_str());
        names.collect::<Vec<_>>().join(", ")
    }
}
