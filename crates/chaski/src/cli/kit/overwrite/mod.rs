//! No command overwrites a file that Chaski did not write, nor one that was changed since: it asks,
//! or refuses where no person can be asked. Looked at before anything is spent, and again right before
//! the file takes its name.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use chaski_core::{Lang, text};

use super::args::Global;
use super::terminal::{may_ask, says_yes};
use crate::app::AppError;
use crate::draft;
use crate::sheets::{self, Destination};
use crate::system::file_id;

mod marks;
mod written;

/// How this run treats a file that stands where it writes.
pub(in crate::cli) struct Overwrite {
    may_ask: bool,
    /// `--reemplazar` or `--yes`.
    replace: bool,
    lang: Lang,
    /// The data folder, which remembers what was written where.
    data: Option<PathBuf>,
    /// The place that was looked at, and what stood there.
    cleared: Mutex<Option<(PathBuf, Standing)>>,
}

/// What stands at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Standing {
    Nothing,
    File {
        bytes: u64,
        modified: Option<SystemTime>,
        id: Option<(u64, u64)>,
    },
    /// A pipe or a device, which nothing is lost in.
    Stream,
}

impl Overwrite {
    pub(in crate::cli) fn new(global: &Global, lang: Lang, data: Option<PathBuf>) -> Overwrite {
        Overwrite {
            may_ask: may_ask(global),
            replace: global.reemplazar || global.yes,
            lang,
            data,
            cleared: Mutex::new(None),
        }
    }

    /// Sees to it that a file may be put there, before anything is spent: the folder can be written,
    /// and what stands there is ours or may be lost. Drafts of killed runs are cleared.
    pub(in crate::cli) fn check(&self, path: &Path) -> Result<(), AppError> {
        sheets::check_writable(path)?;
        let path = sheets::resolved(path);
        draft::clear(sheets::folder_of(&path));
        let standing = self.allow(&path)?;
        *self.cleared() = Some((path, standing));
        Ok(())
    }

    /// Writes a file that appears whole or not at all, and remembers it as ours.
    pub(in crate::cli) fn write(
        &self,
        path: &Path,
        private: bool,
        write: impl FnOnce(&mut File) -> io::Result<()>,
    ) -> Result<(), AppError> {
        let resolved = sheets::resolved(path);
        let cleared = self.cleared().clone();
        let before = match cleared {
            Some((place, standing)) if place == resolved => standing,
            _ => self.allow(&resolved)?,
        };
        let mut hash = None;
        let ready = |draft: &Path| -> Result<Destination, AppError> {
            let now = standing(&resolved);
            if now != before {
                self.allow(&resolved)?;
            }
            hash = written::hash_of(draft).ok();
            Ok(match now {
                Standing::Nothing => Destination::New,
                _ => Destination::Replaced,
            })
        };
        sheets::put_in_place(&resolved, private, write, ready)?;
        if let (Some(data), Some(hash)) = (&self.data, hash) {
            // A folder that cannot remember only makes the next run ask.
            let _ = written::remember(data, &resolved, hash);
        }
        Ok(())
    }

    fn cleared(&self) -> MutexGuard<'_, Option<(PathBuf, Standing)>> {
        self.cleared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What stands there, if it may be replaced.
    fn allow(&self, path: &Path) -> Result<Standing, AppError> {
        let standing = standing(path);
        // An empty file counts too: its name is taken on purpose.
        if !matches!(standing, Standing::File { .. }) || self.replace {
            return Ok(standing);
        }
        let known = self
            .data
            .as_deref()
            .and_then(|data| written::recall(data, path));
        let changed = match known {
            Some(hash) if written::hash_of(path).is_ok_and(|now| now == hash) => {
                return Ok(standing);
            }
            Some(_) => true,
            None if marks::is_ours(path) => return Ok(standing),
            None => false,
        };
        let name = path.display();
        let what = if changed {
            self.lang.pick(
                format!("{name} cambió desde que Chaski lo escribió"),
                format!("{name} was changed since Chaski wrote it"),
            )
        } else {
            self.lang.pick(
                format!("ya existe {name} y no lo escribió Chaski"),
                format!("{name} exists and Chaski did not write it"),
            )
        };
        if !self.may_ask {
            return Err(AppError::Usage(text!(
                "{what}: elija otro nombre, o reemplácelo con --reemplazar",
                "{what}: choose another name, or replace it with --reemplazar"
            )));
        }
        let question = self.lang.pick("¿Reemplazarlo?", "Replace it?");
        if says_yes(&format!("{what}. {question}"), self.lang)? {
            return Ok(standing);
        }
        Err(AppError::Usage(text!(
            "no se reemplazó {name}: elija otro nombre con -o",
            "{name} was not replaced: choose another name with -o"
        )))
    }
}

fn standing(path: &Path) -> Standing {
    let Ok(metadata) = fs::metadata(path) else {
        return Standing::Nothing;
    };
    if !metadata.is_file() {
        return Standing::Stream;
    }
    Standing::File {
        bytes: metadata.len(),
        modified: metadata.modified().ok(),
        id: file_id(&metadata),
    }
}

/// Whether two paths are one file.
pub(in crate::cli) fn is_same_file(one: &Path, other: &Path) -> bool {
    let (Ok(first), Ok(second)) = (fs::metadata(one), fs::metadata(other)) else {
        return false;
    };
    let canonical = |path: &Path| path.canonicalize().ok();
    let same_path = canonical(one).is_some() && canonical(one) == canonical(other);
    let plain = first.is_file() && second.is_file();
    same_path || (plain && file_id(&first).is_some() && file_id(&first) == file_id(&second))
}

/// Bytes into a file, as [`Overwrite::write`] takes them.
pub(in crate::cli) fn all(bytes: &[u8]) -> impl FnOnce(&mut File) -> io::Result<()> {
    use std::io::Write;
    move |file| file.write_all(bytes)
}
