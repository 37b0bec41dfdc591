//! A document as a deed about it leaves it: what a command tells, and a server answers.

use chaski_client::{NubefactId, NubefactReply, StoredReply, VoidSettled};
use chaski_core::Lang;
use chaski_core::invoicing::TaxDocument;
use chaski_core::invoicing::catalogs::currencies::Moneda;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::issued::IssuedData;
use super::meaning::meaning;
use crate::app::invoices::{ConsultedInvoice, IssuedInvoice, VoidedInvoice, kind_named};

/// A document as a deed about it leaves it, whoever issued it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema, Default)]
#[serde(default)]
#[schema(as = ComprobanteTold)]
pub(crate) struct ToldData {
    /// `FFF1-1`; of what is no sale with its kind, `nc:FFF1-1`.
    pub(crate) comprobante: String,
    /// `factura`, `boleta`, `nc`, `nd`, `guia`, `guia_transportista`, `retencion` or `percepcion`.
    pub(crate) tipo: String,
    /// Series, such as `F001`.
    pub(crate) serie: String,
    /// Its number.
    pub(crate) numero: u32,
    /// How it stands; empty where the deed did not change that.
    pub(crate) estado: String,
    /// Lima day of issue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) fecha: Option<String>,
    /// ISO 4217, such as `PEN`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) moneda: Option<String>,
    /// Two decimals.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) total: Option<String>,
    /// SUNAT's code, `0` where it was accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sunat_codigo: Option<String>,
    /// What it means, in SUNAT's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sunat_descripcion: Option<String>,
    /// Nubefact's page of it, which whoever has the link can open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) enlace: Option<String>,
    /// Nubefact's link to the printed form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) enlace_pdf: Option<String>,
    /// Nubefact's link to the signed XML.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) enlace_xml: Option<String>,
    /// Nubefact's link to SUNAT's receipt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) enlace_cdr: Option<String>,
    /// Hash of the signed document.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) hash: Option<String>,
    /// What that means, and what to do.
    pub(crate) mensaje: String,
    /// SUNAT's number for its void.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ticket_de_anulacion: Option<String>,
    /// Whether it was issued from here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) emitido_aqui: Option<bool>,
    /// It was issued before, and was not issued again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ya_emitido: Option<bool>,
    /// The key that it was handed over under.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) clave: Option<String>,
    /// Why it does not stand, or was not done, as a stable code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<String>,
}

/// A document by its name.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ComprobanteNombre)]
pub(crate) struct NameWanted {
    /// Series and number, `FFF1-1`; a note with its kind, `nc:FFF1-1`.
    #[schema(example = "FFF1-1")]
    pub(crate) comprobante: String,
    /// RUC of who issues.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) empresa: Option<String>,
}

/// A document that is to be voided, by its name.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AnularNombre)]
pub(crate) struct NamedVoidWanted {
    /// Series and number, `FFF1-1`; a note with its kind, `nc:FFF1-1`.
    #[schema(example = "FFF1-1")]
    pub(crate) comprobante: String,
    /// SUNAT reads it: 1 to 100 characters.
    #[schema(min_length = 1, max_length = 100, example = "pedido repetido")]
    pub(crate) motivo: String,
    /// RUC of who issues.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) empresa: Option<String>,
}

impl ToldData {
    /// A document by its name, with what was sent and what Nubefact says of it, as far as that is known.
    pub(crate) fn new(
        id: &NubefactId,
        estado: &str,
        document: Option<&TaxDocument>,
        reply: Option<&NubefactReply>,
        mensaje: String,
    ) -> ToldData {
        let told = |name: &str| reply.and_then(|it| it.text(name));
        let moneda = document.and_then(TaxDocument::moneda);
        let moneda = moneda.and_then(Moneda::from_nubefact);
        ToldData {
            comprobante: id.short_name(),
            tipo: id.kind.word().into(),
            serie: id.serie.to_string(),
            numero: id.numero,
            estado: estado.into(),
            fecha: document.and_then(|it| Some(it.fecha()?.to_string())),
            moneda: moneda.map(|it| it.iso().into()),
            total: document.and_then(|it| Some(format!("{:.2}", it.total()?))),
            sunat_codigo: told("sunat_responsecode"),
            sunat_descripcion: told("sunat_description"),
            enlace: told("enlace"),
            enlace_pdf: told("enlace_del_pdf"),
            enlace_xml: told("enlace_del_xml"),
            enlace_cdr: told("enlace_del_cdr"),
            hash: told("codigo_hash"),
            mensaje,
            ..ToldData::default()
        }
    }

