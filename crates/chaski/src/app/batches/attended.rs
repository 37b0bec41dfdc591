//! A batch that a command waits for. It is stored like any other, and the command's own process works on
//! it.
//!
//! [`App::plan_batch`] reads the rows and spends nothing; [`Attended::start`] stores the batch and
//! claims its job, or takes up the one that was left; [`Attended::next`] notes group after group;
//! [`Attended::finish`] gives the verdicts. A crash between any two of them repeats no answer that was
//! stored: the batch is then paused until a person resumes it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use chaski_client::{Ask, Budget, Failure};
use chaski_core::{Dni, Lang, RucRules};
use jiff::Timestamp;
use tokio::task::JoinSet;
use tokio::time::Instant;
use uuid::Uuid;

use super::kind::{ListKind, ListOutcome, RucList};
use super::learned::LearnedOutcomes;
use super::reading::Reading;
use super::result::{BatchResult, summary};
use super::submit::{AT_A_TIME, BatchOptions};
use super::work::Run;
use crate::app::cost::{Cost, Over};
use crate::app::job_kind::{JobKind, job_text};
use crate::app::verdicts::{NotAsked, OfList, is_limit};
use crate::app::{App, AppError, Mode};
use crate::sheets::{Packed, Subject, Summary, Table};
use crate::store::{
    Asker, Batch, BatchChange, ChecksNoted, Claim, Company, ItemState, Job, JobEnd, JobState,
    NewBatch, NewItems, StoreError,
};

/// A list and how it is to be read.
pub struct ReadList<K = RucList> {
    /// The rows.
    pub table: Table,
    /// Where in it stands what is asked for.
    pub how: K,
    /// Name of the file, without its folder.
    pub source_name: String,
    /// Hash of its bytes.
    pub source_hash: [u8; 32],
}

/// A batch of this process. Until it is started nothing is spent or stored.
pub struct Attended<K: ListKind = RucList> {
    list: ReadList<K>,
    rules: RucRules,
    reading: Reading<K>,
    /// The outcomes so far, by the position of the number.
    learned: LearnedOutcomes<K::Outcome>,
    /// The batch of the same list that was left unfinished.
    unfinished: Option<Uuid>,
    ask: Ask,
    update_partners: bool,
    run: Option<(Claim, Run<K>)>,
    /// Numbers whose answer is known and fresh.
    pub known: usize,
    /// RUCs that must be asked for.
    pub to_ask: usize,
    /// Calls that asking for them takes: the usual number, and the most. No more are spent: numbers
    /// that are left then have no answer.
    pub cost: Cost,
    /// Calls that the same command may take for something else: the persons of a list of RUCs.
    pub beside: u64,
    /// Another process is working on the same list: this one waits for its answers.
    pub under_way_elsewhere: bool,
    /// Most calls that the person allows, where that was said.
    pub limit: Option<u64>,
    /// Most RUCs that are asked for: the plan may have no calls for more.
    pub most: usize,
    budget: Budget,
    /// How many of `known` were in memory before the list was first asked for.
    held_before: usize,
    calls_before: u64,
    prepared_in: Duration,
    started: Instant,
    asked_in: Duration,
}

/// The outcome of a list.
pub struct Finished<K: ListKind = RucList> {
    /// What is written.
    pub result: BatchResult<K>,
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
    /// Calls that the plan had left, where they were fewer than all of it takes.
    pub few_calls: Option<u64>,
    /// Its persons without an answer.
    pub persons: PersonsLeft,
}

/// Persons of a list of RUCs that were to be looked up and have no answer.
#[derive(Debug, Clone, Copy, Default)]
pub struct PersonsLeft {
    /// Those that were asked for.
    pub failed: usize,
    /// Those that were not: a limit came first.
    pub not_asked: usize,
}

