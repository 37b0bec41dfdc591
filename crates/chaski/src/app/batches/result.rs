//! The result of a batch, written from the list as it was handed over, the state of its numbers
//! and the answers in memory. Row by row: the verdicts of a long list take more memory than the
//! list, and the answers behind them even more.

use std::collections::HashMap;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use chaski_core::{Lang, RucRules, lima_datetime};
use jiff::Timestamp;
use tokio::sync::mpsc;
use uuid::Uuid;

use super::input::KeptList;
use super::kind::{BatchKind, ListKind, RucList};
use super::rates::RateList;
use super::reading::Reading;
use super::submit::AT_A_TIME;
use super::vouchers::VoucherList;
use crate::app::verdicts::{NotAsked, OfList, RowPlan, is_limit};
use crate::app::{App, AppError, Mode};
use crate::sheets::{self, OutputFormat, Packed, ResultNames, Summary, Table, Verdicts};
use crate::store::{Batch, Item, ItemState, StoreError};

/// The list, one verdict for each of its rows, and what is said of it as a whole.
pub struct BatchResult<K: ListKind = RucList> {
    /// The list as it was handed over.
    pub table: Table,
    /// One verdict for each row.
    pub verdicts: Packed<K::Said>,
    /// The list as a whole.
    pub summary: Summary,
}

/// What a result is made of.
struct Parts<K: ListKind> {
    batch: Batch,
    table: Arc<Table>,
    how: K,
    rules: RucRules,
    reading: Reading<K>,
    states: HashMap<K::Subject, ItemState>,
    /// Whether the upstream failed and answered about no number.
    nothing_came: bool,
}

/// A list that is kept in more bytes than this, or has more numbers, is a large one.
const LARGE_BYTES: u64 = 1024 * 1024;
const LARGE_NUMBERS: u32 = 10_000;

/// Parts of the verdicts that may wait for their writer.
const PARTS_AHEAD: usize = 2;

impl<K: ListKind> BatchResult<K> {
    /// Writes it. A workbook takes its time: a server does this on a blocking thread.
    pub fn write(
        &self,
        format: OutputFormat,
        names: ResultNames,
        lang: Lang,
        writer: &mut dyn Write,
    ) -> Result<(), AppError> {
        let verdicts = Verdicts::of(&self.verdicts);
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
        how: (OutputFormat, ResultNames),
        out: W,
    ) -> Result<W, AppError> {
        let batch = self.batch(id, key_id).await?;
        match batch.kind() {
            BatchKind::Documents => self.write_issued_list(&batch, lang, how.0, out).await,
            BatchKind::Ruc => {
                self.write_answers::<RucList, W>(batch, lang, how, out)
                    .await
            }
            BatchKind::Vouchers => {
                self.write_answers::<VoucherList, W>(batch, lang, how, out)
                    .await
            }
            BatchKind::Rates => {
                self.write_answers::<RateList, W>(batch, lang, how, out)
                    .await
            }
        }
    }

    async fn write_answers<K: ListKind, W: Write + Send + 'static>(
        &self,
        batch: Batch,
        lang: Lang,
        (format, names): (OutputFormat, ResultNames),
        mut out: W,
    ) -> Result<W, AppError> {
        // 1. The list, and what became of its numbers.
        let parts = self.parts_of::<K>(batch).await?;
        let summary = self.summary_of(&parts, lang);
        let table = Arc::clone(&parts.table);
        // 2. A thread writes, which is not one that serves others.
        let (made, mut verdicts) = mpsc::channel::<Vec<K::Said>>(PARTS_AHEAD);
        let written = tokio::task::spawn_blocking(move || {
            let parts = std::iter::from_fn(|| verdicts.blocking_recv());
            let made = Verdicts::made(parts.flatten());
            sheets::write_result_to(&mut out, format, &table, made, &summary, names, lang)?;
            Ok(out)
        });
        // 3. The verdicts, as it takes them. It stops early only for an error of its own.
        let mut rows = parts.reading.rows(&parts.how, &parts.table, &parts.rules);
        loop {
            let some: Vec<_> = rows.by_ref().take(AT_A_TIME).collect();
            if some.is_empty() {
                break;
            }
            let verdicts = self.verdicts_of(&parts, &some, lang).await?;
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

    fn summary_of<K: ListKind>(&self, parts: &Parts<K>, lang: Lang) -> Summary {
        let (batch, now) = (&parts.batch, self.clock.now());
        Summary {
            source_file: batch.source_name.clone(),
            calls_spent: batch.calls as usize,
            cache_hits: batch.cache_hits as usize,
            duration: batch.duration(now).unwrap_or_default(),
            ..summary(&parts.reading, self.mode, now, lang)
        }
    }

    async fn parts_of<K: ListKind>(&self, batch: Batch) -> Result<Parts<K>, AppError> {
        let items = self.store.item_states(batch.id).await?;
        let kept = self.store.batch_input(batch.id).await?;
        let configured = self.config.ruc_rules.clone();
        // A long list takes its time, which is not that of other requests.
        let read = tokio::task::spawn_blocking(move || {
            let list = if let Some(bytes) = kept {
                KeptList::of_bytes(&bytes)?
            } else {
                let asked = items.iter().map(|item| K::subject(item.key.as_ref()?));
                let (titles, rows, how) = K::listed(&asked.collect::<Vec<_>>());
                KeptList::of_rows(titles, &rows, how, configured.check_digit)
            };
            let rules = list.rules(&configured);
            let how = K::kept(list.how).ok_or(StoreError::Corrupt)?;
            let reading = Reading::of(&how, &list.table, &rules);
            let states = states_of::<K>(items);
            let failed =
                |it: &ItemState| matches!(it, ItemState::Failed { code } if !is_limit(code));
            let nothing_came = batch.successful() == 0 && states.values().any(failed);
            Ok::<_, AppError>(Parts {
                batch,
                table: Arc::new(list.table),
                how,
                rules,
                reading,
                states,
                nothing_came,
            })
        });
        read.await?
    }

    /// The verdicts of some rows.
    async fn verdicts_of<K: ListKind>(
        &self,
        parts: &Parts<K>,
        rows: &[RowPlan<K::Read>],
        lang: Lang,
    ) -> Result<Vec<K::Said>, AppError> {
        let asked = rows.iter().filter_map(|row| {
            let subject = &parts.reading.unique[row.unique?];
            Some((subject.clone(), parts.states.get(subject)?.clone()))
        });
        let learned = K::told(self, &parts.batch, asked.collect()).await?;
        let list = OfList {
            otherwise: NotAsked::Waits,
            nothing_came: parts.nothing_came,
        };
        let verdict = |row: &RowPlan<K::Read>| {
            let learned = row
                .unique
                .and_then(|at| learned.get(&parts.reading.unique[at]));
            K::row(self, row, learned, list, lang)
        };
        Ok(rows.iter().map(verdict).collect())
    }
}

/// The list as a whole, without what it cost.
pub(super) fn summary<K: ListKind>(
    reading: &Reading<K>,
    mode: Mode,
    now: Timestamp,
    lang: Lang,
) -> Summary {
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
        duplicates: reading.duplicates,
        damaged: reading.damaged,
        repaired: reading.repaired,
        calls_spent: 0,
        cache_hits: 0,
        duration: Duration::ZERO,
    }
}

/// How each number stands that has an outcome.
fn states_of<K: ListKind>(items: Vec<Item>) -> HashMap<K::Subject, ItemState> {
    let state = |item: Item| Some((K::subject(&item.key?)?, item.state?));
    items.into_iter().filter_map(state).collect()
}
