//! One story for each rule.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use uuid::Uuid;

use super::JournalPlace;
use super::kit::{
    ISSUER, OpenJournal, accepted, at, conflict, document, refused_21, reply, series, unknown, wish,
};
use crate::dialects::nubefact::{NubefactDocument, NubefactId, NubefactKind};
use crate::journal::{
    AttemptOutcome, Intended, Intent, JournalAttempt, JournalDeed, JournalEntry, Noted, T_QUIET,
};

pub(super) async fn numbers_go_up_and_refusals_leave_no_hole(place: &dyn JournalPlace) {
    let it = OpenJournal::open(place).await;
    let refused = it.intend(&wish("a", None)).await;
    assert!(matches!(refused, Intended::SeriesNotOpen(_)), "{refused:?}");
    assert_eq!(it.journal.open_series(&series(), 100).await.unwrap(), 100);
    assert_eq!(it.journal.open_series(&series(), 7).await.unwrap(), 100);
    let numeros = [
        it.granted("a").await,
        it.granted("b").await,
        it.granted("c").await,
    ];
    assert_eq!(numeros.each_ref().map(|it| it.numero), [101, 102, 103]);
    it.conclude(&numeros[1], refused_21()).await;
    it.conclude(&numeros[0], refused_21()).await;
    it.conclude(&numeros[2], accepted()).await;
    let it = it.again(place).await;
    let counts = it.journal.series().await.unwrap();
    assert_eq!((counts[0].last, &counts[0].free), (103, &vec![101, 102]));
    let next = [
        it.granted("d").await,
        it.granted("e").await,
        it.granted("f").await,
    ];
    assert_eq!(next.each_ref().map(|it| it.numero), [101, 102, 104]);
    // Not a byte left: somebody else may have it meanwhile.
    it.conclude(&next[2], AttemptOutcome::NotSent).await;
    assert_eq!(it.granted("g").await.numero, 104);
    let it = it.again(place).await;
    assert_eq!(it.granted("f").await.numero, 105);
    assert_eq!(it.journal.open_series(&series(), 0).await.unwrap(), 105);
}

pub(super) async fn a_key_is_one_document(place: &dyn JournalPlace) {
    let it = OpenJournal::opened(place, 0).await;
    let first = it.granted("a").await;
    it.conclude(&first, accepted()).await;
    let it = it.again(place).await;
    let same = it.intend(&wish("a", None)).await;
    assert!(matches!(same, Intended::Done(entry) if entry.numero == 1));
    let other = Intent {
        document: document("b", None),
        ..wish("a", None)
    };
    let other = it.intend(&other).await;
    assert!(matches!(other, Intended::OtherContent(entry) if entry.numero == 1));
    // Another issuer's key is another key.
    let elsewhere = Intent {
        issuer: "20131312955".into(),
        ..wish("a", None)
    };
    assert!(matches!(
        it.intend(&elsewhere).await,
        Intended::SeriesNotOpen(_)
    ));
    let found = it.journal.by_key(ISSUER, "a").await.unwrap().unwrap();
    let by_numero = it.journal.by_numero(&series(), 1).await.unwrap().unwrap();
    assert_eq!(found.id, by_numero.id);
    assert_eq!(it.journal.entries(ISSUER).await.unwrap().len(), 1);
    assert!(it.journal.by_key(ISSUER, "b").await.unwrap().is_none());
    assert!(it.journal.by_numero(&series(), 2).await.unwrap().is_none());
}

pub(super) async fn what_is_open_is_asked_about_first(place: &dyn JournalPlace) {
    for outcome in [None, Some(unknown()), Some(AttemptOutcome::Taken)] {
        let it = OpenJournal::opened(place, 0).await;
        let key = format!("{outcome:?}");
        let first = it.granted(&key).await;
        assert_eq!(first.hash, *blake3::hash(&first.body).to_hex());
        if let Some(outcome) = outcome {
            it.conclude(&first, outcome).await;
        }
        let it = it.again(place).await;
        let open = it.journal.open().await.unwrap();
        let open = open.iter().find(|it| it.key == key.as_str()).unwrap();
        assert_eq!(open.numero, first.numero);
        let body = it.journal.body(first.id).await.unwrap().unwrap();
        assert_eq!(body, first.body, "the exact bytes");
        assert!(matches!(
            it.intend(&wish(&key, None)).await,
            Intended::AskFirst(_)
        ));
        it.journal
            .note(open.id, &absent(&first), at(1))
            .await
            .unwrap();
        let it = it.again(place).await;
        let second = it.granted(&key).await;
        assert_eq!((second.numero, &second.body), (first.numero, &first.body));
        assert_eq!((second.entry, second.count), (first.entry, 2));
        // Asked before the second one was made: that says nothing of it.
        assert!(matches!(
            it.intend(&wish(&key, None)).await,
            Intended::AskFirst(_)
        ));
        it.conclude(&second, accepted()).await;
        assert!(
            it.journal
                .open()
                .await
                .unwrap()
                .iter()
                .all(|it| it.key != key.as_str())
        );
    }
}

