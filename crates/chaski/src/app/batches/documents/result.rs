//! What became of each document of a list, with the caller's own columns beside it.

use std::collections::HashMap;
use std::io::Write;

use chaski_client::{DocumentState, Ledger, Lookup, RucQuery, Source};
use chaski_core::invoicing::InvoiceFinding;
use chaski_core::{Lang, Ruc, Severity};
use serde_json::{Value, json};
use uuid::Uuid;

use super::kept::{KeptDocuments, finding_of};
use super::submit::WRONG;
use crate::app::invoices::{CheckedWorkbook, RowOutcome, nubefact_kind};
use crate::app::issuing::{NOT_ASKED, UNFIT, unfit_words};
use crate::app::verdicts::RucOutcome;
use crate::app::{App, AppError};
use crate::sheets::{OutputFormat, SheetError};
use crate::store::{Batch, BatchState, DocumentRow, ItemState, StoreError};

/// The code of a document that was not handed over when its list was stopped.
const CANCELLED: &str = "lote_cancelado";
/// Documents of which memory is asked at once.
const AT_A_TIME: usize = 1_000;

impl App {
    /// A list as it was handed over, with what became of each of its documents up to now.
    pub async fn issued_list(
        &self,
        id: Uuid,
        key_id: Option<Uuid>,
        lang: Lang,
    ) -> Result<CheckedWorkbook, AppError> {
        let batch = self.batch(id, key_id).await?;
        let kept = self.store.batch_input(id).await?;
        let kept = kept.ok_or(StoreError::Corrupt)?;
        // A long list takes its time, which is not that of other requests.
        let read =
            tokio::task::spawn_blocking(move || KeptDocuments::of_bytes(&kept)?.into_checked());
        let mut checked = read.await??;
        let documents = self.documents_of_list(id).await?;
        let states: Vec<Option<ItemState>> = self
            .store
            .item_states(id)
            .await?
            .into_iter()
            .map(|it| it.state)
            .collect();
        let why = self.why_unfit(&checked, &states, lang).await?;
        for (at, state) in states.into_iter().enumerate() {
            let document = match &state {
                Some(ItemState::Said { what }) => match documents.get(&at) {
                    Some(own) => Some(own.clone()),
                    None => self.document_of_text(what).await?,
                },
                _ => documents.get(&at).cloned(),
            };
            let outcome = match (document, state) {
                (Some(document), _) => document.outcome(),
                (None, Some(ItemState::Failed { code })) => {
                    let message = match why.get(&at) {
                        Some(why) => why.clone(),
                        None => words_of(&code, lang),
                    };
                    RowOutcome::set_aside(&code, message)
                }
                (None, _) => waiting(&batch, lang),
            };
            checked.outcomes.insert(at, outcome);
        }
        Ok(checked)
    }

    /// Writes the result of a list of documents and gives back what it wrote to.
    pub(in crate::app::batches) async fn write_issued_list<W: Write + Send + 'static>(
        &self,
        batch: &Batch,
        lang: Lang,
        format: OutputFormat,
        mut out: W,
    ) -> Result<W, AppError> {
        let list = self.issued_list(batch.id, batch.key_id, lang).await?;
        let name = batch.source_name.clone();
        let written = tokio::task::spawn_blocking(move || {
            let bytes = match format {
                OutputFormat::Xlsx => list.to_xlsx(&name, lang)?,
                OutputFormat::Csv => list.to_csv(lang)?,
                OutputFormat::Json => serde_json::to_vec_pretty(&list.result_rows(lang))
                    .map_err(std::io::Error::from)?,
                OutputFormat::Ndjson => {
                    let rows = list.result_rows(lang).into_iter();
                    let mut lines: Vec<String> = rows.map(|it| it.to_string()).collect();
                    lines.push(String::new());
                    lines.join("\n").into()
                }
            };
            out.write_all(&bytes)
                .map_err(|error| SheetError::writing("-".as_ref(), error))?;
            Ok(out)
        });
        written.await?
    }

    async fn document_of_text(&self, id: &str) -> Result<Option<DocumentRow>, AppError> {
        let id: Uuid = id.parse().map_err(|_| StoreError::Corrupt)?;
        Ok(self.store.document(id).await?)
    }

    /// What memory says of the customers that could not be invoiced, by the places of their documents.
    async fn why_unfit(
        &self,
        checked: &CheckedWorkbook,
        states: &[Option<ItemState>],
        lang: Lang,
    ) -> Result<HashMap<usize, String>, AppError> {
        let is_unfit = |it: &Option<ItemState>| matches!(it, Some(ItemState::Failed { code }) if code == UNFIT);
        let unfit = states.iter().enumerate().filter(|(_, it)| is_unfit(it));
        let unfit: Vec<(usize, Ruc)> = unfit
            .filter_map(|(at, _)| {
                let cliente = checked.documents.get(at)?.cliente.as_deref()?;
                Some((at, cliente.parse().ok()?))
            })
            .collect();
        let mut why = HashMap::new();
        for some in unfit.chunks(AT_A_TIME) {
            let keys: Vec<_> = some.iter().map(|(_, ruc)| RucQuery(*ruc).key()).collect();
            for ((at, ruc), memory) in some.iter().zip(self.store.recall(&keys).await?) {
                let known = memory.and_then(|it| RucOutcome::of_memory(*ruc, &it, Source::Memory));
                let words = match &known {
                    Some(RucOutcome::Found { taxpayer, .. }) => unfit_words(Some(taxpayer), lang),
                    Some(RucOutcome::NotFound { .. }) => unfit_words(None, lang),
                    _ => continue,
                };
                why.insert(*at, words);
            }
        }
        Ok(why)
    }
}

