//! A list of documents as it is kept with its batch, sealed: its cells, what each document says, and what was
//! found. Everything that may be a person's number is text, so that one can be masked and the rest be read.

use chaski_core::invoicing::{DocumentKind, Findings, InvoiceFinding, JsonValue, codes};
use chaski_core::{Ruc, Severity, Text};
use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::super::input::KeptCell;
use crate::app::AppError;
use crate::app::invoices::{CheckedRows, CheckedWorkbook, PlacedFinding, SheetSide, SheetSpot};
use crate::sheets::{Encoding, RawSheet, Row, SheetBook, SheetLooks, SourceKind};
use crate::store::StoreError;

/// A list and for whom it is issued.
#[derive(Serialize, Deserialize)]
pub(super) struct KeptDocuments {
    emisor: String,
    /// Series of whoever handed it over; all where none is named.
    pub(super) series: Vec<String>,
    momento: String,
    /// The separator where it was a CSV.
    separador: Option<char>,
    principal: KeptSheet,
    anexa: Option<KeptSheet>,
    documentos: Vec<KeptDocument>,
    hallazgos: Vec<KeptFinding>,
}

#[derive(Serialize, Deserialize)]
struct KeptSheet {
    nombre: String,
    filas: Vec<(u32, Vec<KeptCell>)>,
    /// JSON of its looks, as text: what cannot be read any more has none.
    aspecto: String,
}

#[derive(Serialize, Deserialize)]
struct KeptDocument {
    nombre: String,
    clave: String,
    referencia: Option<String>,
    /// JSON of the document, as text: where a number was masked it may be none.
    forma: String,
    filas: Vec<u32>,
    tipo: Option<String>,
    moneda: Option<u8>,
    gravada: Option<String>,
    igv: Option<String>,
    total: Option<String>,
    cliente: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct KeptFinding {
    anexa: bool,
    fila: u32,
    columna: Option<usize>,
    documento: Option<usize>,
    gravedad: String,
    codigo: String,
    campo: String,
    esperado: Option<String>,
    mensaje: (String, String),
    accion: (String, String),
}

impl KeptDocuments {
    pub(super) fn of(ruc: &Ruc, series: &[String], checked: &CheckedWorkbook) -> KeptDocuments {
        KeptDocuments {
            emisor: ruc.as_str().to_owned(),
            series: series.to_vec(),
            momento: checked.at.to_string(),
            separador: match checked.book.source {
                SourceKind::Csv { separator, .. } => Some(separator),
                _ => None,
            },
            principal: KeptSheet::of(&checked.book.main),
            anexa: checked.book.beside.as_ref().map(KeptSheet::of),
            documentos: checked.documents.iter().map(KeptDocument::of).collect(),
            hallazgos: checked.findings.iter().map(KeptFinding::of).collect(),
        }
    }

    pub(super) fn to_bytes(&self) -> Result<Vec<u8>, AppError> {
        Ok(serde_json::to_vec(self).map_err(std::io::Error::from)?)
    }

    pub(super) fn of_bytes(bytes: &[u8]) -> Result<KeptDocuments, AppError> {
        Ok(serde_json::from_slice(bytes).map_err(std::io::Error::from)?)
    }

    /// Who issues.
    pub(super) fn issuer(&self) -> Result<Ruc, AppError> {
        Ok(self.emisor.parse().map_err(|_| StoreError::Corrupt)?)
    }

    /// The same as when it was checked.
    pub(super) fn into_checked(self) -> Result<CheckedWorkbook, AppError> {
        let main = self.principal.into_sheet();
        let source = match self.separador {
            Some(separator) => SourceKind::Csv {
                separator,
                encoding: Encoding::Utf8,
            },
            None => SourceKind::Xlsx {
                sheet: main.name.clone(),
            },
        };
        let book = SheetBook {
            source,
            main,
            beside: self.anexa.map(KeptSheet::into_sheet),
            others: Vec::new(),
        };
        let documents = self.documentos.into_iter();
        let documents = documents.map(KeptDocument::into_rows).collect();
        let findings = self.hallazgos.into_iter();
        let findings = findings.filter_map(KeptFinding::into_placed).collect();
        let at = self.momento.parse().unwrap_or(Timestamp::UNIX_EPOCH);
        CheckedWorkbook::of_parts(book, documents, findings, at)
    }
}

impl KeptSheet {
    fn of(sheet: &RawSheet) -> KeptSheet {
        let row = |row: &Row| (row.number, row.cells.iter().map(KeptCell::of).collect());
        KeptSheet {
            nombre: sheet.name.clone(),
            filas: sheet.rows.iter().map(row).collect(),
            aspecto: serde_json::to_string(&sheet.looks).unwrap_or_default(),
        }
    }

