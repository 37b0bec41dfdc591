//! Which partners are to be asked about, and what asking brought: a group of checks is one
//! transaction.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, LazyLock};

use chaski_client::{is_of_the_future, latest_true};
use chaski_core::Ruc;
use jiff::Timestamp;
use serde::Deserialize;
use uuid::Uuid;

use crate::partners::{Document, DocumentType, SunatCheck, SunatStanding};
use crate::store::error::StoreError;
use crate::store::handle::Store;
use crate::store::seal::Keys;
use crate::store::shapes::Shapes;
use crate::store::sql::{
    Conn, Query, StoredRow, any_bytes_of, deed, list_of_bytes, query, query_of_each,
};
use crate::store::tables::companies::Company;
use crate::store::tables::partner_changes::NewChange;
use crate::store::tables::partner_rows::{StandingRow, number_bytes, standing_row};
use crate::store::tables::{partner_changes, partner_rows};

/// Which partners are due for a check. Only partners in use and with a RUC ever are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// All of them.
    All,
    /// Those that were never checked.
    NeverChecked,
    /// So many: those never checked first, then those whose check is the oldest.
    Most(u32),
}

/// What some checks brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ChecksNoted {
    /// Checks about numbers that are partners, counted for each company that has them.
    pub partners: u64,
    /// Partners of which something new was written down.
    pub written: u64,
    /// Partners whose estado or condición changed.
    pub changed: u64,
    /// Partners that stopped being fit to be invoiced.
    pub lost_fitness: u64,
}

impl ChecksNoted {
    /// Adds what other checks brought.
    pub fn add(&mut self, other: ChecksNoted) {
        self.partners += other.partners;
        self.written += other.written;
        self.changed += other.changed;
        self.lost_fitness += other.lost_fitness;
    }
}

impl Store {
    /// The numbers of a company's partners that are due, those never checked first and then the
    /// oldest check first. A check that is later than `now` is the oldest: the clock was ahead, and
    /// the partner would not come up again until then.
    pub async fn partners_due(
        &self,
        company: Company,
        due: Due,
        now: Timestamp,
    ) -> Result<Vec<Ruc>, StoreError> {
        let list = self.due_of(company, due, None).await?;
        let Due::Most(most) = due else {
            return Ok(list);
        };
        let mut first = self.due_of(company, due, Some(now)).await?;
        let known: HashSet<Ruc> = first.iter().copied().collect();
        first.extend(list.into_iter().filter(|ruc| !known.contains(ruc)));
        first.truncate(most as usize);
        Ok(first)
    }

    async fn due_of(
        &self,
        company: Company,
        due: Due,
        ahead_of: Option<Timestamp>,
    ) -> Result<Vec<Ruc>, StoreError> {
        // One list in one row: each row of its own would be a hop between two threads. Of a
        // person it holds what is sealed, after the identifier that it is sealed for. The inner
        // LIMIT keeps its order.
        let mut query = query_of_each(
            "SELECT json_group_array(number) FROM (SELECT CASE WHEN personal = 1 \
             THEN hex(id) || hex(profile) ELSE CAST(num_document AS TEXT) END AS number \
             FROM partners INDEXED BY partners_check \
             WHERE document_type = 'ruc' AND is_active = 1 AND company = ",
            "SELECT CAST(coalesce(json_agg(number), '[]') AS TEXT) FROM (SELECT CASE WHEN personal = 1 \
             THEN encode(id, 'hex') || encode(profile, 'hex') ELSE convert_from(num_document, 'UTF8') END AS number \
             FROM partners WHERE document_type = 'ruc' AND is_active = 1 AND company = ",
        );
        query.push_bind(company);
        if due == Due::NeverChecked {
            query.push(" AND sunat_last_check IS NULL");
        }
        query.push_if(" AND sunat_last_check > ", ahead_of.map(latest_true));
        let most = match due {
            Due::Most(most) => i64::from(most),
            Due::All | Due::NeverChecked => i64::MAX,
        };
        // NULL comes first in this order.
        query.push(" ORDER BY sunat_last_check NULLS FIRST, seq LIMIT ");
        query.push_bind(most).push(") AS due");
        let mut reader = self.read().await?;
        let list: String = query.fetch_one(&mut reader).await?;
        let list: Vec<Cow<'_, str>> = listed(&list)?;
        list.iter().map(|one| due_ruc(&self.keys, one)).collect()
    }

