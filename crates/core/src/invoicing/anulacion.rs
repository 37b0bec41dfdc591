//! Voids (*comunicación de baja*) of facturas, boletas and notes, and reversals of retenciones and
//! percepciones.
//!
//! NubeFact's JSON only. Rules: manual v2.9 (nubefact.md §4, §9.3); SUNAT's workbook, 2957: within
//! seven days of the issue. A guía has no void by this way: NubeFact answers 24 to one that exists.

use jiff::ToSpan;
use jiff::civil::Date;

use super::catalogs::deadlines::{TO_VOID, days_between};
use super::codes;
use super::document::TaxDocument;
use super::finding::Findings;
use super::form::{Section, check_form, nubefact_date};
use super::header::check_series;
use super::kind::DocumentKind;
use super::known::Known;
use super::other_fields::{ANULACION, REVERSION};
use super::value::JsonObject;
use crate::text;

/// Checks a void or a reversal. `today` is a Lima date; on which day the document was issued comes in
/// [`Known::voided_issued_on`], and without it the seven days are not judged.
pub(crate) fn check_anulacion(
    kind: DocumentKind,
    fields: &JsonObject,
    today: Date,
    known: &Known,
    findings: &mut Findings,
) -> TaxDocument {
    let section = Section::new(fields);
    let table = match kind {
        DocumentKind::Anulacion => ANULACION,
        _ => REVERSION,
    };
    let mut out = check_form(&section, table, &[], findings);
    let voided = match kind {
        DocumentKind::ReversionRetencion => Some(DocumentKind::Retencion),
        DocumentKind::ReversionPercepcion => Some(DocumentKind::Percepcion),
        _ => check_kind(&section, findings),
    };
    if let Some(voided) = voided {
        // A series that was closed since may still have documents to void.
        check_series(voided, &section, None, findings, &mut out);
    }
    check_deadline(voided, &section, today, known, findings);
    TaxDocument::new(kind, out)
}

/// What kind of document is voided: 1 to 4. Guías have another way.
fn check_kind(section: &Section<'_>, findings: &mut Findings) -> Option<DocumentKind> {
    let field = "tipo_de_comprobante";
    let number = section.small(field);
    let kind = DocumentKind::of_request("generar_comprobante", number);
    if kind.is_none() && section.has(field) {
        let found = findings.add(&codes::CATALOG, section.path(field));
        found.expected("1, 2, 3, 4");
        if matches!(number, Some(7 | 8)) {
            found
                .says(text!(
                    "una guía de remisión no se anula por esta vía",
                    "a guía de remisión cannot be voided in this way"
                ))
                .advises(text!(
                    "dela de baja en SUNAT Operaciones en Línea (SOL), antes de iniciar el traslado",
                    "void it in SUNAT's own portal (SOL), before the transfer begins"
                ));
        }
    }
    kind
}

/// Seven days, counted from the day of issue. After them a factura, boleta or nota de débito can
/// only be taken back by a nota de crédito.
fn check_deadline(
    voided: Option<DocumentKind>,
    section: &Section<'_>,
    today: Date,
    known: &Known,
    findings: &mut Findings,
) {
    let Some(issued) = known.voided_issued_on else {
        return;
    };
    if days_between(issued, today) <= TO_VOID {
        return;
    }
    let last = issued.saturating_add(TO_VOID.days());
    let found = findings.add(&codes::VOID_LATE, section.path("fecha_de_emision"));
    found.says(text!(
        "se emitió el {}; se podía anular hasta el {}",
        "it was issued on {}; it could be voided until {}",
        nubefact_date(issued),
        nubefact_date(last)
    ));
    let name = match (section.text("serie"), section.text("numero")) {
        (Some(serie), Some(number)) => format!("{serie}-{number}"),
        _ => String::new(),
    };
    match voided {
        None => found,
        Some(DocumentKind::Factura | DocumentKind::Boleta) => found.advises(text!(
            "emita una nota de crédito que la anule (motivo 01): chaski factura corregir {name} --motivo 01",
            "issue a credit note that takes it back (motivo 01): chaski factura corregir {name} --motivo 01"
        )),
        Some(DocumentKind::NotaDebito) => found.advises(text!(
            "emita una nota de crédito sobre el comprobante que la nota de débito aumentó",
            "issue a credit note on the document that the nota de débito increased"
        )),
        Some(DocumentKind::NotaCredito) => found.advises(text!(
            "emita una nota de débito por el mismo importe sobre el comprobante modificado",
            "issue a nota de débito of the same amount on the document that was modified"
        )),
        Some(_) => found.advises(text!(
            "consulte a SUNAT: fuera de plazo no hay reversión por esta vía",
            "ask SUNAT: after that time there is no reversal in this way"
        )),
    };
}
