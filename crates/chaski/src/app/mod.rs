//! The rooms: one function per deed. Doors call them; they call the engine and the store.

mod backup_error;
pub mod backups;
pub mod batches;
mod calls;
pub mod checkup;
pub mod consumption;
pub mod cost;
mod error;
mod folder;
pub mod health;
pub mod invoices;
pub mod issuers;
pub mod issuing;
pub mod job_kind;
mod journals;
pub mod keys;
pub mod lookups;
pub mod migrate;
mod monthly;
pub mod moves;
mod observed;
pub mod once;
pub mod partner_lists;
pub mod partners;
pub mod persons;
pub mod programados;
pub mod providers;
mod purpose;
mod queue;
mod refusals;
pub mod relay;
mod retention;
mod secrets;
mod series;
pub mod servers;
mod signals;
pub mod spending;
pub mod trabajos;
mod unread;
mod verdicts;
pub mod voucher;

pub use crate::mode::Mode;
pub use error::{AppError, DayTooSmall};
pub(crate) use error::{plan_has_few, plan_too_small};
pub use providers::try_out_token;
pub use purpose::purpose;
pub use secrets::{open_database_url, open_server_key, open_token, seal_setting};
pub(crate) use signals::Signals;
pub use verdicts::source_name;

use chaski_core::text;
use observed::Observed;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use chaski_client::{Clock, Http, Ledger, Migo, Settings, Transport};
use chaski_sandbox::{LatencyError, Sandbox, SandboxConfig};
use secrecy::ExposeSecret;

use crate::config::{Config, SandboxMode};
use crate::metrics::Metrics;
use crate::sandbox_transport::{InProcess, Nowhere};
use crate::store::{
    Absorbed, DATABASE_FILE, MasterKey, ServerFacts, Store, elsewhere, folder_had_keys, new_id,
};

/// Everything a deed needs.
pub struct App {
    /// The configuration.
    pub config: Config,
    /// Answers, refusals, calls, batches.
    store: Arc<Store>,
    /// The client of APIMIGO.
    migo: Migo,
    /// Who answers.
    pub mode: Mode,
    /// What persons entered on the other side, brought here at the opening.
    pub brought: Absorbed,
    /// Where the time comes from.
    pub clock: Clock,
    /// What is counted.
    pub metrics: Metrics,
    /// What parts of the process tell each other about background work.
    pub(crate) signals: Signals,
    /// Requests with an idempotency key that are being worked on.
    pub(crate) under_way: once::UnderWay,
    /// What issuing keeps.
    issuing: issuing::IssuingDesk,
    /// Mark of what was last forgotten, here or by another process.
    forgotten: Mutex<Option<Vec<u8>>>,
}

/// What the caller insists on, above the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WantedMode {
    /// Nothing: the configuration decides.
    #[default]
    None,
    /// The sandbox, even with a token.
    Sandbox,
    /// The real upstream, or an error.
    Real,
}

/// Who answers under a configuration and a wish; demanding the real one without a token is an
/// error. So is a lost token: beside real data nothing is invented unless that is said.
pub fn mode_of(config: &Config, wish: WantedMode) -> Result<Mode, AppError> {
    let has_token = config.token().is_some();
    match (wish, config.sandbox) {
        (WantedMode::Sandbox, _) | (WantedMode::None, SandboxMode::Always) => Ok(Mode::Sandbox),
        (WantedMode::Real, _) | (WantedMode::None, SandboxMode::Never) if !has_token => {
            Err(AppError::NoToken)
        }
        (WantedMode::None, SandboxMode::Auto) if !has_token && has_real_data(config) => {
            Err(AppError::TokenGone {
                folder: config.dir.clone(),
            })
        }
        (WantedMode::None, SandboxMode::Auto) if !has_token => Ok(Mode::Sandbox),
        _ => Ok(Mode::Real),
    }
}

/// Whose records are meant. To read them takes no token, so that a lost one hides nothing.
pub fn mode_of_records(config: &Config, wish: WantedMode) -> Result<Mode, AppError> {
    match mode_of(config, wish) {
        Err(AppError::TokenGone { .. } | AppError::NoToken) if has_real_data(config) => {
            Ok(Mode::Real)
        }
        mode => mode,
    }
}

/// Whether the folder has, or had, a database of the real side, or says that it is on a server. Even
/// an emptied one counts.
pub fn has_real_data(config: &Config) -> bool {
    let there = |name: &str| config.dir.join(name).symlink_metadata().is_ok();
    there(DATABASE_FILE)
        || there(&format!("{DATABASE_FILE}-wal"))
        || elsewhere(&config.dir).is_some()
}

