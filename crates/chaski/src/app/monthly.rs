//! The monthly run: the workbooks that the configuration names become lists of documents, their customers'
//! RUCs are looked up first, and what is right is issued, once in each month.
//!
//! The original's `procesar_validacion_masiva_ruc` with `prioridad="facturacion_mensual"` did the first half and
//! handed the rest to `iniciar_proceso_facturacion`.

use std::path::{Path, PathBuf};

use chaski_core::{Ruc, lima_date, text};

use super::batches::{DocumentsInput, DocumentsSubmission, DocumentsTaken};
use super::issuing::IssuingRights;
use super::spending::Payer;
use super::{App, AppError};
use crate::scratch::Scratch;
use crate::sheets::Limits;
use crate::store::{Asker, Channel, Claim, Priority};

impl App {
    /// Hands the workbooks of the month over as lists, under a claim; how many.
    pub(crate) async fn work_monthly_lists(&self, claim: &Claim) -> Result<usize, AppError> {
        let day = lima_date(claim.job.created_at);
        let periodo = format!("{:04}-{:02}", day.year(), day.month());
        let lists = self.config.monthly_lists.iter();
        let lists = lists.map(|it| self.monthly_list(it));
        let lists = lists.collect::<Result<Vec<_>, AppError>>()?;
        let count = lists.len();
        for (issuer, path) in lists {
            let name = path.file_name().map(|it| it.to_string_lossy().into_owned());
            let read = {
                let path = path.clone();
                tokio::task::spawn_blocking(move || std::fs::read(&path))
            };
            let bytes = read.await?.map_err(AppError::file(&path))?;
            let new = DocumentsSubmission {
                input: DocumentsInput::File(Scratch::of_bytes(bytes.into())),
                name: name.unwrap_or_default(),
                issuer,
                rights: IssuingRights::default(),
                only_good: true,
                clientes: true,
                periodo: Some(periodo.clone()),
                priority: Priority::default(),
                asker: Asker::Owner(Channel::Schedule),
                payer: Payer::default(),
                most: None,
                once: None,
            };
            match self.submit_documents(new, Limits::default()).await? {
                DocumentsTaken::Batch(id) => tracing::info!(%id, "a workbook is a list"),
                // Only what is right was asked for.
                DocumentsTaken::Wrong(_) => {}
            }
        }
        self.end_work(claim).await?;
        Ok(count)
    }

    /// Who issues a workbook of the configuration, and where it is.
    fn monthly_list(&self, typed: &str) -> Result<(Option<Ruc>, PathBuf), AppError> {
        let (issuer, file) = match typed.split_once('=') {
            Some((ruc, file)) => (Some(ruc.trim()), file.trim()),
            None => (None, typed.trim()),
        };
        let issuer = issuer.map(str::parse::<Ruc>).transpose();
        let issuer = issuer.map_err(|_| {
            AppError::Usage(text!(
                "invoicing.monthly: «{typed}» no es un archivo ni RUC=archivo",
                "invoicing.monthly: \"{typed}\" is neither a file nor RUC=file"
            ))
        })?;
        let file = Path::new(file);
        let path = if file.is_absolute() {
            file.to_owned()
        } else {
            self.config.dir.join(file)
        };
        Ok((issuer, path))
    }
}
