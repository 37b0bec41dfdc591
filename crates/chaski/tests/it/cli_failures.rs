//! The upstream ill, the plan spent, the token refused: the exit code says which, and none of it
//! becomes a statement about a taxpayer.

use chaski_sandbox::Operation;

use crate::cli_kit::{Place, Ran, Service, companies};

/// A place that does not insist, so that failing is quick.
fn impatient(service: &Service) -> Place {
    let mut place = Place::asking(service);
    place.set("CHASKI_MIGO_MAX_ATTEMPTS", "1");
    place.set("CHASKI_MIGO_TIMEOUT", "2s");
    place
}

fn fail(service: &Service, fault: &str) {
    service.sandbox.fail(fault.parse().unwrap());
}

/// Only an explicit "no such number" may say so.
#[track_caller]
fn says_nothing_of_the_taxpayer(ran: &Ran) {
    for word in ["no existe", "NO EXISTE", "no_encontrado", "ACTIVO"] {
        assert!(
            !ran.out.contains(word) && !ran.err.contains(word),
            "{}",
            ran.shown()
        );
    }
}

#[track_caller]
fn check(fault: &str, code: i32, expected: &str) {
    let service = Service::new();
    fail(&service, fault);
    let place = impatient(&service);
    for line in [
        "ruc 20100070970 --format json",
        "ruc facturacion 20100070970 --format json",
    ] {
        let ran = place.run(line).expect(code);
        says_nothing_of_the_taxpayer(&ran);
        let rows: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
        assert_eq!(
            (&rows[0]["code"], &rows[0]["success"]),
            (&expected.into(), &false.into())
        );
        assert!(ran.err.starts_with("20100070970: "), "{}", ran.err);
    }
    place.write("lista.csv", "RUC\n20100070970\n20131312955\n");
    let ran = place.run("ruc lote lista.csv -o r.csv").expect(code);
    says_nothing_of_the_taxpayer(&ran);
    assert_eq!(
        place.read("r.csv").matches("SIN RESPUESTA").count(),
        2,
        "{fault}"
    );
}

#[test]
fn down() {
    check("503", 5, "proveedor_no_disponible");
    check("502:html", 5, "proveedor_no_disponible");
    check("cerrar", 5, "conexion_interrumpida");
    check("anidado", 5, "respuesta_ilegible");
    check("html", 5, "respuesta_ilegible");
    check("truncado", 5, "respuesta_ilegible");
    check("enorme", 5, "respuesta_demasiado_grande");
}

#[test]
fn refused() {
    check("401", 7, "proveedor_no_autorizado");
    check("403", 7, "proveedor_no_autorizado");
    check("404", 7, "proveedor_ruta_incorrecta");
    check("redireccion", 7, "proveedor_redirige");
    check("429", 6, "limite_de_velocidad");
}

#[test]
fn nobody_listens() {
    let mut place = Place::new();
    place.set("CHASKI_MIGO_TOKEN", "prueba");
    place.set("CHASKI_MIGO_BASE_URL", "http://127.0.0.1:1/api");
    place.set("CHASKI_MIGO_MAX_ATTEMPTS", "1");
    insta::assert_snapshot!(place.run("ruc 20100070970").expect(5).shown());
    place.run("doctor").expect(5);
    place.run("cuenta").expect(5);
    place.run("tipo-cambio").expect(5);
}

#[test]
fn an_old_answer_is_marked() {
    let service = Service::new();
    let mut place = impatient(&service);
    place.set("CHASKI_CACHE_RUC_TTL", "1ms");
    place.run("ruc 20100070970 -q").expect(0);
    fail(&service, "503");
    let ran = place.run("ruc 20100070970 -q").expect(0);
    let row = &ran.objects()[0];
    assert_eq!(
        (&row["stale"], &row["cache_hit"]),
        (&true.into(), &true.into())
    );
    assert_eq!(row["fuente"], "APIMIGO (guardado, vencido)");
    // Past the time that a stale answer may serve, the failure is told instead.
    place.set("CHASKI_CACHE_STALE_TTL", "0ms");
    place.run("ruc 20100070970 -q").expect(5);
}

#[test]
fn the_plan_is_spent() {
    let service = Service::with(|config| config.quota = Some(1));
    let place = impatient(&service);
    place.run("ruc 20100070970 -q").expect(0);
    place.run("ruc 20131312955 -q").expect(6);
    // By our own count: nothing is sent any more.
    let service = Service::new();
    let mut place = impatient(&service);
    place.set("CHASKI_MIGO_QUOTA", "1");
    place.run("ruc 20100070970 -q").expect(0);
    let ran = place.run("ruc 20131312955").expect(6);
    assert!(ran.err.contains("su propio límite"), "{}", ran.err);
    assert!(!ran.err.contains("su plan"), "{}", ran.err);
    assert_eq!(service.sandbox.count(Operation::Ruc), 1);
}

#[test]
fn a_refused_token() {
    let service = Service::with(|config| config.rejected_tokens = vec!["vencido".to_owned()]);
    let mut place = impatient(&service);
    place.set("CHASKI_MIGO_TOKEN", "vencido");
    for line in ["ruc 20100070970", "cuenta", "doctor"] {
        let ran = place.run(line).expect(7);
        let said = format!("{}{}", ran.out, ran.err);
        assert!(said.contains("chaski config set migo.token"), "{said}");
        assert!(!said.contains("vencido"), "{said}");
    }
}

#[test]
fn a_list_with_some_answers() {
    let service = Service::new();
    let mut place = impatient(&service);
    place.set("CHASKI_MIGO_QUOTA", "1");
    place.write(
        "lista.csv",
        format!("RUC\n{}\n", companies(3, 150).join("\n")),
    );
    let ran = place.run("ruc lote lista.csv -o r.csv").expect(6);
    let answered = service.asked_since(0).len();
    let missing = 150 - answered;
    let told = format!("{missing} RUC quedaron sin respuesta");
    assert!(answered > 0 && ran.err.contains(&told), "{}", ran.err);
    assert!(
        ran.err
            .contains("de su propio límite del mes (migo.quota): 1 de 1"),
        "{}",
        ran.err
    );
    assert_eq!(
        place.read("r.csv").matches("SIN RESPUESTA").count(),
        missing
    );
    // Going on asks for the rest and for nothing else.
    let before = service.sandbox.last_sequence();
    place.set("CHASKI_MIGO_QUOTA", "0");
    place
        .run("ruc lote lista.csv -o r.csv --reanudar")
        .expect(0);
    assert_eq!(service.asked_since(before).len(), missing);
    assert!(!place.read("r.csv").contains("SIN RESPUESTA"));
    // And several numbers of which one fails.
    place.run("ruc 20100070970 2010007097 -q").expect(8);
}