    fn into_sheet(self) -> RawSheet {
        let row = |(number, cells): (u32, Vec<KeptCell>)| Row {
            number,
            cells: cells.into_iter().map(KeptCell::into_cell).collect(),
        };
        let looks: Option<SheetLooks> = serde_json::from_str(&self.aspecto).ok();
        RawSheet {
            name: self.nombre,
            rows: self.filas.into_iter().map(row).collect(),
            looks: looks.unwrap_or_default(),
        }
    }
}

impl KeptDocument {
    fn of(rows: &CheckedRows) -> KeptDocument {
        let amount = |it: Option<Decimal>| it.map(|it| it.to_string());
        KeptDocument {
            nombre: rows.key.clone(),
            clave: rows.clave.clone(),
            referencia: rows.referencia.clone(),
            forma: rows.form.to_string(),
            filas: rows.rows.clone(),
            tipo: rows.kind.map(|it| it.as_str().to_owned()),
            moneda: rows.moneda,
            gravada: amount(rows.gravada),
            igv: amount(rows.igv),
            total: amount(rows.total),
            cliente: rows.cliente.clone(),
        }
    }

    fn into_rows(self) -> CheckedRows {
        let amount = |it: Option<String>| it.and_then(|it| it.parse().ok());
        // A document that cannot be read any more says nothing, and is not issued.
        let form = JsonValue::parse(self.forma.as_bytes());
        CheckedRows {
            key: self.nombre,
            kind: self.tipo.as_deref().and_then(DocumentKind::parse),
            rows: self.filas,
            worst: None,
            moneda: self.moneda,
            gravada: amount(self.gravada),
            igv: amount(self.igv),
            total: amount(self.total),
            cliente: self.cliente,
            referencia: self.referencia,
            clave: self.clave,
            serie: None,
            numero: None,
            form: form.unwrap_or(JsonValue::Null),
        }
    }
}

impl KeptFinding {
    fn of(found: &PlacedFinding) -> KeptFinding {
        let finding = &found.finding;
        let both = |it: &Text| (it.es.clone(), it.en.clone());
        KeptFinding {
            anexa: found.spot.side == SheetSide::Beside,
            fila: found.spot.row,
            columna: found.spot.column,
            documento: found.document,
            gravedad: finding.severidad.as_str().to_owned(),
            codigo: finding.codigo.to_owned(),
            campo: finding.campo.clone(),
            esperado: finding.esperado.clone(),
            mensaje: both(&finding.mensaje),
            accion: both(&finding.accion),
        }
    }

    /// None of a code that another version had.
    fn into_placed(self) -> Option<PlacedFinding> {
        let text = |(es, en): (String, String)| Text { es, en };
        let all = [Severity::Aviso, Severity::Observacion, Severity::Error];
        let mut finding = finding_of(&self.codigo, self.campo)?;
        finding.severidad = all.into_iter().find(|it| it.as_str() == self.gravedad)?;
        finding.esperado = self.esperado;
        (finding.mensaje, finding.accion) = (text(self.mensaje), text(self.accion));
        let side = if self.anexa {
            SheetSide::Beside
        } else {
            SheetSide::Main
        };
        Some(PlacedFinding {
            spot: SheetSpot {
                side,
                row: self.fila,
                column: self.columna,
            },
            document: self.documento,
            finding,
        })
    }
}

/// A finding of a code, by its name.
pub(super) fn finding_of(codigo: &str, campo: String) -> Option<InvoiceFinding> {
    let is_meant = |it: &&&codes::InvoiceCode| {
        it.codigo == codigo || it.boleta.is_some_and(|(other, _)| other == codigo)
    };
    let code = codes::ALL.iter().find(is_meant)?;
    let mut findings = Findings::new();
    findings.use_boleta_codes(code.codigo != codigo);
    findings.add(code, campo);
    findings.list().first().cloned()
}
