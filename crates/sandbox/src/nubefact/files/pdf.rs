//! The printed form: plain A4 pages with the QR code, marked as worthless for the tax office.

use pdf_writer::{Content, Finish, Name, Pdf, Rect, Ref, Str};
use qrcode::{Color, EcLevel, QrCode};
use rust_decimal::Decimal;
use serde_json::Value;

use super::super::kind::IssuedKind;
use super::AcceptedDocument;
use super::papers::printed;
use super::sale::{Sale, amount, iso_date, list, text};
use super::ubl_parts::number;

/// A4, in points.
const WIDTH: f32 = 595.0;
const HEIGHT: f32 = 842.0;
const MARGIN: f32 = 40.0;
/// From one line to the next.
const LEADING: f32 = 13.0;
/// Room that totals and QR code take at the end.
const FOOT: f32 = 190.0;
/// Characters of a description in one line.
const DESCRIPTION: usize = 46;

const REGULAR: Name<'static> = Name(b"F1");
const BOLD: Name<'static> = Name(b"F2");

/// A page that is being filled from its top.
struct Sheet {
    content: Content,
    y: f32,
}

impl Sheet {
    fn new() -> Sheet {
        Sheet {
            content: Content::new(),
            y: HEIGHT - MARGIN,
        }
    }

    fn put(&mut self, font: Name<'_>, size: f32, x: f32, said: &str) {
        let bytes = win_ansi(said);
        self.content
            .begin_text()
            .set_font(font, size)
            .next_line(x, self.y)
            .show(Str(&bytes))
            .end_text();
    }

    /// Ends at `x`: digits of Helvetica are all equally wide.
    fn put_right(&mut self, font: Name<'_>, size: f32, x: f32, said: &str) {
        let thousandths: f32 = said
            .chars()
            .map(|c| if c.is_ascii_digit() { 556.0 } else { 278.0 })
            .sum();
        self.put(font, size, x - thousandths * size / 1000.0, said);
    }

    fn line(&mut self) {
        self.y -= LEADING;
    }

    fn rule(&mut self) {
        self.content
            .move_to(MARGIN, self.y + LEADING - 3.0)
            .line_to(WIDTH - MARGIN, self.y + LEADING - 3.0)
            .stroke();
    }
}

/// The document on as many pages as it needs.
pub(super) fn pdf(document: &AcceptedDocument) -> Vec<u8> {
    let mut sheets = vec![Sheet::new()];
    if let Some(sheet) = sheets.last_mut() {
        heading(sheet, document);
    }
    for row in rows(document) {
        if sheets.last().is_none_or(|sheet| sheet.y < FOOT) {
            sheets.push(Sheet::new());
        }
        if let Some(sheet) = sheets.last_mut() {
            print_row(sheet, &row);
        }
    }
    if let Some(sheet) = sheets.last_mut() {
        foot(sheet, document);
    }
    bound(sheets)
}

/// The objects of the file.
fn bound(sheets: Vec<Sheet>) -> Vec<u8> {
    let mut next = 1;
    let mut fresh = || {
        next += 1;
        Ref::new(next - 1)
    };
    let (catalog, tree, regular, bold) = (fresh(), fresh(), fresh(), fresh());
    let pages: Vec<(Ref, Ref, Sheet)> = sheets
        .into_iter()
        .map(|sheet| (fresh(), fresh(), sheet))
        .collect();
    let mut pdf = Pdf::new();
    pdf.catalog(catalog).pages(tree);
    let count = i32::try_from(pages.len()).unwrap_or(i32::MAX);
    pdf.pages(tree)
        .kids(pages.iter().map(|(page, _, _)| *page))
        .count(count);
    for (font, name) in [(regular, "Helvetica"), (bold, "Helvetica-Bold")] {
        pdf.type1_font(font)
            .base_font(Name(name.as_bytes()))
            .encoding_predefined(Name(b"WinAnsiEncoding"));
    }
    for (id, content, sheet) in pages {
        let mut page = pdf.page(id);
        page.media_box(Rect::new(0.0, 0.0, WIDTH, HEIGHT));
        page.parent(tree);
        page.contents(content);
        let mut resources = page.resources();
        resources.fonts().pair(REGULAR, regular).pair(BOLD, bold);
        resources.finish();
        page.finish();
        pdf.stream(content, &sheet.content.finish());
    }
    pdf.finish()
}

