//! Guías de remisión: of the sender (*remitente*, 7) and of the carrier (*transportista*, 8).
//!
//! They come as NubeFact's JSON only: there is no simple form of them. Rules: GRE manual v1.6
//! (nubefact.md §6), invoicing.md §3. A guía has no amounts; what counts is who moves what, from
//! where to where, in which vehicle, driven by whom.

use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::invoicing::catalogs::deadlines::{TO_ISSUE_GUIA, days_between};
use crate::invoicing::catalogs::related_documents::RelatedDocument;
use crate::invoicing::catalogs::shipment_indicators::{INDICATORS, ShipmentIndicator};
use crate::invoicing::catalogs::transfer_reasons::{REASONS, TransferReason};
use crate::invoicing::catalogs::transport_modes::TransportMode;
use crate::invoicing::catalogs::units::OF_WEIGHT;
use crate::invoicing::codes;
use crate::invoicing::decimal::read_decimal;
use crate::invoicing::document::TaxDocument;
use crate::invoicing::fields::SaleField;
use crate::invoicing::finding::Findings;
use crate::invoicing::form::{Section, check_form, check_identity, nubefact_date};
use crate::invoicing::header::{
    check_code, check_customer, check_delivery, check_series, require_elements,
};
use crate::invoicing::kind::DocumentKind;
use crate::invoicing::known::Known;
use crate::invoicing::other_fields::{GUIA, GUIA_DOCUMENT, GUIA_DRIVER, GUIA_ITEM, GUIA_VEHICLE};
use crate::invoicing::value::{JsonObject, JsonValue};
use crate::{Severity, Ubigeo, text};
use people::{check_carrier, check_driver, check_other_people, check_plate};

mod people;

/// Most secondary vehicles, and most secondary drivers.
const MOST_SECONDARY: usize = 2;

/// Lists and their fields.
const LISTS: [(&str, &[SaleField]); 4] = [
    ("items", GUIA_ITEM),
    ("documento_relacionado", GUIA_DOCUMENT),
    ("vehiculos_secundarios", GUIA_VEHICLE),
    ("conductores_secundarios", GUIA_DRIVER),
];

/// Identity documents that a guía may name.
const IDENTITIES: [&str; 6] = ["6", "1", "4", "7", "A", "0"];

/// Checks a guía of either kind. `today` is a Lima date.
pub(crate) fn check_guia(
    kind: DocumentKind,
    fields: &JsonObject,
    today: Date,
    known: &Known,
    findings: &mut Findings,
) -> TaxDocument {
    let section = Section::new(fields);
    // A weight below zero is no weight too, besides being negative: said before it counts as unread.
    check_weight(&section, findings);
    let mut out = check_form(&section, GUIA, &LISTS, findings);

    // 1. Whose, when.
    check_series(kind, &section, known.series.as_ref(), findings, &mut out);
    check_customer(&section, &IDENTITIES, known, findings);
    check_dates(&section, today, findings);
    check_delivery(&section, findings);

    // 2. Why, in which unit it is weighed, which way.
    if kind == DocumentKind::GuiaRemitente {
        check_reason(&section, findings);
    }
    check_unit(&section, findings);
    check_indicator(kind, &section, findings);
    for point in ["punto_de_partida", "punto_de_llegada"] {
        check_point(&section, point, findings);
    }

    // 3. In which vehicle, by whom.
    check_plate(&section, "transportista_placa_numero", findings);
    check_carrier(kind, &section, findings);
    check_driver(kind, &section, findings);
    check_other_people(kind, &section, findings);
    check_secondary(&section, findings);

    // 4. What.
    check_items(kind, &section, findings);
    for document in section.list("documento_relacionado") {
        let is_known = |code: &str| RelatedDocument::from_code(code).is_some_and(|it| it.in_guias);
        check_code(&document, "tipo", is_known, "01, 03, 09, 31", findings);
    }
    write_plates(&mut out);
    TaxDocument::new(kind, out)
}

