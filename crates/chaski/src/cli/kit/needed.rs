//! What the commands need, worked out of what was typed, the environment and the files.

use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chaski_client::Ask;
use chaski_core::{Lang, text};

use super::args::{Format, FreshnessArgs, Global};
use super::overwrite::Overwrite;
use super::terminal::may_ask;
use crate::app::{AppError, WantedMode};
use crate::config::{
    Config, ConfigError, Layers, Origin, ServerAddress, Surroundings, holds_password,
    is_database_url, parse_duration,
};
use crate::store::{Asker, Channel};

/// An option of the command line that is a key of the configuration: its name, the key, the value.
type Flag = (&'static str, &'static str, String);

/// Configuration and manners of one run.
#[expect(clippy::struct_excessive_bools, reason = "each is a manner of its own")]
pub(in crate::cli) struct Needed {
    pub(in crate::cli) config: Config,
    pub(in crate::cli) layers: Layers,
    pub(in crate::cli) around: Surroundings,
    pub(in crate::cli) config_file: Option<PathBuf>,
    flags: Vec<Flag>,
    pub(in crate::cli) wish: WantedMode,
    pub(in crate::cli) format: Option<Format>,
    pub(in crate::cli) output: Option<PathBuf>,
    pub(in crate::cli) quiet: bool,
    pub(in crate::cli) verbose: u8,
    pub(in crate::cli) colour: bool,
    /// Width that tables must keep to when it is not the terminal that says it.
    pub(in crate::cli) columns: Option<u16>,
    /// Whether a question may be put to the person.
    pub(in crate::cli) may_ask: bool,
    pub(in crate::cli) yes: bool,
    /// What may be overwritten.
    pub(in crate::cli) overwrite: Overwrite,
    pub(in crate::cli) timeout: Option<Duration>,
    /// Server that look-ups ask, if they ask one.
    pub(in crate::cli) server: Option<ServerAddress>,
}

impl Needed {
    /// Works it out. `mending` says that the command is there to put the configuration right: a
    /// broken one is then no reason to stop.
    pub(in crate::cli) fn new(
        global: Global,
        around: Surroundings,
        mending: bool,
    ) -> Result<Needed, AppError> {
        refuse_together(&global)?;
        let dir = global.dir.as_ref().map(|dir| dir.display().to_string());
        let flags = [
            ("--lang", "lang", global.lang.clone()),
            ("--dir", "dir", dir),
            (
                "--database-url",
                "database_url",
                global.database_url.clone(),
            ),
            ("--server", "server", global.server.clone()),
        ];
        let flags: Vec<Flag> = flags
            .into_iter()
            .filter_map(|(flag, key, value)| Some((flag, key, value?)))
            .collect();
        let read = Layers::read(&around, global.config.as_deref(), &flags)
            .and_then(|layers| layers.config().map(|config| (layers, config)));
        let (layers, config) = match read {
            Err(_) if mending => defaults_with(&flags, &around)?,
            read => read?,
        };
        let wish = match (global.sandbox, global.real) {
            (true, _) => WantedMode::Sandbox,
            (_, true) => WantedMode::Real,
            _ => WantedMode::None,
        };
        let no_colour = global.no_color || around.variables.contains_key("NO_COLOR");
        if no_colour {
            anstream::ColorChoice::Never.write_global();
        }
        // What says how this machine answers says that it does.
        let here =
            global.dir.is_some() || global.database_url.is_some() || global.sandbox || global.real;
        let may_ask = may_ask(&global);
        let overwrite = Overwrite::new(&global, config.lang, Some(config.dir.clone()));
        Ok(Needed {
            server: config.server.clone().filter(|_| !here),
            wish,
            format: global.format,
            // As in many programs, "-" is the standard output.
            output: global.output.filter(|path| path != Path::new("-")),
            quiet: global.quiet,
            verbose: global.verbose,
            colour: !no_colour && std::io::stdout().is_terminal(),
            columns: around
                .variables
                .get("COLUMNS")
                .and_then(|text| text.parse().ok()),
            may_ask,
            overwrite,
            yes: global.yes,
            timeout: global
                .timeout
                .as_deref()
                .map(|text| duration("--timeout", text))
                .transpose()?,
            config_file: global.config,
            flags,
            config,
            layers,
            around,
        })
    }

    /// The configuration as it is by now, of the same files, variables and options.
    pub(in crate::cli) fn read_again(&self) -> Result<(Layers, Config), AppError> {
        let layers = Layers::read(&self.around, self.config_file.as_deref(), &self.flags)?;
        let config = layers.config()?;
        Ok((layers, config))
    }

    pub(in crate::cli) fn lang(&self) -> Lang {
        self.config.lang
    }

