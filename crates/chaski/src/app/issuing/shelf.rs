//! The files of documents as they lie in the data folder: each under the hash of its content, sealed with
//! the key of the folder. They go into a copy of the folder and come along when it moves; one that is
//! missing is fetched again.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use crate::private;
use crate::sabotage::{Protection, is_without};
use crate::store::{MasterKey, sealed_again};

/// Where they are, in the data folder.
pub(in crate::app) const SHELF: &str = "comprobantes";

/// Their name in a copy of the folder, in which they are one part.
pub(in crate::app) const PACKED: &str = "comprobantes.zip";

/// A hash, as hexadecimal digits.
const HASH_DIGITS: usize = 64;

/// Where the content of that hash is in a data folder.
pub(super) fn place_of(folder: &Path, hash: &str) -> PathBuf {
    let begins = hash.get(..2).unwrap_or("00");
    folder.join(SHELF).join(begins).join(hash)
}

/// Puts sealed content under its hash, on the disk when this returns.
pub(super) fn keep(folder: &Path, hash: &str, sealed: &[u8]) -> io::Result<()> {
    let path = place_of(folder, hash);
    let within = path.parent().unwrap_or(folder);
    let is_new = !within.is_dir();
    private::make_folder(within)?;
    let mut draft = tempfile::NamedTempFile::new_in(within)?;
    draft.write_all(sealed)?;
    if !is_without(Protection::FileSync) {
        draft.as_file().sync_all()?;
    }
    draft.persist(&path)?;
    private::sync_folder(within)?;
    if is_new {
        // The names of the folders that were made have to outlive a loss of power as well.
        private::sync_folder(&folder.join(SHELF))?;
        private::sync_folder(folder)?;
    }
    Ok(())
}

