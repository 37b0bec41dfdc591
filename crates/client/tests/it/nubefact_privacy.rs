//! Canaries: a token, a DNI and a name that no text meant for people or logs may show.

use std::fmt::Write;

use chaski_client::{
    FileKind, Nubefact, NubefactId, NubefactKind, NubefactToken, Settings, VoidWish,
};
use chaski_core::Lang;

use crate::kit::TOKEN;
use crate::nubefact_classes::{Played, client, says};
use crate::nubefact_kit::{DNI, NAME, Nube, RUTA, boleta_json, document};

#[track_caller]
fn check_clean(text: &str) {
    for canary in [TOKEN, DNI, NAME, RUTA] {
        assert!(!text.contains(canary), "{canary} in: {text}");
    }
}

#[tokio::test(start_paused = true)]
async fn no_debug_no_record_and_no_journal_entry_shows_a_customer() {
    let it: Nube = Nube::with(|_| {}).await;
    let boleta = document(&boleta_json("uno"));
    it.fail("cerrar@generar_comprobante x1");
    let mut shown = format!("{boleta:?}");
    for _ in 0..3 {
        let settled = it.nubefact.issue(&boleta, "k").await.unwrap();
        write!(
            shown,
            "{settled:?}{}{}",
            settled.message(Lang::Es),
            settled.message(Lang::En)
        )
        .unwrap();
    }
    let id = NubefactId::new(NubefactKind::Boleta, "BBB1", 1).unwrap();
    let reply = it.nubefact.consult(&id).await.unwrap().unwrap();
    assert!(reply.qr().unwrap().contains(DNI), "the answer does hold it");
    let file = it.nubefact.file(&reply, FileKind::Pdf).await;
    let void = it
        .nubefact
        .void(&VoidWish::new(id, "prueba").unwrap())
        .await
        .unwrap();
    write!(shown, "{reply:?}{file:?}{void:?}{}", void.message(Lang::Es)).unwrap();
    let journal = it.nubefact.journal();
    let entries = journal.entries(it.nubefact.issuer()).await.unwrap();
    assert!(!entries.is_empty());
    write!(
        shown,
        "{entries:?}{:?}{}",
        it.ledger.calls(),
        it.nubefact.issuer()
    )
    .unwrap();
    let guia = NubefactId::new(NubefactKind::GuiaRemitente, "TTT1", 1).unwrap();
    let error = it.nubefact.consult_void(&guia).await.unwrap_err();
    write!(shown, "{error:?}").unwrap();
    check_clean(&shown);
    assert!(shown.contains("BBB1-1"), "{shown}");
}

/// Even where the owner of the ledger wants bodies: customers are in all of them.
#[tokio::test(start_paused = true)]
async fn bodies_never_go_on_record() {
    let mut settings = chaski_client::NubefactSettings::default();
    for line in [
        &mut settings.issuing,
        &mut settings.asking,
        &mut settings.voiding,
        &mut settings.files,
    ] {
        *line = Settings {
            store_bodies: true,
            ..line.clone()
        };
    }
    let ledger = std::sync::Arc::new(chaski_client::MemoryLedger::new());
    let played = Played::of(vec![says(200, "{}")]);
    let nubefact = Nubefact::builder(RUTA, TOKEN)
        .settings(settings)
        .transport(played)
        .ledger(ledger.clone())
        .build()
        .unwrap();
    nubefact
        .open_series(NubefactKind::Boleta, "BBB1", 0)
        .await
        .unwrap();
    let boleta = document(&boleta_json("uno"));
    let _ = nubefact.issue(&boleta, "k").await.unwrap();
    assert!(ledger.calls()[0].bodies.is_none());
}

/// Nubefact's own words may repeat the customer's number.
#[tokio::test(start_paused = true)]
async fn errors_do_not_repeat_the_upstreams_words() {
    let words = format!(r#"{{"errors":"DNI {DNI} {NAME} incorrecto, token {TOKEN}","codigo":21}}"#);
    let played = Played::of(vec![says(400, &words), says(400, &words)]);
    let nubefact = client(&played).await;
    let id = NubefactId::new(NubefactKind::Factura, "FFF1", 1).unwrap();
    let error = nubefact.consult(&id).await.unwrap_err();
    check_clean(&format!("{error:?}{error}{}", error.message(Lang::En)));
    let settled = nubefact
        .issue(&crate::nubefact_kit::factura("x"), "k")
        .await
        .unwrap();
    let outcomes = format!("{settled:?}");
    check_clean(&outcomes);
}

#[test]
fn a_token_in_the_wrong_place_is_refused_with_a_word_and_not_shown() {
    let long = "f3b0c44298fc1c149afbf4c8996fb924";
    for (ruta, token) in [
        (
            format!("https://api.nubefact.com/api/v1/{RUTA}?token={long}"),
            long,
        ),
        (format!("https://api.nubefact.com/api/v1/{long}"), long),
        (format!("https://{long}@api.nubefact.com/api/v1/x"), long),
        (format!("http://api.nubefact.com/api/v1/{RUTA}"), long),
        (format!("ftp://api.nubefact.com/api/v1/{RUTA}"), long),
        (RUTA.to_owned(), "https://api.nubefact.com/api/v1/x"),
        (RUTA.to_owned(), "dos\nlíneas"),
        (RUTA.to_owned(), "con espacio"),
        (RUTA.to_owned(), "Bearer "),
        (RUTA.to_owned(), ""),
        (String::new(), long),
        ("dos palabras".to_owned(), long),
        ("https://".to_owned(), long),
    ] {
        let Err(error) = Nubefact::builder(ruta.clone(), token).build() else {
            panic!("{ruta} {token}");
        };
        assert!(error.is_invalid());
        let text = format!("{error:?}{error}{}", error.message(Lang::En));
        assert!(!text.contains(long) && !text.contains(RUTA), "{text}");
    }
    // A whole ruta of this machine is fine, for a sandbox.
    for ruta in [
        "http://127.0.0.1:8420/api/v1/x",
        "http://localhost:8000/api/v1/x",
        "http://[::1]:1/api/v1/x",
    ] {
        assert!(Nubefact::builder(ruta, long).build().is_ok(), "{ruta}");
    }
    let at_home = Nubefact::builder("demo", long)
        .host("http://127.0.0.1:8420")
        .build();
    assert!(at_home.is_ok());
    let (token, word) = NubefactToken::parse(&format!("Bearer {long}")).unwrap();
    assert!(word.is_some());
    assert!(!format!("{token:?}").contains(long));
}
