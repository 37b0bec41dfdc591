//! Finds the column of RUCs: by what it holds, by its title, or by what the person asked for.

use std::collections::HashSet;

use chaski_core::{Lang, fold, text};

use super::identity::{Holds, holds, is_scientific, says_nothing};
use super::names::{names_document, names_ruc};
use super::repair::has_prefix;
use super::table::{Cell, Flaw, Table, column_index, column_letter, own_title};
use super::vouchers::VoucherPart;

/// How many rows, spread over the list, are looked at to judge a column by what it holds.
const JUDGED_ROWS: usize = 1000;

/// Why no single column can be chosen. The labels are what [`Table::column_label`] gives.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.message(Lang::Es))]
pub enum ColumnError {
    /// No column looks like one of RUCs.
    NotFound {
        /// The columns that there are.
        seen: Vec<String>,
        /// What was looked for.
        sought: Sought,
    },
    /// More than one does.
    Ambiguous {
        /// Which, as labels.
        candidates: Vec<String>,
        /// Their indexes from 0, for a door that can ask.
        columns: Vec<usize>,
        /// What was looked for.
        sought: Sought,
    },
    /// The column asked for does not exist.
    Unknown {
        /// As it was asked for.
        wanted: String,
        /// The title most like it.
        suggestion: Option<String>,
        /// The columns that there are.
        seen: Vec<String>,
    },
    /// No column of a list of partners is surely that of their documents.
    OfPartners,
}

/// What a column is looked for by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sought {
    /// RUCs.
    Rucs,
    /// Dates.
    Days,
    /// A part of vouchers, by its name on the command line.
    Part(VoucherPart),
}

impl Sought {
    /// What such a column holds, and how a person names it.
    fn words(self, lang: Lang) -> (&'static str, String) {
        match self {
            Sought::Rucs => (lang.pick("RUC", "RUCs"), "--columna".to_owned()),
            Sought::Days => (lang.pick("fechas", "dates"), "--columna".to_owned()),
            Sought::Part(part) => {
                let column = lang.pick("COLUMNA", "COLUMN");
                let of_all = match part {
                    VoucherPart::Tipo => lang.pick(
                        " o, si todos son del mismo, cuál: --columna tipo=01 (factura), tipo=03 (boleta)",
                        " or, where all are of one, which: --columna tipo=01 (factura), tipo=03 (boleta)",
                    ),
                    _ => "",
                };
                (
                    part.holds(lang),
                    format!("--columna {}={column}{of_all}", part.as_str()),
                )
            }
        }
    }
}

impl ColumnError {
    /// Stable code, never translated.
    pub fn code(&self) -> &'static str {
        match self {
            ColumnError::NotFound { .. } | ColumnError::OfPartners => "columna_no_encontrada",
            ColumnError::Ambiguous { .. } => "columna_ambigua",
            ColumnError::Unknown { .. } => "columna_desconocida",
        }
    }

    /// What is wrong and what to do, for people.
    pub fn message(&self, lang: Lang) -> String {
        let text = match self {
            ColumnError::OfPartners => text!(
                "no se sabe cuál columna es la del número de documento: póngale el título RUC, DNI o Documento",
                "it is not known which column holds the number of the document: give it the title RUC, DNI or Documento"
            ),
            ColumnError::NotFound { seen, sought } => {
                let ((what, how), (held, say)) = (sought.words(Lang::Es), sought.words(Lang::En));
                text!(
                    "ninguna columna parece contener {what}: hay {}; indique cuál es con {how}",
                    "no column seems to hold {held}: there are {}; say which with {say}",
                    list(seen)
                )
            }
            ColumnError::Ambiguous {
                candidates,
                sought: Sought::Rucs,
                ..
            } => text!(
                "más de una columna puede ser la del RUC: {}; elija una con --columna",
                "more than one column may be that of the RUC: {}; choose one with --columna",
                list(candidates)
            ),
            ColumnError::Ambiguous {
                candidates, sought, ..
            } => {
                let ((what, how), (held, say)) = (sought.words(Lang::Es), sought.words(Lang::En));
                text!(
                    "más de una columna puede contener {what}: {}; elija una con {how}",
                    "more than one column may hold {held}: {}; choose one with {say}",
                    list(candidates)
                )
            }
            ColumnError::Unknown {
                wanted,
                suggestion: Some(name),
                seen,
            } => text!(
                "no existe la columna «{wanted}». Columnas: {}. ¿Quiso decir «{name}»?",
                "there is no column «{wanted}»: there are {}; did you mean «{name}»?",
                list(seen)
            ),
            ColumnError::Unknown { wanted, seen, .. } => text!(
                "no existe la columna «{wanted}». Columnas: {}",
                "there is no column «{wanted}»: there are {}",
                list(seen)
            ),
        };
        text.pick(lang)
    }
}

