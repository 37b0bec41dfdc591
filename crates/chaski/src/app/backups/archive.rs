//! A copy as one file: a zip with the database, the settings, perhaps the key, and a manifest that
//! says what each of them must be.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use chaski_core::lima_datetime;
use jiff::Timestamp;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use zip::result::ZipError;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::super::AppError;
use super::super::backup_error::BackupFault;
use super::super::invoices::JOURNAL_FILE;
use super::super::issuing::PACKED;
use super::seal::{Seal, SealWith};
use crate::store::{DATABASE_FILE, KEY_FILE, MasterKey};
use crate::{draft, private};

/// Name of the settings in a copy, and where it was restored.
pub(super) const SETTINGS_FILE: &str = "chaski.toml";

const MANIFEST_FILE: &str = "copia.json";

const SEAL_FILE: &str = "sello.json";

/// Newest form of a copy that this program knows; from 2 on a copy has a seal.
const FORMAT: u32 = 4;

/// The forms of a copy without files of documents, and without the journal's file of before either; older
/// programs know them.
const WITHOUT_FILES: u32 = 3;
const WITHOUT_JOURNAL: u32 = 2;

/// The parts that a copy may have.
const PARTS: [&str; 5] = [DATABASE_FILE, SETTINGS_FILE, KEY_FILE, JOURNAL_FILE, PACKED];

/// A key file is 65 bytes.
const MOST_KEY_BYTES: u64 = 256;

/// A manifest is a few hundred bytes.
const MOST_MANIFEST_BYTES: u64 = 64 * 1024;

/// What goes into a copy.
pub(super) struct Contents {
    pub(super) database: PathBuf,
    pub(super) settings: String,
    /// What was issued before there was a database for it, if that was not taken over yet.
    pub(super) journal: Option<PathBuf>,
    /// The files of documents, if there are any.
    pub(super) files: Option<PathBuf>,
    pub(super) key: Option<MasterKey>,
    pub(super) seal_with: SealWith,
    pub(super) sandbox: bool,
    pub(super) taken_at: Timestamp,
}

/// What a copy says of itself.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Manifest {
    #[serde(rename = "formato")]
    format: u32,
    #[serde(rename = "version")]
    program: String,
    #[serde(rename = "creada")]
    taken_at_lima: String,
    #[serde(rename = "creada_utc")]
    pub(super) taken_at: Timestamp,
    pub(super) sandbox: bool,
    #[serde(rename = "archivos")]
    files: BTreeMap<String, Part>,
}

/// A copy of which nothing but its beginning was read.
pub(super) struct Label {
    pub(super) manifest: Manifest,
    /// What the seal is about, byte by byte.
    pub(super) text: Vec<u8>,
    /// None in copies of before there were seals.
    pub(super) seal: Option<Seal>,
    /// The key that is in it.
    pub(super) key: Option<MasterKey>,
}

