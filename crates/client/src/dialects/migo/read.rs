//! How an answer of APIMIGO is read: by its status first, its structure second, its words last.

use std::borrow::Cow;

use chaski_core::{Currency, ExchangeRate, RateSource, clean, fold, present};
use compact_str::CompactString;
use jiff::civil::Date;

use super::words::{self, About, AskedAbout, Trouble, is_mute, says_no_with_empty_data, trouble};
use crate::json::{self, Json, JsonFields};
use crate::{Decoded, Failure, RawAnswer, Reason};

/// What a body turned out to be.
pub(super) enum Body<'a> {
    /// An object with a good answer.
    Object(JsonFields<'a>),
    /// A list, bare or under `data`.
    List(Vec<Json<'a>>),
    /// An explicit "there is none", with the upstream's words.
    No(CompactString),
}

/// Reads status and body. `success:false` means the same with 200 and with 404, and a "no" is one only
/// in the words of `words.rs`.
pub(super) fn body<'a>(answer: &'a RawAnswer, asked: AskedAbout<'_>) -> Result<Body<'a>, Failure> {
    let by_status = || Failure::of_status(answer.status, answer.retry_after());
    let read = match answer.status {
        200 | 400 | 404 | 422 => json::parse(&answer.body),
        _ => None,
    };
    match (answer.status, read) {
        (200, Some(Json::List(items))) => Ok(Body::List(items)),
        (200, Some(Json::Object(object))) if !is_false(object.get("success")) => {
            good(object, asked)
        }
        (200 | 404, Some(Json::Object(object))) if !object.is_empty() => {
            refusal(&object, answer, asked).map(Body::No)
        }
        // A rejected question may be a rejected account.
        (400 | 422, Some(Json::Object(object))) => Err(match trouble(texts_of(&object).all()) {
            Trouble::Account => Failure::Unauthorized,
            Trouble::Quota => Failure::QuotaSpent,
            _ => by_status(),
        }),
        (200, _) => Err(Failure::Garbled),
        _ => Err(by_status()),
    }
}

/// An answer that does not refuse: bare, or under `data`. One that contradicts itself, tells of an
/// error or is about another number is none.
fn good<'a>(mut object: JsonFields<'a>, asked: AskedAbout<'_>) -> Result<Body<'a>, Failure> {
    if object.contradicts_itself() || is_foreign(&object, asked) {
        return Err(Failure::Garbled);
    }
    if tells_of_error(&object, asked) {
        return Err(match trouble(texts_of(&object).all()) {
            Trouble::Account => Failure::Unauthorized,
            _ => Failure::Garbled,
        });
    }
    match object.take("data") {
        Some(Json::List(items)) => Ok(Body::List(items)),
        Some(Json::Object(inner)) => {
            let wrong = inner.contradicts_itself()
                || is_false(inner.get("success"))
                || is_foreign(&inner, asked);
            if wrong {
                Err(Failure::Garbled)
            } else {
                Ok(Body::Object(inner))
            }
        }
        _ => Ok(Body::Object(object)),
    }
}

/// What a refusal says: the words of its "no", or the failure it is.
pub(super) fn refusal(
    object: &JsonFields<'_>,
    answer: &RawAnswer,
    asked: AskedAbout<'_>,
) -> Result<CompactString, Failure> {
    let texts = texts_of(object);
    let contradicts = object.contradicts_itself()
        || is_foreign(object, asked)
        || is_true(object.get("success"))
        || ANSWERS.iter().any(|name| some_text(object, name).is_some())
        || match asked.about {
            About::Ruc => some_text(object, "nombre_o_razon_social").is_some(),
            About::Rate => date(object, "fecha").is_some_and(|it| !asked.is_about_day(it)),
            _ => false,
        };
    let no_data = object.get("data").is_none_or(says_nothing);
    let empty_data = no_data && object.get("data").is_some();
    let no =
        |text: &str| words::says_no(text, asked) || (empty_data && says_no_with_empty_data(text));
    if no_data
        && !contradicts
        && !texts.has_code
        && let Some(said) = texts.read.iter().find(|text| no(text))
        && texts
            .all()
            .all(|text| text == *said || no(text) || is_mute(text))
    {
        return Ok(clean(said).into());
    }
    Err(match trouble(texts.all()) {
        Trouble::Account => Failure::Unauthorized,
        Trouble::Limit => Failure::RateLimited {
            retry_after: answer.retry_after(),
        },
        Trouble::Quota => Failure::QuotaSpent,
        Trouble::Route => Failure::WrongPath,
        Trouble::Other if contradicts => Failure::Garbled,
        Trouble::Other => Failure::Unexpected {
            status: answer.status,
        },
    })
}

/// Fields of an answer that a refusal does not have.
const ANSWERS: [&str; 5] = [
    "estado_del_contribuyente",
    "nombre",
    "precio_compra",
    "precio_venta",
    "estado_comprobante",
];
/// Where the words of a "no" are read.
const READ: Names = Names::of(&["message", "mensaje", "error", "errors"]);
/// Fields beside a "no" whose texts say nothing about it. Words in any other place are not read as a
/// "no", but nor are they nothing.
#[rustfmt::skip]
const HARMLESS: Names = Names::of(&[
    "success", "data", "id", "uuid", "request_id", "requestid", "trace_id", "traceid", "timestamp",
    "fecha", "date", "time", "version",
]);
/// Where a number is said that means a kind of failure.
#[rustfmt::skip]
const CODES: Names = Names::of(&[
    "code", "codigo", "status", "statuscode", "status_code", "http_code", "httpstatus",
    "error_code", "errorcode",
]);
/// Where the number is said that an answer is about.
const RUCS: Names = Names::of(&[
    "ruc",
    "numero_ruc",
    "nro_ruc",
    "numero_documento",
    "numeroDocumento",
]);
const DNIS: Names = Names::of(&[
    "dni",
    "numero",
    "numero_dni",
    "numero_documento",
    "numeroDocumento",
]);

/// Names of fields, whatever their case. Every field of every answer is held against them, and few
/// have the length and the first letter of one of them.
struct Names {
    all: &'static [&'static str],
    lengths: u64,
    letters: u64,
}

