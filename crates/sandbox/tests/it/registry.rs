//! The invented registry: constant, plausible, and fixed where the documentation says so.

use std::collections::BTreeMap;

use chaski_sandbox::{Sandbox, SandboxConfig};
use serde_json::Value;

use crate::kit::{answer, config, now, sandbox, v1, v2, with_check_digit};

fn seeded(seed: u64) -> Sandbox {
    Sandbox::new(SandboxConfig {
        seed,
        ..SandboxConfig::new(now)
    })
    .unwrap()
}

#[track_caller]
fn check_fixed(ruc: &str, name: &str, estado: &str, condicion: &str, has_address: bool) {
    for seed in [1, 99] {
        let (status, body) = answer(&seeded(seed), v2(&format!("ruc/{ruc}")));
        assert_eq!(status, 200, "{ruc}");
        assert_eq!(body["nombre_o_razon_social"], name);
        assert_eq!(body["estado_del_contribuyente"], estado);
        assert_eq!(body["condicion_de_domicilio"], condicion);
        assert_eq!(body["ubigeo"] != "-", has_address, "{body}");
    }
}

#[test]
#[rustfmt::skip]
fn the_documented_table_holds_for_every_seed() {
    check_fixed("20512963545", "ZONA INFORMATICA DIGITAL S.R.L.", "BAJA DE OFICIO", "HABIDO", true);
    check_fixed("20100070970", "EMPRESA DE PRUEBA UNO S.A.C.", "ACTIVO", "HABIDO", true);
    check_fixed("20131312955", "EMPRESA DE PRUEBA DOS S.A.", "ACTIVO", "HABIDO", true);
    check_fixed("20100038146", "COMPAÑIA DE PRUEBA TRES S.A.A.", "ACTIVO", "HABIDO", true);
    check_fixed("20603274742", "EMPRESA DE PRUEBA CUATRO E.I.R.L.", "ACTIVO", "HABIDO", true);
    check_fixed("20604702811", "EMPRESA DE PRUEBA CINCO S.R.L.", "ACTIVO", "HABIDO", true);
    check_fixed("20604763500", "EMPRESA DE PRUEBA SEIS S.A.C.", "ACTIVO", "HABIDO", true);
    check_fixed("20604915351", "EMPRESA DE PRUEBA SIETE S.A.C.", "ACTIVO", "HABIDO", true);
    check_fixed("20512333797", "EMPRESA DE PRUEBA OCHO S.A.C.", "ACTIVO", "HABIDO", true);
    check_fixed("20000712711", "EMPRESA DE RESIDUO CERO S.A.C.", "ACTIVO", "HABIDO", true);
    check_fixed("20000475140", "EMPRESA DE RESIDUO UNO S.A.C.", "ACTIVO", "HABIDO", true);
    check_fixed("20000316769", "EMPRESA DE RESIDUO DOS S.A.C.", "BAJA DE OFICIO", "HABIDO", true);
    check_fixed("20000079198", "EMPRESA DE RESIDUO TRES S.A.C.", "ACTIVO", "NO HABIDO", true);
    check_fixed("20000871096", "EMPRESA DE RESIDUO CINCO S.A.C.", "ACTIVO", "HABIDO", false);
    check_fixed("20000237575", "EMPRESA DE RESIDUO SEIS S.A.C.", "BAJA PROV. POR OFICI", "NO HALLADO", true);
    check_fixed("20000791904", "EMPRESA DE RESIDUO SIETE S.A.C.", "SUSPENSION TEMPORAL", "HABIDO", true);
    check_fixed("20000554333", "EMPRESA DE RESIDUO OCHO S.A.C.", "ACTIVO", "NO HALLADO SE MUDO D", true);
    check_fixed("20000395952", "CORPORACION  ÑANDÚ & MUÑOZ DE PRUEBA  E.I.R.L. ", "ACTIVO", "HABIDO", true);
    check_fixed("20000158381", "EMPRESA DE RESIDUO DIEZ S.A.C.", "BAJA MULT.INSCR. Y O", "-", true);
    check_fixed("15000791901", "PRUEBA EXTRANJERA UNO", "ACTIVO", "HABIDO", false);
    check_fixed("15000554330", "PRUEBA EXTRANJERA DOS", "ACTIVO", "HABIDO", false);
    check_fixed("16000079191", "PRUEBA ESPECIAL UNO", "ACTIVO", "HABIDO", false);
    check_fixed("16000633520", "PRUEBA ESPECIAL DOS", "ACTIVO", "HABIDO", false);
    check_fixed("17000158381", "PRUEBA NO DOMICILIADA UNO", "ACTIVO", "HABIDO", false);
    check_fixed("17000712710", "PRUEBA NO DOMICILIADA DOS", "BAJA DEFINITIVA", "HABIDO", false);
    check_fixed("10123456781", "EJEMPLO FICTICIO ANA LUCIA", "ACTIVO", "HABIDO", false);
    check_fixed("10876543210", "DE LA PRUEBA ÑUÑOVAR LUIS ALBERTO", "ACTIVO", "HABIDO", false);
    check_fixed("10111111117", "MUESTRA MODELO ROSA", "BAJA DEFINITIVA", "HABIDO", false);
    check_fixed("10999999994", "SIMULADO DE LOS ENSAYOS JOSE ANGEL", "ACTIVO", "NO HABIDO", false);
}

