//! One data folder per user, and the key of a token beside the user's configuration.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use chaski::config::{Layers, Surroundings};
use chaski::store::MasterKey;
use secrecy::ExposeSecret;

use crate::cli_kit::{Place, Ran, Service, companies};

const TOKEN: &str = "aB3dE5fG7hI9jK1lM3nO5pQ7rS9tU1vW";

/// Where data go under these variables, seen from that folder.
fn dir_of(here: &Path, variables: &[(&str, &str)]) -> PathBuf {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let around = Surroundings {
        variables: variables.iter().map(owned).collect(),
        here: here.to_owned(),
    };
    let config = Layers::read(&around, None, &[]).unwrap().config().unwrap();
    config.dir
}

#[track_caller]
fn check(here: &Path, variables: &[(&str, &str)], expected: &str) {
    assert_eq!(
        dir_of(here, variables),
        Path::new(expected),
        "{variables:?}"
    );
}

#[test]
fn a03_where_the_data_of_a_user_are() {
    let here = tempfile::tempdir().unwrap();
    let here = here.path();
    let home = ("HOME", "/home/ana");
    let old = here.join("chaski_data").display().to_string();
    check(here, &[home], "/home/ana/.local/share/chaski");
    check(here, &[home, ("XDG_DATA_HOME", "/datos")], "/datos/chaski");
    check(here, &[("XDG_DATA_HOME", "/datos")], "/datos/chaski");
    check(
        here,
        &[home, ("XDG_DATA_HOME", "")],
        "/home/ana/.local/share/chaski",
    );
    check(
        here,
        &[home, ("XDG_DATA_HOME", "datos")],
        "/home/ana/.local/share/chaski",
    );
    check(here, &[home, ("CHASKI_DIR", "otra")], "otra");
    check(here, &[], &old);
    check(here, &[("HOME", "")], &old);
    check(here, &[("HOME", "relativa")], &old);
    // A file of that name is not a data folder.
    std::fs::write(here.join("chaski_data"), "").unwrap();
    check(here, &[home], "/home/ana/.local/share/chaski");
    std::fs::remove_file(here.join("chaski_data")).unwrap();
    std::fs::create_dir(here.join("chaski_data")).unwrap();
    check(here, &[home], &old);
    check(here, &[home, ("CHASKI_DIR", "otra")], "otra");
}

/// A place whose data are where those of a person would be.
fn at_home(service: &Service) -> Place {
    let mut place = Place::asking(service);
    place.forget("CHASKI_DIR");
    place
}

fn run_in(place: &Place, folder: &str, line: &str) -> Ran {
    let folder = place.path(folder);
    std::fs::create_dir_all(&folder).unwrap();
    let words: Vec<&str> = line.split_whitespace().collect();
    let mut command = place.command(&words);
    place.ran(command.current_dir(folder).output().unwrap())
}

