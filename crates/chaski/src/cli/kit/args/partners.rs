//! `partners`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::FreshnessArgs;
use crate::cli::kit::numbers::whole;

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum PartnersCmd {
    /// Guarda los partners de una lista de Excel, ODS o CSV || Saves the partners of an Excel, ODS or CSV list
    #[command(alias = "import")]
    Importar {
        /// Archivo xlsx, ods o csv; «-» lo lee de la entrada || File to read, xlsx, ods or csv; "-" reads the input
        #[arg(value_name = "LISTA")]
        input: PathBuf,
        /// Hoja del libro; sin esto, la primera que es una lista || Sheet of the workbook; without it, the first that is a list
        #[arg(long, value_name = "NOMBRE", alias = "sheet")]
        hoja: Option<String>,
        /// Columna del documento: título, letra o número || Column of the document: title, letter or number
        #[arg(long, alias = "column", value_name = "COLUMNA")]
        columna: Option<String>,
        #[command(flatten)]
        whose: WhoseArgs,
    },
    /// Lista los partners, los más nuevos primero || Lists the partners, newest first
    #[command(alias = "list")]
    Listar {
        #[command(flatten)]
        filter: PartnerFilterArgs,
        /// Cuántos; 50 por defecto || How many; 50 by default
        #[arg(long, value_name = "N", default_value_t = 50, value_parser = whole::<u32, 1>)]
        limite: u32,
        /// Mostrar completos los números de personas || Show the numbers of persons whole
        #[arg(long, alias = "reveal")]
        mostrar: bool,
        #[command(flatten)]
        whose: WhoseArgs,
    },
    /// Muestra todo lo que se sabe de un partner || Shows all that is known of a partner
    #[command(alias = "show")]
    Ver {
        /// RUC, DNI u otro documento || RUC, DNI or another document
        #[arg(value_name = "DOCUMENTO", required = true)]
        documents: Vec<String>,
        #[command(flatten)]
        whose: WhoseArgs,
    },
    /// Pregunta a SUNAT y anota lo que dice; lo consultado hoy no se vuelve a pagar || Asks SUNAT and notes what it says; what was asked today is not paid again
    #[command(alias = "refresh")]
    Actualizar {
        #[command(flatten)]
        which: WhichPartnersArgs,
        /// Consultas que puede gastar como máximo || Calls that it may spend at most
        #[arg(long, value_name = "N", alias = "spend-up-to", value_parser = whole::<u64, 0>)]
        gastar_hasta: Option<u64>,
        #[command(flatten)]
        freshness: FreshnessArgs,
        #[command(flatten)]
        whose: WhoseArgs,
    },
    /// Escribe los partners en un archivo que se puede volver a importar || Writes the partners to a file that can be imported again
    #[command(alias = "export")]
    Exportar {
        #[command(flatten)]
        filter: PartnerFilterArgs,
        #[command(flatten)]
        whose: WhoseArgs,
    },
    /// Borra partners con su historia || Deletes partners with their history
    #[command(alias = "delete")]
    Borrar {
        /// RUC, DNI u otro documento || RUC, DNI or another document
        #[arg(value_name = "DOCUMENTO", required = true)]
        documents: Vec<String>,
        #[command(flatten)]
        whose: WhoseArgs,
    },
    /// Cambios de estado y condición, los más recientes primero || Changes of estado and condición, newest first
    #[command(alias = "changes")]
    Cambios(PartnerChangesArgs),
    /// Los que dejaron de ser aptos para facturarles, y cuándo || Those who stopped being fit to be invoiced, and when
    #[command(alias = "lost-fitness")]
    DejaronDeSerAptos(PartnerChangesArgs),
}

impl PartnersCmd {
    /// The company that was named; none for the house.
    pub(in crate::cli) fn empresa(&self) -> Option<&str> {
        let whose = match self {
            PartnersCmd::Importar { whose, .. }
            | PartnersCmd::Listar { whose, .. }
            | PartnersCmd::Ver { whose, .. }
            | PartnersCmd::Actualizar { whose, .. }
            | PartnersCmd::Exportar { whose, .. }
            | PartnersCmd::Borrar { whose, .. } => whose,
            PartnersCmd::Cambios(typed) | PartnersCmd::DejaronDeSerAptos(typed) => &typed.whose,
        };
        whose.empresa.as_deref()
    }
}

#[derive(Debug, Args)]
pub(in crate::cli) struct WhoseArgs {
    /// De esta empresa a la que atiende el servidor; los de la casa si no se indica || Of this company that the server serves; the house's own when not given
    #[arg(long, value_name = "RUC", alias = "company")]
    pub(in crate::cli) empresa: Option<String>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct PartnerFilterArgs {
    /// Solo los aptos para facturarles: ACTIVO y HABIDO || Only those fit to be invoiced: ACTIVO and HABIDO
    #[arg(long, alias = "fit", conflicts_with_all = ["no_aptos", "nunca"])]
    pub(in crate::cli) aptos: bool,
    /// Solo los consultados que no son aptos || Only those checked and not fit
    #[arg(long, alias = "unfit", conflicts_with = "nunca")]
    pub(in crate::cli) no_aptos: bool,
    /// Solo los que nunca se consultaron || Only those never checked
    #[arg(long, alias = "never")]
    pub(in crate::cli) nunca: bool,
    /// Cuyo nombre contiene este texto (empresas), o cuyo número es este || Whose name holds this text (companies), or whose number it is
    #[arg(long, value_name = "TEXTO", alias = "search")]
    pub(in crate::cli) buscar: Option<String>,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(in crate::cli) struct WhichPartnersArgs {
    /// Los que tienen estos RUC || Those with these RUCs
    #[arg(value_name = "RUC")]
    pub(in crate::cli) numbers: Vec<String>,
    /// Todos los que están en uso || All that are in use
    #[arg(long, alias = "all")]
    pub(in crate::cli) todos: bool,
    /// Solo los que nunca se consultaron || Only those never checked
    #[arg(long, alias = "never")]
    pub(in crate::cli) nunca: bool,
    /// Los que tocan esta noche: los nunca consultados y los de consulta más antigua, hasta `partners.refresh_limit` || Those due tonight: never checked, then the oldest checks, up to `partners.refresh_limit`
    #[arg(long, alias = "due")]
    pub(in crate::cli) pendientes: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct PartnerChangesArgs {
    /// Solo de este documento || Only of this document
    #[arg(long, value_name = "NUMERO")]
    pub(in crate::cli) numero: Option<String>,
    /// Desde esta fecha, Lima || From this date on, Lima
    #[arg(long, value_name = "FECHA")]
    pub(in crate::cli) desde: Option<String>,
    /// Hasta esta fecha, Lima || Up to this date, Lima
    #[arg(long, value_name = "FECHA")]
    pub(in crate::cli) hasta: Option<String>,
    /// Cuántos, los más recientes primero; 50 por defecto || How many, newest first; 50 by default
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = whole::<u32, 1>)]
    pub(in crate::cli) limite: u32,
    /// Mostrar completos los números de personas || Show the numbers of persons whole
    #[arg(long, alias = "reveal")]
    pub(in crate::cli) mostrar: bool,
    #[command(flatten)]
    pub(in crate::cli) whose: WhoseArgs,
}
