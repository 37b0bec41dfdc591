//! Several numbers in one request, and in its body: behind a proxy, addresses are kept in logs.

use axum::Json;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use chaski_client::{Error, Found};
use chaski_core::{Dni, Ruc};

use super::kit::{Caller, MOST_RUCS, Problem, Problems, body, check_fits, put_purpose, reply};
use crate::api::persons::DniData;
use crate::api::reply::{Meta, lima};
use crate::api::rucs::RucData;
use crate::api::several::{DnisWanted, Outcome, OutcomesData, RucsWanted};
use crate::app::keys::Scope;
use crate::hints::Hinted;

/// DNIs of one request: each is a call of its own.
const MOST_DNIS: usize = 100;

/// What the registry knows of several RUCs
///
/// Up to 1,000, now: what memory does not know is asked for in native calls of up to 100. A longer
/// list is a batch: `POST /api/v1/lotes`.
#[utoipa::path(
    post,
    path = "/api/v1/ruc/consultas",
    operation_id = "consultar_rucs",
    request_body = RucsWanted,
    responses((status = 200, body = OutcomesData<'static, RucData<'static>>), Problems)
)]
pub(super) async fn rucs(caller: Caller, request: Request) -> Result<Response, Problem> {
    caller.needs(Scope::Consultas)?;
    let wanted: RucsWanted = body::json(request).await?;
    check_count("rucs", wanted.rucs.len(), MOST_RUCS, "; use /api/v1/lotes")?;
    let ask = caller.ask_fresh(wanted.force_refresh, wanted.max_age);
    let (app, lang) = (&caller.app, caller.info.lang);
    let parse = |text: &String| {
        Ruc::parse_with(text, &app.config.ruc_rules)
            .map_err(|error| (error.code(), error.message(lang)))
    };
    let parsed: Vec<_> = wanted.rucs.iter().map(parse).collect();
    let rucs: Vec<Ruc> = parsed.iter().flatten().copied().collect();
    app.check_spending_on_rucs(&caller.payer(), &rucs, &ask)
        .await?;
    let found = app.lookup_rucs(&rucs, &ask).await;
    let data = |taxpayer| RucData::of(taxpayer);
    let mut outcomes = each(&caller, parsed, &found, data)?;
    for (outcome, ruc) in outcomes.data.iter_mut().zip(&wanted.rucs) {
        outcome.ruc = Some(ruc.into());
    }
    Ok(Json(outcomes).into_response())
}

/// Who owns several DNIs
///
/// Up to 100. The numbers travel in the body, which no proxy keeps in its log.
#[utoipa::path(
    post,
    path = "/api/v1/dni/consultas",
    operation_id = "consultar_dnis",
    request_body = DnisWanted,
    responses((status = 200, body = OutcomesData<'static, DniData>), Problems)
)]
pub(super) async fn dnis(caller: Caller, request: Request) -> Result<Response, Problem> {
    caller.needs(Scope::Dni)?;
    let wanted: DnisWanted = body::json(request).await?;
    check_count("dnis", wanted.dnis.len(), MOST_DNIS, "")?;
    let mut ask = caller.ask_fresh(wanted.force_refresh, wanted.max_age);
    put_purpose(&mut ask, wanted.motivo.as_deref())?;
    let lang = caller.info.lang;
    let parse = |text: &String| {
        text.parse::<Dni>()
            .map_err(|error| (error.code(), error.message(lang)))
    };
    let parsed: Vec<_> = wanted.dnis.iter().map(parse).collect();
    let dnis: Vec<Dni> = parsed.iter().flatten().copied().collect();
    let (app, payer) = (&caller.app, caller.payer());
    app.check_spending(&payer, dnis.len() as u64).await?;
    let found = app.lookup_dnis(&dnis, &ask).await?;
    let data = |person| DniData::of(person);
    Ok(Json(each(&caller, parsed, &found, data)?).into_response())
}

fn check_count(field: &str, count: usize, most: usize, or: &str) -> Result<(), Problem> {
    if count == 0 {
        return Err(Problem::missing_field(
            field,
            "la lista está vacía",
            "the list is empty",
        ));
    }
    check_fits(field, count, most, or)
}

/// A stable code and what is wrong.
type Wrong = (&'static str, String);

/// Gives each number what came of it; those that could be read were looked up in that order.
fn each<'a, N, A, T>(
    caller: &'a Caller,
    parsed: Vec<Result<N, Wrong>>,
    found: &'a [Result<Found<A>, Error>],
    data: impl Fn(&'a A) -> T,
) -> Result<OutcomesData<'a, T>, Problem> {
    let (app, lang) = (&caller.app, caller.info.lang);
    let mut outcomes = found.iter();
    let outcome = |parsed: Result<N, Wrong>| {
        let outcome = match parsed {
            Err(wrong) => Err(wrong),
            Ok(_) => outcomes
                .next()
                .ok_or_else(Problem::internal)?
                .as_ref()
                .map_err(|error| (error.code(), error.hinted(lang))),
        };
        let found = outcome.as_ref().ok();
        let meta = |it: &Found<A>| {
            let age = reply::age(app, it.stored_at).as_secs();
            Meta::of(app, it.source, age)
        };
        Ok(Outcome {
            success: found.is_some(),
            ruc: None,
            data: found.map(|it| data(&it.value)),
            fuente: found.map(|it| app.source_name(it.source, lang).into()),
            consultado_en: found.map(|it| lima(it.stored_at)),
            meta: found.map(|it| meta(it)),
            code: outcome.as_ref().err().map(|(code, _)| (*code).into()),
            error: outcome.err().map(|(_, error)| error),
        })
    };
    Ok(OutcomesData {
        data: parsed
            .into_iter()
            .map(outcome)
            .collect::<Result<_, Problem>>()?,
        request_id: caller.info.id.clone(),
    })
}
