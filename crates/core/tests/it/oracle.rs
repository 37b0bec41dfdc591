//! Check digits against the Python package python-stdnum, on a hundred thousand numbers.
//!
//! It is LGPL and stays an outside process: nothing of it is in this crate. Without Python, or
//! without it and a package index, the test says loudly that it was skipped.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use chaski_core::{Dni, Ruc, RucError};

const PINNED: &str = "python-stdnum==2.2";
const ROWS: usize = 100_000;

/// One line in, one line out: `1` or `0` for a RUC; check characters and RUC for a DNI.
const SCRIPT: &str = "
import sys
from stdnum.pe import ruc, cui
for line in sys.stdin:
    kind, number = line.split()
    if kind == 'ruc':
        print(int(ruc.is_valid(number)))
    else:
        print(cui.calc_check_digits(number), cui.to_ruc(number + cui.calc_check_digits(number)[0]))
";

#[test]
fn python_stdnum_agrees() {
    let Some(library) = find_stdnum() else {
        // Where nothing may be skipped, such as in `.ci/run`.
        assert!(option_env!("CHASKI_TEST_NO_SKIPS").is_none(), "no {PINNED}");
        eprintln!("\n*** SKIPPED: no python3 with {PINNED}, and pip could not install it ***\n");
        return;
    };
    let (rucs, dnis) = numbers();
    let asked: Vec<String> = rucs
        .iter()
        .map(|number| format!("ruc {number}"))
        .chain(dnis.iter().map(|number| format!("dni {number}")))
        .collect();
    let answers = ask(&library, &asked);
    assert_eq!(answers.len(), asked.len());
    let (mut valid, mut invalid) = (0, 0);
    for (number, answer) in rucs.iter().zip(&answers) {
        match number.parse::<Ruc>() {
            // A list of ours that it does not have: the number may be valid for it.
            Err(RucError::Blocked) => {}
            Ok(_) => {
                valid += 1;
                assert_eq!(answer, "1", "{number}");
            }
            Err(error) => {
                invalid += 1;
                assert_eq!(answer, "0", "{number} {error}");
            }
        }
    }
    assert!(
        valid > ROWS / 4 && invalid > ROWS / 4,
        "{valid} valid, {invalid} invalid: too few"
    );
    for (number, answer) in dnis.iter().zip(&answers[rucs.len()..]) {
        let dni: Dni = number.parse().expect("eight digits");
        let ruc = Ruc::from_dni(dni);
        let ours = format!(
            "{}{} {}",
            dni.check_digit(),
            dni.check_letter(),
            ruc.as_str()
        );
        assert_eq!(answer, &ours, "{number}");
    }
}

/// Nine tenths RUCs, most with the right digit, many of a wrong prefix or length. Prefix 16 is left
/// out: python-stdnum refuses it, other sources have it.
fn numbers() -> (Vec<String>, Vec<String>) {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let prefixes = ["10", "15", "17", "20", "20", "20", "10", "99", "11", "21"];
    let mut ruc = |row: usize| {
        let prefix = prefixes[usize::try_from(next() % 10).expect("below ten")];
        let body = format!("{prefix}{:08}", next() % 100_000_000);
        let digit = if row.is_multiple_of(5) {
            next() % 10
        } else {
            right_digit(&body)
        };
        match row % 50 {
            7 => body,
            13 => format!("{body}{digit}0"),
            _ => format!("{body}{digit}"),
        }
    };
    let rucs = (0..ROWS / 10 * 9).map(&mut ruc).collect();
    let dnis = (0..ROWS as u64 / 10)
        .map(|row| format!("{:08}", row * 9_973 % 100_000_000))
        .collect();
    (rucs, dnis)
}

fn right_digit(body: &str) -> u64 {
    let weights = [5, 4, 3, 2, 7, 6, 5, 4, 3, 2];
    let sum: u64 = body
        .bytes()
        .zip(weights)
        .map(|(b, weight)| u64::from(b - b'0') * weight)
        .sum();
    (11 - sum % 11) % 10
}

fn ask(library: &Path, lines: &[String]) -> Vec<String> {
    let mut child = python(library)
        .args(["-c", SCRIPT])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 was there a moment ago");
    let mut input = child.stdin.take().expect("piped");
    let mut output = child.stdout.take().expect("piped");
    let text = lines.join("\n") + "\n";
    // Written beside the reading: both pipes are far smaller than what passes through them.
    let writer = std::thread::spawn(move || input.write_all(text.as_bytes()));
    let mut answers = String::new();
    output
        .read_to_string(&mut answers)
        .expect("Python writes UTF-8");
    writer
        .join()
        .expect("no panic there")
        .expect("Python reads to the end");
    assert!(child.wait().expect("it ended").success());
    answers.lines().map(str::to_owned).collect()
}

/// A folder to put on Python's path: one that already works, or one that pip fills now.
fn find_stdnum() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("python-stdnum-2.2");
    if has_stdnum(&folder) {
        return Some(folder);
    }
    let installed = Command::new("python3")
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--no-deps",
        ])
        .args([
            "--only-binary",
            ":all:",
            "--retries",
            "0",
            "--timeout",
            "10",
            "--target",
        ])
        .args([folder.as_os_str(), PINNED.as_ref()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    (installed.is_ok_and(|status| status.success()) && has_stdnum(&folder)).then_some(folder)
}

fn has_stdnum(folder: &Path) -> bool {
    let tried = python(folder)
        .args(["-c", "from stdnum.pe import ruc, cui"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    tried.is_ok_and(|status| status.success())
}

fn python(library: &Path) -> Command {
    let mut command = Command::new("python3");
    command.env("PYTHONPATH", library);
    command
}
