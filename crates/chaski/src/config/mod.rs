//! Configuration: flag > `CHASKI_*` > `./chaski.toml` > the user's file > the embedded defaults.
//!
//! The embedded `config.default.toml` is default and reference at once: a key exists if and only
//! if it is written there. Every value remembers where it came from.

mod cors;
mod cron;
mod error;
mod exit;
mod layers;
mod outside_key;
pub(crate) mod pasted;
mod server;
mod surroundings;

pub use cors::{CorsOrigin, NotAnOrigin};
pub use cron::{Cron, NotCron};
pub use error::ConfigError;
pub use layers::{DEFAULTS, Layers, Origin, nearest, variable_of};
pub(crate) use layers::{HIDDEN, is_secret, looks_like_token};
pub use outside_key::{CREDENTIAL, OutsideKey};
pub use server::ServerAddress;
pub use surroundings::Surroundings;

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use chaski_client::dialects::migo::MigoDialect;
use chaski_client::{Exit, Settings, TimesToLive, Version};
use chaski_core::{CheckDigit, Lang, Ruc, RucRules};
use chaski_sandbox::Latency;
use secrecy::{ExposeSecret, SecretString};
use toml_edit::Value;

use crate::hints::Hinted;
use layers::must_be;

/// The configuration as the program needs it.
#[derive(Clone)]
pub struct Config {
    /// Data folder.
    pub dir: PathBuf,
    /// Database on a server that holds the data instead of the folder, perhaps still sealed.
    pub database_url: Option<SecretString>,
    /// Address of the gateway.
    pub listen: SocketAddr,
    /// Pages of other sites that may ask the gateway, with a key.
    pub cors_origins: Vec<CorsOrigin>,
    /// How requests leave.
    pub exit: Exit,
    /// Language of messages.
    pub lang: Lang,
    /// Server that look-ups ask instead of the data folder.
    pub server: Option<ServerAddress>,
    /// Its key, perhaps still sealed.
    pub server_key: Option<SecretString>,
    /// When the embedded sandbox answers instead of the real upstream.
    pub sandbox: SandboxMode,
    /// Delay of the embedded sandbox, as written.
    pub sandbox_latency: String,
    /// Seed of its data.
    pub sandbox_seed: u64,
    /// Key of the data folder when it comes from outside it.
    pub key: Option<OutsideKey>,
    /// Where the key is that seals secrets of the configuration; none without a home.
    pub secrets_dir: Option<PathBuf>,
    /// The user's own data folder, where an old one in the current folder is used instead of it.
    pub usual_dir: Option<PathBuf>,
    /// Token of APIMIGO, perhaps still sealed; none when not configured.
    pub migo_token: Option<SecretString>,
    /// Address of APIMIGO.
    pub migo_base_url: String,
    /// Version of APIMIGO.
    pub migo_version: Version,
    /// A RUC that exists, asked before several refusals in a row are believed.
    pub migo_known_ruc: Ruc,
    /// How long a program that speaks Nubefact's protocol waits for what came of its request.
    pub nubefact_patience: Duration,
    /// Whether a document that Nubefact refuses for its day is sent with the day of today.
    pub nubefact_redate: bool,
    /// Limits and times of the engine.
    pub settings: Settings,
    /// What is accepted as a RUC.
    pub ruc_rules: RucRules,
    /// Partners that the nightly refresh asks about, at most.
    pub partners_refresh_limit: u32,
    /// Days that calls are kept.
    pub retention_days: u32,
    /// Whether a look-up of a DNI must say what it is for.
    pub require_purpose: bool,
    /// Whether DNIs are shown masked.
    pub mask_dni: bool,
    /// Workbooks that are issued each month: a file, or `RUC=file`.
    pub monthly_lists: Vec<String>,
    /// Jobs that run at the same time.
    pub jobs_concurrency: usize,
    /// What is done by itself, and when.
    pub schedule: Schedule,
}

