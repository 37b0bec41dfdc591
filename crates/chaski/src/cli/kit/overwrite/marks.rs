//! What says of itself that Chaski wrote it: a workbook by its properties, a csv or json by our
//! columns, for files that the data folder does not remember.

use std::collections::HashSet;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use chaski_core::fold;
use serde_json::{Deserializer, Map, Value};

use crate::sheets::{RESULT_KINDS, plain_title, result_titles};

/// How much of a file is looked at.
const LOOKED_AT: u64 = 256 * 1024;

/// Rows within which the titles of a result are.
const TITLES_WITHIN: usize = 220;

/// Fields that every exported partner has, and no other file has together.
const OF_PARTNERS: [&str; 4] = [
    "num_document",
    "sunat_valid",
    "sunat_last_check",
    "sunat_ubigeo",
];

/// Fields of the records that look-ups write: those that each has, and those that it may have. One
/// field more was added by a person.
const OF_RECORDS: [(&[&str], &[&str]); 10] = [
    (
        &[
            "ruc",
            "nombre_o_razon_social",
            "estado_del_contribuyente",
            "condicion_de_domicilio",
            "fuente",
            "consultado_en",
        ],
        &[
            "success",
            "ubigeo",
            "tipo_de_via",
            "nombre_de_via",
            "codigo_de_zona",
            "tipo_de_zona",
            "numero",
            "interior",
            "lote",
            "dpto",
            "manzana",
            "kilometro",
            "distrito",
            "provincia",
            "departamento",
            "direccion_simple",
            "direccion",
            "actualizado_en",
            "cache_hit",
            "stale",
            "error",
            "code",
        ],
    ),
    (
        &[
            "ruc",
            "apto",
            "nivel",
            "hallazgos",
            "fuente",
            "consultado_en",
        ],
        &[
            "success",
            "valido",
            "razon_social",
            "estado",
            "condicion",
            "direccion",
            "errores",
            "advertencias",
            "cache_hit",
            "stale",
            "error",
            "code",
        ],
    ),
    (
        &["dni", "nombre", "fuente", "cache_hit", "consultado_en"],
        &["success", "stale", "error", "code"],
    ),
    (
        &[
            "fecha",
            "moneda",
            "precio_compra",
            "precio_venta",
            "origen",
            "fuente",
            "consultado_en",
        ],
        &[
            "fecha_solicitada",
            "arrastrado",
            "fecha_cierre_sbs",
            "cache_hit",
            "stale",
        ],
    ),
    (
        &[
            "fecha",
            "quien",
            "operacion",
            "sobre",
            "resultado",
            "intento",
            "id",
        ],
        &[
            "http",
            "ms",
            "duration_ms",
            "cache",
            "motivo",
            "proveedor",
            "lote",
        ],
    ),
    (
        &[
            "ruc",
            "documento",
            "dni",
            "cargo",
            "fuente",
            "consultado_en",
        ],
        &["nombre", "fecha", "cache_hit", "stale"],
    ),
    (
        &[
            "ruc",
            "tipo",
            "actividad_economica_rev4_principal",
            "periodo",
            "fuente",
            "consultado_en",
        ],
        &[
            "estado",
            "condicion",
            "actividad_economica_rev3_principal",
            "actividad_economica_rev3_secundaria",
            "numero_trabajadores",
            "tipo_facturacion",
            "tipo_contabilidad",
            "comercio_exterior",
            "cache_hit",
            "stale",
        ],
    ),
    (&["ruc", "agente_de_retencion", "buen_contribuyente"], &[]),
    (
        &["ruc", "relacion", "figura", "a_partir_del", "resolucion"],
        &[],
    ),
    (
        &[
            "ruc_emisor",
            "tipo_comprobante",
            "serie",
            "numero",
            "estado_comprobante",
            "fuente",
            "consultado_en",
        ],
        &["fecha_emision", "monto", "estado", "cache_hit", "stale"],
    ),
];

pub(super) fn is_ours(path: &Path) -> bool {
    let Ok(mut file) = File::open(path) else {
        return false;
    };
    let mut start = Vec::new();
    if file
        .by_ref()
        .take(LOOKED_AT)
        .read_to_end(&mut start)
        .is_err()
    {
        return false;
    }
    if start.starts_with(b"PK\x03\x04") {
        return is_our_workbook(file);
    }
    let text = String::from_utf8_lossy(&start);
    let text = text.trim_start_matches('\u{feff}');
    match text.trim_start().as_bytes().first() {
        Some(b'[' | b'{') => has_our_keys(text),
        // Pages and completions, which every release writes anew.
        Some(b'.') => text
            .lines()
            .take(5)
            .any(|line| line.starts_with(".TH chaski")),
        _ if ["_chaski() {", "#compdef chaski"]
            .iter()
            .any(|it| text.starts_with(it)) =>
        {
            true
        }
        // What stood above the titles of a list is above ours too.
        _ => text.lines().take(TITLES_WITHIN).any(has_our_titles),
    }
}

/// Who made a workbook and who saved it last; Excel and Calc put the person's name in the second.
fn is_our_workbook(file: File) -> bool {
    let Ok(mut archive) = zip::ZipArchive::new(file) else {
        return false;
    };
    let Ok(part) = archive.by_name("docProps/core.xml") else {
        return false;
    };
    let mut text = String::new();
    if part.take(LOOKED_AT).read_to_string(&mut text).is_err() {
        return false;
    }
    ["dc:creator", "cp:lastModifiedBy"]
        .iter()
        .all(|name| text.contains(&format!("<{name}>Chaski</{name}>")))
}

/// Our columns, all of them, in their order and last: a person who adds one makes it theirs.
fn has_our_titles(line: &str) -> bool {
    [',', ';', '\t', '|'].iter().any(|separator| {
        let titles: Vec<&str> = line
            .split(*separator)
            .map(|it| it.trim_matches('"'))
            .collect();
        let folded: Vec<String> = titles.iter().map(|it| fold(plain_title(it))).collect();
        result_titles().any(|ours| folded.ends_with(&ours.folded))
            || OF_PARTNERS.iter().all(|name| titles.contains(name))
            || are_of_records(&titles.iter().copied().collect())
    })
}

fn are_of_records(names: &HashSet<&str>) -> bool {
    OF_RECORDS.iter().any(|(each, also)| {
        each.iter().all(|name| names.contains(name))
            && names
                .iter()
                .all(|name| each.contains(name) || also.contains(name))
    })
}

fn has_our_keys(text: &str) -> bool {
    let has = |name: &&str| text.contains(&format!("\"{name}\":"));
    let is_result = RESULT_KINDS.iter().any(|kind| {
        let ours = kind.columns.iter().all(|column| has(&column.name));
        ours && has(&"fila") && has(&kind.code)
    });
    if is_result || OF_PARTNERS.iter().all(has) {
        return true;
    }
    let records = records_at_the_start(text);
    let names = records.iter().flat_map(|it| it.keys().map(String::as_str));
    are_of_records(&names.collect())
}

/// The records of a json or ndjson, as many as are whole.
fn records_at_the_start(text: &str) -> Vec<Map<String, Value>> {
    let mut records = Vec::new();
    let mut rest = text.trim_start().trim_start_matches('[');
    loop {
        rest = rest.trim_start_matches(|c: char| c == ',' || c.is_whitespace());
        let mut values = Deserializer::from_str(rest).into_iter();
        let Some(Ok(record)) = values.next() else {
            return records;
        };
        rest = &rest[values.byte_offset()..];
        records.push(record);
    }
}
