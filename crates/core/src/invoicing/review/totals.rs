//! The header: sums of the lines, and the rate.

use rust_decimal::Decimal;

use super::super::catalogs::affectations::Tribute;
use super::super::catalogs::igv_rates::{self, IgvRegime, may_a_note_bear, regime_of};
use super::super::catalogs::limits::{CENT, SOL};
use super::super::codes::{self, InvoiceCode};
use super::super::decimal::{percent_of, to_cents};
use super::super::finding::Findings;
use super::super::known::Known;
use super::super::sale::{Sale, SaleLine, sum_of};
use super::lines::base_of_price;
use crate::{Severity, text};

/// What the lines say the header should be; `None` is a sum that something unknown enters.
struct Sums {
    gravada: Option<Decimal>,
    exonerada: Option<Decimal>,
    inafecta: Option<Decimal>,
    gratuita: Option<Decimal>,
    igv: Option<Decimal>,
    isc: Option<Decimal>,
    bolsas: Option<Decimal>,
    otros_cargos: Option<Decimal>,
    anticipo: Option<Decimal>,
    /// Bases of taxed lines with their ISC, advances taken off, by the percent they bear.
    taxed: Option<Vec<(Decimal, Decimal)>>,
    taxed_lines: i64,
}

pub(super) fn review(sale: &Sale, findings: &mut Findings) {
    if sale.lines.is_empty() {
        return;
    }
    let sums = sums_of(sale);
    let values = [
        ("total_gravada", &codes::HEADER_TAXED, sums.gravada),
        ("total_exonerada", &codes::HEADER_EXEMPT, sums.exonerada),
        ("total_inafecta", &codes::HEADER_UNAFFECTED, sums.inafecta),
        ("total_gratuita", &codes::HEADER_FREE, sums.gratuita),
        ("total_isc", &codes::HEADER_EXCISE, sums.isc),
        ("total_impuestos_bolsas", &codes::HEADER_BAGS, sums.bolsas),
        ("total_anticipo", &codes::HEADER_ADVANCES, sums.anticipo),
    ];
    for (name, code, expected) in values {
        review_sum(sale, name, code, expected, findings);
    }
    let igv = review_igv(sale, &sums, findings);
    let charges = sale.amount("total_otros_cargos");
    if let (Some(charges), Some(least)) = (charges, sums.otros_cargos)
        && charges < least
    {
        findings
            .add(&codes::HEADER_CHARGES, "total_otros_cargos")
            .expected(to_cents(least));
    }
    let whole = whole_of(&sums, igv, charges);
    if let (Some(expected), Some(stated)) = (whole, sale.given("total"))
        && to_cents(stated) != expected
    {
        findings
            .add(&codes::HEADER_TOTAL, "total")
            .expected(to_cents(expected));
    }
    for (name, amount) in [("total_gravada", sums.gravada), ("total", whole)] {
        if amount.is_some_and(|it| it.is_sign_negative() && !it.is_zero()) {
            findings.add(&codes::NEGATIVE, name).says(text!(
                "descuentos y anticipos suman más que las líneas",
                "discounts and advances exceed the lines"
            ));
        }
    }
}

/// What the total is made of.
fn whole_of(sums: &Sums, igv: Option<Decimal>, charges: Option<Decimal>) -> Option<Decimal> {
    let values = sums.gravada? + sums.exonerada? + sums.inafecta?;
    Some(values + igv? + sums.isc? + sums.bolsas? + charges?.max(sums.otros_cargos?))
}

fn review_sum(
    sale: &Sale,
    name: &str,
    code: &'static InvoiceCode,
    expected: Option<Decimal>,
    findings: &mut Findings,
) {
    let (Some(expected), Some(stated)) = (expected, sale.amount(name)) else {
        return;
    };
    if to_cents(stated) != expected {
        findings.add(code, name).expected(to_cents(expected));
    }
}

