//! Voids in the same world: what [`settle_void`](super::super::settle_void) does, step by step, over its own
//! rules. A void is known by its number, which stands here as a content beyond those of documents.

use jiff::civil::Date;
use serde_json::json;

use super::super::class::{AttemptClass, classify_void};
use super::super::standing::{DocumentState, standing};
use super::super::transition::{FoundByName, finding_of};
use super::super::void::{
    absent_of, found_void, intent_of, not_bound, obstacle, of_reply, outcome_of_void, recovered,
    settled_by,
};
use super::super::voided::VoidSettled;
use super::Without;
use super::library::{
    ACCEPTED, Came, ISSUER, Library, ModelDeed, STRANGER, answer, echoed, key, place, refusal,
    small,
};
use super::void_deed::{
    ASKS_VOID, FOUND_VOID, INTENDS_VOID, ModelVoid, SAW_VOID, SEEN_OF_VOID, SENDS_VOID, SeenOfVoid,
    VOIDS, VoidDeed, VoidStep,
};
use super::world::{
    Arrives, GIVEN_UP, GOES_ON, Happens, LONG_AGO, Next, PENDING, State, VOID_COPY, VOID_OF,
    VOID_YOUNG, Worker, World, YOUNG, at, document_of as document_of_content, with_copy,
};
use crate::dialects::nubefact::NubefactReply;
use crate::dialects::nubefact::read::Heard;
use crate::journal::{Intended, JournalEntry, ModelBook, Noted, StoredReply};
use crate::{Failure, RawAnswer};

/// In the place of an open attempt: none of the void is open, or no void is known.
const NOT_OPEN: u8 = 254;
const NOT_KNOWN: u8 = 255;

/// How the desk's void of a document stands.
const NO_VOID: u8 = 0;
const TICKET: u8 = 1;
const MADE: u8 = 2;
const REJECTED: u8 = 3;

/// How the desk's document looks to whoever asks in order to void it.
const NONE_THERE: u8 = 0;
const PENDING_THERE: u8 = 1;
const ACCEPTED_THERE: u8 = 2;
const VOIDED_THERE: u8 = 3;

/// What somebody is told, in the low bits of an answer; 0 where it goes on.
const TOLD: u8 = 7;
const NOTHING: u8 = 1;
const TOLD_VOIDED: u8 = 2;
const TOLD_REJECTED: u8 = 3;
const TOLD_NOT_THERE: u8 = 4;
const TOLD_TOO_LATE: u8 = 5;
/// With one of those: the newest attempt has a final outcome.
const OVER: u8 = 8;
/// An attempt was granted; one before it was open; the void was known to have been taken.
const BOUND: u8 = 16;
const ONCE_MORE: u8 = 32;
const TAKEN_BEFORE: u8 = 64;
/// The void is to be asked about.
const ASK_VOID: u8 = 128;

/// How a void stands by the journal.
const KNOWN: u8 = 1;
const UNSETTLED: u8 = 2;
const NO_ROOM: u8 = 4;
const STANDS_VOIDED: u8 = 8;

