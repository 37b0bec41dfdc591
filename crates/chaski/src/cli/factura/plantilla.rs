//! `chaski factura plantilla`: an empty workbook to be filled in.

use chaski_client::Clock;
use chaski_core::{lima_date, text};

use crate::app::AppError;
use crate::app::invoices::invoice_template;
use crate::cli::Done;
use crate::cli::kit::needed::Needed;
use crate::cli::kit::output;
use crate::cli::kit::overwrite::all;
use crate::sheets::OutputFormat;

pub(super) fn plantilla(needed: &Needed) -> Done {
    let is_workbook = match (&needed.output, needed.format) {
        (None, None) => !std::io::IsTerminal::is_terminal(&std::io::stdout()),
        _ => output::format_of(needed)? == Some(OutputFormat::Xlsx),
    };
    if !is_workbook {
        return Err(AppError::Usage(text!(
            "la plantilla es un libro de Excel; diga dónde dejarlo: -o facturas.xlsx",
            "the template is an Excel workbook; say where to put it: -o facturas.xlsx"
        )));
    }
    if needed.output.is_some() {
        output::check(needed)?;
    }
    let bytes = invoice_template(lima_date(Clock::system().now()), needed.lang())?;
    let Some(path) = &needed.output else {
        output::to_stdout(&bytes)?;
        return Ok(0);
    };
    needed.overwrite.write(path, false, all(&bytes))?;
    let name = path.display();
    needed.say(text!(
        "{name}: llénelo y revíselo con: chaski factura validar {name} -o revisado.xlsx",
        "{name}: fill it in and check it with: chaski factura validar {name} -o revisado.xlsx"
    ));
    Ok(0)
}
