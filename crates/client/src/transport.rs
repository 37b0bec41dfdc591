//! The only exit of the process: a request goes out, a whole answer or the way it broke comes
//! back. Nothing here retries, follows a redirect, uses a proxy or writes a log.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::header::{DATE, RETRY_AFTER};
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use jiff::Timestamp;

/// Sends one request. Implemented by [`Http`] and by in-process sandboxes.
///
/// ```
/// use bytes::Bytes;
/// use chaski_client::{Transport, TransportError};
/// use futures_util::future::BoxFuture;
/// use http::{Request, Response};
///
/// /// A machine without a network.
/// struct Offline;
///
/// impl Transport for Offline {
///     fn send(
///         &self,
///         _: Request<Bytes>,
///         _: usize,
///     ) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>> {
///         Box::pin(async { Err(TransportError::Unreachable) })
///     }
/// }
/// ```
pub trait Transport: Send + Sync + 'static {
    /// Sends and reads the whole answer, at most `most_bytes` of body. The caller applies the
    /// time-out of the attempt by dropping the future.
    fn send(
        &self,
        request: Request<Bytes>,
        most_bytes: usize,
    ) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>>;
}

/// A whole answer, not yet understood.
///
/// ```
/// use chaski_client::RawAnswer;
/// use http::HeaderMap;
/// let answer = RawAnswer {
///     status: 429,
///     headers: HeaderMap::from_iter([(http::header::RETRY_AFTER, "7".parse()?)]),
///     body: "".into(),
///     received_at: "2026-01-28T15:00:00Z".parse()?,
/// };
/// assert_eq!(answer.retry_after().map(|wait| wait.as_secs()), Some(7));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct RawAnswer {
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// Body, within the cap.
    pub body: Bytes,
    /// When it was complete.
    pub received_at: Timestamp,
}

/// Longest `Retry-After` that is believed.
const LONGEST_RETRY_AFTER: Duration = Duration::from_mins(15);

impl RawAnswer {
    /// `Retry-After`, as seconds or as a date; at most 15 minutes. A date is read against the
    /// answer's own `Date`, so a wrong clock on either side does not matter.
    pub fn retry_after(&self) -> Option<Duration> {
        let text = self.headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
        let wait = if let Ok(seconds) = text.parse() {
            Duration::from_secs(seconds)
        } else {
            let until = httpdate::parse_http_date(text).ok()?;
            let date = self.headers.get(DATE).and_then(|date| date.to_str().ok());
            let sent = date.and_then(|date| httpdate::parse_http_date(date).ok());
            let from = sent.unwrap_or_else(|| SystemTime::from(self.received_at));
            until.duration_since(from).unwrap_or(Duration::ZERO)
        };
        Some(wait.min(LONGEST_RETRY_AFTER))
    }
}

/// How an exchange broke. It holds no URL, so no token or number can leak through it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// No connection: nothing was sent.
    #[error("could not connect")]
    Unreachable,
    /// The connection broke after the request began to leave.
    #[error("the connection broke")]
    Broken,
    /// The body is over the cap.
    #[error("the answer is too large")]
    TooLarge,
}

/// HTTP/1.1 over TCP or TLS with the roots of Mozilla compiled in.
///
/// The pool's own replay of requests that met a closed connection is off: one retry loop in the
/// program, and it counts every attempt.
pub struct Http {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

/// Time to establish a TCP connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Idle connections are dropped before common servers drop theirs (60 s or more).
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

impl Http {
    /// A pool of connections; nothing is opened yet.
    #[expect(
        clippy::missing_panics_doc,
        reason = "the provider is compiled in and supports the default versions of TLS"
    )]
    pub fn new() -> Http {
        let mut tcp = HttpConnector::new();
        tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
        tcp.set_nodelay(true);
        tcp.enforce_http(false);
        let provider = rustls::crypto::ring::default_provider();
        let https = HttpsConnectorBuilder::new()
            .with_provider_and_webpki_roots(provider)
            .expect("ring supports the default protocol versions")
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(IDLE_TIMEOUT)
            .pool_timer(TokioTimer::new())
            .retry_canceled_requests(false)
            .http1_max_headers(100)
            .build(https);
        Http { client }
    }
}

impl Default for Http {
    fn default() -> Http {
        Http::new()
    }
}

impl Transport for Http {
    fn send(
        &self,
        request: Request<Bytes>,
        most_bytes: usize,
    ) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>> {
        let exchange = self.client.request(request.map(Full::new));
        Box::pin(async move {
            let answer = exchange.await.map_err(|error| {
                if error.is_connect() {
                    TransportError::Unreachable
                } else {
                    TransportError::Broken
                }
            })?;
            collect(answer, most_bytes).await
        })
    }
}

async fn collect<B>(
    answer: Response<B>,
    most_bytes: usize,
) -> Result<Response<Bytes>, TransportError>
where
    B: http_body::Body<Data = Bytes>,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let (head, body) = answer.into_parts();
    let body = Limited::new(body, most_bytes)
        .collect()
        .await
        .map_err(|error| {
            if error.is::<LengthLimitError>() {
                TransportError::TooLarge
            } else {
                TransportError::Broken
            }
        })?;
    Ok(Response::from_parts(head, body.to_bytes()))
}
