//! The program in a folder of its own, and while it serves.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// What is waited for comes sooner than this.
const PATIENCE: Duration = Duration::from_mins(1);

/// A fresh folder with a home and data of its own.
pub(crate) struct FieldPlace {
    folder: tempfile::TempDir,
    variables: Vec<(String, String)>,
}

/// What a run came to.
pub(crate) struct FieldRun {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// A process that serves until it is dropped.
pub(crate) struct Serving {
    child: Child,
    /// `http://127.0.0.1:PORT`.
    pub(crate) url: String,
}

impl FieldPlace {
    pub(crate) fn new() -> FieldPlace {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("datos").display().to_string();
        FieldPlace {
            folder,
            variables: vec![("CHASKI_DIR".to_owned(), data)],
        }
    }

    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.variables.push((name.to_owned(), value.to_owned()));
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn run(&self, words: &[&str]) -> FieldRun {
        let Output {
            status,
            stdout,
            stderr,
        } = self.command(words).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        FieldRun {
            code: status.code().unwrap_or(-1),
            out: text(stdout),
            err: text(stderr),
        }
    }

    /// Starts a command that serves on a free port, and waits until it says which.
    pub(crate) fn serve(&self, words: &[&str]) -> Serving {
        let banner = self.path("banner");
        let words = [words, &["--listen", "127.0.0.1:0"]].concat();
        let child = self
            .command(&words)
            .stdout(Stdio::null())
            .stderr(File::create(&banner).unwrap())
            .spawn()
            .unwrap();
        let deadline = Instant::now() + PATIENCE;
        let mut serving = Serving {
            child,
            url: String::new(),
        };
        while serving.url.is_empty() {
            assert!(Instant::now() < deadline, "{words:?} does not serve");
            thread::park_timeout(Duration::from_millis(5));
            let said = std::fs::read_to_string(&banner).unwrap();
            // The last line of the banner is a command to copy, so all before it is there.
            if let Some((_, rest)) = said.split_once("http://127.0.0.1:") {
                let port: String = rest.chars().take_while(char::is_ascii_digit).collect();
                if said.contains("curl") || rest.len() > port.len() + 1 {
                    serving.url = format!("http://127.0.0.1:{port}");
                }
            }
        }
        serving
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_chaski"));
        command
            .args(words)
            .current_dir(self.folder.path())
            .env_clear()
            .env("HOME", self.folder.path())
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
