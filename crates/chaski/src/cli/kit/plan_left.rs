//! What the plan has left, told before a list spends it.

use chaski_client::dialects::migo::MOST_RUCS;
use chaski_core::text;

use super::needed::Needed;
use super::progress::while_waiting;
use super::terminal::says_yes;
use crate::app::{App, AppError, plan_has_few};
use crate::store::{Asker, Channel};

/// Calls that a list may send when the plan has fewer left than it needs; none when it has enough, or
/// that is not known. On a terminal the person decides, without one the list is refused.
pub(in crate::cli) async fn fit(
    needed: &Needed,
    app: &App,
    wanted: u64,
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
    let (lang, first) = (needed.lang(), left.saturating_mul(MOST_RUCS as u64));
    let few = plan_has_few(left, wanted, lang);
    let too_small = AppError::PlanTooSmall {
        left,
        wanted,
        again: false,
    };
    if left > 0 && needed.yes {
        return Ok(usize::try_from(left).ok());
    }
    if left == 0 || !needed.may_ask {
        return Err(too_small);
    }
    let question = text!(
        "{few}: ¿consultar solo los primeros {first} RUC?",
        "{few}: ask for the first {first} RUCs only?"
    );
    if says_yes(&question.pick(lang), lang)? {
        Ok(usize::try_from(left).ok())
    } else {
        Err(too_small)
    }
}
