//! Partners as lists: importing them from a spreadsheet, exporting them to one.

use std::io::{self, Write};

use chaski_core::{Lang, fold, lima_datetime, present};
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::new_id;
use super::unread::no_partner;
use super::{App, AppError};
use crate::partners::{Document, DocumentType, Partner, PartnerError, PartnerFields};
use crate::sheets::{
    self, Cell, CellProblem, ColumnError, Flaw, OutputFormat, PlainCsv, PlainXlsx, Row, Table,
    column_letter,
};
use crate::store::{Company, NewPartner, PartnerFilter, Saved};

/// What came of an import.
#[derive(Debug, Clone, Default)]
pub struct Imported {
    /// New, changed and unchanged partners.
    pub saved: Saved,
    /// Rows that could not be taken, in their order.
    pub problems: Vec<RowProblem>,
    /// Titles of columns that mean nothing here, as they were written.
    pub ignored: Vec<String>,
    /// Columns that the numbers were taken from, as people see them.
    pub columns: Vec<String>,
}

impl Imported {
    /// Says so, with the common cause, if no row could be taken.
    pub fn nothing_read(&self) -> Option<AppError> {
        let saved = &self.saved;
        let taken = saved.created + saved.updated + saved.unchanged;
        if taken > 0 || self.problems.is_empty() {
            return None;
        }
        let wrong = self.problems.iter().map(|it| (it.row, &it.error));
        Some(no_partner(&wrong.collect::<Vec<_>>()))
    }
}

/// A row that could not be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowProblem {
    /// Its number as the spreadsheet shows it, from 1.
    pub row: u32,
    /// What is wrong with it.
    pub error: PartnerError,
}

/// What a column of a list holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    Type,
    Number,
    Text(&'static str),
    Flag(&'static str),
}

/// The columns that mean something, by their index.
type Columns = Vec<(usize, Meaning)>;

/// Rows saved in one transaction, so that others can write in between.
const CHUNK: usize = 500;

/// Rows looked at to tell a column of flags from one of names.
const JUDGED_ROWS: usize = 50;

impl App {
    /// Saves the partners of a list. Known ones are changed by what their row brings: a blank
    /// cell changes nothing. A row that cannot be taken is told and keeps no other one back. `column`
    /// is that of the documents, where values and titles leave a doubt.
    pub async fn import_partners(
        &self,
        company: Company,
        table: &Table,
        column: Option<&str>,
    ) -> Result<Imported, AppError> {
        let (columns, ignored) = columns_of(table, column)?;
        let numbers = columns.iter().filter(|(_, it)| *it == Meaning::Number);
        let mut imported = Imported {
            ignored,
            columns: numbers.map(|(at, _)| table.column_label(*at)).collect(),
            ..Imported::default()
        };
        let now = self.clock.now();
        let mut rows = table.rows.iter().peekable();
        while rows.peek().is_some() {
            let mut partners = Vec::with_capacity(CHUNK);
            for row in rows.by_ref().take(CHUNK) {
                let partner = match table.flaws.get(&row.number) {
                    Some(Flaw::Shifted { cells, usual }) => {
                        Err(PartnerError::Document(CellProblem::Shifted {
                            cells: *cells,
                            usual: *usual,
                        }))
                    }
                    _ => self.partner_of(&row, &columns),
                };
                match partner {
                    Ok((document, fields)) => partners.push(NewPartner {
                        id: new_id(now),
                        document,
                        fields,
                    }),
                    Err(error) => imported.problems.push(RowProblem {
                        row: row.number,
                        error,
                    }),
                }
            }
            let saved = self.store.save_partners(company, partners, now).await?;
            imported.saved.created += saved.created;
            imported.saved.updated += saved.updated;
            imported.saved.unchanged += saved.unchanged;
        }
        Ok(imported)
    }

    /// Writes the partners of a filter as a file, numbers and names whole, and gives back what it
    /// wrote to. Every value is a text cell, and nothing in it is run by a spreadsheet.
    pub async fn write_partners<W: Write + Send + 'static>(
        &self,
        company: Company,
        filter: &PartnerFilter,
        format: OutputFormat,
        lang: Lang,
        out: W,
    ) -> Result<W, AppError> {
        let mut file = PartnerFile::begin(format, lang, out)?;
        let mut cursor = None;
        loop {
            let page = self.store.partners(company, filter, PAGE, cursor).await?;
            cursor = page.next;
            // Page by page as they will be in the file: records take several times as much. That
            // takes its time, which is not that of other requests.
            let written = tokio::task::spawn_blocking(move || {
                for partner in &page.rows {
                    file.put(partner)?;
                }
                file.put_away()?;
                Ok::<_, AppError>(file)
            });
            file = written.await??;
            if cursor.is_none() {
                break;
            }
        }
        let ended = tokio::task::spawn_blocking(move || file.end());
        ended.await?
    }

    fn partner_of(
        &self,
        row: &Row,
        columns: &[(usize, Meaning)],
    ) -> Result<(Document, PartnerFields), PartnerError> {
        let (mut kind, mut number) = (None, &Cell::Empty);
        let mut fields = PartnerFields::default();
        for (column, meaning) in columns {
            let cell = row.cell(*column);
            if cell.is_blank() {
                continue;
            }
            match meaning {
                Meaning::Number if number.is_blank() => number = cell,
                Meaning::Number => {}
                Meaning::Type => {
                    kind = Some(type_of(cell).ok_or(PartnerError::DocumentType)?);
                }
                Meaning::Text(field) => {
                    let text = text_of(cell).ok_or(PartnerError::BadField { field })?;
                    // A dash is how lists say that there is nothing.
                    if present(Some(&text)).is_some() {
                        fields.set_text(field, &text);
                    }
                }
                Meaning::Flag(field) => {
                    let flag = flag_of(cell).ok_or(PartnerError::BadField { field })?;
                    fields.set_flag(field, flag);
                }
            }
        }
        let document = Document::of_cell(kind, number, &self.config.ruc_rules)?;
        Ok((document, fields.checked()?))
    }
}

