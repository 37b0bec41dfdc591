//! Documents that are generated: right ones are taken, and a cent, a digit or a code changed at random
//! is refused, or is within what is taken.

use serde_json::{Map, Value, json};

use crate::nubefact_kit::{factura, nube, with};

/// Reproducible draws, of this test alone.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, bound: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// Cents as an amount.
fn amount(cents: i128) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

/// Half away from zero.
fn divided(number: i128, by: i128) -> i128 {
    (2 * number + by) / (2 * by)
}

/// A factura of taxed, exonerated, unaffected and free lines, some with discount, ISC, bag tax,
/// in whole cents throughout.
fn generated(dice: &mut Dice, numero: u32) -> Value {
    let mut items = Vec::new();
    let mut sums: [i128; 7] = [0; 7];
    let [
        gravada,
        exonerada,
        inafecta,
        gratuita,
        igv_sum,
        isc_sum,
        bag_sum,
    ] = &mut sums;
    for place in 0..=dice.roll(8) {
        let quantity = i128::from(1 + dice.roll(2000));
        let value = i128::from(1 + dice.roll(99_999));
        // Quantity in hundredths, value in thousandths: cents are the product by 1000.
        let gross = divided(quantity * value, 1000);
        let discount = i128::from(dice.roll(4) / 3) * (gross / 10);
        let base = gross - discount;
        let tipo = match dice.roll(8) {
            0 => 8,
            1 => 9,
            2 => 6,
            _ => 1,
        };
        let isc = if tipo == 1 && dice.roll(6) == 0 {
            base / 5
        } else {
            0
        };
        let bags = if tipo == 1 && dice.roll(6) == 0 {
            50
        } else {
            0
        };
        let igv = if tipo == 1 {
            divided((base + isc) * 18, 100)
        } else {
            0
        };
        match tipo {
            1 => *gravada += base,
            8 => *exonerada += base,
            9 => *inafecta += base,
            _ => *gratuita += base,
        }
        *igv_sum += igv;
        *isc_sum += isc;
        *bag_sum += bags;
        items.push(json!({
            "unidad_de_medida": "NIU",
            "descripcion": format!("PRODUCTO {place}"),
            "cantidad": amount(quantity),
            "valor_unitario": format!("{}.{:03}", value / 1000, value % 1000),
            "precio_unitario": format!("{}.{:03}", value / 1000, value % 1000),
            "descuento": amount(discount),
            "subtotal": amount(base),
            "tipo_de_igv": tipo,
            "igv": amount(igv),
            "tipo_de_isc": if isc > 0 { json!(1) } else { Value::Null },
            "isc": amount(isc),
            "impuesto_bolsas": amount(bags),
            "total": amount(base + igv + isc + bags),
            "anticipo_regularizacion": false,
        }));
    }
    let total = sums[0] + sums[1] + sums[2] + sums[4] + sums[5] + sums[6];
    let names = [
        "total_gravada",
        "total_exonerada",
        "total_inafecta",
        "total_gratuita",
        "total_igv",
        "total_isc",
        "total_impuestos_bolsas",
    ];
    let totals: Map<String, Value> = names
        .iter()
        .zip(sums)
        .map(|(name, sum)| ((*name).to_owned(), amount(sum).into()))
        .collect();
    with(
        with(factura(numero), Value::Object(totals)),
        json!({ "items": items, "total": amount(total) }),
    )
}

#[test]
fn right_documents_are_taken_and_a_cent_in_a_total_is_not() {
    let mut dice = Dice(20_261_127);
    let nube = nube();
    let totals = [
        "total_gravada",
        "total_exonerada",
        "total_inafecta",
        "total_gratuita",
        "total_igv",
        "total_isc",
        "total_impuestos_bolsas",
        "total",
    ];
    for numero in 1..=400 {
        let document = generated(&mut dice, numero);
        for _ in 0..2 {
            let field = totals[usize::try_from(dice.roll(8)).unwrap()];
            let said: f64 = document[field].as_str().unwrap().parse().unwrap();
            let wrong = with(
                document.clone(),
                json!({ field: format!("{:.2}", said + 0.01) }),
            );
            assert_eq!(nube.refused(&wrong), (400, 21), "{field} of {document}");
        }
        nube.done(&document);
    }
}

/// A digit of any number of a line, or a code, changed: refused, or a product off by a cent.
#[test]
fn a_changed_line_is_refused_or_within_a_cent() {
    let mut dice = Dice(7);
    let fields = [
        "cantidad",
        "valor_unitario",
        "descuento",
        "subtotal",
        "igv",
        "isc",
        "total",
    ];
    let (mut taken, mut refused) = (0, 0);
    for numero in 1..=600 {
        let document = generated(&mut dice, numero);
        let count = document["items"].as_array().unwrap().len();
        let place = usize::try_from(dice.roll(count as u64)).unwrap();
        let field = fields[usize::try_from(dice.roll(7)).unwrap()];
        let mut wrong = document.clone();
        let line = &mut wrong["items"][place];
        let mut digits: Vec<char> = line[field].as_str().unwrap().chars().collect();
        let at = usize::try_from(dice.roll(digits.len() as u64)).unwrap();
        let Some(digit) = digits[at].to_digit(10) else {
            continue;
        };
        digits[at] = char::from_digit((digit + 1) % 10, 10).unwrap();
        line[field] = digits.into_iter().collect::<String>().into();
        let (status, _) = nube().post(&wrong);
        if status == 400 {
            refused += 1;
            continue;
        }
        taken += 1;
        // What is taken is a quantity, value or discount that moves the product by a cent at most.
        let line = &wrong["items"][place];
        let number = |key: &str| line[key].as_str().unwrap().parse::<f64>().unwrap();
        let product = number("cantidad") * number("valor_unitario") - number("descuento");
        let off = (product - number("subtotal")).abs();
        let is_free = line["tipo_de_igv"] == 6;
        assert!(
            off <= 0.0151 && (is_free || field != "total"),
            "{field}: {document} {wrong}"
        );
    }
    assert!(
        refused > 400 && taken < 80,
        "{refused} refused, {taken} taken"
    );
}
