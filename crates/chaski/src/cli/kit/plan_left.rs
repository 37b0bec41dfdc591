//! What the plan has left, told before a list spends it.

use chaski_core::text;

use super::needed::Needed;
use super::progress::while_waiting;
use super::terminal::says_yes;
use crate::app::{App, AppError, plan_has_few};
use crate::cli::lote_words::Things;
use crate::store::{Asker, Channel};

/// Calls that a list may send when the plan has fewer left than it needs; none when it has enough, or
/// that is not known. On a terminal the person decides, without one the list is refused. `reach` says for
/// how many of its `things` so many calls are enough.
pub(in crate::cli) async fn fit(
    needed: &Needed,
    app: &App,
    wanted: u64,
    reach: impl Fn(usize) -> usize,
    things: &Things,
) -> Result<Option<usize>, AppError> {
    let what = text!(
        "Mirando cuántas consultas le quedan…",
        "Looking how many calls you have left…"
    );
    let asker = Asker::Owner(Channel::Cli);
    let looked = app.too_few_calls_left(wanted, &asker);
    let Some(left) = while_waiting(needed, what, looked).await else {
        return Ok(None);
    };
    let (lang, calls) = (needed.lang(), usize::try_from(left).unwrap_or(usize::MAX));
    let first = reach(calls);
    let few = plan_has_few(left, wanted, lang);
    let too_small = AppError::PlanTooSmall {
        left,
        wanted,
        again: false,
    };
    if left > 0 && needed.yes {
        return Ok(Some(calls));
    }
    if left == 0 || !needed.may_ask {
        return Err(too_small);
    }
    let Things {
        many: [cosas, many],
        ..
    } = things;
    let a = things.ending();
    let question = text!(
        "{few}: ¿consultar solo l{a}s primer{a}s {first} {cosas}?",
        "{few}: ask for the first {first} {many} only?"
    );
    if says_yes(&question.pick(lang), lang)? {
        Ok(Some(calls))
    } else {
        Err(too_small)
    }
}
