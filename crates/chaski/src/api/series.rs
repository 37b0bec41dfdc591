//! Series of documents, and the companies that issue.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::reply::lima;
use crate::app::issuers::Issuer;
use crate::app::issuing::WalkedSeries;
use crate::store::SeriesRow;

/// A series and how far it has come.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = SerieData)]
pub(crate) struct SeriesData {
    /// RUC of who issues.
    pub(crate) emisor: String,
    /// `factura`, `boleta`, `nc`, `nd`, `guia`, `guia_transportista`, `retencion` or `percepcion`.
    pub(crate) tipo: String,
    /// Its code in SUNAT's catálogo 01.
    pub(crate) tipo_sunat: String,
    /// Series, such as `F001`.
    pub(crate) serie: String,
    /// Last number that was taken; 0 where none was.
    pub(crate) ultimo: u32,
    /// Numbers below it that came to nothing and are taken first.
    pub(crate) libres: Vec<u32>,
    /// Whether its documents go one after the other, which leaves no gap; else up to ten at once.
    pub(crate) en_orden: bool,
    /// Since when it is held until it has been walked: these data are a copy's.
    pub(crate) en_revision_desde: Option<String>,
}

/// The series that are open.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = SeriesList)]
pub(crate) struct SeriesListData {
    /// What was found, in that order.
    pub(crate) data: Vec<SeriesData>,
    /// `real` or `sandbox` (invented data).
    pub(crate) mode: String,
}

/// A series to be opened.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SerieWanted)]
pub(crate) struct SeriesWanted {
    /// Series, such as `F001`.
    #[schema(example = "F001")]
    pub(crate) serie: String,
    /// Last number that was used of it, 0 if it is new; Nubefact is asked whether that is so.
    pub(crate) ultimo: u32,
    /// Kind, such as `factura`; not needed where the series' letter tells it.
    pub(crate) tipo: Option<String>,
    /// RUC of who issues.
    pub(crate) empresa: Option<String>,
}

/// How a series goes.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SeriePatch)]
pub(crate) struct SeriesChange {
    /// Whether its documents go one after the other.
    pub(crate) en_orden: bool,
    /// RUC of who issues.
    pub(crate) empresa: Option<String>,
}

/// What of a series is walked.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SincronizarWanted)]
pub(crate) struct WalkWanted {
    /// All that are open if it is not said.
    pub(crate) serie: Option<String>,
    /// Kind, such as `factura`; not needed where the series is open or its letter tells it.
    pub(crate) tipo: Option<String>,
    /// From which number.
    #[serde(default = "first")]
    #[schema(minimum = 1, example = 1)]
    pub(crate) desde: u32,
    /// RUC of who issues.
    pub(crate) empresa: Option<String>,
}

fn first() -> u32 {
    1
}

/// What a walk found.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = SincronizadaData)]
pub(crate) struct WalkedData {
    /// Series, such as `F001`.
    pub(crate) serie: String,
    /// `factura`, `boleta`, `nc`, `nd`, `guia`, `guia_transportista`, `retencion` or `percepcion`.
    pub(crate) tipo: String,
    /// Last number that was taken; 0 where none was.
    pub(crate) ultimo: u32,
    /// How many documents were not on record here.
    pub(crate) encontrados: usize,
    /// Their numbers.
    pub(crate) numeros: Vec<u32>,
    /// From which number to go on: there are more than one walk asks about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) siguiente: Option<u32>,
}

/// What walks found.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = SincronizadasList)]
pub(crate) struct WalkedList {
    /// What was found, in that order.
    pub(crate) data: Vec<WalkedData>,
    /// `real` or `sandbox` (invented data).
    pub(crate) mode: String,
}

impl WalkedData {
    pub(crate) fn of(walked: &WalkedSeries) -> WalkedData {
        WalkedData {
            serie: walked.series.serie.to_string(),
            tipo: walked.series.kind.word().into(),
            ultimo: walked.last,
            encontrados: walked.found.len(),
            numeros: walked.found.clone(),
            siguiente: walked.next,
        }
    }

    /// The same with what the walk found that went on from there.
    pub(crate) fn go_on(&mut self, more: WalkedData) {
        self.ultimo = self.ultimo.max(more.ultimo);
        self.encontrados += more.encontrados;
        self.numeros.extend(more.numeros);
        self.siguiente = more.siguiente;
    }
}

/// A company that issues; its token is told to nobody.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = EmpresaData)]
pub(crate) struct IssuerData {
    /// 11 digits.
    pub(crate) ruc: String,
    /// Where its requests go.
    pub(crate) servidor: String,
    /// How the token is written into the header.
    pub(crate) forma: String,
    /// Whether it is in the register of restaurants and hotels.
    pub(crate) restaurante: bool,
}

/// The companies that issue.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = EmpresasList)]
pub(crate) struct IssuersData {
    /// What was found, in that order.
    pub(crate) data: Vec<IssuerData>,
    /// `real` or `sandbox` (invented data).
    pub(crate) mode: String,
}

/// A company that is to issue, in the place of what was kept of it before.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = EmpresaWanted)]
pub(crate) struct NewIssuerWanted {
    /// 11 digits.
    pub(crate) ruc: String,
    /// Its address at Nubefact.
    pub(crate) ruta: String,
    /// Its token; it is kept sealed.
    #[serde(deserialize_with = "secret")]
    #[schema(value_type = String, format = Password)]
    pub(crate) token: secrecy::SecretString,
    /// How the token is written into the header.
    pub(crate) forma: Option<String>,
    /// Whether it is in the register of restaurants and hotels.
    #[serde(default)]
    pub(crate) restaurante: bool,
}

/// The same as it is sent.
#[derive(Serialize)]
pub(crate) struct NewIssuerSent<'a> {
    pub(crate) ruc: &'a str,
    pub(crate) ruta: &'a str,
    pub(crate) token: &'a str,
    pub(crate) forma: &'a str,
    pub(crate) restaurante: bool,
}

/// Which company is tried.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = EmpresaProbar)]
pub(crate) struct TryWanted {
    /// RUC of who issues.
    pub(crate) ruc: Option<String>,
}

fn secret<'de, D: serde::Deserializer<'de>>(reader: D) -> Result<secrecy::SecretString, D::Error> {
    String::deserialize(reader).map(Into::into)
}

impl SeriesData {
    pub(crate) fn of(row: &SeriesRow) -> SeriesData {
        let name = &row.count.series;
        SeriesData {
            emisor: name.issuer.to_string(),
            tipo: name.kind.word().into(),
            tipo_sunat: name.kind.catalog_01().into(),
            serie: name.serie.to_string(),
            ultimo: row.count.last,
            libres: row.count.free.clone(),
            en_orden: row.in_order,
            en_revision_desde: row.review_since.map(lima),
        }
    }
}

impl IssuerData {
    pub(crate) fn of(issuer: &Issuer) -> IssuerData {
        IssuerData {
            ruc: issuer.ruc.as_str().into(),
            servidor: issuer.host(),
            forma: issuer.auth.as_str().into(),
            restaurante: issuer.restaurante,
        }
    }
}
