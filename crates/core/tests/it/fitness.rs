//! Fitness: SUNAT's table, Chaski's own findings, the words of the replaced system.

use chaski_core::{
    Address, CheckDigit, Condicion, Estado, Fitness, Lang, Level, Role, Ruc, RucRules, Severity,
    Taxpayer, fitness,
};
use jiff::civil::{Date, date};

const TODAY: Date = Date::constant(2026, 9, 1);
const ADDRESS: &str = "AV. LAS PRUEBAS NRO. 123 - LIMA LIMA LIMA";

/// A company with a name, an address and fresh data, of the given estado and condición.
fn company(estado: Option<Estado>, condicion: Option<Condicion>) -> Taxpayer {
    let ruc = "20100070970".parse().expect("a RUC");
    Taxpayer {
        estado,
        condicion,
        address: Address {
            direccion: Some(ADDRESS.into()),
            ..Address::default()
        },
        actualizado_en: Some(TODAY.at(3, 0, 0, 0)),
        ..Taxpayer::new(ruc, "EMPRESA DE PRUEBA S.A.C.")
    }
}

fn fit_company() -> Taxpayer {
    company(Some(Estado::Activo), Some(Condicion::Habido))
}

fn judge(taxpayer: &Taxpayer, role: Role) -> Fitness {
    fitness(&taxpayer.ruc, Some(taxpayer), role, TODAY)
}

fn codes(fitness: &Fitness) -> Vec<&'static str> {
    fitness
        .hallazgos
        .iter()
        .map(|finding| finding.codigo)
        .collect()
}

/// The three notions, the level and the codes of a company with these values.
#[track_caller]
fn check(
    role: Role,
    estado: Option<Estado>,
    condicion: Option<Condicion>,
    level: Level,
    recommended: bool,
    expected: &[&str],
) {
    let verdict = judge(&company(estado.clone(), condicion.clone()), role);
    let case = format!("{role:?} {estado:?} {condicion:?}");
    assert_eq!(codes(&verdict), expected, "{case}");
    assert_eq!(verdict.nivel, level, "{case}");
    assert_eq!(
        verdict.apto_para_emitir_factura(),
        level != Level::Rechazado,
        "{case}"
    );
    assert_eq!(verdict.sin_observaciones(), level == Level::Ok, "{case}");
    assert_eq!(
        (verdict.apto, verdict.recomendado()),
        (recommended, recommended),
        "{case}"
    );
    assert_eq!(verdict.valido, recommended, "{case}");
}

#[test]
fn sunat_table_for_the_buyer() {
    use Level::{Observado, Ok};
    let activo = || Some(Estado::Activo);
    let habido = || Some(Condicion::Habido);
    let case = |estado, condicion, level, recommended, expected: &[&str]| {
        check(Role::Buyer, estado, condicion, level, recommended, expected);
    };
    case(activo(), habido(), Ok, true, &[]);
    case(
        activo(),
        Some(Condicion::NoHabido),
        Observado,
        false,
        &["4014"],
    );
    case(
        Some(Estado::BajaDeOficio),
        habido(),
        Observado,
        false,
        &["4013"],
    );
    case(
        Some(Estado::BajaDefinitiva),
        Some(Condicion::NoHabido),
        Observado,
        false,
        &["4013", "4014"],
    );
    case(
        activo(),
        Some(Condicion::NoHallado),
        Ok,
        false,
        &["CH-CONDICION"],
    );
    case(
        activo(),
        Some(Condicion::Pendiente),
        Ok,
        false,
        &["CH-CONDICION"],
    );
    case(
        Some(Estado::SuspensionTemporal),
        Some(Condicion::PorVerificar),
        Observado,
        false,
        &["4013", "CH-CONDICION"],
    );
    // Nothing known of it must break nothing, and nothing is claimed in SUNAT's name.
    case(None, habido(), Observado, false, &["CH-ESTADO-DESCONOCIDO"]);
    case(activo(), None, Ok, false, &["CH-CONDICION-DESCONOCIDA"]);
    case(
        None,
        None,
        Observado,
        false,
        &["CH-ESTADO-DESCONOCIDO", "CH-CONDICION-DESCONOCIDA"],
    );
    case(
        Estado::parse("EN TRÁMITE"),
        Condicion::parse("NUEVA"),
        Observado,
        false,
        &["CH-ESTADO-DESCONOCIDO", "CH-CONDICION-DESCONOCIDA"],
    );
    case(
        Estado::parse("-"),
        habido(),
        Observado,
        false,
        &["CH-ESTADO-DESCONOCIDO"],
    );
}