impl App {
    /// Reads every row, finds repetitions and what is known already. With `resume`, the newest
    /// unfinished batch of the same list is continued.
    pub async fn plan_batch<K: ListKind>(
        &self,
        list: ReadList<K>,
        ask: &Ask,
        resume: bool,
    ) -> Result<Attended<K>, AppError> {
        let began = Instant::now();
        // 1. Each row is read; damage is repaired, and rows without a RUC are final now, at no cost.
        let rules = self.config.ruc_rules.clone();
        let reading = list.reading(&rules);
        let unique = &*reading.unique;
        // 2. What an interrupted run of the same list learned stays so, however old.
        let same = self.store.same_list(&list.names(&rules)).await?;
        // A version of before may have read other numbers from the same file.
        let is_same = |batch: &Batch| resume && batch.unique as usize == unique.len();
        let unfinished = same.unfinished.filter(is_same);
        let since = unfinished.as_ref().map(|batch| batch.created_at);
        let mut learned = LearnedOutcomes::of(unique.len(), !K::is_remembered(self));
        for (some, from) in unique.chunks(AT_A_TIME).zip((0..).step_by(AT_A_TIME)) {
            for (place, outcome) in K::known(self, some, since, ask).await? {
                learned.insert(from + place, outcome);
            }
        }
        if let Some(batch) = unfinished.as_ref().filter(|_| K::ITEMS_SAY) {
            let mut said = self.said_of::<K>(batch).await?;
            for (at, subject) in unique.iter().enumerate() {
                if let Some(outcome) = said.remove(subject).filter(|_| !learned.has(at)) {
                    learned.insert(at, outcome);
                }
            }
        }
        // 3. What is left, and how many calls that is.
        let (known, to_ask) = (learned.len(), unique.len() - learned.len());
        let left: Vec<K::Subject> = learned
            .open()
            .map(|at| unique[at as usize].clone())
            .collect();
        let cost = K::cost(self, &left, ask).await?;
        drop(left);
        Ok(Attended {
            list,
            rules,
            reading,
            held_before: learned.hits(),
            learned,
            unfinished: unfinished.map(|batch| batch.id),
            ask: ask.clone(),
            update_partners: false,
            run: None,
            known,
            to_ask,
            cost,
            beside: 0,
            under_way_elsewhere: same.under_way,
            limit: None,
            most: to_ask,
            budget: Budget::of(cost.most),
            calls_before: 0,
            prepared_in: began.elapsed(),
            started: began,
            asked_in: Duration::ZERO,
        })
    }
}

impl App {
    /// What the items of an unfinished batch keep.
    async fn said_of<K: ListKind>(
        &self,
        batch: &Batch,
    ) -> Result<HashMap<K::Subject, K::Outcome>, AppError> {
        let items = self.store.item_states(batch.id).await?.into_iter();
        let said = items.filter_map(|item| match item.state {
            Some(state @ ItemState::Said { .. }) => Some((K::subject(&item.key?)?, state)),
            _ => None,
        });
        K::told(self, batch, said.collect()).await
    }
}

impl<K: ListKind> Attended<K> {
    /// Sets the most calls that the person allows, and whether partners are brought up to date.
    pub fn allow(&mut self, limit: Option<u64>, update_partners: bool) {
        let could = K::could_cost(self.to_ask, self.cost);
        self.cost = self.cost.limited(limit, could);
        (self.limit, self.update_partners) = (limit, update_partners);
    }

