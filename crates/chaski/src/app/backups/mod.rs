//! Copies of the data folder: taken while others work in it, and put in the place of another.

mod archive;
mod seal;

pub use super::backup_error::BackupError;
pub(super) use archive::write_key;
pub use seal::LEAST_PHRASE;

use std::fs;
use std::path::{Path, PathBuf};

use chaski_core::{lima_datetime, text};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};

use self::archive::{Contents, Label, SETTINGS_FILE};
use self::seal::{Proof, SealWith, SealedBy};
use super::backup_error::BackupFault;
use super::invoices::JOURNAL_FILE;
use super::issuing::{PACKED, SHELF, pack, unpack};
use super::journals::{copy_journal, mark_for_review};
use super::servers::SERVING;
use super::{AppError, Mode, WantedMode, folder_of, has_data, schema_of, secrets};
use crate::config::Config;
use crate::private;
use crate::store::{
    self, DATABASE_FILE, Held, KEY_FILE, LastBackup, MasterKey, RemoteSide, Snapshot, StoreError,
    UNSEALED_SCHEMA,
};

/// How a copy is put in place.
#[derive(Default)]
pub struct Manner {
    /// Sets aside what is in the folder.
    pub replace: bool,
    /// The phrase that the copy was sealed with.
    pub phrase: Option<SecretString>,
    /// What the seal has to say.
    pub demand: Demand,
}

/// What is asked of the seal of a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Demand {
    /// One that can be proved; copies of before there were seals have none.
    #[default]
    Usual,
    /// One that can be proved, whatever the age of the copy.
    Always,
    /// Key or phrase are lost: without proof.
    Waived,
}

/// How far a copy was proved to be as it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proved {
    /// By the key of the folder, or by the phrase.
    Sealed,
    /// By the key that is in the copy itself, which whoever could read the copy has too.
    ByItself,
    /// It is of before there were seals.
    Unsealed,
    /// Key or phrase are lost, and proof was waived.
    Waived,
}

/// A copy that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenBackup {
    /// Where it is.
    pub path: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// Whether the key is in it.
    pub with_key: bool,
    /// What is in it.
    pub snapshot: Snapshot,
    /// Why the folder could not note that it was taken.
    pub not_noted: Option<StoreError>,
}

/// A copy that was put in place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// The folder that holds it now.
    pub folder: PathBuf,
    /// When it was taken.
    pub taken_at: Timestamp,
    /// What is in it.
    pub snapshot: Snapshot,
    /// Whether it is as it was made.
    pub proved: Proved,
    /// Where the key comes from now.
    pub key: RestoredKey,
    /// Where what was in the folder before is kept.
    pub set_aside: Option<PathBuf>,
    /// The database on a server that holds it now, if one does.
    pub place: Option<String>,
    /// The schema in which what was in that database before is kept.
    pub schema_aside: Option<String>,
    /// The configuration of the copy, for whoever wants it back.
    pub settings: PathBuf,
}

/// Where the key of restored data comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RestoredKey {
    /// It was in the copy.
    Copied,
    /// The folder had it already.
    Kept,
    /// From outside the folder.
    Outside,
    /// It has to be brought, or what is sealed cannot be read.
    Missing,
}

/// What is not part of the data of a folder: those of the sandbox have a folder of their own.
/// What the sandbox's Nubefact remembers is somebody else's, as the real one's is.
const NOT_DATA: [&str; 7] = [
    "sandbox",
    "chaski.lock",
    "chaski.uso",
    "procesos",
    "nubefact",
    "emision.diario.pid",
    "emision.turno",
];

/// Begins the names of what a restoration set aside.
const SET_ASIDE: &str = "anterior-";

/// Whose data a deed about the folder itself is about: those of the sandbox only if they are all
/// there is. A token has nothing to do with it.
pub fn mode_of_data(config: &Config, wish: WantedMode) -> Mode {
    let only_invented = !has_data(config, Mode::Real) && has_data(config, Mode::Sandbox);
    match wish {
        WantedMode::Sandbox => Mode::Sandbox,
        WantedMode::None if only_invented => Mode::Sandbox,
        WantedMode::None | WantedMode::Real => Mode::Real,
    }
}