#[test]
fn the_numbers_documented_as_unknown_are_unknown_for_every_seed() {
    for path in ["ruc/20000633527", "ruc/10000000006", "dni/00000000"] {
        for seed in [1, 99] {
            assert_eq!(answer(&seeded(seed), v2(path)).0, 404, "{path}");
        }
    }
}

/// A hundred numbers in one collection, `batch` by `batch`.
fn collection(sandbox: &Sandbox, prefix: &str, batch: u64) -> Vec<Value> {
    let numbers = (0..100).map(|index| {
        let body = (batch * 100 + index) * 7919 % 100_000_000;
        format!("ruc[]={}", with_check_digit(&format!("{prefix}{body:08}")))
    });
    let body = numbers.collect::<Vec<_>>().join("&");
    let (status, answer) = answer(sandbox, v1("ruc/collection", &body));
    assert_eq!(status, 200);
    answer.as_array().unwrap().clone()
}

#[test]
fn the_same_seed_gives_the_same_answer_and_another_seed_another() {
    let first = collection(&seeded(7), "20", 3);
    assert_eq!(first, collection(&seeded(7), "20", 3));
    assert_ne!(first, collection(&seeded(8), "20", 3));
}

#[test]
fn the_answer_of_one_seed_does_not_change_between_versions() {
    let (_, body) = answer(&sandbox(), v2("ruc/20111222330"));
    let expected = include_str!("../golden/ruc-20111222330.json");
    assert_eq!(body.to_string(), expected.trim());
}

#[test]
fn ten_thousand_companies_are_spread_as_documented() {
    let sandbox = sandbox();
    let mut spread: BTreeMap<String, u32> = BTreeMap::new();
    let (mut unknown, mut doubled, mut enye) = (0, 0, 0);
    for batch in 0..100 {
        for item in collection(&sandbox, "20", batch) {
            if item["success"] == false {
                unknown += 1;
                continue;
            }
            let text = |key: &str| item[key].as_str().unwrap().to_owned();
            let (estado, condicion) = (
                text("estado_del_contribuyente"),
                text("condicion_de_domicilio"),
            );
            assert!(estado.chars().count() <= 20 && condicion.chars().count() <= 20);
            *spread.entry(format!("{estado}/{condicion}")).or_default() += 1;
            doubled += u32::from(text("nombre_o_razon_social").contains("  "));
            enye += u32::from(text("nombre_o_razon_social").contains('Ñ'));
            let full = format!(
                "{} - {} {} {}",
                text("direccion_simple"),
                text("departamento"),
                text("provincia"),
                text("distrito")
            );
            assert!(text("ubigeo") == "-" || text("direccion") == full);
        }
    }
    assert!((250..350).contains(&unknown), "{unknown} unknown");
    let good = spread["ACTIVO/HABIDO"];
    assert!((8_000..8_400).contains(&good), "{good} active and habido");
    assert!(spread.keys().filter(|key| key.starts_with("BAJA")).count() >= 5);
    assert!(spread["ACTIVO/NO HABIDO"] > 200 && spread["ACTIVO/NO HALLADO"] > 100);
    assert!(
        doubled > 200 && enye > 1_000,
        "{doubled} doubled blanks, {enye} with Ñ"
    );
}

#[test]
fn people_have_no_address_but_placeholders() {
    let mut texts = std::collections::BTreeSet::new();
    for item in collection(&sandbox(), "10", 1) {
        if item["success"] == true {
            assert_eq!(
                (&item["ubigeo"], &item["distrito"]),
                (&"-".into(), &"-".into())
            );
            texts.insert(item["direccion"].as_str().unwrap().to_owned());
        }
    }
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    assert_eq!(texts, ["", " ", " - - - -"]);
}

#[test]
fn a_ruc_10_bears_the_name_of_its_dni() {
    let sandbox = Sandbox::new(config()).unwrap();
    let mut compared = 0;
    for dni in ["00000001", "00000002", "00000003", "12345678"] {
        let (ruc_status, ruc) = answer(
            &sandbox,
            v2(&format!("ruc/{}", with_check_digit(&format!("10{dni}")))),
        );
        let (dni_status, person) = answer(&sandbox, v2(&format!("dni/{dni}")));
        if (ruc_status, dni_status) == (200, 200) {
            assert_eq!(ruc["nombre_o_razon_social"], person["nombre"]);
            compared += 1;
        }
    }
    assert!(compared >= 2);
}

#[test]
fn about_three_in_a_hundred_dnis_are_unknown() {
    let sandbox = sandbox();
    let unknown = (1..=1000)
        .filter(|dni| answer(&sandbox, v2(&format!("dni/{dni:08}"))).0 == 404)
        .count();
    assert!((15..=45).contains(&unknown), "{unknown}");
}