#[test]
fn sunat_table_for_the_issuer() {
    use Level::{Observado, Ok, Rechazado};
    let activo = || Some(Estado::Activo);
    let habido = || Some(Condicion::Habido);
    let case = |estado, condicion, level, recommended, expected: &[&str]| {
        check(
            Role::Issuer,
            estado,
            condicion,
            level,
            recommended,
            expected,
        );
    };
    case(activo(), habido(), Ok, true, &[]);
    case(
        Some(Estado::BajaDeOficio),
        habido(),
        Rechazado,
        false,
        &["2010"],
    );
    case(
        activo(),
        Some(Condicion::NoHabido),
        Rechazado,
        false,
        &["2011"],
    );
    case(
        Some(Estado::BajaProvisional),
        Some(Condicion::NoHabido),
        Rechazado,
        false,
        &["2010", "2011"],
    );
    case(
        activo(),
        Some(Condicion::NoHallado),
        Ok,
        false,
        &["CH-CONDICION"],
    );
    case(
        Some(Estado::PendienteDeInicio),
        Some(Condicion::Pendiente),
        Rechazado,
        false,
        &["2010", "CH-CONDICION"],
    );
    case(
        None,
        None,
        Observado,
        false,
        &["CH-ESTADO-DESCONOCIDO", "CH-CONDICION-DESCONOCIDA"],
    );
    case(
        None,
        Some(Condicion::NoHabido),
        Rechazado,
        false,
        &["2011", "CH-ESTADO-DESCONOCIDO"], // errors first
    );
}

/// Every known estado but ACTIVO, every known condición but HABIDO, on both sides.
#[test]
fn every_value_of_both_lists() {
    for estado in Estado::ALL.iter().filter(|estado| !estado.is_activo()) {
        let case = |role, level, code| {
            check(
                role,
                Some(estado.clone()),
                Some(Condicion::Habido),
                level,
                false,
                &[code],
            );
        };
        case(Role::Buyer, Level::Observado, "4013");
        case(Role::Issuer, Level::Rechazado, "2010");
    }
    for condicion in Condicion::ALL
        .iter()
        .filter(|condicion| !condicion.is_habido())
    {
        let case = |role, level, code| {
            check(
                role,
                Some(Estado::Activo),
                Some(condicion.clone()),
                level,
                false,
                &[code],
            );
        };
        if condicion.is_no_habido() {
            case(Role::Buyer, Level::Observado, "4014");
            case(Role::Issuer, Level::Rechazado, "2011");
        } else {
            case(Role::Buyer, Level::Ok, "CH-CONDICION");
            case(Role::Issuer, Level::Ok, "CH-CONDICION");
        }
    }
}

#[test]
fn severities_of_sunat_codes() {
    #[track_caller]
    fn check(role: Role, estado: Estado, condicion: Condicion, severities: &[Severity]) {
        let verdict = judge(&company(Some(estado), Some(condicion)), role);
        let found: Vec<_> = verdict
            .hallazgos
            .iter()
            .map(|finding| finding.severidad)
            .collect();
        assert_eq!(found, severities);
    }
    use Severity::{Aviso, Error, Observacion};
    let baja = || Estado::BajaDefinitiva;
    check(
        Role::Buyer,
        baja(),
        Condicion::NoHabido,
        &[Observacion, Observacion],
    );
    check(Role::Issuer, baja(), Condicion::NoHabido, &[Error, Error]);
    check(Role::Issuer, baja(), Condicion::Devuelto, &[Error, Aviso]);
}

#[test]
fn a_number_that_does_not_exist() {
    #[track_caller]
    fn check(role: Role, expected: &[&str]) {
        let ruc: Ruc = "20100070970".parse().expect("a RUC");
        let verdict = fitness(&ruc, None, role, TODAY);
        assert_eq!(codes(&verdict), expected);
        assert_eq!(
            (verdict.nivel, verdict.apto, verdict.valido),
            (Level::Rechazado, false, false)
        );
        assert!(!verdict.apto_para_emitir_factura() && !verdict.sin_observaciones());
        assert_eq!(verdict.errores, ["RUC no encontrado en SUNAT"]);
        assert!(verdict.advertencias.is_empty());
    }
    check(Role::Buyer, &["1083"]);
    check(Role::Issuer, &["CH-EMISOR-NO-EXISTE"]);
}

