//! The companies that issue: where each is at Nubefact, and with which token. All of it is sealed but
//! the mark of the company, by which it is found.

use chaski_core::Ruc;
use jiff::Timestamp;
use serde::Deserialize;

use crate::store::error::StoreError;
use crate::store::handle::Store;
use crate::store::seal::{Keys, Place};
use crate::store::sql::{Conn, query, query_as};
use crate::store::tables::companies::Company;

/// What of the sealed text says whose it is.
#[derive(Deserialize)]
struct WhoIssues {
    ruc: String,
}

impl Store {
    /// What was kept of each issuer, oldest first: JSON with its `ruc`.
    pub async fn issuers(&self) -> Result<Vec<Vec<u8>>, StoreError> {
        let mut reader = self.db.read().await?;
        let rows: Vec<(Vec<u8>, Vec<u8>)> =
            query_as("SELECT company, sealed FROM issuers ORDER BY created_at, company")
                .fetch_all(&mut reader)
                .await?;
        let open = |(company, sealed): (Vec<u8>, Vec<u8>)| {
            let plain = self.db.keys.open(&Place::Issuer(&company), &sealed);
            plain.ok_or(StoreError::Corrupt)
        };
        rows.into_iter().map(open).collect()
    }

    /// Keeps an issuer, in the place of what was kept of it before; durable when this returns.
    pub async fn put_issuer(
        &self,
        ruc: &Ruc,
        profile: &[u8],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let company = Company::of_ruc(&self.db.keys, ruc);
        let sealed = self.db.keys.seal(&Place::Issuer(company.bytes()), profile)?;
        self.db
            .write(move |connection| {
                Box::pin(async move {
                    query(
                        "INSERT INTO issuers (company, sealed, created_at) VALUES ($1, $2, $3) \
                         ON CONFLICT (company) DO UPDATE SET sealed = excluded.sealed",
                    )
                    .bind(company.bytes())
                    .bind(sealed.as_slice())
                    .bind(now.as_microsecond())
                    .execute(connection)
                    .await?;
                    Ok(())
                })
            })
            .await
    }
}

/// Seals everything again with another key, of which the marks of persons are made too.
pub(in crate::store) async fn seal_again(
    connection: &mut Conn,
    old: &Keys,
    new: &Keys,
) -> Result<(), StoreError> {
    let rows: Vec<(Vec<u8>, Vec<u8>)> = query_as("SELECT company, sealed FROM issuers")
        .fetch_all(&mut *connection)
        .await?;
    for (before, sealed) in rows {
        let plain = old.open(&Place::Issuer(&before), &sealed);
        let plain = plain.ok_or(StoreError::Corrupt)?;
        let who: WhoIssues = serde_json::from_slice(&plain).map_err(|_| StoreError::Corrupt)?;
        let ruc: Ruc = who.ruc.parse().map_err(|_| StoreError::Corrupt)?;
        let company = Company::of_ruc(new, &ruc);
        query("UPDATE issuers SET company = $2, sealed = $3 WHERE company = $1")
            .bind(before.as_slice())
            .bind(company.bytes())
            .bind(new.seal(&Place::Issuer(company.bytes()), &plain)?)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}
