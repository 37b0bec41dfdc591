//! What is done in a group's transaction for somebody who waits for it.

use futures_util::future::BoxFuture;
use tokio::sync::oneshot;

use crate::store::error::StoreError;
use crate::store::sql::{Conn, Writing};

/// Something done in the group's transaction that somebody waits for. A trait only to forget the
/// type of the result; [`Waiting`] is its one implementation.
pub(super) trait Deed: Send {
    fn run<'a>(&'a mut self, connection: &'a mut Conn) -> BoxFuture<'a, Result<(), StoreError>>;

    fn answer(self: Box<Self>, committed: Result<(), StoreError>);
}

struct Waiting<T, F> {
    work: Option<F>,
    result: Option<T>,
    waiter: oneshot::Sender<Result<T, StoreError>>,
}

impl<T: Send, F: Writing<T>> Deed for Waiting<T, F> {
    fn run<'a>(&'a mut self, connection: &'a mut Conn) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let work = self.work.take().expect("a deed is run once");
            self.result = Some(work(connection).await?);
            Ok(())
        })
    }

    fn answer(self: Box<Self>, committed: Result<(), StoreError>) {
        let Waiting { result, waiter, .. } = *self;
        let answer = committed.and_then(|()| result.ok_or(StoreError::Closed));
        // A caller that has left does not want it.
        let _ = waiter.send(answer);
    }
}

pub(in crate::store) type Answered<T> = oneshot::Receiver<Result<T, StoreError>>;

pub(super) fn waiting<T: Send + 'static>(work: impl Writing<T>) -> (Box<dyn Deed>, Answered<T>) {
    let (waiter, done) = oneshot::channel();
    let deed = Waiting {
        work: Some(work),
        result: None,
        waiter,
    };
    (Box::new(deed), done)
}
