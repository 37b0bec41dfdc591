//! Windows. What a user makes is, by what their folder hands down, theirs and the administrators'; so
//! there is nothing to set. A folder cannot be opened, and the file system sees to the names in it.

use std::fs::{self, DirEntry, File, Metadata, OpenOptions, Permissions};
use std::future::Future;
use std::io;
use std::os::windows::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::signal::windows::{CtrlC, ctrl_break, ctrl_c, ctrl_close, ctrl_shutdown};

use super::ServiceState;

/// They are lists that nothing in the standard library reads.
pub(crate) const SHOWS_PERMISSIONS: bool = false;

/// How often a server looks whether it shall read its configuration again.
const LOOK: Duration = Duration::from_millis(500);

pub(crate) fn made_private(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

pub(crate) fn make_folder(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)
}

pub(crate) fn keep_file(file: &Path) -> io::Result<()> {
    fs::metadata(file).map(drop)
}

pub(crate) fn keep_folder(folder: &Path) -> io::Result<()> {
    fs::metadata(folder).map(drop)
}

pub(crate) fn open_mode(_data: &Metadata) -> Option<u32> {
    None
}

pub(crate) fn private_folder<'b, 'p, 's>(
    builder: &'b mut tempfile::Builder<'p, 's>,
) -> &'b mut tempfile::Builder<'p, 's> {
    builder
}

pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    fs::metadata(folder).map(drop)
}

pub(crate) fn owner_of(_data: &Metadata) -> Option<u32> {
    None
}

pub(crate) fn user() -> Option<u32> {
    None
}

pub(crate) fn is_mine(_entry: &DirEntry) -> bool {
    true
}

pub(crate) fn file_id(_data: &Metadata) -> Option<(u64, u64)> {
    None
}

#[expect(clippy::unnecessary_wraps, reason = "elsewhere there may be none")]
pub(crate) fn usual_permissions(
    _builder: &mut tempfile::Builder<'_, '_>,
    _folder: &Path,
) -> io::Result<Option<Permissions>> {
    Ok(None)
}

pub(crate) fn read_at(file: &File, mut bytes: &mut [u8], mut at: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        match file.seek_read(bytes, at) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(read) => {
                bytes = &mut bytes[read..];
                at += read as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

pub(crate) fn write_at(file: &File, mut bytes: &[u8], mut at: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        match file.seek_write(bytes, at) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => {
                bytes = &bytes[written..];
                at += written as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Files are not counted there.
pub(crate) fn space_of(folder: &Path) -> io::Result<(u64, bool)> {
    Ok((fs4::available_space(folder)?, true))
}

/// There is none that would be too low.
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
pub(crate) fn raise_limits() -> io::Result<()> {
    Ok(())
}

/// It runs in a console, or under a program that only looks whether it lives.
pub(crate) fn tell_service_manager(_state: ServiceState) {}

pub(crate) fn namespace() -> Option<String> {
    None
}

/// There is no signal for it: a file beside the server's own, which the server takes away.
pub(crate) fn hang_up(folder: &Path, pid: u32) -> io::Result<()> {
    File::create(bell(folder, pid)).map(drop)
}

fn bell(folder: &Path, pid: u32) -> PathBuf {
    folder.join(format!("recargar-{pid}"))
}

pub(crate) struct Hangups(PathBuf);

pub(crate) fn hangups(folder: &Path) -> Hangups {
    let bell = bell(folder, std::process::id());
    // One that was rung for a process that had the same number.
    let _ = fs::remove_file(&bell);
    Hangups(bell)
}

impl Hangups {
    pub(crate) async fn next(&mut self) {
        while fs::remove_file(&self.0).is_err() {
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// Ready at Ctrl-C, Ctrl-Break, the end of the console or of the machine; each is caught from the call on.
pub(crate) fn told_to_stop() -> impl Future<Output = ()> {
    let (mut c, mut ended) = (ctrl_c().ok(), ctrl_break().ok());
    let (mut closed, mut shut) = (ctrl_close().ok(), ctrl_shutdown().ok());
    async move {
        tokio::select! {
            Some(_) = async { c.as_mut()?.recv().await } => {}
            Some(_) = async { ended.as_mut()?.recv().await } => {}
            Some(_) = async { closed.as_mut()?.recv().await } => {}
            Some(_) = async { shut.as_mut()?.recv().await } => {}
            else => std::future::pending().await,
        }
    }
}

/// Ctrl-C, as often as it comes; caught from the call on, not from the first wait.
pub(crate) struct Interrupts(CtrlC);

/// Catches Ctrl-C, which then ends nothing by itself any more.
pub(crate) fn interrupts() -> Option<Interrupts> {
    ctrl_c().ok().map(Interrupts)
}

impl Interrupts {
    /// Waits for the next one; none where there are no more.
    pub(crate) async fn next(&mut self) -> Option<()> {
        self.0.recv().await
    }
}

/// How the terminal shows what is typed: consoles set that back themselves.
pub(crate) struct TerminalState;

/// How it does now.
pub(crate) fn terminal_state() -> Option<TerminalState> {
    Some(TerminalState)
}

impl TerminalState {
    /// As it was then.
    #[expect(clippy::unused_self, reason = "as on the other systems")]
    pub(crate) fn restore(&self) {}
}

/// What follows a person from machine to machine.
pub(crate) fn config_home<'v>(variable: impl Fn(&str) -> Option<&'v str>) -> Option<PathBuf> {
    let folder = variable("APPDATA").map(PathBuf::from);
    folder.filter(|folder| folder.is_absolute())
}

/// What stays on a machine.
pub(crate) fn data_home<'v>(variable: impl Fn(&str) -> Option<&'v str>) -> Option<PathBuf> {
    let folder = variable("LOCALAPPDATA").map(PathBuf::from);
    folder.filter(|folder| folder.is_absolute())
}
