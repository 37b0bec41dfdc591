//! Reads an ods cell by cell.
//!
//! calamine 0.38 expands `number-rows-repeated` of filled rows up to its own ceiling of cells
//! (several GB) before it gives back the first one, so the ods is read here too. Repeated blanks
//! cost nothing; repeated values are expanded only within the ceilings.

use std::io::{BufRead, Read, Seek};

use quick_xml::events::{BytesStart, Event};

use super::dates::{from_duration, from_iso};
use super::grid::Grid;
use super::package::{Package, XmlPart, attribute, push_reference};
use crate::sheets::book::{RawSheet, SheetBook, WantedSheets};
use crate::sheets::choice::Choice;
use crate::sheets::table::{Cell, SourceKind};
use crate::sheets::{Excess, SheetError};

/// The list of a book: each table is offered until one is surely it.
pub(super) fn read_ods<R: Read + Seek>(
    package: &mut Package<'_, R>,
    choice: &mut Choice<'_>,
) -> Result<(), SheetError> {
    let limits = package.limits;
    refuse_encrypted(package)?;
    let mut part = package
        .part("content.xml")?
        .ok_or_else(|| super::package::corrupt("content.xml"))?;
    let mut tables = 0;
    loop {
        let name = match part.next_event()? {
            Event::Start(element) if element.local_name().as_ref() == "table" => {
                attribute(&element, "name").unwrap_or_default()
            }
            Event::Eof if tables == 0 => return Err(SheetError::NoSheets),
            Event::Eof => return Ok(()),
            _ => continue,
        };
        tables += 1;
        if tables > limits.parts {
            return Err(part.corrupt());
        }
        if choice.wants(&name) {
            let mut grid = Grid::new(limits);
            read_table(&mut part, &mut grid)?;
            choice.offer(grid.found(SourceKind::Ods { sheet: name }));
        }
    }
}

/// The wanted tables of a book. How its cells look is not read: dates are dates all the same.
pub(super) fn read_ods_book<R: Read + Seek>(
    package: &mut Package<'_, R>,
    wanted: &WantedSheets<'_>,
) -> Result<SheetBook, SheetError> {
    refuse_encrypted(package)?;
    let limits = package.limits;
    let mut part = package
        .part("content.xml")?
        .ok_or_else(|| super::package::corrupt("content.xml"))?;
    let (mut named, mut first, mut beside) = (None, None::<RawSheet>, None);
    let mut others = Vec::new();
    loop {
        let name = match part.next_event()? {
            Event::Start(element) if element.local_name().as_ref() == "table" => {
                attribute(&element, "name").unwrap_or_default()
            }
            Event::Eof => break,
            _ => continue,
        };
        let place = if wanted.is_beside(&name) && beside.is_none() {
            &mut beside
        } else if wanted.is_main(&name) && named.is_none() {
            &mut named
        } else if wanted.may_be_main(&name) && first.is_none() && named.is_none() {
            &mut first
        } else {
            others.push(name);
            if others.len() > limits.parts {
                return Err(part.corrupt());
            }
            continue;
        };
        let mut grid = Grid::new(limits);
        read_table(&mut part, &mut grid)?;
        let rows = grid.into_rows()?;
        if !rows.is_empty() {
            *place = Some(RawSheet {
                name,
                rows,
                ..RawSheet::default()
            });
        }
    }
    if named.is_some() {
        others.extend(first.take().map(|it| it.name));
    }
    let main = named.or(first).ok_or(SheetError::EmptySheet)?;
    Ok(SheetBook {
        source: SourceKind::Ods {
            sheet: main.name.clone(),
        },
        main,
        beside,
        others,
    })
}

/// The manifest names how each encrypted part was encrypted.
fn refuse_encrypted<R: Read + Seek>(package: &mut Package<'_, R>) -> Result<(), SheetError> {
    let Some(mut part) = package.part("META-INF/manifest.xml")? else {
        return Ok(());
    };
    loop {
        match part.next_event()? {
            Event::Start(element) if element.local_name().as_ref() == "encryption-data" => {
                return Err(SheetError::Encrypted);
            }
            Event::Eof => return Ok(()),
            _ => {}
        }
    }
}

/// Reads to the end of a table.
fn read_table<B: BufRead>(
    part: &mut XmlPart<'_, B>,
    grid: &mut Grid<'_>,
) -> Result<(), SheetError> {
    let mut row: u32 = 0;
    let mut nested = 0_usize;
    loop {
        match part.next_event()? {
            Event::Start(element) => match element.local_name().as_ref() {
                "table-row" => {
                    let repeated =
                        repeats(&element, "number-rows-repeated").ok_or_else(|| part.corrupt())?;
                    let cells = read_row(part, row, grid)?;
                    put_row(&cells, row, repeated, grid)?;
                    row = row.saturating_add(repeated);
                }
                // A table inside a cell or a drawing is no part of the list.
                "table" => nested += 1,
                _ => {}
            },
            Event::End(element) if element.local_name().as_ref() == "table" => {
                if nested == 0 {
                    return Ok(());
                }
                nested -= 1;
            }
            Event::Eof => return Err(part.corrupt()),
            _ => {}
        }
    }
}

/// A filled cell, its column and how often it is repeated.
struct Filled {
    column: usize,
    repeated: u32,
    cell: Cell,
}

