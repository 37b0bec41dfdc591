//! Ctrl-C, which ends a wait for a server; what it works on goes on.

use std::future::Future;
use std::pin::Pin;

use crate::app::AppError;

/// Ctrl-C, once it comes.
pub(in crate::cli) struct Interrupt(Pin<Box<dyn Future<Output = std::io::Result<()>>>>);

impl Interrupt {
    /// Listens from now on.
    pub(in crate::cli) fn listen() -> Interrupt {
        Interrupt(Box::pin(tokio::signal::ctrl_c()))
    }

    /// What comes of a deed, unless the person interrupts it.
    pub(in crate::cli) async fn or<T, E: Into<AppError>>(
        &mut self,
        deed: impl Future<Output = Result<T, E>>,
    ) -> Result<T, AppError> {
        tokio::select! {
            done = deed => done.map_err(Into::into),
            _ = &mut self.0 => Err(AppError::Interrupted),
        }
    }
}
