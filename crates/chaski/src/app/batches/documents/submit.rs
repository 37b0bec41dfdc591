//! A list of documents handed over: checked whole, and stored with its job, or nothing of it.

use std::collections::BTreeSet;

use chaski_client::Key;
use chaski_core::invoicing::JsonValue;
use chaski_core::{Ruc, text};
use uuid::Uuid;

use super::super::kind::BatchKind;
use super::super::submit::BatchOptions;
use super::kept::KeptDocuments;
use crate::app::cost::Cost;
use crate::app::invoices::{CheckedRows, CheckedWorkbook, InvoiceRoom};
use crate::app::issuing::IssuingRights;
use crate::app::job_kind::{JobKind, job_text};
use crate::app::spending::Payer;
use crate::app::{App, AppError, new_id};
use crate::scratch::Scratch;
use crate::sheets::Limits;
use crate::store::{Asker, Claim, ItemState, Job, JobState, NewBatch, Once, Priority};

/// A list of documents that is handed over to be issued.
#[derive(Debug, Clone)]
pub struct DocumentsSubmission {
    /// The documents.
    pub input: DocumentsInput,
    /// Name of the file, without its folder; what the person sees.
    pub name: String,
    /// Who issues, where there are several.
    pub issuer: Option<Ruc>,
    /// What whoever hands it over may issue.
    pub rights: IssuingRights,
    /// Issue what is right, and set the rest aside; otherwise all or nothing.
    pub only_good: bool,
    /// Look every customer's RUC up first, and set aside what is of those that cannot be invoiced.
    pub clientes: bool,
    /// Of which period they are: the same list is issued once in each.
    pub periodo: Option<String>,
    /// Which batches go first.
    pub priority: Priority,
    /// Who asks.
    pub asker: Asker,
    /// Who pays for the look-ups.
    pub payer: Payer,
    /// Calls that these may cost; none for what is usual.
    pub most: Option<u64>,
    /// The request that hands it over, where it may come again.
    pub once: Option<Once>,
}

/// The documents of a list.
#[derive(Clone)]
pub enum DocumentsInput {
    /// A workbook or a CSV.
    File(Scratch),
    /// In the simple form or in Nubefact's.
    Documents(Vec<JsonValue>),
}

/// What became of a list that was handed over.
pub enum DocumentsTaken {
    /// It is a batch.
    Batch(Uuid),
    /// It has errors, and nothing of it was stored.
    Wrong(Box<CheckedWorkbook>),
}

/// A list that a command issues and waits for: this process holds its job.
pub struct IssuingList {
    /// Its batch.
    pub id: Uuid,
    /// The right to work on it.
    pub claim: Claim,
    /// Whether it was begun before and cut off.
    pub resumed: bool,
}

/// Most documents of a list.
const MOST_DOCUMENTS: usize = 100_000;

/// The code of a document that was wrong when its list came.
pub(super) const WRONG: &str = "comprobante_con_errores";

impl std::fmt::Debug for DocumentsInput {
    /// A list holds numbers of people.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            DocumentsInput::File(bytes) => write!(f, "File({} bytes)", bytes.len()),
            DocumentsInput::Documents(list) => write!(f, "Documents({})", list.len()),
        }
    }
}

impl App {
    /// Checks a list of documents as a whole and stores it with its job in one transaction. Nothing is sent
    /// yet: a worker does that. What its look-ups may cost is set aside from what its payer may spend.
    pub async fn submit_documents(
        &self,
        new: DocumentsSubmission,
        limits: Limits,
    ) -> Result<DocumentsTaken, AppError> {
        // 1. All of it, checked.
        let ask = new.asker.ask();
        let room = self
            .room_within(new.issuer.as_ref(), &new.rights, &ask)
            .await?;
        let room = room.within_period(new.periodo);
        let given = (new.input, &new.rights);
        let checked = self
            .check_documents(Some(&room), given, false, &ask, limits)
            .await?;
        check_count(checked.documents.len())?;
        if checked.has_errors() && !new.only_good {
            return Ok(DocumentsTaken::Wrong(Box::new(checked)));
        }
        // 2. What its look-ups may cost.
        let cost = room.lookup_cost(&checked, new.clientes, new.most).await?;
        let calls = cost.calls.min(cost.most);
        let _reserved = self.reserve_spending(&new.payer, calls, false).await?;
        // 3. All of it is there, or none.
        let options = BatchOptions {
            clientes: new.clientes,
            most: Some(cost.most),
            ..BatchOptions::default()
        };
        let job = Job {
            priority: new.priority,
            ..self.new_job(JobKind::Batch, job_text(&options)?, &new.asker)
        };
        let kept = KeptDocuments::of(&room.issuer.ruc, &new.rights.series, &checked);
        let batch = NewBatch {
            once: new.once,
            ..room.new_list(new.name, &checked, &kept, job)?
        };
        let id = batch.job.batch.unwrap_or_default();
        self.store.create_batch(batch).await?;
        self.signals.work_came();
        Ok(DocumentsTaken::Batch(id))
    }
}

