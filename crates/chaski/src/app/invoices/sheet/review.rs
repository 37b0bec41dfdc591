//! The reviewed workbook: what the caller wrote, as they wrote it, and beside it what an accountant wants
//! to see before anything is issued.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

use chaski_core::{Lang, Severity, lima_datetime};
use rust_decimal::Decimal;

use super::check::CheckedWorkbook;
use super::columns::MAIN;
use super::documents::{PlacedFinding, SheetSide};
use super::outcome::RowOutcome;
use super::titles::{OURS, our_titles};
use crate::sheets::{
    RawSheet, ReportSheet, ReportTable, ReviewMark, ReviewValue, ReviewedSheet, SheetError,
    SourceKind, render_review, review_csv,
};

/// Widths of our columns.
const WIDTHS: [f64; 7] = [15.0, 13.0, 13.0, 11.0, 13.0, 12.0, 62.0];
/// The same where documents were issued: numbers with their kind, and addresses on one line.
const WIDTHS_ISSUED: [f64; 7] = [18.0, 20.0, 13.0, 11.0, 13.0, 76.0, 62.0];
/// Findings that the sheet of findings holds at most: beyond, nobody reads on.
const MOST_FINDINGS: usize = 50_000;
/// Characters of the findings of a row.
const MOST_CHARS: usize = 4000;

impl CheckedWorkbook {
    /// The workbook with its findings: the caller's sheets, `Hallazgos` and `Resumen`.
    pub fn to_xlsx(&self, file: &str, lang: Lang) -> Result<Vec<u8>, SheetError> {
        let mut reviewed = vec![self.main_sheet(lang)];
        reviewed.extend(self.beside_sheet(lang));
        let mut taken: Vec<String> = reviewed.iter().map(|it| it.name.to_lowercase()).collect();
        let mut free = |name: &str| {
            let name = if taken.contains(&name.to_lowercase()) {
                format!("{name} (Chaski)")
            } else {
                name.to_owned()
            };
            taken.push(name.to_lowercase());
            name
        };
        let reports = [
            self.findings_sheet(free(lang.pick("Hallazgos", "Findings")), lang),
            self.summary_sheet(free(lang.pick("Resumen", "Summary")), file, lang),
        ];
        let created = lima_datetime(self.at).date();
        render_review(&reviewed, &reports, created)
            .map_err(|error| SheetError::writing("-".as_ref(), error))
    }

    /// The main sheet alone, as text with separators.
    pub fn to_csv(&self, lang: Lang) -> Result<Vec<u8>, SheetError> {
        let separator = match self.book.source {
            SourceKind::Csv { separator, .. } => separator,
            _ => ',',
        };
        review_csv(&self.main_sheet(lang), separator)
            .map_err(|error| SheetError::writing("-".as_ref(), error))
    }

