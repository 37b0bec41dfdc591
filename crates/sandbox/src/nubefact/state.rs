//! What Nubefact remembers: documents, voids and the simulated clock. It is changed by
//! [`Change`]s only, so that what a file of them says can be lived through again.

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::facts::{Facts, Identity};
use super::kind::IssuedKind;
use super::rules::Modified;
use super::sunat::Verdict;

/// A document that was taken. It may hold personal data and is never written in clear.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct IssuedDocument {
    /// Of the account: its ruta's mark.
    pub(crate) ruta: String,
    pub(crate) identity: Identity,
    pub(crate) issuer: DocumentIssuer,
    pub(crate) at: Timestamp,
    /// The request, as it came.
    pub(crate) body: String,
    pub(crate) facts: Facts,
    /// The last part of its links.
    pub(crate) key: String,
    /// 44 characters of base64.
    pub(crate) hash: String,
    pub(crate) verdict: Verdict,
    /// Until then a question does not find it.
    pub(crate) seen_from: Option<Timestamp>,
    pub(crate) void: Option<RequestedVoid>,
}

/// Who issued it, as the account said at that moment.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct DocumentIssuer {
    pub(crate) ruc: String,
    pub(crate) name: String,
    pub(crate) address: String,
}

/// A void that was taken.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct RequestedVoid {
    pub(crate) motivo: String,
    pub(crate) at: Timestamp,
    pub(crate) key: String,
    /// `None`: it was lost, and the void with it.
    pub(crate) ticket: Option<String>,
    pub(crate) verdict: Verdict,
    /// SUNAT says that somebody voided it before.
    pub(crate) was_voided: bool,
}

/// One thing that happened.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) enum Change {
    Issued(Box<IssuedDocument>),
    Voided {
        ruta: String,
        identity: Identity,
        void: RequestedVoid,
    },
    /// SUNAT says something else than was settled, of a document or of its void.
    Settled {
        ruta: String,
        identity: Identity,
        of_void: bool,
        verdict: Verdict,
    },
    /// The simulated time is so far from that of the machine.
    Clock(SignedDuration),
}

#[derive(Default)]
pub(crate) struct Remembered {
    accounts: HashMap<String, Documents>,
    /// Where the key of a link leads; `true` is a void's.
    links: HashMap<String, (String, Identity, bool)>,
    pub(crate) offset: SignedDuration,
}

#[derive(Default)]
struct Documents {
    by_identity: BTreeMap<Identity, IssuedDocument>,
    unique_codes: HashSet<String>,
    credited: HashMap<Identity, Decimal>,
}

impl Remembered {
    pub(crate) fn document(&self, ruta: &str, identity: &Identity) -> Option<&IssuedDocument> {
        self.accounts.get(ruta)?.by_identity.get(identity)
    }

    pub(crate) fn count(&self, ruta: &str) -> usize {
        let account = self.accounts.get(ruta);
        account.map_or(0, |account| account.by_identity.len())
    }

    pub(crate) fn knows_code(&self, ruta: &str, code: &str) -> bool {
        let account = self.accounts.get(ruta);
        account.is_some_and(|account| account.unique_codes.contains(code))
    }

    /// What a note on that document has to keep to.
    pub(crate) fn modified(&self, ruta: &str, identity: &Identity) -> Option<Modified> {
        let document = self.document(ruta, identity)?;
        let credited = self.accounts.get(ruta)?.credited.get(identity);
        Some(Modified {
            total: document.facts.total,
            issued: document.facts.issued,
            on_credit: document.facts.on_credit,
            credited: credited.copied().unwrap_or_default(),
        })
    }

    /// The document that a link leads to, and whether to its void.
    pub(crate) fn linked(&self, key: &str) -> Option<(&IssuedDocument, bool)> {
        let (ruta, identity, of_void) = self.links.get(key)?;
        Some((self.document(ruta, identity)?, *of_void))
    }

    pub(crate) fn apply(&mut self, change: Change) {
        match change {
            Change::Issued(document) => {
                let link = (document.ruta.clone(), document.identity.clone(), false);
                self.links.insert(document.key.clone(), link);
                let account = self.accounts.entry(document.ruta.clone()).or_default();
                if let Some(code) = &document.facts.unique_code {
                    account.unique_codes.insert(code.clone());
                }
                let credits = document.identity.kind == IssuedKind::NotaCredito
                    && document.facts.note_type != Some(13);
                if let Some(modified) = document.facts.modifies.clone().filter(|_| credits) {
                    *account.credited.entry(modified).or_default() += document.facts.total;
                }
                account
                    .by_identity
                    .insert(document.identity.clone(), *document);
            }
            Change::Voided {
                ruta,
                identity,
                void,
            } => {
                self.links
                    .insert(void.key.clone(), (ruta.clone(), identity.clone(), true));
                if let Some(document) = self.document_mut(&ruta, &identity) {
                    document.void = Some(void);
                }
            }
            Change::Settled {
                ruta,
                identity,
                of_void,
                verdict,
            } => {
                let document = self.document_mut(&ruta, &identity);
                match (document, of_void) {
                    (Some(document), false) => document.verdict = verdict,
                    (Some(document), true) => {
                        if let Some(void) = &mut document.void {
                            void.verdict = verdict;
                        }
                    }
                    (None, _) => {}
                }
            }
            Change::Clock(offset) => self.offset = offset,
        }
    }

    fn document_mut(&mut self, ruta: &str, identity: &Identity) -> Option<&mut IssuedDocument> {
        self.accounts.get_mut(ruta)?.by_identity.get_mut(identity)
    }
}
