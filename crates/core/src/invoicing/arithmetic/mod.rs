//! The arithmetic of a sale (invoicing.md §2): lines, the spreading of cents, global discount,
//! advances. Decimals only, rounded half away from zero.
//!
//! 1. A line is rounded once: its value where prices are without IGV, its total where they include it.
//! 2. The header is the sum of the lines, to the cent. Line by line alone drifts away from
//!    rate × base (400 lines of 0.35: 20.00 on a base of 120.00, where 21.60 are due: SUNAT's 3291), so
//!    single lines give or take a cent until the header fits.

mod advances;
mod discounts;
mod lines;
mod spread;
mod withheld;

use rust_decimal::Decimal;

use super::catalogs::affectations::{Affectation, Tribute};
use super::catalogs::igv_rates;
use super::decimal::to_cents;
use advances::take_off_advances;
use discounts::{shares, take_off_discount};
use lines::{Working, finish, line_alone};
use spread::spread;

pub use withheld::detraccion_in_soles;

/// What a line is computed from.
#[derive(Debug, Clone)]
pub struct LineTerms {
    /// How it is affected by IGV.
    pub affectation: Affectation,
    /// How many.
    pub cantidad: Decimal,
    /// Price of one: with IGV or without, as [`SaleTerms::con_igv`] says.
    pub precio: Decimal,
    /// What is taken off the line, on the same footing as the price.
    pub descuento: LineDiscount,
    /// ISC of the line.
    pub isc: Option<LineExcise>,
    /// Tax on bags, in all.
    pub bolsas: Decimal,
    /// Other charges of the line, in all.
    pub otros_cargos: Decimal,
}

/// What is taken off a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineDiscount {
    /// An amount; zero for none.
    Amount(Decimal),
    /// Percent of quantity × price. It is rounded first and subtracted then.
    Percent(Decimal),
}

/// ISC of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineExcise {
    /// Percent of the line's value.
    Percent(Decimal),
    /// Soles, or whatever the currency is, per unit.
    PerUnit(Decimal),
}

/// What a sale is computed from.
///
/// ```
/// use chaski_core::invoicing::catalogs::affectations::Affectation;
/// use chaski_core::invoicing::{LineDiscount, LineTerms, SaleTerms, compute};
/// let line = LineTerms {
///     affectation: Affectation::from_catalog("10").expect("a code of SUNAT's"),
///     cantidad: "1".parse()?,
///     precio: "0.35".parse()?,
///     descuento: LineDiscount::Amount("0".parse()?),
///     isc: None,
///     bolsas: "0".parse()?,
///     otros_cargos: "0".parse()?,
/// };
/// let terms = SaleTerms { lines: vec![line; 400], ..SaleTerms::new("18".parse()?, true) };
/// let sale = compute(&terms).expect("amounts of a tax document");
/// assert_eq!((sale.gravada.to_string(), sale.igv.to_string()), ("118.64".into(), "21.36".into()));
/// # Ok::<(), rust_decimal::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct SaleTerms {
    /// Percent of IGV.
    pub percent: Decimal,
    /// Whether prices and discounts include IGV.
    pub con_igv: bool,
    /// The lines.
    pub lines: Vec<LineTerms>,
    /// What is taken off the whole, on the same footing as the prices.
    pub descuento_global: Decimal,
    /// Charges on the whole, without IGV.
    pub otros_cargos: Decimal,
    /// What was paid in advance, with IGV.
    pub anticipos: Vec<Decimal>,
}

/// A line, computed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LineAmounts {
    /// Unit value, without IGV.
    pub valor_unitario: Decimal,
    /// Unit price, with IGV; line discounts do not touch it.
    pub precio_unitario: Decimal,
    /// Discount, without IGV.
    pub descuento: Decimal,
    /// Value of the line.
    pub subtotal: Decimal,
    /// ISC.
    pub isc: Decimal,
    /// IGV or IVAP that is charged.
    pub igv: Decimal,
    /// IGV that a free line states and nobody pays; NubeFact has no field for it.
    pub igv_gratuito: Decimal,
    /// Total.
    pub total: Decimal,
}

/// An advance as it is taken off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct AdvanceAmounts {
    /// Which of [`SaleTerms::anticipos`] it is a part of.
    pub index: usize,
    /// How it is affected by IGV: as the sale is.
    pub affectation: Affectation,
    /// Without IGV.
    pub subtotal: Decimal,
    /// Its IGV.
    pub igv: Decimal,
    /// With IGV.
    pub total: Decimal,
}

/// A sale, computed. All amounts have two places.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SaleAmounts {
    /// The lines, in their order.
    pub lines: Vec<LineAmounts>,
    /// The advances, in their order.
    pub anticipos: Vec<AdvanceAmounts>,
    /// Global discount as it stands in the header, without IGV; zero where it was spread over lines.
    pub descuento_global: Decimal,
    /// Taxed value.
    pub gravada: Decimal,
    /// *Exonerada* value.
    pub exonerada: Decimal,
    /// *Inafecta* value, exports included.
    pub inafecta: Decimal,
    /// Value of what is given away.
    pub gratuita: Decimal,
    /// IGV or IVAP.
    pub igv: Decimal,
    /// ISC.
    pub isc: Decimal,
    /// Tax on bags.
    pub bolsas: Decimal,
    /// Other charges, of lines and whole.
    pub otros_cargos: Decimal,
    /// Advances, without IGV.
    pub anticipo: Decimal,
    /// What the customer owes.
    pub total: Decimal,
}

