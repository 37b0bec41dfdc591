//! One line, rounded once, and as it is stated in the end.

use rust_decimal::Decimal;

use super::super::catalogs::affectations::Affectation;
use super::super::decimal::{percent_of, product, quotient, to_cents};
use super::{
    ArithmeticFault, LineAmounts, LineDiscount, LineExcise, LineTerms, SaleTerms, too_large,
};

/// A line on its way: amounts, and what is needed to move a cent.
pub(super) struct Working {
    pub(super) affectation: Affectation,
    pub(super) off: Decimal,
    pub(super) base: Decimal,
    pub(super) isc: Decimal,
    pub(super) igv: Decimal,
    /// The exact value of what moves: base where prices include IGV, IGV where they do not.
    pub(super) exact: Decimal,
}

/// `round(cantidad × precio)` and what is taken off it.
pub(super) fn gross_and_discount(line: &LineTerms) -> Option<(Decimal, Decimal)> {
    let gross = product(line.cantidad, line.precio, 2)?;
    let off = match line.descuento {
        LineDiscount::Amount(amount) => to_cents(amount),
        LineDiscount::Percent(percent) => percent_of(gross, percent)?,
    };
    Some((gross, off))
}

/// A line by itself, rounded once.
pub(super) fn line_alone(
    terms: &SaleTerms,
    line: &LineTerms,
    share: Decimal,
    index: usize,
) -> Result<Working, ArithmeticFault> {
    let (gross, own) = gross_and_discount(line).ok_or(too_large(index))?;
    let off = own + share;
    let amount = gross - off;
    if amount.is_sign_negative() && !amount.is_zero() {
        return Err(ArithmeticFault::Discount(Some(index)));
    }
    let work = alone(terms, line, off, amount);
    work.ok_or(too_large(index))
}

fn alone(terms: &SaleTerms, line: &LineTerms, off: Decimal, amount: Decimal) -> Option<Working> {
    let affectation = line.affectation;
    let free = affectation.is_free();
    let excise = line.isc.filter(|_| !free);
    let fixed = match excise {
        Some(LineExcise::PerUnit(each)) => product(each, line.cantidad, 2)?,
        _ => Decimal::ZERO,
    };
    let excise_percent = match excise {
        Some(LineExcise::Percent(percent)) => percent,
        _ => Decimal::ZERO,
    };
    let percent = terms.percent_of(affectation);
    let mut work = Working {
        affectation,
        off,
        base: amount,
        isc: fixed + percent_of(amount, excise_percent)?,
        igv: Decimal::ZERO,
        exact: Decimal::ZERO,
    };
    if !affectation.bears_igv || free {
        return Some(work);
    }
    if !terms.con_igv {
        let taxed = work.base + work.isc;
        work.igv = percent_of(taxed, percent)?;
        work.exact = taxed * percent / Decimal::ONE_HUNDRED;
        return Some(work);
    }
    // The price holds IGV, and ISC where that is a percent: the two are one value to the IGV. ISC by
    // fixed amount comes on top, with the IGV on it.
    let hundred = Decimal::ONE_HUNDRED;
    let value = quotient(amount * hundred, hundred + percent, 2)?;
    work.base = quotient(value * hundred, hundred + excise_percent, 2)?;
    let excise = value - work.base;
    work.isc = excise + fixed;
    work.igv = amount - value + percent_of(fixed, percent)?;
    work.exact = amount * hundred / (hundred + percent) - excise;
    Some(work)
}

/// The line as it is stated.
pub(super) fn finish(terms: &SaleTerms, line: &LineTerms, work: &Working) -> Option<LineAmounts> {
    let free = work.affectation.is_free();
    let taxed = work.affectation.bears_igv && !free;
    let percent = terms.percent_of(work.affectation);
    let included = terms.con_igv && taxed;
    let descuento = if included && !work.off.is_zero() {
        quotient(
            work.off * Decimal::ONE_HUNDRED,
            Decimal::ONE_HUNDRED + percent,
            2,
        )?
    } else {
        work.off
    };
    let valor_unitario = if included {
        quotient(work.base + descuento, line.cantidad, 10)?
    } else {
        line.precio
    };
    let precio_unitario = if !taxed && work.isc.is_zero() {
        line.precio
    } else if !work.isc.is_zero() {
        quotient(work.base + work.isc + work.igv, line.cantidad, 10)?
    } else if included {
        line.precio
    } else {
        product(
            line.precio,
            Decimal::ONE + percent / Decimal::ONE_HUNDRED,
            10,
        )?
    };
    let total = if free && !line.bolsas.is_zero() {
        line.bolsas
    } else {
        work.base + work.igv + work.isc + line.bolsas + line.otros_cargos
    };
    let stated = work.affectation.bears_igv && free;
    Some(LineAmounts {
        valor_unitario: valor_unitario.normalize(),
        precio_unitario: precio_unitario.normalize(),
        descuento,
        subtotal: work.base,
        isc: work.isc,
        igv: work.igv,
        igv_gratuito: if stated {
            percent_of(work.base, percent)?
        } else {
            Decimal::ZERO
        },
        total,
    })
}
