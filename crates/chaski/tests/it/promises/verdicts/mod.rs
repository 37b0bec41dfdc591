//! No failure becomes a verdict.

mod failures;
mod others;
mod upstream;
