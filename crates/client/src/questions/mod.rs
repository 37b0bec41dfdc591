//! What can be asked: one file per question, with its answer and how long that is kept.

mod account;
mod activity;
mod cpe;
mod dni;
mod exchange_rate;
mod lists;
mod representatives;
mod ruc;

pub use account::{Account, AccountQuery};
pub use activity::{Activity, ActivityQuery};
pub use cpe::{CpeQuery, CpeState};
pub use dni::{DniQuery, Person};
pub use exchange_rate::{LatestRateQuery, RateQuery, RatesQuery};
pub use lists::{List, ListQuery, Membership};
pub use representatives::{Representative, RepresentativesQuery};
pub use ruc::{RucQuery, taxpayer_fields, taxpayer_from_fields};

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use std::time::Duration;

use crate::Key;

/// Long enough to be for ever, short enough to add to any date.
const FOR_EVER: Duration = Duration::from_hours(20 * 365 * 24);

/// What a question is known by; `personal` where question or answer tell of a person.
fn key(operation: &'static str, subject: &str, personal: bool) -> Key {
    let subject = subject.into();
    Key {
        operation,
        subject,
        personal,
    }
}

/// The part of a [`Lookup`](crate::Lookup) whose answer is kept as JSON of its own fields.
macro_rules! kept_as_json {
    () => {
        fn pack(answer: &Self::Answer) -> bytes::Bytes {
            super::to_json(answer)
        }

        fn unpack(&self, body: &[u8]) -> Option<Self::Answer> {
            super::from_json(body)
        }
    };
}
use kept_as_json;

fn to_json<T: Serialize>(value: &T) -> Bytes {
    let text = serde_json::to_vec(value).expect("plain structs always serialize");
    Bytes::from(text)
}

fn from_json<T: DeserializeOwned>(body: &[u8]) -> Option<T> {
    serde_json::from_slice(body).ok()
}
