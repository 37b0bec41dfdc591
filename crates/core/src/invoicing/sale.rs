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
use super::value::{JsonObject, JsonValue};
use super::{codes, document};
use crate::{parse_date, text};

/// A sale or note, read. What was wrong in its form is `None` here and has its finding already.
pub(crate) struct Sale {
    pub(crate) kind: DocumentKind,
    /// The fields, each in its one form.
    pub(crate) fields: JsonObject,
    /// A boleta, or a note on one.
    pub(crate) on_boleta: bool,
    pub(crate) transaction: u8,
    pub(crate) fecha: Option<Date>,
    pub(crate) moneda: Option<Moneda>,
    pub(crate) tipo_de_cambio: Option<Decimal>,
    pub(crate) percent: Option<Decimal>,
    pub(crate) descuento_global: Decimal,
    pub(crate) lines: Vec<SaleLine>,
    pub(crate) cuotas: Option<Vec<Cuota>>,
}

/// A line of a sale.
#[derive(Clone)]
pub(crate) struct SaleLine {
    pub(crate) affectation: Option<Affectation>,
    /// `tipo_de_igv` as it came, which may be SUNAT's code.
    pub(crate) tipo_de_igv: Option<u8>,
    pub(crate) cantidad: Option<Decimal>,
    pub(crate) valor_unitario: Option<Decimal>,
    pub(crate) precio_unitario: Option<Decimal>,
    pub(crate) descuento: Decimal,
    pub(crate) subtotal: Decimal,
    pub(crate) igv: Decimal,
    pub(crate) total: Decimal,
    pub(crate) isc: Decimal,
    pub(crate) tipo_de_isc: Option<u8>,
    pub(crate) bolsas: Decimal,
    pub(crate) otros_cargos: Decimal,
    /// An advance that is settled: it is taken off, though its amounts have no sign.
    pub(crate) advance: bool,
    /// Something of it could not be read: its sums would mislead.
    pub(crate) unreadable: bool,
}

/// An instalment.
#[derive(Clone, Copy)]
pub(crate) struct Cuota {
    pub(crate) fecha: Option<Date>,
    pub(crate) importe: Decimal,
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
        let sale = Sale {
            kind,
            on_boleta,
            transaction: byte(&fields, "sunat_transaction").unwrap_or(1),
            fecha: day(&fields, "fecha_de_emision"),
            moneda: byte(&fields, "moneda").and_then(Moneda::from_nubefact),
            tipo_de_cambio: amount(&fields, "tipo_de_cambio"),
            percent: amount(&fields, "porcentaje_de_igv"),
            descuento_global: amount(&fields, "descuento_global").unwrap_or_default(),
            lines,
            cuotas,
            fields,
        };
        if sale.lines.is_empty() {
            findings
                .add(&codes::REQUIRED, "items")
                .says(text!("no hay ninguna línea", "there is no line"));
        }
        sale
    }

    /// An amount of the header; zero where it is absent.
    pub(crate) fn amount(&self, name: &str) -> Decimal {
        amount(&self.fields, name).unwrap_or_default()
    }

    /// The same, or nothing where it is absent.
    pub(crate) fn given(&self, name: &str) -> Option<Decimal> {
        amount(&self.fields, name)
    }

    /// A number of one of NubeFact's lists.
    pub(crate) fn code(&self, name: &str) -> Option<u8> {
        byte(&self.fields, name)
    }

    /// A date of the header.
    pub(crate) fn day(&self, name: &str) -> Option<Date> {
        day(&self.fields, name)
    }

    /// A text of the header.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.fields.present(name)?.as_str()
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
        self.transaction == SunatTransaction::EXPORT.number
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
            descuento: Decimal::ZERO,
            subtotal: Decimal::ZERO,
            igv: Decimal::ZERO,
            total: Decimal::ZERO,
            isc: Decimal::ZERO,
            tipo_de_isc: None,
            bolsas: Decimal::ZERO,
            otros_cargos: Decimal::ZERO,
            advance: false,
            unreadable: false,
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
                    line.advance = value.as_bool() == Some(true);
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
            match decimal(value) {
                Some(amount) => *slot = super::decimal::to_cents(amount),
                None => line.unreadable = true,
            }
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
    pub(crate) fn base(&self) -> Decimal {
        self.subtotal + self.isc
    }
}

impl Cuota {
    fn read(value: &JsonValue) -> Cuota {
        let fields = value.as_object();
        Cuota {
            fecha: fields.and_then(|it| day(it, "fecha_de_pago")),
            importe: fields
                .and_then(|it| amount(it, "importe"))
                .unwrap_or_default(),
        }
    }
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
