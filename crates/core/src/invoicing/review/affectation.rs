//! `tipo_de_igv`: SUNAT's code where NubeFact's number belongs, and exports.
//!
//! 30 can only be SUNAT's. 10 to 17 and 20 stand in both lists and mean different things, so the
//! amounts decide: 20 is exonerada at SUNAT and a free transfer at NubeFact.

use rust_decimal::Decimal;

use super::super::catalogs::affectations::{Affectation, CatalogCodeSent, Tribute};
use super::super::codes;
use super::super::finding::Findings;
use super::super::kind::DocumentKind;
use super::super::sale::{Sale, SaleLine, sum_of};
use super::super::value::JsonValue;
use crate::{Severity, text};

pub(super) fn review(sale: &mut Sale, findings: &mut Findings) {
    read_certain(sale);
    read_doubtful(sale, findings);
    review_given(sale, findings);
    review_exports(sale, findings);
    review_selva(sale, findings);
}

/// Codes that only SUNAT has were told already; their sums are made of what was meant.
fn read_certain(sale: &mut Sale) {
    for line in &mut sale.lines {
        if line.affectation.is_none()
            && let Some(sent) = line.tipo_de_igv.and_then(CatalogCodeSent::of)
        {
            line.affectation = Some(sent.right);
        }
    }
}

/// Codes of both lists: SUNAT's is meant where a line that bears no IGV at NubeFact states some, or
/// where the header fits SUNAT's meaning and not NubeFact's.
fn read_doubtful(sale: &mut Sale, findings: &mut Findings) {
    let doubtful = |line: &SaleLine| {
        let sent = CatalogCodeSent::of(line.tipo_de_igv?)?;
        (!sent.certain && line.affectation != Some(sent.right)).then_some(sent.right)
    };
    if !sale.lines.iter().any(|line| doubtful(line).is_some()) {
        return;
    }
    let whole = !fits(sale, |line| line.affectation)
        && fits(sale, |line| doubtful(line).or(line.affectation));
    for index in 0..sale.lines.len() {
        let line = &sale.lines[index];
        let Some(meant) = doubtful(line) else {
            continue;
        };
        let bears = line.affectation.is_some_and(|it| it.bears_igv);
        let states_igv = line.igv.is_some_and(|it| !it.is_zero()) && !bears && meant.bears_igv;
        if whole || states_igv {
            note_meant(meant, index, findings);
            sale.lines[index].affectation = Some(meant);
        }
    }
}

fn note_meant(meant: Affectation, index: usize, findings: &mut Findings) {
    let finding = findings.add(&codes::CATALOG, format!("items[{index}].tipo_de_igv"));
    let (catalog, name) = (meant.catalog, meant.name);
    finding.says(text!(
        "{catalog} ({name}) es el código de SUNAT, no el de NubeFact",
        "{catalog} ({name}) is SUNAT's code, not NubeFact's"
    ));
    match (meant.tipo_de_igv(), meant.tipo_de_ivap()) {
        (Some(right), _) => finding.expected(right),
        (None, Some(right)) => finding.expected(right).advises(text!(
            "use tipo_de_ivap {right} en lugar de tipo_de_igv",
            "use tipo_de_ivap {right} in place of tipo_de_igv"
        )),
        (None, None) => finding,
    };
}

/// Whether the header's sums by class are those of the lines, read in that way. A class that is
/// unknown fits.
fn fits(sale: &Sale, read: impl Fn(&SaleLine) -> Option<Affectation>) -> bool {
    let mut sums = [Some(Decimal::ZERO); 4];
    for line in &sale.lines {
        let class = match read(line).map(|it| it.tribute) {
            Some(Tribute::Igv | Tribute::Ivap) => 0,
            Some(Tribute::Exonerado) => 1,
            Some(Tribute::Inafecto | Tribute::Exportacion) => 2,
            Some(Tribute::Gratuito) => 3,
            None => continue,
        };
        sums[class] = sum_of(sums[class], line.signed(line.subtotal));
    }
    sums[0] = sum_of(sums[0], sale.descuento_global.map(|it| -it));
    [
        "total_gravada",
        "total_exonerada",
        "total_inafecta",
        "total_gratuita",
    ]
    .into_iter()
    .zip(sums)
    .all(|(name, sum)| sum.is_none() || sale.amount(name).is_none_or(|it| Some(it) == sum))
}

