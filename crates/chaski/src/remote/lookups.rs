//! Look-ups asked of a server: RUC, DNI, exchange rates, account.

use std::slice::Chunks;

use chaski_client::{Account, Activity, Ask, CpeQuery, CpeState, Found, Person, Representative};
use chaski_core::{Currency, Dni, ExchangeRate, RateFor, RateSource, Ruc, Taxpayer};
use http::Method;
use jiff::civil::Date;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Question, Server, ServerError, with_query};
use crate::api::cpe::{CpeData, CpeWanted};
use crate::api::persons::DniData;
use crate::api::providers::AccountData;
use crate::api::rates::RateData;
use crate::api::reply::{Reply, found_by};
use crate::api::rucs::{ListsData, RucData};
use crate::api::several::{self, DnisWanted, RucsWanted};
use crate::app::lookups::Lists;

/// Numbers of one request.
const MOST_RUCS: usize = 1_000;
const MOST_DNIS: usize = 100;

/// What came of each of several numbers.
type Outcomes<A> = Vec<Result<Found<A>, ServerError>>;

impl Server {
    /// What the registry knows of several RUCs, in the order given. Numbers travel in bodies: a
    /// proxy on the way keeps addresses in its log.
    pub async fn rucs(&self, rucs: &[Ruc], ask: &Ask) -> Result<Outcomes<Taxpayer>, ServerError> {
        let wanted = |part: &[Ruc]| RucsWanted {
            rucs: part.iter().map(|it| it.as_str().to_owned()).collect(),
            force_refresh: ask.force,
            max_age: ask.max_age.map(whole_seconds),
        };
        let read = |ruc: &Ruc, told: &RucData<'_>| told.taxpayer(*ruc);
        self.each("ruc", rucs.chunks(MOST_RUCS), wanted, read).await
    }

    /// The owners of several DNIs, in the order given.
    pub async fn dnis(&self, dnis: &[Dni], ask: &Ask) -> Result<Outcomes<Person>, ServerError> {
        let wanted = |part: &[Dni]| DnisWanted {
            dnis: part.iter().map(|dni| dni.as_str().to_owned()).collect(),
            motivo: ask.purpose.as_deref().map(str::to_owned),
            force_refresh: ask.force,
            max_age: ask.max_age.map(whole_seconds),
        };
        let read = |dni: &Dni, told: &DniData| told.person(*dni);
        self.each("dni", dnis.chunks(MOST_DNIS), wanted, read).await
    }

    /// Asks about several numbers, part by part, and reads what came of each with `read`.
    async fn each<N, W: Serialize, T: DeserializeOwned, A>(
        &self,
        noun: &str,
        parts: Chunks<'_, N>,
        wanted: impl Fn(&[N]) -> W,
        read: impl Fn(&N, &T) -> Option<A>,
    ) -> Result<Outcomes<A>, ServerError> {
        let mut outcomes = Vec::new();
        for part in parts {
            let target = format!("/api/v1/{noun}/consultas");
            let question = Question::of(Method::POST, target).with_json(&wanted(part));
            let question = match part {
                [_] => question,
                _ => question.slow(),
            };
            let told: several::OutcomesData<'static, T> = self.ask(question).await?;
            if told.data.len() != part.len() {
                return Err(self.not_chaski(None));
            }
            for (number, told) in part.iter().zip(told.data) {
                if let Some(code) = &told.code {
                    let text = told.error.as_deref().unwrap_or_default();
                    outcomes.push(Err(ServerError::of_code(code, text, None, self.lang)));
                    continue;
                }
                let found = told.found(|told| read(number, told));
                let (found, mode) = found.ok_or_else(|| self.not_chaski(None))?;
                self.answered_by(mode);
                outcomes.push(Ok(found));
            }
        }
        Ok(outcomes)
    }

    /// The legal representatives of a company; whole numbers are for keys that may see persons.
    pub async fn representatives(
        &self,
        ruc: &Ruc,
        ask: &Ask,
    ) -> Result<Found<Vec<Representative>>, ServerError> {
        self.found(about(ruc, "representantes", ask), Some).await
    }

    /// The economic activity of a company.
    pub async fn activity(&self, ruc: &Ruc, ask: &Ask) -> Result<Found<Activity>, ServerError> {
        self.found(about(ruc, "actividad", ask), Some).await
    }

