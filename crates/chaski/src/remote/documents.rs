//! Documents handed to a server: looked at, handed over once, followed, voided, corrected, and their files.

use std::time::Duration;

use bytes::Bytes;
use chaski_client::FileKind;
use chaski_core::Ruc;
use http::header::CONTENT_DISPOSITION;
use http::{HeaderMap, HeaderName, Method};
use serde::de::DeserializeOwned;
use tokio::time::{Instant, sleep};

use super::batches::insist;
use super::{Question, Server, ServerError, with_query};
use crate::api::checked::CheckedData;
use crate::api::issued::{CorrectionWanted, IssuedData, IssuedPage};
use crate::api::told::{NameWanted, NamedVoidWanted, ToldData};
use crate::app::invoices::{InvoiceFilter, WantedInvoice};

/// The address of all documents.
const ALL: &str = "/api/v1/comprobantes";
/// It is wanted although one like it came just before; whoever types a command has looked at it.
const TWIN_ALLOWED: (HeaderName, &str) =
    (HeaderName::from_static("chaski-allow-duplicate"), "true");
/// How long a document that was handed over is waited for, and how often it is looked at.
const HANDED_OVER: (Duration, Duration) = (Duration::from_mins(2), Duration::from_millis(100));
/// Rows of a page.
const ROWS: u32 = 250;

/// What is wanted of a document besides its content.
pub(crate) struct HandOver<'a> {
    /// What came, as JSON.
    pub(crate) body: Bytes,
    /// The company that issues, where it was said.
    pub(crate) empresa: Option<&'a Ruc>,
    /// The key that it is wanted under.
    pub(crate) key: Option<&'a str>,
}

impl Server {
    /// Everything that is right and wrong of a document.
    pub(crate) async fn check_document(
        &self,
        wanted: HandOver<'_>,
    ) -> Result<CheckedData, ServerError> {
        self.look_at(wanted, [("ensayo", None), ("otra", None)])
            .await
    }

    /// The same, and what handing it over would come to.
    pub(crate) async fn rehearse_document(
        &self,
        wanted: HandOver<'_>,
        another: bool,
    ) -> Result<CheckedData, ServerError> {
        let yes = || Some("true".to_owned());
        let how = [("ensayo", yes()), ("otra", yes().filter(|_| another))];
        self.look_at(wanted, how).await
    }

