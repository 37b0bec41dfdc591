//! Path 2: many look-ups through an upstream's native batch call.
//!
//! Known ones come from memory; the rest goes out in chunks through a window of calls, without a
//! barrier between chunks. A question that somebody else is asking already is not asked again,
//! and one that the answer does not mention is asked singly: every question ends in exactly one
//! outcome.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use jiff::Timestamp;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::Instant;

use crate::doubt::{FEW, is_doubtful};
use crate::engine::{Approach, Claimed, LOOK_AGAIN, Said};
use crate::flight::{Lead, Part};
use crate::handful::{Handful, Turn};
use crate::patience;
use crate::route;
use crate::window::Place;
use crate::{
    Ask, Decoded, Engine, Error, Failure, Found, Key, Line, Lookup, Route, Routes, Source,
};

/// Outcomes with the positions of their questions.
type Group<A> = Vec<(usize, Result<Found<A>, Error>)>;

/// Outcomes of a batch as they come, each with the position of its question.
///
/// ```
/// # async fn run(migo: chaski_client::Migo, rucs: Vec<chaski_core::Ruc>) {
/// use chaski_client::Ask;
/// let mut outcomes = migo.rucs(&rucs, &Ask::by("mi-programa"));
/// while let Some(group) = outcomes.next().await {
///     for (position, outcome) in group {
///         println!("{}: {}", rucs[position], outcome.is_ok());
///     }
/// }
/// # }
/// ```
pub struct Outcomes<A> {
    receiver: mpsc::Receiver<Group<A>>,
    /// Positions without an outcome yet.
    open: Vec<bool>,
}

impl<A> Outcomes<A> {
    /// The next group of outcomes; none when all have come. Dropping this stops new calls, while
    /// those in flight still end in memory.
    pub async fn next(&mut self) -> Option<Group<A>> {
        if let Some(group) = self.receiver.recv().await {
            for (position, _) in &group {
                self.open[*position] = false;
            }
            return Some(group);
        }
        // All senders are gone: what is open still belonged to a task that died.
        let lost: Vec<_> = std::mem::take(&mut self.open)
            .into_iter()
            .enumerate()
            .filter(|(_, open)| *open)
            .map(|(position, _)| (position, Err(Error::failed(Failure::Internal))))
            .collect();
        (!lost.is_empty()).then_some(lost)
    }

    /// All outcomes, in the order of the questions.
    pub async fn all(mut self) -> Vec<Result<Found<A>, Error>> {
        let mut outcomes = Vec::new();
        while let Some(group) = self.next().await {
            outcomes.extend(group);
        }
        outcomes.sort_unstable_by_key(|(position, _)| *position);
        outcomes.into_iter().map(|(_, outcome)| outcome).collect()
    }
}

/// Keys looked up in the ledger at a time.
const RECALL_CHUNK: usize = 500;

type Sender<L> = mpsc::Sender<Group<<L as Lookup>::Answer>>;

/// A refusal, its flight still to land.
type Refusal<L> = (Asked<L>, Lead, Box<Said<<L as Lookup>::Answer>>);

/// What became of a question that was asked singly.
enum Single<L: Lookup> {
    Done(usize, Result<Found<L::Answer>, Error>),
    /// It was refused, and is still to land.
    Held(Box<Refusal<L>>),
}

/// What was said of a question whose flight is still to land.
type Word<L> = (Asked<L>, Lead, Decoded<<L as Lookup>::Answer>);

struct Asked<L> {
    position: usize,
    question: L,
    key: Key,
}

impl Engine {
    /// Looks up many questions; the outcomes come in groups, in any order.
    pub fn lookup_many<L: Lookup, R: Routes<L>>(
        &self,
        routes: &Arc<R>,
        questions: Vec<L>,
        ask: &Ask,
    ) -> Outcomes<L::Answer> {
        let (sender, receiver) = mpsc::channel(64);
        let open = vec![true; questions.len()];
        let operation = questions.first().map_or("", |first| first.key().operation);
        let run = Run {
            engine: self.clone(),
            routes: Arc::clone(routes),
            most: most_together(&**routes),
            in_time: ask.deadline,
            ask: ask.one_of_many(self.deadline()),
            window: Arc::new(Semaphore::new(self.settings().batch_window)),
            room: Arc::new(Semaphore::new(2 * self.settings().batch_window)),
            handful: Arc::new(Handful::new(&**routes, operation, self.settings())),
            few: Arc::default(),
            faith: Arc::default(),
            sender,
        };
        tokio::spawn(run.all(questions));
        Outcomes { receiver, open }
    }
}

