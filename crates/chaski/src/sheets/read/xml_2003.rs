//! Reads the XML that Excel 2003 and many programs write under the name of a workbook.

use std::cell::Cell as Counter;
use std::io::BufRead;

use quick_xml::events::{BytesStart, Event};

use super::dates::from_iso;
use super::grid::Grid;
use super::package::{XmlPart, attribute, push_reference};
use crate::sheets::choice::Choice;
use crate::sheets::found::SheetFound;
use crate::sheets::looks::{JoinedCells, ListLooks};
use crate::sheets::table::{Cell, SourceKind};
use crate::sheets::{Limits, SheetError};

/// Offers each sheet until one is surely the list; how many there are.
pub(super) fn read_xml<B: BufRead>(
    source: B,
    limits: &Limits,
    choice: &mut Choice<'_>,
) -> Result<usize, SheetError> {
    let unpacked = Counter::new(0);
    let mut part = XmlPart::new(source, &unpacked, limits, "xml");
    let mut sheets = 0;
    loop {
        let name = match part.next_event()? {
            Event::Start(element) if element.local_name().as_ref() == "Worksheet" => {
                attribute(&element, "Name").unwrap_or_default()
            }
            Event::Eof => return Ok(sheets),
            _ => continue,
        };
        sheets += 1;
        if sheets > limits.parts {
            return Err(part.corrupt());
        }
        if choice.wants(&name) {
            let (mut grid, mut looks) = (Grid::new(limits), ListLooks::default());
            read_sheet(&mut part, &mut grid, &mut looks)?;
            let found = grid.found(SourceKind::Page { sheet: name })?;
            choice.offer(Ok(found.map(|found| SheetFound { looks, ..found })));
        }
    }
}

/// Reads to the end of a sheet.
fn read_sheet<B: BufRead>(
    part: &mut XmlPart<'_, B>,
    grid: &mut Grid<'_>,
    looks: &mut ListLooks,
) -> Result<(), SheetError> {
    let (mut row, mut column, mut at_width) = (0_u32, 0_usize, 0_usize);
    loop {
        let element = match part.next_event()? {
            Event::Start(element) => match element.local_name().as_ref() {
                "Column" => {
                    at_width = place(&element, "Index").unwrap_or(at_width);
                    if attribute(&element, "Hidden").as_deref() == Some("1") {
                        looks.hide(at_width);
                    }
                    at_width += 1;
                    continue;
                }
                "Row" => {
                    if let Some(index) = place(&element, "Index") {
                        row = u32::try_from(index).map_err(|_| part.corrupt())?;
                    }
                    column = 0;
                    continue;
                }
                "Cell" => element.into_owned(),
                _ => continue,
            },
            Event::End(element) => match element.local_name().as_ref() {
                "Row" => {
                    row = row.saturating_add(1);
                    continue;
                }
                "Worksheet" => return Ok(()),
                _ => continue,
            },
            Event::Eof => return Err(part.corrupt()),
            _ => continue,
        };
        column = place(&element, "Index").unwrap_or(column);
        let count = |name| attribute(&element, name).and_then(|it| it.parse::<u32>().ok());
        let (across, down) = (
            count("MergeAcross").unwrap_or(0),
            count("MergeDown").unwrap_or(0),
        );
        let cell = read_cell(part, grid, (row, column))?;
        let cell = match cell {
            Cell::Empty if attribute(&element, "Formula").is_some() => Cell::unsaved(),
            cell => cell,
        };
        if cell != Cell::Empty {
            part.gave_value(true);
            grid.put(row, column, cell)?;
        }
        let last_column = column.saturating_add(across as usize);
        if across > 0 || down > 0 {
            looks.join_above(JoinedCells {
                first_row: row.saturating_add(1),
                first_column: column,
                last_row: row.saturating_add(1).saturating_add(down),
                last_column,
            });
        }
        column = last_column.saturating_add(1);
    }
}

/// A place from 0 of an attribute that counts from 1.
fn place(element: &BytesStart<'_>, name: &str) -> Option<usize> {
    let index: usize = attribute(element, name)?.parse().ok()?;
    index.checked_sub(1)
}

/// Reads to the end of a cell; a comment in it is left out.
fn read_cell<B: BufRead>(
    part: &mut XmlPart<'_, B>,
    grid: &mut Grid<'_>,
    (row, column): (u32, usize),
) -> Result<Cell, SheetError> {
    let (mut text, mut kind) = (String::new(), String::new());
    let (mut inside, mut aside) = (false, false);
    let limits = part.limits;
    loop {
        match part.next_event()? {
            Event::Start(element) => match element.local_name().as_ref() {
                "Comment" => aside = true,
                "Data" if !aside => {
                    inside = true;
                    kind = attribute(&element, "Type").unwrap_or_default();
                }
                _ => {}
            },
            Event::End(element) => match element.local_name().as_ref() {
                "Comment" => aside = false,
                "Data" => inside = false,
                "Cell" => break,
                _ => {}
            },
            Event::Text(piece) if inside => text.push_str(&piece.xml10_content()),
            Event::CData(piece) if inside => text.push_str(&piece.xml10_content()),
            Event::GeneralRef(name) if inside => push_reference(&mut text, &name),
            Event::Eof => return Err(part.corrupt()),
            _ => {}
        }
        if text.len() > limits.cell_chars * 4 + 16 {
            return Err(limits.too_long(row, column));
        }
    }
    let trimmed = text.trim();
    Ok(match kind.as_str() {
        _ if trimmed.is_empty() => Cell::Empty,
        "Number" => trimmed
            .parse()
            .map_or_else(|_| grid.text(trimmed), Cell::Number),
        "Boolean" => Cell::Bool(trimmed == "1"),
        "DateTime" => Cell::Date(from_iso(trimmed.trim_end_matches(".000"))),
        "Error" => Cell::Error(trimmed.into()),
        _ => grid.text(&text),
    })
}
