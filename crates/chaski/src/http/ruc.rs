//! RUC: look-up, fitness to be invoiced, representatives, activity, SUNAT's lists.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use chaski_client::{ActivityQuery, Ask, Found, RepresentativesQuery, RucQuery};
use chaski_core::{Fitness, Lang, Role, Ruc, Taxpayer, lima_date};
use compact_str::CompactString;
use http::{HeaderMap, Method, Uri};
use serde::Deserialize;
use utoipa::IntoParams;

use super::Gateway;
use super::kit::{
    Caller, Given, JsonAnswer, Problem, Problems, RequestInfo, bad_query, read_ruc, rendered, reply,
};
use crate::api::reply::{Reply, lima};
use crate::api::rucs::{
    ActivityData, FindingData, FitnessData, ListsData, RepresentativeData, RucData, masked,
};
use crate::app::AppError;
use crate::app::keys::Scope;

/// How fresh the answer has to be.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Freshness {
    /// Ask the upstream whatever memory knows.
    #[serde(default)]
    force_refresh: bool,
    /// Oldest answer that will do, seconds.
    #[serde(default)]
    #[param(value_type = Option<i64>, minimum = 0, maximum = 3_155_760_000_u64)]
    max_age: Option<u32>,
}

/// The caller's RUC and how to ask for it.
fn read(
    caller: &Caller,
    text: &str,
    freshness: Option<Given<Freshness>>,
) -> Result<(Ruc, Ask), Problem> {
    caller.needs(Scope::Consultas)?;
    let ruc = read_ruc("ruc", text, &caller.app.config.ruc_rules)?;
    let Some(freshness) = freshness else {
        return Ok((ruc, caller.ask()));
    };
    let Query(freshness) = freshness.map_err(bad_query)?;
    let ask = caller.ask_fresh(freshness.force_refresh, freshness.max_age);
    Ok((ruc, ask))
}

/// What the registry knows of a RUC
#[utoipa::path(
    get,
    path = "/api/v1/ruc/{ruc}",
    operation_id = "consultar_ruc",
    params(("ruc" = String, Path, description = "11 digits", example = "20100070970"), Freshness),
    responses((status = 200, body = Reply<RucData<'static>>), Problems)
)]
pub(super) async fn ruc(
    State(gateway): State<Arc<Gateway>>,
    caller: Caller,
    Path(ruc): Path<String>,
    freshness: Given<Freshness>,
) -> Result<Response, Problem> {
    let (ruc, ask) = read(&caller, &ruc, Some(freshness))?;
    look_up(&gateway, &caller, ruc, &ask).await
}

/// A taxpayer, from the rendered bodies where it is there.
async fn look_up(
    gateway: &Gateway,
    caller: &Caller,
    ruc: Ruc,
    ask: &Ask,
) -> Result<Response, Problem> {
    let found = &caller.app.ask(&RucQuery(ruc), ask).await?;
    let (age, id) = (reply::age(&caller.app, found.stored_at), &caller.info.id);
    let render = |age, id| reply::body(caller, found, RucData::of(&found.value), (age, id));
    let known = gateway
        .rendered
        .body(found, caller.info.lang, (age.as_secs(), id), || {
            render(rendered::AGE, CompactString::default())
        });
    let body = known.unwrap_or_else(|| render(age.as_secs(), id.clone()));
    Ok(reply::with_headers(found.source, age, body))
}

/// How the metrics name the address of a look-up.
pub(super) const ROUTE: &str = "/api/v1/ruc/{ruc}";

/// The number, where it is asked for and nothing more is said.
pub(super) fn plainly_asked<'u>(method: &Method, uri: &'u Uri) -> Option<&'u str> {
    let number = uri.path().strip_prefix("/api/v1/ruc/")?;
    let digits = number.len() == 11 && number.bytes().all(|byte| byte.is_ascii_digit());
    (digits && method == Method::GET && uri.query().is_none()).then_some(number)
}

/// [`ruc`], without the router.
pub(super) async fn plain(
    gateway: &Gateway,
    headers: &HeaderMap,
    info: &RequestInfo,
    number: &str,
) -> Result<Response, Problem> {
    let caller = Caller::of_headers(headers, info.clone(), gateway)?;
    let (ruc, ask) = read(&caller, number, None)?;
    look_up(gateway, &caller, ruc, &ask).await
}

/// As whom a RUC is judged.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct JudgeAs {
    /// Judge it as the one who issues, not as the one who receives.
    #[serde(default)]
    emisor: bool,
    /// Ask the upstream whatever memory knows.
    #[serde(default)]
    force_refresh: bool,
}

