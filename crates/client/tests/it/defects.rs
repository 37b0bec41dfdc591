//! The system that Chaski replaces had defects; each test is named after one and what was meant.

use std::sync::Arc;
use std::time::Duration;

use chaski_client::{Ask, Lookup, Migo, RucQuery, Settings};
use chaski_core::{Condicion, Estado};
use tokio::time::sleep;

use crate::kit::{
    InProcess, KNOWN, Scripted, TOKEN, UNKNOWN, World, companies, response, ruc, scripted, word,
    world,
};

#[tokio::test(start_paused = true)]
async fn defect_01_no_token_is_in_an_audit_row() {
    let settings = Settings {
        store_bodies: true,
        ..Settings::default()
    };
    let world = World::new(settings, |_| {});
    world.ask(KNOWN).await.unwrap();
    let bodies = world.ledger.calls()[0].bodies.clone().unwrap();
    let sent = String::from_utf8(bodies.request.to_vec()).unwrap();
    assert_eq!(sent, format!(r#"{{"token":"•••","ruc":"{KNOWN}"}}"#));
}

#[tokio::test(start_paused = true)]
async fn defect_02_one_parser_for_the_single_and_the_bulk_path() {
    let world = world();
    let single = world.ask(KNOWN).await.unwrap().value;
    let forced = Ask::default().force_refresh();
    let bulk = world.migo.rucs(&[ruc(KNOWN)], &forced).all().await;
    assert_eq!(single, bulk[0].as_ref().unwrap().value);
    assert_eq!(single.estado, Some(Estado::Activo));
    assert!(single.direccion().is_some());
}

#[tokio::test(start_paused = true)]
async fn defect_05_a_limit_or_an_outage_is_no_tax_statement() {
    let mut codes = Vec::new();
    for fault in ["429:retry=60", "401", "caida", "goteo:2s"] {
        let world = world();
        world.fail(fault);
        let error = world.ask(KNOWN).await.unwrap_err();
        assert!(!error.is_not_found());
        codes.push(error.code());
    }
    assert_eq!(
        codes,
        [
            "limite_de_velocidad",
            "proveedor_no_autorizado",
            "proveedor_inalcanzable",
            "tiempo_agotado"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn defect_06_a_broken_connection_has_no_status_and_attempts_belong_together() {
    let world = world();
    world.fail("reset");
    world.ask(KNOWN).await.unwrap_err();
    let calls = world.ledger.calls();
    assert!(calls.iter().all(|call| call.http_status.is_none()));
    let attempts: Vec<_> = calls.iter().map(|call| call.attempt).collect();
    assert_eq!(attempts, [1, 2, 3]);
    assert!(calls.iter().all(|call| call.lookup == calls[0].lookup));
}

#[tokio::test(start_paused = true)]
async fn defect_07_a_call_each_25_seconds_never_meets_a_limit_of_3_a_minute() {
    let settings = Settings {
        calls_per_minute: 3,
        // Whoever had to wait would fail.
        deadline: Duration::from_secs(1),
        ..Settings::default()
    };
    let world = World::new(settings, |_| {});
    for number in companies(40) {
        let outcome = world.migo.ruc(&number, &Ask::default()).await;
        assert_ne!(word(&outcome), "limite_de_velocidad");
        sleep(Duration::from_secs(25)).await;
    }
    // And a parallel burst does not pass: one goes, the others are told to wait.
    let more = companies(80);
    let ask = Ask::default();
    let burst = more[40..].iter().map(|number| world.migo.ruc(number, &ask));
    let outcomes = futures_util::future::join_all(burst).await;
    let blocked = outcomes
        .iter()
        .filter(|it| word(it) == "limite_de_velocidad");
    assert_eq!(blocked.count(), 39);
}

#[tokio::test(start_paused = true)]
async fn defect_08_an_address_without_sense_is_said_at_the_start() {
    for base_url in ["", "None", "api.migo.pe"] {
        let error = Migo::builder(TOKEN)
            .base_url(base_url)
            .build()
            .err()
            .unwrap();
        assert!(error.is_invalid(), "{base_url}");
    }
}

#[tokio::test(start_paused = true)]
async fn defect_09_and_10_audit_limits_and_memory_work_on_every_path() {
    let settings = Settings {
        quota: Some(4),
        ..Settings::default()
    };
    let world = World::new(settings, |_| {});
    let ask = Ask::default();
    world.ask(KNOWN).await.unwrap();
    world.migo.rucs(&[ruc("20100070970")], &ask).all().await;
    world
        .migo
        .dni(&"12345678".parse().unwrap(), &ask)
        .await
        .unwrap();
    world.migo.dnis(&["87654321".parse().unwrap()], &ask).await;
    assert_eq!(world.ledger.calls().len(), 4);
    assert_eq!(world.ledger.spent("migo", "2026-01"), 4);
    assert_eq!(word(&world.migo.latest_rate(&ask).await), "cuota_agotada");
    assert!(world.remembered(RucQuery(ruc(KNOWN)).key()).await.is_some());
}

#[tokio::test(start_paused = true)]
async fn defect_14_bulk_answers_are_whole_and_known_refusals_are_refusals() {
    let world = world();
    world.ask(UNKNOWN).await.unwrap_err();
    let numbers = [ruc(UNKNOWN), ruc(KNOWN)];
    let outcomes = world.migo.rucs(&numbers, &Ask::default()).all().await;
    let refused = outcomes[0].as_ref().unwrap_err();
    assert!(refused.is_not_found() && refused.is_remembered());
    let found = outcomes[1].as_ref().unwrap();
    assert_eq!(
        found.value.nombre_o_razon_social,
        "EMPRESA DE PRUEBA DOS S.A."
    );
    assert!(found.value.ubigeo.is_some() && found.value.actualizado_en.is_some());
}

#[tokio::test(start_paused = true)]
async fn defect_15_bulk_uses_and_fills_memory_keeps_the_order_and_loses_nobody() {
    let world = World::new(Settings::default(), |config| {
        config.collection_reverses = true;
        config.collection_drops = 1;
        config.collection_omits_unknown = true;
    });
    world.ask(KNOWN).await.unwrap();
    let order = ["20603274742", UNKNOWN, KNOWN, "20100070970", "20603274742"].map(ruc);
    let outcomes = world.migo.rucs(&order, &Ask::default()).all().await;
    let words: Vec<_> = outcomes.iter().map(word).collect();
    assert_eq!(words, ["ok", "no_encontrado", "ok", "ok", "ok"]);
    for (number, outcome) in order.iter().zip(&outcomes) {
        if let Ok(found) = outcome {
            assert_eq!(found.value.ruc, *number);
        }
    }
    // The known one was not asked for, and the new ones are known now.
    let asked = world.sandbox.ledger()[1].subjects.clone();
    assert_eq!(asked, ["20603274742", UNKNOWN, "20100070970"]);
    let before = world.sandbox.ledger().len();
    world.ask("20100070970").await.unwrap();
    assert_eq!(world.sandbox.ledger().len(), before);
}

#[tokio::test(start_paused = true)]
async fn defect_16_only_a_numbers_own_no_enters_the_register() {
    let world = world();
    let ask = Ask::default();
    let person = ruc("10123456781");
    // Nobody represents a person: that says nothing of the RUC.
    world.migo.representatives(&person, &ask).await.unwrap_err();
    assert!(world.migo.ruc(&person, &ask).await.is_ok());
    // A wrong path, single and in bulk.
    world.fail("404");
    world.ask(KNOWN).await.unwrap_err();
    world.migo.rucs(&[ruc(KNOWN)], &ask).all().await;
    assert!(world.remembered(RucQuery(ruc(KNOWN)).key()).await.is_none());
    world.sandbox.heal();
    assert!(world.ask(KNOWN).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn defect_17_the_text_of_an_error_is_under_message_too() {
    for field in ["message", "error", "mensaje"] {
        let body = format!(r#"{{"success":false,"{field}":"RUC no encontrado"}}"#);
        let (migo, _) = scripted(
            Settings::default(),
            Scripted::new(vec![response(404, &[], &body)]),
        );
        let error = migo.ruc(&ruc(KNOWN), &Ask::default()).await.unwrap_err();
        assert_eq!(error.upstream_message(), Some("RUC no encontrado"));
    }
}

#[tokio::test(start_paused = true)]
async fn defect_18_a_404_in_the_text_of_a_good_answer_means_nothing() {
    let body = r#"{"success":true,"ruc":"20131312955","nombre_o_razon_social":"ERROR 404 S.A.C."}"#;
    let (migo, _) = scripted(
        Settings::default(),
        Scripted::new(vec![response(200, &[], body)]),
    );
    let found = migo.ruc(&ruc(KNOWN), &Ask::default()).await.unwrap();
    assert_eq!(found.value.nombre_o_razon_social, "ERROR 404 S.A.C.");
}

#[tokio::test(start_paused = true)]
async fn defect_19_null_fields_are_no_error() {
    let body = r#"{"success":true,"ruc":"20131312955","nombre_o_razon_social":"PRUEBA",
        "estado_del_contribuyente":null,"condicion_de_domicilio":null,"direccion":null}"#;
    let (migo, _) = scripted(
        Settings::default(),
        Scripted::new(vec![response(200, &[], body)]),
    );
    let found = migo.ruc(&ruc(KNOWN), &Ask::default()).await.unwrap();
    assert_eq!(
        (&found.value.estado, &found.value.condicion),
        (&None, &None)
    );
}

#[tokio::test(start_paused = true)]
async fn defect_20_sunats_words_are_understood_and_kept() {
    let world = world();
    let estado = async |digits| {
        world
            .ask(digits)
            .await
            .unwrap()
            .value
            .estado
            .clone()
            .unwrap()
    };
    assert_eq!(estado("20512963545").await, Estado::BajaDeOficio);
    assert_eq!(
        estado("20000237575").await,
        Estado::BajaProvisionalPorOficio
    );
    assert_eq!(estado("20000791904").await, Estado::SuspensionTemporal);
    let hidden = world.ask("20000079198").await.unwrap();
    assert_eq!(hidden.value.condicion, Some(Condicion::NoHabido));

    // A word that nobody knows yet is kept as it came, through memory too.
    let body = r#"{"ruc":"20131312955","nombre_o_razon_social":"X",
        "estado_del_contribuyente":"EN  REVISIÓN ","condicion_de_domicilio":"SIN VISITA"}"#;
    let transport = Scripted::new(vec![response(200, &[], body)]);
    let (migo, ledger) = scripted(Settings::default(), transport);
    let found = migo.ruc(&ruc(KNOWN), &Ask::default()).await.unwrap();
    assert_eq!(found.value.estado, Some(Estado::Otro("EN REVISIÓN".into())));
    assert_eq!(
        found.value.condicion.as_ref().unwrap().as_str(),
        "SIN VISITA"
    );
    let again = Migo::builder(TOKEN)
        .clock(migo.engine().clock())
        .transport(Arc::new(InProcess(world.sandbox.clone())))
        .ledger(ledger)
        .build()
        .unwrap();
    let remembered = again.ruc(&ruc(KNOWN), &Ask::default()).await.unwrap();
    assert_eq!(remembered.value, found.value);
    assert_eq!(remembered.source.as_str(), "memoria");
}
