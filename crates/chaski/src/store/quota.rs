//! Calls counted per provider and month, and how the count grew; per asker and day. Whoever has a
//! limit takes from the counter before it sends: no process passes what all of them may.

use chaski_client::{Allowance, Counter, Taken};
use jiff::Timestamp;
use sqlx::SqliteConnection;

use super::time::instant;
use super::{Backend, Store, StoreError, meta};

/// The counter of a month at some moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuotaSnapshot {
    /// The provider.
    pub provider: String,
    /// The month, such as `2026-11`.
    pub month: String,
    /// When it was looked at.
    pub at: Timestamp,
    /// Calls counted by then.
    pub used: u64,
}

impl Store {
    /// Calls counted by now by all processes, those still queued here included.
    pub(super) async fn counted(&self, counter: &Counter) -> Result<u64, StoreError> {
        let Backend::Sqlite(sqlite) = &self.backend;
        let queued = match counter {
            Counter::Month { provider, month } => sqlite.writer.shared().spent(provider, month),
            Counter::Day { .. } => 0,
        };
        let mut reader = sqlite.readers.reader().await?;
        Ok(queued + used(&mut reader, counter).await?)
    }

    /// Takes one call from each allowance or from none; durable when this returns.
    pub(super) async fn take_calls(&self, from: Vec<Allowance>) -> Result<Taken, StoreError> {
        let Backend::Sqlite(sqlite) = &self.backend;
        sqlite
            .writer
            .run(move |connection| Box::pin(async move { take(connection, &from).await }))
            .await
    }

    /// Gives one call back to each allowance.
    pub(super) async fn give_back_calls(&self, to: Vec<Allowance>) -> Result<(), StoreError> {
        let Backend::Sqlite(sqlite) = &self.backend;
        sqlite
            .writer
            .run(move |connection| Box::pin(async move { give_back(connection, &to).await }))
            .await
    }

    /// Notes when a provider's plan was found to be used up, or that it is not.
    pub(super) async fn put_plan(
        &self,
        provider: &str,
        spent_at: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        let Backend::Sqlite(sqlite) = &self.backend;
        let name = plan_name(provider);
        let value = spent_at.map(|at| at.as_microsecond().to_le_bytes());
        sqlite
            .writer
            .run(move |connection| {
                Box::pin(async move {
                    meta::put(connection, &name, value.as_ref().map_or(&[], |it| it)).await
                })
            })
            .await
    }

    /// When a provider's plan was found to be used up, if it was.
    pub(super) async fn plan_of(&self, provider: &str) -> Result<Option<Timestamp>, StoreError> {
        let Backend::Sqlite(sqlite) = &self.backend;
        let mut reader = sqlite.readers.reader().await?;
        let value = meta::get(&mut reader, &plan_name(provider)).await?;
        let value = value.and_then(|value| <[u8; 8]>::try_from(value.as_slice()).ok());
        Ok(value.map(|value| instant(i64::from_le_bytes(value))))
    }

    /// Notes the counters of a month as they are now; says how many there are.
    pub async fn snapshot_quota(&self, month: &str, now: Timestamp) -> Result<u64, StoreError> {
        let Backend::Sqlite(sqlite) = &self.backend;
        let (month, at) = (month.to_owned(), now.as_microsecond());
        sqlite
            .writer
            .run(move |connection| {
                Box::pin(async move {
                    let noted = sqlx::query(
                        "INSERT OR REPLACE INTO quota_snapshots (provider, month, at, used) \
                         SELECT provider, month, ?1, used FROM quota WHERE month = ?2",
                    )
                    .bind(at)
                    .bind(month)
                    .execute(connection)
                    .await?;
                    Ok(noted.rows_affected())
                })
            })
            .await
    }