    /// Stores the batch, or claims the unfinished one, and begins to ask.
    pub async fn start(&mut self, app: &App) -> Result<(), AppError> {
        let options = BatchOptions {
            force: self.ask.force,
            update_partners: self.update_partners,
            most: Some(self.cost.most),
            ..BatchOptions::default()
        };
        let payload = job_text(&options)?;
        let (store, mut writes) = (app.store.clone(), JoinSet::new());
        let taken_up = match self.unfinished {
            // Another process may have claimed it since it was found.
            Some(id) => {
                let now = app.clock.now();
                store.claim_batch(id, payload.clone(), now).await?
            }
            None => None,
        };
        let claim = if let Some(claim) = taken_up {
            let open = store.pending_items(claim.batch()?).await?;
            let (mut states, mut hits) = (Vec::new(), 0);
            for (at, _) in open {
                if let Some(state) = self.learned.state(at as usize) {
                    hits += u32::from(self.learned.is_from_memory(at as usize));
                    states.push((at, state));
                }
            }
            let by = claim.clone();
            writes.spawn(async move { store.note_items(&by, states, hits).await });
            claim
        } else {
            let job = app.new_job(JobKind::Batch, payload, &Asker::named(&self.ask.who));
            let job = Job {
                state: JobState::Running,
                started_at: Some(job.created_at),
                ..job
            };
            let states = self.learned.states();
            let unique = Arc::clone(&self.reading.unique);
            let item = move |at| (K::key(&unique[at as usize]), states(at));
            let (name, rows) = (self.list.source_name.clone(), self.reading.len());
            let batch = NewBatch {
                source_hash: self.list.fingerprint(),
                cache_hits: u32::try_from(self.learned.hits()).unwrap_or(u32::MAX),
                items: NewItems::made(self.reading.unique.len(), item),
                ..app.new_batch(&self.list.how, name, rows, job)
            };
            let claim = Claim::at_birth(batch.job.clone());
            let created = async move { store.create_batch(batch).await };
            if self.to_ask == 0 {
                // Nothing will be paid for, so nothing has to wait until it is on record.
                writes.spawn(created);
            } else {
                created.await?;
            }
            claim
        };
        self.calls_before = app.migo.line().stats().paid;
        (self.started, self.budget) = (Instant::now(), Budget::of(self.cost.most));
        let wanted = self.learned.open().take(self.most).collect();
        self.ask_for(app, claim, wanted, writes);
        Ok(())
    }

    fn ask_for(
        &mut self,
        app: &App,
        claim: Claim,
        wanted: Vec<u32>,
        writes: JoinSet<Result<(), StoreError>>,
    ) {
        let unique = &self.reading.unique;
        let subjects = wanted.iter().map(|at| unique[*at as usize].clone());
        let subjects = subjects.collect();
        let ask = self.ask.clone().budget(self.budget.clone());
        let run = app.run_batch(claim.clone(), (wanted, subjects), &ask, None, writes);
        self.run = Some((claim, run));
    }

    /// RUCs with an outcome, and RUCs in all, each once.
    pub fn progress(&self) -> (usize, usize) {
        (self.learned.len(), self.reading.unique.len())
    }

    /// RUCs that were not asked for because the list had spent the most that it may.
    pub fn over_the_cost(&self) -> Option<Over> {
        let over = self.learned.failed(is_over_cost);
        self.over(over, over)
    }

    fn over(&self, rucs: usize, left: usize) -> Option<Over> {
        let singly = self.budget.refused_singly();
        K::over(rucs, self.cost.most, left, singly)
    }

    /// Asks for those with `more` calls.
    pub async fn go_on(&mut self, app: &App, more: u64) -> Result<(), AppError> {
        let Some((claim, mut run)) = self.run.take() else {
            return Ok(());
        };
        run.written().await?;
        let left = self.learned.forget(is_over_cost);
        self.budget = Budget::of(more);
        self.cost.most += more;
        self.ask_for(app, claim, left, JoinSet::new());
        Ok(())
    }

    /// Waits for the next group of outcomes and puts them on their way to the store; false when
    /// all have come.
    pub async fn next(&mut self, app: &App) -> Result<bool, AppError> {
        let group = match &mut self.run {
            Some((_, run)) => run.next(app).await?,
            None => None,
        };
        let Some(group) = group else {
            self.asked_in = self.started.elapsed();
            return Ok(false);
        };
        for (at, outcome) in group {
            self.learned.insert(at, outcome);
        }
        Ok(true)
    }