    fn main_sheet(&self, lang: Lang) -> ReviewedSheet<'_> {
        let sheet = &self.book.main;
        let mut said = self.said_by_row(SheetSide::Main, lang);
        let mut values = HashMap::with_capacity(sheet.rows.len());
        for (index, document) in self.documents.iter().enumerate() {
            let outcome = self.outcomes.get(&index);
            let (mark, word) = match outcome {
                Some(outcome) => (outcome.mark(), outcome.estado()),
                None => state(document.worst, lang),
            };
            let known = |it: Option<&String>| {
                it.map_or(ReviewValue::Empty, |it| ReviewValue::Text(it.clone()))
            };
            for (place, row) in document.rows.iter().enumerate() {
                // Totals stand once, so that the sum of a column is the sum of the documents.
                let amount = |it: Option<Decimal>| match it {
                    Some(amount) if place == 0 => ReviewValue::Amount(amount),
                    _ => ReviewValue::Empty,
                };
                values.insert(
                    *row,
                    vec![
                        ReviewValue::Word(mark, word.to_owned()),
                        known(outcome.and_then(|it| it.comprobante.as_ref())),
                        amount(document.gravada),
                        amount(document.igv),
                        amount(document.total),
                        known(outcome.and_then(|it| it.enlace_pdf.as_ref())),
                        {
                            let why = outcome.filter(|_| place == 0).and_then(RowOutcome::said);
                            let all: Vec<String> =
                                why.into_iter().chain(said.remove(row)).collect();
                            if all.is_empty() {
                                ReviewValue::Empty
                            } else {
                                ReviewValue::Text(all.join("\n"))
                            }
                        },
                    ],
                );
            }
        }
        // Rows that are of no document.
        let (mark, word) = state(Some(Severity::Error), lang);
        for (row, text) in said {
            let mut row_values = vec![ReviewValue::Empty; OURS.len()];
            if row != self.titles.row {
                row_values[0] = ReviewValue::Word(mark, word.to_owned());
            }
            row_values[OURS.len() - 1] = ReviewValue::Text(text);
            values.insert(row, row_values);
        }
        let titles = sheet.rows.get(self.titles.index);
        let titles = titles.map(|row| our_titles(row, &OURS)).unwrap_or_default();
        let widths = if self.outcomes.is_empty() {
            WIDTHS
        } else {
            WIDTHS_ISSUED
        };
        ReviewedSheet {
            sheet,
            name: sheet_name(sheet, MAIN),
            titles_at: self.titles.row,
            ours: titles.into_iter().zip(widths).collect(),
            values,
            marks: self.marks(SheetSide::Main, lang),
        }
    }

    fn beside_sheet(&self, lang: Lang) -> Option<ReviewedSheet<'_>> {
        let (sheet, titles) = (self.book.beside.as_ref()?, self.beside.as_ref()?);
        let said = self.said_by_row(SheetSide::Beside, lang);
        let values = said
            .into_iter()
            .map(|(row, text)| (row, vec![ReviewValue::Text(text)]));
        Some(ReviewedSheet {
            sheet,
            name: sheet_name(sheet, super::columns::BESIDE),
            titles_at: titles.row,
            ours: vec![(OURS[OURS.len() - 1].to_owned(), WIDTHS[OURS.len() - 1])],
            values: values.collect(),
            marks: self.marks(SheetSide::Beside, lang),
        })
    }

    /// What is said of each row, in words that name the cell and how bad it is.
    fn said_by_row(&self, side: SheetSide, lang: Lang) -> HashMap<u32, String> {
        let mut said: HashMap<u32, String> = HashMap::new();
        for found in self.findings.iter().filter(|it| it.spot.side == side) {
            let text = said.entry(found.spot.row).or_default();
            if text.len() > MOST_CHARS {
                continue;
            }
            if !text.is_empty() {
                text.push('\n');
            }
            let finding = &found.finding;
            let word = severity_word(finding.severidad, lang);
            let cell = found
                .spot
                .cell()
                .map(|it| format!(" {it}"))
                .unwrap_or_default();
            let _ = write!(text, "{word}{cell}: {}", finding.message(lang));
            if let Some(expected) = &finding.esperado {
                let _ = write!(text, " ({} {expected})", lang.pick("se espera", "expected"));
            }
            let _ = write!(text, " [{}]", finding.codigo);
        }
        said
    }

    fn marks(&self, side: SheetSide, lang: Lang) -> BTreeMap<(u32, usize), (ReviewMark, String)> {
        let mut marks: BTreeMap<(u32, usize), (ReviewMark, String)> = BTreeMap::new();
        for found in self.findings.iter().filter(|it| it.spot.side == side) {
            let Some(column) = found.spot.column else {
                continue;
            };
            let finding = &found.finding;
            let mark = mark_of(finding.severidad);
            let word = severity_word(finding.severidad, lang);
            let (codigo, says, fix) = (finding.codigo, finding.message(lang), finding.action(lang));
            let text = format!("{word} {codigo}: {says}. {fix}.");
            let place = marks
                .entry((found.spot.row, column))
                .or_insert((mark, String::new()));
            place.0 = place.0.max(mark);
            if place.1.len() < MOST_CHARS {
                if !place.1.is_empty() {
                    place.1.push('\n');
                }
                place.1.push_str(&text);
            }
        }
        marks
    }

    fn findings_sheet(&self, name: String, lang: Lang) -> ReportSheet {
        let titles = match lang {
            Lang::Es => [
                "Hoja",
                "Fila",
                "Celda",
                "Columna",
                "Documento",
                "Gravedad",
                "Código",
                "Qué pasa",
                "Se espera",
                "Qué hacer",
            ],
            Lang::En => [
                "Sheet",
                "Row",
                "Cell",
                "Column",
                "Document",
                "Severity",
                "Code",
                "What",
                "Expected",
                "What to do",
            ],
        };
        let text = |it: Option<String>| {
            it.filter(|it| !it.is_empty())
                .map_or(ReviewValue::Empty, ReviewValue::Text)
        };
        let row = |found: &PlacedFinding| {
            let finding = &found.finding;
            vec![
                text(Some(self.sheet_of(found.spot.side))),
                ReviewValue::Count(found.spot.row as usize),
                text(found.spot.cell()),
                text(self.title_of(&found.spot)),
                text(self.key_of(found).map(str::to_owned)),
                ReviewValue::Word(
                    mark_of(finding.severidad),
                    severity_word(finding.severidad, lang).to_owned(),
                ),
                text(Some(finding.codigo.to_owned())),
                text(Some(finding.message(lang).to_owned())),
                text(finding.esperado.clone()),
                text(Some(finding.action(lang).to_owned())),
            ]
        };
        let mut rows: Vec<_> = self.findings.iter().take(MOST_FINDINGS).map(row).collect();
        let more = self.findings.len() - rows.len();
        if more > 0 {
            rows.push(vec![ReviewValue::Text(lang.pick(
                format!("y {more} más: corrija estos primero"),
                format!("and {more} more: correct these first"),
            ))]);
        }
        if rows.is_empty() {
            let nothing = lang.pick("Sin hallazgos", "Nothing was found");
            rows.push(vec![ReviewValue::Text(nothing.to_owned())]);
        }
        ReportSheet {
            name,
            heading: None,
            widths: vec![15.0, 7.0, 8.0, 18.0, 14.0, 13.0, 18.0, 52.0, 16.0, 52.0],
            tables: vec![ReportTable {
                titles: titles.map(str::to_owned).to_vec(),
                rows,
            }],
        }
    }

    /// The name of a sheet, for people.
    pub fn sheet_of(&self, side: SheetSide) -> String {
        match (side, &self.book.beside) {
            (SheetSide::Beside, Some(sheet)) => sheet.name.clone(),
            _ if self.book.main.name.is_empty() => "CSV".to_owned(),
            _ => self.book.main.name.clone(),
        }
    }

    /// The caller's name of the document that a finding is about.
    pub fn key_of(&self, found: &PlacedFinding) -> Option<&str> {
        let document = self.documents.get(found.document?)?;
        Some(&document.key)
    }
}

