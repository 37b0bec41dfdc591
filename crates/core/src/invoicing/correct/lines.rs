//! Lines of the document that is corrected, and what a part of each is worth.
//!
//! The worth of a line up to a quantity is computed as the line itself was: where prices include IGV
//! its total is proportional to the quantity and the base is taken out of it, so that one of three
//! boxes of 25.00 is 25.00; where they do not, its value is, and IGV is computed on it. A part is the
//! difference of two such sums; a second part may therefore be a cent away from its own rate × base,
//! which is the cent that the first one had too much.

use rust_decimal::Decimal;

use super::error::CorrectError;
use crate::invoicing::catalogs::affectations::Affectation;
use crate::invoicing::catalogs::limits::CENT;
use crate::invoicing::catalogs::{icbper_rates, igv_rates};
use crate::invoicing::decimal::{percent_of, product, quotient, read_decimal, to_cents};
use crate::invoicing::document::{TaxDocument, whole};
use crate::invoicing::value::{JsonObject, JsonValue};

/// A line as it was sold.
pub(super) struct SoldLine {
    pub(super) fields: JsonObject,
    pub(super) affectation: Affectation,
    pub(super) cantidad: Decimal,
    /// All of its amounts.
    pub(super) full: LineWorth,
    /// It settles an advance: its amounts are taken off.
    pub(super) advance: bool,
    /// Percent that its IGV is computed with; zero where it bears none.
    pub(super) percent: Decimal,
    pub(super) valor_unitario: Decimal,
    precio_unitario: Decimal,
    /// The rate of one plastic bag when it was sold.
    bag: Option<Decimal>,
}

/// Amounts of a line, or of a part of one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct LineWorth {
    pub(super) subtotal: Decimal,
    pub(super) descuento: Decimal,
    pub(super) igv: Decimal,
    pub(super) isc: Decimal,
    pub(super) bolsas: Decimal,
    pub(super) otros_cargos: Decimal,
    pub(super) total: Decimal,
}

/// Reads the lines of a document as it was sent.
pub(super) fn read_lines(document: &TaxDocument) -> Result<Vec<SoldLine>, CorrectError> {
    let items = document.fields().get("items");
    let items = items.ok_or(CorrectError::Unreadable("items"))?.elements();
    let percent = document.amount("porcentaje_de_igv").unwrap_or_default();
    let bag = document.fecha().and_then(icbper_rates::on);
    items
        .iter()
        .map(|item| SoldLine::read(item, percent, bag))
        .collect()
}

impl SoldLine {
    fn read(
        item: &JsonValue,
        percent: Decimal,
        bag: Option<Decimal>,
    ) -> Result<SoldLine, CorrectError> {
        let fields = item.as_object().ok_or(CorrectError::Unreadable("items"))?;
        let needed =
            |name: &'static str| amount(fields, name).ok_or(CorrectError::Unreadable(name));
        let or_zero = |name: &str| amount(fields, name).unwrap_or_default();
        let number = |name: &str| whole(fields, name).and_then(|it| u8::try_from(it).ok());
        let ivap = number("tipo_de_ivap").and_then(Affectation::from_ivap);
        let igv = number("tipo_de_igv").and_then(Affectation::from_nubefact);
        let affectation = ivap
            .or(igv)
            .ok_or(CorrectError::Unreadable("tipo_de_igv"))?;
        let full = LineWorth {
            subtotal: to_cents(needed("subtotal")?),
            descuento: to_cents(or_zero("descuento")),
            igv: to_cents(needed("igv")?),
            isc: to_cents(or_zero("isc")),
            bolsas: to_cents(or_zero("impuesto_bolsas")),
            otros_cargos: to_cents(or_zero("otros_cargos")),
            total: to_cents(needed("total")?),
        };
        let percent = match (affectation.bears_igv, affectation.tipo_de_ivap()) {
            (false, _) => Decimal::ZERO,
            (true, Some(_)) => igv_rates::IVAP,
            (true, None) => percent,
        };
        let flag = fields
            .get("anticipo_regularizacion")
            .and_then(JsonValue::as_bool);
        Ok(SoldLine {
            affectation,
            cantidad: needed("cantidad")?,
            full,
            advance: flag == Some(true),
            percent,
            valor_unitario: needed("valor_unitario")?,
            precio_unitario: needed("precio_unitario")?,
            bag,
            fields: fields.clone(),
        })
    }

