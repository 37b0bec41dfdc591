//! What holds of every sale, tried on generated ones: `CHASKI_INVOICE_CASES` says how many (300).
//!
//! The sums and SUNAT's formulas (sunat.md §6) are written here a second time, over the JSON that is
//! sent, so that the arithmetic is not compared with itself.

use chaski_core::invoicing::catalogs::affectations::{Affectation, Tribute};
use chaski_core::invoicing::{CheckedDocument, Known, TaxDocument, check, read_decimal, to_cents};
use jiff::Timestamp;
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use rust_decimal::Decimal;
use serde_json::{Value, json};

fn now() -> Timestamp {
    "2026-11-27T12:00:00-05:00".parse().expect("an instant")
}

fn cases() -> ProptestConfig {
    let number = std::env::var_os("CHASKI_INVOICE_CASES");
    let number = number.and_then(|it| it.to_str()?.parse().ok());
    ProptestConfig {
        cases: number.unwrap_or(300),
        failure_persistence: None,
        max_global_rejects: 1_000_000,
        ..ProptestConfig::default()
    }
}

fn checked(value: &Value) -> CheckedDocument {
    check(value.to_string().as_bytes(), now(), &Known::default())
}

/// A number with so many places, as text.
fn decimal(range: std::ops::Range<u64>, places: u32) -> impl Strategy<Value = String> {
    range
        .prop_map(move |cents| Decimal::from_i128_with_scale(i128::from(cents), places).to_string())
}

prop_compose! {
    fn quantity()(whole in 1u64..60, fraction in 1u64..99_999, cut in any::<u8>()) -> String {
        match cut % 4 {
            0 => Decimal::from_i128_with_scale(i128::from(fraction), 3).to_string(),
            _ => whole.to_string(),
        }
    }
}

prop_compose! {
    fn price()(cents in 1u64..90_000, fine in 1u64..9_000_000, cut in any::<u8>()) -> String {
        let (number, places) = if cut % 5 == 0 { (fine, 4) } else { (cents, 2) };
        Decimal::from_i128_with_scale(i128::from(number), places).to_string()
    }
}

fn affectation() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        8 => Just("10"),
        2 => prop::sample::select(vec!["20", "30"]),
        2 => prop::sample::select(vec![
            "11", "12", "13", "14", "15", "16", "21", "31", "32", "33", "34", "35", "36", "37",
        ]),
    ]
}

prop_compose! {
    fn item(plain: bool)(
        cantidad in quantity(),
        precio in price(),
        afectacion in affectation(),
        off in 0u64..100,
        how in any::<u8>(),
        each in 1u64..300,
        charge in 1u64..2_000,
        extra in any::<u8>(),
    ) -> Value {
        let mut item = json!({
            "descripcion": "ARTÍCULO \"Ñ\"", "cantidad": cantidad, "precio": precio,
        });
        if plain {
            return item;
        }
        item["afectacion"] = json!(afectacion);
        match how % 5 {
            0 => item["descuento_porcentaje"] = json!(off.to_string()),
            1 => {
                let gross = number(&item["cantidad"]) * number(&item["precio"]);
                let part = to_cents(gross * Decimal::from(off) / Decimal::ONE_HUNDRED);
                item["descuento"] = json!(part.min(to_cents(gross)).to_string());
            }
            _ => {}
        }
        let free = Affectation::from_catalog(afectacion).is_some_and(Affectation::is_free);
        if extra % 11 == 0 && !free {
            item["isc"] = json!({"sistema": "01", "tasa": (each % 60).to_string()});
        } else if extra % 11 == 1 && !free {
            let each = Decimal::from_i128_with_scale(i128::from(each), 2).to_string();
            item["isc"] = json!({"sistema": "02", "monto": each});
        }
        if extra % 7 == 0 && number(&item["cantidad"]).fract().is_zero() {
            item["bolsas"] = item["cantidad"].clone();
        }
        if extra % 7 == 1 && !free {
            let charge = Decimal::from_i128_with_scale(i128::from(charge), 2).to_string();
            item["otros_cargos"] = json!(charge);
        }
        item
    }
}

