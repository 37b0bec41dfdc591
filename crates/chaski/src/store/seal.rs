//! How personal data rests: numbers are found again by a keyed hash, and everything that could
//! tell them is sealed. Both keys derive from one secret of 32 bytes: the file `llave`, or one that
//! comes from outside the folder.

use std::fmt;
use std::fs;
use std::io::{ErrorKind, Write};
use std::path::Path;

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use chaski_client::Key;
use compact_str::CompactString;
use secrecy::{ExposeSecret, SecretBox, SecretString};
use uuid::Uuid;

use crate::private::{self, sync_folder};
use crate::sabotage::{Protection, is_without};
use crate::store::error::StoreError;
use crate::store::folder::DATABASE_FILE;

/// Name of the key file in the data folder.
pub const KEY_FILE: &str = "llave";

/// The secret that personal data at rest depends on. `Debug` does not show it.
pub struct MasterKey {
    secret: SecretBox<[u8; 32]>,
    /// Just made up and in no file yet: opening the store saves it, unless something is already
    /// sealed with another one.
    unsaved: bool,
}

impl MasterKey {
    /// The key in the folder; without one, a new key that [`Store::open`](super::Store::open)
    /// saves there.
    pub fn load_or_create(dir: &Path) -> Result<MasterKey, StoreError> {
        match MasterKey::load(dir)? {
            Some(key) => Ok(key),
            None => MasterKey::generate(),
        }
    }

    /// The key of a text such as an environment variable or the content of a file: 64
    /// hexadecimal digits, blanks around them are ignored.
    pub fn parse(text: &str) -> Result<MasterKey, StoreError> {
        let mut secret = Box::new([0; 32]);
        hex::decode_to_slice(text.trim(), secret.as_mut()).map_err(|_| StoreError::KeyMalformed)?;
        Ok(MasterKey {
            secret: SecretBox::new(secret),
            unsaved: false,
        })
    }

    /// The key of a folder that perhaps does not exist yet: then it is made, with a key and
    /// nothing else. A database without its key is never given another one.
    pub fn of_folder(dir: &Path) -> Result<MasterKey, StoreError> {
        if let Some(key) = MasterKey::load(dir)? {
            return Ok(key);
        }
        if dir.join(DATABASE_FILE).exists() {
            return Err(StoreError::KeyMissing);
        }
        private::make_folder(dir).map_err(|error| StoreError::of_file(dir, &error))?;
        MasterKey::generate()?.save(dir)
    }

    /// A setting sealed with this key, as hexadecimal digits. `name` is authenticated with it.
    pub fn seal_setting(&self, name: &str, plain: &str) -> Result<String, StoreError> {
        let sealed = Keys::derive(self).seal(&SealedPlace::Setting(name), plain.as_bytes())?;
        Ok(hex::encode(&sealed))
    }

    /// A sealed setting; none when it was sealed with another key, under another name, or changed.
    pub fn open_setting(&self, name: &str, digits: &str) -> Option<SecretString> {
        let sealed = hex::decode(digits).ok()?;
        let plain = Keys::derive(self).open(&SealedPlace::Setting(name), &sealed)?;
        String::from_utf8(plain).ok().map(SecretString::from)
    }

    /// The key as a file or a variable holds it, to be written to a backup and nowhere else.
    pub fn to_text(&self) -> SecretString {
        SecretString::from(hex::encode(self.secret.expose_secret()))
    }

    /// The same key once more.
    pub(super) fn copy(&self) -> MasterKey {
        MasterKey {
            secret: SecretBox::new(Box::new(*self.secret.expose_secret())),
            unsaved: self.unsaved,
        }
    }

    /// The keyed hash that seals a copy of a folder, over what says how each of its parts must be.
    pub fn seal_copy(&self, manifest: &[u8]) -> blake3::Hash {
        let secret = self.secret.expose_secret().as_slice();
        blake3::keyed_hash(
            &blake3::derive_key("chaski store 2026-11 copy", secret),
            manifest,
        )
    }

    /// Tells keys apart without telling them, as hexadecimal digits.
    pub fn fingerprint(&self) -> String {
        hex::encode(Keys::derive(self).check())
    }

    pub(super) fn is_unsaved(&self) -> bool {
        self.unsaved
    }

