//! Rows become documents: those with the same `documento` are one, in any order. What the rows of a
//! document say twice has to be the same; what a cell cannot say has its finding there.

use std::collections::HashMap;

use chaski_core::invoicing::catalogs::currencies::Moneda;
use chaski_core::invoicing::codes::{self, InvoiceCode};
use chaski_core::invoicing::{Findings, InvoiceFinding, JsonObject, JsonValue};
use chaski_core::text;

use super::cells::{CellOutcome, plain, read_cell};
use super::columns::{COLUMNS, CUOTAS, CellKind, ColumnScope, InvoiceColumn};
use super::titles::SheetTitles;
use crate::sheets::{Cell, CellLook, RawSheet, Row, column_letter};

/// Which of the two sheets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SheetSide {
    /// The rows of the documents.
    Main,
    /// Their instalments.
    Beside,
}

/// A cell, or a row where no cell is to blame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SheetSpot {
    /// Which sheet.
    pub side: SheetSide,
    /// Number of the row, as the spreadsheet shows it.
    pub row: u32,
    /// Column from 0.
    pub column: Option<usize>,
}

impl SheetSpot {
    /// The cell as the spreadsheet shows it; `row 7` has only its number.
    pub fn cell(&self) -> Option<String> {
        Some(format!("{}{}", column_letter(self.column?), self.row))
    }
}

/// A finding and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacedFinding {
    /// Where.
    pub spot: SheetSpot,
    /// The document, by its place among all; none of a row that is of none.
    pub document: Option<usize>,
    /// What.
    pub finding: InvoiceFinding,
}

/// A document as its rows say it.
#[derive(Debug, Default)]
pub(super) struct GatheredDocument {
    /// The caller's name for it.
    pub(super) key: String,
    /// Its rows.
    pub(super) rows: Vec<u32>,
    /// The row of each of its lines, of each advance, of each instalment.
    pub(super) lines: Vec<u32>,
    pub(super) advances: Vec<u32>,
    pub(super) cuotas: Vec<u32>,
    /// What is said once: column of the form, where, and the value.
    pub(super) stated: Vec<(usize, SheetSpot, JsonValue)>,
    items: Vec<JsonValue>,
    anticipos: Vec<JsonValue>,
    instalments: Vec<JsonValue>,
    /// Signs of currencies, each at its first cell.
    signs: Vec<(Moneda, SheetSpot)>,
}

/// All documents of a workbook.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    pub(super) documents: Vec<GatheredDocument>,
    pub(super) findings: Vec<PlacedFinding>,
    by_key: HashMap<String, usize>,
}

/// A finding of the workbook itself.
pub(super) fn finding(
    code: &'static InvoiceCode,
    field: &str,
    refine: impl FnOnce(&mut InvoiceFinding),
) -> InvoiceFinding {
    let mut findings = Findings::new();
    refine(findings.add(code, field));
    findings.list()[0].clone()
}

impl Gathered {
    /// Reads all rows of the main sheet below its titles.
    pub(super) fn read_main(&mut self, sheet: &RawSheet, titles: &SheetTitles) {
        for row in sheet.rows.iter().skip(titles.index + 1) {
            let Some(index) = self.document_of(row, titles) else {
                continue;
            };
            self.read_row(row, index, sheet, titles);
        }
    }

    /// Which document a row is of; none of a row that says nothing of one.
    fn document_of(&mut self, row: &Row, titles: &SheetTitles) -> Option<usize> {
        let key = key_of(row, titles, &COLUMNS);
        if let Some(key) = key {
            let next = self.documents.len();
            let index = *self.by_key.entry(key.clone()).or_insert(next);
            if index == next {
                self.documents.push(GatheredDocument {
                    key,
                    ..GatheredDocument::default()
                });
            }
            return Some(index);
        }
        let columns = titles.columns.iter().zip(&*row.cells);
        let said = columns.filter(|(id, cell)| id.is_some() && !cell.is_blank());
        let said: Vec<usize> = said.filter_map(|(id, _)| *id).collect();
        // A heading between the rows, or a line of sums below them.
        let is_line = |name: &str| said.iter().any(|id| COLUMNS[*id].name == name);
        if said.len() <= 2 && !(is_line("cantidad") && is_line("precio")) {
            return None;
        }
        self.findings.push(PlacedFinding {
            spot: SheetSpot {
                side: SheetSide::Main,
                row: row.number,
                column: titles.place(0),
            },
            document: None,
            finding: finding(&codes::SHEET_KEY, "documento", |_| ()),
        });
        None
    }

