//! Check and sandbox, two readings of one manual, agree: what the check lets through the sandbox takes, and
//! what SUNAT's rules refuse in the check the sandbox refuses; for right documents of every kind, and for
//! the same with a cent, a digit or a code changed.
//!
//! `CHASKI_AGREEMENT_CASES` says how many documents (600).

use std::collections::BTreeMap;

use bytes::Bytes;
use chaski_core::invoicing::{Known, check};
use chaski_sandbox::{Sandbox, SandboxConfig};
use fastrand::Rng;
use http::Request;
use jiff::Timestamp;
use rust_decimal::Decimal;
use serde_json::{Value, json};

const RUTA: &str = "0f8fad5b-d9cb-469f-a165-70867728950e";

/// Where the two differ, and why they may: the field that was changed, what the check says (`-`: nothing), and
/// the reason.
const DIFFERENCES: &[(&str, &str, &str)] = &[
    (
        "cliente_tipo_de_documento",
        "2801",
        "the manual of guías says no length of a DNI; the sandbox asks for none there",
    ),
    (
        "porcentaje_de_igv",
        "3462",
        "where only free lines are of the taxed kind, the sandbox says nothing of a rate that no amount uses",
    ),
];

fn now() -> Timestamp {
    "2026-11-27T12:00:00-05:00".parse().unwrap()
}

fn cases() -> u64 {
    let number = std::env::var_os("CHASKI_AGREEMENT_CASES");
    let number = number.and_then(|it| it.to_str()?.parse().ok());
    number.unwrap_or(600)
}

/// What both say of the same bytes.
struct Opinions {
    /// Codes of the check's errors.
    errors: Vec<&'static str>,
    /// The sandbox's refusal, if it is one.
    refusal: Option<String>,
}

async fn opinions(sandbox: &Sandbox, body: &Value) -> Opinions {
    let text = body.to_string();
    let checked = check(text.as_bytes(), now(), &Known::default());
    let errors = checked.hallazgos.iter();
    let errors = errors.filter(|it| it.severidad.as_str() == "error");
    let request = Request::post(format!("https://api.nubefact.com/api/v1/{RUTA}"))
        .header("content-type", "application/json")
        .header("authorization", "Token token=\"prueba\"")
        .body(Bytes::from(text.clone()))
        .unwrap();
    let answer = sandbox.call(request).await.unwrap();
    let said: Value = serde_json::from_slice(answer.body()).unwrap();
    let refused = answer.status() != 200;
    Opinions {
        errors: errors.map(|it| it.codigo).collect(),
        refusal: refused.then(|| format!("{} {}", said["codigo"], said["errors"])),
    }
}

impl Opinions {
    /// How they differ, if they do; errors that are not SUNAT's are ours alone to find.
    fn difference(&self) -> Option<String> {
        let is_sunat = |code: &&&str| code.bytes().all(|it| it.is_ascii_digit());
        match (&self.refusal, self.errors.first()) {
            (Some(refusal), None) => Some(format!("only the sandbox refuses: {refusal}")),
            (None, Some(_)) => {
                let code = self.errors.iter().find(is_sunat)?;
                Some(format!("only the check refuses: {code}"))
            }
            _ => None,
        }
    }
}

/// One difference, as it is counted.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Disagreement {
    field: String,
    how: String,
}