    /// The key in the folder, if there is one.
    pub fn load(dir: &Path) -> Result<Option<MasterKey>, StoreError> {
        let file = dir.join(KEY_FILE);
        match fs::read_to_string(&file) {
            Ok(text) => MasterKey::parse(&text).map(Some),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) if error.kind() == ErrorKind::InvalidData => Err(StoreError::KeyMalformed),
            Err(error) => Err(StoreError::of_file(&file, &error)),
        }
    }

    /// Saves the key in the folder, whole or not at all. If another process was faster, its key
    /// is the one that counts.
    pub(super) fn save(self, dir: &Path) -> Result<MasterKey, StoreError> {
        let file = dir.join(KEY_FILE);
        let failed = |error: std::io::Error| StoreError::of_file(&file, &error);
        // Temporary files of this crate are created with mode 0600.
        let mut draft = tempfile::NamedTempFile::new_in(dir).map_err(failed)?;
        writeln!(draft, "{}", hex::encode(self.secret.expose_secret())).map_err(failed)?;
        draft.as_file().sync_all().map_err(failed)?;
        match draft.persist_noclobber(&file) {
            Ok(_) => sync_folder(dir).map_err(failed)?,
            Err(error) if error.error.kind() == ErrorKind::AlreadyExists => {
                return MasterKey::load(dir)?.ok_or(StoreError::KeyMissing);
            }
            Err(error) => return Err(failed(error.error)),
        }
        Ok(MasterKey {
            unsaved: false,
            ..self
        })
    }

    fn generate() -> Result<MasterKey, StoreError> {
        let mut secret = Box::new([0; 32]);
        fill_randomly(secret.as_mut())?;
        Ok(MasterKey {
            secret: SecretBox::new(secret),
            unsaved: true,
        })
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey")
    }
}

/// The working keys.
pub(super) struct Keys {
    hash: [u8; 32],
    cipher: XChaCha20Poly1305,
    check: [u8; 16],
}

