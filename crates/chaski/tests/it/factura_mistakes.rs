//! What is typed or written wrong: nothing is sent, no number spent, and one message with what to do.

use crate::cli_kit::{Place, Service};
use crate::factura_story::with_examples;

#[track_caller]
fn check(place: &Place, line: &str, code: i32, words: &[&str]) {
    let ran = place.run(line).expect(code);
    let all = format!("{}{}", ran.out, ran.err);
    for word in words {
        assert!(all.contains(word), "{line}: lacks {word}\n{}", ran.shown());
    }
    assert!(!all.contains("panicked"), "{line}");
}

fn sale(change: impl FnOnce(&mut serde_json::Value)) -> String {
    let mut sale = serde_json::json!({
        "tipo": "factura",
        "cliente": {"tipo": "6", "numero": "20100070970", "nombre": "EMPRESA", "direccion": "LIMA"},
        "precios_con_igv": true,
        "items": [{"descripcion": "CAJA", "cantidad": 1, "precio": "118.00"}],
    });
    change(&mut sale);
    sale.to_string()
}

#[test]
fn documents() {
    let place = with_examples();
    let cases: [(&str, String, &[&str]); 12] = [
        ("vacío", String::new(), &["CH-JSON"]),
        ("lista", "[]".into(), &["CH-JSON"]),
        ("hondo", "[".repeat(10_000), &["CH-JSON"]),
        (
            "nan",
            sale(|_| ()).replace("\"118.00\"", "NaN"),
            &["CH-DECIMALES", "items[0].precio"],
        ),
        (
            "exponente",
            sale(|it| it["items"][0]["precio"] = "1e3".into()),
            &["CH-DECIMALES"],
        ),
        (
            "miles",
            sale(|it| it["items"][0]["precio"] = "1,234".into()),
            &["CH-DECIMALES"],
        ),
        (
            "negativo",
            sale(|it| it["items"][0]["cantidad"] = "-1".into()),
            &["CH-NEGATIVO"],
        ),
        (
            "clave",
            sale(|it| it["descuento_globl"] = "1".into()),
            &["CH-CLAVE", "descuento_global"],
        ),
        (
            "mañana",
            sale(|it| it["fecha"] = "2999-01-01".into()),
            &["CH-FECHA-FUTURA"],
        ),
        (
            "no existe",
            sale(|it| it["fecha"] = "2027-02-29".into()),
            &["CH-"],
        ),
        (
            "serie",
            sale(|it| it["serie"] = "F009".into()),
            &["CH-SERIE", "FFF1"],
        ),
        (
            "otra empresa",
            sale(|it| it["emisor"] = "20100070970".into()),
            &["empresa"],
        ),
    ];
    for (name, text, words) in cases {
        place.write("caso.json", text);
        let ran = place.run("factura emitir caso.json");
        assert!(matches!(ran.code, 2 | 3), "{name}: {}", ran.shown());
        let all = format!("{}{}", ran.out, ran.err);
        for word in words {
            assert!(all.contains(word), "{name}: lacks {word}\n{}", ran.shown());
        }
    }
    let large = "x".repeat(9 * 1024 * 1024);
    place.write("caso.json", large);
    check(&place, "factura validar caso.json", 3, &["CH-JSON"]);
    // Not a number was spent.
    let series = place.run("series listar").expect(0).objects();
    assert!(series.iter().all(|it| it["ultimo"] == 0));
}

#[test]
fn customers() {
    let place = with_examples();
    // The register does not know it; another one could not be asked.
    let unknown =
        sale(|it| it["cliente"] = serde_json::json!({"tipo": "6", "numero": "20000633527"}));
    place.write("caso.json", unknown);
    check(&place, "factura emitir caso.json", 3, &["1083"]);
    let seven = sale(|it| {
        it["tipo"] = "boleta".into();
        it["cliente"] = serde_json::json!({"tipo": "1", "numero": "0000001", "nombre": "X"});
    });
    place.write("caso.json", seven);
    check(&place, "factura validar caso.json", 0, &["4207"]);
    // Of a person who is in no register nobody says that they do not exist, nor that asking failed.
    let nobody = sale(|it| {
        it["tipo"] = "boleta".into();
        it["cliente"] = serde_json::json!({"tipo": "1", "numero": "00000000"});
    });
    place.write("caso.json", nobody);
    let words = ["CH-CONSULTA", "no tiene el nombre"];
    check(&place, "factura validar caso.json", 3, &words);
}

/// A look-up that failed is not "does not exist", and is told once.
#[test]
fn customers_while_nobody_answers() {
    let service = Service::new();
    service.sandbox.fail("503@ruc".parse().unwrap());
    let mut place = Place::asking(&service);
    place.set("CHASKI_MIGO_MAX_ATTEMPTS", "1");
    let asked = |it: &mut serde_json::Value| {
        it["serie"] = "F001".into();
        it["cliente"] = serde_json::json!({"tipo": "6", "numero": "20604915351"});
    };
    place.write("caso.json", sale(asked));
    let ran = place.run("factura validar caso.json").expect(3);
    let found = ran.objects();
    assert_eq!(found.len(), 1, "{}", ran.shown());
    assert_eq!(found[0]["codigo"], "CH-CONSULTA");
    assert!(!ran.out.contains("1083"), "{}", ran.shown());
}

#[test]
fn a_series_that_can_never_be_of_the_kind_is_told_once() {
    let place = with_examples();
    place.write("caso.json", sale(|it| it["serie"] = "BBB1".into()));
    let ran = place.run("factura validar caso.json").expect(3);
    let found = ran.objects();
    assert_eq!(found.len(), 1, "{}", ran.shown());
    assert_eq!(found[0]["codigo"], "CH-SERIE-TIPO");
    assert_eq!(found[0]["esperado"], "FFF1");
}

