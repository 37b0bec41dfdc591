//! What is known of a RUC.

use std::fmt;

use jiff::civil::DateTime;

use crate::{Condicion, Estado, Ruc, Ubigeo};

/// A taxpayer as the registry (*padrón reducido*) shows it. Absent values are `None`, whatever
/// way the source had of saying so.
#[derive(Clone, PartialEq, Eq)]
pub struct Taxpayer {
    /// The number asked for.
    pub ruc: Ruc,
    /// Legal name, or surnames and names of a natural person; empty when the registry has none.
    pub nombre_o_razon_social: String,
    /// `estado_del_contribuyente`.
    pub estado: Option<Estado>,
    /// `condicion_de_domicilio`.
    pub condicion: Option<Condicion>,
    /// Place code, INEI numbering.
    pub ubigeo: Option<Ubigeo>,
    /// The fiscal address; natural persons have none.
    pub address: Address,
    /// When the source last updated the row, Lima time.
    pub actualizado_en: Option<DateTime>,
}

/// The parts of a fiscal address, named as on the registry.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Address {
    /// Kind of way: AV., JR., CAL.
    pub tipo_de_via: Option<String>,
    /// Name of the way.
    pub nombre_de_via: Option<String>,
    /// Kind of zone (URB., Z.I.), in spite of its name.
    pub codigo_de_zona: Option<String>,
    /// Name of the zone, in spite of its name.
    pub tipo_de_zona: Option<String>,
    /// Street number.
    pub numero: Option<String>,
    /// Inner number.
    pub interior: Option<String>,
    /// Lot.
    pub lote: Option<String>,
    /// Number of the flat; the region is `departamento`.
    pub dpto: Option<String>,
    /// Block.
    pub manzana: Option<String>,
    /// Kilometre.
    pub kilometro: Option<String>,
    /// District.
    pub distrito: Option<String>,
    /// Province.
    pub provincia: Option<String>,
    /// Region.
    pub departamento: Option<String>,
    /// Way and number in one line, without the place.
    pub direccion_simple: Option<String>,
    /// The whole address in one line.
    pub direccion: Option<String>,
}

impl Taxpayer {
    /// The best single line of address there is.
    pub fn direccion(&self) -> Option<&str> {
        self.address
            .direccion
            .as_deref()
            .or(self.address.direccion_simple.as_deref())
    }
}

impl fmt::Debug for Taxpayer {
    /// Names and addresses of natural persons stay out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = if self.ruc.is_personal() {
            "…"
        } else {
            self.nombre_o_razon_social.as_str()
        };
        f.debug_struct("Taxpayer")
            .field("ruc", &self.ruc)
            .field("nombre_o_razon_social", &name)
            .field("estado", &self.estado)
            .field("condicion", &self.condicion)
            .field("ubigeo", &self.ubigeo)
            .finish_non_exhaustive()
    }
}
