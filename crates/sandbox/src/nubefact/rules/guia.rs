//! A guía de remisión, of the sender (7) or of the carrier (8). Manual GRE 1.6.

use super::super::form::{Form, words};
use super::super::kind::IssuedKind;
use super::super::refusal::Refusal;
use super::fields::{
    among, between, check_serie, digits, identity, most_characters, required, required_whole,
};

const MOTIVOS: [&str; 13] = [
    "01", "02", "03", "04", "05", "06", "07", "08", "09", "13", "14", "17", "18",
];
const PERSONS: [&str; 6] = ["6", "1", "4", "7", "A", "0"];
const DRIVERS: [&str; 5] = ["1", "4", "7", "A", "0"];

pub(crate) fn check_guia(form: &Form, kind: IssuedKind, serie: &str) -> Result<(), Refusal> {
    let of_sender = kind == IssuedKind::GuiaRemitente;
    // 1. The header.
    check_serie(kind, serie)?;
    among(form, "cliente_tipo_de_documento", &PERSONS)?;
    identity(
        form,
        "cliente_tipo_de_documento",
        "cliente_numero_de_documento",
    )?;
    between(form, "cliente_denominacion", 1, 100)?;
    between(form, "cliente_direccion", 1, 100)?;
    most_characters(form, "observaciones", 1000)?;
    most_characters(form, "mtc", 20)?;
    check_cargo(form)?;
    required(form, "fecha_de_inicio_de_traslado")?;
    form.date("fecha_de_inicio_de_traslado")?;

    // 2. Why and how.
    let motivo = if of_sender {
        among(form, "motivo_de_traslado", &MOTIVOS)?;
        among(form, "tipo_de_transporte", &["01", "02"])?;
        if required_whole(form, "numero_de_bultos")? > 999_999 {
            return Err(Refusal::reason("Numero de bultos es demasiado grande"));
        }
        form.text("motivo_de_traslado")
    } else {
        None
    };
    most_characters(form, "motivo_de_traslado_otros_descripcion", 70)?;
    check_places(form, motivo)?;
    check_vehicles(form)?;
    let public = of_sender && form.text("tipo_de_transporte") == Some("01");
    if public {
        check_party(form, "transportista", "documento_tipo", "documento_numero")?;
    }
    let private = of_sender && form.text("tipo_de_transporte") == Some("02");
    if private || !of_sender {
        check_driver(form)?;
    }
    if !of_sender {
        among(form, "destinatario_documento_tipo", &PERSONS)?;
        check_party(form, "destinatario", "documento_tipo", "documento_numero")?;
    }
    match form.text("sunat_envio_indicador") {
        None | Some("01" | "04" | "05" | "06") => {}
        Some("02") => check_party(form, "subcontratador", "documento_tipo", "documento_numero")?,
        Some("03") => check_party(
            form,
            "pagador_servicio",
            "documento_tipo_identidad",
            "documento_numero_identidad",
        )?,
        Some(_) => {
            return Err(Refusal::reason(
                "Sunat envio indicador no está incluido en la lista",
            ));
        }
    }

    // 3. What is carried.
    let foreign = matches!(motivo, Some("08" | "09"));
    if foreign {
        among(form, "documento_relacionado_codigo", &["50", "52"])?;
    }
    check_items(form, foreign)
}

fn check_cargo(form: &Form) -> Result<(), Refusal> {
    required(form, "peso_bruto_total")?;
    if form.amount("peso_bruto_total")?.is_zero() {
        return Err(Refusal::reason("Peso bruto total debe ser mayor a cero"));
    }
    among(form, "peso_bruto_unidad_de_medida", &["KGM", "TNE"])
}

