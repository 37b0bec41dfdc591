//! How an answer of APIMIGO is read: by its status first, its structure second, its words last.

use std::borrow::Cow;

use chaski_core::{Currency, ExchangeRate, RateSource, clean, fold, present};
use compact_str::CompactString;
use jiff::civil::Date;

use crate::json::{self, Fields, Json};
use crate::{Decoded, Failure, RawAnswer, Reason};

/// What a body turned out to be.
pub(super) enum Body<'a> {
    /// An object with a good answer.
    Object(Fields<'a>),
    /// A list, bare or under `data`.
    List(Vec<Json<'a>>),
    /// An explicit "there is none", with the upstream's words.
    No(CompactString),
}

/// Reads status and body. A 404 is a "no" only if it says that it is about the number asked for;
/// `success:false` means the same with 200 and with 404.
pub(super) fn body(answer: &RawAnswer) -> Result<Body<'_>, Failure> {
    let by_status = || Failure::of_status(answer.status, answer.retry_after());
    if !matches!(answer.status, 200 | 404) {
        return Err(by_status());
    }
    match json::parse(&answer.body) {
        Some(Json::List(items)) if answer.status == 200 => Ok(Body::List(items)),
        Some(Json::Object(object)) => of_object(object, answer),
        _ if answer.status == 200 => Err(Failure::Garbled),
        _ => Err(by_status()),
    }
}

fn of_object<'a>(mut object: Fields<'a>, answer: &RawAnswer) -> Result<Body<'a>, Failure> {
    let refuses = is_false(object.get("success"));
    if answer.status == 200 && !refuses {
        return Ok(match object.take("data") {
            Some(Json::List(items)) => Body::List(items),
            Some(Json::Object(inner)) => Body::Object(inner),
            _ => Body::Object(object),
        });
    }
    let message = message(&object);
    match meaning(&message) {
        Meaning::NotFound => Ok(Body::No(message)),
        Meaning::Token => Err(Failure::Unauthorized),
        Meaning::Limit => Err(Failure::RateLimited {
            retry_after: answer.retry_after(),
        }),
        Meaning::Quota => Err(Failure::QuotaSpent),
        Meaning::WrongPath => Err(Failure::WrongPath),
        // The documented 404 of a number is `{success:false, message}` with unsettled wording;
        // with 200 only known words, or none, may become a statement about a taxpayer.
        Meaning::Unclear if refuses && (answer.status == 404 || message.is_empty()) => {
            Ok(Body::No(message))
        }
        Meaning::Unclear if answer.status == 404 => Err(Failure::WrongPath),
        Meaning::Trouble | Meaning::Unclear => Err(Failure::Unexpected {
            status: answer.status,
        }),
    }
}

#[derive(Clone, Copy)]
enum Meaning {
    NotFound,
    Token,
    Limit,
    Quota,
    WrongPath,
    /// The upstream speaks of itself, not of the number.
    Trouble,
    Unclear,
}

/// Whole words and what they mean; the first that is found decides.
#[rustfmt::skip]
const WORDS: [(Meaning, &[&str]); 5] = [
    (Meaning::WrongPath, &[
        "RECURSO", "RUTA", "ROUTE", "URL", "ENDPOINT", "PAGE", "PAGINA", "METHOD", "METODO",
    ]),
    (Meaning::Token, &[
        "TOKEN", "UNAUTHENTICATED", "UNAUTHORIZED", "FORBIDDEN", "NO AUTORIZADO", "CREDENCIALES",
        "SU PLAN", "PERMISO", "PERMISOS", "ACCESO",
    ]),
    (Meaning::Quota, &[
        "CUOTA", "QUOTA", "SALDO", "CREDITOS", "CONSULTAS AGOTADAS", "SIN CONSULTAS",
    ]),
    (Meaning::Limit, &["TOO MANY", "LIMITE", "RATE LIMIT", "DEMASIADAS"]),
    (Meaning::Trouble, &[
        "NO DISPONIBLE", "ENCUENTRA DISPONIBLE", "UNAVAILABLE", "MANTENIMIENTO", "MAINTENANCE",
        "MAS TARDE", "NUEVAMENTE", "TRY AGAIN", "TEMPORALMENTE", "TEMPORARILY", "TIMEOUT",
        "TIEMPO DE ESPERA", "ERROR INTERNO", "SERVER ERROR", "CONEXION", "CONNECTION", "SERVIDOR",
        "NO SE PUDO",
    ]),
];

/// Beginnings of the ways to say that there is none; a blank ends a whole word.
#[rustfmt::skip]
const NOT_FOUND: [&str; 34] = [
    " NO SE ENCONTR", " NO SE ENCUENTRA ", " NO ENCONTRAD", " NO HA SIDO ENCONTRAD",
    " NO FUE ENCONTRAD", " NOT FOUND ", " NO EXIST", " INEXISTENTE", " NO SE HALL", " NO HALLAD",
    " NO FIGURA", " NO REGISTRA", " NO ESTA REGISTRAD", " NO SE REGISTRA", " SIN RESULTADO",
    " SIN DATOS", " NO HAY TIPO", " NO HAY DATO", " NO HAY RESULTADO", " NO HAY REGISTRO",
    " NO HAY INFORMACION", " NO DATA ", " NO RESULTS ", " NO RECORD", " NO ES AGENTE",
    " NO ES BUEN", " NO PERTENECE", " NO TIENE REPRESENTANTE", " NO TIENE DATO",
    " NO TIENE REGISTRO", " NO TIENE INFORMACION", " DOES NOT EXIST ", " NO VALIDO ",
    " INVALIDO ",
];

