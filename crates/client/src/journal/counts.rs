//! How far a series has come, and what is known of its numbers, as far as a deed needs to know.

/// How far a series has come, as far as a deed needs to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PartCount {
    /// The highest number ever taken from it, or used before it was opened.
    pub last: u32,
    /// Numbers up to this one were used before the series was opened here.
    pub before: u32,
}

/// A number of a series, as far as a deed needs to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PartNumber {
    /// The number.
    pub numero: u32,
    /// Whether it may be taken again.
    pub free: bool,
    /// Whether a stranger has it.
    pub theirs: bool,
}
