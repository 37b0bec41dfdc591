//! Where look-ups are put: the rooms of this machine, or a server. Both give the same values, so
//! that a command renders them once.

use std::sync::Arc;

use chaski_client::{
    Account, Activity, ActivityQuery, Ask, Clock, CpeQuery, CpeState, Found, LatestRateQuery,
    Person, Representative, RepresentativesQuery, Source,
};
use chaski_core::{
    Currency, Dni, ExchangeRate, Fitness, Lang, RateFor, RateSource, Role, Ruc, Taxpayer, fitness,
    lima_date, text,
};
use jiff::Timestamp;
use jiff::civil::Date;

use super::needed::Needed;
use super::output;
use crate::app::lookups::Lists;
use crate::app::{App, AppError, Mode, source_name};
use crate::remote::Server;
use crate::store::{CallFilter, CallRow, RefusalRow};

/// Who is asked.
pub(in crate::cli) enum Desk {
    /// The rooms, over the data folder.
    Here(Arc<App>),
    /// A server.
    There(Box<Server>),
}

/// What came of each of several questions.
type Outcomes<A> = Vec<Result<Found<A>, AppError>>;

fn each<A, E: Into<AppError>>(outcomes: Vec<Result<Found<A>, E>>) -> Outcomes<A> {
    let outcome = |outcome: Result<Found<A>, E>| outcome.map_err(Into::into);
    outcomes.into_iter().map(outcome).collect()
}

impl Desk {
    /// Who answers, as far as that is known.
    pub(in crate::cli) fn mode(&self) -> Option<Mode> {
        match self {
            Desk::Here(app) => Some(app.mode),
            Desk::There(server) => server.mode(),
        }
    }

