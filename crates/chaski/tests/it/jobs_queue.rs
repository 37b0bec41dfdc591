//! The queue: who goes first, who may write, and what becomes of a job that fails, waits or loses
//! its worker. The same story for every backend.

use std::time::Duration;

use chaski::store::{
    BatchChange, BatchState, Claim, ItemState, Job, JobEnd, JobFilter, JobState, NewBatch,
    Priority, Retention, Store, StoreError,
};
use uuid::Uuid;

use crate::store::{minute, open};
use crate::store_conformance::{batch, claimed, on_each_backend};

const LEASE: Duration = Duration::from_secs(10);

fn job(number: u128, priority: Priority) -> Job {
    Job {
        id: Uuid::from_u128(number),
        kind: "prueba".into(),
        payload: "{}".into(),
        priority,
        max_attempts: 3,
        run_at: minute(0),
        created_at: minute(i64::try_from(number).unwrap()),
        asked_by: "cli".into(),
        ..Job::default()
    }
}

/// A batch with its list, of the key 77 and urgent.
pub(crate) fn handed_over(new: NewBatch) -> NewBatch {
    NewBatch {
        input: Some(b"lista".to_vec()),
        job: Job {
            priority: Priority::High,
            key_id: Some(Uuid::from_u128(77)),
            ..new.job
        },
        ..new
    }
}

async fn claim_at(store: &Store, minutes: i64) -> Option<Claim> {
    let claim = store.claim_job(minute(minutes), LEASE, Priority::Low).await;
    claim.unwrap()
}

fn number(claim: Option<&Claim>) -> u128 {
    claim.map_or(0, |claim| claim.job.id.as_u128())
}

#[tokio::test]
async fn the_most_urgent_first_then_the_oldest() {
    on_each_backend(async |store| {
        for (number, priority) in [
            (1, Priority::Low),
            (2, Priority::Normal),
            (3, Priority::Critical),
            (4, Priority::Normal),
            (5, Priority::High),
        ] {
            store
                .enqueue_job(job(number, priority), None)
                .await
                .unwrap();
        }
        let later = Job {
            run_at: minute(25),
            ..job(6, Priority::Critical)
        };
        store.enqueue_job(later, None).await.unwrap();
        assert!(store.is_work_waiting(minute(0), LEASE).await.unwrap());
        let urgent = store.claim_job(minute(10), LEASE, Priority::High).await;
        let mut order = vec![number(urgent.unwrap().as_ref())];
        while let Some(claim) = claim_at(store, 10).await {
            order.push(number(Some(&claim)));
            let end = JobEnd::Completed;
            store.end_job(&claim, end, minute(10)).await.unwrap();
        }
        assert_eq!(order, [3, 5, 2, 4, 1]);
        assert_eq!(
            number(claim_at(store, 60).await.as_ref()),
            3,
            "its lease is over"
        );
    })
    .await;
}

/// What ends a lease, and whether the job goes on.
#[tokio::test]
async fn who_lost_the_lease_writes_nothing() {
    on_each_backend(async |store| {
        let other_end = async |number: u128| -> (Claim, &'static str) {
            store
                .enqueue_job(job(number, Priority::Normal), None)
                .await
                .unwrap();
            let claim = claim_at(store, 10).await.unwrap();
            match number {
                1 => assert!(store.cancel_job(claim.job.id, minute(10)).await.unwrap()),
                _ => assert!(claim_at(store, 11).await.is_some(), "the lease ran out"),
            }
            let state = store.job(claim.job.id).await.unwrap().unwrap().state;
            (claim, state.as_str())
        };
        for (case, expected) in [(1, "CANCELLED"), (2, "RUNNING")] {
            let (claim, state) = other_end(case).await;
            assert_eq!(state, expected, "case {case}");
            let lost = Err(StoreError::LeaseLost);
            assert_eq!(store.renew_job(&claim, minute(11), LEASE).await, lost);
            for end in [JobEnd::Completed, JobEnd::Released] {
                assert_eq!(store.end_job(&claim, end, minute(11)).await, lost);
            }
            let now = store.job(claim.job.id).await.unwrap().unwrap();
            assert_eq!(now.state.as_str(), expected, "nothing was changed");
            if expected != "CANCELLED" {
                store.cancel_job(claim.job.id, minute(12)).await.unwrap();
            }
        }
    })
    .await;
}

