//! A batch submitted: its list read and counted, and stored with its numbers and its job.

use chaski_client::Ask;
use chaski_core::{CheckDigit, Currency, Lang, RateSource, lima_date, text};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::how::HowKept;
use super::input::KeptList;
use super::kind::{ListKind, RucList};
use super::rates::RateList;
use super::reading::Reading;
use super::vouchers::VoucherList;
use crate::app::job_kind::{JobKind, job_text};
use crate::app::new_id;
use crate::app::spending::Payer;
use crate::app::{App, AppError};
use crate::scratch::Scratch;
use crate::sheets::{self, Limits, Sought, Table};
use crate::store::{Asker, Job, NewBatch, NewItems, Once, Priority};

/// A list that is handed over to be worked on later.
#[derive(Debug, Clone)]
pub struct Submission {
    /// The list.
    pub input: ListInput,
    /// What it asks for.
    pub class: ListClass,
    /// Name of the file, without its folder; what the person sees.
    pub name: String,
    /// Sheet of the book by its name; none for the first that is a list.
    pub sheet: Option<String>,
    /// The column by title, letter or number, or several as `campo=columna` and a comma between them; none
    /// to find it.
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

/// What a list asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ListClass {
    /// RUCs.
    #[default]
    Rucs,
    /// How vouchers stand.
    Vouchers,
    /// The rates of dates.
    Rates {
        /// Who publishes them.
        fuente: RateSource,
        /// Of what, where the list does not say so row by row.
        moneda: Currency,
    },
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
        match new.class {
            ListClass::Rucs => {
                let dni_as_ruc = new.dni_as_ruc;
                let how = move |table: &Table, column: Option<&str>| {
                    let column = sheets::find_column(table, column)?;
                    Ok(RucList { column, dni_as_ruc })
                };
                self.submit_list(new, limits, how).await
            }
            ListClass::Vouchers => {
                let hoy = lima_date(self.clock.now());
                let how = move |table: &Table, columns: Option<&str>| {
                    VoucherList::find(table, columns, hoy)
                };
                self.submit_list(new, limits, how).await
            }
            ListClass::Rates { fuente, moneda } => {
                let hoy = lima_date(self.clock.now());
                let how = move |table: &Table, column: Option<&str>| {
                    RateList::find(table, column, (fuente, moneda), hoy)
                };
                self.submit_list(new, limits, how).await
            }
        }
    }

    async fn submit_list<K: ListKind>(
        &self,
        new: Submission,
        limits: Limits,
        how: impl Fn(&Table, Option<&str>) -> Result<K, AppError> + Send + 'static,
    ) -> Result<Uuid, AppError> {
        let (lang, rules) = (self.config.lang, self.config.ruc_rules.clone());
        let (input, sheet, column) = (new.input, new.sheet, new.column);
        let is_file = matches!(input, ListInput::File(_));
        // 1. Reading a workbook takes its time, which is not that of other requests.
        let read = tokio::task::spawn_blocking(move || {
            let place = (K::SOUGHT, sheet.as_deref());
            let (mut list, hash) = read(input, place, rules.check_digit, &limits, lang)?;
            let how = how(&list.table, column.as_deref())?;
            list.how = how.keep();
            let hash = how.fingerprint(&hash, list.table.sheet);
            let reading = Reading::of(&how, &list.table, &rules);
            let nothing = reading.nothing_read(&how, &list.table, &rules);
            // Numbers that were sent one by one are told what is wrong with each.
            if let Some(nothing) = nothing.filter(|_| is_file) {
                return Err(nothing);
            }
            let (rows, unique) = (reading.len(), reading.unique);
            Ok::<_, AppError>((how, rows, unique, list.to_bytes()?, hash))
        });
        let (how, rows, unique, input, source_hash) = read.await??;
        // 2. What it may cost.
        let ask = Ask {
            force: new.force,
            ..new.asker.ask()
        };
        let mut to_ask = Vec::new();
        // What is remembered of a long list would take more memory than the list.
        for some in unique.chunks(AT_A_TIME) {
            let known = K::known(self, some, None, &ask).await?;
            let unknown = some.iter().enumerate();
            let unknown = unknown.filter(|(place, _)| !known.contains_key(place));
            to_ask.extend(unknown.map(|(_, it)| it.clone()));
        }
        let mut cost = K::cost(self, &to_ask, &ask).await?;
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
            source_hash,
            items: NewItems::made(unique.len(), move |at| (K::key(&unique[at as usize]), None)),
            ..self.new_batch(&how, new.name, rows, job)
        };
        let id = batch.job.batch;
        self.store.create_batch(batch).await?;
        self.signals.work_came();
        Ok(id.unwrap_or_default())
    }

    /// A batch without its items, of a list whose file can be read again.
    pub(super) fn new_batch<K: ListKind>(
        &self,
        how: &K,
        source_name: String,
        rows: usize,
        job: Job,
    ) -> NewBatch {
        let job = Job {
            batch: Some(new_id(self.clock.now())),
            ..job
        };
        NewBatch {
            operation: K::KIND.as_str(),
            source_name,
            source_hash: [0; 32],
            options: how.options(self.config.ruc_rules.check_digit),
            total_rows: u32::try_from(rows).unwrap_or(u32::MAX),
            items: NewItems::default(),
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

fn read(
    input: ListInput,
    (sought, sheet): (Sought, Option<&str>),
    check_digit: CheckDigit,
    limits: &Limits,
    lang: Lang,
) -> Result<(KeptList, [u8; 32]), AppError> {
    match input {
        ListInput::File(file) => {
            let table = sheets::read_stored(sought, &file, sheet, limits, lang)?;
            let list = KeptList {
                table,
                how: HowKept::default(),
                check_digit,
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