prop_compose! {
    fn draft()(
        plain in any::<bool>(),
        seed in any::<u8>(),
    )(
        items in prop::collection::vec(item(plain), 1..30),
        boleta in any::<bool>(),
        con_igv in any::<bool>(),
        dollars in 0u8..5,
        special in 0u8..6,
        off in prop::option::weighted(0.3, 1u64..90),
        charge in prop::option::weighted(0.15, decimal(1..5_000, 2)),
        paid in prop::option::weighted(0.2, 1u64..=100),
        seed in Just(seed),
    ) -> Value {
        let mut draft = json!({
            "tipo": if boleta { "boleta" } else { "factura" },
            "serie": if boleta { "BBB1" } else { "FFF1" },
            "cliente": {"tipo": "6", "numero": "20512333797", "nombre": "CLIENTE SINTETICO SAC",
                "direccion": "AV. SINTETICA 123 - LIMA"},
            "precios_con_igv": con_igv,
            "items": items,
        });
        if dollars == 0 {
            draft["moneda"] = json!("USD");
            draft["tipo_de_cambio"] = json!("3.752");
        }
        if special == 0 {
            draft["igv"] = json!("10.5");
        }
        if let Some(charge) = charge {
            draft["otros_cargos"] = json!(charge);
        }
        let charged = charged(&draft);
        // Off a price that holds ISC, the discount of the header may exceed the base: that is refused.
        let excised = draft["items"].as_array().is_some_and(|list| {
            list.iter().any(|item| !item["isc"].is_null())
        });
        if let Some(off) = off.filter(|_| !(con_igv && excised)) {
            let off = to_cents(charged * Decimal::from(off) / Decimal::ONE_HUNDRED);
            draft["descuento_global"] = json!(off.to_string());
        }
        if let (Some(paid), Some(document)) = (paid, checked(&draft).document) {
            let alone = |name: &str| document.amount(name).unwrap_or_default();
            let most = alone("total_igv")
                + alone("total_gravada")
                + alone("total_exonerada")
                + alone("total_inafecta");
            let total = to_cents(most * Decimal::from(paid) / Decimal::ONE_HUNDRED);
            // An advance bears no ISC: what it may settle there is not the total.
            if !total.is_zero() && alone("total_isc").is_zero() {
                draft["anticipos"] = json!([
                    {"serie": "FFF1", "numero": 90, "total": total.to_string()}
                ]);
            }
        }
        if !boleta {
            pay(&mut draft, seed);
        }
        draft
    }
}

/// What the lines come to before any discount on the whole, roughly: only what is charged.
fn charged(draft: &Value) -> Decimal {
    let items = draft["items"].as_array().expect("items").iter();
    items
        .filter(|item| {
            let code = item["afectacion"].as_str().unwrap_or("10");
            !Affectation::from_catalog(code).is_some_and(Affectation::is_free)
        })
        .map(|item| {
            let gross = to_cents(number(&item["cantidad"]) * number(&item["precio"]));
            let percent = number(&item["descuento_porcentaje"]);
            let off = to_cents(gross * percent / Decimal::ONE_HUNDRED) + number(&item["descuento"]);
            (gross - off).max(Decimal::ZERO)
        })
        .sum()
}

/// Detracción, retención, percepción or instalments over what is left to pay.
fn pay(draft: &mut Value, seed: u8) {
    match seed % 6 {
        0 => draft["detraccion"] = json!({"codigo": "037"}),
        1 => draft["retencion"] = json!("3"),
        2 => draft["percepcion"] = json!(["2", "1", "0.5"][usize::from(seed) % 3]),
        _ => {}
    }
    let Some(document) = checked(draft).document else {
        return;
    };
    let rate = document.amount("tipo_de_cambio").unwrap_or(Decimal::ONE);
    let amount = |name: &str| document.amount(name).unwrap_or_default();
    let net =
        amount("total") - to_cents(amount("detraccion_total") / rate) - amount("total_retencion");
    if seed % 6 != 2 && seed.is_multiple_of(2) && net > Decimal::ONE {
        let first = to_cents(net / Decimal::TWO);
        draft["cuotas"] = json!([
            {"fecha": "2026-12-27", "importe": first.to_string()},
            {"fecha": "2027-01-27", "importe": (net - first).to_string()},
        ]);
    }
}

fn number(value: &Value) -> Decimal {
    match value {
        Value::String(text) => read_decimal(text).expect("a decimal"),
        Value::Number(number) => number.to_string().parse().expect("a decimal"),
        _ => Decimal::ZERO,
    }
}

fn sent(document: &TaxDocument) -> Value {
    serde_json::from_slice(&document.to_bytes()).expect("JSON")
}

