//! Reads the simple form: every fault at once, unknown keys with what may have been meant.

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::codes;
use super::decimal::{DecimalFault, read_decimal};
use super::document::whole_of;
use super::draft::{
    Draft, DraftAdvance, DraftCustomer, DraftDetraction, DraftExcise, DraftInstalment, DraftItem,
    DraftNote, keys,
};
use super::fields::{decimal_fault, join, nearest};
use super::finding::Findings;
use super::kind::DocumentKind;
use super::value::{JsonObject, JsonValue};
use crate::{DateError, Lang, Severity, Text, parse_date, text};

/// Reads a simple form. What could not be read is absent in the draft, and unread in the findings:
/// no default may stand for it.
pub(crate) fn read_draft(object: &JsonObject, findings: &mut Findings) -> Draft {
    let mut part = Part::new(object, String::new(), findings);
    part.no_others(keys::DRAFT);
    let draft = Draft {
        tipo: kind(&mut part),
        emisor: part.text("emisor"),
        serie: part.text("serie"),
        numero: part.whole("numero"),
        fecha: part.date("fecha"),
        vencimiento: part.date("vencimiento"),
        cliente: part.object("cliente").map(customer).unwrap_or_default(),
        moneda: part.text("moneda"),
        tipo_de_cambio: part.decimal("tipo_de_cambio"),
        igv: part.decimal("igv"),
        precios_con_igv: part.flag("precios_con_igv"),
        items: part.list("items", item),
        descuento_global: part.decimal("descuento_global"),
        otros_cargos: part.decimal("otros_cargos"),
        anticipos: part.list("anticipos", advance),
        es_anticipo: part.flag("es_anticipo").unwrap_or_default(),
        cuotas: part.list("cuotas", instalment),
        detraccion: part.object("detraccion").map(detraction),
        retencion: part.decimal("retencion"),
        percepcion: part.decimal("percepcion"),
        nota: part.object("nota").map(note),
        exportacion: part.flag("exportacion").unwrap_or_default(),
        observaciones: part.text("observaciones"),
        orden_compra: part.text("orden_compra"),
        placa: part.text("placa"),
        formato_pdf: part.text("formato_pdf"),
        enviar_al_cliente: part.flag("enviar_al_cliente").unwrap_or_default(),
        referencia: part.text("referencia"),
    };
    if draft
        .referencia
        .as_ref()
        .is_some_and(|it| it.chars().count() > 100)
    {
        part.findings.add(&codes::LENGTH, "referencia").says(text!(
            "la referencia tiene hasta 100 caracteres",
            "a reference has up to 100 characters"
        ));
    }
    findings.end_reading();
    draft
}

/// The kind that a mistyped `tipo` was probably meant to be.
pub(crate) fn meant_kind(object: &JsonObject) -> Option<DocumentKind> {
    let written = object.present("tipo")?.as_str()?.trim().to_lowercase();
    let names = DocumentKind::ALL.into_iter().filter(|kind| kind.is_sale());
    DocumentKind::parse(nearest(&written, names.map(DocumentKind::as_str))?)
}

fn kind(part: &mut Part<'_, '_>) -> Option<DocumentKind> {
    let name = part.object.present("tipo").and_then(JsonValue::as_str);
    let written = name.unwrap_or_default().trim().to_lowercase();
    let kind = DocumentKind::parse(&written).filter(|kind| kind.is_sale());
    if kind.is_none() {
        let meant = meant_kind(part.object);
        let finding = part.findings.add(&codes::KIND, "tipo").advises(text!(
            "escriba factura, boleta, nota_credito o nota_debito",
            "write factura, boleta, nota_credito or nota_debito"
        ));
        if let Some(meant) = meant {
            finding.expected(meant.as_str());
        }
    }
    kind
}

