//! Calls counted per provider and month, and how the count grew; per asker and day. Whoever has a
//! limit takes from the counter before it sends: no process passes what all of them may.

use chaski_client::Counter;
use jiff::Timestamp;

use crate::store::error::StoreError;
use crate::store::handle::Store;
use crate::store::sql::{deed, query};
use crate::store::tables::{counters, meta};
use crate::store::time::instant;

impl Store {
    /// Calls counted by now by all processes, those still queued here included. While the store cannot
    /// write, what is in the middle of being written may be counted twice.
    pub(in crate::store) async fn counted(&self, counter: &Counter) -> Result<u64, StoreError> {
        let mut queued = 0;
        // What waits in the queue and what is stored are not of one moment while a group is committed.
        if let Counter::Month { provider, month } = counter
            && self.writer.flush().await.is_err()
        {
            queued = self.writer.shared().spent(provider, month);
        }
        let mut reader = self.read().await?;
        Ok(queued + counters::used(&mut reader, counter).await?)
    }

    /// Notes when a provider's plan was found to be used up, or that it is not.
    pub(in crate::store) async fn put_plan(
        &self,
        provider: &str,
        spent_at: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        let name = plan_name(provider);
        let value = spent_at.map(|at| at.as_microsecond().to_le_bytes().to_vec());
        let value = value.unwrap_or_default();
        self.write(deed!(
            |connection| meta::put(connection, &name, &value).await
        ))
        .await
    }

    /// When a provider's plan was found to be used up, if it was.
    pub(in crate::store) async fn plan_of(
        &self,
        provider: &str,
    ) -> Result<Option<Timestamp>, StoreError> {
        let mut reader = self.read().await?;
        let value = meta::get(&mut reader, &plan_name(provider)).await?;
        let value = value.and_then(|value| <[u8; 8]>::try_from(value.as_slice()).ok());
        Ok(value.map(|value| instant(i64::from_le_bytes(value))))
    }

    /// Notes the counters of a month as they are now; says how many there are.
    pub async fn snapshot_quota(&self, month: &str, now: Timestamp) -> Result<u64, StoreError> {
        let (month, at) = (month.to_owned(), now.as_microsecond());
        self.write(deed!(|connection| {
            query(
                "INSERT INTO quota_snapshots (provider, month, at, used) \
                 SELECT provider, month, $1, used FROM quota WHERE month = $2 \
                 ON CONFLICT (provider, month, at) DO UPDATE SET used = excluded.used",
            )
            .bind(at)
            .bind(month)
            .execute(connection)
            .await
        }))
        .await
    }
}

/// The name of the fact that a plan is used up.
fn plan_name(provider: &str) -> String {
    format!("plan_spent:{provider}")
}
