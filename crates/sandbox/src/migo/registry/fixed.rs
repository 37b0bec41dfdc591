//! Numbers whose answer never changes, whatever the seed; the crate's documentation lists them.

use chaski_core::Ruc;

use super::{ABSENT, Address, Taxpayer, Updated, number};
use crate::draw::{Draw, Topic};

/// One row of the table.
pub(crate) struct Fixed {
    ruc: &'static str,
    name: &'static str,
    estado: &'static str,
    condicion: &'static str,
    place: Place,
}

enum Place {
    /// An invented one.
    WithAddress,
    /// None.
    NoAddress,
    /// That of the service's own sample.
    Sample,
    /// The number is in no registry.
    NotFound,
}

use Place::{NoAddress, NotFound, Sample, WithAddress};

#[rustfmt::skip]
const TAXPAYERS: [Fixed; 31] = [
    row("20512963545", "ZONA INFORMATICA DIGITAL S.R.L.", "BAJA DE OFICIO", "HABIDO", Sample),
    row("20100070970", "EMPRESA DE PRUEBA UNO S.A.C.", "ACTIVO", "HABIDO", WithAddress),
    row("20131312955", "EMPRESA DE PRUEBA DOS S.A.", "ACTIVO", "HABIDO", WithAddress),
    row("20100038146", "COMPAÑIA DE PRUEBA TRES S.A.A.", "ACTIVO", "HABIDO", WithAddress),
    row("20603274742", "EMPRESA DE PRUEBA CUATRO E.I.R.L.", "ACTIVO", "HABIDO", WithAddress),
    row("20604702811", "EMPRESA DE PRUEBA CINCO S.R.L.", "ACTIVO", "HABIDO", WithAddress),
    row("20604763500", "EMPRESA DE PRUEBA SEIS S.A.C.", "ACTIVO", "HABIDO", WithAddress),
    row("20604915351", "EMPRESA DE PRUEBA SIETE S.A.C.", "ACTIVO", "HABIDO", WithAddress),
    row("20512333797", "EMPRESA DE PRUEBA OCHO S.A.C.", "ACTIVO", "HABIDO", WithAddress),
    row("20000712711", "EMPRESA DE RESIDUO CERO S.A.C.", "ACTIVO", "HABIDO", WithAddress),
    row("20000475140", "EMPRESA DE RESIDUO UNO S.A.C.", "ACTIVO", "HABIDO", WithAddress),
    row("20000316769", "EMPRESA DE RESIDUO DOS S.A.C.", "BAJA DE OFICIO", "HABIDO", WithAddress),
    row("20000079198", "EMPRESA DE RESIDUO TRES S.A.C.", "ACTIVO", "NO HABIDO", WithAddress),
    row("20000633527", "", "", "", NotFound),
    row("20000871096", "EMPRESA DE RESIDUO CINCO S.A.C.", "ACTIVO", "HABIDO", NoAddress),
    row("20000237575", "EMPRESA DE RESIDUO SEIS S.A.C.", "BAJA PROV. POR OFICI", "NO HALLADO", WithAddress),
    row("20000791904", "EMPRESA DE RESIDUO SIETE S.A.C.", "SUSPENSION TEMPORAL", "HABIDO", WithAddress),
    row("20000554333", "EMPRESA DE RESIDUO OCHO S.A.C.", "ACTIVO", "NO HALLADO SE MUDO D", WithAddress),
    row("20000395952", "CORPORACION  ÑANDÚ & MUÑOZ DE PRUEBA  E.I.R.L. ", "ACTIVO", "HABIDO", WithAddress),
    row("20000158381", "EMPRESA DE RESIDUO DIEZ S.A.C.", "BAJA MULT.INSCR. Y O", ABSENT, WithAddress),
    row("15000791901", "PRUEBA EXTRANJERA UNO", "ACTIVO", "HABIDO", NoAddress),
    row("15000554330", "PRUEBA EXTRANJERA DOS", "ACTIVO", "HABIDO", NoAddress),
    row("16000079191", "PRUEBA ESPECIAL UNO", "ACTIVO", "HABIDO", NoAddress),
    row("16000633520", "PRUEBA ESPECIAL DOS", "ACTIVO", "HABIDO", NoAddress),
    row("17000158381", "PRUEBA NO DOMICILIADA UNO", "ACTIVO", "HABIDO", NoAddress),
    row("17000712710", "PRUEBA NO DOMICILIADA DOS", "BAJA DEFINITIVA", "HABIDO", NoAddress),
    row("10000000006", "", "", "", NotFound),
    row("10123456781", ANA, "ACTIVO", "HABIDO", NoAddress),
    row("10876543210", LUIS, "ACTIVO", "HABIDO", NoAddress),
    row("10111111117", ROSA, "BAJA DEFINITIVA", "HABIDO", NoAddress),
    row("10999999994", JOSE, "ACTIVO", "NO HABIDO", NoAddress),
];

