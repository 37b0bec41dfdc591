//! Every code that the check of a document can find: a row each, with its two texts.
//!
//! Codes of four digits are SUNAT's, from its workbook of validations for electronic documents
//! (`AjustesValidacionesCPE` of 2026-02-12). A boleta, and a note on one, has codes of its own for the
//! same formulas. A sum that does not fit is an error in boletas too: NubeFact refuses what SUNAT
//! would only remark on.

use crate::{Severity, Text};

/// One code: what it means and what to do about it, in both languages.
///
/// ```
/// use chaski_core::invoicing::codes::{ALL, InvoiceCode};
/// let known = |code: &str| ALL.iter().any(|row: &&InvoiceCode| row.codigo == code);
/// assert!(known("3271") && known("CH-CATALOGO") && !known("9999"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvoiceCode {
    /// The code in facturas and in everything else that is no boleta.
    pub codigo: &'static str,
    /// What it usually does to the document.
    pub severidad: Severity,
    /// Code and severity in boletas and the notes on them, where they differ.
    pub boleta: Option<(&'static str, Severity)>,
    meaning: (&'static str, &'static str),
    fix: (&'static str, &'static str),
}

impl InvoiceCode {
    /// What it means, in general words.
    pub fn meaning(&self) -> Text {
        text_of(self.meaning)
    }

    /// What to do about it, in general words.
    pub fn fix(&self) -> Text {
        text_of(self.fix)
    }
}

fn text_of((es, en): (&str, &str)) -> Text {
    Text {
        es: es.to_owned(),
        en: en.to_owned(),
    }
}

/// The rows: a name, the code, its severity, the boleta's where it differs, what it means, what to do.
macro_rules! codes {
    ($($name:ident = $code:literal $severity:ident $(/ $boleta:literal $other:ident)?:
        $es:literal, $en:literal; $fix_es:literal, $fix_en:literal.)*) => {
        $(
            #[doc = concat!("`", $code, "`: ", $en, ".")]
            pub static $name: InvoiceCode = InvoiceCode {
                codigo: $code,
                severidad: Severity::$severity,
                boleta: codes!(@boleta $($boleta $other)?),
                meaning: ($es, $en),
                fix: ($fix_es, $fix_en),
            };
        )*

        /// All rows, in the order of the file.
        pub static ALL: &[&InvoiceCode] = &[$(&$name),*];
    };
    (@boleta) => { None };
    (@boleta $code:literal $severity:ident) => { Some(($code, Severity::$severity)) };
}

