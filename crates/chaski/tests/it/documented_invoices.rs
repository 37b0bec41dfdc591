//! What the pages show is so: documents of the simple form can be issued, commands write what stands below
//! them.

use std::fs;
use std::path::Path;

use crate::cli_kit::Place;

/// The `json` blocks of a page, in their order.
fn documents_of(page: &str) -> Vec<String> {
    let text = page_of(page);
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

fn page_of(page: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(page);
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{page}: {error}"))
}

/// The commands of the blocks of a page that begin so.
fn commands_of(page: &str, begins: &str) -> Vec<Shown> {
    let text = page_of(page);
    let blocks = text.split("```console\n").skip(1);
    let blocks = blocks.map(|block| block.split("```").next().unwrap());
    let mut shown: Vec<Shown> = Vec::new();
    for line in blocks
        .filter(|block| block.starts_with(begins))
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

/// A line without what changes from one time to another: the last part of a link, sizes, times and days.
fn steady(line: &str) -> String {
    if let Some((before, _)) = line.split_once("sandbox.invalid/") {
        return before.trim_end().to_owned();
    }
    if let Some((name, _)) = line.split_once(": ").filter(|(name, _)| {
        let name = name.trim();
        name == "Tiempo" || name == "Time"
    }) {
        return name.to_owned();
    }
    let cells = line.split('┆').map(|cell| {
        let (es, en) = (cell.matches('/').count(), cell.matches('-').count());
        let day = cell.trim().len() == 10 && (es == 2 || en == 2);
        let day = day && cell.chars().filter(char::is_ascii_digit).count() == 8;
        if day { "día" } else { cell }
    });
    let line = cells.collect::<Vec<_>>().join("┆");
    match line.rsplit_once('┆') {
        Some((before, _)) if line.contains("20603274742-01-") => before.to_owned(),
        _ => line,
    }
}

/// Each command of a page, one after the other, writes what stands there. Who answers is said by the first
/// command that issues, and where the page says it.
#[track_caller]
fn check_page(page: &str, lang: &str, begins: &str, commands: usize) {
    let mut place = Place::new();
    place.set("COLUMNS", "100");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    std::os::unix::fs::symlink(root.join("ejemplos"), place.path("ejemplos")).unwrap();
    let shown = commands_of(page, begins);
    assert_eq!(shown.len(), commands, "{page}");
    for (words, expected) in &shown {
        let mut line = vec!["--lang", lang];
        // As on a screen; a file says by its name what it is.
        if !words.iter().any(|word| word == "-o") {
            line.extend(["--format", "table"]);
        }
        line.extend(words.iter().map(String::as_str));
        let ran = place.ran(place.command(&line).output().unwrap());
        let written = ran.err.lines().chain(ran.out.lines());
        let is_mode = |line: &str| line.contains("MODO DE PRUEBA") || line.contains("TRIAL MODE");
        let says_mode = expected.iter().any(|line| is_mode(line));
        // How far it was is said as often as it takes.
        let is_far = |line: &str| {
            ["Con resultado: ", "With an outcome: "]
                .iter()
                .any(|it| line.starts_with(it))
        };
        let written = written
            .filter(|line| !line.is_empty() && (says_mode || !is_mode(line)) && !is_far(line))
            .map(steady)
            .collect::<Vec<_>>();
        let expected = expected.iter().filter(|line| !is_far(line));
        let expected: Vec<String> = expected.cloned().collect();
        assert_eq!(written, expected, "{page}: {words:?}\n{}", ran.shown());
    }
}

#[test]
fn the_readmes_show_what_is_written() {
    for (page, lang) in [("README.md", "es"), ("README.en.md", "en")] {
        check_page(page, lang, "$ chaski factura", 9);
    }
}

#[test]
fn the_guides_show_what_is_written() {
    check_page("docs/es/de-la-lista-a-la-factura.md", "es", "$ chaski ", 9);
    check_page("docs/en/from-list-to-invoice.md", "en", "$ chaski ", 9);
}

/// The first command that a stranger types, and all that it says.
#[test]
fn the_first_minute_is_as_it_is_shown() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for (page, lang) in [("README.md", "es"), ("README.en.md", "en")] {
        let text = page_of(page);
        let command = text
            .lines()
            .find_map(|line| line.strip_prefix("$ cargo run --locked -- "))
            .expect("the command of the first minute");
        let shown = text.split("```text\n").nth(1).expect("what it says");
        let shown: Vec<String> = shown
            .split("```")
            .next()
            .unwrap()
            .lines()
            .map(steady)
            .collect();
        let place = Place::new();
        std::os::unix::fs::symlink(root.join("ejemplos"), place.path("ejemplos")).unwrap();
        let ran = place.run(&format!("{command} --lang {lang}")).expect(0);
        assert_eq!(
            ran.err.lines().map(steady).collect::<Vec<_>>(),
            shown,
            "{page}"
        );
    }
}
