//! Which endpoint a path names: the whole surface of both upstreams in one list.

use std::fmt;

use http::Method;
use serde::{Serialize, Serializer};

/// The two forms of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Version {
    /// POST with the token in the body.
    V1,
    /// GET with a Bearer token.
    V2,
}

/// What is asked, whatever the version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Operation {
    /// One RUC.
    Ruc,
    /// Up to 100 RUCs; v1 only.
    Collection,
    /// One DNI.
    Dni,
    /// SUNAT's last published exchange rate.
    ExchangeLatest,
    /// SUNAT's exchange rate of a date.
    ExchangeDate,
    /// SUNAT's exchange rates between two dates; v1 only.
    ExchangeRange,
    /// The SBS's exchange rate of a date; v2 only.
    ExchangeSbs,
    /// Legal representatives; v1 only.
    Representatives,
    /// Economic activity; v1 only, by GET.
    Activity,
    /// Is it an *agente de retención*? v1 only.
    WithholdingAgents,
    /// Is it a *buen contribuyente*? v1 only.
    GoodTaxpayers,
    /// Does an e-document exist at SUNAT? v1 only.
    Cpe,
    /// Calls left; v1 only, not charged.
    Account,
    /// Nubefact: a factura, boleta or note is issued.
    GenerarComprobante,
    /// Nubefact: the state of one.
    ConsultarComprobante,
    /// Nubefact: one is voided.
    GenerarAnulacion,
    /// Nubefact: the state of its void.
    ConsultarAnulacion,
    /// Nubefact: a guía de remisión is issued.
    GenerarGuia,
    /// Nubefact: the state of one.
    ConsultarGuia,
    /// Nubefact: a comprobante de retención is issued.
    GenerarRetencion,
    /// Nubefact: the state of one.
    ConsultarRetencion,
    /// Nubefact: one is reversed.
    GenerarReversionRetencion,
    /// Nubefact: the state of its reversal.
    ConsultarReversionRetencion,
    /// Nubefact: a comprobante de percepción is issued.
    GenerarPercepcion,
    /// Nubefact: the state of one.
    ConsultarPercepcion,
    /// Nubefact: one is reversed.
    GenerarReversionPercepcion,
    /// Nubefact: the state of its reversal.
    ConsultarReversionPercepcion,
    /// A path that the API does not have, or not with that method; Nubefact: a request that names
    /// no operation.
    Unknown,
}

impl Operation {
    /// All of them, in the order of declaration.
    pub const ALL: [Operation; 28] = [
        Operation::Ruc,
        Operation::Collection,
        Operation::Dni,
        Operation::ExchangeLatest,
        Operation::ExchangeDate,
        Operation::ExchangeRange,
        Operation::ExchangeSbs,
        Operation::Representatives,
        Operation::Activity,
        Operation::WithholdingAgents,
        Operation::GoodTaxpayers,
        Operation::Cpe,
        Operation::Account,
        Operation::GenerarComprobante,
        Operation::ConsultarComprobante,
        Operation::GenerarAnulacion,
        Operation::ConsultarAnulacion,
        Operation::GenerarGuia,
        Operation::ConsultarGuia,
        Operation::GenerarRetencion,
        Operation::ConsultarRetencion,
        Operation::GenerarReversionRetencion,
        Operation::ConsultarReversionRetencion,
        Operation::GenerarPercepcion,
        Operation::ConsultarPercepcion,
        Operation::GenerarReversionPercepcion,
        Operation::ConsultarReversionPercepcion,
        Operation::Unknown,
    ];

