//! What each error code means: the pages of the documentation, served by the binary.

use axum::extract::Path;
use axum::response::{Html, IntoResponse, Response};
use chaski_core::Lang;

use super::code_texts::page;
use super::problem::Problem;
use super::request_info::RequestInfo;

/// The page of one code.
pub(crate) async fn error_page(
    Path(code): Path<String>,
    info: RequestInfo,
) -> Result<Response, Problem> {
    let page = page(&code, info.lang).ok_or_else(Problem::not_found)?;
    let (what, lang) = match info.lang {
        Lang::Es => ("Qué hacer", "es"),
        Lang::En => ("What to do", "en"),
    };
    let html = format!(
        "<!doctype html><html lang=\"{lang}\"><meta charset=\"utf-8\"><title>{code} · Chaski</title>\
         <meta name=\"viewport\" content=\"width=device-width\">\
         <link rel=\"stylesheet\" href=\"/docs/page.css\">\
         <main><h1><code>{code}</code></h1><p>{}</p><h2>{what}</h2><p>{}</p>\
         <p><a href=\"/docs\">API</a></p></main></html>",
        escaped(page.cause),
        escaped(page.action),
    );
    Ok(Html(html).into_response())
}

/// Text of the documentation as HTML; its only mark-up is code in back-ticks.
fn escaped(text: &str) -> String {
    let plain = text
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    let mut html = String::with_capacity(plain.len() + 32);
    for (place, piece) in plain.split('`').enumerate() {
        if place > 0 {
            html.push_str(if place % 2 == 1 { "<code>" } else { "</code>" });
        }
        html.push_str(piece);
    }
    html
}