/// Is a RUC fit to be invoiced?
#[utoipa::path(
    get,
    path = "/api/v1/ruc/{ruc}/validacion-facturacion",
    operation_id = "validar_facturacion",
    params(("ruc" = String, Path, description = "11 digits", example = "20100070970"), JudgeAs),
    responses((status = 200, body = FitnessData), Problems)
)]
pub(super) async fn fitness(
    caller: Caller,
    Path(ruc): Path<String>,
    judge_as: Given<JudgeAs>,
) -> Result<Response, Problem> {
    let (ruc, mut ask) = read(&caller, &ruc, None)?;
    let Query(judge_as) = judge_as.map_err(bad_query)?;
    ask.force = judge_as.force_refresh;
    let role = if judge_as.emisor {
        Role::Issuer
    } else {
        Role::Buyer
    };
    let found = found_or_not(caller.app.ask(&RucQuery(ruc), &ask).await)?;
    let known = found.as_ref().map(|found| &*found.value);
    let today = lima_date(caller.app.clock.now());
    let fitness = chaski_core::fitness(&ruc, known, role, today);
    let body = fitness_data(&caller, &ruc, found.as_ref(), &fitness);
    let mut response = Json(body).into_response();
    if let Some(found) = &found {
        let age = reply::age(&caller.app, found.stored_at);
        reply::put_cache_status(&mut response, found.source, age);
    }
    Ok(response)
}

fn fitness_data(
    caller: &Caller,
    ruc: &Ruc,
    found: Option<&Found<Taxpayer>>,
    fitness: &Fitness,
) -> FitnessData {
    let lang: Lang = caller.info.lang;
    let taxpayer = found.map(|found| &found.value);
    let hallazgos = fitness.hallazgos.iter().map(|finding| FindingData {
        codigo: finding.codigo.to_owned(),
        severidad: finding.severidad.as_str().to_owned(),
        mensaje: finding.message(lang).to_owned(),
    });
    FitnessData {
        success: true,
        ruc: ruc.as_str().to_owned(),
        valido: fitness.valido,
        apto: fitness.apto,
        nivel: fitness.nivel.as_str().to_owned(),
        razon_social: taxpayer.map(|it| it.nombre_o_razon_social.clone()),
        estado: taxpayer.and_then(|it| Some(it.estado.as_ref()?.as_str().to_owned())),
        condicion: taxpayer.and_then(|it| Some(it.condicion.as_ref()?.as_str().to_owned())),
        direccion: taxpayer.and_then(|it| it.direccion().map(str::to_owned)),
        errores: fitness.errores.clone(),
        advertencias: fitness.advertencias.clone(),
        hallazgos: hallazgos.collect(),
        cache_hit: found.map(|it| it.source != chaski_client::Source::Upstream),
        stale: found.map(|it| it.source == chaski_client::Source::Stale),
        fuente: found.map(|it| caller.app.source_name(it.source, lang).to_owned()),
        consultado_en: found.map(|it| lima(it.stored_at)),
        request_id: caller.info.id.to_string(),
    }
}

/// The legal representatives of a RUC
#[utoipa::path(
    get,
    path = "/api/v1/ruc/{ruc}/representantes",
    operation_id = "listar_representantes",
    params(("ruc" = String, Path, description = "11 digits", example = "20100070970"), Freshness),
    responses((status = 200, body = Reply<Vec<RepresentativeData>>), Problems)
)]
pub(super) async fn representatives(
    caller: Caller,
    Path(ruc): Path<String>,
    freshness: Given<Freshness>,
) -> Result<Response, Problem> {
    let (ruc, ask) = read(&caller, &ruc, Some(freshness))?;
    let found = caller.app.ask(&RepresentativesQuery(ruc), &ask).await?;
    // Who may see persons sees their numbers whole.
    if caller.needs(Scope::Dni).is_ok() {
        return Ok(reply::found(&caller, &found, &*found.value));
    }
    let data: Vec<_> = found.value.iter().map(masked).collect();
    Ok(reply::found(&caller, &found, data))
}

/// The economic activity of a RUC
#[utoipa::path(
    get,
    path = "/api/v1/ruc/{ruc}/actividad",
    operation_id = "consultar_actividad",
    params(("ruc" = String, Path, description = "11 digits", example = "20100070970"), Freshness),
    responses((status = 200, body = Reply<ActivityData>), Problems)
)]
pub(super) async fn activity(
    caller: Caller,
    Path(ruc): Path<String>,
    freshness: Given<Freshness>,
) -> Result<Response, Problem> {
    let (ruc, ask) = read(&caller, &ruc, Some(freshness))?;
    let found = caller.app.ask(&ActivityQuery(ruc), &ask).await?;
    Ok(reply::found(&caller, &found, &*found.value))
}

/// Is a RUC a withholding agent, or a good taxpayer?
#[utoipa::path(
    get,
    path = "/api/v1/ruc/{ruc}/condiciones",
    operation_id = "consultar_condiciones",
    params(("ruc" = String, Path, description = "11 digits", example = "20100070970"), Freshness),
    responses((status = 200, body = ListsData), Problems)
)]
pub(super) async fn lists(
    caller: Caller,
    Path(ruc): Path<String>,
    freshness: Given<Freshness>,
) -> JsonAnswer<ListsData> {
    let (ruc, ask) = read(&caller, &ruc, Some(freshness))?;
    let lists = caller.app.find_lists(ruc, &ask).await?;
    Ok(Json(ListsData::of(ruc, &lists, caller.info.id.to_string())))
}

/// What was found, if there is such a thing. A failure says nothing of a taxpayer.
fn found_or_not<A>(outcome: Result<Found<A>, AppError>) -> Result<Option<Found<A>>, Problem> {
    match outcome {
        Err(error) if !error.is_not_found() => Err(error.into()),
        outcome => Ok(outcome.ok()),
    }
}
