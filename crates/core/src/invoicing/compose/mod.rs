//! From the simple form to NubeFact's JSON: defaults, SUNAT's codes as NubeFact's numbers, and all
//! amounts computed.
//!
//! What a review of the result finds is not looked for here: the review runs next and names the
//! fields of the simple form ([`place_in_draft`]).

mod lines;
mod payment;

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::arithmetic::{ArithmeticFault, SaleAmounts, compute};
use super::catalogs::currencies::Moneda;
use super::catalogs::igv_rates::{self, IgvRegime};
use super::catalogs::note_reasons::{NoteKind, NoteReason};
use super::catalogs::transactions::SunatTransaction;
use super::codes;
use super::draft::{Draft, DraftCustomer};
use super::finding::Findings;
use super::kind::DocumentKind;
use super::known::{CustomerFacts, Known};
use super::value::{JsonObject, JsonValue};
use crate::text;
use lines::{Composed, compose_advances, compose_lines, line_terms};
use payment::compose_payment;

/// Name on a boleta that names nobody.
const NOBODY: &str = "CLIENTES VARIOS";

/// The document of a draft; `None` when its amounts cannot be computed, which has its finding.
pub(crate) fn compose(
    draft: &Draft,
    kind: DocumentKind,
    today: Date,
    known: &Known,
    findings: &mut Findings,
) -> Option<JsonObject> {
    // 1. What the header begins with.
    let fecha = draft.fecha.unwrap_or(today);
    let modified = known.modified.as_ref().filter(|_| kind.is_note());
    let moneda = currency(draft, known, findings);
    let mut out = JsonObject::new();
    put_text(&mut out, "operacion", Some("generar_comprobante"));
    put_code(&mut out, "tipo_de_comprobante", kind.tipo_de_comprobante());
    put_text(&mut out, "serie", series(draft, kind, known).as_deref());
    put_code(&mut out, "numero", draft.numero);
    put_code(
        &mut out,
        "sunat_transaction",
        Some(transaction(draft).number),
    );
    compose_customer(&draft.cliente, kind, known, findings, &mut out);
    put_date(&mut out, "fecha_de_emision", Some(fecha));
    put_date(&mut out, "fecha_de_vencimiento", draft.vencimiento);
    put_code(&mut out, "moneda", moneda.map(Moneda::nubefact));
    let rate = match moneda {
        None | Some(Moneda::Pen) => draft.tipo_de_cambio,
        Some(_) => draft
            .tipo_de_cambio
            .or(modified.and_then(|it| it.tipo_de_cambio))
            .or(known.exchange_rate.map(to_three_places)),
    };
    put_amount(&mut out, "tipo_de_cambio", rate);
    // 2. Amounts.
    let (composed, percent) = terms_of(draft, kind, fecha, known, findings)?;
    let sale = match compute(&composed.terms) {
        Ok(sale) => sale,
        Err(fault) => {
            note_fault(fault, findings);
            return None;
        }
    };
    put_amount(&mut out, "porcentaje_de_igv", Some(percent));
    compose_totals(&composed, &sale, &mut out);
    // 3. How it is paid, what it modifies, and the rest.
    compose_payment(draft, &sale, rate, fecha, findings, &mut out);
    if kind.is_note() {
        compose_note(draft, kind, findings, &mut out);
    }
    compose_rest(draft, &mut out);
    // 4. Lines.
    let mut items = compose_lines(draft, kind, &composed, &sale);
    items.extend(compose_advances(draft, &sale));
    out.push("items", JsonValue::List(items));
    Some(out)
}

fn put_text(out: &mut JsonObject, name: &str, value: Option<&str>) {
    if let Some(value) = value.filter(|it| !it.trim().is_empty()) {
        out.push(name, JsonValue::text(value));
    }
}

fn put_code(out: &mut JsonObject, name: &str, value: Option<impl Into<u32>>) {
    if let Some(value) = value {
        out.push(name, JsonValue::number(value.into()));
    }
}

fn put_amount(out: &mut JsonObject, name: &str, value: Option<Decimal>) {
    if let Some(value) = value {
        out.push(name, JsonValue::number(value));
    }
}

fn put_date(out: &mut JsonObject, name: &str, value: Option<Date>) {
    if let Some(value) = value {
        out.push(
            name,
            JsonValue::text(value.strftime("%d-%m-%Y").to_string()),
        );
    }
}

/// NubeFact's exchange rate has three places.
fn to_three_places(rate: Decimal) -> Decimal {
    rate.round_dp_with_strategy(3, rust_decimal::RoundingStrategy::MidpointAwayFromZero)
}