/// The state of a document, in a word.
pub(super) fn state(worst: Option<Severity>, lang: Lang) -> (ReviewMark, &'static str) {
    match worst {
        Some(Severity::Error) => (ReviewMark::Wrong, lang.pick("CON ERRORES", "ERRORS")),
        Some(Severity::Observacion) => (ReviewMark::Observed, lang.pick("OBSERVADO", "OBSERVED")),
        Some(Severity::Aviso) | None => (ReviewMark::Good, lang.pick("CORRECTO", "RIGHT")),
    }
}

pub(super) fn mark_of(severity: Severity) -> ReviewMark {
    match severity {
        Severity::Error => ReviewMark::Wrong,
        Severity::Observacion => ReviewMark::Observed,
        Severity::Aviso => ReviewMark::Notice,
    }
}

pub(super) fn severity_word(severity: Severity, lang: Lang) -> &'static str {
    match severity {
        Severity::Error => "ERROR",
        Severity::Observacion => lang.pick("OBSERVACIÓN", "OBSERVATION"),
        Severity::Aviso => lang.pick("AVISO", "NOTICE"),
    }
}

/// The caller's name of a sheet, where a workbook can have it.
fn sheet_name(sheet: &RawSheet, usual: &str) -> String {
    let name = sheet.name.trim();
    let fits = !name.is_empty()
        && name.chars().count() <= 31
        && !name.contains(['[', ']', ':', '*', '?', '/', '\\'])
        && !name.starts_with('\'')
        && !name.ends_with('\'')
        && !name.eq_ignore_ascii_case("history");
    if fits {
        name.to_owned()
    } else {
        usual.to_owned()
    }
}
