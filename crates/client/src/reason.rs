//! The kinds of "no" that are worth remembering.

/// Why a number was refused by the upstream itself.
///
/// ```
/// use chaski_client::Reason;
/// assert_eq!(Reason::parse("NO_EXISTE_SUNAT"), Some(Reason::NotFoundInBatch));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// A single query said that the number is not in the registry.
    NotFound,
    /// A native batch call said so.
    NotFoundInBatch,
    /// No rate was published for that day.
    NoRate,
    /// The taxpayer is not on that list (withholding agents, good taxpayers).
    NotListed,
}

impl Reason {
    /// Stable name as stored; the first two are those of the replaced system.
    pub fn as_str(self) -> &'static str {
        match self {
            Reason::NotFound => "404_NOT_FOUND",
            Reason::NotFoundInBatch => "NO_EXISTE_SUNAT",
            Reason::NoRate => "SIN_TIPO_DE_CAMBIO",
            Reason::NotListed => "NO_FIGURA",
        }
    }

    /// The reason of a stored name.
    pub fn parse(name: &str) -> Option<Reason> {
        [
            Reason::NotFound,
            Reason::NotFoundInBatch,
            Reason::NoRate,
            Reason::NotListed,
        ]
        .into_iter()
        .find(|reason| reason.as_str() == name)
    }
}
