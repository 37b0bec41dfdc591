//! Connections: none may hold one by being slow. The ready-made server has no limits at all:
//! a client that sends a header each minute keeps a connection for ever.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, HttpBody};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{Instant, Sleep, sleep, sleep_until, timeout};

use super::door::Door;
use super::kit::{Turned, Waiting, Watched, Work};

/// Time for the headers of a request, the wait for the next one included.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
const MOST_HEADERS: usize = 100;
/// Headers and the line of the request together, bytes.
const MOST_HEADER_BYTES: usize = 16 * 1024;
/// A caller that takes nothing of its answer for so long is let go.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);
/// A connection that ends after so long without a byte is reset instead of closed.
const SILENT: Duration = Duration::from_secs(9);
/// Connections at once. From there on the one that has been silent longest makes room for the next.
const MOST_CONNECTIONS: usize = 8_192;
/// Connections at work make no room: there may be this many more.
const MORE_CONNECTIONS: usize = 1_024;
/// Pause between two looks at whether a connection that should make room is at work.
const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// What requests under way get to end after the shutdown.
const GRACE: Duration = Duration::from_secs(30);
/// The pause after a failure to accept, usually for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// Serves until `shutdown` is ready, then lets the requests under way end.
pub async fn serve(
    door: Arc<Door>,
    listener: TcpListener,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(MOST_CONNECTIONS + MORE_CONNECTIONS));
    let connected = Waiting::new(MOST_CONNECTIONS);
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut shutdown => break,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        // One too many is closed at once: better than a wait of unknown length.
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            continue;
        };
        let work = Work::default();
        let silent = silent(connected.enter(), work.clone());
        let connection = connection(stream, Arc::clone(&door), work, &graceful);
        tokio::spawn(async move {
            let _place = place;
            tokio::select! {
                ended = connection => if let Err(error) = ended {
                    tracing::debug!(%error, "a connection ended early");
                },
                () = silent => tracing::debug!("a silent connection made room"),
            }
        });
    }
    // Closes the port before waiting, so that no new connection is left hanging.
    drop(listener);
    let _ = timeout(GRACE, graceful.shutdown()).await;
    Ok(())
}

/// Ready once a connection has to make room and has no request under way.
async fn silent(turned: Turned, work: Work) {
    let _ = turned.await;
    while work.is_under_way() {
        sleep(LOOK_AGAIN).await;
    }
}

fn connection(
    stream: TcpStream,
    door: Arc<Door>,
    work: Work,
    graceful: &GracefulShutdown,
) -> impl Future<Output = Result<(), hyper::Error>> + use<> {
    let _ = stream.set_nodelay(true);
    let patient = Patient::new(stream, work.clone());
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let (door, under_way) = (Arc::clone(&door), work.begin());
        let work = work.clone();
        async move {
            let response = if request.body().is_end_stream() {
                door.answer(request).await
            } else {
                let (request, rest) = Watched::of(request, work);
                let mut response = door.answer(request).await;
                rest.announce(&mut response);
                response
            };
            // What has its length is written by itself; a stream is work until it ends.
            Ok::<_, Infallible>(match response.body().size_hint().exact() {
                Some(_) => response,
                None => response.map(|body| {
                    Body::new(body.map_frame(move |frame| {
                        let _kept = &under_way;
                        frame
                    }))
                }),
            })
        }
    });
    let connection = http1::Builder::new()
        // `Patient` has the deadline: a timer for each request would cost as much as its answer.
        .header_read_timeout(None)
        // Answers are small: one copy costs less than a list of pieces.
        .writev(false)
        .max_headers(MOST_HEADERS)
        .max_buf_size(MOST_HEADER_BYTES)
        .serve_connection(TokioIo::new(patient), service);
    graceful.watch(connection)
}

/// A connection whose other end has to send its headers in time, and to take what it is sent.
struct Patient {
    stream: TcpStream,
    work: Work,
    /// When the last byte came or went.
    moved: Instant,
    /// When the first byte of a head came that has not led to a request yet.
    head_began: Option<Instant>,
    /// Requests that heads have led to.
    begun: usize,
    /// Wakes the wait for a head; moved on only when it rings, which is once in ten seconds and
    /// not once in a request.
    alarm: Pin<Box<Sleep>>,
    /// Running while a write waits.
    stalled: Option<Pin<Box<Sleep>>>,
}

impl Patient {
    fn new(stream: TcpStream, work: Work) -> Patient {
        let now = Instant::now();
        Patient {
            stream,
            work,
            moved: now,
            head_began: None,
            begun: 0,
            alarm: Box::pin(sleep_until(now + HEADER_TIMEOUT)),
            stalled: None,
        }
    }

    /// Waits for a head no longer than it may take, nor for its first byte.
    fn awaited(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.alarm.as_mut().poll(context).is_ready() {
            let until = match self.head_began {
                _ if self.work.is_under_way() => Instant::now() + HEADER_TIMEOUT,
                Some(began) => began + HEADER_TIMEOUT,
                None => self.moved + HEADER_TIMEOUT,
            };
            if until <= Instant::now() {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            self.alarm.as_mut().reset(until);
        }
        Poll::Pending
    }

    /// What a write came to, with a limit to how often it may come to nothing.
    fn limited<T>(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.moved = Instant::now();
            self.stalled = None;
            return written;
        }
        let until = self
            .stalled
            .get_or_insert_with(|| Box::pin(sleep_until(Instant::now() + WRITE_TIMEOUT)));
        match until.as_mut().poll(context) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(()) => {
                // With no linger the kernel forgets what the other end does not take.
                let _ = self.stream.set_zero_linger();
                Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
            }
        }
    }
}

impl Drop for Patient {
    /// Whoever has been silent for so long may hold a finished answer unread in its kernel, and
    /// would believe itself connected for as long as it likes. A reset tells it otherwise.
    fn drop(&mut self) {
        if self.moved.elapsed() >= SILENT {
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Patient {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let begun = self.work.begun();
        if begun != self.begun {
            self.begun = begun;
            self.head_began = None;
        }
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if read.is_pending() {
            return self.awaited(context);
        }
        self.moved = Instant::now();
        if self.head_began.is_none() && !self.work.is_under_way() {
            self.head_began = Some(self.moved);
        }
        read
    }
}

impl AsyncWrite for Patient {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.limited(context, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
