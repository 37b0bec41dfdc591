//! Linux, macOS and their like.

use std::fs::{self, DirBuilder, DirEntry, File, Metadata, OpenOptions, Permissions};
use std::future::Future;
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::process::{Pid, Resource, Rlimit, getrlimit, kill_process, setrlimit};
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::ServiceState;

/// Whether the system shows who else can read a file.
pub(crate) const SHOWS_PERMISSIONS: bool = true;

/// What only its owner may read and write, and what only its owner may enter.
const FILE: u32 = 0o600;
const FOLDER: u32 = 0o700;

/// A file that is made by these options is its owner's alone.
pub(crate) fn made_private(options: &mut OpenOptions) -> &mut OpenOptions {
    options.mode(FILE)
}

/// Makes a folder with those above it, which are its owner's alone.
pub(crate) fn make_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(FOLDER)
        .create(folder)
}

/// Makes a file that is there its owner's alone.
pub(crate) fn keep_file(file: &Path) -> io::Result<()> {
    fs::set_permissions(file, Permissions::from_mode(FILE))
}

/// Makes a folder that is there its owner's alone.
pub(crate) fn keep_folder(folder: &Path) -> io::Result<()> {
    fs::set_permissions(folder, Permissions::from_mode(FOLDER))
}

/// The mode of what users other than its owner may do something with; none of what is its owner's alone.
pub(crate) fn open_mode(data: &Metadata) -> Option<u32> {
    let mode = data.permissions().mode() & 0o777;
    (mode & 0o077 != 0).then_some(mode)
}

/// Makes a passing folder of a builder its owner's alone.
pub(crate) fn private_folder<'b, 'p, 's>(
    builder: &'b mut tempfile::Builder<'p, 's>,
) -> &'b mut tempfile::Builder<'p, 's> {
    builder.permissions(Permissions::from_mode(FOLDER))
}

/// Makes sure that the names in a folder outlive a loss of power.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Whose a file is, as a number.
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it is not told")]
pub(crate) fn owner_of(data: &Metadata) -> Option<u32> {
    Some(data.uid())
}

/// The number of the user who runs this.
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it is not told")]
pub(crate) fn user() -> Option<u32> {
    Some(rustix::process::geteuid().as_raw())
}

/// Whether an entry of a folder is of the user who runs this.
pub(crate) fn is_mine(entry: &DirEntry) -> bool {
    entry.metadata().is_ok_and(|data| owner_of(&data) == user())
}

/// What tells a file from all others of this machine; none where the system does not say.
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it is not told")]
pub(crate) fn file_id(data: &Metadata) -> Option<(u64, u64)> {
    Some((data.dev(), data.ino()))
}

/// The permissions that a new file of this user gets, which only the system knows: those of one that
/// `builder` makes for everybody.
pub(crate) fn usual_permissions(
    builder: &mut tempfile::Builder<'_, '_>,
    folder: &Path,
) -> io::Result<Option<Permissions>> {
    let everybody = Permissions::from_mode(0o666);
    let probe = builder.permissions(everybody).tempfile_in(folder)?;
    Ok(Some(probe.as_file().metadata()?.permissions()))
}

/// Reads bytes of a place of a file.
pub(crate) fn read_at(file: &File, bytes: &mut [u8], at: u64) -> io::Result<()> {
    file.read_exact_at(bytes, at)
}

/// Writes bytes to a place of a file.
pub(crate) fn write_at(file: &File, bytes: &[u8], at: u64) -> io::Result<()> {
    file.write_all_at(bytes, at)
}

/// Bytes that can still be written where a folder is, and whether a file can still be made.
pub(crate) fn space_of(folder: &Path) -> io::Result<(u64, bool)> {
    let disk = rustix::fs::statvfs(folder)?;
    // Some file systems do not count files.
    let files = disk.f_files == 0 || disk.f_favail > 0;
    Ok((disk.f_bavail.saturating_mul(disk.f_frsize), files))
}

