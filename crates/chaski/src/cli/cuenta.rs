//! `chaski cuenta`: the plan's calls left, and what this installation counted.

use chaski_client::Failure;
use serde_json::json;

use super::Done;
use super::kit::desk::Desk;
use super::kit::needed::Needed;
use super::kit::output::notice;
use super::kit::records::{Records, fields};
use super::ruc::insert_origin;
use crate::hints::Hinted;

pub(super) async fn cuenta(needed: &Needed, desk: &Desk) -> Done {
    let lang = needed.lang();
    desk.say_mode(needed);
    let (found, (spent, most)) = desk.account(&needed.plain_ask()).await?;
    let account = &found.value;
    let mut row = fields(json!({
        "nombre": account.nombre,
        "email": account.email,
        "consultas": account.consultas,
        "llamadas_del_mes": spent,
        "cuota_configurada": most,
    }));
    insert_origin(&mut row, desk, &found, lang);
    let columns = vec![
        ("nombre", "Titular", "Holder"),
        ("email", "Correo", "E-mail"),
        ("consultas", "Consultas que quedan", "Calls left"),
        (
            "llamadas_del_mes",
            "Llamadas de este mes, según Chaski",
            "Calls this month, by Chaski",
        ),
        ("cuota_configurada", "Cuota configurada", "Configured quota"),
        ("fuente", "Fuente", "Source"),
    ];
    Records {
        columns,
        rows: vec![row],
    }
    .write_named(needed, &[("cuota_configurada", "cuota")])?;
    if account.consultas.is_some_and(|left| left <= 0) {
        let spent = Failure::QuotaSpent;
        notice(needed, &spent.hinted(lang));
        return Ok(spent.treatment().exit_code);
    }
    Ok(0)
}
