//! How requests leave: the proxy, and whose certificates are believed.

use chaski_client::{Exit, NoExit};
use chaski_core::text;
use secrecy::{ExposeSecret, SecretString};

use super::error::ConfigError;
use super::layers::Layers;

impl Layers {
    pub(super) fn exit(&self) -> Result<Exit, ConfigError> {
        let (around, exit) = (&self.proxy_around, Exit::default());
        let text = self.text("proxy").trim();
        let through = match (text, &around.proxy) {
            ("ninguno", _) | ("", None) => Ok(exit),
            ("", Some(proxy)) => exit
                .through(&with_scheme(proxy), &around.but_for)
                .map_err(|_| of_the_system()),
            // A password would be shown with the rest of the configuration.
            _ if text.contains('@') => Err(self.bad_proxy()),
            _ => exit
                .through(&text.into(), &around.but_for)
                .map_err(|_| self.bad_proxy()),
        };
        let exit = through?;
        let of_system = self.one_of("tls_roots", &[("mozilla", false), ("sistema", true)])?;
        if !of_system {
            return Ok(exit);
        }
        exit.with_system_roots().map_err(|_: NoExit| {
            ConfigError::of(|lang| {
                lang.pick(
                    "tls_roots: este sistema no tiene certificados raíz que se puedan leer; instálelos (en Debian: ca-certificates) o ponga \"mozilla\"",
                    "tls_roots: this system has no root certificates that can be read; install them (on Debian: ca-certificates) or put \"mozilla\"",
                )
                .to_owned()
            })
        })
    }

    fn bad_proxy(&self) -> ConfigError {
        self.bad(
            "proxy",
            "una dirección como http://proxy.ejemplo.pe:3128, sin usuario ni contraseña (con ellos, en HTTPS_PROXY), o ninguno",
            "an address such as http://proxy.ejemplo.pe:3128, without user or password (with them, in HTTPS_PROXY), or ninguno",
        )
    }
}

/// Many write it without.
fn with_scheme(proxy: &SecretString) -> SecretString {
    let text = proxy.expose_secret().trim();
    if text.contains("://") {
        return proxy.clone();
    }
    format!("http://{text}").into()
}

fn of_the_system() -> ConfigError {
    ConfigError::of(|lang| {
        text!(
            "HTTPS_PROXY debe ser una dirección como http://proxy.ejemplo.pe:3128; para no usarlo: proxy = \"ninguno\"",
            "HTTPS_PROXY must be an address such as http://proxy.ejemplo.pe:3128; not to use it: proxy = \"ninguno\""
        )
        .pick(lang)
    })
}