/// Copies the data of a mode to a file, or into a folder under a name with the date, with a text
/// of settings. It appears whole and verified or not at all, sealed with the phrase if there is one,
/// else with the key of the folder. Others may be working meanwhile.
pub async fn backup(
    config: &Config,
    mode: Mode,
    settings: &str,
    to: &Path,
    with_key: bool,
    phrase: Option<SecretString>,
    now: Timestamp,
) -> Result<TakenBackup, AppError> {
    // 1. From where and to where.
    let folder = folder_of(config, mode);
    let url = secrets::open_database_url(config)?;
    let server = url.as_ref().map(|url| side_of(url, mode));
    let is_there = match &server {
        Some(server) => server.has_data().await?,
        None => folder.join(DATABASE_FILE).exists(),
    };
    if !is_there {
        return Err(BackupFault::NothingThere.of(&folder));
    }
    let to = destination(to, now)?;
    let seal_with = match phrase {
        Some(phrase) => SealWith::Phrase(phrase),
        None => secrets::existing_key(config, mode, &folder)?
            .map(SealWith::Key)
            .ok_or_else(|| BackupFault::NothingToSealWith.of(&folder))?,
    };
    // 2. The database as it is at this moment, looked over.
    let staging = staging_in(archive::folder_of(&to))?;
    let copy = staging.path().join(DATABASE_FILE);
    match &server {
        Some(server) => server.copy_to(&copy).await.map(drop)?,
        None => store::snapshot(&folder, &copy).await?,
    }
    let snapshot = store::inspect(&copy).await?;
    if let SealWith::Key(key) = &seal_with {
        snapshot.demand(key)?;
    }
    let journal = staging.path().join(JOURNAL_FILE);
    let journal = copy_journal(&folder, &journal)?.then_some(journal);
    // After the database: a file is there before the row that names it.
    let files = staging.path().join(PACKED);
    let (from, packed) = (folder.clone(), files.clone());
    let any = in_background(move || pack(&from, &packed).map_err(AppError::file(&packed)));
    let files = any.await?.then_some(files);
    // 3. The key, if it is to go with it: the one that opens what is in the copy.
    let key = if with_key {
        let key = secrets::existing_key(config, mode, &folder)?.ok_or(StoreError::KeyMissing)?;
        snapshot.demand(&key)?;
        Some(key)
    } else {
        None
    };
    // 4. One file, read back from the disk before it takes its name.
    let contents = Contents {
        database: copy,
        settings: settings.to_owned(),
        journal,
        files,
        key,
        seal_with,
        sandbox: mode == Mode::Sandbox,
        taken_at: now,
    };
    let path = to.clone();
    let bytes = in_background(move || archive::pack(&contents, &to)).await?;
    // 5. The folder remembers it. The copy is as good without.
    let last = LastBackup {
        at: now,
        path: std::path::absolute(&path).unwrap_or_else(|_| path.clone()),
    };
    let noted = match &server {
        Some(server) => server.note_backup(&last).await,
        None => store::note_backup(&folder, &last).await,
    };
    let not_noted = noted.err();
    Ok(TakenBackup {
        path,
        bytes,
        with_key,
        snapshot,
        not_noted,
    })
}

/// The data of a mode on a server.
pub(super) fn side_of(url: &SecretString, mode: Mode) -> RemoteSide<'_> {
    RemoteSide {
        url: url.expose_secret(),
        schema: schema_of(mode),
    }
}

