//! Three hundred healthy taxpayers and an upstream that fails in words.

use std::path::Path;

use chaski::app::partners::Which;
use chaski::app::{App, WantedMode};
use chaski::config::{Layers, Origin};
use chaski::sheets::{Limits, read_bytes};
use chaski::store::{Company, PartnerFilter};
use chaski_client::{Ask, Clock};
use chaski_core::Lang;

use super::upstream::{Mood, Upstream};
use crate::cli_kit::{Place, companies};
use crate::partners::refresh;

const COUNT: usize = 300;

/// Failures in words, and the exit code they come to: 7 where they speak of the account.
#[expect(clippy::too_many_lines, reason = "a table")]
fn failures() -> Vec<(Mood, u8)> {
    let says = |status, body: &str| Mood::Says(status, body.to_owned());
    let items = |status, body: &str| Mood::Items(status, body.to_owned());
    vec![
        // What was seen.
        (says(404, r#"{"message":"Not Found"}"#), 5),
        (
            says(404, r#"{"statusCode":404,"message":"Resource not found"}"#),
            5,
        ),
        (says(404, r#"{"status":404,"error":"Not Found"}"#), 5),
        (
            says(
                200,
                r#"{"success":false,"error":{"message":"Service Unavailable"}}"#,
            ),
            5,
        ),
        (
            says(
                200,
                r#"{"success":false,"message":"Su cuenta no se encuentra activa"}"#,
            ),
            7,
        ),
        // Of the same kind.
        (
            says(404, r#"{"success":false,"message":"API key not found"}"#),
            7,
        ),
        (
            says(404, r#"{"success":false,"message":"Cuenta suspendida"}"#),
            7,
        ),
        (
            says(
                200,
                r#"{"success":false,"message":"token inexistente para este RUC"}"#,
            ),
            7,
        ),
        (
            says(
                404,
                r#"{"success":false,"message":"Base table or view not found"}"#,
            ),
            5,
        ),
        (
            says(
                404,
                r#"{"success":false,"message":"El servicio de RUC no existe"}"#,
            ),
            5,
        ),
        (
            says(
                200,
                r#"{"success":false,"message":"SUNAT no se encuentra operativo"}"#,
            ),
            5,
        ),
        (says(404, r#"{"detail":"Not Found"}"#), 5),
        (says(404, r#"{"success":false}"#), 5),
        (says(200, r#"{"success":false}"#), 5),
        (
            says(200, r#"{"success":false,"detail":"RUC no encontrado"}"#),
            5,
        ),
        (
            says(200, r#"{"success":false,"msg":"fuera de servicio"}"#),
            5,
        ),
        (says(200, r#"{"success":false,"code":500}"#), 5),
        (says(200, r#"{"success":false,"message":["timeout"]}"#), 5),
        (
            says(
                200,
                r#"{"success":false,"message":{"es":"fuera de servicio"}}"#,
            ),
            5,
        ),
        (says(422, r#"{"message":"RUC no existe"}"#), 5),
        (
            items(
                404,
                r#"{"success":false,"ruc":"ASKED","error":{"message":"Not Found"}}"#,
            ),
            5,
        ),
        (
            items(
                200,
                r#"{"success":false,"ruc":"ASKED","message":"Not Found"}"#,
            ),
            5,
        ),
        (items(200, r#"{"success":false,"ruc":"ASKED"}"#), 5),
        // The very words, of everybody: the number that is known to exist gives it away.
        (
            says(404, r#"{"success":false,"message":"RUC no encontrado"}"#),
            5,
        ),
        (
            says(200, r#"{"success":false,"message":"RUC not found"}"#),
            5,
        ),
        (
            items(
                404,
                r#"{"success":false,"ruc":"ASKED","message":"El RUC no existe"}"#,
            ),
            5,
        ),
    ]
}

/// Where the numbers would have to be asked one by one, the list may end at what it may cost.
fn ends_by(at: usize, exit: u8) -> Vec<u8> {
    if at < 19 { vec![exit] } else { vec![exit, 8] }
}

async fn open(dir: &Path, upstream: &Upstream) -> App {
    let mut layers = Layers::defaults();
    let mut set = |key: &str, value: &str| layers.set_text(key, value, Origin::Set).unwrap();
    set("dir", &dir.display().to_string());
    set("migo.token", "prueba");
    set("migo.base_url", &upstream.url());
    set("migo.max_attempts", "1");
    let config = layers.config().unwrap();
    App::open(config, WantedMode::Real, Clock::system())
        .await
        .unwrap()
}

/// What is known of some partners: valid, fit, estado, condición.
async fn standings(app: &App) -> Vec<String> {
    let filter = PartnerFilter::default();
    let page = app.list_partners(Company::HOUSE, &filter, 250, None).await;
    let shown = |it: chaski::partners::Partner| {
        let it = it.sunat;
        format!(
            "{:?} {:?} {:?} {:?}",
            it.valid, it.fit, it.state, it.condition
        )
    };
    page.unwrap().rows.into_iter().map(shown).collect()
}

/// No partner changes, whatever is said; mended, everybody is there again.
#[tokio::test(flavor = "multi_thread")]
async fn h01_no_partner_stops_being_fit_by_a_failure() {
    let upstream = Upstream::new();
    let rucs = companies(1, COUNT);
    let ask = Ask::by("prueba").force_refresh();
    for (at, (mood, exit)) in failures().into_iter().enumerate() {
        let dir = tempfile::tempdir().unwrap();
        upstream.set(Mood::Healthy);
        let app = open(dir.path(), &upstream).await;
        let list = format!("RUC\n{}\n", rucs.join("\n"));
        let table = read_bytes(list.as_bytes(), None, &Limits::default(), Lang::Es).unwrap();
        app.import_partners(Company::HOUSE, &table, None)
            .await
            .unwrap();
        let first = refresh(&app, Company::HOUSE, &Which::All, &ask).await;
        assert_eq!(first.unwrap().found, COUNT);
        let before = standings(&app).await;
        // A process of its own: what this one knows of the upstream says nothing.
        app.close().await.unwrap();
        let app = open(dir.path(), &upstream).await;
        upstream.set(mood);
        let bad = refresh(&app, Company::HOUSE, &Which::All, &ask).await;
        let bad = bad.unwrap();
        let counts = (bad.found, bad.not_found, bad.failed, bad.noted.changed);
        assert_eq!(counts, (0, 0, COUNT, 0), "{at}");
        let code = bad.failure.unwrap().exit_code();
        assert!(ends_by(at, exit).contains(&code), "{at}: {code}");
        let after = standings(&app).await;
        assert_eq!(before, after, "{at}");
        app.close().await.unwrap();
        upstream.set(Mood::Healthy);
        let app = open(dir.path(), &upstream).await;
        let mended = refresh(&app, Company::HOUSE, &Which::All, &Ask::by("prueba")).await;
        assert_eq!(mended.unwrap().found, COUNT, "{at}");
        app.close().await.unwrap();
    }
}

/// A list by the command line: SIN RESPUESTA three hundred times, 5 or 7, and right once mended.
#[test]
fn h01_a_list_ends_without_an_answer_and_is_right_once_mended() {
    let upstream = Upstream::new();
    let rucs = companies(2, COUNT);
    for (at, (mood, exit)) in failures().into_iter().enumerate() {
        // What was seen, and one of each kind beyond.
        if at > 5 && ![8, 16, 22, 23, 25].contains(&at) {
            continue;
        }
        let mut place = Place::new();
        place.set("CHASKI_MIGO_BASE_URL", &upstream.url());
        place.set("CHASKI_MIGO_TOKEN", "prueba");
        place.write("lista.csv", format!("RUC\n{}\n", rucs.join("\n")));
        upstream.set(mood);
        let ran = place.run("ruc lote lista.csv -o r.csv");
        let code = u8::try_from(ran.code).unwrap();
        assert!(ends_by(at, exit).contains(&code), "{at}: {}", ran.err);
        let without = place.read("r.csv").matches("SIN RESPUESTA").count();
        assert_eq!(without, COUNT, "{at}");
        upstream.set(Mood::Healthy);
        place
            .run("ruc lote lista.csv -o r.csv --reanudar")
            .expect(0);
        let fit = place.read("r.csv").matches("EMPRESA 20").count();
        assert_eq!(fit, COUNT, "{at}");
        // Three collections, and the account before them.
        assert!(upstream.calls() <= 4, "{at}: {}", upstream.calls());
    }
}
