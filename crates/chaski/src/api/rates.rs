//! Exchange rates.

use chaski_core::{Currency, ExchangeRate, RateFor, RateSource};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A published rate, in soles.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct RateData {
    /// Day asked for; null for the latest and in ranges.
    pub(crate) fecha_solicitada: Option<String>,
    /// Day under which it was published.
    pub(crate) fecha: String,
    /// The SBS close that it is, `AAAA-MM-DD`.
    pub(crate) fecha_cierre_sbs: String,
    /// `USD` or `EUR`.
    pub(crate) moneda: String,
    /// Soles, three decimals.
    pub(crate) precio_compra: String,
    /// Soles, three decimals.
    pub(crate) precio_venta: String,
    /// Who published it: `sunat` or `sbs`.
    pub(crate) origen: String,
    /// Nothing was published on the day asked for: an earlier rate applies.
    pub(crate) arrastrado: bool,
}

impl RateData {
    pub(crate) fn of(rate: &ExchangeRate) -> RateData {
        RateData {
            fecha_solicitada: None,
            fecha: rate.fecha_publicacion.to_string(),
            fecha_cierre_sbs: rate.fecha_cierre_sbs().to_string(),
            moneda: rate.moneda.as_str().to_owned(),
            precio_compra: rate.compra.to_string(),
            precio_venta: rate.venta.to_string(),
            origen: rate.fuente.as_str().to_owned(),
            arrastrado: false,
        }
    }

    /// The rate that was written so; none where that cannot be read.
    pub(crate) fn rate(self) -> Option<ExchangeRate> {
        let moneda = Currency::parse(&self.moneda)?;
        let fuente = RateSource::parse(&self.origen)?;
        let compra = self.precio_compra.parse().ok()?;
        let venta = self.precio_venta.parse().ok()?;
        ExchangeRate::new(moneda, fuente, self.fecha.parse().ok()?, compra, venta).ok()
    }

    /// The same as what applies on a date.
    pub(crate) fn rate_for(self, fecha: Date) -> Option<RateFor> {
        RateFor::new(fecha, self.rate()?).ok()
    }
}
