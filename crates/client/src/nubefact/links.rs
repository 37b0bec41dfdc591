//! Which links to files are followed: an answer's link is somebody else's text.

use chaski_core::text;
use http::Uri;

use crate::Error;
use crate::dialects::nubefact::Ruta;

/// Nubefact's own domains, and that of its resellers.
const HOSTS: [&str; 2] = ["nubefact.com", "pse.pe"];

/// The address to fetch a link from: on a host of Nubefact's over TLS, or where the ruta itself is.
pub(super) fn address_of(link: &str, ruta: &Ruta) -> Result<Uri, Error> {
    let uri: Uri = link.trim().parse().map_err(|_| not_followed())?;
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return Err(not_followed());
    };
    if authority.as_str().contains('@') || !matches!(scheme, "http" | "https") {
        return Err(not_followed());
    }
    let host = authority.host().to_ascii_lowercase();
    if (Some(scheme), host.as_str(), authority.port_u16()) == ruta.origin() {
        return Ok(uri);
    }
    let is_theirs = HOSTS.iter().any(|own| {
        let before = host.strip_suffix(own);
        before.is_some_and(|before| before.is_empty() || before.ends_with('.'))
    });
    if !is_theirs || !matches!(authority.port_u16(), None | Some(80 | 443)) {
        return Err(not_followed());
    }
    // Links of guías come with plain HTTP.
    let path = uri.path_and_query().map_or("/", |it| it.as_str());
    format!("https://{host}{path}")
        .parse()
        .map_err(|_| not_followed())
}

fn not_followed() -> Error {
    Error::invalid(text!(
        "el enlace del archivo no es de Nubefact y no se siguió",
        "the link to the file is not of Nubefact and was not followed"
    ))
}

#[cfg(test)]
mod tests {
    use super::address_of;
    use crate::dialects::nubefact::{NUBEFACT_HOST, NubefactToken, Ruta};

    #[track_caller]
    fn check(ruta: &str, link: &str, expected: Option<&str>) {
        let (token, _) = NubefactToken::parse("CANARIO").expect("a token");
        let ruta = Ruta::parse(ruta, NUBEFACT_HOST, &token).expect("a ruta");
        let address = address_of(link, &ruta).ok().map(|it| it.to_string());
        assert_eq!(address.as_deref(), expected, "{link}");
    }

    #[test]
    fn only_their_hosts_and_the_base_are_followed() {
        let real = "https://api.nubefact.com/api/v1/x";
        for (link, expected) in [
            (
                "https://www.nubefact.com/cpe/1.pdf",
                "https://www.nubefact.com/cpe/1.pdf",
            ),
            (
                "http://www.nubefact.com/guia/1.pdf?a=b",
                "https://www.nubefact.com/guia/1.pdf?a=b",
            ),
            ("http://WWW.NUBEFACT.COM:80/1", "https://www.nubefact.com/1"),
            ("https://pse.pe/1.xml", "https://pse.pe/1.xml"),
            (
                "https://api.nubefact.com/1.cdr",
                "https://api.nubefact.com/1.cdr",
            ),
        ] {
            check(real, link, Some(expected));
        }
        for link in [
            "",
            "/cpe/1.pdf",
            "www.nubefact.com/1.pdf",
            "ftp://www.nubefact.com/1",
            "file:///etc/passwd",
            "https://evilnubefact.com/1",
            "https://nubefact.com.evil.pe/1",
            "https://127.0.0.1/1",
            "https://[::1]/1",
            "http://localhost/1",
            "https://169.254.169.254/latest",
            "https://www.nubefact.com:8443/1",
            "https://www.nubefact.com@10.0.0.1/1",
            "https://user:pass@www.nubefact.com/1",
            "https://0x7f000001/",
            "https://2130706433/",
            "https://www.nubefact.com\\@evil.pe/1",
            "https://nubefact.com./1",
        ] {
            check(real, link, None);
        }
        // Where the ruta is on this machine, its own origin is the only one there.
        let here = "http://127.0.0.1:8420/api/v1/x";
        check(
            here,
            "http://127.0.0.1:8420/cpe/1.pdf",
            Some("http://127.0.0.1:8420/cpe/1.pdf"),
        );
        check(here, "http://127.0.0.1:8421/cpe/1.pdf", None);
        check(here, "https://127.0.0.1:8420/cpe/1.pdf", None);
        check(here, "http://localhost:8420/cpe/1.pdf", None);
    }
}
