//! Files of documents: fetched once, looked at, kept sealed under the hash of their content, and handed out.

use chaski_client::{DocumentState, FileKind, NubefactId, StoredReply};
use quick_xml::Reader;
use quick_xml::events::Event;
use rust_decimal::Decimal;
use uuid::Uuid;

use super::shelf;
use crate::app::invoices::{InvoiceError, InvoiceRoom};
use crate::app::{AppError, folder_of};
use crate::store::{DocumentRow, StoreError, StoredFile};

/// A file of a document.
#[derive(Debug, Clone)]
pub struct KeptFile {
    /// Which one.
    pub kind: FileKind,
    /// BLAKE3 of its content, hexadecimal.
    pub hash: String,
    /// Its content.
    pub content: Vec<u8>,
    /// What it is called, as SUNAT names files.
    pub name: String,
}

impl InvoiceRoom<'_> {
    /// A file of a document: the kept one or, where there is none or it is damaged, fetched now. None
    /// where there is no such file yet.
    pub async fn document_file(
        &self,
        document: &DocumentRow,
        kind: FileKind,
    ) -> Result<Option<KeptFile>, AppError> {
        let Some(numero) = document.numero.filter(|_| has_files(document.state)) else {
            return Ok(None);
        };
        let series = &document.series;
        let id = NubefactId::new(series.kind, &series.serie, numero)?;
        let name = self.file_name(&id, kind);
        // 1. Kept.
        if let Some((hash, content)) = self.kept_file(document.id, kind).await? {
            return Ok(Some(KeptFile {
                kind,
                hash,
                content,
                name,
            }));
        }
        // 2. Fetched, and named.
        let Some((file, content)) = self.fetch_file(document, &id, kind).await? else {
            return Ok(None);
        };
        let hash = file.hash.clone();
        let put = self.app.store.put_document_files(document.id, vec![file]);
        put.await?;
        Ok(Some(KeptFile {
            kind,
            hash,
            content,
            name,
        }))
    }

    /// Fetches a file that is not kept yet; what is to be written down of it once it is on the disk. None where
    /// it is kept, or there is none yet.
    pub(super) async fn missing_file(
        &self,
        document: &DocumentRow,
        kind: FileKind,
    ) -> Result<Option<StoredFile>, AppError> {
        let Some(numero) = document.numero.filter(|_| has_files(document.state)) else {
            return Ok(None);
        };
        if self.kept_file(document.id, kind).await?.is_some() {
            return Ok(None);
        }
        let series = &document.series;
        let id = NubefactId::new(series.kind, &series.serie, numero)?;
        let fetched = self.fetch_file(document, &id, kind).await?;
        Ok(fetched.map(|(file, _)| file))
    }

    /// A file as the upstream has it, looked at and on the disk.
    async fn fetch_file(
        &self,
        document: &DocumentRow,
        id: &NubefactId,
        kind: FileKind,
    ) -> Result<Option<(StoredFile, Vec<u8>)>, AppError> {
        // 1. By the links of the newest answer.
        let known = document.reply.as_ref().map(StoredReply::reply);
        let mut fetched = match &known {
            Some(reply) => self
                .nubefact
                .file(reply, kind)
                .await
                .map_err(InvoiceError::from)?,
            None => None,
        };
        if fetched.is_none() {
            let reply = self
                .nubefact
                .consult(id)
                .await
                .map_err(InvoiceError::from)?;
            if let Some(reply) = reply {
                fetched = self
                    .nubefact
                    .file(&reply, kind)
                    .await
                    .map_err(InvoiceError::from)?;
            }
        }
        let Some(fetched) = fetched else {
            return Ok(None);
        };
        // 2. Ours, by what it says of itself.
        let content = fetched.bytes.to_vec();
        if kind == FileKind::Xml && !is_xml_of(&content, id, document.sheet.total.as_deref()) {
            return Err(InvoiceError::OtherFile(document.name()).into());
        }
        // 3. On the disk before the row that names it.
        let hash = blake3::hash(&content).to_hex().to_string();
        self.keep_content(&hash, &content)?;
        let file = StoredFile {
            kind: file_code(kind).to_owned(),
            hash,
            size: content.len() as u64,
            at: self.app.clock.now(),
        };
        Ok(Some((file, content)))
    }

    async fn kept_file(
        &self,
        id: Uuid,
        kind: FileKind,
    ) -> Result<Option<(String, Vec<u8>)>, AppError> {
        let files = self.app.store.document_files(id).await?;
        let Some(file) = files.into_iter().find(|it| it.kind == file_code(kind)) else {
            return Ok(None);
        };
        let folder = folder_of(&self.app.config, self.app.mode);
        let sealed = std::fs::read(shelf::place_of(&folder, &file.hash));
        let plain = sealed.ok().and_then(|sealed| {
            let seal = self.app.store.folder_seal();
            seal.open_as(&file.hash, &sealed)
        });
        let is_whole = |it: &Vec<u8>| blake3::hash(it).to_hex().as_str() == file.hash;
        if let Some(content) = plain.filter(is_whole) {
            return Ok(Some((file.hash, content)));
        }
        tracing::warn!("a file of a document is missing or damaged and is fetched again");
        self.app
            .store
            .forget_document_file(id, file_code(kind))
            .await?;
        Ok(None)
    }

    fn keep_content(&self, hash: &str, content: &[u8]) -> Result<(), AppError> {
        let folder = folder_of(&self.app.config, self.app.mode);
        let sealed = self.app.store.folder_seal().seal_as(hash, content);
        let sealed = sealed.map_err(|_| StoreError::Corrupt)?;
        let path = shelf::place_of(&folder, hash);
        shelf::keep(&folder, hash, &sealed).map_err(AppError::file(&path))
    }

    /// What a file is called: RUC, type, series and number; SUNAT begins the name of its receipt with R.
    pub(in crate::app) fn file_name(&self, id: &NubefactId, kind: FileKind) -> String {
        let (ruc, tipo) = (self.issuer.ruc.as_str(), id.kind.catalog_01());
        match kind {
            FileKind::Pdf | FileKind::Xml => format!("{ruc}-{tipo}-{id}.{}", kind.extension()),
            FileKind::Cdr => format!("R-{ruc}-{tipo}-{id}.xml"),
        }
    }
}

