//! The two languages that people are spoken to in.

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
