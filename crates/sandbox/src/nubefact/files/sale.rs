//! What the files show of a factura, a boleta or a note, read from its request.
//!
//! The request was taken, so its amounts fit; what cannot be read counts as nothing.

use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::Value;

/// A field of the request, as a text.
pub(super) fn text<'a>(form: &'a Value, key: &str) -> &'a str {
    let text = form.get(key).and_then(Value::as_str);
    text.map(str::trim).unwrap_or_default()
}

/// A field of the request, as a number.
pub(super) fn amount(form: &Value, key: &str) -> Decimal {
    text(form, key).parse().unwrap_or_default()
}

/// Whether a field says yes.
pub(super) fn flag(form: &Value, key: &str) -> bool {
    form.get(key).is_some_and(|value| match value {
        Value::Bool(flag) => *flag,
        other => other
            .as_str()
            .is_some_and(|text| text.eq_ignore_ascii_case("true")),
    })
}

/// The parts of a list.
pub(super) fn list<'a>(form: &'a Value, key: &str) -> &'a [Value] {
    let list = form.get(key).and_then(Value::as_array);
    list.map(Vec::as_slice).unwrap_or_default()
}

/// `DD-MM-AAAA` or `AAAA-MM-DD` as `AAAA-MM-DD`.
pub(super) fn iso_date(date: &str) -> String {
    let parts: Vec<&str> = date.split('-').collect();
    match parts[..] {
        [day, month, year] if year.len() == 4 => format!("{year}-{month}-{day}"),
        _ => date.to_owned(),
    }
}

/// To cents, half away from zero.
pub(super) fn cents(amount: Decimal) -> Decimal {
    let mut rounded = amount.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero);
    rounded.rescale(2);
    rounded
}

/// One of SUNAT's tributes, catálogo 05: code, name, international code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tribute(
    pub(super) &'static str,
    pub(super) &'static str,
    pub(super) &'static str,
);

pub(super) const IGV: Tribute = Tribute("1000", "IGV", "VAT");
pub(super) const IVAP: Tribute = Tribute("1016", "IVAP", "VAT");
pub(super) const ISC: Tribute = Tribute("2000", "ISC", "EXC");
pub(super) const ICBPER: Tribute = Tribute("7152", "ICBPER", "OTH");
pub(super) const EXPORT: Tribute = Tribute("9995", "EXP", "FRE");
pub(super) const FREE: Tribute = Tribute("9996", "GRA", "FRE");
pub(super) const EXEMPT: Tribute = Tribute("9997", "EXO", "VAT");
pub(super) const UNAFFECTED: Tribute = Tribute("9998", "INA", "FRE");

/// A line of the document; advances are apart.
pub(super) struct SaleLine<'a> {
    pub(super) item: &'a Value,
    pub(super) quantity: Decimal,
    /// Without taxes; what it would cost where it is free.
    pub(super) unit_value: Decimal,
    pub(super) discount: Decimal,
    pub(super) value: Decimal,
    pub(super) igv: Decimal,
    pub(super) isc: Decimal,
    pub(super) bags: Decimal,
    pub(super) charges: Decimal,
    /// Catálogo 07.
    pub(super) affectation: &'static str,
    pub(super) tribute: Tribute,
}

impl SaleLine<'_> {
    pub(super) fn is_free(&self) -> bool {
        self.tribute == FREE
    }

    /// What IGV is computed from.
    pub(super) fn base(&self) -> Decimal {
        self.value + self.isc
    }

    /// The tax that the line would bear if it were sold: SUNAT wants it of what is withdrawn (3111).
    pub(super) fn tax_shown(&self, rate: Decimal) -> Decimal {
        let withdrawn = matches!(self.affectation, "11" | "12" | "13" | "14" | "15" | "16");
        if withdrawn && self.igv.is_zero() {
            cents(self.value * rate / Decimal::ONE_HUNDRED)
        } else {
            self.igv
        }
    }

    /// What one piece costs with its taxes; of a free one, what it would.
    pub(super) fn unit_price(&self) -> Decimal {
        if self.is_free() || self.quantity.is_zero() {
            return self.unit_value;
        }
        let price = (self.value + self.igv + self.isc + self.bags) / self.quantity;
        price
            .round_dp_with_strategy(10, RoundingStrategy::MidpointAwayFromZero)
            .normalize()
    }
}

