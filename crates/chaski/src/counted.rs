//! Numbers with what they count, for people: one row, two rows.

use std::fmt::Display;

/// A number and the word for one, or for any other number of them.
pub(crate) fn counted<N: Copy + Display + PartialEq + From<u8>>(
    number: N,
    one: &str,
    many: &str,
) -> String {
    let word = if number == N::from(1) { one } else { many };
    format!("{number} {word}")
}

#[cfg(test)]
mod tests {
    use super::counted;

    #[test]
    fn only_one_is_one() {
        let rows = [0_u64, 1, 2, 21, 101].map(|n| counted(n, "fila", "filas"));
        assert_eq!(
            rows.join(", "),
            "0 filas, 1 fila, 2 filas, 21 filas, 101 filas"
        );
    }
}
