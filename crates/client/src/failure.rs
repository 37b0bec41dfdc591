//! One list of failures and, beside it, one table of what to do about each.

use std::time::Duration;

use chaski_core::{Lang, Text, text};

/// Everything that can stand between a question and its answer, "no such number" aside: that is
/// a result, see [`Reason`](crate::Reason).
///
/// ```
/// use chaski_client::Failure;
/// let failure = Failure::of_status(503, None);
/// assert_eq!(failure.code(), "proveedor_no_disponible");
/// assert!(failure.treatment().transient);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Failure {
    /// 401 or 403: token wrong or expired, or a plan without this operation.
    Unauthorized,
    /// 429, or our own pace could not let the call through in time.
    RateLimited {
        /// How long to wait, when known.
        retry_after: Option<Duration>,
    },
    /// The month's calls are spent, by the upstream's word.
    QuotaSpent,
    /// The month's calls that the operator allows are spent, by our own count: nothing was sent.
    OwnQuotaSpent,
    /// The caller has spent its calls of today: nothing was sent.
    DaySpent {
        /// Until midnight in Lima.
        retry_after: Duration,
    },
    /// What the list may cost is spent: nothing was sent.
    BudgetSpent,
    /// 400 or 422: the upstream does not accept the question.
    Rejected,
    /// 404, 405 or 410 that is not about the number: the address is wrong.
    WrongPath,
    /// 5xx.
    Unavailable {
        /// The HTTP status.
        status: u16,
    },
    /// The connection could not be made: nothing was sent.
    Unreachable,
    /// The connection broke before a whole answer came.
    Broken,
    /// No answer within the time of one attempt.
    TimedOut,
    /// An answer that cannot be read, or that answers another question.
    Garbled,
    /// Several refusals in a row, and something that is known to exist was refused too or could not
    /// be asked for.
    Doubtful,
    /// An answer over the size or depth cap.
    TooLarge,
    /// A redirect; none is followed.
    Redirected,
    /// A status that the protocol has no meaning for.
    Unexpected {
        /// The HTTP status.
        status: u16,
    },
    /// The breaker is open: the upstream is known to be down and was not asked.
    BreakerOpen {
        /// When it will be probed again.
        retry_in: Duration,
    },
    /// The total deadline ran out, or nothing sent now could be answered within it. That is our own
    /// queue or the caller's deadline, and no verdict on the upstream.
    DeadlineExceeded {
        /// When there may be room for it again, where the queue is too long.
        retry_after: Option<Duration>,
    },
    /// The store cannot record calls: nothing was sent.
    LedgerDown,
    /// A defect of Chaski itself.
    Internal,
}

/// What the engine, the HTTP door and the command line do about a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "a row of a table, where each column says yes or no"
)]
pub struct Treatment {
    /// Worth another attempt within limits and budget.
    pub transient: bool,
    /// Says that the upstream is ill: counts towards opening the breaker.
    pub trips_breaker: bool,
    /// An expired answer may be given instead, marked stale.
    pub stale_may_serve: bool,
    /// Every other number would fail by it as well: a list ends after a handful of calls.
    pub concerns_all: bool,
    /// Another upstream may answer: the failure says nothing of it.
    pub next_upstream: bool,
    /// HTTP status for our own callers.
    pub http_status: u16,
    /// Exit code of the command line.
    pub exit_code: u8,
    /// Stable code, never translated.
    pub code: &'static str,
}

impl Failure {
    /// The class of an HTTP status that is not 200; 404 is read with its body by the dialect
    /// first and means [`Failure::WrongPath`] only if it is not about the number.
    pub fn of_status(status: u16, retry_after: Option<Duration>) -> Failure {
        match status {
            401 | 403 => Failure::Unauthorized,
            402 => Failure::QuotaSpent,
            429 => Failure::RateLimited { retry_after },
            400 | 422 => Failure::Rejected,
            404 | 405 | 410 => Failure::WrongPath,
            408 | 425 => Failure::TimedOut,
            300..=399 => Failure::Redirected,
            500..=599 => Failure::Unavailable { status },
            _ => Failure::Unexpected { status },
        }
    }

