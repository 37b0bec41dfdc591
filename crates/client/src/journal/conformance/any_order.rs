//! Stories that nobody thought of.

use std::collections::HashMap;

use uuid::Uuid;

use super::JournalPlace;
use super::kit::{OpenJournal, accepted, at, conflict, refused_21, unknown, wish};
use crate::journal::{AttemptOutcome, Intended, Intent, JournalAttempt, Noted};

/// Any order of wishes, outcomes, questions and crashes: other bytes come under a number only when all
/// attempts with it have come to nothing, and counts only grow.
pub(super) async fn any_story_keeps_the_rules(place: &dyn JournalPlace, seed: u64) {
    let mut draw = fastrand::Rng::with_seed(seed);
    let mut it = OpenJournal::opened(place, 5).await;
    let mut attempts: Vec<(JournalAttempt, Option<AttemptOutcome>)> = Vec::new();
    let mut last = 5;
    for step in 0..120 {
        match draw.u8(0..10) {
            0..=4 => {
                let key = format!("k{}", draw.u8(0..12));
                let own = (draw.u8(0..6) == 0).then(|| draw.u32(1..20));
                let key = own.map_or(key.clone(), |own| format!("{key}-{own}"));
                let intent = Intent {
                    renumber: draw.bool(),
                    at: at(step),
                    ..wish(&key, own)
                };
                if let Intended::Attempt(attempt) = it.intend(&intent).await {
                    check_grant(&attempts, &attempt, seed);
                    attempts.push((attempt, None));
                }
            }
            5..=7 if !attempts.is_empty() => {
                let place = draw.usize(0..attempts.len());
                // What is definite is only concluded again by proof, which is a story of its own.
                if attempts[place]
                    .1
                    .as_ref()
                    .is_some_and(AttemptOutcome::is_definite)
                {
                    continue;
                }
                let outcome = match draw.u8(0..6) {
                    0 => accepted(),
                    1 => refused_21(),
                    2 => conflict(),
                    3 => AttemptOutcome::NotSent,
                    4 => AttemptOutcome::Taken,
                    _ => unknown(),
                };
                let (attempt, kept) = &mut attempts[place];
                let entry = it.conclude(attempt, outcome).await;
                let now = entry.attempts.iter().find(|it| it.id == attempt.id);
                kept.clone_from(&now.unwrap().outcome);
            }
            8 if !attempts.is_empty() => {
                let (attempt, _) = &attempts[draw.usize(0..attempts.len())];
                let when = at(step + draw.i64(0..3) * 3_600);
                let numero = attempt.numero;
                let absent = Noted::Absent { numero };
                let noted = it.journal.note(attempt.entry, &absent, when);
                let entry = noted.await.unwrap();
                let outcomes: HashMap<Uuid, _> = entry
                    .attempts
                    .into_iter()
                    .map(|it| (it.id, it.outcome))
                    .collect();
                for (attempt, kept) in &mut attempts {
                    if let Some(now) = outcomes.get(&attempt.id) {
                        kept.clone_from(now);
                    }
                }
            }
            _ => it = it.again(place).await,
        }
        let count = it.journal.series().await.unwrap()[0].last;
        assert!(count >= last, "seed {seed}: a count went down");
        last = count;
    }
}

#[track_caller]
fn check_grant(
    attempts: &[(JournalAttempt, Option<AttemptOutcome>)],
    granted: &JournalAttempt,
    seed: u64,
) {
    for (before, outcome) in attempts.iter().filter(|it| it.0.numero == granted.numero) {
        let came_to_nothing = matches!(
            outcome,
            Some(
                AttemptOutcome::Refused { .. } | AttemptOutcome::NotSent | AttemptOutcome::Cleared
            )
        );
        let same = before.entry == granted.entry && before.body == granted.body;
        let may_exist = matches!(
            outcome,
            Some(AttemptOutcome::Accepted { .. } | AttemptOutcome::Conflict { .. })
        );
        assert!(
            came_to_nothing || (same && !may_exist),
            "seed {seed}: number {} again after {outcome:?}",
            granted.numero
        );
    }
}
