//! Comprobantes de retención and percepción: two names for one shape.

use rust_decimal::Decimal;

use super::super::form::Form;
use super::super::kind::IssuedKind;
use super::super::refusal::Refusal;
use super::fields::{among, between, check_serie, identity, most_characters, required};
use super::lines::{CENT, cents};

/// The names of one of the two, and the sign of what is withheld.
pub(crate) struct Withheld {
    pub(crate) kind: IssuedKind,
    rate: &'static str,
    rates: [Decimal; 3],
    total_kept: &'static str,
    total_paid: &'static str,
    date: &'static str,
    number: &'static str,
    gross: &'static str,
    kept: &'static str,
    kept_on: &'static str,
    net: &'static str,
    /// Paid is base less what is withheld; collected is base and what is perceived.
    adds: bool,
    /// SUNAT's codes of a line and of the sum.
    codes: (u16, u16),
}

impl Withheld {
    pub(crate) const RETENCION: Withheld = Withheld {
        kind: IssuedKind::Retencion,
        rate: "tipo_de_tasa_de_retencion",
        rates: [
            Decimal::from_parts(3, 0, 0, false, 2),
            Decimal::from_parts(6, 0, 0, false, 2),
            Decimal::from_parts(0, 0, 0, false, 0),
        ],
        total_kept: "total_retenido",
        total_paid: "total_pagado",
        date: "pago_fecha",
        number: "pago_numero",
        gross: "pago_total_sin_retencion",
        kept: "importe_retenido",
        kept_on: "importe_retenido_fecha",
        net: "importe_pagado_con_retencion",
        adds: false,
        codes: (2623, 2628),
    };
    pub(crate) const PERCEPCION: Withheld = Withheld {
        kind: IssuedKind::Percepcion,
        rate: "tipo_de_tasa_de_percepcion",
        rates: [
            Decimal::from_parts(2, 0, 0, false, 2),
            Decimal::from_parts(1, 0, 0, false, 2),
            Decimal::from_parts(5, 0, 0, false, 3),
        ],
        total_kept: "total_percibido",
        total_paid: "total_cobrado",
        date: "cobro_fecha",
        number: "cobro_numero",
        gross: "cobro_total_sin_percepcion",
        kept: "importe_percibido",
        kept_on: "importe_percibido_fecha",
        net: "importe_cobrado_con_percepcion",
        adds: true,
        codes: (2608, 2667),
    };
}

pub(crate) fn check_withheld(form: &Form, serie: &str, names: &Withheld) -> Result<(), Refusal> {
    // 1. The header.
    check_serie(names.kind, serie)?;
    among(form, "cliente_tipo_de_documento", &["6"])?;
    identity(
        form,
        "cliente_tipo_de_documento",
        "cliente_numero_de_documento",
    )?;
    between(form, "cliente_denominacion", 1, 100)?;
    between(form, "cliente_direccion", 1, 100)?;
    most_characters(form, "observaciones", 1000)?;
    most_characters(form, "codigo_unico", 20)?;
    if form.whole("moneda")? != Some(1) {
        return Err(Refusal::reason("Moneda debe ser 1 (soles)"));
    }
    let tipo = form.whole(names.rate)?.unwrap_or_default();
    let rate = usize::try_from(tipo)
        .ok()
        .and_then(|tipo| names.rates.get(tipo.checked_sub(1)?))
        .filter(|rate| !rate.is_zero())
        .ok_or_else(|| {
            let field = super::super::form::words(names.rate);
            Refusal::reason(format!("{field} no está incluido en la lista"))
        })?;

    // 2. The payments.
    let items = form.list("items")?;
    if items.is_empty() {
        return Err(Refusal::reason("Items no puede estar en blanco"));
    }
    let (mut withheld, mut paid) = (Decimal::ZERO, Decimal::ZERO);
    for item in items {
        let (one, net) = check_payment(item, names, *rate)?;
        withheld += one;
        paid += net;
    }

    // 3. The sums, to the cent.
    for (field, sum) in [(names.total_kept, withheld), (names.total_paid, paid)] {
        required(form, field)?;
        let said = form.amount(field)?;
        if said != sum {
            return Err(Refusal::sunat(names.codes.1, field, said));
        }
    }
    Ok(())
}

/// What one payment withholds and what is left of it, in soles.
fn check_payment(
    item: &Form,
    names: &Withheld,
    rate: Decimal,
) -> Result<(Decimal, Decimal), Refusal> {
    among(
        item,
        "documento_relacionado_tipo",
        &["01", "03", "07", "08", "1", "3", "7", "8"],
    )?;
    between(item, "documento_relacionado_serie", 1, 4)?;
    for key in [
        "documento_relacionado_numero",
        "documento_relacionado_total",
        "documento_relacionado_fecha_de_emision",
        names.date,
        names.number,
        names.gross,
        names.kept,
        names.kept_on,
        names.net,
    ] {
        required(item, key)?;
    }
    for key in [
        "documento_relacionado_fecha_de_emision",
        names.date,
        names.kept_on,
        "tipo_de_cambio_fecha",
    ] {
        item.date(key)?;
    }
    item.amount("documento_relacionado_total")?;
    let moneda = item.whole("documento_relacionado_moneda")?;
    let exchange = match moneda {
        Some(1) => Decimal::ONE,
        Some(2..=4) => item.amount("tipo_de_cambio")?,
        _ => {
            return Err(Refusal::reason(
                "Documento relacionado moneda no está incluido en la lista",
            ));
        }
    };
    if exchange.is_zero() {
        return Err(Refusal::reason("Tipo de cambio no puede estar en blanco"));
    }
    let gross = item
        .amount(names.gross)?
        .checked_mul(exchange)
        .ok_or_else(Refusal::format)?;
    let withheld = item.amount(names.kept)?;
    if (cents(gross * rate) - withheld).abs() > CENT {
        return Err(Refusal::sunat(names.codes.0, names.kept, withheld));
    }
    let net = item.amount(names.net)?;
    let expected = if names.adds {
        cents(gross) + withheld
    } else {
        cents(gross) - withheld
    };
    if (expected - net).abs() > CENT {
        return Err(Refusal::sunat(names.codes.0, names.net, net));
    }
    Ok((withheld, net))
}
