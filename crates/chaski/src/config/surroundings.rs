//! What configuration is read from besides its files.

use std::collections::BTreeMap;
use std::path::PathBuf;

use secrecy::SecretString;

use crate::system;

/// The surroundings that configuration is read from; tests bring their own.
pub struct Surroundings {
    /// Environment variables.
    pub variables: BTreeMap<String, String>,
    /// Where relative files are looked for.
    pub here: PathBuf,
}

impl Surroundings {
    /// Those of the process.
    pub fn of_process() -> Surroundings {
        Surroundings {
            variables: std::env::vars_os()
                .filter_map(|(name, value)| {
                    // One of ours that is not text is refused later; to leave it out would be to
                    // take it for not set.
                    let name = name.into_string().ok()?;
                    let value = match value.into_string() {
                        Err(value) if name.starts_with("CHASKI_") => {
                            value.to_string_lossy().into_owned()
                        }
                        value => value.ok()?,
                    };
                    Some((name, value))
                })
                .collect(),
            here: PathBuf::from("."),
        }
    }

    pub(super) fn variable(&self, name: &str) -> Option<&str> {
        self.variables
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// The file of the user, whether it exists or not.
    pub fn user_file(&self) -> Option<PathBuf> {
        let folder = system::config_home(|name| self.variable(name))?;
        Some(folder.join("chaski").join("chaski.toml"))
    }

    /// Where the data of the user are: one folder, wherever they stand, so that nothing is paid
    /// for again in another one. None without a home.
    pub fn user_data(&self) -> Option<PathBuf> {
        let folder = system::data_home(|name| self.variable(name))?;
        Some(folder.join("chaski"))
    }

    /// The file of the folder.
    pub fn local_file(&self) -> PathBuf {
        self.here.join("chaski.toml")
    }
}

/// What programs of a system are told of its proxy.
#[derive(Clone, Default)]
pub(super) struct ProxyAround {
    pub(super) proxy: Option<SecretString>,
    pub(super) but_for: String,
}

impl ProxyAround {
    /// `HTTPS_PROXY` and `NO_PROXY`, in either case.
    pub(super) fn of(around: &Surroundings) -> ProxyAround {
        let either = |name: &str| {
            let lower = around.variable(&name.to_lowercase());
            around.variable(name).or(lower)
        };
        ProxyAround {
            proxy: either("HTTPS_PROXY").map(SecretString::from),
            but_for: either("NO_PROXY").unwrap_or_default().to_owned(),
        }
    }
}
