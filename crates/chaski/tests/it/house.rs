//! Rules about how the house is built: the map is true, each shape stands once, and no module knows
//! one that knows it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use syn::visit::{self, Visit};
use syn::{Item, ItemEnum, ItemMod, ItemUse, UseTree, Visibility};

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

/// Names that two types share on purpose: a Rust program asks through `Migo` and issues through `Nubefact`,
/// and where it may wait, through the same names in `blocking`, as those who know reqwest's expect.
const SHARED_NAMES: [&str; 2] = ["Migo", "Nubefact"];

/// One name is one thing, but for [`SHARED_NAMES`]. The sandbox is left out: it speaks the words of
/// the manuals, as an independent reading of them.
#[test]
fn names_of_types_are_unique() {
    let mut places: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for name in ["core", "client", "chaski"] {
        for file in files_under(&root().join("crates").join(name).join("src")) {
            // Of what is special to a system, one of the twins is compiled.
            let is_twin = file.ends_with("system/windows.rs");
            if is_twin || file.extension().is_none_or(|it| it != "rs") {
                continue;
            }
            let text = fs::read_to_string(&file).expect("a source file");
            let items = syn::parse_file(&text)
                .expect("a source that compiles")
                .items;
            for item in items {
                let (visibility, name) = match item {
                    Item::Enum(it) => (it.vis, it.ident),
                    Item::Struct(it) => (it.vis, it.ident),
                    Item::Trait(it) => (it.vis, it.ident),
                    Item::Type(it) => (it.vis, it.ident),
                    // A set of names, which a macro makes.
                    Item::Macro(it) => match it.mac.parse_body::<ItemEnum>() {
                        Ok(it) => (it.vis, it.ident),
                        Err(_) => continue,
                    },
                    _ => continue,
                };
                if !matches!(visibility, Visibility::Inherited) {
                    places
                        .entry(name.to_string())
                        .or_default()
                        .push(file.clone());
                }
            }
        }
    }
    assert!(places.len() > 400, "{} types found: too few", places.len());
    places.retain(|_, files| files.len() > 1);
    let shared: Vec<&String> = places.keys().collect();
    assert_eq!(shared, SHARED_NAMES, "each in these files: {places:#?}");
}

/// Only `system/` asks which operating system it is. The two libraries below have a file of theirs each that is
/// made for its owner alone, and a folder that is synced.
#[test]
fn one_module_knows_the_operating_system() {
    let signs = [
        "std::os::",
        "cfg(unix",
        "cfg(not(unix",
        "cfg(windows",
        "cfg!(",
        "target_os",
        "rustix",
        "signal::unix",
        "signal::windows",
        "sd_notify",
        "fs4",
    ];
    let source = root().join("crates/chaski/src");
    let mut found = Vec::new();
    for file in files_under(&source) {
        let name = file.strip_prefix(&source).expect("inside");
        if name.starts_with("system") || file.extension().is_none_or(|it| it != "rs") {
            continue;
        }
        let text = fs::read_to_string(&file).expect("a source file");
        let product = text.split("#[cfg(test)]").next().unwrap_or_default();
        let code = product
            .lines()
            .filter(|it| !it.trim_start().starts_with("//"));
        let bad = code.filter(|line| signs.iter().any(|sign| line.contains(sign)));
        found.extend(bad.map(|line| format!("{}: {line}", name.display())));
    }
    assert!(found.is_empty(), "{found:#?}");
}

/// Whoever reads a module may read first what it stands on. A folder's `mod.rs` and what is in that
/// folder count as one: they are read together.
#[test]
fn no_circle_of_modules() {
    for name in ["core", "client", "sandbox", "chaski"] {
        let mut known = known_by(&root().join("crates").join(name).join("src"));
        assert!(known.len() > 5, "{name}: {} modules: too few", known.len());
        // Who knows nobody that is left is in no circle, nor is whom nobody left knows.
        loop {
            let left: BTreeSet<String> = known.keys().cloned().collect();
            for others in known.values_mut() {
                others.retain(|other| left.contains(other));
            }
            let wanted: BTreeSet<String> = known.values().flatten().cloned().collect();
            known.retain(|module, others| !others.is_empty() && wanted.contains(module));
            if known.len() == left.len() {
                break;
            }
        }
        assert!(known.is_empty(), "circles in {name}: {known:#?}");
    }
}

