//! What a key may spend: looked at before a deed, and promised to work that is done later. Each call is
//! taken from the day when it is sent, whether or not it was looked at here.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use chaski_client::Ask;
use chaski_client::dialects::migo::MOST_RUCS;
use chaski_core::{Currency, RateSource, Ruc, lima_date, lima_timestamp};
use jiff::ToSpan;
use jiff::civil::Date;
use uuid::Uuid;

use super::job_kind::JobKind;
use super::keys::KeyState;
use super::{App, AppError, DayTooSmall};
use crate::store::{Asker, Channel};

/// Who pays for a deed: the owner of the folder, whose day has no limit, or a caller of the gateway.
#[derive(Clone, Default)]
pub struct Payer {
    key: Option<Arc<KeyState>>,
    /// Whether work is refused that the plan has too few calls for. A command line asks its person
    /// instead, and some work without a token.
    asks_account: bool,
}

/// Calls promised to one deed until its work is in the queue.
pub struct Reserved {
    key: Arc<KeyState>,
    calls: u64,
}

impl Payer {
    /// A caller of the gateway, with a key where the gateway has keys.
    pub fn of(key: Option<Arc<KeyState>>) -> Payer {
        Payer {
            key,
            asks_account: true,
        }
    }

    /// Whose things it sees: its key's, or everybody's.
    pub fn key_id(&self) -> Option<Uuid> {
        self.key.as_ref().map(|key| key.id)
    }

    /// Who asks a gateway.
    pub fn asker(&self) -> Asker {
        let key = self.key.as_ref();
        key.map_or(Asker::Owner(Channel::Http), |key| key.asker.clone())
    }

    /// The key, if a day's calls are limited.
    fn limited(&self) -> Option<&Arc<KeyState>> {
        self.key.as_ref().filter(|key| key.per_day > 0)
    }

    /// Whether a day's calls are limited.
    pub fn is_limited(&self) -> bool {
        self.limited().is_some()
    }
}

impl App {
    /// Refuses what would cost more calls than the payer has left today.
    pub async fn check_spending(&self, payer: &Payer, calls: u64) -> Result<(), AppError> {
        match payer.limited() {
            Some(key) if calls > 0 => self.within_the_day(key, calls, 0, 0).await,
            _ => Ok(()),
        }
    }

    /// The same for RUCs that memory does not know.
    pub async fn check_spending_on_rucs(
        &self,
        payer: &Payer,
        rucs: &[Ruc],
        ask: &Ask,
    ) -> Result<(), AppError> {
        if !payer.is_limited() {
            return Ok(());
        }
        let known = self.remembered(rucs, None, ask).await?.len();
        let to_ask = rucs.len().saturating_sub(known);
        let calls = to_ask.div_ceil(MOST_RUCS) as u64;
        self.check_spending(payer, calls).await
    }

    /// The same for the last rate published before a day.
    pub async fn check_spending_on_rate(
        &self,
        payer: &Payer,
        fecha: Date,
        fuente: RateSource,
        moneda: Currency,
    ) -> Result<(), AppError> {
        if !payer.is_limited() {
            return Ok(());
        }
        let calls = self.rate_calls(fecha, fuente, moneda).await?;
        self.check_spending(payer, calls).await
    }

    /// Promises calls to work in the background until it is stored; `again` where earlier work is tried
    /// again. What other work of this payer may still cost counts as spent. Work that the plan has too
    /// few calls for is refused as well, as a command line does before it begins.
    pub(super) async fn reserve_spending(
        &self,
        payer: &Payer,
        calls: u64,
        again: bool,
    ) -> Result<Option<Reserved>, AppError> {
        if payer.asks_account
            && let Some(left) = self.too_few_calls_left(calls, &payer.asker()).await
        {
            return Err(AppError::PlanTooSmall {
                left,
                wanted: calls,
                again,
            });
        }
        // What costs nothing is taken though the day's calls are spent.
        let Some(key) = payer.limited().filter(|_| calls > 0) else {
            return Ok(None);
        };
        // First promised, then looked at: of two requests at once one sees the other, as promised
        // or as handed in.
        let others = key.may_pay.fetch_add(calls, Ordering::SeqCst);
        let reserved = Reserved {
            key: Arc::clone(key),
            calls,
        };
        let refreshes = JobKind::PartnerRefresh.as_str();
        let ahead = self.store.open_calls_of_jobs(key.id, refreshes).await?
            + self.store.open_calls_of(key.id, MOST_RUCS as u64).await?;
        self.within_the_day(key, calls, ahead, others).await?;
        Ok(Some(reserved))
    }

    async fn within_the_day(
        &self,
        key: &KeyState,
        calls: u64,
        ahead: u64,
        others: u64,
    ) -> Result<(), AppError> {
        let limit = u64::from(key.per_day);
        let paid = self
            .migo
            .engine()
            .paid_today(&key.asker.to_string())
            .await?;
        let left = limit.saturating_sub(paid.saturating_add(ahead));
        if calls.saturating_add(others) <= left {
            return Ok(());
        }
        let in_the_way = calls <= left;
        Err(AppError::DayTooSmall(DayTooSmall {
            calls,
            left,
            limit,
            others: in_the_way.then_some(others),
            retry_after: match () {
                () if calls > limit => None,
                () if in_the_way => Some(Duration::from_secs(1)),
                () => Some(self.until_midnight()),
            },
        }))
    }

    fn until_midnight(&self) -> Duration {
        let now = self.clock.now();
        let tomorrow = lima_date(now).saturating_add(1.day());
        let midnight = lima_timestamp(tomorrow.at(0, 0, 0, 0));
        Duration::try_from(midnight.duration_since(now)).unwrap_or(Duration::ZERO)
    }
}

impl fmt::Debug for Payer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Payer({})", self.asker())
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        self.key.may_pay.fetch_sub(self.calls, Ordering::SeqCst);
    }
}
