//! Notes made out of the document they correct: the check finds nothing wrong with them, and all notes
//! on a document add up to it.

use chaski_core::Lang;
use chaski_core::invoicing::catalogs::note_reasons::{NoteKind, NoteReason, REASONS};
use chaski_core::invoicing::{
    CheckedDocument, CorrectError, Correction, CorrectionScope, CreditedBefore, DocumentKind,
    JsonValue, Known, ModifiedDocument, ScopeKind, TaxDocument, allowed_scopes, check, correct,
    replicate,
};
use jiff::Timestamp;
use jiff::civil::{Date, date};
use proptest::prelude::*;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

const TODAY: Date = date(2026, 11, 27);

fn now() -> Timestamp {
    "2026-11-27T12:00:00-05:00".parse().expect("an instant")
}

/// A document of a simple form, as it was issued: under number 7.
#[track_caller]
fn issued(form: &Value) -> TaxDocument {
    let checked = check(form.to_string().as_bytes(), now(), &Known::default());
    let document = checked.sendable();
    document
        .unwrap_or_else(|| panic!("{form}: {}", told(&checked)))
        .numbered(7)
}

fn told(checked: &CheckedDocument) -> String {
    let all = checked.hallazgos.iter();
    let lines = all.map(|it| {
        format!(
            "{} {} {}: {} (expected {:?})",
            it.severidad.as_str(),
            it.codigo,
            it.campo,
            it.message(Lang::En),
            it.esperado
        )
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn motivo(code: &str) -> NoteReason {
    NoteReason::from_catalog(NoteKind::Credit, code).expect("a code of SUNAT's")
}

fn dec(text: &str) -> Decimal {
    text.parse().expect("a decimal")
}

fn quantities<const N: usize>(all: [(usize, &str); N]) -> CorrectionScope {
    CorrectionScope::Lines(
        all.into_iter()
            .map(|(line, it)| (line, Some(dec(it))))
            .collect(),
    )
}

/// What the store knows of the document when its note is checked.
fn known(document: &TaxDocument, credited_before: Decimal) -> Known {
    Known {
        modified: Some(ModifiedDocument {
            credited_before,
            ..ModifiedDocument::of(document)
        }),
        restaurant: Some(false),
        ..Known::default()
    }
}

#[track_caller]
fn checked_note(
    document: &TaxDocument,
    note: &TaxDocument,
    credited_before: Decimal,
) -> CheckedDocument {
    let known = known(document, credited_before);
    let checked = check(&note.to_bytes(), now(), &known);
    assert!(
        !checked.has_errors(),
        "{}\n{}\n{}",
        told(&checked),
        shown(note),
        shown(document)
    );
    checked
}

fn shown(document: &TaxDocument) -> String {
    String::from_utf8(document.to_bytes()).expect("UTF-8")
}

const TOTALS: [&str; 12] = [
    "descuento_global",
    "total_descuento",
    "total_anticipo",
    "total_gravada",
    "total_inafecta",
    "total_exonerada",
    "total_igv",
    "total_gratuita",
    "total_otros_cargos",
    "total_isc",
    "total_impuestos_bolsas",
    "total",
];

fn totals(document: &TaxDocument) -> [Decimal; 12] {
    TOTALS.map(|name| document.amount(name).unwrap_or_default())
}

#[track_caller]
fn assert_adds_up(document: &TaxDocument, notes: &[TaxDocument]) {
    let mut sums = [Decimal::ZERO; 12];
    for note in notes {
        for (sum, amount) in sums.iter_mut().zip(totals(note)) {
            *sum += amount;
        }
    }
    for ((name, sum), amount) in TOTALS.iter().zip(sums).zip(totals(document)) {
        assert_eq!(sum, amount, "{name} of {}", shown(document));
    }
}

fn sale() -> Value {
    json!({
        "tipo": "factura", "serie": "FFF1", "fecha": "2026-11-27", "precios_con_igv": true,
        "cliente": {"tipo": "6", "numero": "20512333797", "nombre": "CLIENTE SINTETICO SAC", "direccion": "AV. SINTETICA 123"},
        "items": [
            {"descripcion": "CAJA", "cantidad": 3, "precio": "25.00"},
            {"descripcion": "LIBRO", "cantidad": 2, "precio": "30.00", "afectacion": "20"},
        ],
    })
}

#[test]
fn one_of_three_boxes_is_a_third() {
    let document = issued(&sale());
    let note = correct(
        &document,
        &Correction::new(motivo("07"), quantities([(0, "1")]), TODAY),
    )
    .expect("a note");
    assert_eq!(note.kind(), DocumentKind::NotaCredito);
    assert_eq!(
        (note.total(), note.igv()),
        (Some(dec("25.00")), dec("3.81"))
    );
    assert_eq!(
        note.fields().get("items").map(|it| it.elements().len()),
        Some(1)
    );
    assert_eq!(
        note.names().map(|it| (it.kind, it.to_string())),
        Some((DocumentKind::Factura, "FFF1-7".into()))
    );
    assert_eq!(
        (note.serie(), note.numero(), note.fecha()),
        (Some("FFF1"), None, Some(TODAY))
    );
    assert_eq!(told(&checked_note(&document, &note, Decimal::ZERO)), "");
}

#[test]
fn the_last_note_takes_the_remaining_cents() {
    // 10.00 for three: 3.33, 3.34, 3.33.
    let mut form = sale();
    form["items"] = json!([{"descripcion": "CAJA", "cantidad": 3, "precio": "3.3333333333"}]);
    let document = issued(&form);
    let mut notes = Vec::new();
    let mut before = CreditedBefore::default();
    for _ in 0..3 {
        let mut correction = Correction::new(motivo("07"), quantities([(0, "1")]), TODAY);
        correction.before = before.clone();
        let note = correct(&document, &correction).expect("a note");
        let credited = notes.iter().filter_map(TaxDocument::total).sum();
        checked_note(&document, &note, credited);
        notes.push(note);
        *before.quantities.entry(0).or_default() += Decimal::ONE;
    }
    assert_adds_up(&document, &notes);
    let totals: Vec<_> = notes
        .iter()
        .filter_map(TaxDocument::total)
        .map(|it| it.to_string())
        .collect();
    assert_eq!(totals, ["3.33", "3.34", "3.33"]);
    let mut correction = Correction::new(motivo("07"), quantities([(0, "1")]), TODAY);
    correction.before = before;
    assert_eq!(
        correct(&document, &correction),
        Err(CorrectError::TooMuch {
            line: 0,
            left: Decimal::ZERO
        })
    );
}

#[test]
fn the_discount_on_the_whole_is_credited_in_proportion() {
    let mut form = sale();
    form["precios_con_igv"] = json!(false);
    form["items"] = json!([
        {"descripcion": "A", "cantidad": 1, "precio": "100.00"},
        {"descripcion": "B", "cantidad": 4, "precio": "75.00", "descuento": "20.00"},
    ]);
    form["descuento_global"] = json!("50.00");
    let document = issued(&form);
    let half = correct(
        &document,
        &Correction::new(motivo("07"), quantities([(1, "2")]), TODAY),
    )
    .expect("a note");
    // 140.00 of 380.00: 18.42 of the 50.00.
    assert_eq!(half.amount("descuento_global"), Some(dec("18.42")));
    assert_eq!(half.amount("total_gravada"), Some(dec("121.58")));
    assert_eq!(told(&checked_note(&document, &half, Decimal::ZERO)), "");
    let mut rest = Correction::new(motivo("01"), CorrectionScope::Whole, TODAY);
    rest.before.quantities = [(1, dec("2"))].into();
    let rest = correct(&document, &rest).expect("a note");
    checked_note(&document, &rest, half.total().expect("a total"));
    assert_adds_up(&document, &[half, rest]);
}

#[test]
fn a_note_bears_what_the_document_bore() {
    let mut form = sale();
    form["moneda"] = json!("USD");
    form["tipo_de_cambio"] = json!("3.752");
    form["cliente"]["correo"] = json!(["alguien@example.com"]);
    form["detraccion"] = json!({"codigo": "037", "porcentaje": 12});
    form["cuotas"] = Value::Null;
    let document = issued(&form);
    let mut correction = Correction::new(motivo("01"), CorrectionScope::Whole, date(2026, 11, 27));
    correction.sustento = Some("EL CLIENTE DESISTIÓ".into());
    correction.serie = Some("fff2".into());
    assert!(!format!("{correction:?}").contains("DESISTIÓ"));
    let note = correct(&document, &correction).expect("a note");
    for name in [
        "moneda",
        "tipo_de_cambio",
        "porcentaje_de_igv",
        "cliente_numero_de_documento",
        "cliente_direccion",
        "cliente_email",
        "total",
        "items",
    ] {
        assert_eq!(
            note.fields().get(name),
            document.fields().get(name),
            "{name}"
        );
    }
    for name in [
        "detraccion",
        "detraccion_tipo",
        "detraccion_total",
        "venta_al_credito",
        "numero",
        "medio_de_pago_detraccion",
    ] {
        assert_eq!(note.fields().get(name), None, "{name}");
    }
    assert_eq!(
        note.fields().get("sunat_transaction"),
        Some(&JsonValue::number(1))
    );
    assert_eq!(
        note.fields()
            .get("observaciones")
            .and_then(JsonValue::as_str),
        Some("EL CLIENTE DESISTIÓ")
    );
    assert_eq!(note.serie(), Some("FFF2"));
    assert_eq!(told(&checked_note(&document, &note, Decimal::ZERO)), "");
}

#[test]
fn amounts_are_taken_from_what_is_taxed_and_what_is_not() {
    let document = issued(&sale()); // 75.00 taxed, 60.00 exempt
    let amount = CorrectionScope::Amount(dec("13.50"));
    let note = correct(&document, &Correction::new(motivo("04"), amount, TODAY)).expect("a note");
    assert_eq!(note.total(), Some(dec("13.50")));
    assert_eq!(
        (note.amount("total_exonerada"), note.amount("total_gravada")),
        (Some(dec("6.00")), Some(dec("6.36")))
    );
    assert_eq!(told(&checked_note(&document, &note, Decimal::ZERO)), "");

    let by_line = CorrectionScope::LineAmounts([(0, dec("5.90"))].into());
    let note = correct(&document, &Correction::new(motivo("05"), by_line, TODAY)).expect("a note");
    assert_eq!((note.total(), note.igv()), (Some(dec("5.90")), dec("0.90")));
    assert_eq!(told(&checked_note(&document, &note, Decimal::ZERO)), "");

    let interest = NoteReason::from_catalog(NoteKind::Debit, "01").expect("a code of SUNAT's");
    let more = CorrectionScope::Amount(dec("200.00"));
    let note = correct(&document, &Correction::new(interest, more, TODAY)).expect("a note");
    assert_eq!(
        (note.kind(), note.total()),
        (DocumentKind::NotaDebito, Some(dec("200.00")))
    );
    assert_eq!(told(&checked_note(&document, &note, Decimal::ZERO)), "");
}

#[test]
fn note_13_changes_the_schedule_only() {
    let mut form = sale();
    form["cuotas"] = json!([{"fecha": "2026-12-27", "importe": "135.00"}]);
    let document = issued(&form);
    let schedule = vec![
        (date(2026, 12, 31), dec("100.00")),
        (date(2027, 1, 31), dec("35.00")),
    ];
    let note = |schedule: Vec<(Date, Decimal)>, document: &TaxDocument| {
        correct(
            document,
            &Correction::new(motivo("13"), CorrectionScope::Schedule(schedule), TODAY),
        )
    };
    let made = note(schedule.clone(), &document).expect("a note");
    assert_eq!(made.total(), Some(Decimal::ZERO));
    assert_eq!(
        made.fields()
            .get("venta_al_credito")
            .map(|it| it.elements().len()),
        Some(2)
    );
    assert_eq!(told(&checked_note(&document, &made, Decimal::ZERO)), "");
    assert_eq!(note(vec![], &document), Err(CorrectError::NoSchedule));
    assert_eq!(
        note(vec![(date(2026, 12, 31), dec("135.01"))], &document),
        Err(CorrectError::ScheduleExceeds {
            total: dec("135.00")
        })
    );
    assert_eq!(
        note(vec![(TODAY, dec("1"))], &document),
        Err(CorrectError::DueTooEarly {
            due: TODAY,
            issued: TODAY
        })
    );
    assert_eq!(
        note(schedule, &issued(&sale())),
        Err(CorrectError::NotOnCredit)
    );
}

#[test]
fn each_motivo_allows_its_own_ways_only() {
    let document = issued(&sale());
    let scopes = [
        CorrectionScope::Whole,
        quantities([(0, "1")]),
        CorrectionScope::Amount(dec("1.18")),
        CorrectionScope::LineAmounts([(0, dec("1.18"))].into()),
        CorrectionScope::Schedule(vec![(date(2026, 12, 31), dec("1"))]),
    ];
    for motivo in REASONS {
        assert!(!allowed_scopes(motivo).is_empty());
        for scope in &scopes {
            let allowed = allowed_scopes(motivo).contains(&scope.kind());
            let result = correct(&document, &Correction::new(motivo, scope.clone(), TODAY));
            let refused = matches!(result, Err(CorrectError::Scope { .. }));
            assert_eq!(refused, !allowed, "{} {:?}", motivo.name, scope.kind());
            if let Err(error) = result {
                let (es, en) = (error.message(Lang::Es), error.message(Lang::En));
                assert!(!es.is_empty() && !en.is_empty() && es != en);
            }
        }
    }
    // 11 is for exports, 12 for IVAP; this sale is neither.
    for code in ["11", "12"] {
        let result = correct(
            &document,
            &Correction::new(motivo(code), CorrectionScope::Whole, TODAY),
        );
        assert_eq!(result, Err(CorrectError::Motivo(motivo(code))));
    }
    assert_eq!(allowed_scopes(motivo("13")), [ScopeKind::Schedule]);
}

#[test]
fn what_cannot_be_credited_is_told() {
    let document = issued(&sale());
    let run = |scope: CorrectionScope, code: &str| {
        correct(&document, &Correction::new(motivo(code), scope, TODAY))
    };
    assert_eq!(
        run(quantities([(2, "1")]), "07"),
        Err(CorrectError::NoSuchLine { line: 2, lines: 2 })
    );
    assert_eq!(
        run(quantities([(0, "3.01")]), "07"),
        Err(CorrectError::TooMuch {
            line: 0,
            left: dec("3")
        })
    );
    assert_eq!(
        run(quantities([(0, "-1")]), "07"),
        Err(CorrectError::TooMuch {
            line: 0,
            left: dec("3")
        })
    );
    assert_eq!(
        run(quantities([(0, "0")]), "07"),
        Err(CorrectError::Nothing)
    );
    assert_eq!(run(quantities([]), "07"), Err(CorrectError::Nothing));
    assert_eq!(
        run(quantities([(0, "0.0001")]), "07"),
        Err(CorrectError::TooLittle { line: 0 })
    );
    assert_eq!(
        run(CorrectionScope::Amount(dec("135.01")), "04"),
        Err(CorrectError::Exceeds {
            left: dec("135.00")
        })
    );
    assert_eq!(
        run(CorrectionScope::Amount(dec("0")), "04"),
        Err(CorrectError::Amount)
    );
    assert_eq!(
        run(CorrectionScope::Amount(dec("1.005")), "04"),
        Err(CorrectError::Amount)
    );
    assert_eq!(
        run(
            CorrectionScope::LineAmounts([(1, dec("60.01"))].into()),
            "05"
        ),
        Err(CorrectError::Exceeds { left: dec("60.00") })
    );
    let mut correction =
        Correction::new(motivo("04"), CorrectionScope::Amount(dec("36.00")), TODAY);
    correction.before = CreditedBefore {
        quantities: [(0, dec("3"))].into(),
        amount: dec("25.00"),
    };
    assert_eq!(
        correct(&document, &correction),
        Err(CorrectError::Exceeds { left: dec("35.00") })
    );

    let note = run(CorrectionScope::Whole, "01")
        .expect("a note")
        .numbered(1);
    let of_note = correct(
        &note,
        &Correction::new(motivo("01"), CorrectionScope::Whole, TODAY),
    );
    assert_eq!(of_note, Err(CorrectError::Kind(DocumentKind::NotaCredito)));
    let draft = check(sale().to_string().as_bytes(), now(), &Known::default());
    let draft = draft.document.expect("a document");
    let of_draft = correct(
        &draft,
        &Correction::new(motivo("01"), CorrectionScope::Whole, TODAY),
    );
    assert_eq!(of_draft, Err(CorrectError::NoNumber));
}

#[test]
fn notes_on_amounts_and_on_other_documents_are_told_apart() {
    let document = issued(&sale());
    let run = |scope, code| {
        correct(&document, &Correction::new(motivo(code), scope, TODAY)).expect("a note")
    };
    let amount = run(CorrectionScope::Amount(dec("10.00")), "04");
    let boxes = run(quantities([(0, "2")]), "07");
    let interest = NoteReason::from_catalog(NoteKind::Debit, "01").expect("a code of SUNAT's");
    let more = correct(
        &document,
        &Correction::new(interest, CorrectionScope::Amount(dec("5.00")), TODAY),
    )
    .expect("a note");
    let mut other = document.clone().numbered(8);
    other = correct(
        &other,
        &Correction::new(motivo("01"), CorrectionScope::Whole, TODAY),
    )
    .expect("a note");
    let before = CreditedBefore::by_notes(&document, &[amount, boxes, more, other])
        .expect("a document that was read");
    assert_eq!(
        before,
        CreditedBefore {
            quantities: [(0, dec("2"))].into(),
            amount: dec("10.00")
        }
    );
}

#[test]
fn a_document_that_settles_advances_is_credited_whole() {
    let mut form = sale();
    form["items"] = json!([{"descripcion": "CAJA", "cantidad": 3, "precio": "500.00"}, {"descripcion": "OTRA", "cantidad": 1, "precio": "118.00"}]);
    form["anticipos"] = json!([{"serie": "FFF1", "numero": 3, "total": "118.00"}]);
    let document = issued(&form);
    let whole = correct(
        &document,
        &Correction::new(motivo("01"), CorrectionScope::Whole, TODAY),
    )
    .expect("a note");
    assert_adds_up(&document, std::slice::from_ref(&whole));
    checked_note(&document, &whole, Decimal::ZERO);
    let part = correct(
        &document,
        &Correction::new(motivo("07"), quantities([(0, "1")]), TODAY),
    );
    assert_eq!(part, Err(CorrectError::Advances));
}

/// Every factura and boleta of the samples that NubeFact takes: exports, IVAP, bags, advances,
/// discounts, other currencies, as others write them.
#[test]
fn samples_of_others_are_credited() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples/nubefact");
    let mut credited = 0;
    for manifest in ["manifest-dev.json", "field-dev/manifest.json"] {
        let manifest = folder.join(manifest);
        let cases: Value =
            serde_json::from_slice(&fs::read(&manifest).expect("a manifest")).expect("JSON");
        for case in cases.as_array().expect("a list") {
            let file = case["file"].as_str().expect("a file");
            let bytes =
                fs::read(manifest.parent().expect("a folder").join(file)).expect("a sample");
            let sample: Value = serde_json::from_slice(&bytes).expect("JSON");
            let is_sale = case["operacion"] == "generar_comprobante"
                && ["1", "2"]
                    .contains(&sample["tipo_de_comprobante"].to_string().trim_matches('"'));
            if case["expect"]["http"] == 200 && is_sale {
                credit_sample(file, &bytes);
                credited += 1;
            }
        }
    }
    assert!(credited > 30, "{credited} samples");
}

/// The whole, and line by line where no advance is settled.
fn credit_sample(file: &str, bytes: &[u8]) {
    let issued = check(bytes, now(), &Known::default())
        .document
        .expect("a document");
    let day = issued.fecha().expect("a day of issue");
    let then = chaski_core::lima_timestamp(day.at(12, 0, 0, 0));
    let errors = |note: &TaxDocument, credited| {
        let checked = check(&note.to_bytes(), then, &known(&issued, credited));
        let errors = checked
            .hallazgos
            .iter()
            .filter(|it| it.severidad.as_str() == "error");
        errors
            .map(|it| format!("{} {} {:?}", it.codigo, it.campo, it.esperado))
            .collect::<Vec<_>>()
    };
    let whole = correct(
        &issued,
        &Correction::new(motivo("01"), CorrectionScope::Whole, day),
    );
    let whole = whole.unwrap_or_else(|error| panic!("{file}: {error}"));
    assert_eq!(
        errors(&whole, Decimal::ZERO),
        Vec::<String>::new(),
        "{file}\n{}",
        shown(&whole)
    );
    assert_adds_up(&issued, std::slice::from_ref(&whole));

    let (mut before, mut notes, mut credited) =
        (CreditedBefore::default(), Vec::new(), Decimal::ZERO);
    for (line, quantity) in sold(&issued).into_iter().enumerate() {
        let scope = CorrectionScope::Lines([(line, None)].into());
        let mut correction = Correction::new(motivo("07"), scope, day);
        correction.before = before.clone();
        let note = match correct(&issued, &correction) {
            Ok(note) => note,
            Err(CorrectError::Advances) => return,
            Err(error) => panic!("{file}: {error}"),
        };
        assert_eq!(
            errors(&note, credited),
            Vec::<String>::new(),
            "{file}\n{}",
            shown(&note)
        );
        credited += note.total().expect("a total");
        before.quantities.insert(line, quantity);
        notes.push(note);
    }
    assert_adds_up(&issued, &notes);
}

fn price() -> impl Strategy<Value = String> {
    (1i64..500_000, 0u32..=4).prop_map(|(number, places)| {
        Decimal::new(number, places)
            .max(Decimal::new(10, 2))
            .to_string()
    })
}

fn quantity() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => (1i64..30).prop_map(|it| it.to_string()),
        1 => (1i64..90_000).prop_map(|it| Decimal::new(it, 3).max(Decimal::new(1, 1)).to_string()),
    ]
}

