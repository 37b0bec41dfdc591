//! The XML of what is no sale: guías (UBL's despatch advice), retenciones and percepciones (SUNAT's own
//! documents), and the *comunicación de baja* or the reversal of any of them.

use serde_json::Value;

use super::super::kind::IssuedKind;
use super::markup::{Markup, SAC};
use super::sale::{amount, cents, currency, iso_date, list, text};
use super::ubl_parts::{lima, money, number, party, signature, signature_place, supplier};
use super::{AcceptedDocument, VoidNotice};

/// A guía de remisión, of sender or carrier.
pub(super) fn guia(document: &AcceptedDocument) -> Vec<u8> {
    let body = &document.body;
    let namespace = "urn:oasis:names:specification:ubl:schema:xsd:DespatchAdvice-2";
    Markup::document("DespatchAdvice", namespace, &[], |xml| {
        signature_place(xml, &document.hash);
        xml.leaf("cbc:UBLVersionID", "2.1");
        xml.leaf("cbc:CustomizationID", "2.0");
        xml.leaf("cbc:ID", number(document));
        xml.leaf("cbc:IssueDate", iso_date(text(body, "fecha_de_emision")));
        xml.leaf("cbc:IssueTime", lima(document.accepted_at).1);
        xml.leaf("cbc:DespatchAdviceTypeCode", document.kind.sunat_code());
        let note = text(body, "observaciones");
        if !note.is_empty() {
            xml.leaf("cbc:Note", note);
        }
        for related in list(body, "documento_relacionado") {
            xml.part("cac:AdditionalDocumentReference", |xml| {
                let id = format!("{}-{}", text(related, "serie"), text(related, "numero"));
                xml.leaf("cbc:ID", id);
                xml.leaf("cbc:DocumentTypeCode", text(related, "tipo"));
            });
        }
        signature(xml, document);
        supplier(xml, document, "cac:DespatchSupplierParty");
        receiver(xml, document);
        xml.part("cac:Shipment", |xml| shipment(xml, document));
        for (place, item) in list(body, "items").iter().enumerate() {
            xml.part("cac:DespatchLine", |xml| {
                xml.leaf("cbc:ID", (place + 1).to_string());
                let unit = [("unitCode", text(item, "unidad_de_medida"))];
                xml.leaf_with("cbc:DeliveredQuantity", &unit, text(item, "cantidad"));
                xml.part("cac:OrderLineReference", |xml| {
                    xml.leaf("cbc:LineID", (place + 1).to_string());
                });
                xml.part("cac:Item", |xml| {
                    xml.leaf("cbc:Description", text(item, "descripcion"));
                    let code = text(item, "codigo");
                    if !code.is_empty() {
                        xml.part("cac:SellersItemIdentification", |xml| {
                            xml.leaf("cbc:ID", code);
                        });
                    }
                });
            });
        }
    })
}

/// Of a sender's guía the customer receives; a carrier's names the receiver apart.
fn receiver(xml: &mut Markup, document: &AcceptedDocument) {
    let body = &document.body;
    let of = match document.kind {
        IssuedKind::GuiaTransportista => [
            "destinatario_documento_tipo",
            "destinatario_documento_numero",
            "destinatario_denominacion",
        ],
        _ => [
            "cliente_tipo_de_documento",
            "cliente_numero_de_documento",
            "cliente_denominacion",
        ],
    };
    let [kind, id, name] = of.map(|key| text(body, key));
    xml.part("cac:DeliveryCustomerParty", |xml| {
        xml.part("cac:Party", |xml| party(xml, kind, id, name, "", false));
    });
}