fn customer(mut part: Part<'_, '_>) -> DraftCustomer {
    part.no_others(keys::CUSTOMER);
    let correo = match part.object.get("correo") {
        Some(JsonValue::Text(_)) => part.text("correo").into_iter().collect(),
        _ => part.texts("correo"),
    };
    if correo.len() > 3 {
        let place = part.place("correo");
        part.findings.add(&codes::LENGTH, place).says(text!(
            "NubeFact envía a tres correos como máximo",
            "NubeFact sends to three addresses at most"
        ));
    }
    DraftCustomer {
        tipo: part.text("tipo"),
        numero: part.text("numero"),
        nombre: part.text("nombre"),
        direccion: part.text("direccion"),
        correo,
    }
}

fn item(mut part: Part<'_, '_>) -> DraftItem {
    part.no_others(keys::ITEM);
    part.require("cantidad");
    part.require("precio");
    DraftItem {
        descripcion: part.text("descripcion"),
        cantidad: part.decimal("cantidad"),
        precio: part.decimal("precio"),
        unidad: part.text("unidad"),
        codigo: part.text("codigo"),
        codigo_sunat: part.text("codigo_sunat"),
        afectacion: part.text("afectacion"),
        descuento: part.decimal("descuento"),
        descuento_porcentaje: part.decimal("descuento_porcentaje"),
        isc: part.object("isc").map(excise),
        bolsas: part.decimal("bolsas"),
        otros_cargos: part.decimal("otros_cargos"),
    }
}

fn excise(mut part: Part<'_, '_>) -> DraftExcise {
    part.no_others(keys::EXCISE);
    part.require("sistema");
    DraftExcise {
        sistema: part.text("sistema"),
        tasa: part.decimal("tasa"),
        monto: part.decimal("monto"),
    }
}

fn advance(mut part: Part<'_, '_>) -> DraftAdvance {
    part.no_others(keys::ADVANCE);
    for name in keys::ADVANCE {
        part.require(name);
    }
    DraftAdvance {
        serie: part.text("serie"),
        numero: part.whole("numero"),
        total: part.decimal("total"),
    }
}

fn instalment(mut part: Part<'_, '_>) -> DraftInstalment {
    part.no_others(keys::INSTALMENT);
    for name in keys::INSTALMENT {
        part.require(name);
    }
    DraftInstalment {
        fecha: part.date("fecha"),
        importe: part.decimal("importe"),
    }
}

fn detraction(mut part: Part<'_, '_>) -> DraftDetraction {
    part.no_others(keys::DETRACTION);
    DraftDetraction {
        codigo: part.text("codigo"),
        porcentaje: part.decimal("porcentaje"),
        medio_de_pago: part.text("medio_de_pago"),
    }
}

fn note(mut part: Part<'_, '_>) -> DraftNote {
    part.no_others(keys::NOTE);
    DraftNote {
        motivo: part.text("motivo"),
        documento: part.text("documento"),
        sustento: part.text("sustento"),
    }
}

/// An object of the form, where it stands, and where its findings go.
struct Part<'o, 'f> {
    object: &'o JsonObject,
    prefix: String,
    findings: &'f mut Findings,
}

impl<'o, 'f> Part<'o, 'f> {
    fn new(object: &'o JsonObject, prefix: String, findings: &'f mut Findings) -> Self {
        Part {
            object,
            prefix,
            findings,
        }
    }

    fn place(&self, name: &str) -> String {
        join(&self.prefix, name)
    }

