//! The numbers of a batch and what became of each.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, LazyLock};

use chaski_client::Key;
use compact_str::CompactString;
use uuid::Uuid;

use crate::store::error::StoreError;
use crate::store::handle::Store;
use crate::store::names;
use crate::store::seal::{Keys, SealedPlace};
use crate::store::shapes::Shapes;
use crate::store::sql::{self, Conn, Query, StoredRow, any_of, deed, query};
use crate::store::tables::batch_rows;
use crate::store::tables::claims::{self, Claim};

/// What became of one number.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ItemState {
    /// The upstream answered.
    Answered,
    /// The upstream said that there is no such thing.
    Refused,
    /// The upstream answered, and the item itself keeps what was said: the identifier of a document of
    /// ours, the state of a voucher, a rate.
    Said {
        /// What it keeps, which is nobody's personal data.
        what: CompactString,
    },
    /// It could not be asked.
    Failed {
        /// Code of the failure.
        code: CompactString,
    },
}

/// One number of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its place in the order of first appearance, from 0.
    pub position: u32,
    /// The question; none after the person was erased.
    pub key: Option<Key>,
    /// What became of it; none while it waits.
    pub state: Option<ItemState>,
}

/// Code of an item whose number was erased before it was asked.
pub(in crate::store) const ERASED: &str = "ERASED";

const PENDING: &str = "PENDING";
const ANSWERED: &str = "ANSWERED";
const REFUSED: &str = "REFUSED";
const FAILED: &str = "FAILED";

impl ItemState {
    fn stored(&self) -> (&'static str, Option<&str>) {
        match self {
            ItemState::Answered => (ANSWERED, None),
            ItemState::Said { what } => (ANSWERED, Some(what)),
            ItemState::Refused => (REFUSED, None),
            ItemState::Failed { code } => (FAILED, Some(code)),
        }
    }

    fn parse(state: &str, code: Option<&str>) -> Result<Option<ItemState>, StoreError> {
        match state {
            PENDING => Ok(None),
            ANSWERED => Ok(Some(match code {
                Some(what) => ItemState::Said { what: what.into() },
                None => ItemState::Answered,
            })),
            REFUSED => Ok(Some(ItemState::Refused)),
            FAILED => Ok(Some(ItemState::Failed {
                code: code.unwrap_or_default().into(),
            })),
            _ => Err(StoreError::Corrupt),
        }
    }
}

impl Store {
    /// The numbers still to be asked, in order.
    pub async fn pending_items(&self, id: Uuid) -> Result<Vec<(u32, Key)>, StoreError> {
        let items = self.items_where(id, "AND i.state = 'PENDING'").await?;
        Ok(items
            .into_iter()
            .filter_map(|item| Some((item.position, item.key?)))
            .collect())
    }

    /// All numbers of a batch in order, and what became of each.
    pub async fn item_states(&self, id: Uuid) -> Result<Vec<Item>, StoreError> {
        self.items_where(id, "").await
    }

    /// Marks items under a claim and counts those that memory answered; durable when this returns.
    /// Noting an item again is harmless.
    pub async fn note_items(
        &self,
        claim: &Claim,
        states: Vec<(u32, ItemState)>,
        cache_hits: u32,
    ) -> Result<(), StoreError> {
        let (claim, id) = (claim.clone(), claim.batch()?);
        self.write(deed!(|connection| {
            claims::hold(connection, &claim).await?;
            let batch = batch_rows::seq_of(connection, id).await?;
            // The counters are corrected by what really changed.
            let states: BTreeMap<u32, ItemState> = states.into_iter().collect();
            let mut by_state: BTreeMap<(&str, Option<&str>), Vec<u32>> = BTreeMap::new();
            for (position, state) in &states {
                by_state.entry(state.stored()).or_default().push(*position);
            }
            let all = sql::list(states.keys().copied().map(i64::from));
            let before = count(connection, batch, &all).await?;
            for ((state, code), positions) in by_state {
                let positions = sql::list(positions.into_iter().map(i64::from));
                // An erased number stays erased, whatever was still on its way.
                query(concat!(
                    "UPDATE batch_items SET state = $1, code = $2 WHERE batch = $3 AND length(subject) > 0 \
                     AND position IN ",
                    any_of!("$4")
                ))
                .bind(state)
                .bind(code)
                .bind(batch)
                .bind(positions)
                .execute(&mut *connection)
                .await?;
            }
            let after = count(connection, batch, &all).await?;
            adjust(connection, batch, before, after, cache_hits).await
        }))
        .await
    }

