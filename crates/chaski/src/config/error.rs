//! What is wrong with a configuration.

use chaski_core::{Lang, Text};

/// What is wrong with the configuration, where, and what to do.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.es)]
pub struct ConfigError(Text);

impl ConfigError {
    /// One whose parts are said in each language.
    pub(super) fn of(said: impl Fn(Lang) -> String) -> ConfigError {
        let (es, en) = (said(Lang::Es), said(Lang::En));
        ConfigError(Text { es, en })
    }

    /// For people.
    pub fn message(&self, lang: Lang) -> &str {
        lang.pick(&self.0.es, &self.0.en)
    }
}

impl From<Text> for ConfigError {
    fn from(text: Text) -> ConfigError {
        ConfigError(text)
    }
}
