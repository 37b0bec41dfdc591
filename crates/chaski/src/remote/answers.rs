//! What a server writes, read back into the values that the rooms give. What is not as promised is
//! no answer: nothing is guessed.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use chaski_client::{Account, Found, Person, Source, taxpayer_from_fields};
use chaski_core::{Currency, Dni, ExchangeRate, RateFor, RateSource, Ruc, Taxpayer};
use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::Deserialize;
use uuid::Uuid;

use crate::mode::Mode;
use crate::sheets::{Aptitud, Verdict};
use crate::store::{CallRow, RefusalRow};

/// An answer and where it came from.
#[derive(Deserialize)]
pub(super) struct Reply<T> {
    pub(super) data: T,
    pub(super) consultado_en: String,
    pub(super) meta: Meta,
}

/// Where an answer came from.
#[derive(Deserialize)]
pub(super) struct Meta {
    source: String,
    mode: String,
}

/// The program that runs there.
#[derive(Deserialize)]
pub(super) struct Version {
    nombre: String,
    mode: String,
}

impl Version {
    /// What a request without a key reaches.
    pub(super) fn mode(&self) -> Option<Mode> {
        mode(&self.mode).filter(|_| self.nombre == "chaski")
    }
}

fn mode(text: &str) -> Option<Mode> {
    match text {
        "sandbox" => Some(Mode::Sandbox),
        "real" => Some(Mode::Real),
        _ => None,
    }
}

impl Meta {
    pub(super) fn mode(&self) -> Option<Mode> {
        mode(&self.mode)
    }

    fn source(&self) -> Option<Source> {
        match self.source.as_str() {
            "upstream" => Some(Source::Upstream),
            "memory" => Some(Source::Memory),
            "stale" => Some(Source::Stale),
            _ => None,
        }
    }
}

/// A value, when it was learned and from where; none where that cannot be read.
pub(super) fn found<A>(value: A, meta: &Meta, consultado_en: &str) -> Option<Found<A>> {
    Some(Found {
        value: Arc::new(value),
        source: meta.source()?,
        // The wire does not say.
        provider: "migo",
        stored_at: consultado_en.parse().ok()?,
    })
}

/// The flat fields of a taxpayer.
pub(super) type Fields = HashMap<String, Option<String>>;

pub(super) fn taxpayer(ruc: Ruc, fields: &Fields) -> Option<Taxpayer> {
    // An answer about another number is none.
    let told = fields.get("ruc")?.as_deref()?;
    (told == ruc.as_str()).then(|| {
        taxpayer_from_fields(ruc, |name| {
            Some(Cow::Borrowed(fields.get(name)?.as_deref()?))
        })
    })
}

/// What came of one of several numbers.
#[derive(Deserialize)]
pub(super) struct Outcome<T> {
    data: Option<T>,
    consultado_en: Option<String>,
    meta: Option<Meta>,
    pub(super) code: Option<String>,
    pub(super) error: Option<String>,
}

impl<T> Outcome<T> {
    /// The answer, and who gave it; none where it cannot be read.
    pub(super) fn found<A>(&self, read: impl FnOnce(&T) -> Option<A>) -> Option<(Found<A>, Mode)> {
        let (meta, at) = (self.meta.as_ref()?, self.consultado_en.as_deref()?);
        let found = found(read(self.data.as_ref()?)?, meta, at)?;
        Some((found, meta.mode()?))
    }
}

#[derive(Deserialize)]
pub(super) struct List<T> {
    pub(super) data: Vec<T>,
    #[serde(default)]
    pub(super) next_cursor: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct PersonData {
    dni: String,
    nombre: String,
}

impl PersonData {
    pub(super) fn person(&self, dni: Dni) -> Option<Person> {
        (self.dni == dni.as_str()).then(|| Person {
            dni,
            nombre: self.nombre.clone(),
        })
    }
}

#[derive(Deserialize)]
pub(super) struct RateData {
    fecha: Date,
    moneda: String,
    precio_compra: Decimal,
    precio_venta: Decimal,
    origen: String,
}

impl RateData {
    pub(super) fn rate(self) -> Option<ExchangeRate> {
        let moneda = Currency::parse(&self.moneda)?;
        let fuente = RateSource::parse(&self.origen)?;
        let (compra, venta) = (self.precio_compra, self.precio_venta);
        ExchangeRate::new(moneda, fuente, self.fecha, compra, venta).ok()
    }

