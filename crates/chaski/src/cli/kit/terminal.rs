//! The person at the terminal: whether one may be asked, and what they say.

use std::io::{IsTerminal, Read};

use chaski_core::Lang;
use dialoguer::Password;

use super::args::Global;
use crate::app::AppError;

/// Whether a question may be put to the person.
pub(in crate::cli) fn may_ask(global: &Global) -> bool {
    !global.no_input && std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Puts a question to the person; without an answer it is no.
pub(in crate::cli) fn says_yes(question: &str, lang: Lang) -> Result<bool, AppError> {
    anstream::eprint!("{question} {} ", lang.pick("[s/N]", "[y/N]"));
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(is_yes(&answer))
}

/// A secret, typed without being shown or piped in; empty where none came.
pub(in crate::cli) fn secret(
    may_ask: bool,
    asking: Password<'_>,
    most_bytes: u64,
) -> Result<String, AppError> {
    if may_ask {
        return asking.interact().map_err(|_| AppError::Interrupted);
    }
    piped(most_bytes)
}

/// What was piped in, no more than that; empty at a terminal.
pub(in crate::cli) fn piped(most_bytes: u64) -> Result<String, AppError> {
    let mut text = String::new();
    let input = std::io::stdin();
    if !input.is_terminal() {
        input.lock().take(most_bytes).read_to_string(&mut text)?;
    }
    Ok(text)
}

fn is_yes(answer: &str) -> bool {
    let answer = answer.trim().to_lowercase();
    matches!(answer.as_str(), "s" | "sí" | "si" | "y" | "yes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yes_in_both_languages() {
        for answer in ["s", "S\n", "sí", "SÍ\r\n", "si", "y", " Yes "] {
            assert!(is_yes(answer), "{answer:?}");
        }
        for answer in ["", "\n", "n", "no", "sn", "ya", "1"] {
            assert!(!is_yes(answer), "{answer:?}");
        }
    }
}
