//! Property tests of the reading: no failure is a "no", no answer is somebody else's.

use std::path::Path;

use chaski_client::dialects::migo::MigoDialect;
use chaski_client::{
    ActivityQuery, Decoded, DniQuery, LatestRateQuery, List, ListQuery, Lookup, RateQuery,
    RatesQuery, RepresentativesQuery, RucQuery, Upstream, UpstreamMany, Version,
};
use chaski_core::{Currency, RateSource};
use jiff::civil::date;
use serde_json::{Map, Value, json};

use crate::kit::{answer, any_ruc, dialect, ruc};

const CASES: usize = 10_000;
const ASKED: &str = "20131312955";
const OTHER: &str = "20100070970";

/// What frameworks, proxies, gateways, accounts, databases and hosts say; none is about a number.
const PHRASES: &str = include_str!("failures.txt");

/// What a phrase may be put together from: a thing of the upstream's own, and what is wrong with it.
#[rustfmt::skip]
const THINGS: [&str; 40] = [
    "El servicio", "El servicio de RUC", "La cuenta", "Su cuenta", "El usuario", "La tabla", "La tabla ruc",
    "La vista", "El host", "El servidor", "El endpoint", "La ruta", "La página", "El recurso", "El token",
    "La API key", "La llave", "El plan", "La suscripción", "El cliente", "La empresa", "La sesión",
    "El permiso", "El módulo", "El archivo", "El índice", "La colección", "El esquema", "La conexión",
    "La base de datos", "SUNAT", "RENIEC", "El padrón", "El registro", "La consulta", "El método",
    "The service", "The account", "The table", "The key",
];
#[rustfmt::skip]
const WRONGS: [&str; 28] = [
    "no existe", "no se encuentra", "no encontrado", "no encontrada", "no se encontró", "inexistente",
    "no figura", "no está registrado", "no se encuentra activa", "no se encuentra operativo",
    "no se encuentra disponible", "no existe para este RUC", "inexistente para este RUC",
    "no encontrado para el RUC 20131312955", "no se encuentra en el servidor", "not found",
    "does not exist", "was not found", "could not be found", "not found for this RUC", "is down",
    "no responde", "ha expirado", "suspendida", "no habilitado", "no tiene datos de conexión",
    "sin datos de facturación", "no hay registros de pago",
];
const STATUSES: [u16; 12] = [200, 404, 200, 404, 422, 400, 401, 403, 429, 500, 502, 503];

/// A number that looks random, the same for one seed.
struct Draw(u64);

impl Draw {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % end as u64).unwrap()
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    fn chance(&mut self, per_cent: usize) -> bool {
        self.below(100) < per_cent
    }
}

fn failure_text(draw: &mut Draw) -> String {
    let phrases: Vec<&str> = PHRASES.lines().filter(|line| !line.is_empty()).collect();
    let text = if draw.chance(60) {
        draw.pick(&phrases).to_owned()
    } else {
        format!("{} {}", draw.pick(&THINGS), draw.pick(&WRONGS))
    };
    match draw.below(6) {
        0 => text.to_uppercase(),
        1 => format!("{text}."),
        2 => format!("{text} ({})", draw.pick(&phrases)),
        3 => format!("Error: {text}"),
        _ => text,
    }
}