    /// How a command of this run asks.
    pub(in crate::cli) fn ask(&self, freshness: &FreshnessArgs) -> Result<Ask, AppError> {
        let mut ask = self.plain_ask();
        ask.force = freshness.force_refresh;
        ask.max_age = freshness
            .max_age
            .as_deref()
            .map(|text| duration("--max-age", text))
            .transpose()?;
        Ok(ask)
    }

    /// How a command without freshness options asks.
    pub(in crate::cli) fn plain_ask(&self) -> Ask {
        Ask {
            deadline: self.timeout,
            ..Asker::Owner(Channel::Cli).ask()
        }
    }
}

/// A server on the command line is an address, and nothing beside it says that this machine
/// answers.
fn refuse_together(global: &Global) -> Result<(), AppError> {
    if let Some(url) = &global.database_url {
        check_typed_url("--database-url", url)?;
    }
    let Some(server) = global.server.as_deref().filter(|text| !text.is_empty()) else {
        return Ok(());
    };
    if server.parse::<ServerAddress>().is_err() {
        let (es, en) = ServerAddress::WANTED;
        return Err(AppError::Usage(text!(
            "--server debe ser {es}; la llave va en: chaski config set server_key",
            "--server must be {en}; the key goes in: chaski config set server_key"
        )));
    }
    let others = [
        (global.sandbox, "--sandbox"),
        (global.real, "--real"),
        (global.dir.is_some(), "--dir"),
        (global.database_url.is_some(), "--database-url"),
    ];
    match others.into_iter().find(|(typed, _)| *typed) {
        Some((_, other @ ("--dir" | "--database-url"))) => Err(AppError::Usage(text!(
            "--server y {other} no van juntas: los datos están en la carpeta del servidor",
            "--server and {other} do not go together: the data are in the server's folder"
        ))),
        Some((_, other)) => Err(AppError::Usage(text!(
            "--server y {other} no van juntas: la llave decide si responde el proveedor real (chk_live_) o el sandbox (chk_test_)",
            "--server and {other} do not go together: the key decides whether the real upstream (chk_live_) or the sandbox (chk_test_) answers"
        ))),
        None => Ok(()),
    }
}

/// The address of a database on the command line. What is typed there is seen by everybody on the
/// machine, and kept by the history.
pub(in crate::cli) fn check_typed_url(option: &str, url: &str) -> Result<(), AppError> {
    if !is_database_url(url) {
        return Err(AppError::Usage(text!(
            "{option} debe ser una dirección como postgres://usuario@máquina/base",
            "{option} must be an address such as postgres://user@machine/database"
        )));
    }
    if holds_password(url) {
        return Err(AppError::Usage(text!(
            "{option} no lleva contraseña, porque otros la verían: póngala en un archivo que nombre PGPASSFILE, o la dirección entera en uno que nombre CHASKI_DATABASE_URL_FILE",
            "{option} takes no password, which others would see: put it in a file named by PGPASSFILE, or the whole address in one named by CHASKI_DATABASE_URL_FILE"
        )));
    }
    Ok(())
}

fn defaults_with(flags: &[Flag], around: &Surroundings) -> Result<(Layers, Config), ConfigError> {
    let mut layers = Layers::defaults();
    // Those that are right: a token must not be tried at an address that nobody named.
    drop(layers.add_variables(around));
    layers.add_surroundings(around)?;
    for (flag, key, value) in flags {
        layers.set_text(key, value, Origin::Flag(flag))?;
    }
    let config = layers.config()?;
    Ok((layers, config))
}

fn duration(flag: &str, text: &str) -> Result<Duration, AppError> {
    parse_duration(text).ok_or_else(|| {
        AppError::Usage(text!(
            "{flag}: «{text}» no es un tiempo; use por ejemplo 500ms, 10s, 15m, 24h",
            "{flag}: \"{text}\" is not a time; use for instance 500ms, 10s, 15m, 24h"
        ))
    })
}

/// The language before anything is parsed: errors of the parser need one.
pub(in crate::cli) fn language(arguments: &[OsString], around: &Surroundings) -> Lang {
    let mut words = arguments.iter().filter_map(|word| word.to_str());
    let typed = loop {
        match words.next() {
            Some("--lang") => break words.next().map(str::to_owned),
            Some(word) => {
                if let Some(lang) = word.strip_prefix("--lang=") {
                    break Some(lang.to_owned());
                }
            }
            None => break None,
        }
    };
    let wanted = typed.or_else(|| around.variables.get("CHASKI_LANG").cloned());
    match wanted.as_deref() {
        Some("en") => Lang::En,
        Some(_) => Lang::Es,
        // A broken file is reported later, in Spanish.
        None => Layers::read(around, None, &[])
            .and_then(|layers| layers.config())
            .map_or(Lang::Es, |config| config.lang),
    }
}
