//! The ruta: the address of one issuer at Nubefact.

use chaski_core::text;
use std::fmt;

use http::Uri;

use super::auth::NubefactToken;
use crate::Error;

/// Where Nubefact lives.
pub const NUBEFACT_HOST: &str = "https://api.nubefact.com";

/// The address that one issuer's requests go to. It names the issuer's account, so `Debug` shows the
/// host alone.
#[derive(Clone, PartialEq, Eq)]
pub struct Ruta {
    uri: Uri,
    host: String,
}

impl Ruta {
    /// Reads a ruta: the whole address, or only its last part, which is then under `host`. Plain HTTP
    /// is accepted towards this machine only, where a token does not travel.
    ///
    /// ```
    /// use chaski_client::{NUBEFACT_HOST, NubefactToken, Ruta};
    /// let (token, _) = NubefactToken::parse("f3b0c44298fc1c149afbf4c8996fb924")?;
    /// let id = "11111111-2222-3333-4444-555555555555";
    /// let ruta = Ruta::parse(id, NUBEFACT_HOST, &token)?;
    /// assert_eq!(ruta.host(), "api.nubefact.com");
    /// assert!(Ruta::parse("http://api.nubefact.com/api/v1/x", NUBEFACT_HOST, &token).is_err());
    /// # Ok::<(), chaski_client::Error>(())
    /// ```
    pub fn parse(typed: &str, host: &str, token: &NubefactToken) -> Result<Ruta, Error> {
        let typed = typed.trim().trim_end_matches('/');
        if typed.is_empty() {
            return Err(Error::invalid(text!(
                "falta la ruta de Nubefact; está en su cuenta, en API (Integración), junto al token",
                "the Nubefact ruta is missing; it is in your account, under API (Integración), beside the token"
            )));
        }
        if token.is_within(typed) {
            return Err(Error::invalid(text!(
                "la ruta contiene el token, y una dirección queda escrita en registros; deje la ruta sola y el token aparte",
                "the ruta contains the token, and addresses are written to logs; give the ruta alone and the token apart"
            )));
        }
        let address = if typed.contains("://") {
            typed.to_owned()
        } else if typed.bytes().all(is_of_an_id) {
            format!("{}/api/v1/{typed}", host.trim().trim_end_matches('/'))
        } else {
            return Err(not_an_address());
        };
        if address.contains(['?', '#', '@']) {
            return Err(Error::invalid(text!(
                "la ruta no lleva «?», «#» ni «@»: es la dirección y nada más; el token se da aparte",
                "the ruta has no \"?\", \"#\" or \"@\": it is the address and nothing more; the token is given apart"
            )));
        }
        let uri: Uri = address.parse().map_err(|_| not_an_address())?;
        let Some(host) = uri.host().map(str::to_ascii_lowercase) else {
            return Err(not_an_address());
        };
        match uri.scheme_str() {
            Some("https") => {}
            Some("http") if is_loopback(&host) => {}
            _ => {
                return Err(Error::invalid(text!(
                    "la ruta debe empezar con https:// (http:// solo se acepta hacia esta misma máquina)",
                    "the ruta must begin with https:// (http:// is accepted for this machine only)"
                )));
            }
        }
        if uri.path().len() < 2 {
            return Err(Error::invalid(text!(
                "a la ruta le falta su última parte, la que identifica a su empresa; cópiela entera",
                "the ruta lacks its last part, which identifies your company; copy it whole"
            )));
        }
        Ok(Ruta { uri, host })
    }

    /// Its host, in lower case.
    pub fn host(&self) -> &str {
        &self.host
    }

    pub(super) fn uri(&self) -> &Uri {
        &self.uri
    }

    /// Its scheme, host and port.
    pub(crate) fn origin(&self) -> (Option<&str>, &str, Option<u16>) {
        (self.uri.scheme_str(), &self.host, self.uri.port_u16())
    }

    /// Whether it leads to this machine.
    pub(crate) fn is_here(&self) -> bool {
        is_loopback(&self.host)
    }

    /// A name for the issuer that this address stands for, which shows nothing of it.
    pub(crate) fn fingerprint(&self) -> String {
        let hash = blake3::hash(self.uri.to_string().as_bytes()).to_hex();
        format!("ruta-{}", &hash[..16])
    }
}

impl fmt::Debug for Ruta {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ruta({}/…)", self.host)
    }
}

fn not_an_address() -> Error {
    Error::invalid(text!(
        "la ruta no es una dirección; es como https://api.nubefact.com/api/v1/ y su código",
        "the ruta is not an address; it looks like https://api.nubefact.com/api/v1/ and its code"
    ))
}

fn is_of_an_id(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}

fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let address = host.parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|it| it.is_loopback())
}
