//! The result of a batch, written from the list as it was handed over, the state of its numbers
//! and the answers in memory.

use std::collections::HashMap;
use std::io::Write;

use chaski_client::{Key, Ledger, Lookup, RucQuery, Source};
use chaski_core::{Lang, Ruc};
use uuid::Uuid;

use super::batches::{Told, rows_of};
use super::lote_input::KeptList;
use super::lotes::Lote;
use super::verdicts::Settled;
use super::{App, AppError};
use crate::sheets::{self, OutputFormat, Summary, Table, Verdict};
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

/// Stands for a number that was erased.
const ERASED: &str = "***********";

/// Verdicts between two chances for others.
const ROWS_AT_A_TIME: usize = 1_000;

impl LoteResult {
    /// Writes it. A workbook takes its time: a server does this on a blocking thread.
    pub fn write(&self, format: OutputFormat, writer: &mut dyn Write) -> Result<(), AppError> {
        Ok(sheets::write_result_to(
            writer,
            format,
            &self.table,
            &self.verdicts,
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
        let lote = self.lote(id, key_id).await?;
        let items = self.store.item_states(id).await?;
        let kept = self.store.batch_input(id).await?;
        let (numbers, configured) = (App::numbers_of(&items), self.config.ruc_rules.clone());
        // A long list takes its time, which is not that of other requests.
        let read = tokio::task::spawn_blocking(move || {
            let list = match kept {
                Some(bytes) => KeptList::of_bytes(&bytes)?,
                None => KeptList::of_numbers(&numbers, configured.check_digit),
            };
            let rules = list.rules(&configured);
            let (rows, unique) = rows_of(&list.table, list.column, &rules);
            Ok::<_, AppError>((list, rows, unique))
        });
        let (list, rows, unique) = read.await.map_err(|error| AppError::Io(error.into()))??;
        let settled = self.settled_of(&lote, &items).await?;
        let mut verdicts = Vec::with_capacity(rows.len());
        for (index, row) in rows.iter().enumerate() {
            let settled = row.unique.and_then(|at| settled.get(&unique[at]));
            verdicts.push(self.verdict(row, settled, lang));
            if index % ROWS_AT_A_TIME == 0 {
                tokio::task::yield_now().await;
            }
        }
        let told = Told {
            source_file: lote.batch.source_name.clone(),
            calls: lote.batch.calls as usize,
            cache_hits: lote.batch.cache_hits as usize,
            duration: lote.duration().unwrap_or_default(),
        };
        Ok(LoteResult {
            summary: self.summary(&rows, told, lang),
            table: list.table,
            verdicts,
            lang,
        })
    }

    /// A batch of the command line keeps no list: its numbers are one.
    fn numbers_of(items: &[Item]) -> Vec<String> {
        let number = |item: &Item| {
            let key = item.key.as_ref();
            key.map_or_else(|| ERASED.to_owned(), |key| key.subject.to_string())
        };
        items.iter().map(number).collect()
    }

    /// What came of each RUC. An answer counts however old it is by now: its item says that it was
    /// good when it was given.
    async fn settled_of(
        &self,
        lote: &Lote,
        items: &[Item],
    ) -> Result<HashMap<Ruc, Settled>, AppError> {
        let rules = chaski_core::RucRules {
            check_digit: chaski_core::CheckDigit::FormatOnly,
            ..chaski_core::RucRules::default()
        };
        let ruc = |key: &Key| Ruc::parse_with(&key.subject, &rules).ok();
        let asked: Vec<(Ruc, &ItemState)> = items
            .iter()
            .filter_map(|item| Some((ruc(item.key.as_ref()?)?, item.state.as_ref()?)))
            .collect();
        let keys: Vec<Key> = asked.iter().map(|(ruc, _)| RucQuery(*ruc).key()).collect();
        let memories = self.store.recall(&keys).await?;
        let mut settled = HashMap::with_capacity(asked.len());
        for ((ruc, state), memory) in asked.into_iter().zip(memories) {
            let outcome = match (state, memory) {
                (ItemState::Failed { code }, _) => Settled::FailedBefore(code.clone()),
                (_, None) => Settled::Forgotten,
                (_, Some(memory)) => {
                    let source = match lote.batch.created_at {
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
