//! Which kinds of documents an address is about. The families share their life, and so their code.

use axum::Router;
use axum::extract::FromRequestParts;
use axum::routing::{get, post};
use chaski_client::NubefactKind;
use http::request::Parts;
use serde_json::Value;
use std::convert::Infallible;
use std::sync::Arc;

use super::{deeds, files, read, submit};
use crate::api::issued::family_of;
use crate::http::Gateway;

/// Families besides that of all documents.
const OTHERS: [&str; 3] = ["guias", "retenciones", "percepciones"];
const ALL: &str = "/api/v1/comprobantes";

/// The family that a request's address is of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Family(&'static str);

impl<S: Sync> FromRequestParts<S> for Family {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Family, Infallible> {
        let mut words = parts.uri.path().split('/').skip(3);
        let word = words.next().unwrap_or_default();
        let found = OTHERS.into_iter().find(|it| *it == word);
        Ok(Family(found.unwrap_or("comprobantes")))
    }
}

impl Family {
    /// Whether it has documents of a kind; the first family has all.
    pub(crate) fn has(self, kind: NubefactKind) -> bool {
        self.0 == "comprobantes" || family_of(kind) == self.0
    }

    /// Its kinds; none where it has all.
    pub(crate) fn kinds(self) -> Vec<NubefactKind> {
        let all = NubefactKind::ALL.into_iter();
        match self.0 {
            "comprobantes" => Vec::new(),
            _ => all.filter(|it| self.has(*it)).collect(),
        }
    }
}

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
            .route(&at("/{id}"), get(read::one))
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

/// Describes them as the first family is described.
pub(in crate::http) fn describe(document: &mut Value) {
    let Some(paths) = document["paths"].as_object_mut() else {
        return;
    };
    let first: Vec<(String, Value)> = paths
        .iter()
        .filter(|(path, _)| path.starts_with(ALL))
        // Notes are of sales alone.
        .filter(|(path, _)| !path.ends_with("/corregir") && !path.ends_with("/duplicar"))
        .map(|(path, item)| (path.clone(), item.clone()))
        .collect();
    for family in OTHERS {
        for (path, item) in &first {
            let path = path.replacen("comprobantes", family, 1);
            let mut item = item.clone();
            for (_, operation) in item.as_object_mut().into_iter().flatten() {
                if let Some(Value::String(id)) = operation.get_mut("operationId") {
                    *id = format!("{id}_{family}");
                }
            }
            paths.insert(path, item);
        }
    }
}
