//! Why the store could not be opened, read or written, with what to do about it.

use std::path::{Path, PathBuf};

use chaski_client::LedgerError;
use chaski_core::{Lang, Text, text};
use sqlx::postgres::PgDatabaseError;

use super::fault::PostgresFault;

/// A failure of the store. No variant holds a number, a name or a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.message(Lang::Es))]
pub enum StoreError {
    /// The disk, or the limit set for the database, is exhausted.
    DiskFull,
    /// The folder or a file in it that cannot be written.
    ReadOnly(PathBuf),
    /// Another process kept the database locked for longer than we wait.
    Locked,
    /// The file is a database of another program, or no database.
    NotOurs(PathBuf),
    /// The database is damaged.
    Corrupt,
    /// The file is empty, cut short, or beside a key and not a database of ours.
    Damaged(PathBuf),
    /// A newer Chaski has written this database.
    NewerSchema {
        /// Version of the file.
        found: u32,
        /// Newest version this program knows.
        known: u32,
    },
    /// There is sealed personal data and no key for it.
    KeyMissing,
    /// There is sealed personal data, and this is not the key it was sealed with.
    KeyWrong,
    /// What was given as a key is not one.
    KeyMalformed,
    /// No batch with that identifier.
    NoSuchBatch,
    /// No job with that identifier.
    NoSuchJob,
    /// A request with that idempotency key created something already.
    DoneBefore,
    /// The worker no longer holds its job: it was paused, cancelled or taken over.
    LeaseLost,
    /// The subjects of a batch are not all of one provider and operation.
    MixedBatch,
    /// The text is not a cursor of ours.
    BadCursor,
    /// What is to be written would break a rule of issuing, which is named: nothing of it is written.
    Contradiction(&'static str),
    /// Somebody else has taken over the issuing of documents.
    NotTheIssuer,
    /// Documents were issued from both of two folders that are to become one.
    TwoJournals,
    /// The store was closed.
    Closed,
    /// A server of `PostgreSQL`, or the way to it.
    Postgres(PostgresFault),
    /// Anything else that the database said.
    Database {
        /// Extended result code of the database, 0 if there is none.
        code: i32,
        /// Its own words; they never hold values.
        detail: String,
    },
}

impl StoreError {
    /// Stable code, never translated.
    pub fn code(&self) -> &'static str {
        match self {
            StoreError::DiskFull => "almacen_lleno",
            StoreError::ReadOnly { .. } => "almacen_solo_lectura",
            StoreError::Locked => "almacen_bloqueado",
            StoreError::NotOurs { .. } => "almacen_ajeno",
            StoreError::Corrupt | StoreError::Damaged { .. } => "almacen_danado",
            StoreError::NewerSchema { .. } => "almacen_mas_nuevo",
            StoreError::KeyMissing => "llave_ausente",
            StoreError::KeyWrong => "llave_incorrecta",
            StoreError::KeyMalformed => "llave_mal_formada",
            StoreError::NoSuchBatch => "lote_no_existe",
            StoreError::NoSuchJob => "trabajo_no_existe",
            StoreError::DoneBefore => "ya_creado",
            StoreError::LeaseLost => "trabajo_cedido",
            StoreError::MixedBatch => "lote_mezclado",
            StoreError::BadCursor => "cursor_invalido",
            StoreError::Contradiction(_) => "emision_contradictoria",
            StoreError::NotTheIssuer => "emision_cedida",
            StoreError::TwoJournals => "diario_no_se_une",
            StoreError::Closed => "almacen_cerrado",
            StoreError::Postgres(fault) => fault.code(),
            StoreError::Database { .. } => "almacen_error",
        }
    }

    /// What happened and what to do, for people.
    pub fn message(&self, lang: Lang) -> String {
        self.text().pick(lang)
    }

    /// Whether it concerns the whole store and not one request: what was queued is kept and
    /// tried again.
    pub(super) fn is_of_the_store(&self) -> bool {
        !matches!(
            self,
            StoreError::NoSuchBatch
                | StoreError::NoSuchJob
                | StoreError::DoneBefore
                | StoreError::LeaseLost
                | StoreError::MixedBatch
                | StoreError::BadCursor
                | StoreError::Contradiction(_)
                | StoreError::NotTheIssuer
                | StoreError::TwoJournals
        ) && !self.is_constraint()
    }

    /// Whether nothing was written and the same may be written later, without anybody's doing here.
    pub(super) fn may_pass(&self) -> bool {
        matches!(
            self,
            StoreError::DiskFull | StoreError::Locked | StoreError::Postgres(_)
        )
    }

