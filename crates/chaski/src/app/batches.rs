//! Path 2: a list in, a verdict for each of its rows out, nothing paid twice.
//!
//! [`App::plan_batch`] reads the rows and spends nothing; [`App::start_batch`] stores the batch
//! and begins; [`Running::next`] settles group after group; [`Running::finish`] writes the
//! verdicts down. A crash between any two of them repeats no answer that was stored.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chaski_client::{Ask, Budget, Failure, Lookup, RucQuery};
use chaski_core::{Lang, Ruc, RucRules, lima_datetime};
use jiff::Timestamp;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::asking::{Asking, states_of};
use super::cost::{Cost, Over};
use super::unread::unread;
use super::verdicts::{NotAsked, OfList, RowPlan, Settled, is_limit};
use super::{App, AppError, Mode};
use crate::partners::SunatCheck;
use crate::sheets::{Subject, Summary, Table, Verdict, read_row};
use crate::store::{BatchCounters, BatchState, NewBatch};

/// A list and where its RUCs are.
pub struct BatchInput {
    /// The rows.
    pub table: Table,
    /// Column of the RUC, from 0.
    pub column: usize,
    /// Name of the file, without its folder.
    pub source_name: String,
    /// Hash of its bytes: the same file is the same batch.
    pub source_hash: [u8; 32],
}

/// What a batch will do; nothing was spent yet.
pub struct Plan {
    input: BatchInput,
    rows: Vec<RowPlan>,
    unique: Vec<Ruc>,
    settled: HashMap<usize, Settled>,
    batch: Option<Uuid>,
    /// Answers that are known and fresh.
    pub known: usize,
    /// RUCs that must be asked for.
    pub to_ask: usize,
    /// Calls that takes, if the upstream answers about all of them, and at most. No more are
    /// spent: what is left over then has no answer.
    pub cost: Cost,
    /// Another process is working on the same list: what it asks is not asked again.
    pub under_way_elsewhere: bool,
    /// What a person lets it spend, where that was said.
    pub limit: Option<u64>,
    /// RUCs that are asked for at most, where the plan has calls for no more.
    pub most: usize,
    /// Time it took to find that out.
    pub prepared_in: Duration,
}

/// A batch at work.
pub struct Running {
    plan: Plan,
    id: Uuid,
    asking: Asking,
    budget: Budget,
    settled: HashMap<usize, Settled>,
    /// Of those known at the beginning, how many memory held before the list was first asked for.
    held_before: usize,
    calls_before: u64,
    started: Instant,
    lasted: Duration,
}

/// How far a batch is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// RUCs with an outcome.
    pub done: usize,
    /// RUCs in all, each once.
    pub total: usize,
}

/// What came of a batch.
pub struct Finished {
    /// The list as it was read.
    pub table: Table,
    /// One verdict for each row.
    pub verdicts: Vec<Verdict>,
    /// The list as a whole.
    pub summary: Summary,
    /// RUCs without an answer, those that were not asked for among them.
    pub failed: usize,
    /// Those that were not asked for because the list had spent the most that it may.
    pub over: Option<Over>,
    /// Those that were not asked for because of another limit: the plan has too few calls for them,
    /// or a server says so.
    pub left_out: usize,
    /// A server asked.
    pub by_a_server: bool,
    /// The failure, when nothing at all was answered, not one number could be read, or every other
    /// number fails by it as well.
    pub total_failure: Option<AppError>,
    /// Time spent asking.
    pub asking: Duration,
}

impl App {
    /// Reads every row, finds repetitions and what is known already. With `resume`, takes up the
    /// unfinished batch of the same file.
    pub async fn plan_batch(
        &self,
        input: BatchInput,
        ask: &Ask,
        resume: bool,
    ) -> Result<Plan, AppError> {
        let started = Instant::now();
        // 1. Every row to what it names; damage is repaired, the rest is final now, at no cost.
        let (rows, unique) = rows_of(&input.table, input.column, &self.config.ruc_rules);
        // 2. What an interrupted run of the same list settled stays settled, however old.
        let options = self.options_of(&input);
        let unfinished = if resume {
            self.store
                .unfinished_batch(&input.source_hash, &options)
                .await?
        } else {
            None
        };
        let since = unfinished.as_ref().map(|batch| batch.created_at);
        let settled = self.remembered(&unique, since, ask).await?;
        let known = settled.len();
        let under_way_elsewhere =
            self.store.has_company() && self.store.is_being_worked_on(&input.source_hash).await?;
        // 3. What is left, and how many calls that is.
        let to_ask = unique.len() - known;
        Ok(Plan {
            cost: Cost::of(to_ask),
            under_way_elsewhere,
            known,
            to_ask,
            limit: None,
            most: to_ask,
            batch: unfinished.map(|batch| batch.id),
            input,
            rows,
            unique,
            settled,
            prepared_in: started.elapsed(),
        })
    }

