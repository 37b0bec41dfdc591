//! Does a received electronic document exist at SUNAT?

use axum::extract::Request;
use axum::response::Response;
use chaski_core::lima_date;

use super::kit::{Caller, Problem, Problems, body, reply};
use crate::api::cpe::{CpeData, CpeWanted};
use crate::api::reply::Reply;
use crate::app::keys::Scope;
use crate::app::voucher::{WrongVoucher, read_voucher};

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
    let rules = &caller.app.config.ruc_rules;
    let today = lima_date(caller.app.clock.now());
    let query = read_voucher(&wanted.written(), rules, today).map_err(
        |WrongVoucher { field, code, text }| Problem::of_field(field, code, text.es, text.en),
    )?;
    let ask = caller.ask_fresh(wanted.force_refresh, wanted.max_age);
    let found = caller.app.ask(&query, &ask).await?;
    Ok(reply::found(&caller, &found, CpeData::of(&found.value)))
}