    /// Stops asking and pauses the batch. Answers of calls in flight still reach memory.
    pub async fn stop(&mut self, app: &App) -> Result<(), AppError> {
        let Some((claim, run)) = self.run.take() else {
            return Ok(());
        };
        match run.stop(app).await {
            Ok(()) => {
                let (id, now) = (claim.batch()?, app.clock.now());
                app.store.change_batch(id, BatchChange::Pause, now).await?;
                Ok(())
            }
            // It is paused or cancelled already, or another process has claimed it.
            Err(AppError::Store(StoreError::LeaseLost)) => Ok(()),
            failed => failed,
        }
    }

    /// Whether the upstream failed and answered about no number.
    fn nothing_came(&self) -> bool {
        let failed = |it: &K::Outcome| it.error().is_some_and(|error| !is_limit(error.code()));
        self.learned.failed(failed) > 0 && self.none_answered()
    }

    fn none_answered(&self) -> bool {
        self.learned.failed(|_| true) == self.learned.len()
    }

    /// Why nothing at all was answered, or why the rest fails as well.
    fn total_failure(&self) -> Option<AppError> {
        let none_answered = self.none_answered();
        let (how, table) = (&self.list.how, &self.list.table);
        let unread = self.reading.nothing_read(how, table, &self.rules);
        let failures = self.learned.failures();
        let failures = failures.filter_map(|(it, _)| it.error());
        let failures = failures.filter(|error| none_answered || error.concerns_all());
        let cause = failures
            // A spent budget and an open breaker come after the cause: they are why the failing call
            // was not made again.
            .max_by_key(|error| {
                let is_cause = !matches!(
                    error.failure(),
                    Some(Failure::BudgetSpent | Failure::BreakerOpen { .. })
                );
                (error.concerns_all(), is_cause)
            })
            .map(|error| AppError::Lookup(error.clone()));
        unread.filter(|_| none_answered).or(cause)
    }

    /// Notes on the house's partners what the RUCs learned say of them.
    pub async fn note_on_partners(&mut self, app: &App) -> Result<ChecksNoted, AppError> {
        let (now, mut noted) = (app.clock.now(), ChecksNoted::default());
        let unique = Arc::clone(&self.reading.unique);
        let batch = self.batch_in_memory(app).await?;
        for (some, from) in unique.chunks(AT_A_TIME).zip((0..).step_by(AT_A_TIME)) {
            let places = || from..from + some.len();
            let told = told::<K>(app, batch.as_ref(), (&self.learned, &unique), places()).await?;
            let checks = places().filter_map(|at| {
                let learned = self.learned.kept(at).or_else(|| told.get(&unique[at]));
                K::check(&unique[at], learned?, now)
            });
            noted.add(
                app.note_on_partners(Company::HOUSE, checks.collect())
                    .await?,
            );
        }
        Ok(noted)
    }

    /// The batch as it is stored, where only memory has some of the answers.
    async fn batch_in_memory(&mut self, app: &App) -> Result<Option<Batch>, AppError> {
        match &mut self.run {
            Some((claim, run)) if self.learned.is_partly_in_memory() => {
                run.written().await?;
                Ok(app.store.batch(claim.batch()?).await?)
            }
            _ => Ok(None),
        }
    }

