//! A workbook of sales as an accountant writes it: a heading above the titles, columns in their own order,
//! some of them without a place in the form, amounts in soles, days as days. Sixty documents, of which twelve are wrong,
//! each in another way. Everything in it is invented, and it is as right and wrong on any other day: only
//! documents that are wrong because of their day bear one.

use rust_xlsxwriter::{
    Color, DocProperties, ExcelDateTime, Format, FormatBorder, Formula, Workbook, Worksheet,
    XlsxError,
};

/// Titles in the accountant's order, and the widths of their columns.
const TITLES: [(&str, f64); 24] = [
    ("N° Pedido", 10.0),
    ("Vendedor", 12.0),
    ("Fecha", 11.0),
    ("Tipo de comprobante", 17.0),
    ("Serie", 7.0),
    ("N°", 7.0),
    ("RUC / DNI", 13.0),
    ("Cliente", 34.0),
    ("Dirección", 30.0),
    ("Producto", 34.0),
    ("Unid.", 8.0),
    ("Cantidad", 10.0),
    ("P. Unit.", 13.0),
    ("Incluye IGV", 9.0),
    ("Descuento", 11.0),
    ("% Descuento", 11.0),
    ("Afectación", 12.0),
    ("Bolsas", 8.0),
    ("Moneda", 10.0),
    ("T.C.", 8.0),
    ("Motivo nota", 9.0),
    ("Documento que modifica", 14.0),
    ("Exportacion", 11.0),
    ("Almacén", 10.0),
];

/// Row of the titles, from 0.
const TITLES_AT: u32 = 3;

/// What a cell holds.
#[derive(Clone)]
enum Written {
    Text(String),
    Number(f64),
    Soles(f64),
    Dollars(f64),
    Day(u16, u8, u8),
    /// A formula that fails.
    Failed,
}

