//! What each row of a list is: a RUC, another document, nothing, or no taxpayer at all.

use chaski_core::{Dni, RucRules, fold};

use super::flaws::{CellProblem, Repair};
use super::identity::{Holds, holds, says_nothing};
use super::names::names_document_type;
use super::repair::{OtherDocument, Repaired, Subject, has_prefix, repair};
use super::table::{Cell, Flaw, Row, Table, own_title};

/// How many rows, spread over the list, say which column holds the kind of document.
const JUDGED_ROWS: usize = 500;

/// Reads the rows of a list by one of its columns.
pub struct RowReader<'t> {
    table: &'t Table,
    column: usize,
    rules: &'t RucRules,
    /// The column of SUNAT's catalogue 6, where there is one.
    kinds: Option<usize>,
    /// The titles as they stand, folded.
    titles: Vec<String>,
}

/// What the column of kinds says of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Said {
    Ruc,
    Dni,
    Other(OtherDocument),
}

impl<'t> RowReader<'t> {
    /// Reads rows of `table`, whose column of identities is `column`, from 0.
    pub fn new(table: &'t Table, column: usize, rules: &'t RucRules) -> RowReader<'t> {
        let titles = table.headers.iter().map(|title| fold(own_title(title)));
        RowReader {
            table,
            column,
            rules,
            kinds: column_of_kinds(table, column),
            titles: titles.collect(),
        }
    }

    /// What a row names, and what was put right to see it. From one whose cells are not under their
    /// titles nothing is read.
    pub fn read(&self, row: &Row) -> Repaired {
        let flaw = self.table.flaws.get(&row.number);
        if let Some(Flaw::Shifted { cells, usual }) = flaw {
            let problem = CellProblem::Shifted {
                cells: *cells,
                usual: *usual,
            };
            let subject = self.no_taxpayer(row).unwrap_or(Subject::Bad(problem));
            return plain(subject);
        }
        let cell = row.cell(self.column);
        let mut repaired = repair(cell, self.rules);
        if let Subject::Ruc(_) = repaired.subject {
            match flaw {
                Some(Flaw::Realigned) => repaired.repairs.push(Repair::Realigned),
                Some(Flaw::Wider) => repaired.repairs.push(Repair::Wider),
                _ => {}
            }
            return repaired;
        }
        if let Some(subject) = self.no_taxpayer(row) {
            return plain(subject);
        }
        let said = self.kinds.and_then(|kinds| said_by(row.cell(kinds)));
        match (repaired.subject, said) {
            (Subject::Bad(CellProblem::Unsaved), _) => plain(Subject::Bad(CellProblem::Unsaved)),
            (Subject::Empty, _) => plain(Subject::Empty),
            (_, _) if says_nothing(cell) => plain(Subject::Empty),
            (_, Some(Said::Other(kind))) => plain(Subject::Other(kind)),
            (subject @ Subject::Dni { .. }, _) => Repaired {
                subject,
                repairs: repaired.repairs,
            },
            (subject, Some(Said::Dni)) => match without_zeros(cell) {
                Some(dni) => Repaired {
                    subject: Subject::Dni { dni, padded: true },
                    repairs: vec![Repair::LostZero],
                },
                None => plain(subject),
            },
            (subject, Some(Said::Ruc)) => plain(subject),
            (subject, None) => plain(document_like(cell).map_or(subject, Subject::Other)),
        }
    }

    /// A row of totals or of titles, that names nobody.
    fn no_taxpayer(&self, row: &Row) -> Option<Subject> {
        let names_somebody = |cell: &Cell| holds(cell).identity().is_some();
        if names_somebody(row.cell(self.column)) {
            return None;
        }
        if row.cells.iter().any(is_total) && !row.cells.iter().any(names_somebody) {
            return Some(Subject::Total);
        }
        self.repeats_titles(row).then_some(Subject::Titles)
    }

    /// A report prints its titles again on every page.
    fn repeats_titles(&self, row: &Row) -> bool {
        let (mut filled, mut alike) = (0, 0);
        for (column, cell) in row.cells.iter().enumerate() {
            if let Cell::Text(text) = cell
                && !cell.is_blank()
            {
                filled += 1;
                let same = self
                    .titles
                    .get(column)
                    .is_some_and(|title| *title == fold(text));
                alike += usize::from(same);
            } else if !cell.is_blank() {
                return false;
            }
        }
        let own = row.cell(self.column);
        let own_alike =
            matches!(own, Cell::Text(text) if self.titles.get(self.column) == Some(&fold(text)));
        self.table.header_row.is_some() && own_alike && alike * 2 > filled
    }
}

