//! Sees to it that nothing is read from the wrong cell: a row with more or fewer cells than the
//! others, as an unquoted separator makes it, is aligned where its cells leave one way only, else
//! marked.
//!
//! SUNAT's own csv does not quote a name with a comma, so such rows are common there.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};

use super::identity::{Holds, holds};
use super::packed::Packed;
use super::table::{Cell, Flaw, Row};

/// How many rows, spread over the list, say what a column holds.
const JUDGED_ROWS: usize = 500;

/// A row with more cells over than this is not aligned.
const MOST_OVER: usize = 8;

/// What a column holds in the rows that are whole.
#[derive(Debug, PartialEq)]
enum Kind {
    /// Nothing.
    Blank,
    /// Identities.
    Identities,
    /// One identity in all of several rows: the company's own.
    Own(String),
    /// Amounts, dates, codes of digits.
    Figures,
    /// Anything else; a right RUC only if some row had one.
    Words { rucs: bool },
}

impl Kind {
    fn is_of_identities(&self) -> bool {
        matches!(self, Kind::Identities | Kind::Own(_))
    }
}

/// Aligns the rows below the titles and says which were not whole. `cells` says how many cells each
/// row had in a text with separators, blank ones at the end included; a workbook has none.
/// `titles` is how many there are.
pub(super) fn align(
    rows: &mut Packed<Row>,
    cells: &[u16],
    titles: Option<usize>,
    separator: Option<char>,
) -> BTreeMap<u32, Flaw> {
    let Some(usual) = usual_width(rows, cells, titles) else {
        return BTreeMap::new();
    };
    let width = |index: usize, row: &Row| match cells.get(index) {
        Some(cells) => usize::from(*cells),
        // What lies right of a workbook's titles is usually a note: only rows that reach beyond
        // them are looked at.
        None => row.cells.len().max(usual),
    };
    let is_whole = |(index, row): (usize, &Row)| width(index, row) == usual;
    let mut whole = 0;
    for (index, row) in rows.iter().enumerate() {
        whole += usize::from(is_whole((index, &row)));
    }
    let of_whole = rows.iter().enumerate();
    let of_whole = of_whole.filter(|(index, row)| is_whole((*index, row)));
    let step = whole.div_ceil(JUDGED_ROWS).max(1);
    let judged: Vec<Cow<'_, Row>> = of_whole.map(|(_, row)| row).step_by(step).collect();
    let kinds = kinds_of(&judged, usual);
    let mut flaws = BTreeMap::new();
    let several = kinds.iter().filter(|kind| kind.is_of_identities()).count() > 1;
    if !several && whole == rows.len() {
        return flaws;
    }
    rows.change(|index, row| {
        let found = width(index, row);
        let flaw = match separator {
            _ if found == usual => {
                (several && is_shifted(row, &kinds)).then(|| shifted(usual, usual))
            }
            Some(separator) if found > usual => over(row, found, &kinds, separator),
            _ if begins_as(row, &kinds) && !is_shifted(row, &kinds) => None,
            Some(_) => Some(shifted(found, usual)),
            None => Some(shifted(usual, usual)),
        };
        if let Some(flaw) = flaw {
            flaws.insert(row.number, flaw);
        }
        flaw == Some(Flaw::Realigned)
    });
    flaws
}

fn shifted(cells: usize, usual: usize) -> Flaw {
    let count = |cells| u16::try_from(cells).unwrap_or(u16::MAX);
    Flaw::Shifted {
        cells: count(cells),
        usual: count(usual),
    }
}

/// How many cells a whole row has: as many as there are titles if a fifth of the rows has so many,
/// else as most rows have.
fn usual_width(rows: &Packed<Row>, cells: &[u16], titles: Option<usize>) -> Option<usize> {
    if cells.is_empty() {
        let (mut widest, mut beyond) = (None, 0);
        for row in rows.iter() {
            widest = widest.max(Some(row.cells.len()));
            beyond += usize::from(titles.is_some_and(|titles| row.cells.len() > titles));
        }
        return titles.filter(|_| beyond * 2 <= rows.len()).or(widest);
    }
    let mut counts: HashMap<u16, usize> = HashMap::new();
    for cells in cells {
        *counts.entry(*cells).or_default() += 1;
    }
    let titles = titles.and_then(|titles| u16::try_from(titles).ok());
    let as_titles = titles.filter(|titles| {
        let as_many = counts.get(titles).copied().unwrap_or(0);
        as_many > 0 && as_many * 5 >= cells.len()
    });
    let most = || {
        let (cells, _) = counts
            .iter()
            .max_by_key(|(cells, rows)| (**rows, **cells))?;
        Some(*cells)
    };
    as_titles.or_else(most).map(usize::from)
}