    /// The treatment table.
    #[rustfmt::skip]
    pub fn treatment(&self) -> Treatment {
        let row = |transient, trips_breaker, stale_may_serve, concerns_all, next_upstream, http_status, exit_code, code| Treatment {
            transient, trips_breaker, stale_may_serve, concerns_all, next_upstream, http_status, exit_code, code,
        };
        match self {
            //                                    transient  breaker  stale  all     next   http  exit  code
            Failure::Unauthorized            => row(false,   false,   true,  true,   true,  502,  7,    "proveedor_no_autorizado"),
            Failure::RateLimited { .. }      => row(true,    false,   true,  false,  true,  429,  6,    "limite_de_velocidad"),
            Failure::QuotaSpent | Failure::OwnQuotaSpent
                                             => row(false,   false,   true,  true,   true,  429,  6,    "cuota_agotada"),
            // What an asker or a list may spend is the same with every upstream.
            Failure::DaySpent { .. }         => row(false,   false,   false, true,   false, 429,  6,    "tope_diario"),
            Failure::BudgetSpent             => row(false,   false,   false, false,  false, 429,  8,    "tope_de_gasto"),
            // Not 3: a script reads that as "does not exist".
            Failure::Rejected                => row(false,   false,   false, false,  true,  422,  5,    "proveedor_rechaza"),
            Failure::WrongPath               => row(false,   false,   true,  true,   true,  502,  7,    "proveedor_ruta_incorrecta"),
            Failure::Unavailable { status: 501 | 505 }
                                             => row(false,   true,    true,  false,  true,  502,  5,    "proveedor_no_disponible"),
            Failure::Unavailable { .. }      => row(true,    true,    true,  false,  true,  502,  5,    "proveedor_no_disponible"),
            Failure::Unreachable             => row(true,    true,    true,  false,  true,  502,  5,    "proveedor_inalcanzable"),
            Failure::Broken                  => row(true,    true,    true,  false,  true,  502,  5,    "conexion_interrumpida"),
            Failure::TimedOut                => row(true,    true,    true,  false,  true,  504,  5,    "tiempo_agotado"),
            Failure::Garbled                 => row(true,    true,    true,  false,  true,  502,  5,    "respuesta_ilegible"),
            // Found when its answers are weighed, after the upstreams were asked.
            Failure::Doubtful                => row(true,    false,   true,  false,  false, 502,  5,    "respuesta_dudosa"),
            Failure::TooLarge                => row(false,   true,    true,  false,  true,  502,  5,    "respuesta_demasiado_grande"),
            Failure::Redirected              => row(false,   false,   true,  true,   true,  502,  7,    "proveedor_redirige"),
            Failure::Unexpected { .. }       => row(false,   true,    true,  false,  true,  502,  5,    "respuesta_inesperada"),
            Failure::BreakerOpen { .. }      => row(false,   false,   true,  false,  true,  503,  5,    "proveedor_caido"),
            // The queue to this one is too long.
            Failure::DeadlineExceeded { retry_after: Some(_) }
                                             => row(false,   false,   true,  false,  true,  503,  5,    "plazo_agotado"),
            Failure::DeadlineExceeded { .. } => row(false,   false,   true,  false,  false, 504,  5,    "plazo_agotado"),
            Failure::LedgerDown              => row(false,   false,   false, false,  false, 503,  1,    "almacen_no_disponible"),
            Failure::Internal                => row(false,   false,   false, false,  false, 500,  1,    "error_interno"),
        }
    }

