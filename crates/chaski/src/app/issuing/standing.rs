//! How issuing stands, for whoever watches: metrics, health, the doctor.

use std::time::Duration;

use chaski_client::{DocumentState, JournalDeed};
use chaski_core::{Ruc, lima_date};
use jiff::Timestamp;

use super::queue::is_near_deadline;
use crate::app::{App, AppError};

/// How issuing stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IssuingStanding {
    /// Documents in each state from which something follows, voids among them.
    pub waiting: Vec<(DocumentState, u64)>,
    /// When the oldest document was taken on that waits for anything.
    pub oldest_pending: Option<Timestamp>,
    /// Documents whose deadline is a day away or past, and that SUNAT has not spoken about.
    pub near_deadline: u64,
    /// Issuers that nothing is sent for.
    pub held: Vec<HeldIssuer>,
    /// Series that are walked before a number of theirs is taken.
    pub in_review: u64,
}

/// An issuer that nothing is sent for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldIssuer {
    /// Who it is; none where that is not known here.
    pub ruc: Option<Ruc>,
    /// Nubefact's code, or what was seen.
    pub code: String,
    /// Since when.
    pub since: Timestamp,
    /// When one document is sent to find out whether it is over.
    pub until: Timestamp,
}

impl IssuingStanding {
    /// Documents in a state.
    pub fn count(&self, state: DocumentState) -> u64 {
        let found = self.waiting.iter().find(|(it, _)| *it == state);
        found.map_or(0, |(_, count)| *count)
    }

    /// Whether nothing waits for anything.
    pub fn is_idle(&self) -> bool {
        *self == IssuingStanding::default()
    }

    /// How long the oldest document has waited that waits for anything.
    pub fn oldest_pending_age(&self, now: Timestamp) -> Duration {
        let age = self.oldest_pending.map(|at| now.duration_since(at));
        age.and_then(|it| it.try_into().ok()).unwrap_or_default()
    }
}

impl App {
    /// How issuing stands at this moment.
    pub async fn issuing_standing(&self) -> Result<IssuingStanding, AppError> {
        let mut standing = IssuingStanding::default();
        // 1. What waits.
        let today = lima_date(self.clock.now());
        for group in self.store.unfinished_documents().await? {
            match standing
                .waiting
                .iter_mut()
                .find(|(it, _)| *it == group.state)
            {
                Some((_, count)) => *count += group.count,
                None => standing.waiting.push((group.state, group.count)),
            }
            // One whose void is on the way waits for nothing itself.
            if group.state == DocumentState::VoidPending && group.deed == JournalDeed::Issue {
                continue;
            }
            let oldest = standing.oldest_pending.unwrap_or(group.oldest);
            standing.oldest_pending = Some(oldest.min(group.oldest));
            let (deed, kind, day) = (group.deed, group.kind, group.issued_on);
            if is_near_deadline(deed, kind, &group.serie, day, today) {
                standing.near_deadline += group.count;
            }
        }
        // 2. What it waits for.
        let holds = self.store.issuer_holds().await?;
        let issuers = if holds.is_empty() {
            Vec::new()
        } else {
            self.issuers().await?
        };
        standing.held = holds
            .into_iter()
            .map(|hold| {
                let is_it = |ruc: &&Ruc| self.store.issuer_mark(ruc.as_str()) == hold.company;
                HeldIssuer {
                    ruc: issuers.iter().map(|it| &it.ruc).find(is_it).copied(),
                    code: hold.code,
                    since: hold.since,
                    until: hold.until,
                }
            })
            .collect();
        let series = self.store.document_series().await?;
        let in_review = series.iter().filter(|it| it.review_since.is_some()).count();
        standing.in_review = in_review as u64;
        Ok(standing)
    }
}
