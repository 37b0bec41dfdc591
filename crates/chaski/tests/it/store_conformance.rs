//! The story that every backend has to tell in the same way: a fresh store is opened for each
//! chapter by a function, and nothing here knows what is behind it.

use bytes::Bytes;
use chaski::store::{
    ApiKeyRow, Asker, Batch, BatchChange, BatchState, CallFilter, Channel, Claim, Company,
    ItemState, Job, JobEnd, Listed, NewBatch, RefusalFilter, Retention, Store, StoreError,
};
use chaski_client::{
    Allowance, Bodies, CacheDecision, Call, Counter, Key, Ledger, MemoryLedger, Reason, Taken,
};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::store::{all_calls, answer, api_key, call, dni, minute, open, refusal, ruc, words};
use crate::store_postgres;

/// Runs a chapter on each backend, freshly opened.
pub(crate) async fn on_each_backend(chapter: impl AsyncFn(&Store)) {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await.unwrap();
    chapter(&store).await;
    store.check().await.unwrap();
    store.close().await.unwrap();
    if let Some(url) = store_postgres::database().await {
        let dir = tempfile::tempdir().unwrap();
        let store = store_postgres::open(&url, dir.path()).await.unwrap();
        chapter(&store).await;
        store.check().await.unwrap();
        store.close().await.unwrap();
    }
}

pub(crate) fn batch(number: u128, subjects: &[&str]) -> NewBatch {
    NewBatch {
        operation: "ruc",
        source_name: "clientes.xlsx".into(),
        source_hash: [7; 32],
        options: "columna=RUC".into(),
        total_rows: 10,
        items: subjects.iter().map(|subject| ruc(subject)).collect(),
        cache_hits: 0,
        input: None,
        once: None,
        job: Job {
            id: Uuid::from_u128(number + 1_000),
            kind: "prueba".into(),
            payload: "{}".into(),
            max_attempts: 3,
            created_at: minute(i64::try_from(number).unwrap()),
            asked_by: "cli".into(),
            batch: Some(Uuid::from_u128(number)),
            ..Job::default()
        },
    }
}

/// The claim of a command that works on a batch.
pub(crate) async fn claimed(store: &Store, number: u128) -> Claim {
    let claim = store.claim_batch(Uuid::from_u128(number), "{}".into(), minute(2));
    claim.await.unwrap().expect("it can go on")
}

/// The unfinished batch of a list.
async fn unfinished(store: &Store, hash: [u8; 32], options: &str) -> Option<Batch> {
    let names = [(hash, options.to_owned()), ([0; 32], "otro".to_owned())];
    let same = store.same_list(&names).await.unwrap();
    assert!(!same.under_way, "nobody else is there");
    same.unfinished
}

#[tokio::test]
async fn issuers_are_kept_sealed_and_replaced() {
    on_each_backend(async |store| {
        let (one, two) = (
            "20131312955".parse().unwrap(),
            "10481516230".parse().unwrap(),
        );
        assert_eq!(store.issuers().await, Ok(vec![]));
        for (ruc, profile, at) in [(&one, "uno", 1), (&two, "dos", 2), (&one, "tres", 3)] {
            let kept = store.put_issuer(ruc, profile.as_bytes(), minute(at)).await;
            assert_eq!(kept, Ok(()));
        }
        let kept = store.issuers().await.unwrap();
        assert_eq!(
            kept,
            [b"tres".to_vec(), b"dos".to_vec()],
            "in the order of their coming"
        );
    })
    .await;
}

/// What any ledger does, in the process or in a database.
async fn ledger_chapter(ledger: &dyn Ledger) {
    let (one, two) = (ruc("20100038146"), dni("00000001"));
    let both = [one.clone(), two.clone()];
    let known = async || {
        let known = ledger.recall(&both).await.unwrap();
        [words(known[0].as_ref()), words(known[1].as_ref())]
    };
    assert_eq!(known().await, ["-", "-"]);
    ledger
        .remember(vec![
            (one.clone(), answer("{\"a\":1}", minute(0))),
            (two.clone(), refusal("no existe", minute(0))),
        ])
        .await
        .unwrap();
    // At once, and still after the commit.
    for _ in 0..2 {
        assert_eq!(
            known().await,
            ["answer {\"a\":1}", "refusal 404_NOT_FOUND no existe"]
        );
        ledger.flush().await.unwrap();
    }
    ledger
        .remember(vec![
            (two.clone(), answer("{\"b\":2}", minute(1))),
            (one.clone(), refusal("ya no", minute(1))),
        ])
        .await
        .unwrap();
    ledger.flush().await.unwrap();
    assert_eq!(
        known().await,
        ["refusal 404_NOT_FOUND ya no", "answer {\"b\":2}"]
    );
    let memory = ledger
        .recall(std::slice::from_ref(&two))
        .await
        .unwrap()
        .remove(0)
        .unwrap();
    assert_eq!(
        (memory.stored_at, memory.expires_at),
        (minute(1), minute(1 + 24 * 60))
    );

    // The last of several for one key stays, within one entry list and across lists.
    ledger
        .remember(vec![
            (one.clone(), answer("1", minute(2))),
            (one.clone(), answer("2", minute(2))),
        ])
        .await
        .unwrap();
    ledger
        .remember(vec![(one.clone(), answer("3", minute(2)))])
        .await
        .unwrap();
    ledger.flush().await.unwrap();
    assert_eq!(known().await[0], "answer 3");

    // Another operation or provider, or the same digits as personal data, is another question.
    for other in [
        Key {
            operation: "ruc_representantes",
            ..one.clone()
        },
        Key {
            personal: true,
            ..one.clone()
        },
    ] {
        assert_eq!(
            words(ledger.recall(&[other]).await.unwrap()[0].as_ref()),
            "-"
        );
    }

    assert!(ledger.forget(&one).await.unwrap());
    assert!(!ledger.forget(&one).await.unwrap());
    assert_eq!(known().await, ["-", "answer {\"b\":2}"]);

    counters_chapter(ledger).await;
    ledger.ready().unwrap();
}

