//! Who works with a database of a server. Processes know of each other by files, so all of them must
//! share one data folder; and one of them serves. Both are locks of the writer's own connection: the
//! server lets go of them however the process ends, and a process whose connection was cut asks for
//! them again before it writes anything through the next one.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::store::error::StoreError;
use crate::store::fault::PostgresFault;
use crate::store::postgres::checks::refuse_unsafe;
use crate::store::sql::{Conn, Query, query};

/// Of what this process holds the locks.
pub(in crate::store) struct Seat {
    /// Tells the sides of a database apart.
    side: i64,
    /// Tells folders apart.
    folder: i64,
    serves: AtomicBool,
    issues: AtomicBool,
    /// The connection that had them, by which a server that has not noticed its end finds it.
    before: Mutex<Option<(i64, i64)>>,
}

impl Seat {
    /// Sits down for a folder; an error when another one works with that side of the database.
    pub(in crate::store) async fn take(
        connection: &mut Conn,
        schema: &str,
        folder: i64,
    ) -> Result<Arc<Seat>, StoreError> {
        let hash = *blake3::hash(schema.as_bytes()).as_bytes();
        let seat = Arc::new(Seat {
            side: i64::from(u32::from_le_bytes([
                hash[0],
                hash[1],
                hash[2],
                hash[3] & 0x7f,
            ])),
            folder,
            serves: AtomicBool::new(false),
            issues: AtomicBool::new(false),
            before: Mutex::default(),
        });
        seat.sit(connection).await?;
        let again = Arc::clone(&seat);
        connection.greet_with(move |connection| {
            let seat = Arc::clone(&again);
            Box::pin(async move { seat.sit_again(connection).await })
        });
        Ok(seat)
    }

    async fn sit_again(&self, connection: &mut Conn) -> Result<(), StoreError> {
        // It may have been started anew with other settings.
        refuse_unsafe(connection).await?;
        self.end_before(connection).await?;
        self.sit(connection).await?;
        if self.serves.load(Ordering::Acquire) && !hold(connection, SERVING).await? {
            return Err(StoreError::Postgres(PostgresFault::Served));
        }
        if self.issues.load(Ordering::Acquire) && !hold(connection, ISSUING).await? {
            return Err(StoreError::NotTheIssuer);
        }
        Ok(())
    }

    async fn sit(&self, connection: &mut Conn) -> Result<(), StoreError> {
        // Two that come at once see each other, for each sits down before it looks.
        query("SELECT pg_try_advisory_lock_shared(CAST($1 AS INT4), CAST($2 AS INT4))")
            .bind(self.side)
            .bind(self.folder)
            .execute(connection)
            .await?;
        // The server lets go of a connection that was closed a moment later.
        for tries in 1.. {
            let others: bool = query(
                "SELECT EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2 \
                 AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) \
                 AND classid = CAST($1 AS OID) AND objid <> CAST($2 AS OID))",
            )
            .bind(self.side)
            .bind(self.folder)
            .fetch_one(&mut *connection)
            .await?;
            match others {
                false => break,
                true if tries < 10 => tokio::time::sleep(Duration::from_millis(100)).await,
                true => return Err(StoreError::Postgres(PostgresFault::OtherFolder)),
            }
        }
        let me = query("SELECT CAST(pid AS BIGINT), CAST(extract(epoch FROM backend_start) * 1000000 AS BIGINT) \
             FROM pg_stat_activity WHERE pid = pg_backend_pid()")
        .fetch_one(connection)
        .await?;
        *self.before() = Some(me);
        Ok(())
    }

    /// A server that has not noticed that a connection is gone keeps its locks: it is told.
    async fn end_before(&self, connection: &mut Conn) -> Result<(), StoreError> {
        let before = *self.before();
        let Some((pid, since)) = before else {
            return Ok(());
        };
        let ended: Option<bool> = query(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE pid = $1 \
             AND CAST(extract(epoch FROM backend_start) * 1000000 AS BIGINT) = $2",
        )
        .bind(pid)
        .bind(since)
        .fetch_optional(connection)
        .await?;
        tracing::debug!(?ended, "a connection to the database was cut");
        Ok(())
    }

    /// Begins to serve; false when another process does.
    pub(in crate::store) async fn serve(&self, connection: &mut Conn) -> Result<bool, StoreError> {
        if self.serves.load(Ordering::Acquire) {
            return Ok(true);
        }
        let held = hold(connection, SERVING).await?;
        self.serves.store(held, Ordering::Release);
        Ok(held)
    }

    /// Begins to issue documents; false when another process does.
    pub(in crate::store) async fn issue(&self, connection: &mut Conn) -> Result<bool, StoreError> {
        if self.issues.load(Ordering::Acquire) {
            return Ok(true);
        }
        let held = hold(connection, ISSUING).await?;
        self.issues.store(held, Ordering::Release);
        Ok(held)
    }

    /// Lets another process issue.
    pub(in crate::store) async fn stop_issuing(
        &self,
        connection: &mut Conn,
    ) -> Result<(), StoreError> {
        if self.issues.swap(false, Ordering::AcqRel) {
            let left = of_side("SELECT pg_advisory_unlock", ISSUING);
            left.fetch_one::<bool>(connection).await?;
        }
        Ok(())
    }

    fn before(&self) -> MutexGuard<'_, Option<(i64, i64)>> {
        self.before.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a process is the only one to do.
const SERVING: i64 = 1_129_270_850;
const ISSUING: i64 = 1_129_270_851;

async fn hold(connection: &mut Conn, what: i64) -> Result<bool, StoreError> {
    of_side("SELECT pg_try_advisory_lock", what)
        .fetch_one(connection)
        .await
}

/// A function of a lock of this side of the database.
fn of_side(function: &'static str, what: i64) -> Query<'static> {
    query(format!(
        "{function}({what}, \
         CAST(CAST(CAST(CAST(current_schema() AS TEXT) AS REGNAMESPACE) AS OID) AS INT4))"
    ))
}

/// The connection of the process that serves: its name, and the machine it comes from where that is
/// another one.
pub(in crate::store) async fn server(
    connection: &mut Conn,
) -> Result<Option<(String, Option<String>)>, StoreError> {
    query(
        "SELECT a.application_name, host(a.client_addr) FROM pg_locks l \
         JOIN pg_stat_activity a ON a.pid = l.pid \
         WHERE l.locktype = 'advisory' AND l.objsubid = 2 AND l.granted \
         AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) \
         AND l.classid = 1129270850 AND l.objid = \
         CAST(CAST(current_schema() AS TEXT) AS REGNAMESPACE)",
    )
    .fetch_optional(connection)
    .await
}
