//! Reads the fields of one object of NubeFact's JSON by a table: forms, lengths, what is required.
//!
//! What comes is what NubeFact's own examples have: numbers and booleans as text, `""` and null for
//! what is absent, numbers where a text belongs. What goes out has each value in its one form, and
//! nothing that is absent. A value that is wrong stays as it came, next to its finding; unknown
//! fields stay too, because newer manuals have more of them.

use compact_str::{CompactString, ToCompactString};
use rust_decimal::Decimal;

use super::codes;
use super::decimal::{DecimalFault, read_decimal};
use super::finding::Findings;
use super::value::{JsonObject, JsonValue, is_json_number};
use crate::{DateError, Lang, Severity, Text, parse_date, text};

/// One field of a table.
pub(crate) struct SaleField {
    pub(crate) name: &'static str,
    pub(crate) form: SaleForm,
    pub(crate) required: bool,
}

/// Which values a field takes, and the one form they are sent in.
#[derive(Clone, Copy)]
pub(crate) enum SaleForm {
    /// A whole number of up to so many digits.
    Whole(usize),
    /// A number of one of NubeFact's lists.
    Listed {
        /// Whether the number, given also as it was written, is one of them.
        look: fn(u32, &str) -> CodeLook,
        /// What stands in the list for a word or code that is no number.
        meant: fn(&str) -> Option<u8>,
    },
    /// A decimal with up to so many places; more, up to ten, are remarked on.
    Decimal(u32),
    /// A text of so many characters.
    Text(usize, usize),
    /// An e-mail address.
    Email,
    /// A date, sent as `DD-MM-AAAA`.
    Date,
    /// A boolean.
    Flag,
    /// A list or object with a table of its own.
    Nested,
}

/// What a list says of a number.
pub(crate) enum CodeLook {
    /// It is one of them.
    Known,
    /// It is not; the one that was probably meant, if that can be told.
    Wrong(Option<String>),
}

/// A field that may be absent.
pub(crate) const fn optional(name: &'static str, form: SaleForm) -> SaleField {
    SaleField {
        name,
        form,
        required: false,
    }
}

/// A field that must say something.
pub(crate) const fn required(name: &'static str, form: SaleForm) -> SaleField {
    SaleField {
        name,
        form,
        required: true,
    }
}

/// The object with each known field in its form; `place` is where it stands, such as `items[2]`, or
/// nothing for the header.
pub(crate) fn read_fields(
    table: &[SaleField],
    object: JsonObject,
    place: &str,
    findings: &mut Findings,
) -> JsonObject {
    let mut seen = 0u128;
    let mut fields = Vec::with_capacity(object.len());
    for (name, value) in object {
        if value.is_absent() {
            continue;
        }
        let Some(index) = table.iter().position(|field| field.name == name) else {
            note_unknown(table, &name, place, findings);
            check_unknown(&value, &join(place, &name), findings);
            fields.push((name, value));
            continue;
        };
        seen |= 1 << index;
        let value = read_one(table[index].form, value, place, &name, findings);
        fields.push((name, value));
    }
    for (index, field) in table.iter().enumerate() {
        if field.required && seen & (1 << index) == 0 {
            findings.add(&codes::REQUIRED, join(place, field.name));
        }
    }
    JsonObject::from_fields(fields)
}

/// `items[2]` and `igv` are `items[2].igv`.
pub(crate) fn join(place: &str, name: &str) -> String {
    if place.is_empty() {
        name.to_owned()
    } else {
        format!("{place}.{name}")
    }
}

/// The name nearest to a mistaken one, near enough to have been meant.
pub(crate) fn nearest<'n>(name: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    names
        .into_iter()
        .map(|known| (strsim::jaro_winkler(name, known), known))
        .filter(|(likeness, _)| *likeness > 0.85)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, known)| known)
}

fn note_unknown(table: &[SaleField], name: &str, place: &str, findings: &mut Findings) {
    let meant = nearest(name, table.iter().map(|field| field.name));
    let finding = findings
        .add(&codes::UNKNOWN_KEY, join(place, name))
        .as_severe_as(Severity::Aviso)
        .says(text!(
            "campo que no está en el manual de NubeFact: se envía tal como vino",
            "a field that is not in NubeFact's manual: it is sent as it came"
        ))
        .advises(text!(
            "revise el nombre: NubeFact ignora en silencio los campos que no conoce",
            "look at the name: NubeFact silently ignores fields that it does not know"
        ));
    if let Some(meant) = meant {
        finding.expected(meant);
    }
}