pub(super) async fn a_number_is_free_when_all_its_attempts_are_definite(place: &dyn JournalPlace) {
    let it = OpenJournal::opened(place, 0).await;
    let first = it.granted("a").await;
    it.conclude(&first, unknown()).await;
    it.journal
        .note(first.entry, &absent(&first), at(1))
        .await
        .unwrap();
    let second = it.granted("a").await;
    let entry = it.conclude(&second, refused_21()).await;
    assert!(entry.is_open(), "the first one may still arrive");
    // A refusal frees nothing while an older attempt is open.
    assert_eq!(it.granted("b").await.numero, 2);
    let it = it.again(place).await;
    // Nor does time alone, nor asking too early.
    let early = at(1).checked_add(T_QUIET).unwrap();
    let none = absent(&first);
    let entry = it.journal.note(first.entry, &none, early);
    assert!(entry.await.unwrap().is_open());
    assert_eq!(it.granted("c").await.numero, 3);
    let late = at(61).checked_add(T_QUIET).unwrap();
    let none = absent(&first);
    let entry = it.journal.note(first.entry, &none, late);
    assert!(!entry.await.unwrap().is_open());
    let it = it.again(place).await;
    assert_eq!(it.granted("d").await.numero, 1);
    // And the other way: it did arrive.
    drop(it);
    let it = OpenJournal::opened(place, 0).await;
    let first = it.granted("x").await;
    it.journal
        .note(first.entry, &absent(&first), at(1))
        .await
        .unwrap();
    let second = it.granted("x").await;
    it.conclude(&second, refused_21()).await;
    let entry = it.conclude(&first, accepted()).await;
    assert!(entry.accepted().is_some_and(|it| it.id == first.id) && !entry.is_open());
    assert!(matches!(
        it.intend(&wish("x", None)).await,
        Intended::Done(_)
    ));
}

pub(super) async fn a_stranger_keeps_the_number(place: &dyn JournalPlace) {
    let it = OpenJournal::opened(place, 0).await;
    let first = it.granted("a").await;
    it.conclude(&first, AttemptOutcome::Taken).await;
    let entry = it.conclude(&first, conflict()).await;
    assert!(!entry.is_open());
    let it = it.again(place).await;
    // Told, and not renumbered unasked.
    assert!(matches!(
        it.intend(&wish("a", None)).await,
        Intended::Conflict(_)
    ));
    assert_eq!(it.granted("b").await.numero, 2);
    let renumbered = Intent {
        renumber: true,
        ..wish("a", None)
    };
    let Intended::Attempt(second) = it.intend(&renumbered).await else {
        panic!("the next number");
    };
    assert_eq!((second.entry, second.numero), (first.entry, 3));
    let theirs = it.intend(&wish("c", Some(1))).await;
    assert!(matches!(theirs, Intended::NumberTheirs(1)), "{theirs:?}");
    // Why is kept.
    let entry = it.journal.by_key(ISSUER, "a").await.unwrap().unwrap();
    assert_eq!(entry.attempts[0].outcome, Some(conflict()));
}

