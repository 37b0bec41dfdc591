//! What is wrong with a configuration.

use chaski_core::Lang;

/// What is wrong with the configuration, where, and what to do.
#[derive(Debug, thiserror::Error)]
#[error("{es}")]
pub struct ConfigError {
    es: String,
    en: String,
}

impl ConfigError {
    pub(crate) fn new(es: impl Into<String>, en: impl Into<String>) -> ConfigError {
        ConfigError {
            es: es.into(),
            en: en.into(),
        }
    }

    /// For people.
    pub fn message(&self, lang: Lang) -> &str {
        lang.pick(&self.es, &self.en)
    }
}