    /// What changes the result of a list, as text: two runs with equal text are one batch.
    fn options_of(&self, input: &BatchInput) -> String {
        format!(
            "columna={} verificacion={:?}",
            input.column, self.config.ruc_rules.check_digit
        )
    }

    /// Stores the batch, or takes up the one that was interrupted, and begins to ask.
    pub async fn start_batch(&self, mut plan: Plan, ask: &Ask) -> Result<Running, AppError> {
        let now = self.clock.now();
        let settled = std::mem::take(&mut plan.settled);
        let mut writes = JoinSet::new();
        // Another process may have taken it up since it was found.
        if let Some(id) = plan.batch
            && !self.store.take_up_batch(id).await?
        {
            plan.batch = None;
        }
        let id = if let Some(id) = plan.batch {
            let (store, known) = (Arc::clone(&self.store), states_of(known(&settled)));
            writes.spawn(async move { store.settle_items(id, known, Vec::new()).await });
            id
        } else {
            let id = new_id(now);
            let subjects = plan.unique.iter().map(|ruc| RucQuery(*ruc).key()).collect();
            let new = NewBatch {
                id,
                created_at: now,
                operation: "ruc",
                source_name: plan.input.source_name.clone(),
                source_hash: plan.input.source_hash,
                options: self.options_of(&plan.input),
                total_rows: u32::try_from(plan.rows.len()).unwrap_or(u32::MAX),
                asked_by: ask.who.to_string(),
                subjects,
                settled: states_of(known(&settled)),
            };
            let store = Arc::clone(&self.store);
            let created = async move { store.create_batch(new).await };
            if plan.to_ask == 0 {
                // Nothing will be paid for, so nothing has to wait until it is on record.
                writes.spawn(created);
            } else {
                created.await?;
            }
            id
        };
        let wanted = plan.unique.iter().copied().enumerate();
        let wanted = wanted.filter(|(position, _)| !settled.contains_key(position));
        let wanted = wanted.take(plan.most);
        let calls_before = self.migo.line().stats().paid;
        let started = Instant::now();
        let budget = Budget::of(plan.cost.most);
        let ask = ask.clone().budget(budget.clone());
        Ok(Running {
            budget,
            asking: self.ask_for(id, wanted.collect(), &ask, None, None, writes),
            plan,
            id,
            held_before: settled.values().filter(|it| it.is_from_memory()).count(),
            settled,
            calls_before,
            started,
            lasted: Duration::ZERO,
        })
    }
}

impl Plan {
    /// Keeps it to what a person lets it spend.
    pub fn allow(&mut self, limit: Option<u64>) {
        self.cost = Cost::within(self.to_ask, limit);
        self.limit = limit;
    }
}

impl Running {
    /// How far it is.
    pub fn progress(&self) -> Progress {
        Progress {
            done: self.settled.len(),
            total: self.plan.unique.len(),
        }
    }

    /// RUCs that were not asked for because the list had spent the most that it may.
    pub fn over_the_cost(&self) -> Option<Over> {
        let over = self.settled.values().filter(|it| is_over_cost(it)).count();
        self.over(over, over)
    }

    fn over(&self, rucs: usize, left: usize) -> Option<Over> {
        Over::of(
            rucs,
            self.plan.cost.most,
            left,
            self.budget.refused_singly(),
        )
    }