/// Calls counted, taken and given back.
async fn counters_chapter(ledger: &dyn Ledger) {
    let month = |month: &str| Counter::Month {
        provider: "migo".into(),
        month: month.into(),
    };
    ledger.spend("migo", "2026-11", 5).await.unwrap();
    ledger.spend("migo", "2026-11", 2).await.unwrap();
    ledger.spend("migo", "2026-12", 1).await.unwrap();
    assert_eq!(ledger.spent(&month("2026-11")).await.unwrap(), 7);
    ledger.flush().await.unwrap();
    assert_eq!(ledger.spent(&month("2026-11")).await.unwrap(), 7);
    assert_eq!(ledger.spent(&month("2026-12")).await.unwrap(), 1);

    // From several at once: one from each, or none from any.
    let day = Counter::Day {
        who: "llave:a".into(),
        day: "2026-11-28".into(),
    };
    let both = |most_of_month, most_of_day| {
        [
            Allowance {
                counter: month("2026-11"),
                most: most_of_month,
            },
            Allowance {
                counter: day.clone(),
                most: most_of_day,
            },
        ]
    };
    assert_eq!(ledger.take(&both(8, 2)).await.unwrap(), Taken::All);
    assert_eq!(ledger.take(&both(8, 2)).await.unwrap(), Taken::SpentAt(0));
    assert_eq!(ledger.take(&both(9, 1)).await.unwrap(), Taken::SpentAt(1));
    assert_eq!(ledger.take(&both(9, 0)).await.unwrap(), Taken::SpentAt(1));
    let spent = async || {
        let spent = |counter| async move { ledger.spent(counter).await.unwrap() };
        (spent(&month("2026-11")).await, spent(&day).await)
    };
    assert_eq!(spent().await, (8, 1));
    ledger.give_back(&both(9, 9)).await.unwrap();
    assert_eq!(spent().await, (7, 0));
    ledger.give_back(&both(9, 9)[1..]).await.unwrap();
    assert_eq!(spent().await, (7, 0));
}

#[tokio::test]
async fn a_ledger_remembers() {
    ledger_chapter(&MemoryLedger::new()).await;
    on_each_backend(async |store| ledger_chapter(store).await).await;
}

#[tokio::test]
async fn many_keys_are_recalled_in_order() {
    on_each_backend(async |store| {
        let keys: Vec<Key> = (0..333)
            .map(|index| match index % 3 {
                0 => dni(&format!("{index:08}")),
                1 => ruc(&format!("2010{index:07}")),
                _ => ruc(&format!("1010{index:07}")),
            })
            .collect();
        let known = keys.iter().filter(|key| !key.subject.ends_with('5'));
        let entries = known
            .map(|key| {
                (
                    key.clone(),
                    answer(&format!("\"{}\"", key.subject), minute(0)),
                )
            })
            .collect();
        store.remember(entries).await.unwrap();
        store.flush().await.unwrap();
        let asked: Vec<Key> = keys.iter().chain(&keys[..7]).cloned().collect();
        let found = store.recall(&asked).await.unwrap();
        assert_eq!(found.len(), asked.len());
        for (key, found) in asked.iter().zip(&found) {
            let expected = if key.subject.ends_with('5') {
                "-".to_owned()
            } else {
                format!("answer \"{}\"", key.subject)
            };
            assert_eq!(words(found.as_ref()), expected);
        }
    })
    .await;
}

