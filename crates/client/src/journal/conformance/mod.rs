//! What every journal must do, told once and run on each: in memory, in a file, in a database. A place is
//! opened again between the chapters, so that what was answered has to be what is kept.
//!
//! For tests: everything here panics where a journal does not conform.
#![expect(clippy::unwrap_used, reason = "a suite that fails loudly")]

mod any_order;
mod kit;
mod stories;

use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::Journal;

/// Where a journal is kept. Opening it again shows what would be left after the process was killed.
pub trait JournalPlace: Send + Sync {
    /// Opens what is there; whatever was opened before is closed by then.
    fn open(&self) -> BoxFuture<'_, Arc<dyn Journal>>;
}

/// Runs every story, each on a place of its own.
pub async fn all<P: JournalPlace>(new_place: impl Fn() -> P) {
    stories::numbers_go_up_and_refusals_leave_no_hole(&new_place()).await;
    stories::a_key_is_one_document(&new_place()).await;
    stories::what_is_open_is_asked_about_first(&new_place()).await;
    stories::a_number_is_free_when_all_its_attempts_are_definite(&new_place()).await;
    stories::a_question_is_about_one_number_at_one_time(&new_place()).await;
    stories::a_stranger_keeps_the_number(&new_place()).await;
    stories::numbers_that_callers_bring(&new_place()).await;
    stories::what_is_held_keeps_its_number(&new_place()).await;
    stories::voids_take_no_number(&new_place()).await;
    stories::a_late_copy_is_ours(&new_place()).await;
    stories::what_is_final_stays(&new_place()).await;
    stories::wishes_at_once_get_different_numbers(&new_place()).await;
    for seed in 0..20 {
        any_order::any_story_keeps_the_rules(&new_place(), seed).await;
    }
}
