//! The defects of the system that this one replaces, one test for each that would show in the
//! store, the rooms or the command line; the client has its own. The last test keeps count.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use chaski_client::{
    AccountQuery, DniQuery, LatestRateQuery, List, ListQuery, Lookup, RatesQuery, RucQuery,
};

use crate::cli_kit::{Place, Ran, Service, files_of};

/// A place whose failures come quickly.
fn place(service: &Service) -> Place {
    let mut place = Place::asking(service);
    place.set("CHASKI_MIGO_MAX_ATTEMPTS", "1");
    place
}

fn failing(fault: &str) -> Service {
    let service = Service::new();
    service.sandbox.fail(fault.parse().unwrap());
    service
}

fn column(ran: &Ran, name: &str) -> Vec<String> {
    let text = |value: &serde_json::Value| {
        value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned)
    };
    ran.objects().iter().map(|row| text(&row[name])).collect()
}

/// Token stored in clear in every audit row.
#[test]
fn defect_01_the_token_is_in_no_row() {
    const TOKEN: &str = "canario-fe1b2c3d4e5f60718293a4b5c6d7e8f9";
    let service = Service::new();
    let mut place = place(&service);
    place.set("CHASKI_MIGO_TOKEN", TOKEN);
    place.set("CHASKI_AUDIT_STORE_BODIES", "true");
    place.run("ruc 20100070970 -q").expect(0);
    place.run("cuenta -q").expect(0);
    let calls = place.run("llamadas").expect(0);
    assert_eq!(calls.objects().len(), 2);
    assert!(!calls.out.contains(TOKEN));
    let files = files_of(&place.data());
    assert!(files.len() > 1);
    for (path, bytes) in files {
        let held = bytes
            .windows(TOKEN.len())
            .any(|part| part == TOKEN.as_bytes());
        assert!(!held, "{}", path.display());
    }
}

/// A list of which nothing was processed and which was "completed" all the same.
#[test]
fn defect_03_counts_add_up() {
    let service = Service::new();
    let place = place(&service);
    place.write("lista.csv", LIST);
    let ran = place.run("ruc lote lista.csv --format ndjson").expect(0);
    let words = column(&ran, "apto_para_facturar");
    assert_eq!(words.len(), 7);
    let mut told = BTreeMap::new();
    for line in ran.err.lines().filter(|line| line.ends_with(" %")) {
        let cells: Vec<&str> = line.split_whitespace().collect();
        let count: usize = cells[cells.len() - 3].parse().unwrap();
        told.insert(cells[..cells.len() - 3].join(" "), count);
    }
    assert_eq!(told.values().sum::<usize>(), words.len(), "{told:?}");
    for (word, count) in told {
        assert_eq!(
            words.iter().filter(|it| **it == word).count(),
            count,
            "{word}"
        );
    }
}

/// Valid, repeated, wrong, unknown, empty and not ACTIVO.
const LIST: &str = "N,RUC\n1,20100070970\n2,20100070970\n3,20100070971\n4,20000633527\n5,\n6,20000316769\n7,20131312955\n";

/// Nothing was said of the inputs, with success.
#[test]
fn defect_04_every_input_gets_a_verdict() {
    let service = Service::new();
    let place = place(&service);
    place.write("lista.csv", LIST);
    let ran = place.run("ruc lote lista.csv -q").expect(0);
    assert_eq!(
        column(&ran, "aptitud"),
        [
            "apto",
            "apto",
            "invalido",
            "no_encontrado",
            "sin_numero",
            "no_apto",
            "apto"
        ]
    );
    let ran = place
        .run("ruc facturacion 20100070970 20100070971 20000633527 20100070970 -q")
        .expect(8);
    assert_eq!(
        column(&ran, "ruc"),
        ["20100070970", "20100070971", "20000633527", "20100070970"]
    );
    assert_eq!(column(&ran, "valido"), ["true", "null", "false", "true"]);
}

