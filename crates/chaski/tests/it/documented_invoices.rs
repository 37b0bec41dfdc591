//! The documents that the pages of the simple form show are documents that can be issued.

use std::fs;
use std::path::Path;

use crate::cli_kit::Place;

/// The `json` blocks of a page, in their order.
fn documents_of(page: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(page);
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{page}: {error}"));
    let blocks = text.split("```json\n").skip(1);
    let closed = blocks.map(|block| block.split("```").next().unwrap().to_owned());
    closed.collect()
}

#[test]
fn what_the_form_shows_can_be_issued() {
    let documents = documents_of("docs/es/formulario.md");
    assert!(
        documents.len() > 15,
        "{} documents: too few",
        documents.len()
    );
    assert_eq!(
        documents,
        documents_of("docs/en/form.md"),
        "the English mirror"
    );
    let place = Place::new();
    let mut names = Vec::new();
    for (index, document) in documents.iter().enumerate() {
        let name = format!("{index}.json");
        place.write(&name, document);
        names.push(name);
    }
    // One run for all of them: what is wrong is told with the file's name.
    let ran = place.run(&format!(
        "factura validar {} --format ndjson",
        names.join(" ")
    ));
    assert_eq!(ran.code, 0, "{}{}", ran.err, ran.out);
    assert!(!ran.out.contains("\"observacion\""), "{}", ran.out);
}

/// A command of a page, and the lines that the page says it writes.
type Shown = (Vec<String>, Vec<String>);

/// The blocks of a page whose commands issue or check documents.
fn commands_of(page: &str) -> Vec<Shown> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(page);
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{page}: {error}"));
    let blocks = text.split("```console\n").skip(1);
    let blocks = blocks.map(|block| block.split("```").next().unwrap());
    let mut shown: Vec<Shown> = Vec::new();
    for line in blocks
        .filter(|block| block.starts_with("$ chaski factura"))
        .flat_map(str::lines)
    {
        if let Some(command) = line.strip_prefix("$ chaski ") {
            // Every other part is within quotes.
            let parts = command.split('"').enumerate();
            let words = parts.flat_map(|(at, part)| match at % 2 {
                0 => part.split_whitespace().map(str::to_owned).collect(),
                _ => vec![part.to_owned()],
            });
            shown.push((words.collect(), Vec::new()));
        } else if !line.is_empty() {
            shown
                .last_mut()
                .expect("a command first")
                .1
                .push(steady(line));
        }
    }
    shown
}

/// A line without what changes from one time to another: the last part of a link, and sizes.
fn steady(line: &str) -> String {
    if let Some((before, _)) = line.split_once("sandbox.invalid/") {
        return before.trim_end().to_owned();
    }
    match line.rsplit_once('┆') {
        Some((before, _)) if line.contains("20603274742-01-") => before.to_owned(),
        _ => line.to_owned(),
    }
}

/// The lines of the READMEs, one after the other, write what stands there.
#[test]
fn the_readmes_show_what_is_written() {
    for (page, lang) in [("README.md", "es"), ("README.en.md", "en")] {
        let mut place = Place::new();
        place.set("COLUMNS", "100");
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        std::os::unix::fs::symlink(root.join("ejemplos"), place.path("ejemplos")).unwrap();
        let shown = commands_of(page);
        assert_eq!(shown.len(), 9, "{page}");
        for (at, (words, expected)) in shown.iter().enumerate() {
            let mut line = vec!["--lang", lang];
            // As on a screen; a file says by its name what it is.
            if !words.iter().any(|word| word == "-o") {
                line.extend(["--format", "table"]);
            }
            line.extend(words.iter().map(String::as_str));
            let ran = place.ran(place.command(&line).output().unwrap());
            let written = ran.err.lines().chain(ran.out.lines());
            let is_mode = |line: &str| line.contains("SANDBOX");
            let written = written
                .filter(|line| !line.is_empty() && (at == 0 || !is_mode(line)))
                .map(steady)
                .collect::<Vec<_>>();
            assert_eq!(&written, expected, "{page}: {words:?}\n{}", ran.shown());
        }
    }
}
