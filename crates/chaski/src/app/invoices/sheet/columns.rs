//! The columns of the sheet `Comprobantes`, as data: what each is in the simple form, how its cells are
//! read, under which titles people write it, and what it is in words.

use chaski_core::Lang;

/// What a row says with a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ColumnScope {
    /// Which document the row is of.
    Key,
    /// Something of the document: any of its rows may say it.
    Document,
    /// Something of the row's line.
    Line,
    /// Something of an advance that the document settles: one a row.
    Advance,
}

/// How a cell is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CellKind {
    /// As it is.
    Text,
    /// A code of a catalogue, perhaps with its name behind it; digits have that many places.
    Code(usize),
    /// A decimal, perhaps with the sign of a currency.
    Decimal,
    /// A percentage: `18`, `18 %`, 0.18 shown as a percentage.
    Percent,
    /// A whole number.
    Whole,
    /// A day.
    Day,
    /// Yes or no.
    Flag,
    /// `factura`, `boleta`, `nota_credito`, `nota_debito`.
    Tipo,
    /// PEN, USD, EUR, GBP.
    Moneda,
    /// Catálogo 06.
    IdentityTipo,
    /// The number of an identity document.
    Identity,
    /// Addresses of electronic mail.
    Mail,
}

/// What a cell can be chosen from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Choices {
    /// Anything.
    Free,
    /// Yes or no.
    YesNo,
    Tipos,
    Monedas,
    Identities,
    Affectations,
    Units,
    NoteReasons,
    IscSystems,
    DetractionGoods,
    DetractionPayments,
    Retenciones,
    Percepciones,
    PdfFormats,
}

/// One column.
pub(super) struct InvoiceColumn {
    /// Its title in the template.
    pub(super) name: &'static str,
    /// Its place in the simple form, or in a line or advance of it.
    pub(super) path: &'static str,
    pub(super) scope: ColumnScope,
    pub(super) kind: CellKind,
    pub(super) choices: Choices,
    /// Other titles, folded.
    aliases: &'static [&'static str],
    /// Characters, in the template.
    pub(super) width: u8,
    help: (&'static str, &'static str),
}

impl InvoiceColumn {
    /// What it is, in words.
    pub(super) fn help(&self, lang: Lang) -> &'static str {
        lang.pick(self.help.0, self.help.1)
    }

    /// Whether every document or line needs it.
    pub(super) fn is_required(&self) -> bool {
        matches!(
            self.name,
            "documento" | "tipo" | "descripcion" | "cantidad" | "precio"
        )
    }

    pub(super) fn titles(&self) -> impl Iterator<Item = &'static str> {
        self.aliases.iter().copied()
    }
}

const fn column(
    name: &'static str,
    path: &'static str,
    (scope, kind, choices): (ColumnScope, CellKind, Choices),
    width: u8,
    aliases: &'static [&'static str],
    help: (&'static str, &'static str),
) -> InvoiceColumn {
    InvoiceColumn {
        name,
        path,
        scope,
        kind,
        choices,
        aliases,
        width,
        help,
    }
}

use CellKind as Is;
use Choices::Free;
use ColumnScope::{Advance, Document, Key, Line};

/// Titles of unit prices that include IGV, folded: such a column says `precios_con_igv` by itself.
pub(super) const WITH_IGV: &[&str] = &[
    "PRECIO CON IGV",
    "PRECIO INC IGV",
    "PRECIO INCLUYE IGV",
    "PRECIO UNITARIO CON IGV",
    "PRECIO UNIT CON IGV",
    "P UNIT CON IGV",
    "P UNITARIO CON IGV",
    "PRECIO DE VENTA UNITARIO",
];

/// The same of those that do not.
pub(super) const WITHOUT_IGV: &[&str] = &[
    "PRECIO SIN IGV",
    "PRECIO UNITARIO SIN IGV",
    "PRECIO UNIT SIN IGV",
    "P UNIT SIN IGV",
    "P UNITARIO SIN IGV",
    "VALOR UNITARIO",
    "VALOR UNIT",
    "V UNITARIO",
];