/// Each connection takes a file descriptor, and the usual limit is a thousand.
pub(crate) fn raise_limits() -> io::Result<()> {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    Ok(setrlimit(Resource::Nofile, raised)?)
}

/// Tells systemd, where it asked to be told.
pub(crate) fn tell_service_manager(state: ServiceState) {
    let state = match state {
        ServiceState::Ready => sd_notify::NotifyState::Ready,
        ServiceState::Stopping => sd_notify::NotifyState::Stopping,
    };
    let _ = sd_notify::notify(&[state]);
}

/// Where the numbers of processes mean something: a container has numbers of its own.
pub(crate) fn namespace() -> Option<String> {
    let link = fs::read_link("/proc/self/ns/pid").ok()?;
    Some(link.to_string_lossy().into_owned())
}

/// Tells the server of a folder that has this number to read its configuration again: SIGHUP.
pub(crate) fn hang_up(_folder: &Path, pid: u32) -> io::Result<()> {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    let pid = pid.ok_or(io::ErrorKind::InvalidInput)?;
    Ok(kill_process(pid, rustix::process::Signal::HUP)?)
}

/// Each SIGHUP from the call on.
pub(crate) struct Hangups(Option<Signal>);

/// Catches SIGHUP, which would end the process otherwise.
pub(crate) fn hangups(_folder: &Path) -> Hangups {
    Hangups(signal(SignalKind::hangup()).ok())
}

impl Hangups {
    /// Waits for the next one.
    pub(crate) async fn next(&mut self) {
        let came = match &mut self.0 {
            Some(signal) => signal.recv().await,
            None => None,
        };
        if came.is_none() {
            std::future::pending::<()>().await;
        }
    }
}

/// Ready at SIGINT or SIGTERM; the second is caught from the call on, not from the first poll.
pub(crate) fn told_to_stop() -> impl Future<Output = ()> {
    let mut terminate = signal(SignalKind::terminate()).ok();
    async move {
        let terminated = async {
            match &mut terminate {
                Some(signal) => {
                    signal.recv().await;
                }
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            () = terminated => {}
        }
    }
}

/// Ctrl-C, as often as it comes; caught from the call on, not from the first wait.
pub(crate) struct Interrupts(Signal);

/// Catches Ctrl-C, which then ends nothing by itself any more.
pub(crate) fn interrupts() -> Option<Interrupts> {
    signal(SignalKind::interrupt()).ok().map(Interrupts)
}

impl Interrupts {
    /// Waits for the next one; none where there are no more.
    pub(crate) async fn next(&mut self) -> Option<()> {
        self.0.recv().await
    }
}

/// How the terminal shows what is typed.
pub(crate) struct TerminalState(rustix::termios::Termios);

/// How it does now; none where the input is no terminal.
pub(crate) fn terminal_state() -> Option<TerminalState> {
    let state = rustix::termios::tcgetattr(io::stdin()).ok()?;
    Some(TerminalState(state))
}

impl TerminalState {
    /// As it was then.
    pub(crate) fn restore(&self) {
        let now = rustix::termios::OptionalActions::Now;
        let _ = rustix::termios::tcsetattr(io::stdin(), now, &self.0);
    }
}

/// Where programs keep what people set, out of the variables of the process.
pub(crate) fn config_home<'v>(variable: impl Fn(&str) -> Option<&'v str>) -> Option<PathBuf> {
    match variable("XDG_CONFIG_HOME") {
        Some(folder) => Some(PathBuf::from(folder)),
        None => Some(PathBuf::from(variable("HOME")?).join(".config")),
    }
}

/// Where programs keep people's data.
pub(crate) fn data_home<'v>(variable: impl Fn(&str) -> Option<&'v str>) -> Option<PathBuf> {
    // https://specifications.freedesktop.org/basedir-spec/latest/: a relative one is not valid.
    let absolute = |name: &str| {
        let folder = variable(name).map(PathBuf::from);
        folder.filter(|folder| folder.is_absolute())
    };
    absolute("XDG_DATA_HOME").or_else(|| Some(absolute("HOME")?.join(".local").join("share")))
}
