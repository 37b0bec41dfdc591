//! The columns of the output, the same for every format: the caller's, then ours.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};

use chaski_core::Lang;

use crate::sheets::{Aptitud, ResultNames, Row, SourceKind, Table, Verdict};

/// Rows of each verdict.
pub(super) type VerdictCounts = [usize; Aptitud::ALL.len()];

/// What is to be written, whatever the format.
pub(super) struct Output<'t> {
    pub(super) table: &'t Table,
    pub(super) names: ResultNames,
    pub(super) lang: Lang,
    verdicts: RefCell<Verdicts<'t>>,
    /// Rows of each verdict so far.
    counts: Cell<VerdictCounts>,
}

/// The verdicts in the order of the rows, all there at once or made as they are wanted. A row beyond
/// them was not asked: a batch that was cut short.
pub type Verdicts<'v> = Box<dyn Iterator<Item = Cow<'v, Verdict>> + 'v>;

impl<'t> Output<'t> {
    pub(super) fn new(
        table: &'t Table,
        verdicts: Verdicts<'t>,
        names: ResultNames,
        lang: Lang,
    ) -> Output<'t> {
        Output {
            table,
            names,
            lang,
            verdicts: RefCell::new(verdicts),
            counts: Cell::default(),
        }
    }

    /// The verdict of the next row.
    pub(super) fn next_verdict(&self) -> Cow<'t, Verdict> {
        let verdict = self.verdicts.borrow_mut().next().unwrap_or_default();
        let mut counts = self.counts.get();
        counts[verdict.apto as usize] += 1;
        self.counts.set(counts);
        verdict
    }

    /// How many rows had each verdict, once all are written.
    pub(super) fn counts(&self) -> VerdictCounts {
        self.counts.get()
    }

    /// Our values of a row, in the order of `RESULT_COLUMNS`.
    pub(super) fn values<'v>(&self, verdict: &'v Verdict) -> [&'v str; 13] {
        [
            &verdict.ruc_normalizado,
            &verdict.razon_social,
            &verdict.estado,
            &verdict.condicion,
            verdict.apto.word(self.lang),
            &verdict.ubigeo,
            &verdict.departamento,
            &verdict.provincia,
            &verdict.distrito,
            &verdict.direccion,
            &verdict.motivo,
            &verdict.fuente,
            &verdict.consultado_en,
        ]
    }

    /// The order of our columns, as places among those values.
    pub(super) fn order(&self) -> &'static [usize; 13] {
        self.names.order()
    }

    /// Titles of our columns in their order, none of which the caller has already.
    pub(super) fn our_titles(&self) -> Vec<String> {
        self.names.titles(&self.table.headers, self.lang)
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
