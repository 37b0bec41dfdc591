//! A sale, or a note on one, as its checks see it: read once out of NubeFact's fields.

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::catalogs::affectations::Affectation;
use super::catalogs::currencies::Moneda;
use super::catalogs::deadlines;
use super::catalogs::igv_rates;
use super::catalogs::transactions::SunatTransaction;
use super::decimal::{product, read_decimal};
use super::document::{whole, whole_of};
use super::fields::read_fields;
use super::finding::Findings;
use super::kind::DocumentKind;
use super::sale_fields::{CUOTA, GUIA, HEADER, ITEM};
use super::unread::Unread;
use super::value::{JsonObject, JsonValue};
use super::{codes, document};
use crate::{parse_date, text};

/// A sale or note, read. What was wrong in its form is `None` here and has its finding already; an
/// amount that is absent is zero.
pub(crate) struct Sale {
    pub(crate) kind: DocumentKind,
    /// The fields, each in its one form.
    pub(crate) fields: JsonObject,
    /// A boleta, or a note on one.
    pub(crate) on_boleta: bool,
    /// Whether it is known what kind of document it is.
    pub(crate) is_kind_known: bool,
    /// Ordinary sales may leave it out.
    pub(crate) transaction: Option<u8>,
    pub(crate) fecha: Option<Date>,
    pub(crate) moneda: Option<Moneda>,
    pub(crate) tipo_de_cambio: Option<Decimal>,
    pub(crate) percent: Option<Decimal>,
    pub(crate) descuento_global: Option<Decimal>,
    pub(crate) lines: Vec<SaleLine>,
    pub(crate) cuotas: Option<Vec<Cuota>>,
    /// What could not be read, or cannot be known because of that.
    unread: Unread,
}

/// A line of a sale. Amounts that could not be read are `None`: the sums that they enter are unknown.
#[derive(Clone)]
pub(crate) struct SaleLine {
    pub(crate) affectation: Option<Affectation>,
    /// `tipo_de_igv` as it came, which may be SUNAT's code.
    pub(crate) tipo_de_igv: Option<u8>,
    pub(crate) cantidad: Option<Decimal>,
    pub(crate) valor_unitario: Option<Decimal>,
    pub(crate) precio_unitario: Option<Decimal>,
    pub(crate) descuento: Option<Decimal>,
    pub(crate) subtotal: Option<Decimal>,
    pub(crate) igv: Option<Decimal>,
    pub(crate) total: Option<Decimal>,
    pub(crate) isc: Option<Decimal>,
    pub(crate) tipo_de_isc: Option<u8>,
    pub(crate) bolsas: Option<Decimal>,
    pub(crate) otros_cargos: Option<Decimal>,
    /// An advance that is settled: it is taken off, though its amounts have no sign.
    pub(crate) advance: Option<bool>,
}

/// An instalment.
#[derive(Clone, Copy)]
pub(crate) struct Cuota {
    pub(crate) fecha: Option<Date>,
    pub(crate) importe: Option<Decimal>,
}

impl Sale {
    /// Reads the fields, noting what has the wrong form.
    pub(crate) fn read(kind: DocumentKind, object: JsonObject, findings: &mut Findings) -> Sale {
        let on_boleta = is_on_boleta(kind, &object);
        findings.use_boleta_codes(on_boleta);
        let mut fields = read_fields(HEADER, object, "", findings);
        let lines = read_lines(&mut fields, findings);
        let cuotas = read_list(&mut fields, "venta_al_credito", CUOTA, findings)
            .map(|list| list.iter().map(Cuota::read).collect());
        read_list(&mut fields, "guias", GUIA, findings);
        if lines.is_empty() {
            findings
                .add(&codes::REQUIRED, "items")
                .says(text!("no hay ninguna línea", "there is no line"));
        }
        findings.end_reading();
        let mut sale = Sale {
            kind,
            on_boleta,
            is_kind_known: true,
            transaction: None,
            fecha: None,
            moneda: None,
            tipo_de_cambio: None,
            percent: None,
            descuento_global: None,
            lines,
            cuotas,
            fields,
            unread: findings.unread().clone(),
        };
        sale.forget_unread();
        sale.transaction = match sale.code("sunat_transaction") {
            None if !sale.unread.covers("sunat_transaction") => Some(1),
            given => given,
        };
        sale.fecha = sale.day("fecha_de_emision");
        sale.moneda = sale.code("moneda").and_then(Moneda::from_nubefact);
        sale.tipo_de_cambio = sale.given("tipo_de_cambio");
        sale.percent = sale.given("porcentaje_de_igv");
        sale.descuento_global = sale.amount("descuento_global");
        sale
    }

