//! The sheet `Resumen` of a reviewed workbook: what an accountant files with it.

use std::collections::{BTreeMap, HashMap};

use chaski_core::invoicing::DocumentKind;
use chaski_core::invoicing::catalogs::currencies::Moneda;
use chaski_core::{Lang, Severity, lima_datetime};
use rust_decimal::Decimal;

use super::check::{CheckedRows, CheckedWorkbook};
use super::documents::{PlacedFinding, SheetSide};
use super::outcome::outcomes_table;
use super::review::{mark_of, severity_word, state};
use crate::sheets::{ReportSheet, ReportTable, ReviewValue};

/// Sums of several documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WorkbookSums {
    /// How many.
    pub documents: usize,
    /// Their taxed bases.
    pub gravada: Decimal,
    /// Their IGV.
    pub igv: Decimal,
    /// Their totals.
    pub total: Decimal,
}

impl CheckedWorkbook {
    pub(super) fn summary_sheet(&self, name: String, file: &str, lang: Lang) -> ReportSheet {
        let mut tables = vec![
            self.run_table(file, lang),
            if self.outcomes.is_empty() {
                self.states_table(lang)
            } else {
                outcomes_table(self.outcomes.values(), lang)
            },
            self.totals_table(lang),
        ];
        if !self.findings.is_empty() {
            tables.push(self.counts_table(lang));
        }
        let heading = if self.outcomes.is_empty() {
            lang.pick(
                "Revisión de comprobantes antes de emitir",
                "Documents reviewed before they are issued",
            )
        } else {
            lang.pick("Emisión de comprobantes", "Documents issued")
        };
        ReportSheet {
            name,
            heading: Some(heading.to_owned()),
            widths: vec![36.0, 13.0, 15.0, 16.0, 14.0, 20.0, 16.0, 24.0],
            tables,
        }
    }

    fn run_table(&self, file: &str, lang: Lang) -> ReportTable {
        let when = lima_datetime(self.at).strftime("%d/%m/%Y %H:%M");
        let row = |name: &str, value: &str| vec![line(name), line(value)];
        ReportTable {
            titles: titles(lang.pick("Datos del proceso|||||||", "Run|||||||")),
            rows: vec![
                row(lang.pick("Archivo de origen", "Source file"), file),
                row(
                    lang.pick("Hoja leída", "Sheet read"),
                    &self.sheet_of(SheetSide::Main),
                ),
                row(
                    lang.pick("Fecha y hora (Lima)", "Date and time (Lima)"),
                    &when.to_string(),
                ),
            ],
        }
    }

    fn states_table(&self, lang: Lang) -> ReportTable {
        let row = |worst: Option<Severity>| {
            let (mark, word) = state(worst, lang);
            let of_state = |it: &&CheckedRows| state(it.worst, lang).1 == word;
            let of_state: Vec<_> = self.documents.iter().filter(of_state).collect();
            let meaning = match worst {
                Some(Severity::Error) => lang.pick(
                    "No se puede emitir: corrija las celdas marcadas",
                    "It cannot be issued: correct the marked cells",
                ),
                Some(_) => lang.pick(
                    "Se puede emitir; revise lo observado",
                    "It can be issued; see what was remarked",
                ),
                None => lang.pick("Se puede emitir", "It can be issued"),
            };
            vec![
                ReviewValue::Word(mark, word.to_owned()),
                ReviewValue::Count(of_state.len()),
                ReviewValue::Count(of_state.iter().map(|it| it.rows.len()).sum()),
                line(meaning),
            ]
        };
        let states = [Some(Severity::Error), Some(Severity::Observacion), None];
        ReportTable {
            titles: titles(lang.pick(
                "Estado|Documentos|Filas| Qué significa||||",
                "State|Documents|Rows| What it means||||",
            )),
            rows: states.map(row).to_vec(),
        }
    }

    fn totals_table(&self, lang: Lang) -> ReportTable {
        let rows = self.totals().into_iter().map(|((kind, moneda), sums)| {
            vec![
                text(kind_word(kind, lang)),
                text(Moneda::from_nubefact(moneda).unwrap_or_default().iso()),
                ReviewValue::Count(sums.documents),
                ReviewValue::Amount(sums.gravada),
                ReviewValue::Amount(sums.igv),
                ReviewValue::Amount(sums.total - sums.gravada - sums.igv),
                ReviewValue::Amount(sums.total),
            ]
        });
        ReportTable {
            titles: titles(lang.pick(
                "Totales de lo que se puede emitir|Moneda|Documentos|Gravada|IGV|No gravado y otros|Total",
                "Totals of what can be issued|Currency|Documents|Taxed|IGV|Untaxed and others|Total",
            )),
            rows: rows.collect(),
        }
    }

    fn counts_table(&self, lang: Lang) -> ReportTable {
        let rows = self.counts_by_code().into_iter().map(|(found, count)| {
            let severity = found.finding.severidad;
            vec![
                text(found.finding.codigo),
                ReviewValue::Count(count),
                ReviewValue::Word(mark_of(severity), severity_word(severity, lang).to_owned()),
                line(found.finding.message(lang)),
            ]
        });
        ReportTable {
            titles: titles(lang.pick(
                "Hallazgos|Cuántos|Gravedad| Qué pasa||||",
                "Findings|How many|Severity| What||||",
            )),
            rows: rows.collect(),
        }
    }

    /// Sums of the documents that can be issued, by kind and currency.
    pub fn totals(&self) -> BTreeMap<(DocumentKind, u8), WorkbookSums> {
        let mut totals: BTreeMap<(DocumentKind, u8), WorkbookSums> = BTreeMap::new();
        for document in self.documents.iter().filter(|it| !it.has_errors()) {
            let Some(kind) = document.kind else { continue };
            let sums = totals
                .entry((kind, document.moneda.unwrap_or(1)))
                .or_default();
            sums.documents += 1;
            sums.gravada += document.gravada.unwrap_or_default();
            sums.igv += document.igv.unwrap_or_default();
            sums.total += document.total.unwrap_or_default();
        }
        totals
    }

    /// How often each code was found, the worst and most frequent first.
    fn counts_by_code(&self) -> Vec<(&PlacedFinding, usize)> {
        let mut counts: HashMap<&str, (&PlacedFinding, usize)> = HashMap::new();
        for found in &self.findings {
            counts.entry(found.finding.codigo).or_insert((found, 0)).1 += 1;
        }
        let mut counts: Vec<_> = counts.into_values().collect();
        counts.sort_by_key(|(found, count)| {
            let severity = std::cmp::Reverse(found.finding.severidad);
            (severity, std::cmp::Reverse(*count), found.finding.codigo)
        });
        counts
    }
}

fn text(text: &str) -> ReviewValue {
    ReviewValue::Text(text.to_owned())
}

fn line(text: &str) -> ReviewValue {
    ReviewValue::Line(text.to_owned())
}

/// Titles, with a bar between them.
fn titles(all: &str) -> Vec<String> {
    all.split('|').map(str::to_owned).collect()
}

/// A kind as people write it.
fn kind_word(kind: DocumentKind, lang: Lang) -> &'static str {
    match kind {
        DocumentKind::Factura => lang.pick("Facturas", "Facturas"),
        DocumentKind::Boleta => lang.pick("Boletas", "Boletas"),
        DocumentKind::NotaCredito => lang.pick("Notas de crédito", "Credit notes"),
        DocumentKind::NotaDebito => lang.pick("Notas de débito", "Debit notes"),
        other => other.as_str(),
    }
}
