//! Who asks: the key of a request, what it may do, and what it may still spend.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::FromRequestParts;
use chaski_client::Ask;
use chaski_core::{CheckDigit, RucRules};
use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue};
use tokio::time::Instant;

use super::{Problem, RequestInfo};
use crate::app::keys::{KeyRefusal, KeyState, Scope};
use crate::app::spending::Payer;
use crate::app::{App, Mode};
use crate::counted::counted;
use crate::http::{Gateway, Side};
use crate::mode::mode_of_key;
use crate::store::{Asker, Company};
use uuid::Uuid;

const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// Who asks, and the rooms of their side.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) app: Arc<App>,
    /// None in open local mode.
    pub(crate) key: Option<Arc<KeyState>>,
    pub(crate) info: RequestInfo,
}

impl FromRequestParts<Arc<Gateway>> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(
        parts: &mut Parts,
        gateway: &Arc<Gateway>,
    ) -> Result<Caller, Problem> {
        let Ok(info) = RequestInfo::from_request_parts(parts, gateway).await;
        Caller::of_headers(&parts.headers, info, gateway)
    }
}

impl Caller {
    /// What other systems' callers may ask about: they know no check digit.
    pub(crate) fn lenient_rules(&self) -> RucRules {
        RucRules {
            check_digit: CheckDigit::FormatOnly,
            ..self.app.config.ruc_rules.clone()
        }
    }

    /// The caller who presented a key in the headers, or none in open local mode.
    pub(crate) fn of_headers(
        headers: &HeaderMap,
        info: RequestInfo,
        gateway: &Gateway,
    ) -> Result<Caller, Problem> {
        if let Some(presented) = presented(headers)? {
            return Caller::of_key(presented, info, gateway);
        }
        if !gateway.is_open() {
            return Err(no_key());
        }
        refuse_what_was_passed_on(headers)?;
        refuse_strange_pages(headers)?;
        info.learned.take_place(&gateway.places, None)?;
        Ok(Caller {
            app: Arc::clone(&gateway.usual().app),
            key: None,
            info,
        })
    }

    /// The caller who presented that key.
    pub(crate) fn of_key(
        presented: &str,
        info: RequestInfo,
        gateway: &Gateway,
    ) -> Result<Caller, Problem> {
        let side = side_of(gateway, presented)?;
        if side.app.mode == Mode::Sandbox {
            info.learned.put_invented();
        }
        let now = side.app.clock.now();
        let key = side.ring.check(presented, now).map_err(refused)?;
        if let Some(turn) = key.take_turn(Instant::now()) {
            info.learned.put_turn(turn);
            if !turn.granted {
                return Err(Problem::new(
                    "llave_muy_rapida",
                    format!(
                        "su llave permite {} por minuto",
                        counted(turn.limit, "petición", "peticiones")
                    ),
                    format!(
                        "your key allows {} a minute",
                        counted(turn.limit, "request", "requests")
                    ),
                )
                .after(turn.wait));
            }
        }
        info.learned.take_place(&gateway.places, Some(key.id))?;
        Ok(Caller {
            app: Arc::clone(&side.app),
            key: Some(key),
            info,
        })
    }

    /// Refuses a key without the scope.
    pub(crate) fn needs(&self, scope: Scope) -> Result<(), Problem> {
        match &self.key {
            Some(key) if !key.scopes.contains(scope) => Err(Problem::new(
                "llave_sin_permiso",
                format!("su llave no tiene el permiso «{}»", scope.as_str()),
                format!("your key lacks the scope \"{}\"", scope.as_str()),
            )),
            _ => Ok(()),
        }
    }

    /// How a look-up of this caller asks.
    pub(crate) fn ask(&self) -> Ask {
        Ask {
            per_day: self.key.as_ref().and_then(|key| key.most_a_day()),
            ..self.asker().ask()
        }
    }

    /// The same with the freshness that a request wants: the oldest answer that will do, in seconds.
    pub(crate) fn ask_fresh(&self, force: bool, max_age: Option<u32>) -> Ask {
        Ask {
            force,
            max_age: max_age.map(|seconds| Duration::from_secs(seconds.into())),
            ..self.ask()
        }
    }

    /// Who this is, for the record.
    pub(crate) fn asker(&self) -> Asker {
        self.payer().asker()
    }

    /// Whose batches and jobs these are.
    pub(crate) fn owner(&self) -> Option<Uuid> {
        self.key.as_ref().map(|key| key.id)
    }

    /// Whose partners these are.
    pub(crate) fn company(&self) -> Company {
        let key = self.key.as_ref();
        key.map_or(Company::HOUSE, |key| key.company)
    }

    /// Whose calls these are; in open local mode, everybody's.
    pub(crate) fn auditor(&self) -> Option<Company> {
        self.key.as_ref().map(|key| key.company)
    }

    /// Who pays for what this caller asks.
    pub(crate) fn payer(&self) -> Payer {
        Payer::of(self.key.clone())
    }
}

fn side_of<'g>(gateway: &'g Gateway, presented: &str) -> Result<&'g Side, Problem> {
    let mode = mode_of_key(presented).ok_or_else(|| refused(KeyRefusal::Unknown))?;
    gateway.side(mode).ok_or_else(|| match mode {
        Mode::Real => Problem::new(
            "sin_token",
            "esta llave es del proveedor real y este servidor no tiene token de APIMIGO; quien lo administra lo configura con: chaski config set migo.token",
            "this key is for the real upstream and this server has no token of APIMIGO; whoever runs it sets it with: chaski config set migo.token",
        ),
        Mode::Sandbox => refused(KeyRefusal::Unknown),
    })
}

