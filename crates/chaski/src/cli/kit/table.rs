//! Records as tables for people: as wide as the screen, with a colour beside the words that decide.

use chaski_core::Lang;
use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{Attribute, Cell, Color, ContentArrangement, Table};
use serde_json::{Map, Value};

use super::needed::Needed;
use super::records::{Records, plain};
use super::table_words::in_words;

/// Wider cells are wrapped before a table is given up for blocks.
const WIDE_CELL: usize = 32;

/// The records as a table, or one block below the other where a table would not fit.
pub(in crate::cli) fn render(records: &Records, needed: &Needed) -> String {
    let columns = shown_columns(records, needed.lang());
    let failed = |row: &Map<String, Value>| row.contains_key("error");
    if records.rows.iter().all(failed) {
        // Said on the error output, one line each; also when there are no rows at all.
        return String::new();
    }
    match records.rows.as_slice() {
        [row] if columns.len() > 4 => block(row, &columns, needed),
        rows if !fits(rows, &columns, needed) => rows
            .iter()
            .map(|row| block(row, &columns, needed))
            .collect(),
        rows => grid(rows, &columns, needed),
    }
}

/// A field and its heading.
type Shown = (&'static str, &'static str);

/// A column without a single value says nothing.
fn shown_columns(records: &Records, lang: Lang) -> Vec<Shown> {
    let has_value = |name: &str| {
        records
            .rows
            .iter()
            .any(|row| !plain(row.get(name), lang).is_empty())
    };
    records
        .columns
        .iter()
        .filter(|(name, ..)| has_value(name))
        .map(|(name, es, en)| (*name, lang.pick(*es, *en)))
        .collect()
}

fn grid(rows: &[Map<String, Value>], columns: &[Shown], needed: &Needed) -> String {
    let mut table = empty_table(needed);
    table.set_header(columns.iter().map(|(_, heading)| bold(heading, needed)));
    for row in rows {
        table.add_row(columns.iter().map(|(name, _)| cell(name, row, needed)));
    }
    format!("{table}\n")
}

/// One record reads better downwards.
fn block(row: &Map<String, Value>, columns: &[Shown], needed: &Needed) -> String {
    let mut table = empty_table(needed);
    for (name, heading) in columns {
        if !plain(row.get(*name), needed.lang()).is_empty() {
            table.add_row([bold(heading, needed), cell(name, row, needed)]);
        }
    }
    format!("{table}\n")
}

fn empty_table(needed: &Needed) -> Table {
    let mut table = Table::new();
    table
        .load_style(UTF8_FULL_CONDENSED)
        .set_content_arrangement(ContentArrangement::Dynamic);
    if let Some(width) = needed.columns {
        table.set_width(width);
    }
    table
}

fn fits(rows: &[Map<String, Value>], columns: &[Shown], needed: &Needed) -> bool {
    let Some(width) = empty_table(needed).width() else {
        return true;
    };
    let widest = |(name, heading): &Shown| {
        let cells = rows
            .iter()
            .map(|row| shown(name, row, needed.lang()).chars().count());
        let widest = cells.max().unwrap_or(0).min(WIDE_CELL);
        widest.max(heading.chars().count()) + 3
    };
    columns.iter().map(widest).sum::<usize>() < usize::from(width)
}

fn bold(text: &str, needed: &Needed) -> Cell {
    let cell = Cell::new(text);
    if needed.colour {
        cell.add_attribute(Attribute::Bold)
    } else {
        cell
    }
}

fn cell(name: &str, row: &Map<String, Value>, needed: &Needed) -> Cell {
    let text = shown(name, row, needed.lang());
    let value = plain(row.get(name), needed.lang());
    match tone(name, &value).filter(|_| needed.colour) {
        Some(colour) => Cell::new(text).fg(colour),
        None => Cell::new(text),
    }
}

/// A value as a person reads it.
fn shown(name: &str, row: &Map<String, Value>, lang: Lang) -> String {
    in_words(name, plain(row.get(name), lang), lang)
}

/// The colour of a value that decides; the word beside it says the same.
fn tone(name: &str, text: &str) -> Option<Color> {
    let good = |is_good: bool| Some(if is_good { Color::Green } else { Color::Red });
    match (name, text) {
        (_, "") => None,
        ("valido", _) => good(text == "SÍ" || text == "YES"),
        ("resultado", _) => good(text == "SUCCESS"),
        // What is not decided yet, or only half.
        (
            "estado",
            "PENDING" | "RUNNING" | "PROCESSING" | "PAUSED" | "PARTIAL" | "NO_VERIFICADO",
        )
        | ("nivel", "observado") => Some(Color::Yellow),
        ("estado" | "estado_del_contribuyente", _) => {
            good(["ACTIVO", "COMPLETED", "VIGENTE"].contains(&text))
        }
        ("condicion" | "condicion_de_domicilio", "HABIDO") | ("nivel", "ok") => Some(Color::Green),
        ("condicion" | "condicion_de_domicilio", "NO HABIDO" | "NO_HABIDO")
        | ("nivel", "rechazado")
        | ("error", _) => Some(Color::Red),
        ("condicion" | "condicion_de_domicilio", _) => Some(Color::Yellow),
        _ => None,
    }
}
