//! What was typed, as messages about it say it.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue};
use clap::{Command, Error};

use crate::config::{HIDDEN, looks_like_token};

/// What was typed, fit to be repeated: neither a token nor the number of a person.
pub(in crate::cli) fn repeatable(text: &str) -> String {
    let text = chaski_core::clean(text);
    if looks_like_token(&text) {
        return HIDDEN.to_owned();
    }
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let shown: Vec<char> = text.chars().take(40).collect();
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    // Seven to nine digits are a DNI, or one with a slip; the name of a file has letters.
    if (7..=9).contains(&digits) && letters <= 1 && text.parse::<jiff::civil::Date>().is_err() {
        let (first, last) = (&shown[..2], &shown[shown.len() - 2..]);
        return first.iter().chain(&['*'; 4]).chain(last).collect();
    }
    shown.into_iter().collect()
}

/// The deepest command that was typed, for its help.
pub(super) fn path_of(arguments: &[OsString], command: &Command) -> String {
    let mut path = "chaski".to_owned();
    let mut command = command;
    for word in arguments.iter().skip(1).filter_map(|word| word.to_str()) {
        if let Some(inner) = command.find_subcommand(word) {
            path = format!("{path} {}", inner.get_name());
            command = inner;
        }
    }
    path
}

/// What the parser says of what was typed, as text.
pub(super) fn shown(error: &Error, kind: ContextKind) -> String {
    let text = match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        Some(ContextValue::Strings(texts)) => texts.join(", "),
        Some(ContextValue::StyledStr(text)) => text.to_string(),
        Some(ContextValue::StyledStrs(texts)) => texts
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(", "),
        _ => String::new(),
    };
    text.replace("...", "")
}

/// Of what the parser suggests, what is most like what was typed: it sorts them that way.
pub(super) fn likeliest(error: &Error, kind: ContextKind) -> Option<String> {
    match error.get(kind) {
        Some(ContextValue::Strings(texts)) => texts.last().cloned(),
        _ => Some(shown(error, kind)).filter(|text| !text.is_empty()),
    }
}
