//! Exchange rates: SUNAT's own table, with providers that have it in four ways.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use jiff::ToSpan;
use jiff::civil::Date;
use serde_json::{Value, json};

use crate::Played;
use crate::place::FieldPlace;

/// A case per way, and one for the sandbox.
const KIND: u64 = 7;

/// A day of the table.
struct Day {
    fecha: Date,
    is_business: bool,
    compra: String,
    venta: String,
}

/// The table and how a provider has it.
struct Provider {
    days: Vec<Day>,
    way: String,
}

/// Plays a table.
pub(crate) fn play(file: &str, table: &Value) -> Vec<Played> {
    let mut played = Vec::new();
    for way in table["proveedores"].as_object().into_iter().flatten() {
        played.push(Played {
            name: format!("{file}, {}", way.0),
            kind: KIND,
            wrong: with_provider(table, way.0),
        });
    }
    if let Some(pairs) = table["sandbox"]["iguales"].as_array() {
        played.push(Played {
            name: format!("{file}, sandbox"),
            kind: KIND,
            wrong: on_the_sandbox(pairs),
        });
    }
    played
}

fn with_provider(table: &Value, way: &str) -> Option<String> {
    let provider = Arc::new(Provider::new(table, way));
    let url = serve(Arc::clone(&provider));
    let mut place = FieldPlace::new();
    place.set("CHASKI_MIGO_BASE_URL", &url);
    place.set("CHASKI_MIGO_TOKEN", "prueba");
    place.set("CHASKI_MIGO_RPM", "0");
    let mut wrong = Vec::new();
    for day in &provider.days {
        let expected = (day.compra.clone(), day.venta.clone());
        match rate(&place, day.fecha) {
            Ok(found) if found == expected => {}
            Ok((compra, venta)) => wrong.push(format!("{} {compra}/{venta}", day.fecha)),
            Err(error) => wrong.push(format!("{} {error}", day.fecha)),
        }
    }
    (!wrong.is_empty()).then(|| wrong.join(", "))
}

fn on_the_sandbox(pairs: &[Value]) -> Option<String> {
    let place = FieldPlace::new();
    for pair in pairs {
        let day = |index: usize| pair[index].as_str().unwrap().parse().unwrap();
        let (one, other) = (rate(&place, day(0)), rate(&place, day(1)));
        if one != other || one.is_err() {
            return Some(format!("{pair}: {one:?} {other:?}"));
        }
    }
    None
}

/// Compra and venta of a day, as the program says.
fn rate(place: &FieldPlace, day: Date) -> Result<(String, String), String> {
    let day = day.to_string();
    let ran = place.run(&["tipo-cambio", "--fecha", &day, "--format", "ndjson", "-q"]);
    let told: Value = serde_json::from_str(ran.out.trim()).unwrap_or_default();
    let price = |name: &str| match &told[name] {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(format!("{:.3}", number.as_f64()?)),
        _ => None,
    };
    match (ran.code, price("precio_compra"), price("precio_venta")) {
        (0, Some(compra), Some(venta)) => Ok((compra, venta)),
        (code, ..) => Err(format!("exit {code}: {}", ran.err.trim())),
    }
}

impl Provider {
    fn new(table: &Value, way: &str) -> Provider {
        let day = |day: &Value| {
            let text = |name: &str| day[name].as_str().unwrap_or_default().to_owned();
            let rest = ["sábado", "domingo", "feriado"];
            Day {
                fecha: text("fecha").parse().unwrap(),
                is_business: !rest.iter().any(|it| text("dia").contains(it)),
                compra: text("compra"),
                venta: text("venta"),
            }
        };
        Provider {
            days: table["dias"].as_array().unwrap().iter().map(day).collect(),
            way: way.to_owned(),
        }
    }

