//! The lines of a simple form: SUNAT's codes read, amounts put into NubeFact's fields.

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::super::arithmetic::{
    AdvanceAmounts, LineAmounts, LineDiscount, LineExcise, LineTerms, SaleAmounts,
};
use super::super::catalogs::affectations::Affectation;
use super::super::catalogs::icbper_rates;
use super::super::catalogs::isc_systems::IscSystem;
use super::super::catalogs::units;
use super::super::codes;
use super::super::decimal::product;
use super::super::draft::{Draft, DraftAdvance, DraftExcise, DraftItem};
use super::super::finding::Findings;
use super::super::kind::DocumentKind;
use super::super::value::{JsonObject, JsonValue};
use super::{put_amount, put_code, put_text};
use crate::text;

/// A line as far as it can be read; what is wrong with it has its finding.
pub(super) struct ComposedLine {
    pub(super) affectation: Option<Affectation>,
    pub(super) terms: Option<LineTerms>,
    system: Option<IscSystem>,
}

/// Reads the lines. `fecha` is unknown where it could not be read.
pub(super) fn line_terms(
    draft: &Draft,
    fecha: Option<Date>,
    findings: &mut Findings,
) -> Vec<ComposedLine> {
    let mut lines = Vec::with_capacity(draft.items.len());
    for (index, item) in draft.items.iter().enumerate() {
        let place = format!("items[{index}]");
        lines.push(one_line(draft, item, fecha, &place, findings));
    }
    if draft.items.is_empty() && is_schedule_note(draft) {
        let terms = nothing_sold();
        lines.push(ComposedLine {
            affectation: Some(terms.affectation),
            terms: Some(terms),
            system: None,
        });
    }
    let bears = |line: &ComposedLine| {
        line.affectation
            .is_some_and(|it| it.bears_igv && !it.is_free())
            && line.terms.as_ref().is_none_or(|it| !it.precio.is_zero())
    };
    if draft.precios_con_igv.is_none() && lines.iter().any(bears) {
        findings
            .add(&codes::REQUIRED, "precios_con_igv")
            .advises(text!(
                "diga si los precios incluyen IGV: true o false",
                "say whether prices include IGV: true or false"
            ));
    }
    lines
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

/// What the amounts of a line are made of.
const ENTERING: [&str; 8] = [
    "cantidad",
    "precio",
    "afectacion",
    "descuento",
    "descuento_porcentaje",
    "isc",
    "bolsas",
    "otros_cargos",
];

fn one_line(
    draft: &Draft,
    item: &DraftItem,
    fecha: Option<Date>,
    place: &str,
    findings: &mut Findings,
) -> ComposedLine {
    let affectation = affectation(draft, item, place, findings);
    let isc = item.isc.as_ref().map(|isc| excise(isc, place, findings));
    let descuento = discount(item, place, findings);
    if item.cantidad.is_some_and(|it| it.is_zero()) {
        findings
            .add(&codes::REQUIRED, format!("{place}.cantidad"))
            .says(text!("la cantidad es cero", "the quantity is zero"));
    }
    let unread = findings.unread();
    let is_unread = !unread.is_empty()
        && ENTERING
            .iter()
            .any(|name| unread.touches(&format!("{place}.{name}")));
    let system = isc.flatten().map(|(system, _)| system);
    let terms = || {
        let rate = || Some(icbper_rates::on(fecha?).unwrap_or_default());
        let charges = item.otros_cargos.map(super::super::decimal::to_cents);
        Some(LineTerms {
            affectation: affectation?,
            cantidad: item.cantidad.filter(|it| !it.is_zero())?,
            precio: item.precio?,
            descuento: descuento?,
            isc: match isc {
                Some(isc) => Some(isc?.1),
                None => None,
            },
            bolsas: match item.bolsas {
                Some(pieces) => product(rate()?, pieces, 2)?,
                None => Decimal::ZERO,
            },
            otros_cargos: charges.unwrap_or_default(),
        })
    };
    ComposedLine {
        affectation,
        terms: if is_unread { None } else { terms() },
        system,
    }
}

fn discount(item: &DraftItem, place: &str, findings: &mut Findings) -> Option<LineDiscount> {
    let name = format!("{place}.descuento_porcentaje");
    match (item.descuento, item.descuento_porcentaje) {
        (Some(_), Some(_)) => {
            findings
                .add(&codes::UNKNOWN_KEY, name)
                .says(text!(
                    "hay descuento por importe y por porcentaje",
                    "there is a discount as an amount and as a percent"
                ))
                .advises(text!("deje uno de los dos", "leave one of the two"));
            None
        }
        (None, Some(percent)) if percent > Decimal::ONE_HUNDRED => {
            findings.add(&codes::NEGATIVE, name).says(text!(
                "el descuento pasa del 100 %",
                "the discount is over 100 %"
            ));
            None
        }
        (None, Some(percent)) => Some(LineDiscount::Percent(percent)),
        (amount, None) => Some(LineDiscount::Amount(amount.unwrap_or_default())),
    }
}

fn affectation(
    draft: &Draft,
    item: &DraftItem,
    place: &str,
    findings: &mut Findings,
) -> Option<Affectation> {
    let name = format!("{place}.afectacion");
    let unread = findings.unread();
    let is_usual = item.afectacion.is_none();
    if unread.covers(&name) || (is_usual && unread.covers("exportacion")) {
        return None;
    }
    let usual = if draft.exportacion { "40" } else { "10" };
    let code = item.afectacion.as_deref().unwrap_or(usual).trim();
    let found = Affectation::from_catalog(code);
    if found.is_none() {
        findings
            .add(&codes::CATALOG, name)
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
    let written = isc.sistema.as_deref().map(str::trim);
    let system = written.and_then(|it| IscSystem::from_catalog(&format!("{it:0>2}")));
    if written.is_some() && system.is_none() {
        findings
            .add(&codes::CATALOG, format!("{place}.isc.sistema"))
            .advises(text!("use 01, 02 o 03", "use 01, 02 or 03"));
    }
    let amount = match (isc.tasa, isc.monto) {
        (Some(percent), None) if percent <= Decimal::ONE_THOUSAND => {
            Some(LineExcise::Percent(percent))
        }
        (None, Some(each)) => Some(LineExcise::PerUnit(each)),
        _ => None,
    };
    let unread = findings.unread();
    let is_unread = ["tasa", "monto"]
        .iter()
        .any(|name| unread.covers(&format!("{place}.isc.{name}")));
    if amount.is_none() && !is_unread {
        findings
            .add(&codes::REQUIRED, format!("{place}.isc"))
            .says(text!(
                "el ISC lleva tasa (porcentaje) o monto (por unidad), uno de los dos",
                "ISC has tasa (percent) or monto (per unit), one of the two"
            ));
    }
    Some((system?, amount?))
}

/// The lines in NubeFact's fields; without amounts where these are unknown.
pub(super) fn compose_lines(
    draft: &Draft,
    kind: DocumentKind,
    lines: &[ComposedLine],
    sale: Option<&SaleAmounts>,
) -> Vec<JsonValue> {
    let nothing = DraftItem {
        descripcion: Some("AJUSTE DE MONTOS O FECHAS DE PAGO".to_owned()),
        ..DraftItem::default()
    };
    let schedule = draft.items.is_empty() && kind == DocumentKind::NotaCredito;
    let items = draft.items.iter().chain(schedule.then_some(&nothing));
    let composed = items.zip(lines).enumerate().map(|(index, (item, line))| {
        let amounts = sale.and_then(|it| it.lines.get(index));
        compose_line(item, line, amounts)
    });
    composed.collect()
}

fn compose_line(item: &DraftItem, line: &ComposedLine, amounts: Option<&LineAmounts>) -> JsonValue {
    let some = |amount: Decimal| (!amount.is_zero()).then_some(amount);
    let terms = line.terms.as_ref();
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
    let cantidad = terms.map(|it| it.cantidad.normalize());
    put_amount(&mut out, "cantidad", cantidad);
    put_amount(
        &mut out,
        "valor_unitario",
        amounts.map(|it| it.valor_unitario),
    );
    put_amount(
        &mut out,
        "precio_unitario",
        amounts.map(|it| it.precio_unitario),
    );
    put_amount(
        &mut out,
        "descuento",
        amounts.and_then(|it| some(it.descuento)),
    );
    put_amount(&mut out, "subtotal", amounts.map(|it| it.subtotal));
    if let Some(affectation) = line.affectation {
        put_affectation(&mut out, affectation);
    }
    let isc = amounts.and_then(|it| some(it.isc));
    if let (Some(system), Some(isc)) = (line.system, isc) {
        put_code(&mut out, "tipo_de_isc", Some(system.nubefact()));
        put_amount(&mut out, "isc", Some(isc));
    }
    put_amount(&mut out, "igv", amounts.map(|it| it.igv));
    put_amount(
        &mut out,
        "impuesto_bolsas",
        terms.and_then(|it| some(it.bolsas)),
    );
    put_amount(
        &mut out,
        "otros_cargos",
        terms.and_then(|it| some(it.otros_cargos)),
    );
    put_amount(&mut out, "total", amounts.map(|it| it.total));
    out.push("anticipo_regularizacion", JsonValue::Bool(false));
    JsonValue::Object(out)
}

fn put_affectation(out: &mut JsonObject, affectation: Affectation) {
    put_code(out, "tipo_de_igv", affectation.tipo_de_igv());
    put_code(out, "tipo_de_ivap", affectation.tipo_de_ivap());
}

/// Each advance is a line of its own, flagged; the header takes it off. Without amounts where these are
/// unknown.
pub(super) fn compose_advances(draft: &Draft, sale: Option<&SaleAmounts>) -> Vec<JsonValue> {
    let Some(sale) = sale else {
        let advances = draft.anticipos.iter();
        return advances.map(|it| compose_advance(it, None)).collect();
    };
    let lines = sale.anticipos.iter();
    lines
        .filter_map(|amounts| Some((draft.anticipos.get(amounts.index)?, amounts)))
        .map(|(advance, amounts)| compose_advance(advance, Some(amounts)))
        .collect()
}

fn compose_advance(advance: &DraftAdvance, amounts: Option<&AdvanceAmounts>) -> JsonValue {
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
    put_amount(&mut out, "valor_unitario", amounts.map(|it| it.subtotal));
    put_amount(&mut out, "precio_unitario", amounts.map(|it| it.total));
    put_amount(&mut out, "subtotal", amounts.map(|it| it.subtotal));
    if let Some(amounts) = amounts {
        put_affectation(&mut out, amounts.affectation);
    }
    put_amount(&mut out, "igv", amounts.map(|it| it.igv));
    put_amount(&mut out, "total", amounts.map(|it| it.total));
    out.push("anticipo_regularizacion", JsonValue::Bool(true));
    put_text(&mut out, "anticipo_documento_serie", serie.as_deref());
    put_code(&mut out, "anticipo_documento_numero", advance.numero);
    JsonValue::Object(out)
}