/// `total_igv`: the sum of the lines, exactly, but within a cent where the IGV of a global discount is
/// in it; and the lines together near rate × base. The IGV that the total is to be made of.
fn review_igv(sale: &Sale, sums: &Sums, findings: &mut Findings) -> Option<Decimal> {
    let discount = sale.descuento_global?;
    let off = match &sums.taxed {
        _ if discount.is_zero() => Decimal::ZERO,
        Some(taxed) => {
            let percent = taxed.first().map_or(Decimal::ZERO, |(percent, _)| *percent);
            percent_of(discount, percent).unwrap_or_default()
        }
        None => return None,
    };
    let by_lines = sums.igv? - off;
    let tolerance = if discount.is_zero() {
        Decimal::ZERO
    } else {
        CENT
    };
    let Some(given) = sale.amount("total_igv").map(to_cents) else {
        return Some(by_lines).filter(|_| discount.is_zero());
    };
    if (given - by_lines).abs() > tolerance {
        findings
            .add(&codes::HEADER_IGV, "total_igv")
            .expected(to_cents(by_lines));
        return Some(by_lines);
    }
    let Some(taxed) = &sums.taxed else {
        return Some(given);
    };
    let by_rate = by_rate(taxed);
    let most = SOL.min(CENT * Decimal::from(sums.taxed_lines));
    if (by_lines + off - by_rate).abs() > most {
        findings
            .add(&codes::HEADER_IGV, "total_igv")
            .expected(to_cents(by_rate - off))
            .says(text!(
                "las líneas, redondeadas una por una, se alejan de tasa × base",
                "the lines, rounded one by one, are away from rate × base"
            ))
            .advises(text!(
                "reparta los centavos entre las líneas: la forma simple lo hace",
                "spread the cents over the lines: the simple form does it"
            ));
    }
    Some(given)
}

/// Σ round(rate × Σ base), each rate once.
fn by_rate(taxed: &[(Decimal, Decimal)]) -> Decimal {
    let amounts = taxed.iter();
    amounts
        .filter_map(|(percent, base)| percent_of(*base, *percent))
        .sum()
}

/// Whether cents were spread over the lines: the header is within a cent of rate × base, and the same
/// lines, each rounded by itself, would not be; whether their prices included IGV or not. They may have
/// been where one of them is unknown.
pub(super) fn is_spread(sale: &Sale) -> bool {
    let (mut stated, mut by_value, mut by_price) = (Drift::new(), Drift::new(), Drift::new());
    for line in &sale.lines {
        if line.affectation.is_none() || line.advance.is_none() {
            return true;
        }
        if !line.is_taxed() || line.advance == Some(true) {
            continue;
        }
        let (Some(percent), Some(value), Some(igv)) =
            (sale.percent_for(line), line.base(), line.igv)
        else {
            return true;
        };
        stated.add(percent, value, igv);
        let rounded = percent_of(value, percent).unwrap_or_default();
        by_value.add(percent, value, rounded);
        let base = base_of_price(line, percent).unwrap_or_default();
        by_price.add(percent, base, value + igv - base);
    }
    stated.of_all() <= CENT && (by_value.of_all() > CENT || by_price.of_all() > CENT)
}

/// IGV against rate × base, by the percent that lines bear.
struct Drift(Vec<(Decimal, Decimal, Decimal)>);

impl Drift {
    fn new() -> Drift {
        Drift(Vec::with_capacity(1))
    }

    fn add(&mut self, percent: Decimal, base: Decimal, igv: Decimal) {
        match self.0.iter_mut().find(|(other, ..)| *other == percent) {
            Some((_, bases, igvs)) => {
                *bases += base;
                *igvs += igv;
            }
            None => self.0.push((percent, base, igv)),
        }
    }

    /// The largest, whichever side it is on.
    fn of_all(&self) -> Decimal {
        let drifts = self.0.iter().map(|(percent, base, igv)| {
            (percent_of(*base, *percent).unwrap_or_default() - igv).abs()
        });
        drifts.max().unwrap_or_default()
    }
}

fn sums_of(sale: &Sale) -> Sums {
    let zero = Some(Decimal::ZERO);
    let mut sums = Sums {
        gravada: zero,
        exonerada: zero,
        inafecta: zero,
        gratuita: zero,
        igv: zero,
        isc: zero,
        bolsas: zero,
        otros_cargos: zero,
        anticipo: zero,
        taxed: Some(Vec::with_capacity(1)),
        taxed_lines: 0,
    };
    for line in &sale.lines {
        add_line(sale, line, &mut sums);
    }
    take_off(sale.descuento_global, &mut sums);
    sums
}

fn add_line(sale: &Sale, line: &SaleLine, sums: &mut Sums) {
    sums.isc = sum_of(sums.isc, line.signed(line.isc));
    sums.bolsas = sum_of(sums.bolsas, line.signed(line.bolsas));
    let paid = match line.advance {
        Some(true) => line.subtotal,
        Some(false) => Some(Decimal::ZERO),
        None => None,
    };
    sums.anticipo = sum_of(sums.anticipo, paid);
    let Some(affectation) = line.affectation else {
        forget_classes(sums);
        return;
    };
    let value = line.signed(line.subtotal);
    let class = match affectation.tribute {
        Tribute::Igv | Tribute::Ivap => &mut sums.gravada,
        Tribute::Exonerado => &mut sums.exonerada,
        Tribute::Inafecto | Tribute::Exportacion => &mut sums.inafecta,
        Tribute::Gratuito => &mut sums.gratuita,
    };
    *class = sum_of(*class, value);
    if !line.is_free() {
        sums.otros_cargos = sum_of(sums.otros_cargos, line.otros_cargos);
    }
    if line.is_taxed() {
        sums.igv = sum_of(sums.igv, line.signed(line.igv));
        sums.taxed_lines += 1;
        let taxed = (sale.percent_for(line), line.signed(line.base()));
        add_taxed(taxed, &mut sums.taxed);
    }
}

