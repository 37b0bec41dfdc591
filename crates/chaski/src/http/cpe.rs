//! Does a received electronic document exist at SUNAT?

use std::str::FromStr;

use axum::extract::Request;
use axum::response::Response;
use chaski_client::CpeQuery;
use rust_decimal::Decimal;

use super::kit::{Caller, Problem, Problems, body, date, read_ruc, reply};
use crate::api::cpe::{CpeData, CpeWanted};
use crate::api::reply::Reply;
use crate::app::keys::Scope;

/// Does a received document exist at SUNAT?
#[utoipa::path(
    post,
    path = "/api/v1/cpe/validar",
    operation_id = "validar_cpe",
    request_body = CpeWanted,
    responses((status = 200, body = Reply<CpeData>), Problems)
)]
pub(super) async fn validate(caller: Caller, request: Request) -> Result<Response, Problem> {
    caller.needs(Scope::Consultas)?;
    let wanted: CpeWanted = body::json(request).await?;
    let query = read(&caller, &wanted)?;
    let found = caller.app.ask(&query, &caller.ask()).await?;
    Ok(reply::found(&caller, &found, CpeData::of(&found.value)))
}

fn read(caller: &Caller, wanted: &CpeWanted) -> Result<CpeQuery, Problem> {
    let rules = &caller.app.config.ruc_rules;
    let ruc_emisor = read_ruc("ruc_emisor", &wanted.ruc_emisor, rules)?;
    let kind = wanted.tipo_comprobante.trim();
    if kind.len() != 2 || !kind.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Problem::wrong_field(
            "tipo_comprobante",
            "debe tener dos dígitos, como 01 (factura) o 03 (boleta)",
            "must be two digits, such as 01 (factura) or 03 (boleta)",
        ));
    }
    let serie = wanted.serie.trim().to_uppercase();
    if serie.len() != 4 || !serie.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Err(Problem::wrong_field(
            "serie",
            "debe tener cuatro letras o dígitos, como F001",
            "must be four letters or digits, such as F001",
        ));
    }
    if !(1..=99_999_999).contains(&wanted.numero) {
        return Err(Problem::wrong_field(
            "numero",
            "debe ser de 1 a 99999999",
            "must be 1 to 99999999",
        ));
    }
    let monto = Decimal::from_str(wanted.monto.trim())
        .ok()
        .filter(|it| {
            !it.is_sign_negative() && it.scale() <= 2 && *it < Decimal::from(1_000_000_000_000_i64)
        })
        .ok_or_else(|| {
            Problem::wrong_field(
                "monto",
                "debe ser un importe como 118.00",
                "must be an amount such as 118.00",
            )
        })?;
    Ok(CpeQuery {
        ruc_emisor,
        tipo_comprobante: kind.to_owned(),
        serie,
        numero: wanted.numero,
        fecha_emision: date("fecha_emision", &wanted.fecha_emision)?,
        monto,
    })
}
