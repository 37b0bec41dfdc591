//! A fault as text, for command lines and over HTTP: one grammar, read and written here.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use chaski_core::{Lang, Text, text};
use serde::{Serialize, Serializer};

use super::{Afterwards, Fault, FaultKind, Frequency, RetryAfter, Window};
use crate::operation::Operation;
use crate::span::{parse_span, parse_span_range, write_span};

/// A text that is not a fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.message(Lang::Es))]
pub struct FaultError {
    text: String,
    part: Part,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Kind,
    Operation,
    Pairing,
    Frequency,
    Window,
}

/// Faults that are one word.
const WORDS: [(&str, FaultKind); 21] = [
    ("401", FaultKind::Unauthorized),
    ("403", FaultKind::Forbidden),
    ("404", FaultKind::WrongPath),
    ("redireccion", FaultKind::Redirect),
    ("reset", FaultKind::Reset),
    ("caida", FaultKind::Outage),
    ("cerrar", FaultKind::Close),
    ("truncado", FaultKind::Truncated),
    ("json-malo", FaultKind::WrongJson),
    ("html", FaultKind::Html),
    ("otro-ruc", FaultKind::OtherRuc),
    ("success-false", FaultKind::SuccessFalse),
    ("enorme", FaultKind::Huge),
    ("anidado", FaultKind::Nested),
    ("formula", FaultKind::Formula),
    ("doble", FaultKind::Twice),
    ("otro-numero", FaultKind::OtherDocument),
    ("vacio", FaultKind::EmptyObject),
    ("23-ajeno", FaultKind::StrangerFirst),
    ("ticket-perdido", FaultKind::TicketLost),
    ("2323", FaultKind::AlreadyVoided),
];
/// What Nubefact may refuse with, of its list of codes.
const CODIGOS: [u16; 9] = [10, 11, 12, 20, 21, 22, 40, 50, 51];
/// When a late copy arrives.
const LATE_COPY: Duration = Duration::from_secs(2);
const DRIP: Duration = Duration::from_millis(200);
const DATE_SECONDS: u32 = 2;

impl FromStr for Fault {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Fault, FaultError> {
        read(text.trim()).map_err(|part| FaultError {
            text: text.trim().chars().take(60).collect(),
            part,
        })
    }
}

/// Takes the suffixes off from the right until only the kind is left.
fn read(text: &str) -> Result<Fault, Part> {
    let mut rest = text;
    let (mut scope, mut frequency, mut window) = (None, None, None);
    loop {
        if let Some((before, range)) = bracketed(rest) {
            if window.is_some() {
                return Err(Part::Window);
            }
            window = Some(read_window(range).ok_or(Part::Window)?);
            rest = before;
        } else if let Some((before, found)) = read_frequency(rest)? {
            if frequency.is_some() {
                return Err(Part::Frequency);
            }
            frequency = Some(found);
            rest = before;
        } else if let Some((before, name)) = rest.rsplit_once('@') {
            if scope.is_some() {
                return Err(Part::Operation);
            }
            scope = Some(Operation::named(name).ok_or(Part::Operation)?);
            rest = before;
        } else {
            break;
        }
        rest = rest.trim_end();
    }
    let (kind, kind_window) = read_kind(rest)?;
    if window.is_some() && kind_window.is_some() {
        return Err(Part::Window);
    }
    if scope.is_some_and(|operation| !kind.concerns(operation)) {
        return Err(Part::Pairing);
    }
    Ok(Fault {
        kind,
        scope,
        frequency: frequency.unwrap_or(Frequency::Always),
        window: window.or(kind_window).unwrap_or(Window::Open),
    })
}

fn bracketed(text: &str) -> Option<(&str, &str)> {
    text.strip_suffix(']')?.rsplit_once('[')
}

fn read_window(text: &str) -> Option<Window> {
    match parse_span_range(text) {
        Some((from, to)) => Some(Window::Between(from, to)),
        None => parse_span(text).map(Window::Lasting),
    }
}

/// A number after `x`, `%` or `/` at the end; what is before it.
fn read_frequency(text: &str) -> Result<Option<(&str, Frequency)>, Part> {
    let number_starts = text
        .rfind(|c: char| !c.is_ascii_digit() && c != '.')
        .map(|mark| mark + text[mark..].chars().next().map_or(1, char::len_utf8));
    let Some(start) = number_starts.filter(|start| *start < text.len()) else {
        return Ok(None);
    };
    let (before, number) = text.split_at(start);
    let mark = before.chars().last().filter(|c| "x%/".contains(*c));
    let Some(mark) = mark else { return Ok(None) };
    let before = &before[..before.len() - 1];
    let frequency = match (mark, number.parse::<u64>(), number.parse::<f64>()) {
        ('x', Ok(times @ 1..), _) => Frequency::Next(times),
        ('/', Ok(times @ 1..), _) => Frequency::Every(times),
        ('%', _, Ok(share)) if share > 0.0 && share <= 100.0 => Frequency::Percent(share),
        _ => return Err(Part::Frequency),
    };
    Ok(Some((before, frequency)))
}

