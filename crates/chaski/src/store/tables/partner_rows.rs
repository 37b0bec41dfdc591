//! A partner as it rests: what is sealed, what is in clear so that it can be found, and how a
//! row is read back.

use chaski_core::fold;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::partners::{
    Document, DocumentType, Partner, PartnerFields, SunatCondition, SunatStanding, SunatState,
};
use crate::store::error::StoreError;
use crate::store::seal::{Keys, SealedPlace};
use crate::store::sql::{StoredRow, cells_of};

/// Columns of every SELECT that is read by [`partner`], in their order.
pub(in crate::store) const COLUMNS: &str = "seq, id, document_type, profile, created_at, updated_at, \
     sunat_valid, sunat_state, sunat_condition, sunat_fit, sunat_last_check, sunat";

cells_of! {
    DocumentType, &str => DocumentType::from_name;
    SunatState, &str => SunatState::from_name;
    SunatCondition, &str => SunatCondition::from_name;
}

/// The owner's part of a row.
pub(in crate::store) struct ProfileRow {
    pub(in crate::store) is_active: bool,
    pub(in crate::store) search: String,
    pub(in crate::store) profile: Vec<u8>,
}

/// SUNAT's part of a row.
pub(in crate::store) struct StandingRow {
    pub(in crate::store) search: String,
    pub(in crate::store) sunat: Vec<u8>,
}

/// What is sealed as `profile`.
#[derive(Serialize, Deserialize)]
struct Profile {
    num_document: String,
    #[serde(flatten)]
    fields: PartnerFields,
}

/// How the number is found again.
pub(in crate::store) fn number_bytes(keys: &Keys, document: &Document) -> Vec<u8> {
    if document.is_personal() {
        keys.hashed(document.number())
    } else {
        document.number().as_bytes().to_vec()
    }
}

pub(in crate::store) fn profile_row(
    keys: &Keys,
    id: Uuid,
    document: &Document,
    fields: &PartnerFields,
) -> Result<ProfileRow, StoreError> {
    let profile = Profile {
        num_document: document.number().to_owned(),
        fields: fields.clone(),
    };
    let names = [&fields.name, &fields.display_name].map(Option::as_deref);
    Ok(ProfileRow {
        is_active: fields.is_active.unwrap_or(true),
        search: searched(document, names.into_iter().flatten()),
        profile: keys.seal(&SealedPlace::PartnerProfile(id), &json(&profile))?,
    })
}

pub(in crate::store) fn standing_row(
    keys: &Keys,
    id: Uuid,
    document: &Document,
    standing: &SunatStanding,
) -> Result<StandingRow, StoreError> {
    Ok(StandingRow {
        search: searched(document, standing.name.as_deref().into_iter()),
        sunat: keys.seal(&SealedPlace::PartnerSunat(id), &json(standing))?,
    })
}

/// Place in the table and the partner of a row of [`COLUMNS`].
pub(in crate::store) fn partner(
    keys: &Keys,
    row: &StoredRow,
) -> Result<(i64, Partner), StoreError> {
    let id = row.try_get("id")?;
    let profile: Profile = opened(
        keys,
        &SealedPlace::PartnerProfile(id),
        row.try_get("profile")?,
    )?;
    let document = Document::of_stored(row.try_get("document_type")?, &profile.num_document);
    let partner = Partner {
        id,
        document: document.ok_or(StoreError::Corrupt)?,
        fields: profile.fields,
        sunat: standing(keys, id, row)?,
        created_at: row.try_get("created_at")?,
        updated_at: row.try_get("updated_at")?,
    };
    Ok((row.try_get("seq")?, partner))
}

/// The document alone, out of a sealed profile.
pub(in crate::store) fn document(
    keys: &Keys,
    id: Uuid,
    kind: DocumentType,
    sealed: &[u8],
) -> Result<Document, StoreError> {
    let profile: Profile = opened(keys, &SealedPlace::PartnerProfile(id), sealed)?;
    Document::of_stored(kind, &profile.num_document).ok_or(StoreError::Corrupt)
}

/// What SUNAT says.
pub(in crate::store) fn standing(
    keys: &Keys,
    id: Uuid,
    row: &StoredRow,
) -> Result<SunatStanding, StoreError> {
    let words = match row.try_get("sunat")? {
        Some(sealed) => opened(keys, &SealedPlace::PartnerSunat(id), sealed)?,
        None => SunatStanding::default(),
    };
    Ok(SunatStanding {
        valid: row.try_get("sunat_valid")?,
        state: row.try_get("sunat_state")?,
        condition: row.try_get("sunat_condition")?,
        fit: row.try_get("sunat_fit")?,
        last_check: row.try_get("sunat_last_check")?,
        ..words
    })
}

/// The folded names of a legal entity; those of persons are not searched, or they would rest in
/// clear.
fn searched<'n>(document: &Document, names: impl Iterator<Item = &'n str>) -> String {
    if document.is_personal() {
        return String::new();
    }
    names.map(fold).collect::<Vec<_>>().join(" ")
}

fn opened<T: for<'de> Deserialize<'de>>(
    keys: &Keys,
    place: &SealedPlace<'_>,
    sealed: &[u8],
) -> Result<T, StoreError> {
    let plain = keys.open(place, sealed).ok_or(StoreError::Corrupt)?;
    serde_json::from_slice(&plain).map_err(|_| StoreError::Corrupt)
}

fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("texts and flags only")
}
