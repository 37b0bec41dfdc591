//! `Idempotency-Key`: a creating request that is sent again within a day creates nothing twice and
//! gets the answer of the first time.

use std::time::Duration;

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use blake3::Hash;
use chaski_core::Ruc;
use http::header::{CONTENT_TYPE, LOCATION};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;
use uuid::Uuid;

use super::form::{boundary, places};
use super::{Caller, Problem, body};
use crate::app::App;
use crate::app::once::{Alone, Begun, DoneBefore, Once};
use crate::scratch::Scratch;
use crate::store::StoreError;

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
pub(crate) const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// Longest idempotency key.
const MOST_CHARACTERS: usize = 255;

/// When to come back while the first request is still being worked on.
const SOON: Duration = Duration::from_secs(1);

/// So that a request which is sent again creates nothing twice.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "describes a header that is read by hand")]
pub(crate) struct OnceWanted {
    /// Any text of 1 to 255 visible ASCII characters, another one for each thing to create, such
    /// as a UUID. For 24 hours the same request under it gets the first answer again.
    #[param(
        rename = "Idempotency-Key",
        min_length = 1,
        max_length = 255,
        pattern = "^[!-~]+$"
    )]
    idempotency_key: Option<String>,
}

/// The answer to a request that created something.
#[derive(Serialize, Deserialize)]
pub(crate) struct Created {
    status: u16,
    location: Option<String>,
    body: String,
}

impl Created {
    pub(crate) fn new(status: StatusCode, location: Option<String>, body: &impl Serialize) -> Self {
        Created {
            status: status.as_u16(),
            location,
            body: serde_json::to_string(body).unwrap_or_default(),
        }
    }

    fn replayed(self) -> Response {
        let mut response = self.into_response();
        let yes = HeaderValue::from_static("true");
        response.headers_mut().insert(REPLAYED, yes);
        response
    }
}

impl IntoResponse for Created {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::OK);
        let kind = [(CONTENT_TYPE, "application/json")];
        let mut response = (status, kind, self.body).into_response();
        let place = self.location.as_deref().map(HeaderValue::from_str);
        if let Some(Ok(place)) = place {
            response.headers_mut().insert(LOCATION, place);
        }
        response
    }
}

/// Answers a request of at most `most` bytes that creates something. `create` does it, notes what it
/// is told in the same transaction, and renders it; `show` renders what was created before.
pub(crate) async fn once<CF, SF>(
    caller: &Caller,
    request: Request,
    most: usize,
    create: impl FnOnce(Request, Option<Once>) -> CF,
    show: impl FnOnce(Uuid) -> SF,
) -> Result<Response, Problem>
where
    CF: Future<Output = Result<(Uuid, Created), Problem>>,
    SF: Future<Output = Result<Created, Problem>>,
{
    let Some(place) = place(caller, &request)? else {
        let (_, answer) = create(request, None).await?;
        return Ok(answer.into_response());
    };
    let (request, wanted) = read(request, most).await?;
    let ticket = match caller.app.begin_once(place, wanted).await? {
        Begun::First(ticket) => ticket,
        Begun::Before(before) => return replay(before, show).await,
        Begun::UnderWay => return Err(under_way()),
    };
    match create(request, Some(ticket.once)).await {
        Ok((created, answer)) => {
            let kept = serde_json::to_vec(&answer).unwrap_or_default();
            caller.app.keep_answer(&ticket.once, created, &kept).await;
            Ok(answer.into_response())
        }
        // Another process on the same folder was faster by a moment.
        Err(problem) if problem.code == StoreError::DoneBefore.code() => {
            let before = caller.app.done_before(&ticket.once).await?;
            replay(before.ok_or(problem)?, show).await
        }
        Err(problem) => Err(problem),
    }
}

/// The first request of an idempotency key has no answer yet.
fn under_way() -> Problem {
    Problem::new(
        "idempotencia_en_curso",
        "la primera petición con esa Idempotency-Key todavía se atiende",
        "the first request with that Idempotency-Key is still being worked on",
    )
    .after(SOON)
}

/// The right to work on the document of a key, whose place is its issuer and that key: whichever API key
/// and address it comes by. Until it is dropped, the same key gets 409.
pub(crate) fn alone(app: &App, issuer: &Ruc, key: &str) -> Result<Alone, Problem> {
    let mut hasher = blake3::Hasher::new();
    for part in ["comprobante", issuer.as_str(), key] {
        put(&mut hasher, part.as_bytes());
    }
    app.alone_with(hasher.finalize()).ok_or_else(under_way)
}

