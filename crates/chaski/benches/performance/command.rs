//! The first minute: the size of the program, its help, its first answer.

use std::process::{Command, Stdio};
use std::time::Instant;

use crate::kit::{Report, median};

/// The program as this build made it.
const PROGRAM: &str = env!("CARGO_BIN_EXE_chaski");
/// More than elsewhere: a process is short, and others disturb it.
const RUNS: usize = 21;

pub(crate) fn measure() -> anyhow::Result<Report> {
    let size = std::fs::metadata(PROGRAM)?.len();
    let (mut nothing, mut help, mut first, mut later) = (vec![], vec![], vec![], vec![]);
    for _ in 0..RUNS {
        let folder = tempfile::tempdir()?;
        let mut bare = Command::new("true");
        nothing.push(milliseconds(&mut bare)?);
        help.push(milliseconds(Command::new(PROGRAM).arg("--help"))?);
        // The first look-up creates the data folder, its key and its database.
        let ask = || {
            let mut command = Command::new(PROGRAM);
            command
                .current_dir(folder.path())
                .env("CHASKI_DIR", folder.path().join("datos"))
                .args(["ruc", "20100070970", "--sandbox"]);
            command
        };
        first.push(milliseconds(&mut ask())?);
        later.push(milliseconds(&mut ask())?);
    }
    let mut report = Report::default();
    let mib = size as f64 / 1024.0 / 1024.0;
    report.figure("P10 size of the program", mib, "MiB", "≤ 40");
    report.figure("a process that does nothing", median(nothing), "ms", "");
    report.figure("P10 --help", median(help), "ms", "≤ 50");
    report.figure(
        "P10 first answer, in an empty folder",
        median(first),
        "ms",
        "≤ 300",
    );
    report.figure("second answer", median(later), "ms", "");
    Ok(report)
}

fn milliseconds(command: &mut Command) -> anyhow::Result<f64> {
    let command = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let began = Instant::now();
    let status = command.status()?;
    let took = began.elapsed().as_secs_f64() * 1000.0;
    anyhow::ensure!(status.success(), "{command:?} ended with {status}");
    Ok(took)
}
