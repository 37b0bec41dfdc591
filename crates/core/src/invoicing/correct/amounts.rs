//! Notes on an amount instead of a quantity: a discount given later, a lower or a higher value,
//! interest, a penalty. And the line of a note that changes no amount.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::Correction;
use super::error::CorrectError;
use super::lines::{LineWorth, SoldLine};
use super::totals::NoteTotals;
use crate::invoicing::catalogs::affectations::NubefactAffectation;
use crate::invoicing::catalogs::note_reasons::NoteKind;
use crate::invoicing::catalogs::units;
use crate::invoicing::decimal::{quotient, to_cents};
use crate::invoicing::value::{JsonObject, JsonValue};

/// Most characters of a line's description.
const LONGEST_NAME: usize = 250;

/// Amounts of a document stay below this: twelve digits before the point.
pub(super) const LIMIT: Decimal = Decimal::from_parts(0xD4A5_1000, 0xE8, 0, false, 0);

type NoteBody = (Vec<JsonObject>, NoteTotals);

/// An amount on the whole: one line for each way in which the document is taxed, each with its share
/// of the amount, so that the note takes from every tribute what it bears.
pub(super) fn lines_of_amount(
    lines: &[SoldLine],
    amount: Decimal,
    correction: &Correction,
) -> Result<NoteBody, CorrectError> {
    check_amount(amount)?;
    let groups = groups(lines);
    let worth: Vec<Decimal> = groups.iter().map(|(_, total)| *total).collect();
    let shares = shares(amount, &worth)?;
    let mut body: NoteBody = (Vec::new(), NoteTotals::default());
    for ((model, _), share) in groups.into_iter().zip(shares) {
        if !share.is_zero() {
            push_line(named_after(correction), model, share, &mut body)?;
        }
    }
    body.1.sum_up();
    Ok(body)
}

/// Amounts on single lines, each under the line's own name, code and unit.
pub(super) fn lines_of_line_amounts(
    lines: &[SoldLine],
    amounts: &BTreeMap<usize, Decimal>,
    correction: &Correction,
) -> Result<NoteBody, CorrectError> {
    let is_credit = correction.motivo.kind == NoteKind::Credit;
    let mut body: NoteBody = (Vec::new(), NoteTotals::default());
    for (index, amount) in amounts {
        check_amount(*amount)?;
        let (line, lines_in_all) = (*index, lines.len());
        let model = lines.get(line).ok_or(CorrectError::NoSuchLine {
            line,
            lines: lines_in_all,
        })?;
        let charged = !model.affectation.is_free() && !model.advance;
        let left = if charged {
            model.full.total
        } else {
            Decimal::ZERO
        };
        if !charged || (is_credit && *amount > left) {
            return Err(CorrectError::Exceeds { left });
        }
        let mut named = JsonObject::new();
        for name in [
            "unidad_de_medida",
            "codigo",
            "codigo_producto_sunat",
            "descripcion",
        ] {
            if let Some(value) = model.fields.present(name) {
                named.set(name, value.clone());
            }
        }
        push_line(named, model, *amount, &mut body)?;
    }
    if body.0.is_empty() {
        return Err(CorrectError::Nothing);
    }
    body.1.sum_up();
    Ok(body)
}

/// The line of nota de crédito 13, which changes instalments and no amount.
pub(super) fn empty_line(correction: &Correction) -> JsonObject {
    let mut line = named_after(correction);
    let none = JsonValue::number(to_cents(Decimal::ZERO));
    line.set("cantidad", JsonValue::number(1));
    for name in ["valor_unitario", "precio_unitario", "subtotal"] {
        line.set(name, none.clone());
    }
    line.set("tipo_de_igv", JsonValue::number(1));
    line.set("igv", none.clone());
    line.set("total", none);
    line.set("anticipo_regularizacion", JsonValue::Bool(false));
    line
}

