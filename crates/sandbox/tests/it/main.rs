//! Integration tests: the sandbox as a caller sees it.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests are not tests to the lint, and should fail as loudly"
)]

mod exchange;
mod faults;
mod kit;
mod latency;
mod ledger;
mod nubefact_answers;
mod nubefact_cases;
mod nubefact_faults;
mod nubefact_folder;
mod nubefact_generated;
mod nubefact_kit;
mod nubefact_rules;
mod nubefact_surface;
mod nubefact_wire;
mod quota;
mod registry;
mod service;
mod surface;
mod wire;
