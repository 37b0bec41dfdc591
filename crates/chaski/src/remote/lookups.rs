//! Look-ups asked of a server: RUC, DNI, exchange rates, account.

use chaski_client::{Account, Ask, Found, Person};
use chaski_core::{Currency, Dni, ExchangeRate, RateFor, RateSource, Ruc, Taxpayer};
use futures_util::stream::{self, StreamExt};
use http::Method;
use jiff::civil::Date;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::answers::{self, AccountData, Fields, List, PersonData, RateData, Reply, RucOutcome};
use super::{AT_ONCE, Question, Server, ServerError, with_query};

/// Numbers of one request.
const MOST_NUMBERS: usize = 1_000;

/// Calls of the month, as the server counts them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// Calls spent.
    pub spent: u64,
    /// Calls of a month, where configured.
    pub most: Option<u64>,
}

/// What came of each of several numbers.
type Outcomes<A> = Vec<Result<Found<A>, ServerError>>;

impl Server {
    /// What the registry knows of several RUCs, in the order given.
    pub async fn rucs(&self, rucs: &[Ruc], ask: &Ask) -> Result<Outcomes<Taxpayer>, ServerError> {
        if let [ruc] = rucs {
            return Ok(vec![about_number(self.ruc(*ruc, ask).await)?]);
        }
        let mut outcomes = Vec::with_capacity(rucs.len());
        for part in rucs.chunks(MOST_NUMBERS) {
            outcomes.extend(self.some_rucs(part, ask).await?);
        }
        Ok(outcomes)
    }

    async fn ruc(&self, ruc: Ruc, ask: &Ask) -> Result<Found<Taxpayer>, ServerError> {
        let path = format!("/api/v1/ruc/{}", ruc.as_str());
        let target = with_query(&path, freshness(ask));
        self.found(target, |fields: Fields| answers::taxpayer(ruc, &fields))
            .await
    }

    async fn some_rucs(&self, rucs: &[Ruc], ask: &Ask) -> Result<Outcomes<Taxpayer>, ServerError> {
        let body = json!({
            "rucs": rucs.iter().map(Ruc::as_str).collect::<Vec<_>>(),
            "force_refresh": ask.force,
            "max_age": ask.max_age.map(whole_seconds),
        });
        let question = Question::of(Method::POST, "/api/v1/ruc/consultas".to_owned())
            .with_body("application/json", body.to_string())
            .slow();
        let told: List<RucOutcome> = self.ask(question).await?;
        if told.data.len() != rucs.len() {
            return Err(self.not_chaski(None));
        }
        let outcome = |(ruc, told): (&Ruc, RucOutcome)| self.outcome(*ruc, told);
        rucs.iter().zip(told.data).map(outcome).collect()
    }

    fn outcome(
        &self,
        ruc: Ruc,
        told: RucOutcome,
    ) -> Result<Result<Found<Taxpayer>, ServerError>, ServerError> {
        if let Some(code) = &told.code {
            let text = told.error.as_deref().unwrap_or_default();
            return about_number(Err(ServerError::of_code(code, text, None, self.lang)));
        }
        let read = told
            .data
            .as_ref()
            .zip(told.meta)
            .and_then(|(fields, meta)| {
                let taxpayer = answers::taxpayer(ruc, fields)?;
                let found = answers::found(taxpayer, &meta, told.consultado_en.as_deref()?)?;
                Some((found, meta.mode()?))
            });
        let (found, mode) = read.ok_or_else(|| self.not_chaski(None))?;
        self.answered_by(mode);
        Ok(Ok(found))
    }

    /// The owners of several DNIs, in the order given.
    pub async fn dnis(&self, dnis: &[Dni], ask: &Ask) -> Result<Outcomes<Person>, ServerError> {
        let mut asked = stream::iter(dnis.iter().map(|dni| self.dni(*dni, ask))).buffered(AT_ONCE);
        let mut outcomes = Vec::with_capacity(dnis.len());
        while let Some(outcome) = asked.next().await {
            outcomes.push(about_number(outcome)?);
        }
        Ok(outcomes)
    }

    async fn dni(&self, dni: Dni, ask: &Ask) -> Result<Found<Person>, ServerError> {
        let path = format!("/api/v1/dni/{}", dni.as_str());
        let motivo = ("motivo", ask.purpose.as_ref().map(ToString::to_string));
        let target = with_query(&path, freshness(ask).into_iter().chain([motivo]));
        self.found(target, |told: PersonData| {
            (told.dni == dni.as_str()).then_some(Person {
                dni,
                nombre: told.nombre,
            })
        })
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
        self.found(target, |told: RateData| told.rate_for(fecha))
            .await
    }

    /// The rates published over a range.
    pub async fn rates(
        &self,
        desde: Date,
        hasta: Date,
    ) -> Result<Found<Vec<ExchangeRate>>, ServerError> {
        let range = [
            ("desde", Some(desde.to_string())),
            ("hasta", Some(hasta.to_string())),
        ];
        let target = with_query("/api/v1/tipo-cambio", range);
        self.found(target, |told: Vec<RateData>| {
            told.into_iter().map(RateData::rate).collect()
        })
        .await
    }

    /// The account behind the server's token, and the calls that the server counted.
    pub async fn account(&self) -> Result<(Found<Account>, Quota), ServerError> {
        let mut quota = None;
        let target = "/api/v1/proveedores/migo/cuenta".to_owned();
        let found = self
            .found(target, |told: AccountData| {
                quota = Some(Quota {
                    spent: told.llamadas_del_mes,
                    most: told.cuota,
                });
                Some(told.account())
            })
            .await?;
        let quota = quota.ok_or_else(|| self.not_chaski(None))?;
        Ok((found, quota))
    }

    /// Asks for one answer and reads it with `read`.
    async fn found<T: DeserializeOwned, A>(
        &self,
        target: String,
        read: impl FnOnce(T) -> Option<A>,
    ) -> Result<Found<A>, ServerError> {
        let reply: Reply<T> = self.ask(Question::get(target)).await?;
        let mode = reply.meta.mode().ok_or_else(|| self.not_chaski(None))?;
        let value = read(reply.data).ok_or_else(|| self.not_chaski(None))?;
        let found = answers::found(value, &reply.meta, &reply.consultado_en);
        let found = found.ok_or_else(|| self.not_chaski(None))?;
        self.answered_by(mode);
        Ok(found)
    }
}

/// An error about one number is its outcome; any other ends the deed.
fn about_number<A>(
    outcome: Result<Found<A>, ServerError>,
) -> Result<Result<Found<A>, ServerError>, ServerError> {
    match outcome {
        Err(error) if error.is_about_server() => Err(error),
        outcome => Ok(outcome),
    }
}

fn freshness(ask: &Ask) -> [(&'static str, Option<String>); 2] {
    [
        ("force_refresh", ask.force.then(|| "true".to_owned())),
        (
            "max_age",
            ask.max_age.map(|age| whole_seconds(age).to_string()),
        ),
    ]
}

/// Seconds, rounded down: what is older than wanted must not do.
fn whole_seconds(age: std::time::Duration) -> u32 {
    u32::try_from(age.as_secs())
        .unwrap_or(u32::MAX)
        .min(3_155_760_000)
}
