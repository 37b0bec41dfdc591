//! Configuration: flag > `CHASKI_*` > `./chaski.toml` > the user's file > the embedded defaults.
//!
//! The embedded `config.default.toml` is default and reference at once: a key exists if and only
//! if it is written there. Every value remembers where it came from.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chaski_client::dialects::migo::MigoDialect;
use chaski_client::{Settings, TimesToLive, Version};
use chaski_core::{CheckDigit, Lang, RucRules};
use chaski_sandbox::Latency;
use secrecy::{ExposeSecret, SecretString};
use toml_edit::{DocumentMut, Item, TableLike, Value};

use crate::io_words::reason;

/// The defaults, as shipped.
pub const DEFAULTS: &str = include_str!("config.default.toml");

/// Stands for what must not be shown.
pub(crate) const HIDDEN: &str = "••••••";

/// The only secret among the keys.
const SECRETS: [&str; 1] = ["migo.token"];

/// Environment variables of ours that are not keys.
const OTHER_VARIABLES: [&str; 5] = [
    "CHASKI_CONFIG",
    "CHASKI_LANG",
    "CHASKI_LOG",
    "CHASKI_LLAVE_FILE",
    "CHASKI_MIGO_TOKEN_FILE",
];

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The embedded defaults.
    Default,
    /// A file.
    File(PathBuf),
    /// An environment variable.
    Variable(String),
    /// A flag of the command line.
    Flag(&'static str),
    /// What `chaski config set` was given.
    Set,
}

impl Origin {
    /// For people.
    pub fn describe(&self, lang: Lang) -> String {
        match self {
            Origin::Default => lang.pick("por defecto", "default").to_owned(),
            Origin::File(path) => path.display().to_string(),
            Origin::Variable(name) => format!("variable {name}"),
            Origin::Set => "chaski config set".to_owned(),
            Origin::Flag(name) => match lang {
                Lang::Es => format!("opción {name}"),
                Lang::En => format!("flag {name}"),
            },
        }
    }
}

/// What is wrong with the configuration, where, and what to do.
#[derive(Debug, thiserror::Error)]
#[error("{es}")]
pub struct ConfigError {
    es: String,
    en: String,
}

impl ConfigError {
    fn new(es: impl Into<String>, en: impl Into<String>) -> ConfigError {
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

/// Every key with its value and origin.
pub struct Layers {
    values: BTreeMap<String, (Value, Origin)>,
}

/// The configuration as the program needs it.
#[derive(Clone)]
pub struct Config {
    /// Data folder.
    pub dir: PathBuf,
    /// Language of messages.
    pub lang: Lang,
    /// When the embedded sandbox answers instead of the real upstream.
    pub sandbox: SandboxMode,
    /// Delay of the embedded sandbox, as written.
    pub sandbox_latency: String,
    /// Seed of its data.
    pub sandbox_seed: u64,
    /// Token of APIMIGO; none when not configured.
    pub migo_token: Option<SecretString>,
    /// Address of APIMIGO.
    pub migo_base_url: String,
    /// Version of APIMIGO.
    pub migo_version: Version,
    /// Limits and times of the engine.
    pub settings: Settings,
    /// What is accepted as a RUC.
    pub ruc_rules: RucRules,
    /// Days that calls are kept.
    pub retention_days: u32,
    /// Whether DNIs are shown masked.
    pub mask_dni: bool,
}

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
                    Some((name.into_string().ok()?, value.into_string().ok()?))
                })
                .collect(),
            here: PathBuf::from("."),
        }
    }

    fn variable(&self, name: &str) -> Option<&str> {
        self.variables
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// The file of the user, whether it exists or not.
    pub fn user_file(&self) -> Option<PathBuf> {
        let folder = match self.variable("XDG_CONFIG_HOME") {
            Some(folder) => PathBuf::from(folder),
            None => PathBuf::from(self.variable("HOME")?).join(".config"),
        };
        Some(folder.join("chaski").join("chaski.toml"))
    }

    /// The file of the folder.
    pub fn local_file(&self) -> PathBuf {
        self.here.join("chaski.toml")
    }
}

