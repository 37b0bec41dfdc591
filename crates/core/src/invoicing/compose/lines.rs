//! The lines of a simple form: SUNAT's codes read, amounts put into NubeFact's fields.

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::super::arithmetic::{
    LineAmounts, LineDiscount, LineExcise, LineTerms, SaleAmounts, SaleTerms,
};
use super::super::catalogs::affectations::Affectation;
use super::super::catalogs::icbper_rates;
use super::super::catalogs::isc_systems::IscSystem;
use super::super::catalogs::units;
use super::super::codes;
use super::super::decimal::product;
use super::super::draft::{Draft, DraftExcise, DraftItem};
use super::super::finding::Findings;
use super::super::kind::DocumentKind;
use super::super::value::{JsonObject, JsonValue};
use super::{put_amount, put_code, put_text};
use crate::text;

/// The terms of a sale, and what its lines state beside their amounts.
pub(super) struct Composed {
    pub(super) terms: SaleTerms,
    systems: Vec<Option<IscSystem>>,
}

/// Reads the lines; `None` when one of them cannot be computed, which has its finding.
pub(super) fn line_terms(
    draft: &Draft,
    percent: Decimal,
    fecha: Date,
    findings: &mut Findings,
) -> Option<Composed> {
    let mut terms = SaleTerms::new(percent, draft.precios_con_igv.unwrap_or_default());
    terms.descuento_global = draft.descuento_global.unwrap_or_default();
    terms.otros_cargos = draft.otros_cargos.unwrap_or_default();
    terms.anticipos = draft.anticipos.iter().filter_map(|it| it.total).collect();
    let mut systems = Vec::with_capacity(draft.items.len());
    let mut readable = true;
    for (index, item) in draft.items.iter().enumerate() {
        let place = format!("items[{index}]");
        match one_line(draft, item, fecha, &place, findings) {
            Some((line, system)) => {
                terms.lines.push(line);
                systems.push(system);
            }
            None => readable = false,
        }
    }
    if terms.lines.is_empty() && draft.items.is_empty() && is_schedule_note(draft) {
        terms.lines.push(nothing_sold());
        systems.push(None);
    }
    let bears = |line: &LineTerms| {
        line.affectation.bears_igv && !line.affectation.is_free() && !line.precio.is_zero()
    };
    if draft.precios_con_igv.is_none() && terms.lines.iter().any(bears) {
        findings
            .add(&codes::REQUIRED, "precios_con_igv")
            .advises(text!(
                "diga si los precios incluyen IGV: true o false",
                "say whether prices include IGV: true or false"
            ));
        return None;
    }
    readable.then_some(Composed { terms, systems })
}

fn is_schedule_note(draft: &Draft) -> bool {
    let reason = draft.nota.as_ref().and_then(|it| it.motivo.as_deref());
    draft.tipo == Some(DocumentKind::NotaCredito) && reason.map(str::trim) == Some("13")
}

/// The one line of a note that changes instalments only.
fn nothing_sold() -> LineTerms {
    LineTerms {
        affectation: Affectation::from_catalog("10").expect("the first code of the catalogue"),
        cantidad: Decimal::ONE,
        precio: Decimal::ZERO,
        descuento: LineDiscount::Amount(Decimal::ZERO),
        isc: None,
        bolsas: Decimal::ZERO,
        otros_cargos: Decimal::ZERO,
    }
}

