//! Addresses of the invented registry, in the thirteen pieces and two texts of the RUC object.

use std::fmt::Write;

use chaski_core::Ruc;

use super::words::{DISTRICTS, STREET_KINDS, STREETS, ZONE_KINDS, ZONES};
use super::{ABSENT, Text, number};
use crate::draw::{Draw, Topic};

/// The pieces of an address; `-` where there is none.
#[derive(Debug)]
pub(crate) struct Address {
    pub(crate) ubigeo: &'static str,
    pub(crate) street_kind: &'static str,
    pub(crate) street: &'static str,
    pub(crate) zone_kind: &'static str,
    pub(crate) zone: &'static str,
    pub(crate) number: Text,
    pub(crate) interior: Text,
    pub(crate) lot: Text,
    pub(crate) flat: Text,
    pub(crate) block: Text,
    pub(crate) kilometre: Text,
    pub(crate) district: &'static str,
    pub(crate) province: &'static str,
    pub(crate) region: &'static str,
    /// `direccion_simple`: without the place.
    pub(crate) simple: Text,
    /// `direccion`: with the place.
    pub(crate) full: Text,
}

/// How the texts look when there is no address.
const EMPTY_TEXTS: [(&str, &str); 3] = [("-", ""), ("-", " "), ("", " - - - -")];

impl Address {
    /// An address for a company, the same for the same seed and RUC.
    pub(crate) fn of_company(seed: u64, ruc: Ruc) -> Address {
        let mut draw = Draw::new(seed, Topic::Address, number(ruc.as_str()));
        let mut address = Address::absent(&mut draw);
        match draw.below(100) {
            0..75 => {
                address.street_kind = draw.pick(&STREET_KINDS);
                address.street = draw.pick(&STREETS);
                address.number = draw.between(101, 4999).to_string().into();
            }
            75..95 => {
                address.block = draw.pick(&["A", "B", "C1", "Ñ", "LL"]).into();
                address.lot = draw.between(1, 48).to_string().into();
            }
            _ => {
                address.street_kind = "CAR.";
                address.street = draw.pick(&STREETS);
                address.kilometre = format!("{}.5", draw.between(1, 120)).into();
            }
        }
        if draw.chance(250) {
            address.flat = draw.between(101, 1503).to_string().into();
        }
        if draw.chance(120) {
            address.interior = draw.pick(&["A", "2", "3B", "S-12"]).into();
        }
        if address.lot != ABSENT || draw.chance(400) {
            address.zone_kind = draw.pick(&ZONE_KINDS);
            address.zone = draw.pick(&ZONES);
        }
        let (ubigeo, district, province, region) = draw.pick(&DISTRICTS);
        address.place(ubigeo, district, province, region)
    }

    /// No address, in one of the ways in which the registry says so.
    pub(crate) fn absent(draw: &mut Draw) -> Address {
        let (simple, full) = draw.pick(&EMPTY_TEXTS);
        let absent = Text::Borrowed(ABSENT);
        Address {
            ubigeo: ABSENT,
            street_kind: ABSENT,
            street: ABSENT,
            zone_kind: ABSENT,
            zone: ABSENT,
            number: absent.clone(),
            interior: absent.clone(),
            lot: absent.clone(),
            flat: absent.clone(),
            block: absent.clone(),
            kilometre: absent,
            district: ABSENT,
            province: ABSENT,
            region: ABSENT,
            simple: simple.into(),
            full: full.into(),
        }
    }

    /// Sets the place and writes both texts.
    pub(super) fn place(
        mut self,
        ubigeo: &'static str,
        district: &'static str,
        province: &'static str,
        region: &'static str,
    ) -> Address {
        self.ubigeo = ubigeo;
        self.district = district;
        self.province = province;
        self.region = region;
        let simple = self.write_simple();
        self.full = format!("{simple} - {region} {province} {district}").into();
        self.simple = simple.into();
        self
    }

    fn write_simple(&self) -> String {
        let mut text = String::with_capacity(96);
        if self.street != ABSENT {
            let _ = write!(text, "{} {}", self.street_kind, self.street);
        }
        let pieces: [(&str, &str); 6] = [
            ("NRO.", &self.number),
            ("KM.", &self.kilometre),
            ("DPTO.", &self.flat),
            ("INT.", &self.interior),
            ("MZA.", &self.block),
            ("LOTE.", &self.lot),
        ];
        for (label, value) in pieces {
            if value != ABSENT {
                let gap = if text.is_empty() { "" } else { " " };
                let _ = write!(text, "{gap}{label} {value}");
            }
        }
        if self.zone != ABSENT {
            let _ = write!(text, " {} {}", self.zone_kind, self.zone);
        }
        text
    }
}
