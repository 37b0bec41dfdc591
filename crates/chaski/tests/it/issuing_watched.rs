//! Issuing as those see it who watch it: metrics, health, the doctor; and a process that must end.

use std::fs::{self, File};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};

use crate::cli_kit::{finished, wait_until};
use crate::cli_serve::Server;
use crate::factura_story::{told, with_examples};

fn got(url: &str) -> String {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let text = async { reqwest::get(url).await.unwrap().text().await.unwrap() };
    runtime.block_on(text)
}

#[test]
fn metrics_health_and_the_doctor() {
    let place = with_examples();
    let server = Server::start(&place);
    // 1. Nothing was ever issued: nothing is said of it.
    let metrics = got(&format!("{}/metrics", server.url));
    assert!(!metrics.contains("chaski_comprobantes{"), "{metrics}");
    let health = got(&format!("{}/salud/listo", server.url));
    assert!(!health.contains("comprobantes"), "{health}");
    assert!(!place.run("doctor").out.contains("diario"));
    // 2. One that SUNAT took, one that waits for the next morning.
    place.run("factura emitir factura.json").expect(0);
    place.run("factura emitir boleta.json").expect(0);
    let metrics = got(&format!("{}/metrics", server.url));
    for line in [
        "chaski_comprobantes{estado=\"ACEPTADO\",mode=\"sandbox\"} 1",
        "chaski_comprobantes{estado=\"PENDIENTE_SUNAT\",mode=\"sandbox\"} 1",
        "chaski_comprobantes{estado=\"DESCONOCIDO\",mode=\"sandbox\"} 0",
        "chaski_comprobante_oldest_pending_seconds{mode=\"sandbox\"} ",
        "chaski_comprobantes_in_doubt{mode=\"sandbox\"} 0",
        "chaski_comprobantes_near_deadline{mode=\"sandbox\"} 0",
        "chaski_comprobante_issuers_held{mode=\"sandbox\"} 0",
        "chaski_comprobante_series_in_review{mode=\"sandbox\"} 0",
    ] {
        let there = metrics.lines().any(|it| it.starts_with(line));
        assert!(there, "{line}\n{metrics}");
    }
    let salud = format!("salud --url {}", server.url);
    assert_eq!(
        place.run(&salud).expect(0).out,
        "listo\ncomprobantes: en cola, 0; en duda, 0; pendientes de SUNAT, 1; por vencer, 0; \
         emisores retenidos, 0\n"
    );
    let english = place.run(&format!("{salud} --lang en")).expect(0).out;
    assert!(
        english
            .starts_with("ready\ndocuments: queued, 0; in doubt, 0; without a word of SUNAT, 1;")
    );
    // 3. Who issues is the server, until it ends.
    let doctor = place.run("doctor").out;
    assert!(
        doctor.contains("el diario de emisión está entero"),
        "{doctor}"
    );
    assert!(doctor.contains("emite el proceso "), "{doctor}");
    assert_eq!(server.terminate(), Some(0));
    let doctor = place.run("doctor --lang en").out;
    assert!(
        doctor.contains("nobody issues now and nothing is queued"),
        "{doctor}"
    );
}

/// A library that lets no `fsync` succeed while there is a file of that name.
const NO_SYNC: &str = r#"
#include <errno.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>
static int lost(void) {
    const char *flag = getenv("NO_SYNC_WHILE");
    return flag && access(flag, F_OK) == 0;
}
int fsync(int fd) {
    if (lost()) { errno = EIO; return -1; }
    return (int) syscall(SYS_fsync, fd);
}
int fdatasync(int fd) {
    if (lost()) { errno = EIO; return -1; }
    return (int) syscall(SYS_fdatasync, fd);
}
"#;

#[test]
fn a_process_that_issues_ends_when_a_sync_fails() {
    let mut place = with_examples();
    place.write("sin_sync.c", NO_SYNC);
    let (source, library) = (place.path("sin_sync.c"), place.path("sin_sync.so"));
    let built = Command::new("cc")
        .args(["-shared", "-fPIC", "-o"])
        .args([&library, &source])
        .status();
    assert!(
        built.unwrap().success(),
        "a C compiler is needed to build this"
    );
    // 1. A server that issues, on a disk that fails from then on.
    let flag = place.path("sin_sync");
    place.set("LD_PRELOAD", library.to_str().unwrap());
    place.set("NO_SYNC_WHILE", flag.to_str().unwrap());
    let said = place.path("dicho");
    let mut server = place
        .command(&["serve", "--listen", "127.0.0.1:0"])
        .stdout(Stdio::null())
        .stderr(File::create(&said).unwrap())
        .spawn()
        .unwrap();
    place.forget("LD_PRELOAD");
    let seat = place.data().join("sandbox/emision.turno");
    wait_until("the seat", || {
        fs::read_to_string(&seat).is_ok_and(|it| it.trim() == server.id().to_string())
    });
    place.write("sin_sync", "");
    // 2. A document that somebody else hands over: it ends instead of going on.
    let waiting = place.start("factura emitir factura.json");
    let mut ended = None;
    wait_until("the end of the server", || {
        ended = server.try_wait().unwrap();
        ended.is_some()
    });
    let ended = ended.unwrap();
    let said = fs::read_to_string(&said).unwrap();
    assert_eq!(ended.signal(), Some(6), "SIGABRT: {said}");
    assert!(
        said.contains("the disk did not take what was issued"),
        "{said}"
    );
    // 3. Whoever waited takes the seat, on a disk that works: issued once.
    fs::remove_file(&flag).unwrap();
    let issued = finished(&place, waiting).expect(0);
    assert_eq!(told(&issued), ["FFF1-1 factura ACEPTADO 318.50"]);
    let again = place.run("factura emitir factura.json").expect(0);
    assert!(again.err.contains("ya estaba emitido"), "{}", again.err);
    let doctor = place.run("doctor").out;
    assert!(
        doctor.contains("el diario de emisión está entero"),
        "{doctor}"
    );
}
