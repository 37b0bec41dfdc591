//! Partners: saving, finding and deleting them. Each company has its own, and those of another
//! one do not exist.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use chaski_core::fold;
use jiff::Timestamp;
use uuid::Uuid;

use crate::partners::{Document, DocumentType, Partner, PartnerFields};
use crate::store::error::StoreError;
use crate::store::handle::Store;
use crate::store::page::{Cursor, Page, newest_first};
use crate::store::seal::Keys;
use crate::store::shapes::Shapes;
use crate::store::sql::{Conn, Query, StoredRow, deed, query};
use crate::store::tables::companies::Company;
use crate::store::tables::once::{Once, OnceRow};
use crate::store::tables::partner_rows::{COLUMNS, ProfileRow, number_bytes, profile_row};
use crate::store::tables::{once, partner_rows};

/// A partner that is about to be saved.
#[derive(Debug, Clone)]
pub struct NewPartner {
    /// Its identifier, if there is none with its document yet.
    pub id: Uuid,
    /// Who it is.
    pub document: Document,
    /// Its fields, or what changes of them; already checked.
    pub fields: PartnerFields,
}

/// What became of partners that were saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Saved {
    /// New ones.
    pub created: u64,
    /// Known ones that changed.
    pub updated: u64,
    /// Known ones to which nothing new was brought.
    pub unchanged: u64,
}

/// Which partners are wanted.
#[derive(Debug, Clone, Default)]
pub struct PartnerFilter {
    /// By what SUNAT says of them.
    pub fitness: Option<PartnerFitness>,
    /// With this kind of document.
    pub document_type: Option<DocumentType>,
    /// In use, or not.
    pub active: Option<bool>,
    /// Whose names hold this text (legal entities only), or whose whole number it is.
    pub text: Option<String>,
}

/// What SUNAT says of a partner, at its shortest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartnerFitness {
    /// ACTIVO and HABIDO.
    Fit,
    /// Checked, and not fit.
    Unfit,
    /// With a RUC, and never checked.
    NeverChecked,
}

impl Store {
    /// Saves a new partner; false when there is one with its document already. An error if the
    /// request, where it may come again, created a partner already.
    pub async fn create_partner(
        &self,
        company: Company,
        new: NewPartner,
        now: Timestamp,
        once: Option<&Once>,
    ) -> Result<bool, StoreError> {
        let keys = Arc::clone(&self.keys);
        let request = once.map(|once| OnceRow::of(&keys, once));
        self.write(deed!(|connection| {
            once::refuse_second(connection, request.as_ref()).await?;
            let known = known(connection, &keys, company, std::slice::from_ref(&new)).await?;
            if !known.is_empty() {
                return Ok(false);
            }
            let row = new_row(&keys, &new)?;
            insert(connection, company, &[row], now).await?;
            once::note(connection, request.as_ref(), new.id).await?;
            Ok(true)
        }))
        .await
    }

    /// Saves partners in one transaction: those with a document that is known are changed by
    /// what their fields bring, the others are new. Of one document twice the later one counts
    /// where both say something.
    pub async fn save_partners(
        &self,
        company: Company,
        partners: Vec<NewPartner>,
        now: Timestamp,
    ) -> Result<Saved, StoreError> {
        let keys = Arc::clone(&self.keys);
        self.write(deed!(|connection| {
            let partners = merged(partners);
            let mut known = known(connection, &keys, company, &partners).await?;
            let (mut created, mut updated, mut saved) = (Vec::new(), Vec::new(), Saved::default());
            for new in partners {
                let Some((seq, mut partner)) = known.remove(&new.document) else {
                    saved.created += 1;
                    created.push(new_row(&keys, &new)?);
                    continue;
                };
                let before = partner.fields.clone();
                partner.fields.apply(new.fields);
                if partner.fields == before {
                    saved.unchanged += 1;
                    continue;
                }
                saved.updated += 1;
                let row = profile_row(&keys, partner.id, &partner.document, &partner.fields)?;
                updated.push((seq, row));
            }
            insert(connection, company, &created, now).await?;
            update(connection, &updated, now).await?;
            Ok(saved)
        }))
        .await
    }

    /// Changes fields of a partner; none when there is no such partner.
    pub async fn update_partner(
        &self,
        company: Company,
        id: Uuid,
        change: PartnerFields,
        now: Timestamp,
    ) -> Result<Option<Partner>, StoreError> {
        let keys = Arc::clone(&self.keys);
        self.write(deed!(|connection| {
            let found = by_id(connection, &keys, company, id).await?;
            let Some((seq, mut partner)) = found else {
                return Ok(None);
            };
            let before = partner.fields.clone();
            partner.fields.apply(change);
            if partner.fields != before {
                partner.updated_at = now;
                let row = profile_row(&keys, id, &partner.document, &partner.fields)?;
                update(connection, &[(seq, row)], now).await?;
            }
            Ok(Some(partner))
        }))
        .await
    }

