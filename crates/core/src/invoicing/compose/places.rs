//! Which field of NubeFact's JSON comes from which of the simple form.

use super::super::draft::Draft;
use super::super::sale_fields::{HEADER, ITEM};
use super::super::unread::Unread;
use super::super::value::JsonObject;

/// The fields of NubeFact's JSON and those of the simple form that they come from.
const PLACES: &[(&str, &str)] = &[
    ("fecha_de_emision", "fecha"),
    ("fecha_de_vencimiento", "vencimiento"),
    ("cliente_tipo_de_documento", "cliente.tipo"),
    ("cliente_numero_de_documento", "cliente.numero"),
    ("cliente_denominacion", "cliente.nombre"),
    ("cliente_direccion", "cliente.direccion"),
    ("cliente_email_1", "cliente.correo[1]"),
    ("cliente_email_2", "cliente.correo[2]"),
    ("cliente_email", "cliente.correo[0]"),
    ("porcentaje_de_igv", "igv"),
    ("detraccion_tipo", "detraccion.codigo"),
    ("detraccion_total", "detraccion"),
    ("medio_de_pago_detraccion", "detraccion.medio_de_pago"),
    ("percepcion_tipo", "percepcion"),
    ("retencion_tipo", "retencion"),
    ("documento_que_se_modifica_serie", "nota.documento"),
    ("documento_que_se_modifica_numero", "nota.documento"),
    ("documento_que_se_modifica_tipo", "nota.documento"),
    ("tipo_de_nota_de_credito", "nota.motivo"),
    ("tipo_de_nota_de_debito", "nota.motivo"),
    ("orden_compra_servicio", "orden_compra"),
    ("placa_vehiculo", "placa"),
    ("formato_de_pdf", "formato_pdf"),
    ("venta_al_credito", "cuotas"),
];

/// The same within a line or an instalment.
const PARTS: &[(&str, &str)] = &[
    ("unidad_de_medida", "unidad"),
    ("codigo_producto_sunat", "codigo_sunat"),
    ("valor_unitario", "precio"),
    ("precio_unitario", "precio"),
    ("tipo_de_igv", "afectacion"),
    ("tipo_de_ivap", "afectacion"),
    ("tipo_de_isc", "isc.sistema"),
    ("impuesto_bolsas", "bolsas"),
    ("fecha_de_pago", "fecha"),
];

/// The field of the simple form that a finding of the review is about. Advances are lines of their own
/// in NubeFact's JSON, behind the `items` of the form.
pub(crate) fn place_in_draft(campo: &str, draft: &Draft) -> String {
    let (head, part) = match campo.split_once("].") {
        Some((head, part)) => (head, Some(part)),
        None => (campo, None),
    };
    let Some(part) = part else {
        let renamed = PLACES.iter().find(|(theirs, _)| *theirs == campo);
        return renamed.map_or_else(|| campo.to_owned(), |(_, ours)| (*ours).to_owned());
    };
    let part = PARTS
        .iter()
        .find(|(theirs, _)| *theirs == part)
        .map_or(part, |(_, ours)| ours);
    let (list, index) = head.split_once('[').unwrap_or((head, "0"));
    if list == "venta_al_credito" {
        return format!("cuotas[{index}].{part}");
    }
    match index.parse::<usize>() {
        Ok(index) if index >= draft.items.len() && !draft.anticipos.is_empty() => {
            let part = part.trim_start_matches("anticipo_documento_");
            let most = draft.anticipos.len() - 1;
            format!(
                "anticipos[{}].{part}",
                (index - draft.items.len()).min(most)
            )
        }
        _ => format!("{list}[{index}].{part}"),
    }
}

/// Amounts of the header that nobody states in the form: they are computed.
const COMPUTED: &[&str] = &[
    "descuento_global",
    "total_descuento",
    "total_anticipo",
    "total_gravada",
    "total_inafecta",
    "total_exonerada",
    "total_igv",
    "total_gratuita",
    "total_otros_cargos",
    "total_isc",
    "total_impuestos_bolsas",
    "total",
    "percepcion_base_imponible",
    "total_percepcion",
    "total_incluido_percepcion",
    "retencion_base_imponible",
    "total_retencion",
    "detraccion_total",
    "porcentaje_de_igv",
];

/// Those of a line.
const COMPUTED_OF_LINE: &[&str] = &[
    "cantidad",
    "valor_unitario",
    "precio_unitario",
    "descuento",
    "subtotal",
    "isc",
    "igv",
    "impuesto_bolsas",
    "otros_cargos",
    "total",
];

/// What is unknown in NubeFact's JSON: what comes from a field of the form that is unread, and what is
/// computed from one.
pub(super) fn unread_of(
    draft: &Draft,
    header: &JsonObject,
    lines: usize,
    has_amounts: bool,
    of_form: &Unread,
) -> Unread {
    let mut unread = Unread::default();
    if of_form.is_empty() && has_amounts {
        return unread;
    }
    for name in HEADER.iter().map(|field| field.name) {
        if of_form.covers(&place_in_draft(name, draft)) {
            unread.insert(name);
        }
    }
    for index in 0..lines {
        for name in ITEM.iter().map(|field| field.name) {
            let name = format!("items[{index}].{name}");
            if of_form.covers(&place_in_draft(&name, draft)) {
                unread.insert(name);
            }
        }
    }
    for index in 0..draft.cuotas.len() {
        for name in ["fecha_de_pago", "importe"] {
            let name = format!("venta_al_credito[{index}].{name}");
            if of_form.covers(&place_in_draft(&name, draft)) {
                unread.insert(name);
            }
        }
    }
    if header.get("sunat_transaction").is_none() {
        unread.insert("sunat_transaction");
    }
    if of_form.covers("cliente.numero") && draft.cliente.tipo.is_none() {
        unread.insert("cliente_tipo_de_documento");
    }
    if of_form.covers("exportacion") {
        for (index, item) in draft.items.iter().enumerate() {
            if item.afectacion.is_none() {
                unread.insert(format!("items[{index}].tipo_de_igv"));
            }
        }
    }
    if of_form.covers("nota.motivo") && draft.items.is_empty() {
        unread.insert("items");
    }
    // An amount that should be there and is not depends on what is unread.
    let of_payment = [
        ("retencion", "retencion_base_imponible"),
        ("retencion", "total_retencion"),
        ("percepcion", "percepcion_base_imponible"),
        ("percepcion", "total_percepcion"),
        ("percepcion", "total_incluido_percepcion"),
        ("detraccion", "detraccion_total"),
    ];
    let is_stated = |name: &str| match name {
        "retencion" => draft.retencion.is_some(),
        "percepcion" => draft.percepcion.is_some(),
        _ => draft.detraccion.is_some(),
    };
    for (part, name) in of_payment {
        let wanted = is_stated(part) || of_form.touches(part);
        if wanted && header.get(name).is_none() {
            unread.insert(name);
        }
    }
    if has_amounts {
        return unread;
    }
    for name in COMPUTED {
        if *name != "porcentaje_de_igv" || header.get(name).is_none() {
            unread.insert(*name);
        }
    }
    for index in 0..lines {
        for name in COMPUTED_OF_LINE {
            unread.insert(format!("items[{index}].{name}"));
        }
        // Of an advance nobody can say how it is affected.
        if index >= draft.items.len() {
            unread.insert(format!("items[{index}].tipo_de_igv"));
        }
    }
    unread
}
