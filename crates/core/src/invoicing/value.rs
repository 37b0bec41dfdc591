//! JSON whose numbers are kept as they were written: no amount ever passes through a float.
//!
//! `serde_json` turns `0.1` into a float and forgets a key that came twice. Here a number is its
//! text, keys keep their order, and unknown ones are kept, because NubeFact's newer manuals have
//! fields that ours has not.

use compact_str::CompactString;

/// A JSON value. Numbers are their text.
///
/// ```
/// use chaski_core::invoicing::JsonValue;
/// let value = JsonValue::parse(br#"{"total": 13.994799999999998, "serie": "F001"}"#)?;
/// assert_eq!(value.to_string(), r#"{"total":13.994799999999998,"serie":"F001"}"#);
/// # Ok::<(), chaski_core::invoicing::JsonError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub enum JsonValue {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number as it was written. `NaN` and `Infinity`, which some programs write, are kept too:
    /// who reads the field says that they are no decimals.
    Number(CompactString),
    /// A text, without its escapes.
    Text(CompactString),
    /// A list.
    List(Vec<JsonValue>),
    /// An object.
    Object(JsonObject),
}

/// A JSON object: its fields in their order, each name once.
///
/// ```
/// use chaski_core::invoicing::{JsonObject, JsonValue};
/// let mut object = JsonObject::new();
/// object.set("serie", JsonValue::text("F001"));
/// object.set("numero", JsonValue::number(7u32));
/// object.set("serie", JsonValue::text("F002")); // keeps its place
/// assert_eq!(object.to_string(), r#"{"serie":"F002","numero":7}"#);
/// ```
#[derive(Clone, PartialEq, Eq, Default)]
pub struct JsonObject(Vec<(CompactString, JsonValue)>);

impl JsonValue {
    /// A text.
    pub fn text(text: impl AsRef<str>) -> JsonValue {
        JsonValue::Text(CompactString::from(text.as_ref()))
    }

    /// A number, as it prints itself: a `Decimal` with its decimals, an integer.
    pub fn number(number: impl std::fmt::Display) -> JsonValue {
        JsonValue::Number(compact_str::format_compact!("{number}"))
    }

    /// Whether it says nothing: `null`, or a text of blanks, which NubeFact's own examples use.
    pub fn is_absent(&self) -> bool {
        match self {
            JsonValue::Null => true,
            JsonValue::Text(text) => text.trim().is_empty(),
            _ => false,
        }
    }

    /// The text of a text or number; `None` for anything else.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            JsonValue::Text(text) | JsonValue::Number(text) => Some(text),
            _ => None,
        }
    }

    /// A boolean, also where it came as text: `"true"`, `"false"`.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            JsonValue::Bool(value) => Some(*value),
            JsonValue::Text(text) if text.trim().eq_ignore_ascii_case("true") => Some(true),
            JsonValue::Text(text) if text.trim().eq_ignore_ascii_case("false") => Some(false),
            _ => None,
        }
    }

    /// The object that it is.
    pub fn as_object(&self) -> Option<&JsonObject> {
        match self {
            JsonValue::Object(object) => Some(object),
            _ => None,
        }
    }

    /// The elements of the list that it is; none otherwise.
    pub fn elements(&self) -> &[JsonValue] {
        match self {
            JsonValue::List(list) => list,
            _ => &[],
        }
    }

    /// Appends it as JSON: compact, UTF-8, fields in their order.
    pub(crate) fn write(&self, out: &mut String) {
        match self {
            JsonValue::Null => out.push_str("null"),
            JsonValue::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            JsonValue::Number(number) if is_json_number(number) => out.push_str(number),
            JsonValue::Number(text) | JsonValue::Text(text) => write_text(text, out),
            JsonValue::List(list) => {
                out.push('[');
                for (index, value) in list.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    value.write(out);
                }
                out.push(']');
            }
            JsonValue::Object(object) => object.write(out),
        }
    }

    /// The same with the fields of every object sorted by name and numbers without needless zeros:
    /// two documents that say the same have the same text.
    pub(crate) fn canonical(&self) -> JsonValue {
        match self {
            JsonValue::Number(number) => JsonValue::Number(plain_number(number)),
            JsonValue::List(list) => {
                JsonValue::List(list.iter().map(JsonValue::canonical).collect())
            }
            JsonValue::Object(object) => JsonValue::Object(object.canonical()),
            other => other.clone(),
        }
    }
}

impl JsonObject {
    /// Without fields.
    pub fn new() -> JsonObject {
        JsonObject::default()
    }

