//! An old data folder is taken over, whole or what is missing or newer, and stays as it was.

use crate::cli_kit::{Place, Service, companies, files_of};

/// Every file of a folder but the empty one that holds a lock.
fn held(place: &Place, folder: &str) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    files_of(&place.path(folder))
}

#[track_caller]
fn counts(place: &Place, folder: &str) -> [usize; 4] {
    [
        "llamadas --limite 500",
        "partners listar --limite 500",
        "lotes",
        "llaves",
    ]
    .map(|line| {
        let ran = place.run(&format!("{line} --format ndjson --dir {folder}"));
        ran.expect(0).objects().len()
    })
}

/// A folder in use: answers, persons, partners, a list, a key.
fn fill(place: &Place, folder: &str, seed: u64) -> Vec<String> {
    let mut numbers = companies(seed, 20);
    numbers.push("10123456781".into());
    place.write("lista.csv", format!("ruc\n{}\n", numbers.join("\n")));
    place
        .run(&format!("ruc lote lista.csv -o r.csv --dir {folder}"))
        .expect(0);
    place
        .run(&format!("dni 0000000{seed} --dir {folder} -q"))
        .expect(0);
    place
        .run(&format!("llaves crear llave{seed} --dir {folder}"))
        .expect(0);
    place.write(
        "clientes.csv",
        format!("document_type,num_document,name\nruc,{},UNO\nruc,10123456781,DOS\ndni,0000000{seed},TRES\n", numbers[0]),
    );
    place
        .run(&format!("partners importar clientes.csv --dir {folder}"))
        .expect(0);
    numbers
}

#[test]
fn a03_an_old_folder_is_taken_whole_into_a_new_one() {
    let service = Service::new();
    let mut place = Place::asking(&service);
    place.forget("CHASKI_DIR");
    std::fs::create_dir(place.path("chaski_data")).unwrap();
    let numbers = fill(&place, "chaski_data", 3);
    place
        .run("ruc 20100070970 --sandbox --dir chaski_data")
        .expect(0);
    let (asked, counted) = (service.asked_since(0), counts(&place, "chaski_data"));
    let before = held(&place, "chaski_data");
    for _ in 0..2 {
        let ran = place.run("migrate --from ./chaski_data").expect(0);
        assert!(ran.err.contains("Datos reales en"), "{}", ran.err);
        assert!(ran.err.contains("Datos de prueba en"), "{}", ran.err);
    }
    let after = held(&place, "chaski_data");
    assert!(
        before.iter().all(|file| after.contains(file)),
        "the old one stays as it is"
    );
    std::fs::rename(place.path("chaski_data"), place.path("vieja")).unwrap();
    assert_eq!(counts(&place, ".local/share/chaski"), counted);
    // Nothing of it is paid for again.
    let again = place.run(&format!("ruc {}", numbers.join(" ")));
    assert!(matches!(again.code, 0 | 8), "{}", again.err);
    place.run("dni 00000003").expect(0);
    assert_eq!(service.asked_since(0), asked);
}

#[test]
fn a03_into_a_folder_in_use_goes_what_is_missing_whatever_the_keys() {
    let service = Service::new();
    for keys in ["each its own", "one from outside"] {
        let mut place = Place::asking(&service);
        let old = fill(&place, "vieja", 3);
        let new = fill(&place, "nueva", 5);
        let (from, into) = (counts(&place, "vieja"), counts(&place, "nueva"));
        let before = held(&place, "vieja");
        if keys != "each its own" {
            // A folder that is sealed with a key from outside.
            place.set("CHASKI_KEY", &"7a".repeat(32));
            std::fs::remove_dir_all(place.path("nueva")).unwrap();
            fill(&place, "nueva", 5);
        }
        for _ in 0..2 {
            place.run("migrate --from vieja --dir nueva").expect(0);
        }
        let after = held(&place, "vieja");
        assert!(before.iter().all(|file| after.contains(file)), "{keys}");
        let asked = service.asked_since(0).len();
        let both = counts(&place, "nueva");
        // One partner is in both.
        assert_eq!(both[1], from[1] + into[1] - 1, "{keys}");
        assert_eq!(both[2..], [from[2] + into[2], from[3] + into[3]], "{keys}");
        assert!(both[0] > into[0], "{keys}");
        for numbers in [old, new] {
            let again = place.run(&format!("ruc {} --dir nueva", numbers.join(" ")));
            assert!(matches!(again.code, 0 | 8), "{}", again.err);
        }
        place.run("dni 00000003 00000005 --dir nueva").expect(0);
        assert_eq!(
            service.asked_since(0).len(),
            asked,
            "{keys}: nothing is paid for again"
        );
        // What is asked of a person finds what was brought.
        let known = place
            .run("datos-personales exportar --dni 00000003 --dir nueva")
            .expect(0);
        assert!(known.out.contains("TRES"), "{keys}: {}", known.out);
        place.run("doctor --dir nueva").expect(0);
    }
}

#[test]
fn a03_a_run_that_was_interrupted_is_made_again() {
    let service = Service::new();
    let place = Place::asking(&service);
    fill(&place, "vieja", 3);
    // Killed between the key and the database, with what it was copying left behind.
    std::fs::create_dir_all(place.path("nueva/.chaski-traslado-x")).unwrap();
    std::fs::copy(place.path("vieja/llave"), place.path("nueva/llave")).unwrap();
    place.run("migrate --from vieja --dir nueva").expect(0);
    assert_eq!(counts(&place, "nueva"), counts(&place, "vieja"));
}

#[test]
fn a03_what_cannot_be_taken_over_is_said() {
    let service = Service::new();
    let place = Place::asking(&service);
    fill(&place, "vieja", 3);
    std::fs::create_dir(place.path("vacia")).unwrap();
    for (line, code, words) in [
        ("migrate --from vacia --dir nueva", 2, "No hay datos"),
        ("migrate --from no_hay --dir nueva", 2, "No hay datos"),
        ("migrate --from vieja --dir vieja", 2, "ya se usa"),
        ("migrate", 2, "--from"),
    ] {
        let ran = place.run(line).expect(code);
        assert!(ran.err.contains(words), "{line}: {}", ran.err);
    }
    // A key that does not open it.
    let key = place.read("vieja/llave");
    place.write("vieja/llave", "11".repeat(32));
    place.run("migrate --from vieja --dir otra").expect(7);
    assert!(!place.path("otra/chaski.db").exists());
    place.write("vieja/llave", key);
    // Cut short, it is damage.
    let whole = std::fs::read(place.path("vieja/chaski.db")).unwrap();
    place.write("vieja/chaski.db", &whole[..whole.len() / 2]);
    let ran = place.run("migrate --from vieja --dir otra");
    assert_ne!(ran.code, 0, "{}", ran.err);
    assert!(!place.path("otra/chaski.db").exists());
}
