//! Why a copy could not be taken or put in place.

use std::path::PathBuf;

use chaski_core::Lang;

/// What is wrong with a copy, or with the folder it is to go to.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.message(Lang::Es))]
pub enum BackupError {
    /// There is no database to copy.
    NothingThere {
        /// The data folder.
        folder: PathBuf,
    },
    /// The file is no copy of ours.
    NotABackup {
        /// The file.
        path: PathBuf,
    },
    /// The file is a copy of ours and not whole.
    Damaged {
        /// The file.
        path: PathBuf,
    },
    /// Its seal does not fit what is in it, or was taken off.
    Altered {
        /// The file.
        path: PathBuf,
    },
    /// It was sealed with the key of a folder that is not here.
    NoKeyForSeal {
        /// The file.
        path: PathBuf,
        /// The data folder.
        folder: PathBuf,
    },
    /// It was sealed with another key than the one that is here.
    OtherKey {
        /// The file.
        path: PathBuf,
    },
    /// It was sealed with a phrase, and none was said.
    NeedsPhrase {
        /// The file.
        path: PathBuf,
    },
    /// It was sealed with another phrase.
    OtherPhrase {
        /// The file.
        path: PathBuf,
    },
    /// It has no seal, and one is demanded.
    Unsealed {
        /// The file.
        path: PathBuf,
    },
    /// There is nothing to seal a copy with.
    NothingToSealWith {
        /// The data folder.
        folder: PathBuf,
    },
    /// A newer Chaski has written it.
    Newer {
        /// The file.
        path: PathBuf,
    },
    /// Somebody works in the folder.
    InUse {
        /// The data folder.
        folder: PathBuf,
    },
    /// There are data in the folder.
    NotEmpty {
        /// The data folder.
        folder: PathBuf,
    },
}

