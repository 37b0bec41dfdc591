//! The seam between the tables and their database: one connection, one statement and one row,
//! whichever database there is.
//!
//! A statement is one text. Numbered parameters (`$1`) are the same everywhere; where a statement
//! stands for many rows its parameters are `?`, which `SQLite` binds without looking up names.

use std::borrow::Cow;
use std::fmt::{Display, Write};
use std::marker::PhantomData;

use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{AssertSqlSafe, Connection, Row as _, Sqlite, SqliteConnection};
use uuid::Uuid;

use super::error::StoreError;

/// A connection to the database.
pub(super) enum Conn {
    Sqlite(SqliteConnection),
}

/// A row that was found.
pub(super) enum Row {
    Sqlite(SqliteRow),
}

/// A value on its way to the database. What is missing still has a type.
pub(super) enum Value<'q> {
    Int(Option<i64>),
    Text(Option<Cow<'q, str>>),
    Bytes(Option<Cow<'q, [u8]>>),
}

/// A statement with its values.
pub(super) struct Query<'q> {
    text: Cow<'static, str>,
    values: Vec<Value<'q>>,
}

/// A statement whose rows have one column of interest.
pub(super) struct Scalar<'q, T>(Query<'q>, PhantomData<fn() -> T>);

/// A statement whose rows are read as tuples.
pub(super) struct Tuples<'q, T>(Query<'q>, PhantomData<fn() -> T>);

/// A statement that is put together piece by piece.
pub(super) struct Builder {
    text: String,
    values: Vec<Value<'static>>,
}

/// A statement.
pub(super) fn query<'q>(text: impl Into<Cow<'static, str>>) -> Query<'q> {
    Query {
        text: text.into(),
        values: Vec::new(),
    }
}

/// A statement of whose rows the first column is wanted.
pub(super) fn query_scalar<'q, T>(text: impl Into<Cow<'static, str>>) -> Scalar<'q, T> {
    Scalar(query(text), PhantomData)
}

/// A statement whose rows are wanted as tuples.
pub(super) fn query_as<'q, T>(text: impl Into<Cow<'static, str>>) -> Tuples<'q, T> {
    Tuples(query(text), PhantomData)
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

/// The numbers of a [`list`] that is the value of that parameter.
macro_rules! any_of {
    ($parameter:literal) => {
        concat!("(SELECT value FROM json_each(", $parameter, "))")
    };
}

/// What is in a [`list_of_bytes`] that is the value of that parameter.
macro_rules! any_bytes_of {
    ($parameter:literal) => {
        concat!("(SELECT unhex(value) FROM json_each(", $parameter, "))")
    };
}

pub(super) use {any_bytes_of, any_of};

impl Conn {
    /// Runs statements without values that are not worth being kept prepared.
    pub(super) async fn run(
        &mut self,
        statements: impl Into<Cow<'static, str>>,
    ) -> Result<(), StoreError> {
        let Conn::Sqlite(connection) = self;
        sqlx::raw_sql(AssertSqlSafe(statements.into()))
            .execute(connection)
            .await?;
        Ok(())
    }

    /// Does something in a transaction that `begin` begins: all of it or, on an error, nothing.
    pub(super) async fn end<T>(&mut self, done: Result<T, StoreError>) -> Result<T, StoreError> {
        match done {
            Ok(done) => self.run("COMMIT").await.map(|()| done),
            Err(error) => {
                // Nothing to roll back if the database has already done so itself.
                let _ = self.run("ROLLBACK").await;
                Err(error)
            }
        }
    }

    /// Closes it; an error when something may not have been written.
    pub(super) async fn close(self) -> Result<(), StoreError> {
        let Conn::Sqlite(connection) = self;
        Ok(connection.close().await?)
    }
}

