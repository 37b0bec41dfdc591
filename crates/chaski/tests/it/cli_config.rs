//! Where values come from, which are refused, and what is never shown.

use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt;

use crate::cli_kit::Place;

const TOKEN: &str = "aB3dE5fG7hI9jK1lM3nO5pQ7rS9tU1vW";

fn origin_of(place: &Place, key: &str) -> (String, String) {
    let shown = place.run("config show --origin").expect(0);
    let row = shown
        .objects()
        .into_iter()
        .find(|row| row["clave"] == key)
        .unwrap();
    let text = |name: &str| row[name].as_str().unwrap().replace("<CARPETA>/", "");
    (text("valor"), text("origen"))
}

#[test]
fn each_layer_wins_over_the_ones_below() {
    let mut place = Place::new();
    let is = |place: &Place, value: &str, origin: &str| {
        assert_eq!(
            origin_of(place, "migo.rpm"),
            (value.to_owned(), origin.to_owned())
        );
    };
    is(&place, "0", "por defecto");
    place.run("config set migo.rpm 10").expect(0);
    is(&place, "10", ".config/chaski/chaski.toml");
    place.write("chaski.toml", "[migo]\nrpm = 20\n");
    is(&place, "20", "./chaski.toml");
    place.write("otro.toml", "[migo]\nrpm = 25\n");
    place.set("CHASKI_CONFIG", "otro.toml");
    is(&place, "25", "otro.toml");
    place.set("CHASKI_MIGO_RPM", "30");
    is(&place, "30", "variable CHASKI_MIGO_RPM");
    let shown = place
        .run("config show --origin --dir otra --lang en")
        .expect(0);
    let dir = shown
        .objects()
        .into_iter()
        .find(|row| row["clave"] == "dir")
        .unwrap();
    assert_eq!(
        (&dir["valor"], &dir["origen"]),
        (&"otra".into(), &"flag --dir".into())
    );
}

#[test]
fn the_token_is_never_shown() {
    let mut place = Place::new();
    let set = place
        .run_with_input("config set migo.token", TOKEN.as_bytes())
        .expect(0);
    let file = place.read(".config/chaski/chaski.toml");
    assert!(!file.contains(TOKEN) && file.contains("sellado:"), "{file}");
    let from_file = place.run("config show --origin").expect(0);
    place.write("secreto", format!("{TOKEN}\n"));
    place.set("CHASKI_MIGO_TOKEN_FILE", "secreto");
    assert_eq!(
        origin_of(&place, "migo.token"),
        (
            "••••••".to_owned(),
            "variable CHASKI_MIGO_TOKEN_FILE".to_owned()
        )
    );
    let check = place.run("config check").expect(0);
    assert!(check.err.contains("APIMIGO, con su token"), "{}", check.err);
    for ran in [
        set,
        from_file,
        check,
        place.run("config show"),
        place.run("config show --format table"),
    ] {
        assert!(!ran.out.contains(TOKEN) && !ran.err.contains(TOKEN));
    }
}

#[test]
fn setting_keeps_comments_and_closes_the_file() {
    let place = Place::new();
    std::fs::create_dir_all(place.path(".config/chaski")).unwrap();
    let file = ".config/chaski/chaski.toml";
    place.write(
        file,
        "# mi plan\n[migo]\nrpm = 5 # poco\n\n[cache]\nruc_ttl = \"1h\"\n",
    );
    std::fs::set_permissions(place.path(file), std::fs::Permissions::from_mode(0o644)).unwrap();
    place.run("config set migo.quota 700").expect(0);
    place
        .run("config set ruc.blocked 20999999999,20888888888")
        .expect(0);
    insta::assert_snapshot!(place.read(file));
    let mode = std::fs::metadata(place.path(file))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    // A value that is refused leaves the file, or its absence, as it was.
    let before = place.read(file);
    place.run("config set migo.rpm tres").expect(7);
    place
        .run("config set migo.base_url http://example.com/api")
        .expect(7);
    assert_eq!(place.read(file), before);
    let fresh = Place::new();
    fresh.run("config set migo.timeout pronto").expect(7);
    assert!(!fresh.path(".config").exists());
}

#[test]
fn a_broken_file_can_be_mended_with_the_command() {
    let place = Place::new();
    place.run("config set migo.rpm 10").expect(0);
    let file = ".config/chaski/chaski.toml";
    place.write(file, "[migo]\nbase_url = \"hola\"\n");
    place.run("config check").expect(7);
    place
        .run("config set migo.base_url https://api.migo.pe/api")
        .expect(0);
    place.run("config check").expect(0);
}

#[test]
fn a_sample_to_begin_with() {
    let place = Place::new();
    place.run("config init").expect(0);
    place.run("config check").expect(0);
    assert_eq!(origin_of(&place, "migo.rpm").1, "por defecto");
    place.write("chaski.toml", "[migo]\nrpm = 1\n");
    place.run("config init").expect(2);
    assert_eq!(place.read("chaski.toml"), "[migo]\nrpm = 1\n");
    place.run("config init --force").expect(0);
}

#[test]
fn files_that_are_wrong() {
    let mut text = String::new();
    for content in [
        "[migo]\nrmp = 3\n",
        "[migo]\nrpm = \"3\"\n",
        "[migo]\nrpm = -1\n",
        "[migo\nrpm = 3\n",
        "[[migo]]\nrpm = 3\n",
        "migo = 3\n",
        "lang = \"fr\"\n",
        "dir = \"\"\n",
        "[cache]\nruc_ttl = \"pronto\"\n",
        "[migo]\nbase_url = \"http://example.com/api\"\n",
        "token = \"<TOKEN>\"\n",
        "[migo]\ntoken = <TOKEN>\n",
        "<TOKEN> = 1\n",
        "[migo]\ntoken = \"con espacio\\n y salto\"\n",
    ] {
        let mut place = Place::new();
        // A variable would win over what is wrong in the file.
        place.forget("CHASKI_DIR");
        place.write("chaski.toml", content.replace("<TOKEN>", TOKEN));
        let ran = place.run("ruc 20100070970").expect(7);
        assert!(!ran.err.contains(TOKEN), "{content}");
        assert!(!place.data().exists(), "{content}");
        writeln!(text, "{content}{}", ran.shown()).unwrap();
    }
    insta::assert_snapshot!(text);
}

#[test]
fn variables_that_are_wrong() {
    let mut text = String::new();
    for (name, value) in [
        ("CHASKI_MIGO_TKEN", "x"),
        ("CHASKI_XYZ", "x"),
        ("CHASKI_LANG", "fr"),
        ("CHASKI_DIR", ""),
        ("CHASKI_MIGO_RPM", "muchas"),
        ("CHASKI_SANDBOX_MODE", "nunca"),
        ("CHASKI_MIGO_TOKEN_FILE", "no_hay"),
        ("CHASKI_CONFIG", "no_hay.toml"),
        ("CHASKI_MIGO_BASE_URL", "http://example.com/api"),
        ("CHASKI_SANDBOX_LATENCY", "mucha"),
    ] {
        let mut place = Place::new();
        place.set(name, value);
        let ran = place.run("ruc 20100070970");
        assert!(matches!(ran.code, 2 | 7), "{name}: {}", ran.shown());
        writeln!(text, "{name}={value}\n{}", ran.shown()).unwrap();
    }
    insta::assert_snapshot!(text);
}
