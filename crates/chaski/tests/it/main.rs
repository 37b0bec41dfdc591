//! Integration tests.

mod sheets;