fn line() -> impl Strategy<Value = Value> {
    let affectation = prop_oneof![6 => Just("10"), 1 => Just("20"), 1 => Just("30"), 1 => Just("11"), 1 => Just("21")];
    let off = prop_oneof![3 => Just(0i64), 1 => 1i64..60];
    let extra = prop_oneof![
        12 => Just(Value::Null),
        1 => (1i64..40).prop_map(|tasa| json!({"isc": {"sistema": "01", "tasa": tasa}})),
        1 => (1i64..300).prop_map(|monto| json!({"isc": {"sistema": "02", "monto": Decimal::new(monto, 2).to_string()}})),
        1 => (1i64..30).prop_map(|bolsas| json!({"bolsas": bolsas})),
        1 => (1i64..9000).prop_map(|cargo| json!({"otros_cargos": Decimal::new(cargo, 2).to_string()})),
    ];
    let amounts = (quantity(), price(), affectation, off, extra);
    amounts.prop_map(|(quantity, price, affectation, off, extra)| {
        let mut line = json!({"descripcion": "PRODUCTO", "cantidad": quantity, "precio": price, "afectacion": affectation});
        let charged = !matches!(affectation, "11" | "21");
        if off > 0 && charged {
            line["descuento_porcentaje"] = json!(off);
        }
        for (name, value) in extra.as_object().into_iter().flatten() {
            if affectation == "10" || (charged && name == "otros_cargos") {
                line[name] = value.clone();
            }
        }
        line
    })
}

