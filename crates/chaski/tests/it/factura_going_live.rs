//! Taking over what was issued before, and the set that the vendor asks for before production.

use std::fs;

use serde_json::Value;

use crate::cli_kit::{Place, Ran};

fn rows(ran: &Ran) -> Vec<Value> {
    let lines = ran.out.lines();
    lines.map(|it| serde_json::from_str(it).unwrap()).collect()
}

#[test]
fn the_vendors_set_is_issued_once_and_listed() {
    let place = Place::new();
    let ran = place.run("empresas ensayo --format ndjson");
    let first = rows(&ran);
    assert_eq!(first.len(), 19, "{}", ran.shown());
    for row in &first[..14] {
        let state = row["estado"].as_str().unwrap();
        assert!(
            ["ACEPTADO", "PENDIENTE_SUNAT"].contains(&state),
            "{row}: {}",
            ran.err
        );
        assert!(
            row["comprobante"].is_string() && row["enlace_pdf"].is_string(),
            "{row}"
        );
    }
    let names: Vec<&str> = first
        .iter()
        .map(|it| it["prueba"].as_str().unwrap())
        .collect();
    assert_eq!(names[0], "factura en soles");
    assert_eq!(names[18], "consulta de una baja");
    // Again: the same documents, and no more of them.
    let again = rows(&place.run("empresas ensayo --format ndjson"));
    let numbers = |rows: &[Value]| -> Vec<Value> {
        rows.iter().map(|it| it["comprobante"].clone()).collect()
    };
    assert_eq!(numbers(&again), numbers(&first));
    let listed = place
        .run("factura listar --limite 100 --format ndjson")
        .expect(0);
    assert_eq!(listed.out.lines().count(), 14);
    // In English.
    let ran = place.run("empresas ensayo --lang en --format csv");
    assert!(
        ran.out.contains("boleta exonerada and inafecta"),
        "{}",
        ran.out
    );
}

/// Documents that another system issued: Nubefact has them, and this folder knows nothing of them.
#[test]
fn what_was_issued_before_is_put_on_record() {
    let place = Place::new();
    let example = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../ejemplos/facturas/factura-dolares.json"
    );
    place.write("f.json", fs::read(example).unwrap());
    for _ in 0..3 {
        place.run("factura emitir f.json --otra").expect(0);
    }
    // A folder that knows nothing of them, before the same Nubefact.
    let (before, place) = (place, Place::new());
    let (old, new) = (before.data().join("sandbox"), place.data().join("sandbox"));
    fs::create_dir_all(new.join("nubefact")).unwrap();
    for name in ["llave", "nubefact/nubefact.ndjson"] {
        fs::copy(old.join(name), new.join(name)).unwrap();
    }
    place.write("f.json", fs::read(example).unwrap());
    let listed = place.run("factura listar --format ndjson").expect(0);
    assert_eq!(listed.out, "");
    // Walked: all of them are found, once, and none of their numbers is taken.
    let ran = place
        .run("series sincronizar FFF1 --tipo factura --format ndjson")
        .expect(0);
    let found = rows(&ran);
    assert_eq!(
        (&found[0]["ultimo"], &found[0]["numeros"]),
        (&3.into(), &serde_json::json!([1, 2, 3])),
        "{}",
        ran.shown()
    );
    let again = rows(
        &place
            .run("series sincronizar FFF1 --tipo factura --format ndjson")
            .expect(0),
    );
    assert_eq!(
        (&again[0]["ultimo"], &again[0]["encontrados"]),
        (&3.into(), &0.into())
    );
    let listed = place.run("factura listar --format ndjson").expect(0);
    assert_eq!(rows(&listed).len(), 3, "{}", listed.out);
    // All that are open, and one that nobody opened and that has nothing.
    let all = rows(&place.run("series sincronizar --format ndjson").expect(0));
    assert!(all.len() >= 10, "{all:?}");
    let ran = place
        .run("factura emitir f.json --otra --format ndjson")
        .expect(0);
    assert!(ran.out.contains("FFF1-4"), "{}", ran.shown());
}
