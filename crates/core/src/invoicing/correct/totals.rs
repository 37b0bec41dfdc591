//! The header that belongs to a part of the document, with its global discount in proportion.

use std::collections::BTreeMap;

use rust_decimal::{Decimal, RoundingStrategy};

use super::error::CorrectError;
use super::lines::{LineWorth, SoldLine, part_of};
use crate::invoicing::catalogs::affectations::Tribute;
use crate::invoicing::decimal::to_cents;
use crate::invoicing::document::TaxDocument;
use crate::invoicing::value::{JsonObject, JsonValue};

/// Totals of a note, or of a document up to some quantities.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct NoteTotals {
    pub(super) descuento_global: Decimal,
    pub(super) descuento: Decimal,
    pub(super) anticipo: Decimal,
    pub(super) gravada: Decimal,
    pub(super) inafecta: Decimal,
    pub(super) exonerada: Decimal,
    pub(super) gratuita: Decimal,
    pub(super) igv: Decimal,
    pub(super) otros_cargos: Decimal,
    pub(super) isc: Decimal,
    pub(super) bolsas: Decimal,
    pub(super) total: Decimal,
}

impl NoteTotals {
    /// The totals of a document up to these quantities. Up to all of them they are the document's own.
    pub(super) fn up_to(
        document: &TaxDocument,
        lines: &[SoldLine],
        quantities: &BTreeMap<usize, Decimal>,
    ) -> Result<NoteTotals, CorrectError> {
        let quantity = |index: usize| quantities.get(&index).copied().unwrap_or_default();
        let is_whole = |(index, line): (usize, &SoldLine)| quantity(index) >= line.cantidad;
        if lines.iter().enumerate().all(is_whole) {
            return NoteTotals::of(document);
        }
        let mut totals = NoteTotals::default();
        let (mut charged, mut charged_in_all) = (Decimal::ZERO, Decimal::ZERO);
        for (index, line) in lines.iter().enumerate() {
            let worth = line.up_to(quantity(index))?;
            totals.add(line, &worth);
            if !line.affectation.is_free() && !line.advance {
                charged += worth.subtotal;
                charged_in_all += line.full.subtotal;
            }
        }
        totals.take_off_discount(document, lines, (charged, charged_in_all))?;
        totals.add_charges(document, lines, (charged, charged_in_all))?;
        totals.sum_up();
        Ok(totals)
    }

    /// A document's own totals.
    fn of(document: &TaxDocument) -> Result<NoteTotals, CorrectError> {
        let amount = |name: &str| to_cents(document.amount(name).unwrap_or_default());
        Ok(NoteTotals {
            descuento_global: amount("descuento_global"),
            descuento: amount("total_descuento"),
            anticipo: amount("total_anticipo"),
            gravada: amount("total_gravada"),
            inafecta: amount("total_inafecta"),
            exonerada: amount("total_exonerada"),
            gratuita: amount("total_gratuita"),
            igv: amount("total_igv"),
            otros_cargos: amount("total_otros_cargos"),
            isc: amount("total_isc"),
            bolsas: amount("total_impuestos_bolsas"),
            total: to_cents(document.total().ok_or(CorrectError::Unreadable("total"))?),
        })
    }

    /// Adds a line. An advance that is settled is taken off.
    pub(super) fn add(&mut self, line: &SoldLine, worth: &LineWorth) {
        let sign = if line.advance {
            -Decimal::ONE
        } else {
            Decimal::ONE
        };
        let place = match line.affectation.tribute {
            Tribute::Igv | Tribute::Ivap => &mut self.gravada,
            Tribute::Exonerado => &mut self.exonerada,
            Tribute::Inafecto | Tribute::Exportacion => &mut self.inafecta,
            Tribute::Gratuito => &mut self.gratuita,
        };
        *place += sign * worth.subtotal;
        if !line.affectation.is_free() {
            self.igv += sign * worth.igv;
            self.isc += sign * worth.isc;
        }
        if line.advance {
            self.anticipo += worth.subtotal;
        }
        self.descuento += worth.descuento;
        self.bolsas += worth.bolsas;
        self.otros_cargos += worth.otros_cargos;
    }

