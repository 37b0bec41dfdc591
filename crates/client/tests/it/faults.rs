//! Each fault of the sandbox in turn: what the caller gets, how often it was sent, what is on
//! record, what it cost.

use std::time::Duration;

use chaski_client::{Ask, Settings, Version};
use chaski_sandbox::Operation;

use crate::kit::{KNOWN, TOKEN, World, paused, ruc, word};

/// The fault for ever: outcome, attempts, outcome of each audit row (all equal), calls counted.
#[track_caller]
fn check(fault: &str, outcome: &str, attempts: usize, row: &str, spent: u64) {
    paused(async {
        let world = World::new(Settings::default(), |_| {});
        world.fail(fault);
        let answer = world.ask(KNOWN).await;
        assert_eq!(word(&answer), outcome, "{fault}");
        // Limits in a row make the account be asked, which is free.
        let calls = world.ledger.calls().into_iter();
        let calls: Vec<_> = calls.filter(|it| it.key.operation == "ruc").collect();
        assert!(
            calls.iter().all(|call| call.outcome == row),
            "{fault}: {calls:?}"
        );
        assert_eq!(calls.len(), attempts, "{fault}");
        assert_eq!(world.asked(), attempts as u64, "{fault}");
        // One logical look-up, attempts numbered from 1, times in order.
        for (place, call) in calls.iter().enumerate() {
            assert_eq!(call.lookup, calls[0].lookup);
            assert_eq!(call.attempt as usize, place + 1);
        }
        assert!(calls.is_sorted_by_key(|call| (call.at, call.id)));
        let entries = world.sandbox.ledger().into_iter();
        let entries: Vec<_> = entries
            .filter(|it| it.operation == Operation::Ruc)
            .collect();
        for (call, entry) in calls.iter().zip(&entries) {
            // What was cut off has no status: never an invented one.
            let read = call.http_status.is_none() || call.http_status == entry.status;
            assert!(read, "{fault}: {call:?} {entry:?}");
        }
        if let Err(error) = answer {
            assert_eq!(error.attempts() as usize, attempts, "{fault}");
            assert!(error.elapsed() <= Duration::from_millis(30_050), "{fault}");
        }
        assert_eq!(world.ledger.spent("migo", "2026-01"), spent, "{fault}");
    });
}

/// Fault, outcome, attempts, outcome on record, calls counted.
#[rustfmt::skip]
const EVERY_FAULT: [(&str, &str, usize, &str, u64); 25] = [
    ("429", "limite_de_velocidad", 3, "limite_de_velocidad", 3),
    ("429:retry=2", "limite_de_velocidad", 3, "limite_de_velocidad", 3),
    ("429:fecha=5", "limite_de_velocidad", 3, "limite_de_velocidad", 3),
    // Longer than the deadline: not waited for.
    ("429:retry=60", "limite_de_velocidad", 1, "limite_de_velocidad", 1),
    ("401", "proveedor_no_autorizado", 1, "proveedor_no_autorizado", 1),
    ("403", "proveedor_no_autorizado", 1, "proveedor_no_autorizado", 1),
    ("404", "proveedor_ruta_incorrecta", 1, "proveedor_ruta_incorrecta", 1),
    ("500", "proveedor_no_disponible", 3, "proveedor_no_disponible", 3),
    ("501", "proveedor_no_disponible", 1, "proveedor_no_disponible", 1),
    ("502:html", "proveedor_no_disponible", 3, "proveedor_no_disponible", 3),
    ("503", "proveedor_no_disponible", 3, "proveedor_no_disponible", 3),
    ("redireccion", "proveedor_redirige", 1, "proveedor_redirige", 1),
    ("reset", "conexion_interrumpida", 3, "conexion_interrumpida", 3),
    ("cerrar", "conexion_interrumpida", 3, "conexion_interrumpida", 3),
    ("caida", "proveedor_inalcanzable", 3, "proveedor_inalcanzable", 0),
    ("goteo:2s", "tiempo_agotado", 2, "tiempo_agotado", 2),
    ("truncado", "respuesta_ilegible", 3, "respuesta_ilegible", 3),
    ("json-malo", "respuesta_ilegible", 3, "respuesta_ilegible", 3),
    ("html", "respuesta_ilegible", 3, "respuesta_ilegible", 3),
    ("otro-ruc", "respuesta_ilegible", 3, "respuesta_ilegible", 3),
    ("anidado", "respuesta_ilegible", 3, "respuesta_ilegible", 3),
    ("success-false", "respuesta_inesperada", 1, "respuesta_inesperada", 1),
    ("enorme", "respuesta_demasiado_grande", 1, "respuesta_demasiado_grande", 1),
    ("goteo", "ok", 1, "SUCCESS", 1),
    ("formula", "ok", 1, "SUCCESS", 1),
];

