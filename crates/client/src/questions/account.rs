//! How many calls does the plan have left?

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Key, Lookup, TimesToLive};

/// A look-up of the account behind the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountQuery;

/// The account. `Debug` shows only the calls left.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Holder.
    pub nombre: Option<String>,
    /// Address of the holder.
    pub email: Option<String>,
    /// Calls left, by the label under which clients print it.
    pub consultas: Option<i64>,
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("consultas", &self.consultas)
            .finish_non_exhaustive()
    }
}

impl Lookup for AccountQuery {
    type Answer = Account;

    fn key(&self) -> Key {
        super::key("cuenta", "", true)
    }

    fn time_to_live(&self, _: &Account, _: Timestamp, _: &TimesToLive) -> Duration {
        Duration::ZERO
    }

    fn is_free(&self) -> bool {
        true
    }

    super::kept_as_json!();
}