impl Layers {
    /// The embedded defaults alone.
    ///
    /// # Panics
    ///
    /// Never: tests read the embedded file.
    pub fn defaults() -> Layers {
        let mut layers = Layers {
            values: BTreeMap::new(),
        };
        let defaults: DocumentMut = DEFAULTS.parse().expect("the embedded defaults are tested");
        flatten("", defaults.as_table(), &mut |key, value| {
            layers
                .values
                .insert(key.to_owned(), (value.clone(), Origin::Default));
        });
        layers
    }

    /// Reads every layer. `file` replaces the two usual files; `flags` win over everything.
    pub fn read(
        around: &Surroundings,
        file: Option<&Path>,
        flags: &[(&'static str, &'static str, String)],
    ) -> Result<Layers, ConfigError> {
        let mut layers = Layers::defaults();
        let named = file
            .map(Path::to_owned)
            .or_else(|| around.variable("CHASKI_CONFIG").map(PathBuf::from));
        if let Some(path) = named {
            layers.add_file(&path, true)?;
        } else {
            if let Some(path) = around.user_file() {
                layers.add_file(&path, false)?;
            }
            layers.add_file(&around.local_file(), false)?;
        }
        layers.add_variables(around)?;
        for (flag, key, value) in flags {
            layers.set_text(key, value, Origin::Flag(flag))?;
        }
        Ok(layers)
    }

