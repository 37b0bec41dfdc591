//! Copies of the data folder: taken while others work in it, and put in the place of another.

mod archive;
mod error;

pub(super) use archive::{sync_folder, write_private};
pub use error::BackupError;

use std::fs;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use chaski_core::lima_datetime;
use jiff::Timestamp;
use secrecy::ExposeSecret;

use self::archive::{Contents, Manifest, SETTINGS_FILE};
use super::{AppError, Mode, Wish, folder_of, secrets};
use crate::config::Config;
use crate::store::{self, DATABASE_FILE, Held, KEY_FILE, MasterKey, Snapshot, StoreError};

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
    /// Where the key comes from now.
    pub key: RestoredKey,
    /// Where what was in the folder before is kept.
    pub set_aside: Option<PathBuf>,
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
const NOT_DATA: [&str; 3] = ["sandbox", "chaski.lock", "chaski.uso"];

/// Begins the names of what a restoration set aside.
const SET_ASIDE: &str = "anterior-";

/// Whose data a deed about the folder itself is about: those of the sandbox only if they are all
/// there is. A token has nothing to do with it.
pub fn mode_of_data(config: &Config, wish: Wish) -> Mode {
    let has_database = |mode| folder_of(config, mode).join(DATABASE_FILE).exists();
    let only_invented = !has_database(Mode::Real) && has_database(Mode::Sandbox);
    match wish {
        Wish::Sandbox => Mode::Sandbox,
        Wish::None if only_invented => Mode::Sandbox,
        Wish::None | Wish::Real => Mode::Real,
    }
}

/// Copies the data of a mode to a file, or into a folder under a name with the date, with a text
/// of settings. It appears whole and verified or not at all. Others may be working meanwhile.
pub async fn backup(
    config: &Config,
    mode: Mode,
    settings: &str,
    to: &Path,
    with_key: bool,
    now: Timestamp,
) -> Result<Taken, AppError> {
    // 1. From where and to where.
    let folder = folder_of(config, mode);
    if !folder.join(DATABASE_FILE).exists() {
        return Err(BackupError::NothingThere { folder }.into());
    }
    let to = destination(to, now)?;
    // 2. The database as it is at this moment, looked over.
    let staging = private_folder_in(archive::folder_of(&to))?;
    let copy = staging.path().join(DATABASE_FILE);
    store::snapshot(&folder, &copy).await?;
    let snapshot = store::inspect(&copy).await?;
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
        key,
        sandbox: mode == Mode::Sandbox,
        taken_at: now,
    };
    let path = to.clone();
    let packed = tokio::task::spawn_blocking(move || archive::pack(&contents, &to));
    let bytes = packed.await.map_err(std::io::Error::from)??;
    Ok(Taken {
        path,
        bytes,
        with_key,
        snapshot,
    })
}

/// Puts a copy in the place of the data folder. One in use is refused; one with data too, unless
/// `replace` says to set them aside.
pub async fn restore(
    config: &Config,
    wish: Wish,
    from: &Path,
    replace: bool,
    now: Timestamp,
) -> Result<Restored, AppError> {
    // 1. The copy is whole.
    let manifest = verified(from).await?;
    let mode = match (wish, manifest.sandbox) {
        (Wish::Sandbox, _) | (Wish::None, true) => Mode::Sandbox,
        _ => Mode::Real,
    };
    let folder = folder_of(config, mode);
    // 2. Nobody uses the folder, and nothing in it is lost.
    let (held, occupied) = take_over(&folder, replace)?;
    // 3. Beside its place, so that each file is put there in one step.
    let staging = private_folder_in(&folder)?;
    let (source, beside) = (from.to_owned(), staging.path().to_owned());
    let unpacked = tokio::task::spawn_blocking(move || archive::unpack(&source, &beside));
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
    // 4. With which key it will be read.
    let key = settle_key(config, mode, &folder, staging.path(), &snapshot)?;
    // 5. The old one aside, the new one in its place, the database last.
    let set_aside = match occupied.as_slice() {
        [] => None,
        names => Some(set_aside(&folder, names, now)?),
    };
    for name in [KEY_FILE, SETTINGS_FILE, DATABASE_FILE] {
        let (beside, place) = (staging.path().join(name), folder.join(name));
        if beside.exists() {
            fs::rename(&beside, &place).map_err(AppError::file(&place))?;
        }
    }
    archive::sync_folder(&folder)?;
    drop(held);
    Ok(Restored {
        settings: folder.join(SETTINGS_FILE),
        taken_at: manifest.taken_at,
        folder,
        snapshot,
        key,
        set_aside,
    })
}

/// A folder means a file in it that is named after the moment. What is not a copy of ours is not
/// written over.
fn destination(to: &Path, now: Timestamp) -> Result<PathBuf, AppError> {
    let to = if to.is_dir() {
        to.join(format!("chaski-{}.zip", stamp(now)))
    } else {
        to.to_owned()
    };
    if to.exists() && archive::manifest(&to).is_err() {
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

async fn verified(from: &Path) -> Result<Manifest, AppError> {
    let from = from.to_owned();
    let verifying = tokio::task::spawn_blocking(move || archive::verify(&from));
    verifying.await.map_err(std::io::Error::from)?
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
        if !NOT_DATA.contains(&name.as_str()) && !name.starts_with(SET_ASIDE) {
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

fn set_aside(folder: &Path, names: &[String], now: Timestamp) -> Result<PathBuf, AppError> {
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
