//! From the simple form to NubeFact's JSON: defaults, SUNAT's codes as NubeFact's numbers, and all
//! amounts computed.
//!
//! What a review of the result finds is not looked for here: the review runs next and names the
//! fields of the simple form ([`place_in_draft`]).

mod lines;
mod payment;
mod places;

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::arithmetic::{ArithmeticFault, SaleAmounts, SaleTerms, compute, line_fault};
use super::catalogs::currencies::Moneda;
use super::catalogs::igv_rates::{self, IgvRegime};
use super::catalogs::note_reasons::{NoteKind, NoteReason};
use super::catalogs::transactions::SunatTransaction;
use super::codes;
use super::draft::{Draft, DraftCustomer};
use super::finding::Findings;
use super::kind::DocumentKind;
use super::known::{CustomerFacts, Known};
use super::unread::Unread;
use super::value::{JsonObject, JsonValue};
use crate::text;
use lines::{ComposedLine, compose_advances, compose_lines, line_terms};
use payment::compose_payment;
use places::unread_of;

pub(crate) use places::place_in_draft;

/// Name on a boleta that names nobody.
const NOBODY: &str = "CLIENTES VARIOS";

/// NubeFact's JSON of a draft, as far as it could be made.
pub(crate) struct Composed {
    pub(crate) fields: JsonObject,
    /// What is unknown in it, because a value of the form is.
    pub(crate) unread: Unread,
    /// Whether its amounts were computed.
    pub(crate) has_amounts: bool,
}

