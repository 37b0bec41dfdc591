//! An answer before it becomes HTTP, and the bodies of every refusal.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE, LOCATION, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};
use serde::Serialize;

use crate::operation::Version;

/// Status, body and the few headers that the service sends.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) body: Vec<u8>,
    pub(crate) content_type: &'static str,
    pub(crate) retry_after: Option<String>,
    pub(crate) location: Option<&'static str>,
    pub(crate) allow: Option<&'static str>,
}

#[derive(Serialize)]
struct Refusal<'a> {
    success: bool,
    message: &'a str,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    errors: BTreeMap<&'a str, [&'a str; 1]>,
}

const PAGE: &str = "<!DOCTYPE html>\n<html><head><title>Servicio no disponible</title></head>\
    <body><center><h1>Servicio no disponible</h1></center><hr><center>nginx</center></body></html>\n";

impl Reply {
    pub(crate) fn owned(status: StatusCode, body: Vec<u8>) -> Reply {
        Reply {
            status,
            body,
            content_type: "application/json",
            retry_after: None,
            location: None,
            allow: None,
        }
    }

    pub(crate) fn json(status: StatusCode, body: &[u8]) -> Reply {
        Reply::owned(status, body.to_vec())
    }

    pub(crate) fn html(status: StatusCode) -> Reply {
        Reply {
            content_type: "text/html; charset=UTF-8",
            ..Reply::json(status, PAGE.as_bytes())
        }
    }

    /// 200 with a body.
    pub(crate) fn found(body: &impl Serialize) -> Reply {
        let mut text = Vec::with_capacity(1024);
        serde_json::to_writer(&mut text, body).expect("answers are plain data");
        Reply::owned(StatusCode::OK, text)
    }

    /// 404: the number or the date is not in the registry.
    pub(crate) fn unknown(message: &str) -> Reply {
        Reply::refusal(StatusCode::NOT_FOUND, message)
    }

    /// 404 with the wording of each version.
    pub(crate) fn unknown_number(version: Option<Version>, what: &str) -> Reply {
        match version {
            Some(Version::V2) => Reply::unknown(&format!("{what} not found")),
            _ => Reply::unknown(&format!("{what} no encontrado")),
        }
    }

    /// 404: the path. It looks like an unknown number but for its text.
    pub(crate) fn wrong_path() -> Reply {
        Reply::unknown("Recurso no encontrado")
    }

    pub(crate) fn wrong_method(allowed: &'static str) -> Reply {
        let message =
            format!("The method is not supported for this route. Supported methods: {allowed}.");
        Reply {
            allow: Some(allowed),
            ..Reply::refusal(StatusCode::METHOD_NOT_ALLOWED, &message)
        }
    }

    /// 422.
    pub(crate) fn invalid(field: &str, rule: &str) -> Reply {
        let refusal = Refusal {
            success: false,
            message: "Los datos proporcionados no son válidos.",
            errors: BTreeMap::from([(field, [rule])]),
        };
        Reply {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            ..Reply::found(&refusal)
        }
    }

    /// 401 in the framework's own words.
    pub(crate) fn unauthenticated() -> Reply {
        Reply::json(
            StatusCode::UNAUTHORIZED,
            br#"{"message":"Unauthenticated."}"#,
        )
    }

    pub(crate) fn rejected_v1(with_403: bool) -> Reply {
        let status = if with_403 {
            StatusCode::FORBIDDEN
        } else {
            StatusCode::UNAUTHORIZED
        };
        Reply::refusal(status, "Token no válido")
    }

    /// 403: the plan does not include the endpoint.
    pub(crate) fn forbidden() -> Reply {
        Reply::refusal(StatusCode::FORBIDDEN, "Su plan no incluye este servicio")
    }

    /// 429 in the framework's own words.
    pub(crate) fn too_many() -> Reply {
        Reply::json(
            StatusCode::TOO_MANY_REQUESTS,
            br#"{"message":"Too Many Attempts."}"#,
        )
    }

    pub(crate) fn into_response(self) -> Response<Bytes> {
        let mut response = Response::new(Bytes::from(self.body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        if let Some(value) = self
            .retry_after
            .and_then(|text| HeaderValue::from_str(&text).ok())
        {
            headers.insert(RETRY_AFTER, value);
        }
        if let Some(location) = self.location {
            headers.insert(LOCATION, HeaderValue::from_static(location));
        }
        if let Some(allow) = self.allow {
            headers.insert(ALLOW, HeaderValue::from_static(allow));
        }
        response
    }

    fn refusal(status: StatusCode, message: &str) -> Reply {
        let refusal = Refusal {
            success: false,
            message,
            errors: BTreeMap::new(),
        };
        Reply {
            status,
            ..Reply::found(&refusal)
        }
    }
}
