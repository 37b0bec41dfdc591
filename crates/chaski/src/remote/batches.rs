//! A list handed to a server: uploaded, followed, and its result read back row by row.

use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use chaski_core::Lang;
use http::Method;
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::{Question, Server, ServerError, with_query};
use crate::api::batches::{BatchData, BatchesPage, ResultRow};
use crate::app::batches::{BatchKind, ListClass};
use crate::sheets::{Packed, Row};

/// Largest result that is read, the caller's own columns included.
pub(super) const MOST_RESULT_BYTES: usize = 1024 * 1024 * 1024;

/// Waits before an answer that was lost on the way is asked for again.
const AGAIN_AFTER: [Duration; 3] = [
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
];

/// How often a batch is looked at: first, and at most.
const FIRST_LOOK: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(2);
/// A server that does not answer for so long is given up.
const LOST_AFTER: Duration = Duration::from_mins(2);

/// A batch that is followed: how long to wait before the next look, and since when nothing was heard of it.
pub(crate) struct BatchWatch {
    wait: Duration,
    heard: Instant,
}

impl BatchWatch {
    /// One that begins now.
    pub(crate) fn new() -> BatchWatch {
        BatchWatch {
            wait: FIRST_LOOK,
            heard: Instant::now(),
        }
    }

    /// Waits, and looks at a batch; one that cannot be seen for a while stays as it was.
    pub(crate) async fn look(
        &mut self,
        server: &Server,
        lote: &mut BatchData,
    ) -> Result<(), ServerError> {
        sleep(self.wait).await;
        self.wait = (self.wait * 3 / 2).min(LONGEST_WAIT);
        match server.batch(lote.id).await {
            Ok(now) => {
                *lote = now;
                self.heard = Instant::now();
            }
            Err(error) if error.is_passing() && self.heard.elapsed() < LOST_AFTER => {
                let asked_for = error.retry_after().unwrap_or(LONGEST_WAIT);
                self.wait = asked_for.clamp(LONGEST_WAIT, Duration::from_mins(1));
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

/// A list that is handed over.
pub struct NewList {
    /// What it asks for.
    pub class: ListClass,
    /// Name of the file, without its folder.
    pub name: String,
    /// The file.
    pub bytes: Vec<u8>,
    /// Sheet of the book, where it is not the one that is found.
    pub sheet: Option<String>,
    /// The column: a title, letter or number that names it; of a list with several, those that were named.
    pub column: Option<String>,
    /// Whether a DNI is asked for by the RUC that its owner would have.
    pub dni_as_ruc: bool,
    /// Ask the upstream whatever is known.
    pub force: bool,
    /// Bring the partners up to date with what is learned.
    pub update_partners: bool,
    /// Most calls that it may cost; none for what the server thinks usual.
    pub most: Option<u64>,
}

/// Why there is not a single answer to a batch, or not to all of it, if that is known.
pub(crate) fn failure_of(lote: &BatchData, lang: Lang) -> Option<ServerError> {
    let code = lote.failure_code.as_deref()?;
    let text = if lote.failed_items < lote.total_items {
        lang.pick("no se siguió consultando", "the rest was not asked about")
    } else {
        match BatchKind::from_name(&lote.clase) {
            Some(BatchKind::Vouchers) => lang.pick(
                "ningún comprobante tuvo respuesta",
                "no voucher has an answer",
            ),
            Some(BatchKind::Rates) => {
                lang.pick("ninguna fecha tuvo respuesta", "no date has an answer")
            }
            _ => lang.pick("ningún RUC tuvo respuesta", "no RUC has an answer"),
        }
    };
    let text = format!("{text}: {code}");
    Some(ServerError::of_code(code, &text, None, lang))
}

impl Server {
    /// Hands a list over; it is worked on from then on, whoever waits.
    pub(crate) async fn submit_list(&self, list: NewList) -> Result<BatchData, ServerError> {
        let yes = |it: bool| it.then(|| "true".to_owned());
        let (class, fuente, moneda) = match list.class {
            ListClass::Rucs => (None, None, None),
            ListClass::Vouchers => (Some(BatchKind::Vouchers), None, None),
            ListClass::Rates { fuente, moneda } => {
                (Some(BatchKind::Rates), Some(fuente), Some(moneda))
            }
        };
        let fields = [
            ("clase", class.map(|it| it.as_str().to_owned())),
            ("fuente", fuente.map(|it| it.as_str().to_owned())),
            ("moneda", moneda.map(|it| it.as_str().to_owned())),
            ("hoja", list.sheet),
            ("columna", list.column),
            ("dni", list.dni_as_ruc.then(|| "ruc10".to_owned())),
            ("force_refresh", yes(list.force)),
            ("update_partners", yes(list.update_partners)),
            ("gastar_hasta", list.most.map(|most| most.to_string())),
        ];
        self.hand_list_over(&fields, &list.name, &list.bytes).await
    }

    /// Hands a file over as a list. Where the answer is lost on the way, it is asked for again under the
    /// same idempotency key: the list is handed over once.
    pub(super) async fn hand_list_over(
        &self,
        fields: &[Field],
        name: &str,
        bytes: &[u8],
    ) -> Result<BatchData, ServerError> {
        let once = Uuid::from_u128(fastrand::u128(..)).simple().to_string();
        let (kind, form) = form(fields, name, bytes);
        let hand_over = async || {
            let question = Question::of(Method::POST, "/api/v1/lotes".to_owned());
            let question = question.with_body(kind.as_str(), form.clone()).slow();
            self.ask::<BatchData>(Question {
                once: Some(once.clone()),
                ..question
            })
            .await
        };
        match hand_over().await {
            Err(error) if error.may_have_arrived() => insist(Err(error), hand_over).await,
            answer => answer,
        }
    }

    /// How far a batch is.
    pub(crate) async fn batch(&self, id: Uuid) -> Result<BatchData, ServerError> {
        self.ask(Question::get(format!("/api/v1/lotes/{id}"))).await
    }

    /// A batch that has ended; whoever has waited so long does not give up over a moment.
    pub(crate) async fn ended_batch(&self, id: Uuid) -> Result<BatchData, ServerError> {
        let ask = async || self.batch(id).await;
        insist(ask().await, ask).await
    }

    /// The newest batch of the same list that is unfinished, or whose result may not have been fetched.
    pub(crate) async fn unfinished_batch(
        &self,
        hash: &[u8; 32],
        now: Timestamp,
    ) -> Result<Option<BatchData>, ServerError> {
        let fingerprint = blake3::Hash::from_bytes(*hash).to_hex();
        let mut cursor = None;
        loop {
            let page = [("limit", Some("250".to_owned())), ("cursor", cursor)];
            let target = with_query("/api/v1/lotes", page);
            let told: BatchesPage = self.ask(Question::get(target)).await?;
            let same = |batch: &BatchData| {
                batch.fingerprint == fingerprint.as_str() && batch.is_to_be_taken_up(now)
            };
            if let Some(lote) = told.data.into_iter().find(same) {
                return Ok(Some(lote));
            }
            cursor = told.next_cursor;
            if cursor.is_none() {
                return Ok(None);
            }
        }
    }

    /// Lets a batch go on: `reanudar` one that is paused, `reintentar` one that has ended.
    pub(crate) async fn change_batch(&self, id: Uuid, how: &str) -> Result<BatchData, ServerError> {
        let target = format!("/api/v1/lotes/{id}/{how}");
        self.ask(Question::of(Method::POST, target)).await
    }

    /// The result of a batch, in a format.
    pub(crate) async fn batch_result(&self, id: Uuid, format: &str) -> Result<Bytes, ServerError> {
        let target = format!("/api/v1/lotes/{id}/resultados?format={format}");
        let ask = async || {
            let question = Question::get(target.clone()).slow();
            self.send(Question {
                most_bytes: MOST_RESULT_BYTES,
                ..question
            })
            .await
        };
        insist(ask().await, ask).await
    }

    /// The verdicts of a batch, one for each of these rows.
    pub async fn verdicts<R>(&self, id: Uuid, rows: &Packed<Row>) -> Result<Packed<R>, ServerError>
    where
        R: Clone + Serialize + DeserializeOwned,
    {
        let body = self.batch_result(id, "ndjson").await?;
        let mut verdicts = Packed::default();
        let mut lines = body.split(|byte| *byte == b'\n');
        for row in rows.iter() {
            let line = lines.next().unwrap_or_default();
            let told: ResultRow<R> =
                serde_json::from_slice(line).map_err(|_| self.unreadable(line))?;
            if told.fila != row.number {
                return Err(ServerError::OtherRows);
            }
            verdicts.push(told.verdict);
        }
        if lines.any(|line| !line.is_empty()) {
            return Err(ServerError::OtherRows);
        }
        Ok(verdicts)
    }

    /// A line that is not there is a row that the server did not see.
    fn unreadable(&self, line: &[u8]) -> ServerError {
        if line.is_empty() {
            ServerError::OtherRows
        } else {
            self.not_chaski(None)
        }
    }
}

/// Asks a few times more while the failure may pass.
pub(super) async fn insist<T>(
    mut answer: Result<T, ServerError>,
    ask: impl AsyncFn() -> Result<T, ServerError>,
) -> Result<T, ServerError> {
    for wait in AGAIN_AFTER {
        if !answer.as_ref().is_err_and(ServerError::is_passing) {
            break;
        }
        sleep(wait).await;
        answer = ask().await;
    }
    answer
}

/// A field of a form; one without a value is left out.
pub(super) type Field = (&'static str, Option<String>);

/// A file and the fields beside it as a body, and of which kind that is.
pub(super) fn form(fields: &[Field], name: &str, bytes: &[u8]) -> (String, Bytes) {
    let boundary = format!("chaski-{:032x}", fastrand::u128(..));
    let mut body = BytesMut::with_capacity(bytes.len() + 1024);
    for (name, value) in fields {
        if let Some(value) = value {
            let part = format!(
                "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
            );
            body.put_slice(part.as_bytes());
        }
    }
    let name = file_name(name);
    let part = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"archivo\"; filename=\"{name}\"\r\n\
         Content-Type: application/octet-stream\r\n\r\n"
    );
    body.put_slice(part.as_bytes());
    body.put_slice(bytes);
    body.put_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    let kind = format!("multipart/form-data; boundary={boundary}");
    (kind, body.freeze())
}

/// A name that cannot end its own quotes or line; what people see of it stays.
fn file_name(name: &str) -> String {
    let safe = |c: char| {
        if c.is_control() || matches!(c, '"' | '\\' | '/') {
            '_'
        } else {
            c
        }
    };
    name.chars().take(200).map(safe).collect()
}
