//! How people name a document: `FFF1-1`, `nc:FFF1-1`, `guia:TTT1-3`.

use std::str::FromStr;

use chaski_client::{NubefactId, NubefactKind};
use chaski_core::invoicing::{DocumentKind, TaxDocument};

use super::InvoiceError;

/// A document as it was named: perhaps without its kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedInvoice {
    /// Its kind, where it was said.
    pub kind: Option<NubefactKind>,
    /// Series, upper case.
    pub serie: String,
    /// Number.
    pub numero: u32,
}

/// Other names of kinds than the one that is shown.
const OTHER_NAMES: [(NubefactKind, &str); 3] = [
    (NubefactKind::NotaCredito, "nota_credito"),
    (NubefactKind::NotaDebito, "nota_debito"),
    (NubefactKind::GuiaRemitente, "guia_remitente"),
];

/// The kind of that name.
pub fn kind_named(name: &str) -> Option<NubefactKind> {
    let name = name.trim().to_lowercase();
    let shown = NubefactKind::ALL
        .into_iter()
        .map(|kind| (kind, kind.word()));
    let mut names = shown.chain(OTHER_NAMES);
    names.find(|(_, it)| *it == name).map(|(kind, _)| kind)
}

/// The name of a document, with its kind.
pub fn full_name(id: &NubefactId) -> String {
    format!("{}:{id}", id.kind.word())
}

/// The kind that a series is for, by its letter; of F and B the sale.
pub fn kind_of_serie(serie: &str) -> Option<NubefactKind> {
    Some(match serie.chars().next()?.to_ascii_uppercase() {
        'F' => NubefactKind::Factura,
        'B' => NubefactKind::Boleta,
        'T' => NubefactKind::GuiaRemitente,
        'V' => NubefactKind::GuiaTransportista,
        'R' => NubefactKind::Retencion,
        'P' => NubefactKind::Percepcion,
        _ => return None,
    })
}

/// The same kind in the vocabulary of core.
pub fn document_kind(kind: NubefactKind) -> DocumentKind {
    match kind {
        NubefactKind::Factura => DocumentKind::Factura,
        NubefactKind::Boleta => DocumentKind::Boleta,
        NubefactKind::NotaCredito => DocumentKind::NotaCredito,
        NubefactKind::NotaDebito => DocumentKind::NotaDebito,
        NubefactKind::GuiaRemitente => DocumentKind::GuiaRemitente,
        NubefactKind::GuiaTransportista => DocumentKind::GuiaTransportista,
        NubefactKind::Retencion => DocumentKind::Retencion,
        NubefactKind::Percepcion => DocumentKind::Percepcion,
    }
}

/// The same kind in the vocabulary of the client; none for a request about another document.
pub fn nubefact_kind(kind: DocumentKind) -> Option<NubefactKind> {
    NubefactKind::ALL
        .into_iter()
        .find(|it| document_kind(*it) == kind)
}

/// The document that a note modifies, as a name; none where it modifies none that could be one.
pub(in crate::app) fn modified_by(document: &TaxDocument) -> Option<NubefactId> {
    let named = document.names()?;
    NubefactId::new(nubefact_kind(named.kind)?, &named.serie, named.numero).ok()
}

impl WantedInvoice {
    /// The same as it is written: `FFF1-1`, or `nc:FFF1-1` where its kind was said.
    pub fn name(&self) -> String {
        let (serie, numero) = (&self.serie, self.numero);
        match self.kind {
            Some(kind) => format!("{}:{serie}-{numero}", kind.word()),
            None => format!("{serie}-{numero}"),
        }
    }
}

impl FromStr for WantedInvoice {
    type Err = InvoiceError;

    fn from_str(typed: &str) -> Result<WantedInvoice, InvoiceError> {
        let not_a_name = || InvoiceError::NotAName;
        let (kind, name) = match typed.trim().split_once(':') {
            Some((kind, name)) => (Some(kind_named(kind).ok_or_else(not_a_name)?), name),
            None => (None, typed),
        };
        let (serie, numero) = name.trim().rsplit_once('-').ok_or_else(not_a_name)?;
        let digits = numero.bytes().all(|b| b.is_ascii_digit());
        let numero: u32 = numero
            .parse()
            .ok()
            .filter(|_| digits)
            .ok_or_else(not_a_name)?;
        let any = kind.unwrap_or(NubefactKind::Factura);
        let id = NubefactId::new(any, serie, numero).map_err(|_| not_a_name())?;
        Ok(WantedInvoice {
            kind,
            serie: id.serie.to_string(),
            numero: id.numero,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_people_write_them() {
        for (typed, kind, name) in [
            ("FFF1-1", None, "FFF1-1"),
            (" fff1-00000012 ", None, "FFF1-12"),
            ("nc:FFF1-1", Some(NubefactKind::NotaCredito), "FFF1-1"),
            ("ND:bbb1-3", Some(NubefactKind::NotaDebito), "BBB1-3"),
            ("guia:TTT1-3", Some(NubefactKind::GuiaRemitente), "TTT1-3"),
        ] {
            let wanted: WantedInvoice = typed.parse().expect(typed);
            let shown = format!("{}-{}", wanted.serie, wanted.numero);
            assert_eq!((wanted.kind, shown.as_str()), (kind, name), "{typed}");
        }
        for typed in [
            "",
            "FFF1",
            "FFF1-",
            "FFF1-0",
            "FFF1-+1",
            "F-1",
            "xx:FFF1-1",
            "FFF1-123456789",
            "FFF1--1",
        ] {
            assert!(typed.parse::<WantedInvoice>().is_err(), "{typed}");
        }
    }

    #[test]
    fn every_kind_has_a_name_in_both_vocabularies() {
        for kind in NubefactKind::ALL {
            assert_eq!(kind_named(kind.word()), Some(kind));
            assert_eq!(nubefact_kind(document_kind(kind)), Some(kind));
        }
    }
}
