//! What a server keeps: numbers that do not exist, and the record of calls.

use chaski_core::{Ruc, lima_date};
use http::Method;
use jiff::{SignedDuration, Timestamp};

use super::answers::{AllForgotten, CallData, Forgotten, InvalidData, List};
use super::{Question, Server, ServerError, with_query};
use crate::store::{CallFilter, CallRow, Page, RefusalRow};

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
            let told: List<InvalidData> = self.ask(Question::get(target)).await?;
            rows.extend(told.data.into_iter().map(InvalidData::row));
            cursor = told.next_cursor;
            if cursor.is_none() {
                return Ok(rows);
            }
        }
    }

    /// Forgets that a number does not exist; says how many there were.
    pub async fn forget(&self, ruc: Ruc) -> Result<u64, ServerError> {
        let target = format!("/api/v1/ruc/invalidos/{}", ruc.as_str());
        let told: Forgotten = self.ask(Question::of(Method::DELETE, target)).await?;
        Ok(u64::from(told.estaba))
    }

    /// Forgets all of them; says how many there were.
    pub async fn forget_all(&self) -> Result<u64, ServerError> {
        let target = "/api/v1/ruc/invalidos".to_owned();
        let told: AllForgotten = self.ask(Question::of(Method::DELETE, target)).await?;
        Ok(told.olvidados)
    }

    /// A page of calls. The days of the filter are whole ones.
    pub async fn calls(&self, filter: &CallFilter) -> Result<Page<CallRow>, ServerError> {
        let day = |at: Timestamp| lima_date(at).to_string();
        // The filter ends before midnight; the server counts the last day whole.
        let last = filter
            .until
            .and_then(|until| until.checked_sub(SignedDuration::from_secs(1)).ok());
        let wanted = [
            ("desde", filter.since.map(day)),
            ("hasta", last.map(day)),
            ("proveedor", filter.provider.clone()),
            ("operacion", filter.operation.clone()),
            ("resultado", filter.outcome.clone()),
            ("quien", filter.asked_by.clone()),
            ("lote", filter.batch.map(|id| id.to_string())),
            ("numero", filter.subject.clone()),
            ("enviadas", filter.only_sent.then(|| "true".to_owned())),
            ("limit", Some(filter.limit.clamp(1, ROWS).to_string())),
            ("cursor", filter.cursor.map(|it| it.to_string())),
        ];
        let target = with_query("/api/v1/llamadas", wanted);
        let told: List<CallData> = self.ask(Question::get(target)).await?;
        let rows: Option<Vec<CallRow>> = told.data.into_iter().map(CallData::row).collect();
        let next = told.next_cursor.map(|text| text.parse()).transpose();
        match (rows, next) {
            (Some(rows), Ok(next)) => Ok(Page { rows, next }),
            _ => Err(self.not_chaski(None)),
        }
    }
}
