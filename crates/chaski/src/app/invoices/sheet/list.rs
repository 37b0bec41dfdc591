//! A list of documents in JSON becomes a workbook, a row per document, and is checked like one; and a
//! workbook that was checked before and was kept.

use std::collections::HashMap;

use chaski_core::invoicing::{
    CheckedDocument, InvoiceFinding, JsonObject, JsonValue, TaxDocument, codes,
};
use chaski_core::text;
use jiff::Timestamp;

use super::super::InvoiceRoom;
use super::super::facts::text_of;
use super::check::{CheckedRows, CheckedWorkbook, told_later};
use super::columns::{COLUMNS, CUOTAS};
use super::documents::{PlacedFinding, SheetSide, SheetSpot, finding};
use super::journal::{id_of, name_of};
use super::layout::titles_of;
use super::titles::SheetTitles;
use crate::app::AppError;
use crate::sheets::{Cell, Encoding, RawSheet, Row, SheetBook, SourceKind};

/// What a row says of its document; the words of the form.
const SHOWN: [&str; 5] = [
    "documento",
    "tipo",
    "cliente_numero",
    "cliente_nombre",
    "referencia",
];

/// The row of the first document, below the titles.
const FIRST_ROW: u32 = 2;

impl InvoiceRoom<'_> {
    /// Checks a list of documents, in either form; beside its own fields each may have a `documento`, the
    /// caller's name for it in the list, and a `referencia`. Nothing is sent and no number taken, and no
    /// customer looked up: that is done together when they are issued.
    pub async fn check_list(&self, list: Vec<JsonValue>) -> Result<CheckedWorkbook, AppError> {
        let mut checking = ListCheck {
            rows: vec![titles()],
            documents: Vec::with_capacity(list.len()),
            findings: Vec::new(),
            contents: HashMap::new(),
            names: HashMap::new(),
            numbers: HashMap::new(),
        };
        for value in list {
            checking.check(self, value).await?;
        }
        let ListCheck {
            rows,
            mut documents,
            mut findings,
            ..
        } = checking;
        // What exists is not wrong any more, whatever day it is by now.
        let wrong = documents.iter().filter(|it| it.has_errors());
        let stands = self.issued_keys(wrong.map(|it| &it.clave)).await?;
        findings.retain(|it: &PlacedFinding| {
            let document = it.document.and_then(|it| documents.get(it));
            let of_stands = document.is_some_and(|it| stands.contains(&it.clave));
            it.finding.severidad != chaski_core::Severity::Error || !of_stands
        });
        for document in &mut documents {
            document.worst = None;
        }
        let main = RawSheet {
            name: "COMPROBANTES".to_owned(),
            rows,
            ..RawSheet::default()
        };
        let book = SheetBook {
            source: SourceKind::Csv {
                separator: ',',
                encoding: Encoding::Utf8,
            },
            main,
            beside: None,
            others: Vec::new(),
        };
        CheckedWorkbook::of_parts(book, documents, findings, self.app.clock.now())
    }
}

impl CheckedWorkbook {
    /// A workbook of what was checked before: how bad each document is follows from what was found.
    pub(in crate::app) fn of_parts(
        book: SheetBook,
        mut documents: Vec<CheckedRows>,
        findings: Vec<PlacedFinding>,
        at: Timestamp,
    ) -> Result<CheckedWorkbook, AppError> {
        let titles = titles_of(&book.main, &COLUMNS, 3)?;
        let beside = book.beside.as_ref().filter(|it| !it.rows.is_empty());
        let beside: Option<SheetTitles> = beside.map(|it| titles_of(it, &CUOTAS, 3)).transpose()?;
        for found in &findings {
            if let Some(document) = found.document.and_then(|it| documents.get_mut(it)) {
                document.worst = document.worst.max(Some(found.finding.severidad));
            }
        }
        Ok(CheckedWorkbook {
            book,
            documents,
            findings,
            outcomes: HashMap::new(),
            looked_up: 0,
            at,
            titles,
            beside,
        })
    }
}

/// A list on its way to be a workbook.
struct ListCheck {
    rows: Vec<Row>,
    documents: Vec<CheckedRows>,
    findings: Vec<PlacedFinding>,
    /// How many times each content without a name was there.
    contents: HashMap<String, usize>,
    /// Names and numbers, each with the place of its first document.
    names: HashMap<String, usize>,
    numbers: HashMap<String, usize>,
}