impl Library {
    /// Answer, place and number.
    pub(super) fn void(&self, book: &mut ModelBook, deed: VoidDeed) -> (u8, u8, u8) {
        if let VoidStep::Wish { of } = deed.step {
            // By a number that is nobody's of ours, whoever has it is voided: that may be wished.
            let entry = book.key(ISSUER, &key(of));
            let bound = entry.filter(|it| {
                let holder = book.numero(&self.series, it.numero);
                holder.is_some_and(|holder| holder.id == it.id)
            });
            return (0, 0, bound.map_or(0, |it| small(it.numero)));
        }
        let void = &self.voids[usize::from(deed.content - VOIDS) - 1];
        let id = void.id.clone();
        let known = book.key(ISSUER, &void.wish.key()).cloned();
        let numero = small(void.numero);
        match deed.step {
            VoidStep::Document { there, late } => {
                let document = book.numero(&self.series, void.numero);
                let document = document.filter(|it| match self.without {
                    Without::VoidInDoubt => it.accepted().is_some(),
                    Without::VoidTooSoon => it.accepted().is_none(),
                    _ => true,
                });
                let today = if late { "2026-12-06" } else { "2026-11-28" };
                let today: Date = today.parse().expect("a day");
                let sent = known.as_ref().filter(|_| self.without != Without::VoidLate);
                let found = finding_of(
                    &Ok(()),
                    Some(&Heard::of(&self.document_there(there, numero))),
                    |it| it.is_of(&id),
                );
                let Some(settled) = obstacle(document, sent, found, &void.wish, today) else {
                    return (0, open_place(known.as_ref()), numero);
                };
                if let VoidSettled::Voided(Some(reply)) = &settled
                    && self.without != Without::VoidedDocument
                {
                    let open = open_place(known.as_ref());
                    self.recover(book, known.as_ref(), open, reply);
                }
                (told(&settled), 0, numero)
            }
            VoidStep::Note { older, long_ago } => {
                if let Some((entry, noted)) = absent_of(known.as_ref(), &id)
                    && let Some(known) = known.as_ref()
                {
                    let at = self.asked_at(known, older, long_ago);
                    book.note(entry, &noted, at);
                }
                (NOTHING, 0, numero)
            }
            VoidStep::Find { place, there } => {
                let FoundByName::There(reply) = self.void_there(there, void) else {
                    return (NOTHING, 0, numero);
                };
                self.recover(book, known.as_ref(), place, &reply);
                (told(&of_reply(reply)), 0, numero)
            }
            VoidStep::Intend => {
                let was_open = known.as_ref().is_some_and(JournalEntry::is_open);
                let taken = known.as_ref().is_some_and(|it| it.accepted().is_some());
                let intent = intent_of(ISSUER, &void.wish, void.document.clone(), self.now);
                let intended = if was_open && self.without == Without::VoidAsking {
                    book.intend_under(&intent, void.numero)
                } else {
                    book.intend(&intent)
                };
                let Intended::Attempt(granted) = intended else {
                    return (told(&not_bound(&intended)), 0, numero);
                };
                let entry = book.key(ISSUER, &void.wish.key()).expect("a void");
                let answer =
                    BOUND | u8::from(was_open) * ONCE_MORE | u8::from(taken) * TAKEN_BEFORE;
                (answer, place(entry, granted.id), numero)
            }
            VoidStep::Hear { place, seen } => {
                let entry = known.expect("a void of ours");
                let attempt = &entry.attempts[usize::from(place)];
                let class = void_seen_as(seen, void);
                let mut outcome = outcome_of_void(&class);
                let mut settled = settled_by(class);
                if settled.is_none() && self.without == Without::VoidEcho {
                    let nothing = NubefactReply::from_json(b"{}").expect("an object");
                    outcome = recovered(StoredReply::of(&nothing));
                    settled = Some(VoidSettled::Voided(None));
                }
                book.conclude(attempt.id, &outcome, self.now);
                let newest = usize::from(place) + 1 == entry.attempts.len();
                let over = u8::from(newest && outcome.is_definite()) * OVER;
                if let Some(settled) = settled {
                    (told(&settled) | over, 0, numero)
                } else {
                    let entry = book.key(ISSUER, &void.wish.key());
                    (ASK_VOID, open_place(entry), numero)
                }
            }
            VoidStep::Stand => known.map_or((0, 0, numero), |it| {
                let count = u8::try_from(it.attempts.len()).expect("few attempts");
                (self.void_stands(&it), count, numero)
            }),
            VoidStep::Wish { .. } => (0, 0, 0),
        }
    }

    fn recover(
        &self,
        book: &mut ModelBook,
        known: Option<&JournalEntry>,
        place: u8,
        reply: &NubefactReply,
    ) {
        let Some(known) = known.filter(|_| place != NOT_KNOWN) else {
            return;
        };
        let reply = StoredReply::of(reply);
        match known.attempts.get(usize::from(place)) {
            Some(open) => book.conclude(open.id, &recovered(reply), self.now),
            None => book.note(known.id, &Noted::Reply { reply }, self.now),
        }
    }