/// The document of a draft. What cannot be made has its finding, and is left out.
pub(crate) fn compose(
    draft: &Draft,
    kind: DocumentKind,
    today: Date,
    known: &Known,
    findings: &mut Findings,
) -> Composed {
    // 1. What the header begins with.
    let is_unread = |name: &str, findings: &Findings| findings.unread().covers(name);
    let usual = Some(today).filter(|_| !is_unread("fecha", findings));
    let fecha = draft.fecha.or(usual);
    let modified = known.modified.as_ref().filter(|_| kind.is_note());
    let moneda = currency(draft, known, findings);
    let mut out = JsonObject::new();
    put_text(&mut out, "operacion", Some("generar_comprobante"));
    put_code(&mut out, "tipo_de_comprobante", kind.tipo_de_comprobante());
    if !is_unread("serie", findings) {
        put_text(&mut out, "serie", series(draft, kind, known).as_deref());
    }
    put_code(&mut out, "numero", draft.numero);
    let transaction = transaction(draft, findings.unread());
    put_code(
        &mut out,
        "sunat_transaction",
        transaction.map(|it| it.number),
    );
    compose_customer(&draft.cliente, kind, known, findings, &mut out);
    put_date(&mut out, "fecha_de_emision", fecha);
    put_date(&mut out, "fecha_de_vencimiento", draft.vencimiento);
    put_code(&mut out, "moneda", moneda.map(Moneda::nubefact));
    let rate = match moneda {
        _ if is_unread("tipo_de_cambio", findings) => None,
        None | Some(Moneda::Pen) => draft.tipo_de_cambio,
        Some(_) => draft
            .tipo_de_cambio
            .or(modified.and_then(|it| it.tipo_de_cambio))
            .or(known.exchange_rate.map(to_three_places)),
    };
    put_amount(&mut out, "tipo_de_cambio", rate);
    // 2. Amounts.
    // A day that could not be read is told: amounts are shown at the rates of today, to be looked at.
    let rates_on = fecha.or(Some(today).filter(|_| known.restaurant != Some(true)));
    let percent = percent(draft, kind, rates_on, known, findings);
    let lines = line_terms(draft, rates_on, findings);
    let (sale, faults) = match amounts(draft, percent, &lines, findings) {
        Ok(sale) => (Some(sale), Vec::new()),
        Err(faults) => (None, faults),
    };
    put_amount(
        &mut out,
        "porcentaje_de_igv",
        stated_percent(percent, &lines),
    );
    if let Some(sale) = &sale {
        compose_totals(&lines, sale, &mut out);
    }
    // 3. How it is paid, what it modifies, and the rest.
    let in_soles = match moneda {
        Some(Moneda::Pen) => Some(Decimal::ONE),
        Some(_) => rate,
        None => None,
    };
    let total = sale.as_ref().map(|it| it.total);
    compose_payment(draft, total, in_soles, fecha, findings, &mut out);
    if kind.is_note() {
        compose_note(draft, kind, findings, &mut out);
    }
    compose_rest(draft, &mut out);
    // 4. Lines.
    let mut items = compose_lines(draft, kind, &lines, sale.as_ref());
    items.extend(compose_advances(draft, sale.as_ref()));
    let has_amounts = sale.is_some();
    findings.end_reading();
    let unread = unread_of(draft, &out, items.len(), has_amounts, findings.unread());
    out.push("items", JsonValue::List(items));
    // Said last: what is too much was read all the same.
    for fault in faults {
        note_fault(fault, findings);
    }
    Composed {
        fields: out,
        unread,
        has_amounts,
    }
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
    if findings.unread().covers("moneda") {
        return None;
    }
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

/// The series: as it was said, or the first one open for the kind that has numbers left; of a note, the
/// first that begins with the letter of what it modifies.
fn series(draft: &Draft, kind: DocumentKind, known: &Known) -> Option<String> {
    if let Some(serie) = &draft.serie {
        return Some(serie.trim().to_uppercase());
    }
    let modified = draft.nota.as_ref().and_then(|it| it.documento.as_deref());
    let letter = modified.and_then(|it| it.trim().chars().next());
    let fits = |serie: &str| match letter {
        Some(letter) if kind.is_note() => serie.starts_with(letter.to_ascii_uppercase()),
        _ => true,
    };
    known.first_series(kind, fits).map(str::to_owned)
}

/// Which operation it is; unknown where one of the fields that say it could not be read.
fn transaction(draft: &Draft, unread: &Unread) -> Option<SunatTransaction> {
    if draft.detraccion.is_some() {
        return Some(SunatTransaction::DETRACTION);
    }
    let told = ["detraccion", "percepcion", "exportacion", "es_anticipo"];
    if told.iter().any(|name| unread.covers(name)) {
        return None;
    }
    Some(if draft.percepcion.is_some() {
        SunatTransaction::PERCEPTION
    } else if draft.exportacion {
        SunatTransaction::EXPORT
    } else if draft.es_anticipo {
        SunatTransaction::ADVANCE
    } else {
        SunatTransaction::SALE
    })
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
    let unread = findings.unread();
    let is_told = unread.covers("cliente.tipo") || unread.covers("cliente.numero");
    let tipo = customer.tipo.as_deref().map_or_else(
        || match number {
            _ if is_told => None,
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
        CustomerFacts::NotListed if !nobody && nombre.is_none() => {
            findings.note_not_listed("cliente.nombre");
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

/// The percent of IGV: as it was said, of the document that a note modifies, or of the day.
fn percent(
    draft: &Draft,
    kind: DocumentKind,
    fecha: Option<Date>,
    known: &Known,
    findings: &mut Findings,
) -> Option<Decimal> {
    if findings.unread().covers("igv") {
        return None;
    }
    let modified = known.modified.as_ref().filter(|_| kind.is_note());
    let regime = if known.restaurant == Some(true) {
        IgvRegime::RestaurantOrHotel
    } else {
        IgvRegime::General
    };
    let percent = draft
        .igv
        .or(modified.and_then(|it| it.porcentaje_de_igv))
        .or_else(|| Some(igv_rates::on(fecha?, regime).unwrap_or_default()))?;
    if percent > Decimal::ONE_HUNDRED {
        findings.add(&codes::TAX_RATE, "igv");
        return None;
    }
    Some(percent)
}

/// The percent that the header states: that of IVAP where all lines bear it.
fn stated_percent(percent: Option<Decimal>, lines: &[ComposedLine]) -> Option<Decimal> {
    let ivap = |it: &ComposedLine| it.affectation.is_some_and(|it| it.catalog == "17");
    if !lines.is_empty() && lines.iter().all(ivap) {
        return percent.map(|_| igv_rates::IVAP);
    }
    percent
}

/// The amounts of the sale, where everything that enters them is known. Otherwise what is wrong: each
/// line is looked at, because its own faults depend on no other.
fn amounts(
    draft: &Draft,
    percent: Option<Decimal>,
    lines: &[ComposedLine],
    findings: &Findings,
) -> Result<SaleAmounts, Vec<ArithmeticFault>> {
    let unread = findings.unread();
    let entering = [
        "precios_con_igv",
        "descuento_global",
        "otros_cargos",
        "anticipos",
        "items",
    ];
    let mut paid = (0..draft.anticipos.len()).map(|index| format!("anticipos[{index}].total"));
    let is_known = !findings.has_error_at("precios_con_igv")
        && !entering.iter().any(|it| unread.covers(it))
        && !paid.any(|it| unread.covers(&it));
    let con_igv = draft.precios_con_igv.unwrap_or_default();
    let mut terms = SaleTerms::new(percent.unwrap_or_default(), con_igv);
    terms.descuento_global = draft.descuento_global.unwrap_or_default();
    terms.otros_cargos = draft.otros_cargos.unwrap_or_default();
    terms.anticipos = draft.anticipos.iter().filter_map(|it| it.total).collect();
    let all: Option<Vec<_>> = lines.iter().map(|line| line.terms.clone()).collect();
    let computed = match all.filter(|_| is_known && percent.is_some()) {
        Some(all) => {
            terms.lines = all;
            compute(&terms).map_err(Some)
        }
        None => Err(None),
    };
    let fault = match computed {
        Ok(sale) => return Ok(sale),
        Err(fault) => fault,
    };
    let alone = lines.iter().enumerate().filter_map(|(index, line)| {
        let line = line.terms.as_ref()?;
        line_fault(&terms, line, index)
    });
    let mut faults: Vec<_> = alone.collect();
    if faults.is_empty() {
        faults.extend(fault);
    }
    Err(faults)
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

fn compose_totals(lines: &[ComposedLine], sale: &SaleAmounts, out: &mut JsonObject) {
    let some = |amount: Decimal| (!amount.is_zero()).then_some(amount);
    let is_taxed = |it: &ComposedLine| {
        it.affectation
            .is_some_and(|it| it.bears_igv && !it.is_free())
    };
    let taxed = lines.iter().any(is_taxed);
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