impl Names {
    const fn of(all: &'static [&'static str]) -> Names {
        let (mut lengths, mut letters, mut at) = (0, 0, 0);
        while at < all.len() {
            lengths |= 1 << all[at].len();
            letters |= bit(all[at].as_bytes()[0]);
            at += 1;
        }
        Names {
            all,
            lengths,
            letters,
        }
    }

    fn contains(&self, name: &str) -> bool {
        let first = name.bytes().next().map_or(0, bit);
        first & self.letters != 0
            && name.len() < 64
            && self.lengths >> name.len() & 1 == 1
            && self.all.iter().any(|it| it.eq_ignore_ascii_case(name))
    }
}

/// The same for a capital and a small letter.
const fn bit(letter: u8) -> u64 {
    1 << (letter & 31)
}

/// The texts of a refusal.
struct Texts<'t> {
    /// Those that a "no" is read from.
    read: Vec<&'t str>,
    /// Those in other places.
    elsewhere: Vec<&'t str>,
    /// Whether a code speaks of something else than an absence.
    has_code: bool,
}

impl<'t> Texts<'t> {
    fn all(&self) -> impl Iterator<Item = &'t str> {
        self.read.iter().chain(&self.elsewhere).copied()
    }
}

fn texts_of<'t>(object: &'t JsonFields<'_>) -> Texts<'t> {
    let mut texts = Texts {
        read: Vec::new(),
        elsewhere: Vec::new(),
        has_code: false,
    };
    for (name, value) in object.iter() {
        if READ.all.contains(&name) {
            leaves(value, &mut texts.read, &mut texts.has_code);
        } else if READ.contains(name) {
            leaves(value, &mut texts.elsewhere, &mut texts.has_code);
        } else if CODES.contains(name) {
            texts.has_code |= code(value).is_some_and(is_other_code);
            if let Json::Text(text) = value {
                texts.elsewhere.extend(is_words(text).then_some(&**text));
            }
        } else if !HARMLESS.contains(name) && !RUCS.contains(name) && !DNIS.contains(name) {
            let mut said = Vec::new();
            leaves(value, &mut said, &mut false);
            texts
                .elsewhere
                .extend(said.into_iter().filter(|text| is_words(text)));
        }
    }
    texts
}