/// A failure in one of the shapes that frameworks give it.
fn failure_body(draw: &mut Draw) -> Vec<u8> {
    let text = failure_text(draw);
    let code = draw.pick(&[400, 404, 500, 502, 503, 1001]);
    let mut body = match draw.below(24) {
        0 => json!({"message": text}),
        1 => json!({"mensaje": text}),
        2 => json!({"error": text}),
        3 => json!({"error": {"message": text}}),
        4 => json!({"error": {"code": code, "message": text, "status": "NOT_FOUND"}}),
        5 => json!({"errors": {"ruc": [text]}}),
        6 => json!({"errors": [{"detail": text, "title": "Not Found"}]}),
        7 => json!({"errors": [text]}),
        8 => json!({"detail": text}),
        9 => json!({"msg": text}),
        10 => json!({"title": text, "status": code, "type": "about:blank"}),
        11 => json!({"message": [text]}),
        12 => json!({"message": {"es": text}}),
        13 => json!({"statusCode": code, "message": text}),
        14 => json!({"status": code, "error": text, "path": "/api/v1/ruc"}),
        15 => json!({"code": code}),
        16 => json!({"code": text}),
        17 => json!({"data": {"message": text}}),
        18 => json!({"Message": text}),
        19 => json!({"fault": {"faultstring": text}}),
        20 => json!({"message": "RUC no encontrado", "detail": format!("upstream: {text}")}),
        21 => json!({"message": "RUC no encontrado", "error": {"code": 500, "message": text}}),
        22 => json!({}),
        _ => return text.into_bytes(),
    };
    if draw.chance(65) {
        let lie = draw.pick(&[0, 1, 2, 3]);
        body["success"] = [json!(false), json!("false"), json!(0), json!(false)][lie].clone();
    }
    if draw.chance(25) {
        body["ruc"] = json!(ASKED);
    }
    body.to_string().into_bytes()
}

/// `no` is the only word that must not come.
fn decoded<L: Lookup>(question: &L, status: u16, body: &[u8]) -> &'static str
where
    MigoDialect: Upstream<L>,
{
    match dialect(Version::Auto).decode(question, &answer(status, body)) {
        Ok(Decoded::Answer(_)) => "answer",
        Ok(Decoded::Refused { .. }) => "no",
        Err(failure) => failure.code(),
    }
}

#[test]
fn h01_no_failure_text_is_a_no() {
    let mut draw = Draw(1);
    let company = ruc(ASKED);
    let list = ListQuery {
        list: List::WithholdingAgents,
        ruc: company,
    };
    let on = RateQuery {
        fecha: date(2026, 1, 27),
        fuente: RateSource::Sunat,
        moneda: Currency::Usd,
    };
    for _ in 0..CASES {
        let (status, body) = (draw.pick(&STATUSES), failure_body(&mut draw));
        let shown = String::from_utf8_lossy(&body);
        let words = [
            decoded(&RucQuery(company), status, &body),
            decoded(&DniQuery("00000001".parse().unwrap()), status, &body),
            decoded(&RepresentativesQuery(company), status, &body),
            decoded(&ActivityQuery(company), status, &body),
            decoded(&list, status, &body),
            decoded(&on, status, &body),
            decoded(&LatestRateQuery, status, &body),
        ];
        for word in words {
            assert!(word != "no" && word != "answer", "{status} {shown}: {word}");
        }
        // The same as an item of a collection, beside a good one.
        if let Ok(Value::Object(mut item)) = serde_json::from_slice(&body) {
            item.insert("success".into(), json!(false));
            item.insert("ruc".into(), json!(ASKED));
            let good = json!({"success": true, "ruc": OTHER, "nombre_o_razon_social": "OTRA"});
            let items = json!([item, good]).to_string();
            let asked = [RucQuery(company), RucQuery(ruc(OTHER))];
            let answer = answer(200, items.as_bytes());
            let decoded = dialect(Version::Auto).decode_many(&asked, &answer).unwrap();
            assert!(decoded[0].is_none(), "{items}");
            assert!(matches!(decoded[1], Some(Decoded::Answer(_))), "{items}");
        }
    }
}

