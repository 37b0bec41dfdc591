//! How free text of the registry is read: cleaned, recognised as absent, folded for comparison.

use unicode_normalization::UnicodeNormalization;

/// Trims, collapses runs of blanks into one and drops control characters.
///
/// ```
/// assert_eq!(chaski_core::clean("  PERÚ\u{0} \t  S.A.C. "), "PERÚ S.A.C.");
/// ```
pub fn clean(text: &str) -> String {
    if is_clean(text) {
        return text.to_owned();
    }
    let mut cleaned = String::with_capacity(text.len());
    let mut blank = false;
    for c in text.chars() {
        if c.is_whitespace() {
            blank = !cleaned.is_empty();
        } else if !c.is_control() {
            if blank {
                cleaned.push(' ');
                blank = false;
            }
            cleaned.push(c);
        }
    }
    cleaned
}

/// Whether nothing has to be cleaned, for the common text of ASCII and accented Latin letters;
/// anything else is looked at character by character.
fn is_clean(text: &str) -> bool {
    let mut blank = true;
    for byte in text.bytes() {
        match byte {
            b' ' if blank => return false,
            b' ' => blank = true,
            // 0xC3 begins À to ÿ, whose second byte is 0x80 to 0xBF.
            b'!'..=b'~' | 0x80..=0xBF | 0xC3 => blank = false,
            _ => return false,
        }
    }
    !blank || text.is_empty()
}

/// The cleaned text, or `None` for the registry's ways of saying "no value": nothing, blanks,
/// `-`, `----`, `- - - -`.
///
/// ```
/// use chaski_core::present;
/// assert_eq!(present(Some(" AV.  SAN LUIS ")).as_deref(), Some("AV. SAN LUIS"));
/// assert_eq!(present(Some(" - - - -")), None);
/// assert_eq!(present(None), None);
/// ```
pub fn present(text: Option<&str>) -> Option<String> {
    let cleaned = clean(text?);
    let says_something = cleaned.chars().any(|c| c != '-' && c != ' ');
    says_something.then_some(cleaned)
}

/// Upper case without accents, punctuation or repeated blanks: two spellings of one word of
/// SUNAT's vocabularies fold to the same text. Ñ folds to N.
///
/// ```
/// use chaski_core::fold;
/// assert_eq!(fold("Anulación - Error SUNAT."), fold("ANULACION  ERROR SUNAT"));
/// ```
pub fn fold(text: &str) -> String {
    let plain: String = text
        .nfd()
        .filter(|c| !unicode_normalization::char::is_combining_mark(*c))
        .flat_map(char::to_uppercase)
        .map(|c| if c.is_alphanumeric() { c } else { ' ' })
        .collect();
    plain
        .split(' ')
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// The digits of a typed identity number without the separators that people type or paste; the
/// first other character and its place otherwise.
pub(crate) fn strip_separators(text: &str) -> Result<Vec<u8>, (char, usize)> {
    let mut digits = Vec::with_capacity(11);
    for (index, c) in text.chars().enumerate() {
        match c {
            '0'..='9' => digits.push(c as u8),
            '-' | '.' | '\'' | '\u{2019}' | '\u{2010}'..='\u{2013}' | '\u{feff}' | '\u{200b}' => {}
            c if c.is_whitespace() => {}
            other => return Err((other, index + 1)),
        }
    }
    Ok(digits)
}