#[tokio::test]
async fn a_call_comes_back_as_it_was() {
    on_each_backend(async |store| {
        let batch = Uuid::from_u128(77);
        let full = Call {
            asked_by: "llave-caja".into(),
            outcome: "TIMEOUT",
            http_status: None,
            attempt: 3,
            items: 1,
            duration_us: 30_000_123,
            cache: CacheDecision::Bypass,
            batch: Some(batch),
            bodies: Some(Bodies {
                request: Bytes::from_static(b"{\"dni\":\"00000001\"}"),
                answer: Bytes::from_static(b"<html>"),
            }),
            ..call(5, dni("00000001"), minute(3))
        };
        store.record(full.clone()).await.unwrap();
        // The same row again is the same row.
        store.record(full.clone()).await.unwrap();
        store
            .record(call(6, ruc("20100038146"), minute(4)))
            .await
            .unwrap();
        store.flush().await.unwrap();

        let (row, bodies) = store.call(None, full.id).await.unwrap().unwrap();
        assert_eq!(
            (row.id, row.lookup, row.at),
            (full.id, full.lookup, full.at)
        );
        assert_eq!((row.subject.as_str(), row.personal), ("00****01", true));
        assert_eq!(
            (row.provider.as_str(), row.operation.as_str()),
            ("migo", "dni")
        );
        assert_eq!(
            (row.asked_by.as_str(), row.outcome.as_str()),
            ("llave-caja", "TIMEOUT")
        );
        assert_eq!((row.items, row.attempt, row.http_status), (1, 3, None));
        assert_eq!(
            (row.duration_us, row.cache.as_str()),
            (30_000_123, "BYPASS")
        );
        assert_eq!(row.batch, Some(batch));
        let (sent, kept) = (full.bodies.unwrap(), bodies.unwrap());
        assert_eq!((sent.request, sent.answer), (kept.request, kept.answer));

        let (row, bodies) = store.call(None, Uuid::from_u128(6)).await.unwrap().unwrap();
        assert_eq!((row.subject.as_str(), row.personal), ("20100038146", false));
        assert_eq!(
            (row.http_status, row.batch, bodies.is_none()),
            (Some(200), None, true)
        );
        assert!(
            store
                .call(None, Uuid::from_u128(7))
                .await
                .unwrap()
                .is_none()
        );
    })
    .await;
}

/// Ten calls, number n at minute n: 1 and 2 refused by memory, 3 failed, 4 and 5 of a batch,
/// 6 to 8 about a person, 9 by another caller, 10 of another provider and two days later.
async fn ten_calls(store: &Store) {
    for number in 1..=10_u128 {
        let at = minute(i64::try_from(number).unwrap());
        let plain = call(number, ruc("20100038146"), at);
        let special = match number {
            1 | 2 => Call {
                attempt: 0,
                http_status: None,
                cache: CacheDecision::Refused,
                outcome: "NOT_FOUND",
                ..plain
            },
            3 => Call {
                outcome: "TIMEOUT",
                http_status: None,
                ..plain
            },
            4 | 5 => Call {
                batch: Some(Uuid::from_u128(9)),
                ..plain
            },
            6..=8 => Call {
                key: dni("00000001"),
                ..plain
            },
            9 => Call {
                asked_by: "caja".into(),
                ..plain
            },
            _ => Call {
                provider: "otro",
                key: ruc("20100038146"),
                at: minute(2 * 24 * 60),
                ..plain
            },
        };
        store.record(special).await.unwrap();
    }
    store.flush().await.unwrap();
}

#[tokio::test]
async fn calls_are_found() {
    on_each_backend(async |store| {
        ten_calls(store).await;
        let check = async |wanted: fn(&mut CallFilter), expected: &[u128]| {
            let mut filter = CallFilter {
                limit: 4,
                ..CallFilter::default()
            };
            wanted(&mut filter);
            assert_eq!(all_calls(store, filter).await, expected);
        };
        let all = [10, 9, 8, 7, 6, 5, 4, 3, 2, 1];
        check(|_| {}, &all).await;
        check(|f| f.since = Some(minute(8)), &[10, 9, 8]).await;
        check(|f| f.until = Some(minute(3)), &[2, 1]).await;
        check(|f| f.provider = Some("otro".into()), &[10]).await;
        check(|f| f.operation = Some("dni".into()), &[8, 7, 6]).await;
        check(|f| f.outcome = Some("TIMEOUT".into()), &[3]).await;
        check(|f| f.outcome = Some("NOT_FOUND".into()), &[2, 1]).await;
        check(|f| f.outcome = Some("SUCCESS".into()), &all[..7]).await;
        check(|f| f.asked_by = Some("caja".into()), &[9]).await;
        check(|f| f.batch = Some(Uuid::from_u128(9)), &[5, 4]).await;
        check(|f| f.only_sent = true, &all[..8]).await;
        check(|f| f.subject = Some("00000001".into()), &[8, 7, 6]).await;
        check(
            |f| f.subject = Some("20100038146".into()),
            &[10, 9, 5, 4, 3, 2, 1],
        )
        .await;
        check(|f| f.subject = Some("00****01".into()), &[]).await;
        check(|f| f.subject = Some(String::new()), &[]).await;
        // Several at once, each combination with another index first.
        let ruc_of_migo = |f: &mut CallFilter| {
            (f.provider, f.operation) = (Some("migo".into()), Some("ruc".into()));
            f.since = Some(minute(3));
        };
        check(ruc_of_migo, &[9, 5, 4, 3]).await;
        let sent_of_migo = |f: &mut CallFilter| {
            (f.provider, f.outcome) = (Some("migo".into()), Some("NOT_FOUND".into()));
            f.only_sent = true;
        };
        check(sent_of_migo, &[]).await;
        let failed_of_one = |f: &mut CallFilter| {
            (f.subject, f.outcome) = (Some("20100038146".into()), Some("TIMEOUT".into()));
            f.until = Some(minute(60));
        };
        check(failed_of_one, &[3]).await;
        let of_batch = |f: &mut CallFilter| {
            (f.batch, f.until) = (Some(Uuid::from_u128(9)), Some(minute(5)));
        };
        check(of_batch, &[4]).await;
    })
    .await;
}