    /// Its name in the text of a fault and in the ledger.
    pub fn name(self) -> &'static str {
        match self {
            Operation::Ruc => "ruc",
            Operation::Collection => "coleccion",
            Operation::Dni => "dni",
            Operation::ExchangeLatest => "tipo-cambio-ultimo",
            Operation::ExchangeDate => "tipo-cambio-fecha",
            Operation::ExchangeRange => "tipo-cambio-rango",
            Operation::ExchangeSbs => "tipo-cambio-sbs",
            Operation::Representatives => "representantes",
            Operation::Activity => "actividad",
            Operation::WithholdingAgents => "agentes-retencion",
            Operation::GoodTaxpayers => "buenos-contribuyentes",
            Operation::Cpe => "cpe",
            Operation::Account => "cuenta",
            Operation::GenerarComprobante => "generar_comprobante",
            Operation::ConsultarComprobante => "consultar_comprobante",
            Operation::GenerarAnulacion => "generar_anulacion",
            Operation::ConsultarAnulacion => "consultar_anulacion",
            Operation::GenerarGuia => "generar_guia",
            Operation::ConsultarGuia => "consultar_guia",
            Operation::GenerarRetencion => "generar_retencion",
            Operation::ConsultarRetencion => "consultar_retencion",
            Operation::GenerarReversionRetencion => "generar_reversion_retencion",
            Operation::ConsultarReversionRetencion => "consultar_reversion_retencion",
            Operation::GenerarPercepcion => "generar_percepcion",
            Operation::ConsultarPercepcion => "consultar_percepcion",
            Operation::GenerarReversionPercepcion => "generar_reversion_percepcion",
            Operation::ConsultarReversionPercepcion => "consultar_reversion_percepcion",
            Operation::Unknown => "desconocida",
        }
    }

    /// Whether it is one of Nubefact's.
    pub fn is_nubefact(self) -> bool {
        self.is_issue() || self.is_void() || self.is_question()
    }

    /// Whether a document comes into being by it.
    pub fn is_issue(self) -> bool {
        matches!(
            self,
            Operation::GenerarComprobante
                | Operation::GenerarGuia
                | Operation::GenerarRetencion
                | Operation::GenerarPercepcion
        )
    }

    /// Whether it voids or reverses a document.
    pub fn is_void(self) -> bool {
        matches!(
            self,
            Operation::GenerarAnulacion
                | Operation::GenerarReversionRetencion
                | Operation::GenerarReversionPercepcion
        )
    }

    /// Whether it only asks Nubefact for a state.
    pub fn is_question(self) -> bool {
        matches!(
            self,
            Operation::ConsultarComprobante
                | Operation::ConsultarAnulacion
                | Operation::ConsultarGuia
                | Operation::ConsultarRetencion
                | Operation::ConsultarReversionRetencion
                | Operation::ConsultarPercepcion
                | Operation::ConsultarReversionPercepcion
        )
    }

    pub(crate) fn named(name: &str) -> Option<Operation> {
        Operation::ALL
            .into_iter()
            .find(|known| known.name() == name)
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for Operation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// What a method and a path lead to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Route<'a> {
    pub(crate) version: Option<Version>,
    pub(crate) operation: Operation,
    /// The number that the path itself carries.
    pub(crate) subject: Option<&'a str>,
    /// The method that the path would have accepted, when it is not the one used.
    pub(crate) allowed: Option<&'static str>,
}

/// Reads a path with or without its trailing slash.
pub(crate) fn recognise<'a>(method: &Method, path: &'a str) -> Route<'a> {
    let path = path.strip_suffix('/').unwrap_or(path);
    let (version, rest) = if let Some(rest) = path.strip_prefix("/api/v1/") {
        (Version::V1, rest)
    } else if let Some(rest) = path.strip_prefix("/api/v2/") {
        (Version::V2, rest)
    } else {
        return Route {
            version: None,
            operation: Operation::Unknown,
            subject: None,
            allowed: None,
        };
    };
    let found = match version {
        Version::V1 => recognise_v1(method, rest),
        Version::V2 => recognise_v2(rest),
    };
    let (operation, wanted, subject) = found.unwrap_or((Operation::Unknown, "", None));
    let wrong_method = operation != Operation::Unknown && method.as_str() != wanted;
    Route {
        version: Some(version),
        operation: if wrong_method {
            Operation::Unknown
        } else {
            operation
        },
        subject,
        allowed: wrong_method.then_some(wanted),
    }
}

type Found<'a> = (Operation, &'static str, Option<&'a str>);

fn recognise_v1<'a>(method: &Method, rest: &'a str) -> Option<Found<'a>> {
    let operation = match rest {
        // Seen to work, though not documented: `GET /ruc?ruc=` with a Bearer token.
        "ruc" if method == Method::GET => return Some((Operation::Ruc, "GET", None)),
        "ruc" => Operation::Ruc,
        "ruc/collection" => Operation::Collection,
        "ruc/representantes-legales" => Operation::Representatives,
        "ruc/agentes-retencion" => Operation::WithholdingAgents,
        "ruc/buenos-contribuyentes" => Operation::GoodTaxpayers,
        "dni" => Operation::Dni,
        "exchange/latest" => Operation::ExchangeLatest,
        "exchange/date" => Operation::ExchangeDate,
        "exchange" => Operation::ExchangeRange,
        "cpe" => Operation::Cpe,
        "account" => Operation::Account,
        _ => {
            let number = rest.strip_prefix("ruc/")?;
            return match number.strip_prefix("actividad/") {
                Some(ruc) => Some((Operation::Activity, "GET", Some(ruc))),
                None if number.contains('/') => None,
                // Also seen to work: `GET /ruc/{ruc}` with a Bearer token.
                None => Some((Operation::Ruc, "GET", Some(number))),
            };
        }
    };
    Some((operation, "POST", None))
}

fn recognise_v2(rest: &str) -> Option<Found<'_>> {
    let (operation, subject) = match rest {
        "tipo-cambio/sunat" => (Operation::ExchangeDate, None),
        "tipo-cambio/sunat/ultimo" => (Operation::ExchangeLatest, None),
        "tipo-cambio/sbs" => (Operation::ExchangeSbs, None),
        _ => match rest.split_once('/')? {
            (_, number) if number.contains('/') => return None,
            ("ruc", ruc) => (Operation::Ruc, Some(ruc)),
            ("dni", dni) => (Operation::Dni, Some(dni)),
            _ => return None,
        },
    };
    Some((operation, "GET", subject))
}
