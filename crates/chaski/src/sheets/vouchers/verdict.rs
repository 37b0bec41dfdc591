//! What is said of each row of a register.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::named::named;
use crate::sheets::result_columns::{
    BLUE, BROWN, GREEN, GREY, GREY_AND_RED, PALE, RED, SAND, VIOLET, YELLOW, apart, failed, good,
    holding, missing, text, word,
};
use crate::sheets::result_kind::{ColumnHolds, ResultKind, RowSaid};

named! {
    /// How a voucher stands. The order is that of the summary.
    #[derive(Default, Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    pub enum VoucherWord {
        /// SUNAT accepted it, and its issuer is ACTIVO and HABIDO.
        Valido = "valido",
        /// SUNAT accepted it, with something to look at.
        Observado = "observado",
        /// It was voided.
        Anulado = "anulado",
        /// SUNAT does not have it with these data.
        NoInformado = "no_informado",
        /// SUNAT said something else.
        Desconocido = "desconocido",
        /// The number of the issuer itself is wrong; nothing was asked.
        RucInvalido = "ruc_invalido",
        /// No number of a voucher.
        SinNumero = "sin_numero",
        /// Another part is missing, or cannot be read.
        Incompleto = "incompleto",
        /// The question failed; asking again may help.
        Error = "error",
        /// Not asked: its turn has not come, or a limit of spending came first.
        #[default]
        Pendiente = "pendiente",
        /// A kind of which SUNAT does not say so.
        NoSeValida = "no_se_valida",
        /// Its issuer is abroad and has no RUC.
        Extranjero = "extranjero",
        /// Nothing of a voucher in the row.
        Vacia = "vacia",
        /// A row of totals.
        Total = "total",
        /// The titles again.
        Titulos = "titulos",
    }
}

/// What is known of the voucher of one row; texts are empty where nothing is known.
///
/// `Debug` leaves out what may be personal: number and name of the issuer.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoucherVerdict {
    /// Who issued it.
    #[serde(rename = "ruc_emisor")]
    pub ruc: String,
    /// Kind, series and number, as they were asked: `01 F001-1`.
    pub comprobante: String,
    /// Date of issue, `2026-01-31`.
    #[serde(rename = "fecha_emision")]
    pub fecha: String,
    /// Total as it was asked, two decimals.
    pub monto: String,
    /// SUNAT's word for it.
    #[serde(rename = "estado_comprobante")]
    pub estado: String,
    /// How it stands.
    #[serde(rename = "resultado")]
    pub word: VoucherWord,
    /// Name of the issuer.
    pub razon_social: String,
    /// Estado of the issuer.
    pub estado_emisor: String,
    /// Condición of its address.
    pub condicion_emisor: String,
    /// Why, for people.
    pub motivo: String,
    /// Where the answer comes from.
    pub fuente: String,
    /// When it was asked for, Lima time.
    pub consultado_en: String,
}

impl fmt::Debug for VoucherVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VoucherVerdict")
            .field("word", &self.word)
            .field("estado", &self.estado)
            .finish_non_exhaustive()
    }
}

impl RowSaid for VoucherVerdict {
    fn kind() -> &'static ResultKind {
        &OF_VOUCHERS
    }

    fn word(&self) -> usize {
        self.word as usize
    }

    fn value(&self, column: usize) -> &str {
        match column {
            0 => &self.ruc,
            1 => &self.comprobante,
            2 => &self.fecha,
            3 => &self.monto,
            4 => &self.estado,
            6 => &self.razon_social,
            7 => &self.estado_emisor,
            8 => &self.condicion_emisor,
            9 => &self.motivo,
            10 => &self.fuente,
            11 => &self.consultado_en,
            _ => "",
        }
    }

    fn reason(&self) -> &str {
        &self.motivo
    }
}

