//! What a batch asks for. Everything else about batches is the same for every kind: each kind reads a list,
//! works on a group of its items, and says what became of a row. Those of RUCs are here, those of vouchers
//! and of exchange rates beside it; those of documents that are issued, which ask for nothing, in
//! `documents/`.

use std::collections::HashMap;
use std::hash::Hash;

use chaski_client::dialects::migo::MOST_RUCS;
use chaski_client::{Ask, Error, Found, Key, Ledger, Lookup, Outcomes, RucQuery, Source};
use chaski_core::{CheckDigit, Lang, Ruc, RucRules};
use futures_util::stream::{self, BoxStream, StreamExt};
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::how::{HowKept, list_hash, options_text};
use crate::app::cost::{Cost, Over};
use crate::app::unread::unread;
use crate::app::verdicts::{OfList, RowPlan, RucOutcome};
use crate::app::{App, AppError};
use crate::named::named;
use crate::partners::{SunatCheck, ruc_of_form};
use crate::sheets::{Repair, Row, RowReader, RowSaid, Sought, Subject, Table, Verdict};
use crate::store::{Batch, ItemState};

named! {
    /// The kinds of batches.
    pub enum BatchKind {
        /// Looking RUCs up.
        Ruc = "ruc",
        /// Issuing documents.
        Documents = "comprobantes",
        /// Asking how vouchers stand.
        Vouchers = "cpe",
        /// Asking for exchange rates.
        Rates = "tipo_cambio",
    }
}

impl Batch {
    /// What it asks for; what has no name is of before there was another kind.
    pub fn kind(&self) -> BatchKind {
        BatchKind::from_name(&self.operation).unwrap_or(BatchKind::Ruc)
    }
}

/// What comes of what is asked for, group by group, with its places.
pub type Groups<O> = BoxStream<'static, Vec<(usize, O)>>;

/// What a row turned out to be, what was put right to see it, and what it asks for.
pub type RowRead<K> = (
    <K as ListKind>::Read,
    Vec<Repair>,
    Option<<K as ListKind>::Subject>,
);

/// How a list is read that asks for something, and what becomes of that. The values are where in the list
/// it stands, and what a person wants of it.
pub trait ListKind: Clone + Send + Sync + 'static {
    /// Its name.
    const KIND: BatchKind;
    /// What tells its sheet from others.
    const SOUGHT: Sought;
    /// Whether items keep what was said, because memory does not.
    const ITEMS_SAY: bool = false;
    /// Whether memory has all that is answered, for as long as a list is worked on.
    fn is_remembered(_: &App) -> bool {
        !Self::ITEMS_SAY
    }

    /// What is asked for, each once.
    type Subject: Clone + Eq + Hash + Send + Sync + 'static;
    /// What a row turned out to be.
    type Read: Send + Sync + 'static;
    /// What came of one.
    type Outcome: ListOutcome;
    /// What is said of a row.
    type Said: RowSaid + Clone + Default + Serialize + DeserializeOwned + Send + 'static;

    /// Reads the rows of a list, one by one.
    fn reader<'t>(
        &'t self,
        table: &'t Table,
        rules: &'t RucRules,
    ) -> impl Fn(&Row) -> RowRead<Self> + Send + 't;

    /// Says so if no row of a list could be read, and why.
    fn nothing_read(rows: &[RowPlan<Self::Read>]) -> Option<AppError>;

    /// Whether something is wrong with a row.
    fn is_damaged(read: &Self::Read) -> bool;

    /// What tells a list from others that are read so; the same here and on a server.
    fn fingerprint(&self, file: &[u8; 32], sheet: usize) -> [u8; 32];

    /// What changes its result besides, as text.
    fn options(&self, check_digit: CheckDigit) -> String;

    /// How a list of a worker is kept, and read again.
    fn keep(&self) -> HowKept;
    /// The same back; none of what another kind kept.
    fn kept(how: HowKept) -> Option<Self>;

    /// A list of what was asked for, where the list itself was not kept: titles, rows, and how it is read.
    /// What was erased has no row that says anything.
    fn listed(
        asked: &[Option<Self::Subject>],
    ) -> (&'static [&'static str], Vec<Vec<String>>, HowKept);

    /// Under what it is known.
    fn key(subject: &Self::Subject) -> Key;

    /// What is asked for under a key.
    fn subject(key: &Key) -> Option<Self::Subject>;

    /// What is known already, by its place: what is fresh enough for `ask`, and what was learned since an
    /// unfinished batch began, however old.
    fn known(
        app: &App,
        subjects: &[Self::Subject],
        since: Option<Timestamp>,
        ask: &Ask,
    ) -> impl Future<Output = Result<HashMap<usize, Self::Outcome>, AppError>> + Send;

    /// What asking costs.
    fn cost(
        app: &App,
        to_ask: &[Self::Subject],
        ask: &Ask,
    ) -> impl Future<Output = Result<Cost, AppError>> + Send;

    /// The most that could ever be spent.
    fn could_cost(to_ask: usize, usual: Cost) -> u64;

    /// What is not asked for because the list had spent the most that it may: how many, and what that was;
    /// how many are asked for next, and how many of those had been in a collection already.
    fn over(count: usize, most: u64, left: usize, _singly: u64) -> Option<Over> {
        Over::of_singles(count, most, Cost::of_singles(left, 0))
    }

    /// How many so many calls are enough for, of those that cost that much.
    fn within(calls: usize, to_ask: usize, usual: Cost) -> usize;

    /// Asks for a group.
    fn work(app: &App, group: Vec<Self::Subject>, ask: &Ask) -> Groups<Self::Outcome>;

    /// What came of some that have ended, from their items and from memory.
    fn told(
        app: &App,
        batch: &Batch,
        asked: Vec<(Self::Subject, ItemState)>,
    ) -> impl Future<Output = Result<HashMap<Self::Subject, Self::Outcome>, AppError>> + Send;

    /// What is said of a row.
    fn row(
        app: &App,
        row: &RowPlan<Self::Read>,
        learned: Option<&Self::Outcome>,
        list: OfList,
        lang: Lang,
    ) -> Self::Said;

    /// What a row asked for, of what is said of it: empty where it asked for nothing.
    fn asked_of(said: &Self::Said) -> String;

    /// What it says of a partner, where it speaks of one.
    fn check(_: &Self::Subject, _: &Self::Outcome, _: Timestamp) -> Option<SunatCheck> {
        None
    }
}

