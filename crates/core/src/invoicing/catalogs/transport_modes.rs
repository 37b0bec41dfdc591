//! Who carries the goods: catálogo 18, `tipo_de_transporte` of a guía remitente.
//!
//! Source: NubeFact's GRE manual v1.6.

/// Public or private transport.
///
/// ```
/// use chaski_core::invoicing::catalogs::transport_modes::TransportMode;
/// assert_eq!(TransportMode::from_code("02"), Some(TransportMode::Privado));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TransportMode {
    /// 01: a carrier, who is named.
    Publico,
    /// 02: the sender's own vehicle, whose driver is named.
    Privado,
}

impl TransportMode {
    /// Both of them.
    pub const ALL: [TransportMode; 2] = [TransportMode::Publico, TransportMode::Privado];

    /// The code.
    pub fn code(self) -> &'static str {
        match self {
            TransportMode::Publico => "01",
            TransportMode::Privado => "02",
        }
    }

    /// By the code of two digits.
    pub fn from_code(code: &str) -> Option<TransportMode> {
        TransportMode::ALL.into_iter().find(|it| it.code() == code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_found_by_its_code() {
        for mode in TransportMode::ALL {
            assert_eq!(TransportMode::from_code(mode.code()), Some(mode));
        }
        assert_eq!(TransportMode::from_code("03"), None);
    }
}