fn plain(subject: Subject) -> Repaired {
    Repaired {
        subject,
        repairs: Vec::new(),
    }
}

/// The column that says of each row which kind of document it has: codes of catalogue 6 or their
/// words, that agree with the numbers. Titled so, or right before the numbers.
fn column_of_kinds(table: &Table, column: usize) -> Option<usize> {
    let titled = |at: &usize| names_document_type(&table.headers[*at]);
    let mut candidates: Vec<usize> = (0..table.headers.len()).filter(titled).collect();
    // The nearest one first: a voucher has a kind too.
    candidates.sort_by_key(|at| at.abs_diff(column));
    let beside = || {
        column
            .checked_sub(1)
            .filter(|at| agrees(table, *at, column, true))
    };
    let titled = candidates
        .into_iter()
        .find(|at| *at != column && agrees(table, *at, column, false));
    titled.or_else(beside)
}

/// Whether what a column says agrees with the numbers; `strictly` demands a RUC that is called one.
fn agrees(table: &Table, kinds: usize, column: usize, strictly: bool) -> bool {
    let (mut filled, mut known, mut right, mut wrong, mut rucs) = (0, 0, 0, 0, 0);
    for row in table.rows.sample(JUDGED_ROWS) {
        let kind = row.cell(kinds);
        if kind.is_blank() || table.flaws.contains_key(&row.number) {
            continue;
        }
        filled += 1;
        let said = said_by(kind);
        known += usize::from(said.is_some());
        match (said, holds(row.cell(column))) {
            (Some(Said::Ruc), Holds::Ruc(_)) => (right, rucs) = (right + 1, rucs + 1),
            (Some(Said::Dni), Holds::Dni(_)) => right += 1,
            (Some(_), Holds::Ruc(_)) | (Some(Said::Ruc), Holds::Dni(_)) => wrong += 1,
            _ => {}
        }
    }
    let sure = right > 0 && (rucs > 0 || !strictly);
    // The word of the last row, `TOTAL`, may stand there.
    let others = filled - known;
    let mostly = others * 10 <= filled || (!strictly && others == 1 && known > 1);
    mostly && sure && wrong * 5 <= right
}

/// What a cell says in catalogue 6 or in words.
fn said_by(cell: &Cell) -> Option<Said> {
    let text = match cell {
        Cell::Number(number) => number.to_string(),
        Cell::Text(text) => fold(text).replace(' ', ""),
        _ => return None,
    };
    // `6 - RUC`, as some exports have it.
    let code = text.strip_prefix('0').filter(|rest| !rest.is_empty());
    let code = code.unwrap_or(&text);
    let is = |words: &[&str]| words.contains(&code);
    Some(match () {
        () if is(&["6", "RUC", "6RUC"]) => Said::Ruc,
        () if is(&["1", "DNI", "LE", "1DNI", "LIBRETAELECTORAL"]) => Said::Dni,
        () if is(&[
            "4",
            "CE",
            "4CE",
            "CARNE",
            "CARNET",
            "CARNEEXTRANJERIA",
            "CARNETEXTRANJERIA",
        ]) || code.contains("CARNEDEEXT")
            || code.contains("CARNETDEEXT") =>
        {
            Said::Other(OtherDocument::Carne)
        }
        () if is(&["7", "PAS", "PASAPORTE", "7PASAPORTE"]) => Said::Other(OtherDocument::Passport),
        () if is(&[
            "0",
            "OTRO",
            "OTROS",
            "ND",
            "NODOMICILIADO",
            "SINDOCUMENTO",
            "B",
            "DOCTRIBNODOMSINRUC",
        ]) =>
        {
            Said::Other(OtherDocument::Foreign)
        }
        () if is(&[
            "A", "C", "D", "E", "F", "G", "H", "PTP", "CPP", "CEDULA", "TAM",
        ]) =>
        {
            Said::Other(OtherDocument::Other)
        }
        () => return None,
    })
}