    /// The field of that name.
    pub fn get(&self, name: &str) -> Option<&JsonValue> {
        self.0
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value)
    }

    /// The field of that name, to be changed in its place.
    pub(crate) fn get_mut(&mut self, name: &str) -> Option<&mut JsonValue> {
        let mut fields = self.0.iter_mut();
        fields.find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// The field of that name, if it says anything: `null` and blank texts are absent.
    pub fn present(&self, name: &str) -> Option<&JsonValue> {
        self.get(name).filter(|value| !value.is_absent())
    }

    /// Replaces the field in its place, or appends it.
    pub fn set(&mut self, name: &str, value: JsonValue) {
        match self.0.iter_mut().find(|(key, _)| key == name) {
            Some((_, place)) => *place = value,
            None => self.push(name, value),
        }
    }

    /// Replaces the field in its place, or puts it behind another one.
    pub(crate) fn set_after(&mut self, before: &str, name: &str, value: JsonValue) {
        let behind = self.0.iter().position(|(key, _)| key == before);
        match behind {
            Some(index) if self.get(name).is_none() => {
                self.0.insert(index + 1, (CompactString::from(name), value));
            }
            _ => self.set(name, value),
        }
    }

    /// Appends a field whose name is known to be new.
    pub(crate) fn push(&mut self, name: &str, value: JsonValue) {
        self.0.push((CompactString::from(name), value));
    }

    /// Takes a field out.
    pub fn remove(&mut self, name: &str) -> Option<JsonValue> {
        let index = self.0.iter().position(|(key, _)| key == name)?;
        Some(self.0.remove(index).1)
    }

    /// Names and values in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &JsonValue)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// How many fields there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn from_fields(fields: Vec<(CompactString, JsonValue)>) -> JsonObject {
        JsonObject(fields)
    }

    pub(crate) fn write(&self, out: &mut String) {
        out.push('{');
        for (index, (key, value)) in self.0.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            write_text(key, out);
            out.push(':');
            value.write(out);
        }
        out.push('}');
    }

    pub(crate) fn canonical(&self) -> JsonObject {
        let mut fields: Vec<_> = self
            .0
            .iter()
            .map(|(key, value)| (key.clone(), value.canonical()))
            .collect();
        fields.sort_by(|(one, _), (other, _)| one.cmp(other));
        JsonObject(fields)
    }
}

impl std::fmt::Display for JsonValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut out = String::new();
        self.write(&mut out);
        f.write_str(&out)
    }
}

impl std::fmt::Display for JsonObject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut out = String::new();
        self.write(&mut out);
        f.write_str(&out)
    }
}

/// Names of fields only: values may be personal data.
impl std::fmt::Debug for JsonValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            JsonValue::Null => f.write_str("null"),
            JsonValue::Bool(_) => f.write_str("bool"),
            JsonValue::Number(_) => f.write_str("number"),
            JsonValue::Text(_) => f.write_str("text"),
            JsonValue::List(list) => write!(f, "[{}]", list.len()),
            JsonValue::Object(object) => object.fmt(f),
        }
    }
}

/// Names of fields only: values may be personal data.
impl std::fmt::Debug for JsonObject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set()
            .entries(self.0.iter().map(|(key, _)| key))
            .finish()
    }
}

/// Whether a text is a number by the grammar of JSON.
pub(crate) fn is_json_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match digits.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (
            mantissa,
            Some(exponent.strip_prefix(['+', '-']).unwrap_or(exponent)),
        ),
        None => (digits, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let all_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    all_digits(whole)
        && (whole.len() == 1 || !whole.starts_with('0'))
        && fraction.is_none_or(all_digits)
        && exponent.is_none_or(all_digits)
}

/// The number without zeros that say nothing: `18.00` is `18`. Numbers with an exponent stay.
fn plain_number(number: &str) -> CompactString {
    if !number.contains('.') || number.contains(['e', 'E']) {
        return CompactString::from(number);
    }
    CompactString::from(number.trim_end_matches('0').trim_end_matches('.'))
}

/// A text as JSON: quotes, backslashes and control characters escaped, everything else as it is.
fn write_text(text: &str, out: &mut String) {
    out.push('"');
    let mut written = 0;
    for (index, byte) in text.bytes().enumerate() {
        let escape = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            0x08 => "\\b",
            0x0c => "\\f",
            0x00..=0x1f => "\\u00",
            _ => continue,
        };
        out.push_str(&text[written..index]);
        out.push_str(escape);
        if escape == "\\u00" {
            out.push(char::from(b'0' + (byte >> 4)));
            out.push(char::from(b"0123456789abcdef"[usize::from(byte & 0xf)]));
        }
        written = index + 1;
    }
    out.push_str(&text[written..]);
    out.push('"');
}

impl IntoIterator for JsonObject {
    type Item = (CompactString, JsonValue);
    type IntoIter = std::vec::IntoIter<(CompactString, JsonValue)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}
