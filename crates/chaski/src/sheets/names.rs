//! What titles say of their columns.

use chaski_core::fold;

use super::table::{Cell, own_title};

/// Whether a cell may be the title of a column of RUCs, or of documents that may be RUCs.
pub(super) fn names_identity(cell: &Cell) -> bool {
    let Cell::Text(text) = cell else {
        return false;
    };
    if text.chars().count() > 60 {
        return false;
    }
    let folded = fold(text);
    // `SIN RUC` stands in the place of one.
    let says_none = folded
        .split(' ')
        .any(|word| matches!(word, "SIN" | "TIENE" | "FALTA"));
    !says_none && (names_ruc(&folded) || names_document(&folded))
}

/// `TIPO DOC`, `TIPO (TABLA 2)`, `TD`: the title of the kind of a person's document, not of a voucher's.
pub(super) fn names_document_type(title: &str) -> bool {
    let own = fold(own_title(title));
    let all = fold(title);
    let mut words = own.split(' ');
    let begins = matches!(
        words.next(),
        Some("TIPO" | "TIPODOC" | "TD" | "TIP" | "COD" | "T")
    );
    let of_a_voucher = [
        "COMPROBANTE",
        "CDP",
        "PAGO",
        "VOUCHER",
        "TABLA 10",
        "OPERACION",
    ];
    begins && !own.contains("CP") && !of_a_voucher.iter().any(|word| all.contains(word))
}

/// `FECHA DE VENCIMIENTO`, `SERIE CP MODIFICADO`: the title of what is not of the voucher's issue, but of when
/// it falls due or is paid, or of another voucher.
pub(super) fn names_no_issue(folded: &str) -> bool {
    const OTHERS: [&str; 10] = [
        "VENC",
        "VCTO",
        "VCMTO",
        "PAGO",
        "MODIFICA",
        "REFERENCIA",
        "ORIGINAL",
        "DETRACC",
        "REGISTRO",
        "CONSTANCIA",
    ];
    let of_issue = folded.contains("COMPROBANTE DE PAGO") || folded.contains("COMP PAGO");
    OTHERS
        .iter()
        .any(|it| folded.contains(it) && !(*it == "PAGO" && of_issue))
}

/// `RUC`, `N° RUC`, `NUM_RUC`, `RUC CLIENTE`, `RUC/DNI`, `NRORUC`; not a name such as `RUCANO`.
pub(super) fn names_ruc(folded: &str) -> bool {
    const JOINED: [&str; 22] = [
        "",
        "S",
        "N",
        "NO",
        "NRO",
        "NUM",
        "NUMERO",
        "COD",
        "CODIGO",
        "ID",
        "DNI",
        "DOC",
        "CLI",
        "CLIENTE",
        "PROV",
        "PROVEEDOR",
        "EMISOR",
        "RECEPTOR",
        "EMPRESA",
        "ADQUIRENTE",
        "TERCERO",
        "SOCIO",
    ];
    let names = |word: &str| {
        let rest = word
            .strip_prefix("RUC")
            .or_else(|| word.strip_suffix("RUC"));
        rest.is_some_and(|rest| {
            JOINED.contains(&rest) || rest.bytes().all(|it| it.is_ascii_digit())
        })
    };
    folded.split(' ').any(names) || folded.contains("R U C")
}

/// `DOCUMENTO`, `NRO DOC`, `NUMERO DE DOCUMENTO`, `DOC. IDENTIDAD`; not the type of document.
pub(super) fn names_document(folded: &str) -> bool {
    let mut words = folded.split(' ');
    !folded.starts_with("TIPO")
        && !folded.contains("FECHA")
        && words.any(|word| {
            matches!(
                word,
                "DOC" | "DOCUMENTO" | "DNI" | "IDENTIFICACION" | "NRODOC" | "NUMDOC"
            )
        })
}
