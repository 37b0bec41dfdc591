//! What can keep a deed from being done: one error for all rooms, with words for people.

use chaski_client::LedgerError;
use chaski_core::Lang;

use crate::config::ConfigError;
use crate::sheets::{ColumnError, SheetError};
use crate::store::StoreError;

/// Why a deed could not be done.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The data folder.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The data folder, met by the engine.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// A look-up.
    #[error(transparent)]
    Lookup(#[from] chaski_client::Error),
    /// A spreadsheet.
    #[error(transparent)]
    Sheet(#[from] SheetError),
    /// The column of the RUC.
    #[error(transparent)]
    Column(#[from] ColumnError),
    /// The real upstream was demanded and there is no token.
    #[error("no token is configured")]
    NoToken,
    /// Something typed makes no sense.
    #[error("{es}")]
    Usage {
        /// In Spanish.
        es: String,
        /// In English.
        en: String,
    },
    /// A file or a connection.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// The person interrupted.
    #[error("interrupted")]
    Interrupted,
}

impl AppError {
    /// Something typed makes no sense.
    pub fn usage(es: impl Into<String>, en: impl Into<String>) -> AppError {
        AppError::Usage {
            es: es.into(),
            en: en.into(),
        }
    }

    /// An option of the sandbox that it does not understand.
    pub fn sandbox_option(name: &str, error: &dyn std::fmt::Display) -> AppError {
        AppError::usage(format!("{name}: {error}"), format!("{name}: {error}"))
    }

    /// Stable code, never translated.
    pub fn code(&self) -> &'static str {
        match self {
            AppError::Config(_) => "configuracion",
            AppError::Store(error) => error.code(),
            AppError::Ledger(_) => "almacen_no_disponible",
            AppError::Lookup(error) => error.code(),
            AppError::Sheet(error) => error.code(),
            AppError::Column(error) => error.code(),
            AppError::NoToken => "sin_token",
            AppError::Usage { .. } => "uso",
            AppError::Io(_) => "archivo",
            AppError::Interrupted => "interrumpido",
        }
    }

    /// What is wrong, where, and what to do.
    pub fn message(&self, lang: Lang) -> String {
        match self {
            AppError::Config(error) => error.message(lang).to_owned(),
            AppError::Store(error) => error.message(lang),
            AppError::Ledger(error) => error.message.clone(),
            AppError::Lookup(error) => error.message(lang),
            AppError::Sheet(error) => error.message(lang),
            AppError::Column(error) => error.message(lang),
            AppError::NoToken => lang
                .pick(
                    "se pidió el proveedor real y no hay token; configúrelo con: chaski config set migo.token",
                    "the real upstream was demanded and there is no token; set it with: chaski config set migo.token",
                )
                .to_owned(),
            AppError::Usage { es, en } => lang.pick(es, en).clone(),
            AppError::Io(error) => error.to_string(),
            AppError::Interrupted => lang.pick("interrumpido", "interrupted").to_owned(),
        }
    }

    /// Exit code of the command line.
    pub fn exit_code(&self) -> u8 {
        match self {
            AppError::Config(_) | AppError::NoToken => 7,
            AppError::Lookup(error) => error.exit_code(),
            AppError::Sheet(_) | AppError::Column(_) | AppError::Usage { .. } => 2,
            AppError::Store(_) | AppError::Ledger(_) | AppError::Io(_) => 1,
            AppError::Interrupted => 130,
        }
    }
}
