//! `chaski ruc condiciones`: on which of SUNAT's lists a taxpayer is.

use serde_json::{Map, Value, json};

use super::Done;
use super::kit::args::RucNumber;
use super::kit::desk::Desk;
use super::kit::needed::Needed;
use super::kit::output::wants_json;
use super::kit::records::{Records, fields};
use super::ruc::one_ruc;
use crate::api::rucs::ListData;

pub(super) async fn condiciones(needed: &Needed, desk: &Desk, typed: &RucNumber) -> Done {
    let lang = needed.lang();
    let ask = needed.ask(&typed.freshness)?;
    let ruc = match one_ruc(needed, desk, &typed.number, "ruc condiciones")? {
        Ok(ruc) => ruc,
        Err(code) => return Ok(code),
    };
    desk.say_mode(needed);
    let lists = desk.lists(ruc, &ask).await?;
    let agent = ListData::of(lists.agente_de_retencion.as_ref());
    let good = ListData::of(lists.buen_contribuyente.as_ref());
    let rows: Vec<Map<String, Value>> = if wants_json(needed)? {
        vec![fields(json!({
            "ruc": ruc.as_str(),
            "agente_de_retencion": agent,
            "buen_contribuyente": good,
        }))]
    } else {
        let row = |(name, list): (&str, ListData)| {
            let mut row = fields(json!({"ruc": ruc.as_str(), "relacion": name}));
            row.extend(fields(json!(list)));
            row
        };
        let agent = (lang.pick("Agente de retención", "Withholding agent"), agent);
        let good = (lang.pick("Buen contribuyente", "Good taxpayer"), good);
        [agent, good].map(row).to_vec()
    };
    Records {
        columns: vec![
            ("ruc", "RUC", "RUC"),
            ("relacion", "Relación", "List"),
            ("figura", "¿Figura?", "On it?"),
            ("a_partir_del", "Desde", "Since"),
            ("resolucion", "Resolución", "Resolution"),
        ],
        rows,
    }
    .write(needed)
}
