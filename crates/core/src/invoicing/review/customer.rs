//! Who buys: the identity document that the kind of comprobante asks for, and its number.

use super::super::catalogs::identities::IdentityKind;
use super::super::catalogs::limits::BOLETA_WITHOUT_IDENTITY;
use super::super::catalogs::transactions::SunatTransaction;
use super::super::codes;
use super::super::finding::Findings;
use super::super::identity_number::{check_ruc, note_dni};
use super::super::kind::DocumentKind;
use super::super::known::{CustomerFacts, Known};
use super::super::sale::Sale;
use crate::{CheckDigit, text};

const KIND: &str = "cliente_tipo_de_documento";
const NUMBER: &str = "cliente_numero_de_documento";

/// `sunat_transaction` of sales to those who are not domiciled, and are no exports.
const TO_NON_DOMICILED: u8 = 29;

pub(super) fn review(sale: &Sale, known: &Known, findings: &mut Findings) {
    if sale.is_kind_known && !sale.on_boleta && !sale.has("cliente_direccion") {
        let failed = known.customer == CustomerFacts::Failed;
        if !failed {
            findings.add(&codes::REQUIRED, "cliente_direccion");
        } else if sale.has("cliente_denominacion") {
            findings.add(&codes::CUSTOMER_LOOKUP, "cliente_direccion");
        }
        // Else it is told with the name.
    }
    let Some(kind) = sale.text(KIND) else {
        return;
    };
    let Some(identity) = IdentityKind::from_code(kind) else {
        findings.add(&codes::CATALOG, KIND).advises(text!(
            "use 6 (RUC), 1 (DNI), 4, 7, A, B, 0, G o - (varios)",
            "use 6 (RUC), 1 (DNI), 4, 7, A, B, 0, G or - (no buyer named)"
        ));
        return;
    };
    if sale.is_kind_known && !sale.is_unread("sunat_transaction") {
        review_kind(sale, identity, findings);
        review_identity(sale, identity, findings);
    }
    match sale.text(NUMBER) {
        Some(number) => review_number(identity, number, known, findings),
        None if identity != IdentityKind::VARIOS => {
            findings.add(&codes::REQUIRED, NUMBER);
        }
        None => {}
    }
}

/// A factura is for a RUC, but for exports, sales to non-domiciled and to tourists; a boleta of an
/// export is not (2800).
fn review_kind(sale: &Sale, identity: IdentityKind, findings: &mut Findings) {
    let is_ruc = identity == IdentityKind::RUC;
    let abroad = sale.is_export()
        || sale.transaction == Some(SunatTransaction::TAX_FREE.number)
        || sale.transaction == Some(TO_NON_DOMICILED)
        || is_export_note(sale);
    if !sale.on_boleta && !is_ruc && !abroad {
        findings.add(&codes::CUSTOMER_KIND, KIND).expected("6");
    }
    if sale.kind == DocumentKind::Boleta && sale.is_export() && is_ruc {
        findings.add(&codes::CUSTOMER_KIND, KIND).says(text!(
            "la boleta de exportación no es para un RUC",
            "the boleta of an export is not for a RUC"
        ));
    }
}

/// A note on an export says so by its lines: it has a transaction of its own.
fn is_export_note(sale: &Sale) -> bool {
    sale.kind.is_note() && sale.lines.iter().any(|line| line.tipo_de_igv == Some(16))
}

/// Over S/ 700.00 a boleta names its buyer (2514).
fn review_identity(sale: &Sale, identity: IdentityKind, findings: &mut Findings) {
    if sale.is_unread(NUMBER) {
        return;
    }
    let number = sale.text(NUMBER).unwrap_or("-");
    let nobody = identity == IdentityKind::VARIOS || number.bytes().all(|b| b == b'0' || b == b'-');
    let over = sale
        .amount("total")
        .and_then(|total| sale.in_soles(total))
        .is_some_and(|total| total > BOLETA_WITHOUT_IDENTITY);
    if sale.kind == DocumentKind::Boleta && nobody && over && !sale.is_export() {
        findings.add(&codes::CUSTOMER_IDENTITY, NUMBER);
    }
}

fn review_number(identity: IdentityKind, number: &str, known: &Known, findings: &mut Findings) {
    let is_right = match identity {
        IdentityKind::RUC => check_ruc(number, CheckDigit::FormatOnly, NUMBER, findings),
        IdentityKind::DNI if !identity.accepts(number) => {
            note_dni(number, NUMBER, findings);
            false
        }
        IdentityKind::DNI => true,
        IdentityKind::VARIOS => false,
        _ => {
            if !identity.accepts(number) {
                findings.add(&codes::LENGTH, NUMBER).says(text!(
                    "el número tiene de 1 a 15 letras y dígitos",
                    "the number has 1 to 15 letters and digits"
                ));
            }
            false
        }
    };
    if is_right && known.customer == CustomerFacts::NotFound {
        let finding = findings.add(&codes::CUSTOMER_UNKNOWN, NUMBER);
        if identity == IdentityKind::DNI {
            finding.says(text!(
                "el DNI del cliente no existe",
                "the customer's DNI does not exist"
            ));
        }
    }
}
