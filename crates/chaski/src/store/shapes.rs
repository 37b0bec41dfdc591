//! Statements over many rows in a few fixed sizes, so that each is prepared once and reused.

use super::error::StoreError;
use super::sql::{Conn, Query, query};

/// Rows per statement, largest first. Each statement is a trip to the database's thread; halves
/// make at most one of each size out of what is left.
const SIZES: [usize; 8] = [128, 64, 32, 16, 8, 4, 2, 1];

/// One statement in each of the sizes.
pub(super) struct Shapes([String; SIZES.len()]);

impl Shapes {
    /// `head (?, ?, …), (?, ?, …) tail`
    pub(super) fn of_rows(head: &str, columns: usize, tail: &str) -> Shapes {
        let row = format!("({})", vec!["?"; columns].join(","));
        Shapes(SIZES.map(|size| format!("{head} {} {tail}", vec![row.as_str(); size].join(","))))
    }

    /// `head (?, ?, …) tail`
    pub(super) fn of_list(head: &str, tail: &str) -> Shapes {
        Shapes(SIZES.map(|size| format!("{head} ({}) {tail}", vec!["?"; size].join(","))))
    }

    /// The least number, at or above `count`, that is cut without leaving small pieces: what is
    /// left after the largest ones fills one statement.
    pub(super) fn rounded_up(count: usize) -> usize {
        let largest = SIZES[0];
        let rest = count % largest;
        let last = match rest {
            0 => 0,
            rest => rest.next_power_of_two(),
        };
        count - rest + last
    }

    /// Runs the statement over all rows.
    pub(super) async fn run<'r, R>(
        &'static self,
        connection: &mut Conn,
        rows: &'r [R],
        bind: impl Fn(Query<'r>, &'r R) -> Query<'r>,
    ) -> Result<(), StoreError> {
        for (statement, some) in self.cut(rows) {
            let all = some.iter().fold(query(statement), &bind);
            all.execute(connection).await?;
        }
        Ok(())
    }

    /// The rows cut to sizes, each with its statement.
    pub(super) fn cut<'r, R>(
        &'static self,
        rows: &'r [R],
    ) -> impl Iterator<Item = (&'static str, &'r [R])> {
        let mut left = rows;
        std::iter::from_fn(move || {
            let size = SIZES.iter().position(|size| *size <= left.len())?;
            let (now, later) = left.split_at(SIZES[size]);
            left = later;
            Some((self.0[size].as_str(), now))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(count: usize, rounded: usize, pieces: usize) {
        static LIST: std::sync::LazyLock<Shapes> =
            std::sync::LazyLock::new(|| Shapes::of_list("SELECT", ""));
        assert_eq!(Shapes::rounded_up(count), rounded);
        let cut: Vec<usize> = LIST
            .cut(&vec![(); rounded])
            .map(|(statement, some)| {
                assert_eq!(statement.matches('?').count(), some.len());
                some.len()
            })
            .collect();
        assert_eq!(cut.len(), pieces);
        assert_eq!(cut.iter().sum::<usize>(), rounded);
    }

    #[test]
    fn a_rounded_list_leaves_no_small_pieces() {
        check(1, 1, 1);
        check(2, 2, 1);
        check(3, 4, 1);
        check(50, 64, 1);
        check(100, 128, 1);
        check(128, 128, 1);
        check(129, 129, 2);
        check(500, 512, 4);
    }
}
