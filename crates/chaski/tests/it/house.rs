//! Rules about how the house is built: the map is true, and each shape stands once.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Folders that the map names and that are not of this repository: they are in a data folder.
const OF_A_DATA_FOLDER: [&str; 1] = ["procesos/"];

/// Every file and folder that the map names exists.
#[test]
fn the_map_names_what_is_there() {
    let map = fs::read_to_string(root().join("ARCHITECTURE.md")).expect("the map");
    let mut places: Vec<String> = Vec::new();
    for folder in ["crates", "paquetes", "docs", "ejemplos", ".ci"] {
        for file in files_under(&root().join(folder)) {
            let path = file.strip_prefix(root()).expect("inside").to_owned();
            // The map leaves out what is the same everywhere.
            let path = path.to_string_lossy().replace("/src/", "/");
            let folders = path.match_indices('/');
            places.extend(folders.map(|(at, _)| format!("/{}", &path[..=at])));
            places.push(format!("/{path}"));
        }
    }
    let named: Vec<&str> = map
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|it| {
            let is_source = Path::new(it).extension().is_some_and(|it| it == "rs");
            is_source || (it.ends_with('/') && !it.contains(' '))
        })
        .filter(|it| !OF_A_DATA_FOLDER.contains(it))
        .collect();
    assert!(named.len() > 150, "{} places found: too few", named.len());
    let is_there = |name: &str| {
        let name = format!("/{}", name.replace("/src/", "/"));
        places.iter().any(|place| place.ends_with(&name))
    };
    let gone: Vec<&str> = named.into_iter().filter(|it| !is_there(it)).collect();
    assert!(gone.is_empty(), "the map names what is not there: {gone:?}");
}

/// What is written to a caller and what is read from a server is one definition.
#[test]
fn each_shape_stands_once() {
    let mut defined: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for file in files_under(&root().join("crates/chaski/src")) {
        let text = fs::read_to_string(&file).unwrap_or_default();
        for line in text.lines() {
            let Some((_, rest)) = line.split_once("struct ") else {
                continue;
            };
            let name: String = rest.chars().take_while(|c| c.is_alphanumeric()).collect();
            if name.ends_with("Data") && !line.trim_start().starts_with("//") {
                defined.entry(name).or_default().push(file.clone());
            }
        }
    }
    assert!(
        defined.len() > 15,
        "{} shapes found: too few",
        defined.len()
    );
    for (name, files) in defined {
        let home = Path::new("crates/chaski/src/api");
        let is_home = |file: &PathBuf| file.starts_with(root().join(home));
        assert!(
            files.len() == 1 && files.iter().all(is_home),
            "{name} belongs into {} and nowhere else: {files:?}",
            home.display()
        );
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .expect("the workspace")
        .to_owned()
}

fn files_under(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files.extend(files_under(&path));
        } else {
            files.push(path);
        }
    }
    files
}
