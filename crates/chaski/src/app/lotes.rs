//! Batches in the background: handed over, watched, paused, cancelled, tried again.
//!
//! A batch has an owner, the key it was handed over with. Every function takes the key of whoever
//! asks, none for the owner of the data folder, and somebody else's batch does not exist.

use std::sync::Arc;
use std::time::Duration;

use chaski_client::{Ask, Failure, Lookup, RucQuery};
use chaski_core::{Lang, Ruc};
use futures_util::stream::{self, BoxStream, StreamExt};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use uuid::Uuid;

use super::batches::{new_id, rows_of};
use super::cost::{Cost, calls_for};
use super::job_kind::JobKind;
use super::lote_input::KeptList;
use super::spending::Payer;
use super::unread::unread;
use super::{App, AppError};
use crate::scratch::Scratch;
use crate::sheets::{self, Limits};
use crate::store::{
    Asker, Background, Batch, BatchChange, BatchState, Cursor, ItemState, NewBatch, NewJob, Once,
    Page, Priority, StoreError,
};

/// A batch that is handed over.
#[derive(Debug, Clone)]
pub struct NewLote {
    /// The list.
    pub input: LoteInput,
    /// Name of the file, without its folder; what the person sees.
    pub name: String,
    /// Column of the RUC by title, letter or number; none to find it.
    pub column: Option<String>,
    /// Which batches go first.
    pub priority: Priority,
    /// Ask the upstream whatever is known.
    pub force: bool,
    /// Bring the partners up to date with what is learned.
    pub update_partners: bool,
    /// Who asks.
    pub asker: Asker,
    /// Who pays for it.
    pub payer: Payer,
    /// Calls that it may cost; none for what is usual for its length.
    pub most: Option<u64>,
    /// The request that hands it over, where it may come again.
    pub once: Option<Once>,
}

/// The list of a batch.
#[derive(Clone)]
pub enum LoteInput {
    /// Bytes of an xlsx, ods or csv.
    File(Vec<u8>),
    /// The same, put away.
    Stored(Scratch),
    /// Numbers as they were typed.
    Numbers(Vec<String>),
}

/// A list that was checked and may be stored.
struct PreparedLote {
    /// Calls that it may cost, for its numbers that memory does not know. No more than the most of
    /// it are spent: what is left over then has no answer.
    cost: Cost,
    new: NewLote,
    rows: usize,
    unique: Vec<Ruc>,
    input: Vec<u8>,
    source_hash: [u8; 32],
}

/// What the worker has to know of a batch besides its numbers: the payload of its job.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(super) struct LoteOptions {
    #[serde(default)]
    pub(super) force: bool,
    #[serde(default)]
    pub(super) update_partners: bool,
    /// Calls that it may cost; of those of before, what is usual.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) most: Option<u64>,
    /// What is left of them for the next run; none when a person lets it begin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) left: Option<u64>,
}

/// How far a batch is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lote {
    /// The batch with its counters.
    pub batch: Batch,
    /// The moment of which this is true.
    pub as_of: Timestamp,
}

/// Runs of a batch that may fail; each begins where the one before stopped.
const MOST_ATTEMPTS: u32 = 3;

/// Numbers of which memory is asked at once.
pub(super) const AT_A_TIME: usize = 1_000;

/// Numbers of a list without a file.
const MOST_NUMBERS: usize = 200_000;

/// How long a watcher waits before it looks again: other processes give no signal.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Least time between two values of one watcher.
const BETWEEN_EVENTS: Duration = Duration::from_millis(100);

impl App {
    /// Checks a list and stores it with its numbers and its job in one transaction. Nothing is asked
    /// yet: a worker does that. What it may cost is set aside from what its payer may still spend.
    pub async fn submit_batch(&self, new: NewLote) -> Result<Uuid, AppError> {
        self.submit_batch_within(new, Limits::default()).await
    }

    /// The same for a list that may take no more memory than so much.
    pub async fn submit_batch_within(
        &self,
        new: NewLote,
        limits: Limits,
    ) -> Result<Uuid, AppError> {
        let (most, payer) = (new.most, new.payer.clone());
        let mut prepared = self.prepare_batch(new, limits).await?;
        prepared.cost.most = most.unwrap_or(prepared.cost.most);
        let calls = prepared.cost.calls.min(prepared.cost.most);
        let _reserved = self.reserve_spending(&payer, calls, false).await?;
        self.store_batch(prepared).await
    }

