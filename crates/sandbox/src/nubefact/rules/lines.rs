//! The lines of a factura, boleta or note, each for itself.

use rust_decimal::{Decimal, RoundingStrategy};

use super::super::form::Form;
use super::super::refusal::Refusal;
use super::catalogue::{LineClass, line_class};
use super::fields::{between, most_characters, required};

/// What a line says, checked.
#[derive(Debug, Clone)]
pub(super) struct CheckedLine {
    pub(super) class: LineClass,
    pub(super) is_ivap: bool,
    /// An advance that is taken off.
    pub(super) is_advance: bool,
    pub(super) subtotal: Decimal,
    pub(super) igv: Decimal,
    pub(super) isc: Decimal,
    pub(super) bolsas: Decimal,
    pub(super) otros_cargos: Decimal,
}

pub(super) const CENT: Decimal = Decimal::from_parts(1, 0, 0, false, 2);
/// A taxed line of up to so much may bear no IGV. SUNAT's 3111.
const TOO_SMALL_FOR_IGV: Decimal = Decimal::from_parts(6, 0, 0, false, 2);

/// To the cent, half away from zero.
pub(super) fn cents(amount: Decimal) -> Decimal {
    amount.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero)
}

impl CheckedLine {
    /// What it adds to the sums: an advance is taken off.
    pub(super) fn signed(&self, amount: Decimal) -> Decimal {
        if self.is_advance { -amount } else { amount }
    }

    fn read(item: &Form) -> Result<CheckedLine, Refusal> {
        let (class, is_ivap) = line_class(item)?;
        Ok(CheckedLine {
            class,
            is_ivap,
            is_advance: item.flag("anticipo_regularizacion")?,
            subtotal: needed(item, "subtotal")?,
            igv: item.amount("igv")?,
            isc: item.amount("isc")?,
            bolsas: item.amount("impuesto_bolsas")?,
            otros_cargos: item.amount("otros_cargos")?,
        })
    }
}

/// All lines, with the first field that does not fit.
pub(super) fn check_lines(form: &Form, rate: Decimal) -> Result<Vec<CheckedLine>, Refusal> {
    let items = form.list("items")?;
    if items.is_empty() {
        return Err(Refusal::reason("Items no puede estar en blanco"));
    }
    // What a line is, first: a wrong code makes every sum wrong.
    let lines: Vec<CheckedLine> = items
        .iter()
        .map(|item| CheckedLine::read(item))
        .collect::<Result<_, _>>()?;
    for (item, line) in items.iter().zip(&lines) {
        check_texts(item)?;
        check_amounts(item, line, rate)?;
    }
    Ok(lines)
}

fn check_texts(item: &Form) -> Result<(), Refusal> {
    between(item, "unidad_de_medida", 2, 5)?;
    between(item, "descripcion", 1, 250)?;
    most_characters(item, "codigo", 250)?;
    most_characters(item, "codigo_producto_sunat", 8)?;
    if item.flag("anticipo_regularizacion")? {
        // Older code spells it `anticipo_comprobante_`.
        for end in ["serie", "numero"] {
            let old = format!("anticipo_comprobante_{end}");
            if !item.has(&old) {
                required(item, &format!("anticipo_documento_{end}"))?;
            }
        }
    }
    Ok(())
}

fn check_amounts(item: &Form, line: &CheckedLine, rate: Decimal) -> Result<(), Refusal> {
    // 1. Quantity by unit value, less the discount.
    let quantity = needed(item, "cantidad")?;
    let value = needed(item, "valor_unitario")?;
    needed(item, "precio_unitario")?;
    let discount = item.amount("descuento")?;
    let too_large = || Refusal::sunat(3271, "subtotal", line.subtotal);
    let product = quantity.checked_mul(value).ok_or_else(too_large)?;
    if (cents(product - discount) - line.subtotal).abs() > CENT {
        return Err(too_large());
    }

    // 2. Its tax.
    let base = line.subtotal + line.isc;
    let expected = cents(base * rate);
    let fits = (expected - line.igv).abs() <= CENT * quantity.max(Decimal::ONE);
    match line.class {
        LineClass::Gravada if line.igv.is_zero() && base > TOO_SMALL_FOR_IGV => {
            return Err(Refusal::sunat(3111, "igv", line.igv));
        }
        LineClass::Gravada if !fits => return Err(Refusal::sunat(3103, "igv", line.igv)),
        // The tax of what is given away is told by some and left out by most.
        LineClass::RetiroGravado if !line.igv.is_zero() && !fits => {
            return Err(Refusal::sunat(3103, "igv", line.igv));
        }
        LineClass::Gravada | LineClass::RetiroGravado => {}
        _ if !line.igv.is_zero() => return Err(Refusal::sunat(3110, "igv", line.igv)),
        _ => {}
    }
    if item.has("tipo_de_isc") && !matches!(item.whole("tipo_de_isc")?, Some(1..=3)) {
        return Err(Refusal::reason("Tipo de ISC incorrecto"));
    }

    // 3. Its total. What is free shows its value or nothing, and its bag tax alone or with it.
    let total = needed(item, "total")?;
    let taxes = line.isc + line.otros_cargos + line.bolsas;
    let possible = if line.class.is_free() {
        vec![
            line.subtotal,
            line.subtotal + line.igv,
            line.subtotal + taxes,
            line.subtotal + line.igv + taxes,
            taxes,
        ]
    } else {
        vec![line.subtotal + line.igv + taxes]
    };
    if possible.contains(&total) {
        return Ok(());
    }
    Err(Refusal::reason(format!(
        "Total del item {total} no coincide, debería ser {}",
        possible.first().copied().unwrap_or_default()
    )))
}

fn needed(item: &Form, key: &str) -> Result<Decimal, Refusal> {
    required(item, key)?;
    item.amount(key)
}
