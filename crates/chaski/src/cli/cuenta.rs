//! `chaski cuenta`: the plan's calls left, and what this installation counted.

use chaski_client::Failure;
use serde_json::{Map, Value};

use super::Done;
use super::desk::Desk;
use super::needed::Needed;
use super::output::notice;
use super::records::Records;
use super::ruc::insert_origin;
use crate::hints::Hinted;

pub(super) async fn cuenta(needed: &Needed, desk: &Desk) -> Done {
    let lang = needed.lang();
    desk.say_mode(needed);
    let (found, quota) = desk.account(&needed.plain_ask()).await?;
    let account = &found.value;
    let text = |it: Option<&str>| it.map_or(Value::Null, Value::from);
    let mut row = Map::new();
    row.insert("nombre".into(), text(account.nombre.as_deref()));
    row.insert("email".into(), text(account.email.as_deref()));
    row.insert(
        "consultas".into(),
        account.consultas.map_or(Value::Null, Value::from),
    );
    row.insert("llamadas_del_mes".into(), quota.spent.into());
    row.insert(
        "cuota_configurada".into(),
        quota.most.map_or(Value::Null, Value::from),
    );
    insert_origin(&mut row, desk, &found, lang);
    let columns = vec![
        ("nombre", lang.pick("Titular", "Holder").to_owned()),
        ("email", lang.pick("Correo", "E-mail").to_owned()),
        (
            "consultas",
            lang.pick("Consultas que quedan", "Calls left").to_owned(),
        ),
        (
            "llamadas_del_mes",
            lang.pick(
                "Llamadas de este mes, según Chaski",
                "Calls this month, by Chaski",
            )
            .to_owned(),
        ),
        (
            "cuota_configurada",
            lang.pick("Cuota configurada", "Configured quota")
                .to_owned(),
        ),
        ("fuente", lang.pick("Fuente", "Source").to_owned()),
    ];
    Records {
        columns,
        rows: vec![row],
    }
    .write(needed)?;
    if account.consultas.is_some_and(|left| left <= 0) {
        let spent = Failure::QuotaSpent;
        notice(needed, &spent.hinted(lang));
        return Ok(spent.treatment().exit_code);
    }
    Ok(0)
}
