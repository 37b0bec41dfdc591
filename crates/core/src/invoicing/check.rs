//! The check itself: from what came to a document and its findings.

use jiff::Timestamp;
use jiff::civil::Date;

use super::codes;
use super::compose::{Composed, compose, place_in_draft};
use super::document::{TaxDocument, whole};
use super::draft::Draft;
use super::draft_read::{meant_kind, read_draft};
use super::fields::nearest;
use super::finding::{Findings, InvoiceFinding};
use super::kind::DocumentKind;
use super::known::Known;
use super::other::check_other;
use super::review::review;
use super::sale::Sale;
use super::value::{JsonObject, JsonValue};
use crate::{Severity, lima_date, text};

/// A document and everything that was found.
///
/// ```
/// use chaski_core::invoicing::{Known, check};
/// let now = "2026-11-27T12:00:00-05:00".parse()?;
/// let checked = check(br#"{"tipo": "bolleta"}"#, now, &Known::default());
/// assert!(checked.sendable().is_none());
/// let first = &checked.hallazgos[0];
/// assert_eq!((first.codigo, first.esperado.as_deref()), ("CH-TIPO", Some("boleta")));
/// # Ok::<(), jiff::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CheckedDocument {
    /// NubeFact's JSON, as far as it could be made; with errors it must not be sent.
    pub document: Option<TaxDocument>,
    /// Everything found: errors first.
    pub hallazgos: Vec<InvoiceFinding>,
    /// The issuer that a simple form names, as it was written.
    pub emisor: Option<String>,
    /// The caller's own identifier, of a simple form.
    pub referencia: Option<String>,
}

impl CheckedDocument {
    /// Whether an error was found.
    pub fn has_errors(&self) -> bool {
        let mut findings = self.hallazgos.iter();
        findings.any(|it| it.severidad == Severity::Error)
    }

    /// The document, if nothing forbids sending it.
    pub fn sendable(&self) -> Option<&TaxDocument> {
        self.document.as_ref().filter(|_| !self.has_errors())
    }
}

/// Checks a document as it came: the simple form or NubeFact's JSON. `now` says which day it is in
/// Lima; what only others know is in `known`.
///
/// ```
/// use chaski_core::invoicing::{Known, check};
/// let now = "2026-11-27T12:00:00-05:00".parse()?;
/// let checked = check(
///     br#"{"tipo": "boleta", "serie": "BBB1", "cliente": {"tipo": "-"}, "precios_con_igv": true,
///         "items": [{"descripcion": "CARAMELO", "cantidad": 3, "precio": "0.99"}]}"#,
///     now,
///     &Known::default(),
/// );
/// let document = checked.sendable().expect("nothing is wrong with it");
/// assert_eq!(document.total(), Some("2.97".parse()?));
/// // A fixed point: what was checked is checked again, and stays as it is.
/// let again = check(&document.to_bytes(), now, &Known::default());
/// assert_eq!(again.document.as_ref(), Some(document));
/// assert_eq!(again.hallazgos, []);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn check(text: &[u8], now: Timestamp, known: &Known) -> CheckedDocument {
    match JsonValue::parse(text) {
        Ok(value) => check_value(value, now, known),
        Err(error) => {
            let mut findings = Findings::new();
            let field = error.field();
            findings
                .add(
                    &codes::UNREADABLE,
                    if field.is_empty() {
                        "documento"
                    } else {
                        &field
                    },
                )
                .says(error.text());
            without_document(findings)
        }
    }
}

/// The same of JSON that was read already.
///
/// ```
/// use chaski_core::invoicing::{JsonValue, Known, check_value};
/// let now = "2026-11-27T12:00:00-05:00".parse()?;
/// let checked = check_value(JsonValue::Null, now, &Known::default());
/// assert_eq!(checked.hallazgos[0].codigo, "CH-JSON");
/// # Ok::<(), jiff::Error>(())
/// ```
pub fn check_value(value: JsonValue, now: Timestamp, known: &Known) -> CheckedDocument {
    let today = lima_date(now);
    let mut findings = Findings::new();
    let JsonValue::Object(object) = value else {
        findings.add(&codes::UNREADABLE, "documento").says(text!(
            "un documento es un objeto JSON: {{…}}",
            "a document is a JSON object: {{…}}"
        ));
        return without_document(findings);
    };
    if object.get("operacion").is_some() || object.get("tipo_de_comprobante").is_some() {
        check_verbatim(object, today, known, findings)
    } else {
        check_simple(&object, today, known, findings)
    }
}

/// The same of a simple form that a program made.
pub fn check_draft(draft: &Draft, now: Timestamp, known: &Known) -> CheckedDocument {
    check_value(draft.to_value(), now, known)
}