/// Partners per page of an export.
const PAGE: u32 = 1_000;

/// A field of a record that is not the owner's: its name, and its value.
type Field = (&'static str, fn(&Partner) -> Value);

/// Those before the owner's fields.
const DOCUMENT: [Field; 3] = [
    ("id", |it| it.id.to_string().into()),
    ("document_type", |it| it.document.kind().as_str().into()),
    ("num_document", |it| it.document.number().into()),
];

/// Those after them.
const SUNAT: [Field; 14] = [
    ("sunat_valid", |it| it.sunat.valid.into()),
    ("sunat_state", |it| it.sunat.state.as_str().into()),
    ("sunat_condition", |it| it.sunat.condition.as_str().into()),
    ("apto_para_facturar", |it| it.sunat.fit.into()),
    ("sunat_last_check", |it| {
        it.sunat.last_check.map(time).into()
    }),
    ("sunat_reason", |it| it.sunat.reason.as_deref().into()),
    ("estado_del_contribuyente", |it| {
        it.sunat.estado.as_deref().into()
    }),
    ("condicion_de_domicilio", |it| {
        it.sunat.condicion.as_deref().into()
    }),
    ("sunat_name", |it| it.sunat.name.as_deref().into()),
    ("sunat_address", |it| it.sunat.address.as_deref().into()),
    ("sunat_ubigeo", |it| it.sunat.ubigeo.as_deref().into()),
    ("sunat_comment", |it| it.sunat.comment.as_deref().into()),
    ("created_at", |it| time(it.created_at).into()),
    ("updated_at", |it| time(it.updated_at).into()),
];

/// A partner as one flat record: the owner's fields, then SUNAT's. Fields without a value are
/// null, so that every record has the same ones.
pub fn record(partner: &Partner) -> Map<String, Value> {
    let mut record = Map::new();
    let mut put = |name: &str, value: Value| drop(record.insert(name.to_owned(), value));
    for (name, value) in DOCUMENT {
        put(name, value(partner));
    }
    for (name, text) in partner.fields.texts() {
        put(name, text.into());
    }
    for (name, flag) in partner.fields.flags() {
        put(name, flag.into());
    }
    put("is_active", partner.is_active().into());
    for (name, value) in SUNAT {
        put(name, value(partner));
    }
    record
}

/// A moment as records tell it, in Lima's time.
pub(super) fn time(at: Timestamp) -> String {
    lima_datetime(at)
        .strftime("%Y-%m-%dT%H:%M:%S-05:00")
        .to_string()
}

/// A file of partners that is being written.
struct PartnerFile<W> {
    content: Content,
    out: W,
    /// Whether nothing was put yet.
    empty: bool,
    headings: Vec<String>,
    lang: Lang,
}

enum Content {
    Csv(Box<PlainCsv>),
    Xlsx(Box<PlainXlsx>),
    Json(Vec<u8>),
    Ndjson(Vec<u8>),
}

impl<W: Write> PartnerFile<W> {
    fn begin(format: OutputFormat, lang: Lang, out: W) -> Result<PartnerFile<W>, AppError> {
        let headings = headings();
        let content = match format {
            OutputFormat::Csv => Content::Csv(Box::new(PlainCsv::begin(&headings)?)),
            OutputFormat::Xlsx => Content::Xlsx(Box::new(PlainXlsx::begin(&headings)?)),
            OutputFormat::Json => Content::Json(b"[".to_vec()),
            OutputFormat::Ndjson => Content::Ndjson(Vec::new()),
        };
        Ok(PartnerFile {
            content,
            out,
            empty: true,
            headings,
            lang,
        })
    }

    fn put(&mut self, partner: &Partner) -> Result<(), AppError> {
        let record = record(partner);
        let cells = || cells(&self.headings, &record, self.lang);
        match &mut self.content {
            Content::Csv(csv) => csv.row(&cells())?,
            Content::Xlsx(xlsx) => xlsx.row(&cells())?,
            Content::Json(text) => {
                let pretty = serde_json::to_string_pretty(&record).map_err(io::Error::from)?;
                if !self.empty {
                    text.push(b',');
                }
                // No text of JSON holds a line's end.
                for line in pretty.lines() {
                    text.extend_from_slice(b"\n  ");
                    text.extend_from_slice(line.as_bytes());
                }
            }
            Content::Ndjson(text) => {
                serde_json::to_writer(&mut *text, &record).map_err(io::Error::from)?;
                text.push(b'\n');
            }
        }
        self.empty = false;
        Ok(())
    }

    /// Lets go of what can be written already.
    fn put_away(&mut self) -> Result<(), AppError> {
        let written = match &mut self.content {
            Content::Csv(csv) => csv.written()?,
            Content::Json(text) | Content::Ndjson(text) => std::mem::take(text),
            // A workbook is written at its end.
            Content::Xlsx(_) => return Ok(()),
        };
        Ok(self.out.write_all(&written)?)
    }

    fn end(mut self) -> Result<W, AppError> {
        let last = match self.content {
            Content::Csv(csv) => csv.end()?,
            Content::Xlsx(xlsx) => xlsx.end()?,
            Content::Json(mut text) => {
                let end: &[u8] = if self.empty { b"]\n" } else { b"\n]\n" };
                text.extend_from_slice(end);
                text
            }
            Content::Ndjson(text) => text,
        };
        self.out.write_all(&last)?;
        Ok(self.out)
    }
}

/// The names of the fields of a record, also of none.
fn headings() -> Vec<String> {
    let around = |(name, _): Field| name;
    let all = DOCUMENT
        .into_iter()
        .map(around)
        .chain(PartnerFields::names());
    all.chain(SUNAT.into_iter().map(around))
        .map(str::to_owned)
        .collect()
}

fn cells(headings: &[String], record: &Map<String, Value>, lang: Lang) -> Vec<String> {
    let cell = |name: &String| match record.get(name) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Bool(true)) => lang.pick("SÍ", "YES").to_owned(),
        Some(Value::Bool(false)) => "NO".to_owned(),
        _ => String::new(),
    };
    headings.iter().map(cell).collect()
}

