//! Marks by which documents are found: keyed hashes of what a person or a caller wrote, so that nothing of
//! it stands in clear. All but two can be made again from what is sealed beside them; `request` and `twin`
//! are hashes of a wish of which no more is kept.

use chaski_core::Ruc;

use crate::store::seal::Keys;

/// Who issues: the mark of the company, or of another name that stands for it.
pub(in crate::store) fn issuer(keys: &Keys, issuer: &str) -> Vec<u8> {
    match issuer.parse::<Ruc>() {
        Ok(ruc) if !ruc.is_personal() => ruc.as_str().as_bytes().to_vec(),
        _ => keys.hashed(issuer),
    }
}

/// A caller's key, among those of its issuer.
pub(in crate::store) fn key(keys: &Keys, key: &str) -> Vec<u8> {
    keys.hashed(&format!("key\0{key}"))
}

/// What was asked for under a key.
pub(super) fn request(keys: &Keys, request: &[u8; 32]) -> Vec<u8> {
    keys.hashed(&format!("request\0{}", hex::encode(request)))
}

/// The caller's own name for a sale.
pub(in crate::store) fn referencia(keys: &Keys, referencia: &str) -> Vec<u8> {
    keys.hashed(&format!("referencia\0{referencia}"))
}

/// Who buys, among the documents of an issuer.
pub(in crate::store) fn customer(keys: &Keys, issuer: &str, numero: &str) -> Vec<u8> {
    keys.hashed(&format!("customer\0{issuer}\0{numero}"))
}

/// Customer, lines and total of a sale.
pub(super) fn twin(keys: &Keys, twin: &[u8; 32]) -> Vec<u8> {
    keys.hashed(&format!("twin\0{}", hex::encode(twin)))
}

/// What a note modifies, `01:FFF1-1`.
pub(in crate::store) fn modifies(keys: &Keys, modified: &str) -> Vec<u8> {
    keys.hashed(&format!("modifies\0{modified}"))
}
