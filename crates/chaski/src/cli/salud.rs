//! `chaski salud`: is the server ready? One line and an exit code, for health checks.

use std::time::Duration;

use super::Done;
use super::kit::needed::Needed;
use crate::app::health::{Readiness, health_of};

/// A server that takes longer than this to say that it is well, is not.
const PATIENCE: Duration = Duration::from_secs(3);

pub(super) async fn salud(needed: &Needed, url: &str) -> Done {
    let lang = needed.lang();
    let health = health_of(url, needed.timeout.unwrap_or(PATIENCE)).await?;
    let (text, code) = match health {
        Readiness::Ready => (lang.pick("listo", "ready").to_owned(), 0),
        Readiness::NotReady(status) => (
            lang.pick(
                format!("no está listo: {url} responde HTTP {status}"),
                format!("not ready: {url} answers HTTP {status}"),
            ),
            5,
        ),
        Readiness::Silent => (
            lang.pick(format!("no responde: {url}"), format!("no answer: {url}")),
            5,
        ),
    };
    needed.write(format!("{text}\n").as_bytes())?;
    Ok(code)
}
