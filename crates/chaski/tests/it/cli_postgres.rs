//! The commands with their data on a server of `PostgreSQL`: the same as in a folder, there and back,
//! and everything that is refused.

use std::fs;

use chaski::store::{DATABASE_FILE, KEY_FILE};

use crate::cli_kit::{Place, Service, files_of, finished};
use crate::cli_serve::Server;
use crate::store_postgres::{some_database, tell};

/// The part of an address that names its database.
fn name_of(url: &str) -> &str {
    url.rsplit('/')
        .find(|it| it.starts_with("chapter_"))
        .unwrap()
        .split('?')
        .next()
        .unwrap()
}

/// Two look-ups and their calls, as any place has them.
fn filled(place: &Place) {
    place.run("ruc 20100070970 -q").expect(0);
    place.run("dni 87654321 -q --motivo contrato").expect(0);
    place.write("lista.csv", "RUC\n20100070970\n20131312955\n");
    place
        .run("ruc lote lista.csv -o resultado.csv -q --yes")
        .expect(0);
    place.write("socios.csv", "RUC;Nombre\n20100070970;UNO\n");
    place.run("partners importar socios.csv -q --yes").expect(0);
    place.run("llaves crear caja -q").expect(0);
}

/// What was answered and recorded is there, and nothing is asked for again.
#[track_caller]
fn check_there(place: &Place, service: &Service, more: &str) {
    let asked = service.asked_since(0).len();
    place.run(&format!("ruc 20100070970 -q {more}")).expect(0);
    place.run(&format!("dni 87654321 -q {more}")).expect(0);
    assert_eq!(service.asked_since(0).len(), asked, "answers are there");
    let calls = place.run(&format!("llamadas --enviadas {more}")).expect(0);
    assert!(calls.objects().len() >= 3, "and so is the record");
    let partners = place.run(&format!("partners listar {more}")).expect(0);
    assert_eq!(partners.objects().len(), 1);
    let keys = place.run(&format!("llaves {more}")).expect(0);
    assert_eq!(keys.objects().len(), 1);
}

#[test]
fn every_command_works_with_a_server() {
    let Some(url) = some_database() else { return };
    let service = Service::new();
    let mut place = Place::asking(&service);
    place.set("CHASKI_DATABASE_URL", &url);
    filled(&place);
    check_there(&place, &service, "");
    assert!(!place.data().join(DATABASE_FILE).exists());
    assert!(place.data().join(KEY_FILE).exists());
    let doctor = place.run("doctor --format ndjson");
    let said = doctor.objects();
    let base = said.iter().find(|it| it["prueba"] == "base").unwrap();
    assert_eq!(base["estado"], "bien", "{base}");
    assert!(
        base["lugar"].as_str().unwrap().ends_with(name_of(&url)),
        "{base}"
    );
    assert!(
        base["version_base"]
            .as_str()
            .unwrap()
            .starts_with(|c: char| c.is_ascii_digit())
    );
    assert!(
        base["mensaje"]
            .as_str()
            .unwrap()
            .contains("ningún chaski serve"),
        "{base}"
    );

    // The sandbox beside it is another world, in the same database.
    let calls = place.run("llamadas --sandbox").expect(0);
    assert_eq!(calls.objects().len(), 0);

    // One serves, with any number of commands beside it.
    let server = Server::start(&place);
    check_there(&place, &service, "");
    let second = place.run("serve --listen 127.0.0.1:0 --lang en").expect(1);
    assert!(
        second.err.contains("Another chaski serve"),
        "{}",
        second.err
    );
    let by = place.run("doctor --format ndjson");
    let base = by
        .objects()
        .into_iter()
        .find(|it| it["prueba"] == "base")
        .unwrap();
    let pid = format!("chaski pid {}", server.child.id());
    assert_eq!(base["servidor_base"], pid.as_str(), "{base}");
    assert_eq!(server.terminate(), Some(0));
    Server::start(&place).terminate();

    // The address may be an option, and without any the folder knows better than to begin anew.
    place.unset("CHASKI_DATABASE_URL");
    check_there(&place, &service, &format!("--database-url {url}"));
    let lost = place.run("ruc 20100070970").expect(7);
    assert!(lost.err.contains("están en PostgreSQL"), "{}", lost.err);
    assert!(lost.err.contains("--database-url"), "{}", lost.err);
    let invented = place.run("llamadas --sandbox").expect(7);
    assert!(
        invented.err.contains("están en PostgreSQL"),
        "{}",
        invented.err
    );
    // Without a token, real data are not answered for with invented ones: not from a new folder either.
    place.unset("CHASKI_MIGO_TOKEN");
    let line = format!("ruc 20100070970 --database-url {url}");
    place.run(&line).expect(7);
    let elsewhere = place.run(&format!("{line} --dir nueva")).expect(7);
    assert!(elsewhere.err.contains("datos reales"), "{}", elsewhere.err);
}

