//! What a server keeps: numbers that do not exist, and the record of calls.

use chaski_core::{Ruc, lima_date};
use http::Method;
use jiff::{SignedDuration, Timestamp};

use super::{Question, Server, ServerError, with_query};
use crate::api::calls::{CallData, CallsPage, CallsSearched};
use crate::api::refusals::{ForgetWanted, ForgottenCount, InvalidData, InvalidPage};
use crate::store::{CallFilter, CallRow, RefusalRow};

/// Rows of a page.
const ROWS: u32 = 250;

impl Server {
    /// All the numbers that the registry does not know, newest first.
    pub async fn refusals(&self) -> Result<Vec<RefusalRow>, ServerError> {
        let mut rows = Vec::new();
        let mut cursor = None;
        loop {
            let page = [("limit", Some(ROWS.to_string())), ("cursor", cursor)];
            let target = with_query("/api/v1/ruc/invalidos", page);
            let told: InvalidPage = self.ask(Question::get(target)).await?;
            let page: Option<Vec<_>> = told.data.into_iter().map(InvalidData::row).collect();
            rows.extend(page.ok_or_else(|| self.not_chaski(None))?);
            cursor = told.next_cursor;
            if cursor.is_none() {
                return Ok(rows);
            }
        }
    }

    /// Forgets that a number does not exist, or all of them; says how many there were.
    pub async fn forget(&self, ruc: Option<Ruc>) -> Result<u64, ServerError> {
        let wanted = ForgetWanted {
            todos: ruc.is_none(),
            rucs: ruc.iter().map(|ruc| ruc.as_str().to_owned()).collect(),
        };
        let target = "/api/v1/ruc/invalidos/olvidar".to_owned();
        let question = Question::of(Method::POST, target).with_json(&wanted);
        let told: ForgottenCount = self.ask(question).await?;
        Ok(told.olvidados)
    }

    /// A page of calls, and where the next one begins. The days of the filter are whole ones; its
    /// cursor is not looked at, as that of a server is a text that only the server can read.
    pub async fn calls(
        &self,
        filter: &CallFilter,
        cursor: Option<&str>,
    ) -> Result<(Vec<CallRow>, Option<String>), ServerError> {
        let day = |at: Timestamp| lima_date(at).to_string();
        // The filter ends before midnight; the server counts the last day whole.
        let last = filter
            .until
            .and_then(|until| until.checked_sub(SignedDuration::from_secs(1)).ok());
        let limit = filter.limit.clamp(1, ROWS);
        let (desde, hasta) = (filter.since.map(day), last.map(day));
        let lote = filter.batch;
        // A number travels in the body: addresses are kept in logs.
        let question = if let Some(numero) = &filter.subject {
            let wanted = CallsSearched {
                numero: numero.clone(),
                desde,
                hasta,
                proveedor: filter.provider.clone(),
                operacion: filter.operation.clone(),
                resultado: filter.outcome.clone(),
                quien: filter.asked_by.clone(),
                lote,
                enviadas: filter.only_sent,
                limit: Some(limit),
                cursor: cursor.map(str::to_owned),
            };
            Question::of(Method::POST, "/api/v1/llamadas/buscar".to_owned()).with_json(&wanted)
        } else {
            let wanted = [
                ("desde", desde),
                ("hasta", hasta),
                ("proveedor", filter.provider.clone()),
                ("operacion", filter.operation.clone()),
                ("resultado", filter.outcome.clone()),
                ("quien", filter.asked_by.clone()),
                ("lote", lote.map(|id| id.to_string())),
                ("enviadas", filter.only_sent.then(|| "true".to_owned())),
                ("limit", Some(limit.to_string())),
                ("cursor", cursor.map(str::to_owned)),
            ];
            Question::get(with_query("/api/v1/llamadas", wanted))
        };
        let told: CallsPage = self.ask(question).await?;
        let rows: Option<Vec<CallRow>> = told.data.into_iter().map(CallData::row).collect();
        let rows = rows.ok_or_else(|| self.not_chaski(None))?;
        Ok((rows, told.next_cursor))
    }
}