/// What is sent as it came must at least be JSON, and text without control characters.
fn check_unknown(value: &JsonValue, place: &str, findings: &mut Findings) {
    match value {
        JsonValue::Number(number) if !is_json_number(number) => {
            decimal_fault(DecimalFault::NotANumber, place, findings);
        }
        JsonValue::Text(text) => {
            check_characters(text, place, findings);
        }
        JsonValue::List(list) => {
            for (index, value) in list.iter().enumerate() {
                check_unknown(value, &format!("{place}[{index}]"), findings);
            }
        }
        JsonValue::Object(object) => {
            for (name, value) in object.iter() {
                check_unknown(value, &join(place, name), findings);
            }
        }
        _ => {}
    }
}

fn read_one(
    form: SaleForm,
    value: JsonValue,
    place: &str,
    name: &str,
    findings: &mut Findings,
) -> JsonValue {
    let field = || join(place, name);
    match form {
        SaleForm::Nested => value,
        SaleForm::Flag => flag(value, field, findings),
        SaleForm::Date => date(value, field, findings),
        SaleForm::Decimal(places) => decimal(value, places, field, findings),
        SaleForm::Whole(digits) => whole(value, digits, field, findings),
        SaleForm::Listed { look, meant } => listed(value, look, meant, field, findings),
        SaleForm::Text(shortest, longest) => text_of(value, shortest, longest, field, findings),
        SaleForm::Email => {
            let value = text_of(value, 1, 250, field, findings);
            if value.as_str().is_some_and(|it| !is_email(it)) {
                findings.add(&codes::TEXT, field()).says(text!(
                    "no es una dirección de correo",
                    "this is not an e-mail address"
                ));
            }
            value
        }
    }
}

fn flag(value: JsonValue, field: impl Fn() -> String, findings: &mut Findings) -> JsonValue {
    let read = match value.as_str().map(str::trim) {
        Some("1") => Some(true),
        Some("0") => Some(false),
        _ => value.as_bool(),
    };
    if let Some(read) = read {
        return JsonValue::Bool(read);
    }
    findings.add(&codes::TEXT, field()).says(text!(
        "debe ser true o false",
        "this has to be true or false"
    ));
    value
}

fn date(value: JsonValue, field: impl Fn() -> String, findings: &mut Findings) -> JsonValue {
    let read = value.as_str().ok_or(DateError::Form).and_then(parse_date);
    match read {
        Ok(day) => JsonValue::Text(compact_str::format_compact!(
            "{:02}-{:02}-{:04}",
            day.day(),
            day.month(),
            day.year()
        )),
        Err(error) => {
            findings
                .add(&codes::DATE, field())
                .as_severe_as(Severity::Error)
                .says(Text {
                    es: error.message(Lang::Es).to_owned(),
                    en: error.message(Lang::En).to_owned(),
                })
                .advises(text!(
                    "escriba la fecha como DD-MM-AAAA o AAAA-MM-DD",
                    "write the date as DD-MM-YYYY or YYYY-MM-DD"
                ));
            value
        }
    }
}

/// Why a decimal cannot be read, at its field.
pub(crate) fn decimal_fault(fault: DecimalFault, field: &str, findings: &mut Findings) {
    findings.add(&codes::DECIMALS, field).says(fault.text());
}

fn decimal(
    value: JsonValue,
    places: u32,
    field: impl Fn() -> String,
    findings: &mut Findings,
) -> JsonValue {
    let read = value
        .as_str()
        .ok_or(DecimalFault::NotANumber)
        .and_then(read_decimal);
    let number = match read {
        Ok(number) => number,
        Err(fault) => {
            decimal_fault(fault, &field(), findings);
            return value;
        }
    };
    if number.is_sign_negative() && !number.is_zero() {
        findings.add(&codes::NEGATIVE, field());
    }
    if number.scale() > places && number.normalize().scale() > places {
        findings
            .add(&codes::DECIMALS, field())
            .as_severe_as(Severity::Observacion)
            .expected(rounded(number, places))
            .says(text!(
                "tiene más de {places} decimales, que NubeFact redondea",
                "it has over {places} decimals, which NubeFact rounds"
            ))
            .advises(text!("redondéelo", "round it"));
    }
    as_number(number, value)
}

fn rounded(number: Decimal, places: u32) -> Decimal {
    number.round_dp_with_strategy(places, rust_decimal::RoundingStrategy::MidpointAwayFromZero)
}