/// What every form of a manifest has.
#[derive(Deserialize)]
struct Format {
    formato: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Part {
    bytes: u64,
    blake3: String,
}

/// Writes a copy and reads it back before it takes its name; its size.
pub(super) fn pack(contents: &Contents, to: &Path) -> Result<u64, AppError> {
    let folder = folder_of(to);
    // A draft is its owner's alone, and the name takes its mode.
    draft::clear(folder);
    let draft = draft::begin(folder).map_err(AppError::file(folder))?;
    write(contents, draft.as_file(), to)?;
    draft.as_file().sync_all().map_err(AppError::file(to))?;
    verify(draft.path()).map_err(|_| damaged(to))?;
    let bytes = draft
        .as_file()
        .metadata()
        .map_err(AppError::file(to))?
        .len();
    draft
        .persist(to)
        .map_err(|error| AppError::file(to)(error.error))?;
    private::sync_folder(folder).map_err(AppError::file(folder))?;
    Ok(bytes)
}

/// Reads a copy from end to end.
pub(super) fn verify(from: &Path) -> Result<(), AppError> {
    each_part(from, |_| Ok(Box::new(io::sink())))?;
    Ok(())
}

/// Reads a copy from end to end into a folder, if it still is the one of that label.
pub(super) fn unpack(from: &Path, to: &Path, label: &Label) -> Result<(), AppError> {
    let text = each_part(from, |name| Ok(Box::new(private_file(&to.join(name))?)))?;
    if text != label.text {
        return Err(BackupFault::Altered.of(from));
    }
    Ok(())
}

/// What a copy says of itself, read quickly.
pub(super) fn label(from: &Path) -> Result<Label, AppError> {
    let (mut zip, manifest, text) = opened(from)?;
    let seal = small_part(&mut zip, SEAL_FILE, MOST_MANIFEST_BYTES);
    let seal = match seal.map_err(|_| damaged(from))? {
        None if manifest.format >= 2 => return Err(BackupFault::Altered.of(from)),
        None => None,
        Some(text) => Some(serde_json::from_slice(&text).map_err(|_| damaged(from))?),
    };
    let key = small_part(&mut zip, KEY_FILE, MOST_KEY_BYTES).map_err(|_| damaged(from))?;
    let parsed = |text| MasterKey::parse(&String::from_utf8(text).ok()?).ok();
    let key = key.map(|text| parsed(text).ok_or_else(|| damaged(from)));
    Ok(Label {
        manifest,
        text,
        seal,
        key: key.transpose()?,
    })
}

/// Leaves a key in a folder.
pub(in crate::app) fn write_key(key: &MasterKey, folder: &Path) -> Result<(), AppError> {
    let path = folder.join(KEY_FILE);
    let text = key.to_text();
    let mut file = private_file(&path)?;
    writeln!(file, "{}", text.expose_secret())
        .and_then(|()| file.sync_all())
        .map_err(AppError::file(&path))
}

pub(super) fn folder_of(file: &Path) -> &Path {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

fn private_file(path: &Path) -> Result<File, AppError> {
    private::to_write()
        .create_new(true)
        .open(path)
        .map_err(AppError::file(path))
}

fn write(contents: &Contents, file: &File, to: &Path) -> Result<(), AppError> {
    let failed = |error| AppError::file(to)(io_error(error));
    let mut archive = Archive {
        zip: ZipWriter::new(file),
        files: BTreeMap::new(),
    };
    let manifest = write_parts(contents, &mut archive).map_err(failed)?;
    let seal = Seal::set(&contents.seal_with, &manifest)?;
    let seal = serde_json::to_vec_pretty(&seal).map_err(io::Error::from)?;
    archive.add(SEAL_FILE, seal.as_slice()).map_err(failed)?;
    archive.zip.finish().map_err(failed)?;
    Ok(())
}

/// All but the seal; the text that the seal is about.
fn write_parts(contents: &Contents, archive: &mut Archive<'_>) -> Result<Vec<u8>, ZipError> {
    archive.add(DATABASE_FILE, File::open(&contents.database)?)?;
    archive.add(SETTINGS_FILE, contents.settings.as_bytes())?;
    if let Some(journal) = &contents.journal {
        archive.add(JOURNAL_FILE, File::open(journal)?)?;
    }
    if let Some(files) = &contents.files {
        archive.add(PACKED, File::open(files)?)?;
    }
    if let Some(key) = &contents.key {
        let text = format!("{}\n", key.to_text().expose_secret());
        archive.add(KEY_FILE, text.as_bytes())?;
    }
    let manifest = Manifest {
        format: match (&contents.files, &contents.journal) {
            (Some(_), _) => FORMAT,
            (None, Some(_)) => WITHOUT_FILES,
            (None, None) => WITHOUT_JOURNAL,
        },
        program: env!("CARGO_PKG_VERSION").to_owned(),
        taken_at_lima: lima_datetime(contents.taken_at)
            .strftime("%Y-%m-%d %H:%M:%S")
            .to_string(),
        taken_at: contents.taken_at,
        sandbox: contents.sandbox,
        files: std::mem::take(&mut archive.files),
    };
    let text = serde_json::to_vec_pretty(&manifest).map_err(io::Error::from)?;
    archive.add(MANIFEST_FILE, text.as_slice())?;
    Ok(text)
}

struct Archive<'a> {
    zip: ZipWriter<&'a File>,
    files: BTreeMap<String, Part>,
}

impl Archive<'_> {
    fn add(&mut self, name: &str, mut from: impl Read) -> Result<(), ZipError> {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .compression_level(Some(1))
            .unix_permissions(0o600)
            .large_file(true);
        self.zip.start_file(name, options)?;
        let part = copied(&mut from, &mut self.zip)?;
        self.files.insert(name.to_owned(), part);
        Ok(())
    }
}

