//! Why a copy could not be taken or put in place.

use std::path::PathBuf;

use chaski_core::{Lang, text};

use super::seal_error::SealError;

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
    /// Its seal says that it must not be used, or nothing.
    Seal(SealError),
    /// A newer Chaski has written it.
    Newer {
        /// The file.
        path: PathBuf,
    },
    /// A process works in the folder.
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
            BackupError::Seal(error) => error.code(),
            BackupError::Newer { .. } => "copia_mas_nueva",
            BackupError::InUse { .. } => "carpeta_en_uso",
            BackupError::NotEmpty { .. } => "carpeta_con_datos",
        }
    }

    /// What is wrong and what to do, for people.
    pub fn message(&self, lang: Lang) -> String {
        let text = match self {
            BackupError::NothingThere { folder } => text!(
                "no hay datos de Chaski en {}: indique la carpeta que los tiene",
                "there are no data of Chaski in {}: name the folder that has them",
                folder.display()
            ),
            BackupError::NotABackup { path } => text!(
                "{} no es una copia hecha con chaski backup",
                "{} is not a copy made with chaski backup",
                path.display()
            ),
            BackupError::Damaged { path } => text!(
                "la copia {} está dañada y no se usó: use otra",
                "the copy {} is damaged and was not used: use another one",
                path.display()
            ),
            BackupError::Seal(error) => return error.message(lang),
            BackupError::Newer { path } => text!(
                "la copia {} es de una versión más nueva de Chaski: actualice el programa",
                "the copy {} was made by a newer Chaski: update the program",
                path.display()
            ),
            BackupError::InUse { folder } => text!(
                "Chaski está trabajando en {}: deténgalo y vuelva a intentar",
                "Chaski is working in {}: stop it and try again",
                folder.display()
            ),
            BackupError::NotEmpty { folder } => text!(
                "ya hay datos en {}: elija otra carpeta con --dir, o agregue --reemplazar para apartarlos",
                "there are data in {} already: choose another folder with --dir, or add --reemplazar to set them aside",
                folder.display()
            ),
        };
        text.pick(lang)
    }
}
