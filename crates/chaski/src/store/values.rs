//! What goes to the database and comes back from it, whichever it is.

use std::borrow::Cow;

use compact_str::CompactString;
use jiff::Timestamp;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{Column, ColumnIndex, Row as _, TypeInfo};
use uuid::Uuid;

use super::error::StoreError;
use super::time::instant;

/// A row that was found.
pub(super) enum StoredRow {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

/// A value on its way to the database. What is missing still has a type.
pub(super) enum Value<'q> {
    Int(Option<i64>),
    Text(Option<Cow<'q, str>>),
    Bytes(Option<Cow<'q, [u8]>>),
}

impl Value<'_> {
    /// The same once more.
    pub(super) fn copied(&self) -> Value<'static> {
        let text = |text: &Cow<'_, str>| Cow::Owned(text.clone().into_owned());
        let bytes = |bytes: &Cow<'_, [u8]>| Cow::Owned(bytes.clone().into_owned());
        match self {
            Value::Int(number) => Value::Int(*number),
            Value::Text(it) => Value::Text(it.as_ref().map(text)),
            Value::Bytes(it) => Value::Bytes(it.as_ref().map(bytes)),
        }
    }

    /// About how many bytes it takes.
    pub(super) fn weight(&self) -> usize {
        match self {
            Value::Text(Some(text)) => text.len(),
            Value::Bytes(Some(bytes)) => bytes.len(),
            _ => 8,
        }
    }
}

/// Whole numbers as one value, for `any_of!`: one statement for any count.
pub(super) fn list(numbers: impl Iterator<Item = i64>) -> String {
    serde_json::to_string(&numbers.collect::<Vec<_>>()).expect("numbers only")
}

/// Identifiers and hashes as one value, for `any_bytes_of!`.
pub(super) fn list_of_bytes<'b>(many: impl Iterator<Item = &'b [u8]>) -> String {
    serde_json::to_string(&many.map(hex::encode).collect::<Vec<_>>()).expect("texts only")
}

impl StoredRow {
    /// What stands in a column, by its place or its name.
    pub(super) fn try_get<'r, T: StoredValue<'r>>(
        &'r self,
        column: impl ColumnIndex<SqliteRow> + ColumnIndex<PgRow>,
    ) -> Result<T, StoreError> {
        let column = match self {
            StoredRow::Sqlite(row) => column.index(row)?,
            StoredRow::Postgres(row) => column.index(row)?,
        };
        T::read(self, column)?.ok_or(StoreError::Corrupt)
    }
}

/// What can be a value of a statement.
pub(super) trait Bind<'q> {
    /// The value.
    fn value(self) -> Value<'q>;
    /// That it is missing.
    fn missing() -> Value<'q>;
}

/// What can stand in a column.
pub(super) trait StoredValue<'r>: Sized {
    /// Reads it; none where it is missing.
    fn read(row: &'r StoredRow, column: usize) -> Result<Option<Self>, StoreError>;
}

/// What can be read from a whole row.
pub(super) trait Record: Sized {
    /// The columns that it is read from, and the place of the row.
    const COLUMNS: &'static str = "";

    /// Reads it.
    fn of(row: StoredRow) -> Result<Self, StoreError>;
}

impl<'q, T: Bind<'q>> Bind<'q> for Option<T> {
    fn value(self) -> Value<'q> {
        self.map_or_else(T::missing, T::value)
    }

    fn missing() -> Value<'q> {
        T::missing()
    }
}

macro_rules! bound {
    ($($kind:ty => $variant:ident, $into:expr;)+) => {$(
        impl<'q> Bind<'q> for $kind {
            fn value(self) -> Value<'q> {
                Value::$variant(Some($into(self)))
            }

            fn missing() -> Value<'q> {
                Value::$variant(None)
            }
        }
    )+};
}

bound! {
    i64 => Int, i64::from;
    u64 => Int, u64::cast_signed;
    u32 => Int, i64::from;
    u16 => Int, i64::from;
    bool => Int, i64::from;
    Timestamp => Int, Timestamp::as_microsecond;
    &'q str => Text, Cow::Borrowed;
    String => Text, Cow::Owned;
    &'q [u8] => Bytes, Cow::Borrowed;
    Vec<u8> => Bytes, Cow::Owned;
    Uuid => Bytes, |id: Uuid| Cow::Owned(id.as_bytes().to_vec());
}

impl<'q> Bind<'q> for Value<'q> {
    fn value(self) -> Value<'q> {
        self
    }

    fn missing() -> Value<'q> {
        Value::Int(None)
    }
}

