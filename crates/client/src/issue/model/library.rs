//! Books by number, and what each deed makes of each of them: every one is asked of the production code
//! once and remembered, so that millions of states cost some ten thousand calls of it.

use std::collections::HashMap;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::json;

use super::super::class::{AttemptClass, classify};
use super::super::transition::{
    DoubtDecided, FirstStep, FoundByName, attempt_in_doubt, decide_about, first_step, outcome_of,
};
use super::Without;
use super::void_deed::{ModelVoid, VoidDeed, rank_of_void};
use crate::dialects::nubefact::read::Heard;
use crate::dialects::nubefact::{NubefactDocument, NubefactId, NubefactKind};
use crate::issue::finding_of;
use crate::journal::{
    AttemptOutcome, Intended, Intent, JournalEntry, ModelBook, MovedAttempts, SeriesName,
};
use crate::{Failure, RawAnswer};

pub(super) const ISSUER: &str = "20600695771";
/// Longer than an attempt and its quiet time together.
pub(super) const TICK: Duration = Duration::from_mins(20);
/// The stranger's content; ours are 1 and up.
pub(super) const STRANGER: u8 = 7;

/// What is done with a book.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum ModelDeed {
    /// What a worker does first about a wish.
    First {
        content: u8,
    },
    /// What asking says of an attempt.
    Decide {
        content: u8,
        place: u8,
        found: u8,
    },
    Intend {
        content: u8,
    },
    /// An attempt's own answer is written down.
    Hear {
        content: u8,
        place: u8,
        seen: Seen,
    },
    /// What asking said is: ours, or theirs.
    Find {
        content: u8,
        place: u8,
        found: u8,
    },
    /// A document that is not this attempt's is looked for among ours.
    Among {
        content: u8,
        place: u8,
        found: u8,
    },
    /// There was none when it was asked, as many attempts ago, before or after the last long wait.
    Note {
        content: u8,
        place: u8,
        older: u8,
        long_ago: bool,
    },
    Abandon {
        content: u8,
    },
    Tick,
    /// How a document stands.
    Stand {
        content: u8,
    },
    Free,
    /// All that concerns the void of a number.
    Void(VoidDeed),
}

/// What a worker sees of its request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub(super) enum Seen {
    Echo,
    Refused,
    Held,
    Exists,
    Nothing,
    NotSent,
}

pub(super) const SEEN: [Seen; 6] = [
    Seen::Echo,
    Seen::Refused,
    Seen::Held,
    Seen::Exists,
    Seen::Nothing,
    Seen::NotSent,
];

/// What a deed came to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Came {
    pub(super) book: u32,
    pub(super) answer: u8,
    pub(super) place: u8,
    pub(super) numero: u8,
    pub(super) moved: u32,
}

pub(super) const DONE: u8 = 0;
pub(super) const ASK: u8 = 1;
pub(super) const INTEND: u8 = 2;

pub(super) const ABSENT: u8 = 0;
pub(super) const OURS: u8 = 1;
pub(super) const THEIRS: u8 = 2;
pub(super) const NOT_YET: u8 = 3;

/// Of a document: it was wanted.
pub(super) const WANTED: u8 = 1;
pub(super) const ACCEPTED: u8 = 4;
/// It may be edited or given up.
pub(super) const MAY_CHANGE: u8 = 8;
pub(super) const FULL: u8 = 16;
/// The outcome told is final for the attempt, and the attempt is the newest.
pub(super) const NEWEST: u8 = 1;
pub(super) const DEFINITE: u8 = 2;
pub(super) const TO_ASK: u8 = 4;
/// The attempt is told to be accepted.
pub(super) const ISSUED: u8 = 8;
/// An attempt was granted to a document with another open one.
pub(super) const AGAIN: u8 = 2;
pub(super) const GRANTED: u8 = 1;

pub(super) struct Library {
    pub(super) without: Without,
    pub(super) most_open: usize,
    pub(super) series: SeriesName,
    pub(super) voids: Vec<ModelVoid>,
    documents: Vec<NubefactDocument>,
    books: Vec<ModelBook>,
    pub(super) now: Timestamp,
    by_code: HashMap<Vec<u8>, u32, foldhash::fast::FixedState>,
    came: HashMap<(u32, ModelDeed), Came, foldhash::fast::FixedState>,
    pub(super) moved: Vec<Vec<MovedAttempts>>,
}

