//! Is the document that Nubefact has under a name the one that was sent? The query answers neither
//! customer nor totals but inside the QR text, so that is what is compared.

use chaski_core::{Ruc, parse_date};
use jiff::civil::Date;
use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::{Map, Value};

use super::operation::{NubefactId, NubefactKind};
use super::read::NubefactReply;

/// What came of comparing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Likeness {
    /// Everything that can be compared is equal, and that is enough to tell.
    Same,
    /// These are not, named as in the request; no values, some are the customer's.
    Different(Vec<&'static str>),
    /// The answer does not say enough, as that of a guía.
    Untold,
}

/// What was sent, and what else is known of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SentDocument<'a> {
    pub(crate) id: &'a NubefactId,
    pub(crate) body: &'a [u8],
    /// Who issues, where that is known: it is not in the request.
    pub(crate) issuer: Option<&'a Ruc>,
}

/// Compares what was sent with what Nubefact has under the same name.
pub(crate) fn compare(sent: SentDocument<'_>, reply: &NubefactReply) -> Likeness {
    let Some(request) = NubefactReply::from_json(sent.body) else {
        return Likeness::Untold;
    };
    let mut different = Vec::new();
    // 1. Its own code and hash, where both sides have one.
    for name in ["codigo_unico", "codigo_hash"] {
        if let (Some(ours), Some(theirs)) = (request.text(name), reply.text(name))
            && ours != theirs
        {
            different.push(name);
        }
    }
    // 2. The QR text.
    let qr = reply.qr();
    let qr = qr.as_deref().map(Qr::of).unwrap_or_default();
    if let (Some(ours), Some(theirs)) = (sent.issuer, qr.text(0))
        && ours.as_str() != theirs
    {
        different.push("ruc");
    }
    let tipo = qr.text(1).map(|it| it == sent.id.kind.catalog_01());
    let serie = qr.text(2).map(|it| it.eq_ignore_ascii_case(&sent.id.serie));
    let numero = qr.text(3).map(|it| it.parse() == Ok(sent.id.numero));
    let (igv, total) = amounts(&qr, &request, sent.id.kind);
    let date = qr.date(6).map(|it| Some(it) == date_of(&request));
    let customer = qr.customer().map(|it| it.is_of(&request));
    let said = [
        ("tipo_de_comprobante", tipo),
        ("serie", serie),
        ("numero", numero),
        ("total_igv", igv),
        ("total", total),
        ("fecha_de_emision", date),
        ("cliente_numero_de_documento", customer),
    ];
    different.extend(said.iter().filter(|it| it.1 == Some(false)).map(|it| it.0));
    // 3. A part that is missing proves nothing.
    if !different.is_empty() {
        Likeness::Different(different)
    } else if said.iter().all(|it| it.1 == Some(true)) {
        Likeness::Same
    } else {
        Likeness::Untold
    }
}

/// Whether IGV and total are those of the request. Which of its amounts a retención or a percepción has in
/// its QR text is not known: any of them will do, and none proves nothing.
fn amounts(
    qr: &Qr<'_>,
    request: &NubefactReply,
    kind: NubefactKind,
) -> (Option<bool>, Option<bool>) {
    let of = |name: &str| amount_of(request, name);
    if kind.has_telling_qr() {
        let igv = of("total_igv").unwrap_or_default();
        let total = qr.amount(5).map(|it| Some(it) == of("total"));
        return (qr.igv().map(|it| it == igv), total);
    }
    let named = [
        "total_retenido",
        "total_pagado",
        "total_percibido",
        "total_cobrado",
    ];
    let total = qr.amount(5);
    let same = total.is_some() && named.iter().any(|name| of(name) == total);
    (Some(true), same.then_some(true))
}

/// `RUC | tipo | serie | numero | IGV | total | date | customer's type | customer's number | hash |`,
/// with blanks round the bars and the number padded to six digits. Part by part: what cannot be read is
/// absent.
#[derive(Default)]
struct Qr<'a>(Vec<&'a str>);

impl<'a> Qr<'a> {
    fn of(text: &'a str) -> Qr<'a> {
        let parts: Vec<&str> = text.split('|').map(str::trim).collect();
        // That of a guía is an address.
        if parts.len() < 4 {
            Qr::default()
        } else {
            Qr(parts)
        }
    }

    fn part(&self, place: usize) -> Option<&'a str> {
        self.0.get(place).copied().filter(|it| *it != "...")
    }