    /// Unknown keys are an error: a mistyped discount must not be lost. The value of the key that was
    /// meant is unknown then.
    fn no_others(&mut self, known: &[&'static str]) {
        for (name, _) in self.object.iter() {
            if known.contains(&name) {
                continue;
            }
            let place = self.place(name);
            let finding = self.findings.add(&codes::UNKNOWN_KEY, place);
            if let Some(meant) = nearest(name, known.iter().copied()) {
                finding.expected(meant).advises(text!(
                    "¿quiso escribir «{meant}»?",
                    "did you mean «{meant}»?"
                ));
                if self.object.present(meant).is_none() {
                    let place = self.place(meant);
                    self.findings.is_unknown(place);
                }
            }
        }
    }

    fn require(&mut self, name: &str) {
        let place = self.place(name);
        if self.object.present(name).is_none() && !self.findings.unread().covers(&place) {
            self.findings.add(&codes::REQUIRED, place);
        }
    }

    fn wrong(&mut self, name: &str, says: Text) {
        let place = self.place(name);
        self.findings.add(&codes::TEXT, place).says(says);
    }

    fn text(&mut self, name: &str) -> Option<String> {
        match self.object.present(name)? {
            JsonValue::Text(text) | JsonValue::Number(text) => Some(text.to_string()),
            _ => {
                self.wrong(name, text!("debe ser un texto", "this has to be a text"));
                None
            }
        }
    }

    fn texts(&mut self, name: &str) -> Vec<String> {
        let Some(value) = self.object.present(name) else {
            return Vec::new();
        };
        let JsonValue::List(list) = value else {
            self.wrong(
                name,
                text!(
                    "debe ser una lista de textos",
                    "this has to be a list of texts"
                ),
            );
            return Vec::new();
        };
        let mut texts = Vec::with_capacity(list.len());
        for (index, value) in list.iter().enumerate() {
            match value {
                JsonValue::Text(text) => texts.push(text.to_string()),
                _ => self.wrong(
                    &format!("{name}[{index}]"),
                    text!("debe ser un texto", "this has to be a text"),
                ),
            }
        }
        texts
    }

    fn decimal(&mut self, name: &str) -> Option<Decimal> {
        let value = self.object.present(name)?;
        let read = value
            .as_str()
            .ok_or(DecimalFault::NotANumber)
            .and_then(read_decimal);
        let place = self.place(name);
        match read {
            Ok(number) if number.is_sign_negative() && !number.is_zero() => {
                self.findings.add(&codes::NEGATIVE, place);
                None
            }
            Ok(number) => Some(number),
            Err(fault) => {
                decimal_fault(fault, &place, self.findings);
                None
            }
        }
    }

    fn whole(&mut self, name: &str) -> Option<u32> {
        let value = self.object.present(name)?;
        let number = whole_of(value);
        if number.is_none() {
            self.wrong(
                name,
                text!("debe ser un número entero", "this has to be a whole number"),
            );
        }
        number
    }

    fn flag(&mut self, name: &str) -> Option<bool> {
        let flag = self.object.present(name)?.as_bool();
        if flag.is_none() {
            self.wrong(
                name,
                text!("debe ser true o false", "this has to be true or false"),
            );
        }
        flag
    }

    fn date(&mut self, name: &str) -> Option<Date> {
        let value = self.object.present(name)?;
        match value.as_str().ok_or(DateError::Form).and_then(parse_date) {
            Ok(day) => Some(day),
            Err(error) => {
                let place = self.place(name);
                self.findings
                    .add(&codes::DATE, place)
                    .as_severe_as(Severity::Error)
                    .says(Text {
                        es: error.message(Lang::Es).to_owned(),
                        en: error.message(Lang::En).to_owned(),
                    })
                    .advises(text!(
                        "escriba la fecha como AAAA-MM-DD",
                        "write the date as YYYY-MM-DD"
                    ));
                None
            }
        }
    }

    fn object(&mut self, name: &str) -> Option<Part<'o, '_>> {
        if let JsonValue::Object(object) = self.object.present(name)? {
            let place = self.place(name);
            return Some(Part::new(object, place, self.findings));
        }
        self.wrong(
            name,
            text!("debe ser un objeto", "this has to be an object"),
        );
        None
    }

    /// What is no object keeps its place, so that the others keep theirs.
    fn list<T: Default>(&mut self, name: &str, read: fn(Part<'_, '_>) -> T) -> Vec<T> {
        let Some(value) = self.object.present(name) else {
            return Vec::new();
        };
        let JsonValue::List(list) = value else {
            self.wrong(name, text!("debe ser una lista", "this has to be a list"));
            return Vec::new();
        };
        let mut parts = Vec::with_capacity(list.len());
        for (index, value) in list.iter().enumerate() {
            let place = self.place(&format!("{name}[{index}]"));
            if let JsonValue::Object(object) = value {
                parts.push(read(Part::new(object, place, self.findings)));
            } else {
                self.findings
                    .add(&codes::TEXT, place)
                    .says(text!("debe ser un objeto", "this has to be an object"));
                parts.push(T::default());
            }
        }
        parts
    }
}
