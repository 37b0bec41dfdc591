//! The header is the sum of the lines: single lines give or take a cent until it fits.

use rust_decimal::Decimal;

use super::super::catalogs::affectations::Tribute;
use super::super::catalogs::igv_rates;
use super::super::catalogs::limits::{BASE_WITHOUT_IGV, CENT};
use super::super::decimal::{percent_of, quotient, to_cents};
use super::SaleTerms;
use super::lines::Working;

/// Moves single cents between base and IGV of the lines of one tribute, until the header fits: where
/// prices include IGV, until Σ base = round(Σ total ÷ (1 + rate)); where they do not, until
/// Σ IGV = round(Σ base × rate). One cent a line, nearest to its exact value first, ties to the first
/// line. Nothing moves while they are within a cent.
pub(super) fn spread(terms: &SaleTerms, tribute: Tribute, working: &mut [Working]) {
    let of_tribute =
        |work: &&Working| work.affectation.tribute == tribute && !work.affectation.is_free();
    let taxed: Decimal = working
        .iter()
        .filter(of_tribute)
        .map(|work| work.base + work.isc)
        .sum();
    let igv: Decimal = working.iter().filter(of_tribute).map(|work| work.igv).sum();
    let percent = if tribute == Tribute::Ivap {
        igv_rates::IVAP
    } else {
        terms.percent
    };
    let Some(due) = percent_of(taxed, percent) else {
        return;
    };
    if (igv - due).abs() <= CENT {
        return;
    }
    // How many cents the moving side (base or IGV) has too few; negative for too many.
    let missing = if terms.con_igv {
        let total = (taxed + igv) * Decimal::ONE_HUNDRED;
        let Some(right) = quotient(total, Decimal::ONE_HUNDRED + percent, 2) else {
            return;
        };
        right - taxed
    } else {
        due - igv
    };
    let step = if missing.is_sign_negative() {
        -CENT
    } else {
        CENT
    };
    let wanted = usize::try_from(to_cents(missing).mantissa().unsigned_abs()).unwrap_or_default();
    let con_igv = terms.con_igv;
    let mut candidates: Vec<(Decimal, usize)> = working
        .iter()
        .enumerate()
        .filter(|(_, work)| of_tribute(work))
        .filter_map(|(index, work)| {
            let (base, igv) = moved(work, step, con_igv)?;
            let value = if con_igv { base } else { igv };
            Some(((value - work.exact).abs(), index))
        })
        .collect();
    candidates.sort();
    for (_, index) in candidates.into_iter().take(wanted) {
        if let Some((base, igv)) = moved(&working[index], step, con_igv) {
            (working[index].base, working[index].igv) = (base, igv);
        }
    }
}

/// Base and IGV of a line after a cent has moved; `None` where it must not: below zero, or IGV 0.00 on
/// a base that bears it (3111).
fn moved(work: &Working, step: Decimal, con_igv: bool) -> Option<(Decimal, Decimal)> {
    let (base, igv) = if con_igv {
        (work.base + step, work.igv - step)
    } else {
        (work.base, work.igv + step)
    };
    let negative = base.is_sign_negative() || igv.is_sign_negative();
    let untaxed = igv.is_zero() && base > BASE_WITHOUT_IGV;
    (!negative && !untaxed).then_some((base, igv))
}