#[test]
fn a_circle_is_found() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        fs::write(folder.path().join(name), text).expect("a file");
    };
    write("one.rs", "use crate::{lib_of, two::{self, Two}};");
    write("two.rs", "fn two() -> u8 { super::three::four() }");
    write(
        "three.rs",
        "#[cfg(test)] mod tests { use crate::two; } pub(in crate::two) fn f() {}",
    );
    let known = known_by(folder.path());
    let names = |module: &str| known[module].iter().cloned().collect::<Vec<_>>();
    assert_eq!(names("one"), ["two"]);
    assert_eq!(names("two"), ["three"]);
    assert!(names("three").is_empty());
}

/// The modules of a crate, and those that each one names.
fn known_by(source: &Path) -> BTreeMap<String, BTreeSet<String>> {
    let mut modules = BTreeMap::new();
    for file in files_under(source) {
        let path = file
            .strip_prefix(source)
            .expect("inside")
            .with_extension("");
        let mut parts: Vec<String> = path
            .iter()
            .map(|part| part.to_string_lossy().into_owned())
            .collect();
        let is_source = file.extension().is_some_and(|it| it == "rs");
        if parts.last().is_some_and(|last| last == "mod") {
            parts.pop();
        }
        if is_source && !matches!(&parts[..], [only] if only == "lib" || only == "main") {
            modules.insert(parts, file);
        }
    }
    let find = |mut path: Vec<String>| {
        while !path.is_empty() && !modules.contains_key(&path) {
            path.pop();
        }
        path
    };
    let known = modules.iter().map(|(module, file)| {
        let text = fs::read_to_string(file).expect("a source file");
        let mut named = Named {
            module,
            paths: Vec::new(),
        };
        named.visit_file(&syn::parse_file(&text).expect("a source that compiles"));
        let others = named.paths.into_iter().map(find);
        let others = others.filter(|it| !it.starts_with(module) && !module.starts_with(it));
        (module.join("::"), others.map(|it| it.join("::")).collect())
    });
    known.collect()
}

/// The paths within its crate that a module names, from the root.
struct Named<'m> {
    module: &'m [String],
    paths: Vec<Vec<String>>,
}

impl Named<'_> {
    fn note(&mut self, path: &[String]) {
        let supers = path.iter().take_while(|part| *part == "super").count();
        let (base, rest) = match path.first().map(String::as_str) {
            Some("crate") => (&[][..], &path[1..]),
            Some("self") => (self.module, &path[1..]),
            Some("super") => {
                let depth = self.module.len().saturating_sub(supers);
                (&self.module[..depth], &path[supers..])
            }
            _ => return,
        };
        self.paths.push([base, rest].concat());
    }

    fn note_use(&mut self, before: &[String], tree: &UseTree) {
        let with = |name: &syn::Ident| [before, &[name.to_string()]].concat();
        match tree {
            UseTree::Path(path) => self.note_use(&with(&path.ident), &path.tree),
            UseTree::Name(name) => self.note(&with(&name.ident)),
            UseTree::Rename(name) => self.note(&with(&name.ident)),
            UseTree::Glob(_) => self.note(before),
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.note_use(before, tree);
                }
            }
        }
    }
}

impl<'ast> Visit<'ast> for Named<'_> {
    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        self.note_use(&[], &item.tree);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let parts = path.segments.iter().map(|part| part.ident.to_string());
        self.note(&parts.collect::<Vec<_>>());
        visit::visit_path(self, path);
    }

    /// Tests beside the code may know everybody.
    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        if item.content.is_none() || item.ident != "tests" {
            visit::visit_item_mod(self, item);
        }
    }

    /// Who may see something is not known by it.
    fn visit_visibility(&mut self, _: &'ast Visibility) {}
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
