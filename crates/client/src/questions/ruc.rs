//! What is known of a RUC?

use std::time::Duration;

use bytes::Bytes;
use chaski_core::{Address, Condicion, Estado, Ruc, Taxpayer, Ubigeo, clean, present};
use jiff::Timestamp;
use serde::Serializer;
use serde_json::{Map, Value};

use crate::{Key, Lookup, TimesToLive};

/// Bytes that hold most taxpayers.
const USUAL_SIZE: usize = 1024;

/// A look-up in the registry of taxpayers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RucQuery(pub Ruc);

impl Lookup for RucQuery {
    type Answer = Taxpayer;

    fn key(&self) -> Key {
        Key {
            provider: "migo",
            operation: "ruc",
            subject: self.0.as_str().into(),
            personal: self.0.is_personal(),
        }
    }

    fn time_to_live(&self, _: &Taxpayer, _: Timestamp, times: &TimesToLive) -> Duration {
        times.ruc
    }

    fn pack(answer: &Taxpayer) -> Bytes {
        let known = taxpayer_fields(answer)
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)));
        let mut text = Vec::with_capacity(USUAL_SIZE);
        serde_json::Serializer::new(&mut text)
            .collect_map(known)
            .expect("texts always serialize");
        Bytes::from(text)
    }

    fn unpack(&self, body: &[u8]) -> Option<Taxpayer> {
        let fields: Map<String, Value> = super::from_json(body)?;
        Some(taxpayer_from_fields(self.0, |name| {
            Some(fields.get(name)?.as_str()?.to_owned())
        }))
    }
}

/// A taxpayer as the 21 flat fields of the registry, in the upstream's order and spelling; absent
/// values are none.
pub fn taxpayer_fields(taxpayer: &Taxpayer) -> [(&'static str, Option<String>); 21] {
    let address = &taxpayer.address;
    let owned = |text: &str| Some(text.to_owned());
    [
        ("ruc", owned(taxpayer.ruc.as_str())),
        (
            "nombre_o_razon_social",
            owned(&taxpayer.nombre_o_razon_social),
        ),
        (
            "estado_del_contribuyente",
            taxpayer.estado.as_ref().and_then(|it| owned(it.as_str())),
        ),
        (
            "condicion_de_domicilio",
            taxpayer
                .condicion
                .as_ref()
                .and_then(|it| owned(it.as_str())),
        ),
        (
            "ubigeo",
            taxpayer.ubigeo.as_ref().and_then(|it| owned(it.as_str())),
        ),
        ("tipo_de_via", address.tipo_de_via.clone()),
        ("nombre_de_via", address.nombre_de_via.clone()),
        ("codigo_de_zona", address.codigo_de_zona.clone()),
        ("tipo_de_zona", address.tipo_de_zona.clone()),
        ("numero", address.numero.clone()),
        ("interior", address.interior.clone()),
        ("lote", address.lote.clone()),
        ("dpto", address.dpto.clone()),
        ("manzana", address.manzana.clone()),
        ("kilometro", address.kilometro.clone()),
        ("distrito", address.distrito.clone()),
        ("provincia", address.provincia.clone()),
        ("departamento", address.departamento.clone()),
        ("direccion_simple", address.direccion_simple.clone()),
        ("direccion", address.direccion.clone()),
        (
            "actualizado_en",
            taxpayer
                .actualizado_en
                .map(|it| it.strftime("%Y-%m-%d %H:%M:%S").to_string()),
        ),
    ]
}

/// A taxpayer out of flat fields, as raw as they come: `-`, blanks and padding are understood.
///
/// ```
/// use chaski_client::{taxpayer_fields, taxpayer_from_fields};
/// let taxpayer = taxpayer_from_fields("20131312955".parse()?, |name| match name {
///     "nombre_o_razon_social" => Some(" EMPRESA  DE PRUEBA ".to_owned()),
///     _ => Some("-".to_owned()),
/// });
/// assert_eq!(taxpayer.nombre_o_razon_social, "EMPRESA DE PRUEBA");
/// assert_eq!(taxpayer_fields(&taxpayer)[4], ("ubigeo", None));
/// # Ok::<(), chaski_core::RucError>(())
/// ```
pub fn taxpayer_from_fields(ruc: Ruc, field: impl Fn(&str) -> Option<String>) -> Taxpayer {
    let text = |name| present(field(name).as_deref());
    Taxpayer {
        ruc,
        nombre_o_razon_social: field("nombre_o_razon_social")
            .map_or_else(String::new, |it| clean(&it)),
        estado: field("estado_del_contribuyente").and_then(|it| Estado::parse(&it)),
        condicion: field("condicion_de_domicilio").and_then(|it| Condicion::parse(&it)),
        ubigeo: field("ubigeo").and_then(|it| Ubigeo::parse(&it)),
        address: Address {
            tipo_de_via: text("tipo_de_via"),
            nombre_de_via: text("nombre_de_via"),
            codigo_de_zona: text("codigo_de_zona"),
            tipo_de_zona: text("tipo_de_zona"),
            numero: text("numero"),
            interior: text("interior"),
            lote: text("lote"),
            dpto: text("dpto"),
            manzana: text("manzana"),
            kilometro: text("kilometro"),
            distrito: text("distrito"),
            provincia: text("provincia"),
            departamento: text("departamento"),
            direccion_simple: text("direccion_simple"),
            direccion: text("direccion"),
        },
        actualizado_en: field("actualizado_en").and_then(|it| it.trim().parse().ok()),
    }
}
