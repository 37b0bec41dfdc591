//! Path 2: many look-ups through an upstream's native batch call.
//!
//! Known ones come from memory; the rest goes out in chunks through a window of calls, without a
//! barrier between chunks. A question that another caller is asking already is not asked again,
//! and one that the answer does not mention is asked singly: every question ends in exactly one
//! outcome.

mod chunk;
mod singles;

use std::collections::{HashMap, HashSet};
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::Instant;

use crate::engine::UpstreamAnswer;
use crate::flight::Lead;
use crate::handful::Handful;
use crate::line::doubt::FEW;
use crate::patience;
use crate::route;
use crate::window::WindowPlace;
use crate::{Ask, Decoded, Engine, Error, Failure, Found, Key, Line, Lookup, Routes};

/// Outcomes with the positions of their questions.
pub(crate) type Group<A> = Vec<(usize, Result<Found<A>, Error>)>;

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
    /// What comes of `count` questions.
    pub(crate) fn of(receiver: mpsc::Receiver<Group<A>>, count: usize) -> Outcomes<A> {
        Outcomes {
            receiver,
            open: vec![true; count],
        }
    }

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
type Refusal<L> = (Asked<L>, Lead, Box<UpstreamAnswer<<L as Lookup>::Answer>>);

/// What became of a question that was asked singly.
enum Single<L: Lookup> {
    Done(usize, Result<Found<L::Answer>, Error>),
    /// It was refused, and is still to land.
    Held(Box<Refusal<L>>),
}

/// What was said of a question whose flight is still to land.
type Word<L> = (Asked<L>, Lead, Decoded<<L as Lookup>::Answer>);

/// Of a question that comes more than once, its first position and the others.
type Twins = HashMap<usize, Vec<usize>>;

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
    /// Time that the caller gives to each chunk; none when it waits for as long as it takes.
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

/// Of the questions that come more than once, by their first positions, the others; and all of those.
fn apart<L: Lookup>(questions: &[L]) -> (Twins, HashSet<usize>) {
    let hasher = RandomState::default();
    let (mut twins, mut again) = (Twins::new(), HashSet::new());
    let mut known: HashTable<u32> = HashTable::new();
    let key_at = |at: &u32| questions[*at as usize].key();
    for (position, question) in (0_u32..).zip(questions) {
        let key = question.key();
        let same = |at: &u32| key_at(at) == key;
        let hash = |at: &u32| hasher.hash_one(key_at(at));
        match known.entry(hasher.hash_one(&key), same, hash) {
            Entry::Occupied(first) => {
                let (first, position) = (*first.get() as usize, position as usize);
                twins.entry(first).or_default().push(position);
                again.insert(position);
            }
            Entry::Vacant(entry) => drop(entry.insert(position)),
        }
    }
    (twins, again)
}

/// Most questions in the native batch call of the first upstream that has one.
fn most_together<L: Lookup>(routes: &impl Routes<L>) -> usize {
    let many = route::all(routes).find_map(|way| Some(way.dialect.many()?.most()));
    many.unwrap_or(1).max(1)
}

impl<L: Lookup, R: Routes<L>> Run<L, R> {
    async fn all(self, questions: Vec<L>) {
        // 1. Equal questions once. Keys are made when their turn comes: those of a long list take more
        //    memory than the list.
        let (twins, again) = apart(&questions);
        let run = Run {
            sender: self.repeat_for(twins),
            ..self
        };
        // 2. What memory knows, looked up while the window is full; and chunks of the rest.
        let (found_unknown, mut to_ask) = mpsc::channel(1);
        let look_up = async {
            let all = questions.into_iter().enumerate();
            let mut unique = all.filter(|(at, _)| !again.contains(at)).peekable();
            while unique.peek().is_some() && !run.sender.is_closed() {
                let some = unique.by_ref().take(RECALL_CHUNK);
                let some = some.map(|(position, question)| Asked {
                    position,
                    key: question.key(),
                    question,
                });
                let some = some.collect();
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
    fn repeat_for(&self, others: Twins) -> Sender<L> {
        if others.is_empty() {
            return self.sender.clone();
        }
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
        let place = WindowPlace::new(place.expect("the window is never closed"));
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

    async fn deliver(&self, group: Group<L::Answer>) {
        if !group.is_empty() {
            // No listener any more is fine: the answers are in memory.
            drop(self.sender.send(group).await);
        }
    }
}