pub(super) async fn numbers_that_callers_bring(place: &dyn JournalPlace) {
    let it = OpenJournal::open(place).await;
    let Intended::Attempt(own) = it.intend(&wish("a", Some(50))).await else {
        panic!("no series is needed for it");
    };
    assert_eq!(own.numero, 50);
    it.conclude(&own, accepted()).await;
    let used = it.intend(&wish("b", Some(50))).await;
    assert!(matches!(used, Intended::NumberUsed(entry) if &*entry.key == "a"));
    assert_eq!(it.journal.open_series(&series(), 10).await.unwrap(), 50);
    assert_eq!(it.granted("c").await.numero, 51);
    let Intended::Attempt(high) = it.intend(&wish("d", Some(60))).await else {
        panic!("it is nobody's");
    };
    it.conclude(&high, refused_21()).await;
    let it = it.again(place).await;
    let counts = it.journal.series().await.unwrap();
    assert_eq!((counts[0].last, &counts[0].free), (60, &vec![60]));
    // A refusal of a number from before the series was opened says nothing of who used it.
    let Intended::Attempt(low) = it.intend(&wish("e", Some(3))).await else {
        panic!("it is nobody's");
    };
    it.conclude(&low, refused_21()).await;
    assert_eq!(it.granted("f").await.numero, 60);
    assert_eq!(it.granted("g").await.numero, 61);
    // A conflict of a number that was brought is final.
    let Intended::Attempt(taken) = it.intend(&wish("h", Some(70))).await else {
        panic!("it is nobody's");
    };
    it.conclude(&taken, conflict()).await;
    let again = Intent {
        renumber: true,
        ..wish("h", Some(70))
    };
    assert!(matches!(it.intend(&again).await, Intended::Conflict(_)));
}

pub(super) async fn what_is_held_keeps_its_number(place: &dyn JournalPlace) {
    let it = OpenJournal::opened(place, 0).await;
    let first = it.granted("a").await;
    let held = AttemptOutcome::Held {
        codigo: Some(50),
        text: "Cuenta suspendida".to_owned(),
    };
    let entry = it.conclude(&first, held.clone()).await;
    assert!(!entry.is_open());
    let it = it.again(place).await;
    assert_eq!(it.granted("b").await.numero, 2);
    let second = it.granted("a").await;
    assert_eq!((second.numero, &second.body), (1, &first.body));
    it.conclude(&second, held).await;
    let entry = it.journal.abandon(first.entry).await.unwrap();
    assert!(entry.abandoned);
    let it = it.again(place).await;
    assert_eq!(it.granted("c").await.numero, 1);
    // What may exist cannot be given up.
    let open = it.granted("d").await;
    it.journal.abandon(open.entry).await.unwrap();
    assert_eq!(it.granted("e").await.numero, open.numero + 1);
    assert!(it.journal.abandon(Uuid::nil()).await.is_err());
}

