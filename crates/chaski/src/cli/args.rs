//! What the person typed. Every help text is written "español || English"; [`command`] keeps one.

use std::path::PathBuf;

use chaski_core::Lang;
use clap::{Args, Command, CommandFactory, Parser, Subcommand, ValueEnum};

use super::numbers::whole;

/// Consulta RUC, DNI y tipo de cambio del Perú, uno por uno o por lista de Excel
/// || Looks up Peru's RUC, DNI and exchange rates, one by one or by Excel list
#[derive(Debug, Parser)]
#[command(
    name = "chaski",
    version,
    disable_help_subcommand = true,
    subcommand_required = true
)]
pub(super) struct Typed {
    #[command(flatten)]
    pub(super) global: Global,
    #[command(subcommand)]
    pub(super) command: Cmd,
}

#[derive(Debug, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of its own on the command line"
)]
pub(super) struct Global {
    /// table, json, ndjson, csv o xlsx; por defecto tabla en pantalla y ndjson por tubería || table, json, ndjson, csv or xlsx; table on a screen and ndjson into a pipe by default
    #[arg(long, global = true, value_enum, value_name = "FORMATO")]
    pub(super) format: Option<Format>,
    /// Archivo de salida; su extensión decide el formato || Output file; its extension decides the format
    #[arg(short, long, global = true, value_name = "ARCHIVO")]
    pub(super) output: Option<PathBuf>,
    /// No mostrar avisos ni progreso || No notices, no progress
    #[arg(short, long, global = true)]
    pub(super) quiet: bool,
    /// Mostrar más detalle; -vv para depurar || Show more; -vv to debug
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(super) verbose: u8,
    /// Sin colores || No colours
    #[arg(long, global = true)]
    pub(super) no_color: bool,
    /// No preguntar nunca; si falta un dato, terminar con error || Never ask; fail when something is missing
    #[arg(long, global = true)]
    pub(super) no_input: bool,
    /// Responder sí a toda confirmación || Answer yes to every confirmation
    #[arg(short, long, global = true)]
    pub(super) yes: bool,
    /// Donde la orden escribe un archivo: reemplazarlo aunque no lo haya escrito Chaski || Where the command writes a file: replace it even if Chaski did not write it
    #[arg(long, alias = "replace", global = true)]
    pub(super) reemplazar: bool,
    /// Idioma de los mensajes: es, en || Language of messages: es, en
    #[arg(long, global = true, value_name = "IDIOMA", value_parser = ["es", "en"])]
    pub(super) lang: Option<String>,
    /// Archivo de configuración || Configuration file
    #[arg(long, global = true, value_name = "ARCHIVO")]
    pub(super) config: Option<PathBuf>,
    /// Carpeta de datos || Data folder
    #[arg(long, global = true, value_name = "CARPETA")]
    pub(super) dir: Option<PathBuf>,
    /// Consultar a este servidor de Chaski y no a la carpeta de datos || Ask this server of Chaski and not the data folder
    #[arg(long, global = true, value_name = "URL")]
    pub(super) server: Option<String>,
    /// Plazo total de cada consulta, por ejemplo 10s || Total time for each query, for instance 10s
    #[arg(long, global = true, value_name = "TIEMPO")]
    pub(super) timeout: Option<String>,
    /// Usar el sandbox aunque haya token || Use the sandbox even with a token
    #[arg(long, global = true, conflicts_with = "real")]
    pub(super) sandbox: bool,
    /// Usar el proveedor real; sin token es un error || Use the real upstream; an error without a token
    #[arg(long, global = true)]
    pub(super) real: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Table,
    Json,
    Ndjson,
    Csv,
    Xlsx,
}

