//! Canaries: a token and a DNI go through every command, and no byte of the data folder, of the
//! logs or of the messages holds them.

use crate::cli_kit::{Place, Ran, Service, files_of};

const TOKEN: &str = "canario-0a1b2c3d4e5f60718293a4b5c6d7e8f9";
const DNI: &str = "87654321";
const RUC: &str = "10876543210";

fn holds(bytes: &[u8], canary: &str) -> bool {
    bytes
        .windows(canary.len())
        .any(|window| window == canary.as_bytes())
}

#[track_caller]
fn clean_folder(place: &Place, after: &str) {
    for (path, bytes) in files_of(&place.data()) {
        for canary in [TOKEN, DNI, RUC] {
            assert!(
                !holds(&bytes, canary),
                "{after}: {} holds {canary}",
                path.display()
            );
        }
    }
}

#[track_caller]
fn clean_streams(ran: &Ran, line: &str) {
    for stream in [&ran.out, &ran.err] {
        for canary in [TOKEN, DNI] {
            assert!(!stream.contains(canary), "{line}: {canary} in\n{stream}");
        }
    }
}

fn place(service: &Service) -> Place {
    let mut place = Place::asking(service);
    place.set("CHASKI_MIGO_TOKEN", TOKEN);
    place.set("CHASKI_MIGO_MAX_ATTEMPTS", "1");
    place.set("CHASKI_AUDIT_STORE_BODIES", "true");
    place.write(
        "lista.csv",
        format!("NOMBRE,RUC\nUno,{DNI}\nDos,{RUC}\nTres,20100070970\n"),
    );
    place
}

const LINES: [&str; 18] = [
    "ruc 87654321 -vv",
    "ruc validar 87654321 -vv",
    "ruc facturacion 8765432-1 -vv",
    "dni 87654321 -vv",
    "dni 87654321 --format table",
    "87654321",
    "ruc lote lista.csv -o r.csv -vv",
    "llamadas -vv",
    "llamadas --numero 87654321 -vv",
    "ruc invalidos -vv",
    "ruc invalidos borrar 87654321",
    "config show --origin -vv",
    "doctor -vv",
    "dni 87654321 --motivo alta -vv",
    "backup copia.zip -vv",
    "datos-personales borrar --dni 87654321 -vv",
    "datos-personales borrar --dni 87654321 --yes -vv",
    "cuenta -vv",
];

#[test]
fn nothing_of_a_person_or_a_secret_comes_back() {
    let service = Service::new();
    let place = place(&service);
    for line in LINES {
        let ran = place.run(line);
        clean_streams(&ran, line);
        clean_folder(&place, line);
    }
    // The RUC that the person typed comes back to them, and to nobody else.
    let ran = place.run(&format!("ruc {RUC} -q -vv")).expect(0);
    assert!(ran.out.contains(RUC));
    assert!(
        !ran.err.contains(RUC) && !ran.err.contains(TOKEN),
        "{}",
        ran.err
    );
    clean_folder(&place, "ruc");
    // It was all asked for in truth.
    assert!(service.asked_since(0).iter().any(|number| number == DNI));
}

#[test]
fn nor_when_everything_fails() {
    for fault in [
        "401",
        "404",
        "429",
        "503",
        "cerrar",
        "json-malo",
        "html",
        "redireccion",
        "success-false",
    ] {
        let service = Service::new();
        service.sandbox.fail(fault.parse().unwrap());
        let place = place(&service);
        for line in LINES {
            clean_streams(&place.run(line), &format!("{fault}: {line}"));
        }
        clean_folder(&place, fault);
    }
}

/// The DNI is in the answer only when it is asked for.
#[test]
fn unless_the_person_asks_for_it() {
    let mut place = Place::new();
    assert!(
        place
            .run("dni 87654321 --mostrar -q")
            .expect(0)
            .out
            .contains(DNI)
    );
    place.set("CHASKI_AUDIT_MASK_DNI", "false");
    assert!(place.run("dni 87654321 -q").expect(0).out.contains(DNI));
    clean_folder(&place, "--mostrar");
}

/// The customers of documents that the embedded Nubefact took: no log, no message, no byte that rests, its own
/// state included, holds their numbers and names.
#[test]
fn nor_of_the_customers_of_documents() {
    const NAME: &str = "CANARIO QUISPE PRUEBA";
    let mut place = Place::new();
    place.set("CHASKI_LOG_FORMAT", "json");
    place.write(
        "boleta.json",
        serde_json::json!({
            "tipo": "boleta",
            "cliente": {"tipo": "1", "numero": DNI, "nombre": NAME},
            "precios_con_igv": true,
            "items": [{"descripcion": "POLO", "cantidad": 2, "precio": "59.00"}],
        })
        .to_string(),
    );
    let wrong = serde_json::json!({
        "tipo": "factura",
        "cliente": {"tipo": "1", "numero": DNI, "nombre": NAME},
        "precios_con_igv": true,
        "items": [{"descripcion": "POLO", "cantidad": -2, "precio": "59.00"}],
    });
    place.write("mal.json", wrong.to_string());
    let lines = [
        "factura validar boleta.json -vv",
        "factura validar mal.json -vv",
        "factura emitir mal.json -vv",
        "factura emitir boleta.json -vv",
        "factura emitir boleta.json -vv",
        "factura emitir boleta.json --otra -vv",
        "factura consultar BBB1-1 -vv",
        "factura corregir BBB1-1 --motivo 07 --linea 1=1 -vv",
        "factura duplicar BBB1-1 -vv",
        "factura anular BBB1-1 --motivo prueba -vv",
        "factura descargar BBB1-1 -d fuera -vv",
        "factura listar -vv",
        "series listar -vv",
        "llamadas -vv",
        "doctor -vv",
    ];
    for line in lines {
        let ran = place.run(line);
        for canary in [DNI, NAME] {
            assert!(!ran.err.contains(canary), "{line}: {}", ran.err);
            assert!(!ran.out.contains(canary), "{line}: {}", ran.out);
        }
        clean_folder(&place, line);
        for (path, bytes) in files_of(&place.data()) {
            let shown = path.display();
            assert!(!holds(&bytes, NAME), "{line}: {shown} holds {NAME}");
        }
    }
    // Three sales and a note of them were issued in truth, and the file that was wanted does name them.
    let listed = place.run("factura listar").expect(0).objects();
    assert!(listed.len() >= 4, "{listed:?}");
    let kept = files_of(&place.data());
    for part in ["chaski.db", "nubefact"] {
        let is_there = |path: &std::path::Path| path.to_string_lossy().contains(part);
        assert!(kept.iter().any(|(path, _)| is_there(path)), "{part}");
    }
    let sent = place
        .run("factura emitir boleta.json --otra --dry-run")
        .expect(0);
    assert!(sent.out.contains(NAME), "{}", sent.shown());
}
