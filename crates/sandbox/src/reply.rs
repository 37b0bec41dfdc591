//! An answer before it becomes HTTP, and the bodies of every refusal.

use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE, LOCATION, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};
use serde::Serialize;
use serde_json::json;

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

const PAGE: &str = "<!DOCTYPE html>\n<html><head><title>Servicio no disponible</title></head>\
    <body><center><h1>Servicio no disponible</h1></center><hr><center>nginx</center></body></html>\n";

impl Reply {
    pub(crate) fn new(status: StatusCode, body: impl Into<Vec<u8>>) -> Reply {
        Reply {
            status,
            body: body.into(),
            content_type: "application/json",
            retry_after: None,
            location: None,
            allow: None,
        }
    }

    pub(crate) fn html(status: StatusCode) -> Reply {
        Reply {
            content_type: "text/html; charset=UTF-8",
            ..Reply::new(status, PAGE)
        }
    }

    /// 200 with a body.
    pub(crate) fn found(body: &impl Serialize) -> Reply {
        let mut text = Vec::with_capacity(1024);
        serde_json::to_writer(&mut text, body).expect("answers are plain data");
        Reply::new(StatusCode::OK, text)
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
        let refusal = json!({
            "success": false,
            "message": "Los datos proporcionados no son válidos.",
            "errors": {field: [rule]},
        });
        Reply {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            ..Reply::found(&refusal)
        }
    }

    /// 401 in the framework's own words.
    pub(crate) fn unauthenticated() -> Reply {
        Reply::new(
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
        Reply::new(
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
        Reply {
            status,
            ..Reply::found(&json!({"success": false, "message": message}))
        }
    }
}