fn one_line(
    draft: &Draft,
    item: &DraftItem,
    fecha: Date,
    place: &str,
    findings: &mut Findings,
) -> Option<(LineTerms, Option<IscSystem>)> {
    let affectation = affectation(draft, item, place, findings);
    let isc = match &item.isc {
        Some(isc) => Some(excise(isc, place, findings)?),
        None => None,
    };
    if item.descuento.is_some() && item.descuento_porcentaje.is_some() {
        findings
            .add(&codes::UNKNOWN_KEY, format!("{place}.descuento_porcentaje"))
            .says(text!(
                "hay descuento por importe y por porcentaje",
                "there is a discount as an amount and as a percent"
            ))
            .advises(text!("deje uno de los dos", "leave one of the two"));
    }
    let too_much = item
        .descuento_porcentaje
        .filter(|it| *it > Decimal::ONE_HUNDRED);
    if too_much.is_some() {
        findings
            .add(&codes::NEGATIVE, format!("{place}.descuento_porcentaje"))
            .says(text!(
                "el descuento pasa del 100 %",
                "the discount is over 100 %"
            ));
        return None;
    }
    let cantidad = item.cantidad?;
    if cantidad.is_zero() {
        findings
            .add(&codes::REQUIRED, format!("{place}.cantidad"))
            .says(text!("la cantidad es cero", "the quantity is zero"));
        return None;
    }
    let bolsas = match item.bolsas {
        Some(pieces) => product(icbper_rates::on(fecha).unwrap_or_default(), pieces, 2)?,
        None => Decimal::ZERO,
    };
    let line = LineTerms {
        affectation: affectation?,
        cantidad,
        precio: item.precio?,
        descuento: match (item.descuento, item.descuento_porcentaje) {
            (None, Some(percent)) => LineDiscount::Percent(percent),
            (amount, _) => LineDiscount::Amount(amount.unwrap_or_default()),
        },
        isc: isc.map(|(_, excise)| excise),
        bolsas,
        otros_cargos: item
            .otros_cargos
            .map(super::super::decimal::to_cents)
            .unwrap_or_default(),
    };
    Some((line, isc.map(|(system, _)| system)))
}

fn affectation(
    draft: &Draft,
    item: &DraftItem,
    place: &str,
    findings: &mut Findings,
) -> Option<Affectation> {
    let usual = if draft.exportacion { "40" } else { "10" };
    let code = item.afectacion.as_deref().unwrap_or(usual).trim();
    let found = Affectation::from_catalog(code);
    if found.is_none() {
        findings
            .add(&codes::CATALOG, format!("{place}.afectacion"))
            .advises(text!(
                "use un código del catálogo 07 de SUNAT: 10 gravado, 20 exonerado, 30 inafecto, 40 exportación",
                "use a code of SUNAT's catálogo 07: 10 taxed, 20 exonerado, 30 inafecto, 40 export"
            ));
    }
    found
}

fn excise(
    isc: &DraftExcise,
    place: &str,
    findings: &mut Findings,
) -> Option<(IscSystem, LineExcise)> {
    let system = isc.sistema.as_deref().map(str::trim)?;
    let Some(system) = IscSystem::from_catalog(&format!("{system:0>2}")) else {
        findings
            .add(&codes::CATALOG, format!("{place}.isc.sistema"))
            .advises(text!("use 01, 02 o 03", "use 01, 02 or 03"));
        return None;
    };
    match (isc.tasa, isc.monto) {
        (Some(percent), None) if percent <= Decimal::ONE_THOUSAND => {
            Some((system, LineExcise::Percent(percent)))
        }
        (None, Some(each)) => Some((system, LineExcise::PerUnit(each))),
        _ => {
            findings
                .add(&codes::REQUIRED, format!("{place}.isc"))
                .says(text!(
                    "el ISC lleva tasa (porcentaje) o monto (por unidad), uno de los dos",
                    "ISC has tasa (percent) or monto (per unit), one of the two"
                ));
            None
        }
    }
}

/// The lines in NubeFact's fields.
pub(super) fn compose_lines(
    draft: &Draft,
    kind: DocumentKind,
    composed: &Composed,
    sale: &SaleAmounts,
) -> Vec<JsonValue> {
    let nothing = DraftItem {
        descripcion: Some("AJUSTE DE MONTOS O FECHAS DE PAGO".to_owned()),
        ..DraftItem::default()
    };
    let schedule = draft.items.is_empty() && kind == DocumentKind::NotaCredito;
    let items = draft.items.iter().chain(schedule.then_some(&nothing));
    items
        .zip(&composed.terms.lines)
        .zip(&composed.systems)
        .zip(&sale.lines)
        .map(|(((item, terms), system), amounts)| compose_line(item, terms, *system, amounts))
        .collect()
}