impl Library {
    pub(super) fn new(without: Without, most_open: usize) -> Library {
        let series = SeriesName::new(ISSUER, NubefactKind::Factura, "FFF1");
        let mut library = Library {
            without,
            most_open,
            documents: (0..STRANGER).map(document).collect(),
            voids: (1..=STRANGER).map(ModelVoid::of).collect(),
            books: Vec::new(),
            now: "2026-11-28T15:00:00Z".parse().expect("a time"),
            by_code: HashMap::default(),
            came: HashMap::default(),
            moved: vec![Vec::new()],
            series: series.clone(),
        };
        let first = library.keep(&ModelBook::with(&series), library.now);
        assert_eq!(first, (0, 0), "the first book");
        library
    }

    pub(super) fn len(&self) -> (usize, usize) {
        (self.books.len(), self.came.len())
    }

    pub(super) fn does(&mut self, book: u32, deed: ModelDeed) -> Came {
        if let Some(came) = self.came.get(&(book, deed)) {
            return *came;
        }
        let came = self.ask(book, deed);
        self.came.insert((book, deed), came);
        came
    }

    /// The number of the form of a book, and how its attempts moved.
    fn keep(&mut self, book: &ModelBook, now: Timestamp) -> (u32, u32) {
        let rank = |entry: &JournalEntry| rank(&entry.key);
        let (even, code, moved) = book.evened(now, self.now, TICK, rank);
        let count = self.books.len();
        let number = *self.by_code.entry(code).or_insert_with(|| {
            self.books.push(even);
            u32::try_from(count).expect("few books")
        });
        let stayed = moved.iter().all(|it| {
            let still = |list: &[u8]| {
                list.iter()
                    .enumerate()
                    .all(|(at, to)| at == usize::from(*to))
            };
            still(&it.places) && still(&it.counts)
        });
        if stayed {
            return (number, 0);
        }
        let known = self.moved.iter().position(|it| *it == moved);
        let place = known.unwrap_or(self.moved.len());
        if known.is_none() {
            self.moved.push(moved);
        }
        (number, u32::try_from(place).expect("few ways"))
    }

