//! `chaski partners` with the real binary.

use chaski_sandbox::Operation;
use serde_json::Value;

use crate::cli_kit::{Place, Service, companies, files_of};

fn place(service: &Service) -> Place {
    let mut place = Place::asking(service);
    place.set("CHASKI_MIGO_MAX_ATTEMPTS", "1");
    place
}

/// The values of some fields of a row, in one line.
fn fields(row: &Value, names: &str) -> String {
    let value = |name| match &row[name] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    names.split(' ').map(value).collect::<Vec<_>>().join(" ")
}

#[test]
fn a_list_becomes_partners_with_a_verdict() {
    let service = Service::new();
    let place = place(&service);
    place.write(
        "p.csv",
        "RUC,Nombre\n20100070970,Empresa Uno\n10123456781,Persona Dos\n20100070971,Mala\n",
    );
    let ran = place.run("partners importar p.csv").expect(8);
    assert!(
        ran.err.contains("Fila 4: Dígito verificador incorrecto"),
        "{}",
        ran.err
    );
    assert!(
        ran.err
            .contains("nuevos 2, cambiados 0, sin cambios 0; filas con error: 1")
    );
    let ran = place.run("partners listar").expect(0);
    let names = "num_document nombre estado apto";
    let rows = ran.objects();
    assert_eq!(
        fields(&rows[0], names),
        "10******781 Persona Dos NO_VERIFICADO null"
    );
    assert_eq!(
        fields(&rows[1], names),
        "20100070970 Empresa Uno NO_VERIFICADO null"
    );
    assert_eq!(place.run("partners listar --nunca").objects().len(), 2);

    place.run("partners actualizar --todos").expect(0);
    let again = place.run("partners actualizar --todos").expect(0);
    assert!(again.err.contains("consultas usadas: 0"), "{}", again.err);
    assert_eq!(service.sandbox.count(Operation::Collection), 1);
    let rows = place.run("partners listar --aptos --mostrar").objects();
    assert_eq!(
        fields(&rows[0], names),
        "10123456781 Persona Dos ACTIVO true"
    );
    assert_eq!(place.run("partners listar --nunca").objects().len(), 0);
    let rows = place.run("partners listar --buscar uno").objects();
    assert_eq!(rows.len(), 1);

    let ran = place.run("partners ver 20100070970 20131312955").expect(8);
    let rows = ran.objects();
    let names = "name sunat_valid sunat_state sunat_condition apto_para_facturar";
    assert_eq!(
        fields(&rows[0], names),
        "Empresa Uno true ACTIVO HABIDO true"
    );
    assert_eq!(rows[1]["error"], "partner_no_existe");
    place.run("partners ver 20131312955").expect(3);
}

#[test]
fn what_changed_is_told_with_its_date() {
    let mut place = Place::new();
    let rucs = companies(21, 200);
    place.write("p.csv", format!("RUC\n{}\n", rucs.join("\n")));
    place.run("partners importar p.csv").expect(0);
    place.run("partners actualizar --pendientes").expect(0);
    assert_eq!(place.run("partners cambios").expect(0).out, "");
    // Another seed is another world: many are not what they were.
    place.set("CHASKI_SANDBOX_SEED", "8");
    let ran = place
        .run("partners actualizar --todos --force-refresh")
        .expect(0);
    let told = |what: &str| -> usize {
        let rest = ran.err.split(what).nth(1).unwrap();
        let digits = rest.split(|c: char| !c.is_ascii_digit()).next().unwrap();
        digits.parse().unwrap()
    };
    let (changed, lost) = (
        told("cambiaron de estado o condición: "),
        told("dejaron de ser aptos: "),
    );
    assert!(changed > lost && lost > 0, "{}", ran.err);
    let rows = place.run("partners cambios --limite 1000").objects();
    assert_eq!(rows.len(), changed);
    let rows = place
        .run("partners dejaron-de-ser-aptos --limite 1000")
        .objects();
    assert_eq!(rows.len(), lost);
    for row in &rows {
        assert_eq!(fields(row, "apto_antes apto apto_hoy"), "true false false");
    }
    let one = rows[0]["num_document"].as_str().unwrap();
    let rows = place
        .run(&format!("partners cambios --numero {one}"))
        .objects();
    assert_eq!(rows.len(), 1);
    assert_eq!(
        rows[0]["fecha"].as_str().unwrap().len(),
        "2026-01-01 00:00:00".len()
    );
    assert_eq!(
        place
            .run("partners cambios --hasta 2020-01-01")
            .expect(0)
            .out,
        ""
    );
    place.run("partners cambios --numero 20131312955").expect(3);
}