struct Run<L: Lookup, R> {
    engine: Engine,
    routes: Arc<R>,
    /// Most questions in one native batch call.
    most: usize,
    ask: Ask,
    /// Time that whoever asks gives to each chunk; none when they wait for as long as it takes.
    in_time: Option<Duration>,
    /// Calls on the wire.
    window: Arc<Semaphore>,
    /// Chunks whose outcomes are not handed out yet: nothing more is paid for while answers cannot
    /// be put away, or nobody takes them.
    room: Arc<Semaphore>,
    /// Ends it early where every number fails.
    handful: Arc<Handful>,
    /// So few are asked about that refusals are believed as those of single look-ups are.
    few: Arc<AtomicBool>,
    /// Whose refusals are believed.
    faith: Arc<Faith>,
    sender: Sender<L>,
}

impl<L: Lookup, R> Clone for Run<L, R> {
    fn clone(&self) -> Run<L, R> {
        Run {
            engine: self.engine.clone(),
            routes: Arc::clone(&self.routes),
            most: self.most,
            ask: self.ask.clone(),
            in_time: self.in_time,
            window: Arc::clone(&self.window),
            room: Arc::clone(&self.room),
            handful: Arc::clone(&self.handful),
            few: Arc::clone(&self.few),
            faith: Arc::clone(&self.faith),
            sender: self.sender.clone(),
        }
    }
}