    /// Its IGV as it counts in the header: none where nothing is charged, taken off where it settles
    /// an advance.
    pub(super) fn charged_igv(&self) -> Decimal {
        match (self.affectation.is_free(), self.advance) {
            (true, _) => Decimal::ZERO,
            (false, true) => -self.full.igv,
            (false, false) => self.full.igv,
        }
    }

    /// What the line is worth up to a quantity.
    pub(super) fn up_to(&self, quantity: Decimal) -> Result<LineWorth, CorrectError> {
        let full = self.full;
        if quantity >= self.cantidad {
            return Ok(full);
        }
        if quantity.is_zero() {
            return Ok(LineWorth::default());
        }
        let part = |amount: Decimal| part_of(amount, quantity, self.cantidad);
        let isc = part(full.isc)?;
        let (subtotal, igv) = self.taxed_up_to(quantity, isc)?;
        let mut worth = LineWorth {
            subtotal,
            descuento: part(full.descuento)?,
            igv,
            isc,
            bolsas: self.bags_up_to(quantity)?,
            otros_cargos: part(full.otros_cargos)?,
            total: part(full.total)?,
        };
        // A free line's total is not the sum of its parts: it is charged nothing.
        if full.total == full.sum() {
            worth.total = worth.sum();
        }
        Ok(worth)
    }

    /// Value and IGV up to a quantity: computed as those of the line were, so that a first part is as
    /// right as a line of its own.
    fn taxed_up_to(
        &self,
        quantity: Decimal,
        isc: Decimal,
    ) -> Result<(Decimal, Decimal), CorrectError> {
        let full = self.full;
        let part = |amount: Decimal| part_of(amount, quantity, self.cantidad);
        let hundred = Decimal::ONE_HUNDRED;
        let base_of = |total: Decimal| quotient(total * hundred, hundred + self.percent, 2);
        let (base, total) = (
            full.subtotal + full.isc,
            full.subtotal + full.isc + full.igv,
        );
        let taxed = !full.igv.is_zero() && !self.percent.is_zero();
        if taxed && self.has_prices_with_igv() && base_of(total) == Some(base) {
            let total = part(full.subtotal + full.igv)? + isc;
            let base = base_of(total).ok_or(CorrectError::TooLarge)?;
            return Ok((base - isc, total - base));
        }
        let subtotal = part(full.subtotal)?;
        if taxed && percent_of(base, self.percent) == Some(full.igv) {
            let igv = percent_of(subtotal + isc, self.percent).ok_or(CorrectError::TooLarge)?;
            return Ok((subtotal, igv));
        }
        // Cents were spread over the lines of the document: each amount in proportion.
        Ok((subtotal, part(full.igv)?))
    }

    /// Whether the price with IGV is what was agreed: it has fewer decimals than the one without.
    fn has_prices_with_igv(&self) -> bool {
        let places = |number: Decimal| number.normalize().scale();
        places(self.precio_unitario) < places(self.valor_unitario)
    }

    /// Bags are whole: so many of them, times the tax on one.
    fn bags_up_to(&self, quantity: Decimal) -> Result<Decimal, CorrectError> {
        let all = self.full.bolsas;
        let rate = self.bag.filter(|rate| (all % *rate).is_zero());
        let Some(rate) = rate else {
            return part_of(all, quantity, self.cantidad);
        };
        let exact =
            product(all / rate, quantity, quantity.scale()).ok_or(CorrectError::TooLarge)?;
        let pieces = quotient(exact, self.cantidad, 0).ok_or(CorrectError::TooLarge)?;
        Ok(to_cents(pieces * rate))
    }
}

