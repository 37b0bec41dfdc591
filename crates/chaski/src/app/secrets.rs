//! The key of a data folder and what it seals outside the database: the tokens of upstreams.

use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};

use super::{AppError, Mode};
use crate::config::{Config, ConfigError, OutsideKey, SEALED};
use crate::store::MasterKey;

const TOKEN: &str = "migo.token";

/// Parts the sealed digits from the folder whose key sealed them.
const AT: char = '@';

/// The key that a folder is opened with: the one from outside, else the file `llave` in it; a new
/// folder gets one. Invented data keep the key that they began with.
pub(super) fn key_of(config: &Config, mode: Mode, folder: &Path) -> Result<MasterKey, AppError> {
    match existing_key(config, mode, folder)? {
        Some(key) => Ok(key),
        None => Ok(MasterKey::load_or_create(folder)?),
    }
}

/// The key that a folder has, if it has one; none is made.
pub(super) fn existing_key(
    config: &Config,
    mode: Mode,
    folder: &Path,
) -> Result<Option<MasterKey>, AppError> {
    match (&config.key, mode) {
        (Some(outside), Mode::Real) => Ok(Some(outside.key()?)),
        (Some(outside), Mode::Sandbox) => match MasterKey::load(folder)? {
            None => Ok(Some(outside.key()?)),
            own => Ok(own),
        },
        (None, _) => Ok(MasterKey::load(folder)?),
    }
}

/// A token as the configuration file keeps it: sealed with the key from outside, else with that
/// of the data folder, which is then named beside it because it may be a relative one.
pub fn seal_token(config: &Config, token: &str) -> Result<String, AppError> {
    if let Some(outside) = &config.key {
        let digits = outside.key()?.seal_setting(TOKEN, token)?;
        return Ok(format!("{SEALED}{digits}"));
    }
    let digits = MasterKey::of_folder(&config.dir)?.seal_setting(TOKEN, token)?;
    let folder = std::path::absolute(&config.dir).ok();
    let folder = folder.as_ref().and_then(|folder| folder.to_str());
    Ok(match folder {
        Some(folder) => format!("{SEALED}{digits}{AT}{folder}"),
        None => format!("{SEALED}{digits}"),
    })
}

/// Puts the token itself where a sealed one is. A plain one, or none, is left as it is.
pub fn open_token(config: &mut Config) -> Result<(), AppError> {
    let sealed = config
        .token()
        .and_then(|token| token.strip_prefix(SEALED))
        .map(str::to_owned);
    let Some(sealed) = sealed else {
        return Ok(());
    };
    let (digits, folder) = match sealed.split_once(AT) {
        Some((digits, folder)) => (digits, Some(PathBuf::from(folder))),
        None => (sealed.as_str(), None),
    };
    config.migo_token = Some(opened(config, digits, folder)?);
    Ok(())
}

fn opened(
    config: &Config,
    digits: &str,
    folder: Option<PathBuf>,
) -> Result<SecretString, AppError> {
    let outside = config.key.as_ref().map(OutsideKey::key);
    let keys = [
        outside.transpose()?,
        MasterKey::load(&config.dir)?,
        // It may be gone, or belong to somebody else.
        folder.and_then(|folder| MasterKey::load(&folder).ok().flatten()),
    ];
    let mut keys = keys.into_iter().flatten().peekable();
    let any = keys.peek().is_some();
    let found = keys.find_map(|key| key.open_setting(TOKEN, digits));
    found
        .filter(|token| !token.expose_secret().is_empty())
        .ok_or_else(|| sealed_shut(any).into())
}

fn sealed_shut(any_key: bool) -> ConfigError {
    if any_key {
        ConfigError::new(
            "migo.token está sellado con otra llave: indique la que lo selló (CHASKI_KEY_FILE, o su carpeta con --dir) o guárdelo de nuevo con: chaski config set migo.token",
            "migo.token is sealed with another key: name the one that sealed it (CHASKI_KEY_FILE, or its folder with --dir) or save it again with: chaski config set migo.token",
        )
    } else {
        ConfigError::new(
            "migo.token está sellado y no hay llave para abrirlo: indíquela con CHASKI_KEY_FILE, o su carpeta con --dir, o guárdelo de nuevo con: chaski config set migo.token",
            "migo.token is sealed and there is no key to open it: name it with CHASKI_KEY_FILE, or its folder with --dir, or save it again with: chaski config set migo.token",
        )
    }
}
