//! What checking a document costs, beside what reading its JSON costs at best.
//!
//! `cargo bench -p chaski-core` prints figures and ends in one line of JSON. Each figure is a median
//! over interleaved rounds, and each ratio is taken within a round, because an absolute time means
//! little on a machine that others use too. Nothing here fails because of a figure.

#![expect(clippy::print_stdout, reason = "the figures are the output")]

use std::hint::black_box;
use std::time::Instant;

use chaski_core::invoicing::{Known, check};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// Interleaved rounds of every comparison.
const ROUNDS: usize = 9;
/// Documents of ten lines in one measured run.
const DOCUMENTS: usize = 1000;

fn main() {
    let now: Timestamp = "2026-11-27T12:00:00-05:00".parse().expect("an instant");
    let known = Known::default();
    let checked = |text: &[u8]| {
        let checked = check(black_box(text), now, &known);
        assert!(checked.sendable().is_some(), "{:?}", checked.hallazgos);
        checked
    };
    let simple = draft(10).to_string().into_bytes();
    let verbatim = checked(&simple).document.expect("a document").to_bytes();
    let large = checked(draft(10_000).to_string().as_bytes());
    let large = large.document.expect("a document").to_bytes();

    let (mut check_ratio, mut simple_ratio, mut size_ratio) = (vec![], vec![], vec![]);
    let mut micros = vec![];
    for _ in 0..ROUNDS {
        let parsing = seconds(DOCUMENTS, || {
            black_box(serde_json::from_slice::<Value>(black_box(&verbatim)).expect("JSON"));
        });
        let parsing_simple = seconds(DOCUMENTS, || {
            black_box(serde_json::from_slice::<Value>(black_box(&simple)).expect("JSON"));
        });
        let checking = seconds(DOCUMENTS, || {
            black_box(checked(&verbatim));
        });
        let composing = seconds(DOCUMENTS, || {
            black_box(checked(&simple));
        });
        let one_large = seconds(1, || {
            black_box(checked(&large));
        });
        micros.push(checking / 1000.0 * 1e6);
        check_ratio.push(checking / parsing);
        simple_ratio.push(composing / parsing_simple);
        size_ratio.push(one_large / checking);
    }
    let mut figures = Map::new();
    for (name, values, goal) in [
        ("check of 10 lines, µs", micros, ""),
        ("check ÷ serde_json", check_ratio, "≤ 4"),
        ("simple form ÷ serde_json", simple_ratio, ""),
        ("10,000 lines ÷ 1,000 × 10 lines", size_ratio, "≤ 1.3"),
        ("peak memory, MiB", vec![peak_mib()], ""),
    ] {
        let value = median(values);
        let aim = if goal.is_empty() {
            String::new()
        } else {
            format!("   goal {goal}")
        };
        println!("{name:<44} {value:>12.3}{aim}");
        figures.insert(name.to_owned(), json!(value));
    }
    println!("{}", json!({ "bench": "checking", "figures": figures }));
}

/// A factura whose lines differ, with prices that include IGV.
fn draft(lines: u32) -> Value {
    let items = (0..lines).map(|line| {
        json!({"descripcion": format!("ARTÍCULO {line}"), "codigo": format!("P-{line}"),
            "cantidad": line % 7 + 1, "precio": format!("{}.{:02}", line % 90 + 1, line % 100)})
    });
    json!({
        "tipo": "factura", "serie": "FFF1", "precios_con_igv": true,
        "cliente": {"tipo": "6", "numero": "20512333797", "nombre": "CLIENTE SINTETICO SAC",
            "direccion": "AV. SINTETICA 123 - LIMA"},
        "items": items.collect::<Vec<_>>(),
    })
}

fn seconds(times: usize, mut work: impl FnMut()) -> f64 {
    let began = Instant::now();
    for _ in 0..times {
        work();
    }
    began.elapsed().as_secs_f64()
}

/// The most memory of this process that was in RAM at once, MiB; not a number where `/proc` is not.
fn peak_mib() -> f64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|rest| rest.trim().strip_suffix("kB")?.trim().parse::<f64>().ok());
    kib.map_or(f64::NAN, |kib| kib / 1024.0)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