#[test]
fn each_refusal_says_what_to_do() {
    let Some(url) = some_database() else { return };
    tell(&url, "CREATE ROLE con_clave LOGIN PASSWORD 'acierto'");
    let service = Service::new();
    let mut place = Place::asking(&service);
    let check = |place: &Place, url: &str, code: i32, es: &str, en: &str| {
        let line = format!("ruc 20100070970 --database-url {url}");
        let ran = place.run(&line).expect(code);
        assert!(ran.err.contains(es), "{}", ran.err);
        let ran = place.run(&format!("{line} --lang en")).expect(code);
        assert!(ran.err.contains(en), "{}", ran.err);
    };
    let name = name_of(&url);
    check(
        &place,
        &url.replace(name, "nada"),
        7,
        "no existe en el servidor",
        "no such database",
    );
    check(
        &place,
        &format!("{url}&host=/nada"),
        5,
        "No se llega",
        "cannot be reached",
    );
    check(
        &place,
        "postgres://127.0.0.1:1/x",
        5,
        "No se llega",
        "cannot be reached",
    );
    let forgetful = format!("{url}&options[synchronous_commit]=off");
    check(
        &place,
        &forgetful,
        7,
        "synchronous_commit = off",
        "would lose what it confirmed",
    );
    check(
        &place,
        "sqlite://x",
        2,
        "postgres://usuario@máquina/base",
        "postgres://user@machine",
    );
    let typed = url.replace("postgres@", "con_clave:acierto@");
    check(
        &place,
        &typed,
        2,
        "no lleva contraseña",
        "takes no password",
    );
    let nobody = url.replace("postgres@", "con_clave@");
    check(
        &place,
        &nobody,
        7,
        "revise su contraseña",
        "check the password",
    );
    place.write_private("claves", "*:*:*:con_clave:error\n");
    place.set("PGPASSFILE", &place.path("claves").display().to_string());
    check(
        &place,
        &nobody,
        7,
        "revise su contraseña",
        "check the password",
    );
    place.write_private("claves", "*:*:*:con_clave:acierto\n");
    check(
        &place,
        &nobody,
        7,
        "No se puede escribir",
        "cannot be written",
    );
    let grant = format!("GRANT CREATE ON DATABASE {name} TO con_clave");
    tell(&url, &grant);
    place
        .run(&format!("ruc 20100070970 -q --database-url {nobody}"))
        .expect(0);
    // A folder with data and an empty database: all would be paid for again.
    place.run("ruc 20100070970 -q --dir otra").expect(0);
    let empty = some_database().unwrap();
    check(
        &place,
        &format!("{empty} --dir otra"),
        7,
        "chaski migrate --to",
        "chaski migrate --to",
    );
}

