//! `doctor` says ✔ only of what was tried.

use std::fs::{self, Permissions};
use std::io::{ErrorKind, Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::{self, JoinHandle};
use std::time::SystemTime;

use chaski::app::checkup::{self, Grade, LITTLE_SPACE, NO_SPACE, TOLERANCE};
use chaski_client::Clock;
use jiff::SignedDuration;
use serde_json::Value;

use crate::cli_kit::{Numbers, Place, Ran, Service};
use crate::cli_serve::Server;

/// Somebody without rights.
const NOBODY: u32 = 65_534;

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|it| std::os::unix::fs::MetadataExt::uid(&it) == 0)
}

/// Runs the doctor as somebody whom permissions stop; root passes them all. None where that somebody
/// cannot reach the program.
fn doctor_without_rights(place: &Place) -> Option<Ran> {
    let mut command = place.command(&["doctor"]);
    if is_root() {
        give(&place.path(""), NOBODY);
        command.uid(NOBODY).gid(NOBODY);
    }
    match command.output() {
        Err(error) if is_root() && error.kind() == ErrorKind::PermissionDenied => {
            eprintln!("NOT RUN: the program lies where only root can reach it");
            None
        }
        output => Some(place.ran(output.unwrap())),
    }
}

fn give(path: &Path, owner: u32) {
    chown(path, Some(owner), Some(owner)).unwrap();
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            give(&entry.unwrap().path(), owner);
        }
    }
}

