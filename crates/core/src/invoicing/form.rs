//! A request that is no sale, as its checks see it: its fields by table, an object of it and where it
//! stands, the identity documents in it.

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::catalogs::identities::IdentityKind;
use super::codes;
use super::decimal::read_decimal;
use super::document::whole;
use super::fields::{SaleField, read_fields};
use super::finding::Findings;
use super::identity_number::{check_ruc, note_dni};
use super::value::{JsonObject, JsonValue};
use crate::{CheckDigit, parse_date, text};

/// An object of a request and where it stands: `items[2].`, or nothing for the request itself.
pub(crate) struct Section<'d> {
    pub(crate) fields: &'d JsonObject,
    pub(crate) prefix: String,
}

impl<'d> Section<'d> {
    /// The request itself.
    pub(crate) fn new(fields: &'d JsonObject) -> Section<'d> {
        Section {
            fields,
            prefix: String::new(),
        }
    }

    /// The objects of a list of it.
    pub(crate) fn list(&self, name: &str) -> Vec<Section<'d>> {
        let values = self.fields.get(name).map_or(&[][..], JsonValue::elements);
        let objects = values.iter().enumerate();
        objects
            .filter_map(|(index, value)| {
                Some(Section {
                    fields: value.as_object()?,
                    prefix: format!("{}{name}[{index}].", self.prefix),
                })
            })
            .collect()
    }

    /// A field's name as findings say it.
    pub(crate) fn path(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// Whether a field says anything.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.fields.present(name).is_some()
    }

    pub(crate) fn text(&self, name: &str) -> Option<&'d str> {
        self.fields.present(name)?.as_str().map(str::trim)
    }

    /// A decimal, if it is one; a negative one was told, and is none.
    pub(crate) fn amount(&self, name: &str) -> Option<Decimal> {
        let amount = read_decimal(self.text(name)?).ok()?;
        (amount.is_zero() || amount.is_sign_positive()).then_some(amount)
    }

    /// A whole number of one byte, as the numbers of catalogues are.
    pub(crate) fn small(&self, name: &str) -> Option<u8> {
        u8::try_from(whole(self.fields, name)?).ok()
    }

    pub(crate) fn date(&self, name: &str) -> Option<Date> {
        parse_date(self.text(name)?).ok()
    }

    /// Whether a field that only some documents need is there; a finding if not.
    pub(crate) fn require(&self, name: &str, findings: &mut Findings) -> bool {
        if !self.has(name) {
            findings.add(&codes::REQUIRED, self.path(name));
        }
        self.has(name)
    }
}

/// Checks every field of a request by its table, those of its lists by theirs, and writes each in its
/// one section. What cannot be read stays as it came, next to its finding.
pub(crate) fn check_form(
    section: &Section<'_>,
    table: &'static [SaleField],
    lists: &[(&str, &'static [SaleField])],
    findings: &mut Findings,
) -> JsonObject {
    let mut out = read_fields(table, section.fields.clone(), "", findings);
    for (name, table) in lists {
        let Some(value) = out.present(name) else {
            continue;
        };
        let JsonValue::List(elements) = value else {
            findings
                .add(&codes::TEXT, *name)
                .says(text!("debe ser una lista", "this has to be a list"));
            continue;
        };
        let mut read = Vec::with_capacity(elements.len());
        for (index, element) in elements.iter().enumerate() {
            let place = format!("{name}[{index}]");
            if let JsonValue::Object(fields) = element {
                let fields = read_fields(table, fields.clone(), &place, findings);
                read.push(JsonValue::Object(fields));
            } else {
                findings
                    .add(&codes::TEXT, place)
                    .says(text!("debe ser un objeto", "this has to be an object"));
                read.push(element.clone());
            }
        }
        out.set(name, JsonValue::List(read));
    }
    findings.end_reading();
    out
}

/// A day as NubeFact writes it: `27-11-2026`.
pub(crate) fn nubefact_date(date: Date) -> String {
    format!("{:02}-{:02}-{:04}", date.day(), date.month(), date.year())
}

/// Checks an identity document: a known kind among those `allowed`, and a number of its section.
pub(crate) fn check_identity(
    section: &Section<'_>,
    (kind_field, number_field): (&str, &str),
    allowed: &[&str],
    findings: &mut Findings,
) {
    let Some(code) = section.text(kind_field) else {
        return;
    };
    let Some(kind) = IdentityKind::from_code(code).filter(|it| allowed.contains(&it.code)) else {
        let list = allowed.join(", ");
        findings
            .add(&codes::CATALOG, section.path(kind_field))
            .expected(&list)
            .advises(text!("use uno de: {list}", "use one of: {list}"));
        return;
    };
    let Some(number) = section.text(number_field) else {
        return;
    };
    let path = section.path(number_field);
    match kind {
        IdentityKind::RUC => {
            check_ruc(number, CheckDigit::Strict, &path, findings);
        }
        IdentityKind::DNI if !kind.accepts(number) => note_dni(number, &path, findings),
        _ if !kind.accepts(number) => {
            findings.add(&codes::TEXT, path).says(text!(
                "el número lleva solo letras y dígitos, hasta 15",
                "the number has letters and digits only, up to 15"
            ));
        }
        _ => {}
    }
}
