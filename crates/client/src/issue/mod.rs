//! Issuing exactly once: [`settle`] is the only function that can issue, and it sends at most one request
//! that does.
//!
//! Its story: what is known of the wish? If an attempt is open, the upstream is asked what became of it,
//! once. Leave to send is waited for. The journal binds a number to the exact bytes, durable. They are
//! sent. What was seen is classified (`class.rs`), what the classes mean to the journal stands in
//! `transition.rs`, and the journal is told. A queue, or a person, wishes again; here is no loop.
//!
//! What must never happen: other bytes under a number that may be taken; a new number while an old one is
//! in doubt; "it exists already" taken for success.

mod class;
mod exchange;
#[cfg(test)]
mod model;
mod settled;
mod standing;
mod transition;
mod turn;
mod void;
mod voided;

pub use settled::{Blocked, IssueSettled, Issued};
pub use standing::{DocumentState, NextDeed, Standing, standing};
pub use turn::{AfterTurn, IssueTurn};
pub use void::settle_void;
pub use voided::{VoidSettled, VoidWish};

pub(crate) use class::is_of_void;
pub(crate) use transition::{FoundByName, finding_of};

use std::task::Poll;

use bytes::Bytes;
use chaski_core::Ruc;
use futures_util::poll;
use tokio::time::Instant;

use class::{AttemptClass, classify};
use exchange::NubefactExchange;
use transition::{DoubtDecided, FirstStep, attempt_in_doubt, decide_about, first_step, outcome_of};

use crate::dialects::nubefact::likeness::request_about;
use crate::dialects::nubefact::{NubefactDialect, NubefactId, NubefactOperation, NubefactRefusal};
use crate::journal::{
    AttemptOutcome, Intended, Intent, Journal, JournalEntry, JournalError, Noted,
};
use crate::ledger::new_id;
use crate::line::{CallSheet, Exchange};
use crate::{Ask, Failure, Key, Line};

/// The lines to one issuer's ruta, and who asks. Each has pace, breaker, places and time-outs of its own.
pub struct IssuingWay<'a> {
    /// Documents, and their voids, go by this one.
    pub issuing: &'a Line,
    /// Questions about documents go by this one.
    pub asking: &'a Line,
    /// How it is said.
    pub dialect: &'a NubefactDialect,
    /// Who issues, where that is known: then an answer about another issuer is nobody's.
    pub ruc: Option<&'a Ruc>,
    /// Who wants it, for the record.
    pub ask: &'a Ask,
}

