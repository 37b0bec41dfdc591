//! The seam between the tables and their database: one connection, one statement and one row,
//! whichever database there is.
//!
//! A statement is one text. Numbered parameters (`$1`) are the same everywhere; where a statement
//! stands for many rows its parameters are `?`, which `SQLite` binds without looking up names.
//! `PostgreSQL` gets its own spelling of that text, without hints, or a text of its own.

use std::borrow::Cow;
use std::fmt::{Display, Write};
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use sqlx::postgres::{PgArguments, PgConnectOptions, PgDatabaseError, PgSeverity};
use sqlx::sqlite::{SqliteArguments, SqliteConnectOptions};
use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, PgConnection, Postgres, Sqlite, SqliteConnection,
};

use super::error::StoreError;
use super::fault::PostgresFault;
use super::spelling::spelled;
pub(super) use super::values::{Bind, Cell, Record, Row, Value, list, list_of_bytes, uuid_of};

/// How to get a connection to the database.
pub(super) enum Options {
    Sqlite(SqliteConnectOptions),
    Postgres(PgConnectOptions),
}

/// A connection to the database.
pub(super) enum Conn {
    Sqlite(SqliteConnection),
    Postgres(Box<Remote>),
}

/// A connection to a server, which may break.
pub(super) struct Remote {
    options: PgConnectOptions,
    connection: PgConnection,
    broken: bool,
    greeting: Option<Greeting>,
}

/// What is asked of the server before anything is written through a connection that takes the place
/// of a broken one.
type Greeting =
    Arc<dyn for<'c> Fn(&'c mut Conn) -> BoxFuture<'c, Result<(), StoreError>> + Send + Sync>;

/// How long a server may take to let somebody in.
const TO_COME_IN: Duration = Duration::from_secs(10);

/// How long a statement may take. Of what came to its end meanwhile nothing is known then, as when a
/// connection breaks.
const TO_ANSWER: Duration = Duration::from_mins(2);

/// A text that both databases understand, or one for each.
pub(super) struct Sql {
    text: Cow<'static, str>,
    postgres: Option<Cow<'static, str>>,
}

/// A statement with its values.
pub(super) struct Query<'q> {
    sql: Sql,
    values: Vec<Value<'q>>,
}

/// A statement whose rows have one column of interest.
pub(super) struct Scalar<'q, T>(Query<'q>, PhantomData<fn() -> T>);

/// A statement whose rows are read as tuples.
pub(super) struct Tuples<'q, T>(Query<'q>, PhantomData<fn() -> T>);

/// A statement that is put together piece by piece.
pub(super) struct Builder {
    text: String,
    postgres: Option<String>,
    values: Vec<Value<'static>>,
}

/// A statement.
pub(super) fn query<'q>(sql: impl Into<Sql>) -> Query<'q> {
    Query {
        sql: sql.into(),
        values: Vec::new(),
    }
}

/// A statement of whose rows the first column is wanted.
pub(super) fn query_scalar<'q, T>(sql: impl Into<Sql>) -> Scalar<'q, T> {
    Scalar(query(sql), PhantomData)
}

/// A statement whose rows are wanted as tuples.
pub(super) fn query_as<'q, T>(sql: impl Into<Sql>) -> Tuples<'q, T> {
    Tuples(query(sql), PhantomData)
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

impl From<&'static str> for Sql {
    fn from(text: &'static str) -> Sql {
        Sql {
            text: text.into(),
            postgres: None,
        }
    }
}

impl From<String> for Sql {
    fn from(text: String) -> Sql {
        Sql {
            text: text.into(),
            postgres: None,
        }
    }
}

impl Sql {
    /// A text for `SQLite` and another one for `PostgreSQL`.
    pub(super) fn each(sqlite: &'static str, postgres: &'static str) -> Sql {
        Sql {
            text: sqlite.into(),
            postgres: Some(postgres.into()),
        }
    }
}

impl Options {
    pub(super) async fn connect(&self) -> Result<Conn, StoreError> {
        Ok(match self {
            Options::Sqlite(options) => Conn::Sqlite(options.connect().await?),
            Options::Postgres(options) => Conn::Postgres(Box::new(Remote {
                options: options.clone(),
                connection: come_in(options).await?,
                broken: false,
                greeting: None,
            })),
        })
    }
}

async fn come_in(options: &PgConnectOptions) -> Result<PgConnection, StoreError> {
    let connected = tokio::time::timeout(TO_COME_IN, options.connect()).await;
    let late = |_| Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into()));
    connected.unwrap_or_else(late).map_err(of_connection)
}

