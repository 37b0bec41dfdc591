//! Finds the column of RUCs: by its title, by what it holds, or by what the person asked for.

use chaski_core::{Lang, fold};

use super::table::{Cell, Table, column_index, column_letter};

/// How many rows are looked at to judge a column by what it holds.
const JUDGED_ROWS: usize = 500;

/// Why no single column can be chosen. The labels are what [`Table::column_label`] gives.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.message(Lang::Es))]
pub enum ColumnError {
    /// No column looks like one of RUCs.
    NotFound {
        /// The columns that there are.
        seen: Vec<String>,
    },
    /// More than one does.
    Ambiguous {
        /// Which, as labels.
        candidates: Vec<String>,
        /// Their indexes from 0, for a door that can ask.
        columns: Vec<usize>,
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
        match (self, lang) {
            (ColumnError::OfPartners, Lang::Es) => {
                "no se sabe cuál columna es la del número de documento: póngale el título RUC, DNI o Documento".to_owned()
            }
            (ColumnError::OfPartners, Lang::En) => {
                "it is not known which column holds the number of the document: give it the title RUC, DNI or Documento".to_owned()
            }
            (ColumnError::NotFound { seen }, Lang::Es) => format!(
                "ninguna columna parece contener RUC: hay {}; indique cuál es con --columna",
                list(seen)
            ),
            (ColumnError::NotFound { seen }, Lang::En) => format!(
                "no column seems to hold RUCs: there are {}; say which with --columna",
                list(seen)
            ),
            (ColumnError::Ambiguous { candidates, .. }, Lang::Es) => format!(
                "más de una columna puede ser la del RUC: {}; elija una con --columna",
                list(candidates)
            ),
            (ColumnError::Ambiguous { candidates, .. }, Lang::En) => format!(
                "more than one column may be that of the RUC: {}; choose one with --columna",
                list(candidates)
            ),
            (
                ColumnError::Unknown {
                    wanted,
                    suggestion,
                    seen,
                },
                Lang::Es,
            ) => {
                let meant = suggestion
                    .as_ref()
                    .map(|name| format!("; ¿quiso decir «{name}»?"));
                format!(
                    "no hay columna «{wanted}»: hay {}{}",
                    list(seen),
                    meant.unwrap_or_default()
                )
            }
            (
                ColumnError::Unknown {
                    wanted,
                    suggestion,
                    seen,
                },
                Lang::En,
            ) => {
                let meant = suggestion
                    .as_ref()
                    .map(|name| format!("; did you mean «{name}»?"));
                format!(
                    "there is no column «{wanted}»: there are {}{}",
                    list(seen),
                    meant.unwrap_or_default()
                )
            }
        }
    }
}

/// The index from 0 of the column of RUCs. `wanted` may be a title, a letter (`B`) or a number
/// (`2`), tried in that order; without it, titles and content decide, and a doubt is an error.
pub fn find_column(table: &Table, wanted: Option<&str>) -> Result<usize, ColumnError> {
    match wanted {
        Some(wanted) => asked_for(table, wanted.trim()),
        None => detected(table),
    }
}

/// Whether a folded title names a column of RUCs or of documents that may be RUCs.
pub(super) fn is_identity_header(folded: &str) -> bool {
    names_ruc(folded) || names_document(folded)
}

/// Whether a text holds the digits of an identity number, damaged or not, and little else: eight
/// to fifteen of its characters that say something are digits, at most three are letters.
pub(super) fn looks_numeric_identity(text: &str) -> bool {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    (8..=15).contains(&digits) && letters <= 3
}

