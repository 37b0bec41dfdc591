//! Ways out that go nowhere: the embedded sandbox, which answers in the process, and a closed one.

use bytes::Bytes;
use chaski_client::{Transport, TransportError};
use chaski_sandbox::{Cut, Sandbox};
use futures_util::future::BoxFuture;
use http::{Request, Response};

/// Sends requests to a sandbox in this process.
pub(crate) struct InProcess(pub(crate) Sandbox);

impl Transport for InProcess {
    fn send(
        &self,
        request: Request<Bytes>,
        most_bytes: usize,
    ) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>> {
        Box::pin(async move {
            let answer = self.0.call(request).await.map_err(|cut| match cut {
                Cut::Refused => TransportError::Unreachable,
                Cut::Reset | Cut::ClosedBeforeAnswer => TransportError::Broken,
            })?;
            if answer.body().len() > most_bytes {
                return Err(TransportError::TooLarge);
            }
            Ok(answer)
        })
    }
}

/// Nobody is asked: for rooms that were opened for what is on record.
pub(crate) struct Nowhere;

impl Transport for Nowhere {
    fn send(
        &self,
        _: Request<Bytes>,
        _: usize,
    ) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>> {
        Box::pin(async { Err(TransportError::Unreachable) })
    }
}