/// Throws the content of that hash away; that it is gone already is no error.
pub(in crate::app) fn throw_away(folder: &Path, hash: &str) -> io::Result<()> {
    if !is_hash(hash) {
        return Ok(());
    }
    match fs::remove_file(place_of(folder, hash)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// All of them as one file, for a copy; false where there are none. Sealed content is not pressed.
pub(in crate::app) fn pack(folder: &Path, to: &Path) -> io::Result<bool> {
    let hashes = hashes_in(folder)?;
    if hashes.is_empty() {
        return Ok(false);
    }
    let file = private::to_write().create_new(true).open(to)?;
    let mut zip = ZipWriter::new(&file);
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .unix_permissions(0o600)
        .large_file(true);
    for hash in hashes {
        let mut content = match File::open(place_of(folder, &hash)) {
            // It was thrown away since.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            opened => opened?,
        };
        zip.start_file(hash, options).map_err(io_error)?;
        io::copy(&mut content, &mut zip)?;
    }
    zip.finish().map_err(io_error)?;
    file.sync_all()?;
    Ok(true)
}

/// Puts all that were packed into a folder.
pub(in crate::app) fn unpack(from: &Path, folder: &Path) -> io::Result<()> {
    let mut zip = ZipArchive::new(File::open(from)?).map_err(io_error)?;
    for at in 0..zip.len() {
        let mut part = zip.by_index(at).map_err(io_error)?;
        let name = part.name().map_err(io_error)?.into_owned();
        // A name is a hash, never a path.
        if !is_hash(&name) {
            return Err(io::Error::from(io::ErrorKind::InvalidData));
        }
        let path = place_of(folder, &name);
        private::make_folder(path.parent().unwrap_or(folder))?;
        let mut file = private::to_write()
            .create(true)
            .truncate(true)
            .open(&path)?;
        io::copy(&mut part, &mut file)?;
        file.sync_all()?;
    }
    Ok(())
}

/// Takes the files of a folder along to another one that may have another key. What does not open is left
/// behind: it is fetched again when it is asked for.
pub(in crate::app) fn take_files_along(
    from: (&Path, &MasterKey),
    to: (&Path, &MasterKey),
) -> io::Result<()> {
    for hash in hashes_in(from.0)? {
        let sealed = match fs::read(place_of(from.0, &hash)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            read => read?,
        };
        if place_of(to.0, &hash).exists() {
            continue;
        }
        if let Some(again) = sealed_again(from.1, to.1, &hash, &sealed) {
            keep(to.0, &hash, &again)?;
        } else {
            tracing::warn!("a file of a document does not open and is left behind");
        }
    }
    Ok(())
}

/// The hashes of all that are there.
fn hashes_in(folder: &Path) -> io::Result<Vec<String>> {
    let mut hashes = Vec::new();
    for within in names_in(&folder.join(SHELF))? {
        let names = names_in(&within)?;
        let names = names.into_iter().filter_map(|it| {
            let name = it.file_name()?.to_str()?;
            is_hash(name).then(|| name.to_owned())
        });
        hashes.extend(names);
    }
    hashes.sort_unstable();
    Ok(hashes)
}

/// What is in a folder; nothing where it is none.
fn names_in(folder: &Path) -> io::Result<Vec<PathBuf>> {
    match fs::read_dir(folder) {
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ) =>
        {
            Ok(Vec::new())
        }
        Err(error) => Err(error),
        Ok(entries) => entries.map(|it| it.map(|it| it.path())).collect(),
    }
}

fn is_hash(name: &str) -> bool {
    let is_digit = |it: u8| it.is_ascii_digit() || (b'a'..=b'f').contains(&it);
    name.len() == HASH_DIGITS && name.bytes().all(is_digit)
}

fn io_error(error: zip::result::ZipError) -> io::Error {
    match error {
        zip::result::ZipError::Io(error) => error,
        other => io::Error::new(io::ErrorKind::InvalidData, other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_go_along_and_into_a_copy() {
        let dirs: Vec<_> = (0..3).map(|_| tempfile::tempdir().unwrap()).collect();
        let [one, two, three] = [dirs[0].path(), dirs[1].path(), dirs[2].path()];
        let key = |digit: &str| MasterKey::parse(&digit.repeat(64)).unwrap();
        let hash = blake3::hash(b"pdf").to_hex().to_string();
        // A seal is made by a key and taken again by the same or another one.
        let [old, new] = [key("1"), key("2")];
        assert!(!pack(one, &one.join(PACKED)).unwrap(), "there are none");
        let sealed = crate::store::sealed_beside(&old, &hash, b"pdf").unwrap();
        keep(one, &hash, &sealed).unwrap();
        fs::write(one.join(SHELF).join("no-es-un-hash"), "x").unwrap();
        take_files_along((one, &old), (two, &new)).unwrap();
        let again = fs::read(place_of(two, &hash)).unwrap();
        assert!(sealed_again(&old, &new, &hash, &again).is_none());
        let back = sealed_again(&new, &old, &hash, &again);
        assert!(back.is_some(), "sealed with the key of the place");
        assert!(pack(two, &two.join(PACKED)).unwrap());
        unpack(&two.join(PACKED), three).unwrap();
        assert_eq!(fs::read(place_of(three, &hash)).unwrap(), again);
        throw_away(three, &hash).unwrap();
        throw_away(three, &hash).unwrap();
        throw_away(three, "../llave").unwrap();
        assert!(!place_of(three, &hash).exists());
    }

    #[test]
    fn a_name_in_a_copy_is_never_a_path() {
        let folder = tempfile::tempdir().unwrap();
        let packed = folder.path().join(PACKED);
        for name in ["../llave", "llave", "AA", &"F".repeat(64)] {
            let mut zip = ZipWriter::new(File::create(&packed).unwrap());
            zip.start_file(name, SimpleFileOptions::default()).unwrap();
            zip.write_all(b"x").unwrap();
            zip.finish().unwrap();
            let error = unpack(&packed, &folder.path().join("aqui")).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{name}");
        }
    }
}
