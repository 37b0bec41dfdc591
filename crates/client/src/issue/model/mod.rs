//! The model check: every order in which workers, Nubefact, a stranger, those who edit and the network can
//! act is explored, over the production rules: the journal's book, the classification, the reading of
//! answers and what is decided about doubt are called, not told again. Told again is the order of the
//! steps of [`settle`](super::settle) and, in `voids.rs`, of [`settle_void`](super::settle_void), each of
//! which can be the last before a kill.
//!
//! Not a library: `stateright` 0.31 keeps whole states and cannot say "the end can be reached from each
//! state", which is half of what is asked here; what is left of it are the hundred lines of `search.rs`.
#![expect(
    clippy::precedence,
    clippy::many_single_char_names,
    clippy::too_many_lines,
    clippy::unused_self,
    clippy::cast_possible_truncation,
    clippy::struct_excessive_bools,
    clippy::disallowed_methods,
    reason = "bits of packed states, switches, and the size from the environment"
)]

mod library;
mod search;
mod void_deed;
mod voids;
mod world;

use std::time::Instant;

use library::Library;
use search::{Searched, search};
use world::World;

/// How large the world is.
#[derive(Debug, Clone, Copy)]
struct Size {
    documents: usize,
    workers: usize,
    numbers: usize,
    /// Requests that may be late at once.
    under_way: usize,
    /// Open attempts of one document.
    most_open: usize,
    stranger: bool,
    edits: bool,
    releases: bool,
    /// Whether documents are voided, and SUNAT speaks later.
    voids: bool,
    /// Whether the days within which a void is taken pass.
    late: bool,
    /// Whether the network doubles a request once, and the second one may be accepted after the first was
    /// refused.
    copies: bool,
}

/// The protection that is taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Without {
    Nothing,
    /// R1: edited or given up while in doubt.
    Freezing,
    /// R2: what is sent again gets a new number.
    SameNumber,
    /// R3: sent again without a question.
    Asking,
    /// R4: 23 is taken for success.
    Echo,
    /// R5: only the newest attempt is looked at before an edit.
    EveryAttempt,
    /// R5: one "there is none" clears at once.
    Quiet,
    /// R5: after the quiet time it is not asked again.
    AskingAgain,
    /// R5: the time of a question is when its answer was written down.
    AskedBefore,
    /// R5: a question about one number clears another.
    OneNumber,
    /// R6: the next number is the one after the last that is known to be issued.
    CountsUp,
    /// R7: a stranger's number is not told from ours.
    Theirs,
    /// T2 does not look whether the document is still wanted as it is.
    Current,
    /// R10: it is not asked whether there is a document to be voided.
    VoidOfNothing,
    /// R10: the journal's doubt about the document is not looked at.
    VoidInDoubt,
    /// R10: of a document that is known, "there is none" is believed.
    VoidTooSoon,
    /// R10: after seven days it is too late, whatever was sent before.
    VoidLate,
    /// R10: a void goes again without a question.
    VoidAsking,
    /// R10: "there is one" is taken for a void that was made.
    VoidEcho,
    /// What the document says of its void is not written down.
    VoidedDocument,
}

/// Everything at once, more than can be explored to its end.
const WIDE: Size = Size {
    documents: 2,
    workers: 2,
    numbers: 4,
    under_way: 2,
    most_open: 2,
    stranger: true,
    edits: true,
    releases: true,
    voids: true,
    late: false,
    copies: false,
};

fn run(size: Size, without: Without, most: usize) -> Searched {
    let began = Instant::now();
    let library = Library::new(without, size.most_open);
    let mut world = World {
        library,
        size,
        without,
    };
    let searched = search(&mut world, most);
    println!(
        "{without:?}: {} states, {} ways, {:?} books and calls, {:?}, whole {}, stuck {}, {:.1?}",
        searched.states,
        searched.ways,
        searched.books,
        searched.broken.as_ref().map(|it| (it.0, it.1.len())),
        searched.is_whole,
        searched.stuck,
        began.elapsed()
    );
    searched
}

/// One document with everything else, explored to its end; with `CHASKI_MODEL=whole` for two workers.
const NARROW: Size = Size {
    documents: 1,
    workers: 1,
    numbers: 3,
    under_way: 1,
    most_open: 1,
    ..WIDE
};

/// One document that is voided, and two workers.
const VOIDING: Size = Size {
    workers: 2,
    numbers: 1,
    stranger: false,
    edits: false,
    releases: false,
    late: true,
    ..NARROW
};

