//! Currencies of a document: NubeFact's `moneda` and ISO 4217.
//!
//! Source: NubeFact's manual v2.9 (1 soles, 2 dollars, 3 euros, 4 pounds sterling). Names: the forms
//! printed in words under an invoice.

/// Currency of a document.
///
/// ```
/// use chaski_core::invoicing::catalogs::currencies::Moneda;
/// assert_eq!(Moneda::from_nubefact(2), Some(Moneda::Usd));
/// assert_eq!(Moneda::from_iso("gbp").map(Moneda::nubefact), Some(4));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Moneda {
    /// Soles.
    #[default]
    Pen,
    /// US dollars.
    Usd,
    /// Euros.
    Eur,
    /// Pounds sterling.
    Gbp,
}

impl Moneda {
    /// All of them, in NubeFact's order.
    pub const ALL: [Moneda; 4] = [Moneda::Pen, Moneda::Usd, Moneda::Eur, Moneda::Gbp];

    /// Code of ISO 4217.
    pub fn iso(self) -> &'static str {
        match self {
            Moneda::Pen => "PEN",
            Moneda::Usd => "USD",
            Moneda::Eur => "EUR",
            Moneda::Gbp => "GBP",
        }
    }

    /// NubeFact's `moneda`.
    pub fn nubefact(self) -> u8 {
        match self {
            Moneda::Pen => 1,
            Moneda::Usd => 2,
            Moneda::Eur => 3,
            Moneda::Gbp => 4,
        }
    }

    /// The sign before an amount: `S/`, `US$`, `€`, `£`.
    pub fn sign(self) -> &'static str {
        match self {
            Moneda::Pen => "S/",
            Moneda::Usd => "US$",
            Moneda::Eur => "€",
            Moneda::Gbp => "£",
        }
    }

    /// How it ends an amount in words; the plural, as the noun stands after the hundredths.
    pub fn in_words(self) -> &'static str {
        match self {
            Moneda::Pen => "SOLES",
            Moneda::Usd => "DÓLARES AMERICANOS",
            Moneda::Eur => "EUROS",
            Moneda::Gbp => "LIBRAS ESTERLINAS",
        }
    }

    /// Whether the noun is feminine, which changes the number before it: `DOSCIENTAS CON 00/100 LIBRAS`.
    pub fn is_feminine(self) -> bool {
        self == Moneda::Gbp
    }

    /// By the code of ISO 4217, in either case.
    pub fn from_iso(code: &str) -> Option<Moneda> {
        let mut all = Moneda::ALL.into_iter();
        all.find(|it| it.iso().eq_ignore_ascii_case(code.trim()))
    }

    /// By NubeFact's number.
    pub fn from_nubefact(number: u8) -> Option<Moneda> {
        Moneda::ALL.into_iter().find(|it| it.nubefact() == number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_found_by_both_its_codes() {
        for moneda in Moneda::ALL {
            assert_eq!(Moneda::from_iso(moneda.iso()), Some(moneda));
            assert_eq!(Moneda::from_nubefact(moneda.nubefact()), Some(moneda));
        }
        assert_eq!(
            (Moneda::from_iso("CLP"), Moneda::from_nubefact(0)),
            (None, None)
        );
    }
}
