//! `ruc lote`, `lotes`, `trabajos`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{FreshnessArgs, WhichRateArgs};
use crate::cli::kit::numbers::whole;
use crate::sheets::ResultNames;

#[derive(Debug, Args)]
pub(in crate::cli) struct LoteArgs {
    /// Archivo xlsx, ods o csv; «-» lo lee de la entrada || File to read, xlsx, ods or csv; "-" reads the input
    #[arg(value_name = "LISTA")]
    pub(in crate::cli) input: PathBuf,
    /// Hoja del libro; sin esto, la primera que es una lista || Sheet of the workbook; without it, the first that is a list
    #[arg(long, value_name = "NOMBRE", alias = "sheet")]
    pub(in crate::cli) hoja: Option<String>,
    /// Columna del RUC: su título, letra o número || Column of the RUC: its title, letter or number
    #[arg(long, value_name = "COLUMNA", alias = "column")]
    pub(in crate::cli) columna: Option<String>,
    /// Qué hacer con los DNI de la lista: consultar, ruc10 (el RUC de la persona) o no || What to do about the DNIs of the list: consultar (look them up), ruc10 (the person's RUC) or no
    #[arg(long, value_name = "QUÉ", value_parser = ["consultar", "ruc10", "no"])]
    pub(in crate::cli) dni: Option<String>,
    /// Para qué se consultan los DNI; queda en el registro de llamadas || What the DNIs are looked up for; the record of calls keeps it
    #[arg(long, value_name = "MOTIVO", alias = "purpose")]
    pub(in crate::cli) motivo: Option<String>,
    /// Anotar lo que diga SUNAT en los partners que tengan esos RUC || Note what SUNAT says on the partners with those RUCs
    #[arg(long, alias = "update-partners")]
    pub(in crate::cli) actualizar_partners: bool,
    #[command(flatten)]
    pub(in crate::cli) run: ListRunArgs,
}

/// `chaski cpe lote`.
#[derive(Debug, Args)]
pub(in crate::cli) struct VoucherListArgs {
    /// Registro de compras: propuesta del SIRE, libro 8.1 o lista, en txt, csv, xlsx u ods; «-» lo lee de la entrada || Register of purchases: SIRE proposal, book 8.1 or list, as txt, csv, xlsx or ods; "-" reads the input
    #[arg(value_name = "LISTA")]
    pub(in crate::cli) input: PathBuf,
    /// Hoja del libro; sin esto, la primera que es una lista || Sheet of the workbook; without it, the first that is a list
    #[arg(long, value_name = "NOMBRE", alias = "sheet")]
    pub(in crate::cli) hoja: Option<String>,
    /// Columna de un dato: ruc, tipo, serie, numero, fecha o monto, como monto=Y; tipo=01 si todos son facturas; puede repetirse || Column of a part: ruc, tipo, serie, numero, fecha or monto, as in monto=Y; tipo=01 where all are facturas; may be repeated
    #[arg(long, value_name = "DATO=COLUMNA", alias = "column")]
    pub(in crate::cli) columna: Vec<String>,
    #[command(flatten)]
    pub(in crate::cli) run: ListRunArgs,
}

/// `chaski tipo-cambio lote`.
#[derive(Debug, Args)]
pub(in crate::cli) struct RateListArgs {
    /// Archivo xlsx, ods o csv con fechas; «-» lo lee de la entrada || File to read, xlsx, ods or csv with dates; "-" reads the input
    #[arg(value_name = "LISTA")]
    pub(in crate::cli) input: PathBuf,
    /// Hoja del libro; sin esto, la primera que es una lista || Sheet of the workbook; without it, the first that is a list
    #[arg(long, value_name = "NOMBRE", alias = "sheet")]
    pub(in crate::cli) hoja: Option<String>,
    /// Columna de la fecha: su título, letra o número || Column of the date: its title, letter or number
    #[arg(long, value_name = "COLUMNA", alias = "column")]
    pub(in crate::cli) columna: Option<String>,
    #[command(flatten)]
    pub(in crate::cli) which: WhichRateArgs,
    #[command(flatten)]
    pub(in crate::cli) run: ListRunArgs,
}

