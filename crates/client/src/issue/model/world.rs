//! The world round the journal: workers, requests under way, Nubefact's desk, and whoever edits, gives up,
//! kills or waits.

use super::library::{
    ABSENT, ACCEPTED, AGAIN, ASK, DEFINITE, FULL, GRANTED, INTEND, ISSUED, Library, MAY_CHANGE,
    ModelDeed, NEWEST, OURS, SEEN, STRANGER, Seen, THEIRS, TO_ASK, WANTED,
};
use super::void_deed::{ASKS_VOID, FOUND_VOID, INTENDS_VOID, SAW_VOID, SENDS_VOID, SeenOfVoid};
use super::{Size, Without};

/// Most of each that a state has room for.
pub(super) const WORKERS: usize = 3;
const NUMBERS: usize = 6;
const UNDER_WAY: usize = 3;
const DOCUMENTS: usize = 3;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct State {
    pub(super) book: u32,
    pub(super) workers: [Worker; WORKERS],
    /// By number: what is issued under it, [`YOUNG`], [`PENDING`], its void and [`VOID_YOUNG`].
    pub(super) desk: [u8; NUMBERS],
    /// Copies of requests whose sockets are closed: content, number, [`ANSWERED`].
    under_way: [u8; UNDER_WAY],
    pub(super) documents: [u8; DOCUMENTS],
    /// By number, a bit: the newest attempt was not asked about since it was made.
    unasked: u8,
    /// The same of voids.
    pub(super) unasked_voids: u8,
    used: u8,
}

/// Issued so lately that a question may miss it.
pub(super) const YOUNG: u8 = 8;
/// SUNAT has not accepted it.
pub(super) const PENDING: u8 = 16;
/// How its void stands, see `voids.rs`.
pub(super) const VOID_OF: u8 = 32 | 64;
/// Of its void so lately that a question may miss it.
pub(super) const VOID_YOUNG: u8 = 128;
/// A copy of a request that was answered.
const ANSWERED: u8 = 64;
/// Not of a document but of the void of a number.
pub(super) const VOID_COPY: u8 = 128;

const EDITED: u8 = 1;
pub(super) const GIVEN_UP: u8 = 2;
const BEGUN: u8 = 4;

const STRANGER_CAME: u8 = 1;
const COPIED: u8 = 2;
/// More than seven days have passed: Nubefact takes no void any more.
const LATE: u8 = 4;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, PartialOrd, Ord)]
pub(super) struct Worker {
    pub(super) step: u8,
    pub(super) content: u8,
    pub(super) place: u8,
    pub(super) more: u8,
}

/// The steps of `settle` and `resolve`, one for each thing that is durable or leaves the process.
pub(super) const IDLE: u8 = 0;
/// About to ask; `more`: whether it goes on to issue where there is none.
const ASKS: u8 = 1;
/// Has an answer: `more` is what was found, [`GOES_ON`], [`LONG_AGO`] and how many attempts are older.
const FOUND: u8 = 2;
/// The same, and ours were looked through.
const LOOKED: u8 = 3;
/// About to bind a number.
const INTENDS: u8 = 4;
/// The attempt is durable; nothing has left.
const SENDS: u8 = 5;
/// Has seen an outcome, not yet durable.
const SAW: u8 = 6;

pub(super) const GOES_ON: u8 = 8;
pub(super) const LONG_AGO: u8 = 16;