/// What sealed bytes belong to. It is authenticated with them, so that bytes moved to another
/// row do not open.
pub(super) enum SealedPlace<'a> {
    Answer {
        provider: &'a str,
        operation: &'a str,
        subject: &'a [u8],
    },
    Item {
        batch: Uuid,
        position: u32,
    },
    /// The list of a batch.
    Input(Uuid),
    Request(Uuid),
    Response(Uuid),
    Setting(&'a str),
    /// What a partner's owner wrote down.
    PartnerProfile(Uuid),
    /// What SUNAT says of a partner.
    PartnerSunat(Uuid),
    /// The answer of a request that may come again, by the hash it is found with.
    Once(&'a [u8]),
    /// A place in that list, on its way to somebody.
    Cursor(&'a str),
    /// Who issues, by the mark of the company.
    Issuer(&'a [u8]),
    /// What stands in a file beside the database.
    Beside(&'a str),
    /// What is shown of a document.
    Document(Uuid),
    /// A document as it came and as it is sent.
    DocumentDraft(Uuid),
    /// What the upstream said of it last.
    DocumentReply(Uuid),
    /// The bytes of an attempt.
    Attempt(Uuid),
    /// What came of it.
    AttemptOutcome(Uuid),
    /// The name of a series' issuer.
    Series(&'a [u8]),
}

/// A number as it is stored beside a row.
pub(super) struct StoredSubject {
    /// Clear text, or the keyed hash.
    pub(super) bytes: Vec<u8>,
    /// What may be shown, for personal data only.
    pub(super) masked: Option<CompactString>,
}

const FORMAT: u8 = 1;
const KEY_ID: usize = 4;
const NONCE: usize = 24;
const HASHED: usize = 16;

impl Keys {
    pub(super) fn derive(master: &MasterKey) -> Keys {
        let derive =
            |purpose: &str| blake3::derive_key(purpose, master.secret.expose_secret().as_slice());
        let mut check = [0; 16];
        check.copy_from_slice(&derive("chaski store 2026-11 key check")[..16]);
        Keys {
            hash: derive("chaski store 2026-11 subject hash"),
            cipher: XChaCha20Poly1305::new(&derive("chaski store 2026-11 seal").into()),
            check,
        }
    }

    /// Tells keys apart without telling them.
    pub(super) fn check(&self) -> &[u8; 16] {
        &self.check
    }

    /// How a number that is personal data is found: the same whatever was asked about it.
    pub(super) fn hashed(&self, subject: &str) -> Vec<u8> {
        let hash = blake3::keyed_hash(&self.hash, subject.as_bytes());
        hash.as_bytes()[..HASHED].to_vec()
    }

    /// The hash of a link of a chain: over the link before it and everything that the link says.
    pub(super) fn chained(&self, before: &[u8], parts: &[&[u8]]) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_keyed(&self.hash);
        for part in std::iter::once(&before).chain(parts) {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        *hasher.finalize().as_bytes()
    }

    pub(super) fn subject_bytes(&self, key: &Key) -> Vec<u8> {
        if key.personal {
            self.hashed(&key.subject)
        } else {
            key.subject.as_bytes().to_vec()
        }
    }

    pub(super) fn stored_subject(&self, key: &Key) -> StoredSubject {
        StoredSubject {
            bytes: self.subject_bytes(key),
            masked: key.personal.then(|| key.masked_subject()),
        }
    }

    pub(super) fn seal(
        &self,
        place: &SealedPlace<'_>,
        plain: &[u8],
    ) -> Result<Vec<u8>, StoreError> {
        let nonce: [u8; NONCE] = random()?;
        if is_without(Protection::Seal) {
            return Ok(plain.to_vec());
        }
        let sealed = self
            .cipher
            .encrypt(
                &XNonce::from(nonce),
                Payload {
                    msg: plain,
                    aad: &place.bytes(),
                },
            )
            .expect("a body is far below the 256 GiB that one nonce can seal");
        let mut bytes = Vec::with_capacity(1 + KEY_ID + NONCE + sealed.len());
        bytes.push(FORMAT);
        bytes.extend_from_slice(&self.check[..KEY_ID]);
        bytes.extend_from_slice(&nonce);
        bytes.extend_from_slice(&sealed);
        Ok(bytes)
    }

    /// The plain bytes; none when they were sealed with another key, moved or changed.
    pub(super) fn open(&self, place: &SealedPlace<'_>, sealed: &[u8]) -> Option<Vec<u8>> {
        if is_without(Protection::Seal) {
            return Some(sealed.to_vec());
        }
        let (format, rest) = sealed.split_first()?;
        let (key_id, rest) = rest.split_at_checked(KEY_ID)?;
        let (nonce, body) = rest.split_at_checked(NONCE)?;
        if *format != FORMAT || key_id != &self.check[..KEY_ID] {
            return None;
        }
        let nonce: [u8; NONCE] = nonce.try_into().expect("split at its length");
        self.cipher
            .decrypt(
                &XNonce::from(nonce),
                Payload {
                    msg: body,
                    aad: &place.bytes(),
                },
            )
            .ok()
    }
}

impl SealedPlace<'_> {
    fn bytes(&self) -> Vec<u8> {
        match self {
            SealedPlace::Answer {
                provider,
                operation,
                subject,
            } => {
                let mut bytes = format!("answer\0{provider}\0{operation}\0").into_bytes();
                bytes.extend_from_slice(subject);
                bytes
            }
            SealedPlace::Item { batch, position } => {
                format!("item\0{batch}\0{position}").into_bytes()
            }
            SealedPlace::Input(batch) => format!("input\0{batch}").into_bytes(),
            SealedPlace::Request(call) => format!("request\0{call}").into_bytes(),
            SealedPlace::Response(call) => format!("response\0{call}").into_bytes(),
            SealedPlace::Setting(name) => format!("setting\0{name}").into_bytes(),
            SealedPlace::PartnerProfile(id) => format!("partner\0{id}").into_bytes(),
            SealedPlace::PartnerSunat(id) => format!("partner sunat\0{id}").into_bytes(),
            SealedPlace::Once(hashed) => [b"once\0", *hashed].concat(),
            SealedPlace::Cursor(list) => format!("cursor\0{list}").into_bytes(),
            SealedPlace::Issuer(company) => [b"issuer\0", *company].concat(),
            SealedPlace::Beside(name) => format!("beside\0{name}").into_bytes(),
            SealedPlace::Document(id) => format!("document\0{id}").into_bytes(),
            SealedPlace::DocumentDraft(id) => format!("document draft\0{id}").into_bytes(),
            SealedPlace::DocumentReply(id) => format!("document reply\0{id}").into_bytes(),
            SealedPlace::Attempt(id) => format!("attempt\0{id}").into_bytes(),
            SealedPlace::AttemptOutcome(id) => format!("attempt outcome\0{id}").into_bytes(),
            SealedPlace::Series(name) => [b"series\0", *name].concat(),
        }
    }
}

/// That many bytes of chance.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], StoreError> {
    let mut bytes = [0; N];
    fill_randomly(&mut bytes)?;
    Ok(bytes)
}

fn fill_randomly(bytes: &mut [u8]) -> Result<(), StoreError> {
    getrandom::fill(bytes).map_err(|error| {
        StoreError::other(format!("no randomness from the operating system: {error}"))
    })
}

/// Writes a file of the folder's owner whole or not at all.
pub(super) fn write_whole(dir: &Path, file: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut draft = tempfile::NamedTempFile::new_in(dir)?;
    draft.write_all(bytes)?;
    draft.as_file().sync_all()?;
    draft.persist(file)?;
    sync_folder(dir)
}
