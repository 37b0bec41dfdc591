//! What is known beside the document: the customer and the exchange rate, of the look-ups; the open series
//! and the document that a note modifies, of the journal.

use std::str::FromStr;

use chaski_client::{Ask, DniQuery, NubefactId, RucQuery};
use chaski_core::invoicing::catalogs::currencies::Moneda;
use chaski_core::invoicing::{
    CustomerFacts, DocumentKind, JsonObject, Known, ModifiedDocument, TaxDocument,
};
use chaski_core::{Currency, Dni, RateSource, Ruc, parse_date};
use jiff::civil::Date;
use rust_decimal::Decimal;

use super::{InvoiceRoom, WantedInvoice, kind_of_serie};
use crate::app::{App, AppError, Mode};

/// What a look-up of a customer is for, on record.
pub(super) const PURPOSE: &str = "emisión de comprobante";

/// Who buys, as far as the document says.
struct Buyer<'d> {
    tipo: Option<&'d str>,
    numero: &'d str,
    has_name: bool,
    has_address: bool,
}

/// Whether it is Nubefact's JSON and not the simple form.
pub(super) fn is_verbatim(object: &JsonObject) -> bool {
    object.get("operacion").is_some() || object.get("tipo_de_comprobante").is_some()
}

/// A text or number of a field, without blanks round it; none where it is absent.
pub(super) fn text_of<'d>(object: &'d JsonObject, name: &str) -> Option<&'d str> {
    Some(object.present(name)?.as_str()?.trim())
}

impl App {
    /// Everything that can be known about a document but its customer, beside what is known of its issuer.
    pub(super) async fn facts_about(
        &self,
        room: Option<&InvoiceRoom<'_>>,
        of_issuer: Known,
        (object, today): (&JsonObject, Date),
        ask: &Ask,
    ) -> Result<Known, AppError> {
        let mut known = Known {
            exchange_rate: self.rate_of(object, today, ask).await,
            ..of_issuer
        };
        if let Some(room) = room
            && let Some(id) = modified_by(object)
            && let Ok(modified) = room.issued(&id).await
        {
            known.voided_issued_on = modified.document.fecha();
            known.modified = Some(room.modified(&id, &modified.document).await?);
        }
        Ok(known)
    }

    /// What the look-ups say of a customer whose name or address is absent.
    pub(super) async fn customer_of(&self, object: &JsonObject, ask: &Ask) -> CustomerFacts {
        let Some(buyer) = buyer_of(object) else {
            return CustomerFacts::NotAsked;
        };
        let is = |tipo: &str, length: usize| match buyer.tipo {
            Some(said) => said == tipo,
            None => buyer.numero.len() == length,
        };
        let ask = Ask {
            purpose: Some(PURPOSE.into()),
            ..ask.clone()
        };
        if is("6", 11) && !(buyer.has_name && buyer.has_address) {
            let Ok(ruc) = Ruc::from_str(buyer.numero) else {
                return CustomerFacts::NotAsked;
            };
            if self.nobody_to_ask() {
                return CustomerFacts::Failed;
            }
            return match self.ask(&RucQuery(ruc), &ask).await {
                Ok(found) => CustomerFacts::Found {
                    direccion: found.value.direccion().map(str::to_owned),
                    nombre: found.value.nombre_o_razon_social.clone(),
                },
                Err(error) if error.is_not_found() => CustomerFacts::NotFound,
                Err(_) => CustomerFacts::Failed,
            };
        }
        if is("1", 8) && !buyer.has_name {
            let Ok(dni) = Dni::from_str(buyer.numero) else {
                return CustomerFacts::NotAsked;
            };
            if self.nobody_to_ask() {
                return CustomerFacts::Failed;
            }
            return match self.ask(&DniQuery(dni), &ask).await {
                Ok(found) => CustomerFacts::Found {
                    nombre: found.value.nombre.clone(),
                    direccion: None,
                },
                Err(error) if error.is_not_found() => CustomerFacts::NotListed,
                Err(_) => CustomerFacts::Failed,
            };
        }
        CustomerFacts::NotAsked
    }

