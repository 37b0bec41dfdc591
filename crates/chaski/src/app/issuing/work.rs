//! One thing that is due about one document: it is sent, asked about, followed or voided, once. The queue
//! is the loop; nothing here repeats anything, but for a number that turned out to be a stranger's.

use std::time::Duration;

use chaski_client::{
    Ask, Blocked, DocumentState, Intent, IssueSettled, IssueTurn, JournalDeed, NextDeed,
    NubefactDocument, NubefactId, NubefactRefusal, NubefactState, StoredReply, VoidSettled,
    VoidWish,
};
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use super::accept::asker_of;
use crate::app::invoices::{InvoiceError, InvoiceRoom};
use crate::app::{App, AppError};
use crate::store::{DocumentRow, DocumentSheet, DueDocument, IssuerHold, VoidRecord};

/// How often a document takes the next number because its own was a stranger's, before somebody is told.
const MOST_RENUMBERED: usize = 20;
/// First pause before an account that is not served is tried again, and the longest.
const HOLD: (Duration, Duration) = (Duration::from_secs(30), Duration::from_mins(15));

impl App {
    /// Does what is due about a document. What the upstream cannot be told of is due again later. It is sent when
    /// its `turn` comes; one that does not come leaves it as it is.
    pub async fn work_document(&self, due: &DueDocument, turn: IssueTurn) -> Result<(), AppError> {
        let Some(document) = self.store.document(due.id).await? else {
            return Ok(());
        };
        let Some((next, was_due)) = document.next else {
            return Ok(());
        };
        let ruc = document.series.issuer.parse().ok();
        let ask = asker_of(&document, &Ask::default());
        let room = self.invoice_room(ruc.as_ref(), &ask).await?;
        match (next, document.deed) {
            (NextDeed::Issue, _) => match room.send_in_turn(&document, turn).await? {
                // It is on its way to SUNAT, and nothing is to be put off.
                IssueSettled::Accepted(_) | IssueSettled::NotItsTurn => return Ok(()),
                _ => room.redate_document(document.id).await?,
            },
            (NextDeed::Resolve, _) => room.resolve_document(&document).await?,
            (NextDeed::Follow, _) => room.follow_document(&document).await?,
            (NextDeed::Void, _) => room.void_document(&document).await.map(drop)?,
        }
        // What told nothing new is done again after a pause.
        let now = self.clock.now();
        Ok(self.store.put_off(document.id, was_due, now).await?)
    }
}

