//! What Chaski costs, measured beside what it could cost at best.
//!
//! `cargo bench -p chaski` runs every measure, `cargo bench -p chaski -- audit batch` those named.
//! Each runs in a process of its own and ends in one line of JSON. Each figure is a median over
//! interleaved runs, and each ratio is taken within a round, because an absolute time means
//! little on a machine that others use too. Nothing here fails because of a figure.

#![expect(clippy::print_stdout, reason = "the figures are the output")]
#![expect(clippy::cast_precision_loss, reason = "counts here are far below 2^52")]

mod audit;
mod batch;
mod command;
mod documents;
mod invoices;
mod issuer;
mod kit;
mod long_lists;
mod lookup_cached;
mod lookup_uncached;
mod memory;
mod postgres;
mod sheets;
mod upstream;

use std::process::{Command, ExitCode};

use kit::Report;

/// That of the product: both sides of every ratio use it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A measure and its name on the command line.
type Measure = (&'static str, fn() -> anyhow::Result<Report>);

const MEASURES: [Measure; 13] = [
    ("lookup_uncached", lookup_uncached::measure),
    ("lookup_cached", lookup_cached::measure),
    ("batch", batch::measure),
    ("postgres", postgres::measure),
    ("audit", audit::measure),
    ("memory", memory::measure),
    ("memory_wire", memory::measure_on_the_wire),
    ("sheets", sheets::measure),
    ("long_lists", long_lists::measure),
    ("invoices", invoices::measure),
    ("issuer", issuer::measure),
    ("documents", documents::measure),
    ("command", command::measure),
];

fn main() -> anyhow::Result<ExitCode> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--serve", latency, seed] => {
            upstream::serve(latency, seed)?;
            Ok(ExitCode::SUCCESS)
        }
        ["--one", name] => one(name),
        // Cargo itself adds `--bench`.
        _ => all(words.iter().filter(|word| !word.starts_with("--"))),
    }
}

fn one(name: &str) -> anyhow::Result<ExitCode> {
    let Some((_, measure)) = MEASURES.iter().find(|(known, _)| *known == name) else {
        let known: Vec<_> = MEASURES.iter().map(|(known, _)| *known).collect();
        anyhow::bail!("there is no measure {name}; there are {}", known.join(", "));
    };
    println!("== {name}");
    println!("{}", measure()?.json(name));
    Ok(ExitCode::SUCCESS)
}

/// Runs the measures one after the other, each in a fresh process: neither the memory nor the
/// connections of one may help or hinder the next.
fn all<'w>(wanted: impl Iterator<Item = &'w String>) -> anyhow::Result<ExitCode> {
    let mut names: Vec<&str> = wanted.map(String::as_str).collect();
    if names.is_empty() {
        names = MEASURES.iter().map(|(name, _)| *name).collect();
    }
    let mut code = ExitCode::SUCCESS;
    for name in names {
        let done = Command::new(std::env::current_exe()?)
            .args(["--one", name])
            .status()?;
        if !done.success() {
            code = ExitCode::FAILURE;
        }
    }
    Ok(code)
}
