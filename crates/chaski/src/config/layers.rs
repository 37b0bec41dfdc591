//! The layers that configuration is read from, and where each value came from.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::io::Error;
use std::path::{Path, PathBuf};

use chaski_core::{Lang, text};
use toml_edit::{DocumentMut, Item, TableLike, Value};

use super::SEALED;
use super::error::ConfigError;
use super::outside_key::OutsideKey;
use super::surroundings::{ProxyAround, Surroundings};
use crate::io_words::reason;

/// The defaults, as shipped.
pub const DEFAULTS: &str = include_str!("../config.default.toml");

/// Stands for what must not be shown.
pub(crate) const HIDDEN: &str = "••••••";

/// Where data were before each user had a folder of their own. One that exists goes on being used.
const OLD_FOLDER: &str = "chaski_data";

/// The secrets among the keys.
const SECRETS: [&str; 3] = ["migo.token", "server_key", "database_url"];

/// Variables that name a file with the value of a key.
const FILES: [(&str, &str); 3] = [
    ("CHASKI_MIGO_TOKEN_FILE", "migo.token"),
    ("CHASKI_SERVER_KEY_FILE", "server_key"),
    ("CHASKI_DATABASE_URL_FILE", "database_url"),
];

/// Environment variables of ours that are neither keys nor [`FILES`].
const OTHER_VARIABLES: [&str; 8] = [
    "CHASKI_CONFIG",
    "CHASKI_KEY",
    "CHASKI_KEY_FILE",
    "CHASKI_LANG",
    "CHASKI_LOG",
    "CHASKI_LOG_FORMAT",
    "CHASKI_NUBEFACT_TOKEN",
    "CHASKI_NUBEFACT_TOKEN_FILE",
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
            Origin::Flag(name) => text!("opción {name}", "flag {name}").pick(lang),
        }
    }
}