    fn ask(&mut self, number: u32, deed: ModelDeed) -> Came {
        let mut book = self.books[number as usize].clone();
        let (mut answer, mut place_of, mut numero) = (0, 0, 0);
        let now = self.now;
        let mut after = now;
        match deed {
            ModelDeed::First { content } => {
                let intent = self.intent(content);
                let known = book.key(ISSUER, &intent.key);
                let doubted = known.and_then(|it| Some((it, attempt_in_doubt(it)?)));
                answer = match first_step(known, &intent) {
                    FirstStep::Done => DONE,
                    FirstStep::Ask if self.without != Without::Asking => ASK,
                    FirstStep::Ask | FirstStep::Intend => INTEND,
                };
                if let Some((entry, attempt)) = doubted {
                    place_of = place(entry, attempt.id);
                    numero = small(attempt.numero);
                }
            }
            ModelDeed::Decide {
                content,
                place,
                found,
            } => {
                (answer, numero) = match self.decided(&book, content, place, found) {
                    (DoubtDecided::Absent, numero) => (ABSENT, numero),
                    (DoubtDecided::Ours(_), numero) => (OURS, numero),
                    // A broken rule: the stranger's number is not seen to be theirs.
                    (DoubtDecided::Theirs(_), numero) if self.without == Without::Theirs => {
                        (NOT_YET, numero)
                    }
                    (DoubtDecided::Theirs(_), numero) => (THEIRS, numero),
                    (DoubtDecided::NotYet(_), numero) => (NOT_YET, numero),
                };
            }
            ModelDeed::Intend { content } => {
                (answer, place_of, numero) = self.intend(&mut book, content);
            }
            ModelDeed::Hear {
                content,
                place,
                seen,
            } => {
                let entry = self.entry(&book, content);
                let attempt = &entry.attempts[usize::from(place)];
                let id = self.id(attempt.numero);
                let mut outcome = outcome_of(&seen_as(seen, content, &id));
                if self.without == Without::Echo && outcome == AttemptOutcome::Taken {
                    outcome = self.accepted(content, &id);
                }
                numero = small(attempt.numero);
                let newest = usize::from(place) + 1 == entry.attempts.len();
                let accepted = matches!(outcome, AttemptOutcome::Accepted { .. });
                answer = u8::from(newest) * NEWEST
                    | u8::from(outcome.is_definite()) * DEFINITE
                    | u8::from(accepted) * ISSUED;
                let (id, entry) = (attempt.id, entry.clone());
                book.conclude(id, &outcome, now);
                self.stays(&entry, &book, content);
                // 23 is asked about at once.
                if outcome == AttemptOutcome::Taken
                    && let Some(doubted) = attempt_in_doubt(self.entry(&book, content))
                {
                    answer |= TO_ASK;
                    place_of = self::place(self.entry(&book, content), doubted.id);
                    numero = small(doubted.numero);
                }
            }
            ModelDeed::Find {
                content,
                place,
                found,
            } => {
                let entry = self.entry(&book, content).clone();
                let id = entry.attempts[usize::from(place)].id;
                let (decided, n) = self.decided(&book, content, place, found);
                numero = n;
                if let DoubtDecided::Ours(outcome) | DoubtDecided::Theirs(outcome) = decided {
                    book.conclude(id, &outcome, now);
                }
                self.stays(&entry, &book, content);
            }
            ModelDeed::Among {
                content,
                place,
                found,
            } => {
                let entry = self.entry(&book, content).clone();
                let attempt = &entry.attempts[usize::from(place)];
                let tried = book.tried(&self.series, attempt.numero);
                'all: for other in tried.iter().filter(|it| it.id != entry.id) {
                    let of_other = u8::try_from(rank(&other.key)).expect("few");
                    for (nth, tried) in other.attempts.iter().enumerate() {
                        if tried.numero != attempt.numero {
                            continue;
                        }
                        let nth = u8::try_from(nth).expect("few");
                        let (decided, _) = self.decided(&book, of_other, nth, found);
                        if let DoubtDecided::Ours(outcome) = decided {
                            book.conclude(tried.id, &outcome, now);
                            break 'all;
                        }
                    }
                }
            }
            ModelDeed::Note {
                content,
                place,
                older,
                long_ago,
            } => {
                let entry = self.entry(&book, content).clone();
                let at = self.asked_at(&entry, older, long_ago);
                let asked = entry.attempts[usize::from(place)].numero;
                let asked = if self.without == Without::OneNumber {
                    0
                } else {
                    asked
                };
                book.note_absent(entry.id, asked, at);
                self.stays(&entry, &book, content);
            }
            ModelDeed::Abandon { content } => {
                let entry = self.entry(&book, content).id;
                book.abandon(entry);
            }
            ModelDeed::Tick => after = now.saturating_add(TICK).expect("a time"),
            ModelDeed::Stand { content } => {
                answer = self.stands(&book, content);
                let entry = book.key(ISSUER, &key(content));
                place_of = u8::try_from(entry.map_or(0, |it| it.attempts.len())).expect("few");
            }
            ModelDeed::Free => {
                let (_, free) = book.count(&self.series);
                answer = free.iter().fold(0, |bits, it| bits | 1 << it);
            }
            ModelDeed::Void(deed) => {
                (answer, place_of, numero) = self.void(&mut book, deed);
            }
        }
        let (book, moved) = match deed {
            ModelDeed::First { .. }
            | ModelDeed::Decide { .. }
            | ModelDeed::Stand { .. }
            | ModelDeed::Free => (number, 0),
            ModelDeed::Void(deed) if deed.only_reads() => (number, 0),
            _ => self.keep(&book, after),
        };
        let place = match deed {
            ModelDeed::Intend { content }
            | ModelDeed::Hear { content, .. }
            | ModelDeed::Void(VoidDeed { content, .. })
                if moved > 0 =>
            {
                let moved = self.moved[moved as usize].get(usize::from(content));
                let to = moved.and_then(|it| it.places.get(usize::from(place_of)));
                to.copied().unwrap_or(place_of)
            }
            _ => place_of,
        };
        Came {
            book,
            answer,
            place,
            numero,
            moved,
        }
    }

    /// When it was asked, as the production code takes it: so many attempts ago.
    pub(super) fn asked_at(&self, entry: &JournalEntry, older: u8, long_ago: bool) -> Timestamp {
        let mut at = match entry.attempts.get(usize::from(older)) {
            Some(newer) => newer
                .at
                .saturating_sub(Duration::from_nanos(1))
                .expect("a time"),
            None => self.now,
        };
        if long_ago {
            at = at.min(self.now.saturating_sub(TICK).expect("a time"));
        }
        match self.without {
            Without::Quiet => self.now.saturating_add(TICK).expect("a time"),
            Without::AskedBefore => self.now,
            _ => at,
        }
    }

    fn intend(&self, book: &mut ModelBook, content: u8) -> (u8, u8, u8) {
        let intent = self.intent(content);
        let open = book
            .key(ISSUER, &intent.key)
            .filter(|it| it.is_open())
            .cloned();
        let next = book.count(&self.series).0 + 1;
        let intended = match (&open, self.without) {
            (Some(_), Without::SameNumber) => book.intend_under(&intent, next),
            (Some(open), Without::Asking) => book.intend_under(&intent, open.numero),
            (None, Without::CountsUp) => {
                // The next after the last that is known to be issued.
                let known = |it: u8| book.key(ISSUER, &key(it)).and_then(JournalEntry::accepted);
                let last = (0..STRANGER).filter_map(known).map(|it| it.numero).max();
                match book.clone().intend(&intent) {
                    Intended::Attempt(_) => book.intend_under(&intent, last.unwrap_or(0) + 1),
                    other => other,
                }
            }
            _ => book.intend(&intent),
        };
        let Intended::Attempt(granted) = intended else {
            return (0, 0, 0);
        };
        let entry = self.entry(book, content);
        let again = open.is_some_and(|it| it.numero == granted.numero);
        let answer = GRANTED | u8::from(again) * AGAIN;
        (answer, place(entry, granted.id), small(granted.numero))
    }

    fn stands(&self, book: &ModelBook, content: u8) -> u8 {
        let Some(entry) = book.key(ISSUER, &key(content)) else {
            return 0;
        };
        let accepted = entry.accepted().is_some();
        // Who may edit or give up: whoever knows that nothing of it can be issued (rules R1 and R5).
        let all_known = match self.without {
            Without::Freezing => true,
            Without::EveryAttempt => entry
                .last_outcome()
                .is_some_and(AttemptOutcome::is_definite),
            _ => !entry.is_open(),
        };
        let open = entry.attempts.iter().filter(|it| it.is_open()).count();
        WANTED
            | u8::from(accepted) * ACCEPTED
            | u8::from(all_known && !accepted) * MAY_CHANGE
            | u8::from(open >= self.most_open || entry.attempts.len() > 6) * FULL
    }

    /// What is final stays as it is (I10).
    fn stays(&self, before: &JournalEntry, book: &ModelBook, content: u8) {
        let after = self.entry(book, content);
        for (was, is) in before.attempts.iter().zip(&after.attempts) {
            let is_final = matches!(
                was.outcome,
                Some(AttemptOutcome::Accepted { .. } | AttemptOutcome::Conflict { .. })
            );
            assert!(
                !is_final || was.outcome == is.outcome,
                "I10: {was:?} became {is:?}"
            );
        }
    }

    fn decided(&self, book: &ModelBook, content: u8, place: u8, found: u8) -> (DoubtDecided, u8) {
        let attempt = &self.entry(book, content).attempts[usize::from(place)];
        let id = self.id(attempt.numero);
        let body = self.documents[usize::from(content)].with_numero(attempt.numero);
        let finding = self.finding(found, &id);
        let decided = decide_about(attempt, &id, Some(&body), None, &finding);
        (decided, small(attempt.numero))
    }

    /// The answer to a question, as it comes by the wire and is read.
    fn finding(&self, found: u8, id: &NubefactId) -> FoundByName {
        let answer = if found == 0 {
            refusal(24)
        } else {
            echo(found, id)
        };
        finding_of(&Ok(()), Some(&Heard::of(&answer)), |reply| reply.is_of(id))
    }

    fn accepted(&self, content: u8, id: &NubefactId) -> AttemptOutcome {
        outcome_of(&seen_as(Seen::Echo, content, id))
    }

    fn entry<'b>(&self, book: &'b ModelBook, content: u8) -> &'b JournalEntry {
        book.key(ISSUER, &key(content))
            .expect("a wish that was made")
    }

    pub(super) fn id(&self, numero: u32) -> NubefactId {
        NubefactId::new(self.series.kind, &self.series.serie, numero).expect("a name")
    }

    fn intent(&self, content: u8) -> Intent {
        let document = &self.documents[usize::from(content)];
        let intent = Intent::to_issue(ISSUER, &key(content), document, self.now);
        Intent {
            renumber: true,
            ..intent
        }
    }
}

