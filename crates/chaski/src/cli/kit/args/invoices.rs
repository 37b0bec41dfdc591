//! `factura`, `series`, `empresas`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::cli::kit::numbers::whole;

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum FacturaCmd {
    /// Revisa documentos y dice todo lo que está mal, sin enviar nada || Checks documents and says all that is wrong, sends nothing
    #[command(alias = "check")]
    Validar {
        /// Archivos JSON, en forma simple o de Nubefact, o una planilla (.xlsx, .ods, .csv); «-» lee un JSON de la entrada || JSON files, in the simple form or Nubefact's, or one workbook (.xlsx, .ods, .csv); "-" reads JSON from the input
        #[arg(value_name = "ARCHIVO", required = true)]
        files: Vec<PathBuf>,
        /// De una planilla, consultar también a los clientes sin nombre o dirección || Of a workbook, look up customers without name or address too
        #[arg(long, alias = "customers")]
        clientes: bool,
        /// RUC de la empresa que emite, si son varias || RUC of the company that issues, if there are several
        #[arg(long, value_name = "RUC", alias = "company")]
        empresa: Option<String>,
    },
    /// Emite un documento, una sola vez || Issues a document, exactly once
    #[command(alias = "issue")]
    Emitir(EmitirArgs),
    /// ¿Cómo está un comprobante? Decide también los que quedaron en duda || How does a document stand? Decides those in doubt too
    #[command(alias = "consult")]
    Consultar {
        /// Serie y número: FFF1-1, nc:FFF1-1, guia:TTT1-3 || Series and number: FFF1-1, nc:FFF1-1, guia:TTT1-3
        #[arg(value_name = "SERIE-NUMERO", required = true)]
        names: Vec<String>,
        /// RUC de la empresa que emite, si son varias || RUC of the company that issues, if there are several
        #[arg(long, value_name = "RUC", alias = "company")]
        empresa: Option<String>,
    },
    /// Anula un comprobante: comunicación de baja o reversión || Voids a document
    #[command(alias = "void")]
    Anular {
        /// Serie y número || Series and number
        #[arg(value_name = "SERIE-NUMERO")]
        name: String,
        /// Por qué; lo lee SUNAT, hasta 100 caracteres || Why; SUNAT reads it, up to 100 characters
        #[arg(long, value_name = "TEXTO", alias = "reason")]
        motivo: String,
        /// RUC de la empresa que emite, si son varias || RUC of the company that issues, if there are several
        #[arg(long, value_name = "RUC", alias = "company")]
        empresa: Option<String>,
    },
    /// Baja PDF, XML y constancia (CDR) de un comprobante || Downloads PDF, XML and receipt (CDR) of a document
    #[command(alias = "download")]
    Descargar(DescargarArgs),
    /// Emite la nota que corrige un comprobante emitido aquí || Issues the note that corrects a document issued here
    #[command(alias = "correct")]
    Corregir(CorregirArgs),
    /// Emite otra vez lo mismo, con fecha nueva || Issues the same once more, with a new date
    #[command(alias = "replicate")]
    Duplicar {
        /// Serie y número || Series and number
        #[arg(value_name = "SERIE-NUMERO")]
        name: String,
        /// Fecha de emisión; hoy si no se indica || Day of issue; today when not given
        #[arg(long, value_name = "FECHA", alias = "date")]
        fecha: Option<String>,
        /// Mostrar lo que se enviaría y no enviar nada || Show what would be sent and send nothing
        #[arg(long)]
        dry_run: bool,
        /// Emitir uno más aunque ya se haya emitido este mismo || Issue one more even if this same one was issued
        #[arg(long, alias = "another")]
        otra: bool,
        /// RUC de la empresa que emite, si son varias || RUC of the company that issues, if there are several
        #[arg(long, value_name = "RUC", alias = "company")]
        empresa: Option<String>,
    },
    /// Lista lo emitido desde aquí, lo último primero || Lists what was issued from here, newest first
    #[command(alias = "list")]
    Listar(FacturaListarArgs),
    /// Escribe una planilla de Excel para llenar: -o facturas.xlsx || Writes an Excel workbook to fill in: -o facturas.xlsx
    #[command(alias = "template")]
    Plantilla,
    /// Escribe el esquema JSON de la forma simple || Writes the JSON Schema of the simple form
    #[command(alias = "schema")]
    Esquema,
}

