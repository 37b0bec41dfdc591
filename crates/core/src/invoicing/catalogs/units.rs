//! Units of measure in common use, for lists and suggestions: catálogo 03 (UN/ECE rec. 20).
//!
//! Source: SUNAT's annex 8, catálogo 03. NubeFact knows NIU and ZZ; any other must be created in the
//! account first, so a code that is not here is not wrong.

/// Code and Spanish name, the two of every account first.
pub const UNITS: [(&str, &str); 26] = [
    ("NIU", "unidad (bienes)"),
    ("ZZ", "unidad (servicios)"),
    ("KGM", "kilogramo"),
    ("TNE", "tonelada"),
    ("GRM", "gramo"),
    ("LTR", "litro"),
    ("MLT", "mililitro"),
    ("GLL", "galón (3.7854 litros)"),
    ("MTR", "metro"),
    ("CMT", "centímetro"),
    ("MTK", "metro cuadrado"),
    ("MTQ", "metro cúbico"),
    ("FOT", "pie"),
    ("INH", "pulgada"),
    ("LBR", "libra"),
    ("ONZ", "onza"),
    ("DZN", "docena"),
    ("CEN", "ciento"),
    ("MIL", "millar"),
    ("BX", "caja"),
    ("PK", "paquete"),
    ("BG", "bolsa"),
    ("BO", "botella"),
    ("SET", "juego"),
    ("PR", "par"),
    ("KT", "kit"),
];

/// Unit of goods, where the caller says none.
pub const GOODS: &str = "NIU";
/// Unit of services.
pub const SERVICES: &str = "ZZ";
/// Units of a guía's gross weight.
pub const OF_WEIGHT: [&str; 2] = ["KGM", "TNE"];

/// The Spanish name of a unit in common use.
///
/// ```
/// use chaski_core::invoicing::catalogs::units;
/// assert_eq!(units::name("KGM"), Some("kilogramo"));
/// assert_eq!(units::name("unidad"), None);
/// ```
pub fn name(code: &str) -> Option<&'static str> {
    let (_, name) = UNITS.iter().find(|(unit, _)| *unit == code)?;
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn codes_are_unique_and_fit_nubefacts_field() {
        let codes: BTreeSet<&str> = UNITS.iter().map(|(code, _)| *code).collect();
        assert_eq!(codes.len(), UNITS.len());
        assert!(codes.iter().all(|code| (2..=5).contains(&code.len())));
        for code in [GOODS, SERVICES].into_iter().chain(OF_WEIGHT) {
            assert!(name(code).is_some(), "{code}");
        }
    }
}
