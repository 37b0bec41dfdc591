//! What is wrong with a cell, and what was put right, in words.

use chaski_core::{DniError, Lang, RucError, text};

use crate::counted::counted;

/// Why a cell holds no number. No variant holds what the cell says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.message(Lang::Es))]
pub enum CellProblem {
    /// Not a RUC.
    Ruc(RucError),
    /// Not a DNI.
    Dni(DniError),
    /// Scientific notation with fewer digits than the number had.
    PrecisionLost {
        /// Significant digits left.
        digits: usize,
    },
    /// A number with decimals.
    Fraction,
    /// A negative number.
    Negative,
    /// The cell is a date.
    IsDate,
    /// The cell is VERDADERO or FALSO.
    IsBool,
    /// The cell is the error of a formula.
    IsError,
    /// The cell is a formula whose value was not saved.
    Unsaved,
    /// Several numbers like RUCs in one cell.
    Several,
    /// The row has more or fewer cells than there are titles, and which is which is not known.
    Shifted {
        /// Cells of the row.
        cells: u16,
        /// Cells of the other rows.
        usual: u16,
    },
}

impl CellProblem {
    /// Stable code, never translated.
    pub fn code(&self) -> &'static str {
        match self {
            CellProblem::Ruc(error) => error.code(),
            CellProblem::Dni(DniError::Length { found: 7 }) => "dni_incompleto",
            CellProblem::Dni(_) => "dni_formato",
            CellProblem::PrecisionLost { .. } => "cifras_perdidas",
            CellProblem::Fraction => "numero_con_decimales",
            CellProblem::Negative => "numero_negativo",
            CellProblem::IsDate => "celda_fecha",
            CellProblem::IsBool => "celda_logica",
            CellProblem::IsError => "celda_error",
            CellProblem::Unsaved => "formula_sin_valor",
            CellProblem::Several => "varios_ruc",
            CellProblem::Shifted { .. } => "fila_corrida",
        }
    }

    /// What is wrong and what to do, for people.
    pub fn message(&self, lang: Lang) -> String {
        let text = match self {
            CellProblem::Ruc(error) => return error.message(lang),
            CellProblem::Dni(error) => return error.message(lang),
            CellProblem::PrecisionLost { digits } => {
                let verb = if *digits == 1 { "queda" } else { "quedan" };
                let cifras = counted(*digits, "cifra", "cifras");
                let digits = counted(*digits, "digit is", "digits are");
                text!(
                    "Excel lo guardó en notación científica y solo {verb} {cifras}: vuelva a copiar el número con la columna en formato Texto",
                    "Excel saved it in scientific notation and only {digits} left: copy the number again with the column formatted as Text"
                )
            }
            CellProblem::Fraction => text!(
                "es un número con decimales: escriba el RUC completo, de 11 dígitos",
                "it is a number with decimals: write the whole RUC, 11 digits"
            ),
            CellProblem::Negative => text!(
                "es un número negativo: escriba el RUC sin signo",
                "it is a negative number: write the RUC without a sign"
            ),
            CellProblem::IsDate => text!(
                "la celda es una fecha: cambie su formato a Texto y escriba el RUC",
                "the cell is a date: change its format to Text and write the RUC"
            ),
            CellProblem::IsBool => text!(
                "la celda es VERDADERO o FALSO: escriba el RUC",
                "the cell is TRUE or FALSE: write the RUC"
            ),
            CellProblem::IsError => text!(
                "la celda tiene el error de una fórmula: corríjala o escriba el RUC",
                "the cell holds the error of a formula: correct it or write the RUC"
            ),
            CellProblem::Unsaved => text!(
                "fórmula sin valor guardado: abra el archivo en Excel, guárdelo y repita",
                "formula without a saved value: open the file in Excel, save it and repeat"
            ),
            CellProblem::Several => text!(
                "la celda tiene más de un número como RUC: deje uno por fila",
                "the cell holds more than one number like a RUC: leave one per row"
            ),
            CellProblem::Shifted { cells, usual } if cells == usual => text!(
                "las celdas de la fila están corridas: no se sabe cuál es la del RUC; ponga cada dato bajo su título",
                "the cells of the row are shifted: it is not known which holds the RUC; put each value under its title"
            ),
            CellProblem::Shifted { cells, usual } => {
                let celdas = counted(*cells, "celda", "celdas");
                let cells = counted(*cells, "cell", "cells");
                text!(
                    "la fila tiene {celdas} y las demás {usual}: no se sabe cuál es la del RUC; si un texto lleva el separador, póngalo entre comillas",
                    "the row has {cells} and the others {usual}: it is not known which holds the RUC; if a text holds the separator, quote it"
                )
            }
        };
        text.pick(lang)
    }
}

/// One thing that was put right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repair {
    /// A byte order mark or another invisible character.
    Bom,
    /// Quotes round the number.
    Quotes,
    /// An apostrophe, Excel's mark of a text.
    Apostrophe,
    /// A word before it: `RUC:`.
    Prefix,
    /// Blanks inside or round it.
    Blanks,
    /// Dashes.
    Dashes,
    /// Dots or commas between thousands.
    Separators,
    /// A decimal part of zeros: `20100038146.0`.
    Float,
    /// Scientific notation without loss.
    Scientific,
    /// Full-width digits.
    FullWidth,
    /// The leading zero of a DNI, lost because the cell was a number.
    LostZero,
    /// Other words in the cell: `20100038146 - CLIENTE UNO`.
    Inside,
    /// The row had more cells than there are titles: a text with an unquoted separator.
    Realigned,
    /// The row has more cells than there are titles, right of the number; they were left there.
    Wider,
}

impl Repair {
    /// Whether something was put right, and not only noticed.
    pub fn corrects(self) -> bool {
        self != Repair::Wider
    }

    /// What was done, for people.
    pub fn message(self, lang: Lang) -> &'static str {
        let (es, en) = match self {
            Repair::Bom => (
                "se quitaron caracteres invisibles",
                "invisible characters removed",
            ),
            Repair::Quotes => ("se quitaron las comillas", "quotes removed"),
            Repair::Apostrophe => ("se quitó el apóstrofo", "apostrophe removed"),
            Repair::Prefix => ("se quitó la palabra del inicio", "leading word removed"),
            Repair::Blanks => ("se quitaron los espacios", "blanks removed"),
            Repair::Dashes => ("se quitaron los guiones", "dashes removed"),
            Repair::Separators => (
                "se quitaron los separadores de miles",
                "thousands separators removed",
            ),
            Repair::Float => ("se quitaron los decimales .0", "decimals .0 removed"),
            Repair::Scientific => (
                "se convirtió de notación científica",
                "converted from scientific notation",
            ),
            Repair::FullWidth => (
                "se convirtieron dígitos de ancho completo",
                "full-width digits converted",
            ),
            Repair::LostZero => (
                "se repuso el cero inicial del DNI: verifíquelo",
                "the DNI's leading zero was put back: check it",
            ),
            Repair::Inside => (
                "se tomó el único RUC que hay en la celda",
                "the only RUC in the cell was taken",
            ),
            Repair::Wider => (
                "la fila tiene más celdas que títulos, a la derecha del número: revíselas",
                "the row has more cells than titles, right of the number: look at them",
            ),
            Repair::Realigned => (
                "la fila tenía más celdas que los títulos y se alineó",
                "the row had more cells than there are titles and was aligned",
            ),
        };
        lang.pick(es, en)
    }
}
