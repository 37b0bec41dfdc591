//! What a person entered is not invented data: it is there when a token comes and when it goes.

use std::fmt::Write as _;

use serde_json::Value;

use crate::cli_kit::{Numbers, Place, Ran, Service, companies};

/// Without a token yet; a call of `with_token` sets one.
fn place(service: &Service) -> Place {
    let mut place = Place::asking(service);
    place.forget("CHASKI_MIGO_TOKEN");
    place
}

fn with_token(place: &mut Place) {
    place.set("CHASKI_MIGO_TOKEN", "prueba");
}

/// So many partners: companies, persons by RUC and by DNI.
fn partners(seed: u64, count: usize) -> (String, Vec<String>) {
    let mut numbers = companies(seed, count);
    let mut more = Numbers(seed);
    numbers.push("10123456781".into());
    for _ in 0..5 {
        numbers.push(format!("0000{:04}", 1 + more.below(9_998)));
    }
    let mut text = "document_type,num_document,name,phone\n".to_owned();
    for (place, number) in numbers.iter().enumerate() {
        let kind = if number.len() == 11 { "ruc" } else { "dni" };
        writeln!(text, "{kind},{number},CLIENTE {place},9{place:08}").unwrap();
    }
    numbers.sort_unstable();
    (text, numbers)
}

#[track_caller]
fn listed(place: &Place, words: &str) -> Vec<Value> {
    let line = format!("partners listar --limite 500 --mostrar --format ndjson {words}");
    place.run(&line).expect(0).objects()
}

fn numbers_of(rows: &[Value]) -> Vec<String> {
    let number = |row: &Value| row["num_document"].as_str().unwrap().to_owned();
    let mut numbers: Vec<String> = rows.iter().map(number).collect();
    numbers.sort_unstable();
    numbers
}

fn brought(ran: &Ran) -> bool {
    ran.err.contains("Se trajo lo que usted ingresó")
}

#[test]
fn a05_partners_entered_before_the_token_are_there_after_it_as_never_asked() {
    for (seed, key) in [(51, None), (52, Some("5c".repeat(32)))] {
        let service = Service::new();
        let mut place = place(&service);
        let (text, numbers) = partners(seed, 40);
        place.write("clientes.csv", text);
        place.run("partners importar clientes.csv").expect(0);
        // The sandbox has said something of them.
        place.run("partners actualizar --todos").expect(0);
        let checked = |rows: &[Value]| {
            let said = rows.iter().filter(|row| row["estado"] != "NO_VERIFICADO");
            said.count()
        };
        assert!(checked(&listed(&place, "")) > 30);
        // The token comes, perhaps with a key from outside.
        with_token(&mut place);
        if let Some(key) = &key {
            place.set("CHASKI_KEY", key);
        }
        let first = place.run("partners listar").expect(0);
        assert!(brought(&first), "{}", first.err);
        let rows = listed(&place, "");
        assert_eq!(numbers_of(&rows), numbers);
        assert_eq!(
            checked(&rows),
            0,
            "what the sandbox said counts as never asked"
        );
        let seen = place.run(&format!("partners ver {} --format ndjson", numbers[1]));
        assert!(seen.expect(0).objects()[0]["phone"].is_string());
        assert!(service.asked_since(0).is_empty(), "nothing is paid for it");
        assert!(!brought(&place.run("partners listar").expect(0)), "once");
        // What is deleted does not come back.
        let gone = &numbers[0];
        place
            .run(&format!("partners borrar {gone} --yes"))
            .expect(0);
        assert_eq!(numbers_of(&listed(&place, "")), numbers[1..]);
        // Asked of the real one, they are checked; and the sandbox has its own word.
        place.run("partners actualizar --todos").expect(0);
        assert!(!service.asked_since(0).is_empty());
        // What is tried beside a token stays a trial.
        let (other, _) = partners(seed + 100, 3);
        place.write("prueba.csv", other);
        place
            .run("partners importar prueba.csv --sandbox")
            .expect(0);
        assert_eq!(numbers_of(&listed(&place, "")), numbers[1..]);
    }
}