/// The index from 0 of the column of RUCs. `wanted` may be a title, a letter (`B`) or a number
/// (`2`), tried in that order; without it content and then titles decide, and a doubt is an error.
pub fn find_column(table: &Table, wanted: Option<&str>) -> Result<usize, ColumnError> {
    match wanted {
        Some(wanted) => asked_for(table, wanted.trim()),
        None => detected(table),
    }
}

/// How surely a sheet is a list, from least to most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Strength {
    /// No column can be that of its RUCs.
    Nothing,
    /// One can, by one number alone: the company's own on a cover.
    Maybe,
    /// Its title says so.
    Titled,
    /// It holds identities that differ from row to row.
    List,
}

/// How surely a sheet is a list of RUCs.
pub(super) fn strength_of_rucs(table: &Table) -> Strength {
    let columns = match detected(table) {
        Ok(column) => vec![column],
        Err(ColumnError::Ambiguous { columns, .. }) => columns,
        Err(_) => return Strength::Nothing,
    };
    let judged = columns.into_iter().map(|column| {
        let seen = Seen::of(table, column);
        let titled = table.header_row.is_some() && (seen.names_ruc || seen.names_document);
        match () {
            () if seen.distinct() > 1 => Strength::List,
            () if titled => Strength::Titled,
            () if seen.distinct() + seen.digits + seen.like_rucs > 0 => Strength::Maybe,
            () => Strength::Nothing,
        }
    });
    judged.max().unwrap_or(Strength::Nothing)
}

/// Whether a column holds a right RUC, as far as is looked.
pub(crate) fn holds_rucs(table: &Table, column: usize) -> bool {
    let seen = Seen::of(table, column);
    seen.rucs + seen.inside > 0
}

/// Whether a column holds one identity in several rows and no other, as far as is looked.
pub(crate) fn holds_one_value(table: &Table, column: usize) -> bool {
    let seen = Seen::of(table, column);
    seen.filled > 1 && seen.distinct() == 1
}

pub(super) fn asked_for(table: &Table, wanted: &str) -> Result<usize, ColumnError> {
    let folded = fold(wanted);
    let named: Vec<usize> = (0..table.headers.len())
        .filter(|column| !folded.is_empty() && fold(&table.headers[*column]) == folded)
        .collect();
    // Of titles in several rows the last one is enough.
    let by_own =
        |column: &usize| !folded.is_empty() && fold(own_title(&table.headers[*column])) == folded;
    let named = if named.is_empty() {
        (0..table.headers.len()).filter(by_own).collect()
    } else {
        named
    };
    match named.as_slice() {
        [column] => return Ok(*column),
        [] => {}
        several => return Err(ambiguous(table, several, Sought::Rucs)),
    }
    let position = column_index(wanted).or_else(|| {
        let number: usize = wanted.parse().ok()?;
        number.checked_sub(1)
    });
    match position {
        Some(column) if column < table.headers.len() => Ok(column),
        _ => Err(ColumnError::Unknown {
            wanted: wanted.to_owned(),
            suggestion: closest(table, &folded),
            seen: labels(table, 0..table.headers.len()),
        }),
    }
}

fn closest(table: &Table, folded: &str) -> Option<String> {
    let likeness = |header: &&String| strsim::jaro_winkler(&fold(header), folded);
    let best = table
        .headers
        .iter()
        .max_by(|one, other| likeness(one).total_cmp(&likeness(other)))?;
    (likeness(&best) >= 0.75).then(|| best.clone())
}

/// What the values say; titles only where values leave a choice. The ways, in this order: columns
/// full of RUCs; columns with a RUC in the text of each cell; titles.
fn detected(table: &Table) -> Result<usize, ColumnError> {
    let seen: Vec<Seen> = (0..table.headers.len())
        .map(|column| Seen::of(table, column))
        .collect();
    for full in [
        those(&seen, Seen::is_full),
        those(&seen, Seen::is_full_inside),
    ] {
        if !full.is_empty() {
            return among(&seen, &full)
                .map_err(|doubtful| ambiguous(table, &doubtful, Sought::Rucs));
        }
    }
    by_title(table, &seen)
}