#[test]
fn texts_travel_unharmed() {
    let place = with_examples();
    let text = "=1+1 <b>&\"' \u{1F600} ñ";
    place.write(
        "caso.json",
        sale(|it| it["items"][0]["descripcion"] = text.into()),
    );
    let dry = place.run("factura emitir caso.json --dry-run").expect(0);
    assert_eq!(dry.objects()[0]["items"][0]["descripcion"], text);
    place.run("factura emitir caso.json").expect(0);
    place.write(
        "caso.json",
        sale(|it| it["items"][0]["descripcion"] = "a\u{0}b".into()),
    );
    check(&place, "factura validar caso.json", 3, &["CH-TEXTO"]);
    place.write(
        "caso.json",
        sale(|it| it["items"][0]["descripcion"] = "x".repeat(251).into()),
    );
    check(&place, "factura validar caso.json", 3, &["CH-LARGO"]);
}

#[test]
fn words() {
    let place = with_examples();
    place.run("factura emitir factura.json").expect(0);
    for (line, code, words) in [
        ("factura consultar FFF1", 2, ["serie y número"].as_slice()),
        ("factura consultar zz:FFF1-1", 2, &["nc:FFF1-1"]),
        ("factura consultar FFF1-77", 3, &["factura:FFF1-77"]),
        ("factura anular FFF1-77 --motivo x", 3, &["No existe"]),
        (
            "factura corregir FFF1-1 --motivo 99 --todo",
            3,
            &["catálogo 09"],
        ),
        ("factura corregir FFF1-1 --motivo 07", 2, &["--linea"]),
        (
            "factura corregir FFF1-1 --motivo 07 --linea 9=1",
            3,
            &["No hay línea 9"],
        ),
        (
            "factura corregir FFF1-1 --motivo 07 --linea 0=1",
            2,
            &["desde 1"],
        ),
        (
            "factura corregir FFF1-1 --motivo 07 --linea 1=99",
            3,
            &["quedan 12"],
        ),
        (
            "factura corregir FFF1-9 --motivo 01",
            3,
            &["no se emitió desde aquí"],
        ),
        ("factura duplicar FFF1-9", 3, &["no se emitió desde aquí"]),
        (
            "factura emitir factura.json --empresa 20100070970",
            3,
            &["emiten: 20603274742"],
        ),
        ("factura emitir nada.json", 1, &["nada.json"]),
        (
            "factura validar ventas.xlsx",
            2,
            &["No existe el archivo ventas.xlsx"],
        ),
        ("factura listar --tipo zapato", 2, &["--tipo"]),
        (
            "--server http://127.0.0.1:9 factura emitir ventas.xlsx",
            2,
            &["No existe el archivo ventas.xlsx"],
        ),
        (
            "--sandbox empresas agregar 20603274742 --ruta x",
            2,
            &["sandbox"],
        ),
    ] {
        check(&place, line, code, words);
    }
    // The guía is voided elsewhere.
    place.run("factura emitir guia-remitente.json").expect(0);
    check(&place, "factura anular guia:TTT1-1 --motivo x", 3, &["SOL"]);
    let schema = place.run("factura esquema").expect(0);
    assert!(serde_json::from_str::<serde_json::Value>(&schema.out).is_ok());
}

#[test]
fn companies_and_tokens() {
    let place = Place::new();
    place.write("venta.json", sale(|_| ()));
    for (token, ruta, words) in [
        ("", "abc", ["token"].as_slice()),
        // An address with the token in it is told before anybody asks for the token.
        ("", "https://api.nubefact.com/api/v1/abc?token=x", &["ruta"]),
        ("abc\ndef", "abc", &["saltos de línea"]),
        (
            "CANARIO-TOKEN-01",
            "https://api.nubefact.com/api/v1/CANARIO-TOKEN-01",
            &["contiene el token"],
        ),
        (
            "CANARIO-TOKEN-01",
            "http://api.nubefact.com/api/v1/x",
            &["https://"],
        ),
        ("https://api.nubefact.com/api/v1/x", "abc", &["dirección"]),
    ] {
        let line = format!("empresas agregar 20603274742 --ruta {ruta}");
        let ran = place.run_with_input(&line, token.as_bytes());
        assert_ne!(ran.code, 0, "{}", ran.shown());
        for word in words {
            assert!(ran.err.contains(word), "{}", ran.shown());
        }
        assert!(
            !ran.err.contains("CANARIO-TOKEN-01") || ruta.contains("CANARIO"),
            "{}",
            ran.err
        );
    }
    // What was copied with the token is taken off, with a word.
    let line = "empresas agregar 20603274742 --ruta 11111111-2222-3333-4444-555555555555";
    let ran = place
        .run_with_input(line, b"Bearer CANARIO-TOKEN-01")
        .expect(0);
    assert!(ran.err.contains("Se quitó"), "{}", ran.err);
    let line = "empresas agregar 20100070970 --ruta 11111111-2222-3333-4444-666666666666";
    place.run_with_input(line, b"CANARIO-TOKEN-02").expect(0);
    check(
        &place,
        "factura emitir venta.json --yes",
        2,
        &["--empresa", "20603274742, 20100070970"],
    );
    let listed = place.run("empresas listar").expect(0);
    assert!(!listed.out.contains("CANARIO"), "{}", listed.out);
    assert_eq!(listed.objects().len(), 2);
}
