//! The shapes of the API, each once: what a request may say and what is answered. `http/` writes
//! them, `remote/` reads them back.
//!
//! In reading order: `reply` (what all answers have in common), `problem` (an error), then a file
//! for each noun. A shape is made of the values of the rooms by `of`; where a server's answer becomes
//! such a value again, that stands beside it. What is not as promised is no answer: nothing is guessed.

pub(crate) mod batches;
pub(crate) mod calls;
pub(crate) mod checked;
pub(crate) mod checked_list;
pub(crate) mod consumption;
pub(crate) mod cpe;
pub(crate) mod health;
pub(crate) mod issued;
pub(crate) mod jobs;
pub(crate) mod keys;
mod meaning;
mod partner_fields;
pub(crate) mod partner_lists;
pub(crate) mod partners;
pub(crate) mod persons;
pub(crate) mod problem;
pub(crate) mod providers;
pub(crate) mod rates;
pub(crate) mod refusals;
pub(crate) mod reply;
pub(crate) mod rucs;
pub(crate) mod series;
pub(crate) mod several;
pub(crate) mod told;
