//! Issuers that nothing is sent for: Nubefact works on nothing of their account for now.

use jiff::Timestamp;

use crate::store::error::StoreError;
use crate::store::handle::Store;
use crate::store::sql::{StoredRow, deed, query};

/// An issuer on hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuerHold {
    /// Its mark.
    pub company: Vec<u8>,
    /// Nubefact's code, or what was seen.
    pub code: String,
    /// Since when.
    pub since: Timestamp,
    /// When one document is sent to find out whether it is over.
    pub until: Timestamp,
    /// How often that was done.
    pub tries: u32,
}

impl Store {
    /// All issuers on hold.
    pub async fn issuer_holds(&self) -> Result<Vec<IssuerHold>, StoreError> {
        let mut reader = self.read().await?;
        let rows: Vec<StoredRow> =
            query("SELECT company, code, since, until, tries FROM issuer_holds ORDER BY since")
                .fetch_all(&mut reader)
                .await?;
        let hold = |row: &StoredRow| {
            Ok(IssuerHold {
                company: row.try_get("company")?,
                code: row.try_get("code")?,
                since: row.try_get("since")?,
                until: row.try_get("until")?,
                tries: row.try_get("tries")?,
            })
        };
        rows.iter().map(hold).collect()
    }

    /// Puts an issuer on hold, or keeps it there for longer.
    pub async fn hold_issuer(&self, hold: IssuerHold) -> Result<(), StoreError> {
        self.write(deed!(|connection| {
            query(
                "INSERT INTO issuer_holds (company, code, since, until, tries) \
                 VALUES ($1, $2, $3, $4, $5) ON CONFLICT (company) DO UPDATE SET \
                 code = excluded.code, until = excluded.until, tries = excluded.tries",
            )
            .bind(hold.company.as_slice())
            .bind(hold.code.as_str())
            .bind(hold.since)
            .bind(hold.until)
            .bind(hold.tries)
            .execute(connection)
            .await?;
            Ok(())
        }))
        .await
    }

    /// Nubefact works on its documents again: those that waited are due now. False where it was not held.
    pub async fn release_issuer(
        &self,
        company: Vec<u8>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.write(deed!(|connection| {
            let released = query("DELETE FROM issuer_holds WHERE company = $1")
                .bind(company.as_slice())
                .execute(&mut *connection)
                .await?;
            query(
                "UPDATE documents SET due_at = $2 WHERE company = $1 AND state = 'EN_ESPERA' \
                 AND due_at > $2",
            )
            .bind(company.as_slice())
            .bind(now)
            .execute(connection)
            .await?;
            Ok(released > 0)
        }))
        .await
    }
}
