//! Interactive documentation that needs no network: the page and its script are in the binary.

use axum::extract::{Path, Query};
use axum::response::{Html, IntoResponse, Response};
use bytes::Bytes;
use chaski_core::Lang;
use http::HeaderValue;
use http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE,
};
use serde::Deserialize;

use super::kit::{Problem, RequestInfo};

const SCRIPT: &[u8] = include_bytes!("../../assets/swagger-ui-bundle.js.gz");
const STYLE: &[u8] = include_bytes!("../../assets/swagger-ui.css.gz");

const PAGE: &str = "<!doctype html><html lang=\"LANG\"><meta charset=\"utf-8\">\
<title>Chaski · API</title><meta name=\"viewport\" content=\"width=device-width\">\
<link rel=\"stylesheet\" href=\"/docs/swagger-ui.css\">\
<div id=\"api\"></div><noscript><a href=\"/openapi.json\">/openapi.json</a>.</noscript>\
<script src=\"/docs/swagger-ui.js\"></script><script src=\"/docs/start.js\"></script></html>";

const START: &str = "SwaggerUIBundle({url:'/openapi.json'+location.search,dom_id:'#api',deepLinking:true,\
validatorUrl:null,tryItOutEnabled:true});";

const PLAIN_STYLE: &str = "body{font:1rem/1.6 system-ui,sans-serif;margin:0;color:#1b1b1b;\
background:#fff}main{max-width:40rem;margin:3rem auto;padding:0 1rem}code{font-family:ui-monospace,\
monospace;background:#f2f2ee;padding:.1em .3em}a{color:#0b5394}";

/// The page.
pub(super) async fn page(info: RequestInfo, Query(wanted): Query<LangWanted>) -> Response {
    let lang = wanted.lang(&info).pick("es", "en");
    let page = Html(PAGE.replace("LANG", lang));
    // The page styles its elements from the script.
    let policy = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                  frame-ancestors 'none'";
    let headers = [(CONTENT_LANGUAGE, lang), (CONTENT_SECURITY_POLICY, policy)];
    (headers, page).into_response()
}

/// What the page needs.
pub(super) async fn asset(Path(name): Path<String>) -> Result<Response, Problem> {
    let script = "text/javascript; charset=utf-8";
    let style = "text/css; charset=utf-8";
    let (kind, body, packed): (_, &'static [u8], _) = match name.as_str() {
        "swagger-ui.js" => (script, SCRIPT, true),
        "swagger-ui.css" => (style, STYLE, true),
        "start.js" => (script, START.as_bytes(), false),
        "page.css" => (style, PLAIN_STYLE.as_bytes(), false),
        _ => return Err(Problem::not_found()),
    };
    let headers = [
        (CONTENT_TYPE, kind),
        (CACHE_CONTROL, "public, max-age=86400"),
    ];
    let mut response = (headers, body).into_response();
    if packed {
        let packed = HeaderValue::from_static("gzip");
        response.headers_mut().insert(CONTENT_ENCODING, packed);
    }
    Ok(response)
}

/// The description of the API, as text.
pub(super) struct Documents {
    pub(super) es: Bytes,
    pub(super) en: Bytes,
}

/// In which language a description is wanted, whatever the headers say.
#[derive(Deserialize)]
pub(super) struct LangWanted {
    lang: Option<String>,
}

impl LangWanted {
    fn lang(&self, info: &RequestInfo) -> Lang {
        match self.lang.as_deref() {
            Some("es") => Lang::Es,
            Some("en") => Lang::En,
            _ => info.lang,
        }
    }
}

/// The description of the API.
pub(super) fn openapi(documents: &Documents, info: &RequestInfo, wanted: &LangWanted) -> Response {
    let (name, document) = match wanted.lang(info) {
        Lang::Es => ("es", &documents.es),
        Lang::En => ("en", &documents.en),
    };
    let headers = [(CONTENT_TYPE, "application/json"), (CONTENT_LANGUAGE, name)];
    (headers, document.clone()).into_response()
}
