//! A batch submitted: its list read and counted, and stored with its numbers and its job.

use chaski_client::Ask;
use chaski_core::{CheckDigit, Lang, Ruc, text};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::input::KeptList;
use super::kind::{BatchKind, RucList};
use crate::app::cost::Cost;
use crate::app::job_kind::{JobKind, job_text};
use crate::app::new_id;
use crate::app::spending::Payer;
use crate::app::unread::unread;
use crate::app::{App, AppError};
use crate::scratch::Scratch;
use crate::sheets::{self, Limits};
use crate::store::{Asker, Job, NewBatch, Once, Priority};

/// A list that is handed over to be worked on later.
#[derive(Debug, Clone)]
pub struct Submission {
    /// The list.
    pub input: ListInput,
    /// Name of the file, without its folder; what the person sees.
    pub name: String,
    /// Sheet of the book by its name; none for the first that is a list.
    pub sheet: Option<String>,
    /// Column of the RUC by title, letter or number; none to find it.
    pub column: Option<String>,
    /// Whether a DNI is asked for by the RUC that its owner would have.
    pub dni_as_ruc: bool,
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
pub enum ListInput {
    /// An xlsx, ods or csv.
    File(Scratch),
    /// Numbers as they were typed.
    Numbers(Vec<String>),
}

/// What a run of a batch needs besides its numbers: the payload of its job.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(super) struct BatchOptions {
    #[serde(default)]
    pub(super) force: bool,
    #[serde(default)]
    pub(super) update_partners: bool,
    /// Of a list of documents, look all customers up first.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) clientes: bool,
    /// Calls that it may cost; of those of before, what is usual.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) most: Option<u64>,
    /// What is left of them for the next run; none when a person lets it begin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) left: Option<u64>,
}

/// Numbers of which memory is asked at once.
pub(super) const AT_A_TIME: usize = 1_000;

/// Numbers of a list without a file.
const MOST_NUMBERS: usize = 200_000;

impl App {
    /// Checks a list and stores it with its numbers and its job in one transaction. Nothing is asked
    /// yet: a worker does that. What it may cost is set aside from what its payer may still spend.
    pub async fn submit_batch(&self, new: Submission) -> Result<Uuid, AppError> {
        self.submit_batch_within(new, Limits::default()).await
    }

    /// The same for a list that may take no more memory than `limits` say.
    pub async fn submit_batch_within(
        &self,
        new: Submission,
        limits: Limits,
    ) -> Result<Uuid, AppError> {
        let (lang, rules) = (self.config.lang, self.config.ruc_rules.clone());
        let (input, sheet, column) = (new.input, new.sheet, new.column);
        let dni_as_ruc = new.dni_as_ruc;
        let is_file = matches!(input, ListInput::File(_));
        // 1. Reading a workbook takes its time, which is not that of other requests.
        let read = tokio::task::spawn_blocking(move || {
            let place = (sheet.as_deref(), column.as_deref());
            let (mut list, hash) = read(input, place, rules.check_digit, &limits, lang)?;
            list.dni_as_ruc = dni_as_ruc;
            let hash = list_hash(&hash, list.table.sheet, list.column);
            let (rows, unique) = RucList::read(&list.table, list.column, &rules, list.dni_as_ruc);
            // Numbers that were sent one by one are told what is wrong with each.
            if let Some(nothing) = unread(&rows, &list.table.rows).filter(|_| is_file) {
                return Err(nothing);
            }
            Ok::<_, AppError>((rows.len(), unique, list.to_bytes()?, hash))
        });
        let (rows, unique, input, source_hash) = read.await??;
        // 2. What it may cost.
        let ask = Ask {
            force: new.force,
            ..new.asker.ask()
        };
        let mut known = 0;
        // What is remembered of a long list would take more memory than the list.
        for some in unique.chunks(AT_A_TIME) {
            known += self.remembered(some, None, &ask).await?.len();
        }
        let mut cost = Cost::of(unique.len() - known);
        cost.most = new.most.unwrap_or(cost.most);
        let calls = cost.calls.min(cost.most);
        let _reserved = self.reserve_spending(&new.payer, calls, false).await?;
        // 3. All of it is there, or none.
        let options = BatchOptions {
            force: new.force,
            update_partners: new.update_partners,
            most: Some(cost.most),
            ..BatchOptions::default()
        };
        let job = Job {
            priority: new.priority,
            ..self.new_job(JobKind::Batch, job_text(&options)?, &new.asker)
        };
        let batch = NewBatch {
            input: Some(input),
            once: new.once,
            options: options_text(self.config.ruc_rules.check_digit, dni_as_ruc),
            ..self.new_batch(new.name, source_hash, rows, &unique, job)
        };
        let id = batch.job.batch;
        self.store.create_batch(batch).await?;
        self.signals.work_came();
        Ok(id.unwrap_or_default())
    }