#[test]
fn every_fault_has_its_outcome() {
    for (fault, outcome, attempts, row, spent) in EVERY_FAULT {
        check(fault, outcome, attempts, row, spent);
    }
}

/// The fault once: the second attempt answers, or the first was final.
#[track_caller]
fn check_once(fault: &str, rows: &[&str]) {
    paused(async {
        let world = World::new(Settings::default(), |_| {});
        world.fail(&format!("{fault} x1"));
        let answer = world.ask(KNOWN).await;
        assert_eq!(answer.is_ok(), rows.last() == Some(&"SUCCESS"), "{fault}");
        let outcomes: Vec<_> = world.ledger.calls().iter().map(|it| it.outcome).collect();
        assert_eq!(outcomes, rows, "{fault}");
    });
}

#[test]
fn what_passes_is_tried_again_and_what_does_not_is_not() {
    check_once("429:retry=2", &["limite_de_velocidad", "SUCCESS"]);
    check_once("500", &["proveedor_no_disponible", "SUCCESS"]);
    check_once("reset", &["conexion_interrumpida", "SUCCESS"]);
    check_once("cerrar", &["conexion_interrumpida", "SUCCESS"]);
    check_once("caida", &["proveedor_inalcanzable", "SUCCESS"]);
    check_once("goteo:2s", &["tiempo_agotado", "SUCCESS"]);
    check_once("truncado", &["respuesta_ilegible", "SUCCESS"]);
    check_once("otro-ruc", &["respuesta_ilegible", "SUCCESS"]);
    check_once("401", &["proveedor_no_autorizado"]);
    check_once("404", &["proveedor_ruta_incorrecta"]);
    check_once("redireccion", &["proveedor_redirige"]);
    check_once("success-false", &["respuesta_inesperada"]);
}

#[test]
fn texts_that_a_spreadsheet_would_run_come_through_as_data() {
    paused(async {
        let world = World::new(Settings::default(), |_| {});
        world.fail("formula");
        let found = world.ask(KNOWN).await.unwrap();
        assert!(found.value.nombre_o_razon_social.starts_with("=HYPERLINK("));
    });
}

/// Every other question meets a fault of the server and of the connection the same way.
#[test]
fn faults_strike_all_questions_alike() {
    use chaski_client::{CpeQuery, List};
    use chaski_core::{Currency, RateSource};
    use jiff::civil::date;
    for (fault, outcome) in [
        ("500", "proveedor_no_disponible"),
        ("html", "respuesta_ilegible"),
        ("anidado", "respuesta_ilegible"),
        ("404", "proveedor_ruta_incorrecta"),
        ("403", "proveedor_no_autorizado"),
    ] {
        paused(async {
            let world = World::new(Settings::default(), |_| {});
            let (it, ask, company) = (&world.migo, Ask::default(), ruc("20100070970"));
            world.fail(fault);
            let day = date(2026, 1, 28);
            let cpe = CpeQuery {
                ruc_emisor: company,
                tipo_comprobante: "01".into(),
                serie: "F001".into(),
                numero: 1,
                fecha_emision: day,
                monto: 118.into(),
            };
            // Ten failures would open the breaker: each question gets an engine of its own.
            let fresh = || world.restarted(Settings::default());
            let dni = "12345678".parse().unwrap();
            let list = List::GoodTaxpayers;
            let (sunat, usd) = (RateSource::Sunat, Currency::Usd);
            assert_eq!(word(&it.dni(&dni, &ask).await), outcome);
            assert_eq!(word(&fresh().latest_rate(&ask).await), outcome);
            assert_eq!(
                word(&fresh().rate_for(day, sunat, usd, &ask).await),
                outcome
            );
            assert_eq!(word(&fresh().rates(day, day, &ask).await), outcome);
            assert_eq!(
                word(&fresh().representatives(&company, &ask).await),
                outcome
            );
            assert_eq!(word(&fresh().activity(&company, &ask).await), outcome);
            assert_eq!(
                word(&fresh().membership(list, &company, &ask).await),
                outcome
            );
            assert_eq!(word(&fresh().cpe(&cpe, &ask).await), outcome);
            assert_eq!(word(&fresh().account(&ask).await), outcome);
        });
    }
}

