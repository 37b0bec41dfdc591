//! The seal of a copy: a keyed hash over its manifest, which holds the hash of every part. Whoever
//! has no key can read a copy, and can change it only so that it shows.

use argon2::{Algorithm, Argon2, Params, Version};
use secrecy::{ExposeSecret, SecretBox, SecretString};
use serde::{Deserialize, Serialize};

use super::super::AppError;
use crate::store::{MasterKey, random};

/// A phrase that is shorter is guessed.
pub const LEAST_PHRASE: usize = 12;

/// Argon2id as RFC 9106 (4) has it for little memory, in one lane: about a fifth of a second.
const PHRASE_MEMORY_KIB: u32 = 64 * 1024;
const PHRASE_PASSES: u32 = 3;

const SALT_BYTES: usize = 16;

/// With what a copy is sealed.
pub(super) enum SealWith {
    /// The key of the folder.
    Key(MasterKey),
    /// A phrase, for a copy that travels.
    Phrase(SecretString),
}

/// The seal as it lies in a copy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Seal {
    #[serde(rename = "con")]
    by: SealedBy,
    /// Tells a wrong key or phrase from a copy that was altered.
    #[serde(rename = "huella")]
    fingerprint: String,
    #[serde(rename = "sal", skip_serializing_if = "Option::is_none")]
    salt: Option<String>,
    #[serde(rename = "sello")]
    hash: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum SealedBy {
    #[serde(rename = "llave")]
    Key,
    #[serde(rename = "frase")]
    Phrase,
}

/// What a key or phrase says of a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Proof {
    /// As it was sealed.
    Whole,
    /// Sealed with this, and not what was sealed.
    Altered,
    /// Not what it was sealed with.
    Another,
}

impl Seal {
    pub(super) fn set(with: &SealWith, manifest: &[u8]) -> Result<Seal, AppError> {
        Ok(match with {
            SealWith::Key(key) => Seal {
                by: SealedBy::Key,
                fingerprint: key.fingerprint(),
                salt: None,
                hash: key.seal_copy(manifest).to_hex().to_string(),
            },
            SealWith::Phrase(phrase) => {
                let salt: [u8; SALT_BYTES] = random()?;
                let key = PhraseKey::derive(phrase, &salt)?;
                Seal {
                    by: SealedBy::Phrase,
                    fingerprint: key.fingerprint(),
                    salt: Some(hex::encode(salt)),
                    hash: key.seal(manifest).to_hex().to_string(),
                }
            }
        })
    }

    pub(super) fn by(&self) -> SealedBy {
        self.by
    }

    pub(super) fn proof_by_key(&self, key: &MasterKey, manifest: &[u8]) -> Proof {
        self.proof(&key.fingerprint(), key.seal_copy(manifest))
    }

    pub(super) fn proof_by_phrase(
        &self,
        phrase: &SecretString,
        manifest: &[u8],
    ) -> Result<Proof, AppError> {
        let salt = self.salt.as_deref().and_then(|salt| hex::decode(salt).ok());
        let Some(salt) = salt.filter(|salt| salt.len() == SALT_BYTES) else {
            return Ok(Proof::Altered);
        };
        let key = PhraseKey::derive(phrase, &salt)?;
        Ok(self.proof(&key.fingerprint(), key.seal(manifest)))
    }

    fn proof(&self, fingerprint: &str, expected: blake3::Hash) -> Proof {
        // Compared in constant time, as hashes of this library are.
        let sealed = blake3::Hash::from_hex(&self.hash).is_ok_and(|hash| hash == expected);
        match (sealed, self.fingerprint == fingerprint) {
            (true, true) => Proof::Whole,
            (false, false) => Proof::Another,
            _ => Proof::Altered,
        }
    }
}

/// What a phrase comes to.
struct PhraseKey(SecretBox<[u8; 32]>);

impl PhraseKey {
    fn derive(phrase: &SecretString, salt: &[u8]) -> Result<PhraseKey, AppError> {
        let failed = |error: argon2::Error| AppError::Io(std::io::Error::other(error.to_string()));
        let params = Params::new(PHRASE_MEMORY_KIB, PHRASE_PASSES, 1, Some(32)).map_err(failed)?;
        let mut key = Box::new([0; 32]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(phrase.expose_secret().as_bytes(), salt, key.as_mut())
            .map_err(failed)?;
        Ok(PhraseKey(SecretBox::new(key)))
    }

    fn seal(&self, manifest: &[u8]) -> blake3::Hash {
        let key = self.derived("chaski copy 2026-11 phrase seal");
        blake3::keyed_hash(&key, manifest)
    }

    fn fingerprint(&self) -> String {
        hex::encode(&self.derived("chaski copy 2026-11 phrase fingerprint")[..16])
    }

    fn derived(&self, purpose: &str) -> [u8; 32] {
        blake3::derive_key(purpose, self.0.expose_secret().as_slice())
    }
}
