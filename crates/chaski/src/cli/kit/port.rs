//! A port of this machine: its address and its opening.

use std::net::SocketAddr;

use chaski_core::{Lang, text};
use tokio::net::{TcpListener, TcpSocket};

use crate::app::AppError;
use crate::io_words::reason;

/// Connections that wait to be accepted.
const WAITING: u32 = 1_024;
/// What the kernel holds for a caller who does not read, bytes. By itself it grows to megabytes for
/// each, and thousands of them are thousands of megabytes.
const SEND_BUFFER: u32 = 256 * 1024;

/// What was typed after `--listen`; `example` has a good one.
pub(in crate::cli) fn address(typed: &str, example: &str) -> Result<SocketAddr, AppError> {
    typed.trim().parse().map_err(|_| {
        AppError::Usage(text!(
            "--listen: «{typed}» no es una dirección; use por ejemplo {example}",
            "--listen: \"{typed}\" is not an address; use for instance {example}"
        ))
    })
}

/// Opens the port.
pub(in crate::cli) fn bind(address: SocketAddr) -> Result<TcpListener, AppError> {
    let open = || {
        let socket = match address {
            SocketAddr::V4(_) => TcpSocket::new_v4()?,
            SocketAddr::V6(_) => TcpSocket::new_v6()?,
        };
        socket.set_reuseaddr(true)?;
        socket.set_send_buffer_size(SEND_BUFFER)?;
        socket.bind(address)?;
        socket.listen(WAITING)
    };
    open().map_err(|error| {
        let (es, en) = (reason(&error, Lang::Es), reason(&error, Lang::En));
        AppError::Usage(text!(
            "no se puede escuchar en {address}: {es}; elija otra dirección con --listen",
            "cannot listen on {address}: {en}; choose another address with --listen"
        ))
    })
}