fn shipment(xml: &mut Markup, document: &AcceptedDocument) {
    let body = &document.body;
    xml.leaf("cbc:ID", "SUNAT_Envio");
    if let IssuedKind::GuiaRemitente = document.kind {
        xml.leaf("cbc:HandlingCode", text(body, "motivo_de_traslado"));
    }
    let unit = [("unitCode", text(body, "peso_bruto_unidad_de_medida"))];
    xml.leaf_with(
        "cbc:GrossWeightMeasure",
        &unit,
        text(body, "peso_bruto_total"),
    );
    let packages = text(body, "numero_de_bultos");
    if !packages.is_empty() {
        xml.leaf("cbc:TotalTransportHandlingUnitQuantity", packages);
    }
    xml.part("cac:ShipmentStage", |xml| {
        let mode = text(body, "tipo_de_transporte");
        if !mode.is_empty() {
            xml.leaf("cbc:TransportModeCode", mode);
        }
        xml.part("cac:TransitPeriod", |xml| {
            xml.leaf(
                "cbc:StartDate",
                iso_date(text(body, "fecha_de_inicio_de_traslado")),
            );
        });
        let carrier = text(body, "transportista_documento_numero");
        if !carrier.is_empty() {
            xml.part("cac:CarrierParty", |xml| {
                let name = text(body, "transportista_denominacion");
                party(xml, "6", carrier, name, "", false);
            });
        }
        let driver = text(body, "conductor_documento_numero");
        if !driver.is_empty() {
            xml.part("cac:DriverPerson", |xml| {
                let kind = [("schemeID", text(body, "conductor_documento_tipo"))];
                xml.leaf_with("cbc:ID", &kind, driver);
                xml.leaf("cbc:FirstName", text(body, "conductor_nombre"));
                xml.leaf("cbc:FamilyName", text(body, "conductor_apellidos"));
                xml.leaf("cbc:JobTitle", "Principal");
                xml.part("cac:IdentityDocumentReference", |xml| {
                    xml.leaf("cbc:ID", text(body, "conductor_numero_licencia"));
                });
            });
        }
    });
    xml.part("cac:Delivery", |xml| {
        address(xml, body, "cac:DeliveryAddress", "punto_de_llegada");
        xml.part("cac:Despatch", |xml| {
            address(xml, body, "cac:DespatchAddress", "punto_de_partida");
        });
    });
    xml.part("cac:TransportHandlingUnit", |xml| {
        xml.part("cac:TransportEquipment", |xml| {
            xml.leaf("cbc:ID", text(body, "transportista_placa_numero"));
            for vehicle in list(body, "vehiculos_secundarios") {
                xml.part("cac:AttachedTransportEquipment", |xml| {
                    xml.leaf("cbc:ID", text(vehicle, "placa_numero"));
                });
            }
        });
    });
}

fn address(xml: &mut Markup, body: &Value, name: &str, point: &str) {
    xml.part(name, |xml| {
        xml.leaf("cbc:ID", text(body, &format!("{point}_ubigeo")));
        let branch = text(body, &format!("{point}_codigo_establecimiento_sunat"));
        if !branch.is_empty() {
            xml.leaf("cbc:AddressTypeCode", branch);
        }
        xml.part("cac:AddressLine", |xml| {
            xml.leaf("cbc:Line", text(body, &format!("{point}_direccion")));
        });
    });
}