/// Rows in the making: titles and values.
type Line = Vec<(&'static str, Written)>;

fn text(text: impl Into<String>) -> Written {
    Written::Text(text.into())
}

/// The customers: invented numbers whose check digit is right.
const COMPANIES: [(u64, &str, &str); 6] = [
    (
        2_000_000_001,
        "BODEGA LOS ALGARROBOS S.A.C.",
        "JR. LOS ALGARROBOS 145, PIURA",
    ),
    (
        2_000_000_002,
        "FERRETERÍA EL TORNILLO E.I.R.L.",
        "AV. INDUSTRIAL 2201, AREQUIPA",
    ),
    (
        2_000_000_003,
        "LIBRERÍA ÑUSTA S.R.L.",
        "CALLE COMERCIO 77, CUSCO",
    ),
    (
        2_000_000_004,
        "CONSTRUCTORA ANDES FICTICIOS S.A.",
        "AV. LA MARINA 900, LIMA",
    ),
    (
        2_000_000_005,
        "HOTEL MIRADOR DE PRUEBA S.A.C.",
        "MALECÓN 12, TRUJILLO",
    ),
    (
        2_000_000_006,
        "TRANSPORTES EJEMPLO & HIJOS S.A.C.",
        "CARRETERA CENTRAL KM 8, LIMA",
    ),
];

const PRODUCTS: [(&str, &str, f64); 8] = [
    ("CEMENTO TIPO I 42.5 KG", "bolsa", 31.9),
    ("FIERRO CORRUGADO 1/2\" X 9 M", "und", 48.5),
    ("PINTURA LÁTEX BLANCA", "galón", 62.0),
    ("CLAVOS DE 3\"", "kg", 7.8),
    ("CABLE THW 2.5 MM", "m", 2.35),
    ("SERVICIO DE INSTALACIÓN", "servicio", 180.0),
    ("CUADERNO A4 X 100 HOJAS", "und", 6.9),
    ("ARROZ EXTRA X 5 KG", "bolsa", 24.5),
];

/// A RUC of these ten digits, with its check digit.
fn ruc(ten: u64) -> String {
    let digits = ten.to_string();
    let weights = [5, 4, 3, 2, 7, 6, 5, 4, 3, 2];
    let sum: u32 = digits
        .chars()
        .zip(weights)
        .filter_map(|(c, weight)| Some(c.to_digit(10)? * weight))
        .sum();
    format!("{digits}{}", (11 - sum % 11) % 10)
}

/// The rows of the documents.
struct Sales {
    lines: Vec<Line>,
    documents: usize,
}

impl Sales {
    /// Begins a document: its first line, which says all of it.
    fn begin(&mut self, tipo: &'static str) -> &mut Line {
        self.documents += 1;
        let sellers = ["Rosa", "Julio", "Carmen"];
        let seller = sellers[self.documents % 3];
        self.lines.push(vec![
            ("N° Pedido", text(format!("P-{:03}", self.documents))),
            ("Vendedor", text(seller)),
            ("Tipo de comprobante", text(tipo)),
            (
                "Almacén",
                text(if self.documents.is_multiple_of(2) {
                    "Central"
                } else {
                    "Norte"
                }),
            ),
        ]);
        self.line(self.documents)
    }

    /// One more line of the last document.
    fn more(&mut self) -> &mut Line {
        self.lines.push(vec![(
            "N° Pedido",
            text(format!("P-{:03}", self.documents)),
        )]);
        self.lines.last_mut().expect("it was pushed just now")
    }

    /// Something that is sold, on the last line.
    fn line(&mut self, product: usize) -> &mut Line {
        let (name, unit, price) = PRODUCTS[product % PRODUCTS.len()];
        let line = self.lines.last_mut().expect("a document was begun");
        let count = f64::from(u8::try_from(product % 9 + 1).unwrap_or(1));
        line.extend([
            ("Producto", text(name)),
            ("Unid.", text(unit)),
            ("Cantidad", Written::Number(count)),
            ("P. Unit.", Written::Soles(price)),
        ]);
        line
    }

    fn factura(&mut self) -> &mut Line {
        let (ten, name, place) = COMPANIES[self.documents % COMPANIES.len()];
        let number = ruc(ten);
        let line = self.begin("Factura");
        line.extend([
            (
                "RUC / DNI",
                Written::Number(number.parse().unwrap_or_default()),
            ),
            ("Cliente", text(name)),
            ("Dirección", text(place)),
            ("Incluye IGV", text("SI")),
            ("Moneda", text("Soles")),
        ]);
        line
    }

    fn boleta(&mut self) -> &mut Line {
        let line = self.begin("Boleta");
        line.extend([
            ("Cliente", text("CLIENTES VARIOS")),
            ("Incluye IGV", text("SI")),
            ("Moneda", text("Soles")),
        ]);
        line
    }
}

/// Replaces what a line says under a title.
fn set(line: &mut Line, title: &'static str, written: Written) {
    line.retain(|(known, _)| *known != title);
    line.push((title, written));
}

/// The sixty documents, and the instalments of some.
fn documents() -> (Vec<Line>, Vec<(String, Written)>) {
    let mut sales = Sales {
        lines: Vec::new(),
        documents: 0,
    };
    let mut cuotas = Vec::new();
    right(&mut sales, &mut cuotas);
    wrong(&mut sales, &mut cuotas);
    (sales.lines, cuotas)
}

/// P-001 to P-048.
fn right(sales: &mut Sales, cuotas: &mut Vec<(String, Written)>) {
    // Facturas of one to three lines; the first bears a number that a note names.
    for index in 0..16 {
        let line = sales.factura();
        match index {
            0 => {
                set(line, "Serie", text("FFF1"));
                set(line, "N°", Written::Number(5001.0));
                set(line, "Cantidad", Written::Number(10.0));
            }
            // As other programs leave amounts: texts with their sign, and floats.
            1 => set(line, "P. Unit.", text("S/ 1,234.50")),
            2 => set(line, "Cantidad", Written::Number(3.000_000_000_000_000_4)),
            3 => set(line, "Incluye IGV", text("NO")),
            _ => {}
        }
        for extra in 0..index % 3 {
            sales.more();
            sales.line(index + extra + 3);
        }
    }
    // Boletas: without a named buyer, and to persons whose DNI lost its zeros.
    for index in 0..11 {
        let line = sales.boleta();
        set(line, "Cantidad", Written::Number(1.0));
        if index % 3 == 1 {
            set(
                line,
                "RUC / DNI",
                Written::Number(1_000_000.0 + f64::from(index)),
            );
            set(line, "Cliente", text("PERSONA DE PRUEBA"));
        }
        if index == 10 {
            let line = sales.more();
            line.extend([
                ("Producto", text("BOLSA PLÁSTICA")),
                ("Unid.", text("und")),
                ("Cantidad", Written::Number(2.0)),
                ("P. Unit.", Written::Soles(0.1)),
                ("Bolsas", Written::Number(2.0)),
            ]);
        }
    }
    // In dollars.
    for _ in 0..4 {
        let line = sales.factura();
        set(line, "Moneda", text("US$"));
        set(line, "T.C.", Written::Number(3.752));
        set(line, "P. Unit.", Written::Dollars(45.5));
    }
    // On credit: an advance payment would make less of it, so the instalments are the whole.
    for _ in 0..3 {
        let line = sales.factura();
        set(line, "Cantidad", Written::Number(10.0));
        set(line, "P. Unit.", Written::Soles(118.0));
        let key = format!("P-{:03}", sales.documents);
        cuotas.push((key.clone(), Written::Soles(590.0)));
        cuotas.push((key, Written::Soles(590.0)));
    }
    // Discounts by amount and by percent.
    for index in 0..4 {
        let line = sales.factura();
        if index % 2 == 0 {
            set(line, "Descuento", Written::Soles(5.5));
        } else {
            set(line, "% Descuento", Written::Number(10.0));
        }
    }
    // Something free beside something sold.
    for _ in 0..2 {
        sales.factura();
        sales.more();
        let line = sales.line(6);
        set(line, "Afectación", Written::Number(15.0));
    }
    // Exonerado and inafecto.
    for code in ["20 exonerado", "exonerado", "30 - inafecto"] {
        let line = sales.factura();
        set(line, "Afectación", text(code));
    }
    // Notes on the first factura, and on one that was issued elsewhere.
    let line = sales.factura();
    set(line, "Tipo de comprobante", text("Nota de crédito"));
    set(line, "Motivo nota", Written::Number(7.0));
    set(line, "Documento que modifica", text("FFF1-5001"));
    set(line, "RUC / DNI", text(ruc(COMPANIES[0].0)));
    set(line, "Cliente", text(COMPANIES[0].1));
    set(line, "Cantidad", Written::Number(1.0));
    set(line, "P. Unit.", Written::Soles(48.5));
    let line = sales.factura();
    set(line, "Tipo de comprobante", text("NC"));
    set(line, "Motivo nota", text("04"));
    set(line, "Documento que modifica", text("FFF1-4310"));
    let line = sales.factura();
    set(line, "Tipo de comprobante", text("Nota de débito"));
    set(line, "Motivo nota", text("01"));
    set(line, "Documento que modifica", text("FFF1-4310"));
    // An export.
    let line = sales.factura();
    set(line, "Exportacion", text("X"));
    set(line, "Afectación", Written::Number(40.0));
    set(line, "Moneda", text("USD"));
    set(line, "T.C.", Written::Number(3.752));
    set(line, "P. Unit.", Written::Dollars(900.0));
    // A long one.
    sales.factura();
    for extra in 0..5 {
        sales.more();
        sales.line(extra);
    }
}

/// P-049 to P-060: each wrong in another way.
fn wrong(sales: &mut Sales, cuotas: &mut Vec<(String, Written)>) {
    // A digit of the RUC is another one.
    let line = sales.factura();
    set(line, "RUC / DNI", text("20000000014"));
    // A factura for a person.
    let line = sales.factura();
    set(line, "RUC / DNI", text("00000001"));
    set(line, "Cliente", text("PERSONA DE PRUEBA"));
    // A large boleta without a named buyer.
    let line = sales.boleta();
    set(line, "Cantidad", Written::Number(40.0));
    set(line, "P. Unit.", Written::Soles(31.9));
    // A day long ago.
    let line = sales.factura();
    set(line, "Fecha", Written::Day(2026, 1, 5));
    // A quantity in words.
    let line = sales.factura();
    set(line, "Cantidad", text("dos"));
    // A code that is none.
    let line = sales.factura();
    set(line, "Afectación", Written::Number(99.0));
    // Two customers in one document.
    sales.factura();
    sales.more();
    let line = sales.line(4);
    set(line, "Cliente", text("OTRO CLIENTE S.A.C."));
    // A number that another document bears.
    let line = sales.factura();
    set(line, "Serie", text("FFF1"));
    set(line, "N°", Written::Number(5001.0));
    // Instalments above the total.
    let line = sales.factura();
    set(line, "Cantidad", Written::Number(1.0));
    set(line, "P. Unit.", Written::Soles(118.0));
    cuotas.push(("P-057".to_owned(), Written::Soles(1180.0)));
    // Dollars in a document in soles.
    let line = sales.factura();
    set(line, "P. Unit.", text("US$ 48.50"));
    // A note above what is left of its document.
    let line = sales.factura();
    set(line, "Tipo de comprobante", text("Nota de crédito"));
    set(line, "Motivo nota", Written::Number(7.0));
    set(line, "Documento que modifica", text("FFF1-5001"));
    set(line, "Cantidad", Written::Number(10.0));
    set(line, "P. Unit.", Written::Soles(48.5));
    // A formula that failed.
    let line = sales.factura();
    set(line, "P. Unit.", Written::Failed);
}

/// The workbook's bytes: the same every time.
pub(crate) fn ventas() -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let created = ExcelDateTime::from_ymd(2026, 11, 27)?;
    book.set_properties(
        &DocProperties::new()
            .set_author("Contabilidad")
            .set_creation_datetime(&created),
    );
    let (lines, cuotas) = documents();
    let sheet = book.add_worksheet().set_name("Ventas noviembre")?;
    let large = Format::new().set_bold().set_font_size(14);
    sheet.write_string_with_format(
        0,
        0,
        "DISTRIBUIDORA FICTICIA S.A.C. — VENTAS POR FACTURAR",
        &large,
    )?;
    sheet.write_string(
        1,
        0,
        "Preparado por Contabilidad. Amarillo: lo que cambió desde ayer.",
    )?;
    write_titles(sheet, TITLES_AT, &TITLES)?;
    for (row, line) in (TITLES_AT + 1..).zip(&lines) {
        for (title, written) in line {
            let column = TITLES.iter().position(|(known, _)| known == title);
            let column = column
                .and_then(|it| u16::try_from(it).ok())
                .unwrap_or_default();
            write(sheet, row, column, written)?;
        }
    }
    sheet.set_freeze_panes(TITLES_AT + 1, 1)?;
    let sheet = book.add_worksheet().set_name("Cuotas")?;
    write_titles(
        sheet,
        0,
        &[
            ("N° Pedido", 10.0),
            ("Fecha de pago", 13.0),
            ("Importe", 13.0),
        ],
    )?;
    for (row, (key, amount)) in (1..).zip(&cuotas) {
        sheet.write_string(row, 0, key)?;
        // After the day of issue, whichever that is.
        let month = u8::try_from(row % 2).unwrap_or_default() + 6;
        write(sheet, row, 1, &Written::Day(2090, month, 30))?;
        write(sheet, row, 2, amount)?;
    }
    book.save_to_buffer()
}

