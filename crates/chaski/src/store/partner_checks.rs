//! Which partners are to be asked about, and what asking brought: a group of checks is one
//! transaction.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use chaski_core::Ruc;
use jiff::Timestamp;
use sqlx::{QueryBuilder, SqliteConnection};
use uuid::Uuid;

use super::partner_changes::{self, NewChange};
use super::partner_rows::{self, COLUMNS, StandingRow, number_bytes, standing_row};
use super::seal::Keys;
use super::shapes::Shapes;
use super::{Backend, Store, StoreError};
use crate::partners::{Document, Partner, SunatCheck, SunatStanding};

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

/// A partner to be asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CheckTarget {
    /// The partner.
    pub id: Uuid,
    /// Its number.
    pub ruc: Ruc,
    /// When it was last checked.
    pub last_check: Option<Timestamp>,
}

/// What some checks brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ChecksNoted {
    /// Checks about numbers that are partners.
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
    /// The partners that are due, those never checked first and then the oldest check first.
    pub async fn partners_due(&self, due: Due) -> Result<Vec<CheckTarget>, StoreError> {
        let Backend::Sqlite(sqlite) = &self.backend;
        let mut query = QueryBuilder::new("SELECT ");
        query.push(COLUMNS).push(
            " FROM partners INDEXED BY partners_check \
             WHERE document_type = 'ruc' AND is_active = 1",
        );
        if due == Due::NeverChecked {
            query.push(" AND sunat_last_check IS NULL");
        }
        // NULL comes first in this order.
        query.push(" ORDER BY sunat_last_check, seq");
        if let Due::Most(most) = due {
            query.push(" LIMIT ").push_bind(most);
        }
        let mut reader = sqlite.readers.reader().await?;
        let rows = query.build().fetch_all(&mut *reader).await?;
        let mut targets = Vec::with_capacity(rows.len());
        for row in &rows {
            let (_, partner) = partner_rows::partner(&sqlite.keys, row)?;
            targets.extend(partner.document.ruc().map(|ruc| CheckTarget {
                id: partner.id,
                ruc,
                last_check: partner.sunat.last_check,
            }));
        }
        Ok(targets)
    }

    /// Writes down what checks brought, all or none; durable when this returns. Numbers that
    /// are no partners are passed over.
    pub async fn note_checks(&self, checks: Vec<SunatCheck>) -> Result<ChecksNoted, StoreError> {
        if checks.is_empty() {
            return Ok(ChecksNoted::default());
        }
        let Backend::Sqlite(sqlite) = &self.backend;
        let keys = Arc::clone(&sqlite.keys);
        sqlite
            .writer
            .run(move |connection| Box::pin(note(connection, keys, checks)))
            .await
    }
}

/// Read and written in one transaction, so that of two checks at a time none is lost.
async fn note(
    connection: &mut SqliteConnection,
    keys: Arc<Keys>,
    checks: Vec<SunatCheck>,
) -> Result<ChecksNoted, StoreError> {
    let known = known(connection, &keys, &checks).await?;
    let mut changes = Vec::new();
    let mut noted = ChecksNoted::default();
    let mut standings: HashMap<Ruc, SunatStanding> = HashMap::new();
    for check in &checks {
        let Some((seq, partner)) = known.get(&check.ruc) else {
            continue;
        };
        noted.partners += 1;
        let before = standings.get(&check.ruc).unwrap_or(&partner.sunat);
        let Some(after) = before.after(&check.said) else {
            continue;
        };
        noted.written += 1;
        if let Some(change) = after.change_since(before) {
            noted.changed += 1;
            noted.lost_fitness += u64::from(change.lost_fitness());
            changes.push(NewChange::new(*seq, partner, &after, change));
        }
        standings.insert(check.ruc, after);
    }
    let mut rows = Vec::with_capacity(standings.len());
    for (ruc, standing) in standings {
        let (seq, partner) = &known[&ruc];
        let row = standing_row(&keys, partner.id, &partner.document, &standing)?;
        rows.push((*seq, row, standing));
    }
    update(connection, &rows).await?;
    partner_changes::insert(connection, &changes).await?;
    Ok(noted)
}

static KNOWN: LazyLock<Shapes> = LazyLock::new(|| {
    let head = format!("SELECT {COLUMNS} FROM partners WHERE num_document IN");
    Shapes::of_list(&head, "AND document_type = 'ruc'")
});

async fn known(
    connection: &mut SqliteConnection,
    keys: &Keys,
    checks: &[SunatCheck],
) -> Result<HashMap<Ruc, (i64, Partner)>, StoreError> {
    let mut numbers: Vec<Vec<u8>> = checks
        .iter()
        .map(|check| number_bytes(keys, &Document::Ruc(check.ruc)))
        .collect();
    // A number asked for twice is found once; a second statement would be a second trip.
    let whole = Shapes::rounded_up(numbers.len());
    numbers.resize(whole, numbers[0].clone());
    let mut known = HashMap::new();
    for (statement, some) in KNOWN.cut(&numbers) {
        let mut query = sqlx::query(statement);
        for number in some {
            query = query.bind(number.as_slice());
        }
        for row in query.fetch_all(&mut *connection).await? {
            let (seq, partner) = partner_rows::partner(keys, &row)?;
            let ruc = partner.document.ruc().ok_or(StoreError::Corrupt)?;
            known.insert(ruc, (seq, partner));
        }
    }
    Ok(known)
}

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

async fn update(connection: &mut SqliteConnection, rows: &[Noted]) -> Result<(), StoreError> {
    for (statement, some) in UPDATE.cut(rows) {
        let mut query = sqlx::query(statement);
        for (seq, row, standing) in some {
            query = query
                .bind(*seq)
                .bind(standing.valid)
                .bind(standing.state.as_str())
                .bind(standing.condition.as_str())
                .bind(standing.fit)
                .bind(standing.last_check.map(Timestamp::as_microsecond))
                .bind(row.search.as_str())
                .bind(row.sunat.as_slice());
        }
        query.execute(&mut *connection).await?;
    }
    Ok(())
}
