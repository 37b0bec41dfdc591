//! The data of a folder taken to a database on a server, and back. What they are taken from stays as
//! it is, and a move that was cut short is begun anew.

use std::path::{Path, PathBuf};

use secrecy::SecretString;

use super::backup_error::BackupFault;
use super::backups::{hold, names_in, put_in_place, set_aside, side_of, write_key};
use super::issuing::take_files_along;
use super::journals::{mark_for_review, take_along};
use super::migrate::{MOVING, hold_old, own_copy};
use super::{AppError, Mode, folder_of, secrets};
use crate::config::Config;
use crate::private;
use crate::store::{self, DATABASE_FILE, MasterKey, Moved, PostgresFault, Snapshot, StoreError};

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
            return Err(StoreError::Postgres(PostgresFault::Elsewhere(place)).into());
        }
        // From a copy of its own, while nobody works there.
        let held = hold_old(&folder)?;
        let staging = private::passing_folder(MOVING, &folder).map_err(AppError::file(&folder))?;
        let (copy, _) = own_copy(&folder, staging.path()).await?;
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
        return Err(BackupFault::NothingThere.of(from));
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
        private::make_folder(&folder).map_err(AppError::file(&folder))?;
        let old = names_in(&folder, |name| name.starts_with(DATABASE_FILE))?;
        if !old.is_empty() && !replace {
            return Err(BackupFault::NotEmpty.of(&folder));
        }
        let held = hold(&folder)?;
        // 1. Beside its place, and what opens it.
        let staging = private::passing_folder(MOVING, &folder).map_err(AppError::file(&folder))?;
        let tables = side.take_into(staging.path()).await?;
        let copy = staging.path().join(DATABASE_FILE);
        let snapshot = store::inspect(&copy).await?;
        bring_key(config, &there, mode, &folder, &snapshot)?;
        // 2. What was there aside, and it in its place.
        let aside = set_aside(&folder, &old, now)?;
        side.unmark(&folder)?;
        let used = folder_of(config, mode);
        take_along(&used, &folder)?;
        if snapshot.has_documents {
            // What is on the server stays there, and somebody may have gone on with it.
            mark_for_review(&folder)?;
            let key = secrets::existing_key(&there, mode, &folder)?;
            if let Some(key) = key.filter(|_| used != folder) {
                let moved = take_files_along((&used, &key), (&folder, &key));
                moved.map_err(AppError::file(&folder))?;
            }
        }
        put_in_place(staging.path(), &folder, &[DATABASE_FILE])?;
        drop(held);
        done.push(MovedSide {
            mode,
            place: folder.display().to_string(),
            tables,
            set_aside: aside,
        });
    }
    if done.is_empty() {
        let place = side_of(url, Mode::Real).place()?;
        return Err(BackupFault::NothingThere.of(Path::new(&place)));
    }
    Ok(done)
}

/// The key that opens it is in the folder, comes from outside, or is in the folder that was used with
/// the server; then it goes along.
fn bring_key(
    config: &Config,
    there: &Config,
    mode: Mode,
    folder: &Path,
    snapshot: &Snapshot,
) -> Result<(), AppError> {
    let known = secrets::existing_key(there, mode, folder)?;
    if let Some(key) = &known {
        return Ok(snapshot.demand(key)?);
    }
    let usual = MasterKey::load(&folder_of(config, mode))?;
    match usual.filter(|key| snapshot.opens_with(key)) {
        Some(key) => write_key(&key, folder),
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