/// Sales of every sort that has quantities: prices with and without IGV, discounts of lines, a
/// discount on the whole, dollars, boletas.
fn any_sale() -> impl Strategy<Value = Value> {
    let lines = prop::collection::vec(line(), 1..7);
    (
        lines,
        any::<bool>(),
        any::<bool>(),
        prop_oneof![2 => Just(0i64), 1 => 1i64..400],
        any::<bool>(),
        prop_oneof![5 => Just(0i64), 1 => 1i64..9000],
    )
        .prop_map(|(lines, con_igv, dollars, off, boleta, charge)| {
            let mut form = sale();
            if charge > 0 {
                form["otros_cargos"] = json!(Decimal::new(charge, 2).to_string());
            }
            form["precios_con_igv"] = json!(con_igv);
            if boleta {
                form["tipo"] = json!("boleta");
                form["serie"] = json!("BBB1");
            }
            if dollars {
                form["moneda"] = json!("USD");
                form["tipo_de_cambio"] = json!("3.752");
            }
            form["items"] = Value::Array(lines);
            if off > 0 {
                form["descuento_global"] = json!(Decimal::new(off, 2).to_string());
            }
            form
        })
}

/// The form as it would be issued; `None` where chance made one that is refused, such as a discount
/// above everything.
fn try_issued(form: &Value) -> Option<TaxDocument> {
    let checked = check(form.to_string().as_bytes(), now(), &Known::default());
    let document = checked.sendable()?;
    let charged = document.total().is_some_and(|total| !total.is_zero());
    charged.then(|| document.numbered(7))
}

