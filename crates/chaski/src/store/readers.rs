//! A few read-only connections. An own pool and not that of sqlx: no timers, so that it works
//! under a paused clock, and no ping of the connection's thread at each use.

use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, MutexGuard};

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::StoreError;

/// Each connection has a thread and a page cache of its own; more would not read faster.
const MOST_READERS: usize = 4;

pub(super) struct Readers {
    options: SqliteConnectOptions,
    idle: Mutex<Vec<SqliteConnection>>,
    room: Semaphore,
}

/// A connection on loan; goes back when dropped.
pub(super) struct Reader<'a> {
    connection: Option<SqliteConnection>,
    home: &'a Readers,
    _permit: SemaphorePermit<'a>,
}

impl Readers {
    pub(super) fn new(options: SqliteConnectOptions) -> Readers {
        Readers {
            options,
            idle: Mutex::new(Vec::with_capacity(MOST_READERS)),
            room: Semaphore::new(MOST_READERS),
        }
    }

    pub(super) async fn reader(&self) -> Result<Reader<'_>, StoreError> {
        let permit = self.room.acquire().await.map_err(|_| StoreError::Closed)?;
        let idle = self.idle().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => self.options.connect().await?,
        };
        Ok(Reader {
            connection: Some(connection),
            home: self,
            _permit: permit,
        })
    }

    /// Closes what is idle and lends nothing more.
    pub(super) async fn close(&self) {
        self.room.close();
        let idle = std::mem::take(&mut *self.idle());
        for connection in idle {
            // It only read: there is nothing that closing could lose.
            let _ = connection.close().await;
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<SqliteConnection>> {
        self.idle
            .lock()
            .expect("no code panics while it holds this lock")
    }
}

impl Deref for Reader<'_> {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        self.connection.as_ref().expect("taken only by drop")
    }
}

impl DerefMut for Reader<'_> {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        self.connection.as_mut().expect("taken only by drop")
    }
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take()
            && !self.home.room.is_closed()
        {
            self.home.idle().push(connection);
        }
    }
}