/// A limit, a bad token or an outage became "RUC no encontrado en SUNAT".
#[test]
fn defect_05_a_failure_is_no_tax_statement() {
    let mut codes = BTreeSet::new();
    for fault in ["429", "401", "503", "404", "cerrar"] {
        let service = failing(fault);
        let place = place(&service);
        let ran = place.run("ruc facturacion 20100070970");
        let row = &ran.objects()[0];
        assert!(
            row["valido"].is_null() && row["hallazgos"].is_null(),
            "{fault}: {row}"
        );
        codes.insert(row["code"].as_str().unwrap().to_owned());
        assert!(
            !ran.err.contains("SUNAT") && !ran.err.contains("1083"),
            "{fault}: {}",
            ran.err
        );
    }
    assert_eq!(codes.len(), 5, "each says what it is: {codes:?}");
    assert!(!codes.contains("no_encontrado"));
    let service = Service::new();
    let unknown = place(&service)
        .run("ruc facturacion 20000633527 -q")
        .expect(3);
    assert_eq!(unknown.objects()[0]["hallazgos"][0]["codigo"], "1083");
}

/// Connections that failed were recorded as 200, each attempt as a call of its own.
#[test]
fn defect_06_attempts_without_an_answer_have_no_status() {
    let service = failing("cerrar");
    let mut place = place(&service);
    place.set("CHASKI_MIGO_MAX_ATTEMPTS", "2");
    place.run("ruc 20100070970 -q").expect(5);
    let calls = place.run("llamadas --enviadas --operacion ruc").expect(0);
    assert_eq!(column(&calls, "intento"), ["2", "1"]);
    assert_eq!(column(&calls, "http"), ["null", "null"]);
    assert_eq!(column(&calls, "resultado"), ["conexion_interrumpida"; 2]);
}

/// Asynchronous code wrote no audit at all.
#[test]
fn defect_10_every_path_leaves_a_row() {
    let service = Service::new();
    let place = place(&service);
    place.write("lista.csv", "RUC\n20100038146\n20603274742\n");
    let mut rows = 0;
    for line in [
        "ruc 20100070970",
        "ruc 20100070970",
        "ruc 20131312955 20604702811",
        "ruc facturacion 20604763500",
        "ruc lote lista.csv",
        "dni 12345678",
        "tipo-cambio",
        "tipo-cambio --fecha 2026-07-24",
        "tipo-cambio --desde 2026-07-01 --hasta 2026-07-03",
        "cuenta",
        "ruc 20000633527",
    ] {
        place.run(line);
        let now = place
            .run("llamadas --limite 1000")
            .expect(0)
            .objects()
            .len();
        assert!(now > rows, "chaski {line} left no row");
        rows = now;
    }
    let sent = place
        .run("llamadas --enviadas --limite 1000")
        .objects()
        .len() as u64;
    assert_eq!(
        sent,
        service.sandbox.last_sequence(),
        "one row for each request"
    );
}

/// Names of operations that differed from those of the fixtures.
#[test]
fn defect_13_one_catalogue_of_operations() {
    let ruc: chaski_core::Ruc = "20100070970".parse().unwrap();
    let day = jiff::civil::date(2026, 7, 1);
    let names = [
        RucQuery(ruc).key().operation,
        DniQuery("12345678".parse().unwrap()).key().operation,
        LatestRateQuery.key().operation,
        RatesQuery {
            desde: day,
            hasta: day,
        }
        .key()
        .operation,
        AccountQuery.key().operation,
        chaski_client::ActivityQuery(ruc).key().operation,
        chaski_client::RepresentativesQuery(ruc).key().operation,
        ListQuery {
            list: List::WithholdingAgents,
            ruc,
        }
        .key()
        .operation,
        ListQuery {
            list: List::GoodTaxpayers,
            ruc,
        }
        .key()
        .operation,
    ];
    let place = Place::new();
    for name in names {
        place.run(&format!("llamadas --operacion {name}")).expect(0);
    }
    place.run("llamadas --operacion consulta_ruc").expect(2);
    for line in [
        "ruc 20100070970",
        "dni 12345678",
        "tipo-cambio",
        "tipo-cambio --fecha 2026-07-24",
        "cuenta",
    ] {
        place.run(line).expect(0);
    }
    let calls = place.run("llamadas").expect(0);
    for name in column(&calls, "operacion")
        .into_iter()
        .collect::<BTreeSet<_>>()
    {
        let found = place.run(&format!("llamadas --operacion {name}")).expect(0);
        assert!(!found.out.is_empty(), "{name}");
    }
}

