//! A file as answers carry it where the account has it sent: in a ZIP.

use std::io::{Cursor, Write};

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::files::{AcceptedDocument, FileKind, file};

/// The file in a ZIP of its own; a CDR is one already.
pub(super) fn zipped(document: &AcceptedDocument, kind: FileKind) -> Vec<u8> {
    let content = file(document, kind);
    let end = match kind {
        FileKind::Pdf => "pdf",
        FileKind::Xml => "xml",
        FileKind::Cdr => return content,
    };
    let name = format!(
        "{}-{}-{}-{}.{end}",
        document.issuer_ruc,
        document.kind.sunat_code(),
        document.serie,
        document.numero
    );
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let written = writer
        .start_file(name, SimpleFileOptions::default())
        .and_then(|()| Ok(writer.write_all(&content)?));
    written
        .and_then(|()| writer.finish())
        .map(Cursor::into_inner)
        .expect("memory takes what is written to it")
}