/// Reads to the end of a row.
fn read_row<B: BufRead>(
    part: &mut XmlPart<'_, B>,
    row: u32,
    grid: &mut Grid<'_>,
) -> Result<Vec<Filled>, SheetError> {
    let mut cells = Vec::new();
    let mut column: usize = 0;
    loop {
        let (head, repeated) = match part.next_event()? {
            Event::Start(element) => match element.local_name().as_ref() {
                "table-cell" | "covered-table-cell" => (
                    CellHead::of(&element),
                    repeats(&element, "number-columns-repeated").ok_or_else(|| part.corrupt())?,
                ),
                _ => continue,
            },
            Event::End(element) if element.local_name().as_ref() == "table-row" => {
                return Ok(cells);
            }
            Event::Eof => return Err(part.corrupt()),
            _ => continue,
        };
        let text = read_text(part, row, column)?;
        let cell = head.cell(&text, grid);
        if cell != Cell::Empty {
            part.gave_value(true);
            if column >= grid.limits.columns {
                return Err(grid.limits.too_wide(row, column));
            }
            cells.push(Filled {
                column,
                repeated,
                cell,
            });
        }
        column = column.saturating_add(repeated as usize);
    }
}

/// Puts a row as often as it is repeated.
fn put_row(
    cells: &[Filled],
    row: u32,
    repeated: u32,
    grid: &mut Grid<'_>,
) -> Result<(), SheetError> {
    if cells.is_empty() {
        return Ok(());
    }
    if repeated as usize > grid.limits.rows {
        return Err(grid.limits.beyond(Excess::Rows));
    }
    for copy in 0..repeated {
        let row = row.saturating_add(copy);
        for filled in cells {
            for offset in 0..filled.repeated as usize {
                grid.put(row, filled.column + offset, filled.cell.clone())?;
            }
        }
    }
    Ok(())
}

/// What the attributes of a cell say; its text comes from inside it.
struct CellHead {
    kind: String,
    value: Option<String>,
    has_formula: bool,
}

impl CellHead {
    fn of(element: &BytesStart<'_>) -> CellHead {
        let kind = attribute(element, "value-type").unwrap_or_default();
        let value = match kind.as_str() {
            "float" | "currency" | "percentage" => attribute(element, "value"),
            "date" => attribute(element, "date-value"),
            "time" => attribute(element, "time-value"),
            "boolean" => attribute(element, "boolean-value"),
            _ => attribute(element, "string-value"),
        };
        CellHead {
            kind,
            value,
            has_formula: attribute(element, "formula").is_some(),
        }
    }

    fn cell(&self, text: &str, grid: &mut Grid<'_>) -> Cell {
        match (self.kind.as_str(), self.value.as_deref()) {
            ("float" | "currency" | "percentage", Some(value)) => {
                value.parse().map_or_else(|_| grid.text(text), Cell::Number)
            }
            ("date", Some(value)) => Cell::Date(from_iso(value)),
            ("time", Some(value)) => Cell::Date(from_duration(value)),
            ("boolean", Some(value)) => Cell::Bool(value == "true"),
            ("", None) if self.has_formula && text.is_empty() => Cell::unsaved(),
            ("string", _) if text.starts_with('#') && text.ends_with('!') => {
                Cell::Error(text.into())
            }
            (_, Some(value)) => grid.text(value),
            (_, None) => grid.text(text),
        }
    }
}

/// Reads to the end of a cell and gives its paragraphs; comments and drawings are left out.
fn read_text<B: BufRead>(
    part: &mut XmlPart<'_, B>,
    row: u32,
    column: usize,
) -> Result<String, SheetError> {
    let limits = part.limits;
    let mut text = String::new();
    let (mut paragraphs, mut inside, mut aside, mut nested) = (0, false, 0_usize, 0_usize);
    loop {
        match part.next_event()? {
            Event::Start(element) => match element.local_name().as_ref() {
                "annotation" | "frame" | "custom-shape" => aside += 1,
                "table-cell" | "covered-table-cell" => nested += 1,
                _ if aside > 0 => {}
                "p" => {
                    if paragraphs > 0 {
                        text.push('\n');
                    }
                    paragraphs += 1;
                    inside = true;
                }
                "s" => {
                    let blanks = attribute(&element, "c").and_then(|count| count.parse().ok());
                    let blanks = blanks.unwrap_or(1).min(limits.cell_chars);
                    text.extend(std::iter::repeat_n(' ', blanks));
                }
                "tab" => text.push('\t'),
                "line-break" => text.push('\n'),
                _ => {}
            },
            Event::End(element) => match element.local_name().as_ref() {
                "annotation" | "frame" | "custom-shape" => aside = aside.saturating_sub(1),
                "table-cell" | "covered-table-cell" if nested == 0 => return Ok(text),
                "table-cell" | "covered-table-cell" => nested -= 1,
                "p" => inside = false,
                _ => {}
            },
            Event::Text(piece) if inside && aside == 0 => text.push_str(&piece.xml10_content()),
            Event::GeneralRef(name) if inside && aside == 0 => push_reference(&mut text, &name),
            Event::Eof => return Err(part.corrupt()),
            _ => {}
        }
        if text.len() > limits.cell_chars * 4 + 16 {
            return Err(limits.too_long(row, column));
        }
    }
}

/// How often an element is repeated; none if that is no number. One beyond every ceiling is no
/// smaller for not fitting here.
fn repeats(element: &BytesStart<'_>, name: &str) -> Option<u32> {
    let Some(count) = attribute(element, name) else {
        return Some(1);
    };
    let count = count.trim();
    let digits = !count.is_empty() && count.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| count.parse().unwrap_or(u32::MAX).max(1))
}