/// The list ignored what was known, lost the order of the inputs and some of them.
#[test]
fn defect_15_lists_keep_order_and_use_what_is_known() {
    let service = Service::with(|config| config.collection_omits_unknown = true);
    let place = place(&service);
    let list = "RUC\n20604763500\n20000633527\n20100070970\n20604763500\n20131312955\n";
    place.write("lista.csv", list);
    place.run("ruc 20100070970 -q").expect(0);
    let ran = place.run("ruc lote lista.csv -q").expect(0);
    assert_eq!(
        column(&ran, "ruc_normalizado").join("\n"),
        list.trim().trim_start_matches("RUC\n")
    );
    let asked = service.asked_since(0);
    let times = |ruc: &str| asked.iter().filter(|it| *it == ruc).count();
    assert_eq!((times("20100070970"), times("20604763500")), (1, 1));
    let before = service.sandbox.last_sequence();
    place.run("ruc lote lista.csv -q").expect(0);
    place.run("ruc 20000633527 -q").expect(3);
    assert_eq!(
        service.sandbox.last_sequence(),
        before,
        "the list filled the memory"
    );
}

/// A wrong path put a number among those that do not exist.
#[test]
fn defect_16_only_its_own_answer_registers_a_number() {
    let service = failing("404");
    let mut place = place(&service);
    place.write("lista.csv", "RUC\n20100070970\n20131312955\n");
    for line in [
        "ruc 20100070970",
        "ruc 20100070970 20131312955",
        "ruc lote lista.csv",
    ] {
        place.run(&format!("{line} -q")).expect(7);
    }
    assert_eq!(place.run("ruc invalidos -q").expect(0).out, "");
    service.sandbox.heal();
    place.set("CHASKI_RUC_CHECK_DIGIT", "formato");
    place.run("ruc 20000633527 -q").expect(3);
    assert_eq!(
        column(&place.run("ruc invalidos -q"), "ruc"),
        ["20000633527"]
    );
}

/// The choices of the table never equalled SUNAT's words. Ours are SUNAT's, and what arrives cut
/// is completed.
#[test]
fn defect_20_the_words_of_sunat_are_kept() {
    let place = Place::new();
    for (ruc, estado, condicion) in [
        ("20000237575", "BAJA PROV. POR OFICIO", "NO HALLADO"),
        ("20000316769", "BAJA DE OFICIO", "HABIDO"),
        ("20000079198", "ACTIVO", "NO HABIDO"),
    ] {
        let row = &place.run(&format!("ruc {ruc} -q")).expect(0).objects()[0];
        assert_eq!(
            (
                &row["estado_del_contribuyente"],
                &row["condicion_de_domicilio"]
            ),
            (&estado.into(), &condicion.into())
        );
        place.write("lista.csv", format!("RUC\n{ruc}\n"));
        let row = &place.run("ruc lote lista.csv -q").expect(0).objects()[0];
        assert_eq!(
            (&row["estado"], &row["condicion"]),
            (&estado.into(), &condicion.into())
        );
        assert_eq!(row["aptitud"], "no_apto", "{ruc}");
    }
}

/// Defects that no test of ours can show, and why.
const NOT_HERE: [(u32, &str); 4] = [
    (
        11,
        "imports of names that do not exist: here they do not compile; help of every command is tested",
    ),
    (
        12,
        "columns and models that do not exist: queries are tested against the schema",
    ),
    (
        21,
        "an argument that a constructor does not take: here it does not compile",
    ),
    (
        22,
        "figures that contradict each other: figures come from the benchmarks, not from prose",
    ),
];

#[test]
fn each_of_the_22_is_accounted_for() {
    let source = |path: &str| {
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
    };
    let ours = source("tests/it/defects.rs");
    let theirs = source("../client/tests/it/defects.rs");
    let numbers = |text: &str| -> BTreeSet<u32> {
        let names = text
            .lines()
            .filter_map(|line| line.split("fn defect_").nth(1));
        names
            .filter_map(|name| name.get(..2)?.parse().ok())
            .collect()
    };
    let mut tested = numbers(&ours);
    let excused: BTreeSet<u32> = NOT_HERE.iter().map(|(number, _)| *number).collect();
    tested.extend(numbers(&theirs));
    let both: Vec<_> = tested.intersection(&excused).collect();
    assert!(both.is_empty(), "tested and excused: {both:?}");
    assert!(NOT_HERE.iter().all(|(_, reason)| reason.len() > 20));
    let all: BTreeSet<u32> = tested.union(&excused).copied().collect();
    assert_eq!(
        all,
        (1..=22).collect(),
        "defects without a test or a reason"
    );
}