/// `CHASKI_MODEL=3x3`, or so many states of the usual world.
fn asked_for() -> (Size, usize) {
    match std::env::var("CHASKI_MODEL").as_deref() {
        Ok("3x3") => {
            let size = Size {
                documents: 3,
                workers: 3,
                numbers: 5,
                ..WIDE
            };
            (size, 20_000_000)
        }
        Ok("whole") | Err(_) => (WIDE, 2_000_000),
        Ok(states) => (WIDE, states.parse().expect("3x3, or how many states")),
    }
}

#[test]
fn two_million_states_break_no_rule() {
    let (size, most) = asked_for();
    let searched = run(size, Without::Nothing, most);
    assert!(searched.broken.is_none(), "{:#?}", searched.broken);
    assert!(searched.states >= most || searched.is_whole);
}

#[test]
fn the_end_can_be_reached_from_each_state() {
    let whole = std::env::var("CHASKI_MODEL").is_ok_and(|it| it == "whole");
    let mut sizes = vec![NARROW, VOIDING];
    if whole {
        sizes.push(Size {
            workers: 2,
            voids: false,
            ..NARROW
        });
    }
    for size in sizes {
        let searched = run(size, Without::Nothing, 3_000_000);
        assert!(searched.broken.is_none(), "{:#?}", searched.broken);
        assert!(searched.is_whole && searched.states > 1_000);
        let way = searched.way_to_stuck;
        assert_eq!(searched.stuck, 0, "no way to the end after {way:#?}");
    }
}

/// Removed one by one, each protection is missed: the rule that is broken, and in how many steps.
const MISSED: [(Without, &str, usize); 11] = [
    (Without::Freezing, "I2", 4),
    (Without::SameNumber, "I1", 6),
    (Without::Asking, "I14", 4),
    (Without::Echo, "R4", 5),
    (Without::EveryAttempt, "I2", 10),
    (Without::Quiet, "I2", 7),
    (Without::AskingAgain, "I14", 6),
    (Without::AskedBefore, "I5", 9),
    (Without::OneNumber, "I14", 13),
    (Without::CountsUp, "I5", 4),
    (Without::Current, "I2", 8),
];

/// The same of voids, of one document and by two workers.
const VOIDS_MISSED: [(Without, &str, usize); 6] = [
    (Without::VoidOfNothing, "R10: the void of what is not", 5),
    (Without::VoidInDoubt, "R10: told that there is none", 4),
    (Without::VoidTooSoon, "R10: told that there is none", 5),
    (Without::VoidLate, "R10: told to be too late", 11),
    (Without::VoidAsking, "I14: a void", 11),
    (Without::VoidEcho, "R10: told to be voided", 15),
];

#[test]
fn each_protection_is_missed() {
    let documents = MISSED.map(|it| (WIDE, it));
    let sent_again = Size {
        most_open: 2,
        ..VOIDING
    };
    let voids = VOIDS_MISSED.map(|it| (sent_again, it));
    for (size, (without, rule, steps)) in documents.into_iter().chain(voids) {
        let searched = run(size, without, 2_000_000);
        let (broken, way) = searched.broken.expect("a rule is broken");
        assert!(broken.starts_with(rule), "{without:?}: {broken}");
        assert_eq!(way.len(), steps, "{without:?}: {way:#?}");
    }
    // Where a stranger's number is not told from ours, nobody ever ends.
    let searched = run(NARROW, Without::Theirs, 3_000_000);
    assert!(searched.is_whole && searched.stuck > 0);
    // Nor does a void whose answer was lost, where it is not heard from the document that it was made.
    let one = Size {
        workers: 1,
        ..VOIDING
    };
    let searched = run(one, Without::VoidedDocument, 3_000_000);
    assert!(searched.is_whole && searched.stuck > 0);
}

/// What no rule can prevent, told in the docs: Nubefact refuses a request, the network has doubled it, and the
/// second one is accepted.
#[test]
fn a_doubled_request_that_is_refused_and_then_accepted() {
    let copies = Size {
        copies: true,
        stranger: false,
        ..WIDE
    };
    let searched = run(copies, Without::Nothing, 2_000_000);
    let (broken, way) = searched.broken.expect("a rule is broken");
    assert_eq!(
        (broken, way.len()),
        ("I2: a sale that was given up is issued", 6)
    );
}
