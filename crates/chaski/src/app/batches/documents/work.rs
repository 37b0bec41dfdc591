//! One run of a list of documents, under the claim of its job. It hands documents over to the queue of issuing
//! and notes what came of each; whoever has the seat sends them. It may be cut off anywhere: what was handed
//! over is known by its place in the list and by its key.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::time::Duration;

use chaski_client::{Budget, DocumentState, JournalDeed};
use chaski_core::Ruc;
use tokio::time::Instant;
use uuid::Uuid;

use super::super::submit::{AT_A_TIME, BatchOptions};
use super::kept::KeptDocuments;
use super::submit::WRONG;
use crate::app::cost::Cost;
use crate::app::invoices::{CheckedRows, InvoicePlan, InvoiceRoom};
use crate::app::issuing::{AcceptOptions, IssuingRights};
use crate::app::job_kind::job_of;
use crate::app::{App, AppError};
use crate::store::{
    Batch, Claim, Company, DocumentFilter, DocumentRow, ItemState, JobEnd, StoreError,
};

/// Documents of one list that are handed over and not sent: who stops a list stops the rest, and documents of
/// others in the same series do not wait behind all of it.
const WINDOW: usize = 100;
/// Documents at the head of those that still wait; further ones are not looked at before these.
const AHEAD: usize = 16;
/// How often they are looked at without a signal: another process may have the seat.
const LOOK_AGAIN: Duration = Duration::from_millis(200);
/// Least time between two looks.
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);
/// How long a run waits for documents that do not move, and when the next one looks again.
const PATIENCE: Duration = Duration::from_secs(30);
const LATER: Duration = Duration::from_mins(1);
/// Documents of a page.
const PAGE: u32 = 200;

/// What handing a document over came to.
enum Handed {
    Document(Box<DocumentRow>),
    Aside(String),
}

/// A list at work.
struct IssuingRun<'r> {
    app: &'r App,
    room: &'r InvoiceRoom<'r>,
    claim: &'r Claim,
    batch: &'r Batch,
    rights: IssuingRights,
    rows: &'r [CheckedRows],
    /// Handed over before, by their places.
    before: HashMap<usize, DocumentRow>,
    /// On their way, by their places.
    open: VecDeque<(usize, Uuid)>,
    notes: Vec<(u32, ItemState)>,
    moved: Instant,
}

impl App {
    /// Issues the documents of a list that have no outcome.
    pub(in crate::app::batches) async fn issue_batch(
        &self,
        claim: &Claim,
        batch: &Batch,
    ) -> Result<JobEnd, AppError> {
        let options = job_of::<BatchOptions>(&claim.job)?;
        if !self.store.begin_batch(claim, self.clock.now()).await? {
            return Ok(JobEnd::Completed);
        }
        self.signals.batch_moved();
        // 1. The list, and in whose name it is issued.
        let kept = self.store.batch_input(batch.id).await?;
        let kept = KeptDocuments::of_bytes(&kept.ok_or(StoreError::Corrupt)?)?;
        let (issuer, series) = (kept.issuer()?, kept.series.clone());
        let checked = kept.into_checked()?;
        let rows = &checked.documents;
        let mut ask = self.ask_of_work(&batch.asked_by, batch.key_id).await?;
        ask.batch = Some(batch.id);
        let most = options.most.unwrap_or_else(|| Cost::of(rows.len()).most);
        ask.budget = Some(Budget::of(options.left.unwrap_or(most)));
        let room = self.invoice_room(Some(&issuer), &ask).await?;
        let mut run = IssuingRun {
            app: self,
            room: &room,
            claim,
            batch,
            rights: IssuingRights {
                company: Company::HOUSE,
                series,
            },
            rows,
            before: self.documents_of_list(batch.id).await?,
            open: VecDeque::new(),
            notes: Vec::new(),
            moved: Instant::now(),
        };
        // 2. What has no outcome yet, and whose customers are known by now.
        let open = self.store.pending_items(batch.id).await?;
        let mut wanted: BTreeSet<usize> = open.iter().map(|(at, _)| *at as usize).collect();
        run.learn_customers(&mut wanted, options.clientes).await?;
        // 3. Sales first: what notes modify has its number by then.
        let is_note = |at: &usize| rows.get(*at).is_some_and(CheckedRows::is_note);
        let (notes, sales): (VecDeque<_>, VecDeque<_>) = wanted.into_iter().partition(is_note);
        for round in [sales, notes] {
            if !run.issue(round).await? {
                let at = self.clock.now().checked_add(LATER);
                let at = at.unwrap_or(jiff::Timestamp::MAX);
                return Ok(JobEnd::Later { at });
            }
        }
        Ok(JobEnd::Completed)
    }

