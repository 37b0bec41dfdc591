//! Secrets as people paste them: with what stood round them where they were copied.

use chaski_core::{Text, text};

/// What stands before a token where it is copied from a program or a header.
const BEFORE: [&str; 4] = ["authorization:", "x-api-key:", "bearer ", "export "];

/// Quotes that stand round one.
const QUOTES: [(char, char); 6] = [
    ('"', '"'),
    ('\'', '\''),
    ('`', '`'),
    ('“', '”'),
    ('‘', '’'),
    ('«', '»'),
];

/// A token or key alone: without quotes, `Bearer`, `TOKEN=` and blanks round it. Empty where nothing is
/// left; an error where what is left cannot be one, which is not repeated.
pub(crate) fn token(pasted: &str) -> Result<String, Text> {
    let mut text = blanks(pasted);
    loop {
        let inside = bare(text);
        if inside == text {
            break;
        }
        text = inside;
    }
    let is_wrong = |c: char| !c.is_ascii_graphic() || matches!(c, '"' | '\'' | '`' | ',' | ';');
    // Only padding ends with the sign that `TOKEN=` has in its middle.
    let equals = text.trim_end_matches('=').contains('=');
    if text.contains(is_wrong) || equals {
        return Err(text!(
            "eso no es solo un token: tiene espacios, saltos de línea, comillas o un «=» en medio. Copie solo el token, de una línea",
            "that is not a token alone: it has blanks, line breaks, quotes or a \"=\" in its middle. Copy the token alone, of one line"
        ));
    }
    Ok(text.to_owned())
}

/// One layer less.
fn bare(text: &str) -> &str {
    let quoted = QUOTES
        .iter()
        .find_map(|(open, close)| text.strip_prefix(*open)?.strip_suffix(*close))
        .filter(|inside| !inside.contains(['"', '\'']));
    if let Some(inside) = quoted {
        return blanks(inside);
    }
    if let Some(before) = text.strip_suffix([',', ';']) {
        return blanks(before);
    }
    let begins = |word: &&&str| {
        let head = text.get(..word.len());
        head.is_some_and(|head| head.eq_ignore_ascii_case(word))
    };
    if text.eq_ignore_ascii_case("bearer") {
        return "";
    }
    if let Some(word) = BEFORE.iter().find(begins) {
        return blanks(&text[word.len()..]);
    }
    without_name(text).unwrap_or(text)
}

/// What comes after `migo.token=`, or after `"token":`.
fn without_name(text: &str) -> Option<&str> {
    let (name, value) = text.split_once(['=', ':'])?;
    let name = name.trim().trim_matches(['"', '\'']);
    let is_name = !name.is_empty()
        && name.len() <= 40
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    let value = blanks(value);
    (is_name && value.chars().filter(char::is_ascii_alphanumeric).count() >= 2).then_some(value)
}

fn blanks(text: &str) -> &str {
    // Web pages and Windows add marks that nobody sees.
    text.trim_matches(|c: char| c.is_whitespace() || matches!(c, '\u{feff}' | '\u{200b}'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_round_a_token_is_not_it() {
        for pasted in [
            "abc123",
            "  abc123\r\n",
            "\"abc123\"",
            "'abc123'",
            "“abc123”",
            "«abc123»",
            "Bearer abc123",
            "bearer  abc123",
            "Authorization: Bearer abc123",
            "X-API-Key: abc123",
            "migo.token=abc123",
            "migo.token = \"abc123\"",
            "token=abc123",
            "x=abc123",
            "CHASKI_MIGO_TOKEN='abc123'",
            "export CHASKI_MIGO_TOKEN=abc123",
            "\"token\": \"abc123\",",
            "\"Bearer abc123\"",
            "\u{feff}abc123\u{200b}",
        ] {
            assert_eq!(token(pasted).as_deref(), Ok("abc123"), "{pasted:?}");
        }
        for whole in ["abc+/9==", "a.b-c_d~e", "chk_live_0"] {
            assert_eq!(token(whole).as_deref(), Ok(whole));
        }
        for nothing in ["", " \n", "\"\"", "Bearer "] {
            assert_eq!(
                token(nothing).as_deref().unwrap_or("?").len(),
                0,
                "{nothing:?}"
            );
        }
    }

    #[test]
    fn what_is_no_token_is_refused() {
        for pasted in [
            "abc 123",
            "abc\n123",
            "abc\"123",
            "ñandú",
            "mi token es abc123",
        ] {
            assert!(token(pasted).is_err(), "{pasted:?}: {:?}", token(pasted));
        }
    }
}
