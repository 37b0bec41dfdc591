//! How it is paid: currency, credit, detracción, percepción, retención.

use rust_decimal::Decimal;

use super::super::arithmetic::detraccion_in_soles;
use super::super::catalogs::currencies::Moneda;
use super::super::catalogs::limits::{CENT, SOL};
use super::super::catalogs::perception_rates::PerceptionRate;
use super::super::catalogs::retention_rates::RetentionRate;
use super::super::catalogs::transactions::SunatTransaction;
use super::super::codes;
use super::super::decimal::{percent_of, quotient, to_cents};
use super::super::finding::Findings;
use super::super::sale::Sale;
use crate::{Severity, text};

pub(super) fn review(sale: &Sale, findings: &mut Findings) {
    review_currency(sale, findings);
    review_detraccion(sale, findings);
    review_percepcion(sale, findings);
    review_retencion(sale, findings);
    if !sale.is_schedule_note() && !sale.is_unread("tipo_de_nota_de_credito") {
        review_credit(sale, findings);
    }
}

/// Another currency than soles needs its exchange rate.
fn review_currency(sale: &Sale, findings: &mut Findings) {
    let foreign = sale.moneda.is_some_and(|it| it != Moneda::Pen);
    if foreign && sale.given("tipo_de_cambio").is_none_or(|it| it.is_zero()) {
        findings.add(&codes::EXCHANGE_RATE, "tipo_de_cambio");
    }
}

/// Soles per unit of the document's currency; one for soles.
fn exchange_rate(sale: &Sale) -> Option<Decimal> {
    match sale.moneda? {
        Moneda::Pen => Some(Decimal::ONE),
        _ => sale.tipo_de_cambio.filter(|it| !it.is_zero()),
    }
}

fn is_subject_to_detraccion(sale: &Sale) -> bool {
    let transaction = sale.transaction.and_then(SunatTransaction::from_nubefact);
    transaction.is_some_and(SunatTransaction::is_detraction)
}

/// The code is mandatory (3127); the amount is in soles whatever the currency.
fn review_detraccion(sale: &Sale, findings: &mut Findings) {
    let subject = is_subject_to_detraccion(sale);
    if !subject && !sale.flag("detraccion") {
        return;
    }
    if !subject && !sale.kind.is_note() {
        findings
            .add(&codes::CATALOG, "sunat_transaction")
            .as_severe_as(Severity::Observacion)
            .expected(SunatTransaction::DETRACTION.number)
            .says(text!(
                "hay detracción y la operación no lo dice",
                "there is a detracción and the operation does not say so"
            ));
    }
    if !sale.has("detraccion_tipo") {
        findings.add(&codes::DETRACCION_CODE, "detraccion_tipo");
    }
    let (Some(percent), Some(rate), Some(total), Some(stated)) = (
        sale.given("detraccion_porcentaje"),
        exchange_rate(sale),
        sale.amount("total"),
        sale.amount("detraccion_total"),
    ) else {
        return;
    };
    let Some(expected) = detraccion_in_soles(to_cents(total), rate, percent) else {
        return;
    };
    if (stated - expected).abs() > SOL {
        findings
            .add(&codes::DETRACCION_AMOUNT, "detraccion_total")
            .expected(expected);
    }
}

