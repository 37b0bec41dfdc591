//! How errors look: RFC 9457, with a page for each code.

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use chaski_client::{Error, Failure};
use chaski_core::{DateError, DniError, Lang, RucError};
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, StatusCode};
use utoipa::IntoResponses;

use super::code_texts;
use crate::api::problem::{FieldBody, ProblemBody};
use crate::app::{AppError, plan_too_small};
use crate::codes;
use crate::hints::Hinted;
use crate::partners::PartnerError;
use crate::store::StoreError;

/// What went wrong. It is rendered on the way out, where language and request are known.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    pub(crate) es: String,
    pub(crate) en: String,
    pub(crate) retryable: bool,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) errors: Vec<FieldProblem>,
}

/// What is wrong with one field.
#[derive(Clone, Debug)]
pub(crate) struct FieldProblem {
    pub(crate) field: String,
    pub(crate) code: &'static str,
    pub(crate) es: String,
    pub(crate) en: String,
}

/// The errors that any operation may answer with.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "read by the macro only")]
pub(crate) enum Problems {
    /// The request cannot be read
    #[response(status = 400, content_type = "application/problem+json")]
    BadRequest(ProblemBody),
    /// No key, or not a good one
    #[response(status = 401, content_type = "application/problem+json")]
    Unauthorized(ProblemBody),
    /// The key lacks the scope
    #[response(status = 403, content_type = "application/problem+json")]
    Forbidden(ProblemBody),
    /// No such thing
    #[response(status = 404, content_type = "application/problem+json")]
    NotFound(ProblemBody),
    /// The body did not come in time
    #[response(status = 408, content_type = "application/problem+json")]
    SlowBody(ProblemBody),
    /// In conflict with the state of the thing
    #[response(status = 409, content_type = "application/problem+json")]
    Conflict(ProblemBody),
    /// A body without a `Content-Length`
    #[response(status = 411, content_type = "application/problem+json")]
    LengthRequired(ProblemBody),
    /// Too large
    #[response(status = 413, content_type = "application/problem+json")]
    TooLarge(ProblemBody),
    /// The address is too long
    #[response(status = 414, content_type = "application/problem+json")]
    TooLong(ProblemBody),
    /// A kind of body that is not read here
    #[response(status = 415, content_type = "application/problem+json")]
    UnknownKind(ProblemBody),
    /// Readable, and wrong
    #[response(status = 422, content_type = "application/problem+json")]
    Unprocessable(ProblemBody),
    /// Too fast, or a limit is spent
    #[response(status = 429, content_type = "application/problem+json")]
    TooMany(ProblemBody),
    /// Address and headers together are too large; without a body
    #[response(status = 431)]
    HeadTooLarge,
    /// A defect of Chaski
    #[response(status = 500, content_type = "application/problem+json")]
    Internal(ProblemBody),
    /// The upstream failed
    #[response(status = 502, content_type = "application/problem+json")]
    BadGateway(ProblemBody),
    /// Not now
    #[response(status = 503, content_type = "application/problem+json")]
    Unavailable(ProblemBody),
    /// The upstream did not answer in time
    #[response(status = 504, content_type = "application/problem+json")]
    TimedOut(ProblemBody),
}

impl Problem {
    /// A problem with the status that goes with its code.
    pub(crate) fn new(code: &'static str, es: impl Into<String>, en: impl Into<String>) -> Problem {
        let known = codes::find(code).and_then(|it| StatusCode::from_u16(it.http_status).ok());
        Problem {
            status: known.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            code,
            es: es.into(),
            en: en.into(),
            retryable: false,
            retry_after: None,
            errors: Vec::new(),
        }
    }

    /// One field is readable and wrong.
    pub(crate) fn of_field(
        field: &str,
        code: &'static str,
        es: impl Into<String>,
        en: impl Into<String>,
    ) -> Problem {
        let (es, en) = (es.into(), en.into());
        Problem {
            errors: vec![FieldProblem {
                field: field.to_owned(),
                code,
                es: es.clone(),
                en: en.clone(),
            }],
            status: StatusCode::UNPROCESSABLE_ENTITY,
            ..Problem::new(code, format!("{field}: {es}"), format!("{field}: {en}"))
        }
    }

    /// The request itself cannot be read.
    pub(crate) fn unreadable(es: impl Into<String>, en: impl Into<String>) -> Problem {
        Problem::new("peticion_ilegible", es, en)
    }

    pub(crate) fn not_found() -> Problem {
        Problem::new(
            "ruta_desconocida",
            "no hay nada en esta dirección; las que hay están en /docs",
            "there is nothing at this address; those there are, are in /docs",
        )
    }

    pub(crate) fn overload() -> Problem {
        Problem::new(
            "sobrecarga",
            "hay demasiadas peticiones a la vez; reintente en un segundo",
            "there are too many requests at once; try again in a second",
        )
        .after(Duration::from_secs(1))
    }

    pub(crate) fn internal() -> Problem {
        Problem::from(&Failure::Internal)
    }

    pub(crate) fn after(mut self, wait: Duration) -> Problem {
        self.retryable = true;
        self.retry_after = Some(wait);
        self
    }

    pub(crate) fn text(&self, lang: Lang) -> &str {
        lang.pick(&self.es, &self.en)
    }

