//! Clocks that are wrong or jump.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chaski::app::job_kind::JobKind;
use chaski::app::keys::{KeyRing, NewKey, Scope};
use chaski::store::Batch;
use chaski::store::{Company, Due, Job, JobEnd, NewPartner, Once, Priority, StoreError};
use chaski_client::{Ask, Clock, Ledger, Source, is_of_the_future};
use chaski_core::Ruc;
use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret;
use tokio::time::Instant;
use uuid::Uuid;

use crate::cli_kit::{Numbers, Place, Service, companies};
use crate::jobs_batches::{Gateway, list, open, until};
use crate::store::{minute, open as open_store, partner};
use crate::store_conformance::batch;
use crate::store_partners::found;

const LEASE: Duration = Duration::from_secs(10);
const DAY: i64 = 24 * 3_600;

/// By how much a clock is set, in seconds: some chosen, some at random, from a second to ten years.
fn jumps(seed: u64) -> Vec<i64> {
    let mut random = Numbers(seed);
    // Not close to the five minutes from which on a stamp is one of the future: time passes between a
    // stamp and a look at it.
    let mut jumps = vec![1, 59, 420, 3_600, DAY, 31 * DAY, 365 * DAY, 3_653 * DAY];
    for _ in 0..8 {
        let magnitude = 1_u64 << random.below(28);
        let seconds = magnitude + random.below(magnitude);
        jumps.push(i64::try_from(seconds).unwrap());
    }
    jumps.retain(|jump| !(240..420).contains(jump));
    jumps
}

/// A clock for a test to set; it begins at noon in Lima.
fn clock_to_set() -> (Clock, &'static AtomicI64) {
    let seconds: &AtomicI64 = Box::leak(Box::default());
    let noon: Timestamp = "2026-11-10T12:00:00-05:00".parse().unwrap();
    (Clock::starting_at_and_set_by(noon, seconds), seconds)
}

/// Learned while the clock was ahead: asked again once it is right, by the process that learned it
/// and by any other; whatever is taken from memory is never later than now.
#[tokio::test]
async fn a17_an_answer_of_the_future_is_past_its_time() {
    let (place, service) = (Place::new(), Service::new());
    let (clock, set_to) = clock_to_set();
    let app = open(&place, Some(&service), &[], clock).await;
    let ask = Ask::by("prueba");
    let numbers: Vec<Ruc> = companies(81, jumps(1).len() + 1)
        .iter()
        .map(|it| it.parse().unwrap())
        .collect();
    let at = |outcome: Result<
        chaski_client::Found<chaski_core::Taxpayer>,
        chaski_client::Error,
    >| { outcome.ok().map(|found| (found.source, found.stored_at)) };
    for (jump, ruc) in jumps(1).into_iter().zip(&numbers) {
        set_to.store(jump, Ordering::Relaxed);
        app.migo().ruc(ruc, &ask).await.ok();
        app.store().flush().await.unwrap();
        set_to.store(0, Ordering::Relaxed);
        let other = open(&place, Some(&service), &[], clock).await;
        for app in [&other, &app] {
            let before = service.sandbox.last_sequence();
            let found = at(app.migo().ruc(ruc, &ask).await);
            let asked = service.asked_since(before).len();
            if let Some((source, stored_at)) = found {
                assert!(!is_of_the_future(stored_at, clock.now()), "{jump}");
                assert_eq!(asked, usize::from(source == Source::Upstream), "{jump}");
            }
            let wrong = jump > 300 && std::ptr::eq(app, &raw const other);
            assert_eq!(
                asked,
                usize::from(wrong),
                "{jump}: once, and then it is known"
            );
            app.store().flush().await.unwrap();
        }
        other.close().await.unwrap();
    }
    // Set back: what was learned at the right time is asked for again, not believed for ever.
    let ruc = numbers.last().unwrap();
    app.migo().ruc(ruc, &ask).await.ok();
    set_to.store(-365 * DAY, Ordering::Relaxed);
    let before = service.sandbox.last_sequence();
    app.migo().ruc(ruc, &ask).await.ok();
    app.migo().ruc(ruc, &ask).await.ok();
    assert_eq!(service.asked_since(before).len(), 1);
    app.close().await.unwrap();
}

