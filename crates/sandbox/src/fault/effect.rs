//! What each fault does to an answer.

use std::time::{Duration, SystemTime};

use http::StatusCode;
use jiff::{Timestamp, ToSpan};

use super::{FaultKind, RetryAfter};
use crate::cut::Cut;
use crate::reply::Reply;

/// What leaves the sandbox in the end: an answer, in ten pieces with the interval if there is one, or
/// none.
pub(crate) type Effect = Result<(Reply, Option<Duration>), Cut>;

/// Whose answer comes when another number's is commanded.
pub(crate) const OTHER_RUC: &str = "20131312955";

const HUGE_BYTES: usize = 10 * 1024 * 1024;
const NESTED_LEVELS: usize = 10_000;

/// The faults that strike before the request is looked at: nothing is charged.
pub(crate) fn instead(kind: FaultKind, now: Timestamp) -> Option<Effect> {
    let reply = match kind {
        FaultKind::Reset => return Some(Err(Cut::Reset)),
        FaultKind::Outage => return Some(Err(Cut::Refused)),
        FaultKind::TooMany(retry_after) => Reply {
            retry_after: write_retry_after(retry_after, now),
            ..Reply::too_many()
        },
        FaultKind::Unauthorized => Reply::unauthenticated(),
        FaultKind::Forbidden => Reply::forbidden(),
        FaultKind::WrongPath => Reply::wrong_path(),
        FaultKind::ServerError(status) => {
            Reply::new(server_status(status), br#"{"message":"Server Error"}"#)
        }
        FaultKind::ServerErrorHtml(status) => Reply::html(server_status(status)),
        FaultKind::Redirect => Reply {
            location: Some("/iniciar-sesion"),
            ..Reply::html(StatusCode::FOUND)
        },
        _ => return None,
    };
    Some(Ok((reply, None)))
}

/// The faults that spoil an answer already worked out and charged.
pub(crate) fn spoil(kind: FaultKind, mut reply: Reply) -> Effect {
    match kind {
        FaultKind::Close => return Err(Cut::ClosedBeforeAnswer),
        FaultKind::Drip(interval) => return Ok((reply, Some(interval))),
        FaultKind::Truncated => reply.body.truncate(reply.body.len() / 2),
        FaultKind::WrongJson => swap_array_and_object(&mut reply.body),
        FaultKind::Html => reply = Reply::html(StatusCode::OK),
        FaultKind::SuccessFalse => {
            let body = br#"{"success":false,"message":"No se pudo completar la consulta."}"#;
            reply = Reply::new(StatusCode::OK, body);
        }
        FaultKind::Huge => reply = Reply::new(StatusCode::OK, huge()),
        FaultKind::Nested => reply = Reply::new(StatusCode::OK, nested()),
        _ => {}
    }
    Ok((reply, None))
}

fn server_status(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

fn write_retry_after(retry_after: RetryAfter, now: Timestamp) -> Option<String> {
    match retry_after {
        RetryAfter::Unsaid => None,
        RetryAfter::Seconds(seconds) => Some(seconds.to_string()),
        RetryAfter::Date(seconds) => {
            let when = now.checked_add(i64::from(seconds).seconds()).unwrap_or(now);
            Some(httpdate::fmt_http_date(SystemTime::from(when)))
        }
    }
}

fn swap_array_and_object(body: &mut Vec<u8>) {
    let (before, after): (&[u8], &[u8]) = if body.starts_with(b"[") {
        (br#"{"data":"#, b"}")
    } else {
        (b"[", b"]")
    };
    *body = [before, body.as_slice(), after].concat();
}

fn huge() -> Vec<u8> {
    let mut body = br#"{"success":true,"relleno":""#.to_vec();
    body.resize(HUGE_BYTES - 2, b'A');
    body.extend_from_slice(br#""}"#);
    body
}

fn nested() -> Vec<u8> {
    let mut body = br#"{"data":"#.repeat(NESTED_LEVELS);
    body.extend_from_slice(b"null");
    body.resize(body.len() + NESTED_LEVELS, b'}');
    body
}
