//! Who asks what, in APIMIGO's own protocol, and what is wrong with it in APIMIGO's own words.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Request};
use chaski_core::Ruc;
use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use jiff::civil::Date;
use serde_json::{Map, Value};

use crate::app::keys::Scope;
use crate::http::Gateway;
use crate::http::kit::{Caller, Problem, RequestInfo, body};
use crate::mode::mode_of_key;

/// The code of what is readable and wrong.
pub(super) const INVALID: &str = "campo_invalido";

/// A field that breaks a rule, in APIMIGO's words, which are Spanish.
pub(super) fn invalid(field: &str, rule: impl Into<String>) -> Problem {
    let rule = rule.into();
    Problem::of_field(field, INVALID, rule.clone(), rule)
}

pub(super) fn missing(field: &str) -> Problem {
    invalid(field, format!("El campo {field} es obligatorio."))
}

pub(super) fn is_digits(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Exactly so many digits.
pub(super) fn check_digits(field: &str, text: &str, length: usize) -> Result<(), Problem> {
    if text.is_empty() {
        return Err(missing(field));
    }
    if is_digits(text, length) {
        return Ok(());
    }
    Err(invalid(
        field,
        format!("El campo {field} debe tener {length} dígitos."),
    ))
}

/// Exactly `AAAA-MM-DD`.
pub(super) fn read_day(field: &str, text: &str) -> Result<Date, Problem> {
    let dashes = |text: &str| text.as_bytes()[4] == b'-' && text.as_bytes()[7] == b'-';
    let exact = text.len() == 10 && text.is_ascii() && dashes(text);
    let day = exact.then(|| text.parse().ok()).flatten();
    day.ok_or_else(|| {
        invalid(
            field,
            format!("El campo {field} no corresponde al formato Y-m-d."),
        )
    })
}

/// Exactly `DD/MM/AAAA`.
pub(super) fn read_written_day(field: &str, text: &str) -> Result<Date, Problem> {
    let parts: Vec<&str> = text.split('/').collect();
    let day = match parts[..] {
        [day, month, year] if [day, month].iter().all(|it| is_digits(it, 2)) => {
            let iso = format!("{year}-{month}-{day}");
            is_digits(year, 4).then(|| iso.parse().ok()).flatten()
        }
        _ => None,
    };
    day.ok_or_else(|| {
        invalid(
            field,
            format!("El campo {field} no corresponde al formato d/m/Y."),
        )
    })
}

/// Who asks and, of version 1, what: the fields of body and address together, a body's first.
pub(crate) struct MigoQuestion {
    pub(super) caller: Caller,
    pub(super) fields: Map<String, Value>,
    /// Whether the body was JSON, where a list is one and nothing else.
    pub(super) is_json: bool,
}

impl MigoQuestion {
    /// The key is looked for in the headers first, where nothing has to be read for it; else it is
    /// the `token` of a small body or of the address. What it may not do is refused before the rest
    /// is looked at.
    pub(super) async fn read(
        gateway: &Arc<Gateway>,
        request: Request,
        scope: Scope,
    ) -> Result<MigoQuestion, Problem> {
        let info = request.extensions().get::<RequestInfo>();
        let info = info.cloned().unwrap_or_default();
        let of_headers = caller_of_headers(request.headers(), info.clone(), gateway);
        match &of_headers {
            Ok(caller) => caller.needs(scope)?,
            Err(problem) if key_may_be_elsewhere(problem) => {}
            Err(problem) => return Err(problem.clone()),
        }
        let is_json = body::kind(&request).as_deref() == Some("application/json");
        let query = request.uri().query().unwrap_or_default().to_owned();
        let fields = body::fields_before_the_key(gateway, request).await?;
        let mut fields = fields.unwrap_or_default();
        for (name, value) in body::of_urlencoded(query.as_bytes()) {
            fields.entry(name).or_insert(value);
        }
        let token = fields.remove("token");
        let token = token.as_ref().and_then(Value::as_str).map(str::trim);
        let token = token.filter(|token| !token.is_empty());
        let caller = who(of_headers, token, info, gateway)?;
        caller.needs(scope)?;
        Ok(MigoQuestion {
            caller,
            fields,
            is_json,
        })
    }

    /// A field as text, empty where it is none.
    pub(super) fn given(&self, name: &str) -> String {
        self.fields.get(name).and_then(text_of).unwrap_or_default()
    }

    pub(super) fn text(&self, name: &str) -> Result<String, Problem> {
        let text = self.given(name);
        if text.is_empty() {
            return Err(missing(name));
        }
        Ok(text)
    }

    pub(super) fn ruc(&self, name: &str) -> Result<AskedRuc, Problem> {
        AskedRuc::read(name, &self.given(name), &self.caller)
    }

    pub(super) fn date(&self, name: &str) -> Result<Date, Problem> {
        read_day(name, &self.text(name)?)
    }
}

/// A text, or a number as its digits.
pub(super) fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) if number.is_f64() => number.as_f64().map(|it| it.to_string()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Eleven digits that are asked about, and the RUC that they are; none where no RUC has that form,
/// so that none of that number exists.
pub(super) struct AskedRuc {
    pub(super) text: String,
    pub(super) ruc: Option<Ruc>,
}

impl AskedRuc {
    pub(super) fn read(field: &str, text: &str, caller: &Caller) -> Result<AskedRuc, Problem> {
        check_digits(field, text, 11)?;
        Ok(AskedRuc {
            ruc: Ruc::parse_with(text, &caller.lenient_rules()).ok(),
            text: text.to_owned(),
        })
    }
}

/// Whether a key may be in another place than the headers. One that is known and may not now, because
/// it is too fast, is not another one's.
pub(super) fn key_may_be_elsewhere(problem: &Problem) -> bool {
    problem.status == StatusCode::UNAUTHORIZED
}

/// The caller whose key is in the headers. While nobody has a key, programs of this machine need none,
/// and one that was written for APIMIGO has a token all the same.
pub(super) fn caller_of_headers(
    headers: &HeaderMap,
    info: RequestInfo,
    gateway: &Gateway,
) -> Result<Caller, Problem> {
    let presented = headers.get(AUTHORIZATION).and_then(|it| it.to_str().ok());
    let token = presented
        .and_then(|it| it.split_once(' '))
        .map(|it| it.1.trim());
    if gateway.is_open() && token.is_some_and(|it| mode_of_key(it).is_none()) {
        let mut without = headers.clone();
        without.remove(AUTHORIZATION);
        return Caller::of_headers(&without, info, gateway);
    }
    Caller::of_headers(headers, info, gateway)
}

/// The caller whose key is in the headers, else in `token`.
pub(super) fn who(
    of_headers: Result<Caller, Problem>,
    token: Option<&str>,
    info: RequestInfo,
    gateway: &Gateway,
) -> Result<Caller, Problem> {
    match (of_headers, token) {
        (Err(problem), Some(token)) if key_may_be_elsewhere(&problem) => {
            Caller::of_key(token, info, gateway)
        }
        (caller, _) => caller,
    }
}

/// Who asks in version 2, whose key is a bearer.
pub(crate) struct MigoCaller(pub(super) Caller);

impl FromRequestParts<Arc<Gateway>> for MigoCaller {
    type Rejection = Problem;

    async fn from_request_parts(
        parts: &mut Parts,
        gateway: &Arc<Gateway>,
    ) -> Result<MigoCaller, Problem> {
        let Ok(info) = RequestInfo::from_request_parts(parts, gateway).await;
        caller_of_headers(&parts.headers, info, gateway).map(MigoCaller)
    }
}
