//! The result of a batch, written from the list as it was handed over, the state of its numbers
//! and the answers in memory. Row by row: the verdicts of a long list take more memory than the
//! list, and the answers behind them even more.

use std::collections::HashMap;
use std::io::Write;

use chaski_client::{Key, Ledger, Lookup, RucQuery, Source};
use chaski_core::{CheckDigit, Lang, Ruc, RucRules};
use tokio::sync::mpsc;
use uuid::Uuid;

use super::batches::{Told, rows_of};
use super::lote_input::KeptList;
use super::lotes::{AT_A_TIME, Lote};
use super::verdicts::{NotAsked, OfList, RowPlan, Settled, is_limit};
use super::{App, AppError};
use crate::sheets::{self, OutputFormat, Summary, Table, Verdict, Verdicts};
use crate::store::{Item, ItemState};

/// The list, one verdict for each of its rows, and what is said of it as a whole.
pub struct LoteResult {
    /// The list as it was handed over.
    pub table: Table,
    /// One verdict for each row.
    pub verdicts: Vec<Verdict>,
    /// The list as a whole.
    pub summary: Summary,
    lang: Lang,
}

/// What a result is made of.
struct Parts {
    lote: Lote,
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

impl LoteResult {
    /// Writes it. A workbook takes its time: a server does this on a blocking thread.
    pub fn write(&self, format: OutputFormat, writer: &mut dyn Write) -> Result<(), AppError> {
        Ok(sheets::write_result_to(
            writer,
            format,
            &self.table,
            self.verdicts.as_slice().into(),
            &self.summary,
            self.lang,
        )?)
    }
}

impl App {
    /// The result of a batch so far, in the same form as that of `chaski ruc lote`. Numbers that
    /// wait are "not asked yet".
    pub async fn lote_result(
        &self,
        id: Uuid,
        key_id: Option<Uuid>,
        lang: Lang,
    ) -> Result<LoteResult, AppError> {
        let parts = self.parts_of(id, key_id).await?;
        let mut verdicts = Vec::with_capacity(parts.rows.len());
        for rows in parts.rows.chunks(AT_A_TIME) {
            verdicts.extend(self.verdicts_of(&parts, rows, lang).await?);
        }
        Ok(LoteResult {
            summary: self.summary(&parts.rows, told(&parts.lote), lang),
            table: parts.list.table,
            verdicts,
            lang,
        })
    }

    /// Writes the same and gives back what it wrote to; never is all of it in memory.
    pub async fn write_lote_result<W: Write + Send + 'static>(
        &self,
        id: Uuid,
        key_id: Option<Uuid>,
        lang: Lang,
        format: OutputFormat,
        mut out: W,
    ) -> Result<W, AppError> {
        // 1. The list, and what became of its numbers.
        let mut parts = self.parts_of(id, key_id).await?;
        let summary = self.summary(&parts.rows, told(&parts.lote), lang);
        let nothing = KeptList::of_numbers(&[], CheckDigit::Strict);
        let table = std::mem::replace(&mut parts.list, nothing).table;
        // 2. A thread writes, which is not one that serves others.
        let (made, mut verdicts) = mpsc::channel::<Vec<Verdict>>(PARTS_AHEAD);
        let written = tokio::task::spawn_blocking(move || {
            let parts = std::iter::from_fn(|| verdicts.blocking_recv());
            let made = Verdicts::Made(Box::new(parts.flatten()));
            sheets::write_result_to(&mut out, format, &table, made, &summary, lang)?;
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
        written.await.map_err(|error| AppError::Io(error.into()))?
    }

    /// Whether the result of a batch takes much memory to write.
    pub async fn lote_is_large(&self, id: Uuid, key_id: Option<Uuid>) -> Result<bool, AppError> {
        let lote = self.lote(id, key_id).await?;
        let kept = self.store.batch_input_size(id).await?;
        Ok(kept > LARGE_BYTES || lote.batch.unique > LARGE_NUMBERS)
    }

    async fn parts_of(&self, id: Uuid, key_id: Option<Uuid>) -> Result<Parts, AppError> {
        let lote = self.lote(id, key_id).await?;
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
            let (rows, unique) = rows_of(&list.table, list.column, &rules);
            let states = states_of(items);
            let failed =
                |it: &ItemState| matches!(it, ItemState::Failed { code } if !is_limit(code));
            let nothing_came = lote.successful() == 0 && states.values().any(failed);
            Ok::<_, AppError>(Parts {
                lote,
                list,
                rows,
                unique,
                states,
                nothing_came,
            })
        });
        read.await.map_err(|error| AppError::Io(error.into()))?
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
        let settled = self.settled_of(parts, rucs).await?;
        let list = OfList {
            otherwise: NotAsked::Waits,
            nothing_came: parts.nothing_came,
        };
        let verdict = |row: &RowPlan| {
            let settled = row.unique.and_then(|at| settled.get(&parts.unique[at]));
            self.verdict(row, settled, list, lang)
        };
        Ok(rows.iter().map(verdict).collect())
    }

    /// What came of some RUCs. An answer counts however old it is by now: its item says that it was
    /// good when it was given.
    async fn settled_of(
        &self,
        parts: &Parts,
        rucs: impl Iterator<Item = Ruc>,
    ) -> Result<HashMap<Ruc, Settled>, AppError> {
        let asked = rucs.filter_map(|ruc| Some((ruc, parts.states.get(&ruc)?)));
        let asked: Vec<(Ruc, &ItemState)> = asked.collect();
        let keys: Vec<Key> = asked.iter().map(|(ruc, _)| RucQuery(*ruc).key()).collect();
        let memories = self.store.recall(&keys).await?;
        let mut settled = HashMap::with_capacity(asked.len());
        for ((ruc, state), memory) in asked.into_iter().zip(memories) {
            let outcome = match (state, memory) {
                (ItemState::Failed { code }, _) => Settled::FailedBefore(code.clone()),
                (_, None) => Settled::Forgotten,
                (_, Some(memory)) => {
                    let source = match parts.lote.batch.created_at {
                        created if memory.stored_at >= created => Source::Upstream,
                        created if memory.expires_at >= created => Source::Memory,
                        _ => Source::Stale,
                    };
                    Settled::of_memory(ruc, &memory, source).unwrap_or(Settled::Forgotten)
                }
            };
            settled.insert(ruc, outcome);
        }
        Ok(settled)
    }
}

fn told(lote: &Lote) -> Told {
    Told {
        source_file: lote.batch.source_name.clone(),
        calls: lote.batch.calls as usize,
        cache_hits: lote.batch.cache_hits as usize,
        duration: lote.duration().unwrap_or_default(),
    }
}

/// A batch of the command line keeps no list: its numbers are one.
fn numbers_of(items: &[Item]) -> Vec<String> {
    let number = |item: &Item| {
        let key = item.key.as_ref();
        key.map_or_else(|| ERASED.to_owned(), |key| key.subject.to_string())
    };
    items.iter().map(number).collect()
}

/// How each number stands that has an outcome.
fn states_of(items: Vec<Item>) -> HashMap<Ruc, ItemState> {
    let rules = RucRules {
        check_digit: CheckDigit::FormatOnly,
        ..RucRules::default()
    };
    let state = |item: Item| {
        let ruc = Ruc::parse_with(&item.key?.subject, &rules).ok()?;
        Some((ruc, item.state?))
    };
    items.into_iter().filter_map(state).collect()
}
