//! What a document in Nubefact's own JSON lacks and nobody has to write: its day of issue, its series, and
//! days that are usually the same. Days that were taken for granted are told.

use chaski_core::invoicing::{
    DocumentKind, Findings, InvoiceFinding, JsonObject, JsonValue, Known, codes,
};
use chaski_core::{Severity, parse_date, text};
use jiff::civil::Date;

use super::facts::{is_verbatim, text_of};

/// Days that are the day of issue unless somebody says otherwise.
const DAYS: [&str; 1] = ["fecha_de_inicio_de_traslado"];
/// The same of the lines.
const DAYS_OF_LINES: [&str; 4] = [
    "pago_fecha",
    "cobro_fecha",
    "importe_retenido_fecha",
    "importe_percibido_fecha",
];

/// Puts in what is absent of a document in Nubefact's JSON, and says which days it took for granted.
pub(super) fn complete(object: &mut JsonObject, today: Date, known: &Known) -> Vec<InvoiceFinding> {
    let kind = kind_of(object).filter(|_| is_verbatim(object));
    let Some(kind) = kind else {
        return Vec::new();
    };
    // 1. Series and day of issue.
    let first = known.first_series(kind, |_| true);
    if let Some(serie) = first.filter(|_| object.present("serie").is_none()) {
        object.set("serie", JsonValue::text(serie));
    }
    if object.present("fecha_de_emision").is_none() {
        object.set("fecha_de_emision", day(today));
    }
    // 2. Days that are usually the same.
    let issued = text_of(object, "fecha_de_emision").and_then(|it| parse_date(it).ok());
    let issued = issued.unwrap_or(today);
    let mut findings = Findings::new();
    if matches!(
        kind,
        DocumentKind::GuiaRemitente | DocumentKind::GuiaTransportista
    ) {
        for name in DAYS {
            if object.present(name).is_none() {
                object.set(name, day(issued));
                taken_for_granted(name.to_owned(), issued, &mut findings);
            }
        }
    }
    let wanted = days_of_lines(kind);
    if !wanted.is_empty()
        && let Some(JsonValue::List(lines)) = object.get("items")
    {
        let mut lines = lines.clone();
        for (place, line) in lines.iter_mut().enumerate() {
            let JsonValue::Object(line) = line else {
                continue;
            };
            for name in wanted {
                if line.present(name).is_none() {
                    line.set(name, day(issued));
                    taken_for_granted(format!("items[{place}].{name}"), issued, &mut findings);
                }
            }
        }
        object.set("items", JsonValue::List(lines));
    }
    findings.list().to_vec()
}

fn days_of_lines(kind: DocumentKind) -> &'static [&'static str] {
    const RETENCION: [&str; 2] = [DAYS_OF_LINES[0], DAYS_OF_LINES[2]];
    const PERCEPCION: [&str; 2] = [DAYS_OF_LINES[1], DAYS_OF_LINES[3]];
    match kind {
        DocumentKind::Retencion => &RETENCION,
        DocumentKind::Percepcion => &PERCEPCION,
        _ => &[],
    }
}

/// The kind that a document in Nubefact's JSON is of, if it is one that is issued.
pub(super) fn kind_of(object: &JsonObject) -> Option<DocumentKind> {
    let operacion = text_of(object, "operacion")?;
    let tipo = text_of(object, "tipo_de_comprobante").and_then(|it| it.parse().ok());
    DocumentKind::of_request(operacion, tipo).filter(|it| super::nubefact_kind(*it).is_some())
}

/// A day as Nubefact writes it.
fn day(date: Date) -> JsonValue {
    JsonValue::text(date.strftime("%d-%m-%Y").to_string())
}

fn taken_for_granted(field: String, date: Date, findings: &mut Findings) {
    findings
        .add(&codes::DATE, field)
        .as_severe_as(Severity::Aviso)
        .expected(date.strftime("%d-%m-%Y"))
        .says(text!(
            "no se indicó; se toma el día de la emisión",
            "not said; the day of issue is taken"
        ))
        .advises(text!(
            "si fue otro día, indíquelo",
            "if it was another day, say so"
        ));
}