fn close(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// What `--format json` says of a check, and its grade.
fn found(ran: &Ran, check: &str) -> Vec<(String, Value)> {
    let all: Vec<Value> =
        serde_json::from_str(&ran.out).unwrap_or_else(|_| panic!("{}", ran.shown()));
    let of_it = all.into_iter().filter(|it| it["prueba"] == check);
    of_it
        .map(|it| (it["estado"].as_str().unwrap().to_owned(), it))
        .collect()
}

#[test]
fn a13_a_sound_installation_is_well() {
    let service = Service::new();
    let place = Place::asking(&service);
    place.run("ruc 20100070970 -q").expect(0);
    let ran = place.run("doctor").expect(0);
    assert!(!ran.out.contains('✘'), "{}", ran.out);
    let ran = place.run("doctor --format json").expect(0);
    for check in [
        "version",
        "configuracion",
        "modo",
        "escritura",
        "espacio",
        "permisos",
        "uso",
        "datos",
        "proveedor",
        "reloj",
        "copia",
    ] {
        let findings = found(&ran, check);
        let expected = if check == "copia" { "aviso" } else { "bien" };
        assert!(
            findings.iter().all(|it| it.0 == expected) && !findings.is_empty(),
            "{check}: {findings:?}"
        );
    }
    let bytes: u64 = ["chaski.db", "chaski.db-wal"]
        .iter()
        .filter_map(|name| fs::metadata(place.data().join(name)).ok())
        .map(|data| data.len())
        .sum();
    assert!(found(&ran, "datos")[0].1["bytes"].as_u64().unwrap() >= bytes);
    // A backup is remembered, by the server beside which it was taken too.
    let server = Server::start(&place);
    let ran = place.run("doctor --format json").expect(0);
    assert_eq!(found(&ran, "uso")[0].1["en_uso"], true);
    assert_eq!(found(&ran, "copia")[0].0, "aviso");
    place.run("backup copia.zip -q").expect(0);
    let ran = place.run("doctor --format json").expect(0);
    assert_eq!(found(&ran, "copia")[0].0, "bien", "{}", ran.out);
    assert_eq!(server.terminate(), Some(0));
    close(&place.path("copia.zip"), 0o644);
    let ran = place.run("doctor").expect(0);
    assert!(
        ran.out.contains("chmod 600 <CARPETA>/copia.zip"),
        "{}",
        ran.out
    );
}

/// Each file and folder that others can read, one at a time, with the command that closes it; given,
/// it is well again.
#[test]
fn a13_what_others_can_read_is_named() {
    let service = Service::new();
    let mut place = Place::new();
    place.set("CHASKI_MIGO_BASE_URL", &service.url());
    place
        .run_with_input("config set migo.token", b"0123456789abcdef0123456789")
        .expect(0);
    place.run("ruc 20100070970 -q").expect(0);
    let mut random = Numbers(13);
    let config = ".config/chaski/chaski.toml";
    for (name, code) in [
        ("chaski_data", 1),
        ("chaski_data/llave", 1),
        ("chaski_data/chaski.db", 1),
        ("chaski_data/chaski.uso", 0),
        // Sealed, so of no use to them; but a plain one is.
        (config, 0),
        (".config/chaski/llave", 1),
    ] {
        let was = fs::metadata(place.path(name)).unwrap().permissions();
        for _ in 0..3 {
            // Any right of the group or of others beside those of the owner.
            let open = u32::try_from(random.below(0o77)).unwrap() + 1;
            close(&place.path(name), (was.mode() & 0o700) | open);
            let ran = place.run("doctor").expect(code);
            let shown = format!("{:04o}", (was.mode() & 0o700) | open);
            assert!(ran.out.contains(&shown), "{name} {shown}: {}", ran.out);
            let command = ran
                .out
                .lines()
                .find_map(|line| Some(line.split_once("chmod ")?.1));
            let command = command
                .unwrap_or_else(|| panic!("{}", ran.out))
                .replace("<CARPETA>/", "");
            let chmod = Command::new("chmod")
                .args(command.split_whitespace())
                .current_dir(place.path(""))
                .status();
            assert!(chmod.unwrap().success(), "{command}");
            let ran = place.run("doctor").expect(0);
            assert!(!ran.out.contains("chmod"), "{}", ran.out);
        }
    }
    place.write(config, "[migo]\ntoken = \"0123456789abcdef0123456789\"\n");
    close(&place.path(config), 0o644);
    let ran = place.run("doctor").expect(1);
    assert!(
        ran.out.contains("chmod 600") && !ran.out.contains("0123456789"),
        "{}",
        ran.out
    );
    // A token in a file of its own.
    close(&place.path(config), 0o600);
    place.write("token", "prueba");
    close(&place.path("token"), 0o640);
    place.set("CHASKI_MIGO_TOKEN_FILE", "token");
    let ran = place.run("doctor").expect(1);
    assert!(ran.out.contains("token (0640)"), "{}", ran.out);
}

/// A folder that cannot be written, a database that cannot, files of somebody else.
#[test]
fn a13_what_cannot_be_written_is_not_well() {
    let service = Service::new();
    let place = Place::asking(&service);
    place.run("ruc 20100070970 -q").expect(0);
    let refused = |ran: &Ran| ran.code == 1 && ran.out.contains('✘');
    close(&place.data(), 0o500);
    let Some(ran) = doctor_without_rights(&place) else {
        return;
    };
    assert!(
        refused(&ran) && ran.out.contains("✘ No se puede escribir en ./chaski_data"),
        "{}",
        ran.shown()
    );
    close(&place.data(), 0o700);
    for name in ["chaski.db", "chaski.uso"] {
        let file = place.data().join(name);
        close(&file, 0o400);
        let ran = doctor_without_rights(&place).unwrap();
        assert!(refused(&ran), "{name}: {}", ran.shown());
        close(&file, 0o600);
    }
    doctor_without_rights(&place).unwrap().expect(0);
    if is_root() {
        // What root wrote into the folder of the service.
        for name in ["chaski.db", "llave"] {
            chown(place.data().join(name), Some(0), Some(0)).unwrap();
            let ran = place.run("doctor").expect(1);
            assert!(
                ran.out
                    .contains(&format!("chown {NOBODY} ./chaski_data/{name}")),
                "{}",
                ran.out
            );
            give(&place.data(), NOBODY);
        }
        // And root in it, before it writes anything.
        let ran = place.run("doctor").expect(0);
        assert!(
            ran.out
                .contains("! La carpeta ./chaski_data es de otro usuario"),
            "{}",
            ran.out
        );
    }
}

/// A small disk of its own, where the machine lets the test make one.
struct Disk(PathBuf);

impl Disk {
    fn of(place: &Place, mib: u32) -> Option<Disk> {
        let at = place.path("disco");
        fs::create_dir(&at).unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={mib}m"), "tmpfs"])
            .arg(&at)
            .output();
        let mounted = mounted.is_ok_and(|it| it.status.success());
        if !mounted {
            eprintln!("NOT RUN: no file system can be mounted here");
        }
        mounted.then_some(Disk(at))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("-l").arg(&self.0).status());
    }
}

