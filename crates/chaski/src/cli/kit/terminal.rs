//! The person at the terminal: whether one may be asked, and what they say.

use std::io::{IsTerminal, Read};

use chaski_core::{Lang, sentence};
use dialoguer::theme::Theme;
use dialoguer::{Input, Password, Select};

use super::args::Global;
use super::interrupt::{interrupted, leave, question};
use crate::app::AppError;

/// Whether a question may be put to the person.
pub(in crate::cli) fn may_ask(global: &Global) -> bool {
    !global.no_input && std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Puts a question to the person; without an answer it is no.
pub(in crate::cli) fn says_yes(question: &str, lang: Lang) -> Result<bool, AppError> {
    let mut answer = String::new();
    self::question(lang, || {
        let yes_or_no = lang.pick("[s/N]", "[y/N]");
        anstream::eprint!("{} {yes_or_no} ", sentence(question));
        std::io::stdin().read_line(&mut answer)
    })?;
    Ok(is_yes(&answer))
}

/// Which of `items` the person chooses, the first where they only press Enter.
pub(in crate::cli) fn choose(
    prompt: String,
    items: &[String],
    lang: Lang,
) -> Result<usize, AppError> {
    let select = Select::with_theme(&AsWritten).with_prompt(prompt);
    let select = select.items(items).default(0);
    let chosen = question(lang, || select.interact_opt());
    chosen
        .unwrap_or_else(|_| left(lang))
        .ok_or(AppError::Interrupted)
}

/// A line of text that the person types.
pub(in crate::cli) fn ask_line(prompt: &str, lang: Lang) -> String {
    let input = Input::<String>::with_theme(&AsWritten).with_prompt(prompt);
    question(lang, || input.interact_text()).unwrap_or_else(|_| left(lang))
}

/// A secret that the person types without it being shown.
pub(in crate::cli) fn ask_secret(asking: Password<'_>, lang: Lang) -> String {
    question(lang, || asking.interact()).unwrap_or_else(|_| left(lang))
}

/// A secret, typed without being shown or piped in; empty where none came.
pub(in crate::cli) fn secret(
    may_ask: bool,
    asking: Password<'_>,
    most_bytes: u64,
    lang: Lang,
) -> Result<String, AppError> {
    if may_ask {
        return Ok(ask_secret(asking, lang));
    }
    piped(most_bytes)
}

/// A question without an answer: Ctrl-C reaches whoever reads the keys too, and may be seen there first.
fn left(lang: Lang) -> ! {
    leave(interrupted(lang))
}

/// Prompts as they are written: a question ends with its own sign.
struct AsWritten;

impl Theme for AsWritten {
    fn format_prompt(&self, f: &mut dyn std::fmt::Write, prompt: &str) -> std::fmt::Result {
        let end = if prompt.contains('?') { "" } else { ":" };
        write!(f, "{prompt}{end}")
    }
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
