//! Questions at a terminal: whoever leaves one with Ctrl-C, or says no, has the terminal as it was and is told.

use std::fs::File;
use std::io::Read;

use rustix::process::{Pid, Signal, kill_process};
use rustix::termios::{LocalModes, tcgetattr};

use crate::cli_kit::{Place, wait_until};

fn place() -> Place {
    let place = Place::new();
    place.write(
        "dos.csv",
        "RUC emisor,RUC cliente\n20100070970,20131312955\n20131312955,20100070970\n",
    );
    place.write("dni.csv", "RUC\n20100070970\n12345678\n20131312955\n");
    place
}

fn shows_what_is_typed(control: &File) -> bool {
    let modes = tcgetattr(control).unwrap().local_modes;
    modes.contains(LocalModes::ECHO)
}

fn read_on(control: &mut File, seen: &mut String) -> bool {
    let mut piece = [0; 4_096];
    match control.read(&mut piece) {
        Ok(count @ 1..) => {
            seen.push_str(&String::from_utf8_lossy(&piece[..count]));
            true
        }
        _ => false,
    }
}

/// Leaves a question with Ctrl-C once it was put.
#[track_caller]
fn check_left(words: &[&str], question: &str, hides: bool) {
    let place = place();
    let (mut control, mut child) = place.on_terminal(words);
    let mut seen = String::new();
    while !seen.contains(question) {
        assert!(read_on(&mut control, &mut seen), "{words:?}: {seen}");
    }
    if hides {
        wait_until("a hidden line", || !shows_what_is_typed(&control));
    }
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    kill_process(pid, Signal::INT).unwrap();
    while read_on(&mut control, &mut seen) {}
    assert_eq!(child.wait().unwrap().code(), Some(130), "{words:?}: {seen}");
    assert!(shows_what_is_typed(&control), "{words:?}: {seen}");
    // The cursor was hidden last before it was shown last.
    let (hidden, shown) = (seen.rfind("\u{1b}[?25l"), seen.rfind("\u{1b}[?25h"));
    assert!(shown.is_some() && hidden < shown, "{words:?}: {seen:?}");
    assert!(seen.contains("Interrumpido"), "{words:?}: {seen}");
    assert!(!place.path("r.csv").exists());
}

#[test]
fn a_question_that_is_left_gives_the_terminal_back() {
    check_left(&["config", "set", "migo.token"], "Token", true);
    check_left(&["backup", "copia.zip", "--frase"], "Frase", true);
    let list = ["ruc", "lote", "dos.csv", "-o", "r.csv"];
    check_left(&list, "¿En qué columna está el RUC?", true);
    let list = ["ruc", "lote", "dni.csv", "-o", "r.csv"];
    check_left(&list, "¿Qué se hace con ellos?", true);
    let all = ["ruc", "invalidos", "borrar", "--todos"];
    check_left(&all, "[s/N]", false);
}

/// A no is no interruption: it is said that nothing was deleted.
#[test]
fn a_no_deletes_nothing_and_says_so() {
    use std::io::Write;
    let place = place();
    place.run("partners importar dni.csv").expect(0);
    place.run("ruc 20000633527").expect(3);
    for (words, lang, said) in [
        (
            &["partners", "borrar", "20100070970"][..],
            "es",
            "No se borró nada",
        ),
        (
            &["partners", "borrar", "20100070970"],
            "en",
            "Nothing was deleted",
        ),
        (
            &["ruc", "invalidos", "borrar", "--todos"],
            "es",
            "No se borró nada",
        ),
        (&["llamadas", "--limpiar"], "es", "No se borró nada"),
        (
            &["datos-personales", "borrar", "--dni", "12345678"],
            "es",
            "No se borró nada",
        ),
    ] {
        let words = [words, &["--lang", lang]].concat();
        let (mut control, mut child) = place.on_terminal(&words);
        control.write_all(b"n\n").unwrap();
        let mut seen = String::new();
        while read_on(&mut control, &mut seen) {}
        assert_eq!(child.wait().unwrap().code(), Some(1), "{words:?}: {seen}");
        assert!(seen.contains(said), "{words:?}: {seen}");
        assert!(!seen.contains("Interrumpido"), "{words:?}: {seen}");
        let asks = if lang == "es" { "[s/N]" } else { "[y/N]" };
        let asks = if words[0] == "datos-personales" {
            "dígitos"
        } else {
            asks
        };
        assert!(seen.contains(asks), "{words:?}: {seen}");
    }
    assert_eq!(place.run("partners listar").objects().len(), 3);
    assert_eq!(place.run("ruc invalidos").objects().len(), 1);
}