fn near(one: Decimal, other: Decimal, tolerance: &str, what: &str) -> Result<(), TestCaseError> {
    let tolerance: Decimal = tolerance.parse().expect("a decimal");
    prop_assert!(
        (one - other).abs() <= tolerance,
        "{what}: {one} and {other}"
    );
    Ok(())
}

proptest! {
    #![proptest_config(cases())]

    /// A draft that is right becomes a document without errors, which adds up to the cent, keeps the
    /// shelf price, fits SUNAT's formulas, and stays as it is when it is checked again.
    #[test]
    fn a_right_draft_is_a_right_document(draft in draft()) {
        let result = checked(&draft);
        let errors: Vec<_> = result.hallazgos.iter().filter(|it| it.severidad.as_str() != "aviso")
            .map(|it| (it.codigo, &it.campo, &it.esperado)).collect();
        prop_assert!(errors.is_empty(), "{errors:?}");
        let document = result.document.expect("a document");
        let sent = sent(&document);
        adds_up(&sent)?;
        keeps_the_shelf_price(&draft, &sent)?;
        fits_sunat(&sent)?;
        // A fixed point.
        let again = check(&document.to_bytes(), now(), &Known::default());
        prop_assert_eq!(again.document.as_ref(), Some(&document));
        let codes = |it: &CheckedDocument| {
            it.hallazgos.iter().map(|it| it.codigo).collect::<Vec<_>>()
        };
        prop_assert_eq!(codes(&again), codes(&checked(&draft)));
        prop_assert_eq!(again.document.expect("a document").to_bytes(), document.to_bytes());
    }

    /// An amount that is a cent, or a digit, away from what it was is found, or is within a tolerance
    /// that is named here.
    #[test]
    fn a_changed_amount_is_found(draft in draft(), pick in any::<prop::sample::Index>(), how in any::<u8>()) {
        let document = checked(&draft).document.expect("a document");
        let before = check(&document.to_bytes(), now(), &Known::default());
        let mut value = sent(&document);
        let mut places = Vec::new();
        collect_amounts("", &value, &mut places);
        let place = places[pick.index(places.len())].clone();
        let target = value.pointer_mut(&place).expect("the place");
        let old = number(target);
        let new = changed(old, how);
        prop_assume!(new != old);
        *target = serde_json::from_str(&new.to_string()).expect("a number");
        let name = place.rsplit('/').next().expect("a name");
        let after = check(value.to_string().as_bytes(), now(), &Known::default());
        let found = after.hallazgos != before.hallazgos;
        prop_assert!(found || is_tolerated(name, old, new, &place, &value), "{place}: {old} → {new}");
    }

    /// Another affectation is found, unless it is of the same class. An export line is *inafecta* to the
    /// header: it is told by the other lines, or by the operation, which is remarked on.
    #[test]
    fn a_changed_code_is_found(draft in draft(), pick in any::<prop::sample::Index>(), code in 1u8..21) {
        let document = checked(&draft).document.expect("a document");
        let mut value = sent(&document);
        let count = value["items"].as_array().expect("items").len();
        let line = &mut value["items"][pick.index(count)];
        let old = line["tipo_de_igv"].as_u64().and_then(|it| u8::try_from(it).ok());
        prop_assume!(old.is_some() && number(&line["subtotal"]) > Decimal::ZERO);
        let class = |code: u8| Affectation::from_nubefact(code).map(|it| it.tribute);
        let old = class(old.expect("a code"));
        prop_assume!(class(code) != old);
        line["tipo_de_igv"] = json!(code);
        let after = check(value.to_string().as_bytes(), now(), &Known::default());
        let as_an_export = code == 16 && old == Some(Tribute::Inafecto) && count == 1;
        let remarked = after.hallazgos.iter().any(|it| it.campo == "sunat_transaction");
        prop_assert!(after.has_errors() || (as_an_export && remarked), "{code} for {old:?}");
    }
}

