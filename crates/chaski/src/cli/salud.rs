//! `chaski salud`: is the server ready? One line and an exit code, for health checks.

use std::time::Duration;

use chaski_core::Lang;

use super::Done;
use super::kit::needed::Needed;
use crate::api::health::IssuingData;
use crate::app::health::{Readiness, health_of};

/// A server that takes longer than this to say that it is well, is not.
const PATIENCE: Duration = Duration::from_secs(3);

pub(super) async fn salud(needed: &Needed, url: &str) -> Done {
    let lang = needed.lang();
    let health = health_of(url, needed.timeout.unwrap_or(PATIENCE)).await?;
    let (text, code) = match health {
        Readiness::Ready(issuing) => {
            let ready = lang.pick("listo", "ready").to_owned();
            (
                issuing.map_or(ready.clone(), |it| {
                    format!("{ready}\n{}", issuing_line(&it, lang))
                }),
                0,
            )
        }
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

/// What waits, and why, in one line.
fn issuing_line(issuing: &IssuingData, lang: Lang) -> String {
    let (queued, doubt, pending) = (issuing.en_cola, issuing.en_duda, issuing.pendientes);
    let (near, held) = (issuing.por_vencer, issuing.emisores_retenidos);
    lang.pick(
        format!("comprobantes: en cola, {queued}; en duda, {doubt}; pendientes de SUNAT, {pending}; por vencer, {near}; emisores retenidos, {held}"),
        format!("documents: queued, {queued}; in doubt, {doubt}; without a word of SUNAT, {pending}; near their deadline, {near}; issuers held, {held}"),
    )
}
