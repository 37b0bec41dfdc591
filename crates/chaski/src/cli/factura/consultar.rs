//! `chaski factura consultar`: how documents stand.

use super::desk::DocumentDesk;
use super::ruc_of;
use super::shown::{DOCUMENT, row_of};
use crate::api::told::ToldData;
use crate::app::invoices::WantedInvoice;
use crate::cli::Done;
use crate::cli::kit::desk::Desk;
use crate::cli::kit::needed::Needed;
use crate::cli::kit::output::{complain_about, exit_of};
use crate::cli::kit::records::Records;
use crate::codes;

pub(super) async fn consultar(
    needed: &Needed,
    desk: &Desk,
    names: &[String],
    empresa: Option<&str>,
) -> Done {
    let wanted: Vec<WantedInvoice> = names
        .iter()
        .map(|it| it.parse())
        .collect::<Result<_, _>>()?;
    let desk = DocumentDesk::open(needed, desk, ruc_of(empresa)?).await?;
    let (mut rows, mut exits, mut complaints) = (Vec::new(), Vec::new(), Vec::new());
    for (name, wanted) in names.iter().zip(&wanted) {
        match desk.consult(wanted, needed.lang()).await {
            Ok(found) => {
                exits.push(found.code.as_deref().map_or(0, codes::exit_code));
                // The state says it.
                rows.push(row_of(&ToldData {
                    code: None,
                    ..found
                }));
            }
            Err(error) if names.len() > 1 => {
                exits.push(error.exit_code());
                complaints.push((name.clone(), error.message(needed.lang())));
            }
            Err(error) => return Err(error),
        }
    }
    complain_about(needed, &complaints, names.len());
    Records {
        columns: DOCUMENT.to_vec(),
        rows,
    }
    .write(needed)?;
    Ok(exit_of(&exits))
}