/// Every key with its value and origin.
#[derive(Clone)]
pub struct Layers {
    pub(super) values: BTreeMap<String, (Value, Origin)>,
    pub(super) key: Option<OutsideKey>,
    pub(super) secrets_dir: Option<PathBuf>,
    pub(super) usual_dir: Option<PathBuf>,
    pub(super) proxy_around: ProxyAround,
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
            key: None,
            secrets_dir: None,
            usual_dir: None,
            proxy_around: ProxyAround::default(),
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
        layers.add_surroundings(around)?;
        for (flag, key, value) in flags {
            layers.set_text(key, value, Origin::Flag(flag))?;
        }
        Ok(layers)
    }

    /// Takes from the surroundings what is no key of the configuration: the key of the data, and
    /// where things are that nothing else says the place of.
    pub fn add_surroundings(&mut self, around: &Surroundings) -> Result<(), ConfigError> {
        self.key = OutsideKey::find(around)?;
        self.proxy_around = ProxyAround::of(around);
        self.secrets_dir = around
            .user_file()
            .and_then(|file| file.parent().map(Path::to_owned));
        if self.values["dir"].1 != Origin::Default {
            return Ok(());
        }
        let old = around.here.join(OLD_FOLDER);
        let usual = around.user_data();
        let dir = match &usual {
            Some(usual) if !old.is_dir() => usual.clone(),
            _ => old.clone(),
        };
        self.usual_dir = usual.filter(|_| dir == old);
        let dir = Value::from(dir.to_string_lossy().into_owned());
        self.values.insert("dir".to_owned(), (dir, Origin::Default));
        Ok(())
    }

    fn add_file(&mut self, path: &Path, must_exist: bool) -> Result<(), ConfigError> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && !must_exist => {
                return Ok(());
            }
            Err(error) => {
                let what = [
                    "no se puede leer la configuración",
                    "cannot read the configuration",
                ];
                return Err(unreadable(what, path, &error));
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
            text!(
                "{shown}, línea {line}: no es TOML válido; los textos van entre comillas: clave = \"valor\"",
                "{shown}, line {line}: not valid TOML; texts go in quotes: key = \"value\""
            )
        })?;
        let mut found = Vec::new();
        flatten("", document.as_table(), &mut |key, value| {
            found.push((key.to_owned(), value.clone()));
        });
        for (key, value) in found {
            let origin = Origin::File(path.to_owned());
            self.known(&key, &shown.to_string())?;
            let known = std::mem::discriminant(&self.values[&key].0);
            if known != std::mem::discriminant(&value) {
                return Err(self.bad_value(&key, &origin));
            }
            self.values.insert(key, (value, origin));
        }
        Ok(())
    }

    /// Takes what variables of the environment say.
    pub fn add_variables(&mut self, around: &Surroundings) -> Result<(), ConfigError> {
        let names: BTreeMap<String, String> = self
            .values
            .keys()
            .map(|key| (variable_of(key), key.clone()))
            .collect();
        for (name, text) in &around.variables {
            if name.starts_with("CHASKI_") && text.contains(char::REPLACEMENT_CHARACTER) {
                let text = text!(
                    "variable {name}: no es texto UTF-8",
                    "variable {name}: not UTF-8 text"
                );
                return Err(text.into());
            }
            let mut other = OTHER_VARIABLES
                .into_iter()
                .chain(FILES.map(|(name, _)| name));
            if !name.starts_with("CHASKI_") || other.any(|other| other == name) {
                continue;
            }
            let Some(key) = names.get(name) else {
                // All begin alike: what counts is what comes after.
                let hint = nearest_variable(name, names.keys());
                let places = ["el entorno", "the environment"];
                return Err(unknown(name, places, hint.as_deref()));
            };
            self.set_text(key, text, Origin::Variable(name.clone()))?;
        }
        if let Some(lang) = around.variable("CHASKI_LANG") {
            self.set_text("lang", lang, Origin::Variable("CHASKI_LANG".to_owned()))?;
        }
        for (name, key) in FILES {
            let Some(path) = around.variables.get(name) else {
                continue;
            };
            if path.trim().is_empty() {
                return Err(empty_secret(&format!("variable {name}"), key));
            }
            let text = std::fs::read_to_string(path).map_err(|error| {
                let what = [
                    format!("{name}: no se puede leer"),
                    format!("{name}: cannot read"),
                ];
                unreadable(what, Path::new(path), &error)
            })?;
            if says_nothing(&text) {
                return Err(empty_secret(&format!("{name} ({path})"), key));
            }
            self.set_text(key, text.trim(), Origin::Variable(name.to_owned()))?;
        }
        Ok(())
    }

    /// A secret that is named and empty is a slip, not "none": without its token a gateway would
    /// answer with invented data, without its key a server would be asked without a key.
    pub(super) fn refuse_empty_secrets(&self) -> Result<(), ConfigError> {
        for key in SECRETS {
            let (value, origin) = &self.values[key];
            let is_empty = value.as_str().is_none_or(says_nothing);
            if is_empty && *origin != Origin::Default {
                return Err(empty_secret(&origin.describe(Lang::Es), key));
            }
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
            let text = text!(
                "{place}: el token no va en «{key}»: escríbalo en [migo] token, o mejor en un archivo señalado por CHASKI_MIGO_TOKEN_FILE",
                "{place}: the token does not go in \"{key}\": write it in [migo] token, or better in a file named by CHASKI_MIGO_TOKEN_FILE"
            );
            return Err(text.into());
        }
        let section = format!("{key}.");
        if self.values.keys().any(|known| known.starts_with(&section)) {
            let text = text!(
                "{place}: «{key}» es una sección: se escribe [{key}] y debajo sus claves",
                "{place}: \"{key}\" is a section: write [{key}] and its keys below it"
            );
            return Err(text.into());
        }
        let hint = nearest(key, self.values.keys().map(String::as_str));
        // A token pasted in the wrong place must not be repeated.
        let shown = if looks_like_token(key) { HIDDEN } else { key };
        Err(unknown(shown, [place; 2], hint.as_deref()))
    }

    fn bad_value(&self, key: &str, origin: &Origin) -> ConfigError {
        let (es, en) = match &self.values[key].0 {
            Value::Integer(_) => ("un número entero", "a whole number"),
            Value::Boolean(_) => ("true o false", "true or false"),
            Value::Array(_) => ("una lista de textos", "a list of texts"),
            _ => ("un texto entre comillas", "a text in quotes"),
        };
        must_be(key, origin, es, en)
    }

    /// Every key, its value as text with secrets masked, and its origin.
    pub fn shown(&self) -> impl Iterator<Item = (&str, String, &Origin)> {
        self.values.iter().map(|(key, (value, origin))| {
            let text = value
                .as_str()
                .map_or_else(|| value.to_string().trim().to_owned(), str::to_owned);
            let secret = is_secret(key) && !text.is_empty();
            (
                key.as_str(),
                if secret { HIDDEN.to_owned() } else { text },
                origin,
            )
        })
    }

    /// Everything that is not as shipped, as the text of a file. A token is in it only sealed.
    pub fn to_toml(&self) -> String {
        let mut document = DocumentMut::new();
        let mut left_out = String::new();
        for (key, (value, origin)) in &self.values {
            let text = value.as_str().unwrap_or_default();
            if *origin == Origin::Default || text.is_empty() && is_secret(key) {
                continue;
            }
            if is_secret(key) && !text.starts_with(SEALED) {
                left_out.extend(["# ", key, " no está en la copia / is not in the copy\n"]);
                continue;
            }
            let mut value = value.clone();
            value.decor_mut().clear();
            match key.rsplit_once('.') {
                Some((table, name)) => {
                    document[table].or_insert(toml_edit::table())[name] = value.into();
                }
                None => document[key] = value.into(),
            }
        }
        format!("{left_out}{document}")
    }

    /// Keys whose value is another one there.
    pub fn differences(&self, there: &Layers) -> Vec<&str> {
        let text = |layers: &Layers, key: &str| {
            let value = layers.values.get(key);
            value.map(|(value, _)| value.clone().decorated("", "").to_string())
        };
        let keys = self.values.keys().map(String::as_str);
        keys.filter(|key| text(self, key) != text(there, key))
            .collect()
    }

    /// Takes the value of a key from there.
    pub fn take_over(&mut self, key: &str, there: &Layers) {
        if let Some(value) = there.values.get(key) {
            self.values.insert(key.to_owned(), value.clone());
        }
    }

    /// Where the value of a key came from.
    pub fn origin(&self, key: &str) -> Option<&Origin> {
        self.values.get(key).map(|(_, origin)| origin)
    }

    /// The value of a key.
    pub fn value(&self, key: &str) -> Option<Value> {
        self.values.get(key).map(|(value, _)| value.clone())
    }
}

