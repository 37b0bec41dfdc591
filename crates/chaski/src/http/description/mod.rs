//! The description of the API (`OpenAPI` 3.1). Handlers and types are described where they stand; here
//! is what they do not say of themselves: what is said of every operation, which values are of a
//! closed set, examples, the addresses in others' shapes. A test in `it` holds all of it to its rules.

mod closed;
mod examples;
mod shared;
mod whose;

use chaski_core::Lang;
use serde_json::{Map, Value, json};
use utoipa::OpenApi;

use super::kit::texts;
use crate::api::problem::{FieldBody, ProblemBody};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Chaski",
        description = "Relevo entre el software de una empresa y los servicios tributarios del \
                       Perú. La llave va en «Authorization: Bearer chk_…» o en «X-API-Key».",
    ),
    servers(
        (url = "/", description = "This gateway"),
        (url = "http://127.0.0.1:8420", description = "A gateway on this machine, where it usually listens"),
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
        (name = "llaves", description = "Llaves del servidor"),
        (name = "proveedores", description = "Estado de los proveedores"),
        (name = "salud", description = "Para quien vigila"),
        (name = "compatibilidad", description = "Direcciones con la forma de otros: APIMIGO, Nubefact y el sistema anterior"),
    )
)]
pub(super) struct Description;

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

/// What handlers and types say, made whole and put into one language.
pub(super) fn whole(mut document: Value, lang: Lang) -> Value {
    // 1. The addresses of others, and the errors of each shape, once.
    whose::put(&mut document);
    // 2. Shapes that are there already, and closed sets, by their name.
    shared::put(&mut document);
    closed::put(&mut document);
    // 3. What is said of every operation.
    let about = abouts(&document);
    for (path, _, operation) in operations(&mut document) {
        describe(&path, operation, &about);
    }
    // 4. Examples, and the language.
    examples::put(&mut document);
    texts::translate(&mut document, lang);
    document
}

/// Every operation, with its address and method.
fn operations(document: &mut Value) -> Vec<(String, String, &mut Map<String, Value>)> {
    let mut all = Vec::new();
    let paths = document["paths"].as_object_mut();
    for (path, item) in paths.into_iter().flatten() {
        for (method, operation) in item.as_object_mut().into_iter().flatten() {
            if let Some(operation) = operation.as_object_mut() {
                all.push((path.clone(), method.clone(), operation));
            }
        }
    }
    all
}

/// What each shape is, by its reference.
fn abouts(document: &Value) -> Map<String, Value> {
    let schemas = document["components"]["schemas"].as_object();
    let about = |(name, schema): (&String, &Value)| {
        let text = schema.get("description")?.clone();
        Some((format!("#/components/schemas/{name}"), text))
    };
    schemas.into_iter().flatten().filter_map(about).collect()
}

/// Its tag, what its answers are, and that they may come from the sandbox.
fn describe(path: &str, operation: &mut Map<String, Value>, about: &Map<String, Value>) {
    operation.shift_insert(0, "tags".to_owned(), json!([tag(path)]));
    let summary = operation.get("summary").cloned().unwrap_or_default();
    let responses = operation
        .get_mut("responses")
        .and_then(Value::as_object_mut);
    for (_, response) in responses.into_iter().flatten() {
        let Some(response) = response.as_object_mut() else {
            continue;
        };
        if response.contains_key("$ref") {
            continue;
        }
        put_bytes(response);
        let shape = contents(response).next();
        let shape = shape.and_then(|(_, it)| it["schema"]["$ref"].as_str().map(str::to_owned));
        let said = shape
            .and_then(|it| about.get(&it))
            .unwrap_or(&summary)
            .clone();
        let is_said = response.get("description").is_some_and(|it| it != "");
        if !is_said {
            response.shift_insert(0, "description".to_owned(), said);
        }
        put_mode(response);
    }
}

/// What is no text has no shape that could be told: it is bytes, which is also the only kind of them
/// that some tools know.
fn put_bytes(response: &mut Map<String, Value>) {
    let bytes = || json!({ "type": "string", "format": "binary" });
    let Some(kinds) = response.get_mut("content").and_then(Value::as_object_mut) else {
        return;
    };
    let is_text = |kind: &String| kind.contains("json") || kind.contains("text");
    for (_, content) in kinds.iter_mut().filter(|(kind, _)| !is_text(kind)) {
        content["schema"] = bytes();
    }
    if !kinds.keys().any(is_text) {
        let any = kinds.entry("application/octet-stream");
        any.or_insert_with(|| json!({ "schema": bytes() }));
    }
}

/// The kinds of body of an answer or a request.
fn contents(body: &mut Map<String, Value>) -> impl Iterator<Item = (&String, &mut Value)> {
    let contents = body.get_mut("content").and_then(Value::as_object_mut);
    contents.into_iter().flatten()
}

/// Whatever is answered may come from the sandbox.
fn put_mode(response: &mut Map<String, Value>) {
    let headers = response.entry("headers").or_insert_with(|| json!({}));
    headers["Chaski-Mode"] = json!({ "$ref": "#/components/headers/ChaskiMode" });
}

/// The tag of an address, usually its first word.
fn tag(path: &str) -> &str {
    if whose::is_of_others(path) {
        return "compatibilidad";
    }
    let rest = path.strip_prefix("/api/v1").unwrap_or(path);
    match rest.split('/').nth(1).unwrap_or_default() {
        "tipo-cambio" => "tipo de cambio",
        "guias" | "retenciones" | "percepciones" | "series" | "empresas" => "comprobantes",
        "programados" => "trabajos",
        "consumo" => "llamadas",
        "version" | "metrics" => "salud",
        word => word,
    }
}