    /// One that was issued before.
    pub(crate) fn before(issued: &IssuedInvoice, lang: Lang) -> ToldData {
        let entry = &issued.entry;
        let reply = entry.reply.as_ref().map(StoredReply::reply);
        let estado = reply
            .as_ref()
            .map_or("PENDIENTE_SUNAT", |it| it.state().as_str());
        let id = entry.document();
        let name = id.short_name();
        let mensaje = lang.pick(
            format!(
                "ya estaba emitido: es {name}; no se emitió otra vez (para emitir uno más: --otra)"
            ),
            format!(
                "it was issued before: it is {name}; it was not issued again (to issue one more: --otra)"
            ),
        );
        let document = Some(&issued.document);
        ToldData {
            ya_emitido: Some(true),
            clave: Some(entry.key.to_string()),
            ..ToldData::new(&id, estado, document, reply.as_ref(), mensaje)
        }
    }

    /// One that was asked about; what was sent of it, where it was issued from here.
    pub(crate) fn consulted(
        found: &ConsultedInvoice,
        document: Option<&TaxDocument>,
        lang: Lang,
    ) -> ToldData {
        let mensaje = match found.text() {
            Some(text) => text.pick(lang),
            None => meaning(found.estado, lang).to_owned(),
        };
        let (estado, reply) = (found.estado, found.reply.as_ref());
        ToldData {
            ticket_de_anulacion: found.void.as_ref().and_then(NubefactReply::ticket),
            emitido_aqui: Some(found.own),
            code: found.code.map(Into::into),
            ..ToldData::new(&found.id, estado, document, reply, mensaje)
        }
    }

    /// One whose void was wanted.
    pub(crate) fn voided(voided: &VoidedInvoice, lang: Lang) -> ToldData {
        let settled = &voided.settled;
        let reply = match settled {
            VoidSettled::Voided(reply) => reply.as_ref(),
            VoidSettled::Ticket(reply) | VoidSettled::Rejected(reply) => Some(reply),
            _ => None,
        };
        let estado = settled.estado().unwrap_or_default();
        let mensaje = settled.message(lang);
        ToldData {
            ticket_de_anulacion: reply.and_then(NubefactReply::ticket),
            code: voided.outcome_code().map(Into::into),
            ..ToldData::new(&voided.id, estado, None, reply, mensaje)
        }
    }

    /// One that was handed over to a server; none before it has a number.
    pub(crate) fn of_issued(issued: &IssuedData) -> Option<ToldData> {
        let kind = kind_named(&issued.tipo)?;
        let id = NubefactId::new(kind, &issued.serie, issued.numero?).ok()?;
        let (sunat, links) = (issued.sunat.as_ref(), issued.nubefact.as_ref());
        Some(ToldData {
            comprobante: id.short_name(),
            tipo: issued.tipo.clone(),
            serie: issued.serie.clone(),
            numero: id.numero,
            estado: issued.estado.clone(),
            fecha: issued.fecha.clone(),
            moneda: issued.moneda.clone(),
            total: issued.total.clone(),
            sunat_codigo: sunat.and_then(|it| it.codigo.clone()),
            sunat_descripcion: sunat.and_then(|it| it.descripcion.clone()),
            enlace: links.and_then(|it| it.enlace.clone()),
            enlace_pdf: links.and_then(|it| it.pdf.clone()),
            enlace_xml: links.and_then(|it| it.xml.clone()),
            enlace_cdr: links.and_then(|it| it.cdr.clone()),
            hash: sunat.and_then(|it| it.hash.clone()),
            mensaje: issued.mensaje.clone().unwrap_or_default(),
            clave: Some(issued.clave.clone()),
            code: issued.problema.clone(),
            ..ToldData::default()
        })
    }
}