    /// Stable code, never translated.
    pub fn code(&self) -> &'static str {
        self.treatment().code
    }

    /// How long the caller should wait, when that is known.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Failure::RateLimited { retry_after } | Failure::DeadlineExceeded { retry_after } => {
                *retry_after
            }
            Failure::BreakerOpen { retry_in } => Some(*retry_in),
            Failure::DaySpent { retry_after } => Some(*retry_after),
            _ => None,
        }
    }

    /// What happened, for people; what to do about it in a program is the program's to say. No failure
    /// says that a taxpayer does not exist: an outage is never turned into a tax statement.
    pub fn message(&self, lang: Lang) -> String {
        let text = match self {
            Failure::Unauthorized => text!(
                "el proveedor no acepta su token, o su cuenta no está activa o no tiene permiso para esta consulta",
                "the upstream does not accept your token, or your account is not active or not allowed this query"
            ),
            Failure::RateLimited { retry_after } => slow_down(*retry_after),
            Failure::QuotaSpent => text!(
                "se acabaron las consultas de su plan por este mes; amplíelo con el proveedor",
                "the calls of your plan are used up for this month; enlarge it with the provider"
            ),
            Failure::OwnQuotaSpent => text!(
                "se alcanzó su propio límite de consultas de este mes",
                "your own limit of calls for this month is reached"
            ),
            Failure::DaySpent { .. } => text!(
                "se acabaron las consultas que su llave puede gastar hoy",
                "the calls that your key may spend today are used up"
            ),
            Failure::BudgetSpent => text!(
                "no se consultó: la lista ya gastó lo anunciado",
                "not asked: the list has spent what was announced"
            ),
            Failure::Rejected => text!(
                "el proveedor no acepta los datos de la consulta",
                "the upstream does not accept the data of the query"
            ),
            Failure::WrongPath => text!(
                "el proveedor no reconoce la dirección consultada",
                "the upstream does not know that address"
            ),
            Failure::Unavailable { status } => text!(
                "el proveedor no está disponible (HTTP {status}); reintente más tarde",
                "the upstream is not available (HTTP {status}); try again later"
            ),
            Failure::Unreachable => text!(
                "no se pudo conectar con el proveedor; revise su conexión a Internet",
                "could not connect to the upstream; check the network"
            ),
            Failure::Broken => text!(
                "la conexión con el proveedor se cortó antes de la respuesta; reintente",
                "the connection broke before the answer came; try again"
            ),
            Failure::TimedOut => text!(
                "el proveedor no respondió a tiempo; reintente",
                "the upstream did not answer in time; try again"
            ),
            Failure::Garbled => text!(
                "el proveedor devolvió una respuesta que no se puede leer; reintente",
                "the upstream gave an answer that cannot be read; try again"
            ),
            Failure::Doubtful => text!(
                "el proveedor niega varios números seguidos y no reconoce uno que sí existe, así que no se le creyó; reintente más tarde",
                "the upstream denies several numbers in a row and does not know one that does exist, so it was not believed; try again later"
            ),
            Failure::TooLarge => text!(
                "el proveedor devolvió una respuesta demasiado grande y se descartó",
                "the upstream gave an answer that is too large; it was dropped"
            ),
            Failure::Redirected => text!(
                "el proveedor redirige a otra dirección y no se siguió",
                "the upstream redirects elsewhere, which was not followed"
            ),
            Failure::Unexpected { status: 404 } => text!(
                "el proveedor respondió 404 sin decir que el número no exista; reintente",
                "the upstream answered 404 without saying that the number does not exist; try again"
            ),
            Failure::Unexpected { status } => text!(
                "el proveedor respondió algo que no se reconoce (HTTP {status}) y no se tomó por respuesta; reintente y, si sigue, repórtelo al proveedor",
                "the upstream answered something unknown (HTTP {status}), which was not taken for an answer; try again and, if it goes on, report it to the provider"
            ),
            Failure::BreakerOpen { retry_in } => {
                let s = retry_in.as_secs().max(1);
                text!(
                    "el proveedor está caído; se volverá a probar en {s} s",
                    "the upstream is down; it will be probed again in {s} s"
                )
            }
            Failure::DeadlineExceeded {
                retry_after: Some(wait),
            } => {
                let s = wait.as_secs().max(1);
                text!(
                    "hay más consultas en espera de las que caben en el plazo; esta no se envió: reintente en {s} s",
                    "more queries are waiting than the time allows for; this one was not sent: try again in {s} s"
                )
            }
            Failure::DeadlineExceeded { retry_after: None } => text!(
                "se acabó el plazo total de la consulta; reintente",
                "the total time for the query ran out; try again"
            ),
            Failure::LedgerDown => text!(
                "no se puede escribir en la carpeta de datos y hasta entonces no se gastan más consultas; libere espacio o revise permisos",
                "the data folder cannot be written, and no more calls are spent until it can; free space or check permissions"
            ),
            Failure::Internal => text!("error interno de Chaski", "internal error of Chaski"),
        };
        text.pick(lang)
    }
}

fn slow_down(retry_after: Option<Duration>) -> Text {
    match retry_after.map(|wait| wait.as_secs().max(1)) {
        Some(s) => text!(
            "el proveedor rechazó la consulta por exceso de consultas; reintente en {s} s",
            "the upstream refused the call for too many calls; try again in {s} s"
        ),
        None => text!(
            "el proveedor rechazó la consulta por exceso de consultas; reintente en un minuto",
            "the upstream refused the call for too many calls; try again in a minute"
        ),
    }
}
