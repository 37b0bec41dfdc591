//! The empty workbook: titles, drop-down lists, an example, and every column in words.

use std::collections::BTreeMap;

use chaski_core::Lang;
use jiff::civil::Date;
use rust_xlsxwriter::{
    Color, DataValidation, DataValidationErrorStyle, Format, FormatAlign, FormatBorder, Formula,
    Workbook, Worksheet, XlsxError,
};

use super::choices::listed;
use super::columns::{
    BESIDE, COLUMNS, CUOTAS, CellKind, Choices, ColumnScope, InvoiceColumn, MAIN,
};
use crate::sheets::{SheetError, by_chaski};

/// Rows of the template that have lists to choose from.
const PREPARED_ROWS: u32 = 2000;
/// Name of the sheet of the lists.
const LISTS: &str = "Listas";

/// What stands in the rows of the example.
const EXAMPLE: [&[(&str, &str)]; 3] = [
    &[
        ("documento", "V-001"),
        ("tipo", "factura"),
        ("cliente_tipo", "6 RUC"),
        ("cliente_numero", "20100070970"),
        ("cliente_nombre", "COMERCIAL EJEMPLO S.A.C."),
        ("cliente_direccion", "AV. DE EJEMPLO 123, LIMA"),
        ("moneda", "PEN"),
        ("precios_con_igv", "SI"),
        ("descripcion", "CUADERNO A4 RAYADO"),
        ("cantidad", "10"),
        ("unidad", "NIU unidad (bienes)"),
        ("precio", "5.9"),
        ("afectacion", "10 gravado, operación onerosa"),
    ],
    &[
        ("documento", "V-001"),
        ("descripcion", "SERVICIO DE REPARTO"),
        ("cantidad", "1"),
        ("unidad", "ZZ unidad (servicios)"),
        ("precio", "23.6"),
        ("afectacion", "10 gravado, operación onerosa"),
    ],
    &[
        ("documento", "V-002"),
        ("tipo", "boleta"),
        ("cliente_tipo", "- varios"),
        ("precios_con_igv", "SI"),
        ("descripcion", "LAPICERO AZUL"),
        ("cantidad", "3"),
        ("unidad", "NIU unidad (bienes)"),
        ("precio", "1.5"),
        ("afectacion", "10 gravado, operación onerosa"),
    ],
];

/// A workbook to be filled in. `created` is the day that it says of itself.
pub fn invoice_template(created: Date, lang: Lang) -> Result<Vec<u8>, SheetError> {
    let write = || -> Result<Vec<u8>, XlsxError> {
        let mut book = Workbook::new();
        book.set_properties(&by_chaski(created)?);
        let lists = lists(lang);
        let main = book.add_worksheet().set_name(MAIN)?;
        write_form(main, &COLUMNS, &lists, lang)?;
        write_example(main)?;
        let beside = book.add_worksheet().set_name(BESIDE)?;
        write_form(beside, &CUOTAS, &lists, lang)?;
        let help = book.add_worksheet().set_name(lang.pick("Ayuda", "Help"))?;
        write_help(help, lang)?;
        let sheet = book.add_worksheet().set_name(LISTS)?;
        write_lists(sheet, &lists)?;
        book.save_to_buffer()
    };
    write().map_err(|error| SheetError::writing("-".as_ref(), std::io::Error::other(error)))
}

/// What can be chosen, by its column in the sheet of lists.
fn lists(lang: Lang) -> BTreeMap<Choices, (u16, &'static str, Vec<String>)> {
    let mut lists = BTreeMap::new();
    let mut next = 0;
    for column in &COLUMNS {
        if column.choices == Choices::Free || lists.contains_key(&column.choices) {
            continue;
        }
        lists.insert(
            column.choices,
            (next, column.name, listed(column.choices, lang)),
        );
        next += 1;
    }
    lists
}

fn title_format() -> Format {
    Format::new()
        .set_bold()
        .set_text_wrap()
        .set_align(FormatAlign::VerticalCenter)
        .set_border_bottom(FormatBorder::Thin)
}

