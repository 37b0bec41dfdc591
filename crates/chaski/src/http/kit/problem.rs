//! How errors look: RFC 9457, with a page for each code.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use chaski_client::{Error, Failure};
use chaski_core::{Lang, Severity, Text, sentence};
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, StatusCode};
use utoipa::IntoResponses;
use utoipa::openapi::{Ref, RefOr, Response as Described};

use super::code_texts;
use crate::api::problem::{FieldBody, ProblemBody};
use crate::app::{AppError, plan_too_small};
use crate::codes;
use crate::hints::Hinted;
use crate::partners::PartnerError;
use crate::store::StoreError;

const KIND: &str = "application/problem+json";

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
    pub(crate) finding: Option<FindingProblem>,
}

/// What a finding about a document says besides.
#[derive(Clone, Debug)]
pub(crate) struct FindingProblem {
    pub(crate) severity: Severity,
    pub(crate) expected: Option<String>,
    pub(crate) action: Text,
}

/// The errors that any operation may answer with: described once, under components.
pub(crate) struct Problems;

impl IntoResponses for Problems {
    fn responses() -> BTreeMap<String, RefOr<Described>> {
        let named = |(status, _)| {
            let name = format!("ProblemBody{status}");
            (String::from(status), Ref::from_response_name(name).into())
        };
        ERROR_STATUSES.into_iter().map(named).collect()
    }
}

/// Each status of an error, and what it says.
pub(crate) const ERROR_STATUSES: [(&str, &str); 17] = [
    ("400", "The request cannot be read"),
    ("401", "No key, or not a good one"),
    ("403", "The key lacks the scope"),
    ("404", "No such thing"),
    ("408", "The body did not come in time"),
    ("409", "In conflict with the state of the thing"),
    ("411", "A body without a `Content-Length`"),
    ("413", "Too large"),
    ("414", "The address is too long"),
    ("415", "A kind of body that is not read here"),
    ("422", "Readable, and wrong"),
    ("429", "Too fast, or a limit is spent"),
    (
        "431",
        "Address and headers together are too large; without a body",
    ),
    ("500", "A defect of Chaski"),
    ("502", "The upstream failed"),
    ("503", "Not now"),
    ("504", "The upstream did not answer in time"),
];

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

    /// A problem that says the same in both languages.
    fn said(code: &'static str, text: impl Fn(Lang) -> String) -> Problem {
        Problem::new(code, text(Lang::Es), text(Lang::En))
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
                finding: None,
            }],
            status: StatusCode::UNPROCESSABLE_ENTITY,
            ..Problem::new(code, format!("{field}: {es}"), format!("{field}: {en}"))
        }
    }

    pub(crate) fn wrong_field<T: Into<String>>(field: &str, es: T, en: T) -> Problem {
        Problem::of_field(field, "campo_invalido", es, en)
    }

    pub(crate) fn missing_field<T: Into<String>>(field: &str, es: T, en: T) -> Problem {
        Problem::of_field(field, "campo_requerido", es, en)
    }

    /// One parameter of the address is readable and wrong.
    pub(crate) fn wrong_parameter<T: Into<String>>(name: &str, es: T, en: T) -> Problem {
        Problem::of_field(name, "parametro_invalido", es, en)
    }

    /// The same, as a reader of such values says it.
    pub(crate) fn of_value<T: Into<String>>(
        field: &str,
        code: &'static str,
        text: impl Fn(Lang) -> T,
    ) -> Problem {
        Problem::of_field(field, code, text(Lang::Es), text(Lang::En))
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

    /// What went wrong, as a sentence.
    pub(crate) fn text(&self, lang: Lang) -> String {
        sentence(lang.pick(&self.es, &self.en))
    }

    /// The answer, now that language and request are known.
    pub(crate) fn render(&self, lang: Lang, instance: &str, request_id: &str) -> Response {
        let page = code_texts::page(self.code, lang).unwrap_or_default();
        let errors = self.errors.iter().map(|field| FieldBody {
            field: field.field.clone(),
            code: field.code.to_owned(),
            detail: field.text(lang),
            severity: field
                .finding
                .as_ref()
                .map(|it| it.severity.as_str().to_owned()),
            expected: field.finding.as_ref().and_then(|it| it.expected.clone()),
            action: field
                .finding
                .as_ref()
                .map(|it| sentence(&it.action.clone().pick(lang))),
        });
        let body = ProblemBody {
            kind: format!("/errores/{}", self.code),
            title: sentence(page.cause),
            status: self.status.as_u16(),
            detail: self.text(lang),
            instance: instance.to_owned(),
            code: self.code.to_owned(),
            retryable: self.retryable,
            action: sentence(page.action),
            errors: errors.collect(),
            request_id: request_id.to_owned(),
        };
        let mut response = (self.status, axum::Json(body)).into_response();
        let kind = HeaderValue::from_static(KIND);
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

impl FieldProblem {
    /// What is wrong with it, as a sentence.
    pub(crate) fn text(&self, lang: Lang) -> String {
        sentence(lang.pick(&self.es, &self.en))
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
            ..Problem::said(treatment.code, |lang| failure.hinted(lang))
        }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Problem {
        if let Some(failure) = error.failure() {
            return Problem::from(failure);
        }
        Problem::said(error.code(), |lang| error.hinted(lang))
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
            return Problem::said(error.code(), |lang| error.message(lang));
        }
        tracing::error!(code = error.code(), "the store failed");
        Problem::from(&Failure::LedgerDown)
    }
}

impl From<&PartnerError> for Problem {
    fn from(error: &PartnerError) -> Problem {
        let mut problem = Problem::said(error.code(), |lang| error.message(lang));
        let field = error.field().map(|field| FieldProblem {
            field: field.to_owned(),
            code: error.code(),
            es: problem.es.clone(),
            en: problem.en.clone(),
            finding: None,
        });
        problem.errors.extend(field);
        problem
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
        let said = || Problem::said(error.code(), |lang| error.message(lang));
        match &error {
            AppError::Lookup(error) => Problem::from(error.clone()),
            AppError::Store(error) => Problem::from(error.clone()),
            AppError::Ledger(_) => Problem::from(&Failure::LedgerDown),
            AppError::Usage(_)
            | AppError::Sheet(_)
            | AppError::Column(_)
            | AppError::NothingRead(_)
            | AppError::NoPurpose
            | AppError::Invoice(_)
            | AppError::NotNow(_)
            | AppError::NoToken
            | AppError::TokenGone { .. } => said(),
            AppError::DayTooSmall(day) => match day.retry_after {
                Some(wait) => said().after(wait),
                // No day is long enough for it.
                None => said(),
            },
            AppError::PlanTooSmall {
                left,
                wanted,
                again,
            } => Problem::said(error.code(), |lang| {
                plan_too_small(*left, *wanted, &how_to_go_on(*left, *again, lang), lang)
            }),
            AppError::Partner(error) => Problem::from(error),
            AppError::Config(_)
            | AppError::Backup(_)
            | AppError::Server(_)
            | AppError::Io(_)
            | AppError::File { .. }
            | AppError::Interrupted => {
                tracing::error!(code = error.code(), "a deed failed");
                Problem::internal()
            }
        }
    }
}
