//! All that is special to an operating system: who may read a file, folders that are synced, free space,
//! signals, limits, and where people's data are. Nothing else asks which system it is.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub(crate) use unix::*;
#[cfg(windows)]
pub(crate) use windows::*;

/// What a service manager is told of this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ServiceState {
    /// It serves.
    Ready,
    /// It is ending.
    Stopping,
}
