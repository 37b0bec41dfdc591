//! Identity documents of a customer: catálogo 06, which is also what NubeFact's
//! `cliente_tipo_de_documento` takes, with the form of the number.
//!
//! Sources: NubeFact's manual v2.9, table of `cliente_tipo_de_documento`; SUNAT's workbook (2017:
//! a RUC has 11 digits; 2801, in boletas 4207: a DNI has 8; others up to 15 letters and digits).

/// One kind of identity document.
///
/// ```
/// use chaski_core::invoicing::catalogs::identities::IdentityKind;
/// let dni = IdentityKind::from_code("1").expect("a known code");
/// assert!(dni.accepts("00000001") && !dni.accepts("1"));
/// assert_eq!(IdentityKind::from_code("-").map(|it| it.name), Some("varios"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct IdentityKind {
    /// The code, the same at SUNAT and NubeFact. It is text: `-`, `A`, `B`, `G` are codes too.
    pub code: &'static str,
    /// Name in Spanish.
    pub name: &'static str,
    /// Fewest characters of the number.
    pub shortest: usize,
    /// Most characters of the number.
    pub longest: usize,
    /// Whether only digits may be in it.
    pub digits_only: bool,
    /// Whether a guía may name it (GRE manual v1.6: 6, 1, 4, 7, A, 0).
    pub in_guias: bool,
}

/// Every kind that NubeFact takes.
pub const IDENTITIES: [IdentityKind; 9] = [
    row("6", "RUC", 11, 11, true, true),
    row("1", "DNI", 8, 8, true, true),
    row("-", "varios", 1, 15, false, false),
    row("4", "carnet de extranjería", 1, 15, false, true),
    row("7", "pasaporte", 1, 15, false, true),
    row("A", "cédula diplomática de identidad", 1, 15, false, true),
    row(
        "B",
        "documento de identidad del país de residencia (no domiciliado)",
        1,
        15,
        false,
        false,
    ),
    row("0", "no domiciliado sin RUC", 1, 15, false, true),
    row("G", "salvoconducto", 1, 15, false, false),
];

const fn row(
    code: &'static str,
    name: &'static str,
    shortest: usize,
    longest: usize,
    digits_only: bool,
    in_guias: bool,
) -> IdentityKind {
    IdentityKind {
        code,
        name,
        shortest,
        longest,
        digits_only,
        in_guias,
    }
}

impl IdentityKind {
    /// RUC.
    pub const RUC: IdentityKind = IDENTITIES[0];
    /// DNI.
    pub const DNI: IdentityKind = IDENTITIES[1];
    /// `-`: nobody is named.
    pub const VARIOS: IdentityKind = IDENTITIES[2];

    /// By the code, in either case.
    pub fn from_code(code: &str) -> Option<IdentityKind> {
        let mut all = IDENTITIES.into_iter();
        all.find(|row| row.code.eq_ignore_ascii_case(code))
    }

    /// Whether the number has the form that this kind asks for. A RUC's check digit is another
    /// question: [`Ruc`](crate::Ruc). Only `-` itself stands for a number of `varios`.
    pub fn accepts(self, number: &str) -> bool {
        let length = number.chars().count();
        let fits = (self.shortest..=self.longest).contains(&length);
        let of_digits = number.bytes().all(|byte| byte.is_ascii_digit());
        let plain = |c: char| c.is_alphanumeric() || "-/.".contains(c);
        fits && (!self.digits_only || of_digits) && number.chars().all(plain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_each_is_found() {
        for row in IDENTITIES {
            assert_eq!(IdentityKind::from_code(row.code), Some(row));
            assert!(row.shortest <= row.longest && row.longest <= 15);
        }
        assert_eq!(IdentityKind::RUC.code, "6");
        assert_eq!(IdentityKind::DNI.code, "1");
        assert_eq!(IdentityKind::VARIOS.code, "-");
        assert_eq!(IdentityKind::from_code("2"), None);
    }

    #[test]
    fn numbers_fit_their_kind() {
        let accepts =
            |code: &str, number: &str| IdentityKind::from_code(code).unwrap().accepts(number);
        assert!(accepts("6", "20131312955"));
        assert!(!accepts("6", "2013131295"));
        assert!(!accepts("1", "0000000A"));
        assert!(accepts("-", "-") && accepts("7", "AB-123456") && accepts("g", "X1"));
        assert!(!accepts("4", "") && !accepts("4", "1234567890123456") && !accepts("7", "A B"));
    }
}
