//! The check of a workbook as a whole: every document by the one check, and what only all of them together
//! show. Linear in rows and documents.

use std::collections::{HashMap, HashSet};

use chaski_client::{Ask, NubefactId};
use chaski_core::invoicing::catalogs::currencies::Moneda;
use chaski_core::invoicing::{
    CheckedDocument, CustomerFacts, DocumentKind, InvoiceFinding, JsonObject, JsonValue, Known,
    ModifiedDocument, TaxDocument, check_value, codes,
};
use chaski_core::{Dni, Ruc, Severity, Text, text};
use jiff::Timestamp;
use rust_decimal::Decimal;

use super::super::InvoiceRoom;
use super::super::facts::as_modified;
use super::columns::{COLUMNS, CUOTAS};
use super::documents::{Gathered, GatheredDocument, PlacedFinding, SheetSide, SheetSpot, finding};
use super::journal::{KnownIssued, id_of, name_of, named_by};
use super::layout::{drop_amounts_of_igv, forget_ours, note_titles, require, titles_of};
use super::lookups::{day_of, is_note, wants_rate};
use super::outcome::RowOutcome;
use super::titles::{OURS, SheetTitles};
use crate::app::{App, AppError};
use crate::sheets::{Cell, SheetBook, SheetError};

/// Motivos by which a credit note takes its document back as a whole.
const WHOLE: [&str; 3] = ["01", "02", "06"];

/// A workbook and everything that was found in it.
#[derive(Debug)]
pub struct CheckedWorkbook {
    /// What was read, without the columns that an earlier check had added.
    pub book: SheetBook,
    /// The documents, in the order of their first rows.
    pub documents: Vec<CheckedRows>,
    /// Everything found, by sheet and row.
    pub findings: Vec<PlacedFinding>,
    /// What became of documents that were issued or set aside, by their place among all.
    pub outcomes: HashMap<usize, RowOutcome>,
    /// Customers that were looked up.
    pub looked_up: usize,
    /// When it was checked.
    pub at: Timestamp,
    pub(super) titles: SheetTitles,
    pub(super) beside: Option<SheetTitles>,
}

/// A document of a workbook, checked.
#[derive(Debug, Clone)]
pub struct CheckedRows {
    /// The caller's name for it.
    pub key: String,
    /// What it is, where that can be told.
    pub kind: Option<DocumentKind>,
    /// Its rows.
    pub rows: Vec<u32>,
    /// The worst that was found.
    pub worst: Option<Severity>,
    /// NubeFact's number of its currency.
    pub moneda: Option<u8>,
    /// Amounts of the header; none of what could not be computed.
    pub gravada: Option<Decimal>,
    /// Its IGV.
    pub igv: Option<Decimal>,
    /// Its total.
    pub total: Option<Decimal>,
    /// Its series.
    pub serie: Option<String>,
    /// The number that it brings.
    pub numero: Option<u32>,
    /// The RUC or whatever number its customer has.
    pub(in crate::app) cliente: Option<String>,
    /// The caller's own name for the sale, under which it is one document too.
    pub(in crate::app) referencia: Option<String>,
    /// The key that it is issued under.
    pub(in crate::app) clave: String,
    /// What its rows say, in the simple form.
    pub(in crate::app) form: JsonValue,
}

impl CheckedRows {
    /// What its rows say, as text.
    pub fn content_text(&self) -> String {
        self.form.to_string()
    }

    /// Whether it cannot be issued.
    pub fn has_errors(&self) -> bool {
        self.worst == Some(Severity::Error)
    }
}

impl CheckedWorkbook {
    /// Documents that can be issued, and that cannot.
    pub fn right_and_wrong(&self) -> (usize, usize) {
        let wrong = self.documents.iter().filter(|it| it.has_errors()).count();
        (self.documents.len() - wrong, wrong)
    }

    /// Whether anything is wrong, a row that is of no document too.
    pub fn has_errors(&self) -> bool {
        let mut findings = self.findings.iter();
        findings.any(|it| it.finding.severidad == Severity::Error)
    }

    /// The title over a cell, as the caller wrote it.
    pub fn title_of(&self, spot: &SheetSpot) -> Option<String> {
        let (sheet, titles) = match spot.side {
            SheetSide::Main => (&self.book.main, Some(&self.titles)),
            SheetSide::Beside => (self.book.beside.as_ref()?, self.beside.as_ref()),
        };
        let row = sheet.rows.get(titles?.index)?;
        match row.cell(spot.column?) {
            Cell::Text(text) => Some(chaski_core::clean(text)),
            _ => None,
        }
    }
}