    fn read_row(&mut self, row: &Row, index: usize, sheet: &RawSheet, titles: &SheetTitles) {
        let (mut line, mut advance) = (JsonObject::new(), JsonObject::new());
        let tipo = self.identity_tipo(row, index, titles);
        for (place, cell) in row.cells.iter().enumerate() {
            let spot = SheetSpot {
                side: SheetSide::Main,
                row: row.number,
                column: Some(place),
            };
            let Some(id) = titles.columns.get(place).copied().flatten() else {
                continue;
            };
            let column = &COLUMNS[id];
            if column.scope == ColumnScope::Key || cell.is_blank() {
                continue;
            }
            let look =
                matches!(column.kind, CellKind::Percent).then(|| sheet.looks.of(row.number, place));
            let shows_percent = look.flatten().is_some_and(CellLook::is_percent);
            let Some((value, sign)) =
                self.read_one(cell, column, shows_percent, tipo.as_deref(), spot, index)
            else {
                continue;
            };
            let document = &mut self.documents[index];
            if let Some(sign) = sign
                && !document.signs.iter().any(|(known, _)| *known == sign)
            {
                document.signs.push((sign, spot));
            }
            match column.scope {
                ColumnScope::Key => {}
                ColumnScope::Line => set_in(&mut line, column.path, value),
                ColumnScope::Advance => set_in(&mut advance, column.path, value),
                ColumnScope::Document => self.state(id, spot, value, index),
            }
        }
        let document = &mut self.documents[index];
        document.rows.push(row.number);
        if !line.is_empty() {
            document.lines.push(row.number);
            document.items.push(JsonValue::Object(line));
        }
        if !advance.is_empty() {
            document.advances.push(row.number);
            document.anticipos.push(JsonValue::Object(advance));
        }
    }

    /// The kind of identity document that the row names, or the document's other rows.
    fn identity_tipo(&self, row: &Row, index: usize, titles: &SheetTitles) -> Option<String> {
        let id = COLUMNS
            .iter()
            .position(|it| it.kind == CellKind::IdentityTipo)?;
        let cell = titles.place(id).map(|place| row.cell(place))?;
        let read = match read_cell(cell, &COLUMNS[id], false, None) {
            CellOutcome::Read(read) => read.value.as_str().map(str::to_owned),
            _ => None,
        };
        read.or_else(|| {
            let stated = self.documents[index]
                .stated
                .iter()
                .find(|(it, ..)| *it == id);
            stated.and_then(|(_, _, value)| value.as_str().map(str::to_owned))
        })
    }

    /// A cell's value; what is wrong with it, or was put right, is noted.
    fn read_one(
        &mut self,
        cell: &Cell,
        column: &InvoiceColumn,
        shows_percent: bool,
        tipo: Option<&str>,
        spot: SheetSpot,
        index: usize,
    ) -> Option<(JsonValue, Option<Moneda>)> {
        let (code, said, read) = match read_cell(cell, column, shows_percent, tipo) {
            CellOutcome::Blank => return None,
            CellOutcome::Wrong(says, advises) => {
                (&codes::SHEET_CELL, Some((says, Some(advises))), None)
            }
            CellOutcome::Read(read) => (
                &codes::REPAIRED,
                read.repair.map(|says| (says, None)),
                Some((read.value, read.sign)),
            ),
        };
        if let Some((says, advises)) = said {
            let found = finding(code, column.name, |it| {
                it.says(says);
                if let Some(advises) = advises {
                    it.advises(advises);
                }
            });
            self.findings.push(PlacedFinding {
                spot,
                document: Some(index),
                finding: found,
            });
        }
        read
    }

