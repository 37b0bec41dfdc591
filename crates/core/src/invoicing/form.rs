//! The form of a request, field by field, against the tables of [`other_fields`](super::other_fields): what is
//! required, lengths, digits, dates, control characters. What comes out says the same in one way:
//! numbers as JSON numbers, dates as `DD-MM-AAAA`, nothing that is absent, unknown fields kept.

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::catalogs::identities::IdentityKind;
use super::codes;
use super::decimal::{DecimalFault, read_decimal};
use super::document::whole;
use super::finding::Findings;
use super::other_fields::{FieldForm, FieldNeed, FieldRule, rule};
use super::value::{JsonObject, JsonValue};
use crate::{DateError, Lang, Ruc, Severity, Text, parse_date, text};

/// An object of a request and where it stands: `items[2].`, or nothing for the request itself.
pub(crate) struct Form<'d> {
    pub(crate) fields: &'d JsonObject,
    pub(crate) prefix: String,
}

impl<'d> Form<'d> {
    /// The request itself.
    pub(crate) fn new(fields: &'d JsonObject) -> Form<'d> {
        Form {
            fields,
            prefix: String::new(),
        }
    }

    /// The objects of a list of it.
    pub(crate) fn list(&self, name: &str) -> Vec<Form<'d>> {
        let values = self.fields.get(name).map_or(&[][..], JsonValue::elements);
        let objects = values.iter().enumerate();
        objects
            .filter_map(|(index, value)| {
                Some(Form {
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

    /// A decimal, if it is one.
    pub(crate) fn amount(&self, name: &str) -> Option<Decimal> {
        read_decimal(self.text(name)?).ok()
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

/// Checks every field of an object by its table and writes it in the one way. What cannot be read
/// stays as it came, so that the finding and the document agree.
pub(crate) fn check_form(
    form: &Form<'_>,
    table: &'static [FieldRule],
    findings: &mut Findings,
) -> JsonObject {
    let mut out = JsonObject::new();
    for (name, value) in form.fields.iter().filter(|(_, value)| !value.is_absent()) {
        let path = form.path(name);
        let value = if let Some(rule) = rule(table, name) {
            check_value(rule, value, form, findings)
        } else {
            report_unknown(name, path, table, findings);
            value.clone()
        };
        out.push(name, value);
    }
    for rule in table.iter().filter(|rule| rule.need == FieldNeed::Required) {
        form.require(rule.name, findings);
    }
    out
}

fn check_value(
    rule: &'static FieldRule,
    value: &JsonValue,
    form: &Form<'_>,
    findings: &mut Findings,
) -> JsonValue {
    let path = form.path(rule.name);
    let fitting = match rule.form {
        FieldForm::Integer { digits } => check_integer(value, digits, path, findings),
        FieldForm::Text { shortest, longest } => {
            check_text(value, shortest..=longest, path, findings)
        }
        FieldForm::Decimal { whole, places } => check_decimal(value, whole, places, path, findings),
        FieldForm::Date => check_date(value, path, findings),
        FieldForm::Boolean => check_boolean(value, path, findings),
        FieldForm::List(table) => check_list(value, table, path, findings),
    };
    fitting.unwrap_or_else(|| value.clone())
}

fn check_integer(
    value: &JsonValue,
    digits: usize,
    path: String,
    findings: &mut Findings,
) -> Option<JsonValue> {
    let text = value.as_str().map_or("", str::trim);
    // `1.0` is what some programs make of a whole number.
    let text = text.strip_suffix(".0").unwrap_or(text);
    let plain = text.trim_start_matches('0');
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        findings.add(&codes::DECIMALS, path).says(text!(
            "no es un número entero sin signo",
            "not a whole number without sign"
        ));
        return None;
    }
    if plain.len() > digits {
        findings.add(&codes::LENGTH, path).says(text!(
            "el número tiene {} dígitos; se admiten {digits}",
            "the number has {} digits; {digits} are allowed",
            plain.len()
        ));
        return None;
    }
    Some(JsonValue::number(if plain.is_empty() {
        "0"
    } else {
        plain
    }))
}

fn check_text(
    value: &JsonValue,
    lengths: std::ops::RangeInclusive<usize>,
    path: String,
    findings: &mut Findings,
) -> Option<JsonValue> {
    let Some(text) = value.as_str() else {
        findings
            .add(&codes::TEXT, path)
            .says(text!("se espera un texto", "a text is expected"));
        return None;
    };
    // Line breaks and tabs travel; other control characters no XML can carry.
    let forbidden = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    if text.contains(forbidden) {
        findings.add(&codes::TEXT, path.clone());
    }
    let (length, least, most) = (text.chars().count(), lengths.start(), lengths.end());
    if length < *least || length > *most {
        let found = findings.add(&codes::LENGTH, path);
        if least == most {
            found.says(text!(
                "el texto tiene {length} caracteres y debe tener {most}",
                "the text has {length} characters and must have {most}"
            ));
        } else {
            found.says(text!(
                "el texto tiene {length} caracteres; se admiten de {least} a {most}",
                "the text has {length} characters; {least} to {most} are allowed"
            ));
        }
    }
    Some(JsonValue::text(text))
}

fn check_decimal(
    value: &JsonValue,
    whole: usize,
    places: usize,
    path: String,
    findings: &mut Findings,
) -> Option<JsonValue> {
    let read = value.as_str().map(read_decimal);
    let number = match read.unwrap_or(Err(DecimalFault::NotANumber)) {
        Ok(number) => number,
        Err(fault) => {
            findings.add(&codes::DECIMALS, path).says(fault.text());
            return None;
        }
    };
    if number.is_sign_negative() && !number.is_zero() {
        findings.add(&codes::NEGATIVE, path.clone());
    }
    let plain = number.normalize();
    let whole_digits = plain
        .abs()
        .trunc()
        .mantissa()
        .checked_ilog10()
        .map_or(1, |it| it + 1);
    let fits = |digits: u32, most: usize| usize::try_from(digits).is_ok_and(|it| it <= most);
    if !fits(plain.scale(), places) || !fits(whole_digits, whole) {
        findings.add(&codes::DECIMALS, path).says(text!(
            "se admiten {whole} dígitos enteros y {places} decimales",
            "{whole} digits before the point and {places} after it are allowed"
        ));
        return Some(JsonValue::number(plain));
    }
    let mut written = plain;
    if places == 2 {
        written.rescale(2);
    }
    Some(JsonValue::number(written))
}

fn check_date(value: &JsonValue, path: String, findings: &mut Findings) -> Option<JsonValue> {
    match value.as_str().map_or(Err(DateError::Form), parse_date) {
        Ok(date) => Some(JsonValue::text(nubefact_date(date))),
        Err(error) => {
            let es = error.message(Lang::Es).to_owned();
            let en = error.message(Lang::En).to_owned();
            findings.add(&codes::TEXT, path).says(Text { es, en });
            None
        }
    }
}

fn check_boolean(value: &JsonValue, path: String, findings: &mut Findings) -> Option<JsonValue> {
    let read = value.as_bool();
    if read.is_none() {
        findings
            .add(&codes::TEXT, path)
            .says(text!("se espera true o false", "true or false is expected"));
    }
    read.map(JsonValue::Bool)
}

fn check_list(
    value: &JsonValue,
    table: &'static [FieldRule],
    path: String,
    findings: &mut Findings,
) -> Option<JsonValue> {
    let JsonValue::List(values) = value else {
        findings
            .add(&codes::TEXT, path)
            .says(text!("se espera una lista", "a list is expected"));
        return None;
    };
    let mut out = Vec::with_capacity(values.len());
    for (index, value) in values.iter().enumerate() {
        let Some(fields) = value.as_object() else {
            findings
                .add(&codes::TEXT, format!("{path}[{index}]"))
                .says(text!("se espera un objeto", "an object is expected"));
            out.push(value.clone());
            continue;
        };
        let prefix = format!("{path}[{index}].");
        let form = Form { fields, prefix };
        out.push(JsonValue::Object(check_form(&form, table, findings)));
    }
    Some(JsonValue::List(out))
}

/// An unknown field is kept and sent, because newer manuals exist; but NubeFact ignores silently what
/// it does not know, so the likeliest name is told.
fn report_unknown(name: &str, path: String, table: &'static [FieldRule], findings: &mut Findings) {
    let found = findings.add(&codes::UNKNOWN_KEY, path);
    found.as_severe_as(Severity::Aviso).says(text!(
        "campo que el manual de NubeFact no conoce: se envía tal cual, y NubeFact ignora los campos que no conoce",
        "a field that NubeFact's manual does not know: it is sent as it is, and NubeFact ignores fields that it does not know"
    ));
    if let Some(near) = nearest(name, table) {
        found.advises(text!("¿quiso decir {near}?", "did you mean {near}?"));
    }
}

/// The table's name that is most like this one, if one is like it.
fn nearest(name: &str, table: &'static [FieldRule]) -> Option<&'static str> {
    let scored = table
        .iter()
        .map(|rule| (strsim::jaro_winkler(name, rule.name), rule.name));
    let best = scored.max_by(|one, other| one.0.total_cmp(&other.0))?;
    (best.0 > 0.88).then_some(best.1)
}

/// A day as NubeFact writes it: `27-11-2026`.
pub(crate) fn nubefact_date(date: Date) -> String {
    format!("{:02}-{:02}-{:04}", date.day(), date.month(), date.year())
}

/// Checks an identity document: a known kind among those `allowed`, and a number of its form.
pub(crate) fn check_identity(
    form: &Form<'_>,
    (kind_field, number_field): (&str, &str),
    allowed: &[&str],
    findings: &mut Findings,
) {
    let Some(code) = form.text(kind_field) else {
        return;
    };
    let Some(kind) = IdentityKind::from_code(code).filter(|it| allowed.contains(&it.code)) else {
        let list = allowed.join(", ");
        findings
            .add(&codes::CATALOG, form.path(kind_field))
            .expected(&list)
            .advises(text!("use uno de: {list}", "use one of: {list}"));
        return;
    };
    let Some(number) = form.text(number_field) else {
        return;
    };
    let path = form.path(number_field);
    match kind {
        IdentityKind::RUC => {
            if let Err(error) = number.parse::<Ruc>() {
                let (es, en) = (error.message(Lang::Es), error.message(Lang::En));
                findings
                    .add(&codes::CUSTOMER_RUC, path)
                    .says(Text { es, en });
            }
        }
        IdentityKind::DNI if !kind.accepts(number) => {
            let found = findings.add(&codes::CUSTOMER_DNI, path);
            let short = (1..8).contains(&number.len());
            if short && number.bytes().all(|byte| byte.is_ascii_digit()) {
                found.expected(format!("{number:0>8}"));
            }
        }
        _ if !kind.accepts(number) => {
            findings.add(&codes::TEXT, path).says(text!(
                "el número lleva solo letras y dígitos, hasta 15",
                "the number has letters and digits only, up to 15"
            ));
        }
        _ => {}
    }
}
