//! Copies of the data folder: taken while others work in it, and put in the place of another.

mod archive;
mod seal;

pub use super::backup_error::BackupError;
pub use super::seal_error::SealError;
pub(super) use archive::{sync_folder, write_private};
pub use seal::LEAST_PHRASE;

use std::fs;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use chaski_core::lima_datetime;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};

use self::archive::{Contents, Label, SETTINGS_FILE};
use self::seal::{Proof, SealWith, SealedBy};
use super::invoices::JOURNAL_FILE;
use super::journals::{copy_journal, mark_for_review};
use super::servers::SERVING;
use super::{AppError, Mode, WantedMode, folder_of, has_data, schema_of, secrets};
use crate::config::Config;
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
pub struct Taken {
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
const NOT_DATA: [&str; 6] = [
    "sandbox",
    "chaski.lock",
    "chaski.uso",
    "procesos",
    "nubefact",
    "emision.diario.pid",
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
) -> Result<Taken, AppError> {
    // 1. From where and to where.
    let folder = folder_of(config, mode);
    let url = secrets::open_database_url(config)?;
    let server = url.as_ref().map(|url| side_of(url, mode));
    let is_there = match &server {
        Some(server) => server.has_data().await?,
        None => folder.join(DATABASE_FILE).exists(),
    };
    if !is_there {
        return Err(BackupError::NothingThere { folder }.into());
    }
    let to = destination(to, now)?;
    let seal_with = match phrase {
        Some(phrase) => SealWith::Phrase(phrase),
        None => secrets::existing_key(config, mode, &folder)?
            .map(SealWith::Key)
            .ok_or_else(|| SealError::NothingToSealWith {
                folder: folder.clone(),
            })?,
    };
    // 2. The database as it is at this moment, looked over.
    let staging = private_folder_in(archive::folder_of(&to))?;
    let copy = staging.path().join(DATABASE_FILE);
    match &server {
        Some(server) => server.copy_to(&copy).await.map(drop)?,
        None => store::snapshot(&folder, &copy).await?,
    }
    let snapshot = store::inspect(&copy).await?;
    if let SealWith::Key(key) = &seal_with
        && !snapshot.opens_with(key)
    {
        return Err(StoreError::KeyWrong.into());
    }
    let journal = staging.path().join(JOURNAL_FILE);
    let journal = copy_journal(&folder, &journal)?.then_some(journal);
    // 3. The key, if it is to go with it: the one that opens what is in the copy.
    let key = if with_key {
        Some(key_of_copy(config, mode, &folder, &snapshot)?)
    } else {
        None
    };
    // 4. One file, read back from the disk before it takes its name.
    let contents = Contents {
        database: copy,
        settings: settings.to_owned(),
        journal,
        key,
        seal_with,
        sandbox: mode == Mode::Sandbox,
        taken_at: now,
    };
    let path = to.clone();
    let packed = tokio::task::spawn_blocking(move || archive::pack(&contents, &to));
    let bytes = packed.await.map_err(std::io::Error::from)??;
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
    Ok(Taken {
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
    verified(from).await?;
    // 2. Nobody uses the folder, and nothing in it is lost.
    let (held, occupied) = take_over(&folder, manner.replace)?;
    // 3. Beside its place, so that each file is put there in one step.
    let staging = private_folder_in(&folder)?;
    let (source, beside) = (from.to_owned(), staging.path().to_owned());
    let unpacked = tokio::task::spawn_blocking(move || archive::unpack(&source, &beside, &label));
    unpacked.await.map_err(std::io::Error::from)??;
    let snapshot = store::inspect(&staging.path().join(DATABASE_FILE))
        .await
        .map_err(|error| match error {
            StoreError::NewerSchema { .. } => AppError::Store(error),
            _ => BackupError::Damaged {
                path: from.to_owned(),
            }
            .into(),
        })?;
    if proved == Proved::Unsealed && snapshot.schema > UNSEALED_SCHEMA {
        return Err(SealError::Altered {
            path: from.to_owned(),
        }
        .into());
    }
    // 4. With which key it will be read.
    let key = settle_key(config, mode, &folder, staging.path(), &snapshot)?;
    // 5. The old one aside, the new one in its place, the database last.
    let set_aside = match occupied.as_slice() {
        [] => None,
        names => Some(set_aside(&folder, names, now)?),
    };
    if staging.path().join(JOURNAL_FILE).exists() {
        mark_for_review(&folder)?;
    }
    let mut names = vec![KEY_FILE, SETTINGS_FILE, JOURNAL_FILE];
    if server.is_none() {
        names.push(DATABASE_FILE);
    }
    for name in names {
        let (beside, place) = (staging.path().join(name), folder.join(name));
        if beside.exists() {
            fs::rename(&beside, &place).map_err(AppError::file(&place))?;
        }
    }
    archive::sync_folder(&folder)?;
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
        return Err(AppError::usage(
            format!("ya existe {shown} y no es una copia de Chaski: elija otro nombre"),
            format!("{shown} exists and is not a copy by Chaski: choose another name"),
        ));
    }
    Ok(to)
}

fn key_of_copy(
    config: &Config,
    mode: Mode,
    folder: &Path,
    snapshot: &Snapshot,
) -> Result<MasterKey, AppError> {
    let key = match secrets::existing_key(config, mode, folder)? {
        Some(key) if snapshot.opens_with(&key) => key,
        Some(_) => return Err(StoreError::KeyWrong.into()),
        None => return Err(StoreError::KeyMissing.into()),
    };
    Ok(key)
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
    let path = || from.to_owned();
    let waived = manner.demand == Demand::Waived;
    let Some(seal) = &label.seal else {
        return match manner.demand {
            Demand::Always => Err(SealError::Missing { path: path() }.into()),
            Demand::Usual | Demand::Waived => Ok(Proved::Unsealed),
        };
    };
    let (proof, proved, unfit) = match (seal.by(), &manner.phrase) {
        (SealedBy::Phrase, None) if waived => return Ok(Proved::Waived),
        (SealedBy::Phrase, None) => return Err(SealError::NeedsPhrase { path: path() }.into()),
        (SealedBy::Phrase, Some(phrase)) => (
            seal.proof_by_phrase(phrase, &label.text)?,
            Proved::Sealed,
            SealError::OtherPhrase { path: path() },
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
                    SealError::OtherKey { path: path() },
                ),
                None if waived => return Ok(Proved::Waived),
                None => {
                    return Err(SealError::NoKey {
                        path: path(),
                        folder: folder.to_owned(),
                    }
                    .into());
                }
            }
        }
    };
    match proof {
        Proof::Whole => Ok(proved),
        Proof::Altered => Err(SealError::Altered { path: path() }.into()),
        Proof::Another if waived => Ok(Proved::Waived),
        Proof::Another => Err(unfit.into()),
    }
}

