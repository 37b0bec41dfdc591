//! The data folder as the system sees it: whether it can be written, how much fits, who else can
//! read it, who works in it.

use std::fs::{self, Metadata};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use chaski_core::{Lang, text};

use super::{CheckupFinding, Examined, Grade};
use crate::app::servers::Serving;
use crate::io_words::reason;
use crate::store::{DATABASE_FILE, KEY_FILE, is_in_use};
use crate::system;

/// With less a day's work may not fit: a list of 10,000 takes about 30 MB, a copy the size of the
/// database.
pub const LITTLE_SPACE: u64 = 512 * MIB;
/// With less the next list may not fit.
pub const NO_SPACE: u64 = 64 * MIB;

const MIB: u64 = 1024 * 1024;

/// Enough that it does not fit into what is left of a block.
const PROBE_BYTES: usize = 1024 * 1024;

/// Whether a file of some size can be written to a folder; it is gone afterwards.
pub fn probed(folder: &Path) -> CheckupFinding {
    let shown = folder.display();
    match probe(folder) {
        Ok(()) => Examined("escritura").good(text!(
            "se puede escribir en {shown}",
            "{shown} can be written to"
        )),
        Err(error) => {
            let (es, en) = (reason(&error, Lang::Es), reason(&error, Lang::En));
            let (todo, help) = remedy(&error);
            Examined("escritura").bad(text!(
                "no se puede escribir en {shown}: {es}; {todo}",
                "{shown} cannot be written to: {en}; {help}"
            ))
        }
    }
}

fn probe(folder: &Path) -> io::Result<()> {
    let mut file = tempfile::Builder::new()
        .prefix(".chaski-prueba-")
        .tempfile_in(folder)?;
    file.write_all(&vec![0x5a; PROBE_BYTES])?;
    file.as_file().sync_all()
}

fn remedy(error: &io::Error) -> (&'static str, &'static str) {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => (
            "libere espacio: mientras tanto no se consulta nada, para no pagar lo que no se puede guardar",
            "free some space: nothing is asked meanwhile, so that nothing is paid that cannot be stored",
        ),
        io::ErrorKind::ReadOnlyFilesystem => (
            "móntelo para escritura o elija otra carpeta con --dir",
            "mount it for writing or choose another folder with --dir",
        ),
        _ => (
            "revise su dueño y permisos, o elija otra carpeta con --dir",
            "check its owner and permissions, or choose another folder with --dir",
        ),
    }
}

/// Bytes that can still be written where a folder is, and whether a file can still be made.
pub fn space_of(folder: &Path) -> io::Result<(u64, bool)> {
    system::space_of(folder)
}

/// Whether that is enough.
pub fn space_finding(folder: &Path, bytes: u64, files: bool) -> CheckupFinding {
    let shown = folder.display();
    let mib = bytes / MIB;
    let least = LITTLE_SPACE / MIB;
    let finding = if !files {
        Examined("espacio").bad(text!(
            "en el disco de {shown} no se puede crear ni un archivo más (inodos agotados): borre archivos que no use",
            "not one file more can be made on the disk of {shown} (no inodes left): delete files that are not needed"
        ))
    } else if bytes < NO_SPACE {
        Examined("espacio").bad(text!(
            "quedan {mib} MiB libres en el disco de {shown}: libere espacio hasta tener al menos {least}",
            "{mib} MiB are free on the disk of {shown}: free some until there are {least} at least"
        ))
    } else if bytes < LITTLE_SPACE {
        Examined("espacio").advice(text!(
            "quedan {mib} MiB libres en el disco de {shown}: conviene tener al menos {least}",
            "{mib} MiB are free on the disk of {shown}: {least} at least would be better"
        ))
    } else {
        Examined("espacio").good(text!("espacio libre: {mib} MiB", "free space: {mib} MiB"))
    };
    finding.with("bytes_libres", bytes)
}

