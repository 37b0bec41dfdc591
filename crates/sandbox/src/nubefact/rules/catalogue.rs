//! Nubefact's own tables, and the rates that SUNAT's rules know.

use jiff::civil::{Date, date};
use rust_decimal::Decimal;

use super::super::form::Form;
use super::super::refusal::Refusal;

/// Where a line counts. Manual 2.9, table of `tipo_de_igv`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LineClass {
    /// 1, and `tipo_de_ivap` 17.
    Gravada,
    /// 8.
    Exonerada,
    /// 9.
    Inafecta,
    /// 16; it counts as inafecta.
    Exportacion,
    /// 2 to 7: free, of what would be taxed.
    RetiroGravado,
    /// 10 to 15, 17 and 20, and `tipo_de_ivap` 101.
    Gratuita,
}

impl LineClass {
    pub(super) fn is_free(self) -> bool {
        matches!(self, LineClass::RetiroGravado | LineClass::Gratuita)
    }
}

/// The class of a line, and whether its tax is IVAP.
pub(super) fn line_class(item: &Form) -> Result<(LineClass, bool), Refusal> {
    let wrong = || Refusal::reason("Tipo de IGV incorrecto");
    let igv = item.whole("tipo_de_igv").map_err(|_| wrong())?;
    let ivap = item.whole("tipo_de_ivap").map_err(|_| wrong())?;
    Ok(match (igv, ivap) {
        (Some(1), None) => (LineClass::Gravada, false),
        (Some(2..=7), None) => (LineClass::RetiroGravado, false),
        (Some(8), None) => (LineClass::Exonerada, false),
        (Some(9), None) => (LineClass::Inafecta, false),
        (Some(16), None) => (LineClass::Exportacion, false),
        (Some(10..=15 | 17 | 20), None) => (LineClass::Gratuita, false),
        (None, Some(17)) => (LineClass::Gravada, true),
        (None, Some(101)) => (LineClass::Gratuita, true),
        _ => return Err(wrong()),
    })
}

/// Values of `sunat_transaction`. Those before 2019 are gone.
pub(super) const TRANSACTIONS: [u32; 10] = [1, 2, 4, 29, 30, 31, 32, 33, 34, 35];
/// Those that are subject to detracción.
pub(super) const DETRACCION: [u32; 4] = [30, 31, 32, 33];
pub(super) const EXPORT: u32 = 2;
/// Sales that may be made by factura to somebody without RUC: export, to those who do not live in
/// the country, and to tourists.
pub(super) const WITHOUT_RUC: [u32; 3] = [EXPORT, 29, 35];

/// Values of `cliente_tipo_de_documento`.
pub(super) const IDENTITIES: [&str; 9] = ["6", "1", "-", "4", "7", "A", "B", "0", "G"];

/// Gaps as in the table: 6, 16, 27, 31 and 36 were never given.
pub(super) fn is_detraccion_type(tipo: u32) -> bool {
    matches!(tipo, 1..=5 | 7..=15 | 17..=26 | 28..=30 | 32..=35 | 37..=38 | 39..=44)
}

/// Per cent of IVAP.
pub(super) const IVAP: Decimal = Decimal::from_parts(4, 0, 0, false, 0);
const GENERAL: Decimal = Decimal::from_parts(18, 0, 0, false, 0);

/// The special rate of restaurants and hotels, from its first day on. Ley 31556, 32219, 32387.
const SPECIAL: [(Date, Decimal); 4] = [
    (date(2022, 9, 1), Decimal::from_parts(10, 0, 0, false, 0)),
    (date(2026, 1, 1), Decimal::from_parts(105, 0, 0, false, 1)),
    (date(2027, 1, 1), Decimal::from_parts(15, 0, 0, false, 0)),
    (date(2028, 1, 1), GENERAL),
];

/// Whether IGV of that per cent may be charged that day.
pub(super) fn is_rate_of_day(percent: Decimal, day: Date) -> bool {
    let special = SPECIAL.iter().rev().find(|(from, _)| *from <= day);
    percent == GENERAL || special.is_some_and(|(_, rate)| *rate == percent)
}

/// Whether it was ever a rate: a note bears the one of the document that it modifies.
pub(super) fn is_rate_of_any_day(percent: Decimal) -> bool {
    percent == GENERAL || SPECIAL.iter().any(|(_, rate)| *rate == percent)
}