/// What each column holds, and the titles of those that hold nothing of ours.
fn columns_of(table: &Table, wanted: Option<&str>) -> Result<(Columns, Vec<String>), AppError> {
    let mut columns = Columns::new();
    let mut ignored: Vec<usize> = Vec::new();
    for (column, header) in table.headers.iter().enumerate() {
        let meaning = meaning_of(&fold(header), table, column);
        let known = |meaning| columns.iter().any(|(_, it)| *it == meaning);
        match meaning {
            // A list may have a column of RUCs and another one of DNIs.
            Some(meaning) if meaning == Meaning::Number || !known(meaning) => {
                columns.push((column, meaning));
            }
            _ if table.header_row.is_none() || is_ours(header) => {}
            _ => ignored.push(column),
        }
    }
    let titled: Vec<usize> = columns
        .iter()
        .filter(|(_, it)| *it == Meaning::Number)
        .map(|(column, _)| *column)
        .collect();
    let numbers = numbers_of(table, wanted, &titled)?;
    ignored.retain(|ignored| !numbers.contains(ignored));
    columns.retain(|(at, it)| *it != Meaning::Number && !numbers.contains(at));
    columns.extend(numbers.iter().map(|at| (*at, Meaning::Number)));
    ignored.extend(titled.iter().filter(|at| !numbers.contains(at)));
    ignored.sort_unstable();
    let title = |column: usize| match &table.headers[column] {
        header if is_title(header) => header.clone(),
        _ => column_letter(column),
    };
    Ok((columns, ignored.into_iter().map(title).collect()))
}

