//! What is remembered, for how long, and what may stand in for an answer.

use std::time::Duration;

use chaski_client::{
    Ask, CacheDecision, CpeQuery, DniQuery, LatestRateQuery, Ledger, List, ListQuery, Lookup,
    Reason, Remembered, RepresentativesQuery, RucQuery, Settings, Source, TimesToLive,
};
use chaski_core::{Currency, RateSource};
use chaski_sandbox::Operation;
use jiff::civil::date;
use tokio::time::sleep;

use crate::kit::{KNOWN, Scripted, UNKNOWN, World, response, ruc, scripted, word, world};

const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

fn just_before(time: Duration) -> Duration {
    time.saturating_sub(Duration::from_secs(1))
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_fresh_until_its_time_to_the_second() {
    let world = world();
    assert_eq!(world.ask(KNOWN).await.unwrap().source, Source::Upstream);
    sleep(just_before(DAY)).await;
    assert_eq!(world.ask(KNOWN).await.unwrap().source, Source::Memory);
    // Also for another process, out of the ledger.
    let other = world.restarted(Settings::default());
    let found = other.ruc(&ruc(KNOWN), &Ask::default()).await.unwrap();
    assert_eq!(found.source, Source::Memory);
    assert_eq!(world.asked(), 1);
    sleep(Duration::from_secs(1)).await;
    assert_eq!(world.ask(KNOWN).await.unwrap().source, Source::Upstream);
    assert_eq!(world.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn max_age_and_force_ask_for_something_newer() {
    let world = world();
    world.ask(KNOWN).await.unwrap();
    sleep(HOUR).await;
    let number = ruc(KNOWN);
    let at_most = |age| Ask::default().max_age(age);
    for (ask, source) in [
        (at_most(HOUR), Source::Memory),
        (at_most(just_before(HOUR)), Source::Upstream),
        (at_most(Duration::from_secs(1)), Source::Memory),
        (Ask::default().force_refresh(), Source::Upstream),
        (Ask::default(), Source::Memory),
    ] {
        let found = world.migo.ruc(&number, &ask).await.unwrap();
        assert_eq!(found.source, source, "{ask:?}");
    }
    let forced = world.ledger.calls().pop().unwrap();
    assert_eq!(forced.cache, CacheDecision::Bypass);
}

#[tokio::test(start_paused = true)]
async fn a_stale_answer_stands_in_while_the_upstream_is_down() {
    for fault in [
        "500",
        "caida",
        "403",
        "429:retry=3600",
        "html",
        "404",
        "enorme",
    ] {
        let world = world();
        let first = world.ask(KNOWN).await.unwrap();
        world.fail(fault);
        sleep(DAY).await;
        let stale = world.ask(KNOWN).await.unwrap();
        assert_eq!(stale.source, Source::Stale, "{fault}");
        assert_eq!(stale.stored_at, first.stored_at, "{fault}");
        assert_eq!(stale.value, first.value, "{fault}");
        // One that nobody asked before has nothing to stand in.
        assert!(world.ask("20100070970").await.is_err());
        // Who wants none gets none.
        let none = Ask {
            stale_allowed: false,
            ..Ask::default()
        };
        assert!(world.migo.ruc(&ruc(KNOWN), &none).await.is_err());
        // Back to normal.
        world.sandbox.heal();
        sleep(HOUR).await;
        assert_eq!(world.ask(KNOWN).await.unwrap().source, Source::Upstream);
    }
}

#[tokio::test(start_paused = true)]
async fn a_stale_answer_has_an_end_too() {
    let world = world();
    world.ask(KNOWN).await.unwrap();
    world.fail("500");
    sleep(just_before(31 * DAY)).await;
    assert_eq!(world.ask(KNOWN).await.unwrap().source, Source::Stale);
    sleep(Duration::from_secs(1)).await;
    let late = world.ask(KNOWN).await;
    assert!(late.unwrap_err().is_unavailable());
}

#[tokio::test(start_paused = true)]
async fn a_question_that_makes_no_sense_gets_no_stale_answer() {
    let no = response(422, &[], r#"{"message":"Los datos no son válidos."}"#);
    let good = r#"{"ruc":"20131312955","nombre_o_razon_social":"PRUEBA"}"#;
    let transport = Scripted::new(vec![response(200, &[], good), no]);
    let (migo, _) = scripted(Settings::default(), transport);
    migo.ruc(&ruc(KNOWN), &Ask::default()).await.unwrap();
    sleep(DAY).await;
    let again = migo.ruc(&ruc(KNOWN), &Ask::default()).await;
    assert_eq!(word(&again), "proveedor_rechaza");
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_remembered_with_its_reason_and_an_end_of_its_own() {
    let times = TimesToLive {
        refusal: HOUR,
        ..TimesToLive::default()
    };
    let settings = Settings {
        times,
        ..Settings::default()
    };
    let world = World::new(settings, |_| {});
    let first = world.ask(UNKNOWN).await.unwrap_err();
    assert!(first.is_not_found() && !first.is_remembered() && first.attempts() == 1);
    assert_eq!(first.upstream_message(), Some("RUC no encontrado"));
    // Others that come later do not lengthen it.
    sleep(HOUR / 2).await;
    world.ask("10000000006").await.unwrap_err();
    sleep(just_before(HOUR / 2)).await;
    let again = world.ask(UNKNOWN).await.unwrap_err();
    assert!(again.is_not_found() && again.is_remembered() && again.attempts() == 0);
    assert_eq!(again.reason(), Some(Reason::NotFound));
    assert_eq!(again.upstream_message(), Some("RUC no encontrado"));
    assert_eq!(world.asked(), 2);
    sleep(Duration::from_secs(1)).await;
    assert!(!world.ask(UNKNOWN).await.unwrap_err().is_remembered());
    assert_eq!(world.asked(), 3);
    // Forced: asked whatever is known.
    let forced = Ask::default().force_refresh();
    world.migo.ruc(&ruc(UNKNOWN), &forced).await.unwrap_err();
    assert_eq!(world.asked(), 4);
    // In a batch it has the batch's own reason.
    let batch = world
        .migo
        .rucs(&[ruc("10000000006"), ruc(KNOWN)], &forced)
        .all()
        .await;
    let error = batch[0].as_ref().unwrap_err();
    assert_eq!(error.reason(), Some(Reason::NotFoundInBatch));
}

#[tokio::test(start_paused = true)]
async fn only_the_upstreams_own_no_enters_memory() {
    for fault in [
        "401",
        "403",
        "404",
        "429",
        "500",
        "502:html",
        "html",
        "success-false",
        "json-malo",
        "truncado",
        "otro-ruc",
        "enorme",
        "anidado",
        "redireccion",
        "reset",
        "caida",
        "cerrar",
    ] {
        let world = world();
        world.fail(fault);
        let error = world.ask(UNKNOWN).await.unwrap_err();
        assert!(!error.is_not_found(), "{fault}: {error}");
        let key = RucQuery(ruc(UNKNOWN)).key();
        assert!(world.remembered(key).await.is_none(), "{fault}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_no_about_something_else_says_nothing_of_the_number() {
    let world = world();
    let ask = Ask::default();
    let number = ruc("10123456781");
    let nobody = world.migo.representatives(&number, &ask).await.unwrap_err();
    assert_eq!(nobody.reason(), Some(Reason::NotListed));
    for list in [List::WithholdingAgents, List::GoodTaxpayers] {
        let outsider = world
            .migo
            .membership(list, &number, &ask)
            .await
            .unwrap_err();
        assert_eq!(
            (outsider.reason(), outsider.code()),
            (Some(Reason::NotListed), "no_figura")
        );
        let key = ListQuery { list, ruc: number }.key();
        let Remembered::Refusal { reason, .. } = world.remembered(key).await.unwrap().what else {
            panic!("a refusal");
        };
        assert_eq!(reason, Reason::NotListed);
    }
    let key = RepresentativesQuery(number).key();
    assert!(world.remembered(key).await.is_some());
    assert!(world.remembered(RucQuery(number).key()).await.is_none());
    assert!(world.migo.ruc(&number, &ask).await.is_ok());

    // No rate yet: believed for minutes, not for a day.
    let rates = Scripted::new(vec![response(
        404,
        &[],
        r#"{"success":false,"message":"No hay tipo de cambio"}"#,
    )]);
    let (migo, ledger) = scripted(Settings::default(), rates);
    let error = migo.latest_rate(&ask).await.unwrap_err();
    assert_eq!(
        (error.reason(), error.code()),
        (Some(Reason::NoRate), "sin_tipo_de_cambio")
    );
    let memory = ledger.recall(&[LatestRateQuery.key()]).await.unwrap();
    let memory = memory[0].clone().unwrap();
    let lasts = memory.expires_at.duration_since(memory.stored_at);
    assert_eq!(lasts.as_mins(), 15);
}

#[tokio::test(start_paused = true)]
async fn an_answer_takes_the_place_of_a_refusal_and_the_other_way_round() {
    let no = || {
        response(
            404,
            &[],
            r#"{"success":false,"message":"RUC no encontrado"}"#,
        )
    };
    let yes = r#"{"ruc":"20131312955","nombre_o_razon_social":"PRUEBA"}"#;
    let transport = Scripted::new(vec![no(), response(200, &[], yes), no()]);
    let (migo, _) = scripted(Settings::default(), transport);
    let (number, ask) = (ruc(KNOWN), Ask::default());
    let forced = Ask::default().force_refresh();
    assert!(migo.ruc(&number, &ask).await.is_err());
    assert!(migo.ruc(&number, &ask).await.unwrap_err().is_remembered());
    assert!(migo.ruc(&number, &forced).await.is_ok());
    assert_eq!(
        migo.ruc(&number, &ask).await.unwrap().source,
        Source::Memory
    );
    assert!(migo.ruc(&number, &forced).await.is_err());
    assert!(migo.ruc(&number, &ask).await.unwrap_err().is_remembered());
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_document_is_no_longer_an_accepted_one() {
    let state = |it: &str| response(200, &[], &format!(r#"{{"estado_comprobante":"{it}"}}"#));
    let transport = Scripted::new(vec![state("1"), state("2"), state("0")]);
    let (migo, _) = scripted(Settings::default(), transport.clone());
    let query = CpeQuery {
        ruc_emisor: ruc(KNOWN),
        tipo_comprobante: "01".into(),
        serie: "F001".into(),
        numero: 1,
        fecha_emision: date(2026, 1, 2),
        monto: 118.into(),
    };
    let ask = Ask::default();
    let forced = Ask::default().force_refresh();
    migo.cpe(&query, &ask).await.unwrap();
    assert_eq!(migo.cpe(&query, &ask).await.unwrap().source, Source::Memory);
    migo.cpe(&query, &forced).await.unwrap();
    // Not kept, but the older "accepted" is gone.
    assert_eq!(
        migo.cpe(&query, &ask).await.unwrap().source,
        Source::Upstream
    );
    assert_eq!(transport.sent.lock().unwrap().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn past_rates_are_kept_for_ever_and_todays_for_minutes() {
    let world = world();
    let ask = Ask::default();
    let asked = |fecha| {
        world
            .migo
            .rate_for(fecha, RateSource::Sunat, Currency::Usd, &ask)
    };
    let saturday = asked(date(2026, 1, 24)).await.unwrap();
    assert!(!saturday.value.arrastrado);
    asked(date(2026, 1, 28)).await.unwrap();
    let calls = || world.sandbox.count(Operation::ExchangeDate);
    assert_eq!(calls(), 2);
    sleep(Duration::from_mins(14)).await;
    asked(date(2026, 1, 28)).await.unwrap();
    assert_eq!(calls(), 2);
    sleep(400 * DAY).await;
    assert_eq!(
        asked(date(2026, 1, 24)).await.unwrap().source,
        Source::Memory
    );
    assert_eq!(calls(), 2);
    // The future, and the time before there were rates, are not asked for.
    for fecha in [date(2027, 12, 1), date(2009, 12, 31)] {
        assert!(asked(fecha).await.unwrap_err().is_invalid());
    }
    let euros = world
        .migo
        .rate_for(date(2026, 1, 5), RateSource::Sunat, Currency::Eur, &ask);
    assert!(euros.await.unwrap_err().is_invalid());
    assert_eq!(calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_is_forgotten_is_asked_again() {
    let world = world();
    world.ask(KNOWN).await.unwrap();
    let key = RucQuery(ruc(KNOWN)).key();
    assert!(world.migo.engine().forget(&key).await.unwrap());
    assert!(!world.migo.engine().forget(&key).await.unwrap());
    assert_eq!(world.ask(KNOWN).await.unwrap().source, Source::Upstream);
}

#[tokio::test(start_paused = true)]
async fn times_without_end_do_no_harm() {
    let times = TimesToLive {
        ruc: Duration::MAX,
        stale: Duration::MAX,
        ..TimesToLive::default()
    };
    let settings = Settings {
        times,
        attempt_timeout: Duration::MAX,
        deadline: Duration::MAX,
        ..Settings::default()
    };
    let world = World::new(settings, |_| {});
    world.ask(KNOWN).await.unwrap();
    world.fail("403");
    let forced = Ask::default().force_refresh().deadline(Duration::MAX);
    let found = world.migo.ruc(&ruc(KNOWN), &forced).await.unwrap();
    assert_eq!(found.source, Source::Stale);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_kept_where_nothing_may_be() {
    let times = TimesToLive {
        dni: Duration::ZERO,
        ..TimesToLive::default()
    };
    let settings = Settings {
        times,
        ..Settings::default()
    };
    let world = World::new(settings, |_| {});
    let dni = "12345678".parse().unwrap();
    for _ in 0..2 {
        let found = world.migo.dni(&dni, &Ask::default()).await.unwrap();
        assert_eq!(found.source, Source::Upstream);
    }
    assert!(world.remembered(DniQuery(dni).key()).await.is_none());
    assert_eq!(world.sandbox.count(Operation::Dni), 2);
}
