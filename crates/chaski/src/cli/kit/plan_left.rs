//! What the plan has left, told before a list spends it.

use std::io::BufRead;

use chaski_client::dialects::migo::MOST_RUCS;
use chaski_core::Lang;

use super::needed::Needed;
use crate::app::{App, AppError, plan_has_few};
use crate::store::{Asker, Channel};

/// Calls that a list may send when the plan has fewer left than it needs; none when it has enough, or
/// nobody knows. On a terminal the person decides, without one the list is refused.
pub(in crate::cli) async fn fit(
    needed: &Needed,
    app: &App,
    wanted: u64,
) -> Result<Option<usize>, AppError> {
    let Some(left) = app
        .too_few_calls_left(wanted, &Asker::Owner(Channel::Cli))
        .await
    else {
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
    let question = match lang {
        Lang::Es => format!("{few}: ¿consultar solo los primeros {first} RUC? [s/N] "),
        Lang::En => format!("{few}: ask for the first {first} RUCs only? [y/N] "),
    };
    anstream::eprint!("{question}");
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    match answer.trim().to_lowercase().as_str() {
        "s" | "si" | "sí" | "y" | "yes" => Ok(usize::try_from(left).ok()),
        _ => Err(too_small),
    }
}
