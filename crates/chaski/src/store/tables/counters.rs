//! The counters themselves: calls of a month and of a day, taken and given back.

use chaski_client::{Allowance, Counter, Taken};

use crate::store::error::StoreError;
use crate::store::sql::{Conn, query};

/// Adds to the counter of a month.
pub(in crate::store) async fn add(
    connection: &mut Conn,
    provider: &str,
    month: &str,
    calls: u64,
) -> Result<(), StoreError> {
    query(
        "INSERT INTO quota (provider, month, used) VALUES ($1, $2, $3) \
         ON CONFLICT (provider, month) DO UPDATE SET used = quota.used + excluded.used",
    )
    .bind(provider)
    .bind(month)
    .bind(calls)
    .execute(connection)
    .await?;
    Ok(())
}

pub(in crate::store) async fn take(
    connection: &mut Conn,
    from: &[Allowance],
) -> Result<Taken, StoreError> {
    for (place, one) in from.iter().enumerate() {
        let statement = match one.counter {
            Counter::Month { .. } => {
                "INSERT INTO quota (provider, month, used) SELECT $1, $2, 1 WHERE $3 > 0 \
                 ON CONFLICT (provider, month) DO UPDATE SET used = quota.used + 1 \
                 WHERE quota.used < $3"
            }
            Counter::Day { .. } => {
                "INSERT INTO days (who, day, used) SELECT $1, $2, 1 WHERE $3 > 0 \
                 ON CONFLICT (who, day) DO UPDATE SET used = days.used + 1 WHERE days.used < $3"
            }
        };
        let (whose, period) = names_of(&one.counter);
        let taken = query(statement)
            .bind(whose)
            .bind(period)
            .bind(i64::try_from(one.most).unwrap_or(i64::MAX))
            .execute(&mut *connection)
            .await?;
        if taken == 0 {
            give_back(connection, &from[..place]).await?;
            return Ok(Taken::SpentAt(place));
        }
    }
    Ok(Taken::All)
}

pub(in crate::store) async fn give_back(
    connection: &mut Conn,
    to: &[Allowance],
) -> Result<(), StoreError> {
    for one in to {
        let statement = match one.counter {
            Counter::Month { .. } => {
                "UPDATE quota SET used = used - 1 WHERE provider = $1 AND month = $2 AND used > 0"
            }
            Counter::Day { .. } => {
                "UPDATE days SET used = used - 1 WHERE who = $1 AND day = $2 AND used > 0"
            }
        };
        let (whose, period) = names_of(&one.counter);
        query(statement)
            .bind(whose)
            .bind(period)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

pub(in crate::store) async fn used(
    connection: &mut Conn,
    counter: &Counter,
) -> Result<u64, StoreError> {
    let statement = match counter {
        Counter::Month { .. } => "SELECT used FROM quota WHERE provider = $1 AND month = $2",
        Counter::Day { .. } => "SELECT used FROM days WHERE who = $1 AND day = $2",
    };
    let (whose, period) = names_of(counter);
    let used: Option<i64> = query(statement)
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