    /// The documents that were handed over with a list, by their places there.
    pub(super) async fn documents_of_list(
        &self,
        id: Uuid,
    ) -> Result<HashMap<usize, DocumentRow>, AppError> {
        let filter = DocumentFilter {
            batch: Some(id),
            ..DocumentFilter::default()
        };
        let (mut documents, mut cursor) = (HashMap::new(), None);
        loop {
            let page = self.store.documents(&filter, PAGE, cursor).await?;
            for document in page.rows {
                if let Some((_, place)) = document.batch.filter(|_| is_issue(&document)) {
                    // Newest first: what was given up has been handed over again since.
                    documents.entry(place as usize).or_insert(document);
                }
            }
            cursor = page.next;
            if cursor.is_none() {
                return Ok(documents);
            }
        }
    }
}

impl IssuingRun<'_> {
    /// Looks up together the customers whose name or address is absent, or all of them; with `all`, sets
    /// aside what is of those that cannot be invoiced.
    async fn learn_customers(
        &mut self,
        wanted: &mut BTreeSet<usize>,
        all: bool,
    ) -> Result<(), AppError> {
        let mut of_customer: BTreeMap<Ruc, Vec<usize>> = BTreeMap::new();
        let fresh = wanted.iter().filter(|at| !self.before.contains_key(*at));
        for at in fresh {
            let row = self.rows.get(*at).filter(|it| !it.has_errors());
            if let Some(ruc) = row.and_then(|it| it.customer_to_ask(all)) {
                of_customer.entry(ruc).or_default().push(*at);
            }
        }
        let rucs: Vec<Ruc> = of_customer.keys().copied().collect();
        for some in rucs.chunks(AT_A_TIME) {
            let answers = self.room.customers(some, &self.room.ask).await;
            for (ruc, code) in answers.into_iter().filter(|_| all) {
                for at in of_customer.remove(&ruc).unwrap_or_default() {
                    wanted.remove(&at);
                    self.aside(at, code.to_owned());
                }
            }
            self.write().await?;
        }
        Ok(())
    }

    /// Hands documents over, as many at once as the window holds, until each has an outcome; false when they
    /// do not move any more, and wait for an account or for a connection.
    async fn issue(&mut self, mut round: VecDeque<usize>) -> Result<bool, AppError> {
        let mut moved = self.app.watch_documents();
        self.moved = Instant::now();
        loop {
            // 1. Whatever there is room for.
            while self.open.len() < WINDOW
                && let Some(at) = round.pop_front()
            {
                self.hand_over(at).await?;
                if self.notes.len() >= WINDOW {
                    self.write().await?;
                }
            }
            // 2. What has an outcome by now.
            self.look().await?;
            self.write().await?;
            if self.open.is_empty() && round.is_empty() {
                return Ok(true);
            }
            if self.moved.elapsed() >= PATIENCE {
                return Ok(false);
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
            // Looking again after a while is right whether there was a signal or not.
            let _ = tokio::time::timeout(LOOK_AGAIN, moved.changed()).await;
        }
    }

    async fn hand_over(&mut self, at: usize) -> Result<(), AppError> {
        let known = self.before.remove(&at).filter(|it| has_come(it.state));
        let handed = match known {
            Some(document) => Handed::Document(Box::new(document)),
            None => self.take_on(at).await?,
        };
        self.moved = Instant::now();
        match handed {
            Handed::Aside(code) => self.aside(at, code),
            Handed::Document(document) => match outcome_of(&document) {
                Some(state) => self.note(at, state),
                None => self.open.push_back((at, document.id)),
            },
        }
        Ok(())
    }

    async fn take_on(&self, at: usize) -> Result<Handed, AppError> {
        // What only the whole list shows is seen in no document alone: what was wrong then stays aside.
        let Some(row) = self.rows.get(at).filter(|it| !it.has_errors()) else {
            return Ok(Handed::Aside(WRONG.to_owned()));
        };
        let ready = match self.room.plan_row(row).await {
            Ok(InvoicePlan::Ready(ready)) => ready,
            Ok(InvoicePlan::Before(entry)) => {
                let document = self.app.store.document(entry.id).await?;
                let document = document.ok_or(StoreError::Corrupt)?;
                return Ok(Handed::Document(Box::new(document)));
            }
            Ok(InvoicePlan::Wrong(wrong)) => {
                let worst = wrong.hallazgos.iter().max_by_key(|it| it.severidad);
                let code = worst.map_or(WRONG, |it| it.codigo);
                return Ok(Handed::Aside(code.to_owned()));
            }
            Err(error @ AppError::Invoice(_)) => {
                return Ok(Handed::Aside(error.code().to_owned()));
            }
            Err(error) => return Err(error),
        };
        if !self
            .rights
            .allow(ready.document.serie().unwrap_or_default())
        {
            return Ok(Handed::Aside("serie_no_disponible".to_owned()));
        }
        let options = AcceptOptions {
            referencia: row.referencia.clone(),
            // Two of the same in one list have two names.
            twin_allowed: true,
            twin_while_open: false,
            renumber: true,
            key_id: self.batch.key_id,
            batch: Some((self.batch.id, u32::try_from(at).unwrap_or(u32::MAX))),
        };
        match self.room.accept_invoice(&ready, &options).await {
            Ok(handed) => Ok(Handed::Document(Box::new(handed.document))),
            Err(error @ AppError::Invoice(_)) => Ok(Handed::Aside(error.code().to_owned())),
            Err(error) => Err(error),
        }
    }

    /// Looks at those that are on their way, from the first.
    async fn look(&mut self) -> Result<(), AppError> {
        let (mut waiting, mut done) = (0, HashSet::new());
        for (at, id) in self.open.clone() {
            let document = self.app.store.document(id).await?;
            let document = document.ok_or(StoreError::Corrupt)?;
            if let Some(state) = outcome_of(&document) {
                self.note(at, state);
                done.insert(at);
                continue;
            }
            waiting += 1;
            if waiting >= AHEAD {
                break;
            }
        }
        if !done.is_empty() {
            self.moved = Instant::now();
            self.open.retain(|(at, _)| !done.contains(at));
        }
        Ok(())
    }

    fn aside(&mut self, at: usize, code: String) {
        self.note(at, ItemState::Failed { code: code.into() });
    }

    fn note(&mut self, at: usize, state: ItemState) {
        self.notes
            .push((u32::try_from(at).unwrap_or(u32::MAX), state));
    }

    async fn write(&mut self) -> Result<(), AppError> {
        if self.notes.is_empty() {
            return Ok(());
        }
        let notes = std::mem::take(&mut self.notes);
        self.app.store.note_items(self.claim, notes, 0).await?;
        self.app.signals.batch_moved();
        Ok(())
    }
}

