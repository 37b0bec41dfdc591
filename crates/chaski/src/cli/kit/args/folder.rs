//! `backup`, `restore`, `config`, `datos-personales`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};

#[derive(Debug, Args)]
pub(in crate::cli) struct PhraseArgs {
    /// La copia se sella con una frase, que se pide sin mostrarla || The copy is sealed with a phrase, asked for without showing it
    #[arg(long, alias = "phrase", conflicts_with = "frase_archivo")]
    pub(in crate::cli) frase: bool,
    /// La frase, en un archivo || The phrase, in a file
    #[arg(long, value_name = "ARCHIVO", alias = "phrase-file")]
    pub(in crate::cli) frase_archivo: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum ConfigCmd {
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
pub(in crate::cli) enum PersonCmd {
    /// Escribe en JSON lo que se sabe de un DNI: respuestas, llamadas, lotes; los comprobantes emitidos, no || Writes as JSON what is known of a DNI: answers, calls, batches; not documents issued
    #[command(alias = "export")]
    Exportar(PersonArgs),
    /// Borra lo que se sabe de un DNI; los comprobantes emitidos se conservan, como manda la ley || Erases what is known of a DNI; documents issued are kept, as the law has it
    #[command(alias = "erase")]
    Borrar(PersonArgs),
}

#[derive(Debug, Args)]
pub(in crate::cli) struct PersonArgs {
    /// DNI de 8 dígitos; «-» o nada lo lee de la entrada y no queda en el historial || 8-digit DNI; "-" or nothing reads it from the input, so that no history keeps it
    #[arg(long, value_name = "DNI")]
    pub(in crate::cli) dni: Option<String>,
    /// Por qué, por ejemplo el número de la solicitud; queda en el registro || Why, for instance the number of the request; the record keeps it
    #[arg(long, value_name = "MOTIVO", alias = "purpose")]
    pub(in crate::cli) motivo: Option<String>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct MigrateArgs {
    /// La carpeta anterior, o la dirección de la base; la de la configuración si no se dice || The old folder, or the address of the database; that of the configuration if not said
    #[arg(long, value_name = "ORIGEN", value_hint = ValueHint::AnyPath, required_unless_present = "to")]
    pub(in crate::cli) from: Option<String>,
    /// La carpeta o la dirección de la base adonde van; la carpeta de datos si no se dice || The folder or the address of the database where they go; the data folder if not said
    #[arg(long, value_name = "DESTINO", value_hint = ValueHint::AnyPath)]
    pub(in crate::cli) to: Option<String>,
    /// Apartar la base que haya en la carpeta de destino || Set aside the database that is in the target folder
    #[arg(long, alias = "replace")]
    pub(in crate::cli) reemplazar: bool,
}
