//! Notas de crédito and débito: what they modify, why, and up to how much.

use super::super::catalogs::currencies::Moneda;
use super::super::codes;
use super::super::decimal::to_cents;
use super::super::finding::Findings;
use super::super::kind::DocumentKind;
use super::super::known::{Known, ModifiedDocument};
use super::super::sale::Sale;
use crate::{Severity, text};

pub(super) fn review(sale: &Sale, known: &Known, findings: &mut Findings) {
    if !sale.kind.is_note() {
        return;
    }
    review_document(sale, findings);
    let reason = match sale.kind {
        DocumentKind::NotaCredito => "tipo_de_nota_de_credito",
        _ => "tipo_de_nota_de_debito",
    };
    if !sale.has(reason) {
        findings.add(&codes::REQUIRED, reason);
    }
    if let Some(modified) = &known.modified {
        review_modified(sale, modified, findings);
    }
    if sale.is_schedule_note() {
        review_schedule(sale, known.modified.as_ref(), findings);
    }
}

fn review_document(sale: &Sale, findings: &mut Findings) {
    let missing = ["serie", "numero", "tipo"]
        .into_iter()
        .map(|part| format!("documento_que_se_modifica_{part}"))
        .find(|name| !sale.has(name));
    if let Some(name) = missing {
        findings.add(&codes::NOTE_DOCUMENT, name);
    }
}

fn review_modified(sale: &Sale, modified: &ModifiedDocument, findings: &mut Findings) {
    if let (Some(own), Some(its)) = (sale.moneda, modified.moneda.and_then(Moneda::from_nubefact))
        && own != its
    {
        findings
            .add(&codes::NOTE_CURRENCY, "moneda")
            .expected(its.nubefact());
    }
    if let (Some(own), Some(its)) = (sale.tipo_de_cambio, modified.tipo_de_cambio)
        && own != its
    {
        findings
            .add(&codes::NOTE_EXCHANGE_RATE, "tipo_de_cambio")
            .expected(its);
    }
    if let (DocumentKind::NotaCredito, Some(total)) = (sale.kind, modified.total) {
        let left = (total - modified.credited_before).max(rust_decimal::Decimal::ZERO);
        if sale.amount("total").is_some_and(|it| to_cents(it) > left) {
            findings
                .add(&codes::NOTE_EXCEEDS, "total")
                .expected(to_cents(left));
        }
    }
}

/// Credit note 13 gives a sale on credit other instalments (3257, 3260, 3320, 3321).
fn review_schedule(sale: &Sale, modified: Option<&ModifiedDocument>, findings: &mut Findings) {
    let Some(cuotas) = sale.cuotas.as_ref().filter(|it| !it.is_empty()) else {
        findings.add(&codes::NOTE_SCHEDULE, "venta_al_credito");
        return;
    };
    if sale
        .amount("total")
        .is_some_and(|it| !to_cents(it).is_zero())
    {
        findings
            .add(&codes::HEADER_TOTAL, "total")
            .as_severe_as(Severity::Observacion)
            .expected("0.00")
            .says(text!(
                "la nota 13 cambia las cuotas y no el importe",
                "note 13 changes the instalments and not the amount"
            ));
    }
    let Some(modified) = modified else {
        return;
    };
    if modified.al_credito == Some(false) {
        findings.add(
            &codes::NOTE_NOT_ON_CREDIT,
            "documento_que_se_modifica_numero",
        );
    }
    let sum: rust_decimal::Decimal = cuotas.iter().filter_map(|it| it.importe).sum();
    if let Some(total) = modified.total.filter(|total| sum > *total) {
        findings
            .add(&codes::NOTE_SCHEDULE_EXCEEDS, "venta_al_credito")
            .expected(to_cents(total));
    }
    for (index, cuota) in cuotas.iter().enumerate() {
        if let (Some(due), Some(issued)) = (cuota.fecha, modified.fecha)
            && due <= issued
        {
            findings.add(
                &codes::NOTE_SCHEDULE_DUE,
                format!("venta_al_credito[{index}].fecha_de_pago"),
            );
        }
    }
}