/// A DNI that lost its zeros, where the row says that it is one.
fn without_zeros(cell: &Cell) -> Option<Dni> {
    let digits = match cell {
        Cell::Number(number) if number.fract() == 0.0 && *number >= 0.0 => format!("{number:.0}"),
        Cell::Text(text) => text.trim().to_owned(),
        _ => return None,
    };
    let short = (1..8).contains(&digits.len()) && digits.bytes().all(|it| it.is_ascii_digit());
    short.then(|| format!("{digits:0>8}").parse().ok())?
}

/// A document of another kind by its form alone: a passport has letters, a carné begins with zeros.
fn document_like(cell: &Cell) -> Option<OtherDocument> {
    let Cell::Text(text) = cell else {
        return None;
    };
    let text = text.trim();
    let bare: String = text
        .chars()
        .filter(|c| !matches!(c, ' ' | '-' | '.'))
        .collect();
    let digits = bare.chars().filter(char::is_ascii_digit).count();
    let letters = bare.chars().filter(char::is_ascii_alphabetic).count();
    if digits + letters != bare.chars().count() || text.split(' ').count() > 2 {
        return None;
    }
    match (letters, digits) {
        (0, 9 | 12) if bare.starts_with("00") => Some(OtherDocument::Carne),
        // A RUC with a letter in it was meant to be one.
        (1..=3, 5..=11) if !like_a_ruc(&bare) => {
            let first = bare.starts_with(|c: char| c.is_ascii_alphabetic());
            Some(if first {
                OtherDocument::Passport
            } else {
                OtherDocument::Other
            })
        }
        _ => None,
    }
}

fn like_a_ruc(bare: &str) -> bool {
    let digits: String = bare.chars().filter(char::is_ascii_digit).collect();
    let as_long = (10..=12).contains(&bare.len()) && bare.starts_with(|c: char| c.is_ascii_digit());
    (as_long && has_prefix(&digits)) || digits.len() == 11
}

/// `TOTAL`, `TOTALES:`, `Sub total general`, `VAN…`; not a company that is called so.
pub(super) fn is_total(cell: &Cell) -> bool {
    const TOTALS: [&str; 9] = [
        "TOTAL",
        "TOTALES",
        "SUBTOTAL",
        "SUBTOTALES",
        "SUMA",
        "SUMAS",
        "VAN",
        "VIENEN",
        "ACUMULADO",
    ];
    const BESIDE: [&str; 26] = [
        "SUB",
        "GENERAL",
        "GENERALES",
        "S",
        "SOLES",
        "US",
        "USD",
        "PEN",
        "DOLARES",
        "MES",
        "PERIODO",
        "VENTAS",
        "COMPRAS",
        "DEL",
        "DE",
        "LA",
        "HOJA",
        "PAGINA",
        "REGISTRO",
        "REGISTROS",
        "FILAS",
        "IMPORTE",
        "DOCUMENTOS",
        "COMPROBANTES",
        "CLIENTES",
        "PROVEEDORES",
    ];
    let Cell::Text(text) = cell else {
        return false;
    };
    if text.len() > 60 || !text.contains(['T', 't', 'V', 'v', 'S', 's', 'A', 'a']) {
        return false;
    }
    let folded = fold(text);
    let mut any = false;
    let all = folded
        .split(' ')
        .filter(|word| !word.is_empty())
        .all(|word| {
            let total = TOTALS.contains(&word);
            any |= total;
            total || BESIDE.contains(&word) || word.bytes().all(|it| it.is_ascii_digit())
        });
    all && any
}
