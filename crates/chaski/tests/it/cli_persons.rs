//! A person's request: what is known of them, and to be forgotten. Purposes and the filters of the
//! record.

use chaski::app::{App, WantedMode};
use chaski::config::{Layers, Surroundings};
use chaski::store::CallFilter;
use chaski_client::{Ask, Clock};
use chaski_core::Dni;
use serde_json::Value;

use crate::cli_kit::{Place, Service, files_of};

const DNI: &str = "87654321";
const RUC: &str = "10876543210";

fn holds(bytes: &[u8], canary: &str) -> bool {
    bytes
        .windows(canary.len())
        .any(|window| window == canary.as_bytes())
}

/// Everything that is kept about a person was asked for: DNI, RUC, list.
fn known(service: &Service) -> Place {
    let place = Place::asking(service);
    place
        .run(&format!("dni {DNI} -q --motivo contrato"))
        .expect(0);
    place.run(&format!("ruc {RUC} -q"));
    place.write(
        "lista.csv",
        format!("NOMBRE,RUC\nUno,{RUC}\nDos,20100070970\n"),
    );
    place.run("ruc lote lista.csv -o r.csv -q");
    place
}

fn exported(place: &Place) -> Value {
    let ran = place
        .run_with_input(
            "datos-personales exportar --dni - --motivo Solicitud-12",
            DNI.as_bytes(),
        )
        .expect(0);
    serde_json::from_str(&ran.out).unwrap()
}

fn lengths(export: &Value) -> [usize; 3] {
    ["respuestas", "llamadas", "lotes"].map(|list| export[list].as_array().unwrap().len())
}

#[test]
fn told_and_forgotten() {
    let service = Service::new();
    let place = known(&service);
    let before = exported(&place);
    assert_eq!(before["dni"], DNI);
    assert_eq!(before["ruc"], RUC, "with its check digit");
    let batch = &before["lotes"][0];
    assert_eq!(
        (&batch["archivo"], &batch["sobre"]),
        (&"lista.csv".into(), &RUC.into())
    );
    let person = &before["respuestas"][0];
    assert!(person["contenido"]["nombre"].is_string(), "{before}");
    let call = &before["llamadas"][0];
    assert_eq!(
        (&call["motivo"], &call["sobre"]),
        (&"contrato".into(), &DNI.into())
    );
    // Forgetting needs a yes.
    place
        .run_with_input("datos-personales borrar --dni -", DNI.as_bytes())
        .expect(2);
    assert_eq!(lengths(&exported(&place)), lengths(&before));
    let gone = place
        .run_with_input("datos-personales borrar --dni - --yes", DNI.as_bytes())
        .expect(0);
    assert!(gone.err.contains("Borrado: respuestas"), "{}", gone.err);
    assert!(!gone.err.contains(DNI) && gone.out.is_empty());
    assert_eq!(lengths(&exported(&place)), [0, 0, 0]);
    // Both deeds are on record, without the number.
    for (deed, times) in [
        ("datos_personales_exportar", 3),
        ("datos_personales_borrar", 1),
    ] {
        let line = format!("llamadas --operacion {deed} --proveedor chaski");
        let rows = place.run(&line).expect(0).objects();
        assert_eq!(rows.len(), times, "{deed}");
        assert!(rows.iter().all(|row| row["sobre"] == ""));
    }
    for (path, bytes) in files_of(&place.data()) {
        for canary in [DNI, "contrato"] {
            assert!(!holds(&bytes, canary), "{} holds {canary}", path.display());
        }
    }
    // What is asked for again is asked of the upstream again.
    let asked = service.asked_since(0).len();
    place.run(&format!("dni {DNI} -q")).expect(0);
    assert_eq!(service.asked_since(0).len(), asked + 1);
}

async fn open(place: &Place) -> App {
    let around = Surroundings {
        variables: [("CHASKI_DIR".to_owned(), place.data().display().to_string())].into(),
        here: place.path(""),
    };
    let config = Layers::read(&around, None, &[]).unwrap().config().unwrap();
    let clock = Clock::starting_at("2026-11-02T17:00:00Z".parse().unwrap());
    App::open(config, WantedMode::Sandbox, clock).await.unwrap()
}

/// The representatives of a company are an answer about the company that names persons: of it,
/// one is told only of oneself, and it is forgotten with one.
#[tokio::test]
async fn named_in_an_answer_about_another() {
    let place = Place::new();
    let app = open(&place).await;
    let ask = Ask::by("test");
    let ruc = "20100070970".parse().unwrap();
    let found = app.migo().representatives(&ruc, &ask).await.unwrap();
    let documents: Vec<&str> = found
        .value
        .iter()
        .filter_map(|one| one.dni.as_deref())
        .collect();
    let dni: Dni = documents.iter().find_map(|text| text.parse().ok()).unwrap();
    let export = app.export_person(dni, &ask).await.unwrap();
    assert_eq!(lengths(&export), [0, 0, 0]);
    let mentions = export["menciones"].as_array().unwrap();
    assert_eq!(mentions.len(), 1, "{export}");
    let text = mentions[0].to_string();
    for other in documents {
        assert_eq!(text.contains(other), other == dni.as_str());
    }
    // A part of a longer number is not the number.
    let near: Dni = format!("{}9", &dni.as_str()[1..]).parse().unwrap();
    let nobody = app.export_person(near, &ask).await.unwrap();
    assert!(nobody["menciones"].as_array().unwrap().is_empty());
    let erased = app.erase_person(dni, &ask).await.unwrap();
    assert_eq!(erased.answers, 1);
    let export = app.export_person(dni, &ask).await.unwrap();
    assert!(export["menciones"].as_array().unwrap().is_empty());
    app.close().await.unwrap();
}

