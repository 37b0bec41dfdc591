//! The room in which documents are issued: who issues, with which journal, and through what.

use std::path::Path;
use std::sync::Arc;

use chaski_client::{Ask, Journal, Nubefact, NubefactKind, SeriesCount, SeriesName};
use chaski_core::Ruc;
use chaski_core::invoicing::Known;
use chaski_sandbox::{NubefactAccount, NubefactConfig, Sandbox, SandboxConfig, StateSeal};

use super::super::issuers::{SANDBOX_ORIGIN, SANDBOX_RUTA};
use super::super::{App, AppError, Mode};
use super::{InvoiceError, document_kind};
use crate::app::issuers::Issuer;
use crate::private;
use crate::store::FolderSeal;

/// Name of the journal in the data folder.
pub const JOURNAL_FILE: &str = "emision.diario";
/// Beside it, says that it is a copy's: others may have gone on since it was taken.
pub(in crate::app) const REVIEW_FILE: &str = "emision.revisar";
/// Where the sandbox's Nubefact remembers.
const SANDBOX_FOLDER: &str = "nubefact";
/// What seals it.
const SANDBOX_SEAL: &str = "nubefact";

/// Series that are open in the sandbox from the start.
const DEMO_SERIES: [(NubefactKind, &str); 10] = [
    (NubefactKind::Factura, "FFF1"),
    (NubefactKind::Boleta, "BBB1"),
    (NubefactKind::NotaCredito, "FFF1"),
    (NubefactKind::NotaCredito, "BBB1"),
    (NubefactKind::NotaDebito, "FFF1"),
    (NubefactKind::NotaDebito, "BBB1"),
    (NubefactKind::GuiaRemitente, "TTT1"),
    (NubefactKind::GuiaTransportista, "VVV1"),
    (NubefactKind::Retencion, "RRR1"),
    (NubefactKind::Percepcion, "PPP1"),
];

/// One issuer's documents.
pub struct InvoiceRoom<'a> {
    pub(in crate::app) app: &'a App,
    /// Who issues.
    pub issuer: Issuer,
    pub(in crate::app) nubefact: Nubefact,
    pub(in crate::app) ask: Ask,
    /// Of which period the documents of lists are: the same list is issued once in each.
    pub(in crate::app) periodo: Option<String>,
}

impl App {
    /// Opens the room of an issuer: the one of that RUC, or the only one.
    pub async fn invoice_room(
        &self,
        wanted: Option<&Ruc>,
        ask: &Ask,
    ) -> Result<InvoiceRoom<'_>, AppError> {
        // 1. Who issues, and what must not be forgotten.
        let issuer = self.issuer_for(wanted).await?;
        self.prepare_issuing().await?;
        self.have_demo_series().await?;
        // 2. Through what.
        Ok(InvoiceRoom {
            app: self,
            nubefact: self.nubefact_of(&issuer, ask)?,
            issuer,
            ask: ask.clone(),
            periodo: None,
        })
    }

    /// Opens series in the sandbox, unless there are some.
    pub(in crate::app) async fn open_demo_series(&self) -> Result<(), AppError> {
        if self.mode != Mode::Sandbox {
            return Ok(());
        }
        let open = self.store.document_series().await?;
        let is_open = |wanted: &SeriesName| open.iter().any(|it| it.count.series == *wanted);
        for issuer in self.issuers().await? {
            let demo =
                DEMO_SERIES.map(|(kind, serie)| SeriesName::new(issuer.ruc.as_str(), kind, serie));
            // A process that was ended here opened some of them only.
            if !open.is_empty() && !demo.iter().any(is_open) {
                continue;
            }
            for series in demo.into_iter().filter(|it| !is_open(it)) {
                let opened = self.document_journal().open_series(&series, 0).await;
                opened.map_err(InvoiceError::from)?;
            }
        }
        Ok(())
    }

    /// Nubefact in a box, which remembers in the folder and may be used by several processes.
    pub(in crate::app) fn sandbox_of_invoices(
        &self,
        issuer: &Issuer,
        folder: &Path,
        seal: FolderSeal,
    ) -> Result<Sandbox, AppError> {
        let folder = folder.join(SANDBOX_FOLDER);
        private::make_folder(&folder)
            .and_then(|()| private::keep_folder(&folder))
            .map_err(AppError::file(&folder))?;
        let opener = seal.clone();
        let clock = self.clock;
        let config = SandboxConfig {
            nubefact: NubefactConfig {
                accounts: vec![NubefactAccount {
                    ruta: SANDBOX_RUTA.to_owned(),
                    ruc: issuer.ruc.as_str().to_owned(),
                    ..NubefactAccount::default()
                }],
                seal: Some(StateSeal {
                    seal: Arc::new(move |plain| {
                        let sealed = seal.seal_as(SANDBOX_SEAL, plain);
                        sealed.expect("the system gives random bytes")
                    }),
                    open: Arc::new(move |sealed| opener.open_as(SANDBOX_SEAL, sealed)),
                }),
                links: Some(SANDBOX_ORIGIN.to_owned()),
                ..NubefactConfig::in_folder(&folder)
            },
            ..SandboxConfig::new(move || clock.now())
        };
        Sandbox::new(config).map_err(AppError::file(&folder))
    }
}

impl InvoiceRoom<'_> {
    /// The same for the lists of a period, where one was named.
    #[must_use]
    pub fn within_period(self, periodo: Option<String>) -> Self {
        Self { periodo, ..self }
    }

    /// The series that are open.
    pub async fn series(&self) -> Result<Vec<SeriesCount>, AppError> {
        let series = self.nubefact.series().await;
        Ok(series.map_err(InvoiceError::from)?)
    }

    /// What the check wants to know of the issuer: who it is, and its series.
    pub(super) async fn known_of_issuer(&self) -> Result<Known, AppError> {
        let series = self.series().await?;
        let name = |it: &SeriesCount| (document_kind(it.series.kind), it.series.serie.to_string());
        let full = series.iter().filter(|it| it.is_full());
        Ok(Known {
            issuer: Some(self.issuer.ruc),
            restaurant: Some(self.issuer.restaurante),
            full_series: full.map(name).collect(),
            series: Some(series.iter().map(name).collect()),
            ..Known::default()
        })
    }

    pub(in crate::app) fn journal(&self) -> &Arc<dyn Journal> {
        self.nubefact.journal()
    }

    /// Who answers.
    pub fn mode(&self) -> Mode {
        self.app.mode
    }
}