#[test]
fn a_bulk_call_notes_on_partners_when_asked_to() {
    let service = Service::new();
    let place = place(&service);
    place.write("p.csv", "RUC\n20100070970\n20131312955\n");
    place.run("partners importar p.csv").expect(0);
    place.write("lista.csv", "RUC\n20100070970\n20100038146\n");
    place.run("ruc lote lista.csv -o r.csv").expect(0);
    assert_eq!(place.run("partners listar --aptos").objects().len(), 0);
    // What is known already is noted as well, at no cost.
    let asked = service.sandbox.last_sequence();
    let ran = place
        .run("ruc lote lista.csv -o r.csv --actualizar-partners")
        .expect(0);
    assert!(
        ran.err.contains("Clientes y proveedores: 1 "),
        "{}",
        ran.err
    );
    assert_eq!(service.asked_since(asked), Vec::<String>::new());
    let rows = place.run("partners listar --aptos").objects();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0]["num_document"], "20100070970");
}

#[test]
fn an_outage_leaves_partners_as_they_are() {
    let service = Service::new();
    let place = place(&service);
    place.write("p.csv", "RUC\n20100070970\n20131312955\n");
    place.run("partners importar p.csv").expect(0);
    place.run("partners actualizar 20100070970").expect(0);
    let verdicts = || {
        let rows = place.run("partners listar").objects();
        let row = |row: &Value| fields(row, "num_document existe estado condicion apto consultado");
        rows.iter().map(row).collect::<Vec<_>>()
    };
    let before = verdicts();
    for (fault, code) in [("503", 5), ("401", 7), ("429", 6)] {
        service.sandbox.fail(fault.parse().unwrap());
        place
            .run("partners actualizar --todos --force-refresh")
            .expect(code);
        assert_eq!(verdicts(), before, "{fault}");
        service.sandbox.heal();
    }
    let rows = place.run("partners ver 20100070970").objects();
    let comment = rows[0]["sunat_comment"].as_str().unwrap();
    assert!(comment.ends_with("SUNAT: Validación exitosa"), "{comment}");
    assert_eq!(comment.lines().count(), 4);
}

#[test]
fn partners_leave_and_come_back() {
    let place = Place::new();
    place.write("p.csv", "RUC,Nombre\n20100070970,Uno\n12345678,Persona\n");
    place.run("partners importar p.csv").expect(0);
    place.run("partners exportar -o e.xlsx").expect(0);
    place.run("partners borrar 20100070970 12345678").expect(2);
    place
        .run("partners borrar 20100070970 12345678 --yes")
        .expect(0);
    place.run("partners borrar 20100070970 --yes").expect(3);
    assert_eq!(place.run("partners listar").expect(0).out, "");
    let ran = place.run("partners importar e.xlsx").expect(0);
    assert!(ran.err.contains("nuevos 2"), "{}", ran.err);
    let ran = place.run("partners exportar --format csv").expect(0);
    assert!(ran.out.contains(",dni,12345678,Persona,"), "{}", ran.out);
    place.run("partners exportar --format table").expect(2);
    place.run("partners importar nada.csv").expect(2);
    place.run("partners actualizar").expect(2);
    place.run("partners actualizar --todos --nunca").expect(2);
}