/// Today, or a day ago at most.
fn check_dates(section: &Section<'_>, today: Date, findings: &mut Findings) {
    let Some(issued) = section.date("fecha_de_emision") else {
        return;
    };
    let age = days_between(issued, today);
    if !(0..=TO_ISSUE_GUIA).contains(&age) {
        findings
            .add(&codes::GUIA_DATE, section.path("fecha_de_emision"))
            .expected(nubefact_date(today));
    }
    // The manual does not forbid it, and one of its own examples does it.
    let begins = section.date("fecha_de_inicio_de_traslado");
    if begins.is_some_and(|begins| begins < issued) {
        findings
            .add(&codes::DATE, section.path("fecha_de_inicio_de_traslado"))
            .says(text!(
                "el traslado empieza antes de la emisión de la guía",
                "the transfer begins before the guía is issued"
            ))
            .advises(text!(
                "la guía se emite antes de iniciar el traslado: revise las dos fechas",
                "a guía is issued before the transfer begins: check both dates"
            ));
    }
}

/// What the sender says of the transfer, and what its reason asks for.
fn check_reason(section: &Section<'_>, findings: &mut Findings) {
    section.require("motivo_de_traslado", findings);
    section.require("numero_de_bultos", findings);
    section.require("tipo_de_transporte", findings);
    let reasons = REASONS.map(|row| row.code).join(", ");
    let is_reason = |code: &str| TransferReason::from_code(code).is_some();
    check_code(section, "motivo_de_traslado", is_reason, &reasons, findings);
    let is_mode = |code: &str| TransportMode::from_code(code).is_some();
    check_code(section, "tipo_de_transporte", is_mode, "01, 02", findings);
    let Some(reason) = section
        .text("motivo_de_traslado")
        .and_then(TransferReason::from_code)
    else {
        return;
    };
    if reason.needs_establishments {
        section.require("punto_de_partida_codigo_establecimiento_sunat", findings);
        section.require("punto_de_llegada_codigo_establecimiento_sunat", findings);
    }
    if reason.needs_customs {
        section.require("documento_relacionado_codigo", findings);
    }
    let is_customs = |code: &str| RelatedDocument::from_code(code).is_some_and(|it| it.is_customs);
    check_code(
        section,
        "documento_relacionado_codigo",
        is_customs,
        "50, 52",
        findings,
    );
}

fn check_weight(section: &Section<'_>, findings: &mut Findings) {
    let weight = section.text("peso_bruto_total").map(read_decimal);
    if weight.is_some_and(|it| it.is_ok_and(|it| it <= Decimal::ZERO)) {
        findings.add(&codes::GUIA_WEIGHT, section.path("peso_bruto_total"));
    }
}

fn check_unit(section: &Section<'_>, findings: &mut Findings) {
    let is_unit = |code: &str| OF_WEIGHT.contains(&code);
    let units = OF_WEIGHT.join(", ");
    check_code(
        section,
        "peso_bruto_unidad_de_medida",
        is_unit,
        &units,
        findings,
    );
}

fn check_indicator(kind: DocumentKind, section: &Section<'_>, findings: &mut Findings) {
    let fits = |row: ShipmentIndicator| match kind {
        DocumentKind::GuiaRemitente => row.for_sender,
        _ => row.for_carrier,
    };
    let allowed = INDICATORS.into_iter().filter(|row| fits(*row));
    let allowed: Vec<&str> = allowed.map(|row| row.code).collect();
    let is_known = |code: &str| allowed.contains(&code);
    let list = allowed.join(", ");
    check_code(section, "sunat_envio_indicador", is_known, &list, findings);
}

/// One end of the way: its ubigeo, and its establishment where one is named.
fn check_point(section: &Section<'_>, point: &str, findings: &mut Findings) {
    let ubigeo = format!("{point}_ubigeo");
    if let Some(code) = section.text(&ubigeo) {
        let path = section.path(&ubigeo);
        if code.len() != 6 || !code.bytes().all(|byte| byte.is_ascii_digit()) {
            findings
                .add(&codes::TEXT, path)
                .says(text!("el ubigeo tiene 6 dígitos", "an ubigeo has 6 digits"));
        } else if Ubigeo::parse(code).is_none_or(|it| it.place().is_none()) {
            // New districts appear before lists know them.
            findings
                .add(&codes::CATALOG, path)
                .as_severe_as(Severity::Aviso)
                .says(text!(
                    "el ubigeo no está en la lista de distritos",
                    "the ubigeo is not in the list of districts"
                ));
        }
    }
    let establishment = format!("{point}_codigo_establecimiento_sunat");
    let plain = |code: &str| code.bytes().all(|byte| byte.is_ascii_digit());
    if section
        .text(&establishment)
        .is_some_and(|code| !plain(code))
    {
        findings
            .add(&codes::TEXT, section.path(&establishment))
            .says(text!(
                "el código de establecimiento tiene 4 dígitos, por ejemplo 0000",
                "the code of an establishment has 4 digits, such as 0000"
            ));
    }
}

