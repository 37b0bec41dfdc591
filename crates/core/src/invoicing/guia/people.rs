//! Who takes part in a transport: carrier, driver, receiver, who pays; and the vehicle's plate.
//!
//! Rules: GRE manual v1.6 (nubefact.md §6.1). A guía of the carrier always names its driver; one of
//! the sender does when the transport is private, and names the carrier when it is public.

use super::IDENTITIES;
use crate::invoicing::catalogs::transport_modes::TransportMode;
use crate::invoicing::codes;
use crate::invoicing::finding::Findings;
use crate::invoicing::form::{Form, check_identity};
use crate::invoicing::kind::DocumentKind;
use crate::text;

/// A plate: 6 to 8 letters and digits, no dash, not all zeros. The cleaned one is offered.
pub(super) fn check_plate(form: &Form<'_>, name: &str, findings: &mut Findings) {
    let Some(plate) = form.text(name) else {
        return;
    };
    let cleaned: String = plate.chars().filter(char::is_ascii_alphanumeric).collect();
    let cleaned = cleaned.to_ascii_uppercase();
    let usable = (6..=8).contains(&cleaned.len()) && !cleaned.bytes().all(|byte| byte == b'0');
    if usable && cleaned == plate.to_ascii_uppercase() {
        return;
    }
    let found = findings.add(&codes::GUIA_PLATE, form.path(name));
    if usable {
        found.expected(&cleaned);
    }
}

/// A driver's licence: 9 or 10 letters and digits; its length is the form's matter.
pub(super) fn check_licence(form: &Form<'_>, name: &str, findings: &mut Findings) {
    let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if form.text(name).is_some_and(|licence| !plain(licence)) {
        findings.add(&codes::TEXT, form.path(name)).says(text!(
            "la licencia lleva solo letras y dígitos",
            "a licence has letters and digits only"
        ));
    }
}

/// The carrier of public transport, by its RUC.
pub(super) fn check_carrier(kind: DocumentKind, form: &Form<'_>, findings: &mut Findings) {
    let names = (
        "transportista_documento_tipo",
        "transportista_documento_numero",
    );
    check_identity(form, names, &["6"], findings);
    if kind == DocumentKind::GuiaRemitente && mode(form) == Some(TransportMode::Publico) {
        form.require(names.0, findings);
        form.require(names.1, findings);
        form.require("transportista_denominacion", findings);
    }
}

/// The driver, where one must be named, and the form of what is said of one anywhere.
pub(super) fn check_driver(kind: DocumentKind, form: &Form<'_>, findings: &mut Findings) {
    let names = ("conductor_documento_tipo", "conductor_documento_numero");
    check_identity(form, names, &IDENTITIES[1..], findings);
    check_licence(form, "conductor_numero_licencia", findings);
    let needed =
        kind == DocumentKind::GuiaTransportista || mode(form) == Some(TransportMode::Privado);
    if !needed {
        return;
    }
    let rest = [
        "conductor_documento_tipo",
        "conductor_nombre",
        "conductor_apellidos",
        "conductor_denominacion",
        "conductor_numero_licencia",
    ];
    let nothing_said = !rest.iter().any(|name| form.has(name));
    if !form.has(names.1) {
        findings.add(&codes::GUIA_DRIVER, form.path(names.1));
    }
    if nothing_said && !form.has(names.1) {
        return;
    }
    form.require(names.0, findings);
    form.require("conductor_numero_licencia", findings);
    // Older programs give the whole name in one field.
    if !form.has("conductor_denominacion") {
        form.require("conductor_nombre", findings);
        form.require("conductor_apellidos", findings);
    }
}

/// The receiver of a carrier's guía; the subcontractor and who pays, where the indicator says so.
pub(super) fn check_other_people(kind: DocumentKind, form: &Form<'_>, findings: &mut Findings) {
    let receiver = (
        "destinatario_documento_tipo",
        "destinatario_documento_numero",
    );
    let subcontractor = (
        "subcontratador_documento_tipo",
        "subcontratador_documento_numero",
    );
    let payer = (
        "pagador_servicio_documento_tipo_identidad",
        "pagador_servicio_documento_numero_identidad",
    );
    check_identity(form, receiver, &IDENTITIES, findings);
    check_identity(form, subcontractor, &["6"], findings);
    check_identity(form, payer, &IDENTITIES, findings);
    if kind == DocumentKind::GuiaRemitente {
        return;
    }
    let indicator = form.text("sunat_envio_indicador");
    let wanted = [
        (true, receiver, "destinatario_denominacion"),
        (
            indicator == Some("02"),
            subcontractor,
            "subcontratador_denominacion",
        ),
        (
            indicator == Some("03"),
            payer,
            "pagador_servicio_denominacion",
        ),
    ];
    for (_, (document, number), name) in wanted.into_iter().filter(|it| it.0) {
        form.require(document, findings);
        form.require(number, findings);
        form.require(name, findings);
    }
}

fn mode(form: &Form<'_>) -> Option<TransportMode> {
    form.text("tipo_de_transporte")
        .and_then(TransportMode::from_code)
}
