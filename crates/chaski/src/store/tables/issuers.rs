//! The companies that issue: where each is at Nubefact, and with which token. All of it is sealed but
//! the mark of the company, by which it is found.

use chaski_core::Ruc;
use jiff::Timestamp;

use crate::store::error::StoreError;
use crate::store::handle::Store;
use crate::store::seal::SealedPlace;
use crate::store::sql::{deed, query};
use crate::store::tables::companies::Company;

impl Store {
    /// What was kept of each issuer, oldest first: JSON with its `ruc`.
    pub async fn issuers(&self) -> Result<Vec<Vec<u8>>, StoreError> {
        let mut reader = self.read().await?;
        let rows: Vec<(Vec<u8>, Vec<u8>)> =
            query("SELECT company, sealed FROM issuers ORDER BY created_at, company")
                .fetch_all(&mut reader)
                .await?;
        let open = |(company, sealed): (Vec<u8>, Vec<u8>)| {
            let plain = self.keys.open(&SealedPlace::Issuer(&company), &sealed);
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
        let company = Company::of_ruc(&self.keys, ruc);
        let sealed = self
            .keys
            .seal(&SealedPlace::Issuer(company.bytes()), profile)?;
        self.write(deed!(|connection| {
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
        }))
        .await
    }
}