#[tokio::test(start_paused = true)]
async fn check_and_sandbox_agree() {
    let sandbox = Sandbox::new(SandboxConfig::new(now)).unwrap();
    let mut found: BTreeMap<Disagreement, (u32, String)> = BTreeMap::new();
    let (mut right, mut changes, mut refused) = (0, 0, 0);
    for seed in 0..cases() {
        let mut dice = Dice(Rng::with_seed(seed));
        let numero = u32::try_from(2 * seed + 1).unwrap();
        let Some(document) = dice.document(numero) else {
            continue;
        };
        // 1. As it is.
        let as_it_is = opinions(&sandbox, &document).await;
        right += u32::from(as_it_is.errors.is_empty());
        let is_sale = document["operacion"] == "generar_comprobante";
        let may_be_void = is_sale && document["serie"] == "FFF1" && as_it_is.refusal.is_none();
        let mut note = |field: &str, opinions: &Opinions, body: &Value| {
            if let Some(how) = opinions.difference()
                && !is_known(field, opinions)
            {
                let field = field.to_owned();
                let first = || (0, format!("seed {seed}: {body}"));
                let entry = found.entry(Disagreement { field, how });
                entry.or_insert_with(first).0 += 1;
            }
        };
        note("", &as_it_is, &document);
        if may_be_void {
            let void = dice.void(&document);
            note("anulacion", &opinions(&sandbox, &void).await, &void);
        }
        // 2. With one thing changed, under a number of its own.
        let mut altered = document.clone();
        altered["numero"] = (numero + 1).into();
        if let Some(field) = dice.change(&mut altered) {
            let opinions = opinions(&sandbox, &altered).await;
            changes += 1;
            refused += u32::from(opinions.refusal.is_some());
            note(&field, &opinions, &altered);
        }
    }
    let shown: Vec<String> = found
        .iter()
        .map(|(it, (times, first))| format!("{times} × {}: {}\n    {first}", it.field, it.how))
        .collect();
    assert!(shown.is_empty(), "{}", shown.join("\n"));
    // The property says something: most documents are right, and most changes are found.
    assert!(u64::from(right) > cases() * 9 / 10, "{right} are right");
    assert!(refused > changes / 3, "{refused} of {changes}");
}

fn is_known(field: &str, opinions: &Opinions) -> bool {
    let code = opinions.errors.first().copied().unwrap_or("-");
    DIFFERENCES
        .iter()
        .any(|(of, says, _)| *of == field && *says == code)
}

/// Documents at random.
struct Dice(Rng);

impl Dice {
    /// A right document of any kind.
    fn document(&mut self, numero: u32) -> Option<Value> {
        let mut document = match self.0.u8(0..20) {
            0 => self.guia(),
            1 => self.withholding(),
            _ => self.sale(),
        }?;
        document["numero"] = numero.into();
        Some(document)
    }

    /// Out of a simple form, which the check makes a document of.
    fn sale(&mut self) -> Option<Value> {
        let boleta = self.0.bool();
        let serie = if boleta { "BBB1" } else { "FFF1" };
        let special = self.0.u8(0..16);
        let plain = self.0.bool();
        let lines = self.0.usize(1..9);
        let plain = plain || !(2..12).contains(&special);
        let mut items: Vec<Value> = (0..lines).map(|_| self.item(plain)).collect();
        if special == 12 {
            // Rice: all lines, or with free ones among them.
            for item in &mut items {
                item["afectacion"] = "17".into();
            }
        }
        let mut form = json!({
            "tipo": if boleta { "boleta" } else { "factura" },
            "serie": serie,
            "fecha": "2026-11-27",
            "cliente": {"tipo": "6", "numero": "20512333797", "nombre": "CLIENTE SINTETICO SAC",
                "direccion": "AV. SINTETICA 123 - LIMA"},
            "precios_con_igv": self.0.bool(),
            "items": items,
        });
        if self.0.u8(0..5) == 0 {
            form["moneda"] = "USD".into();
            form["tipo_de_cambio"] = "3.752".into();
        }
        if boleta && self.0.bool() {
            form["cliente"] =
                json!({"tipo": "1", "numero": "00000001", "nombre": "CLIENTE DE PRUEBA"});
        }
        match special {
            // A note.
            0 => {
                form["tipo"] = self.pick(&["nota_credito", "nota_debito"]).into();
                let motivo = if form["tipo"] == "nota_credito" {
                    self.pick(&["01", "02", "03", "06", "07", "09"])
                } else {
                    self.pick(&["01", "02", "03"])
                };
                form["nota"] = json!({"motivo": motivo, "documento": format!("{serie}-9000001"),
                    "sustento": "PRUEBA"});
            }
            // An export.
            1 if !boleta => {
                form["exportacion"] = true.into();
                form["cliente"]["tipo"] = "0".into();
                form["cliente"]["numero"] = "X123456".into();
            }
            2 => form["igv"] = "10.5".into(),
            3 => form["otros_cargos"] = self.cents(1, 5_000).into(),
            4 | 5 => form["descuento_global"] = self.cents(1, 100).into(),
            6 if !boleta => form["detraccion"] = json!({"codigo": "037"}),
            7 if !boleta => form["retencion"] = "3".into(),
            8 if !boleta => form["percepcion"] = self.pick(&["2", "1", "0.5"]).into(),
            9 if !boleta => {
                let total = sent(&form)?["total"].to_string().parse::<Decimal>().ok()?;
                let first = (total / Decimal::TWO).round_dp(2);
                form["cuotas"] = json!([
                    {"fecha": "2026-12-27", "importe": first.to_string()},
                    {"fecha": "2027-01-27", "importe": (total - first).to_string()},
                ]);
            }
            // What was paid before, a part of it or all.
            13 => {
                let total = sent(&form)?["total"].to_string().parse::<Decimal>().ok()?;
                let part = Decimal::from(self.pick_of(&[1, 2, 3, 7]));
                let paid = (total / part).round_dp(2).to_string();
                form["anticipos"] = json!([{"serie": serie, "numero": 9_000_001, "total": paid}]);
            }
            // Other days of payment: the amount stays.
            14 if !boleta => {
                let total = sent(&form)?["total"].to_string().parse::<Decimal>().ok()?;
                let first = (total / Decimal::from(3)).round_dp(2);
                form["tipo"] = "nota_credito".into();
                form["nota"] = json!({"motivo": "13", "documento": format!("{serie}-9000001"),
                    "sustento": "PRUEBA"});
                form["cuotas"] = json!([
                    {"fecha": "2026-12-27", "importe": first.to_string()},
                    {"fecha": "2027-01-27", "importe": (total - first).to_string()},
                ]);
            }
            15 => form["es_anticipo"] = true.into(),
            _ => {}
        }
        sent(&form)
    }

