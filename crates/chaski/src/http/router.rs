//! Every route in one list.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{MatchedPath, Query, Request};
use axum::middleware::{Next, from_fn};
use axum::response::{Redirect, Response};
use axum::routing::{get, post};
use chaski_client::List;
use chaski_core::Lang;
use http::{HeaderName, Method};
use serde_json::Value;
use tower_http::cors::{AllowOrigin, CorsLayer};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::kit::{Problem, code_pages};
use super::{
    Gateway, batches, calls, consumption, cpe, description, dni, docs, exchange_rate, health,
    invalid_rucs, issued, keys, partner_lists, partners, ruc, several, trabajos, upstreams,
};
use crate::app::keys::Scope;
use crate::config::CorsOrigin;
use crate::http::compat::generar;
use crate::http::compat::migo::{self, asked};
use crate::http::compat::nubefact;
use crate::http::compat::original;

/// The described routes.
fn described() -> OpenApiRouter<Arc<Gateway>> {
    OpenApiRouter::with_openapi(description::Description::openapi())
        .routes(routes!(ruc::ruc))
        .routes(routes!(ruc::fitness))
        .routes(routes!(ruc::representatives))
        .routes(routes!(ruc::activity))
        .routes(routes!(ruc::lists))
        .routes(routes!(several::rucs))
        .routes(routes!(invalid_rucs::list))
        .routes(routes!(invalid_rucs::forget_many))
        .routes(routes!(invalid_rucs::forget))
        .routes(routes!(dni::dni))
        .routes(routes!(several::dnis))
        .routes(routes!(exchange_rate::rates))
        .routes(routes!(exchange_rate::rate))
        .routes(routes!(cpe::validate))
        .routes(routes!(issued::submit::submit, issued::read::list))
        .routes(routes!(issued::read::search))
        .routes(routes!(issued::submit::check))
        .routes(routes!(issued::read::by_number))
        .routes(routes!(issued::named::one))
        .routes(routes!(issued::named::ask))
        .routes(routes!(issued::named::void))
        .routes(routes!(issued::named::file))
        .routes(routes!(issued::read::one, issued::deeds::edit))
        .routes(routes!(issued::read::events))
        .routes(routes!(issued::deeds::ask))
        .routes(routes!(issued::deeds::void))
        .routes(routes!(issued::deeds::retry))
        .routes(routes!(issued::deeds::release))
        .routes(routes!(issued::deeds::correct))
        .routes(routes!(issued::deeds::repeat))
        .routes(routes!(issued::files::pdf))
        .routes(routes!(issued::files::xml))
        .routes(routes!(issued::files::cdr))
        .routes(routes!(issued::series::list, issued::series::open))
        .routes(routes!(issued::series::change))
        .routes(routes!(issued::series::walk))
        .routes(routes!(issued::series::issuers, issued::series::add))
        .routes(routes!(issued::series::try_out))
        .routes(routes!(calls::list))
        .routes(routes!(calls::search))
        .routes(routes!(calls::one))
        .routes(routes!(batches::submit, batches::list))
        .routes(routes!(batches::check))
        .routes(routes!(batches::one))
        .routes(routes!(batches::cancel))
        .routes(routes!(batches::pause))
        .routes(routes!(batches::resume))
        .routes(routes!(batches::retry))
        .routes(routes!(batches::result))
        .routes(routes!(batches::events))
        .routes(routes!(partners::list, partners::create))
        .routes(routes!(partners::search))
        .routes(routes!(partners::changes))
        .routes(routes!(partners::refresh))
        .routes(routes!(partner_lists::import))
        .routes(routes!(partner_lists::export))
        .routes(routes!(partners::one, partners::change, partners::delete))
        .routes(routes!(trabajos::list))
        .routes(routes!(trabajos::one))
        .routes(routes!(trabajos::cancel))
        .routes(routes!(trabajos::retry))
        .routes(routes!(trabajos::scheduled))
        .routes(routes!(keys::list, keys::create))
        .routes(routes!(keys::change))
        .routes(routes!(keys::rotate))
        .routes(routes!(keys::revoke))
        .routes(routes!(consumption::used))
        .routes(routes!(upstreams::list))
        .routes(routes!(upstreams::account))
        .routes(routes!(health::alive))
        .routes(routes!(health::ready))
        .routes(routes!(health::version))
        .routes(routes!(health::metrics))
}

/// The description of the API, as it is served.
///
/// # Panics
///
/// Never: a description is plain data.
pub fn openapi(lang: Lang) -> Value {
    let document = described().split_for_parts().1;
    let mut document = serde_json::to_value(document).expect("a description is plain data");
    issued::others::describe(&mut document);
    description::whole(document, lang)
}

/// What is behind the door.
pub(super) fn router(gateway: Arc<Gateway>) -> Router {
    let documents = Arc::new(docs::Documents {
        es: openapi(Lang::Es).to_string().into(),
        en: openapi(Lang::En).to_string().into(),
    });
    let cors = cors(&gateway.usual().app.config.cors_origins);
    let router = described()
        .split_for_parts()
        .0
        .merge(issued::others::routes())
        .merge(frozen())
        .nest(migo::BASE, pass_through())
        .nest(nubefact::BASE, nubefact_pass_through())
        .route("/", get(async || Redirect::temporary("/docs")))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route(
            "/openapi.json",
            get(async move |info, Query(wanted)| docs::openapi(&documents, &info, &wanted)),
        )
        .route("/docs", get(docs::page))
        .route("/docs/{name}", get(docs::asset))
        .route("/errores/{code}", get(code_pages::error_page))
        .fallback(async || Problem::not_found())
        .layer(from_fn(note_route));
    let router = match cors {
        Some(cors) => router.layer(cors),
        None => router,
    };
    router.with_state(gateway)
}