fn title(kind: IssuedKind) -> &'static str {
    match kind {
        IssuedKind::Factura => "FACTURA ELECTRÓNICA",
        IssuedKind::Boleta => "BOLETA DE VENTA ELECTRÓNICA",
        IssuedKind::NotaCredito => "NOTA DE CRÉDITO ELECTRÓNICA",
        IssuedKind::NotaDebito => "NOTA DE DÉBITO ELECTRÓNICA",
        IssuedKind::GuiaRemitente => "GUÍA DE REMISIÓN REMITENTE",
        IssuedKind::GuiaTransportista => "GUÍA DE REMISIÓN TRANSPORTISTA",
        IssuedKind::Retencion => "COMPROBANTE DE RETENCIÓN",
        IssuedKind::Percepcion => "COMPROBANTE DE PERCEPCIÓN",
    }
}

fn heading(sheet: &mut Sheet, document: &AcceptedDocument) {
    let body = &document.body;
    sheet.put(BOLD, 9.0, MARGIN, "SANDBOX: SIN VALOR TRIBUTARIO");
    sheet.line();
    sheet.line();
    let right = 340.0;
    sheet.put(BOLD, 12.0, MARGIN, &clip(&document.issuer_name, 42));
    sheet.put(BOLD, 11.0, right, title(document.kind));
    sheet.line();
    sheet.put(REGULAR, 9.0, MARGIN, &clip(&document.issuer_address, 60));
    sheet.put(BOLD, 11.0, right, &number(document));
    sheet.line();
    sheet.put(
        REGULAR,
        9.0,
        MARGIN,
        &format!("RUC {}", document.issuer_ruc),
    );
    if let Some(void) = &document.void {
        let ticket = void.ticket.as_deref().unwrap_or("sin ticket");
        let said = format!("BAJA ({ticket}): {}", void.motivo);
        sheet.put(BOLD, 10.0, right, &clip(&said, 40));
    }
    sheet.line();
    sheet.line();
    let customer = format!(
        "{} ({})",
        text(body, "cliente_denominacion"),
        text(body, "cliente_numero_de_documento")
    );
    sheet.put(
        REGULAR,
        9.0,
        MARGIN,
        &clip(&format!("Cliente: {customer}"), 100),
    );
    sheet.line();
    let address = text(body, "cliente_direccion");
    sheet.put(
        REGULAR,
        9.0,
        MARGIN,
        &clip(&format!("Dirección: {address}"), 100),
    );
    sheet.line();
    let issued = iso_date(text(body, "fecha_de_emision"));
    sheet.put(REGULAR, 9.0, MARGIN, &format!("Fecha de emisión: {issued}"));
    sheet.put(
        REGULAR,
        9.0,
        right,
        &format!("Moneda: {}", Sale::read(body).currency),
    );
    sheet.line();
    if document.kind.is_note() {
        let modified = format!(
            "Documento que se modifica: {}-{}",
            text(body, "documento_que_se_modifica_serie"),
            text(body, "documento_que_se_modifica_numero")
        );
        sheet.put(REGULAR, 9.0, MARGIN, &modified);
        sheet.line();
    }
    sheet.line();
    sheet.put(BOLD, 9.0, MARGIN, "CANT.");
    sheet.put(BOLD, 9.0, 100.0, "UM");
    sheet.put(BOLD, 9.0, 140.0, "DESCRIPCIÓN");
    sheet.put(BOLD, 9.0, 420.0, "P. UNIT.");
    sheet.put(BOLD, 9.0, 515.0, "TOTAL");
    sheet.line();
    sheet.rule();
}

/// A row of the table: quantity, unit, description, price, total.
struct Row<'a> {
    quantity: &'a str,
    unit: &'a str,
    description: String,
    price: &'a str,
    total: String,
}

fn rows(document: &AcceptedDocument) -> Vec<Row<'_>> {
    list(&document.body, "items")
        .iter()
        .map(|item| row(document.kind, item))
        .collect()
}

fn row(kind: IssuedKind, item: &Value) -> Row<'_> {
    match kind {
        IssuedKind::Retencion | IssuedKind::Percepcion => Row {
            quantity: "",
            unit: text(item, "documento_relacionado_tipo"),
            description: format!(
                "{}-{}",
                text(item, "documento_relacionado_serie"),
                text(item, "documento_relacionado_numero")
            ),
            price: text(item, "documento_relacionado_total"),
            total: printed(amount(item, "importe_retenido") + amount(item, "importe_percibido")),
        },
        _ => Row {
            quantity: text(item, "cantidad"),
            unit: text(item, "unidad_de_medida"),
            description: text(item, "descripcion").replace(['\n', '\r', '\t'], " "),
            price: text(item, "precio_unitario"),
            total: if kind.is_guia() {
                String::new()
            } else {
                printed(amount(item, "total"))
            },
        },
    }
}

