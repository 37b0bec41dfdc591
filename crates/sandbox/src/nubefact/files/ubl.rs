//! The XML of a factura, a boleta or a note: UBL 2.1 as SUNAT wants it (its guide of UBL 2.1 and the
//! workbook of validations). It is not signed: the signature's place holds the digest alone.

use super::super::kind::IssuedKind;
use super::AcceptedDocument;
use super::markup::Markup;
use super::sale::{Sale, SaleLine, flag, iso_date, list, text};
use super::ubl_amounts::{global_charges, payment, taxes, totals};
use super::ubl_line::one_line;
use super::ubl_parts::{lima, money, number, party, signature, signature_place, supplier};

/// What differs between the three roots.
struct Names {
    root: &'static str,
    namespace: &'static str,
    total: &'static str,
    line: &'static str,
    quantity: &'static str,
}

const INVOICE: Names = Names {
    root: "Invoice",
    namespace: "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2",
    total: "cac:LegalMonetaryTotal",
    line: "cac:InvoiceLine",
    quantity: "cbc:InvoicedQuantity",
};
const CREDIT_NOTE: Names = Names {
    root: "CreditNote",
    namespace: "urn:oasis:names:specification:ubl:schema:xsd:CreditNote-2",
    total: "cac:LegalMonetaryTotal",
    line: "cac:CreditNoteLine",
    quantity: "cbc:CreditedQuantity",
};
const DEBIT_NOTE: Names = Names {
    root: "DebitNote",
    namespace: "urn:oasis:names:specification:ubl:schema:xsd:DebitNote-2",
    total: "cac:RequestedMonetaryTotal",
    line: "cac:DebitNoteLine",
    quantity: "cbc:DebitedQuantity",
};

/// The whole document.
pub(super) fn xml(document: &AcceptedDocument) -> Vec<u8> {
    let names = match document.kind {
        IssuedKind::NotaCredito => CREDIT_NOTE,
        IssuedKind::NotaDebito => DEBIT_NOTE,
        _ => INVOICE,
    };
    let sale = Sale::read(&document.body);
    Markup::document(names.root, names.namespace, &[], |xml| {
        signature_place(xml, &document.hash);
        xml.leaf("cbc:UBLVersionID", "2.1");
        xml.leaf("cbc:CustomizationID", "2.0");
        heading(xml, document, &sale);
        references(xml, document, &sale);
        signature(xml, document);
        supplier(xml, document, "cac:AccountingSupplierParty");
        customer(xml, document);
        payment(xml, document, &sale);
        for (place, advance) in sale.advances.iter().enumerate() {
            xml.part("cac:PrepaidPayment", |xml| {
                xml.leaf_with(
                    "cbc:ID",
                    &[("schemeName", "Anticipo"), ("schemeAgencyName", "PE:SUNAT")],
                    (place + 1).to_string(),
                );
                money(xml, "cbc:PaidAmount", advance.total, sale.currency);
            });
        }
        global_charges(xml, &sale);
        taxes(xml, &sale);
        totals(xml, &sale, names.total);
        for (place, line) in sale.lines.iter().enumerate() {
            xml.part(names.line, |xml| {
                one_line(xml, place + 1, line, &sale, names.quantity);
            });
        }
    })
}

fn heading(xml: &mut Markup, document: &AcceptedDocument, sale: &Sale<'_>) {
    let body = &document.body;
    xml.leaf("cbc:ID", number(document));
    xml.leaf("cbc:IssueDate", iso_date(text(body, "fecha_de_emision")));
    xml.leaf("cbc:IssueTime", lima(document.accepted_at).1);
    let is_note = document.kind.is_note();
    if !is_note {
        let due = text(body, "fecha_de_vencimiento");
        if !due.is_empty() {
            xml.leaf("cbc:DueDate", iso_date(due));
        }
        let attributes = [
            ("listID", operation(body)),
            ("listAgencyName", "PE:SUNAT"),
            ("listName", "Tipo de Documento"),
            (
                "listURI",
                "urn:pe:gob:sunat:cpe:see:gem:catalogos:catalogo01",
            ),
        ];
        xml.leaf_with(
            "cbc:InvoiceTypeCode",
            &attributes,
            document.kind.sunat_code(),
        );
    }
    for (code, legend) in legends(body, sale) {
        xml.leaf_with("cbc:Note", &[("languageLocaleID", code)], legend);
    }
    let attributes = [
        ("listID", "ISO 4217 Alpha"),
        ("listName", "Currency"),
        (
            "listAgencyName",
            "United Nations Economic Commission for Europe",
        ),
    ];
    xml.leaf_with("cbc:DocumentCurrencyCode", &attributes, sale.currency);
}

/// Catálogo 51 of NubeFact's `sunat_transaction`.
fn operation(body: &serde_json::Value) -> &'static str {
    match text(body, "sunat_transaction") {
        "2" => "0200",
        "29" => "0401",
        "30" => "1001",
        "31" => "1002",
        "32" => "1003",
        "33" => "1004",
        "34" => "2001",
        "35" => "0112",
        _ => "0101",
    }
}

