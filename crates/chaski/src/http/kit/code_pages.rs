//! What each error code means: the pages of the documentation, served by the binary.

use axum::extract::Path;
use axum::response::{Html, IntoResponse, Response};
use chaski_core::{Lang, sentence};

use super::{Problem, RequestInfo, code_texts};

/// The page of one code.
pub(crate) async fn error_page(
    Path(code): Path<String>,
    info: RequestInfo,
) -> Result<Response, Problem> {
    let page = code_texts::page(&code, info.lang).ok_or_else(Problem::not_found)?;
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
        escaped(&sentence(page.cause)),
        escaped(&sentence(page.action)),
    );
    Ok(Html(html).into_response())
}

/// Text of the documentation as HTML; its only mark-up is code in back-ticks.
fn escaped(text: &str) -> String {
    let plain = text
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    let pieces = plain.split('`').enumerate();
    let marked = pieces.map(|(place, piece)| match place % 2 {
        0 => piece.to_owned(),
        _ => format!("<code>{piece}</code>"),
    });
    marked.collect()
}