    /// Deletes a partner with its history; false when there is no such partner.
    pub async fn delete_partner(&self, company: Company, id: Uuid) -> Result<bool, StoreError> {
        let deleted = self
            .write(deed!(|connection| {
                query(
                    "DELETE FROM partner_changes WHERE partner IN \
                         (SELECT seq FROM partners WHERE id = $1 AND company = $2)",
                )
                .bind(id)
                .bind(company)
                .execute(&mut *connection)
                .await?;
                let gone = query("DELETE FROM partners WHERE id = $1 AND company = $2")
                    .bind(id)
                    .bind(company)
                    .execute(&mut *connection)
                    .await?;
                if gone > 0 {
                    // The answer to whoever created it holds all of it.
                    query("UPDATE idempotency SET answer = NULL WHERE created = $1")
                        .bind(id)
                        .execute(connection)
                        .await?;
                }
                Ok(gone)
            }))
            .await?;
        Ok(deleted > 0)
    }

    /// A partner by its identifier.
    pub async fn partner(&self, company: Company, id: Uuid) -> Result<Option<Partner>, StoreError> {
        let mut reader = self.read().await?;
        let found = by_id(&mut reader, &self.keys, company, id).await?;
        Ok(found.map(|(_, partner)| partner))
    }

    /// A partner by its document.
    pub async fn partner_with(
        &self,
        company: Company,
        document: &Document,
    ) -> Result<Option<Partner>, StoreError> {
        let mut reader = self.read().await?;
        let statement = format!(
            "SELECT {COLUMNS} FROM partners \
             WHERE num_document = $1 AND document_type = $2 AND company = $3"
        );
        let row = query(statement)
            .bind(number_bytes(&self.keys, document))
            .bind(document.kind().as_str())
            .bind(company)
            .fetch_optional(&mut reader)
            .await?;
        let partner = row.map(|row| partner_rows::partner(&self.keys, &row));
        Ok(partner.transpose()?.map(|(_, partner)| partner))
    }

    /// A page of partners, newest first.
    pub async fn partners(
        &self,
        company: Company,
        filter: &PartnerFilter,
        limit: u32,
        cursor: Option<Cursor>,
    ) -> Result<Page<Partner>, StoreError> {
        let mut query = wanted(&self.keys, company, filter);
        newest_first(&mut query, None, limit, cursor);
        let mut reader = self.read().await?;
        let read = |row| {
            let (seq, partner) = partner_rows::partner(&self.keys, &row)?;
            Ok((Cursor { at: 0, seq }, partner))
        };
        Page::of(query, limit, &mut reader, read).await
    }

    /// The partners with a number, of whatever kind their documents are and whosever they are.
    pub(in crate::store) async fn partners_about(
        &self,
        number: &str,
    ) -> Result<Vec<Partner>, StoreError> {
        let mut reader = self.read().await?;
        let statement =
            format!("SELECT {COLUMNS} FROM partners WHERE num_document IN ($1, $2) ORDER BY seq");
        let rows = query(statement)
            .bind(number.as_bytes())
            .bind(self.keys.hashed(number))
            .fetch_all(&mut reader)
            .await?;
        let partner = |row| partner_rows::partner(&self.keys, row).map(|(_, partner)| partner);
        rows.iter().map(partner).collect()
    }
}

fn wanted(keys: &Keys, company: Company, filter: &PartnerFilter) -> Query<'static> {
    let mut query = query("SELECT ");
    query.push(COLUMNS).push(" FROM partners WHERE company = ");
    query.push_bind(company);
    match filter.fitness {
        None => {}
        Some(PartnerFitness::Fit) => drop(query.push(" AND sunat_fit = 1")),
        Some(PartnerFitness::Unfit) => drop(query.push(" AND sunat_fit = 0")),
        Some(PartnerFitness::NeverChecked) => {
            query.push(" AND document_type = 'ruc' AND sunat_last_check IS NULL");
        }
    }
    let kind = filter.document_type.map(DocumentType::as_str);
    query
        .push_if(" AND document_type = ", kind)
        .push_if(" AND is_active = ", filter.active);
    if let Some(text) = &filter.text {
        // Folded text has letters, digits and blanks only: nothing that LIKE would interpret.
        let folded = fold(text);
        let number: String = text.chars().filter(|c| c.is_alphanumeric()).collect();
        let number = number.to_uppercase();
        query.push(" AND (num_document IN (");
        query.push_bind(number.clone().into_bytes()).push(", ");
        query.push_bind(keys.hashed(&number)).push(")");
        // Of marks alone nothing is left: that is in no name, and not in all of them.
        if !folded.trim().is_empty() {
            let pattern = format!("%{folded}%");
            query.push(" OR search LIKE ").push_bind(pattern.clone());
            query.push(" OR sunat_search LIKE ").push_bind(pattern);
        }
        query.push(")");
    }
    query
}

async fn by_id(
    connection: &mut Conn,
    keys: &Keys,
    company: Company,
    id: Uuid,
) -> Result<Option<(i64, Partner)>, StoreError> {
    let statement = format!("SELECT {COLUMNS} FROM partners WHERE id = $1 AND company = $2");
    let row = query(statement)
        .bind(id)
        .bind(company)
        .fetch_optional(connection)
        .await?;
    row.map(|row| partner_rows::partner(keys, &row)).transpose()
}

