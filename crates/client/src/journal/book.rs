//! The rules of a journal, without a disk: what an intent is answered, and what each event changes.
//! Deciding and applying are two, so that reading a file back is applying alone.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use bytes::Bytes;
use compact_str::CompactString;
use jiff::Timestamp;
use uuid::Uuid;

use super::entry::{AttemptRecord, JournalEntry, StoredReply};
use super::event::{Event, IntentEvent};
use super::{
    AttemptOutcome, Intended, Intent, JournalAttempt, JournalDeed, JournalError, Noted,
    SeriesCount, SeriesName,
};
use crate::dialects::nubefact::{MOST_NUMERO, NubefactState};
use crate::ledger::new_id;

#[derive(Default)]
pub(super) struct Book {
    series: BTreeMap<SeriesName, Count>,
    entries: Vec<JournalEntry>,
    by_id: HashMap<Uuid, usize>,
    by_key: HashMap<(CompactString, CompactString), usize>,
    /// The entry and the place in it.
    attempts: HashMap<Uuid, (usize, usize)>,
    numbers: HashMap<(JournalDeed, SeriesName, u32), Number>,
}

/// How far a series has come.
#[derive(Default)]
struct Count {
    last: u32,
    /// Numbers up to this one were used before the series was opened here.
    before: u32,
    free: BTreeSet<u32>,
}

/// What is known of one number.
#[derive(Default)]
struct Number {
    /// Entries that ever had an attempt with it, the newest last.
    entries: Vec<usize>,
    /// A stranger has it.
    theirs: bool,
}

/// What an intent comes to: an event to be made durable with these bytes, or an answer at once.
pub(super) enum Decision {
    Bind(IntentEvent, Bytes, JournalAttempt),
    Answer(Intended),
}

impl Book {
    /// What to answer an intent. Changes nothing.
    pub(super) fn decide(&self, intent: &Intent) -> Decision {
        match self.numero_for(intent) {
            Ok((numero, known)) => Book::bind(intent, numero, known),
            Err(answer) => Decision::Answer(*answer),
        }
    }

    /// The number that an intent gets, and the entry it has already.
    fn numero_for(&self, intent: &Intent) -> Result<(u32, Option<&JournalEntry>), Box<Intended>> {
        let own = intent.document.numero();
        let Some(known) = self.key(&intent.issuer, &intent.key) else {
            let numero = match own {
                Some(numero) => self.bring(intent, numero, None)?,
                None => self.take(&intent.series())?,
            };
            return Ok((numero, None));
        };
        let other_content = known.content != intent.document.content_hash();
        let answer =
            |intended: fn(JournalEntry) -> Intended| Err(Box::new(intended(known.clone())));
        // 1. What is the same wish: a void may have another reason, unless one may be under way.
        if other_content && (intent.deed == JournalDeed::Issue || known.is_open()) {
            return answer(Intended::OtherContent);
        }
        if known.accepted().is_some() {
            return answer(Intended::Done);
        }
        // 2. What is open keeps its number and bytes, and was asked about before it goes again.
        if known.is_open() {
            return if known.was_asked() {
                Ok((known.numero, Some(known)))
            } else {
                answer(Intended::AskFirst)
            };
        }
        // 3. What came to nothing may have a number again.
        let numero = match known.last_outcome() {
            Some(AttemptOutcome::Conflict { .. }) if own.is_some() || !intent.renumber => {
                return answer(Intended::Conflict);
            }
            Some(AttemptOutcome::Held { .. }) if !known.abandoned => known.numero,
            _ => match own {
                Some(numero) => self.bring(intent, numero, Some(known.id))?,
                None if self.is_free(&known.series, known.numero) => known.numero,
                None => self.take(&known.series)?,
            },
        };
        Ok((numero, Some(known)))
    }

    /// A number that the caller brought, if nobody else has it.
    fn bring(
        &self,
        intent: &Intent,
        numero: u32,
        known: Option<Uuid>,
    ) -> Result<u32, Box<Intended>> {
        let place = (intent.deed, intent.series(), numero);
        let Some(number) = self.numbers.get(&place) else {
            return Ok(numero);
        };
        if number.theirs {
            return Err(Box::new(Intended::NumberTheirs(numero)));
        }
        let holder = number.entries.iter().map(|at| &self.entries[*at]);
        let holder = holder
            .rev()
            .find(|it| Some(it.id) != known && binds(it, numero));
        match holder {
            Some(entry) => Err(Box::new(Intended::NumberUsed(entry.clone()))),
            None => Ok(numero),
        }
    }

