//! What is created under an idempotency key, in the store: once, for a day, and after every crash
//! either whole or not at all.

use std::fs;
use std::path::Path;

use chaski::partners::{Document, PartnerFields};
use chaski::store::{
    Company, DATABASE_FILE, DoneBefore, Job, JobFilter, KEY_FILE, NewBatch, NewPartner, Once,
    PartnerFilter, Retention, Store, StoreError,
};
use chaski_core::RucRules;
use uuid::Uuid;

use crate::jobs_queue::handed_over;
use crate::store::{minute, open};
use crate::store_conformance::batch;

const LOG: &str = "chaski.db-wal";
const DAY: i64 = 24 * 60;

fn once(place: &str, request: &str, minutes: i64) -> Once {
    Once {
        place: blake3::hash(place.as_bytes()),
        request: blake3::hash(request.as_bytes()),
        at: minute(minutes),
    }
}

/// The three things that are created, each by a function.
const KINDS: [&str; 3] = ["lote", "partner", "trabajo"];

async fn create(store: &Store, kind: &str, number: u128, once: Once) -> Result<(), StoreError> {
    match kind {
        "lote" => {
            let new = NewBatch {
                once: Some(once),
                ..handed_over(batch(number, &["20100038146"]))
            };
            store.create_batch(new).await
        }
        "partner" => {
            let new = NewPartner {
                id: Uuid::from_u128(number),
                document: Document::parse(None, "20100070970", &RucRules::default()).unwrap(),
                fields: PartnerFields::default(),
            };
            let made = store.create_partner(Company::HOUSE, new, minute(0), Some(&once));
            made.await
                .map(|made| assert!(made, "there is no other one"))
        }
        _ => {
            let job = Job {
                id: Uuid::from_u128(number),
                batch: None,
                ..batch(number, &[]).job
            };
            store.enqueue_job(job, Some(&once)).await
        }
    }
}

/// How many batches, partners and jobs there are.
async fn counted(store: &Store) -> [usize; 3] {
    let batches = store.batches(None, 100, None).await.unwrap();
    let every = PartnerFilter::default();
    let partners = store.partners(Company::HOUSE, &every, 100, None).await;
    let jobs = store.jobs(&JobFilter::default(), 100, None).await.unwrap();
    [
        batches.rows.len(),
        partners.unwrap().rows.len(),
        jobs.rows.len(),
    ]
}

#[tokio::test]
async fn a_second_creation_is_refused_for_a_day() {
    for kind in KINDS {
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path()).await.unwrap();
        let first = once("k", "a", 0);
        assert_eq!(store.done_before(&first).await.unwrap(), None);
        create(&store, kind, 1, first).await.unwrap();
        let after_one = counted(&store).await;
        let done = |answer: Option<&[u8]>, same_request: bool| {
            Some(DoneBefore {
                created: Uuid::from_u128(1),
                same_request,
                answer: answer.map(<[u8]>::to_vec),
            })
        };
        assert_eq!(store.done_before(&first).await.unwrap(), done(None, true));
        let id = Uuid::from_u128(1);
        store.keep_answer(&first, id, b"hecho").await.unwrap();
        // The same one, another one under its key, and both until the last moment of the day.
        for (request, minutes, same) in [("a", 1, true), ("b", 1, false), ("a", DAY - 1, true)] {
            let again = once("k", request, minutes);
            let known = store.done_before(&again).await.unwrap();
            assert_eq!(
                known,
                done(Some(b"hecho"), same),
                "{kind} {request} {minutes}"
            );
            let refused = create(&store, kind, 2, again).await;
            assert_eq!(refused, Err(StoreError::DoneBefore), "{kind}");
            // Another request does not replace what the first was answered.
            if !same {
                store.keep_answer(&again, id, b"otro").await.unwrap();
            }
        }
        assert_eq!(counted(&store).await, after_one, "{kind}");
        // The day is over, pruned or not.
        let later = once("k", "a", DAY);
        assert_eq!(store.done_before(&later).await.unwrap(), None);
        if kind == "partner" {
            let gone = store
                .delete_partner(Company::HOUSE, Uuid::from_u128(1))
                .await;
            assert!(gone.unwrap());
        }
        create(&store, kind, 3, later).await.unwrap();
        // What was answered without creating one thing is known too.
        let import = once("lista", "c", DAY);
        store.keep_answer(&import, Uuid::nil(), b"1").await.unwrap();
        let known = store.done_before(&import).await.unwrap().unwrap();
        assert_eq!((known.created, known.same_request), (Uuid::nil(), true));
        let retention = Retention {
            calls_days: 90,
            stale_answers_days: 90,
            batches_days: 90,
        };
        store.prune(minute(2 * DAY - 1), &retention).await.unwrap();
        assert!(store.done_before(&later).await.unwrap().is_some());
        store.prune(minute(2 * DAY), &retention).await.unwrap();
        let asked_before_that = once("k", "a", DAY + 1);
        assert_eq!(store.done_before(&asked_before_that).await.unwrap(), None);
        store.check().await.unwrap();
    }
}

/// The log cut at every page that it was written by, and inside each: the process died there, and
/// the caller sends the request again.
#[tokio::test]
async fn whatever_a_crash_leaves_the_request_creates_once() {
    for kind in KINDS {
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path()).await.unwrap();
        let length = || fs::metadata(dir.path().join(LOG)).unwrap().len();
        let begun = usize::try_from(length()).unwrap();
        let request = once("k", "a", 0);
        create(&store, kind, 1, request).await.unwrap();
        let expected = counted(&store).await;
        let id = Uuid::from_u128(1);
        store.keep_answer(&request, id, b"hecho").await.unwrap();
        let whole = usize::try_from(length()).unwrap();
        let mut seen = std::collections::BTreeSet::new();
        for cut in (begun..=whole).step_by(2_060) {
            let (_files, copy) = reopened(dir.path(), cut).await;
            let known = copy.done_before(&request).await.unwrap();
            let is_there = counted(&copy).await == expected;
            assert_eq!(known.is_some(), is_there, "{kind}: both or neither");
            seen.insert(match &known {
                None => "nothing",
                Some(DoneBefore { answer: None, .. }) => "created",
                Some(_) => "answered",
            });
            let again = create(&copy, kind, 2, once("k", "a", 1)).await;
            assert_eq!(again.is_ok(), known.is_none(), "{kind}: {again:?}");
            assert_eq!(counted(&copy).await, expected, "{kind}: created once");
        }
        assert_eq!(seen.len(), 3, "{kind}: {seen:?}");
    }
}

/// What a process that died leaves, with so much of the log as reached the disk.
async fn reopened(from: &Path, log_bytes: usize) -> (tempfile::TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    for file in [DATABASE_FILE, KEY_FILE] {
        fs::copy(from.join(file), dir.path().join(file)).unwrap();
    }
    let log = fs::read(from.join(LOG)).unwrap();
    fs::write(dir.path().join(LOG), &log[..log_bytes]).unwrap();
    let store = open(dir.path()).await.unwrap();
    store.check().await.unwrap();
    (dir, store)
}