/// Required titles are dark, those of the line bear another colour than those of the document.
fn colours(column: &InvoiceColumn) -> Format {
    let paper = match (column.is_required(), column.scope) {
        (true, _) => {
            return title_format()
                .set_background_color(Color::RGB(0x001F_3A5F))
                .set_font_color(Color::White);
        }
        (false, ColumnScope::Line) => 0x00E2_EFDA,
        (false, ColumnScope::Advance) => 0x00FF_F2CC,
        (false, _) => 0x00DD_E3EA,
    };
    title_format().set_background_color(Color::RGB(paper))
}

fn cell_format(column: &InvoiceColumn) -> Option<Format> {
    let form = match column.kind {
        CellKind::Day => "dd/mm/yyyy",
        CellKind::Decimal => match column.name {
            "cantidad" | "bolsas" => "#,##0.##########",
            "tipo_de_cambio" => "0.000",
            "precio" => "#,##0.00########",
            _ => "#,##0.00",
        },
        CellKind::Percent => "0.00",
        CellKind::Whole => "0",
        CellKind::Text | CellKind::Identity | CellKind::Code(_) | CellKind::IdentityTipo => "@",
        CellKind::Flag | CellKind::Tipo | CellKind::Moneda | CellKind::Mail => return None,
    };
    Some(Format::new().set_num_format(form))
}

