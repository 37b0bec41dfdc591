//! How a sale is paid, and its charges, taxes and totals.

use rust_decimal::{Decimal, RoundingStrategy};

use super::super::kind::IssuedKind;
use super::AcceptedDocument;
use super::markup::Markup;
use super::sale::{
    EXEMPT, EXPORT, FREE, ICBPER, IGV, ISC, IVAP, Sale, SaleLine, Tribute, UNAFFECTED, amount,
    cents, flag, iso_date, list, text,
};
use super::ubl_parts::money;

pub(super) fn payment(xml: &mut Markup, document: &AcceptedDocument, sale: &Sale<'_>) {
    let body = &document.body;
    if flag(body, "detraccion") && !document.kind.is_note() {
        xml.part("cac:PaymentMeans", |xml| {
            xml.leaf("cbc:ID", "Detraccion");
            let means = text(body, "medio_de_pago_detraccion");
            let means = if means.is_empty() { "1" } else { means };
            xml.leaf("cbc:PaymentMeansCode", format!("{means:0>3}"));
            xml.part("cac:PayeeFinancialAccount", |xml| {
                xml.leaf("cbc:ID", "00000000001");
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
        if instalments.is_empty() {
            xml.leaf("cbc:PaymentMeansID", "Contado");
        } else {
            xml.leaf("cbc:PaymentMeansID", "Credito");
            let pending = instalments.iter().map(|part| amount(part, "importe")).sum();
            money(xml, "cbc:Amount", pending, sale.currency);
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

pub(super) fn global_charges(xml: &mut Markup, sale: &Sale<'_>) {
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
pub(super) fn factor(amount: Decimal, base: Decimal) -> String {
    let factor = amount.checked_div(base).unwrap_or(Decimal::ONE);
    let mut factor = factor.round_dp_with_strategy(5, RoundingStrategy::MidpointAwayFromZero);
    factor.rescale(5);
    factor.to_string()
}

pub(super) fn taxes(xml: &mut Markup, sale: &Sale<'_>) {
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

pub(super) fn scheme(xml: &mut Markup, Tribute(code, name, international): Tribute) {
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

pub(super) fn totals(xml: &mut Markup, sale: &Sale<'_>, name: &str) {
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
