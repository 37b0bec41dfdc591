//! The upstreams: their state, the account behind the token, the calls of the month.

use std::sync::Arc;
use std::time::Duration;

use chaski_client::{Account, Ask, BreakerState, Clock, Found, Http, Migo, Settings};
use secrecy::{ExposeSecret, SecretString};

use super::{App, AppError, Mode};
use crate::config::Config;
use crate::store::{Asker, Channel};

/// A list waits for the account so long before it begins.
const TIME_FOR_THE_ACCOUNT: Duration = Duration::from_secs(5);

/// An upstream, as far as this process and its folder know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderState {
    /// Its name on record.
    pub id: &'static str,
    /// Whether it is asked.
    pub breaker: BreakerState,
    /// Calls of this month, by all who share the folder.
    pub spent: u64,
    /// Those of a whole month, as configured.
    pub quota: Option<u64>,
    /// Calls sent since the start, retries included.
    pub calls: u64,
    /// Retries sent.
    pub retries: u64,
    /// Look-ups answered from memory.
    pub hits: u64,
}

/// Asks for the account of a token that is not in use yet. It costs nothing, opens no data folder and is
/// on no record: there may be none yet.
pub async fn try_out_token(
    config: &Config,
    token: SecretString,
    clock: Clock,
) -> Result<Account, AppError> {
    let settings = Settings {
        deadline: TIME_FOR_THE_ACCOUNT.min(config.settings.deadline),
        ..config.settings.clone()
    };
    let migo = Migo::builder(token.expose_secret())
        .transport(Arc::new(Http::leaving(&config.exit)))
        .base_url(config.migo_base_url.as_str())
        .version(config.migo_version)
        .settings(settings)
        .clock(clock)
        .build()?;
    let found = migo.account(&Asker::Owner(Channel::Cli).ask()).await?;
    Ok(Account::clone(&found.value))
}

impl App {
    /// The state of the upstream.
    pub async fn provider_state(&self) -> Result<ProviderState, AppError> {
        let line = self.migo.line();
        let (spent, quota) = line.quota().await?;
        let stats = line.stats();
        Ok(ProviderState {
            id: line.provider(),
            breaker: line.breaker(),
            spent,
            quota,
            calls: stats.calls,
            retries: stats.retries,
            hits: self.migo.engine().stats().hits,
        })
    }

    /// Whether the upstream is asked, and how long calls have waited for that since the start.
    pub fn provider_gate(&self) -> (BreakerState, Duration) {
        let line = self.migo.line();
        (line.breaker(), line.stats().gate_wait)
    }

    /// Calls counted this month, and the quota, when one is set.
    pub async fn month_calls(&self) -> Result<(u64, Option<u64>), AppError> {
        Ok(self.migo.line().quota().await?)
    }

    /// The account behind the token.
    pub async fn find_account(&self, ask: &Ask) -> Result<Found<Account>, AppError> {
        Ok(self.migo.account(ask).await?)
    }

    /// Calls that the plan has left; none where that cannot be found out soon, or nothing is paid.
    pub async fn calls_left(&self, asker: &Asker) -> Option<u64> {
        if self.mode == Mode::Sandbox {
            return None;
        }
        let ask = asker.ask().deadline(TIME_FOR_THE_ACCOUNT);
        let left = self.migo.account(&ask).await.ok()?.value.consultas?;
        Some(u64::try_from(left).unwrap_or(0))
    }

    /// Calls that the plan has left, where they are fewer than some work needs.
    pub async fn too_few_calls_left(&self, wanted: u64, asker: &Asker) -> Option<u64> {
        // A single call finds it out by itself.
        if wanted < 2 {
            return None;
        }
        self.calls_left(asker).await.filter(|left| *left < wanted)
    }
}