/// A server that erases forgets in its process too.
#[tokio::test]
async fn forgotten_by_the_process_itself() {
    let place = Place::new();
    let app = open(&place).await;
    let (ask, dni) = (Ask::by("test").purpose("alta"), DNI.parse().unwrap());
    app.lookup_dnis(&[dni], &ask)
        .await
        .unwrap()
        .remove(0)
        .unwrap();
    app.erase_person(dni, &ask).await.unwrap();
    let found = app
        .lookup_dnis(&[dni], &ask)
        .await
        .unwrap()
        .remove(0)
        .unwrap();
    assert_eq!(found.source, chaski_client::Source::Upstream);
    chaski_client::Ledger::flush(&**app.store()).await.unwrap();
    let filter = CallFilter {
        limit: 10,
        ..CallFilter::default()
    };
    let rows = app.store().calls(&filter).await.unwrap().rows;
    let told: Vec<_> = rows
        .iter()
        .map(|row| (row.operation.as_str(), row.purpose.as_deref()))
        .collect();
    // The clock stands still, so equal instants come in the order of their writing.
    let expected = [
        ("dni", Some("alta")),
        ("datos_personales_borrar", Some("alta")),
        ("dni", None),
    ];
    assert_eq!(told, expected);
    app.close().await.unwrap();
}

/// An empty folder must not say that nothing is known of somebody, and be there from then on.
#[test]
fn where_there_are_no_data() {
    let place = Place::new();
    for line in [
        "datos-personales exportar --dni -",
        "datos-personales borrar --dni - --yes",
    ] {
        let ran = place.run_with_input(line, DNI.as_bytes()).expect(2);
        assert!(ran.err.contains("No hay datos de Chaski en"), "{}", ran.err);
    }
    assert!(!place.data().exists());
}

#[test]
fn words_that_make_no_sense() {
    let place = Place::new();
    for line in [
        "datos-personales",
        "datos-personales exportar",
        "datos-personales exportar --dni 123",
        "datos-personales borrar --dni 123 --yes",
        "dni 87654321 --motivo 87654321",
    ] {
        let ran = place.run(line).expect(2);
        assert!(
            !ran.err.contains("123") && !ran.err.contains(DNI),
            "{}",
            ran.err
        );
    }
}

#[test]
fn a_purpose_can_be_demanded() {
    let service = Service::new();
    let mut place = Place::asking(&service);
    place.set("CHASKI_AUDIT_REQUIRE_PURPOSE", "true");
    let refused = place.run(&format!("dni {DNI}")).expect(2);
    assert!(refused.err.contains("Falta el motivo"), "{}", refused.err);
    assert!(service.asked_since(0).is_empty(), "nothing was asked");
    place.run("ruc 20100070970 -q").expect(0);
    place
        .run(&format!("dni {DNI} -q --motivo alta-de-cliente"))
        .expect(0);
    place
        .run(&format!("dni {DNI} -q --motivo segunda-vez"))
        .expect(0);
    let rows = place.run("llamadas --operacion dni").expect(0).objects();
    let purposes: Vec<&str> = rows
        .iter()
        .filter_map(|row| row["motivo"].as_str())
        .collect();
    assert_eq!(
        purposes,
        ["segunda-vez", "alta-de-cliente"],
        "from memory too"
    );
}

#[test]
fn filters_and_pages_of_the_record() {
    let service = Service::new();
    let place = Place::asking(&service);
    place.run("ruc 20100070970 20131312955 -q").expect(0);
    for _ in 0..4 {
        place.run("ruc 20100070970 -q").expect(0);
    }
    place.run(&format!("dni {DNI} -q")).expect(0);
    place.write("lista.csv", "RUC\n20100038146\n20100070970\n");
    place.run("ruc lote lista.csv -o r.csv -q").expect(0);
    let count = |line: &str| place.run(line).expect(0).objects().len();
    let all = place.run("llamadas").expect(0).objects();
    assert_eq!(count("llamadas --proveedor migo"), all.len());
    assert_eq!(count("llamadas --proveedor otro"), 0);
    assert_eq!(count("llamadas --quien cli"), all.len());
    assert_eq!(count("llamadas --quien nadie"), 0);
    let batch = all.iter().find_map(|row| row["lote"].as_str()).unwrap();
    let of_batch = all.iter().filter(|row| row["lote"] == batch).count();
    assert_eq!(count(&format!("llamadas --lote {batch}")), of_batch);
    place.run("llamadas --lote uno").expect(2);
    let of_person = place
        .run_with_input("llamadas --numero -", DNI.as_bytes())
        .expect(0);
    assert_eq!(of_person.objects().len(), 1);
    // Page by page is the same as all at once.
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = place
            .run(&format!("llamadas --limite 3 {cursor}"))
            .expect(0);
        seen.extend(page.objects());
        let Some((_, next)) = page.err.trim().split_once("--cursor ") else {
            break;
        };
        cursor = format!("--cursor {next}");
    }
    assert_eq!(seen, all);
    place.run("llamadas --cursor hola").expect(2);
}