/// Issues a document exactly once, or says how far it has come. The same wish again goes on from there:
/// after an answer that was lost, after a crash, after a refusal.
///
/// With a [`IssueTurn`] it goes out behind another document, and lets the next one go.
///
/// An error of the journal after the send means that nothing more can be recorded with this handle; the
/// document may exist, and the next wish asks.
pub async fn settle(
    way: &IssuingWay<'_>,
    journal: &dyn Journal,
    intent: &Intent,
    mut turn: IssueTurn,
) -> Result<IssueSettled, JournalError> {
    // 1. What is known of it; what is open is asked about before anything else.
    let known = journal.by_key(&intent.issuer, &intent.key).await?;
    if let Some(known) = known.as_ref() {
        match first_step(Some(known), intent) {
            FirstStep::Done => return Ok(done(known.clone())),
            FirstStep::Intend => {}
            FirstStep::Ask => match ask_about(way, journal, known).await? {
                (_, DoubtDecided::Absent) => {}
                (entry, asked) => return Ok(settled_by_asking(entry, asked)),
            },
        }
    }
    if !turn.come().await {
        return Ok(IssueSettled::NotItsTurn);
    }
    // 2. Leave to send, before a number is taken.
    let series = intent.series();
    let operation = series.kind.issuing();
    let waiting = key_of(operation, &series.serie);
    let sheet = way.sheet(way.issuing, &waiting, intent.at);
    let leave = match way.issuing.enter(&sheet).await {
        Ok(leave) => leave,
        Err(failure) => {
            let entry = known.map(Box::new);
            return Ok(IssueSettled::NotSent { failure, entry });
        }
    };
    // 3. The number and the bytes, durable before the first of them leaves.
    let intent = Intent {
        at: way.issuing.clock().now(),
        ..intent.clone()
    };
    let attempt = match journal.intend(&intent).await? {
        Intended::Attempt(attempt) => attempt,
        other => return Ok(not_intended(other)),
    };
    // 4. The only send.
    let id = NubefactId {
        kind: series.kind,
        serie: series.serie,
        numero: attempt.numero,
    };
    let name = key_of(operation, &id.to_string());
    let sheet = CallSheet {
        // By which the call on record and the attempt find each other.
        lookup: attempt.id,
        ..way.sheet(way.issuing, &name, intent.at)
    };
    let exchange = NubefactExchange::new(way.dialect, attempt.body.clone());
    let sent = way.issuing.send(leave, &sheet, &exchange, attempt.count);
    let sent = sent.await;
    // 5. What it came to, durable before anybody is told.
    let class = classify(&sent, exchange.heard(), &id);
    let at = way.issuing.clock().now();
    let outcome = outcome_of(&class);
    let mut concluding = journal.conclude(attempt.id, &outcome, at);
    // Begun before the next one goes, so that it comes first.
    let concluded = poll!(&mut concluding);
    if matches!(class, AttemptClass::Accepted(_)) {
        turn.pass();
    }
    let entry = match concluded {
        Poll::Ready(entry) => entry?,
        Poll::Pending => concluding.await?,
    };
    let entry = Box::new(entry);
    Ok(match class {
        AttemptClass::Accepted(reply) => IssueSettled::Accepted(Box::new(Issued {
            entry: *entry,
            reply,
            recovered: false,
            before: false,
        })),
        AttemptClass::Refused(refusal) => IssueSettled::Refused { entry, refusal },
        AttemptClass::Held {
            refusal,
            retry_after,
        } => IssueSettled::Held {
            entry,
            refusal,
            retry_after,
        },
        AttemptClass::NotSent => IssueSettled::NotSent {
            failure: Failure::Unreachable,
            entry: Some(entry),
        },
        AttemptClass::Unknown(why) => IssueSettled::Unknown {
            entry,
            why: why.to_owned(),
        },
        // 6. It exists: ours after all, or a stranger's?
        AttemptClass::Taken => {
            let (entry, asked) = ask_about(way, journal, &entry).await?;
            settled_by_asking(entry, asked)
        }
    })
}

/// Asks what became of a document whose attempt is open, and sends nothing: for whoever starts after a
/// crash, or only wants to know. What is not there later than [`T_QUIET`](crate::T_QUIET) is given back
/// its number.
pub async fn resolve(
    way: &IssuingWay<'_>,
    journal: &dyn Journal,
    entry: &JournalEntry,
) -> Result<IssueSettled, JournalError> {
    if entry.accepted().is_some() {
        return Ok(done(entry.clone()));
    }
    if !entry.is_open() {
        return Ok(settled_before(entry.clone()));
    }
    let (entry, asked) = ask_about(way, journal, entry).await?;
    Ok(settled_by_asking(entry, asked))
}

/// One question about the open attempt of an entry; the journal is told the answer.
async fn ask_about(
    way: &IssuingWay<'_>,
    journal: &dyn Journal,
    entry: &JournalEntry,
) -> Result<(JournalEntry, DoubtDecided), JournalError> {
    let Some(attempt) = attempt_in_doubt(entry) else {
        return Ok((entry.clone(), DoubtDecided::Absent));
    };
    let id = NubefactId {
        numero: attempt.numero,
        ..entry.document()
    };
    let body = journal.body(attempt.id).await?;
    // An answer is as old as its question, however late it is read: a process may have been stopped
    // between the two.
    let at = way.asking.clock().now();
    let finding = way.consult(&id).await;
    let asked = decide_about(attempt, &id, body.as_deref(), way.ruc, &finding);
    if matches!(asked, DoubtDecided::Theirs(_)) {
        look_among_ours(way, journal, entry, &id, &finding).await?;
    }
    let entry = match &asked {
        DoubtDecided::Ours(outcome) | DoubtDecided::Theirs(outcome) => {
            journal.conclude(attempt.id, outcome, at).await?
        }
        DoubtDecided::Absent => {
            let numero = id.numero;
            journal
                .note(entry.id, &Noted::Absent { numero }, at)
                .await?
        }
        DoubtDecided::NotYet(_) => entry.clone(),
    };
    Ok((entry, asked))
}