    fn void_stands(&self, entry: &JournalEntry) -> u8 {
        let state = standing(entry, 0).state;
        let unsettled = matches!(
            state,
            DocumentState::VoidPending | DocumentState::InDoubt | DocumentState::Sending
        );
        let open = entry.attempts.iter().filter(|it| it.is_open()).count();
        u8::from(entry.accepted().is_some()) * KNOWN
            | u8::from(unsettled || entry.is_open()) * UNSETTLED
            | u8::from(open >= self.most_open || entry.attempts.len() > 6) * NO_ROOM
            | u8::from(state == DocumentState::Voided) * STANDS_VOIDED
    }

    /// A document as Nubefact shows it.
    fn document_there(&self, there: u8, numero: u8) -> RawAnswer {
        let mut fields = echoed(1, &self.id(u32::from(numero)));
        match there {
            NONE_THERE => return refusal(24),
            PENDING_THERE => fields["aceptada_por_sunat"] = json!(false),
            VOIDED_THERE => fields["anulado"] = json!(true),
            _ => {}
        }
        answer(200, &fields)
    }

    /// The answer to a question about a void.
    fn void_there(&self, there: u8, void: &ModelVoid) -> FoundByName {
        let said = if there == NO_VOID {
            refusal(24)
        } else {
            void_echo(there, void)
        };
        found_void(&Ok(()), Some(&Heard::of(&said)), &void.id)
    }
}

/// The place of the open attempt of a void.
fn open_place(known: Option<&JournalEntry>) -> u8 {
    let Some(known) = known else {
        return NOT_KNOWN;
    };
    let open = known.open_attempt();
    open.map_or(NOT_OPEN, |open| place(known, open.id))
}

fn told(settled: &VoidSettled) -> u8 {
    match settled {
        VoidSettled::Voided(_) => TOLD_VOIDED,
        VoidSettled::Rejected(_) => TOLD_REJECTED,
        VoidSettled::NotFound => TOLD_NOT_THERE,
        VoidSettled::TooLate { .. } => TOLD_TOO_LATE,
        _ => NOTHING,
    }
}

fn void_echo(there: u8, void: &ModelVoid) -> RawAnswer {
    let mut fields = json!({ "numero": void.numero, "sunat_ticket_numero": "202600000000001",
        "enlace": "https://www.nubefact.com/anulacion/1", "aceptada_por_sunat": there == MADE });
    if there == REJECTED {
        fields["sunat_responsecode"] = json!("2375");
    }
    answer(200, &fields)
}

fn void_seen_as(seen: SeenOfVoid, void: &ModelVoid) -> AttemptClass {
    let heard_before = json!({ "codigo": 21,
        "errors": "2323 - Existe documento ya informado anteriormente en una comunicación de baja" });
    let (sent, answer) = match seen {
        SeenOfVoid::Ticket => (Ok(()), Some(void_echo(TICKET, void))),
        SeenOfVoid::Refused => (Ok(()), Some(refusal(21))),
        SeenOfVoid::Held => (Err(Failure::Unauthorized), Some(refusal(50))),
        SeenOfVoid::Exists => (Ok(()), Some(refusal(23))),
        SeenOfVoid::HeardBefore => (Ok(()), Some(answer(400, &heard_before))),
        SeenOfVoid::Nothing => (Err(Failure::Broken), None),
        SeenOfVoid::NotSent => (Err(Failure::Unreachable), None),
    };
    classify_void(&sent, answer.as_ref().map(Heard::of).as_ref(), &void.id)
}

/// The desk's void of a document, in its place.
fn void_of(held: u8) -> u8 {
    (held & VOID_OF) >> VOID_OF.trailing_zeros()
}

fn with_void(held: u8, void: u8) -> u8 {
    held & !VOID_OF | void << VOID_OF.trailing_zeros()
}

