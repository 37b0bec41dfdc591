//! Crashes, enumerated: the files as they were after each acknowledgement, and the log cut at
//! every page it was written by. What was acknowledged is there, and what belongs together is
//! there together.

use std::fs;
use std::path::Path;

use chaski::store::{CallFilter, DATABASE_FILE, ItemState, KEY_FILE, Store};
use chaski_client::{Key, Ledger};
use uuid::Uuid;

use crate::store::{all_calls, answer, call, dni, minute, open, ruc, spent, words};
use crate::store_conformance::{batch, claimed};

const LOG: &str = "chaski.db-wal";

/// A page in the log, with its header.
const FRAME: usize = 24 + 4096;

/// What a process that died at this moment leaves, with so much of the log as reached the disk.
fn copy(from: &Path, to: &Path, log_bytes: Option<usize>) {
    for file in [DATABASE_FILE, KEY_FILE] {
        fs::copy(from.join(file), to.join(file)).unwrap();
    }
    let mut log = fs::read(from.join(LOG)).unwrap();
    log.truncate(log_bytes.unwrap_or(log.len()));
    fs::write(to.join(LOG), log).unwrap();
}

async fn reopened(from: &Path, log_bytes: Option<usize>) -> (tempfile::TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    copy(from, dir.path(), log_bytes);
    let store = open(dir.path()).await.unwrap();
    store.check().await.unwrap();
    (dir, store)
}

fn key(round: u32) -> Key {
    match round % 2 {
        0 => ruc(&format!("2010{round:07}")),
        _ => dni(&format!("{round:08}")),
    }
}

/// Expects that exactly the first so many rounds are there.
async fn expect_rounds(store: &Store, rounds: u32) {
    let keys: Vec<Key> = (0..rounds).map(key).collect();
    let known = store.recall(&keys).await.unwrap();
    for (round, known) in (0..rounds).zip(&known) {
        assert_eq!(words(known.as_ref()), format!("answer {round}"));
    }
    let expected: Vec<u128> = (0..u128::from(rounds)).rev().collect();
    let filter = CallFilter {
        limit: 1_000,
        ..CallFilter::default()
    };
    assert_eq!(all_calls(store, filter).await, expected);
    assert_eq!(spent(store).await, u64::from(rounds));
}

/// One look-up: an answer, a call and a count.
async fn write_round(store: &Store, round: u32) {
    let body = answer(&round.to_string(), minute(0));
    store.remember(vec![(key(round), body)]).await.unwrap();
    store
        .record(call(round.into(), key(round), minute(round.into())))
        .await
        .unwrap();
    store.spend("migo", "2026-11", 1).await.unwrap();
}

#[tokio::test]
async fn what_was_acknowledged_survives_at_every_point() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await.unwrap();
    let mut acknowledged = vec![fs::metadata(dir.path().join(LOG)).unwrap().len()];
    for round in 0..40 {
        write_round(&store, round).await;
        store.flush().await.unwrap();
        acknowledged.push(fs::metadata(dir.path().join(LOG)).unwrap().len());
        let (_files, copy) = reopened(dir.path(), None).await;
        expect_rounds(&copy, round + 1).await;
    }

    // Torn log: cut at each of its frames and inside each, down to the first acknowledgement.
    let whole = usize::try_from(*acknowledged.last().unwrap()).unwrap();
    let first = usize::try_from(acknowledged[0]).unwrap();
    let mut partial = 0;
    for frame_end in (first..=whole).step_by(FRAME) {
        for cut in [frame_end, frame_end.saturating_sub(FRAME / 2).max(first)] {
            let rounds = acknowledged
                .iter()
                .filter(|length| **length <= cut as u64)
                .count()
                - 1;
            let (_files, copy) = reopened(dir.path(), Some(cut)).await;
            expect_rounds(&copy, u32::try_from(rounds).unwrap()).await;
            partial += u32::from(!acknowledged.contains(&(cut as u64)));
        }
    }
    assert!(
        partial > 100,
        "commits are torn, not only cut between: {partial}"
    );
}

/// A group of a batch is put away: its answers first, then its items and counters.
#[tokio::test]
async fn no_item_is_noted_before_its_answer_is_there() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await.unwrap();
    let subjects: Vec<String> = (0..60).map(|index| format!("1010{index:07}")).collect();
    let subjects: Vec<&str> = subjects.iter().map(String::as_str).collect();
    let id = Uuid::from_u128(1);
    store.create_batch(batch(1, &subjects)).await.unwrap();
    let claim = claimed(&store, 1).await;
    let created = usize::try_from(fs::metadata(dir.path().join(LOG)).unwrap().len()).unwrap();
    for chunk in 0..6_u32 {
        let positions = chunk * 10..chunk * 10 + 10;
        let states = positions
            .clone()
            .map(|position| (position, ItemState::Answered))
            .collect();
        let body = "x".repeat(900);
        let learned = positions
            .map(|position| (ruc(subjects[position as usize]), answer(&body, minute(0))))
            .collect();
        store.remember(learned).await.unwrap();
        store.note_items(&claim, states, 0).await.unwrap();
    }
    let whole = usize::try_from(fs::metadata(dir.path().join(LOG)).unwrap().len()).unwrap();
    let keys: Vec<Key> = subjects.iter().map(|subject| ruc(subject)).collect();
    let mut seen = std::collections::BTreeSet::new();
    for cut in (created..=whole).step_by(FRAME / 2) {
        let (_files, copy) = reopened(dir.path(), Some(cut)).await;
        let known = copy.recall(&keys).await.unwrap();
        let known: Vec<bool> = known.iter().map(Option::is_some).collect();
        let items = copy.item_states(id).await.unwrap();
        let noted: Vec<bool> = items.iter().map(|item| item.state.is_some()).collect();
        let pairs = known.iter().zip(&noted);
        assert!(pairs.into_iter().all(|(known, noted)| *known || !noted));
        let answered = copy.batch(id).await.unwrap().unwrap().answered;
        assert_eq!(
            answered as usize,
            noted.iter().filter(|noted| **noted).count()
        );
        assert_eq!(answered % 10, 0, "a chunk is whole");
        seen.insert(answered);
    }
    assert_eq!(
        seen.into_iter().collect::<Vec<_>>(),
        [0, 10, 20, 30, 40, 50, 60]
    );
}

#[tokio::test]
async fn a_first_opening_that_was_cut_short_is_completed() {
    let dir = tempfile::tempdir().unwrap();
    let _open = open(dir.path()).await.unwrap();
    let whole = usize::try_from(fs::metadata(dir.path().join(LOG)).unwrap().len()).unwrap();
    assert!(whole > 0, "the schema is still in the log");
    for cut in (0..=whole).step_by(FRAME / 2) {
        let (_files, store) = reopened(dir.path(), Some(cut)).await;
        write_round(&store, 0).await;
        store.flush().await.unwrap();
        expect_rounds(&store, 1).await;
    }
}
