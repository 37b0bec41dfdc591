//! The parser's complaints, in the person's language and with what to do.

use std::ffi::OsString;
use std::process::ExitCode;

use anstyle::{AnsiColor, Style};
use chaski_core::{Lang, sentence, text};
use clap::error::{ContextKind, ErrorKind};
use clap::{Command, Error};

use super::numbers::NotWhole;
use super::suggestions;
use super::typed::{likeliest, path_of, repeatable, shown};
use crate::cli::config::key_for;
use crate::config::looks_like_token;
use crate::telemetry::{line, writes_json};

/// Prints the help that was asked for, or what is wrong with what was typed.
pub(in crate::cli) fn exit(
    error: &Error,
    arguments: &[OsString],
    command: &Command,
    lang: Lang,
) -> ExitCode {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            // A closed pipe is not a failure: help into `head`.
            drop(error.print());
            ExitCode::SUCCESS
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            drop(error.print());
            ExitCode::from(2)
        }
        _ if writes_json() => {
            let hint = hint(error, arguments, command, lang)
                .map_or_else(String::new, |hint| format!("; {hint}"));
            let text = sentence(&format!("{}{hint}", explain(error, lang)));
            line("ERROR", &text, serde_json::Map::new());
            ExitCode::from(2)
        }
        _ => {
            let style = Style::new().fg_color(Some(AnsiColor::Red.into())).bold();
            let message = sentence(&explain(error, lang));
            anstream::eprintln!("{style}Error{style:#}: {message}");
            if let Some(hint) = hint(error, arguments, command, lang) {
                anstream::eprintln!("  {}", sentence(&hint));
            }
            let path = path_of(arguments, command);
            let help = lang.pick("Vea las opciones con", "See the options with");
            anstream::eprintln!("  {help}: {path} --help");
            ExitCode::from(2)
        }
    }
}

/// What to do with a token or key that was typed where it does not belong; it is not repeated.
pub(in crate::cli) fn token_misplaced(typed: &str, lang: Lang) -> String {
    let key = key_for(typed);
    text!(
        "eso parece un token o una llave: no va en la línea de comandos, donde queda en el historial. Configúrelo con: chaski config set {key} (lo pedirá sin mostrarlo)",
        "that looks like a token or a key: it does not belong on the command line, where the history keeps it. Set it with: chaski config set {key} (it is asked for without showing it)"
    )
    .pick(lang)
}

/// What is wrong with a number that cannot be read, or is a token: its code, what to do, and the exit
/// code.
pub(in crate::cli) fn unreadable(
    typed: &str,
    (code, message): (&'static str, String),
    lang: Lang,
) -> (&'static str, String, u8) {
    if looks_like_token(typed) {
        return ("token_fuera_de_lugar", token_misplaced(typed, lang), 2);
    }
    (code, message, 3)
}

fn explain(error: &Error, lang: Lang) -> String {
    if let Some(token) = token_in(error) {
        return token_misplaced(&token, lang);
    }
    let argument = shown(error, ContextKind::InvalidArg);
    let subcommand = repeatable(&shown(error, ContextKind::InvalidSubcommand));
    let value = repeatable(&shown(error, ContextKind::InvalidValue));
    let text = match error.kind() {
        ErrorKind::UnknownArgument if !argument.starts_with('-') => {
            let argument = repeatable(&argument);
            text!("sobra «{argument}»", "\"{argument}\" is one word too many")
        }
        ErrorKind::UnknownArgument => {
            let argument = repeatable(&argument);
            text!(
                "no existe la opción «{argument}»",
                "there is no option \"{argument}\""
            )
        }
        ErrorKind::InvalidSubcommand => text!(
            "no existe el comando «{subcommand}»",
            "there is no command \"{subcommand}\""
        ),
        ErrorKind::MissingRequiredArgument if argument == "<LISTA>" || argument == "<LIST>" => {
            text!(
                "falta el archivo de la lista",
                "the file of the list is missing"
            )
        }
        ErrorKind::MissingRequiredArgument => text!("falta {argument}", "{argument} is missing"),
        ErrorKind::MissingSubcommand => text!("falta el comando", "the command is missing"),
        ErrorKind::ArgumentConflict => match shown(error, ContextKind::PriorArg) {
            prior if prior.is_empty() || prior == argument => text!(
                "{argument} está repetida: escríbala una sola vez",
                "{argument} is repeated: write it once"
            ),
            prior => text!(
                "{argument} no se puede usar junto con {prior}",
                "{argument} cannot be used with {prior}"
            ),
        },
        ErrorKind::InvalidValue | ErrorKind::ValueValidation if value.is_empty() => {
            text!("{argument} necesita un valor", "{argument} needs a value")
        }
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => text!(
            "«{value}» no es un valor válido para {argument}",
            "\"{value}\" is not a valid value for {argument}"
        ),
        ErrorKind::InvalidUtf8 => {
            text!("hay un texto que no es UTF-8", "some text is not UTF-8")
        }
        _ => text!(
            "no se entiende {argument}",
            "cannot make sense of {argument}"
        ),
    };
    text.pick(lang)
}

/// The token, or the option that would bring one.
fn token_in(error: &Error) -> Option<String> {
    let places = [
        ContextKind::InvalidArg,
        ContextKind::InvalidSubcommand,
        ContextKind::InvalidValue,
    ];
    places
        .into_iter()
        .map(|place| shown(error, place))
        .find(|text| names_token(text))
}

/// Whether it is a token, or an option that would bring one.
fn names_token(text: &str) -> bool {
    let name = text.split(['=', ' ']).next().unwrap_or_default();
    matches!(name, "--token" | "--api-key" | "--migo-token") || looks_like_token(text)
}

fn hint(error: &Error, arguments: &[OsString], command: &Command, lang: Lang) -> Option<String> {
    if token_in(error).is_some() {
        return None;
    }
    if let Some(said) = suggestions::of(error, arguments, command) {
        return Some(said.pick(lang));
    }
    let source = std::error::Error::source(error);
    if let Some(number) = source.and_then(|it| it.downcast_ref::<NotWhole>()) {
        return Some(number.message(lang));
    }
    let suggested = [
        ContextKind::SuggestedArg,
        ContextKind::SuggestedSubcommand,
        ContextKind::SuggestedValue,
    ]
    .into_iter()
    .find_map(|kind| likeliest(error, kind));
    if let Some(name) = suggested {
        return Some(text!("¿quiso decir {name}?", "did you mean {name}?").pick(lang));
    }
    let valid = [ContextKind::ValidValue, ContextKind::ValidSubcommand]
        .into_iter()
        .map(|kind| shown(error, kind))
        .find(|text| !text.is_empty())?;
    Some(text!("puede ser: {valid}", "it may be: {valid}").pick(lang))
}
