//! Nothing is sent that was not set aside: quota, daily caps, cost of a list.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use chaski::app::App;
use chaski::app::keys::{NewKey, Scopes};
use chaski::http::{Door, Gateway, Side};
use chaski::store::{Asker, Batch, BatchState, Company, ItemState, Retention};
use chaski_client::{Allowance, Ask, Clock, Counter, Ledger, Taken};
use chaski_core::Ruc;
use chaski_sandbox::Operation;
use futures_util::future::join_all;
use http::Request;
use http_body_util::BodyExt;
use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret;

use crate::cli_kit::{Place, Service, companies};
use crate::jobs_batches::{self, list, open, until};

/// Requests that the upstream got, whatever for.
fn sent(service: &Service) -> u64 {
    let of = |operation| service.sandbox.count(operation);
    of(Operation::Ruc) + of(Operation::Collection)
}

fn rucs(numbers: &[String]) -> Vec<Ruc> {
    numbers.iter().map(|it| it.parse().unwrap()).collect()
}

fn fail(service: &Service, fault: &str) {
    if !fault.is_empty() {
        service.sandbox.fail(fault.parse().unwrap());
    }
}

/// A key whose day is limited, and the name under which it asks.
async fn key(app: &App, per_day: u32) -> (uuid::Uuid, String, String) {
    let new = NewKey {
        name: "prueba".into(),
        company: None,
        scopes: Scopes::all(),
        per_minute: 0,
        per_day,
        lasts: None,
    };
    let (info, text) = app.create_key(new).await.unwrap();
    let who = format!("llave:{}", info.row.prefix);
    (info.row.id, who, text.expose_secret().to_owned())
}

fn asker(id: uuid::Uuid, who: &str) -> Asker {
    Asker::Key {
        id,
        prefix: who.trim_start_matches("llave:").into(),
        company: Company::HOUSE,
    }
}

/// The gateway over HTTP, its real side answered by a service.
async fn door(place: &Place, service: &Service) -> (Arc<Door>, Arc<App>) {
    let real = Arc::new(open(place, Some(service), &[], Clock::system()).await);
    let none = Place::new();
    let invented = Arc::new(open(&none, None, &[], Clock::system()).await);
    let side = Side::open(Arc::clone(&real)).await.unwrap();
    let gateway = Gateway::new(Side::open(invented).await.unwrap(), Some(side));
    (Door::new(Arc::new(gateway)), real)
}

/// Who closes the connection does not get back what the call costs that goes on without them.
#[tokio::test]
async fn h02_leaving_does_not_pass_the_days_limit() {
    for (cap, leave) in [(10, 4), (3, 1)] {
        let service = Service::with(|config| config.latency = "300ms".parse().unwrap());
        let place = Place::new();
        let app = open(&place, Some(&service), &[], Clock::system()).await;
        let (_, who, key) = key(&app, cap).await;
        app.close().await.unwrap();
        let (door, app) = door(&place, &service).await;
        let numbers = companies(21, 60);
        let calls = numbers.iter().map(|number| {
            let request = Request::get(format!("/api/v1/ruc/{number}"))
                .header("authorization", format!("Bearer {key}"));
            let request = request.body(Body::empty()).unwrap();
            tokio::time::timeout(Duration::from_millis(leave), door.answer(request))
        });
        for answer in join_all(calls).await.into_iter().flatten() {
            assert_eq!(answer.status(), 429);
        }
        app.migo().engine().idle().await;
        assert!(sent(&service) <= u64::from(cap), "{}", sent(&service));
        assert_eq!(
            app.migo().engine().paid_today(&who).await.unwrap(),
            sent(&service)
        );
    }
}

