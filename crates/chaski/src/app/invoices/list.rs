//! What was issued, by state, series and day.

use chaski_client::{DocumentState, NubefactKind};
use jiff::civil::Date;

use super::InvoiceRoom;
use crate::app::AppError;
use crate::store::{DocumentFilter, DocumentRow};

/// Which documents are wanted.
#[derive(Debug, Clone, Default)]
pub struct InvoiceFilter {
    /// State.
    pub estado: Option<DocumentState>,
    /// Series.
    pub serie: Option<String>,
    /// Kind.
    pub kind: Option<NubefactKind>,
    /// First day of issue.
    pub desde: Option<Date>,
    /// Last day of issue.
    pub hasta: Option<Date>,
    /// Most documents, the newest.
    pub limit: u32,
}

/// Documents of a page.
const ROWS: u32 = 250;

impl InvoiceRoom<'_> {
    /// The newest documents that are wanted, newest first, page by page; nobody is asked.
    pub async fn list_invoices(
        &self,
        filter: &InvoiceFilter,
    ) -> Result<Vec<DocumentRow>, AppError> {
        let wanted = DocumentFilter {
            issuers: Some(vec![self.issuer.ruc.as_str().to_owned()]),
            state: filter.estado,
            serie: filter.serie.as_deref().map(str::to_ascii_uppercase),
            kind: filter.kind,
            desde: filter.desde,
            hasta: filter.hasta,
            ..DocumentFilter::default()
        };
        let (mut rows, mut cursor) = (Vec::new(), None);
        loop {
            let left = filter
                .limit
                .saturating_sub(u32::try_from(rows.len()).unwrap_or(u32::MAX));
            if left == 0 {
                return Ok(rows);
            }
            let page = self.app.store.documents(&wanted, left.min(ROWS), cursor);
            let page = page.await?;
            rows.extend(page.rows);
            cursor = page.next;
            if cursor.is_none() {
                return Ok(rows);
            }
        }
    }
}