impl<'q> Query<'q> {
    /// The next value.
    pub(super) fn bind(mut self, value: impl Bind<'q>) -> Query<'q> {
        self.values.push(value.value());
        self
    }

    /// How many rows it changed.
    pub(super) async fn execute(self, connection: &mut Conn) -> Result<u64, StoreError> {
        let Conn::Sqlite(connection) = connection;
        let done = self.for_sqlite().execute(connection).await?;
        Ok(done.rows_affected())
    }

    /// All rows.
    pub(super) async fn fetch_all(self, connection: &mut Conn) -> Result<Vec<Row>, StoreError> {
        let Conn::Sqlite(connection) = connection;
        let rows = self.for_sqlite().fetch_all(connection).await?;
        Ok(rows.into_iter().map(Row::Sqlite).collect())
    }

    /// The first row, if there is any.
    pub(super) async fn fetch_optional(
        self,
        connection: &mut Conn,
    ) -> Result<Option<Row>, StoreError> {
        let Conn::Sqlite(connection) = connection;
        let row = self.for_sqlite().fetch_optional(connection).await?;
        Ok(row.map(Row::Sqlite))
    }

    /// The first row; an error when there is none.
    pub(super) async fn fetch_one(self, connection: &mut Conn) -> Result<Row, StoreError> {
        let row = self.fetch_optional(connection).await?;
        row.ok_or_else(|| sqlx::Error::RowNotFound.into())
    }

    fn for_sqlite(self) -> sqlx::query::Query<'static, Sqlite, SqliteArguments> {
        let mut query = sqlx::query(AssertSqlSafe(self.text));
        for value in self.values {
            query = match value {
                Value::Int(number) => query.bind(number),
                Value::Text(text) => query.bind(text.map(Cow::into_owned)),
                Value::Bytes(bytes) => query.bind(bytes.map(Cow::into_owned)),
            };
        }
        query
    }
}

impl<'q, T: for<'r> Cell<'r>> Scalar<'q, T> {
    /// The next value.
    pub(super) fn bind(self, value: impl Bind<'q>) -> Scalar<'q, T> {
        Scalar(self.0.bind(value), PhantomData)
    }

    /// The column of all rows.
    pub(super) async fn fetch_all(self, connection: &mut Conn) -> Result<Vec<T>, StoreError> {
        let rows = self.0.fetch_all(connection).await?;
        rows.iter().map(|row| row.try_get(0)).collect()
    }

    /// The column of the first row, if there is any.
    pub(super) async fn fetch_optional(
        self,
        connection: &mut Conn,
    ) -> Result<Option<T>, StoreError> {
        let row = self.0.fetch_optional(connection).await?;
        row.map(|row| row.try_get(0)).transpose()
    }

    /// The column of the first row; an error when there is none.
    pub(super) async fn fetch_one(self, connection: &mut Conn) -> Result<T, StoreError> {
        self.0.fetch_one(connection).await?.try_get(0)
    }
}

impl<'q, T: Record> Tuples<'q, T> {
    /// The next value.
    pub(super) fn bind(self, value: impl Bind<'q>) -> Tuples<'q, T> {
        Tuples(self.0.bind(value), PhantomData)
    }

    /// All rows.
    pub(super) async fn fetch_all(self, connection: &mut Conn) -> Result<Vec<T>, StoreError> {
        let rows = self.0.fetch_all(connection).await?;
        rows.iter().map(T::of).collect()
    }

    /// The first row; an error when there is none.
    pub(super) async fn fetch_one(self, connection: &mut Conn) -> Result<T, StoreError> {
        T::of(&self.0.fetch_one(connection).await?)
    }
}

impl Builder {
    /// A statement that begins so.
    pub(super) fn new(text: impl Into<String>) -> Builder {
        Builder {
            text: text.into(),
            values: Vec::new(),
        }
    }

    /// Goes on with a text.
    pub(super) fn push(&mut self, text: impl Display) -> &mut Builder {
        let _ = write!(self.text, "{text}");
        self
    }

    /// Goes on with a value.
    pub(super) fn push_bind(&mut self, value: impl Bind<'static>) -> &mut Builder {
        self.values.push(value.value());
        let number = self.values.len();
        self.push(format_args!("${number}"))
    }

    /// Goes on with the numbers of a [`list`].
    pub(super) fn push_any_of(&mut self, list: String) -> &mut Builder {
        let (before, after) = any_of!("?").split_once('?').expect("its parameter");
        self.push(before).push_bind(list).push(after)
    }

    /// The statement.
    pub(super) fn build(self) -> Query<'static> {
        Query {
            text: self.text.into(),
            values: self.values,
        }
    }
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

macro_rules! cells {
    ($($kind:ty),+) => {$(
        impl<'r> Cell<'r> for $kind {
            fn read(row: &'r Row, column: usize) -> Result<Self, StoreError> {
                let Row::Sqlite(row) = row;
                Ok(row.try_get(column)?)
            }
        }

        impl<'r> Cell<'r> for Option<$kind> {
            fn read(row: &'r Row, column: usize) -> Result<Self, StoreError> {
                let Row::Sqlite(row) = row;
                Ok(row.try_get(column)?)
            }
        }
    )+};
}

cells!(i64, i32, u32, u16, bool, String, Vec<u8>, &'r str, &'r [u8]);

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