/// Hands each part of a copy to what `place` gives for its name, and compares it with what the
/// manifest says it must be; the text of the manifest.
fn each_part(
    from: &Path,
    mut place: impl FnMut(&str) -> Result<Box<dyn Write>, AppError>,
) -> Result<Vec<u8>, AppError> {
    let (mut zip, manifest, text) = opened(from)?;
    if !manifest.files.contains_key(DATABASE_FILE) {
        return Err(damaged(from));
    }
    // What the manifest does not name was put there by somebody else.
    let is_known = |name: &str| {
        manifest.files.contains_key(name) || [MANIFEST_FILE, SEAL_FILE].contains(&name)
    };
    let all_known = zip
        .file_names()
        .all(|name| name.is_ok_and(|name| is_known(&name)));
    if !all_known {
        return Err(BackupFault::Altered.of(from));
    }
    for (name, expected) in &manifest.files {
        // A name is one of ours, never a path.
        if !PARTS.contains(&name.as_str()) {
            return Err(damaged(from));
        }
        let part = zip.by_name(name).map_err(|_| damaged(from))?;
        let mut to = place(name)?;
        // One byte more than it must have is enough to know that it is another.
        let found = copied(&mut part.take(expected.bytes.saturating_add(1)), &mut to)
            .and_then(|found| to.flush().map(|()| found));
        match found {
            Ok(found) if found == *expected => {}
            Err(error) if error.kind() == io::ErrorKind::StorageFull => {
                return Err(AppError::file(from)(error));
            }
            _ => return Err(damaged(from)),
        }
    }
    Ok(text)
}

/// The first bytes of a zip file with something in it.
const ZIP_BEGINS: &[u8] = b"PK\x03\x04";

type Zip = ZipArchive<BufReader<File>>;

/// A part that fits in memory; none when it is not there.
fn small_part(zip: &mut Zip, name: &str, most: u64) -> Result<Option<Vec<u8>>, ZipError> {
    let mut text = Vec::new();
    match zip.by_name(name) {
        Ok(part) => part.take(most).read_to_end(&mut text)?,
        Err(ZipError::FileNotFound) => return Ok(None),
        Err(error) => return Err(error),
    };
    Ok(Some(text))
}

/// The zip, what its manifest says, and the text of that.
fn opened(from: &Path) -> Result<(Zip, Manifest, Vec<u8>), AppError> {
    let not_ours = || BackupFault::NotABackup.of(from);
    let mut file = BufReader::new(File::open(from).map_err(AppError::file(from))?);
    // A copy that was cut off has its beginning and not the list of its parts, which is at the end.
    let begins_as_zip = file
        .fill_buf()
        .is_ok_and(|bytes| bytes.starts_with(ZIP_BEGINS));
    let mut zip = match ZipArchive::new(file) {
        Ok(zip) => zip,
        Err(_) if begins_as_zip => return Err(damaged(from)),
        Err(_) => return Err(not_ours()),
    };
    let text = small_part(&mut zip, MANIFEST_FILE, MOST_MANIFEST_BYTES);
    let text = text.map_err(|_| damaged(from))?.ok_or_else(not_ours)?;
    let format: Format = serde_json::from_slice(&text).map_err(|_| damaged(from))?;
    if format.formato > FORMAT {
        return Err(BackupFault::Newer.of(from));
    }
    let manifest = serde_json::from_slice(&text).map_err(|_| damaged(from))?;
    Ok((zip, manifest, text))
}

pub(super) fn damaged(path: &Path) -> AppError {
    BackupFault::Damaged.of(path)
}

/// Copies all of it and says what it was.
fn copied(from: &mut impl Read, to: &mut impl Write) -> io::Result<Part> {
    let (mut hasher, mut bytes) = (blake3::Hasher::new(), 0);
    let mut buffer = vec![0; 256 * 1024];
    loop {
        let read = from.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        hasher.update(&buffer[..read]);
        to.write_all(&buffer[..read])?;
        bytes += read as u64;
    }
    Ok(Part {
        bytes,
        blake3: hasher.finalize().to_hex().to_string(),
    })
}

fn io_error(error: ZipError) -> io::Error {
    match error {
        ZipError::Io(error) => error,
        other => io::Error::other(other),
    }
}
