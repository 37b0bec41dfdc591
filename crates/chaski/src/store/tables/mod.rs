//! The tables: each file holds all of the SQL of what it is named after.

pub(super) mod answers;
pub(super) mod api_keys;
pub(super) mod asking;
pub(super) mod audit;
pub(super) mod batch_inputs;
pub(super) mod batch_rows;
pub(super) mod batches;
pub(super) mod calls;
pub(super) mod claims;
pub(super) mod companies;
pub(super) mod consumption;
pub(super) mod counters;
pub(super) mod issuers;
pub(super) mod items;
pub(super) mod jobs;
pub(super) mod meta;
pub(super) mod once;
pub(super) mod partner_changes;
pub(super) mod partner_checks;
pub(super) mod partner_rows;
pub(super) mod partners;
pub(super) mod quota;
pub(super) mod refusals;
pub(super) mod retention;
mod schedule;
pub(super) mod subjects;
