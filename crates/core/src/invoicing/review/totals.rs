//! The header: sums of the lines, and the rate.

use rust_decimal::Decimal;

use super::super::catalogs::affectations::Tribute;
use super::super::catalogs::igv_rates::{self, IgvRegime, may_a_note_bear, regime_of};
use super::super::catalogs::limits::{CENT, SOL};
use super::super::codes::{self, InvoiceCode};
use super::super::decimal::{percent_of, to_cents};
use super::super::finding::Findings;
use super::super::known::Known;
use super::super::sale::{Sale, SaleLine};
use super::lines::base_of_price;
use crate::{Severity, text};

/// What the lines say the header should be.
#[derive(Default)]
struct Sums {
    gravada: Decimal,
    exonerada: Decimal,
    inafecta: Decimal,
    gratuita: Decimal,
    igv: Decimal,
    isc: Decimal,
    bolsas: Decimal,
    otros_cargos: Decimal,
    anticipo: Decimal,
    /// Bases of taxed lines with their ISC, advances taken off, by the percent they bear.
    taxed: Vec<(Decimal, Decimal)>,
    taxed_lines: i64,
    /// Every line could be read, so that the sums mean something.
    complete: bool,
}

pub(super) fn review(sale: &Sale, findings: &mut Findings) {
    let sums = sums_of(sale);
    if !sums.complete {
        return;
    }
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
    if charges < sums.otros_cargos {
        findings
            .add(&codes::HEADER_CHARGES, "total_otros_cargos")
            .expected(to_cents(sums.otros_cargos));
    }
    let expected = sums.gravada
        + sums.exonerada
        + sums.inafecta
        + igv
        + sums.isc
        + sums.bolsas
        + charges.max(sums.otros_cargos);
    let total = to_cents(sale.amount("total"));
    if total != expected && sale.has("total") {
        findings
            .add(&codes::HEADER_TOTAL, "total")
            .expected(to_cents(expected));
    }
    for (name, amount) in [("total_gravada", sums.gravada), ("total", expected)] {
        if amount.is_sign_negative() && !amount.is_zero() {
            findings.add(&codes::NEGATIVE, name).says(text!(
                "descuentos y anticipos suman más que las líneas",
                "discounts and advances exceed the lines"
            ));
        }
    }
}

fn review_sum(
    sale: &Sale,
    name: &str,
    code: &'static InvoiceCode,
    expected: Decimal,
    findings: &mut Findings,
) {
    if to_cents(sale.amount(name)) != expected {
        findings.add(code, name).expected(to_cents(expected));
    }
}

/// `total_igv`: the sum of the lines, exactly, but within a cent where the IGV of a global discount is
/// in it; and the lines together near rate × base. The IGV that the total is to be made of.
fn review_igv(sale: &Sale, sums: &Sums, findings: &mut Findings) -> Decimal {
    let given = to_cents(sale.amount("total_igv"));
    let discount = sale.descuento_global;
    let percent = sums
        .taxed
        .first()
        .map_or(Decimal::ZERO, |(percent, _)| *percent);
    let off = percent_of(discount, percent).unwrap_or_default();
    let by_lines = sums.igv - off;
    let tolerance = if discount.is_zero() {
        Decimal::ZERO
    } else {
        CENT
    };
    if (given - by_lines).abs() > tolerance {
        findings
            .add(&codes::HEADER_IGV, "total_igv")
            .expected(to_cents(by_lines));
        return by_lines;
    }
    let by_rate = by_rate(sums);
    let most = SOL.min(CENT * Decimal::from(sums.taxed_lines));
    if (sums.igv - by_rate).abs() > most {
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
    given
}

/// Σ round(rate × Σ base), each rate once.
fn by_rate(sums: &Sums) -> Decimal {
    let amounts = sums.taxed.iter();
    amounts
        .filter_map(|(percent, base)| percent_of(*base, *percent))
        .sum()
}

/// Whether cents were spread over the lines: the header is within a cent of rate × base, and the same
/// lines, each rounded by itself, would not be; whether their prices included IGV or not.
pub(super) fn is_spread(sale: &Sale) -> bool {
    let (mut stated, mut by_value, mut by_price) = (Drift::new(), Drift::new(), Drift::new());
    let charged = |line: &&SaleLine| line.is_taxed() && !line.advance;
    for line in sale.lines.iter().filter(charged) {
        let Some(percent) = sale.percent_for(line) else {
            continue;
        };
        stated.add(percent, line.base(), line.igv);
        let rounded = percent_of(line.base(), percent).unwrap_or_default();
        by_value.add(percent, line.base(), rounded);
        let base = base_of_price(line, percent).unwrap_or_default();
        by_price.add(percent, base, line.base() + line.igv - base);
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
    let mut sums = Sums {
        complete: true,
        ..Sums::default()
    };
    for line in &sale.lines {
        add_line(sale, line, &mut sums);
    }
    take_off(sale.descuento_global, &mut sums);
    sums
}

fn add_line(sale: &Sale, line: &SaleLine, sums: &mut Sums) {
    let Some(affectation) = line.affectation else {
        sums.complete = false;
        return;
    };
    sums.complete &= !line.unreadable;
    let signed = |amount: Decimal| if line.advance { -amount } else { amount };
    let class = match affectation.tribute {
        Tribute::Igv | Tribute::Ivap => &mut sums.gravada,
        Tribute::Exonerado => &mut sums.exonerada,
        Tribute::Inafecto | Tribute::Exportacion => &mut sums.inafecta,
        Tribute::Gratuito => &mut sums.gratuita,
    };
    *class += signed(line.subtotal);
    sums.isc += signed(line.isc);
    sums.bolsas += signed(line.bolsas);
    if line.advance {
        sums.anticipo += line.subtotal;
    }
    if !line.is_free() {
        sums.otros_cargos += line.otros_cargos;
    }
    if line.is_taxed()
        && let Some(percent) = sale.percent_for(line)
    {
        sums.igv += signed(line.igv);
        sums.taxed_lines += 1;
        match sums.taxed.iter_mut().find(|(other, _)| *other == percent) {
            Some((_, base)) => *base += signed(line.base()),
            None => sums.taxed.push((percent, signed(line.base()))),
        }
    }
}

/// A global discount lowers the taxed value; of a sale that has none, the only value there is.
fn take_off(discount: Decimal, sums: &mut Sums) {
    if sums.taxed_lines > 0 || (sums.exonerada.is_zero() && sums.inafecta.is_zero()) {
        sums.gravada -= discount;
    } else if sums.exonerada.is_zero() {
        sums.inafecta -= discount;
    } else {
        sums.exonerada -= discount;
    }
}

/// The rate is in force on the day of issue (3462). A note bears that of the document it modifies.
pub(super) fn review_rate(sale: &Sale, known: &Known, findings: &mut Findings) {
    let (Some(percent), Some(day)) = (sale.percent, sale.fecha) else {
        return;
    };
    let bears = |line: &SaleLine| line.affectation.is_some_and(|it| it.bears_igv);
    if !sale.lines.iter().any(bears) || sale.is_schedule_note() {
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
