//! The key of a data folder and what it seals outside the database: the tokens of upstreams.
//!
//! Every data folder has one secret of 32 bytes: the file `llave` in it, or one from outside
//! (`CHASKI_KEY_FILE`). `store/seal.rs` derives two keys from it: numbers of persons are found again by
//! a keyed hash, and what tells of a person is sealed. The same secret seals settings: the token, the
//! key of a server, the address of a database. A setting is sealed with the key from outside if there
//! is one, else with the one beside the user's configuration. A copy without its key can be restored,
//! and its sealed parts cannot be read.

use std::path::{Path, PathBuf};

use chaski_core::text;
use secrecy::{ExposeSecret, SecretString};

use super::{AppError, Mode, folder_of};
use crate::config::{Config, ConfigError, OutsideKey, SEALED};
use crate::store::{DATABASE_FILE, MasterKey, OtherSide, elsewhere};

/// Settings that are sealed where they are kept.
const TOKEN: &str = "migo.token";
const SERVER_KEY: &str = "server_key";
const DATABASE_URL: &str = "database_url";

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

/// The other side of a folder, if there is one that can be opened.
pub(super) fn other_side(config: &Config, mode: Mode) -> Option<OtherSide> {
    let other = mode.other();
    let dir = folder_of(config, other);
    if !dir.join(DATABASE_FILE).exists() || elsewhere(&dir).is_some() {
        return None;
    }
    let key = existing_key(config, other, &dir).ok().flatten()?;
    Some(OtherSide { dir, key })
}

/// A secret setting as the configuration file keeps it: sealed with the key from outside, else with
/// the one that lives beside the user's configuration; without a home, beside `file`, which is then
/// named. The data folder may be deleted or another one.
pub fn seal_setting(
    config: &Config,
    file: &Path,
    setting: &str,
    secret: &str,
) -> Result<String, AppError> {
    if let Some(outside) = &config.key {
        let digits = outside.key()?.seal_setting(setting, secret)?;
        return Ok(format!("{SEALED}{digits}"));
    }
    let beside = std::path::absolute(file).map_err(AppError::file(file))?;
    let (folder, named) = if let Some(folder) = &config.secrets_dir {
        (folder.as_path(), String::new())
    } else {
        let folder = beside.parent().unwrap_or(&beside);
        (folder, format!("{AT}{}", folder.display()))
    };
    let digits = MasterKey::of_folder(folder)?.seal_setting(setting, secret)?;
    Ok(format!("{SEALED}{digits}{named}"))
}

/// Puts the token itself where a sealed one is. A plain one, or none, is left as it is.
pub fn open_token(config: &mut Config) -> Result<(), AppError> {
    config.migo_token = open_setting(config, TOKEN, config.migo_token.clone())?;
    Ok(())
}

/// The key that a server is asked with, itself.
pub fn open_server_key(config: &Config) -> Result<Option<SecretString>, AppError> {
    open_setting(config, SERVER_KEY, config.server_key.clone())
}

/// The address of the database on a server, itself.
pub fn open_database_url(config: &Config) -> Result<Option<SecretString>, AppError> {
    open_setting(config, DATABASE_URL, config.database_url.clone())
}

fn open_setting(
    config: &Config,
    setting: &'static str,
    kept: Option<SecretString>,
) -> Result<Option<SecretString>, AppError> {
    let sealed = kept.as_ref().map(ExposeSecret::expose_secret);
    let Some(sealed) = sealed.and_then(|it| it.strip_prefix(SEALED)) else {
        return Ok(kept);
    };
    let (digits, folder) = match sealed.split_once(AT) {
        Some((digits, folder)) => (digits, Some(PathBuf::from(folder))),
        None => (sealed, None),
    };
    let outside = config.key.as_ref().map(OutsideKey::key);
    // Those of folders may be gone, be damaged or belong to somebody else. Before they had a place
    // of their own, settings were sealed with the key of the data folder, named or not.
    let of_folder = |folder: &Path| MasterKey::load(folder).ok().flatten();
    let keys = [
        outside.transpose()?,
        config.secrets_dir.as_deref().and_then(of_folder),
        folder.as_deref().and_then(of_folder),
        of_folder(&config.dir),
    ];
    let mut keys = keys.into_iter().flatten().peekable();
    let any = keys.peek().is_some();
    let found = keys.find_map(|key| key.open_setting(setting, digits));
    match found.filter(|secret| !secret.expose_secret().is_empty()) {
        None => Err(sealed_shut(setting, any).into()),
        opened => Ok(opened),
    }
}

fn sealed_shut(setting: &str, any_key: bool) -> ConfigError {
    let guardado = match setting {
        "migo.token" => "el token guardado",
        "server_key" => "la llave del servidor guardada",
        "database_url" => "la dirección de la base guardada",
        other => other,
    };
    let text = if any_key {
        text!(
            "no se puede abrir {guardado}, porque se selló con otra llave. Guárdelo otra vez: chaski config set {setting}; o indique la llave que lo selló con CHASKI_KEY_FILE",
            "{setting} is sealed with another key: name the one that sealed it with CHASKI_KEY_FILE, or save it again with: chaski config set {setting}"
        )
    } else {
        text!(
            "no se puede abrir {guardado}: falta la llave que lo selló. Guárdelo otra vez: chaski config set {setting}; o indique la llave con CHASKI_KEY_FILE",
            "{setting} is sealed and there is no key to open it: name it with CHASKI_KEY_FILE, or save it again with: chaski config set {setting}"
        )
    };
    text.into()
}
