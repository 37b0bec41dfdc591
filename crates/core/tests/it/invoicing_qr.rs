//! QR texts: what is written is read back, and what NubeFact really answers is read.

use chaski_core::invoicing::{DocumentKind, JsonValue, QrError, QrField, QrText, TaxDocument};
use chaski_core::{Lang, Ruc};
use proptest::prelude::*;
use rust_decimal::Decimal;

const SENT: &str = "20131312955|01|F001|7|18.00|118.00|2026-11-27|6|20131312955|";

#[track_caller]
fn same(text: &str) {
    let (sent, found) = (
        QrText::parse(SENT).expect("a right case"),
        QrText::parse(text).expect("a right case"),
    );
    assert_eq!(sent.differences(&found), [], "{text}");
}

#[test]
fn every_layout_says_the_same() {
    same(SENT);
    same("20131312955|01|F001|7|18.00|118.00|2026-11-27|6|20131312955");
    same("20131312955|01|F001|7|18.00|118.00|2026-11-27|6|20131312955|abc=|");
    same(
        "20131312955 | 01 | F001 | 000007 | 18.00 | 118.00 | 27/11/2026 | 6 | 20131312955 | abc= |",
    );
    same(" 20131312955 |1| f001 |00000007| 18 | 118.0 | 27-11-2026 | 6 | 20131312955 | ");
    same("20131312955|01|F001|7|18.00|118.00|2026-11-27|6|20131312955|abc=|something|more|");
}

/// The shape of a real answer of a demo account.
#[test]
fn a_real_answer_is_read() {
    let answer = include_bytes!("../samples/nubefact/responses/boleta-demo-real-shape.json");
    let answer = JsonValue::parse(answer).expect("JSON");
    let text = answer
        .as_object()
        .and_then(|it| it.get("cadena_para_codigo_qr"));
    let text = text.and_then(JsonValue::as_str).expect("a text");
    let qr = QrText::parse(text).expect("a QR text");
    assert_eq!(
        (qr.tipo.as_str(), qr.serie.as_str(), qr.numero),
        ("03", "BBB1", 1)
    );
    assert_eq!(
        (qr.igv.to_string(), qr.total.to_string()),
        ("6.69".into(), "43.80".into())
    );
    assert_eq!(qr.fecha, jiff::civil::date(2026, 7, 30));
    assert_eq!(qr.hash.as_ref().map(String::len), Some(44));
    assert_eq!(qr.to_nubefact(), text);
}

#[test]
fn nobody_is_a_dash_or_nothing() {
    let dash = QrText::parse("20131312955|03|B001|7|0|5.00|2026-11-27|-|-|").expect("a right case");
    let nothing = QrText::parse("20131312955|03|B001|7||5.00|2026-11-27|||").expect("a right case");
    assert_eq!(dash.differences(&nothing), []);
    assert_eq!((nothing.cliente_tipo.as_str(), nothing.hash), ("-", None));
}

#[track_caller]
fn differs(field: QrField, text: &str) {
    let (sent, found) = (
        QrText::parse(SENT).expect("a right case"),
        QrText::parse(text).expect("a right case"),
    );
    assert_eq!(sent.differences(&found), [field]);
    assert_eq!(found.differences(&sent), [field]);
}

#[test]
fn each_field_that_differs_is_told() {
    differs(
        QrField::Ruc,
        "20600695771|01|F001|7|18.00|118.00|2026-11-27|6|20131312955|",
    );
    differs(
        QrField::Tipo,
        "20131312955|07|F001|7|18.00|118.00|2026-11-27|6|20131312955|",
    );
    differs(
        QrField::Serie,
        "20131312955|01|F002|7|18.00|118.00|2026-11-27|6|20131312955|",
    );
    differs(
        QrField::Numero,
        "20131312955|01|F001|8|18.00|118.00|2026-11-27|6|20131312955|",
    );
    differs(
        QrField::Igv,
        "20131312955|01|F001|7|18.01|118.00|2026-11-27|6|20131312955|",
    );
    differs(
        QrField::Total,
        "20131312955|01|F001|7|18.00|118.01|2026-11-27|6|20131312955|",
    );
    differs(
        QrField::Fecha,
        "20131312955|01|F001|7|18.00|118.00|2026-11-26|6|20131312955|",
    );
    differs(
        QrField::ClienteTipo,
        "20131312955|01|F001|7|18.00|118.00|2026-11-27|0|20131312955|",
    );
    differs(
        QrField::ClienteNumero,
        "20131312955|01|F001|7|18.00|118.00|2026-11-27|6|20600695771|",
    );
}

#[track_caller]
fn refuses(text: &str, error: QrError) {
    assert_eq!(QrText::parse(text), Err(error), "{text}");
    for lang in [Lang::Es, Lang::En] {
        assert!(!error.message(lang).is_empty());
    }
}