    /// The lowest free number of a series, or the next one.
    fn take(&self, series: &SeriesName) -> Result<u32, Box<Intended>> {
        let Some(count) = self.series.get(series) else {
            return Err(Box::new(Intended::SeriesNotOpen(series.clone())));
        };
        match count.free.first() {
            Some(lowest) => Ok(*lowest),
            None if count.last < MOST_NUMERO => Ok(count.last + 1),
            None => Err(Box::new(Intended::SeriesFull(series.clone()))),
        }
    }

    fn bind(intent: &Intent, numero: u32, known: Option<&JournalEntry>) -> Decision {
        let body = intent.document.with_numero(numero);
        let hash: CompactString = blake3::hash(&body).to_hex().as_str().into();
        // Same number, same bytes: guaranteed by the content, and looked at all the same (rule R2).
        let other_bytes =
            |it: &&AttemptRecord| it.is_open() && it.numero == numero && it.hash != hash;
        if let Some(known) = known
            && known.attempts.iter().any(|it| other_bytes(&it))
        {
            return Decision::Answer(Intended::OtherContent(known.clone()));
        }
        let attempt = new_id(intent.at);
        let entry = known.map_or_else(|| new_id(intent.at), |known| known.id);
        let count = known.map_or(0, |known| known.attempts.len());
        let event = IntentEvent {
            entry,
            attempt,
            series: intent.series(),
            deed: intent.deed,
            key: intent.key.clone(),
            content: intent.document.content_hash(),
            own_numero: intent.document.numero().is_some(),
            numero,
            hash: hash.clone(),
            at: intent.at,
        };
        let granted = JournalAttempt {
            id: attempt,
            entry,
            numero,
            count: u32::try_from(count).unwrap_or(u32::MAX).saturating_add(1),
            body: body.clone(),
            hash,
        };
        Decision::Bind(event, body, granted)
    }

    /// Whether an event can be applied: what it names is there.
    pub(super) fn knows(&self, event: &Event) -> bool {
        match event {
            Event::Series { .. } | Event::Intent(_) => true,
            Event::Outcome { attempt, .. } => self.attempts.contains_key(attempt),
            Event::Noted { entry, .. } | Event::Abandoned { entry } => {
                self.by_id.contains_key(entry)
            }
        }
    }

    /// Whether an event changes anything; one that does not is not written.
    pub(super) fn matters(&self, event: &Event) -> bool {
        match event {
            Event::Series { series, last } => self
                .series
                .get(series)
                .is_none_or(|it| it.before < *last || it.last < *last),
            Event::Outcome {
                attempt, outcome, ..
            } => self.attempts.get(attempt).is_some_and(|(entry, at)| {
                may_become(&self.entries[*entry].attempts[*at], outcome)
            }),
            Event::Abandoned { entry } => self.entry(*entry).is_some_and(|it| !it.abandoned),
            Event::Intent(_) | Event::Noted { .. } => true,
        }
    }

    /// Makes an event true.
    pub(super) fn apply(&mut self, event: &Event) {
        match event {
            Event::Series { series, last } => {
                // Numbers that callers brought before it was opened are used as well.
                let ours = self
                    .numbers
                    .keys()
                    .filter(|it| it.0 == JournalDeed::Issue && it.1 == *series);
                let ours = ours.map(|it| it.2).max().unwrap_or(0);
                let count = self.series.entry(series.clone()).or_default();
                count.last = count.last.max(*last).max(ours);
                count.before = count.before.max(*last);
                count.free = count.free.split_off(&(count.before + 1));
            }
            Event::Intent(intent) => self.apply_intent(intent),
            Event::Outcome {
                attempt,
                outcome,
                at,
            } => self.apply_outcome(*attempt, outcome, *at),
            Event::Noted { entry, noted, at } => {
                if let Some(place) = self.by_id.get(entry).copied() {
                    note(&mut self.entries[place], noted, *at);
                    self.settle_numbers(place);
                }
            }
            Event::Abandoned { entry } => {
                if let Some(place) = self.by_id.get(entry).copied() {
                    self.entries[place].abandoned = true;
                    self.settle_numbers(place);
                }
            }
        }
    }

