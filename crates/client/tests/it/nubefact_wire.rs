//! Over real connections: what "not a byte left" means, and connections that are cut.

use std::sync::Arc;
use std::time::Duration;

use chaski_client::{
    Clock, FileKind, Http, IssueSettled, Nubefact, NubefactId, NubefactKind, NubefactSettings,
    Transport, TransportError,
};
use chaski_sandbox::{Sandbox, SandboxConfig, serve};
use http::Request;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

use crate::kit::{TOKEN, start};
use crate::nubefact_kit::{InFile, RUTA, factura, issued};

fn settings() -> NubefactSettings {
    let mut settings = NubefactSettings::default();
    settings.issuing.attempt_timeout = Duration::from_secs(5);
    settings.asking.attempt_timeout = Duration::from_secs(5);
    settings
}

async fn client(address: &str, clock: Clock, place: &InFile) -> Nubefact {
    let nubefact = Nubefact::builder(format!("http://{address}/api/v1/{RUTA}"), TOKEN)
        .clock(clock)
        .settings(settings())
        .journal(place.opened())
        .build()
        .unwrap();
    let opened = nubefact.open_series(NubefactKind::Factura, "FFF1", 0);
    opened.await.unwrap();
    nubefact
}

#[tokio::test]
async fn a_document_over_the_wire_is_issued_once_whatever_is_cut() {
    let clock = Clock::starting_at(start());
    let sandbox = Sandbox::new(SandboxConfig::new(move || clock.now())).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(serve(sandbox.clone(), listener, std::future::pending()));
    let place = InFile::new(true);
    let nubefact = client(&address, clock, &place).await;
    let faults = [
        "",
        "cerrar",
        "reset",
        "truncado",
        "tras:502:html",
        "doble",
        "goteo:10ms",
    ];
    for (nth, fault) in faults.iter().enumerate() {
        if !fault.is_empty() {
            let fault = format!("{fault}@generar_comprobante x1");
            sandbox.fail(fault.parse().unwrap());
        }
        let mut settled = nubefact
            .issue(&factura(fault), fault_key(fault))
            .await
            .unwrap();
        if matches!(settled, IssueSettled::Unknown { .. }) {
            settled = nubefact
                .issue(&factura(fault), fault_key(fault))
                .await
                .unwrap();
        }
        let issued = settled
            .issued()
            .unwrap_or_else(|| panic!("{fault}: {settled:?}"));
        assert_eq!(issued.entry.numero as usize, nth + 1, "{fault}");
    }
    assert_eq!(issued(&sandbox).len(), faults.len());
    // The file of a link that leads to where the ruta is.
    let id = NubefactId::new(NubefactKind::Factura, "FFF1", 1).unwrap();
    let reply = nubefact.consult(&id).await.unwrap().unwrap();
    let pdf = nubefact.file(&reply, FileKind::Pdf).await.unwrap().unwrap();
    assert_eq!(pdf.kind, FileKind::Pdf);
}

fn fault_key(fault: &str) -> &str {
    if fault.is_empty() { "ninguna" } else { fault }
}

/// Nobody listens: nothing was sent, and the number is taken by whoever comes first.
#[tokio::test]
async fn where_nobody_listens_nothing_was_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    let place = InFile::new(false);
    let nubefact = client(&address, Clock::starting_at(start()), &place).await;
    let settled = nubefact.issue(&factura("a"), "a").await.unwrap();
    assert!(
        matches!(settled, IssueSettled::NotSent { .. }),
        "{settled:?}"
    );
    assert!(nubefact.journal().open().await.unwrap().is_empty());
    assert_eq!(nubefact.series().await.unwrap()[0].free, [1]);
}

/// Whatever a listener has read by the time it goes away, it is never "nothing was sent" once there was a
/// connection.
#[tokio::test]
async fn once_there_was_a_connection_it_is_never_unreachable() {
    for bytes in [0_usize, 1, 40, 4_000] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut read = vec![0; bytes];
            let _ = tokio::time::timeout(Duration::from_millis(200), stream.read_exact(&mut read))
                .await;
        });
        let request =
            Request::post(format!("http://{address}/api/v1/x")).body("x".repeat(900).into());
        let http: Arc<dyn Transport> = Arc::new(Http::to_issue(&chaski_client::Exit::default()));
        let answer = http.send(request.unwrap(), 1_000).await;
        assert_eq!(answer.unwrap_err(), TransportError::Broken, "{bytes}");
        server.await.unwrap();
    }
}

/// A name that leads here is not connected to where only public addresses are wanted.
#[tokio::test]
async fn a_name_that_leads_here_is_no_public_address() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let request = || {
        Request::get(format!("http://localhost:{port}/"))
            .body("".into())
            .unwrap()
    };
    let answer = Http::to_public_addresses(&chaski_client::Exit::default())
        .send(request(), 10)
        .await;
    assert_eq!(answer.unwrap_err(), TransportError::Unreachable);
    let heard = tokio::time::timeout(Duration::from_millis(50), listener.accept()).await;
    assert!(heard.is_err(), "nobody came");
}
