//! `chaski factura emitir ventas.xlsx`: each document once, whatever is cut off and however often it is said.

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::cli_kit::Place;

/// The workbook of the documentation: sixty documents, of which twelve are wrong.
fn ventas() -> Vec<u8> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../ejemplos/facturas/ventas.xlsx"
    );
    std::fs::read(path).unwrap()
}

/// What became of each document of a result: its state, its number, where its PDF is.
fn results(place: &Place, name: &str) -> BTreeMap<String, (String, String, String)> {
    let text = place.read(name);
    let rows = text
        .lines()
        .map(|it| serde_json::from_str::<Value>(it).unwrap());
    let field = |row: &Value, name: &str| row[name].as_str().unwrap_or("-").to_owned();
    rows.map(|row| {
        let what = (
            field(&row, "estado"),
            field(&row, "comprobante"),
            field(&row, "enlace_pdf"),
        );
        (field(&row, "documento"), what)
    })
    .collect()
}

/// How many documents there are, whatever named them.
fn issued(place: &Place) -> usize {
    let ran = place
        .run("factura listar --limite 500 --format ndjson")
        .expect(0);
    ran.out.lines().count()
}

#[test]
fn the_same_workbook_again_is_the_same_documents() {
    let place = Place::new();
    place.write("ventas.xlsx", ventas());
    // 1. All or nothing.
    let ran = place
        .run("factura emitir ventas.xlsx -o nada.ndjson")
        .expect(3);
    assert!(ran.err.contains("No se emitió nada"), "{}", ran.err);
    assert_eq!(issued(&place), 0);
    // 2. What is right.
    let emitir = "factura emitir ventas.xlsx --solo-buenos";
    let ran = place.run(&format!("{emitir} -o uno.ndjson")).expect(8);
    for said in [
        "por emitir: 48",
        "total S/ 17341.66",
        "boleta BBB1: 11, del 1 al 11",
        "Con resultado: 60/60",
        "Emitidos, 48; apartados, 12; devueltos o rechazados, 0; por resolver, 0",
    ] {
        assert!(ran.err.contains(said), "{said}: {}", ran.err);
    }
    let first = results(&place, "uno.ndjson");
    assert_eq!((first.len(), issued(&place)), (60, 48));
    // One that brings its number, and a note on a document of the same workbook.
    assert_eq!(first["P-001"].1, "factura:FFF1-5001");
    assert_eq!(first["P-044"].0, "ACEPTADO");
    assert!(first["P-001"].2.contains(".pdf"), "{first:?}");
    assert_eq!(first["P-060"], ("APARTADO".into(), "-".into(), "-".into()));
    // 3. And again, and a third time: the same numbers, and what only the whole workbook shows stays aside.
    for name in ["dos.ndjson", "tres.ndjson"] {
        let ran = place.run(&format!("{emitir} -o {name}")).expect(8);
        assert!(ran.err.contains("por emitir: 0"), "{}", ran.err);
        assert_eq!(results(&place, name), first);
        assert_eq!(issued(&place), 48);
    }
    // 4. It is a batch like any other.
    let listed = place.run("lotes --format ndjson").expect(0).out;
    let batch: Value = serde_json::from_str(listed.lines().next().unwrap()).unwrap();
    assert_eq!(
        (&batch["clase"], &batch["total"], &batch["respondidos"]),
        (&"comprobantes".into(), &60.into(), &48.into()),
        "{batch}"
    );
    let id = batch["id"].as_str().unwrap();
    let ran = place
        .run(&format!("lotes resultado {id} -o lote.csv"))
        .expect(8);
    assert!(
        place.read("lote.csv").contains("factura:FFF1-5001"),
        "{}",
        ran.err
    );
    // 5. In another period they are other sales; what brings its number is aside then.
    let ran = place
        .run(&format!("{emitir} --periodo 2026-12 -o mes.ndjson"))
        .expect(8);
    let of_month = results(&place, "mes.ndjson");
    assert_eq!(of_month["P-001"].0, "APARTADO", "{}", ran.err);
    assert_eq!(of_month["P-002"].0, "ACEPTADO", "{}", ran.err);
    assert_ne!(of_month["P-002"].1, first["P-002"].1);
    assert!((90..=95).contains(&issued(&place)), "{}", ran.err);
}

