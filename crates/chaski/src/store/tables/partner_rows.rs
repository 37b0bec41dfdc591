//! A partner as it rests: what is sealed, what is in clear so that it can be found, and how a
//! row is read back.

use chaski_core::fold;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::partners::{
    Document, DocumentType, Partner, PartnerFields, SunatCondition, SunatStanding, SunatState,
};
use crate::store::error::StoreError;
use crate::store::seal::{Keys, Place};
use crate::store::sql::Row;
use crate::store::time::instant;

/// Columns of every SELECT that is read by [`partner`], in their order.
pub(in crate::store) const COLUMNS: &str = "seq, id, document_type, profile, created_at, updated_at, \
     sunat_valid, sunat_state, sunat_condition, sunat_fit, sunat_last_check, sunat";

/// Column where those of [`standing`] begin.
const STANDING: usize = 6;

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

/// What is sealed as `sunat`.
#[derive(Serialize, Deserialize, Default)]
#[serde(default)]
struct Words {
    reason: Option<String>,
    estado: Option<String>,
    condicion: Option<String>,
    name: Option<String>,
    address: Option<String>,
    ubigeo: Option<String>,
    comment: Option<String>,
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
        profile: keys.seal(&Place::PartnerProfile(id), &json(&profile))?,
    })
}

pub(in crate::store) fn standing_row(
    keys: &Keys,
    id: Uuid,
    document: &Document,
    standing: &SunatStanding,
) -> Result<StandingRow, StoreError> {
    let words = Words {
        reason: standing.reason.clone(),
        estado: standing.estado.clone(),
        condicion: standing.condicion.clone(),
        name: standing.name.clone(),
        address: standing.address.clone(),
        ubigeo: standing.ubigeo.clone(),
        comment: standing.comment.clone(),
    };
    Ok(StandingRow {
        search: searched(document, standing.name.as_deref().into_iter()),
        sunat: keys.seal(&Place::PartnerSunat(id), &json(&words))?,
    })
}

/// Place in the table and the partner of a row of [`COLUMNS`].
pub(in crate::store) fn partner(keys: &Keys, row: &Row) -> Result<(i64, Partner), StoreError> {
    let id = row.try_get(1)?;
    let kind = DocumentType::from_name(row.try_get(2)?).ok_or(StoreError::Corrupt)?;
    let profile: Profile = opened(keys, &Place::PartnerProfile(id), row.try_get(3)?)?;
    let document = Document::of_stored(kind, &profile.num_document).ok_or(StoreError::Corrupt)?;
    let partner = Partner {
        id,
        document,
        fields: profile.fields,
        sunat: standing(keys, id, row, STANDING)?,
        created_at: row.try_get(4)?,
        updated_at: row.try_get(5)?,
    };
    Ok((row.try_get(0)?, partner))
}

/// The document alone, out of a sealed profile.
pub(in crate::store) fn document(
    keys: &Keys,
    id: Uuid,
    kind: DocumentType,
    sealed: &[u8],
) -> Result<Document, StoreError> {
    let profile: Profile = opened(keys, &Place::PartnerProfile(id), sealed)?;
    Document::of_stored(kind, &profile.num_document).ok_or(StoreError::Corrupt)
}

/// When a partner was last checked and whether it was valid, without opening what is sealed.
pub(in crate::store) fn last_check(
    row: &Row,
    first: usize,
) -> Result<(Option<Timestamp>, Option<bool>), StoreError> {
    let at: Option<i64> = row.try_get(first + 4)?;
    Ok((at.map(instant), row.try_get(first)?))
}

/// What SUNAT says, in the columns from `first` on.
pub(in crate::store) fn standing(
    keys: &Keys,
    id: Uuid,
    row: &Row,
    first: usize,
) -> Result<SunatStanding, StoreError> {
    let words: Words = match row.try_get::<Option<&[u8]>>(first + 5)? {
        Some(sealed) => opened(keys, &Place::PartnerSunat(id), sealed)?,
        None => Words::default(),
    };
    let state = SunatState::from_name(row.try_get(first + 1)?);
    let condition = SunatCondition::from_name(row.try_get(first + 2)?);
    let (last_check, valid) = last_check(row, first)?;
    Ok(SunatStanding {
        valid,
        state: state.ok_or(StoreError::Corrupt)?,
        condition: condition.ok_or(StoreError::Corrupt)?,
        fit: row.try_get(first + 3)?,
        last_check,
        reason: words.reason,
        estado: words.estado,
        condicion: words.condicion,
        name: words.name,
        address: words.address,
        ubigeo: words.ubigeo,
        comment: words.comment,
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
    place: &Place<'_>,
    sealed: &[u8],
) -> Result<T, StoreError> {
    let plain = keys.open(place, sealed).ok_or(StoreError::Corrupt)?;
    serde_json::from_slice(&plain).map_err(|_| StoreError::Corrupt)
}

fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("texts and flags only")
}
