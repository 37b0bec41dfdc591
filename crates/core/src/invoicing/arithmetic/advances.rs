//! What was paid in advance is taken off the sale that settles it.

use rust_decimal::Decimal;

use super::super::catalogs::affectations::Affectation;
use super::super::catalogs::limits::CENT;
use super::super::decimal::{percent_of, quotient, to_cents};
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
    let paid: Decimal = sale.anticipos.iter().map(|it| it.total).sum();
    let left = *sale.of_tribute(affectation.tribute) + sale.igv - paid;
    if left.is_sign_negative() && !left.is_zero() {
        return Err(ArithmeticFault::Advances);
    }
    if affectation.bears_igv {
        let taxed = working.iter().filter(taxed);
        let isc = taxed.map(|work| work.isc).sum();
        settle_cents(percent, (left, isc), affectation, sale);
    }
    let subtotal: Decimal = sale.anticipos.iter().map(|it| it.subtotal).sum();
    let igv: Decimal = sale.anticipos.iter().map(|it| it.igv).sum();
    *sale.of_tribute(affectation.tribute) -= subtotal;
    sale.anticipo = subtotal;
    sale.igv -= igv;
    Ok(())
}

/// Each advance was rounded by itself: single ones give or take a cent until what is left fits its
/// rate, is not negative, and is nothing where all was paid.
fn settle_cents(
    percent: Decimal,
    (left, isc): (Decimal, Decimal),
    affectation: Affectation,
    sale: &mut SaleAmounts,
) {
    for index in 0..sale.anticipos.len() {
        let bases: Decimal = sale.anticipos.iter().map(|it| it.subtotal).sum();
        let base = *sale.of_tribute(affectation.tribute) - bases;
        let igv = left - base;
        let Some(due) = percent_of(base + isc, percent) else {
            return;
        };
        let nothing_left = left.is_zero() && !base.is_zero();
        let negative = base.is_sign_negative() || igv.is_sign_negative();
        if (igv - due).abs() <= CENT && !nothing_left && !negative {
            return;
        }
        // The base that is left has too much where its IGV has too little.
        let step = if base.is_sign_negative() || (igv > due && !igv.is_sign_negative()) {
            -CENT
        } else {
            CENT
        };
        if let Some(advance) = sale.anticipos.get_mut(index) {
            advance.subtotal += step;
            advance.igv -= step;
        }
    }
}
