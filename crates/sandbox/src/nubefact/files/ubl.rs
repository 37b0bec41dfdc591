//! The XML of a factura, a boleta or a note: UBL 2.1 as SUNAT wants it (its guide of UBL 2.1 and the
//! workbook of validations). It is not signed: the signature's place holds the digest alone.

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use rust_decimal::{Decimal, RoundingStrategy};

use super::super::kind::IssuedKind;
use super::AcceptedDocument;
use super::markup::Markup;
use super::sale::{
    EXEMPT, EXPORT, FREE, ICBPER, IGV, ISC, IVAP, Sale, SaleLine, Tribute, UNAFFECTED, amount,
    cents, flag, iso_date, list, text,
};

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
                one_line(xml, place + 1, line, &sale, names.quantity)
            });
        }
    })
}

/// Where the digital signature would be.
pub(super) fn signature_place(xml: &mut Markup, hash: &str) {
    xml.part("ext:UBLExtensions", |xml| {
        xml.part("ext:UBLExtension", |xml| {
            xml.part("ext:ExtensionContent", |xml| {
                xml.with("ds:Signature", &[("Id", "SignatureSP")], |xml| {
                    xml.part("ds:SignedInfo", |xml| {
                        let c14n = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315";
                        xml.leaf_with("ds:CanonicalizationMethod", &[("Algorithm", c14n)], "");
                        let rsa = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
                        xml.leaf_with("ds:SignatureMethod", &[("Algorithm", rsa)], "");
                        xml.with("ds:Reference", &[("URI", "")], |xml| {
                            let sha = "http://www.w3.org/2001/04/xmlenc#sha256";
                            xml.leaf_with("ds:DigestMethod", &[("Algorithm", sha)], "");
                            xml.leaf("ds:DigestValue", hash);
                        });
                    });
                });
            });
        });
    });
}

/// Lima's date and hour.
pub(super) fn lima(instant: Timestamp) -> (String, String) {
    let lima = instant.to_zoned(TimeZone::fixed(Offset::constant(-5)));
    (
        lima.strftime("%Y-%m-%d").to_string(),
        lima.strftime("%H:%M:%S").to_string(),
    )
}

