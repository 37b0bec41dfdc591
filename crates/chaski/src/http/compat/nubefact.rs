//! Pass-through: Nubefact's own protocol. A program changes its ruta to `/compat/nubefact/api/v1/…`, whose
//! last part is the company's RUC or the last part of its ruta at Nubefact, and its token to a Chaski key
//! in whichever form of the header it writes; its documents are then issued once.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use chaski_client::NubefactOperation;
use chaski_core::{Lang, Text};
use http::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::app::keys::Scope;
use crate::app::relay::{RelayRefusal, RelayWish, Relayed};
use crate::http::Gateway;
use crate::http::issued::rights_of;
use crate::http::kit::{Caller, Problem, RequestInfo, body};
use crate::mode::mode_of_key;

/// Where it lives.
pub(crate) const BASE: &str = "/compat/nubefact/api/v1";

/// Largest request, bytes.
const MOST_BYTES: usize = 4 * 1024 * 1024;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

pub(crate) fn is_path(path: &str) -> bool {
    path.starts_with("/compat/nubefact/")
}

/// An error as Nubefact words it.
pub(crate) fn render(problem: &Problem, info: &RequestInfo) -> Response {
    // What it lists: 10 the token, 12 the kind of body, 20 its form, 40 anything else.
    let codigo = match problem.status.as_u16() {
        401 | 403 => 10,
        404 => 11,
        415 => 12,
        400 | 405..=414 | 422 => 20,
        _ => 40,
    };
    let body = json!({
        "errors": problem.text(info.lang),
        "codigo": codigo,
        "code": problem.code,
        "request_id": info.id.as_str(),
    });
    let mut response = (problem.status, Json(body)).into_response();
    problem.put_retry_after(&mut response);
    response
}

/// `POST /compat/nubefact/api/v1/{ruta}`
pub(crate) async fn relay(
    State(gateway): State<Arc<Gateway>>,
    Path(ruta): Path<String>,
    mut request: Request,
) -> Result<Response, Problem> {
    let info = request.extensions().get::<RequestInfo>();
    let info = info.cloned().unwrap_or_default();
    let lang = info.lang;
    // 1. Who asks. What nobody may do is refused before anything is read.
    let caller = match token(request.headers()) {
        // While nobody has a key, programs of this machine need none. One that was written for Nubefact
        // has a token all the same.
        Some(token) if gateway.is_open() && mode_of_key(&token).is_none() => {
            let mut without = request.headers().clone();
            without.remove(AUTHORIZATION);
            Caller::of_headers(&without, info, &gateway)?
        }
        Some(token) => Caller::of_key(&token, info, &gateway)?,
        None => Caller::of_headers(request.headers(), info, &gateway)?,
    };
    let scopes = [Scope::Emitir, Scope::Anular, Scope::Comprobantes];
    if scopes.iter().all(|it| caller.needs(*it).is_err()) {
        caller.needs(Scope::Comprobantes)?;
    }
    let until = Instant::now() + caller.app.config.nubefact_patience;
    // 2. What is asked for.
    if !is_json(request.headers()) {
        return Ok(refused(&RelayRefusal::of(12), lang));
    }
    let mut json = body::read(&mut request, MOST_BYTES).await?;
    if json.starts_with(BYTE_ORDER_MARK) {
        // As some programs of Windows write it; no part of the JSON.
        json = json.slice(BYTE_ORDER_MARK.len()..);
    }
    let Some(operation) = operation_of(&json) else {
        return Ok(refused(&RelayRefusal::of(20), lang));
    };
    caller.needs(match operation {
        it if it.issues() => Scope::Emitir,
        it if it.voids() => Scope::Anular,
        _ => Scope::Comprobantes,
    })?;
    // 3. Of which company.
    let (app, ask, rights) = (&caller.app, caller.ask(), rights_of(&caller));
    let room = app.relay_room(ruta.trim(), &rights, &ask).await?;
    let Some(room) = room else {
        return Ok(refused(&RelayRefusal::of(11), lang));
    };
    // 4. Done, or told how far it has come.
    let wish = RelayWish {
        json,
        operation,
        key_id: caller.owner(),
        rights,
        until,
    };
    Ok(match room.relay(&wish).await? {
        Relayed::Told(fields) => Json(Value::Object(fields)).into_response(),
        Relayed::Refused(refusal) => refused(&refusal, lang),
    })
}

fn refused(refusal: &RelayRefusal, lang: Lang) -> Response {
    let Text { es, en } = &refusal.text;
    let body = json!({"errors": lang.pick(es, en), "codigo": refusal.codigo});
    let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::BAD_REQUEST);
    let mut response = (status, Json(body)).into_response();
    if let Some(wait) = refusal.retry_after {
        let seconds = wait.max(Duration::from_secs(1)).as_secs();
        response
            .headers_mut()
            .insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// The token in any of the forms that Nubefact has been seen to take: `Token token="…"`, the same without
/// quotes, `Bearer …`, and the token alone.
fn token(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(AUTHORIZATION)?;
    // One that is no text is no key either: it is looked for, and not found.
    let value = value.to_str().unwrap_or("?").trim();
    let after = |word: &str| {
        let (first, rest) = value.split_once(' ')?;
        first.eq_ignore_ascii_case(word).then(|| rest.trim())
    };
    let token = match (after("token"), after("bearer")) {
        (Some(rest), _) => rest.strip_prefix("token=").unwrap_or(rest).trim(),
        (None, Some(rest)) => rest,
        (None, None) => value,
    };
    Some(token.trim_matches('"').to_owned())
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|it| it.to_str().ok());
    let kind = kind.unwrap_or_default().split(';').next();
    let kind = kind.unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/json")
}

fn operation_of(json: &[u8]) -> Option<NubefactOperation> {
    let request = chaski_client::NubefactReply::from_json(json)?;
    request.text("operacion")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{HeaderMap, HeaderValue, token};

    #[test]
    fn every_form_of_the_header_holds_the_same_token() {
        for (value, expected) in [
            (r#"Token token="chk_1""#, "chk_1"),
            ("Token token=chk_1", "chk_1"),
            (r#"token  token="chk_1" "#, "chk_1"),
            ("Token chk_1", "chk_1"),
            ("Bearer chk_1", "chk_1"),
            ("bearer  chk_1", "chk_1"),
            ("chk_1", "chk_1"),
            ("", ""),
        ] {
            let mut headers = HeaderMap::new();
            let value = HeaderValue::from_static(value);
            headers.insert("authorization", value.clone());
            assert_eq!(token(&headers).as_deref(), Some(expected), "{value:?}");
        }
        assert_eq!(token(&HeaderMap::new()), None);
    }
}
