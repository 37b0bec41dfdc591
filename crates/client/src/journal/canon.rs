//! Books for the model check (`issue/model`): the production rules behind a door of their own, and one
//! form for all books that behave alike, so that their number stays finite.
//!
//! What is dropped or evened out, and why nobody can tell: identities and times (only "quiet by now or
//! not" and the order of attempts are ever compared), and of attempts that came to nothing all but the
//! newest and one of each number.

use std::time::Duration;

use jiff::Timestamp;
use uuid::Uuid;

use super::{
    AttemptOutcome, AttemptRecord, Book, Decision, Event, Intended, Intent, JournalDeed,
    JournalEntry, Noted, NubefactState, SeriesName, StoredReply,
};

/// A book to be explored.
#[derive(Clone)]
pub(crate) struct ModelBook {
    book: Book,
}

/// Where the attempts of an entry are after they were evened out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct MovedAttempts {
    /// New place by old place.
    pub(crate) places: Vec<u8>,
    /// How many are left of the first so many.
    pub(crate) counts: Vec<u8>,
}

impl ModelBook {
    pub(crate) fn with(series: &SeriesName) -> ModelBook {
        let mut book = Book::default();
        book.apply(&Event::Series {
            series: series.clone(),
            last: 0,
        });
        ModelBook { book }
    }

    pub(crate) fn key(&self, issuer: &str, key: &str) -> Option<&JournalEntry> {
        self.book.key(issuer, key)
    }

    pub(crate) fn tried(&self, series: &SeriesName, numero: u32) -> Vec<JournalEntry> {
        self.book.tried(series, numero)
    }

    /// Whose a number is for now.
    pub(crate) fn numero(&self, series: &SeriesName, numero: u32) -> Option<&JournalEntry> {
        self.book.numero(series, numero)
    }

    /// The highest number taken, and the free ones below it.
    pub(crate) fn count(&self, series: &SeriesName) -> (u32, Vec<u32>) {
        let counts = self.book.counts().into_iter();
        let mut counts = counts.filter(|it| it.series == *series);
        counts
            .next()
            .map_or((0, Vec::new()), |it| (it.last, it.free))
    }

    /// As a journal does it: decided, and applied where there is something to bind.
    pub(crate) fn intend(&mut self, intent: &Intent) -> Intended {
        let decision = self.book.decide(intent);
        self.bind(decision)
    }

    /// A broken rule of the check's own: that number, whatever the rules say.
    pub(crate) fn intend_under(&mut self, intent: &Intent, numero: u32) -> Intended {
        let known = self.book.key(&intent.issuer, &intent.key).cloned();
        self.bind(Book::bind(intent, numero, known.as_ref()))
    }

    fn bind(&mut self, decision: Decision) -> Intended {
        match decision {
            Decision::Answer(answer) => answer,
            Decision::Bind(event, _, granted) => {
                self.book.apply(&Event::Intent(event));
                Intended::Attempt(granted)
            }
        }
    }

    pub(crate) fn conclude(&mut self, attempt: Uuid, outcome: &AttemptOutcome, at: Timestamp) {
        self.happen(&Event::Outcome {
            attempt,
            outcome: outcome.clone(),
            at,
        });
    }

    pub(crate) fn note_absent(&mut self, entry: Uuid, numero: u32, at: Timestamp) {
        self.note(entry, &Noted::Absent { numero }, at);
    }

    pub(crate) fn note(&mut self, entry: Uuid, noted: &Noted, at: Timestamp) {
        let noted = noted.clone();
        self.happen(&Event::Noted { entry, noted, at });
    }

    pub(crate) fn abandon(&mut self, entry: Uuid) {
        self.happen(&Event::Abandoned { entry });
    }

    fn happen(&mut self, event: &Event) {
        if self.book.matters(event) {
            self.book.apply(event);
        }
    }

