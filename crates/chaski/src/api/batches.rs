//! Batches: lists that are looked up in the background.

use chaski_client::DocumentState;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::checked_list::ListedDocumentData;
use super::reply::lima;
use crate::app::App;
use crate::app::batches::BatchKind;
use crate::app::invoices::{CheckedRows, RowOutcome};
use crate::store::Batch;

/// For how long the result of a batch may not have been fetched by who waited for it.
const NOT_FETCHED_YET: SignedDuration = SignedDuration::from_hours(24);

/// A list of numbers to look up.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = LoteWanted)]
pub(crate) struct BatchWanted {
    /// RUCs as people type them; wrong ones are told in the result.
    #[schema(min_items = 1, max_items = 70_000, example = json!(["20100070970", "20131312955"]))]
    pub(crate) rucs: Vec<String>,
    /// What the list is called in lists of batches.
    pub(crate) nombre: Option<String>,
    /// `LOW`, `NORMAL` (usual), `HIGH` or `CRITICAL`.
    pub(crate) prioridad: Option<String>,
    /// Ask the upstream whatever memory knows.
    #[serde(default)]
    pub(crate) force_refresh: bool,
    /// Bring the partners of these numbers up to date.
    #[serde(default)]
    pub(crate) update_partners: bool,
    /// Most calls that the list may cost; without it, one for each 100 numbers and a reserve of a
    /// tenth of them, at least 10. What is left over then ends as `tope_de_gasto`.
    pub(crate) gastar_hasta: Option<u64>,
}

/// A list of documents to issue.
#[derive(Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = LoteDeComprobantes)]
pub(crate) struct DocumentsWanted {
    /// Documents in the simple form or in Nubefact's own JSON. Beside its own fields each may have
    /// `documento`, its name in the list, and `referencia`, the caller's own name for the sale.
    #[serde(default)]
    #[schema(value_type = Vec<Object>, min_items = 1, example = json!([{
        "documento": "P-001", "tipo": "boleta",
        "cliente": { "tipo": "1", "numero": "00000001", "nombre": "CLIENTE DE PRUEBA" },
        "precios_con_igv": true,
        "items": [{ "descripcion": "SERVICIO", "unidad": "ZZ", "cantidad": 1, "precio": "118.00" }]
    }]))]
    pub(crate) comprobantes: Vec<serde_json::Value>,
    /// What the list is called in lists of batches.
    pub(crate) nombre: Option<String>,
    /// RUC of who issues, where there are several.
    pub(crate) empresa: Option<String>,
    /// Issue what is right and set the rest aside; without it, all or nothing.
    #[serde(default)]
    pub(crate) solo_buenos: bool,
    /// Look every customer's RUC up first, and set aside what is of those that are not ACTIVO and HABIDO.
    #[serde(default)]
    pub(crate) clientes: bool,
    /// The period, such as `2026-11`: the same list is issued once in each.
    #[schema(max_length = 20)]
    pub(crate) periodo: Option<String>,
    /// `LOW`, `NORMAL` (usual), `HIGH` or `CRITICAL`.
    pub(crate) prioridad: Option<String>,
    /// Most calls that the look-ups of customers may cost.
    pub(crate) gastar_hasta: Option<u64>,
}

/// A list to look up, or one to issue.
#[derive(Deserialize, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "describes what is read in two ways")]
#[schema(as = LoteBody)]
pub(crate) enum BatchBody {
    Rucs(BatchWanted),
    Documents(DocumentsWanted),
}