impl InvoiceRoom<'_> {
    /// What the look-ups of a list may cost: of all customers, or of those whose name or address nobody
    /// wrote.
    pub async fn lookup_cost(
        &self,
        checked: &CheckedWorkbook,
        all: bool,
        most: Option<u64>,
    ) -> Result<Cost, AppError> {
        let rows = checked.documents.iter().filter(|it| !it.has_errors());
        let rucs: BTreeSet<Ruc> = rows.filter_map(|it| it.customer_to_ask(all)).collect();
        let rucs: Vec<Ruc> = rucs.into_iter().collect();
        let known = self.app.remembered(&rucs, None, &self.ask).await?.len();
        Ok(Cost::within(rucs.len() - known, most))
    }

    /// Leaves a list that was checked to a worker.
    pub async fn leave_list(
        &self,
        checked: &CheckedWorkbook,
        name: &str,
        clientes: bool,
        cost: Cost,
    ) -> Result<Uuid, AppError> {
        let options = BatchOptions {
            clientes,
            most: Some(cost.most),
            ..BatchOptions::default()
        };
        let asker = Asker::named(&self.ask.who);
        let job = self
            .app
            .new_job(JobKind::Batch, job_text(&options)?, &asker);
        let kept = KeptDocuments::of(&self.issuer.ruc, &[], checked);
        let batch = self.new_list(name.to_owned(), checked, &kept, job)?;
        let id = batch.job.batch.unwrap_or_default();
        self.app.store.create_batch(batch).await?;
        self.app.signals.work_came();
        Ok(id)
    }

    /// Begins a list that this process issues and waits for, or takes up the one that was left.
    pub async fn start_list(
        &self,
        checked: &CheckedWorkbook,
        name: &str,
        clientes: bool,
        cost: Cost,
    ) -> Result<IssuingList, AppError> {
        let (app, now) = (self.app, self.app.clock.now());
        let options = BatchOptions {
            clientes,
            most: Some(cost.most),
            ..BatchOptions::default()
        };
        let payload = job_text(&options)?;
        // 1. The one that was left.
        let named = (self.list_hash(checked), self.list_options());
        let same = app.store.same_list(&[named.clone(), named]).await?;
        if let Some(before) = same.unfinished
            && let Some(claim) = app
                .store
                .claim_batch(before.id, payload.clone(), now)
                .await?
        {
            return Ok(IssuingList {
                id: before.id,
                claim,
                resumed: before.processed() < before.unique,
            });
        }
        // 2. A new one.
        let job = app.new_job(JobKind::Batch, payload, &Asker::named(&self.ask.who));
        let job = Job {
            state: JobState::Running,
            started_at: Some(job.created_at),
            ..job
        };
        let kept = KeptDocuments::of(&self.issuer.ruc, &[], checked);
        let batch = self.new_list(name.to_owned(), checked, &kept, job)?;
        let (id, claim) = (
            batch.job.batch.unwrap_or_default(),
            Claim::at_birth(batch.job.clone()),
        );
        app.store.create_batch(batch).await?;
        Ok(IssuingList {
            id,
            claim,
            resumed: false,
        })
    }

    fn new_list(
        &self,
        name: String,
        checked: &CheckedWorkbook,
        kept: &KeptDocuments,
        job: Job,
    ) -> Result<NewBatch, AppError> {
        let operation = BatchKind::Documents.as_str();
        let items = checked.documents.iter().map(|it: &CheckedRows| {
            let key = Key {
                operation,
                subject: it.clave.as_str().into(),
                personal: false,
            };
            let code = WRONG.into();
            (key, it.has_errors().then_some(ItemState::Failed { code }))
        });
        let rows: usize = checked.documents.iter().map(|it| it.rows.len()).sum();
        Ok(NewBatch {
            operation,
            source_name: name,
            source_hash: self.list_hash(checked),
            options: self.list_options(),
            total_rows: u32::try_from(rows).unwrap_or(u32::MAX),
            items: items.collect(),
            cache_hits: 0,
            input: Some(kept.to_bytes()?),
            once: None,
            job: Job {
                batch: Some(new_id(self.app.clock.now())),
                ..job
            },
        })
    }

    /// What tells one list from another: who issues, and its documents.
    pub(super) fn list_hash(&self, checked: &CheckedWorkbook) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new();
        hasher.update(self.issuer.ruc.as_str().as_bytes());
        for document in &checked.documents {
            hasher.update(b"\n");
            hasher.update(document.clave.as_bytes());
        }
        *hasher.finalize().as_bytes()
    }

    pub(super) fn list_options(&self) -> String {
        let period = self.periodo.as_deref().unwrap_or_default();
        format!("periodo={period}")
    }
}

impl CheckedRows {
    /// The customer's RUC, if it is to be asked about.
    pub(in crate::app) fn customer_to_ask(&self, all: bool) -> Option<Ruc> {
        let ruc = self.cliente.as_deref()?.parse().ok()?;
        let object = self.form.as_object()?;
        let of_simple = object.get("cliente").and_then(JsonValue::as_object);
        let is_there = |simple: &str, verbatim: &str| {
            of_simple.is_some_and(|it| it.present(simple).is_some())
                || object.present(verbatim).is_some()
        };
        let is_whole = is_there("nombre", "cliente_denominacion")
            && is_there("direccion", "cliente_direccion");
        (all || !is_whole).then_some(ruc)
    }
}

pub(super) fn check_count(count: usize) -> Result<(), AppError> {
    match count {
        0 => Err(AppError::Usage(text!(
            "la lista no tiene ningún documento",
            "the list has no document"
        ))),
        1..=MOST_DOCUMENTS => Ok(()),
        _ => Err(AppError::Usage(text!(
            "la lista tiene más de {MOST_DOCUMENTS} documentos: divídala",
            "the list has more than {MOST_DOCUMENTS} documents: split it"
        ))),
    }
}
