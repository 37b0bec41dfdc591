//! The files of a document: PDF, XML and CDR, out of the answer or from its links.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::Request;

use super::links::address_of;
use super::sniff::files_in;
use super::{Nubefact, NubefactError};
use crate::dialects::nubefact::NubefactReply;
use crate::ledger::SUCCESS;
use crate::line::Exchange;
use crate::{Error, Failure, RawAnswer};

/// A file of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FileKind {
    /// What people print.
    Pdf,
    /// The document itself, signed.
    Xml,
    /// SUNAT's receipt (*constancia de recepción*).
    Cdr,
}

/// A file, and what it is by its content.
#[derive(Clone, PartialEq, Eq)]
pub struct FetchedFile {
    /// What it is.
    pub kind: FileKind,
    /// Its bytes; out of its archive, where it was in one.
    pub bytes: Bytes,
}

impl fmt::Debug for FetchedFile {
    /// The bytes are the customer's.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "FetchedFile({:?}, {} bytes)",
            self.kind,
            self.bytes.len()
        )
    }
}

impl FileKind {
    /// The ending of its name.
    pub fn extension(self) -> &'static str {
        match self {
            FileKind::Pdf => "pdf",
            FileKind::Xml => "xml",
            FileKind::Cdr => "cdr",
        }
    }

    fn operation(self) -> &'static str {
        match self {
            FileKind::Pdf => "descargar_pdf",
            FileKind::Xml => "descargar_xml",
            FileKind::Cdr => "descargar_cdr",
        }
    }
}

/// How the manual itself ends a link to a CDR.
const MISSPELT: &str = ".crd";

/// The fields that may hold a file. The manual swaps the first two, so all are looked into.
const IN_THE_ANSWER: [&str; 3] = ["pdf_zip_base64", "xml_zip_base64", "cdr_zip_base64"];

impl Nubefact {
    /// A file of a document, out of the answer about it or from its link; none where there is none yet,
    /// as a CDR before SUNAT has answered. Links are followed to Nubefact's own hosts, or where the ruta
    /// is, and no further.
    ///
    /// ```
    /// # async fn run(nubefact: chaski_client::Nubefact) -> Result<(), Box<dyn std::error::Error>> {
    /// use chaski_client::{FileKind, NubefactId, NubefactKind};
    /// let id = NubefactId::new(NubefactKind::Factura, "FFF1", 1)?;
    /// let reply = nubefact.consult(&id).await?.ok_or("no such document")?;
    /// if let Some(pdf) = nubefact.file(&reply, FileKind::Pdf).await? {
    ///     std::fs::write("FFF1-1.pdf", &pdf.bytes)?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn file(
        &self,
        reply: &NubefactReply,
        kind: FileKind,
    ) -> Result<Option<FetchedFile>, NubefactError> {
        // 1. In the answer?
        let inside = IN_THE_ANSWER.iter().filter_map(|name| reply.text(name));
        for text in inside {
            let compact: String = text.split_whitespace().collect();
            let found = STANDARD.decode(compact).ok();
            let found = found.and_then(|bytes| wanted(&bytes.into(), kind));
            if found.is_some() {
                return Ok(found);
            }
        }
        // 2. Behind its link.
        let Some(offered) = link_of(reply, kind) else {
            return Ok(None);
        };
        let address = address_of(&offered, self.shared.dialect.ruta())?;
        let exchange = FileExchange { address, kind };
        let name = match (reply.serie(), reply.numero()) {
            (Some(serie), Some(numero)) => format!("{serie}-{numero}"),
            _ => String::new(),
        };
        let line = &self.shared.files;
        let way = self.way(line);
        let got = way.fetch(kind.operation(), &name, line, &exchange).await;
        Ok(Some(got.map_err(Error::failed)?))
    }
}

/// The link of a file. Links that do not continue the document's own have been seen with a slash or a
/// letter missing: then it is the document's link with the ending.
fn link_of(reply: &NubefactReply, kind: FileKind) -> Option<String> {
    let extension = kind.extension();
    let own = reply.text(&format!("enlace_del_{extension}"));
    let document = reply.text("enlace");
    let made = |document: &String| format!("{}.{extension}", document.trim_end_matches('/'));
    match (own, document) {
        (Some(own), Some(document)) if !own.starts_with(&document) || own.ends_with(MISSPELT) => {
            // Another host's link is theirs to choose.
            let same_begin = own.get(..12) == document.get(..12);
            Some(if same_begin { made(&document) } else { own })
        }
        (Some(own), _) => Some(own),
        // There is no receipt before SUNAT has answered.
        (None, Some(document)) => {
            (kind != FileKind::Cdr || reply.state().is_final()).then(|| made(&document))
        }
        (None, None) => None,
    }
}

fn wanted(bytes: &Bytes, kind: FileKind) -> Option<FetchedFile> {
    let files = files_in(bytes).into_iter();
    let mut files = files.map(|(kind, bytes)| FetchedFile { kind, bytes });
    files.find(|it| it.kind == kind)
}

struct FileExchange {
    address: http::Uri,
    kind: FileKind,
}

impl Exchange<FetchedFile> for FileExchange {
    /// Without a token: links need none, and it is nobody's to have.
    fn encode(&self) -> Request<Bytes> {
        let mut request = Request::new(Bytes::new());
        *request.uri_mut() = self.address.clone();
        request
    }

    fn decode(&self, answer: &RawAnswer) -> Result<FetchedFile, Failure> {
        if answer.status != 200 {
            return Err(Failure::of_status(answer.status, answer.retry_after()));
        }
        wanted(&answer.body, self.kind).ok_or(Failure::Garbled)
    }

    fn outcome(&self, _: &FetchedFile) -> &'static str {
        SUCCESS
    }
}
