//! What all of SUNAT's XML documents have in common: the signature's place, parties, names and amounts.

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use rust_decimal::Decimal;

use super::AcceptedDocument;
use super::markup::Markup;
use super::sale::cents;

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

/// Who would have signed.
pub(super) fn signature(xml: &mut Markup, document: &AcceptedDocument) {
    xml.part("cac:Signature", |xml| {
        xml.leaf("cbc:ID", "SignatureSP");
        xml.part("cac:SignatoryParty", |xml| {
            xml.part("cac:PartyIdentification", |xml| {
                xml.leaf("cbc:ID", &document.issuer_ruc);
            });
            xml.part("cac:PartyName", |xml| {
                xml.leaf("cbc:Name", &document.issuer_name);
            });
        });
        xml.part("cac:DigitalSignatureAttachment", |xml| {
            xml.part("cac:ExternalReference", |xml| {
                xml.leaf("cbc:URI", "#SignatureSP");
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

/// An amount with its currency, to cents.
pub(super) fn money(xml: &mut Markup, name: &str, amount: Decimal, currency: &str) {
    xml.leaf_with(name, &[("currencyID", currency)], cents(amount).to_string());
}
