//! `chaski ruc validar`: format and check digit, without a look-up.

use chaski_core::{Ruc, RucKind};
use serde_json::json;

use super::Done;
use super::kit::explain::unreadable;
use super::kit::needed::Needed;
use super::kit::output::{complain_about, exit_of};
use super::kit::records::{Records, fields};
use super::kit::typed::repeatable;

pub(super) fn validar(needed: &Needed, numbers: &[String]) -> Done {
    let lang = needed.lang();
    let (mut codes, mut complaints) = (Vec::new(), Vec::new());
    let mut rows = Vec::new();
    for typed in super::ruc::numbers(numbers, "ruc validar")? {
        let parsed = Ruc::parse_with(&typed, &needed.config.ruc_rules);
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
                rows.push(fields(
                    json!({"valido": true, "ruc": ruc.as_str(), "tipo": kind}),
                ));
                codes.push(0);
            }
            Err(error) => {
                let wrong = (error.code(), error.message(lang));
                let (code, message, exit) = unreadable(&typed, wrong, lang);
                let name = repeatable(&typed);
                let row = json!({
                    "valido": false,
                    "ruc": name,
                    "tipo": null,
                    "code": code,
                    "error": message,
                });
                rows.push(fields(row));
                complaints.push((name, message));
                codes.push(exit);
            }
        }
    }
    let columns = vec![
        ("ruc", "RUC", "RUC"),
        ("valido", "¿Válido?", "Valid?"),
        ("tipo", "Tipo", "Kind"),
        ("error", "Motivo", "Reason"),
    ];
    complain_about(needed, &complaints, rows.len());
    Records { columns, rows }.write(needed)?;
    Ok(exit_of(&codes))
}
