//! Fast, careful client for Peru's tax look-up services.
mod ledger;
mod reason;
pub use ledger::{
    Bodies, CacheDecision, Call, Key, Ledger, LedgerError, Memory, MemoryLedger, Remembered,
};
pub use reason::Reason;