    /// Checks a list, as `chaski ruc lote` would, and says what it may cost. Nothing is stored.
    async fn prepare_batch(
        &self,
        mut new: NewLote,
        limits: Limits,
    ) -> Result<PreparedLote, AppError> {
        let (lang, rules) = (self.config.lang, self.config.ruc_rules.clone());
        let none = LoteInput::Numbers(Vec::new());
        let (input, column) = (std::mem::replace(&mut new.input, none), new.column.take());
        let is_file = matches!(input, LoteInput::Stored(_));
        // Reading a workbook takes its time, which is not that of other requests.
        let read = tokio::task::spawn_blocking(move || {
            let (list, hash) = read(input, column.as_deref(), rules.check_digit, &limits, lang)?;
            let hash = list_hash(&hash, list.column);
            let (rows, unique) = rows_of(&list.table, list.column, &rules);
            // Numbers that were sent one by one are told what is wrong with each.
            if let Some(nothing) = unread(&rows, &list.table.rows).filter(|_| is_file) {
                return Err(nothing);
            }
            let bytes = list.to_bytes()?;
            Ok::<_, AppError>((list.table.rows.len(), unique, bytes, hash))
        });
        let read = read.await.map_err(|error| AppError::Io(error.into()))?;
        let (rows, unique, input, source_hash) = read?;
        let ask = Ask {
            force: new.force,
            ..new.asker.ask()
        };
        let mut known = 0;
        // What is remembered of a long list would take more memory than the list.
        for some in unique.chunks(AT_A_TIME) {
            known += self.remembered(some, None, &ask).await?.len();
        }
        Ok(PreparedLote {
            cost: Cost::of(unique.len() - known),
            new,
            rows,
            unique,
            input,
            source_hash,
        })
    }

    /// Calls that trying a batch again may cost, no more than its limit; none when it cannot be
    /// tried again.
    pub async fn lote_retry_calls(&self, id: Uuid, key_id: Option<Uuid>) -> Result<u64, AppError> {
        let lote = self.lote(id, key_id).await?;
        if !matches!(lote.batch.state, BatchState::Partial | BatchState::Failed) {
            return Ok(0);
        }
        let Some(job) = self.store.job_of_batch(id).await? else {
            return Ok(0);
        };
        let options: LoteOptions =
            serde_json::from_str(&job.payload).map_err(std::io::Error::from)?;
        let open = lote.batch.unique.saturating_sub(lote.successful());
        let limit = options.left.or(options.most).unwrap_or(u64::MAX);
        Ok(calls_for(open as usize).min(limit))
    }

    async fn store_batch(&self, prepared: PreparedLote) -> Result<Uuid, AppError> {
        let PreparedLote { new, rows, .. } = prepared;
        let subjects = prepared.unique.iter().map(|ruc| RucQuery(*ruc).key());
        let now = self.clock.now();
        let id = new_id(now);
        let options = LoteOptions {
            force: new.force,
            update_partners: new.update_partners,
            most: Some(prepared.cost.most),
            left: None,
        };
        let batch = NewBatch {
            id,
            created_at: now,
            operation: "ruc",
            source_name: new.name,
            source_hash: prepared.source_hash,
            // No command line takes it up: `--reanudar` looks for its own options.
            options: "segundo plano".to_owned(),
            total_rows: u32::try_from(rows).unwrap_or(u32::MAX),
            asked_by: new.asker.to_string(),
            subjects: subjects.collect(),
            settled: Vec::new(),
        };
        let background = Background {
            priority: new.priority,
            key_id: new.asker.key_id(),
            input: prepared.input,
            once: new.once,
            job: NewJob {
                id: new_id(now),
                kind: JobKind::Lote.as_str(),
                payload: serde_json::to_string(&options).map_err(std::io::Error::from)?,
                priority: new.priority,
                max_attempts: MOST_ATTEMPTS,
                run_at: now,
                created_at: now,
                asker: new.asker,
                batch: Some(id),
            },
        };
        self.store
            .create_background_batch(batch, background)
            .await?;
        self.signals.work_came();
        Ok(id)
    }

    /// How far a batch is.
    pub async fn lote(&self, id: Uuid, key_id: Option<Uuid>) -> Result<Lote, AppError> {
        let batch = self.store.batch(id).await?;
        let batch = batch.filter(|batch| key_id.is_none() || batch.key_id == key_id);
        Ok(Lote {
            batch: batch.ok_or(StoreError::NoSuchBatch)?,
            as_of: self.clock.now(),
        })
    }

    /// A page of batches, newest first: those of the key, or all.
    pub async fn lotes(
        &self,
        limit: u32,
        cursor: Option<Cursor>,
        key_id: Option<Uuid>,
    ) -> Result<Page<Lote>, AppError> {
        let page = self.store.batches_of(key_id, limit, cursor).await?;
        let as_of = self.clock.now();
        let rows = page.rows.into_iter();
        Ok(Page {
            rows: rows.map(|batch| Lote { batch, as_of }).collect(),
            next: page.next,
        })
    }