/// Several that are asked at once, over HTTP: the day holds whatever becomes of the collection.
#[tokio::test]
async fn h03_a_key_pays_no_more_than_its_day_whatever_its_lists_come_to() {
    for fault in [
        "",
        "404@coleccion",
        "html@coleccion",
        "403@coleccion",
        "503@coleccion",
    ] {
        let service = Service::with(|config| {
            config.collection_omits_unknown = true;
            config.collection_drops = 20;
        });
        let place = Place::new();
        let app = open(&place, Some(&service), &[], Clock::system()).await;
        let (_, _, key) = key(&app, 4).await;
        app.close().await.unwrap();
        fail(&service, fault);
        let (door, app) = door(&place, &service).await;
        let numbers = companies(22, 300);
        let post = async |path: &str, body: serde_json::Value| {
            let request = Request::post(path)
                .header("authorization", format!("Bearer {key}"))
                .header("content-type", "application/json")
                .body(Body::from(body.to_string()))
                .unwrap();
            let answer = door.answer(request).await;
            let body = answer.into_body().collect().await.unwrap().to_bytes();
            String::from_utf8_lossy(&body).into_owned()
        };
        let several = serde_json::json!({"rucs": numbers});
        let said = post("/api/v1/ruc/consultas", several.clone()).await;
        assert!(!fault.is_empty() || said.contains("tope_diario"), "{said}");
        post("/api/ruc/consultar-masivo-async/", several).await;
        let collection = serde_json::json!({"ruc": numbers[..100]});
        post("/compat/migo/api/v1/ruc/collection", collection).await;
        app.migo().engine().idle().await;
        assert!(sent(&service) <= 4, "{fault}: {}", sent(&service));
    }
}

/// A list in the background under the name of a key: what its day does not pay for ends without an
/// answer and with that cause, and can be tried again on another day.
#[tokio::test]
async fn h03_a_list_in_the_background_keeps_to_the_day_of_its_key() {
    for (fault, cap) in [("", 4), ("404@coleccion", 4), ("html@coleccion", 7)] {
        let service = Service::with(|config| {
            config.collection_omits_unknown = true;
            config.collection_drops = 20;
        });
        fail(&service, fault);
        let place = Place::new();
        let gateway = jobs_batches::Gateway::start(&place, Some(&service), &[]).await;
        let app = &gateway.app;
        let (id, who, _) = key(app, cap).await;
        let mut new = list(companies(23, 300));
        new.asker = asker(id, &who);
        let batch = app.submit_batch(new).await.unwrap();
        let lote = until(app, batch, Batch::has_ended).await;
        let said = format!("{fault} {cap}: {:?}", lote.state);
        assert!(
            sent(&service) <= u64::from(cap),
            "{said}: {}",
            sent(&service)
        );
        let expected = match fault {
            "" => BatchState::Partial,
            _ => lote.state,
        };
        assert_eq!(lote.state, expected, "{said}");
        assert_ne!(lote.state, BatchState::Completed, "{said}");
        let states = app.store().item_states(batch).await.unwrap();
        let over = states.iter().filter(
            |item| matches!(&item.state, Some(ItemState::Failed { code }) if code == "tope_diario"),
        );
        assert!(over.count() > 0, "{said}");
        assert!(app.batch_retry_calls(batch, Some(id)).await.unwrap() > 0);
        // Another one of the same key on the same day pays for nothing.
        let before = sent(&service);
        let mut more = list(companies(24, 150));
        more.asker = asker(id, &who);
        let batch = app.submit_batch(more).await.unwrap();
        until(app, batch, Batch::has_ended).await;
        assert!(sent(&service) <= before.max(u64::from(cap)), "{said}");
        gateway.stop().await;
    }
}

/// The number after "como mucho".
fn announced(told: &str) -> u64 {
    let (_, rest) = told.split_once("como mucho ").expect("the cost is told");
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap()
}

/// What a list costs is announced, and is not passed without asking; a list that is answered as
/// lists usually are ends within it.
#[test]
fn h03_a_list_costs_no_more_than_is_announced() {
    for (fault, drops, option, code) in [
        ("", 5, "", 0),
        ("", 60, "", 8),
        ("404@coleccion", 0, "", 8),
        ("html@coleccion", 0, "", 8),
        ("403@coleccion", 0, "", 8),
        ("", 0, "--gastar-hasta 2", 8),
        ("", 0, "--gastar-hasta 0", 8),
        ("html@coleccion", 0, "--gastar-hasta 306", 0),
    ] {
        let service = Service::with(|config| config.collection_drops = drops);
        fail(&service, fault);
        let place = Place::asking(&service);
        let numbers = companies(25, 300);
        place.write("lista.csv", format!("RUC\n{}\n", numbers.join("\n")));
        let ran = place.run(&format!("ruc lote lista.csv -o r.csv {option}"));
        let said = format!(
            "{fault} {drops} {option}: {} sent\n{}",
            sent(&service),
            ran.err
        );
        assert_eq!(ran.code, code, "{said}");
        let most = announced(&ran.err);
        assert!(sent(&service) <= most, "{said}");
        assert!(most < 100 || option.contains("306"), "{said}");
        if code == 8 && !fault.starts_with("40") {
            assert!(ran.err.contains("--reanudar --gastar-hasta"), "{said}");
            let result = place.read("r.csv");
            assert!(result.contains("ya gastó lo anunciado"), "{said}{result}");
        }
    }
}