/// A list as a form, with a file.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes a form that is read by hand")]
#[schema(as = LoteForm)]
pub(crate) struct BatchForm {
    /// An xlsx, ods or csv.
    #[schema(value_type = String, format = Binary)]
    pub(crate) archivo: Vec<u8>,
    /// What the list is: `ruc`, numbers to look up; `cpe`, vouchers to ask about; `tipo_cambio`, dates whose
    /// rates are wanted; `comprobantes`, documents to issue.
    pub(crate) clase: Option<String>,
    /// Title or letter of the column with the numbers, or with the dates; of vouchers several parts may be
    /// named, as `monto=Y,fecha=E`.
    pub(crate) columna: Option<String>,
    /// Who publishes the rates: `sunat` (usual) or `sbs`.
    pub(crate) fuente: Option<String>,
    /// Of what: `USD` (usual) or `EUR`.
    pub(crate) moneda: Option<String>,
    /// `LOW`, `NORMAL` (usual), `HIGH` or `CRITICAL`.
    pub(crate) prioridad: Option<String>,
    /// Ask the upstream whatever memory knows.
    pub(crate) force_refresh: Option<bool>,
    /// Bring the partners of these numbers up to date.
    pub(crate) update_partners: Option<bool>,
    /// Most calls that the list may cost; without it, one for each 100 numbers and a reserve of a
    /// tenth of them, at least 10. What is left over then ends as `tope_de_gasto`.
    pub(crate) gastar_hasta: Option<u64>,
    /// RUC of who issues, where there are several.
    pub(crate) empresa: Option<String>,
    /// Issue what is right and set the rest aside; without it, all or nothing.
    pub(crate) solo_buenos: Option<bool>,
    /// Look every customer's RUC up first, and set aside what is of those that are not ACTIVO and HABIDO.
    pub(crate) clientes: Option<bool>,
    /// The period, such as `2026-11`: the same list is issued once in each.
    pub(crate) periodo: Option<String>,
}

/// A batch and how far it is.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = LoteData)]
pub(crate) struct BatchData {
    /// Its identifier.
    pub(crate) id: Uuid,
    /// `real` or `sandbox` (invented data).
    pub(crate) mode: String,
    /// What the list is called.
    pub(crate) nombre: String,
    /// `ruc`: numbers that are looked up; `cpe`: vouchers that are asked about; `tipo_cambio`: rates of
    /// dates; `comprobantes`: documents that are issued.
    #[serde(default = "of_before")]
    pub(crate) clase: String,
    /// `PENDING`, `PROCESSING`, `PARTIAL`, `COMPLETED`, `FAILED` or `CANCELLED`.
    pub(crate) status: String,
    /// Whether it is stopped for now.
    pub(crate) paused: bool,
    /// `LOW`, `NORMAL`, `HIGH` or `CRITICAL`.
    pub(crate) priority: String,
    /// Rows of the list, repeated and wrong ones included.
    pub(crate) total_rows: u32,
    /// Distinct numbers.
    pub(crate) total_items: u32,
    /// Numbers that are done, with or without an answer.
    pub(crate) processed_items: u32,
    /// Numbers that got an answer.
    pub(crate) successful_items: u32,
    /// Numbers that got none.
    pub(crate) failed_items: u32,
    /// `processed_items` of `total_items`, 0 to 100.
    pub(crate) progress_percentage: f64,
    /// `successful_items` of `processed_items`, 0 to 100.
    pub(crate) success_rate: f64,
    /// From start to end, or until now; null before it starts.
    pub(crate) duration_seconds: Option<f64>,
    /// Numbers that memory answered.
    pub(crate) cache_hits: u32,
    /// Calls sent for it.
    pub(crate) api_calls: u32,
    /// Who asked, such as `cli` or `llave:0f3a9c1b2d4e`.
    pub(crate) requested_by: String,
    /// When it was handed in, Lima time.
    pub(crate) created_at: String,
    /// When the work on it began, Lima time.
    pub(crate) started_at: Option<String>,
    /// When it ended, Lima time.
    pub(crate) completed_at: Option<String>,
    /// What tells its list from others, 64 hexadecimal digits: the same file read by the same
    /// column has the same.
    pub(crate) fingerprint: String,
    /// Why there is not a single answer, once it has ended; only where one batch is asked for.
    pub(crate) failure_code: Option<String>,
    /// When it goes on, of a list of documents that waits for an account or for a connection; only where one
    /// batch is asked for.
    #[serde(default)]
    pub(crate) resumes_at: Option<String>,
}

impl BatchData {
    pub(crate) fn of(app: &App, batch: &Batch) -> BatchData {
        let duration = batch.duration(app.clock.now());
        BatchData {
            id: batch.id,
            mode: app.mode.as_str().into(),
            nombre: batch.source_name.clone(),
            clase: batch.kind().as_str().into(),
            status: batch.state.as_str().into(),
            paused: batch.paused,
            priority: batch.priority.as_str().into(),
            total_rows: batch.total_rows,
            total_items: batch.unique,
            processed_items: batch.processed(),
            successful_items: batch.successful(),
            failed_items: batch.failed,
            progress_percentage: batch.progress_percentage(),
            success_rate: batch.success_rate(),
            duration_seconds: duration.map(|it| it.as_secs_f64()),
            cache_hits: batch.cache_hits,
            api_calls: batch.calls,
            requested_by: batch.asked_by.clone(),
            created_at: lima(batch.created_at),
            started_at: batch.started_at.map(lima),
            completed_at: batch.finished_at.map(lima),
            fingerprint: fingerprint(&batch.source_hash),
            failure_code: None,
            resumes_at: None,
        }
    }

