//! A document exactly once, over lost answers and repeated wishes: real mode, against a sandbox on a port.

use chaski_sandbox::Decided;

use crate::cli_kit::{Place, Ran, Service, files_of};
use crate::factura_story::told;

const RUTA: &str = "11111111-2222-3333-4444-555555555555";
const TOKEN: &str = "CANARIO-TOKEN-0123456789";
const SALE: &str = r#"{"tipo":"boleta","cliente":{"tipo":"1","numero":"00000001","nombre":"CANARIO NOMBRE"},
    "precios_con_igv":true,"items":[{"descripcion":"POLO","cantidad":1,"precio":"118.00"}]}"#;

/// A place whose company issues at that service, with the boletas' series open.
fn issuing_at(service: &Service) -> Place {
    let place = Place::asking(service);
    let ruta = format!("{}/v1/{RUTA}", service.url());
    let line = format!("empresas agregar 20603274742 --ruta {ruta} --series BBB1=0,FFF1=0");
    place.run_with_input(&line, TOKEN.as_bytes()).expect(0);
    place.write("venta.json", SALE);
    place
}

fn issue(place: &Place) -> Ran {
    place.run("factura emitir venta.json --yes")
}

/// Documents that were made for us.
fn made(service: &Service) -> usize {
    let entries = service.sandbox.nubefact_ledger(0).unwrap();
    let made = entries.iter().filter(|it| it.decision == Decided::Aceptado);
    made.count()
}

#[test]
fn a_lost_answer_is_asked_about_and_never_sent_again() {
    let service = Service::new();
    let place = issuing_at(&service);
    service
        .sandbox
        .fail("tras:500@generar_comprobante x1".parse().unwrap());
    let lost = issue(&place).expect(5);
    assert!(lost.out.contains("DESCONOCIDO"), "{}", lost.shown());
    assert!(
        lost.err.contains("chaski factura consultar BBB1-1"),
        "{}",
        lost.err
    );
    assert_eq!(made(&service), 1);
    // Asking decides; so does the same wish again.
    let asked = place.run("factura consultar BBB1-1").expect(0);
    assert_eq!(told(&asked), ["BBB1-1 boleta PENDIENTE_SUNAT 118.00"]);
    let again = issue(&place).expect(0);
    assert!(
        again.err.contains("Ya estaba emitido: es BBB1-1"),
        "{}",
        again.err
    );
    assert_eq!(made(&service), 1);

    service
        .sandbox
        .fail("tras:502:html@generar_comprobante x1".parse().unwrap());
    place
        .run("factura emitir venta.json --otra --yes")
        .expect(5);
    // The one more that was cut off is gone on with, and is not one more still.
    let gone_on = place
        .run("factura emitir venta.json --otra --yes")
        .expect(0);
    assert_eq!(told(&gone_on), ["BBB1-2 boleta PENDIENTE_SUNAT 118.00"]);
    assert_eq!(made(&service), 2);
}

#[test]
fn a_key_is_one_document() {
    let service = Service::new();
    let place = issuing_at(&service);
    let line = "factura emitir venta.json --yes --idempotency-key pedido-1";
    place.run(line).expect(0);
    let again = place.run(line).expect(0);
    assert!(again.err.contains("es BBB1-1"), "{}", again.err);
    place.write("venta.json", SALE.replace("118.00", "119.00"));
    let other = place.run(line).expect(2);
    assert!(other.err.contains("otro contenido"), "{}", other.err);
    assert_eq!(made(&service), 1);
}

#[test]
fn what_is_real_is_confirmed() {
    let service = Service::new();
    let place = issuing_at(&service);
    let unconfirmed = place.run("factura emitir venta.json").expect(2);
    assert!(unconfirmed.err.contains("--yes"), "{}", unconfirmed.err);
    let dry = place.run("factura emitir venta.json --dry-run").expect(0);
    assert_eq!(dry.objects()[0]["total"], serde_json::json!(118.00));
    assert_eq!(made(&service), 0);
}

