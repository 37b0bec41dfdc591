//! `chaski lotes` and `chaski trabajos` on a folder that a gateway has worked on.

use chaski::app::batches::{ListInput, Submission};
use chaski::scratch::Scratch;
use chaski::store::Batch;
use chaski_client::Clock;
use uuid::Uuid;

use crate::cli_kit::Place;
use crate::jobs_batches::{Gateway, list, open, until};

const CSV: &str = "Cliente;RUC\nUno;20100070970\nDos;20100070971\nTres;20131312955\n";

fn csv() -> Submission {
    Submission {
        input: ListInput::File(Scratch::of_bytes(CSV.into())),
        name: "clientes.csv".into(),
        ..list(Vec::new())
    }
}

/// Hands a list over; a worker takes it to its end, or there is none.
fn handed_over(place: &Place, worked_on: bool) -> Uuid {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        if worked_on {
            let gateway = Gateway::start(place, None, &[]).await;
            let id = gateway.app.submit_batch(csv()).await.unwrap();
            until(&gateway.app, id, Batch::has_ended).await;
            gateway.stop().await;
            return id;
        }
        let app = open(place, None, &[], Clock::system()).await;
        let id = app.submit_batch(csv()).await.unwrap();
        app.close().await.unwrap();
        id
    })
}

#[test]
fn nothing_yet() {
    let place = Place::new();
    for (command, words) in [
        ("lotes", "No hay lotes"),
        ("lotes listar", "No hay lotes"),
        ("batches list --lang en", "There are no batches"),
        ("trabajos", "No hay trabajos"),
        ("jobs list --lang en", "There are no jobs"),
    ] {
        let ran = place.run(command).expect(0);
        assert_eq!(ran.out, "");
        assert!(ran.err.contains(words), "{command}: {}", ran.err);
    }
    let nobody = Uuid::nil();
    for action in [
        "ver",
        "resultado",
        "pausar",
        "reanudar",
        "cancelar",
        "reintentar",
    ] {
        let ran = place.run(&format!("lotes {action} {nobody}")).expect(3);
        assert!(ran.err.contains("No existe ese lote"), "{}", ran.err);
    }
    for action in ["ver", "cancelar", "reintentar"] {
        let ran = place.run(&format!("trabajos {action} {nobody}")).expect(3);
        assert!(ran.err.contains("No existe ese trabajo"), "{}", ran.err);
    }
    let scheduled = place.run("trabajos programados").expect(0).objects();
    let keys: Vec<&str> = scheduled
        .iter()
        .map(|it| it["clave"].as_str().unwrap())
        .collect();
    assert!(keys.contains(&"schedule.retention") && keys.contains(&"schedule.quota"));
    assert!(
        scheduled
            .iter()
            .all(|it| it["proxima"].is_string() && it["ultima"].is_null())
    );
    for mistake in [
        "lotes ver 12",
        "lotes ver",
        "trabajos listar --estado LISTO",
    ] {
        place.run(mistake).expect(2);
    }
}

#[test]
fn a_batch_that_has_ended() {
    let place = Place::new();
    let id = handed_over(&place, true);
    let listed = place.run("lotes --format ndjson").expect(0).objects();
    assert_eq!(listed.len(), 1);
    let lote = &listed[0];
    assert_eq!(lote["id"], id.to_string());
    assert_eq!(lote["nombre"], "clientes.csv");
    assert_eq!(lote["estado"], "COMPLETED");
    assert_eq!(
        (lote["filas"].as_u64(), lote["total"].as_u64()),
        (Some(3), Some(2))
    );
    assert_eq!(lote["progreso"], 100.0);
    assert_eq!(
        place.run(&format!("lotes ver {id}")).expect(0).objects(),
        listed
    );

    place
        .run(&format!("lotes resultado {id} -o r.xlsx"))
        .expect(0);
    assert!(
        std::fs::read(place.path("r.xlsx"))
            .unwrap()
            .starts_with(b"PK")
    );
    let rows = place
        .run(&format!("lotes resultado {id}"))
        .expect(0)
        .objects();
    let clients: Vec<&str> = rows
        .iter()
        .map(|row| row["original"]["Cliente"].as_str().unwrap())
        .collect();
    assert_eq!(clients, ["Uno", "Dos", "Tres"]);
    assert_eq!(rows[1]["aptitud"], "invalido");
    place
        .run(&format!("lotes resultado {id} --format table"))
        .expect(2);

    for action in ["pausar", "cancelar", "reintentar", "reanudar"] {
        place.run(&format!("lotes {action} {id}")).expect(2);
    }
    let jobs = place
        .run("trabajos listar --estado completed")
        .expect(0)
        .objects();
    assert_eq!(jobs.len(), 1);
    assert_eq!(jobs[0]["lote"], id.to_string());
    assert_eq!(jobs[0]["tipo"], "lote");
    let job = jobs[0]["id"].as_str().unwrap();
    assert_eq!(
        place
            .run(&format!("trabajos ver {job}"))
            .expect(0)
            .objects(),
        jobs
    );
    place.run(&format!("trabajos cancelar {job}")).expect(2);
    assert_eq!(
        place.run("trabajos listar --estado FAILED").expect(0).out,
        ""
    );
}

#[test]
fn a_batch_that_waits() {
    let place = Place::new();
    let id = handed_over(&place, false);
    let state = |command: &str, code: i32| {
        let lote = place.run(&format!("{command} {id}")).expect(code).objects();
        let text = |name: &str| lote[0][name].to_string();
        (text("estado"), text("en_pausa"))
    };
    let is = |state: &str, paused: bool| (format!("\"{state}\""), paused.to_string());
    assert_eq!(state("lotes ver", 0), is("PENDING", false));
    let so_far = place.run(&format!("lotes resultado {id}")).expect(8);
    assert_eq!(so_far.objects()[0]["aptitud"], "pendiente");
    assert!(so_far.err.contains("0 de 2 RUC"), "{}", so_far.err);
    assert_eq!(state("lotes pausar", 0), is("PENDING", true));
    let resumed = place.run(&format!("lotes reanudar {id}")).expect(0);
    assert!(resumed.err.contains("chaski serve"), "{}", resumed.err);
    let jobs = place.run("trabajos").expect(0).objects();
    let job = jobs[0]["id"].as_str().unwrap();
    place.run(&format!("trabajos cancelar {job}")).expect(0);
    assert_eq!(state("lotes ver", 0), is("CANCELLED", false));
}

/// What `chaski ruc lote` did is in the same list, and has a result of its numbers.
#[test]
fn a_batch_of_the_command_line() {
    let place = Place::new();
    place.write("lista.csv", CSV);
    place.run("ruc lote lista.csv -o r.csv -q").expect(0);
    let listed = place.run("lotes").expect(0).objects();
    assert_eq!(listed[0]["nombre"], "lista.csv");
    let id = listed[0]["id"].as_str().unwrap();
    let rows = place
        .run(&format!("lotes resultado {id}"))
        .expect(0)
        .objects();
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0]["ruc_normalizado"], "20100070970");
    let jobs = place.run("trabajos").expect(0).objects();
    assert_eq!(
        (&jobs[0]["lote"], &jobs[0]["estado"]),
        (&listed[0]["id"], &"COMPLETED".into())
    );
}