    /// The answer, now that language and request are known.
    pub(crate) fn render(&self, lang: Lang, instance: &str, request_id: &str) -> Response {
        let page = code_texts::page(self.code, lang);
        let errors = self.errors.iter().map(|field| FieldBody {
            field: field.field.clone(),
            code: field.code.to_owned(),
            detail: lang.pick(&field.es, &field.en).clone(),
        });
        let body = ProblemBody {
            kind: format!("/errores/{}", self.code),
            title: page.cause.to_owned(),
            status: self.status.as_u16(),
            detail: self.text(lang).to_owned(),
            instance: instance.to_owned(),
            code: self.code.to_owned(),
            retryable: self.retryable,
            action: page.action.to_owned(),
            errors: errors.collect(),
            request_id: request_id.to_owned(),
        };
        let mut response = (self.status, axum::Json(body)).into_response();
        let kind = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(CONTENT_TYPE, kind);
        self.put_retry_after(&mut response);
        response
    }

    pub(crate) fn put_retry_after(&self, response: &mut Response) {
        if let Some(wait) = self.retry_after {
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            let headers = response.headers_mut();
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds.max(1)));
        }
    }
}

impl IntoResponse for Problem {
    /// Only marked here; the door renders it.
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<&Failure> for Problem {
    fn from(failure: &Failure) -> Problem {
        let treatment = failure.treatment();
        let status = StatusCode::from_u16(treatment.http_status)
            .expect("the table holds statuses that exist");
        Problem {
            status,
            retryable: treatment.transient || matches!(status.as_u16(), 429 | 503 | 504),
            retry_after: failure.retry_after(),
            ..Problem::new(
                treatment.code,
                failure.hinted(Lang::Es),
                failure.hinted(Lang::En),
            )
        }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Problem {
        if let Some(failure) = error.failure() {
            return Problem::from(failure);
        }
        let (es, en) = (error.hinted(Lang::Es), error.hinted(Lang::En));
        Problem::new(error.code(), es, en)
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Problem {
        let of_the_request = matches!(
            error,
            StoreError::NoSuchBatch
                | StoreError::NoSuchJob
                | StoreError::DoneBefore
                | StoreError::BadCursor
        );
        if of_the_request {
            let (es, en) = (error.message(Lang::Es), error.message(Lang::En));
            return Problem::new(error.code(), es, en);
        }
        tracing::error!(code = error.code(), "the store failed");
        Problem::from(&Failure::LedgerDown)
    }
}

impl From<&PartnerError> for Problem {
    fn from(error: &PartnerError) -> Problem {
        let (es, en) = (error.message(Lang::Es), error.message(Lang::En));
        let field = error.field().map(|field| FieldProblem {
            field: field.to_owned(),
            code: error.code(),
            es: es.clone(),
            en: en.clone(),
        });
        Problem {
            errors: field.into_iter().collect(),
            ..Problem::new(error.code(), es, en)
        }
    }
}

/// How a request says that it may cost what the plan has left.
fn how_to_go_on(left: u64, again: bool, lang: Lang) -> String {
    match (again, lang) {
        // A command that hands its list to a server shows this text as well.
        (false, Lang::Es) => format!("agregue gastar_hasta: {left} (--gastar-hasta {left})"),
        (false, Lang::En) => format!("add gastar_hasta: {left} (--gastar-hasta {left})"),
        (true, Lang::Es) => format!(
            "pídalo de nuevo con gastar_hasta: {left}, que no vuelve a pagar lo ya respondido"
        ),
        (true, Lang::En) => {
            format!("hand it in anew with gastar_hasta: {left}, which pays for no answer twice")
        }
    }
}

impl From<AppError> for Problem {
    fn from(error: AppError) -> Problem {
        match &error {
            AppError::Lookup(error) => return Problem::from(error.clone()),
            AppError::Store(error) => return Problem::from(error.clone()),
            AppError::Ledger(_) => return Problem::from(&Failure::LedgerDown),
            AppError::Usage(_)
            | AppError::Sheet(_)
            | AppError::Column(_)
            | AppError::NothingRead(_)
            | AppError::NoPurpose
            | AppError::NotNow(_)
            | AppError::NoToken
            | AppError::TokenGone { .. } => {}
            AppError::DayTooSmall(day) => {
                let (es, en) = (error.message(Lang::Es), error.message(Lang::En));
                let problem = Problem::new(error.code(), es, en);
                return match day.retry_after {
                    Some(wait) => problem.after(wait),
                    // No day is long enough for it.
                    None => problem,
                };
            }
            AppError::PlanTooSmall {
                left,
                wanted,
                again,
            } => {
                let text =
                    |lang| plan_too_small(*left, *wanted, &how_to_go_on(*left, *again, lang), lang);
                return Problem::new(error.code(), text(Lang::Es), text(Lang::En));
            }
            AppError::Partner(error) => return Problem::from(error),
            AppError::Config(_)
            | AppError::Backup(_)
            | AppError::Server(_)
            | AppError::Io(_)
            | AppError::File { .. }
            | AppError::Interrupted => {
                tracing::error!(code = error.code(), "a deed failed");
                return Problem::internal();
            }
        }
        Problem::new(
            error.code(),
            error.message(Lang::Es),
            error.message(Lang::En),
        )
    }
}

impl Problem {
    pub(crate) fn of_ruc(field: &str, error: &RucError) -> Problem {
        let (es, en) = (error.message(Lang::Es), error.message(Lang::En));
        Problem::of_field(field, error.code(), es, en)
    }

    pub(crate) fn of_dni(field: &str, error: &DniError) -> Problem {
        let (es, en) = (error.message(Lang::Es), error.message(Lang::En));
        Problem::of_field(field, error.code(), es, en)
    }

    pub(crate) fn of_date(field: &str, error: DateError) -> Problem {
        let (es, en) = (error.message(Lang::Es), error.message(Lang::En));
        Problem::of_field(field, error.code(), es, en)
    }
}
