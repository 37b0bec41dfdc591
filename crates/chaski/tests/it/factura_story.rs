//! Invoices without configuration, in the sandbox: the lines that the README prints, one process each.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::cli_kit::{Place, Ran, wait_until};
use crate::cli_serve::Server;

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ejemplos/facturas")
}

/// A place with the examples in it.
pub(crate) fn with_examples() -> Place {
    let place = Place::new();
    for entry in std::fs::read_dir(examples()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.extension().is_some_and(|it| it == "json") {
            place.write(name, std::fs::read(&path).unwrap());
        }
    }
    place
}

/// What a run says of documents: name, kind, state, total.
pub(crate) fn told(ran: &Ran) -> Vec<String> {
    let text = |row: &Value, name: &str| row[name].as_str().unwrap_or("-").to_owned();
    let row = |row: Value| {
        ["comprobante", "tipo", "estado", "total"]
            .map(|name| text(&row, name))
            .join(" ")
    };
    ran.objects().into_iter().map(row).collect()
}

#[track_caller]
fn check(place: &Place, line: &str, code: i32, expected: &[&str]) -> Ran {
    let ran = place.run(line).expect(code);
    assert_eq!(told(&ran), expected, "{line}");
    ran
}

#[test]
fn the_lines_of_the_readme() {
    let place = with_examples();
    check(
        &place,
        "factura emitir factura.json",
        0,
        &["FFF1-1 factura ACEPTADO 318.50"],
    );
    check(
        &place,
        "factura consultar FFF1-1",
        0,
        &["FFF1-1 factura ACEPTADO 318.50"],
    );
    place
        .run("factura descargar FFF1-1 --pdf --xml --cdr -d .")
        .expect(0);
    let begins = |name: &str, magic: &[u8]| {
        let bytes = std::fs::read(place.path(name)).unwrap();
        assert!(bytes.starts_with(magic), "{name}");
    };
    begins("20603274742-01-FFF1-1.pdf", b"%PDF");
    begins("20603274742-01-FFF1-1.xml", b"<?xml");
    begins("R-20603274742-01-FFF1-1.xml", b"<?xml");
    check(
        &place,
        "factura corregir FFF1-1 --motivo 07 --linea 1=2",
        0,
        &["nc:FFF1-1 nc ACEPTADO 50.00"],
    );
    check(
        &place,
        "factura emitir factura-credito.json",
        0,
        &["FFF1-2 factura ACEPTADO 1180.00"],
    );
    let void = ["factura", "anular", "FFF1-2", "--motivo", "pedido repetido"];
    let void = place.ran(place.command(&void).output().unwrap()).expect(0);
    assert_eq!(told(&void), ["FFF1-2 factura ANULACION_PENDIENTE -"]);
    let wrong = place.run("factura validar mal.json").expect(3);
    assert!(wrong.objects().len() >= 3, "{}", wrong.shown());
    // The same wishes again issue nothing.
    let again = check(
        &place,
        "factura emitir factura.json",
        0,
        &["FFF1-1 factura ACEPTADO 318.50"],
    );
    assert!(
        again.err.contains("Ya estaba emitido: es FFF1-1"),
        "{}",
        again.err
    );
    let again = place
        .run("factura corregir FFF1-1 --motivo 07 --linea 1=2")
        .expect(0);
    assert!(again.err.contains("es nc:FFF1-1"), "{}", again.err);
    check(
        &place,
        "factura emitir factura.json --otra",
        0,
        &["FFF1-3 factura ACEPTADO 318.50"],
    );
    check(
        &place,
        "factura duplicar FFF1-1",
        0,
        &["FFF1-4 factura ACEPTADO 318.50"],
    );
    // Names: the sale where there is one, the note by its kind.
    check(
        &place,
        "factura consultar nc:FFF1-1",
        0,
        &["nc:FFF1-1 nc ACEPTADO 50.00"],
    );
    check(
        &place,
        "factura listar --serie FFF1 --tipo factura",
        0,
        &[
            "FFF1-4 factura ACEPTADO 318.50",
            "FFF1-3 factura ACEPTADO 318.50",
            "FFF1-2 factura ANULACION_PENDIENTE 1180.00",
            "FFF1-1 factura ACEPTADO 318.50",
        ],
    );
}

