//! What is past its time goes by itself once a day, and when it is asked for.

use chaski::app::{App, WantedMode};
use chaski::config::{Layers, Surroundings};
use chaski::store::{CallFilter, NewDocument, StoredFile};
use chaski_client::{Ask, Clock, Ledger};
use jiff::{SignedDuration, Timestamp};

use crate::cli_kit::Place;
use crate::store_documents::new_document;

/// 2026-11-02, noon in Lima.
fn day(days: i64) -> Clock {
    let noon: Timestamp = "2026-11-02T17:00:00Z".parse().unwrap();
    Clock::starting_at(noon + SignedDuration::from_hours(24 * days))
}

async fn open(place: &Place, clock: Clock) -> App {
    let around = Surroundings {
        variables: [("CHASKI_DIR".to_owned(), place.data().display().to_string())].into(),
        here: place.path(""),
    };
    let config = Layers::read(&around, None, &[]).unwrap().config().unwrap();
    App::open(config, WantedMode::Sandbox, clock).await.unwrap()
}

async fn calls(app: &App) -> usize {
    app.store().flush().await.unwrap();
    let filter = CallFilter {
        limit: 100,
        ..CallFilter::default()
    };
    app.store().calls(&filter).await.unwrap().rows.len()
}

/// Asks one number on that day; how many calls were on record before and after.
async fn ask_on(place: &Place, days: i64, ruc: &str) -> usize {
    let app = open(place, day(days)).await;
    let found = app
        .lookup_rucs(&[ruc.parse().unwrap()], &Ask::by("test"))
        .await;
    assert!(found[0].is_ok());
    let on_record = calls(&app).await;
    app.close().await.unwrap();
    on_record
}

#[tokio::test]
async fn calls_past_their_time_are_let_go() {
    let place = Place::new();
    assert_eq!(ask_on(&place, 0, "20100070970").await, 1);
    assert_eq!(ask_on(&place, 80, "20131312955").await, 2, "80 days: kept");
    for days in [91, 92, 93] {
        let on_record = ask_on(&place, days, "20131312955").await;
        assert_eq!(on_record, 2 + usize::try_from(days - 90).unwrap(), "{days}");
    }
    // On two days of use before this one it was past its time.
    let app = open(&place, day(94)).await;
    assert_eq!(calls(&app).await, 4, "that of day 0 is gone");
    let figures = app.store().figures().await.unwrap();
    assert_eq!(figures.answers, 1, "and its answer, long past its time");
    app.close().await.unwrap();
}

/// Nothing goes because the clock was ahead, for a moment or until the day after.
#[tokio::test]
async fn h13_a_clock_that_is_ahead_deletes_nothing() {
    for ahead in [
        &[400][..],
        &[120, 121],
        &[3_650, 3_651, 3_651],
        &[93, 5_000],
    ] {
        let place = Place::new();
        for (days, ruc) in [(0, "20100070970"), (1, "20131312955"), (2, "20100038146")] {
            ask_on(&place, days, ruc).await;
        }
        for days in ahead {
            let app = open(&place, day(*days)).await;
            app.close().await.unwrap();
        }
        for days in 3..8 {
            let app = open(&place, day(days)).await;
            assert_eq!(calls(&app).await, 3, "{ahead:?}, then day {days}");
            let figures = app.store().figures().await.unwrap();
            assert_eq!(figures.answers, 3, "{ahead:?}, then day {days}");
            app.close().await.unwrap();
        }
        // What is past its time goes all the same, once the right clock says so long enough.
        for days in [95, 96, 97, 98] {
            let app = open(&place, day(days)).await;
            app.close().await.unwrap();
        }
        let app = open(&place, day(98)).await;
        assert_eq!(calls(&app).await, 0, "{ahead:?}");
        app.close().await.unwrap();
    }
}

/// Once a day: what passes its time later on the same day stays until the next.
#[tokio::test]
async fn at_most_once_a_day() {
    let place = Place::new();
    let early = open(&place, day(0)).await;
    early.close().await.unwrap();
    assert_eq!(ask_on(&place, 0, "20100070970").await, 1);
    let mark = place.data().join("sandbox").join("limpieza");
    assert_eq!(std::fs::read_to_string(&mark).unwrap(), "2026-11-02\n");
    // As if it had been done on the day on which the call passes its time.
    std::fs::write(&mark, "2027-02-01\n").unwrap();
    let app = open(&place, day(91)).await;
    app.close().await.unwrap();
    let app = open(&place, day(91)).await;
    assert_eq!(calls(&app).await, 1, "done already that day");
    assert_eq!(app.prune().await.unwrap().calls, 1, "unless somebody asks");
    app.close().await.unwrap();
}

#[test]
fn when_somebody_asks() {
    let mut place = Place::new();
    place.run("ruc 20100070970 20131312955 -q").expect(0);
    place.run("llamadas --limpiar").expect(2);
    let kept = place.run("llamadas --limpiar --yes").expect(0);
    assert!(kept.err.contains("llamadas, 0;"), "{}", kept.err);
    place.set("CHASKI_AUDIT_RETENTION_DAYS", "0");
    let gone = place.run("llamadas --limpiar --yes").expect(0);
    assert!(gone.err.contains("llamadas, 1;"), "{}", gone.err);
    assert_eq!(place.run("llamadas").expect(0).out, "");
}

#[tokio::test]
async fn a_document_is_kept_its_years_and_leaves_with_its_files() {
    let place = Place::new();
    let hash = "ab".repeat(32);
    let content = place
        .data()
        .join("sandbox/comprobantes/ab")
        .join(hash.as_str());
    // 1. Taken on, ended, with a file.
    let app = open(&place, day(0)).await;
    let new = NewDocument {
        issued_on: Some("2026-11-02".parse().unwrap()),
        at: app.clock.now(),
        ..new_document(1, "a", "a")
    };
    let (id, at) = (new.id, new.at);
    app.store().accept_document(new).await.unwrap();
    app.store().return_document(id, "prueba", at).await.unwrap();
    let file = StoredFile {
        kind: "pdf".into(),
        hash,
        size: 1,
        at,
    };
    app.store()
        .put_document_files(id, vec![file])
        .await
        .unwrap();
    std::fs::create_dir_all(content.parent().unwrap()).unwrap();
    std::fs::write(&content, "x").unwrap();
    app.close().await.unwrap();
    // 2. Until the end of the sixth year after that of its issue, in Lima; not a second longer.
    for (moment, gone) in [
        ("2032-12-31T17:00:00Z", 0),
        ("2033-01-01T04:59:00Z", 0),
        ("2033-01-01T05:00:00Z", 1),
    ] {
        let app = open(&place, Clock::starting_at(moment.parse().unwrap())).await;
        let pruned = app.prune().await.unwrap();
        assert_eq!(pruned.documents, gone, "{moment}");
        let there = app.store().document(id).await.unwrap().is_some();
        assert_eq!(
            (there, content.exists()),
            (gone == 0, gone == 0),
            "{moment}"
        );
        assert!(app.store().check_events().await.unwrap().is_ok());
        app.close().await.unwrap();
    }
}