/// How a line is affected is unknown: it enters one of these, nobody knows which.
fn forget_classes(sums: &mut Sums) {
    for sum in [
        &mut sums.gravada,
        &mut sums.exonerada,
        &mut sums.inafecta,
        &mut sums.gratuita,
        &mut sums.igv,
        &mut sums.otros_cargos,
    ] {
        *sum = None;
    }
    sums.taxed = None;
}

fn add_taxed(
    (percent, base): (Option<Decimal>, Option<Decimal>),
    taxed: &mut Option<Vec<(Decimal, Decimal)>>,
) {
    let (Some(percent), Some(base)) = (percent, base) else {
        *taxed = None;
        return;
    };
    let Some(taxed) = taxed else {
        return;
    };
    match taxed.iter_mut().find(|(other, _)| *other == percent) {
        Some((_, sum)) => *sum += base,
        None => taxed.push((percent, base)),
    }
}

/// A global discount lowers the taxed value; of a sale that has none, the only value there is.
fn take_off(discount: Option<Decimal>, sums: &mut Sums) {
    let is_nothing = |sum: Option<Decimal>| sum.is_some_and(|it| it.is_zero());
    let lowered =
        if sums.taxed_lines > 0 || (is_nothing(sums.exonerada) && is_nothing(sums.inafecta)) {
            &mut sums.gravada
        } else if is_nothing(sums.exonerada) {
            &mut sums.inafecta
        } else {
            &mut sums.exonerada
        };
    *lowered = sum_of(*lowered, discount.map(|it| -it));
}

/// The rate is in force on the day of issue (3462). A note bears that of the document it modifies.
pub(super) fn review_rate(sale: &Sale, known: &Known, findings: &mut Findings) {
    let (Some(percent), Some(day)) = (sale.percent, sale.fecha) else {
        return;
    };
    let bears = |line: &SaleLine| line.affectation.is_some_and(|it| it.bears_igv);
    let schedule = sale.is_schedule_note() || sale.is_unread("tipo_de_nota_de_credito");
    if !sale.lines.iter().any(bears) || schedule {
        return;
    }
    let is_ivap = |line: &SaleLine| line.affectation.is_some_and(|it| it.catalog == "17");
    if sale.lines.iter().filter(|it| bears(it)).all(is_ivap) {
        if percent != igv_rates::IVAP {
            findings
                .add(&codes::TAX_RATE, "porcentaje_de_igv")
                .expected(igv_rates::IVAP)
                .says(text!("el IVAP es del 4 %", "IVAP is 4 %"));
        }
        return;
    }
    let modified = known.modified.as_ref().filter(|_| sale.kind.is_note());
    if let Some(right) = modified.and_then(|it| it.porcentaje_de_igv) {
        if right != percent {
            findings
                .add(&codes::TAX_RATE, "porcentaje_de_igv")
                .expected(right)
                .says(text!(
                    "la nota lleva la tasa del documento que modifica",
                    "a note bears the rate of the document that it modifies"
                ));
        }
        return;
    }
    let fecha = modified.and_then(|it| it.fecha);
    let taken = if sale.kind.is_note() {
        may_a_note_bear(percent, day, fecha)
    } else {
        regime_of(percent, day).is_some()
    };
    if !taken {
        let restaurant = known.restaurant == Some(true);
        let regime = if restaurant {
            IgvRegime::RestaurantOrHotel
        } else {
            IgvRegime::General
        };
        let finding = findings.add(&codes::TAX_RATE, "porcentaje_de_igv");
        if let Some(right) = igv_rates::on(day, regime) {
            finding.expected(right);
        }
        return;
    }
    let general = igv_rates::on(day, IgvRegime::General);
    if general != Some(percent) && known.restaurant != Some(true) {
        let finding = findings.add(&codes::SPECIAL_RATE, "porcentaje_de_igv");
        if known.restaurant == Some(false) {
            finding.as_severe_as(Severity::Observacion).says(text!(
                "el emisor no está en el registro de la tasa especial (4439)",
                "the issuer is not in the register of the special rate (4439)"
            ));
        }
    }
}
