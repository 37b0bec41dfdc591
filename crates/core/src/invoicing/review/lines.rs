//! The amounts of each line, by its own quantity, price and rate.

use rust_decimal::Decimal;

use super::super::catalogs::currencies::Moneda;
use super::super::catalogs::icbper_rates;
use super::super::catalogs::isc_systems::IscSystem;
use super::super::catalogs::limits::{BASE_WITHOUT_IGV, CENT};
use super::super::codes::{self, InvoiceCode};
use super::super::decimal::{percent_of, product, quotient, to_cents};
use super::super::finding::{Findings, InvoiceFinding};
use super::super::sale::{Sale, SaleLine, sum_of};
use crate::text;

pub(super) fn review(sale: &Sale, spread: bool, findings: &mut Findings) {
    for (index, line) in sale.lines.iter().enumerate() {
        let mut found = Place {
            index,
            findings: &mut *findings,
        };
        review_value(line, &mut found);
        review_tax(sale, line, spread, &mut found);
        review_price(sale, line, &mut found);
        review_total(line, &mut found);
        review_bags(sale, line, &mut found);
    }
}

/// Where the findings of one line go.
struct Place<'f> {
    index: usize,
    findings: &'f mut Findings,
}

impl Place<'_> {
    fn add(&mut self, code: &'static InvoiceCode, name: &str) -> &mut InvoiceFinding {
        let index = self.index;
        self.findings.add(code, format!("items[{index}].{name}"))
    }
}

/// `round(cantidad × valor_unitario) − descuento` (3271).
fn review_value(line: &SaleLine, found: &mut Place<'_>) {
    let (Some(cantidad), Some(valor)) = (line.cantidad, line.valor_unitario) else {
        return;
    };
    let Some(gross) = product(cantidad, valor, 2) else {
        found.add(&codes::DECIMALS, "subtotal").says(text!(
            "cantidad × valor unitario pasa de doce dígitos enteros",
            "quantity × unit value has over twelve digits before the point"
        ));
        return;
    };
    let (Some(descuento), Some(subtotal)) = (line.descuento, line.subtotal) else {
        return;
    };
    let expected = gross - descuento;
    let off = (expected - subtotal).abs();
    if off > CENT {
        let finding = found.add(&codes::LINE_VALUE, "subtotal").expected(expected);
        if subtotal == gross {
            finding.advises(text!(
                "reste el descuento de la línea del subtotal",
                "take the line's discount off subtotal"
            ));
        }
    } else if !off.is_zero() {
        found.add(&codes::CENT, "subtotal").expected(expected);
    }
}

/// IGV or IVAP: rate × (subtotal + ISC) on what is taxed (3103, 3111), nothing elsewhere (3110).
fn review_tax(sale: &Sale, line: &SaleLine, spread: bool, found: &mut Place<'_>) {
    let (Some(affectation), Some(igv)) = (line.affectation, line.igv) else {
        return;
    };
    if !affectation.bears_igv {
        if !igv.is_zero() {
            found.add(&codes::LINE_TAX_UNDUE, "igv").expected("0.00");
        }
        return;
    }
    let (Some(percent), Some(base)) = (sale.percent_for(line), line.base()) else {
        return;
    };
    let Some(expected) = percent_of(base, percent) else {
        return;
    };
    // A free line states its IGV or 0.00; nobody pays it.
    if igv.is_zero() && (affectation.is_free() || base <= BASE_WITHOUT_IGV) {
        return;
    }
    if igv.is_zero() {
        if !expected.is_zero() {
            found
                .add(&codes::LINE_TAX_MISSING, "igv")
                .expected(expected);
        }
        return;
    }
    let off = (expected - igv).abs();
    // How many units there are is unknown: a sol is taken, as of a hundred.
    let units = line.cantidad.unwrap_or(Decimal::ONE_HUNDRED);
    let units = units.max(Decimal::ONE);
    if off > (CENT * units.min(Decimal::ONE_HUNDRED * Decimal::ONE_THOUSAND)) {
        let finding = found.add(&codes::LINE_TAX, "igv").expected(expected);
        let with_bags = line.bolsas.and_then(|it| percent_of(base + it, percent));
        if with_bags == Some(igv) {
            finding.says(text!(
                "el impuesto a las bolsas está en la base del IGV",
                "the tax on bags is in the base of the IGV"
            ));
        }
    } else if !off.is_zero()
        && !spread
        && line.advance == Some(false)
        && base_of_price(line, percent) != Some(base)
    {
        // An advance bears the amounts of its own document, which may have been spread.
        found.add(&codes::CENT, "igv").expected(expected);
    }
}