#[test]
fn a13_a_full_disk_is_not_well() {
    let service = Service::new();
    let place = Place::asking(&service);
    let Some(disk) = Disk::of(&place, 8) else {
        return;
    };
    place.run("ruc 20100070970 -q --dir disco/datos").expect(0);
    // Little is left, and then nothing.
    let ran = place.run("doctor --dir disco/datos").expect(1);
    assert!(
        ran.out.contains("✘ Quedan ") && ran.out.contains("MiB libres"),
        "{}",
        ran.out
    );
    let mut filler = fs::File::create(disk.0.join("relleno")).unwrap();
    while filler.write_all(&[0; 4_096]).is_ok() {}
    let ran = place.run("doctor --dir disco/datos").expect(1);
    assert!(
        ran.out.contains(
            "✘ No se puede escribir en disco/datos: no queda espacio en el disco; libere"
        ),
        "{}",
        ran.out
    );
    // How much is left is told where there is least of it.
    assert!(ran.out.contains("✘ Quedan 0 MiB libres"), "{}", ran.out);
    drop(filler);
    fs::remove_file(disk.0.join("relleno")).unwrap();
    let ran = place.run("doctor --dir disco/datos").expect(1);
    assert!(ran.out.contains("✔ Se puede escribir"), "{}", ran.out);
}

#[test]
fn a13_how_much_space_is_enough() {
    let folder = Path::new("datos");
    let mut random = Numbers(3);
    let grade = |bytes, files| checkup::space_finding(folder, bytes, files).grade;
    for _ in 0..500 {
        assert_eq!(grade(random.below(NO_SPACE), true), Grade::Bad);
        assert_eq!(
            grade(NO_SPACE + random.below(LITTLE_SPACE - NO_SPACE), true),
            Grade::Advice
        );
        let much = LITTLE_SPACE + random.below(u64::MAX / 2);
        assert_eq!(grade(much, true), Grade::Good);
        assert_eq!(grade(much, false), Grade::Bad, "no file more can be made");
    }
}

/// A plan that is used up, by the upstream or by the limit set here.
#[test]
fn a04_doctor_at_no_calls_left() {
    for (quota, expected) in [(0, 6), (1, 0), (40_000, 0)] {
        let service = Service::with(|config| config.quota = Some(quota));
        let place = Place::asking(&service);
        let ran = place.run("doctor").expect(expected);
        let said = if quota == 0 {
            "✘ El proveedor responde, pero se acabaron las consultas de su plan"
        } else {
            "✔ El proveedor responde; consultas que quedan"
        };
        assert!(ran.out.contains(said), "{}", ran.out);
    }
    for (left, spent, quota, expected) in [
        (Some(0), 0, None, 6),
        (Some(-3), 0, Some(10), 6),
        (Some(5), 10, Some(10), 6),
        (None, 11, Some(10), 6),
        (Some(5), 9, Some(10), 0),
        (None, 0, None, 0),
    ] {
        let finding = checkup::plan_finding(left, spent, quota, 6);
        assert_eq!(finding.exit_code, expected, "{left:?} {spent} {quota:?}");
    }
}

/// An upstream whose clock is so far from ours.
struct Skewed {
    url: String,
    thread: Option<JoinHandle<()>>,
}