/// Somebody's document has the number. It may be one of ours after all: an earlier one that was refused,
/// whose late copy was accepted. Then that one is issued.
async fn look_among_ours(
    way: &IssuingWay<'_>,
    journal: &dyn Journal,
    entry: &JournalEntry,
    id: &NubefactId,
    finding: &FoundByName,
) -> Result<(), JournalError> {
    let tried = journal.tried(&entry.series, id.numero).await?;
    for other in tried.iter().filter(|it| it.id != entry.id) {
        for attempt in other.attempts.iter().filter(|it| it.numero == id.numero) {
            let body = journal.body(attempt.id).await?;
            let decided = decide_about(attempt, id, body.as_deref(), way.ruc, finding);
            if let DoubtDecided::Ours(outcome) = decided {
                let at = way.asking.clock().now();
                journal.conclude(attempt.id, &outcome, at).await?;
                return Ok(());
            }
        }
    }
    Ok(())
}

impl IssuingWay<'_> {
    /// What Nubefact has under a name.
    pub(crate) async fn consult(&self, id: &NubefactId) -> FoundByName {
        let operation = id.kind.asking();
        let (sent, heard) = self.ask_once(operation, id, self.asking).await;
        finding_of(&sent, heard.heard(), |reply| reply.is_of(id))
    }

    /// One question by its name, on a line.
    pub(crate) async fn ask_once(
        &self,
        operation: NubefactOperation,
        id: &NubefactId,
        line: &Line,
    ) -> (Result<(), Failure>, NubefactExchange<'_>) {
        let body = Bytes::from(request_about(operation, id, &[]));
        self.exchange_once(operation, &id.to_string(), body, line)
            .await
    }

    /// One request that neither issues nor voids, on a line.
    pub(crate) async fn exchange_once(
        &self,
        operation: NubefactOperation,
        name: &str,
        body: Bytes,
        line: &Line,
    ) -> (Result<(), Failure>, NubefactExchange<'_>) {
        let exchange = NubefactExchange::new(self.dialect, body);
        let name = key_of(operation, name);
        let sheet = self.sheet(line, &name, line.clock().now());
        let sent = match line.enter(&sheet).await {
            Ok(leave) => line.send(leave, &sheet, &exchange, 1).await,
            Err(failure) => Err(failure),
        };
        (sent, exchange)
    }

    /// One file, on a line.
    pub(crate) async fn fetch<T>(
        &self,
        operation: &'static str,
        name: &str,
        line: &Line,
        exchange: &dyn Exchange<T>,
    ) -> Result<T, Failure> {
        let key = Key {
            operation,
            subject: name.into(),
            personal: false,
        };
        let sheet = self.sheet(line, &key, line.clock().now());
        let leave = line.enter(&sheet).await?;
        line.send(leave, &sheet, exchange, 1).await
    }

    fn sheet<'s>(&'s self, line: &Line, key: &'s Key, at: jiff::Timestamp) -> CallSheet<'s> {
        CallSheet {
            lookup: new_id(at),
            key,
            items: 1,
            // Customers are in every body.
            personal: true,
            else_singly: false,
            free: false,
            at_once: false,
            place: None,
            ask: self.ask,
            patience: None,
            deadline: Instant::now() + self.ask.deadline.unwrap_or_else(|| line.usual_deadline()),
        }
    }
}

pub(crate) fn key_of(operation: NubefactOperation, name: &str) -> Key {
    Key {
        operation: operation.as_str(),
        subject: name.into(),
        personal: false,
    }
}

