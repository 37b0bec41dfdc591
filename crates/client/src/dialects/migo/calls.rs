//! Every call of APIMIGO: how the question is written and what a good answer is.

use std::collections::HashMap;

use bytes::Bytes;
use chaski_core::{
    Currency, ExchangeRate, RateSource, Ruc, Taxpayer, lima_date, next_business_day,
};
use http::Request;
use jiff::ToSpan;
use serde_json::Value;

use super::words::{About, AskedAbout};
use super::{MigoDialect, Version, read};
use crate::json::{Json, JsonFields};
use crate::questions::taxpayer_from_fields;
use crate::{
    Account, AccountQuery, Activity, ActivityQuery, CpeQuery, CpeState, Decoded, DniQuery, Failure,
    LatestRateQuery, List, ListQuery, Membership, Person, RateQuery, RatesQuery, RawAnswer, Reason,
    Representative, RepresentativesQuery, RucQuery, Upstream, UpstreamMany,
};

impl Upstream<RucQuery> for MigoDialect {
    fn encode(&self, question: &RucQuery) -> Request<Bytes> {
        let ruc = question.0;
        if self.version == Version::V2 && !ruc.is_personal() {
            return self.v2(&format!("/ruc/{}", ruc.as_str()));
        }
        self.v1("/ruc", &[("ruc", ruc.as_str().into())])
    }

    fn decode(
        &self,
        question: &RucQuery,
        answer: &RawAnswer,
    ) -> Result<Decoded<Taxpayer>, Failure> {
        let asked = AskedAbout::of(About::Ruc, question.0.as_str());
        read::object(answer, asked, Reason::NotFound, |object| {
            taxpayer(question.0, object)
        })
    }

    fn many(&self) -> Option<&dyn UpstreamMany<RucQuery>> {
        Some(self)
    }
}

/// RUCs in one native batch call: the documented limit.
pub const MOST_RUCS: usize = 100;

impl UpstreamMany<RucQuery> for MigoDialect {
    fn most(&self) -> usize {
        MOST_RUCS
    }

    fn encode_many(&self, questions: &[RucQuery]) -> Request<Bytes> {
        let rucs: Vec<Value> = questions
            .iter()
            .map(|question| question.0.as_str().into())
            .collect();
        self.v1("/ruc/collection", &[("ruc", rucs.into())])
    }

    /// Items are matched by their number, whatever their order. Those about other numbers, that
    /// contradict themselves or each other, or whose refusal is no "no", count as not mentioned and
    /// are asked singly.
    fn decode_many(
        &self,
        questions: &[RucQuery],
        answer: &RawAnswer,
    ) -> Result<Vec<Option<Decoded<Taxpayer>>>, Failure> {
        let of_all = AskedAbout::of(About::Ruc, "");
        let items = match read::body(answer, of_all)? {
            read::Body::List(items) => items,
            // None of them exists, or the list as such was refused: find out singly.
            read::Body::No(_) => return Err(Failure::Rejected),
            read::Body::Object(_) => return Err(Failure::Garbled),
        };
        let mut by_ruc: HashMap<String, Option<&JsonFields<'_>>> =
            HashMap::with_capacity(items.len());
        for item in items.iter().filter_map(Json::as_object) {
            if let Some(ruc) = read::some_text(item, "ruc") {
                by_ruc
                    .entry(ruc)
                    .and_modify(|known| *known = known.filter(|other| *other == item))
                    .or_insert(Some(item));
            }
        }
        let decode = |ruc: Ruc| -> Option<Decoded<Taxpayer>> {
            let item = (*by_ruc.get(ruc.as_str())?)?;
            match read::item_refusal(item, answer, AskedAbout::of(About::Ruc, ruc.as_str())) {
                Ok(None) => taxpayer(ruc, item).ok().map(Decoded::Answer),
                Ok(Some(message)) => Some(Decoded::Refused {
                    reason: Reason::NotFoundInBatch,
                    message,
                }),
                Err(_) => None,
            }
        };
        Ok(questions
            .iter()
            .map(|question| decode(question.0))
            .collect())
    }
}

