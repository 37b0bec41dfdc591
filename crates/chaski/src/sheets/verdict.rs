//! What is said of each row, and of the list as a whole.

use std::fmt;
use std::time::Duration;

use chaski_core::Lang;
use serde::Deserialize;

use crate::named::named;

/// What is known of the RUC of one row; texts are empty where nothing is known.
///
/// `Debug` leaves out what may be personal: number, name and address.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
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
    #[derive(Default, Deserialize)]
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
    /// The word in the cell; it answers the title `apto_para_facturar`.
    pub fn word(self, lang: Lang) -> &'static str {
        let (es, en) = match self {
            Aptitud::Apto => ("SÍ", "YES"),
            Aptitud::Observado => ("SÍ, CON OBSERVACIONES", "YES, WITH REMARKS"),
            Aptitud::NoApto => ("NO", "NO"),
            Aptitud::Invalido => ("RUC INVÁLIDO", "INVALID RUC"),
            Aptitud::NoEncontrado => ("NO EXISTE", "DOES NOT EXIST"),
            Aptitud::Error => ("SIN RESPUESTA", "NO ANSWER"),
            Aptitud::Pendiente => ("NO CONSULTADO", "NOT ASKED"),
            Aptitud::Dni => ("ES DNI", "IS A DNI"),
            Aptitud::OtroDocumento => ("OTRO DOCUMENTO", "OTHER DOCUMENT"),
            Aptitud::SinNumero => ("SIN NÚMERO", "NO NUMBER"),
            Aptitud::Total => ("FILA DE TOTAL", "ROW OF TOTALS"),
            Aptitud::Titulos => ("FILA DE TÍTULOS", "ROW OF TITLES"),
        };
        lang.pick(es, en)
    }

    /// Whether the row names somebody that can be invoiced, or should: what is left says that it names
    /// nobody, or nobody with a RUC.
    pub fn is_of_a_ruc(self) -> bool {
        !matches!(
            self,
            Aptitud::Dni
                | Aptitud::OtroDocumento
                | Aptitud::SinNumero
                | Aptitud::Total
                | Aptitud::Titulos
        )
    }

    /// Whether the row is one to look at: something of it can be put right, or asked again.
    pub fn is_to_be_mended(self) -> bool {
        self == Aptitud::SinNumero || (self.is_of_a_ruc() && self != Aptitud::Apto)
    }

    /// What the word means and what to do, for the legend.
    pub fn meaning(self, lang: Lang) -> &'static str {
        let (es, en) = match self {
            Aptitud::Apto => (
                "Contribuyente ACTIVO y HABIDO: puede facturarle.",
                "Taxpayer ACTIVO and HABIDO: you can invoice them.",
            ),
            Aptitud::Observado => (
                "Puede facturarle, pero lea el motivo antes.",
                "You can invoice them, but read the reason first.",
            ),
            Aptitud::NoApto => (
                "No le facture hasta que regularice su situación: vea estado, condición y motivo.",
                "Do not invoice them as things are: see estado, condición and reason.",
            ),
            Aptitud::Invalido => (
                "El número está mal escrito: corríjalo. No gastó consultas.",
                "The number is mistyped: correct it. It spent no call.",
            ),
            Aptitud::NoEncontrado => (
                "El número está bien formado, pero no figura en SUNAT: confírmelo con el cliente.",
                "The number is well formed but SUNAT does not know it: confirm it with the customer.",
            ),
            Aptitud::Error => (
                "La consulta falló: vuelva a ejecutar con --reanudar.",
                "The call failed: run again with --reanudar.",
            ),
            Aptitud::Pendiente => (
                "No se consultó, y el motivo dice por qué: vuelva a ejecutar con --reanudar.",
                "Not asked, and the reason says why: run again with --reanudar.",
            ),
            Aptitud::Dni => (
                "Es el DNI de una persona y no un RUC. Para consultarlo: --dni consultar, o su RUC 10 con --dni ruc10.",
                "It is a person's DNI and not a RUC. To look it up: --dni consultar, or their RUC 10 with --dni ruc10.",
            ),
            Aptitud::OtroDocumento => (
                "Carné de extranjería, pasaporte u otro documento: SUNAT no lo tiene en el padrón de RUC.",
                "Carné de extranjería, passport or another document: it is not in SUNAT's registry of RUCs.",
            ),
            Aptitud::SinNumero => (
                "La fila no tiene número de documento.",
                "The row has no number of a document.",
            ),
            Aptitud::Total => (
                "Es una fila de totales, no un contribuyente.",
                "It is a row of totals, not a taxpayer.",
            ),
            Aptitud::Titulos => (
                "Son los títulos otra vez, no un contribuyente.",
                "They are the titles again, not a taxpayer.",
            ),
        };
        lang.pick(es, en)
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