/// A DNI and a RUC 10 go through every command: nothing shows them that was not asked to.
#[test]
fn nothing_of_a_person_comes_back() {
    let service = Service::new();
    let place = place(&service);
    let (dni, ruc, name) = ("87654321", "10876543210", "CANARIO INVENTADO");
    place.write(
        "p.csv",
        format!("Documento,Nombre\n{dni},{name}\n{ruc},{name}\n{dni}9,{name}\n"),
    );
    for line in [
        "partners importar p.csv -vv",
        "partners listar -vv",
        "partners actualizar --todos -vv",
        "partners actualizar 10876543210 -q",
        "partners cambios -vv",
        "partners dejaron-de-ser-aptos -vv",
        "partners ver 87654322 -vv",
        "llamadas -vv",
    ] {
        let ran = place.run(line);
        for stream in [&ran.out, &ran.err] {
            assert!(
                !stream.contains(dni) && !stream.contains(ruc),
                "{line}:\n{stream}"
            );
        }
    }
    for (path, bytes) in files_of(&place.data()) {
        for canary in [dni, ruc, name] {
            let holds = bytes
                .windows(canary.len())
                .any(|part| part == canary.as_bytes());
            assert!(!holds, "{} holds {canary}", path.display());
        }
    }
}

/// An accountant's office: each company with its own table, and the house with its own.
#[test]
fn companies_that_the_gateway_serves() {
    let service = Service::new();
    let mut place = place(&service);
    place.write("p.csv", "RUC,Nombre\n20100070970,Empresa Uno\n");
    let (one, two) = ("--empresa 20131312955", "--company 10123456781");
    for whose in ["", one, two] {
        let ran = place
            .run(&format!("partners importar p.csv {whose}"))
            .expect(0);
        assert!(ran.err.contains("nuevos 1"), "{whose}: {}", ran.err);
    }
    place.write("q.csv", "RUC,Nombre\n20100070970,Otro\n20603274742,Más\n");
    place
        .run(&format!("partners importar q.csv {one}"))
        .expect(0);
    place.run("partners actualizar --todos").expect(0);
    let names = |whose: &str| -> Vec<String> {
        let ran = place.run(&format!("partners listar {whose}")).expect(0);
        ran.objects()
            .iter()
            .map(|row| fields(row, "nombre apto"))
            .collect()
    };
    assert_eq!(names(""), ["Empresa Uno true"]);
    assert_eq!(names(one), ["Más null", "Otro null"]);
    assert_eq!(names(two), ["Empresa Uno null"]);
    let ran = place
        .run(&format!("partners actualizar --nunca {one}"))
        .expect(0);
    assert!(ran.err.contains("Consultados: 2"), "{}", ran.err);
    assert_eq!(names(two), ["Empresa Uno null"]);
    let ran = place
        .run(&format!("partners exportar --format ndjson {one}"))
        .expect(0);
    assert_eq!(ran.objects().len(), 2, "{}", ran.out);
    place
        .run(&format!("partners borrar 20603274742 --yes {two}"))
        .expect(3);
    place
        .run(&format!("partners ver 20603274742 {one}"))
        .expect(0);
    place.run("partners ver 20603274742").expect(3);
    for command in ["cambios", "dejaron-de-ser-aptos"] {
        let ran = place.run(&format!("partners {command} --numero 20603274742 {two}"));
        ran.expect(3);
        place
            .run(&format!("partners {command} --numero 20603274742 {one}"))
            .expect(0);
    }
    // A wrong digit would be another company, whatever the configuration lets pass.
    place.set("CHASKI_RUC_CHECK_DIGIT", "formato");
    for command in ["partners listar", "llaves crear caja"] {
        let ran = place
            .run(&format!("{command} --empresa 20131312950"))
            .expect(2);
        assert!(
            ran.err.contains("--empresa: dígito verificador"),
            "{}",
            ran.err
        );
    }
    place.run("partners listar --empresa 201313").expect(2);
}