fn asked_for(table: &Table, wanted: &str) -> Result<usize, ColumnError> {
    let folded = fold(wanted);
    let named: Vec<usize> = (0..table.headers.len())
        .filter(|column| !folded.is_empty() && fold(&table.headers[*column]) == folded)
        .collect();
    match named.as_slice() {
        [column] => return Ok(*column),
        [] => {}
        several => return Err(ambiguous(table, several)),
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

/// A title that says RUC above numbers like RUCs wins; then numbers like RUCs under any title;
/// then a title that says document; then a title that says RUC above anything.
fn detected(table: &Table) -> Result<usize, ColumnError> {
    let columns = 0..table.headers.len();
    let folded: Vec<String> = table.headers.iter().map(|header| fold(header)).collect();
    let shares: Vec<f64> = columns
        .clone()
        .map(|column| share_of_rucs(table, column))
        .collect();
    let all = |accepted: &dyn Fn(usize) -> bool| -> Vec<usize> {
        columns.clone().filter(|column| accepted(*column)).collect()
    };
    let ladder = [
        all(&|column| names_ruc(&folded[column]) && shares[column] > 0.0),
        all(&|column| shares[column] >= 0.5),
        all(&|column| names_document(&folded[column]) && shares[column] > 0.0),
        all(&|column| names_ruc(&folded[column])),
        all(&|column| names_document(&folded[column])),
        all(&|column| shares[column] > 0.0),
    ];
    match ladder
        .iter()
        .find(|found| !found.is_empty())
        .map(Vec::as_slice)
    {
        Some([column]) => Ok(*column),
        Some(several) => Err(ambiguous(table, several)),
        None if table.headers.len() == 1 => Ok(0),
        None => Err(ColumnError::NotFound {
            seen: labels(table, columns),
        }),
    }
}

/// `RUC`, `N° RUC`, `NUM_RUC`, `RUC CLIENTE`, `RUC/DNI`, `NRORUC`.
fn names_ruc(folded: &str) -> bool {
    folded.split(' ').any(|word| {
        word == "RUC" || (word.len() <= 14 && (word.starts_with("RUC") || word.ends_with("RUC")))
    }) || folded.contains("R U C")
}

/// `DOCUMENTO`, `NRO DOC`, `NUMERO DE DOCUMENTO`, `DOC. IDENTIDAD`; not the type of document.
fn names_document(folded: &str) -> bool {
    let mut words = folded.split(' ');
    !folded.starts_with("TIPO")
        && !folded.contains("FECHA")
        && words.any(|word| {
            matches!(
                word,
                "DOC" | "DOCUMENTO" | "DNI" | "IDENTIFICACION" | "NRODOC" | "NUMDOC"
            )
        })
}

/// Which part of the filled cells of a column look like RUCs, 0 to 1.
fn share_of_rucs(table: &Table, column: usize) -> f64 {
    let (mut filled, mut like) = (0_u32, 0_u32);
    for row in table.rows.iter().take(JUDGED_ROWS) {
        let cell = row.cell(column);
        if !cell.is_blank() {
            filled += 1;
            like += u32::from(looks_like_ruc(cell));
        }
    }
    if filled == 0 {
        return 0.0;
    }
    f64::from(like) / f64::from(filled)
}

fn looks_like_ruc(cell: &Cell) -> bool {
    match cell {
        Cell::Number(number) => (1e10..3e10).contains(number) && number.fract() == 0.0,
        Cell::Text(text) if text.len() <= 40 => {
            let text = text.trim().trim_end_matches(".0");
            let digits: String = text.chars().filter(char::is_ascii_digit).collect();
            let letters = text.chars().filter(|c| c.is_alphabetic()).count();
            let prefix = ["10", "15", "16", "17", "20"]
                .iter()
                .any(|p| digits.starts_with(p));
            digits.len() == 11 && letters <= 3 && prefix
        }
        _ => false,
    }
}

fn ambiguous(table: &Table, columns: &[usize]) -> ColumnError {
    ColumnError::Ambiguous {
        candidates: labels(table, columns.iter().copied()),
        columns: columns.to_vec(),
    }
}

fn labels(table: &Table, columns: impl Iterator<Item = usize>) -> Vec<String> {
    columns.map(|column| table.column_label(column)).collect()
}

/// The labels as one text; a very wide table is cut.
fn list(labels: &[String]) -> String {
    const SHOWN: usize = 30;
    let mut text = labels
        .iter()
        .take(SHOWN)
        .cloned()
        .collect::<Vec<_>>()
        .join(", ");
    if labels.len() > SHOWN {
        text.push_str(", … ");
        text.push_str(&column_letter(labels.len() - 1));
    }
    text
}
