//! Whose things are: the house's, which runs the gateway, or those of a company that it serves.
//!
//! Keys and partners bear the mark of their company. Batches and jobs belong to a key, and so to
//! its company; a call belongs to the company of the key that asked.

use std::fmt;

use chaski_core::Ruc;
use uuid::Uuid;

use crate::store::error::StoreError;
use crate::store::handle::Store;
use crate::store::seal::Keys;
use crate::store::sql::{Builder, query_scalar};

/// The house, or one company. Only a store makes the mark of a company: that of a person's RUC is
/// a hash with the key of its folder.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Company(Mark);

#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
enum Mark {
    #[default]
    House,
    Entity([u8; 11]),
    Person([u8; 16]),
}

impl Company {
    /// Whoever runs the gateway; what belongs to no company is theirs.
    pub const HOUSE: Company = Company(Mark::House);

    pub(in crate::store) fn of_ruc(keys: &Keys, ruc: &Ruc) -> Company {
        let marked = if ruc.is_personal() {
            Company::of_stored(&keys.hashed(ruc.as_str()))
        } else {
            Company::of_stored(ruc.as_str().as_bytes())
        };
        marked.expect("a RUC has eleven digits, and a hash sixteen bytes")
    }

    pub(in crate::store) fn of_stored(bytes: &[u8]) -> Result<Company, StoreError> {
        let mark = match bytes.len() {
            0 => Mark::House,
            11 => Mark::Entity(bytes.try_into().map_err(|_| StoreError::Corrupt)?),
            _ => Mark::Person(bytes.try_into().map_err(|_| StoreError::Corrupt)?),
        };
        Ok(Company(mark))
    }

    /// As stored.
    pub(in crate::store) fn bytes(&self) -> &[u8] {
        match &self.0 {
            Mark::House => &[],
            Mark::Entity(ruc) => ruc,
            Mark::Person(hash) => hash,
        }
    }

    /// Goes on with a query over calls: only those that keys of this company asked for. A key is
    /// never deleted and its public part never given again, so that this stays true of old calls.
    /// The house's are also those without any key, whose names have no colon but for those that
    /// were asked for on behalf of companies (`programado:empresas`, `cli:empresa`): these are
    /// nobody's but the folder's owner's.
    pub(in crate::store) fn push_asked_by(&self, query: &mut Builder) {
        query.push(" AND (asked_by IN (SELECT 'llave:' || prefix FROM api_keys WHERE company = ");
        query.push_bind(self.bytes().to_vec()).push(")");
        if *self == Company::HOUSE {
            query.push(" OR asked_by NOT LIKE '%:%'");
        }
        query.push(")");
    }
}

impl fmt::Debug for Company {
    /// The number may be a person's.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Mark::House => "House",
            Mark::Entity(_) | Mark::Person(_) => "Company",
        })
    }
}

impl Store {
    /// The company with that RUC.
    pub fn company(&self, ruc: &Ruc) -> Company {
        Company::of_ruc(&self.db.keys, ruc)
    }

    /// The company that a key belongs to; the house when there is no key.
    pub async fn company_of_key(&self, key: Option<Uuid>) -> Result<Company, StoreError> {
        let Some(key) = key else {
            return Ok(Company::HOUSE);
        };
        let mut reader = self.db.read().await?;
        let mark: Option<Vec<u8>> = query_scalar("SELECT company FROM api_keys WHERE id = $1")
            .bind(key.as_bytes().as_slice())
            .fetch_optional(&mut reader)
            .await?;
        // Keys are revoked, never deleted. To take a lost one's things for the house's would give
        // them away.
        Company::of_stored(&mark.ok_or(StoreError::Corrupt)?)
    }
}