    fn add_file(&mut self, path: &Path, must_exist: bool) -> Result<(), ConfigError> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && !must_exist => {
                return Ok(());
            }
            Err(error) => {
                let path = path.display();
                return Err(ConfigError::new(
                    format!(
                        "no se puede leer la configuración {path}: {}",
                        reason(&error, Lang::Es)
                    ),
                    format!(
                        "cannot read the configuration {path}: {}",
                        reason(&error, Lang::En)
                    ),
                ));
            }
        };
        self.add_text(&text, path)
    }

    /// Lays the text of a file over what there is.
    pub fn add_text(&mut self, text: &str, path: &Path) -> Result<(), ConfigError> {
        let shown = path.display();
        let document: DocumentMut = text.parse().map_err(|error: toml_edit::TomlError| {
            let line = error.span().map_or(1, |span| text[..span.start.min(text.len())].lines().count().max(1));
            // The parser's own message quotes the line, which may hold the token.
            ConfigError::new(
                format!("{shown}, línea {line}: no es TOML válido; los textos van entre comillas: clave = \"valor\""),
                format!("{shown}, line {line}: not valid TOML; texts go in quotes: key = \"value\""),
            )
        })?;
        let mut found = Vec::new();
        flatten("", document.as_table(), &mut |key, value| {
            found.push((key.to_owned(), value.clone()));
        });
        for (key, value) in found {
            let origin = Origin::File(path.to_owned());
            self.known(&key, &shown.to_string())?;
            let fits = same_kind(&self.values[&key].0, &value);
            if !fits {
                return Err(self.bad_value(&key, &origin));
            }
            self.values.insert(key, (value, origin));
        }
        Ok(())
    }

    fn add_variables(&mut self, around: &Surroundings) -> Result<(), ConfigError> {
        let names: BTreeMap<String, String> = self
            .values
            .keys()
            .map(|key| (variable_of(key), key.clone()))
            .collect();
        for (name, text) in &around.variables {
            if !name.starts_with("CHASKI_") || OTHER_VARIABLES.contains(&name.as_str()) {
                continue;
            }
            let Some(key) = names.get(name) else {
                // All begin alike: what counts is what comes after.
                let hint = nearest_variable(name, names.keys());
                return Err(unknown(
                    name,
                    "el entorno",
                    "the environment",
                    hint.as_deref(),
                ));
            };
            self.set_text(key, text, Origin::Variable(name.clone()))?;
        }
        if let Some(lang) = around.variable("CHASKI_LANG") {
            self.set_text("lang", lang, Origin::Variable("CHASKI_LANG".to_owned()))?;
        }
        if let Some(path) = around.variable("CHASKI_MIGO_TOKEN_FILE") {
            let text = std::fs::read_to_string(path).map_err(|error| {
                ConfigError::new(
                    format!(
                        "CHASKI_MIGO_TOKEN_FILE: no se puede leer {path}: {}",
                        reason(&error, Lang::Es)
                    ),
                    format!(
                        "CHASKI_MIGO_TOKEN_FILE: cannot read {path}: {}",
                        reason(&error, Lang::En)
                    ),
                )
            })?;
            let origin = Origin::Variable("CHASKI_MIGO_TOKEN_FILE".to_owned());
            self.set_text("migo.token", text.trim(), origin)?;
        }
        Ok(())
    }

    /// Sets a key from text, read as the kind that the key has.
    pub fn set_text(&mut self, key: &str, text: &str, origin: Origin) -> Result<(), ConfigError> {
        self.known(key, &origin.describe(Lang::Es))?;
        let value = typed(&self.values[key].0, text).ok_or_else(|| self.bad_value(key, &origin))?;
        self.values.insert(key.to_owned(), (value, origin));
        Ok(())
    }

    /// Checks that a key exists.
    pub fn known(&self, key: &str, place: &str) -> Result<(), ConfigError> {
        if self.values.contains_key(key) {
            return Ok(());
        }
        if matches!(key.rsplit('.').next(), Some("token" | "api_key" | "apikey")) {
            return Err(ConfigError::new(
                format!(
                    "{place}: el token no va en «{key}»: escríbalo en [migo] token, o mejor en un archivo señalado por CHASKI_MIGO_TOKEN_FILE"
                ),
                format!(
                    "{place}: the token does not go in \"{key}\": write it in [migo] token, or better in a file named by CHASKI_MIGO_TOKEN_FILE"
                ),
            ));
        }
        let section = format!("{key}.");
        if self.values.keys().any(|known| known.starts_with(&section)) {
            return Err(ConfigError::new(
                format!("{place}: «{key}» es una sección: se escribe [{key}] y debajo sus claves"),
                format!("{place}: \"{key}\" is a section: write [{key}] and its keys below it"),
            ));
        }
        let hint = nearest(key, self.values.keys().map(String::as_str));
        // A token pasted in the wrong place must not be repeated.
        let shown = if looks_like_token(key) { HIDDEN } else { key };
        Err(unknown(shown, place, place, hint.as_deref()))
    }

    fn bad_value(&self, key: &str, origin: &Origin) -> ConfigError {
        let (default, _) = &self.values[key];
        let kind = |lang: Lang| match default {
            Value::Integer(_) => lang.pick("un número entero", "a whole number"),
            Value::Boolean(_) => lang.pick("true o false", "true or false"),
            Value::Array(_) => lang.pick("una lista de textos", "a list of texts"),
            _ => lang.pick("un texto entre comillas", "a text in quotes"),
        };
        ConfigError::new(
            format!(
                "{}: «{key}» debe ser {}",
                origin.describe(Lang::Es),
                kind(Lang::Es)
            ),
            format!(
                "{}: \"{key}\" must be {}",
                origin.describe(Lang::En),
                kind(Lang::En)
            ),
        )
    }

    /// Every key, its value as text with secrets masked, and its origin.
    pub fn shown(&self) -> impl Iterator<Item = (&str, String, &Origin)> {
        self.values.iter().map(|(key, (value, origin))| {
            let text = value
                .as_str()
                .map_or_else(|| value.to_string().trim().to_owned(), str::to_owned);
            let secret = SECRETS.contains(&key.as_str()) && !text.is_empty();
            (
                key.as_str(),
                if secret { HIDDEN.to_owned() } else { text },
                origin,
            )
        })
    }

    /// The value of a key.
    pub fn value(&self, key: &str) -> Option<Value> {
        self.values.get(key).map(|(value, _)| value.clone())
    }

    /// The values as the program needs them, each checked.
    pub fn config(&self) -> Result<Config, ConfigError> {
        let token = self.text("migo.token").trim().to_owned();
        let quota = self.number::<u64>("migo.quota")?;
        let settings = Settings {
            attempt_timeout: self.duration("migo.timeout")?,
            deadline: self.duration("migo.deadline")?,
            max_attempts: self.number::<u32>("migo.max_attempts")?.max(1),
            calls_per_minute: self.number("migo.rpm")?,
            quota: (quota > 0).then_some(quota),
            concurrency: self.number::<usize>("migo.concurrency")?.clamp(1, 10_000),
            batch_window: self.number::<usize>("migo.batch_window")?.clamp(1, 1_000),
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
            lang: self.one_of("lang", &[("es", Lang::Es), ("en", Lang::En)])?,
            sandbox: self.one_of(
                "sandbox.mode",
                &[
                    ("auto", SandboxMode::Auto),
                    ("siempre", SandboxMode::Always),
                    ("nunca", SandboxMode::Never),
                ],
            )?,
            sandbox_latency: self.latency()?,
            sandbox_seed: self.number("sandbox.seed")?,
            migo_token: (!token.is_empty()).then(|| SecretString::from(token)),
            migo_base_url: self.text("migo.base_url").to_owned(),
            migo_version,
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
            retention_days: self.number("audit.retention_days")?,
            mask_dni: self.flag("audit.mask_dni"),
        })
    }

    fn latency(&self) -> Result<String, ConfigError> {
        let text = self.text("sandbox.latency");
        match text.parse::<Latency>() {
            Ok(_) => Ok(text.to_owned()),
            Err(_) => Err(complaint(
                "sandbox.latency",
                &self.values["sandbox.latency"].1,
                "un tiempo como 100ms, o lognormal:100ms:1s (mediana y percentil 99)",
                "a time such as 100ms, or lognormal:100ms:1s (median and 99th percentile)",
            )),
        }
    }

    fn dir(&self) -> Result<PathBuf, ConfigError> {
        let text = self.text("dir");
        if text.trim().is_empty() {
            let origin = &self.values["dir"].1;
            return Err(complaint("dir", origin, "una carpeta", "a folder"));
        }
        Ok(PathBuf::from(text))
    }

    /// An address or token that cannot work is told at the start, not when the first call is
    /// made. The dialect's words never repeat the value.
    fn check_dialect(&self, token: &str, version: Version) -> Result<(), ConfigError> {
        let address = self.text("migo.base_url");
        let Err(error) = MigoDialect::new(address, &SecretString::from(token), version) else {
            return Ok(());
        };
        let key = if token.is_ascii() && !token.contains(char::is_control) {
            "migo.base_url"
        } else {
            "migo.token"
        };
        let origin = &self.values[key].1;
        Err(ConfigError::new(
            format!("{}: {}", origin.describe(Lang::Es), error.message(Lang::Es)),
            format!("{}: {}", origin.describe(Lang::En), error.message(Lang::En)),
        ))
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
        let (value, origin) = &self.values[key];
        let number = value
            .as_integer()
            .and_then(|number| T::try_from(number).ok());
        number.ok_or_else(|| {
            complaint(
                key,
                origin,
                "un número entero desde 0",
                "a whole number from 0",
            )
        })
    }

    fn duration(&self, key: &str) -> Result<Duration, ConfigError> {
        parse_duration(self.text(key)).ok_or_else(|| {
            let origin = &self.values[key].1;
            complaint(
                key,
                origin,
                "un tiempo como 500ms, 10s, 15m, 24h o 30d",
                "a time such as 500ms, 10s, 15m, 24h or 30d",
            )
        })
    }

    fn one_of<T: Copy>(&self, key: &str, choices: &[(&str, T)]) -> Result<T, ConfigError> {
        let text = self.text(key).trim().to_lowercase();
        let found = choices
            .iter()
            .find(|(name, _)| *name == text)
            .map(|(_, value)| *value);
        found.ok_or_else(|| {
            let names = choices
                .iter()
                .map(|(name, _)| *name)
                .collect::<Vec<_>>()
                .join(", ");
            let (es, en) = (format!("uno de: {names}"), format!("one of: {names}"));
            complaint(key, &self.values[key].1, &es, &en)
        })
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("dir", &self.dir)
            .field("sandbox", &self.sandbox)
            .field("token", &self.migo_token.as_ref().map(|_| HIDDEN))
            .finish_non_exhaustive()
    }
}