    /// How the counter of a month grew, oldest first.
    pub async fn quota_snapshots(
        &self,
        provider: &str,
        month: &str,
    ) -> Result<Vec<QuotaSnapshot>, StoreError> {
        let Backend::Sqlite(sqlite) = &self.backend;
        let mut reader = sqlite.readers.reader().await?;
        let rows: Vec<(i64, i64)> = sqlx::query_as(
            "SELECT at, used FROM quota_snapshots WHERE provider = ?1 AND month = ?2 ORDER BY at",
        )
        .bind(provider)
        .bind(month)
        .fetch_all(&mut *reader)
        .await?;
        let snapshot = |(at, used): (i64, i64)| QuotaSnapshot {
            provider: provider.to_owned(),
            month: month.to_owned(),
            at: instant(at),
            used: used.cast_unsigned(),
        };
        Ok(rows.into_iter().map(snapshot).collect())
    }
}

/// The name of the fact that a plan is used up.
fn plan_name(provider: &str) -> String {
    format!("plan_spent:{provider}")
}

/// Adds to the counter of a month.
pub(super) async fn add(
    connection: &mut SqliteConnection,
    provider: &str,
    month: &str,
    calls: u64,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO quota (provider, month, used) VALUES (?1, ?2, ?3) \
         ON CONFLICT (provider, month) DO UPDATE SET used = used + excluded.used",
    )
    .bind(provider)
    .bind(month)
    .bind(calls.cast_signed())
    .execute(connection)
    .await?;
    Ok(())
}

async fn take(connection: &mut SqliteConnection, from: &[Allowance]) -> Result<Taken, StoreError> {
    for (place, one) in from.iter().enumerate() {
        let statement = match one.counter {
            Counter::Month { .. } => {
                "INSERT INTO quota (provider, month, used) SELECT ?1, ?2, 1 WHERE ?3 > 0 \
                 ON CONFLICT (provider, month) DO UPDATE SET used = used + 1 WHERE used < ?3"
            }
            Counter::Day { .. } => {
                "INSERT INTO days (who, day, used) SELECT ?1, ?2, 1 WHERE ?3 > 0 \
                 ON CONFLICT (who, day) DO UPDATE SET used = used + 1 WHERE used < ?3"
            }
        };
        let (whose, period) = names_of(&one.counter);
        let taken = sqlx::query(statement)
            .bind(whose)
            .bind(period)
            .bind(i64::try_from(one.most).unwrap_or(i64::MAX))
            .execute(&mut *connection)
            .await?;
        if taken.rows_affected() == 0 {
            give_back(connection, &from[..place]).await?;
            return Ok(Taken::SpentAt(place));
        }
    }
    Ok(Taken::All)
}

async fn give_back(connection: &mut SqliteConnection, to: &[Allowance]) -> Result<(), StoreError> {
    for one in to {
        let statement = match one.counter {
            Counter::Month { .. } => {
                "UPDATE quota SET used = used - 1 WHERE provider = ?1 AND month = ?2 AND used > 0"
            }
            Counter::Day { .. } => {
                "UPDATE days SET used = used - 1 WHERE who = ?1 AND day = ?2 AND used > 0"
            }
        };
        let (whose, period) = names_of(&one.counter);
        sqlx::query(statement)
            .bind(whose)
            .bind(period)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

async fn used(connection: &mut SqliteConnection, counter: &Counter) -> Result<u64, StoreError> {
    let statement = match counter {
        Counter::Month { .. } => "SELECT used FROM quota WHERE provider = ?1 AND month = ?2",
        Counter::Day { .. } => "SELECT used FROM days WHERE who = ?1 AND day = ?2",
    };
    let (whose, period) = names_of(counter);
    let used: Option<i64> = sqlx::query_scalar(statement)
        .bind(whose)
        .bind(period)
        .fetch_optional(connection)
        .await?;
    Ok(used.unwrap_or(0).cast_unsigned())
}

fn names_of(counter: &Counter) -> (&str, &str) {
    match counter {
        Counter::Month { provider, month } => (provider, month),
        Counter::Day { who, day } => (who, day),
    }
}