    /// The same over all companies, so many and each number once, as old as its oldest check; and
    /// whether it is a partner of the house's too.
    pub async fn partners_due_anywhere(
        &self,
        most: u32,
        now: Timestamp,
    ) -> Result<Vec<(Ruc, bool)>, StoreError> {
        let mut reader = self.read().await?;
        // Of the rows of one number any tells it. Times begin in 1970: a check that never was is
        // before all, and so is one of the future.
        let list: String = query_of_each(
            "SELECT json_group_array(json_array(number, house)) FROM (SELECT CASE WHEN personal = 1 \
             THEN hex(id) || hex(profile) ELSE CAST(num_document AS TEXT) END AS number, \
             max(CASE WHEN length(company) = 0 THEN 1 ELSE 0 END) AS house FROM partners \
             WHERE document_type = 'ruc' AND is_active = 1 GROUP BY num_document \
             ORDER BY min(CASE WHEN sunat_last_check <= $2 THEN sunat_last_check ELSE -1 END), min(seq) LIMIT $1)",
            "SELECT CAST(coalesce(json_agg(json_build_array(number, house)), '[]') AS TEXT) FROM (SELECT (min(ARRAY[CASE WHEN personal = 1 \
             THEN encode(id, 'hex') || encode(profile, 'hex') ELSE convert_from(num_document, 'UTF8') END]))[1] AS number, \
             max(CASE WHEN length(company) = 0 THEN 1 ELSE 0 END) AS house FROM partners \
             WHERE document_type = 'ruc' AND is_active = 1 GROUP BY num_document \
             ORDER BY min(CASE WHEN sunat_last_check <= $2 THEN sunat_last_check ELSE -1 END), min(seq) LIMIT $1) AS due",
        )
        .bind(most)
        .bind(latest_true(now))
        .fetch_one(&mut reader)
        .await?;
        let list: Vec<(Cow<'_, str>, u8)> = listed(&list)?;
        list.iter()
            .map(|(one, house)| Ok((due_ruc(&self.keys, one)?, *house != 0)))
            .collect()
    }

    /// Those of the identifiers that are a company's partners, each once, in no order: the RUC, or
    /// none where it has none.
    pub async fn rucs_of_partners(
        &self,
        company: Company,
        ids: &[Uuid],
    ) -> Result<Vec<Option<Ruc>>, StoreError> {
        let ids = list_of_bytes(ids.iter().map(|id| id.as_bytes().as_slice()));
        let mut reader = self.read().await?;
        let list: String = query_of_each(
            concat!(
            "SELECT json_group_array(CASE WHEN document_type <> 'ruc' THEN NULL \
             WHEN personal = 1 THEN hex(id) || hex(profile) ELSE CAST(num_document AS TEXT) END) \
             FROM partners WHERE company = $1 AND id IN ",
            any_bytes_of!("$2")
        ),
            concat!(
            "SELECT CAST(coalesce(json_agg(CASE WHEN document_type <> 'ruc' THEN NULL \
             WHEN personal = 1 THEN encode(id, 'hex') || encode(profile, 'hex') \
             ELSE convert_from(num_document, 'UTF8') END), '[]') AS TEXT) \
             FROM partners WHERE company = $1 AND id IN ",
            "(SELECT decode(value, 'hex') FROM json_array_elements_text(CAST($2 AS JSON)) AS value)"
        )
        )
        .bind(company)
        .bind(ids)
        .fetch_one(&mut reader)
        .await?;
        let list: Vec<Option<Cow<'_, str>>> = listed(&list)?;
        let ruc = |one: &Option<Cow<'_, str>>| {
            let ruc = one.as_deref().map(|one| due_ruc(&self.keys, one));
            ruc.transpose()
        };
        list.iter().map(ruc).collect()
    }

    /// Writes down what checks brought, all or none; durable when this returns. Numbers that
    /// are no partners are passed over. With a company, only its own partners are touched.
    pub async fn note_checks(
        &self,
        company: Option<Company>,
        checks: Vec<SunatCheck>,
    ) -> Result<ChecksNoted, StoreError> {
        if checks.is_empty() {
            return Ok(ChecksNoted::default());
        }
        let keys = Arc::clone(&self.keys);
        self.write(deed!(|connection| {
            // Read and written in one transaction, so that of two checks at a time none is lost.
            let mut by_number: HashMap<Vec<u8>, Vec<&SunatCheck>> =
                HashMap::with_capacity(checks.len());
            for check in &checks {
                let number = number_bytes(&keys, &Document::Ruc(check.ruc));
                by_number.entry(number).or_default().push(check);
            }
            let mut numbers: Vec<Vec<u8>> = by_number.keys().cloned().collect();
            // A number named twice is found once; a second statement would be a second trip.
            let whole = Shapes::rounded_up(numbers.len());
            numbers.resize(whole, numbers[0].clone());
            let (mut rows, mut changes, mut noted) =
                (Vec::new(), Vec::new(), ChecksNoted::default());
            let mut seen = HashSet::with_capacity(whole);
            for (statement, some) in KNOWN.cut(&numbers) {
                let query = query(statement).bind_all(some.iter().map(Vec::as_slice));
                for row in query.fetch_all::<StoredRow>(&mut *connection).await? {
                    let is_other = |it: Company| company.is_some_and(|company| company != it);
                    if is_other(row.try_get("company")?) {
                        continue;
                    }
                    // Found again by the number that fills the list up.
                    if !seen.insert(row.try_get::<i64>("seq")?) {
                        continue;
                    }
                    let Some(checks) = by_number.get(row.try_get::<&[u8]>("num_document")?) else {
                        continue;
                    };
                    noted.partners += checks.len() as u64;
                    let written = written(&keys, &row, checks, &mut changes)?;
                    noted.written += u64::from(written.is_some());
                    rows.extend(written);
                }
            }
            update(connection, &rows).await?;
            noted.changed = changes.len() as u64;
            noted.lost_fitness = changes.iter().filter(|it| it.lost_fitness()).count() as u64;
            partner_changes::insert(connection, &changes).await?;
            Ok(noted)
        }))
        .await
    }
}

