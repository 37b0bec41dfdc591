//! A connection that breaks.

/// What an in-process caller sees instead of a broken connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Cut {
    /// The port is closed: the request did not arrive.
    #[error("connection refused")]
    Refused,
    /// Reset before the request was looked at.
    #[error("connection reset by peer")]
    Reset,
    /// Processed and charged; the answer is lost.
    #[error("connection closed before message completed")]
    ClosedBeforeAnswer,
}