/// What happens.
#[derive(Debug, Clone, Copy)]
#[expect(dead_code, reason = "read by people, where a rule is broken")]
pub(super) enum Happens {
    /// A worker takes a document up, to issue it or only to know.
    TakesUp {
        worker: usize,
        content: u8,
        to_issue: bool,
    },
    Asks {
        worker: usize,
        found: Option<u8>,
    },
    Notes {
        worker: usize,
    },
    LooksAmongOurs {
        worker: usize,
    },
    Intends {
        worker: usize,
    },
    Sends {
        worker: usize,
        arrives: Arrives,
        seen: Seen,
    },
    WritesDown {
        worker: usize,
    },
    Killed {
        worker: usize,
    },
    LateCopy {
        content: u8,
        numero: u8,
        accepted: bool,
    },
    Stranger {
        numero: u8,
    },
    Edited {
        document: u8,
    },
    GivenUp {
        document: u8,
    },
    LongWait,
    /// A wait after which nothing can be voided any more.
    Week,
    /// A worker takes the void of a number up and has asked about the document.
    WishesVoid {
        worker: usize,
        numero: u8,
    },
    SendsVoid {
        worker: usize,
        arrives: Arrives,
        seen: SeenOfVoid,
    },
    LateVoid {
        numero: u8,
        accepted: bool,
    },
    SunatSpeaks {
        numero: u8,
        accepts: bool,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arrives {
    Never,
    Now,
    NowAndACopyLater,
    Later,
}

/// A next state, or the rule that is broken on the way there.
pub(super) type Next = (Happens, Result<State, &'static str>);

pub(super) struct World {
    pub(super) library: Library,
    pub(super) size: Size,
    pub(super) without: Without,
}

impl State {
    pub(super) fn words(&self) -> [u64; 4] {
        let word = |bytes: [u8; 8]| u64::from_le_bytes(bytes);
        let w = |at: usize| {
            let it = self.workers[at];
            [it.step, it.content, it.place, it.more]
        };
        let ([a, b, c, d], [e, f, g, h], [i, j, k, l]) = (w(0), w(1), w(2));
        let (s, n, o) = (self.desk, self.under_way, self.documents);
        [
            u64::from(self.book)
                | u64::from(self.unasked) << 32
                | u64::from(self.used) << 40
                | u64::from(self.unasked_voids) << 48,
            word([a, b, c, d, e, f, g, h]),
            word([i, j, k, l, s[0], s[1], s[2], s[3]]),
            word([s[4], s[5], n[0], n[1], n[2], o[0], o[1], o[2]]),
        ]
    }

    pub(super) fn is_late(&self) -> bool {
        self.used & LATE > 0
    }

    pub(super) fn is_begun(&self, document: usize) -> bool {
        self.documents[document] & BEGUN > 0
    }

    /// Workers and copies are alike: one order stands for all.
    fn in_order(mut self) -> State {
        self.workers.sort_unstable();
        self.under_way.sort_unstable();
        self
    }

    pub(super) fn wanted(&self, document: usize) -> u8 {
        content_of(document, self.documents[document] & EDITED)
    }
}

fn content_of(document: usize, version: u8) -> u8 {
    u8::try_from(1 + 2 * document).expect("few") + version
}

pub(super) fn document_of(content: u8) -> usize {
    usize::from((content - 1) / 2)
}

fn version_of(content: u8) -> u8 {
    (content - 1) % 2
}

impl World {
    /// Everything that may happen in a state.
    pub(super) fn next(&mut self, state: &State, next: &mut Vec<Next>) {
        next.clear();
        for worker in 0..self.size.workers {
            // Like the one before it: the same happens.
            let worker = WORKERS - 1 - worker;
            if worker + 1 < WORKERS && state.workers[worker] == state.workers[worker + 1] {
                continue;
            }
            self.works(state, worker, next);
        }
        self.others(state, next);
        for (_, it) in next.iter_mut() {
            if let Ok(state) = it {
                *state = state.in_order();
            }
        }
    }

    /// Whether nothing is left to do: each document is issued or given up, and known to be.
    pub(super) fn is_over(&mut self, state: &State) -> bool {
        if state.workers.iter().any(|it| it.step != IDLE) {
            return false;
        }
        let documents = (0..self.size.documents).all(|document| {
            let content = state.wanted(document);
            state.documents[document] & GIVEN_UP > 0 || self.stands(state, content) & ACCEPTED > 0
        });
        documents && (!self.size.voids || self.voids_are_settled(state))
    }

    /// A hole that no later document would fill (I4), or a document that is issued and not known to be (I3).
    pub(super) fn broken_at_rest(&mut self, state: &State) -> Option<&'static str> {
        if state.under_way.iter().any(|it| *it > 0) {
            return None;
        }
        let highest = state.desk.iter().rposition(|it| *it > 0).unwrap_or(0);
        let free = self.library.does(state.book, ModelDeed::Free).answer;
        let hole = |n: usize| state.desk[n] == 0 && free & 1 << n == 0;
        if (1..highest).any(hole) {
            return Some("I4: a hole that stays");
        }
        for held in state.desk {
            let content = held & 7;
            if content > 0 && content != STRANGER && self.stands(state, content) & ACCEPTED == 0 {
                return Some("I3: issued and forgotten");
            }
        }
        if self.size.voids {
            return self.voids_broken_at_rest(state);
        }
        None
    }

    pub(super) fn stands(&mut self, state: &State, content: u8) -> u8 {
        self.library
            .does(state.book, ModelDeed::Stand { content })
            .answer
    }

    fn works(&mut self, state: &State, worker: usize, next: &mut Vec<Next>) {
        let me = state.workers[worker];
        let content = me.content;
        if me.step != IDLE {
            next.push((
                Happens::Killed { worker },
                Ok(at(state, worker, Worker::default())),
            ));
        }
        match me.step {
            IDLE => {
                self.takes_up(state, worker, next);
                if self.size.voids {
                    self.takes_void_up(state, worker, next);
                }
            }
            ASKS_VOID | FOUND_VOID | INTENDS_VOID | SENDS_VOID | SAW_VOID => {
                self.works_on_void(state, worker, next);
            }
            ASKS => {
                let place = me.place;
                let decide = ModelDeed::Decide {
                    content,
                    place,
                    found: 0,
                };
                let numero = usize::from(self.library.does(state.book, decide).numero);
                let held = state.desk[numero];
                let mut found = Vec::from([held & 7]);
                if held & YOUNG > 0 {
                    found.push(0);
                }
                for found in found {
                    let mut after = *state;
                    after.unasked &= !(1 << numero);
                    let count = self
                        .library
                        .does(state.book, ModelDeed::Stand { content })
                        .place;
                    let more = found | me.more | count << 5;
                    let step = FOUND;
                    after.workers[worker] = Worker { step, more, ..me };
                    next.push((
                        Happens::Asks {
                            worker,
                            found: Some(found),
                        },
                        Ok(after),
                    ));
                }
                // By a broken rule, what is long ago came to nothing unasked.
                if self.without == Without::AskingAgain && held & YOUNG == 0 {
                    let mut after = *state;
                    let more = me.more | 7 << 5;
                    after.workers[worker] = Worker {
                        step: FOUND,
                        more,
                        ..me
                    };
                    next.push((
                        Happens::Asks {
                            worker,
                            found: None,
                        },
                        Ok(after),
                    ));
                }
            }
            FOUND | LOOKED => self.has_found(state, worker, next),
            INTENDS => self.intends(state, worker, next),
            SENDS => self.sends(state, worker, next),
            SAW => {
                let seen = SEEN[usize::from(me.more)];
                let hear = ModelDeed::Hear {
                    content,
                    place: me.place,
                    seen,
                };
                let came = self.library.does(state.book, hear);
                let mut after = self.turned(state, came.book, came.moved);
                if came.answer & (NEWEST | DEFINITE) == NEWEST | DEFINITE {
                    after.unasked &= !(1 << came.numero);
                }
                after.workers[worker] = if came.answer & TO_ASK > 0 {
                    Worker {
                        step: ASKS,
                        content,
                        place: came.place,
                        more: 0,
                    }
                } else {
                    Worker::default()
                };
                let known = state.desk[usize::from(came.numero)] & 7 == content;
                let told = if came.answer & ISSUED > 0 && !known {
                    Err("R4: told to be issued and is not")
                } else {
                    Ok(after)
                };
                next.push((Happens::WritesDown { worker }, told));
            }
            _ => {}
        }
    }

    fn takes_up(&mut self, state: &State, worker: usize, next: &mut Vec<Next>) {
        for document in 0..self.size.documents {
            // Documents are alike: the first one is begun first.
            let is_turn = document == 0 || state.is_begun(document - 1);
            if !is_turn || state.documents[document] & GIVEN_UP > 0 {
                continue;
            }
            let content = state.wanted(document);
            let stands = self.stands(state, content);
            if stands & ACCEPTED > 0 {
                continue;
            }
            let came = self.library.does(state.book, ModelDeed::First { content });
            for to_issue in [true, false] {
                let mut after = *state;
                after.documents[document] |= BEGUN;
                let place = came.place;
                after.workers[worker] = match (came.answer, to_issue) {
                    (ASK, true) => Worker {
                        step: ASKS,
                        content,
                        place,
                        more: GOES_ON,
                    },
                    (INTEND, true) => Worker {
                        step: INTENDS,
                        content,
                        place: 0,
                        more: 0,
                    },
                    (ASK, false) => Worker {
                        step: ASKS,
                        content,
                        place,
                        more: 0,
                    },
                    _ => continue,
                };
                next.push((
                    Happens::TakesUp {
                        worker,
                        content,
                        to_issue,
                    },
                    Ok(after),
                ));
            }
        }
    }

    fn has_found(&mut self, state: &State, worker: usize, next: &mut Vec<Next>) {
        let me = state.workers[worker];
        let (content, place, found) = (me.content, me.place, me.more & 7);
        let decided = self
            .library
            .does(
                state.book,
                ModelDeed::Decide {
                    content,
                    place,
                    found,
                },
            )
            .answer;
        let goes_on = me.more & GOES_ON > 0;
        match decided {
            ABSENT => {
                let (older, long_ago) = (me.more >> 5, me.more & LONG_AGO > 0);
                let note = ModelDeed::Note {
                    content,
                    place,
                    older,
                    long_ago,
                };
                let came = self.library.does(state.book, note);
                let mut after = self.turned(state, came.book, came.moved);
                let step = if goes_on { INTENDS } else { IDLE };
                let content = if goes_on { content } else { 0 };
                after.workers[worker] = Worker {
                    step,
                    content,
                    place: 0,
                    more: 0,
                };
                next.push((Happens::Notes { worker }, Ok(after)));
            }
            THEIRS if me.step == FOUND => {
                let among = ModelDeed::Among {
                    content,
                    place,
                    found,
                };
                let came = self.library.does(state.book, among);
                let mut after = self.turned(state, came.book, came.moved);
                after.workers[worker].step = LOOKED;
                next.push((Happens::LooksAmongOurs { worker }, Ok(after)));
            }
            OURS | THEIRS => {
                let find = ModelDeed::Find {
                    content,
                    place,
                    found,
                };
                let came = self.library.does(state.book, find);
                let mut after = self.turned(state, came.book, came.moved);
                after.workers[worker] = Worker::default();
                next.push((Happens::WritesDown { worker }, Ok(after)));
            }
            _ => {
                let after = at(state, worker, Worker::default());
                next.push((Happens::Notes { worker }, Ok(after)));
            }
        }
    }

    /// T2: that the document is wanted as it is, and the number, in one transaction.
    fn intends(&mut self, state: &State, worker: usize, next: &mut Vec<Next>) {
        let content = state.workers[worker].content;
        let document = document_of(content);
        let given_up = state.documents[document] & GIVEN_UP > 0;
        let wanted = content == state.wanted(document) && !given_up;
        let stands = self.stands(state, content);
        let back = at(state, worker, Worker::default());
        let happens = Happens::Intends { worker };
        // Room for attempts ends somewhere: first it is found out what became of those there are.
        if (!wanted && self.without != Without::Current) || stands & FULL > 0 {
            next.push((happens, Ok(back)));
            return;
        }
        let came = self.library.does(state.book, ModelDeed::Intend { content });
        let numero = usize::from(came.numero);
        if came.answer & GRANTED == 0 {
            next.push((happens, Ok(back)));
            return;
        }
        if numero > self.size.numbers {
            // Out of the world.
            return;
        }
        let mut after = self.turned(state, came.book, came.moved);
        after.workers[worker] = Worker {
            step: SENDS,
            content,
            place: came.place,
            more: came.numero,
        };
        after.unasked |= 1 << numero;
        let again = came.answer & AGAIN > 0;
        let told = if stands & ACCEPTED > 0 {
            Err("I1: what is known to be issued is sent again")
        } else if again && state.unasked & 1 << numero > 0 {
            Err("I14: sent again unasked")
        } else if self.may_be_anothers(state, worker, content, came.numero) {
            Err("I5: other bytes under a number that may be taken")
        } else {
            Ok(after)
        };
        next.push((happens, told));
    }

    /// Whether other bytes of ours under that number are issued or may still be.
    fn may_be_anothers(&self, state: &State, worker: usize, content: u8, numero: u8) -> bool {
        let issued = state.desk[usize::from(numero)] & 7;
        let by_copy = state.used & COPIED > 0;
        let other = |it: u8| it != 0 && it != content && it != STRANGER;
        let sends = |(at, it): (usize, &Worker)| {
            at != worker && it.step == SENDS && it.more == numero && other(it.content)
        };
        let late = |it: &&u8| {
            **it & (ANSWERED | VOID_COPY) == 0 && **it >> 3 & 7 == numero && other(**it & 7)
        };
        (other(issued) && !by_copy)
            || state.under_way.iter().any(|it| late(&it))
            || state.workers.iter().enumerate().any(sends)
    }

    fn sends(&mut self, state: &State, worker: usize, next: &mut Vec<Next>) {
        let me = state.workers[worker];
        let (content, numero) = (me.content, me.more);
        let held = state.desk[usize::from(numero)];
        let saw = |state: State, arrives: Arrives, seen: Seen, next: &mut Vec<Next>| {
            let mut after = state;
            after.workers[worker] = Worker {
                step: SAW,
                more: seen as u8,
                ..me
            };
            next.push((
                Happens::Sends {
                    worker,
                    arrives,
                    seen,
                },
                Ok(after),
            ));
        };
        saw(*state, Arrives::Never, Seen::NotSent, next);
        saw(*state, Arrives::Never, Seen::Nothing, next);
        if let Some(later) = with_copy(state, self.size.under_way, content | numero << 3) {
            saw(later, Arrives::Later, Seen::Nothing, next);
        }
        let mut now = vec![(*state, Arrives::Now)];
        if self.size.copies && state.used & COPIED == 0 {
            let copy = content | numero << 3 | ANSWERED;
            if let Some(mut copied) = with_copy(state, self.size.under_way, copy) {
                copied.used |= COPIED;
                now.push((copied, Arrives::NowAndACopyLater));
            }
        }
        for (arrived, arrives) in now {
            if held > 0 {
                saw(arrived, arrives, Seen::Exists, next);
                continue;
            }
            saw(arrived, arrives, Seen::Refused, next);
            saw(arrived, arrives, Seen::Held, next);
            match self.issue(&arrived, content, numero) {
                Ok(issued) => {
                    saw(issued, arrives, Seen::Echo, next);
                    saw(issued, arrives, Seen::Nothing, next);
                }
                Err(broken) => {
                    let seen = Seen::Echo;
                    next.push((
                        Happens::Sends {
                            worker,
                            arrives,
                            seen,
                        },
                        Err(broken),
                    ));
                }
            }
        }
    }

    fn others(&mut self, state: &State, next: &mut Vec<Next>) {
        // 1. Late copies.
        for (place, copy) in state.under_way.iter().enumerate() {
            let (content, numero) = (copy & 7, copy >> 3 & 7);
            if *copy == 0 || (place > 0 && state.under_way[place - 1] == *copy) {
                continue;
            }
            let mut gone = *state;
            gone.under_way[place] = 0;
            if copy & VOID_COPY > 0 {
                for accepted in [false, true] {
                    let happens = Happens::LateVoid { numero, accepted };
                    let after = if accepted {
                        gone.takes_void(numero)
                    } else {
                        gone
                    };
                    next.push((happens, Ok(after)));
                }
                continue;
            }
            let late = |accepted: bool| Happens::LateCopy {
                content,
                numero,
                accepted,
            };
            next.push((late(false), Ok(gone)));
            if state.desk[usize::from(numero)] == 0 {
                next.push((late(true), self.issue(&gone, content, numero)));
            }
        }
        // 2. A stranger takes the number after the last.
        let highest = state.desk.iter().rposition(|it| *it > 0).unwrap_or(0);
        if self.size.stranger && state.used & STRANGER_CAME == 0 && highest < self.size.numbers {
            let mut after = *state;
            after.used |= STRANGER_CAME;
            after.desk[highest + 1] = STRANGER | YOUNG;
            let numero = u8::try_from(highest + 1).expect("few");
            next.push((Happens::Stranger { numero }, Ok(after)));
        }
        // 3. Edits: what was not taken is given up, and wanted with other content.
        for document in 0..self.size.documents {
            let content = state.wanted(document);
            if !state.is_begun(document) || state.documents[document] & GIVEN_UP > 0 {
                continue;
            }
            let stands = self.stands(state, content);
            if stands & MAY_CHANGE == 0 || stands & WANTED == 0 {
                continue;
            }
            let came = self
                .library
                .does(state.book, ModelDeed::Abandon { content });
            let named = u8::try_from(document).expect("few");
            let mut after = self.turned(state, came.book, came.moved);
            if self.size.releases {
                after.documents[document] |= GIVEN_UP;
                next.push((Happens::GivenUp { document: named }, Ok(after)));
                after.documents[document] &= !GIVEN_UP;
            }
            if self.size.edits && version_of(content) == 0 {
                after.documents[document] |= EDITED;
                next.push((Happens::Edited { document: named }, Ok(after)));
            }
        }
        // 4. Time: nothing is under way any more, and no answer lags (A2, A3). An attempt is sent at once or
        // not at all.
        let sends = |it: &Worker| matches!(it.step, SENDS | SENDS_VOID);
        if !state.workers.iter().any(sends) {
            let came = self.library.does(state.book, ModelDeed::Tick);
            let mut after = self.turned(state, came.book, came.moved);
            after.under_way = [0; UNDER_WAY];
            for held in &mut after.desk {
                *held &= !(YOUNG | VOID_YOUNG);
            }
            for worker in &mut after.workers {
                if matches!(worker.step, FOUND | LOOKED | FOUND_VOID) {
                    worker.more |= LONG_AGO;
                }
            }
            if after != *state {
                next.push((Happens::LongWait, Ok(after)));
            }
            if self.size.late && !state.is_late() && state.desk.iter().any(|it| *it > 0) {
                after.used |= LATE;
                next.push((Happens::Week, Ok(after)));
            }
        }
        // 5. SUNAT.
        if self.size.voids {
            self.sunat(state, next);
        }
    }

    /// The state with another book, and what workers know of it.
    pub(super) fn turned(&self, state: &State, book: u32, moved: u32) -> State {
        let mut after = State { book, ..*state };
        if moved == 0 {
            return after;
        }
        let moved = &self.library.moved[moved as usize];
        for worker in &mut after.workers {
            let Some(moved) = moved.get(usize::from(worker.content)) else {
                continue;
            };
            let to = moved.places.get(usize::from(worker.place)).copied();
            worker.place = to.unwrap_or(worker.place);
            if matches!(worker.step, FOUND | LOOKED | FOUND_VOID) {
                let older = moved.counts.get(usize::from(worker.more >> 5)).copied();
                let older = older.unwrap_or(worker.more >> 5);
                worker.more = worker.more & 31 | older << 5;
            }
        }
        after
    }
}

pub(super) fn at(state: &State, worker: usize, now: Worker) -> State {
    let mut after = *state;
    after.workers[worker] = now;
    after
}

pub(super) fn with_copy(state: &State, most: usize, copy: u8) -> Option<State> {
    let count = state.under_way.iter().filter(|it| **it > 0).count();
    let free = state.under_way.iter().position(|it| *it == 0)?;
    let mut after = *state;
    after.under_way[free] = copy;
    (count < most).then_some(after)
}

impl World {
    /// Nubefact issues it, or that breaks a rule.
    fn issue(&self, state: &State, content: u8, numero: u8) -> Result<State, &'static str> {
        let document = document_of(content);
        let same = |it: &u8| !matches!(it & 7, 0 | STRANGER) && document_of(it & 7) == document;
        if state.desk.iter().any(same) {
            return Err("I1: a document is issued twice");
        }
        if state.documents[document] & GIVEN_UP > 0 {
            return Err("I2: a sale that was given up is issued");
        }
        if version_of(content) != state.documents[document] & EDITED {
            return Err("I2: the old content is issued");
        }
        let mut after = *state;
        after.desk[usize::from(numero)] = content | YOUNG | u8::from(self.size.voids) * PENDING;
        Ok(after)
    }
}