/// `source` is read alike in both languages: the name of a variable or of a file.
pub(super) fn empty_secret(source: &str, key: &str) -> ConfigError {
    let text = text!(
        "{source}: «{key}» está vacío: escriba ahí su valor, o quite esa línea o variable (para datos de prueba: --sandbox)",
        "{source}: \"{key}\" is empty: write its value there, or remove that line or variable (for invented data: --sandbox)"
    );
    text.into()
}

/// Whether a secret is empty: quotes round nothing, a mark of the order of bytes and the like are.
fn says_nothing(text: &str) -> bool {
    !text.contains(char::is_alphanumeric)
}

/// Whether the value of a key must not be shown.
pub(crate) fn is_secret(key: &str) -> bool {
    SECRETS.contains(&key)
}

/// The variable of a key: `migo.rpm` is `CHASKI_MIGO_RPM`.
pub fn variable_of(key: &str) -> String {
    format!("CHASKI_{}", key.replace('.', "_").to_uppercase())
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
fn unknown(key: &str, [lugar, place]: [&str; 2], hint: Option<&str>) -> ConfigError {
    let text = match hint {
        Some(hint) => text!(
            "{lugar}: clave desconocida «{key}»; ¿quiso decir «{hint}»?",
            "{place}: unknown key \"{key}\"; did you mean \"{hint}\"?"
        ),
        None => text!(
            "{lugar}: clave desconocida «{key}»; vea las que hay con: chaski config show",
            "{place}: unknown key \"{key}\"; see them all with: chaski config show"
        ),
    };
    text.into()
}

/// A value that is not what its key wants.
pub(super) fn must_be(key: &str, origin: &Origin, es: &str, en: &str) -> ConfigError {
    let text = text!("«{key}» debe ser {es}", "\"{key}\" must be {en}");
    ConfigError::of(|lang| {
        format!(
            "{}: {}",
            origin.describe(lang),
            lang.pick(&text.es, &text.en)
        )
    })
}

/// What could not be read, in Spanish and English, and what the system says of it.
pub(super) fn unreadable<T: Display>([es, en]: [T; 2], path: &Path, error: &Error) -> ConfigError {
    let path = path.display();
    ConfigError::of(|lang| format!("{} {path}: {}", lang.pick(&es, &en), reason(error, lang)))
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
