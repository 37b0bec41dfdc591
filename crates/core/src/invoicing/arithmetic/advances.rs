//! What was paid in advance is taken off the sale that settles it.

use rust_decimal::Decimal;

use super::super::catalogs::limits::CENT;
use super::super::decimal::{quotient, to_cents};
use super::lines::Working;
use super::{AdvanceAmounts, ArithmeticFault, SaleAmounts, SaleTerms};

/// Advances are taken off base and IGV. What is left may be worth 0.00, and is never below.
pub(super) fn take_off_advances(
    terms: &SaleTerms,
    working: &[Working],
    sale: &mut SaleAmounts,
) -> Result<(), ArithmeticFault> {
    let large = ArithmeticFault::TooLarge(None);
    if terms.anticipos.is_empty() {
        return Ok(());
    }
    let charged = |work: &&Working| !work.affectation.is_free();
    let taxed = |work: &&Working| charged(work) && work.affectation.bears_igv;
    let model = working
        .iter()
        .find(taxed)
        .or_else(|| working.iter().find(charged))
        .ok_or(ArithmeticFault::Advances)?;
    let affectation = model.affectation;
    let percent = if affectation.bears_igv {
        terms.percent_of(affectation)
    } else {
        Decimal::ZERO
    };
    let hundred = Decimal::ONE_HUNDRED;
    for total in &terms.anticipos {
        let total = to_cents(*total);
        let subtotal = quotient(total * hundred, hundred + percent, 2).ok_or(large)?;
        sale.anticipos.push(AdvanceAmounts {
            affectation,
            subtotal,
            igv: total - subtotal,
            total,
        });
    }
    // What is left, and the base that it should have. Each advance was rounded by itself.
    let paid: Decimal = sale.anticipos.iter().map(|it| it.total).sum();
    let bases: Decimal = sale.anticipos.iter().map(|it| it.subtotal).sum();
    let base = *sale.of_tribute(affectation.tribute);
    let left = base + sale.igv - paid;
    if left.is_sign_negative() && !left.is_zero() {
        return Err(ArithmeticFault::Advances);
    }
    let wanted =
        quotient((left + sale.isc) * hundred, hundred + percent, 2).ok_or(large)? - sale.isc;
    let wanted = wanted.max(Decimal::ZERO).min(left);
    let mut missing = if affectation.bears_igv {
        (base - bases) - wanted
    } else {
        Decimal::ZERO
    };
    let keeps = (missing.abs() <= CENT) && base >= bases && left >= base - bases;
    if !keeps {
        for advance in &mut sale.anticipos {
            let step = missing.max(-CENT).min(CENT);
            advance.subtotal += step;
            advance.igv -= step;
            missing -= step;
        }
        // A sale of many lines may be further off; the last advance bears it.
        if let Some(last) = sale.anticipos.last_mut() {
            last.subtotal += missing;
            last.igv -= missing;
        }
    }
    let subtotal: Decimal = sale.anticipos.iter().map(|it| it.subtotal).sum();
    let igv: Decimal = sale.anticipos.iter().map(|it| it.igv).sum();
    *sale.of_tribute(affectation.tribute) -= subtotal;
    sale.anticipo = subtotal;
    sale.igv -= igv;
    Ok(())
}
