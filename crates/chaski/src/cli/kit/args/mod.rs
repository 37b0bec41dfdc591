//! What the person typed. Every help text is written "español || English"; [`command`] keeps one.

mod folder;
mod invoices;
mod language;
mod lists;
mod lookups;
mod partners;
mod serve;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::sheets::OutputFormat;

pub(in crate::cli) use folder::{ConfigCmd, MigrateArgs, PersonCmd, PhraseArgs};
pub(in crate::cli) use invoices::{
    CorregirArgs, DescargarArgs, EmitirArgs, EmpresaArgs, EmpresasCmd, FacturaCmd,
    FacturaListarArgs, SeriesCmd,
};
pub(in crate::cli) use language::command;
pub(in crate::cli) use lists::{
    ListRunArgs, LoteArgs, LotesCmd, RateListArgs, TrabajosCmd, VoucherListArgs,
};
pub(in crate::cli) use lookups::{
    CallsArgs, ConsumoArgs, CpeCmd, DniArgs, InvalidosCmd, RateArgs, RucArgs, RucCmd, RucNumber,
    RucNumbers, TipoCambioArgs, TipoCambioCmd, VoucherArgs, WhichRateArgs,
};
pub(in crate::cli) use partners::{
    PartnerChangesArgs, PartnerFilterArgs, PartnersCmd, WhichPartnersArgs,
};
pub(in crate::cli) use serve::{LlaveArgs, LlaveChangeArgs, LlavesCmd, SandboxArgs, ServeArgs};

/// Consulta RUC, DNI y tipo de cambio del Perú, uno por uno o por lista de Excel
/// || Looks up Peru's RUC, DNI and exchange rates, one by one or by Excel list
#[derive(Debug, Parser)]
#[command(
    name = "chaski",
    version,
    disable_help_subcommand = true,
    subcommand_required = true
)]
pub(in crate::cli) struct Typed {
    #[command(flatten)]
    pub(in crate::cli) global: Global,
    #[command(subcommand)]
    pub(in crate::cli) command: Cmd,
}

