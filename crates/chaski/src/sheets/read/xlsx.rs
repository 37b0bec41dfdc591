//! Reads an xlsx cell by cell, in memory bounded by what is kept.
//!
//! Written on the XML reader rather than on calamine, whose streaming reader was the first
//! choice: calamine 0.38 reserves as many shared strings as `uniqueCount` declares (a file of
//! 1 KB aborts the process), builds a full style for every `xf`, appends inline strings without
//! a ceiling and overflows on odd references; an inspection strict enough to make that safe
//! would have to parse the parts as this does. The tests keep calamine as the second opinion.

use std::io::{BufRead, Read, Seek};

use quick_xml::events::{BytesStart, Event};

use super::grid::Grid;
use super::package::{Package, XmlPart, attribute, push_reference};
use super::strings::{SharedStrings, trim_since, unescape_controls};
use super::workbook::{SheetEntry, Workbook, open_workbook};
use crate::sheets::book::{RawSheet, SheetBook, SheetLooks, WantedSheets};
use crate::sheets::choice::Choice;
use crate::sheets::found::SheetFound;
use crate::sheets::looks::{JoinedCells, ListLooks};
use crate::sheets::table::{Cell, SourceKind, column_index};
use crate::sheets::{Limits, SheetError};

/// The list of a book: each sheet is offered, visible ones first, until one is surely it.
pub(super) fn read_xlsx<R: Read + Seek>(
    package: &mut Package<'_, R>,
    choice: &mut Choice<'_>,
) -> Result<(), SheetError> {
    let book = open_workbook(package)?;
    for sheet in &book.sheets {
        if choice.wants(&sheet.name) {
            choice.offer(read_list(package, &book, sheet));
        }
    }
    Ok(())
}

/// What a sheet holds; none if nothing.
fn read_list<R: Read + Seek>(
    package: &mut Package<'_, R>,
    book: &Workbook,
    sheet: &SheetEntry,
) -> Result<Option<SheetFound>, SheetError> {
    let (mut grid, mut looks) = (Grid::new(package.limits), ListLooks::default());
    let mut part = package
        .part(&sheet.part)?
        .ok_or_else(|| super::package::corrupt(&sheet.part))?;
    read_cells(&mut part, book, &mut grid, &mut Looks::Columns(&mut looks))?;
    read_joined(&mut part, &mut looks)?;
    let sheet = sheet.name.clone();
    let found = grid.found(SourceKind::Xlsx { sheet })?;
    Ok(found.map(|found| SheetFound { looks, ..found }))
}

/// The cells that are joined, which come after all cells; only those above a list are of use.
fn read_joined<B: BufRead>(
    part: &mut XmlPart<'_, B>,
    looks: &mut ListLooks,
) -> Result<(), SheetError> {
    loop {
        match part.next_event()? {
            Event::Start(element) if element.local_name().as_ref() == "mergeCell" => {
                if let Some(joined) = attribute(&element, "ref").and_then(|it| joined(&it)) {
                    looks.join_above(joined);
                }
            }
            Event::End(element) if element.local_name().as_ref() == "mergeCells" => return Ok(()),
            Event::Eof => return Ok(()),
            _ => {}
        }
    }
}

/// The cells of a reference such as `F6:H6`.
fn joined(reference: &str) -> Option<JoinedCells> {
    let (first, last) = reference.split_once(':')?;
    let ((first_row, first_column), (last_row, last_column)) = (place(first)?, place(last)?);
    (first_row <= last_row && first_column <= last_column).then_some(JoinedCells {
        first_row: first_row + 1,
        first_column,
        last_row: last_row + 1,
        last_column,
    })
}

