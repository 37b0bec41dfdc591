//! A few read-only connections. An own pool and not that of sqlx: no timers, so that it works
//! under a paused clock, and no ping of the connection's thread at each use.

use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, MutexGuard};

use chaski_client::{Key, Memory};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::store::error::StoreError;
use crate::store::seal::Keys;
use crate::store::sql::{Conn, Options};
use crate::store::tables::answers;

/// Each connection has a thread and a page cache of its own; more would not read faster.
const MOST_READERS: usize = 4;

pub(super) struct Readers {
    options: Options,
    idle: Mutex<Vec<Conn>>,
    room: Semaphore,
}

/// A connection on loan; goes back when dropped.
pub(super) struct Reader<'a> {
    connection: Option<Conn>,
    home: &'a Readers,
    _permit: SemaphorePermit<'a>,
}

impl Readers {
    pub(super) fn new(options: Options) -> Readers {
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

    /// What the database knows of each key, in the order asked.
    pub(super) async fn stored(
        &self,
        keys: &Keys,
        wanted: &[Key],
    ) -> Result<Vec<Option<Memory>>, StoreError> {
        let mut reader = self.reader().await?;
        answers::stored(&mut reader, keys, wanted).await
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

    fn idle(&self) -> MutexGuard<'_, Vec<Conn>> {
        self.idle
            .lock()
            .expect("no code panics while it holds this lock")
    }
}

impl Deref for Reader<'_> {
    type Target = Conn;

    fn deref(&self) -> &Conn {
        self.connection.as_ref().expect("taken only by drop")
    }
}

impl DerefMut for Reader<'_> {
    fn deref_mut(&mut self) -> &mut Conn {
        self.connection.as_mut().expect("taken only by drop")
    }
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else {
            return;
        };
        if connection.is_broken() {
            // What breaks one, such as a server that is started anew, breaks the others too.
            self.home.idle().clear();
        } else if !self.home.room.is_closed() {
            self.home.idle().push(connection);
        }
    }
}
