//! How what rests in the folder is made unreadable when the program gives no key: with one that lies
//! beside it. Who copies the data without the key copies nothing.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::Path;
use std::sync::Arc;

use chacha20poly1305::aead::{Aead, KeyInit};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};

use super::config::StateSeal;

const KEY_FILE: &str = "nubefact.key";
const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;

/// The key in the folder, made if there is none. Only one process may come here at a time.
pub(super) fn seal_of_folder(folder: &Path) -> io::Result<StateSeal> {
    let path = folder.join(KEY_FILE);
    let key: [u8; KEY_BYTES] = match fs::read(&path) {
        Ok(bytes) => bytes.try_into().map_err(|_| {
            let message = format!("{} is not a key of {KEY_BYTES} bytes", path.display());
            io::Error::new(ErrorKind::InvalidData, message)
        })?,
        Err(error) if error.kind() == ErrorKind::NotFound => make_key(&path)?,
        Err(error) => return Err(error),
    };
    let cipher = Arc::new(XChaCha20Poly1305::new(&key.into()));
    let opener = Arc::clone(&cipher);
    Ok(StateSeal {
        seal: Arc::new(move |plain| {
            let mut nonce = [0; NONCE_BYTES];
            getrandom::fill(&mut nonce).expect("the system gives random bytes");
            let sealed = cipher
                .encrypt(&XNonce::from(nonce), plain)
                .expect("a text in memory is short enough to be sealed");
            [nonce.as_slice(), &sealed].concat()
        }),
        open: Arc::new(move |sealed| {
            let (nonce, sealed) = sealed.split_first_chunk::<NONCE_BYTES>()?;
            opener.decrypt(&XNonce::from(*nonce), sealed).ok()
        }),
    })
}

/// Whole or not at all: a process that dies here leaves no half of a key.
fn make_key(path: &Path) -> io::Result<[u8; KEY_BYTES]> {
    let mut key = [0; KEY_BYTES];
    getrandom::fill(&mut key).map_err(io::Error::other)?;
    let draft = path.with_extension("key.nuevo");
    let mut options = OpenOptions::new();
    options.create(true).truncate(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&draft)?;
    file.write_all(&key)?;
    file.sync_all()?;
    fs::rename(&draft, path)?;
    Ok(key)
}