#[test]
fn every_example_is_right_on_any_day() {
    let place = with_examples();
    place.run("factura emitir factura.json").expect(0);
    place.run("factura emitir factura-anticipo.json").expect(0);
    for entry in std::fs::read_dir(examples()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.extension().is_none_or(|it| it != "json") || name == "mal.json" {
            continue;
        }
        place.run(&format!("factura validar {name}")).expect(0);
        let issued = place.run(&format!("factura emitir {name}")).expect(0);
        assert_eq!(issued.objects().len(), 1, "{name}");
    }
}

#[test]
fn a_name_of_several_notes_is_not_guessed() {
    let place = with_examples();
    place.run("factura emitir factura.json").expect(0);
    place.run("factura emitir boleta.json").expect(0);
    // Notes on the boleta's series only: BBB1-1 is the boleta, BBB1-2 nothing but notes.
    for (name, tipo, codigo) in [
        ("nc.json", 3, "tipo_de_nota_de_credito"),
        ("nd.json", 4, "tipo_de_nota_de_debito"),
    ] {
        let note = format!(
            r#"{{"operacion":"generar_comprobante","tipo_de_comprobante":{tipo},"serie":"BBB1","numero":2,
            "sunat_transaction":1,"cliente_tipo_de_documento":"1","cliente_numero_de_documento":"00000001",
            "cliente_denominacion":"CLIENTE DE PRUEBA","moneda":1,"porcentaje_de_igv":18.00,
            "total_gravada":10.00,"total_igv":1.80,"total":11.80,"documento_que_se_modifica_tipo":2,
            "documento_que_se_modifica_serie":"BBB1","documento_que_se_modifica_numero":1,"{codigo}":1,
            "items":[{{"unidad_de_medida":"NIU","descripcion":"AJUSTE","cantidad":1,"valor_unitario":10,
            "precio_unitario":11.8,"subtotal":10.00,"tipo_de_igv":1,"igv":1.80,"total":11.80,
            "anticipo_regularizacion":false}}]}}"#
        );
        place.write(name, note);
        place.run(&format!("factura emitir {name}")).expect(0);
    }
    let ran = place.run("factura consultar BBB1-2").expect(2);
    assert!(ran.err.contains("nc:BBB1-2, nd:BBB1-2"), "{}", ran.err);
    check(
        &place,
        "factura consultar BBB1-1",
        0,
        &["BBB1-1 boleta PENDIENTE_SUNAT 53.90"],
    );
}

#[test]
fn a_copy_carries_what_was_issued_and_numbers_are_walked_on() {
    let place = with_examples();
    place.run("factura emitir factura.json").expect(0);
    place.run("backup copia.zip --con-llave").expect(0);
    // Issued after the copy was taken: the copy does not know it, Nubefact does.
    place.run("factura emitir factura-credito.json").expect(0);
    place.run("restaurar copia.zip --reemplazar").expect(0);
    let told_again = place.run("factura emitir factura.json").expect(0);
    assert!(
        told_again.err.contains("Ya estaba emitido"),
        "{}",
        told_again.err
    );
    check(
        &place,
        "factura emitir factura.json --otra",
        0,
        &["FFF1-3 factura ACEPTADO 318.50"],
    );
    let doctor = place.run("doctor").expect(0);
    for said in [
        "El diario de emisión está entero",
        "Ningún comprobante está en duda",
        "Nadie emite ahora",
    ] {
        assert!(doctor.out.contains(said), "{}", doctor.shown());
    }
    // A folder taken over takes its documents along, and what the walk found.
    place.run("migrate --from chaski_data --dir otra").expect(0);
    check(
        &place,
        "factura listar --dir otra --serie FFF1",
        0,
        &[
            "FFF1-2 factura ACEPTADO 1180.00",
            "FFF1-3 factura ACEPTADO 318.50",
            "FFF1-1 factura ACEPTADO 318.50",
        ],
    );
}

