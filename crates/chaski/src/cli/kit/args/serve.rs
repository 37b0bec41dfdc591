//! `serve`, `llaves`, `sandbox`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::cli::kit::numbers::whole;

#[derive(Debug, Args)]
pub(in crate::cli) struct ServeArgs {
    /// Dirección donde escuchar, en lugar de la configurada || Address to listen on instead of the configured one
    #[arg(long, value_name = "DIRECCION")]
    pub(in crate::cli) listen: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum LlavesCmd {
    /// Lista las llaves; ninguna se muestra entera || Lists the keys; none is shown whole
    #[command(alias = "list")]
    Listar,
    /// Crea una llave y la muestra esta única vez || Makes a key and shows it this once
    #[command(alias = "create")]
    Crear(LlaveArgs),
    /// Cambia nombre, permisos, límites o vencimiento de una llave; lo que no se indica queda igual || Changes name, scopes, limits or expiry of a key; what is not given stays
    #[command(
        alias = "edit",
        after_help = "Ejemplos:\n  chaski llaves editar chk_live_0f3a9c1b2d4e --por-dia 500\n  chaski llaves editar chk_live_0f3a9c1b2d4e --permisos consultas,lotes --vence nunca || Examples:\n  chaski llaves editar chk_live_0f3a9c1b2d4e --por-dia 500\n  chaski llaves editar chk_live_0f3a9c1b2d4e --permisos consultas,lotes --vence nunca"
    )]
    Editar(LlaveChangeArgs),
    /// Cambia el secreto de una llave, y lo muestra esta única vez || Changes the secret of a key, and shows it this once
    #[command(alias = "rotate")]
    Rotar {
        /// Comienzo de la llave, como la muestra «listar» || Beginning of the key, as "listar" shows it
        #[arg(value_name = "LLAVE")]
        key: String,
    },
    /// Revoca una llave por su comienzo || Revokes a key by its beginning
    #[command(alias = "revoke")]
    Revocar {
        /// Comienzo de la llave, como la muestra «listar» || Beginning of the key, as "listar" shows it
        #[arg(value_name = "LLAVE")]
        key: String,
    },
}

