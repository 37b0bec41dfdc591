//! When each entry of the schedule was last seen to, so that a restart neither repeats nor skips
//! one.

use jiff::Timestamp;

use crate::store::error::StoreError;
use crate::store::handle::Store;
use crate::store::sql::{deed, query};
use crate::store::tables::jobs;
use crate::store::tables::jobs::Job;
use crate::store::time::instant;

impl Store {
    /// When an entry was last seen to; none when it is new.
    pub async fn schedule_seen(&self, name: &str) -> Result<Option<Timestamp>, StoreError> {
        let mut reader = self.read().await?;
        let at: Option<i64> = query("SELECT last_at FROM schedule WHERE name = $1")
            .bind(name)
            .fetch_optional(&mut reader)
            .await?;
        Ok(at.map(instant))
    }

    /// Notes the time of an entry and puts its job into the queue, both or none; false when another
    /// process did since `seen`.
    pub async fn enqueue_scheduled(
        &self,
        name: &'static str,
        seen: Option<Timestamp>,
        now: Timestamp,
        job: Option<Job>,
    ) -> Result<bool, StoreError> {
        let me = self.presence.id();
        self.write(deed!(|connection| {
            let noted = query(
                "INSERT INTO schedule (name, last_at) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE \
                 SET last_at = excluded.last_at WHERE schedule.last_at = $3",
            )
            .bind(name)
            .bind(now)
            .bind(seen)
            .execute(&mut *connection)
            .await?;
            if noted == 0 {
                return Ok(false);
            }
            if let Some(job) = job {
                jobs::enqueue(connection, &job, me).await?;
            }
            Ok(true)
        }))
        .await
    }
}