/// What a failure of a connection to a server means; its words may tell more than they should.
fn of_connection(error: sqlx::Error) -> StoreError {
    let kind = match error {
        sqlx::Error::Database(_) | sqlx::Error::RowNotFound => return error.into(),
        sqlx::Error::Io(error) => Some(error.kind()),
        _ => None,
    };
    StoreError::Postgres(PostgresFault::Unreachable { kind })
}

/// Whether nothing can follow on that connection.
fn breaks(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::RowNotFound => false,
        sqlx::Error::Database(said) => said
            .try_downcast_ref::<PgDatabaseError>()
            .is_some_and(|said| matches!(said.severity(), PgSeverity::Fatal | PgSeverity::Panic)),
        _ => true,
    }
}

/// Waits for what a server says, but not for ever.
async fn patient<T>(
    statement: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, sqlx::Error> {
    let late = |_| Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into()));
    tokio::time::timeout(TO_ANSWER, statement)
        .await
        .unwrap_or_else(late)
}

impl Remote {
    /// Keeps in mind that the connection is no more.
    fn noted<T>(&mut self, done: Result<T, sqlx::Error>) -> Result<T, StoreError> {
        done.map_err(|error| {
            self.broken |= breaks(&error);
            of_connection(error)
        })
    }
}

impl Conn {
    /// Begins to write: nobody else does until the end.
    pub(super) async fn begin(&mut self) -> Result<(), StoreError> {
        self.mend().await?;
        match self {
            Conn::Sqlite(_) => query("BEGIN IMMEDIATE").execute(self).await.map(drop),
            Conn::Postgres(_) => self.run(BEGIN_ALONE).await,
        }
    }

    /// Runs statements without values that are not worth being kept prepared.
    pub(super) async fn run(
        &mut self,
        statements: impl Into<Cow<'static, str>>,
    ) -> Result<(), StoreError> {
        let statements = sqlx::raw_sql(AssertSqlSafe(statements.into()));
        match self {
            Conn::Sqlite(connection) => {
                statements.execute(connection).await?;
            }
            Conn::Postgres(remote) => {
                let done = statements.execute(&mut remote.connection).await;
                remote.noted(done)?;
            }
        }
        Ok(())
    }

    /// Ends a transaction: commits what was done or, on an error, nothing.
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

    /// Whether it is to a server, which takes no key twice in one statement.
    pub(super) fn is_remote(&self) -> bool {
        matches!(self, Conn::Postgres(_))
    }

    /// Whether it is of no use any more.
    pub(super) fn is_broken(&self) -> bool {
        matches!(self, Conn::Postgres(remote) if remote.broken)
    }

    /// A new connection in the place of one that broke; of no use either if it is not let in again.
    pub(super) async fn mend(&mut self) -> Result<(), StoreError> {
        let Conn::Postgres(remote) = self else {
            return Ok(());
        };
        if !remote.broken {
            return Ok(());
        }
        remote.connection = come_in(&remote.options).await?;
        let Some(greeting) = remote.greeting.clone() else {
            remote.broken = false;
            return Ok(());
        };
        greeting(self).await?;
        if let Conn::Postgres(remote) = self {
            remote.broken = false;
        }
        Ok(())
    }

    /// What a connection that takes the place of this one begins with.
    pub(super) fn greet_with<F>(&mut self, greeting: F)
    where
        F: for<'c> Fn(&'c mut Conn) -> BoxFuture<'c, Result<(), StoreError>>
            + Send
            + Sync
            + 'static,
    {
        if let Conn::Postgres(remote) = self {
            remote.greeting = Some(Arc::new(greeting));
        }
    }

    /// Closes it; an error when something may not have been written.
    pub(super) async fn close(self) -> Result<(), StoreError> {
        match self {
            Conn::Sqlite(connection) => Ok(connection.close().await?),
            Conn::Postgres(remote) => Ok(remote.connection.close().await?),
        }
    }
}

/// One process writes at a time, whatever it writes: what it reads first stays true until it has
/// written. The lock ends with the transaction.
const BEGIN_ALONE: &str = "BEGIN; SELECT pg_advisory_xact_lock(1129270849, \
    CAST(CAST(CAST(current_schema() AS TEXT) AS REGNAMESPACE) AS OID)::INT4)";