impl LineWorth {
    fn sum(&self) -> Decimal {
        self.subtotal + self.igv + self.isc + self.bolsas + self.otros_cargos
    }

    fn less(&self, other: &LineWorth) -> LineWorth {
        LineWorth {
            subtotal: self.subtotal - other.subtotal,
            descuento: self.descuento - other.descuento,
            igv: self.igv - other.igv,
            isc: self.isc - other.isc,
            bolsas: self.bolsas - other.bolsas,
            otros_cargos: self.otros_cargos - other.otros_cargos,
            total: self.total - other.total,
        }
    }

    fn is_negative(&self) -> bool {
        [
            self.subtotal,
            self.descuento,
            self.igv,
            self.isc,
            self.bolsas,
            self.otros_cargos,
        ]
        .iter()
        .any(|amount| *amount < Decimal::ZERO)
    }
}

/// The note's line for a quantity of a line of which some was credited before.
pub(super) fn take_part(
    line: &SoldLine,
    index: usize,
    credited: Decimal,
    quantity: Decimal,
) -> Result<JsonObject, CorrectError> {
    let mut fields = line.fields.clone();
    if credited.is_zero() && quantity == line.cantidad {
        return Ok(fields);
    }
    let worth = line
        .up_to(credited + quantity)?
        .less(&line.up_to(credited)?);
    let worthless = worth.total.is_zero() && !line.full.total.is_zero();
    if worth.is_negative() || worthless {
        return Err(CorrectError::TooLittle { line: index });
    }
    fields.set("cantidad", JsonValue::number(quantity.normalize()));
    let (valor, precio) = unit_values(line, quantity, &worth)?;
    fields.set("valor_unitario", JsonValue::number(valor));
    fields.set("precio_unitario", JsonValue::number(precio));
    let amounts = [
        ("descuento", worth.descuento),
        ("subtotal", worth.subtotal),
        ("igv", worth.igv),
        ("isc", worth.isc),
        ("impuesto_bolsas", worth.bolsas),
        ("otros_cargos", worth.otros_cargos),
        ("total", worth.total),
    ];
    for (name, amount) in amounts {
        if fields.present(name).is_some() {
            fields.set(name, JsonValue::number(to_cents(amount)));
        }
    }
    Ok(fields)
}

/// The document's own unit values where they give the part's amounts; otherwise the part's.
fn unit_values(
    line: &SoldLine,
    quantity: Decimal,
    worth: &LineWorth,
) -> Result<(Decimal, Decimal), CorrectError> {
    let large = CorrectError::TooLarge;
    let gross = worth.subtotal + worth.descuento;
    let own = product(line.valor_unitario, quantity, 2).ok_or(large.clone())?;
    let valor = if own == gross {
        line.valor_unitario
    } else {
        quotient(gross, quantity, 10)
            .ok_or(large.clone())?
            .normalize()
    };
    // NubeFact's price of one is value × (1 + rate), whatever the line's discount (nubefact.md §10.1);
    // of a small part of a large unit, rounding moves it.
    let rate = line.percent / Decimal::ONE_HUNDRED;
    let precio = product(valor, Decimal::ONE + rate, 10)
        .ok_or(large)?
        .normalize();
    let near = (precio - line.precio_unitario).abs() <= CENT;
    Ok((valor, if near { line.precio_unitario } else { precio }))
}

/// `amount × part ÷ whole` in cents, rounded once.
pub(super) fn part_of(
    amount: Decimal,
    part: Decimal,
    whole: Decimal,
) -> Result<Decimal, CorrectError> {
    if amount.is_zero() {
        return Ok(Decimal::ZERO);
    }
    let exact = product(amount, part, amount.scale() + part.scale());
    exact
        .and_then(|exact| quotient(exact, whole, 2))
        .ok_or(CorrectError::TooLarge)
}

fn amount(fields: &JsonObject, name: &str) -> Option<Decimal> {
    read_decimal(fields.present(name)?.as_str()?).ok()
}