/// Puts a copy in the place of the data folder, or of what there is on a server. One in use is refused; one with data too, unless
/// they are to be set aside; and a copy whose seal cannot be proved.
pub async fn restore(
    config: &Config,
    wish: WantedMode,
    from: &Path,
    manner: Manner,
    now: Timestamp,
) -> Result<Restored, AppError> {
    // 1. The copy is as it was made, and whole.
    let label = archive::label(from)?;
    let taken_at = label.manifest.taken_at;
    let mode = match (wish, label.manifest.sandbox) {
        (WantedMode::Sandbox, _) | (WantedMode::None, true) => Mode::Sandbox,
        _ => Mode::Real,
    };
    let folder = folder_of(config, mode);
    let url = secrets::open_database_url(config)?;
    let server = url.as_ref().map(|url| side_of(url, mode));
    let proved = prove(config, mode, &folder, from, &label, &manner)?;
    let source = from.to_owned();
    in_background(move || archive::verify(&source)).await?;
    // 2. Nobody uses the folder, and nothing in it is lost.
    let (held, occupied) = take_over(&folder, manner.replace)?;
    // 3. Beside its place, so that each file is put there in one step.
    let staging = staging_in(&folder)?;
    let (source, beside) = (from.to_owned(), staging.path().to_owned());
    in_background(move || archive::unpack(&source, &beside, &label)).await?;
    let snapshot = store::inspect(&staging.path().join(DATABASE_FILE))
        .await
        .map_err(|error| match error {
            StoreError::NewerSchema { .. } => AppError::Store(error),
            _ => archive::damaged(from),
        })?;
    if proved == Proved::Unsealed && snapshot.schema > UNSEALED_SCHEMA {
        return Err(BackupFault::Altered.of(from));
    }
    // 4. With which key it will be read.
    let key = leave_key(config, mode, &folder, staging.path(), &snapshot)?;
    // 5. The old one aside, the new one in its place, the database last.
    let packed = staging.path().join(PACKED);
    if packed.exists() {
        let (from, to) = (packed.clone(), staging.path().to_owned());
        in_background(move || unpack(&from, &to).map_err(AppError::file(&from))).await?;
    }
    let set_aside = set_aside(&folder, &occupied, now)?;
    // A copy is a past: others may have gone on issuing since it was taken.
    if snapshot.has_documents || staging.path().join(JOURNAL_FILE).exists() {
        mark_for_review(&folder)?;
    }
    let mut names = vec![KEY_FILE, SETTINGS_FILE, SHELF, JOURNAL_FILE];
    if server.is_none() {
        names.push(DATABASE_FILE);
    }
    names.retain(|name| staging.path().join(name).exists());
    put_in_place(staging.path(), &folder, &names)?;
    let mut schema_aside = None;
    if let Some(server) = &server {
        if manner.replace {
            schema_aside = server.set_aside(&stamp(now)).await?;
        }
        let copy = staging.path().join(DATABASE_FILE);
        store::prepare(&copy).await?;
        server.fill_from(&copy).await?;
        server.mark(&folder)?;
    }
    drop(held);
    Ok(Restored {
        settings: folder.join(SETTINGS_FILE),
        schema_aside,
        place: server.map(|server| server.place()).transpose()?,
        taken_at,
        folder,
        snapshot,
        proved,
        key,
        set_aside,
    })
}

/// Whether a copy was sealed with a phrase.
pub fn asks_for_phrase(from: &Path) -> Result<bool, AppError> {
    let label = archive::label(from)?;
    Ok(label.seal.is_some_and(|seal| seal.by() == SealedBy::Phrase))
}

/// A folder means a file in it that is named after the moment. What is not a copy of ours is not
/// written over.
fn destination(to: &Path, now: Timestamp) -> Result<PathBuf, AppError> {
    let to = if to.is_dir() {
        to.join(format!("chaski-{}.zip", stamp(now)))
    } else {
        to.to_owned()
    };
    if to.exists() && archive::label(&to).is_err() {
        let shown = to.display();
        return Err(AppError::Usage(text!(
            "ya existe {shown} y no es una copia de Chaski: elija otro nombre",
            "{shown} exists and is not a copy by Chaski: choose another name"
        )));
    }
    Ok(to)
}

/// Whether a copy is as it was made, by its seal. The key that is here counts before the one that
/// came with the copy, which whoever altered it may have brought.
fn prove(
    config: &Config,
    mode: Mode,
    folder: &Path,
    from: &Path,
    label: &Label,
    manner: &Manner,
) -> Result<Proved, AppError> {
    let waived = manner.demand == Demand::Waived;
    let Some(seal) = &label.seal else {
        return match manner.demand {
            Demand::Always => Err(BackupFault::NoSeal.of(from)),
            Demand::Usual | Demand::Waived => Ok(Proved::Unsealed),
        };
    };
    let (proof, proved, unfit) = match (seal.by(), &manner.phrase) {
        (SealedBy::Phrase, None) if waived => return Ok(Proved::Waived),
        (SealedBy::Phrase, None) => return Err(BackupFault::NeedsPhrase.of(from)),
        (SealedBy::Phrase, Some(phrase)) => (
            seal.proof_by_phrase(phrase, &label.text)?,
            Proved::Sealed,
            BackupFault::OtherPhrase,
        ),
        (SealedBy::Key, _) => {
            let here = secrets::existing_key(config, mode, folder)?;
            let proved = match here {
                Some(_) => Proved::Sealed,
                None => Proved::ByItself,
            };
            match here.as_ref().or(label.key.as_ref()) {
                Some(key) => (
                    seal.proof_by_key(key, &label.text),
                    proved,
                    BackupFault::OtherKey,
                ),
                None if waived => return Ok(Proved::Waived),
                None => {
                    let folder = folder.to_owned();
                    return Err(BackupFault::NoKey { folder }.of(from));
                }
            }
        }
    };
    match proof {
        Proof::Whole => Ok(proved),
        Proof::Altered => Err(BackupFault::Altered.of(from)),
        Proof::Another if waived => Ok(Proved::Waived),
        Proof::Another => Err(unfit.of(from)),
    }
}

