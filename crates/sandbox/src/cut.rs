//! A connection that breaks.

use std::fmt;

/// What an in-process caller sees instead of a broken connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// The port is closed: the request did not arrive.
    Refused,
    /// Reset before the request was looked at.
    Reset,
    /// Processed and charged; the answer is lost.
    ClosedBeforeAnswer,
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Cut::Refused => "connection refused",
            Cut::Reset => "connection reset by peer",
            Cut::ClosedBeforeAnswer => "connection closed before message completed",
        })
    }
}

impl std::error::Error for Cut {}