impl Skewed {
    fn answering(date: Option<SystemTime>) -> Skewed {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/api", listener.local_addr().unwrap());
        let thread = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut bytes = [0; 4_096];
            let mut read = 0;
            while !bytes[..read].ends_with(b"}") {
                read += stream.read(&mut bytes[read..]).unwrap();
            }
            let date = date.map_or_else(String::new, |date| {
                format!("Date: {}\r\n", httpdate::fmt_http_date(date))
            });
            let body = r#"{"success":true,"nombre":"PRUEBA","consultas":"500"}"#;
            let head = format!(
                "HTTP/1.1 200 OK\r\n{date}Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                body.len()
            );
            stream.write_all(head.as_bytes()).unwrap();
            stream.write_all(body.as_bytes()).unwrap();
        });
        Skewed {
            url,
            thread: Some(thread),
        }
    }
}

impl Drop for Skewed {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

#[test]
fn a13_the_clock_against_the_upstreams() {
    let now = SystemTime::from(Clock::system().now());
    let hours = |hours: u64| std::time::Duration::from_secs(hours * 3_600);
    for (date, code, said) in [
        (Some(now), 0, "la del proveedor coincide"),
        (None, 0, "si no es la correcta"),
        (Some(now + hours(5)), 1, "está atrasado "),
        (Some(now - hours(5)), 1, "está adelantado "),
        (Some(now + hours(24 * 400)), 1, "está atrasado 399 d 23 h"),
    ] {
        let upstream = Skewed::answering(date);
        let mut place = Place::new();
        place.set("CHASKI_MIGO_TOKEN", "prueba");
        place.set("CHASKI_MIGO_BASE_URL", &upstream.url);
        let ran = place.run("doctor").expect(code);
        assert!(ran.out.contains(said), "{said}: {}", ran.out);
    }
}

/// Any skew: within the tolerance it is well, beyond it is not, whatever the call took.
#[test]
fn a13_any_skew() {
    let mut random = Numbers(17);
    let base = Clock::system().now();
    for _ in 0..2_000 {
        let sent = base;
        let took = SignedDuration::from_millis(i64::try_from(random.below(3_000)).unwrap());
        let received = sent + took;
        let skew = SignedDuration::from_secs(i64::try_from(random.below(20_000)).unwrap() - 10_000);
        let made = sent + took / 2 + skew;
        // In whole seconds, as a header has it.
        let says = jiff::Timestamp::from_second(made.as_second()).unwrap();
        let dated = checkup::Dated {
            says,
            sent,
            received,
        };
        let finding = checkup::clock_finding("hoy", Some(dated));
        let apart = skew.unsigned_abs();
        let slack = std::time::Duration::from_secs(4);
        if apart + slack < TOLERANCE {
            assert_eq!(finding.grade, Grade::Good, "{skew:?}");
        } else if apart > TOLERANCE + slack {
            assert_eq!(finding.grade, Grade::Bad, "{skew:?}");
            assert_eq!(
                finding.facts[0].1.as_i64().unwrap().is_negative(),
                skew.is_negative()
            );
        }
    }
}

#[test]
fn a13_the_age_of_the_last_backup() {
    let now = Clock::system().now();
    let last = |days: i64| chaski::store::LastBackup {
        at: now - SignedDuration::from_hours(24 * days),
        path: "/var/backups/chaski/copia.zip".into(),
    };
    for days in 0..60 {
        let finding = checkup::backup_finding(Some(&last(days)), false, now);
        let expected = if days > 7 { Grade::Advice } else { Grade::Good };
        assert_eq!(finding.grade, expected, "{days}");
        assert_eq!(finding.exit_code, 0);
    }
    assert_eq!(
        checkup::backup_finding(None, false, now).grade,
        Grade::Advice
    );
    assert_eq!(
        checkup::backup_finding(Some(&last(90)), true, now).grade,
        Grade::Good,
        "invented data need none"
    );
}