impl CheckedRows {
    /// Whether it modifies another document.
    fn is_note(&self) -> bool {
        self.kind
            .is_some_and(chaski_core::invoicing::DocumentKind::is_note)
    }
}

fn is_issue(document: &DocumentRow) -> bool {
    document.deed == JournalDeed::Issue
}

/// Whether a document that was handed over before is the one that is meant still: what came to nothing is
/// handed over again.
fn has_come(state: DocumentState) -> bool {
    !matches!(state, DocumentState::Returned | DocumentState::Released)
}

/// How the item of a document stands; none while it waits.
fn outcome_of(document: &DocumentRow) -> Option<ItemState> {
    let failed = |usual: &str| ItemState::Failed {
        code: document.code.as_deref().unwrap_or(usual).into(),
    };
    Some(match document.state {
        DocumentState::Queued
        | DocumentState::Sending
        | DocumentState::InDoubt
        | DocumentState::Held => return None,
        DocumentState::Returned => failed("comprobante_devuelto"),
        DocumentState::Conflict => failed("numero_ajeno"),
        DocumentState::Released => failed("comprobante_liberado"),
        DocumentState::Rejected => failed("comprobante_rechazado"),
        DocumentState::Pending
        | DocumentState::Accepted
        | DocumentState::Observed
        | DocumentState::VoidPending
        | DocumentState::Voided => ItemState::Said {
            what: document.id.to_string().into(),
        },
    })
}
