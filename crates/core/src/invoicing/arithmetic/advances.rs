//! What was paid in advance is taken off the sale that settles it.

use rust_decimal::Decimal;

use super::super::catalogs::affectations::Affectation;
use super::super::catalogs::limits::CENT;
use super::super::decimal::{percent_of, quotient, to_cents};
use super::lines::Working;
use super::{AdvanceAmounts, ArithmeticFault, SaleAmounts, SaleTerms};

/// Advances are taken off base and IGV: off what is taxed first, then off what is *exonerado* and
/// *inafecto*; one that reaches over two of them is two lines. What is left may be worth 0.00, and is
/// never below.
pub(super) fn take_off_advances(
    terms: &SaleTerms,
    working: &[Working],
    sale: &mut SaleAmounts,
) -> Result<(), ArithmeticFault> {
    let of_taxed = |work: &&Working| work.affectation.bears_igv && !work.affectation.is_free();
    let isc: Decimal = working.iter().filter(of_taxed).map(|work| work.isc).sum();
    // An advance bears no ISC, nor the IGV on it.
    let igv = if isc.is_zero() {
        sale.igv
    } else {
        let of_value = percent_of(sale.gravada, terms.percent).unwrap_or_default();
        sale.igv.min(of_value)
    };
    let igv_of_isc = sale.igv - igv;
    let mut classes = classes_of(working, sale, igv);
    for (index, total) in terms.anticipos.iter().enumerate() {
        let mut rest = to_cents(*total);
        for (affectation, left) in &mut classes {
            let part = rest.min(*left);
            if part.is_zero() || part.is_sign_negative() {
                continue;
            }
            *left -= part;
            rest -= part;
            let advance = advance(terms, *affectation, part, index);
            let large = ArithmeticFault::TooLarge(None);
            sale.anticipos.push(advance.ok_or(large)?);
        }
        if !rest.is_zero() {
            return Err(ArithmeticFault::Advances);
        }
    }
    if let Some((affectation, left)) = classes.first().filter(|(it, _)| it.bears_igv) {
        let percent = terms.percent_of(*affectation);
        settle_cents(percent, (*left, igv_of_isc, isc), *affectation, sale);
    }
    for index in 0..sale.anticipos.len() {
        let advance = sale.anticipos[index];
        sale.anticipo += advance.subtotal;
        sale.igv -= advance.igv;
        *sale.of_tribute(advance.affectation.tribute) -= advance.subtotal;
    }
    Ok(())
}

/// What advances may be taken off, in this order: a line's affectation that stands for its class, and
/// what is charged there, with IGV.
fn classes_of(
    working: &[Working],
    sale: &mut SaleAmounts,
    igv: Decimal,
) -> Vec<(Affectation, Decimal)> {
    let mut charged: Vec<Affectation> = Vec::new();
    let worth = working.iter().filter(|work| !work.base.is_zero());
    for work in worth {
        let is_there = |it: &Affectation| it.tribute == work.affectation.tribute;
        if !work.affectation.is_free() && !charged.iter().any(is_there) {
            charged.push(work.affectation);
        }
    }
    charged.sort_by_key(|it| (!it.bears_igv, it.catalog));
    let mut taxed = false;
    let mut classes = Vec::with_capacity(charged.len());
    for affectation in charged {
        let value = *sale.of_tribute(affectation.tribute);
        match (affectation.bears_igv, taxed) {
            (true, true) => {}
            (true, false) => {
                taxed = true;
                classes.push((affectation, value + igv));
            }
            (false, _) => classes.push((affectation, value)),
        }
    }
    classes
}

fn advance(
    terms: &SaleTerms,
    affectation: Affectation,
    total: Decimal,
    index: usize,
) -> Option<AdvanceAmounts> {
    let percent = if affectation.bears_igv {
        terms.percent_of(affectation)
    } else {
        Decimal::ZERO
    };
    let hundred = Decimal::ONE_HUNDRED;
    let subtotal = quotient(total * hundred, hundred + percent, 2)?;
    Some(AdvanceAmounts {
        index,
        affectation,
        subtotal,
        igv: total - subtotal,
        total,
    })
}

/// Each advance was rounded by itself: single ones give or take a cent until what is left fits its
/// rate, is not negative, and is nothing where all was paid.
fn settle_cents(
    percent: Decimal,
    (left, igv_of_isc, isc): (Decimal, Decimal, Decimal),
    affectation: Affectation,
    sale: &mut SaleAmounts,
) {
    for index in 0..sale.anticipos.len() {
        let taxed = sale.anticipos.iter().filter(|it| it.affectation.bears_igv);
        let bases: Decimal = taxed.map(|it| it.subtotal).sum();
        let base = *sale.of_tribute(affectation.tribute) - bases;
        let igv = left + igv_of_isc - base;
        let Some(due) = percent_of(base + isc, percent) else {
            return;
        };
        let nothing_left = left.is_zero() && isc.is_zero() && !base.is_zero();
        let negative = base.is_sign_negative() || igv.is_sign_negative();
        // With ISC the rate is not that of an advance alone: nothing but a negative rest is mended.
        let fits = !isc.is_zero() || (igv - due).abs() <= CENT;
        if fits && !nothing_left && !negative {
            return;
        }
        // The base that is left has too much where its IGV has too little.
        let step = if base.is_sign_negative() || (igv > due && !igv.is_sign_negative()) {
            -CENT
        } else {
            CENT
        };
        if let Some(advance) = sale.anticipos.get_mut(index)
            && advance.affectation.bears_igv
        {
            advance.subtotal += step;
            advance.igv -= step;
        }
    }
}
