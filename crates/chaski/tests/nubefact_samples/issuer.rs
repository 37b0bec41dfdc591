//! A case that goes through the issuer: each try is a process of its own, with nothing in common with the
//! one before but the journal's file.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chaski_client::{
    FileJournal, FileJournalOptions, IssueSettled, Nubefact, NubefactDocument, NubefactId,
    NubefactKind, NubefactReply, NubefactState, VoidSettled, VoidWish,
};
use chaski_core::invoicing::TaxDocument;
use chaski_core::{Lang, lima_date, lima_datetime};
use serde_json::Value;

use crate::case::SampleCase;
use crate::desk::{RUTA, SampleDesk, TOKEN, ToSandbox};

/// The first wait between two tries; each is twice the one before, up to a quarter of an hour.
const FIRST_WAIT: Duration = Duration::from_secs(5);
const LONGEST_WAIT: Duration = Duration::from_mins(15);

/// What became of it.
pub(crate) struct SampleSettled {
    /// Its state once nothing more happens that day.
    pub(crate) estado: String,
    /// What was told of it at last.
    pub(crate) message: String,
    /// What came into being of it.
    pub(crate) issued: usize,
}

/// Sends the case through the issuer until nothing more happens that day.
pub(crate) async fn issued(
    sample: &SampleCase,
    desk: &SampleDesk,
    checked: Option<&TaxDocument>,
) -> Result<SampleSettled, String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let journal = folder.path().join("emision.diario");
    for before in &sample.before {
        if before.by_stranger {
            desk.issue_before(before).await?;
            continue;
        }
        desk.set(before.now)?;
        let document = NubefactDocument::from_json(&before.body).map_err(shown)?;
        let (estado, _) = document_of(desk, &journal, &document, "antes").await?;
        if estado == "DEVUELTO" {
            return Err("«antes» was refused".to_owned());
        }
        desk.set(desk.clock.now())?;
    }
    let before = desk.entries_after(0)?.len() as u64;
    desk.arm(&sample.faults)?;
    let (estado, message) = if sample.operation.contains("anulacion") {
        void_of(desk, &journal, &sample.body).await?
    } else {
        // As the program does: what the check made of it, where that can be sent.
        let document = match checked {
            Some(document) => NubefactDocument::of(document),
            None => NubefactDocument::from_json(&sample.body),
        };
        document_of(desk, &journal, &document.map_err(shown)?, &sample.id).await?
    };
    // What is late comes within it.
    tokio::time::sleep(LONGEST_WAIT).await;
    Ok(SampleSettled {
        estado,
        message,
        issued: desk.accepted_after(before)?,
    })
}

/// A client as a new process has it.
fn opened(desk: &SampleDesk, journal: &Path) -> Result<Nubefact, String> {
    let journal = FileJournal::open(journal, FileJournalOptions::default());
    let journal = journal.map_err(|error| error.message(Lang::En))?;
    let nubefact = Nubefact::builder(RUTA, TOKEN)
        .clock(desk.clock)
        .transport(Arc::new(ToSandbox(desk.sandbox.clone())))
        .journal(journal)
        .build();
    nubefact.map_err(|error| error.message(Lang::En))
}

async fn document_of(
    desk: &SampleDesk,
    journal: &Path,
    document: &NubefactDocument,
    key: &str,
) -> Result<(String, String), String> {
    let mut waits = Waits::of_the_day(desk);
    loop {
        let nubefact = opened(desk, journal)?;
        let opened = nubefact.open_series(document.kind(), document.serie(), 0);
        opened.await.map_err(shown)?;
        let settled = nubefact.issue(document, key).await.map_err(shown)?;
        let message = settled.message(Lang::En);
        match &settled {
            IssueSettled::Accepted(issued) => {
                let id = issued.entry.document();
                let last = issued.reply.clone();
                drop(nubefact);
                return watched(desk, journal, &id, last, waits, message).await;
            }
            IssueSettled::Refused { .. }
            | IssueSettled::Conflict { .. }
            | IssueSettled::Blocked(_) => return Ok((settled.estado().to_owned(), message)),
            // Held, in doubt, not sent: the same wish again, later.
            _ if waits.next().await => {}
            _ => return Ok((settled.estado().to_owned(), message)),
        }
    }
}

/// An issued document, asked about until its state is final or the day is over.
async fn watched(
    desk: &SampleDesk,
    journal: &Path,
    id: &NubefactId,
    mut last: NubefactReply,
    mut waits: Waits<'_>,
    message: String,
) -> Result<(String, String), String> {
    while !last.state().is_final() && waits.next().await {
        // What cannot be told now is asked again.
        if let Ok(Some(reply)) = opened(desk, journal)?.consult(id).await {
            last = reply;
        }
    }
    Ok((last.state().as_str().to_owned(), message))
}

async fn void_of(
    desk: &SampleDesk,
    journal: &Path,
    body: &[u8],
) -> Result<(String, String), String> {
    let asked: Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let number = |name: &str| asked[name].to_string().trim_matches('"').parse::<u32>();
    let kind = number("tipo_de_comprobante")
        .ok()
        .and_then(NubefactKind::of_number);
    let kind = kind.ok_or("no such tipo_de_comprobante")?;
    let numero = number("numero").map_err(|error| error.to_string())?;
    let serie = asked["serie"].as_str().unwrap_or_default();
    let id = NubefactId::new(kind, serie, numero).map_err(|error| error.message(Lang::En))?;
    let motivo = asked["motivo"].as_str().unwrap_or("PRUEBA");
    let wish = VoidWish::new(id.clone(), motivo).map_err(|error| error.message(Lang::En))?;
    let mut waits = Waits::of_the_day(desk);
    loop {
        let nubefact = opened(desk, journal)?;
        let settled = nubefact.void(&wish).await.map_err(shown)?;
        let is_over = matches!(
            settled,
            VoidSettled::Voided(_)
                | VoidSettled::Rejected(_)
                | VoidSettled::TooLate { .. }
                | VoidSettled::NotFound
                | VoidSettled::NothingToVoid
                | VoidSettled::NotHere
                | VoidSettled::Refused(_)
        );
        if is_over || !waits.next().await {
            // Where the void changed nothing, the document is as it was.
            let reply = nubefact.consult(&id).await.ok().flatten();
            let state = reply.map_or(NubefactState::Pending, |it| it.state());
            let estado = settled.estado().unwrap_or(state.as_str());
            return Ok((estado.to_owned(), settled.message(Lang::En)));
        }
    }
}

/// The moments of a day at which something is tried again.
struct Waits<'d> {
    desk: &'d SampleDesk,
    wait: Duration,
}

impl<'d> Waits<'d> {
    fn of_the_day(desk: &'d SampleDesk) -> Waits<'d> {
        Waits {
            desk,
            wait: FIRST_WAIT,
        }
    }

    /// Waits for the next moment; none where it would be tomorrow in Lima.
    async fn next(&mut self) -> bool {
        let now = self.desk.clock.now();
        if lima_date(now + self.wait) != lima_datetime(now).date() {
            return false;
        }
        tokio::time::sleep(self.wait).await;
        self.wait = (self.wait * 2).min(LONGEST_WAIT);
        true
    }
}

fn shown(error: impl std::fmt::Display) -> String {
    error.to_string()
}