impl InvoiceRoom<'_> {
    /// Sends a document, or asks about it first where that has to be. The caller has the seat.
    pub(in crate::app) async fn send_document(
        &self,
        document: &DocumentRow,
    ) -> Result<IssueSettled, AppError> {
        self.send_in_turn(document, IssueTurn::default()).await
    }

    /// The same of a document that goes out behind another.
    async fn send_in_turn(
        &self,
        document: &DocumentRow,
        mut turn: IssueTurn,
    ) -> Result<IssueSettled, AppError> {
        let to_send = self.read_to_send(document).await?;
        let mut renumbered = 0;
        loop {
            let now = self.app.clock.now();
            let key = &document.sheet.clave;
            let intent = Intent {
                renumber: document.renumber,
                ..Intent::to_issue(self.nubefact.issuer(), key, &to_send, now)
            };
            let turn = std::mem::take(&mut turn);
            let settled = self.nubefact.settle_in_turn(intent, turn).await;
            let settled = settled.map_err(InvoiceError::from)?;
            self.note_hold(document, &settled, now).await?;
            match &settled {
                IssueSettled::Conflict { .. }
                    if document.renumber && renumbered < MOST_RENUMBERED =>
                {
                    renumbered += 1;
                }
                IssueSettled::Blocked(Blocked::GivenUp(_)) => return Ok(settled),
                // It was changed since it was read, and is due as it is now.
                IssueSettled::Blocked(Blocked::OtherContent(_))
                    if self.read_to_send(document).await?.content_hash()
                        != to_send.content_hash() =>
                {
                    return Ok(settled);
                }
                IssueSettled::Blocked(blocked) => {
                    let code = crate::app::invoices::blocked_code(blocked);
                    self.app
                        .store
                        .return_document(document.id, code, now)
                        .await?;
                    return Ok(settled);
                }
                _ => return Ok(settled),
            }
        }
    }

    /// What is going to be sent, once its series were walked where a copy was restored.
    async fn read_to_send(&self, document: &DocumentRow) -> Result<NubefactDocument, AppError> {
        self.review_series().await?;
        let draft = self.app.store.document_draft(document.id).await?;
        let draft = draft.ok_or(InvoiceError::NotIssuable)?;
        Ok(NubefactDocument::from_json(&draft)?)
    }

    /// An account that is not served holds all of its documents; one that is served again lets them go.
    async fn note_hold(
        &self,
        document: &DocumentRow,
        settled: &IssueSettled,
        now: Timestamp,
    ) -> Result<(), AppError> {
        let store = &self.app.store;
        if !self.app.may_hold() && !matches!(settled, IssueSettled::Held { .. }) {
            return Ok(());
        }
        let holds = store.issuer_holds().await?;
        let before = holds.into_iter().find(|it| it.company == document.company);
        match settled {
            IssueSettled::Held {
                refusal,
                retry_after,
                ..
            } => {
                let tries = before.as_ref().map_or(0, |it| it.tries.saturating_add(1));
                let usual = HOLD.0.saturating_mul(1 << tries.min(10)).min(HOLD.1);
                let pause = SignedDuration::try_from(retry_after.unwrap_or(usual));
                let until = now.saturating_add(pause.unwrap_or_default()).unwrap_or(now);
                let code = refusal
                    .codigo
                    .map_or_else(|| "429".to_owned(), |it| it.to_string());
                if before.is_none() {
                    tracing::warn!(code, "Nubefact works on nothing of an account for now");
                }
                let hold = IssuerHold {
                    company: document.company.clone(),
                    since: before.map_or(now, |it| it.since),
                    code,
                    until,
                    tries,
                };
                store.hold_issuer(hold).await?;
                self.app.told_hold();
            }
            IssueSettled::Accepted(_) | IssueSettled::Refused { .. } if before.is_some() => {
                store.release_issuer(document.company.clone(), now).await?;
                tracing::info!("Nubefact works on an account again");
            }
            _ => {}
        }
        Ok(())
    }

    /// Asks what became of a document that is not wanted any more.
    async fn resolve_document(&self, document: &DocumentRow) -> Result<(), AppError> {
        let key = &document.sheet.clave;
        let entry = self.journal().by_key(self.nubefact.issuer(), key).await;
        if let Some(entry) = entry.map_err(InvoiceError::from)? {
            let settled = self.nubefact.resolve(&entry).await;
            let _told = settled.map_err(InvoiceError::from)?;
        }
        Ok(())
    }

    /// Asks how a document stands with SUNAT.
    async fn follow_document(&self, document: &DocumentRow) -> Result<(), AppError> {
        let Some(numero) = document.numero else {
            return Ok(());
        };
        let series = &document.series;
        let id = NubefactId::new(series.kind, &series.serie, numero)?;
        let reply = self.nubefact.consult(&id).await;
        match reply.map_err(InvoiceError::from) {
            Ok(_) => Ok(()),
            // Nobody answered, or the account is not served: later.
            Err(InvoiceError::Nubefact(error)) => {
                tracing::debug!(%error, "a document could not be asked about");
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Voids what a document's void is of. The caller has the seat.
    pub(in crate::app) async fn void_document(
        &self,
        void: &DocumentRow,
    ) -> Result<VoidSettled, AppError> {
        let numero = void.numero.ok_or(InvoiceError::NotIssuable)?;
        let id = NubefactId::new(void.series.kind, &void.series.serie, numero)?;
        let settled = self.nubefact.void(&void_wish(id, &void.sheet)?).await;
        let settled = settled.map_err(InvoiceError::from)?;
        let (now, store) = (self.app.clock.now(), &self.app.store);
        // What the journal was not told of, because nothing was sent.
        let record = match &settled {
            VoidSettled::Voided(_) => Some(VoidRecord::Voided),
            VoidSettled::TooLate { .. } => Some(VoidRecord::Returned("anulacion_fuera_de_plazo")),
            VoidSettled::NotFound => Some(VoidRecord::Returned("comprobante_no_existe")),
            VoidSettled::NothingToVoid => Some(VoidRecord::Returned("anulacion_sin_objeto")),
            VoidSettled::NotHere => Some(VoidRecord::Returned("anulacion_en_sol")),
            VoidSettled::Rejected(_) => Some(VoidRecord::Returned("anulacion_rechazada")),
            _ => None,
        };
        if let Some(record) = record {
            store.record_void(void.id, record, now).await?;
        }
        Ok(settled)
    }
}

/// What is wanted of a void, by what is kept of it.
fn void_wish(id: NubefactId, sheet: &DocumentSheet) -> Result<VoidWish, AppError> {
    let wish = match sheet.motivo.as_deref().map(str::trim) {
        None | Some("") => VoidWish::without_motivo(id)?,
        Some(motivo) => VoidWish::new(id, motivo)?,
    };
    let wish = match &sheet.codigo_unico {
        Some(codigo) => wish.codigo_unico(codigo),
        None => wish,
    };
    Ok(if sheet.sin_aceptar {
        wish.even_if_unaccepted()
    } else {
        wish
    })
}

/// How long a void that was handed over to another process is waited for, and how often it is looked at.
const HANDED_OVER: (Duration, Duration) = (Duration::from_mins(2), Duration::from_millis(50));

/// How often a seat that another process has is tried by whoever waits for it.
pub(in crate::app) const TRY_SEAT: Duration = Duration::from_secs(1);

impl InvoiceRoom<'_> {
    /// Waits until whoever issues with this folder has seen to a void.
    pub(in crate::app) async fn wait_for_void(
        &self,
        void: &DocumentRow,
    ) -> Result<VoidSettled, AppError> {
        let until = Instant::now() + HANDED_OVER.0;
        let mut seat_at = Instant::now() + TRY_SEAT;
        while Instant::now() < until {
            let now = self.app.store.document(void.id).await?;
            let Some(now) = now else { break };
            let reply = || now.reply.as_ref().map(StoredReply::reply);
            match (now.state, now.code.as_deref()) {
                (DocumentState::Voided, _) => return Ok(VoidSettled::Voided(reply())),
                (DocumentState::VoidPending, _) => {
                    if let Some(reply) = reply() {
                        return Ok(VoidSettled::Ticket(reply));
                    }
                }
                (DocumentState::Returned, Some("anulacion_sin_objeto")) => {
                    return Ok(VoidSettled::NothingToVoid);
                }
                (DocumentState::Returned, Some("comprobante_no_existe")) => {
                    return Ok(VoidSettled::NotFound);
                }
                (DocumentState::Returned, Some("anulacion_en_sol")) => {
                    return Ok(VoidSettled::NotHere);
                }
                (DocumentState::Returned, Some("anulacion_fuera_de_plazo")) => {
                    let issued_on = now.issued_on.unwrap_or(jiff::civil::Date::MIN);
                    return Ok(VoidSettled::TooLate { issued_on });
                }
                (DocumentState::Returned, Some("anulacion_rechazada")) => {
                    if let Some(reply) = reply() {
                        return Ok(VoidSettled::Rejected(reply));
                    }
                }
                (DocumentState::Returned, Some(code)) => {
                    return Ok(VoidSettled::Refused(refusal(code)));
                }
                (DocumentState::Held, code) => {
                    return Ok(VoidSettled::Held {
                        refusal: refusal(code.unwrap_or_default()),
                        retry_after: None,
                    });
                }
                (DocumentState::Queued, _) if now.tries > 0 => {
                    return Ok(VoidSettled::Waits(NubefactState::Pending));
                }
                _ => {}
            }
            // Whoever had the seat may have ended since.
            if Instant::now() >= seat_at {
                seat_at = Instant::now() + TRY_SEAT;
                if let Some(_seat) = self.app.take_issuer_seat().await? {
                    return self.void_document(&now).await;
                }
            }
            tokio::time::sleep(HANDED_OVER.1).await;
        }
        Ok(VoidSettled::Unknown {
            why: "por_consultar".to_owned(),
        })
    }
}

/// What was refused, as far as it is on record.
fn refusal(code: &str) -> NubefactRefusal {
    NubefactRefusal {
        codigo: code.parse().ok(),
        text: code.to_owned(),
    }
}

impl DueDocument {
    /// Whether it goes out as a document: then it waits for its turn in its series.
    pub fn is_issue(&self) -> bool {
        self.next == NextDeed::Issue && self.deed == JournalDeed::Issue
    }
}