/// What came of one thing that a list asks for.
pub trait ListOutcome: Clone + Send + Sync + 'static {
    /// How its item is marked.
    fn state(&self) -> ItemState;

    /// Whether memory answered it.
    fn is_from_memory(&self) -> bool;

    /// Why it could not be asked, where this run tried.
    fn error(&self) -> Option<&Error>;
}

/// Outcomes as the client hands them out, as those of a kind.
pub(super) fn groups<A: Send + Sync + 'static, O: Send + 'static>(
    outcomes: Outcomes<A>,
    outcome: impl Fn(usize, Result<Found<A>, Error>) -> O + Send + 'static,
) -> Groups<O> {
    let come = stream::unfold(outcomes, |mut outcomes| async move {
        let group = outcomes.next().await?;
        Some((group, outcomes))
    });
    let made = move |group: Vec<(usize, Result<Found<A>, Error>)>| {
        let group = group.into_iter();
        group
            .map(|(place, it)| (place, outcome(place, it)))
            .collect()
    };
    come.map(made).boxed()
}

/// Stands for a number that was erased.
pub(super) const ERASED: &str = "***********";

/// Looking RUCs up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RucList {
    /// Column of the RUC, from 0.
    pub column: usize,
    /// Whether a DNI is asked for by the RUC that its owner would have.
    pub dni_as_ruc: bool,
}

impl ListKind for RucList {
    const KIND: BatchKind = BatchKind::Ruc;
    const SOUGHT: Sought = Sought::Rucs;
    type Subject = Ruc;
    type Read = Subject;
    type Outcome = RucOutcome;
    type Said = Verdict;

