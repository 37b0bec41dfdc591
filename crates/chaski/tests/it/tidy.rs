//! Rules about the repository itself, by text search: what the documentation must say, and what a
//! module must not know.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};

use chaski_core::invoicing::codes;

/// Pages for users and their English mirrors.
const PAGES: [(&str, &str); 28] = [
    ("actualizar", "upgrading"),
    ("biblioteca-nubefact", "nubefact-library"),
    ("configuracion", "configuration"),
    ("datos-personales", "personal-data"),
    ("de-la-lista-a-la-factura", "from-list-to-invoice"),
    ("emision", "issuing"),
    ("en-lugar-de-nubefact", "instead-of-nubefact"),
    ("errores", "errors"),
    ("facturas-excel", "invoices-excel"),
    ("formulario", "form"),
    ("glosario", "glossary"),
    ("hallazgos", "findings"),
    ("indice", "index"),
    ("listas", "lists"),
    ("operacion", "operations"),
    ("ordenes", "commands"),
    ("pasarela", "gateway"),
    ("partners", "partners"),
    ("promesas", "promises"),
    ("proxy", "proxy"),
    ("rendimiento", "performance"),
    ("resumen", "summary"),
    ("sandbox", "sandbox"),
    ("segundo-plano", "background"),
    ("series", "series"),
    ("supuestos", "assumptions"),
    ("tipo-de-cambio", "exchange-rate"),
    ("veredicto", "verdict"),
];

/// Documents are read by people.
const MOST_BYTES: u64 = 64 * 1024;

#[test]
fn every_key_is_documented_with_its_variable() {
    let keys = keys_of(&read("crates/chaski/src/config.default.toml"));
    assert!(keys.len() > 20, "{} keys found: too few", keys.len());
    for page in ["docs/es/configuracion.md", "docs/en/configuration.md"] {
        let text = read(page);
        for key in &keys {
            let variable = format!("CHASKI_{}", key.replace('.', "_").to_uppercase());
            let row = format!("| `{key}` | `{variable}` |");
            assert!(text.contains(&row), "{page} lacks {row}");
        }
    }
}

#[test]
fn every_flag_is_documented() {
    let typed: String = files_under(&root().join("crates/chaski/src/cli/kit/args"), "rs")
        .iter()
        .map(|file| fs::read_to_string(file).expect("a source file"))
        .collect();
    let flags = flags_of(&typed);
    assert!(flags.len() > 30, "{} flags found: too few", flags.len());
    for page in ["docs/es/ordenes.md", "docs/en/commands.md"] {
        let text = read(page);
        for flag in &flags {
            let mentioned = text.match_indices(flag.as_str()).any(|(at, _)| {
                !text[at + flag.len()..].starts_with(|c: char| c.is_alphanumeric() || c == '-')
            });
            assert!(mentioned, "{page} lacks {flag}");
        }
    }
}

#[test]
fn every_error_code_is_documented() {
    let mut codes = codes_of("fn code(&self) -> &'static str");
    let table = read("crates/client/src/failure.rs");
    let rows = table.lines().filter(|line| line.contains("=> row("));
    codes.extend(rows.flat_map(literals));
    assert!(codes.len() > 40, "{} codes found: too few", codes.len());
    check_documented(&codes, ["docs/es/errores.md", "docs/en/errors.md"]);
}

/// Failures that once were, by their number: each has a test that bears it.
#[rustfmt::skip]
const ONCE_BROKEN: [&str; 33] = [
    "h01", "h02", "h03", "h04", "h05", "h06", "h07", "h08", "h09", "h10", "h11", "h12", "h13", "h14",
    "l08", "l09", "l10", "l11", "l12", "l13", "l14",
    "a01", "a02", "a03", "a04", "a05", "a13", "a17",
    "f01", "f03", "f06", "f09", "f11",
];

#[test]
fn everything_once_broken_has_a_test_and_is_told() {
    let folders = ["crates/chaski/tests/it", "crates/client/tests/it"];
    let files = folders
        .iter()
        .flat_map(|it| files_under(&root().join(it), "rs"));
    let tests: String = files
        .map(|file| fs::read_to_string(file).expect("a readable file"))
        .collect();
    for number in ONCE_BROKEN {
        assert!(
            tests.contains(&format!("fn {number}_")),
            "no test for {number}"
        );
    }
}

