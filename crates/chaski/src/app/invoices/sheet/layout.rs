//! What a sheet is laid out like: its titles found or refused, what an earlier check added taken away, and
//! a column `IGV` that holds amounts.

use chaski_core::invoicing::codes;
use chaski_core::{Severity, text};

use super::super::InvoiceError;
use super::columns::{COLUMNS, InvoiceColumn};
use super::documents::{PlacedFinding, SheetSide, SheetSpot, finding};
use super::titles::{SheetTitles, TitleFault, own_width};
use crate::app::AppError;
use crate::sheets::{Cell, RawSheet, column_letter};

pub(super) fn titles_of(
    sheet: &RawSheet,
    form: &'static [InvoiceColumn],
    fewest: usize,
) -> Result<SheetTitles, AppError> {
    let name = if sheet.name.is_empty() {
        "CSV"
    } else {
        &sheet.name
    };
    SheetTitles::find(&sheet.rows, form, fewest).map_err(|fault| {
        let says = match fault {
            TitleFault::None => {
                let known: Vec<&str> = form.iter().take(4).map(|it| it.name).collect();
                let known = known.join(", ");
                text!(
                    "en la hoja «{name}» no hay una fila de títulos como {known}…; para ver cómo van: chaski factura plantilla -o facturas.xlsx",
                    "the sheet «{name}» has no row of titles such as {known}…; to see how they go: chaski factura plantilla -o facturas.xlsx"
                )
            }
            TitleFault::Twice(column, first, second) => {
                let (first, second) = (column_letter(first), column_letter(second));
                text!(
                    "en la hoja «{name}» las columnas {first} y {second} parecen ser las dos «{column}»; déle ese título a una y cambie el de la otra",
                    "in the sheet «{name}» the columns {first} and {second} both look like «{column}»; give one of them that title and change the other's"
                )
            }
        };
        InvoiceError::SheetTitles(says).into()
    })
}

/// Without these columns nothing can be issued, and every document would be told so.
pub(super) fn require(titles: &SheetTitles, sheet: &RawSheet) -> Result<(), AppError> {
    let has = |name: &str| {
        let id = COLUMNS.iter().position(|it| it.name == name);
        id.is_some_and(|it| titles.place(it).is_some())
    };
    let mut missing: Vec<&str> = COLUMNS
        .iter()
        .filter(|it| it.is_required() && !has(it.name))
        .map(|it| it.name)
        .collect();
    if has("serie") && has("numero") {
        missing.retain(|it| *it != "documento");
    }
    if missing.is_empty() {
        return Ok(());
    }
    let (missing, row) = (missing.join(", "), titles.row);
    let name = if sheet.name.is_empty() {
        "CSV"
    } else {
        &sheet.name
    };
    let says = text!(
        "en la hoja «{name}», fila {row} de títulos, faltan las columnas {missing}; póngales ese título",
        "in the sheet «{name}», row {row} of titles, the columns {missing} are missing; give them that title"
    );
    Err(InvoiceError::SheetTitles(says).into())
}

/// Takes away what an earlier check added.
pub(super) fn forget_ours(sheet: &mut RawSheet, titles: &mut SheetTitles, ours: &[&str]) {
    let Some(row) = sheet.rows.get(titles.index) else {
        return;
    };
    let width = own_width(row, ours);
    if width == row.cells.len() {
        return;
    }
    titles.columns.truncate(width);
    titles.mistyped.retain(|(place, _)| *place < width);
    for row in &mut sheet.rows {
        if row.cells.len() > width {
            row.cells = row.cells.iter().take(width).cloned().collect();
        }
    }
}

/// A column `IGV` may hold the tax of each line instead of its rate: it is computed, and not read then.
pub(super) fn drop_amounts_of_igv(
    sheet: &RawSheet,
    titles: &mut SheetTitles,
    findings: &mut Vec<PlacedFinding>,
) {
    let Some(id) = COLUMNS.iter().position(|it| it.name == "igv") else {
        return;
    };
    let Some(place) = titles.place(id) else {
        return;
    };
    let is_rate = |number: f64| {
        (0.0..0.3).contains(&number)
            || (3.0..=18.0).contains(&number) && (number * 2.0).fract() == 0.0
    };
    let mut cells = sheet
        .rows
        .iter()
        .skip(titles.index + 1)
        .map(|row| row.cell(place));
    let amounts = cells.any(|cell| match cell {
        Cell::Number(number) => !is_rate(*number),
        Cell::Text(text) => text.contains("S/") || text.contains('$'),
        _ => false,
    });
    if !amounts {
        return;
    }
    titles.columns[place] = None;
    let found = finding(&codes::SHEET_COLUMN, "igv", |it| {
        it.as_severe_as(Severity::Aviso)
            .says(text!(
                "esta columna trae importes de IGV y no su porcentaje; no se usa: el IGV se calcula",
                "this column holds amounts of IGV and not its percent; it is not used: IGV is computed"
            ))
            .advises(text!(
                "para fijar la tasa póngale el porcentaje, por ejemplo 18",
                "to fix the rate put the percent in it, such as 18"
            ));
    });
    findings.push(PlacedFinding {
        spot: SheetSpot {
            side: SheetSide::Main,
            row: titles.row,
            column: Some(place),
        },
        document: None,
        finding: found,
    });
}

/// Titles that are nearly known: what stands below them would be lost.
pub(super) fn note_titles(
    titles: &SheetTitles,
    side: SheetSide,
    findings: &mut Vec<PlacedFinding>,
) {
    for (place, meant) in &titles.mistyped {
        let found = finding(&codes::SHEET_COLUMN, meant, |it| {
            it.expected(meant).advises(text!(
                "si quiso escribir «{meant}», corrija el título; si es otra cosa, déle un título menos parecido",
                "if you meant «{meant}», correct the title; if it is something else, give it a title less like it"
            ));
        });
        findings.push(PlacedFinding {
            spot: SheetSpot {
                side,
                row: titles.row,
                column: Some(*place),
            },
            document: None,
            finding: found,
        });
    }
}
