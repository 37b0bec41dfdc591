//! What can be chosen in a cell: codes with their names for the lists of the template, and the names by
//! which people write a code.

use chaski_core::invoicing::catalogs::affectations::AFFECTATIONS;
use chaski_core::invoicing::catalogs::currencies::Moneda;
use chaski_core::invoicing::catalogs::detraction_goods::GOODS;
use chaski_core::invoicing::catalogs::detraction_payments::PAYMENTS;
use chaski_core::invoicing::catalogs::identities::IDENTITIES;
use chaski_core::invoicing::catalogs::isc_systems::IscSystem;
use chaski_core::invoicing::catalogs::note_reasons::{NoteKind, REASONS};
use chaski_core::invoicing::catalogs::units::UNITS;
use chaski_core::{Lang, fold};

use super::columns::Choices;

/// What stands in the drop-down list, in its order; none where anything may be written.
pub(super) fn listed(choices: Choices, lang: Lang) -> Vec<String> {
    let pair = |code: &str, name: &str| format!("{code} {name}");
    let fixed = |words: &[&str]| words.iter().map(|it| (*it).to_owned()).collect();
    match choices {
        Choices::Free => Vec::new(),
        Choices::YesNo => fixed(&["SI", "NO"]),
        Choices::Tipos => fixed(&["factura", "boleta", "nota_credito", "nota_debito"]),
        Choices::Monedas => fixed(&Moneda::ALL.map(Moneda::iso)),
        Choices::Identities => IDENTITIES.iter().map(|it| pair(it.code, it.name)).collect(),
        Choices::Affectations => {
            let mut all: Vec<String> = AFFECTATIONS
                .iter()
                .map(|it| pair(it.catalog, it.name))
                .collect();
            all.dedup_by(|one, other| one.get(..2) == other.get(..2));
            all
        }
        Choices::Units => UNITS.iter().map(|(code, name)| pair(code, name)).collect(),
        Choices::NoteReasons => REASONS
            .iter()
            .map(|it| {
                let debit = lang.pick("débito", "debit");
                match it.kind {
                    NoteKind::Credit => pair(it.catalog, it.name),
                    NoteKind::Debit => format!("{} {debit}: {}", it.catalog, it.name),
                }
            })
            .collect(),
        Choices::IscSystems => IscSystem::ALL
            .into_iter()
            .map(|it| {
                let name = match it {
                    IscSystem::AlValor => "al valor",
                    IscSystem::MontoFijo => "monto fijo",
                    IscSystem::PrecioAlPublico => "precio al público",
                };
                pair(it.catalog(), name)
            })
            .collect(),
        Choices::DetractionGoods => GOODS.iter().map(|it| pair(it.catalog, it.name)).collect(),
        Choices::DetractionPayments => PAYMENTS
            .iter()
            .map(|it| pair(it.catalog, it.name))
            .collect(),
        Choices::Retenciones => fixed(&["3", "6"]),
        Choices::Percepciones => fixed(&["2", "1", "0.5"]),
        Choices::PdfFormats => fixed(&["A4", "A5", "TICKET"]),
    }
}

