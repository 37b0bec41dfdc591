//! Systems by which ISC is computed: catálogo 08, and NubeFact's `tipo_de_isc`.
//!
//! Sources: SUNAT's annex 8, catálogo 08; NubeFact's manual v2.9 (1, 2, 3). The names agree.

/// How the ISC of a line comes about.
///
/// ```
/// use chaski_core::invoicing::catalogs::isc_systems::IscSystem;
/// assert_eq!(IscSystem::from_catalog("02"), Some(IscSystem::MontoFijo));
/// assert_eq!(IscSystem::MontoFijo.nubefact(), 2);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IscSystem {
    /// 01: a percent of the line's value.
    AlValor,
    /// 02: an amount per unit.
    MontoFijo,
    /// 03: a percent of a retail price that is fixed elsewhere.
    PrecioAlPublico,
}

impl IscSystem {
    /// All of them, in the order of their codes.
    pub const ALL: [IscSystem; 3] = [
        IscSystem::AlValor,
        IscSystem::MontoFijo,
        IscSystem::PrecioAlPublico,
    ];

    /// SUNAT's code.
    pub fn catalog(self) -> &'static str {
        match self {
            IscSystem::AlValor => "01",
            IscSystem::MontoFijo => "02",
            IscSystem::PrecioAlPublico => "03",
        }
    }

    /// NubeFact's number.
    pub fn nubefact(self) -> u8 {
        match self {
            IscSystem::AlValor => 1,
            IscSystem::MontoFijo => 2,
            IscSystem::PrecioAlPublico => 3,
        }
    }

    /// By SUNAT's code.
    pub fn from_catalog(code: &str) -> Option<IscSystem> {
        IscSystem::ALL.into_iter().find(|it| it.catalog() == code)
    }

    /// By NubeFact's number.
    pub fn from_nubefact(number: u8) -> Option<IscSystem> {
        IscSystem::ALL
            .into_iter()
            .find(|it| it.nubefact() == number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_found_by_both_its_codes() {
        for system in IscSystem::ALL {
            assert_eq!(IscSystem::from_catalog(system.catalog()), Some(system));
            assert_eq!(IscSystem::from_nubefact(system.nubefact()), Some(system));
        }
        assert_eq!(IscSystem::from_nubefact(4), None);
    }
}
