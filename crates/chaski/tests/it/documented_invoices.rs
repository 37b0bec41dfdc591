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
