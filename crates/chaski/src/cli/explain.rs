//! The parser's complaints, in the person's language and with what to do.

use std::process::ExitCode;

use chaski_core::Lang;
use clap::Error;
use clap::error::{ContextKind, ContextValue, ErrorKind};

/// Prints the help that was asked for, or what is wrong with what was typed.
pub(super) fn exit(error: &Error, lang: Lang) -> ExitCode {
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
        _ => {
            anstream::eprintln!("error: {}", explain(error, lang));
            if let Some(hint) = hint(error, lang) {
                anstream::eprintln!("  {hint}");
            }
            let help = lang.pick(
                "Vea las opciones con: chaski --help",
                "See the options with: chaski --help",
            );
            anstream::eprintln!("  {help}");
            ExitCode::from(2)
        }
    }
}

fn explain(error: &Error, lang: Lang) -> String {
    let argument = shown(error, ContextKind::InvalidArg);
    let value = shown(error, ContextKind::InvalidValue);
    match (error.kind(), lang) {
        (ErrorKind::UnknownArgument, _) if looks_like_token(&argument) => token_misplaced(lang),
        (ErrorKind::UnknownArgument, Lang::Es) => format!("no existe la opción «{argument}»"),
        (ErrorKind::UnknownArgument, Lang::En) => format!("there is no option \"{argument}\""),
        (ErrorKind::InvalidSubcommand, Lang::Es) => {
            format!(
                "no existe la orden «{}»",
                shown(error, ContextKind::InvalidSubcommand)
            )
        }
        (ErrorKind::InvalidSubcommand, Lang::En) => {
            format!(
                "there is no command \"{}\"",
                shown(error, ContextKind::InvalidSubcommand)
            )
        }
        (ErrorKind::MissingRequiredArgument, Lang::Es) => format!("falta {argument}"),
        (ErrorKind::MissingRequiredArgument, Lang::En) => format!("missing {argument}"),
        (ErrorKind::MissingSubcommand, Lang::Es) => "falta la orden".to_owned(),
        (ErrorKind::MissingSubcommand, Lang::En) => "the command is missing".to_owned(),
        (ErrorKind::ArgumentConflict, Lang::Es) => {
            format!(
                "{argument} no se puede usar junto con {}",
                shown(error, ContextKind::PriorArg)
            )
        }
        (ErrorKind::ArgumentConflict, Lang::En) => {
            format!(
                "{argument} cannot be used with {}",
                shown(error, ContextKind::PriorArg)
            )
        }
        (ErrorKind::InvalidValue | ErrorKind::ValueValidation, Lang::Es) if value.is_empty() => {
            format!("{argument} necesita un valor")
        }
        (ErrorKind::InvalidValue | ErrorKind::ValueValidation, Lang::En) if value.is_empty() => {
            format!("{argument} needs a value")
        }
        (ErrorKind::InvalidValue | ErrorKind::ValueValidation, Lang::Es) => {
            format!("«{value}» no vale para {argument}")
        }
        (ErrorKind::InvalidValue | ErrorKind::ValueValidation, Lang::En) => {
            format!("\"{value}\" is no good for {argument}")
        }
        (ErrorKind::InvalidUtf8, Lang::Es) => "hay un texto que no es UTF-8".to_owned(),
        (ErrorKind::InvalidUtf8, Lang::En) => "some text is not UTF-8".to_owned(),
        (_, Lang::Es) => format!("no se entiende {argument}"),
        (_, Lang::En) => format!("cannot make sense of {argument}"),
    }
}

fn hint(error: &Error, lang: Lang) -> Option<String> {
    let suggested = [
        ContextKind::SuggestedArg,
        ContextKind::SuggestedSubcommand,
        ContextKind::SuggestedValue,
    ]
    .into_iter()
    .map(|kind| shown(error, kind))
    .find(|text| !text.is_empty());
    if let Some(name) = suggested {
        return Some(match lang {
            Lang::Es => format!("¿quiso decir {name}?"),
            Lang::En => format!("did you mean {name}?"),
        });
    }
    let valid = [ContextKind::ValidValue, ContextKind::ValidSubcommand]
        .into_iter()
        .map(|kind| shown(error, kind))
        .find(|text| !text.is_empty())?;
    Some(match lang {
        Lang::Es => format!("valen: {valid}"),
        Lang::En => format!("these are good: {valid}"),
    })
}

fn shown(error: &Error, kind: ContextKind) -> String {
    match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        Some(ContextValue::Strings(texts)) => texts.join(", "),
        Some(ContextValue::StyledStr(text)) => text.to_string(),
        Some(ContextValue::StyledStrs(texts)) => texts
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(", "),
        _ => String::new(),
    }
}

/// Long and made of letters and digits, both: nothing else that is typed here looks like that.
pub(super) fn looks_like_token(text: &str) -> bool {
    let text = text
        .trim_start_matches("--token=")
        .trim_start_matches("--token");
    text.len() >= 24
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '|'))
        && text.chars().any(|c| c.is_ascii_digit())
        && text.chars().any(|c| c.is_ascii_alphabetic())
}

/// What to do with a token that was typed where it does not belong; it is not repeated.
pub(super) fn token_misplaced(lang: Lang) -> String {
    lang.pick(
        "eso parece un token: no va en la línea de órdenes, donde queda en el historial. Configúrelo con: chaski config set migo.token (lo pedirá sin mostrarlo)",
        "that looks like a token: it does not belong on the command line, where the history keeps it. Set it with: chaski config set migo.token (it is asked for without showing it)",
    )
    .to_owned()
}