    fn apply_intent(&mut self, event: &IntentEvent) {
        let place = self.by_id.get(&event.entry).copied().unwrap_or_else(|| {
            let place = self.entries.len();
            self.by_id.insert(event.entry, place);
            let key = (event.series.issuer.clone(), event.key.clone());
            self.by_key.insert(key, place);
            self.entries.push(JournalEntry {
                id: event.entry,
                series: event.series.clone(),
                deed: event.deed,
                numero: event.numero,
                own_numero: event.own_numero,
                key: event.key.clone(),
                content: event.content.clone(),
                at: event.at,
                attempts: Vec::new(),
                reply: None,
                abandoned: false,
            });
            place
        });
        let entry = &mut self.entries[place];
        entry.numero = event.numero;
        entry.content.clone_from(&event.content);
        entry.abandoned = false;
        self.attempts
            .insert(event.attempt, (place, entry.attempts.len()));
        entry.attempts.push(AttemptRecord {
            id: event.attempt,
            numero: event.numero,
            hash: event.hash.clone(),
            at: event.at,
            outcome: None,
            concluded_at: None,
            absent_at: None,
        });
        let number = (event.deed, event.series.clone(), event.numero);
        let number = self.numbers.entry(number).or_default();
        number.entries.retain(|it| *it != place);
        number.entries.push(place);
        if event.deed == JournalDeed::Issue
            && let Some(count) = self.series.get_mut(&event.series)
        {
            count.last = count.last.max(event.numero);
        }
        self.settle_numbers(place);
    }

    fn apply_outcome(&mut self, attempt: Uuid, outcome: &AttemptOutcome, at: Timestamp) {
        let Some((place, nth)) = self.attempts.get(&attempt).copied() else {
            return;
        };
        let entry = &mut self.entries[place];
        if !may_become(&entry.attempts[nth], outcome) {
            return;
        }
        entry.attempts[nth].outcome = Some(outcome.clone());
        entry.attempts[nth].concluded_at = Some(at);
        let numero = entry.attempts[nth].numero;
        match outcome {
            AttemptOutcome::Accepted { reply, .. } => {
                entry.numero = numero;
                keep_newer(&mut entry.reply, reply);
            }
            // A stranger's document is in the place of each of them; nor does one wait for that number.
            AttemptOutcome::Conflict { .. } => {
                for other in entry.attempts.iter_mut().filter(|it| it.numero == numero) {
                    let waits = matches!(other.outcome, Some(AttemptOutcome::Held { .. }));
                    if other.is_open() || waits {
                        other.outcome = Some(outcome.clone());
                        other.concluded_at = Some(at);
                    }
                }
                let number = (entry.deed, entry.series.clone(), numero);
                let number = self.numbers.entry(number).or_default();
                // It may be another one of ours.
                let ours = |at: &usize| binds(&self.entries[*at], numero);
                number.theirs = !number.entries.iter().any(ours);
            }
            _ => {}
        }
        self.settle_numbers(place);
    }

    /// Puts the numbers that an entry has had on the list of free ones, or takes them off.
    fn settle_numbers(&mut self, place: usize) {
        let entry = &self.entries[place];
        if entry.deed != JournalDeed::Issue {
            return;
        }
        let series = entry.series.clone();
        let mut numbers: Vec<u32> = entry.attempts.iter().map(|it| it.numero).collect();
        numbers.dedup();
        for numero in numbers {
            let free = self.came_to_nothing(&series, numero);
            if let Some(count) = self.series.get_mut(&series) {
                if free && numero > count.before {
                    count.free.insert(numero);
                } else {
                    count.free.remove(&numero);
                }
            }
        }
    }

    /// Whether every attempt ever made with a number is known to have come to nothing (rule R5).
    fn came_to_nothing(&self, series: &SeriesName, numero: u32) -> bool {
        let place = (JournalDeed::Issue, series.clone(), numero);
        self.numbers.get(&place).is_some_and(|number| {
            let bound = |at: &usize| binds(&self.entries[*at], numero);
            !number.theirs && !number.entries.iter().any(bound)
        })
    }

    fn is_free(&self, series: &SeriesName, numero: u32) -> bool {
        let count = self.series.get(series);
        count.is_some_and(|it| it.free.contains(&numero))
    }

    pub(super) fn key(&self, issuer: &str, key: &str) -> Option<&JournalEntry> {
        let place = self.by_key.get(&(issuer.into(), key.into()))?;
        self.entries.get(*place)
    }

    pub(super) fn entry(&self, id: Uuid) -> Option<&JournalEntry> {
        self.entries.get(*self.by_id.get(&id)?)
    }