/// Deletes the partners with a number, whosever they are, and their history; says how many there
/// were.
pub(in crate::store) async fn erase(
    connection: &mut Conn,
    clear: &[u8],
    hashed: &[u8],
) -> Result<u64, StoreError> {
    let mut erased = 0;
    // The answer to whoever created a partner holds what is erased.
    for statement in [ERASE_ANSWERS, ERASE_CHANGES, ERASE_PARTNERS] {
        erased = query(statement)
            .bind(clear)
            .bind(hashed)
            .execute(&mut *connection)
            .await?;
    }
    Ok(erased)
}

const ERASE_ANSWERS: &str = "DELETE FROM idempotency WHERE created IN \
     (SELECT id FROM partners WHERE num_document IN ($1, $2))";
const ERASE_CHANGES: &str = "DELETE FROM partner_changes WHERE partner IN \
     (SELECT seq FROM partners WHERE num_document IN ($1, $2))";
const ERASE_PARTNERS: &str = "DELETE FROM partners WHERE num_document IN ($1, $2)";

/// Each document once, in the order of its first appearance.
fn merged(partners: Vec<NewPartner>) -> Vec<NewPartner> {
    let mut places: HashMap<Document, usize> = HashMap::new();
    let mut unique: Vec<NewPartner> = Vec::with_capacity(partners.len());
    for new in partners {
        if let Some(at) = places.get(&new.document) {
            unique[*at].fields.apply(new.fields);
        } else {
            places.insert(new.document.clone(), unique.len());
            unique.push(new);
        }
    }
    unique
}

static KNOWN: LazyLock<Shapes> = LazyLock::new(|| {
    let head = format!("SELECT {COLUMNS} FROM partners WHERE num_document IN");
    Shapes::of_list(&head, "AND company = ?")
});

/// The partners of a company that have one of these documents already.
async fn known(
    connection: &mut Conn,
    keys: &Keys,
    company: Company,
    partners: &[NewPartner],
) -> Result<HashMap<Document, (i64, Partner)>, StoreError> {
    let numbers: Vec<Vec<u8>> = partners
        .iter()
        .map(|new| number_bytes(keys, &new.document))
        .collect();
    let mut known = HashMap::new();
    for (statement, some) in KNOWN.cut(&numbers) {
        let numbers = some.iter().map(Vec::as_slice);
        let query = query(statement).bind_all(numbers).bind(company);
        for row in query.fetch_all::<StoredRow>(&mut *connection).await? {
            let (seq, partner) = partner_rows::partner(keys, &row)?;
            known.insert(partner.document.clone(), (seq, partner));
        }
    }
    Ok(known)
}

/// A new partner on its way to the database.
struct NewRow {
    id: Uuid,
    kind: DocumentType,
    number: Vec<u8>,
    personal: bool,
    profile: ProfileRow,
}

fn new_row(keys: &Keys, new: &NewPartner) -> Result<NewRow, StoreError> {
    // Empty texts mean "clear" in a change: there is nothing to clear yet.
    let mut fields = PartnerFields::default();
    fields.apply(new.fields.clone());
    fields.is_active.get_or_insert(true);
    Ok(NewRow {
        id: new.id,
        kind: new.document.kind(),
        number: number_bytes(keys, &new.document),
        personal: new.document.is_personal(),
        profile: profile_row(keys, new.id, &new.document, &fields)?,
    })
}

static INSERT: LazyLock<Shapes> = LazyLock::new(|| {
    Shapes::of_rows(
        "INSERT INTO partners (id, document_type, num_document, personal, is_active, search, \
         profile, created_at, updated_at, company) VALUES",
        10,
        "",
    )
});

async fn insert<'r>(
    connection: &mut Conn,
    company: Company,
    rows: &'r [NewRow],
    now: Timestamp,
) -> Result<(), StoreError> {
    let bind = |query: Query<'r>, row: &'r NewRow| {
        query
            .bind(row.id)
            .bind(row.kind.as_str())
            .bind(row.number.as_slice())
            .bind(row.personal)
            .bind(row.profile.is_active)
            .bind(row.profile.search.as_str())
            .bind(row.profile.profile.as_slice())
            .bind(now)
            .bind(now)
            .bind(company)
    };
    INSERT.run(connection, rows, bind).await
}

static UPDATE: LazyLock<Shapes> = LazyLock::new(|| {
    Shapes::of_rows(
        "UPDATE partners SET is_active = v.column2, search = v.column3, profile = v.column4, \
         updated_at = v.column5 FROM (VALUES",
        5,
        ") AS v WHERE partners.seq = v.column1",
    )
});

async fn update<'r>(
    connection: &mut Conn,
    rows: &'r [(i64, ProfileRow)],
    now: Timestamp,
) -> Result<(), StoreError> {
    let bind = |query: Query<'r>, (seq, row): &'r (i64, ProfileRow)| {
        query
            .bind(*seq)
            .bind(row.is_active)
            .bind(row.search.as_str())
            .bind(row.profile.as_slice())
            .bind(now)
    };
    UPDATE.run(connection, rows, bind).await
}
