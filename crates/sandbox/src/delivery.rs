//! A request to Nubefact on its way: recognised, delivered once, twice, late or not at all, written
//! down, answered.

use std::time::Duration;

use bytes::Bytes;
use compact_str::CompactString;
use http::Method;
use http::request::Parts;
use tokio::time::Instant;

use crate::cut::Cut;
use crate::fault::{Effect, FaultKind};
use crate::ledger::Entry;
use crate::nubefact::{Arrival, LinkPath, names_an_operation};
use crate::operation::Version;
use crate::reply::Reply;
use crate::request::Encoding;
use crate::sandbox::Sandbox;

impl Sandbox {
    /// The request, if its path is one of Nubefact: a configured name, what looks like a ruta, right or
    /// wrong, or anything to which Nubefact's JSON is posted.
    pub(crate) fn for_nubefact(&self, parts: &Parts, body: &Bytes) -> Option<Arrival> {
        let path = parts.uri.path();
        let ruta = path.strip_suffix('/').unwrap_or(path);
        let ruta = ruta.strip_prefix("/api/v1/")?;
        if parts.method != Method::POST || ruta.is_empty() || ruta.contains('/') {
            return None;
        }
        let looks_like =
            ruta.len() >= 16 && ruta.bytes().all(|b| b == b'-' || b.is_ascii_hexdigit());
        let is_ours = self.nubefact().is_named(ruta) || looks_like || names_an_operation(body);
        is_ours.then(|| Arrival::read(ruta, parts, body.clone()))
    }

    /// The file that a link leads to.
    pub(crate) fn linked_file(&self, parts: &Parts) -> Option<Reply> {
        let path = LinkPath::read(parts.uri.path()).filter(|_| parts.method == Method::GET)?;
        Some(self.nubefact().serve(&path))
    }

    /// What is decided is decided at once, or in a task of its own: a client that leaves changes
    /// nothing.
    pub(crate) async fn reply_of_nubefact(
        &self,
        arrival: Arrival,
        arrived: Instant,
    ) -> Result<(Reply, Option<Duration>), Cut> {
        let struck = self.strike(arrival.operation);
        let (effect, sequence) = match struck {
            Some(FaultKind::Late(span)) => {
                let sandbox = self.clone();
                let late = tokio::spawn(async move {
                    tokio::time::sleep(span).await;
                    sandbox.deliver(&arrival, struck)
                });
                // A task that panicked answers nobody.
                late.await.map_err(|_| Cut::ClosedBeforeAnswer)?
            }
            Some(FaultKind::RefusedThenTaken(span)) => {
                let refused = self.deliver(&arrival, struck);
                let sandbox = self.clone();
                tokio::spawn(async move {
                    tokio::time::sleep(span).await;
                    let _ = sandbox.deliver(&arrival, None);
                });
                refused
            }
            Some(FaultKind::Twice) => {
                let _ = self.deliver(&arrival, struck);
                self.deliver(&arrival, struck)
            }
            _ => self.deliver(&arrival, struck),
        };
        self.leave(effect, sequence, arrived).await
    }

    /// Decided and written down, in both ledgers.
    fn deliver(&self, arrival: &Arrival, struck: Option<FaultKind>) -> (Effect, u64) {
        let effect = self.nubefact().answer(arrival, struck);
        let subjects: Vec<CompactString> = arrival
            .name()
            .map(CompactString::from)
            .into_iter()
            .collect();
        let sequence = self.record(Entry {
            sequence: 0,
            time: self.now(),
            version: Some(Version::V1),
            operation: arrival.operation,
            count: subjects.len(),
            subjects,
            status: match &effect {
                Ok((reply, _)) => Some(reply.status.as_u16()),
                Err(_) => None,
            },
            fault: struck,
            charged: false,
            encoding: if arrival.is_json() {
                Encoding::Json
            } else {
                Encoding::Unreadable
            },
            auth: arrival.auth,
            accept: arrival.accept,
        });
        (effect, sequence)
    }
}