impl ListCheck {
    async fn check(
        &mut self,
        room: &InvoiceRoom<'_>,
        mut value: JsonValue,
    ) -> Result<(), AppError> {
        // 1. What it is called.
        let index = self.documents.len();
        let (name, referencia) = match &mut value {
            JsonValue::Object(object) => (taken(object, "documento"), taken(object, "referencia")),
            _ => (None, None),
        };
        let called = name.as_deref().or(referencia.as_deref());
        let clave = if let Some(called) = called {
            room.row_key(called, &value)
        } else {
            let before = self.contents.entry(value.to_string()).or_default();
            *before += 1;
            room.content_key(&value, *before - 1)
        };
        let key = called.map_or_else(|| (index + 1).to_string(), str::to_owned);
        // 2. The check that every document passes.
        let number = number_of(&value);
        let checked = room.app.check_listed(room, value.clone()).await?;
        let CheckedDocument {
            document: made,
            hallazgos,
            ..
        } = checked;
        for mut found in hallazgos {
            told_later(&mut found, number.as_deref());
            self.note(index, found);
        }
        // 3. What only the other documents show.
        self.compare(index, &key, called.is_some(), made.as_ref());
        // 4. Its row.
        let kind = made.as_ref().map(TaxDocument::kind);
        let nombre = made.as_ref().map(|it| it.cliente().nombre.to_string());
        let shown = [
            Some(key.as_str()),
            kind.map(chaski_core::invoicing::DocumentKind::as_str),
            number.as_deref(),
            nombre.as_deref(),
            referencia.as_deref(),
        ];
        let row = row_number(index);
        self.rows.push(Row {
            number: row,
            cells: shown.map(|it| Cell::text(it.unwrap_or_default())).into(),
        });
        let is_wrong = self.findings.iter().rev();
        let is_wrong = is_wrong.take_while(|it| it.document == Some(index));
        let worst = is_wrong.map(|it| it.finding.severidad).max();
        self.documents.push(CheckedRows {
            rows: vec![row],
            worst,
            cliente: number,
            referencia,
            clave,
            ..CheckedRows::of(key, kind, made.as_ref(), value)
        });
        Ok(())
    }

    /// Names and numbers that are there twice.
    fn compare(&mut self, index: usize, key: &str, is_named: bool, made: Option<&TaxDocument>) {
        if is_named {
            let first = *self.names.entry(key.to_owned()).or_insert(index);
            if first != index {
                let place = first + 1;
                let found = finding(&codes::TWICE, "documento", |it| {
                    it.says(text!(
                        "el documento {place} de la lista se llama igual",
                        "document {place} of the list has the same name"
                    ));
                });
                self.note(index, found);
            }
        }
        let id = made.and_then(|it| id_of(it.kind(), it.serie()?, it.numero()?));
        let Some(id) = id else { return };
        let name = name_of(&id);
        let first = *self.numbers.entry(name.clone()).or_insert(index);
        if first != index {
            let place = first + 1;
            let found = finding(&codes::TWICE, "numero", |it| {
                it.says(text!(
                    "{name} también es el documento {place} de la lista",
                    "{name} is document {place} of the list too"
                ));
            });
            self.note(index, found);
        }
    }

    fn note(&mut self, index: usize, finding: InvoiceFinding) {
        self.findings.push(PlacedFinding {
            spot: SheetSpot {
                side: SheetSide::Main,
                row: row_number(index),
                column: None,
            },
            document: Some(index),
            finding,
        });
    }
}

fn titles() -> Row {
    Row {
        number: FIRST_ROW - 1,
        cells: SHOWN.map(Cell::text).into(),
    }
}

fn row_number(index: usize) -> u32 {
    u32::try_from(index).map_or(u32::MAX, |it| it.saturating_add(FIRST_ROW))
}

/// A text that is no field of the document.
fn taken(object: &mut JsonObject, name: &str) -> Option<String> {
    let text = object.get(name)?.as_str()?.trim().to_owned();
    object.remove(name);
    Some(text).filter(|it| !it.is_empty())
}

/// The number of the customer, in either form.
fn number_of(value: &JsonValue) -> Option<String> {
    let object = value.as_object()?;
    let cliente = object.get("cliente").and_then(JsonValue::as_object);
    let number = cliente.and_then(|it| text_of(it, "numero"));
    let number = number.or_else(|| text_of(object, "cliente_numero_de_documento"));
    number.map(str::to_owned)
}