/// Who can read what: folders that others can enter, and files that others can read, with the
/// command that closes them. `more` are files elsewhere that hold something of ours, and whether
/// what they hold is of use to others.
pub fn exposed(folders: &[PathBuf], more: &[(PathBuf, bool)]) -> Vec<CheckupFinding> {
    let mut findings = Vec::new();
    let (mut secret, mut others) = (Vec::new(), Vec::new());
    for folder in folders {
        let Ok(data) = fs::metadata(folder) else {
            continue;
        };
        if let Some(mode) = system::open_mode(&data) {
            findings.push(open_folder(folder, mode));
        }
        for (path, data) in files_in(folder) {
            let Some(open) = system::open_mode(&data) else {
                continue;
            };
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let is_secret = name == KEY_FILE || name.starts_with(DATABASE_FILE);
            let list = if is_secret { &mut secret } else { &mut others };
            list.push((path, open));
        }
    }
    for (path, useful) in more {
        if let Some(mode) = fs::metadata(path)
            .ok()
            .and_then(|it| system::open_mode(&it))
        {
            let list = if *useful { &mut secret } else { &mut others };
            list.push((path.clone(), mode));
        }
    }
    findings.extend(open_files(&secret, Grade::Bad));
    findings.extend(open_files(&others, Grade::Advice));
    if !system::SHOWS_PERMISSIONS {
        findings.push(Examined("permisos").good(text!(
            "los permisos son los que da la carpeta de su usuario; en este sistema no se revisan",
            "permissions are what the folder of its user gives; they are not checked on this system"
        )));
    } else if findings.is_empty() {
        findings.push(Examined("permisos").good(text!(
            "la carpeta y sus archivos son solo de su usuario",
            "the folder and its files are its user's alone"
        )));
    }
    findings
}

fn open_folder(folder: &Path, mode: u32) -> CheckupFinding {
    let shown = folder.display();
    Examined("permisos").bad(text!(
        "otros usuarios de esta máquina pueden entrar en {shown} ({mode:04o}): chmod 700 {shown}",
        "other users of this machine can enter {shown} ({mode:04o}): chmod 700 {shown}"
    ))
    .with("ruta", folder.display().to_string())
    .with("modo", format!("{mode:04o}"))
}

fn open_files(files: &[(PathBuf, u32)], grade: Grade) -> Option<CheckupFinding> {
    let names = |with_mode: bool| {
        let name = |(path, mode): &(PathBuf, u32)| {
            if with_mode {
                format!("{} ({mode:04o})", path.display())
            } else {
                path.display().to_string()
            }
        };
        files.iter().map(name).collect::<Vec<_>>()
    };
    let [list, command] = [names(true).join(", "), names(false).join(" ")];
    (!files.is_empty()).then(|| {
        let text = text!(
            "otros usuarios de esta máquina tienen acceso a {list}: chmod 600 {command}",
            "other users of this machine have access to {list}: chmod 600 {command}"
        );
        let check = Examined("permisos");
        check.found(grade, text).with("rutas", names(false))
    })
}

/// Files that do not belong to whom the folder does, and a folder that is somebody else's: what one
/// user writes the other cannot change. None where the system does not say whose a file is.
pub fn foreign(folder: &Path) -> Option<CheckupFinding> {
    let (owner, me) = (
        system::owner_of(&fs::metadata(folder).ok()?)?,
        system::user()?,
    );
    let strange: Vec<String> = files_in(folder)
        .filter(|(_, data)| system::owner_of(data) != Some(owner))
        .map(|(path, _)| path.display().to_string())
        .collect();
    if !strange.is_empty() {
        let list = strange.join(" ");
        return Some(
            Examined("dueno")
                .bad(text!(
                    "no todo es del dueño de la carpeta (uid {owner}): chown {owner} {list}",
                    "not everything is the folder owner's (uid {owner}): chown {owner} {list}"
                ))
                .with("rutas", strange),
        );
    }
    (owner != me).then(|| {
        let shown = folder.display();
        Examined("dueno").advice(text!(
            "la carpeta {shown} es de otro usuario (uid {owner}; usted es {me}): use Chaski como él, o lo que se escriba no será suyo",
            "{shown} is another user's (uid {owner}; you are {me}): give the commands as that user, or what is written will not be theirs"
        ))
        .with("uid", owner)
    })
}

fn files_in(folder: &Path) -> impl Iterator<Item = (PathBuf, Metadata)> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<_> = entries
        .filter_map(|entry| Some((entry.path(), entry.metadata().ok()?)))
        .filter(|(_, data)| data.is_file())
        .collect();
    files.sort_by(|one, other| one.0.cmp(&other.0));
    files.into_iter()
}

/// Whether others work in the folder, and which servers.
pub fn in_use(folder: &Path, servers: &[Serving]) -> CheckupFinding {
    let used = is_in_use(folder);
    let server = |it: &Serving| format!("chaski serve {} (pid {})", it.listen, it.pid);
    let names: Vec<String> = servers.iter().map(server).collect();
    let text = if !names.is_empty() {
        let list = names.join(", ");
        text!(
            "trabaja en la carpeta: {list}",
            "working in the folder: {list}"
        )
    } else if used {
        text!(
            "otro proceso de Chaski tiene abierta la carpeta",
            "another process of Chaski has the folder open"
        )
    } else {
        text!(
            "ningún otro proceso de Chaski tiene abierta la carpeta",
            "no other process of Chaski has the folder open"
        )
    };
    Examined("uso")
        .good(text)
        .with("en_uso", used)
        .with("servidores", names)
}
