//! The part of a journal that one deed concerns, loaded from wherever the whole is kept, under the very
//! rules of `book.rs`: a database keeps rows, and decides nothing.

use std::collections::BTreeSet;

use jiff::Timestamp;
use uuid::Uuid;

use super::book::{Book, Decision};
use super::counts::{PartCount, PartNumber};
use super::event::Event;
use super::{
    AttemptOutcome, Intended, Intent, JournalAttempt, JournalEntry, JournalError, Noted, SeriesName,
};

/// Documents that one deed concerns: the one of its key, and every other that an attempt was made for
/// with a number that the deed may touch. Whoever loads it writes back what [`JournalPart::entries`] and
/// [`JournalPart::numbers`] say afterwards, in the same transaction.
///
/// ```
/// use chaski_client::{Intent, JournalPart, NubefactDocument, PartCount, PartIntended};
/// let json = br#"{"operacion":"generar_comprobante","tipo_de_comprobante":1,"serie":"FFF1"}"#;
/// let document = NubefactDocument::from_json(json)?;
/// let now = "2026-11-28T10:00:00-05:00".parse().expect("an instant");
/// let intent = Intent::to_issue("20600695771", "pedido-1", &document, now);
/// let count = PartCount { last: 123, before: 123 };
/// let mut part = JournalPart::new(Vec::new(), Some((intent.series(), count)), &[]);
/// let PartIntended::Bound(attempt) = part.intend(&intent) else { panic!() };
/// assert_eq!((attempt.numero, part.last()), (124, 124));
/// # Ok::<(), chaski_client::Error>(())
/// ```
pub struct JournalPart {
    book: Book,
    series: Option<SeriesName>,
    numbers: BTreeSet<u32>,
}

/// What an intent comes to in a part.
#[derive(Debug)]
pub enum PartIntended {
    /// A number is bound to these bytes: send them once that is durable.
    Bound(JournalAttempt),
    /// Nothing changed.
    Answer(Intended),
}

impl JournalPart {
    /// Puts a part together. The numbers are those that entries have tried, and the lowest free one.
    pub fn new(
        entries: Vec<JournalEntry>,
        count: Option<(SeriesName, PartCount)>,
        numbers: &[PartNumber],
    ) -> JournalPart {
        let series = count.as_ref().map(|(series, _)| series);
        let series = series
            .or_else(|| entries.first().map(|it| &it.series))
            .cloned();
        let mut known: BTreeSet<u32> = numbers.iter().map(|it| it.numero).collect();
        known.extend(
            entries
                .iter()
                .flat_map(|it| &it.attempts)
                .map(|it| it.numero),
        );
        JournalPart {
            book: Book::of_part(entries, count, numbers),
            series,
            numbers: known,
        }
    }

    /// What to answer an intent; a number that it is given is bound at once.
    pub fn intend(&mut self, intent: &Intent) -> PartIntended {
        match self.book.decide(intent) {
            Decision::Answer(answer) => PartIntended::Answer(answer),
            Decision::Bind(event, _, granted) => {
                self.numbers.insert(granted.numero);
                self.series.get_or_insert_with(|| intent.series());
                self.book.apply(&Event::Intent(event));
                PartIntended::Bound(granted)
            }
        }
    }

    /// What came of an attempt; whether that changes anything.
    pub fn conclude(
        &mut self,
        attempt: Uuid,
        outcome: &AttemptOutcome,
        at: Timestamp,
    ) -> Result<bool, JournalError> {
        self.happen(&Event::Outcome {
            attempt,
            outcome: outcome.clone(),
            at,
        })
    }

    /// What the upstream said when it was asked about a document.
    pub fn note(
        &mut self,
        entry: Uuid,
        noted: &Noted,
        at: Timestamp,
    ) -> Result<bool, JournalError> {
        self.happen(&Event::Noted {
            entry,
            noted: noted.clone(),
            at,
        })
    }

    /// Gives a document up.
    pub fn abandon(&mut self, entry: Uuid) -> Result<bool, JournalError> {
        self.happen(&Event::Abandoned { entry })
    }

    fn happen(&mut self, event: &Event) -> Result<bool, JournalError> {
        self.book.known(event)?;
        let matters = self.book.matters(event);
        if matters {
            self.book.apply(event);
        }
        Ok(matters)
    }

    /// The documents as they are now.
    pub fn entries(&self) -> &[JournalEntry] {
        self.book.all()
    }

    /// One of them.
    pub fn entry(&self, id: Uuid) -> Option<&JournalEntry> {
        self.book.entry(id)
    }

    /// The document that has, or may have, a number.
    pub fn holder(&self, numero: u32) -> Option<&JournalEntry> {
        self.book.numero(self.series.as_ref()?, numero)
    }

    /// The highest number taken from the series.
    pub fn last(&self) -> u32 {
        let last = self.series.as_ref().map(|it| self.book.last(it));
        last.unwrap_or_default()
    }

    /// The numbers as they are now.
    pub fn numbers(&self) -> Vec<PartNumber> {
        let Some(series) = &self.series else {
            return Vec::new();
        };
        let number = |numero: &u32| self.book.number(series, *numero);
        self.numbers.iter().map(number).collect()
    }
}
