//! Dates in cells, and the column that holds those of a list.

use chaski_core::{DateError, fold, parse_date};
use compact_str::{CompactString, format_compact};
use jiff::ToSpan;
use jiff::civil::Date;

use super::column::{ColumnError, Sought, ambiguous, asked_for, labels};
use super::names::names_no_issue;
use super::table::{Cell, Flaw, Row, Table, own_title};

/// How many rows, spread over the list, are looked at to judge a column by what it holds.
const JUDGED_ROWS: usize = 1000;

/// The day in a cell: a date, with or without its time, one as people type it, or the count of days by
/// which a workbook keeps one. None in a blank cell.
pub(super) fn day_in(cell: &Cell) -> Result<Option<Date>, DateError> {
    match cell {
        _ if cell.is_blank() => Ok(None),
        Cell::Date(text) | Cell::Text(text) => {
            // `2026-01-31 08:30:00`, `31/01/2026 8:30 a. m.`.
            let day = text.trim().split([' ', 'T']).next().unwrap_or_default();
            if day.len() == 8 && day.bytes().all(|it| it.is_ascii_digit()) {
                return parse_date(&format!("{}-{}-{}", &day[..4], &day[4..6], &day[6..]))
                    .map(Some);
            }
            parse_date(&day.replace('.', "/")).map(Some)
        }
        Cell::Number(number) => match day_of_serial(*number) {
            Some(day) => parse_date(&day).map(Some),
            None => Err(DateError::Form),
        },
        _ => Err(DateError::Form),
    }
}

/// The day that a workbook's count of days names, for a number that was written without a date format;
/// none outside the years 2000 to 2100.
pub(crate) fn day_of_serial(serial: f64) -> Option<CompactString> {
    // The count begins at 1 on 1 January 1900, and takes 1900 for a leap year.
    const BEFORE_THE_FIRST: Date = Date::constant(1899, 12, 30);
    let is_day = (36_526.0..73_051.0).contains(&serial);
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the range was just checked"
    )]
    let days = is_day.then_some(serial.floor() as i64)?;
    let day = BEFORE_THE_FIRST.checked_add(days.days()).ok()?;
    Some(format_compact!("{day}"))
}

/// What a column holds of dates.
struct SeenDays {
    filled: usize,
    days: usize,
    distinct: usize,
    rows: usize,
}

impl SeenDays {
    fn of(table: &Table, column: usize) -> SeenDays {
        let mut found = Vec::new();
        let (mut filled, mut rows, mut numbers) = (0, 0, 0);
        for row in judged(table) {
            let cell = row.cell(column);
            rows += 1;
            filled += usize::from(!cell.is_blank());
            numbers += usize::from(matches!(cell, Cell::Number(_)));
            found.extend(day_in(cell).ok().flatten());
        }
        // Amounts may be as large as a count of days; dates that lost their format are all so.
        let days = if numbers > 0 && numbers < filled {
            found.len() - numbers.min(found.len())
        } else {
            found.len()
        };
        found.sort_unstable();
        found.dedup();
        SeenDays {
            filled,
            days,
            distinct: found.len(),
            rows,
        }
    }

    fn is_full(&self) -> bool {
        self.days > 0 && self.days * 2 >= self.filled
    }
}

/// Rows by which a column is judged.
pub(super) fn judged(table: &Table) -> impl Iterator<Item = &Row> {
    let is_shifted =
        |row: &&Row| !matches!(table.flaws.get(&row.number), Some(Flaw::Shifted { .. }));
    table.rows.sample(JUDGED_ROWS).filter(is_shifted)
}

/// The column of dates, from 0: the one that a person names; else by what its values are, dates that
/// differ from row to row, and by its title where several are. A doubt is an error.
pub fn find_days(table: &Table, wanted: Option<&str>) -> Result<usize, ColumnError> {
    if let Some(wanted) = wanted {
        return asked_for(table, wanted.trim());
    }
    let all = 0..table.headers.len();
    let seen: Vec<SeenDays> = all.clone().map(|it| SeenDays::of(table, it)).collect();
    let full: Vec<usize> = all.clone().filter(|it| seen[*it].is_full()).collect();
    // Serial numbers without a title that says so are amounts, or numbers of documents.
    let full: Vec<usize> = full
        .into_iter()
        .filter(|it| has_dates(table, *it) || titled(&table.headers[*it]) > 0)
        .collect();
    let varied = full.iter().copied().filter(|it| seen[*it].distinct > 1);
    // Half of the rows have one: that of what was paid late has few.
    let covers = |it: &usize| seen[*it].filled * 2 >= seen[*it].rows;
    let varied: Vec<usize> = varied.filter(covers).collect();
    let rivals = if varied.is_empty() { &full } else { &varied };
    match rivals.as_slice() {
        [] => Err(ColumnError::NotFound {
            seen: labels(table, all),
            sought: Sought::Days,
        }),
        [only] => Ok(*only),
        several => {
            let best = several.iter().map(|it| titled(&table.headers[*it])).max();
            let best = best.unwrap_or_default();
            let first: Vec<usize> = several
                .iter()
                .copied()
                .filter(|it| titled(&table.headers[*it]) == best)
                .collect();
            match first.as_slice() {
                [only] => Ok(*only),
                doubtful => Err(ambiguous(table, doubtful, Sought::Days)),
            }
        }
    }
}

fn has_dates(table: &Table, column: usize) -> bool {
    judged(table).any(|row| {
        !matches!(row.cell(column), Cell::Number(_))
            && matches!(day_in(row.cell(column)), Ok(Some(_)))
    })
}

/// How surely a title is that of the date of a sale: `FECHA DE EMISIÓN` before `FECHA`, and both before
/// the date on which it falls due or is paid.
pub(super) fn titled(title: &str) -> u8 {
    let (all, own) = (fold(title), fold(own_title(title)));
    let words =
        |name: &str| own.split(' ').any(|it| it == name) || all.split(' ').any(|it| it == name);
    let of_a_date = ["FECHA", "FEC", "FCH", "F", "DIA", "DATE"]
        .iter()
        .any(|it| words(it));
    match () {
        () if names_no_issue(&all) => 0,
        () if words("EMISION") || words("EMITIDO") || words("FECEMISION") || words("FEMISION") => 3,
        () if of_a_date
            && (words("COMPROBANTE")
                || words("DOCUMENTO")
                || words("VENTA")
                || words("OPERACION")) =>
        {
            2
        }
        () if of_a_date => 1,
        () => 0,
    }
}
