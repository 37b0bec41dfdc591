//! The result of a batch, written from the list as it was handed over, the state of its numbers
//! and the answers in memory. Row by row: the verdicts of a long list take more memory than the
//! list, and the answers behind them even more.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::Write;
use std::time::Duration;

use chaski_client::{Key, Ledger, Source};
use chaski_core::{CheckDigit, Lang, Ruc, lima_datetime};
use jiff::Timestamp;
use tokio::sync::mpsc;
use uuid::Uuid;

use super::input::KeptList;
use super::kind::{BatchKind, RucList};
use super::submit::AT_A_TIME;
use crate::app::verdicts::{NotAsked, OfList, RowPlan, RucOutcome, is_limit};
use crate::app::{App, AppError, Mode};
use crate::partners::ruc_of_form;
use crate::sheets::{self, OutputFormat, ResultNames, Subject, Summary, Table, Verdict};
use crate::store::{Batch, Item, ItemState};

/// The list, one verdict for each of its rows, and what is said of it as a whole.
pub struct BatchResult {
    /// The list as it was handed over.
    pub table: Table,
    /// One verdict for each row.
    pub verdicts: Vec<Verdict>,
    /// The list as a whole.
    pub summary: Summary,
}

/// What a result is made of.
struct Parts {
    batch: Batch,
    list: KeptList,
    rows: Vec<RowPlan>,
    unique: Vec<Ruc>,
    states: HashMap<Ruc, ItemState>,
    /// Whether the upstream failed and answered about no number.
    nothing_came: bool,
}

/// Stands for a number that was erased.
const ERASED: &str = "***********";

/// A list that is kept in more bytes than this, or has more numbers, is a large one.
const LARGE_BYTES: u64 = 1024 * 1024;
const LARGE_NUMBERS: u32 = 10_000;

/// Parts of the verdicts that may wait for their writer.
const PARTS_AHEAD: usize = 2;

impl BatchResult {
    /// Writes it. A workbook takes its time: a server does this on a blocking thread.
    pub fn write(
        &self,
        format: OutputFormat,
        names: ResultNames,
        lang: Lang,
        writer: &mut dyn Write,
    ) -> Result<(), AppError> {
        let verdicts = Box::new(self.verdicts.iter().map(Cow::Borrowed));
        let (table, summary) = (&self.table, &self.summary);
        Ok(sheets::write_result_to(
            writer, format, table, verdicts, summary, names, lang,
        )?)
    }
}

