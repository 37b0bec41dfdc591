//! How the sale of a simple form is paid: detracción, percepción, retención, instalments.

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::super::arithmetic::detraccion_in_soles;
use super::super::catalogs::detraction_goods::DetractionGood;
use super::super::catalogs::detraction_payments::DetractionPayment;
use super::super::catalogs::perception_rates::PerceptionRate;
use super::super::catalogs::retention_rates::RetentionRate;
use super::super::codes;
use super::super::decimal::{percent_of, product, to_cents};
use super::super::draft::{Draft, DraftDetraction};
use super::super::finding::Findings;
use super::super::value::{JsonObject, JsonValue};
use super::{put_amount, put_code, put_date};
use crate::text;

/// `total` is unknown where something that enters it is; `rate` is soles per unit of the currency, one
/// for soles.
pub(super) fn compose_payment(
    draft: &Draft,
    total: Option<Decimal>,
    rate: Option<Decimal>,
    fecha: Option<Date>,
    findings: &mut Findings,
    out: &mut JsonObject,
) {
    if let Some(percent) = draft.percepcion {
        compose_percepcion(percent, total, rate, findings, out);
    }
    if let Some(percent) = draft.retencion {
        compose_retencion(percent, total, findings, out);
    }
    if let Some(detraccion) = &draft.detraccion {
        compose_detraccion(detraccion, total, rate, fecha, findings, out);
    }
    compose_instalments(draft, out);
}

fn compose_percepcion(
    percent: Decimal,
    total: Option<Decimal>,
    rate: Option<Decimal>,
    findings: &mut Findings,
    out: &mut JsonObject,
) {
    let Some(row) = PerceptionRate::from_percent(percent) else {
        findings
            .add(&codes::CATALOG, "percepcion")
            .advises(text!("use 2, 1 o 0.5", "use 2, 1 or 0.5"));
        return;
    };
    let base = total
        .zip(rate)
        .and_then(|(total, rate)| product(total, rate, 2));
    let amount = base.and_then(|base| percent_of(base, row.percent));
    let whole = base.zip(amount).map(|(base, amount)| base + amount);
    put_code(out, "percepcion_tipo", Some(row.nubefact));
    put_amount(out, "percepcion_base_imponible", base);
    put_amount(out, "total_percepcion", amount);
    put_amount(out, "total_incluido_percepcion", whole);
}

fn compose_retencion(
    percent: Decimal,
    total: Option<Decimal>,
    findings: &mut Findings,
    out: &mut JsonObject,
) {
    let Some(row) = RetentionRate::from_percent(percent) else {
        findings
            .add(&codes::CATALOG, "retencion")
            .advises(text!("use 3 o 6", "use 3 or 6"));
        return;
    };
    put_code(out, "retencion_tipo", Some(row.nubefact));
    let amount = total.and_then(|total| percent_of(total, row.percent));
    put_amount(out, "retencion_base_imponible", total);
    put_amount(out, "total_retencion", amount);
}

/// Codes whose operation needs data that the simple form has not: 004 fish, 027 cargo, 028 passengers.
const NEED_MORE: [&str; 3] = ["004", "027", "028"];

fn compose_detraccion(
    detraccion: &DraftDetraction,
    total: Option<Decimal>,
    rate: Option<Decimal>,
    fecha: Option<Date>,
    findings: &mut Findings,
    out: &mut JsonObject,
) {
    out.push("detraccion", JsonValue::Bool(true));
    let code = detraccion.codigo.as_deref().map(str::trim);
    let good = code.and_then(DetractionGood::from_catalog);
    if code.is_some() && good.is_none() {
        findings
            .add(&codes::CATALOG, "detraccion.codigo")
            .advises(text!(
                "use un código del catálogo 54 de SUNAT, como 037",
                "use a code of SUNAT's catálogo 54, such as 037"
            ));
    }
    if good.is_some_and(|it| NEED_MORE.contains(&it.catalog)) {
        findings
            .add(&codes::CATALOG, "detraccion.codigo")
            .says(text!(
                "esta detracción necesita datos del transporte o de la pesca que la forma simple no tiene",
                "this detracción needs data of transport or fishing that the simple form has not"
            ))
            .advises(text!(
                "emita el documento con el JSON de NubeFact: sunat_transaction 31, 32 o 33",
                "issue the document as NubeFact's JSON: sunat_transaction 31, 32 or 33"
            ));
    }
    let usual = || good.and_then(|it| it.usual_percent(fecha?));
    let is_unread = findings.unread().covers("detraccion.porcentaje");
    let percent = detraccion
        .porcentaje
        .or_else(|| if is_unread { None } else { usual() });
    if percent.is_none() && good.is_some() && fecha.is_some() {
        findings.add(&codes::REQUIRED, "detraccion.porcentaje");
    }
    let payment = detraccion.medio_de_pago.as_deref().map_or("001", str::trim);
    let means = DetractionPayment::from_catalog(payment);
    if means.is_none() {
        findings.add(&codes::CATALOG, "detraccion.medio_de_pago");
    }
    let amount = percent
        .zip(rate)
        .zip(total)
        .and_then(|((percent, rate), total)| detraccion_in_soles(total, rate, percent));
    put_code(out, "detraccion_tipo", good.map(|it| it.nubefact));
    put_amount(out, "detraccion_total", amount);
    put_amount(out, "detraccion_porcentaje", percent);
    put_code(out, "medio_de_pago_detraccion", means.map(|it| it.nubefact));
}

fn compose_instalments(draft: &Draft, out: &mut JsonObject) {
    if draft.cuotas.is_empty() {
        return;
    }
    let list = (1u32..).zip(&draft.cuotas).map(|(number, cuota)| {
        let mut fields = JsonObject::new();
        put_code(&mut fields, "cuota", Some(number));
        put_date(&mut fields, "fecha_de_pago", cuota.fecha);
        put_amount(&mut fields, "importe", cuota.importe.map(to_cents));
        JsonValue::Object(fields)
    });
    out.push("venta_al_credito", JsonValue::List(list.collect()));
}
