//! The data of a folder taken to a database on a server, and back. What they are taken from stays as
//! it is, and a move that was cut short is begun anew.

use std::fs;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};

use super::backups::{BackupError, set_aside, side_of, sync_folder, write_private};
use super::journals::take_along;
use super::migrate::{copy_database, hold_old};
use super::{AppError, Mode, folder_of, secrets};
use crate::config::Config;
use crate::store::{
    self, DATABASE_FILE, KEY_FILE, MasterKey, Moved, PostgresFault, Snapshot, StoreError,
};

/// What became of one side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MovedSide {
    /// Which one.
    pub mode: Mode,
    /// Where it is now: a folder, or machine and database.
    pub place: String,
    /// Its tables, which are the same at both ends.
    pub tables: Vec<Moved>,
    /// Where what was in the folder before is kept.
    pub set_aside: Option<PathBuf>,
}

/// Takes both sides of a folder to an empty database.
pub async fn move_to_server(
    config: &Config,
    from: &Path,
    url: &SecretString,
) -> Result<Vec<MovedSide>, AppError> {
    let config = rooted(config, from);
    let mut done = Vec::new();
    for mode in [Mode::Real, Mode::Sandbox] {
        let folder = folder_of(&config, mode);
        if !folder.join(DATABASE_FILE).exists() {
            continue;
        }
        if let Some(place) = store::elsewhere(&folder) {
            return Err(StoreError::Postgres(PostgresFault::Elsewhere { place }).into());
        }
        // From a copy of its own, while nobody works there.
        let held = hold_old(&folder)?;
        let staging = private_folder_in(&folder)?;
        let copy = staging.path().join(DATABASE_FILE);
        copy_database(&folder, &copy)?;
        store::prepare(&copy).await?;
        store::inspect(&copy).await?;
        let side = side_of(url, mode);
        done.push(MovedSide {
            mode,
            tables: side.fill_from(&copy).await?,
            place: side.place()?,
            set_aside: None,
        });
        drop(held);
    }
    if done.is_empty() {
        let folder = from.to_owned();
        return Err(BackupError::NothingThere { folder }.into());
    }
    // From here on nobody works with what was left behind by mistake.
    for side in &done {
        side_of(url, side.mode).mark(&folder_of(&config, side.mode))?;
    }
    Ok(done)
}

/// Takes both sides of a database to a folder; what is there already is refused, or set aside.
pub async fn move_to_folder(
    config: &Config,
    url: &SecretString,
    to: &Path,
    replace: bool,
    now: jiff::Timestamp,
) -> Result<Vec<MovedSide>, AppError> {
    let there = rooted(config, to);
    let mut done = Vec::new();
    for mode in [Mode::Real, Mode::Sandbox] {
        let side = side_of(url, mode);
        if !side.has_data().await? {
            continue;
        }
        let folder = folder_of(&there, mode);
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&folder)
            .map_err(AppError::file(&folder))?;
        let old = databases_in(&folder)?;
        if !old.is_empty() && !replace {
            return Err(BackupError::NotEmpty { folder }.into());
        }
        let held = store::hold(&folder).map_err(|error| match error {
            StoreError::Locked => AppError::from(BackupError::InUse {
                folder: folder.clone(),
            }),
            error => error.into(),
        })?;
        // 1. Beside its place, and what opens it.
        let staging = private_folder_in(&folder)?;
        let tables = side.take_into(staging.path()).await?;
        let copy = staging.path().join(DATABASE_FILE);
        let snapshot = store::inspect(&copy).await?;
        settle_key(config, &there, mode, &folder, &snapshot)?;
        // 2. What was there aside, and it in its place.
        let aside = match old.as_slice() {
            [] => None,
            names => Some(set_aside(&folder, names, now)?),
        };
        side.unmark(&folder)?;
        take_along(&folder_of(config, mode), &folder)?;
        let place = folder.join(DATABASE_FILE);
        fs::rename(&copy, &place).map_err(AppError::file(&place))?;
        sync_folder(&folder)?;
        drop(held);
        done.push(MovedSide {
            mode,
            place: folder.display().to_string(),
            tables,
            set_aside: aside,
        });
    }
    if done.is_empty() {
        let folder = PathBuf::from(side_of(url, Mode::Real).place()?);
        return Err(BackupError::NothingThere { folder }.into());
    }
    Ok(done)
}

/// The key that opens it is in the folder, comes from outside, or is in the folder that was used with
/// the server; then it goes along.
fn settle_key(
    config: &Config,
    there: &Config,
    mode: Mode,
    folder: &Path,
    snapshot: &Snapshot,
) -> Result<(), AppError> {
    let known = secrets::existing_key(there, mode, folder)?;
    if let Some(key) = &known {
        return if snapshot.opens_with(key) {
            Ok(())
        } else {
            Err(StoreError::KeyWrong.into())
        };
    }
    let usual = MasterKey::load(&folder_of(config, mode))?;
    match usual.filter(|key| snapshot.opens_with(key)) {
        Some(key) => {
            let text = format!("{}\n", key.to_text().expose_secret());
            write_private(&folder.join(KEY_FILE), text.as_bytes())
        }
        None if snapshot.has_personal_data => Err(StoreError::KeyMissing.into()),
        None => Ok(()),
    }
}

/// The same configuration with its data elsewhere.
fn rooted(config: &Config, dir: &Path) -> Config {
    Config {
        dir: dir.to_owned(),
        ..config.clone()
    }
}

/// The files of a database that a folder has.
fn databases_in(folder: &Path) -> Result<Vec<String>, AppError> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(AppError::file(folder))? {
        let entry = entry.map_err(AppError::file(folder))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with(DATABASE_FILE) {
            names.push(name);
        }
    }
    Ok(names)
}

fn private_folder_in(folder: &Path) -> Result<tempfile::TempDir, AppError> {
    tempfile::Builder::new()
        .prefix(".chaski-traslado-")
        .permissions(fs::Permissions::from_mode(0o700))
        .tempdir_in(folder)
        .map_err(AppError::file(folder))
}