/// Whether a document exists. What Nubefact has under the number of another one is a stranger's.
fn has_files(state: DocumentState) -> bool {
    match state {
        DocumentState::Queued
        | DocumentState::Sending
        | DocumentState::InDoubt
        | DocumentState::Held
        | DocumentState::Returned
        | DocumentState::Conflict
        | DocumentState::Released => false,
        DocumentState::Pending
        | DocumentState::Accepted
        | DocumentState::Observed
        | DocumentState::Rejected
        | DocumentState::VoidPending
        | DocumentState::Voided => true,
    }
}

/// Stable name of a kind of file.
fn file_code(kind: FileKind) -> &'static str {
    match kind {
        FileKind::Pdf => "pdf",
        FileKind::Xml => "xml",
        FileKind::Cdr => "cdr",
    }
}

/// Whether an XML is of a document: series and number, and the total where both tell one. What is no UBL
/// document at all is nobody's.
fn is_xml_of(content: &[u8], id: &NubefactId, total: Option<&str>) -> bool {
    let mut reader = Reader::from_reader(content);
    let (mut path, mut name, mut payable) = (Vec::<String>::new(), None, None);
    while let Ok(event) = reader.read_event() {
        match event {
            Event::Start(tag) => path.push(tag.local_name().as_ref().to_owned()),
            Event::End(_) => drop(path.pop()),
            Event::Text(text) => {
                let place: Vec<&str> = path.iter().map(String::as_str).collect();
                let text = text.trim().to_owned();
                match place[..] {
                    [_, "ID"] if name.is_none() => name = Some(text),
                    [
                        _,
                        "LegalMonetaryTotal" | "RequestedMonetaryTotal",
                        "PayableAmount",
                    ] => {
                        payable = Some(text);
                    }
                    _ => {}
                }
            }
            Event::Eof => break,
            _ => {}
        }
    }
    let is_named = name.as_deref().and_then(|it| it.rsplit_once('-'));
    let is_named = is_named.is_some_and(|(serie, numero)| {
        serie.eq_ignore_ascii_case(&id.serie) && numero.parse() == Ok(id.numero)
    });
    let amount = |text: &str| text.parse::<Decimal>().ok();
    let same_total = match (payable.as_deref().and_then(amount), total.and_then(amount)) {
        (Some(told), Some(ours)) => told == ours,
        _ => true,
    };
    is_named && same_total
}

#[cfg(test)]
mod tests {
    use chaski_client::NubefactKind;

    use super::*;

    #[test]
    fn a_file_says_whose_it_is() {
        let id = NubefactId::new(NubefactKind::Factura, "FFF1", 7).unwrap();
        let xml = |name: &str, total: &str| {
            format!(
                "<Invoice xmlns:cbc=\"b\"><ext><cbc:ID>X</cbc:ID></ext><cbc:ID>{name}</cbc:ID>\
                 <cac:LegalMonetaryTotal><cbc:PayableAmount currencyID=\"PEN\">{total}\
                 </cbc:PayableAmount></cac:LegalMonetaryTotal></Invoice>"
            )
        };
        let is_ours = |xml: String| is_xml_of(xml.as_bytes(), &id, Some("118.00"));
        assert!(is_ours(xml("FFF1-7", "118.00")));
        assert!(is_ours(xml("fff1-00000007", "118.0")));
        assert!(!is_ours(xml("FFF1-8", "118.00")), "another number");
        assert!(!is_ours(xml("FFF1-7", "118.01")), "another total");
        assert!(!is_ours("<html><body>FFF1-7</body></html>".to_owned()));
        assert!(!is_ours(String::new()));
    }
}