/// Vouchers that are asked about. The words are those of [`VoucherWord`], in its order.
pub(in crate::sheets) static OF_VOUCHERS: ResultKind = ResultKind {
    columns: &[
        text("ruc_emisor", ["RUC del emisor", "RUC of the issuer"], 15),
        text(
            "comprobante",
            ["Comprobante consultado", "Voucher asked about"],
            20,
        ),
        holding(
            ColumnHolds::Day,
            text(
                "fecha_emision",
                ["Fecha de emisión consultada", "Date of issue asked"],
                13,
            ),
        ),
        holding(
            ColumnHolds::Money,
            text("monto", ["Importe consultado", "Amount asked"], 13),
        ),
        text(
            "estado_comprobante",
            ["Estado en SUNAT", "State at SUNAT"],
            16,
        ),
        holding(
            ColumnHolds::Word,
            text(
                "comprobante_valido",
                ["¿Es válido el comprobante?", "Is the voucher valid?"],
                27,
            ),
        ),
        text("razon_social", ["Emisor en SUNAT", "Issuer at SUNAT"], 34),
        text(
            "estado_emisor",
            ["Estado del emisor", "Estado of the issuer"],
            24,
        ),
        text(
            "condicion_emisor",
            ["Condición del emisor", "Condición of the issuer"],
            22,
        ),
        text("motivo", ["Motivo", "Reason"], 52),
        text("fuente", ["Fuente", "Source"], 16),
        holding(
            ColumnHolds::Time,
            text("consultado_en", ["Consultado el", "Looked up on"], 17),
        ),
    ],
    for_people: &[5, 9, 4, 0, 6, 7, 8, 1, 2, 3, 10, 11],
    code: "resultado",
    title: ["Validez de comprobantes en SUNAT", "Vouchers at SUNAT"],
    counts: ["¿Es válido el comprobante?", "Is the voucher valid?"],
    quality: [
        ["Comprobantes repetidos", "Repeated vouchers"],
        ["Filas con datos que corregir", "Rows with data to mend"],
        ["RUC reparados al leer", "RUCs put right when read"],
    ],
    words: &[
        good(word(
            "valido",
            ["VÁLIDO", "VALID"],
            GREEN,
            [
                "SUNAT lo tiene ACEPTADO con estos datos, y su emisor está ACTIVO y HABIDO.",
                "SUNAT has it accepted with these data, and its issuer is ACTIVO and HABIDO.",
            ],
        )),
        word(
            "observado",
            ["VÁLIDO, CON OBSERVACIONES", "VALID, WITH REMARKS"],
            YELLOW,
            [
                "SUNAT lo tiene ACEPTADO, pero lea el motivo: cómo está hoy su emisor.",
                "SUNAT has it accepted, but read the reason: how its issuer stands today.",
            ],
        ),
        word(
            "anulado",
            ["ANULADO", "VOIDED"],
            RED,
            [
                "Su emisor lo dio de baja: no lo registre, o pida el que lo reemplaza.",
                "Its issuer voided it: do not enter it, or ask for the one that replaces it.",
            ],
        ),
        word(
            "no_informado",
            ["NO INFORMADO", "NOT REPORTED"],
            VIOLET,
            [
                "SUNAT no lo tiene con estos datos. Un céntimo o un día de diferencia basta: revise fecha, importe y número, y si están bien, reclame al emisor.",
                "SUNAT does not have it with these data. A cent or a day is enough: check date, amount and number, and if they are right, ask the issuer.",
            ],
        ),
        word(
            "desconocido",
            ["ESTADO DESCONOCIDO", "UNKNOWN STATE"],
            YELLOW,
            [
                "El servicio respondió otra cosa, que dice el motivo: verifíquelo en SUNAT.",
                "The service said something else, which the reason tells: check it at SUNAT.",
            ],
        ),
        word(
            "ruc_invalido",
            ["RUC INVÁLIDO", "INVALID RUC"],
            BROWN,
            [
                "El RUC del emisor está mal escrito: corríjalo. No gastó consultas.",
                "The issuer's RUC is mistyped: correct it. It spent no call.",
            ],
        ),
        missing(word(
            "sin_numero",
            ["SIN NÚMERO", "NO NUMBER"],
            SAND,
            [
                "La fila no tiene el número del comprobante.",
                "The row has no number of a voucher.",
            ],
        )),
        missing(word(
            "incompleto",
            ["FALTA UN DATO", "SOMETHING IS MISSING"],
            SAND,
            [
                "Falta un dato o no se pudo leer, y el motivo dice cuál. No gastó consultas.",
                "Something is missing or could not be read, and the reason says what. It spent no call.",
            ],
        )),
        failed(word(
            "error",
            ["SIN RESPUESTA", "NO ANSWER"],
            GREY_AND_RED,
            [
                "La consulta falló: vuelva a ejecutar con --reanudar.",
                "The call failed: run again with --reanudar.",
            ],
        )),
        word(
            "pendiente",
            ["NO CONSULTADO", "NOT ASKED"],
            GREY,
            [
                "No se consultó, y el motivo dice por qué: vuelva a ejecutar con --reanudar.",
                "Not asked, and the reason says why: run again with --reanudar.",
            ],
        ),
        apart(word(
            "no_se_valida",
            ["NO SE VALIDA", "NOT CHECKED"],
            BLUE,
            [
                "SUNAT no responde por este servicio sobre comprobantes de ese tipo (recibos, pólizas, boletos…).",
                "SUNAT does not answer by this service about vouchers of that kind (receipts, customs, tickets…).",
            ],
        )),
        apart(word(
            "extranjero",
            ["EMISOR NO DOMICILIADO", "ISSUER ABROAD"],
            BLUE,
            [
                "El emisor no tiene RUC, y SUNAT no tiene sus comprobantes.",
                "The issuer has no RUC, and SUNAT does not have its vouchers.",
            ],
        )),
        apart(word(
            "vacia",
            ["FILA SIN COMPROBANTE", "ROW WITHOUT A VOUCHER"],
            PALE,
            [
                "La fila no tiene ni RUC, ni número, ni fecha, ni importe.",
                "The row has no RUC, no number, no date and no amount.",
            ],
        )),
        apart(word(
            "total",
            ["FILA DE TOTAL", "ROW OF TOTALS"],
            PALE,
            [
                "Es una fila de totales, no un comprobante.",
                "It is a row of totals, not a voucher.",
            ],
        )),
        apart(word(
            "titulos",
            ["FILA DE TÍTULOS", "ROW OF TITLES"],
            PALE,
            [
                "Son los títulos otra vez, no un comprobante.",
                "They are the titles again, not a voucher.",
            ],
        )),
    ],
};