    /// A void of a document, with reasons that are right and wrong.
    fn void(&mut self, document: &Value) -> Value {
        let reasons = ["ERROR DE DIGITACIÓN", "", "x", "a\u{1}b"].map(str::to_owned);
        let longest = ["x".repeat(100), "x".repeat(101)];
        let reasons: Vec<String> = reasons.into_iter().chain(longest).collect();
        json!({
            "operacion": "generar_anulacion",
            "tipo_de_comprobante": document["tipo_de_comprobante"],
            "serie": document["serie"],
            "numero": document["numero"],
            "motivo": reasons[self.0.usize(0..reasons.len())],
        })
    }

    fn item(&mut self, plain: bool) -> Value {
        let quantity = if self.0.u8(0..4) == 0 {
            Decimal::new(self.0.i64(1..99_999), 3).to_string()
        } else {
            self.0.u32(1..60).to_string()
        };
        let places = if self.0.u8(0..5) == 0 { 4 } else { 2 };
        let price = Decimal::new(self.0.i64(50..90_000), places);
        let mut item = json!({"descripcion": "ARTÍCULO \"Ñ\"", "cantidad": quantity,
            "precio": price.to_string()});
        if plain {
            return item;
        }
        let free = self.0.u8(0..8) == 0;
        let code = if free {
            self.pick(&[
                "11", "12", "13", "14", "15", "16", "21", "31", "32", "35", "37",
            ])
        } else {
            self.pick(&["10", "10", "10", "10", "20", "30"])
        };
        item["afectacion"] = code.into();
        match self.0.u8(0..8) {
            0 => item["descuento_porcentaje"] = self.0.u8(0..100).to_string().into(),
            1 if !free => {
                item["isc"] = json!({"sistema": "01", "tasa": self.0.u8(1..60).to_string()});
            }
            2 if !free => item["isc"] = json!({"sistema": "02", "monto": self.cents(1, 300)}),
            3 => {
                item["cantidad"] = "3".into();
                item["bolsas"] = "3".into();
            }
            4 if !free => item["otros_cargos"] = self.cents(1, 2_000).into(),
            _ => {}
        }
        item
    }

    fn guia(&mut self) -> Option<Value> {
        let name = self.pick(&[
            "gre-remitente-venta-publico",
            "gre-remitente-venta-privado",
            "gre-transportista-venta",
        ]);
        let mut guia = sample(name)?;
        guia["peso_bruto_total"] = self.cents(1, 900_000).into();
        Some(guia)
    }