    /// The form of all books like this one, with times told from one fixed moment, its code, and by rank of the key where attempts are now.
    pub(crate) fn evened(
        &self,
        now: Timestamp,
        told_from: Timestamp,
        tick: Duration,
        rank: impl Fn(&JournalEntry) -> usize,
    ) -> (ModelBook, Vec<u8>, Vec<MovedAttempts>) {
        let mut book = Book::default();
        let mut code = Vec::new();
        let mut moved = Vec::new();
        let mut order: Vec<usize> = (0..self.book.entries.len()).collect();
        order.sort_by_key(|at| rank(&self.book.entries[*at]));
        for (place, from) in order.iter().enumerate() {
            let old = &self.book.entries[*from];
            let ranked = rank(old);
            let (kept, to) = kept(old);
            moved.resize_with(ranked + 1, MovedAttempts::default);
            moved[ranked] = to;
            let name = u128::try_from(ranked).unwrap_or_default() + 1;
            let mut entry = JournalEntry {
                id: Uuid::from_u128(name),
                at: told_from,
                attempts: Vec::new(),
                // Of a document that exists nothing depends on it; a void stands by it.
                reply: old.reply.clone().filter(|_| old.deed == JournalDeed::Void),
                ..old.clone()
            };
            code.push(said(entry.reply.as_ref()));
            code.extend([byte(ranked), byte32(old.numero), u8::from(old.abandoned)]);
            code.push(byte(kept.len()));
            for (nth, at) in kept.iter().enumerate() {
                let mut was = old.attempts[*at].clone();
                if is_past(&was) && !is_conflict(&was) && at + 1 < old.attempts.len() {
                    was.outcome = Some(AttemptOutcome::Cleared);
                }
                let was = &was;
                let quiet = now >= was.quiet_from();
                let shown = !is_past(was) && quiet;
                code.push(byte32(was.numero) << 4 | class(was));
                code.push(
                    u8::from(shown) << 1 | u8::from(was.is_open() && was.absent_at.is_some()),
                );
                let age = if quiet { tick } else { Duration::ZERO };
                let age = age + Duration::from_secs(64 - u64::from(byte(nth)));
                let at = told_from.saturating_sub(age).unwrap_or(told_from);
                let id = Uuid::from_u128(name << 8 | u128::from(byte(nth) + 1));
                book.attempts.insert(id, (place, nth));
                entry.attempts.push(AttemptRecord {
                    id,
                    at,
                    concluded_at: was.concluded_at.map(|_| at),
                    absent_at: was.absent_at.map(|_| at),
                    ..was.clone()
                });
            }
            book.by_id.insert(entry.id, place);
            let key = (entry.series.issuer.clone(), entry.key.clone());
            book.by_key.insert(key, place);
            book.entries.push(entry);
        }
        for (series, count) in &self.book.series {
            code.push(byte32(count.last));
            code.push(count.free.iter().fold(0, |bits, it| bits | 1 << it));
            book.series.insert(series.clone(), count.clone());
        }
        let mut theirs = 0_u8;
        for (name, number) in &self.book.numbers {
            let mut entries = Vec::new();
            for from in &number.entries {
                entries.extend(order.iter().position(|it| it == from));
            }
            entries.sort_unstable();
            theirs |= u8::from(number.theirs) << name.2;
            let number = super::Number {
                entries,
                theirs: number.theirs,
            };
            book.numbers.insert(name.clone(), number);
        }
        code.push(theirs);
        (ModelBook { book }, code, moved)
    }
}

/// The attempts that stay, in what order: of those that came to nothing, one for each number comes first,
/// since only the newest attempt's outcome is ever looked at.
fn kept(entry: &JournalEntry) -> (Vec<usize>, MovedAttempts) {
    let all = &entry.attempts;
    let past = |nth: usize| is_past(&all[nth]) && nth + 1 < all.len();
    let like = |nth: usize| (all[nth].numero, is_conflict(&all[nth]));
    let mut first: Vec<usize> = Vec::new();
    for nth in (0..all.len()).filter(|it| past(*it)) {
        if first.iter().all(|it| like(*it) != like(nth)) {
            first.push(nth);
        }
    }
    first.sort_by_key(|it| like(*it));
    let rest: Vec<usize> = (0..all.len()).filter(|it| !past(*it)).collect();
    let place = |nth: usize| {
        let at = if past(nth) {
            first.iter().position(|it| like(*it) == like(nth))
        } else {
            let at = rest.iter().position(|it| *it == nth);
            at.map(|it| it + first.len())
        };
        byte(at.unwrap_or_default())
    };
    let left = |count: usize| {
        let older = rest.iter().filter(|it| **it < count).count();
        byte(first.len() + older)
    };
    let moved = MovedAttempts {
        places: (0..all.len()).map(place).collect(),
        counts: (0..=all.len()).map(left).collect(),
    };
    (first.into_iter().chain(rest).collect(), moved)
}

fn is_conflict(attempt: &AttemptRecord) -> bool {
    matches!(attempt.outcome, Some(AttemptOutcome::Conflict { .. }))
}

/// Came to nothing.
fn is_past(attempt: &AttemptRecord) -> bool {
    !attempt.is_open() && !matches!(attempt.outcome, Some(AttemptOutcome::Accepted { .. }))
}

/// What the upstream says of a void.
fn said(reply: Option<&StoredReply>) -> u8 {
    let Some(reply) = reply.map(StoredReply::reply) else {
        return 0;
    };
    match reply.state() {
        _ if reply.fields().is_empty() => 1,
        NubefactState::Pending | NubefactState::Undelivered { .. } => 2,
        NubefactState::Accepted | NubefactState::Observed { .. } => 3,
        NubefactState::Rejected { .. } => 4,
        NubefactState::Voided => 5,
    }
}

fn class(attempt: &AttemptRecord) -> u8 {
    match &attempt.outcome {
        None => 0,
        Some(AttemptOutcome::Taken) => 1,
        Some(AttemptOutcome::Unknown { .. }) => 2,
        Some(AttemptOutcome::NotSent) => 3,
        Some(AttemptOutcome::Refused { .. }) => 4,
        Some(AttemptOutcome::Held { .. }) => 5,
        Some(AttemptOutcome::Conflict { .. }) => 6,
        Some(AttemptOutcome::Cleared) => 7,
        Some(AttemptOutcome::Accepted { .. }) => 8,
    }
}

fn byte(value: usize) -> u8 {
    u8::try_from(value).unwrap_or(u8::MAX)
}

fn byte32(value: u32) -> u8 {
    u8::try_from(value).unwrap_or(u8::MAX)
}
