//! The files of a document: what people print, the signed XML, and SUNAT's receipt.

use chaski_client::{FetchedFile, FileKind, NubefactId, NubefactState};

use super::{InvoiceError, InvoiceRoom, WantedInvoice, full_name};
use crate::app::AppError;

/// The files of a document that were asked for.
#[derive(Debug)]
pub struct FileWish {
    /// Its name.
    pub id: NubefactId,
    /// How the document stands.
    pub state: NubefactState,
    /// What was asked for; nothing where there is none yet.
    pub files: Vec<(FileKind, Option<FetchedFile>)>,
    /// What the names of its files begin with: RUC, type, series and number.
    pub name: String,
}

impl InvoiceRoom<'_> {
    /// Fetches files of a document.
    pub async fn download_files(
        &self,
        wanted: &WantedInvoice,
        kinds: &[FileKind],
    ) -> Result<FileWish, AppError> {
        let id = self.named(wanted).await?;
        let reply = self.nubefact.consult(&id).await;
        let reply = reply.map_err(InvoiceError::from)?;
        let reply = reply.ok_or_else(|| InvoiceError::NoSuchDocument(full_name(&id)))?;
        let mut files = Vec::new();
        for kind in kinds {
            let file = self.nubefact.file(&reply, *kind).await;
            files.push((*kind, file.map_err(InvoiceError::from)?));
        }
        let (ruc, tipo) = (self.issuer.ruc.as_str(), id.kind.catalog_01());
        Ok(FileWish {
            name: format!("{ruc}-{tipo}-{id}"),
            state: reply.state(),
            files,
            id,
        })
    }
}

impl FileWish {
    /// The name of one of its files. SUNAT's receipt is an XML too, and SUNAT begins its name with R.
    pub fn file_name(&self, kind: FileKind) -> String {
        match kind {
            FileKind::Pdf | FileKind::Xml => format!("{}.{}", self.name, kind.extension()),
            FileKind::Cdr => format!("R-{}.xml", self.name),
        }
    }
}
