//! The kinds of document that Nubefact issues.

use serde::{Deserialize, Serialize};

use crate::operation::Operation;

/// One kind: each counts its numbers for itself, even where two share a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum IssuedKind {
    Factura,
    Boleta,
    NotaCredito,
    NotaDebito,
    GuiaRemitente,
    GuiaTransportista,
    Retencion,
    Percepcion,
}

impl IssuedKind {
    /// `tipo_de_comprobante` of a request; retención and percepción have none.
    pub(crate) fn numbered(tipo: u32) -> Option<IssuedKind> {
        Some(match tipo {
            1 => IssuedKind::Factura,
            2 => IssuedKind::Boleta,
            3 => IssuedKind::NotaCredito,
            4 => IssuedKind::NotaDebito,
            7 => IssuedKind::GuiaRemitente,
            8 => IssuedKind::GuiaTransportista,
            _ => return None,
        })
    }

    /// Of the operations that name no `tipo_de_comprobante`, because there is one only.
    pub(crate) fn of_operation(operation: Operation) -> Option<IssuedKind> {
        match operation {
            Operation::GenerarRetencion
            | Operation::ConsultarRetencion
            | Operation::GenerarReversionRetencion
            | Operation::ConsultarReversionRetencion => Some(IssuedKind::Retencion),
            Operation::GenerarPercepcion
            | Operation::ConsultarPercepcion
            | Operation::GenerarReversionPercepcion
            | Operation::ConsultarReversionPercepcion => Some(IssuedKind::Percepcion),
            _ => None,
        }
    }

    /// As the ledger names it: `tipo_de_comprobante`, or the letter of its series.
    pub(crate) fn mark(self) -> String {
        match self {
            IssuedKind::Retencion => "R".to_owned(),
            IssuedKind::Percepcion => "P".to_owned(),
            kind => kind.tipo().unwrap_or_default().to_string(),
        }
    }

    pub(crate) fn tipo(self) -> Option<u32> {
        (1..=8).find(|tipo| IssuedKind::numbered(*tipo) == Some(self))
    }

    /// SUNAT's catálogo 01.
    pub(crate) fn sunat_code(self) -> &'static str {
        match self {
            IssuedKind::Factura => "01",
            IssuedKind::Boleta => "03",
            IssuedKind::NotaCredito => "07",
            IssuedKind::NotaDebito => "08",
            IssuedKind::GuiaRemitente => "09",
            IssuedKind::GuiaTransportista => "31",
            IssuedKind::Retencion => "20",
            IssuedKind::Percepcion => "40",
        }
    }

    /// As SUNAT's answer names it.
    pub(crate) fn words(self) -> &'static str {
        match self {
            IssuedKind::Factura => "La Factura",
            IssuedKind::Boleta => "La Boleta",
            IssuedKind::NotaCredito => "La Nota de Credito",
            IssuedKind::NotaDebito => "La Nota de Debito",
            IssuedKind::GuiaRemitente | IssuedKind::GuiaTransportista => "La Guia de Remision",
            IssuedKind::Retencion => "El Comprobante de Retencion",
            IssuedKind::Percepcion => "El Comprobante de Percepcion",
        }
    }

    pub(crate) fn is_note(self) -> bool {
        matches!(self, IssuedKind::NotaCredito | IssuedKind::NotaDebito)
    }

    pub(crate) fn is_guia(self) -> bool {
        matches!(
            self,
            IssuedKind::GuiaRemitente | IssuedKind::GuiaTransportista
        )
    }
}
