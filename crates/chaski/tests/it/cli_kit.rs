//! The real binary in a folder of its own, and a sandbox on a port that says what it was asked.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use chaski_client::Clock;
use chaski_core::{CheckDigit, Ruc, RucRules};
use chaski_sandbox::{Entry, Sandbox, SandboxConfig, serve};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// What is waited for comes sooner than this, or the test fails.
const PATIENCE: Duration = Duration::from_secs(30);

/// An upstream where nobody listens.
const NOBODY: (&str, &str) = ("CHASKI_MIGO_BASE_URL", "http://127.0.0.1:9/api");

/// A folder with a home of its own; every run begins without any environment.
pub(crate) struct Place {
    folder: tempfile::TempDir,
    variables: Vec<(String, String)>,
}

/// What a run came to.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Place {
    pub(crate) fn new() -> Place {
        Place {
            folder: tempfile::tempdir().unwrap(),
            // Where they always were in these tests; none of them may reach a person's folder.
            variables: vec![("CHASKI_DIR".to_owned(), "./chaski_data".to_owned())],
        }
    }

    /// A place whose runs ask a service, with nothing of ours that would slow them.
    pub(crate) fn asking(service: &Service) -> Place {
        let mut place = Place::new();
        place.set("CHASKI_MIGO_BASE_URL", &service.url());
        place.set("CHASKI_MIGO_TOKEN", "prueba");
        place.set("CHASKI_MIGO_RPM", "0");
        place
    }

    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.variables.retain(|(known, _)| known != name);
        self.variables.push((name.to_owned(), value.to_owned()));
    }

    pub(crate) fn forget(&mut self, name: &str) {
        self.variables.retain(|(known, _)| known != name);
    }

    pub(crate) fn unset(&mut self, name: &str) {
        self.variables.retain(|(known, _)| known != name);
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.path("chaski_data")
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), content).unwrap();
    }

    /// A file that nobody else can read, as secrets are kept.
    pub(crate) fn write_private(&self, name: &str, content: impl AsRef<[u8]>) {
        self.write(name, content);
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(self.path(name), mode).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_chaski"));
        command
            .args(words)
            .current_dir(self.folder.path())
            .env_clear()
            .env("HOME", self.folder.path())
            // A token is tried as soon as it is set: by nobody here, unless the test names somebody.
            .envs((words.starts_with(&["config", "set"])).then_some(NOBODY))
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs a line of words without quotes.
    pub(crate) fn run(&self, line: &str) -> Ran {
        let words: Vec<&str> = line.split_whitespace().collect();
        self.ran(self.command(&words).output().unwrap())
    }

    /// The same with something to read on its input, piped from a file.
    pub(crate) fn run_with_input(&self, line: &str, input: &[u8]) -> Ran {
        self.write("entrada", input);
        let words: Vec<&str> = line.split_whitespace().collect();
        let file = File::open(self.path("entrada")).unwrap();
        self.ran(self.command(&words).stdin(file).output().unwrap())
    }

    pub(crate) fn start(&self, line: &str) -> Child {
        let words: Vec<&str> = line.split_whitespace().collect();
        self.command(&words).spawn().unwrap()
    }

    /// The program at a terminal of its own, and what a person has in hand.
    pub(crate) fn on_terminal(&self, words: &[&str]) -> (File, Child) {
        use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
        let control = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&control).unwrap();
        unlockpt(&control).unwrap();
        let name = ptsname(&control, Vec::new()).unwrap();
        let screen = std::fs::OpenOptions::new()
            .read(true)
            .write(true)
            .open(name.to_str().unwrap())
            .unwrap();
        let mut command = self.command(words);
        command
            .stdin(screen.try_clone().unwrap())
            .stdout(screen.try_clone().unwrap())
            .stderr(screen);
        let child = command.spawn().unwrap();
        // Closed here, the terminal ends with the child.
        drop(command);
        (File::from(control), child)
    }

    pub(crate) fn ran(&self, output: Output) -> Ran {
        let text = |bytes: Vec<u8>| {
            let text = String::from_utf8(bytes).expect("the program writes UTF-8");
            text.replace(&self.folder.path().display().to_string(), "<CARPETA>")
        };
        let ran = Ran {
            code: output.status.code().unwrap_or(-1),
            out: text(output.stdout),
            err: text(output.stderr),
        };
        check_capitals(&ran.err);
        ran
    }
}

/// Whatever is said begins with a capital, unless it begins with a name or stands below another line.
#[track_caller]
fn check_capitals(err: &str) {
    for line in err.lines() {
        let said = line.strip_prefix("Error: ").unwrap_or(line);
        let said = said.trim_start_matches(['¿', '¡', '(']);
        let word = said.split([' ', ',', ';']).next().unwrap_or_default();
        let is_word = word != "chaski" && word.chars().all(char::is_alphabetic);
        assert!(
            !is_word || !said.starts_with(char::is_lowercase),
            "{line}: a capital is missing in\n{err}"
        );
    }
}

