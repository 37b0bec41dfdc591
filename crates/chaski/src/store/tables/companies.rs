//! Whose things are: the house's, which runs the gateway, or those of a company that it serves.
//!
//! A *company* is known by its mark; that of the house is empty. A *key* belongs to one company. A
//! *partner* and a *call* bear the mark of a company: a call that of its caller, since it was written.
//! A *batch* and a *job* belong to the key that they were submitted with, and so to its company.
//!
//! A caller with a key sees the partners and calls of its company, and the batches and jobs of that key;
//! what belongs to another does not exist for it. The owner of the folder, without a key, sees all.
//! Answers of upstreams belong to no company: all share them.

use chaski_client::Owner;
use chaski_core::Ruc;
use uuid::Uuid;

use crate::store::error::StoreError;
use crate::store::handle::Store;
use crate::store::seal::Keys;
use crate::store::sql::{Bind, Value, cells_of, query};

/// The house, or one company. Only a store makes the mark of a company: the clear RUC, or that of a
/// person hashed with the key of its folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Company(Owner);

impl Company {
    /// Whoever runs the gateway; what belongs to no company is theirs.
    pub const HOUSE: Company = Company(Owner::HOUSE);

    pub(in crate::store) fn of_ruc(keys: &Keys, ruc: &Ruc) -> Company {
        let owner = if ruc.is_personal() {
            Owner::of_mark(&keys.hashed(ruc.as_str()))
        } else {
            Owner::of_mark(ruc.as_str().as_bytes())
        };
        Company(owner.expect("a RUC has eleven digits, and a hash sixteen bytes"))
    }

    /// As stored.
    pub(in crate::store) fn bytes(&self) -> &[u8] {
        self.0.mark()
    }

    /// The owner of what it asks for.
    pub(in crate::store) fn owner(self) -> Owner {
        self.0
    }
}

cells_of! {
    Company, &[u8] => |mark| Some(Company(Owner::of_mark(mark)?));
}

impl<'q> Bind<'q> for Company {
    fn value(self) -> Value<'q> {
        self.bytes().to_vec().value()
    }

    fn missing() -> Value<'q> {
        Value::Bytes(None)
    }
}

impl Store {
    /// The company with that RUC.
    pub fn company(&self, ruc: &Ruc) -> Company {
        Company::of_ruc(&self.keys, ruc)
    }

    /// The company that a key belongs to; the house when there is no key.
    pub async fn company_of_key(&self, key: Option<Uuid>) -> Result<Company, StoreError> {
        let Some(key) = key else {
            return Ok(Company::HOUSE);
        };
        let mut reader = self.read().await?;
        let company = query("SELECT company FROM api_keys WHERE id = $1")
            .bind(key)
            .fetch_optional(&mut reader)
            .await?;
        // Keys are revoked, never deleted. To take a lost one's things for the house's would give
        // them away.
        company.ok_or(StoreError::Corrupt)
    }
}
