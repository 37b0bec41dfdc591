//! Retenciones and percepciones: one arithmetic under two sets of names and a sign.
//!
//! They come as NubeFact's JSON only: there is no simple form of them. Rules (sunat.md §7,
//! invoicing.md §2.7): a line's amount is `round(payment × exchange rate × percent)` in soles, also of
//! a document in another currency; what is paid is the payment less what was withheld, what is
//! collected is the payment and what was perceived; the header is the sum of the lines, exactly.

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::catalogs::currencies::Moneda;
use super::catalogs::deadlines::{TO_ISSUE_WITHHOLDING, days_between};
use super::catalogs::limits::CENT;
use super::catalogs::related_documents::RelatedDocument;
use super::codes::{self, InvoiceCode};
use super::decimal::{percent_of, product, to_cents};
use super::document::TaxDocument;
use super::fields::SaleField;
use super::finding::Findings;
use super::form::{Section, check_form, nubefact_date};
use super::header::{check_code, check_customer, check_delivery, check_series, require_elements};
use super::kind::DocumentKind;
use super::known::{DatePolicy, Known};
use super::value::{JsonObject, JsonValue};
use crate::{Severity, text};

/// What the two call the same things.
pub(super) struct Withholding {
    pub(super) kind: DocumentKind,
    pub(super) table: &'static [SaleField],
    pub(super) lines: &'static [SaleField],
    /// Header: which percent; sum of what is withheld or perceived; sum of what is paid or collected.
    pub(super) rate: &'static str,
    /// The numbers that say which percent.
    pub(super) rates: &'static str,
    pub(super) total: &'static str,
    pub(super) total_paid: &'static str,
    /// Line: the payment before; what is withheld or perceived of it; what is paid or collected.
    pub(super) payment: &'static str,
    pub(super) payment_date: &'static str,
    pub(super) amount: &'static str,
    pub(super) paid: &'static str,
    /// Whether the amount comes off the payment, or on top of it.
    pub(super) comes_off: bool,
    /// SUNAT's code of the line's formula and of the header's sum.
    pub(super) formula: &'static InvoiceCode,
    pub(super) sum: &'static InvoiceCode,
}

/// Checks a document of either kind. `rate` reads its rate field: what percent it means, if it means
/// any.
pub(super) fn check_withholding(
    names: &Withholding,
    rate: fn(u8) -> Option<Decimal>,
    fields: &JsonObject,
    today: Date,
    known: &Known,
    findings: &mut Findings,
) -> TaxDocument {
    let section = Section::new(fields);
    let mut out = check_form(&section, names.table, &[("items", names.lines)], findings);
    let percent = check_rate(names, &section, rate, findings);

    // 1. Whose, to whom, when, in soles.
    check_series(
        names.kind,
        &section,
        known.series.as_ref(),
        findings,
        &mut out,
    );
    check_customer(&section, &["6"], known, findings);
    check_day(&section, today, known, findings);
    check_code(&section, "moneda", |code| code == "1", "1", findings);
    check_delivery(&section, findings);
    require_elements("items", &section, findings);

    // 2. Line by line.
    let lines = section.list("items");
    for line in &lines {
        check_document(line, findings);
        check_line(names, percent, line, findings);
    }

    // 3. The header is the sum of the lines as they stand.
    check_sum(
        names,
        &section,
        &lines,
        (names.total, names.amount),
        findings,
    );
    check_sum(
        names,
        &section,
        &lines,
        (names.total_paid, names.paid),
        findings,
    );
    TaxDocument::new(names.kind, out)
}

/// After today is wrong; before today is told. What SUNAT does with late ones is not established, so
/// nothing is refused for it.
fn check_day(section: &Section<'_>, today: Date, known: &Known, findings: &mut Findings) {
    let Some(issued) = section.date("fecha_de_emision") else {
        return;
    };
    let path = section.path("fecha_de_emision");
    let age = days_between(issued, today);
    if age < 0 {
        let found = findings.add(&codes::DATE_FUTURE, path);
        found.expected(nubefact_date(today));
    } else if age > TO_ISSUE_WITHHOLDING {
        let found = findings.add(&codes::DATE_OLD, path);
        found.as_severe_as(Severity::Observacion);
    } else if age > 0 {
        let found = findings.add(&codes::DATE, path);
        found.expected(nubefact_date(today)).advises(text!(
            "NubeFact pide la fecha de hoy",
            "NubeFact asks for today"
        ));
        if known.dates == DatePolicy::TodayOnly {
            found.as_severe_as(Severity::Error);
        }
    }
}

