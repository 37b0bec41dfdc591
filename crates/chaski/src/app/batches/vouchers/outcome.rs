//! What came of a voucher, and how its item keeps it.

use chaski_client::{CpeState, Error, Found, Source};
use compact_str::CompactString;
use jiff::Timestamp;

use crate::app::batches::kind::ListOutcome;
use crate::app::verdicts::RucOutcome;
use crate::store::ItemState;

/// What came of one voucher.
#[derive(Clone)]
pub struct VoucherOutcome {
    pub(super) answer: VoucherAnswer,
    /// What came of its issuer; none where that is no longer kept.
    pub(super) issuer: Option<RucOutcome>,
}

/// What SUNAT says of it.
#[derive(Clone)]
pub(super) enum VoucherAnswer {
    Said {
        state: CpeState,
        source: Source,
        at: Timestamp,
    },
    Failed(Error),
    FailedBefore(CompactString),
    Forgotten,
}

impl VoucherOutcome {
    pub(super) fn of(
        outcome: Result<Found<CpeState>, Error>,
        issuer: Option<RucOutcome>,
    ) -> VoucherOutcome {
        let answer = match outcome {
            Ok(found) => VoucherAnswer::Said {
                state: found.value.as_ref().clone(),
                source: found.source,
                at: found.stored_at,
            },
            Err(error) => VoucherAnswer::Failed(error),
        };
        VoucherOutcome { answer, issuer }
    }
}

impl ListOutcome for VoucherOutcome {
    fn state(&self) -> ItemState {
        if let Some(error) = self.error() {
            let code = error.code().into();
            return ItemState::Failed { code };
        }
        match &self.answer {
            VoucherAnswer::Said { state, source, at } => {
                let by = if *source == Source::Upstream {
                    'p'
                } else {
                    'm'
                };
                let what = format!("{}|{by}|{}", at.as_second(), raw(state));
                ItemState::Said { what: what.into() }
            }
            VoucherAnswer::FailedBefore(code) => ItemState::Failed { code: code.clone() },
            VoucherAnswer::Failed(_) | VoucherAnswer::Forgotten => ItemState::Answered,
        }
    }

    fn is_from_memory(&self) -> bool {
        let VoucherAnswer::Said { source, .. } = self.answer else {
            return false;
        };
        source != Source::Upstream && self.error().is_none()
    }

    /// One that was accepted is not known without its issuer; it is remembered, so asking again costs
    /// the issuer alone.
    fn error(&self) -> Option<&Error> {
        match (&self.answer, &self.issuer) {
            (VoucherAnswer::Failed(error), _)
            | (
                VoucherAnswer::Said {
                    state: CpeState::Accepted,
                    ..
                },
                Some(RucOutcome::Failed(error)),
            ) => Some(error),
            _ => None,
        }
    }
}

impl VoucherAnswer {
    pub(super) fn of_item(state: ItemState) -> VoucherAnswer {
        match state {
            ItemState::Failed { code } => VoucherAnswer::FailedBefore(code),
            ItemState::Said { what } => VoucherAnswer::of_text(&what),
            ItemState::Answered | ItemState::Refused => VoucherAnswer::Forgotten,
        }
    }

    fn of_text(what: &str) -> VoucherAnswer {
        let mut parts = what.splitn(3, '|');
        let mut read = || {
            let at = parts.next()?.parse().ok()?;
            let at = Timestamp::from_second(at).ok()?;
            let source = match parts.next()? {
                "p" => Source::Upstream,
                _ => Source::Memory,
            };
            let state = match parts.next()? {
                "0" => CpeState::NotFound,
                "1" => CpeState::Accepted,
                "2" => CpeState::Cancelled,
                other => CpeState::Unknown(other.to_owned()),
            };
            Some(VoucherAnswer::Said { state, source, at })
        };
        read().unwrap_or(VoucherAnswer::Forgotten)
    }
}

/// The upstream's own value of a state.
fn raw(state: &CpeState) -> &str {
    match state {
        CpeState::NotFound => "0",
        CpeState::Accepted => "1",
        CpeState::Cancelled => "2",
        CpeState::Unknown(raw) => raw,
    }
}