/// The texts in a value, however deep; a number among them is a code.
fn leaves<'t>(value: &'t Json<'_>, texts: &mut Vec<&'t str>, has_code: &mut bool) {
    match value {
        Json::Text(text) if present(Some(text)).is_some() => texts.push(text),
        Json::Number(_) => *has_code |= code(value).is_none_or(is_other_code),
        Json::List(items) => items.iter().for_each(|it| leaves(it, texts, has_code)),
        Json::Object(fields) => fields.iter().for_each(|it| leaves(it.1, texts, has_code)),
        _ => {}
    }
}

fn is_words(text: &str) -> bool {
    present(Some(text)).is_some() && !text.trim().bytes().all(|byte| byte.is_ascii_digit())
}

fn code(value: &Json<'_>) -> Option<i64> {
    match value {
        Json::Number(number) => number.as_i64(),
        Json::Text(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// An error beside a good answer, or a "no"; a code is no error in itself, one provider sends "200".
fn tells_of_error(object: &JsonFields<'_>, asked: AskedAbout<'_>) -> bool {
    object.iter().any(|(name, value)| match name {
        "error" | "errors" | "exception" | "fault" => !says_nothing(value),
        "message" | "mensaje" => value
            .as_str()
            .is_some_and(|text| words::says_no(text, asked)),
        _ => CODES.contains(name) && code(value).is_some_and(|code| (300..600).contains(&code)),
    })
}

/// A code beside a "no" that is neither "good" nor "not found".
fn is_other_code(code: i64) -> bool {
    !matches!(code, 0 | 1 | 200 | 404)
}

fn says_nothing(value: &Json<'_>) -> bool {
    match value {
        Json::Null | Json::Bool(false) => true,
        Json::Bool(true) => false,
        Json::Number(number) => number.as_i64() == Some(0),
        Json::Text(text) => present(Some(text)).is_none(),
        Json::List(items) => items.is_empty(),
        Json::Object(fields) => fields.is_empty(),
    }
}

/// Whether a field that bears a number bears another one than was asked for.
fn is_foreign(object: &JsonFields<'_>, asked: AskedAbout<'_>) -> bool {
    let names = match asked.about {
        About::Ruc | About::List | About::Representatives => RUCS,
        About::Dni => DNIS,
        About::Rate | About::Document | About::Account => return false,
    };
    object.iter().any(|(name, value)| {
        names.contains(name) && !says_nothing(value) && !is_number(value, asked.subject)
    })
}

/// Whether a value is the number asked for: as text or as a number, which lost its leading zeros.
fn is_number(value: &Json<'_>, asked: &str) -> bool {
    let bare = |text: &str| text.trim_start_matches('0').to_owned();
    match value {
        Json::Text(text) if text == asked => true,
        Json::Text(text) => {
            let text = clean(text);
            text == asked || (!text.is_empty() && bare(&text) == bare(asked))
        }
        Json::Number(number) => number
            .as_u64()
            .is_some_and(|it| it.to_string() == bare(asked)),
        _ => false,
    }
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
pub(super) fn text<'f>(object: &'f JsonFields<'_>, name: &str) -> Option<Cow<'f, str>> {
    match object.get(name)? {
        Json::Text(text) => Some(Cow::Borrowed(text)),
        Json::Number(number) => Some(Cow::Owned(number.to_string())),
        _ => None,
    }
}

/// A field that says something: not `-`, blank or null.
pub(super) fn some_text(object: &JsonFields<'_>, name: &str) -> Option<String> {
    present(text(object, name).as_deref())
}

/// Whether the answer says that it is about the number asked for.
pub(super) fn echoes(object: &JsonFields<'_>, name: &str, asked: &str) -> bool {
    object
        .get(name)
        .is_some_and(|value| is_number(value, asked))
}

/// The same where the answer need not say it.
pub(super) fn echoes_if_said(object: &JsonFields<'_>, name: &str, asked: &str) -> bool {
    object
        .get(name)
        .is_none_or(|value| says_nothing(value) || is_number(value, asked))
}

/// Whether a body that does not refuse affirms anything: it says so, or has one of the fields.
/// An object of something else altogether must not count as a yes.
pub(super) fn affirms(object: &JsonFields<'_>, fields: &[&str]) -> bool {
    is_true(object.get("success")) || fields.iter().any(|name| some_text(object, name).is_some())
}

fn is_true(success: Option<&Json<'_>>) -> bool {
    match success {
        Some(Json::Bool(success)) => *success,
        Some(Json::Text(text)) => matches!(fold(text).as_str(), "TRUE" | "SI" | "1"),
        Some(Json::Number(number)) => number.as_i64() == Some(1),
        _ => false,
    }
}

/// A date as APIMIGO writes it, a time of day after it ignored.
pub(super) fn date(object: &JsonFields<'_>, name: &str) -> Option<Date> {
    let text = some_text(object, name)?;
    chaski_core::parse_date(text.get(..10).unwrap_or(&text)).ok()
}

/// An exchange rate; prices may be strings or numbers.
pub(super) fn rate(object: &JsonFields<'_>, fuente: RateSource) -> Result<ExchangeRate, Failure> {
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
    asked: AskedAbout<'_>,
    reason: Reason,
    good: impl FnOnce(&JsonFields<'_>) -> Result<A, Failure>,
) -> Result<Decoded<A>, Failure> {
    match body(answer, asked)? {
        Body::Object(object) => good(&object).map(Decoded::Answer),
        Body::No(message) => Ok(Decoded::Refused { reason, message }),
        Body::List(_) => Err(Failure::Garbled),
    }
}

/// A list of objects, each read by `good`, or the refusal.
pub(super) fn list<A>(
    answer: &RawAnswer,
    asked: AskedAbout<'_>,
    reason: Reason,
    good: impl Fn(&JsonFields<'_>) -> Result<A, Failure>,
) -> Result<Decoded<Vec<A>>, Failure> {
    let read = |item: &Json<'_>| {
        let item = item.as_object().ok_or(Failure::Garbled)?;
        let wrong =
            item.contradicts_itself() || is_foreign(item, asked) || is_false(item.get("success"));
        if wrong {
            Err(Failure::Garbled)
        } else {
            good(item)
        }
    };
    match body(answer, asked)? {
        Body::List(items) => items
            .iter()
            .map(read)
            .collect::<Result<_, _>>()
            .map(Decoded::Answer),
        Body::No(message) => Ok(Decoded::Refused { reason, message }),
        Body::Object(_) => Err(Failure::Garbled),
    }
}

/// An item of a native batch answer: what it refuses, nothing if it does not, or the failure it is.
pub(super) fn item_refusal(
    item: &JsonFields<'_>,
    answer: &RawAnswer,
    asked: AskedAbout<'_>,
) -> Result<Option<CompactString>, Failure> {
    if is_false(item.get("success")) {
        return refusal(item, answer, asked).map(Some);
    }
    let wrong = item.contradicts_itself() || is_foreign(item, asked) || tells_of_error(item, asked);
    if wrong {
        Err(Failure::Garbled)
    } else {
        Ok(None)
    }
}