/// The columns of which that is so.
fn those(seen: &[Seen], accepted: impl Fn(&Seen) -> bool) -> Vec<usize> {
    let accepted = |column: &usize| accepted(&seen[*column]);
    (0..seen.len()).filter(accepted).collect()
}

/// Which of the columns full of identities. Titles decide between columns that differ from row to
/// row; one that holds a single value (the company's own RUC) loses to them, and is not taken
/// either while another may be the list. In doubt, which columns it is between.
fn among(seen: &[Seen], full: &[usize]) -> Result<usize, Vec<usize>> {
    let varied: Vec<usize> = full
        .iter()
        .copied()
        .filter(|column| seen[*column].distinct() > 1)
        .collect();
    let others = |mut columns: Vec<usize>| {
        columns.retain(|column| !full.contains(column));
        columns
    };
    match varied.as_slice() {
        [] => {
            let rivals = those(seen, |it| it.may_be_the_list(&seen[full[0]]));
            match (full, others(rivals)) {
                ([only], rivals) if rivals.is_empty() => Ok(*only),
                (_, rivals) => Err(in_order(full, &rivals)),
            }
        }
        [only] => {
            let damaged = |it: &Seen| it.names_ruc && it.is_mostly_digits() && it.covers();
            let damaged = others(those(seen, damaged));
            let hardly_filled = full.len() > 1 && !seen[*only].covers();
            if hardly_filled || !damaged.is_empty() {
                return Err(in_order(full, &damaged));
            }
            Ok(*only)
        }
        several => titled(seen, several).ok_or_else(|| several.to_vec()),
    }
}

/// The one whose title says that it is the list, unless its values say that it is not.
fn titled(seen: &[Seen], several: &[usize]) -> Option<usize> {
    let named = |named: fn(&Seen) -> bool| -> Vec<usize> {
        let named = |column: &usize| named(&seen[*column]);
        several.iter().copied().filter(named).collect()
    };
    let chosen = match (named(|it| it.names_ruc), named(|it| it.names_document)) {
        (ruc, _) if ruc.len() == 1 => ruc[0],
        (ruc, document) if ruc.is_empty() && document.len() == 1 => document[0],
        _ => return None,
    };
    // A few values that come again and again (the companies of a group) beside many are not the list.
    let most = several.iter().map(|column| seen[*column].distinct()).max();
    let varied = most.is_some_and(|most| seen[chosen].distinct() * 10 >= most * 9);
    (varied && seen[chosen].covers()).then_some(chosen)
}

/// Where no column is full of right RUCs: a title that says RUC above numbers like RUCs; then
/// numbers like RUCs under any title; then a title that says document; then a title that says RUC
/// above anything.
fn by_title(table: &Table, seen: &[Seen]) -> Result<usize, ColumnError> {
    let ladder: [fn(&Seen) -> bool; 6] = [
        |it| it.names_ruc && it.like_rucs > 0,
        |it| it.like_rucs > 0 && it.like_rucs * 2 >= it.filled,
        |it| it.names_document && it.like_rucs > 0,
        |it| it.names_ruc,
        |it| it.names_document,
        |it| it.like_rucs > 0,
    ];
    let varied = those(seen, |it| it.rucs + it.inside > 0 && it.distinct() > 1);
    let mut found = ladder.into_iter().map(|accepted| those(seen, accepted));
    match found.find(|found| !found.is_empty()).as_deref() {
        Some([column]) if seen[*column].distinct() == 1 && seen[*column].filled > 1 => {
            match varied.as_slice() {
                [] => Ok(*column),
                rivals => Err(ambiguous(
                    table,
                    &in_order(&[*column], rivals),
                    Sought::Rucs,
                )),
            }
        }
        Some([column]) => Ok(*column),
        Some(several) => Err(ambiguous(table, several, Sought::Rucs)),
        None if table.headers.len() == 1 => Ok(0),
        None => Err(ColumnError::NotFound {
            seen: labels(table, 0..table.headers.len()),
            sought: Sought::Rucs,
        }),
    }
}

fn in_order(some: &[usize], more: &[usize]) -> Vec<usize> {
    let mut all = [some, more].concat();
    all.sort_unstable();
    all.dedup();
    all
}