impl BackupError {
    /// Stable code, never translated.
    pub fn code(&self) -> &'static str {
        match self {
            BackupError::NothingThere { .. } => "copia_sin_datos",
            BackupError::NotABackup { .. } => "copia_ajena",
            BackupError::Damaged { .. } => "copia_danada",
            BackupError::Altered { .. } => "copia_alterada",
            BackupError::NoKeyForSeal { .. } | BackupError::NothingToSealWith { .. } => {
                "copia_sin_llave"
            }
            BackupError::OtherKey { .. } => "copia_otra_llave",
            BackupError::NeedsPhrase { .. } => "copia_pide_frase",
            BackupError::OtherPhrase { .. } => "copia_otra_frase",
            BackupError::Unsealed { .. } => "copia_sin_sello",
            BackupError::Newer { .. } => "copia_mas_nueva",
            BackupError::InUse { .. } => "carpeta_en_uso",
            BackupError::NotEmpty { .. } => "carpeta_con_datos",
        }
    }

    /// Exit code of the command line.
    pub fn exit_code(&self) -> u8 {
        match self {
            BackupError::NothingThere { .. }
            | BackupError::NotABackup { .. }
            | BackupError::NeedsPhrase { .. }
            | BackupError::NotEmpty { .. } => 2,
            BackupError::Damaged { .. }
            | BackupError::Altered { .. }
            | BackupError::Unsealed { .. }
            | BackupError::Newer { .. }
            | BackupError::InUse { .. } => 1,
            BackupError::NoKeyForSeal { .. }
            | BackupError::NothingToSealWith { .. }
            | BackupError::OtherKey { .. }
            | BackupError::OtherPhrase { .. } => 7,
        }
    }

    /// What is wrong and what to do, for people.
    pub fn message(&self, lang: Lang) -> String {
        let (es, en) = match self {
            BackupError::NothingThere { folder } => (
                format!(
                    "no hay datos de Chaski en {}: indique la carpeta con --dir",
                    folder.display()
                ),
                format!(
                    "there are no data of Chaski in {}: name the folder with --dir",
                    folder.display()
                ),
            ),
            BackupError::NotABackup { path } => (
                format!("{} no es una copia hecha con chaski backup", path.display()),
                format!("{} is not a copy made with chaski backup", path.display()),
            ),
            BackupError::Damaged { path } => (
                format!(
                    "la copia {} está dañada y no se usó: use otra",
                    path.display()
                ),
                format!(
                    "the copy {} is damaged and was not used: use another one",
                    path.display()
                ),
            ),
            BackupError::Altered { path } => (
                format!(
                    "la copia {} fue alterada después de hacerla y no se usó: use otra, y averigüe quién pudo escribirla",
                    path.display()
                ),
                format!(
                    "the copy {} was altered after it was made and was not used: use another one, and find out who could write to it",
                    path.display()
                ),
            ),
            BackupError::NoKeyForSeal { path, folder } => (
                format!(
                    "la copia {} está sellada con una llave que aquí no está: traiga el archivo «llave» de la máquina que la hizo a {}, o indíquelo con CHASKI_KEY_FILE; si esa llave se perdió, --sin-sello la restaura sin comprobar que nadie la alteró",
                    path.display(),
                    folder.display()
                ),
                format!(
                    "the copy {} is sealed with a key that is not here: bring the file \"llave\" of the machine that made it to {}, or name it with CHASKI_KEY_FILE; if that key is lost, --sin-sello restores it without proof that nobody altered it",
                    path.display(),
                    folder.display()
                ),
            ),
            BackupError::OtherKey { path } => (
                format!(
                    "la llave que hay aquí no es la que selló la copia {}: indique la de la máquina que la hizo con CHASKI_KEY_FILE, o restaure en otra carpeta; si esa llave se perdió, --sin-sello la restaura sin comprobar que nadie la alteró",
                    path.display()
                ),
                format!(
                    "the key that is here is not the one that sealed the copy {}: name that of the machine that made it with CHASKI_KEY_FILE, or restore into another folder; if that key is lost, --sin-sello restores it without proof that nobody altered it",
                    path.display()
                ),
            ),
            BackupError::NeedsPhrase { path } => (
                format!(
                    "la copia {} está sellada con una frase: dígala con --frase, o con --frase-archivo ARCHIVO; si se perdió, --sin-sello la restaura sin comprobar que nadie la alteró",
                    path.display()
                ),
                format!(
                    "the copy {} is sealed with a phrase: say it with --frase, or with --frase-archivo FILE; if it is lost, --sin-sello restores it without proof that nobody altered it",
                    path.display()
                ),
            ),
            BackupError::OtherPhrase { path } => (
                format!("esa frase no es la que selló la copia {}", path.display()),
                format!(
                    "that phrase is not the one that sealed the copy {}",
                    path.display()
                ),
            ),
            BackupError::Unsealed { path } => (
                format!(
                    "la copia {} no tiene sello y con --exigir-sello no se usa",
                    path.display()
                ),
                format!(
                    "the copy {} has no seal and is not used with --exigir-sello",
                    path.display()
                ),
            ),
            BackupError::NothingToSealWith { folder } => (
                format!(
                    "no hay llave con que sellar la copia de {}: indíquela con CHASKI_KEY_FILE, o selle la copia con una frase: --frase, o --frase-archivo ARCHIVO",
                    folder.display()
                ),
                format!(
                    "there is no key to seal the copy of {} with: name it with CHASKI_KEY_FILE, or seal the copy with a phrase: --frase, or --frase-archivo FILE",
                    folder.display()
                ),
            ),
            BackupError::Newer { path } => (
                format!(
                    "la copia {} es de una versión más nueva de Chaski: actualice el programa",
                    path.display()
                ),
                format!(
                    "the copy {} was made by a newer Chaski: update the program",
                    path.display()
                ),
            ),
            BackupError::InUse { folder } => (
                format!(
                    "Chaski está trabajando en {}: deténgalo y vuelva a intentar",
                    folder.display()
                ),
                format!(
                    "Chaski is working in {}: stop it and try again",
                    folder.display()
                ),
            ),
            BackupError::NotEmpty { folder } => (
                format!(
                    "ya hay datos en {}: elija otra carpeta con --dir, o agregue --reemplazar para apartarlos",
                    folder.display()
                ),
                format!(
                    "there are data in {} already: choose another folder with --dir, or add --reemplazar to set them aside",
                    folder.display()
                ),
            ),
        };
        lang.pick(es, en)
    }
}