pub(super) async fn voids_take_no_number(place: &dyn JournalPlace) {
    let it = OpenJournal::opened(place, 0).await;
    let issued = it.granted("a").await;
    it.conclude(&issued, accepted()).await;
    let void = |reason: &str| {
        let id = NubefactId::new(NubefactKind::Factura, "FFF1", 1).unwrap();
        let body = format!(r#"{{"operacion":"generar_anulacion","motivo":"{reason}"}}"#);
        Intent {
            deed: JournalDeed::Void,
            document: NubefactDocument::frozen(&id, body.into()),
            ..wish("anular", None)
        }
    };
    let Intended::Attempt(first) = it.intend(&void("uno")).await else {
        panic!("a void of ours");
    };
    it.conclude(&first, unknown()).await;
    let it = it.again(place).await;
    // Another reason is the same wish, but not while the first may be under way.
    assert!(matches!(
        it.intend(&void("dos")).await,
        Intended::OtherContent(_)
    ));
    assert!(matches!(
        it.intend(&void("uno")).await,
        Intended::AskFirst(_)
    ));
    it.journal
        .note(first.entry, &absent(&first), at(1))
        .await
        .unwrap();
    let Intended::Attempt(second) = it.intend(&void("uno")).await else {
        panic!("the same bytes again");
    };
    assert_eq!(second.body, first.body);
    let late = at(61).checked_add(T_QUIET).unwrap();
    it.conclude(&second, refused_21()).await;
    it.journal
        .note(first.entry, &absent(&first), late)
        .await
        .unwrap();
    let Intended::Attempt(third) = it.intend(&void("dos")).await else {
        panic!("nothing is under way");
    };
    assert_ne!(third.body, first.body);
    it.conclude(&third, accepted()).await;
    let it = it.again(place).await;
    assert!(matches!(it.intend(&void("tres")).await, Intended::Done(_)));
    assert_eq!(it.granted("b").await.numero, 2);
    let by_numero = it.journal.by_numero(&series(), 1).await.unwrap().unwrap();
    assert_eq!(by_numero.deed, JournalDeed::Issue);
}

pub(super) async fn a_late_copy_is_ours(place: &dyn JournalPlace) {
    let it = OpenJournal::opened(place, 0).await;
    let first = it.granted("a").await;
    it.conclude(&first, refused_21()).await;
    let second = it.granted("b").await;
    assert_eq!(second.numero, 1);
    it.conclude(&second, AttemptOutcome::Taken).await;
    let tried = it.journal.tried(&series(), 1).await.unwrap();
    let keys: Vec<&str> = tried.iter().map(|it| &*it.key).collect();
    assert_eq!(keys, ["a", "b"]);
    // The copy of the first one was accepted after its refusal.
    let entry = it.conclude(&first, accepted()).await;
    assert!(entry.accepted().is_some());
    it.conclude(&second, conflict()).await;
    let it = it.again(place).await;
    assert!(matches!(
        it.intend(&wish("a", None)).await,
        Intended::Done(_)
    ));
    assert!(matches!(
        it.intend(&wish("b", None)).await,
        Intended::Conflict(_)
    ));
    let by_numero = it.journal.by_numero(&series(), 1).await.unwrap();
    assert_eq!(by_numero.unwrap().key, "a");
    let used = it.intend(&wish("c", Some(1))).await;
    assert!(matches!(used, Intended::NumberUsed(_)), "{used:?}");
    assert_eq!(it.granted("d").await.numero, 2);
}

pub(super) async fn what_is_final_stays(place: &dyn JournalPlace) {
    let it = OpenJournal::opened(place, 0).await;
    let first = it.granted("a").await;
    it.conclude(&first, accepted()).await;
    for late in [unknown(), refused_21(), conflict(), AttemptOutcome::NotSent] {
        let entry = it.conclude(&first, late).await;
        assert_eq!(entry.last_outcome(), Some(&accepted()));
    }
    let state = |entry: JournalEntry| entry.reply.unwrap().reply().state().as_str();
    let mut seen = Vec::new();
    for said in ["true", "false", "null", "true,\"anulado\":true", "true"] {
        let reply = reply(&format!(r#"{{"aceptada_por_sunat":{said}}}"#));
        let noted = Noted::Reply { reply };
        let entry = it.journal.note(first.entry, &noted, at(2)).await.unwrap();
        seen.push(state(entry));
    }
    let voided = ["ACEPTADO", "ACEPTADO", "ACEPTADO", "ANULADO", "ANULADO"];
    assert_eq!(seen, voided);
    let it = it.again(place).await;
    let entry = it.journal.by_key(ISSUER, "a").await.unwrap().unwrap();
    assert_eq!(entry.last_outcome(), Some(&accepted()));
    assert_eq!(state(entry), "ANULADO");
    assert!(
        it.journal
            .conclude(Uuid::nil(), &unknown(), at(1))
            .await
            .is_err()
    );
    let absent = it.journal.note(Uuid::nil(), &absent(&first), at(1)).await;
    assert!(absent.is_err());
    assert!(it.journal.body(Uuid::nil()).await.unwrap().is_none());
}

pub(super) async fn wishes_at_once_get_different_numbers(place: &dyn JournalPlace) {
    let it = OpenJournal::opened(place, 0).await;
    let wishes: Vec<Intent> = (0..50).map(|n| wish(&format!("k{n}"), None)).collect();
    let granted = join_all(wishes.iter().map(|wish| it.intend(wish))).await;
    let numeros = granted.iter().map(|it| match it {
        Intended::Attempt(attempt) => attempt.numero,
        other => panic!("{other:?}"),
    });
    let numeros: BTreeSet<u32> = numeros.collect();
    assert_eq!(numeros, (1..=50).collect());
    let it = it.again(place).await;
    assert_eq!(it.journal.open().await.unwrap().len(), 50);
}

/// There is none under the number of that attempt.
fn absent(attempt: &JournalAttempt) -> Noted {
    let numero = attempt.numero;
    Noted::Absent { numero }
}

pub(super) async fn a_question_is_about_one_number_at_one_time(place: &dyn JournalPlace) {
    let it = OpenJournal::opened(place, 0).await;
    let first = it.granted("a").await;
    it.conclude(&first, unknown()).await;
    // Another number, or asked before it began: the attempt was not asked about.
    let other = Noted::Absent { numero: 2 };
    it.journal.note(first.entry, &other, at(1)).await.unwrap();
    let before = at(-60);
    it.journal
        .note(first.entry, &absent(&first), before)
        .await
        .unwrap();
    let it = it.again(place).await;
    assert!(matches!(
        it.intend(&wish("a", None)).await,
        Intended::AskFirst(_)
    ));
    it.journal
        .note(first.entry, &absent(&first), at(1))
        .await
        .unwrap();
    assert_eq!(it.granted("a").await.body, first.body);
}