/// Catálogo 52.
fn legends(body: &serde_json::Value, sale: &Sale<'_>) -> Vec<(&'static str, &'static str)> {
    let mut legends = Vec::new();
    if sale.lines.iter().any(SaleLine::is_free) {
        legends.push((
            "1002",
            "TRANSFERENCIA GRATUITA DE UN BIEN Y/O SERVICIO PRESTADO GRATUITAMENTE",
        ));
    }
    if flag(body, "detraccion") {
        legends.push(("2006", "Operación sujeta a detracción"));
    }
    if text(body, "sunat_transaction") == "34" {
        legends.push(("2000", "COMPROBANTE DE PERCEPCIÓN"));
    }
    if flag(body, "bienes_region_selva") {
        legends.push((
            "2001",
            "BIENES TRANSFERIDOS EN LA AMAZONÍA REGIÓN SELVA PARA SER CONSUMIDOS EN LA MISMA",
        ));
    }
    if flag(body, "servicios_region_selva") {
        legends.push((
            "2002",
            "SERVICIOS PRESTADOS EN LA AMAZONÍA REGIÓN SELVA PARA SER CONSUMIDOS EN LA MISMA",
        ));
    }
    legends
}

fn references(xml: &mut Markup, document: &AcceptedDocument, sale: &Sale<'_>) {
    let body = &document.body;
    if document.kind.is_note() {
        discrepancy(xml, document);
    }
    let order = text(body, "orden_compra_servicio");
    if !order.is_empty() && !document.kind.is_note() {
        xml.part("cac:OrderReference", |xml| xml.leaf("cbc:ID", order));
    }
    for guia in list(body, "guias") {
        xml.part("cac:DespatchDocumentReference", |xml| {
            xml.leaf("cbc:ID", text(guia, "guia_serie_numero"));
            let code = if text(guia, "guia_tipo") == "2" {
                "31"
            } else {
                "09"
            };
            xml.leaf("cbc:DocumentTypeCode", code);
        });
    }
    for (place, advance) in sale.advances.iter().enumerate() {
        xml.part("cac:AdditionalDocumentReference", |xml| {
            xml.leaf("cbc:ID", format!("{}-{}", advance.serie, advance.numero));
            // Catálogo 12: 02 factura for an advance, 03 boleta.
            let code = if advance.serie.starts_with('B') {
                "03"
            } else {
                "02"
            };
            xml.leaf("cbc:DocumentTypeCode", code);
            xml.leaf("cbc:DocumentStatusCode", (place + 1).to_string());
            xml.part("cac:IssuerParty", |xml| {
                xml.part("cac:PartyIdentification", |xml| {
                    xml.leaf_with("cbc:ID", &[("schemeID", "6")], &document.issuer_ruc);
                });
            });
        });
    }
}

fn discrepancy(xml: &mut Markup, document: &AcceptedDocument) {
    let body = &document.body;
    let modified = format!(
        "{}-{}",
        text(body, "documento_que_se_modifica_serie"),
        text(body, "documento_que_se_modifica_numero")
    );
    let field = match document.kind {
        IssuedKind::NotaDebito => "tipo_de_nota_de_debito",
        _ => "tipo_de_nota_de_credito",
    };
    let code = match (document.kind, text(body, field)) {
        // Catálogo 10 has gaps where NubeFact counts on.
        (IssuedKind::NotaDebito, "4") => "11".to_owned(),
        (IssuedKind::NotaDebito, "5") => "12".to_owned(),
        (_, number) => format!("{number:0>2}"),
    };
    xml.part("cac:DiscrepancyResponse", |xml| {
        xml.leaf("cbc:ReferenceID", &modified);
        xml.leaf("cbc:ResponseCode", code);
        let why = text(body, "observaciones");
        let why = if why.is_empty() {
            "CORRECCIÓN DE LA OPERACIÓN"
        } else {
            why
        };
        xml.leaf("cbc:Description", why);
    });
    xml.part("cac:BillingReference", |xml| {
        xml.part("cac:InvoiceDocumentReference", |xml| {
            xml.leaf("cbc:ID", &modified);
            let boleta = text(body, "documento_que_se_modifica_tipo") == "2";
            xml.leaf("cbc:DocumentTypeCode", if boleta { "03" } else { "01" });
        });
    });
}

fn customer(xml: &mut Markup, document: &AcceptedDocument) {
    let body = &document.body;
    xml.part("cac:AccountingCustomerParty", |xml| {
        xml.part("cac:Party", |xml| {
            party(
                xml,
                text(body, "cliente_tipo_de_documento"),
                text(body, "cliente_numero_de_documento"),
                text(body, "cliente_denominacion"),
                text(body, "cliente_direccion"),
                false,
            );
        });
    });
}
