//! The columns of the output, the same for every format: the caller's, then ours.

use std::borrow::Cow;
use std::cell::RefCell;

use chaski_core::Lang;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::sheets::{
    ColumnHolds, Packed, ResultKind, ResultNames, ResultWord, Row, RowSaid, SourceKind, Table,
};

/// What is to be written, whatever the format.
pub(super) struct Output<'t> {
    pub(super) table: &'t Table,
    pub(super) kind: &'static ResultKind,
    pub(super) names: ResultNames,
    pub(super) lang: Lang,
    /// The order of our columns, as places among those of the kind.
    pub(super) order: Vec<usize>,
    verdicts: RefCell<Verdicts<'t>>,
    /// Rows of each word so far.
    counts: RefCell<Vec<usize>>,
}

/// What is said of the rows in their order, all there at once or made as it is wanted. A row beyond
/// them was not asked: a batch that was cut short.
pub struct Verdicts<'v> {
    kind: &'static ResultKind,
    rows: Box<dyn Iterator<Item = Box<dyn RowSaid + 'v>> + 'v>,
    unasked: fn() -> Box<dyn RowSaid + 'v>,
}

impl<'v> Verdicts<'v> {
    /// Those that are there.
    pub fn of<R>(rows: &'v Packed<R>) -> Verdicts<'v>
    where
        R: RowSaid + Clone + Default + Serialize + DeserializeOwned + 'v,
    {
        Verdicts {
            kind: R::kind(),
            rows: Box::new(rows.iter().map(|row| match row {
                Cow::Borrowed(row) => Box::new(row) as Box<dyn RowSaid>,
                Cow::Owned(row) => Box::new(row) as Box<dyn RowSaid>,
            })),
            unasked: || Box::new(R::default()),
        }
    }

    /// Those that are made as they are wanted.
    pub fn made<R: RowSaid + Default + 'v>(rows: impl Iterator<Item = R> + 'v) -> Verdicts<'v> {
        Verdicts {
            kind: R::kind(),
            rows: Box::new(rows.map(|row| Box::new(row) as Box<dyn RowSaid>)),
            unasked: || Box::new(R::default()),
        }
    }
}

impl<'t> Output<'t> {
    pub(super) fn new(
        table: &'t Table,
        verdicts: Verdicts<'t>,
        names: ResultNames,
        lang: Lang,
    ) -> Output<'t> {
        let kind = verdicts.kind;
        Output {
            table,
            kind,
            names,
            lang,
            order: kind.order(names),
            verdicts: RefCell::new(verdicts),
            counts: RefCell::new(vec![0; kind.words.len()]),
        }
    }

    /// What is said of the next row.
    pub(super) fn next_verdict(&self) -> Box<dyn RowSaid + 't> {
        let mut verdicts = self.verdicts.borrow_mut();
        let said = verdicts.rows.next();
        let said = said.unwrap_or_else(verdicts.unasked);
        self.counts.borrow_mut()[said.word()] += 1;
        said
    }

    /// How many rows had each word, once all are written.
    pub(super) fn counts(&self) -> Vec<usize> {
        self.counts.borrow().clone()
    }

    /// The value of a row in one of our columns, by its place among those of the kind.
    pub(super) fn value<'s>(&self, said: &'s (dyn RowSaid + 't), place: usize) -> &'s str {
        match self.kind.columns[place].holds {
            ColumnHolds::Word => self.word(said).text(self.lang),
            _ => said.value(place),
        }
    }

    /// The word of a row.
    pub(super) fn word(&self, said: &dyn RowSaid) -> &'static ResultWord {
        &self.kind.words[said.word()]
    }

    /// Titles of our columns in their order, none of which the caller has already.
    pub(super) fn our_titles(&self) -> Vec<String> {
        let theirs = &self.table.headers;
        self.kind.titles(self.names, theirs, self.lang)
    }

    /// The rows that stand above the titles and are written again, with their numbers; the last one is
    /// that of the titles themselves. None for programs, which read titles in the first row, nor of a
    /// list without titles.
    pub(super) fn above(&self) -> &'t [Row] {
        match self.names {
            ResultNames::People => &self.table.above,
            ResultNames::Programs => &[],
        }
    }

    /// The number that the first row of the file has: a text may begin with blank lines, or one that
    /// only says its separator.
    pub(super) fn first_number(&self) -> u32 {
        match (&self.table.source, self.above().first()) {
            (SourceKind::Csv { .. }, Some(row)) => row.number,
            _ => 1,
        }
    }
}
