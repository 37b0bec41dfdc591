//! What SUNAT, NubeFact or an accountant would say of a sale or a note: one file per theme.
//!
//! Tolerances (invoicing.md §3): products within a cent, the IGV of a line within a cent a unit,
//! because NubeFact took that; sums none.
//!
//! What could not be read is unknown: nothing is said of it again, nor of what is made of it.

mod affectation;
mod customer;
mod dates;
mod lines;
mod notes;
mod payment;
mod series;
mod totals;

use jiff::civil::Date;

use super::finding::Findings;
use super::known::Known;
use super::sale::Sale;

/// Reviews a sale that was read; `today` is the day in Lima.
pub(crate) fn review(sale: &mut Sale, today: Date, known: &Known, findings: &mut Findings) {
    affectation::review(sale, findings);
    if sale.is_kind_known {
        series::review(sale, known, findings);
        notes::review(sale, known, findings);
    }
    dates::review(sale, today, known, findings);
    customer::review(sale, known, findings);
    totals::review_rate(sale, known, findings);
    lines::review(sale, totals::is_spread(sale), findings);
    totals::review(sale, findings);
    payment::review(sale, findings);
}
