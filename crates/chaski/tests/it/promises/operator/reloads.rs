//! A running server takes over another token and other limits, or keeps what it had.

use reqwest::Client;
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::cli_kit::{Place, Service, wait_until};
use crate::cli_serve::Server;

async fn status_of(server: &Server, number: &str) -> u16 {
    let url = format!("{}/api/v1/ruc/{number}", server.url);
    Client::new()
        .get(url)
        .send()
        .await
        .unwrap()
        .status()
        .as_u16()
}

/// The token that was exchanged counts from the next call on; what is wrong changes nothing; what
/// needs a restart is named; nothing under way is lost.
#[test]
fn d_token_and_limits_are_reloaded() {
    let service = Service::with(|config| {
        config.rejected_tokens = vec!["vencido".to_owned()];
        config.latency = "300ms".parse().unwrap();
    });
    let mut place = Place::new();
    place.set("CHASKI_MIGO_BASE_URL", &service.url());
    place.write("token", "vencido\n");
    place.set("CHASKI_MIGO_TOKEN_FILE", "token");
    place.write("chaski.toml", "[migo]\nquota = 1\n");
    let runtime = Runtime::new().unwrap();
    let server = Server::start(&place);
    assert_eq!(runtime.block_on(status_of(&server, "20100070970")), 502);
    // 1. Nothing changed.
    let ran = place.run("config recargar").expect(0);
    assert!(ran.out.contains("nada que aplicar"), "{}", ran.out);
    // 2. Another token, other limits, and what only a restart changes.
    place.write("token", "bueno\n");
    place.write("chaski.toml", "[migo]\nquota = 10\ntimeout = \"9s\"\n[jobs]\nconcurrency = 9\n[cache]\nruc_ttl = \"1h\"\n");
    let ran = place.run("config recargar").expect(0);
    for word in [
        "migo.token",
        "migo.quota",
        "migo.timeout",
        "cache.ruc_ttl",
        "al reiniciar: jobs.concurrency",
    ] {
        assert!(ran.out.contains(word), "{word}: {}", ran.out);
    }
    assert!(!ran.out.contains("bueno") && !place.read("banner").contains("bueno"));
    assert_eq!(runtime.block_on(status_of(&server, "20100070970")), 200);
    // 3. While a call is under way, twice: it is answered.
    let asking = {
        let url = format!("{}/api/v1/ruc/20131312955", server.url);
        runtime.spawn(async move { Client::new().get(url).send().await.unwrap().status() })
    };
    wait_until("the call", || service.sandbox.last_sequence() >= 3);
    for _ in 0..2 {
        let ran = place.run("config recargar --lang en").expect(0);
        assert!(
            ran.out.contains("jobs.concurrency"),
            "what waits goes on being named: {}",
            ran.out
        );
    }
    assert_eq!(runtime.block_on(asking).unwrap(), 200);
    // 4. A token that is gone or empty: refused, by whoever is told first, and the old one stays.
    for content in [None, Some(""), Some("dos\nlíneas\n")] {
        match content {
            None => std::fs::remove_file(place.path("token")).unwrap(),
            Some(text) => place.write("token", text),
        }
        let before = place.read("banner").lines().count();
        server.hang_up();
        wait_until("the refusal", || {
            let said = place.read("banner");
            said.lines()
                .skip(before)
                .any(|line| line.contains("No se recargó"))
        });
    }
    let url = format!("{}/api/v1/ruc/20100047218", server.url);
    let answer = runtime.block_on(async {
        Client::new()
            .get(url)
            .send()
            .await
            .unwrap()
            .json::<Value>()
            .await
            .unwrap()
    });
    assert_ne!(answer["code"], "proveedor_no_autorizado", "{answer}");
    // 5. Mended, and ended: nobody is found any more.
    place.write("token", "bueno\n");
    place.run("config recargar").expect(0);
    assert_eq!(server.terminate(), Some(0));
    let ran = place.run("config recargar").expect(2);
    assert!(ran.err.contains("Ningún «chaski serve»"), "{}", ran.err);
}

/// A server that was killed leaves its file; nobody is taken for it. Two that work are both told.
#[test]
fn d_the_servers_of_a_folder_are_found() {
    let place = Place::new();
    let killed = Server::start(&place);
    drop(killed);
    place.run("config recargar").expect(2);
    let one = Server::start(&place);
    let other = {
        // Each with a banner of its own.
        std::fs::rename(place.path("banner"), place.path("banner_uno")).unwrap();
        Server::start(&place)
    };
    let ran = place.run("config reload").expect(0);
    assert_eq!(ran.out.lines().count(), 2, "{}", ran.out);
    for server in [&one, &other] {
        let address = server.url.strip_prefix("http://").unwrap();
        assert!(ran.out.contains(address), "{}", ran.out);
    }
    assert_eq!(one.terminate(), Some(0));
    assert_eq!(other.terminate(), Some(0));
}