#[test]
fn names_and_addresses() {
    #[track_caller]
    fn check(ruc: &str, name: &str, address: Option<&str>, expected: &[&str], warned: &[&str]) {
        let address = Address {
            direccion: address.map(Into::into),
            ..Address::default()
        };
        let ruc: Ruc = ruc.parse().expect(ruc);
        let taxpayer = Taxpayer {
            ruc,
            nombre_o_razon_social: name.into(),
            address,
            ..fit_company()
        };
        let verdict = judge(&taxpayer, Role::Buyer);
        assert_eq!(codes(&verdict), expected, "{name:?}");
        assert_eq!(verdict.advertencias, warned, "{name:?}");
        assert!(verdict.apto && verdict.valido && verdict.sin_observaciones());
    }
    const NAME: &str = "Razón social muy corta o vacía";
    const PLACE: &str = "Dirección muy corta o incompleta";
    let (company, person) = ("20100070970", "10000000006");
    check(company, "ABC", Some("CAL. UNO 1"), &[], &[]);
    check(company, "", Some(ADDRESS), &["CH-NOMBRE"], &[NAME]);
    check(company, "AB", Some(ADDRESS), &["CH-NOMBRE"], &[NAME]);
    check(company, "  A\t B  ", Some(ADDRESS), &[], &[]);
    check(company, " ÑÁ ", Some(ADDRESS), &["CH-NOMBRE"], &[NAME]);
    check(company, "ÑÁÉ", Some(ADDRESS), &[], &[]);
    check(company, "EMPRESA", None, &["CH-DIRECCION"], &[PLACE]);
    check(
        company,
        "EMPRESA",
        Some(" - - - -"),
        &["CH-DIRECCION"],
        &[PLACE],
    );
    check(
        company,
        "EMPRESA",
        Some("CAL. UNO"),
        &["CH-DIRECCION"],
        &[PLACE],
    );
    check(
        company,
        "",
        None,
        &["CH-NOMBRE", "CH-DIRECCION"],
        &[NAME, PLACE],
    );
    // A natural person has no address in the registry: normal, though the original warns of it.
    check(person, "APELLIDO APELLIDO NOMBRE", None, &[], &[PLACE]);
    check(
        person,
        "APELLIDO APELLIDO NOMBRE",
        Some(" - - - -"),
        &[],
        &[PLACE],
    );
    check(
        person,
        "APELLIDO APELLIDO NOMBRE",
        Some("CAL. UNO"),
        &["CH-DIRECCION"],
        &[PLACE],
    );
    check(
        "15000791901",
        "APELLIDO NOMBRE",
        None,
        &["CH-DIRECCION"],
        &[PLACE],
    );
}

#[test]
fn the_address_without_the_place_is_good_enough() {
    let address = Address {
        direccion_simple: Some("AV. LAS PRUEBAS 1".into()),
        ..Address::default()
    };
    let verdict = judge(
        &Taxpayer {
            address,
            ..fit_company()
        },
        Role::Buyer,
    );
    assert_eq!((codes(&verdict), verdict.advertencias), (vec![], vec![]));
}

#[test]
fn old_data() {
    #[track_caller]
    fn check(updated: Option<Date>, expected: &[&str]) {
        let actualizado_en = updated.map(|day| day.at(23, 59, 59, 0));
        let verdict = judge(
            &Taxpayer {
                actualizado_en,
                ..fit_company()
            },
            Role::Buyer,
        );
        assert_eq!(codes(&verdict), expected, "{updated:?}");
        assert!(verdict.apto && verdict.nivel == Level::Ok);
    }
    check(None, &[]);
    check(Some(TODAY), &[]);
    check(Some(date(2026, 9, 2)), &[]); // a source ahead of us
    check(Some(date(2025, 9, 1)), &[]); // 365 days
    check(Some(date(2025, 8, 31)), &["CH-DATOS-ANTIGUOS"]); // 366
    check(Some(date(2010, 1, 1)), &["CH-DATOS-ANTIGUOS"]);
}

