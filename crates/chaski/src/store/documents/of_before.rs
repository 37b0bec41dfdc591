//! What is known of a document that was not taken on here: from what was sent for it, in Nubefact's fields,
//! or from the text of its QR code, which begins RUC|tipo|serie|numero|igv|total|fecha|tipo del cliente|numero.
//! Without it nobody would find a customer's document, or know how long it is to be kept.

use chaski_client::{NubefactId, NubefactKind};
use jiff::civil::Date;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde_json::{Map, Value};

use super::sheet::{DocumentBuyer, DocumentSheet};

/// What is known of it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct KnownOfBefore {
    pub(super) cliente: Option<DocumentBuyer>,
    pub(super) moneda: Option<String>,
    pub(super) total: Option<String>,
    /// The total in hundredths, of what was sent.
    pub(super) hundredths: Option<i64>,
    /// What a note modifies, `01:FFF1-1`.
    pub(super) modifica: Option<String>,
    pub(super) issued_on: Option<Date>,
}

/// By what was sent.
pub(super) fn by_what_was_sent(draft: &[u8]) -> KnownOfBefore {
    let Ok(fields) = serde_json::from_slice::<Map<String, Value>>(draft) else {
        return KnownOfBefore::default();
    };
    let text = |name: &str| match fields.get(name) {
        Some(Value::String(text)) => Some(text.trim().to_owned()).filter(|it| !it.is_empty()),
        Some(Value::Number(number)) => Some(number.to_string()),
        _ => None,
    };
    let numero = text("cliente_numero_de_documento");
    let total = text("total");
    let hundredths = total.as_deref().and_then(|it| it.parse::<Decimal>().ok());
    let hundredths = hundredths.and_then(|it| it.checked_mul(Decimal::ONE_HUNDRED)?.to_i64());
    let modified = || {
        let number = |name: &str| text(name)?.parse().ok();
        let kind = NubefactKind::of_number(number("documento_que_se_modifica_tipo")?)?;
        let serie = text("documento_que_se_modifica_serie")?;
        NubefactId::new(kind, &serie, number("documento_que_se_modifica_numero")?).ok()
    };
    let day = text("fecha_de_emision");
    KnownOfBefore {
        cliente: numero.map(|numero| DocumentBuyer {
            tipo: text("cliente_tipo_de_documento").unwrap_or_default(),
            numero,
            nombre: text("cliente_denominacion").unwrap_or_default(),
        }),
        // Nubefact's table of currencies.
        moneda: text("moneda").and_then(|it| match it.as_str() {
            "1" => Some("PEN".to_owned()),
            "2" => Some("USD".to_owned()),
            "3" => Some("EUR".to_owned()),
            "4" => Some("GBP".to_owned()),
            _ => None,
        }),
        total,
        hundredths,
        modifica: modified().map(|it| DocumentSheet::modified(&it)),
        issued_on: day.and_then(|it| Date::strptime("%d-%m-%Y", it).ok()),
    }
}

/// By the text of its QR code.
pub(super) fn by_qr(text: &str) -> KnownOfBefore {
    let parts: Vec<&str> = text.split('|').map(str::trim).collect();
    let part = |at: usize| parts.get(at).copied().filter(|it| !it.is_empty());
    let day = |text: &str| {
        let iso = text.parse().ok();
        iso.or_else(|| Date::strptime("%d/%m/%Y", text).ok())
            .or_else(|| Date::strptime("%d-%m-%Y", text).ok())
    };
    KnownOfBefore {
        cliente: part(8).filter(|it| *it != "-").map(|numero| DocumentBuyer {
            tipo: part(7).unwrap_or_default().to_owned(),
            numero: numero.to_owned(),
            nombre: String::new(),
        }),
        moneda: None,
        total: part(5).map(str::to_owned),
        hundredths: None,
        modifica: None,
        issued_on: part(6).and_then(day),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(known: &KnownOfBefore, cliente: Option<&str>, total: Option<&str>, day: Option<&str>) {
        let found = known.cliente.as_ref().map(|it| it.numero.as_str());
        assert_eq!(found, cliente);
        assert_eq!(known.total.as_deref(), total);
        assert_eq!(known.issued_on.map(|it| it.to_string()).as_deref(), day);
    }

    #[test]
    fn what_was_sent() {
        let sent = br#"{"cliente_tipo_de_documento":1,"cliente_numero_de_documento":"00000001",
            "cliente_denominacion":"PERSONA","moneda":"2","total":"118.00","fecha_de_emision":"28-11-2026"}"#;
        let known = by_what_was_sent(sent);
        check(&known, Some("00000001"), Some("118.00"), Some("2026-11-28"));
        assert_eq!(known.moneda.as_deref(), Some("USD"));
        assert_eq!((known.hundredths, &known.modifica), (Some(11_800), &None));
        let note =
            br#"{"documento_que_se_modifica_tipo":2,"documento_que_se_modifica_serie":"bbb1",
            "documento_que_se_modifica_numero":"7","total":0.1}"#;
        let note = by_what_was_sent(note);
        assert_eq!(
            (note.hundredths, note.modifica.as_deref()),
            (Some(10), Some("03:BBB1-7"))
        );
        assert_eq!(known.cliente.map(|it| it.tipo).as_deref(), Some("1"));
        for nothing in [
            "{}",
            "[]",
            "x",
            r#"{"cliente_numero_de_documento":" ","total":null}"#,
        ] {
            check(&by_what_was_sent(nothing.as_bytes()), None, None, None);
        }
        check(
            &by_what_was_sent(br#"{"fecha_de_emision":"2026-28-11"}"#),
            None,
            None,
            None,
        );
    }

    #[test]
    fn a_qr_code() {
        let qr = "20600695771|01|FFF1|000001|18.00|118.00|2026-11-28|6|20100070970|hash|";
        check(
            &by_qr(qr),
            Some("20100070970"),
            Some("118.00"),
            Some("2026-11-28"),
        );
        let qr = "20600695771 | 03 | BBB1 | 1 | 1.00 | 2.00 | 28/11/2026 | 1 | 00000001 |";
        check(
            &by_qr(qr),
            Some("00000001"),
            Some("2.00"),
            Some("2026-11-28"),
        );
        check(
            &by_qr("20600695771|03|BBB1|1|0|2.00|x|-|-|"),
            None,
            Some("2.00"),
            None,
        );
        check(&by_qr(""), None, None, None);
    }
}
