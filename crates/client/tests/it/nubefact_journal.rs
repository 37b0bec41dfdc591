//! The journals: both do what every journal must, and the file outlives whatever is done to it.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use chaski_client::journal::FaultPoint;
use chaski_client::journal::conformance::{self, JournalPlace};
use chaski_client::{
    AttemptOutcome, FileJournal, FileJournalOptions, Intended, Intent, Journal, JournalAttempt,
    JournalFault, NubefactKind, SeriesName,
};

use crate::kit::start;
use crate::nubefact_kit::{DNI, InFile, InMemory, NAME, Sealed, boleta_json, document, factura};

const ISSUER: &str = "20600695771";

#[tokio::test]
async fn both_journals_conform() {
    conformance::all(InMemory::default).await;
    conformance::all(|| InFile::new(false)).await;
    conformance::all(|| InFile::new(true)).await;
}

fn wish(key: &str) -> Intent {
    Intent::to_issue(ISSUER, key, &factura(key), start())
}

fn series() -> SeriesName {
    SeriesName::new(ISSUER, NubefactKind::Factura, "FFF1")
}

async fn granted(journal: &dyn Journal, key: &str) -> JournalAttempt {
    match journal.intend(&wish(key)).await.unwrap() {
        Intended::Attempt(attempt) => attempt,
        other => panic!("{other:?}"),
    }
}

/// A crash while the last frame was being written leaves any part of it: whatever is left, the journal is
/// as it was before, and goes on.
#[tokio::test]
async fn a_file_cut_at_any_byte_of_its_end_is_what_it_was_before() {
    for sealed in [false, true] {
        let place = InFile::new(sealed);
        let journal = place.opened();
        journal.open_series(&series(), 0).await.unwrap();
        granted(&journal, "a").await;
        drop(journal);
        let before = fs::read(place.path()).unwrap();
        let journal = place.opened();
        granted(&journal, "b").await;
        drop(journal);
        let whole = fs::read(place.path()).unwrap();
        assert_eq!(whole[..before.len()], before, "append only");
        // Every byte near both ends of the frame, and some between.
        let (first, last) = (before.len(), whole.len());
        let cuts = (first..last).filter(|cut| cut - first < 26 || last - cut < 4 || cut % 211 == 0);
        for cut in cuts {
            // A hole of zeros where the length was on the disk before the bytes, too.
            for rest in [0, last - cut] {
                let mut left = whole[..cut].to_vec();
                left.resize(cut + rest, 0);
                fs::write(place.path(), &left).unwrap();
                let journal = place.opened();
                let open = journal.open().await.unwrap();
                assert_eq!(open.len(), 1, "cut at {cut}");
                assert_eq!(granted(&journal, "b").await.numero, 2, "cut at {cut}");
                drop(journal);
                let open = place.opened().open().await.unwrap();
                assert_eq!(open.len(), 2, "cut at {cut}");
            }
        }
        fs::write(place.path(), &whole).unwrap();
        assert_eq!(place.opened().open().await.unwrap().len(), 2);
    }
}

/// Creation is a write like any other.
#[tokio::test]
async fn a_file_cut_while_it_was_made_is_made_again() {
    let place = InFile::new(true);
    drop(place.opened());
    let whole = fs::read(place.path()).unwrap();
    for cut in 0..whole.len() {
        fs::write(place.path(), &whole[..cut]).unwrap();
        drop(place.opened());
        assert_eq!(fs::read(place.path()).unwrap(), whole);
    }
}

/// A byte that changed among what was promised is never passed over.
#[tokio::test]
async fn damage_before_the_end_is_told_and_nothing_is_cut() {
    for sealed in [false, true] {
        let place = InFile::new(sealed);
        let journal = place.opened();
        journal.open_series(&series(), 0).await.unwrap();
        let after_series = fs::read(place.path()).unwrap().len();
        granted(&journal, "a").await;
        let attempt = granted(&journal, "b").await;
        let conclude = journal.conclude(attempt.id, &AttemptOutcome::NotSent, start());
        conclude.await.unwrap();
        drop(journal);
        let whole = fs::read(place.path()).unwrap();
        for byte in (after_series..after_series + 60).chain([10, 30]) {
            let mut damaged = whole.clone();
            damaged[byte] ^= 0x10;
            fs::write(place.path(), &damaged).unwrap();
            let error = FileJournal::open(place.path(), place.options()).unwrap_err();
            assert_eq!(error.fault, JournalFault::Damaged, "byte {byte}");
            assert_eq!(fs::read(place.path()).unwrap(), damaged, "byte {byte}");
        }
    }
}