#[test]
fn numbers_of_others_are_never_adopted() {
    let service = Service::new();
    let place = issuing_at(&service);
    service
        .sandbox
        .fail("23-ajeno@generar_comprobante x1".parse().unwrap());
    let taken = issue(&place).expect(3);
    assert!(taken.out.contains("CONFLICTO"), "{}", taken.shown());
    issue(&place).expect(3);
    let next = place
        .run("factura emitir venta.json --otra --yes")
        .expect(0);
    assert_eq!(told(&next), ["BBB1-2 boleta PENDIENTE_SUNAT 118.00"]);
    // And ours is not used twice.
    let own = SALE.replace(r#""tipo":"boleta","#, r#""tipo":"boleta","numero":2,"#);
    place.write("venta.json", own);
    let used = issue(&place).expect(3);
    assert!(
        used.err.contains("ya es de otro documento suyo"),
        "{}",
        used.err
    );
}

#[test]
fn the_account_is_told_apart_from_the_document() {
    let service = Service::new();
    let place = issuing_at(&service);
    for (fault, code, word) in [
        ("10@generar_comprobante x1", 7, "EN_ESPERA"),
        ("51@generar_comprobante x1", 7, "EN_ESPERA"),
    ] {
        service.sandbox.fail(fault.parse().unwrap());
        let held = issue(&place).expect(code);
        assert!(held.out.contains(word), "{}", held.shown());
    }
    issue(&place).expect(0);
    service
        .sandbox
        .fail("rechazado:2335@generar_comprobante x1".parse().unwrap());
    place.write(
        "factura.json",
        r#"{"tipo":"factura","cliente":{"tipo":"6","numero":"20100070970"},"precios_con_igv":true,
        "items":[{"descripcion":"POLO","cantidad":1,"precio":"118.00"}]}"#,
    );
    let rejected = place.run("factura emitir factura.json --yes").expect(4);
    assert!(rejected.out.contains("RECHAZADO"), "{}", rejected.shown());
    for (fault, word) in [
        ("10@consultar_comprobante x1", "(10)"),
        ("50@consultar_comprobante x1", "(50)"),
    ] {
        service.sandbox.fail(fault.parse().unwrap());
        let tried = place.run("empresas probar").expect(7);
        assert!(tried.err.contains(word), "{}", tried.err);
    }
    place.run("empresas probar").expect(0);
}

#[test]
fn a_series_is_opened_where_it_stands() {
    let service = Service::new();
    let place = issuing_at(&service);
    issue(&place).expect(0);
    let absent = place.run("series abrir BBB1 --ultimo 7").expect(3);
    assert!(absent.err.contains("boleta:BBB1-7"), "{}", absent.err);
    let behind = place.run("series abrir BBB1 --ultimo 0").expect(3);
    assert!(behind.err.contains("boleta:BBB1-1"), "{}", behind.err);
    place.run("series abrir BBB1 --ultimo 1").expect(0);
    place
        .run("series abrir BBB1 --ultimo 0 --tipo nc")
        .expect(0);
    let unknown = place.run("series abrir 0001 --ultimo 0").expect(2);
    assert!(unknown.err.contains("--tipo"), "{}", unknown.err);
    let listed = place.run("series listar").expect(0).objects();
    assert_eq!(listed.len(), 3);
}

#[test]
fn nothing_of_a_person_or_a_token_rests_in_clear() {
    let service = Service::new();
    let place = issuing_at(&service);
    service
        .sandbox
        .fail("tras:500@generar_comprobante x1".parse().unwrap());
    let lost = issue(&place);
    place.run("factura consultar BBB1-1").expect(0);
    place.run("factura listar -vv").expect(0);
    let canaries = [TOKEN, "CANARIO NOMBRE", "00000001"];
    for (path, bytes) in files_of(&place.data()) {
        let text = String::from_utf8_lossy(&bytes);
        for canary in canaries {
            assert!(!text.contains(canary), "{canary} in {}", path.display());
            assert!(!path.display().to_string().contains(canary));
        }
    }
    assert!(!lost.err.contains(TOKEN) && !lost.out.contains(TOKEN));
    let calls = place.run("llamadas").expect(0);
    for canary in canaries {
        assert!(!calls.out.contains(canary), "{canary} on record");
    }
    // Where the error output is a log, the customer is not told there.
    let mut quiet = place;
    quiet.set("CHASKI_LOG_FORMAT", "json");
    let logged = quiet
        .run("factura emitir venta.json --otra --yes -vv")
        .expect(0);
    for canary in canaries {
        assert!(!logged.err.contains(canary), "{canary} in the log");
    }
}