#[derive(Debug, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of its own on the command line"
)]
pub(in crate::cli) struct Global {
    /// Formato: table, json, ndjson, csv o xlsx; por defecto tabla en pantalla y ndjson por tubería || Format: table, json, ndjson, csv or xlsx; table on a screen and ndjson into a pipe by default
    #[arg(long, global = true, value_enum, value_name = "FORMATO")]
    pub(in crate::cli) format: Option<Format>,
    /// Archivo de salida; su extensión decide el formato || Output file; its extension decides the format
    #[arg(short, long, global = true, value_name = "ARCHIVO")]
    pub(in crate::cli) output: Option<PathBuf>,
    /// No mostrar avisos ni progreso || No notices, no progress
    #[arg(short, long, global = true)]
    pub(in crate::cli) quiet: bool,
    /// Mostrar más detalle; -vv para depurar || Show more; -vv to debug
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(in crate::cli) verbose: u8,
    /// Sin colores || No colours
    #[arg(long, global = true)]
    pub(in crate::cli) no_color: bool,
    /// No preguntar nunca; si falta un dato, terminar con error || Never ask; fail when something is missing
    #[arg(long, global = true)]
    pub(in crate::cli) no_input: bool,
    /// Responder sí a toda confirmación || Answer yes to every confirmation
    #[arg(short, long, global = true)]
    pub(in crate::cli) yes: bool,
    /// Donde el comando escribe un archivo: reemplazarlo aunque no lo haya escrito Chaski || Where the command writes a file: replace it even if Chaski did not write it
    #[arg(long, alias = "replace", global = true)]
    pub(in crate::cli) reemplazar: bool,
    /// Idioma de los mensajes: es, en || Language of messages: es, en
    #[arg(long, global = true, value_name = "IDIOMA", value_parser = ["es", "en"])]
    pub(in crate::cli) lang: Option<String>,
    /// Archivo de configuración || Configuration file
    #[arg(long, global = true, value_name = "ARCHIVO")]
    pub(in crate::cli) config: Option<PathBuf>,
    /// Carpeta de datos || Data folder
    #[arg(long, global = true, value_name = "CARPETA")]
    pub(in crate::cli) dir: Option<PathBuf>,
    /// Base de PostgreSQL donde van los datos, sin contraseña || PostgreSQL database that holds the data, without a password
    #[arg(long, global = true, value_name = "URL")]
    pub(in crate::cli) database_url: Option<String>,
    /// Trabajar con este servidor de Chaski y no con la carpeta de datos || Work with this server of Chaski and not with the data folder
    #[arg(long, global = true, value_name = "URL")]
    pub(in crate::cli) server: Option<String>,
    /// Plazo total de cada consulta, por ejemplo 10s || Total time for each query, for instance 10s
    #[arg(long, global = true, value_name = "TIEMPO")]
    pub(in crate::cli) timeout: Option<String>,
    /// Usar datos de prueba aunque haya un token || Use trial data even with a token
    #[arg(long, global = true, conflicts_with = "real")]
    pub(in crate::cli) sandbox: bool,
    /// Usar el proveedor real; sin token es un error || Use the real upstream; an error without a token
    #[arg(long, global = true)]
    pub(in crate::cli) real: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(in crate::cli) enum Format {
    Table,
    Json,
    Ndjson,
    Csv,
    Xlsx,
}

impl Format {
    /// That of a file; a table is none.
    pub(in crate::cli) fn of_file(self) -> Option<OutputFormat> {
        match self {
            Format::Table => None,
            Format::Json => Some(OutputFormat::Json),
            Format::Ndjson => Some(OutputFormat::Ndjson),
            Format::Csv => Some(OutputFormat::Csv),
            Format::Xlsx => Some(OutputFormat::Xlsx),
        }
    }
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Cmd {
    /// Consulta uno o más RUC; con subcomandos: validar, facturacion, representantes, actividad, condiciones, lote, invalidos || Looks up RUCs; subcommands: validar, facturacion, representantes, actividad, condiciones, lote, invalidos
    Ruc(RucArgs),
    /// Consulta uno o más DNI || Looks up DNIs
    Dni(DniArgs),
    /// Tipo de cambio: el último, de una fecha, de un rango; suborden: lote || Exchange rate: latest, of a date, of a range; subcommand: lote
    #[command(alias = "exchange-rate")]
    TipoCambio(TipoCambioArgs),
    /// Comprobantes recibidos, ante SUNAT: validar, lote || Received vouchers, at SUNAT: validar, lote
    #[command(subcommand, arg_required_else_help = true, alias = "voucher")]
    Cpe(CpeCmd),
    /// Comprobantes de todo tipo: validar, emitir, consultar, anular, descargar, corregir, duplicar, listar || Documents of every kind: validar, emitir, consultar, anular, descargar, corregir, duplicar, listar
    #[command(subcommand, arg_required_else_help = true, alias = "invoice")]
    Factura(FacturaCmd),
    /// Series y sus números: abrir, listar || Series and their numbers: abrir, listar
    Series {
        #[command(subcommand)]
        command: Option<SeriesCmd>,
    },
    /// Empresas que emiten: agregar, listar, probar || Companies that issue: agregar, listar, probar
    #[command(alias = "companies")]
    Empresas {
        #[command(subcommand)]
        command: Option<EmpresasCmd>,
    },
    /// Cuenta de APIMIGO: consultas que quedan || APIMIGO account: calls left
    #[command(alias = "account")]
    Cuenta,
    /// Registro de llamadas || Record of calls
    #[command(alias = "calls")]
    Llamadas(CallsArgs),
    /// Consultas usadas por llave, empresa, operación y mes || Calls used by key, company, operation and month
    #[command(alias = "usage")]
    Consumo(ConsumoArgs),
    /// Inicia el servidor: API HTTP, documentos, métricas || Starts the server: HTTP API, documents, metrics
    Serve(ServeArgs),
    /// Llaves del servidor || Keys of the server
    #[command(alias = "keys")]
    Llaves {
        #[command(subcommand)]
        command: Option<LlavesCmd>,
    },
    /// Descripción de la API, para herramientas || Description of the API, for tools
    Openapi,
    /// Lotes: los entregados a «chaski serve» y los de «ruc lote» || Batches: those handed to "chaski serve" and those of "ruc lote"
    #[command(alias = "batches")]
    Lotes {
        #[command(subcommand)]
        command: Option<LotesCmd>,
    },
    /// Trabajos en segundo plano: listar, ver, cancelar, reintentar || Background jobs: listar, ver, cancelar, reintentar
    #[command(alias = "jobs")]
    Trabajos {
        #[command(subcommand)]
        command: Option<TrabajosCmd>,
    },
    /// Clientes y proveedores, al día con SUNAT || Customers and suppliers, kept up to date with SUNAT
    #[command(subcommand, arg_required_else_help = true)]
    Partners(PartnersCmd),
    /// Inicia en un puerto un APIMIGO y un Nubefact de prueba || Serves an APIMIGO and a Nubefact to try out on a port
    Sandbox(SandboxArgs),
    /// Configuración: init, show, set, check, recargar || Configuration: init, show, set, check, recargar
    #[command(subcommand, arg_required_else_help = true)]
    Config(ConfigCmd),
    /// Lo que se sabe de una persona, y borrarlo: exportar, borrar || What is known of a person, and erasing it: exportar, borrar
    #[command(subcommand, arg_required_else_help = true, alias = "personal-data")]
    DatosPersonales(PersonCmd),
    /// Copia de seguridad de los datos, también mientras se trabaja || Backup of the data, while others work too
    Backup {
        /// Archivo o carpeta donde guardarla || File or folder to save it to
        #[arg(value_name = "DESTINO")]
        to: PathBuf,
        /// Incluir la llave con que se sellan los datos personales || Include the key that seals the personal data
        #[arg(long, alias = "with-key")]
        con_llave: bool,
        #[command(flatten)]
        phrase: PhraseArgs,
    },
    /// Pone una copia de seguridad en la carpeta de datos || Puts a backup into the data folder
    #[command(alias = "restore")]
    Restaurar {
        /// Copia hecha con chaski backup || Copy made with chaski backup
        #[arg(value_name = "COPIA")]
        from: PathBuf,
        /// Apartar lo que haya en la carpeta || Set aside what is in the folder
        #[arg(long, alias = "replace")]
        reemplazar: bool,
        #[command(flatten)]
        phrase: PhraseArgs,
        /// Rechazar también una copia de antes, que no tiene sello || Refuse a copy of before too, which has no seal
        #[arg(long, alias = "demand-seal", conflicts_with = "sin_sello")]
        exigir_sello: bool,
        /// Se perdió la llave o la frase: restaurar sin comprobar que nadie alteró la copia || Key or phrase are lost: restore without proof that nobody altered the copy
        #[arg(long, alias = "without-seal")]
        sin_sello: bool,
    },
    /// Lleva los datos de una carpeta a otra, o a una base de PostgreSQL y de vuelta; lo anterior queda como está || Takes the data of a folder to another, or to a PostgreSQL database and back; what was before stays as it is
    #[command(alias = "migrar")]
    Migrate(MigrateArgs),
    /// ¿Está listo el servidor? Sale con 0 si lo está y con 5 si no || Is the server ready? Exits with 0 if so, with 5 if not
    #[command(alias = "health")]
    Salud {
        /// Dirección del servidor; la de esta máquina, puerto 8420, por defecto || Address of the server; this machine, port 8420, by default
        #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8420")]
        url: String,
    },
    /// Revisa la instalación y dice qué corregir || Checks the installation and says what to mend
    Doctor,
    /// Escribe el autocompletado para su consola || Writes shell completions
    Completions {
        /// Una de bash, zsh, fish, powershell o elvish || One of bash, zsh, fish, powershell or elvish
        #[arg(value_name = "CONSOLA")]
        shell: clap_complete::Shell,
    },
    /// Escribe las páginas de manual || Writes the manual pages
    Man {
        /// Carpeta donde escribir una página por comando; sin ella, la principal por la salida || Folder for one page per command; without it the main one goes to the output
        #[arg(long, value_name = "CARPETA")]
        to: Option<PathBuf>,
    },
    /// Versión del programa || Version of the program
    Version,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct FreshnessArgs {
    /// Consultar de nuevo aunque la respuesta esté guardada || Ask again even if the answer is known
    #[arg(long)]
    pub(in crate::cli) force_refresh: bool,
    /// Aceptar guardado solo si es así de reciente, por ejemplo 1h || Accept a known answer only if this recent, for instance 1h
    #[arg(long, value_name = "TIEMPO", conflicts_with = "force_refresh")]
    pub(in crate::cli) max_age: Option<String>,
}
