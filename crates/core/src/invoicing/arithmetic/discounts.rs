//! A discount on the whole sale: in the header where everything is taxed alike, else spread over the
//! lines.

use rust_decimal::Decimal;

use super::super::catalogs::limits::CENT;
use super::super::decimal::{percent_of, quotient, to_cents};
use super::lines::gross_and_discount;
use super::{ArithmeticFault, SaleAmounts, SaleTerms, too_large};

/// The discount on the whole, spread over the lines that are charged, by amount: down to the cent
/// each, and what is left to the largest remainders. Never lost or gained.
pub(super) fn shares(terms: &SaleTerms) -> Result<Vec<Decimal>, ArithmeticFault> {
    let mut shares = vec![Decimal::ZERO; terms.lines.len()];
    let whole = to_cents(terms.descuento_global);
    if whole.is_zero() {
        return Ok(shares);
    }
    let mut amounts = Vec::with_capacity(terms.lines.len());
    for (index, line) in terms.lines.iter().enumerate() {
        let (gross, off) = gross_and_discount(line).ok_or(too_large(index))?;
        let charged = !line.affectation.is_free();
        amounts.push(if charged { gross - off } else { Decimal::ZERO });
    }
    let sum: Decimal = amounts.iter().sum();
    if sum < whole {
        return Err(ArithmeticFault::Discount(None));
    }
    // Cents as whole numbers: the remainder of a share is exact.
    let cents = |amount: Decimal| to_cents(amount).mantissa();
    let (whole, sum) = (cents(whole), cents(sum));
    let mut left = whole;
    let mut remainders = Vec::with_capacity(amounts.len());
    for (index, amount) in amounts.iter().enumerate() {
        let part = whole
            .checked_mul(cents(*amount))
            .ok_or(ArithmeticFault::TooLarge(None))?;
        left -= part / sum;
        shares[index] = Decimal::from_i128_with_scale(part / sum, 2);
        remainders.push((part % sum, index));
    }
    remainders.sort_by_key(|(remainder, index)| (std::cmp::Reverse(*remainder), *index));
    let most = usize::try_from(left).unwrap_or_default();
    for (_, index) in remainders.into_iter().take(most) {
        shares[index] += CENT;
    }
    Ok(shares)
}

/// The percent of a sale that is taxed alike: IVAP where its lines bear that.
fn header_percent(terms: &SaleTerms) -> Decimal {
    terms
        .lines
        .first()
        .map_or(terms.percent, |line| terms.percent_of(line.affectation))
}

/// A discount on the whole of a purely taxed sale: its base without IGV stands in the header. Where
/// prices include IGV, total = shelf price − discount holds to the cent, so of the few values that the
/// discount's base may round to, the one is taken that fits IGV and base best.
pub(super) fn take_off_discount(
    terms: &SaleTerms,
    sale: &mut SaleAmounts,
) -> Result<(), ArithmeticFault> {
    let large = ArithmeticFault::TooLarge(None);
    let off = to_cents(terms.descuento_global);
    if off.is_zero() {
        return Ok(());
    }
    let percent = header_percent(terms);
    let whole = sale.gravada
        + sale.isc
        + if terms.con_igv {
            sale.igv
        } else {
            Decimal::ZERO
        };
    if off > whole {
        return Err(ArithmeticFault::Discount(None));
    }
    let middle = if terms.con_igv {
        quotient(
            off * Decimal::ONE_HUNDRED,
            Decimal::ONE_HUNDRED + percent,
            2,
        )
        .ok_or(large)?
    } else {
        off
    };
    let shifts: &[Decimal] = if terms.con_igv {
        &[Decimal::ZERO, CENT, Decimal::NEGATIVE_ONE]
    } else {
        &[Decimal::ZERO]
    };
    let mut best: Option<(Decimal, Decimal, Decimal)> = None;
    for shift in shifts {
        let shift = if *shift == Decimal::NEGATIVE_ONE {
            -CENT
        } else {
            *shift
        };
        let discount = middle + shift;
        let base = sale.gravada - discount;
        if discount.is_sign_negative() || base.is_sign_negative() {
            continue;
        }
        let by_rate = percent_of(base + sale.isc, percent).ok_or(large)?;
        let by_lines = sale.igv - percent_of(discount, percent).ok_or(large)?;
        let igv = if terms.con_igv {
            sale.igv - (off - discount)
        } else {
            by_rate.clamp(by_lines - CENT, by_lines + CENT)
        };
        if igv.is_sign_negative() && !igv.is_zero() {
            continue;
        }
        let misfit = (igv - by_rate).abs().max((igv - by_lines).abs());
        if best.is_none_or(|(least, ..)| misfit < least) {
            best = Some((misfit, discount, igv));
        }
    }
    let (_, discount, igv) = best.ok_or(ArithmeticFault::Discount(None))?;
    sale.descuento_global = discount;
    sale.gravada -= discount;
    sale.igv = igv;
    Ok(())
}