/// Cron expressions in Lima time; none is off.
#[derive(Debug, Clone, Default)]
pub struct Schedule {
    /// Bringing the partners up to date.
    pub partners: Option<Cron>,
    /// Deleting what has expired.
    pub retention: Option<Cron>,
    /// Noting how many calls of the month are spent.
    pub quota: Option<Cron>,
    /// Issuing the workbooks of the month.
    pub invoicing: Option<Cron>,
}

/// Begins the text of a setting that is sealed with the key of the data folder.
pub const SEALED: &str = "sellado:";

/// When the embedded sandbox answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SandboxMode {
    /// While there is no token.
    Auto,
    /// Always.
    Always,
    /// Never: a token is demanded.
    Never,
}

/// Calls of a list before one was answered: what fails for every number costs no more.
const FIRST_WAVE: usize = 4;

impl Layers {
    /// The token, of what people paste into a file of variables: with its quotes, or `Bearer` before it.
    /// What cannot be one stays, to be told where it comes from.
    fn token(&self) -> String {
        let token = self.text("migo.token").trim();
        if token.starts_with(SEALED) {
            return token.to_owned();
        }
        pasted::token(token).unwrap_or_else(|_| token.to_owned())
    }

    /// The values as the program needs them, each checked.
    pub fn config(&self) -> Result<Config, ConfigError> {
        self.refuse_empty_secrets()?;
        let token = self.token();
        let server_key = self.text("server_key").trim().to_owned();
        let quota = self.number::<u64>("migo.quota")?;
        let settings = Settings {
            attempt_timeout: self.duration("migo.timeout")?,
            deadline: self.duration("migo.deadline")?,
            max_attempts: self.number::<u32>("migo.max_attempts")?.max(1),
            calls_per_minute: self.number("migo.rpm")?,
            quota: (quota > 0).then_some(quota),
            concurrency: self.number::<usize>("migo.concurrency")?.clamp(1, 10_000),
            batch_window: self.number::<usize>("migo.batch_window")?.clamp(1, 1_000),
            first_wave: FIRST_WAVE,
            times: TimesToLive {
                ruc: self.duration("cache.ruc_ttl")?,
                dni: self.duration("cache.dni_ttl")?,
                refusal: self.duration("cache.invalid_ttl")?,
                unsettled_rate: self.duration("cache.rate_ttl")?,
                stale: self.duration("cache.stale_ttl")?,
            },
            record_hits: true,
            store_bodies: self.flag("audit.store_bodies"),
            ..Settings::default()
        };
        let migo_version = self.one_of(
            "migo.version",
            &[
                ("auto", Version::Auto),
                ("v1", Version::V1),
                ("v2", Version::V2),
            ],
        )?;
        self.check_dialect(&token, migo_version)?;
        Ok(Config {
            dir: self.dir()?,
            database_url: self.database_url()?,
            listen: self.parsed(
                "listen",
                "una dirección con puerto, como 127.0.0.1:8420",
                "an address with its port, such as 127.0.0.1:8420",
            )?,
            cors_origins: self.cors_origins()?,
            exit: self.exit()?,
            lang: self.one_of("lang", &[("es", Lang::Es), ("en", Lang::En)])?,
            server: self.parsed_if_any("server", ServerAddress::WANTED)?,
            server_key: (!server_key.is_empty()).then(|| SecretString::from(server_key)),
            sandbox: self.one_of(
                "sandbox.mode",
                &[
                    ("auto", SandboxMode::Auto),
                    ("siempre", SandboxMode::Always),
                    ("nunca", SandboxMode::Never),
                ],
            )?,
            sandbox_latency: self
                .parsed::<Latency>(
                    "sandbox.latency",
                    "un tiempo como 100ms, o lognormal:100ms:1s (mediana y percentil 99)",
                    "a time such as 100ms, or lognormal:100ms:1s (median and 99th percentile)",
                )
                .map(|_| self.text("sandbox.latency").to_owned())?,
            sandbox_seed: self.number("sandbox.seed")?,
            key: self.key.clone(),
            secrets_dir: self.secrets_dir.clone(),
            usual_dir: self
                .usual_dir
                .clone()
                .filter(|_| self.values["dir"].1 == Origin::Default),
            migo_token: (!token.is_empty()).then(|| SecretString::from(token)),
            migo_base_url: self.text("migo.base_url").to_owned(),
            migo_version,
            migo_known_ruc: self.known_ruc()?,
            nubefact_patience: self.duration("nubefact.patience")?,
            nubefact_redate: self
                .one_of("nubefact.late_date", &[("devolver", false), ("hoy", true)])?,
            settings,
            ruc_rules: RucRules {
                check_digit: self.one_of(
                    "ruc.check_digit",
                    &[
                        ("estricto", CheckDigit::Strict),
                        ("formato", CheckDigit::FormatOnly),
                    ],
                )?,
                blocked: self.texts("ruc.blocked"),
            },
            partners_refresh_limit: self.number("partners.refresh_limit")?,
            retention_days: self.number("audit.retention_days")?,
            require_purpose: self.flag("audit.require_purpose"),
            mask_dni: self.flag("audit.mask_dni"),
            monthly_lists: self.texts("invoicing.monthly").into_iter().collect(),
            jobs_concurrency: self.number::<usize>("jobs.concurrency")?.clamp(1, 100),
            schedule: Schedule {
                partners: self.parsed_if_any("schedule.partners", Cron::WANTED)?,
                retention: self.parsed_if_any("schedule.retention", Cron::WANTED)?,
                quota: self.parsed_if_any("schedule.quota", Cron::WANTED)?,
                invoicing: self.parsed_if_any("schedule.invoicing", Cron::WANTED)?,
            },
        })
    }

