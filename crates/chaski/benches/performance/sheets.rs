//! An Excel list of ten thousand known numbers to an Excel verdict, beside the two libraries that
//! read and write it, alone.

use std::path::Path;

use calamine::{Data, Reader, Xlsx, open_workbook};
use chaski::app::batches::{ReadList, RucList};
use chaski::app::{App, WantedMode};
use chaski::config::{Config, Layers, Surroundings};
use chaski::sheets::{self, Limits, OutputFormat, ResultNames};
use chaski_client::{Ask, Clock};
use chaski_core::Lang;
use rust_xlsxwriter::Workbook;

use crate::kit::{ROUNDS, Report, Watch, median, ratio, rucs};

const ROWS: u32 = 10_000;

pub(crate) fn measure() -> anyhow::Result<Report> {
    let folder = tempfile::tempdir()?;
    let list = folder.path().join("clientes.xlsx");
    let verdicts = folder.path().join("resultado.xlsx");
    let copy = folder.path().join("copia.xlsx");
    write_list(&list)?;
    let runtime = tokio::runtime::Runtime::new()?;
    let app = runtime.block_on(App::open(
        config(folder.path())?,
        WantedMode::Sandbox,
        Clock::system(),
    ));
    let app = app.map_err(|error| anyhow::anyhow!("{}", error.message(Lang::En)))?;
    // The first time asks the sandbox; every time that counts finds the numbers known.
    runtime.block_on(judge(&app, &list, &verdicts))?;
    let spent = app.migo().line().stats().calls;
    let cells = cells_of(&verdicts)?;
    let (mut alone, mut ours, mut steps) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let watch = Watch::start()?;
        let read = cells_of(&list)?;
        anyhow::ensure!(read.height() == ROWS as usize + 1);
        write_plainly(&cells, &copy)?;
        alone.push(watch.stop()?);
        let watch = Watch::start()?;
        steps.push(runtime.block_on(judge(&app, &list, &verdicts))?);
        ours.push(watch.stop()?);
    }
    anyhow::ensure!(app.migo().line().stats().calls == spent, "calls were spent");
    let wall = |runs: &[crate::kit::Took]| -> Vec<f64> {
        runs.iter().map(|run| run.wall * 1000.0).collect()
    };
    let (alone, ours) = (wall(&alone), wall(&ours));
    let mut report = Report::default();
    report.figure(
        "calamine + rust_xlsxwriter",
        median(alone.iter().copied()),
        "ms",
        "",
    );
    report.figure("list → verdicts", median(ours.iter().copied()), "ms", "");
    for (step, name) in ["  read", "  look up and judge", "  write"]
        .iter()
        .enumerate()
    {
        let took = median(steps.iter().map(|run| run[step]));
        report.figure(name, took, "ms", "");
    }
    report.figure(
        "P11 Chaski ÷ the two libraries",
        ratio(&ours, &alone),
        "×",
        "≤ 1.3",
    );
    let closed = runtime.block_on(app.close());
    closed.map_err(|error| anyhow::anyhow!("{}", error.message(Lang::En)))?;
    Ok(report)
}

/// What `chaski ruc lote` does, room by room; the milliseconds of reading, asking and writing.
async fn judge(app: &App, list: &Path, verdicts: &Path) -> anyhow::Result<[f64; 3]> {
    let watch = Watch::start()?;
    let lang = Lang::Es;
    let ask = Ask::by("benchmark");
    let table = sheets::read(list, None, &Limits::default(), lang)?;
    let column = sheets::find_column(&table, None)
        .map_err(|error| anyhow::anyhow!("{}", error.message(Lang::En)))?;
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(std::fs::File::open(list)?)?;
    let input = ReadList {
        table,
        how: RucList {
            column,
            dni_as_ruc: false,
        },
        source_name: "clientes.xlsx".to_owned(),
        source_hash: *hasher.finalize().as_bytes(),
    };
    let read = watch.stop()?.wall;
    let watch = Watch::start()?;
    let done = async {
        let mut batch = app.plan_batch(input, &ask, false).await?;
        batch.start(app).await?;
        while batch.next(app).await? {}
        batch.finish(app, lang).await
    };
    let finished = done
        .await
        .map_err(|error| anyhow::anyhow!("{}", error.message(Lang::En)))?;
    anyhow::ensure!(finished.failed == 0 && finished.result.verdicts.len() == ROWS as usize);
    let asked = watch.stop()?.wall;
    let watch = Watch::start()?;
    let result = &finished.result;
    let (table, summary) = (&result.table, &result.summary);
    let made = sheets::Verdicts::of(&result.verdicts);
    sheets::write_atomically(verdicts, |file| {
        sheets::render_result(
            file,
            OutputFormat::Xlsx,
            table,
            made,
            summary,
            ResultNames::People,
            lang,
        )
    })?;
    let written = watch.stop()?.wall;
    Ok([read, asked, written].map(|seconds| seconds * 1000.0))
}

pub(crate) fn config(folder: &Path) -> anyhow::Result<Config> {
    let around = Surroundings {
        variables: std::collections::BTreeMap::new(),
        here: folder.to_owned(),
    };
    let dir = folder.join("datos").display().to_string();
    let config = Layers::read(&around, None, &[("--dir", "dir", dir)])
        .and_then(|layers| layers.config())
        .map_err(|error| anyhow::anyhow!("{}", error.message(Lang::En)))?;
    Ok(config)
}

/// A customer list as people have them: a name, the number, an amount.
fn write_list(path: &Path) -> anyhow::Result<()> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    for (column, title) in (0..).zip(["Cliente", "RUC", "Monto"]) {
        sheet.write_string(0, column, title)?;
    }
    for (row, ruc) in (1..).zip(rucs(0, ROWS)) {
        sheet.write_string(row, 0, format!("CLIENTE FICTICIO {row}"))?;
        sheet.write_string(row, 1, ruc.as_str())?;
        sheet.write_number(row, 2, f64::from(row) * 1.18)?;
    }
    book.save(path)?;
    Ok(())
}

pub(crate) fn cells_of(path: &Path) -> anyhow::Result<calamine::Range<Data>> {
    let mut book: Xlsx<_> = open_workbook(path)?;
    let name = book.sheet_names().into_iter().next().unwrap_or_default();
    Ok(book.worksheet_range(&name)?)
}

/// The same cells, none of the looks.
pub(crate) fn write_plainly(cells: &calamine::Range<Data>, path: &Path) -> anyhow::Result<()> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet_with_constant_memory()?;
    for (row, values) in (0..).zip(cells.rows()) {
        for (column, value) in (0..).zip(values) {
            match value {
                Data::Empty => {}
                Data::Float(number) => {
                    sheet.write_number(row, column, *number)?;
                }
                other => {
                    sheet.write_string(row, column, other.to_string())?;
                }
            }
        }
    }
    book.save(path)?;
    Ok(())
}