/// Does something long with files.
async fn in_background<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, AppError> + Send + 'static,
) -> Result<T, AppError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(std::io::Error::from)?
}

/// Holds the folder, making it if need be, and says what data are in it. One that is refused for
/// what is in it is left as it was.
fn take_over(folder: &Path, replace: bool) -> Result<(Held, Vec<String>), AppError> {
    private::make_folder(folder).map_err(AppError::file(folder))?;
    let is_data = |name: &str| {
        !NOT_DATA.contains(&name) && ![SET_ASIDE, SERVING].iter().any(|it| name.starts_with(it))
    };
    let free = || match names_in(folder, is_data)? {
        names if replace || names.is_empty() => Ok(names),
        _ => Err(BackupFault::NotEmpty.of(folder)),
    };
    free()?;
    let held = hold(folder)?;
    Ok((held, free()?))
}

/// Locks a folder that no other process uses.
pub(super) fn hold(folder: &Path) -> Result<Held, AppError> {
    store::hold(folder).map_err(|error| match error {
        StoreError::Locked => BackupFault::InUse.of(folder),
        error => error.into(),
    })
}

/// The names in a folder of which that is true.
pub(super) fn names_in(
    folder: &Path,
    wanted: impl Fn(&str) -> bool,
) -> Result<Vec<String>, AppError> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(AppError::file(folder))? {
        let entry = entry.map_err(AppError::file(folder))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if wanted(&name) {
            names.push(name);
        }
    }
    Ok(names)
}

/// Leaves beside the copy the key that it will be read with, if there is one and it does not come
/// from outside.
fn leave_key(
    config: &Config,
    mode: Mode,
    folder: &Path,
    staging: &Path,
    snapshot: &Snapshot,
) -> Result<RestoredKey, AppError> {
    let copied = MasterKey::load(staging)?;
    if mode == Mode::Real
        && let Some(outside) = &config.key
    {
        snapshot.demand(&outside.key()?)?;
        let file = staging.join(KEY_FILE);
        if copied.is_some() {
            fs::remove_file(&file).map_err(AppError::file(&file))?;
        }
        return Ok(RestoredKey::Outside);
    }
    if let Some(key) = copied {
        snapshot.demand(&key)?;
        return Ok(RestoredKey::Copied);
    }
    // What is in the folder is about to be set aside; a key that is no key is no use.
    let kept = MasterKey::load(folder).ok().flatten();
    match kept.filter(|key| snapshot.opens_with(key)) {
        Some(key) => {
            write_key(&key, staging)?;
            Ok(RestoredKey::Kept)
        }
        None => Ok(RestoredKey::Missing),
    }
}

/// Puts what has those names into a folder of its own, if there are any; says which.
pub(super) fn set_aside(
    folder: &Path,
    names: &[String],
    now: Timestamp,
) -> Result<Option<PathBuf>, AppError> {
    if names.is_empty() {
        return Ok(None);
    }
    let stamp = stamp(now);
    let mut aside = folder.join(format!("{SET_ASIDE}{stamp}"));
    let mut count = 1;
    while aside.exists() {
        count += 1;
        aside = folder.join(format!("{SET_ASIDE}{stamp}-{count}"));
    }
    private::make_folder(&aside).map_err(AppError::file(&aside))?;
    put_in_place(folder, &aside, names)?;
    Ok(Some(aside))
}

/// Takes what has those names to another folder, in that order.
pub(super) fn put_in_place(
    from: &Path,
    to: &Path,
    names: &[impl AsRef<Path>],
) -> Result<(), AppError> {
    for name in names {
        let place = to.join(name);
        fs::rename(from.join(name), &place).map_err(AppError::file(&place))?;
    }
    private::sync_folder(to).map_err(AppError::file(to))
}

/// For names: `20261122-164100`, Lima.
fn stamp(now: Timestamp) -> String {
    lima_datetime(now).strftime("%Y%m%d-%H%M%S").to_string()
}

fn staging_in(folder: &Path) -> Result<tempfile::TempDir, AppError> {
    private::passing_folder(".chaski-copia-", folder).map_err(AppError::file(folder))
}