/// A taxpayer out of a `/ruc` object; one about another number, or that says nothing, is not an
/// answer.
fn taxpayer(ruc: Ruc, object: &JsonFields<'_>) -> Result<Taxpayer, Failure> {
    if !read::echoes(object, "ruc", ruc.as_str()) {
        return Err(Failure::Garbled);
    }
    let taxpayer = taxpayer_from_fields(ruc, |name| read::text(object, name));
    if taxpayer.nombre_o_razon_social.is_empty() && taxpayer.estado.is_none() {
        return Err(Failure::Garbled);
    }
    Ok(taxpayer)
}

impl Upstream<DniQuery> for MigoDialect {
    fn encode(&self, question: &DniQuery) -> Request<Bytes> {
        // Always version 1: in version 2 the DNI would be part of the URL.
        self.v1("/dni", &[("dni", question.0.as_str().into())])
    }

    fn decode(&self, question: &DniQuery, answer: &RawAnswer) -> Result<Decoded<Person>, Failure> {
        let asked = AskedAbout::of(About::Dni, question.0.as_str());
        read::object(answer, asked, Reason::NotFound, |object| {
            let nombre = read::some_text(object, "nombre").ok_or(Failure::Garbled)?;
            if !read::echoes(object, "dni", question.0.as_str()) {
                return Err(Failure::Garbled);
            }
            Ok(Person {
                dni: question.0,
                nombre,
            })
        })
    }
}

impl Upstream<LatestRateQuery> for MigoDialect {
    fn encode(&self, _: &LatestRateQuery) -> Request<Bytes> {
        if self.version == Version::V2 {
            return self.v2("/tipo-cambio/sunat/ultimo");
        }
        self.v1("/exchange/latest", &[])
    }

    fn decode(
        &self,
        _: &LatestRateQuery,
        answer: &RawAnswer,
    ) -> Result<Decoded<ExchangeRate>, Failure> {
        read::object(
            answer,
            AskedAbout::of(About::Rate, ""),
            Reason::NoRate,
            |object| {
                let rate = read::rate(object, RateSource::Sunat)?;
                // Tomorrow's may be out already; one that is older than any chain of holidays is not the latest.
                let today = lima_date(answer.received_at);
                let (first, last) = (
                    today.saturating_sub(MOST_DAYS_CARRIED.days()),
                    today.saturating_add(1.day()),
                );
                let fits = (first..=last).contains(&rate.fecha_publicacion)
                    && rate.moneda == Currency::Usd;
                fits.then_some(rate).ok_or(Failure::Garbled)
            },
        )
    }
}

impl Upstream<RateQuery> for MigoDialect {
    fn encode(&self, question: &RateQuery) -> Request<Bytes> {
        let fecha = question.fecha;
        match (question.fuente, self.version) {
            (RateSource::Sbs, _) => self.v2(&format!(
                "/tipo-cambio/sbs?fecha={fecha}&moneda={}",
                question.moneda.as_str()
            )),
            (RateSource::Sunat, Version::V2) => {
                self.v2(&format!("/tipo-cambio/sunat?fecha={fecha}"))
            }
            (RateSource::Sunat, _) => {
                self.v1("/exchange/date", &[("fecha", fecha.to_string().into())])
            }
        }
    }

    fn decode(
        &self,
        question: &RateQuery,
        answer: &RawAnswer,
    ) -> Result<Decoded<ExchangeRate>, Failure> {
        let fecha = question.fecha;
        let asked = fecha.to_string();
        read::object(
            answer,
            AskedAbout::of(About::Rate, &asked),
            Reason::NoRate,
            |object| {
                let rate = read::rate(object, question.fuente)?;
                // An earlier one may have been carried over, and SUNAT's may stand under a later date
                // that has the same close.
                let first = fecha.saturating_sub(MOST_DAYS_CARRIED.days());
                let last = match question.fuente {
                    RateSource::Sunat => next_business_day(question.fuente.close_of(fecha)),
                    RateSource::Sbs => fecha,
                };
                let fits = (first..=last).contains(&rate.fecha_publicacion)
                    && rate.moneda == question.moneda;
                fits.then_some(rate).ok_or(Failure::Garbled)
            },
        )
    }
}

