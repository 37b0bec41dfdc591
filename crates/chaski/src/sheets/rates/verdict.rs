//! What is said of each row of a list with dates.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::named::named;
use crate::sheets::result_columns::{
    BLUE, BROWN, GREEN, GREY, GREY_AND_RED, PALE, RED, SAND, VIOLET, apart, failed, good, holding,
    missing, text, word,
};
use crate::sheets::result_kind::{ColumnHolds, ResultKind, RowSaid};

named! {
    /// Whether a row has a rate. The order is that of the summary.
    #[derive(Default, Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    pub enum RateWord {
        /// The rate of its day.
        Hallado = "hallado",
        /// None is known for its day.
        SinTipo = "sin_tipo",
        /// No date in the row.
        SinFecha = "sin_fecha",
        /// A date that cannot be read.
        FechaIlegible = "fecha_ilegible",
        /// A date to come.
        FechaFutura = "fecha_futura",
        /// In soles: no rate is wanted.
        EnSoles = "en_soles",
        /// In another currency than the rates that were asked for.
        OtraMoneda = "otra_moneda",
        /// The question failed; asking again may help.
        Error = "error",
        /// Not asked: its turn has not come, or a limit of spending came first.
        #[default]
        Pendiente = "pendiente",
        /// A row of totals.
        Total = "total",
        /// The titles again.
        Titulos = "titulos",
    }
}

/// The rate of the date of one row; texts are empty where there is none.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RateVerdict {
    /// The date of the row, `2026-01-31`.
    #[serde(rename = "fecha_solicitada")]
    pub fecha: String,
    /// `USD` or `EUR`.
    pub moneda: String,
    /// Soles for which the market buys.
    #[serde(rename = "precio_compra")]
    pub compra: String,
    /// Soles for which the market sells.
    #[serde(rename = "precio_venta")]
    pub venta: String,
    /// The date under which it was published.
    #[serde(rename = "fecha_publicacion")]
    pub publicado: String,
    /// The day whose close at SBS it is.
    #[serde(rename = "fecha_cierre_sbs")]
    pub cierre: String,
    /// Whether there is one.
    #[serde(rename = "resultado")]
    pub word: RateWord,
    /// Why, for people.
    pub motivo: String,
    /// Where the answer comes from.
    pub fuente: String,
    /// When it was asked for, Lima time.
    pub consultado_en: String,
}

impl fmt::Debug for RateVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateVerdict")
            .field("fecha", &self.fecha)
            .field("word", &self.word)
            .field("venta", &self.venta)
            .finish_non_exhaustive()
    }
}

impl RowSaid for RateVerdict {
    fn kind() -> &'static ResultKind {
        &OF_RATES
    }

    fn word(&self) -> usize {
        self.word as usize
    }

    fn value(&self, column: usize) -> &str {
        match column {
            0 => &self.fecha,
            1 => &self.moneda,
            2 => &self.compra,
            3 => &self.venta,
            4 => &self.publicado,
            5 => &self.cierre,
            7 => &self.motivo,
            8 => &self.fuente,
            9 => &self.consultado_en,
            _ => "",
        }
    }

    fn reason(&self) -> &str {
        &self.motivo
    }
}

/// Rates of dates. The words are those of [`RateWord`], in its order.
pub(in crate::sheets) static OF_RATES: ResultKind = ResultKind {
    columns: &[
        holding(
            ColumnHolds::Day,
            text("fecha_solicitada", ["Fecha consultada", "Date asked"], 12),
        ),
        text(
            "moneda",
            ["Moneda del tipo de cambio", "Currency of the rate"],
            12,
        ),
        holding(
            ColumnHolds::Price,
            text("precio_compra", ["Compra", "Buy"], 10),
        ),
        holding(
            ColumnHolds::Price,
            text("precio_venta", ["Venta", "Sell"], 10),
        ),
        holding(
            ColumnHolds::Day,
            text("fecha_publicacion", ["Publicado el", "Published on"], 13),
        ),
        holding(
            ColumnHolds::Day,
            text("fecha_cierre_sbs", ["Cierre SBS del", "SBS close of"], 13),
        ),
        holding(
            ColumnHolds::Word,
            text(
                "tipo_de_cambio",
                ["¿Hay tipo de cambio?", "Is there a rate?"],
                24,
            ),
        ),
        text("motivo", ["Motivo", "Reason"], 44),
        text("fuente", ["Fuente", "Source"], 16),
        holding(
            ColumnHolds::Time,
            text("consultado_en", ["Consultado el", "Looked up on"], 17),
        ),
    ],
    for_people: &[6, 7, 2, 3, 4, 5, 0, 1, 8, 9],
    code: "resultado",
    title: ["Tipo de cambio de cada fecha", "Exchange rate of each date"],
    counts: ["¿Hay tipo de cambio?", "Is there a rate?"],
    quality: [
        ["Filas con una fecha repetida", "Rows with a repeated date"],
        ["Fechas ilegibles", "Unreadable dates"],
        ["Fechas reparadas al leer", "Dates put right when read"],
    ],
    words: &[
        good(word(
            "hallado",
            ["SÍ", "YES"],
            GREEN,
            [
                "El tipo de cambio que vale para la fecha de la fila.",
                "The rate that applies to the date of the row.",
            ],
        )),
        word(
            "sin_tipo",
            ["SIN TIPO DE CAMBIO", "NO RATE"],
            VIOLET,
            [
                "No se publicó ninguno que valga para esa fecha.",
                "None was published that applies to that date.",
            ],
        ),
        missing(word(
            "sin_fecha",
            ["SIN FECHA", "NO DATE"],
            SAND,
            ["La fila no tiene fecha.", "The row has no date."],
        )),
        missing(word(
            "fecha_ilegible",
            ["FECHA ILEGIBLE", "UNREADABLE DATE"],
            BROWN,
            [
                "La fecha está mal escrita: escríbala como 31/01/2026. No gastó consultas.",
                "The date is mistyped: write it as 31/01/2026. It spent no call.",
            ],
        )),
        missing(word(
            "fecha_futura",
            ["FECHA FUTURA", "DATE TO COME"],
            RED,
            [
                "Aún no hay tipo de cambio de esa fecha. No gastó consultas.",
                "There is no rate of that date yet. It spent no call.",
            ],
        )),
        apart(word(
            "en_soles",
            ["EN SOLES", "IN SOLES"],
            PALE,
            [
                "La fila está en soles: no necesita tipo de cambio.",
                "The row is in soles: it needs no rate.",
            ],
        )),
        missing(word(
            "otra_moneda",
            ["OTRA MONEDA", "OTHER CURRENCY"],
            BLUE,
            [
                "La fila está en otra moneda que la que se pidió.",
                "The row is in another currency than the one asked for.",
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
            "total",
            ["FILA DE TOTAL", "ROW OF TOTALS"],
            PALE,
            ["Es una fila de totales.", "It is a row of totals."],
        )),
        apart(word(
            "titulos",
            ["FILA DE TÍTULOS", "ROW OF TITLES"],
            PALE,
            ["Son los títulos otra vez.", "They are the titles again."],
        )),
    ],
};
