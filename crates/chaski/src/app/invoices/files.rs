//! The files of a document: what people print, the signed XML, and SUNAT's receipt.

use chaski_client::{FileKind, JournalDeed, NubefactId, SeriesName};

use super::{InvoiceError, InvoiceRoom, WantedInvoice, full_name};
use crate::app::AppError;
use crate::app::issuing::KeptFile;

/// The files of a document that were asked for.
#[derive(Debug)]
pub struct FileWish {
    /// Its name.
    pub id: NubefactId,
    /// Whether SUNAT has spoken, so that no file is still to come.
    pub ended: bool,
    /// What was asked for; nothing where there is none yet.
    pub files: Vec<(FileKind, Option<KeptFile>)>,
}

impl InvoiceRoom<'_> {
    /// Files of a document: the kept ones, and what is not kept fetched. Nobody is asked where all are kept.
    pub async fn download_files(
        &self,
        wanted: &WantedInvoice,
        kinds: &[FileKind],
    ) -> Result<FileWish, AppError> {
        let id = self.named(wanted).await?;
        let mut files = Vec::new();
        // 1. Of one that is on record here.
        let series = SeriesName::new(self.issuer.ruc.as_str(), id.kind, &id.serie);
        let bearers = self.documents_of_number(&series, id.numero, JournalDeed::Issue);
        let own = bearers.await?.into_iter().find(|it| it.reply.is_some());
        if let Some(document) = own {
            for kind in kinds {
                files.push((*kind, self.document_file(&document, *kind).await?));
            }
            let now = self.app.store.document(document.id).await?;
            let ended = now.is_some_and(|it| it.final_at.is_some());
            return Ok(FileWish { id, ended, files });
        }
        // 2. Of one that is not: they are not ours to keep.
        let reply = self.nubefact.consult(&id).await;
        let reply = reply.map_err(InvoiceError::from)?;
        let reply = reply.ok_or_else(|| InvoiceError::NoSuchDocument(full_name(&id)))?;
        for kind in kinds {
            let file = self.nubefact.file(&reply, *kind).await;
            let file = file.map_err(InvoiceError::from)?.map(|it| KeptFile {
                kind: *kind,
                hash: blake3::hash(&it.bytes).to_hex().to_string(),
                content: it.bytes.to_vec(),
                name: self.file_name(&id, *kind),
            });
            files.push((*kind, file));
        }
        let ended = reply.state().is_final();
        Ok(FileWish { id, ended, files })
    }
}