/// Why a sale cannot be computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArithmeticFault {
    /// An amount has too many digits for a tax document; in that line, or in the header.
    TooLarge(Option<usize>),
    /// More is taken off than there is; of that line, or of the whole.
    Discount(Option<usize>),
    /// The advances exceed the sale.
    Advances,
}

impl SaleTerms {
    /// Terms without lines.
    pub fn new(percent: Decimal, con_igv: bool) -> SaleTerms {
        SaleTerms {
            percent,
            con_igv,
            lines: Vec::new(),
            descuento_global: Decimal::ZERO,
            otros_cargos: Decimal::ZERO,
            anticipos: Vec::new(),
        }
    }

    /// The percent that a line bears: IVAP has its own.
    fn percent_of(&self, affectation: Affectation) -> Decimal {
        if affectation.catalog == "17" {
            igv_rates::IVAP
        } else {
            self.percent
        }
    }
}

/// Computes a sale.
///
/// # Errors
/// An amount beyond twelve digits, a discount or advances larger than what they are taken off.
pub fn compute(terms: &SaleTerms) -> Result<SaleAmounts, ArithmeticFault> {
    // 1. A discount on the whole stays in the header where everything is taxed alike, and is spread
    //    over the lines otherwise.
    let in_header = is_purely_taxed(&terms.lines);
    let shares = if in_header {
        vec![Decimal::ZERO; terms.lines.len()]
    } else {
        shares(terms)?
    };
    // 2. Each line by itself.
    let mut working = Vec::with_capacity(terms.lines.len());
    for (index, (line, share)) in terms.lines.iter().zip(&shares).enumerate() {
        working.push(line_alone(terms, line, *share, index)?);
    }
    // 3. Cents move until the header fits.
    for tribute in [Tribute::Igv, Tribute::Ivap] {
        spread(terms, tribute, &mut working);
    }
    // 4. The header.
    let lines: Vec<LineAmounts> = terms
        .lines
        .iter()
        .zip(&working)
        .enumerate()
        .map(|(index, (line, work))| finish(terms, line, work).ok_or(too_large(index)))
        .collect::<Result<_, _>>()?;
    let mut sale = sum(terms, &working, lines);
    if in_header {
        take_off_discount(terms, &mut sale)?;
    }
    take_off_advances(terms, &working, &mut sale)?;
    sale.total = sale.gravada
        + sale.exonerada
        + sale.inafecta
        + sale.igv
        + sale.isc
        + sale.bolsas
        + sale.otros_cargos;
    Ok(sale)
}

/// What is wrong with a line by itself, whatever the others are.
pub(crate) fn line_fault(
    terms: &SaleTerms,
    line: &LineTerms,
    index: usize,
) -> Option<ArithmeticFault> {
    let work = match line_alone(terms, line, Decimal::ZERO, index) {
        Ok(work) => work,
        Err(fault) => return Some(fault),
    };
    match finish(terms, line, &work) {
        Some(_) => None,
        None => Some(too_large(index)),
    }
}

fn too_large(index: usize) -> ArithmeticFault {
    ArithmeticFault::TooLarge(Some(index))
}

fn is_purely_taxed(lines: &[LineTerms]) -> bool {
    lines
        .iter()
        .all(|line| line.affectation.bears_igv && !line.affectation.is_free())
}

fn sum(terms: &SaleTerms, working: &[Working], lines: Vec<LineAmounts>) -> SaleAmounts {
    let zero = to_cents(Decimal::ZERO);
    let mut sale = SaleAmounts {
        lines,
        anticipos: Vec::new(),
        descuento_global: zero,
        gravada: zero,
        exonerada: zero,
        inafecta: zero,
        gratuita: zero,
        igv: zero,
        isc: zero,
        bolsas: zero,
        otros_cargos: to_cents(terms.otros_cargos),
        anticipo: zero,
        total: zero,
    };
    for (line, work) in terms.lines.iter().zip(working) {
        *sale.of_tribute(work.affectation.tribute) += work.base;
        sale.igv += work.igv;
        sale.isc += work.isc;
        sale.bolsas += line.bolsas;
        if !work.affectation.is_free() {
            sale.otros_cargos += line.otros_cargos;
        }
    }
    sale
}

impl SaleAmounts {
    /// The header's sum to which lines of a tribute belong.
    fn of_tribute(&mut self, tribute: Tribute) -> &mut Decimal {
        match tribute {
            Tribute::Igv | Tribute::Ivap => &mut self.gravada,
            Tribute::Exonerado => &mut self.exonerada,
            Tribute::Inafecto | Tribute::Exportacion => &mut self.inafecta,
            Tribute::Gratuito => &mut self.gratuita,
        }
    }
}
