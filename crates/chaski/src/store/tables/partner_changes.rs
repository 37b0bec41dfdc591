//! The history of what SUNAT says of partners: each change of estado or condición, and when.

use std::sync::LazyLock;

use chaski_core::{Condicion, Estado, Ruc};
use jiff::Timestamp;
use uuid::Uuid;

use crate::partners::{Partner, StandingChange, SunatCondition, SunatStanding, SunatState};
use crate::store::error::StoreError;
use crate::store::handle::Store;
use crate::store::page::{Cursor, Page, newest_first};
use crate::store::seal::Keys;
use crate::store::shapes::Shapes;
use crate::store::sql::{Conn, Query, StoredRow, StoredValue, query};
use crate::store::tables::companies::Company;
use crate::store::tables::partner_rows;
use crate::store::tables::partner_rows::COLUMNS;

/// Which changes are wanted.
#[derive(Debug, Clone, Default)]
pub struct ChangeFilter {
    /// Of this partner.
    pub partner: Option<Uuid>,
    /// From this instant on.
    pub since: Option<Timestamp>,
    /// Before this instant.
    pub until: Option<Timestamp>,
    /// Only those by which a partner stopped being fit to be invoiced.
    pub lost_fitness: bool,
}

/// A change, with the partner as it is today.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeRow {
    /// When SUNAT said so.
    pub at: Timestamp,
    /// What changed.
    pub change: StandingChange,
    /// Of whom.
    pub partner: Partner,
}

/// A change on its way to the database.
pub(in crate::store) struct NewChange {
    partner: i64,
    at: Timestamp,
    change: StandingChange,
}

impl NewChange {
    /// A word that is in none of SUNAT's lists may be a piece of a person's name, from a
    /// registry row whose columns slipped: it stays in the sealed part of the partner.
    pub(in crate::store) fn new(
        seq: i64,
        ruc: Ruc,
        after: &SunatStanding,
        mut change: StandingChange,
    ) -> NewChange {
        if ruc.is_personal() {
            for word in &mut change.estado {
                word.take_if(|word| matches!(Estado::parse(word), Some(Estado::Otro(_))));
            }
            for word in &mut change.condicion {
                word.take_if(|word| matches!(Condicion::parse(word), Some(Condicion::Otro(_))));
            }
        }
        NewChange {
            partner: seq,
            at: after.last_check.unwrap_or_default(),
            change,
        }
    }

    pub(in crate::store) fn lost_fitness(&self) -> bool {
        self.change.lost_fitness()
    }
}

impl Store {
    /// A page of changes, newest first.
    pub async fn partner_changes(
        &self,
        company: Company,
        filter: &ChangeFilter,
        limit: u32,
        cursor: Option<Cursor>,
    ) -> Result<Page<ChangeRow>, StoreError> {
        let query = page_query(company, filter, limit, cursor);
        let mut reader = self.read().await?;
        Page::of(query, limit, &mut reader, |row| placed(&self.keys, &row)).await
    }
}

/// The columns of a change stand after those of its partner.
const CHANGE: &str = ", change_seq, at, old_valid, new_valid, old_state, new_state, \
     old_condition, new_condition, old_estado, new_estado, old_condicion, new_condicion, \
     old_fit, new_fit FROM partners JOIN (SELECT seq AS change_seq, partner, at, old_valid, \
     new_valid, old_state, new_state, old_condition, new_condition, old_estado, new_estado, \
     old_condicion, new_condicion, old_fit, new_fit FROM partner_changes \
     WHERE EXISTS (SELECT 1 FROM partners p WHERE p.seq = partner AND p.company = ";

fn page_query(
    company: Company,
    filter: &ChangeFilter,
    limit: u32,
    cursor: Option<Cursor>,
) -> Query<'static> {
    let mut query = query("SELECT ");
    query.push(COLUMNS).push(CHANGE);
    query.push_bind(company).push(")");
    if let Some(id) = filter.partner {
        query.push(" AND partner = (SELECT seq FROM partners WHERE id = ");
        query.push_bind(id).push(")");
    }
    query
        .push_if(" AND at >= ", filter.since)
        .push_if(" AND at < ", filter.until);
    if filter.lost_fitness {
        query.push(" AND old_fit = 1 AND new_fit = 0");
    }
    newest_first(&mut query, None, limit, cursor);
    query.push(") AS changes ON partner = partners.seq ORDER BY change_seq DESC");
    query
}

fn placed(keys: &Keys, row: &StoredRow) -> Result<(Cursor, ChangeRow), StoreError> {
    let (_, partner) = partner_rows::partner(keys, row)?;
    let change = StandingChange {
        valid: pair(row, "old_valid", "new_valid")?,
        state: pair(row, "old_state", "new_state")?,
        condition: pair(row, "old_condition", "new_condition")?,
        estado: pair(row, "old_estado", "new_estado")?,
        condicion: pair(row, "old_condicion", "new_condicion")?,
        fit: pair(row, "old_fit", "new_fit")?,
    };
    let place = Cursor {
        at: 0,
        seq: row.try_get("change_seq")?,
    };
    let row = ChangeRow {
        at: row.try_get("at")?,
        change,
        partner,
    };
    Ok((place, row))
}

fn pair<'r, T: StoredValue<'r>>(
    row: &'r StoredRow,
    old: &str,
    new: &str,
) -> Result<[T; 2], StoreError> {
    Ok([row.try_get(old)?, row.try_get(new)?])
}

static INSERT: LazyLock<Shapes> = LazyLock::new(|| {
    Shapes::of_rows(
        "INSERT INTO partner_changes (partner, at, old_valid, new_valid, old_state, new_state, \
         old_condition, new_condition, old_estado, new_estado, old_condicion, new_condicion, \
         old_fit, new_fit) VALUES",
        14,
        "",
    )
});

pub(in crate::store) async fn insert<'r>(
    connection: &mut Conn,
    changes: &'r [NewChange],
) -> Result<(), StoreError> {
    let bind = |query: Query<'r>, new: &'r NewChange| {
        let change = &new.change;
        query
            .bind(new.partner)
            .bind(new.at)
            .bind_all(change.valid)
            .bind_all(change.state.map(SunatState::as_str))
            .bind_all(change.condition.map(SunatCondition::as_str))
            .bind_all(change.estado.iter().map(Option::as_deref))
            .bind_all(change.condicion.iter().map(Option::as_deref))
            .bind_all(change.fit)
    };
    INSERT.run(connection, changes, bind).await
}
