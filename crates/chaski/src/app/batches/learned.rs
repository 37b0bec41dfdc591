//! What came of the numbers of a list that a command waits for. The answers of a long list take more
//! memory than the list: of most of its numbers it is only kept that there is one, and memory is asked
//! again when the result is made.

use std::collections::HashMap;

use chaski_core::Lang;

use super::kind::ListOutcome;
use crate::hints::Hinted;
use crate::store::ItemState;

/// Answers of a list are kept as they came if it asks for no more: as the lists that people usually have.
const MOST_KEPT: usize = 10_240;

/// Outcomes by the places of their numbers.
pub(super) struct LearnedOutcomes<O> {
    marks: Vec<u16>,
    kept: HashMap<usize, O>,
    keeps_answers: bool,
    keeps_failures: bool,
    /// Each of the failures once: most of a long list's are one and the same.
    failures: Vec<O>,
    places: HashMap<String, u16>,
    count: usize,
    hits: usize,
}

/// What is marked of a number: nothing came of it; its outcome is kept; it was answered or refused, and
/// memory has that, since now or from before; above these, the place of its failure.
const OPEN: u16 = 0;
const KEPT: u16 = 1;
const ANSWERED: u16 = 2;
const REFUSED: u16 = 3;
const ANSWERED_BEFORE: u16 = 4;
const REFUSED_BEFORE: u16 = 5;
const FAILED: u16 = 6;

impl<O: ListOutcome> LearnedOutcomes<O> {
    /// Of so many numbers. With `all`, every outcome is kept: memory alone does not have it again.
    pub(super) fn of(count: usize, all: bool) -> LearnedOutcomes<O> {
        LearnedOutcomes {
            marks: vec![OPEN; count],
            kept: HashMap::new(),
            keeps_answers: all || count <= MOST_KEPT,
            keeps_failures: all,
            failures: Vec::new(),
            places: HashMap::new(),
            count: 0,
            hits: 0,
        }
    }

    /// Notes what came of a number of which nothing had come yet.
    pub(super) fn insert(&mut self, at: usize, outcome: O) {
        self.count += 1;
        let before = outcome.is_from_memory();
        self.hits += usize::from(before);
        let light = !self.keeps_answers;
        self.marks[at] = match (outcome.state(), before) {
            (ItemState::Answered, false) if light => ANSWERED,
            (ItemState::Answered, true) if light => ANSWERED_BEFORE,
            (ItemState::Refused, false) if light => REFUSED,
            (ItemState::Refused, true) if light => REFUSED_BEFORE,
            _ if outcome.error().is_some() && !self.keeps_failures => self.failure(outcome),
            _ => {
                self.kept.insert(at, outcome);
                KEPT
            }
        };
    }

    /// The mark of a failure: those that say the same are one.
    fn failure(&mut self, outcome: O) -> u16 {
        let said = outcome.error().map(|error| {
            let words = error.hinted(Lang::Es);
            format!("{} {words}", error.code())
        });
        let next = u16::try_from(self.failures.len()).unwrap_or(u16::MAX);
        // Of more kinds than a list can well have, the last one stands for the others.
        let next = next.min(u16::MAX - FAILED);
        let place = *self.places.entry(said.unwrap_or_default()).or_insert(next);
        if usize::from(place) == self.failures.len() {
            self.failures.push(outcome);
        }
        FAILED + place
    }

    /// How many numbers have an outcome.
    pub(super) fn len(&self) -> usize {
        self.count
    }

    /// How many of them memory answered.
    pub(super) fn hits(&self) -> usize {
        self.hits
    }

    /// The places without an outcome.
    pub(super) fn open(&self) -> impl Iterator<Item = u32> {
        let marks = (0..).zip(&self.marks);
        marks.filter(|(_, mark)| **mark == OPEN).map(|(at, _)| at)
    }

    /// Whether something came of a number.
    pub(super) fn has(&self, at: usize) -> bool {
        self.marks[at] != OPEN
    }

    /// What came of a number, where it is kept.
    pub(super) fn kept(&self, at: usize) -> Option<&O> {
        match self.marks[at] {
            KEPT => self.kept.get(&at),
            mark => self.failures.get(usize::from(mark.checked_sub(FAILED)?)),
        }
    }

    /// How a number stands whose outcome only memory has.
    pub(super) fn in_memory(&self, at: usize) -> Option<ItemState> {
        state_in_memory(self.marks[at])
    }

    /// Whether memory has to be asked for any of them.
    pub(super) fn is_partly_in_memory(&self) -> bool {
        self.marks.iter().any(|it| state_in_memory(*it).is_some())
    }

    /// How the number at a place is marked in the store; none where nothing came of it.
    pub(super) fn state(&self, at: usize) -> Option<ItemState> {
        let kept = self.kept(at).map(ListOutcome::state);
        kept.or_else(|| self.in_memory(at))
    }

    /// The same of each as it is now, by its place.
    pub(super) fn states(&self) -> impl Fn(u32) -> Option<ItemState> + use<O> {
        let kept = self.kept.iter().map(|(at, it)| (*at, it.state()));
        let kept: HashMap<usize, ItemState> = kept.collect();
        let failures: Vec<ItemState> = self.failures.iter().map(O::state).collect();
        let marks = self.marks.clone();
        move |at| {
            let at = at as usize;
            match marks[at] {
                KEPT => kept.get(&at).cloned(),
                mark => match mark.checked_sub(FAILED) {
                    Some(failure) => failures.get(usize::from(failure)).cloned(),
                    None => state_in_memory(mark),
                },
            }
        }
    }

    /// Whether memory answered a number.
    pub(super) fn is_from_memory(&self, at: usize) -> bool {
        let kept = self.kept(at).is_some_and(ListOutcome::is_from_memory);
        kept || matches!(self.marks[at], ANSWERED_BEFORE | REFUSED_BEFORE)
    }

    /// Those that failed, with how many numbers each stands for.
    pub(super) fn failures(&self) -> impl Iterator<Item = (&O, usize)> {
        let mut counts = vec![0; self.failures.len()];
        for mark in &self.marks {
            if let Some(at) = mark.checked_sub(FAILED) {
                counts[usize::from(at)] += 1;
            }
        }
        let kept = self.kept.values().filter(|it| it.error().is_some());
        let counted = self.failures.iter().zip(counts);
        let counted = counted.filter(|(_, count)| *count > 0);
        kept.map(|it| (it, 1)).chain(counted)
    }

    /// How many numbers failed, of those whose failure is wanted.
    pub(super) fn failed(&self, wanted: impl Fn(&O) -> bool) -> usize {
        let failures = self.failures().filter(|(it, _)| wanted(it));
        failures.map(|(_, count)| count).sum()
    }

    /// Forgets the failures that are wanted, and says of which numbers they were.
    pub(super) fn forget(&mut self, wanted: impl Fn(&O) -> bool) -> Vec<u32> {
        let places = (0..).zip(0..self.marks.len()).filter(|(_, at)| {
            let kept = self.kept(*at);
            kept.is_some_and(|it| it.error().is_some() && wanted(it))
        });
        let places: Vec<u32> = places.map(|(place, _)| place).collect();
        for at in &places {
            self.marks[*at as usize] = OPEN;
            self.kept.remove(&(*at as usize));
        }
        self.count -= places.len();
        places
    }
}

/// How a number with such a mark stands, where only memory has its outcome.
fn state_in_memory(mark: u16) -> Option<ItemState> {
    match mark {
        ANSWERED | ANSWERED_BEFORE => Some(ItemState::Answered),
        REFUSED | REFUSED_BEFORE => Some(ItemState::Refused),
        _ => None,
    }
}