codes! {
    // --- Reading ------------------------------------------------------------------------------
    UNREADABLE = "CH-JSON" Error:
        "el documento no se pudo leer", "the document cannot be read";
        "corrija el JSON y vuelva a validarlo", "correct the JSON and check it again".
    UNKNOWN_KEY = "CH-CLAVE" Error:
        "clave desconocida", "unknown key";
        "corrija el nombre o quítela", "correct the name or remove it".
    KIND = "CH-TIPO" Error:
        "no se reconoce qué documento es", "it cannot be told which document this is";
        "indique operacion y tipo_de_comprobante, o tipo en la forma simple",
        "state operacion and tipo_de_comprobante, or tipo in the simple form".
    REQUIRED = "CH-FALTA" Error:
        "falta un dato obligatorio", "a required value is missing";
        "complete el dato", "fill it in".
    LENGTH = "CH-LARGO" Error:
        "el texto no tiene el largo permitido", "the text has not the length that is allowed";
        "acorte o complete el texto", "shorten or complete the text".
    TEXT = "CH-TEXTO" Error:
        "el texto contiene caracteres de control o no es lo que se espera",
        "the text holds control characters or is not what is expected";
        "quite esos caracteres o corrija el texto", "remove those characters or correct the text".
    DECIMALS = "CH-DECIMALES" Error:
        "no es un número decimal que SUNAT acepte", "not a decimal number that SUNAT takes";
        "escríbalo con dígitos y un punto: hasta 12 enteros y 10 decimales, sin exponente",
        "write it with digits and one point: up to 12 digits before and 10 after it, no exponent".
    NEGATIVE = "CH-NEGATIVO" Error:
        "el importe es negativo", "the amount is negative";
        "los importes van sin signo: para devolver use una nota de crédito",
        "amounts have no sign: to give back, issue a credit note".
    EXCHANGE_RATE = "CH-CAMBIO" Error:
        "falta el tipo de cambio", "the exchange rate is missing";
        "indique tipo_de_cambio: el de venta publicado para la fecha de emisión",
        "state tipo_de_cambio: the selling rate published for the day of issue".
    CATALOG = "CH-CATALOGO" Error:
        "el código no es del catálogo que se espera", "the code is not of the list that is expected";
        "use el código que corresponde", "use the code that belongs there".
    SERIES = "CH-SERIE" Error:
        "la serie no está abierta para este tipo de documento",
        "the series is not open for documents of this kind";
        "abra la serie o use una que esté abierta", "open the series or use one that is open".
    SERIES_KIND = "CH-SERIE-TIPO" Error:
        "la serie no corresponde a este tipo de documento",
        "the series belongs to another kind of document";
        "use F… en facturas, B… en boletas, T… y V… en guías, R… en retenciones, P… en percepciones",
        "use F… for facturas, B… for boletas, T… and V… for guías, R… for retenciones, P… for percepciones".

    // --- Lines ----------------------------------------------------------------------------------
    LINE_VALUE = "3271" Error / "4288" Error:
        "el valor de venta de la línea no es cantidad × valor unitario − descuento",
        "the value of the line is not quantity × unit value − discount";
        "corrija subtotal, o los datos de los que sale", "correct subtotal, or what it is made of".
    CENT = "CH-CENTAVO" Observacion:
        "difiere en un centavo del cálculo", "a cent away from the calculation";
        "redondee una sola vez, a dos decimales, la mitad hacia arriba",
        "round once, to two places, halves up".
    LINE_TAX = "3103" Error:
        "el IGV de la línea no es tasa × base", "the IGV of the line is not rate × base";
        "calcule el IGV sobre subtotal + ISC, sin el impuesto a las bolsas",
        "compute the IGV on subtotal + ISC, without the tax on bags".
    LINE_TAX_MISSING = "3111" Error:
        "la línea gravada no lleva IGV", "the taxed line bears no IGV";
        "calcule el IGV, o use el tipo_de_igv de lo exonerado o inafecto",
        "compute the IGV, or use the tipo_de_igv of what is exempt".
    LINE_TAX_UNDUE = "3110" Error:
        "la línea no gravada lleva IGV", "the line that is not taxed bears IGV";
        "ponga igv en 0.00, o use tipo_de_igv 1", "put 0.00 in igv, or use tipo_de_igv 1".
    LINE_PRICE = "3270" Observacion / "4287" Observacion:
        "el precio unitario no es el valor unitario más sus impuestos",
        "the unit price is not the unit value plus its taxes";
        "corrija precio_unitario", "correct precio_unitario".
    LINE_TOTAL = "CH-TOTAL-LINEA" Error:
        "el total de la línea no es subtotal + IGV + ISC + cargos + bolsas",
        "the total of the line is not subtotal + IGV + ISC + charges + bags";
        "corrija total", "correct total".
    BAG_RATE = "4237" Observacion:
        "el impuesto a las bolsas no es la tasa del año × bolsas",
        "the tax on bags is not the year's rate × pieces";
        "aplique la tasa del año de emisión", "use the rate of the year of issue".
    EXPORT_LINE = "2642" Error:
        "en una exportación todas las líneas son de exportación",
        "all lines of an export are export lines";
        "use tipo_de_igv 16 en cada línea, o sunat_transaction 1",
        "use tipo_de_igv 16 in each line, or sunat_transaction 1".

    SELVA = "3284" Error:
        "la leyenda de la Región Selva es solo para líneas exoneradas",
        "the legend of the Selva region is for exonerada lines only";
        "quite la leyenda, o use tipo_de_igv 8", "remove the legend, or use tipo_de_igv 8".

    // --- Header ---------------------------------------------------------------------------------
    HEADER_TAXED = "3277" Error / "4299" Error:
        "total_gravada no es la suma de las líneas gravadas menos descuento global y anticipos",
        "total_gravada is not the sum of the taxed lines less global discount and advances";
        "corrija total_gravada, o las líneas", "correct total_gravada, or the lines".
    HEADER_EXEMPT = "3275" Error / "4297" Error:
        "total_exonerada no es la suma de las líneas exoneradas",
        "total_exonerada is not the sum of the exonerated lines";
        "corrija total_exonerada, o las líneas", "correct total_exonerada, or the lines".
    HEADER_UNAFFECTED = "3274" Error / "4296" Error:
        "total_inafecta no es la suma de las líneas inafectas y de exportación",
        "total_inafecta is not the sum of the unaffected and export lines";
        "corrija total_inafecta, o las líneas", "correct total_inafecta, or the lines".
    HEADER_FREE = "3276" Error / "4298" Error:
        "total_gratuita no es la suma de las líneas gratuitas",
        "total_gratuita is not the sum of the free lines";
        "corrija total_gratuita, o las líneas", "correct total_gratuita, or the lines".
    HEADER_IGV = "3291" Error / "4290" Error:
        "total_igv no corresponde a las líneas ni a la tasa",
        "total_igv fits neither the lines nor the rate";
        "corrija total_igv: el IGV de las líneas gratuitas no se cobra",
        "correct total_igv: the IGV of free lines is not charged".
    HEADER_EXCISE = "3296" Error:
        "total_isc no es la suma del ISC de las líneas", "total_isc is not the sum of the lines' ISC";
        "corrija total_isc", "correct total_isc".
    HEADER_BAGS = "3306" Error:
        "total_impuestos_bolsas no es la suma de las líneas",
        "total_impuestos_bolsas is not the sum of the lines";
        "corrija total_impuestos_bolsas", "correct total_impuestos_bolsas".
    HEADER_ADVANCES = "2509" Error:
        "total_anticipo no es la suma de los anticipos, sin IGV",
        "total_anticipo is not the sum of the advances, without IGV";
        "corrija total_anticipo", "correct total_anticipo".
    HEADER_TOTAL = "3280" Error / "4312" Error:
        "total no es la suma de valores, impuestos y cargos",
        "total is not the sum of values, taxes and charges";
        "corrija total", "correct total".
    HEADER_CHARGES = "3301" Error / "4308" Error:
        "total_otros_cargos es menos que los cargos de las líneas",
        "total_otros_cargos is less than the charges of the lines";
        "corrija total_otros_cargos", "correct total_otros_cargos".
    TAX_RATE = "3462" Error:
        "la tasa de IGV no rige en la fecha de emisión",
        "the IGV rate is not in force on the day of issue";
        "use la tasa vigente", "use the rate in force".
    SPECIAL_RATE = "CH-TASA-ESPECIAL" Aviso:
        "tasa especial de restaurantes y hoteles: el emisor debe estar en el registro (4439)",
        "special rate of restaurants and hotels: the issuer must be in the register (4439)";
        "confirme que el emisor está en el padrón de la Ley 31556",
        "see that the issuer is in the register of Law 31556".

    // --- Customer -------------------------------------------------------------------------------
    CUSTOMER_KIND = "2800" Error:
        "el documento de identidad del cliente no sirve para este comprobante",
        "the customer's identity document does not serve for this comprobante";
        "una factura es para un RUC; a una persona sin RUC se le emite boleta",
        "a factura is for a RUC; a person without one gets a boleta".
    CUSTOMER_IDENTITY = "2514" Error:
        "una boleta de más de S/ 700.00 identifica al cliente",
        "a boleta over S/ 700.00 names the customer";
        "indique documento y nombre del cliente", "state the customer's document and name".
    CUSTOMER_RUC = "2017" Error:
        "el RUC del cliente no es válido", "the customer's RUC is not valid";
        "corrija el número: 11 dígitos, con su dígito verificador",
        "correct the number: 11 digits, with its check digit".
    CUSTOMER_DNI = "2801" Error / "4207" Observacion:
        "el DNI del cliente no tiene 8 dígitos", "the customer's DNI has not 8 digits";
        "corrija el número: los ceros a la izquierda cuentan",
        "correct the number: leading zeros count".
    CUSTOMER_UNKNOWN = "1083" Error:
        "el RUC del cliente no existe en SUNAT", "the customer's RUC does not exist at SUNAT";
        "pida el número al cliente", "ask the customer for the number".
    CUSTOMER_LOOKUP = "CH-CONSULTA" Error:
        "no se pudo consultar el nombre y la dirección del cliente",
        "name and address of the customer could not be looked up";
        "indíquelos en el documento, o inténtelo más tarde",
        "state them in the document, or try again later".

    // --- Payment --------------------------------------------------------------------------------
    INSTALMENTS_EXCEED = "3265" Error:
        "las cuotas suman más que el total", "the instalments exceed the total";
        "corrija las cuotas", "correct the instalments".
    INSTALMENT_DUE = "3267" Error:
        "la cuota vence el día de la emisión o antes", "the instalment is due on the day of issue or before";
        "la fecha de pago es posterior a la de emisión", "the day of payment is after the day of issue".
    INSTALMENTS_NET = "CH-CUOTAS-NETO" Observacion:
        "las cuotas no suman el monto neto pendiente de pago",
        "the instalments are not the net amount that is owed";
        "el neto es el total menos detracción y retención",
        "the net amount is the total less detracción and retención".
    DETRACCION_CODE = "3127" Error:
        "falta el código de bien o servicio de la detracción",
        "the code of the good or service of the detracción is missing";
        "indique detraccion_tipo", "state detraccion_tipo".
    DETRACCION_AMOUNT = "CH-DETRACCION" Observacion:
        "el monto de la detracción no es total × tipo de cambio × porcentaje, en soles",
        "the amount of the detracción is not total × exchange rate × percent, in soles";
        "corrija detraccion_total", "correct detraccion_total".
    PERCEPCION_CREDIT = "3330" Error:
        "la percepción se consigna solo al contado", "percepción is stated only when paid in cash";
        "quite la percepción o las cuotas", "remove the percepción or the instalments".
    PERCEPCION_AMOUNT = "2798" Error:
        "el monto de la percepción no es base × porcentaje",
        "the amount of the percepción is not base × percent";
        "corrija total_percepcion", "correct total_percepcion".
    PERCEPCION_BASE = "CH-PERCEPCION-BASE" Observacion:
        "la base de la percepción no es el precio con IGV",
        "the base of the percepción is not the price with IGV";
        "la base es el total del comprobante, con IGV", "the base is the total of the comprobante, with IGV".
    RETENCION_AMOUNT = "3263" Error:
        "el monto de la retención no es base × porcentaje",
        "the amount of the retención is not base × percent";
        "corrija total_retencion", "correct total_retencion".

    // --- Notes ----------------------------------------------------------------------------------
    NOTE_ON_BOLETA = "2116" Error:
        "la nota sobre una boleta lleva serie B…", "a note on a boleta has a series B…";
        "use la serie de las notas de boleta", "use the series of notes on boletas".
    NOTE_ON_FACTURA = "2399" Error:
        "la nota sobre una factura lleva serie F…", "a note on a factura has a series F…";
        "use la serie de las notas de factura", "use the series of notes on facturas".
    NOTE_DOCUMENT = "CH-NOTA-SIN-DOCUMENTO" Error:
        "la nota no dice qué documento modifica", "the note does not say which document it modifies";
        "indique tipo, serie y número del documento que se modifica",
        "state kind, series and number of the document that is modified".
    NOTE_SCHEDULE = "3257" Error:
        "la nota de crédito 13 no trae las cuotas", "credit note 13 has no instalments";
        "indique las nuevas cuotas en venta_al_credito", "state the new instalments in venta_al_credito".
    NOTE_NOT_ON_CREDIT = "3260" Error:
        "el documento que se modifica no fue al crédito", "the document that is modified was not on credit";
        "la nota 13 solo ajusta ventas al crédito", "note 13 adjusts sales on credit only".
    NOTE_SCHEDULE_EXCEEDS = "3320" Error:
        "las cuotas suman más que el documento que se modifica",
        "the instalments exceed the document that is modified";
        "corrija las cuotas", "correct the instalments".
    NOTE_SCHEDULE_DUE = "3321" Error:
        "la cuota vence antes de la emisión del documento que se modifica",
        "the instalment is due before the document that is modified was issued";
        "corrija la fecha de pago", "correct the day of payment".
    NOTE_EXCEEDS = "3286" Error:
        "las notas de crédito suman más que el documento que modifican",
        "the credit notes together exceed the document that they modify";
        "reduzca la nota a lo que queda por acreditar", "reduce the note to what is left to credit".
    NOTE_EXCHANGE_RATE = "CH-CAMBIO-NOTA" Observacion:
        "el tipo de cambio no es el del documento que se modifica",
        "the exchange rate is not that of the document that is modified";
        "use el tipo de cambio del documento original", "use the exchange rate of the original document".
    NOTE_CURRENCY = "CH-MONEDA-NOTA" Error:
        "la moneda no es la del documento que se modifica",
        "the currency is not that of the document that is modified";
        "emita la nota en la moneda del documento original",
        "issue the note in the currency of the original document".

    // --- Dates ----------------------------------------------------------------------------------
    DATE_OLD = "2108" Error / "1079" Error:
        "la fecha de emisión está fuera del plazo de envío",
        "the day of issue is too old to be sent";
        "emita con la fecha de hoy", "issue it with today's date".
    DATE_FUTURE = "CH-FECHA-FUTURA" Error:
        "la fecha de emisión es posterior a hoy en Lima", "the day of issue is after today in Lima";
        "use la fecha de Lima, no la de un servidor en UTC",
        "use the date in Lima, not that of a server on UTC".
    DATE = "CH-FECHA" Observacion:
        "la fecha de emisión no es hoy", "the day of issue is not today";
        "NubeFact pide la fecha de hoy; SUNAT recibe hasta tres días después",
        "NubeFact asks for today; SUNAT takes it up to three days later".

    // --- Workbooks of documents -----------------------------------------------------------------
    SHEET_CELL = "CH-CELDA" Error:
        "la celda no se puede leer", "the cell cannot be read";
        "corrija la celda", "correct the cell".
    SHEET_COLUMN = "CH-COLUMNA" Error:
        "la columna no se reconoce", "the column is not recognised";
        "corrija el título de la columna", "correct the title of the column".
    SHEET_KEY = "CH-DOCUMENTO" Error:
        "la fila no dice de qué documento es", "the row does not say of which document it is";
        "escriba en la columna documento el mismo texto en todas las filas del documento",
        "write the same text in the column documento of all rows of the document".
    SHEET_ROWS = "CH-FILAS" Error:
        "las filas del mismo documento no dicen lo mismo", "the rows of one document say different things";
        "escríbalo igual en todas sus filas, o solo en la primera",
        "write the same in all its rows, or only in the first".
    SHEET_SIGN = "CH-SIGNO" Error:
        "el signo del importe es de otra moneda que el documento",
        "the sign of the amount is of another currency than the document";
        "corrija la moneda del documento o el importe", "correct the document's currency or the amount".
    SHEET_INSTALMENT = "CH-CUOTA" Error:
        "la cuota es de un documento que no está en la hoja", "the instalment is of a document that is not in the sheet";
        "corrija el documento de la cuota", "correct the document of the instalment".
    TWICE = "CH-REPETIDO" Error:
        "el mismo comprobante o la misma referencia está dos veces",
        "the same number or reference is there twice";
        "deje uno, o corrija el número", "leave one, or correct the number".
    NUMBER_TAKEN = "CH-NUMERO" Error:
        "ese comprobante ya se emitió", "that document was issued already";
        "use el número que sigue, o deje que Chaski lo dé", "use the next number, or let Chaski give it".
    NOTE_TWICE = "CH-NOTA-REPETIDA" Error:
        "otra nota de crédito ya anula ese comprobante por entero",
        "another credit note takes that document back as a whole already";
        "deje una sola nota", "leave one note".
    REPAIRED = "CH-REPARADO" Aviso:
        "la celda se leyó reparada", "the cell was read after repair";
        "revise que sea lo que quiso escribir", "see that it is what was meant".
    LOOKED_UP_LATER = "CH-POR-CONSULTAR" Aviso:
        "se consultará al emitir", "it is looked up when it is issued";
        "para verlo ahora agregue --clientes", "to see it now add --clientes".

    // --- Other documents ------------------------------------------------------------------------
    GUIA_DATE = "CH-FECHA-GUIA" Error:
        "la fecha de la guía es futura o de hace más de un día",
        "the day of the guía is in the future or more than a day ago";
        "emita la guía con la fecha de hoy", "issue the guía with today's date".
    GUIA_DRIVER = "3357" Error:
        "falta el conductor", "the driver is missing";
        "indique documento, nombre y licencia del conductor",
        "state document, name and licence of the driver".
    GUIA_PLATE = "CH-PLACA" Error:
        "la placa no es válida", "the number plate is not valid";
        "escríbala sin guiones ni espacios, de 6 a 8 caracteres",
        "write it without dashes and blanks, 6 to 8 characters".
    GUIA_WEIGHT = "CH-PESO" Error:
        "el peso bruto no es mayor que cero", "the gross weight is not above zero";
        "indique el peso total de la carga", "state the total weight of the load".
    VOID_LATE = "2957" Error:
        "pasaron más de siete días desde la emisión", "more than seven days have passed since the issue";
        "emita una nota de crédito", "issue a credit note".
    WITHHELD = "2623" Error:
        "el importe retenido no es pago × tipo de cambio × tasa",
        "the amount withheld is not payment × exchange rate × rate";
        "corrija importe_retenido", "correct importe_retenido".
    WITHHELD_SUM = "2628" Error:
        "el total no es la suma de las líneas", "the total is not the sum of the lines";
        "corrija el total", "correct the total".
    PERCEIVED = "2608" Error:
        "el importe percibido no es cobro × tipo de cambio × tasa",
        "the amount perceived is not payment × exchange rate × rate";
        "corrija importe_percibido", "correct importe_percibido".
    PERCEIVED_SUM = "2667" Error:
        "el total no es la suma de las líneas", "the total is not the sum of the lines";
        "corrija el total", "correct the total".
}