/// What the columns hold, by some of the rows that are whole.
fn kinds_of(judged: &[Cow<'_, Row>], width: usize) -> Vec<Kind> {
    let kind = |column: usize| {
        let (mut rows, mut filled, mut rucs, mut dnis, mut figures) = (0, 0, 0, 0, 0);
        let mut identities: HashMap<String, usize> = HashMap::new();
        for row in judged {
            let cell = row.cell(column);
            let holds = holds(cell);
            rows += 1;
            if holds == Holds::Blank {
                continue;
            }
            filled += 1;
            figures += usize::from(is_figure(cell));
            rucs += usize::from(matches!(holds, Holds::Ruc(_) | Holds::RucInside(_)));
            dnis += usize::from(matches!(holds, Holds::Dni(_)));
            if let Some(identity) = holds.identity() {
                *identities.entry(identity.into_owned()).or_default() += 1;
            }
        }
        // A shifted row has something else there: the company's own RUC is in most rows, not in all.
        let most = identities.into_iter().max_by_key(|(_, rows)| *rows);
        let own = most.filter(|(_, of_it)| {
            *of_it > 1 && of_it * 2 > rows && (rucs + dnis - of_it) * 5 <= rows
        });
        match own {
            _ if filled == 0 => Kind::Blank,
            Some((own, _)) if rucs > 0 => Kind::Own(own),
            _ if rucs > 0 && (rucs + dnis) * 2 >= filled => Kind::Identities,
            _ if figures == filled => Kind::Figures,
            _ => Kind::Words { rucs: rucs > 0 },
        }
    };
    (0..width).map(kind).collect()
}

/// Digits and the signs of amounts, dates and codes only.
fn is_figure(cell: &Cell) -> bool {
    match cell {
        Cell::Number(_) | Cell::Date(_) => true,
        Cell::Text(text) => {
            text.contains(|c: char| c.is_ascii_digit())
                && text.chars().all(|c| {
                    c.is_ascii_digit() || matches!(c, '.' | ',' | '-' | '/' | ':' | ' ' | '%')
                })
        }
        _ => false,
    }
}

/// Whether a cell may stand in a column.
fn fits(cell: &Cell, kind: &Kind) -> bool {
    match kind {
        Kind::Own(own) => holds(cell).identity().is_some_and(|it| it == own.as_str()),
        _ if cell.is_blank() => true,
        Kind::Identities => !matches!(holds(cell), Holds::Other),
        Kind::Figures => is_figure(cell),
        Kind::Blank | Kind::Words { rucs: false } => !matches!(holds(cell), Holds::Ruc(_)),
        Kind::Words { rucs: true } => true,
    }
}

/// Whether the cells that a row has stand where the first columns have theirs.
fn begins_as(row: &Row, kinds: &[Kind]) -> bool {
    row.cells
        .iter()
        .zip(kinds)
        .all(|(cell, kind)| fits(cell, kind))
}

/// Whether a row with the usual number of cells has a RUC where the others never have one, and none
/// where they do: the company's own in another column, or one under a title of words.
fn is_shifted(row: &Row, kinds: &[Kind]) -> bool {
    let cell = |column: usize| row.cell(column);
    let missing = |(column, kind): (usize, &Kind)| match kind {
        Kind::Own(_) => !fits(cell(column), kind),
        Kind::Identities => !matches!(
            holds(cell(column)),
            Holds::Ruc(_) | Holds::RucInside(_) | Holds::Dni(_)
        ),
        _ => false,
    };
    if !kinds.iter().enumerate().any(missing) {
        return false;
    }
    let own = |identity: &str| {
        kinds
            .iter()
            .any(|kind| matches!(kind, Kind::Own(own) if own == identity))
    };
    let astray = |(column, kind): (usize, &Kind)| match kind {
        Kind::Own(_) | Kind::Words { rucs: true } => false,
        Kind::Identities => holds(cell(column)).identity().is_some_and(|it| own(&it)),
        _ => matches!(holds(cell(column)), Holds::Ruc(_)),
    };
    kinds.iter().enumerate().any(astray)
}

/// A row with more cells than the others: its excess belongs to texts that hold the separator, or
/// lies right of the others. Left as it is if every way leaves the identities in their places, and
/// aligned if every way moves them to the same ones.
fn over(row: &mut Row, cells: usize, kinds: &[Kind], separator: char) -> Option<Flaw> {
    let in_place = begins_as(row, kinds) && !is_shifted(row, kinds);
    let blank_end = (kinds.len()..row.cells.len()).all(|at| row.cell(at).is_blank());
    if in_place && blank_end {
        return None;
    }
    // Blank cells at the end may be over or not.
    let filled = row.cells.len().max(kinds.len());
    let most = cells.max(filled).min(kinds.len() + MOST_OVER);
    let ways: Vec<Ways> = (filled..=most)
        .map(|cells| Ways::of(row, cells - kinds.len(), kinds))
        .filter(Ways::exist)
        .collect();
    let mut moved = false;
    for (column, kind) in kinds.iter().enumerate() {
        if !kind.is_of_identities() {
            continue;
        }
        let of_ways = ways.iter().flat_map(|it| it.offsets[column].iter());
        let mut offsets: HashSet<usize> = of_ways.copied().collect();
        if in_place {
            offsets.insert(0);
        }
        if offsets.len() != 1 {
            return Some(shifted(cells, kinds.len()));
        }
        moved |= !offsets.contains(&0);
    }
    match ways.first() {
        Some(ways) if moved => {
            row.cells = ways.joined(row, separator);
            Some(Flaw::Realigned)
        }
        _ if in_place => Some(Flaw::Wider),
        Some(_) if kinds.iter().any(Kind::is_of_identities) => Some(Flaw::Wider),
        _ => Some(shifted(cells, kinds.len())),
    }
}

/// Every way in which the surplus cells can be joined to texts.
struct Ways {
    over: usize,
    /// By column and offset: the columns from there on can take the cells from there on.
    can_end: Vec<Vec<bool>>,
    /// Where a column's cell may lie, beside its own place.
    offsets: Vec<HashSet<usize>>,
    /// Whether the column takes the cell at that offset.
    takes: Vec<Vec<bool>>,
    /// Whether the column can take more than one cell.
    joins: Vec<bool>,
}

impl Ways {
    fn of(row: &Row, over: usize, kinds: &[Kind]) -> Ways {
        let columns = kinds.len();
        let takes: Vec<Vec<bool>> = (0..columns)
            .map(|column| {
                let at = |offset| fits(row.cell(column + offset), &kinds[column]);
                (0..=over).map(at).collect()
            })
            .collect();
        let joins: Vec<bool> = kinds
            .iter()
            .map(|kind| matches!(kind, Kind::Words { .. }))
            .collect();
        let mut ways = Ways {
            over,
            can_end: vec![vec![false; over + 1]; columns + 1],
            offsets: Vec::with_capacity(columns),
            takes,
            joins,
        };
        ways.can_end[columns][over] = true;
        for column in (0..columns).rev() {
            for offset in 0..=over {
                let ends = ways.spans(column, offset).next().is_some();
                ways.can_end[column][offset] = ends;
            }
        }
        let mut offsets = HashSet::from([0]);
        for column in 0..columns {
            let from = |&at: &usize| ways.spans(column, at).map(move |more| at + more);
            let next = offsets.iter().flat_map(from).collect();
            ways.offsets.push(std::mem::replace(&mut offsets, next));
        }
        ways
    }

    fn exist(&self) -> bool {
        self.can_end[0][0]
    }

    /// How many cells beyond one a column can take from an offset on, so that the rest can end.
    fn spans(&self, column: usize, offset: usize) -> impl Iterator<Item = usize> {
        // Each piece of a joined text must itself be fit for it.
        let takes = move |more: &usize| {
            self.takes[column][offset + more] && (*more == 0 || self.joins[column])
        };
        let ends = move |more: &usize| self.can_end[column + 1][offset + more];
        (0..=self.over - offset).take_while(takes).filter(ends)
    }

    /// The cells of one way: what begins with a blank, as after a comma in a name, is joined first.
    fn joined(&self, row: &Row, separator: char) -> Box<[Cell]> {
        let mut offset = 0;
        let mut cells = Vec::with_capacity(self.joins.len());
        for column in 0..self.joins.len() {
            let begins_blank = |more: usize| match row.cell(column + offset + more) {
                Cell::Text(text) => text.starts_with(' '),
                _ => false,
            };
            let spans = || self.spans(column, offset);
            let natural = spans().filter(|more| (1..=*more).all(begins_blank));
            let more = natural.max().or(spans().next()).unwrap_or(0);
            cells.push(join(&row.cells, column + offset, more, separator));
            offset += more;
        }
        while cells.last().is_some_and(|cell| *cell == Cell::Empty) {
            cells.pop();
        }
        cells.into_boxed_slice()
    }
}

fn join(cells: &[Cell], first: usize, more: usize, separator: char) -> Cell {
    let cell = |at: usize| cells.get(at).cloned().unwrap_or_default();
    if more == 0 {
        return cell(first);
    }
    let text = |at: usize| match cell(at) {
        Cell::Text(text) => text.to_string(),
        _ => String::new(),
    };
    let pieces: Vec<String> = (first..=first + more).map(text).collect();
    Cell::text(&pieces.join(&separator.to_string()))
}
