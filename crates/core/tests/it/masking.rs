//! Nothing printable ever contains a DNI or a natural person's name.

use std::fmt::Debug;

use chaski_core::{
    Address, CheckDigit, Condicion, Dni, Estado, Lang, Role, Ruc, RucRules, Taxpayer, fitness,
};
use jiff::civil::date;
use proptest::prelude::*;

/// The number that must not appear; nobody's, chosen to be found easily.
const CANARY: &str = "00774411";
const NAME: &str = "APELLIDOCANARIO";

#[track_caller]
fn hidden(shown: &str) {
    // The whole number, and any five of its digits in a row: a mask shows two at most.
    for part in CANARY
        .as_bytes()
        .windows(5)
        .map(|part| std::str::from_utf8(part).expect("digits"))
    {
        assert!(!shown.contains(part), "{shown}");
    }
    assert!(!shown.contains(NAME), "{shown}");
}

#[track_caller]
fn debug_hidden(value: &impl Debug) {
    hidden(&format!("{value:?}"));
    hidden(&format!("{value:#?}"));
}

fn person() -> Taxpayer {
    let ruc = Ruc::from_dni(CANARY.parse().expect("a DNI"));
    Taxpayer {
        estado: Estado::parse(&format!("{NAME} {CANARY}")),
        condicion: Condicion::parse(&format!("{NAME} {CANARY}")),
        address: Address {
            direccion: Some(format!("JR. {NAME} {CANARY}")),
            ..Address::default()
        },
        ..Taxpayer::new(ruc, format!("{NAME} {CANARY}"))
    }
}

#[test]
fn numbers_print_masked() {
    let dni: Dni = CANARY.parse().expect("a DNI");
    let ruc = Ruc::from_dni(dni);
    assert_eq!(format!("{dni} {dni:?}"), "00****11 Dni(00****11)");
    assert_eq!(format!("{ruc} {ruc:?}"), "10******116 Ruc(10******116)");
    hidden(&format!("{dni}{ruc}"));
    debug_hidden(&(dni, ruc, [Some(ruc)]));
    hidden(&(dni.masked() + &ruc.masked()));
}

#[test]
fn every_personal_prefix_prints_masked_and_companies_do_not() {
    #[track_caller]
    fn check(ruc: &str, shown: &str) {
        let ruc: Ruc = ruc.parse().expect(ruc);
        assert_eq!(
            (ruc.to_string(), format!("{ruc:?}")),
            (shown.into(), format!("Ruc({shown})"))
        );
    }
    check("10000000006", "10******006");
    check("15000791901", "15******901");
    check("16000079191", "16******191");
    check("17000158381", "17******381");
    check("20100070970", "20100070970");
}

#[test]
fn a_natural_person_prints_masked() {
    debug_hidden(&person());
    let known = Taxpayer {
        estado: Some(Estado::Activo),
        ..person()
    };
    assert!(format!("{known:?}").contains("ACTIVO"));
    let company = Taxpayer::new(
        "20100070970".parse().expect("a RUC"),
        "EMPRESA DE PRUEBA S.A.C.",
    );
    assert!(format!("{company:?}").contains("EMPRESA DE PRUEBA"));
}

#[test]
fn findings_do_not_tell_the_number() {
    for role in [Role::Buyer, Role::Issuer] {
        let clean = Taxpayer {
            estado: None,
            condicion: None,
            ..person()
        };
        for taxpayer in [None, Some(&clean)] {
            debug_hidden(&fitness(&person().ruc, taxpayer, role, date(2026, 9, 1)));
        }
    }
}

/// Damaged forms of the canary: each must be refused, and the refusal must not repeat it.
#[test]
fn errors_do_not_tell_the_number() {
    let ruc = Ruc::from_dni(CANARY.parse().expect("a DNI"));
    let wrong_digit = format!("10{CANARY}0");
    let forms = [
        format!("{CANARY}X"),
        format!("{CANARY}0"),
        format!("{CANARY}00"),
        format!("x{CANARY}"),
        wrong_digit,
        format!("{}0", ruc.as_str()),
        format!("99{CANARY}0"),
        format!("10{CANARY}"),
    ];
    for form in &forms {
        let error = form.parse::<Ruc>().expect_err("damaged");
        debug_hidden(&error);
        hidden(&(error.to_string() + &error.message(Lang::En)));
        let error = form.parse::<Dni>().expect_err("damaged");
        debug_hidden(&error);
        hidden(&(error.to_string() + &error.message(Lang::En)));
    }
}

proptest! {
    #[test]
    fn a_mask_never_holds_more_than_two_digits_of_each_end(number in 0..100_000_000_u32) {
        let dni: Dni = format!("{number:08}").parse().expect("eight digits");
        let rules = RucRules { check_digit: CheckDigit::FormatOnly, ..RucRules::default() };
        let ruc = Ruc::from_dni(dni);
        let digits = |text: String| text.chars().filter(char::is_ascii_digit).count();
        prop_assert_eq!(digits(format!("{dni:?}")), 4);
        prop_assert_eq!(digits(format!("{ruc:?}")), 5);
        prop_assert_eq!(digits(format!("{:?}", Ruc::parse_with(ruc.as_str(), &rules).unwrap_or(ruc))), 5);
    }
}