fn write_form(
    sheet: &mut Worksheet,
    columns: &[InvoiceColumn],
    lists: &BTreeMap<Choices, (u16, &'static str, Vec<String>)>,
    lang: Lang,
) -> Result<(), XlsxError> {
    sheet.set_row_height(0, 32)?;
    for (place, column) in (0..).zip(columns) {
        sheet.write_string_with_format(0, place, column.name, &colours(column))?;
        // Most programs do not wrap a title at its underscores, but in the middle of a word.
        let title = u8::try_from(column.name.len() + 3).unwrap_or(u8::MAX);
        let chars = f64::from(column.width).max(f64::from(title));
        sheet.set_column_width(place, chars)?;
        if let Some(format) = cell_format(column) {
            sheet.set_column_format(place, &format)?;
        }
        let mut rule = DataValidation::new();
        if let Some((list, _, words)) = lists.get(&column.choices) {
            let letter = crate::sheets::column_letter(usize::from(*list));
            let last = words.len() + 1;
            rule = rule
                .allow_list_formula(Formula::new(format!(
                    "={LISTS}!${letter}$2:${letter}${last}"
                )))
                // Other words are understood too: `Factura`, `01`.
                .set_error_style(DataValidationErrorStyle::Information);
        } else {
            rule = rule.allow_any_value();
        }
        let help: String = column.help(lang).chars().take(255).collect();
        let rule = rule.set_input_title(column.name)?.set_input_message(help)?;
        sheet.add_data_validation(1, place, PREPARED_ROWS, place, &rule)?;
    }
    sheet.set_freeze_panes(1, 1)?;
    sheet.set_landscape();
    sheet.set_paper_size(9); // A4
    sheet.set_repeat_rows(0, 0)?;
    sheet.set_repeat_columns(0, 0)?;
    sheet.set_print_fit_to_pages(if columns.len() > 10 { 4 } else { 1 }, 0);
    Ok(())
}

fn write_example(sheet: &mut Worksheet) -> Result<(), XlsxError> {
    for (row, values) in (1..).zip(EXAMPLE) {
        for (name, value) in values {
            let Some(place) = COLUMNS.iter().position(|it| it.name == *name) else {
                continue;
            };
            let column = u16::try_from(place).unwrap_or_default();
            match (COLUMNS[place].kind, value.parse::<f64>()) {
                (CellKind::Decimal, Ok(number)) => sheet.write_number(row, column, number)?,
                _ => sheet.write_string(row, column, *value)?,
            };
        }
    }
    Ok(())
}

/// Every column in words.
fn write_help(sheet: &mut Worksheet, lang: Lang) -> Result<(), XlsxError> {
    let wrapped = Format::new().set_text_wrap().set_align(FormatAlign::Top);
    let top = Format::new().set_align(FormatAlign::Top);
    let bold = Format::new().set_bold().set_align(FormatAlign::Top);
    for (column, width) in [(0, 26), (1, 15), (2, 18), (3, 90)] {
        sheet.set_column_width(column, f64::from(width))?;
    }
    let heading = lang.pick("Cómo se llena este libro", "How this workbook is filled in");
    sheet.set_row_height(0, 26)?;
    sheet.write_string_with_format(0, 0, heading, &Format::new().set_bold().set_font_size(16))?;
    let rules: &[&str] = lang.pick(
        &[
            "1. Una fila por línea de venta. Las filas con el mismo «documento» son un solo comprobante; sus datos se escriben en la primera y se pueden dejar vacíos en las demás.",
            "2. Títulos oscuros: obligatorios. Lo demás, solo si hace falta. Puede quitar columnas, cambiarles el orden y agregar las suyas: se conservan.",
            "3. Venta al crédito: sus cuotas van en la hoja Cuotas, con el mismo «documento».",
            "4. Borre las filas de ejemplo. Revise el libro, sin emitir nada, con: chaski factura validar facturas.xlsx -o revisado.xlsx",
        ],
        &[
            "1. One row per line of a sale. Rows with the same «documento» are one document; what is said of it goes into the first and may be left empty in the others.",
            "2. Dark titles: required. Everything else only if needed. You may remove columns, change their order and add your own: they are kept.",
            "3. Sales on credit: their instalments go into the sheet Cuotas, with the same «documento».",
            "4. Delete the rows of the example. Check the workbook, issuing nothing, with: chaski factura validar facturas.xlsx -o revisado.xlsx",
        ],
    );
    let mut row = 2;
    for rule in rules {
        sheet.merge_range(row, 0, row, 3, rule, &wrapped)?;
        sheet.set_row_height(row, 32)?;
        row += 1;
    }
    for (name, columns) in [(MAIN, &COLUMNS[..]), (BESIDE, &CUOTAS[..])] {
        row += 1;
        let titles = [
            format!("{} {name}", lang.pick("Hoja", "Sheet")),
            lang.pick("Obligatoria", "Required").to_owned(),
            lang.pick("Es de", "Is of").to_owned(),
            lang.pick("Qué es", "What it is").to_owned(),
        ];
        let title = title_format()
            .set_background_color(Color::RGB(0x001F_3A5F))
            .set_font_color(Color::White);
        for (place, text) in (0..).zip(&titles) {
            sheet.write_string_with_format(row, place, text, &title)?;
        }
        row += 1;
        for column in columns {
            let required = column.is_required() || name == BESIDE;
            let of = match (name == BESIDE, column.scope) {
                (_, ColumnScope::Key) => lang.pick("cada fila", "each row"),
                (true, _) => lang.pick("la cuota", "the instalment"),
                (_, ColumnScope::Document) => lang.pick("el documento", "the document"),
                (_, ColumnScope::Line) => lang.pick("la línea", "the line"),
                (_, ColumnScope::Advance) => lang.pick("el anticipo", "the advance"),
            };
            let required = if required {
                lang.pick("sí", "yes")
            } else {
                ""
            };
            // Some programs do not make room for a second line by themselves.
            if column.help(lang).chars().count() > 95 {
                sheet.set_row_height(row, 30)?;
            }
            sheet.write_string_with_format(row, 0, column.name, &bold)?;
            sheet.write_string_with_format(row, 1, required, &top)?;
            sheet.write_string_with_format(row, 2, of, &top)?;
            sheet.write_string_with_format(row, 3, column.help(lang), &wrapped)?;
            row += 1;
        }
    }
    sheet.set_paper_size(9); // A4
    sheet.set_landscape();
    sheet.set_print_fit_to_pages(1, 0);
    sheet.set_screen_gridlines(false);
    Ok(())
}

fn write_lists(
    sheet: &mut Worksheet,
    lists: &BTreeMap<Choices, (u16, &'static str, Vec<String>)>,
) -> Result<(), XlsxError> {
    for (place, name, words) in lists.values() {
        sheet.write_string_with_format(0, *place, *name, &title_format())?;
        sheet.set_column_width(*place, 24)?;
        for (row, word) in (1..).zip(words) {
            // Text all of them: `01` keeps its zero, `-` stays a dash.
            let text = Format::new().set_num_format("@").set_quote_prefix();
            sheet.write_string_with_format(row, *place, word, &text)?;
        }
    }
    sheet.set_hidden(true);
    Ok(())
}