/// Real answers, each with the question that it answers.
fn real(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/samples")
        .join(name);
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// Changes an answer in one or two ways that happen: fields lost, swapped, of another type, of
/// another number, twice, cut off.
fn mutate(draw: &mut Draw, real: &Value, number: &str, other: &str) -> Vec<u8> {
    let mut value = real.clone();
    for _ in 0..=draw.below(2) {
        let object: &mut Map<String, Value> = match &mut value {
            Value::Object(object) => object,
            _ => break,
        };
        let names: Vec<String> = object.keys().cloned().collect();
        if names.is_empty() {
            break;
        }
        let name = names[draw.below(names.len())].clone();
        let twin = names[draw.below(names.len())].clone();
        match draw.below(9) {
            0 => drop(object.remove(&name)),
            1 => {
                let (a, b) = (object[&name].clone(), object[&twin].clone());
                object.insert(name, b);
                object.insert(twin, a);
            }
            2 => {
                let wrong = [
                    json!(null),
                    json!(true),
                    json!([]),
                    json!({}),
                    json!(7),
                    json!([other]),
                ];
                object.insert(name, wrong[draw.below(wrong.len())].clone());
            }
            3 => {
                let text = object[&name].to_string().replace(number, other);
                object.insert(name, serde_json::from_str(&text).unwrap());
            }
            4 => {
                let text = Value::Object(object.clone())
                    .to_string()
                    .replace(number, other);
                *object = serde_json::from_str(&text).unwrap();
            }
            5 => drop(object.insert("success".into(), json!(false))),
            6 => drop(object.insert("numero_documento".into(), json!(other))),
            7 => {
                let inner = Value::Object(std::mem::take(object));
                object.insert("data".into(), inner);
                object.insert("success".into(), json!(draw.chance(80)));
                if draw.chance(50) {
                    object.insert("ruc".into(), json!(other));
                }
            }
            _ => drop(object.insert("error".into(), json!("upstream connect error"))),
        }
    }
    let mut text = value.to_string();
    match draw.below(8) {
        // Twice under one name.
        0 if text.starts_with('{') => {
            text.insert_str(1, &format!("\"ruc\":\"{other}\","));
        }
        1 => {
            let cut = draw.below(text.len().max(1));
            let cut = text.floor_char_boundary(cut);
            text.truncate(cut);
        }
        _ => {}
    }
    text.into_bytes()
}

/// Whether a body says the number asked for, and no other one, in the place where it is looked for.
fn says(body: &[u8], field: &str, number: &str, other: &str) -> bool {
    let text = String::from_utf8_lossy(body);
    let Ok(value) = serde_json::from_slice::<Value>(body) else {
        return false;
    };
    let bears = |value: &Value| value[field] == json!(number);
    let inner = value
        .get("data")
        .filter(|it| it.is_object() || it.is_array());
    let here = match inner.unwrap_or(&value) {
        Value::Array(items) => !items.is_empty() && items.iter().all(bears),
        one => bears(one),
    };
    let names_other = |name: &str| text.contains(&format!("\"{name}\":\"{other}\""));
    here && ![field, "numero_documento"].into_iter().any(names_other)
}

#[track_caller]
fn check_answers<L: Lookup>(question: &L, real: &Value, field: &str, number: &str, other: &str)
where
    MigoDialect: Upstream<L>,
{
    assert_eq!(
        decoded(question, 200, real.to_string().as_bytes()),
        "answer"
    );
    let mut draw = Draw(number.parse().unwrap());
    for _ in 0..CASES / 5 {
        let body = mutate(&mut draw, real, number, other);
        let word = decoded(question, 200, &body);
        let shown = String::from_utf8_lossy(&body);
        assert_ne!(word, "no", "{shown}");
        assert!(
            word != "answer" || says(&body, field, number, other),
            "{shown}"
        );
    }
}

#[test]
fn h08_no_answer_about_somebody_else_is_taken() {
    let company = any_ruc("20100000001");
    let number = company.as_str();
    let sample = real("migo-v1-ruc-200.shape22.json");
    let other = "20601030013";
    check_answers(
        &RucQuery(ruc("20512963545")),
        &sample,
        "ruc",
        "20512963545",
        other,
    );
    let people = real("migo-v1-representantes-200.shape.json");
    check_answers(
        &RepresentativesQuery(company),
        &people,
        "ruc",
        number,
        other,
    );
    let activity = real("migo-v1-actividad-200.shape.json");
    check_answers(&ActivityQuery(company), &activity, "ruc", number, other);
    let list = ListQuery {
        list: List::WithholdingAgents,
        ruc: company,
    };
    let member = real("migo-v1-agentes-retencion-200.shape.json");
    check_answers(&list, &member, "ruc", number, other);
    let person = json!({"success": true, "dni": "00000123", "nombre": "UNA PERSONA"});
    let dni = DniQuery("00000123".parse().unwrap());
    check_answers(&dni, &person, "dni", "00000123", "00000456");
}

/// Items of a collection, mixed up in all ways: what is said of a number is what its own item says.
#[test]
fn h08_one_item_for_each_number_of_a_collection() {
    let mut draw = Draw(8);
    let numbers = [ASKED, OTHER, "20512963545", "20601030013"];
    let asked: Vec<_> = numbers.map(|it| RucQuery(ruc(it))).to_vec();
    for _ in 0..CASES / 5 {
        let mut items = Vec::new();
        let mut said: Vec<Vec<String>> = vec![Vec::new(); numbers.len()];
        for _ in 0..draw.below(7) {
            let at = draw.below(numbers.len());
            let item = match draw.below(3) {
                0 => format!(
                    r#"{{"success":false,"ruc":"{}","message":"RUC no encontrado"}}"#,
                    numbers[at]
                ),
                kind => format!(
                    r#"{{"success":true,"ruc":"{}","nombre_o_razon_social":"N{kind}"}}"#,
                    numbers[at]
                ),
            };
            said[at].push(item.clone());
            items.push(item);
            if draw.chance(20) {
                let (one, two) = (draw.pick(&numbers), draw.below(numbers.len()));
                let both = format!(
                    r#"{{"ruc":"{one}","nombre_o_razon_social":"N9","ruc":"{}"}}"#,
                    numbers[two]
                );
                if one != numbers[two] {
                    said[two].push(both.clone());
                    items.push(both);
                }
            }
        }
        let body = format!("[{}]", items.join(","));
        let decoded = dialect(Version::Auto).decode_many(&asked, &answer(200, body.as_bytes()));
        for (decoded, said) in decoded.unwrap().iter().zip(said) {
            let all_alike = said.windows(2).all(|two| two[0] == two[1]);
            let expected = match said.first() {
                Some(item) if all_alike && item.contains("RUC no") => "no".to_owned(),
                Some(item) if all_alike && !item.contains("N9") => item[..item.len() - 2]
                    .rsplit('"')
                    .next()
                    .unwrap()
                    .to_owned(),
                _ => "?".to_owned(),
            };
            let found = match decoded {
                Some(Decoded::Answer(taxpayer)) => taxpayer.nombre_o_razon_social.clone(),
                Some(Decoded::Refused { .. }) => "no".to_owned(),
                None => "?".to_owned(),
            };
            assert_eq!(found, expected, "{body}");
        }
    }
}

/// Rates of other days and currencies, in all three questions.
#[test]
fn h08_no_rate_of_another_day_or_currency_is_taken() {
    let mut draw = Draw(9);
    let fecha = date(2026, 1, 20);
    let on = RateQuery {
        fecha,
        fuente: RateSource::Sunat,
        moneda: Currency::Usd,
    };
    let range = RatesQuery {
        desde: date(2026, 1, 15),
        hasta: fecha,
    };
    for _ in 0..CASES / 5 {
        let days = i32::try_from(draw.below(60)).unwrap() - 30;
        let day = fecha.saturating_add(jiff::Span::new().days(days));
        let moneda = draw.pick(&["USD", "USD", "EUR", "PEN", ""]);
        let rate = json!({"fecha": day.to_string(), "moneda": moneda, "precio_compra": "3.75", "precio_venta": "3.76"});
        let is_dollar = matches!(moneda, "USD" | "");
        let check = |word: &str, fits: bool| {
            let expected = if fits && is_dollar {
                "answer"
            } else {
                "respuesta_ilegible"
            };
            assert_eq!(word, expected, "{rate}");
        };
        let body = rate.to_string();
        check(
            decoded(&on, 200, body.as_bytes()),
            (-10..=0).contains(&days),
        );
        // Answers come on 28 January.
        check(
            decoded(&LatestRateQuery, 200, body.as_bytes()),
            (-2..=9).contains(&days),
        );
        let list = json!({"success": true, "data": [rate]}).to_string();
        check(
            decoded(&range, 200, list.as_bytes()),
            (-5..=0).contains(&days),
        );
    }
}