/// Whether a side has data, in its folder or on a server. The folder may be new and the server not.
pub fn has_data(config: &Config, mode: Mode) -> bool {
    let folder = folder_of(config, mode);
    let on_server = mode == Mode::Real && config.database_url.is_some();
    folder.join(DATABASE_FILE).exists() || elsewhere(&folder).is_some() || on_server
}

/// The schema of a mode in a database on a server, for the same reason.
pub(crate) fn schema_of(mode: Mode) -> &'static str {
    match mode {
        Mode::Sandbox => "chaski_sandbox",
        Mode::Real => "chaski",
    }
}

/// The sides that a folder has: the sandbox, and the real one where there is a token or data.
pub fn sides_of(config: &Config) -> Vec<Mode> {
    if config.token().is_some() || has_real_data(config) {
        vec![Mode::Real, Mode::Sandbox]
    } else {
        vec![Mode::Sandbox]
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
    pub async fn open(config: Config, wish: WantedMode, clock: Clock) -> Result<App, AppError> {
        App::open_through(config, wish, clock, Metrics::default(), None).await
    }

    /// The same, counting into what another one counts into, and perhaps with another way to the real
    /// upstream than the usual one.
    pub async fn open_through(
        config: Config,
        wish: WantedMode,
        clock: Clock,
        metrics: Metrics,
        exit: Option<Arc<dyn Transport>>,
    ) -> Result<App, AppError> {
        let mode = mode_of(&config, wish)?;
        let has_token = config.token().is_some();
        let by_itself =
            wish == WantedMode::None && config.sandbox == SandboxMode::Auto && !has_token;
        let on_trial = mode == Mode::Sandbox && has_token;
        let app = Box::pin(App::open_side(config, mode, on_trial, clock, metrics, exit)).await?;
        // A folder that is new does not tell what is on the server.
        if mode == Mode::Sandbox && by_itself {
            let real = app.store.other_side(schema_of(Mode::Real)).await?;
            if real.is_some() {
                app.store.close().await?;
                let folder = app.config.dir;
                return Err(AppError::TokenGone { folder });
            }
        }
        Ok(app)
    }

    /// Opens one side for what is on record there. It cannot ask the upstream: the token is left alone.
    pub async fn open_records(
        mut config: Config,
        mode: Mode,
        clock: Clock,
    ) -> Result<App, AppError> {
        let on_trial = mode == Mode::Sandbox && config.token().is_some();
        config.migo_token = None;
        App::open_side(config, mode, on_trial, clock, Metrics::default(), None).await
    }

    async fn open_side(
        mut config: Config,
        mode: Mode,
        on_trial: bool,
        clock: Clock,
        metrics: Metrics,
        exit: Option<Arc<dyn Transport>>,
    ) -> Result<App, AppError> {
        let folder = folder_of(&config, mode);
        refuse_file(&config.dir)?;
        if mode == Mode::Real {
            // Before anything is created: a key that does not fit must leave no other one behind.
            secrets::open_token(&mut config)?;
        }
        let key = secrets::key_of(&config, mode, &folder)?;
        let (store, brought) = open_store(&config, mode, &folder, key, on_trial).await?;
        let store = Arc::new(store);
        let ledger: Arc<dyn Ledger> = Arc::new(Observed {
            store: Arc::clone(&store),
            metrics: metrics.clone(),
            invented: mode == Mode::Sandbox,
        });
        let builder = match (mode, config.token()) {
            (Mode::Real, Some(token)) => Migo::builder(token)
                .transport(Arc::new(Http::leaving(&config.exit)))
                .base_url(config.migo_base_url.as_str())
                .known_ruc(config.migo_known_ruc)
                .settings(config.settings.clone()),
            (Mode::Real, None) => Migo::builder("none")
                .base_url("http://127.0.0.1/api")
                .transport(Arc::new(Nowhere)),
            (Mode::Sandbox, _) => Migo::builder("sandbox")
                .base_url("http://127.0.0.1/api")
                .transport(Arc::new(InProcess(embedded_sandbox(&config, clock)?)))
                .settings(without_limits(&config.settings)),
        };
        let builder = match (exit, mode, config.token()) {
            (Some(exit), Mode::Real, Some(_)) => builder.transport(exit),
            _ => builder,
        };
        let migo = builder
            .version(config.migo_version)
            .clock(clock)
            .ledger(ledger)
            .build()?;
        if mode == Mode::Real {
            migo.line().load_plan().await?;
        }
        let issuing = issuing::IssuingDesk::new(&store);
        Ok(App {
            config,
            issuing,
            store,
            migo,
            mode,
            brought,
            clock,
            metrics,
            signals: Signals::default(),
            under_way: once::UnderWay::default(),
            forgotten: Mutex::default(),
        })
    }

    /// Where calls are put on record, and counted.
    fn ledger(&self) -> Arc<dyn Ledger> {
        Arc::new(Observed {
            store: Arc::clone(&self.store),
            metrics: self.metrics.clone(),
            invented: self.mode == Mode::Sandbox,
        })
    }

    /// Takes the place of the only server of a database on a server; an error when it is taken.
    pub async fn become_server(&self) -> Result<(), AppError> {
        Ok(self.store.become_server().await?)
    }

    /// What the server of the database is like; none where the data are in the folder.
    pub async fn server_facts(&self) -> Result<Option<ServerFacts>, AppError> {
        Ok(self.store.server_facts().await?)
    }

    /// Whether the real side had keys, asked of the sandbox.
    pub async fn real_side_had_keys(&self) -> Result<bool, AppError> {
        if self.config.database_url.is_none() {
            let dir = &self.config.dir;
            // On a server that was not named they cannot be looked for.
            return Ok(elsewhere(dir).is_some() || folder_had_keys(dir).await?);
        }
        let real = self.store.other_side(schema_of(Mode::Real)).await?;
        Ok(real.unwrap_or(false))
    }

    /// The store, for tests that look behind the rooms.
    #[doc(hidden)]
    pub fn store(&self) -> &Arc<Store> {
        &self.store
    }

    /// The client, for tests that look behind the rooms.
    #[doc(hidden)]
    pub fn migo(&self) -> &Migo {
        &self.migo
    }

    /// Takes over token, limits and times of another configuration; everything else stays as it was,
    /// and all of it does when something is wrong.
    pub fn retune(&self, config: &Config) -> Result<(), AppError> {
        let settings = match self.mode {
            Mode::Real => {
                let mut config = config.clone();
                secrets::open_token(&mut config)?;
                self.migo.set_token(config.token().unwrap_or_default())?;
                config.settings
            }
            Mode::Sandbox => without_limits(&config.settings),
        };
        self.migo.retune(&settings);
        Ok(())
    }

    /// Forgets what another process on the folder forgot, such as a person's number.
    pub async fn forget_too(&self) -> Result<(), AppError> {
        let mark = self.store.forgotten().await?;
        let mut known = self
            .forgotten
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if *known != mark {
            self.migo.engine().forget_at_hand();
            *known = mark;
        }
        Ok(())
    }

    /// Waits for calls in flight, deletes what has expired and makes everything durable.
    pub async fn close(&self) -> Result<(), AppError> {
        self.migo.engine().idle().await;
        self.tidy_up().await;
        self.store.close().await?;
        Ok(())
    }
}

/// The data of a mode, in the folder or on a server. What persons entered on the other side is brought
/// over from one database of the folder to the other, and not on a server.
async fn open_store(
    config: &Config,
    mode: Mode,
    folder: &Path,
    key: MasterKey,
    on_trial: bool,
) -> Result<(Store, Absorbed), AppError> {
    if let Some(url) = secrets::open_database_url(config)? {
        let url = url.expose_secret();
        let store = Store::open_remote(url, schema_of(mode), folder, key).await?;
        return Ok((store, Absorbed::default()));
    }
    let other = secrets::other_side(config, mode);
    Ok(Store::open_beside(folder, key, other, on_trial).await?)
}

/// Numbers in the last requests that the embedded sandbox keeps.
const LEDGER_CAPACITY: usize = 20_000;

/// The sandbox of a configuration.
pub fn embedded_sandbox(config: &Config, clock: Clock) -> Result<Sandbox, AppError> {
    let mut sandbox = SandboxConfig::new(move || clock.now());
    sandbox.seed = config.sandbox_seed;
    // Nobody in this process looks at what was asked long ago; a list asks for a million numbers.
    sandbox.ledger_capacity = LEDGER_CAPACITY;
    sandbox.latency = config
        .sandbox_latency
        .parse()
        .map_err(|error: LatencyError| {
            AppError::of_option("sandbox.latency", |lang| error.message(lang))
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
        return Err(AppError::Usage(text!(
            "la carpeta de datos {dir} es un archivo: elija otra con --dir",
            "the data folder {dir} is a file: choose another one with --dir"
        )));
    }
    Ok(())
}