/// The names of what is kept under the hash of its content.
fn kept_files(place: &Place) -> Vec<String> {
    let shelf = place.data().join("sandbox/comprobantes");
    let mut names = Vec::new();
    for within in fs::read_dir(shelf).into_iter().flatten().flatten() {
        for file in fs::read_dir(within.path()).unwrap().flatten() {
            names.push(file.file_name().into_string().unwrap());
        }
    }
    names.sort();
    names
}

#[test]
fn files_of_documents_go_into_a_copy_and_come_back() {
    let place = with_examples();
    place.run("factura emitir factura.json").expect(0);
    // A server fetches them.
    let server = Server::start(&place);
    wait_until("the files", || kept_files(&place).len() == 3);
    assert_eq!(server.terminate(), Some(0));
    let kept = kept_files(&place);
    let shelf = place.data().join("sandbox/comprobantes");
    for name in &kept {
        let bytes = fs::read(shelf.join(&name[..2]).join(name)).unwrap();
        let hash = blake3::hash(&bytes).to_hex();
        assert_ne!(hash.as_str(), name, "it is sealed");
    }
    place.run("backup copia.zip --con-llave").expect(0);
    place.run("restaurar copia.zip --reemplazar").expect(0);
    assert_eq!(kept_files(&place), kept, "as they were");
    // A folder of its own takes them along.
    place.run("migrate --from chaski_data --dir otra").expect(0);
    let there = place.path("otra/sandbox/comprobantes");
    assert_eq!(fs::read_dir(there).unwrap().count(), kept.len());
}

#[test]
fn files_that_are_kept_are_not_asked_for_again() {
    let place = with_examples();
    place.run("factura emitir factura.json").expect(0);
    place.run("factura descargar FFF1-1 -d .").expect(0);
    assert_eq!(kept_files(&place).len(), 3);
    // Nubefact forgets all about it.
    fs::remove_dir_all(place.data().join("sandbox/nubefact")).unwrap();
    place.run("factura consultar FFF1-2").expect(3);
    place.run("factura descargar FFF1-1 -d otra").expect(0);
    for name in [
        "20603274742-01-FFF1-1.pdf",
        "20603274742-01-FFF1-1.xml",
        "R-20603274742-01-FFF1-1.xml",
    ] {
        let (first, again) = (place.path(name), place.path("otra").join(name));
        assert_eq!(fs::read(first).unwrap(), fs::read(again).unwrap(), "{name}");
    }
}

#[test]
fn a_person_is_told_of_documents_and_they_stay() {
    let place = with_examples();
    place.run("factura emitir boleta.json").expect(0);
    let dni = "00000001";
    let exported = place
        .run_with_input("datos-personales exportar --dni -", dni.as_bytes())
        .expect(0);
    let exported: serde_json::Value = serde_json::from_str(&exported.out).unwrap();
    let document = &exported["comprobantes"][0];
    assert_eq!(document["comprobante"], "boleta:BBB1-1", "{exported}");
    assert_eq!(document["estado"], "PENDIENTE_SUNAT");
    assert!(document["fecha"].is_string());
    let erased = place
        .run_with_input("datos-personales borrar --dni - --yes", dni.as_bytes())
        .expect(0);
    let said = "Se conservan los comprobantes emitidos a esta persona: 1;";
    assert!(erased.err.contains(said), "{}", erased.err);
    let english = place
        .run_with_input(
            "datos-personales borrar --dni - --yes --lang en",
            dni.as_bytes(),
        )
        .expect(0);
    let said = "Documents issued to this person are kept: 1;";
    assert!(english.err.contains(said), "{}", english.err);
    let still = place.run("factura consultar BBB1-1").expect(0);
    assert!(told(&still)[0].starts_with("BBB1-1 boleta PENDIENTE_SUNAT"));
}