/// Whether the refusals of each upstream may be believed in a list as those of single look-ups are: once
/// a good answer of its came. Before that not even the first one is: two hundred others may follow.
#[derive(Default)]
struct Faith(Mutex<Vec<(&'static str, bool)>>);

impl Faith {
    /// A good answer came, a check was good, or it was not.
    fn set(&self, line: &Line, believed: bool) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match all.iter_mut().find(|(name, _)| *name == line.provider()) {
            Some(known) => known.1 = believed,
            None => all.push((line.provider(), believed)),
        }
    }

    fn is_trusted(&self, line: &Line) -> bool {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.contains(&(line.provider(), true))
    }

    fn is_any_trusted(&self) -> bool {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().any(|(_, believed)| *believed)
    }

    /// Refusals turned out to be no word of a registry: nothing more is asked.
    fn is_denied(&self) -> bool {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().any(|(_, believed)| !*believed)
    }
}

/// Most questions in the native batch call of the first upstream that has one.
fn most_together<L: Lookup>(routes: &impl Routes<L>) -> usize {
    let many = route::all(routes).find_map(|way| Some(way.dialect.many()?.most()));
    many.unwrap_or(1).max(1)
}

impl<L: Lookup, R: Routes<L>> Run<L, R> {
    async fn all(self, questions: Vec<L>) {
        // 1. Equal questions once.
        let mut twins: HashMap<Key, Vec<usize>> = HashMap::new();
        let mut unique = Vec::new();
        for (position, question) in questions.into_iter().enumerate() {
            let key = question.key();
            let positions = twins.entry(key.clone()).or_default();
            if positions.is_empty() {
                unique.push(Asked {
                    position,
                    question,
                    key,
                });
            }
            positions.push(position);
        }
        twins.retain(|_, positions| positions.len() > 1);
        let run = Run {
            sender: self.repeat_for(twins),
            ..self
        };
        // 2. What memory knows, looked up while the window is full; and chunks of the rest.
        let (found_unknown, mut to_ask) = mpsc::channel(1);
        let look_up = async {
            let mut unique = unique.into_iter().peekable();
            while unique.peek().is_some() && !run.sender.is_closed() {
                let some: Vec<_> = unique.by_ref().take(RECALL_CHUNK).collect();
                let rest = run.answer_from_memory(some).await;
                if found_unknown.send(rest).await.is_err() {
                    break;
                }
            }
            drop(found_unknown);
        };
        let ask = async {
            let (mut unknown, mut few) = (Vec::new(), true);
            while let Some(more) = to_ask.recv().await {
                unknown.extend(more);
                while unknown.len() >= run.most {
                    let rest = unknown.split_off(run.most);
                    run.launch(std::mem::replace(&mut unknown, rest)).await;
                    few = false;
                }
            }
            if !unknown.is_empty() {
                if few && unknown.len() <= FEW {
                    run.few.store(true, Ordering::Relaxed);
                }
                run.launch(unknown).await;
            }
        };
        tokio::join!(look_up, ask);
    }

    /// A sender that also answers the positions of equal questions.
    fn repeat_for(&self, twins: HashMap<Key, Vec<usize>>) -> Sender<L> {
        if twins.is_empty() {
            return self.sender.clone();
        }
        let others: HashMap<usize, Vec<usize>> = twins
            .into_values()
            .map(|positions| (positions[0], positions[1..].to_vec()))
            .collect();
        let (sender, mut receiver): (Sender<L>, _) = mpsc::channel(64);
        let onward = self.sender.clone();
        tokio::spawn(async move {
            let mut next = async || {
                tokio::select! {
                    biased;
                    () = onward.closed() => None,
                    group = receiver.recv() => group,
                }
            };
            while let Some(mut group) = next().await {
                let copies: Vec<_> = group
                    .iter()
                    .flat_map(|(position, outcome)| {
                        let same = others.get(position).map_or(&[][..], Vec::as_slice);
                        same.iter().map(|position| (*position, outcome.clone()))
                    })
                    .collect();
                group.extend(copies);
                if onward.send(group).await.is_err() {
                    return;
                }
            }
        });
        sender
    }

    async fn answer_from_memory(&self, asked: Vec<Asked<L>>) -> Vec<Asked<L>> {
        if self.ask.force {
            return asked;
        }
        let (mut known, mut cold, mut unknown) = (Vec::new(), Vec::new(), Vec::new());
        for one in asked {
            match self.engine.hot_answer::<L>(&one.key, &self.ask) {
                Some(outcome) => {
                    self.record_hit(&one.key, &outcome).await;
                    known.push((one.position, outcome));
                }
                None => cold.push(one),
            }
        }
        if self.ask.recalled {
            self.deliver(known).await;
            return cold;
        }
        let keys: Vec<Key> = cold.iter().map(|one| one.key.clone()).collect();
        let memories = self.engine.recall_many(&keys).await;
        for (one, memory) in cold.into_iter().zip(memories) {
            let fresh = memory.as_ref().and_then(|memory| {
                let outcome =
                    self.engine
                        .fresh_outcome(&one.question, &one.key, memory, &self.ask)?;
                Some(
                    self.engine
                        .found(outcome, memory.provider, memory.stored_at),
                )
            });
            match fresh {
                Some(outcome) => {
                    self.record_hit(&one.key, &outcome).await;
                    known.push((one.position, outcome));
                }
                None => unknown.push(one),
            }
        }
        self.deliver(known).await;
        unknown
    }

    /// A batch that is on record as such keeps its own results; in any other each hit is put on
    /// record as that of a single look-up is.
    async fn record_hit(&self, key: &Key, outcome: &Result<Found<L::Answer>, Error>) {
        if self.ask.batch.is_none() {
            self.engine.record_hit(key, outcome, &self.ask).await;
        }
    }

    /// Sends a chunk when the window has room; nothing more when nobody listens.
    async fn launch(&self, chunk: Vec<Asked<L>>) {
        let room = Arc::clone(&self.room).acquire_owned().await;
        let place = Arc::clone(&self.window).acquire_owned().await;
        let place = Place::new(place.expect("the window is never closed"));
        if self.sender.is_closed() {
            return;
        }
        let (mut run, work) = (self.clone(), self.engine.work());
        if let Some(total) = self.in_time {
            run.sender = self.in_time(&chunk, total);
        }
        tokio::spawn(async move {
            let _held = (work, room);
            run.chunk(chunk, place).await;
        });
    }

    /// A sender for a chunk's outcomes. What has none after the `total` time is told so then; what
    /// was sent is still listened to, and remembered.
    fn in_time(&self, chunk: &[Asked<L>], total: Duration) -> Sender<L> {
        let deadline = Instant::now() + total;
        let (sender, mut receiver): (Sender<L>, _) = mpsc::channel(1);
        let (engine, ask, onward) = (self.engine.clone(), self.ask.clone(), self.sender.clone());
        let open = chunk.iter().map(|one| (one.position, one.question.clone()));
        let mut open: HashMap<usize, L> = open.collect();
        tokio::spawn(async move {
            loop {
                let group = tokio::select! {
                    biased;
                    () = onward.closed() => return,
                    group = patience::until(deadline, receiver.recv()) => group,
                };
                let Some(group) = group else { break };
                let Some(group) = group else { return };
                for (position, _) in &group {
                    open.remove(position);
                }
                if onward.send(group).await.is_err() {
                    return;
                }
            }
            drop(receiver);
            let mut late = Vec::with_capacity(open.len());
            for (position, question) in open {
                let outcome = engine.too_late(&question, &question.key(), &ask).await;
                late.push((position, outcome));
            }
            drop(onward.send(late).await);
        });
        sender
    }

    async fn chunk(&self, chunk: Vec<Asked<L>>, place: Place) {
        // 1. Questions that somebody else is asking are waited for, not asked again; one that
        //    landed since memory was looked at is in memory now.
        let since = self.engine.clock().now();
        let (mut mine, mut followed, mut known) = (Vec::new(), Vec::new(), Vec::new());
        for one in chunk {
            let until = Instant::now() + self.engine.total_time(&one.question, &self.ask);
            match self.engine.flights().join(&one.key, &self.ask, until) {
                Part::Follow(other) => followed.push((one, other)),
                Part::Lead(lead) => match self.engine.hot_answer::<L>(&one.key, &self.ask) {
                    Some(outcome) => {
                        Engine::land::<L>(lead, &outcome);
                        self.record_hit(&one.key, &outcome).await;
                        known.push((one.position, outcome));
                    }
                    None => mine.push((one, lead)),
                },
            }
        }
        // 2. One call for all that are left, but for those that another process is asking.
        let (ours, elsewhere, learned) = self.claim(mine, since).await;
        known.extend(learned);
        if let Some((ours, _claimed)) = ours {
            self.together(ours, &place).await;
        } else {
            place.leave();
        }
        if !elsewhere.is_empty() {
            self.wait_for_others(elsewhere, &place, since).await;
        }
        drop(place);
        self.deliver(known).await;
        // 3. The others' answers.
        let waits = followed.into_iter().map(|(one, other)| async move {
            let outcome = self
                .engine
                .follow(&self.routes, &one.question, one.key, &self.ask, other)
                .await;
            (one.position, outcome)
        });
        self.deliver(join_all(waits).await).await;
    }

    /// Parts questions into those that are ours to ask, those that another process is asking, and the
    /// outcomes of those that one has asked meanwhile.
    async fn claim(
        &self,
        mine: Vec<(Asked<L>, Lead)>,
        since: Timestamp,
    ) -> (
        Option<(Vec<(Asked<L>, Lead)>, Claimed)>,
        Vec<(Asked<L>, Lead)>,
        Group<L::Answer>,
    ) {
        if mine.is_empty() {
            return (None, Vec::new(), Vec::new());
        }
        let keys = mine.iter().map(|(one, _)| one.key.clone()).collect();
        let (claimed, ours) = self.engine.claim(keys).await;
        let Some(ours) = ours else {
            return (Some((mine, claimed)), Vec::new(), Vec::new());
        };
        let questions: Vec<_> = mine
            .iter()
            .map(|(one, _)| (&one.question, &one.key))
            .collect();
        let memory = self.engine.learned(&questions, &self.ask, since).await;
        let (mut to_ask, mut elsewhere, mut known) = (Vec::new(), Vec::new(), Vec::new());
        for (((one, lead), learned), is_ours) in mine.into_iter().zip(memory).zip(ours) {
            if let Some(outcome) = learned {
                Engine::land::<L>(lead, &outcome);
                self.record_hit(&one.key, &outcome).await;
                known.push((one.position, outcome));
            } else if is_ours {
                to_ask.push((one, lead));
            } else {
                elsewhere.push((one, lead));
            }
        }
        let to_ask = (!to_ask.is_empty()).then_some((to_ask, claimed));
        (to_ask, elsewhere, known)
    }

    /// Takes the answers of another process as they come; what it lets go of without one is asked.
    async fn wait_for_others(
        &self,
        mut open: Vec<(Asked<L>, Lead)>,
        place: &Place,
        since: Timestamp,
    ) {
        let total = self.engine.total_time(&open[0].0.question, &self.ask);
        let until = Instant::now() + total;
        while !open.is_empty() {
            if Instant::now() + LOOK_AGAIN >= until {
                let (asked, leads) = open.into_iter().unzip();
                let failure = Failure::DeadlineExceeded { retry_after: None };
                return self.fail(asked, leads, &failure, 0).await;
            }
            // Others may send meanwhile.
            place.leave();
            tokio::time::sleep(LOOK_AGAIN).await;
            let (ours, elsewhere, known) = self.claim(open, since).await;
            // Not waited for: leads are held.
            let run = self.clone();
            tokio::spawn(async move { run.deliver(known).await });
            if let Some((ours, _claimed)) = ours {
                place.come_back(&self.window).await;
                self.together(ours, place).await;
            }
            open = elsewhere;
        }
    }

    /// One call for questions that are ours to ask. Nothing is handed out while leads are held:
    /// whoever follows them would wait for our listener.
    async fn together(&self, ours: Vec<(Asked<L>, Lead)>, place: &Place) {
        let (asked, leads): (Vec<Asked<L>>, Vec<Lead>) = ours.into_iter().unzip();
        let turn = match self.handful.turn().await {
            _ if self.faith.is_denied() => {
                return self.fail(asked, leads, &Failure::Doubtful, 0).await;
            }
            Ok(turn) => turn,
            Err(failure) => return self.fail(asked, leads, &failure, 0).await,
        };
        let questions: Vec<L> = asked.iter().map(|one| one.question.clone()).collect();
        let answer = self
            .engine
            .fly_together(&self.routes, &questions, &self.ask, place)
            .await;
        // Those that are left to be asked singly go in a place of the window too. Nobody waits for it
        // with a turn in hand: whoever has a place may be waiting for that.
        match answer {
            Ok((decoded, line)) => {
                drop(turn);
                self.settle(asked, leads, (decoded, &line), place).await;
            }
            // The whole list refused or unreadable: one by one.
            Err((Failure::Rejected | Failure::Garbled, _)) => {
                drop(turn);
                place.come_back(&self.window).await;
                self.singly(asked, leads).await;
            }
            // A plan or an address may lack the batch call and nothing else.
            Err((
                failure @ (Failure::Unauthorized | Failure::WrongPath | Failure::Redirected),
                attempts,
            )) => {
                self.find_out(asked, leads, (failure, attempts), (turn, place))
                    .await;
            }
            // Another upstream may answer, without a native batch call.
            Err((failure, _)) if failure.treatment().next_upstream && self.has_single_calls() => {
                drop(turn);
                place.come_back(&self.window).await;
                self.singly(asked, leads).await;
            }
            Err((failure, attempts)) => self.fail(asked, leads, &failure, attempts).await,
        }
    }

    /// Whether one of the upstreams takes no native batch call of this list's size.
    fn has_single_calls(&self) -> bool {
        let takes = |way: Route<'_, L>| way.dialect.many().is_some_and(|it| it.most() >= self.most);
        !route::all(&*self.routes).all(takes)
    }

    /// Remembers the chunk's answers in one go, hands them out, and asks singly for what the
    /// answer did not mention.
    async fn settle(
        &self,
        asked: Vec<Asked<L>>,
        leads: Vec<Lead>,
        (decoded, line): (Vec<Option<Decoded<L::Answer>>>, &Line),
        place: &Place,
    ) {
        let (mut said, mut missing, mut missing_leads) = (Vec::new(), Vec::new(), Vec::new());
        // A dialect that gives too few entries does not mention the rest.
        let decoded = decoded.into_iter().chain(std::iter::repeat_with(|| None));
        for ((one, lead), decoded) in asked.into_iter().zip(leads).zip(decoded) {
            if let Some(decoded) = decoded {
                said.push((one, lead, decoded));
            } else {
                missing.push(one);
                missing_leads.push(lead);
            }
        }
        if missing.is_empty() {
            place.leave();
        }
        self.engine.count_misses(said.len());
        let good = said.iter().find(|it| matches!(it.2, Decoded::Answer(_)));
        if let Some((one, ..)) = good {
            self.trust(line, one.key.operation);
        }
        let good = good.is_some();
        // Before anything is waited for: these are paid for, and the process may be killed.
        let group = self.put_away(line, said, good).await;
        let rest = async {
            if !missing.is_empty() {
                place.come_back(&self.window).await;
                self.singly(missing, missing_leads).await;
            }
        };
        tokio::join!(self.deliver(group), rest);
    }

    /// Remembers answers in one go and lands their flights. Refusals without a good answer among
    /// them are doubted first, all at once.
    async fn put_away(&self, line: &Line, said: Vec<Word<L>>, good: bool) -> Group<L::Answer> {
        let refused = said.iter().filter_map(|(one, _, decoded)| match decoded {
            Decoded::Refused { reason, .. } if is_doubtful(*reason) => Some(one.key.clone()),
            _ => None,
        });
        let refused: Vec<Key> = if good { Vec::new() } else { refused.collect() };
        let believed = self.believe(line, &refused).await;
        let mut entries = Vec::with_capacity(said.len());
        let mut done = Vec::with_capacity(said.len());
        for (one, lead, decoded) in said {
            let refused = (&decoded, &believed);
            let outcome = if let (Decoded::Refused { .. }, Err(failure)) = refused {
                let (question, failure) = (&one.question, failure.clone());
                self.engine
                    .fall_back(question, &one.key, &self.ask, failure)
                    .await
            } else {
                let (entry, outcome) =
                    self.engine
                        .digest(&one.question, &one.key, line.provider(), decoded);
                entries.push(entry);
                outcome
            };
            done.push((one.position, outcome, lead));
        }
        let kept = self.engine.remember(entries).await;
        if believed.is_ok() {
            self.engine.recant(line, &refused).await;
        }
        let land = |(position, outcome, lead)| {
            let outcome = match &kept {
                Ok(()) => outcome,
                Err(failure) => Err(Error::failed(failure.clone())),
            };
            Engine::land::<L>(lead, &outcome);
            (position, outcome)
        };
        done.into_iter().map(land).collect()
    }

    async fn believe(&self, line: &Line, refused: &[Key]) -> Result<(), Failure> {
        if refused.is_empty() {
            return Ok(());
        }
        let strict = !self.few.load(Ordering::Relaxed) && !self.faith.is_trusted(line);
        let believed = self.engine.believe(line, refused, &self.ask, strict).await;
        self.faith.set(line, believed.is_ok());
        believed
    }

    fn trust(&self, line: &Line, operation: &'static str) {
        self.faith.set(line, true);
        line.doubt().answered(operation);
    }

    /// Asks one singly: if that is answered, the rest too; if not, every number is going to fail. One
    /// of the list's chunks finds out, the others wait for it.
    async fn find_out(
        &self,
        mut asked: Vec<Asked<L>>,
        mut leads: Vec<Lead>,
        (failure, attempts): (Failure, u32),
        (turn, place): (Turn<'_>, &Place),
    ) {
        let finding = self.handful.finding.lock().await;
        let (mut good, mut first) = (self.handful.is_good_singly(), Vec::new());
        if !good && self.handful.over().is_none() {
            let (rest, other_leads) = (asked.split_off(1), leads.split_off(1));
            for (one, lead) in asked.into_iter().zip(leads) {
                first.push(self.single(one, lead).await);
            }
            good = self.handful.is_good_singly();
            (asked, leads) = (rest, other_leads);
        }
        drop((finding, turn));
        let first = self.land_singles(first).await;
        let others = async {
            if good {
                place.come_back(&self.window).await;
                self.singly(asked, leads).await;
            } else {
                let failure = self.handful.over().unwrap_or(failure);
                self.fail(asked, leads, &failure, attempts).await;
            }
        };
        tokio::join!(self.deliver(first), others);
    }

    /// The failure of a whole chunk, or what was known before of each.
    async fn fail(&self, asked: Vec<Asked<L>>, leads: Vec<Lead>, failure: &Failure, attempts: u32) {
        self.engine.count_misses(asked.len());
        let mut group = Vec::with_capacity(asked.len());
        for (one, lead) in asked.into_iter().zip(leads) {
            let outcome = self
                .engine
                .fall_back(&one.question, &one.key, &self.ask, failure.clone())
                .await
                .map_err(|error| error.after(attempts, Duration::ZERO));
            Engine::land::<L>(lead, &outcome);
            group.push((one.position, outcome));
        }
        self.deliver(group).await;
    }

    /// Asks one by one. While it is not known whether refusals may be believed, a few go first.
    async fn singly(&self, mut asked: Vec<Asked<L>>, mut leads: Vec<Lead>) {
        let mut done = Vec::new();
        let trusted = self.few.load(Ordering::Relaxed) || self.faith.is_any_trusted();
        if !trusted && asked.len() > FEW + 1 {
            let (rest, other_leads) = (asked.split_off(FEW + 1), leads.split_off(FEW + 1));
            done = self.all_singly(asked, leads).await;
            (asked, leads) = (rest, other_leads);
        }
        done.extend(self.all_singly(asked, leads).await);
        self.deliver(done).await;
    }

    async fn all_singly(&self, asked: Vec<Asked<L>>, leads: Vec<Lead>) -> Group<L::Answer> {
        let flights = asked.into_iter().zip(leads).map(|(one, lead)| async move {
            let turn = match self.handful.turn().await {
                _ if self.faith.is_denied() => Err(Failure::Doubtful),
                turn => turn,
            };
            match turn {
                Ok(_turn) => self.single(one, lead).await,
                Err(failure) => {
                    let question = &one.question;
                    let outcome = self.engine.not_asked(question, &self.ask, failure).await;
                    Engine::land::<L>(lead, &outcome);
                    Single::Done(one.position, outcome)
                }
            }
        });
        self.land_singles(join_all(flights).await).await
    }

    async fn single(&self, one: Asked<L>, lead: Lead) -> Single<L> {
        let approach = self
            .engine
            .approach(&self.routes, &one.question, &one.key, &self.ask)
            .await;
        let outcome = match approach {
            Approach::Over(outcome) => outcome,
            Approach::Said(said) => match said.decoded {
                Decoded::Refused { reason, .. } if is_doubtful(reason) => {
                    return Single::Held(Box::new((one, lead, said)));
                }
                _ => {
                    self.trust(&said.line, one.key.operation);
                    self.engine.arrive(&one.question, &one.key, said).await
                }
            },
        };
        Engine::land::<L>(lead, &outcome);
        Single::Done(one.position, outcome)
    }

    /// Lands the refusals that were held until all had come: only then is it known whether they stand
    /// alone. Nothing is handed out before: whoever follows them would wait for our listener.
    async fn land_singles(&self, singles: Vec<Single<L>>) -> Group<L::Answer> {
        let (mut done, mut claims) = (Vec::new(), Vec::new());
        let mut held: Vec<(Line, Vec<Word<L>>)> = Vec::new();
        for single in singles {
            match single {
                Single::Done(position, outcome) => done.push((position, outcome)),
                Single::Held(refusal) => {
                    let (one, lead, said) = *refusal;
                    let word = (one, lead, said.decoded);
                    claims.push(said.claimed);
                    let same = |(line, _): &&mut (Line, _)| line.provider() == said.line.provider();
                    match held.iter_mut().find(same) {
                        Some((_, words)) => words.push(word),
                        None => held.push((said.line, vec![word])),
                    }
                }
            }
        }
        for (line, words) in held {
            let is_new = |found: &Found<_>| {
                found.source == Source::Upstream && found.provider == line.provider()
            };
            let good = done.iter().any(|it| it.1.as_ref().is_ok_and(is_new));
            done.extend(self.put_away(&line, words, good).await);
        }
        drop(claims);
        done
    }

    async fn deliver(&self, group: Group<L::Answer>) {
        if !group.is_empty() {
            // Nobody listening any more is fine: the answers are in memory.
            drop(self.sender.send(group).await);
        }
    }
}
