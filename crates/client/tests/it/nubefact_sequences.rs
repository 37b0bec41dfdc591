//! Losses are enumerated, not sampled: every sequence of what can happen to a request, up to a length, ends
//! with one document, the same bytes under its number, and no hole.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use chaski_client::{
    Clock, IssueSettled, Nubefact, NubefactKind, NubefactReply, Transport, TransportError,
};
use futures_util::future::BoxFuture;
use http::{Request, Response};

use crate::kit::{TOKEN, paused, start};
use crate::nubefact_kit::{RUTA, factura};

/// What happens to one request, whatever it asks for.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Happens {
    Well,
    /// Not a byte leaves.
    Unreachable,
    /// It is lost on the way.
    RequestLost,
    /// It is worked on, and the connection breaks.
    AnswerLost,
    /// It is worked on, and a gateway answers.
    BadGateway,
    /// It is worked on, and half of the answer comes.
    Truncated,
    /// It is not worked on: the account is suspended.
    Suspended,
    /// It is worked on when the client has long gone.
    Late,
}

const ALL: [Happens; 8] = [
    Happens::Well,
    Happens::Unreachable,
    Happens::RequestLost,
    Happens::AnswerLost,
    Happens::BadGateway,
    Happens::Truncated,
    Happens::Suspended,
    Happens::Late,
];

/// A Nubefact that knows one rule: a name is a document once.
#[derive(Default)]
struct Desk {
    happens: Mutex<VecDeque<Happens>>,
    documents: Mutex<BTreeMap<String, Bytes>>,
    /// Every body that arrived to be issued, by name.
    arrived: Mutex<BTreeMap<String, Vec<Bytes>>>,
    late: Mutex<Vec<Bytes>>,
}

impl Desk {
    fn work(&self, body: &Bytes) -> (u16, String) {
        let request = NubefactReply::from_json(body).unwrap();
        let name = format!("{}-{}", request.serie().unwrap(), request.numero().unwrap());
        let mut documents = self.documents.lock().unwrap();
        if request.text("operacion").unwrap().starts_with("generar") {
            let mut arrived = self.arrived.lock().unwrap();
            arrived.entry(name.clone()).or_default().push(body.clone());
            if documents.contains_key(&name) {
                return (400, r#"{"errors":"ya existe","codigo":23}"#.to_owned());
            }
            documents.insert(name.clone(), body.clone());
        }
        match documents.get(&name) {
            None => (400, r#"{"errors":"no existe","codigo":24}"#.to_owned()),
            Some(body) => (200, told(body)),
        }
    }
}

fn told(body: &[u8]) -> String {
    let request = NubefactReply::from_json(body).unwrap();
    let text = |name: &str| request.text(name).unwrap();
    let numero = request.numero().unwrap();
    let qr = format!(
        "20600695771 | 01 | {} | {numero:06} | {} | {} | 28/01/2026 | {} | {} | h= |",
        text("serie"),
        text("total_igv"),
        text("total"),
        text("cliente_tipo_de_documento"),
        text("cliente_numero_de_documento"),
    );
    serde_json::json!({ "tipo_de_comprobante": 1, "serie": text("serie"), "numero": numero,
        "aceptada_por_sunat": true, "cadena_para_codigo_qr": qr })
    .to_string()
}

impl Transport for Desk {
    fn send(
        &self,
        request: Request<Bytes>,
        _: usize,
    ) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>> {
        let happens = self.happens.lock().unwrap().pop_front();
        let body = request.into_body();
        Box::pin(async move {
            let answer = |(status, body): (u16, String)| {
                Ok(Response::builder()
                    .status(status)
                    .body(body.into())
                    .unwrap())
            };
            match happens.unwrap_or(Happens::Well) {
                Happens::Well => answer(self.work(&body)),
                Happens::Unreachable => Err(TransportError::Unreachable),
                Happens::RequestLost => Err(TransportError::Broken),
                Happens::AnswerLost => {
                    self.work(&body);
                    Err(TransportError::Broken)
                }
                Happens::BadGateway => {
                    self.work(&body);
                    answer((502, "<html>".to_owned()))
                }
                Happens::Truncated => {
                    let (status, text) = self.work(&body);
                    answer((status, text[..text.len() / 2].to_owned()))
                }
                Happens::Suspended => answer((401, r#"{"errors":"x","codigo":50}"#.to_owned())),
                Happens::Late => {
                    self.late.lock().unwrap().push(body);
                    std::future::pending().await
                }
            }
        })
    }
}

async fn story(sequence: &[Happens], late_after: usize) {
    let story_name = format!("{sequence:?}, late after {late_after}");
    let desk = Arc::new(Desk {
        happens: Mutex::new(sequence.iter().copied().collect()),
        ..Desk::default()
    });
    let nubefact = Nubefact::builder(RUTA, TOKEN)
        .clock(Clock::starting_at(start()))
        .transport(Arc::clone(&desk) as Arc<dyn Transport>)
        .build()
        .unwrap();
    let opened = nubefact.open_series(NubefactKind::Factura, "FFF1", 0);
    opened.await.unwrap();
    let mut settled = None;
    for round in 0..sequence.len() + 3 {
        if round == late_after {
            // What was late arrives, whoever listens.
            for body in std::mem::take(&mut *desk.late.lock().unwrap()) {
                desk.work(&body);
            }
        }
        let now = nubefact.issue(&factura("uno"), "k").await.unwrap();
        let over = now.issued().is_some();
        settled = Some(now);
        if over {
            break;
        }
    }
    let settled: IssueSettled = settled.unwrap();
    let issued = settled
        .issued()
        .unwrap_or_else(|| panic!("{story_name}: {settled:?}"));
    assert_eq!(issued.entry.numero, 1, "{story_name}");
    for body in std::mem::take(&mut *desk.late.lock().unwrap()) {
        desk.work(&body);
    }
    desk.happens.lock().unwrap().clear();
    let next = nubefact.issue(&factura("dos"), "l").await.unwrap();
    assert_eq!(
        next.issued().map(|it| it.entry.numero),
        Some(2),
        "{story_name}"
    );
    let documents = desk.documents.lock().unwrap();
    let names: Vec<&String> = documents.keys().collect();
    assert_eq!(names, ["FFF1-1", "FFF1-2"], "{story_name}");
    for (name, bodies) in &*desk.arrived.lock().unwrap() {
        assert!(
            bodies.iter().all(|it| it == &bodies[0]),
            "{story_name}: {name} had other bytes"
        );
    }
}

#[test]
fn every_sequence_ends_with_one_document() {
    let mut sequences: Vec<Vec<Happens>> = vec![Vec::new()];
    let mut told = 0;
    for _ in 0..4 {
        let longer = sequences
            .iter()
            .flat_map(|begun| ALL.map(|next| [begun.as_slice(), &[next]].concat()));
        sequences = longer.collect();
        // One runtime for all of a length: making one costs more than a story.
        paused(async {
            for sequence in &sequences {
                let may_be_late = sequence.contains(&Happens::Late);
                for late_after in if may_be_late { 1..4 } else { 9..10 } {
                    story(sequence, late_after).await;
                    told += 1;
                }
            }
        });
    }
    assert!(told > 6_000, "{told} stories: too few");
}