    /// The selling rate published for the day of issue, of a document in dollars that states none.
    pub(super) async fn rate_of(
        &self,
        object: &JsonObject,
        today: Date,
        ask: &Ask,
    ) -> Option<Decimal> {
        let dollars = match text_of(object, "moneda") {
            Some(code) if is_verbatim(object) => code == "2",
            Some(code) => Moneda::from_iso(code) == Some(Moneda::Usd),
            None => false,
        };
        let is_told = object.present("tipo_de_cambio").is_some() || modified_by(object).is_some();
        if !dollars || is_told || self.nobody_to_ask() {
            return None;
        }
        let day = text_of(object, "fecha").or_else(|| text_of(object, "fecha_de_emision"));
        let day = day.map_or(Some(today), |it| parse_date(it).ok())?;
        let found = self.find_rate_for(day, RateSource::Sunat, Currency::Usd, ask);
        Some(found.await.ok()?.value.rate.venta)
    }

    pub(in crate::app) fn nobody_to_ask(&self) -> bool {
        self.mode == Mode::Real && self.config.token().is_none()
    }
}

impl InvoiceRoom<'_> {
    /// What is known of a document that a note modifies.
    async fn modified(
        &self,
        id: &NubefactId,
        document: &TaxDocument,
    ) -> Result<ModifiedDocument, AppError> {
        let notes = self.credit_notes_on(id).await?;
        let credited: Decimal = notes.iter().filter_map(|it| it.document.total()).sum();
        Ok(as_modified(document, credited))
    }
}

/// What the check wants to know of a document that a note modifies.
pub(super) fn as_modified(document: &TaxDocument, credited_before: Decimal) -> ModifiedDocument {
    let credit = document.fields().get("venta_al_credito");
    ModifiedDocument {
        total: document.total(),
        moneda: document.moneda(),
        tipo_de_cambio: document.amount("tipo_de_cambio"),
        porcentaje_de_igv: document.amount("porcentaje_de_igv"),
        fecha: document.fecha(),
        al_credito: Some(credit.is_some_and(|it| !it.elements().is_empty())),
        credited_before,
    }
}

fn buyer_of(object: &JsonObject) -> Option<Buyer<'_>> {
    let (object, names) = if is_verbatim(object) {
        let names = [
            "cliente_tipo_de_documento",
            "cliente_numero_de_documento",
            "cliente_denominacion",
            "cliente_direccion",
        ];
        (object, names)
    } else {
        let cliente = object.get("cliente")?.as_object()?;
        (cliente, ["tipo", "numero", "nombre", "direccion"])
    };
    let [tipo, numero, nombre, direccion] = names;
    Some(Buyer {
        tipo: text_of(object, tipo),
        numero: text_of(object, numero)?,
        has_name: object.present(nombre).is_some(),
        has_address: object.present(direccion).is_some(),
    })
}

/// The document that a note modifies, or a void is about, in either form.
fn modified_by(object: &JsonObject) -> Option<NubefactId> {
    if let Some(note) = object.get("nota").and_then(|it| it.as_object()) {
        let wanted: WantedInvoice = text_of(note, "documento")?.parse().ok()?;
        let kind = kind_of_serie(&wanted.serie)?;
        return NubefactId::new(kind, &wanted.serie, wanted.numero).ok();
    }
    let operacion = text_of(object, "operacion")?;
    let (tipo, serie, numero) = match operacion {
        "generar_anulacion" => ("tipo_de_comprobante", "serie", "numero"),
        _ => (
            "documento_que_se_modifica_tipo",
            "documento_que_se_modifica_serie",
            "documento_que_se_modifica_numero",
        ),
    };
    let tipo = text_of(object, tipo)?.parse().ok()?;
    let kind = DocumentKind::of_request("generar_comprobante", Some(tipo))?;
    let kind = super::nubefact_kind(kind)?;
    NubefactId::new(
        kind,
        text_of(object, serie)?,
        text_of(object, numero)?.parse().ok()?,
    )
    .ok()
}
