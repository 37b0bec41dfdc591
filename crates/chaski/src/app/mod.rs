//! The rooms: one function per deed. Doors call them; they call the engine and the store.

mod asking;
pub mod backups;
pub mod batches;
mod error;
pub mod health;
pub mod keys;
pub mod lookups;
mod lote_input;
pub mod lote_result;
mod lote_work;
pub mod lotes;
mod observed;
pub mod once;
pub mod partner_lists;
pub mod partners;
pub mod persons;
pub mod programados;
mod purpose;
mod retention;
mod secrets;
mod signals;
pub mod trabajos;
mod verdicts;

pub use error::AppError;
pub use observed::Paid;
pub use purpose::purpose;
pub use secrets::{open_server_key, open_token, seal_setting};
pub(crate) use signals::Signals;
pub use verdicts::source_name;

use observed::Observed;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use chaski_client::{Clock, Ledger, Migo, Settings};
use chaski_sandbox::{LatencyError, Sandbox, SandboxConfig};

use crate::config::{Config, SandboxMode};
use crate::metrics::Metrics;
use crate::sandbox_transport::InProcess;
use crate::store::Store;

/// Everything a deed needs.
pub struct App {
    /// The configuration.
    pub config: Config,
    /// Answers, refusals, calls, batches.
    pub store: Arc<Store>,
    /// The client of APIMIGO.
    pub migo: Migo,
    /// Who answers.
    pub mode: Mode,
    /// Where the time comes from.
    pub clock: Clock,
    /// What is counted.
    pub metrics: Metrics,
    /// Calls paid today by each asker.
    pub paid: Arc<Paid>,
    /// What parts of the process tell each other about background work.
    pub(crate) signals: Signals,
    /// Requests with an idempotency key that are being worked on.
    pub(crate) under_way: once::UnderWay,
    /// Mark of what was last forgotten, here or by another process.
    forgotten: Mutex<Option<Vec<u8>>>,
}

/// Who answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// The embedded sandbox: invented data, nothing leaves the process.
    Sandbox,
    /// The configured upstream, with its token.
    Real,
}

/// What the caller insists on, above the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Wish {
    /// Nothing: the configuration decides.
    #[default]
    None,
    /// The sandbox, even with a token.
    Sandbox,
    /// The real upstream, or an error.
    Real,
}

/// Who answers under a configuration and a wish; demanding the real one without a token is an
/// error.
pub fn mode_of(config: &Config, wish: Wish) -> Result<Mode, AppError> {
    let has_token = config.token().is_some();
    match (wish, config.sandbox) {
        (Wish::Sandbox, _) | (Wish::None, SandboxMode::Always) => Ok(Mode::Sandbox),
        (Wish::Real, _) | (Wish::None, SandboxMode::Never) if !has_token => Err(AppError::NoToken),
        (Wish::None, SandboxMode::Auto) if !has_token => Ok(Mode::Sandbox),
        _ => Ok(Mode::Real),
    }
}

/// The folder of a mode: invented answers never mix with real ones.
pub fn folder_of(config: &Config, mode: Mode) -> PathBuf {
    match mode {
        Mode::Sandbox => config.dir.join("sandbox"),
        Mode::Real => config.dir.clone(),
    }
}

impl App {
    /// Opens the data folder and puts the client together.
    pub async fn open(config: Config, wish: Wish, clock: Clock) -> Result<App, AppError> {
        App::open_beside(config, wish, clock, Metrics::default()).await
    }

    /// The same, counting into what another one counts into.
    pub async fn open_beside(
        mut config: Config,
        wish: Wish,
        clock: Clock,
        metrics: Metrics,
    ) -> Result<App, AppError> {
        let mode = mode_of(&config, wish)?;
        let folder = folder_of(&config, mode);
        refuse_file(&config.dir)?;
        if mode == Mode::Real {
            // Before anything is created: a key that does not fit must leave no other one behind.
            secrets::open_token(&mut config)?;
        }
        let key = secrets::key_of(&config, mode, &folder)?;
        let store = Arc::new(Store::open(&folder, key).await?);
        let paid = Arc::new(Paid::load(&store, clock).await?);
        let ledger: Arc<dyn Ledger> = Arc::new(Observed {
            store: Arc::clone(&store),
            metrics: metrics.clone(),
            paid: Arc::clone(&paid),
            invented: mode == Mode::Sandbox,
        });
        let builder = match mode {
            Mode::Real => Migo::builder(config.token().unwrap_or_default())
                .base_url(config.migo_base_url.as_str())
                .settings(config.settings.clone()),
            Mode::Sandbox => Migo::builder("sandbox")
                .base_url("http://127.0.0.1/api")
                .transport(Arc::new(InProcess(embedded_sandbox(&config, clock)?)))
                .settings(without_limits(&config.settings)),
        };
        let migo = builder
            .version(config.migo_version)
            .clock(clock)
            .ledger(ledger)
            .build()?;
        if mode == Mode::Real {
            migo.engine().load_quota("migo").await?;
        }
        Ok(App {
            config,
            store,
            migo,
            mode,
            clock,
            metrics,
            paid,
            signals: Signals::new(),
            under_way: once::UnderWay::default(),
            forgotten: Mutex::default(),
        })
    }

    /// Forgets what another process on the folder forgot, such as a person's number.
    pub async fn forget_too(&self) -> Result<(), AppError> {
        let mark = self.store.forgotten().await?;
        let mut known = self.forgotten.lock().unwrap_or_else(PoisonError::into_inner);
        if *known != mark {
            self.migo.engine().forget_at_hand();
            *known = mark;
        }
        Ok(())
    }

    /// Waits for calls in flight, lets go of what is past its time and makes everything durable.
    pub async fn close(&self) -> Result<(), AppError> {
        self.migo.engine().idle().await;
        self.tidy_up().await;
        self.store.close().await?;
        Ok(())
    }
}

/// The sandbox of a configuration.
pub fn embedded_sandbox(config: &Config, clock: Clock) -> Result<Sandbox, AppError> {
    let mut sandbox = SandboxConfig::new(move || clock.now());
    sandbox.seed = config.sandbox_seed;
    sandbox.latency = config
        .sandbox_latency
        .parse()
        .map_err(|error: LatencyError| {
            AppError::sandbox_option("sandbox.latency", |lang| error.message(lang))
        })?;
    Ok(Sandbox::new(sandbox)?)
}

/// The embedded sandbox costs nothing and needs no pace.
fn without_limits(settings: &Settings) -> Settings {
    Settings {
        calls_per_minute: 0,
        quota: None,
        ..settings.clone()
    }
}

/// A file where the data folder should be is a slip, not a matter of permissions.
fn refuse_file(dir: &Path) -> Result<(), AppError> {
    if dir.is_file() {
        let dir = dir.display();
        return Err(AppError::usage(
            format!("la carpeta de datos {dir} es un archivo: elija otra con --dir"),
            format!("the data folder {dir} is a file: choose another one with --dir"),
        ));
    }
    Ok(())
}