const ANA: &str = "EJEMPLO FICTICIO ANA LUCIA";
const LUIS: &str = "DE LA PRUEBA ÑUÑOVAR LUIS ALBERTO";
const ROSA: &str = "MUESTRA MODELO ROSA";
const JOSE: &str = "SIMULADO DE LOS ENSAYOS JOSE ANGEL";

/// A DNI used as a placeholder; without a name it is in no registry.
pub(crate) struct FixedPerson {
    dni: &'static str,
    pub(crate) name: Option<&'static str>,
}

const PERSONS: [FixedPerson; 5] = [
    person("00000000", None),
    person("12345678", Some(ANA)),
    person("87654321", Some(LUIS)),
    person("11111111", Some(ROSA)),
    person("99999999", Some(JOSE)),
];

const fn person(dni: &'static str, name: Option<&'static str>) -> FixedPerson {
    FixedPerson { dni, name }
}

const fn row(
    ruc: &'static str,
    name: &'static str,
    estado: &'static str,
    condicion: &'static str,
    place: Place,
) -> Fixed {
    Fixed {
        ruc,
        name,
        estado,
        condicion,
        place,
    }
}

pub(crate) fn find(ruc: &str) -> Option<&'static Fixed> {
    TAXPAYERS.iter().find(|row| row.ruc == ruc)
}

pub(crate) fn is_fixed(ruc: &str) -> bool {
    find(ruc).is_some()
}

pub(crate) fn find_person(dni: &str) -> Option<&'static FixedPerson> {
    PERSONS.iter().find(|row| row.dni == dni)
}

/// Fixed members of the register of withholding agents; the rest are drawn.
pub(crate) fn is_withholding_agent(ruc: &str) -> Option<bool> {
    find(ruc).map(|row| matches!(row.ruc, "20100070970" | "20131312955"))
}

/// Fixed members of the register of good taxpayers; the rest are drawn.
pub(crate) fn is_good_taxpayer(ruc: &str) -> Option<bool> {
    find(ruc).map(|row| matches!(row.ruc, "20100070970" | "20100038146"))
}

impl Fixed {
    pub(crate) fn taxpayer(&self, ruc: Ruc) -> Option<Taxpayer> {
        let mut draw = Draw::new(0, Topic::Address, number(self.ruc));
        let address = match self.place {
            NotFound => return None,
            WithAddress => Address::of_company(0, ruc),
            NoAddress => Address::absent(&mut draw),
            Sample => sample_address(&mut draw),
        };
        Some(Taxpayer {
            name: self.name.into(),
            estado: self.estado,
            condicion: self.condicion,
            address,
            updated: match self.place {
                Sample => Updated::At("2026-08-25 16:11:53"),
                _ => Updated::DaysAgo(1, [16, 11, 53]),
            },
        })
    }
}

fn sample_address(draw: &mut Draw) -> Address {
    let mut address = Address::absent(draw);
    address.street_kind = "AV.";
    address.street = "SAN LUIS";
    address.number = "2076".into();
    address.flat = "403".into();
    address.place("150130", "SAN BORJA", "LIMA", "LIMA")
}