    async fn look_at(
        &self,
        wanted: HandOver<'_>,
        how: [(&'static str, Option<String>); 2],
    ) -> Result<CheckedData, ServerError> {
        let empresa = [("empresa", wanted.empresa.map(|it| it.as_str().to_owned()))];
        let target = with_query(&format!("{ALL}/validar"), empresa.into_iter().chain(how));
        let question = Question::of(Method::POST, target);
        let question = question.with_body("application/json", wanted.body);
        self.ask(Question {
            once: wanted.key.map(str::to_owned),
            ..question
        })
        .await
    }

    /// Hands a document over under a key; where the answer is lost on the way, it is handed over again under
    /// the same key, which is the same document.
    pub(crate) async fn hand_document_over(
        &self,
        wanted: HandOver<'_>,
    ) -> Result<IssuedData, ServerError> {
        let empresa = [("empresa", wanted.empresa.map(|it| it.as_str().to_owned()))];
        let target = with_query(ALL, empresa);
        let hand_over = async || {
            let question = Question::of(Method::POST, target.clone());
            let question = question.with_body("application/json", wanted.body.clone());
            self.ask::<IssuedData>(Question {
                once: wanted.key.map(str::to_owned),
                header: Some(TWIN_ALLOWED),
                ..question
            })
            .await
        };
        let first = hand_over().await;
        match first {
            Err(error) if error.may_have_arrived() => insist(Err(error), hand_over).await,
            answer => answer,
        }
    }

    /// What the note on a document would be.
    pub(crate) async fn rehearse_correction(
        &self,
        document: &IssuedData,
        wanted: &CorrectionWanted,
    ) -> Result<CheckedData, ServerError> {
        let target = format!("{}/corregir?ensayo=true", document.enlaces.comprobante);
        self.ask(Question::of(Method::POST, target).with_json(wanted))
            .await
    }

    /// Issues the note on a document; the same wish again is the same note.
    pub(crate) async fn correct_document(
        &self,
        document: &IssuedData,
        wanted: &CorrectionWanted,
    ) -> Result<IssuedData, ServerError> {
        let target = format!("{}/corregir", document.enlaces.comprobante);
        self.made(target, Some(wanted), !wanted.otra).await
    }

    /// What a document once more would be.
    pub(crate) async fn rehearse_repetition(
        &self,
        document: &IssuedData,
        fecha: Option<String>,
        another: bool,
    ) -> Result<CheckedData, ServerError> {
        let target = repetition(document, fecha, another, true);
        self.ask(Question::of(Method::POST, target)).await
    }

    /// Issues a document once more; the same wish again is the same document.
    pub(crate) async fn repeat_document(
        &self,
        document: &IssuedData,
        fecha: Option<String>,
        another: bool,
    ) -> Result<IssuedData, ServerError> {
        let target = repetition(document, fecha, another, false);
        self.made(target, None, !another).await
    }

    /// Makes a document out of another; an answer that is lost is asked for again where the same wish is the
    /// same document.
    async fn made(
        &self,
        target: String,
        wanted: Option<&CorrectionWanted>,
        same: bool,
    ) -> Result<IssuedData, ServerError> {
        let make = async || {
            let question = Question::of(Method::POST, target.clone());
            let question = match wanted {
                Some(wanted) => question.with_json(wanted),
                None => question,
            };
            self.ask::<IssuedData>(question).await
        };
        let first = make().await;
        match first {
            Err(error) if same && error.may_have_arrived() => insist(Err(error), make).await,
            answer => answer,
        }
    }

    /// A document that was handed over, once it has left the queue, or as it is after as long as anybody
    /// would wait.
    pub(crate) async fn followed(&self, document: IssuedData) -> Result<IssuedData, ServerError> {
        let until = Instant::now() + HANDED_OVER.0;
        let target = document.enlaces.comprobante;
        loop {
            let ask = async || self.ask::<IssuedData>(Question::get(target.clone())).await;
            let now = insist(ask().await, ask).await?;
            let waits = matches!(now.estado.as_str(), "EN_COLA" | "ENVIANDO");
            if !waits || Instant::now() >= until {
                return Ok(now);
            }
            sleep(HANDED_OVER.1).await;
        }
    }

    /// The document that bears a name, of those that are on record there.
    pub(crate) async fn document_named(
        &self,
        wanted: &WantedInvoice,
        empresa: Option<&Ruc>,
    ) -> Result<IssuedData, ServerError> {
        let place = format!("{ALL}/por-nombre/{}", wanted.name());
        let empresa = [("empresa", empresa.map(|it| it.as_str().to_owned()))];
        self.ask(Question::get(with_query(&place, empresa))).await
    }

    /// How a document stands, asked now.
    pub(crate) async fn consult_document(
        &self,
        wanted: &WantedInvoice,
        empresa: Option<&Ruc>,
    ) -> Result<ToldData, ServerError> {
        let wanted = NameWanted {
            comprobante: wanted.name(),
            empresa: empresa.map(|it| it.as_str().to_owned()),
        };
        let question = Question::of(Method::POST, format!("{ALL}/consultar"));
        self.ask(question.with_json(&wanted).slow()).await
    }

    /// Voids a document, once; the same wish again is the same void.
    pub(crate) async fn void_document(
        &self,
        wanted: &WantedInvoice,
        motivo: &str,
        empresa: Option<&Ruc>,
    ) -> Result<ToldData, ServerError> {
        let wanted = NamedVoidWanted {
            comprobante: wanted.name(),
            motivo: motivo.to_owned(),
            empresa: empresa.map(|it| it.as_str().to_owned()),
        };
        let void = async || {
            let question = Question::of(Method::POST, format!("{ALL}/anular"));
            self.ask::<ToldData>(question.with_json(&wanted).slow())
                .await
        };
        let first = void().await;
        match first {
            Err(error) if error.may_have_arrived() => insist(Err(error), void).await,
            answer => answer,
        }
    }

    /// A file of a document and what it is called; none where there is none yet.
    pub(crate) async fn document_file(
        &self,
        tipo: &str,
        (serie, numero): (&str, u32),
        kind: FileKind,
        empresa: Option<&Ruc>,
    ) -> Result<Option<(Option<String>, Bytes)>, ServerError> {
        let name = match kind {
            FileKind::Pdf => "pdf",
            FileKind::Xml => "xml",
            FileKind::Cdr => "cdr",
        };
        let place = format!("{ALL}/por-numero/{tipo}/{serie}/{numero}/{name}");
        let empresa = [("empresa", empresa.map(|it| it.as_str().to_owned()))];
        let question = Question::get(with_query(&place, empresa)).slow();
        match self.send_whole(question).await {
            Ok((headers, bytes)) => Ok(Some((file_name(&headers), bytes))),
            Err(error) if error.code() == "archivo_todavia_no" => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The newest documents that are wanted, newest first.
    pub(crate) async fn documents(
        &self,
        filter: &InvoiceFilter,
        empresa: Option<&Ruc>,
    ) -> Result<Vec<IssuedData>, ServerError> {
        let (mut rows, mut cursor) = (Vec::new(), None);
        loop {
            let have = u32::try_from(rows.len()).unwrap_or(u32::MAX);
            let left = filter.limit.saturating_sub(have);
            if left == 0 {
                return Ok(rows);
            }
            let wanted = [
                ("empresa", empresa.map(|it| it.as_str().to_owned())),
                ("estado", filter.estado.map(|it| it.as_str().to_owned())),
                ("serie", filter.serie.clone()),
                ("tipo", filter.kind.map(|it| it.word().to_owned())),
                ("desde", filter.desde.map(|it| it.to_string())),
                ("hasta", filter.hasta.map(|it| it.to_string())),
                ("limit", Some(left.min(ROWS).to_string())),
                ("cursor", cursor),
            ];
            let told: IssuedPage = self.ask(Question::get(with_query(ALL, wanted))).await?;
            rows.extend(told.data);
            cursor = told.next_cursor;
            if cursor.is_none() {
                return Ok(rows);
            }
        }
    }

    /// Something small that is read or changed there.
    pub(super) async fn done<T: DeserializeOwned>(
        &self,
        method: Method,
        target: &str,
        wanted: &impl serde::Serialize,
    ) -> Result<T, ServerError> {
        let question = Question::of(method, target.to_owned());
        self.ask(question.with_json(wanted).slow()).await
    }
}

/// The name of a file, if it is one and nothing else: it becomes a name in a folder of the person.
fn file_name(headers: &HeaderMap) -> Option<String> {
    let said = headers.get(CONTENT_DISPOSITION)?.to_str().ok()?;
    let name = said.split("filename=\"").nth(1)?.split('"').next()?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let is_name = !name.is_empty() && !name.starts_with('.') && name.chars().all(plain);
    is_name.then(|| name.to_owned())
}

fn repetition(
    document: &IssuedData,
    fecha: Option<String>,
    another: bool,
    rehearsed: bool,
) -> String {
    let yes = |it: bool| it.then(|| "true".to_owned());
    let place = format!("{}/duplicar", document.enlaces.comprobante);
    let how = [
        ("fecha", fecha),
        ("otra", yes(another)),
        ("ensayo", yes(rehearsed)),
    ];
    with_query(&place, how)
}