impl Config {
    /// The token, to be handed to the dialect and nowhere else.
    pub fn token(&self) -> Option<&str> {
        self.migo_token.as_ref().map(ExposeSecret::expose_secret)
    }
}

/// The variable of a key: `migo.rpm` is `CHASKI_MIGO_RPM`.
pub fn variable_of(key: &str) -> String {
    format!("CHASKI_{}", key.replace('.', "_").to_uppercase())
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

fn flatten(prefix: &str, table: &dyn TableLike, found: &mut impl FnMut(&str, &Value)) {
    for (name, item) in table.iter() {
        let key = if prefix.is_empty() {
            name.to_owned()
        } else {
            format!("{prefix}.{name}")
        };
        match item {
            Item::Value(Value::InlineTable(inner)) => flatten(&key, inner, found),
            Item::Value(value) => found(&key, value),
            Item::Table(inner) => flatten(&key, inner, found),
            // A list of tables is never a key of ours: report its name as unknown.
            Item::ArrayOfTables(_) => found(&key, &Value::from("")),
            Item::None => {}
        }
    }
}

fn same_kind(one: &Value, other: &Value) -> bool {
    std::mem::discriminant(one) == std::mem::discriminant(other)
}

fn typed(like: &Value, text: &str) -> Option<Value> {
    Some(match like {
        Value::Integer(_) => Value::from(text.trim().parse::<i64>().ok()?),
        Value::Boolean(_) => Value::from(match text.trim() {
            "true" | "1" | "si" | "sí" => true,
            "false" | "0" | "no" => false,
            _ => return None,
        }),
        Value::Array(_) => text
            .split(',')
            .map(str::trim)
            .filter(|item| !item.is_empty())
            .map(Value::from)
            .collect(),
        _ => Value::from(text),
    })
}

fn complaint(key: &str, origin: &Origin, es: &str, en: &str) -> ConfigError {
    ConfigError::new(
        format!("{}: «{key}» debe ser {es}", origin.describe(Lang::Es)),
        format!("{}: \"{key}\" must be {en}", origin.describe(Lang::En)),
    )
}

fn unknown(key: &str, spanish_place: &str, english_place: &str, hint: Option<&str>) -> ConfigError {
    let (mut es, mut en) = (
        format!("{spanish_place}: clave desconocida «{key}»"),
        format!("{english_place}: unknown key \"{key}\""),
    );
    if let Some(hint) = hint {
        es.extend(["; ¿quiso decir «", hint, "»?"]);
        en.extend(["; did you mean \"", hint, "\"?"]);
    } else {
        es.push_str("; vea las que hay con: chaski config show");
        en.push_str("; see them all with: chaski config show");
    }
    ConfigError::new(es, en)
}

fn nearest_variable<'a>(name: &str, names: impl Iterator<Item = &'a String>) -> Option<String> {
    const OURS: &str = "CHASKI_";
    let rest = names.filter_map(|name| name.strip_prefix(OURS));
    let found = nearest(name.trim_start_matches(OURS), rest)?;
    Some(format!("{OURS}{found}"))
}

/// The most similar of some names, if one is similar at all.
pub fn nearest<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Option<String> {
    names
        .map(|other| (strsim::jaro_winkler(name, other), other))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|one, other| one.0.total_cmp(&other.0))
        .map(|(_, other)| other.to_owned())
}

/// Long and made of letters and digits, both: nothing else that is typed here looks like that.
pub(crate) fn looks_like_token(text: &str) -> bool {
    text.len() >= 24
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '|'))
        && text.chars().any(|c| c.is_ascii_digit())
        && text.chars().any(|c| c.is_ascii_alphabetic())
}