async fn verified(from: &Path) -> Result<(), AppError> {
    let from = from.to_owned();
    let verifying = tokio::task::spawn_blocking(move || archive::verify(&from));
    verifying.await.map_err(std::io::Error::from)??;
    Ok(())
}

/// Holds the folder, making it if need be, and says what data are in it. One that is refused for
/// what is in it is left as it was.
fn take_over(folder: &Path, replace: bool) -> Result<(Held, Vec<String>), AppError> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(AppError::file(folder))?;
    let free = || match data_in(folder)? {
        names if replace || names.is_empty() => Ok(names),
        _ => Err(AppError::from(BackupError::NotEmpty {
            folder: folder.to_owned(),
        })),
    };
    free()?;
    let held = store::hold(folder).map_err(|error| match error {
        StoreError::Locked => AppError::from(BackupError::InUse {
            folder: folder.to_owned(),
        }),
        error => error.into(),
    })?;
    Ok((held, free()?))
}

/// Names of what is data in a folder.
fn data_in(folder: &Path) -> Result<Vec<String>, AppError> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(AppError::file(folder))? {
        let entry = entry.map_err(AppError::file(folder))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_data = !NOT_DATA.contains(&name.as_str())
            && ![SET_ASIDE, SERVING].iter().any(|it| name.starts_with(it));
        if is_data {
            names.push(name);
        }
    }
    Ok(names)
}

/// Leaves beside the copy the key that it will be read with, if there is one and it does not come
/// from outside.
fn settle_key(
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
        if !snapshot.opens_with(&outside.key()?) {
            return Err(StoreError::KeyWrong.into());
        }
        let file = staging.join(KEY_FILE);
        if copied.is_some() {
            fs::remove_file(&file).map_err(AppError::file(&file))?;
        }
        return Ok(RestoredKey::Outside);
    }
    if let Some(key) = copied {
        return if snapshot.opens_with(&key) {
            Ok(RestoredKey::Copied)
        } else {
            Err(StoreError::KeyWrong.into())
        };
    }
    // What is in the folder is about to be set aside; a key that is no key is no use.
    let kept = MasterKey::load(folder).ok().flatten();
    match kept.filter(|key| snapshot.opens_with(key)) {
        Some(key) => {
            let text = format!("{}\n", key.to_text().expose_secret());
            archive::write_private(&staging.join(KEY_FILE), text.as_bytes())?;
            Ok(RestoredKey::Kept)
        }
        None => Ok(RestoredKey::Missing),
    }
}

pub(super) fn set_aside(
    folder: &Path,
    names: &[String],
    now: Timestamp,
) -> Result<PathBuf, AppError> {
    let stamp = stamp(now);
    let mut aside = folder.join(format!("{SET_ASIDE}{stamp}"));
    let mut count = 1;
    while aside.exists() {
        count += 1;
        aside = folder.join(format!("{SET_ASIDE}{stamp}-{count}"));
    }
    fs::DirBuilder::new()
        .mode(0o700)
        .create(&aside)
        .map_err(AppError::file(&aside))?;
    for name in names {
        let place = aside.join(name);
        fs::rename(folder.join(name), &place).map_err(AppError::file(&place))?;
    }
    archive::sync_folder(&aside)?;
    Ok(aside)
}

/// For names: `20261122-164100`, Lima.
fn stamp(now: Timestamp) -> String {
    lima_datetime(now).strftime("%Y%m%d-%H%M%S").to_string()
}

fn private_folder_in(folder: &Path) -> Result<tempfile::TempDir, AppError> {
    tempfile::Builder::new()
        .prefix(".chaski-copia-")
        .permissions(fs::Permissions::from_mode(0o700))
        .tempdir_in(folder)
        .map_err(AppError::file(folder))
}