#[test]
fn keys_of_companies() {
    let place = Place::new();
    for whose in ["", "--empresa 20131312955", "--empresa 10123456781"] {
        place
            .run(&format!("llaves crear caja --prueba {whose}"))
            .expect(0);
    }
    let rows = place.run("llaves listar").expect(0).objects();
    let shown: Vec<_> = rows
        .iter()
        .map(|row| fields(row, "nombre empresa"))
        .collect();
    assert_eq!(shown, ["caja null", "caja 20131312955", "caja 10******781"]);
    for (path, bytes) in files_of(&place.data()) {
        let person = b"10123456781";
        let clear = bytes.windows(person.len()).any(|window| window == person);
        assert!(!clear, "a person's number in {}", path.display());
    }
    let ran = place.run_with_input(
        "datos-personales exportar --dni - --motivo Solicitud-1 --sandbox",
        b"12345678",
    );
    let told: Value = serde_json::from_str(&ran.expect(0).out).unwrap();
    assert_eq!(told["llaves"].as_array().unwrap().len(), 1, "{told}");
}

/// Nothing at all and nothing of that kind are told apart.
#[test]
fn an_empty_list_of_partners_says_why() {
    let service = Service::new();
    let place = place(&service);
    let said = |line: &str| place.run(line).expect(0).err;
    let none = "No hay clientes ni proveedores; se agregan con: chaski partners importar";
    for line in ["partners listar", "partners listar --nunca"] {
        assert!(said(line).contains(none), "{line}");
    }
    assert!(said("partners cambios").contains("No hay cambios; se anotan"));
    place.write("p.csv", "RUC,Nombre\n20100070970,Empresa Uno\n");
    said("partners importar p.csv");
    for (line, words) in [
        (
            "partners listar --aptos",
            "No hay clientes ni proveedores que coincidan",
        ),
        (
            "partners listar --buscar nadie",
            "No hay clientes ni proveedores que coincidan",
        ),
        (
            "partners listar --aptos --lang en",
            "No partner is like that",
        ),
    ] {
        let said = said(line);
        assert!(
            said.contains(words) && !said.contains("importar"),
            "{line}: {said}"
        );
    }
}

/// A list of which no row is taken ends with the cause and the column it was looked for in; what is
/// said of all rows is true of all, or an example with its row.
#[test]
fn a_list_of_which_no_row_is_taken_says_the_common_cause() {
    let service = Service::new();
    let place = place(&service);
    for (file, words) in [
        (
            "RUC,N\nabc,x\nabd,y\n",
            "2 de 2: el RUC debe tener solo dígitos: hay «a» en la posición 1",
        ),
        (
            "RUC,N\n2010007097,x\n201000709,y\n201000701,z\n",
            "3 de 3 por la misma causa; por ejemplo, la fila 3: el RUC debe tener 11 dígitos y este tiene 9",
        ),
    ] {
        place.write("p.csv", file);
        let ran = place.run("partners importar p.csv").expect(3);
        let whole = ["No se pudo importar ninguna fila", "columna A (RUC)"];
        for words in whole.iter().chain([&words]) {
            assert!(ran.err.contains(words), "{file}: {words}: {}", ran.err);
        }
        let ran = place.run("ruc lote p.csv -o r.csv --yes").expect(3);
        assert!(ran.err.contains(words), "{file}: {}", ran.err);
    }
}

/// What there is one of is told as one.
#[test]
fn one_is_told_as_one() {
    let service = Service::new();
    let place = place(&service);
    place.run("ruc 20100070970").expect(0);
    let ran = place.run("doctor");
    let said = "1 respuesta, 1 llamada registrada, ";
    assert!(ran.out.contains(said), "{}", ran.shown());
    let ran = place.run("doctor --lang en");
    // The account was asked meanwhile.
    let said = "1 answer, 2 calls on record, ";
    assert!(ran.out.contains(said), "{}", ran.shown());
    place.write(
        "cortada.csv",
        "RUC,Nombre,Ciudad\n20100070970,UNO,LIMA\n2E+10,DOS,LIMA\n",
    );
    let ran = place.run("ruc lote cortada.csv -o r.csv --yes");
    let result = place.read("r.csv");
    assert!(
        result.contains("solo queda 1 cifra"),
        "{} {result}",
        ran.shown()
    );
}
