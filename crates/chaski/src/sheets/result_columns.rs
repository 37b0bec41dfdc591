//! What is added to each kind of list, as tables.

use super::rates::OF_RATES;
use super::result_kind::{ColumnHolds, ResultColumn, ResultKind, ResultTitles, ResultWord};
use super::vouchers::OF_VOUCHERS;

/// Every kind of result.
pub(crate) static RESULT_KINDS: [&ResultKind; 3] = [&OF_RUCS, &OF_VOUCHERS, &OF_RATES];

/// The titles of every kind of result, in every name and language.
pub(crate) fn result_titles() -> impl Iterator<Item = ResultTitles> {
    RESULT_KINDS.into_iter().flat_map(ResultTitles::of)
}

pub(super) const fn text(name: &'static str, title: [&'static str; 2], width: u8) -> ResultColumn {
    ResultColumn {
        name,
        title,
        width,
        holds: ColumnHolds::Text,
    }
}

pub(super) const fn holding(holds: ColumnHolds, column: ResultColumn) -> ResultColumn {
    ResultColumn { holds, ..column }
}

pub(super) const fn word(
    name: &'static str,
    word: [&'static str; 2],
    colours: (u32, u32),
    meaning: [&'static str; 2],
) -> ResultWord {
    ResultWord {
        name,
        word,
        meaning,
        colours,
        usual: true,
        mend: true,
        failed: false,
    }
}

pub(super) const fn failed(word: ResultWord) -> ResultWord {
    ResultWord {
        failed: true,
        ..word
    }
}

/// All is well with it.
pub(super) const fn good(word: ResultWord) -> ResultWord {
    ResultWord {
        mend: false,
        ..word
    }
}

/// The exception, and nothing to be mended.
pub(super) const fn apart(word: ResultWord) -> ResultWord {
    ResultWord {
        usual: false,
        mend: false,
        ..word
    }
}

/// The exception, and something is missing.
pub(super) const fn missing(word: ResultWord) -> ResultWord {
    ResultWord {
        usual: false,
        ..word
    }
}

pub(super) const GREEN: (u32, u32) = (0x00C6_EFCE, 0x0000_6100);
pub(super) const YELLOW: (u32, u32) = (0x00FF_EB9C, 0x007F_4F00);
pub(super) const RED: (u32, u32) = (0x00FF_C7CE, 0x009C_0006);
pub(super) const BROWN: (u32, u32) = (0x00F8_CBAD, 0x0083_3C0B);
pub(super) const VIOLET: (u32, u32) = (0x00E4_DFEC, 0x0040_3151);
pub(super) const GREY_AND_RED: (u32, u32) = (0x00D9_D9D9, 0x009C_0006);
pub(super) const GREY: (u32, u32) = (0x00ED_EDED, 0x0040_4040);
pub(super) const BLUE: (u32, u32) = (0x00DD_EBF7, 0x001F_4E78);
pub(super) const SAND: (u32, u32) = (0x00FC_E4D6, 0x0083_3C0B);
pub(super) const PALE: (u32, u32) = (0x00F2_F2F2, 0x0070_7070);

/// RUCs that are looked up. The words are those of `Aptitud`, in its order.
pub(crate) static OF_RUCS: ResultKind = ResultKind {
    columns: &[
        text("ruc_normalizado", ["RUC consultado", "RUC looked up"], 15),
        text(
            "razon_social",
            ["Razón social en SUNAT", "Name at SUNAT"],
            34,
        ),
        text("estado", ["Estado en SUNAT", "Estado at SUNAT"], 26),
        text(
            "condicion",
            ["Condición en SUNAT", "Condición at SUNAT"],
            26,
        ),
        holding(
            ColumnHolds::Word,
            text(
                "apto_para_facturar",
                ["¿Se le puede facturar?", "Can be invoiced?"],
                25,
            ),
        ),
        text("ubigeo", ["Ubigeo", "Ubigeo"], 9),
        text("departamento", ["Departamento", "Department"], 14),
        text("provincia", ["Provincia", "Province"], 14),
        text("distrito", ["Distrito", "District"], 22),
        text("direccion", ["Dirección", "Address"], 34),
        text("motivo", ["Motivo", "Reason"], 46),
        text("fuente", ["Fuente", "Source"], 16),
        holding(
            ColumnHolds::Time,
            text("consultado_en", ["Consultado el", "Looked up on"], 17),
        ),
    ],
    for_people: &[4, 10, 0, 1, 2, 3, 5, 6, 7, 8, 9, 11, 12],
    code: "aptitud",
    title: [
        "Validación de RUC para facturación",
        "RUC check for invoicing",
    ],
    counts: ["¿Apto para facturar?", "Fit to be invoiced?"],
    quality: [
        ["RUC repetidos", "Repeated RUCs"],
        ["RUC ilegibles o mal escritos", "Unreadable or mistyped"],
        ["RUC reparados al leer", "Put right when read"],
    ],
    words: &[
        good(word(
            "apto",
            ["SÍ", "YES"],
            GREEN,
            [
                "Contribuyente ACTIVO y HABIDO: puede facturarle.",
                "Taxpayer ACTIVO and HABIDO: you can invoice them.",
            ],
        )),
        word(
            "observado",
            ["SÍ, CON OBSERVACIONES", "YES, WITH REMARKS"],
            YELLOW,
            [
                "Puede facturarle, pero lea el motivo antes.",
                "You can invoice them, but read the reason first.",
            ],
        ),
        word(
            "no_apto",
            ["NO", "NO"],
            RED,
            [
                "No le facture hasta que regularice su situación: vea estado, condición y motivo.",
                "Do not invoice them as things are: see estado, condición and reason.",
            ],
        ),
        word(
            "invalido",
            ["RUC INVÁLIDO", "INVALID RUC"],
            BROWN,
            [
                "El número está mal escrito: corríjalo. No gastó consultas.",
                "The number is mistyped: correct it. It spent no call.",
            ],
        ),
        word(
            "no_encontrado",
            ["NO EXISTE", "DOES NOT EXIST"],
            VIOLET,
            [
                "El número está bien formado, pero no figura en SUNAT: confírmelo con el cliente.",
                "The number is well formed but SUNAT does not know it: confirm it with the customer.",
            ],
        ),
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
            "dni",
            ["ES DNI", "IS A DNI"],
            BLUE,
            [
                "Es el DNI de una persona y no un RUC. Para consultarlo: --dni consultar, o su RUC 10 con --dni ruc10.",
                "It is a person's DNI and not a RUC. To look it up: --dni consultar, or their RUC 10 with --dni ruc10.",
            ],
        )),
        apart(word(
            "otro_documento",
            ["OTRO DOCUMENTO", "OTHER DOCUMENT"],
            BLUE,
            [
                "Carné de extranjería, pasaporte u otro documento: SUNAT no lo tiene en el padrón de RUC.",
                "Carné de extranjería, passport or another document: it is not in SUNAT's registry of RUCs.",
            ],
        )),
        missing(word(
            "sin_numero",
            ["SIN NÚMERO", "NO NUMBER"],
            SAND,
            [
                "La fila no tiene número de documento.",
                "The row has no number of a document.",
            ],
        )),
        apart(word(
            "total",
            ["FILA DE TOTAL", "ROW OF TOTALS"],
            PALE,
            [
                "Es una fila de totales, no un contribuyente.",
                "It is a row of totals, not a taxpayer.",
            ],
        )),
        apart(word(
            "titulos",
            ["FILA DE TÍTULOS", "ROW OF TITLES"],
            PALE,
            [
                "Son los títulos otra vez, no un contribuyente.",
                "They are the titles again, not a taxpayer.",
            ],
        )),
    ],
};
