//! Whichever database there is: a connection to read with, one writer, and what only that database
//! can do. The one place that asks which one it is.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chaski_client::{Key, Memory};

use super::error::StoreError;
use super::fault::PostgresFault;
use super::opening::Opened;
use super::postgres::checks::refuse_unsafe;
use super::postgres::seat::Seat;
use super::postgres::{self, ServerFacts};
use super::presence::Presence;
use super::readers::{Reader, Readers};
use super::seal::Keys;
use super::sql::{Writing, deed};
use super::sqlite::housekeeping::{self, Sizes};
use super::sqlite::recalls::Recalls;
use super::tables::answers::AnswerRow;
use super::tables::meta;
use super::writer::Writer;

/// The database of an open store.
pub struct Db {
    pub(super) dir: PathBuf,
    pub(super) keys: Arc<Keys>,
    pub(super) presence: Arc<Presence>,
    pub(super) writer: Writer,
    readers: Arc<Readers>,
    backend: Backend,
    /// Tells others that the folder is in use, until the store is closed.
    in_use: Mutex<Option<File>>,
}

enum Backend {
    Sqlite { recalls: Recalls },
    Postgres { seat: Arc<Seat> },
}

impl Db {
    /// Begins to work with an open folder.
    pub(super) fn start(dir: &Path, opened: Opened, seat: Option<Arc<Seat>>) -> Db {
        let keys = Arc::new(opened.keys);
        let readers = Arc::new(Readers::new(opened.reader_options));
        let backend = match seat {
            Some(seat) => Backend::Postgres { seat },
            None => Backend::Sqlite {
                recalls: Recalls::start(Arc::clone(&keys), Arc::clone(&readers)),
            },
        };
        Db {
            dir: dir.to_owned(),
            writer: Writer::start(opened.writer, opened.presence.id()),
            presence: Arc::new(opened.presence),
            readers,
            backend,
            keys,
            in_use: Mutex::new(Some(opened.in_use)),
        }
    }

