//! Cause and remedy of each error code: the rows of the documentation.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use chaski_core::Lang;

/// Cause and remedy of one code.
#[derive(Clone, Copy, Default)]
pub(crate) struct CodePage {
    pub(crate) cause: &'static str,
    pub(crate) action: &'static str,
}

const ES: &str = include_str!("../../../../../docs/es/errores.md");

const EN: &str = include_str!("../../../../../docs/en/errors.md");

static PAGES: LazyLock<[BTreeMap<&'static str, CodePage>; 2]> =
    LazyLock::new(|| [rows(ES).collect(), rows(EN).collect()]);

/// What is said of a code, if it is one.
pub(crate) fn page(code: &str, lang: Lang) -> Option<CodePage> {
    let [es, en] = &*PAGES;
    lang.pick(es, en).get(code).copied()
}

/// Rows `| code | cause | action |` of the tables.
fn rows(text: &'static str) -> impl Iterator<Item = (&'static str, CodePage)> {
    text.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| `")?.split(" | ");
        let code = cells.next()?.trim_end_matches('`');
        let cause = cells.next()?;
        let action = cells.next()?.trim_end_matches('|').trim_end();
        Some((code, CodePage { cause, action }))
    })
}
