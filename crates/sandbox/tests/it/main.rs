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
mod quota;
mod registry;
mod service;
mod surface;
mod wire;
