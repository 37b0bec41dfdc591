//! Ubigeo, the six-digit place code, and the names behind it.
//!
//! SUNAT and its registry use INEI's numbering (Lima 15, Callao 07); RENIEC's differs and is not
//! read here. Names come from `data/ubigeo.tsv` (see `NOTICE`). The table ages: new districts are
//! made every year, so a code that is not in it is kept and simply has no [`Place`].

use std::cmp::Ordering;
use std::fmt;

/// A place code of six digits in INEI's numbering: departamento, provincia, distrito.
///
/// ```
/// use chaski_core::Ubigeo;
/// let ubigeo = Ubigeo::parse("150130").ok_or("six digits")?;
/// let place = ubigeo.place().ok_or("a known district")?;
/// assert_eq!((place.departamento, place.distrito), ("LIMA", "SAN BORJA"));
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ubigeo([u8; 6]);

/// Names of a district and of what it belongs to, upper-case without accents but with Ñ, as SUNAT
/// prints them.
///
/// ```
/// use chaski_core::Ubigeo;
/// let place = Ubigeo::parse("070101").and_then(|ubigeo| ubigeo.place());
/// assert_eq!(place.map(|place| place.to_string()).as_deref(), Some("CALLAO - CALLAO - CALLAO"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Place {
    /// Region, as `LIMA`.
    pub departamento: &'static str,
    /// Province, as `LIMA`.
    pub provincia: &'static str,
    /// District, as `SAN BORJA`.
    pub distrito: &'static str,
}

impl Ubigeo {
    /// Reads a place code. `None` for anything but five or six digits, among it the registry's
    /// `-`. Five digits are a code that lost its leading zero by passing through a number.
    ///
    /// ```
    /// use chaski_core::Ubigeo;
    /// assert_eq!(Ubigeo::parse("10101").map(|u| u.to_string()).as_deref(), Some("010101"));
    /// assert_eq!(Ubigeo::parse("-"), None);
    /// ```
    pub fn parse(text: &str) -> Option<Ubigeo> {
        let digits = text.trim().as_bytes();
        if !digits.iter().all(u8::is_ascii_digit) || !matches!(digits.len(), 5 | 6) {
            return None;
        }
        let mut code = *b"000000";
        code[6 - digits.len()..].copy_from_slice(digits);
        Some(Ubigeo(code))
    }

    /// The six digits.
    ///
    /// ```
    /// use chaski_core::Ubigeo;
    /// assert_eq!(Ubigeo::parse(" 150130 ").ok_or("a code")?.as_str(), "150130");
    /// # Ok::<(), &str>(())
    /// ```
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("only ASCII digits are ever stored")
    }

    /// The names of the place, or `None` when the embedded table does not have the district.
    ///
    /// ```
    /// use chaski_core::Ubigeo;
    /// assert_eq!(Ubigeo::parse("999999").ok_or("a code")?.place(), None);
    /// # Ok::<(), &str>(())
    /// ```
    pub fn place(&self) -> Option<Place> {
        let code = self.as_str();
        Some(Place {
            departamento: name_of(&code[..2])?,
            provincia: name_of(&code[..4])?,
            distrito: name_of(code)?,
        })
    }
}

impl fmt::Display for Ubigeo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Ubigeo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ubigeo({self})")
    }
}

impl fmt::Display for Place {
    /// `LIMA - LIMA - SAN BORJA`, the order of SUNAT's addresses.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} - {} - {}",
            self.departamento, self.provincia, self.distrito
        )
    }
}

/// `code<TAB>NAME<LF>` per place, sorted as bytes. A region has two digits, a province four, a
/// district six, so one search finds any of them.
const TABLE: &str = include_str!("../data/ubigeo.tsv");

/// Binary search over the bytes of the table: nothing is built at start-up or kept on the heap.
fn name_of(code: &str) -> Option<&'static str> {
    let mut rest = TABLE;
    while !rest.is_empty() {
        let half = &rest.as_bytes()[..rest.len() / 2];
        let start = half
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |at| at + 1);
        let (line, after) = rest[start..].split_once('\n')?;
        let (found, name) = line.split_once('\t')?;
        match code.cmp(found) {
            Ordering::Equal => return Some(name),
            Ordering::Less => rest = &rest[..start],
            Ordering::Greater => rest = after,
        }
    }
    None
}