/// What proxies say of a request that they pass on. Whatever begins with one of the second list is
/// theirs too.
const OF_PROXIES: [&str; 26] = [
    "cdn-loop",
    "cf-connecting-ip",
    "cf-ray",
    "client-ip",
    "do-connecting-ip",
    "fastly-client-ip",
    "fly-client-ip",
    "forwarded",
    "forwarded-for",
    "proxy-client-ip",
    "true-client-ip",
    "via",
    "wl-proxy-client-ip",
    "x-appengine-user-ip",
    "x-azure-clientip",
    "x-azure-socketip",
    "x-client-ip",
    "x-cluster-client-ip",
    "x-host",
    "x-nginx-proxy",
    "x-proxyuser-ip",
    "x-real-ip",
    "x-real-port",
    "x-remote-addr",
    "x-remote-ip",
    "x-scheme",
];
const BEGIN_THOSE_OF_PROXIES: [&str; 5] = [
    "x-envoy-",
    "x-forwarded",
    "x-original-",
    "x-amzn-trace-",
    "x-amz-cf-",
];

/// Without keys, this machine is the only fence, and a proxy on it lets everybody through. One that
/// adds no header is known by speaking HTTP/1.0, as nginx does unless told otherwise: the door
/// refuses that with the same words.
fn refuse_what_was_passed_on(headers: &HeaderMap) -> Result<(), Problem> {
    let of_a_proxy = |name: &HeaderName| {
        let name = name.as_str();
        OF_PROXIES.contains(&name) || BEGIN_THOSE_OF_PROXIES.iter().any(|it| name.starts_with(it))
    };
    if headers.keys().any(of_a_proxy) {
        return Err(passed_on());
    }
    Ok(())
}

/// The refusal of what a proxy passed on while there are no keys.
pub(crate) fn passed_on() -> Problem {
    Problem::new(
        "origen_ajeno",
        "sin llaves no se atiende lo que pasa un proxy: detrás de él puede estar cualquiera; cree una llave con: chaski llaves crear NOMBRE",
        "without keys nothing that a proxy passes on is served: anybody may be behind it; make a key with: chaski llaves crear NAME",
    )
}

/// Without keys, this machine is the only fence, and a page in its browser is inside it: whatever
/// comes from a page of elsewhere, or under a name that only points here, is refused.
fn refuse_strange_pages(headers: &HeaderMap) -> Result<(), Problem> {
    let text = |name: &str| headers.get(name).map(|it| it.to_str().unwrap_or("?"));
    let elsewhere = matches!(
        text("sec-fetch-site"),
        Some("cross-site" | "same-site" | "?")
    );
    // Not every browser says the first.
    let of_here = text("origin").is_none_or(|origin| {
        let host = origin.split_once("://").map(|(_, host)| host);
        host.is_some_and(names_this_machine)
    });
    if text("host").is_none_or(names_this_machine) && of_here && !elsewhere {
        return Ok(());
    }
    Err(Problem::new(
        "origen_ajeno",
        "sin llaves solo se atiende a programas de esta máquina, por 127.0.0.1 o localhost; cree una con: chaski llaves crear",
        "without keys only programs of this machine are served, by 127.0.0.1 or localhost; make one with: chaski llaves crear",
    ))
}

/// Whether a host, with or without a port, is a name of this machine.
fn names_this_machine(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let name = name.trim_start_matches('[').trim_end_matches(']');
    let loopback = |it: std::net::IpAddr| it.is_loopback();
    name.eq_ignore_ascii_case("localhost") || name.parse().is_ok_and(loopback)
}

/// The key in the headers; never in the address, where logs would keep it.
fn presented(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let unknown = |_| refused(KeyRefusal::Unknown);
    if let Some(value) = headers.get(AUTHORIZATION) {
        return match value.to_str().map_err(unknown)?.split_at_checked(7) {
            Some((scheme, key)) if scheme.eq_ignore_ascii_case("bearer ") => Ok(Some(key.trim())),
            // Such as Django's `Token`: what is missing is the scheme, whatever the key.
            _ => Err(no_key()),
        };
    }
    let key = headers.get(X_API_KEY).map(HeaderValue::to_str);
    Ok(key.transpose().map_err(unknown)?.map(str::trim))
}

fn no_key() -> Problem {
    Problem::new(
        "falta_llave",
        "envíe su llave en «Authorization: Bearer chk_…» o en «X-API-Key»; se crea con: chaski llaves crear",
        "send your key as \"Authorization: Bearer chk_…\" or \"X-API-Key\"; make one with: chaski llaves crear",
    )
}

pub(crate) fn refused(why: KeyRefusal) -> Problem {
    match why {
        KeyRefusal::Unknown => Problem::new(
            "llave_desconocida",
            "la llave no existe o fue revocada",
            "the key does not exist or was revoked",
        ),
        KeyRefusal::Expired => Problem::new(
            "llave_vencida",
            "la llave venció; cree otra con: chaski llaves crear",
            "the key has expired; make another one with: chaski llaves crear",
        ),
    }
}
