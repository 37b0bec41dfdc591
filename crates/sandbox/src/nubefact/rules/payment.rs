//! How a sale is paid: credit, percepción, retención, detracción.

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::super::form::Form;
use super::super::refusal::Refusal;
use super::catalogue::{DETRACCION, is_detraccion_type};
use super::fields::required;
use super::lines::{CENT, cents};

/// One instalment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cuota {
    pub(super) due: Option<Date>,
    pub(super) amount: Decimal,
}

pub(super) fn cuotas(form: &Form) -> Result<Vec<Cuota>, Refusal> {
    let rows = form.list("venta_al_credito")?;
    let cuotas = rows.into_iter().map(|row| {
        required(row, "importe")?;
        if row.has("cuota") && !matches!(row.whole("cuota")?, Some(1..=999)) {
            return Err(Refusal::reason("Cuota no es un número válido"));
        }
        Ok(Cuota {
            due: row.date("fecha_de_pago")?,
            amount: row.amount("importe")?,
        })
    });
    cuotas.collect()
}

/// `changes_only` is a note of type 13: it is worth nothing and states a new schedule.
pub(super) fn check_credit(form: &Form, issued: Date, changes_only: bool) -> Result<(), Refusal> {
    let cuotas = cuotas(form)?;
    let sum: Decimal = cuotas.iter().map(|cuota| cuota.amount).sum();
    if !changes_only && sum > form.amount("total")? {
        return Err(Refusal::sunat(3265, "venta_al_credito", sum));
    }
    let due_at_once = cuotas.iter().filter_map(|cuota| cuota.due);
    if let Some(due) = due_at_once.into_iter().find(|due| *due <= issued) {
        return Err(Refusal::sunat(3267, "fecha_de_pago", due));
    }
    Ok(())
}

pub(super) fn check_percepcion(form: &Form) -> Result<(), Refusal> {
    if !form.has("percepcion_tipo") {
        return Ok(());
    }
    if !cuotas(form)?.is_empty() {
        return Err(Refusal::sunat(3330, "percepcion_tipo", "al credito"));
    }
    let rate = match form.whole("percepcion_tipo")? {
        Some(1) => Decimal::new(2, 2),
        Some(2) => Decimal::new(1, 2),
        Some(3) => Decimal::new(5, 3),
        _ => {
            return Err(Refusal::reason(
                "Percepcion tipo no está incluido en la lista",
            ));
        }
    };
    let expected = cents(form.amount("percepcion_base_imponible")? * rate);
    let said = form.amount("total_percepcion")?;
    if (expected - said).abs() > CENT {
        return Err(Refusal::sunat(2798, "total_percepcion", said));
    }
    let with = form.amount("total_incluido_percepcion")?;
    if with != form.amount("total")? + said {
        return Err(Refusal::reason(format!(
            "Total incluido percepcion {with} no coincide con el total más la percepción"
        )));
    }
    Ok(())
}

/// SUNAT's own tolerance: nothing stricter was ever seen.
pub(super) fn check_retencion(form: &Form) -> Result<(), Refusal> {
    if !form.has("retencion_tipo") {
        return Ok(());
    }
    let rate = match form.whole("retencion_tipo")? {
        Some(1) => Decimal::new(3, 2),
        Some(2) => Decimal::new(6, 2),
        _ => {
            return Err(Refusal::reason(
                "Retencion tipo no está incluido en la lista",
            ));
        }
    };
    let expected = cents(form.amount("retencion_base_imponible")? * rate);
    let said = form.amount("total_retencion")?;
    if (expected - said).abs() > Decimal::ONE {
        return Err(Refusal::sunat(3263, "total_retencion", said));
    }
    Ok(())
}

/// The code of the good or service is needed. Its amount is not compared with any rate: one of the
/// vendor's own examples fits none.
pub(super) fn check_detraccion(form: &Form, transaction: u32) -> Result<(), Refusal> {
    let subject = form.flag("detraccion")? || DETRACCION.contains(&transaction);
    let tipo = form.whole("detraccion_tipo")?;
    match tipo {
        Some(tipo) if !is_detraccion_type(tipo) => {
            Err(Refusal::sunat(3033, "detraccion_tipo", tipo))
        }
        None if subject => Err(Refusal::sunat(3127, "detraccion_tipo", "")),
        _ => {
            form.amount("detraccion_total")?;
            form.amount("detraccion_porcentaje")?;
            Ok(())
        }
    }
}
