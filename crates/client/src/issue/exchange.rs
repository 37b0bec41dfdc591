//! One request to Nubefact and its answer, for a [`Line`](crate::Line): what the gate and the record hear
//! of it, and the whole answer for whoever classifies it.

use std::sync::OnceLock;

use bytes::Bytes;
use http::Request;

use crate::Failure;
use crate::RawAnswer;
use crate::dialects::nubefact::NubefactDialect;
use crate::dialects::nubefact::read::{Heard, Said};
use crate::dialects::nubefact::words::{Meaning, meaning_of};
use crate::ledger::{NOT_FOUND, SUCCESS};
use crate::line::Exchange;

/// Outcome on record of a request that was looked at and not taken.
const REFUSED: &str = "REFUSED";
/// Outcome on record of a document that was there before.
const EXISTS: &str = "EXISTS";

pub(crate) struct NubefactExchange<'a> {
    dialect: &'a NubefactDialect,
    body: Bytes,
    heard: OnceLock<Heard>,
}

impl<'a> NubefactExchange<'a> {
    pub(crate) fn new(dialect: &'a NubefactDialect, body: Bytes) -> NubefactExchange<'a> {
        NubefactExchange {
            dialect,
            body,
            heard: OnceLock::new(),
        }
    }

    /// The whole answer, where one came.
    pub(crate) fn heard(&self) -> Option<&Heard> {
        self.heard.get()
    }
}

impl Exchange<()> for NubefactExchange<'_> {
    fn encode(&self) -> Request<Bytes> {
        self.dialect.encode(self.body.clone())
    }

    /// A "no" about one document says that Nubefact is well.
    fn decode(&self, answer: &RawAnswer) -> Result<(), Failure> {
        let heard = self.heard.get_or_init(|| Heard::of(answer));
        match (heard.status, &heard.said) {
            (200..=299, Said::Reply(_)) => Ok(()),
            (200..=299, Said::Garbage) => Err(Failure::Garbled),
            (200..=299 | 400..=428 | 430..=499, Said::Refusal(refusal)) => {
                match meaning_of(refusal) {
                    Meaning::Barred => Err(Failure::Unauthorized),
                    _ if heard.status == 401 => Err(Failure::Unauthorized),
                    Meaning::Unclear => Err(Failure::Unexpected {
                        status: heard.status,
                    }),
                    _ => Ok(()),
                }
            }
            (status, _) => Err(match Failure::of_status(status, heard.retry_after) {
                // No plan of calls is known of Nubefact.
                Failure::QuotaSpent => Failure::Unexpected { status },
                failure => failure,
            }),
        }
    }

    fn outcome(&self, (): &()) -> &'static str {
        match self.heard().and_then(Heard::refusal).map(meaning_of) {
            None => SUCCESS,
            Some(Meaning::Absent) => NOT_FOUND,
            Some(Meaning::Exists) => EXISTS,
            Some(_) => REFUSED,
        }
    }
}
