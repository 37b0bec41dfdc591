//! What the links of an accepted document serve: its PDF, its XML and SUNAT's CDR.
//!
//! [`links`](super::links) calls [`file()`] and nothing else. An empty file is one that there is not:
//! the link answers 404.

mod markup;
mod papers;
mod pdf;
mod sale;
mod ubl;
mod ubl_amounts;
mod ubl_line;
mod ubl_parts;

use std::io::{self, Write};

use jiff::Timestamp;
use serde_json::Value;

use super::kind::IssuedKind;

/// A document that NubeFact took, and what SUNAT says of it at the moment when the file is asked
/// for.
#[derive(Clone)]
pub(crate) struct AcceptedDocument {
    /// The request as it came, but every number is a text with the digits as they were written:
    /// `"total": 118.0` is `"118.0"`. Booleans are booleans or texts, what is absent is missing,
    /// `null` or `""`, as the client sent it.
    pub(crate) body: Value,
    /// The issuer, whom the request does not name: eleven digits.
    pub(crate) issuer_ruc: String,
    pub(crate) issuer_name: String,
    pub(crate) issuer_address: String,
    pub(crate) kind: IssuedKind,
    /// Four characters.
    pub(crate) serie: String,
    pub(crate) numero: u32,
    /// When NubeFact took it. In Lima's time it is the hour of issue.
    pub(crate) accepted_at: Timestamp,
    /// The 44 characters in base64 that NubeFact calls `codigo_hash`.
    pub(crate) hash: String,
    /// `cadena_para_codigo_qr`.
    pub(crate) qr: String,
    pub(crate) sunat: SunatAnswer,
    /// The void, when it is the void's file that is asked for.
    pub(crate) void: Option<VoidNotice>,
}

/// What SUNAT has said.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct SunatAnswer {
    pub(crate) accepted: bool,
    /// `"0"` where it accepted, else the four digits of its refusal; `None` while it said nothing.
    pub(crate) code: Option<String>,
    pub(crate) description: Option<String>,
    /// Its observation: the four digits, and what they mean.
    pub(crate) note: Option<String>,
    /// Why the document could not be delivered; empty where it could.
    pub(crate) soap_error: String,
}

/// A *comunicación de baja* or a reversal.
#[derive(Clone)]
pub(crate) struct VoidNotice {
    pub(crate) motivo: String,
    pub(crate) ticket: Option<String>,
    pub(crate) requested_at: Timestamp,
}

/// Which of the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileKind {
    Pdf,
    Xml,
    /// A ZIP that holds SUNAT's answer.
    Cdr,
}

/// One file of a document. Empty: there is none.
pub(crate) fn file(document: &AcceptedDocument, kind: FileKind) -> Vec<u8> {
    match kind {
        FileKind::Pdf => pdf::pdf(document),
        FileKind::Xml => xml(document),
        FileKind::Cdr => cdr(document),
    }
}

fn xml(document: &AcceptedDocument) -> Vec<u8> {
    if let Some(void) = &document.void {
        return papers::voided(document, void);
    }
    match document.kind {
        IssuedKind::GuiaRemitente | IssuedKind::GuiaTransportista => papers::guia(document),
        IssuedKind::Retencion | IssuedKind::Percepcion => papers::withholding(document),
        _ => ubl::xml(document),
    }
}

/// `R-<RUC>-<tipo>-<serie>-<numero>.xml` in a ZIP, as SUNAT names it; none before it has spoken.
fn cdr(document: &AcceptedDocument) -> Vec<u8> {
    if document.sunat.code.is_none() {
        return Vec::new();
    }
    let name = format!(
        "R-{}-{}-{}-{}.xml",
        document.issuer_ruc,
        document.kind.sunat_code(),
        document.serie,
        document.numero
    );
    let response = papers::response(document);
    let mut archive = zip::ZipWriter::new(io::Cursor::new(Vec::new()));
    let written = archive
        .start_file(name, zip::write::SimpleFileOptions::default())
        .and_then(|()| Ok(archive.write_all(&response)?));
    match written.and_then(|()| archive.finish()) {
        Ok(bytes) => bytes.into_inner(),
        Err(_) => Vec::new(),
    }
}