/// Each write, each fsync, fails once: nobody is answered, the handle is finished, and the file opened
/// again is as before or as after.
#[tokio::test]
async fn every_failure_of_the_disk_is_final_for_the_handle() {
    let mut failures = 0;
    for step in 0.. {
        let place = InFile::new(true);
        let steps = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&steps);
        let fault = move |point: FaultPoint| {
            let now = count.fetch_add(1, Ordering::SeqCst);
            let through = match point {
                FaultPoint::Write(bytes) => bytes / 2,
                _ => 0,
            };
            (now == step).then_some(through)
        };
        let opened = FileJournal::open(place.path(), place.options().fault(fault));
        let mut promised = Vec::new();
        if let Ok(journal) = opened {
            let mut broken = journal.open_series(&series(), 0).await.is_err();
            for key in ["a", "b"] {
                match journal.intend(&wish(key)).await {
                    Ok(Intended::Attempt(attempt)) if !broken => promised.push(attempt.numero),
                    Err(error) => {
                        broken = true;
                        assert_eq!(error.fault, JournalFault::Broken);
                    }
                    other => panic!("answered after a failure: {other:?}"),
                }
            }
            assert_eq!(journal.open().await.is_err(), broken);
            failures += usize::from(broken);
            if !broken {
                break;
            }
        } else {
            failures += 1;
        }
        let journal = place.opened();
        let kept: Vec<u32> = journal
            .open()
            .await
            .unwrap()
            .iter()
            .map(|it| it.numero)
            .collect();
        assert!(
            kept.starts_with(&promised),
            "step {step}: {promised:?} {kept:?}"
        );
        journal.open_series(&series(), 0).await.unwrap();
        assert!(granted(&journal, "c").await.numero > promised.last().copied().unwrap_or(0));
    }
    assert!(failures >= 8, "{failures} failures: too few");
}

#[tokio::test]
async fn one_process_has_it_and_others_are_told_which() {
    let place = InFile::new(false);
    let journal = place.opened();
    let brief = || place.options().wait(Duration::from_millis(60));
    let error = FileJournal::open(place.path(), brief()).unwrap_err();
    assert_eq!(error.fault, JournalFault::InUse);
    let process = std::process::id().to_string();
    assert!(error.to_string().contains(&process), "{error}");
    drop(journal);
    FileJournal::open(place.path(), brief()).unwrap();
}

#[tokio::test]
async fn another_key_and_other_files_are_left_alone() {
    let place = InFile::new(true);
    drop(place.opened());
    for options in [
        FileJournalOptions::default(),
        FileJournalOptions::default().sealer(Arc::new(Sealed([8; 32]))),
    ] {
        let error = FileJournal::open(place.path(), options).unwrap_err();
        assert_ne!(error.fault, JournalFault::Damaged);
    }
    for other in [&b"una lista\n"[..], &[0xff; 9000], &[0; 9000]] {
        fs::write(place.path(), other).unwrap();
        let error = FileJournal::open(place.path(), place.options()).unwrap_err();
        assert_eq!(error.fault, JournalFault::Unreadable);
        assert_eq!(fs::read(place.path()).unwrap(), other);
    }
    let nowhere = place.path().join("no").join("hay");
    let error = FileJournal::open(nowhere, place.options()).unwrap_err();
    assert_eq!(error.fault, JournalFault::Unreadable);
}

#[tokio::test]
async fn a_sealed_file_shows_no_customer() {
    for sealed in [true, false] {
        let place = InFile::new(sealed);
        let journal = place.open().await;
        let boletas = SeriesName::new(ISSUER, NubefactKind::Boleta, "BBB1");
        journal.open_series(&boletas, 0).await.unwrap();
        let intent = Intent::to_issue(ISSUER, "k", &document(&boleta_json("x")), start());
        let granted = journal.intend(&intent).await.unwrap();
        let entry = journal.by_key(ISSUER, "k").await.unwrap();
        let shown = format!("{granted:?}{entry:?}{intent:?}");
        assert!(!shown.contains(DNI) && !shown.contains(NAME), "{shown}");
        let bytes = fs::read(place.path()).unwrap();
        let holds = |text: &str| bytes.windows(text.len()).any(|it| it == text.as_bytes());
        assert_eq!(holds(DNI), !sealed);
        assert_eq!(holds(NAME), !sealed);
    }
}

/// Opening reads every byte once: it takes as long as the file is.
#[tokio::test]
async fn many_documents_are_opened_again() {
    let place = InFile::new(false);
    let journal = place.opened();
    journal.open_series(&series(), 0).await.unwrap();
    let wishes: Vec<Intent> = (0..2_000).map(|n| wish(&format!("k{n}"))).collect();
    let all = wishes.iter().map(|wish| journal.intend(wish));
    let granted = futures_util::future::join_all(all).await;
    assert!(
        granted
            .iter()
            .all(|it| matches!(it, Ok(Intended::Attempt(_))))
    );
    drop(journal);
    let journal = place.opened();
    let open = journal.open().await.unwrap();
    assert_eq!(open.len(), 2_000);
    let body = journal
        .body(open[1_999].attempts[0].id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(*blake3::hash(&body).to_hex(), *open[1_999].attempts[0].hash);
}
