//! Our own columns in a list that is the result of another day: they are made anew, not kept.

use chaski_core::{Text, fold, text};

use super::result_columns::result_titles;
use super::result_kind::plain_title;
use super::table::{Row, Table};

/// How many of ours, one after the other, are surely ours.
const LEAST: usize = 5;

/// Leaves out the columns that Chaski added to the list before, and says so.
pub(super) fn without_our_columns(table: &mut Table) -> Option<Text> {
    let ours = our_run(&table.headers)?;
    let left_out: Vec<usize> = ours.collect();
    // A list of nothing but ours is somebody's list.
    if left_out.len() == table.headers.len() {
        return None;
    }
    let mut column = 0;
    table.headers.retain(|_| {
        column += 1;
        !left_out.contains(&(column - 1))
    });
    let leave_out = |row: &mut Row| {
        let kept = row.cells.iter().enumerate();
        let kept = kept.filter(|(column, _)| !left_out.contains(column));
        row.cells = kept.map(|(_, cell)| cell.clone()).collect();
    };
    table.above.iter_mut().for_each(leave_out);
    table.rows.change(|_, row| {
        leave_out(row);
        true
    });
    table.looks.without_columns(&left_out);
    Some(text!(
        "La lista es un resultado de Chaski: las columnas que agregó se hacen de nuevo",
        "The list is a result of Chaski: the columns that it added are made anew"
    ))
}

/// The columns that are ours: titles of ours in our order, that of the verdict among them.
fn our_run(headers: &[String]) -> Option<std::ops::Range<usize>> {
    let titles: Vec<String> = headers
        .iter()
        .map(|title| fold(plain_title(title)))
        .collect();
    let runs = result_titles().flat_map(|ours| {
        let titles = &titles;
        (0..titles.len()).filter_map(move |first| {
            let (mut next, mut verdict, mut last) = (0, false, first);
            while let Some(title) = titles.get(last) {
                let place = ours.folded[next..].iter().position(|it| it == title);
                let Some(place) = place else { break };
                verdict |= next + place == ours.verdict;
                next += place + 1;
                last += 1;
            }
            (verdict && last - first >= LEAST).then_some(first..last)
        })
    });
    runs.max_by_key(std::ops::Range::len)
}
