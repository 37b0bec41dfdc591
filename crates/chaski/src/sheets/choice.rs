//! Chooses the sheet of a book that holds the list: the first with a column of identities, or the one
//! that a person names.

use chaski_core::{Lang, fold, text};

use super::SheetError;
use super::column::{ColumnError, Sought, Strength, strength_of_rucs};
use super::days::find_days;
use super::found::SheetFound;
use super::header::into_table;
use super::ours::without_our_columns;
use super::table::{Encoding, SourceKind, Table};
use super::vouchers::find_vouchers;
use crate::counted::counted;

/// Names of sheets that a message holds.
const NAMES_SHOWN: usize = 8;

/// The sheets of a book as they are read, one after the other.
pub(super) struct Choice<'w> {
    wanted: Option<&'w str>,
    sought: Sought,
    lang: Lang,
    names: Vec<String>,
    /// Those that were read and hold nothing.
    blank: Vec<usize>,
    best: Option<Chosen>,
    /// Why a sheet could not be read: told only if no other one is the list.
    failure: Option<SheetError>,
}

struct Chosen {
    strength: Strength,
    sheet: Option<usize>,
    table: Table,
}

impl<'w> Choice<'w> {
    pub(super) fn new(wanted: Option<&'w str>, sought: Sought, lang: Lang) -> Choice<'w> {
        Choice {
            sought,
            wanted: wanted.map(str::trim).filter(|it| !it.is_empty()),
            lang,
            names: Vec::new(),
            blank: Vec::new(),
            best: None,
            failure: None,
        }
    }

    /// Says that there is a sheet of that name, and whether it is to be read.
    pub(super) fn wants(&mut self, name: &str) -> bool {
        self.names.push(name.to_owned());
        let last = self.names.len() - 1;
        let named = self
            .wanted
            .is_none_or(|wanted| is_named(wanted, &self.names, last));
        named && !self.is_settled()
    }

    /// Takes what the sheet last named holds, or the whole of a file that has no sheets.
    pub(super) fn offer(&mut self, found: Result<Option<SheetFound>, SheetError>) {
        let found = match found {
            Ok(Some(found)) => found,
            Ok(None) => {
                self.blank.extend(self.names.len().checked_sub(1));
                return;
            }
            Err(error) => {
                self.failure.get_or_insert(error);
                return;
            }
        };
        let notes = notes_of(&found, self.lang);
        let Some(mut table) = into_table(found) else {
            return;
        };
        table.notes = notes;
        if let Some(note) = without_our_columns(&mut table) {
            table.notes.push(note.pick(self.lang));
        }
        let strength = strength_of(&table, self.sought);
        if self
            .best
            .as_ref()
            .is_none_or(|best| best.strength < strength)
        {
            self.best = Some(Chosen {
                strength,
                sheet: self.names.len().checked_sub(1),
                table,
            });
        }
    }

    /// Whether no other sheet has to be read.
    pub(super) fn is_settled(&self) -> bool {
        self.best
            .as_ref()
            .is_some_and(|best| best.strength == Strength::List)
    }

    /// The list, with what the person should know of the choice.
    pub(super) fn finish(self) -> Result<Table, SheetError> {
        if let Some(wanted) = self.wanted
            && !(0..self.names.len()).any(|at| is_named(wanted, &self.names, at))
        {
            return Err(SheetError::UnknownSheet {
                wanted: chaski_core::clean(wanted),
                seen: shown(&self.names),
            });
        }
        let Some(Chosen {
            strength,
            sheet,
            mut table,
        }) = self.best
        else {
            return Err(self.failure.unwrap_or(SheetError::EmptySheet));
        };
        // What cannot be read may be the list.
        if let (Strength::Nothing, Some(failure)) = (strength, self.failure) {
            return Err(failure);
        }
        if let Some(sheet) = sheet {
            table.sheet = sheet;
            let name = &self.names[sheet];
            let others = self.names.iter().enumerate();
            let others = others.filter(|(at, _)| *at != sheet && !self.blank.contains(at));
            let others: Vec<String> = others.map(|(_, name)| name.clone()).collect();
            if !others.is_empty() {
                let others = shown(&others);
                let note = text!(
                    "Se leyó la hoja «{name}». No se leyó: {others}. Para leer otra: --hoja NOMBRE",
                    "Read the sheet «{name}». Not read: {others}. To read another one: --hoja NAME"
                );
                table.notes.insert(0, note.pick(self.lang));
            }
        }
        Ok(table)
    }
}

/// How surely a sheet is a list of what is sought.
fn strength_of(table: &Table, sought: Sought) -> Strength {
    let is_list = |found: Result<(), ColumnError>| match found {
        Ok(()) => Strength::List,
        Err(ColumnError::Ambiguous { .. }) => Strength::Titled,
        Err(_) => Strength::Nothing,
    };
    match sought {
        Sought::Rucs => strength_of_rucs(table),
        Sought::Days => is_list(find_days(table, None).map(drop)),
        Sought::Part(_) => is_list(find_vouchers(table, None).map(drop)),
    }
}

/// Whether a sheet is the one that a person names, by its name or its number from 1.
fn is_named(wanted: &str, names: &[String], at: usize) -> bool {
    fold(wanted) == fold(&names[at]) || wanted.parse() == Ok(at + 1)
}

/// The names as one text; of very many, the first.
fn shown(names: &[String]) -> String {
    let quoted = names
        .iter()
        .take(NAMES_SHOWN)
        .map(|name| format!("«{}»", chaski_core::clean(name)));
    let mut text = quoted.collect::<Vec<_>>().join(", ");
    if names.len() > NAMES_SHOWN {
        text.push_str(", …");
    }
    text
}

/// What the person should know of how a sheet was read.
fn notes_of(found: &SheetFound, lang: Lang) -> Vec<String> {
    let mut notes = Vec::new();
    let (dropped, unsaved) = (found.dropped, found.unsaved);
    if dropped > 0 {
        notes.push(match lang {
            Lang::Es if dropped == 1 => "se quitó 1 carácter de control invisible".to_owned(),
            Lang::Es => format!("se quitaron {dropped} caracteres de control invisibles"),
            Lang::En => counted(
                dropped,
                "invisible control character was left out",
                "invisible control characters were left out",
            ),
        });
    }
    if unsaved > 0 {
        let (celdas, cells) = (
            counted(
                unsaved,
                "celda tiene una fórmula",
                "celdas tienen una fórmula",
            ),
            counted(unsaved, "cell has a formula", "cells have a formula"),
        );
        let note = text!(
            "{celdas} sin valor guardado (salen como #SIN_VALOR): abra el archivo en Excel, guárdelo y repita",
            "{cells} without a saved value (shown as #SIN_VALOR): open the file in Excel, save it and repeat"
        );
        notes.push(note.pick(lang));
    }
    if let SourceKind::Csv {
        encoding: Encoding::Windows1252,
        ..
    } = found.source
    {
        let note = text!(
            "el CSV se leyó como Windows-1252 (ANSI)",
            "the CSV was read as Windows-1252 (ANSI)"
        );
        notes.push(note.pick(lang));
    }
    notes
}