#[test]
fn what_the_number_alone_says() {
    #[track_caller]
    fn check(ruc: &str, expected: &[&str]) {
        let rules = RucRules {
            check_digit: CheckDigit::FormatOnly,
            ..RucRules::default()
        };
        let ruc = Ruc::parse_with(ruc, &rules).expect(ruc);
        let verdict = judge(
            &Taxpayer {
                ruc,
                ..fit_company()
            },
            Role::Buyer,
        );
        assert_eq!(codes(&verdict), expected, "{ruc}");
        assert!(verdict.apto && verdict.sin_observaciones());
        let absent = fitness(&ruc, None, Role::Buyer, TODAY);
        assert_eq!(
            codes(&absent),
            [&["1083"], expected].concat(),
            "{ruc} not found"
        );
    }
    check("20100070970", &[]);
    check("16000079191", &[]);
    check("17000158381", &["CH-NO-DOMICILIADO"]);
    check("20987654321", &["CH-DIGITO"]);
    check("17000158380", &["CH-NO-DOMICILIADO", "CH-DIGITO"]);
    check("99512333792", &["CH-PREFIJO"]);
    check("99512333790", &["CH-PREFIJO", "CH-DIGITO"]);
}

#[test]
fn the_words_of_the_replaced_system() {
    #[track_caller]
    fn check(estado: Option<&str>, condicion: Option<&str>, expected: &[&str]) {
        let parsed = company(
            estado.and_then(Estado::parse),
            condicion.and_then(Condicion::parse),
        );
        for role in [Role::Buyer, Role::Issuer] {
            let verdict = judge(&parsed, role);
            assert_eq!(verdict.errores, expected);
            assert_eq!(verdict.valido, expected.is_empty());
        }
    }
    check(Some("ACTIVO"), Some("HABIDO"), &[]);
    check(Some("activo"), Some("Habido"), &[]);
    check(
        Some("BAJA DE OFICIO"),
        Some("NO HABIDO"),
        &[
            "Contribuyente no está ACTIVO (estado: BAJA DE OFICIO)",
            "Contribuyente no es HABIDO (condición: NO HABIDO)",
        ],
    );
    check(
        Some("En trámite"),
        Some("HABIDO"),
        &["Contribuyente no está ACTIVO (estado: EN TRÁMITE)"],
    );
    check(
        Some("-"),
        None,
        &[
            "Contribuyente no está ACTIVO (estado: -)",
            "Contribuyente no es HABIDO (condición: -)",
        ],
    );
}

#[test]
fn every_finding_speaks_both_languages() {
    #[track_caller]
    fn check(verdict: &Fitness, code: &str, es: &str, en: &str) {
        let finding = verdict
            .hallazgos
            .iter()
            .find(|finding| finding.codigo == code);
        let finding = finding.unwrap_or_else(|| panic!("{code} not in {:?}", codes(verdict)));
        assert_eq!(
            (finding.message(Lang::Es), finding.message(Lang::En)),
            (es, en)
        );
    }
    let worst = Taxpayer {
        ruc: "17000158381".parse().expect("a RUC"),
        nombre_o_razon_social: String::new(),
        address: Address::default(),
        actualizado_en: Some(date(2020, 1, 31).at(0, 0, 0, 0)),
        ..company(Some(Estado::BajaDeOficio), Some(Condicion::NoHabido))
    };
    let buyer = judge(&worst, Role::Buyer);
    check(
        &buyer,
        "4013",
        "el cliente no está ACTIVO en SUNAT (estado: BAJA DE OFICIO)",
        "the buyer is not ACTIVO at SUNAT (estado: BAJA DE OFICIO)",
    );
    check(
        &buyer,
        "4014",
        "el cliente tiene condición de domicilio NO HABIDO",
        "the buyer is NO HABIDO: not to be found at its address",
    );
    check(
        &buyer,
        "CH-DATOS-ANTIGUOS",
        "los datos son del 31/01/2020: tienen más de un año",
        "the data are of 2020-01-31: over a year old",
    );
    let issuer = judge(&worst, Role::Issuer);
    check(
        &issuer,
        "2010",
        "el emisor no está ACTIVO en SUNAT (estado: BAJA DE OFICIO)",
        "the issuer is not ACTIVO at SUNAT (estado: BAJA DE OFICIO)",
    );
    for finding in buyer.hallazgos.iter().chain(&issuer.hallazgos) {
        assert_ne!(
            finding.message(Lang::Es),
            finding.message(Lang::En),
            "{}",
            finding.codigo
        );
    }
}

#[test]
fn words_for_machines() {
    let levels = [Level::Ok, Level::Observado, Level::Rechazado].map(Level::as_str);
    assert_eq!(levels, ["ok", "observado", "rechazado"]);
    let severities =
        [Severity::Error, Severity::Observacion, Severity::Aviso].map(Severity::as_str);
    assert_eq!(severities, ["error", "observacion", "aviso"]);
    assert_eq!(
        [Role::Buyer, Role::Issuer].map(Role::as_str),
        ["adquirente", "emisor"]
    );
}