    pub(super) fn rate_for(self, fecha: Date) -> Option<RateFor> {
        RateFor::new(fecha, self.rate()?).ok()
    }
}

#[derive(Deserialize)]
pub(super) struct AccountData {
    nombre: Option<String>,
    email: Option<String>,
    consultas: Option<i64>,
    pub(super) llamadas_del_mes: u64,
    pub(super) cuota: Option<u64>,
}

impl AccountData {
    pub(super) fn account(self) -> Account {
        Account {
            nombre: self.nombre,
            email: self.email,
            consultas: self.consultas,
        }
    }
}

#[derive(Deserialize)]
pub(super) struct InvalidData {
    ruc: String,
    motivo: String,
    mensaje: String,
    registrado_en: Timestamp,
    vence_en: Timestamp,
}

impl InvalidData {
    pub(super) fn row(self) -> RefusalRow {
        RefusalRow {
            provider: "migo".into(),
            operation: "ruc".into(),
            personal: self.ruc.contains('*'),
            subject: self.ruc.into(),
            reason: self.motivo.into(),
            message: self.mensaje.into(),
            stored_at: self.registrado_en,
            expires_at: self.vence_en,
        }
    }
}

#[derive(Deserialize)]
pub(super) struct ForgottenCount {
    pub(super) olvidados: u64,
}

#[derive(Deserialize)]
pub(super) struct CallData {
    id: Uuid,
    consulta: Uuid,
    fecha: Timestamp,
    quien: String,
    motivo: Option<String>,
    proveedor: String,
    operacion: String,
    sobre: String,
    numeros: u32,
    intento: u32,
    resultado: String,
    http: Option<u16>,
    duration_ms: String,
    cache: String,
    lote: Option<Uuid>,
}

impl CallData {
    pub(super) fn row(self) -> Option<CallRow> {
        let (ms, us) = self.duration_ms.split_once('.')?;
        let (ms, us): (u64, u64) = (ms.parse().ok()?, us.parse().ok()?);
        Some(CallRow {
            id: self.id,
            lookup: self.consulta,
            at: self.fecha,
            asked_by: self.quien.into(),
            purpose: self.motivo.map(Into::into),
            provider: self.proveedor.into(),
            operation: self.operacion.into(),
            personal: self.sobre.contains('*'),
            subject: self.sobre.into(),
            items: self.numeros,
            attempt: self.intento,
            outcome: self.resultado.into(),
            http_status: self.http,
            duration_us: ms.checked_mul(1000)?.checked_add(us)?,
            cache: self.cache.into(),
            batch: self.lote,
        })
    }
}

/// One row of the result of a list.
#[derive(Deserialize)]
pub(super) struct ResultRow {
    pub(super) fila: u32,
    aptitud: String,
    ruc_normalizado: String,
    razon_social: String,
    estado: String,
    condicion: String,
    ubigeo: String,
    departamento: String,
    provincia: String,
    distrito: String,
    direccion: String,
    motivo: String,
    fuente: String,
    consultado_en: String,
}

impl ResultRow {
    pub(super) fn verdict(self) -> Option<Verdict> {
        let apto = Aptitud::ALL
            .into_iter()
            .find(|it| it.code() == self.aptitud)?;
        Some(Verdict {
            ruc_normalizado: self.ruc_normalizado,
            razon_social: self.razon_social,
            estado: self.estado,
            condicion: self.condicion,
            apto,
            ubigeo: self.ubigeo,
            departamento: self.departamento,
            provincia: self.provincia,
            distrito: self.distrito,
            direccion: self.direccion,
            motivo: self.motivo,
            fuente: self.fuente,
            consultado_en: self.consultado_en,
        })
    }
}