/// Without faults, in every preference of version, every question is answered.
#[test]
fn every_question_is_answered_in_every_version() {
    use chaski_client::{CpeQuery, CpeState, List, Migo};
    use chaski_core::{Currency, RateSource};
    use jiff::civil::date;
    use std::sync::Arc;
    for version in [Version::Auto, Version::V1, Version::V2] {
        paused(async {
            let world = World::new(Settings::default(), |config| {
                config.v1_prices_as_numbers = true;
            });
            let it = Migo::builder(TOKEN)
                .version(version)
                .clock(world.clock)
                .transport(Arc::new(crate::kit::InProcess(world.sandbox.clone())))
                .build()
                .unwrap();
            let (ask, company, day) = (Ask::default(), ruc("20100070970"), date(2026, 1, 28));
            let rate = |fuente, moneda| it.rate_for(day, fuente, moneda, &ask);
            it.ruc(&company, &ask).await.unwrap();
            it.ruc(&ruc("10123456781"), &ask).await.unwrap();
            it.dni(&"12345678".parse().unwrap(), &ask).await.unwrap();
            it.latest_rate(&ask).await.unwrap();
            rate(RateSource::Sunat, Currency::Usd).await.unwrap();
            rate(RateSource::Sbs, Currency::Usd).await.unwrap();
            rate(RateSource::Sbs, Currency::Eur).await.unwrap();
            let from = date(2026, 1, 5);
            let rates = it.rates(from, day, &ask).await.unwrap();
            assert!(rates.value.len() > 15);
            let backwards = it.rates(day, from, &ask).await.unwrap_err();
            assert!(backwards.is_invalid() && backwards.exit_code() == 3);
            assert!(
                !it.representatives(&company, &ask)
                    .await
                    .unwrap()
                    .value
                    .is_empty()
            );
            let activity = it.activity(&company, &ask).await.unwrap();
            assert!(activity.value.actividad_economica_rev4_principal.is_some());
            for list in [List::WithholdingAgents, List::GoodTaxpayers] {
                it.membership(list, &company, &ask).await.unwrap();
            }
            for (numero, state) in [
                (1, CpeState::Accepted),
                (90, CpeState::NotFound),
                (98, CpeState::Cancelled),
                (99, CpeState::Unknown(String::new())),
            ] {
                let query = CpeQuery {
                    ruc_emisor: company,
                    tipo_comprobante: "01".into(),
                    serie: "F001".into(),
                    numero,
                    fecha_emision: day,
                    monto: 118.into(),
                };
                assert_eq!(*it.cpe(&query, &ask).await.unwrap().value, state);
            }
            let left = it.account(&ask).await.unwrap().value.consultas;
            assert_eq!(
                left,
                Some(40_000 - i64::try_from(world.sandbox.charged()).unwrap())
            );
            // All of them by a path that exists, and all were understood at the first try.
            assert_eq!(world.sandbox.count(Operation::Unknown), 0);
            let entries = world.sandbox.ledger();
            assert!(entries.iter().all(|entry| entry.accept), "{entries:?}");
            assert!(
                entries
                    .iter()
                    .all(|it| matches!(it.status, Some(200 | 404)))
            );
            let v2 = entries
                .iter()
                .filter(|it| it.version == Some(chaski_sandbox::Version::V2));
            let expected = if version == Version::V2 { 5 } else { 2 };
            assert_eq!(v2.count(), expected, "{version:?}");
        });
    }
}
