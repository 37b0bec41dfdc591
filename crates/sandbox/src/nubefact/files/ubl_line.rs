//! A line of a sale, with its taxes.

use rust_decimal::Decimal;

use super::markup::Markup;
use super::sale::{ICBPER, IGV, ISC, IVAP, Sale, SaleLine, cents, text};
use super::ubl_amounts::{factor, scheme};
use super::ubl_parts::money;

pub(super) fn one_line(
    xml: &mut Markup,
    place: usize,
    line: &SaleLine<'_>,
    sale: &Sale<'_>,
    quantity: &str,
) {
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
                xml.leaf("cbc:ID", code);
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
