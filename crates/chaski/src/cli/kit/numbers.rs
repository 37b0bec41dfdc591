//! Numbers as options take them.

use std::collections::HashSet;
use std::ffi::OsString;

use chaski_core::{Lang, text};
use clap::Command;

/// What was typed where a whole number is needed, and is none.
#[derive(Debug, thiserror::Error)]
#[error("not a whole number from {least} on")]
pub(in crate::cli) struct NotWhole {
    least: u64,
    /// It would be one, but for its size.
    too_large: bool,
}

impl NotWhole {
    /// What the option takes.
    pub(in crate::cli) fn message(&self, lang: Lang) -> String {
        let least = self.least;
        let text = if self.too_large {
            text!("es demasiado grande", "it is too large")
        } else {
            text!(
                "debe ser un número entero, {least} o más",
                "it must be a whole number, {least} or more"
            )
        };
        text.pick(lang)
    }
}

/// A whole number of at least so much.
pub(in crate::cli) fn whole<T: TryFrom<u64>, const LEAST: u64>(text: &str) -> Result<T, NotWhole> {
    let number = text.parse().ok().filter(|number| *number >= LEAST);
    let number = number.and_then(|number| T::try_from(number).ok());
    number.ok_or_else(|| NotWhole {
        least: LEAST,
        too_large: text.len() > 9 && text.bytes().all(|byte| byte.is_ascii_digit()),
    })
}

/// Makes `--limite -3` the value that it is meant as, which the parser takes for an option `-3`:
/// then the option says what is wrong with it. The same for times, dates and whatever has a value.
pub(in crate::cli) fn join_negative(arguments: Vec<OsString>, command: &Command) -> Vec<OsString> {
    let mut options = HashSet::new();
    collect_options(command, &mut options);
    let mut joined: Vec<OsString> = Vec::with_capacity(arguments.len());
    let mut all_data = false;
    for word in arguments {
        let negative = word.to_str().is_some_and(begins_negative);
        all_data |= word == "--";
        match joined.last_mut() {
            Some(option) if negative && !all_data && takes_value(option, &options) => {
                option.push("=");
                option.push(word);
            }
            _ => joined.push(word),
        }
    }
    joined
}

fn begins_negative(word: &str) -> bool {
    let after = word.strip_prefix('-').unwrap_or_default();
    after.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '.' | ','))
}

fn takes_value(word: &OsString, options: &HashSet<String>) -> bool {
    let name = word.to_str().and_then(|word| word.strip_prefix("--"));
    name.is_some_and(|name| options.contains(name))
}

fn collect_options(command: &Command, names: &mut HashSet<String>) {
    for arg in command.get_arguments() {
        if arg.get_action().takes_values() {
            let all = arg.get_long_and_visible_aliases().unwrap_or_default();
            names.extend(all.into_iter().map(str::to_owned));
            let hidden = arg.get_all_aliases().unwrap_or_default();
            names.extend(hidden.into_iter().map(str::to_owned));
        }
    }
    for sub in command.get_subcommands() {
        collect_options(sub, names);
    }
}