/// The first answer; where it was never given, what was created as it is now.
async fn replay<SF>(before: DoneBefore, show: impl FnOnce(Uuid) -> SF) -> Result<Response, Problem>
where
    SF: Future<Output = Result<Created, Problem>>,
{
    if !before.same_request {
        return Err(Problem::new(
            "idempotencia_otra_peticion",
            "esa Idempotency-Key ya se usó con otra petición",
            "that Idempotency-Key was used with another request",
        ));
    }
    let kept = before.answer.as_deref();
    let kept = kept.and_then(|bytes| serde_json::from_slice::<Created>(bytes).ok());
    match kept {
        Some(answer) => Ok(answer.replayed()),
        None => Ok(show(before.created).await?.replayed()),
    }
}

/// Whose, where and which idempotency key; none without one.
fn place(caller: &Caller, request: &Request) -> Result<Option<Hash>, Problem> {
    let Some(key) = key(request.headers())? else {
        return Ok(None);
    };
    let owner = caller.owner().unwrap_or_default();
    let mut hasher = blake3::Hasher::new();
    for part in [
        owner.as_bytes().as_slice(),
        request.uri().path().as_bytes(),
        key,
    ] {
        put(&mut hasher, part);
    }
    Ok(Some(hasher.finalize()))
}

pub(crate) fn key(headers: &HeaderMap) -> Result<Option<&[u8]>, Problem> {
    let mut given = headers.get_all(KEY).iter();
    let (Some(key), another) = (given.next(), given.next()) else {
        return Ok(None);
    };
    let key = key.as_bytes();
    let good = (1..=MOST_CHARACTERS).contains(&key.len()) && key.iter().all(u8::is_ascii_graphic);
    if good && another.is_none() {
        return Ok(Some(key));
    }
    Err(Problem::new(
        "idempotencia_mal_formada",
        "Idempotency-Key debe ser una sola y tener de 1 a 255 caracteres ASCII visibles",
        "Idempotency-Key must come once and have 1 to 255 visible ASCII characters",
    ))
}

/// The request with its body whole, and what tells it from others under its idempotency key.
async fn read(mut request: Request, most: usize) -> Result<(Request, Hash), Problem> {
    let whole = body::arrived(&mut request, most).await?;
    let kind = body::kind(&request).unwrap_or_default();
    let mut hasher = blake3::Hasher::new();
    put(&mut hasher, request.method().as_str().as_bytes());
    put(&mut hasher, request.uri().path().as_bytes());
    put(&mut hasher, kind.as_bytes());
    let of_form = boundary(request.headers()).filter(|_| kind == "multipart/form-data");
    let boundary = of_form.map(str::to_owned);
    let digest = body::on_disk(move || {
        if let Some(boundary) = boundary {
            put_form(&mut hasher, &whole, &boundary)?;
        } else {
            hasher.update(&whole.len().to_le_bytes());
            std::io::copy(&mut whole.reader(), &mut hasher)?;
        }
        Ok(hasher.finalize())
    });
    Ok((request, digest.await?))
}

fn put(hasher: &mut blake3::Hasher, part: &[u8]) {
    hasher.update(&(part.len() as u64).to_le_bytes());
    hasher.update(part);
}

/// A form but for the text between its parts: programs make up another one each time they send
/// the same form.
fn put_form(hasher: &mut blake3::Hasher, form: &Scratch, boundary: &str) -> std::io::Result<()> {
    let mut from = 0;
    for (_, after) in places(form, boundary)? {
        let piece = form.part(from..after - boundary.len() as u64);
        std::io::copy(&mut piece.reader(), hasher)?;
        from = after;
    }
    std::io::copy(&mut form.part(from..form.len()).reader(), hasher)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_form(boundary: &str, form: &str) -> Hash {
        let mut hasher = blake3::Hasher::new();
        let form = Scratch::of_bytes(form.to_owned().into());
        put_form(&mut hasher, &form, boundary).unwrap();
        hasher.finalize()
    }

    #[test]
    fn a_form_is_the_same_whatever_stands_between_its_parts() {
        let form = |boundary: &str, value: &str| {
            let text = format!(
                "--{boundary}\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\n{value}\r\n--{boundary}--\r\n"
            );
            of_form(boundary, &text)
        };
        assert_eq!(form("a1", "uno"), form("zz-9", "uno"));
        assert_ne!(form("a1", "uno"), form("a1", "dos"));
    }

    #[test]
    fn where_the_parts_of_a_form_end() {
        let check = |kind: &'static str, expected: Option<&str>| {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
            assert_eq!(boundary(&headers), expected, "{kind}");
        };
        check("multipart/form-data; boundary=x1", Some("x1"));
        check(
            "multipart/form-data;charset=utf-8;Boundary=\"x 1\"",
            Some("x 1"),
        );
        check("multipart/form-data; boundary=", None);
        check("application/json", None);
    }
}