/// What differs between a retención and a percepción.
struct Withholding {
    root: &'static str,
    namespace: &'static str,
    regime: &'static str,
    /// Catálogos 23 and 22: per cent of each of NubeFact's rates.
    percents: [&'static str; 3],
    rate: &'static str,
    withheld: &'static str,
    paid: &'static str,
    reference: &'static str,
    information: &'static str,
    amount: &'static str,
    date: &'static str,
    net: &'static str,
    total: &'static str,
    /// Fields of the request: totals, then of each line.
    from: [&'static str; 8],
}

const RETENTION: Withholding = Withholding {
    root: "Retention",
    namespace: "urn:sunat:names:specification:ubl:peru:schema:xsd:Retention-1",
    regime: "sac:SUNATRetentionSystemCode",
    percents: ["3.00", "6.00", "3.00"],
    rate: "sac:SUNATRetentionPercent",
    withheld: "cbc:TotalInvoiceAmount",
    paid: "sac:SUNATTotalPaid",
    reference: "sac:SUNATRetentionDocumentReference",
    information: "sac:SUNATRetentionInformation",
    amount: "sac:SUNATRetentionAmount",
    date: "sac:SUNATRetentionDate",
    net: "sac:SUNATNetTotalPaid",
    total: "cbc:TotalInvoiceAmount",
    from: [
        "tipo_de_tasa_de_retencion",
        "total_retenido",
        "total_pagado",
        "pago",
        "pago_total_sin_retencion",
        "importe_retenido",
        "importe_retenido_fecha",
        "importe_pagado_con_retencion",
    ],
};

const PERCEPTION: Withholding = Withholding {
    root: "Perception",
    namespace: "urn:sunat:names:specification:ubl:peru:schema:xsd:Perception-1",
    regime: "sac:SUNATPerceptionSystemCode",
    percents: ["2.00", "1.00", "0.50"],
    rate: "sac:SUNATPerceptionPercent",
    withheld: "cbc:TotalInvoiceAmount",
    paid: "sac:SUNATTotalCashed",
    reference: "sac:SUNATPerceptionDocumentReference",
    information: "sac:SUNATPerceptionInformation",
    amount: "sac:SUNATPerceptionAmount",
    date: "sac:SUNATPerceptionDate",
    net: "sac:SUNATNetTotalCashed",
    total: "cbc:TotalInvoiceAmount",
    from: [
        "tipo_de_tasa_de_percepcion",
        "total_percibido",
        "total_cobrado",
        "cobro",
        "cobro_total_sin_percepcion",
        "importe_percibido",
        "importe_percibido_fecha",
        "importe_cobrado_con_percepcion",
    ],
};

/// A comprobante de retención or de percepción.
pub(super) fn withholding(document: &AcceptedDocument) -> Vec<u8> {
    let body = &document.body;
    let names = match document.kind {
        IssuedKind::Percepcion => PERCEPTION,
        _ => RETENTION,
    };
    let [rate, withheld, paid, ..] = names.from;
    Markup::document(names.root, names.namespace, &[("xmlns:sac", SAC)], |xml| {
        signature_place(xml, &document.hash);
        xml.leaf("cbc:UBLVersionID", "2.0");
        xml.leaf("cbc:CustomizationID", "1.0");
        signature(xml, document);
        xml.leaf("cbc:ID", number(document));
        xml.leaf("cbc:IssueDate", iso_date(text(body, "fecha_de_emision")));
        xml.part("cac:AgentParty", |xml| {
            agent(xml, "6", &document.issuer_ruc, &document.issuer_name);
        });
        xml.part("cac:ReceiverParty", |xml| {
            let name = text(body, "cliente_denominacion");
            agent(xml, "6", text(body, "cliente_numero_de_documento"), name);
        });
        let choice: usize = text(body, rate).parse().unwrap_or(1);
        xml.leaf(names.regime, format!("{choice:02}"));
        let percent = names.percents.get(choice.saturating_sub(1)).copied();
        xml.leaf(names.rate, percent.unwrap_or_default());
        let note = text(body, "observaciones");
        if !note.is_empty() {
            xml.leaf("cbc:Note", note);
        }
        money(xml, names.total, amount(body, withheld), "PEN");
        money(xml, names.paid, amount(body, paid), "PEN");
        for line in list(body, "items") {
            xml.part(names.reference, |xml| related(xml, line, &names));
        }
    })
}

fn agent(xml: &mut Markup, kind: &str, id: &str, name: &str) {
    xml.part("cac:PartyIdentification", |xml| {
        xml.leaf_with("cbc:ID", &[("schemeID", kind)], id);
    });
    xml.part("cac:PartyLegalEntity", |xml| {
        xml.leaf("cbc:RegistrationName", name);
    });
}

fn related(xml: &mut Markup, line: &Value, names: &Withholding) {
    let [_, _, _, payment, gross, withheld, when, net] = names.from;
    let foreign = currency(text(line, "documento_relacionado_moneda"));
    let kind = [("schemeID", text(line, "documento_relacionado_tipo"))];
    let id = format!(
        "{}-{}",
        text(line, "documento_relacionado_serie"),
        text(line, "documento_relacionado_numero")
    );
    xml.leaf_with("cbc:ID", &kind, id);
    let issued = text(line, "documento_relacionado_fecha_de_emision");
    xml.leaf("cbc:IssueDate", iso_date(issued));
    money(
        xml,
        names.withheld,
        amount(line, "documento_relacionado_total"),
        foreign,
    );
    xml.part("cac:Payment", |xml| {
        xml.leaf("cbc:ID", text(line, &format!("{payment}_numero")));
        money(xml, "cbc:PaidAmount", amount(line, gross), foreign);
        xml.leaf(
            "cbc:PaidDate",
            iso_date(text(line, &format!("{payment}_fecha"))),
        );
    });
    xml.part(names.information, |xml| {
        money(xml, names.amount, amount(line, withheld), "PEN");
        xml.leaf(names.date, iso_date(text(line, when)));
        money(xml, names.net, amount(line, net), "PEN");
        if foreign != "PEN" {
            xml.part("cac:ExchangeRate", |xml| {
                xml.leaf("cbc:SourceCurrencyCode", foreign);
                xml.leaf("cbc:TargetCurrencyCode", "PEN");
                xml.leaf("cbc:CalculationRate", text(line, "tipo_de_cambio"));
                xml.leaf("cbc:Date", iso_date(text(line, "tipo_de_cambio_fecha")));
            });
        }
    });
}

/// The notice that a document does not count: RA for bajas, RR for reversals.
pub(super) fn voided(document: &AcceptedDocument, void: &VoidNotice) -> Vec<u8> {
    let namespace = "urn:sunat:names:specification:ubl:peru:schema:xsd:VoidedDocuments-1";
    let (day, _) = lima(void.requested_at);
    let reversal = matches!(
        document.kind,
        IssuedKind::Retencion | IssuedKind::Percepcion
    );
    let prefix = if reversal { "RR" } else { "RA" };
    Markup::document("VoidedDocuments", namespace, &[("xmlns:sac", SAC)], |xml| {
        signature_place(xml, &document.hash);
        xml.leaf("cbc:UBLVersionID", "2.0");
        xml.leaf("cbc:CustomizationID", "1.0");
        xml.leaf("cbc:ID", format!("{prefix}-{}-1", day.replace('-', "")));
        let issued = iso_date(text(&document.body, "fecha_de_emision"));
        xml.leaf("cbc:ReferenceDate", issued);
        xml.leaf("cbc:IssueDate", &day);
        signature(xml, document);
        xml.part("cac:AccountingSupplierParty", |xml| {
            xml.leaf("cbc:CustomerAssignedAccountID", &document.issuer_ruc);
            xml.leaf("cbc:AdditionalAccountID", "6");
            xml.part("cac:Party", |xml| {
                xml.part("cac:PartyLegalEntity", |xml| {
                    xml.leaf("cbc:RegistrationName", &document.issuer_name);
                });
            });
        });
        xml.part("sac:VoidedDocumentsLine", |xml| {
            xml.leaf("cbc:LineID", "1");
            xml.leaf("cbc:DocumentTypeCode", document.kind.sunat_code());
            xml.leaf("sac:DocumentSerialID", &document.serie);
            xml.leaf("sac:DocumentNumberID", document.numero.to_string());
            xml.leaf("sac:VoidReasonDescription", &void.motivo);
        });
    })
}

/// SUNAT's answer to a document: UBL's application response.
pub(super) fn response(document: &AcceptedDocument) -> Vec<u8> {
    let namespace = "urn:oasis:names:specification:ubl:schema:xsd:ApplicationResponse-2";
    let (day, hour) = lima(document.accepted_at);
    let sunat = &document.sunat;
    Markup::document("ApplicationResponse", namespace, &[], |xml| {
        signature_place(xml, &document.hash);
        xml.leaf("cbc:UBLVersionID", "2.0");
        xml.leaf("cbc:CustomizationID", "1.0");
        xml.leaf("cbc:ID", document.accepted_at.as_microsecond().to_string());
        xml.leaf("cbc:IssueDate", &day);
        xml.leaf("cbc:IssueTime", &hour);
        xml.leaf("cbc:ResponseDate", &day);
        xml.leaf("cbc:ResponseTime", &hour);
        if let Some(note) = &sunat.note {
            xml.leaf("cbc:Note", note);
        }
        xml.part("cac:SenderParty", |xml| {
            xml.part("cac:PartyIdentification", |xml| {
                xml.leaf("cbc:ID", "20131312955");
            });
        });
        xml.part("cac:ReceiverParty", |xml| {
            xml.part("cac:PartyIdentification", |xml| {
                xml.leaf("cbc:ID", &document.issuer_ruc);
            });
        });
        xml.part("cac:DocumentResponse", |xml| {
            xml.part("cac:Response", |xml| {
                xml.leaf("cbc:ReferenceID", number(document));
                xml.leaf("cbc:ResponseCode", sunat.code.as_deref().unwrap_or("0"));
                xml.leaf(
                    "cbc:Description",
                    sunat.description.as_deref().unwrap_or_default(),
                );
            });
            xml.part("cac:DocumentReference", |xml| {
                xml.leaf("cbc:ID", number(document));
                xml.leaf("cbc:DocumentTypeCode", document.kind.sunat_code());
            });
            xml.part("cac:RecipientParty", |xml| {
                let body = &document.body;
                let id = text(body, "cliente_numero_de_documento");
                let kind = text(body, "cliente_tipo_de_documento");
                xml.part("cac:PartyIdentification", |xml| {
                    xml.leaf("cbc:ID", format!("{kind}-{id}"));
                });
            });
        });
    })
}

/// A total, for the printed form.
pub(super) fn printed(amount: rust_decimal::Decimal) -> String {
    cents(amount).to_string()
}
