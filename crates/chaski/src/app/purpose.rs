//! What a look-up about a person is for: the caller says it, and the record of calls keeps it.

use chaski_client::Ask;
use chaski_core::text;
use compact_str::CompactString;

use super::AppError;
use crate::config::Config;

/// A sentence is enough.
const MOST_CHARACTERS: usize = 200;

/// This many digits in a row may be the number of a person, which must not rest in clear.
const DIGITS_OF_A_NUMBER: usize = 8;

/// A purpose as it may be kept.
pub fn purpose(text: &str) -> Result<CompactString, AppError> {
    let text = text.trim();
    let too_long = text.chars().count() > MOST_CHARACTERS;
    if text.is_empty() || too_long || text.contains(char::is_control) {
        return Err(AppError::Usage(text!(
            "el motivo debe ser una línea de hasta {MOST_CHARACTERS} caracteres",
            "the purpose must be one line of at most {MOST_CHARACTERS} characters"
        )));
    }
    let mut digits = text.split(|c: char| !c.is_ascii_digit());
    if digits.any(|run| run.len() >= DIGITS_OF_A_NUMBER) {
        return Err(AppError::Usage(text!(
            "no escriba números de documento en el motivo: queda en el registro tal cual",
            "do not write a document number in the purpose: the record keeps it as it is"
        )));
    }
    Ok(text.into())
}

/// A question about a person says what it is for, where the owner demands that.
pub(super) fn check(config: &Config, ask: &Ask) -> Result<(), AppError> {
    match &ask.purpose {
        Some(text) => purpose(text).map(drop),
        None if config.require_purpose => Err(AppError::NoPurpose),
        None => Ok(()),
    }
}