impl World {
    fn does_void(&mut self, state: &State, numero: u8, step: VoidStep) -> Came {
        let content = VOIDS + numero;
        let deed = ModelDeed::Void(VoidDeed { content, step });
        self.library.does(state.book, deed)
    }

    /// Somebody wishes a document voided, and a worker asks about it: what there is no obstacle to goes on.
    pub(super) fn takes_void_up(&mut self, state: &State, worker: usize, next: &mut Vec<Next>) {
        for document in 0..self.size.documents {
            if !state.is_begun(document) {
                continue;
            }
            let of = state.wanted(document);
            let numero = self.does_void(state, 1, VoidStep::Wish { of }).numero;
            if numero == 0 || usize::from(numero) > self.size.numbers {
                continue;
            }
            let held = state.desk[usize::from(numero)];
            let happens = Happens::WishesVoid { worker, numero };
            let late = state.is_late();
            for there in looks_like(held) {
                let mut came = self.does_void(state, numero, VoidStep::Document { there, late });
                // By a broken rule it goes on whatever there is.
                if self.without == Without::VoidOfNothing && came.answer > 0 {
                    (came.answer, came.place) = (0, NOT_KNOWN);
                    (came.book, came.moved) = (state.book, 0);
                }
                let mut after = self.turned(state, came.book, came.moved);
                if came.answer == 0 {
                    after.workers[worker] = Worker {
                        step: ASKS_VOID,
                        content: VOIDS + numero,
                        place: came.place,
                        more: GOES_ON,
                    };
                }
                let told = self.is_told(after, numero, came.answer);
                if told != Ok(*state) {
                    next.push((happens, told));
                }
            }
        }
    }

    pub(super) fn works_on_void(&mut self, state: &State, worker: usize, next: &mut Vec<Next>) {
        let me = state.workers[worker];
        let numero = me.content - VOIDS;
        let goes_on = me.more & GOES_ON > 0;
        let then = |step: u8, place: u8, more: u8| Worker {
            step,
            content: me.content,
            place,
            more,
        };
        match me.step {
            ASKS_VOID => {
                let void = void_of(state.desk[usize::from(numero)]);
                let mut seen = vec![void];
                if state.desk[usize::from(numero)] & VOID_YOUNG > 0 {
                    seen.extend(NO_VOID..void.min(MADE));
                }
                let older = self.attempts_of_void(state, numero);
                for there in seen {
                    let mut after = *state;
                    after.unasked_voids &= !(1 << numero);
                    let nothing_to_note = there == NO_VOID && me.place >= NOT_OPEN;
                    after.workers[worker] = match (nothing_to_note, goes_on) {
                        (true, true) => then(INTENDS_VOID, 0, 0),
                        (true, false) => Worker::default(),
                        _ => then(FOUND_VOID, me.place, there | me.more | older << 5),
                    };
                    let found = Some(there);
                    next.push((Happens::Asks { worker, found }, Ok(after)));
                }
                if self.without == Without::VoidAsking && goes_on {
                    let after = at(state, worker, then(INTENDS_VOID, 0, 0));
                    let found = None;
                    next.push((Happens::Asks { worker, found }, Ok(after)));
                }
            }
            FOUND_VOID => {
                let there = me.more & 3;
                let (older, long_ago) = (me.more >> 5, me.more & LONG_AGO > 0);
                let place = me.place;
                let step = match there {
                    NO_VOID => VoidStep::Note { older, long_ago },
                    _ => VoidStep::Find { place, there },
                };
                let came = self.does_void(state, numero, step);
                let mut after = self.turned(state, came.book, came.moved);
                after.workers[worker] = if there == NO_VOID && goes_on {
                    then(INTENDS_VOID, 0, 0)
                } else {
                    Worker::default()
                };
                let told = self.is_told(after, numero, came.answer);
                next.push((Happens::Notes { worker }, told));
            }
            INTENDS_VOID => self.intends_void(state, worker, next),
            SENDS_VOID => self.sends_void(state, worker, next),
            SAW_VOID => {
                let seen = SEEN_OF_VOID[usize::from(me.more)];
                let place = me.place;
                let came = self.does_void(state, numero, VoidStep::Hear { place, seen });
                let mut after = self.turned(state, came.book, came.moved);
                if came.answer & OVER > 0 {
                    after.unasked_voids &= !(1 << numero);
                }
                after.workers[worker] = if came.answer & ASK_VOID > 0 {
                    then(ASKS_VOID, came.place, 0)
                } else {
                    Worker::default()
                };
                let told = self.is_told(after, numero, came.answer);
                next.push((Happens::WritesDown { worker }, told));
            }
            _ => {}
        }
    }

