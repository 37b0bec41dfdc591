//! The gateway: rooms, doors and cellar behind the `chaski` binary.

pub mod sheets;
