//! How a line is affected by IGV: catálogo 07, its tribute (catálogo 05), and NubeFact's
//! `tipo_de_igv` or `tipo_de_ivap`.
//!
//! Sources: SUNAT's workbook of validations (tributes; IGV must be 0.00: 3110; must not: 3111);
//! NubeFact's manual v2.9 (its numbers). The pairs follow from the names, which are the same in
//! both; 9996, 9997 and 9998 were seen in answers.

/// The tribute of a line: catálogo 05.
///
/// ```
/// use chaski_core::invoicing::catalogs::affectations::Tribute;
/// assert_eq!(Tribute::Gratuito.code(), "9996");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tribute {
    /// 1000.
    Igv,
    /// 1016.
    Ivap,
    /// 9995.
    Exportacion,
    /// 9996: every free line, whatever it would have been.
    Gratuito,
    /// 9997.
    Exonerado,
    /// 9998.
    Inafecto,
}

impl Tribute {
    /// SUNAT's code.
    pub fn code(self) -> &'static str {
        match self {
            Tribute::Igv => "1000",
            Tribute::Ivap => "1016",
            Tribute::Exportacion => "9995",
            Tribute::Gratuito => "9996",
            Tribute::Exonerado => "9997",
            Tribute::Inafecto => "9998",
        }
    }
}

/// Which of NubeFact's two fields carries an affectation, and with which number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NubefactAffectation {
    /// `tipo_de_igv`.
    Igv(u8),
    /// `tipo_de_ivap`.
    Ivap(u8),
}

/// One row of catálogo 07.
///
/// ```
/// use chaski_core::invoicing::catalogs::affectations::{Affectation, Tribute};
/// let free = Affectation::from_nubefact(20).expect("a known number");
/// assert_eq!((free.catalog, free.tribute), ("37", Tribute::Gratuito));
/// assert!(free.is_free() && !free.bears_igv);
/// // 30 is SUNAT's code for inafecto; NubeFact's number for it is 9.
/// assert!(Affectation::from_nubefact(30).is_none());
/// assert_eq!(Affectation::from_catalog("30").and_then(|it| it.tipo_de_igv()), Some(9));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Affectation {
    /// Code of catálogo 07. `17` is two rows: IVAP sold, and given away.
    pub catalog: &'static str,
    /// NubeFact's field and number.
    pub nubefact: NubefactAffectation,
    /// Tribute of the line.
    pub tribute: Tribute,
    /// Whether IGV (or IVAP) is computed on the line: SUNAT's 3111 asks for it, 3110 forbids it
    /// elsewhere. On a free line it is stated and not charged.
    pub bears_igv: bool,
    /// SUNAT's name in Spanish.
    pub name: &'static str,
}

use NubefactAffectation::{Igv, Ivap};

/// Every affectation, in the order of catálogo 07.
pub const AFFECTATIONS: [Affectation; 20] = [
    row(
        "10",
        Igv(1),
        Tribute::Igv,
        true,
        "gravado, operación onerosa",
    ),
    row(
        "11",
        Igv(2),
        Tribute::Gratuito,
        true,
        "gravado, retiro por premio",
    ),
    row(
        "12",
        Igv(3),
        Tribute::Gratuito,
        true,
        "gravado, retiro por donación",
    ),
    row("13", Igv(4), Tribute::Gratuito, true, "gravado, retiro"),
    row(
        "14",
        Igv(5),
        Tribute::Gratuito,
        true,
        "gravado, retiro por publicidad",
    ),
    row(
        "15",
        Igv(6),
        Tribute::Gratuito,
        true,
        "gravado, bonificaciones",
    ),
    row(
        "16",
        Igv(7),
        Tribute::Gratuito,
        true,
        "gravado, retiro por entrega a trabajadores",
    ),
    row("17", Ivap(17), Tribute::Ivap, true, "gravado, IVAP"),
    row(
        "17",
        Ivap(101),
        Tribute::Gratuito,
        true,
        "gravado, IVAP gratuito",
    ),
    row(
        "20",
        Igv(8),
        Tribute::Exonerado,
        false,
        "exonerado, operación onerosa",
    ),
    row(
        "21",
        Igv(17),
        Tribute::Gratuito,
        false,
        "exonerado, transferencia gratuita",
    ),
    row(
        "30",
        Igv(9),
        Tribute::Inafecto,
        false,
        "inafecto, operación onerosa",
    ),
    row(
        "31",
        Igv(10),
        Tribute::Gratuito,
        false,
        "inafecto, retiro por bonificación",
    ),
    row("32", Igv(11), Tribute::Gratuito, false, "inafecto, retiro"),
    row(
        "33",
        Igv(12),
        Tribute::Gratuito,
        false,
        "inafecto, retiro por muestras médicas",
    ),
    row(
        "34",
        Igv(13),
        Tribute::Gratuito,
        false,
        "inafecto, retiro por convenio colectivo",
    ),
    row(
        "35",
        Igv(14),
        Tribute::Gratuito,
        false,
        "inafecto, retiro por premio",
    ),
    row(
        "36",
        Igv(15),
        Tribute::Gratuito,
        false,
        "inafecto, retiro por publicidad",
    ),
    row(
        "37",
        Igv(20),
        Tribute::Gratuito,
        false,
        "inafecto, transferencia gratuita",
    ),
    row("40", Igv(16), Tribute::Exportacion, false, "exportación"),
];