    fn text(&self, place: usize) -> Option<&'a str> {
        self.part(place).filter(|it| !it.is_empty())
    }

    fn amount(&self, place: usize) -> Option<Decimal> {
        let text = self.text(place)?.replace(',', "");
        Some(cents(text.parse().ok()?))
    }

    /// A document without IGV may have it empty.
    fn igv(&self) -> Option<Decimal> {
        self.amount(5)?;
        match self.part(4)? {
            "" => Some(Decimal::ZERO),
            _ => self.amount(4),
        }
    }

    fn date(&self, place: usize) -> Option<Date> {
        parse_date(self.text(place)?).ok()
    }

    /// Both of its parts, which may be empty for a sale to nobody in particular.
    fn customer(&self) -> Option<Customer<'a>> {
        self.date(6)?;
        Some(Customer {
            kind: self.part(7)?,
            number: self.part(8)?,
        })
    }
}

struct Customer<'a> {
    kind: &'a str,
    number: &'a str,
}

impl Customer<'_> {
    fn is_of(&self, request: &NubefactReply) -> bool {
        let ours = |name| request.text(name).unwrap_or_default();
        let kind = ours("cliente_tipo_de_documento");
        let number = ours("cliente_numero_de_documento");
        if is_nobody(&kind) && is_nobody(self.kind) && is_nobody(&number) {
            return is_nobody(self.number);
        }
        let plain = |kind: &str| kind.trim_start_matches('0').to_ascii_uppercase();
        let same_kind =
            plain(&kind) == plain(self.kind) || (is_nobody(&kind) && is_nobody(self.kind));
        same_kind && number.eq_ignore_ascii_case(self.number)
    }
}

/// `-`, `0`, `00000000` or nothing: a sale to *varios*.
fn is_nobody(text: &str) -> bool {
    text.bytes().all(|b| b == b'-' || b == b'0')
}

fn amount_of(request: &NubefactReply, name: &str) -> Option<Decimal> {
    let text = request.text(name)?;
    let exact = text.parse().or_else(|_| Decimal::from_scientific(&text));
    Some(cents(exact.ok()?))
}

fn cents(amount: Decimal) -> Decimal {
    amount.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero)
}

fn date_of(request: &NubefactReply) -> Option<Date> {
    parse_date(&request.text("fecha_de_emision")?).ok()
}

/// The day of issue that an answer tells in its QR text.
pub(crate) fn issued_on(reply: &NubefactReply) -> Option<Date> {
    Qr::of(&reply.qr()?).date(6)
}

/// A request that asks about a document, or voids it: `fields` after its name.
pub(crate) fn request_about(
    operation: super::NubefactOperation,
    id: &NubefactId,
    fields: &[(&str, &str)],
) -> Vec<u8> {
    let mut body = Map::new();
    body.insert("operacion".into(), operation.as_str().into());
    if let Some(tipo) = id.kind.number() {
        body.insert("tipo_de_comprobante".into(), tipo.into());
    }
    body.insert("serie".into(), id.serie.as_str().into());
    body.insert("numero".into(), id.numero.into());
    for (name, value) in fields {
        body.insert((*name).into(), Value::from(*value));
    }
    serde_json::to_vec(&body).expect("plain values can always be written")
}

#[cfg(test)]
mod tests {
    use super::{Likeness, SentDocument, compare};
    use crate::dialects::nubefact::{NubefactId, NubefactKind, NubefactReply};

    const QR: &str =
        "20600695771 | 03 | BBB1 | 000001 | 6.69 | 43.80 | 30/07/2026 | 1 | 99999999 | AAAA= |";

    fn request(change: (&str, serde_json::Value)) -> Vec<u8> {
        let mut body = serde_json::json!({
            "operacion": "generar_comprobante", "tipo_de_comprobante": 2, "serie": "BBB1",
            "numero": "1", "cliente_tipo_de_documento": "1", "cliente_numero_de_documento": "99999999",
            "fecha_de_emision": "30-07-2026", "total_igv": "6.69", "total": 43.80,
        });
        body[change.0] = change.1;
        body.to_string().into_bytes()
    }

