//! One folder per upstream: how its questions are written and its answers read.

pub mod migo;
pub mod nubefact;
