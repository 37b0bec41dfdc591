//! What came of a date, and how its item keeps it.

use chaski_client::{Error, Found, Source};
use chaski_core::RateFor;
use compact_str::CompactString;
use jiff::Timestamp;
use jiff::civil::Date;

use crate::app::batches::kind::ListOutcome;
use crate::store::ItemState;

/// What came of one date.
#[derive(Clone)]
pub enum RateOutcome {
    /// The rate that applies.
    Found {
        /// What is told of it.
        rate: AppliedRate,
        /// Who said so.
        source: Source,
        /// When.
        at: Timestamp,
    },
    /// None applies.
    NotFound,
    /// It could not be asked.
    Failed(Error),
    /// The same of an earlier run, of which only the code is on record.
    FailedBefore(CompactString),
    /// It was answered, and the answer is no longer kept.
    Forgotten,
}

/// A rate and its two dates.
#[derive(Clone)]
pub struct AppliedRate {
    pub(super) compra: String,
    pub(super) venta: String,
    pub(super) publicado: Date,
    pub(super) cierre: Date,
    pub(super) arrastrado: bool,
}

impl RateOutcome {
    pub(super) fn of(outcome: Result<Found<RateFor>, Error>) -> RateOutcome {
        match outcome {
            Ok(found) => RateOutcome::Found {
                rate: AppliedRate::of(&found.value),
                source: found.source,
                at: found.stored_at,
            },
            Err(error) if error.is_not_found() => RateOutcome::NotFound,
            Err(error) => RateOutcome::Failed(error),
        }
    }

    pub(super) fn of_item(state: ItemState) -> RateOutcome {
        match state {
            ItemState::Failed { code } => RateOutcome::FailedBefore(code),
            ItemState::Refused => RateOutcome::NotFound,
            ItemState::Said { what } => {
                RateOutcome::of_text(&what).unwrap_or(RateOutcome::Forgotten)
            }
            ItemState::Answered => RateOutcome::Forgotten,
        }
    }

    fn of_text(what: &str) -> Option<RateOutcome> {
        let parts: Vec<&str> = what.split('|').collect();
        let [at, by, compra, venta, publicado, cierre, arrastrado] = parts[..] else {
            return None;
        };
        Some(RateOutcome::Found {
            rate: AppliedRate {
                compra: compra.to_owned(),
                venta: venta.to_owned(),
                publicado: publicado.parse().ok()?,
                cierre: cierre.parse().ok()?,
                arrastrado: arrastrado == "1",
            },
            source: if by == "p" {
                Source::Upstream
            } else {
                Source::Memory
            },
            at: Timestamp::from_second(at.parse().ok()?).ok()?,
        })
    }
}

impl ListOutcome for RateOutcome {
    fn state(&self) -> ItemState {
        match self {
            RateOutcome::Found { rate, source, at } => {
                let by = if *source == Source::Upstream {
                    'p'
                } else {
                    'm'
                };
                let AppliedRate {
                    compra,
                    venta,
                    publicado,
                    cierre,
                    arrastrado,
                } = rate;
                let (at, carried) = (at.as_second(), u8::from(*arrastrado));
                let what = format!("{at}|{by}|{compra}|{venta}|{publicado}|{cierre}|{carried}");
                ItemState::Said { what: what.into() }
            }
            RateOutcome::NotFound => ItemState::Refused,
            RateOutcome::Failed(error) => ItemState::Failed {
                code: error.code().into(),
            },
            RateOutcome::FailedBefore(code) => ItemState::Failed { code: code.clone() },
            RateOutcome::Forgotten => ItemState::Answered,
        }
    }

    fn is_from_memory(&self) -> bool {
        matches!(self, RateOutcome::Found { source, .. } if *source != Source::Upstream)
    }

    fn error(&self) -> Option<&Error> {
        match self {
            RateOutcome::Failed(error) => Some(error),
            _ => None,
        }
    }
}

impl AppliedRate {
    pub(super) fn of(found: &RateFor) -> AppliedRate {
        AppliedRate {
            compra: found.rate.compra.to_string(),
            venta: found.rate.venta.to_string(),
            publicado: found.rate.fecha_publicacion,
            cierre: found.rate.fecha_cierre_sbs(),
            arrastrado: found.arrastrado,
        }
    }
}