    /// Something that is said of the whole document.
    fn state(&mut self, id: usize, spot: SheetSpot, value: JsonValue, index: usize) {
        let stated = &mut self.documents[index].stated;
        let Some((_, first, known)) = stated.iter().find(|(it, ..)| *it == id) else {
            stated.push((id, spot, value));
            return;
        };
        if *known == value {
            return;
        }
        let other = first.cell().unwrap_or_default();
        let found = finding(&codes::SHEET_ROWS, COLUMNS[id].name, |it| {
            it.says(text!(
                "dice otra cosa que {other}, de otra fila del mismo documento",
                "it says something else than {other}, of another row of the same document"
            ));
        });
        self.findings.push(PlacedFinding {
            spot,
            document: Some(index),
            finding: found,
        });
    }

    /// Reads the instalments.
    pub(super) fn read_beside(&mut self, sheet: &RawSheet, titles: &SheetTitles) {
        for row in sheet.rows.iter().skip(titles.index + 1) {
            let spot = |column| SheetSpot {
                side: SheetSide::Beside,
                row: row.number,
                column,
            };
            let key = key_of(row, titles, &CUOTAS);
            let columns = titles.columns.iter().zip(&*row.cells);
            let says_something = columns.filter(|(id, cell)| id.is_some() && !cell.is_blank());
            if says_something.count() < if key.is_some() { 1 } else { 2 } {
                continue;
            }
            let index = key.and_then(|it| self.by_key.get(&it).copied());
            let Some(index) = index else {
                self.findings.push(PlacedFinding {
                    spot: spot(titles.place(0)),
                    document: None,
                    finding: finding(&codes::SHEET_INSTALMENT, "documento", |_| ()),
                });
                continue;
            };
            let mut cuota = JsonObject::new();
            for (place, cell) in row.cells.iter().enumerate() {
                let Some(id) = titles.columns.get(place).copied().flatten() else {
                    continue;
                };
                let column = &CUOTAS[id];
                if column.scope == ColumnScope::Key {
                    continue;
                }
                let read = self.read_one(cell, column, false, None, spot(Some(place)), index);
                if let Some((value, _)) = read {
                    set_in(&mut cuota, column.path, value);
                }
            }
            let document = &mut self.documents[index];
            document.cuotas.push(row.number);
            document.instalments.push(JsonValue::Object(cuota));
        }
    }
}

impl GatheredDocument {
    /// The simple form of it.
    pub(super) fn take_form(&mut self) -> JsonObject {
        let mut form = JsonObject::new();
        self.stated.sort_by_key(|(id, ..)| *id);
        for (id, _, value) in &self.stated {
            set_in(&mut form, COLUMNS[*id].path, value.clone());
        }
        let lists = [
            ("items", &mut self.items),
            ("anticipos", &mut self.anticipos),
            ("cuotas", &mut self.instalments),
        ];
        for (name, list) in lists {
            if !list.is_empty() || name == "items" {
                form.set(name, JsonValue::List(std::mem::take(list)));
            }
        }
        form
    }

    /// What the document says in a column.
    pub(super) fn said(&self, name: &str) -> Option<&str> {
        let said = self
            .stated
            .iter()
            .find(|(id, ..)| COLUMNS[*id].name == name);
        said.and_then(|(_, _, value)| value.as_str())
    }

    /// The first cell whose sign is of another currency than the document.
    pub(super) fn foreign_sign(&self, moneda: Moneda) -> Option<(Moneda, SheetSpot)> {
        let mut signs = self.signs.iter();
        signs.find(|(sign, _)| *sign != moneda).copied()
    }

