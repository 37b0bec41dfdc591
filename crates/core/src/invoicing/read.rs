//! Reads JSON text into [`JsonValue`]s: exact, bounded, and with the field named in every error.
//!
//! One pass. What `serde_json` cannot give and is needed here: numbers as their text, a key that
//! comes twice, the name of the field where the text breaks off, and `NaN` told as the fault of the
//! field that holds it. A property test compares what is accepted, and as what, with `serde_json`.

use std::fmt::Write;

use compact_str::CompactString;

use super::value::{JsonObject, JsonValue};
use crate::{Lang, Text, text};

/// Largest document, in bytes.
pub const MOST_BYTES: usize = 8 * 1024 * 1024;
/// Deepest nesting of lists and objects. A document of NubeFact has three levels.
pub const MOST_DEPTH: usize = 32;

/// Why a text cannot be read as a document. It holds no value of the document.
///
/// ```
/// use chaski_core::Lang;
/// use chaski_core::invoicing::JsonValue;
/// let error = JsonValue::parse(br#"{"items": [{"igv": 1, "igv": 2}]}"#).unwrap_err();
/// assert_eq!(error.field(), "items[0].igv");
/// assert_eq!(error.message(Lang::En), "line 1, column 23: the key comes twice");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.message(Lang::Es))]
pub struct JsonError {
    fault: JsonFault,
    /// From the inside out, while the error travels up.
    path: Vec<Step>,
    line: usize,
    column: usize,
}

/// What is wrong with the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum JsonFault {
    TooLarge,
    TooDeep,
    Utf8,
    End,
    Twice,
    Control,
    Escape,
    Number,
    Unexpected(char),
    Trailing,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Key(CompactString),
    Index(usize),
}

impl JsonValue {
    /// Reads a whole text. It may begin with a byte order mark.
    ///
    /// Refused are texts over [`MOST_BYTES`], nesting over [`MOST_DEPTH`], and keys that come twice.
    pub fn parse(text: &[u8]) -> Result<JsonValue, JsonError> {
        if text.len() > MOST_BYTES {
            return Err(JsonError::outside(JsonFault::TooLarge));
        }
        let text = std::str::from_utf8(text).map_err(|error| {
            let before = &text[..error.valid_up_to()];
            let mut error = JsonError::outside(JsonFault::Utf8);
            (error.line, error.column) = place(before);
            error
        })?;
        let mut reader = Reader {
            text,
            at: if text.starts_with('\u{feff}') { 3 } else { 0 },
        };
        reader.blanks();
        let value = reader.value(0)?;
        reader.blanks();
        match reader.peek() {
            None => Ok(value),
            Some(_) => Err(reader.fault(JsonFault::Trailing)),
        }
    }
}

impl JsonError {
    fn outside(fault: JsonFault) -> JsonError {
        JsonError {
            fault,
            path: Vec::new(),
            line: 1,
            column: 1,
        }
    }

    fn inside(mut self, step: Step) -> JsonError {
        self.path.push(step);
        self
    }

    /// The field where reading stopped, such as `items[2].igv`; empty for the document as a whole.
    pub fn field(&self) -> String {
        let mut field = String::new();
        for step in self.path.iter().rev() {
            match step {
                Step::Key(key) if field.is_empty() => field.push_str(key),
                Step::Key(key) => {
                    field.push('.');
                    field.push_str(key);
                }
                Step::Index(index) => {
                    write!(field, "[{index}]").expect("a String takes everything");
                }
            }
        }
        field
    }

    /// What is wrong and where, for people.
    pub fn message(&self, lang: Lang) -> String {
        self.text().pick(lang)
    }

    /// What is wrong and where, in both languages.
    pub fn text(&self) -> Text {
        let what = self.fault.text();
        let (line, column) = (self.line, self.column);
        match self.fault {
            JsonFault::TooLarge => what,
            _ => Text {
                es: format!("línea {line}, columna {column}: {}", what.es),
                en: format!("line {line}, column {column}: {}", what.en),
            },
        }
    }
}

