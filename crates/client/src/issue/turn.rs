//! Documents that go out one after the other: each waits for the one before it, and lets the next one go as
//! soon as it is known to exist.

use tokio::sync::oneshot;

/// The place of one document in such a row. By default it waits for nobody, and nobody for it.
#[derive(Debug, Default)]
pub struct IssueTurn {
    before: Option<AfterTurn>,
    next: Option<oneshot::Sender<()>>,
}

/// What the next one waits for.
#[derive(Debug)]
pub struct AfterTurn(oneshot::Receiver<()>);

impl IssueTurn {
    /// Behind another, or behind nobody; and what the next one is to wait for.
    pub fn behind(before: Option<AfterTurn>) -> (IssueTurn, AfterTurn) {
        let (next, after) = oneshot::channel();
        let turn = IssueTurn {
            before,
            next: Some(next),
        };
        (turn, AfterTurn(after))
    }

    /// Waits until the one before is accepted; false if it came to anything else.
    pub(super) async fn come(&mut self) -> bool {
        match self.before.take() {
            Some(AfterTurn(before)) => before.await.is_ok(),
            None => true,
        }
    }

    /// This one is accepted. What it came to is on its way to the journal, and what the next one intends goes
    /// the same way behind it: at best both are durable together.
    pub(super) fn pass(&mut self) {
        if let Some(next) = self.next.take() {
            let _ = next.send(());
        }
    }
}
