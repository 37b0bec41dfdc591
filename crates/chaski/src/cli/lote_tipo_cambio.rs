//! `chaski tipo-cambio lote`: a list with dates in, compra and venta of each date out.

use chaski_core::{lima_date, text};

use super::Done;
use super::kit::args::RateListArgs;
use super::kit::desk::Desk;
use super::kit::needed::Needed;
use super::lote::{check_size, or_chosen, output_format, read_as};
use super::lote_remoto::{ask_and_write, bytes_of, column_name};
use crate::app::batches::{ListClass, RateList};
use crate::remote::NewList;
use crate::sheets;

pub(super) async fn lote(needed: &Needed, desk: &Desk, typed: RateListArgs) -> Done {
    // 1. Everything that can be wrong is found before anything is spent.
    let format = output_format(needed)?;
    let (fuente, moneda) = (typed.which.source(), typed.which.currency());
    RateList::check(fuente, moneda)?;
    let hoy = lima_date(desk.now());
    let place = (typed.input.as_path(), typed.hoja.as_deref());
    let (input, piped) = read_as(needed, place, |table, may_ask| {
        let question = text!(
            "¿En qué columna está la fecha?",
            "Which column holds the date?"
        );
        let found = sheets::find_days(table, typed.columna.as_deref());
        let column = or_chosen(table, found, may_ask.then_some(question), needed.lang())?;
        let label = table.column_label(column);
        let list = RateList {
            column,
            fuente,
            moneda,
            hoy,
        };
        Ok((
            list,
            text!("fechas en la columna {label}", "dates in column {label}"),
        ))
    })?;
    check_size(format, &input.table)?;
    // 2. Ask, here or there, and write.
    let list = NewList {
        class: ListClass::Rates { fuente, moneda },
        name: input.source_name.clone(),
        sheet: typed.hoja,
        column: Some(column_name(&input.table, input.how.column)),
        dni_as_ruc: false,
        force: typed.run.freshness.force_refresh,
        update_partners: false,
        most: typed.run.gastar_hasta,
        bytes: match desk {
            Desk::Here(_) => Vec::new(),
            Desk::There(_) => bytes_of(&typed.input, piped)?,
        },
    };
    ask_and_write(needed, desk, format, (input, list), &typed.run).await
}
