//! Fragments of messages, as cases compare them.

use serde_json::Value;

/// The texts of a list, or none.
pub(crate) fn texts(value: &Value) -> Vec<&str> {
    let texts = value.as_array().into_iter().flatten();
    texts.filter_map(Value::as_str).collect()
}

/// Whether a message holds a fragment, whatever accents and capitals; one of one or two capitals is
/// the letter of a column and stands alone.
pub(crate) fn holds(message: &str, fragment: &str) -> bool {
    let letter = fragment.len() <= 2 && fragment.chars().all(char::is_uppercase);
    if letter {
        let mut words = message.split(|c: char| !c.is_alphanumeric());
        return words.any(|word| word == fragment);
    }
    chaski_core::fold(message).contains(&chaski_core::fold(fragment))
}

/// Which fragment is missing: all of the first, one of the second.
pub(crate) fn says_not(all: &Value, one: &Value, message: &str) -> Option<String> {
    if let Some(missing) = texts(all).into_iter().find(|it| !holds(message, it)) {
        return Some(format!("«{missing}» is not said"));
    }
    let one = texts(one);
    (!one.is_empty() && !one.iter().any(|it| holds(message, it)))
        .then(|| format!("none of {one:?} is said"))
}