    fn database_url(&self) -> Result<Option<SecretString>, ConfigError> {
        let text = self.text("database_url").trim();
        if text.is_empty() || text.starts_with(SEALED) || is_database_url(text) {
            return Ok((!text.is_empty()).then(|| SecretString::from(text.to_owned())));
        }
        Err(self.bad(
            "database_url",
            "una dirección como postgres://usuario@máquina/base",
            "an address such as postgres://user@machine/database",
        ))
    }

    fn cors_origins(&self) -> Result<Vec<CorsOrigin>, ConfigError> {
        let (es, en) = CorsOrigin::WANTED;
        let sites = self.texts("cors_origins").into_iter();
        let sites = sites.map(|site| site.parse().map_err(|_| self.bad("cors_origins", es, en)));
        sites.collect()
    }

    fn known_ruc(&self) -> Result<Ruc, ConfigError> {
        self.parsed(
            "migo.known_ruc",
            "un RUC que exista, como el de SUNAT: 20131312955",
            "a RUC that exists, such as SUNAT's: 20131312955",
        )
    }

    fn parsed<T: FromStr>(&self, key: &str, es: &str, en: &str) -> Result<T, ConfigError> {
        let read = self.text(key).trim().parse();
        read.map_err(|_| self.bad(key, es, en))
    }

    fn parsed_if_any<T: FromStr>(
        &self,
        key: &str,
        (es, en): (&str, &str),
    ) -> Result<Option<T>, ConfigError> {
        match self.text(key).trim() {
            "" => Ok(None),
            _ => self.parsed(key, es, en).map(Some),
        }
    }

    /// The value that a key has is not what it wants.
    fn bad(&self, key: &str, es: &str, en: &str) -> ConfigError {
        must_be(key, &self.values[key].1, es, en)
    }

    fn dir(&self) -> Result<PathBuf, ConfigError> {
        match (self.text("dir"), &self.values["dir"].1) {
            (text, _) if !text.trim().is_empty() => Ok(PathBuf::from(text)),
            // The defaults alone, without surroundings.
            (_, Origin::Default) => Ok(PathBuf::from("./chaski_data")),
            _ => Err(self.bad("dir", "una carpeta", "a folder")),
        }
    }

