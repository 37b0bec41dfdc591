//! What of a request is needed after it was taken.

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::form::Form;
use super::kind::IssuedKind;
use super::refusal::Refusal;
use super::rules::{modified, required};

/// Which document of an account: its kind, series and number.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Identity {
    pub(crate) kind: IssuedKind,
    pub(crate) serie: String,
    pub(crate) numero: u32,
}

impl Identity {
    /// `FFF1-12`.
    pub(crate) fn name(&self) -> String {
        format!("{}-{}", self.serie, self.numero)
    }
}

/// The fields of a document that answers and later requests depend on.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Facts {
    pub(crate) issued: Date,
    pub(crate) total: Decimal,
    pub(crate) igv: Decimal,
    pub(crate) customer_type: String,
    pub(crate) customer_number: String,
    pub(crate) on_credit: bool,
    pub(crate) modifies: Option<Identity>,
    /// A credit note of type 13 credits nothing.
    pub(crate) note_type: Option<u32>,
    pub(crate) unique_code: Option<String>,
    /// Whether Nubefact passes it on to SUNAT.
    pub(crate) is_sent: bool,
}

impl Facts {
    pub(crate) fn read(form: &Form, kind: IssuedKind) -> Result<Facts, Refusal> {
        required(form, "fecha_de_emision")?;
        let (total, igv) = match kind {
            IssuedKind::Retencion => ("total_pagado", "total_retenido"),
            IssuedKind::Percepcion => ("total_cobrado", "total_percibido"),
            _ => ("total", "total_igv"),
        };
        let text = |key: &str| form.text(key).unwrap_or_default().to_owned();
        let modifies = modified(form, kind)?;
        Ok(Facts {
            issued: form.date("fecha_de_emision")?.ok_or_else(Refusal::format)?,
            total: form.amount(total)?,
            igv: form.amount(igv)?,
            customer_type: text("cliente_tipo_de_documento"),
            customer_number: text("cliente_numero_de_documento"),
            on_credit: !form.list("venta_al_credito")?.is_empty(),
            modifies: modifies.map(|(kind, serie, numero)| Identity {
                kind,
                serie,
                numero,
            }),
            note_type: form.whole("tipo_de_nota_de_credito")?,
            unique_code: form.text("codigo_unico").map(str::to_owned),
            is_sent: form.flag_or("enviar_automaticamente_a_la_sunat", true)?,
        })
    }
}