/// What the judged cells of a column hold.
#[derive(Default)]
struct Seen {
    names_ruc: bool,
    names_document: bool,
    /// Judged rows.
    rows: usize,
    filled: usize,
    /// Right RUCs and nothing else in the cell.
    rucs: usize,
    /// Right RUCs among other words.
    inside: usize,
    dnis: usize,
    /// As many digits as an identity has, but no right one.
    digits: usize,
    /// Eleven digits that begin as a RUC, right or not.
    like_rucs: usize,
    /// As long as a RUC before Excel took its digits (`2.01E+10`).
    lost: usize,
    identities: HashSet<String>,
}

impl Seen {
    fn of(table: &Table, column: usize) -> Seen {
        let (title, own) = (&table.headers[column], own_title(&table.headers[column]));
        let (title, own) = (fold(title), fold(own));
        let is_type = own.starts_with("TIPO");
        let mut seen = Seen {
            names_ruc: !is_type && names_ruc(&title),
            names_document: !is_type && names_document(&title),
            ..Seen::default()
        };
        for row in table.rows.sample(JUDGED_ROWS) {
            if !matches!(table.flaws.get(&row.number), Some(Flaw::Shifted { .. })) {
                seen.add(row.cell(column));
            }
        }
        seen
    }

    fn add(&mut self, cell: &Cell) {
        let holds = holds(cell);
        self.rows += 1;
        self.filled += usize::from(holds != Holds::Blank && !says_nothing(cell));
        self.like_rucs += usize::from(looks_like_ruc(cell));
        self.lost += usize::from(is_scientific(cell));
        if let Some(identity) = holds.identity()
            && !self.identities.contains(identity.as_ref())
        {
            self.identities.insert(identity.into_owned());
        }
        match holds {
            Holds::Ruc(_) => self.rucs += 1,
            Holds::RucInside(_) => self.inside += 1,
            Holds::Dni(_) => self.dnis += 1,
            Holds::Digits => self.digits += 1,
            Holds::Blank | Holds::Other => {}
        }
    }

    fn distinct(&self) -> usize {
        self.identities.len()
    }

    /// Half of what it holds is identities, RUCs among them.
    fn is_full(&self) -> bool {
        self.rucs > 0
            && (self.rucs + self.inside + self.dnis) * 2 >= self.filled
            && self.inside <= self.rucs
    }

    /// The same with RUCs that have words beside them.
    fn is_full_inside(&self) -> bool {
        self.inside > 0 && (self.rucs + self.inside + self.dnis) * 2 >= self.filled
    }

    /// Half of the rows have something in it.
    fn covers(&self) -> bool {
        self.filled * 2 >= self.rows
    }

    fn is_mostly_digits(&self) -> bool {
        self.filled > 0 && (self.rucs + self.inside + self.dnis + self.digits) * 2 >= self.filled
    }

    /// Reason enough to doubt a column with a single value: other RUCs, DNIs, what was a RUC before
    /// it was damaged, or numbers under a title that says RUC or document.
    fn may_be_the_list(&self, single: &Seen) -> bool {
        let identities = self.rucs + self.inside + self.dnis;
        let rucs_differ = self.rucs + self.inside > 0 && self.identities != single.identities;
        let named = self.names_ruc || self.names_document;
        let half = |count: usize| count > 0 && count * 2 >= self.filled;
        rucs_differ
            || half(identities)
            || half(self.like_rucs + self.lost)
            || (named && self.is_mostly_digits())
    }
}

fn looks_like_ruc(cell: &Cell) -> bool {
    match cell {
        Cell::Number(number) => (1e10..3e10).contains(number) && number.fract() == 0.0,
        Cell::Text(text) if text.len() <= 40 => {
            let text = text.trim().trim_end_matches(".0");
            let digits: String = text.chars().filter(char::is_ascii_digit).collect();
            let letters = text.chars().filter(|c| c.is_alphabetic()).count();
            digits.len() == 11 && letters <= 3 && has_prefix(&digits)
        }
        _ => false,
    }
}

pub(super) fn ambiguous(table: &Table, columns: &[usize], sought: Sought) -> ColumnError {
    ColumnError::Ambiguous {
        sought,
        candidates: labels(table, columns.iter().copied()),
        columns: columns.to_vec(),
    }
}

pub(super) fn labels(table: &Table, columns: impl Iterator<Item = usize>) -> Vec<String> {
    columns.map(|column| table.column_label(column)).collect()
}

/// The labels as one text; a very wide table is cut.
fn list(labels: &[String]) -> String {
    const SHOWN: usize = 30;
    let mut text = labels[..labels.len().min(SHOWN)].join(", ");
    if labels.len() > SHOWN {
        text.push_str(", … ");
        text.push_str(&column_letter(labels.len() - 1));
    }
    text
}
