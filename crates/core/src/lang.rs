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
