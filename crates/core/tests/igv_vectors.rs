//! Acceptance vectors of IGV and totals, each to its tolerance: the amounts of other programs' golden
//! documents and of SUNAT's own formulas.
//!
//! With `CHASKI_IGV_VECTORS=FILE` the vectors of that file, of the same form, are read at run time,
//! and each is printed as passed or failed.

use std::fmt::Write as _;
use std::io::Write as _;

use chaski_core::invoicing::catalogs::affectations::{Affectation, Tribute};
use chaski_core::invoicing::{
    LineAmounts, LineDiscount, LineExcise, LineTerms, SaleAmounts, SaleTerms, compute,
    detraccion_in_soles, percent_of, product, quotient, to_cents,
};
use rust_decimal::Decimal;
use serde_json::Value;

#[test]
fn vectors_hold() {
    let elsewhere = std::env::var_os("CHASKI_IGV_VECTORS");
    let file = match &elsewhere {
        Some(file) => std::fs::read(file).expect("the file that CHASKI_IGV_VECTORS names"),
        None => include_bytes!("samples/igv-vectors-dev.json").to_vec(),
    };
    let file: Value = serde_json::from_slice(&file).expect("JSON");
    let vectors = file["vectores"].as_array().expect("a list of vectors");
    assert!(!vectors.is_empty());
    let mut report = String::new();
    let mut failed = 0;
    for vector in vectors {
        let id = vector["id"].as_str().unwrap_or("?");
        let wrong = check(vector);
        if wrong.is_empty() {
            writeln!(report, "passed {id}").expect("a String");
        } else {
            failed += 1;
            writeln!(report, "FAILED {id}: {}", wrong.join("; ")).expect("a String");
        }
    }
    let passed = vectors.len() - failed;
    writeln!(report, "{passed} of {} vectors passed", vectors.len()).expect("a String");
    if elsewhere.is_some() || failed > 0 {
        // Not through `print!`, which a test that passes does not show.
        let _ = std::io::stderr().write_all(report.as_bytes());
    }
    assert_eq!(failed, 0, "vectors failed");
}

/// What a vector has in common with a document, computed by the product.
struct Computed {
    terms: SaleTerms,
    sale: SaleAmounts,
    /// Discounts and charges that touch no base: SUNAT's 01 and 48 of lines, 03 and 50 of the whole.
    off_lines: Vec<Decimal>,
    off: Decimal,
    on: Decimal,
}

fn check(vector: &Value) -> Vec<String> {
    match computed(vector) {
        Ok(computed) => compare(vector, &computed),
        Err(why) => vec![why],
    }
}

fn computed(vector: &Value) -> Result<Computed, String> {
    let entry = &vector["entrada"];
    let items = entry["items"].as_array().ok_or("no items")?;
    let with_igv = items.iter().filter(|it| !it["precio_con_igv"].is_null());
    let con_igv = with_igv.count() == items.len();
    let percent = items
        .iter()
        .filter(|it| it["afectacion_igv"] != "17")
        .filter_map(|it| decimal(&it["tasa_igv_pct"]))
        .find(|it| !it.is_zero())
        .unwrap_or_default();
    let mut terms = SaleTerms::new(percent, con_igv);
    let (mut off_lines, mut off, mut on) = (Vec::new(), Decimal::ZERO, Decimal::ZERO);
    for item in items {
        let mut line = line(item, con_igv)?;
        let mut off_line = Decimal::ZERO;
        for change in list(&item["cargos_descuentos"]) {
            let amount = decimal(&change["monto"]).ok_or("no amount")?;
            let discount = |sign: Decimal, line: &mut LineTerms| {
                if let LineDiscount::Amount(now) = line.descuento {
                    line.descuento = LineDiscount::Amount(now + sign * amount);
                }
            };
            match change["codigo"].as_str() {
                Some("00") => discount(Decimal::ONE, &mut line),
                Some("47") => discount(Decimal::NEGATIVE_ONE, &mut line),
                Some("01") => off_line += amount,
                Some("48") => off_line -= amount,
                other => return Err(format!("line discount {other:?} is not known")),
            }
        }
        if off_line.is_sign_negative() {
            on -= off_line;
        } else {
            off += off_line;
        }
        off_lines.push(off_line);
        terms.lines.push(line);
    }
    for change in list(&entry["cargos_descuentos_globales"]) {
        let amount = decimal(&change["monto"]).ok_or("no amount")?;
        match change["codigo"].as_str() {
            Some("02") => terms.descuento_global += amount,
            Some("49") => terms.lines.push(charge(amount)),
            Some("03" | "63") => off += amount,
            Some("45" | "46" | "50") => on += amount,
            // The advance itself is stated with IGV; percepción and retención are not in the total.
            Some("04" | "05" | "06" | "51" | "52" | "53" | "61" | "62") => {}
            other => return Err(format!("global discount {other:?} is not known")),
        }
    }
    if let Some(total) = decimal(&entry["total_anticipos"]) {
        terms.anticipos.push(total);
    }
    let sale = compute(&terms).map_err(|fault| format!("{fault:?}"))?;
    Ok(Computed {
        terms,
        sale,
        off_lines,
        off,
        on,
    })
}