/// All of them, in the order of the template.
#[rustfmt::skip]
pub(super) static COLUMNS: [InvoiceColumn; 50] = [
    column("documento", "", (Key, Is::Text, Free), 13, &["DOC", "N DOCUMENTO", "NRO DOCUMENTO", "ID DOCUMENTO", "PEDIDO", "N PEDIDO", "NRO PEDIDO", "OPERACION", "N OPERACION", "VENTA", "N VENTA", "NRO VENTA"],
        ("Nombre que usted le da al documento, por ejemplo V-001. Las filas con el mismo documento son las líneas de uno solo, en cualquier orden.", "Your own name for the document, such as V-001. Rows with the same one are lines of one document, in any order.")),
    column("tipo", "tipo", (Document, Is::Tipo, Choices::Tipos), 14, &["TIPO DOCUMENTO", "TIPO DE DOCUMENTO", "TIPO DOC", "TIPO COMPROBANTE", "TIPO DE COMPROBANTE", "CLASE", "COMPROBANTE TIPO"],
        ("factura, boleta, nota_credito o nota_debito. También se entiende Factura, 01, NC, 07.", "factura, boleta, nota_credito or nota_debito. Factura, 01, NC, 07 are understood too.")),
    column("serie", "serie", (Document, Is::Text, Free), 8, &["SERIE COMPROBANTE", "SERIE DOC"],
        ("Serie, como F001. Si falta, la primera abierta de ese tipo.", "Series, such as F001. If absent, the first one open for that kind.")),
    column("numero", "numero", (Document, Is::Whole, Free), 9, &["N", "NRO", "CORRELATIVO", "NUMERO COMPROBANTE", "NRO COMPROBANTE", "N COMPROBANTE"],
        ("Número. Déjelo vacío: Chaski da el que sigue.", "Number. Leave it empty: Chaski gives the next one.")),
    column("fecha", "fecha", (Document, Is::Day, Free), 12, &["FECHA EMISION", "FECHA DE EMISION", "F EMISION", "FECHA DOC", "EMISION"],
        ("Fecha de emisión. Vacía es hoy en Lima; SUNAT recibe hasta 3 días atrás.", "Day of issue. Empty is today in Lima; SUNAT takes up to 3 days back.")),
    column("vencimiento", "vencimiento", (Document, Is::Day, Free), 12, &["FECHA VENCIMIENTO", "FECHA DE VENCIMIENTO", "F VENCIMIENTO", "VENCE"],
        ("Fecha de vencimiento.", "Day on which it is due.")),
    column("cliente_tipo", "cliente.tipo", (Document, Is::IdentityTipo, Choices::Identities), 14, &["TIPO CLIENTE", "TIPO DOC CLIENTE", "TIPO DOCUMENTO CLIENTE", "TIPO DE DOCUMENTO DEL CLIENTE", "TIPO DOCUMENTO IDENTIDAD", "TIPO DOC IDENTIDAD", "TIPO IDENTIDAD"],
        ("Documento de identidad del cliente, catálogo 06: 6 RUC, 1 DNI, - varios. Si falta, lo dice el largo del número.", "The customer's identity document, catálogo 06: 6 RUC, 1 DNI, - no buyer named. If absent, the length of the number says it.")),
    column("cliente_numero", "cliente.numero", (Document, Is::Identity, Free), 15, &["RUC", "DNI", "RUC DNI", "DNI RUC", "RUC O DNI", "RUC CLIENTE", "NUMERO CLIENTE", "CLIENTE RUC", "CLIENTE DNI", "RUC DNI CLIENTE", "N RUC", "NRO RUC", "DOCUMENTO CLIENTE", "NUMERO DE DOCUMENTO CLIENTE", "NUM DOC CLIENTE", "NRO DOC CLIENTE", "N DOC IDENTIDAD"],
        ("RUC o DNI del cliente, como texto para no perder los ceros.", "The customer's RUC or DNI, as text so that zeros are not lost.")),
    column("cliente_nombre", "cliente.nombre", (Document, Is::Text, Free), 32, &["CLIENTE", "NOMBRE", "RAZON SOCIAL", "NOMBRE CLIENTE", "RAZON SOCIAL CLIENTE", "NOMBRE O RAZON SOCIAL", "DENOMINACION", "APELLIDOS Y NOMBRES"],
        ("Nombre o razón social. De un RUC o DNI se consulta si falta.", "Name. Looked up for a RUC or DNI if absent.")),
    column("cliente_direccion", "cliente.direccion", (Document, Is::Text, Free), 30, &["DIRECCION", "DIRECCION CLIENTE", "DOMICILIO", "DOMICILIO FISCAL"],
        ("Dirección; obligatoria en facturas. De un RUC se consulta si falta.", "Address; facturas need it. Looked up for a RUC if absent.")),
    column("cliente_correo", "cliente.correo", (Document, Is::Mail, Free), 24, &["CORREO", "EMAIL", "E MAIL", "CORREO CLIENTE", "EMAIL CLIENTE", "CORREO ELECTRONICO"],
        ("Hasta tres correos, separados por coma.", "Up to three e-mail addresses, separated by commas.")),
    column("moneda", "moneda", (Document, Is::Moneda, Choices::Monedas), 9, &["MON", "DIVISA", "TIPO MONEDA", "TIPO DE MONEDA"],
        ("PEN, USD, EUR o GBP. PEN si falta.", "PEN, USD, EUR or GBP. PEN if absent.")),
    column("tipo_de_cambio", "tipo_de_cambio", (Document, Is::Decimal, Free), 10, &["TIPO CAMBIO", "TC", "T C", "CAMBIO"],
        ("Soles por unidad de la moneda. Para USD se consulta si falta.", "Soles per unit of the currency. Looked up for USD if absent.")),
    column("precios_con_igv", "precios_con_igv", (Document, Is::Flag, Choices::YesNo), 11, &["CON IGV", "INCLUYE IGV", "IGV INCLUIDO", "PRECIO INCLUYE IGV SI NO"],
        ("SI: precio y descuentos incluyen IGV. NO: ninguno lo incluye.", "SI: price and discounts include IGV. NO: none does.")),
    column("descripcion", "descripcion", (Line, Is::Text, Free), 36, &["DETALLE", "PRODUCTO", "CONCEPTO", "ITEM", "ARTICULO", "GLOSA", "DESCRIPCION DEL PRODUCTO", "DESCRIPCION PRODUCTO", "PRODUCTO O SERVICIO", "BIEN O SERVICIO"],
        ("Qué se vende, hasta 250 caracteres.", "What is sold, up to 250 characters.")),
    column("cantidad", "cantidad", (Line, Is::Decimal, Free), 10, &["CANT", "CTD", "QTY", "UNIDADES"],
        ("Cuánto, hasta diez decimales.", "How much, up to ten decimals.")),
    column("unidad", "unidad", (Line, Is::Code(0), Choices::Units), 12, &["UNIDAD DE MEDIDA", "UNIDAD MEDIDA", "UM", "U M", "UND", "UNID", "UND MEDIDA"],
        ("Unidad de medida, catálogo 03: NIU bienes, ZZ servicios. NIU si falta.", "Unit of measure, catálogo 03: NIU goods, ZZ services. NIU if absent.")),
    column("precio", "precio", (Line, Is::Decimal, Free), 12, &["PRECIO UNITARIO", "PRECIO UNIT", "P UNIT", "P UNITARIO", "PU", "P U", "PRECIO VENTA"],
        ("Precio de la unidad. De lo gratuito, su valor referencial.", "Price of the unit. Of what is free, its reference value.")),
    column("codigo", "codigo", (Line, Is::Text, Free), 12, &["COD", "CODIGO PRODUCTO", "COD PRODUCTO", "SKU", "CODIGO INTERNO"],
        ("Código propio del producto.", "Your own code of the product.")),
    column("codigo_sunat", "codigo_sunat", (Line, Is::Code(8), Free), 12, &["CODIGO PRODUCTO SUNAT", "COD SUNAT", "UNSPSC"],
        ("Código de producto de SUNAT, 8 dígitos.", "SUNAT's product code, 8 digits.")),
    column("afectacion", "afectacion", (Line, Is::Code(2), Choices::Affectations), 20, &["AFECTACION IGV", "AFECTACION AL IGV", "TIPO AFECTACION", "TIPO DE AFECTACION", "TIPO IGV", "TIPO DE IGV"],
        ("Afectación al IGV, catálogo 07: 10 gravado, 20 exonerado, 30 inafecto, 40 exportación, 11 a 16, 21 y 31 a 37 gratuito. 10 si falta.", "How IGV affects it, catálogo 07: 10 taxed, 20 exonerado, 30 inafecto, 40 export, 11 to 16, 21 and 31 to 37 free. 10 if absent.")),
    column("descuento", "descuento", (Line, Is::Decimal, Free), 11, &["DSCTO", "DCTO", "DESC", "DESCUENTO ITEM", "DESCUENTO LINEA"],
        ("Descuento de la línea, importe.", "Discount of the line, amount.")),
    column("descuento_porcentaje", "descuento_porcentaje", (Line, Is::Percent, Free), 12, &["DESCUENTO PORCENTUAL", "PORCENTAJE DESCUENTO", "PORCENTAJE DE DESCUENTO", "DSCTO PORCENTAJE"],
        ("Descuento de la línea, porcentaje: 10 es 10 %.", "Discount of the line, percent: 10 is 10 %.")),
    column("bolsas", "bolsas", (Line, Is::Decimal, Free), 9, &["BOLSAS PLASTICAS", "ICBPER", "CANTIDAD BOLSAS", "NUMERO DE BOLSAS"],
        ("Bolsas de plástico que pagan el impuesto, cuántas.", "Plastic bags that bear the tax, how many.")),
    column("otros_cargos", "otros_cargos", (Line, Is::Decimal, Free), 11, &["OTROS CARGOS LINEA", "RECARGO"],
        ("Otros cargos de la línea, que no llevan IGV.", "Other charges of the line, without IGV.")),
    column("isc_sistema", "isc.sistema", (Line, Is::Code(2), Choices::IscSystems), 14, &["SISTEMA ISC", "TIPO ISC", "TIPO DE ISC"],
        ("Sistema del ISC, catálogo 08.", "System of ISC, catálogo 08.")),
    column("isc_tasa", "isc.tasa", (Line, Is::Percent, Free), 9, &["TASA ISC", "PORCENTAJE ISC"],
        ("ISC en porcentaje del valor.", "ISC in percent of the value.")),
    column("isc_monto", "isc.monto", (Line, Is::Decimal, Free), 9, &["MONTO ISC", "ISC POR UNIDAD"],
        ("ISC por unidad, importe.", "ISC per unit, amount.")),
    column("descuento_global", "descuento_global", (Document, Is::Decimal, Free), 11, &["DSCTO GLOBAL", "DESCUENTO TOTAL", "DESCUENTO DOCUMENTO"],
        ("Descuento sobre todo el documento, importe.", "Discount on the whole document, amount.")),
    column("otros_cargos_global", "otros_cargos", (Document, Is::Decimal, Free), 11, &["CARGOS GLOBALES", "OTROS CARGOS DOCUMENTO"],
        ("Otros cargos de todo el documento.", "Other charges of the whole document.")),
    column("igv", "igv", (Document, Is::Percent, Free), 8, &["TASA IGV", "PORCENTAJE IGV", "PORCENTAJE DE IGV", "TASA DE IGV"],
        ("Porcentaje de IGV. Vacío es el vigente para la fecha y el emisor.", "Percent of IGV. Empty is the one in force for the day and the issuer.")),
    column("detraccion_codigo", "detraccion.codigo", (Document, Is::Code(3), Choices::DetractionGoods), 18, &["DETRACCION", "CODIGO DETRACCION", "TIPO DETRACCION"],
        ("Detracción: bien o servicio, catálogo 54. El monto en soles se calcula.", "Detracción: good or service, catálogo 54. The amount in soles is computed.")),
    column("detraccion_porcentaje", "detraccion.porcentaje", (Document, Is::Percent, Free), 11, &["PORCENTAJE DETRACCION", "TASA DETRACCION"],
        ("Porcentaje de la detracción. Vacío es el usual del código.", "Percent of the detracción. Empty is the usual one of the code.")),
    column("detraccion_medio_de_pago", "detraccion.medio_de_pago", (Document, Is::Code(3), Choices::DetractionPayments), 14, &["MEDIO DE PAGO DETRACCION"],
        ("Medio de pago de la detracción, catálogo 59. 001 si falta.", "How the detracción is paid, catálogo 59. 001 if absent.")),
    column("retencion", "retencion", (Document, Is::Percent, Choices::Retenciones), 10, &["RETENCION IGV", "PORCENTAJE RETENCION"],
        ("Porcentaje de retención: 3 o 6.", "Percent of retención: 3 or 6.")),
    column("percepcion", "percepcion", (Document, Is::Percent, Choices::Percepciones), 10, &["PORCENTAJE PERCEPCION"],
        ("Porcentaje de percepción: 2, 1 o 0.5. Solo al contado.", "Percent of percepción: 2, 1 or 0.5. Cash only.")),
    column("es_anticipo", "es_anticipo", (Document, Is::Flag, Choices::YesNo), 10, &["ANTICIPO", "PAGO ANTICIPADO"],
        ("SI: el documento es un anticipo.", "SI: the document is an advance.")),
    column("anticipo_serie", "serie", (Advance, Is::Text, Free), 10, &["SERIE ANTICIPO"],
        ("Serie del comprobante del anticipo que aquí se liquida; uno por fila.", "Series of the document of the advance that is settled here; one a row.")),
    column("anticipo_numero", "numero", (Advance, Is::Whole, Free), 10, &["NUMERO ANTICIPO"],
        ("Su número.", "Its number.")),
    column("anticipo_total", "total", (Advance, Is::Decimal, Free), 11, &["TOTAL ANTICIPO", "MONTO ANTICIPO"],
        ("Su total, con IGV.", "Its total, with IGV.")),
    column("nota_motivo", "nota.motivo", (Document, Is::Code(2), Choices::NoteReasons), 20, &["MOTIVO", "MOTIVO NOTA", "TIPO DE NOTA", "TIPO NOTA"],
        ("De una nota, por qué: catálogo 09 (crédito) o 10 (débito).", "Of a note, why: catálogo 09 (crédito) or 10 (débito).")),
    column("nota_documento", "nota.documento", (Document, Is::Text, Free), 14, &["DOCUMENTO MODIFICADO", "DOCUMENTO QUE MODIFICA", "DOCUMENTO QUE SE MODIFICA", "DOCUMENTO RELACIONADO", "DOC REFERENCIA", "DOCUMENTO REFERENCIA"],
        ("De una nota, qué comprobante modifica: F001-123.", "Of a note, which document it modifies: F001-123.")),
    column("nota_sustento", "nota.sustento", (Document, Is::Text, Free), 24, &["SUSTENTO", "SUSTENTO NOTA"],
        ("De una nota, la explicación que se imprime.", "Of a note, the explanation that is printed.")),
    column("exportacion", "exportacion", (Document, Is::Flag, Choices::YesNo), 11, &["ES EXPORTACION"],
        ("SI: es una exportación.", "SI: it is an export.")),
    column("observaciones", "observaciones", (Document, Is::Text, Free), 28, &["OBSERVACION", "OBS", "COMENTARIO", "COMENTARIOS"],
        ("Texto libre que se imprime, hasta 1000 caracteres.", "Free text that is printed, up to 1000 characters.")),
    column("orden_compra", "orden_compra", (Document, Is::Text, Free), 13, &["ORDEN DE COMPRA", "OC", "O C", "ORDEN DE SERVICIO"],
        ("Orden de compra o servicio, hasta 20 caracteres.", "Purchase order, up to 20 characters.")),
    column("placa", "placa", (Document, Is::Text, Free), 10, &["PLACA VEHICULO", "PLACA DEL VEHICULO"],
        ("Placa del vehículo.", "Number plate of the vehicle.")),
    column("formato_pdf", "formato_pdf", (Document, Is::Text, Choices::PdfFormats), 11, &["FORMATO", "FORMATO DE PDF"],
        ("A4, A5 o TICKET.", "A4, A5 or TICKET.")),
    column("enviar_al_cliente", "enviar_al_cliente", (Document, Is::Flag, Choices::YesNo), 11, &["ENVIAR CORREO", "ENVIAR POR CORREO"],
        ("SI: enviar PDF y XML a los correos del cliente.", "SI: send PDF and XML to the customer's addresses.")),
    column("referencia", "referencia", (Document, Is::Text, Free), 16, &["REF", "REFERENCIA INTERNA", "ID EXTERNO"],
        ("Identificador propio, único por emisor, hasta 100 caracteres.", "Your own identifier, unique per issuer, up to 100 characters.")),
];