fn read_kind(text: &str) -> Result<(FaultKind, Option<Window>), Part> {
    if let Some((_, kind)) = WORDS.iter().find(|(word, _)| *word == text) {
        return Ok((*kind, None));
    }
    let (word, detail) = match text.split_once(':') {
        Some((word, detail)) => (word, Some(detail)),
        None => (text, None),
    };
    if let ("caida", Some(detail)) = (word, detail) {
        let window = read_window(detail).ok_or(Part::Window)?;
        return Ok((FaultKind::Outage, Some(window)));
    }
    let kind = match (word, detail) {
        ("429", detail) => read_retry_after(detail).map(FaultKind::TooMany),
        ("goteo", None) => Some(FaultKind::Drip(DRIP)),
        ("goteo", Some(detail)) => parse_span(detail).map(FaultKind::Drip),
        ("tras", Some(detail)) => read_afterwards(detail).map(FaultKind::After),
        ("tarde", Some(detail)) => parse_span(detail).map(FaultKind::Late),
        ("rechaza-y-acepta", None) => Some(FaultKind::RefusedThenTaken(LATE_COPY)),
        ("rechaza-y-acepta", Some(detail)) => parse_span(detail).map(FaultKind::RefusedThenTaken),
        ("24-tardio", Some(detail)) => parse_span(detail).map(FaultKind::NotFoundYet),
        ("pendiente", None) => Some(FaultKind::Pending(None)),
        ("pendiente", Some(detail)) => {
            parse_span(detail).map(|span| FaultKind::Pending(Some(span)))
        }
        ("soap", None) => Some(FaultKind::SunatDown(None)),
        ("soap", Some(detail)) => parse_span(detail).map(|span| FaultKind::SunatDown(Some(span))),
        ("rechazado", Some(detail)) => sunat_code(detail, 100..=3999).map(FaultKind::Rejected),
        ("observado", Some(detail)) => sunat_code(detail, 4000..=4999).map(FaultKind::Observed),
        (codigo, None) if codigo.len() == 2 => {
            let codigo = codigo
                .parse()
                .ok()
                .filter(|codigo| CODIGOS.contains(codigo));
            codigo.map(FaultKind::Codigo)
        }
        (status, None) => server_status(status).map(FaultKind::ServerError),
        (status, Some("html")) => server_status(status).map(FaultKind::ServerErrorHtml),
        _ => None,
    };
    Ok((kind.ok_or(Part::Kind)?, None))
}

fn read_retry_after(detail: Option<&str>) -> Option<RetryAfter> {
    let Some(detail) = detail else {
        return Some(RetryAfter::Unsaid);
    };
    if detail == "fecha" {
        return Some(RetryAfter::Date(DATE_SECONDS));
    }
    let (form, seconds) = detail.split_once('=')?;
    let seconds = seconds.parse().ok()?;
    match form {
        "retry" => Some(RetryAfter::Seconds(seconds)),
        "fecha" => Some(RetryAfter::Date(seconds)),
        _ => None,
    }
}

fn read_afterwards(detail: &str) -> Option<Afterwards> {
    match detail.split_once(':') {
        Some((status, "html")) => server_status(status).map(Afterwards::Page),
        Some(_) => None,
        None if detail == "40" => Some(Afterwards::Codigo40),
        None => server_status(detail).map(Afterwards::Status),
    }
}

/// One of SUNAT's four digits; below 4000 it rejects, from there on it observes.
fn sunat_code(text: &str, among: RangeInclusive<u16>) -> Option<u16> {
    let code = text.parse().ok().filter(|code| among.contains(code))?;
    (text.len() == 4).then_some(code)
}

fn server_status(text: &str) -> Option<u16> {
    let status = text.parse().ok()?;
    (500..=599).contains(&status).then_some(status)
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FaultKind::TooMany(RetryAfter::Unsaid) => f.write_str("429"),
            FaultKind::TooMany(RetryAfter::Seconds(seconds)) => write!(f, "429:retry={seconds}"),
            FaultKind::TooMany(RetryAfter::Date(seconds)) => write!(f, "429:fecha={seconds}"),
            FaultKind::ServerError(status) => write!(f, "{status}"),
            FaultKind::ServerErrorHtml(status) => write!(f, "{status}:html"),
            FaultKind::Drip(interval) => write!(f, "goteo:{}", write_span(*interval)),
            FaultKind::After(Afterwards::Status(status)) => write!(f, "tras:{status}"),
            FaultKind::After(Afterwards::Page(status)) => write!(f, "tras:{status}:html"),
            FaultKind::After(Afterwards::Codigo40) => f.write_str("tras:40"),
            FaultKind::Late(span) => write!(f, "tarde:{}", write_span(*span)),
            FaultKind::RefusedThenTaken(span) => {
                write!(f, "rechaza-y-acepta:{}", write_span(*span))
            }
            FaultKind::NotFoundYet(span) => write!(f, "24-tardio:{}", write_span(*span)),
            FaultKind::Codigo(codigo) => write!(f, "{codigo}"),
            FaultKind::Pending(None) => f.write_str("pendiente"),
            FaultKind::Pending(Some(span)) => write!(f, "pendiente:{}", write_span(*span)),
            FaultKind::SunatDown(None) => f.write_str("soap"),
            FaultKind::SunatDown(Some(span)) => write!(f, "soap:{}", write_span(*span)),
            FaultKind::Rejected(code) => write!(f, "rechazado:{code:04}"),
            FaultKind::Observed(code) => write!(f, "observado:{code:04}"),
            word => {
                let row = WORDS.iter().find(|(_, kind)| kind == word);
                f.write_str(row.expect("all other kinds are in the list of words").0)
            }
        }
    }
}

