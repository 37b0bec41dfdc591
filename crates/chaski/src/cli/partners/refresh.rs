//! `chaski partners actualizar`: SUNAT's word on partners, asked for now.

use std::time::Duration;

use chaski_client::dialects::migo::MOST_RUCS;
use chaski_client::{Budget, Error};
use chaski_core::text;

use super::{find, noted_text};
use crate::app::batches::BatchKind;
use crate::app::partners::{Refreshed, Which};
use crate::app::{App, AppError, Mode};
use crate::cli::Done;
use crate::cli::kit::args::{FreshnessArgs, WhichPartnersArgs};
use crate::cli::kit::needed::Needed;
use crate::cli::kit::output::{self, notice};
use crate::cli::kit::plan_left;
use crate::cli::kit::progress;
use crate::cli::lote_words::Things;
use crate::hints::Hinted;
use crate::store::{Asker, Channel, Company};

pub(super) async fn actualizar(
    needed: &Needed,
    app: &App,
    company: Company,
    typed: WhichPartnersArgs,
    most: Option<u64>,
    freshness: &FreshnessArgs,
) -> Done {
    let mut ask = needed.ask(freshness)?;
    if company != Company::HOUSE {
        ask = Asker::ForCompanies(Channel::Cli).sign(ask);
    }
    let mut code = 0;
    let which = match (typed.todos, typed.nunca, typed.pendientes) {
        (true, ..) => Which::All,
        (_, true, _) => Which::NeverChecked,
        (.., true) => Which::Due {
            most: app.config.partners_refresh_limit,
        },
        _ => {
            let found = find(needed, app, company, &typed.numbers).await?;
            let ids: Vec<_> = found.into_iter().flatten().map(|it| it.id).collect();
            if ids.len() < typed.numbers.len() {
                code = if ids.is_empty() { 3 } else { 8 };
            }
            Which::These(ids)
        }
    };
    output::say_mode(needed, app.mode);
    let counted = app.mode == Mode::Real || most.is_some();
    let mut prepared = app
        .prepare_partner_refresh(company, &which, counted)
        .await?;
    prepared.allow(most);
    let (wanted, rucs) = (prepared.calls.unwrap_or(0), Things::of(BatchKind::Ruc));
    let reach = |calls: usize| calls.saturating_mul(MOST_RUCS);
    let fits = plan_left::fit(needed, app, wanted, reach, rucs).await?;
    let limited = prepared.calls.filter(|_| most.is_some());
    prepared.calls = fits.map(|calls| calls as u64).or(limited);
    ask.budget = most.map(Budget::of);
    let mut refresh = app.start_prepared_refresh(company, &prepared, &ask).await?;
    let (_, total) = refresh.progress();
    let step = async || {
        let more = refresh.next(app).await?;
        Ok((more, refresh.progress().0))
    };
    if progress::to_the_end(needed, total, step).await? {
        let refreshed = refresh.finish(app).await?;
        say(needed, &refreshed);
        return Ok(exit_code(needed, &refreshed, code));
    }
    let stopping = async {
        let refreshed = refresh.finish(app).await?;
        app.idle().await;
        Ok(refreshed)
    };
    say(needed, &progress::wind_up(needed, stopping).await?);
    Ok(130)
}

fn say(needed: &Needed, refreshed: &Refreshed) {
    let lang = needed.lang();
    let Refreshed {
        asked,
        found,
        not_found,
        failed,
        without_ruc,
        noted,
        calls,
        lasted,
        ..
    } = refreshed;
    let seconds = format!("{:.2} s", Duration::as_secs_f64(lasted));
    let mut lines = vec![text!(
        "Consultados: {asked} · existen: {found} · no existen: {not_found} · sin respuesta: {failed} · consultas usadas: {calls} · tiempo: {seconds}",
        "Asked: {asked} · exist: {found} · do not exist: {not_found} · no answer: {failed} · calls used: {calls} · time: {seconds}"
    )
    .pick(lang)];
    lines.push(noted_text(noted, lang));
    if *without_ruc > 0 {
        let left_out = text!(
            "Sin RUC, no se consultan: {without_ruc}",
            "Without a RUC, not asked about: {without_ruc}"
        );
        lines.push(left_out.pick(lang));
    }
    // One that concerns all is told as the error that it is.
    if let Some(failure) = &refreshed.failure
        && !is_whole(refreshed, failure)
    {
        let why = failure.hinted(lang);
        lines.push(text!("Sin respuesta: {why}", "No answer: {why}").pick(lang));
    }
    notice(needed, &lines.join("\n"));
}

/// Whether all failed, or all others would.
fn is_whole(refreshed: &Refreshed, failure: &Error) -> bool {
    refreshed.failed == refreshed.asked || failure.concerns_all()
}

/// All failed, or all others would: the failure's own code. Some failed: 8.
fn exit_code(needed: &Needed, refreshed: &Refreshed, code: u8) -> u8 {
    match &refreshed.failure {
        Some(error) if is_whole(refreshed, error) => {
            output::complain(&AppError::Lookup(error.clone()), needed.lang());
            error.exit_code()
        }
        _ if refreshed.failed > 0 => 8,
        _ => code,
    }
}
