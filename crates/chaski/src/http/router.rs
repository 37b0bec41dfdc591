//! Every route in one list.

use std::sync::Arc;

use axum::Router;
use axum::extract::{MatchedPath, Query, Request};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::{get, post};
use chaski_client::List;
use chaski_core::Lang;
use serde_json::{Value, json};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::kit::{Problem, code_pages, texts};
use super::{
    Gateway, batches, calls, cpe, dni, docs, exchange_rate, health, invalid_rucs, issued,
    partner_lists, partners, ruc, several, trabajos, upstreams,
};
use crate::api::problem::{FieldBody, ProblemBody};
use crate::app::keys::Scope;
use crate::http::compat::generar;
use crate::http::compat::migo::{self, asked};
use crate::http::compat::nubefact;
use crate::http::compat::original;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Chaski",
        description = "Relevo entre el software de una empresa y los servicios tributarios del \
                       Perú. La llave va en «Authorization: Bearer chk_…» o en «X-API-Key».",
    ),
    components(schemas(ProblemBody, FieldBody)),
    modifiers(&Security),
    tags(
        (name = "ruc", description = "Padrón de SUNAT"),
        (name = "dni", description = "Datos personales"),
        (name = "tipo de cambio", description = "SUNAT y SBS"),
        (name = "cpe", description = "Comprobantes recibidos"),
        (name = "comprobantes", description = "Comprobantes que se emiten"),
        (name = "lotes", description = "Listas en segundo plano"),
        (name = "partners", description = "Clientes y proveedores"),
        (name = "trabajos", description = "Trabajos y programación"),
        (name = "llamadas", description = "Registro de llamadas"),
        (name = "proveedores", description = "Estado de los proveedores"),
        (name = "salud", description = "Para quien vigila"),
    )
)]
struct Description;

struct Security;

impl utoipa::Modify for Security {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        use utoipa::openapi::security::{
            ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
        };
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        let header = ApiKey::Header(ApiKeyValue::new("X-API-Key"));
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
        components.add_security_scheme("key", SecurityScheme::ApiKey(header));
        let none: [&str; 0] = [];
        document.security = Some(vec![
            SecurityRequirement::new("bearer", none),
            SecurityRequirement::new("key", none),
            SecurityRequirement::default(),
        ]);
    }
}

/// The described routes.
fn described() -> OpenApiRouter<Arc<Gateway>> {
    OpenApiRouter::with_openapi(Description::openapi())
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
    describe_all(&mut document);
    texts::translate(&mut document, lang);
    document
}

/// What is said of every operation: its tag, and that its answers may come from the sandbox.
fn describe_all(document: &mut Value) {
    let header = json!({
        "description": "`sandbox`: the sandbox answered, and what it says is invented. Answers about real data do not have it.",
        "schema": { "type": "string", "enum": ["sandbox"] },
    });
    let paths = document["paths"].as_object_mut();
    for (path, operations) in paths.into_iter().flatten() {
        let operations = operations.as_object_mut();
        for (_, operation) in operations.into_iter().flatten() {
            if let Some(fields) = operation.as_object_mut() {
                fields.shift_insert(0, "tags".to_owned(), json!([tag(path)]));
            }
            let responses = operation["responses"].as_object_mut();
            for (_, response) in responses.into_iter().flatten() {
                response["headers"]["Chaski-Mode"] = header.clone();
            }
        }
    }
}

/// The tag of an address, usually its first word.
fn tag(path: &str) -> &str {
    let rest = path.strip_prefix("/api/v1").unwrap_or(path);
    match rest.split('/').nth(1).unwrap_or_default() {
        "tipo-cambio" => "tipo de cambio",
        "guias" | "retenciones" | "percepciones" | "series" | "empresas" => "comprobantes",
        "programados" => "trabajos",
        "version" | "metrics" => "salud",
        word => word,
    }
}

/// What is behind the door.
pub(super) fn router(gateway: Arc<Gateway>) -> Router {
    let documents = Arc::new(docs::Documents {
        es: openapi(Lang::Es).to_string().into(),
        en: openapi(Lang::En).to_string().into(),
    });
    described()
        .split_for_parts()
        .0
        .merge(issued::others::routes())
        .merge(frozen())
        .nest(migo::BASE, pass_through())
        .nest(nubefact::BASE, nubefact_pass_through())
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
        .layer(from_fn(note_route))
        .with_state(gateway)
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

/// APIMIGO's own addresses.
fn pass_through() -> Router<Arc<Gateway>> {
    Router::new()
        .route("/v1/ruc", asked(Scope::Consultas, migo::ruc))
        .route("/v1/ruc/collection", asked(Scope::Consultas, migo::rucs))
        .route("/v1/dni", asked(Scope::Dni, migo::dni))
        .route("/v1/exchange/latest", asked(Scope::Consultas, migo::latest))
        .route("/v1/exchange/date", asked(Scope::Consultas, migo::on_date))
        .route("/v1/exchange", asked(Scope::Consultas, migo::range))
        .route(
            "/v1/ruc/representantes-legales",
            asked(Scope::Dni, migo::representatives),
        )
        .route("/v1/ruc/actividad/{ruc}", get(migo::activity))
        .route(
            "/v1/ruc/agentes-retencion",
            asked(Scope::Consultas, |it| {
                migo::member(it, List::WithholdingAgents)
            }),
        )
        .route(
            "/v1/ruc/buenos-contribuyentes",
            asked(Scope::Consultas, |it| migo::member(it, List::GoodTaxpayers)),
        )
        .route("/v1/cpe", asked(Scope::Consultas, migo::cpe))
        .route("/v1/account", asked(Scope::Auditoria, migo::account))
        .route("/v2/ruc/{ruc}", get(migo::ruc_v2))
        .route("/v2/dni/{dni}", get(migo::dni_v2))
        .route("/v2/tipo-cambio/sunat", get(migo::on_date_v2))
        .route("/v2/tipo-cambio/sunat/ultimo", get(migo::latest_v2))
        .route("/v2/tipo-cambio/sbs", get(migo::sbs_v2))
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
