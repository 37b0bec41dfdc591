//! `chaski ruc validar`: format and check digit, nobody is asked.

use chaski_core::{Ruc, RucKind};
use serde_json::{Map, Value};

use super::Done;
use super::explain::{repeatable, token_misplaced};
use super::needed::Needed;
use super::output::{complain_about, exit_of};
use super::records::Records;
use crate::config::looks_like_token;

pub(super) fn validar(needed: &Needed, numbers: &[String]) -> Done {
    let lang = needed.lang();
    let (mut codes, mut complaints) = (Vec::new(), Vec::new());
    let mut rows = Vec::new();
    for typed in super::ruc::numbers(numbers, "ruc validar")? {
        let parsed = Ruc::parse_with(&typed, &needed.config.ruc_rules);
        let mut row = Map::new();
        row.insert("valido".into(), parsed.is_ok().into());
        match parsed {
            Ok(ruc) => {
                let kind = match ruc.kind() {
                    RucKind::NaturalWithDni => {
                        lang.pick("persona natural con DNI", "natural person with DNI")
                    }
                    RucKind::NaturalOther => lang.pick(
                        "persona natural con otro documento",
                        "natural person with another document",
                    ),
                    RucKind::Special => lang.pick("asignación especial", "special assignment"),
                    RucKind::NonDomiciled => {
                        lang.pick("no domiciliado u otro", "non-domiciled or other")
                    }
                    RucKind::LegalEntity => lang.pick("persona jurídica", "legal entity"),
                    RucKind::Unknown => lang.pick("prefijo desconocido", "unknown prefix"),
                };
                row.insert("ruc".into(), ruc.as_str().into());
                row.insert("tipo".into(), kind.into());
                codes.push(0);
            }
            Err(error) => {
                let is_token = looks_like_token(&typed);
                let message = if is_token {
                    token_misplaced(&typed, lang)
                } else {
                    error.message(lang)
                };
                let name = repeatable(&typed);
                complaints.push((name.clone(), message.clone()));
                row.insert("ruc".into(), name.into());
                row.insert("tipo".into(), Value::Null);
                row.insert(
                    "code".into(),
                    if is_token {
                        "token_fuera_de_lugar"
                    } else {
                        error.code()
                    }
                    .into(),
                );
                row.insert("error".into(), message.into());
                codes.push(if is_token { 2 } else { 3 });
            }
        }
        rows.push(row);
    }
    let columns = vec![
        ("ruc", "RUC".to_owned()),
        ("valido", lang.pick("¿Válido?", "Valid?").to_owned()),
        ("tipo", lang.pick("Tipo", "Kind").to_owned()),
        ("error", lang.pick("Motivo", "Reason").to_owned()),
    ];
    complain_about(needed, &complaints, rows.len());
    Records { columns, rows }.write(needed)?;
    Ok(exit_of(&codes))
}
