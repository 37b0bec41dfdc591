//! Decisions of memory on record, where the owner wants them there. Calls are put on record by the
//! [`Line`](crate::Line) that sends them.

use super::Engine;
use crate::ledger::{NOT_FOUND, SUCCESS, new_id, warn_once};
use crate::{Ask, CacheDecision, Call, Error, Failure, Found, Key};

impl Engine {
    /// Puts on record that memory answered.
    pub(crate) async fn record_hit<A>(
        &self,
        key: &Key,
        outcome: &Result<Found<A>, Error>,
        ask: &Ask,
    ) {
        if !self.shared.settings.record_hits {
            return;
        }
        let (cache, word) = match outcome {
            Ok(_) => (CacheDecision::Hit, SUCCESS),
            Err(_) => (CacheDecision::Refused, NOT_FOUND),
        };
        let provider = provider_of(outcome).unwrap_or_default();
        self.record_decision(key, provider, cache, word, ask).await;
    }

    /// Puts on record that another caller's call answered, or failed at the `first` of the upstreams.
    pub(super) async fn record_shared<A>(
        &self,
        key: &Key,
        first: &'static str,
        outcome: &Result<Found<A>, Error>,
        ask: &Ask,
    ) {
        // A batch keeps its own results.
        if !self.shared.settings.record_hits || ask.batch.is_some() {
            return;
        }
        let word = match outcome {
            Ok(_) => SUCCESS,
            Err(error) => error.failure().map_or(NOT_FOUND, Failure::code),
        };
        let provider = provider_of(outcome).unwrap_or(first);
        self.record_decision(key, provider, CacheDecision::Shared, word, ask)
            .await;
    }

    pub(super) async fn record_decision(
        &self,
        key: &Key,
        provider: &'static str,
        cache: CacheDecision,
        outcome: &'static str,
        ask: &Ask,
    ) {
        let at = self.shared.clock.now();
        let id = new_id(at);
        let call = Call {
            id,
            lookup: id,
            at,
            asked_by: ask.who.clone(),
            owner: ask.owner,
            purpose: ask.purpose.clone(),
            provider,
            key: key.clone(),
            items: 1,
            attempt: 0,
            outcome,
            http_status: None,
            duration_us: 0,
            cache,
            batch: ask.batch,
            bodies: None,
        };
        warn_once(self.shared.ledger.record(call).await);
    }
}

/// Who gave an answer or a refusal.
fn provider_of<A>(outcome: &Result<Found<A>, Error>) -> Option<&'static str> {
    match outcome {
        Ok(found) => Some(found.provider),
        Err(error) => error.provider(),
    }
}
