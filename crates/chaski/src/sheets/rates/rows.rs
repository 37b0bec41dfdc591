//! What each row of a list with dates is: a day whose rate is wanted, or why it is none.

use chaski_core::{Currency, ExchangeRate, Text, fold, text};
use compact_str::CompactString;
use jiff::civil::Date;

use super::RateWord;
use crate::sheets::days::day_in;
use crate::sheets::names::names_no_issue;
use crate::sheets::rows::is_total;
use crate::sheets::table::{Cell, Row, Table, own_title};
use crate::sheets::vouchers::{currency_of, holds_currencies};

/// What a row turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RateRow {
    /// The day whose rate is wanted.
    pub day: Option<Date>,
    /// Of what.
    pub moneda: Currency,
    /// Else its word.
    pub word: RateWord,
    /// Why.
    pub why: Option<Text>,
}

/// Reads the rows of a list with dates.
pub struct RateReader<'t> {
    table: &'t Table,
    column: usize,
    /// The column of currencies, where there is one.
    currency: Option<usize>,
    moneda: Currency,
    today: Date,
}

impl<'t> RateReader<'t> {
    /// Reads rows of `table`, whose dates are in `column`, from 0, for rates of `moneda`; `today` is that
    /// of Lima.
    pub fn new(table: &'t Table, column: usize, moneda: Currency, today: Date) -> RateReader<'t> {
        RateReader {
            table,
            column,
            currency: currency_column(table),
            moneda,
            today,
        }
    }

    /// What a row is.
    pub fn read(&self, row: &Row) -> RateRow {
        match self.day(row) {
            Ok(day) => RateRow {
                day: Some(day),
                moneda: self.moneda,
                word: RateWord::Pendiente,
                why: None,
            },
            Err((word, why)) => RateRow {
                day: None,
                moneda: self.moneda,
                word,
                why,
            },
        }
    }

    fn day(&self, row: &Row) -> Result<Date, (RateWord, Option<Text>)> {
        let cell = row.cell(self.column);
        let day = match day_in(cell) {
            Ok(Some(day)) => day,
            _ if row.cells.iter().any(is_total) => return Err((RateWord::Total, None)),
            Ok(None) => return Err((RateWord::SinFecha, None)),
            Err(_) if self.is_title(cell) => return Err((RateWord::Titulos, None)),
            Err(_) => return Err((RateWord::FechaIlegible, None)),
        };
        if let Some(said) = self.currency.and_then(|it| currency_of(row.cell(it))) {
            self.check_currency(&said)?;
        }
        if day > self.today {
            return Err((RateWord::FechaFutura, None));
        }
        if day < ExchangeRate::FIRST_DAY {
            let why = text!(
                "hay tipos de cambio desde el 01/01/2010",
                "there are exchange rates from 01/01/2010 on"
            );
            return Err((RateWord::SinTipo, Some(why)));
        }
        Ok(day)
    }

    fn check_currency(&self, said: &CompactString) -> Result<(), (RateWord, Option<Text>)> {
        if said == "PEN" {
            return Err((RateWord::EnSoles, None));
        }
        if said == self.moneda.as_str() {
            return Ok(());
        }
        let wanted = self.moneda.as_str();
        let why = if said == "EUR" {
            text!(
                "la fila está en EUR y se pidió {wanted}; para euros: --fuente sbs --moneda EUR",
                "the row is in EUR and {wanted} was asked for; for euros: --fuente sbs --moneda EUR"
            )
        } else {
            text!(
                "la fila está en {said} y se pidió {wanted}",
                "the row is in {said} and {wanted} was asked for"
            )
        };
        Err((RateWord::OtraMoneda, Some(why)))
    }

    fn is_title(&self, cell: &Cell) -> bool {
        let own = self.table.headers.get(self.column);
        let own = own.map(|it| fold(own_title(it)));
        matches!(cell, Cell::Text(text) if own == Some(fold(text)))
    }
}

/// The column that says of each row which currency it is in; by its title where there are several.
fn currency_column(table: &Table) -> Option<usize> {
    let all = 0..table.headers.len();
    let titled = |it: &usize| fold(&table.headers[*it]).contains("MONEDA");
    let other = |it: &usize| names_no_issue(&fold(&table.headers[*it]));
    let held: Vec<usize> = all
        .filter(|it| holds_currencies(table, *it) && !other(it))
        .collect();
    held.iter().copied().find(titled).or(match held[..] {
        [only] => Some(only),
        _ => None,
    })
}