/// Whoever reads logs, messages, files or the list of processes does not read it.
#[test]
fn the_password_is_shown_nowhere() {
    const PASSWORD: &str = "Secreta-9871";
    let Some(url) = some_database() else { return };
    tell(
        &url,
        &format!(
            "CREATE ROLE con_clave_{0} SUPERUSER LOGIN PASSWORD '{PASSWORD}'",
            name_of(&url)
        ),
    );
    let service = Service::new();
    let mut place = Place::asking(&service);
    let user = format!("con_clave_{}:{PASSWORD}@", name_of(&url));
    let good = url.replace("postgres@", &user);
    let check = |place: &Place, what: &str| {
        let lines = [
            "ruc 20100070970 -vv",
            "doctor",
            "config show --origin",
            "config check",
            "llamadas",
            "doctor --format json",
            "backup copia.zip",
            "migrate --from vieja",
            "serve --listen x",
        ];
        for line in lines {
            let ran = place.run(line);
            assert!(
                !format!("{}{}", ran.out, ran.err).contains("Secreta"),
                "{what}: {line}: {}",
                ran.shown()
            );
        }
    };
    // Malformed lines of the file of passwords, which the driver would quote.
    place.write_private("claves", format!("localhost:{PASSWORD}\n"));
    place.set("PGPASSFILE", &place.path("claves").display().to_string());
    place.write_private("direccion", &good);
    place.set(
        "CHASKI_DATABASE_URL_FILE",
        &place.path("direccion").display().to_string(),
    );
    check(&place, "good");
    for (number, wrong) in [
        good.replace(name_of(&url), "nada"),
        good.replace("host=", "clave=Secreta&host="),
        good.replace("postgres://", "mysql://"),
        good.replace("?host", ":x?host"),
        format!("{good}&host=/nada"),
        format!("{good}&port=Secreta"),
    ]
    .iter()
    .enumerate()
    {
        place.write_private("direccion", wrong);
        check(&place, &format!("wrong {number}"));
    }
    // Kept by the program it is sealed.
    place.unset("CHASKI_DATABASE_URL_FILE");
    place
        .run_with_input("config set database_url", good.as_bytes())
        .expect(0);
    let kept = place.read(".config/chaski/chaski.toml");
    assert!(kept.contains("database_url = \"sellado:"), "{kept}");
    let typed = place
        .run(&format!("config set database_url {good}"))
        .expect(2);
    assert!(!typed.err.contains("Secreta"), "{}", typed.err);
    place.run("llamadas").expect(0);
    check(&place, "sealed");
    fs::remove_file(place.path("direccion")).unwrap();
    fs::remove_file(place.path("claves")).unwrap();
    fs::remove_file(place.path("entrada")).unwrap();
    for (path, bytes) in files_of(&place.path(".")) {
        assert!(
            !bytes
                .windows(PASSWORD.len())
                .any(|it| it == PASSWORD.as_bytes()),
            "{}",
            path.display()
        );
    }
}

#[test]
fn a_folder_goes_to_a_server_and_back() {
    let Some(url) = some_database() else { return };
    let service = Service::new();
    let place = Place::asking(&service);
    filled(&place);
    place.run("ruc 20100070970 -q --sandbox").expect(0);
    // Not while somebody works at either end.
    let server = Server::start(&place);
    let refused = place.run(&format!("migrate --to {url}")).expect(1);
    assert!(
        refused.err.contains("Chaski está trabajando"),
        "{}",
        refused.err
    );
    server.terminate();
    let before = fs::read(place.data().join(DATABASE_FILE)).unwrap();

    let there = place.run(&format!("migrate --to {url}")).expect(0);
    assert!(
        there.err.contains("todas las tablas son iguales"),
        "{}",
        there.err
    );
    let tables = there.objects();
    let sides = |side: &str| tables.iter().filter(|it| it["lado"] == side).count();
    assert_eq!((sides("real"), sides("sandbox")), (26, 26));
    let after = fs::read(place.data().join(DATABASE_FILE)).unwrap();
    assert!(after == before, "what the data were taken from has changed");
    check_there(&place, &service, &format!("--database-url {url}"));
    place
        .run(&format!("ruc 20552103816 -q --database-url {url}"))
        .expect(0);
    let lost = place.run("llamadas").expect(7);
    assert!(lost.err.contains("están en PostgreSQL"), "{}", lost.err);

    // Into a folder of its own, with the key of the one that worked with the server.
    let back = place
        .run(&format!("migrate --from {url} --to vuelta"))
        .expect(0);
    assert_eq!(back.objects().len(), 52);
    let asked = service.asked_since(0).len();
    place
        .run("ruc 20552103816 20100070970 -q --dir vuelta")
        .expect(0);
    assert_eq!(service.asked_since(0).len(), asked);
    // Into the same folder, whose old database is set aside.
    let refused = place.run(&format!("migrate --from {url}")).expect(2);
    assert!(refused.err.contains("--reemplazar"), "{}", refused.err);
    let back = place
        .run(&format!("migrate --from {url} --reemplazar"))
        .expect(0);
    assert!(back.err.contains("anterior-"), "{}", back.err);
    place.run("ruc 20552103816 20100070970 -q").expect(0);
    assert_eq!(service.asked_since(0).len(), asked);
    // The database still has everything: it is no target for anything else, and is one for the same.
    let full = place.run(&format!("migrate --from vuelta --to {url}"));
    assert_eq!(full.code, 1, "{}", full.shown());
    assert!(full.err.contains("Ya hay datos"), "{}", full.err);
}