fn currency(draft: &Draft, known: &Known, findings: &mut Findings) -> Option<Moneda> {
    let Some(code) = &draft.moneda else {
        let its = known.modified.as_ref().and_then(|it| it.moneda);
        return Some(its.and_then(Moneda::from_nubefact).unwrap_or_default());
    };
    let moneda = Moneda::from_iso(code);
    if moneda.is_none() {
        findings.add(&codes::CATALOG, "moneda").advises(text!(
            "escriba PEN, USD, EUR o GBP",
            "write PEN, USD, EUR or GBP"
        ));
    }
    moneda
}

/// The series: as it was said, or the first one open for the kind; of a note, the first that begins
/// with the letter of what it modifies.
fn series(draft: &Draft, kind: DocumentKind, known: &Known) -> Option<String> {
    if let Some(serie) = &draft.serie {
        return Some(serie.trim().to_uppercase());
    }
    let of_kind = |(other, _): &&(DocumentKind, String)| *other == kind;
    let mut open = known.series.iter().flatten().filter(of_kind);
    let modified = draft.nota.as_ref().and_then(|it| it.documento.as_deref());
    let letter = modified.and_then(|it| it.trim().chars().next());
    let fits = |serie: &str| match letter {
        Some(letter) if kind.is_note() => serie.starts_with(letter.to_ascii_uppercase()),
        _ => true,
    };
    open.find(|(_, serie)| fits(serie))
        .map(|(_, serie)| serie.clone())
}

fn transaction(draft: &Draft) -> SunatTransaction {
    if draft.detraccion.is_some() {
        SunatTransaction::DETRACTION
    } else if draft.percepcion.is_some() {
        SunatTransaction::PERCEPTION
    } else if draft.exportacion {
        SunatTransaction::EXPORT
    } else if draft.es_anticipo {
        SunatTransaction::ADVANCE
    } else {
        SunatTransaction::SALE
    }
}

/// Name and address as they were said, or as the register has them.
fn compose_customer(
    customer: &DraftCustomer,
    kind: DocumentKind,
    known: &Known,
    findings: &mut Findings,
    out: &mut JsonObject,
) {
    let number = customer.numero.as_deref().map(str::trim);
    let tipo = customer.tipo.as_deref().map_or_else(
        || match number {
            None | Some("-") => (kind == DocumentKind::Boleta).then_some("-"),
            Some(number) if number.len() == 11 => Some("6"),
            Some(number) if number.len() == 8 => Some("1"),
            Some(_) => None,
        },
        Some,
    );
    let nobody = tipo == Some("-");
    let (mut nombre, mut direccion) = (customer.nombre.clone(), customer.direccion.clone());
    match &known.customer {
        CustomerFacts::Found {
            nombre: name,
            direccion: address,
        } if !nobody => {
            nombre = nombre.or_else(|| Some(shortened(name)));
            direccion = direccion.or_else(|| address.as_deref().map(shortened));
        }
        CustomerFacts::Failed if !nobody && nombre.is_none() => {
            findings.add(&codes::CUSTOMER_LOOKUP, "cliente.nombre");
        }
        _ => {}
    }
    if nobody {
        nombre = nombre.or_else(|| Some(NOBODY.to_owned()));
    }
    put_text(out, "cliente_tipo_de_documento", tipo);
    put_text(
        out,
        "cliente_numero_de_documento",
        if nobody { Some("-") } else { number },
    );
    put_text(out, "cliente_denominacion", nombre.as_deref());
    put_text(out, "cliente_direccion", direccion.as_deref());
    let names = ["cliente_email", "cliente_email_1", "cliente_email_2"];
    for (name, address) in names.into_iter().zip(&customer.correo) {
        put_text(out, name, Some(address.trim()));
    }
}

/// The register's names may be longer than NubeFact's hundred characters.
fn shortened(text: &str) -> String {
    text.chars().take(100).collect()
}

/// What the sale is computed from, and the percent that the header states.
fn terms_of(
    draft: &Draft,
    kind: DocumentKind,
    fecha: Date,
    known: &Known,
    findings: &mut Findings,
) -> Option<(Composed, Decimal)> {
    let modified = known.modified.as_ref().filter(|_| kind.is_note());
    let regime = if known.restaurant == Some(true) {
        IgvRegime::RestaurantOrHotel
    } else {
        IgvRegime::General
    };
    let percent = draft
        .igv
        .or(modified.and_then(|it| it.porcentaje_de_igv))
        .or_else(|| igv_rates::on(fecha, regime))
        .unwrap_or_default();
    if percent > Decimal::ONE_HUNDRED {
        findings.add(&codes::TAX_RATE, "igv");
        return None;
    }
    let composed = line_terms(draft, percent, fecha, findings)?;
    let ivap = |it: &super::arithmetic::LineTerms| it.affectation.catalog == "17";
    let all_ivap = !composed.terms.lines.is_empty() && composed.terms.lines.iter().all(ivap);
    let stated = if all_ivap { igv_rates::IVAP } else { percent };
    Some((composed, stated))
}