impl Upstream<RatesQuery> for MigoDialect {
    fn encode(&self, question: &RatesQuery) -> Request<Bytes> {
        self.v1(
            "/exchange",
            &[
                ("fecha_inicio", question.desde.to_string().into()),
                ("fecha_fin", question.hasta.to_string().into()),
            ],
        )
    }

    fn decode(
        &self,
        question: &RatesQuery,
        answer: &RawAnswer,
    ) -> Result<Decoded<Vec<ExchangeRate>>, Failure> {
        let RatesQuery { desde, hasta } = *question;
        let asked = format!("{desde} {hasta}");
        let decoded = read::list(
            answer,
            AskedAbout::of(About::Rate, &asked),
            Reason::NoRate,
            |object| {
                let rate = read::rate(object, RateSource::Sunat)?;
                let fits = (desde..=hasta).contains(&rate.fecha_publicacion)
                    && rate.moneda == Currency::Usd;
                fits.then_some(rate).ok_or(Failure::Garbled)
            },
        )?;
        if let Decoded::Answer(rates) = &decoded {
            let mut days = HashMap::new();
            let twice = |rate: &ExchangeRate| {
                let other = days.insert(rate.fecha_publicacion, rate.clone());
                other.is_some_and(|other| other != *rate)
            };
            if rates.iter().any(twice) {
                return Err(Failure::Garbled);
            }
        }
        Ok(decoded)
    }
}

/// Days that a rate may be carried over: longer than any chain of holidays.
const MOST_DAYS_CARRIED: i32 = 10;

impl Upstream<RepresentativesQuery> for MigoDialect {
    fn encode(&self, question: &RepresentativesQuery) -> Request<Bytes> {
        self.v1(
            "/ruc/representantes-legales",
            &[("ruc", question.0.as_str().into())],
        )
    }

    fn decode(
        &self,
        question: &RepresentativesQuery,
        answer: &RawAnswer,
    ) -> Result<Decoded<Vec<Representative>>, Failure> {
        let asked = AskedAbout::of(About::Representatives, question.0.as_str());
        let decoded = read::list(answer, asked, Reason::NotListed, |object| {
            if !read::echoes(object, "ruc", question.0.as_str()) {
                return Err(Failure::Garbled);
            }
            Ok(Representative {
                documento: read::some_text(object, "documento"),
                dni: read::some_text(object, "dni"),
                nombre: read::some_text(object, "nombre"),
                cargo: read::some_text(object, "cargo"),
                fecha: read::date(object, "fecha"),
            })
        })?;
        match decoded {
            // An empty list does not say whose it is.
            Decoded::Answer(people) if people.is_empty() => Err(Failure::Garbled),
            decoded => Ok(decoded),
        }
    }
}

impl Upstream<ActivityQuery> for MigoDialect {
    fn encode(&self, question: &ActivityQuery) -> Request<Bytes> {
        self.v1_get_with_token(&format!("/ruc/actividad/{}", question.0.as_str()))
    }

    fn decode(
        &self,
        question: &ActivityQuery,
        answer: &RawAnswer,
    ) -> Result<Decoded<Activity>, Failure> {
        let asked = AskedAbout::of(About::Ruc, question.0.as_str());
        read::object(answer, asked, Reason::NotFound, |object| {
            let affirmed = read::affirms(object, &["tipo", "periodo", "estado", "condicion"]);
            if !affirmed || !read::echoes(object, "ruc", question.0.as_str()) {
                return Err(Failure::Garbled);
            }
            let text = |name| read::some_text(object, name);
            Ok(Activity {
                estado: text("estado"),
                condicion: text("condicion"),
                tipo: text("tipo"),
                actividad_economica_rev3_principal: text("actividad_economica_rev3_principal"),
                actividad_economica_rev3_secundaria: text("actividad_economica_rev3_secundaria"),
                actividad_economica_rev4_principal: text("actividad_economica_rev4_principal"),
                numero_trabajadores: text("numero_trabajadores"),
                tipo_facturacion: text("tipo_facturacion"),
                tipo_contabilidad: text("tipo_contabilidad"),
                comercio_exterior: text("comercio_exterior"),
                periodo: text("periodo"),
            })
        })
    }
}