    /// The global discount, in proportion to what is charged, off the tribute that bears it.
    fn take_off_discount(
        &mut self,
        document: &TaxDocument,
        lines: &[SoldLine],
        (charged, in_all): (Decimal, Decimal),
    ) -> Result<(), CorrectError> {
        let whole = to_cents(document.amount("descuento_global").unwrap_or_default());
        if whole.is_zero() || in_all.is_zero() {
            return Ok(());
        }
        let discount = part_of(whole, charged, in_all)?;
        let of = |tributes: &[Tribute]| {
            let mut all = lines.iter();
            all.find(|line| tributes.contains(&line.affectation.tribute))
        };
        if let Some(taxed) = of(&[Tribute::Igv, Tribute::Ivap]) {
            self.gravada -= discount;
            let of_lines: Decimal = lines.iter().map(SoldLine::charged_igv).sum();
            let stated = to_cents(document.amount("total_igv").unwrap_or_default());
            self.igv -= igv_of_discount(discount, taxed.percent, (whole, of_lines - stated));
        } else if of(&[Tribute::Exonerado]).is_some() {
            self.exonerada -= discount;
        } else {
            self.inafecta -= discount;
        }
        self.descuento_global = discount;
        self.descuento += discount;
        Ok(())
    }

    /// Charges that stand in the header and in no line, in proportion to what is charged.
    fn add_charges(
        &mut self,
        document: &TaxDocument,
        lines: &[SoldLine],
        (charged, in_all): (Decimal, Decimal),
    ) -> Result<(), CorrectError> {
        let of_lines: Decimal = lines.iter().map(|line| line.full.otros_cargos).sum();
        let stated = to_cents(document.amount("total_otros_cargos").unwrap_or_default());
        if stated > of_lines && !in_all.is_zero() {
            self.otros_cargos += part_of(stated - of_lines, charged, in_all)?;
        }
        Ok(())
    }

    pub(super) fn sum_up(&mut self) {
        self.total = self.gravada
            + self.exonerada
            + self.inafecta
            + self.igv
            + self.isc
            + self.bolsas
            + self.otros_cargos;
    }

    /// What lies between two sums.
    pub(super) fn less(&self, other: &NoteTotals) -> NoteTotals {
        NoteTotals {
            descuento_global: self.descuento_global - other.descuento_global,
            descuento: self.descuento - other.descuento,
            anticipo: self.anticipo - other.anticipo,
            gravada: self.gravada - other.gravada,
            inafecta: self.inafecta - other.inafecta,
            exonerada: self.exonerada - other.exonerada,
            gratuita: self.gratuita - other.gratuita,
            igv: self.igv - other.igv,
            otros_cargos: self.otros_cargos - other.otros_cargos,
            isc: self.isc - other.isc,
            bolsas: self.bolsas - other.bolsas,
            total: self.total - other.total,
        }
    }

    /// Writes what is not zero; IGV and total always.
    pub(super) fn write(&self, fields: &mut JsonObject) {
        let amounts = [
            ("descuento_global", self.descuento_global),
            ("total_descuento", self.descuento),
            ("total_anticipo", self.anticipo),
            ("total_gravada", self.gravada),
            ("total_inafecta", self.inafecta),
            ("total_exonerada", self.exonerada),
            ("total_igv", self.igv),
            ("total_gratuita", self.gratuita),
            ("total_otros_cargos", self.otros_cargos),
            ("total_isc", self.isc),
            ("total_impuestos_bolsas", self.bolsas),
            ("total", self.total),
        ];
        for (name, amount) in amounts {
            if !amount.is_zero() || matches!(name, "total_igv" | "total") {
                fields.set(name, JsonValue::number(to_cents(amount)));
            }
        }
    }
}

/// IGV of a part of a global discount: rate × discount, and all of the document's for all of it.
///
/// The document's own may be a cent or so away from rate × discount. The parts are then rounded towards
/// it, so that every note's share, the last one's too, stays within a cent of rate × its own discount.
fn igv_of_discount(discount: Decimal, percent: Decimal, whole: (Decimal, Decimal)) -> Decimal {
    let (whole, whole_igv) = whole;
    if discount == whole {
        return whole_igv;
    }
    let rate = percent / Decimal::ONE_HUNDRED;
    let half_a_cent = Decimal::new(5, 3);
    let apart = whole_igv - rate * whole;
    let strategy = if apart > half_a_cent {
        RoundingStrategy::AwayFromZero
    } else if apart < -half_a_cent {
        RoundingStrategy::ToZero
    } else {
        RoundingStrategy::MidpointAwayFromZero
    };
    (rate * discount).round_dp_with_strategy(2, strategy)
}