fn note_fault(fault: ArithmeticFault, findings: &mut Findings) {
    match fault {
        ArithmeticFault::TooLarge(line) => {
            let place = line.map_or("items".to_owned(), |line| format!("items[{line}].precio"));
            findings.add(&codes::DECIMALS, place).says(text!(
                "el importe tiene demasiados dígitos",
                "the amount has too many digits"
            ));
        }
        ArithmeticFault::Discount(line) => {
            let place = line.map_or("descuento_global".to_owned(), |line| {
                format!("items[{line}].descuento")
            });
            findings.add(&codes::NEGATIVE, place).says(text!(
                "el descuento es mayor que el importe",
                "the discount is larger than the amount"
            ));
        }
        ArithmeticFault::Advances => {
            findings.add(&codes::NEGATIVE, "anticipos").says(text!(
                "los anticipos suman más que la venta",
                "the advances exceed the sale"
            ));
        }
    }
}

fn compose_totals(composed: &Composed, sale: &SaleAmounts, out: &mut JsonObject) {
    let some = |amount: Decimal| (!amount.is_zero()).then_some(amount);
    let taxed = composed
        .terms
        .lines
        .iter()
        .any(|line| line.affectation.bears_igv && !line.affectation.is_free());
    let discounts = sale
        .lines
        .iter()
        .map(|line| line.descuento)
        .sum::<Decimal>();
    put_amount(out, "descuento_global", some(sale.descuento_global));
    put_amount(
        out,
        "total_descuento",
        some(discounts + sale.descuento_global),
    );
    put_amount(out, "total_anticipo", some(sale.anticipo));
    put_amount(out, "total_gravada", taxed.then_some(sale.gravada));
    put_amount(out, "total_inafecta", some(sale.inafecta));
    put_amount(out, "total_exonerada", some(sale.exonerada));
    put_amount(out, "total_igv", Some(sale.igv));
    put_amount(out, "total_gratuita", some(sale.gratuita));
    put_amount(out, "total_otros_cargos", some(sale.otros_cargos));
    put_amount(out, "total_isc", some(sale.isc));
    put_amount(out, "total_impuestos_bolsas", some(sale.bolsas));
    put_amount(out, "total", Some(sale.total));
}

/// What a note modifies, and why.
fn compose_note(draft: &Draft, kind: DocumentKind, findings: &mut Findings, out: &mut JsonObject) {
    let Some(note) = &draft.nota else {
        return;
    };
    if let Some(name) = note.documento.as_deref() {
        match document_name(name) {
            Some((tipo, serie, numero)) => {
                put_code(out, "documento_que_se_modifica_tipo", tipo);
                put_text(out, "documento_que_se_modifica_serie", Some(&serie));
                put_code(out, "documento_que_se_modifica_numero", Some(numero));
            }
            None => {
                findings.add(&codes::TEXT, "nota.documento").says(text!(
                    "no es una serie y un número, como F001-123",
                    "this is no series and number, such as F001-123"
                ));
            }
        }
    }
    let (list, name) = match kind {
        DocumentKind::NotaCredito => (NoteKind::Credit, "tipo_de_nota_de_credito"),
        _ => (NoteKind::Debit, "tipo_de_nota_de_debito"),
    };
    if let Some(reason) = &note.motivo {
        match NoteReason::from_catalog(list, reason.trim()) {
            Some(row) => put_code(out, name, Some(row.nubefact)),
            None => {
                findings.add(&codes::CATALOG, "nota.motivo");
            }
        }
    }
}

/// `F001-123`: 1 for a factura, 2 for a boleta; of a printed series only the caller could tell.
fn document_name(name: &str) -> Option<(Option<u8>, String, u32)> {
    let (serie, numero) = name.trim().rsplit_once('-')?;
    let serie = serie.trim().to_ascii_uppercase();
    let numero = numero.trim();
    let plain = numero.len() <= 8 && numero.bytes().all(|b| b.is_ascii_digit());
    if serie.len() != 4 || !plain {
        return None;
    }
    let tipo = match serie.as_bytes().first()? {
        b'B' => Some(2),
        b'F' | b'E' => Some(1),
        _ => None,
    };
    Some((tipo, serie, numero.parse().ok()?))
}

