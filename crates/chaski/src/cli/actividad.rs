//! `chaski ruc actividad`: what a taxpayer does, and how it is registered.

use serde_json::json;

use super::Done;
use super::kit::args::RucNumber;
use super::kit::desk::Desk;
use super::kit::needed::Needed;
use super::kit::records::{Records, fields};
use super::ruc::{insert_origin, one_ruc};

pub(super) async fn actividad(needed: &Needed, desk: &Desk, typed: &RucNumber) -> Done {
    let ask = needed.ask(&typed.freshness)?;
    let ruc = match one_ruc(needed, desk, &typed.number, "ruc actividad")? {
        Ok(ruc) => ruc,
        Err(code) => return Ok(code),
    };
    desk.say_mode(needed);
    let found = desk.activity(&ruc, &ask).await?;
    let mut row = fields(json!({"ruc": ruc.as_str()}));
    row.extend(fields(json!(*found.value)));
    insert_origin(&mut row, desk, &found, needed.lang());
    let columns = vec![
        ("ruc", "RUC", "RUC"),
        ("estado", "Estado", "Estado"),
        ("condicion", "Condición", "Condición"),
        ("tipo", "Tipo de contribuyente", "Kind of taxpayer"),
        (
            "actividad_economica_rev4_principal",
            "Actividad principal (CIIU rev. 4)",
            "Main activity (CIIU rev. 4)",
        ),
        (
            "actividad_economica_rev3_principal",
            "Actividad principal (CIIU rev. 3)",
            "Main activity (CIIU rev. 3)",
        ),
        (
            "actividad_economica_rev3_secundaria",
            "Actividad secundaria (CIIU rev. 3)",
            "Second activity (CIIU rev. 3)",
        ),
        ("numero_trabajadores", "Trabajadores", "Workers"),
        ("tipo_facturacion", "Facturación", "Invoicing"),
        ("tipo_contabilidad", "Contabilidad", "Bookkeeping"),
        ("comercio_exterior", "Comercio exterior", "Foreign trade"),
        ("periodo", "Periodo de los datos", "Period of the data"),
        ("fuente", "Fuente", "Source"),
    ];
    Records {
        columns,
        rows: vec![row],
    }
    .write(needed)
}
