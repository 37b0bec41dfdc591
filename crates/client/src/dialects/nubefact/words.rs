//! Nubefact's codes, and the words that stand for one where `codigo` is missing. Only what is listed here
//! is a "no"; anything else leaves open what became of the document.

use chaski_core::fold;

use super::read::NubefactRefusal;

/// What a refusal says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// 20, 21, 22: looked at and not taken.
    NotTaken,
    /// 23: there is such a document already, ours or another's.
    Exists,
    /// 24: no such document.
    Absent,
    /// 10, 11, 12, 50, 51: nothing of this account is worked on.
    Barred,
    /// 40, and what is not listed.
    Unclear,
}

pub(crate) fn meaning_of(refusal: &NubefactRefusal) -> Meaning {
    match refusal.codigo {
        Some(20..=22) => Meaning::NotTaken,
        Some(23) => Meaning::Exists,
        Some(24) => Meaning::Absent,
        Some(10..=12 | 50 | 51) => Meaning::Barred,
        Some(_) => Meaning::Unclear,
        None => meaning_of_words(&refusal.text),
    }
}

/// Words, folded, that have been seen or that the manual gives; the first that is found counts. What an
/// internal fault says comes first: it may quote anything.
const WORDS: [(&str, Meaning); 28] = [
    ("UNDEFINED METHOD", Meaning::Unclear),
    ("ERROR INTERNO", Meaning::Unclear),
    ("INTERNAL", Meaning::Unclear),
    ("YA EXISTE EN NUBEFAC", Meaning::Exists),
    ("DOCUMENTO YA EXISTE", Meaning::Exists),
    ("NO EXISTE O NO FUE ENVIADO", Meaning::Absent),
    ("TOKEN", Meaning::Barred),
    ("RUTA", Meaning::Barred),
    ("CUENTA SUSPENDIDA", Meaning::Barred),
    ("FALTA DE PAGO", Meaning::Barred),
    ("NO CUMPLE CON EL FORMATO", Meaning::NotTaken),
    ("NO PUEDES EMITIR", Meaning::NotTaken),
    ("NO PUEDES ENVIAR", Meaning::NotTaken),
    ("PREVALIDAR", Meaning::NotTaken),
    ("FUERA DEL PERIODO", Meaning::NotTaken),
    ("FUERA DEL PLAZO", Meaning::NotTaken),
    ("FUERA DE PLAZO", Meaning::NotTaken),
    ("INCORRECT", Meaning::NotTaken),
    ("INVALID", Meaning::NotTaken),
    ("NO ES VALID", Meaning::NotTaken),
    ("DEBE SER", Meaning::NotTaken),
    ("DEBE INICIAR", Meaning::NotTaken),
    ("DEBERIA SER", Meaning::NotTaken),
    ("SOLO SE PERMITE", Meaning::NotTaken),
    ("NO PUEDE ESTAR", Meaning::NotTaken),
    ("ES OBLIGATORI", Meaning::NotTaken),
    ("ES REQUERID", Meaning::NotTaken),
    ("NO COINCIDE", Meaning::NotTaken),
];

fn meaning_of_words(text: &str) -> Meaning {
    let folded = fold(text);
    WORDS
        .iter()
        .find(|(words, _)| folded.contains(words))
        .map_or(Meaning::Unclear, |(_, meaning)| *meaning)
}

/// What SUNAT says of a void that it has heard of before (2323, "Existe documento ya informado
/// anteriormente en una comunicación de baja"), and what is said in its place. A product that compared
/// without folding the accents missed it, and sent three more.
const VOIDED_BEFORE: [&str; 7] = [
    "YA FUE INFORMADO",
    "YA HA SIDO INFORMADO",
    "YA INFORMADO",
    "INFORMADO ANTERIORMENTE",
    "YA FUE ANULAD",
    "YA SE ENCUENTRA ANULAD",
    "YA ESTA ANULAD",
];

/// Whether a text says that the document was voided before.
pub(crate) fn says_voided_before(text: &str) -> bool {
    let folded = fold(text);
    let by_number = folded.split(' ').any(|word| word == "2323");
    by_number || VOIDED_BEFORE.iter().any(|words| folded.contains(words))
}

#[cfg(test)]
mod tests {
    use super::{Meaning, NubefactRefusal, meaning_of, says_voided_before};

    #[test]
    fn codes_count_before_words() {
        let of = |codigo, text: &str| {
            let text = text.to_owned();
            meaning_of(&NubefactRefusal { codigo, text })
        };
        let cases = [
            (Some(10), "", Meaning::Barred),
            (Some(13), "token", Meaning::Unclear),
            (
                Some(21),
                "Este documento ya existe en NubeFacT",
                Meaning::NotTaken,
            ),
            (Some(40), "RUC incorrecto", Meaning::Unclear),
            (
                None,
                "Este documento ya existe en NubeFacT",
                Meaning::Exists,
            ),
            (
                None,
                "El documento indicado no existe o no fue enviado a NubeFacT",
                Meaning::Absent,
            ),
            (
                None,
                "Serie No puedes emitir comprobantes con esta serie'",
                Meaning::NotTaken,
            ),
            (None, "Tipo de IGV incorrecto", Meaning::NotTaken),
            (
                None,
                "Error al PreValidar codigo Tributo: 9996",
                Meaning::NotTaken,
            ),
            (
                None,
                "RUC incorrecto, el último dígito debería ser 5",
                Meaning::NotTaken,
            ),
            (
                None,
                "undefined method 'codigo' for nil, RUC incorrecto",
                Meaning::Unclear,
            ),
            (None, "algo que nadie ha visto", Meaning::Unclear),
            (None, "", Meaning::Unclear),
        ];
        for (codigo, text, expected) in cases {
            assert_eq!(of(codigo, text), expected, "{codigo:?} {text}");
        }
    }

    #[test]
    fn accents_hide_no_void() {
        for (text, expected) in [
            (
                "2323 - Existe documento ya informado anteriormente en una comunicación de baja",
                true,
            ),
            ("El comprobante YA FUÉ INFORMADO", true),
            // The accent as a character of its own.
            (
                "ya fue\u{301} informado en una comunicacio\u{301}n de baja",
                true,
            ),
            ("error 2323", true),
            ("El comprobante aún no ha sido informado a SUNAT", false),
            ("FFF1-12323", false),
            ("", false),
        ] {
            assert_eq!(says_voided_before(text), expected, "{text}");
        }
    }
}
