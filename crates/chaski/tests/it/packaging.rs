//! What the files under `paquetes/` name must exist: commands, flags, variables, paths.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use chaski::config::CREDENTIAL;

use crate::cli_kit::Place;
use crate::cli_serve::Server;

const UNITS: [&str; 2] = ["systemd/chaski.service", "systemd/chaski-backup.service"];
const PROGRAM: &str = "/usr/local/bin/chaski";
const FOLDER: &str = "/var/lib/chaski";
const PORT: &str = "8420";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[track_caller]
fn read(name: &str) -> String {
    let path = root().join("paquetes").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Lines that are not comments.
fn lines(text: &str) -> Vec<String> {
    let kept = text.lines().map(str::trim);
    kept.filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(str::to_owned)
        .collect()
}

/// Values of a key of a unit.
fn values(unit: &str, key: &str) -> Vec<String> {
    let text = lines(&read(unit));
    let of_key = |line: &String| line.strip_prefix(key)?.strip_prefix('=').map(str::to_owned);
    text.iter().filter_map(of_key).collect()
}

/// The words of `CMD ["a", "b"]` and the like.
fn words_of(dockerfile: &str, instruction: &str) -> Vec<String> {
    let joined = dockerfile.replace("\\\n", " ");
    let all = lines(&joined);
    let line = all
        .iter()
        .find(|line| line.contains(instruction) && line.contains('['))
        .unwrap_or_else(|| panic!("no {instruction}"));
    let list = &line[line.find('[').unwrap()..];
    serde_json::from_str(list).unwrap_or_else(|error| panic!("{line}: {error}"))
}

#[track_caller]
fn check_command(words: &[String]) {
    assert_eq!(words[0], PROGRAM, "{words:?}");
    let command = words[1].as_str();
    let help = Place::new().run(&format!("{command} --help")).expect(0).out;
    for flag in words.iter().filter(|word| word.starts_with("--")) {
        assert!(help.contains(flag.as_str()), "{command} has no {flag}");
    }
}

#[test]
fn commands_and_flags() {
    for unit in UNITS {
        for command in values(unit, "ExecStart") {
            let words: Vec<String> = command.split_whitespace().map(str::to_owned).collect();
            check_command(&words);
        }
    }
    let dockerfile = read("Dockerfile");
    let check = dockerfile
        .split("HEALTHCHECK")
        .nth(1)
        .expect("a health check");
    check_command(&words_of(check, "CMD"));
    let mut start = words_of(&dockerfile, "ENTRYPOINT");
    let before = &dockerfile[dockerfile.find("ENTRYPOINT").unwrap()..];
    start.extend(words_of(before, "CMD"));
    check_command(&start);
}

#[test]
fn variables() {
    let mut names = BTreeSet::new();
    for file in UNITS.iter().chain(&["Dockerfile", "compose.yaml"]) {
        for line in lines(&read(file)) {
            let parts = line.split(|c: char| !(c.is_ascii_uppercase() || c == '_'));
            names.extend(
                parts
                    .filter(|part| part.starts_with("CHASKI_"))
                    .map(str::to_owned),
            );
        }
    }
    assert!(names.len() >= 3, "{names:?}");
    for name in names {
        let mut place = Place::new();
        place.set(&name, "no_hay");
        let said = place.run("config check").err;
        assert!(!said.contains("clave desconocida"), "{name}: {said}");
    }
    // The check above can fail.
    let mut place = Place::new();
    place.set("CHASKI_NO_HAY", "x");
    assert!(place.run("config check").err.contains("clave desconocida"));
}

#[test]
fn paths_and_ports_agree() {
    let dockerfile = read("Dockerfile");
    for line in lines(&dockerfile) {
        let Some(copied) = line
            .strip_prefix("COPY ")
            .filter(|it| !it.starts_with("--from"))
        else {
            continue;
        };
        let names: Vec<&str> = copied.split_whitespace().collect();
        for name in &names[..names.len() - 1] {
            assert!(root().join(name).exists(), "COPY {name}");
            assert!(
                read("Dockerfile.dockerignore").contains(&format!("!{name}\n")),
                "{name}"
            );
        }
    }
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let version = manifest
        .lines()
        .find_map(|line| line.strip_prefix("rust-version = \""))
        .unwrap()
        .trim_end_matches('"');
    assert!(
        dockerfile.contains(&format!("FROM rust:{version}-")),
        "Rust {version}"
    );
    let compose = read("compose.yaml");
    assert!(compose.contains("dockerfile: paquetes/Dockerfile"));
    assert!(compose.contains(&format!(":{PORT}:{PORT}\"")));
    assert!(compose.contains(&format!("datos:{FOLDER}\n")));
    for (text, wanted) in [
        (dockerfile.as_str(), format!("ENV CHASKI_DIR={FOLDER}\n")),
        (&dockerfile, format!("EXPOSE {PORT}\n")),
        (
            &read("systemd/chaski.sysusers.conf"),
            format!("u chaski - \"Chaski\" {FOLDER}\n"),
        ),
    ] {
        assert!(text.contains(&wanted), "{wanted}");
    }
    let salud = Place::new().run("salud --help").expect(0).out;
    assert!(salud.contains(PORT));
    for unit in UNITS {
        assert_eq!(
            values(unit, "Environment")[0],
            format!("CHASKI_DIR={FOLDER}")
        );
        assert_eq!(values(unit, "StateDirectory"), ["chaski"], "{unit}");
    }
    let credentials = values(UNITS[0], "LoadCredential");
    assert!(
        credentials[0].starts_with(&format!("{CREDENTIAL}:")),
        "{credentials:?}"
    );
    let token = &values(UNITS[0], "Environment")[1];
    let named = token
        .strip_prefix("CHASKI_MIGO_TOKEN_FILE=%d/")
        .expect("a credential");
    assert!(
        credentials[1].starts_with(&format!("{named}:")),
        "{credentials:?}"
    );
    let copies = values(UNITS[1], "ReadWritePaths").remove(0);
    assert!(values(UNITS[1], "ExecStart")[0].ends_with(&copies));
    assert!(read("systemd/chaski.tmpfiles.conf").contains(&format!("d {copies} 0700 chaski")));
}

/// The lines of the guide, without a daemon: each command for the container is run with the surroundings that
/// compose gives it, up to an answer.
#[test]
fn from_nothing_to_an_answer_as_compose_does_it() {
    let compose = read("compose.yaml");
    let secrets = tempfile::tempdir().unwrap();
    for guide in ["docs/es/operacion.md", "docs/en/operations.md"] {
        let mut place = Place::new();
        // 1. The surroundings: those of the image, and of compose as in a trial.
        place.set("CHASKI_DIR", &place.path("datos").display().to_string());
        let given = lines(&compose).into_iter().filter_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.starts_with("CHASKI_")
                .then(|| (name.to_owned(), value.to_owned()))
        });
        for (name, value) in given {
            let value = value.replace("${CHASKI_SANDBOX_MODE:-nunca}", "siempre");
            let value = value.replace("/run/secrets", &secrets.path().display().to_string());
            place.set(&name, &value);
        }
        std::fs::write(secrets.path().join("chaski_key"), "5a".repeat(32)).unwrap();
        std::fs::write(secrets.path().join("chaski_migo_token"), "prueba\n").unwrap();
        // 2. The lines, in their order.
        let text = std::fs::read_to_string(root().join(guide)).unwrap();
        let before = "$ docker compose -f paquetes/compose.yaml ";
        let commands: Vec<&str> = text
            .lines()
            .filter_map(|it| it.strip_prefix(before))
            .collect();
        let [run, "up -d"] = commands[..] else {
            panic!("{guide}: {commands:?}")
        };
        let command = run.strip_prefix("run --rm chaski ").unwrap();
        let made = place.run(command).expect(0);
        let key = made
            .out
            .split_whitespace()
            .find(|it| it.starts_with("chk_"));
        // 3. As its CMD says, but for the port.
        let server = Server::on(&place, "0.0.0.0:0", &[]);
        let port = server.url.rsplit(':').next().unwrap();
        let asked = text
            .lines()
            .find(|it| it.starts_with("$ curl") && it.contains("$KEY"))
            .unwrap();
        let path = asked.split_once(":8420").unwrap().1;
        let url = format!("http://127.0.0.1:{port}{path}");
        let answer = reqwest::Client::new()
            .get(url)
            .header("X-API-Key", key.unwrap())
            .send();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let answer = runtime.block_on(async { answer.await.unwrap().text().await.unwrap() });
        assert!(answer.contains("20100070970"), "{answer}");
    }
}

/// What keeps the services closed is still there.
#[test]
fn services_are_closed() {
    for unit in UNITS {
        for (key, value) in [
            ("User", "chaski"),
            ("NoNewPrivileges", "true"),
            ("ProtectSystem", "strict"),
            ("MemoryDenyWriteExecute", "true"),
            ("CapabilityBoundingSet", ""),
            ("UMask", "0077"),
            ("LimitCORE", "0"),
        ] {
            assert_eq!(values(unit, key), [value], "{unit}: {key}");
        }
        assert!(values(unit, "SystemCallFilter").contains(&"@system-service".to_owned()));
    }
}

/// Protections can be taken away in the build of the proof `sabotage.py` alone, which looks for this name in both.
#[test]
fn no_protection_can_be_taken_away() {
    let program = std::fs::read(env!("CARGO_BIN_EXE_chaski")).unwrap();
    let switch = b"SABOTAGE_WITHOUT";
    assert!(!program.windows(switch.len()).any(|it| it == switch));
    let source = include_str!("../../src/sabotage.rs");
    assert!(
        source.contains("SABOTAGE_WITHOUT"),
        "it has another name now"
    );
}