#[test]
fn a03_the_same_list_from_another_folder_pays_nothing_again() {
    let service = Service::new();
    let place = at_home(&service);
    let numbers = companies(3, 130);
    for folder in ["enero", "febrero", "otro año/marzo"] {
        std::fs::create_dir_all(place.path(folder)).unwrap();
        let text = format!("ruc\n{}\n", numbers.join("\n"));
        place.write(&format!("{folder}/lista.csv"), text);
        let ran = run_in(&place, folder, "ruc lote lista.csv -o r.xlsx").expect(0);
        let line = match folder {
            "enero" => "0 ya estaban guardados",
            _ => "ya están guardados; no se usará ninguna consulta",
        };
        assert!(ran.err.contains(line), "{folder}: {}", ran.err);
        assert!(!place.path(folder).join("chaski_data").exists());
    }
    let mut asked = service.asked_since(0);
    asked.sort_unstable();
    let mut wanted = numbers;
    wanted.sort_unstable();
    assert_eq!(asked, wanted, "each once");
    let data = place.path(".local/share/chaski");
    let mode = std::fs::metadata(&data).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[test]
fn a03_an_old_folder_goes_on_being_used_with_one_notice() {
    let service = Service::new();
    let mut place = at_home(&service);
    std::fs::create_dir(place.path("chaski_data")).unwrap();
    let ran = place.run("ruc 20100070970").expect(0);
    let told = |ran: &Ran| ran.err.matches("chaski migrate --from").count();
    assert_eq!(told(&ran), 1, "{}", ran.err);
    assert!(place.path("chaski_data/chaski.db").exists());
    assert!(!place.path(".local").exists());
    for line in [
        "ruc 20100070970 -q",
        "ruc validar 20100070970",
        "config show",
    ] {
        assert_eq!(told(&place.run(line).expect(0)), 0, "{line}");
    }
    // Named, it is nobody's surprise.
    assert_eq!(told(&place.run("llamadas --dir chaski_data").expect(0)), 0);
    place.set("CHASKI_DIR", "chaski_data");
    assert_eq!(told(&place.run("llamadas").expect(0)), 0);
}

#[test]
fn a03_a_token_outlives_the_data_folder() {
    let service = Service::new();
    let mut place = at_home(&service);
    place.forget("CHASKI_MIGO_TOKEN");
    let set = run_in(&place, "enero", "config show").expect(0);
    assert_eq!(set.code, 0);
    place
        .run_with_input("config set migo.token", TOKEN.as_bytes())
        .expect(0);
    let key = place.path(".config/chaski/llave");
    let mode = std::fs::metadata(&key).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(
        !place.path(".local/share/chaski").exists(),
        "nothing is needed of it"
    );
    for _ in 0..2 {
        place.run("ruc 20100070970").expect(0);
        run_in(&place, "enero", "cuenta --dir otra").expect(0);
        std::fs::remove_dir_all(place.path(".local/share/chaski")).unwrap();
        std::fs::remove_dir_all(place.path("enero/otra")).unwrap();
    }
    // The key from outside wins where there is one.
    place.set("CHASKI_KEY", &"5c".repeat(32));
    place
        .run_with_input("config set migo.token", TOKEN.as_bytes())
        .expect(0);
    place.run("config check").expect(0);
    place.forget("CHASKI_KEY");
    place.run("config check").expect(7);
}

/// As versions before sealed it: with the key of a data folder, named after it or not.
#[test]
fn a03_what_was_sealed_with_the_key_of_a_folder_still_opens() {
    let service = Service::new();
    let mut place = Place::asking(&service);
    place.forget("CHASKI_MIGO_TOKEN");
    let other = place.path("otra");
    for (folder, named) in [
        (place.data(), String::new()),
        (other.clone(), format!("@{}", other.display())),
    ] {
        let key = MasterKey::of_folder(&folder).unwrap();
        let digits = key.seal_setting("migo.token", TOKEN).unwrap();
        place.write(
            "chaski.toml",
            format!("[migo]\ntoken = \"sellado:{digits}{named}\"\n"),
        );
        place.run("config check").expect(0);
        place.run("cuenta").expect(0);
        // A key beside the configuration does not get in its way.
        MasterKey::of_folder(&place.path(".config/chaski")).unwrap();
        place.run("cuenta").expect(0);
        assert!(!key.to_text().expose_secret().is_empty());
    }
}

/// No program or test of ours may reach the folder of whoever runs it.
#[test]
fn a03_tests_and_scripts_stay_out_of_the_persons_folder() {
    let crate_root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = crate_root.join("../..");
    let mut seen = 0;
    for (path, text) in sources(&[&crate_root.join("tests"), &crate_root.join("benches")]) {
        let place = path.display();
        if path.ends_with("promises/invented/folder.rs") {
            continue;
        }
        assert!(
            !text.contains("of_process("),
            "{place} reads the environment"
        );
        if text.contains("CARGO_BIN_EXE_chaski") && text.contains("Command") {
            seen += 1;
            assert!(
                text.contains("\"CHASKI_DIR\""),
                "{place} runs the program without a folder"
            );
        }
    }
    assert!(seen >= 2, "{seen}");
    for script in [".ci/run", "crates/chaski/benches/gateway.sh"] {
        let text = std::fs::read_to_string(root.join(script)).unwrap();
        let runs = text.lines().filter(|line| {
            line.trim_start().starts_with("target/debug/chaski") || line.contains("\"$chaski\"")
        });
        let mut count = 0;
        for line in runs {
            count += 1;
            assert!(line.contains("--dir \"$"), "{script}: {line}");
        }
        assert!(count > 0, "{script} runs nothing");
    }
    assert!(
        Place::new()
            .run("config show --origin")
            .out
            .contains("variable CHASKI_DIR")
    );
}

fn sources(folders: &[&Path]) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for folder in folders {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                found.extend(sources(&[&path]));
            } else if path.extension().is_some_and(|it| it == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                found.push((path, text));
            }
        }
    }
    found
}
