//! What was written where, kept in the data folder: a hash of the path and one of the content, the
//! newest last. It says which files are ours and have not been touched.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::draft;

/// The file in the data folder.
const FILE: &str = "escritos";

/// Files that are remembered.
const MOST: usize = 1_000;

/// Largest list that is read; a longer one is none of ours.
const MOST_BYTES: u64 = 1024 * 1024;

pub(super) fn hash_of(path: &Path) -> io::Result<blake3::Hash> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(File::open(path)?)?;
    Ok(hasher.finalize())
}

/// The hash of what was last written there.
pub(super) fn recall(data: &Path, path: &Path) -> Option<blake3::Hash> {
    let name = name_of(path);
    let line = lines(data)
        .into_iter()
        .rev()
        .find(|line| line.starts_with(&name))?;
    blake3::Hash::from_hex(line.split(' ').nth(1)?).ok()
}

pub(super) fn remember(data: &Path, path: &Path, hash: blake3::Hash) -> io::Result<()> {
    if !data.is_dir() {
        return Ok(());
    }
    let name = name_of(path);
    let mut lines = lines(data);
    lines.retain(|line| !line.starts_with(&name));
    lines.push(format!("{name} {}", hash.to_hex()));
    let mut draft = draft::begin(data)?;
    for line in &lines[lines.len().saturating_sub(MOST)..] {
        writeln!(draft, "{line}")?;
    }
    draft::put(draft, &data.join(FILE), true)
}

fn lines(data: &Path) -> Vec<String> {
    let file = data.join(FILE);
    if !fs::metadata(&file).is_ok_and(|it| it.is_file() && it.len() <= MOST_BYTES) {
        return Vec::new();
    }
    let text = fs::read_to_string(file).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

/// The folder as it really is, and the name in it: a path is not kept in clear.
fn name_of(path: &Path) -> String {
    let folder = crate::sheets::folder_of(path);
    let folder = folder
        .canonicalize()
        .unwrap_or_else(|_| PathBuf::from(folder));
    let whole = folder.join(path.file_name().unwrap_or_default());
    let hash = blake3::hash(whole.as_os_str().as_encoded_bytes());
    hash.to_hex().to_string()
}