    /// Who said so, for people.
    pub(in crate::cli) fn source_name(&self, source: Source, lang: Lang) -> &'static str {
        // An answer is there, so its side is known.
        source_name(self.mode().unwrap_or(Mode::Sandbox), source, lang)
    }

    /// Says who answers when it is the sandbox: invented data must never pass for real. Of a server
    /// that is said at the end.
    pub(in crate::cli) fn say_mode(&self, needed: &Needed) {
        match self {
            Desk::Here(app) => output::say_mode(needed, app.mode),
            Desk::There(_) => {}
        }
    }

    /// The same of a server, once it has answered; where no answer said so, it is asked.
    pub(in crate::cli) async fn say_mode_there(&self, needed: &Needed) {
        if let Desk::There(server) = self
            && server.was_asked()
            && let Ok(mode) = server.who_answers().await
        {
            output::say_mode_there(needed, mode);
        }
    }

    pub(in crate::cli) fn now(&self) -> Timestamp {
        match self {
            Desk::Here(app) => app.clock.now(),
            Desk::There(_) => Clock::system().now(),
        }
    }

    /// The rooms of this machine, for what is done only there.
    pub(in crate::cli) fn here(&self, what: &str) -> Result<&App, AppError> {
        match self {
            Desk::Here(app) => Ok(app),
            Desk::There(_) => Err(AppError::Usage(text!(
                "«chaski {what}» no se hace contra un servidor: ejecútelo en su máquina, sin --server",
                "\"chaski {what}\" is not done against a server: run it on its machine, without --server"
            ))),
        }
    }

    pub(in crate::cli) async fn lookup_rucs(
        &self,
        rucs: &[Ruc],
        ask: &Ask,
    ) -> Result<Outcomes<Taxpayer>, AppError> {
        Ok(match self {
            _ if rucs.is_empty() => Vec::new(),
            Desk::Here(app) => each(app.lookup_rucs(rucs, ask).await),
            Desk::There(server) => each(server.rucs(rucs, ask).await?),
        })
    }

    /// Whether a RUC is fit to be invoiced, or to invoice. Only an explicit "no such number" is
    /// judged; a failure is not.
    pub(in crate::cli) fn judge(
        &self,
        ruc: &Ruc,
        outcome: &Result<Found<Taxpayer>, AppError>,
        role: Role,
    ) -> Option<Fitness> {
        let known = match outcome {
            Ok(found) => Some(&*found.value),
            Err(error) if error.is_not_found() => None,
            Err(_) => return None,
        };
        Some(fitness(ruc, known, role, lima_date(self.now())))
    }

    pub(in crate::cli) async fn lookup_dnis(
        &self,
        dnis: &[Dni],
        ask: &Ask,
    ) -> Result<Outcomes<Person>, AppError> {
        Ok(match self {
            Desk::Here(app) => each(app.lookup_dnis(dnis, ask).await?),
            Desk::There(server) => each(server.dnis(dnis, ask).await?),
        })
    }

    pub(in crate::cli) async fn representatives(
        &self,
        ruc: &Ruc,
        ask: &Ask,
    ) -> Result<Found<Vec<Representative>>, AppError> {
        Ok(match self {
            Desk::Here(app) => app.ask(&RepresentativesQuery(*ruc), ask).await?,
            Desk::There(server) => server.representatives(ruc, ask).await?,
        })
    }

    pub(in crate::cli) async fn activity(
        &self,
        ruc: &Ruc,
        ask: &Ask,
    ) -> Result<Found<Activity>, AppError> {
        Ok(match self {
            Desk::Here(app) => app.ask(&ActivityQuery(*ruc), ask).await?,
            Desk::There(server) => server.activity(ruc, ask).await?,
        })
    }

    pub(in crate::cli) async fn lists(&self, ruc: Ruc, ask: &Ask) -> Result<Lists, AppError> {
        Ok(match self {
            Desk::Here(app) => app.find_lists(ruc, ask).await?,
            Desk::There(server) => server.lists(ruc, ask).await?,
        })
    }

    pub(in crate::cli) async fn cpe(
        &self,
        query: &CpeQuery,
        ask: &Ask,
    ) -> Result<Found<CpeState>, AppError> {
        Ok(match self {
            Desk::Here(app) => app.ask(query, ask).await?,
            Desk::There(server) => server.cpe(query, ask).await?,
        })
    }

    pub(in crate::cli) async fn latest_rate(
        &self,
        ask: &Ask,
    ) -> Result<Found<ExchangeRate>, AppError> {
        Ok(match self {
            Desk::Here(app) => app.ask(&LatestRateQuery, ask).await?,
            Desk::There(server) => server.latest_rate().await?,
        })
    }

    pub(in crate::cli) async fn rate_for(
        &self,
        fecha: Date,
        fuente: RateSource,
        moneda: Currency,
        ask: &Ask,
    ) -> Result<Found<RateFor>, AppError> {
        Ok(match self {
            Desk::Here(app) => app.find_rate_for(fecha, fuente, moneda, ask).await?,
            Desk::There(server) => server.rate_for(fecha, fuente, moneda).await?,
        })
    }

    pub(in crate::cli) async fn rates(
        &self,
        desde: Date,
        hasta: Date,
        ask: &Ask,
    ) -> Result<Found<Vec<RateFor>>, AppError> {
        Ok(match self {
            Desk::Here(app) => app.find_rates_between(desde, hasta, ask).await?,
            Desk::There(server) => server.rates(desde, hasta).await?,
        })
    }

    /// The account, and the calls of the month as Chaski counts them, with their most.
    pub(in crate::cli) async fn account(
        &self,
        ask: &Ask,
    ) -> Result<(Found<Account>, (u64, Option<u64>)), AppError> {
        Ok(match self {
            Desk::Here(app) => (app.find_account(ask).await?, app.month_calls().await?),
            Desk::There(server) => server.account().await?,
        })
    }

    /// All the numbers that the registry does not know, newest first.
    pub(in crate::cli) async fn refusals(&self) -> Result<Vec<RefusalRow>, AppError> {
        let app = match self {
            Desk::Here(app) => app,
            Desk::There(server) => return Ok(server.refusals().await?),
        };
        let (mut rows, mut cursor) = (Vec::new(), None);
        loop {
            let page = app.list_refusals(250, cursor).await?;
            rows.extend(page.rows);
            cursor = page.next;
            if cursor.is_none() {
                return Ok(rows);
            }
        }
    }

    /// Forgets that a number does not exist, or all of them; says how many there were.
    pub(in crate::cli) async fn forget(&self, ruc: Option<Ruc>) -> Result<u64, AppError> {
        Ok(match (self, ruc) {
            (Desk::Here(app), Some(ruc)) => app.forget_refusals(&[ruc]).await?,
            (Desk::Here(app), None) => app.forget_all_refusals().await?,
            (Desk::There(server), ruc) => server.forget(ruc).await?,
        })
    }

    /// A page of calls, and where the next one begins: the cursor of this machine, or the sealed
    /// text of a server.
    pub(in crate::cli) async fn calls(
        &self,
        filter: &mut CallFilter,
        cursor: Option<&str>,
    ) -> Result<(Vec<CallRow>, Option<String>), AppError> {
        Ok(match self {
            Desk::Here(app) => {
                filter.cursor = cursor.map(str::parse).transpose()?;
                let page = app.list_calls(filter).await?;
                (page.rows, page.next.map(|cursor| cursor.to_string()))
            }
            Desk::There(server) => server.calls(filter, cursor).await?,
        })
    }

    /// Makes everything durable.
    pub(in crate::cli) async fn close(&self) -> Result<(), AppError> {
        match self {
            Desk::Here(app) => app.close().await,
            Desk::There(_) => Ok(()),
        }
    }
}
