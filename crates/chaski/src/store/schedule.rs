//! When each entry of the schedule was last seen to, so that a restart neither repeats nor skips
//! one.

use jiff::Timestamp;
use sqlx::SqliteConnection;

use super::jobs::{self, NewJob};
use super::time::instant;
use super::{Backend, Store, StoreError};

impl Store {
    /// When an entry was last seen to; none when it is new.
    pub async fn schedule_seen(&self, name: &str) -> Result<Option<Timestamp>, StoreError> {
        let Backend::Sqlite(sqlite) = &self.backend;
        let mut reader = sqlite.readers.reader().await?;
        let at: Option<i64> = sqlx::query_scalar("SELECT last_at FROM schedule WHERE name = ?1")
            .bind(name)
            .fetch_optional(&mut *reader)
            .await?;
        Ok(at.map(instant))
    }

    /// Notes that an entry was seen to and puts its job into the queue, both or none; false when
    /// somebody else did since `seen`.
    pub async fn see_to_schedule(
        &self,
        name: &'static str,
        seen: Option<Timestamp>,
        now: Timestamp,
        job: Option<NewJob>,
    ) -> Result<bool, StoreError> {
        let Backend::Sqlite(sqlite) = &self.backend;
        sqlite
            .writer
            .run(move |connection| {
                Box::pin(async move { see_to(connection, name, seen, now, job).await })
            })
            .await
    }
}

async fn see_to(
    connection: &mut SqliteConnection,
    name: &str,
    seen: Option<Timestamp>,
    now: Timestamp,
    job: Option<NewJob>,
) -> Result<bool, StoreError> {
    let noted = sqlx::query(
        "INSERT INTO schedule (name, last_at) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE \
         SET last_at = excluded.last_at WHERE last_at = ?3",
    )
    .bind(name)
    .bind(now.as_microsecond())
    .bind(seen.map(Timestamp::as_microsecond))
    .execute(&mut *connection)
    .await?
    .rows_affected();
    if noted == 0 {
        return Ok(false);
    }
    if let Some(job) = job {
        jobs::enqueue(connection, &job).await?;
    }
    Ok(true)
}