    async fn items_where(&self, id: Uuid, which: &str) -> Result<Vec<Item>, StoreError> {
        let mut reader = self.read().await?;
        batch_rows::seq_of(&mut reader, id).await?;
        let statement = format!(
            "SELECT b.key_operation, i.position, i.subject, i.sealed, \
             i.personal, i.state, i.code FROM batches b JOIN batch_items i ON i.batch = b.seq \
             WHERE b.id = $1 AND i.position >= $2 {which} ORDER BY i.position LIMIT {AT_A_TIME}"
        );
        let (mut items, mut from) = (Vec::new(), 0_i64);
        loop {
            let rows = query(statement.clone())
                .bind(id)
                .bind(from)
                .fetch_all(&mut reader)
                .await?;
            for row in &rows {
                items.push(self.item(id, row)?);
            }
            match items.last() {
                Some(last) if rows.len() == AT_A_TIME => from = i64::from(last.position) + 1,
                _ => return Ok(items),
            }
        }
    }

    fn item(&self, batch: Uuid, row: &StoredRow) -> Result<Item, StoreError> {
        let position: u32 = row.try_get(1)?;
        let personal: bool = row.try_get(4)?;
        let stored: &[u8] = row.try_get(2)?;
        let sealed: Option<&[u8]> = row.try_get(3)?;
        let subject = match (stored.is_empty(), personal, sealed) {
            (true, ..) => None,
            (false, false, _) => Some(CompactString::from_utf8_lossy(stored)),
            (false, true, sealed) => {
                let place = SealedPlace::Item { batch, position };
                let plain = sealed
                    .and_then(|sealed| self.keys.open(&place, sealed))
                    .ok_or(StoreError::Corrupt)?;
                Some(CompactString::from_utf8_lossy(&plain))
            }
        };
        let key = match subject {
            Some(subject) => Some(Key {
                operation: names::name(row.try_get(0)?)?,
                subject,
                personal,
            }),
            None => None,
        };
        Ok(Item {
            position,
            key,
            state: ItemState::parse(row.try_get(5)?, row.try_get(6)?)?,
        })
    }
}

/// Rows that are read at once: as the driver holds them they take a kilobyte each.
const AT_A_TIME: usize = 2_000;

/// Rows that are made before they are stored.
const MADE_AT_ONCE: u32 = 4_096;

/// What a batch asks for, each once, in the order of its first appearance, and what is known of it
/// already. Made as it is stored: the keys of a long list take more memory than the list.
#[derive(Clone)]
pub struct NewItems {
    count: u32,
    item: Arc<dyn Fn(u32) -> (Key, Option<ItemState>) + Send + Sync>,
}

impl NewItems {
    /// So many, each made by its place from 0.
    pub fn made(
        count: usize,
        item: impl Fn(u32) -> (Key, Option<ItemState>) + Send + Sync + 'static,
    ) -> NewItems {
        NewItems {
            count: u32::try_from(count).unwrap_or(u32::MAX),
            item: Arc::new(item),
        }
    }

    /// How many there are.
    pub fn len(&self) -> u32 {
        self.count
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The key of the first one.
    pub(in crate::store) fn first(&self) -> Option<Key> {
        (self.count > 0).then(|| (self.item)(0).0)
    }
}

impl FromIterator<(Key, Option<ItemState>)> for NewItems {
    fn from_iter<I: IntoIterator<Item = (Key, Option<ItemState>)>>(items: I) -> NewItems {
        let items: Vec<_> = items.into_iter().collect();
        NewItems::made(items.len(), move |at| items[at as usize].clone())
    }
}

impl Default for NewItems {
    fn default() -> NewItems {
        NewItems::from_iter(None::<Key>)
    }
}

impl FromIterator<Key> for NewItems {
    fn from_iter<I: IntoIterator<Item = Key>>(keys: I) -> NewItems {
        keys.into_iter().map(|key| (key, None)).collect()
    }
}

impl fmt::Debug for NewItems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NewItems({})", self.count)
    }
}

/// An item on its way to the database.
struct ItemRow {
    position: u32,
    subject: Vec<u8>,
    sealed: Option<Vec<u8>>,
    personal: bool,
    state: Option<ItemState>,
}

static INSERT: LazyLock<Shapes> = LazyLock::new(|| {
    Shapes::of_rows(
        "INSERT INTO batch_items (batch, position, subject, sealed, personal, state, code) VALUES",
        7,
        "",
    )
});