/// What the words of a refusal say. Whole words are compared, without accents, so that "ruta" is
/// not found inside "fruta".
fn meaning(message: &str) -> Meaning {
    let folded = format!(" {} ", fold(message));
    let says = |word: &&str| folded.contains(&format!(" {word} "));
    if let Some((meaning, _)) = WORDS.iter().find(|(_, words)| words.iter().any(says)) {
        return *meaning;
    }
    if NOT_FOUND.iter().any(|stem| folded.contains(stem)) {
        Meaning::NotFound
    } else {
        Meaning::Unclear
    }
}

/// Longest text of the upstream that is kept, bytes.
const LONGEST_MESSAGE: usize = 200;

/// The words of an error: under `message`, `error`, `mensaje`, or the first of `errors`.
pub(super) fn message(object: &Fields<'_>) -> CompactString {
    let direct = ["message", "error", "mensaje"]
        .into_iter()
        .find_map(|name| present(object.get(name)?.as_str()));
    let listed = || {
        let errors = object.get("errors")?.as_object()?;
        let first = match errors.first()? {
            Json::List(texts) => texts.first()?,
            text => text,
        };
        present(first.as_str())
    };
    let mut text = direct.or_else(listed).unwrap_or_default();
    if text.len() > LONGEST_MESSAGE {
        let cut = (0..=LONGEST_MESSAGE)
            .rev()
            .find(|at| text.is_char_boundary(*at))
            .unwrap_or(0);
        text.truncate(cut);
    }
    text.into()
}

fn is_false(value: Option<&Json<'_>>) -> bool {
    match value {
        Some(Json::Bool(success)) => !success,
        Some(Json::Text(text)) => matches!(fold(text).as_str(), "FALSE" | "NO" | "0"),
        Some(Json::Number(number)) => number.as_i64() == Some(0),
        _ => false,
    }
}

/// A field as text; numbers are read too, since one provider sends them.
pub(super) fn text<'f>(object: &'f Fields<'_>, name: &str) -> Option<Cow<'f, str>> {
    match object.get(name)? {
        Json::Text(text) => Some(Cow::Borrowed(text)),
        Json::Number(number) => Some(Cow::Owned(number.to_string())),
        _ => None,
    }
}

/// A field that says something: not `-`, blank or null.
pub(super) fn some_text(object: &Fields<'_>, name: &str) -> Option<String> {
    present(text(object, name).as_deref())
}

/// Whether the answer is about the number asked for; one that does not say which is believed.
pub(super) fn echoes(object: &Fields<'_>, name: &str, asked: &str) -> bool {
    text(object, name).is_none_or(|echo| {
        let echo = clean(&echo);
        echo == asked || echo.trim_start_matches('0') == asked.trim_start_matches('0')
    })
}

/// Whether a body that does not refuse affirms anything: it says so, or has one of the fields.
/// An object of something else altogether must not count as a yes.
pub(super) fn affirms(object: &Fields<'_>, fields: &[&str]) -> bool {
    let says_so = match object.get("success") {
        Some(Json::Bool(success)) => *success,
        Some(Json::Text(text)) => matches!(fold(text).as_str(), "TRUE" | "SI" | "1"),
        Some(Json::Number(number)) => number.as_i64() == Some(1),
        _ => false,
    };
    says_so || fields.iter().any(|name| some_text(object, name).is_some())
}

/// A date as APIMIGO writes it, a time of day after it ignored.
pub(super) fn date(object: &Fields<'_>, name: &str) -> Option<Date> {
    let text = some_text(object, name)?;
    chaski_core::parse_date(text.get(..10).unwrap_or(&text)).ok()
}

/// An exchange rate; prices may be strings or numbers.
pub(super) fn rate(object: &Fields<'_>, fuente: RateSource) -> Result<ExchangeRate, Failure> {
    let price = |name| ExchangeRate::parse_price(&text(object, name)?).ok();
    let moneda = some_text(object, "moneda").map_or(Some(Currency::Usd), |it| Currency::parse(&it));
    let (Some(moneda), Some(fecha), Some(compra), Some(venta)) = (
        moneda,
        date(object, "fecha"),
        price("precio_compra"),
        price("precio_venta"),
    ) else {
        return Err(Failure::Garbled);
    };
    ExchangeRate::new(moneda, fuente, fecha, compra, venta).map_err(|_| Failure::Garbled)
}

/// An object read by `good`, or the refusal.
pub(super) fn object<A>(
    answer: &RawAnswer,
    reason: Reason,
    good: impl FnOnce(&Fields<'_>) -> Result<A, Failure>,
) -> Result<Decoded<A>, Failure> {
    match body(answer)? {
        Body::Object(object) => good(&object).map(Decoded::Answer),
        Body::No(message) => Ok(Decoded::Refused { reason, message }),
        Body::List(_) => Err(Failure::Garbled),
    }
}

/// A list of objects, each read by `good`, or the refusal.
pub(super) fn list<A>(
    answer: &RawAnswer,
    reason: Reason,
    good: impl Fn(&Fields<'_>) -> Result<A, Failure>,
) -> Result<Decoded<Vec<A>>, Failure> {
    match body(answer)? {
        Body::List(items) => items
            .iter()
            .map(|item| good(item.as_object().ok_or(Failure::Garbled)?))
            .collect::<Result<_, _>>()
            .map(Decoded::Answer),
        Body::No(message) => Ok(Decoded::Refused { reason, message }),
        Body::Object(_) => Err(Failure::Garbled),
    }
}

/// An item of a native batch answer that says "no".
pub(super) fn item_refusal(item: &Fields<'_>) -> Option<Result<CompactString, ()>> {
    if !is_false(item.get("success")) {
        return None;
    }
    let message = message(item);
    Some(match meaning(&message) {
        Meaning::NotFound => Ok(message),
        Meaning::Unclear if message.is_empty() => Ok(message),
        _ => Err(()),
    })
}
