//! No failure becomes a verdict.
