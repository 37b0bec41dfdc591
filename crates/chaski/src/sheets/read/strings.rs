//! The shared strings of an xlsx: one buffer and where each text ends in it.

use std::borrow::Cow;

use crate::sheets::{Excess, Limits, SheetError};

/// Shared texts in the order of their index.
#[derive(Default)]
pub(super) struct SharedStrings {
    text: String,
    ends: Vec<u32>,
}

impl SharedStrings {
    pub(super) fn get(&self, index: usize) -> Option<&str> {
        let end = *self.ends.get(index)? as usize;
        let start = match index.checked_sub(1) {
            Some(before) => self.ends[before] as usize,
            None => 0,
        };
        self.text.get(start..end)
    }

    /// Where the text being read is appended.
    pub(super) fn pending(&mut self) -> &mut String {
        &mut self.text
    }

    /// Ends the text being read and says whether it has anything.
    pub(super) fn finish(&mut self, limits: &Limits) -> Result<bool, SheetError> {
        let start = self.ends.last().map_or(0, |end| *end as usize);
        if let Cow::Owned(plain) = unescape_controls(&self.text[start..]) {
            self.text.truncate(start);
            self.text.push_str(&plain);
        }
        let end = u32::try_from(self.text.len()).map_err(|_| limits.beyond(Excess::Text))?;
        self.ends.push(end);
        Ok(self.text.len() > start)
    }

    /// A text counts for 32 bytes more than it has: millions of tiny ones take long to read.
    pub(super) fn refuse_excess(&self, limits: &Limits) -> Result<(), SheetError> {
        if self.text.len() + 32 * self.ends.len() > limits.text_bytes {
            return Err(limits.beyond(Excess::Text));
        }
        Ok(())
    }
}

/// Takes the blanks of a pretty-printed file off the ends of what was read since a place, which
/// `xml:space="preserve"` would have kept.
pub(super) fn trim_since(text: &mut String, start: usize) {
    let layout = |c: char| matches!(c, ' ' | '\t' | '\r' | '\n');
    // Elements nested as no program nests them may have shortened the text since.
    let Some(read) = text.get(start..) else {
        return;
    };
    let kept = read.trim_end_matches(layout);
    let leading = kept.len() - kept.trim_start_matches(layout).len();
    text.truncate(start + kept.len());
    text.drain(start..start + leading);
}

/// Excel writes a control character as `_x000D_`, and such a text itself as `_x005F_x000D_`.
pub(super) fn unescape_controls(text: &str) -> Cow<'_, str> {
    if !text.contains("_x") {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("_x") {
        plain.push_str(&rest[..at]);
        rest = &rest[at..];
        let (piece, read) = match escaped_char(rest) {
            Some(c) => (String::from(c), 7),
            None => ("_x".to_owned(), 2),
        };
        plain.push_str(&piece);
        rest = &rest[read..];
    }
    plain.push_str(rest);
    Cow::Owned(plain)
}

/// The character of an `_xHHHH_` at the beginning of the text.
fn escaped_char(text: &str) -> Option<char> {
    let code = text.get(2..6)?;
    let complete = text.as_bytes().get(6) == Some(&b'_');
    let hexadecimal = code.bytes().all(|byte| byte.is_ascii_hexdigit());
    let code = u32::from_str_radix(code, 16).ok()?;
    char::from_u32(code).filter(|_| complete && hexadecimal)
}
