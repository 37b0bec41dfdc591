//! What the look-ups say of everything in a workbook, each customer and each day asked for once.

use std::collections::{BTreeSet, HashMap};

use chaski_client::Ask;
use chaski_core::invoicing::{CustomerFacts, JsonObject, JsonValue};
use chaski_core::{Dni, Ruc, lima_date};
use rust_decimal::Decimal;

use super::super::facts::PURPOSE;
use super::documents::GatheredDocument;
use crate::app::{App, AppError};

impl App {
    /// What the look-ups say of all customers whose name or address is absent, each asked for once.
    pub(super) async fn customers_of(
        &self,
        documents: &[GatheredDocument],
        ask: &Ask,
    ) -> Result<HashMap<String, CustomerFacts>, AppError> {
        let (mut rucs, mut dnis) = (BTreeSet::new(), BTreeSet::new());
        for document in documents {
            let Some(number) = document.said("cliente_numero") else {
                continue;
            };
            let named = document.said("cliente_nombre").is_some();
            let placed = document.said("cliente_direccion").is_some();
            match document.said("cliente_tipo") {
                None | Some("6") if !(named && placed) => rucs.extend(number.parse::<Ruc>()),
                _ => {}
            }
            match document.said("cliente_tipo") {
                None | Some("1") if !named => dnis.extend(number.parse::<Dni>()),
                _ => {}
            }
        }
        let (rucs, dnis): (Vec<Ruc>, Vec<Dni>) =
            (rucs.into_iter().collect(), dnis.into_iter().collect());
        let mut facts = HashMap::with_capacity(rucs.len() + dnis.len());
        if self.nobody_to_ask() {
            let numbers = rucs
                .iter()
                .map(Ruc::as_str)
                .chain(dnis.iter().map(Dni::as_str));
            facts.extend(numbers.map(|it| (it.to_owned(), CustomerFacts::Failed)));
            return Ok(facts);
        }
        let ask = Ask {
            purpose: Some(PURPOSE.into()),
            ..ask.clone()
        };
        let answers = if rucs.is_empty() {
            Vec::new()
        } else {
            self.lookup_rucs(&rucs, &ask).await
        };
        for (ruc, answer) in rucs.iter().zip(answers) {
            let said = match answer {
                Ok(found) => CustomerFacts::Found {
                    direccion: found.value.direccion().map(str::to_owned),
                    nombre: found.value.nombre_o_razon_social.clone(),
                },
                Err(error) if error.is_not_found() => CustomerFacts::NotFound,
                Err(_) => CustomerFacts::Failed,
            };
            facts.insert(ruc.as_str().to_owned(), said);
        }
        let answers = if dnis.is_empty() {
            Vec::new()
        } else {
            self.lookup_dnis(&dnis, &ask).await?
        };
        for (dni, answer) in dnis.iter().zip(answers) {
            let said = match answer {
                Ok(found) => CustomerFacts::Found {
                    nombre: found.value.nombre.clone(),
                    direccion: None,
                },
                Err(error) if error.is_not_found() => CustomerFacts::NotListed,
                Err(_) => CustomerFacts::Failed,
            };
            facts.insert(dni.as_str().to_owned(), said);
        }
        Ok(facts)
    }

    /// The published rate of every day on which something in dollars is issued, each asked for once.
    pub(super) async fn rates_of(
        &self,
        forms: &[JsonObject],
        ask: &Ask,
    ) -> HashMap<String, Option<Decimal>> {
        let today = lima_date(self.clock.now());
        let mut rates = HashMap::new();
        for form in forms {
            if wants_rate(form) && !rates.contains_key(day_of(form)) {
                let rate = self.rate_of(form, today, ask).await;
                rates.insert(day_of(form).to_owned(), rate);
            }
        }
        rates
    }
}

pub(super) fn is_note(form: &JsonObject) -> bool {
    let tipo = form.present("tipo").and_then(JsonValue::as_str);
    tipo.is_some_and(|it| it.starts_with("nota"))
}

/// Whether the published rate is needed: in dollars, without a rate of its own; a note has its document's.
pub(super) fn wants_rate(form: &JsonObject) -> bool {
    let moneda = form.present("moneda").and_then(JsonValue::as_str);
    moneda == Some("USD") && form.present("tipo_de_cambio").is_none() && !is_note(form)
}

pub(super) fn day_of(form: &JsonObject) -> &str {
    let day = form.present("fecha").and_then(JsonValue::as_str);
    day.unwrap_or_default()
}
