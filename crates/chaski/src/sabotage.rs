//! Protections that can be taken away one at a time, to see that the proofs miss them. Only a build with the
//! feature `sabotage` looks whether one is: everywhere else none ever is, and the switch is not in the program.

/// What a test build can go without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protection {
    /// Whoever was replaced as the issuer changes nothing more.
    Fence,
    /// A commit is on the disk before it counts.
    FullSync,
    /// One process issues with a folder.
    Seat,
    /// A file is on the disk before the row that names it.
    FileSync,
    /// Values of persons do not rest in clear.
    Seal,
    /// Documents of another company do not exist for a caller.
    Tenant,
    /// A key issues only in its series.
    KeyScope,
    /// What was on its way when the process before ended is asked about.
    Recovery,
    /// A copy that was put in place issues nothing before its series were walked (rule R6).
    Review,
    /// A disk that did not take what was issued ends the process (rule R11).
    LostSync,
}

/// Whether a protection was taken away.
#[cfg(feature = "sabotage")]
#[expect(
    clippy::disallowed_methods,
    reason = "a switch of a test build, read where it counts"
)]
pub(crate) fn is_without(protection: Protection) -> bool {
    std::env::var("SABOTAGE_WITHOUT").is_ok_and(|it| it == format!("{protection:?}"))
}

/// Whether a protection was taken away: never.
#[cfg(not(feature = "sabotage"))]
pub(crate) const fn is_without(_: Protection) -> bool {
    false
}