fn sold(document: &TaxDocument) -> Vec<Decimal> {
    let items = document
        .fields()
        .get("items")
        .expect("lines")
        .elements()
        .iter();
    let quantities = items.map(|item| {
        item.as_object()
            .and_then(|it| it.get("cantidad"))
            .and_then(JsonValue::as_str)
    });
    quantities.map(|it| dec(it.expect("a quantity"))).collect()
}

proptest! {
    #[test]
    fn the_whole_is_the_document(form in any_sale()) {
        let Some(document) = try_issued(&form) else { return Ok(()); };
        let note = correct(&document, &Correction::new(motivo("01"), CorrectionScope::Whole, TODAY));
        let note = note.expect("a note");
        let checked = checked_note(&document, &note, Decimal::ZERO);
        // Nothing that the document itself has not: a cent that was spread over its lines.
        let own = check(&document.to_bytes(), now(), &known(&document, Decimal::ZERO));
        prop_assert_eq!(told(&checked), told(&own), "{}", shown(&note));
        assert_adds_up(&document, &[note]);
    }

    #[test]
    fn notes_line_by_line_add_up(form in any_sale()) {
        let Some(document) = try_issued(&form) else { return Ok(()); };
        let quantities = sold(&document);
        let parts = (0..quantities.len()).map(|line| [(line, None)].into());
        add_up(&document, parts);
    }

    #[test]
    fn notes_on_any_quantities_add_up(
        form in any_sale(),
        cuts in prop::collection::vec((0usize..6, 1u32..5), 0..8),
    ) {
        let Some(document) = try_issued(&form) else { return Ok(()); };
        let sold = sold(&document);
        let mut left = sold.clone();
        let mut parts: Vec<BTreeMap<usize, Option<Decimal>>> = Vec::new();
        for (line, divisor) in cuts {
            let line = line % sold.len();
            let part = (left[line] / Decimal::from(divisor + 1)).round_dp(3);
            if part.is_zero() { continue; }
            left[line] -= part;
            parts.push([(line, Some(part))].into());
        }
        parts.push((0..sold.len()).map(|line| (line, None)).collect());
        add_up(&document, parts.into_iter());
    }

    #[test]
    fn a_first_note_on_some_of_a_line_is_clean(form in any_sale(), (line, divisor) in (0usize..6, 2u32..6)) {
        let Some(document) = try_issued(&form) else { return Ok(()); };
        let sold = sold(&document);
        let line = line % sold.len();
        let part = (sold[line] / Decimal::from(divisor)).round_dp(2);
        prop_assume!(!part.is_zero());
        let scope = CorrectionScope::Lines([(line, Some(part))].into());
        match correct(&document, &Correction::new(motivo("07"), scope, TODAY)) {
            Ok(note) => {
                let checked = checked_note(&document, &note, Decimal::ZERO);
                // Where cents were spread over the lines of the document, a part has its share; and
                // what is said of the document's bags is said of the note's.
                let only_cents = checked.hallazgos.iter().all(|it| matches!(it.codigo, "CH-CENTAVO" | "4237"));
                prop_assert!(only_cents, "{}\n{}", told(&checked), shown(&note));
            }
            Err(error) => prop_assert!(matches!(error, CorrectError::TooLittle { .. }), "{error}"),
        }
    }

    #[test]
    fn an_amount_off_the_whole_is_that_amount(form in any_sale(), percent in 1u32..=100) {
        let Some(document) = try_issued(&form) else { return Ok(()); };
        let total = document.total().expect("a total");
        let amount = (total * Decimal::from(percent) / Decimal::ONE_HUNDRED).round_dp(2);
        prop_assume!(!amount.is_zero());
        let note = correct(&document, &Correction::new(motivo("04"), CorrectionScope::Amount(amount), TODAY));
        let sold = ["total_gravada", "total_exonerada", "total_inafecta"];
        if sold.iter().all(|name| document.amount(name).is_none_or(|it| it.is_zero())) {
            prop_assert_eq!(note, Err(CorrectError::Nothing));
            return Ok(());
        }
        let note = note.expect("a note");
        prop_assert_eq!(note.total(), Some(amount));
        let checked = checked_note(&document, &note, Decimal::ZERO);
        prop_assert_eq!(told(&checked), "", "{}", shown(&note));
    }

    #[test]
    fn a_repeated_document_is_as_right_as_the_first(form in any_sale(), days in 1i32..180) {
        let Some(document) = try_issued(&form) else { return Ok(()); };
        let day = TODAY.checked_add(jiff::Span::new().days(days)).expect("a day");
        let again = replicate(&document, day).expect("a document");
        prop_assert_eq!(again.numero(), None);
        prop_assert_eq!(totals(&again), totals(&document));
        let known = Known { exchange_rate: Some(dec("3.801")), restaurant: Some(false), ..Known::default() };
        let then = chaski_core::lima_timestamp(day.at(12, 0, 0, 0));
        let checked = check(&again.to_bytes(), then, &known);
        let errors = checked.hallazgos.iter().filter(|it| it.severidad.as_str() == "error");
        let errors: Vec<_> = errors.map(|it| it.codigo).filter(|it| *it != "CH-CAMBIO").collect();
        prop_assert!(errors.is_empty(), "{}", told(&checked));
    }
}