fn check_places(form: &Form, motivo: Option<&str>) -> Result<(), Refusal> {
    for place in ["punto_de_partida", "punto_de_llegada"] {
        digits(form, &format!("{place}_ubigeo"), 6)?;
        between(form, &format!("{place}_direccion"), 1, 150)?;
        let establishment = format!("{place}_codigo_establecimiento_sunat");
        if matches!(motivo, Some("04" | "18")) || form.has(&establishment) {
            digits(form, &establishment, 4)?;
        }
    }
    Ok(())
}

fn check_vehicles(form: &Form) -> Result<(), Refusal> {
    check_plate(form, "transportista_placa_numero")?;
    let secondary = form.list("vehiculos_secundarios")?;
    for vehicle in &secondary {
        check_plate(vehicle, "placa_numero")?;
    }
    for (form, key) in std::iter::once((form, "tuc_vehiculo_principal"))
        .chain(secondary.iter().map(|vehicle| (*vehicle, "tuc")))
    {
        if form.has(key) {
            between(form, key, 10, 15)?;
        }
    }
    if secondary.len() > 2 {
        return Err(Refusal::reason("Vehiculos secundarios: hasta dos"));
    }
    Ok(())
}

/// Six to eight letters and digits, not zeros alone.
fn check_plate(form: &Form, key: &str) -> Result<(), Refusal> {
    between(form, key, 6, 8)?;
    let plate = required(form, key)?;
    let plain = plate.bytes().all(|b| b.is_ascii_alphanumeric());
    if plain && plate.bytes().any(|b| b != b'0') {
        return Ok(());
    }
    Err(Refusal::reason(format!(
        "{} no es válido, no debe llevar guiones ni ser ceros",
        words(key)
    )))
}

/// A company or person that takes part: type, number and name.
fn check_party(form: &Form, who: &str, tipo: &str, number: &str) -> Result<(), Refusal> {
    let (tipo, number) = (format!("{who}_{tipo}"), format!("{who}_{number}"));
    required(form, &tipo)?;
    identity(form, &tipo, &number)?;
    between(form, &format!("{who}_denominacion"), 1, 250)
}

/// SUNAT's 3357: who drives must be named, by one field or by two.
fn check_driver(form: &Form) -> Result<(), Refusal> {
    for key in ["conductor_documento_tipo", "conductor_documento_numero"] {
        if !form.has(key) {
            return Err(Refusal::sunat(3357, key, ""));
        }
    }
    among(form, "conductor_documento_tipo", &DRIVERS)?;
    between(form, "conductor_documento_numero", 1, 15)?;
    if !form.has("conductor_denominacion") {
        between(form, "conductor_nombre", 1, 250)?;
        between(form, "conductor_apellidos", 1, 250)?;
    }
    between(form, "conductor_numero_licencia", 9, 10)?;
    let secondary = form.list("conductores_secundarios")?;
    for driver in &secondary {
        among(driver, "documento_tipo", &DRIVERS)?;
        between(driver, "documento_numero", 1, 15)?;
        between(driver, "nombre", 1, 250)?;
        between(driver, "apellidos", 1, 250)?;
        between(driver, "numero_licencia", 9, 10)?;
    }
    if secondary.len() > 2 {
        return Err(Refusal::reason("Conductores secundarios: hasta dos"));
    }
    Ok(())
}

fn check_items(form: &Form, foreign: bool) -> Result<(), Refusal> {
    let items = form.list("items")?;
    if items.is_empty() {
        return Err(Refusal::reason("Items no puede estar en blanco"));
    }
    for item in items {
        between(item, "unidad_de_medida", 2, 5)?;
        between(item, "descripcion", 1, 250)?;
        most_characters(item, "codigo", 250)?;
        required(item, "cantidad")?;
        item.amount("cantidad")?;
        if foreign {
            required(item, "codigo_dam")?;
        }
        most_characters(item, "codigo_dam", 23)?;
    }
    for related in form.list("documento_relacionado")? {
        among(related, "tipo", &["01", "03", "09", "31", "1", "3", "9"])?;
        between(related, "serie", 1, 4)?;
        required_whole(related, "numero")?;
    }
    Ok(())
}