impl App {
    /// Writes the result of a batch so far and gives back what it wrote to; never is all of it in
    /// memory. Numbers that wait are "not asked yet".
    pub async fn write_batch_result<W: Write + Send + 'static>(
        &self,
        id: Uuid,
        key_id: Option<Uuid>,
        lang: Lang,
        (format, names): (OutputFormat, ResultNames),
        mut out: W,
    ) -> Result<W, AppError> {
        let batch = self.batch(id, key_id).await?;
        if batch.kind() == BatchKind::Documents {
            return self.write_issued_list(&batch, lang, format, out).await;
        }
        // 1. The list, and what became of its numbers.
        let mut parts = self.parts_of(id, key_id).await?;
        let summary = self.summary_of(&parts, lang);
        let nothing = KeptList::of_numbers(&[], CheckDigit::Strict);
        let table = std::mem::replace(&mut parts.list, nothing).table;
        // 2. A thread writes, which is not one that serves others.
        let (made, mut verdicts) = mpsc::channel::<Vec<Verdict>>(PARTS_AHEAD);
        let written = tokio::task::spawn_blocking(move || {
            let parts = std::iter::from_fn(|| verdicts.blocking_recv());
            let made = Box::new(parts.flatten().map(Cow::Owned));
            sheets::write_result_to(&mut out, format, &table, made, &summary, names, lang)?;
            Ok(out)
        });
        // 3. The verdicts, as it takes them. It stops early only for an error of its own.
        for rows in parts.rows.chunks(AT_A_TIME) {
            let verdicts = self.verdicts_of(&parts, rows, lang).await?;
            if made.send(verdicts).await.is_err() {
                break;
            }
        }
        drop(made);
        written.await?
    }

    /// Whether the result of a batch takes much memory to write.
    pub async fn batch_is_large(&self, id: Uuid, key_id: Option<Uuid>) -> Result<bool, AppError> {
        let batch = self.batch(id, key_id).await?;
        let kept = self.store.batch_input_size(id).await?;
        Ok(kept > LARGE_BYTES || batch.unique > LARGE_NUMBERS)
    }

    fn summary_of(&self, parts: &Parts, lang: Lang) -> Summary {
        let (batch, now) = (&parts.batch, self.clock.now());
        Summary {
            source_file: batch.source_name.clone(),
            calls_spent: batch.calls as usize,
            cache_hits: batch.cache_hits as usize,
            duration: batch.duration(now).unwrap_or_default(),
            ..summary(&parts.rows, self.mode, now, lang)
        }
    }

    async fn parts_of(&self, id: Uuid, key_id: Option<Uuid>) -> Result<Parts, AppError> {
        let batch = self.batch(id, key_id).await?;
        let items = self.store.item_states(id).await?;
        let kept = self.store.batch_input(id).await?;
        let configured = self.config.ruc_rules.clone();
        // A long list takes its time, which is not that of other requests.
        let read = tokio::task::spawn_blocking(move || {
            let list = match kept {
                Some(bytes) => KeptList::of_bytes(&bytes)?,
                None => KeptList::of_numbers(&numbers_of(&items), configured.check_digit),
            };
            let rules = list.rules(&configured);
            let (rows, unique) = RucList::read(&list.table, list.column, &rules, list.dni_as_ruc);
            let states = states_of(items);
            let failed =
                |it: &ItemState| matches!(it, ItemState::Failed { code } if !is_limit(code));
            let nothing_came = batch.successful() == 0 && states.values().any(failed);
            Ok::<_, AppError>(Parts {
                batch,
                list,
                rows,
                unique,
                states,
                nothing_came,
            })
        });
        read.await?
    }

    /// The verdicts of some rows.
    async fn verdicts_of(
        &self,
        parts: &Parts,
        rows: &[RowPlan],
        lang: Lang,
    ) -> Result<Vec<Verdict>, AppError> {
        let rucs = rows
            .iter()
            .filter_map(|row| Some(parts.unique[row.unique?]));
        let learned = self.learned_of(parts, rucs).await?;
        let list = OfList {
            otherwise: NotAsked::Waits,
            nothing_came: parts.nothing_came,
        };
        let verdict = |row: &RowPlan| {
            let learned = row.unique.and_then(|at| learned.get(&parts.unique[at]));
            RucList::row(self, row, learned, list, lang)
        };
        Ok(rows.iter().map(verdict).collect())
    }

    /// What came of some RUCs. An answer counts however old it is by now: its item says that it was
    /// good when it was given.
    async fn learned_of(
        &self,
        parts: &Parts,
        rucs: impl Iterator<Item = Ruc>,
    ) -> Result<HashMap<Ruc, RucOutcome>, AppError> {
        let asked = rucs.filter_map(|ruc| Some((ruc, parts.states.get(&ruc)?)));
        let asked: Vec<(Ruc, &ItemState)> = asked.collect();
        let keys: Vec<Key> = asked.iter().map(|(ruc, _)| RucList::key(*ruc)).collect();
        let memories = self.store.recall(&keys).await?;
        let mut learned = HashMap::with_capacity(asked.len());
        for ((ruc, state), memory) in asked.into_iter().zip(memories) {
            let outcome = match (state, memory) {
                (ItemState::Failed { code }, _) => RucOutcome::FailedBefore(code.clone()),
                (_, None) => RucOutcome::Forgotten,
                (_, Some(memory)) => {
                    let source = match parts.batch.created_at {
                        created if memory.stored_at >= created => Source::Upstream,
                        created if memory.expires_at >= created => Source::Memory,
                        _ => Source::Stale,
                    };
                    RucOutcome::of_memory(ruc, &memory, source).unwrap_or(RucOutcome::Forgotten)
                }
            };
            learned.insert(ruc, outcome);
        }
        Ok(learned)
    }
}

/// The list as a whole, without what it cost.
pub(super) fn summary(rows: &[RowPlan], mode: Mode, now: Timestamp, lang: Lang) -> Summary {
    let is_bad = |row: &&RowPlan| matches!(row.subject, Subject::Bad(_));
    Summary {
        source_file: String::new(),
        answered_by: match mode {
            Mode::Real => "APIMIGO".to_owned(),
            Mode::Sandbox => lang
                .pick(
                    "PRUEBA: datos inventados, no los use para facturar",
                    "SANDBOX: invented data, do not invoice by them",
                )
                .to_owned(),
        },
        generated_at: lima_datetime(now),
        duplicates: rows.iter().filter(|row| row.repeats.is_some()).count(),
        damaged: rows.iter().filter(is_bad).count(),
        repaired: rows
            .iter()
            .filter(|row| row.unique.is_some() && row.repairs.iter().any(|it| it.corrects()))
            .count(),
        calls_spent: 0,
        cache_hits: 0,
        duration: Duration::ZERO,
    }
}

/// A batch whose file can be read again keeps no list: its numbers are one.
fn numbers_of(items: &[Item]) -> Vec<String> {
    let number = |item: &Item| {
        let key = item.key.as_ref();
        key.map_or_else(|| ERASED.to_owned(), |key| key.subject.to_string())
    };
    items.iter().map(number).collect()
}

/// How each number stands that has an outcome.
fn states_of(items: Vec<Item>) -> HashMap<Ruc, ItemState> {
    let state = |item: Item| Some((ruc_of_form(&item.key?.subject)?, item.state?));
    items.into_iter().filter_map(state).collect()
}
