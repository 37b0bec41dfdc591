//! Exchange rates.

use chaski_core::{Currency, ExchangeRate, RateFor, RateSource};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A published rate, in soles.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct RateData {
    /// Calendar day that it applies to, the one asked for; null for the latest.
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
    /// Nothing was published for the day by whom was asked: the same close applies, as it was published
    /// under `fecha` by `origen`.
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

    /// What applies on a day.
    pub(crate) fn of_day(rate: &RateFor) -> RateData {
        RateData {
            fecha_solicitada: Some(rate.requested.to_string()),
            arrastrado: rate.arrastrado,
            ..RateData::of(&rate.rate)
        }
    }

    /// The same as what applies on a date, of the source that was asked.
    pub(crate) fn rate_for(self, fecha: Date, fuente: RateSource) -> Option<RateFor> {
        RateFor::of(fecha, fuente, self.rate()?)
    }

    /// The same as what applies on the day that it says; servers of before say only when it was
    /// published.
    pub(crate) fn rate_of_its_day(self) -> Option<RateFor> {
        let day = self.fecha_solicitada.as_ref().unwrap_or(&self.fecha);
        let day = day.parse().ok()?;
        self.rate_for(day, RateSource::Sunat)
    }
}