impl JsonFault {
    fn text(self) -> Text {
        match self {
            JsonFault::TooLarge => text!(
                "el documento pasa de {} MiB",
                "the document is over {} MiB",
                MOST_BYTES / 1024 / 1024
            ),
            JsonFault::TooDeep => text!(
                "hay más de {MOST_DEPTH} niveles de anidación",
                "there are over {MOST_DEPTH} levels of nesting"
            ),
            JsonFault::Utf8 => text!(
                "el texto no está en UTF-8: guárdelo en esa codificación",
                "the text is not UTF-8: save it in that encoding"
            ),
            JsonFault::End => text!(
                "el JSON termina antes de tiempo",
                "the JSON ends before it is complete"
            ),
            JsonFault::Twice => text!("la clave está repetida", "the key comes twice"),
            JsonFault::Control => text!(
                "hay un salto de línea u otro carácter de control dentro de un texto: escríbalo como \\n",
                "there is a line break or another control character in a text: write it as \\n"
            ),
            JsonFault::Escape => text!(
                "secuencia de escape inválida dentro de un texto",
                "invalid escape in a text"
            ),
            JsonFault::Number => text!("número mal escrito", "malformed number"),
            JsonFault::Unexpected(found) => {
                let found = if found.is_control() { ' ' } else { found };
                text!("no se esperaba «{found}»", "did not expect «{found}»")
            }
            JsonFault::Trailing => text!(
                "hay texto después del documento",
                "there is text after the document"
            ),
        }
    }
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Reader<'t> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn fault(&self, fault: JsonFault) -> JsonError {
        let mut error = JsonError::outside(fault);
        (error.line, error.column) = place(&self.text.as_bytes()[..self.at]);
        error
    }

    /// What stands here fits nowhere.
    fn unexpected(&self) -> JsonError {
        match self
            .text
            .get(self.at..)
            .and_then(|rest| rest.chars().next())
        {
            Some(found) => self.fault(JsonFault::Unexpected(found)),
            None => self.fault(JsonFault::End),
        }
    }

    fn value(&mut self, depth: usize) -> Result<JsonValue, JsonError> {
        match self.peek() {
            Some(b'{') => self.object(depth + 1),
            Some(b'[') => self.list(depth + 1),
            Some(b'"') => self.string().map(JsonValue::Text),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true", JsonValue::Bool(true)),
            Some(b'f') => self.word("false", JsonValue::Bool(false)),
            Some(b'n') => self.word("null", JsonValue::Null),
            Some(b'N') => self.word("NaN", JsonValue::Number("NaN".into())),
            Some(b'I') => self.word("Infinity", JsonValue::Number("Infinity".into())),
            _ => Err(self.unexpected()),
        }
    }

    fn word(&mut self, word: &str, value: JsonValue) -> Result<JsonValue, JsonError> {
        if !self.text.as_bytes()[self.at..].starts_with(word.as_bytes()) {
            return Err(self.unexpected());
        }
        self.at += word.len();
        Ok(value)
    }

    fn object(&mut self, depth: usize) -> Result<JsonValue, JsonError> {
        if depth > MOST_DEPTH {
            return Err(self.fault(JsonFault::TooDeep));
        }
        self.at += 1;
        let mut fields: Vec<(CompactString, JsonValue)> = Vec::new();
        let mut seen = Seen::default();
        self.blanks();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(JsonValue::Object(JsonObject::new()));
        }
        loop {
            self.blanks();
            if self.peek() != Some(b'"') {
                return Err(self.unexpected());
            }
            let began = self.at;
            let key = self.string()?;
            if seen.has(&key, &fields) {
                self.at = began;
                return Err(self.fault(JsonFault::Twice).inside(Step::Key(key)));
            }
            match self.member(depth) {
                Ok(value) => fields.push((key, value)),
                Err(error) => return Err(error.inside(Step::Key(key))),
            }
            self.blanks();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    return Ok(JsonValue::Object(JsonObject::from_fields(fields)));
                }
                _ => return Err(self.unexpected()),
            }
        }
    }

    /// Colon and value.
    fn member(&mut self, depth: usize) -> Result<JsonValue, JsonError> {
        self.blanks();
        if self.peek() != Some(b':') {
            return Err(self.unexpected());
        }
        self.at += 1;
        self.blanks();
        self.value(depth)
    }

    fn list(&mut self, depth: usize) -> Result<JsonValue, JsonError> {
        if depth > MOST_DEPTH {
            return Err(self.fault(JsonFault::TooDeep));
        }
        self.at += 1;
        let mut list = Vec::new();
        self.blanks();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(JsonValue::List(list));
        }
        loop {
            self.blanks();
            match self.value(depth) {
                Ok(value) => list.push(value),
                Err(error) => return Err(error.inside(Step::Index(list.len()))),
            }
            self.blanks();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(JsonValue::List(list));
                }
                _ => return Err(self.unexpected()),
            }
        }
    }

    fn number(&mut self) -> Result<JsonValue, JsonError> {
        let began = self.at;
        let bytes = self.text.as_bytes();
        if bytes[began..].starts_with(b"-Infinity") {
            self.at += "-Infinity".len();
            return Ok(JsonValue::Number("-Infinity".into()));
        }
        while let Some(b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        let number = &self.text[began..self.at];
        if !super::value::is_json_number(number) {
            self.at = began;
            return Err(self.fault(JsonFault::Number));
        }
        Ok(JsonValue::Number(CompactString::from(number)))
    }

    fn string(&mut self) -> Result<CompactString, JsonError> {
        self.at += 1;
        let plain = self.plain_run();
        if self.peek() == Some(b'"') {
            self.at += 1;
            return Ok(CompactString::from(plain));
        }
        let mut string = String::from(plain);
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(CompactString::from(string));
                }
                Some(b'\\') => string.push(self.escape()?),
                Some(0x00..=0x1f) => return Err(self.fault(JsonFault::Control)),
                Some(_) => string.push_str(self.plain_run()),
                None => return Err(self.fault(JsonFault::End)),
            }
        }
    }

    /// Everything up to the next quote, backslash or control character: all of them one byte, so
    /// that no character is cut.
    fn plain_run(&mut self) -> &'t str {
        let began = self.at;
        while self
            .peek()
            .is_some_and(|byte| byte != b'"' && byte != b'\\' && byte > 0x1f)
        {
            self.at += 1;
        }
        &self.text[began..self.at]
    }

    fn escape(&mut self) -> Result<char, JsonError> {
        let began = self.at;
        let wrong = |reader: &mut Self| {
            reader.at = began;
            reader.fault(JsonFault::Escape)
        };
        self.at += 1;
        let Some(letter) = self.peek() else {
            return Err(self.fault(JsonFault::End));
        };
        self.at += 1;
        let character = match letter {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => match self.unicode() {
                Some(character) => character,
                None => return Err(wrong(self)),
            },
            _ => return Err(wrong(self)),
        };
        Ok(character)
    }

    /// Four digits, or twice four where the character is written as a surrogate pair.
    fn unicode(&mut self) -> Option<char> {
        let first = self.four_digits()?;
        if !(0xd800..0xdc00).contains(&first) {
            return char::from_u32(first);
        }
        let rest = self.text.as_bytes().get(self.at..)?;
        if !rest.starts_with(b"\\u") {
            return None;
        }
        self.at += 2;
        let second = self.four_digits()?;
        if !(0xdc00..0xe000).contains(&second) {
            return None;
        }
        char::from_u32(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00))
    }

    fn four_digits(&mut self) -> Option<u32> {
        let digits = self.text.get(self.at..self.at + 4)?;
        if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        self.at += 4;
        u32::from_str_radix(digits, 16).ok()
    }
}

/// Keys of an object that were seen. Small objects are searched; a large one, which no document has
/// but an attacker may send, gets a set, so that reading stays linear.
#[derive(Default)]
struct Seen(Option<std::collections::HashSet<CompactString>>);

impl Seen {
    const SMALL: usize = 96;

    fn has(&mut self, key: &CompactString, fields: &[(CompactString, JsonValue)]) -> bool {
        if fields.len() < Seen::SMALL {
            return fields.iter().any(|(other, _)| other == key);
        }
        let keys = self
            .0
            .get_or_insert_with(|| fields.iter().map(|(key, _)| key.clone()).collect());
        !keys.insert(key.clone())
    }
}

/// Line and column, from 1, of what follows these bytes; columns are characters.
fn place(before: &[u8]) -> (usize, usize) {
    let line = before.split(|byte| *byte == b'\n').count();
    let start = before
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |index| index + 1);
    let characters = before[start..].iter().filter(|byte| **byte & 0xc0 != 0x80);
    (line, characters.count() + 1)
}