impl Upstream<ListQuery> for MigoDialect {
    fn encode(&self, question: &ListQuery) -> Request<Bytes> {
        let path = match question.list {
            List::WithholdingAgents => "/ruc/agentes-retencion",
            List::GoodTaxpayers => "/ruc/buenos-contribuyentes",
        };
        self.v1(path, &[("ruc", question.ruc.as_str().into())])
    }

    fn decode(
        &self,
        question: &ListQuery,
        answer: &RawAnswer,
    ) -> Result<Decoded<Membership>, Failure> {
        let asked = AskedAbout::of(About::List, question.ruc.as_str());
        read::object(answer, asked, Reason::NotListed, |object| {
            let affirmed = read::affirms(object, &["a_partir_del", "resolucion"]);
            if !affirmed || !read::echoes(object, "ruc", question.ruc.as_str()) {
                return Err(Failure::Garbled);
            }
            Ok(Membership {
                nombre_o_razon_social: read::some_text(object, "nombre_o_razon_social"),
                a_partir_del: read::date(object, "a_partir_del"),
                resolucion: read::some_text(object, "resolucion"),
            })
        })
    }
}

impl Upstream<CpeQuery> for MigoDialect {
    fn encode(&self, question: &CpeQuery) -> Request<Bytes> {
        let fecha = question.fecha_emision.strftime("%d/%m/%Y").to_string();
        self.v1(
            "/cpe",
            &[
                ("ruc_emisor", question.ruc_emisor.as_str().into()),
                (
                    "tipo_comprobante",
                    question.tipo_comprobante.as_str().into(),
                ),
                ("serie", question.serie.as_str().into()),
                ("numero", question.numero.to_string().into()),
                ("fecha_emision", fecha.into()),
                ("monto", format!("{:.2}", question.monto).into()),
            ],
        )
    }

    /// The state alone is known of the answer; a document that it names has to be the one asked for.
    fn decode(
        &self,
        question: &CpeQuery,
        answer: &RawAnswer,
    ) -> Result<Decoded<CpeState>, Failure> {
        let asked = AskedAbout::of(About::Document, question.ruc_emisor.as_str());
        read::object(answer, asked, Reason::NotFound, |object| {
            let numero = question.numero.to_string();
            let said = [
                ("ruc_emisor", question.ruc_emisor.as_str()),
                ("ruc", question.ruc_emisor.as_str()),
                ("tipo_comprobante", &question.tipo_comprobante),
                ("serie", &question.serie),
                ("numero", &numero),
            ];
            let is_foreign =
                |(name, asked): &(&str, &str)| !read::echoes_if_said(object, name, asked);
            if said.iter().any(is_foreign) {
                return Err(Failure::Garbled);
            }
            let state = read::text(object, "estado_comprobante").ok_or(Failure::Garbled)?;
            Ok(match state.trim() {
                "0" => CpeState::NotFound,
                "1" => CpeState::Accepted,
                "2" => CpeState::Cancelled,
                other => CpeState::Unknown(chaski_core::clean(other)),
            })
        })
    }
}

impl Upstream<AccountQuery> for MigoDialect {
    fn encode(&self, _: &AccountQuery) -> Request<Bytes> {
        self.v1("/account", &[])
    }

    fn decode(&self, _: &AccountQuery, answer: &RawAnswer) -> Result<Decoded<Account>, Failure> {
        let asked = AskedAbout::of(About::Account, "");
        read::object(answer, asked, Reason::NotFound, |object| {
            if !read::affirms(object, &["nombre", "email", "consultas"]) {
                return Err(Failure::Garbled);
            }
            Ok(Account {
                nombre: read::some_text(object, "nombre"),
                email: read::some_text(object, "email"),
                consultas: read::text(object, "consultas").and_then(|it| it.trim().parse().ok()),
            })
        })
    }
}
