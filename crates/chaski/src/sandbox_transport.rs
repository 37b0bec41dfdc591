//! The embedded sandbox as a way out that goes nowhere: requests are answered in the process.

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
