//! The parts of an xlsx around its sheets: which sheets there are, their texts and which styles
//! show a date.

use std::collections::HashMap;
use std::io::{Read, Seek};

use quick_xml::events::{BytesStart, Event};

use super::package::{LIST_LIMIT, Package, attribute, corrupt};
use super::palette::Palette;
use super::strings::SharedStrings;
use super::styles::{Styles, read_styles};
use crate::sheets::SheetError;

/// What is needed of a workbook to read its sheets.
#[derive(Default)]
pub(super) struct Workbook {
    /// Sheets of cells, visible ones first.
    pub(super) sheets: Vec<SheetEntry>,
    pub(super) strings: SharedStrings,
    /// How the cells are shown.
    pub(super) styles: Styles,
    /// Whether days are counted from 1904, as Excel for Mac once did.
    pub(super) since_1904: bool,
    /// Whether formulas are to be worked out when it is opened: what is saved of them may say nothing.
    pub(super) to_be_worked_out: bool,
}

/// A sheet of cells of the book.
pub(super) struct SheetEntry {
    pub(super) name: String,
    /// Name of its part in the archive.
    pub(super) part: String,
    hidden: bool,
}

pub(super) fn open_workbook<R: Read + Seek>(
    package: &mut Package<'_, R>,
) -> Result<Workbook, SheetError> {
    let book_part = relations(package, "", "_rels/.rels")?
        .into_values()
        .find(|relation| relation.kind == "officeDocument")
        .map_or_else(|| "xl/workbook.xml".to_owned(), |relation| relation.part);
    if book_part.to_ascii_lowercase().ends_with(".bin") {
        return Err(SheetError::BinaryExcel);
    }
    let (folder, file) = book_part.rsplit_once('/').unwrap_or(("", &book_part));
    let related = relations(
        package,
        folder,
        &join(folder, &format!("_rels/{file}.rels")),
    )?;
    let part_of = |kind: &str| {
        let relation = related.values().find(|relation| relation.kind == kind);
        relation.map(|relation| relation.part.clone())
    };
    let strings_part =
        part_of("sharedStrings").unwrap_or_else(|| join(folder, "sharedStrings.xml"));
    let styles_part = part_of("styles").unwrap_or_else(|| join(folder, "styles.xml"));
    let palette = Palette::read(package, part_of("theme").as_deref());
    let mut book = list_sheets(package, &book_part, &related)?;
    if book.sheets.is_empty() {
        return Err(SheetError::NoSheets);
    }
    book.sheets.sort_by_key(|sheet| sheet.hidden);
    Ok(Workbook {
        strings: SharedStrings::read(package, &strings_part)?,
        styles: read_styles(package, &styles_part, &palette)?,
        ..book
    })
}

/// What a part points to inside the archive.
struct Relation {
    /// The last step of its type: `worksheet`, `styles`.
    kind: String,
    part: String,
}

/// The relations of a part by their id. Those that point outside the book are left out: nothing
/// outside is ever opened.
fn relations<R: Read + Seek>(
    package: &mut Package<'_, R>,
    folder: &str,
    name: &str,
) -> Result<HashMap<String, Relation>, SheetError> {
    let mut found = HashMap::new();
    let Some(mut part) = package.part(name)? else {
        return Ok(found);
    };
    loop {
        match part.next_event()? {
            Event::Start(element) if element.local_name().as_ref() == "Relationship" => {
                let external = attribute(&element, "TargetMode").as_deref() == Some("External");
                let (Some(id), Some(kind), Some(target)) = (
                    attribute(&element, "Id"),
                    attribute(&element, "Type"),
                    attribute(&element, "Target"),
                ) else {
                    continue;
                };
                if !external {
                    let kind = kind.rsplit('/').next().unwrap_or_default().to_owned();
                    let part = join(folder, &target);
                    found.insert(id, Relation { kind, part });
                }
            }
            Event::Eof => return Ok(found),
            _ => {}
        }
        if found.len() > LIST_LIMIT {
            return Err(corrupt(name));
        }
    }
}

/// The name in the archive of a target as seen from a folder: `/xl/a.xml`, `../a.xml`, `a.xml`.
fn join(folder: &str, target: &str) -> String {
    let target = target.replace('\\', "/");
    if let Some(absolute) = target.strip_prefix('/') {
        return absolute.to_owned();
    }
    let mut steps: Vec<&str> = folder.split('/').filter(|step| !step.is_empty()).collect();
    for step in target.split('/') {
        match step {
            "" | "." => {}
            ".." => drop(steps.pop()),
            step => steps.push(step),
        }
    }
    steps.join("/")
}

/// What the main part says: the sheets of cells, how days are counted, whether formulas have values.
fn list_sheets<R: Read + Seek>(
    package: &mut Package<'_, R>,
    name: &str,
    related: &HashMap<String, Relation>,
) -> Result<Workbook, SheetError> {
    let mut part = package.part(name)?.ok_or_else(|| corrupt(name))?;
    let mut book = Workbook::default();
    loop {
        match part.next_event()? {
            Event::Start(element) => match element.local_name().as_ref() {
                "workbookPr" => {
                    book.since_1904 |= is_on(&element, "date1904");
                }
                "calcPr" => book.to_be_worked_out |= is_on(&element, "fullCalcOnLoad"),
                "sheet" => {
                    let id = attribute(&element, "id").unwrap_or_default();
                    let relation = related.get(&id).ok_or_else(|| corrupt(name))?;
                    if relation.kind == "worksheet" {
                        book.sheets.push(SheetEntry {
                            name: attribute(&element, "name").unwrap_or_default(),
                            part: relation.part.clone(),
                            hidden: attribute(&element, "state").is_some_and(|s| s != "visible"),
                        });
                    }
                }
                _ => {}
            },
            Event::Eof => return Ok(book),
            _ => {}
        }
        if book.sheets.len() > LIST_LIMIT {
            return Err(corrupt(name));
        }
    }
}

fn is_on(element: &BytesStart<'_>, name: &str) -> bool {
    attribute(element, name).is_some_and(|it| matches!(it.as_str(), "1" | "true"))
}
