//! `chaski completions` and `chaski man`, made from the same command that parses.

use std::path::Path;

use chaski_core::Lang;
use clap_complete::Shell;

use super::Done;
use super::args::command;
use super::output::to_stdout;

pub(super) fn completions(shell: Shell, lang: Lang) -> Done {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut command(lang), "chaski", &mut text);
    to_stdout(&text)?;
    Ok(0)
}

pub(super) fn man(folder: Option<&Path>, lang: Lang) -> Done {
    match folder {
        Some(folder) => {
            std::fs::create_dir_all(folder)?;
            clap_mangen::generate_to(command(lang), folder)?;
        }
        None => {
            let mut text = Vec::new();
            clap_mangen::Man::new(command(lang)).render(&mut text)?;
            to_stdout(&text)?;
        }
    }
    Ok(0)
}
