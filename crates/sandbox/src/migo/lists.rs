//! What v1 alone tells of a RUC: representatives, activity, and two registers of members.

use http::StatusCode;
use serde_json::{Value, json};

use super::registry::{
    ABSENT, ACTIVITIES, CHARGES, find_taxpayer, is_fixed, is_good_taxpayer, is_withholding_agent,
    number, person_name,
};
use super::{Answered, Question, Reply};
use crate::draw::{Draw, Topic};

/// 404 for a RUC that exists but has nobody, as natural persons have: such a 404 says nothing of
/// the RUC itself.
pub(super) fn representatives(question: &Question<'_>) -> Answered {
    let ruc = question.ruc()?;
    let mut draw = draw(question, Topic::Representatives, ruc);
    let exists = find_taxpayer(question.seed(), ruc).is_some();
    let has_nobody = draw.chance(80) && !is_fixed(ruc);
    if !exists || !ruc.starts_with("20") || has_nobody {
        return Err(Reply::unknown("No se encontraron representantes legales"));
    }
    let people = 1 + draw.below(3);
    let data: Vec<Value> = (0..people)
        .map(|_| representative(ruc, &mut draw))
        .collect();
    Ok(Reply::found(&json!({"success": true, "data": data})))
}

pub(super) fn activity(question: &Question<'_>) -> Answered {
    let ruc = question.ruc()?;
    let Some(taxpayer) = find_taxpayer(question.seed(), ruc) else {
        return Err(Reply::unknown_number(question.route.version, "RUC"));
    };
    let mut draw = draw(question, Topic::Activity, ruc);
    let (rev3, rev4, main) = draw.pick(&ACTIVITIES);
    let (second_rev3, _, second) = draw.pick(&ACTIVITIES);
    let has_second = draw.chance(300);
    let kind = if ruc.starts_with("20") {
        draw.pick(&["SOCIEDAD ANONIMA CERRADA", "SOC.COM.RESPONS. LTDA"])
    } else {
        "PERSONA NATURAL CON NEGOCIO"
    };
    let second = has_second.then(|| format!("{second_rev3} - {second}"));
    Ok(Reply::found(&json!({
        "success": true,
        "ruc": ruc,
        "estado": taxpayer.estado,
        "condicion": taxpayer.condicion,
        "tipo": kind,
        "actividad_economica_rev3_principal": format!("{rev3} - {main}"),
        "actividad_economica_rev3_secundaria": second.as_deref().unwrap_or(ABSENT),
        "actividad_economica_rev4_principal": format!("{rev4} - {main}"),
        "numero_trabajadores": draw.between(0, 250).to_string(),
        "tipo_facturacion": draw.pick(&["MANUAL", "COMPUTARIZADO", "MANUAL/COMPUTARIZADO"]),
        "tipo_contabilidad": draw.pick(&["MANUAL", "COMPUTARIZADO"]),
        "comercio_exterior": draw.pick(&["SIN ACTIVIDAD", "IMPORTADOR", "IMPORTADOR/EXPORTADOR"]),
        "periodo": "202508",
    })))
}

pub(super) fn withholding_agents(question: &Question<'_>) -> Answered {
    member(question, Topic::Withholding, is_withholding_agent)
}

pub(super) fn good_taxpayers(question: &Question<'_>) -> Answered {
    member(question, Topic::GoodTaxpayer, is_good_taxpayer)
}

fn member(question: &Question<'_>, topic: Topic, fixed: fn(&str) -> Option<bool>) -> Answered {
    let ruc = question.ruc()?;
    let mut draw = draw(question, topic, ruc);
    let drawn = draw.chance(40) && ruc.starts_with("20");
    let is_member = fixed(ruc).unwrap_or(drawn);
    let taxpayer = find_taxpayer(question.seed(), ruc).filter(|_| is_member);
    let Some(taxpayer) = taxpayer else {
        let status = if question.config.not_a_member_is_404 {
            StatusCode::NOT_FOUND
        } else {
            StatusCode::OK
        };
        return Err(Reply {
            status,
            ..Reply::found(&json!({
                "success": false,
                "ruc": ruc,
                "message": "El RUC no se encuentra en el padrón",
            }))
        });
    };
    // The date may be null.
    let dated = is_fixed(ruc) || !draw.chance(100);
    Ok(Reply::found(&json!({
        "success": true,
        "ruc": ruc,
        "nombre_o_razon_social": taxpayer.name,
        "a_partir_del": dated.then(|| date(&mut draw)),
        "resolucion": format!("R.S. {:03}-2020/SUNAT", draw.between(1, 250)),
    })))
}

/// The fixed numbers answer the same whatever the seed.
fn draw(question: &Question<'_>, topic: Topic, ruc: &str) -> Draw {
    let seed = if is_fixed(ruc) { 0 } else { question.seed() };
    Draw::new(seed, topic, number(ruc))
}

fn representative(ruc: &str, draw: &mut Draw) -> Value {
    json!({
        "documento": "DNI",
        // All under 00001000: numbers of no person.
        "dni": format!("{:08}", draw.between(1, 999)),
        "nombre": person_name(draw),
        "cargo": draw.pick(&CHARGES),
        "fecha": date(draw),
        "ruc": ruc,
    })
}

fn date(draw: &mut Draw) -> String {
    let (year, month, day) = (
        draw.between(2002, 2024),
        draw.between(1, 12),
        draw.between(1, 28),
    );
    format!("{year}-{month:02}-{day:02}")
}