#[tokio::test]
async fn a_number_is_found_among_many() {
    on_each_backend(async |store| {
        let mut expected = Vec::new();
        for number in (0..9_000_u128).rev() {
            let key = match number % 1_000 {
                0 => dni("00000001"),
                _ => ruc("20100038146"),
            };
            if number % 1_000 == 0 {
                expected.push(number);
            }
            let at = minute(i64::try_from(number).unwrap());
            store.record(call(number, key, at)).await.unwrap();
        }
        store.flush().await.unwrap();
        let filter = CallFilter {
            subject: Some("00000001".into()),
            limit: 2,
            ..CallFilter::default()
        };
        assert_eq!(all_calls(store, filter).await, expected);
        assert_eq!(store.erase_subject("00000001").await.unwrap().calls, 9);
    })
    .await;
}

#[tokio::test]
async fn equal_hits_of_a_second_are_one_row() {
    on_each_backend(async |store| {
        let hit = |id: u128, millisecond: i64| Call {
            attempt: 0,
            http_status: None,
            cache: CacheDecision::Hit,
            ..call(
                id,
                ruc("20100038146"),
                minute(1) + SignedDuration::from_millis(millisecond),
            )
        };
        for (id, millisecond) in [(1, 0), (2, 1), (3, 999), (4, 1_000)] {
            store.record(hit(id, millisecond)).await.unwrap();
        }
        let others = [
            Call {
                asked_by: "caja".into(),
                ..hit(5, 0)
            },
            Call {
                cache: CacheDecision::Refused,
                ..hit(6, 0)
            },
            Call {
                purpose: Some("cobranza".into()),
                ..hit(7, 0)
            },
            Call {
                key: dni("00000001"),
                ..hit(8, 0)
            },
            Call {
                batch: Some(Uuid::from_u128(9)),
                ..hit(9, 0)
            },
            // Sent: never one with another.
            Call {
                attempt: 1,
                cache: CacheDecision::Miss,
                ..hit(10, 0)
            },
            Call {
                attempt: 1,
                cache: CacheDecision::Miss,
                ..hit(11, 0)
            },
        ];
        for other in others {
            store.record(other).await.unwrap();
        }
        store.flush().await.unwrap();
        // A commit between them: two rows, as nothing that is durable changes.
        store.record(hit(12, 2)).await.unwrap();
        store.flush().await.unwrap();
        let filter = CallFilter {
            limit: 50,
            ..CallFilter::default()
        };
        let mut rows: Vec<_> = store.calls(&filter).await.unwrap().rows;
        rows.sort_by_key(|row| row.id);
        let stands_for: Vec<_> = rows.iter().map(|it| (it.id.as_u128(), it.items)).collect();
        let one_each = [4, 5, 6, 7, 8, 9, 10, 11, 12].map(|id| (id, 1));
        assert_eq!(stands_for, [&[(1, 3)], &one_each[..]].concat());
    })
    .await;
}

#[tokio::test]
async fn pages_are_stable_while_rows_are_added() {
    on_each_backend(async |store| {
        // Many at the same instant: the cursor has to tell them apart.
        for number in 0..95 {
            let at = minute(i64::try_from(number / 10).unwrap());
            store
                .record(call(number, ruc("20100038146"), at))
                .await
                .unwrap();
        }
        store.flush().await.unwrap();
        let mut filter = CallFilter {
            limit: 7,
            ..CallFilter::default()
        };
        let mut seen = Vec::new();
        let mut added = 1_000;
        loop {
            let page = store.calls(&filter).await.unwrap();
            seen.extend(page.rows.iter().map(|row| row.id.as_u128()));
            for _ in 0..5 {
                store
                    .record(call(added, ruc("20100038146"), minute(60)))
                    .await
                    .unwrap();
                added += 1;
            }
            store.flush().await.unwrap();
            // Through its text, as it comes from outside.
            filter.cursor = page.next.map(|cursor| cursor.to_string().parse().unwrap());
            if filter.cursor.is_none() {
                break;
            }
        }
        let expected: Vec<u128> = (0..95).rev().collect();
        assert_eq!(seen, expected);
    })
    .await;
}

#[tokio::test]
async fn no_calls_is_an_empty_page() {
    on_each_backend(async |store| {
        let filter = CallFilter {
            subject: Some("00000001".into()),
            ..CallFilter::default()
        };
        assert_eq!(all_calls(store, filter).await, [0_u128; 0]);
        assert_eq!(all_calls(store, CallFilter::default()).await, [0_u128; 0]);
        assert_eq!(store.figures().await.unwrap().oldest_call, None);
        let nobody = store.erase_subject("00000001").await.unwrap();
        assert_eq!((nobody.answers, nobody.calls, nobody.items), (0, 0, 0));
    })
    .await;
}

