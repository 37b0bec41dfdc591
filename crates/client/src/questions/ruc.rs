//! What is known of a RUC?

use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;
use chaski_core::{Address, Condicion, Estado, Ruc, Taxpayer, Ubigeo, clean, present};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::fmt::temporal::DateTimePrinter;
use serde::Serializer;

use crate::json::{self, Json};
use crate::{Key, Lookup, TimesToLive};

/// Bytes that hold most taxpayers.
const USUAL_SIZE: usize = 1024;

/// A look-up in the registry of taxpayers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RucQuery(pub Ruc);

impl Lookup for RucQuery {
    type Answer = Taxpayer;

    fn key(&self) -> Key {
        super::key("ruc", self.0.as_str(), self.0.is_personal())
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
        let Json::Object(fields) = json::parse(body)? else {
            return None;
        };
        Some(taxpayer_from_fields(self.0, |name| {
            Some(Cow::Borrowed(fields.get(name)?.as_str()?))
        }))
    }
}

/// `AAAA-MM-DD HH:MM:SS`; a printer of its own because a pattern costs ten times as much.
const SECONDS: DateTimePrinter = DateTimePrinter::new().separator(b' ').precision(Some(0));

/// A taxpayer as the 21 flat fields of the registry, in the upstream's order and spelling; absent
/// values are none.
pub fn taxpayer_fields<'t>(taxpayer: &'t Taxpayer) -> [(&'static str, Option<Cow<'t, str>>); 21] {
    let Taxpayer {
        address,
        estado,
        condicion,
        ubigeo,
        ..
    } = taxpayer;
    let text = |it: &'t Option<String>| it.as_deref().map(Cow::Borrowed);
    let name = taxpayer.nombre_o_razon_social.as_str();
    let updated = |at: DateTime| Cow::Owned(SECONDS.datetime_to_string(&at));
    [
        ("ruc", Some(taxpayer.ruc.as_str().into())),
        ("nombre_o_razon_social", Some(name.into())),
        (
            "estado_del_contribuyente",
            estado.as_ref().map(|it| it.as_str().into()),
        ),
        (
            "condicion_de_domicilio",
            condicion.as_ref().map(|it| it.as_str().into()),
        ),
        ("ubigeo", ubigeo.as_ref().map(|it| it.as_str().into())),
        ("tipo_de_via", text(&address.tipo_de_via)),
        ("nombre_de_via", text(&address.nombre_de_via)),
        ("codigo_de_zona", text(&address.codigo_de_zona)),
        ("tipo_de_zona", text(&address.tipo_de_zona)),
        ("numero", text(&address.numero)),
        ("interior", text(&address.interior)),
        ("lote", text(&address.lote)),
        ("dpto", text(&address.dpto)),
        ("manzana", text(&address.manzana)),
        ("kilometro", text(&address.kilometro)),
        ("distrito", text(&address.distrito)),
        ("provincia", text(&address.provincia)),
        ("departamento", text(&address.departamento)),
        ("direccion_simple", text(&address.direccion_simple)),
        ("direccion", text(&address.direccion)),
        ("actualizado_en", taxpayer.actualizado_en.map(updated)),
    ]
}

/// A taxpayer out of flat fields, as raw as they come: `-`, blanks and padding are understood.
///
/// ```
/// use chaski_client::{taxpayer_fields, taxpayer_from_fields};
/// let taxpayer = taxpayer_from_fields("20131312955".parse()?, |name| match name {
///     "nombre_o_razon_social" => Some(" EMPRESA  DE PRUEBA ".into()),
///     _ => Some("-".into()),
/// });
/// assert_eq!(taxpayer.nombre_o_razon_social, "EMPRESA DE PRUEBA");
/// assert_eq!(taxpayer_fields(&taxpayer)[4], ("ubigeo", None));
/// # Ok::<(), chaski_core::RucError>(())
/// ```
pub fn taxpayer_from_fields<'f>(
    ruc: Ruc,
    field: impl Fn(&str) -> Option<Cow<'f, str>>,
) -> Taxpayer {
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