/// The columns of the sheet `Cuotas`.
pub(super) static CUOTAS: [InvoiceColumn; 3] = [
    column(
        "documento",
        "",
        (Key, Is::Text, Free),
        13,
        COLUMNS[0].aliases,
        (
            "El mismo nombre que en la hoja Comprobantes.",
            "The same name as in the sheet Comprobantes.",
        ),
    ),
    column(
        "fecha",
        "fecha",
        (Line, Is::Day, Free),
        12,
        &[
            "FECHA PAGO",
            "FECHA DE PAGO",
            "VENCIMIENTO",
            "FECHA VENCIMIENTO",
            "FECHA DE VENCIMIENTO",
        ],
        (
            "Fecha de pago, posterior a la emisión.",
            "Day of payment, after the day of issue.",
        ),
    ),
    column(
        "importe",
        "importe",
        (Line, Is::Decimal, Free),
        12,
        &["MONTO", "IMPORTE CUOTA", "MONTO CUOTA", "CUOTA"],
        (
            "Importe de la cuota. Juntas suman el total menos detracción y retención.",
            "Amount of the instalment. Together they are the total less detracción and retención.",
        ),
    ),
];

/// Name of the main sheet, and of the one beside it.
pub(super) const MAIN: &str = "Comprobantes";
pub(super) const BESIDE: &str = "Cuotas";

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use chaski_core::fold;

    use super::*;

    #[test]
    fn no_title_means_two_columns_and_each_is_folded() {
        for columns in [&COLUMNS[..], &CUOTAS[..]] {
            let mut seen = BTreeSet::new();
            for column in columns {
                let own = fold(column.name);
                assert!(seen.insert(own.clone()), "{own}");
                for title in column.titles() {
                    assert_eq!(fold(title), title);
                    assert!(seen.insert(title.to_owned()), "{title}");
                }
            }
            if columns.len() == COLUMNS.len() {
                for title in WITH_IGV.iter().chain(WITHOUT_IGV) {
                    assert_eq!(fold(title), **title);
                    assert!(seen.insert((*title).to_owned()), "{title}");
                }
            }
        }
    }
}