#[test]
fn every_finding_is_documented() {
    let source = read("crates/core/src/fitness.rs");
    let code = source.lines().map(without_comment);
    let is_finding = |text: &String| {
        text.starts_with("CH-") || (text.len() == 4 && text.bytes().all(|b| b.is_ascii_digit()))
    };
    let codes: BTreeSet<String> = code.flat_map(literals).filter(is_finding).collect();
    assert!(codes.len() > 10, "{} findings found: too few", codes.len());
    check_documented(&codes, ["docs/es/veredicto.md", "docs/en/verdict.md"]);
}

/// Every code that the check of a document can find has its row: code, the boleta's, severity.
#[test]
fn every_finding_of_a_document_is_documented() {
    for page in ["docs/es/hallazgos.md", "docs/en/findings.md"] {
        let text = read(page);
        for row in codes::ALL {
            let (boleta, also) = match row.boleta {
                Some((code, severity)) if severity != row.severidad => (
                    format!("`{code}`"),
                    format!("; en boletas {}", severity.as_str()),
                ),
                Some((code, _)) => (format!("`{code}`"), String::new()),
                None => ("–".to_owned(), String::new()),
            };
            let begins = format!(
                "| `{}` | {boleta} | {}{also} |",
                row.codigo,
                row.severidad.as_str()
            );
            let begins = match page {
                "docs/en/findings.md" => begins.replace("; en boletas", "; in boletas"),
                _ => begins,
            };
            assert!(text.contains(&begins), "{page} lacks {begins}");
        }
        let rows = text.lines().filter(|line| line.starts_with("| `")).count();
        assert_eq!(
            rows,
            codes::ALL.len(),
            "{page} has rows of codes that nobody finds"
        );
    }
}

/// The program that the pages show is one that the compiler has seen.
#[test]
fn the_program_of_the_readme_is_the_example() {
    let example = read("crates/client/examples/emitir.rs");
    let begins = example.find("use chaski_client").expect("its first import");
    let block = format!("```rust\n{}```", &example[begins..]);
    for page in [
        "README.md",
        "README.en.md",
        "docs/es/biblioteca-nubefact.md",
        "docs/en/nubefact-library.md",
    ] {
        assert!(
            read(page).contains(&block),
            "{page} lacks crates/client/examples/emitir.rs"
        );
    }
}

#[test]
fn both_languages_have_the_same_pages_and_headings() {
    let pages = |folder: &str| -> BTreeSet<String> {
        files_under(&root().join(folder), "md")
            .iter()
            .map(|path| stem(path))
            .collect()
    };
    let (es, en): (BTreeSet<_>, BTreeSet<_>) = PAGES
        .iter()
        .map(|(es, en)| ((*es).to_owned(), (*en).to_owned()))
        .unzip();
    assert_eq!(pages("docs/es"), es, "docs/es");
    assert_eq!(pages("docs/en"), en, "docs/en");
    let mut twins = vec![("README.md".to_owned(), "README.en.md".to_owned())];
    twins.extend(PAGES.map(|(es, en)| (format!("docs/es/{es}.md"), format!("docs/en/{en}.md"))));
    for (es, en) in twins {
        let levels = |page: &str| -> Vec<usize> {
            headings(&read(page))
                .iter()
                .map(|heading| level(heading))
                .collect()
        };
        assert_eq!(levels(&es), levels(&en), "headings of {es} and {en}");
    }
}

/// Each page stands in the index of its language, once.
#[test]
fn the_index_names_every_page() {
    for (index, pages) in [
        ("docs/es/indice.md", PAGES.map(|(es, _)| es)),
        ("docs/en/index.md", PAGES.map(|(_, en)| en)),
    ] {
        let mut links: Vec<String> = read(index)
            .lines()
            .filter(|line| line.starts_with("- "))
            .filter_map(|line| links_of(line).into_iter().next())
            .collect();
        links.sort();
        let pages: BTreeSet<String> = pages
            .iter()
            .filter(|page| !index.ends_with(&format!("/{page}.md")))
            .map(|page| format!("{page}.md"))
            .collect();
        assert_eq!(links, pages.into_iter().collect::<Vec<_>>(), "{index}");
    }
}