/// The rest of such a list is asked with what is allowed then, and what was answered is not paid
/// again.
#[test]
fn h03_the_rest_of_a_list_goes_on_with_what_is_allowed() {
    let service = Service::new();
    let place = Place::asking(&service);
    let numbers = companies(26, 300);
    place.write("lista.csv", format!("RUC\n{}\n", numbers.join("\n")));
    place
        .run("ruc lote lista.csv -o r.csv --gastar-hasta 1")
        .expect(8);
    assert_eq!(sent(&service), 1);
    place
        .run("ruc lote lista.csv -o r2.csv --reanudar --gastar-hasta 2")
        .expect(0);
    assert_eq!(sent(&service), 3);
}

/// Two processes on one folder share its quota and the days of its keys; so does one that starts
/// later, and one that was killed between the taking and the sending.
#[tokio::test]
async fn h07_quota_and_caps_over_two_processes() {
    let service = Service::new();
    let place = Place::new();
    let quota = [("CHASKI_MIGO_QUOTA", "20")];
    let one = open(&place, Some(&service), &quota, Clock::system()).await;
    let two = open(&place, Some(&service), &quota, Clock::system()).await;
    let numbers = rucs(&companies(27, 120));
    let capped = Ask {
        per_day: Some(10),
        ..Ask::by("llave:a")
    };
    let both = async |ask: &Ask, numbers: &[Ruc]| {
        let asked = numbers.iter().enumerate().map(|(at, number)| {
            let app = if at % 2 == 0 { &one } else { &two };
            app.migo().ruc(number, ask)
        });
        join_all(asked).await;
    };
    both(&capped, &numbers[..40]).await;
    assert_eq!(sent(&service), 10, "the day of a key");
    both(&Ask::by("cli"), &numbers[40..80]).await;
    assert_eq!(sent(&service), 20, "the quota");
    // Nothing of it is only in the head of a process.
    drop((one, two));
    let three = open(&place, Some(&service), &quota, Clock::system()).await;
    let ask = Ask::by("cli");
    join_all(numbers.iter().map(|it| three.migo().ruc(it, &ask))).await;
    assert_eq!(sent(&service), 20);
    let quota = three.migo().line().quota().await.unwrap();
    assert_eq!(quota, (20, Some(20)));
}

/// Taken is spent, also when the process ends before it sends; and no cleaning with a clock that is
/// ahead makes a key forget its day.
#[tokio::test]
async fn h13_what_was_taken_stays_taken() {
    let place = Place::new();
    let now: Timestamp = "2026-11-30T15:00:00Z".parse().unwrap();
    let app = open(&place, None, &[], Clock::starting_at(now)).await;
    let day = |who: &str, day: String| Allowance {
        counter: Counter::Day {
            who: who.into(),
            day: day.into(),
        },
        most: 1,
    };
    let today = [day("llave:a", "2026-11-30".into())];
    assert_eq!(app.store().take(&today).await.unwrap(), Taken::All);
    // No flush, no close.
    drop(app);
    let app = open(&place, None, &[], Clock::starting_at(now)).await;
    let retention = Retention {
        calls_days: 1,
        stale_answers_days: 1,
        batches_days: 1,
    };
    let ahead = now + SignedDuration::from_hours(24 * 3_650);
    app.store().prune(ahead, &retention).await.unwrap();
    assert_eq!(app.store().take(&today).await.unwrap(), Taken::SpentAt(0));
    // But not for ever: there is an end to the days that are kept.
    for n in 0..450 {
        let date = jiff::civil::date(2027, 1, 1).saturating_add(jiff::Span::new().days(n));
        app.store()
            .take(&[day("llave:a", date.to_string())])
            .await
            .unwrap();
    }
    app.store().prune(now, &retention).await.unwrap();
    assert_eq!(app.store().spent(&today[0].counter).await.unwrap(), 0);
}
