//! Who takes part in a transport: carrier, driver, receiver, who pays; and the vehicle's plate.
//!
//! Rules: GRE manual v1.6 (nubefact.md §6.1). A guía of the carrier always names its driver; one of
//! the sender does when the transport is private, and names the carrier when it is public.

use super::IDENTITIES;
use crate::invoicing::catalogs::transport_modes::TransportMode;
use crate::invoicing::codes;
use crate::invoicing::finding::Findings;
use crate::invoicing::form::{Section, check_identity};
use crate::invoicing::kind::DocumentKind;
use crate::text;

/// A plate: 6 to 8 letters and digits, no dash, not all zeros. The cleaned one is offered.
pub(super) fn check_plate(section: &Section<'_>, name: &str, findings: &mut Findings) {
    let Some(plate) = section.text(name) else {
        return;
    };
    let cleaned: String = plate.chars().filter(char::is_ascii_alphanumeric).collect();
    let cleaned = cleaned.to_ascii_uppercase();
    let usable = (6..=8).contains(&cleaned.len()) && !cleaned.bytes().all(|byte| byte == b'0');
    if usable && cleaned == plate.to_ascii_uppercase() {
        return;
    }
    let found = findings.add(&codes::GUIA_PLATE, section.path(name));
    if usable {
        found.expected(&cleaned);
    }
}

/// A driver's licence: 9 or 10 letters and digits; its length is the form's matter.
pub(super) fn check_licence(section: &Section<'_>, name: &str, findings: &mut Findings) {
    let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if section.text(name).is_some_and(|licence| !plain(licence)) {
        findings.add(&codes::TEXT, section.path(name)).says(text!(
            "la licencia lleva solo letras y dígitos",
            "a licence has letters and digits only"
        ));
    }
}

/// The carrier of public transport, by its RUC.
pub(super) fn check_carrier(kind: DocumentKind, section: &Section<'_>, findings: &mut Findings) {
    let names = (
        "transportista_documento_tipo",
        "transportista_documento_numero",
    );
    check_identity(section, names, &["6"], findings);
    if kind == DocumentKind::GuiaRemitente && mode(section) == Some(TransportMode::Publico) {
        section.require(names.0, findings);
        section.require(names.1, findings);
        section.require("transportista_denominacion", findings);
    }
}

/// The driver, where one must be named, and the form of what is said of one anywhere.
pub(super) fn check_driver(kind: DocumentKind, section: &Section<'_>, findings: &mut Findings) {
    let names = ("conductor_documento_tipo", "conductor_documento_numero");
    check_identity(section, names, &IDENTITIES[1..], findings);
    check_licence(section, "conductor_numero_licencia", findings);
    let needed =
        kind == DocumentKind::GuiaTransportista || mode(section) == Some(TransportMode::Privado);
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
    let nothing_said = !rest.iter().any(|name| section.has(name));
    if !section.has(names.1) {
        findings.add(&codes::GUIA_DRIVER, section.path(names.1));
    }
    if nothing_said && !section.has(names.1) {
        return;
    }
    section.require(names.0, findings);
    section.require("conductor_numero_licencia", findings);
    // Older programs give the whole name in one field.
    if !section.has("conductor_denominacion") {
        section.require("conductor_nombre", findings);
        section.require("conductor_apellidos", findings);
    }
}

/// The receiver of a carrier's guía; the subcontractor and who pays, where the indicator says so.
pub(super) fn check_other_people(
    kind: DocumentKind,
    section: &Section<'_>,
    findings: &mut Findings,
) {
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
    check_identity(section, receiver, &IDENTITIES, findings);
    check_identity(section, subcontractor, &["6"], findings);
    check_identity(section, payer, &IDENTITIES, findings);
    if kind == DocumentKind::GuiaRemitente {
        return;
    }
    let indicator = section.text("sunat_envio_indicador");
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
        section.require(document, findings);
        section.require(number, findings);
        section.require(name, findings);
    }
}

fn mode(section: &Section<'_>) -> Option<TransportMode> {
    section
        .text("tipo_de_transporte")
        .and_then(TransportMode::from_code)
}