#[tokio::test]
async fn refusals_are_listed_and_forgotten() {
    on_each_backend(async |store| {
        let mut entries = vec![
            (ruc("20100038146"), answer("{}", minute(0))),
            (dni("00000001"), refusal("DNI no encontrado", minute(1))),
            (ruc("10000000011"), refusal("no existe", minute(2))),
        ];
        for index in 0..20 {
            entries.push((
                ruc(&format!("2010{index:07}")),
                refusal("no", minute(3 + index)),
            ));
        }
        store.remember(entries).await.unwrap();
        store.flush().await.unwrap();

        let (mut seen, mut cursor) = (Vec::new(), None);
        loop {
            let page = store
                .refusals(&RefusalFilter::default(), 6, cursor)
                .await
                .unwrap();
            seen.extend(page.rows);
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(seen.len(), 22);
        assert!(seen.is_sorted_by(|newer, older| newer.stored_at >= older.stored_at));
        let last = &seen[21];
        assert_eq!((last.subject.as_str(), last.personal), ("00****01", true));
        assert_eq!(last.message, "DNI no encontrado");
        assert_eq!(last.reason, Reason::NotFound.as_str());
        assert_eq!(seen[20].subject, "10******011");
        assert_eq!(seen[0].subject, "20100000019");

        let count = async |filter: RefusalFilter| {
            store.refusals(&filter, 100, None).await.unwrap().rows.len()
        };
        let of_dni = RefusalFilter {
            operation: Some("dni".into()),
            ..RefusalFilter::default()
        };
        assert_eq!(count(of_dni).await, 1);
        let of_rates = RefusalFilter {
            reason: Some(Reason::NoRate),
            ..RefusalFilter::default()
        };
        assert_eq!(count(of_rates).await, 0);

        let one = ruc("20100038146");
        assert_eq!(
            store.forget_refusals(Some(&one)).await.unwrap(),
            0,
            "an answer stays"
        );
        assert_eq!(
            store.forget_refusals(Some(&dni("00000001"))).await.unwrap(),
            1
        );
        assert_eq!(
            store.forget_refusals(Some(&dni("00000001"))).await.unwrap(),
            0
        );
        assert_eq!(store.forget_refusals(None).await.unwrap(), 21);
        assert_eq!(count(RefusalFilter::default()).await, 0);
        assert_eq!(
            words(store.recall(&[one]).await.unwrap()[0].as_ref()),
            "answer {}"
        );
    })
    .await;
}

#[tokio::test]
async fn a_batch_goes_on_where_it_stopped() {
    on_each_backend(async |store| {
        let subjects = ["20100038146", "10000000011", "20603274742", "20604702811"];
        let new = batch(1, &subjects);
        let (id, hash) = (new.job.batch.unwrap(), new.source_hash);
        store.create_batch(new.clone()).await.unwrap();
        let again = store.create_batch(new).await.unwrap_err();
        assert_eq!(again.code(), "almacen_error", "an identifier is used once");

        let found = unfinished(store, hash, "columna=RUC").await.unwrap();
        assert_eq!(
            (found.id, found.state, found.unique),
            (id, BatchState::Pending, 4)
        );
        assert_eq!(
            (found.total_rows, found.source_name.as_str()),
            (10, "clientes.xlsx")
        );
        assert_eq!(unfinished(store, hash, "columna=B").await, None);
        assert_eq!(unfinished(store, [8; 32], "columna=RUC").await, None);

        let claim = claimed(store, 1).await;
        let twice = store.claim_batch(id, "{}".into(), minute(2)).await;
        assert!(twice.unwrap().is_none(), "somebody works on it");
        let pending = store.pending_items(id).await.unwrap();
        let expected: Vec<(u32, Key)> = (0..).zip(subjects.map(ruc)).collect();
        assert_eq!(pending, expected);

        let failed = ItemState::Failed {
            code: "TIMEOUT".into(),
        };
        let note = async |hits: u32| {
            let states = vec![
                (0, ItemState::Answered),
                (1, ItemState::Refused),
                (3, failed.clone()),
            ];
            store.note_items(&claim, states, hits).await.unwrap();
            let batch = store.batch(id).await.unwrap().unwrap();
            (batch.answered, batch.refused, batch.failed)
        };
        assert_eq!(note(1).await, (1, 1, 1));
        assert_eq!(note(0).await, (1, 1, 1), "again is harmless");
        assert_eq!(
            store.pending_items(id).await.unwrap(),
            [(2, ruc(subjects[2]))]
        );

        let end = store.finish_batch(&claim, JobEnd::Completed, minute(3));
        assert_eq!(end.await, Ok(BatchState::Partial));
        let late = store.note_items(&claim, vec![], 0).await;
        assert_eq!(late, Err(StoreError::LeaseLost));
        let found = unfinished(store, hash, "columna=RUC").await.unwrap();
        assert_eq!((found.id, found.finished_at), (id, Some(minute(3))));

        // The second run asks what failed again, and its counters are added.
        let claim = claimed(store, 1).await;
        let rest = store.pending_items(id).await.unwrap();
        assert_eq!(
            rest.iter()
                .map(|(position, _)| *position)
                .collect::<Vec<_>>(),
            [2, 3]
        );
        let states = rest
            .iter()
            .map(|(position, _)| (*position, ItemState::Answered))
            .collect();
        store.note_items(&claim, states, 1).await.unwrap();
        let end = store.finish_batch(&claim, JobEnd::Completed, minute(5));
        assert_eq!(end.await, Ok(BatchState::Completed));

        let done = store.batch(id).await.unwrap().unwrap();
        assert_eq!((done.answered, done.refused, done.failed), (3, 1, 0));
        assert_eq!(
            (done.cache_hits, done.calls, done.state),
            (2, 0, BatchState::Completed)
        );
        assert_eq!(
            (done.started_at, done.finished_at),
            (Some(minute(2)), Some(minute(5)))
        );
        assert_eq!(unfinished(store, hash, "columna=RUC").await, None);
        let ended = store.claim_batch(id, "{}".into(), minute(6)).await;
        assert!(ended.unwrap().is_none());
        let cancel = store.change_batch(id, BatchChange::Cancel, minute(6));
        assert!(!cancel.await.unwrap());
        let states: Vec<_> = store
            .item_states(id)
            .await
            .unwrap()
            .into_iter()
            .map(|item| item.state)
            .collect();
        let (answered, refused) = (Some(ItemState::Answered), Some(ItemState::Refused));
        assert_eq!(
            states,
            [answered.clone(), refused, answered.clone(), answered]
        );
    })
    .await;
}

#[tokio::test]
async fn batches_are_listed_cancelled_and_refused() {
    on_each_backend(async |store| {
        for number in 1..=5 {
            store
                .create_batch(batch(number, &["20100038146"]))
                .await
                .unwrap();
        }
        let (mut seen, mut cursor) = (Vec::new(), None);
        loop {
            let page = store.batches(None, 2, cursor).await.unwrap();
            seen.extend(page.rows.iter().map(|batch| batch.id.as_u128()));
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(seen, [5, 4, 3, 2, 1]);
        let latest = unfinished(store, [7; 32], "columna=RUC").await.unwrap();
        assert_eq!(latest.id.as_u128(), 5);

        let id = Uuid::from_u128(5);
        let claim = claimed(store, 5).await;
        let cancel = async || {
            let cancelled = store.change_batch(id, BatchChange::Cancel, minute(9));
            cancelled.await.unwrap()
        };
        assert!(cancel().await);
        assert!(!cancel().await);
        let end = store.finish_batch(&claim, JobEnd::Completed, minute(10));
        assert_eq!(end.await, Err(StoreError::LeaseLost));
        let cancelled = store.batch(id).await.unwrap().unwrap();
        assert_eq!(cancelled.state, BatchState::Cancelled);
        assert_eq!(cancelled.finished_at, Some(minute(9)));

        let nobody = Uuid::from_u128(99);
        let missing = StoreError::NoSuchBatch;
        assert_eq!(store.batch(nobody).await.unwrap(), None);
        assert_eq!(store.pending_items(nobody).await.unwrap_err(), missing);
        let change = store.change_batch(nobody, BatchChange::Pause, minute(0));
        assert_eq!(change.await, Err(missing));
        let claim = store.claim_batch(nobody, "{}".into(), minute(0)).await;
        assert!(claim.unwrap().is_none());
        store.ready().unwrap();

        let mut mixed = batch(20, &["20100038146"]);
        mixed.items = [ruc("20100038146"), dni("00000001")].into_iter().collect();
        assert_eq!(
            store.create_batch(mixed).await.unwrap_err(),
            StoreError::MixedBatch
        );
        let empty = store.create_batch(batch(21, &[])).await;
        assert_eq!(empty, Ok(()));
    })
    .await;
}

const DAY: i64 = 24 * 60;

fn days(number: i64) -> Timestamp {
    minute(number * DAY)
}

#[tokio::test]
async fn what_is_old_is_let_go_in_chunks() {
    on_each_backend(async |store| {
        // More than two chunks of each, and one that stays.
        let many: Vec<String> = (0..4_500).map(|index| format!("2010{index:07}")).collect();
        let entries = many
            .iter()
            .map(|one| (ruc(one), answer("{}", days(0))))
            .collect();
        store.remember(entries).await.unwrap();
        store
            .remember(vec![(ruc("20100038146"), answer("{}", days(50)))])
            .await
            .unwrap();
        for number in 0..4_500 {
            store
                .record(call(number, ruc("20100038146"), days(0)))
                .await
                .unwrap();
        }
        let kept = Bodies {
            request: Bytes::new(),
            answer: Bytes::from_static(b"{}"),
        };
        let old = Call {
            bodies: Some(kept.clone()),
            ..call(5_000, ruc("20100038146"), days(1))
        };
        let new = Call {
            bodies: Some(kept),
            ..call(5_001, ruc("20100038146"), days(50))
        };
        store.record(old).await.unwrap();
        store.record(new).await.unwrap();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        store.create_batch(batch(1, &many)).await.unwrap();
        store
            .create_batch(batch(2, &["20100038146"]))
            .await
            .unwrap();
        for (number, at) in [(1, days(1)), (2, days(50))] {
            let claim = claimed(store, number).await;
            let end = store.finish_batch(&claim, JobEnd::Completed, at);
            end.await.unwrap();
        }
        store
            .create_batch(batch(3, &["20100038146"]))
            .await
            .unwrap();

        let retention = Retention {
            calls_days: 30,
            stale_answers_days: 30,
            batches_days: 30,
        };
        let early = store.prune(days(20), &retention).await.unwrap();
        assert_eq!((early.calls, early.answers, early.batches), (0, 0, 0));
        let pruned = store.prune(days(60), &retention).await.unwrap();
        assert_eq!((pruned.calls, pruned.answers), (4_501, 4_500));
        assert_eq!(
            (pruned.items, pruned.batches),
            (4_501, 2),
            "an abandoned batch goes too"
        );
        assert!(pruned.log_emptied);
        assert_eq!(store.figures().await.unwrap().free_bytes, 0);
        assert_eq!(all_calls(store, CallFilter::default()).await, [5_001]);
        let (_, bodies) = store
            .call(None, Uuid::from_u128(5_001))
            .await
            .unwrap()
            .unwrap();
        assert!(bodies.is_some());
        let figures = store.figures().await.unwrap();
        assert_eq!((figures.answers, figures.calls, figures.batches), (1, 1, 1));
        assert_eq!((figures.free_bytes, figures.log_bytes), (0, 0));
        assert_eq!(store.prune(days(60), &retention).await.unwrap().calls, 0);
    })
    .await;
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one story, told in its order")]
async fn a_person_is_shown_and_erased() {
    on_each_backend(async |store| {
        let (person, other) = ("10000000011", "10000000020");
        let representatives = Key {
            operation: "ruc_representantes",
            ..ruc(person)
        };
        store
            .remember(vec![
                (ruc(person), answer("{\"n\":1}", minute(0))),
                (representatives, refusal("no", minute(0))),
                (ruc(other), answer("{\"n\":2}", minute(0))),
            ])
            .await
            .unwrap();
        let bodies = |text: &'static str| {
            Some(Bodies {
                request: Bytes::from_static(text.as_bytes()),
                answer: Bytes::new(),
            })
        };
        let shared = Key {
            subject: "".into(),
            personal: true,
            ..ruc(person)
        };
        for call in [
            Call {
                bodies: bodies("{}"),
                ..call(1, ruc(person), minute(1))
            },
            Call {
                bodies: bodies("{}"),
                ..call(2, ruc(other), minute(1))
            },
            Call {
                bodies: bodies("[10000000011]"),
                ..call(3, shared.clone(), minute(1))
            },
            Call {
                bodies: bodies("[10000000020]"),
                ..call(4, shared, minute(1))
            },
            call(5, ruc(person), days(3)),
        ] {
            store.record(call).await.unwrap();
        }
        store
            .create_batch(batch(1, &["20100038146", person, other]))
            .await
            .unwrap();
        store.create_batch(batch(2, &[person])).await.unwrap();
        let (first, second) = (Uuid::from_u128(1), Uuid::from_u128(2));
        store
            .note_items(&claimed(store, 2).await, vec![(0, ItemState::Answered)], 0)
            .await
            .unwrap();

        let record = store.export_subject(person).await.unwrap();
        let answers: Vec<String> = record
            .answers
            .iter()
            .map(|(key, memory)| format!("{} {}", key.operation, words(Some(memory))))
            .collect();
        assert_eq!(
            answers,
            [
                "ruc answer {\"n\":1}",
                "ruc_representantes refusal 404_NOT_FOUND no"
            ]
        );
        assert_eq!(
            record
                .calls
                .iter()
                .map(|row| row.id.as_u128())
                .collect::<Vec<_>>(),
            [5, 1]
        );
        let places: Vec<_> = record
            .items
            .iter()
            .map(|item| (item.batch, item.position))
            .collect();
        assert_eq!(places, [(first, 1), (second, 0)]);

        let erased = store.erase_subject(person).await.unwrap();
        assert_eq!((erased.answers, erased.calls, erased.bodies), (2, 2, 2));
        assert_eq!((erased.items, erased.log_emptied), (2, true));
        let record = store.export_subject(person).await.unwrap();
        assert!(record.answers.is_empty() && record.calls.is_empty() && record.items.is_empty());
        let again = store.erase_subject(person).await.unwrap();
        assert_eq!(
            (again.answers, again.calls, again.bodies, again.items),
            (0, 0, 0, 0)
        );

        // The rows stay, without the person; others are untouched.
        assert_eq!(all_calls(store, CallFilter::default()).await.len(), 5);
        assert_eq!(
            store
                .call(None, Uuid::from_u128(1))
                .await
                .unwrap()
                .unwrap()
                .0
                .subject,
            ""
        );
        assert!(
            store
                .call(None, Uuid::from_u128(4))
                .await
                .unwrap()
                .unwrap()
                .1
                .is_some()
        );
        assert_eq!(store.export_subject(other).await.unwrap().calls.len(), 1);
        let pending = store.pending_items(first).await.unwrap();
        assert_eq!(pending, [(0, ruc("20100038146")), (2, ruc(other))]);
        let items = store.item_states(first).await.unwrap();
        let lost = ItemState::Failed {
            code: "ERASED".into(),
        };
        assert_eq!(
            (items[1].key.clone(), items[1].state.clone()),
            (None, Some(lost))
        );
        let batch = store.batch(first).await.unwrap().unwrap();
        assert_eq!((batch.answered, batch.failed), (0, 1));
        // Neither another run nor what was on its way for it brings it back.
        let claim = claimed(store, 1).await;
        assert_eq!(store.pending_items(first).await.unwrap().len(), 2);
        let answered = vec![(1, ItemState::Answered)];
        store.note_items(&claim, answered, 0).await.unwrap();
        assert_eq!(store.batch(first).await.unwrap().unwrap().answered, 0);
    })
    .await;
}

#[tokio::test]
async fn a_batch_may_begin_with_what_is_known() {
    on_each_backend(async |store| {
        let mut new = batch(1, &["20100038146", "20131312955", "10000000006"]);
        new.items = [
            (ruc("20100038146"), Some(ItemState::Refused)),
            (ruc("20131312955"), None),
            (ruc("10000000006"), Some(ItemState::Answered)),
        ]
        .into_iter()
        .collect();
        let id = new.job.batch.unwrap();
        store.create_batch(new).await.unwrap();
        let batch = store.batch(id).await.unwrap().unwrap();
        assert_eq!((batch.answered, batch.refused, batch.failed), (1, 1, 0));
        let states: Vec<_> = store.item_states(id).await.unwrap();
        let states: Vec<_> = states.into_iter().map(|item| item.state).collect();
        assert_eq!(
            states,
            [Some(ItemState::Refused), None, Some(ItemState::Answered)]
        );
    })
    .await;
}

/// A call is the company's whose key asked; without any key it is the house's, but for what was
/// asked on behalf of companies.
#[tokio::test]
async fn calls_belong_to_the_company_of_the_key_that_asked() {
    on_each_backend(async |store| {
        let entity = store.company(&"20131312955".parse().unwrap());
        let person = store.company(&"10481516230".parse().unwrap());
        for (number, company) in [(1, entity), (2, entity), (3, person), (4, Company::HOUSE)] {
            let key = api_key(number, company);
            let revoked = (number == 2).then(|| minute(1));
            let key = ApiKeyRow {
                revoked_at: revoked,
                company_shown: Some("10******230".into()).filter(|_| company == person),
                ..key
            };
            store.add_api_key(key).await.unwrap();
        }
        let keys = store.api_keys().await.unwrap();
        let marks: Vec<_> = keys.iter().map(|key| key.company).collect();
        assert_eq!(marks, [entity, entity, person, Company::HOUSE]);
        assert_eq!(keys[2].company_shown.as_deref(), Some("10******230"));
        for (key, company) in [(1, entity), (3, person), (4, Company::HOUSE)] {
            let found = store.company_of_key(Some(Uuid::from_u128(key))).await;
            assert_eq!(found.unwrap(), company);
        }
        assert_eq!(store.company_of_key(None).await, Ok(Company::HOUSE));
        let lost = store.company_of_key(Some(Uuid::from_u128(9))).await;
        assert_eq!(
            lost,
            Err(StoreError::Corrupt),
            "nobody's, and not the house's"
        );

        let others = [
            Asker::Owner(Channel::Cli),
            Asker::Owner(Channel::Http),
            Asker::Owner(Channel::Schedule),
            Asker::ForCompanies(Channel::Schedule),
            Asker::ForCompanies(Channel::Cli),
            Asker::named("llave:0000000000ff"),
        ];
        let askers = keys.iter().map(Asker::of_key).chain(others);
        let names = [
            "llave:000000000001",
            "llave:000000000002",
            "llave:000000000003",
            "llave:000000000004",
            "cli",
            "http",
            "programado",
            "programado:empresas",
            "cli:empresa",
            "llave:0000000000ff",
        ];
        for ((number, name), asker) in (1..).zip(names).zip(askers) {
            let ask = asker.ask();
            assert_eq!(ask.who, name);
            let asked = Call {
                asked_by: ask.who,
                owner: ask.owner,
                ..call(number, ruc("20100038146"), minute(2))
            };
            store.record(asked).await.unwrap();
        }
        for channel in [Channel::Cli, Channel::Http, Channel::Schedule] {
            let asker = Asker::Owner(channel);
            assert_eq!(Asker::named(&asker.to_string()), asker);
        }
        store.flush().await.unwrap();
        let check = async |company: Option<Company>, expected: &[u128]| {
            let filter = CallFilter {
                company,
                limit: 3,
                ..CallFilter::default()
            };
            let mut seen = all_calls(store, filter).await;
            seen.sort_unstable();
            assert_eq!(seen, expected);
            for number in 1..=10 {
                let found = store.call(company, Uuid::from_u128(number)).await.unwrap();
                assert_eq!(found.is_some(), expected.contains(&number), "{number}");
            }
        };
        check(None, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]).await;
        check(Some(entity), &[1, 2]).await;
        check(Some(person), &[3]).await;
        check(Some(Company::HOUSE), &[4, 5, 6, 7]).await;
    })
    .await;
}

/// Rows are counted through all companies; what goes out does not tell how many there are.
#[tokio::test]
async fn a_cursor_that_goes_out_is_sealed() {
    on_each_backend(async |store| {
        for number in 1..=3 {
            let asked = call(number, ruc("20100038146"), minute(2));
            store.record(asked).await.unwrap();
        }
        store.flush().await.unwrap();
        let filter = CallFilter {
            limit: 1,
            ..CallFilter::default()
        };
        let next = store.calls(&filter).await.unwrap().next.unwrap();
        let sealed = store.sealed_cursor(Listed::Calls, next).unwrap();
        assert_eq!(store.opened_cursor(Listed::Calls, &sealed), Ok(next));
        assert_eq!(
            store.opened_cursor(Listed::Batches, &sealed),
            Err(StoreError::BadCursor)
        );
        assert_ne!(store.sealed_cursor(Listed::Calls, next).unwrap(), sealed);
        let plain = next.to_string();
        let changed = format!("{}0", &sealed[..sealed.len() - 1]);
        let longer = format!("{sealed}0");
        for bad in [plain.as_str(), "", "ñ", &changed[2..], longer.as_str()] {
            assert_eq!(
                store.opened_cursor(Listed::Calls, bad),
                Err(StoreError::BadCursor),
                "{bad}"
            );
        }
    })
    .await;
}
