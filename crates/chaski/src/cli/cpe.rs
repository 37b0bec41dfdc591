//! `chaski cpe validar`: does a received voucher exist at SUNAT?

use chaski_client::{CpeQuery, CpeState};
use chaski_core::{lima_date, text};
use serde_json::{Map, Value, json};

use super::Done;
use super::kit::args::VoucherArgs;
use super::kit::desk::Desk;
use super::kit::explain::unreadable;
use super::kit::needed::Needed;
use super::kit::output::complain_about;
use super::kit::records::{Records, fields};
use super::kit::typed::repeatable;
use super::ruc::{insert_origin, numbers};
use crate::api::cpe::CpeData;
use crate::app::AppError;
use crate::app::voucher::{WrittenVoucher, WrongVoucher, read_voucher};

pub(super) async fn validar(needed: &Needed, desk: &Desk, typed: &VoucherArgs) -> Done {
    let ask = needed.ask(&typed.freshness)?;
    let name = typed.voucher.as_deref().map(named).transpose()?;
    let written = written(typed, name.as_ref());
    let rules = &needed.config.ruc_rules;
    let query = match read_voucher(&written, rules, lima_date(desk.now())) {
        Ok(query) => query,
        // As with the other commands, a number that is none is not a mistake of the command.
        Err(wrong) if wrong.field == "ruc_emisor" => {
            let (lang, typed) = (needed.lang(), written.ruc_emisor);
            let (_, message, exit) = unreadable(typed, (wrong.code, wrong.text.pick(lang)), lang);
            complain_about(needed, &[(repeatable(typed), message)], 1);
            return Ok(exit);
        }
        Err(wrong) => return Err(of_option(typed, &wrong)),
    };
    desk.say_mode(needed);
    let found = desk.cpe(&query, &ask).await?;
    let data = CpeData::of(&found.value);
    let mut row = row_of(&query);
    row.extend(fields(json!(data)));
    insert_origin(&mut row, desk, &found, needed.lang());
    Records {
        columns: vec![
            ("ruc_emisor", "Emisor", "Issuer"),
            ("tipo_comprobante", "Tipo", "Kind"),
            ("serie", "Serie", "Series"),
            ("numero", "Número", "Number"),
            ("fecha_emision", "Emisión", "Issued"),
            ("monto", "Importe", "Total"),
            ("estado", "Estado en SUNAT", "State at SUNAT"),
            ("fuente", "Fuente", "Source"),
        ],
        rows: vec![row],
    }
    .write(needed)?;
    Ok(match &*found.value {
        CpeState::Accepted => 0,
        CpeState::Cancelled => 3,
        CpeState::NotFound => {
            needed.say(text!(
                "SUNAT no lo encuentra con esos datos. Un céntimo o un día de diferencia bastan: verifique importe, fecha, serie y número antes de darlo por inexistente",
                "SUNAT does not find it with these data. One cent or one day off is enough: check total, date, series and number before you take it for non-existent"
            ));
            3
        }
        // Nothing is known of it: neither good nor bad.
        CpeState::Unknown(_) => {
            needed.say(text!(
                "SUNAT no dijo cómo está; repita la consulta más tarde",
                "SUNAT did not say how it stands; ask again later"
            ));
            5
        }
    })
}

/// The parts of `RUC-TIPO-SERIE-NÚMERO`, the usual name of a voucher's file.
fn named(typed: &str) -> Result<[String; 4], AppError> {
    let read = numbers(&[typed.to_owned()], "cpe validar")?;
    let parts: Vec<String> = read[0]
        .trim()
        .split('-')
        .map(|it| it.trim().to_owned())
        .collect();
    parts.try_into().map_err(|_| {
        AppError::Usage(text!(
            "el comprobante se escribe como RUC-TIPO-SERIE-NÚMERO, por ejemplo 20100070970-01-F001-123",
            "a voucher is written as RUC-KIND-SERIES-NUMBER, for instance 20100070970-01-F001-123"
        ))
    })
}

fn written<'t>(typed: &'t VoucherArgs, name: Option<&'t [String; 4]>) -> WrittenVoucher<'t> {
    let part = |at: usize, option: &'t Option<String>| {
        let of_name = name.map(|name| name[at].as_str());
        of_name.or(option.as_deref()).unwrap_or_default()
    };
    WrittenVoucher {
        ruc_emisor: part(0, &typed.emisor),
        tipo_comprobante: part(1, &typed.tipo),
        serie: part(2, &typed.serie),
        numero: part(3, &typed.numero),
        fecha_emision: &typed.fecha,
        monto: &typed.monto,
    }
}

/// What is wrong, by the option or the argument that brought it.
fn of_option(typed: &VoucherArgs, wrong: &WrongVoucher) -> AppError {
    let option = match wrong.field {
        "fecha_emision" => "--fecha",
        "monto" => "--monto",
        "tipo_comprobante" if typed.voucher.is_none() => "--tipo",
        "serie" if typed.voucher.is_none() => "--serie",
        "numero" if typed.voucher.is_none() => "--numero",
        field => field,
    };
    AppError::of_option(option, |lang| wrong.text.clone().pick(lang))
}

fn row_of(query: &CpeQuery) -> Map<String, Value> {
    fields(json!({
        "ruc_emisor": query.ruc_emisor.as_str(),
        "tipo_comprobante": query.tipo_comprobante,
        "serie": query.serie,
        "numero": query.numero,
        "fecha_emision": query.fecha_emision.to_string(),
        "monto": format!("{:.2}", query.monto),
    }))
}
