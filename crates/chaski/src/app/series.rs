//! Series and their numbers: opening one where another system issued before.

use chaski_client::{NubefactId, NubefactKind, SeriesName};

use super::AppError;
use super::invoices::{InvoiceError, InvoiceRoom, full_name, kind_of_serie};

impl InvoiceRoom<'_> {
    /// Opens a series whose last number used is `last`: that one must exist, unless it is 0, and the next
    /// one must not. A count never goes down; answers what it is now.
    pub async fn open_series_at(
        &self,
        kind: NubefactKind,
        serie: &str,
        last: u32,
    ) -> Result<u32, AppError> {
        let next = NubefactId::new(kind, serie, last.saturating_add(1))?;
        if last > 0 {
            let id = NubefactId::new(kind, serie, last)?;
            if !self.exists(&id).await? {
                return Err(InvoiceError::LastAbsent(full_name(&id)).into());
            }
        }
        if self.exists(&next).await? {
            return Err(InvoiceError::NextExists(full_name(&next)).into());
        }
        let opened = self.nubefact.open_series(kind, serie, last).await;
        Ok(opened.map_err(InvoiceError::from)?)
    }

    /// Whether the documents of a series go one after the other; false where it is not open.
    pub async fn set_series_in_order(
        &self,
        kind: NubefactKind,
        serie: &str,
        in_order: bool,
    ) -> Result<bool, AppError> {
        let name = SeriesName::new(self.issuer.ruc.as_str(), kind, serie);
        let changed = self.app.store.set_in_order(&name, in_order).await?;
        self.app.documents_moved();
        Ok(changed)
    }

    /// The series that are to be walked: all that are open, or the named one in every kind that it is open
    /// for.
    pub async fn series_to_walk(
        &self,
        serie: Option<&str>,
        kind: Option<NubefactKind>,
    ) -> Result<Vec<SeriesName>, AppError> {
        let issuer = self.issuer.ruc.as_str();
        let open = self.series().await?.into_iter().map(|it| it.series);
        let Some(serie) = serie.map(|it| it.trim().to_uppercase()) else {
            return Ok(open.collect());
        };
        if let Some(kind) = kind {
            return Ok(vec![SeriesName::new(issuer, kind, &serie)]);
        }
        let named: Vec<SeriesName> = open.filter(|it| it.serie.as_str() == serie).collect();
        if !named.is_empty() {
            return Ok(named);
        }
        let kind = kind_of_serie(&serie).ok_or(InvoiceError::SeriesKind)?;
        Ok(vec![SeriesName::new(issuer, kind, &serie)])
    }

    async fn exists(&self, id: &NubefactId) -> Result<bool, AppError> {
        let found = self.nubefact.consult(id).await;
        Ok(found.map_err(InvoiceError::from)?.is_some())
    }
}