/// Stores the items of a batch and says how many are in each state.
pub(in crate::store) async fn insert(
    connection: &mut Conn,
    keys: &Keys,
    (id, batch): (Uuid, i64),
    items: &NewItems,
) -> Result<Counts, StoreError> {
    let operation = items.first().map(|key| key.operation);
    let (mut counts, mut from) = ([0; 3], 0);
    while from < items.count {
        let to = items.count.min(from.saturating_add(MADE_AT_ONCE));
        let rows = (from..to).map(|position| {
            let (key, state) = (items.item)(position);
            if operation != Some(key.operation) {
                return Err(StoreError::MixedBatch);
            }
            let place = SealedPlace::Item {
                batch: id,
                position,
            };
            let sealed = key
                .personal
                .then(|| keys.seal(&place, key.subject.as_bytes()));
            Ok(ItemRow {
                position,
                subject: keys.subject_bytes(&key),
                sealed: sealed.transpose()?,
                personal: key.personal,
                state,
            })
        });
        let rows: Vec<ItemRow> = rows.collect::<Result<_, StoreError>>()?;
        for state in rows.iter().filter_map(|row| row.state.as_ref()) {
            counts[match state {
                ItemState::Answered | ItemState::Said { .. } => 0,
                ItemState::Refused => 1,
                ItemState::Failed { .. } => 2,
            }] += 1;
        }
        insert_rows(connection, batch, &rows).await?;
        from = to;
    }
    Ok(counts)
}

async fn insert_rows<'r>(
    connection: &mut Conn,
    batch: i64,
    rows: &'r [ItemRow],
) -> Result<(), StoreError> {
    let bind = |query: Query<'r>, row: &'r ItemRow| {
        let state = row.state.as_ref();
        let (state, code) = state.map_or((PENDING, None), ItemState::stored);
        query
            .bind(batch)
            .bind(row.position)
            .bind(row.subject.as_slice())
            .bind(row.sealed.as_deref())
            .bind(row.personal)
            .bind(state)
            .bind(code)
    };
    INSERT.run(connection, rows, bind).await
}

pub(in crate::store) async fn retry_failed(
    connection: &mut Conn,
    id: Uuid,
) -> Result<u64, StoreError> {
    let batch = batch_rows::seq_of(connection, id).await?;
    let changed = query(
        "UPDATE batch_items SET state = 'PENDING', code = NULL \
         WHERE batch = $1 AND state = 'FAILED' AND length(subject) > 0",
    )
    .bind(batch)
    .execute(&mut *connection)
    .await?;
    query("UPDATE batches SET failed = failed - $2 WHERE seq = $1")
        .bind(batch)
        .bind(changed)
        .execute(connection)
        .await?;
    Ok(changed)
}

/// Answered, refused, failed.
pub(in crate::store) type Counts = [i64; 3];

/// How many of some items are in each state.
pub(in crate::store) async fn count(
    connection: &mut Conn,
    batch: i64,
    positions: &str,
) -> Result<Counts, StoreError> {
    let counts: (i64, i64, i64) = query(concat!(
        "SELECT coalesce(sum(CASE state WHEN 'ANSWERED' THEN 1 ELSE 0 END), 0), coalesce(sum(CASE state WHEN 'REFUSED' THEN 1 ELSE 0 END), 0), \
         coalesce(sum(CASE state WHEN 'FAILED' THEN 1 ELSE 0 END), 0) FROM batch_items \
         WHERE batch = $1 AND position IN ",
        any_of!("$2")
    ))
    .bind(batch)
    .bind(positions)
    .fetch_one(connection)
    .await?;
    Ok([counts.0, counts.1, counts.2])
}

pub(in crate::store) async fn adjust(
    connection: &mut Conn,
    batch: i64,
    before: Counts,
    after: Counts,
    cache_hits: u32,
) -> Result<(), StoreError> {
    query(
        "UPDATE batches SET answered = answered + $2, refused = refused + $3, \
         failed = failed + $4, cache_hits = cache_hits + $5 WHERE seq = $1",
    )
    .bind(batch)
    .bind(after[0] - before[0])
    .bind(after[1] - before[1])
    .bind(after[2] - before[2])
    .bind(cache_hits)
    .execute(connection)
    .await?;
    Ok(())
}

/// Empties the number of one item. One that still waited has failed; 0 when its batch is gone.
pub(in crate::store) async fn erase(
    connection: &mut Conn,
    batch: Uuid,
    position: u32,
) -> Result<u64, StoreError> {
    let batch = match batch_rows::seq_of(connection, batch).await {
        Err(StoreError::NoSuchBatch) => return Ok(0),
        other => other?,
    };
    let one = sql::list(std::iter::once(i64::from(position)));
    let before = count(connection, batch, &one).await?;
    let erased = query(
        "UPDATE batch_items SET subject = $4, sealed = NULL, \
         code = CASE state WHEN 'PENDING' THEN $3 ELSE code END, \
         state = CASE state WHEN 'PENDING' THEN 'FAILED' ELSE state END \
         WHERE batch = $1 AND position = $2",
    )
    .bind(batch)
    .bind(position)
    .bind(ERASED)
    .bind(Vec::new())
    .execute(&mut *connection)
    .await?;
    let after = count(connection, batch, &one).await?;
    adjust(connection, batch, before, after, 0).await?;
    Ok(erased)
}