    pub(super) fn entry_of(&self, attempt: Uuid) -> Option<&JournalEntry> {
        self.entries.get(self.attempts.get(&attempt)?.0)
    }

    pub(super) fn numero(&self, series: &SeriesName, numero: u32) -> Option<&JournalEntry> {
        let number = self
            .numbers
            .get(&(JournalDeed::Issue, series.clone(), numero))?;
        let entries = number.entries.iter().map(|at| &self.entries[*at]);
        entries.rev().find(|it| binds(it, numero))
    }

    pub(super) fn tried(&self, series: &SeriesName, numero: u32) -> Vec<JournalEntry> {
        let number = self
            .numbers
            .get(&(JournalDeed::Issue, series.clone(), numero));
        let entries = number.map(|it| it.entries.as_slice()).unwrap_or_default();
        let mut entries: Vec<usize> = entries.to_vec();
        entries.sort_unstable();
        let entries = entries.into_iter().map(|at| self.entries[at].clone());
        entries.collect()
    }

    pub(super) fn open(&self) -> Vec<JournalEntry> {
        let open = self.entries.iter().filter(|it| it.is_open());
        open.cloned().collect()
    }

    pub(super) fn of_issuer(&self, issuer: &str) -> Vec<JournalEntry> {
        let own = self.entries.iter().filter(|it| it.series.issuer == issuer);
        own.cloned().collect()
    }

    pub(super) fn last(&self, series: &SeriesName) -> u32 {
        self.series.get(series).map_or(0, |it| it.last)
    }

    pub(super) fn counts(&self) -> Vec<SeriesCount> {
        let counts = self.series.iter().map(|(series, count)| SeriesCount {
            series: series.clone(),
            last: count.last,
            free: count.free.iter().copied().collect(),
        });
        counts.collect()
    }

    /// Whether anything of it can be asked for, or an error that says no.
    pub(super) fn known(&self, event: &Event) -> Result<(), JournalError> {
        if self.knows(event) {
            Ok(())
        } else {
            Err(JournalError::no_such_thing())
        }
    }
}

/// Whether a number is an entry's for now: it is accepted under it, an attempt with it is open, or the
/// account is held and the entry waits with it.
fn binds(entry: &JournalEntry, numero: u32) -> bool {
    let mut with_it = entry.attempts.iter().filter(|it| it.numero == numero);
    let accepted = entry.accepted();
    if accepted.is_some_and(|it| it.numero == numero) {
        return true;
    }
    let open = entry.is_open() && with_it.any(AttemptRecord::is_open);
    let waits = entry.numero == numero
        && !entry.abandoned
        && matches!(entry.last_outcome(), Some(AttemptOutcome::Held { .. }));
    open || waits
}

/// Whether an attempt's outcome may become another: what is open may become anything, and what came to
/// nothing may turn out to have been accepted.
fn may_become(attempt: &AttemptRecord, outcome: &AttemptOutcome) -> bool {
    let accepted = matches!(outcome, AttemptOutcome::Accepted { .. });
    match &attempt.outcome {
        Some(AttemptOutcome::Accepted { .. } | AttemptOutcome::Conflict { .. }) => false,
        _ => accepted || attempt.is_open(),
    }
}

fn note(entry: &mut JournalEntry, noted: &Noted, at: Timestamp) {
    match noted {
        Noted::Reply { reply } => keep_newer(&mut entry.reply, reply),
        Noted::Absent { numero } => {
            // Neither what began after the question was asked about, nor what has another number (rule R3).
            let named = |it: &AttemptRecord| *numero == 0 || it.numero == *numero;
            let asked = |it: &&mut AttemptRecord| it.is_open() && it.at <= at && named(it);
            for attempt in entry.attempts.iter_mut().filter(asked) {
                attempt.absent_at = Some(at);
                // Later than anything of it can still be under way (rule R5).
                if at >= attempt.quiet_from() {
                    attempt.outcome = Some(AttemptOutcome::Cleared);
                    attempt.concluded_at = Some(at);
                }
            }
        }
    }
}

/// What is final never changes back.
fn keep_newer(kept: &mut Option<StoredReply>, reply: &StoredReply) {
    let rank = |state: NubefactState| match state {
        NubefactState::Pending | NubefactState::Undelivered { .. } => 0,
        NubefactState::Voided => 2,
        _ => 1,
    };
    let before = kept.as_ref().map_or(0, |it| rank(it.reply().state()));
    if rank(reply.reply().state()) >= before {
        *kept = Some(reply.clone());
    }
}
