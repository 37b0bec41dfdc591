//! What was received: one entry per request, in memory and, if asked for, in a file.

use std::collections::VecDeque;
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use compact_str::CompactString;
use jiff::Timestamp;
use serde::Serialize;

use crate::fault::FaultKind;
use crate::operation::{Operation, Version};
use crate::request::{Auth, Encoding};

/// One request as it was received and what became of it. It never holds a token; `Debug` masks
/// the numbers of persons.
#[derive(Clone, Serialize)]
pub struct Entry {
    /// From 1 in the order of arrival; never used twice, not even after clearing.
    pub sequence: u64,
    /// By the sandbox's clock.
    pub time: Timestamp,
    /// `None` outside `/api/v1` and `/api/v2`.
    pub version: Option<Version>,
    /// What was asked.
    pub operation: Operation,
    /// The numbers, dates or documents asked, as they came.
    pub subjects: Vec<CompactString>,
    /// How many they are.
    pub count: usize,
    /// The HTTP status; `None` when the connection was cut instead.
    pub status: Option<u16>,
    /// The fault that struck.
    pub fault: Option<FaultKind>,
    /// Whether it was taken off the plan.
    pub charged: bool,
    /// How the parameters came.
    pub encoding: Encoding,
    /// How the token came.
    pub auth: Auth,
    /// Whether `Accept` was sent, which v2's documentation demands.
    pub accept: bool,
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "#{} {:?} {}",
            self.sequence, self.version, self.operation
        )?;
        let subjects: Vec<String> = self
            .subjects
            .iter()
            .map(|subject| masked(subject))
            .collect();
        write!(f, " {subjects:?} → {:?}", self.status)?;
        if let Some(fault) = self.fault {
            write!(f, " fault={fault}")?;
        }
        write!(
            f,
            " charged={} {:?} {:?}",
            self.charged, self.encoding, self.auth
        )
    }
}

/// All entries behind one short lock; the counters stay exact when old entries are let go.
pub(crate) struct Ledger(Mutex<Inner>);

struct Inner {
    entries: VecDeque<Entry>,
    weight: usize,
    capacity: usize,
    next: u64,
    totals: Totals,
    file: Option<File>,
}

/// The exact counters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Totals {
    pub(crate) requests: u64,
    pub(crate) charged: u64,
    pub(crate) by_operation: [u64; Operation::ALL.len()],
}

impl Ledger {
    pub(crate) fn new(capacity: usize, file: Option<&Path>) -> io::Result<Ledger> {
        let file = file
            .map(|path| OpenOptions::new().create(true).append(true).open(path))
            .transpose()?;
        Ok(Ledger(Mutex::new(Inner {
            entries: VecDeque::new(),
            weight: 0,
            capacity,
            next: 1,
            totals: Totals::default(),
            file,
        })))
    }

    /// Writes an entry down, in the file too, before anything is answered. Gives its number.
    pub(crate) fn record(&self, mut entry: Entry, charge: u64) -> u64 {
        let mut inner = self.lock();
        let sequence = inner.next;
        entry.sequence = sequence;
        inner.next += 1;
        inner.totals.requests += 1;
        inner.totals.charged += charge;
        inner.totals.by_operation[entry.operation as usize] += 1;
        inner.append(&entry);
        inner.weight += weight(&entry);
        inner.entries.push_back(entry);
        while inner.weight > inner.capacity {
            let Some(oldest) = inner.entries.pop_front() else {
                break;
            };
            inner.weight -= weight(&oldest);
        }
        sequence
    }

    pub(crate) fn since(&self, sequence: u64) -> Vec<Entry> {
        let inner = self.lock();
        let start = inner
            .entries
            .partition_point(|entry| entry.sequence <= sequence);
        inner.entries.range(start..).cloned().collect()
    }

    pub(crate) fn last_sequence(&self) -> u64 {
        self.lock().next - 1
    }

    pub(crate) fn totals(&self) -> Totals {
        self.lock().totals
    }

    /// Forgets entries and counters. The file is left as it is.
    pub(crate) fn clear(&self) {
        let mut inner = self.lock();
        inner.entries.clear();
        inner.weight = 0;
        inner.totals = Totals::default();
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// One unbuffered write per line: a killed process leaves whole lines.
    fn append(&mut self, entry: &Entry) {
        let Some(file) = &mut self.file else { return };
        let mut line = serde_json::to_vec(entry).expect("an entry is plain data");
        line.push(b'\n');
        if let Err(error) = file.write_all(&line) {
            tracing::error!(%error, "the sandbox's ledger file cannot be written");
        }
    }
}

fn weight(entry: &Entry) -> usize {
    1 + entry.subjects.len()
}

/// Companies and dates whole; whatever else may be a person's number only by its ends.
fn masked(subject: &str) -> String {
    // Dates of this century begin like the RUC of a company; eight digits may be a DNI.
    if subject.starts_with("20") && subject.len() != 8 {
        return subject.to_owned();
    }
    let characters: Vec<char> = subject.chars().collect();
    let (first, last) = (
        characters.iter().take(2),
        characters.iter().skip(2).rev().take(2).rev(),
    );
    let (first, last): (String, String) = (first.collect(), last.collect());
    format!("{first}****{last}")
}