#[test]
fn a_workbook_that_is_cut_off_is_gone_on_with() {
    let place = Place::new();
    place.write("ventas.xlsx", ventas());
    let emitir = "factura emitir ventas.xlsx --solo-buenos -o r.ndjson";
    // Whatever it is doing by then: the moments are spread over a whole run.
    for millis in [150, 400, 700, 1_000, 1_400] {
        let mut child = place.start(emitir);
        thread::sleep(Duration::from_millis(millis));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let ran = place.run(emitir).expect(8);
    assert!(
        ran.err.contains("Emitidos, 48; apartados, 12"),
        "{}",
        ran.err
    );
    let results = results(&place, "r.ndjson");
    let mut numbers: Vec<&str> = results.values().map(|it| it.1.as_str()).collect();
    numbers.retain(|it| *it != "-");
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!((numbers.len(), issued(&place)), (48, 48));
    // No gap: every number of the boletas is there.
    for numero in 1..=11 {
        assert!(
            numbers.contains(&&*format!("boleta:BBB1-{numero}")),
            "{numbers:?}"
        );
    }
}

/// A sale a customer; the second and the fourth cannot be invoiced, nor the fifth, whom nobody knows.
const CUSTOMERS: &str = "documento,tipo,cliente_numero,descripcion,cantidad,Precio con IGV\n\
    A,factura,20100070970,SERVICIO,1,118.00\n\
    B,factura,20000316769,SERVICIO,1,118.00\n\
    C,factura,20131312955,SERVICIO,1,118.00\n\
    D,factura,20000079198,SERVICIO,1,118.00\n\
    E,factura,20000633527,SERVICIO,1,118.00\n";

#[test]
fn customers_who_cannot_be_invoiced_are_set_aside() {
    let place = Place::new();
    place.write("mes.csv", CUSTOMERS);
    let ran = place
        .run("factura emitir mes.csv --clientes -o r.ndjson")
        .expect(8);
    assert!(ran.err.contains("por emitir: 2"), "{}", ran.err);
    assert!(ran.err.contains("Consultas de clientes:"), "{}", ran.err);
    let results = results(&place, "r.ndjson");
    let states: Vec<&str> = results.values().map(|it| it.0.as_str()).collect();
    assert_eq!(
        states,
        ["ACEPTADO", "APARTADO", "ACEPTADO", "APARTADO", "APARTADO"]
    );
    let text = place.read("r.ndjson");
    for said in [
        "BAJA DE OFICIO y HABIDO",
        "ACTIVO y NO HABIDO",
        "cliente_no_apto",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
    assert_eq!(issued(&place), 2);
}

/// Left to a server, which is killed in the middle of it.
#[test]
fn a_workbook_left_to_a_server() {
    let place = Place::new();
    place.write("ventas.xlsx", ventas());
    let ran = place
        .run("factura emitir ventas.xlsx --solo-buenos --en-segundo-plano")
        .expect(0);
    assert!(ran.err.contains("Queda en segundo plano"), "{}", ran.err);
    assert_eq!(issued(&place), 0);
    let state = || {
        let listed = place.run("lotes --format ndjson").expect(0).out;
        let batch: Value = serde_json::from_str(listed.lines().next().unwrap()).unwrap();
        batch["estado"].as_str().unwrap().to_owned()
    };
    for round in 0..40 {
        let mut server = place.start("serve --listen 127.0.0.1:0");
        // Two that are killed early, and then one that is let be for as long as it takes.
        let millis = [900, 1_400].get(round).copied().unwrap_or(3_000);
        thread::sleep(Duration::from_millis(millis));
        server.kill().unwrap();
        server.wait().unwrap();
        if state() == "PARTIAL" {
            break;
        }
    }
    assert_eq!((state().as_str(), issued(&place)), ("PARTIAL", 48));
}