/// What the program says in Spanish is Spanish, in the words of people who keep books. A row is a word and,
/// for ours, what is said instead.
#[rustfmt::skip]
const NOT_SPANISH: [(&str, &str); 39] = [
    ("the", ""), ("and", ""), ("of", ""), ("with", ""), ("for", ""), ("your", ""), ("is", ""), ("are", ""),
    ("not", ""), ("cannot", ""), ("file", "archivo"), ("folder", "carpeta"), ("missing", "falta"),
    ("wrong", ""), ("unknown", "desconocido"), ("only", "solo"), ("must", "debe"), ("should", ""),
    ("when", ""), ("where", ""), ("there", ""), ("this", ""), ("that", ""), ("please", ""), ("warning", "aviso"),
    ("failed", "falló"), ("invalid", ""), ("found", ""), ("default", "por defecto"), ("retry", "reintente"),
    ("timeout", "plazo"), ("cache", "memoria"), ("SANDBOX", "MODO DE PRUEBA"),
    ("pasarela", "servidor"), ("subórdenes", "subcomandos"), ("intérprete", "consola"),
    ("antepóngalo", "agréguelo"), ("gastadas", "usadas"), ("ficticios", "inventados, o de prueba"),
];

#[test]
fn spanish_texts_are_spanish() {
    let mut texts: Vec<(String, String)> = Vec::new();
    for folder in ["crates/chaski/src", "crates/client/src", "crates/core/src"] {
        for path in files_under(&root().join(folder), "rs") {
            let source = fs::read_to_string(&path).expect("a source file");
            let is_help = path.components().any(|it| it.as_os_str() == "args");
            texts.extend(spanish_of(&source, is_help).map(|text| (stem(&path), text)));
        }
    }
    assert!(texts.len() > 900, "{}: too few", texts.len());
    let mut found = Vec::new();
    for (file, text) in &texts {
        // Names of options, settings, files and values stay as they are.
        let words = text.split(|c: char| c.is_whitespace() || ",;:()«»¿?".contains(c));
        for word in words.map(|word| word.trim_end_matches('.')) {
            if let Some((_, instead)) = NOT_SPANISH.iter().find(|(it, _)| *it == word) {
                found.push(format!("{file}: «{word}» ({instead}) in: {text}"));
            }
        }
        if text.contains("línea de órdenes") || text.contains("esta orden") {
            found.push(format!("{file}: orden (comando) in: {text}"));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// The Spanish halves: of `text!`, of `pick`, and of help texts, which begin with a capital.
fn spanish_of(source: &str, is_help: bool) -> impl Iterator<Item = String> {
    let called = |name: &'static str| {
        let calls = source.split(name).skip(1);
        calls.filter_map(|rest| {
            let rest = rest.trim_start().strip_prefix('"')?;
            let ends = rest
                .char_indices()
                .find(|(at, c)| *c == '"' && !rest[..*at].ends_with('\\'))?;
            Some(rest[..ends.0].to_owned())
        })
    };
    let help = source.lines().filter(|_| is_help).filter_map(|line| {
        let (es, en) = line.trim().strip_prefix("/// ")?.split_once(" || ")?;
        for half in [es, en] {
            let first = half.trim_start_matches(['¿', '"', '«']).chars().next();
            assert!(!first.is_some_and(char::is_lowercase), "a capital: {half}");
        }
        Some(es.to_owned())
    });
    let help: Vec<String> = help.collect();
    called("text!(").chain(called(".pick(")).chain(help)
}

#[test]
fn relative_links_resolve() {
    let mut links = 0;
    for page in documents() {
        let text = fs::read_to_string(&page).expect("a readable document");
        for link in links_of(&text) {
            links += 1;
            check_link(&page, &link);
        }
    }
    assert!(links > 50, "{links} links found: too few");
}

#[test]
fn documents_are_short() {
    for page in documents() {
        let bytes = fs::metadata(&page).expect("a readable document").len();
        assert!(
            bytes <= MOST_BYTES,
            "{} has {bytes} bytes: split it",
            page.display()
        );
    }
    let lines = read("ARCHITECTURE.md").lines().count();
    assert!(lines <= 250, "ARCHITECTURE.md has {lines} lines");
}

#[test]
fn no_source_file_is_long() {
    for name in ["core", "client", "sandbox", "chaski"] {
        let files = files_under(&root().join("crates").join(name).join("src"), "rs");
        // The model of issuing is a test.
        for path in files
            .iter()
            .filter(|it| !it.to_string_lossy().contains("/model/"))
        {
            let lines = fs::read_to_string(path)
                .expect("a source file")
                .lines()
                .count();
            assert!(lines <= 600, "{} has {lines} lines", path.display());
        }
    }
}

#[test]
fn ci_runs_the_commands_of_the_readme() {
    let commands: Vec<String> = commands_of(&read("README.md"))
        .into_iter()
        .take(2)
        .collect();
    assert_eq!(commands, commands_of(&read("README.en.md"))[..2]);
    let ci = read(".ci/run");
    assert!(
        ci.lines().any(|line| line == commands[1]),
        ".ci/run lacks: {}",
        commands[1]
    );
}

#[test]
fn modules_do_not_know_what_they_must_not() {
    check_absent(
        "crates/core/src",
        &["tokio::", "http::", "hyper", "sqlx", "axum", "std::fs"],
    );
    check_absent("crates/client/src", &["sqlx", "axum", "chaski_sandbox"]);
    // The journal of a program without a database is the only file of the client.
    check_absent_but(
        "crates/client/src",
        &["std::fs"],
        &["crates/client/src/journal/file/disk.rs"],
    );
    // What can issue sends at most once: it knows no loop and nobody who has one.
    check_absent_but(
        "crates/client/src/issue",
        &[
            "Engine",
            "RetryBudget",
            "crate::engine",
            "crate::retry",
            "loop",
            "while",
        ],
        // The model is a search: it loops over what can happen, and sends nothing.
        &[
            "crates/client/src/issue/model/library.rs",
            "crates/client/src/issue/model/mod.rs",
            "crates/client/src/issue/model/search.rs",
            "crates/client/src/issue/model/world.rs",
        ],
    );
    check_absent(
        "crates/client/src/journal",
        &["Transport", "Line", "crate::issue", "crate::line"],
    );
    let never = [
        "tokio",
        "tracing",
        "Engine",
        "Ledger",
        "Transport",
        "Timestamp::now",
    ];
    check_absent("crates/client/src/dialects", &never);
    check_absent("crates/sandbox/src", &["chaski_client"]);
    check_absent(
        "crates/chaski/src/store",
        &["Transport", "crate::app", "crate::cli"],
    );
    check_absent(
        "crates/chaski/src/sheets",
        &["crate::app", "crate::cli", "crate::store"],
    );
    check_absent(
        "crates/chaski/src/app",
        &["crate::cli", "crate::jobs", "clap::", "sqlx"],
    );
    check_absent(
        "crates/chaski/src/remote",
        &["crate::cli", "crate::http", "crate::jobs", "axum", "sqlx"],
    );
    check_absent("crates/chaski/src/cli", &["sqlx"]);
    check_absent("crates/chaski/src/jobs", &["crate::cli", "clap::", "sqlx"]);
    // Doors see rooms alone.
    for door in ["cli", "http", "jobs"] {
        let door = format!("crates/chaski/src/{door}");
        check_absent(
            &door,
            &[".migo()", ".store()", "app.migo", "app.store", ".engine()"],
        );
    }
}

#[test]
fn manifests_do_not_name_what_they_must_not() {
    let never: [(&str, &[&str]); 3] = [
        ("core", &["tokio", "http", "hyper", "sqlx", "axum"]),
        ("client", &["sqlx", "axum"]),
        ("sandbox", &["chaski-client"]),
    ];
    for (member, names) in never {
        let manifest = read(&format!("crates/{member}/Cargo.toml"));
        let (normal, _) = manifest
            .split_once("[dev-dependencies]")
            .unwrap_or((&manifest, ""));
        for name in names {
            let named = normal.lines().any(|line| {
                line.strip_prefix(name)
                    .is_some_and(|rest| rest.starts_with(['.', ' ', '=']))
            });
            assert!(!named, "crates/{member} must not depend on {name}");
        }
    }
}

/// Values reach SQL as parameters. What `format!` may put in is a constant, or one of a few names
/// that stand for texts chosen among fixed ones.
#[test]
fn sql_is_not_built_from_values() {
    const WORDS: [&str; 6] = [
        "SELECT ", "INSERT ", "UPDATE ", "DELETE ", "WHERE ", " AND ",
    ];
    const FIXED_TEXTS: [&str; 3] = ["which", "index", "column"];
    let files = files_under(&root().join("crates/chaski/src/store"), "rs");
    let mut statements = 0;
    for file in files {
        let text = code_of(&file);
        for call in text.split("format!(").skip(1) {
            let statement = call.split('"').nth(1).unwrap_or_default();
            if !WORDS.iter().any(|word| statement.contains(word)) {
                continue;
            }
            statements += 1;
            for name in statement
                .split('{')
                .skip(1)
                .filter_map(|rest| rest.split('}').next())
            {
                let constant = !name.is_empty() && !name.contains(char::is_lowercase);
                let fixed = constant || FIXED_TEXTS.contains(&name);
                assert!(
                    fixed,
                    "{}: {{{name}}} in SQL: bind it instead",
                    file.display()
                );
            }
        }
    }
    assert!(statements > 0, "no statement found: the store has moved");
}

/// Whoever reads "1 respuestas" reads carelessness: numbers go with `counted`. Named here is what is
/// no number, is never one, or stands beside its singular.
#[rustfmt::skip]
const NEVER_ONE: [&str; 7] = ["limit", "most", "count", "first", "left", "dropped", "url"];

#[rustfmt::skip]
const MANY: [&str; 36] = [
    "consultas", "llamadas", "respuestas", "filas", "números", "días", "partners", "lotes",
    "peticiones", "celdas", "cifras", "veces", "caracteres", "intentos", "trabajos", "columnas",
    "segundos", "minutos", "horas", "RUCs", "calls", "answers", "rows", "numbers", "days",
    "requests", "cells", "digits", "times", "attempts", "characters", "batches", "jobs", "columns",
    "seconds", "minutes",
];

#[test]
fn one_is_one_in_every_text() {
    let mut found = Vec::new();
    for folder in ["crates/chaski/src", "crates/client/src", "crates/core/src"] {
        for path in files_under(&root().join(folder), "rs") {
            let text = fs::read_to_string(&path).expect("a source file");
            let code = text
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"));
            for line in code.filter(|line| may_say_one_of_many(line)) {
                found.push(format!("{}: {}", stem(&path), line.trim()));
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

fn may_say_one_of_many(line: &str) -> bool {
    line.match_indices("} ").any(|(at, _)| {
        let named = line[..at].rsplit('{').next().unwrap_or_default();
        let after = line[at + 2..].split(|c: char| !c.is_alphabetic()).next();
        let limit = named.starts_with("MOST_") || named.starts_with("LEAST_");
        MANY.contains(&after.unwrap_or_default()) && !limit && !NEVER_ONE.contains(&named)
    })
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[track_caller]
fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn stem(path: &Path) -> String {
    path.file_stem()
        .expect("a file")
        .to_string_lossy()
        .into_owned()
}

/// Every file below a folder with that extension, in a stable order.
#[track_caller]
fn files_under(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let entries =
        fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.expect("a readable folder").path();
        if path.is_dir() {
            files.extend(files_under(&path, extension));
        } else if path.extension().is_some_and(|it| it == extension) {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// The Markdown files of the repository: its root and `docs/`.
fn documents() -> Vec<PathBuf> {
    let mut pages = files_under(&root().join("docs"), "md");
    for entry in fs::read_dir(root()).expect("the root of the repository") {
        let path = entry.expect("a readable folder").path();
        if path.extension().is_some_and(|it| it == "md") {
            pages.push(path);
        }
    }
    pages
}

/// `migo.rpm` for `rpm` under `[migo]`.
fn keys_of(toml: &str) -> BTreeSet<String> {
    let mut table = String::new();
    let mut keys = BTreeSet::new();
    for line in toml.lines().map(str::trim) {
        if let Some(name) = line
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            table = format!("{name}.");
        } else if let Some((name, _)) = line.split_once(" = ")
            && !line.starts_with('#')
        {
            keys.insert(format!("{table}{name}"));
        }
    }
    keys
}

/// `--max-age` for the field `max_age` below `#[arg(long …)]`.
fn flags_of(source: &str) -> BTreeSet<String> {
    let mut flags = BTreeSet::new();
    let mut attribute = String::new();
    for line in source.lines().map(str::trim) {
        if line.starts_with("#[") || (!attribute.is_empty() && !attribute.ends_with(")]")) {
            attribute.push_str(line);
            continue;
        }
        let is_flag = attribute.contains("#[arg(long") || attribute.contains(" long");
        let field = line
            .strip_prefix("pub(in crate::cli) ")
            .or(line.strip_prefix("pub(super) "));
        let field = field.unwrap_or(line);
        if let Some((name, _)) = field.split_once(": ")
            && is_flag
        {
            flags.insert(format!("--{}", name.replace('_', "-")));
        }
        attribute.clear();
    }
    flags
}

/// The texts inside every function of that signature in the product's sources.
fn codes_of(signature: &str) -> BTreeSet<String> {
    let mut codes = BTreeSet::new();
    for file in files_under(&root().join("crates"), "rs") {
        if !file.components().any(|part| part.as_os_str() == "src") {
            continue;
        }
        let text = code_of(&file);
        for (at, _) in text.match_indices(signature) {
            let body = text[at..].split("\n    }").next().unwrap_or_default();
            codes.extend(body.lines().flat_map(literals));
        }
    }
    codes
}

fn code_of(file: &Path) -> String {
    let text = fs::read_to_string(file).expect("a readable source");
    text.lines()
        .map(without_comment)
        .collect::<Vec<_>>()
        .join("\n")
}

/// The line without a comment; one after a text that holds `//` stays, which no rule minds.
fn without_comment(line: &str) -> &str {
    match line.find("//") {
        Some(at) if !line[..at].contains('"') => &line[..at],
        _ => line,
    }
}

fn literals(line: &str) -> Vec<String> {
    line.split('"')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

#[track_caller]
fn check_documented(codes: &BTreeSet<String>, pages: [&str; 2]) {
    for page in pages {
        let text = read(page);
        for code in codes {
            assert!(
                text.contains(&format!("| `{code}` |")),
                "{page} lacks `{code}`"
            );
        }
    }
}

/// No source below the folder holds any of the words, comments aside.
#[track_caller]
fn check_absent(folder: &str, words: &[&str]) {
    check_absent_but(folder, words, &[]);
}

/// The same, but for files that may.
#[track_caller]
fn check_absent_but(folder: &str, words: &[&str], but: &[&str]) {
    let mut files = files_under(&root().join(folder), "rs");
    assert!(!files.is_empty(), "{folder} has no sources");
    let all = files.len();
    files.retain(|file| !but.iter().any(|it| *file == root().join(it)));
    assert_eq!(files.len() + but.len(), all, "a file that may is not there");
    for file in files {
        for (number, line) in code_of(&file).lines().enumerate() {
            for word in words {
                let place = format!("{}:{}", file.display(), number + 1);
                assert!(!holds(line, word), "{place} must not know `{word}`: {line}");
            }
        }
    }
}

/// Whether a line holds a word, not as the end or the beginning of a longer one.
fn holds(line: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let closed = word.ends_with(':') || !line[at + word.len()..].starts_with(part);
        closed && !line[..at].ends_with(part)
    })
}

/// Lines of Markdown outside fenced code.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut fenced = false;
    text.lines().filter(move |line| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        !fenced && !fence
    })
}

fn headings(text: &str) -> Vec<String> {
    prose(text)
        .filter(|line| line.starts_with('#'))
        .map(str::to_owned)
        .collect()
}

fn level(heading: &str) -> usize {
    heading.bytes().take_while(|byte| *byte == b'#').count()
}

/// Commands after `$` in the fenced blocks, in their order.
fn commands_of(text: &str) -> Vec<String> {
    text.lines()
        .filter_map(|line| line.strip_prefix("$ "))
        .map(str::to_owned)
        .collect()
}

fn links_of(text: &str) -> Vec<String> {
    let mut links = Vec::new();
    for line in prose(text) {
        let targets = line
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next());
        links.extend(targets.map(str::to_owned));
    }
    links
}

#[track_caller]
fn check_link(page: &Path, link: &str) {
    if link.contains("://") || link.starts_with("mailto:") {
        return;
    }
    let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
    let folder = page.parent().expect("a page is in a folder");
    let target = match path {
        "" => page.to_owned(),
        path => normal(&folder.join(path)),
    };
    assert!(target.exists(), "{}: {link} leads nowhere", page.display());
    if !anchor.is_empty() {
        let text = fs::read_to_string(&target).expect("a readable page");
        let anchors: BTreeMap<String, String> = headings(&text)
            .into_iter()
            .map(|heading| (anchor_of(&heading), heading))
            .collect();
        assert!(
            anchors.contains_key(anchor),
            "{}: {link} has no such heading",
            page.display()
        );
    }
}

/// The anchor that GitHub gives a heading.
fn anchor_of(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = text
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// The path without `..`, which a folder that does not exist would break.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir if normal.file_name().is_some() => {
                normal.pop();
            }
            Component::CurDir => {}
            part => normal.push(part),
        }
    }
    normal
}

/// What one database learns, the other one learns under the same number. `PostgreSQL` begins with the
/// whole schema as of 13.
#[test]
fn migrations_of_both_databases_keep_step() {
    let of = |database: &str| {
        let folder = root().join("crates/chaski/migrations").join(database);
        let files = files_under(&folder, "sql").into_iter();
        let numbers = files.map(|file| stem(&file)[..4].parse::<u32>().expect("a number"));
        numbers.filter(|number| *number >= 13).collect::<Vec<_>>()
    };
    assert_eq!(of("sqlite"), of("postgres"));
}
