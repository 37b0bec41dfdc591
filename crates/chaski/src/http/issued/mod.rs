//! Documents that are issued: handed over once, followed, read, voided. One implementation serves the
//! addresses of every family: `/comprobantes`, `/guias`, `/retenciones`, `/percepciones`.

pub(super) mod deeds;
pub(super) mod family;
pub(super) mod files;
pub(super) mod listed;
pub(super) mod named;
pub(super) mod others;
pub(super) mod read;
pub(super) mod refusals;
pub(super) mod series;
pub(super) mod submit;

use axum::response::{IntoResponse, Response};
use chaski_client::DocumentState;
use http::header::LOCATION;
use http::{HeaderName, HeaderValue, StatusCode};
use serde::Deserialize;
use utoipa::IntoParams;

use super::kit::{Caller, Problem, id_of, nobody};
use crate::api::issued::{IssuedData, place_of};
use crate::app::issuing::IssuingRights;
use crate::http::issued::family::Family;
use crate::http::issued::refusals::problem;
use crate::store::DocumentRow;

const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");

/// The company that is meant, where there are several.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct IssuerWanted {
    /// RUC of who issues.
    pub(super) empresa: Option<String>,
    /// The caller's own name for the sale.
    pub(super) referencia: Option<String>,
}

/// What this caller may issue and see.
pub(super) fn rights_of(caller: &Caller) -> IssuingRights {
    let key = caller.key.as_ref();
    IssuingRights {
        company: caller.company(),
        series: key.map(|it| it.series.clone()).unwrap_or_default(),
    }
}

/// The document of that identifier, if it exists for this caller and in this family.
async fn document_of(caller: &Caller, family: Family, id: &str) -> Result<DocumentRow, Problem> {
    let rights = rights_of(caller);
    let found = caller.app.document_within(id_of(id)?, &rights).await;
    let found = found.map_err(problem)?;
    let in_family = |it: &DocumentRow| family.has(it.series.kind);
    found.filter(in_family).ok_or_else(nobody)
}

/// A document as it is, with what happened to it.
async fn told(
    caller: &Caller,
    document: &DocumentRow,
    status: StatusCode,
) -> Result<Response, Problem> {
    let story = caller
        .app
        .document_story(document.id)
        .await
        .map_err(problem)?;
    let data = IssuedData::with_story(&caller.app, document, &story);
    let data = settled(caller, document, data).await?;
    Ok(answer(status, document, &data))
}

/// The same with what came of it in words; what waits for its turn has come to nothing yet.
async fn settled(
    caller: &Caller,
    document: &DocumentRow,
    data: IssuedData,
) -> Result<IssuedData, Problem> {
    let waits = matches!(
        document.state,
        DocumentState::Queued | DocumentState::Sending
    );
    if waits {
        return Ok(data);
    }
    let ask = caller.ask();
    let room = caller.app.room_of_document(document, &ask).await;
    let settled = room.map_err(problem)?.settled_of(document).await;
    let settled = settled.map_err(problem)?;
    Ok(data.settled(settled.as_ref(), caller.info.lang))
}

fn answer(status: StatusCode, document: &DocumentRow, data: &IssuedData) -> Response {
    let mut response = (status, axum::Json(data)).into_response();
    if status != StatusCode::OK
        && let Ok(place) = HeaderValue::from_str(&place_of(document))
    {
        response.headers_mut().insert(LOCATION, place);
    }
    response
}