fn compose_rest(draft: &Draft, out: &mut JsonObject) {
    let reason = draft.nota.as_ref().and_then(|it| it.sustento.as_deref());
    let remarks = match (draft.observaciones.as_deref(), reason) {
        (Some(own), Some(reason)) => Some(format!("{reason}<br>{own}")),
        (own, reason) => own.or(reason).map(str::to_owned),
    };
    put_text(out, "observaciones", remarks.as_deref());
    put_text(out, "orden_compra_servicio", draft.orden_compra.as_deref());
    put_text(out, "placa_vehiculo", draft.placa.as_deref());
    put_text(out, "formato_de_pdf", draft.formato_pdf.as_deref());
    out.push("enviar_automaticamente_a_la_sunat", JsonValue::Bool(true));
    out.push(
        "enviar_automaticamente_al_cliente",
        JsonValue::Bool(draft.enviar_al_cliente),
    );
}

/// The fields of NubeFact's JSON and those of the simple form that they come from.
const PLACES: &[(&str, &str)] = &[
    ("fecha_de_emision", "fecha"),
    ("fecha_de_vencimiento", "vencimiento"),
    ("cliente_tipo_de_documento", "cliente.tipo"),
    ("cliente_numero_de_documento", "cliente.numero"),
    ("cliente_denominacion", "cliente.nombre"),
    ("cliente_direccion", "cliente.direccion"),
    ("cliente_email_1", "cliente.correo[1]"),
    ("cliente_email_2", "cliente.correo[2]"),
    ("cliente_email", "cliente.correo[0]"),
    ("porcentaje_de_igv", "igv"),
    ("detraccion_tipo", "detraccion.codigo"),
    ("detraccion_total", "detraccion"),
    ("medio_de_pago_detraccion", "detraccion.medio_de_pago"),
    ("percepcion_tipo", "percepcion"),
    ("retencion_tipo", "retencion"),
    ("documento_que_se_modifica_serie", "nota.documento"),
    ("documento_que_se_modifica_numero", "nota.documento"),
    ("documento_que_se_modifica_tipo", "nota.documento"),
    ("tipo_de_nota_de_credito", "nota.motivo"),
    ("tipo_de_nota_de_debito", "nota.motivo"),
    ("orden_compra_servicio", "orden_compra"),
    ("placa_vehiculo", "placa"),
    ("formato_de_pdf", "formato_pdf"),
    ("venta_al_credito", "cuotas"),
];

/// The same within a line or an instalment.
const PARTS: &[(&str, &str)] = &[
    ("unidad_de_medida", "unidad"),
    ("codigo_producto_sunat", "codigo_sunat"),
    ("valor_unitario", "precio"),
    ("precio_unitario", "precio"),
    ("tipo_de_igv", "afectacion"),
    ("tipo_de_ivap", "afectacion"),
    ("tipo_de_isc", "isc.sistema"),
    ("impuesto_bolsas", "bolsas"),
    ("fecha_de_pago", "fecha"),
];

/// The field of the simple form that a finding of the review is about. Advances are lines of their own
/// in NubeFact's JSON, behind the `items` of the form.
pub(crate) fn place_in_draft(campo: &str, draft: &Draft) -> String {
    let (head, part) = match campo.split_once("].") {
        Some((head, part)) => (head, Some(part)),
        None => (campo, None),
    };
    let Some(part) = part else {
        let renamed = PLACES.iter().find(|(theirs, _)| *theirs == campo);
        return renamed.map_or_else(|| campo.to_owned(), |(_, ours)| (*ours).to_owned());
    };
    let part = PARTS
        .iter()
        .find(|(theirs, _)| *theirs == part)
        .map_or(part, |(_, ours)| ours);
    let (list, index) = head.split_once('[').unwrap_or((head, "0"));
    if list == "venta_al_credito" {
        return format!("cuotas[{index}].{part}");
    }
    match index.parse::<usize>() {
        Ok(index) if index >= draft.items.len() && !draft.anticipos.is_empty() => {
            let part = part.trim_start_matches("anticipo_documento_");
            let most = draft.anticipos.len() - 1;
            format!(
                "anticipos[{}].{part}",
                (index - draft.items.len()).min(most)
            )
        }
        _ => format!("{list}[{index}].{part}"),
    }
}