/// Words for a code that people write in place of it, folded.
const NAMED: &[(Choices, &str, &[&str])] = &[
    (
        Choices::Tipos,
        "factura",
        &[
            "FACTURA",
            "FACTURA ELECTRONICA",
            "FACT",
            "FAC",
            "FT",
            "F",
            "1",
            "01",
        ],
    ),
    (
        Choices::Tipos,
        "boleta",
        &[
            "BOLETA",
            "BOLETA DE VENTA",
            "BOLETA DE VENTA ELECTRONICA",
            "BOLETA ELECTRONICA",
            "BOL",
            "BV",
            "B",
            "3",
            "03",
        ],
    ),
    (
        Choices::Tipos,
        "nota_credito",
        &[
            "NOTA CREDITO",
            "NOTA DE CREDITO",
            "NOTA DE CREDITO ELECTRONICA",
            "N CREDITO",
            "NC",
            "N C",
            "7",
            "07",
        ],
    ),
    (
        Choices::Tipos,
        "nota_debito",
        &[
            "NOTA DEBITO",
            "NOTA DE DEBITO",
            "NOTA DE DEBITO ELECTRONICA",
            "N DEBITO",
            "ND",
            "N D",
            "8",
            "08",
        ],
    ),
    (
        Choices::Monedas,
        "PEN",
        &[
            "PEN",
            "S",
            "SOL",
            "SOLES",
            "NUEVOS SOLES",
            "MN",
            "M N",
            "MONEDA NACIONAL",
        ],
    ),
    (
        Choices::Monedas,
        "USD",
        &[
            "USD",
            "US",
            "DOLAR",
            "DOLARES",
            "DOLARES AMERICANOS",
            "DOL",
            "ME",
            "M E",
        ],
    ),
    (Choices::Monedas, "EUR", &["EUR", "EURO", "EUROS"]),
    (
        Choices::Monedas,
        "GBP",
        &["GBP", "LIBRA", "LIBRAS", "LIBRAS ESTERLINAS"],
    ),
    (Choices::Identities, "6", &["RUC", "6 RUC", "06"]),
    (Choices::Identities, "1", &["DNI", "1 DNI", "01", "LE"]),
    (
        Choices::Identities,
        "-",
        &[
            "VARIOS",
            "CLIENTES VARIOS",
            "CLIENTE VARIOS",
            "PUBLICO EN GENERAL",
            "SIN DOCUMENTO",
        ],
    ),
    (
        Choices::Identities,
        "4",
        &["CE", "CARNET DE EXTRANJERIA", "CARNET EXTRANJERIA", "04"],
    ),
    (Choices::Identities, "7", &["PASAPORTE", "PAS", "07"]),
    (
        Choices::Identities,
        "0",
        &[
            "NO DOMICILIADO",
            "NO DOMICILIADO SIN RUC",
            "EXTRANJERO",
            "00",
        ],
    ),
    (
        Choices::Affectations,
        "10",
        &["GRAVADO", "GRAVADA", "AFECTO", "AFECTA"],
    ),
    (Choices::Affectations, "20", &["EXONERADO", "EXONERADA"]),
    (Choices::Affectations, "30", &["INAFECTO", "INAFECTA"]),
    (Choices::Affectations, "40", &["EXPORTACION"]),
    (Choices::Affectations, "17", &["IVAP"]),
    (
        Choices::Units,
        "NIU",
        &[
            "UNIDAD", "UNIDADES", "UND", "UNID", "UN", "U", "PIEZA", "PIEZAS", "PZA",
        ],
    ),
    (Choices::Units, "ZZ", &["SERVICIO", "SERVICIOS", "SERV"]),
    (
        Choices::Units,
        "KGM",
        &["KG", "KGS", "KILO", "KILOS", "KILOGRAMO", "KILOGRAMOS"],
    ),
    (
        Choices::Units,
        "TNE",
        &["TONELADA", "TONELADAS", "TON", "TM"],
    ),
    (Choices::Units, "GRM", &["GRAMO", "GRAMOS", "GR", "G"]),
    (
        Choices::Units,
        "LTR",
        &["LITRO", "LITROS", "LT", "LTS", "L"],
    ),
    (Choices::Units, "GLL", &["GALON", "GALONES", "GLN", "GL"]),
    (
        Choices::Units,
        "MTR",
        &["METRO", "METROS", "MT", "MTS", "M"],
    ),
    (
        Choices::Units,
        "MTK",
        &["METRO CUADRADO", "METROS CUADRADOS", "M2"],
    ),
    (
        Choices::Units,
        "MTQ",
        &["METRO CUBICO", "METROS CUBICOS", "M3"],
    ),
    (Choices::Units, "DZN", &["DOCENA", "DOCENAS", "DOC"]),
    (Choices::Units, "CEN", &["CIENTO", "CIENTOS"]),
    (Choices::Units, "MIL", &["MILLAR", "MILLARES"]),
    (Choices::Units, "BX", &["CAJA", "CAJAS", "CJ"]),
    (Choices::Units, "PK", &["PAQUETE", "PAQUETES", "PAQ"]),
    (Choices::Units, "BG", &["BOLSA", "BOLSAS"]),
    (Choices::Units, "BO", &["BOTELLA", "BOTELLAS", "BOT"]),
    (Choices::Units, "SET", &["JUEGO", "JUEGOS"]),
    (Choices::Units, "PR", &["PAR", "PARES"]),
    (Choices::Units, "KT", &["KIT", "KITS"]),
];

/// The code that people mean by a word.
pub(super) fn code_named(choices: Choices, word: &str) -> Option<&'static str> {
    let folded = fold(word);
    let sign = match (choices, word.trim()) {
        (Choices::Monedas, "S/" | "S/.") => Some("PEN"),
        (Choices::Monedas, "$" | "US$" | "U$S") => Some("USD"),
        (Choices::Monedas, "€") => Some("EUR"),
        (Choices::Monedas, "£") => Some("GBP"),
        _ => None,
    };
    sign.or_else(|| {
        let mut all = NAMED.iter().filter(|(of, ..)| *of == choices);
        all.find(|(_, _, words)| words.contains(&folded.as_str()))
            .map(|(_, code, _)| *code)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_folded_and_lead_to_codes_that_are_listed() {
        for (choices, code, words) in NAMED {
            let listed = listed(*choices, Lang::Es);
            let known = listed.iter().any(|it| it.split(' ').next() == Some(*code));
            assert!(known, "{code}");
            for word in *words {
                assert_eq!(fold(word), **word);
                assert_eq!(code_named(*choices, word), Some(*code), "{word}");
            }
        }
        assert_eq!(code_named(Choices::Monedas, " S/. "), Some("PEN"));
        assert_eq!(code_named(Choices::Affectations, "gratuito"), None);
    }
}