/// The columns of the documents: the one that is chosen as for any list, and those beside it whose
/// titles say document and that hold no RUC, as a list may have one of RUCs and one of DNIs.
fn numbers_of(
    table: &Table,
    wanted: Option<&str>,
    titled: &[usize],
) -> Result<Vec<usize>, AppError> {
    let chosen = match (sheets::find_column(table, wanted), titled) {
        (Ok(chosen), _) => chosen,
        (Err(ColumnError::NotFound { .. }), []) => return Err(ColumnError::OfPartners.into()),
        (Err(ColumnError::NotFound { .. }), titled) => return Ok(titled.to_vec()),
        // The RUCs of some and the DNIs of others.
        (Err(ColumnError::Ambiguous { columns, .. }), titled)
            if columns.iter().all(|it| titled.contains(it)) && complete(table, &columns) =>
        {
            return Ok(titled.to_vec());
        }
        (Err(error), _) => return Err(error.into()),
    };
    let is_titled = titled.contains(&chosen);
    let beside = |column: &usize| {
        if is_titled {
            !sheets::holds_rucs(table, *column)
        } else {
            // Values that differ from row to row under a title that says document.
            !sheets::holds_one_value(table, *column)
        }
    };
    let beside = titled.iter().copied().filter(beside);
    let mut numbers: Vec<usize> = match wanted {
        Some(_) => vec![chosen],
        None if is_titled => beside.chain([chosen]).collect(),
        None => beside.collect(),
    };
    if numbers.is_empty() {
        numbers.push(chosen);
    }
    numbers.sort_unstable();
    numbers.dedup();
    Ok(numbers)
}

/// Whether no row has something in more than one of these columns, or there is one row only.
fn complete(table: &Table, columns: &[usize]) -> bool {
    let filled = |row: &Row| {
        let filled = columns
            .iter()
            .filter(|column| !row.cell(**column).is_blank());
        filled.count()
    };
    table.rows.len() == 1 || table.rows.iter().all(|row| filled(&row) <= 1)
}