    /// Asks for those with so many calls more.
    pub async fn go_on(&mut self, app: &App, ask: &Ask, more: u64) -> Result<(), AppError> {
        self.asking.written().await?;
        let left = self.settled.extract_if(|_, it| is_over_cost(it));
        let mut left: Vec<usize> = left.map(|(position, _)| position).collect();
        left.sort_unstable();
        let wanted = left.iter().map(|at| (*at, self.plan.unique[*at])).collect();
        self.budget = Budget::of(more);
        let ask = ask.clone().budget(self.budget.clone());
        self.asking = app.ask_for(self.id, wanted, &ask, None, None, JoinSet::new());
        self.plan.cost.most += more;
        Ok(())
    }

    /// What the settled RUCs say of the partners that have them.
    pub fn sunat_checks(&self, app: &App) -> Vec<SunatCheck> {
        let now = app.clock.now();
        let check = |(position, settled): (&usize, &Settled)| {
            settled.check(self.plan.unique[*position], now)
        };
        self.settled.iter().map(check).collect()
    }

    /// Waits for the next group of outcomes and puts them on their way to the store; false when
    /// all have come.
    pub async fn next(&mut self, app: &App) -> Result<bool, AppError> {
        let Some(group) = self.asking.next(app).await? else {
            self.lasted = self.started.elapsed();
            return Ok(false);
        };
        self.settled.extend(group);
        Ok(true)
    }

    /// Stops asking. What is in flight still ends in memory when the application closes.
    pub async fn stop(self, app: &App) -> Result<Progress, AppError> {
        let progress = self.progress();
        let id = self.id;
        self.asking.stop(app).await?;
        app.store.let_go_of_batch(id).await?;
        Ok(progress)
    }

    /// Whether the upstream failed and answered about no number.
    fn nothing_came(&self) -> bool {
        let failed = |it: &Settled| matches!(it, Settled::Failed(error) if !is_limit(error.code()));
        let settled = || self.settled.values();
        settled().any(failed) && settled().all(|it| matches!(it, Settled::Failed(_)))
    }

    /// Ends the batch: one verdict for each row.
    pub async fn finish(mut self, app: &App, lang: Lang) -> Result<Finished, AppError> {
        // While the last groups are written.
        let list = OfList {
            otherwise: NotAsked::PlanTooSmall,
            nothing_came: self.nothing_came(),
        };
        let verdict = |row: &RowPlan| {
            let settled = row.unique.and_then(|at| self.settled.get(&at));
            app.verdict(row, settled, list, lang)
        };
        let verdicts: Vec<Verdict> = self.plan.rows.iter().map(verdict).collect();
        self.asking.written().await?;
        let left_out = self.plan.unique.len() - self.settled.len();
        let failed = self
            .settled
            .values()
            .filter(|it| matches!(it, Settled::Failed(_)))
            .count()
            + left_out;
        let over = self.settled.values().filter(|it| is_over_cost(it)).count();
        let over = self.over(over, failed);
        let count = |wanted: fn(&Settled) -> bool| {
            u32::try_from(self.settled.values().filter(|it| wanted(it)).count()).unwrap_or(u32::MAX)
        };
        let calls = app.migo.line().stats().paid - self.calls_before;
        let answered = count(|it| matches!(it, Settled::Found { .. }));
        let refused = count(|it| matches!(it, Settled::NotFound { .. }));
        let hits = count(Settled::is_from_memory);
        let reached = if failed == 0 {
            BatchState::Completed
        } else {
            BatchState::Partial
        };
        let counters = BatchCounters {
            cache_hits: hits,
            calls: u32::try_from(calls).unwrap_or(u32::MAX),
        };
        app.store
            .finish_batch(self.id, reached, counters, app.clock.now())
            .await?;
        let plan = self.plan;
        let unread = unread(&plan.rows, &plan.input.table.rows);
        let none_answered = answered + refused == 0;
        let total_failure = self.settled.values().filter_map(|it| match it {
            Settled::Failed(error) if none_answered || error.concerns_all() => Some(error),
            _ => None,
        });
        let total_failure = total_failure
            // What the list may cost, or that the upstream is down by now, is no cause: it is why
            // the cause was not met again.
            .max_by_key(|error| {
                let is_cause = !matches!(
                    error.failure(),
                    Some(Failure::BudgetSpent | Failure::BreakerOpen { .. })
                );
                (error.concerns_all(), is_cause)
            })
            .map(|error| AppError::Lookup(error.clone()));
        let total_failure = unread.filter(|_| none_answered).or(total_failure);
        let told = Told {
            source_file: plan.input.source_name,
            calls: usize::try_from(calls).unwrap_or(usize::MAX),
            // As it was announced: what an earlier run of the list paid for is known to this one.
            cache_hits: plan.known + (hits as usize).saturating_sub(self.held_before),
            duration: self.started.elapsed() + plan.prepared_in,
        };
        let summary = app.summary(&plan.rows, told, lang);
        Ok(Finished {
            table: plan.input.table,
            verdicts,
            summary,
            failed,
            over,
            left_out,
            by_a_server: false,
            total_failure,
            asking: self.lasted,
        })
    }
}

