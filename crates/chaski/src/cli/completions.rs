//! `chaski completions` and `chaski man`, made from the same command that parses.

use std::path::Path;

use chaski_core::Lang;
use clap::Command;
use clap_complete::Shell;

use super::Done;
use super::kit::args::command;
use super::kit::output::text;
use super::kit::overwrite::Overwrite;
use crate::app::AppError;

pub(super) fn completions(
    shell: Shell,
    overwrite: &Overwrite,
    output: Option<&Path>,
    lang: Lang,
) -> Done {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command(lang), "chaski", &mut script);
    text(overwrite, output, &script)?;
    Ok(0)
}

pub(super) fn man(
    folder: Option<&Path>,
    overwrite: &Overwrite,
    output: Option<&Path>,
    lang: Lang,
) -> Done {
    let Some(folder) = folder else {
        text(overwrite, output, &page(command(lang), lang)?)?;
        return Ok(0);
    };
    std::fs::create_dir_all(folder).map_err(AppError::file(folder))?;
    let mut whole = command(lang);
    whole.build();
    pages(&whole, "chaski", overwrite, folder, lang)?;
    Ok(0)
}

/// One page per command, named by its whole path: `chaski-ruc-lote.1`.
fn pages(
    command: &Command,
    name: &str,
    overwrite: &Overwrite,
    folder: &Path,
    lang: Lang,
) -> Result<(), AppError> {
    let path = folder.join(format!("{name}.1"));
    let named = command.clone().name(name.to_owned()).display_name(name);
    text(overwrite, Some(&path), &page(named, lang)?)?;
    for inner in command.get_subcommands() {
        let name = format!("{name}-{}", inner.get_name());
        pages(inner, &name, overwrite, folder, lang)?;
    }
    Ok(())
}

fn page(command: Command, lang: Lang) -> Result<Vec<u8>, AppError> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command).render(&mut page)?;
    Ok(match lang {
        Lang::Es => in_spanish(&String::from_utf8_lossy(&page)).into_bytes(),
        Lang::En => page,
    })
}

/// The headings that the generator only knows in English.
fn in_spanish(page: &str) -> String {
    const HEADINGS: [(&str, &str); 6] = [
        (".SH NAME", ".SH NOMBRE"),
        (".SH SYNOPSIS", ".SH SINOPSIS"),
        (".SH DESCRIPTION", ".SH DESCRIPCIÓN"),
        (".SH OPTIONS", ".SH OPCIONES"),
        (".SH EXTRA", ".SH EJEMPLOS"),
        (".SH VERSION", ".SH VERSIÓN"),
    ];
    let line = |line: &str| {
        let found = HEADINGS.iter().find(|(english, _)| *english == line);
        found.map_or_else(|| line.to_owned(), |(_, spanish)| (*spanish).to_owned())
    };
    let lines: Vec<String> = page.lines().map(line).collect();
    lines.join("\n") + "\n"
}
