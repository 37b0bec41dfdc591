//! The kinds of document that are issued through NubeFact.

/// A kind of document, or of request about one, that is numbered and sent.
///
/// ```
/// use chaski_core::invoicing::DocumentKind;
/// assert_eq!(DocumentKind::parse("nota_credito"), Some(DocumentKind::NotaCredito));
/// assert_eq!(DocumentKind::Boleta.as_str(), "boleta");
/// assert_eq!(DocumentKind::Factura.operacion(), "generar_comprobante");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DocumentKind {
    /// Factura, SUNAT's 01.
    Factura,
    /// Boleta de venta, 03.
    Boleta,
    /// Nota de crédito, 07.
    NotaCredito,
    /// Nota de débito, 08.
    NotaDebito,
    /// Guía de remisión of the sender (*remitente*), 09.
    GuiaRemitente,
    /// Guía de remisión of the carrier (*transportista*), 31.
    GuiaTransportista,
    /// Comprobante de retención, 20.
    Retencion,
    /// Comprobante de percepción, 40.
    Percepcion,
    /// *Comunicación de baja* of a factura, boleta or note.
    Anulacion,
    /// Reversal of a comprobante de retención.
    ReversionRetencion,
    /// Reversal of a comprobante de percepción.
    ReversionPercepcion,
}

impl DocumentKind {
    /// All kinds, in the order of the list above.
    pub const ALL: [DocumentKind; 11] = [
        DocumentKind::Factura,
        DocumentKind::Boleta,
        DocumentKind::NotaCredito,
        DocumentKind::NotaDebito,
        DocumentKind::GuiaRemitente,
        DocumentKind::GuiaTransportista,
        DocumentKind::Retencion,
        DocumentKind::Percepcion,
        DocumentKind::Anulacion,
        DocumentKind::ReversionRetencion,
        DocumentKind::ReversionPercepcion,
    ];

    /// Its name in Chaski: `factura`, `nota_credito`, `guia_remitente`.
    pub fn as_str(self) -> &'static str {
        match self {
            DocumentKind::Factura => "factura",
            DocumentKind::Boleta => "boleta",
            DocumentKind::NotaCredito => "nota_credito",
            DocumentKind::NotaDebito => "nota_debito",
            DocumentKind::GuiaRemitente => "guia_remitente",
            DocumentKind::GuiaTransportista => "guia_transportista",
            DocumentKind::Retencion => "retencion",
            DocumentKind::Percepcion => "percepcion",
            DocumentKind::Anulacion => "anulacion",
            DocumentKind::ReversionRetencion => "reversion_retencion",
            DocumentKind::ReversionPercepcion => "reversion_percepcion",
        }
    }

    /// Reads its name.
    pub fn parse(name: &str) -> Option<DocumentKind> {
        DocumentKind::ALL
            .into_iter()
            .find(|kind| kind.as_str() == name)
    }

    /// NubeFact's operation that issues it.
    pub fn operacion(self) -> &'static str {
        match self {
            DocumentKind::Factura
            | DocumentKind::Boleta
            | DocumentKind::NotaCredito
            | DocumentKind::NotaDebito => "generar_comprobante",
            DocumentKind::GuiaRemitente | DocumentKind::GuiaTransportista => "generar_guia",
            DocumentKind::Retencion => "generar_retencion",
            DocumentKind::Percepcion => "generar_percepcion",
            DocumentKind::Anulacion => "generar_anulacion",
            DocumentKind::ReversionRetencion => "generar_reversion_retencion",
            DocumentKind::ReversionPercepcion => "generar_reversion_percepcion",
        }
    }

    /// NubeFact's `tipo_de_comprobante`: 1 to 4, 7, 8. `None` where the operation alone says it, or
    /// where the number names the document that is voided.
    pub fn tipo_de_comprobante(self) -> Option<u8> {
        match self {
            DocumentKind::Factura => Some(1),
            DocumentKind::Boleta => Some(2),
            DocumentKind::NotaCredito => Some(3),
            DocumentKind::NotaDebito => Some(4),
            DocumentKind::GuiaRemitente => Some(7),
            DocumentKind::GuiaTransportista => Some(8),
            _ => None,
        }
    }

    /// The kind that operation and number name together.
    ///
    /// ```
    /// use chaski_core::invoicing::DocumentKind;
    /// let kind = DocumentKind::of_request("generar_guia", Some(8));
    /// assert_eq!(kind, Some(DocumentKind::GuiaTransportista));
    /// assert_eq!(DocumentKind::of_request("generar_comprobante", Some(7)), None);
    /// ```
    pub fn of_request(operacion: &str, tipo_de_comprobante: Option<u8>) -> Option<DocumentKind> {
        DocumentKind::ALL.into_iter().find(|kind| {
            let tipo = kind.tipo_de_comprobante();
            kind.operacion() == operacion && (tipo.is_none() || tipo == tipo_de_comprobante)
        })
    }

    /// Whether it is a sale or a note on one: factura, boleta, nota de crédito, nota de débito.
    pub fn is_sale(self) -> bool {
        self.operacion() == "generar_comprobante"
    }

    /// Whether it modifies another document.
    pub fn is_note(self) -> bool {
        matches!(self, DocumentKind::NotaCredito | DocumentKind::NotaDebito)
    }
}

/// Its name, as in the simple form.
impl serde::Serialize for DocumentKind {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