#[tokio::test]
async fn attempts_are_bounded_and_interruptions_are_no_attempts() {
    on_each_backend(async |store| {
        let new = Job {
            run_at: minute(-20),
            ..job(1, Priority::Normal)
        };
        store.enqueue_job(new, None).await.unwrap();
        // Leases that end without a word.
        for interruption in -20..=0 {
            claim_at(store, interruption).await.unwrap();
        }
        for attempt in 1..=3 {
            let claim = claim_at(store, attempt).await.unwrap();
            assert_eq!(i64::from(claim.job.attempts), attempt - 1);
            let end = JobEnd::Again {
                at: minute(attempt + 1),
                code: "limite".into(),
            };
            store.end_job(&claim, end, minute(attempt)).await.unwrap();
            assert!(
                claim_at(store, attempt).await.is_none(),
                "not before its time"
            );
        }
        let id = Uuid::from_u128(1);
        let ended = store.job(id).await.unwrap().unwrap();
        assert_eq!((ended.state, ended.attempts), (JobState::Failed, 3));
        assert_eq!(ended.code.as_deref(), Some("limite"));
        assert_eq!(ended.finished_at, Some(minute(3)));
        assert!(store.retry_job(id, minute(9)).await.unwrap());
        assert!(!store.retry_job(id, minute(9)).await.unwrap());
        let claim = claim_at(store, 9).await.unwrap();
        assert_eq!((claim.job.attempts, claim.job.code), (0, None));
        let none = store.cancel_job(Uuid::from_u128(9), minute(9)).await;
        assert_eq!(none, Err(StoreError::NoSuchJob));
    })
    .await;
}

/// A job that kills whoever runs it is not given out for ever.
#[tokio::test]
async fn a_job_that_kills_its_workers_is_given_up() {
    on_each_backend(async |store| {
        let new = batch(1, &["20100038146"]);
        store.create_batch(handed_over(new)).await.unwrap();
        let mut deaths = 0;
        while let Some(claim) = claim_at(store, 2_000 + deaths).await {
            if deaths == 50 {
                // Progress in between starts the count anew.
                assert!(store.begin_batch(&claim, minute(2_000)).await.unwrap());
            }
            deaths += 1;
            assert!(deaths < 1_000);
        }
        assert!((150..160).contains(&deaths), "{deaths}");
        let ended = store.job(Uuid::from_u128(1_001)).await.unwrap().unwrap();
        assert_eq!(ended.code.as_deref(), Some("trabajo_interrumpido"));
        let batch = store.batch(Uuid::from_u128(1)).await.unwrap().unwrap();
        assert_eq!(batch.state, BatchState::Failed);
    })
    .await;
}

#[tokio::test]
async fn a_batch_its_list_and_its_job_are_all_there_or_none() {
    on_each_backend(async |store| {
        let id = Uuid::from_u128(1);
        let new = |number: u128| {
            let subjects = ["20100038146", "10000000011", "20131312955"];
            handed_over(batch(number, &subjects))
        };
        store.create_batch(new(1)).await.unwrap();
        assert_eq!(store.batch_input(id).await.unwrap().unwrap(), b"lista");
        let stored = store.batch(id).await.unwrap().unwrap();
        assert_eq!(stored.priority, Priority::High);
        assert_eq!(stored.key_id, Some(Uuid::from_u128(77)));
        // The job of another batch has the same identifier: nothing of this one stays.
        let twice = NewBatch {
            job: Job {
                batch: Some(Uuid::from_u128(2)),
                ..new(1).job
            },
            ..new(2)
        };
        store.create_batch(twice).await.unwrap_err();
        assert_eq!(store.batch(Uuid::from_u128(2)).await.unwrap(), None);
        assert_eq!(store.batch_input(Uuid::from_u128(2)).await.unwrap(), None);

        // Whose it is.
        for (key, expected) in [(None, 1), (Some(77), 1), (Some(78), 0)] {
            let key = key.map(Uuid::from_u128);
            let batches = store.batches(key, 10, None).await.unwrap().rows;
            assert_eq!(batches.len(), expected);
            let filter = JobFilter {
                key_id: key,
                ..JobFilter::default()
            };
            let jobs = store.jobs(&filter, 10, None).await.unwrap().rows;
            assert_eq!(jobs.len(), expected);
        }
    })
    .await;
}

