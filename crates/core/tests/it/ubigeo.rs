//! Place codes: their forms and the embedded table.

use chaski_core::{Place, Ubigeo};
use proptest::prelude::*;

const TABLE: &str = include_str!("../../data/ubigeo.tsv");

#[test]
fn forms() {
    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        let found = Ubigeo::parse(text);
        assert_eq!(found.as_ref().map(Ubigeo::as_str), expected, "{text:?}");
    }
    check("150130", Some("150130"));
    check(" 150130\u{a0}", Some("150130"));
    check("010101", Some("010101"));
    check("10101", Some("010101"));
    check("999999", Some("999999"));
    check("-", None);
    check("", None);
    check("------", None);
    check("1501", None);
    check("1501301", None);
    check("15013A", None);
    check("+50130", None);
    check("1501３0", None);
    check("150130.0", None);
}

#[test]
fn places() {
    #[track_caller]
    fn check(code: &str, expected: Option<(&str, &str, &str)>) {
        let place = Ubigeo::parse(code).expect("a code").place();
        let names = place.map(|place| (place.departamento, place.provincia, place.distrito));
        assert_eq!(names, expected, "{code}");
    }
    check("150130", Some(("LIMA", "LIMA", "SAN BORJA")));
    check("150101", Some(("LIMA", "LIMA", "LIMA")));
    check("10101", Some(("AMAZONAS", "CHACHAPOYAS", "CHACHAPOYAS")));
    check("070107", Some(("CALLAO", "CALLAO", "MI PERU")));
    check("150105", Some(("LIMA", "LIMA", "BREÑA")));
    check("140201", Some(("LAMBAYEQUE", "FERREÑAFE", "FERREÑAFE")));
    check("100101", Some(("HUANUCO", "HUANUCO", "HUANUCO")));
    check("250401", Some(("UCAYALI", "PURUS", "PURUS")));
    check("160109", Some(("LORETO", "MAYNAS", "PUTUMAYO"))); // only SUNAT's table still has it
    check(
        "160114",
        Some(("LORETO", "MAYNAS", "TENIENTE MANUEL CLAVERO")),
    );
    check("160801", Some(("LORETO", "PUTUMAYO", "PUTUMAYO")));
    check("000000", None);
    check("150100", None);
    check("150199", None);
    check("260101", None);
    check("999999", None);
}

/// The search relies on the order, and a line that is not found would be a silent hole.
#[test]
fn the_table_is_sorted_and_every_line_of_it_is_found() {
    let lines: Vec<(&str, &str)> = TABLE
        .lines()
        .map(|line| line.split_once('\t').expect("code and name"))
        .collect();
    assert!(lines.is_sorted_by(|before, after| before.0 < after.0));
    let count = |digits| {
        lines
            .iter()
            .filter(|(code, _)| code.len() == digits)
            .count()
    };
    assert_eq!((count(2), count(4), count(6)), (25, 196, 1895));
    for (code, name) in lines.iter().filter(|(code, _)| code.len() == 6) {
        let place = Ubigeo::parse(code).and_then(|ubigeo| ubigeo.place());
        assert_eq!(place.map(|place| place.distrito), Some(*name), "{code}");
    }
}

#[test]
fn names_are_as_sunat_writes_them() {
    let strange = |c: char| !(c.is_ascii_uppercase() || "Ñ -".contains(c));
    for line in TABLE.lines() {
        let name = line.split_once('\t').expect("code and name").1;
        assert!(
            !name.is_empty() && name.trim() == name && !name.contains(strange),
            "{line}"
        );
    }
}

#[test]
fn shown() {
    let ubigeo = Ubigeo::parse("10101").expect("a code");
    assert_eq!(format!("{ubigeo} {ubigeo:?}"), "010101 Ubigeo(010101)");
    let place: Option<Place> = ubigeo.place();
    let shown = place.map(|place| place.to_string());
    assert_eq!(
        shown.as_deref(),
        Some("AMAZONAS - CHACHAPOYAS - CHACHAPOYAS")
    );
}

proptest! {
    #[test]
    fn every_code_is_in_the_table_or_has_no_place(code in "[0-9]{6}") {
        let listed = TABLE.lines().any(|line| line.starts_with(&format!("{code}\t")));
        let ubigeo = Ubigeo::parse(&code).expect("six digits");
        prop_assert_eq!(ubigeo.place().is_some(), listed);
    }

    #[test]
    fn any_text_never_panics(text in "\\PC*") {
        let _ = Ubigeo::parse(&text).map(|ubigeo| ubigeo.place());
    }
}
