//! `ruc`, `dni`, `cpe`, `tipo-cambio`, `llamadas`.

use chaski_core::{Currency, RateSource};
use clap::{Args, Subcommand};

use super::{FreshnessArgs, LoteArgs, RateListArgs, VoucherListArgs};
use crate::cli::kit::numbers::whole;

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(in crate::cli) struct RucArgs {
    #[command(subcommand)]
    pub(in crate::cli) command: Option<RucCmd>,
    #[command(flatten)]
    pub(in crate::cli) lookup: RucNumbers,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct RucNumbers {
    /// RUC de 11 dígitos; «-» los lee de la entrada, uno por línea || 11-digit RUCs; "-" reads them from the input, one a line
    #[arg(value_name = "RUC")]
    pub(in crate::cli) numbers: Vec<String>,
    #[command(flatten)]
    pub(in crate::cli) freshness: FreshnessArgs,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct RucNumber {
    /// RUC de 11 dígitos; «-» lo lee de la entrada || 11-digit RUC; "-" reads it from the input
    #[arg(value_name = "RUC")]
    pub(in crate::cli) number: String,
    #[command(flatten)]
    pub(in crate::cli) freshness: FreshnessArgs,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum RucCmd {
    /// Verifica formato y dígito sin consultar a nadie || Checks format and digit, asks nobody
    #[command(alias = "check")]
    Validar {
        /// RUC a verificar || RUCs to check
        #[arg(value_name = "RUC", required = true)]
        numbers: Vec<String>,
    },
    /// ¿Se le puede facturar? Con los códigos de SUNAT || Fit to be invoiced? With SUNAT's codes
    #[command(alias = "fitness")]
    Facturacion {
        #[command(flatten)]
        lookup: RucNumbers,
        /// Evaluarlo como emisor y no como cliente || Judge it as issuer, not as buyer
        #[arg(long)]
        emisor: bool,
    },
    /// Representantes legales de una empresa, con el DNI enmascarado || Legal representatives of a company, their DNIs masked
    #[command(
        alias = "representatives",
        after_help = "Ejemplos:\n  chaski ruc representantes 20100070970\n  chaski ruc representantes 20100070970 --mostrar -o representantes.xlsx || Examples:\n  chaski ruc representantes 20100070970\n  chaski ruc representantes 20100070970 --mostrar -o representatives.xlsx"
    )]
    Representantes {
        #[command(flatten)]
        lookup: RucNumber,
        /// Mostrar los números de documento completos || Show the numbers of documents whole
        #[arg(long, alias = "reveal")]
        mostrar: bool,
    },
    /// Actividad económica y datos de la inscripción || Economic activity and data of the registration
    #[command(
        alias = "activity",
        after_help = "Ejemplo:\n  chaski ruc actividad 20100070970 || Example:\n  chaski ruc actividad 20100070970"
    )]
    Actividad(RucNumber),
    /// ¿Es agente de retención o buen contribuyente? || Is it a withholding agent, or a good taxpayer?
    #[command(
        alias = "lists",
        after_help = "Ejemplo:\n  chaski ruc condiciones 20100070970 || Example:\n  chaski ruc condiciones 20100070970"
    )]
    Condiciones(RucNumber),
    /// Consulta una lista de Excel, ODS o CSV y escribe el resultado || Looks up an Excel, ODS or CSV list and writes the result
    #[command(alias = "batch")]
    Lote(LoteArgs),
    /// Números que el registro no conoce: listar o borrar || Numbers unknown to the registry: listar or borrar
    Invalidos {
        #[command(subcommand)]
        command: Option<InvalidosCmd>,
    },
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum InvalidosCmd {
    /// Lista los números registrados como inexistentes || Lists the numbers on record as unknown
    #[command(alias = "list")]
    Listar,
    /// Olvida uno, varios o todos || Forgets some or all
    #[command(alias = "clear")]
    Borrar {
        /// RUC a olvidar || RUCs to forget
        #[arg(value_name = "RUC", required_unless_present = "todos")]
        numbers: Vec<String>,
        /// Olvidarlos todos || Forget them all
        #[arg(long, alias = "all")]
        todos: bool,
    },
}