    /// Makes a batch wait. Calls in flight still end in memory.
    pub async fn pause_lote(&self, id: Uuid, key_id: Option<Uuid>) -> Result<Lote, AppError> {
        self.change_lote(id, key_id, BatchChange::Pause).await
    }

    /// Lets a paused batch go on where it was.
    pub async fn resume_lote(&self, id: Uuid, key_id: Option<Uuid>) -> Result<Lote, AppError> {
        self.change_lote(id, key_id, BatchChange::Resume).await
    }

    /// Stops a batch for good; what is answered stays.
    pub async fn cancel_lote(&self, id: Uuid, key_id: Option<Uuid>) -> Result<Lote, AppError> {
        self.change_lote(id, key_id, BatchChange::Cancel).await
    }

    /// Asks again for the numbers of a batch that have no answer, and for no others.
    pub async fn retry_lote(
        &self,
        id: Uuid,
        key_id: Option<Uuid>,
        payer: &Payer,
    ) -> Result<Lote, AppError> {
        let calls = self.lote_retry_calls(id, key_id).await?;
        let _reserved = self.reserve_spending(payer, calls, true).await?;
        self.change_lote(id, key_id, BatchChange::Retry).await
    }

    /// How far a batch is, now and whenever that changes; ends after the state that it ends in.
    pub async fn lote_events(
        self: &Arc<App>,
        id: Uuid,
        key_id: Option<Uuid>,
    ) -> Result<BoxStream<'static, Result<Lote, AppError>>, AppError> {
        let progress = self.signals.progress();
        let first = self.lote(id, key_id).await?;
        let watching = Watching {
            app: Arc::clone(self),
            id,
            key_id,
            progress,
            told: None,
        };
        let start = Some((watching, Some(first)));
        Ok(stream::unfold(start, next_event).boxed())
    }

    /// Why a batch ended without a single answer, or before all were asked about: the code of a number
    /// that failed.
    pub async fn lote_failure(&self, lote: &Lote) -> Result<Option<String>, AppError> {
        if !lote.has_ended() || lote.batch.failed == 0 {
            return Ok(None);
        }
        let any = lote.successful() == 0;
        let items = self.store.item_states(lote.batch.id).await?;
        Ok(items.into_iter().find_map(|item| match item.state {
            Some(ItemState::Failed { code }) if any || concerns_all(&code) => {
                Some(code.to_string())
            }
            _ => None,
        }))
    }

    async fn change_lote(
        &self,
        id: Uuid,
        key_id: Option<Uuid>,
        wanted: BatchChange,
    ) -> Result<Lote, AppError> {
        let before = self.lote(id, key_id).await?;
        let now = self.clock.now();
        let changed = self.store.change_background_batch(id, wanted, now).await?;
        if !changed {
            return Err(refusal(wanted, &before));
        }
        self.signals.control_changed();
        self.signals.work_came();
        self.lote(id, key_id).await
    }
}

/// Somebody who wants to know how far a batch is.
struct Watching {
    app: Arc<App>,
    id: Uuid,
    key_id: Option<Uuid>,
    progress: watch::Receiver<u64>,
    told: Option<Batch>,
}

/// What is watched, and what is to be told first.
type Next = Option<(Watching, Option<Lote>)>;

async fn next_event(next: Next) -> Option<(Result<Lote, AppError>, Next)> {
    let (mut watching, first) = next?;
    let lote = match first {
        Some(first) => Ok(first),
        None => watching.changed().await,
    };
    let going_on = lote.as_ref().is_ok_and(|lote| !lote.has_ended());
    watching.told = lote.as_ref().ok().map(|lote| lote.batch.clone());
    Some((lote, going_on.then_some((watching, None))))
}

impl Watching {
    async fn changed(&mut self) -> Result<Lote, AppError> {
        loop {
            tokio::time::sleep(BETWEEN_EVENTS).await;
            // Looking again after a while is right whether there was a signal or not.
            let _ = tokio::time::timeout(LOOK_AGAIN, self.progress.changed()).await;
            let lote = self.app.lote(self.id, self.key_id).await?;
            if self.told.as_ref() != Some(&lote.batch) {
                return Ok(lote);
            }
        }
    }
}

impl Lote {
    /// Numbers with an outcome.
    pub fn processed(&self) -> u32 {
        self.batch.answered + self.batch.refused + self.batch.failed
    }

    /// Numbers that the upstream answered about, its "no such number" included.
    pub fn successful(&self) -> u32 {
        self.batch.answered + self.batch.refused
    }

    /// Share of the numbers with an outcome, in percent with two decimals; a list without any
    /// number to ask is done.
    pub fn progress_percentage(&self) -> f64 {
        percentage(self.processed(), self.batch.unique)
    }