proptest! {
    #![proptest_config(cases())]

    /// Quantities with decimals, prices with IGV and a discount each: total, value and discount are
    /// rounded, a cent may move, and the price still fits them.
    #[test]
    fn discounted_prices_fit_their_values(
        lines in prop::collection::vec((1_001u64..1_999, 100u64..5_000, 1u64..100), 20..60),
    ) {
        let items: Vec<Value> = lines.iter().map(|(units, cents, off)| {
            let number = |digits: u64, places: u32| {
                Decimal::from_i128_with_scale(i128::from(digits), places).to_string()
            };
            json!({"descripcion": "A", "cantidad": number(*units, 3), "precio": number(*cents, 2),
                "descuento": number(*off, 2)})
        }).collect();
        let draft = json!({
            "tipo": "factura", "serie": "FFF1", "precios_con_igv": true, "items": items,
            "cliente": {"tipo": "6", "numero": "20512333797", "nombre": "CLIENTE SINTETICO SAC",
                "direccion": "AV. SINTETICA 123 - LIMA"},
        });
        let result = checked(&draft);
        let found: Vec<_> = result.hallazgos.iter().map(|it| (it.codigo, &it.campo)).collect();
        prop_assert!(found.is_empty(), "{found:?}");
        fits_sunat(&sent(&result.document.expect("a document")))?;
    }
}

/// What no program should send, and some do.
fn oddity(which: usize) -> Value {
    let all = [
        json!(null),
        json!(true),
        json!(""),
        json!("x"),
        json!(-1),
        json!(0),
        json!("999999999999.9999999999"),
        json!(999_999_999_999_i64),
        json!("0.0000000001"),
        json!("-100"),
        json!(1e300),
        json!("NaN"),
        json!([]),
        json!([1]),
        json!({}),
        json!("31-12-9999"),
        json!("01-01-0001"),
        json!("17"),
    ];
    all[which % all.len()].clone()
}

/// Pointers of everything in a document.
fn collect_all(place: &str, value: &Value, places: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let place = format!("{place}/{name}");
                places.push(place.clone());
                collect_all(&place, value, places);
            }
        }
        Value::Array(list) => {
            for (index, value) in list.iter().enumerate() {
                collect_all(&format!("{place}/{index}"), value, places);
            }
        }
        _ => {}
    }
}

proptest! {
    #![proptest_config(cases())]

    /// Nothing panics, whatever stands in whichever field, and a checked document is a fixed point
    /// also where it is wrong.
    #[test]
    fn oddities_are_told(
        draft in draft(),
        verbatim in any::<bool>(),
        odd in prop::collection::vec((any::<prop::sample::Index>(), any::<usize>()), 1..6),
    ) {
        let mut value = match checked(&draft).document {
            Some(document) if verbatim => sent(&document),
            _ => draft,
        };
        for (pick, which) in odd {
            let mut places = Vec::new();
            collect_all("", &value, &mut places);
            prop_assume!(!places.is_empty());
            let place = &places[pick.index(places.len())];
            *value.pointer_mut(place).expect("the place") = oddity(which);
        }
        let first = checked(&value);
        if let Some(document) = first.document {
            let bytes = document.to_bytes();
            let again = check(&bytes, now(), &Known::default());
            prop_assert_eq!(again.document.expect("a document").to_bytes(), bytes);
        }
    }
}

/// Header = sum of the lines, and total = its parts, to the cent.
fn adds_up(sent: &Value) -> Result<(), TestCaseError> {
    let mut sums = [Decimal::ZERO; 4];
    let (mut igv, mut isc, mut bolsas) = (Decimal::ZERO, Decimal::ZERO, Decimal::ZERO);
    for line in sent["items"].as_array().expect("items") {
        let tribute = tribute(line);
        let sign = match line["anticipo_regularizacion"].as_bool() {
            Some(true) => Decimal::NEGATIVE_ONE,
            _ => Decimal::ONE,
        };
        let class = match tribute {
            Tribute::Igv | Tribute::Ivap => 0,
            Tribute::Exonerado => 1,
            Tribute::Inafecto | Tribute::Exportacion => 2,
            Tribute::Gratuito => 3,
        };
        sums[class] += sign * number(&line["subtotal"]);
        igv += sign * number(&line["igv"]);
        isc += number(&line["isc"]);
        bolsas += number(&line["impuesto_bolsas"]);
    }
    let discount = number(&sent["descuento_global"]);
    sums[0] -= discount;
    let names = [
        "total_gravada",
        "total_exonerada",
        "total_inafecta",
        "total_gratuita",
    ];
    for (name, sum) in names.into_iter().zip(sums) {
        prop_assert_eq!(number(&sent[name]), sum, "{}", name);
    }
    prop_assert_eq!(number(&sent["total_isc"]), isc);
    prop_assert_eq!(number(&sent["total_impuestos_bolsas"]), bolsas);
    let rate = number(&sent["porcentaje_de_igv"]) / Decimal::ONE_HUNDRED;
    let by_lines = to_cents(igv - to_cents(discount * rate));
    let tolerance = if discount.is_zero() { "0" } else { "0.01" };
    near(
        number(&sent["total_igv"]),
        by_lines,
        tolerance,
        "IGV by lines",
    )?;
    let parts = [
        "total_gravada",
        "total_exonerada",
        "total_inafecta",
        "total_igv",
        "total_isc",
        "total_impuestos_bolsas",
        "total_otros_cargos",
    ];
    let total: Decimal = parts.into_iter().map(|name| number(&sent[name])).sum();
    prop_assert_eq!(number(&sent["total"]), total);
    Ok(())
}

