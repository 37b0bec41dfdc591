//! What each error code means: the pages of the documentation, served by the binary.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use axum::extract::Path;
use axum::response::{Html, IntoResponse, Response};
use chaski_core::Lang;

use super::door::RequestInfo;
use super::problem::Problem;

/// Cause and remedy of one code.
#[derive(Clone, Copy)]
pub(super) struct Page {
    pub(super) cause: &'static str,
    pub(super) action: &'static str,
}

const ES: &str = include_str!("../../../../docs/es/errores.md");
const EN: &str = include_str!("../../../../docs/en/errors.md");

static PAGES: LazyLock<[BTreeMap<&'static str, Page>; 2]> =
    LazyLock::new(|| [rows(ES).collect(), rows(EN).collect()]);

/// What is said of a code.
pub(super) fn page(code: &str, lang: Lang) -> Page {
    let [es, en] = &*PAGES;
    let unknown = Page {
        cause: "",
        action: "",
    };
    lang.pick(es, en).get(code).copied().unwrap_or(unknown)
}

/// Rows `| code | cause | action |` of the tables.
fn rows(text: &'static str) -> impl Iterator<Item = (&'static str, Page)> {
    text.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| `")?.split(" | ");
        let code = cells.next()?.trim_end_matches('`');
        let cause = cells.next()?;
        let action = cells.next()?.trim_end_matches('|').trim_end();
        Some((code, Page { cause, action }))
    })
}

/// The page of one code.
pub(super) async fn error_page(
    Path(code): Path<String>,
    info: RequestInfo,
) -> Result<Response, Problem> {
    let [es, _] = &*PAGES;
    let Some((code, _)) = es.get_key_value(code.as_str()) else {
        return Err(Problem::not_found());
    };
    let page = page(code, info.lang);
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
