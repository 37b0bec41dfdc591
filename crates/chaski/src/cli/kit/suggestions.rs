//! What a person meant who typed something else: the command that does it.

use std::ffi::OsString;
use std::path::Path;

use chaski_core::{Text, parse_date, text};
use clap::error::{ContextKind, ErrorKind};
use clap::{Command, Error};

use super::typed::{path_of, repeatable, shown};

/// What people call things, and the command that does them.
#[rustfmt::skip]
const CALLED: [(&str, &str); 20] = [
    ("buscar", "ruc"), ("consulta", "ruc"), ("consultar", "ruc"), ("rucs", "ruc"), ("sunat", "ruc"),
    ("excel", "ruc lote"), ("lista", "ruc lote"), ("masivo", "ruc lote"),
    ("reniec", "dni"), ("persona", "dni"),
    ("cambio", "tipo-cambio"), ("dolar", "tipo-cambio"), ("dólar", "tipo-cambio"), ("tc", "tipo-cambio"),
    ("clientes", "partners listar"), ("proveedores", "partners listar"),
    ("copia", "backup"), ("saldo", "cuenta"), ("servidor", "serve"), ("token", "config set migo.token"),
];

/// What the error suggests of what was typed; none where the parser knows better.
pub(super) fn of(error: &Error, arguments: &[OsString], command: &Command) -> Option<Text> {
    match error.kind() {
        ErrorKind::InvalidSubcommand => {
            let typed = shown(error, ContextKind::InvalidSubcommand);
            let path = path_of(arguments, command);
            // Below `tipo-cambio` there are commands too: a date is none of them.
            if let Some(date) = for_date(&typed, &path) {
                return Some(date);
            }
            let meant = for_number(&typed).or_else(|| for_word(&typed, &path, command))?;
            Some(text!("¿quiso decir {meant}?", "did you mean {meant}?"))
        }
        ErrorKind::UnknownArgument => {
            let extra = shown(error, ContextKind::InvalidArg);
            if extra.starts_with('-') {
                return None;
            }
            of_extra(&extra, arguments, &path_of(arguments, command))
        }
        ErrorKind::MissingRequiredArgument if path_of(arguments, command) == "chaski ruc lote" => {
            Some(text!(
                "por ejemplo: chaski ruc lote clientes.xlsx -o resultado.xlsx",
                "for instance: chaski ruc lote clientes.xlsx -o resultado.xlsx"
            ))
        }
        _ => None,
    }
}

/// A date without the option that takes it.
fn for_date(typed: &str, path: &str) -> Option<Text> {
    let is_date = path == "chaski tipo-cambio" && parse_date(typed).is_ok();
    is_date.then(|| {
        text!(
            "¿quiso decir --fecha {typed}?",
            "did you mean --fecha {typed}?"
        )
    })
}

/// A number, or a list, where a command was expected: the command it wants. A DNI is not repeated.
fn for_number(typed: &str) -> Option<String> {
    let digits = typed.bytes().all(|byte| byte.is_ascii_digit());
    match typed.len() {
        8 if digits => Some("chaski dni <DNI>".to_owned()),
        9..=13 if digits => Some(format!("chaski ruc {}", repeatable(typed))),
        _ if is_list(typed) => Some(format!(
            "chaski ruc lote {} -o resultado.xlsx",
            repeatable(typed)
        )),
        _ => None,
    }
}

/// A word that is a command elsewhere, or in capitals, or what people call one.
fn for_word(typed: &str, path: &str, command: &Command) -> Option<String> {
    let word = typed.to_lowercase();
    let within = |command: &Command| {
        let mut inner = command.get_subcommands();
        inner.any(|it| it.get_name() == word)
    };
    if path == "chaski" {
        if word != typed && within(command) {
            return Some(format!("chaski {word}"));
        }
        if let Some((_, meant)) = CALLED.iter().find(|(called, _)| *called == word) {
            return Some(format!("chaski {meant}"));
        }
        let parent = command.get_subcommands().find(|it| within(it))?;
        return Some(format!("chaski {} {word}", parent.get_name()));
    }
    // A command that stands at the top, typed below another one.
    within(command).then(|| format!("chaski {word}"))
}

/// One word too many: a date, the second part of a name with blanks, or the file of the result.
fn of_extra(extra: &str, arguments: &[OsString], path: &str) -> Option<Text> {
    if let Some(date) = for_date(extra, path) {
        return Some(date);
    }
    if !is_list(extra) {
        return None;
    }
    let at = arguments.iter().position(|word| word == extra)?;
    let before = arguments[..at].last()?.to_str()?;
    if is_list(before) {
        return Some(text!(
            "si es el archivo del resultado: -o {extra}",
            "if it is the file of the result: -o {extra}"
        ));
    }
    Some(text!(
        "si el nombre lleva espacios, póngalo entre comillas: \"{before} {extra}\"",
        "if the name has blanks, put it in quotes: \"{before} {extra}\""
    ))
}

fn is_list(name: &str) -> bool {
    let extension = Path::new(name).extension();
    extension.is_some_and(|it| {
        ["xlsx", "xls", "ods", "csv", "txt"]
            .iter()
            .any(|known| it.eq_ignore_ascii_case(known))
    })
}