#[test]
fn a05_partners_entered_with_a_token_are_there_without_it() {
    let service = Service::new();
    let mut place = place(&service);
    with_token(&mut place);
    let (text, numbers) = partners(53, 30);
    place.write("clientes.csv", text);
    place.run("partners importar clientes.csv").expect(0);
    place.run("partners actualizar --todos").expect(0);
    place.run("llaves crear tienda").expect(0);
    place.forget("CHASKI_MIGO_TOKEN");
    assert_eq!(numbers_of(&listed(&place, "")), numbers);
    // In the sandbox too, which has not been asked of them.
    let rows = listed(&place, "--sandbox");
    assert_eq!(numbers_of(&rows), numbers);
    assert!(rows.iter().all(|row| row["estado"] == "NO_VERIFICADO"));
    // After a restoration elsewhere.
    place.run("backup copia.zip --con-llave").expect(0);
    let other = Place::new();
    std::fs::copy(place.path("copia.zip"), other.path("copia.zip")).unwrap();
    other.run("restaurar copia.zip").expect(0);
    assert_eq!(numbers_of(&listed(&other, "")), numbers);
    let keys = other.run("llaves --format ndjson").expect(0).objects();
    assert_eq!(keys.len(), 1, "{keys:?}");
}

#[test]
fn a05_lists_keep_their_numbers_and_nothing_invented_is_shown_as_real() {
    let service = Service::new();
    let mut place = place(&service);
    let mut numbers = companies(54, 120);
    numbers.push("10123456781".into());
    place.write("lista.csv", format!("ruc\n{}\n", numbers.join("\n")));
    place.run("ruc lote lista.csv -o prueba.csv").expect(0);
    let lists = place.run("lotes --format ndjson").expect(0).objects();
    let id = lists[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(
        lists[0]["respondidos"].as_u64().unwrap() + lists[0]["no_encontrados"].as_u64().unwrap(),
        121
    );
    with_token(&mut place);
    let lists = place.run("lotes --format ndjson").expect(0).objects();
    assert_eq!(lists.len(), 1);
    assert_eq!(lists[0]["id"], *id);
    assert_eq!(lists[0]["nombre"], "lista.csv");
    assert_eq!(lists[0]["total"], 121);
    assert_eq!(lists[0]["procesados"], 0, "{}", lists[0]);
    assert!(service.asked_since(0).is_empty());
    // It can go on, and pays for each number once.
    place
        .run("ruc lote lista.csv -o real.csv --reanudar")
        .expect(0);
    let mut asked = service.asked_since(0);
    asked.sort_unstable();
    numbers.sort_unstable();
    assert_eq!(asked, numbers);
    assert!(!place.read("real.csv").contains("inventado"));
    assert!(place.read("prueba.csv").contains("inventado"));
    let lists = place.run("lotes --format ndjson").expect(0).objects();
    assert_eq!((lists.len(), &lists[0]["id"]), (1, &Value::from(id)));
}

#[test]
fn a05_keys_are_there_whatever_becomes_of_the_token() {
    let service = Service::new();
    let mut place = place(&service);
    place.run("llaves crear uno").expect(0);
    with_token(&mut place);
    place.run("llaves crear dos").expect(0);
    place.run("ruc 20100070970").expect(0);
    for token in [true, false] {
        if !token {
            place.forget("CHASKI_MIGO_TOKEN");
        }
        let keys = place.run("llaves --format ndjson").expect(0).objects();
        let names: Vec<_> = keys
            .iter()
            .map(|key| key["nombre"].as_str().unwrap())
            .collect();
        assert_eq!(names, ["dos", "uno"]);
    }
    // Without a token a live key can be made, and revoked.
    let made = place.run("llaves crear tres").expect(0).out;
    assert!(made.starts_with("chk_live_"), "{made}");
    place
        .run(&format!("llaves revocar {}", &made[..21]))
        .expect(0);
}