/// DNIs in a list of RUCs cost nothing unless that is wanted.
#[test]
fn the_dnis_of_a_list() {
    let place = Place::new();
    place.write(
        "lista.csv",
        "TIPO DOC,RUC\n6,20100070970\n1,00000001\n1,2\n1,00000001\n4,001234567\n,\nTOTAL,\n",
    );
    let rows = |ran: crate::cli_kit::Ran| -> Vec<(String, bool)> {
        let row = |row: &serde_json::Value| {
            let text = |name: &str| row[name].as_str().unwrap().to_owned();
            (text("aptitud"), !text("razon_social").is_empty())
        };
        ran.objects().iter().map(row).collect()
    };
    let words = |rows: Vec<(String, bool)>| -> Vec<String> {
        let word = |(word, named): (String, bool)| if named { word + "+" } else { word };
        rows.into_iter().map(word).collect()
    };
    let line = "ruc lote lista.csv --format ndjson --dni";
    let told = place.run("ruc lote lista.csv --format ndjson").expect(0);
    assert!(told.err.contains("La lista tiene 2 DNI,"), "{}", told.err);
    let plain = ["apto+", "dni", "dni", "dni", "otro_documento", "total"];
    assert_eq!(words(rows(told)), plain);
    assert_eq!(
        words(rows(place.run(&format!("{line} no")).expect(0))),
        plain
    );
    let named = place
        .run(&format!("{line} consultar --motivo prueba"))
        .expect(0);
    assert!(named.err.contains("consultas usadas: 2"), "{}", named.err);
    assert_eq!(
        words(rows(named)),
        ["apto+", "dni+", "dni+", "dni+", "otro_documento", "total"]
    );
    // What was paid for is not paid for again.
    let again = place.run(&format!("{line} consultar")).expect(0);
    assert!(again.err.contains("consultas usadas: 0"), "{}", again.err);
    let by_ruc = words(rows(place.run(&format!("{line} ruc10")).expect(0)));
    assert_eq!(by_ruc[1], by_ruc[3]);
    assert!(by_ruc[1] != "dni" || by_ruc[2] != "dni", "{by_ruc:?}");
    // A list of persons alone has nothing that can be read, unless they are asked for.
    place.write("personas.csv", "RUC\n00000001\n00000002\n");
    place.run("ruc lote personas.csv --format ndjson").expect(3);
    place
        .run("ruc lote personas.csv --format ndjson --dni consultar")
        .expect(0);
}

/// The persons of a list are in its announced cost and in its most, and in what the plan must have left.
#[test]
fn the_persons_of_a_list_are_in_its_cost() {
    let dnis: Vec<String> = (1..=40).map(|it| format!("{it:08}")).collect();
    let list = format!("DOCUMENTO\n20100070970\n{}\n", dnis.join("\n"));
    let line = "ruc lote m.csv -o o.ndjson --dni consultar";
    // 1. Told, and so many are spent.
    let service = Service::new();
    let place = Place::asking(&service);
    place.write("m.csv", &list);
    let ran = place.run(line).expect(0);
    let told = "Además, 40 DNI por consultar de a uno: como mucho 40 consultas más";
    assert!(ran.err.contains(told), "{}", ran.err);
    assert!(ran.err.contains("consultas usadas: 41"), "{}", ran.err);
    // 2. Known ones cost nothing, and that is told too.
    let ran = place.run(line).expect(0);
    assert!(
        ran.err.contains("no se usará ninguna consulta"),
        "{}",
        ran.err
    );
    assert!(ran.err.contains("consultas usadas: 0"), "{}", ran.err);
    // 3. A most that does not reach them is told, row by row and at the end.
    let place = Place::asking(&service);
    place.write("m.csv", &list);
    let ran = place.run(&format!("{line} --gastar-hasta 11")).expect(8);
    assert!(ran.err.contains("30 DNI no se consultaron"), "{}", ran.err);
    let rows = place.read("o.ndjson");
    assert_eq!(rows.matches("se llegó al máximo").count(), 30);
    // 4. A plan with too few calls is told before anything is spent.
    let few = Service::with(|config| config.quota = Some(5));
    let place = Place::asking(&few);
    place.write("m.csv", &list);
    let before = few.sandbox.count(chaski_sandbox::Operation::Dni);
    let ran = place.run(line).expect(6);
    assert!(ran.err.contains("41"), "{}", ran.err);
    assert_eq!(few.sandbox.count(chaski_sandbox::Operation::Dni), before);
}
