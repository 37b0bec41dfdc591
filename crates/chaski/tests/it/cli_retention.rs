//! What is past its time goes by itself once a day, and when it is asked for.

use chaski::app::{App, WantedMode};
use chaski::config::{Layers, Surroundings};
use chaski::store::CallFilter;
use chaski_client::{Ask, Clock, Ledger};
use jiff::{SignedDuration, Timestamp};

use crate::cli_kit::Place;

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