/// What the journal knows of a document, as what its wish came to.
pub(crate) fn told(entry: &JournalEntry) -> IssueSettled {
    if entry.is_open() {
        return IssueSettled::Unknown {
            entry: Box::new(entry.clone()),
            why: "por_consultar".to_owned(),
        };
    }
    match done(entry.clone()) {
        IssueSettled::Accepted(issued) => IssueSettled::Accepted(Box::new(Issued {
            before: false,
            ..*issued
        })),
        other => other,
    }
}

fn done(entry: JournalEntry) -> IssueSettled {
    let accepted = entry.accepted().and_then(|it| it.outcome.as_ref());
    let Some(AttemptOutcome::Accepted { recovered, reply }) = accepted else {
        return settled_before(entry);
    };
    let recovered = *recovered;
    let reply = entry.reply.as_ref().unwrap_or(reply).reply();
    IssueSettled::Accepted(Box::new(Issued {
        reply,
        recovered,
        before: true,
        entry,
    }))
}

fn not_intended(intended: Intended) -> IssueSettled {
    match intended {
        Intended::Done(entry) => done(entry),
        Intended::Conflict(entry) => IssueSettled::Conflict {
            entry: Box::new(entry),
        },
        Intended::AskFirst(entry) => IssueSettled::Unknown {
            entry: Box::new(entry),
            why: "por_consultar".to_owned(),
        },
        Intended::GivenUp(entry) => IssueSettled::Blocked(Blocked::GivenUp(Box::new(entry))),
        Intended::OtherContent(entry) => {
            IssueSettled::Blocked(Blocked::OtherContent(Box::new(entry)))
        }
        Intended::NumberUsed(entry) => IssueSettled::Blocked(Blocked::NumberUsed(Box::new(entry))),
        Intended::NumberTheirs(numero) => IssueSettled::Blocked(Blocked::NumberTheirs(numero)),
        Intended::SeriesNotOpen(series) => IssueSettled::Blocked(Blocked::SeriesNotOpen(series)),
        Intended::SeriesFull(series) => IssueSettled::Blocked(Blocked::SeriesFull(series)),
        // Sent by the caller.
        Intended::Attempt(_) => IssueSettled::NotSent {
            failure: Failure::Internal,
            entry: None,
        },
    }
}

fn settled_by_asking(entry: JournalEntry, asked: DoubtDecided) -> IssueSettled {
    let unknown = |entry: JournalEntry, why: &str| IssueSettled::Unknown {
        entry: Box::new(entry),
        why: why.to_owned(),
    };
    match asked {
        DoubtDecided::Ours(AttemptOutcome::Accepted { reply, .. }) => {
            IssueSettled::Accepted(Box::new(Issued {
                reply: reply.reply(),
                recovered: true,
                before: false,
                entry,
            }))
        }
        DoubtDecided::Theirs(_) => IssueSettled::Conflict {
            entry: Box::new(entry),
        },
        DoubtDecided::NotYet(why) => unknown(entry, why),
        DoubtDecided::Absent if entry.is_open() => unknown(entry, "aun_no_figura"),
        // Quiet for long enough: it has come to nothing.
        DoubtDecided::Absent | DoubtDecided::Ours(_) => settled_before(entry),
    }
}

/// What the last attempt of a document that does not exist came to.
fn settled_before(entry: JournalEntry) -> IssueSettled {
    let last = entry.last_outcome().cloned();
    let entry = Box::new(entry);
    match last {
        Some(AttemptOutcome::Refused { codigo, text }) => IssueSettled::Refused {
            entry,
            refusal: NubefactRefusal { codigo, text },
        },
        Some(AttemptOutcome::Held { codigo, text }) => IssueSettled::Held {
            entry,
            refusal: NubefactRefusal { codigo, text },
            retry_after: None,
        },
        Some(AttemptOutcome::Conflict { .. }) => IssueSettled::Conflict { entry },
        _ => IssueSettled::NotSent {
            failure: Failure::Unreachable,
            entry: Some(entry),
        },
    }
}
