//! A warning that comes fifty times a second is written once, and then how often it came: a log that
//! is flooded hides the line that matters and fills the disk.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt::{self, Write as _};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

/// For so long the same warning is only counted.
pub const WINDOW: Duration = Duration::from_mins(1);

/// Different texts of one warning that are told apart in a window. An error that names a different
/// thing each time is a flood too.
pub const MOST_KINDS: usize = 8;

/// Lets the first of equal warnings pass and counts the others. Clones share the count.
#[derive(Clone, Default)]
pub struct Flood(Arc<Shared>);

#[derive(Default)]
struct Shared {
    hasher: RandomState,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    kinds: HashMap<u64, Kind>,
    /// Kinds by the place in the code that warns.
    by_place: HashMap<u64, usize>,
}

struct Kind {
    place: u64,
    since: Instant,
    repeated: u64,
    level: Level,
    text: String,
}

/// How often a warning came that was not written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepeatSummary {
    /// Its level.
    pub level: Level,
    /// Its words.
    pub text: String,
    /// How often.
    pub repeated: u64,
    /// Within which time.
    pub within: Duration,
}

impl Flood {
    /// What has to be said by now.
    pub fn due(&self) -> Vec<RepeatSummary> {
        let now = Instant::now();
        let mut state = self.lock();
        let mut summaries = Vec::new();
        let State { kinds, by_place } = &mut *state;
        kinds.retain(|_, kind| {
            let within = now.saturating_duration_since(kind.since);
            if within < WINDOW {
                return true;
            }
            let goes_on = kind.repeated > 0;
            if goes_on {
                summaries.push(kind.summary(within));
                kind.since = now;
                kind.repeated = 0;
            } else if let Some(count) = by_place.get_mut(&kind.place) {
                *count -= 1;
            }
            goes_on
        });
        by_place.retain(|_, count| *count > 0);
        summaries
    }

    /// What is left to say when nothing more will come.
    pub fn rest(&self) -> Vec<RepeatSummary> {
        let now = Instant::now();
        let mut state = self.lock();
        state.by_place.clear();
        let kinds = std::mem::take(&mut state.kinds);
        let repeated = kinds.into_values().filter(|kind| kind.repeated > 0);
        repeated
            .map(|kind| kind.summary(now.saturating_duration_since(kind.since)))
            .collect()
    }

    /// Whether it is the first of its kind.
    fn passes(&self, metadata: &Metadata<'static>, words: Words) -> bool {
        let place = self.0.hasher.hash_one(metadata.callsite());
        let kind = self.0.hasher.hash_one((place, &words.told_apart_by));
        let mut state = self.lock();
        let State { kinds, by_place } = &mut *state;
        let count = by_place.entry(place).or_default();
        let key = if kinds.contains_key(&kind) || *count < MOST_KINDS {
            kind
        } else {
            // All others of this place are one kind.
            place
        };
        match kinds.entry(key) {
            Entry::Occupied(mut known) => {
                known.get_mut().repeated += 1;
                false
            }
            Entry::Vacant(new) => {
                *count += 1;
                new.insert(Kind {
                    place,
                    since: Instant::now(),
                    repeated: 0,
                    level: *metadata.level(),
                    text: words.text,
                });
                true
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kind {
    fn summary(&self, within: Duration) -> RepeatSummary {
        RepeatSummary {
            level: self.level,
            text: self.text.clone(),
            repeated: self.repeated,
            within,
        }
    }
}

impl<S: Subscriber> Layer<S> for Flood {
    /// Asked only for what will be written otherwise, so what is below the level costs nothing.
    fn event_enabled(&self, event: &Event<'_>, _: Context<'_, S>) -> bool {
        let metadata = event.metadata();
        if *metadata.level() > Level::WARN {
            return true;
        }
        let mut words = Words::default();
        event.record(&mut words);
        self.passes(metadata, words)
    }
}

/// What a warning says, and what of it makes it another one: not its numbers, which are counts.
#[derive(Default)]
struct Words {
    text: String,
    told_apart_by: String,
}

impl Words {
    fn add(&mut self, name: &str, value: &dyn fmt::Debug) {
        let separator = if self.text.is_empty() { "" } else { " " };
        // Writing into a text cannot fail.
        let _ = match name {
            "message" => write!(self.text, "{separator}{value:?}"),
            _ => write!(self.text, "{separator}{name}={value:?}"),
        };
    }
}

impl Visit for Words {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field.name(), value);
        let _ = write!(self.told_apart_by, "{}={value:?}\0", field.name());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field.name(), &value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field.name(), &value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field.name(), &value);
    }
}