/// A charge on the whole that bears IGV: NubeFact has no field for it, so it is a line.
fn charge(amount: Decimal) -> LineTerms {
    LineTerms {
        affectation: Affectation::from_catalog("10").expect("a code of SUNAT's"),
        cantidad: Decimal::ONE,
        precio: amount,
        descuento: LineDiscount::Amount(Decimal::ZERO),
        isc: None,
        bolsas: Decimal::ZERO,
        otros_cargos: Decimal::ZERO,
    }
}

fn line(item: &Value, con_igv: bool) -> Result<LineTerms, String> {
    let code = item["afectacion_igv"].as_str().ok_or("no affectation")?;
    let mut affectation = Affectation::from_catalog(code).ok_or("unknown affectation")?;
    let reference = decimal(&item["valor_referencial_unitario"]);
    if reference.is_some() && !affectation.is_free() {
        affectation = affectation.given_away().ok_or("not to be given away")?;
    }
    let given = decimal(&item["precio_con_igv"]).map(|price| {
        let percent = decimal(&item["tasa_igv_pct"]).unwrap_or_default();
        let hundred = Decimal::ONE_HUNDRED;
        if con_igv {
            price
        } else {
            quotient(price * hundred, hundred + percent, 10).expect("a price")
        }
    });
    let precio = given
        .or(reference)
        .or_else(|| decimal(&item["valor_unitario"]))
        .ok_or("no price")?;
    let bolsas = match &item["icbper"] {
        Value::Null => Decimal::ZERO,
        tax => product(
            decimal(&tax["bolsas"]).ok_or("no bags")?,
            decimal(&tax["monto_por_bolsa"]).ok_or("no rate of bags")?,
            2,
        )
        .ok_or("too many bags")?,
    };
    let isc = &item["isc"];
    let isc = decimal(&isc["tasa_pct"])
        .map(LineExcise::Percent)
        .or_else(|| {
            decimal(&isc["monto_por_unidad"])
                .or_else(|| decimal(&isc["monto"]))
                .map(LineExcise::PerUnit)
        });
    Ok(LineTerms {
        affectation,
        cantidad: decimal(&item["cantidad"]).ok_or("no quantity")?,
        precio,
        descuento: LineDiscount::Amount(Decimal::ZERO),
        isc,
        bolsas,
        otros_cargos: Decimal::ZERO,
    })
}

fn compare(vector: &Value, computed: &Computed) -> Vec<String> {
    let mut compared = Comparison {
        tolerance: decimal(&vector["tolerancia"]).unwrap_or_default(),
        wrong: Vec::new(),
    };
    let (expected, sale) = (&vector["esperado"], &computed.sale);
    for (index, line) in list(&expected["lineas"]).enumerate() {
        match (computed.terms.lines.get(index), sale.lines.get(index)) {
            (Some(terms), Some(amounts)) => {
                let off = computed.off_lines[index];
                compare_line(line, terms, amounts, off, index, &mut compared);
            }
            _ => compared.wrong.push(format!("there is no line {index}")),
        }
    }
    for tribute in list(&expected["tributos"]) {
        let code = tribute["codigo"].as_str().unwrap_or_default();
        let (base, amount) = tribute_of(code, computed);
        compared.that(&format!("tributo {code} base"), &tribute["base"], base);
        compared.that(&format!("tributo {code} monto"), &tribute["monto"], amount);
    }
    let taxes = sale.igv + sale.isc + sale.bolsas;
    let advances: Decimal = sale.anticipos.iter().map(|it| it.total).sum();
    let value = sale.gravada + sale.exonerada + sale.inafecta + sale.anticipo;
    let igv_of_advances: Decimal = sale.anticipos.iter().map(|it| it.igv).sum();
    let round = decimal(&vector["entrada"]["redondeo"]).unwrap_or_default();
    let total = sale.total - computed.off + computed.on + round;
    compared.that("total_tributos", &expected["total_tributos"], taxes);
    compared.that("valor_venta", &expected["valor_venta"], value);
    let price = value + taxes + igv_of_advances;
    compared.that("precio_venta", &expected["precio_venta"], price);
    compared.that("descuentos", &expected["descuentos"], computed.off);
    compared.that("cargos", &expected["cargos"], computed.on);
    compared.that("anticipos", &expected["anticipos"], advances);
    compared.that("redondeo", &expected["redondeo"], round);
    compared.that("importe_total", &expected["importe_total"], total);
    if vector["cuestionable"].is_null() {
        compare_withheld(vector, total, &mut compared);
    }
    compared.wrong
}