/// Prices with IGV: what the customer pays is what stands on the shelf, less discounts and advances.
fn keeps_the_shelf_price(draft: &Value, sent: &Value) -> Result<(), TestCaseError> {
    let items = draft["items"].as_array().expect("items");
    if draft["precios_con_igv"] != true || items.iter().any(|it| !it["isc"].is_null()) {
        return Ok(());
    }
    let charges: Decimal = items
        .iter()
        .filter(|it| {
            let code = it["afectacion"].as_str().unwrap_or("10");
            !Affectation::from_catalog(code).is_some_and(Affectation::is_free)
        })
        .map(|it| number(&it["otros_cargos"]))
        .sum();
    let paid: Decimal = draft["anticipos"]
        .as_array()
        .map(|list| list.iter().map(|it| number(&it["total"])).sum())
        .unwrap_or_default();
    let shelf = charged(draft) - number(&draft["descuento_global"]) - paid
        + charges
        + number(&draft["otros_cargos"])
        + number(&sent["total_impuestos_bolsas"]);
    prop_assert_eq!(number(&sent["total"]), shelf);
    Ok(())
}

/// SUNAT's formulas, each within its tolerance; our own aim is a cent.
fn fits_sunat(sent: &Value) -> Result<(), TestCaseError> {
    let rate = number(&sent["porcentaje_de_igv"]) / Decimal::ONE_HUNDRED;
    let mut taxed = Decimal::ZERO;
    for line in sent["items"].as_array().expect("items") {
        let (quantity, unit) = (number(&line["cantidad"]), number(&line["valor_unitario"]));
        let (value, igv) = (number(&line["subtotal"]), number(&line["igv"]));
        let isc = number(&line["isc"]);
        // 3271: SUNAT takes a sol; here, half a cent.
        near(
            value,
            quantity * unit - number(&line["descuento"]),
            "0.0051",
            "3271",
        )?;
        let tribute = tribute(line);
        if tribute != Tribute::Igv {
            prop_assert_eq!(igv, Decimal::ZERO, "3110");
            continue;
        }
        // 3103 and 3111.
        near(igv, to_cents((value + isc) * rate), "0.01", "3103")?;
        prop_assert!(
            value + isc <= "0.06".parse().expect("a decimal") || igv > Decimal::ZERO,
            "3111"
        );
        let advance = line["anticipo_regularizacion"] == true;
        taxed += if advance { -(value + isc) } else { value + isc };
        // 3270: the price of one, by SUNAT's formula or NubeFact's.
        let price = number(&line["precio_unitario"]);
        let by_sums = (value + isc + igv) / quantity;
        let by_unit = unit * (Decimal::ONE + rate);
        let off = (price - by_sums).abs().min((price - by_unit).abs());
        near(
            off * quantity.min(Decimal::ONE),
            Decimal::ZERO,
            "0.03",
            "3270",
        )?;
    }
    // 3291: header IGV = rate × base. SUNAT takes a sol; here, a cent.
    taxed -= number(&sent["descuento_global"]);
    near(
        number(&sent["total_igv"]),
        to_cents(taxed * rate),
        "0.01",
        "3291",
    )?;
    // 3265, 3319: instalments are the net amount.
    if let Some(list) = sent["venta_al_credito"].as_array() {
        let sum: Decimal = list.iter().map(|it| number(&it["importe"])).sum();
        prop_assert!(sum <= number(&sent["total"]));
    }
    // 2798: percepción; 3263: retención.
    for (base, amount, percents) in [
        (
            "percepcion_base_imponible",
            "total_percepcion",
            ["0.02", "0.01", "0.005"],
        ),
        (
            "retencion_base_imponible",
            "total_retencion",
            ["0.03", "0.06", "0.03"],
        ),
    ] {
        let (base, amount) = (number(&sent[base]), number(&sent[amount]));
        let fits = percents.into_iter().any(|percent| {
            to_cents(base * percent.parse::<Decimal>().expect("a decimal")) == amount
        });
        prop_assert!(fits, "{base} {amount}");
    }
    Ok(())
}

