//! The seam between the tables and their database: one connection, one statement and one row,
//! whichever database there is.
//!
//! A statement is one text. Numbered parameters (`$1`) are the same everywhere; where a statement
//! stands for many rows its parameters are `?`, which `SQLite` binds without looking up names.
//! `PostgreSQL` gets its own spelling of that text, without hints, or a text of its own.

use std::borrow::Cow;
use std::fmt::{Display, Write};
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
pub(super) use super::values::{
    Bind, Record, StoredRow, StoredValue, Value, cells_of, list, list_of_bytes, record,
};

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

/// A statement with its values, in a text that both databases understand or in one for each.
pub(super) struct Query<'q> {
    text: Cow<'static, str>,
    postgres: Option<Cow<'static, str>>,
    values: Vec<Value<'q>>,
}

/// A statement.
pub(super) fn query<'q>(text: impl Into<Cow<'static, str>>) -> Query<'q> {
    Query {
        text: text.into(),
        postgres: None,
        values: Vec::new(),
    }
}

/// A statement that `PostgreSQL` has to be told in other words.
pub(super) fn query_of_each<'q>(sqlite: &'static str, postgres: &'static str) -> Query<'q> {
    Query {
        postgres: Some(postgres.into()),
        ..query(sqlite)
    }
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

/// What is done with the connection of the writer.
pub(super) trait Writing<T>:
    for<'c> FnOnce(&'c mut Conn) -> BoxFuture<'c, Result<T, StoreError>> + Send + 'static
{
}

impl<T, F> Writing<T> for F where
    F: for<'c> FnOnce(&'c mut Conn) -> BoxFuture<'c, Result<T, StoreError>> + Send + 'static
{
}

/// What is done in a transaction.
macro_rules! deed {
    (|$connection:ident| $work:expr) => {
        move |$connection| Box::pin(async move { $work })
    };
}

pub(super) use {any_bytes_of, any_of, deed};

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

    /// The next values, in their order.
    pub(super) fn bind_all<T: Bind<'q>>(self, values: impl IntoIterator<Item = T>) -> Query<'q> {
        values.into_iter().fold(self, Query::bind)
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

    /// Goes on with a text.
    pub(super) fn push(&mut self, text: impl Display) -> &mut Query<'q> {
        let _ = write!(self.text.to_mut(), "{text}");
        if let Some(postgres) = &mut self.postgres {
            let _ = write!(postgres.to_mut(), "{text}");
        }
        self
    }

    /// Goes on with a value.
    pub(super) fn push_bind(&mut self, value: impl Bind<'q>) -> &mut Query<'q> {
        self.values.push(value.value());
        let number = self.values.len();
        self.push(format_args!("${number}"))
    }

    /// Goes on with a text and a value, where there is one.
    pub(super) fn push_if(&mut self, text: &str, value: Option<impl Bind<'q>>) -> &mut Query<'q> {
        match value {
            Some(value) => self.push(text).push_bind(value),
            None => self,
        }
    }

    /// Goes on with values, separated by commas.
    pub(super) fn push_values(&mut self, values: impl Iterator<Item = Value<'q>>) {
        for (place, value) in values.enumerate() {
            self.push(if place == 0 { "" } else { ", " });
            self.push_bind(value);
        }
    }

    /// Goes on with the numbers of a [`list`].
    pub(super) fn push_any_of(&mut self, list: String) -> &mut Query<'q> {
        let (before, after) = any_of!("?").split_once('?').expect("its parameter");
        self.push(before).push_bind(list).push(after)
    }

    /// All rows.
    pub(super) async fn fetch_all<T: Record>(
        self,
        connection: &mut Conn,
    ) -> Result<Vec<T>, StoreError> {
        match connection {
            Conn::Sqlite(connection) => {
                let rows = self.for_sqlite().fetch_all(connection).await?;
                rows.into_iter().map(StoredRow::Sqlite).map(T::of).collect()
            }
            Conn::Postgres(remote) => {
                let statement = self.for_postgres();
                let rows = patient(statement.fetch_all(&mut remote.connection)).await;
                let rows = remote.noted(rows)?.into_iter();
                rows.map(StoredRow::Postgres).map(T::of).collect()
            }
        }
    }

    /// The first row, if there is any.
    pub(super) async fn fetch_optional<T: Record>(
        self,
        connection: &mut Conn,
    ) -> Result<Option<T>, StoreError> {
        let row = match connection {
            Conn::Sqlite(connection) => {
                let row = self.for_sqlite().fetch_optional(connection).await?;
                row.map(StoredRow::Sqlite)
            }
            Conn::Postgres(remote) => {
                let query = self.for_postgres();
                let row = patient(query.fetch_optional(&mut remote.connection)).await;
                remote.noted(row)?.map(StoredRow::Postgres)
            }
        };
        row.map(T::of).transpose()
    }

    /// The first row; an error when there is none.
    pub(super) async fn fetch_one<T: Record>(self, connection: &mut Conn) -> Result<T, StoreError> {
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

    fn for_postgres(self) -> sqlx::query::Query<'static, Postgres, PgArguments> {
        let text = self.postgres.unwrap_or_else(|| spelled(&self.text).into());
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
