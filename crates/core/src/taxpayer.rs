//! What is known of a RUC.

use std::fmt;

use jiff::civil::DateTime;

use crate::{Condicion, Estado, Ruc, Ubigeo};

/// A taxpayer as the registry (*padrón reducido*) shows it. Absent values are `None`, whatever
/// way the source had of saying so.
///
/// `Debug` hides what identifies a natural person.
///
/// ```
/// use chaski_core::Taxpayer;
/// let person = Taxpayer::new("10000000006".parse()?, "APELLIDO APELLIDO NOMBRE");
/// assert!(!format!("{person:?}").contains("APELLIDO"));
/// # Ok::<(), chaski_core::RucError>(())
/// ```
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

/// The parts of a fiscal address, named as on the registry. It has no `Debug`: it says where
/// somebody lives.
///
/// The registry crosses two of its headings: `codigo_de_zona` holds the kind of zone and
/// `tipo_de_zona` its name. Both keep their published names here.
///
/// ```
/// use chaski_core::Address;
/// let address = Address {
///     tipo_de_via: Some("AV.".into()),
///     nombre_de_via: Some("LAS PRUEBAS".into()),
///     ..Address::default()
/// };
/// assert_eq!(address.numero, None);
/// ```
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
    /// A taxpayer of which only number and name are known.
    pub fn new(ruc: Ruc, nombre_o_razon_social: impl Into<String>) -> Taxpayer {
        Taxpayer {
            ruc,
            nombre_o_razon_social: nombre_o_razon_social.into(),
            estado: None,
            condicion: None,
            ubigeo: None,
            address: Address::default(),
            actualizado_en: None,
        }
    }

    /// The best single line of address there is: the whole one, else the one without the place.
    ///
    /// ```
    /// use chaski_core::{Address, Taxpayer};
    /// let short = Address { direccion_simple: Some("JR. UNO NRO. 1".into()), ..Address::default() };
    /// let taxpayer = Taxpayer::new("20100070970".parse()?, "EMPRESA DE PRUEBA S.A.C.");
    /// assert_eq!(taxpayer.direccion(), None);
    /// assert_eq!(Taxpayer { address: short, ..taxpayer }.direccion(), Some("JR. UNO NRO. 1"));
    /// # Ok::<(), chaski_core::RucError>(())
    /// ```
    pub fn direccion(&self) -> Option<&str> {
        self.address
            .direccion
            .as_deref()
            .or(self.address.direccion_simple.as_deref())
    }
}

impl fmt::Debug for Taxpayer {
    /// Names and addresses of natural persons stay out of logs. So do unknown words of estado and
    /// condición: a registry row whose columns slipped has a piece of the name there.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let personal = self.ruc.is_personal();
        let name = if personal {
            "…"
        } else {
            &self.nombre_o_razon_social
        };
        let estado = self.estado.as_ref().map(|estado| match estado {
            Estado::Otro(_) if personal => "…",
            known => known.as_str(),
        });
        let condicion = self.condicion.as_ref().map(|condicion| match condicion {
            Condicion::Otro(_) if personal => "…",
            known => known.as_str(),
        });
        f.debug_struct("Taxpayer")
            .field("ruc", &self.ruc)
            .field("nombre_o_razon_social", &name)
            .field("estado", &estado)
            .field("condicion", &condicion)
            .field("ubigeo", &self.ubigeo)
            .finish_non_exhaustive()
    }
}
