//! What was issued, by state, series and day.

use chaski_client::{JournalDeed, JournalEntry, NubefactKind};
use chaski_core::invoicing::TaxDocument;
use chaski_core::lima_date;
use jiff::civil::Date;
use rust_decimal::Decimal;

use super::InvoiceRoom;
use super::known::{estado, void_of};
use crate::app::AppError;

/// Which documents are wanted.
#[derive(Debug, Clone, Default)]
pub struct InvoiceFilter {
    /// State, as it is shown.
    pub estado: Option<String>,
    /// Series.
    pub serie: Option<String>,
    /// Kind.
    pub kind: Option<NubefactKind>,
    /// First day of issue.
    pub desde: Option<Date>,
    /// Last day of issue.
    pub hasta: Option<Date>,
    /// Most documents, the newest.
    pub limit: usize,
}

/// A document of a list.
#[derive(Debug, Clone)]
pub struct InvoiceRow {
    /// `FFF1-1`.
    pub comprobante: String,
    /// Its kind.
    pub kind: NubefactKind,
    /// Day of issue.
    pub fecha: Date,
    /// State.
    pub estado: &'static str,
    /// NubeFact's number of its currency.
    pub moneda: Option<u8>,
    /// Total.
    pub total: Option<Decimal>,
    /// The key that it was issued under.
    pub clave: String,
}

impl InvoiceRoom<'_> {
    /// The newest documents that are wanted, newest first. Only the journal is asked.
    pub async fn list_invoices(&self, filter: &InvoiceFilter) -> Result<Vec<InvoiceRow>, AppError> {
        let entries = self.entries().await?;
        let mut rows = Vec::new();
        let issues = entries.iter().filter(|it| it.deed == JournalDeed::Issue);
        for entry in issues.rev() {
            if rows.len() >= filter.limit {
                break;
            }
            let id = entry.document();
            let estado = estado(entry, void_of(&entries, &id));
            let wanted = filter
                .estado
                .as_deref()
                .is_none_or(|it| it.eq_ignore_ascii_case(estado))
                && filter
                    .serie
                    .as_deref()
                    .is_none_or(|it| it.eq_ignore_ascii_case(&id.serie))
                && filter.kind.is_none_or(|it| it == id.kind);
            if !wanted {
                continue;
            }
            let document = self.sent(entry).await?;
            let fecha = document.as_ref().and_then(TaxDocument::fecha);
            let fecha = fecha.unwrap_or_else(|| lima_date(entry.at));
            if filter.desde.is_some_and(|it| fecha < it)
                || filter.hasta.is_some_and(|it| fecha > it)
            {
                continue;
            }
            rows.push(InvoiceRow {
                comprobante: id.to_string(),
                kind: id.kind,
                fecha,
                estado,
                moneda: document.as_ref().and_then(TaxDocument::moneda),
                total: document
                    .as_ref()
                    .and_then(TaxDocument::total)
                    .or_else(|| total_found(entry)),
                clave: entry.key.to_string(),
            });
        }
        Ok(rows)
    }
}

/// The total of a document that was found at Nubefact: its QR code says it in the sixth place.
fn total_found(entry: &JournalEntry) -> Option<Decimal> {
    let qr = entry.reply.as_ref()?.reply().qr()?;
    qr.split('|').nth(5)?.trim().parse().ok()
}
