//! One look-up at a time: RUC, DNI, SUNAT's lists, exchange rate, account.

use chaski_client::dialects::migo::MigoDialect;
use chaski_client::{
    Ask, Error, Found, Ledger, List, ListQuery, Lookup, Membership, Person, RateQuery, Remembered,
    Upstream,
};
use chaski_core::{Currency, Dni, RateFor, RateSource, Ruc, Taxpayer, lima_date};
use jiff::civil::Date;

use super::cost::within_cost;
use super::{App, AppError, purpose};
use crate::partners::ruc_of_form;

/// A number as the record of calls knows it, if it is a RUC or DNI. Numbers with a wrong check digit
/// may have been asked for too.
pub fn subject_of(text: &str) -> Option<String> {
    match ruc_of_form(text) {
        Some(ruc) => Some(ruc.as_str().to_owned()),
        None => Some(text.parse::<Dni>().ok()?.as_str().to_owned()),
    }
}

/// On which of SUNAT's lists a RUC is; none where it is not on one.
pub struct Lists {
    /// The register of withholding agents.
    pub agente_de_retencion: Option<Membership>,
    /// That of good taxpayers.
    pub buen_contribuyente: Option<Membership>,
}

impl App {
    /// One look-up of any kind. None about a person is asked without a purpose where the owner demands
    /// one.
    pub async fn ask<L: Lookup>(
        &self,
        question: &L,
        ask: &Ask,
    ) -> Result<Found<L::Answer>, AppError>
    where
        MigoDialect: Upstream<L>,
    {
        if question.needs_purpose() {
            purpose::check(&self.config, ask)?;
        }
        Ok(self.migo.ask(question, ask).await?)
    }

    /// What the registry knows of several RUCs, each once, in the order given: one native batch
    /// call where that is cheaper than single ones.
    pub async fn lookup_rucs(
        &self,
        rucs: &[Ruc],
        ask: &Ask,
    ) -> Vec<Result<Found<Taxpayer>, Error>> {
        match rucs {
            [one] => vec![self.migo.ruc(one, ask).await],
            many => {
                let ask = within_cost(ask, many.len());
                self.migo.rucs(many, &ask).all().await
            }
        }
    }

    /// On which lists a RUC is, asked at once. A failure says nothing of a taxpayer: it is an error.
    pub async fn find_lists(&self, ruc: Ruc, ask: &Ask) -> Result<Lists, AppError> {
        let of = |list| ListQuery { list, ruc };
        let (agents, good) = (of(List::WithholdingAgents), of(List::GoodTaxpayers));
        let (agents, good) = tokio::join!(self.ask(&agents, ask), self.ask(&good, ask));
        let member = |outcome: Result<Found<Membership>, AppError>| match outcome {
            Ok(found) => Ok(Some(found.value.as_ref().clone())),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        };
        Ok(Lists {
            agente_de_retencion: member(agents)?,
            buen_contribuyente: member(good)?,
        })
    }

    /// The owners of several DNIs, in the order given; none is asked for without a purpose where
    /// the owner demands one.
    pub async fn lookup_dnis(
        &self,
        dnis: &[Dni],
        ask: &Ask,
    ) -> Result<Vec<Result<Found<Person>, Error>>, AppError> {
        purpose::check(&self.config, ask)?;
        Ok(self.migo.dnis(dnis, ask).await)
    }

    /// The rate of a calendar day, by the rule of SUNAT where SUNAT is asked: the SBS close of the last
    /// business day before it, wherever that is published. See [`chaski_client::Migo::rate_for`].
    pub async fn find_rate_for(
        &self,
        fecha: Date,
        fuente: RateSource,
        moneda: Currency,
        ask: &Ask,
    ) -> Result<Found<RateFor>, AppError> {
        Ok(self.migo.rate_for(fecha, fuente, moneda, ask).await?)
    }

    /// The same of SUNAT for each calendar day of a range; days of which none is found are missing. See
    /// [`chaski_client::Migo::rates_between`].
    pub async fn find_rates_between(
        &self,
        desde: Date,
        hasta: Date,
        ask: &Ask,
    ) -> Result<Found<Vec<RateFor>>, AppError> {
        Ok(self.migo.rates_between(desde, hasta, ask).await?)
    }

    /// Calls that [`App::find_rate_for`] may need: one for each place that memory knows nothing of, up to
    /// one where it knows the close.
    pub(super) async fn rate_calls(
        &self,
        fecha: Date,
        fuente: RateSource,
        moneda: Currency,
    ) -> Result<u64, AppError> {
        let now = self.clock.now();
        let places = RateFor::places(fecha, fuente, moneda, lima_date(now));
        let question = |(fuente, fecha)| RateQuery {
            fecha,
            fuente,
            moneda,
        };
        let questions: Vec<RateQuery> = places.into_iter().map(question).collect();
        let keys: Vec<_> = questions.iter().map(Lookup::key).collect();
        let mut calls = 0;
        for (question, memory) in questions.iter().zip(self.store.recall(&keys).await?) {
            match memory
                .filter(|memory| memory.is_fresh(now))
                .map(|it| it.what)
            {
                None => calls += 1,
                Some(Remembered::Answer(body)) => {
                    let rate = question.unpack(&body);
                    if rate.is_some_and(|it| RateFor::of(fecha, fuente, it).is_some()) {
                        break;
                    }
                }
                Some(Remembered::Refusal { .. }) => {}
            }
        }
        Ok(calls)
    }
}