/// What a title says, folded and without its small words.
fn meaning_of(folded: &str, table: &Table, column: usize) -> Option<Meaning> {
    let words = folded
        .split(' ')
        .filter(|word| !matches!(*word, "DE" | "DEL" | "LA" | "EL" | "A" | "O" | "Y" | "ES"));
    let title = words.collect::<Vec<_>>().join(" ");
    let title = title.as_str();
    let found = TITLES
        .iter()
        .find(|(_, titles)| titles.contains(&title))
        .map(|(meaning, _)| *meaning);
    match (found, title) {
        // TIPO may be of anything.
        (None, "TIPO") if holds(table, column, is_type) => Some(Meaning::Type),
        // CLIENTE over names is the name; over yes and no it is the flag.
        (None, "CLIENTE" | "PROVEEDOR") => Some(if holds(table, column, is_flag) {
            Meaning::Flag(if title == "CLIENTE" {
                "customer"
            } else {
                "supplier"
            })
        } else {
            Meaning::Text("name")
        }),
        (found, _) => found,
    }
}

#[rustfmt::skip]
const TITLES: &[(Meaning, &[&str])] = &[
    (Meaning::Number, &[
        "NUM DOCUMENT", "NUM DOCUMENTO", "NUMERO DOCUMENTO", "NRO DOCUMENTO", "N DOCUMENTO",
        "Nº DOCUMENTO", "NUMERO DOC", "NUM DOC", "NRO DOC", "N DOC", "DOCUMENTO", "DOC",
        "DOCUMENTO IDENTIDAD", "DOC IDENTIDAD", "NUMERO DOCUMENTO IDENTIDAD", "IDENTIFICACION",
        "RUC", "NUMERO RUC", "NRO RUC", "NUM RUC", "N RUC", "Nº RUC", "RUC DNI",
        "DNI RUC", "RUC CLIENTE", "RUC PROVEEDOR", "DNI", "NRO DNI", "NUMERO DNI", "N DNI",
    ]),
    (Meaning::Type, &[
        "DOCUMENT TYPE", "TIPO DOCUMENTO", "TIPO DOC", "TIPO DOCUMENTO IDENTIDAD",
    ]),
    (Meaning::Text("name"), &[
        "NAME", "NOMBRE", "NOMBRES", "RAZON SOCIAL", "NOMBRE RAZON SOCIAL", "DENOMINACION",
        "APELLIDOS NOMBRES", "NOMBRES APELLIDOS", "EMPRESA", "NOMBRE CLIENTE", "NOMBRE PROVEEDOR",
    ]),
    (Meaning::Text("display_name"), &["DISPLAY NAME", "NOMBRE COMERCIAL", "NOMBRE CORTO", "ALIAS"]),
    (Meaning::Text("email"), &[
        "EMAIL", "E MAIL", "MAIL", "CORREO", "CORREO ELECTRONICO", "EMAIL 1", "CORREO 1",
    ]),
    (Meaning::Text("email_2"), &["EMAIL 2", "EMAIL2", "CORREO 2", "CORREO ALTERNO", "OTRO CORREO"]),
    (Meaning::Text("ref"), &["REF", "REFERENCIA", "CODIGO", "CODIGO INTERNO", "COD"]),
    (Meaning::Text("website"), &["WEBSITE", "WEB", "PAGINA WEB", "SITIO WEB"]),
    (Meaning::Text("comment"), &[
        "COMMENT", "COMENTARIO", "COMENTARIOS", "OBSERVACION", "OBSERVACIONES", "NOTA", "NOTAS",
    ]),
    (Meaning::Text("street"), &["STREET", "DIRECCION", "DOMICILIO", "DIRECCION 1", "CALLE"]),
    (Meaning::Text("street_2"), &["STREET 2", "STREET2", "DIRECCION 2"]),
    (Meaning::Text("phone"), &["PHONE", "TELEFONO", "TELEFONO FIJO", "TELEFONO 1", "FONO", "TELF"]),
    (Meaning::Text("mobile"), &["MOBILE", "CELULAR", "MOVIL", "CEL", "WHATSAPP"]),
    (Meaning::Text("latitude"), &["LATITUDE", "LATITUD"]),
    (Meaning::Text("longitude"), &["LONGITUDE", "LONGITUD"]),
    (Meaning::Text("parent"), &["PARENT", "MATRIZ", "GRUPO"]),
    (Meaning::Text("user"), &["USER", "USUARIO", "VENDEDOR", "RESPONSABLE"]),
    (Meaning::Text("payment_term"), &["PAYMENT TERM", "CONDICION PAGO", "PLAZO PAGO", "FORMA PAGO"]),
    (Meaning::Flag("is_active"), &["IS ACTIVE", "ACTIVE", "ACTIVO", "HABILITADO", "EN USO"]),
    (Meaning::Flag("foreign"), &["FOREIGN", "EXTRANJERO", "NO DOMICILIADO"]),
    (Meaning::Flag("employee"), &["EMPLOYEE", "EMPLEADO", "TRABAJADOR"]),
    (Meaning::Flag("supplier"), &["SUPPLIER"]),
    (Meaning::Flag("customer"), &["CUSTOMER"]),
    (Meaning::Flag("company"), &["COMPANY", "PERSONA JURIDICA"]),
    (Meaning::Flag("detractor"), &["DETRACTOR", "DETRACCION", "AFECTO DETRACCION"]),
    (Meaning::Flag("partner_retention"), &["PARTNER RETENTION", "RETENCION", "AGENTE RETENCION"]),
    (Meaning::Flag("invoice_end_of_month_payment"), &[
        "INVOICE END OF MONTH PAYMENT", "PAGO FIN MES", "FIN MES",
    ]),
];

