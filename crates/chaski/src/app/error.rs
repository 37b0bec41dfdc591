//! What can keep a deed from being done: one error for all rooms, with words for people.

use std::path::{Path, PathBuf};
use std::time::Duration;

use chaski_client::{Failure, LedgerError};
use chaski_core::{Lang, Text, text};

use super::backup_error::BackupError;
use super::invoices::InvoiceError;
use crate::codes;
use crate::config::ConfigError;
use crate::counted::counted;
use crate::hints::Hinted;
use crate::io_words::reason;
use crate::partners::PartnerError;
use crate::remote::ServerError;
use crate::sheets::{ColumnError, SheetError};
use crate::store::StoreError;

/// A day's calls do not suffice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayTooSmall {
    /// Calls that the deed may cost.
    pub(super) calls: u64,
    /// Calls that the key has left today, and those of a whole day.
    pub(super) left: u64,
    pub(super) limit: u64,
    /// Calls that are promised to other requests, where those are in the way.
    pub(super) others: Option<u64>,
    /// When there may be enough; none when no day is long enough.
    pub retry_after: Option<Duration>,
}

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
    /// A copy of the data folder.
    #[error(transparent)]
    Backup(BackupError),
    /// A look-up.
    #[error(transparent)]
    Lookup(#[from] chaski_client::Error),
    /// A spreadsheet.
    #[error(transparent)]
    Sheet(#[from] SheetError),
    /// The column of the RUC.
    #[error(transparent)]
    Column(#[from] ColumnError),
    /// A partner.
    #[error(transparent)]
    Partner(#[from] PartnerError),
    /// A document that is issued.
    #[error(transparent)]
    Invoice(#[from] InvoiceError),
    /// A server that was asked instead of the data folder.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// The real upstream was demanded and there is no token.
    #[error("no token is configured")]
    NoToken,
    /// There are real data and no token, and nothing says that the sandbox shall answer.
    #[error("no token is configured for a folder with real data")]
    TokenGone {
        /// The data folder.
        folder: PathBuf,
    },
    /// What a look-up about a person is for was demanded and not said.
    #[error("no purpose was said")]
    NoPurpose,
    /// Something typed makes no sense.
    #[error("{}", .0.es)]
    Usage(Text),
    /// The standard input or output, or a connection.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// A file or a folder.
    #[error("{}: {source}", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// What is asked for does not fit the state of things.
    #[error("{}", .0.es)]
    NotNow(Text),
    /// Not a single number of a list could be read.
    #[error("{}", .0.es)]
    NothingRead(Text),
    /// The plan has fewer calls left than a list needs, and no person was there to decide.
    #[error("the plan has {left} calls left and {wanted} are needed")]
    PlanTooSmall {
        /// Calls left.
        left: u64,
        /// Calls needed.
        wanted: u64,
        /// Whether it is work of before that is tried again.
        again: bool,
    },
    /// A key's day has fewer calls left than the deed may cost.
    #[error("too few calls are left today")]
    DayTooSmall(DayTooSmall),
    /// The person interrupted.
    #[error("interrupted")]
    Interrupted,
}

impl AppError {
    /// A failure with one file or folder.
    pub fn file(path: &Path) -> impl FnOnce(std::io::Error) -> AppError {
        let path = path.to_owned();
        |source| AppError::File { path, source }
    }

    /// An option that makes no sense: its name, and what is wrong with it.
    pub fn of_option(name: &str, message: impl Fn(Lang) -> String) -> AppError {
        let (es, en) = (message(Lang::Es), message(Lang::En));
        AppError::Usage(text!("{name}: {es}", "{name}: {en}"))
    }

    /// The upstream says explicitly that there is no such number or rate.
    pub fn is_not_found(&self) -> bool {
        match self {
            AppError::Lookup(error) => error.is_not_found(),
            AppError::Server(error) => error.is_not_found(),
            _ => false,
        }
    }

    /// Stable code, never translated.
    pub fn code(&self) -> &'static str {
        match self {
            AppError::Config(_) => "configuracion",
            AppError::Store(error) => error.code(),
            AppError::Ledger(_) => "almacen_no_disponible",
            AppError::Backup(error) => error.code(),
            AppError::Lookup(error) => error.code(),
            AppError::Sheet(error) => error.code(),
            AppError::Column(error) => error.code(),
            AppError::Partner(error) => error.code(),
            AppError::Server(error) => error.code(),
            AppError::Invoice(error) => error.code(),
            AppError::NoToken | AppError::TokenGone { .. } => "sin_token",
            AppError::NoPurpose => "falta_motivo",
            AppError::Usage(_) => "uso",
            AppError::NotNow(_) => "estado_no_permite",
            AppError::Io(_) | AppError::File { .. } => "archivo",
            AppError::NothingRead(_) => "lista_sin_ruc",
            AppError::PlanTooSmall { .. } => Failure::QuotaSpent.code(),
            AppError::DayTooSmall(_) => DayTooSmall::CODE,
            AppError::Interrupted => "interrumpido",
        }
    }

    /// What is wrong, where, and what to do.
    pub fn message(&self, lang: Lang) -> String {
        match self {
            AppError::Config(error) => error.message(lang).to_owned(),
            AppError::Store(error) => error.message(lang),
            // The store's own words come in Spanish only.
            AppError::Ledger(error) => match lang {
                Lang::Es => error.message.clone(),
                Lang::En => Failure::LedgerDown.hinted(lang),
            },
            AppError::Backup(error) => error.message(lang),
            AppError::Lookup(error) => error.hinted(lang),
            AppError::Sheet(error) => error.message(lang),
            AppError::Column(error) => error.message(lang),
            AppError::Partner(error) => error.message(lang),
            AppError::Server(error) => error.message(lang),
            AppError::Invoice(error) => error.message(lang),
            AppError::NoToken => text!(
                "se pidió el proveedor real y no hay token; configúrelo con: chaski config set migo.token",
                "the real upstream was demanded and there is no token; set it with: chaski config set migo.token"
            )
            .pick(lang),
            AppError::TokenGone { folder } => {
                let folder = folder.display();
                text!(
                    "la carpeta {folder} tiene datos reales y no hay token: no se responde con datos inventados en su lugar; configúrelo con: chaski config set migo.token (para usar datos de prueba a propósito: --sandbox)",
                    "the folder {folder} has real data and there is no token: invented data will not take their place; set it with: chaski config set migo.token (to use the sandbox on purpose: --sandbox)"
                )
                .pick(lang)
            }
            AppError::NoPurpose => text!(
                "falta el motivo de la consulta: aquí se exige para todo DNI (--motivo, o «motivo» en la petición)",
                "the purpose of the look-up is missing: it is demanded here for every DNI (--motivo, or \"motivo\" in the request)"
            )
            .pick(lang),
            AppError::Usage(text) | AppError::NotNow(text) | AppError::NothingRead(text) => {
                text.clone().pick(lang)
            }
            AppError::Io(error) => {
                let why = reason(error, lang);
                text!(
                    "no se pudo leer la entrada o escribir la salida: {why}",
                    "could not read the input or write the output: {why}"
                )
                .pick(lang)
            }
            AppError::File { path, source } => {
                let (path, why) = (path.display(), reason(source, lang));
                text!("no se puede usar {path}: {why}", "cannot use {path}: {why}").pick(lang)
            }
            AppError::PlanTooSmall { left, wanted, .. } => {
                let add = lang.pick("agregue", "add");
                let how = format!("{add} --gastar-hasta {left}");
                plan_too_small(*left, *wanted, &how, lang)
            }
            AppError::DayTooSmall(day) => day.message(lang),
            AppError::Interrupted => lang.pick("interrumpido", "interrupted").to_owned(),
        }
    }

    /// Exit code of the command line.
    pub fn exit_code(&self) -> u8 {
        match self {
            AppError::Server(error) => error.exit_code(),
            other => codes::exit_code(other.code()),
        }
    }
}

/// A task of ours that came to no end.
impl From<tokio::task::JoinError> for AppError {
    fn from(error: tokio::task::JoinError) -> AppError {
        AppError::Io(error.into())
    }
}

/// What the plan has left of what is needed.
pub(crate) fn plan_has_few(left: u64, wanted: u64, lang: Lang) -> String {
    let (consultas, calls) = (
        counted(left, "consulta", "consultas"),
        counted(left, "call", "calls"),
    );
    let quedan = if left == 1 { "queda" } else { "quedan" };
    let (hacen_falta, are) = match wanted {
        1 => ("hace falta", "is"),
        _ => ("hacen falta", "are"),
    };
    text!(
        "a su plan le {quedan} {consultas} y {hacen_falta} {wanted}",
        "your plan has {calls} left and {wanted} {are} needed"
    )
    .pick(lang)
}

/// The same with a way to go on: `how` is what to do for it to cost no more than what is left.
pub(crate) fn plan_too_small(left: u64, wanted: u64, how: &str, lang: Lang) -> String {
    let few = plan_has_few(left, wanted, lang);
    let spent = Failure::QuotaSpent.hinted(lang);
    let text = match left {
        0 => text!(
            "{spent} ({few}; no se consultó nada)",
            "{spent} ({few}; nothing was asked)"
        ),
        _ => text!(
            "{few}: no se consultó nada; amplíelo o, para gastar solo lo que queda, {how}",
            "{few}: nothing was asked; enlarge it or, to spend only what is left, {how}"
        ),
    };
    text.pick(lang)
}

impl DayTooSmall {
    /// Stable code, never translated.
    const CODE: &str = "tope_diario";

    /// What is wrong, for people.
    fn message(&self, lang: Lang) -> String {
        let DayTooSmall {
            calls, left, limit, ..
        } = self;
        let (consultas, calls) = (
            counted(*calls, "consulta", "consultas"),
            counted(*calls, "call", "calls"),
        );
        let quedan = if *left == 1 { "queda" } else { "quedan" };
        let Text { es, en } = match self.others {
            Some(others) => text!(
                "; otras peticiones en curso tienen apartadas {others}",
                "; other requests under way have set {others} aside"
            ),
            None => text!("", ""),
        };
        text!(
            "esta petición puede costar {consultas} y a su llave le {quedan} {left} de {limit} hoy{es}",
            "this request may cost {calls} and your key has {left} of {limit} left today{en}"
        )
        .pick(lang)
    }
}