    fn withholding(&mut self) -> Option<Value> {
        let (name, rate, taken, paid, of_line, paid_of_line, base) = if self.0.bool() {
            (
                "retencion-3",
                Decimal::new(3, 2),
                "total_retenido",
                "total_pagado",
                "importe_retenido",
                "importe_pagado_con_retencion",
                "pago_total_sin_retencion",
            )
        } else {
            (
                "percepcion-2",
                Decimal::new(2, 2),
                "total_percibido",
                "total_cobrado",
                "importe_percibido",
                "importe_cobrado_con_percepcion",
                "cobro_total_sin_percepcion",
            )
        };
        let mut document = sample(name)?;
        let amount = Decimal::new(self.0.i64(10_000..9_000_000), 2);
        let part = chaski_core::invoicing::to_cents(amount * rate);
        let rest = if name.starts_with('r') {
            amount - part
        } else {
            amount + part
        };
        let number = |it: Decimal| -> Value { serde_json::from_str(&it.to_string()).unwrap() };
        document[taken] = number(part);
        document[paid] = number(rest);
        let line = document["items"].as_array_mut()?.first_mut()?;
        line["documento_relacionado_total"] = number(amount);
        line[base] = number(amount);
        line[of_line] = number(part);
        line[paid_of_line] = number(rest);
        document["items"].as_array_mut()?.truncate(1);
        Some(document)
    }

    /// Changes one number by a cent or in a digit, or one code; the name of the field.
    fn change(&mut self, document: &mut Value) -> Option<String> {
        const KEPT: [&str; 4] = [
            "numero",
            "documento_que_se_modifica_numero",
            "tipo_de_comprobante",
            "cuota",
        ];
        let mut places = Vec::new();
        numbers("", document, &mut places);
        places.retain(|place| !KEPT.contains(&last(place)));
        let place = places.get(self.0.usize(0..places.len().max(1)))?.clone();
        let target = document.pointer_mut(&place)?;
        let old: Decimal = target.to_string().trim_matches('"').parse().ok()?;
        let is_code = last(&place).starts_with("tipo_de_")
            || last(&place).ends_with("_tipo")
            || ["moneda", "sunat_transaction"].contains(&last(&place));
        let new = match self.0.u8(0..3) {
            _ if is_code && last(&place) != "tipo_de_cambio" => Decimal::from(self.0.u8(1..40)),
            0 => old + Decimal::new(1, 2),
            1 => old - Decimal::new(1, 2),
            _ => {
                // Another digit at a place of it.
                let mut digits: Vec<char> = old.to_string().chars().collect();
                let at = self.0.usize(0..digits.len());
                if digits.get(at)?.is_ascii_digit() {
                    digits[at] = char::from_digit(self.0.u32(0..10), 10)?;
                }
                digits.into_iter().collect::<String>().parse().ok()?
            }
        };
        if new == old {
            return None;
        }
        *target = serde_json::from_str(&new.to_string()).ok()?;
        Some(last(&place).to_owned())
    }

    fn cents(&mut self, from: i64, to: i64) -> String {
        Decimal::new(self.0.i64(from..to), 2).to_string()
    }

    fn pick_of(&mut self, list: &[u32]) -> u32 {
        list[self.0.usize(0..list.len())]
    }

    fn pick(&mut self, list: &[&'static str]) -> &'static str {
        list[self.0.usize(0..list.len())]
    }
}

fn last(place: &str) -> &str {
    place.rsplit('/').next().unwrap_or_default()
}

/// Pointers to all numbers.
fn numbers(place: &str, value: &Value, places: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                numbers(&format!("{place}/{key}"), value, places);
            }
        }
        Value::Array(list) => {
            for (index, value) in list.iter().enumerate() {
                numbers(&format!("{place}/{index}"), value, places);
            }
        }
        Value::Number(_) => places.push(place.to_owned()),
        _ => {}
    }
}

/// What a simple form becomes; none where the amounts drawn do not go together.
fn sent(form: &Value) -> Option<Value> {
    let checked = check(form.to_string().as_bytes(), now(), &Known::default());
    let document = checked.sendable()?;
    serde_json::from_slice(&document.to_bytes()).ok()
}

/// A vendor's example that says nothing of amounts, issued on the day of this test.
fn sample(name: &str) -> Option<Value> {
    let folder = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../core/tests/samples/nubefact/dev"
    );
    let text = std::fs::read_to_string(format!("{folder}/{name}.json")).ok()?;
    let mut document: Value = serde_json::from_str(&text).ok()?;
    today(&mut document, "");
    Some(document)
}

fn today(value: &mut Value, key: &str) {
    match value {
        Value::Object(fields) => fields.iter_mut().for_each(|(key, it)| today(it, key)),
        Value::Array(list) => list.iter_mut().for_each(|it| today(it, "")),
        _ if key.contains("fecha") => *value = "27-11-2026".into(),
        _ => {}
    }
}