    /// Amounts of lines and instalments that are wrong though they are numbers, and those that are
    /// absent where they must not be, are unknown.
    fn forget_unread(&mut self) {
        if self.unread.is_empty() {
            return;
        }
        let unread = &self.unread;
        for (index, line) in self.lines.iter_mut().enumerate() {
            let is_unknown = |name: &str| unread.covers(&format!("items[{index}].{name}"));
            for (name, slot) in line.amounts() {
                *slot = slot.filter(|_| !is_unknown(name));
            }
            line.advance = line
                .advance
                .filter(|_| !is_unknown("anticipo_regularizacion"));
            line.tipo_de_isc = line.tipo_de_isc.filter(|_| !is_unknown("tipo_de_isc"));
        }
        for (index, cuota) in self.cuotas.iter_mut().flatten().enumerate() {
            let is_unknown =
                |name: &str| unread.covers(&format!("venta_al_credito[{index}].{name}"));
            cuota.importe = cuota.importe.filter(|_| !is_unknown("importe"));
            cuota.fecha = cuota.fecha.filter(|_| !is_unknown("fecha_de_pago"));
        }
    }

    /// Whether a field of the header could not be read.
    pub(crate) fn is_unread(&self, name: &str) -> bool {
        self.unread.covers(name)
    }

    /// An amount of the header: zero where it is absent, `None` where it is unknown.
    pub(crate) fn amount(&self, name: &str) -> Option<Decimal> {
        if self.unread.covers(name) {
            return None;
        }
        Some(amount(&self.fields, name).unwrap_or_default())
    }

    /// The same, or nothing where it is absent.
    pub(crate) fn given(&self, name: &str) -> Option<Decimal> {
        amount(&self.fields, name).filter(|_| !self.unread.covers(name))
    }

    /// A number of one of NubeFact's lists.
    pub(crate) fn code(&self, name: &str) -> Option<u8> {
        byte(&self.fields, name).filter(|_| !self.unread.covers(name))
    }

    /// A date of the header.
    pub(crate) fn day(&self, name: &str) -> Option<Date> {
        day(&self.fields, name)
    }

    /// A text of the header.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        let value = self.fields.present(name)?.as_str();
        value.filter(|_| !self.unread.covers(name))
    }

    /// A boolean of the header; false where it is absent.
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.fields.get(name).and_then(JsonValue::as_bool) == Some(true)
    }

    /// Whether a field says anything.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.fields.present(name).is_some()
    }

    /// Whether it is sold abroad.
    pub(crate) fn is_export(&self) -> bool {
        self.transaction == Some(SunatTransaction::EXPORT.number)
    }

    /// Whether it is credit note 13, which changes instalments and no amount.
    pub(crate) fn is_schedule_note(&self) -> bool {
        self.kind == DocumentKind::NotaCredito && self.code("tipo_de_nota_de_credito") == Some(13)
    }

    /// The percent that a taxed line bears: IVAP has its own.
    pub(crate) fn percent_for(&self, line: &SaleLine) -> Option<Decimal> {
        match line.affectation?.catalog {
            "17" => Some(igv_rates::IVAP),
            _ => self.percent,
        }
    }

    /// An amount of the document in soles, where that is known.
    pub(crate) fn in_soles(&self, amount: Decimal) -> Option<Decimal> {
        match self.moneda? {
            Moneda::Pen => Some(amount),
            _ => product(amount, self.tipo_de_cambio?, 2),
        }
    }

    /// Days from the day of issue to a Lima date.
    pub(crate) fn days_until(&self, today: Date) -> Option<i32> {
        Some(deadlines::days_between(self.fecha?, today))
    }
}

impl SaleLine {
    fn read(fields: &JsonObject) -> SaleLine {
        let mut line = SaleLine {
            affectation: None,
            tipo_de_igv: None,
            cantidad: None,
            valor_unitario: None,
            precio_unitario: None,
            descuento: Some(Decimal::ZERO),
            subtotal: Some(Decimal::ZERO),
            igv: Some(Decimal::ZERO),
            total: Some(Decimal::ZERO),
            isc: Some(Decimal::ZERO),
            tipo_de_isc: None,
            bolsas: Some(Decimal::ZERO),
            otros_cargos: Some(Decimal::ZERO),
            advance: Some(false),
        };
        let mut ivap = None;
        for (name, value) in fields.iter() {
            let slot = match name {
                "cantidad" => {
                    line.cantidad = decimal(value);
                    continue;
                }
                "valor_unitario" => {
                    line.valor_unitario = decimal(value);
                    continue;
                }
                "precio_unitario" => {
                    line.precio_unitario = decimal(value);
                    continue;
                }
                "tipo_de_igv" => {
                    line.tipo_de_igv = whole_of(value).and_then(|it| u8::try_from(it).ok());
                    continue;
                }
                "tipo_de_ivap" => {
                    ivap = whole_of(value).and_then(|it| u8::try_from(it).ok());
                    continue;
                }
                "tipo_de_isc" => {
                    line.tipo_de_isc = whole_of(value).and_then(|it| u8::try_from(it).ok());
                    continue;
                }
                "anticipo_regularizacion" => {
                    line.advance = value.as_bool();
                    continue;
                }
                "descuento" => &mut line.descuento,
                "subtotal" => &mut line.subtotal,
                "igv" => &mut line.igv,
                "total" => &mut line.total,
                "isc" => &mut line.isc,
                "impuesto_bolsas" => &mut line.bolsas,
                "otros_cargos" => &mut line.otros_cargos,
                _ => continue,
            };
            *slot = decimal(value).map(super::decimal::to_cents);
        }
        line.affectation = match (ivap, line.tipo_de_igv) {
            (Some(ivap), _) => Affectation::from_ivap(ivap),
            (None, Some(tipo)) => Affectation::from_nubefact(tipo),
            (None, None) => None,
        };
        line
    }

