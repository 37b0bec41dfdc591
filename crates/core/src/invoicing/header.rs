//! What guías, retenciones, percepciones, voids and reversals have in common: series, customer's
//! e-mail, format of the PDF, lists that may not be empty.

use super::catalogs::document_types;
use super::codes;
use super::finding::Findings;
use super::form::Form;
use super::kind::DocumentKind;
use super::known::Known;
use super::value::{JsonObject, JsonValue};
use crate::text;

/// Formats of the PDF; nothing stands for the account's own.
const PDF_FORMATS: [&str; 3] = ["A4", "A5", "TICKET"];

/// Checks that a series is one of `kind`, and open if it is known which are. It is written in upper
/// case, as NubeFact has it.
pub(crate) fn check_series(
    kind: DocumentKind,
    form: &Form<'_>,
    known: &Known,
    findings: &mut Findings,
    out: &mut JsonObject,
) {
    let Some(serie) = form.text("serie") else {
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
            .add(&codes::SERIES_KIND, form.path("serie"))
            .expected(&list)
            .advises(text!(
                "use una serie {list} de 4 letras y dígitos",
                "use a series {list} of 4 letters and digits"
            ));
    } else if let Some(open) = &known.series
        && !open.contains(&(kind, serie.clone()))
    {
        findings.add(&codes::SERIES, form.path("serie"));
    }
    out.set("serie", JsonValue::text(serie));
}

/// Checks e-mails and the format of the PDF.
pub(crate) fn check_delivery(form: &Form<'_>, findings: &mut Findings) {
    for name in ["cliente_email", "cliente_email_1", "cliente_email_2"] {
        if form.text(name).is_some_and(|it| !is_email(it)) {
            findings.add(&codes::TEXT, form.path(name)).says(text!(
                "no es una dirección de correo",
                "not an e-mail address"
            ));
        }
    }
    let format = form.text("formato_de_pdf");
    if format.is_some_and(|it| !PDF_FORMATS.contains(&it)) {
        findings
            .add(&codes::CATALOG, form.path("formato_de_pdf"))
            .expected(PDF_FORMATS.join(", "));
    }
}

/// Something, one `@`, a domain with a point, and no blank.
fn is_email(text: &str) -> bool {
    let Some((user, domain)) = text.split_once('@') else {
        return false;
    };
    let named = domain.split('.').all(|part| !part.is_empty()) && domain.contains('.');
    !user.is_empty()
        && named
        && !text.contains(|c: char| c.is_whitespace() || c.is_control())
        && !domain.contains('@')
}

/// A list that must hold something.
pub(crate) fn require_elements(name: &str, form: &Form<'_>, findings: &mut Findings) {
    let list = form.fields.present(name);
    if matches!(list, Some(JsonValue::List(values)) if values.is_empty()) {
        findings.add(&codes::REQUIRED, form.path(name));
    }
}

/// A code that must be among those of a catalogue; absent ones are somebody else's matter.
pub(crate) fn check_code(
    form: &Form<'_>,
    name: &str,
    is_known: impl Fn(&str) -> bool,
    allowed: &str,
    findings: &mut Findings,
) {
    if form.text(name).is_some_and(|code| !is_known(code)) {
        findings
            .add(&codes::CATALOG, form.path(name))
            .expected(allowed)
            .advises(text!("use uno de: {allowed}", "use one of: {allowed}"));
    }
}