pub(super) fn key(content: u8) -> String {
    format!("k{content}")
}

fn rank(key: &str) -> usize {
    if let Some(void) = rank_of_void(key) {
        return void;
    }
    key.trim_start_matches('k').parse().expect("a key of ours")
}

pub(super) fn small(numero: u32) -> u8 {
    u8::try_from(numero).expect("few numbers")
}

pub(super) fn place(entry: &JournalEntry, attempt: uuid::Uuid) -> u8 {
    let place = entry.attempts.iter().position(|it| it.id == attempt);
    u8::try_from(place.expect("an attempt of it")).expect("few attempts")
}

/// A factura of which the total tells whose it is.
fn document(content: u8) -> NubefactDocument {
    let json = json!({ "operacion": "generar_comprobante", "tipo_de_comprobante": 1, "serie": "FFF1",
        "cliente_tipo_de_documento": "6", "cliente_numero_de_documento": "20512333797",
        "fecha_de_emision": "28-11-2026", "total_igv": "18.00", "total": total(content) });
    NubefactDocument::from_json(json.to_string().as_bytes()).expect("a document")
}

fn total(content: u8) -> String {
    format!("{}.00", 118 + u32::from(content))
}

/// What Nubefact says of a document that it has.
pub(super) fn echo(content: u8, id: &NubefactId) -> RawAnswer {
    answer(200, &echoed(content, id))
}