    /// Whether what somebody is told is so.
    fn is_told(&self, state: State, numero: u8, answer: u8) -> Result<State, &'static str> {
        let held = state.desk[usize::from(numero)];
        match answer & TOLD {
            TOLD_VOIDED if void_of(held) != MADE => Err("R10: told to be voided and is not"),
            TOLD_REJECTED if void_of(held) != REJECTED => {
                Err("R10: a void is told to be rejected and is not")
            }
            TOLD_NOT_THERE if !matches!(held & 7, 0 | STRANGER) => {
                Err("R10: told that there is none, and there is")
            }
            TOLD_TOO_LATE if void_of(held) != NO_VOID => {
                Err("R10: told to be too late, and there is a void")
            }
            _ => Ok(state),
        }
    }

    fn attempts_of_void(&mut self, state: &State, numero: u8) -> u8 {
        self.does_void(state, numero, VoidStep::Stand).place
    }

    fn intends_void(&mut self, state: &State, worker: usize, next: &mut Vec<Next>) {
        let me = state.workers[worker];
        let numero = me.content - VOIDS;
        let happens = Happens::Intends { worker };
        let back = at(state, worker, Worker::default());
        let stands = self.does_void(state, numero, VoidStep::Stand).answer;
        if stands & NO_ROOM > 0 {
            next.push((happens, Ok(back)));
            return;
        }
        let came = self.does_void(state, numero, VoidStep::Intend);
        if came.answer & BOUND == 0 {
            next.push((happens, self.is_told(back, numero, came.answer)));
            return;
        }
        let mut after = self.turned(state, came.book, came.moved);
        after.workers[worker] = Worker {
            step: SENDS_VOID,
            place: came.place,
            more: 0,
            ..me
        };
        let bit = 1 << numero;
        after.unasked_voids |= bit;
        let told = if came.answer & TAKEN_BEFORE > 0 {
            Err("I19: voided twice")
        } else if came.answer & ONCE_MORE > 0 && state.unasked_voids & bit > 0 {
            Err("I14: a void is sent again unasked")
        } else {
            self.may_be_voided(state, numero).map(|()| after)
        };
        next.push((happens, told));
    }

    /// Whether there is a document of ours, known to be, that SUNAT has accepted.
    fn may_be_voided(&mut self, state: &State, numero: u8) -> Result<(), &'static str> {
        let held = state.desk[usize::from(numero)];
        let content = held & 7;
        if content == 0 {
            return Err("R10: the void of what is not there");
        }
        if content == STRANGER {
            return Err("R10: the void of a stranger's document");
        }
        if self.stands(state, content) & ACCEPTED == 0 {
            return Err("R10: the void of a document in doubt");
        }
        if held & PENDING > 0 {
            return Err("R10: the void of what SUNAT has not accepted");
        }
        if state.documents[document_of_content(content)] & GIVEN_UP > 0 {
            return Err("R10: the void of what was given up");
        }
        Ok(())
    }

    fn sends_void(&mut self, state: &State, worker: usize, next: &mut Vec<Next>) {
        use SeenOfVoid::{Exists, HeardBefore, Held, NotSent, Nothing, Refused, Ticket};
        let me = state.workers[worker];
        let numero = me.content - VOIDS;
        let mut saw = |mut after: State, arrives: Arrives, seen: SeenOfVoid| {
            after.workers[worker] = Worker {
                step: SAW_VOID,
                more: seen as u8,
                ..me
            };
            let happens = Happens::SendsVoid {
                worker,
                arrives,
                seen,
            };
            next.push((happens, Ok(after)));
        };
        saw(*state, Arrives::Never, NotSent);
        saw(*state, Arrives::Never, Nothing);
        if let Some(later) = with_copy(state, self.size.under_way, VOID_COPY | numero << 3) {
            saw(later, Arrives::Later, Nothing);
        }
        let void = void_of(state.desk[usize::from(numero)]);
        if void != NO_VOID {
            saw(*state, Arrives::Now, Exists);
            if void == MADE {
                saw(*state, Arrives::Now, HeardBefore);
            }
            return;
        }
        saw(*state, Arrives::Now, Refused);
        saw(*state, Arrives::Now, Held);
        if state.is_late() {
            return;
        }
        let taken = state.takes_void(numero);
        saw(taken, Arrives::Now, Ticket);
        saw(taken, Arrives::Now, Nothing);
    }

    /// SUNAT speaks of a document or of a void.
    pub(super) fn sunat(&self, state: &State, next: &mut Vec<Next>) {
        for numero in 1..=self.size.numbers {
            let held = state.desk[numero];
            let mut speaks = |held: u8, accepts: bool| {
                let mut after = *state;
                after.desk[numero] = held;
                let numero = u8::try_from(numero).expect("few");
                next.push((Happens::SunatSpeaks { numero, accepts }, Ok(after)));
            };
            if held & PENDING > 0 {
                speaks(held & !PENDING, true);
            }
            if void_of(held) == TICKET {
                speaks(with_void(held, MADE), true);
                speaks(with_void(held, REJECTED), false);
            }
        }
    }

    /// Whether a void that the journal knows of is still open or on its way.
    pub(super) fn voids_are_settled(&mut self, state: &State) -> bool {
        (1..=self.size.numbers).all(|numero| {
            let numero = u8::try_from(numero).expect("few");
            self.does_void(state, numero, VoidStep::Stand).answer & UNSETTLED == 0
        })
    }

    /// A void that was taken and is not known to be, or that is known and is not.
    pub(super) fn voids_broken_at_rest(&mut self, state: &State) -> Option<&'static str> {
        for numero in 1..=self.size.numbers {
            let void = void_of(state.desk[numero]);
            let numero = u8::try_from(numero).expect("few");
            let stands = self.does_void(state, numero, VoidStep::Stand).answer;
            if void != NO_VOID && stands & KNOWN == 0 {
                return Some("I3: voided and forgotten");
            }
            if (stands & STANDS_VOIDED > 0) != (void == MADE) {
                return Some("I3: a void that is known to have ended otherwise");
            }
        }
        None
    }
}

impl State {
    /// Nubefact takes a void that has arrived, if there is none and it is not too late.
    pub(super) fn takes_void(&self, numero: u8) -> State {
        let mut after = *self;
        let held = &mut after.desk[usize::from(numero)];
        if void_of(*held) == NO_VOID && !self.is_late() {
            *held = with_void(*held, TICKET) | VOID_YOUNG;
        }
        after
    }
}

/// What a question about a document may be answered.
fn looks_like(held: u8) -> Vec<u8> {
    let content = held & 7;
    let mut looks = Vec::new();
    looks.push(match held {
        _ if content == 0 => NONE_THERE,
        _ if held & PENDING > 0 => PENDING_THERE,
        _ if void_of(held) == MADE => VOIDED_THERE,
        _ => ACCEPTED_THERE,
    });
    if held & YOUNG > 0 && content > 0 {
        looks.push(NONE_THERE);
    }
    if held & VOID_YOUNG > 0 && void_of(held) == MADE {
        looks.push(ACCEPTED_THERE);
    }
    looks
}