/// Pausing, resuming, cancelling and trying again, with a worker in the middle of it.
#[tokio::test]
async fn what_the_owner_wants_of_a_batch() {
    on_each_backend(async |store| {
        let id = Uuid::from_u128(1);
        let subjects = ["20100038146", "10000000011", "20131312955"];
        let new = batch(1, &subjects);
        store.create_batch(handed_over(new)).await.unwrap();
        let want = async |wanted: BatchChange| {
            let changed = store.change_batch(id, wanted, minute(2_000));
            changed.await.unwrap()
        };
        let state = async || {
            let batch = store.batch(id).await.unwrap().unwrap();
            let job = store.job_of_batch(id).await.unwrap().unwrap();
            (batch.state.as_str(), batch.paused, job.state.as_str())
        };
        let note = async |claim: &Claim, at: u32, state: ItemState| {
            store.note_items(claim, vec![(at, state)], 1).await
        };
        let claim = claim_at(store, 2_000).await.unwrap();
        assert!(store.begin_batch(&claim, minute(2_000)).await.unwrap());
        note(&claim, 0, ItemState::Answered).await.unwrap();
        assert_eq!(state().await, ("PROCESSING", false, "RUNNING"));

        assert!(!want(BatchChange::Resume).await);
        assert!(want(BatchChange::Pause).await);
        assert!(!want(BatchChange::Pause).await);
        assert_eq!(state().await, ("PROCESSING", true, "PAUSED"));
        let late = note(&claim, 1, ItemState::Answered).await;
        assert_eq!(late, Err(StoreError::LeaseLost));
        assert!(claim_at(store, 3_000).await.is_none());
        assert!(want(BatchChange::Resume).await);

        let claim = claim_at(store, 3_000).await.unwrap();
        assert!(store.begin_batch(&claim, minute(3_000)).await.unwrap());
        let failed = ItemState::Failed {
            code: "limite".into(),
        };
        note(&claim, 1, failed.clone()).await.unwrap();
        note(&claim, 2, failed).await.unwrap();
        let failed = JobEnd::Failed {
            code: "limite".into(),
        };
        let ended = store.finish_batch(&claim, failed, minute(3_000)).await;
        assert_eq!(ended.unwrap(), BatchState::Partial);
        assert_eq!(state().await, ("PARTIAL", false, "FAILED"));
        let counted = store.batch(id).await.unwrap().unwrap();
        assert_eq!((counted.failed, counted.cache_hits), (2, 3));

        assert!(!want(BatchChange::Pause).await);
        assert!(want(BatchChange::Retry).await);
        assert_eq!(state().await, ("PENDING", false, "PENDING"));
        let open = store.pending_items(id).await.unwrap();
        assert_eq!(open.len(), 2, "the failed ones and no others");

        assert!(want(BatchChange::Cancel).await);
        assert_eq!(state().await, ("CANCELLED", false, "CANCELLED"));
        for wanted in [BatchChange::Cancel, BatchChange::Retry, BatchChange::Pause] {
            assert!(!want(wanted).await, "{wanted:?}");
        }
        assert!(claim_at(store, 4_000).await.is_none());

        // One that a command works on does as its owner wants too, and waits for the command.
        store.create_batch(batch(2, &subjects)).await.unwrap();
        let (other, claim) = (Uuid::from_u128(2), claimed(store, 2).await);
        for (wanted, possible) in [
            (BatchChange::Pause, true),
            (BatchChange::Retry, false),
            (BatchChange::Resume, true),
            (BatchChange::Cancel, true),
        ] {
            let changed = store.change_batch(other, wanted, minute(1));
            assert_eq!(changed.await.unwrap(), possible, "{wanted:?}");
        }
        let late = store.note_items(&claim, vec![], 0).await;
        assert_eq!(late, Err(StoreError::LeaseLost));
        let missing = store.change_batch(Uuid::from_u128(9), BatchChange::Pause, minute(1));
        assert_eq!(missing.await, Err(StoreError::NoSuchBatch));
    })
    .await;
}

