//! The address of a server that look-ups ask: scheme, machine and port, nothing else.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use http::Uri;
use http::uri::{Authority, Scheme};

/// Where a `chaski serve` is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerAddress {
    scheme: Scheme,
    authority: Authority,
}

/// A text that is no such address; it is not repeated, for it may hold a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the address of a server")]
pub struct NotAnAddress;

impl ServerAddress {
    /// What is wanted, in Spanish and English.
    pub const WANTED: (&str, &str) = (
        "la dirección de un servidor, sin ruta, parámetros ni claves, como https://chaski.ejemplo.pe o http://127.0.0.1:8420",
        "the address of a server, without path, parameters or passwords, such as https://chaski.example.com or http://127.0.0.1:8420",
    );

    /// Whether what is sent is encrypted on its way.
    pub fn is_encrypted(&self) -> bool {
        self.scheme == Scheme::HTTPS
    }

    /// Whether it is this machine.
    pub fn is_here(&self) -> bool {
        let host = self.authority.host();
        let address = host.trim_start_matches('[').trim_end_matches(']');
        let loopback = |it: IpAddr| it.is_loopback();
        host.eq_ignore_ascii_case("localhost") || address.parse().is_ok_and(loopback)
    }
}

impl FromStr for ServerAddress {
    type Err = NotAnAddress;

    /// Reads `http://…` or `https://…`. A path, parameters or a password in it is a slip: a key
    /// has its own place, where no log keeps it.
    fn from_str(text: &str) -> Result<ServerAddress, NotAnAddress> {
        let text = text.trim();
        if text.contains(['#', '@', '?']) {
            return Err(NotAnAddress);
        }
        let uri: Uri = text.parse().map_err(|_| NotAnAddress)?;
        let parts = uri.into_parts();
        let path = parts.path_and_query.as_ref().map_or("", |it| it.as_str());
        let (Some(scheme), Some(authority), "" | "/") = (parts.scheme, parts.authority, path)
        else {
            return Err(NotAnAddress);
        };
        let known = scheme == Scheme::HTTP || scheme == Scheme::HTTPS;
        // Outside the brackets of an address, what follows a colon is a port.
        let host = authority.host();
        let rest = authority.as_str().strip_prefix(host).unwrap_or_default();
        let bad_port = !rest.is_empty() && authority.port_u16().is_none();
        if !known || host.is_empty() || bad_port {
            return Err(NotAnAddress);
        }
        Ok(ServerAddress { scheme, authority })
    }
}

impl fmt::Display for ServerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.authority)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        let read = text.parse::<ServerAddress>().ok();
        assert_eq!(read.map(|it| it.to_string()).as_deref(), expected, "{text}");
    }

    #[test]
    fn scheme_machine_and_port() {
        check("http://127.0.0.1:8420", Some("http://127.0.0.1:8420"));
        check(" http://127.0.0.1:8420/ ", Some("http://127.0.0.1:8420"));
        check(
            "https://chaski.ejemplo.pe",
            Some("https://chaski.ejemplo.pe"),
        );
        check("http://[::1]:8420", Some("http://[::1]:8420"));
        check("HTTP://localhost", Some("http://localhost"));
    }

    #[test]
    fn anything_else_is_a_slip() {
        for text in [
            "",
            "127.0.0.1:8420",
            "localhost",
            "ftp://127.0.0.1",
            "http://",
            "http://127.0.0.1:",
            "http://127.0.0.1:99999",
            "http://127.0.0.1/api/v1",
            "http://127.0.0.1?key=1",
            "http://127.0.0.1/?key=1",
            "http://uno:dos@127.0.0.1",
            "http://127.0.0.1#nada",
            "http://dos palabras",
        ] {
            check(text, None);
        }
    }

    #[test]
    fn this_machine() {
        let address = |text: &str| text.parse::<ServerAddress>().expect("an address");
        let is_here = |text| address(text).is_here();
        assert!(
            is_here("http://127.0.0.1:1")
                && is_here("http://[::1]")
                && is_here("http://localhost:8420")
        );
        assert!(!is_here("http://10.0.0.1") && !is_here("https://chaski.ejemplo.pe"));
    }
}
