//! Everything that is no sale: guías, retenciones, percepciones, voids and reversals.
//!
//! There is no simple form of these: they come as NubeFact's JSON, verbatim.

use jiff::civil::Date;

use super::anulacion::check_anulacion;
use super::document::TaxDocument;
use super::finding::Findings;
use super::guia::check_guia;
use super::kind::DocumentKind;
use super::known::Known;
use super::percepcion::check_percepcion;
use super::retencion::check_retencion;
use super::value::JsonObject;

/// Checks a document that is no sale; `None` for sales, which are checked elsewhere. `today` is a
/// Lima date.
pub(crate) fn check_other(
    kind: DocumentKind,
    fields: &JsonObject,
    today: Date,
    known: &Known,
    findings: &mut Findings,
) -> Option<TaxDocument> {
    let document = match kind {
        DocumentKind::Factura
        | DocumentKind::Boleta
        | DocumentKind::NotaCredito
        | DocumentKind::NotaDebito => return None,
        DocumentKind::GuiaRemitente | DocumentKind::GuiaTransportista => {
            check_guia(kind, fields, today, known, findings)
        }
        DocumentKind::Retencion => check_retencion(fields, today, known, findings),
        DocumentKind::Percepcion => check_percepcion(fields, today, known, findings),
        DocumentKind::Anulacion
        | DocumentKind::ReversionRetencion
        | DocumentKind::ReversionPercepcion => {
            check_anulacion(kind, fields, today, known, findings)
        }
    };
    Some(document)
}