pub(super) fn echoed(content: u8, id: &NubefactId) -> serde_json::Value {
    let (numero, total) = (id.numero, total(content));
    let qr = format!(
        "{ISSUER} | 01 | FFF1 | {numero:06} | 18.00 | {total} | 28/11/2026 | 6 | 20512333797 | h= |"
    );
    json!({ "tipo_de_comprobante": 1, "serie": "FFF1", "numero": numero,
        "aceptada_por_sunat": true, "cadena_para_codigo_qr": qr })
}

pub(super) fn refusal(codigo: u16) -> RawAnswer {
    answer(400, &json!({ "errors": "texto", "codigo": codigo }))
}

pub(super) fn answer(status: u16, body: &serde_json::Value) -> RawAnswer {
    RawAnswer {
        status,
        headers: http::HeaderMap::new(),
        body: Bytes::from(body.to_string()),
        received_at: Timestamp::UNIX_EPOCH,
    }
}

fn seen_as(seen: Seen, content: u8, id: &NubefactId) -> AttemptClass {
    let (sent, answer) = match seen {
        Seen::Echo => (Ok(()), Some(echo(content, id))),
        Seen::Refused => (Ok(()), Some(refusal(21))),
        Seen::Held => (Err(Failure::Unauthorized), Some(refusal(50))),
        Seen::Exists => (Ok(()), Some(refusal(23))),
        Seen::Nothing => (Err(Failure::Broken), None),
        Seen::NotSent => (Err(Failure::Unreachable), None),
    };
    classify(&sent, answer.as_ref().map(Heard::of).as_ref(), id)
}