#[test]
fn what_is_no_qr_text_is_refused_with_its_field() {
    refuses("", QrError::Empty);
    refuses(" \n", QrError::Empty);
    refuses(
        "https://e-factura.sunat.gob.pe/v1/contribuyente/gre/comprobantes/descargaqr?x=1",
        QrError::Link,
    );
    refuses("20600695771 | 01 | FFF1 | 000001 | ...", QrError::Short);
    refuses("hola", QrError::Short);
    refuses(
        "|01|F001|7|1|1|2026-11-27|6|1|",
        QrError::Field(QrField::Ruc),
    );
    refuses(
        "1||F001|7|1|1|2026-11-27|6|1|",
        QrError::Field(QrField::Tipo),
    );
    refuses(
        "1|01||7|1|1|2026-11-27|6|1|",
        QrError::Field(QrField::Serie),
    );
    refuses(
        "1|01|F001|+7|1|1|2026-11-27|6|1|",
        QrError::Field(QrField::Numero),
    );
    refuses(
        "1|01|F001|99999999999|1|1|2026-11-27|6|1|",
        QrError::Field(QrField::Numero),
    );
    refuses(
        "1|01|F001|7|x|1|2026-11-27|6|1|",
        QrError::Field(QrField::Igv),
    );
    refuses(
        "1|01|F001|7|1|1e3|2026-11-27|6|1|",
        QrError::Field(QrField::Total),
    );
    refuses(
        "1|01|F001|7|1|1|2026-02-29|6|1|",
        QrError::Field(QrField::Fecha),
    );
}

#[test]
fn a_document_says_what_its_qr_code_will_say() {
    let fields = JsonValue::parse(
        br#"{"serie":"BBB1","numero":7,"total_igv":6.69,"total":43.80,
            "fecha_de_emision":"30-07-2026","cliente_tipo_de_documento":"1",
            "cliente_numero_de_documento":"00000001","cliente_denominacion":"CLIENTE DE PRUEBA"}"#,
    )
    .expect("a right case");
    let fields = fields.as_object().expect("a right case").clone();
    let issuer: Ruc = "20131312955".parse().expect("a right case");
    let document = TaxDocument::new(DocumentKind::Boleta, fields.clone());
    let expected = QrText::of(&document, &issuer).expect("a right case");
    let text = "20131312955 | 03 | BBB1 | 000007 | 6.69 | 43.80 | 30/07/2026 | 1 | 00000001 |";
    assert_eq!(expected.to_nubefact(), text);
    assert_eq!(format!("{expected:?}"), "QrText(03 BBB1-7)");
    for kind in [DocumentKind::GuiaRemitente, DocumentKind::Anulacion] {
        assert_eq!(
            QrText::of(&TaxDocument::new(kind, fields.clone()), &issuer),
            None
        );
    }
    let mut unnumbered = fields;
    unnumbered.remove("numero");
    let document = TaxDocument::new(DocumentKind::Boleta, unnumbered);
    assert_eq!(QrText::of(&document, &issuer), None);
}

prop_compose! {
    fn any_qr()(
        (ruc, tipo) in ("[0-9]{11}", "0[1-8]"),
        (serie, numero) in ("[FBRP][A-Z0-9]{3}", 1u32..100_000_000),
        (igv, total) in (0i64..100_000_000_000_000, 0i64..100_000_000_000_000),
        days in 0i32..20_000,
        (cliente_tipo, cliente_numero) in ("[0-9A-Z-]", "[0-9A-Z-]{1,15}"),
        hash in proptest::option::of("[A-Za-z0-9+/]{43}="),
    ) -> QrText {
        QrText {
            ruc, tipo, serie, numero,
            igv: Decimal::new(igv, 2),
            total: Decimal::new(total, 2),
            fecha: jiff::civil::date(2010, 1, 1) + jiff::Span::new().days(days),
            cliente_tipo, cliente_numero, hash,
        }
    }
}

proptest! {
    #[test]
    fn both_layouts_are_read_back(qr in any_qr()) {
        let (sunat, nubefact) = (qr.to_sunat(), qr.to_nubefact());
        prop_assert_eq!(QrText::parse(&sunat), Ok(qr.clone()));
        prop_assert_eq!(QrText::parse(&nubefact), Ok(qr));
    }

    #[test]
    fn a_changed_character_is_found_or_changes_nothing(qr in any_qr(), at in 0usize..60, digit in "[0-9]") {
        let mut text: Vec<char> = qr.to_sunat().chars().collect();
        let end = text.iter().enumerate().filter(|(_, c)| **c == '|').nth(8).map_or(0, |it| it.0);
        let at = at % end;
        prop_assume!(text[at].is_ascii_digit() && text[at] != digit.chars().next().expect("a right case"));
        text[at] = digit.chars().next().expect("a right case");
        let changed: String = text.into_iter().collect();
        if let Ok(found) = QrText::parse(&changed) {
            prop_assert!(!qr.differences(&found).is_empty(), "{changed}");
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in "\\PC*") {
        let _ = QrText::parse(&text);
    }
}
