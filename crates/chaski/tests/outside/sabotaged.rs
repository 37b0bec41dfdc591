//! The program with the switches of `sabotage.rs`, for `sabotage.py`; never shipped.

use std::process::ExitCode;

fn main() -> ExitCode {
    chaski::cli::run(std::env::args_os().collect())
}
