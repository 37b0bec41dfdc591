//! The key of the data folder when it comes from outside the folder: a file, a variable, or a
//! credential of systemd, in this order.

use std::fmt;
use std::path::{Path, PathBuf};

use chaski_core::text;
use secrecy::{ExposeSecret, SecretString};

use super::error::ConfigError;
use super::surroundings::Surroundings;
use crate::io_words::reason;
use crate::store::{MasterKey, StoreError};

/// Name of the credential that systemd hands over (`LoadCredential=chaski_key:…`).
pub const CREDENTIAL: &str = "chaski_key";

/// A key that is in no folder of ours. Neither `Debug` nor an error shows it.
#[derive(Clone)]
pub struct OutsideKey {
    text: SecretString,
    source: String,
}

impl OutsideKey {
    /// `CHASKI_KEY_FILE`, else `CHASKI_KEY`, else the credential; none when there is none of them.
    /// One that is named and cannot be read is an error: another key must not take its place.
    pub(super) fn find(around: &Surroundings) -> Result<Option<OutsideKey>, ConfigError> {
        for name in ["CHASKI_KEY_FILE", "CHASKI_KEY"] {
            let text = around.variables.get(name);
            if text.is_some_and(|text| text.trim().is_empty()) {
                return Err(empty_key(name));
            }
        }
        if let Some(path) = around.variable("CHASKI_KEY_FILE") {
            return read("CHASKI_KEY_FILE", &around.here.join(path)).map(Some);
        }
        if let Some(text) = around.variable("CHASKI_KEY") {
            return checked("CHASKI_KEY".to_owned(), text.to_owned()).map(Some);
        }
        let Some(folder) = around.variable("CREDENTIALS_DIRECTORY") else {
            return Ok(None);
        };
        let path = PathBuf::from(folder).join(CREDENTIAL);
        if !path.exists() {
            return Ok(None);
        }
        read("CREDENTIALS_DIRECTORY", &path).map(Some)
    }

    /// Where it came from, for people.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The key itself.
    pub fn key(&self) -> Result<MasterKey, StoreError> {
        MasterKey::parse(self.text.expose_secret())
    }
}

impl fmt::Debug for OutsideKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OutsideKey({})", self.source)
    }
}

fn read(variable: &str, path: &Path) -> Result<OutsideKey, ConfigError> {
    let source = format!("{variable} ({})", path.display());
    let text = std::fs::read_to_string(path).map_err(|error| {
        ConfigError::of(|lang| {
            let what = lang.pick("no se puede leer la llave", "cannot read the key");
            format!("{source}: {what}: {}", reason(&error, lang))
        })
    })?;
    checked(source, text)
}

fn empty_key(name: &str) -> ConfigError {
    let text = text!(
        "variable {name}: está vacía: indique la llave de los datos, o quite la variable",
        "variable {name}: it is empty: name the key of the data, or remove the variable"
    );
    text.into()
}

/// A key that is none is told at the start, not when something is sealed.
fn checked(source: String, text: String) -> Result<OutsideKey, ConfigError> {
    let text = SecretString::from(text);
    let key = OutsideKey { text, source };
    match key.key() {
        Ok(_) => Ok(key),
        Err(error) => Err(ConfigError::of(|lang| {
            format!("{}: {}", key.source, error.message(lang))
        })),
    }
}
