//! For which companies and series somebody issues, and whose documents they see. What is another's does not
//! exist for them.

use chaski_client::{Ask, JournalDeed};
use chaski_core::Ruc;
use uuid::Uuid;

use crate::app::invoices::{InvoiceError, InvoiceRoom};
use crate::app::issuers::Issuer;
use crate::app::{App, AppError};
use crate::sabotage::{Protection, is_without};
use crate::store::{Company, Cursor, DocumentFilter, DocumentRow, Page, SeriesRow};

/// What somebody may see and issue.
#[derive(Debug, Clone, Default)]
pub struct IssuingRights {
    /// Their company; the house issues for all.
    pub company: Company,
    /// Their series; all where none is named.
    pub series: Vec<String>,
}

impl IssuingRights {
    /// Whether a series is theirs.
    pub fn allow(&self, serie: &str) -> bool {
        self.series.is_empty()
            || is_without(Protection::KeyScope)
            || self.series.iter().any(|it| it.eq_ignore_ascii_case(serie))
    }
}

impl App {
    /// Whether somebody issues for the company of that RUC.
    pub fn is_theirs(&self, ruc: &Ruc, rights: &IssuingRights) -> bool {
        rights.company == Company::HOUSE || self.store.company(ruc) == rights.company
    }

    /// The companies that somebody issues for.
    pub async fn issuers_within(&self, rights: &IssuingRights) -> Result<Vec<Issuer>, AppError> {
        let mut issuers = self.issuers().await?;
        issuers.retain(|it| self.is_theirs(&it.ruc, rights));
        Ok(issuers)
    }

    /// The room of a company that somebody issues for: the one of that RUC, or the only one.
    pub async fn room_within(
        &self,
        wanted: Option<&Ruc>,
        rights: &IssuingRights,
        ask: &Ask,
    ) -> Result<InvoiceRoom<'_>, AppError> {
        if rights.company == Company::HOUSE {
            return self.invoice_room(wanted, ask).await;
        }
        let issuers = self.issuers_within(rights).await?;
        let own = issuers.first().map(|it| it.ruc);
        if let Some(own) = own.filter(|own| wanted.is_none_or(|it| it == own)) {
            return self.invoice_room(Some(&own), ask).await;
        }
        let own = own.iter().map(|it| it.as_str().to_owned()).collect();
        Err(InvoiceError::UnknownIssuer(own).into())
    }

    /// The room of the company that a document is of.
    pub async fn room_of_document(
        &self,
        document: &DocumentRow,
        ask: &Ask,
    ) -> Result<InvoiceRoom<'_>, AppError> {
        let ruc: Option<Ruc> = document.series.issuer.parse().ok();
        self.invoice_room(ruc.as_ref(), ask).await
    }

    /// A document that somebody may see.
    pub async fn document_within(
        &self,
        id: Uuid,
        rights: &IssuingRights,
    ) -> Result<Option<DocumentRow>, AppError> {
        let document = self.store.document(id).await?;
        Ok(document.filter(|it| it.deed == JournalDeed::Issue && self.may_see(it, rights)))
    }

    fn may_see(&self, document: &DocumentRow, rights: &IssuingRights) -> bool {
        let ruc = document.series.issuer.parse::<Ruc>();
        let of_company = ruc.is_ok_and(|ruc| self.is_theirs(&ruc, rights));
        (of_company || is_without(Protection::Tenant)) && rights.allow(&document.series.serie)
    }

    /// The series that somebody sees.
    pub async fn series_within(&self, rights: &IssuingRights) -> Result<Vec<SeriesRow>, AppError> {
        let issuers = self.issuers_within(rights).await?;
        for issuer in &issuers {
            // What a new folder begins with is opened by its room.
            self.invoice_room(Some(&issuer.ruc), &Ask::default())
                .await?;
        }
        let mut rows = self.store.document_series().await?;
        rows.retain(|it| {
            let name = &it.count.series;
            let theirs = issuers.iter().any(|it| it.ruc.as_str() == name.issuer);
            theirs && rights.allow(&name.serie)
        });
        Ok(rows)
    }

    /// A page of the documents that somebody may see, newest first. A customer is found among those of one
    /// company.
    pub async fn documents_within(
        &self,
        mut filter: DocumentFilter,
        rights: &IssuingRights,
        limit: u32,
        cursor: Option<Cursor>,
    ) -> Result<Page<DocumentRow>, AppError> {
        let of_one = filter.customer.is_some() || rights.company != Company::HOUSE;
        if of_one {
            let issuers = self.issuers_within(rights).await?;
            let own = issuers.iter().map(|it| it.ruc.as_str().to_owned());
            let mut own: Vec<String> = own.collect();
            if let Some(wanted) = &filter.issuers {
                own.retain(|it| wanted.contains(it));
            }
            if own.len() > 1 {
                return Err(InvoiceError::SeveralIssuers(own).into());
            }
            filter.issuers = Some(own);
        }
        filter.among_series.clone_from(&rights.series);
        Ok(self.store.documents(&filter, limit, cursor).await?)
    }
}
