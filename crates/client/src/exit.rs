//! How requests leave the process: straight or through a proxy, and whose certificates are believed.

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;
use http::Uri;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, RootCertStore};
use secrecy::{ExposeSecret, SecretString};
use tokio::net::TcpStream;
use tower_service::Service;

/// How requests leave: straight, with the certificates of Mozilla compiled in, unless told otherwise.
///
/// ```
/// use chaski_client::Exit;
/// let exit = Exit::default().through(&"http://proxy.ejemplo.pe:3128".into(), "ejemplo.pe")?;
/// assert!(Exit::default().through(&"socks5://x".into(), "").is_err());
/// # let _ = exit;
/// # Ok::<(), chaski_client::NoExit>(())
/// ```
#[derive(Clone, Default)]
pub struct Exit {
    proxy: Option<Arc<Matcher>>,
    tls: Option<ClientConfig>,
}

/// Why there is no such exit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoExit {
    /// The proxy is not an address such as `http://host:port`.
    #[error("not the address of a proxy, such as http://host:3128")]
    NotAProxy,
    /// The system has no root certificates, or none that can be read.
    #[error("the system has no root certificates that can be read")]
    NoRoots,
}

/// Never through a proxy: what is on this machine.
const HERE: &str = "localhost,127.0.0.0/8,::1";

impl Exit {
    /// Through a proxy (`http://host:port`, perhaps with `user:password@`), by `CONNECT`, but for this
    /// machine and for names and networks separated by commas, as in `NO_PROXY`. What leaves for links that
    /// came from outside leaves through it as well; the proxy then finds their addresses.
    pub fn through(mut self, proxy: &SecretString, but_for: &str) -> Result<Exit, NoExit> {
        let text = proxy.expose_secret().trim();
        let uri: Uri = text.parse().map_err(|_| NoExit::NotAProxy)?;
        if uri.scheme_str() != Some("http") || uri.port_u16().is_none() {
            return Err(NoExit::NotAProxy);
        }
        let but_for = format!("{HERE},{but_for}");
        let matcher = Matcher::builder().all(text).no(but_for).build();
        self.proxy = Some(Arc::new(matcher));
        Ok(self)
    }

    /// Believing the root certificates of the system: a proxy of a company may bring its own.
    ///
    /// # Panics
    ///
    /// Never: ring supports the protocol versions that are asked for.
    pub fn with_system_roots(mut self) -> Result<Exit, NoExit> {
        let mut roots = RootCertStore::empty();
        let found = rustls_native_certs::load_native_certs();
        let (good, _) = roots.add_parsable_certificates(found.certs);
        if good == 0 {
            return Err(NoExit::NoRoots);
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("ring supports the default protocol versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        self.tls = Some(config);
        Ok(self)
    }

    /// Certificates other than those compiled in.
    pub(crate) fn tls(&self) -> Option<&ClientConfig> {
        self.tls.as_ref()
    }

    /// The way of one pool.
    pub(crate) fn way<C>(&self, tcp: C, to_proxy: C) -> Way<C> {
        Way {
            tcp,
            to_proxy,
            proxy: self.proxy.clone(),
        }
    }
}

impl fmt::Debug for Exit {
    /// Says nothing of the proxy: its address may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (proxy, system) = (self.proxy.is_some(), self.tls.is_some());
        write!(f, "Exit(proxy: {proxy}, system roots: {system})")
    }
}

/// Connections, straight or through the proxy.
#[derive(Clone)]
pub(crate) struct Way<C> {
    tcp: C,
    to_proxy: C,
    proxy: Option<Arc<Matcher>>,
}

type ConnectError = Box<dyn std::error::Error + Send + Sync>;

impl<C> Service<Uri> for Way<C>
where
    C: Service<Uri, Response = TokioIo<TcpStream>> + Clone,
    C::Error: Into<ConnectError>,
    C::Future: Send + 'static,
{
    type Response = TokioIo<TcpStream>;
    type Error = ConnectError;
    type Future = BoxFuture<'static, Result<TokioIo<TcpStream>, ConnectError>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), ConnectError>> {
        self.tcp.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        let through = self.proxy.as_ref().and_then(|proxy| proxy.intercept(&to));
        let Some(through) = through else {
            let straight = self.tcp.call(to);
            return Box::pin(async move { straight.await.map_err(Into::into) });
        };
        let mut tunnel = Tunnel::new(through.uri().clone(), self.to_proxy.clone());
        if let Some(login) = through.basic_auth() {
            tunnel = tunnel.with_auth(login.clone());
        }
        let tunnel = tunnel.call(with_port(to));
        Box::pin(async move { Ok(tunnel.await?) })
    }
}

/// The tunnel takes 443 for what has no port.
fn with_port(to: Uri) -> Uri {
    if to.scheme_str() != Some("http") || to.port().is_some() {
        return to;
    }
    let with = to.host().map(|host| format!("http://{host}:80/"));
    with.and_then(|it| it.parse().ok()).unwrap_or(to)
}
