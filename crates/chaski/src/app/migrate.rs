//! Taking an old data folder over: whole into a new one; into one that is in use, what is missing or
//! newer. The old one stays as it is.

use chaski_core::text;
use std::fs;
use std::path::{Path, PathBuf};

use secrecy::ExposeSecret;

use super::backup_error::BackupFault;
use super::backups::{put_in_place, write_key};
use super::invoices::JOURNAL_FILE;
use super::issuing::take_files_along;
use super::journals::{mark_for_review, take_along};
use super::{AppError, Mode, folder_of, secrets};
use crate::config::{Config, OutsideKey};
use crate::private;
use crate::store::{
    self, Absorbed, DATABASE_FILE, Held, KEY_FILE, MasterKey, Snapshot, StoreError,
};

/// Begins the name of a folder that data pass through on their way.
pub(super) const MOVING: &str = ".chaski-traslado-";

/// What became of one side of the old folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migrated {
    /// Which side.
    pub mode: Mode,
    /// Where it is now.
    pub folder: PathBuf,
    /// How it came there.
    pub how: How,
}

/// How a side was taken over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum How {
    /// There was nothing: all of it is there now.
    Whole(Snapshot),
    /// What was missing or newer.
    Merged(Absorbed),
}

/// Takes over both sides of an old folder. May be repeated, also after it was interrupted.
pub async fn migrate(config: &Config, from: &Path) -> Result<Vec<Migrated>, AppError> {
    let mut config = config.clone();
    // Where an old folder is used because one stands beside it, the user's own is meant.
    if let Some(usual) = config.usual_dir.take() {
        config.dir = usual;
    }
    let sides = [
        (Mode::Real, from.to_owned()),
        (Mode::Sandbox, from.join("sandbox")),
    ];
    let has_data = |folder: &Path| folder.join(DATABASE_FILE).exists();
    if !sides.iter().any(|(_, folder)| has_data(folder)) {
        return Err(BackupFault::NothingThere.of(from));
    }
    refuse_itself(&config, from)?;
    let mut done = Vec::new();
    for (mode, folder) in sides {
        if has_data(&folder) {
            done.push(side(&config, mode, &folder).await?);
        }
    }
    Ok(done)
}

async fn side(config: &Config, mode: Mode, from: &Path) -> Result<Migrated, AppError> {
    let folder = folder_of(config, mode);
    private::make_folder(&folder).map_err(AppError::file(&folder))?;
    // 1. A copy of its own, taken while nobody works there.
    let staging = private::passing_folder(MOVING, &folder).map_err(AppError::file(&folder))?;
    // Nothing is written in the old folder.
    let held = hold_old(from)?;
    let (copy, snapshot) = own_copy(from, staging.path()).await?;
    drop(held);
    // 2. What opens it.
    let key = key_of(config, from, staging.path(), &snapshot)?;
    // 3. Whole into a new folder, the database last; else what is missing or newer.
    if is_free_for(config, &folder, &key)? {
        let held = store::hold(&folder)?;
        write_key(&key, staging.path())?;
        take_along(from, &folder)?;
        bring_files((from, &key), (&folder, &key), &snapshot)?;
        put_in_place(staging.path(), &folder, &[KEY_FILE, DATABASE_FILE])?;
        drop(held);
        let how = How::Whole(snapshot);
        return Ok(Migrated { mode, folder, how });
    }
    // What was issued from two folders cannot be told as one story.
    if from.join(JOURNAL_FILE).exists() {
        return Err(StoreError::TwoJournals.into());
    }
    let source = source_name(from, mode);
    let mine = secrets::key_of(config, mode, &folder)?;
    let absorbed = store::absorb(&folder, mine, &copy, &key, &source).await?;
    // A run that was cut short here is repeated.
    let files_key = secrets::key_of(config, mode, &folder)?;
    bring_files((from, &key), (&folder, &files_key), &snapshot)?;
    let how = How::Merged(absorbed);
    Ok(Migrated { mode, folder, how })
}