#[derive(Debug, Args)]
pub(in crate::cli) struct DniArgs {
    /// DNI de 8 dígitos; «-» los lee de la entrada || 8-digit DNIs; "-" reads the input
    #[arg(value_name = "DNI")]
    pub(in crate::cli) numbers: Vec<String>,
    /// Mostrar el DNI completo en la salida || Show the whole DNI in the output
    #[arg(long, alias = "reveal")]
    pub(in crate::cli) mostrar: bool,
    /// Para qué se consulta; queda en el registro de llamadas || What the look-up is for; the record of calls keeps it
    #[arg(long, value_name = "MOTIVO", alias = "purpose")]
    pub(in crate::cli) motivo: Option<String>,
    #[command(flatten)]
    pub(in crate::cli) freshness: FreshnessArgs,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum CpeCmd {
    /// ¿Existe en SUNAT un comprobante recibido? || Does a received voucher exist at SUNAT?
    #[command(
        alias = "check",
        after_help = "Ejemplos:\n  chaski cpe validar 20100070970-01-F001-123 --fecha 28/01/2026 --monto 118.00\n  chaski cpe validar --emisor 20100070970 --tipo 01 --serie F001 --numero 123 --fecha 28/01/2026 --monto 118.00 || Examples:\n  chaski cpe validar 20100070970-01-F001-123 --fecha 28/01/2026 --monto 118.00\n  chaski cpe validar --emisor 20100070970 --tipo 01 --serie F001 --numero 123 --fecha 28/01/2026 --monto 118.00"
    )]
    Validar(VoucherArgs),
    /// Consulta cada comprobante de un registro de compras, y a su emisor, y escribe el resultado || Asks about each voucher of a register of purchases, and its issuer, and writes the result
    #[command(alias = "batch")]
    Lote(VoucherListArgs),
}

