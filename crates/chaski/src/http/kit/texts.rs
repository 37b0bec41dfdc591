//! The description of the API in Spanish and in English.
//!
//! Handlers and types are described where they stand, in English. `texts.txt` pairs each of those
//! texts with its Spanish; a test demands that it holds all of them and no other.

use std::collections::HashMap;
use std::sync::LazyLock;

use chaski_core::Lang;
use serde_json::Value;

/// A text and, indented below it, its Spanish.
const TEXTS: &str = include_str!("texts.txt");

/// Either text of a pair, and the pair: English, Spanish.
static PAIRS: LazyLock<HashMap<&str, [&str; 2]>> = LazyLock::new(|| {
    let lines: Vec<&str> = TEXTS.lines().filter(|line| !line.is_empty()).collect();
    let pairs = lines.chunks_exact(2).map(|pair| [pair[0], pair[1].trim()]);
    pairs
        .flat_map(|pair| pair.map(|text| (text, pair)))
        .collect()
});

/// Puts every summary and description into one language.
pub(crate) fn translate(document: &mut Value, lang: Lang) {
    each_text(document, &mut |text| {
        if let Some([en, es]) = PAIRS.get(text.replace('\n', " ").as_str()) {
            (*lang.pick(es, en)).clone_into(text);
        }
    });
}

fn each_text(value: &mut Value, change: &mut impl FnMut(&mut String)) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::String(text) if name == "summary" || name == "description" => {
                        change(text);
                    }
                    _ => each_text(value, change),
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|it| each_text(it, change)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn texts(lang: Lang) -> BTreeSet<String> {
        let mut document = crate::http::openapi(lang);
        let mut texts = BTreeSet::new();
        each_text(&mut document, &mut |text| {
            texts.insert(text.replace('\n', " "));
        });
        texts
    }

    #[test]
    fn every_text_of_the_description_is_in_both_languages() {
        let lines: Vec<&str> = TEXTS.lines().filter(|line| !line.is_empty()).collect();
        assert!(lines.len() > 400 && lines.len().is_multiple_of(2));
        for (place, line) in lines.iter().enumerate() {
            let indented = line.starts_with("    ");
            assert_eq!(indented, place % 2 == 1, "{line}: no pair");
        }
        for (lang, which) in [(Lang::En, 0), (Lang::Es, 1)] {
            let known = lines.chunks_exact(2).map(|pair| pair[which].trim());
            let known: BTreeSet<String> = known.map(str::to_owned).collect();
            let used = texts(lang);
            let missing: Vec<_> = used.difference(&known).collect();
            assert!(missing.is_empty(), "not in texts.txt: {missing:#?}");
            let unused: Vec<_> = known.difference(&used).collect();
            assert!(unused.is_empty(), "nothing says so any more: {unused:#?}");
        }
    }
}