impl CheckedRows {
    /// A document under the caller's name, with what was made of it where it could be made.
    pub(super) fn of(
        key: String,
        kind: Option<DocumentKind>,
        made: Option<&TaxDocument>,
        form: JsonValue,
    ) -> CheckedRows {
        CheckedRows {
            key,
            kind,
            rows: Vec::new(),
            worst: None,
            moneda: made.and_then(TaxDocument::moneda),
            gravada: made.map(|it| it.amount("total_gravada").unwrap_or_default()),
            igv: made.map(TaxDocument::igv),
            total: made.and_then(TaxDocument::total),
            serie: made.and_then(|it| it.serie().map(str::to_owned)),
            numero: made.and_then(TaxDocument::numero),
            cliente: None,
            referencia: None,
            clave: String::new(),
            form,
        }
    }
}

impl App {
    /// Checks all documents of a workbook: nothing is sent and no number taken. Customers are looked up
    /// only if that is wanted. Without a room nothing is known of series and earlier documents.
    pub async fn check_workbook(
        &self,
        room: Option<&InvoiceRoom<'_>>,
        mut book: SheetBook,
        clientes: bool,
        ask: &Ask,
    ) -> Result<CheckedWorkbook, AppError> {
        let now = self.clock.now();
        // 1. Which column is which.
        let mut titles = titles_of(&book.main, &COLUMNS, 3)?;
        require(&titles, &book.main)?;
        forget_ours(&mut book.main, &mut titles, &OURS);
        let mut gathered = Gathered::default();
        drop_amounts_of_igv(&book.main, &mut titles, &mut gathered.findings);
        let mut beside = None;
        if let Some(sheet) = book.beside.as_mut().filter(|it| !it.rows.is_empty()) {
            let mut found = titles_of(sheet, &CUOTAS, 3)?;
            forget_ours(sheet, &mut found, &OURS[OURS.len() - 1..]);
            beside = Some(found);
        }
        note_titles(&titles, SheetSide::Main, &mut gathered.findings);
        // 2. Rows become documents.
        gathered.read_main(&book.main, &titles);
        if let (Some(sheet), Some(titles)) = (&book.beside, &beside) {
            note_titles(titles, SheetSide::Beside, &mut gathered.findings);
            gathered.read_beside(sheet, titles);
        }
        let Gathered {
            mut documents,
            mut findings,
            ..
        } = gathered;
        if documents.is_empty() && findings.is_empty() {
            return Err(SheetError::EmptySheet.into());
        }
        let forms: Vec<JsonObject> = documents
            .iter_mut()
            .map(|it| with_igv(it, &titles))
            .collect();
        // 3. What others know.
        let customers = if clientes {
            self.customers_of(&documents, ask).await?
        } else {
            HashMap::new()
        };
        let rates = self.rates_of(&forms, ask).await;
        let named: HashSet<_> = documents
            .iter()
            .filter_map(|it| named_by(it.said("nota_documento")?))
            .collect();
        let keys = keys_of(room, &documents, &forms);
        let own: HashSet<String> = keys.iter().cloned().collect();
        let issued = match room {
            Some(room) => KnownIssued::read(room, &named, &own).await?,
            None => KnownIssued::default(),
        };
        // 4. Each document; those that notes modify before the notes.
        let mut checking = Checking {
            now,
            known: match room {
                Some(room) => room.known_of_issuer().await?,
                None => Known::default(),
            },
            customers: clientes.then_some(&customers),
            rates: &rates,
            issued,
            brought: HashMap::new(),
            references: HashMap::new(),
            keys,
            titles: &titles,
            beside: beside.as_ref(),
            findings: &mut findings,
        };
        let mut checked = checking.check_all(&documents, forms);
        if let Some(room) = room {
            let brought = checking.brought.keys();
            let taken = room.taken_numbers(brought, &own).await?;
            checking.note_taken(&documents, &taken);
        }
        let was_issued = checking.issued.own;
        // 5. What came of each, worst first.
        drop_what_is_told(&mut findings);
        drop_what_stands(&mut findings, &checked, &was_issued);
        for found in &findings {
            if let Some(document) = found.document.and_then(|it| checked.get_mut(it)) {
                document.worst = document.worst.max(Some(found.finding.severidad));
            }
        }
        findings.sort_by_key(|it| {
            let severity = std::cmp::Reverse(it.finding.severidad);
            (it.spot.side, it.spot.row, severity, it.spot.column)
        });
        let documents = checked;
        Ok(CheckedWorkbook {
            book,
            documents,
            findings,
            outcomes: HashMap::new(),
            looked_up: customers.len(),
            at: now,
            titles,
            beside,
        })
    }
}