impl CheckedWorkbook {
    /// One object for each document: its rows, how it stands, its number, where its PDF is, and what was found.
    pub fn result_rows(&self, lang: Lang) -> Vec<Value> {
        let mut found: HashMap<usize, Vec<Value>> = HashMap::new();
        for it in &self.findings {
            let Some(document) = it.document else {
                continue;
            };
            let finding = &it.finding;
            found.entry(document).or_default().push(json!({
                "severidad": finding.severidad.as_str(),
                "codigo": finding.codigo,
                "campo": finding.campo,
                "celda": it.spot.cell(),
                "mensaje": finding.message(lang),
                "esperado": finding.esperado,
                "accion": finding.action(lang),
            }));
        }
        let documents = self.documents.iter().enumerate();
        documents
            .map(|(at, document)| {
                let outcome = self.outcomes.get(&at).cloned().unwrap_or_default();
                let kind = document.kind.and_then(nubefact_kind);
                json!({
                    "documento": document.key,
                    "filas": document.rows,
                    "estado": outcome.estado(),
                    "tipo": kind.map(chaski_client::NubefactKind::word),
                    "comprobante": outcome.comprobante,
                    "total": document.total.map(|it| format!("{it:.2}")),
                    "enlace_pdf": outcome.enlace_pdf,
                    "code": outcome.code,
                    "mensaje": outcome.message,
                    "hallazgos": found.remove(&at).unwrap_or_default(),
                })
            })
            .collect()
    }

    /// The errors of a list that was refused, each with its place: the document and the field of a list in
    /// JSON, the cell of a workbook.
    pub fn errors_with_places(&self) -> impl Iterator<Item = (String, &InvoiceFinding)> {
        let errors = self.findings.iter();
        let errors = errors.filter(|it| it.finding.severidad == Severity::Error);
        errors.map(|it| {
            let place = match (it.spot.cell(), it.document) {
                (Some(cell), _) => cell,
                (None, Some(at)) => format!("comprobantes[{at}].{}", it.finding.campo),
                (None, None) => format!("fila {}", it.spot.row),
            };
            (place, &it.finding)
        })
    }
}

/// One that was not handed over yet, or will not be.
fn waiting(batch: &Batch, lang: Lang) -> RowOutcome {
    if batch.state == BatchState::Cancelled {
        let words = lang.pick(
            "no se emitió: el lote se canceló antes",
            "not issued: the batch was cancelled before",
        );
        return RowOutcome::set_aside(CANCELLED, words.to_owned());
    }
    RowOutcome {
        state: Some(DocumentState::Queued),
        ..RowOutcome::default()
    }
}

/// Why a document was set aside.
fn words_of(code: &str, lang: Lang) -> String {
    let words = match code {
        WRONG => lang.pick("no se emitió: tiene errores", "not issued: it has errors"),
        UNFIT => lang.pick(
            "no se emitió: no se puede facturar a ese cliente",
            "not issued: that customer cannot be invoiced",
        ),
        NOT_ASKED => lang.pick(
            "no se emitió: no se supo cómo está el cliente; repita después",
            "not issued: how the customer stands is not known; repeat later",
        ),
        "serie_no_disponible" => lang.pick(
            "no se emitió: la serie no es de su llave",
            "not issued: the series is not one of your key",
        ),
        "numero_usado" => lang.pick(
            "no se emitió: ese número ya es de otro comprobante",
            "not issued: that number is another document's",
        ),
        "clave_otro_contenido" | "referencia_usada" => lang.pick(
            "no se emitió: su referencia ya es de otro comprobante",
            "not issued: its referencia is another document's",
        ),
        _ => {
            let finding = finding_of(code, String::new());
            let usual = lang.pick("no se emitió", "not issued");
            return finding.map_or_else(
                || usual.to_owned(),
                |it| format!("{usual}: {}", it.message(lang)),
            );
        }
    };
    words.to_owned()
}
