//! `chaski cpe lote`: a register of purchases in, how each voucher and its issuer stands out.

use chaski_core::{Lang, Text, lima_date};

use super::Done;
use super::kit::args::VoucherListArgs;
use super::kit::desk::Desk;
use super::kit::needed::Needed;
use super::lote::{check_size, output_format, read_as};
use super::lote_remoto::{ask_and_write, bytes_of};
use crate::app::batches::{ListClass, VoucherList};
use crate::remote::NewList;
use crate::sheets::{Table, VoucherColumns, VoucherPart};

pub(super) async fn lote(needed: &Needed, desk: &Desk, typed: VoucherListArgs) -> Done {
    // 1. Everything that can be wrong is found before anything is spent.
    let format = output_format(needed)?;
    let today = lima_date(desk.now());
    let columns = Some(typed.columna.join(",")).filter(|it| !it.is_empty());
    let place = (typed.input.as_path(), typed.hoja.as_deref());
    let (input, piped) = read_as(needed, place, |table, _| {
        let list = VoucherList::find(table, columns.as_deref(), today)?;
        Ok((list, where_they_are(table, &list.columns)))
    })?;
    check_size(format, &input.table)?;
    // 2. Ask, here or there, and write.
    let list = NewList {
        class: ListClass::Vouchers,
        name: input.source_name.clone(),
        sheet: typed.hoja,
        column: columns,
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

/// Where the parts of vouchers were found, for the person to see.
fn where_they_are(table: &Table, columns: &VoucherColumns) -> Text {
    let parts = [
        (VoucherPart::Ruc, Some(columns.ruc)),
        (VoucherPart::Tipo, columns.tipo),
        (VoucherPart::Serie, columns.serie),
        (VoucherPart::Numero, Some(columns.numero)),
        (VoucherPart::Fecha, Some(columns.fecha)),
        (VoucherPart::Monto, Some(columns.monto)),
    ];
    let of = |lang: Lang| {
        let found = parts.iter().filter_map(|(part, column)| {
            let label = table.column_label((*column)?);
            Some(format!("{}: {label}", part.name(lang)))
        });
        found.collect::<Vec<_>>().join(" · ")
    };
    Text {
        es: of(Lang::Es),
        en: of(Lang::En),
    }
}