/// What is needed to check one document after the other.
struct Checking<'c> {
    now: Timestamp,
    known: Known,
    /// None where nobody was to be asked.
    customers: Option<&'c HashMap<String, CustomerFacts>>,
    rates: &'c HashMap<String, Option<Decimal>>,
    issued: KnownIssued,
    /// Numbers that documents of the workbook bring, with those that bring each; the first one has it.
    brought: HashMap<NubefactId, Vec<usize>>,
    /// References of the workbook, with the first document that has each.
    references: HashMap<String, usize>,
    /// What each document is issued under.
    keys: Vec<String>,
    titles: &'c SheetTitles,
    beside: Option<&'c SheetTitles>,
    findings: &'c mut Vec<PlacedFinding>,
}

impl Checking<'_> {
    /// All of them, in the order of the workbook.
    fn check_all(
        &mut self,
        documents: &[GatheredDocument],
        forms: Vec<JsonObject>,
    ) -> Vec<CheckedRows> {
        let mut checked: Vec<Option<CheckedRows>> = documents.iter().map(|_| None).collect();
        let (notes, sales): (Vec<_>, Vec<_>) = forms
            .into_iter()
            .enumerate()
            .partition(|(_, form)| is_note(form));
        for (index, form) in sales.into_iter().chain(notes) {
            checked[index] = Some(self.check(documents, index, form));
        }
        checked.into_iter().flatten().collect()
    }

    fn check(
        &mut self,
        documents: &[GatheredDocument],
        index: usize,
        form: JsonObject,
    ) -> CheckedRows {
        let document = &documents[index];
        let number = document.said("cliente_numero");
        let on = document.said("nota_documento").and_then(named_by);
        // 1. The check that every document passes.
        self.known.customer = match (self.customers, number) {
            (Some(facts), Some(number)) => facts.get(number).cloned().unwrap_or_default(),
            _ => CustomerFacts::NotAsked,
        };
        self.known.exchange_rate = if wants_rate(&form) {
            self.rates.get(day_of(&form)).copied().flatten()
        } else {
            None
        };
        let modified: Option<ModifiedDocument> =
            on.as_ref().and_then(|it| self.issued.modified(it));
        self.known.modified = modified;
        let CheckedDocument {
            document: made,
            hallazgos,
            ..
        } = check_value(JsonValue::Object(form.clone()), self.now, &self.known);
        let kind = made.as_ref().map(TaxDocument::kind);
        for mut found in hallazgos {
            if self.customers.is_none() {
                told_later(&mut found, number);
            }
            in_words_of_sheets(&mut found);
            let spot = document.spot_of(&found.campo, self.titles, self.beside);
            self.note(spot, index, found);
        }
        // 2. What only the other documents show.
        if let Some(made) = &made {
            self.compare(documents, index, made, on);
        }
        let key = document.key.clone();
        CheckedRows {
            rows: document.rows.clone(),
            cliente: number.map(str::to_owned),
            referencia: document.said("referencia").map(str::to_owned),
            clave: std::mem::take(&mut self.keys[index]),
            ..CheckedRows::of(key, kind, made.as_ref(), JsonValue::Object(form))
        }
    }

    /// Numbers and references that are there twice, notes that together take too much, signs of another
    /// currency.
    fn compare(
        &mut self,
        documents: &[GatheredDocument],
        index: usize,
        made: &TaxDocument,
        on: Option<NubefactId>,
    ) {
        let document = &documents[index];
        let at = |campo: &str, it: &Checking<'_>| document.spot_of(campo, it.titles, it.beside);
        if let (Some(serie), Some(numero)) = (made.serie(), made.numero())
            && let Some(id) = id_of(made.kind(), serie, numero)
        {
            let name = name_of(&id);
            let bringing = self.brought.entry(id.clone()).or_default();
            bringing.push(index);
            if let Some(first) = bringing.first().copied().filter(|it| *it != index) {
                let other = &documents[first].key;
                let found = finding(&codes::TWICE, "numero", |it| {
                    it.says(text!(
                        "{name} también es el documento {other}",
                        "{name} is the document {other} too"
                    ));
                });
                self.note(at("numero", self), index, found);
            }
            self.issued.add(id, as_modified(made, Decimal::ZERO));
        }
        if let Some(reference) = document.said("referencia") {
            let first = *self.references.entry(reference.to_owned()).or_insert(index);
            if first != index {
                let other = &documents[first].key;
                let found = finding(&codes::TWICE, "referencia", |it| {
                    it.says(text!(
                        "la misma referencia es del documento {other}",
                        "the same reference is of the document {other}"
                    ));
                });
                self.note(at("referencia", self), index, found);
            }
        }
        if let Some(moneda) = made.moneda().and_then(Moneda::from_nubefact)
            && let Some((sign, spot)) = document.foreign_sign(moneda)
        {
            let (theirs, its) = (sign.sign(), moneda.iso());
            let found = finding(&codes::SHEET_SIGN, "moneda", |it| {
                it.says(text!(
                    "el importe lleva {theirs} y el documento está en {its}",
                    "the amount bears {theirs} and the document is in {its}"
                ));
            });
            self.note(spot, index, found);
        }
        if let (DocumentKind::NotaCredito, Some(on)) = (made.kind(), on) {
            let motivo = document.said("nota_motivo").unwrap_or_default();
            if WHOLE.contains(&motivo) && !self.issued.take_back(&on) {
                let found = finding(&codes::NOTE_TWICE, "nota.documento", |_| ());
                self.note(at("nota.documento", self), index, found);
            }
            self.issued.credit(on, made.total().unwrap_or_default());
        }
    }

    /// Numbers that other documents have already.
    fn note_taken(&mut self, documents: &[GatheredDocument], taken: &HashSet<NubefactId>) {
        for index in taken.iter().flat_map(|id| &self.brought[id]) {
            let document = &documents[*index];
            self.findings.push(PlacedFinding {
                spot: document.spot_of("numero", self.titles, self.beside),
                document: Some(*index),
                finding: finding(&codes::NUMBER_TAKEN, "numero", |_| ()),
            });
        }
    }

    fn note(&mut self, spot: SheetSpot, index: usize, finding: InvoiceFinding) {
        self.findings.push(PlacedFinding {
            spot,
            document: Some(index),
            finding,
        });
    }
}

