//! Lists of ten thousand, a hundred thousand and a million rows, from the command to the result: how long
//! they take, known and unknown, and how much memory the process had at most.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rust_xlsxwriter::Workbook;

use crate::kit::{Report, rucs};

/// The program as this build made it.
const PROGRAM: &str = env!("CARGO_BIN_EXE_chaski");

/// Rows, from few to many.
const SIZES: [u32; 3] = [10_000, 100_000, 1_000_000];

/// How often the memory of the process is looked at: the system itself keeps the most there was.
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);

/// What a run came to.
struct Run {
    seconds: f64,
    mib: f64,
}

pub(crate) fn measure() -> anyhow::Result<Report> {
    let mut report = Report::default();
    for ending in ["xlsx", "csv"] {
        let mut known = Vec::new();
        for rows in SIZES {
            let folder = tempfile::tempdir()?;
            let list = format!("lista.{ending}");
            match ending {
                "xlsx" => write_workbook(&folder.path().join(&list), rows)?,
                _ => write_text(&folder.path().join(&list), rows)?,
            }
            // The first time asks the sandbox; the second time finds the numbers known.
            for (times, asked) in ["asked for", "known"].into_iter().enumerate() {
                let result = format!("resultado-{times}.{ending}");
                let run = run(folder.path(), &list, &result)?;
                let name = format!("P11 {ending}, {rows} rows, {asked}");
                report.figure(&name, run.seconds, "s", "");
                let goal = if rows == 1_000_000 { "≤ 150" } else { "" };
                report.figure(&format!("{name}, memory"), run.mib, "MiB", goal);
                if asked == "known" {
                    known.push(run.seconds);
                }
            }
        }
        let ratio = known[2] / known[1];
        let name = format!("P11 {ending}, a million ÷ a hundred thousand rows");
        report.figure(&name, ratio, "×", "≤ 11");
    }
    Ok(report)
}

fn run(folder: &Path, list: &str, result: &str) -> anyhow::Result<Run> {
    let mut command = Command::new(PROGRAM);
    command
        .current_dir(folder)
        .env("CHASKI_DIR", folder.join("datos"))
        .args([
            "ruc",
            "lote",
            list,
            "-o",
            result,
            "--sandbox",
            "--no-input",
            "-q",
        ])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let began = Instant::now();
    let mut child = command.spawn()?;
    let mut mib = 0.0_f64;
    let status = loop {
        mib = mib.max(peak_of(child.id()).unwrap_or(0.0));
        match child.try_wait()? {
            Some(status) => break status,
            None => std::thread::sleep(BETWEEN_LOOKS),
        }
    };
    let seconds = began.elapsed().as_secs_f64();
    anyhow::ensure!(status.success(), "{command:?} ended with {status}");
    Ok(Run { seconds, mib })
}

/// The most memory that a living process had, MiB.
fn peak_of(process: u32) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kib: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib / 1024.0)
}

/// A customer list as people have them: a name, the number, an amount.
fn write_workbook(path: &Path, rows: u32) -> anyhow::Result<()> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet_with_constant_memory()?;
    for (column, title) in (0..).zip(["Cliente", "RUC", "Monto"]) {
        sheet.write_string(0, column, title)?;
    }
    for (row, ruc) in (1..).zip(rucs(0, rows)) {
        sheet.write_string(row, 0, format!("CLIENTE FICTICIO {row}"))?;
        sheet.write_string(row, 1, ruc.as_str())?;
        sheet.write_number(row, 2, f64::from(row) * 1.18)?;
    }
    book.save(path)?;
    Ok(())
}

fn write_text(path: &Path, rows: u32) -> anyhow::Result<()> {
    let mut writer = csv::Writer::from_path(path)?;
    writer.write_record(["Cliente", "RUC", "Monto"])?;
    for (row, ruc) in (1..).zip(rucs(0, rows)) {
        let amount = format!("{:.2}", f64::from(row) * 1.18);
        writer.write_record([&format!("CLIENTE FICTICIO {row}"), ruc.as_str(), &amount])?;
    }
    writer.flush()?;
    Ok(())
}
