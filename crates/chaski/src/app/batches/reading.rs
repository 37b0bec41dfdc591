//! What the rows of a list ask for, each thing once. A row is read again when something is to be said of
//! it: kept of it is only the place of what it asks for, since a list may have a million.

use std::hash::BuildHasher;
use std::sync::Arc;

use chaski_core::RucRules;
use foldhash::fast::RandomState;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use super::kind::ListKind;
use crate::app::AppError;
use crate::app::verdicts::RowPlan;
use crate::sheets::Table;

/// A row that asks for nothing.
const NOTHING: u32 = u32::MAX;

/// A list as it was read.
pub(super) struct Reading<K: ListKind> {
    /// What is asked for, each once, in the order of its first appearance.
    pub(super) unique: Arc<Vec<K::Subject>>,
    /// The numbers of the rows in which each stands first.
    first: Vec<u32>,
    /// By row, the place of what it asks for.
    places: Vec<u32>,
    /// Rows that ask for what an earlier one asks for.
    pub(super) duplicates: usize,
    /// Rows with which something is wrong.
    pub(super) damaged: usize,
    /// Rows that were corrected to be read.
    pub(super) repaired: usize,
}

impl<K: ListKind> Reading<K> {
    pub(super) fn of(how: &K, table: &Table, rules: &RucRules) -> Reading<K> {
        let (read, hasher) = (how.reader(table, rules), RandomState::default());
        let mut unique: Vec<K::Subject> = Vec::new();
        let mut known: HashTable<u32> = HashTable::new();
        let mut reading = Reading {
            unique: Arc::default(),
            first: Vec::new(),
            places: Vec::with_capacity(table.rows.len()),
            duplicates: 0,
            damaged: 0,
            repaired: 0,
        };
        for row in table.rows.iter() {
            let (subject, repairs, asked) = read(&row);
            reading.damaged += usize::from(K::is_damaged(&subject));
            let Some(asked) = asked else {
                reading.places.push(NOTHING);
                continue;
            };
            reading.repaired += usize::from(repairs.iter().any(|it| it.corrects()));
            let hash = |it: &K::Subject| hasher.hash_one(it);
            let same = |at: &u32| unique[*at as usize] == asked;
            let entry = known.entry(hash(&asked), same, |at| hash(&unique[*at as usize]));
            let place = match entry {
                Entry::Occupied(entry) => {
                    reading.duplicates += 1;
                    *entry.get()
                }
                Entry::Vacant(entry) => {
                    let next = u32::try_from(unique.len()).unwrap_or(NOTHING);
                    entry.insert(next);
                    unique.push(asked);
                    reading.first.push(row.number);
                    next
                }
            };
            reading.places.push(place);
        }
        reading.unique = Arc::new(unique);
        reading
    }

    /// How many rows there are.
    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    /// The rows of the list that was read so.
    pub(super) fn rows<'t>(
        &'t self,
        how: &'t K,
        table: &'t Table,
        rules: &'t RucRules,
    ) -> impl Iterator<Item = RowPlan<K::Read>> + Send + 't {
        let read = how.reader(table, rules);
        let rows = table.rows.iter().zip(&self.places);
        rows.map(move |(row, place)| {
            let (subject, repairs, _) = read(&row);
            let unique = (*place != NOTHING).then_some(*place as usize);
            let first = unique.map(|at| self.first[at]);
            RowPlan {
                row: row.number,
                subject,
                repairs,
                unique,
                repeats: first.filter(|first| *first != row.number),
            }
        })
    }

    /// Says so if no row of the list could be read, and why.
    pub(super) fn nothing_read(
        &self,
        how: &K,
        table: &Table,
        rules: &RucRules,
    ) -> Option<AppError> {
        if !self.unique.is_empty() {
            return None;
        }
        let rows: Vec<_> = self.rows(how, table, rules).collect();
        K::nothing_read(&rows)
    }
}