    fn reader<'t>(
        &'t self,
        table: &'t Table,
        rules: &'t RucRules,
    ) -> impl Fn(&Row) -> RowRead<RucList> + Send + 't {
        let reader = RowReader::new(table, self.column, rules);
        move |row| {
            let repaired = reader.read(row);
            let asked = match &repaired.subject {
                Subject::Ruc(ruc) => Some(*ruc),
                Subject::Dni { dni, .. } if self.dni_as_ruc => Some(Ruc::from_dni(*dni)),
                _ => None,
            };
            (repaired.subject, repaired.repairs, asked)
        }
    }

    fn nothing_read(rows: &[RowPlan]) -> Option<AppError> {
        unread(rows)
    }

    fn is_damaged(read: &Subject) -> bool {
        matches!(read, Subject::Bad(_))
    }

    fn fingerprint(&self, file: &[u8; 32], sheet: usize) -> [u8; 32] {
        list_hash(file, sheet, self.column)
    }

    fn options(&self, check_digit: CheckDigit) -> String {
        options_text(check_digit, self.dni_as_ruc)
    }

    fn keep(&self) -> HowKept {
        HowKept {
            column: self.column,
            dni_as_ruc: self.dni_as_ruc,
            ..HowKept::default()
        }
    }

    fn kept(how: HowKept) -> Option<RucList> {
        Some(RucList {
            column: how.column,
            dni_as_ruc: how.dni_as_ruc,
        })
    }

    fn listed(asked: &[Option<Ruc>]) -> (&'static [&'static str], Vec<Vec<String>>, HowKept) {
        let row = |ruc: &Option<Ruc>| {
            let number = ruc.as_ref().map_or(ERASED, Ruc::as_str);
            vec![number.to_owned()]
        };
        (
            &["ruc"],
            asked.iter().map(row).collect(),
            HowKept::default(),
        )
    }

    fn key(ruc: &Ruc) -> Key {
        RucQuery(*ruc).key()
    }

    fn subject(key: &Key) -> Option<Ruc> {
        // Whatever was accepted as one when its list came still is.
        ruc_of_form(&key.subject)
    }

    fn is_remembered(app: &App) -> bool {
        let times = &app.config.settings.times;
        !times.ruc.is_zero() && !times.refusal.is_zero()
    }

    async fn known(
        app: &App,
        rucs: &[Ruc],
        since: Option<Timestamp>,
        ask: &Ask,
    ) -> Result<HashMap<usize, RucOutcome>, AppError> {
        app.remembered(rucs, since, ask).await
    }

    async fn cost(_: &App, to_ask: &[Ruc], _: &Ask) -> Result<Cost, AppError> {
        Ok(Cost::of(to_ask.len()))
    }

    fn could_cost(to_ask: usize, _: Cost) -> u64 {
        Cost::could(to_ask)
    }

    fn over(count: usize, most: u64, left: usize, singly: u64) -> Option<Over> {
        Over::of(count, most, left, singly)
    }

    fn within(calls: usize, _: usize, _: Cost) -> usize {
        calls.saturating_mul(MOST_RUCS)
    }

    fn work(app: &App, group: Vec<Ruc>, ask: &Ask) -> Groups<RucOutcome> {
        let ask = Ask {
            // Memory was looked at already; looking twice would cost as much as a call.
            recalled: true,
            ..ask.clone()
        };
        let clock = app.clock;
        groups(app.migo.rucs(&group, &ask), move |_, outcome| {
            RucOutcome::of_outcome(outcome, clock.now())
        })
    }

    /// An answer counts however old it is by now: its item says that it was good when it was given.
    async fn told(
        app: &App,
        batch: &Batch,
        asked: Vec<(Ruc, ItemState)>,
    ) -> Result<HashMap<Ruc, RucOutcome>, AppError> {
        let keys: Vec<Key> = asked.iter().map(|(ruc, _)| RucList::key(ruc)).collect();
        let memories = app.store.recall(&keys).await?;
        let mut learned = HashMap::with_capacity(asked.len());
        for ((ruc, state), memory) in asked.into_iter().zip(memories) {
            let outcome = match (state, memory) {
                (ItemState::Failed { code }, _) => RucOutcome::FailedBefore(code),
                (_, None) => RucOutcome::Forgotten,
                (_, Some(memory)) => {
                    let source = match batch.created_at {
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

    fn row(
        app: &App,
        row: &RowPlan,
        learned: Option<&RucOutcome>,
        list: OfList,
        lang: Lang,
    ) -> Verdict {
        app.verdict(row, learned, list, lang)
    }

    fn asked_of(said: &Verdict) -> String {
        said.ruc_normalizado.clone()
    }

    fn check(ruc: &Ruc, outcome: &RucOutcome, now: Timestamp) -> Option<SunatCheck> {
        Some(outcome.check(*ruc, now))
    }
}

impl ListOutcome for RucOutcome {
    fn state(&self) -> ItemState {
        self.item_state()
    }

    fn is_from_memory(&self) -> bool {
        self.was_remembered()
    }

    fn error(&self) -> Option<&Error> {
        match self {
            RucOutcome::Failed(error) => Some(error),
            _ => None,
        }
    }
}