    /// Whether the system could not bring to the disk what it had been given. What was lost is not known,
    /// and asking for it again may succeed without having done anything
    /// (<https://wiki.postgresql.org/wiki/Fsync_Errors>). One that fails in a checkpoint is no such loss: the
    /// log is synced already, and the next checkpoint writes all of its pages again.
    pub(super) fn is_lost_sync(&self) -> bool {
        let lost = [SQLITE_IOERR_FSYNC, SQLITE_IOERR_DIR_FSYNC];
        matches!(self, StoreError::Database { code, .. } if lost.contains(code))
    }

    /// A write that contradicts what is stored, such as an identifier used twice.
    fn is_constraint(&self) -> bool {
        matches!(self, StoreError::Database { code, .. } if code & 0xff == SQLITE_CONSTRAINT)
    }

    fn text(&self) -> Text {
        match self {
            StoreError::DiskFull => text!(
                "no queda espacio para guardar: libere espacio en el disco; lo pendiente se guardará \
                 solo y mientras tanto no se consulta",
                "no space left to store: free disk space; what is pending will then be stored by \
                 itself, and nothing is asked meanwhile"
            ),
            StoreError::ReadOnly(path) => text!(
                "no se puede escribir en {}: revise el dueño y los permisos de la carpeta",
                "cannot write to {}: check the owner and permissions of the folder",
                path.display()
            ),
            StoreError::Locked => text!(
                "otro proceso tiene bloqueada la base de datos: ciérrelo e intente de nuevo",
                "another process keeps the database locked: close it and try again"
            ),
            StoreError::NotOurs(path) => text!(
                "«{}» no es una base de datos de Chaski: elija otra carpeta de datos",
                "{} is not a Chaski database: choose another data folder",
                path.display()
            ),
            StoreError::Corrupt => text!(
                "la base de datos está dañada: detenga Chaski y restaure la última copia de \
                 seguridad",
                "the database is damaged: stop Chaski and restore the latest backup"
            ),
            StoreError::Damaged(path) => text!(
                "{} está dañado (falta, o está vacío, recortado o reemplazado) y no se usa como carpeta nueva: \
                 restaure la última copia con chaski restaurar COPIA --reemplazar, o elija otra \
                 carpeta con --dir",
                "{} is damaged (missing, emptied, cut short or replaced) and is not taken for a new \
                 folder: restore the latest backup with chaski restaurar COPY --reemplazar, or \
                 choose another folder with --dir",
                path.display()
            ),
            StoreError::NewerSchema { found, known } => text!(
                "la base de datos es de una versión más nueva de Chaski (esquema {found}, \
                 este programa conoce hasta {known}): actualice el programa",
                "the database was written by a newer Chaski (schema {found}, this program \
                 knows up to {known}): update the program"
            ),
            StoreError::KeyMissing => text!(
                "falta la llave con la que se cifraron los datos personales: restaure el archivo \
                 «llave» de la copia de seguridad o indíquela con CHASKI_KEY_FILE",
                "the key that sealed the personal data is missing: restore the file \"llave\" \
                 from the backup or name it with CHASKI_KEY_FILE"
            ),
            StoreError::KeyWrong => text!(
                "la llave no es la que cifró los datos personales de esta carpeta: use la \
                 original",
                "this is not the key that sealed the personal data of this folder: use the \
                 original one"
            ),
            StoreError::KeyMalformed => text!(
                "la llave debe tener 64 dígitos hexadecimales (32 bytes)",
                "the key must have 64 hexadecimal digits (32 bytes)"
            ),
            StoreError::NoSuchBatch => text!("no existe ese lote", "no such batch"),
            StoreError::NoSuchJob => text!("no existe ese trabajo", "no such job"),
            StoreError::DoneBefore => text!(
                "una petición con esa Idempotency-Key ya se atendió",
                "a request with that Idempotency-Key was answered already"
            ),
            StoreError::LeaseLost => text!(
                "el trabajo se detuvo o lo tomó otro proceso",
                "the job was stopped or taken over by another process"
            ),
            StoreError::MixedBatch => text!(
                "un lote solo puede tener números de una misma consulta",
                "a batch can only have numbers of one operation"
            ),
            StoreError::BadCursor => text!(
                "el cursor no es válido: empiece desde la primera página",
                "the cursor is not valid: start from the first page"
            ),
            StoreError::Contradiction(rule) => text!(
                "lo que se iba a guardar contradice la regla {rule} de la emisión y no se guardó: no emita \
                 otra vez ese comprobante y repórtelo",
                "what was going to be stored contradicts rule {rule} of issuing and was not stored: do not \
                 issue that document again, and report it"
            ),
            StoreError::NotTheIssuer => text!(
                "otro proceso se encarga ahora de emitir con esta carpeta",
                "another process issues with this folder now"
            ),
            StoreError::TwoJournals => text!(
                "de ambas carpetas se emitieron comprobantes y no se unen en una sola historia: lleve la \
                 anterior a una carpeta nueva, o siga emitiendo desde ella con --dir",
                "documents were issued from both folders and cannot be joined into one story: take the \
                 old one to a new folder, or go on issuing from it with --dir"
            ),
            StoreError::Closed => text!("el almacén está cerrado", "the store is closed"),
            StoreError::Postgres(fault) => fault.text(),
            StoreError::Database { code, detail } => text!(
                "error de la base de datos ({code}): {detail}",
                "database error ({code}): {detail}"
            ),
        }
    }

