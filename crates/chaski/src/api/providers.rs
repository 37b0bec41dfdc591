//! State of the upstreams, and the account behind the token.

use chaski_client::{Account, BreakerState};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::{App, AppError};

/// State of one upstream.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct UpstreamData {
    /// Its name in addresses, `migo`.
    pub(crate) id: String,
    /// Its name for people.
    pub(crate) nombre: String,
    /// `real` or `sandbox`.
    pub(crate) mode: String,
    /// `cerrado` (all well), `abierto` (down, not asked) or `probando`.
    pub(crate) interruptor: String,
    /// Calls of this Lima month.
    pub(crate) llamadas_del_mes: u64,
    /// Calls of a month, as configured.
    pub(crate) cuota: Option<u64>,
    /// Calls left of the quota.
    pub(crate) cuota_restante: Option<u64>,
    /// Calls sent since the start, retries included.
    pub(crate) llamadas: u64,
    /// Those of them that repeated a failed one.
    pub(crate) reintentos: u64,
    /// Questions that memory answered since the start.
    pub(crate) respuestas_de_memoria: u64,
}

impl UpstreamData {
    pub(crate) async fn of(app: &App) -> Result<UpstreamData, AppError> {
        let state = app.provider_state().await?;
        Ok(UpstreamData {
            id: state.id.into(),
            nombre: "APIMIGO".into(),
            mode: app.mode.as_str().into(),
            interruptor: match state.breaker {
                BreakerState::Closed => "cerrado".into(),
                BreakerState::Open => "abierto".into(),
                BreakerState::HalfOpen => "probando".into(),
            },
            llamadas_del_mes: state.spent,
            cuota: state.quota,
            cuota_restante: state.quota.map(|quota| quota.saturating_sub(state.spent)),
            llamadas: state.calls,
            reintentos: state.retries,
            respuestas_de_memoria: state.hits,
        })
    }
}

/// The upstreams.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct UpstreamsData {
    /// What was found, in that order.
    pub(crate) data: Vec<UpstreamData>,
}

/// The account behind the token.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct AccountData {
    /// Whose account it is.
    pub(crate) nombre: Option<String>,
    /// Address of the account.
    pub(crate) email: Option<String>,
    /// Calls left, as the upstream says.
    pub(crate) consultas: Option<i64>,
    /// Calls of this month, as Chaski counts them.
    pub(crate) llamadas_del_mes: u64,
    /// Calls of a month, as configured.
    pub(crate) cuota: Option<u64>,
}

impl AccountData {
    /// The account, with the calls of the month that we count and their most.
    pub(crate) fn of(account: &Account, (spent, quota): (u64, Option<u64>)) -> AccountData {
        AccountData {
            nombre: account.nombre.clone(),
            email: account.email.clone(),
            consultas: account.consultas,
            llamadas_del_mes: spent,
            cuota: quota,
        }
    }

    /// The account that was written so.
    pub(crate) fn account(self) -> Account {
        Account {
            nombre: self.nombre,
            email: self.email,
            consultas: self.consultas,
        }
    }
}
