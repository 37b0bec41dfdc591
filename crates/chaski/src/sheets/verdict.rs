//! What is said of each row, and of the list as a whole.

use std::fmt;
use std::time::Duration;

use chaski_core::Lang;
use serde::{Deserialize, Serialize};

use super::result_columns::OF_RUCS;
use super::result_kind::{ResultKind, ResultWord, RowSaid};
use crate::named::named;

/// What is known of the RUC of one row; texts are empty where nothing is known.
///
/// `Debug` leaves out what may be personal: number, name and address.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// The RUC (or DNI) without its damage.
    pub ruc_normalizado: String,
    /// Name or company name.
    pub razon_social: String,
    /// Estado of the taxpayer, in SUNAT's words.
    pub estado: String,
    /// Condición of the address, in SUNAT's words.
    pub condicion: String,
    /// Whether it can be invoiced.
    #[serde(rename = "aptitud")]
    pub apto: Aptitud,
    /// Code of the district, six digits.
    pub ubigeo: String,
    /// Department.
    pub departamento: String,
    /// Province.
    pub provincia: String,
    /// District.
    pub distrito: String,
    /// Address.
    pub direccion: String,
    /// Why, for people.
    pub motivo: String,
    /// Where the answer comes from.
    pub fuente: String,
    /// When it was asked for, Lima time.
    pub consultado_en: String,
}

impl fmt::Debug for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verdict")
            .field("apto", &self.apto)
            .field("estado", &self.estado)
            .field("condicion", &self.condicion)
            .finish_non_exhaustive()
    }
}

named! {
    /// Whether a row can be invoiced. The order is that of the summary.
    #[derive(Default, Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    pub enum Aptitud {
        /// Yes.
        Apto = "apto",
        /// Yes, with something to look at.
        Observado = "observado",
        /// No: not active, not found at its address.
        NoApto = "no_apto",
        /// The number itself is wrong; nothing was asked.
        Invalido = "invalido",
        /// A right number that SUNAT does not know.
        NoEncontrado = "no_encontrado",
        /// The question failed; asking again may help.
        Error = "error",
        /// Not asked: its turn has not come, or a limit of spending came first.
        #[default]
        Pendiente = "pendiente",
        /// A DNI in the column of RUCs.
        Dni = "dni",
        /// A carné, a passport, the document of somebody from abroad.
        OtroDocumento = "otro_documento",
        /// No number at all.
        SinNumero = "sin_numero",
        /// A row of totals: nobody.
        Total = "total",
        /// The titles again: nobody.
        Titulos = "titulos",
    }
}

impl Aptitud {
    fn look(self) -> &'static ResultWord {
        &OF_RUCS.words[self as usize]
    }

    /// The word in the cell; it answers the title `apto_para_facturar`.
    pub fn word(self, lang: Lang) -> &'static str {
        self.look().text(lang)
    }

    /// What the word means and what to do, for the legend.
    pub fn meaning(self, lang: Lang) -> &'static str {
        let [es, en] = self.look().meaning;
        lang.pick(es, en)
    }
}

impl RowSaid for Verdict {
    fn kind() -> &'static ResultKind {
        &OF_RUCS
    }

    fn word(&self) -> usize {
        self.apto as usize
    }

    fn value(&self, column: usize) -> &str {
        match column {
            0 => &self.ruc_normalizado,
            1 => &self.razon_social,
            2 => &self.estado,
            3 => &self.condicion,
            5 => &self.ubigeo,
            6 => &self.departamento,
            7 => &self.provincia,
            8 => &self.distrito,
            9 => &self.direccion,
            10 => &self.motivo,
            11 => &self.fuente,
            12 => &self.consultado_en,
            _ => "",
        }
    }

    fn reason(&self) -> &str {
        &self.motivo
    }
}

/// What is said of the list as a whole, beside the counts that follow from the verdicts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// Name of the file that was read.
    pub source_file: String,
    /// Who answered, for people: invented data must never pass for real.
    pub answered_by: String,
    /// Date and time of the run, Lima time. Also the creation date of the workbook, so the same
    /// input gives the same bytes.
    pub generated_at: jiff::civil::DateTime,
    /// Rows whose number had appeared before.
    pub duplicates: usize,
    /// Rows whose number could not be read.
    pub damaged: usize,
    /// Rows whose number was put right.
    pub repaired: usize,
    /// Calls paid for.
    pub calls_spent: usize,
    /// Answers that were already known.
    pub cache_hits: usize,
    /// How long it took.
    pub duration: Duration,
}
