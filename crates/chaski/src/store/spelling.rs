//! How `PostgreSQL` spells a statement of the tables.

use std::fmt::Write;

/// What begins a hint that only `SQLite` understands; a name follows.
const HINT: &str = " INDEXED BY ";

/// The same statement without hints, with numbers for its `?`, and with its own lists.
pub(super) fn spelled(text: &str) -> String {
    let mut spelled = String::with_capacity(text.len() + 64);
    let (mut rest, mut parameter) = (text, 0);
    while let Some(at) = rest.find(['?', ' ', '(']) {
        spelled.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(hint) = rest.strip_prefix(HINT) {
            rest = hint
                .split_once(' ')
                .map_or("", |(name, _)| &hint[name.len()..]);
        } else if let Some(after) = rest.strip_prefix('?') {
            parameter += 1;
            let _ = write!(spelled, "${parameter}");
            rest = after;
        } else if let Some(list) = rest.strip_prefix(NUMBERS) {
            rest = list_of(&mut spelled, "CAST(value AS BIGINT)", list);
        } else if let Some(list) = rest.strip_prefix(BYTES) {
            rest = list_of(&mut spelled, "decode(value, 'hex')", list);
        } else {
            spelled.push_str(&rest[..1]);
            rest = &rest[1..];
        }
    }
    spelled.push_str(rest);
    spelled
}

/// How the lists of `any_of!` and `any_bytes_of!` begin; a parameter and two brackets follow.
const NUMBERS: &str = "(SELECT value FROM json_each(";
const BYTES: &str = "(SELECT unhex(value) FROM json_each(";

fn list_of<'t>(spelled: &mut String, value: &str, list: &'t str) -> &'t str {
    let (parameter, rest) = list.split_once("))").unwrap_or((list, ""));
    let _ = write!(
        spelled,
        "(SELECT {value} FROM json_array_elements_text(CAST({parameter} AS JSON)) AS value)"
    );
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_is_spelled_anew() {
        assert_eq!(
            spelled("SELECT a FROM t INDEXED BY t_a WHERE b IN (?, ?) AND c = ?"),
            "SELECT a FROM t WHERE b IN ($1, $2) AND c = $3"
        );
        assert_eq!(
            spelled("DELETE FROM t WHERE a = $1 AND b IN (SELECT value FROM json_each($2))"),
            "DELETE FROM t WHERE a = $1 AND b IN (SELECT CAST(value AS BIGINT) \
             FROM json_array_elements_text(CAST($2 AS JSON)) AS value)"
        );
    }
}
