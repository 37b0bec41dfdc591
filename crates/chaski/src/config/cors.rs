//! Which pages of other sites may ask the gateway.

use std::str::FromStr;

use http::{HeaderValue, Uri};

/// A site: a scheme and a host, perhaps a port, as browsers name it; or any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorsOrigin(String);

/// That a text is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAnOrigin;

impl CorsOrigin {
    /// What it has to be, in Spanish and English.
    pub const WANTED: (&str, &str) = (
        "sitios como «https://app.ejemplo.pe», sin nada después del nombre, o «*» para todos",
        "sites such as \"https://app.ejemplo.pe\", with nothing after the name, or \"*\" for all",
    );

    /// Whether it is any site.
    pub fn is_any(&self) -> bool {
        self.0 == "*"
    }

    /// The same as browsers send it.
    pub fn header(&self) -> Option<HeaderValue> {
        HeaderValue::from_str(&self.0).ok()
    }
}

impl FromStr for CorsOrigin {
    type Err = NotAnOrigin;

    /// ```
    /// use chaski::config::CorsOrigin;
    /// assert!("https://app.ejemplo.pe:8443".parse::<CorsOrigin>().is_ok());
    /// assert!("https://app.ejemplo.pe/".parse::<CorsOrigin>().is_err());
    /// assert!("app.ejemplo.pe".parse::<CorsOrigin>().is_err());
    /// ```
    fn from_str(text: &str) -> Result<CorsOrigin, NotAnOrigin> {
        let text = text.trim().to_ascii_lowercase();
        if text == "*" {
            return Ok(CorsOrigin(text));
        }
        let uri: Uri = text.parse().map_err(|_| NotAnOrigin)?;
        let (Some(scheme), Some(host)) = (uri.scheme_str(), uri.authority()) else {
            return Err(NotAnOrigin);
        };
        // With a path, or with somebody's name in it, it is no site.
        let whole = format!("{scheme}://{host}");
        let good = matches!(scheme, "http" | "https") && whole == text && !text.contains('@');
        good.then_some(CorsOrigin(text)).ok_or(NotAnOrigin)
    }
}