#[test]
fn a_copy_of_either_goes_into_either() {
    let Some(url) = some_database() else { return };
    let service = Service::new();
    let mut place = Place::asking(&service);
    filled(&place);
    place.run("backup de_carpeta.zip --con-llave").expect(0);
    // A copy of the folder into an empty database.
    let into = format!("--database-url {url} --dir servida");
    let ran = place
        .run(&format!("restaurar de_carpeta.zip {into}"))
        .expect(0);
    assert!(ran.err.contains(name_of(&url)), "{}", ran.err);
    check_there(&place, &service, &into);
    // A copy of the database, taken while a server works, into a folder.
    place.set("CHASKI_DATABASE_URL", &url);
    place.set("CHASKI_DIR", "servida");
    let server = Server::start(&place);
    place.run("backup de_base.zip --con-llave").expect(0);
    let refused = place.run("restaurar de_base.zip --reemplazar").expect(1);
    assert!(
        refused.err.contains("Chaski está trabajando"),
        "{}",
        refused.err
    );
    server.terminate();
    let doctor = place.run("doctor --format ndjson").objects();
    assert!(
        doctor
            .iter()
            .any(|it| it["prueba"] == "copia" && it["dias"] == 0)
    );
    // Over the data that it has: they are set aside.
    let refused = place.run("restaurar de_base.zip").expect(2);
    assert!(refused.err.contains("--reemplazar"), "{}", refused.err);
    let ran = place.run("restaurar de_base.zip --reemplazar").expect(0);
    assert!(ran.err.contains("chaski_anterior_"), "{}", ran.err);
    check_there(&place, &service, "");
    place.unset("CHASKI_DATABASE_URL");
    place.set("CHASKI_DIR", "tercera");
    place.run("restaurar de_base.zip").expect(0);
    check_there(&place, &service, "");
}

/// A server whose place is lost writes nothing more, and says so.
#[test]
fn a_server_without_its_database_asks_for_nothing() {
    let Some(url) = some_database() else { return };
    let service = Service::new();
    let mut place = Place::asking(&service);
    place.set("CHASKI_DATABASE_URL", &url);
    let server = Server::start(&place);
    let (name, postgres) = (name_of(&url), url.replace(name_of(&url), "postgres"));
    tell(
        &postgres,
        &format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false"),
    );
    tell(
        &postgres,
        &format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"),
    );
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let client = reqwest::Client::new();
    let ask = |number: &str| {
        let sent = client.get(format!("{}/api/v1/ruc/{number}", server.url));
        runtime.block_on(sent.send()).unwrap().status().as_u16()
    };
    // The first one finds out.
    let _ = ask("20100070970");
    let asked = service.asked_since(0).len();
    assert_eq!(ask("20131312955"), 503);
    assert_eq!(service.asked_since(0).len(), asked);
    tell(
        &postgres,
        &format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true"),
    );
    crate::cli_kit::wait_until("the database", || ask("20131312955") == 200);
    assert_eq!(server.terminate(), Some(0));
    let calls = finished(&place, place.start("llamadas --enviadas"));
    assert!(!calls.expect(0).objects().is_empty());
}