    /// An address or token that cannot work is told at the start, not when the first call is
    /// made. The dialect's words never repeat the value.
    fn check_dialect(&self, token: &str, version: Version) -> Result<(), ConfigError> {
        let address = self.text("migo.base_url");
        // A sealed one is looked at when it is opened.
        let token = if token.starts_with(SEALED) { "" } else { token };
        let Err(error) = MigoDialect::new(address, &SecretString::from(token), version) else {
            return Ok(());
        };
        let key = if token.is_ascii() && !token.contains(char::is_control) {
            "migo.base_url"
        } else {
            "migo.token"
        };
        let origin = &self.values[key].1;
        Err(ConfigError::of(|lang| {
            format!("{}: {}", origin.describe(lang), error.hinted(lang))
        }))
    }

    fn text(&self, key: &str) -> &str {
        self.values[key].0.as_str().unwrap_or_default()
    }

    fn flag(&self, key: &str) -> bool {
        self.values[key].0.as_bool().unwrap_or_default()
    }

    fn texts(&self, key: &str) -> std::collections::BTreeSet<String> {
        let list = self.values[key].0.as_array();
        list.into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect()
    }

    fn number<T: TryFrom<i64>>(&self, key: &str) -> Result<T, ConfigError> {
        let number = self.values[key].0.as_integer();
        let number = number.and_then(|number| T::try_from(number).ok());
        number.ok_or_else(|| self.bad(key, "un número entero desde 0", "a whole number from 0"))
    }

    fn duration(&self, key: &str) -> Result<Duration, ConfigError> {
        parse_duration(self.text(key)).ok_or_else(|| {
            self.bad(
                key,
                "un tiempo como 500ms, 10s, 15m, 24h o 30d",
                "a time such as 500ms, 10s, 15m, 24h or 30d",
            )
        })
    }

    fn one_of<T: Copy>(&self, key: &str, choices: &[(&str, T)]) -> Result<T, ConfigError> {
        let text = self.text(key).trim().to_lowercase();
        let found = choices.iter().find(|(name, _)| *name == text);
        found.map(|(_, value)| *value).ok_or_else(|| {
            let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
            let names = names.join(", ");
            self.bad(
                key,
                &format!("uno de: {names}"),
                &format!("one of: {names}"),
            )
        })
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("dir", &self.dir)
            .field("sandbox", &self.sandbox)
            .field("token", &self.migo_token.as_ref().map(|_| HIDDEN))
            .field("server_key", &self.server_key.as_ref().map(|_| HIDDEN))
            .field("database_url", &self.database_url.as_ref().map(|_| HIDDEN))
            .finish_non_exhaustive()
    }
}

impl Config {
    /// The token, to be handed to the dialect and nowhere else.
    pub fn token(&self) -> Option<&str> {
        self.migo_token.as_ref().map(ExposeSecret::expose_secret)
    }
}
/// Whether a text is meant as the address of a database of `PostgreSQL`.
pub fn is_database_url(text: &str) -> bool {
    text.starts_with("postgres://") || text.starts_with("postgresql://")
}

/// Whether such an address holds a password, or cannot be told not to.
pub fn holds_password(url: &str) -> bool {
    let (address, words) = url.split_once('?').unwrap_or((url, ""));
    let user = address.split_once("://").map_or(address, |(_, rest)| rest);
    let user = user.rsplit_once('@').map_or("", |(user, _)| user);
    user.contains(':') || words.to_ascii_lowercase().contains("pass")
}

/// A time such as `500ms`, `10s`, `15m`, `24h`, `30d`.
pub fn parse_duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let number: u64 = text[..digits].parse().ok()?;
    let milliseconds = match text[digits..].trim() {
        "ms" => 1,
        "s" => 1_000,
        "m" | "min" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    // A century is plenty and keeps every sum with a date representable.
    let total = number
        .checked_mul(milliseconds)
        .filter(|total| *total <= 100 * 366 * 86_400_000)?;
    Some(Duration::from_millis(total))
}