#[derive(Debug, Args)]
pub(in crate::cli) struct VoucherArgs {
    /// El comprobante como RUC-TIPO-SERIE-NÚMERO, por ejemplo 20100070970-01-F001-123; «-» lo lee de la entrada || The voucher as RUC-KIND-SERIES-NUMBER, for instance 20100070970-01-F001-123; "-" reads it from the input
    #[arg(value_name = "COMPROBANTE", conflicts_with_all = ["emisor", "tipo", "serie", "numero"])]
    pub(in crate::cli) voucher: Option<String>,
    /// RUC de quien lo emitió || RUC of who issued it
    #[arg(
        long,
        value_name = "RUC",
        alias = "ruc-emisor",
        required_unless_present = "voucher"
    )]
    pub(in crate::cli) emisor: Option<String>,
    /// Tipo: 01 factura, 03 boleta, 04 liquidación de compra, 07 nota de crédito, 08 nota de débito || Kind: 01 factura, 03 boleta, 04 liquidación de compra, 07 credit note, 08 debit note
    #[arg(
        long,
        value_name = "TIPO",
        alias = "tipo-comprobante",
        required_unless_present = "voucher"
    )]
    pub(in crate::cli) tipo: Option<String>,
    /// Serie, por ejemplo F001 || Series, for instance F001
    #[arg(long, value_name = "SERIE", required_unless_present = "voucher")]
    pub(in crate::cli) serie: Option<String>,
    /// Número, con o sin ceros a la izquierda || Number, with or without leading zeros
    #[arg(long, value_name = "NUMERO", required_unless_present = "voucher")]
    pub(in crate::cli) numero: Option<String>,
    /// Fecha de emisión, AAAA-MM-DD o DD/MM/AAAA || Date of issue, YYYY-MM-DD or DD/MM/YYYY
    #[arg(long, value_name = "FECHA", alias = "fecha-emision")]
    pub(in crate::cli) fecha: String,
    /// Importe total, por ejemplo 118.00 || Total, for instance 118.00
    #[arg(long, value_name = "IMPORTE", allow_hyphen_values = true)]
    pub(in crate::cli) monto: String,
    #[command(flatten)]
    pub(in crate::cli) freshness: FreshnessArgs,
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(in crate::cli) struct TipoCambioArgs {
    #[command(subcommand)]
    pub(in crate::cli) command: Option<TipoCambioCmd>,
    #[command(flatten)]
    pub(in crate::cli) lookup: RateArgs,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum TipoCambioCmd {
    /// Agrega compra y venta de la fecha de cada fila de una lista || Adds compra and venta of the date of each row of a list
    #[command(alias = "batch")]
    Lote(RateListArgs),
}

/// Whose rate, of what.
#[derive(Debug, Args)]
pub(in crate::cli) struct WhichRateArgs {
    /// Quién lo publica: sunat (por defecto) o sbs || Who publishes it: sunat (the default) or sbs
    #[arg(long, value_name = "FUENTE", default_value = "sunat", value_parser = ["sunat", "sbs"], ignore_case = true)]
    fuente: String,
    /// USD (por defecto), o EUR con --fuente sbs || USD (the default), or EUR with --fuente sbs
    #[arg(long, value_name = "MONEDA", default_value = "USD", value_parser = ["USD", "EUR"], ignore_case = true)]
    moneda: String,
}

impl WhichRateArgs {
    pub(in crate::cli) fn source(&self) -> RateSource {
        RateSource::parse(&self.fuente).unwrap_or(RateSource::Sunat)
    }

    pub(in crate::cli) fn currency(&self) -> Currency {
        Currency::parse(&self.moneda).unwrap_or(Currency::Usd)
    }
}

#[derive(Debug, Args)]
pub(in crate::cli) struct RateArgs {
    /// Fecha AAAA-MM-DD o DD/MM/AAAA || Date YYYY-MM-DD or DD/MM/YYYY
    #[arg(long, value_name = "FECHA", conflicts_with_all = ["desde", "hasta"])]
    pub(in crate::cli) fecha: Option<String>,
    /// Primera fecha del rango || First date of the range
    #[arg(long, value_name = "FECHA", requires = "hasta")]
    pub(in crate::cli) desde: Option<String>,
    /// Última fecha del rango || Last date of the range
    #[arg(long, value_name = "FECHA", requires = "desde")]
    pub(in crate::cli) hasta: Option<String>,
    #[command(flatten)]
    pub(in crate::cli) which: WhichRateArgs,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct CallsArgs {
    /// Desde esta fecha, Lima || From this date on, Lima
    #[arg(long, value_name = "FECHA")]
    pub(in crate::cli) desde: Option<String>,
    /// Hasta esta fecha, Lima || Up to this date, Lima
    #[arg(long, value_name = "FECHA")]
    pub(in crate::cli) hasta: Option<String>,
    /// Solo una operación: ruc, dni, cuenta … || Only one operation: ruc, dni, cuenta …
    #[arg(long, value_name = "OPERACION")]
    pub(in crate::cli) operacion: Option<String>,
    /// Solo las de este proveedor: migo, o chaski para lo propio || Only of this upstream: migo, or chaski for its own
    #[arg(long, value_name = "PROVEEDOR", alias = "provider")]
    pub(in crate::cli) proveedor: Option<String>,
    /// Solo las que pidió: cli, library, http, o llave: y sus doce cifras || Only those asked by: cli, library, http, or llave: and its twelve digits
    #[arg(long, value_name = "QUIEN", alias = "who")]
    pub(in crate::cli) quien: Option<String>,
    /// Solo las de este lote || Only those of this batch
    #[arg(long, value_name = "LOTE", alias = "batch")]
    pub(in crate::cli) lote: Option<uuid::Uuid>,
    /// Solo las que trataron de este número; «-» lo lee de la entrada || Only those about this number; "-" reads it from the input
    #[arg(long, value_name = "NUMERO")]
    pub(in crate::cli) numero: Option<String>,
    // Not a doc comment: there the name would need back-ticks, which the terminal would show.
    #[arg(
        long,
        value_name = "RESULTADO",
        help = "Solo con este resultado: SUCCESS, NOT_FOUND o el código del error || Only this outcome: SUCCESS, NOT_FOUND or the failure's code"
    )]
    pub(in crate::cli) resultado: Option<String>,
    /// Solo las que se enviaron al proveedor || Only those sent to the upstream
    #[arg(long)]
    pub(in crate::cli) enviadas: bool,
    /// Cuántas, las más recientes primero; 50 por defecto || How many, newest first; 50 by default
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = whole::<u32, 1>)]
    pub(in crate::cli) limite: u32,
    /// Seguir donde terminó la página anterior || Go on where the page before ended
    #[arg(long, value_name = "CURSOR", conflicts_with = "limpiar")]
    pub(in crate::cli) cursor: Option<String>,
    /// Borrar ahora lo que pasó de su plazo (`audit.retention_days`) || Delete now what is past its time (`audit.retention_days`)
    #[arg(long, alias = "prune", conflicts_with_all = ["desde", "hasta", "operacion", "proveedor", "quien", "lote", "numero", "resultado", "enviadas"])]
    pub(in crate::cli) limpiar: bool,
}

/// `chaski consumo`.
#[derive(Debug, Args)]
pub(in crate::cli) struct ConsumoArgs {
    /// Primer mes, por ejemplo 2026-11; el actual si no se indica || First month, for instance 2026-11; this one when not given
    #[arg(long, value_name = "MES", alias = "from")]
    pub(in crate::cli) desde: Option<String>,
    /// Último mes; el primero si no se indica || Last month; the first one when not given
    #[arg(long, value_name = "MES", alias = "to")]
    pub(in crate::cli) hasta: Option<String>,
}