/// Completes a line of one unit that is worth this, IGV included, taxed as its model is.
fn push_line(
    mut line: JsonObject,
    model: &SoldLine,
    total: Decimal,
    body: &mut NoteBody,
) -> Result<(), CorrectError> {
    let (total, hundred) = (to_cents(total), Decimal::ONE_HUNDRED);
    let subtotal = quotient(total * hundred, hundred + model.percent, 2);
    let subtotal = subtotal.ok_or(CorrectError::TooLarge)?;
    let worth = LineWorth {
        subtotal,
        igv: total - subtotal,
        total,
        ..LineWorth::default()
    };
    line.set("cantidad", JsonValue::number(1));
    line.set("valor_unitario", JsonValue::number(subtotal));
    line.set("precio_unitario", JsonValue::number(total));
    line.set("subtotal", JsonValue::number(subtotal));
    match model.affectation.nubefact {
        NubefactAffectation::Igv(number) => line.set("tipo_de_igv", JsonValue::number(number)),
        NubefactAffectation::Ivap(number) => line.set("tipo_de_ivap", JsonValue::number(number)),
    }
    line.set("igv", JsonValue::number(worth.igv));
    line.set("total", JsonValue::number(total));
    line.set("anticipo_regularizacion", JsonValue::Bool(false));
    body.0.push(line);
    body.1.add(model, &worth);
    Ok(())
}

/// The ways in which what was charged is taxed, each with its first line and what it is worth in all.
fn groups(lines: &[SoldLine]) -> Vec<(&SoldLine, Decimal)> {
    let mut groups: Vec<(&SoldLine, Decimal)> = Vec::new();
    let charged = lines
        .iter()
        .filter(|line| !line.affectation.is_free() && !line.advance);
    for line in charged {
        let same = groups
            .iter_mut()
            .find(|(first, _)| first.affectation == line.affectation);
        match same {
            Some((_, total)) => *total += line.full.total,
            None => groups.push((line, line.full.total)),
        }
    }
    groups
}

/// An amount spread in proportion, to the cent: what is left goes to the largest remainders.
fn shares(amount: Decimal, worth: &[Decimal]) -> Result<Vec<Decimal>, CorrectError> {
    let cents = |amount: Decimal| to_cents(amount).mantissa();
    let all: i128 = worth.iter().map(|it| cents(*it)).sum();
    if all <= 0 {
        return Err(CorrectError::Nothing);
    }
    let mut parts = Vec::with_capacity(worth.len());
    for (index, part) in worth.iter().enumerate() {
        let exact = cents(amount)
            .checked_mul(cents(*part))
            .ok_or(CorrectError::TooLarge)?;
        parts.push((exact / all, exact % all, index));
    }
    let given: i128 = parts.iter().map(|(share, ..)| share).sum();
    let left = usize::try_from(cents(amount) - given).unwrap_or_default();
    parts.sort_by_key(|(_, rest, index)| (std::cmp::Reverse(*rest), *index));
    for part in parts.iter_mut().take(left) {
        part.0 += 1;
    }
    parts.sort_by_key(|(.., index)| *index);
    Ok(parts
        .into_iter()
        .map(|(share, ..)| Decimal::from_i128_with_scale(share, 2))
        .collect())
}

fn check_amount(amount: Decimal) -> Result<(), CorrectError> {
    let fits = amount > Decimal::ZERO && amount < LIMIT && amount.normalize().scale() <= 2;
    fits.then_some(()).ok_or(CorrectError::Amount)
}

/// A line named after the reason: in the caller's words, or in those of the catálogo.
fn named_after(correction: &Correction) -> JsonObject {
    let name = match &correction.sustento {
        Some(sustento) => sustento.chars().take(LONGEST_NAME).collect(),
        None => correction.motivo.name.to_uppercase(),
    };
    let mut line = JsonObject::new();
    line.set("unidad_de_medida", JsonValue::text(units::SERVICES));
    line.set("descripcion", JsonValue::text(name));
    line
}