fn tribute(line: &Value) -> Tribute {
    let code = u8::try_from(line["tipo_de_igv"].as_u64().expect("a code")).expect("small");
    Affectation::from_nubefact(code)
        .expect("a known code")
        .tribute
}

/// Pointers of all amounts: numbers that are no codes.
fn collect_amounts(place: &str, value: &Value, places: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let code = [
                    "tipo_",
                    "numero",
                    "moneda",
                    "sunat_",
                    "percepcion_tipo",
                    "retencion_tipo",
                    "detraccion_tipo",
                    "medio_",
                    "cuota",
                    "anticipo_documento",
                ];
                if value.is_number()
                    && code.iter().any(|it| name.starts_with(it))
                    && name != "tipo_de_cambio"
                {
                    continue;
                }
                collect_amounts(&format!("{place}/{name}"), value, places);
            }
        }
        Value::Array(list) => {
            for (index, value) in list.iter().enumerate() {
                collect_amounts(&format!("{place}/{index}"), value, places);
            }
        }
        Value::Number(_) => places.push(place.to_owned()),
        _ => {}
    }
}

/// A cent more or less, or one digit changed.
fn changed(old: Decimal, how: u8) -> Decimal {
    let cent: Decimal = "0.01".parse().expect("a decimal");
    match how % 3 {
        0 => old + cent,
        1 if old >= cent => old - cent,
        _ => {
            let text = old.to_string();
            let digits: Vec<usize> = text
                .char_indices()
                .filter(|(_, c)| c.is_ascii_digit())
                .map(|(index, _)| index)
                .collect();
            let at = digits[usize::from(how) % digits.len()];
            let digit = (text.as_bytes()[at] - b'0' + 1 + how % 8) % 10;
            let mut bytes = text.into_bytes();
            bytes[at] = b'0' + digit;
            let text = String::from_utf8(bytes).expect("digits");
            text.parse().unwrap_or(old)
        }
    }
}

/// What no rule of SUNAT or NubeFact ties to anything closer.
fn is_tolerated(name: &str, old: Decimal, new: Decimal, place: &str, value: &Value) -> bool {
    let off = (new - old).abs();
    let within = |limit: &str| off <= limit.parse::<Decimal>().expect("a decimal");
    let line = place
        .rsplit_once('/')
        .and_then(|(line, _)| value.pointer(line));
    let field = |name: &str| line.map(|it| number(&it[name])).unwrap_or_default();
    match name {
        // 3270 within three cents, against either of two formulas.
        "precio_unitario" => {
            let units = field("cantidad").min(Decimal::ONE);
            // One of them leaves ISC out.
            let percent = Decimal::ONE + number(&value["porcentaje_de_igv"]) / Decimal::ONE_HUNDRED;
            let valor = field("valor_unitario");
            let without_isc = [valor, valor * percent]
                .map(|it| (it - new).abs() * units <= "0.03".parse().expect("a decimal"));
            off * units <= "0.05".parse().expect("a decimal")
                || (!field("isc").is_zero() && without_isc.contains(&true))
        }
        // A unit value or a quantity matters as far as it moves the rounded value of the line.
        "valor_unitario" => off * field("cantidad") < "0.0101".parse().expect("a decimal"),
        "cantidad" => {
            let unit = field("valor_unitario");
            off * unit < "0.0101".parse().expect("a decimal")
        }
        // NubeFact does not enforce the sum of discounts; a rate moves what is within a sol.
        "total_descuento" | "detraccion_porcentaje" | "tipo_de_cambio" => true,
        "detraccion_total" => within("1.00"),
        // Products within a cent.
        "total_retencion" | "total_percepcion" | "percepcion_base_imponible" => within("0.01"),
        "retencion_base_imponible" => within("0.67"),
        // The detracción is converted back from soles.
        "importe" => within("0.01") && value["moneda"] != 1 && !value["detraccion"].is_null(),
        // No line bears it.
        "porcentaje_de_igv" => value["items"]
            .as_array()
            .expect("items")
            .iter()
            .all(|line| {
                let code =
                    u8::try_from(line["tipo_de_igv"].as_u64().expect("a code")).expect("small");
                !Affectation::from_nubefact(code).expect("a code").bears_igv
            }),
        _ => false,
    }
}
