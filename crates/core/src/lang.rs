//! The two languages of messages for people.

/// Language of messages for people. Codes and JSON keys are never translated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Lang {
    /// Spanish of Peru, formal address (*usted*).
    #[default]
    Es,
    /// English.
    En,
}

impl Lang {
    /// Picks one of the two wordings of a message.
    ///
    /// ```
    /// use chaski_core::Lang;
    /// assert_eq!(Lang::Es.pick("no existe", "does not exist"), "no existe");
    /// ```
    pub fn pick<T>(self, es: T, en: T) -> T {
        match self {
            Lang::Es => es,
            Lang::En => en,
        }
    }
}

/// A message as a sentence of its own: it begins with a capital, unless it begins with what is written as
/// it is (the name of a command, a file, a field, a setting or an option) or is a line below another one.
///
/// ```
/// use chaski_core::sentence;
/// assert_eq!(sentence("no existe el archivo"), "No existe el archivo");
/// assert_eq!(sentence("¿quiso decir «ruc»?"), "¿Quiso decir «ruc»?");
/// assert_eq!(sentence("migo.token está vacío"), "migo.token está vacío");
/// assert_eq!(sentence("rucs: la lista está vacía"), "rucs: la lista está vacía");
/// ```
pub fn sentence(message: &str) -> String {
    let at = message.len() - message.trim_start_matches(['¿', '¡', '(']).len();
    let (opening, rest) = message.split_at(at);
    let ends = |c: char| c.is_whitespace() || matches!(c, ',' | ';' | ':' | '.' | '?' | '!' | ')');
    let word = rest.split(ends).next().unwrap_or_default();
    let after = &rest[word.len()..];
    // `chaski.toml` is one word to a person, though a dot ends this one.
    let goes_on = after.strip_prefix('.');
    let is_name = word == "chaski"
        || word.is_empty()
        || after.starts_with(':')
        || goes_on.is_some_and(|it| it.starts_with(char::is_alphanumeric));
    let mut letters = rest.chars();
    match letters.next() {
        Some(first) if !is_name && word.chars().all(char::is_lowercase) => {
            format!("{opening}{}{}", first.to_uppercase(), letters.as_str())
        }
        _ => message.to_owned(),
    }
}

/// A message in both languages, as [`text!`](crate::text!) makes it.
///
/// ```
/// use chaski_core::{Lang, text};
/// let rows = 3;
/// let text = text!("hay {rows} filas", "there are {rows} rows");
/// assert_eq!(text.pick(Lang::En), "there are 3 rows");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// In Spanish.
    pub es: String,
    /// In English.
    pub en: String,
}

impl Text {
    /// The message in one language.
    pub fn pick(self, lang: Lang) -> String {
        lang.pick(self.es, self.en)
    }
}

/// A [`Text`] of two formats, Spanish and English, that share their arguments.
#[macro_export]
macro_rules! text {
    ($es:literal, $en:literal $(, $argument:expr)* $(,)?) => {
        $crate::Text {
            es: format!($es $(, $argument)*),
            en: format!($en $(, $argument)*),
        }
    };
}
