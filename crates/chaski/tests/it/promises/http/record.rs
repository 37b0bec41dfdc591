//! The record cannot be used to fill the disk.

use std::collections::HashMap;

use chaski::store::{CallFilter, CallRow};
use chaski_client::{CacheDecision, Call, Key, Ledger, Owner};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::http::Door;

/// Hits of one asker in one minute that have rows of their own, as documented.
const MOST: usize = 240;

fn call(id: u128, who: &str, subject: &str, at: Timestamp) -> Call {
    Call {
        id: Uuid::from_u128(id),
        lookup: Uuid::from_u128(id),
        at,
        asked_by: who.into(),
        owner: Some(Owner::HOUSE),
        purpose: None,
        provider: "migo",
        key: Key {
            operation: "ruc",
            subject: subject.into(),
            personal: false,
        },
        items: 1,
        attempt: 0,
        outcome: "SUCCESS",
        http_status: None,
        duration_us: 5,
        cache: CacheDecision::Hit,
        batch: None,
        bodies: None,
    }
}

async fn all(door: &Door) -> Vec<CallRow> {
    let mut filter = CallFilter {
        limit: 1_000,
        ..CallFilter::default()
    };
    let mut rows = Vec::new();
    loop {
        let page = door.app.store().calls(&filter).await.unwrap();
        rows.extend(page.rows);
        filter.cursor = page.next;
        if filter.cursor.is_none() {
            return rows;
        }
    }
}

/// Keys that ask for the same known numbers once a second, in several orders and with commits in
/// between; what is paid for among it has its rows.
#[tokio::test]
async fn h12_what_costs_nothing_has_so_many_rows_a_minute() {
    let door = Door::open().await;
    let store = &door.app.store();
    let began: Timestamp = "2026-11-27T15:00:30Z".parse().unwrap();
    let (mut id, mut asked, mut paid) = (0, HashMap::new(), 0);
    for second in (0..150).step_by(3) {
        let at = began + SignedDuration::from_secs(second);
        for (who, numbers) in [("llave:a", 400_u64), ("llave:b", 60), ("llave:c", 3)] {
            for number in 0..numbers {
                id += 1;
                let subject = (20_100_000_000 + number).to_string();
                store.record(call(id, who, &subject, at)).await.unwrap();
                *asked.entry(who).or_insert(0) += 1;
            }
            id += 1;
            let sent = Call {
                attempt: 1,
                cache: CacheDecision::Miss,
                ..call(id, who, "20131312955", at)
            };
            store.record(sent).await.unwrap();
            paid += 1;
        }
        if second % 5 == 0 {
            store.flush().await.unwrap();
        }
    }
    store.flush().await.unwrap();
    let rows = all(&door).await;
    assert_eq!(rows.iter().filter(|row| row.attempt > 0).count(), paid);
    let mut of_minutes: HashMap<_, usize> = HashMap::new();
    let mut told: HashMap<String, u64> = HashMap::new();
    for row in rows.iter().filter(|row| row.attempt == 0) {
        let minute = row.at.as_second() / 60;
        *of_minutes
            .entry((row.asked_by.clone(), minute))
            .or_default() += 1;
        *told.entry(row.asked_by.to_string()).or_default() += u64::from(row.items);
    }
    for (of, count) in &of_minutes {
        assert!(*count <= MOST + 1, "{of:?}: {count}");
    }
    assert_eq!(of_minutes.len(), 3 * 3);
    for (who, count) in asked {
        assert_eq!(told[who], count, "{who}");
    }
    // One row says how many, for each key and minute that was beyond; the modest key has none.
    let summaries = door
        .get("/api/v1/llamadas?operacion=resumen&limit=250")
        .await
        .json();
    let summaries = summaries["data"].as_array().unwrap();
    let of = |who: &str| summaries.iter().filter(|row| row["quien"] == who).count();
    assert_eq!((of("llave:a"), of("llave:b"), of("llave:c")), (3, 3, 0));
    for row in summaries {
        assert!(row["numeros"].as_u64().unwrap() > 1, "{row}");
        assert_eq!((&row["sobre"], &row["cache"]), (&"".into(), &"HIT".into()));
    }
}