/// `FFF1-12`.
pub(super) fn number(document: &AcceptedDocument) -> String {
    format!("{}-{}", document.serie, document.numero)
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

/// Who would have signed.
pub(super) fn signature(xml: &mut Markup, document: &AcceptedDocument) {
    xml.part("cac:Signature", |xml| {
        xml.leaf("cbc:ID", "SignatureSP");
        xml.part("cac:SignatoryParty", |xml| {
            xml.part("cac:PartyIdentification", |xml| {
                xml.leaf("cbc:ID", &document.issuer_ruc)
            });
            xml.part("cac:PartyName", |xml| {
                xml.leaf("cbc:Name", &document.issuer_name)
            });
        });
        xml.part("cac:DigitalSignatureAttachment", |xml| {
            xml.part("cac:ExternalReference", |xml| {
                xml.leaf("cbc:URI", "#SignatureSP")
            });
        });
    });
}

/// The issuer, under the name that its place in the document has.
pub(super) fn supplier(xml: &mut Markup, document: &AcceptedDocument, place: &str) {
    xml.part(place, |xml| {
        xml.part("cac:Party", |xml| {
            party(
                xml,
                "6",
                &document.issuer_ruc,
                &document.issuer_name,
                &document.issuer_address,
                true,
            );
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

/// Identity, name and address of somebody.
pub(super) fn party(
    xml: &mut Markup,
    kind: &str,
    number: &str,
    name: &str,
    address: &str,
    issuer: bool,
) {
    // Whoever buys without identity is of type 0 in SUNAT's list.
    let kind = if kind == "-" { "0" } else { kind };
    xml.part("cac:PartyIdentification", |xml| {
        let attributes = [
            ("schemeID", kind),
            ("schemeName", "Documento de Identidad"),
            ("schemeAgencyName", "PE:SUNAT"),
            (
                "schemeURI",
                "urn:pe:gob:sunat:cpe:see:gem:catalogos:catalogo06",
            ),
        ];
        xml.leaf_with("cbc:ID", &attributes, number);
    });
    xml.part("cac:PartyLegalEntity", |xml| {
        xml.leaf("cbc:RegistrationName", name);
        if address.is_empty() && !issuer {
            return;
        }
        xml.part("cac:RegistrationAddress", |xml| {
            if issuer {
                xml.leaf("cbc:AddressTypeCode", "0000");
            }
            if !address.is_empty() {
                xml.part("cac:AddressLine", |xml| xml.leaf("cbc:Line", address));
            }
        });
    });
}

fn payment(xml: &mut Markup, document: &AcceptedDocument, sale: &Sale<'_>) {
    let body = &document.body;
    if flag(body, "detraccion") && !document.kind.is_note() {
        xml.part("cac:PaymentMeans", |xml| {
            xml.leaf("cbc:ID", "Detraccion");
            let means = text(body, "medio_de_pago_detraccion");
            let means = if means.is_empty() { "1" } else { means };
            xml.leaf("cbc:PaymentMeansCode", format!("{means:0>3}"));
            xml.part("cac:PayeeFinancialAccount", |xml| {
                xml.leaf("cbc:ID", "00000000001")
            });
        });
        xml.part("cac:PaymentTerms", |xml| {
            xml.leaf("cbc:ID", "Detraccion");
            xml.leaf(
                "cbc:PaymentMeansID",
                detraccion_code(text(body, "detraccion_tipo")),
            );
            xml.leaf("cbc:PaymentPercent", text(body, "detraccion_porcentaje"));
            money(
                xml,
                "cbc:Amount",
                cents(amount(body, "detraccion_total")),
                "PEN",
            );
        });
    }
    if let IssuedKind::NotaDebito = document.kind {
        return;
    }
    let instalments = list(body, "venta_al_credito");
    if document.kind.is_note() && instalments.is_empty() {
        return;
    }
    xml.part("cac:PaymentTerms", |xml| {
        xml.leaf("cbc:ID", "FormaPago");
        match instalments.is_empty() {
            true => xml.leaf("cbc:PaymentMeansID", "Contado"),
            false => {
                xml.leaf("cbc:PaymentMeansID", "Credito");
                let pending = instalments.iter().map(|part| amount(part, "importe")).sum();
                money(xml, "cbc:Amount", pending, sale.currency);
            }
        }
    });
    for (place, part) in instalments.iter().enumerate() {
        xml.part("cac:PaymentTerms", |xml| {
            xml.leaf("cbc:ID", "FormaPago");
            xml.leaf("cbc:PaymentMeansID", format!("Cuota{:03}", place + 1));
            money(xml, "cbc:Amount", amount(part, "importe"), sale.currency);
            xml.leaf("cbc:PaymentDueDate", iso_date(text(part, "fecha_de_pago")));
        });
    }
}

/// Catálogo 54 of NubeFact's number.
fn detraccion_code(number: &str) -> String {
    let code = match number.parse().unwrap_or(0u32) {
        13 => 14,
        40 => 13,
        14 => 16,
        41 => 15,
        42 => 99,
        43 => 44,
        44 => 45,
        n @ 15..=39 => n + 2,
        n => n,
    };
    format!("{code:03}")
}

fn global_charges(xml: &mut Markup, sale: &Sale<'_>) {
    let body = sale.body;
    let mut charge = |charge: bool, code: &str, amount: Decimal, base: Decimal| {
        if amount.is_zero() {
            return;
        }
        xml.part("cac:AllowanceCharge", |xml| {
            xml.leaf("cbc:ChargeIndicator", charge.to_string());
            xml.leaf("cbc:AllowanceChargeReasonCode", code);
            xml.leaf("cbc:MultiplierFactorNumeric", factor(amount, base));
            money(xml, "cbc:Amount", amount, sale.currency);
            money(xml, "cbc:BaseAmount", base, sale.currency);
        });
    };
    charge(
        false,
        "02",
        sale.global_discount,
        sale.of(IGV, |line| line.value),
    );
    charge(false, "04", sale.advance_value(), sale.advance_value());
    charge(
        false,
        "62",
        amount(body, "total_retencion"),
        amount(body, "retencion_base_imponible"),
    );
    let line_charges = sale.charged(|line| line.charges);
    let header_charges = amount(body, "total_otros_cargos") - line_charges;
    charge(true, "50", header_charges, amount(body, "total"));
    let percepcion = match text(body, "percepcion_tipo") {
        "2" => "52",
        "3" => "53",
        _ => "51",
    };
    charge(
        true,
        percepcion,
        amount(body, "total_percepcion"),
        amount(body, "percepcion_base_imponible"),
    );
}

/// Part of the base, to five places.
fn factor(amount: Decimal, base: Decimal) -> String {
    let factor = amount.checked_div(base).unwrap_or(Decimal::ONE);
    let mut factor = factor.round_dp_with_strategy(5, RoundingStrategy::MidpointAwayFromZero);
    factor.rescale(5);
    factor.to_string()
}

fn taxes(xml: &mut Markup, sale: &Sale<'_>) {
    let body = sale.body;
    let advance = sale.advance_value();
    let value = |line: &SaleLine<'_>| line.value;
    let igv = amount(body, "total_igv");
    let is_ivap = sale.lines.iter().any(|line| line.tribute == IVAP);
    let main = if is_ivap { IVAP } else { IGV };
    let off = sale.global_discount + advance;
    let bags: Decimal = sale.lines.iter().map(|line| line.bags).sum();
    let isc = sale.charged(|line| line.isc);
    // What a tribute is charged on, and how much of it; those that nothing bears are left out.
    let rows = [
        (main, sale.of(main, value) - off, igv),
        (
            ISC,
            sale.charged(|line| {
                if line.isc.is_zero() {
                    Decimal::ZERO
                } else {
                    line.value
                }
            }),
            isc,
        ),
        (EXPORT, sale.of(EXPORT, value), Decimal::ZERO),
        (
            FREE,
            sale.of(FREE, value),
            sale.of(FREE, |line| line.tax_shown(sale.rate)),
        ),
        (EXEMPT, sale.of(EXEMPT, value), Decimal::ZERO),
        (UNAFFECTED, sale.of(UNAFFECTED, value), Decimal::ZERO),
    ];
    xml.part("cac:TaxTotal", |xml| {
        money(xml, "cbc:TaxAmount", igv + isc + bags, sale.currency);
        for (tribute, base, tax) in rows {
            let borne = sale.lines.iter().any(|line| line.tribute == tribute);
            if !borne && (tribute != ISC || isc.is_zero()) {
                continue;
            }
            subtotal(xml, tribute, Some(base), tax, sale.currency);
        }
        if !bags.is_zero() {
            subtotal(xml, ICBPER, None, bags, sale.currency);
        }
    });
}

fn subtotal(
    xml: &mut Markup,
    tribute: Tribute,
    base: Option<Decimal>,
    tax: Decimal,
    currency: &str,
) {
    xml.part("cac:TaxSubtotal", |xml| {
        if let Some(base) = base {
            money(xml, "cbc:TaxableAmount", base, currency);
        }
        money(xml, "cbc:TaxAmount", tax, currency);
        xml.part("cac:TaxCategory", |xml| scheme(xml, tribute));
    });
}

fn scheme(xml: &mut Markup, Tribute(code, name, international): Tribute) {
    xml.part("cac:TaxScheme", |xml| {
        let attributes = [
            ("schemeName", "Codigo de tributos"),
            ("schemeAgencyName", "PE:SUNAT"),
            (
                "schemeURI",
                "urn:pe:gob:sunat:cpe:see:gem:catalogos:catalogo05",
            ),
        ];
        xml.leaf_with("cbc:ID", &attributes, code);
        xml.leaf("cbc:Name", name);
        xml.leaf("cbc:TaxTypeCode", international);
    });
}

fn totals(xml: &mut Markup, sale: &Sale<'_>, name: &str) {
    let body = sale.body;
    let value = sale.charged(|line| line.value) - sale.global_discount;
    let igv = sale.charged(|line| line.igv)
        - cents(sale.global_discount * sale.rate / Decimal::ONE_HUNDRED);
    let line_charges = sale.charged(|line| line.charges);
    let taxes = igv
        + sale.charged(|line| line.isc)
        + sale.lines.iter().map(|line| line.bags).sum::<Decimal>();
    let charges = amount(body, "total_otros_cargos").max(line_charges);
    let advances: Decimal = sale.advances.iter().map(|advance| advance.total).sum();
    xml.part(name, |xml| {
        money(xml, "cbc:LineExtensionAmount", value, sale.currency);
        money(xml, "cbc:TaxInclusiveAmount", value + taxes, sale.currency);
        if !charges.is_zero() {
            money(xml, "cbc:ChargeTotalAmount", charges, sale.currency);
        }
        if !advances.is_zero() {
            money(xml, "cbc:PrepaidAmount", advances, sale.currency);
        }
        money(
            xml,
            "cbc:PayableAmount",
            amount(body, "total"),
            sale.currency,
        );
    });
}

fn one_line(xml: &mut Markup, place: usize, line: &SaleLine<'_>, sale: &Sale<'_>, quantity: &str) {
    let currency = sale.currency;
    xml.leaf("cbc:ID", place.to_string());
    let attributes = [
        ("unitCode", text(line.item, "unidad_de_medida")),
        ("unitCodeListID", "UN/ECE rec 20"),
        (
            "unitCodeListAgencyName",
            "United Nations Economic Commission for Europe",
        ),
    ];
    xml.leaf_with(quantity, &attributes, line.quantity.normalize().to_string());
    money(xml, "cbc:LineExtensionAmount", line.value, currency);
    xml.part("cac:PricingReference", |xml| {
        xml.part("cac:AlternativeConditionPrice", |xml| {
            let price = line.unit_price();
            xml.leaf_with(
                "cbc:PriceAmount",
                &[("currencyID", currency)],
                price.to_string(),
            );
            xml.leaf(
                "cbc:PriceTypeCode",
                if line.is_free() { "02" } else { "01" },
            );
        });
    });
    if !line.discount.is_zero() {
        xml.part("cac:AllowanceCharge", |xml| {
            let base = cents(line.quantity * line.unit_value);
            xml.leaf("cbc:ChargeIndicator", "false");
            xml.leaf("cbc:AllowanceChargeReasonCode", "00");
            xml.leaf("cbc:MultiplierFactorNumeric", factor(line.discount, base));
            money(xml, "cbc:Amount", line.discount, currency);
            money(xml, "cbc:BaseAmount", base, currency);
        });
    }
    line_taxes(xml, line, sale);
    xml.part("cac:Item", |xml| {
        xml.leaf("cbc:Description", text(line.item, "descripcion"));
        let code = text(line.item, "codigo");
        if !code.is_empty() {
            xml.part("cac:SellersItemIdentification", |xml| {
                xml.leaf("cbc:ID", code)
            });
        }
        let code = text(line.item, "codigo_producto_sunat");
        if !code.is_empty() {
            xml.part("cac:CommodityClassification", |xml| {
                xml.leaf("cbc:ItemClassificationCode", code);
            });
        }
    });
    xml.part("cac:Price", |xml| {
        let value = if line.is_free() {
            Decimal::ZERO
        } else {
            line.unit_value
        };
        let value = value.normalize().to_string();
        xml.leaf_with("cbc:PriceAmount", &[("currencyID", currency)], value);
    });
}

fn line_taxes(xml: &mut Markup, line: &SaleLine<'_>, sale: &Sale<'_>) {
    let currency = sale.currency;
    let tax = line.tax_shown(sale.rate);
    let counted = if line.is_free() { Decimal::ZERO } else { tax };
    xml.part("cac:TaxTotal", |xml| {
        money(
            xml,
            "cbc:TaxAmount",
            counted + line.isc + line.bags,
            currency,
        );
        if !line.isc.is_zero() {
            xml.part("cac:TaxSubtotal", |xml| {
                money(xml, "cbc:TaxableAmount", line.value, currency);
                money(xml, "cbc:TaxAmount", line.isc, currency);
                xml.part("cac:TaxCategory", |xml| {
                    let percent = line.isc.checked_div(line.value).unwrap_or_default();
                    let percent = cents(percent * Decimal::ONE_HUNDRED);
                    xml.leaf("cbc:Percent", percent.to_string());
                    xml.leaf(
                        "cbc:TierRange",
                        format!("{:0>2}", text(line.item, "tipo_de_isc")),
                    );
                    scheme(xml, ISC);
                });
            });
        }
        xml.part("cac:TaxSubtotal", |xml| {
            money(xml, "cbc:TaxableAmount", line.base(), currency);
            money(xml, "cbc:TaxAmount", tax, currency);
            xml.part("cac:TaxCategory", |xml| {
                let taxed = line.tribute == IGV || line.tribute == IVAP || !tax.is_zero();
                let percent = if taxed { sale.rate } else { Decimal::ZERO };
                xml.leaf("cbc:Percent", cents(percent).to_string());
                let attributes = [
                    ("listAgencyName", "PE:SUNAT"),
                    ("listName", "Afectacion del IGV"),
                    (
                        "listURI",
                        "urn:pe:gob:sunat:cpe:see:gem:catalogos:catalogo07",
                    ),
                ];
                xml.leaf_with("cbc:TaxExemptionReasonCode", &attributes, line.affectation);
                scheme(xml, line.tribute);
            });
        });
        if !line.bags.is_zero() {
            bag_tax(xml, line, currency);
        }
    });
}

fn bag_tax(xml: &mut Markup, line: &SaleLine<'_>, currency: &str) {
    let each = line.bags.checked_div(line.quantity).unwrap_or_default();
    xml.part("cac:TaxSubtotal", |xml| {
        money(xml, "cbc:TaxAmount", line.bags, currency);
        let pieces = line.quantity.normalize().to_string();
        xml.leaf_with("cbc:BaseUnitMeasure", &[("unitCode", "NIU")], pieces);
        xml.part("cac:TaxCategory", |xml| {
            xml.leaf_with(
                "cbc:PerUnitAmount",
                &[("currencyID", currency)],
                cents(each).to_string(),
            );
            scheme(xml, ICBPER);
        });
    });
}

/// An amount with its currency, to cents.
pub(super) fn money(xml: &mut Markup, name: &str, amount: Decimal, currency: &str) {
    xml.leaf_with(name, &[("currencyID", currency)], cents(amount).to_string());
}