/// A column that an export wrote and that only SUNAT fills.
fn is_ours(header: &str) -> bool {
    headings().iter().any(|name| name == header)
}

/// What stands where titles do in a list without any may be a number or a name: it is not shown.
fn is_title(header: &str) -> bool {
    header.chars().count() <= 40 && header.bytes().filter(u8::is_ascii_digit).count() < 5
}

/// Whether every filled cell of a column, as far as is looked, is of a kind.
fn holds(table: &Table, column: usize, is_one: fn(&Cell) -> bool) -> bool {
    let filled = table.rows.iter().filter(|row| !row.cell(column).is_blank());
    filled.take(JUDGED_ROWS).all(|row| is_one(row.cell(column)))
}

fn is_flag(cell: &Cell) -> bool {
    flag_of(cell).is_some()
}

fn is_type(cell: &Cell) -> bool {
    type_of(cell).is_some()
}

fn type_of(cell: &Cell) -> Option<DocumentType> {
    DocumentType::parse(&text_of(cell)?)
}

/// The text of a cell; none when it is the error of a formula.
fn text_of(cell: &Cell) -> Option<String> {
    match cell {
        Cell::Empty => Some(String::new()),
        Cell::Text(text) => Some(without_guard(text).to_owned()),
        Cell::Date(text) => Some(text.to_string()),
        // Telephone numbers and codes come as numbers, sometimes large ones.
        Cell::Number(number) if number.fract() == 0.0 => Some(format!("{number:.0}")),
        Cell::Number(number) => Some(number.to_string()),
        Cell::Bool(_) | Cell::Error(_) => None,
    }
}

/// The text without the apostrophe that keeps a spreadsheet from running it, which our own csv
/// has.
fn without_guard(text: &str) -> &str {
    let bare = text.strip_prefix('\'');
    bare.filter(|bare| bare.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']))
        .unwrap_or(text)
}

fn flag_of(cell: &Cell) -> Option<bool> {
    if let Cell::Bool(flag) = cell {
        return Some(*flag);
    }
    match fold(&text_of(cell)?).as_str() {
        "SI" | "S" | "YES" | "Y" | "TRUE" | "VERDADERO" | "1" | "X" => Some(true),
        "NO" | "N" | "FALSE" | "FALSO" | "0" => Some(false),
        _ => None,
    }
}
