//! Where a question may be asked, and in which order.

use std::sync::Arc;

use crate::{Line, Lookup, Upstream};

/// One way to an answer: the line to an upstream and the dialect that is spoken there.
pub struct Route<'a, L: Lookup> {
    /// How calls get there.
    pub line: &'a Line,
    /// How they are said.
    pub dialect: &'a dyn Upstream<L>,
}

/// The upstreams that can answer a kind of question, in the order in which they are asked: the next
/// one where the one before failed in a way that says nothing of the others (see
/// [`Treatment::next_upstream`](crate::Treatment::next_upstream)).
///
/// [`Only`] is a single one; a pair asks those of its second part after those of its first.
pub trait Routes<L: Lookup>: Send + Sync + 'static {
    /// The way at a place of the order, from 0; none past the last.
    fn route(&self, place: usize) -> Option<Route<'_, L>>;
}

/// A single upstream.
///
/// ```
/// use std::sync::Arc;
/// use chaski_client::dialects::migo::{BASE_URL, MigoDialect};
/// use chaski_client::{Clock, Http, Line, MemoryLedger, Only, Routes, RucQuery, Settings, Version};
/// let ledger = Arc::new(MemoryLedger::new());
/// let line = |name| {
///     let http = Arc::new(Http::new());
///     Line::new(name, &Settings::default(), Clock::system(), http, ledger.clone())
/// };
/// let dialect = || MigoDialect::new(BASE_URL, &"SU_TOKEN".to_owned().into(), Version::Auto);
/// let first = Only::new(line("migo"), Arc::new(dialect()?));
/// let both = (first, Only::new(line("otro"), Arc::new(dialect()?)));
/// let names: Vec<_> = (0..3)
///     .map_while(|place| Routes::<RucQuery>::route(&both, place))
///     .map(|route| route.line.provider())
///     .collect();
/// assert_eq!(names, ["migo", "otro"]);
/// # Ok::<(), chaski_client::Error>(())
/// ```
pub struct Only<U> {
    line: Line,
    dialect: Arc<U>,
}

impl<U> Only<U> {
    /// The one that is reached by a line and speaks a dialect.
    pub fn new(line: Line, dialect: Arc<U>) -> Only<U> {
        Only { line, dialect }
    }

    /// How calls get there.
    pub fn line(&self) -> &Line {
        &self.line
    }

    /// How they are said.
    pub fn dialect(&self) -> &Arc<U> {
        &self.dialect
    }
}

impl<L: Lookup, U: Upstream<L>> Routes<L> for Only<U> {
    fn route(&self, place: usize) -> Option<Route<'_, L>> {
        (place == 0).then_some(Route {
            line: &self.line,
            dialect: &*self.dialect,
        })
    }
}

impl<L: Lookup, A: Routes<L>, B: Routes<L>> Routes<L> for (A, B) {
    fn route(&self, place: usize) -> Option<Route<'_, L>> {
        self.0.route(place).or_else(|| {
            let before = all(&self.0).count();
            self.1.route(place.checked_sub(before)?)
        })
    }
}

/// All of them, in their order.
pub(crate) fn all<L: Lookup>(
    routes: &(impl Routes<L> + ?Sized),
) -> impl Iterator<Item = Route<'_, L>> {
    (0..).map_while(|place| routes.route(place))
}

/// The first of them, by its name on record; empty where there is none.
pub(crate) fn first_provider<L: Lookup>(routes: &impl Routes<L>) -> &'static str {
    routes.route(0).map_or("", |route| route.line.provider())
}