/// What is left to credit, in money; nothing where nothing is left.
fn rest(document: &TaxDocument, before: &CreditedBefore) -> Option<Decimal> {
    let mut correction = Correction::new(motivo("01"), CorrectionScope::Whole, TODAY);
    correction.before = before.clone();
    correct(document, &correction).ok()?.total()
}

/// Makes the notes one after the other, each knowing of those before, and adds them up.
#[track_caller]
fn add_up(document: &TaxDocument, parts: impl Iterator<Item = BTreeMap<usize, Option<Decimal>>>) {
    let sold = sold(document);
    let total = document.total().expect("a total");
    let (mut before, mut credited, mut notes) =
        (CreditedBefore::default(), Decimal::ZERO, Vec::new());
    for part in parts {
        let mut correction =
            Correction::new(motivo("07"), CorrectionScope::Lines(part.clone()), TODAY);
        correction.before = before.clone();
        let note = match correct(document, &correction) {
            Ok(note) => note,
            Err(CorrectError::TooLittle { .. } | CorrectError::Nothing) => continue,
            Err(error) => panic!("{error}"),
        };
        checked_note(document, &note, credited);
        credited += note.total().expect("a total");
        assert!(credited <= total, "{credited} of {total}");
        for (line, quantity) in part {
            let all = before.quantities.entry(line).or_default();
            *all = quantity.map_or(sold[line], |quantity| *all + quantity);
        }
        notes.push(note);
        // The notes say themselves what they took off: the rest is worth the same.
        let told = CreditedBefore::by_notes(document, &notes).expect("a document that was read");
        assert_eq!(told.amount, Decimal::ZERO, "{}", shown(document));
        assert_eq!(
            rest(document, &told),
            rest(document, &before),
            "{}",
            shown(document)
        );
    }
    if (0..sold.len()).all(|line| before.quantities.get(&line) == Some(&sold[line])) {
        assert_adds_up(document, &notes);
    }
}