fn compose_line(
    item: &DraftItem,
    terms: &LineTerms,
    system: Option<IscSystem>,
    amounts: &LineAmounts,
) -> JsonValue {
    let some = |amount: Decimal| (!amount.is_zero()).then_some(amount);
    let mut out = JsonObject::new();
    let unit = item.unidad.as_deref().unwrap_or(units::GOODS);
    put_text(&mut out, "unidad_de_medida", Some(unit));
    put_text(&mut out, "codigo", item.codigo.as_deref());
    put_text(
        &mut out,
        "codigo_producto_sunat",
        item.codigo_sunat.as_deref(),
    );
    put_text(&mut out, "descripcion", item.descripcion.as_deref());
    put_amount(&mut out, "cantidad", Some(terms.cantidad.normalize()));
    put_amount(&mut out, "valor_unitario", Some(amounts.valor_unitario));
    put_amount(&mut out, "precio_unitario", Some(amounts.precio_unitario));
    put_amount(&mut out, "descuento", some(amounts.descuento));
    put_amount(&mut out, "subtotal", Some(amounts.subtotal));
    put_affectation(&mut out, terms.affectation);
    if let (Some(system), false) = (system, amounts.isc.is_zero()) {
        put_code(&mut out, "tipo_de_isc", Some(system.nubefact()));
        put_amount(&mut out, "isc", Some(amounts.isc));
    }
    put_amount(&mut out, "igv", Some(amounts.igv));
    put_amount(&mut out, "impuesto_bolsas", some(terms.bolsas));
    put_amount(&mut out, "otros_cargos", some(terms.otros_cargos));
    put_amount(&mut out, "total", Some(amounts.total));
    out.push("anticipo_regularizacion", JsonValue::Bool(false));
    JsonValue::Object(out)
}

fn put_affectation(out: &mut JsonObject, affectation: Affectation) {
    put_code(out, "tipo_de_igv", affectation.tipo_de_igv());
    put_code(out, "tipo_de_ivap", affectation.tipo_de_ivap());
}

/// Each advance is a line of its own, flagged; the header takes it off.
pub(super) fn compose_advances(draft: &Draft, sale: &SaleAmounts) -> Vec<JsonValue> {
    let paid: Vec<_> = draft
        .anticipos
        .iter()
        .filter(|it| it.total.is_some())
        .collect();
    let lines = sale.anticipos.iter();
    lines
        .filter_map(|amounts| Some((paid.get(amounts.index)?, amounts)))
        .map(|(advance, amounts)| {
            let mut out = JsonObject::new();
            let serie = advance.serie.as_deref().map(|it| it.trim().to_uppercase());
            let name = format!(
                "ANTICIPO {}-{}",
                serie.as_deref().unwrap_or_default(),
                advance.numero.unwrap_or_default()
            );
            put_text(&mut out, "unidad_de_medida", Some(units::GOODS));
            put_text(&mut out, "descripcion", Some(&name));
            put_amount(&mut out, "cantidad", Some(Decimal::ONE));
            put_amount(&mut out, "valor_unitario", Some(amounts.subtotal));
            put_amount(&mut out, "precio_unitario", Some(amounts.total));
            put_amount(&mut out, "subtotal", Some(amounts.subtotal));
            put_affectation(&mut out, amounts.affectation);
            put_amount(&mut out, "igv", Some(amounts.igv));
            put_amount(&mut out, "total", Some(amounts.total));
            out.push("anticipo_regularizacion", JsonValue::Bool(true));
            put_text(&mut out, "anticipo_documento_serie", serie.as_deref());
            put_code(&mut out, "anticipo_documento_numero", advance.numero);
            JsonValue::Object(out)
        })
        .collect()
}