/// Where it is noted how cells look.
enum Looks<'l> {
    /// Cell by cell, colours and all: of a form.
    Cells(&'l mut SheetLooks),
    /// By columns: of a list.
    Columns(&'l mut ListLooks),
}

/// The wanted sheets of a book, with how their cells look.
pub(super) fn read_xlsx_book<R: Read + Seek>(
    package: &mut Package<'_, R>,
    wanted: &WantedSheets<'_>,
) -> Result<SheetBook, SheetError> {
    let mut book = open_workbook(package)?;
    let names: Vec<String> = book.sheets.iter().map(|it| it.name.clone()).collect();
    let asked_for = names.iter().position(|it| wanted.is_main(it));
    let unnamed = (0..names.len()).filter(|index| wanted.may_be_main(&names[*index]));
    let mut main = None;
    for index in asked_for.into_iter().chain(unnamed) {
        let sheet = read_sheet(package, &book, index)?;
        if !sheet.rows.is_empty() {
            main = Some((index, sheet));
            break;
        }
    }
    let (main_index, mut main) = main.ok_or(SheetError::EmptySheet)?;
    let beside_index = names.iter().position(|name| wanted.is_beside(name));
    let mut beside = match beside_index {
        Some(index) => Some(read_sheet(package, &book, index)?),
        None => None,
    };
    let looks = std::mem::take(&mut book.styles.looks);
    if let Some(beside) = &mut beside {
        beside.looks.set_styles(looks.clone());
    }
    main.looks.set_styles(looks);
    let others = names.into_iter().enumerate();
    let others = others.filter(|(index, _)| *index != main_index && Some(*index) != beside_index);
    let others = others.map(|(_, name)| name).collect();
    Ok(SheetBook {
        source: SourceKind::Xlsx {
            sheet: main.name.clone(),
        },
        main,
        beside,
        others,
    })
}

/// One sheet of cells as it stands.
fn read_sheet<R: Read + Seek>(
    package: &mut Package<'_, R>,
    book: &Workbook,
    index: usize,
) -> Result<RawSheet, SheetError> {
    let entry = &book.sheets[index];
    let limits = package.limits;
    let mut part = package
        .part(&entry.part)?
        .ok_or_else(|| super::package::corrupt(&entry.part))?;
    let (mut grid, mut looks) = (Grid::new(limits), SheetLooks::default());
    read_cells(&mut part, book, &mut grid, &mut Looks::Cells(&mut looks))?;
    looks.finish();
    Ok(RawSheet {
        name: entry.name.clone(),
        rows: grid.into_rows()?,
        looks,
    })
}

/// Notes the width of the columns that a `col` element is about.
fn note_width(element: &BytesStart<'_>, looks: &mut Looks<'_>, limits: &Limits) {
    let number = |name| attribute(element, name).and_then(|it| it.parse::<usize>().ok());
    let width = attribute(element, "width").and_then(|it| it.parse::<f64>().ok());
    let is_hidden = attribute(element, "hidden").is_some_and(|it| it == "1" || it == "true");
    let (Some(first), Some(last)) = (number("min"), number("max")) else {
        return;
    };
    // Excel itself stops at 255.
    let width = width.filter(|width| (0.5..=255.0).contains(width));
    for column in first.max(1)..=last.min(limits.columns) {
        match (&mut *looks, width) {
            (Looks::Columns(looks), _) if is_hidden => looks.hide(column - 1),
            (Looks::Columns(looks), Some(width)) => looks.set_width(column - 1, width),
            // In a form what nobody sees stays without a width of its own.
            (Looks::Cells(looks), Some(width)) if !is_hidden => looks.set_width(column - 1, width),
            _ => {}
        }
    }
}

/// What the attributes of a `c` element say.
struct CellHead {
    row: u32,
    column: usize,
    style: usize,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Number,
    Shared,
    Text,
    Bool,
    Error,
    Date,
}

fn read_cells<B: BufRead>(
    part: &mut XmlPart<'_, B>,
    book: &Workbook,
    grid: &mut Grid<'_>,
    looks: &mut Looks<'_>,
) -> Result<(), SheetError> {
    let (mut next_row, mut next_column) = (0, 0);
    let mut text = String::new();
    loop {
        let head = match part.next_event()? {
            Event::Start(element) => match element.local_name().as_ref() {
                "row" => {
                    if let Some(number) = attribute(&element, "r") {
                        let number: u32 = number.parse().ok().filter(|n| *n > 0).unwrap_or(0);
                        next_row = number.checked_sub(1).ok_or_else(|| part.corrupt())?;
                    }
                    next_column = 0;
                    continue;
                }
                "c" => cell_head(&element, next_row, next_column),
                "col" => {
                    note_width(&element, looks, grid.limits);
                    continue;
                }
                _ => continue,
            },
            Event::End(element) => match element.local_name().as_ref() {
                "row" => {
                    next_row = next_row.saturating_add(1);
                    continue;
                }
                "sheetData" => return Ok(()),
                _ => continue,
            },
            Event::Eof => return Ok(()),
            _ => continue,
        };
        let head = head.ok_or_else(|| part.corrupt())?;
        let has_formula = read_value(part, &head, &mut text)?;
        next_column = head.column + 1;
        let mut cell = cell_of(&head, &text, book, grid).ok_or_else(|| part.corrupt())?;
        if has_formula && lacks_value(&head, &text, book) {
            cell = Cell::unsaved();
        }
        let is_filled = cell != Cell::Empty;
        if is_filled {
            part.gave_value(true);
            grid.put(head.row, head.column, cell)?;
        }
        match looks {
            Looks::Cells(looks)
                if is_filled || looks.shows_empty(head.row + 1, head.style, &book.styles.looks) =>
            {
                looks.note(head.row + 1, head.column, head.style);
            }
            Looks::Columns(looks) if is_filled => {
                if let Some(look) = book.styles.looks.get(head.style) {
                    looks.note(head.row + 1, head.column, &look.number);
                }
            }
            _ => {}
        }
    }
}

/// Whether the program that wrote a formula did not save what it gives: nothing at all, or a zero in
/// a book that says of itself that it is to be worked out when it is opened.
fn lacks_value(head: &CellHead, text: &str, book: &Workbook) -> bool {
    let text = text.trim();
    head.kind == Kind::Number && (text.is_empty() || (text == "0" && book.to_be_worked_out))
}

/// Reads to the end of the cell and leaves in `text` what its `v` or `is` holds. A formula is
/// skipped: what it gave is in `v`. Whether there is one is given.
fn read_value<B: BufRead>(
    part: &mut XmlPart<'_, B>,
    head: &CellHead,
    text: &mut String,
) -> Result<bool, SheetError> {
    text.clear();
    let mut has_formula = false;
    let mut rich = RichText::default();
    let limits = part.limits;
    // An entity of up to ten characters may stand for each character.
    let ceiling = limits.cell_chars * 4 + 16;
    loop {
        let event = part.next_event()?;
        match &event {
            Event::Start(element) => match element.local_name().as_ref() {
                "v" => rich.inside = true,
                "f" => has_formula = true,
                _ => {}
            },
            Event::End(element) => match element.local_name().as_ref() {
                "v" => rich.inside = false,
                "c" => return Ok(has_formula),
                _ => {}
            },
            Event::Eof => return Err(part.corrupt()),
            _ => {}
        }
        rich.take(&event, text);
        if text.len() > ceiling {
            return Err(limits.too_long(head.row, head.column));
        }
    }
}

/// Where in a text with formats the reader is: it is what the `t` hold, without how it is read
/// aloud (`rPh`).
#[derive(Default)]
struct RichText {
    inside: bool,
    phonetic: bool,
    preserve: bool,
    start: usize,
}

impl RichText {
    /// Appends what the next event says.
    fn take(&mut self, event: &Event<'_>, text: &mut String) {
        match event {
            Event::Start(element) => match element.local_name().as_ref() {
                "t" => {
                    self.inside = true;
                    self.start = text.len();
                    self.preserve = attribute(element, "space").as_deref() == Some("preserve");
                }
                "rPh" => self.phonetic = true,
                _ => {}
            },
            Event::End(element) => match element.local_name().as_ref() {
                "t" => {
                    self.inside = false;
                    if !self.preserve {
                        trim_since(text, self.start);
                    }
                }
                "rPh" => self.phonetic = false,
                _ => {}
            },
            _ if !self.inside || self.phonetic => {}
            Event::Text(piece) => text.push_str(&piece.xml10_content()),
            Event::CData(piece) => text.push_str(&piece.xml10_content()),
            Event::GeneralRef(name) => push_reference(text, name),
            _ => {}
        }
    }
}

/// None if the text does not fit the kind that the cell declares.
fn cell_of(head: &CellHead, text: &str, book: &Workbook, grid: &mut Grid<'_>) -> Option<Cell> {
    let trimmed = text.trim();
    match head.kind {
        Kind::Text => Some(grid.text(&unescape_controls(text))),
        _ if trimmed.is_empty() => Some(Cell::Empty),
        Kind::Shared => {
            let text = book.strings.get(trimmed.parse().ok()?)?;
            Some(grid.text(text))
        }
        Kind::Bool => Some(Cell::Bool(matches!(trimmed, "1" | "true" | "TRUE"))),
        Kind::Error => Some(Cell::Error(trimmed.into())),
        Kind::Date => Some(Cell::Date(super::dates::from_iso(trimmed))),
        Kind::Number => {
            let Ok(number) = trimmed.parse::<f64>() else {
                return Some(grid.text(trimmed));
            };
            let date = book.styles.is_date(head.style);
            let date = date.then(|| super::dates::from_serial(number, book.since_1904));
            Some(date.flatten().map_or(Cell::Number(number), Cell::Date))
        }
    }
}

fn cell_head(element: &BytesStart<'_>, row: u32, column: usize) -> Option<CellHead> {
    let mut head = CellHead {
        row,
        column,
        style: 0,
        kind: Kind::Number,
    };
    for attribute in element.attributes().with_checks(false) {
        let attribute = attribute.ok()?;
        let value = attribute.value.as_ref();
        match attribute.key.as_ref() {
            "r" => (head.row, head.column) = place(value)?,
            "s" => head.style = value.parse().unwrap_or(0),
            "t" => {
                head.kind = match value {
                    "n" => Kind::Number,
                    "s" => Kind::Shared,
                    "str" | "inlineStr" => Kind::Text,
                    "b" => Kind::Bool,
                    "e" => Kind::Error,
                    "d" => Kind::Date,
                    _ => return None,
                }
            }
            _ => {}
        }
    }
    Some(head)
}

/// Row and column from 0 of a reference such as `C7`.
fn place(reference: &str) -> Option<(u32, usize)> {
    let digits = reference.find(|c: char| c.is_ascii_digit())?;
    let (letters, number) = reference.split_at(digits);
    let row: u32 = number.parse().ok()?;
    Some((row.checked_sub(1)?, column_index(letters)?))
}

impl SharedStrings {
    /// Reads the part of shared strings; a book may have none.
    pub(super) fn read<R: Read + Seek>(
        package: &mut Package<'_, R>,
        name: &str,
    ) -> Result<SharedStrings, SheetError> {
        let mut strings = SharedStrings::default();
        let Some(mut part) = package.part(name)? else {
            return Ok(strings);
        };
        let (mut rich, limits) = (RichText::default(), part.limits);
        loop {
            let event = part.next_event()?;
            rich.take(&event, strings.pending());
            match &event {
                Event::End(element) => match element.local_name().as_ref() {
                    "si" => {
                        let has_text = strings.finish(limits)?;
                        part.gave_value(has_text);
                    }
                    "sst" => return Ok(strings),
                    _ => {}
                },
                Event::Eof => return Err(part.corrupt()),
                _ => {}
            }
            strings.refuse_excess(limits)?;
        }
    }
}