#[test]
fn a_repeated_document_moves_its_days() {
    let mut form = sale();
    form["vencimiento"] = json!("2026-12-27");
    form["cuotas"] = json!([{"fecha": "2026-12-15", "importe": "100.00"}, {"fecha": "2026-12-27", "importe": "35.00"}]);
    let document = issued(&form);
    let again = replicate(&document, date(2026, 12, 28)).expect("a document");
    let text = |name: &str| {
        again
            .fields()
            .get(name)
            .and_then(JsonValue::as_str)
            .map(str::to_owned)
    };
    assert_eq!(text("fecha_de_emision").as_deref(), Some("28-12-2026"));
    assert_eq!(text("fecha_de_vencimiento").as_deref(), Some("27-01-2027"));
    let cuotas = again
        .fields()
        .get("venta_al_credito")
        .expect("instalments")
        .to_string();
    assert!(
        cuotas.contains("15-01-2027") && cuotas.contains("27-01-2027"),
        "{cuotas}"
    );
    assert_eq!(again.numero(), None);
    let then = "2026-12-28T12:00:00-05:00".parse().expect("an instant");
    let checked = check(&again.to_bytes(), then, &Known::default());
    assert_eq!(told(&checked), "");
    // The same day again changes nothing but the number.
    let same = replicate(&document, TODAY).expect("a document");
    assert_eq!(same.content_bytes(), document.content_bytes());
}