/// How a list that is looked up is worked on and written, whatever it asks for.
#[derive(Debug, Args)]
pub(in crate::cli) struct ListRunArgs {
    #[command(flatten)]
    pub(in crate::cli) titles: TitlesArgs,
    /// Continuar el lote interrumpido de este mismo archivo || Go on with the interrupted batch of this same file
    #[arg(long, alias = "resume")]
    pub(in crate::cli) reanudar: bool,
    /// Escribir solo las filas con algo que corregir || Write only the rows with something to mend
    #[arg(long, alias = "only-errors")]
    pub(in crate::cli) solo_errores: bool,
    /// Consultas que la lista puede gastar como máximo; sin esto, lo que se anuncia || Calls that the list may spend at most; without it, what is announced
    #[arg(long, value_name = "N", alias = "spend-up-to", value_parser = whole::<u64, 0>)]
    pub(in crate::cli) gastar_hasta: Option<u64>,
    #[command(flatten)]
    pub(in crate::cli) freshness: FreshnessArgs,
}

/// How our columns are called.
#[derive(Debug, Args)]
pub(in crate::cli) struct TitlesArgs {
    /// Cómo se llaman las columnas que se agregan: legibles (por defecto) o tecnicos, para programas || How the columns that are added are called: legibles, for people (the default), or tecnicos, for programs
    #[arg(long, value_name = "CUÁLES", alias = "titles", value_parser = ["legibles", "tecnicos"])]
    titulos: Option<String>,
}

impl TitlesArgs {
    pub(in crate::cli) fn names(&self) -> ResultNames {
        let typed = self.titulos.as_deref();
        typed.and_then(ResultNames::from_name).unwrap_or_default()
    }
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum LotesCmd {
    /// Lista los lotes, los más recientes primero || Lists the batches, newest first
    #[command(alias = "list")]
    Listar {
        /// Cuántos; 50 por defecto || How many; 50 by default
        #[arg(long, value_name = "N", default_value_t = 50, value_parser = whole::<u32, 1>)]
        limite: u32,
    },
    /// Muestra cómo va un lote || Shows how far a batch is
    #[command(alias = "show")]
    Ver(IdArgs),
    /// Escribe el resultado de un lote, completo o hasta ahora || Writes the result of a batch, whole or so far
    #[command(alias = "result")]
    Resultado {
        #[command(flatten)]
        which: IdArgs,
        #[command(flatten)]
        titles: TitlesArgs,
    },
    /// Detiene un lote hasta que se reanude || Stops a batch until it is resumed
    #[command(alias = "pause")]
    Pausar(IdArgs),
    /// Deja seguir un lote en pausa || Lets a paused batch go on
    #[command(alias = "resume")]
    Reanudar(IdArgs),
    /// Termina un lote; lo ya respondido se conserva || Ends a batch; what is answered is kept
    #[command(alias = "cancel")]
    Cancelar(IdArgs),
    /// Vuelve a consultar solo los números sin respuesta || Asks again only for the numbers without an answer
    #[command(alias = "retry")]
    Reintentar(IdArgs),
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum TrabajosCmd {
    /// Lista los trabajos, los más recientes primero || Lists the jobs, newest first
    #[command(alias = "list")]
    Listar {
        /// Solo en este estado: PENDING, RUNNING, PAUSED, COMPLETED, FAILED, CANCELLED || Only in this state: PENDING, RUNNING, PAUSED, COMPLETED, FAILED, CANCELLED
        #[arg(long, value_name = "ESTADO", value_parser = ["PENDING", "RUNNING", "PAUSED", "COMPLETED", "FAILED", "CANCELLED"], ignore_case = true)]
        estado: Option<String>,
        /// Cuántos; 50 por defecto || How many; 50 by default
        #[arg(long, value_name = "N", default_value_t = 50, value_parser = whole::<u32, 1>)]
        limite: u32,
    },
    /// Lo que «chaski serve» hace solo, y cuándo toca || What "chaski serve" does by itself, and when it comes
    #[command(alias = "schedule")]
    Programados,
    /// Muestra un trabajo || Shows a job
    #[command(alias = "show")]
    Ver(IdArgs),
    /// Termina un trabajo, y el lote del que se ocupa || Ends a job, and the batch that it works on
    #[command(alias = "cancel")]
    Cancelar(IdArgs),
    /// Vuelve a poner en la cola un trabajo que falló o se canceló || Puts a job that failed or was cancelled back into the queue
    #[command(alias = "retry")]
    Reintentar(IdArgs),
}

#[derive(Debug, Args)]
pub(in crate::cli) struct IdArgs {
    /// Identificador, como lo muestra «listar» || Identifier, as "listar" shows it
    #[arg(value_name = "ID")]
    pub(in crate::cli) id: uuid::Uuid,
}
