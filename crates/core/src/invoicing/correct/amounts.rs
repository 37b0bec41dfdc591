//! Notes on an amount instead of a quantity: a discount given later, a lower or a higher value,
//! interest, a penalty. And the line of a note that changes no amount.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::error::CorrectError;
use super::lines::{LineWorth, SoldLine};
use super::totals::NoteTotals;
use super::{CorrectError as Error, Correction};
use crate::invoicing::catalogs::units;
use crate::invoicing::decimal::{quotient, to_cents};
use crate::invoicing::document::TaxDocument;
use crate::invoicing::value::{JsonObject, JsonValue};

/// Amounts of a document stay below this: twelve digits before the point.
pub(super) const LIMIT: Decimal = Decimal::from_parts(0xD4A5_1000, 0xE8, 0, false, 0);

type NoteBody = (Vec<JsonObject>, NoteTotals);

/// An amount on the whole: one line for each way in which the document is taxed, each with its share
/// of the amount, so that the note takes from every tribute what it bears.
pub(super) fn lines_of_amount(
    document: &TaxDocument,
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
            let name = description(correction);
            push_line(document, model, share, (units::SERVICES, &name), &mut body)?;
        }
    }
    body.1.sum_up();
    Ok(body)
}

/// Amounts on single lines.
pub(super) fn lines_of_line_amounts(
    document: &TaxDocument,
    lines: &[SoldLine],
    amounts: &BTreeMap<usize, Decimal>,
    correction: &Correction,
) -> Result<NoteBody, CorrectError> {
    let mut body: NoteBody = (Vec::new(), NoteTotals::default());
    for (index, amount) in amounts {
        let lines_in_all = lines.len();
        let line = lines.get(*index).ok_or(Error::NoSuchLine {
            line: *index,
            lines: lines_in_all,
        })?;
        check_amount(*amount)?;
        let credit = correction.motivo.kind == super::NoteKind::Credit;
        let left = line.full.total;
        if line.affectation.is_free() || line.advance || (credit && *amount > left) {
            return Err(Error::Exceeds {
                left: if line.affectation.is_free() {
                    Decimal::ZERO
                } else {
                    left
                },
            });
        }
        let name = line
            .fields
            .present("descripcion")
            .and_then(JsonValue::as_str);
        let name = name.map_or_else(|| description(correction), str::to_owned);
        let unit = line
            .fields
            .present("unidad_de_medida")
            .and_then(JsonValue::as_str);
        push_line(
            document,
            line,
            *amount,
            (unit.unwrap_or(units::GOODS), &name),
            &mut body,
        )?;
    }
    if body.0.is_empty() {
        return Err(Error::Nothing);
    }
    body.1.sum_up();
    Ok(body)
}

/// The line of nota de crédito 13, which changes instalments and no amount.
pub(super) fn empty_line(correction: &Correction) -> JsonObject {
    let zero = Decimal::ZERO;
    let mut line = JsonObject::new();
    line.set("unidad_de_medida", JsonValue::text(units::SERVICES));
    line.set("descripcion", JsonValue::text(description(correction)));
    line.set("cantidad", JsonValue::number(1));
    line.set("valor_unitario", JsonValue::number(zero));
    line.set("precio_unitario", JsonValue::number(zero));
    line.set("subtotal", JsonValue::number(to_cents(zero)));
    line.set("tipo_de_igv", JsonValue::number(1));
    line.set("igv", JsonValue::number(to_cents(zero)));
    line.set("total", JsonValue::number(to_cents(zero)));
    line.set("anticipo_regularizacion", JsonValue::Bool(false));
    line
}

/// A line of one unit that is worth this, IGV included.
fn push_line(
    document: &TaxDocument,
    model: &SoldLine,
    total: Decimal,
    (unit, name): (&str, &str),
    body: &mut NoteBody,
) -> Result<(), CorrectError> {
    let total = to_cents(total);
    let hundred = Decimal::ONE_HUNDRED;
    let percent = model.percent;
    let subtotal = quotient(total * hundred, hundred + percent, 2).ok_or(Error::TooLarge)?;
    let worth = LineWorth {
        subtotal,
        igv: total - subtotal,
        total,
        ..LineWorth::default()
    };
    let mut line = JsonObject::new();
    line.set("unidad_de_medida", JsonValue::text(unit));
    for copied in ["codigo", "codigo_producto_sunat"] {
        let whole_document = unit == units::SERVICES && document.kind().is_note();
        if let Some(value) = model.fields.present(copied).filter(|_| !whole_document) {
            line.set(copied, value.clone());
        }
    }
    line.set("descripcion", JsonValue::text(name));
    line.set("cantidad", JsonValue::number(1));
    line.set("valor_unitario", JsonValue::number(subtotal));
    line.set("precio_unitario", JsonValue::number(total));
    line.set("subtotal", JsonValue::number(subtotal));
    match (
        model.affectation.tipo_de_igv(),
        model.affectation.tipo_de_ivap(),
    ) {
        (Some(number), _) => line.set("tipo_de_igv", JsonValue::number(number)),
        (None, Some(number)) => line.set("tipo_de_ivap", JsonValue::number(number)),
        (None, None) => {}
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
        return Err(Error::Nothing);
    }
    let mut parts = Vec::with_capacity(worth.len());
    for (index, part) in worth.iter().enumerate() {
        let exact = cents(amount)
            .checked_mul(cents(*part))
            .ok_or(Error::TooLarge)?;
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
    fits.then_some(()).ok_or(Error::Amount)
}

/// What stands in the line of a note on the whole: why, in the caller's words or SUNAT's.
fn description(correction: &Correction) -> String {
    match &correction.sustento {
        Some(sustento) => sustento.chars().take(250).collect(),
        None => correction.motivo.name.to_uppercase(),
    }
}