fn is_over_cost(settled: &Settled) -> bool {
    matches!(settled, Settled::Failed(error) if error.failure() == Some(&Failure::BudgetSpent))
}

/// What a summary says beside what the rows say.
pub struct Told {
    /// Name of the file.
    pub source_file: String,
    /// Calls paid for.
    pub calls: usize,
    /// Answers that were known already.
    pub cache_hits: usize,
    /// How long it took.
    pub duration: Duration,
}

impl BatchInput {
    /// Says so if no row names a RUC.
    pub fn nothing_read(&self, rules: &RucRules) -> Option<AppError> {
        unread(
            &rows_of(&self.table, self.column, rules).0,
            &self.table.rows,
        )
    }

    /// The list as a whole, when a server answered it.
    pub fn summary(
        &self,
        rules: &RucRules,
        told: Told,
        mode: Mode,
        now: Timestamp,
        lang: Lang,
    ) -> Summary {
        let (rows, _) = rows_of(&self.table, self.column, rules);
        summary(&rows, told, mode, now, lang)
    }
}

impl App {
    /// The list as a whole.
    pub(super) fn summary(&self, rows: &[RowPlan], told: Told, lang: Lang) -> Summary {
        summary(rows, told, self.mode, self.clock.now(), lang)
    }
}

fn summary(rows: &[RowPlan], told: Told, mode: Mode, now: Timestamp, lang: Lang) -> Summary {
    let is_bad = |row: &&RowPlan| !matches!(row.subject, Subject::Ruc(_));
    Summary {
        source_file: told.source_file,
        answered_by: match mode {
            Mode::Real => "APIMIGO".to_owned(),
            Mode::Sandbox => lang
                .pick(
                    "SANDBOX: datos ficticios, no los use para facturar",
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
        calls_spent: told.calls,
        cache_hits: told.cache_hits,
        duration: told.duration,
    }
}

/// What each row names, and the RUCs, each once, in the order of their first appearance.
pub(super) fn rows_of(table: &Table, column: usize, rules: &RucRules) -> (Vec<RowPlan>, Vec<Ruc>) {
    let mut unique = Vec::new();
    let mut first: HashMap<Ruc, (usize, u32)> = HashMap::new();
    let rows = table
        .rows
        .iter()
        .map(|row| {
            let repaired = read_row(table, row, column, rules);
            let (mut position, mut repeats) = (None, None);
            if let Subject::Ruc(ruc) = repaired.subject {
                let next = unique.len();
                let (at, number) = *first.entry(ruc).or_insert((next, row.number));
                if at == next {
                    unique.push(ruc);
                } else {
                    repeats = Some(number);
                }
                position = Some(at);
            }
            RowPlan {
                subject: repaired.subject,
                repairs: repaired.repairs,
                unique: position,
                repeats,
            }
        })
        .collect();
    (rows, unique)
}

fn known(settled: &HashMap<usize, Settled>) -> impl Iterator<Item = (usize, &Settled)> {
    settled
        .iter()
        .map(|(position, settled)| (*position, settled))
}

/// An identifier that sorts by time.
pub(super) fn new_id(now: Timestamp) -> Uuid {
    let seconds = u64::try_from(now.as_second()).unwrap_or(0);
    let nanos = u32::try_from(now.subsec_nanosecond()).unwrap_or(0);
    Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, seconds, nanos))
}