fn compare_line(
    expected: &Value,
    terms: &LineTerms,
    line: &LineAmounts,
    off: Decimal,
    index: usize,
    compared: &mut Comparison,
) {
    let free = terms.affectation.is_free();
    let igv = line.igv + line.igv_gratuito;
    let taxes = terms.bolsas
        + if free {
            Decimal::ZERO
        } else {
            line.igv + line.isc
        };
    let code = terms.affectation.tribute.code();
    if expected["codigo_tributo"] != code {
        let wanted = &expected["codigo_tributo"];
        compared
            .wrong
            .push(format!("line {index}: tribute {code}, expected {wanted}"));
    }
    let mut that = |name: &str, amount| {
        compared.that(&format!("line {index} {name}"), &expected[name], amount);
    };
    that("valor_venta", line.subtotal);
    that("base_igv", line.subtotal + line.isc);
    that("igv", igv);
    that("isc", line.isc);
    that("base_isc", line.subtotal);
    that("icbper", terms.bolsas);
    that("total_tributos", taxes);
    let wanted = &expected["precio_unitario_con_impuestos"];
    if let Some(wanted) = decimal(wanted) {
        let price = line.subtotal + line.igv + line.isc - off;
        let price = quotient(price, terms.cantidad, wanted.scale()).expect("a price");
        that("precio_unitario_con_impuestos", price);
    }
}

/// Base and amount of a tribute in the header.
fn tribute_of(code: &str, computed: &Computed) -> (Decimal, Decimal) {
    let sale = &computed.sale;
    let lines = || computed.terms.lines.iter().zip(&sale.lines);
    let of = |tribute: Tribute| lines().filter(move |it| it.0.affectation.tribute == tribute);
    let value = |tribute: Tribute| of(tribute).map(|it| it.1.subtotal).sum::<Decimal>();
    let advances = |tribute: Tribute| {
        let mine = sale.anticipos.iter();
        mine.filter(move |it| it.affectation.tribute == tribute)
            .map(|it| it.subtotal)
            .sum::<Decimal>()
    };
    let net = |tribute: Tribute| value(tribute) - advances(tribute) - sale.descuento_global;
    match code {
        "1000" => (net(Tribute::Igv), sale.igv),
        "1016" => (net(Tribute::Ivap), sale.igv),
        "2000" => {
            let bearing = lines().filter(|it| !it.1.isc.is_zero());
            (bearing.map(|it| it.1.subtotal).sum(), sale.isc)
        }
        "7152" => (Decimal::ZERO, sale.bolsas),
        "9995" => (
            value(Tribute::Exportacion) - advances(Tribute::Exportacion),
            Decimal::ZERO,
        ),
        "9996" => (
            sale.gratuita,
            sale.lines.iter().map(|it| it.igv_gratuito).sum(),
        ),
        "9997" => (sale.exonerada, Decimal::ZERO),
        "9998" => (
            value(Tribute::Inafecto) - advances(Tribute::Inafecto),
            Decimal::ZERO,
        ),
        _ => (Decimal::NEGATIVE_ONE, Decimal::NEGATIVE_ONE),
    }
}

fn compare_withheld(vector: &Value, total: Decimal, compared: &mut Comparison) {
    let (entry, expected) = (&vector["entrada"], &vector["esperado"]);
    let percent =
        |name: &str| decimal(&entry[name]["pct"]).or_else(|| decimal(&expected[name]["pct"]));
    if let Some(percent) = percent("detraccion") {
        let rate = decimal(&vector["documento"]["tipo_cambio"]).unwrap_or(Decimal::ONE);
        let amount = detraccion_in_soles(total, rate, percent).expect("an amount");
        compared.that("detraccion", &expected["detraccion"]["monto"], amount);
    }
    if let Some(percent) = percent("percepcion") {
        let amount = percent_of(total, percent).expect("an amount");
        let wanted = &expected["percepcion"];
        compared.that("percepcion base", &wanted["base"], total);
        compared.that("percepcion", &wanted["monto"], amount);
        let whole = total + amount;
        compared.that(
            "total con percepcion",
            &wanted["total_con_percepcion"],
            whole,
        );
    }
}

struct Comparison {
    tolerance: Decimal,
    wrong: Vec<String>,
}

impl Comparison {
    /// Nothing is compared where the vector expects nothing.
    fn that(&mut self, name: &str, expected: &Value, found: Decimal) {
        if let Some(wanted) = decimal(expected)
            && (to_cents(found) - to_cents(wanted)).abs() > self.tolerance
        {
            self.wrong
                .push(format!("{name} is {found}, expected {wanted}"));
        }
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn decimal(value: &Value) -> Option<Decimal> {
    value.as_str()?.parse().ok()
}
