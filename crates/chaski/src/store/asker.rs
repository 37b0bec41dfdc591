//! Who asks. Calls, batches and jobs keep the name; a call also keeps whose it is, and a batch or job its
//! key: what belongs to whom is never found out from a name.

use std::fmt;

use chaski_client::Ask;
use compact_str::{CompactString, ToCompactString as _};
use uuid::Uuid;

use crate::named::named;
use crate::store::tables::api_keys::ApiKeyRow;
use crate::store::tables::companies::Company;

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asker {
    /// Whoever runs the folder, for themselves.
    Owner(Channel),
    /// The same on behalf of companies. No key sees these calls: not the house's, whose auditors are
    /// not shown which partners others have, nor those of the companies.
    ForCompanies(Channel),
    /// Whoever showed a key to the gateway.
    Key {
        /// The identifier of the key.
        id: Uuid,
        /// Its public part.
        prefix: CompactString,
        /// Whose it is.
        company: Company,
    },
    /// Somebody of whom a batch or a job keeps a name only, such as a key of the folder that it was
    /// brought from. No key sees these calls.
    Named(CompactString),
}

named! {
    /// Through what the owner of a folder asks.
    pub enum Channel {
        /// A command.
        Cli = "cli",
        /// The gateway while there are no keys.
        Http = "http",
        /// The schedule.
        Schedule = "programado",
    }
}

impl Asker {
    /// Whoever shows that key.
    pub fn of_key(key: &ApiKeyRow) -> Asker {
        Asker::Key {
            id: key.id,
            prefix: key.prefix.as_str().into(),
            company: key.company,
        }
    }

    /// Who asked for a batch or a job that has no key, by the name that it keeps.
    pub fn named(name: &str) -> Asker {
        Channel::from_name(name).map_or_else(|| Asker::Named(name.into()), Asker::Owner)
    }

    /// The key, if one was shown.
    pub fn key_id(&self) -> Option<Uuid> {
        match self {
            Asker::Key { id, .. } => Some(*id),
            _ => None,
        }
    }

    /// An ordinary question of theirs.
    pub fn ask(&self) -> Ask {
        self.sign(Ask::default())
    }

    /// A question put by them.
    pub fn sign(&self, ask: Ask) -> Ask {
        let company = match self {
            Asker::Owner(_) => Some(Company::HOUSE),
            Asker::Key { company, .. } => Some(*company),
            Asker::ForCompanies(_) | Asker::Named(_) => None,
        };
        Ask {
            who: self.to_compact_string(),
            owner: company.map(Company::owner),
            ..ask
        }
    }
}

impl fmt::Display for Asker {
    /// The name on record.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Asker::Owner(channel) => f.write_str(channel.as_str()),
            Asker::ForCompanies(Channel::Schedule) => f.write_str("programado:empresas"),
            Asker::ForCompanies(channel) => write!(f, "{}:empresa", channel.as_str()),
            Asker::Key { prefix, .. } => write!(f, "llave:{prefix}"),
            Asker::Named(name) => f.write_str(name),
        }
    }
}
