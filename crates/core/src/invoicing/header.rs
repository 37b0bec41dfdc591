//! What guías, retenciones, percepciones, voids and reversals have in common: series,
//! customer, format of the PDF, lists that may not be empty, codes of catalogues.

use std::collections::BTreeSet;

use super::catalogs::document_types;
use super::codes;
use super::finding::Findings;
use super::form::{Section, check_identity};
use super::kind::DocumentKind;
use super::known::{CustomerFacts, Known};
use super::value::{JsonObject, JsonValue};
use crate::{Ruc, text};

/// Formats of the PDF; nothing stands for the account's own.
const PDF_FORMATS: [&str; 3] = ["A4", "A5", "TICKET"];

/// Checks that a series is one of `kind`, and among those that are `open` if these are known. It is
/// written in upper case, as NubeFact has it.
pub(crate) fn check_series(
    kind: DocumentKind,
    section: &Section<'_>,
    open: Option<&BTreeSet<(DocumentKind, String)>>,
    findings: &mut Findings,
    out: &mut JsonObject,
) {
    let Some(serie) = section.text("serie") else {
        return;
    };
    let serie = serie.to_uppercase();
    let letters = document_types::letters(kind);
    let plain = serie.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if !serie.starts_with(letters) || !plain {
        let list = letters
            .iter()
            .map(|it| format!("{it}…"))
            .collect::<Vec<_>>();
        let list = list.join(", ");
        findings
            .add(&codes::SERIES_KIND, section.path("serie"))
            .expected(&list)
            .advises(text!(
                "use una serie {list} de 4 letras y dígitos",
                "use a series {list} of 4 letters and digits"
            ));
    } else if let Some(open) = open
        && !open.contains(&(kind, serie.clone()))
    {
        findings.add(&codes::SERIES, section.path("serie"));
    }
    out.set("serie", JsonValue::text(serie));
}

/// Checks the customer: the kinds of identity document that are allowed, the form of the number, and
/// that a look-up did not find the register to be without it (1083).
pub(crate) fn check_customer(
    section: &Section<'_>,
    allowed: &[&str],
    known: &Known,
    findings: &mut Findings,
) {
    let names = ("cliente_tipo_de_documento", "cliente_numero_de_documento");
    check_identity(section, names, allowed, findings);
    let is_ruc = section.text(names.0) == Some("6");
    let right = section
        .text(names.1)
        .is_some_and(|it| it.parse::<Ruc>().is_ok());
    if is_ruc && right && known.customer == CustomerFacts::NotFound {
        findings.add(&codes::CUSTOMER_UNKNOWN, section.path(names.1));
    }
}

/// Checks the format of the PDF.
pub(crate) fn check_delivery(section: &Section<'_>, findings: &mut Findings) {
    let is_known = |format: &str| PDF_FORMATS.contains(&format);
    let all = PDF_FORMATS.join(", ");
    check_code(section, "formato_de_pdf", is_known, &all, findings);
}

/// A list that must hold something.
pub(crate) fn require_elements(name: &str, section: &Section<'_>, findings: &mut Findings) {
    let list = section.fields.present(name);
    if matches!(list, Some(JsonValue::List(values)) if values.is_empty()) {
        findings.add(&codes::REQUIRED, section.path(name));
    }
}

/// A code that must be among those of a catalogue; absent ones are somebody else's matter.
pub(crate) fn check_code(
    section: &Section<'_>,
    name: &str,
    is_known: impl Fn(&str) -> bool,
    allowed: &str,
    findings: &mut Findings,
) {
    if section.text(name).is_some_and(|code| !is_known(code)) {
        findings
            .add(&codes::CATALOG, section.path(name))
            .expected(allowed)
            .advises(text!("use uno de: {allowed}", "use one of: {allowed}"));
    }
}