/// The form of a document; what the title of the price says of IGV holds where the rows say nothing.
fn with_igv(document: &mut GatheredDocument, titles: &SheetTitles) -> JsonObject {
    let mut form = document.take_form();
    if let (Some(con_igv), None) = (titles.con_igv, form.present("precios_con_igv")) {
        form.set("precios_con_igv", JsonValue::Bool(con_igv));
    }
    form
}

/// Name and address of a RUC, and the name of a DNI, are looked up when the document is issued: until then
/// they do not lack.
pub(super) fn told_later(found: &mut InvoiceFinding, number: Option<&str>) {
    let number = number.unwrap_or_default();
    let is_ruc = number.parse::<Ruc>().is_ok();
    let is_dni = number.parse::<Dni>().is_ok();
    let later = match found.campo.as_str() {
        "cliente.nombre" | "cliente_denominacion" => is_ruc || is_dni,
        "cliente.direccion" | "cliente_direccion" => is_ruc,
        _ => false,
    };
    if later && found.codigo == codes::REQUIRED.codigo {
        *found = finding(&codes::LOOKED_UP_LATER, &found.campo, |_| ());
    }
}

/// The check speaks of JSON; who fills in a sheet writes SI and NO, and days as they are used to.
fn in_words_of_sheets(found: &mut InvoiceFinding) {
    if found.campo == "precios_con_igv" && found.codigo == codes::REQUIRED.codigo {
        found.advises(text!(
            "diga en la columna precios_con_igv si los precios incluyen IGV: SI o NO",
            "say in the column precios_con_igv whether prices include IGV: SI or NO"
        ));
    }
    if found.codigo == codes::DATE.codigo && found.accion.es.contains("AAAA") {
        found.advises(Text {
            es: "escriba la fecha como 27/11/2026".to_owned(),
            en: "write the day as 27/11/2026".to_owned(),
        });
    }
}

/// Under which key each of them is issued.
fn keys_of(
    room: Option<&InvoiceRoom<'_>>,
    documents: &[GatheredDocument],
    forms: &[JsonObject],
) -> Vec<String> {
    let key_of = |(document, form): (&GatheredDocument, &JsonObject)| {
        let form = JsonValue::Object(form.clone());
        room.map_or_else(String::new, |it| it.row_key(&document.key, &form))
    };
    documents.iter().zip(forms).map(key_of).collect()
}

/// What exists is not wrong any more, whatever day it is by now.
fn drop_what_stands(
    findings: &mut Vec<PlacedFinding>,
    documents: &[CheckedRows],
    was_issued: &HashSet<String>,
) {
    findings.retain(|it| {
        let document = it.document.and_then(|it| documents.get(it));
        let stands = document.is_some_and(|it| was_issued.contains(&it.clave));
        it.finding.severidad != Severity::Error || !stands
    });
}

/// A cell that cannot be read has its finding; that its value lacks is no news.
fn drop_what_is_told(findings: &mut Vec<PlacedFinding>) {
    let told: HashSet<SheetSpot> = findings
        .iter()
        .filter(|it| it.finding.codigo == codes::SHEET_CELL.codigo)
        .map(|it| it.spot)
        .collect();
    findings.retain(|it| it.finding.codigo != codes::REQUIRED.codigo || !told.contains(&it.spot));
}