/// Catálogo 07 and tribute of NubeFact's `tipo_de_igv` and `tipo_de_ivap`.
fn affectation(item: &Value) -> (&'static str, Tribute) {
    match (text(item, "tipo_de_igv"), text(item, "tipo_de_ivap")) {
        ("", "101") => ("17", FREE),
        ("", "17") => ("17", IVAP),
        ("2", _) => ("11", FREE),
        ("3", _) => ("12", FREE),
        ("4", _) => ("13", FREE),
        ("5", _) => ("14", FREE),
        ("6", _) => ("15", FREE),
        ("7", _) => ("16", FREE),
        ("8", _) => ("20", EXEMPT),
        ("9", _) => ("30", UNAFFECTED),
        ("10", _) => ("31", FREE),
        ("11", _) => ("32", FREE),
        ("12", _) => ("33", FREE),
        ("13", _) => ("34", FREE),
        ("14", _) => ("35", FREE),
        ("15", _) => ("36", FREE),
        ("16", _) => ("40", EXPORT),
        ("17", _) => ("21", FREE),
        ("20", _) => ("37", FREE),
        _ => ("10", IGV),
    }
}

/// What was paid before and is taken off.
pub(super) struct Advance<'a> {
    pub(super) serie: &'a str,
    pub(super) numero: &'a str,
    pub(super) value: Decimal,
    pub(super) total: Decimal,
}

/// A factura, boleta or note.
pub(super) struct Sale<'a> {
    pub(super) body: &'a Value,
    pub(super) currency: &'static str,
    /// Per cent of IGV.
    pub(super) rate: Decimal,
    pub(super) lines: Vec<SaleLine<'a>>,
    pub(super) advances: Vec<Advance<'a>>,
    pub(super) global_discount: Decimal,
}

impl<'a> Sale<'a> {
    pub(super) fn read(body: &'a Value) -> Sale<'a> {
        let (advances, items): (Vec<_>, Vec<_>) = list(body, "items")
            .iter()
            .partition(|item| flag(item, "anticipo_regularizacion"));
        Sale {
            body,
            currency: currency(text(body, "moneda")),
            rate: amount(body, "porcentaje_de_igv"),
            lines: items.into_iter().map(line).collect(),
            advances: advances.into_iter().map(advance).collect(),
            global_discount: amount(body, "descuento_global"),
        }
    }

    /// Sum over the lines that are charged.
    pub(super) fn charged(&self, of: impl Fn(&SaleLine<'_>) -> Decimal) -> Decimal {
        self.lines
            .iter()
            .filter(|line| !line.is_free())
            .map(of)
            .sum()
    }

    /// Sum over the lines of one tribute.
    pub(super) fn of(&self, tribute: Tribute, of: impl Fn(&SaleLine<'_>) -> Decimal) -> Decimal {
        self.lines
            .iter()
            .filter(|line| line.tribute == tribute)
            .map(of)
            .sum()
    }

    /// What was paid before, without IGV.
    pub(super) fn advance_value(&self) -> Decimal {
        self.advances.iter().map(|advance| advance.value).sum()
    }
}

/// SUNAT's code of NubeFact's number.
pub(super) fn currency(code: &str) -> &'static str {
    match code {
        "2" => "USD",
        "3" => "EUR",
        "4" => "GBP",
        _ => "PEN",
    }
}

fn line(item: &Value) -> SaleLine<'_> {
    let (affectation, tribute) = affectation(item);
    let of = |key| amount(item, key);
    SaleLine {
        item,
        quantity: of("cantidad"),
        unit_value: of("valor_unitario"),
        discount: of("descuento"),
        value: of("subtotal"),
        igv: of("igv"),
        isc: of("isc"),
        bags: of("impuesto_bolsas"),
        charges: of("otros_cargos"),
        affectation,
        tribute,
    }
}

fn advance(item: &Value) -> Advance<'_> {
    // Older programs spell the two fields so; the manual's spelling comes first.
    let either = |new, old| {
        Some(text(item, new))
            .filter(|t| !t.is_empty())
            .unwrap_or(text(item, old))
    };
    Advance {
        serie: either("anticipo_documento_serie", "anticipo_comprobante_serie"),
        numero: either("anticipo_documento_numero", "anticipo_comprobante_numero"),
        value: amount(item, "subtotal"),
        total: amount(item, "total"),
    }
}
