//! Availability: what callers without a key, slow ones and large files can do to others.

mod access;
mod memory;
mod record;
mod refusals;

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;

use crate::http::Door;

/// A door on a port of its own, for as long as the test lasts.
async fn listening(door: &Door) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let entry = Arc::clone(&door.entry);
    tokio::spawn(chaski::http::serve(entry, listener, std::future::pending()));
    address
}