    /// On which of SUNAT's lists a company is.
    pub async fn lists(&self, ruc: Ruc, ask: &Ask) -> Result<Lists, ServerError> {
        let told: ListsData = self
            .ask(Question::get(about(&ruc, "condiciones", ask)))
            .await?;
        told.lists(ruc).ok_or_else(|| self.not_chaski(None))
    }

    /// What SUNAT says of a received voucher.
    pub async fn cpe(&self, query: &CpeQuery, ask: &Ask) -> Result<Found<CpeState>, ServerError> {
        let question = Question::of(Method::POST, "/api/v1/cpe/validar".to_owned());
        let wanted = CpeWanted::of(query, ask.force, ask.max_age.map(whole_seconds));
        // SUNAT is asked in turn, which takes its time.
        let question = question.with_json(&wanted).slow();
        self.found_by(question, |told: CpeData| Some(told.state()))
            .await
    }

    /// The latest rate.
    pub async fn latest_rate(&self) -> Result<Found<ExchangeRate>, ServerError> {
        self.found("/api/v1/tipo-cambio".to_owned(), |told: Vec<RateData>| {
            told.into_iter().next()?.rate()
        })
        .await
    }

    /// The rate that applies on a date.
    pub async fn rate_for(
        &self,
        fecha: Date,
        fuente: RateSource,
        moneda: Currency,
    ) -> Result<Found<RateFor>, ServerError> {
        let wanted = [
            ("fuente", Some(fuente.as_str().to_uppercase())),
            ("moneda", Some(moneda.as_str().to_owned())),
        ];
        let target = with_query(&format!("/api/v1/tipo-cambio/{fecha}"), wanted);
        self.found(target, |told: RateData| told.rate_for(fecha, fuente))
            .await
    }

    /// The rates that apply on each day of a range.
    pub async fn rates(
        &self,
        desde: Date,
        hasta: Date,
    ) -> Result<Found<Vec<RateFor>>, ServerError> {
        let range = [
            ("desde", Some(desde.to_string())),
            ("hasta", Some(hasta.to_string())),
        ];
        let target = with_query("/api/v1/tipo-cambio", range);
        self.found(target, |told: Vec<RateData>| {
            told.into_iter().map(RateData::rate_of_its_day).collect()
        })
        .await
    }

    /// The account behind the server's token, and the calls of the month: those that the server
    /// counted, and how many there may be, where that is configured.
    pub async fn account(&self) -> Result<(Found<Account>, (u64, Option<u64>)), ServerError> {
        let mut calls = (0, None);
        let target = "/api/v1/proveedores/migo/cuenta".to_owned();
        let found = self
            .found(target, |told: AccountData| {
                calls = (told.llamadas_del_mes, told.cuota);
                Some(told.account())
            })
            .await?;
        Ok((found, calls))
    }

    /// Asks for one answer and reads it with `read`.
    async fn found<T: DeserializeOwned, A>(
        &self,
        target: String,
        read: impl FnOnce(T) -> Option<A>,
    ) -> Result<Found<A>, ServerError> {
        self.found_by(Question::get(target), read).await
    }

    async fn found_by<T: DeserializeOwned, A>(
        &self,
        question: Question,
        read: impl FnOnce(T) -> Option<A>,
    ) -> Result<Found<A>, ServerError> {
        let reply: Reply<T> = self.ask(question).await?;
        let value = read(reply.data).ok_or_else(|| self.not_chaski(None))?;
        let found = found_by(value, &reply.meta, &reply.consultado_en);
        let (found, mode) = found.ok_or_else(|| self.not_chaski(None))?;
        self.answered_by(mode);
        Ok(found)
    }
}

/// The address of what is told about a company. Nobody's RUC is put there: it has their DNI in it.
fn about(ruc: &Ruc, what: &str, ask: &Ask) -> String {
    let wanted = [
        ("force_refresh", ask.force.then(|| "true".to_owned())),
        (
            "max_age",
            ask.max_age.map(|age| whole_seconds(age).to_string()),
        ),
    ];
    with_query(&format!("/api/v1/ruc/{}/{what}", ruc.as_str()), wanted)
}

/// Seconds, rounded down: what is older than wanted must not do.
fn whole_seconds(age: std::time::Duration) -> u32 {
    u32::try_from(age.as_secs())
        .unwrap_or(u32::MAX)
        .min(3_155_760_000)
}
