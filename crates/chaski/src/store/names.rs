//! Names of providers and operations read back from the database: keys hold them as static
//! text, so each distinct one is kept for the life of the process.

use std::collections::HashSet;
use std::sync::{LazyLock, Mutex};

use crate::store::error::StoreError;

/// Far above what the dialects define; only a damaged file could reach it.
const MOST_NAMES: usize = 1_000;

static NAMES: LazyLock<Mutex<HashSet<&'static str>>> = LazyLock::new(Mutex::default);

pub(super) fn name(text: &str) -> Result<&'static str, StoreError> {
    let mut names = NAMES
        .lock()
        .expect("no code panics while it holds this lock");
    if let Some(known) = names.get(text) {
        return Ok(known);
    }
    if names.len() >= MOST_NAMES {
        return Err(StoreError::Corrupt);
    }
    let kept: &'static str = Box::leak(text.to_owned().into_boxed_str());
    names.insert(kept);
    Ok(kept)
}