/// The files of documents come along, and their series are walked before they go on: somebody may have
/// issued from the old folder since.
fn bring_files(
    from: (&Path, &MasterKey),
    to: (&Path, &MasterKey),
    snapshot: &Snapshot,
) -> Result<(), AppError> {
    if !snapshot.has_documents {
        return Ok(());
    }
    mark_for_review(to.0)?;
    take_files_along(from, to).map_err(AppError::file(to.0))
}

/// The key in the old folder, else the one from outside. Where nothing is sealed, any.
fn key_of(
    config: &Config,
    from: &Path,
    staging: &Path,
    snapshot: &Snapshot,
) -> Result<MasterKey, AppError> {
    let key = match MasterKey::load(from)? {
        Some(key) => Some(key),
        None => config.key.as_ref().map(OutsideKey::key).transpose()?,
    };
    match key {
        Some(key) if snapshot.opens_with(&key) => Ok(key),
        Some(_) => Err(StoreError::KeyWrong.into()),
        None if snapshot.has_personal_data => Err(StoreError::KeyMissing.into()),
        None => Ok(MasterKey::load_or_create(staging)?),
    }
}

/// Nothing is there yet, but perhaps the key of a run that was interrupted.
fn is_free_for(config: &Config, folder: &Path, key: &MasterKey) -> Result<bool, AppError> {
    let there = |name: &str| folder.join(name).symlink_metadata().is_ok();
    if config.key.is_some() || there(DATABASE_FILE) || there(&format!("{DATABASE_FILE}-wal")) {
        return Ok(false);
    }
    let same = |other: &MasterKey| other.to_text().expose_secret() == key.to_text().expose_secret();
    Ok(MasterKey::load(folder)?.is_none_or(|other| same(&other)))
}

/// Holds an old folder that nobody works in.
pub(super) fn hold_old(from: &Path) -> Result<Option<Held>, AppError> {
    // Who works there says so in this file; without it, nobody of these versions does.
    let says_so = from.join("chaski.uso").exists();
    match says_so.then(|| store::hold(from)) {
        Some(Err(StoreError::Locked)) => Err(BackupFault::InUse.of(from)),
        // What may only be read can be copied as well.
        held => Ok(held.and_then(Result::ok)),
    }
}

/// The database of a folder that nobody works in, copied to another one, brought up to date and looked
/// over.
pub(super) async fn own_copy(from: &Path, to: &Path) -> Result<(PathBuf, Snapshot), AppError> {
    for name in [DATABASE_FILE.to_owned(), format!("{DATABASE_FILE}-wal")] {
        let file = from.join(&name);
        if name == DATABASE_FILE || file.exists() {
            fs::copy(&file, to.join(&name)).map_err(AppError::file(&file))?;
        }
    }
    let copy = to.join(DATABASE_FILE);
    store::prepare(&copy).await?;
    let snapshot = store::inspect(&copy).await?;
    Ok((copy, snapshot))
}

fn refuse_itself(config: &Config, from: &Path) -> Result<(), AppError> {
    let real = |path: &Path| fs::canonicalize(path).ok();
    let itself = [Mode::Real, Mode::Sandbox].map(|mode| real(&folder_of(config, mode)));
    if !real(from).is_some_and(|from| itself.contains(&Some(from))) {
        return Ok(());
    }
    let shown = from.display();
    Err(AppError::Usage(text!(
        "la carpeta {shown} es la de datos que ya se usa: indique con --from la anterior",
        "{shown} is the data folder in use already: name the old one with --from"
    )))
}

/// Tells one old folder from another, so that what was added from it is not added twice.
fn source_name(from: &Path, mode: Mode) -> String {
    let from = fs::canonicalize(from).unwrap_or_else(|_| from.to_owned());
    let text = format!("{mode:?}\0{}", from.display());
    blake3::hash(text.as_bytes()).to_hex()[..16].to_owned()
}
