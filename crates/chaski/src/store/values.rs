//! What goes to the database and comes back from it, whichever it is.

use std::borrow::Cow;
use std::fmt::Write;

use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{Column, Row as _, TypeInfo};
use uuid::Uuid;

use super::error::StoreError;

/// A row that was found.
pub(super) enum Row {
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

/// The identifier of a stored one.
pub(super) fn uuid_of(bytes: &[u8]) -> Result<Uuid, StoreError> {
    Uuid::from_slice(bytes).map_err(|_| StoreError::Corrupt)
}

/// Whole numbers as one value, for `any_of!`: one statement for any count.
pub(super) fn list(numbers: impl Iterator<Item = i64>) -> String {
    let mut list = String::from("[");
    for number in numbers {
        if list.len() > 1 {
            list.push(',');
        }
        let _ = write!(list, "{number}");
    }
    list.push(']');
    list
}

/// Identifiers and hashes as one value, for `any_bytes_of!`.
pub(super) fn list_of_bytes<'b>(many: impl Iterator<Item = &'b [u8]>) -> String {
    let mut list = String::from("[");
    for bytes in many {
        list.push_str(if list.len() > 1 { ",\"" } else { "\"" });
        for byte in bytes {
            let _ = write!(list, "{byte:02x}");
        }
        list.push('"');
    }
    list.push(']');
    list
}

impl Row {
    /// What stands in a column.
    pub(super) fn try_get<'r, T: Cell<'r>>(&'r self, column: usize) -> Result<T, StoreError> {
        T::read(self, column)
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
pub(super) trait Cell<'r>: Sized {
    /// Reads it.
    fn read(row: &'r Row, column: usize) -> Result<Self, StoreError>;
}

/// What can be read from a whole row.
pub(super) trait Record: Sized {
    /// Reads it.
    fn of(row: &Row) -> Result<Self, StoreError>;
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
    u32 => Int, i64::from;
    u16 => Int, i64::from;
    bool => Int, i64::from;
    &'q str => Text, Cow::Borrowed;
    String => Text, Cow::Owned;
    &'q [u8] => Bytes, Cow::Borrowed;
    Vec<u8> => Bytes, Cow::Owned;
}

/// Reads what needs no conversion.
macro_rules! cells {
    ($($kind:ty),+) => {$(
        impl<'r> Cell<'r> for $kind {
            fn read(row: &'r Row, column: usize) -> Result<Self, StoreError> {
                Ok(match row {
                    Row::Sqlite(row) => row.try_get(column)?,
                    Row::Postgres(row) => row.try_get(column)?,
                })
            }
        }

        impl<'r> Cell<'r> for Option<$kind> {
            fn read(row: &'r Row, column: usize) -> Result<Self, StoreError> {
                Ok(match row {
                    Row::Sqlite(row) => row.try_get(column)?,
                    Row::Postgres(row) => row.try_get(column)?,
                })
            }
        }
    )+};
}

cells!(String, Vec<u8>, &'r str, &'r [u8]);

/// Reads whole numbers, which `PostgreSQL` has in several widths and none without a sign.
macro_rules! numbers {
    ($($kind:ty => $of:expr;)+) => {$(
        impl<'r> Cell<'r> for $kind {
            fn read(row: &'r Row, column: usize) -> Result<Self, StoreError> {
                match row {
                    Row::Sqlite(row) => Ok(row.try_get(column)?),
                    Row::Postgres(row) => {
                        let number = whole_number(row, column)?.ok_or(StoreError::Corrupt)?;
                        $of(number).ok_or(StoreError::Corrupt)
                    }
                }
            }
        }

        impl<'r> Cell<'r> for Option<$kind> {
            fn read(row: &'r Row, column: usize) -> Result<Self, StoreError> {
                match row {
                    Row::Sqlite(row) => Ok(row.try_get(column)?),
                    Row::Postgres(row) => whole_number(row, column)?
                        .map(|number| $of(number).ok_or(StoreError::Corrupt))
                        .transpose(),
                }
            }
        }
    )+};
}

numbers! {
    i64 => Some;
    i32 => |number| i32::try_from(number).ok();
    u32 => |number| u32::try_from(number).ok();
    u16 => |number| u16::try_from(number).ok();
    bool => |number| Some(number != 0);
}

fn whole_number(row: &PgRow, column: usize) -> Result<Option<i64>, StoreError> {
    Ok(match row.try_column(column)?.type_info().name() {
        "BOOL" => row.try_get::<Option<bool>, _>(column)?.map(i64::from),
        "INT4" => row.try_get::<Option<i32>, _>(column)?.map(i64::from),
        _ => row.try_get(column)?,
    })
}

macro_rules! records {
    ($($($kind:ident $column:literal),+;)+) => {$(
        impl<$($kind: for<'r> Cell<'r>),+> Record for ($($kind,)+) {
            fn of(row: &Row) -> Result<Self, StoreError> {
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