fn write_titles(sheet: &mut Worksheet, row: u32, titles: &[(&str, f64)]) -> Result<(), XlsxError> {
    let format = Format::new()
        .set_bold()
        .set_text_wrap()
        .set_background_color(Color::RGB(0x00FF_F2CC))
        .set_border_bottom(FormatBorder::Thin);
    for (column, (title, width)) in (0..).zip(titles) {
        sheet.write_string_with_format(row, column, *title, &format)?;
        sheet.set_column_width(column, *width)?;
    }
    Ok(())
}

fn write(sheet: &mut Worksheet, row: u32, column: u16, written: &Written) -> Result<(), XlsxError> {
    let form = |form: &str| Format::new().set_num_format(form);
    match written {
        Written::Text(text) => sheet.write_string(row, column, text)?,
        Written::Number(number) => {
            sheet.write_number_with_format(row, column, *number, &form("General"))?
        }
        Written::Soles(amount) => {
            sheet.write_number_with_format(row, column, *amount, &form("\"S/\" #,##0.00"))?
        }
        Written::Dollars(amount) => {
            sheet.write_number_with_format(row, column, *amount, &form("[$US$] #,##0.00"))?
        }
        Written::Day(year, month, day) => {
            let day = ExcelDateTime::from_ymd(*year, *month, *day)?;
            sheet.write_datetime_with_format(row, column, &day, &form("dd/mm/yyyy"))?
        }
        Written::Failed => {
            let formula = Formula::new("=VLOOKUP(\"X\",A1:B2,2,FALSE)").set_result("#N/A");
            sheet.write_formula(row, column, formula)?
        }
    };
    Ok(())
}