fn without_document(findings: Findings) -> CheckedDocument {
    CheckedDocument {
        document: None,
        hallazgos: findings.into_sorted(),
        emisor: None,
        referencia: None,
    }
}

/// NubeFact's JSON: the same document goes out, with its findings.
fn check_verbatim(
    object: JsonObject,
    today: Date,
    known: &Known,
    mut findings: Findings,
) -> CheckedDocument {
    let kind = kind_of(&object, &mut findings);
    let is_sure = !findings.has_errors();
    findings.end_reading();
    let Some((kind, is_kind_known)) = kind else {
        return without_document(findings);
    };
    let document = if kind.is_sale() {
        let mut sale = Sale::read(kind, object, &mut findings);
        sale.is_kind_known = is_kind_known;
        review(&mut sale, today, known, &mut findings);
        Some(TaxDocument::new(kind, sale.fields))
    } else {
        check_other(kind, &object, today, known, &mut findings)
    };
    CheckedDocument {
        document: document.filter(|_| is_sure),
        hallazgos: findings.into_sorted(),
        emisor: None,
        referencia: None,
    }
}

/// Which document operation and number name, or were meant to name, and whether that is known: of a
/// sale everything but its kind can be checked all the same.
fn kind_of(object: &JsonObject, findings: &mut Findings) -> Option<(DocumentKind, bool)> {
    let operacion = operation(object, findings)?;
    let tipo = whole(object, "tipo_de_comprobante").and_then(|it| u8::try_from(it).ok());
    if let Some(kind) = DocumentKind::of_request(operacion, tipo) {
        return Some((kind, true));
    }
    let finding = findings
        .add(&codes::KIND, "tipo_de_comprobante")
        .advises(text!(
            "use 1 factura, 2 boleta, 3 nota de crédito, 4 nota de débito, 7 y 8 guías",
            "use 1 factura, 2 boleta, 3 nota de crédito, 4 nota de débito, 7 and 8 guías"
        ));
    if operacion != DocumentKind::Factura.operacion() {
        return None;
    }
    // SUNAT's 07 and 08 are notes.
    let meant = match tipo {
        Some(7) => 3,
        Some(8) => 4,
        _ => return Some((DocumentKind::Factura, false)),
    };
    finding.expected(meant);
    Some((DocumentKind::of_request(operacion, Some(meant))?, true))
}

/// The operation, or the one that was probably meant.
fn operation(object: &JsonObject, findings: &mut Findings) -> Option<&'static str> {
    let mut names = DocumentKind::ALL.map(DocumentKind::operacion).into_iter();
    let given = object.present("operacion").and_then(JsonValue::as_str);
    let Some(given) = given.map(str::trim) else {
        let usual = DocumentKind::Factura.operacion();
        findings.add(&codes::REQUIRED, "operacion").expected(usual);
        return Some(usual);
    };
    if let Some(name) = names.find(|it| *it == given) {
        return Some(name);
    }
    let finding = findings.add(&codes::KIND, "operacion");
    let meant = nearest(given, DocumentKind::ALL.map(DocumentKind::operacion))?;
    finding.expected(meant);
    Some(meant)
}

/// The simple form: read, composed, and reviewed like everything else.
fn check_simple(
    object: &JsonObject,
    today: Date,
    known: &Known,
    mut findings: Findings,
) -> CheckedDocument {
    let mut draft = read_draft(object, &mut findings);
    let is_sure = draft.tipo.is_some();
    draft.tipo = draft.tipo.or_else(|| meant_kind(object));
    let kind = draft.tipo.unwrap_or(DocumentKind::Factura);
    let composed = compose(&draft, kind, today, known, &mut findings);
    let is_document = is_sure && composed.has_amounts;
    let document = review_composed(&draft, kind, composed, today, known, &mut findings);
    CheckedDocument {
        document: Some(document).filter(|_| is_document),
        hallazgos: findings.into_sorted(),
        emisor: draft.emisor,
        referencia: draft.referencia,
    }
}

/// The review of a composed document, told in the fields of the form.
fn review_composed(
    draft: &Draft,
    kind: DocumentKind,
    composed: Composed,
    today: Date,
    known: &Known,
    findings: &mut Findings,
) -> TaxDocument {
    let mut found = Findings::without(composed.unread);
    let mut sale = Sale::read(kind, composed.fields, &mut found);
    sale.is_kind_known = draft.tipo.is_some();
    review(&mut sale, today, known, &mut found);
    findings.take(found.into_list().into_iter().map(|mut finding| {
        finding.campo = place_in_draft(&finding.campo, draft);
        finding
    }));
    TaxDocument::new(kind, sale.fields)
}
