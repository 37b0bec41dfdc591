//! Issuing as those see it who watch it: metrics, health, the doctor.

use crate::cli_serve::Server;
use crate::factura_story::with_examples;

fn got(url: &str) -> String {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let text = async { reqwest::get(url).await.unwrap().text().await.unwrap() };
    runtime.block_on(text)
}

#[test]
fn metrics_health_and_the_doctor() {
    let place = with_examples();
    let server = Server::start(&place);
    // 1. Nothing was ever issued: nothing is said of it.
    let metrics = got(&format!("{}/metrics", server.url));
    assert!(!metrics.contains("chaski_comprobantes{"), "{metrics}");
    let health = got(&format!("{}/salud/listo", server.url));
    assert!(!health.contains("comprobantes"), "{health}");
    assert!(!place.run("doctor").out.contains("diario"));
    // 2. One that SUNAT took, one that waits for the next morning.
    place.run("factura emitir factura.json").expect(0);
    place.run("factura emitir boleta.json").expect(0);
    let metrics = got(&format!("{}/metrics", server.url));
    for line in [
        "chaski_comprobantes{estado=\"ACEPTADO\",mode=\"sandbox\"} 1",
        "chaski_comprobantes{estado=\"PENDIENTE_SUNAT\",mode=\"sandbox\"} 1",
        "chaski_comprobantes{estado=\"DESCONOCIDO\",mode=\"sandbox\"} 0",
        "chaski_comprobante_oldest_pending_seconds{mode=\"sandbox\"} ",
        "chaski_comprobantes_in_doubt{mode=\"sandbox\"} 0",
        "chaski_comprobantes_near_deadline{mode=\"sandbox\"} 0",
        "chaski_comprobante_issuers_held{mode=\"sandbox\"} 0",
        "chaski_comprobante_series_in_review{mode=\"sandbox\"} 0",
    ] {
        let there = metrics.lines().any(|it| it.starts_with(line));
        assert!(there, "{line}\n{metrics}");
    }
    let salud = format!("salud --url {}", server.url);
    assert_eq!(
        place.run(&salud).expect(0).out,
        "listo\ncomprobantes: en cola, 0; en duda, 0; pendientes de SUNAT, 1; por vencer, 0; \
         emisores retenidos, 0\n"
    );
    let english = place.run(&format!("{salud} --lang en")).expect(0).out;
    assert!(
        english
            .starts_with("ready\ndocuments: queued, 0; in doubt, 0; without a word of SUNAT, 1;")
    );
    // 3. Who issues is the server, until it ends.
    let doctor = place.run("doctor").out;
    assert!(
        doctor.contains("El diario de emisión está entero"),
        "{doctor}"
    );
    assert!(doctor.contains("Emite el proceso "), "{doctor}");
    assert_eq!(server.terminate(), Some(0));
    let doctor = place.run("doctor --lang en").out;
    assert!(
        doctor.contains("Nobody issues now and nothing is queued"),
        "{doctor}"
    );
}
