//! A RUC and a collection of RUCs: the object of 22 fields.

use chaski_core::lima_date;
use http::StatusCode;
use jiff::civil::Date;
use serde::Serialize;
use serde_json::json;

use super::registry::{Taxpayer, find_taxpayer};
use super::{Answered, COLLECTION_LIMIT, Question, Reply, digits_rule, is_digits};

/// The 22 fields, in the order in which the service sends them.
#[derive(Serialize)]
struct RucObject<'a> {
    success: bool,
    ruc: &'a str,
    nombre_o_razon_social: &'a str,
    estado_del_contribuyente: &'a str,
    condicion_de_domicilio: &'a str,
    ubigeo: &'a str,
    tipo_de_via: &'a str,
    nombre_de_via: &'a str,
    codigo_de_zona: &'a str,
    tipo_de_zona: &'a str,
    numero: &'a str,
    interior: &'a str,
    lote: &'a str,
    dpto: &'a str,
    manzana: &'a str,
    kilometro: &'a str,
    distrito: &'a str,
    provincia: &'a str,
    departamento: &'a str,
    direccion_simple: &'a str,
    direccion: &'a str,
    actualizado_en: &'a str,
}

/// Texts that a spreadsheet or a terminal would obey.
pub(super) const HOSTILE_NAME: &str =
    "=HYPERLINK(\"http://127.0.0.1/robo\",\"PULSE AQUÍ\")\u{0}\u{1b}[31m\r\n\u{202e}S.A.C.";
const HOSTILE_ADDRESS: &str = "@SUM(1+1)*cmd|' /C calc'!A0\t<script>alert(1)</script>";

pub(super) fn one(question: &Question<'_>) -> Answered {
    let ruc = question.ruc()?;
    let unknown = || Reply::unknown_number(question.route.version, "RUC");
    let taxpayer = find_taxpayer(question.seed(), ruc).ok_or_else(unknown)?;
    let updated = taxpayer.updated.text(lima_date(question.now));
    let hostile = question.is_hostile();
    Ok(Reply::found(&object(ruc, &taxpayer, &updated, hostile)))
}

/// A bare array, one object for each number asked and in that order unless configured otherwise.
pub(super) fn collection(question: &Question<'_>) -> Answered {
    let mut numbers: Vec<&str> = question.asked.many("ruc").collect();
    if let Some(invalid) = refuse(&numbers) {
        return Err(invalid);
    }
    numbers[0] = question.twisted(numbers[0]);
    if question.config.collection_reverses {
        numbers.reverse();
    }
    let mut body = Vec::with_capacity(numbers.len() * 700);
    let mut to_drop = question.config.collection_drops;
    body.push(b'[');
    for ruc in numbers {
        let found = find_taxpayer(question.seed(), ruc);
        if found.is_some() && to_drop > 0 {
            to_drop -= 1;
            continue;
        }
        if found.is_none() && question.config.collection_omits_unknown {
            continue;
        }
        if body.len() > 1 {
            body.push(b',');
        }
        let today = lima_date(question.now);
        write_item(&mut body, ruc, found.as_ref(), today, question.is_hostile());
    }
    body.push(b']');
    Ok(Reply::new(StatusCode::OK, body))
}

fn refuse(numbers: &[&str]) -> Option<Reply> {
    if numbers.is_empty() {
        return Some(Reply::invalid("ruc", "El campo ruc debe ser un arreglo."));
    }
    if numbers.len() > COLLECTION_LIMIT {
        let rule = format!("El campo ruc no debe tener más de {COLLECTION_LIMIT} elementos.");
        return Some(Reply::invalid("ruc", &rule));
    }
    let place = numbers.iter().position(|ruc| !is_digits(ruc, 11))?;
    let field = format!("ruc.{place}");
    Some(Reply::invalid(&field, &digits_rule(&field, 11)))
}

fn write_item(body: &mut Vec<u8>, ruc: &str, found: Option<&Taxpayer>, today: Date, hostile: bool) {
    let written = if let Some(taxpayer) = found {
        let updated = taxpayer.updated.text(today);
        serde_json::to_writer(body, &object(ruc, taxpayer, &updated, hostile))
    } else {
        let unknown = json!({"success": false, "ruc": ruc, "message": "RUC no encontrado"});
        serde_json::to_writer(body, &unknown)
    };
    written.expect("writing plain data to memory cannot fail");
}

fn object<'a>(
    ruc: &'a str,
    taxpayer: &'a Taxpayer,
    updated: &'a str,
    hostile: bool,
) -> RucObject<'a> {
    let address = &taxpayer.address;
    RucObject {
        success: true,
        ruc,
        nombre_o_razon_social: if hostile {
            HOSTILE_NAME
        } else {
            &taxpayer.name
        },
        estado_del_contribuyente: taxpayer.estado,
        condicion_de_domicilio: taxpayer.condicion,
        ubigeo: address.ubigeo,
        tipo_de_via: address.street_kind,
        nombre_de_via: address.street,
        codigo_de_zona: address.zone_kind,
        tipo_de_zona: address.zone,
        numero: &address.number,
        interior: &address.interior,
        lote: &address.lot,
        dpto: &address.flat,
        manzana: &address.block,
        kilometro: &address.kilometre,
        distrito: address.district,
        provincia: address.province,
        departamento: address.region,
        direccion_simple: if hostile {
            HOSTILE_ADDRESS
        } else {
            &address.simple
        },
        direccion: if hostile {
            HOSTILE_ADDRESS
        } else {
            &address.full
        },
        actualizado_en: updated,
    }
}