impl Ran {
    /// All of it as text that does not change from one run to the next.
    pub(crate) fn shown(&self) -> String {
        let mut text = String::new();
        for line in self.out.lines() {
            writeln!(text, "{line}").unwrap();
        }
        for line in self.err.lines() {
            writeln!(text, "2| {line}").unwrap();
        }
        writeln!(text, "=> {}", self.code).unwrap();
        without_times(&text)
    }

    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Ran {
        assert_eq!(self.code, code, "{}", self.shown());
        self
    }

    /// The lines of the output, each a JSON object.
    #[track_caller]
    pub(crate) fn objects(&self) -> Vec<serde_json::Value> {
        let object = |line: &str| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"));
        self.out.lines().map(object).collect()
    }
}

/// Instants and durations, by their shape; `#` is a digit.
const SHAPES: [(&str, &str); 9] = [
    ("##/##/#### ##:##:##", "<INSTANTE>"),
    ("####-##-##T##:##:##-05:00", "<INSTANTE>"),
    ("####-##-## ##:##:##", "<INSTANTE>"),
    ("##.## s", "<TIEMPO>"),
    ("#.## s", "<TIEMPO>"),
    ("127.0.0.1:#####", "127.0.0.1:<PUERTO>"),
    ("libre: ###### MiB", "libre: <MIB>"),
    ("libre: ##### MiB", "libre: <MIB>"),
    ("libre: #### MiB", "libre: <MIB>"),
];

pub(crate) fn without_times(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let found = SHAPES.iter().find(|(shape, _)| begins_with(rest, shape));
        if let Some((shape, name)) = found {
            clean.push_str(name);
            rest = &rest[shape.len()..];
        } else {
            clean.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    clean
}

fn begins_with(text: &str, shape: &str) -> bool {
    text.len() >= shape.len()
        && text
            .bytes()
            .zip(shape.bytes())
            .all(|(byte, wanted)| match wanted {
                b'#' => byte.is_ascii_digit(),
                other => byte == other,
            })
}

/// A sandbox served on a port of this machine until it is dropped.
pub(crate) struct Service {
    pub(crate) sandbox: Sandbox,
    port: u16,
    shutdown: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Service {
    pub(crate) fn new() -> Service {
        Service::with(|_| {})
    }

    pub(crate) fn with(change: impl FnOnce(&mut SandboxConfig)) -> Service {
        let clock = Clock::system();
        let mut config = SandboxConfig::new(move || clock.now());
        config.seed = 7;
        change(&mut config);
        let sandbox = Sandbox::new(config).unwrap();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (shutdown, ended) = oneshot::channel::<()>();
        let served = sandbox.clone();
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let listener = TcpListener::from_std(listener).unwrap();
                tokio::select! {
                    result = serve(served, listener, std::future::pending()) => result.unwrap(),
                    _ = ended => {}
                }
            });
        });
        Service {
            sandbox,
            port,
            shutdown: Some(shutdown),
            thread: Some(thread),
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/api", self.port)
    }

    /// What was asked after that entry, one number each time it was asked.
    pub(crate) fn asked_since(&self, sequence: u64) -> Vec<String> {
        let numbers = |entry: Entry| entry.subjects.into_iter().map(String::from);
        let entries = self.sandbox.ledger_since(sequence);
        entries.into_iter().flat_map(numbers).collect()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        drop(self.shutdown.take());
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

/// Looks again and again until it is so.
#[track_caller]
pub(crate) fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "{what} did not come");
        thread::park_timeout(Duration::from_millis(1));
    }
}

/// Waits for a process that should end by itself.
#[track_caller]
pub(crate) fn finished(place: &Place, mut child: Child) -> Ran {
    wait_until("the end of the process", || {
        child.try_wait().unwrap().is_some()
    });
    place.ran(child.wait_with_output().unwrap())
}

/// So many different companies that pass the check digit, the same for one seed.
pub(crate) fn companies(seed: u64, count: usize) -> Vec<String> {
    let mut numbers = Numbers(seed);
    let mut found = BTreeSet::new();
    let mut list = Vec::with_capacity(count);
    let format_only = RucRules {
        check_digit: CheckDigit::FormatOnly,
        ..RucRules::default()
    };
    while list.len() < count {
        let body = format!("20{:08}0", numbers.below(100_000_000));
        let Ok(ruc) = Ruc::parse_with(&body, &format_only) else {
            continue;
        };
        let text = format!("{}{}", &body[..10], ruc.expected_check_digit());
        if text.parse::<Ruc>().is_ok() && found.insert(text.clone()) {
            list.push(text);
        }
    }
    list
}

/// Numbers that look random, the same for one seed (`SplitMix64`).
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    /// The index of one of so many things.
    pub(crate) fn index(&mut self, end: usize) -> usize {
        usize::try_from(self.below(end as u64)).unwrap()
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }
}

/// Every byte below a folder, file by file.
pub(crate) fn files_of(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    let Ok(entries) = std::fs::read_dir(folder) else {
        return files;
    };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_of(&path));
        } else {
            files.push((path.clone(), std::fs::read(&path).unwrap()));
        }
    }
    files
}
