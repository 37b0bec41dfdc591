//! Keys of the gateway, changed on the command line.

use serde_json::{Value, json};

use crate::cli_kit::Place;

/// The only key of a place, as it is listed.
fn listed(place: &Place) -> Value {
    let keys = place
        .run("llaves listar --format ndjson")
        .expect(0)
        .objects();
    let [key] = &keys[..] else {
        panic!("{} keys", keys.len());
    };
    key.clone()
}

#[test]
fn what_is_given_changes_and_the_rest_stays() {
    let place = Place::new();
    let made = place
        .run("llaves crear ventas --prueba --permisos consultas,dni --por-minuto 60 --por-dia 500 --vence 90d --series F001 -q")
        .expect(0);
    let whole = made.out.trim().to_owned();
    let (start, before) = (whole[..21].to_owned(), listed(&place));
    assert!(before["vence_en"].is_string());
    let check = |flags: &str, named: &str, changes: Value| {
        let was = listed(&place);
        let ran = place
            .run(&format!("llaves editar {named} {flags} --format ndjson"))
            .expect(0);
        assert!(ran.err.contains("Cambiada"), "{}", ran.shown());
        let mut expected = was.as_object().unwrap().clone();
        for (name, value) in changes.as_object().unwrap() {
            expected.insert(name.clone(), value.clone());
        }
        assert_eq!(listed(&place), Value::Object(expected.clone()), "{flags}");
        assert_eq!(ran.objects(), [Value::Object(expected)], "{flags}");
    };
    check("--por-dia 2000", &start, json!({"por_dia": 2000}));
    check(
        "--por-minuto 0 --nombre caja",
        &whole,
        json!({"por_minuto": 0, "nombre": "caja"}),
    );
    // Series are kept with the scopes, and stay.
    check(
        "--permisos lotes,consultas",
        &start,
        json!({"permisos": "consultas lotes serie:F001"}),
    );
    check("--vence nunca", &start, json!({"vence_en": null}));
    assert_eq!(listed(&place)["id"], before["id"]);
    place
        .run(&format!("llaves editar {start} --vence 12h -q"))
        .expect(0);
    assert!(listed(&place)["vence_en"].is_string());
    let english = place
        .run(&format!("llaves editar {start} --por-dia 1 --lang en"))
        .expect(0);
    assert!(english.err.contains("Changed"), "{}", english.shown());
    for text in [&english.out, &english.err] {
        assert!(!text.contains(&whole), "the secret is shown once");
    }
}

#[test]
fn nothing_changes_by_mistake() {
    let place = Place::new();
    let made = place.run("llaves crear ventas --prueba -q").expect(0).out;
    let (start, before) = (made[..21].to_owned(), listed(&place));
    let check = |line: &str, code: i32, said: &str| {
        let ran = place.run(&format!("llaves editar {line}")).expect(code);
        assert!(ran.err.contains(said), "{line}: {}", ran.shown());
        assert_eq!(listed(&place), before, "{line}");
    };
    check(&start, 2, "Indique qué cambia");
    check(&format!("{start} --vence mañana"), 2, "--vence");
    check(&format!("{start} --permisos consulta"), 2, "consultas?");
    check(&format!("{start} --por-dia -1"), 2, "--por-dia");
    check(&format!("{start} --por-minuto muchas"), 2, "--por-minuto");
    check("ventas --por-dia 5", 2, "comienzo de la llave");
    check(
        "chk_test_000000000000 --por-dia 5",
        3,
        "No hay una llave vigente",
    );
    check(
        &format!("{start} --nombre {}", "n".repeat(101)),
        2,
        "nombre",
    );
    place.run(&format!("llaves revocar {start}")).expect(0);
    place
        .run(&format!("llaves editar {start} --por-dia 5"))
        .expect(3);
}