    /// Whether it is charged and bears IGV or IVAP.
    pub(crate) fn is_taxed(&self) -> bool {
        self.affectation
            .is_some_and(|it| it.bears_igv && !it.is_free())
    }

    /// Whether nothing is charged for it.
    pub(crate) fn is_free(&self) -> bool {
        self.affectation.is_some_and(Affectation::is_free)
    }

    /// The amount on which IGV is computed.
    pub(crate) fn base(&self) -> Option<Decimal> {
        Some(self.subtotal? + self.isc?)
    }

    /// An amount of it as it enters a sum: an advance is taken off.
    pub(crate) fn signed(&self, amount: Option<Decimal>) -> Option<Decimal> {
        let amount = amount?;
        Some(if self.advance? { -amount } else { amount })
    }

    /// Its amounts and their names.
    fn amounts(&mut self) -> [(&'static str, &mut Option<Decimal>); 10] {
        [
            ("cantidad", &mut self.cantidad),
            ("valor_unitario", &mut self.valor_unitario),
            ("precio_unitario", &mut self.precio_unitario),
            ("descuento", &mut self.descuento),
            ("subtotal", &mut self.subtotal),
            ("igv", &mut self.igv),
            ("total", &mut self.total),
            ("isc", &mut self.isc),
            ("impuesto_bolsas", &mut self.bolsas),
            ("otros_cargos", &mut self.otros_cargos),
        ]
    }
}

impl Cuota {
    fn read(value: &JsonValue) -> Cuota {
        let fields = value.as_object();
        Cuota {
            fecha: fields.and_then(|it| day(it, "fecha_de_pago")),
            importe: fields.and_then(|it| amount(it, "importe")),
        }
    }
}

/// The sum, where both parts are known.
pub(crate) fn sum_of(one: Option<Decimal>, other: Option<Decimal>) -> Option<Decimal> {
    Some(one? + other?)
}

/// Boletas, and notes on them, have codes of their own. A note says what it modifies; one that does
/// not is known by its series.
fn is_on_boleta(kind: DocumentKind, object: &JsonObject) -> bool {
    let series_of_boletas = || {
        let serie = object.present("serie").and_then(JsonValue::as_str);
        serie.is_some_and(|it| it.trim().starts_with(['B', 'b']))
    };
    match (kind, whole(object, "documento_que_se_modifica_tipo")) {
        (DocumentKind::Boleta, _) => true,
        (kind, Some(tipo)) if kind.is_note() => tipo == 2 || tipo == 3,
        (kind, None) if kind.is_note() => series_of_boletas(),
        _ => false,
    }
}

fn read_lines(fields: &mut JsonObject, findings: &mut Findings) -> Vec<SaleLine> {
    let Some(list) = read_list(fields, "items", ITEM, findings) else {
        return Vec::new();
    };
    let lines = list.iter().map(|value| match value {
        JsonValue::Object(fields) => SaleLine::read(fields),
        _ => SaleLine::read(&JsonObject::new()),
    });
    lines.collect()
}

/// A list of objects with a table of fields each; put back into its place.
fn read_list<'f>(
    fields: &'f mut JsonObject,
    name: &str,
    table: &[super::fields::SaleField],
    findings: &mut Findings,
) -> Option<&'f [JsonValue]> {
    let value = fields.get_mut(name)?;
    let JsonValue::List(list) = value else {
        findings
            .add(&codes::TEXT, name)
            .says(text!("debe ser una lista", "this has to be a list"));
        return None;
    };
    for (index, element) in list.iter_mut().enumerate() {
        let place = format!("{name}[{index}]");
        match std::mem::replace(element, JsonValue::Null) {
            JsonValue::Object(object) => {
                *element = JsonValue::Object(read_fields(table, object, &place, findings));
            }
            other => {
                findings
                    .add(&codes::TEXT, place)
                    .says(text!("debe ser un objeto", "this has to be an object"));
                *element = other;
            }
        }
    }
    // An empty list says nothing.
    (!list.is_empty()).then_some(&*list)
}

fn decimal(value: &JsonValue) -> Option<Decimal> {
    read_decimal(value.as_str()?).ok()
}

fn amount(fields: &JsonObject, name: &str) -> Option<Decimal> {
    decimal(fields.present(name)?)
}

fn byte(fields: &JsonObject, name: &str) -> Option<u8> {
    document::whole(fields, name).and_then(|it| u8::try_from(it).ok())
}

fn day(fields: &JsonObject, name: &str) -> Option<Date> {
    parse_date(fields.present(name)?.as_str()?).ok()
}