/// Percepción: in cash only (3330), of the price with IGV, base × percent (2798).
fn review_percepcion(sale: &Sale, findings: &mut Findings) {
    let stated = [
        "percepcion_base_imponible",
        "total_percepcion",
        "total_incluido_percepcion",
    ]
    .into_iter()
    .any(|name| sale.amount(name).is_some_and(|it| !it.is_zero()));
    let perceives = sale.transaction == Some(SunatTransaction::PERCEPTION.number);
    if !sale.has("percepcion_tipo") {
        if stated || perceives {
            findings.add(&codes::REQUIRED, "percepcion_tipo");
        }
        return;
    }
    if sale.cuotas.is_some() {
        findings.add(&codes::PERCEPCION_CREDIT, "percepcion_tipo");
    }
    let Some(rate) = sale
        .code("percepcion_tipo")
        .and_then(PerceptionRate::from_nubefact)
    else {
        return;
    };
    let base = sale.amount("percepcion_base_imponible");
    let amount = sale.amount("total_percepcion").map(to_cents);
    let expected = base.and_then(|base| percent_of(base, rate.percent));
    if let (Some(expected), Some(amount)) = (expected, amount)
        && (expected - amount).abs() > CENT
    {
        findings
            .add(&codes::PERCEPCION_AMOUNT, "total_percepcion")
            .expected(expected);
    }
    let Some(total) = sale.amount("total").map(to_cents) else {
        return;
    };
    let foreign = sale.moneda.is_some_and(|it| it != Moneda::Pen);
    let in_soles = sale.in_soles(total);
    if foreign && in_soles.is_none() {
        return;
    }
    let bases = [Some(total), in_soles];
    if base.is_some_and(|base| !bases.contains(&Some(to_cents(base)))) {
        findings
            .add(&codes::PERCEPCION_BASE, "percepcion_base_imponible")
            .expected(in_soles.unwrap_or(total));
    }
    let whole = sale.amount("total_incluido_percepcion").map(to_cents);
    let (Some(whole), Some(amount)) = (whole, amount) else {
        return;
    };
    if bases
        .into_iter()
        .flatten()
        .all(|total| whole != total + amount)
    {
        findings
            .add(&codes::PERCEPCION_AMOUNT, "total_incluido_percepcion")
            .expected(in_soles.unwrap_or(total) + amount)
            .says(text!(
                "el total con percepción no es total + percepción",
                "the total with percepción is not total + percepción"
            ));
    }
}

/// Retención: base × 3 % (6 % before March 2014). SUNAT takes a sol of difference (3263).
fn review_retencion(sale: &Sale, findings: &mut Findings) {
    if !sale.has("retencion_tipo") {
        let stated = sale.amount("total_retencion");
        if stated.is_some_and(|it| !it.is_zero()) {
            findings.add(&codes::REQUIRED, "retencion_tipo");
        }
        return;
    }
    let Some(rate) = sale
        .code("retencion_tipo")
        .and_then(RetentionRate::from_nubefact)
    else {
        return;
    };
    let base = sale.amount("retencion_base_imponible");
    let expected = base.and_then(|base| percent_of(base, rate.percent));
    let (Some(expected), Some(stated)) = (expected, sale.amount("total_retencion")) else {
        return;
    };
    let off = (expected - to_cents(stated)).abs();
    if off > CENT {
        let finding = findings
            .add(&codes::RETENCION_AMOUNT, "total_retencion")
            .expected(expected);
        if off <= SOL {
            finding.as_severe_as(Severity::Observacion);
        }
    }
}

/// Instalments: not above the total (3265), due after the day of issue (3267), and together the net
/// amount: total less detracción and retención (RS 000193-2020/SUNAT).
fn review_credit(sale: &Sale, findings: &mut Findings) {
    let Some(cuotas) = &sale.cuotas else {
        return;
    };
    for (index, cuota) in cuotas.iter().enumerate() {
        if let (Some(due), Some(issued)) = (cuota.fecha, sale.fecha)
            && due <= issued
        {
            let place = format!("venta_al_credito[{index}].fecha_de_pago");
            findings.add(&codes::INSTALMENT_DUE, place);
        }
    }
    let Some(total) = sale.amount("total").map(to_cents) else {
        return;
    };
    // None is negative: what is known is too much already, whatever the others are.
    let sum: Decimal = cuotas.iter().filter_map(|it| it.importe).sum();
    let sum = to_cents(sum);
    if sum > total {
        findings
            .add(&codes::INSTALMENTS_EXCEED, "venta_al_credito")
            .expected(total);
        return;
    }
    if cuotas.iter().any(|it| it.importe.is_none()) {
        return;
    }
    let Some(net) = net_amount(sale, total) else {
        return;
    };
    // A detracción is in soles: converted back, a cent may be lost.
    let converted = sale.moneda.is_some_and(|it| it != Moneda::Pen)
        && sale
            .amount("detraccion_total")
            .is_some_and(|it| !it.is_zero());
    let off = (sum - net).abs();
    if off > CENT || (!off.is_zero() && !converted) {
        findings
            .add(&codes::INSTALMENTS_NET, "venta_al_credito")
            .expected(net);
    }
}

fn net_amount(sale: &Sale, total: Decimal) -> Option<Decimal> {
    if sale.is_unread("detraccion") || sale.is_unread("sunat_transaction") {
        return None;
    }
    let detraccion = if is_subject_to_detraccion(sale) || sale.flag("detraccion") {
        quotient(sale.amount("detraccion_total")?, exchange_rate(sale)?, 2)?
    } else {
        Decimal::ZERO
    };
    Some(total - detraccion - to_cents(sale.amount("total_retencion")?))
}