    /// The date and the value under which a date is answered; none where the provider is silent.
    fn value(&self, fecha: Date) -> Option<(Date, &Day)> {
        let at = |fecha: Date| self.days.iter().find(|day| day.fecha == fecha);
        let last = self.days.last()?;
        if fecha > last.fecha {
            // The first business day after the table carries its last close.
            let mut next = last.fecha.saturating_add(1.day());
            while matches!(next.weekday().to_monday_one_offset(), 6 | 7) {
                next = next.saturating_add(1.day());
            }
            return (fecha == next).then_some((fecha, last));
        }
        let day = at(fecha)?;
        if day.is_business {
            return Some((fecha, day));
        }
        match self.way.as_str() {
            "todos" => Some((fecha, day)),
            "primera-fecha" => {
                let same = |it: &&Day| it.compra == day.compra && it.venta == day.venta;
                let first = self.days.iter().rev().skip_while(|it| it.fecha > fecha);
                let first = first.take_while(same).last()?;
                Some((first.fecha, day))
            }
            "dia-anterior" => {
                let mut before = self.days.iter().rev();
                let before = before.find(|it| it.fecha < fecha && it.is_business)?;
                Some((before.fecha, before))
            }
            _ => None,
        }
    }

    /// SBS's close of a business day is SUNAT's value of the next calendar day.
    fn close(&self, fecha: Date) -> Option<&Day> {
        let is_business = self
            .days
            .iter()
            .any(|it| it.fecha == fecha && it.is_business);
        let next = fecha.saturating_add(1.day());
        let mut days = self.days.iter();
        days.find(|it| is_business && it.fecha == next)
    }

    fn answer(&self, path: &str, asked: &Value) -> (u16, Value) {
        let nothing = || {
            (
                404,
                json!({"success": false, "message": "No se encontró tipo de cambio para la fecha"}),
            )
        };
        let told = |fecha: Date, day: &Day| {
            json!({
                "success": true,
                "fecha": fecha.to_string(),
                "moneda": "USD",
                "precio_compra": day.compra,
                "precio_venta": day.venta,
            })
        };
        let date = |name: &str| asked[name].as_str().and_then(|it| it.parse::<Date>().ok());
        if path.contains("/sbs") {
            return match date("fecha").and_then(|it| Some((it, self.close(it)?))) {
                Some((fecha, day)) => (200, told(fecha, day)),
                None => nothing(),
            };
        }
        if let (Some(first), Some(last)) = (date("fecha_inicio"), date("fecha_fin")) {
            let mut rates: Vec<Value> = Vec::new();
            let mut at = first;
            while at <= last {
                if let Some((fecha, day)) = self.value(at) {
                    let rate = told(fecha, day);
                    if (first..=last).contains(&fecha) && !rates.contains(&rate) {
                        rates.push(rate);
                    }
                }
                at = at.saturating_add(1.day());
            }
            return if rates.is_empty() {
                nothing()
            } else {
                (200, rates.into())
            };
        }
        match date("fecha").and_then(|it| self.value(it)) {
            Some((fecha, day)) => (200, told(fecha, day)),
            None => nothing(),
        }
    }
}

/// Serves a provider on a port of this machine for as long as the test lives, and says where.
fn serve(provider: Arc<Provider>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/api", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let provider = Arc::clone(&provider);
            thread::spawn(move || stream.map(|stream| attend(&provider, stream)));
        }
    });
    url
}

/// Answers the requests of a connection until it ends.
fn attend(provider: &Provider, mut stream: TcpStream) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    loop {
        let (mut first, mut length) = (String::new(), 0);
        if reader.read_line(&mut first).unwrap_or_default() == 0 {
            return;
        }
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or_default() == 0 || line.trim().is_empty() {
                break;
            }
            let line = line.to_ascii_lowercase();
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or_default();
            }
        }
        let mut body = vec![0; length];
        if reader.read_exact(&mut body).is_err() {
            return;
        }
        let target = first.split(' ').nth(1).unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let asked = serde_json::from_slice(&body).unwrap_or_else(|_| {
            let pairs = form_urlencoded::parse(query.as_bytes());
            pairs
                .map(|(name, value)| (name.into_owned(), Value::from(value.into_owned())))
                .collect()
        });
        let (status, answer) = provider.answer(path, &asked);
        let answer = answer.to_string();
        let head = format!(
            "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            answer.len()
        );
        if stream.write_all((head + &answer).as_bytes()).is_err() {
            return;
        }
    }
}