    /// Share of the successful among the processed, in percent with two decimals.
    pub fn success_rate(&self) -> f64 {
        match self.processed() {
            0 => 0.0,
            processed => percentage(self.successful(), processed),
        }
    }

    /// From the beginning of the work to its end, or until now.
    pub fn duration(&self) -> Option<Duration> {
        let started = self.batch.started_at?;
        let until = self.batch.finished_at.unwrap_or(self.as_of);
        Some(Duration::try_from(until.duration_since(started)).unwrap_or(Duration::ZERO))
    }

    /// Nothing more will come by itself.
    pub fn has_ended(&self) -> bool {
        !matches!(
            self.batch.state,
            BatchState::Pending | BatchState::Processing
        )
    }
}

impl std::fmt::Debug for LoteInput {
    /// A list holds numbers of people.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            LoteInput::File(bytes) => write!(f, "File({} bytes)", bytes.len()),
            LoteInput::Stored(bytes) => write!(f, "Stored({} bytes)", bytes.len()),
            LoteInput::Numbers(numbers) => write!(f, "Numbers({})", numbers.len()),
        }
    }
}

/// What tells one list from another: the same file read by another column is another list.
pub fn list_hash(file: &[u8; 32], column: usize) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(file);
    hasher.update(&(column as u64).to_le_bytes());
    *hasher.finalize().as_bytes()
}

fn read(
    input: LoteInput,
    column: Option<&str>,
    check_digit: chaski_core::CheckDigit,
    limits: &Limits,
    lang: Lang,
) -> Result<(KeptList, [u8; 32]), AppError> {
    match input {
        LoteInput::File(bytes) => {
            let stored = LoteInput::Stored(Scratch::of_bytes(bytes.into()));
            read(stored, column, check_digit, limits, lang)
        }
        LoteInput::Stored(file) => {
            let table = sheets::read_stored(&file, limits, lang)?;
            let column = sheets::find_column(&table, column)?;
            let list = KeptList {
                table,
                column,
                check_digit,
            };
            let mut hasher = blake3::Hasher::new();
            std::io::copy(&mut file.reader(), &mut hasher)?;
            Ok((list, *hasher.finalize().as_bytes()))
        }
        LoteInput::Numbers(numbers) if numbers.is_empty() => Err(AppError::usage(
            "la lista no tiene ningún número",
            "the list has no number",
        )),
        LoteInput::Numbers(numbers) if numbers.len() > MOST_NUMBERS => Err(AppError::usage(
            format!("la lista tiene más de {MOST_NUMBERS} números: divídala"),
            format!("the list has more than {MOST_NUMBERS} numbers: split it"),
        )),
        LoteInput::Numbers(numbers) => {
            let mut hasher = blake3::Hasher::new();
            for number in &numbers {
                hasher.update(number.as_bytes());
                hasher.update(b"\n");
            }
            let list = KeptList::of_numbers(&numbers, check_digit);
            Ok((list, *hasher.finalize().as_bytes()))
        }
    }
}

/// Why a batch cannot be changed so.
fn refusal(wanted: BatchChange, lote: &Lote) -> AppError {
    let state = lote.batch.state.as_str();
    let (es, en) = match wanted {
        BatchChange::Pause if lote.batch.paused => (
            "ya está en pausa".to_owned(),
            "it is paused already".to_owned(),
        ),
        BatchChange::Pause => (
            format!("no se puede pausar un lote {state}, ni uno de «chaski ruc lote»"),
            format!("a batch that is {state}, or one of \"chaski ruc lote\", cannot be paused"),
        ),
        BatchChange::Resume => ("no está en pausa".to_owned(), "it is not paused".to_owned()),
        BatchChange::Cancel => (
            format!("el lote ya terminó: {state}"),
            format!("the batch has ended: {state}"),
        ),
        BatchChange::Retry => (
            format!(
                "nada que reintentar: el lote está {state}; uno de «chaski ruc lote» se continúa con --reanudar"
            ),
            format!(
                "nothing to try again: the batch is {state}; one of \"chaski ruc lote\" goes on with --reanudar"
            ),
        ),
    };
    AppError::NotNow { es, en }
}

fn percentage(part: u32, whole: u32) -> f64 {
    match whole {
        0 => 100.0,
        whole => (f64::from(part) * 10_000.0 / f64::from(whole)).round() / 100.0,
    }
}

/// Whether every number fails by the failure of a code.
pub fn concerns_all(code: &str) -> bool {
    [
        Failure::Unauthorized,
        Failure::QuotaSpent,
        Failure::WrongPath,
        Failure::Redirected,
    ]
    .iter()
    .any(|failure| failure.code() == code)
}