fn print_row(sheet: &mut Sheet, row: &Row<'_>) {
    sheet.put_right(REGULAR, 9.0, 85.0, row.quantity);
    sheet.put(REGULAR, 9.0, 100.0, row.unit);
    sheet.put_right(REGULAR, 9.0, 460.0, &clip(row.price, 14));
    sheet.put_right(REGULAR, 9.0, WIDTH - MARGIN, &row.total);
    let letters: Vec<char> = row.description.chars().collect();
    for part in letters.chunks(DESCRIPTION) {
        let part: String = part.iter().collect();
        sheet.put(REGULAR, 9.0, 140.0, &part);
        sheet.line();
    }
    if letters.is_empty() {
        sheet.line();
    }
}

/// Totals of a sale that are not nothing, with their titles.
const TOTALS: [(&str, &str); 12] = [
    ("total_gravada", "Op. gravada"),
    ("total_exonerada", "Op. exonerada"),
    ("total_inafecta", "Op. inafecta"),
    ("total_gratuita", "Op. gratuita"),
    ("descuento_global", "Descuento global"),
    ("total_isc", "ISC"),
    ("total_igv", "IGV"),
    ("total_impuestos_bolsas", "ICBPER"),
    ("total_otros_cargos", "Otros cargos"),
    ("total", "IMPORTE TOTAL"),
    ("total_retenido", "TOTAL RETENIDO"),
    ("total_percibido", "TOTAL PERCIBIDO"),
];

fn foot(sheet: &mut Sheet, document: &AcceptedDocument) {
    sheet.line();
    sheet.rule();
    let top = sheet.y;
    let body = &document.body;
    for (key, said) in TOTALS {
        let of = amount(body, key);
        if of == Decimal::ZERO && key != "total" || document.kind.is_guia() {
            continue;
        }
        if key == "total" && text(body, "total").is_empty() {
            continue;
        }
        sheet.put(BOLD, 9.0, 380.0, said);
        sheet.put_right(BOLD, 9.0, WIDTH - MARGIN, &printed(of));
        sheet.line();
    }
    sheet.y = top;
    draw_qr(sheet, &document.qr);
    sheet.y -= 115.0;
    sheet.put(REGULAR, 7.0, MARGIN, &format!("Resumen: {}", document.hash));
    sheet.line();
    let notes = text(body, "observaciones").replace("<br>", " ");
    sheet.put(REGULAR, 8.0, MARGIN, &clip(&notes, 110));
}

/// Level Q, with its quiet zone; SUNAT wants at most 6 × 6 cm.
fn draw_qr(sheet: &mut Sheet, said: &str) {
    let Ok(code) = QrCode::with_error_correction_level(said.as_bytes(), EcLevel::Q) else {
        return;
    };
    let side = code.width();
    #[expect(
        clippy::cast_precision_loss,
        reason = "a QR code has at most 177 squares a side"
    )]
    let square = 100.0 / side as f32;
    for (place, color) in code.to_colors().into_iter().enumerate() {
        if color == Color::Dark {
            #[expect(clippy::cast_precision_loss, reason = "the same")]
            let (x, y) = ((place % side) as f32, (place / side) as f32);
            let (x, y) = (MARGIN + x * square, sheet.y - (y + 1.0) * square);
            sheet.content.rect(x, y, square, square);
        }
    }
    sheet.content.fill_nonzero();
}

fn clip(said: &str, most: usize) -> String {
    said.chars().take(most).collect()
}

/// Windows' Western alphabet, which Helvetica has; what it lacks is a question mark.
fn win_ansi(said: &str) -> Vec<u8> {
    let byte = |c: char| match c {
        '€' => 0x80,
        '–' | '—' => 0x96,
        '“' => 0x93,
        '”' => 0x94,
        '’' => 0x92,
        c if c.is_control() => b' ',
        c => u8::try_from(u32::from(c)).unwrap_or(b'?'),
    };
    said.chars().map(byte).collect()
}