/// Reads what needs no conversion.
macro_rules! cells {
    ($($kind:ty),+) => {$(
        impl<'r> StoredValue<'r> for $kind {
            fn read(row: &'r StoredRow, column: usize) -> Result<Option<Self>, StoreError> {
                Ok(match row {
                    StoredRow::Sqlite(row) => row.try_get(column)?,
                    StoredRow::Postgres(row) => row.try_get(column)?,
                })
            }
        }
    )+};
}

cells!(String, Vec<u8>, &'r str, &'r [u8]);

/// Reads what is kept as something else.
macro_rules! cells_of {
    ($($kind:ty, $kept:ty => $of:expr;)+) => {$(
        impl<'r> $crate::store::sql::StoredValue<'r> for $kind {
            fn read(row: &'r $crate::store::sql::StoredRow, column: usize) -> Result<Option<Self>, $crate::store::StoreError> {
                let kept = <$kept>::read(row, column)?;
                kept.map(|kept| $of(kept).ok_or($crate::store::StoreError::Corrupt)).transpose()
            }
        }
    )+};
}

cells_of! {
    i32, i64 => |number| i32::try_from(number).ok();
    u32, i64 => |number| u32::try_from(number).ok();
    u16, i64 => |number| u16::try_from(number).ok();
    u64, i64 => |number: i64| Some(number.cast_unsigned());
    bool, i64 => |number| Some(number != 0);
    Timestamp, i64 => |micros| Some(instant(micros));
    Uuid, &[u8] => |bytes| Uuid::from_slice(bytes).ok();
    [u8; 32], &[u8] => |bytes: &[u8]| bytes.try_into().ok();
    CompactString, &str => |text: &str| Some(text.into());
}

/// What is missing is none.
impl<'r, T: StoredValue<'r>> StoredValue<'r> for Option<T> {
    fn read(row: &'r StoredRow, column: usize) -> Result<Option<Self>, StoreError> {
        Ok(Some(T::read(row, column)?))
    }
}

/// Whole numbers, which `PostgreSQL` has in several widths.
impl<'r> StoredValue<'r> for i64 {
    fn read(row: &'r StoredRow, column: usize) -> Result<Option<Self>, StoreError> {
        Ok(match row {
            StoredRow::Sqlite(row) => row.try_get(column)?,
            StoredRow::Postgres(row) => match row.try_column(column)?.type_info().name() {
                "BOOL" => row.try_get::<Option<bool>, _>(column)?.map(i64::from),
                "INT4" => row.try_get::<Option<i32>, _>(column)?.map(i64::from),
                _ => row.try_get(column)?,
            },
        })
    }
}

impl Record for StoredRow {
    fn of(row: StoredRow) -> Result<Self, StoreError> {
        Ok(row)
    }
}

/// The first column.
impl<T: for<'r> StoredValue<'r>> Record for T {
    fn of(row: StoredRow) -> Result<Self, StoreError> {
        row.try_get(0)
    }
}

macro_rules! records {
    ($($($kind:ident $column:literal),+;)+) => {$(
        impl<$($kind: for<'r> StoredValue<'r>),+> Record for ($($kind,)+) {
            fn of(row: StoredRow) -> Result<Self, StoreError> {
                Ok(($(row.try_get::<$kind>($column)?,)+))
            }
        }
    )+};
}

records! {
    A 0, B 1;
    A 0, B 1, C 2;
    A 0, B 1, C 2, D 3;
    A 0, B 1, C 2, D 3, E 4;
}

/// A struct that is read from a row, each field from the column of its name or the one beside it, which
/// may be kept as something else.
macro_rules! record {
    ($kind:ident { $($field:ident $(: $column:literal)? $(=> $of:path)?),+ $(,)? }) => {
        impl $crate::store::sql::Record for $kind {
            const COLUMNS: &'static str = concat!(
                "seq" $(, ", ", $crate::store::sql::record!(@name $field $($column)?))+
            );

            fn of(row: $crate::store::sql::StoredRow) -> Result<Self, $crate::store::StoreError> {
                Ok($kind {
                    $($field: {
                        let name = $crate::store::sql::record!(@name $field $($column)?);
                        $crate::store::sql::record!(@read row, name $(, $of)?)
                    },)+
                })
            }
        }
    };
    (@name $field:ident) => { stringify!($field) };
    (@name $field:ident $column:literal) => { $column };
    (@read $row:ident, $name:ident) => { $row.try_get($name)? };
    (@read $row:ident, $name:ident, $of:path) => {
        $of($row.try_get($name)?).ok_or($crate::store::StoreError::Corrupt)?
    };
}

pub(super) use {cells_of, record};
