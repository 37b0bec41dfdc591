//! Integration tests.
#![expect(
    clippy::unwrap_used,
    reason = "the setting that allows it in tests does not reach their helper functions"
)]

mod sheets;
mod store;
mod store_conformance;
mod store_crash;
mod store_privacy;
mod tidy;