    /// A batch of which nothing is known yet, of a list whose file can be read again.
    pub(super) fn new_batch(
        &self,
        source_name: String,
        source_hash: [u8; 32],
        rows: usize,
        unique: &[Ruc],
        job: Job,
    ) -> NewBatch {
        let job = Job {
            batch: Some(new_id(self.clock.now())),
            ..job
        };
        NewBatch {
            operation: BatchKind::Ruc.as_str(),
            source_name,
            source_hash,
            options: options_text(self.config.ruc_rules.check_digit, false),
            total_rows: u32::try_from(rows).unwrap_or(u32::MAX),
            subjects: unique.iter().map(|ruc| RucList::key(*ruc)).collect(),
            known: Vec::new(),
            cache_hits: 0,
            input: None,
            once: None,
            job,
        }
    }
}

impl std::fmt::Debug for ListInput {
    /// A list holds numbers of people.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ListInput::File(bytes) => write!(f, "File({} bytes)", bytes.len()),
            ListInput::Numbers(numbers) => write!(f, "Numbers({})", numbers.len()),
        }
    }
}

/// What changes the result of a list besides its file and column, as text.
pub(super) fn options_text(check_digit: CheckDigit, dni_as_ruc: bool) -> String {
    let dni = if dni_as_ruc { " dni=ruc10" } else { "" };
    format!("verificacion={check_digit:?}{dni}")
}

/// What tells one list from another: the same file read by another sheet or column is another list.
pub(super) fn list_hash(file: &[u8; 32], sheet: usize, column: usize) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(file);
    hasher.update(&(column as u64).to_le_bytes());
    // The first sheet is what earlier versions read.
    if sheet > 0 {
        hasher.update(&(sheet as u64).to_le_bytes());
    }
    *hasher.finalize().as_bytes()
}

fn read(
    input: ListInput,
    (sheet, column): (Option<&str>, Option<&str>),
    check_digit: CheckDigit,
    limits: &Limits,
    lang: Lang,
) -> Result<(KeptList, [u8; 32]), AppError> {
    match input {
        ListInput::File(file) => {
            let table = sheets::read_stored(&file, sheet, limits, lang)?;
            let column = sheets::find_column(&table, column)?;
            let list = KeptList {
                table,
                column,
                check_digit,
                dni_as_ruc: false,
            };
            let mut hasher = blake3::Hasher::new();
            std::io::copy(&mut file.reader(), &mut hasher)?;
            Ok((list, *hasher.finalize().as_bytes()))
        }
        ListInput::Numbers(numbers) if numbers.is_empty() => Err(AppError::Usage(text!(
            "la lista no tiene ningún número",
            "the list has no number"
        ))),
        ListInput::Numbers(numbers) if numbers.len() > MOST_NUMBERS => Err(AppError::Usage(text!(
            "la lista tiene más de {MOST_NUMBERS} números: divídala",
            "the list has more than {MOST_NUMBERS} numbers: split it"
        ))),
        ListInput::Numbers(numbers) => {
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