    /// The cell that a finding of the check is about.
    pub(super) fn spot_of(
        &self,
        campo: &str,
        titles: &SheetTitles,
        beside: Option<&SheetTitles>,
    ) -> SheetSpot {
        let first = self.rows.first().copied().unwrap_or(titles.row);
        let main = |row: u32, column: Option<usize>| SheetSpot {
            side: SheetSide::Main,
            row,
            column: column.or_else(|| titles.place(0)),
        };
        let (list, index, part) = split(campo);
        let row_of = |rows: &[u32]| index.and_then(|it| rows.get(it).copied());
        match list {
            "items" => {
                let id = id_of(ColumnScope::Line, part.unwrap_or("descripcion"));
                main(
                    row_of(&self.lines).unwrap_or(first),
                    id.and_then(|it| titles.place(it)),
                )
            }
            "anticipos" => {
                let id = id_of(ColumnScope::Advance, part.unwrap_or("total"));
                main(
                    row_of(&self.advances).unwrap_or(first),
                    id.and_then(|it| titles.place(it)),
                )
            }
            "cuotas" if !self.cuotas.is_empty() => {
                let column = CUOTAS.iter().position(|it| Some(it.path) == part);
                // What is wrong with all of them together is shown at their amounts.
                let column = column.unwrap_or(2);
                SheetSpot {
                    side: SheetSide::Beside,
                    row: row_of(&self.cuotas)
                        .or(self.cuotas.first().copied())
                        .unwrap_or(first),
                    column: beside.and_then(|it| it.place(column)),
                }
            }
            _ => {
                let path = campo.split('[').next().unwrap_or(campo);
                let id = id_of(ColumnScope::Document, path);
                let stated = self.stated.iter().find(|(it, ..)| Some(*it) == id);
                if let Some((_, spot, _)) = stated {
                    return *spot;
                }
                // The kind of identity document often has no column: its number has.
                let of_customer = path.starts_with("cliente.");
                let number = id_of(ColumnScope::Document, "cliente.numero");
                let number = number.filter(|_| of_customer);
                let place = id.and_then(|it| titles.place(it));
                main(first, place.or_else(|| titles.place(number?)))
            }
        }
    }
}

/// The key of a row; where no column holds it, series and number.
fn key_of(row: &Row, titles: &SheetTitles, form: &'static [InvoiceColumn]) -> Option<String> {
    let said = |name: &str| {
        let id = form.iter().position(|it| it.name == name)?;
        let text = plain(row.cell(titles.place(id)?));
        let text = text.strip_suffix(".0").unwrap_or(&text);
        (!text.is_empty()).then(|| text.to_owned())
    };
    if titles.place(0).is_some() {
        return said("documento");
    }
    let kind = said("tipo").unwrap_or_default();
    Some(
        format!("{kind} {}-{}", said("serie")?, said("numero")?)
            .trim()
            .to_owned(),
    )
}

/// `items[2].isc.tasa`: list, index, part.
fn split(campo: &str) -> (&str, Option<usize>, Option<&str>) {
    let (head, rest) = campo.split_once('[').unwrap_or((campo, ""));
    let (index, part) = rest.split_once(']').unwrap_or((rest, ""));
    let part = part.strip_prefix('.').filter(|it| !it.is_empty());
    (head, index.parse().ok(), part)
}

/// The column of a place in the form, or the first one of the object that it is.
fn id_of(scope: ColumnScope, path: &str) -> Option<usize> {
    let of_scope = |it: &InvoiceColumn| it.scope == scope;
    let exact = COLUMNS
        .iter()
        .position(|it| of_scope(it) && it.path == path);
    exact.or_else(|| {
        let within = |it: &InvoiceColumn| {
            it.path
                .strip_prefix(path)
                .is_some_and(|rest| rest.starts_with('.'))
        };
        COLUMNS.iter().position(|it| of_scope(it) && within(it))
    })
}

/// Sets a value in its place: `isc.tasa` in the object `isc`.
fn set_in(object: &mut JsonObject, path: &str, value: JsonValue) {
    let Some((name, part)) = path.split_once('.') else {
        object.set(path, value);
        return;
    };
    let mut inner = match object.remove(name) {
        Some(JsonValue::Object(inner)) => inner,
        _ => JsonObject::new(),
    };
    inner.set(part, value);
    object.set(name, JsonValue::Object(inner));
}