fn check_secondary(section: &Section<'_>, findings: &mut Findings) {
    for name in ["vehiculos_secundarios", "conductores_secundarios"] {
        let count = section.fields.get(name).map_or(0, |it| it.elements().len());
        if count > MOST_SECONDARY {
            findings.add(&codes::LENGTH, section.path(name)).says(text!(
                "hay {count}; se admiten {MOST_SECONDARY}",
                "there are {count}; {MOST_SECONDARY} are allowed"
            ));
        }
    }
    for vehicle in section.list("vehiculos_secundarios") {
        check_plate(&vehicle, "placa_numero", findings);
    }
    for driver in section.list("conductores_secundarios") {
        let names = ("documento_tipo", "documento_numero");
        check_identity(&driver, names, &IDENTITIES[1..], findings);
        people::check_licence(&driver, "numero_licencia", findings);
    }
}

fn check_items(kind: DocumentKind, section: &Section<'_>, findings: &mut Findings) {
    require_elements("items", section, findings);
    let reason = section
        .text("motivo_de_traslado")
        .and_then(TransferReason::from_code);
    let customs = kind == DocumentKind::GuiaRemitente && reason.is_some_and(|it| it.needs_customs);
    for item in section.list("items") {
        if item.amount("cantidad").is_some_and(|it| it.is_zero()) {
            findings
                .add(&codes::NEGATIVE, item.path("cantidad"))
                .says(text!(
                    "la cantidad debe ser mayor que cero",
                    "the quantity must be above zero"
                ));
        }
        if customs {
            item.require("codigo_dam", findings);
        }
        let Some(declared) = item.text("codigo_dam") else {
            continue;
        };
        let regime = regime_of(section);
        if !is_declaration(declared, regime) {
            let shape = format!("nnnn/ddd-aaaa-{}-nnnnnn", regime.unwrap_or("rr"));
            findings
                .add(&codes::TEXT, item.path("codigo_dam"))
                .says(text!(
                    "el número de la declaración aduanera no tiene la forma {shape}",
                    "the number of the customs declaration has not the form {shape}"
                ))
                .expected(shape);
        }
    }
}

/// The customs regime that stands in the number, where reason and document fix it.
fn regime_of(section: &Section<'_>) -> Option<&'static str> {
    let document = section.text("documento_relacionado_codigo");
    match (section.text("motivo_de_traslado"), document) {
        (Some("08"), Some("50")) => Some("10"),
        (Some("08"), Some("52")) => Some("18"),
        (Some("09"), Some("50")) => Some("40"),
        _ => None,
    }
}

/// `nnnn/ddd-aaaa-rr-nnnnnn`: series, customs office, year, regime, number.
fn is_declaration(text: &str, regime: Option<&str>) -> bool {
    let mut parts = text.split(['/', '-']);
    let mut next = |digits: usize| {
        let part = parts.next();
        part.filter(|it| it.len() == digits && it.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let (serie, office, year, found) = (next(4), next(3), next(4), next(2));
    let number = next(6);
    let separators: String = text.chars().filter(|c| !c.is_ascii_digit()).collect();
    let fits = regime.is_none_or(|regime| found == Some(regime));
    separators == "/---"
        && [serie, office, year, found, number]
            .iter()
            .all(Option::is_some)
        && fits
}

/// Plates are written in upper case.
fn write_plates(out: &mut JsonObject) {
    let upper = |value: &JsonValue| Some(JsonValue::text(value.as_str()?.trim().to_uppercase()));
    let plate = out.present("transportista_placa_numero").and_then(upper);
    if let Some(plate) = plate {
        out.set("transportista_placa_numero", plate);
    }
    let Some(vehicles) = out.get("vehiculos_secundarios") else {
        return;
    };
    let JsonValue::List(vehicles) = vehicles else {
        return;
    };
    let written = vehicles.iter().map(|vehicle| {
        let JsonValue::Object(fields) = vehicle else {
            return vehicle.clone();
        };
        let mut fields = fields.clone();
        if let Some(plate) = fields.present("placa_numero").and_then(upper) {
            fields.set("placa_numero", plate);
        }
        JsonValue::Object(fields)
    });
    let written = JsonValue::List(written.collect());
    out.set("vehiculos_secundarios", written);
}