    /// Numbers without an answer.
    pub(crate) fn without_answer(&self) -> u32 {
        self.total_items.saturating_sub(self.processed_items) + self.failed_items
    }

    /// Whether `--reanudar` means it: it can go on, or it is whole since a short time, so that whoever
    /// waited for its result may not have it.
    pub(crate) fn is_to_be_taken_up(&self, now: Timestamp) -> bool {
        let ended: Option<Timestamp> = self.completed_at.as_deref().and_then(|it| it.parse().ok());
        let is_new = || ended.is_none_or(|at| now.duration_since(at) <= NOT_FETCHED_YET);
        self.status != "CANCELLED" && (self.without_answer() > 0 || is_new())
    }

    /// Nothing more will come by itself.
    pub(crate) fn has_ended(&self) -> bool {
        !matches!(&*self.status, "PENDING" | "PROCESSING")
    }
}

/// The kind of a batch of a server that knows one.
fn of_before() -> String {
    BatchKind::Ruc.as_str().to_owned()
}

fn fingerprint(hash: &[u8]) -> String {
    blake3::Hash::from_slice(hash).map_or_else(|_| String::new(), |it| it.to_hex().to_string())
}

/// A page of batches, newest first.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = LotesPage)]
pub(crate) struct BatchesPage {
    /// What was found, in that order.
    pub(crate) data: Vec<BatchData>,
    /// `cursor` of the next page; null on the last one.
    pub(crate) next_cursor: Option<String>,
    /// `real` or `sandbox` (invented data).
    pub(crate) mode: String,
}

/// An event of a batch.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what is streamed")]
#[schema(as = LoteEvent)]
pub(crate) struct BatchEvent {
    /// `progreso`, or `fin` for the last one.
    pub(crate) event: String,
    /// The batch, as JSON.
    pub(crate) data: String,
}

/// What became of a document of a list.
#[derive(Serialize, Deserialize)]
pub(crate) struct IssuedRowData {
    /// The caller's name for it.
    pub(crate) documento: String,
    /// How it stands; `APARTADO` if it was not sent.
    pub(crate) estado: String,
    /// Kind, series and number.
    pub(crate) comprobante: Option<String>,
    /// With two decimals.
    pub(crate) total: Option<String>,
    pub(crate) enlace_pdf: Option<String>,
    /// The stable code of why it does not stand.
    pub(crate) code: Option<String>,
    /// The same in words.
    pub(crate) mensaje: Option<String>,
}

impl IssuedRowData {
    /// One of a list, with what became of it.
    pub(crate) fn of(row: &CheckedRows, outcome: RowOutcome) -> IssuedRowData {
        IssuedRowData {
            documento: row.key.clone(),
            estado: outcome.estado().into(),
            comprobante: outcome.comprobante,
            total: row.total.map(|it| format!("{it:.2}")),
            enlace_pdf: outcome.enlace_pdf,
            code: outcome.code,
            mensaje: outcome.message,
        }
    }

    /// One that was not sent, because its list was refused.
    pub(crate) fn unsent(document: &ListedDocumentData) -> IssuedRowData {
        IssuedRowData {
            documento: document.documento.clone(),
            estado: RowOutcome::default().estado().into(),
            comprobante: None,
            total: document.total.clone(),
            enlace_pdf: None,
            code: None,
            mensaje: None,
        }
    }

    /// How it stands, without what is said of it.
    pub(crate) fn outcome(&self) -> RowOutcome {
        RowOutcome {
            state: DocumentState::from_name(&self.estado),
            ..RowOutcome::default()
        }
    }
}

/// One row of the result of a batch, among the caller's own columns.
#[derive(Deserialize)]
pub(crate) struct ResultRow<R> {
    pub(crate) fila: u32,
    #[serde(flatten)]
    pub(crate) verdict: R,
}
