//! A request's JSON, read without losing a digit: numbers stay the text that they were.
//!
//! The vendor's own examples send numbers and booleans as texts and `""` for what is absent, so a
//! field is asked for by what it should be, and whatever can be read as that is taken.

use std::fmt;

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use super::refusal::Refusal;

/// Deeper than any document, and far from the end of the stack.
const DEEPEST: usize = 32;
/// Digits before the point, and after it, of the widest field.
const INTEGER_DIGITS: usize = 12;
const DECIMALS: usize = 10;

/// A value of the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Node {
    Nothing,
    Flag(bool),
    /// A text, or a number as it was written.
    Text(String),
    List(Vec<Node>),
    Form(Form),
}

/// An object of the request.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Form(Vec<(String, Node)>);

impl Form {
    /// `None` where the bytes are no JSON object, or one that is nested too deep.
    pub(crate) fn read(body: &[u8]) -> Option<Form> {
        let raw: &RawValue = serde_json::from_slice(body).ok()?;
        match read_node(raw, DEEPEST)? {
            Node::Form(form) => Some(form),
            _ => None,
        }
    }

    /// Numbers as texts, everything else as it was.
    pub(crate) fn to_value(&self) -> Value {
        let pairs = self.0.iter();
        Value::Object(
            pairs
                .map(|(key, node)| (key.clone(), node.to_value()))
                .collect(),
        )
    }

    /// The last one of that name counts, as in Ruby.
    fn node(&self, key: &str) -> Option<&Node> {
        let found = self.0.iter().rev().find(|(name, _)| name == key);
        found.map(|(_, node)| node)
    }

