//! The only exit of the process: a request goes out, a whole answer or the way it broke comes
//! back. Nothing here retries, follows a redirect or writes a log; how it leaves, [`Exit`] says.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::header::{DATE, RETRY_AFTER};
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::{GaiResolver, Name};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use jiff::Timestamp;
use tower_service::Service;

use crate::exit::{Exit, Way};

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
    client: Client<HttpsConnector<Way<HttpConnector<Resolver>>>, Full<Bytes>>,
}

/// Time to establish a TCP connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Idle connections are dropped before common servers drop theirs (60 s or more).
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);
/// What must arrive once goes on a connection that no server has dropped by then: those that drop early
/// do so after five seconds.
const IDLE_TIMEOUT_TO_ISSUE: Duration = Duration::from_secs(2);

impl Http {
    /// A pool of connections; nothing is opened yet.
    pub fn new() -> Http {
        Http::leaving(&Exit::default())
    }

    /// The same, leaving as that says.
    pub fn leaving(exit: &Exit) -> Http {
        Http::with(exit, IDLE_TIMEOUT, false)
    }

    /// The same for requests that must not be lost for want of a fresh connection: one that idled for
    /// longer than two seconds is not used again.
    ///
    /// ```
    /// use chaski_client::{Exit, Http};
    /// let http = std::sync::Arc::new(Http::to_issue(&Exit::default()));
    /// ```
    pub fn to_issue(exit: &Exit) -> Http {
        Http::with(exit, IDLE_TIMEOUT_TO_ISSUE, false)
    }

    /// The same for addresses that came from outside: a name that leads into this machine, a private
    /// network or another reserved range is not connected to. Where the address itself is a number,
    /// whoever calls has to look at it.
    pub fn to_public_addresses(exit: &Exit) -> Http {
        Http::with(exit, IDLE_TIMEOUT, true)
    }

    fn with(exit: &Exit, idle: Duration, public_only: bool) -> Http {
        let connector = |public_only| {
            let mut tcp = HttpConnector::new_with_resolver(Resolver {
                inner: GaiResolver::new(),
                public_only,
            });
            tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
            tcp.set_nodelay(true);
            tcp.enforce_http(false);
            tcp
        };
        let builder = HttpsConnectorBuilder::new();
        let builder = match exit.tls() {
            Some(config) => builder.with_tls_config(config.clone()),
            None => builder
                .with_provider_and_webpki_roots(rustls::crypto::ring::default_provider())
                .expect("ring supports the default protocol versions"),
        };
        let https = builder
            .https_or_http()
            .enable_http1()
            .wrap_connector(exit.way(connector(public_only), connector(false)));
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(idle)
            .pool_timer(TokioTimer::new())
            .retry_canceled_requests(false)
            .http1_max_headers(100)
            .build(https);
        Http { client }
    }
}

/// Names to addresses, by the system; only public ones where that is wanted.
#[derive(Clone)]
struct Resolver {
    inner: GaiResolver,
    public_only: bool,
}

impl Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = BoxFuture<'static, io::Result<std::vec::IntoIter<SocketAddr>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let (found, public_only) = (self.inner.call(name), self.public_only);
        Box::pin(async move {
            let all = found.await?;
            let kept: Vec<_> = all
                .filter(|it| !public_only || is_public(it.ip()))
                .collect();
            Ok(kept.into_iter())
        })
    }
}

/// Whether an address is on the public Internet, by the registries of special-purpose addresses (RFC
/// 6890 and those after it). What only wraps an IPv4 address counts as that one.
pub(crate) fn is_public(address: IpAddr) -> bool {
    let v4 = match address {
        IpAddr::V4(v4) => v4,
        IpAddr::V6(v6) => {
            let parts = v6.segments();
            let embedded = match parts {
                // Mapped, and NAT64.
                [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
                    Some((high, low))
                }
                // 6to4.
                [0x2002, high, low, ..] => Some((high, low)),
                _ => None,
            };
            let Some((high, low)) = embedded else {
                // Of the rest only 2000::/3 is public, without documentation and Teredo.
                let is_reserved = parts[0] == 0x2001 && (parts[1] < 0x200 || parts[1] == 0xdb8);
                return parts[0] & 0xe000 == 0x2000 && !is_reserved;
            };
            Ipv4Addr::from((u32::from(high) << 16) | u32::from(low))
        }
    };
    let [a, b, c, _] = v4.octets();
    let reserved = match a {
        0 | 10 | 127 | 224.. => true,
        100 => b & 0xc0 == 64,
        169 => b == 254,
        172 => b & 0xf0 == 16,
        192 => b == 168 || (b == 0 && (c == 0 || c == 2)) || (b == 88 && c == 99),
        198 => b & 0xfe == 18 || (b == 51 && c == 100),
        203 => b == 0 && c == 113,
        _ => false,
    };
    !reserved
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

#[cfg(test)]
mod tests {
    use super::is_public;

    #[test]
    fn only_the_public_internet_is_public() {
        for address in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.2.1",
            "192.168.0.1",
            "198.18.0.1",
            "198.19.0.1",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2002:a00:1::",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "ff02::1",
            "2001::1",
            "2001:db8::1",
            "::127.0.0.1",
        ] {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
        for address in [
            "1.1.1.1",
            "100.63.0.1",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "198.20.0.1",
            "223.255.255.255",
            "2606:4700::1111",
            "2a00:1450::1",
            "::ffff:1.1.1.1",
        ] {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
    }
}
