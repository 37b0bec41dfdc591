//! Every call of APIMIGO: how the question is written and what a good answer is.

use std::collections::HashMap;

use bytes::Bytes;
use chaski_core::{RateSource, Ruc, Taxpayer};
use http::Request;
use serde_json::Value;

use super::{MigoDialect, Version, read};
use crate::json::{Fields, Json};
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
        read::object(answer, Reason::NotFound, |object| {
            taxpayer(question.0, object)
        })
    }
}

impl UpstreamMany<RucQuery> for MigoDialect {
    /// The documented limit.
    const MOST: usize = 100;

    fn encode_many(&self, questions: &[RucQuery]) -> Request<Bytes> {
        let rucs: Vec<Value> = questions
            .iter()
            .map(|question| question.0.as_str().into())
            .collect();
        self.v1("/ruc/collection", &[("ruc", rucs.into())])
    }

    /// Items are matched by their number, whatever their order; those about other numbers, or
    /// that cannot be read, count as not mentioned and are asked singly.
    fn decode_many(
        &self,
        questions: &[RucQuery],
        answer: &RawAnswer,
    ) -> Result<Vec<Option<Decoded<Taxpayer>>>, Failure> {
        let items = match read::body(answer)? {
            read::Body::List(items) => items,
            // None of them exists, or the list as such was refused: find out singly.
            read::Body::No(_) => return Err(Failure::Rejected),
            read::Body::Object(_) => return Err(Failure::Garbled),
        };
        let by_ruc: HashMap<String, &Fields<'_>> = items
            .iter()
            .filter_map(Json::as_object)
            .filter_map(|item| Some((read::some_text(item, "ruc")?, item)))
            .collect();
        let decode = |ruc: Ruc| -> Option<Decoded<Taxpayer>> {
            let item = by_ruc.get(ruc.as_str())?;
            match read::item_refusal(item) {
                None => taxpayer(ruc, item).ok().map(Decoded::Answer),
                Some(Ok(message)) => Some(Decoded::Refused {
                    reason: Reason::NotFoundInBatch,
                    message,
                }),
                Some(Err(())) => None,
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
fn taxpayer(ruc: Ruc, object: &Fields<'_>) -> Result<Taxpayer, Failure> {
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
        read::object(answer, Reason::NotFound, |object| {
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
    ) -> Result<Decoded<chaski_core::ExchangeRate>, Failure> {
        read::object(answer, Reason::NoRate, |object| {
            read::rate(object, RateSource::Sunat)
        })
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
    ) -> Result<Decoded<chaski_core::ExchangeRate>, Failure> {
        read::object(answer, Reason::NoRate, |object| {
            let rate = read::rate(object, question.fuente)?;
            let fits = rate.fecha_publicacion <= question.fecha && rate.moneda == question.moneda;
            if fits {
                Ok(rate)
            } else {
                Err(Failure::Garbled)
            }
        })
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
        _: &RatesQuery,
        answer: &RawAnswer,
    ) -> Result<Decoded<Vec<chaski_core::ExchangeRate>>, Failure> {
        read::list(answer, Reason::NoRate, |object| {
            read::rate(object, RateSource::Sunat)
        })
    }
}

impl Upstream<RepresentativesQuery> for MigoDialect {
    fn encode(&self, question: &RepresentativesQuery) -> Request<Bytes> {
        self.v1(
            "/ruc/representantes-legales",
            &[("ruc", question.0.as_str().into())],
        )
    }

    fn decode(
        &self,
        _: &RepresentativesQuery,
        answer: &RawAnswer,
    ) -> Result<Decoded<Vec<Representative>>, Failure> {
        read::list(answer, Reason::NotListed, |object| {
            Ok(Representative {
                documento: read::some_text(object, "documento"),
                dni: read::some_text(object, "dni"),
                nombre: read::some_text(object, "nombre"),
                cargo: read::some_text(object, "cargo"),
                fecha: read::date(object, "fecha"),
            })
        })
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
        read::object(answer, Reason::NotFound, |object| {
            let affirmed = read::affirms(object, &["ruc"]);
            if !affirmed || !read::echoes(object, "ruc", question.0.as_str()) {
                return Err(Failure::Garbled);
            }
            let text = |name| read::some_text(object, name);
            Ok(Activity {
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
        read::object(answer, Reason::NotListed, |object| {
            let affirmed = read::affirms(object, &["a_partir_del", "resolucion"]);
            if !affirmed || !read::echoes(object, "ruc", question.ruc.as_str()) {
                return Err(Failure::Garbled);
            }
            Ok(Membership {
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

    fn decode(&self, _: &CpeQuery, answer: &RawAnswer) -> Result<Decoded<CpeState>, Failure> {
        read::object(answer, Reason::NotFound, |object| {
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
        read::object(answer, Reason::NotFound, |object| {
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