    /// A connection to read with.
    pub(super) async fn read(&self) -> Result<Reader<'_>, StoreError> {
        self.readers.reader().await
    }

    /// Does something in a transaction; durable when this returns.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl Writing<T>,
    ) -> Result<T, StoreError> {
        self.writer.run(work).await
    }

    /// What is known of each key, what is only queued included.
    pub(super) async fn recall(&self, keys: &[Key]) -> Result<Vec<Option<Memory>>, StoreError> {
        // The queue first: what leaves it between the two looks is then in the database.
        let mut found = self.writer.shared().accepted(keys);
        let unknown: Vec<usize> = (0..keys.len())
            .filter(|index| found[*index].is_none())
            .collect();
        match (&unknown[..], &self.backend) {
            ([], _) => {}
            ([only], Backend::Sqlite { recalls }) => {
                found[*only] = recalls.recall(&keys[*only]).await?;
            }
            _ => {
                let wanted: Vec<Key> = unknown.iter().map(|index| keys[*index].clone()).collect();
                // Boxed: a statement's future is large, and ten thousand may wait on the way above.
                let known = Box::pin(self.readers.stored(&self.keys, &wanted)).await?;
                for (index, memory) in unknown.into_iter().zip(known) {
                    found[index] = memory;
                }
            }
        }
        Ok(found)
    }

    /// Answers and refusals as they will be stored.
    pub(super) fn answer_rows(
        &self,
        entries: Vec<(Key, Memory)>,
    ) -> Result<Vec<AnswerRow>, StoreError> {
        entries
            .into_iter()
            .map(|(key, memory)| AnswerRow::new(&self.keys, key, memory))
            .collect()
    }

    /// Writes the smallest thing there is, to find out whether writing works.
    pub async fn probe(&self) -> Result<(), StoreError> {
        self.writer.run_alone(|it| Box::pin(meta::probe(it))).await
    }

    /// Makes sure that what was deleted is in no file any more; whether that could be done.
    pub(super) async fn empty_log(&self) -> Result<bool, StoreError> {
        if matches!(self.backend, Backend::Postgres { .. }) {
            let work = self.writer.run_alone(|it| Box::pin(postgres::vacuum(it)));
            return work.await.map(|()| true);
        }
        self.writer
            .run_alone(|connection| Box::pin(housekeeping::empty_log(connection)))
            .await
    }

    /// Gives free space back to the file system; says how many pages.
    pub(super) async fn give_back_pages(&self) -> Result<u64, StoreError> {
        if matches!(self.backend, Backend::Postgres { .. }) {
            return Ok(0);
        }
        let mut total = 0;
        loop {
            let (before, after) = self
                .write(|connection| Box::pin(housekeeping::give_back_some_pages(connection)))
                .await?;
            total += before.saturating_sub(after);
            if after == 0 || after >= before {
                return Ok(total);
            }
        }
    }

    /// How large the database is.
    pub(super) async fn sizes(&self) -> Result<Sizes, StoreError> {
        let mut reader = self.read().await?;
        match &self.backend {
            Backend::Sqlite { .. } => housekeeping::sizes(&self.dir, &mut reader).await,
            Backend::Postgres { .. } => postgres::sizes(&mut reader).await,
        }
    }

    /// Looks for damage; slow on a large database.
    pub async fn check(&self) -> Result<(), StoreError> {
        let mut reader = self.read().await?;
        match &self.backend {
            Backend::Sqlite { .. } => housekeeping::check(&mut reader).await,
            Backend::Postgres { .. } => refuse_unsafe(&mut reader).await,
        }
    }

    /// Limits the size of the database file, so that it cannot fill a disk shared with others;
    /// none for no limit. Reaching it is [`StoreError::DiskFull`]. Holds while the store is open.
    pub async fn limit_size(&self, bytes: Option<u64>) -> Result<(), StoreError> {
        if matches!(self.backend, Backend::Postgres { .. }) {
            // Its disk is not ours to share out.
            return Ok(());
        }
        self.writer
            .run_alone(move |connection| Box::pin(housekeeping::limit_size(connection, bytes)))
            .await
    }

    /// Takes the place of the only server of a `PostgreSQL` database until the store is closed; an
    /// error when another process has it. Processes that share a folder may all serve.
    pub async fn become_server(&self) -> Result<(), StoreError> {
        let Backend::Postgres { seat } = &self.backend else {
            return Ok(());
        };
        // The server may need a moment to notice that whoever had it is gone.
        for _ in 0..20 {
            let seat = Arc::clone(seat);
            let held = self
                .writer
                .run_alone(deed!(|it| seat.serve(it).await))
                .await?;
            if held {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Err(StoreError::Postgres(PostgresFault::Served))
    }

    /// Becomes the only one who issues documents with a database on a server; false when another process
    /// does. Processes that share a folder agree by a file of it.
    pub async fn become_issuer(&self) -> Result<bool, StoreError> {
        let Backend::Postgres { seat } = &self.backend else {
            return Ok(true);
        };
        let seat = Arc::clone(seat);
        let held = self.writer.run_alone(deed!(|it| seat.issue(it).await));
        held.await
    }

    /// Lets another process issue.
    pub async fn stop_issuing(&self) {
        let Backend::Postgres { seat } = &self.backend else {
            return;
        };
        let seat = Arc::clone(seat);
        let left = self
            .writer
            .run_alone(deed!(|it| seat.stop_issuing(it).await));
        // A connection that was cut took its locks along, and this may be how that is noticed.
        if let Err(error) = left.await {
            tracing::debug!(
                code = error.code(),
                "the lock of who issues was not given back"
            );
        }
    }

    /// What the server is like, where the data are on one.
    pub async fn server_facts(&self) -> Result<Option<ServerFacts>, StoreError> {
        if matches!(self.backend, Backend::Sqlite { .. }) {
            return Ok(None);
        }
        let mut reader = self.read().await?;
        postgres::facts(&self.dir, &mut reader).await.map(Some)
    }

    /// Whether the schema of the other side was ever begun, and then whether it had keys.
    pub async fn other_side(&self, schema: &'static str) -> Result<Option<bool>, StoreError> {
        if matches!(self.backend, Backend::Sqlite { .. }) {
            return Ok(None);
        }
        let mut reader = self.read().await?;
        postgres::other_side(&mut reader, schema).await
    }

    /// Makes durable what is queued and closes the database. An error means that something is
    /// not stored yet: the store stays open and goes on trying.
    pub async fn close(&self) -> Result<(), StoreError> {
        let flushed = self.writer.flush().await;
        if flushed.is_err() && matches!(self.backend, Backend::Postgres { .. }) {
            // A connection that was cut is noticed by its first use, and mended by the next.
            self.writer.flush().await?;
        } else {
            flushed?;
        }
        self.readers.close().await;
        self.writer.close().await?;
        self.presence.leave();
        let mut in_use = self.in_use.lock().unwrap_or_else(PoisonError::into_inner);
        drop(in_use.take());
        Ok(())
    }
}
