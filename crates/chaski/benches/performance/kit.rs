//! Time, memory, medians, numbers to ask for, and how figures are shown.

use std::fs;
use std::time::Instant;

use anyhow::Context;
use chaski_core::Ruc;
use serde_json::{Map, Value, json};

/// Interleaved runs of every comparison.
pub(crate) const ROUNDS: usize = 7;

/// What a piece of work took.
#[derive(Clone, Copy)]
pub(crate) struct Took {
    /// Seconds by the wall clock.
    pub(crate) wall: f64,
    /// Seconds of processor, user and system, of this process with all its threads.
    pub(crate) cpu: f64,
}

/// Begins to measure; ends with [`Watch::stop`].
pub(crate) struct Watch {
    began: Instant,
    cpu: f64,
}

impl Watch {
    pub(crate) fn start() -> anyhow::Result<Watch> {
        Ok(Watch {
            cpu: cpu_seconds()?,
            began: Instant::now(),
        })
    }

    pub(crate) fn stop(self) -> anyhow::Result<Took> {
        Ok(Took {
            wall: self.began.elapsed().as_secs_f64(),
            cpu: cpu_seconds()? - self.cpu,
        })
    }
}

/// `/proc` counts in hundredths of a second: work to be measured has to take a second or so.
fn cpu_seconds() -> anyhow::Result<f64> {
    let text = fs::read_to_string("/proc/self/stat").context("processor time")?;
    // The name of the program, in parentheses, may hold blanks.
    let (_, fields) = text.rsplit_once(')').context("processor time")?;
    let ticks = |place: usize| -> anyhow::Result<f64> {
        let field = fields.split_whitespace().nth(place);
        Ok(field.context("processor time")?.parse()?)
    };
    Ok((ticks(11)? + ticks(12)?) / 100.0)
}

/// Memory of this process that is in RAM, MiB.
pub(crate) fn resident_mib() -> anyhow::Result<f64> {
    memory_mib("VmRSS:")
}

/// The most memory of this process that was in RAM at once since [`forget_peak`], MiB.
pub(crate) fn peak_mib() -> anyhow::Result<f64> {
    memory_mib("VmHWM:")
}

/// From now on the peak counts anew.
pub(crate) fn forget_peak() -> anyhow::Result<()> {
    fs::write("/proc/self/clear_refs", "5").context("peak of memory")
}

fn memory_mib(name: &str) -> anyhow::Result<f64> {
    let text = fs::read_to_string("/proc/self/status").context("memory")?;
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let kib: f64 = line
        .and_then(|rest| rest.trim().strip_suffix("kB"))
        .context("memory")?
        .trim()
        .parse()?;
    Ok(kib / 1024.0)
}

pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.into_iter().collect();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => f64::NAN,
        odd if odd % 2 == 1 => sorted[middle],
        _ => f64::midpoint(sorted[middle - 1], sorted[middle]),
    }
}

/// The median of the ratios of each round.
pub(crate) fn ratio(ours: &[f64], theirs: &[f64]) -> f64 {
    median(ours.iter().zip(theirs).map(|(ours, theirs)| ours / theirs))
}

/// Distinct RUCs of companies with a right check digit, from the `first` on.
pub(crate) fn rucs(first: u32, count: u32) -> Vec<Ruc> {
    const WEIGHTS: [u32; 10] = [5, 4, 3, 2, 7, 6, 5, 4, 3, 2];
    (first..)
        .filter_map(|number| {
            // Spread out, as in a real list: neighbours would flatter an index.
            let body = format!("20{:08}", u64::from(number) * 61_803_397 % 100_000_000);
            let sum: u32 = body
                .bytes()
                .zip(WEIGHTS)
                .map(|(digit, weight)| u32::from(digit - b'0') * weight)
                .sum();
            let check = (11 - sum % 11) % 10;
            // A few are well-known fakes and refused.
            format!("{body}{check}").parse().ok()
        })
        .take(count as usize)
        .collect()
}

/// Figures as they are found, shown at once and as JSON at the end.
#[derive(Default)]
pub(crate) struct Report(Map<String, Value>);

impl Report {
    /// Puts a figure down: its name, what it says, and the goal if there is one.
    pub(crate) fn figure(&mut self, name: &str, value: f64, unit: &str, goal: &str) {
        let shown = match value.abs() {
            large if large >= 1000.0 => format!("{value:.0}"),
            small if small < 10.0 => format!("{value:.3}"),
            _ => format!("{value:.1}"),
        };
        let aim = if goal.is_empty() {
            String::new()
        } else {
            format!("   goal {goal}")
        };
        println!("{name:<44} {shown:>12} {unit}{aim}");
        self.0.insert(name.to_owned(), json!(value));
    }

    pub(crate) fn json(self, measure: &str) -> Value {
        json!({ "bench": measure, "figures": self.0 })
    }
}
