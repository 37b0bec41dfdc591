//! Writes JSON: one object per row, with the caller's columns under `original`.

use std::io::{self, Write};

use serde_json::{Map, Number, Value};

use super::columns::Output;
use crate::sheets::{Cell, Row};

/// One array, one object per line inside it.
pub(super) fn render_array(out: &mut dyn Write, output: &Output<'_>) -> io::Result<()> {
    if output.table.rows.is_empty() {
        return out.write_all(b"[]\n");
    }
    render(out, output, ["[\n", ",\n", "\n]\n"])
}

/// One object per line.
pub(super) fn render_lines(out: &mut dyn Write, output: &Output<'_>) -> io::Result<()> {
    let end = if output.table.rows.is_empty() {
        ""
    } else {
        "\n"
    };
    render(out, output, ["", "\n", end])
}

/// What stands before, between and after the objects is given.
fn render(out: &mut dyn Write, output: &Output<'_>, around: [&str; 3]) -> io::Result<()> {
    let [mut before, between, after] = around;
    let names = unique_names(&output.table.headers);
    for row in output.table.rows.iter() {
        out.write_all(before.as_bytes())?;
        serde_json::to_writer(&mut *out, &object(output, &names, &row))?;
        before = between;
    }
    out.write_all(after.as_bytes())
}

fn object(output: &Output<'_>, names: &[String], row: &Row) -> Map<String, Value> {
    let verdict = output.next_verdict();
    let mut object = Map::with_capacity(output.kind.columns.len() + 3);
    object.insert("fila".into(), row.number.into());
    object.insert("original".into(), Value::Object(original(row, names)));
    for (place, column) in output.kind.columns.iter().enumerate() {
        object.insert(column.name.into(), output.value(&*verdict, place).into());
    }
    // The word is for people and changes with the language; this is for programs.
    object.insert(output.kind.code.into(), output.word(&*verdict).name.into());
    object
}

fn original(row: &Row, names: &[String]) -> Map<String, Value> {
    names
        .iter()
        .enumerate()
        .map(|(column, name)| (name.clone(), value(row.cell(column))))
        .collect()
}

fn value(cell: &Cell) -> Value {
    match cell {
        Cell::Empty => Value::Null,
        Cell::Text(text) | Cell::Date(text) | Cell::Error(text) => text.as_str().into(),
        Cell::Bool(value) => (*value).into(),
        Cell::Number(number) => number_value(*number),
    }
}

/// `20100038146` rather than `20100038146.0`.
fn number_value(number: f64) -> Value {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if number.fract() == 0.0 && number.abs() < EXACT {
        #[expect(clippy::cast_possible_truncation, reason = "whole and within 53 bits")]
        return Value::from(number as i64);
    }
    Number::from_f64(number).map_or(Value::Null, Value::Number)
}

/// The titles with a number after those that repeat one before: keys of an object are unique.
fn unique_names(headers: &[String]) -> Vec<String> {
    let mut names: Vec<String> = Vec::with_capacity(headers.len());
    for header in headers {
        let mut free = header.clone();
        let mut number = 2;
        while names.contains(&free) {
            free = format!("{header} ({number})");
            number += 1;
        }
        names.push(free);
    }
    names
}
