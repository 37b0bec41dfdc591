//! Others' shapes: the system that Chaski replaces, and APIMIGO itself.

pub(in crate::http) mod migo;
pub(in crate::http) mod original;
