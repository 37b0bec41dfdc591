//! Canaries: a token, a DNI and a name that no text meant for people or logs may show.

use std::fmt::Write;

use chaski_client::dialects::migo::MigoDialect;
use chaski_client::{
    AccountQuery, ActivityQuery, Ask, Decoded, DniQuery, List, ListQuery, Lookup, Memory,
    RepresentativesQuery, RucQuery, Settings, Upstream, Version,
};
use chaski_core::{Dni, Lang};
use http::Request;

use crate::kit::{Scripted, TOKEN, World, answer, dialect, response, ruc, scripted};

/// The owner of this DNI in the sandbox.
const DNI: &str = "87654321";
const PERSONAL: &str = "10876543210";
const NAME: &str = "ÑUÑOVAR";

#[track_caller]
fn check_clean(text: &str) {
    for canary in [TOKEN, DNI, PERSONAL, NAME] {
        assert!(!text.contains(canary), "{canary} in: {text}");
    }
}

fn storing() -> Settings {
    Settings {
        record_hits: true,
        store_bodies: true,
        ..Settings::default()
    }
}

#[tokio::test(start_paused = true)]
async fn no_debug_or_display_shows_a_token_or_a_person() {
    let world = World::new(storing(), |_| {});
    let (it, ask) = (&world.migo, Ask::default());
    let dni: Dni = DNI.parse().unwrap();
    let person = ruc(PERSONAL);
    let mut shown = String::new();
    for _ in 0..2 {
        let batch = it.rucs(&[person, ruc("20131312955")], &ask).all().await;
        assert!(batch.iter().all(Result::is_ok));
        write!(
            shown,
            "{:?}{:?}{:?}{:?}{:?}{:?}{:?}{batch:?}",
            it.dni(&dni, &ask).await.unwrap(),
            it.ruc(&person, &ask).await.unwrap(),
            it.representatives(&ruc("20131312955"), &ask).await,
            it.representatives(&person, &ask).await,
            it.activity(&person, &ask).await.unwrap(),
            it.membership(List::GoodTaxpayers, &person, &ask).await,
            it.account(&ask).await.unwrap(),
        )
        .unwrap();
    }
    let keys = [
        DniQuery(dni).key(),
        RucQuery(person).key(),
        ActivityQuery(person).key(),
        RepresentativesQuery(person).key(),
        AccountQuery.key(),
        ListQuery {
            list: List::GoodTaxpayers,
            ruc: person,
        }
        .key(),
    ];
    for key in keys {
        write!(shown, "{key:?}{}", key.masked_subject()).unwrap();
        let memory: Option<Memory> = world.remembered(key).await;
        write!(shown, "{memory:?}").unwrap();
    }
    write!(
        shown,
        "{:?}{:?}",
        world.ledger.calls(),
        dialect(Version::V2)
    )
    .unwrap();
    write!(shown, "{:?}{:?}", DniQuery(dni), RucQuery(person)).unwrap();
    check_clean(&shown);
    // The masked forms are there, so something was shown at all.
    assert!(
        shown.contains("87****21") && shown.contains("10******210"),
        "{shown}"
    );
}

/// Bodies on record: only where nobody is a person, and never with a token.
#[tokio::test(start_paused = true)]
async fn bodies_on_record_hold_neither_token_nor_person() {
    let world = World::new(storing(), |_| {});
    let (it, ask) = (&world.migo, Ask::default());
    let company = ruc("20131312955");
    it.ruc(&company, &ask).await.unwrap();
    it.rucs(&[ruc("20100070970"), ruc("20100038146")], &ask)
        .all()
        .await;
    let with_bodies = world
        .ledger
        .calls()
        .iter()
        .filter(|it| it.bodies.is_some())
        .count();
    assert_eq!(with_bodies, 2);

    it.dni(&DNI.parse().unwrap(), &ask).await.unwrap();
    it.ruc(&ruc(PERSONAL), &ask).await.unwrap();
    it.representatives(&company, &ask).await.unwrap();
    it.activity(&company, &ask).await.unwrap();
    it.account(&ask).await.unwrap();
    // A list is about persons as soon as one of them is.
    let mixed = [ruc("20603274742"), ruc("10123456781")];
    it.rucs(&mixed, &Ask::default().force_refresh()).all().await;
    for call in world.ledger.calls() {
        let Some(bodies) = call.bodies else { continue };
        let text =
            String::from_utf8_lossy(&bodies.request) + String::from_utf8_lossy(&bodies.answer);
        check_clean(&text);
        assert!(
            !text.contains("10123456781") && !text.contains("FICTICIO"),
            "{text}"
        );
    }
    let with_bodies = world
        .ledger
        .calls()
        .iter()
        .filter(|it| it.bodies.is_some())
        .count();
    assert_eq!(with_bodies, 3);

    // And none unless the owner opted in.
    let world = crate::kit::world();
    world.ask("20131312955").await.unwrap();
    assert!(world.ledger.calls()[0].bodies.is_none());
}

/// The upstream's own words may hold the number: errors do not repeat them by themselves.
#[tokio::test(start_paused = true)]
async fn errors_repeat_neither_number_nor_words() {
    let says = format!(r#"{{"success":false,"message":"DNI {DNI} {NAME} no encontrado"}}"#);
    let bad = format!(r#"{{"message":"token {TOKEN} inválido"}}"#);
    for (status, body) in [
        (404, &says),
        (200, &says),
        (401, &bad),
        (403, &bad),
        (200, &bad),
        (500, &bad),
    ] {
        let (migo, _) = scripted(
            Settings::default(),
            Scripted::new(vec![response(status, &[], body)]),
        );
        let error = migo
            .dni(&DNI.parse().unwrap(), &Ask::default())
            .await
            .unwrap_err();
        let (es, en) = (error.message(Lang::Es), error.message(Lang::En));
        check_clean(&format!("{error:?} {error} {es} {en}"));
    }
    let query = DniQuery(DNI.parse().unwrap());
    let no = format!(r#"{{"success":false,"message":"El DNI {DNI} no existe"}}"#);
    let decoded = dialect(Version::Auto).decode(&query, &answer(404, no.as_bytes()));
    assert!(matches!(decoded, Ok(Decoded::Refused { .. })));
    check_clean(&format!("{decoded:?}"));
}

#[test]
fn a_token_is_not_shown_by_what_holds_it() {
    let token = TOKEN.to_owned().into();
    let it = MigoDialect::new("https://api.migo.pe/api", &token, Version::V2).unwrap();
    check_clean(&format!("{it:?}"));
    let request: Request<_> = it.encode(&chaski_client::LatestRateQuery);
    check_clean(&format!("{:?}", request.headers()));
    let error = MigoDialect::new(&format!("http://x/{TOKEN}"), &token, Version::V2);
    check_clean(&format!("{:?}", error.unwrap_err()));
}