#[derive(Debug, Args)]
pub(in crate::cli) struct LlaveArgs {
    /// Nombre de quien la usará || Name of who will use it
    #[arg(value_name = "NOMBRE")]
    pub(in crate::cli) name: String,
    /// Llave de prueba: la atiende el sandbox aunque haya token || Test key: the sandbox answers it even with a token
    #[arg(long, alias = "test")]
    pub(in crate::cli) prueba: bool,
    /// Empresa de quien la usará, si el servidor atiende a varias; sin ella es de la casa || Company of who will use it, if the server serves several; without it the key is the house's
    #[arg(long, value_name = "RUC", alias = "company")]
    pub(in crate::cli) empresa: Option<String>,
    /// Series con las que emite y que ve, si no son todas || Series that it issues with and sees, if not all
    #[arg(long, value_name = "SERIE", value_delimiter = ',')]
    pub(in crate::cli) series: Vec<String>,
    /// Permisos: consultas, dni, lotes, partners, auditoria, administracion, emitir, anular, comprobantes, llaves; todos menos llaves si no se indica || Scopes: consultas, dni, lotes, partners, auditoria, administracion, emitir, anular, comprobantes, llaves; all but llaves when not given
    #[arg(long, value_name = "PERMISO", value_delimiter = ',', alias = "scopes")]
    pub(in crate::cli) permisos: Vec<String>,
    /// Cuánto vale, por ejemplo 90d; para siempre si no se indica || How long it is good, for instance 90d; for ever when not given
    #[arg(long, value_name = "TIEMPO", alias = "expires")]
    pub(in crate::cli) vence: Option<String>,
    /// Peticiones por minuto; 0 = sin límite || Requests a minute; 0 = no limit
    #[arg(long, value_name = "N", default_value_t = 0, alias = "rpm", value_parser = whole::<u32, 0>)]
    pub(in crate::cli) por_minuto: u32,
    /// Consultas pagadas por día; 0 = sin límite || Paid calls a day; 0 = no limit
    #[arg(long, value_name = "N", default_value_t = 0, alias = "daily", value_parser = whole::<u32, 0>)]
    pub(in crate::cli) por_dia: u32,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct LlaveChangeArgs {
    /// Comienzo de la llave, como la muestra «listar» || Beginning of the key, as "listar" shows it
    #[arg(value_name = "LLAVE")]
    pub(in crate::cli) key: String,
    /// Otro nombre || Another name
    #[arg(long, value_name = "NOMBRE", alias = "name")]
    pub(in crate::cli) nombre: Option<String>,
    /// Los permisos que tendrá, en lugar de los que tiene || The scopes it will have, in place of those it has
    #[arg(long, value_name = "PERMISO", value_delimiter = ',', alias = "scopes")]
    pub(in crate::cli) permisos: Vec<String>,
    /// Cuánto vale desde ahora, por ejemplo 90d; «nunca» para que no venza || How long it is good from now on, for instance 90d; "nunca" for ever
    #[arg(long, value_name = "TIEMPO", alias = "expires")]
    pub(in crate::cli) vence: Option<String>,
    /// Peticiones por minuto; 0 = sin límite || Requests a minute; 0 = no limit
    #[arg(long, value_name = "N", alias = "rpm", value_parser = whole::<u32, 0>)]
    pub(in crate::cli) por_minuto: Option<u32>,
    /// Consultas pagadas por día; 0 = sin límite || Paid calls a day; 0 = no limit
    #[arg(long, value_name = "N", alias = "daily", value_parser = whole::<u32, 0>)]
    pub(in crate::cli) por_dia: Option<u32>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct SandboxArgs {
    /// Dirección donde escuchar; 127.0.0.1:8421 por defecto || Address to listen on; 127.0.0.1:8421 by default
    #[arg(long, value_name = "DIRECCION", default_value = "127.0.0.1:8421")]
    pub(in crate::cli) listen: String,
    /// Demora de las respuestas: 100ms, lognormal:100ms:1s || Delay of answers: 100ms, lognormal:100ms:1s
    #[arg(long, value_name = "DEMORA", alias = "latency")]
    pub(in crate::cli) latencia: Option<String>,
    /// Cuota del plan ficticio || Quota of the invented plan
    #[arg(long, value_name = "N", alias = "quota", value_parser = whole::<u64, 0>)]
    pub(in crate::cli) cuota: Option<u64>,
    /// Cobrar por RUC y no por llamada en las colecciones || Charge collections by RUC, not by call
    #[arg(long)]
    pub(in crate::cli) cobro_por_ruc: bool,
    /// Omitir en las colecciones los RUC que no existen || Leave unknown RUCs out of collections
    #[arg(long)]
    pub(in crate::cli) omitir_inexistentes: bool,
    /// Semilla de los datos || Seed of the data
    #[arg(long, value_name = "N", alias = "seed", value_parser = whole::<u64, 0>)]
    pub(in crate::cli) semilla: Option<u64>,
    /// Archivo donde anotar cada pedido, una línea JSON por pedido || File that notes every request, one JSON line each
    #[arg(long, value_name = "ARCHIVO", alias = "ledger")]
    pub(in crate::cli) registro: Option<PathBuf>,
    /// Carpeta donde el Nubefact ficticio recuerda; sin ella olvida al terminar || Folder where the invented Nubefact remembers; without it everything is forgotten at the end
    #[arg(long, value_name = "CARPETA", alias = "folder")]
    pub(in crate::cli) carpeta: Option<PathBuf>,
    /// Token que se rechaza, para probar || Token to refuse, for tests
    #[arg(long, value_name = "TOKEN")]
    pub(in crate::cli) rechazar_token: Vec<String>,
    /// Fallos, por ejemplo 429:retry=2@ruc x3 || Faults, for instance 429:retry=2@ruc x3
    #[arg(value_name = "FALLO")]
    pub(in crate::cli) fallos: Vec<String>,
}
