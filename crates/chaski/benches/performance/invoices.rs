//! Ten thousand documents in a workbook, checked and written back, beside the two libraries that read and
//! write it, alone.

use std::path::Path;

use chaski::app::App;
use chaski::app::WantedMode;
use chaski::app::invoices::wanted_sheets;
use chaski::sheets::{self, Limits};
use chaski_client::{Ask, Clock};
use chaski_core::Lang;
use rust_xlsxwriter::Workbook;

use crate::kit::{ROUNDS, Report, Watch, forget_peak, median, peak_mib, ratio, rucs};
use crate::sheets::{cells_of, config, write_plainly};

const DOCUMENTS: u32 = 10_000;

pub(crate) fn measure() -> anyhow::Result<Report> {
    let folder = tempfile::tempdir()?;
    let sales = folder.path().join("ventas.xlsx");
    let reviewed = folder.path().join("revisado.xlsx");
    let copy = folder.path().join("copia.xlsx");
    write_sales(&sales)?;
    let runtime = tokio::runtime::Runtime::new()?;
    let app = runtime.block_on(App::open(
        config(folder.path())?,
        WantedMode::Sandbox,
        Clock::system(),
    ));
    let app = app.map_err(|error| anyhow::anyhow!("{}", error.message(Lang::En)))?;
    runtime.block_on(review(&app, &sales, &reviewed))?;
    let cells = cells_of(&reviewed)?;
    let (mut alone, mut ours, mut steps) = (Vec::new(), Vec::new(), Vec::new());
    let (mut peak_alone, mut peak_ours) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        forget_peak()?;
        let watch = Watch::start()?;
        let read = cells_of(&sales)?;
        anyhow::ensure!(read.height() == DOCUMENTS as usize + 1);
        write_plainly(&cells, &copy)?;
        alone.push(watch.stop()?.wall * 1000.0);
        peak_alone.push(peak_mib()?);
        drop(read);
        forget_peak()?;
        let watch = Watch::start()?;
        steps.push(runtime.block_on(review(&app, &sales, &reviewed))?);
        ours.push(watch.stop()?.wall * 1000.0);
        peak_ours.push(peak_mib()?);
    }
    let mut report = Report::default();
    report.figure(
        "calamine + rust_xlsxwriter",
        median(alone.iter().copied()),
        "ms",
        "",
    );
    report.figure(
        "workbook → reviewed",
        median(ours.iter().copied()),
        "ms",
        "",
    );
    for (step, name) in ["  read", "  check", "  write"].iter().enumerate() {
        report.figure(name, median(steps.iter().map(|run| run[step])), "ms", "");
    }
    report.figure(
        "Chaski ÷ the two libraries",
        ratio(&ours, &alone),
        "×",
        "≤ 2",
    );
    report.figure(
        "peak memory, the two libraries",
        median(peak_alone),
        "MiB",
        "",
    );
    report.figure("peak memory, Chaski", median(peak_ours), "MiB", "");
    let closed = runtime.block_on(app.close());
    closed.map_err(|error| anyhow::anyhow!("{}", error.message(Lang::En)))?;
    Ok(report)
}

/// What `chaski factura validar` does; the milliseconds of reading, checking and writing.
async fn review(app: &App, sales: &Path, reviewed: &Path) -> anyhow::Result<[f64; 3]> {
    let watch = Watch::start()?;
    let book = sheets::read_book(sales, &wanted_sheets(), &Limits::default())?;
    let read = watch.stop()?.wall;
    let watch = Watch::start()?;
    let checked = app
        .check_workbook(None, book, false, &Ask::by("benchmark"))
        .await;
    let checked = checked.map_err(|error| anyhow::anyhow!("{}", error.message(Lang::En)))?;
    anyhow::ensure!(checked.documents.len() == DOCUMENTS as usize && !checked.has_errors());
    let check = watch.stop()?.wall;
    let watch = Watch::start()?;
    let bytes = checked.to_xlsx("ventas.xlsx", Lang::Es)?;
    sheets::write_atomically(reviewed, |file| std::io::Write::write_all(file, &bytes))?;
    let written = watch.stop()?.wall;
    Ok([read, check, written].map(|seconds| seconds * 1000.0))
}

/// Facturas as people keep them: one line each.
fn write_sales(path: &Path) -> anyhow::Result<()> {
    let titles = [
        "documento",
        "tipo",
        "serie",
        "cliente_numero",
        "cliente_nombre",
        "cliente_direccion",
        "moneda",
        "precios_con_igv",
        "descripcion",
        "cantidad",
        "unidad",
        "precio",
        "afectacion",
    ];
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    for (column, title) in (0..).zip(titles) {
        sheet.write_string(0, column, title)?;
    }
    for (row, ruc) in (1..).zip(rucs(0, DOCUMENTS)) {
        let texts = [
            format!("V-{row}"),
            "factura".to_owned(),
            "F001".to_owned(),
            ruc.as_str().to_owned(),
            format!("CLIENTE FICTICIO {row}"),
            format!("AV. FICTICIA {row}"),
            "PEN".to_owned(),
            "SI".to_owned(),
            format!("PRODUCTO {row}"),
        ];
        for (column, text) in (0..).zip(texts) {
            sheet.write_string(row, column, text)?;
        }
        sheet.write_number(row, 9, f64::from(row % 9 + 1))?;
        sheet.write_string(row, 10, "NIU")?;
        sheet.write_number(row, 11, f64::from(row) * 1.18)?;
        sheet.write_string(row, 12, "10")?;
    }
    book.save(path)?;
    Ok(())
}