impl<'q> Query<'q> {
    /// The next value.
    pub(super) fn bind(mut self, value: impl Bind<'q>) -> Query<'q> {
        self.values.push(value.value());
        self
    }

    /// How many rows it changed.
    pub(super) async fn execute(self, connection: &mut Conn) -> Result<u64, StoreError> {
        match connection {
            Conn::Sqlite(connection) => {
                let done = self.for_sqlite().execute(connection).await?;
                Ok(done.rows_affected())
            }
            Conn::Postgres(remote) => {
                let statement = self.for_postgres();
                let done = patient(statement.execute(&mut remote.connection)).await;
                Ok(remote.noted(done)?.rows_affected())
            }
        }
    }

    /// All rows.
    pub(super) async fn fetch_all(self, connection: &mut Conn) -> Result<Vec<Row>, StoreError> {
        match connection {
            Conn::Sqlite(connection) => {
                let rows = self.for_sqlite().fetch_all(connection).await?;
                Ok(rows.into_iter().map(Row::Sqlite).collect())
            }
            Conn::Postgres(remote) => {
                let statement = self.for_postgres();
                let rows = patient(statement.fetch_all(&mut remote.connection)).await;
                let rows = remote.noted(rows)?;
                Ok(rows.into_iter().map(Row::Postgres).collect())
            }
        }
    }

    /// The first row, if there is any.
    pub(super) async fn fetch_optional(
        self,
        connection: &mut Conn,
    ) -> Result<Option<Row>, StoreError> {
        match connection {
            Conn::Sqlite(connection) => {
                let row = self.for_sqlite().fetch_optional(connection).await?;
                Ok(row.map(Row::Sqlite))
            }
            Conn::Postgres(remote) => {
                let query = self.for_postgres();
                let row = patient(query.fetch_optional(&mut remote.connection)).await;
                Ok(remote.noted(row)?.map(Row::Postgres))
            }
        }
    }

    /// The first row; an error when there is none.
    pub(super) async fn fetch_one(self, connection: &mut Conn) -> Result<Row, StoreError> {
        let row = self.fetch_optional(connection).await?;
        row.ok_or_else(|| sqlx::Error::RowNotFound.into())
    }

    fn for_sqlite(self) -> sqlx::query::Query<'static, Sqlite, SqliteArguments> {
        let mut query = sqlx::query(AssertSqlSafe(self.sql.text));
        for value in self.values {
            query = match value {
                Value::Int(number) => query.bind(number),
                Value::Text(text) => query.bind(text.map(Cow::into_owned)),
                Value::Bytes(bytes) => query.bind(bytes.map(Cow::into_owned)),
            };
        }
        query
    }

    fn for_postgres(self) -> sqlx::query::Query<'static, Postgres, PgArguments> {
        let sql = self.sql;
        let text = sql.postgres.unwrap_or_else(|| spelled(&sql.text).into());
        let mut query = sqlx::query(AssertSqlSafe(text));
        for value in self.values {
            query = match value {
                Value::Int(number) => query.bind(number),
                Value::Text(text) => query.bind(text.map(without_zero)),
                Value::Bytes(bytes) => query.bind(bytes.map(Cow::into_owned)),
            };
        }
        query
    }
}

/// The one character that `PostgreSQL` holds in no text is shown as what cannot be shown.
fn without_zero(text: Cow<'_, str>) -> String {
    if text.contains('\0') {
        return text.replace('\0', "\u{fffd}");
    }
    text.into_owned()
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
    pub(super) fn new(sql: impl Into<Sql>) -> Builder {
        let sql = sql.into();
        Builder {
            text: sql.text.into_owned(),
            postgres: sql.postgres.map(Cow::into_owned),
            values: Vec::new(),
        }
    }

    /// Goes on with a text.
    pub(super) fn push(&mut self, text: impl Display) -> &mut Builder {
        let _ = write!(self.text, "{text}");
        if let Some(postgres) = &mut self.postgres {
            let _ = write!(postgres, "{text}");
        }
        self
    }

    /// Goes on with a value.
    pub(super) fn push_bind(&mut self, value: impl Bind<'static>) -> &mut Builder {
        self.values.push(value.value());
        let number = self.values.len();
        self.push(format_args!("${number}"))
    }

    /// Goes on with values, separated by commas.
    pub(super) fn push_values(&mut self, values: impl Iterator<Item = Value<'static>>) {
        for (place, value) in values.enumerate() {
            self.values.push(value);
            let (separator, number) = (if place == 0 { "" } else { ", " }, self.values.len());
            self.push(format_args!("{separator}${number}"));
        }
    }

    /// Goes on with the numbers of a [`list`].
    pub(super) fn push_any_of(&mut self, list: String) -> &mut Builder {
        let (before, after) = any_of!("?").split_once('?').expect("its parameter");
        self.push(before).push_bind(list).push(after)
    }

    /// The statement.
    pub(super) fn build(self) -> Query<'static> {
        Query {
            sql: Sql {
                text: self.text.into(),
                postgres: self.postgres.map(Cow::Owned),
            },
            values: self.values,
        }
    }
}
