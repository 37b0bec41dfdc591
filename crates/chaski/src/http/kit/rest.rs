//! What is left of a body when its answer is made. A caller that is still sending reads a refusal
//! only if it can go on: a connection that is closed over unread bytes is reset, and the answer is
//! lost on its way. So the rest is read and dropped, within bounds, beside the answer.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONNECTION, EXPECT};
use http::{HeaderValue, Request, Response};
use http_body::{Body, Frame};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::time::{Instant, timeout_at};

use super::under_way::{RequestUnderWay, Work};

/// Most that is read to be dropped: the largest body there is, and the text around it.
const MOST_DROPPED: u64 = 66 * 1024 * 1024;
/// How long that may take, and how long nothing may come.
const DROPPING: Duration = Duration::from_secs(30);
const SILENCE: Duration = Duration::from_secs(5);
/// A rest of this many bytes is soon gone, and the connection serves the next request. With more the
/// answer says that it is the last one.
const LITTLE: u64 = 64 * 1024;

/// A body that knows how much of it was read.
pub(crate) struct Watched {
    body: Option<Incoming>,
    rest: Arc<Rest>,
    work: Work,
}

/// What is left of it, as the maker of its answer sees it.
pub(crate) struct Rest {
    /// Bytes that are still to come; all there are when the head did not say how many.
    bytes: AtomicU64,
    ended: AtomicBool,
    /// The caller sends its body only when it is told to.
    asked_first: bool,
}

impl Watched {
    pub(crate) fn of(request: Request<Incoming>, work: Work) -> (Request<Watched>, Arc<Rest>) {
        let rest = Arc::new(Rest {
            bytes: AtomicU64::new(to_come(request.body())),
            ended: AtomicBool::new(false),
            asked_first: request.headers().contains_key(EXPECT),
        });
        let watched = request.map(|body| Watched {
            body: Some(body),
            rest: Arc::clone(&rest),
            work,
        });
        (watched, rest)
    }
}

impl Rest {
    /// Says in the answer that the connection ends with it, where it does.
    pub(crate) fn announce<B>(&self, answer: &mut Response<B>) {
        let ended = self.ended.load(Ordering::Acquire);
        let little = self.bytes.load(Ordering::Acquire) <= LITTLE && !self.asked_first;
        if !ended && !little {
            let close = HeaderValue::from_static("close");
            answer.headers_mut().insert(CONNECTION, close);
        }
    }
}

impl Body for Watched {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let Some(body) = self.body.as_mut() else {
            return Poll::Ready(None);
        };
        let polled = Pin::new(&mut *body).poll_frame(context);
        let over = matches!(polled, Poll::Ready(None | Some(Err(_))));
        let (bytes, ended) = (to_come(body), over || body.is_end_stream());
        self.rest.bytes.store(bytes, Ordering::Release);
        self.rest.ended.fetch_or(ended, Ordering::Release);
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }
}

/// Bytes that are still to come, as the head said.
fn to_come(body: &Incoming) -> u64 {
    body.size_hint().exact().unwrap_or(u64::MAX)
}

impl Drop for Watched {
    fn drop(&mut self) {
        let left = &self.rest;
        let Some(body) = self.body.take() else { return };
        if left.ended.load(Ordering::Acquire) || left.asked_first {
            return;
        }
        // None while the runtime itself is going down.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(drop_slowly(body, self.work.begin()));
        }
    }
}

async fn drop_slowly(mut body: Incoming, _under_way: RequestUnderWay) {
    let until = Instant::now() + DROPPING;
    let mut dropped = 0;
    while dropped < MOST_DROPPED {
        let silent = until.min(Instant::now() + SILENCE);
        match timeout_at(silent, body.frame()).await {
            Ok(Some(Ok(frame))) => dropped += frame.data_ref().map_or(0, Bytes::len) as u64,
            _ => return,
        }
    }
}