/// What failed in one run is put back by the next.
#[tokio::test]
async fn a_later_attempt_asks_again_for_what_failed() {
    on_each_backend(async |store| {
        let id = Uuid::from_u128(1);
        let new = batch(1, &["20100038146", "20131312955"]);
        store.create_batch(handed_over(new)).await.unwrap();
        for attempt in 0..2_i64 {
            let claim = claim_at(store, 2_000 + attempt).await.unwrap();
            store.begin_batch(&claim, minute(2_000)).await.unwrap();
            let open = store.pending_items(id).await.unwrap().len();
            assert_eq!(open, [2, 1][usize::try_from(attempt).unwrap()]);
            let failed = ItemState::Failed {
                code: "limite".into(),
            };
            let states = vec![(0, ItemState::Answered), (1, failed)];
            store.note_items(&claim, states, 0).await.unwrap();
            let again = JobEnd::Again {
                at: minute(2_000 + attempt),
                code: "limite".into(),
            };
            let state = store.finish_batch(&claim, again, minute(2_000)).await;
            assert_eq!(state.unwrap(), BatchState::Processing, "not the end yet");
        }
    })
    .await;
}

/// The list is sealed, a person's number is masked in it on request, and it goes with its batch.
#[tokio::test]
async fn a_list_keeps_no_secret_for_ever() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await.unwrap();
    let input = "[\"10000000018\",\"00000001\",\"x00000001y\",\"900000001\",\"20100038146\"]";
    let list = NewBatch {
        input: Some(input.into()),
        ..handed_over(batch(1, &["20100038146"]))
    };
    let id = Uuid::from_u128(1);
    store.create_batch(list).await.unwrap();
    for (path, bytes) in crate::cli_kit::files_of(dir.path()) {
        let clear = bytes.windows(11).any(|part| part == b"10000000018");
        assert!(!clear, "{}", path.display());
    }
    let erased = store.erase_subject("00000001").await.unwrap();
    assert_eq!(erased.inputs, 1);
    let kept = store.batch_input(id).await.unwrap().unwrap();
    assert_eq!(
        String::from_utf8(kept).unwrap(),
        "[\"***********\",\"********\",\"x********y\",\"900000001\",\"20100038146\"]"
    );
    assert_eq!(store.erase_subject("00000001").await.unwrap().inputs, 0);

    store
        .enqueue_job(job(2, Priority::Normal), None)
        .await
        .unwrap();
    store
        .cancel_job(Uuid::from_u128(2), minute(2))
        .await
        .unwrap();
    let keep = Retention {
        calls_days: 90,
        stale_answers_days: 30,
        batches_days: 7,
    };
    let pruned = store.prune(minute(20_000), &keep).await.unwrap();
    assert_eq!((pruned.batches, pruned.jobs), (1, 1));
    let jobs = store.jobs(&JobFilter::default(), 10, None).await.unwrap();
    assert_eq!(jobs.rows, []);
    assert_eq!(store.batch_input(id).await.unwrap(), None);
    store.close().await.unwrap();
}

#[tokio::test]
async fn a_schedule_is_seen_to_once() {
    on_each_backend(async |store| {
        let name = "schedule.retention";
        assert_eq!(store.schedule_seen(name).await.unwrap(), None);
        let see_to = async |seen: Option<i64>, now: i64, number: u128| {
            let job = (number > 0).then(|| job(number, Priority::Normal));
            let seen = seen.map(minute);
            store
                .enqueue_scheduled(name, seen, minute(now), job)
                .await
                .unwrap()
        };
        assert!(see_to(None, 1, 0).await);
        assert!(!see_to(None, 2, 2).await, "it is known by now");
        assert!(see_to(Some(1), 3, 3).await);
        assert!(!see_to(Some(1), 4, 4).await, "somebody else did");
        assert_eq!(store.schedule_seen(name).await.unwrap(), Some(minute(3)));
        let jobs = store.jobs(&JobFilter::default(), 10, None).await.unwrap();
        assert_eq!(jobs.rows.len(), 1);
    })
    .await;
}