#[derive(Debug, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of its own on the command line"
)]
pub(in crate::cli) struct EmitirArgs {
    /// Archivo JSON, en forma simple o de Nubefact, o una planilla de varios; «-» lee la entrada || JSON file, in the simple form or Nubefact's, or a workbook of several; "-" reads the input
    #[arg(value_name = "ARCHIVO")]
    pub(in crate::cli) file: PathBuf,
    /// De una planilla: todos o ninguno; es lo usual || Of a workbook: all or none; this is the default
    #[arg(long, conflicts_with = "solo_buenos", alias = "all-of-them")]
    pub(in crate::cli) todos: bool,
    /// De una planilla: emitir los que no tienen errores y apartar los demás || Of a workbook: issue those without errors and set the others aside
    #[arg(long, alias = "good-ones")]
    pub(in crate::cli) solo_buenos: bool,
    /// De una planilla: validar antes los RUC de los clientes y apartar los que no están ACTIVO y HABIDO || Of a workbook: check the customers' RUCs first and set aside those not ACTIVO and HABIDO
    #[arg(long, alias = "customers")]
    pub(in crate::cli) clientes: bool,
    /// De una planilla: el periodo, como 2026-11; la misma se emite una vez en cada uno || Of a workbook: the period, such as 2026-11; the same one is issued once in each
    #[arg(long, value_name = "PERIODO", alias = "period")]
    pub(in crate::cli) periodo: Option<String>,
    /// De una planilla: dejarla a «chaski serve» y no esperar; se sigue con «chaski lotes» || Of a workbook: leave it to "chaski serve" and do not wait; follow it with "chaski lotes"
    #[arg(long, alias = "background", conflicts_with = "dry_run")]
    pub(in crate::cli) en_segundo_plano: bool,
    /// Mostrar lo que se enviaría y no enviar nada || Show what would be sent and send nothing
    #[arg(long)]
    pub(in crate::cli) dry_run: bool,
    /// Nombre propio de este pedido: con el mismo se emite un solo documento || Your own name for this wish: with the same one a single document is issued
    #[arg(long, value_name = "CLAVE")]
    pub(in crate::cli) idempotency_key: Option<String>,
    /// Emitir uno más aunque este mismo contenido ya se haya emitido || Issue one more even if this same content was issued
    #[arg(long, alias = "another", conflicts_with = "idempotency_key")]
    pub(in crate::cli) otra: bool,
    /// RUC de la empresa que emite, si son varias || RUC of the company that issues, if there are several
    #[arg(long, value_name = "RUC", alias = "company")]
    pub(in crate::cli) empresa: Option<String>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct DescargarArgs {
    /// Serie y número || Series and number
    #[arg(value_name = "SERIE-NUMERO")]
    pub(in crate::cli) name: String,
    /// El PDF; sin indicar ninguno, los tres || The PDF; all three when none is given
    #[arg(long)]
    pub(in crate::cli) pdf: bool,
    /// El XML firmado || The signed XML
    #[arg(long)]
    pub(in crate::cli) xml: bool,
    /// La constancia de recepción de SUNAT || SUNAT's receipt
    #[arg(long)]
    pub(in crate::cli) cdr: bool,
    /// Carpeta donde dejarlos || Folder to leave them in
    #[arg(short = 'd', long, value_name = "CARPETA", default_value = ".")]
    pub(in crate::cli) destino: PathBuf,
    /// RUC de la empresa que emite, si son varias || RUC of the company that issues, if there are several
    #[arg(long, value_name = "RUC", alias = "company")]
    pub(in crate::cli) empresa: Option<String>,
}

#[derive(Debug, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of its own on the command line"
)]
pub(in crate::cli) struct CorregirArgs {
    /// Serie y número del comprobante que se corrige || Series and number of the document that is corrected
    #[arg(value_name = "SERIE-NUMERO")]
    pub(in crate::cli) name: String,
    /// Catálogo 09 de SUNAT, o con --debito el 10: 07 devolución por ítem || SUNAT's catálogo 09, or 10 with --debito: 07 return by item
    #[arg(long, value_name = "CODIGO")]
    pub(in crate::cli) motivo: String,
    /// Nota de débito en lugar de crédito || Nota de débito instead of crédito
    #[arg(long, alias = "debit")]
    pub(in crate::cli) debito: bool,
    /// Línea, desde 1, y cuánto de ella: 1=2; sin cantidad, todo lo que queda || Line, from 1, and how much of it: 1=2; without a quantity all that is left
    #[arg(long, value_name = "N=CANTIDAD", alias = "line")]
    pub(in crate::cli) linea: Vec<String>,
    /// Todo lo que queda por acreditar || All that is left to credit
    #[arg(long, alias = "all", conflicts_with_all = ["linea", "importe", "linea_importe", "cuota"])]
    pub(in crate::cli) todo: bool,
    /// Importe con IGV sobre el total || Amount with IGV on the total
    #[arg(long, value_name = "IMPORTE", alias = "amount", conflicts_with_all = ["linea", "linea_importe", "cuota"])]
    pub(in crate::cli) importe: Option<String>,
    /// Importe con IGV sobre una línea: 1=10.00 || Amount with IGV on a line: 1=10.00
    #[arg(long, value_name = "N=IMPORTE", alias = "line-amount", conflicts_with_all = ["linea", "cuota"])]
    pub(in crate::cli) linea_importe: Vec<String>,
    /// Cuota nueva, motivo 13: 2026-12-31=100.00 || New instalment, motivo 13: 2026-12-31=100.00
    #[arg(
        long,
        value_name = "FECHA=IMPORTE",
        alias = "instalment",
        conflicts_with = "linea"
    )]
    pub(in crate::cli) cuota: Vec<String>,
    /// Explicación, que se imprime || Explanation, which is printed
    #[arg(long, value_name = "TEXTO")]
    pub(in crate::cli) sustento: Option<String>,
    /// Serie de la nota; la del comprobante si no se indica || Series of the note; the document's own when not given
    #[arg(long, value_name = "SERIE")]
    pub(in crate::cli) serie: Option<String>,
    /// Fecha de la nota; hoy si no se indica || Day of the note; today when not given
    #[arg(long, value_name = "FECHA", alias = "date")]
    pub(in crate::cli) fecha: Option<String>,
    /// Mostrar lo que se enviaría y no enviar nada || Show what would be sent and send nothing
    #[arg(long)]
    pub(in crate::cli) dry_run: bool,
    /// Emitir una más aunque ya se haya emitido esta misma || Issue one more even if this same one was issued
    #[arg(long, alias = "another")]
    pub(in crate::cli) otra: bool,
    /// RUC de la empresa que emite, si son varias || RUC of the company that issues, if there are several
    #[arg(long, value_name = "RUC", alias = "company")]
    pub(in crate::cli) empresa: Option<String>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct FacturaListarArgs {
    /// Solo en ese estado: ACEPTADO, RECHAZADO, DESCONOCIDO, ANULADO… || Only in that state: ACEPTADO, RECHAZADO, DESCONOCIDO, ANULADO…
    #[arg(long, value_name = "ESTADO", alias = "state")]
    pub(in crate::cli) estado: Option<String>,
    /// Solo de esa serie || Only of that series
    #[arg(long, value_name = "SERIE")]
    pub(in crate::cli) serie: Option<String>,
    /// Solo de ese tipo: factura, boleta, nc, nd, guia… || Only of that kind: factura, boleta, nc, nd, guia…
    #[arg(long, value_name = "TIPO", alias = "kind")]
    pub(in crate::cli) tipo: Option<String>,
    /// Emitidos desde esa fecha || Issued from that day on
    #[arg(long, value_name = "FECHA", alias = "from")]
    pub(in crate::cli) desde: Option<String>,
    /// Emitidos hasta esa fecha || Issued up to that day
    #[arg(long, value_name = "FECHA", alias = "to")]
    pub(in crate::cli) hasta: Option<String>,
    /// Cuántos como máximo || At most so many
    #[arg(long, value_name = "N", default_value = "100", alias = "limit", value_parser = whole::<u32, 1>)]
    pub(in crate::cli) limite: u32,
    /// RUC de la empresa que emite, si son varias || RUC of the company that issues, if there are several
    #[arg(long, value_name = "RUC", alias = "company")]
    pub(in crate::cli) empresa: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum SeriesCmd {
    /// Lista las series abiertas y su último número || Lists the open series and their last number
    #[command(alias = "list")]
    Listar {
        /// RUC de la empresa que emite, si son varias || RUC of the company that issues, if there are several
        #[arg(long, value_name = "RUC", alias = "company")]
        empresa: Option<String>,
    },
    /// Abre una serie; Nubefact confirma cuál fue el último número usado || Opens a series; Nubefact confirms which number was the last used
    #[command(alias = "open")]
    Abrir {
        /// Serie, como F001 || Series, such as F001
        #[arg(value_name = "SERIE")]
        serie: String,
        /// Último número usado; 0 si es nueva || Last number used; 0 if it is new
        #[arg(long, value_name = "NUMERO", alias = "last", value_parser = whole::<u32, 0>)]
        ultimo: u32,
        /// Para qué: factura, boleta, nc, nd, guia…; lo que diga su letra si no se indica || What for: factura, boleta, nc, nd, guia…; by its letter when not given
        #[arg(long, value_name = "TIPO", alias = "kind")]
        tipo: Option<String>,
        /// RUC de la empresa que emite, si son varias || RUC of the company that issues, if there are several
        #[arg(long, value_name = "RUC", alias = "company")]
        empresa: Option<String>,
    },
    /// Recorre lo emitido antes de Chaski y lo anota, para seguir desde ahí || Walks what was issued before Chaski and records it, to go on from there
    #[command(alias = "sync")]
    Sincronizar {
        /// Serie, como F001; todas las abiertas si no se indica || Series, such as F001; all that are open when not given
        #[arg(value_name = "SERIE")]
        serie: Option<String>,
        /// Desde qué número || From which number
        #[arg(long, value_name = "NUMERO", default_value = "1", alias = "from", value_parser = whole::<u32, 1>)]
        desde: u32,
        /// Para qué, si la serie no está abierta y su letra no lo dice || What for, if the series is not open and its letter does not say
        #[arg(long, value_name = "TIPO", alias = "kind")]
        tipo: Option<String>,
        /// RUC de la empresa que emite, si son varias || RUC of the company that issues, if there are several
        #[arg(long, value_name = "RUC", alias = "company")]
        empresa: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum EmpresasCmd {
    /// Lista las empresas que emiten; ningún token se muestra || Lists the companies that issue; no token is shown
    #[command(alias = "list")]
    Listar,
    /// Agrega una empresa, o cambia su ruta y token || Adds a company, or changes its ruta and token
    #[command(alias = "add")]
    Agregar(EmpresaArgs),
    /// ¿Acepta Nubefact la ruta y el token? No emite nada || Does Nubefact take ruta and token? Issues nothing
    #[command(alias = "try")]
    Probar {
        /// RUC de la empresa; la única si no se indica || RUC of the company; the only one when not given
        #[arg(value_name = "RUC")]
        ruc: Option<String>,
    },
    /// Emite en una cuenta de demostración lo que Nubefact pide ver antes de pasar a producción || Issues on a demo account what Nubefact asks to see before production
    #[command(alias = "rehearse")]
    Ensayo {
        /// RUC de la empresa; la única si no se indica || RUC of the company; the only one when not given
        #[arg(value_name = "RUC")]
        ruc: Option<String>,
    },
}

#[derive(Debug, Args)]
pub(in crate::cli) struct EmpresaArgs {
    /// RUC de la empresa que emite || RUC of the company that issues
    #[arg(value_name = "RUC")]
    pub(in crate::cli) ruc: String,
    /// Ruta de Nubefact, de su cuenta, API (Integración); el token se pide aparte || Nubefact's ruta, from your account, API (Integración); the token is asked for apart
    #[arg(long, value_name = "RUTA")]
    pub(in crate::cli) ruta: String,
    /// Cómo va el token en la cabecera: token, token-sin-comillas, solo, bearer || How the token goes into the header: token, token-sin-comillas, solo, bearer
    #[arg(long, value_name = "FORMA", default_value = "token")]
    pub(in crate::cli) auth_form: String,
    /// Está en el padrón de restaurantes y hoteles de la Ley 31556, con su tasa de IGV || It is in the register of restaurants and hotels of Law 31556, with its rate of IGV
    #[arg(long, alias = "restaurant")]
    pub(in crate::cli) restaurante: bool,
    /// Series que abrir, con el último número usado: F001=123,B001=45 || Series to open, with the last number used: F001=123,B001=45
    #[arg(long, value_name = "SERIE=NUMERO", value_delimiter = ',')]
    pub(in crate::cli) series: Vec<String>,
}
