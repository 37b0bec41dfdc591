//! What says of itself that Chaski wrote it: a workbook by its properties, a csv or json by our
//! columns, for files that the data folder does not remember.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::sheets::RESULT_COLUMNS;

/// How much of a file is looked at.
const LOOKED_AT: u64 = 256 * 1024;

/// Fields that every exported partner has, and together nobody else's.
const OF_PARTNERS: [&str; 4] = [
    "num_document",
    "sunat_valid",
    "sunat_last_check",
    "sunat_ubigeo",
];

pub(super) fn is_ours(path: &Path) -> bool {
    let Ok(mut file) = File::open(path) else {
        return false;
    };
    let mut start = Vec::new();
    if file
        .by_ref()
        .take(LOOKED_AT)
        .read_to_end(&mut start)
        .is_err()
    {
        return false;
    }
    if start.starts_with(b"PK\x03\x04") {
        return is_our_workbook(file);
    }
    let text = String::from_utf8_lossy(&start);
    let text = text.trim_start_matches('\u{feff}');
    match text.trim_start().as_bytes().first() {
        Some(b'[' | b'{') => has_our_keys(text),
        // Pages and completions, which every release writes anew.
        Some(b'.') => text
            .lines()
            .take(5)
            .any(|line| line.starts_with(".TH chaski")),
        _ if ["_chaski() {", "#compdef chaski"]
            .iter()
            .any(|it| text.starts_with(it)) =>
        {
            true
        }
        _ => has_our_titles(text.lines().next().unwrap_or_default()),
    }
}

/// Who made a workbook and who saved it last; Excel and Calc put the person's name in the second.
fn is_our_workbook(file: File) -> bool {
    let Ok(mut archive) = zip::ZipArchive::new(file) else {
        return false;
    };
    let Ok(part) = archive.by_name("docProps/core.xml") else {
        return false;
    };
    let mut text = String::new();
    if part.take(LOOKED_AT).read_to_string(&mut text).is_err() {
        return false;
    }
    ["dc:creator", "cp:lastModifiedBy"]
        .iter()
        .all(|name| text.contains(&format!("<{name}>Chaski</{name}>")))
}

/// Our columns, all of them, in their order and last: a person who adds one makes it theirs.
fn has_our_titles(line: &str) -> bool {
    [',', ';', '\t', '|'].iter().any(|separator| {
        let titles: Vec<&str> = line
            .split(*separator)
            .map(|it| it.trim_matches('"'))
            .collect();
        let is_ours = |(title, ours): (&&str, &&str)| {
            let more = title.strip_prefix(*ours);
            more.is_some_and(|more| more.is_empty() || more.starts_with("_sunat"))
        };
        let first = titles.len().checked_sub(RESULT_COLUMNS.len());
        first.is_some_and(|first| titles[first..].iter().zip(&RESULT_COLUMNS).all(is_ours))
            || OF_PARTNERS.iter().all(|name| titles.contains(name))
    })
}

fn has_our_keys(text: &str) -> bool {
    let has = |name: &&str| text.contains(&format!("\"{name}\":"));
    let result = has(&"fila") && has(&"aptitud") && RESULT_COLUMNS.iter().all(has);
    result || OF_PARTNERS.iter().all(has)
}