fn listed<'l, T: Deserialize<'l>>(list: &'l str) -> Result<T, StoreError> {
    serde_json::from_str(list).map_err(|_| StoreError::Corrupt)
}

/// A clear number, or the identifier and sealed profile of a person in hexadecimal digits.
fn due_ruc(keys: &Keys, text: &str) -> Result<Ruc, StoreError> {
    let document = if text.len() == NUMBER_LENGTH {
        Document::of_stored(DocumentType::Ruc, text)
    } else {
        let bytes = hex::decode(text).map_err(|_| StoreError::Corrupt)?;
        let (id, profile) = bytes.split_first_chunk().ok_or(StoreError::Corrupt)?;
        let kind = DocumentType::Ruc;
        Some(partner_rows::document(
            keys,
            Uuid::from_bytes(*id),
            kind,
            profile,
        )?)
    };
    let ruc = document.and_then(|document| document.ruc());
    ruc.ok_or(StoreError::Corrupt)
}

/// Digits of a RUC; a sealed profile is much longer.
const NUMBER_LENGTH: usize = 11;

/// The new row of a partner, and what changed; none when the checks bring nothing new.
fn written(
    keys: &Keys,
    row: &StoredRow,
    checks: &[&SunatCheck],
    changes: &mut Vec<NewChange>,
) -> Result<Option<Noted>, StoreError> {
    let last_check: Option<Timestamp> = row.try_get("sunat_last_check")?;
    let valid = row.try_get("sunat_valid")?;
    // One that is later than now was noted while the clock was ahead: anything is newer.
    let now = checks.iter().map(|check| check.now).max();
    let ahead = |last: Timestamp| now.is_some_and(|now| is_of_the_future(last, now));
    let last_check = last_check.map(|last| {
        if ahead(last) {
            Timestamp::UNIX_EPOCH
        } else {
            last
        }
    });
    // Most of a second run brings nothing: what is sealed is not even opened.
    let brings = |check: &&SunatCheck| check.said.is_news(last_check, valid);
    if !checks.iter().any(brings) {
        return Ok(None);
    }
    let (seq, id) = (row.try_get("seq")?, row.try_get("id")?);
    let mut standing = partner_rows::standing(keys, id, row)?;
    standing.last_check = last_check;
    let mut is_new = false;
    for check in checks {
        let Some(after) = standing.after(&check.said) else {
            continue;
        };
        if let Some(change) = after.change_since(&standing) {
            changes.push(NewChange::new(seq, check.ruc, &after, change));
        }
        standing = after;
        is_new = true;
    }
    if !is_new {
        return Ok(None);
    }
    let document = Document::Ruc(checks[0].ruc);
    let row = standing_row(keys, id, &document, &standing)?;
    Ok(Some((seq, row, standing)))
}

static KNOWN: LazyLock<Shapes> = LazyLock::new(|| {
    Shapes::of_list(
        "SELECT seq, id, num_document, sunat_valid, sunat_state, sunat_condition, sunat_fit, \
         sunat_last_check, sunat, company FROM partners WHERE num_document IN",
        "AND document_type = 'ruc'",
    )
});

static UPDATE: LazyLock<Shapes> = LazyLock::new(|| {
    Shapes::of_rows(
        "UPDATE partners SET sunat_valid = v.column2, sunat_state = v.column3, \
         sunat_condition = v.column4, sunat_fit = v.column5, sunat_last_check = v.column6, \
         sunat_search = v.column7, sunat = v.column8 FROM (VALUES",
        8,
        ") AS v WHERE partners.seq = v.column1",
    )
});

type Noted = (i64, StandingRow, SunatStanding);

async fn update<'r>(connection: &mut Conn, rows: &'r [Noted]) -> Result<(), StoreError> {
    let bind = |query: Query<'r>, (seq, row, standing): &'r Noted| {
        query
            .bind(*seq)
            .bind(standing.valid)
            .bind(standing.state.as_str())
            .bind(standing.condition.as_str())
            .bind(standing.fit)
            .bind(standing.last_check)
            .bind(row.search.as_str())
            .bind(row.sunat.as_slice())
    };
    UPDATE.run(connection, rows, bind).await
}
