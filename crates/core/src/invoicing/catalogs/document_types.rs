//! Types of electronic documents: catálogo 01, Nubefact's `tipo_de_comprobante`, and the letter
//! their series begins with.
//!
//! Sources: SUNAT's annex 8, catálogo 01; Nubefact's manual v2.9 (1 to 4) and its GRE manual v1.6
//! (7, 8). Nubefact does not number retenciones and percepciones: the operation says it. The demo
//! series are those every demo account has.

/// What kind of document.
///
/// ```
/// use chaski_core::invoicing::catalogs::document_types::TipoDeComprobante;
/// let note = TipoDeComprobante::from_nubefact(3).expect("a known number");
/// assert_eq!((note.catalog(), note.is_note()), ("07", true));
/// assert_eq!(TipoDeComprobante::from_catalog("20"), Some(TipoDeComprobante::Retencion));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TipoDeComprobante {
    /// 01.
    Factura,
    /// 03.
    Boleta,
    /// 07.
    NotaDeCredito,
    /// 08.
    NotaDeDebito,
    /// 09: issued by who sends the goods.
    GuiaRemitente,
    /// 31: issued by who carries them.
    GuiaTransportista,
    /// 20.
    Retencion,
    /// 40.
    Percepcion,
}

impl TipoDeComprobante {
    /// All of them.
    pub const ALL: [TipoDeComprobante; 8] = [
        TipoDeComprobante::Factura,
        TipoDeComprobante::Boleta,
        TipoDeComprobante::NotaDeCredito,
        TipoDeComprobante::NotaDeDebito,
        TipoDeComprobante::GuiaRemitente,
        TipoDeComprobante::GuiaTransportista,
        TipoDeComprobante::Retencion,
        TipoDeComprobante::Percepcion,
    ];

    /// SUNAT's code.
    pub fn catalog(self) -> &'static str {
        match self {
            TipoDeComprobante::Factura => "01",
            TipoDeComprobante::Boleta => "03",
            TipoDeComprobante::NotaDeCredito => "07",
            TipoDeComprobante::NotaDeDebito => "08",
            TipoDeComprobante::GuiaRemitente => "09",
            TipoDeComprobante::GuiaTransportista => "31",
            TipoDeComprobante::Retencion => "20",
            TipoDeComprobante::Percepcion => "40",
        }
    }

    /// Nubefact's `tipo_de_comprobante`; `None` where its requests have no such field.
    pub fn nubefact(self) -> Option<u8> {
        match self {
            TipoDeComprobante::Factura => Some(1),
            TipoDeComprobante::Boleta => Some(2),
            TipoDeComprobante::NotaDeCredito => Some(3),
            TipoDeComprobante::NotaDeDebito => Some(4),
            TipoDeComprobante::GuiaRemitente => Some(7),
            TipoDeComprobante::GuiaTransportista => Some(8),
            TipoDeComprobante::Retencion | TipoDeComprobante::Percepcion => None,
        }
    }

    /// The first letters that a series of this type may have. A note's follows its document.
    pub fn letters(self) -> &'static [char] {
        match self {
            TipoDeComprobante::Factura => &['F'],
            TipoDeComprobante::Boleta => &['B'],
            TipoDeComprobante::NotaDeCredito | TipoDeComprobante::NotaDeDebito => &['F', 'B'],
            TipoDeComprobante::GuiaRemitente => &['T'],
            TipoDeComprobante::GuiaTransportista => &['V'],
            TipoDeComprobante::Retencion => &['R'],
            TipoDeComprobante::Percepcion => &['P'],
        }
    }

    /// Name for people, in Spanish: `factura`, `nota de crédito`, `guía de remisión remitente`.
    pub fn name(self) -> &'static str {
        match self {
            TipoDeComprobante::Factura => "factura",
            TipoDeComprobante::Boleta => "boleta",
            TipoDeComprobante::NotaDeCredito => "nota de crédito",
            TipoDeComprobante::NotaDeDebito => "nota de débito",
            TipoDeComprobante::GuiaRemitente => "guía de remisión remitente",
            TipoDeComprobante::GuiaTransportista => "guía de remisión transportista",
            TipoDeComprobante::Retencion => "comprobante de retención",
            TipoDeComprobante::Percepcion => "comprobante de percepción",
        }
    }

    /// Nota de crédito or de débito.
    pub fn is_note(self) -> bool {
        matches!(
            self,
            TipoDeComprobante::NotaDeCredito | TipoDeComprobante::NotaDeDebito
        )
    }

    /// Guía remitente or transportista.
    pub fn is_guia(self) -> bool {
        matches!(
            self,
            TipoDeComprobante::GuiaRemitente | TipoDeComprobante::GuiaTransportista
        )
    }

    /// By SUNAT's code.
    pub fn from_catalog(code: &str) -> Option<TipoDeComprobante> {
        let mut all = TipoDeComprobante::ALL.into_iter();
        all.find(|it| it.catalog() == code)
    }

    /// By Nubefact's number.
    pub fn from_nubefact(number: u8) -> Option<TipoDeComprobante> {
        let mut all = TipoDeComprobante::ALL.into_iter();
        all.find(|it| it.nubefact() == Some(number))
    }
}

/// The series that every demo account of Nubefact has open.
pub const DEMO_SERIES: [&str; 6] = ["FFF1", "BBB1", "TTT1", "VVV1", "RRR1", "PPP1"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_found_by_its_codes_and_has_a_demo_series() {
        for kind in TipoDeComprobante::ALL {
            assert_eq!(TipoDeComprobante::from_catalog(kind.catalog()), Some(kind));
            if let Some(number) = kind.nubefact() {
                assert_eq!(TipoDeComprobante::from_nubefact(number), Some(kind));
            }
            let has_demo = |series: &&str| series.starts_with(kind.letters());
            assert!(DEMO_SERIES.iter().any(has_demo), "{}", kind.name());
        }
    }
}