/// The base, ISC included, that a price with IGV makes of the same total: the base is rounded, and the
/// IGV is the rest. ISC by fixed amount comes on top of the price, with its own IGV.
pub(super) fn base_of_price(line: &SaleLine, percent: Decimal) -> Option<Decimal> {
    let hundred = Decimal::ONE_HUNDRED;
    let base_of = |total: Decimal| quotient(total * hundred, hundred + percent, 2);
    if line.tipo_de_isc == Some(IscSystem::MontoFijo.nubefact()) {
        let on_top = percent_of(line.isc?, percent)?;
        return Some(base_of(line.subtotal? + line.igv? - on_top)? + line.isc?);
    }
    base_of(line.base()? + line.igv?)
}

/// `precio_unitario`: unit value plus its taxes (3270); NubeFact leaves line discounts out of it.
fn review_price(sale: &Sale, line: &SaleLine, found: &mut Place<'_>) {
    let (Some(affectation), Some(valor), Some(precio)) =
        (line.affectation, line.valor_unitario, line.precio_unitario)
    else {
        return;
    };
    let (Some(percent), Some(base), Some(igv), Some(cantidad)) =
        (sale.percent_for(line), line.base(), line.igv, line.cantidad)
    else {
        return;
    };
    let with_tax = product(valor, Decimal::ONE + percent / Decimal::ONE_HUNDRED, 10);
    let by_sums = quotient(base + igv, cantidad, 10);
    let untaxed = !affectation.bears_igv || affectation.is_free();
    let right = [
        untaxed.then_some(valor),
        affectation.bears_igv.then_some(with_tax).flatten(),
        by_sums,
    ];
    // Three cents of the price, because total, value and discount of a line whose price includes IGV are
    // rounded each and a cent may have moved, or of the line: a small quantity makes a large price of
    // them. SUNAT takes a sol.
    let units = cantidad.min(Decimal::ONE);
    let near = |right: Decimal| {
        product((right - precio).abs(), units, 10).is_some_and(|off| off <= CENT + CENT + CENT)
    };
    if right.iter().flatten().any(|right| near(*right)) {
        return;
    }
    if let Some(expected) = right.into_iter().flatten().next() {
        found
            .add(&codes::LINE_PRICE, "precio_unitario")
            .expected(expected.normalize());
    }
}

/// The line's total is the sum of its parts, and sums have no tolerance (invoicing.md §3): a cent is
/// too much. A free line keeps its value there, or the tax on bags alone: it is not charged.
fn review_total(line: &SaleLine, found: &mut Place<'_>) {
    if line.affectation.is_none() {
        return;
    }
    let (Some(total), Some(whole)) = (line.total, whole_of(line)) else {
        return;
    };
    if total == whole {
        return;
    }
    if line.is_free() {
        if !free_totals(line).contains(&Some(total)) {
            found
                .add(&codes::LINE_TOTAL, "total")
                .expected(to_cents(line.subtotal.unwrap_or_default()));
        }
    } else {
        found
            .add(&codes::LINE_TOTAL, "total")
            .expected(to_cents(whole));
    }
}

fn whole_of(line: &SaleLine) -> Option<Decimal> {
    Some(line.base()? + line.igv? + line.bolsas? + line.otros_cargos?)
}

fn free_totals(line: &SaleLine) -> [Option<Decimal>; 5] {
    [
        line.subtotal,
        sum_of(line.subtotal, line.igv),
        sum_of(line.subtotal, line.bolsas),
        line.bolsas,
        Some(Decimal::ZERO),
    ]
}

/// The year's tariff × pieces, in soles (4237); each unit of the line is a bag (3236).
fn review_bags(sale: &Sale, line: &SaleLine, found: &mut Place<'_>) {
    let (Some(bolsas), Some(Moneda::Pen), Some(day), Some(pieces)) = (
        line.bolsas.filter(|it| !it.is_zero()),
        sale.moneda,
        sale.fecha,
        line.cantidad,
    ) else {
        return;
    };
    let expected = icbper_rates::on(day)
        .and_then(|rate| product(rate, pieces, 2))
        .unwrap_or_default();
    if expected != bolsas {
        found
            .add(&codes::BAG_RATE, "impuesto_bolsas")
            .expected(expected);
    }
}