impl Serialize for FaultKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.kind)?;
        if let Some(operation) = self.scope {
            write!(f, "@{operation}")?;
        }
        match self.frequency {
            Frequency::Always => {}
            Frequency::Next(times) => write!(f, " x{times}")?,
            Frequency::Every(times) => write!(f, " /{times}")?,
            Frequency::Percent(share) => write!(f, " %{share}")?,
        }
        match self.window {
            Window::Open => Ok(()),
            Window::Between(from, to) => write!(f, " [{}..{}]", write_span(from), write_span(to)),
            Window::Lasting(duration) => write!(f, " [{}]", write_span(duration)),
        }
    }
}

impl FaultError {
    /// What is wrong and what is accepted, for people.
    pub fn message(&self, lang: Lang) -> String {
        let text = &self.text;
        let Text { es, en } = match self.part {
            Part::Kind => text!("{KINDS_ES}", "{KINDS_EN}"),
            Part::Operation => {
                let names = Operation::ALL.map(Operation::name).join(", ");
                text!(
                    "después de @ va una sola operación: {names}",
                    "after @ comes one operation: {names}"
                )
            }
            Part::Pairing => text!(
                "ese fallo no es de esa operación: los de Nubefact (tras, tarde, doble, \
                 23-ajeno, pendiente…) van con las suyas, y otro-ruc, success-false y formula \
                 con las de APIMIGO",
                "that fault is not of that operation: Nubefact's (tras, tarde, doble, \
                 23-ajeno, pendiente…) go with its own, and otro-ruc, success-false and \
                 formula with those of APIMIGO"
            ),
            Part::Frequency => text!(
                "la frecuencia se escribe una sola vez: x3 (las próximas tres), %10 (por \
                 ciento, hasta 100) o /7 (cada séptima)",
                "the frequency is written once: x3 (the next three), %10 (per cent, up to \
                 100) or /7 (every seventh)"
            ),
            Part::Window => text!(
                "la ventana se escribe una sola vez: [10s..20s] desde el inicio, o [30s] \
                 desde ahora; unidades us, ms, s, m, h",
                "the window is written once: [10s..20s] from the start, or [30s] from now; \
                 units us, ms, s, m, h"
            ),
        };
        text!(
            "fallo no reconocido: «{text}»; {es}",
            "unknown fault: \"{text}\"; {en}"
        )
        .pick(lang)
    }
}

const KINDS_ES: &str = "se acepta 429[:retry=N|:fecha[=N]], 401, 403, 404, 500 a 599[:html], \
    redireccion, reset, caida[:10s..610s|:30s], cerrar, goteo[:200ms], truncado, json-malo, html, \
    otro-ruc, success-false, enorme, anidado, formula; \
    de Nubefact: tras:500[:html], tras:40, tarde:20s, doble, \
    rechaza-y-acepta[:5s], otro-numero, vacio, 23-ajeno, 24-tardio:5s, 10, 11, 12, 20, 21, 22, 40, 50, \
    51, pendiente[:3h], soap[:3h], rechazado:2335, observado:4252, ticket-perdido, 2323; y después @operacion, x3, %10, /7, [10s..20s]";
const KINDS_EN: &str = "accepted: 429[:retry=N|:fecha[=N]], 401, 403, 404, 500 to 599[:html], \
    redireccion, reset, caida[:10s..610s|:30s], cerrar, goteo[:200ms], truncado, json-malo, html, \
    otro-ruc, success-false, enorme, anidado, formula; \
    Nubefact's: tras:500[:html], tras:40, tarde:20s, doble, \
    rechaza-y-acepta[:5s], otro-numero, vacio, 23-ajeno, 24-tardio:5s, 10, 11, 12, 20, 21, 22, 40, 50, \
    51, pendiente[:3h], soap[:3h], rechazado:2335, observado:4252, ticket-perdido, 2323; then @operation, x3, %10, /7, [10s..20s]";