    fn like(body: &[u8], qr: &str, issuer: Option<&str>) -> Likeness {
        let id = NubefactId::new(NubefactKind::Boleta, "BBB1", 1).expect("an id");
        let reply = serde_json::json!({ "cadena_para_codigo_qr": qr }).to_string();
        let issuer = issuer.map(|it| it.parse().expect("a RUC"));
        let sent = SentDocument {
            id: &id,
            body,
            issuer: issuer.as_ref(),
        };
        compare(
            sent,
            &NubefactReply::from_json(reply.as_bytes()).expect("an object"),
        )
    }

    #[test]
    fn one_part_that_differs_is_another_document() {
        let none = || ("x", serde_json::Value::Null);
        assert_eq!(
            like(&request(none()), QR, Some("20600695771")),
            Likeness::Same
        );
        assert_eq!(
            like(&request(none()), QR, Some("20131312955")),
            Likeness::Different(vec!["ruc"])
        );
        for (field, value) in [
            ("total_igv", "6.68".into()),
            ("total_igv", serde_json::Value::Null),
            ("total", "43.81".into()),
            ("fecha_de_emision", "31-07-2026".into()),
            ("fecha_de_emision", "ayer".into()),
        ] {
            assert_eq!(
                like(&request((field, value)), QR, None),
                Likeness::Different(vec![field])
            );
        }
        for (field, value) in [
            ("cliente_tipo_de_documento", "6"),
            ("cliente_numero_de_documento", "99999998"),
            ("cliente_numero_de_documento", "-"),
        ] {
            assert_eq!(
                like(&request((field, value.into())), QR, None),
                Likeness::Different(vec!["cliente_numero_de_documento"])
            );
        }
        for (from, to, field) in [
            ("| 03 |", "| 01 |", "tipo_de_comprobante"),
            ("000001", "000002", "numero"),
            ("BBB1", "BBB2", "serie"),
        ] {
            assert_eq!(
                like(&request(none()), &QR.replace(from, to), None),
                Likeness::Different(vec![field])
            );
        }
    }

    #[test]
    fn other_ways_of_writing_are_no_difference() {
        let none = || ("x", serde_json::Value::Null);
        for (field, value) in [
            ("fecha_de_emision", "2026-07-30".into()),
            ("total", "43.8".into()),
            ("total", serde_json::json!(43.800_000_000_1)),
            ("cliente_tipo_de_documento", serde_json::json!(1)),
        ] {
            assert_eq!(
                like(&request((field, value)), QR, None),
                Likeness::Same,
                "{field}"
            );
        }
        for qr in [
            QR.replace(" | ", "|"),
            QR.replace("000001", "1"),
            QR.replace("30/07/2026", "2026-07-30"),
            QR.replace("| AAAA= |", ""),
        ] {
            assert_eq!(like(&request(none()), &qr, None), Likeness::Same, "{qr}");
        }
        // Nobody in particular.
        let varios = request(("cliente_tipo_de_documento", "-".into()));
        let varios = String::from_utf8(varios)
            .expect("text")
            .replace("99999999", "-");
        for (kind, number) in [("-", "-"), ("0", "00000000"), ("", "")] {
            let qr = QR.replace("| 1 | 99999999 |", &format!("| {kind} | {number} |"));
            assert_eq!(like(varios.as_bytes(), &qr, None), Likeness::Same, "{qr}");
        }
        let somebody = QR.replace("| 1 | 9999", "| - | 9999");
        assert_ne!(like(varios.as_bytes(), &somebody, None), Likeness::Same);
    }

    #[test]
    fn what_is_cut_off_proves_nothing() {
        let body = request(("x", serde_json::Value::Null));
        for qr in [
            "",
            "https://e-factura.sunat.gob.pe/v1/contribuyente/gre/comprobantes/descargaqr?hashqr=x",
            "20600695771 | 03 | BBB1 | 000001 | ...",
            "20600695771 | 03 | BBB1 | 000001 | 6.69 | 43.80 | 30/07/2026",
            "20600695771 | 03 | BBB1 | 000001 | 6.69 | 43.80 | ",
        ] {
            assert_eq!(like(&body, qr, None), Likeness::Untold, "{qr}");
        }
    }
}
