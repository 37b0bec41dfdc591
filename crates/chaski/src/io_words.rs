//! What the operating system says about files and connections, in the person's language.

use std::io::{Error, ErrorKind};

use chaski_core::Lang;

/// Why it could not be done, without the path and without a number of the system.
pub(crate) fn reason(error: &Error, lang: Lang) -> String {
    reason_of_kind(error.kind(), lang).map_or_else(|| error.to_string(), str::to_owned)
}

/// The same of a kind; none where the kind says nothing.
pub(crate) fn reason_of_kind(kind: ErrorKind, lang: Lang) -> Option<&'static str> {
    let (es, en) = match kind {
        ErrorKind::NotFound => ("no existe", "it does not exist"),
        ErrorKind::PermissionDenied => ("no tiene permiso", "no permission"),
        ErrorKind::AlreadyExists => ("ya existe", "it exists already"),
        ErrorKind::InvalidData => ("no es texto en UTF-8", "it is not UTF-8 text"),
        ErrorKind::IsADirectory => ("es una carpeta", "it is a folder"),
        ErrorKind::NotADirectory => ("no es una carpeta", "it is not a folder"),
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => (
            "no queda espacio en el disco",
            "no space is left on the disk",
        ),
        ErrorKind::ReadOnlyFilesystem => (
            "el disco es de solo lectura",
            "the file system is read-only",
        ),
        ErrorKind::AddrInUse => (
            "otro programa usa ese puerto",
            "another program uses that port",
        ),
        ErrorKind::AddrNotAvailable => (
            "esta máquina no tiene esa dirección",
            "this machine does not have that address",
        ),
        ErrorKind::ConnectionRefused => ("nadie atiende ahí", "connection refused"),
        ErrorKind::ConnectionReset
        | ErrorKind::ConnectionAborted
        | ErrorKind::BrokenPipe
        | ErrorKind::UnexpectedEof => ("se cortó la conexión", "the connection was cut"),
        ErrorKind::TimedOut => ("no contestó a tiempo", "no answer in time"),
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => (
            "no hay camino hasta esa máquina",
            "there is no way to that machine",
        ),
        _ => return None,
    };
    Some(lang.pick(es, en))
}