const fn row(
    catalog: &'static str,
    nubefact: NubefactAffectation,
    tribute: Tribute,
    bears_igv: bool,
    name: &'static str,
) -> Affectation {
    Affectation {
        catalog,
        nubefact,
        tribute,
        bears_igv,
        name,
    }
}

impl Affectation {
    /// By SUNAT's code. `17` is IVAP that is charged; see [`Affectation::given_away`].
    pub fn from_catalog(code: &str) -> Option<Affectation> {
        AFFECTATIONS.into_iter().find(|row| row.catalog == code)
    }

    /// By NubeFact's `tipo_de_igv`.
    pub fn from_nubefact(tipo_de_igv: u8) -> Option<Affectation> {
        AFFECTATIONS
            .into_iter()
            .find(|row| row.nubefact == Igv(tipo_de_igv))
    }

    /// By NubeFact's `tipo_de_ivap`: 17 charged, 101 free.
    pub fn from_ivap(tipo_de_ivap: u8) -> Option<Affectation> {
        AFFECTATIONS
            .into_iter()
            .find(|row| row.nubefact == Ivap(tipo_de_ivap))
    }

    /// The same goods given away. `None` for those that are free already, and for exports.
    ///
    /// ```
    /// use chaski_core::invoicing::catalogs::affectations::Affectation;
    /// let rice = Affectation::from_catalog("17").expect("a code of SUNAT's");
    /// assert!(rice.given_away().is_some_and(|it| it.is_free()));
    /// ```
    pub fn given_away(self) -> Option<Affectation> {
        match self.catalog {
            "10" => Affectation::from_catalog("13"),
            "17" if !self.is_free() => Affectation::from_ivap(101),
            "20" => Affectation::from_catalog("21"),
            "30" => Affectation::from_catalog("37"),
            _ => None,
        }
    }

    /// Whether nothing is charged for the line.
    pub fn is_free(self) -> bool {
        self.tribute == Tribute::Gratuito
    }

    /// NubeFact's `tipo_de_igv`; `None` where `tipo_de_ivap` says it.
    pub fn tipo_de_igv(self) -> Option<u8> {
        match self.nubefact {
            Igv(number) => Some(number),
            Ivap(_) => None,
        }
    }

    /// NubeFact's `tipo_de_ivap`; `None` where `tipo_de_igv` says it.
    pub fn tipo_de_ivap(self) -> Option<u8> {
        match self.nubefact {
            Igv(_) => None,
            Ivap(number) => Some(number),
        }
    }
}

/// A code of catálogo 07 that stands where NubeFact's number belongs.
///
/// ```
/// use chaski_core::invoicing::catalogs::affectations::CatalogCodeSent;
/// let mistake = CatalogCodeSent::of(30).expect("a code of SUNAT's");
/// assert!(mistake.certain); // NubeFact has no 30
/// assert_eq!(mistake.right.tipo_de_igv(), Some(9));
/// let mistake = CatalogCodeSent::of(20).expect("a code of SUNAT's");
/// assert!(!mistake.certain); // NubeFact's 20 is a free transfer: the amounts decide
/// assert!(CatalogCodeSent::of(1).is_none());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct CatalogCodeSent {
    /// What that code means at SUNAT; its `tipo_de_igv` is the number to send.
    pub right: Affectation,
    /// NubeFact has no such number, so nothing else can be meant. Otherwise it means something in
    /// both lists (10 to 17 and 20), and the line's amounts must tell.
    pub certain: bool,
}

impl CatalogCodeSent {
    /// Looks at what was sent as `tipo_de_igv`.
    pub fn of(tipo_de_igv: u8) -> Option<CatalogCodeSent> {
        let right = Affectation::from_catalog(&tipo_de_igv.to_string())?;
        Some(CatalogCodeSent {
            right,
            certain: Affectation::from_nubefact(tipo_de_igv).is_none(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_is_found_by_both_its_codes() {
        for row in AFFECTATIONS {
            let by_nubefact = match row.nubefact {
                Igv(number) => Affectation::from_nubefact(number),
                Ivap(number) => Affectation::from_ivap(number),
            };
            assert_eq!(by_nubefact, Some(row));
            let by_catalog = Affectation::from_catalog(row.catalog).unwrap();
            assert!(
                by_catalog == row || by_catalog.given_away() == Some(row),
                "{}",
                row.name
            );
        }
    }

    #[test]
    fn catalog_07_and_the_numbers_of_the_manual_are_all_there() {
        let codes = (10..=17).chain(20..=21).chain(30..=37).chain([40]);
        for code in codes {
            assert!(
                Affectation::from_catalog(&code.to_string()).is_some(),
                "{code}"
            );
        }
        for number in (1..=17).chain([20]) {
            assert!(Affectation::from_nubefact(number).is_some(), "{number}");
        }
        assert!(Affectation::from_nubefact(18).is_none());
        assert!(Affectation::from_nubefact(19).is_none());
    }

    #[test]
    fn only_what_is_taxed_bears_igv() {
        for row in AFFECTATIONS {
            assert_eq!(row.bears_igv, row.catalog.starts_with('1'), "{}", row.name);
        }
    }
}
