//! The addresses of the families besides the first: the same deeds under a name of their own.

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use serde_json::Value;

use super::family::OTHERS;
use super::{deeds, files, read, submit};
use crate::http::Gateway;

const ALL: &str = "/api/v1/comprobantes";

/// Notes are of sales alone, and a name says by itself of which family it is.
const OF_THE_FIRST: [&str; 6] = [
    "/corregir",
    "/duplicar",
    "/por-nombre/{nombre}",
    "/comprobantes/consultar",
    "/comprobantes/anular",
    "/{archivo}",
];

/// The addresses of the families besides the first, whose routes are described one by one.
pub(in crate::http) fn routes() -> Router<Arc<Gateway>> {
    let mut router = Router::new();
    for family in OTHERS {
        let at = |rest: &str| format!("/api/v1/{family}{rest}");
        router = router
            .route(&at(""), post(submit::submit).get(read::list))
            .route(&at("/buscar"), post(read::search))
            .route(&at("/validar"), post(submit::check))
            .route(
                &at("/por-numero/{tipo}/{serie}/{numero}"),
                get(read::by_number),
            )
            .route(&at("/{id}"), get(read::one).put(deeds::edit))
            .route(&at("/{id}/eventos"), get(read::events))
            .route(&at("/{id}/consultar"), post(deeds::ask))
            .route(&at("/{id}/anular"), post(deeds::void))
            .route(&at("/{id}/reintentar"), post(deeds::retry))
            .route(&at("/{id}/liberar"), post(deeds::release))
            .route(&at("/{id}/pdf"), get(files::pdf))
            .route(&at("/{id}/xml"), get(files::xml))
            .route(&at("/{id}/cdr"), get(files::cdr));
    }
    router
}

/// One document of a family.
fn one_of(family: &str) -> &str {
    match family {
        "guias" => "guia",
        "retenciones" => "retencion",
        _ => "percepcion",
    }
}

/// Describes them as the first family is described.
pub(in crate::http) fn describe(document: &mut Value) {
    let Some(paths) = document["paths"].as_object_mut() else {
        return;
    };
    let first: Vec<(String, Value)> = paths
        .iter()
        .filter(|(path, _)| path.starts_with(ALL))
        .filter(|(path, _)| !OF_THE_FIRST.iter().any(|end| path.ends_with(end)))
        .map(|(path, item)| (path.clone(), item.clone()))
        .collect();
    for family in OTHERS {
        for (path, item) in &first {
            let path = path.replacen("comprobantes", family, 1);
            let mut item = item.clone();
            for (_, operation) in item.as_object_mut().into_iter().flatten() {
                if let Some(Value::String(id)) = operation.get_mut("operationId") {
                    *id = id
                        .replace("comprobantes", family)
                        .replace("comprobante", one_of(family));
                }
            }
            paths.insert(path, item);
        }
    }
}
