//! Others' shapes: the system that Chaski replaces, APIMIGO and Nubefact themselves.

pub(crate) mod generar;
pub(crate) mod migo;
pub(crate) mod nubefact;
pub(crate) mod original;

use chaski_client::taxpayer_fields;
use chaski_core::Taxpayer;
use serde_json::Value;

/// Puts the fields of a taxpayer as the upstream writes them: what is absent is `-`.
fn put_taxpayer(body: &mut Value, taxpayer: &Taxpayer) {
    for (name, value) in taxpayer_fields(taxpayer) {
        body[name] = value.as_deref().unwrap_or("-").into();
    }
}