/// The document that was paid: its kind, its currency and, if that is not soles, the exchange rate.
fn check_document(line: &Section<'_>, findings: &mut Findings) {
    let is_kind =
        |code: &str| RelatedDocument::from_code(code).is_some_and(|it| it.in_withholdings);
    let kind = "documento_relacionado_tipo";
    check_code(line, kind, is_kind, "01, 03, 07, 08", findings);
    if !line.has("documento_relacionado_moneda") {
        return;
    }
    match currency_of(line) {
        None => {
            findings
                .add(&codes::CATALOG, line.path("documento_relacionado_moneda"))
                .expected("1, 2, 3, 4");
        }
        Some(Moneda::Pen) => {}
        Some(_) => {
            let rate = line.amount("tipo_de_cambio");
            if !line.has("tipo_de_cambio") || rate.is_some_and(|it| it.is_zero()) {
                findings.add(&codes::EXCHANGE_RATE, line.path("tipo_de_cambio"));
            }
            line.require("tipo_de_cambio_fecha", findings);
        }
    }
}

fn currency_of(line: &Section<'_>) -> Option<Moneda> {
    line.small("documento_relacionado_moneda")
        .and_then(Moneda::from_nubefact)
}

/// A line's two formulas. What cannot be read was found already, and is not guessed.
fn check_line(
    names: &Withholding,
    percent: Option<Decimal>,
    line: &Section<'_>,
    findings: &mut Findings,
) {
    let Some(payment) = line.amount(names.payment) else {
        return;
    };
    // Soles bear no exchange rate, whatever the field says: public examples fill it all the same.
    let rate = match currency_of(line) {
        Some(Moneda::Pen) => Some(Decimal::ONE),
        Some(_) => line.amount("tipo_de_cambio").filter(|it| !it.is_zero()),
        None => None,
    };
    let Some(rate) = rate else {
        return;
    };
    // Six decimals of rate times two of payment: rounded once, in the end.
    let exact = product(payment, rate, payment.scale() + rate.scale());
    let (Some(exact), Some(percent)) = (exact, percent) else {
        return;
    };
    let stated = line.amount(names.amount);
    if let (Some(stated), Some(right)) = (stated, percent_of(exact, percent)) {
        compare(names, &line.path(names.amount), stated, right, findings);
    }
    let paid = line.amount(names.paid);
    if let (Some(stated), Some(paid)) = (stated, paid) {
        let right = if names.comes_off {
            to_cents(exact) - stated
        } else {
            to_cents(exact) + stated
        };
        compare(names, &line.path(names.paid), paid, right, findings);
    }
}

/// More than a cent away is wrong; a cent is remarked on.
fn compare(
    names: &Withholding,
    path: &str,
    stated: Decimal,
    right: Decimal,
    findings: &mut Findings,
) {
    let apart = (stated - right).abs();
    if apart.is_zero() {
        return;
    }
    let code = if apart > CENT {
        names.formula
    } else {
        &codes::CENT
    };
    let found = findings.add(code, path);
    found.expected(to_cents(right));
    if apart > CENT && path.ends_with(names.paid) {
        found.says(if names.comes_off {
            text!(
                "lo pagado no es el pago en soles menos lo retenido",
                "what is paid is not the payment in soles less what was withheld"
            )
        } else {
            text!(
                "lo cobrado no es el cobro en soles más lo percibido",
                "what is collected is not the payment in soles and what was perceived"
            )
        });
        let field = names.paid;
        found.advises(text!("corrija {field}", "correct {field}"));
    }
}

fn check_sum(
    names: &Withholding,
    section: &Section<'_>,
    lines: &[Section<'_>],
    (total, part): (&str, &str),
    findings: &mut Findings,
) {
    let parts: Option<Vec<Decimal>> = lines.iter().map(|line| line.amount(part)).collect();
    let (Some(stated), Some(parts)) = (section.amount(total), parts) else {
        return;
    };
    let elements = section.fields.get("items").map(JsonValue::elements);
    if elements.is_some_and(|it| it.len() != lines.len()) {
        return;
    }
    let sum: Decimal = parts.iter().sum();
    if stated != sum && !lines.is_empty() {
        findings
            .add(names.sum, section.path(total))
            .expected(to_cents(sum))
            .advises(text!(
                "corrija {total}: es la suma de {part} de las líneas",
                "correct {total}: it is the sum of {part} of the lines"
            ));
    }
}

/// The number that says which percent, checked against those that exist.
fn check_rate(
    names: &Withholding,
    section: &Section<'_>,
    rate: fn(u8) -> Option<Decimal>,
    findings: &mut Findings,
) -> Option<Decimal> {
    let percent = section.small(names.rate).and_then(rate);
    if section.has(names.rate) && percent.is_none() {
        findings
            .add(&codes::CATALOG, section.path(names.rate))
            .expected(names.rates);
    }
    percent
}