/// What pages of other sites may do; none where none may do anything. They need a key all the same,
/// and no cookie is ever asked for.
fn cors(origins: &[CorsOrigin]) -> Option<CorsLayer> {
    if origins.is_empty() {
        return None;
    }
    let allowed = if origins.iter().any(CorsOrigin::is_any) {
        AllowOrigin::any()
    } else {
        AllowOrigin::list(origins.iter().filter_map(CorsOrigin::header))
    };
    let methods = [
        Method::GET,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
    ];
    let asked = [
        "authorization",
        "content-type",
        "x-api-key",
        "accept-language",
        "prefer",
    ];
    let asked = asked.map(HeaderName::from_static);
    let of_ours = ["idempotency-key", "x-request-id", "chaski-allow-duplicate"];
    let of_ours = of_ours.map(HeaderName::from_static);
    let told = [
        "x-request-id",
        "chaski-mode",
        "cache-status",
        "age",
        "location",
        "link",
    ];
    let told = told.map(HeaderName::from_static);
    let of_limits = [
        "retry-after",
        "idempotency-replayed",
        "x-ratelimit-limit",
        "x-ratelimit-remaining",
        "x-ratelimit-reset",
    ];
    let of_limits = of_limits.map(HeaderName::from_static);
    let layer = CorsLayer::new()
        .allow_origin(allowed)
        .allow_methods(methods)
        .allow_headers(asked.into_iter().chain(of_ours).collect::<Vec<_>>())
        .expose_headers(told.into_iter().chain(of_limits).collect::<Vec<_>>())
        .max_age(Duration::from_hours(1));
    Some(layer)
}

/// The original's endpoints.
fn frozen() -> Router<Arc<Gateway>> {
    Router::new()
        .route("/api/ruc/consultar-async", post(original::ruc))
        .route("/api/ruc/consultar-async/", post(original::ruc))
        .route("/api/ruc/consultar-masivo-async", post(original::rucs))
        .route("/api/ruc/consultar-masivo-async/", post(original::rucs))
        .route("/api/dni/consultar-async", post(original::dni))
        .route("/api/dni/consultar-async/", post(original::dni))
        .route("/api/tipo-cambio", get(original::exchange_rate))
        .route("/api/tipo-cambio/", get(original::exchange_rate))
        .route(generar::PATH, post(generar::issue))
        .route(&format!("{}/", generar::PATH), post(generar::issue))
}

/// APIMIGO's own addresses, with and without a slash at the end.
fn pass_through() -> Router<Arc<Gateway>> {
    let member = |list| asked(Scope::Consultas, move |it| migo::member(it, list));
    let one_ruc = asked(Scope::Consultas, migo::ruc).get(migo::ruc_of_query);
    let addresses = [
        ("/v1/ruc", one_ruc),
        ("/v1/ruc/collection", asked(Scope::Consultas, migo::rucs)),
        ("/v1/ruc/{ruc}", get(migo::ruc_of_path)),
        ("/v1/dni", asked(Scope::Dni, migo::dni)),
        ("/v1/exchange/latest", asked(Scope::Consultas, migo::latest)),
        ("/v1/exchange/date", asked(Scope::Consultas, migo::on_date)),
        ("/v1/exchange", asked(Scope::Consultas, migo::range)),
        (
            "/v1/ruc/representantes-legales",
            asked(Scope::Dni, migo::representatives),
        ),
        ("/v1/ruc/actividad/{ruc}", get(migo::activity)),
        ("/v1/ruc/agentes-retencion", member(List::WithholdingAgents)),
        ("/v1/ruc/buenos-contribuyentes", member(List::GoodTaxpayers)),
        ("/v1/cpe", asked(Scope::Consultas, migo::cpe)),
        ("/v1/account", asked(Scope::Auditoria, migo::account)),
        ("/v2/ruc/{ruc}", get(migo::ruc_v2)),
        ("/v2/dni/{dni}", get(migo::dni_v2)),
        ("/v2/tipo-cambio/sunat", get(migo::on_date_v2)),
        ("/v2/tipo-cambio/sunat/ultimo", get(migo::latest_v2)),
        ("/v2/tipo-cambio/sbs", get(migo::sbs_v2)),
    ];
    let mut router = Router::new();
    for (path, methods) in addresses {
        router = router.route(path, methods.clone());
        router = router.route(&format!("{path}/"), methods);
    }
    router
}

/// Nubefact's own address, one for each company.
fn nubefact_pass_through() -> Router<Arc<Gateway>> {
    Router::new()
        .route("/{ruta}", post(nubefact::relay))
        .route("/{ruta}/", post(nubefact::relay))
}

/// Tells the door which route it was.
async fn note_route(request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().cloned();
    let mut response = next.run(request).await;
    if let Some(route) = route {
        response.extensions_mut().insert(route);
    }
    response
}