/// The number as it is sent. What came as a plain JSON number stays, digit by digit.
fn as_number(number: Decimal, value: JsonValue) -> JsonValue {
    match value {
        JsonValue::Number(text) if text.bytes().all(|b| b.is_ascii_digit() || b == b'.') => {
            JsonValue::Number(text)
        }
        _ => JsonValue::Number(number.to_compact_string()),
    }
}

fn whole(
    value: JsonValue,
    digits: usize,
    field: impl Fn() -> String,
    findings: &mut Findings,
) -> JsonValue {
    let Some(number) = super::document::whole_of(&value) else {
        findings.add(&codes::DECIMALS, field()).says(text!(
            "debe ser un número entero; dígitos como máximo: {digits}",
            "this has to be a whole number; most digits: {digits}"
        ));
        return value;
    };
    if number.checked_ilog10().unwrap_or(0) as usize >= digits {
        findings.add(&codes::LENGTH, field()).says(text!(
            "el número es muy largo; dígitos como máximo: {digits}",
            "the number is too long; most digits: {digits}"
        ));
    }
    JsonValue::number(number)
}

fn listed(
    value: JsonValue,
    look: fn(u32, &str) -> CodeLook,
    meant: fn(&str) -> Option<u8>,
    field: impl Fn() -> String,
    findings: &mut Findings,
) -> JsonValue {
    let written = value.as_str().unwrap_or_default().trim();
    let number = super::document::whole_of(&value);
    let right = match number.map(|number| (number, look(number, written))) {
        Some((number, CodeLook::Known)) => return JsonValue::number(number),
        Some((_, CodeLook::Wrong(right))) => right,
        None => meant(written).map(|it| it.to_string()),
    };
    let finding = findings.add(&codes::CATALOG, field());
    if let Some(right) = right {
        finding.expected(&right).advises(text!(
            "en NubeFact el código es {right}",
            "NubeFact's code for it is {right}"
        ));
    }
    value
}

fn text_of(
    value: JsonValue,
    shortest: usize,
    longest: usize,
    field: impl Fn() -> String,
    findings: &mut Findings,
) -> JsonValue {
    let text: CompactString = match value {
        JsonValue::Text(text) | JsonValue::Number(text) => text,
        other => {
            findings
                .add(&codes::TEXT, field())
                .says(text!("debe ser un texto", "this has to be a text"));
            return other;
        }
    };
    // Bytes are at least as many as characters.
    let length = if text.is_ascii() {
        text.len()
    } else {
        text.chars().count()
    };
    if length < shortest || length > longest {
        let tells = if shortest == longest {
            text!(
                "el largo es {length} y debe ser {longest}",
                "the length is {length} and has to be {longest}"
            )
        } else if length > longest {
            text!(
                "el largo es {length}; el máximo, {longest}",
                "the length is {length}; the most, {longest}"
            )
        } else {
            text!(
                "el largo es {length}; el mínimo, {shortest}",
                "the length is {length}; the least, {shortest}"
            )
        };
        findings.add(&codes::LENGTH, field()).says(tells);
    }
    if needs_a_look(&text) {
        check_characters(&text, &field(), findings);
    }
    JsonValue::Text(text)
}

/// Whether a text may hold something that [`check_characters`] refuses; cheap for the usual one.
fn needs_a_look(text: &str) -> bool {
    text.bytes().any(|b| !(0x20..0x7f).contains(&b))
}

/// XML takes tabs and line breaks, and no other control character.
fn check_characters(text: &str, field: &str, findings: &mut Findings) {
    let refused = |c: char| {
        (c.is_control() && !matches!(c, '\t' | '\n' | '\r')) || matches!(c, '\u{fffe}' | '\u{ffff}')
    };
    if let Some(found) = text.chars().find(|c| refused(*c)) {
        let code = u32::from(found);
        findings.add(&codes::TEXT, field).says(text!(
            "contiene el carácter de control U+{code:04X}",
            "it holds the control character U+{code:04X}"
        ));
    }
}

fn is_email(text: &str) -> bool {
    let Some((name, host)) = text.split_once('@') else {
        return false;
    };
    let plain = |part: &str| {
        !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || "@,;<>\"".contains(c))
    };
    let labels = host.split('.').collect::<Vec<_>>();
    plain(name) && plain(host) && labels.len() > 1 && labels.iter().all(|it| !it.is_empty())
}