/// Each line says how it is affected, once.
fn review_given(sale: &Sale, findings: &mut Findings) {
    for (index, line) in sale.lines.iter().enumerate() {
        if line.affectation.is_none() && line.tipo_de_igv.is_none() && !given(sale, index) {
            findings.add(&codes::REQUIRED, format!("items[{index}].tipo_de_igv"));
        }
        let bears_isc = line.isc.is_some_and(|it| !it.is_zero());
        if bears_isc && line.tipo_de_isc.is_none() && !has(sale, index, "tipo_de_isc") {
            findings.add(&codes::REQUIRED, format!("items[{index}].tipo_de_isc"));
        }
        if line.advance == Some(true) {
            review_advance(sale, index, findings);
        }
    }
}

/// An advance names its own document; older programs spell it `anticipo_comprobante_…`.
fn review_advance(sale: &Sale, index: usize, findings: &mut Findings) {
    for part in ["serie", "numero"] {
        let name = format!("anticipo_documento_{part}");
        let older = format!("anticipo_comprobante_{part}");
        if !has(sale, index, &name) && !has(sale, index, &older) {
            findings.add(&codes::REQUIRED, format!("items[{index}].{name}"));
        }
    }
}

/// Whether the line has either field, readable or not.
fn given(sale: &Sale, index: usize) -> bool {
    has(sale, index, "tipo_de_igv") || has(sale, index, "tipo_de_ivap")
}

fn has(sale: &Sale, index: usize, name: &str) -> bool {
    let items = sale.fields.get("items").map(JsonValue::elements);
    let line = items.and_then(|it| it.get(index)?.as_object());
    line.is_some_and(|it| it.present(name).is_some())
}

/// Every line of an export is an export line (2642), and a sale with export lines is an export.
fn review_exports(sale: &Sale, findings: &mut Findings) {
    let exported = |line: &SaleLine| {
        line.affectation
            .map(|it| it.tribute == Tribute::Exportacion)
    };
    let some = sale.lines.iter().any(|line| exported(line) == Some(true));
    if (!sale.is_export() && !some) || sale.is_unread("sunat_transaction") {
        return;
    }
    let mut all = true;
    for (index, line) in sale.lines.iter().enumerate() {
        if exported(line) == Some(false) {
            all = false;
            findings
                .add(&codes::EXPORT_LINE, format!("items[{index}].tipo_de_igv"))
                .expected(16);
        }
    }
    if all && some && !sale.is_export() && !sale.kind.is_note() {
        findings
            .add(&codes::CATALOG, "sunat_transaction")
            .as_severe_as(Severity::Observacion)
            .expected(2)
            .says(text!(
                "todas las líneas son de exportación y la operación no lo es",
                "all lines are export lines and the operation is not an export"
            ));
    }
}

/// The legend of goods and services of the Selva is for *exonerado* lines only (3284).
fn review_selva(sale: &Sale, findings: &mut Findings) {
    let exempt = |line: &SaleLine| {
        line.affectation
            .is_some_and(|it| it.tribute == Tribute::Exonerado)
    };
    let unknown = |line: &SaleLine| line.affectation.is_none();
    let may_be = |line: &SaleLine| exempt(line) || unknown(line);
    if sale.kind == DocumentKind::NotaDebito || sale.lines.iter().any(may_be) {
        return;
    }
    for name in ["bienes_region_selva", "servicios_region_selva"] {
        if sale.flag(name) {
            findings.add(&codes::SELVA, name).expected("false");
        }
    }
}