#[derive(Debug, Subcommand)]
pub(super) enum Cmd {
    /// Consulta uno o más RUC; con subórdenes: validar, facturacion, lote, invalidos || Looks up RUCs; subcommands: validar, facturacion, lote, invalidos
    Ruc(RucArgs),
    /// Consulta uno o más DNI || Looks up DNIs
    Dni(DniArgs),
    /// Tipo de cambio: el último, el de una fecha o un rango || Exchange rate: latest, of a date or a range
    #[command(alias = "exchange-rate")]
    TipoCambio(RateArgs),
    /// Cuenta de APIMIGO: consultas que quedan || APIMIGO account: calls left
    #[command(alias = "account")]
    Cuenta,
    /// Registro de llamadas || Record of calls
    #[command(alias = "calls")]
    Llamadas(CallsArgs),
    /// Levanta la pasarela HTTP: API, documentos, métricas || Serves the HTTP gateway: API, documents, metrics
    Serve(ServeArgs),
    /// Llaves de la pasarela || Keys of the gateway
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
    /// Levanta el sandbox de APIMIGO en un puerto || Serves the sandbox of APIMIGO on a port
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
    /// Trae a la carpeta de datos lo que hay en una anterior, que queda como está || Brings to the data folder what is in an old one, which stays as it is
    #[command(alias = "migrar")]
    Migrate {
        /// La carpeta de datos anterior || The old data folder
        #[arg(long, value_name = "CARPETA")]
        from: PathBuf,
    },
    /// ¿Está listo el servidor? Sale con 0 si lo está y con 5 si no || Is the server ready? Exits with 0 if so, with 5 if not
    #[command(alias = "health")]
    Salud {
        /// Dirección del servidor; la de esta máquina, puerto 8420, por defecto || Address of the server; this machine, port 8420, by default
        #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8420")]
        url: String,
    },
    /// Revisa la instalación y dice qué corregir || Checks the installation and says what to mend
    Doctor,
    /// Genera el autocompletado de su intérprete de órdenes || Writes shell completions
    Completions {
        /// bash, zsh, fish, powershell o elvish || bash, zsh, fish, powershell or elvish
        #[arg(value_name = "INTERPRETE")]
        shell: clap_complete::Shell,
    },
    /// Escribe las páginas de manual || Writes the manual pages
    Man {
        /// Carpeta donde escribir una página por orden; sin ella, la principal por la salida || Folder for one page per command; without it the main one goes to the output
        #[arg(long, value_name = "CARPETA")]
        to: Option<PathBuf>,
    },
    /// Versión del programa || Version of the program
    Version,
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct RucArgs {
    #[command(subcommand)]
    pub(super) command: Option<RucCmd>,
    #[command(flatten)]
    pub(super) lookup: RucNumbers,
}

#[derive(Debug, Args)]
pub(super) struct RucNumbers {
    /// RUC de 11 dígitos; «-» los lee de la entrada, uno por línea || 11-digit RUCs; "-" reads them from the input, one a line
    #[arg(value_name = "RUC")]
    pub(super) numbers: Vec<String>,
    #[command(flatten)]
    pub(super) freshness: FreshnessArgs,
}

#[derive(Debug, Args)]
pub(super) struct FreshnessArgs {
    /// Consultar de nuevo aunque la respuesta esté guardada || Ask again even if the answer is known
    #[arg(long)]
    pub(super) force_refresh: bool,
    /// Aceptar guardado solo si es así de reciente, por ejemplo 1h || Accept a known answer only if this recent, for instance 1h
    #[arg(long, value_name = "TIEMPO", conflicts_with = "force_refresh")]
    pub(super) max_age: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(super) enum RucCmd {
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
    /// Consulta una lista de Excel, ODS o CSV y escribe el resultado || Looks up an Excel, ODS or CSV list and writes the result
    #[command(alias = "batch")]
    Lote(LoteArgs),
    /// Números que el registro no conoce: listar o borrar || Numbers unknown to the registry: listar or borrar
    Invalidos {
        #[command(subcommand)]
        command: Option<InvalidosCmd>,
    },
}

#[derive(Debug, Args)]
pub(super) struct LoteArgs {
    /// Archivo xlsx, ods o csv; «-» lo lee de la entrada || xlsx, ods or csv file; "-" reads the input
    #[arg(value_name = "LISTA")]
    pub(super) input: PathBuf,
    /// Columna del RUC: su título, letra o número || Column of the RUC: its title, letter or number
    #[arg(long, value_name = "COLUMNA", alias = "column")]
    pub(super) columna: Option<String>,
    /// Continuar el lote interrumpido de este mismo archivo || Go on with the interrupted batch of this same file
    #[arg(long, alias = "resume")]
    pub(super) reanudar: bool,
    /// Escribir solo las filas con algo que corregir || Write only the rows with something to mend
    #[arg(long, alias = "only-errors")]
    pub(super) solo_errores: bool,
    /// Anotar lo que diga SUNAT en los partners que tengan esos RUC || Note what SUNAT says on the partners with those RUCs
    #[arg(long, alias = "update-partners")]
    pub(super) actualizar_partners: bool,
    /// Consultas que la lista puede gastar como máximo; sin esto, lo que se anuncia || Calls that the list may spend at most; without it, what is announced
    #[arg(long, value_name = "N", alias = "spend-up-to", value_parser = whole::<u64, 0>)]
    pub(super) gastar_hasta: Option<u64>,
    #[command(flatten)]
    pub(super) freshness: FreshnessArgs,
}

#[derive(Debug, Subcommand)]
pub(super) enum LotesCmd {
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
    Resultado(IdArgs),
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
pub(super) enum TrabajosCmd {
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
pub(super) struct IdArgs {
    /// Identificador, como lo muestra «listar» || Identifier, as "listar" shows it
    #[arg(value_name = "ID")]
    pub(super) id: uuid::Uuid,
}

#[derive(Debug, Subcommand)]
pub(super) enum InvalidosCmd {
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
pub(super) struct DniArgs {
    /// DNI de 8 dígitos; «-» los lee de la entrada || 8-digit DNIs; "-" reads the input
    #[arg(value_name = "DNI")]
    pub(super) numbers: Vec<String>,
    /// Mostrar el DNI completo en la salida || Show the whole DNI in the output
    #[arg(long, alias = "reveal")]
    pub(super) mostrar: bool,
    /// Para qué se consulta; queda en el registro de llamadas || What the look-up is for; the record of calls keeps it
    #[arg(long, value_name = "MOTIVO", alias = "purpose")]
    pub(super) motivo: Option<String>,
    #[command(flatten)]
    pub(super) freshness: FreshnessArgs,
}

#[derive(Debug, Args)]
pub(super) struct RateArgs {
    /// Fecha AAAA-MM-DD o DD/MM/AAAA || Date YYYY-MM-DD or DD/MM/YYYY
    #[arg(long, value_name = "FECHA", conflicts_with_all = ["desde", "hasta"])]
    pub(super) fecha: Option<String>,
    /// Primera fecha del rango || First date of the range
    #[arg(long, value_name = "FECHA", requires = "hasta")]
    pub(super) desde: Option<String>,
    /// Última fecha del rango || Last date of the range
    #[arg(long, value_name = "FECHA", requires = "desde")]
    pub(super) hasta: Option<String>,
    /// Quién lo publica: sunat (por defecto) o sbs || Who publishes it: sunat (the default) or sbs
    #[arg(long, value_name = "FUENTE", default_value = "sunat", value_parser = ["sunat", "sbs"])]
    pub(super) fuente: String,
    /// USD (por defecto), o EUR con --fuente sbs || USD (the default), or EUR with --fuente sbs
    #[arg(long, value_name = "MONEDA", default_value = "USD", value_parser = ["USD", "EUR"], ignore_case = true)]
    pub(super) moneda: String,
}

#[derive(Debug, Args)]
pub(super) struct CallsArgs {
    /// Desde esta fecha, Lima || From this date on, Lima
    #[arg(long, value_name = "FECHA")]
    pub(super) desde: Option<String>,
    /// Hasta esta fecha, Lima || Up to this date, Lima
    #[arg(long, value_name = "FECHA")]
    pub(super) hasta: Option<String>,
    /// Solo una operación: ruc, dni, cuenta … || Only one operation: ruc, dni, cuenta …
    #[arg(long, value_name = "OPERACION")]
    pub(super) operacion: Option<String>,
    /// Solo las de este proveedor: migo, o chaski para lo propio || Only of this upstream: migo, or chaski for its own
    #[arg(long, value_name = "PROVEEDOR", alias = "provider")]
    pub(super) proveedor: Option<String>,
    /// Solo las que pidió: cli, library, http, o llave: y sus doce cifras || Only those asked by: cli, library, http, or llave: and its twelve digits
    #[arg(long, value_name = "QUIEN", alias = "who")]
    pub(super) quien: Option<String>,
    /// Solo las de este lote || Only those of this batch
    #[arg(long, value_name = "LOTE", alias = "batch")]
    pub(super) lote: Option<uuid::Uuid>,
    /// Solo las que trataron de este número; «-» lo lee de la entrada || Only those about this number; "-" reads it from the input
    #[arg(long, value_name = "NUMERO")]
    pub(super) numero: Option<String>,
    // Not a doc comment: there the name would need back-ticks, which the terminal would show.
    #[arg(
        long,
        value_name = "RESULTADO",
        help = "Solo con este resultado: SUCCESS, NOT_FOUND o el código del error || Only this outcome: SUCCESS, NOT_FOUND or the failure's code"
    )]
    pub(super) resultado: Option<String>,
    /// Solo las que se enviaron al proveedor || Only those sent to the upstream
    #[arg(long)]
    pub(super) enviadas: bool,
    /// Cuántas, las más recientes primero; 50 por defecto || How many, newest first; 50 by default
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = whole::<u32, 1>)]
    pub(super) limite: u32,
    /// Seguir donde terminó la página anterior || Go on where the page before ended
    #[arg(long, value_name = "CURSOR", conflicts_with = "limpiar")]
    pub(super) cursor: Option<String>,
    /// Borrar ahora lo que pasó de su plazo (`audit.retention_days`) || Delete now what is past its time (`audit.retention_days`)
    #[arg(long, alias = "prune", conflicts_with_all = ["desde", "hasta", "operacion", "proveedor", "quien", "lote", "numero", "resultado", "enviadas"])]
    pub(super) limpiar: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum PartnersCmd {
    /// Guarda los partners de una lista de Excel, ODS o CSV || Saves the partners of an Excel, ODS or CSV list
    #[command(alias = "import")]
    Importar {
        /// Archivo xlsx, ods o csv; «-» lo lee de la entrada || xlsx, ods or csv file; "-" reads the input
        #[arg(value_name = "LISTA")]
        input: PathBuf,
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
    pub(super) fn empresa(&self) -> Option<&str> {
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
pub(super) struct WhoseArgs {
    /// De esta empresa a la que sirve la pasarela; los de la casa si no se indica || Of this company that the gateway serves; the house's own when not given
    #[arg(long, value_name = "RUC", alias = "company")]
    pub(super) empresa: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct PartnerFilterArgs {
    /// Solo los aptos para facturarles: ACTIVO y HABIDO || Only those fit to be invoiced: ACTIVO and HABIDO
    #[arg(long, alias = "fit", conflicts_with_all = ["no_aptos", "nunca"])]
    pub(super) aptos: bool,
    /// Solo los consultados que no son aptos || Only those checked and not fit
    #[arg(long, alias = "unfit", conflicts_with = "nunca")]
    pub(super) no_aptos: bool,
    /// Solo los que nunca se consultaron || Only those never checked
    #[arg(long, alias = "never")]
    pub(super) nunca: bool,
    /// Cuyo nombre contiene este texto (empresas), o cuyo número es este || Whose name holds this text (companies), or whose number it is
    #[arg(long, value_name = "TEXTO", alias = "search")]
    pub(super) buscar: Option<String>,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct WhichPartnersArgs {
    /// Los que tienen estos RUC || Those with these RUCs
    #[arg(value_name = "RUC")]
    pub(super) numbers: Vec<String>,
    /// Todos los que están en uso || All that are in use
    #[arg(long, alias = "all")]
    pub(super) todos: bool,
    /// Solo los que nunca se consultaron || Only those never checked
    #[arg(long, alias = "never")]
    pub(super) nunca: bool,
    /// Los que tocan esta noche: los nunca consultados y los de consulta más antigua, hasta `partners.refresh_limit` || Those due tonight: never checked, then the oldest checks, up to `partners.refresh_limit`
    #[arg(long, alias = "due")]
    pub(super) pendientes: bool,
}

#[derive(Debug, Args)]
pub(super) struct PartnerChangesArgs {
    /// Solo de este documento || Only of this document
    #[arg(long, value_name = "NUMERO")]
    pub(super) numero: Option<String>,
    /// Desde esta fecha, Lima || From this date on, Lima
    #[arg(long, value_name = "FECHA")]
    pub(super) desde: Option<String>,
    /// Hasta esta fecha, Lima || Up to this date, Lima
    #[arg(long, value_name = "FECHA")]
    pub(super) hasta: Option<String>,
    /// Cuántos, los más recientes primero; 50 por defecto || How many, newest first; 50 by default
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = whole::<u32, 1>)]
    pub(super) limite: u32,
    /// Mostrar completos los números de personas || Show the numbers of persons whole
    #[arg(long, alias = "reveal")]
    pub(super) mostrar: bool,
    #[command(flatten)]
    pub(super) whose: WhoseArgs,
}

#[derive(Debug, Args)]
pub(super) struct ServeArgs {
    /// Dirección donde escuchar, en lugar de la configurada || Address to listen on instead of the configured one
    #[arg(long, value_name = "DIRECCION")]
    pub(super) listen: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(super) enum LlavesCmd {
    /// Lista las llaves; ninguna se muestra entera || Lists the keys; none is shown whole
    #[command(alias = "list")]
    Listar,
    /// Crea una llave y la muestra esta única vez || Makes a key and shows it this once
    #[command(alias = "create")]
    Crear(LlaveArgs),
    /// Revoca una llave por su comienzo || Revokes a key by its beginning
    #[command(alias = "revoke")]
    Revocar {
        /// Comienzo de la llave, como la muestra «listar» || Beginning of the key, as "listar" shows it
        #[arg(value_name = "LLAVE")]
        key: String,
    },
}

#[derive(Debug, Args)]
pub(super) struct LlaveArgs {
    /// Nombre de quien la usará || Name of who will use it
    #[arg(value_name = "NOMBRE")]
    pub(super) name: String,
    /// Llave de prueba: la atiende el sandbox aunque haya token || Test key: the sandbox answers it even with a token
    #[arg(long, alias = "test")]
    pub(super) prueba: bool,
    /// Empresa de quien la usará, si la pasarela sirve a varias; sin ella es de la casa || Company of who will use it, if the gateway serves several; without it the key is the house's
    #[arg(long, value_name = "RUC", alias = "company")]
    pub(super) empresa: Option<String>,
    /// Permisos: consultas, dni, lotes, partners, auditoria, administracion; todos si no se indica || Scopes: consultas, dni, lotes, partners, auditoria, administracion; all when not given
    #[arg(long, value_name = "PERMISO", value_delimiter = ',', alias = "scopes")]
    pub(super) permisos: Vec<String>,
    /// Cuánto vale, por ejemplo 90d; para siempre si no se indica || How long it is good, for instance 90d; for ever when not given
    #[arg(long, value_name = "TIEMPO", alias = "expires")]
    pub(super) vence: Option<String>,
    /// Peticiones por minuto; 0 = sin límite || Requests a minute; 0 = no limit
    #[arg(long, value_name = "N", default_value_t = 0, alias = "rpm", value_parser = whole::<u32, 0>)]
    pub(super) por_minuto: u32,
    /// Consultas pagadas por día; 0 = sin límite || Paid calls a day; 0 = no limit
    #[arg(long, value_name = "N", default_value_t = 0, alias = "daily", value_parser = whole::<u32, 0>)]
    pub(super) por_dia: u32,
}

#[derive(Debug, Args)]
pub(super) struct SandboxArgs {
    /// Dirección donde escuchar; 127.0.0.1:8421 por defecto || Address to listen on; 127.0.0.1:8421 by default
    #[arg(long, value_name = "DIRECCION", default_value = "127.0.0.1:8421")]
    pub(super) listen: String,
    /// Demora de las respuestas: 100ms, lognormal:100ms:1s || Delay of answers: 100ms, lognormal:100ms:1s
    #[arg(long, value_name = "DEMORA", alias = "latency")]
    pub(super) latencia: Option<String>,
    /// Cuota del plan ficticio || Quota of the invented plan
    #[arg(long, value_name = "N", alias = "quota", value_parser = whole::<u64, 0>)]
    pub(super) cuota: Option<u64>,
    /// Cobrar por RUC y no por llamada en las colecciones || Charge collections by RUC, not by call
    #[arg(long)]
    pub(super) cobro_por_ruc: bool,
    /// Omitir en las colecciones los RUC que no existen || Leave unknown RUCs out of collections
    #[arg(long)]
    pub(super) omitir_inexistentes: bool,
    /// Semilla de los datos || Seed of the data
    #[arg(long, value_name = "N", alias = "seed", value_parser = whole::<u64, 0>)]
    pub(super) semilla: Option<u64>,
    /// Archivo donde anotar cada pedido, una línea JSON por pedido || File that notes every request, one JSON line each
    #[arg(long, value_name = "ARCHIVO", alias = "ledger")]
    pub(super) registro: Option<PathBuf>,
    /// Token que se rechaza, para probar || Token to refuse, for tests
    #[arg(long, value_name = "TOKEN")]
    pub(super) rechazar_token: Vec<String>,
    /// Fallos, por ejemplo 429:retry=2@ruc x3 || Faults, for instance 429:retry=2@ruc x3
    #[arg(value_name = "FALLO")]
    pub(super) fallos: Vec<String>,
}

#[derive(Debug, Args)]
pub(super) struct PhraseArgs {
    /// La copia se sella con una frase, que se pide sin mostrarla || The copy is sealed with a phrase, asked for without showing it
    #[arg(long, alias = "phrase", conflicts_with = "frase_archivo")]
    pub(super) frase: bool,
    /// La frase, en un archivo || The phrase, in a file
    #[arg(long, value_name = "ARCHIVO", alias = "phrase-file")]
    pub(super) frase_archivo: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(super) enum ConfigCmd {
    /// Escribe un chaski.toml de ejemplo en esta carpeta || Writes a sample chaski.toml into this folder
    Init {
        /// Reemplazar el que exista || Replace an existing one
        #[arg(long)]
        force: bool,
    },
    /// Muestra cada valor; los secretos, ocultos || Shows every value; secrets hidden
    Show {
        /// De dónde salió cada valor || Where each value came from
        #[arg(long)]
        origin: bool,
    },
    /// Cambia un valor del archivo del usuario; el token se pide sin mostrarlo || Changes a value in the user's file; the token is asked for without showing it
    Set {
        /// Clave, por ejemplo migo.token || Key, for instance migo.token
        #[arg(value_name = "CLAVE")]
        key: String,
        /// Valor; no lo escriba aquí si es un token || Value; do not write a token here
        #[arg(value_name = "VALOR", allow_negative_numbers = true)]
        value: Option<String>,
    },
    /// Revisa la configuración sin hacer nada más || Checks the configuration and does nothing else
    Check,
    /// Hace que el servidor que trabaja en la carpeta lea de nuevo token y límites || Makes the server that works in the folder read token and limits again
    #[command(alias = "reload")]
    Recargar,
}

#[derive(Debug, Subcommand)]
pub(super) enum PersonCmd {
    /// Escribe en JSON lo que se sabe de un DNI: respuestas, llamadas, lotes || Writes as JSON what is known of a DNI: answers, calls, batches
    #[command(alias = "export")]
    Exportar(PersonArgs),
    /// Borra lo que se sabe de un DNI || Erases what is known of a DNI
    #[command(alias = "erase")]
    Borrar(PersonArgs),
}

#[derive(Debug, Args)]
pub(super) struct PersonArgs {
    /// DNI de 8 dígitos; «-» o nada lo lee de la entrada y no queda en el historial || 8-digit DNI; "-" or nothing reads it from the input, so that no history keeps it
    #[arg(long, value_name = "DNI")]
    pub(super) dni: Option<String>,
    /// Por qué, por ejemplo el número de la solicitud; queda en el registro || Why, for instance the number of the request; the record keeps it
    #[arg(long, value_name = "MOTIVO", alias = "purpose")]
    pub(super) motivo: Option<String>,
}

/// The command in one language, with headings in that language too.
pub(super) fn command(lang: Lang) -> Command {
    let template = lang.pick(
        "{about-with-newline}\nUso: {usage}\n\n{all-args}{after-help}",
        "{about-with-newline}\nUsage: {usage}\n\n{all-args}{after-help}",
    );
    let after = lang.pick(
        "Ejemplos:\n  chaski ruc 20100070970\n  chaski ruc lote clientes.xlsx -o resultado.xlsx\n  chaski tipo-cambio --fecha 2026-07-28\n\nSin token configurado responde un sandbox con datos ficticios y nada sale a Internet.",
        "Examples:\n  chaski ruc 20100070970\n  chaski ruc lote clientes.xlsx -o resultado.xlsx\n  chaski tipo-cambio --fecha 2026-07-28\n\nWithout a token a sandbox with invented data answers and nothing leaves for the Internet.",
    );
    let version = clap::Arg::new("version")
        .short('V')
        .long("version")
        .action(clap::ArgAction::Version)
        .display_order(901)
        .help(lang.pick("Muestra la versión", "Shows the version"));
    let command = localized(Typed::command(), lang, template)
        .after_help(after)
        .arg(version.help_heading(lang.pick("Opciones generales", "General options")));
    // The parser builds "Uso: … [OPTIONS]" only when it knows the whole path of a command.
    let mut built = command.clone();
    built.build();
    with_usage(command, &mut built, lang)
}

fn localized(command: Command, lang: Lang, template: &'static str) -> Command {
    let about = command
        .get_about()
        .map(|text| half(&text.to_string(), lang));
    let mut command = command
        .help_template(template)
        .subcommand_help_heading(lang.pick("Órdenes", "Commands"))
        .subcommand_value_name(lang.pick("ORDEN", "COMMAND"))
        .disable_help_flag(true)
        .disable_version_flag(true);
    if let Some(about) = about {
        command = command.about(about.clone()).long_about(about);
    }
    let help = clap::Arg::new("help")
        .short('h')
        .long("help")
        .action(clap::ArgAction::HelpShort)
        .display_order(900)
        .help_heading(lang.pick("Opciones generales", "General options"))
        .help(lang.pick("Muestra esta ayuda", "Shows this help"));
    command = command.mut_args(|arg| localized_arg(arg, lang)).arg(help);
    let names: Vec<String> = command
        .get_subcommands()
        .map(|sub| sub.get_name().to_owned())
        .collect();
    for name in names {
        command = command.mut_subcommand(name, |sub| localized(sub, lang, template));
    }
    command
}

/// Which values are good and which is the default are said in the help text itself: the parser
/// would say it in English.
fn localized_arg(arg: clap::Arg, lang: Lang) -> clap::Arg {
    let heading = match (arg.is_positional(), arg.is_global_set()) {
        (true, _) => lang.pick("Datos", "Arguments"),
        (false, true) => lang.pick("Opciones generales", "General options"),
        (false, false) => lang.pick("Opciones", "Options"),
    };
    let text = arg.get_help().map(|text| half(&text.to_string(), lang));
    let value = arg
        .get_value_names()
        .and_then(|names| names.first())
        .map(|name| value_name(name, lang));
    let mut arg = arg.help_heading(heading);
    if arg.get_action().takes_values() {
        arg = arg.hide_possible_values(true).hide_default_value(true);
    }
    if let Some(text) = text {
        arg = arg.help(text);
    }
    if let Some(value) = value {
        arg = arg.value_name(value);
    }
    arg
}

/// Names of values; those of the tax form stay as they are.
fn value_name(name: &str, lang: Lang) -> &'static str {
    const NAMES: [(&str, &str); 37] = [
        ("ARCHIVO", "FILE"),
        ("CARPETA", "FOLDER"),
        ("CLAVE", "KEY"),
        ("COLUMNA", "COLUMN"),
        ("COPIA", "COPY"),
        ("CURSOR", "CURSOR"),
        ("DEMORA", "DELAY"),
        ("DESTINO", "DESTINATION"),
        ("DIRECCION", "ADDRESS"),
        ("DNI", "DNI"),
        ("ESTADO", "STATE"),
        ("DOCUMENTO", "DOCUMENT"),
        ("FALLO", "FAULT"),
        ("FECHA", "DATE"),
        ("FORMATO", "FORMAT"),
        ("FUENTE", "SOURCE"),
        ("ID", "ID"),
        ("IDIOMA", "LANGUAGE"),
        ("INTERPRETE", "SHELL"),
        ("LISTA", "LIST"),
        ("LLAVE", "KEY"),
        ("LOTE", "BATCH"),
        ("MONEDA", "CURRENCY"),
        ("MOTIVO", "PURPOSE"),
        ("N", "N"),
        ("NOMBRE", "NAME"),
        ("NUMERO", "NUMBER"),
        ("OPERACION", "OPERATION"),
        ("PERMISO", "SCOPE"),
        ("PROVEEDOR", "UPSTREAM"),
        ("QUIEN", "WHO"),
        ("RESULTADO", "OUTCOME"),
        ("RUC", "RUC"),
        ("TEXTO", "TEXT"),
        ("TIEMPO", "TIME"),
        ("TOKEN", "TOKEN"),
        ("URL", "URL"),
    ];
    let (es, en) = NAMES
        .into_iter()
        .find(|(es, _)| *es == name)
        .unwrap_or(("VALOR", "VALUE"));
    lang.pick(es, en)
}

fn with_usage(command: Command, built: &mut Command, lang: Lang) -> Command {
    let usage = built.render_usage().to_string();
    let usage = usage.trim_start_matches("Usage:").trim();
    let usage = match lang {
        // The second line of a usage stands below the first, past "Uso: ".
        Lang::Es => usage
            .replace("[OPTIONS]", "[OPCIONES]")
            .replace("\n       ", "\n     "),
        Lang::En => usage.to_owned(),
    };
    let mut command = command.override_usage(usage);
    let names: Vec<String> = command
        .get_subcommands()
        .map(|sub| sub.get_name().to_owned())
        .collect();
    for name in names {
        if let Some(inner) = built.find_subcommand_mut(&name) {
            command = command.mut_subcommand(&name, |sub| with_usage(sub, inner, lang));
        }
    }
    command
}

fn half(text: &str, lang: Lang) -> String {
    let (es, en) = text.split_once("||").unwrap_or((text, text));
    lang.pick(es, en).trim().to_owned()
}
