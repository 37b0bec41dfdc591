//! Integration tests: the client against the sandbox, in process and with a paused clock.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests are not tests to the lint, and should fail as loudly"
)]

mod answers;
mod batch;
mod batch_together;
mod blocking;
mod coalescing;
mod defects;
mod doubt;
mod exit;
mod faults;
mod freshness;
mod hits;
mod kit;
mod lists_end;
mod nubefact_answers;
mod nubefact_classes;
mod nubefact_crashes;
mod nubefact_files;
mod nubefact_journal;
mod nubefact_kit;
mod nubefact_privacy;
mod nubefact_sequences;
mod nubefact_stories;
mod nubefact_stress;
mod nubefact_wire;
mod pace;
mod privacy;
mod promises;
mod promises_spending;
mod rates;
mod requests;
mod retries;
mod routes;
mod samples;
mod sequences;

mod treatment;
mod verdicts;
mod window;