    /// Ends the batch: one verdict for each row.
    pub async fn finish(mut self, app: &App, lang: Lang) -> Result<Finished<K>, AppError> {
        // While the last groups are written.
        let of_list = OfList {
            otherwise: NotAsked::PlanTooSmall,
            nothing_came: self.nothing_came(),
        };
        let batch = self.batch_in_memory(app).await?;
        let mut verdicts = Packed::default();
        {
            let (how, table) = (&self.list.how, &self.list.table);
            let mut rows = self.reading.rows(how, table, &self.rules);
            loop {
                let some: Vec<_> = rows.by_ref().take(AT_A_TIME).collect();
                if some.is_empty() {
                    break;
                }
                let places = some.iter().filter_map(|row| row.unique);
                let known = (&self.learned, &*self.reading.unique);
                let told = told::<K>(app, batch.as_ref(), known, places).await?;
                verdicts.extend(some.iter().map(|row| {
                    let learned = row.unique.and_then(|at| {
                        let kept = self.learned.kept(at);
                        kept.or_else(|| told.get(&self.reading.unique[at]))
                    });
                    K::row(app, row, learned, of_list, lang)
                }));
            }
        }
        if let Some((claim, mut run)) = self.run.take() {
            run.written().await?;
            app.finish_batch(&claim, JobEnd::Completed).await?;
        }
        let calls = app.migo.line().stats().paid - self.calls_before;
        let hits = self.learned.hits();
        let left_out = self.reading.unique.len() - self.learned.len();
        let failed = self.learned.failed(|_| true) + left_out;
        Ok(Finished {
            failed,
            over: self.over(self.learned.failed(is_over_cost), failed),
            left_out,
            by_a_server: false,
            total_failure: self.total_failure(),
            asking: self.asked_in,
            few_calls: None,
            persons: PersonsLeft::default(),
            result: BatchResult {
                verdicts,
                summary: Summary {
                    source_file: self.list.source_name,
                    calls_spent: usize::try_from(calls).unwrap_or(usize::MAX),
                    // As it was announced: answers that an earlier run paid for count as known.
                    cache_hits: self.known + hits.saturating_sub(self.held_before),
                    duration: self.started.elapsed() + self.prepared_in,
                    ..summary(&self.reading, app.mode, app.clock.now(), lang)
                },
                table: self.list.table,
            },
        })
    }
}

/// What came of those numbers of which only memory has it.
async fn told<K: ListKind>(
    app: &App,
    batch: Option<&Batch>,
    (learned, unique): (&LearnedOutcomes<K::Outcome>, &Vec<K::Subject>),
    places: impl Iterator<Item = usize>,
) -> Result<HashMap<K::Subject, K::Outcome>, AppError> {
    let Some(batch) = batch else {
        return Ok(HashMap::new());
    };
    let asked = places.filter_map(|at| Some((unique[at].clone(), learned.in_memory(at)?)));
    let asked = asked.collect();
    K::told(app, batch, asked).await
}

fn is_over_cost(learned: &impl ListOutcome) -> bool {
    let error = learned.error();
    error.is_some_and(|error| error.failure() == Some(&Failure::BudgetSpent))
}

impl ReadList {
    /// The DNIs of the list, each once, in the order of their first appearance.
    pub fn dnis(&self, rules: &RucRules) -> Vec<Dni> {
        let read = self.how.reader(&self.table, rules);
        let mut seen = HashSet::new();
        let dnis = self.table.rows.iter().filter_map(|row| match read(&row).0 {
            Subject::Dni { dni, .. } => Some(dni),
            _ => None,
        });
        dnis.filter(|dni| seen.insert(*dni)).collect()
    }
}

impl<K: ListKind> ReadList<K> {
    fn reading(&self, rules: &RucRules) -> Reading<K> {
        Reading::of(&self.how, &self.table, rules)
    }

    /// What tells it from other lists; the same here and on a server.
    pub fn fingerprint(&self) -> [u8; 32] {
        self.how.fingerprint(&self.source_hash, self.table.sheet)
    }

    /// Hash and options under which its batches are stored: now, and by earlier versions.
    fn names(&self, rules: &RucRules) -> [([u8; 32], String); 2] {
        let options = self.how.options(rules.check_digit);
        let column = self.how.keep().column;
        let of_before = format!("columna={column} {options}");
        [(self.fingerprint(), options), (self.source_hash, of_before)]
    }

    /// Says so if no row could be read.
    pub fn nothing_read(&self, rules: &RucRules) -> Option<AppError> {
        let reading = self.reading(rules);
        reading.nothing_read(&self.how, &self.table, rules)
    }

    /// The list as a whole, when a server answered it.
    pub fn summary(&self, rules: &RucRules, mode: Mode, now: Timestamp, lang: Lang) -> Summary {
        Summary {
            source_file: self.source_name.clone(),
            ..summary(&self.reading(rules), mode, now, lang)
        }
    }
}