    /// What an operation of the file system on `path` means.
    pub(super) fn of_file(path: &Path, error: &std::io::Error) -> StoreError {
        use std::io::ErrorKind;
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => StoreError::DiskFull,
            ErrorKind::PermissionDenied
            | ErrorKind::ReadOnlyFilesystem
            | ErrorKind::NotADirectory
            | ErrorKind::NotFound => StoreError::ReadOnly(path.to_owned()),
            _ => StoreError::other(format!("{}: {error}", path.display())),
        }
    }

    /// What has no name of its own.
    pub(super) fn other(detail: String) -> StoreError {
        StoreError::Database { code: 0, detail }
    }

    /// Fills in the file where the database only said that something about it is wrong.
    pub(super) fn about(self, file: &Path) -> StoreError {
        match self {
            StoreError::ReadOnly(path) if path.as_os_str().is_empty() => {
                StoreError::ReadOnly(file.to_owned())
            }
            StoreError::NotOurs(path) if path.as_os_str().is_empty() => {
                StoreError::NotOurs(file.to_owned())
            }
            other => other,
        }
    }
}

// Primary result codes, https://www.sqlite.org/rescode.html
const SQLITE_PERM: i32 = 3;
const SQLITE_BUSY: i32 = 5;
const SQLITE_LOCKED: i32 = 6;
const SQLITE_READONLY: i32 = 8;
const SQLITE_CORRUPT: i32 = 11;
const SQLITE_FULL: i32 = 13;
const SQLITE_CANTOPEN: i32 = 14;
const SQLITE_CONSTRAINT: i32 = 19;
const SQLITE_NOTADB: i32 = 26;
const SQLITE_IOERR_FSYNC: i32 = 1_034;
const SQLITE_IOERR_DIR_FSYNC: i32 = 1_290;
/// The index of the log could not be made larger.
const SQLITE_IOERR_SHMSIZE: i32 = 4_874;

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> StoreError {
        match &error {
            sqlx::Error::WorkerCrashed => StoreError::Closed,
            sqlx::Error::Database(said) if said.try_downcast_ref::<PgDatabaseError>().is_some() => {
                of_sqlstate(said.code().as_deref().unwrap_or_default(), said.message())
            }
            sqlx::Error::Database(said) => {
                let code = said.code().and_then(|code| code.parse().ok()).unwrap_or(0);
                of_code(code, said.message())
            }
            other => StoreError::other(other.to_string()),
        }
    }
}

/// <https://www.postgresql.org/docs/current/errcodes-appendix.html>
fn of_sqlstate(state: &str, detail: &str) -> StoreError {
    match state {
        "53100" => StoreError::DiskFull,
        "55P03" | "40001" | "40P01" => StoreError::Locked,
        "25006" | "42501" => StoreError::Postgres(PostgresFault::ReadOnly),
        "28P01" | "28000" => StoreError::Postgres(PostgresFault::Password),
        "3D000" => StoreError::Postgres(PostgresFault::NoDatabase),
        // It shuts down or starts, or has no place for one connection more.
        "57P01" | "57P02" | "57P03" | "53300" => {
            StoreError::Postgres(PostgresFault::Unreachable { kind: None })
        }
        "XX001" | "XX002" => StoreError::Corrupt,
        _ => StoreError::Database {
            // A value that contradicts the others, or that no column can hold.
            code: if state.starts_with("23") || state.starts_with("22") {
                SQLITE_CONSTRAINT
            } else {
                0
            },
            detail: format!("{state}: {detail}"),
        },
    }
}

fn of_code(code: i32, detail: &str) -> StoreError {
    if code == SQLITE_IOERR_SHMSIZE {
        return StoreError::DiskFull;
    }
    match code & 0xff {
        SQLITE_FULL => StoreError::DiskFull,
        SQLITE_BUSY | SQLITE_LOCKED => StoreError::Locked,
        SQLITE_CORRUPT => StoreError::Corrupt,
        SQLITE_READONLY | SQLITE_PERM | SQLITE_CANTOPEN => StoreError::ReadOnly(PathBuf::new()),
        SQLITE_NOTADB => StoreError::NotOurs(PathBuf::new()),
        _ => StoreError::Database {
            code,
            detail: detail.to_owned(),
        },
    }
}

impl From<StoreError> for LedgerError {
    fn from(error: StoreError) -> LedgerError {
        LedgerError {
            disk_full: error == StoreError::DiskFull,
            message: error.message(Lang::Es),
        }
    }
}