/// A key of 60 a minute keeps its pace whatever the clock is set to, and comes back to its whole
/// amount as time passes.
#[tokio::test(start_paused = true)]
async fn h13_the_pace_of_a_key_asks_no_wall_clock() {
    let place = Place::new();
    let (clock, set_to) = clock_to_set();
    let app = open(&place, None, &[], clock).await;
    let new = NewKey {
        name: "prueba".into(),
        company: None,
        scopes: [Scope::Consultas].into_iter().collect(),
        per_minute: 60,
        per_day: 0,
        lasts: None,
    };
    let (_, text) = app.create_key(new).await.unwrap();
    let ring = KeyRing::default();
    ring.reload(&app).await.unwrap();
    let take = || {
        let key = ring.check(text.expose_secret(), clock.now()).unwrap();
        key.take_turn(Instant::now()).unwrap()
    };
    for jump in jumps(2).into_iter().flat_map(|jump| [jump, 0, -jump, 0]) {
        set_to.store(jump, Ordering::Relaxed);
        ring.reload(&app).await.unwrap();
        tokio::time::sleep(Duration::from_secs(61)).await;
        let granted = (0..100).filter(|_| take().granted).count();
        assert!((60..=61).contains(&granted), "{jump}: {granted}");
        let refused = take();
        assert!(
            !refused.granted && refused.wait <= Duration::from_secs(1),
            "{jump}"
        );
    }
    app.close().await.unwrap();
}

/// Every time that the store keeps for later: a lease, a retry, an idempotency key, a check of a
/// partner. Stamped while the clock was ahead, none holds anything up once it is right.
#[tokio::test]
async fn h13_no_stored_time_of_the_future_holds_anything_up() {
    for (number, jump) in (1_u128..).zip(jumps(3)) {
        let dir = tempfile::tempdir().unwrap();
        let store = open_store(dir.path()).await.unwrap();
        let (right, ahead) = (
            minute(2_000),
            minute(2_000) + SignedDuration::from_secs(jump),
        );
        let wrong = is_of_the_future(ahead, right);
        let new = |id: u128| Job {
            id: Uuid::from_u128(id),
            run_at: right,
            batch: None,
            ..batch(number, &[]).job
        };
        // A job that failed while the clock was ahead waits for its retry, but no longer than any.
        store.enqueue_job(new(1), None).await.unwrap();
        let claim = store.claim_job(ahead, LEASE, Priority::Low).await.unwrap();
        let end = JobEnd::Again {
            at: ahead + SignedDuration::from_hours(9),
            code: "limite".into(),
        };
        store.end_job(&claim.unwrap(), end, ahead).await.unwrap();
        let job = store.job(Uuid::from_u128(1)).await.unwrap().unwrap();
        assert_eq!(
            job.run_at,
            ahead + SignedDuration::from_mins(15),
            "no longer than any"
        );
        let due = store.is_work_waiting(right, LEASE).await.unwrap();
        let claimed = store.claim_job(right, LEASE, Priority::Low).await.unwrap();
        assert_eq!((due, claimed.is_some()), (wrong, wrong), "{jump}");
        // A lease that reaches far into the future, of nobody who lives.
        store.enqueue_job(new(2), None).await.unwrap();
        let dead = open_store(dir.path()).await.unwrap();
        let claim = dead.claim_job(ahead, LEASE, Priority::Low).await.unwrap();
        assert!(claim.is_some());
        dead.close().await.unwrap();
        assert!(store.is_work_waiting(right, LEASE).await.unwrap(), "{jump}");
        let claim = store.claim_job(right, LEASE, Priority::Low).await.unwrap();
        assert!(claim.is_some(), "{jump}");
        // An idempotency key.
        let once = |at| Once {
            place: blake3::hash(b"place"),
            request: blake3::hash(b"request"),
            at,
        };
        store.enqueue_job(new(3), Some(&once(ahead))).await.unwrap();
        let known = store.done_before(&once(right)).await.unwrap().is_some();
        assert_eq!(known, !wrong, "{jump}");
        let again = store.enqueue_job(new(4), Some(&once(right))).await;
        match again {
            Ok(()) => assert!(wrong, "{jump}"),
            Err(error) => assert!(!wrong && error == StoreError::DoneBefore, "{jump}"),
        }
        // A partner comes up for its check, and what the check says is written down.
        let numbers = companies(82, 2);
        for (id, number) in (1..).zip(&numbers) {
            let new: NewPartner = partner(id, number);
            assert!(
                store
                    .create_partner(Company::HOUSE, new, right, None)
                    .await
                    .unwrap()
            );
        }
        let check = |number: &str, at: Timestamp, estado: &str| {
            let mut check = found(number, 0, estado, "HABIDO");
            if let chaski::partners::SunatAnswer::Found { at: said_at, .. } = &mut check.said {
                *said_at = at;
            }
            check.now = at;
            check
        };
        let earlier = right - SignedDuration::from_hours(1);
        let checks = vec![
            check(&numbers[0], earlier, "ACTIVO"),
            check(&numbers[1], ahead, "ACTIVO"),
        ];
        store.note_checks(None, checks).await.unwrap();
        let due = store.partners_due(Company::HOUSE, Due::Most(1), right);
        let first = due.await.unwrap().remove(0);
        assert_eq!(first.as_str() == numbers[1], wrong, "{jump}");
        let anywhere = store.partners_due_anywhere(1, right).await.unwrap();
        assert_eq!(anywhere[0].0, first);
        let down = vec![check(&numbers[1], right, "BAJA DEFINITIVA")];
        let noted = store.note_checks(None, down).await.unwrap();
        assert_eq!(noted.changed, u64::from(wrong), "{jump}");
        store.close().await.unwrap();
    }
}

