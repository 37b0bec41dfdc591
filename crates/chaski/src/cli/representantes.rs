//! `chaski ruc representantes`: who may sign for a company.

use chaski_client::Representative;
use chaski_core::text;
use serde_json::{Map, Value, json};

use super::Done;
use super::kit::args::RucNumber;
use super::kit::desk::Desk;
use super::kit::needed::Needed;
use super::kit::output::complain_about;
use super::kit::records::{Records, fields};
use super::ruc::{insert_origin, one_ruc};
use crate::api::rucs::masked;

pub(super) async fn representantes(
    needed: &Needed,
    desk: &Desk,
    typed: &RucNumber,
    mostrar: bool,
) -> Done {
    let lang = needed.lang();
    let ask = needed.ask(&typed.freshness)?;
    let ruc = match one_ruc(needed, desk, &typed.number, "ruc representantes")? {
        Ok(ruc) => ruc,
        Err(code) => return Ok(code),
    };
    desk.say_mode(needed);
    let found = match desk.representatives(&ruc, &ask).await {
        Ok(found) => found,
        Err(error) if error.is_not_found() => {
            let nobody = text!(
                "no figuran representantes legales en el servicio consultado",
                "the service knows of no legal representatives"
            );
            complain_about(needed, &[(ruc.masked(), nobody.pick(lang))], 1);
            return Ok(error.exit_code());
        }
        Err(error) => return Err(error),
    };
    let show_whole = mostrar || !needed.config.mask_dni;
    let row = |person: &Representative| -> Map<String, Value> {
        let person = if show_whole {
            person.clone()
        } else {
            masked(person)
        };
        let mut row = fields(json!({"ruc": ruc.as_str()}));
        row.extend(fields(json!(person)));
        insert_origin(&mut row, desk, &found, lang);
        row
    };
    Records {
        columns: vec![
            ("documento", "Documento", "Document"),
            ("dni", "Número", "Number"),
            ("nombre", "Nombre", "Name"),
            ("cargo", "Cargo", "Position"),
            ("fecha", "Desde", "Since"),
            ("fuente", "Fuente", "Source"),
        ],
        rows: found.value.iter().map(row).collect(),
    }
    .write(needed)
}
