//! Why a database on a server of `PostgreSQL` is not used.

use std::io::ErrorKind;

use chaski_core::{Lang, Text, text};

use crate::io_words::reason_of_kind;

/// What is wrong with a server, its database, or the way to it. No variant holds a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PostgresFault {
    /// The text is not the address of a database.
    Address,
    /// The data of the folder are on this machine and database, and its address was not said.
    Elsewhere(String),
    /// Nobody answers there, or the connection broke.
    Unreachable {
        /// What the system said, if it said anything.
        kind: Option<ErrorKind>,
    },
    /// The server does not let this user in.
    Password,
    /// There is no database of that name.
    NoDatabase,
    /// The user may not write, or nobody may.
    ReadOnly,
    /// The server is older than what was tried.
    TooOld,
    /// The database does not hold every text.
    NotUtf8,
    /// The server forgets what it confirmed when the power fails.
    NoFsync,
    /// The server confirms what it has not written yet.
    NoSynchronousCommit,
    /// The database is empty and the folder says that there are data.
    Empty,
    /// Another folder works with the database.
    OtherFolder,
    /// Another process serves it.
    Served,
    /// Somebody works with it.
    InUse,
    /// There are data in it.
    NotEmpty,
    /// What was written to this table is not what was read.
    Unequal(String),
}

impl PostgresFault {
    /// Stable code, never translated.
    pub fn code(&self) -> &'static str {
        match self {
            PostgresFault::Address => "base_direccion",
            PostgresFault::Elsewhere(_) => "base_sin_direccion",
            PostgresFault::Unreachable { .. } => "base_inalcanzable",
            PostgresFault::Password => "base_clave",
            PostgresFault::NoDatabase => "base_no_existe",
            PostgresFault::ReadOnly => "base_solo_lectura",
            PostgresFault::TooOld => "base_antigua",
            PostgresFault::NotUtf8 => "base_sin_utf8",
            PostgresFault::NoFsync => "base_sin_fsync",
            PostgresFault::NoSynchronousCommit => "base_sin_confirmar",
            PostgresFault::Empty => "base_vacia",
            PostgresFault::OtherFolder => "base_de_otra_carpeta",
            PostgresFault::Served => "base_ya_servida",
            PostgresFault::InUse => "base_en_uso",
            PostgresFault::NotEmpty => "base_con_datos",
            PostgresFault::Unequal(_) => "traslado_distinto",
        }
    }

    /// What is wrong and what to do, in Spanish and English.
    pub(super) fn text(&self) -> Text {
        match self {
            PostgresFault::Address => text!(
                "no es la dirección de una base de PostgreSQL: se escribe postgres://usuario@máquina/base",
                "not the address of a PostgreSQL database: it is written postgres://user@machine/database"
            ),
            PostgresFault::Elsewhere(place) => text!(
                "los datos de esta carpeta están en PostgreSQL ({place}): indique --database-url o CHASKI_DATABASE_URL_FILE",
                "the data of this folder are in PostgreSQL ({place}): name it with --database-url or CHASKI_DATABASE_URL_FILE"
            ),
            PostgresFault::Unreachable { kind } => {
                let why = |lang: Lang| {
                    let text = kind.and_then(|kind| reason_of_kind(kind, lang));
                    text.map_or_else(String::new, |text| format!(" ({text})"))
                };
                Text {
                    es: format!(
                        "no se llega al servidor de PostgreSQL{}: revise que esté encendido, y la máquina y el puerto de la dirección",
                        why(Lang::Es)
                    ),
                    en: format!(
                        "the PostgreSQL server cannot be reached{}: check that it runs, and machine and port of the address",
                        why(Lang::En)
                    ),
                }
            }
            PostgresFault::Password => text!(
                "PostgreSQL no deja entrar a ese usuario: revise su contraseña (archivo de PGPASSFILE con permiso 0600, o la de CHASKI_DATABASE_URL_FILE) y pg_hba.conf",
                "PostgreSQL does not let that user in: check the password (file of PGPASSFILE with mode 0600, or the one in CHASKI_DATABASE_URL_FILE) and pg_hba.conf"
            ),
            PostgresFault::NoDatabase => text!(
                "esa base no existe en el servidor de PostgreSQL: créela con: createdb --encoding=UTF8 NOMBRE",
                "there is no such database on the PostgreSQL server: make it with: createdb --encoding=UTF8 NAME"
            ),
            PostgresFault::ReadOnly => text!(
                "no se puede escribir en la base de PostgreSQL: el usuario debe ser su dueño (o tener GRANT CREATE ON DATABASE), y el servidor no ser una réplica",
                "the PostgreSQL database cannot be written: its user must own it (or have GRANT CREATE ON DATABASE), and the server must not be a replica"
            ),
            PostgresFault::TooOld => text!(
                "el servidor es anterior a PostgreSQL 15: actualícelo",
                "the server is older than PostgreSQL 15: update it"
            ),
            PostgresFault::NotUtf8 => text!(
                "la base de PostgreSQL no guarda sus textos en UTF8: cree otra con: createdb --encoding=UTF8 --template=template0 NOMBRE",
                "the PostgreSQL database does not keep its texts in UTF8: make another one with: createdb --encoding=UTF8 --template=template0 NAME"
            ),
            PostgresFault::NoFsync => text!(
                "el servidor de PostgreSQL tiene fsync = off y perdería los datos en un corte de luz: póngalo en on",
                "the PostgreSQL server has fsync = off and would lose data when the power fails: set it to on"
            ),
            PostgresFault::NoSynchronousCommit => text!(
                "el servidor de PostgreSQL tiene synchronous_commit = off y perdería lo que confirmó: póngalo en on",
                "the PostgreSQL server has synchronous_commit = off and would lose what it confirmed: set it to on"
            ),
            PostgresFault::Empty => text!(
                "esa base de PostgreSQL está vacía y esta carpeta ya tiene datos: llévelos con chaski migrate --to DIRECCION, restaure una copia, o empiece en otra carpeta con --dir",
                "that PostgreSQL database is empty and this folder has data already: take them there with chaski migrate --to ADDRESS, restore a backup, or begin in another folder with --dir"
            ),
            PostgresFault::OtherFolder => text!(
                "otra carpeta de datos (otro --dir u otra máquina) está trabajando con esa base de PostgreSQL: use la misma, o deténgala",
                "another data folder (another --dir, or another machine) is working with that PostgreSQL database: use the same one, or stop it"
            ),
            PostgresFault::Served => text!(
                "otro chaski serve atiende ya con esa base de PostgreSQL: deténgalo antes de levantar este (chaski doctor dice quién es)",
                "another chaski serve works with that PostgreSQL database already: stop it before this one begins (chaski doctor says which)"
            ),
            PostgresFault::InUse => text!(
                "Chaski está trabajando con esa base de PostgreSQL: deténgalo y vuelva a intentar",
                "Chaski is working with that PostgreSQL database: stop it and try again"
            ),
            PostgresFault::NotEmpty => text!(
                "ya hay datos en esa base de PostgreSQL: use una vacía",
                "there are data in that PostgreSQL database already: use an empty one"
            ),
            PostgresFault::Unequal(table) => text!(
                "la tabla {table} no llegó igual: no se llevó nada; vuelva a intentar y, si se repite, avise con el texto de chaski doctor",
                "the table {table} did not arrive as it was: nothing was taken; try again and, if it happens again, report it with the text of chaski doctor"
            ),
        }
    }
}