/// A year ahead and back, a month back and forth: what is scheduled runs at its next right time, and
/// a jump ahead brings one job, not one for each time that seems to be missed.
#[tokio::test]
async fn h13_the_schedule_survives_a_jump_either_way() {
    let every_minute = [
        ("CHASKI_SCHEDULE_RETENTION", ""),
        ("CHASKI_SCHEDULE_QUOTA", "* * * * *"),
        ("CHASKI_SCHEDULE_PARTNERS", ""),
    ];
    for jump in [2 * 3_600, 40 * DAY, 365 * DAY] {
        let place = Place::new();
        let (clock, set_to) = clock_to_set();
        let gateway = Gateway::start_at(&place, None, &every_minute, clock).await;
        let app = &gateway.app;
        let jobs = async || {
            let jobs = app.trabajos(None, 100, None, None).await.unwrap().rows;
            jobs.iter()
                .filter(|job| job.kind == JobKind::Quota.as_str())
                .count()
        };
        // Until the worker has looked at the time as it is.
        let looked = async || {
            let is_seen = async || {
                let entry = app.programados().await.unwrap().remove(0);
                let now = clock.now();
                let wait = entry.next.unwrap().duration_since(now);
                entry.last.is_some_and(|last| last <= now)
                    && wait.is_positive()
                    && wait <= SignedDuration::from_mins(1)
            };
            for _ in 0..1_000 {
                if is_seen().await {
                    return jobs().await;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            panic!("{jump}: the schedule is not looked at");
        };
        assert_eq!(looked().await, 0, "a new entry waits for its time");
        set_to.store(jump, Ordering::Relaxed);
        let all = "one for all that seem to be missed";
        assert_eq!(looked().await, 1, "{jump}: {all}");
        set_to.store(0, Ordering::Relaxed);
        assert_eq!(looked().await, 1, "{jump}: back");
        set_to.store(61, Ordering::Relaxed);
        assert_eq!(looked().await, 2, "{jump}: at its next right time");
        set_to.store(-jump, Ordering::Relaxed);
        assert_eq!(looked().await, 2, "{jump}: set back");
        set_to.store(61 - jump, Ordering::Relaxed);
        assert_eq!(looked().await, 3, "{jump}: it goes on from there");
        gateway.stop().await;
    }
}

/// A list whose numbers failed while the clock was ahead is tried again once it is right; two servers
/// whose clock jumps while one works keep to whose job it is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h13_lists_go_on_whatever_the_clock_does() {
    let (place, service) = (Place::new(), Service::new());
    let (clock, set_to) = clock_to_set();
    let once = [("CHASKI_MIGO_MAX_ATTEMPTS", "1")];
    for fault in ["503@coleccion", "503@ruc"] {
        service.sandbox.fail(fault.parse().unwrap());
    }
    set_to.store(365 * DAY, Ordering::Relaxed);
    let gateway = Gateway::start_at(&place, Some(&service), &once, clock).await;
    let id = gateway
        .app
        .submit_batch(list(companies(83, 3)))
        .await
        .unwrap();
    until(&gateway.app, id, |lote| lote.calls > 0).await;
    service.sandbox.heal();
    set_to.store(0, Ordering::Relaxed);
    let lote = until(&gateway.app, id, Batch::has_ended).await;
    assert_eq!(lote.failed, 0);
    gateway.stop().await;

    let service = Service::with(|config| config.latency = "20ms".parse().unwrap());
    let place = Place::new();
    let first = Gateway::start_at(&place, Some(&service), &[], clock).await;
    let second = Gateway::start_at(&place, Some(&service), &[], clock).await;
    let numbers = companies(84, 2_000);
    let id = first.app.submit_batch(list(numbers.clone())).await.unwrap();
    until(&first.app, id, |lote| lote.processed() >= 100).await;
    let before = first.app.store().job_of_batch(id).await.unwrap().unwrap();
    for jump in [DAY, 0, 365 * DAY, 0, -DAY, 0] {
        set_to.store(jump, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    let lote = until(&second.app, id, Batch::has_ended).await;
    assert_eq!((lote.failed, lote.successful()), (0, 2_000));
    let after = second.app.store().job_of_batch(id).await.unwrap().unwrap();
    assert_eq!((before.attempts, after.attempts), (0, 0));
    assert_eq!(service.asked_since(0).len(), 2_000, "each number once");
    first.stop().await;
    second.stop().await;
}