    /// What a field says; `None` where it is absent, `null` or empty.
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        match self.node(key)? {
            Node::Text(text) => Some(text.trim()).filter(|text| !text.is_empty()),
            Node::Flag(flag) => Some(if *flag { "true" } else { "false" }),
            _ => None,
        }
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        match self.node(key) {
            None | Some(Node::Nothing) => false,
            Some(Node::Text(text)) => !text.trim().is_empty(),
            Some(_) => true,
        }
    }

    /// A text or a number, not a list and not an object.
    pub(crate) fn plain(&self, key: &str) -> Result<Option<&str>, Refusal> {
        match self.node(key) {
            Some(Node::List(_) | Node::Form(_)) => Err(Refusal::format()),
            _ => Ok(self.text(key)),
        }
    }

    /// An amount, a quantity or a percentage; never negative.
    pub(crate) fn decimal(&self, key: &str) -> Result<Option<Decimal>, Refusal> {
        let Some(text) = self.plain(key)? else {
            return Ok(None);
        };
        let wrong = |what: &str| Refusal::reason(format!("{} {what}", words(key)));
        if text.starts_with('-') {
            return Err(wrong("no puede ser negativo"));
        }
        let (integer, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !digits(integer) || !digits(fraction) {
            return Err(wrong("no es un número"));
        }
        let integer = integer.trim_start_matches('0');
        let fraction = fraction.trim_end_matches('0');
        if integer.len() > INTEGER_DIGITS || fraction.len() > DECIMALS {
            return Err(wrong(
                "no es un número válido (hasta 12 enteros y 10 decimales)",
            ));
        }
        let exact = format!("0{integer}.{fraction}0").parse();
        exact.map(Some).map_err(|_| wrong("no es un número"))
    }

    /// An amount that counts as nothing where it is absent.
    pub(crate) fn amount(&self, key: &str) -> Result<Decimal, Refusal> {
        Ok(self.decimal(key)?.unwrap_or_default())
    }

    /// A whole number. `"02"` was seen to be taken for 2.
    pub(crate) fn whole(&self, key: &str) -> Result<Option<u32>, Refusal> {
        let Some(number) = self.decimal(key)? else {
            return Ok(None);
        };
        let whole = number.is_integer().then(|| number.normalize().to_string());
        let whole = whole.and_then(|text| text.parse().ok());
        let wrong = || Refusal::reason(format!("{} debe ser un número entero", words(key)));
        whole.map(Some).ok_or_else(wrong)
    }

    /// Absent is false.
    pub(crate) fn flag(&self, key: &str) -> Result<bool, Refusal> {
        self.flag_or(key, false)
    }

    pub(crate) fn flag_or(&self, key: &str, absent: bool) -> Result<bool, Refusal> {
        match self.plain(key)? {
            None => Ok(absent),
            Some(text) if text.eq_ignore_ascii_case("true") => Ok(true),
            Some(text) if text.eq_ignore_ascii_case("false") => Ok(false),
            Some(_) => Err(Refusal::reason(format!(
                "{} debe ser true o false",
                words(key)
            ))),
        }
    }

    /// `DD-MM-AAAA`; the manual has one field that is `AAAA-MM-DD`, and Ruby reads both.
    pub(crate) fn date(&self, key: &str) -> Result<Option<Date>, Refusal> {
        let Some(text) = self.plain(key)? else {
            return Ok(None);
        };
        let wrong = || {
            Refusal::reason(format!(
                "{} no es una fecha válida (DD-MM-AAAA)",
                words(key)
            ))
        };
        read_date(text).map(Some).ok_or_else(wrong)
    }

    /// The objects of a list; absent, `null` and `""` are an empty one.
    pub(crate) fn list(&self, key: &str) -> Result<Vec<&Form>, Refusal> {
        let nodes = match self.node(key) {
            None | Some(Node::Nothing) => return Ok(Vec::new()),
            Some(Node::Text(text)) if text.trim().is_empty() => return Ok(Vec::new()),
            Some(Node::List(nodes)) => nodes,
            Some(_) => return Err(Refusal::format()),
        };
        let forms = nodes.iter().map(|node| match node {
            Node::Form(form) => Ok(form),
            _ => Err(Refusal::format()),
        });
        forms.collect()
    }

    /// The first character that no document can carry, with the name of its field: those below the
    /// blank, but for tabs and line breaks.
    pub(crate) fn control_character(&self) -> Option<&str> {
        fn is_bad(c: char) -> bool {
            (c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
                || matches!(c, '\u{fffe}' | '\u{ffff}')
        }
        self.0.iter().find_map(|(key, node)| match node {
            Node::Text(text) if text.contains(is_bad) => Some(key.as_str()),
            Node::Form(form) => form.control_character(),
            Node::List(nodes) => nodes.iter().find_map(|node| match node {
                Node::Form(form) => form.control_character(),
                Node::Text(text) if text.contains(is_bad) => Some(key.as_str()),
                _ => None,
            }),
            _ => None,
        })
    }
}

impl Node {
    fn to_value(&self) -> Value {
        match self {
            Node::Nothing => Value::Null,
            Node::Flag(flag) => Value::Bool(*flag),
            Node::Text(text) => Value::String(text.clone()),
            Node::List(nodes) => Value::Array(nodes.iter().map(Node::to_value).collect()),
            Node::Form(form) => form.to_value(),
        }
    }
}

/// A field's name as Ruby's messages write it: `Cliente denominacion`.
pub(crate) fn words(key: &str) -> String {
    let mut words = key.replace('_', " ");
    if let Some(first) = words.get_mut(0..1) {
        first.make_ascii_uppercase();
    }
    words
}

fn read_date(text: &str) -> Option<Date> {
    let parts: Vec<&str> = text.split('-').collect();
    let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
    let [first, month, last] = parts[..] else {
        return None;
    };
    let (year, day) = match lengths[..] {
        [2, 2, 4] => (last, first),
        [4, 2, 2] => (first, last),
        _ => return None,
    };
    if !text.bytes().all(|b| b == b'-' || b.is_ascii_digit()) {
        return None;
    }
    Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()
}

fn read_node(raw: &RawValue, depth: usize) -> Option<Node> {
    let text = raw.get();
    let depth = depth.checked_sub(1)?;
    Some(match text.as_bytes().first()? {
        b'{' => {
            let pairs = serde_json::Deserializer::from_str(text)
                .deserialize_map(Pairs)
                .ok()?;
            let pairs = pairs.into_iter();
            let read = |(key, raw): (String, &RawValue)| Some((key, read_node(raw, depth)?));
            Node::Form(Form(pairs.map(read).collect::<Option<_>>()?))
        }
        b'[' => {
            let items: Vec<&RawValue> = serde_json::from_str(text).ok()?;
            let items = items.into_iter().map(|raw| read_node(raw, depth));
            Node::List(items.collect::<Option<_>>()?)
        }
        b'"' => Node::Text(serde_json::from_str(text).ok()?),
        b't' => Node::Flag(true),
        b'f' => Node::Flag(false),
        b'n' => Node::Nothing,
        _ => Node::Text(text.to_owned()),
    })
}

struct Pairs;

impl<'de> Visitor<'de> for Pairs {
    type Value = Vec<(String, &'de RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = map.next_entry::<String, &'de RawValue>()? {
            pairs.push(pair);
        }
        Ok(pairs)
    }
}
