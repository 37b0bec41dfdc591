//! The columns of the output, the same for every format: the caller's, then ours.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};

use chaski_core::{Lang, fold};

use crate::sheets::{Table, Verdict};

/// Names of our columns, in their order.
pub(crate) const OURS: [&str; 13] = [
    "ruc_normalizado",
    "razon_social",
    "estado",
    "condicion",
    "apto_para_facturar",
    "ubigeo",
    "departamento",
    "provincia",
    "distrito",
    "direccion",
    "motivo",
    "fuente",
    "consultado_en",
];

/// The place of `apto_para_facturar` among ours.
pub(super) const APTO: usize = 4;

/// What is to be written, whatever the format.
pub(super) struct Output<'t> {
    pub(super) table: &'t Table,
    pub(super) lang: Lang,
    verdicts: RefCell<Verdicts<'t>>,
    /// Rows of each verdict so far.
    counts: Cell<[usize; 7]>,
}

/// The verdicts in the order of the rows, all there at once or made as they are wanted. A row beyond
/// them was not asked: a batch that was cut short.
pub type Verdicts<'v> = Box<dyn Iterator<Item = Cow<'v, Verdict>> + 'v>;

impl<'t> Output<'t> {
    pub(super) fn new(table: &'t Table, verdicts: Verdicts<'t>, lang: Lang) -> Output<'t> {
        Output {
            table,
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
    pub(super) fn counts(&self) -> [usize; 7] {
        self.counts.get()
    }

    /// Our values of a row, in the order of [`OURS`].
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

    /// Titles of our columns. One that the caller has already gets `_sunat`, then `_sunat_2`…:
    /// their `estado` stays theirs, ours is `estado_sunat`.
    pub(super) fn our_titles(&self) -> Vec<String> {
        let mut taken: Vec<String> = self.table.headers.iter().map(|name| fold(name)).collect();
        OURS.iter()
            .map(|name| {
                let mut free = (*name).to_owned();
                let mut number = 1;
                while taken.contains(&fold(&free)) {
                    free = match number {
                        1 => format!("{name}_sunat"),
                        number => format!("{name}_sunat_{number}"),
                    };
                    number += 1;
                }
                taken.push(fold(&free));
                free
            })
            .collect()
    }
}
